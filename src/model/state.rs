//! States as AWS names them: what the console decides on is told apart by variants, what it does not know is kept in AWS's words.

use serde::{Serialize, Serializer};

/// Writes the enum of a state: its variants with AWS's words, and `Other` for words that came later. It is read from and written as
/// those words, so that JSON shows what AWS says.
macro_rules! state {
    ($(#[$about:meta])* $name:ident: $($variant:ident = $word:literal),+ $(,)?) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $word, "`.")] $variant,)+
            /// A word that is not among them.
            Other(String),
        }

        impl $name {
            /// The state as AWS writes it.
            #[must_use]
            pub fn word(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                word.as_str().into()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.word())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }
    };
}

state! {
    /// State of an ECS service (ECS API, `Service.status`).
    ServiceStatus:
    Active = "ACTIVE",
    Draining = "DRAINING",
    Inactive = "INACTIVE",
    // The adapter's own: the configuration names it, ECS does not know it.
    Missing = "MISSING",
}

state! {
    /// Where a deployment of a service stands (ECS API, `Deployment.rolloutState`).
    RolloutState:
    InProgress = "IN_PROGRESS",
    Completed = "COMPLETED",
    Failed = "FAILED",
}

state! {
    /// Where a service deployment stands (ECS API, `ServiceDeployment.status`).
    RolloutStatus:
    Pending = "PENDING",
    InProgress = "IN_PROGRESS",
    Successful = "SUCCESSFUL",
    StopRequested = "STOP_REQUESTED",
    Stopped = "STOPPED",
    RollbackRequested = "ROLLBACK_REQUESTED",
    RollbackInProgress = "ROLLBACK_IN_PROGRESS",
    RollbackSuccessful = "ROLLBACK_SUCCESSFUL",
    RollbackFailed = "ROLLBACK_FAILED",
}

state! {
    /// Where a lifecycle hook of a deployment stands (ECS API, `DeploymentLifecycleHookDetail.status`).
    HookStatus:
    AwaitingAction = "AWAITING_ACTION",
    InProgress = "IN_PROGRESS",
    Succeeded = "SUCCEEDED",
    Failed = "FAILED",
    TimedOut = "TIMED_OUT",
}

state! {
    /// Where a task stands in its life (ECS developer guide, task lifecycle).
    TaskStatus:
    Provisioning = "PROVISIONING",
    Pending = "PENDING",
    Activating = "ACTIVATING",
    Running = "RUNNING",
    Deactivating = "DEACTIVATING",
    Stopping = "STOPPING",
    Deprovisioning = "DEPROVISIONING",
    Stopped = "STOPPED",
}

state! {
    /// Where an agent that ECS runs inside a container stands (ECS API, `ManagedAgent.lastStatus`).
    AgentStatus:
    Pending = "PENDING",
    Running = "RUNNING",
    Stopped = "STOPPED",
}

state! {
    /// What a task's container health checks say (ECS API, `Task.healthStatus`).
    TaskHealth:
    Healthy = "HEALTHY",
    Unhealthy = "UNHEALTHY",
    Unknown = "UNKNOWN",
}

state! {
    /// Why a task stopped, in one word (ECS API, `Task.stopCode`).
    StopCode:
    TaskFailedToStart = "TaskFailedToStart",
    EssentialContainerExited = "EssentialContainerExited",
    UserInitiated = "UserInitiated",
    ServiceSchedulerInitiated = "ServiceSchedulerInitiated",
    SpotInterruption = "SpotInterruption",
    TerminationNotice = "TerminationNotice",
}

state! {
    /// How a scaling activity ended (Application Auto Scaling API, `ScalingActivity.StatusCode`; `NotScaled` marks those that did not
    /// scale).
    ScalingStatus:
    Pending = "Pending",
    InProgress = "InProgress",
    Successful = "Successful",
    Overridden = "Overridden",
    Unfulfilled = "Unfulfilled",
    Failed = "Failed",
    NotScaled = "NotScaled",
}

