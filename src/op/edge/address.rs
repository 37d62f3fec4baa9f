//! Blocks or allows addresses through the IP sets of the web ACL, and takes them off again.

use crate::{
    cloud::call::{EdgeCall, Listing},
    error::{Error, ErrorKind, Result},
    format,
    model::{
        edge::Waf,
        ip_set::{DESCRIPTION, IpSet, Range, noted},
    },
    op::{
        CheckState, Desk, Goal, Operation, Plan, Request, Risk, Undo,
        form::{Form, Kind},
    },
};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// What the rule of an IP set does with its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum List {
    /// It refuses them.
    Block,
    /// It lets them in.
    Allow,
}

impl List {
    const fn action(self) -> &'static str {
        match self {
            Self::Block => "Block",
            Self::Allow => "Allow",
        }
    }
}

/// Until when an address is meant to stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// So long after the plan is made.
    After(SignedDuration),
    /// A moment; planning fixes it.
    At(Timestamp),
}

/// Puts an address or a range on an IP set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListAddress {
    /// Address or range; `None` asks.
    pub address: Option<String>,
    /// On which kind of set.
    pub list: List,
    /// IP set; `None` takes the only one of its kind.
    pub set: Option<String>,
    /// Until when.
    pub until: Option<Until>,
}

/// Takes an address or a range off an IP set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnlistAddress {
    /// Address or range as it was put on; `None` asks.
    pub address: Option<String>,
    /// IP set; `None` takes the only one that has it.
    pub set: Option<String>,
}

fn range(address: Option<&str>) -> Result<Range> {
    let text = address.unwrap_or_default().trim();
    text.parse().map_err(|fault: String| {
        Error::new(ErrorKind::Usage, fault).hint(
            "an address such as 203.0.113.7, or a range such as 203.0.113.0/24 or 2001:db8::/48",
        )
    })
}

/// The one set that is meant.
fn chosen<'w>(found: &[&'w IpSet], wanted: &str) -> Result<&'w IpSet> {
    match found {
        [one] => Ok(one),
        [] => Err(Error::new(ErrorKind::NotFound, format!("there is no {wanted}"))
            .hint("`hydren status --output json` lists the IP sets that rules of the web ACL refer to")),
        several => {
            let names: Vec<&str> = several.iter().map(|s| s.name.name.as_str()).collect();
            Err(Error::new(
                ErrorKind::Usage,
                format!("there is more than one {wanted}: {}", names.join(", ")),
            )
            .hint("name one with --set"))
        }
    }
}

fn is_called(set: &IpSet, name: Option<&str>) -> bool {
    name.is_none_or(|name| set.name.name == name)
}

fn form(title: &str, address: Option<&str>) -> Form {
    Form::new(title).field(
        "address",
        "Address",
        Kind::Text,
        address.unwrap_or_default(),
        "203.0.113.7, or a range such as 203.0.113.0/24 or 2001:db8::/48",
    )
}

/// What both directions say of a set.
fn begun(
    request: impl Into<Request>,
    title: String,
    set: &IpSet,
    (range, listing): (Range, Listing),
    desk: &Desk<'_>,
) -> Plan {
    let goal = Goal::Listed {
        set: set.name.name.clone(),
        address: range.to_string(),
        listing,
    };
    let plan = Plan::new(request, title, &set.name.name, goal, desk.now())
        .rests_on("IP set", &set.name.id)
        .rests_on("description", &set.description)
        // AWS WAF developer guide: changes reach every edge within seconds to minutes.
        .takes(5, 120, 600);
    let overdue: Vec<String> = set
        .overdue(desk.now())
        .iter()
        .filter(|(other, _)| *other != range)
        .map(|(range, until)| format!("{range} since {}", format::date_time(*until)))
        .collect();
    if overdue.is_empty() {
        return plan;
    }
    plan.check(
        "nothing is listed longer than noted",
        CheckState::Warned,
        format!(
            "{}: take it off with `hydren waf unblock`",
            overdue.join(", ")
        ),
    )
}

