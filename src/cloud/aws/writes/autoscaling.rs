//! Writes to Application Auto Scaling.

use crate::{
    cloud::{
        CallOutcome,
        aws::failure::explain,
        call::{Scaling, ScalingCall, Switch, TrackedMetric, TrackingPolicy},
    },
    error::{Error, ErrorKind, Result},
};
use aws_sdk_applicationautoscaling::{
    Client,
    types::{
        MetricType, PolicyType, PredefinedMetricSpecification, ScalableDimension, ServiceNamespace,
        SuspendedState, TargetTrackingScalingPolicyConfiguration,
    },
};

/// Executes one call.
///
/// # Errors
/// What AWS answered.
pub(super) async fn execute(client: &Client, call: &ScalingCall) -> Result<CallOutcome> {
    const NAMESPACE: ServiceNamespace = ServiceNamespace::Ecs;
    const DIMENSION: ScalableDimension = ScalableDimension::EcsServiceDesiredCount;
    let service = &call.scaled().service;
    let id = call.scaled().resource_id();
    let action = call.action();
    let (summary, resource) = match call {
        ScalingCall::RegisterTarget { target, .. } => {
            let is = |scaling| target.suspended.contains(&scaling);
            let suspended = SuspendedState::builder()
                .dynamic_scaling_in_suspended(is(Scaling::In))
                .dynamic_scaling_out_suspended(is(Scaling::Out))
                .scheduled_scaling_suspended(is(Scaling::Scheduled))
                .build();
            let asked = client
                .register_scalable_target()
                .service_namespace(NAMESPACE)
                .resource_id(&id)
                .scalable_dimension(DIMENSION)
                .min_capacity(target.min)
                .max_capacity(target.max)
                .suspended_state(suspended);
            let answer = asked.send().await;
            let answer = answer.map_err(|e| explain(action, service, e))?;
            (
                format!("{service} may run {} to {} tasks", target.min, target.max),
                answer.scalable_target_arn().map(str::to_owned),
            )
        }
        ScalingCall::PutPolicy { policy, .. } => {
            let asked = client
                .put_scaling_policy()
                .service_namespace(NAMESPACE)
                .resource_id(&id)
                .scalable_dimension(DIMENSION)
                .policy_name(&policy.name)
                .policy_type(PolicyType::TargetTrackingScaling)
                .target_tracking_scaling_policy_configuration(configuration(policy)?);
            let answer = asked.send().await;
            let answer = answer.map_err(|e| explain(action, service, e))?;
            (
                format!(
                    "policy {} holds {} at {}",
                    policy.name,
                    policy.metric.word(),
                    policy.target
                ),
                Some(answer.policy_arn().to_owned()),
            )
        }
        ScalingCall::DeletePolicy { policy, .. } => {
            let asked = client
                .delete_scaling_policy()
                .service_namespace(NAMESPACE)
                .resource_id(&id)
                .scalable_dimension(DIMENSION)
                .policy_name(policy);
            let answer = asked.send().await;
            answer.map_err(|e| explain(action, service, e))?;
            (format!("policy {policy} of {service} is deleted"), None)
        }
        ScalingCall::DeregisterTarget { .. } => {
            let asked = client
                .deregister_scalable_target()
                .service_namespace(NAMESPACE)
                .resource_id(&id)
                .scalable_dimension(DIMENSION);
            let answer = asked.send().await;
            answer.map_err(|e| explain(action, service, e))?;
            (format!("{service} is no longer autoscaled"), None)
        }
    };
    Ok(CallOutcome {
        summary,
        resource: resource.or(Some(id)),
        session: None,
    })
}