state! {
    /// State of a load balancer (ELB API, `LoadBalancerState.Code`).
    BalancerState:
    Active = "active",
    Provisioning = "provisioning",
    ActiveImpaired = "active_impaired",
    Failed = "failed",
}

state! {
    /// State of a certificate (ACM API, `CertificateDetail.Status`).
    CertificateStatus:
    PendingValidation = "PENDING_VALIDATION",
    Issued = "ISSUED",
    Inactive = "INACTIVE",
    Expired = "EXPIRED",
    ValidationTimedOut = "VALIDATION_TIMED_OUT",
    Revoked = "REVOKED",
    Failed = "FAILED",
}

state! {
    /// Whether a distribution's newest change has reached the edges (CloudFront API, `Distribution.Status`).
    DistributionStatus:
    Deployed = "Deployed",
    InProgress = "InProgress",
}

state! {
    /// State of an invalidation (CloudFront API, `Invalidation.Status`).
    InvalidationStatus:
    Completed = "Completed",
    InProgress = "InProgress",
}

state! {
    /// State of a database (RDS user guide, `accessing-monitoring`): those that say more than that an operation goes on.
    DatabaseStatus:
    Available = "available",
    BackingUp = "backing-up",
    Creating = "creating",
    Rebooting = "rebooting",
    Modifying = "modifying",
    StorageOptimization = "storage-optimization",
    StorageConfigUpgrade = "storage-config-upgrade",
    ConfiguringEnhancedMonitoring = "configuring-enhanced-monitoring",
    ConfiguringIamAuth = "configuring-iam-database-auth",
    ConfiguringLogExports = "configuring-log-exports",
    ConfiguringAssociatedRoles = "configuring-associated-roles",
    StorageFull = "storage-full",
    Failed = "failed",
    Stopped = "stopped",
    Stopping = "stopping",
    Deleting = "deleting",
    RestoreError = "restore-error",
    InsufficientCapacity = "insufficient-capacity",
    InaccessibleEncryption = "inaccessible-encryption-credentials",
    InaccessibleEncryptionRecoverable = "inaccessible-encryption-credentials-recoverable",
    IncompatibleNetwork = "incompatible-network",
    IncompatibleOptionGroup = "incompatible-option-group",
    IncompatibleParameters = "incompatible-parameters",
    IncompatibleRestore = "incompatible-restore",
}

state! {
    /// State of a database snapshot (RDS API, `DBSnapshot.Status`).
    SnapshotStatus:
    Available = "available",
    Creating = "creating",
    Failed = "failed",
}

state! {
    /// Whether a database runs with its parameter group's values (RDS API, `DBParameterGroupStatus.ParameterApplyStatus`).
    ParameterStatus:
    InSync = "in-sync",
    Applying = "applying",
    PendingReboot = "pending-reboot",
}

state! {
    /// State of a route (EC2 API, `Route.State`).
    RouteState:
    Active = "active",
    Blackhole = "blackhole",
}

state! {
    /// State of a gateway or an endpoint of a VPC (EC2 API, `NatGateway.State`, `VpcEndpoint.State`), in lower case.
    GatewayState:
    Pending = "pending",
    Available = "available",
    Failed = "failed",
    Rejected = "rejected",
    Deleting = "deleting",
    Deleted = "deleted",
}

state! {
    /// Whether a flow log's records arrive (EC2 API, `FlowLog.DeliverLogsStatus`).
    Delivery:
    Success = "SUCCESS",
    Failed = "FAILED",
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_word_is_kept_as_aws_wrote_it(word in "[A-Za-z_-]{0,12}|ACTIVE|storage-full|available") {
            let status = ServiceStatus::from(word.as_str());
            prop_assert_eq!(status.word(), &word);
            let shown = serde_json::json!(DatabaseStatus::from(word.clone()));
            prop_assert_eq!(shown, serde_json::json!(word));
        }
    }

    #[test]
    fn a_known_word_is_told_apart_and_an_unknown_one_is_not_lost() {
        assert_eq!(RouteState::from("blackhole"), RouteState::Blackhole);
        assert_eq!(
            RouteState::from("paused"),
            RouteState::Other("paused".into())
        );
    }
}
