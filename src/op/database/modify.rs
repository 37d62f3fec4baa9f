//! Changes the database's class or storage.

use super::{backed_up, inventory, operational};
use crate::{
    cloud::call::{Apply, DatabaseCall},
    cost::{DbSize, monthly},
    error::{Error, ErrorKind, Result},
    model::{database::Database, state::DatabaseStatus},
    op::{
        CheckState, Cost, DatabaseGoal, Desk, Operation, Plan, Request, Risk, Undo,
        form::{Choice, Form, Kind},
        usd,
    },
};
use async_trait::async_trait;
use serde::Serialize;

/// GiB of storage that an instance may have (docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html: 64 TiB).
const MOST: i32 = 65_536;

/// Changes class or storage of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModifyDatabase {
    /// Class; `None` stays.
    pub class: Option<String>,
    /// GiB; `None` stays.
    pub storage_gib: Option<i32>,
    /// When; `None` asks for all of it.
    pub apply: Option<Apply>,
}

/// Checks the form of a class: `db.t4g.medium`.
fn check_class(class: &str) -> Result<()> {
    let mut parts = class.split('.');
    let word = |part: Option<&str>| {
        part.is_some_and(|p| {
            !p.is_empty()
                && p.chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        })
    };
    let three = parts.next() == Some("db") && word(parts.next()) && word(parts.next());
    if three && parts.next().is_none() {
        return Ok(());
    }
    Err(
        Error::new(ErrorKind::Usage, format!("`{class}` is not a class of RDS"))
            .hint("classes are written like db.t4g.medium"),
    )
}

/// Checks new storage by RDS's rule (RDS API, `ModifyDBInstance`, `AllocatedStorage`): it only grows, by 10 % at least.
fn check_storage(database: &Database, gib: i32) -> Result<()> {
    let now = database.storage.allocated_gib;
    // The smallest whole number of GiB that is not less than 110 %.
    let least = now + (now + 9) / 10;
    let fault = if gib < now {
        format!("{} has {now} GiB, and storage never shrinks", database.id)
    } else if gib < least {
        format!(
            "{} has {now} GiB, and storage grows by 10 % at least",
            database.id
        )
    } else if gib > MOST {
        format!("an instance has at most {MOST} GiB")
    } else {
        return Ok(());
    };
    Err(
        Error::new(ErrorKind::Usage, format!("{gib} GiB cannot be: {fault}"))
            .hint(format!("give {least} to {MOST} GiB")),
    )
}

/// What the classes of the price book cost in this environment: its own family first.
fn prices(desk: &Desk<'_>, database: &Database) -> String {
    let classes = ["micro", "small", "medium", "large", "xlarge", "2xlarge"];
    let family = database.class.rsplit_once('.').map_or("", |(f, _)| f);
    let priced = classes.iter().filter_map(|size| {
        let class = format!("{family}.{size}");
        let size = DbSize {
            class: class.clone(),
            ..DbSize::from(database)
        };
        let usd_a_month = monthly(desk.book(), &inventory(desk, [&size])).ok()?;
        Some(format!("{class} {}", usd(usd_a_month)))
    });
    priced.collect::<Vec<_>>().join(", ")
}

#[async_trait]
impl Operation for ModifyDatabase {
    fn name(&self) -> &'static str {
        "db-modify"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["rds:ModifyDBInstance"]
    }

    async fn form(&self, desk: &Desk<'_>) -> Result<Option<Form>> {
        if self.apply.is_some() {
            return Ok(None);
        }
        let database = desk.database().await?;
        let storage = &database.storage;
        let window = database.maintenance_window.as_deref().unwrap_or("unknown");
        let choice = |value: &str, about: String| Choice {
            value: value.to_owned(),
            about,
        };
        let when = vec![
            choice("window", format!("maintenance window, {window} UTC")),
            choice(
                "now",
                "at once; a new class restarts the database".to_owned(),
            ),
        ];
        let mut form = Form::new(format!("Class and storage of {}", database.id));
        let prices = prices(desk, &database);
        if !prices.is_empty() {
            form = form.note(format!("A month with its storage: {prices}."));
        }
        Ok(Some(
            form.field(
                "class",
                "Class",
                Kind::Text,
                &database.class,
                format!("{} now", database.class),
            )
            .field(
                "storage",
                "Storage, GiB",
                Kind::Number(storage.allocated_gib.into(), MOST.into()),
                storage.allocated_gib,
                format!(
                    "{} GiB now; grows by 10 % at least, never shrinks",
                    storage.allocated_gib
                ),
            )
            .field("apply", "When", Kind::OneOf(when), "window", "← → chooses"),
        ))
    }

    fn filled(&self, form: &Form) -> Result<Request> {
        let class = form.text("class");
        check_class(class)?;
        Ok(Self {
            class: Some(class.to_owned()),
            storage_gib: Some(form.value("storage")?),
            apply: Some(if form.text("apply") == "now" {
                Apply::Now
            } else {
                Apply::Window
            }),
        }
        .into())
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let database = desk.database().await?;
        let apply = self.apply.unwrap_or(Apply::Window);
        let class = self.class.clone().filter(|class| *class != database.class);
        if let Some(class) = &class {
            check_class(class)?;
        }
        let now = database.storage.allocated_gib;
        let storage_gib = self.storage_gib.filter(|gib| *gib != now);
        if let Some(gib) = storage_gib {
            check_storage(&database, gib)?;
        }
        let before = DbSize::from(&*database);
        let after = DbSize {
            class: class.clone().unwrap_or_else(|| before.class.clone()),
            storage_gib: storage_gib.unwrap_or(now),
            ..before.clone()
        };
        let basis = format!("{} in {}", after.words(), desk.environment.region);
        let goal = DatabaseGoal::Modified {
            database: database.id.clone(),
            class: class.clone(),
            storage_gib,
            apply,
        };
        let mut plan = Plan::new(
            self.clone(),
            format!("Change class or storage of {}", database.id),
            &database.id,
            goal.into(),
            desk.now(),
        )
        .change("class", &before.class, &after.class)
        .change("storage (GiB)", now, after.storage_gib)
        .stays("data, endpoint, engine version and parameters")
        .rests_on("class", &database.class)
        .rests_on("storage (GiB)", now)
        .rests_on("status", &database.status)
        .cost(Cost::between(
            desk.book(),
            &inventory(desk, [&before]),
            &inventory(desk, [&after]),
            basis,
        ));
        if plan.changes.is_empty() {
            return Ok(plan);
        }
        plan = backed_up(operational(plan, &database), &database);
        plan = waiting(plan, &database, apply);
        plan = risked(plan, &database, class.as_deref(), storage_gib, apply);
        Ok(plan
            .undo(undo(&database, class.as_deref(), storage_gib, apply))
            .call(
                DatabaseCall::ModifyDatabase {
                    database: database.id.clone(),
                    class,
                    storage_gib,
                    apply,
                }
                .into(),
            ))
    }
}