#[async_trait]
impl Operation for ListAddress {
    fn name(&self) -> &'static str {
        match self.list {
            List::Block => "waf-block",
            List::Allow => "waf-allow",
        }
    }

    fn actions(&self) -> &'static [&'static str] {
        &["wafv2:UpdateIPSet"]
    }

    async fn form(&self, _desk: &Desk<'_>) -> Result<Option<Form>> {
        let title = match self.list {
            List::Block => "Block an address",
            List::Allow => "Allow an address",
        };
        Ok(Some(form(title, self.address.as_deref()).field(
            "hours",
            "Hours",
            Kind::Text,
            "",
            "until when it is meant to stay is noted; empty: no note. Nothing takes it off by itself",
        )))
    }

    fn filled(&self, form: &Form) -> Result<Request> {
        let address = form.text("address");
        range(Some(address))?;
        let until = match form.text("hours") {
            "" => None,
            _ => {
                let hours: u32 = form.value("hours")?;
                Some(Until::After(SignedDuration::from_hours(hours.into())))
            }
        };
        Ok(Self {
            address: Some(address.to_owned()),
            until,
            ..self.clone()
        }
        .into())
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let range = range(self.address.as_deref())?;
        let waf = desk.waf().await?;
        let set = self.set_in(&waf, range)?;
        let until = match self.until {
            None => None,
            Some(Until::At(at)) => Some(at),
            Some(Until::After(span)) => Some(desk.now().checked_add(span).map_err(|e| {
                Error::new(ErrorKind::Usage, "that is too far ahead to be noted").source(e)
            })?),
        };
        let request = Self {
            address: Some(range.to_string()),
            list: self.list,
            set: Some(set.name.name.clone()),
            until: until.map(Until::At),
        };
        let verb = self.list.action();
        let title = format!("{verb} {range} by IP set {}", set.name.name);
        let mut plan = begun(request, title, set, (range, Listing::Listed), desk)
            .stays(format!(
                "the {} that are listed, and rule {}",
                format::count(set.addresses.len(), "range"),
                set.rule
            ))
            .undo(self.undo(set, range));
        let description = noted(&set.description, range, until);
        let listed = set.lists(range);
        if !listed {
            plan = plan.adds("address", range.to_string());
        }
        plan = plan.change("description", &*set.description, &*description);
        if description.len() > DESCRIPTION {
            plan = plan.check(
                "room for the note",
                CheckState::Failed,
                format!("the description would have {} characters, {DESCRIPTION} at most: take what is overdue off, or leave --until out", description.len()),
            );
        }
        if until.is_some() {
            plan = plan.check(
                "expiry",
                CheckState::Warned,
                "it is a note in the set's description: nothing takes the address off by itself",
            );
        }
        if let (false, Some(wider)) = (listed, set.covers(range)) {
            plan = plan.check(
                "not listed yet",
                CheckState::Warned,
                format!("{wider}, which is listed, has it already"),
            );
        }
        let who = match range.size() {
            1.0 => "this address".to_owned(),
            many => format!("{} addresses", format::compact(many)),
        };
        plan = plan.risk(
            Risk::Disruptive,
            match self.list {
                List::Block => {
                    format!("every request of {who} is refused, of whoever is behind it")
                }
                List::Allow => format!(
                    "rules behind {} no longer look at requests of {who}",
                    set.rule
                ),
            },
        );
        if plan.changes.is_empty() {
            return Ok(plan);
        }
        Ok(plan.call(
            EdgeCall::ListAddress {
                set: set.name.clone(),
                address: range.to_string(),
                listing: Listing::Listed,
                until,
            }
            .into(),
        ))
    }
}

