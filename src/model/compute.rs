//! ECS: the cluster, services, deployments, tasks, task definitions and application autoscaling.

use super::state::{
    AgentStatus, HookStatus, RolloutState, RolloutStatus, ScalingStatus, ServiceStatus, StopCode,
    TaskHealth, TaskStatus,
};
use jiff::Timestamp;
use serde::Serialize;

/// The cluster and the environment's services in it.
#[derive(Debug, Clone, Serialize)]
pub struct Compute {
    /// The cluster.
    pub cluster: Cluster,
    /// In the order of the configuration.
    pub services: Vec<Service>,
}

impl Compute {
    /// Finds a service by name.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|s| s.name == name)
    }
}

/// A cluster.
#[derive(Debug, Clone, Serialize)]
pub struct Cluster {
    /// Name.
    pub name: String,
    /// ARN.
    pub arn: String,
    /// `ACTIVE`, ...
    pub status: String,
    /// Tasks running, of all services.
    pub running_tasks: i32,
    /// Tasks pending, of all services.
    pub pending_tasks: i32,
    /// `enabled`, `enhanced` or `disabled`.
    pub container_insights: String,
    /// `FARGATE`, `FARGATE_SPOT`, ...
    pub capacity_providers: Vec<String>,
}

/// A service with all that hangs on it.
#[derive(Debug, Clone, Serialize)]
pub struct Service {
    /// Name.
    pub name: String,
    /// ARN.
    pub arn: String,
    /// Status.
    pub status: ServiceStatus,
    /// Tasks wanted.
    pub desired: i32,
    /// Tasks running.
    pub running: i32,
    /// Tasks on their way.
    pub pending: i32,
    /// `FARGATE`, or capacity providers with weight.
    pub launch_type: String,
    /// Platform version.
    pub platform_version: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// How it deploys.
    pub strategy: DeploymentStrategy,
    /// The task definition of the newest deployment; `None` when it could not be read.
    pub task_definition: Option<TaskDefinition>,
    /// What the deployments aim at, the primary first.
    pub deployments: Vec<Deployment>,
    /// Service deployments (rollouts), newest first, with their outcome.
    pub rollouts: Vec<Rollout>,
    /// Not stopped.
    pub tasks: Vec<Task>,
    /// Stopped lately (ECS forgets after about an hour), newest first.
    pub stopped: Vec<Task>,
    /// Newest first; ECS gives the latest 100.
    pub events: Vec<ServiceEvent>,
    /// Application autoscaling; `None` where no scalable target is registered.
    pub autoscaling: Option<Autoscaling>,
    /// Target groups it registers its tasks with.
    pub load_balancers: Vec<ServiceLoadBalancer>,
    /// Subnets.
    pub subnets: Vec<String>,
    /// Security groups.
    pub security_groups: Vec<String>,
    /// Whether tasks get a public address.
    pub assign_public_ip: bool,
    /// Whether ECS Exec is switched on.
    pub exec_enabled: bool,
    /// Seconds after start in which failed health checks do not count; AWS's default is 0.
    pub health_check_grace: i32,
    /// Parts of the service that could not be read, one sentence each.
    pub gaps: Vec<String>,
}

/// How a service deploys.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DeploymentStrategy {
    /// `ROLLING`, `BLUE_GREEN`, `LINEAR`, `CANARY`; `CODE_DEPLOY` or `EXTERNAL` where another controller decides.
    pub kind: String,
    /// Rounded up against the desired count.
    pub minimum_healthy_percent: Option<i32>,
    /// Rounded down against the desired count.
    pub maximum_percent: Option<i32>,
    /// Whether the circuit breaker is on.
    pub circuit_breaker: bool,
    /// Whether the circuit breaker rolls back.
    pub rollback: bool,
    /// Minutes between traffic shift and the end of the old revision.
    pub bake_minutes: Option<i32>,
    /// Alarms that stop a deployment.
    pub alarms: Vec<String>,
}

/// A deployment as `DescribeServices` lists it.
#[derive(Debug, Clone, Serialize)]
pub struct Deployment {
    /// `ecs-svc/…`.
    pub id: String,
    /// `PRIMARY`, `ACTIVE`, `INACTIVE`.
    pub status: String,
    /// `family:revision`.
    pub revision: String,
    /// Tasks wanted.
    pub desired: i32,
    /// Tasks running.
    pub running: i32,
    /// Tasks pending.
    pub pending: i32,
    /// Tasks that failed to start or to become healthy.
    pub failed: i32,
    /// Where it stands.
    pub rollout_state: Option<RolloutState>,
    /// In ECS's words.
    pub rollout_reason: Option<String>,
    /// Start.
    pub created_at: Option<Timestamp>,
    /// Last change.
    pub updated_at: Option<Timestamp>,
}

