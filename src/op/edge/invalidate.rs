//! Drops cached copies from the distribution's edges.

use crate::{
    cloud::call::EdgeCall,
    error::{Error, ErrorKind, Result},
    format,
    model::{edge::Cdn, state::InvalidationStatus},
    op::{
        CheckState, Cost, Desk, Goal, Operation, Plan, Request, Risk, Undo,
        form::{Form, Kind},
    },
};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Paths without a wildcard that may be in progress for a distribution at once (CloudFront developer guide, quotas on invalidations).
const PATHS: usize = 3_000;
/// Paths with a wildcard that may be in progress at once (the same).
const WILDCARDS: usize = 15;
/// Longest path (CloudFront developer guide, specifying the files to invalidate).
const LONGEST: usize = 4_000;
/// Paths of an account in a month that cost nothing (CloudFront pricing).
const FREE: usize = 1_000;
/// Paths that a plan names one by one.
const NAMED: usize = 12;

/// Invalidates paths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InvalidatePaths {
    /// Paths; none asks.
    pub paths: Vec<String>,
    /// The caller reference; planning fills it in, so that the plan can be carried out once only, however often it is tried.
    pub reference: Option<String>,
}

impl InvalidatePaths {
    /// Paths as somebody typed them, with blanks between them.
    #[must_use]
    pub fn typed(text: &str) -> Self {
        Self {
            paths: text.split_whitespace().map(str::to_owned).collect(),
            reference: None,
        }
    }

    /// Checks the paths as CloudFront does; gives each once.
    fn checked(&self) -> Result<Vec<String>> {
        let mut paths: Vec<String> = Vec::new();
        for path in &self.paths {
            if let Some(fault) = fault(path) {
                return Err(Error::new(
                    ErrorKind::Usage,
                    format!("`{path}` cannot be invalidated: {fault}"),
                )
                .hint(
                    "a path is /index.html, /static/* or /*; a shell needs quotes around a star",
                ));
            }
            if !paths.contains(path) {
                paths.push(path.clone());
            }
        }
        if paths.is_empty() {
            return Err(
                Error::new(ErrorKind::Usage, "no path to invalidate is given")
                    .hint("name paths such as /index.html or '/static/*'"),
            );
        }
        Ok(paths)
    }
}

/// Why CloudFront would not take a path, or would take it for another one.
fn fault(path: &str) -> Option<&'static str> {
    if !path.starts_with('/') {
        Some("it begins with a slash")
    } else if path.strip_suffix('*').unwrap_or(path).contains('*') {
        Some("a star stands at its end only, once")
    } else if path.len() > LONGEST {
        Some("it has 4,000 characters at most")
    } else if !path.bytes().all(|b| b.is_ascii_graphic()) {
        Some("what is not ASCII, and blanks, are written as %20 and the like")
    } else {
        None
    }
}

fn is_wildcard(path: &str) -> bool {
    path.ends_with('*')
}

/// A caller reference for these paths of a plan made at `now`.
fn reference(paths: &[String], now: Timestamp) -> String {
    let mut hash = DefaultHasher::new();
    paths.hash(&mut hash);
    format!(
        "hydren-{}-{:016x}",
        now.strftime("%Y%m%dT%H%M%S%.3fZ"),
        hash.finish()
    )
}