impl ListAddress {
    /// What brings the set back to what it is: without the range, or with the note that the range has.
    fn undo(&self, set: &IpSet, range: Range) -> Undo {
        let (address, name) = (Some(range.to_string()), Some(set.name.name.clone()));
        if !set.lists(range) {
            let undo = UnlistAddress { address, set: name };
            return Undo::By(Box::new(undo.into()), "take it off the IP set".to_owned());
        }
        let undo = Self {
            address,
            set: name,
            until: set.noted_until(range).map(Until::At),
            ..self.clone()
        };
        Undo::By(
            Box::new(undo.into()),
            "note again what is noted now".to_owned(),
        )
    }

    fn set_in<'w>(&self, waf: &'w Waf, range: Range) -> Result<&'w IpSet> {
        let acts = |set: &IpSet| {
            let rule = waf.rules.iter().find(|rule| rule.name == set.rule);
            rule.is_some_and(|rule| rule.action == self.list.action())
        };
        let found: Vec<&IpSet> = waf
            .ip_sets
            .iter()
            .filter(|set| set.version == range.version() && acts(set))
            .filter(|set| is_called(set, self.set.as_deref()))
            .collect();
        let verb = self.list.action().to_lowercase();
        chosen(
            &found,
            &format!(
                "IP set of {} addresses that a rule of web ACL {} would {verb}",
                range.version(),
                waf.name
            ),
        )
    }
}

#[async_trait]
impl Operation for UnlistAddress {
    fn name(&self) -> &'static str {
        "waf-unblock"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["wafv2:UpdateIPSet"]
    }

    async fn form(&self, _desk: &Desk<'_>) -> Result<Option<Form>> {
        Ok(Some(form("Take an address off", self.address.as_deref())))
    }

    fn filled(&self, form: &Form) -> Result<Request> {
        let address = form.text("address");
        range(Some(address))?;
        Ok(Self {
            address: Some(address.to_owned()),
            ..self.clone()
        }
        .into())
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let range = range(self.address.as_deref())?;
        let waf = desk.waf().await?;
        let found: Vec<&IpSet> = waf
            .ip_sets
            .iter()
            .filter(|set| set.lists(range) && is_called(set, self.set.as_deref()))
            .collect();
        let set = chosen(&found, &format!("IP set that lists {range}"))?;
        let request = Self {
            address: Some(range.to_string()),
            set: Some(set.name.name.clone()),
        };
        let title = format!("Take {range} off IP set {}", set.name.name);
        let description = noted(&set.description, range, None);
        let rule = waf.rules.iter().find(|rule| rule.name == set.rule);
        let list = match rule.map(|rule| rule.action.as_str()) {
            Some("Allow") => List::Allow,
            _ => List::Block,
        };
        let mut plan = begun(request, title, set, (range, Listing::Unlisted), desk)
            .removes("address", range.to_string())
            .change("description", &*set.description, &*description)
            .stays(format!(
                "the {} that are listed beside it, and rule {}",
                format::count(set.addresses.len() - 1, "range"),
                set.rule
            ))
            .undo(Undo::By(
                Box::new(
                    ListAddress {
                        address: Some(range.to_string()),
                        list,
                        set: Some(set.name.name.clone()),
                        until: set.noted_until(range).map(Until::At),
                    }
                    .into(),
                ),
                "put it on the IP set again".to_owned(),
            ))
            .call(
                EdgeCall::ListAddress {
                    set: set.name.clone(),
                    address: range.to_string(),
                    listing: Listing::Unlisted,
                    until: None,
                }
                .into(),
            );
        let left = set.addresses.iter().filter_map(|a| a.parse().ok());
        if let Some(wider) = left
            .filter(|r: &Range| *r != range)
            .find(|r| r.contains(range))
        {
            plan = plan.check(
                "no longer listed afterwards",
                CheckState::Warned,
                format!("{wider}, which stays, has it too"),
            );
        }
        Ok(plan.risk(
            Risk::Disruptive,
            format!("rule {} no longer matches its requests", set.rule),
        ))
    }
}
