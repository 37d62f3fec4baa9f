//! What each call sends, and what it makes of the answer.

use super::*;
use crate::cloud::aws::mocked::mocked;
use aws_sdk_ecs::{
    Client,
    operation::{stop_task::StopTaskOutput, update_service::UpdateServiceOutput},
    types,
};
use aws_smithy_mocks::mock;

fn scale_call() -> Call {
    Call::ScaleService {
        cluster: "app".to_owned(),
        service: "backend".to_owned(),
        desired: 3,
    }
}

#[tokio::test]
async fn scaling_changes_the_desired_count_and_starts_no_deployment() {
    let rule = mock!(Client::update_service)
        .match_requests(|request| {
            request.desired_count() == Some(3) && request.force_new_deployment().is_none()
        })
        .then_output(|| {
            let service = types::Service::builder()
                .service_arn("arn:backend")
                .desired_count(3)
                .build();
            UpdateServiceOutput::builder().service(service).build()
        });
    let ecs = mocked!(aws_sdk_ecs, [&rule]);
    let outcome = scale(&ecs, &scale_call(), "app", "backend", 3)
        .await
        .expect("accepted");
    assert_eq!(outcome.summary, "backend is to run 3 tasks");
    assert_eq!(outcome.resource.as_deref(), Some("arn:backend"));
}

#[tokio::test]
async fn a_restart_keeps_the_desired_count_and_names_its_deployment() {
    let rule = mock!(Client::update_service)
        .match_requests(|request| {
            request.force_new_deployment() == Some(true) && request.desired_count().is_none()
        })
        .then_output(|| {
            let deployment = types::Deployment::builder()
                .status("PRIMARY")
                .id("ecs-svc/7")
                .build();
            let service = types::Service::builder().deployments(deployment).build();
            UpdateServiceOutput::builder().service(service).build()
        });
    let ecs = mocked!(aws_sdk_ecs, [&rule]);
    let outcome = restart(&ecs, &scale_call(), "app", "backend")
        .await
        .expect("accepted");
    assert_eq!(
        outcome.summary,
        "backend is replacing its tasks: deployment ecs-svc/7"
    );
}

#[tokio::test]
async fn a_task_is_stopped_with_its_reason() {
    let rule = mock!(Client::stop_task)
        .match_requests(|request| request.reason() == Some("stuck"))
        .then_output(|| StopTaskOutput::builder().build());
    let ecs = mocked!(aws_sdk_ecs, [&rule]);
    let outcome = stop(&ecs, &scale_call(), "app", "arn:x:task/app/9f2c", "stuck")
        .await
        .expect("accepted");
    assert_eq!(outcome.summary, "task 9f2c is stopping");
}
