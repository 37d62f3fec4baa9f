//! Lets a rule of the web ACL count instead of block, and back.

use crate::{
    cloud::call::{EdgeCall, RuleMode},
    error::{Error, ErrorKind, Result},
    model::environment::WebAclName,
    op::{CheckState, Desk, Goal, Operation, Plan, Risk, Undo},
};
use async_trait::async_trait;
use serde::Serialize;

/// Sets what a rule does with what it matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetRule {
    /// Rule name.
    pub rule: String,
    /// What.
    pub to: RuleMode,
}

#[async_trait]
impl Operation for SetRule {
    fn name(&self) -> &'static str {
        match self.to {
            RuleMode::Block => "waf-block-rule",
            RuleMode::Count => "waf-count-rule",
        }
    }

    fn actions(&self) -> &'static [&'static str] {
        &["wafv2:UpdateWebACL"]
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let waf = desk.waf().await?;
        let Some(rule) = waf.rules.iter().find(|r| r.name == self.rule) else {
            let names: Vec<&str> = waf.rules.iter().map(|r| r.name.as_str()).collect();
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("web ACL {} has no rule {}", waf.name, self.rule),
            )
            .hint(format!("there is {}", names.join(", "))));
        };
        let Some(now) = RuleMode::of(&rule.action) else {
            return Err(Error::new(
                ErrorKind::Usage,
                format!(
                    "rule {} neither blocks nor counts: {}",
                    rule.name, rule.action
                ),
            )
            .hint("its action would be lost; change it in the AWS console"));
        };
        let back = Self {
            rule: rule.name.clone(),
            to: self.to.other(),
        };
        let seen: i64 = waf
            .samples
            .iter()
            .filter(|sample| sample.rule == rule.metric_name)
            .map(|sample| sample.weight)
            .sum();
        let seen = format!("its samples of the last 3 hours stand for {seen} requests");
        let mut plan = Plan::new(
            self.clone(),
            format!("Let rule {} {}", rule.name, self.to.word()),
            &rule.name,
            Goal::RuleMode {
                rule: rule.name.clone(),
                to: self.to,
            },
            desk.now(),
        )
        .change("action", now.word(), self.to.word())
        .stays("what the rule matches, every other rule, and all other settings of the web ACL")
        .rests_on("web ACL", &waf.id)
        .rests_on("action", &rule.action)
        .undo(Undo::By(
            Box::new(back.into()),
            format!("let it {} again", self.to.other().word()),
        ))
        // AWS WAF developer guide: changes reach every edge within seconds to minutes.
        .takes(5, 120, 600);
        plan = match self.to {
            RuleMode::Count => plan
                .check(
                    "a plain block",
                    CheckState::Warned,
                    "a response of its own, if the rule has one, is lost by counting and not brought back by blocking",
                )
                .risk(
                    Risk::Disruptive,
                    format!("what it refused passes on to the rules behind it; {seen}"),
                ),
            RuleMode::Block => plan.risk(
                Risk::Disruptive,
                format!("what it only counts now is refused; {seen}"),
            ),
        };
        if now != self.to {
            plan = plan.call(
                EdgeCall::SetRule {
                    web_acl: WebAclName {
                        name: waf.name.clone(),
                        id: waf.id.clone(),
                        scope: waf.scope,
                    },
                    rule: rule.name.clone(),
                    to: self.to,
                }
                .into(),
            );
        }
        Ok(plan)
    }
}
