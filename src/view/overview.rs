//! The overview's panes: findings and the timeline.

use super::Scope;
use crate::{
    grid::{Cell, Column, Grid, Row, Width},
    model::Health,
    theme::Role,
};

/// The role of a state's text.
fn role(health: Health) -> Role {
    match health {
        Health::Ok => Role::Text,
        Health::Unknown => Role::Muted,
        Health::Warning => Role::Warning,
        Health::Critical => Role::Critical,
    }
}

/// What is wrong.
pub(super) fn findings(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("state", Width::Fixed(10)).drop(1),
        Column::new("tier", Width::Fit(4, 14)),
        Column::new("finding", Width::Share(20)),
    ];
    let row = |finding: &crate::model::finding::Finding| Row {
        id: format!("{} {}", finding.rule, finding.subject),
        cells: vec![
            Cell::health(finding.severity, finding.severity.word()),
            Cell::text(finding.tier.title()).role(Role::Muted),
            Cell::text(&finding.title),
        ],
        describe: serde_json::json!(finding),
        link: None,
    };
    Grid {
        columns: COLUMNS,
        rows: scope.assessment.findings.iter().map(row).collect(),
    }
}

/// What happened.
pub(super) fn timeline(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("time", Width::Fixed(8)),
        Column::new("", Width::Fixed(1)),
        Column::new("tier", Width::Fit(3, 14)).drop(1),
        Column::new("event", Width::Share(20)),
    ];
    let row = |(index, event): (usize, &crate::model::event::Event)| Row {
        id: format!("{} {} {index}", event.at, event.subject),
        cells: vec![
            Cell::text(crate::format::clock(event.at)).role(Role::Muted),
            Cell::health(event.severity, ""),
            Cell::text(event.tier.title()).role(Role::Muted),
            Cell::text(&event.text).role(role(event.severity)),
        ],
        describe: serde_json::json!(event),
        link: None,
    };
    Grid {
        columns: COLUMNS,
        rows: scope.timeline.iter().enumerate().map(row).collect(),
    }
}