fn configuration(policy: &TrackingPolicy) -> Result<TargetTrackingScalingPolicyConfiguration> {
    let incomplete = |e| {
        let what = format!("policy {} is incomplete", policy.name);
        Error::new(ErrorKind::Usage, what).source(e)
    };
    let metric = match policy.metric {
        TrackedMetric::Cpu => MetricType::EcsServiceAverageCpuUtilization,
        TrackedMetric::Memory => MetricType::EcsServiceAverageMemoryUtilization,
    };
    let metric = PredefinedMetricSpecification::builder()
        .predefined_metric_type(metric)
        .build()
        .map_err(incomplete)?;
    TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(policy.target.value())
        .predefined_metric_specification(metric)
        .set_scale_in_cooldown(policy.in_cooldown)
        .set_scale_out_cooldown(policy.out_cooldown)
        .disable_scale_in(policy.scale_in == Switch::Disabled)
        .build()
        .map_err(incomplete)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

    use super::*;
    use crate::cloud::{
        aws::mocked::mocked,
        call::{ScalableTarget, ScaledService},
    };
    use aws_sdk_applicationautoscaling::operation::{
        delete_scaling_policy::DeleteScalingPolicyOutput,
        deregister_scalable_target::DeregisterScalableTargetOutput,
        put_scaling_policy::PutScalingPolicyOutput,
        register_scalable_target::RegisterScalableTargetOutput,
    };
    use aws_smithy_mocks::mock;

    const ID: Option<&str> = Some("service/shop/backend");

    fn scaled() -> ScaledService {
        ScaledService {
            cluster: "shop".to_owned(),
            service: "backend".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_target_is_registered_with_what_is_suspended_and_what_is_not() {
        let rule = mock!(Client::register_scalable_target)
            .match_requests(|r| {
                let suspended = r.suspended_state().unwrap();
                r.resource_id() == ID
                    && r.service_namespace() == Some(&ServiceNamespace::Ecs)
                    && r.scalable_dimension() == Some(&ScalableDimension::EcsServiceDesiredCount)
                    && (r.min_capacity(), r.max_capacity()) == (Some(2), Some(8))
                    && suspended.dynamic_scaling_in_suspended() == Some(true)
                    && suspended.dynamic_scaling_out_suspended() == Some(false)
                    && suspended.scheduled_scaling_suspended() == Some(true)
            })
            .then_output(|| RegisterScalableTargetOutput::builder().build());
        let call = ScalingCall::RegisterTarget {
            scaled: scaled(),
            target: ScalableTarget {
                min: 2,
                max: 8,
                suspended: [Scaling::In, Scaling::Scheduled].into(),
            },
        };
        let told = execute(&mocked!(aws_sdk_applicationautoscaling, [&rule]), &call).await;
        assert_eq!(told.unwrap().summary, "backend may run 2 to 8 tasks");
    }

    #[tokio::test]
    async fn a_policy_is_put_with_every_field_that_it_had() {
        let rule = mock!(Client::put_scaling_policy)
            .match_requests(|r| {
                let put = r.target_tracking_scaling_policy_configuration().unwrap();
                let metric = put.predefined_metric_specification().unwrap();
                r.resource_id() == ID
                    && r.policy_name() == Some("hold-memory")
                    && r.policy_type() == Some(&PolicyType::TargetTrackingScaling)
                    && metric.predefined_metric_type()
                        == &MetricType::EcsServiceAverageMemoryUtilization
                    && put.target_value().to_bits() == 62.5_f64.to_bits()
                    && put.scale_in_cooldown() == Some(300)
                    && put.scale_out_cooldown().is_none()
                    && put.disable_scale_in() == Some(true)
            })
            .then_output(|| {
                let answer = PutScalingPolicyOutput::builder().policy_arn("arn:policy");
                answer.build().unwrap()
            });
        let call = ScalingCall::PutPolicy {
            scaled: scaled(),
            policy: TrackingPolicy {
                name: "hold-memory".to_owned(),
                metric: TrackedMetric::Memory,
                target: "62.5".parse().unwrap(),
                in_cooldown: Some(300),
                out_cooldown: None,
                scale_in: Switch::Disabled,
            },
        };
        let told = execute(&mocked!(aws_sdk_applicationautoscaling, [&rule]), &call).await;
        let told = told.unwrap();
        assert_eq!(told.summary, "policy hold-memory holds memory at 62.5 %");
        assert_eq!(told.resource.as_deref(), Some("arn:policy"));
    }

    #[tokio::test]
    async fn a_policy_is_deleted_by_its_name_and_a_target_by_its_service() {
        let delete = mock!(Client::delete_scaling_policy)
            .match_requests(|r| r.resource_id() == ID && r.policy_name() == Some("hold-cpu"))
            .then_output(|| DeleteScalingPolicyOutput::builder().build());
        let deregister = mock!(Client::deregister_scalable_target)
            .match_requests(|r| r.resource_id() == ID)
            .then_output(|| DeregisterScalableTargetOutput::builder().build());
        let client = mocked!(aws_sdk_applicationautoscaling, [&delete, &deregister]);
        let calls = [
            ScalingCall::DeletePolicy {
                scaled: scaled(),
                policy: "hold-cpu".to_owned(),
            },
            ScalingCall::DeregisterTarget { scaled: scaled() },
        ];
        for call in calls {
            let told = execute(&client, &call).await.unwrap();
            assert_eq!(told.resource.as_deref(), ID);
        }
    }
}