/// Adds what waits already, which goes along with a change at once.
fn waiting(plan: Plan, database: &Database, apply: Apply) -> Plan {
    let what = "nothing else waits";
    let waits = database.pending_changes.join(", ");
    match apply {
        _ if waits.is_empty() => plan.check(what, CheckState::Passed, "nothing"),
        // RDS API, ModifyDBInstance, ApplyImmediately: pending changes are applied with it.
        Apply::Now => plan.check(
            what,
            CheckState::Warned,
            format!("{waits} waits for the window, and is made along with this now"),
        ),
        Apply::Window => plan.check(what, CheckState::Warned, format!("{waits} waits as well")),
    }
}

fn risked(
    plan: Plan,
    database: &Database,
    class: Option<&str>,
    storage_gib: Option<i32>,
    apply: Apply,
) -> Plan {
    let window = database.maintenance_window.as_deref().unwrap_or("unknown");
    let plan = match apply {
        Apply::Window => plan
            .adds("when", format!("maintenance window, {window} UTC"))
            .takes(0, 60, 600),
        Apply::Now if class.is_some() => plan.adds("when", "now").takes(300, 1_800, 7_200),
        Apply::Now => plan.adds("when", "now").takes(60, 1_800, 7_200),
    };
    // RDS user guide, modifying a DB instance: a class change restarts the instance; a standby is changed first and takes over.
    let plan = match (class, database.multi_az) {
        (None, _) => plan,
        (Some(_), true) => plan.risk(
            Risk::Disruptive,
            "the standby is changed first and takes over: connections are cut for a minute or two",
        ),
        (Some(_), false) if apply == Apply::Now => plan.risk(
            Risk::Destructive,
            "without a standby the database is down while it is moved to the other class, usually some minutes",
        ),
        (Some(_), false) => plan.risk(
            Risk::Disruptive,
            "without a standby the database is down for some minutes in the maintenance window",
        ),
    };
    if storage_gib.is_none() {
        return plan;
    }
    let plan = match (database.storage.max_gib, storage_gib) {
        (Some(most), Some(gib)) if gib > most => plan.check(
            "within the limit of storage autoscaling",
            CheckState::Failed,
            format!("it is set to grow to {most} GiB at most: raise that limit first"),
        ),
        _ => plan,
    };
    // RDS user guide, working with storage: no downtime, storage-optimization may take hours, and 6 hours to the next change.
    plan.check(
        "storage can be changed",
        if database.status == DatabaseStatus::StorageOptimization {
            CheckState::Failed
        } else {
            CheckState::Warned
        },
        "it grows without downtime, is optimised for hours after, and cannot be changed again for 6 hours",
    )
    .risk(
        Risk::Disruptive,
        "storage that has grown costs more for good: it never shrinks",
    )
}

fn undo(database: &Database, class: Option<&str>, storage_gib: Option<i32>, apply: Apply) -> Undo {
    match (class, storage_gib) {
        (_, Some(_)) => Undo::Impossible(
            "storage never shrinks; a smaller database is a new one, filled from a dump".to_owned(),
        ),
        (Some(_), None) => Undo::By(
            Box::new(
                ModifyDatabase {
                    class: Some(database.class.clone()),
                    storage_gib: None,
                    apply: Some(apply),
                }
                .into(),
            ),
            format!("change it back to {}", database.class),
        ),
        (None, None) => Undo::Needless(String::new()),
    }
}
