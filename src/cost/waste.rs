//! What is paid for and not needed, with the saving of each: from the same inventory, by the same function.
//!
//! Every saving is the difference of two estimates, or says why it cannot be told. What is proposed is never done by itself: `how` names
//! the operation or the command that would.

use super::{
    Area, Book, Driver, FreeTier, Inventory, Per, TaskSize, Use, monthly, observed::bytes_of,
};
use crate::{
    format,
    model::{
        Tier,
        compute::Service,
        database::Database,
        environment::{Environment, Stage},
        fargate::{self, Size},
        metric::{Metric, MetricId},
    },
    observe::Observations,
    op,
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// Hours of data from which a size is called too large: most of a day, which has its peak in it.
const ENOUGH: usize = 20;

/// Days after which a snapshot that somebody took is called old.
const OLD: i64 = 90;

/// Days of logs that are kept where nobody said how many: what most incidents are looked into with.
const RETENTION: f64 = 30.0;

/// Part of the whole that a NAT gateway may come to before it is a matter.
const NAT_SHARE: f64 = 0.2;

/// Bytes of a gigabyte.
const GB: f64 = 1_073_741_824.0;

/// Something that is paid for and not needed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Waste {
    /// Whose.
    pub tier: Area,
    /// What: `backend is larger than it needs`.
    pub what: String,
    /// What was observed.
    pub why: String,
    /// USD a month; `None` where it cannot be told.
    pub saving: Option<f64>,
    /// What ends it.
    pub how: String,
}

/// Looks for waste, the greatest saving first; what cannot be told comes last.
#[must_use]
pub fn waste(
    environment: &Environment,
    seen: &Observations,
    inventory: &Inventory,
    book: &Book,
    now: Timestamp,
) -> Vec<Waste> {
    let look = Look {
        environment,
        seen,
        inventory,
        book,
        now,
    };
    let services = seen.compute().into_iter().flat_map(|c| &c.services);
    let mut all: Vec<Waste> = services.filter_map(|s| look.oversized(s)).collect();
    all.extend(look.nat());
    all.extend(look.addresses());
    all.extend(
        seen.database()
            .and_then(|database| look.snapshots(database)),
    );
    all.extend(look.logs());
    all.sort_by(|a, b| b.saving.unwrap_or(0.0).total_cmp(&a.saving.unwrap_or(0.0)));
    all
}

struct Look<'a> {
    environment: &'a Environment,
    seen: &'a Observations,
    inventory: &'a Inventory,
    book: &'a Book,
    now: Timestamp,
}

