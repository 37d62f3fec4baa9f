//! Where plans are made: what of the environment they read, each thing once and afresh.

use super::{CheckState, Plan, stage};
use crate::{
    cloud::Cloud,
    connect::Opened,
    cost::Book,
    engine::{registries::Side, workshop::Workshop},
    error::{Error, ErrorKind, Result},
    model::{
        Snapshot, Tier,
        alarm::Alarms,
        balancer::Balancer,
        compute::{Compute, Service},
        database::Database,
        edge::{Cdn, Waf},
        environment::Environment,
        image::Images,
        task_document::TaskDocument,
    },
};
use jiff::Timestamp;
use std::sync::Arc;

/// What a plan is made from.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// What is asked.
    pub cloud: &'a dyn Cloud,
    /// The environment.
    pub environment: &'a Environment,
    /// Where its images are built; `None` where nothing is built.
    workshop: Option<&'a Workshop>,
    /// The prices; `None` are the embedded ones.
    book: Option<&'a Book>,
}

impl<'a> Desk<'a> {
    /// Sits down in front of an environment.
    #[must_use]
    pub const fn new(cloud: &'a dyn Cloud, environment: &'a Environment) -> Self {
        Self {
            cloud,
            environment,
            workshop: None,
            book: None,
        }
    }

    /// The same with other prices.
    #[must_use]
    pub const fn priced_by(mut self, book: &'a Book) -> Self {
        self.book = Some(book);
        self
    }

    /// What its plans take prices from.
    #[must_use]
    pub fn book(&self) -> &'a Book {
        self.book.unwrap_or_else(|| Book::embedded())
    }

    /// The same beside a workshop.
    #[must_use]
    pub const fn beside(mut self, workshop: &'a Workshop) -> Self {
        self.workshop = Some(workshop);
        self
    }

    /// Where images are built, tried and pushed.
    ///
    /// # Errors
    /// `Unsupported`: there is no such place.
    pub fn workshop(&self) -> Result<&'a Workshop> {
        self.workshop.ok_or_else(stage::no_workshop)
    }

    /// The desk in the environment of that name: this one's own, or another's, whose guards decide there. Without a name its own.
    ///
    /// # Errors
    /// `Config`: there is none of that name, or its region is not known.
    pub async fn at(&self, name: Option<&str>) -> Result<Beside<'a>> {
        match name.filter(|name| *name != self.environment.name) {
            None => Ok(Beside::Own(*self)),
            Some(name) => {
                let (environment, opened) = self.workshop()?.neighbour(name).await?;
                Ok(Beside::Other(Box::new(environment), opened))
            }
        }
    }

    /// The side of a copy that this environment has a login for.
    ///
    /// # Errors
    /// `Unsupported`: nothing is copied here.
    pub(super) fn side<'s>(&'s self, reference: &'s str) -> Result<Side<'s>> {
        Ok(Side {
            reference,
            cloud: self.cloud,
            logins: self.workshop()?.logins(),
        })
    }

    /// Reads the load balancer.
    ///
    /// # Errors
    /// What AWS answered.
    pub async fn balancer(&self) -> Result<Arc<Balancer>> {
        match self.cloud.read(Tier::Alb).await? {
            Snapshot::Balancer(balancer) => Ok(balancer),
            _ => Err(mixed_up(Tier::Alb)),
        }
    }

    /// The environment's present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.cloud.now()
    }

    /// Reads the cluster and its services.
    ///
    /// # Errors
    /// What AWS answered.
    pub async fn compute(&self) -> Result<Arc<Compute>> {
        match self.cloud.read(Tier::Ecs).await? {
            Snapshot::Compute(compute) => Ok(compute),
            _ => Err(mixed_up(Tier::Ecs)),
        }
    }

    /// Reads the task definition of a service's newest deployment, whole.
    ///
    /// # Errors
    /// `NotFound` for a service that was never deployed; what AWS answered.
    pub async fn running(&self, service: &Service) -> Result<TaskDocument> {
        let primary = service.deployments.first().ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                format!("{} has no deployment", service.name),
            )
            .hint("ECS lists none; look at the service again in a moment")
        })?;
        self.cloud.task_document(&primary.revision).await
    }

    /// Reads the repositories.
    ///
    /// # Errors
    /// What AWS answered.
    pub async fn images(&self) -> Result<Arc<Images>> {
        match self.cloud.read(Tier::Images).await? {
            Snapshot::Images(images) => Ok(images),
            _ => Err(mixed_up(Tier::Images)),
        }
    }

    /// Reads the database.
    ///
    /// # Errors
    /// What AWS answered.
    pub async fn database(&self) -> Result<Arc<Database>> {
        match self.cloud.read(Tier::Rds).await? {
            Snapshot::Database(database) => Ok(database),
            _ => Err(mixed_up(Tier::Rds)),
        }
    }

    /// Reads the distribution.
    ///
    /// # Errors
    /// What AWS answered.
    pub async fn cdn(&self) -> Result<Arc<Cdn>> {
        match self.cloud.read(Tier::CloudFront).await? {
            Snapshot::Cdn(cdn) => Ok(cdn),
            _ => Err(mixed_up(Tier::CloudFront)),
        }
    }

    /// Reads the web ACL.
    ///
    /// # Errors
    /// What AWS answered.
    pub async fn waf(&self) -> Result<Arc<Waf>> {
        match self.cloud.read(Tier::Waf).await? {
            Snapshot::Waf(waf) => Ok(waf),
            _ => Err(mixed_up(Tier::Waf)),
        }
    }

    /// Reads the alarms.
    ///
    /// # Errors
    /// What AWS answered.
    pub async fn alarms(&self) -> Result<Arc<Alarms>> {
        match self.cloud.read(Tier::Alarms).await? {
            Snapshot::Alarms(alarms) => Ok(alarms),
            _ => Err(mixed_up(Tier::Alarms)),
        }
    }
}

