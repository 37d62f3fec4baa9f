//! Estimates against what others computed or were billed: `examples.toml`, line by line and to the cent.

use super::{
    Book, DbSize, Driver, FreeTier, Instance, Inventory, Per, Power, Span, TaskSize, Tasks, Use,
    estimate::lines, inventory::Area,
};
use crate::model::Tier;
use serde::Deserialize;

const EXAMPLES: &str = include_str!("examples.toml");

/// Half a cent, and what adding floating-point numbers loses.
const HALF_A_CENT: f64 = 0.005 + 1e-6;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    example: Vec<Example>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    id: String,
    title: String,
    source: String,
    date: String,
    quote: String,
    #[serde(default, rename = "note")]
    _note: Option<String>,
    region: String,
    free_tier: ExampleFreeTier,
    #[serde(default)]
    rounding: Rounding,
    #[serde(default = "month")]
    hours: f64,
    #[serde(default)]
    tasks: Vec<ExampleTasks>,
    #[serde(default)]
    databases: Vec<ExampleDatabase>,
    #[serde(default)]
    uses: Vec<ExampleUse>,
    lines: Vec<ExampleLine>,
    #[serde(default)]
    left_out: Vec<LeftOut>,
    #[serde(default)]
    total: Option<f64>,
}

const fn month() -> f64 {
    super::HOURS
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ExampleFreeTier {
    Applied,
    Ignored,
}

/// What a source rounds before it adds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Rounding {
    Lines,
    #[default]
    Sum,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleTasks {
    name: String,
    count: f64,
    /// How long each runs; all the time if it is not told.
    #[serde(default)]
    hours: Option<f64>,
    vcpu: f64,
    gb: f64,
    #[serde(default)]
    storage: Option<i32>,
    #[serde(default)]
    arm: bool,
    #[serde(default)]
    addresses: u8,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleDatabase {
    name: String,
    class: String,
    #[serde(default)]
    multi_az: bool,
    gib: i32,
    #[serde(default = "gp3")]
    storage: String,
    #[serde(default)]
    iops: Option<i32>,
}

fn gp3() -> String {
    "gp3".to_owned()
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleUse {
    item: String,
    key: String,
    amount: f64,
    #[serde(default)]
    per: ExamplePer,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ExamplePer {
    Hour,
    #[default]
    Month,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleLine {
    items: Vec<String>,
    #[serde(default)]
    quantity: Option<f64>,
    #[serde(default)]
    price: Option<f64>,
    #[serde(default)]
    amount: Option<f64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct LeftOut {
    #[serde(rename = "what")]
    _what: String,
    amount: f64,
}

impl Example {
    fn inventory(&self) -> Inventory {
        Inventory {
            region: self.region.clone(),
            free_tier: match self.free_tier {
                ExampleFreeTier::Applied => FreeTier::Applied,
                ExampleFreeTier::Ignored => FreeTier::Ignored,
            },
            tasks: self.tasks.iter().map(|t| t.tasks(self.hours)).collect(),
            databases: self
                .databases
                .iter()
                .map(ExampleDatabase::database)
                .collect(),
            uses: self.uses.iter().map(ExampleUse::of).collect(),
            unknown: Vec::new(),
        }
    }

    /// What differs from what its source has; nothing, if all is well.
    fn deviations(&self) -> Vec<String> {
        let span = Span {
            hours: self.hours,
            month: self.hours,
        };
        let inventory = self.inventory();
        let (mut left, unknown) = lines(Book::embedded(), &inventory, span);
        let mut deviations: Vec<String> = unknown
            .iter()
            .map(|u| format!("{}: {}", u.item, u.reason))
            .collect();
        let mut sum: f64 = self.left_out.iter().map(|out| out.amount).sum();
        // A line with a quantity is one tier; it takes its piece before others of the same name take what is left.
        let (exact, loose): (Vec<_>, Vec<_>) =
            self.lines.iter().partition(|line| line.quantity.is_some());
        for line in exact.into_iter().chain(loose) {
            let name = line.items.join(" + ");
            let mut amount = 0.0;
            for item in &line.items {
                let wanted = |found: &super::Item| {
                    found.item == *item && line.quantity.is_none_or(|q| close(found.quantity, q))
                };
                let mut found = false;
                while let Some(at) = left.iter().position(wanted) {
                    let piece = left.remove(at);
                    found = true;
                    amount += piece.quantity * piece.unit_price;
                    if let Some(price) = line.price
                        && !close(piece.unit_price, price)
                    {
                        deviations
                            .push(format!("{name}: {} a unit, not {price}", piece.unit_price));
                    }
                    if line.quantity.is_some() {
                        break;
                    }
                }
                if !found {
                    deviations.push(format!("{name}: no {item} in the estimate"));
                }
            }
            if let Some(wanted) = line.amount
                && (amount - wanted).abs() > HALF_A_CENT
            {
                deviations.push(format!("{name}: {amount:.4}, not {wanted}"));
            }
            sum += match self.rounding {
                Rounding::Lines => (amount * 100.0).round() / 100.0,
                Rounding::Sum => amount,
            };
        }
        deviations.extend(left.iter().map(|found| {
            format!(
                "{}: {} that the source does not have",
                found.item, found.quantity
            )
        }));
        if let Some(total) = self.total
            && (sum - total).abs() > HALF_A_CENT
        {
            deviations.push(format!("total: {sum:.4}, not {total}"));
        }
        deviations
    }
}

impl ExampleTasks {
    fn tasks(&self, span: f64) -> Tasks {
        let count = self.count * self.hours.map_or(1.0, |hours| hours / span);
        Tasks {
            service: self.name.clone(),
            size: TaskSize {
                cpu: whole(self.vcpu * 1024.0),
                memory: whole(self.gb * 1024.0),
                ephemeral_storage: self.storage,
                architecture: if self.arm { "ARM64" } else { "X86_64" }.to_owned(),
                operating_system: "LINUX".to_owned(),
            },
            count,
            floor: count,
            ceiling: count,
            addresses: self.addresses,
            basis: "as the source has it".to_owned(),
        }
    }
}

impl ExampleDatabase {
    fn database(&self) -> Instance {
        Instance {
            id: self.name.clone(),
            size: DbSize {
                engine: "postgres".to_owned(),
                class: self.class.clone(),
                multi_az: self.multi_az,
                storage_gib: self.gib,
                storage_type: self.storage.clone(),
                iops: self.iops,
            },
            power: Power::On,
        }
    }
}

impl ExampleUse {
    fn of(&self) -> Use {
        Use {
            // Whose it is plays no part in what it costs.
            area: Area::Tier(Tier::Network),
            item: self.item.clone(),
            key: self.key.clone().into(),
            amount: self.amount,
            per: match self.per {
                ExamplePer::Hour => Per::Hour,
                ExamplePer::Month => Per::Month,
            },
            driver: Driver::Standing,
            region: None,
            basis: "as the source has it".to_owned(),
        }
    }
}

fn whole(units: f64) -> u32 {
    format!("{units:.0}").parse().unwrap()
}

/// Equal but for what floating-point numbers lose.
fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * a.abs().max(b.abs())
}

fn examples() -> Vec<Example> {
    let file: File = toml::from_str(EXAMPLES).unwrap();
    file.example
}

fn example(id: &str) -> Example {
    examples().into_iter().find(|e| e.id == id).unwrap()
}

#[test]
fn published_examples_cost_what_their_sources_say() {
    let examples = examples();
    assert!(examples.len() >= 24, "{}", examples.len());
    let mut told = Vec::new();
    for example in &examples {
        let told_of = [
            &example.title,
            &example.source,
            &example.date,
            &example.quote,
        ];
        assert!(
            told_of.iter().all(|text| !text.is_empty()),
            "{}",
            example.id
        );
        for deviation in example.deviations() {
            told.push(format!("{} ({}): {deviation}", example.id, example.title));
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn each_example_stands_there_once() {
    let mut ids: Vec<String> = examples().into_iter().map(|e| e.id).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[test]
fn a_cent_more_or_less_is_found() {
    let mut wrong = example("E26");
    wrong.lines[2].amount = Some(16.44);
    assert_eq!(wrong.deviations(), ["load balancer: 16.4250, not 16.44"]);
    let mut wrong = example("E26");
    wrong.total = Some(95.92);
    assert_eq!(wrong.deviations(), ["total: 95.9079, not 95.92"]);
}

#[test]
fn a_wrong_quantity_or_unit_price_is_found() {
    let mut wrong = example("E13");
    wrong.lines[1].quantity = Some(999.0);
    let found = wrong.deviations();
    assert!(
        found.contains(&"queries: no queries in the estimate".to_owned()),
        "{found:?}"
    );
    let mut wrong = example("E33");
    wrong.lines[1].price = Some(0.009);
    assert_eq!(
        wrong.deviations(),
        ["capacity units: 0.008 a unit, not 0.009"]
    );
}

#[test]
fn a_line_too_many_on_either_side_is_found() {
    let mut more = example("E17");
    more.lines.push(ExampleLine {
        items: vec!["widgets".to_owned()],
        quantity: None,
        price: None,
        amount: None,
    });
    assert_eq!(more.deviations(), ["widgets: no widgets in the estimate"]);
    let mut less = example("E07");
    less.lines.pop();
    less.total = None;
    assert_eq!(
        less.deviations(),
        ["idle gateway: 730 that the source does not have"]
    );
    let mut unpriced = example("E17");
    unpriced.uses[0].key = "cloudwatch.dashbored_month".to_owned();
    assert_eq!(
        unpriced.deviations().first().map(String::as_str),
        Some("dashboard: no price of cloudwatch.dashbored_month in us-east-1")
    );
}