impl Look<'_> {
    /// USD a month that `change` takes off a part of the inventory.
    fn saved(&self, part: &Inventory, change: impl FnOnce(&mut Inventory)) -> Option<f64> {
        let before = monthly(self.book, part).ok()?;
        let mut then = part.clone();
        change(&mut then);
        Some(before - monthly(self.book, &then).ok()?)
    }

    /// An inventory of what `keep` says, without what is unknown.
    fn part(&self, keep: impl Fn(&Use) -> bool) -> Inventory {
        Inventory {
            free_tier: FreeTier::Ignored,
            uses: self
                .inventory
                .uses
                .iter()
                .filter(|u| keep(u))
                .cloned()
                .collect(),
            ..Inventory::empty(&self.inventory.region)
        }
    }

    /// A smaller size on which the busiest minute of the week would have fitted.
    fn oversized(&self, service: &Service) -> Option<Waste> {
        let definition = service.task_definition.as_ref()?;
        let now = Size {
            cpu: definition.cpu,
            memory: definition.memory,
        };
        let usage = self.seen.usage.value.as_ref()?;
        let peak = |metric| {
            let id = MetricId::with(metric, service.name.as_str());
            let values = &usage.series.get(&id)?.values;
            let week = values.iter().rev().take(168).filter(|v| !v.is_nan());
            let known: Vec<f64> = week.copied().collect();
            let most = known.iter().copied().reduce(f64::max)?;
            (known.len() >= ENOUGH).then_some(most)
        };
        let (cpu, memory) = (peak(Metric::EcsCpuPeak)?, peak(Metric::EcsMemoryPeak)?);
        let limits = op::resize_limits(service, now);
        let size = TaskSize::from(definition);
        let hourly = |of: Size| {
            let size = TaskSize {
                cpu: of.cpu,
                memory: of.memory,
                ..size.clone()
            };
            size.hourly(self.book, &self.inventory.region).ok()
        };
        let today = hourly(now)?;
        let fits = |size: &Size| {
            cpu * f64::from(now.cpu) / f64::from(size.cpu) <= limits.0
                && memory * f64::from(now.memory) / f64::from(size.memory) <= limits.1
        };
        let priced = fargate::sizes()
            .filter(fits)
            .filter_map(|size| Some((size, hourly(size)?)));
        let (best, _) = priced
            .filter(|(_, usd)| *usd < today)
            .min_by(|a, b| a.1.total_cmp(&b.1))?;
        let mut part = Inventory::empty(&self.inventory.region);
        let of_it = self.inventory.tasks.iter();
        part.tasks
            .extend(of_it.filter(|t| t.service == service.name).cloned());
        let saving = self.saved(&part, |then| {
            for tasks in &mut then.tasks {
                tasks.size.cpu = best.cpu;
                tasks.size.memory = best.memory;
            }
        });
        Some(Waste {
            tier: Area::Tier(Tier::Ecs),
            what: format!("{} has larger tasks than it needs", service.name),
            why: format!(
                "its busiest task of the week used {cpu:.0} % of {now}'s CPU and {memory:.0} % of its memory: {best} is enough"
            ),
            saving,
            how: format!(
                "hydren resize {} --cpu {} --memory {}",
                service.name, best.cpu, best.memory
            ),
        })
    }

    /// NAT gateways that are a large part of a small environment, or more than one where an outage is nobody's.
    fn nat(&self) -> Option<Waste> {
        let gateway =
            |used: &Use| used.key.starts_with("nat_gateway.") || used.item == "public IPv4 of NAT";
        let part = self.part(gateway);
        let hours = part.uses.iter().find(|u| u.key == "nat_gateway.hour")?;
        let cost = monthly(self.book, &part).ok()?;
        let whole = super::total(self.book, self.inventory, super::Span::MONTH);
        if self.environment.stage == Stage::Development && hours.amount > 1.0 {
            let saving = self.saved(&part, |then| {
                for used in &mut then.uses {
                    if used.driver == Driver::Standing {
                        used.amount /= hours.amount;
                    }
                }
            });
            return Some(Waste {
                tier: Area::Tier(Tier::Network),
                what: format!(
                    "{} NAT gateways in an environment that is no production",
                    hours.amount
                ),
                why: "one serves all zones; if its zone fails, the others have no way out"
                    .to_owned(),
                saving,
                how: "point the private route tables at one gateway, then delete the others"
                    .to_owned(),
            });
        }
        if cost < whole * NAT_SHARE {
            return None;
        }
        // Tasks with public addresses need no gateway; each address is billed.
        let tasks: f64 = self.inventory.tasks.iter().map(|t| t.count).sum();
        let saving = self.saved(&part, |then| {
            then.uses = vec![Use {
                area: Area::Tier(Tier::Ecs),
                item: "public IPv4".to_owned(),
                key: "public_ipv4.in_use_hour".into(),
                amount: tasks,
                per: Per::Hour,
                driver: Driver::Standing,
                region: None,
                basis: String::new(),
            }];
        });
        Some(Waste {
            tier: Area::Tier(Tier::Network),
            what: "NAT is dear for so small an environment".to_owned(),
            why: format!(
                "{:.0} % of all that is paid; tasks in public subnets with addresses of their own, closed by their security group, need none",
                cost / whole * 100.0
            ),
            saving: saving.filter(|usd| *usd > 0.0),
            how: "a decision on the network: public subnets for the tasks, or endpoints for what they call".to_owned(),
        })
    }

    fn addresses(&self) -> Option<Waste> {
        let ledger = self.seen.ledger.value.as_ref()?;
        let unused: Vec<_> = ledger
            .addresses
            .iter()
            .filter(|a| a.used_by.is_none())
            .collect();
        let first = unused.first()?;
        let part = self.part(|used| used.item == "unused public IPv4");
        Some(Waste {
            tier: Area::Tier(Tier::Network),
            what: format!(
                "{} used by nothing",
                format::count(unused.len(), "public address")
            ),
            why: unused
                .iter()
                .map(|a| a.ip.as_str())
                .collect::<Vec<_>>()
                .join(", "),
            saving: monthly(self.book, &part).ok(),
            how: format!(
                "aws ec2 release-address --allocation-id {} --region {}",
                first.allocation, self.inventory.region
            ),
        })
    }

    /// Snapshots that somebody took long ago: what they save is told only at the most, since RDS stores what no other backup holds.
    fn snapshots(&self, database: &Database) -> Option<Waste> {
        let limit = self
            .now
            .checked_sub(SignedDuration::from_hours(OLD * 24))
            .ok()?;
        let old: Vec<_> = super::observed::snapshots(database)
            .filter(|s| s.created_at.is_some_and(|at| at < limit))
            .collect();
        let oldest = old.iter().min_by_key(|s| s.created_at)?;
        let gib: i32 = old.iter().map(|s| s.allocated_gib).sum();
        let kept: i32 = super::observed::snapshots(database)
            .map(|s| s.allocated_gib)
            .sum();
        let beyond = (kept - database.storage.allocated_gib).clamp(0, gib);
        let price = self
            .book
            .price("rds.backup_gb_month_over_free", &self.inventory.region);
        let most = price.ok().map(|usd| usd * f64::from(beyond));
        Some(Waste {
            tier: Area::Tier(Tier::Rds),
            what: format!(
                "{} older than {OLD} days",
                format::count(old.len(), "snapshot")
            ),
            why: match most {
                Some(usd) => format!(
                    "{gib} GiB at the most, {} a month beyond what is free",
                    op::usd(usd)
                ),
                None => format!(
                    "{gib} GiB at the most; the book has no price of backups in {}",
                    self.inventory.region
                ),
            },
            saving: None,
            how: format!("hydren db delete-snapshot {}", oldest.id),
        })
    }

    /// Log groups that keep everything for ever.
    fn logs(&self) -> Vec<Waste> {
        let groups = self.seen.ledger.value.iter().flat_map(|l| &l.log_groups);
        let endless = groups.filter(|group| group.retention_days.is_none());
        endless
            .filter_map(|group| {
                let stored = bytes_of(group.stored_bytes?) / GB;
                let item = format!("{} · ingestion", group.name);
                let inflow = self.inventory.uses.iter().find(|u| u.item == item);
                // What thirty days leave behind is no more than what they bring, uncompressed.
                let needed = inflow.map_or(0.0, |u| u.amount * 24.0 * RETENTION).min(stored);
                let storage = format!("{} · storage", group.name);
                let part = self.part(|used| used.item == storage);
                let saving = self.saved(&part, |then| {
                    for used in &mut then.uses {
                        used.amount = needed;
                    }
                });
                Some(Waste {
                    tier: Area::Logs,
                    what: format!("{} keeps everything for ever", group.name),
                    why: format!("{stored:.1} GB are stored, and it grows"),
                    saving,
                    how: format!(
                        "aws logs put-retention-policy --log-group-name {} --retention-in-days 30 --region {}",
                        group.name, group.region
                    ),
                })
            })
            .collect()
    }
}