/// A service deployment: one rollout from a source to a target revision and its outcome.
#[derive(Debug, Clone, Serialize)]
pub struct Rollout {
    /// The service deployment's ARN.
    pub arn: String,
    /// Where it stands.
    pub status: RolloutStatus,
    /// In ECS's words.
    pub reason: Option<String>,
    /// `ROLLING`, ...
    pub strategy: String,
    /// Blue/green, linear and canary: the lifecycle stage, `BAKE_TIME`, ...
    pub stage: Option<String>,
    /// `family:revision` it goes to, where known.
    pub target: Option<String>,
    /// `family:revision`s it came from, where known.
    pub sources: Vec<String>,
    /// Tasks of the target: requested, running, pending.
    pub target_tasks: Option<(i32, i32, i32)>,
    /// Lifecycle hooks of the stage that it is in.
    pub hooks: Vec<Hook>,
    /// Circuit breaker: status, failures, threshold.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// Why it rolled back.
    pub rollback_reason: Option<String>,
    /// Creation.
    pub created_at: Option<Timestamp>,
    /// Start.
    pub started_at: Option<Timestamp>,
    /// End.
    pub finished_at: Option<Timestamp>,
}

/// A lifecycle hook that a blue/green, linear or canary deployment stops at (ECS API reference, `DeploymentLifecycleHookDetail`).
#[derive(Debug, Clone, Serialize)]
pub struct Hook {
    /// What `ContinueServiceDeployment` takes.
    pub id: String,
    /// `PAUSE` or `AWS_LAMBDA`.
    pub kind: String,
    /// Where it stands.
    pub status: HookStatus,
    /// When ECS takes [`Hook::on_timeout`].
    pub expires_at: Option<Timestamp>,
    /// `CONTINUE` or `ROLLBACK`.
    pub on_timeout: Option<String>,
}

impl Rollout {
    /// The hook at which it waits for somebody to let it go on.
    #[must_use]
    pub fn paused(&self) -> Option<&Hook> {
        let waits = |hook: &&Hook| hook.status == HookStatus::AwaitingAction;
        self.hooks
            .iter()
            .find(waits)
            .filter(|_| self.status == RolloutStatus::InProgress)
    }

    /// Whether it is still going on.
    #[must_use]
    pub fn in_progress(&self) -> bool {
        matches!(
            self.status,
            RolloutStatus::Pending
                | RolloutStatus::InProgress
                | RolloutStatus::StopRequested
                | RolloutStatus::RollbackRequested
                | RolloutStatus::RollbackInProgress
        )
    }
}

/// State of a deployment's circuit breaker.
#[derive(Debug, Clone, Serialize)]
pub struct CircuitBreaker {
    /// `MONITORING`, `TRIGGERED`, `MONITORING_COMPLETE`, `DISABLED`.
    pub status: String,
    /// Failures so far.
    pub failures: i32,
    /// Failures at which it trips.
    pub threshold: i32,
}

/// A message of the service.
#[derive(Debug, Clone, Serialize)]
pub struct ServiceEvent {
    /// Identifier.
    pub id: String,
    /// When.
    pub at: Option<Timestamp>,
    /// In ECS's words.
    pub message: String,
}

/// Which target group a service registers with.
#[derive(Debug, Clone, Serialize)]
pub struct ServiceLoadBalancer {
    /// Target group ARN.
    pub target_group_arn: String,
    /// Container name.
    pub container: String,
    /// Container port.
    pub port: i32,
}

/// A task.
#[derive(Debug, Clone, Serialize)]
pub struct Task {
    /// ARN.
    pub arn: String,
    /// The ARN's last part.
    pub id: String,
    /// `family:revision`.
    pub revision: String,
    /// Where it stands.
    pub last_status: TaskStatus,
    /// `RUNNING` or `STOPPED`.
    pub desired_status: String,
    /// What its container health checks say.
    pub health: TaskHealth,
    /// Availability Zone.
    pub zone: Option<String>,
    /// Private address.
    pub private_ip: Option<String>,
    /// CPU units, 1024 = 1 vCPU.
    pub cpu: u32,
    /// MiB.
    pub memory: u32,
    /// Creation.
    pub created_at: Option<Timestamp>,
    /// Containers running.
    pub started_at: Option<Timestamp>,
    /// Stopped.
    pub stopped_at: Option<Timestamp>,
    /// Why it stopped, in one word.
    pub stop_code: Option<StopCode>,
    /// In ECS's words.
    pub stopped_reason: Option<String>,
    /// `ecs-svc/…` of the deployment that started it.
    pub started_by: Option<String>,
    /// Fargate platform version that it really runs on.
    pub platform_version: Option<String>,
    /// Whether it was started with ECS Exec: switching that on later does not reach it.
    pub exec_enabled: bool,
    /// Containers.
    pub containers: Vec<Container>,
}

