//! `hydren cost`.

use super::Output;
use crate::cost::Change;
use clap::{Args, ValueEnum};

/// What an environment costs, and would.
#[derive(Debug, Clone, Args)]
pub struct Cost {
    /// Say what would be, such as backend.tasks=4, backend.size=1024/2048, architecture=arm, database.class=db.t4g.large,
    /// database.multi-az=yes, traffic=2x or region=eu-west-1; several are taken together
    #[arg(long = "if", value_name = "CHANGE")]
    pub changes: Vec<Change>,
    /// Ask Cost Explorer what was billed this month, which AWS bills with $0.01 a request
    #[arg(long)]
    pub actual: bool,
    /// Read the region's prices from the AWS Price List first, and keep them
    #[arg(long)]
    pub refresh: bool,
    /// How to print it; the JSON is described in docs/cost.md
    #[arg(long, short, value_enum, default_value_t = CostOutput::Table)]
    pub output: CostOutput,
}

/// Forms of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CostOutput {
    /// For people at a terminal
    Table,
    /// For programs: documented and versioned
    Json,
    /// For chats and tickets
    Markdown,
    /// The items, for spreadsheets
    Csv,
}

impl CostOutput {
    /// The form that texts and tables beside it have.
    #[must_use]
    pub const fn plain(self) -> Output {
        match self {
            Self::Table | Self::Csv => Output::Table,
            Self::Json => Output::Json,
            Self::Markdown => Output::Markdown,
        }
    }
}