/// An environment that is worked in from a desk.
pub enum Beside<'a> {
    /// The desk's own.
    Own(Desk<'a>),
    /// Another one.
    Other(Box<Environment>, Opened),
}

impl Beside<'_> {
    /// The desk there.
    #[must_use]
    pub fn desk(&self) -> Desk<'_> {
        match self {
            Self::Own(desk) => *desk,
            Self::Other(environment, Opened { cloud, workshop }) => {
                Desk::new(&**cloud, environment).beside(workshop)
            }
        }
    }
}

fn mixed_up(tier: Tier) -> Error {
    Error::new(
        ErrorKind::Service,
        format!("another tier was answered for {}", tier.title()),
    )
}

/// Finds a service that exists.
///
/// # Errors
/// `NotFound` names those that do.
pub(super) fn service<'c>(compute: &'c Compute, name: &str) -> Result<&'c Service> {
    use crate::model::state::ServiceStatus;
    let known =
        |s: &&Service| !matches!(s.status, ServiceStatus::Missing | ServiceStatus::Inactive);
    if let Some(service) = compute.service(name).filter(known) {
        return Ok(service);
    }
    let names: Vec<&str> = compute
        .services
        .iter()
        .filter(known)
        .map(|s| s.name.as_str())
        .collect();
    let error = Error::new(
        ErrorKind::NotFound,
        format!("cluster {} has no service {name}", compute.cluster.name),
    );
    Err(if names.is_empty() {
        error.hint("the environment names no service; `hydren init` finds them")
    } else {
        error.hint(format!("there is {}", names.join(", ")))
    })
}

/// The check that nothing else is deploying a service.
pub(super) const IDLE: &str = "no deployment in progress";

/// Adds the check that nothing else is deploying the service.
pub(super) fn idle(plan: Plan, service: &Service) -> Plan {
    let what = IDLE;
    let running = service.rollouts.iter().find(|r| r.in_progress());
    // One that failed may stay listed without a task.
    let mut others = service.deployments.iter().skip(1);
    let several = others.any(|d| d.running + d.pending > 0);
    match running {
        Some(rollout) => plan.check(
            what,
            CheckState::Failed,
            format!(
                "one to {} is {}: wait for it, or roll it back",
                rollout.target.as_deref().unwrap_or("another revision"),
                rollout.status
            ),
        ),
        None if several => plan.check(
            what,
            CheckState::Failed,
            "ECS still replaces tasks of the one before: wait for it, or roll it back",
        ),
        None => plan.check(what, CheckState::Passed, "none"),
    }
}
