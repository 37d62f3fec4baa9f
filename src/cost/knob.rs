//! What can be turned to see the month move: one row a knob, each with the steps that it can be set to.

use super::{Architecture, Book, Change, Inventory, Standby};
use crate::model::fargate::{self, Size};
use std::collections::BTreeMap;

/// How many times as many visitors.
const TRAFFIC: [f64; 9] = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0];

/// Which of them is as it is now.
const TRAFFIC_NOW: usize = 2;

/// GiB that a step of storage adds.
const STORAGE_STEP: i32 = 10;

/// Steps of a knob at the most.
const STEPS: u32 = 60;

/// Something that can be turned.
#[derive(Debug, Clone, PartialEq)]
pub struct Knob {
    /// Stable name: `backend.tasks`.
    pub id: String,
    /// What stands there now.
    pub now: usize,
    /// What it can be set to, as people read it, and the change that asks for it.
    pub steps: Vec<(String, Change)>,
}

/// Where knobs were turned to, by their names.
pub type Turned = BTreeMap<String, usize>;

/// Lists what can be turned of an inventory.
#[must_use]
pub fn knobs(inventory: &Inventory, book: &Book) -> Vec<Knob> {
    let mut all = vec![traffic()];
    let mut services: Vec<&str> = inventory.tasks.iter().map(|t| t.service.as_str()).collect();
    services.dedup();
    for service in services {
        all.extend(tasks(inventory, service));
        all.extend(size(inventory, service));
    }
    all.extend(architecture(inventory));
    if let Some(database) = inventory.databases.first() {
        all.extend(class(&database.size.class, book, &inventory.region));
        let standby = [("no", Standby::SingleAz), ("yes", Standby::MultiAz)];
        all.push(Knob {
            id: "database.multi-az".to_owned(),
            now: usize::from(database.size.multi_az),
            steps: standby
                .map(|(word, standby)| (word.to_owned(), Change::MultiAz(standby)))
                .into(),
        });
        let gib = database.size.storage_gib;
        let steps = (0..=20).map(|step| gib + step * STORAGE_STEP);
        all.push(Knob {
            id: "database.storage".to_owned(),
            now: 0,
            steps: steps
                .map(|gib| (format!("{gib} GiB"), Change::Storage(gib)))
                .collect(),
        });
    }
    all.extend(region(inventory, book));
    all
}

/// The changes that the knobs stand for.
#[must_use]
pub fn changes(knobs: &[Knob], turned: &Turned) -> Vec<Change> {
    let mut asked: Vec<Change> = knobs
        .iter()
        .filter_map(|knob| {
            let at = *turned.get(&knob.id)?;
            let (_, change) = knob.steps.get(at)?;
            (at != knob.now).then(|| change.clone())
        })
        .collect();
    // Traffic takes the tasks of autoscaled services with it: who sets them by hand means just that number.
    asked.sort_by_key(|change| !matches!(change, Change::Traffic(_)));
    asked
}

fn traffic() -> Knob {
    Knob {
        id: "traffic".to_owned(),
        now: TRAFFIC_NOW,
        steps: TRAFFIC
            .map(|factor| (format!("{factor} ×"), Change::Traffic(factor)))
            .into(),
    }
}

/// How many tasks of a service: to twice what autoscaling may start.
fn tasks(inventory: &Inventory, service: &str) -> Option<Knob> {
    let of_it = inventory.tasks.iter().filter(|t| t.service == service);
    let (count, ceiling) = of_it.fold((0.0, 0.0), |(count, most): (f64, f64), t| {
        (count + t.count, most.max(t.ceiling))
    });
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a service has 5,000 tasks at the most"
    )]
    let whole = |value: f64| value.round().clamp(0.0, 5_000.0) as u32;
    let (now, most) = (whole(count), whole(count.max(ceiling) * 2.0).max(4));
    let step = most.div_ceil(STEPS).max(1);
    let mut counts: Vec<u32> = (0..=most).step_by(step as usize).chain([now]).collect();
    counts.sort_unstable();
    counts.dedup();
    Some(Knob {
        id: format!("{service}.tasks"),
        now: counts.iter().position(|count| *count == now)?,
        steps: counts
            .into_iter()
            .map(|count| {
                let change = Change::Tasks(service.to_owned(), count.into());
                (count.to_string(), change)
            })
            .collect(),
    })
}

