//! Operations: everything that the console changes goes through one pipe.
//!
//! ```text
//! Request ─▶ plan ─▶ review ─▶ confirm ─▶ carry out ─▶ watch ─▶ outcome
//!            reads AWS afresh,            call by      a goal tested against each
//!            changes nothing              call         new observation, with a deadline
//! ```
//!
//! What is done on this machine before the calls stands in a plan as [`Stage`]s: build, try, push, copy.
//!
//! An operation is one file here: a struct of its inputs that implements [`Operation`], and a row in the table of [`Request`]. It says
//! which form asks for its inputs and builds a [`Plan`]; review, confirmation by risk, read-only mode, audit log, progress, undo,
//! `--dry-run` and the headless twin come from the pipe and are the same for all.
//!
//! A plan says everything before anything happens: what changes, what was checked, what it costs, how bad it can be, what undoes it, how
//! long it takes, and the calls. It is made again right before it is carried out; where the environment is no longer what the plan was
//! made for, nothing is done and the new plan is shown instead.

mod autoscale;
mod carry;
mod confirm;
mod continue_deployment;
mod database;
mod desk;
mod edge;
pub mod form;
mod goal;
mod last_words;
mod permission;
mod place;
mod plan;
mod promote;
mod registry;
mod resize;
mod restart;
mod revision;
mod rollback;
pub mod rollout;
mod scale;
mod session;
mod ship;
pub mod stage;
mod stop_task;
mod watch;

#[cfg(test)]
mod tests;

pub use autoscale::{Adjustment, Aim, Autoscale, Autoscaled, Hold};
pub use carry::{Told, carry_out};
pub use confirm::Confirmation;
pub use continue_deployment::ContinueDeployment;
pub use database::{
    DeleteSnapshot, ModifyDatabase, Origin, RebootDatabase, RestoreDatabase, SnapshotDatabase,
};
pub use desk::{Beside, Desk};
pub use edge::{InvalidatePaths, List, ListAddress, SetRule, SwitchAlarm, UnlistAddress, Until};
pub use goal::{DatabaseGoal, Goal, Standing, Step, StepState, Verdict, left, under_way};
pub use last_words::LastWords;
pub use permission::{denied_everywhere, questions};
pub use plan::{Bounds, Change, Check, CheckState, Cost, Document, Mark, Plan, Risk, Undo, usd};
pub use promote::Promote;
pub use registry::{CreateRepository, PruneImages};
pub use resize::{Resize, limits as resize_limits};
pub use restart::Restart;
pub use rollback::RollBack;
pub use rollout::RollOut;
pub use scale::Scale;
pub use session::{DEFAULT_COMMAND, ForwardPort, OpenShell, SwitchExec, Toward, Whereto};
pub use ship::{Leg, Ship, Terms};
pub use stage::{Finished, Made, Stage, StageEvent, StageView, Staged, Weight};
pub use stop_task::StopTask;
pub use watch::{CallState, Outcome, Timed, Watch};

use crate::error::Result;
use async_trait::async_trait;
use form::Form;
use serde::Serialize;

/// An operation with its inputs.
#[async_trait]
pub trait Operation: Send + Sync {
    /// Stable name, that of the command line: `scale`.
    fn name(&self) -> &'static str;

    /// The IAM actions that its calls need.
    fn actions(&self) -> &'static [&'static str];

    /// Whether it changes nothing but this machine: then it needs no confirmation, and read-only mode lets it pass.
    fn is_local(&self) -> bool {
        false
    }

    /// Whether it changes another environment only: then that one's guards decide, and not the read-only mode of its own.
    fn is_elsewhere(&self) -> bool {
        false
    }

    /// Plans what follows the stages of its plan, now that they are done.
    ///
    /// # Errors
    /// Those of [`Operation::plan`].
    async fn rest(&self, desk: &Desk<'_>, _made: &Made) -> Result<Plan> {
        self.plan(desk).await
    }

    /// What goes on with an image that failed its trial, where somebody insists.
    fn insisted(&self) -> Option<Request> {
        None
    }

    /// Asks for what is left to be said, filled with what is known; `None` where nothing is to be asked.
    ///
    /// # Errors
    /// What has to be known to ask could not be read.
    async fn form(&self, _desk: &Desk<'_>) -> Result<Option<Form>> {
        Ok(None)
    }

    /// Takes what was filled in.
    ///
    /// # Errors
    /// `Usage` names the field and what it takes.
    fn filled(&self, _form: &Form) -> Result<Request> {
        unfillable(self.name())
    }

    /// Reads AWS afresh and says what would be done; changes nothing.
    ///
    /// # Errors
    /// `Usage` for inputs that cannot be, `NotFound` for a target that is not there, what AWS answered otherwise. What only speaks
    /// against it is a [`Check`] of the plan.
    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan>;
}