/// A container of a task.
#[derive(Debug, Clone, Serialize)]
pub struct Container {
    /// Name.
    pub name: String,
    /// Image as the task definition names it.
    pub image: String,
    /// `sha256:…` that really runs.
    pub digest: Option<String>,
    /// Status.
    pub last_status: String,
    /// Health-check status.
    pub health: String,
    /// Exit code once stopped.
    pub exit_code: Option<i32>,
    /// Why it stopped, in ECS's words.
    pub reason: Option<String>,
    /// What Systems Manager calls it by, once it runs.
    pub runtime_id: Option<String>,
    /// ECS Exec's agent in it; `None` where there is none.
    pub exec_agent: Option<AgentStatus>,
}

/// A revision of a task definition. Values of environment variables are not kept: they may be secrets.
#[derive(Debug, Clone, Serialize)]
pub struct TaskDefinition {
    /// ARN.
    pub arn: String,
    /// Family.
    pub family: String,
    /// Revision.
    pub revision: i32,
    /// CPU units, 1024 = 1 vCPU.
    pub cpu: u32,
    /// MiB.
    pub memory: u32,
    /// `X86_64` or `ARM64`.
    pub architecture: String,
    /// `LINUX`, ...
    pub operating_system: String,
    /// Task role ARN.
    pub task_role: Option<String>,
    /// Execution role ARN.
    pub execution_role: Option<String>,
    /// GiB; `None` is the free 20.
    pub ephemeral_storage: Option<i32>,
    /// Registration.
    pub registered_at: Option<Timestamp>,
    /// Containers.
    pub containers: Vec<ContainerDefinition>,
}

impl TaskDefinition {
    /// `family:revision`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}:{}", self.family, self.revision)
    }
}

/// A container of a task definition.
#[derive(Debug, Clone, Serialize)]
pub struct ContainerDefinition {
    /// Name.
    pub name: String,
    /// Image reference.
    pub image: String,
    /// Whether its exit stops the task.
    pub essential: bool,
    /// CPU units reserved, 0 for none.
    pub cpu: i32,
    /// MiB hard limit.
    pub memory: Option<i32>,
    /// Container ports.
    pub ports: Vec<i32>,
    /// Command.
    pub command: Vec<String>,
    /// Names of plain environment variables.
    pub environment: Vec<String>,
    /// Secrets: variable name and where its value comes from.
    pub secrets: Vec<(String, String)>,
    /// `awslogs` group.
    pub log_group: Option<String>,
    /// `awslogs` stream prefix.
    pub log_stream_prefix: Option<String>,
    /// Secret with a private registry's credentials.
    pub repository_credentials: Option<String>,
    /// Health-check command.
    pub health_check: Option<String>,
    /// Whether its root filesystem can only be read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
}

/// Application autoscaling of a service.
#[derive(Debug, Clone, Serialize)]
pub struct Autoscaling {
    /// Lowest capacity.
    pub min: i32,
    /// Highest capacity.
    pub max: i32,
    /// Whether scaling in is suspended.
    pub scale_in_suspended: bool,
    /// Whether scaling out is suspended.
    pub scale_out_suspended: bool,
    /// Whether scheduled scaling is suspended.
    pub scheduled_scaling_suspended: bool,
    /// Policies.
    pub policies: Vec<ScalingPolicy>,
    /// Newest first.
    pub activities: Vec<ScalingActivity>,
}

/// A scaling policy.
#[derive(Debug, Clone, Serialize)]
pub struct ScalingPolicy {
    /// Name.
    pub name: String,
    /// `TargetTrackingScaling`, `StepScaling`, ...
    pub kind: String,
    /// `ECSServiceAverageCPUUtilization`, ...; or a custom metric's name.
    pub metric: Option<String>,
    /// Target value.
    pub target: Option<f64>,
    /// Seconds.
    pub scale_in_cooldown: Option<i32>,
    /// Seconds.
    pub scale_out_cooldown: Option<i32>,
    /// Whether the policy never scales in.
    pub scale_in_disabled: bool,
    /// Alarms that drive it.
    pub alarms: Vec<String>,
}

/// A scaling activity, also one that did not scale.
#[derive(Debug, Clone, Serialize)]
pub struct ScalingActivity {
    /// Identifier.
    pub id: String,
    /// Start.
    pub at: Option<Timestamp>,
    /// End.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub status: ScalingStatus,
    /// In AWS's words.
    pub description: String,
    /// In AWS's words.
    pub cause: String,
    /// `AlreadyAtMaxCapacity`, ...
    pub not_scaled_reasons: Vec<String>,
}