fn size(inventory: &Inventory, service: &str) -> Option<Knob> {
    let tasks = inventory.tasks.iter().rfind(|t| t.service == service)?;
    let now = Size {
        cpu: tasks.size.cpu,
        memory: tasks.size.memory,
    };
    let sizes: Vec<Size> = fargate::sizes().collect();
    Some(Knob {
        id: format!("{service}.size"),
        now: sizes.iter().position(|size| *size == now)?,
        steps: sizes
            .into_iter()
            .map(|size| {
                let change = Change::Size(service.to_owned(), size.cpu, size.memory);
                (size.to_string(), change)
            })
            .collect(),
    })
}

/// Of all tasks together, where they run on the same.
fn architecture(inventory: &Inventory) -> Option<Knob> {
    let mut all = inventory
        .tasks
        .iter()
        .map(|t| t.size.architecture == "ARM64");
    let first = all.next()?;
    all.all(|arm| arm == first).then(|| Knob {
        id: "architecture".to_owned(),
        now: usize::from(first),
        steps: [("x86", Architecture::X86), ("ARM", Architecture::Arm)]
            .map(|(word, on)| (word.to_owned(), Change::Architecture(None, on)))
            .into(),
    })
}

fn class(now: &str, book: &Book, region: &str) -> Option<Knob> {
    let mut classes = book.classes(region);
    let price = |class: &str| {
        let key = format!("rds.postgres.{class}.single_az_hour");
        book.price(&key, region).unwrap_or(f64::MAX)
    };
    classes.sort_by(|a, b| price(a).total_cmp(&price(b)));
    Some(Knob {
        id: "database.class".to_owned(),
        now: classes.iter().position(|class| *class == now)?,
        steps: classes
            .into_iter()
            .map(|class| (class.to_owned(), Change::Class(class.to_owned())))
            .collect(),
    })
}

fn region(inventory: &Inventory, book: &Book) -> Option<Knob> {
    let regions = book.regions();
    Some(Knob {
        id: "region".to_owned(),
        now: regions.iter().position(|r| *r == inventory.region)?,
        steps: regions
            .into_iter()
            .map(|region| (region.to_owned(), Change::Region(region.to_owned())))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::{TaskSize, Tasks, suppose};

    fn inventory() -> Inventory {
        let size = TaskSize {
            cpu: 512,
            memory: 2_048,
            ephemeral_storage: None,
            architecture: "X86_64".to_owned(),
            operating_system: "LINUX".to_owned(),
        };
        Inventory {
            tasks: vec![Tasks {
                service: "backend".to_owned(),
                size,
                count: 2.0,
                floor: 1.0,
                ceiling: 6.0,
                addresses: 0,
                basis: String::new(),
            }],
            ..Inventory::empty("us-east-1")
        }
    }

    #[test]
    fn knobs_that_nobody_turned_ask_for_nothing() {
        let inventory = inventory();
        let knobs = knobs(&inventory, Book::embedded());
        assert!(changes(&knobs, &Turned::new()).is_empty());
        let stands: Turned = knobs.iter().map(|k| (k.id.clone(), k.now)).collect();
        assert!(changes(&knobs, &stands).is_empty());
    }

    #[test]
    fn every_step_of_every_knob_is_a_question_with_an_answer() {
        let inventory = inventory();
        for knob in knobs(&inventory, Book::embedded()) {
            for (word, change) in &knob.steps {
                let answer = suppose(Book::embedded(), &inventory, std::slice::from_ref(change));
                let answer = answer.unwrap_or_else(|e| panic!("{} {word}: {e}", knob.id));
                let written: Change = change.to_string().parse().expect("it reads what it writes");
                assert_eq!(written, *change);
                let stands = knob.steps[knob.now].1 == *change;
                assert!(!stands || answer.delta.abs() < 1e-9, "{} {word}", knob.id);
            }
        }
    }

    #[test]
    fn tasks_set_by_hand_are_as_many_whatever_the_traffic() {
        let inventory = inventory();
        let knobs = knobs(&inventory, Book::embedded());
        let mut turned = Turned::new();
        turned.insert("backend.tasks".to_owned(), 3);
        turned.insert("traffic".to_owned(), TRAFFIC.len() - 1);
        let asked = changes(&knobs, &turned);
        assert!(
            matches!(asked.first(), Some(Change::Traffic(_))),
            "{asked:?}"
        );
        let mut then = inventory;
        for change in &asked {
            then = then.changed(change).expect("it can be");
        }
        assert!((then.tasks[0].count - 3.0).abs() < 1e-9);
    }
}
