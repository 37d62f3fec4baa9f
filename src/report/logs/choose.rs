//! Which logs are meant.

use crate::{
    cloud::Cloud,
    error::{Error, ErrorKind, Result},
    model::{
        Tier,
        log::{LogOrigin, LogSource},
    },
    observe::Observations,
    text::nearest,
};
use futures::future::join_all;

/// The tiers that know of log groups.
pub const TIERS: [Tier; 4] = [Tier::Ecs, Tier::Rds, Tier::Network, Tier::Waf];

/// Reads what tells the environment's log groups.
pub async fn observe(cloud: &dyn Cloud) -> Observations {
    let mut seen = Observations::default();
    let answers = join_all(TIERS.map(|tier| cloud.read(tier))).await;
    for (tier, answer) in TIERS.into_iter().zip(answers) {
        seen.tier_mut(tier).settle(answer, cloud.now());
    }
    seen
}

/// Picks those of `sources` that are meant by a service or another label, a tier, or a log group. A word with a slash that is none of
/// these names a log group that the environment does not know of. Without words, all are meant.
///
/// # Errors
/// A word that means nothing; nothing to choose from.
pub fn choose(sources: Vec<LogSource>, words: &[String]) -> Result<Vec<LogSource>> {
    let mut chosen: Vec<LogSource> = Vec::new();
    for word in words {
        let meant = sources.iter().filter(|source| means(word, source));
        let mut meant: Vec<LogSource> = meant.cloned().collect();
        if meant.is_empty() {
            if !word.contains('/') {
                return Err(unknown(word, &sources));
            }
            meant.push(LogSource {
                origin: LogOrigin::Other,
                label: word.clone(),
                group: word.clone(),
            });
        }
        meant.retain(|source| !chosen.contains(source));
        chosen.append(&mut meant);
    }
    if words.is_empty() {
        chosen = sources;
    }
    if chosen.is_empty() {
        return Err(
            Error::new(ErrorKind::NotFound, "the environment has no log groups")
                .hint("name one, or list it under log_groups in hydren.toml"),
        );
    }
    Ok(chosen)
}

fn means(word: &str, source: &LogSource) -> bool {
    let label = source.label.split(['+', '/']).any(|part| part == word);
    let tier = tier(source.origin).is_some_and(|tier| tier.id() == word);
    label || tier || source.label == word || source.group == word
}

const fn tier(origin: LogOrigin) -> Option<Tier> {
    match origin {
        LogOrigin::Service | LogOrigin::EcsEvents => Some(Tier::Ecs),
        LogOrigin::Database => Some(Tier::Rds),
        LogOrigin::FlowLogs => Some(Tier::Network),
        LogOrigin::Waf => Some(Tier::Waf),
        LogOrigin::Balancer => Some(Tier::Alb),
        LogOrigin::Other => None,
    }
}

fn unknown(word: &str, sources: &[LogSource]) -> Error {
    let labels: Vec<&str> = sources.iter().map(|s| s.label.as_str()).collect();
    let hint = match nearest(word, labels.iter().copied()) {
        Some(label) => format!("did you mean `{label}`?"),
        None => format!(
            "there are {}; a log group's name has a slash",
            labels.join(", ")
        ),
    };
    Error::new(ErrorKind::Usage, format!("`{word}` names no log")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Vec<LogSource> {
        let source = |origin, label: &str, group: &str| LogSource {
            origin,
            label: label.to_owned(),
            group: group.to_owned(),
        };
        vec![
            source(LogOrigin::Service, "backend", "/ecs/backend"),
            source(LogOrigin::Service, "frontend/proxy", "/ecs/proxy"),
            source(
                LogOrigin::Database,
                "postgresql",
                "/aws/rds/instance/db/postgresql",
            ),
        ]
    }

    fn chosen(words: &[&str]) -> Vec<String> {
        let words: Vec<String> = words.iter().map(|&w| w.to_owned()).collect();
        match choose(sources(), &words) {
            Ok(chosen) => chosen.into_iter().map(|s| s.group).collect(),
            Err(error) => vec![error.hint.unwrap_or_default()],
        }
    }

    #[test]
    fn logs_are_meant_by_service_tier_and_group_and_none_twice() {
        assert_eq!(chosen(&["backend", "/ecs/backend"]), ["/ecs/backend"]);
        assert_eq!(chosen(&["ecs"]), ["/ecs/backend", "/ecs/proxy"]);
        assert_eq!(
            chosen(&["frontend", "rds"]),
            ["/ecs/proxy", "/aws/rds/instance/db/postgresql"]
        );
        assert_eq!(chosen(&["/another/one"]), ["/another/one"]);
        assert_eq!(chosen(&[]).len(), 3);
    }

    #[test]
    fn a_slip_of_the_finger_is_answered_with_what_was_meant() {
        assert_eq!(chosen(&["bakend"]), ["did you mean `backend`?"]);
    }
}