fn unfillable<T>(name: &str) -> Result<T> {
    use crate::error::{Error, ErrorKind};
    Err(Error::new(
        ErrorKind::Usage,
        format!("{name} has nothing to fill in"),
    ))
}

/// Writes [`Request`] from its table.
macro_rules! requests {
    ($($variant:ident($inputs:ty) $about:literal),+ $(,)?) => {
        /// What somebody wants done. The enum is closed: what is not in it cannot be done.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(tag = "operation", rename_all = "kebab-case")]
        pub enum Request {
            $(#[doc = $about] $variant($inputs)),+
        }

        impl Request {
            /// The name of each variant, so that none is forgotten.
            pub const OPERATIONS: &[&str] = &[$(stringify!($variant)),+];

            /// The operation behind it.
            #[must_use]
            pub fn operation(&self) -> &dyn Operation {
                match self {
                    $(Self::$variant(inputs) => inputs),+
                }
            }
        }

        $(impl From<$inputs> for Request {
            fn from(inputs: $inputs) -> Self {
                Self::$variant(inputs)
            }
        })+
    };
}

requests! {
    Scale(Scale) "Sets how many tasks a service runs.",
    Autoscale(Autoscale) "Sets limits and targets of a service's autoscaling, suspends and resumes it.",
    Restart(Restart) "Replaces the tasks of a service by new ones of the same revision.",
    RollOut(RollOut) "Rolls a new revision of a service out.",
    Resize(Resize) "Gives a service's tasks another size.",
    RollBack(RollBack) "Stops a deployment, or goes back to an earlier revision.",
    Continue(ContinueDeployment) "Lets a deployment go on that waits at a pause hook.",
    StopTask(StopTask) "Stops one task; its service starts another.",
    Shell(OpenShell) "Opens a shell in a container.",
    Forward(ForwardPort) "Forwards a local port into a task, or through it.",
    SwitchExec(SwitchExec) "Switches ECS Exec for a service.",
    Invalidate(InvalidatePaths) "Drops cached copies from the distribution's edges.",
    SetRule(SetRule) "Lets a rule of the web ACL count instead of block, and back.",
    ListAddress(ListAddress) "Blocks or allows an address through an IP set.",
    UnlistAddress(UnlistAddress) "Takes an address off an IP set.",
    SwitchAlarm(SwitchAlarm) "Switches the actions of an alarm.",
    CreateRepository(CreateRepository) "Makes a repository of ECR.",
    Ship(Ship) "Builds an image of a component, tries it, pushes it, rolls it out, or some of that.",
    Promote(Promote) "Copies an image to another environment's repository, with its digest.",
    PruneImages(PruneImages) "Deletes images without a tag that nothing uses.",
    Snapshot(SnapshotDatabase) "Takes a snapshot of the database.",
    DeleteSnapshot(DeleteSnapshot) "Deletes a manual snapshot of the database.",
    RestoreDatabase(RestoreDatabase) "Restores a snapshot or a point in time into a new instance.",
    ModifyDatabase(ModifyDatabase) "Changes the database's class or storage.",
    RebootDatabase(RebootDatabase) "Restarts the database.",
}

impl Request {
    /// Stable name, that of the command line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.operation().name()
    }

    /// What goes on with an image that failed its trial, where somebody insists.
    #[must_use]
    pub fn insisted(&self) -> Option<Self> {
        self.operation().insisted()
    }

    /// Makes its plan; see [`Operation::plan`].
    ///
    /// # Errors
    /// Those of the operation.
    pub async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let plan = self.operation().plan(desk).await?;
        Ok(permission::check(plan, desk).await)
    }
}