#[async_trait]
impl Operation for InvalidatePaths {
    fn name(&self) -> &'static str {
        "cdn-invalidate"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["cloudfront:CreateInvalidation"]
    }

    async fn form(&self, desk: &Desk<'_>) -> Result<Option<Form>> {
        if !self.paths.is_empty() {
            return Ok(None);
        }
        let cdn = desk.cdn().await?;
        let form = Form::new(format!("Invalidate paths of {}", cdn.id));
        Ok(Some(form.field(
            "paths",
            "Paths",
            Kind::Text,
            "/",
            "with blanks between them; a star at the end stands for everything: /static/*",
        )))
    }

    fn filled(&self, form: &Form) -> Result<Request> {
        let filled = Self::typed(form.text("paths"));
        filled.checked()?;
        Ok(filled.into())
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let paths = self.checked()?;
        let cdn = desk.cdn().await?;
        let reference = match &self.reference {
            Some(reference) => reference.clone(),
            None => reference(&paths, desk.now()),
        };
        let request = Self {
            paths: paths.clone(),
            reference: Some(reference.clone()),
        };
        let title = match &paths[..] {
            [one] => format!("Invalidate {one} of {}", cdn.id),
            _ => format!(
                "Invalidate {} of {}",
                format::count(paths.len(), "path"),
                cdn.id
            ),
        };
        let goal = Goal::Invalidation { id: None };
        let mut plan = Plan::new(request, title, &cdn.id, goal, desk.now())
            .stays("what the origin has, and every other path")
            .rests_on("distribution", &cdn.id)
            .cost(cost(desk, paths.len()))
            .undo(Undo::Needless(
                "the edges fetch copies again as viewers ask for them".to_owned(),
            ))
            // General knowledge: most are complete within a minute or two, wherever the edges are.
            .takes(10, 120, 1_800);
        for path in paths.iter().take(NAMED) {
            plan = plan.removes("cached copies of", path);
        }
        if let Some(more) = paths.len().checked_sub(NAMED).filter(|more| *more > 0) {
            plan = plan.removes("cached copies of", format!("{more} more"));
        }
        plan = room(plan, &cdn, &paths);
        if !cdn.enabled {
            plan = plan.check(
                "distribution is enabled",
                CheckState::Warned,
                "it answers no viewers",
            );
        }
        if let Some(everything) = paths.iter().find(|path| *path == "/*") {
            plan = plan.risk(
                Risk::Disruptive,
                format!("{everything} empties the whole cache: the origin answers every request until it is filled again"),
            );
        } else if paths.iter().any(|path| is_wildcard(path)) {
            plan = plan.risk(
                Risk::Safe,
                "the origin answers the next request of each path itself",
            );
        }
        Ok(plan.call(
            EdgeCall::InvalidatePaths {
                distribution: cdn.id.clone(),
                paths,
                reference,
            }
            .into(),
        ))
    }
}

/// Adds whether CloudFront takes as many at once as there would be with those in progress.
fn room(plan: Plan, cdn: &Cdn, paths: &[String]) -> Plan {
    let under_way = cdn
        .invalidations
        .iter()
        .filter(|i| i.status == InvalidationStatus::InProgress)
        .flat_map(|i| &i.paths);
    let wildcards = under_way.clone().filter(|path| is_wildcard(path)).count();
    let whole = under_way.count() - wildcards;
    let new_wildcards = paths.iter().filter(|path| is_wildcard(path)).count();
    let new_whole = paths.len() - new_wildcards;
    let says = |new: usize, there: usize, most: usize, kind: &str| {
        (there + new > most).then(|| {
            format!("{new} {kind} beside {there} in progress, {most} at most: wait, or take fewer")
        })
    };
    let full = says(new_whole, whole, PATHS, "paths")
        .or_else(|| says(new_wildcards, wildcards, WILDCARDS, "paths with a star"));
    let what = "CloudFront takes as many at once";
    match full {
        Some(full) => plan.check(what, CheckState::Failed, full),
        None => plan.check(
            what,
            CheckState::Passed,
            format!("{} in progress", format::count(whole + wildcards, "path")),
        ),
    }
}

fn cost(desk: &Desk<'_>, paths: usize) -> Cost {
    let region = &desk.environment.region;
    match desk.book().price("cloudfront.invalidation_path", region) {
        Ok(price) => {
            #[expect(clippy::cast_precision_loss, reason = "a few thousand paths")]
            let usd = price * paths as f64;
            Cost::Once {
                usd: Some(usd),
                basis: format!(
                    "at most, {} × ${price}; the first {} of the account each month are free",
                    format::count(paths, "path"),
                    format::count(FREE, "path")
                ),
            }
        }
        Err(missing) => Cost::Unknown {
            why: missing.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_as_cloudfront_takes_them() {
        for good in ["/", "/*", "/index.html", "/static/*", "/a?b=c", "/a%20b"] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in ["", "index.html", "*", "/a/*/b", "/a**", "/a b", "/ä"] {
            assert!(fault(bad).is_some(), "{bad}");
        }
        assert!(fault(&format!("/{}", "a".repeat(4_000))).is_some());
    }

    #[test]
    fn a_path_that_is_named_twice_is_billed_once() {
        let paths = InvalidatePaths::typed("/a /b  /a").checked();
        assert_eq!(paths.unwrap_or_default(), ["/a", "/b"]);
    }
}
