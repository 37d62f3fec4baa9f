//! Application Auto Scaling of ECS services: targets, policies, and what was or was not scaled and why.

use super::{failure::explain, gap::or_gap, pages::every, parallel, shape::word, time::timestamp};
use crate::{
    error::Result,
    model::compute::{Autoscaling, ScalingActivity, ScalingPolicy},
};
use aws_sdk_applicationautoscaling::{
    Client,
    types::{self, TargetTrackingScalingPolicyConfiguration as Tracking},
};
use futures::future::join;
use std::{cmp::Reverse, collections::HashMap};

/// Resource ids that `DescribeScalableTargets` takes in one call.
const TARGETS_A_CALL: usize = 50;

/// Activities that are kept of a service: the API covers six weeks, newest first, and nobody reads them all.
const ACTIVITIES: usize = 100;

/// Autoscaling by service, or why it is not known of any.
pub(super) struct Scaling(Result<HashMap<String, (Autoscaling, Vec<String>)>>);

impl Scaling {
    /// Gives a service's autoscaling; what could not be read is a gap.
    pub(super) fn take(&mut self, service: &str, gaps: &mut Vec<String>) -> Option<Autoscaling> {
        match &mut self.0 {
            Ok(by_service) => {
                let (autoscaling, missing) = by_service.remove(service)?;
                gaps.extend(missing);
                Some(autoscaling)
            }
            Err(error) => {
                gaps.push(error.to_string());
                None
            }
        }
    }
}

/// Reads the autoscaling of `services`; those without a scalable target cost no further request.
pub(super) async fn read(client: &Client, cluster: &str, services: &[String]) -> Scaling {
    let ids: Vec<String> = services
        .iter()
        .map(|service| resource_id(cluster, service))
        .collect();
    let batches = ids
        .chunks(TARGETS_A_CALL)
        .map(|batch| targets(client, cluster, batch));
    let targets: Result<Vec<Vec<types::ScalableTarget>>> =
        parallel::all(batches.collect()).await.into_iter().collect();
    let targets = match targets {
        Ok(targets) => targets,
        Err(error) => return Scaling(Err(error)),
    };
    let read = targets
        .iter()
        .flatten()
        .map(|target| of_target(client, target));
    Scaling(Ok(parallel::all(read.collect())
        .await
        .into_iter()
        .collect()))
}

fn resource_id(cluster: &str, service: &str) -> String {
    format!("service/{cluster}/{service}")
}

async fn targets(
    client: &Client,
    cluster: &str,
    ids: &[String],
) -> Result<Vec<types::ScalableTarget>> {
    let pages = client
        .describe_scalable_targets()
        .service_namespace(types::ServiceNamespace::Ecs)
        .scalable_dimension(types::ScalableDimension::EcsServiceDesiredCount)
        .set_resource_ids(Some(ids.to_vec()))
        .into_paginator()
        .items()
        .send();
    every(
        pages,
        "application-autoscaling:DescribeScalableTargets",
        cluster,
    )
    .await
}

async fn of_target(
    client: &Client,
    target: &types::ScalableTarget,
) -> (String, (Autoscaling, Vec<String>)) {
    let id = target.resource_id();
    let service = id.rsplit('/').next().unwrap_or(id);
    let (policies, activities) = join(
        policies(client, id, service),
        activities(client, id, service),
    )
    .await;
    let mut gaps = Vec::new();
    let suspended = target.suspended_state();
    let is =
        |of: fn(&types::SuspendedState) -> Option<bool>| suspended.and_then(of).unwrap_or(false);
    let autoscaling = Autoscaling {
        min: target.min_capacity(),
        max: target.max_capacity(),
        scale_in_suspended: is(types::SuspendedState::dynamic_scaling_in_suspended),
        scale_out_suspended: is(types::SuspendedState::dynamic_scaling_out_suspended),
        scheduled_scaling_suspended: is(types::SuspendedState::scheduled_scaling_suspended),
        policies: or_gap(policies, &mut gaps),
        activities: or_gap(activities, &mut gaps),
    };
    (service.to_owned(), (autoscaling, gaps))
}

async fn policies(client: &Client, id: &str, service: &str) -> Result<Vec<ScalingPolicy>> {
    let pages = client
        .describe_scaling_policies()
        .service_namespace(types::ServiceNamespace::Ecs)
        .resource_id(id)
        .into_paginator()
        .items()
        .send();
    let found: Vec<types::ScalingPolicy> = every(
        pages,
        "application-autoscaling:DescribeScalingPolicies",
        service,
    )
    .await?;
    Ok(found.iter().map(policy).collect())
}

async fn activities(client: &Client, id: &str, service: &str) -> Result<Vec<ScalingActivity>> {
    const ACTION: &str = "application-autoscaling:DescribeScalingActivities";
    let mut pages = client
        .describe_scaling_activities()
        .service_namespace(types::ServiceNamespace::Ecs)
        .resource_id(id)
        .include_not_scaled_activities(true)
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while found.len() < ACTIVITIES
        && let Some(activity) = pages.next().await
    {
        found.push(activity_of(
            &activity.map_err(|e| explain(ACTION, service, e))?,
        ));
    }
    found.sort_by_key(|activity| Reverse(activity.at));
    Ok(found)
}

fn policy(found: &types::ScalingPolicy) -> ScalingPolicy {
    let tracking = found.target_tracking_scaling_policy_configuration();
    let predefined = tracking.and_then(Tracking::predefined_metric_specification);
    let customized = tracking.and_then(Tracking::customized_metric_specification);
    ScalingPolicy {
        name: found.policy_name().to_owned(),
        kind: word(Some(found.policy_type())),
        metric: predefined
            .map(|p| p.predefined_metric_type().as_str().to_owned())
            .or_else(|| Some(customized?.metric_name().unwrap_or("expression").to_owned())),
        target: tracking.map(Tracking::target_value),
        scale_in_cooldown: tracking.and_then(Tracking::scale_in_cooldown),
        scale_out_cooldown: tracking.and_then(Tracking::scale_out_cooldown),
        scale_in_disabled: tracking
            .and_then(Tracking::disable_scale_in)
            .unwrap_or(false),
        alarms: found
            .alarms()
            .iter()
            .map(|alarm| alarm.alarm_name().to_owned())
            .collect(),
    }
}

fn activity_of(found: &types::ScalingActivity) -> ScalingActivity {
    ScalingActivity {
        id: found.activity_id().to_owned(),
        at: timestamp(Some(found.start_time())),
        ended_at: timestamp(found.end_time()),
        status: word(Some(found.status_code())).into(),
        description: found.description().to_owned(),
        cause: found.cause().to_owned(),
        not_scaled_reasons: found
            .not_scaled_reasons()
            .iter()
            .map(|reason| reason.code().to_owned())
            .collect(),
    }
}
