//! `hydren db`.

use super::{Carry, Format};
use crate::{
    cloud::call::{Apply, Reboot},
    op::{self, Origin, Request},
};
use clap::Subcommand;

/// What to do with the database.
#[derive(Debug, Clone, Subcommand)]
pub enum DbCommand {
    /// List the snapshots, newest first
    Snapshots(Format),
    /// Take a snapshot, and wait until it is available
    Snapshot {
        /// Name; by default the database's with the time
        name: Option<String>,
        /// How it is carried out.
        #[command(flatten)]
        carry: Carry,
    },
    /// Delete a manual snapshot
    DeleteSnapshot {
        /// Snapshot
        snapshot: String,
        /// How it is carried out.
        #[command(flatten)]
        carry: Carry,
    },
    /// Restore into a new instance that is like the database; never over the database itself
    Restore {
        /// Snapshot to restore
        #[arg(
            long,
            value_name = "NAME",
            conflicts_with = "to",
            required_unless_present = "to"
        )]
        snapshot: Option<String>,
        /// Time to restore: latest, "2026-11-22 03:15" (UTC) or a timestamp
        #[arg(long, value_name = "TIME", value_parser = time)]
        to: Option<Origin>,
        /// Name of the new instance; by default the database's with the time
        #[arg(long)]
        name: Option<String>,
        /// How it is carried out.
        #[command(flatten)]
        carry: Carry,
    },
    /// Change the class, or make the storage larger
    #[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
    Modify {
        /// Class, such as db.t4g.large
        #[arg(long, group = "what")]
        class: Option<String>,
        /// GiB; 10 % more at least, and never less
        #[arg(long, value_name = "GIB", group = "what")]
        storage: Option<i32>,
        /// When
        #[arg(long, value_enum, default_value_t = Apply::Window)]
        apply: Apply,
        /// How it is carried out.
        #[command(flatten)]
        carry: Carry,
    },
    /// Restart the engine
    Reboot {
        /// Let the standby take over; Multi-AZ only
        #[arg(long)]
        failover: bool,
        /// How it is carried out.
        #[command(flatten)]
        carry: Carry,
    },
}

fn time(text: &str) -> Result<Origin, String> {
    Origin::time(text).map_err(|e| e.hint.unwrap_or(e.message))
}

impl DbCommand {
    /// The operation that it asks for; a list asks for none.
    pub(super) fn request(&self) -> Option<(Request, Carry)> {
        Some(match self {
            Self::Snapshots(_) => return None,
            Self::Snapshot { name, carry } => {
                let snapshot = name.clone();
                (op::SnapshotDatabase { snapshot }.into(), *carry)
            }
            Self::DeleteSnapshot { snapshot, carry } => {
                let snapshot = snapshot.clone();
                (op::DeleteSnapshot { snapshot }.into(), *carry)
            }
            Self::Restore {
                snapshot,
                to,
                name,
                carry,
            } => {
                let origin = snapshot.clone().map(Origin::Snapshot);
                let origin = origin.or_else(|| to.clone());
                let name = name.clone();
                (op::RestoreDatabase { origin, name }.into(), *carry)
            }
            Self::Modify {
                class,
                storage,
                apply,
                carry,
            } => (
                op::ModifyDatabase {
                    class: class.clone(),
                    storage_gib: *storage,
                    apply: Some(*apply),
                }
                .into(),
                *carry,
            ),
            Self::Reboot { failover, carry } => {
                let reboot = Some(if *failover {
                    Reboot::Failover
                } else {
                    Reboot::InPlace
                });
                (op::RebootDatabase { reboot }.into(), *carry)
            }
        })
    }
}
