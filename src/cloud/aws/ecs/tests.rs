use super::*;
use crate::{
    cloud::aws::mocked::mocked,
    model::state::{HookStatus, RolloutStatus, StopCode, TaskHealth},
};
use aws_sdk_applicationautoscaling::{
    self as scaling, operation as scaling_op, types as scaling_types,
};
use aws_sdk_ecs::operation as op;
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use jiff::Timestamp;

const SERVICE: &str = "backend";

fn clusters() -> Rule {
    mock!(Client::describe_clusters).then_output(|| {
        op::describe_clusters::DescribeClustersOutput::builder()
            .clusters(types::Cluster::builder().cluster_name("app").build())
            .build()
    })
}

fn services() -> Rule {
    mock!(Client::describe_services).then_output(|| {
        let service = types::Service::builder()
            .service_name(SERVICE)
            .task_definition("arn:aws:ecs:eu-central-1:1:task-definition/backend:42")
            .desired_count(4)
            .running_count(2)
            .build();
        op::describe_services::DescribeServicesOutput::builder()
            .services(service)
            .build()
    })
}

fn definitions() -> Rule {
    mock!(Client::describe_task_definition).then_output(|| {
        let variable = types::KeyValuePair::builder()
            .name("DATABASE_URL")
            .value("postgres://app:hunter2@db")
            .build();
        let container = types::ContainerDefinition::builder()
            .name("app")
            .image("backend:42")
            .environment(variable)
            .build();
        let definition = types::TaskDefinition::builder()
            .family("backend")
            .revision(42)
            .cpu("1024")
            .memory("2048")
            .container_definitions(container)
            .build();
        op::describe_task_definition::DescribeTaskDefinitionOutput::builder()
            .task_definition(definition)
            .build()
    })
}

fn task_arn(id: &str) -> String {
    format!("arn:aws:ecs:eu-central-1:1:task/app/{id}")
}

/// One task runs, `crashed` stopped; the stopped one is on the second page of its list.
fn tasks() -> [Rule; 4] {
    let list = |status: types::DesiredStatus, token: Option<&'static str>| {
        mock!(Client::list_tasks).match_requests(move |request| {
            request.desired_status() == Some(&status) && request.next_token() == token
        })
    };
    let running = list(types::DesiredStatus::Running, None).then_output(|| {
        op::list_tasks::ListTasksOutput::builder()
            .task_arns(task_arn("serving"))
            .build()
    });
    let first = list(types::DesiredStatus::Stopped, None).then_output(|| {
        op::list_tasks::ListTasksOutput::builder()
            .next_token("more")
            .build()
    });
    let second = list(types::DesiredStatus::Stopped, Some("more")).then_output(|| {
        op::list_tasks::ListTasksOutput::builder()
            .task_arns(task_arn("crashed"))
            .build()
    });
    let described = mock!(Client::describe_tasks).then_output(|| {
        let task = |id: &str| {
            types::Task::builder()
                .task_arn(task_arn(id))
                .task_definition_arn("arn:aws:ecs:eu-central-1:1:task-definition/backend:42")
                .cpu("1024")
                .memory("2048")
        };
        let address = types::KeyValuePair::builder()
            .name("privateIPv4Address")
            .value("10.0.1.7")
            .build();
        let serving = task("serving")
            .last_status("RUNNING")
            .attachments(types::Attachment::builder().details(address).build())
            .build();
        let crashed = task("crashed")
            .last_status("STOPPED")
            .stop_code(types::TaskStopCode::EssentialContainerExited)
            .stopped_reason("Essential container in task exited")
            .stopped_at(DateTime::from_secs(1_000))
            .containers(
                types::Container::builder()
                    .name("app")
                    .exit_code(137)
                    .reason("OutOfMemoryError: Container killed due to memory usage")
                    .build(),
            )
            .build();
        op::describe_tasks::DescribeTasksOutput::builder()
            .tasks(crashed)
            .tasks(serving)
            .build()
    });
    [running, first, second, described]
}

fn deployment_arn(id: &str) -> String {
    format!("arn:aws:ecs:eu-central-1:1:service-deployment/app/backend/{id}")
}

fn revision_arn(id: &str) -> String {
    format!("arn:aws:ecs:eu-central-1:1:service-revision/app/backend/{id}")
}

fn summary(id: &str) -> types::ServiceRevisionSummary {
    types::ServiceRevisionSummary::builder()
        .arn(revision_arn(id))
        .requested_task_count(4)
        .running_task_count(1)
        .pending_task_count(3)
        .build()
}

/// An old rollout that succeeded, and a newer one that is being rolled back; both told only when `expected` ones are asked for.
fn rollouts(expected: &'static [&'static str]) -> [Rule; 3] {
    let list = mock!(Client::list_service_deployments).then_output(|| {
        let brief = |id: &str, at| {
            types::ServiceDeploymentBrief::builder()
                .service_deployment_arn(deployment_arn(id))
                .created_at(DateTime::from_secs(at))
                .build()
        };
        op::list_service_deployments::ListServiceDeploymentsOutput::builder()
            .service_deployments(brief("old", 100))
            .service_deployments(brief("new", 200))
            .build()
    });
    let asked = move |arns: &[String]| {
        arns.iter().eq(expected
            .iter()
            .map(|id| deployment_arn(id))
            .collect::<Vec<_>>()
            .iter())
    };
    let describe = mock!(Client::describe_service_deployments)
        .match_requests(move |request| asked(request.service_deployment_arns()))
        .then_compute_output(|request| {
            let breaker = types::ServiceDeploymentCircuitBreaker::builder()
                .status(types::ServiceDeploymentRollbackMonitorsStatus::Triggered)
                .failure_count(3)
                .threshold(3)
                .build();
            let new = types::ServiceDeployment::builder()
                .service_deployment_arn(deployment_arn("new"))
                .status(types::ServiceDeploymentStatus::RollbackInProgress)
                .created_at(DateTime::from_secs(200))
                .source_service_revisions(summary("41"))
                .target_service_revision(summary("42"))
                .deployment_circuit_breaker(breaker)
                .lifecycle_hook_details(
                    types::DeploymentLifecycleHookDetail::builder()
                        .hook_id("hook-1")
                        .target_type(types::DeploymentLifecycleHookTargetType::Pause)
                        .status(types::DeploymentLifecycleHookStatus::AwaitingAction)
                        .expires_at(DateTime::from_secs(3_600))
                        .timeout_action(types::DeploymentLifecycleHookAction::Rollback)
                        .build(),
                )
                .rollback(types::Rollback::builder().reason("circuit breaker").build())
                .build();
            let old = types::ServiceDeployment::builder()
                .service_deployment_arn(deployment_arn("old"))
                .status(types::ServiceDeploymentStatus::Successful)
                .created_at(DateTime::from_secs(100))
                .target_service_revision(summary("41"))
                .build();
            let asked = |d: &types::ServiceDeployment| {
                let arn = d.service_deployment_arn().unwrap_or_default();
                request
                    .service_deployment_arns()
                    .iter()
                    .any(|asked| asked == arn)
            };
            op::describe_service_deployments::DescribeServiceDeploymentsOutput::builder()
                .set_service_deployments(Some([new, old].into_iter().filter(asked).collect()))
                .build()
        });
    let revisions = mock!(Client::describe_service_revisions).then_output(|| {
        let revision = |id: &str| {
            types::ServiceRevision::builder()
                .service_revision_arn(revision_arn(id))
                .task_definition(format!(
                    "arn:aws:ecs:eu-central-1:1:task-definition/backend:{id}"
                ))
                .build()
        };
        op::describe_service_revisions::DescribeServiceRevisionsOutput::builder()
            .service_revisions(revision("41"))
            .service_revisions(revision("42"))
            .build()
    });
    [list, describe, revisions]
}

fn refused_rollouts() -> Rule {
    mock!(Client::list_service_deployments).then_error(|| {
        op::list_service_deployments::ListServiceDeploymentsError::generic(
            aws_smithy_types::error::ErrorMetadata::builder()
                .code("AccessDeniedException")
                .message("no")
                .build(),
        )
    })
}

/// The service is at its most tasks, and would have more.
fn autoscaling() -> scaling::Client {
    let targets = mock!(scaling::Client::describe_scalable_targets).then_output(|| {
        let target = scaling_types::ScalableTarget::builder()
            .service_namespace(scaling_types::ServiceNamespace::Ecs)
            .resource_id("service/app/backend")
            .scalable_dimension(scaling_types::ScalableDimension::EcsServiceDesiredCount)
            .min_capacity(1)
            .max_capacity(4)
            .role_arn("role")
            .creation_time(DateTime::from_secs(1))
            .build()
            .expect("complete");
        scaling_op::describe_scalable_targets::DescribeScalableTargetsOutput::builder()
            .scalable_targets(target)
            .build()
    });
    let policies = mock!(scaling::Client::describe_scaling_policies).then_output(|| {
        scaling_op::describe_scaling_policies::DescribeScalingPoliciesOutput::builder().build()
    });
    let activities = mock!(scaling::Client::describe_scaling_activities)
        .match_requests(|request| request.include_not_scaled_activities() == Some(true))
        .then_output(|| {
            let reason = scaling_types::NotScaledReason::builder()
                .code("AlreadyAtMaxCapacity")
                .max_capacity(4)
                .build()
                .expect("complete");
            let activity = scaling_types::ScalingActivity::builder()
                .activity_id("a")
                .service_namespace(scaling_types::ServiceNamespace::Ecs)
                .resource_id("service/app/backend")
                .scalable_dimension(scaling_types::ScalableDimension::EcsServiceDesiredCount)
                .description("Attempting to scale due to alarm triggered")
                .cause("monitor alarm in state ALARM")
                .start_time(DateTime::from_secs(500))
                .status_code(scaling_types::ScalingActivityStatusCode::Failed)
                .not_scaled_reasons(reason)
                .build()
                .expect("complete");
            scaling_op::describe_scaling_activities::DescribeScalingActivitiesOutput::builder()
                .scaling_activities(activity)
                .build()
        });
    mocked!(scaling, [&targets, &policies, &activities])
}

async fn read_with(memo: &Memo, rules: &[Rule]) -> Compute {
    let ecs = mocked!(aws_sdk_ecs, rules);
    load(&ecs, &autoscaling(), memo, "app", vec![SERVICE.to_owned()])
        .await
        .expect("cluster and services are readable")
}

fn whole() -> Vec<Rule> {
    let mut rules = vec![clusters(), services(), definitions()];
    rules.extend(tasks());
    rules.extend(rollouts(&["new", "old"]));
    rules
}

#[tokio::test]
async fn a_stopped_task_says_why_it_stopped() {
    let compute = read_with(&Memo::default(), &whole()).await;
    let service = &compute.services[0];
    let stopped = &service.stopped[0];
    assert_eq!(stopped.id, "crashed");
    assert_eq!(stopped.revision, "backend:42");
    assert_eq!(stopped.stop_code, Some(StopCode::EssentialContainerExited));
    assert_eq!(stopped.containers[0].exit_code, Some(137));
    assert_eq!(
        stopped.containers[0].reason.as_deref(),
        Some("OutOfMemoryError: Container killed due to memory usage")
    );
}

#[tokio::test]
async fn a_running_task_is_not_among_the_stopped() {
    let compute = read_with(&Memo::default(), &whole()).await;
    let tasks = &compute.services[0].tasks;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].id, "serving");
    assert_eq!(tasks[0].private_ip.as_deref(), Some("10.0.1.7"));
    assert_eq!((tasks[0].cpu, tasks[0].memory), (1024, 2048));
    assert_eq!(tasks[0].health, TaskHealth::Unknown);
}

#[tokio::test]
async fn values_of_environment_variables_are_dropped_and_names_kept() {
    let compute = read_with(&Memo::default(), &whole()).await;
    let definition = compute.services[0].task_definition.as_ref().expect("read");
    assert_eq!(definition.containers[0].environment, ["DATABASE_URL"]);
    assert!(!format!("{compute:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_rollout_in_rollback_names_its_revisions_and_its_circuit_breaker() {
    let compute = read_with(&Memo::default(), &whole()).await;
    let rollout = &compute.services[0].rollouts[0];
    assert_eq!(rollout.status, RolloutStatus::RollbackInProgress);
    assert_eq!(rollout.target.as_deref(), Some("backend:42"));
    assert_eq!(rollout.sources, ["backend:41"]);
    assert_eq!(rollout.target_tasks, Some((4, 1, 3)));
    assert_eq!(rollout.rollback_reason.as_deref(), Some("circuit breaker"));
    let hook = rollout.hooks.first().expect("told");
    assert_eq!(hook.status, HookStatus::AwaitingAction);
    let what = (hook.id.as_str(), hook.kind.as_str());
    assert_eq!(what, ("hook-1", "PAUSE"));
    assert_eq!(hook.on_timeout.as_deref(), Some("ROLLBACK"));
    assert_eq!(hook.expires_at.map(Timestamp::as_second), Some(3_600));
    assert!(rollout.paused().is_none(), "it is rolled back already");
    let breaker = rollout.circuit_breaker.as_ref().expect("told");
    assert_eq!(
        (breaker.status.as_str(), breaker.failures, breaker.threshold),
        ("TRIGGERED", 3, 3)
    );
}

#[tokio::test]
async fn what_never_changes_is_read_once() {
    let memo = Memo::default();
    let first = read_with(&memo, &whole()).await;
    assert_eq!(first.services[0].rollouts.len(), 2);

    // The second read has no answer for a task definition or for the ended rollout, and needs none.
    let mut rules = vec![clusters(), services()];
    rules.extend(tasks());
    rules.extend(rollouts(&["new"]));
    let second = read_with(&memo, &rules).await;
    assert_eq!(second.services[0].gaps, Vec::<String>::new());
    assert_eq!(
        second.services[0]
            .task_definition
            .as_ref()
            .map(TaskDefinition::name),
        Some("backend:42".to_owned())
    );
    let statuses: Vec<&str> = second.services[0]
        .rollouts
        .iter()
        .map(|r| r.status.word())
        .collect();
    assert_eq!(statuses, ["ROLLBACK_IN_PROGRESS", "SUCCESSFUL"]);
}

#[tokio::test]
async fn a_service_at_its_most_tasks_says_that_it_was_not_scaled() {
    let compute = read_with(&Memo::default(), &whole()).await;
    let autoscaling = compute.services[0]
        .autoscaling
        .as_ref()
        .expect("registered");
    assert_eq!((autoscaling.min, autoscaling.max), (1, 4));
    assert_eq!(
        autoscaling.activities[0].not_scaled_reasons,
        ["AlreadyAtMaxCapacity"]
    );
}

#[tokio::test]
async fn refused_rollouts_are_one_gap_beside_a_readable_service() {
    let mut rules = vec![clusters(), services(), definitions(), refused_rollouts()];
    rules.extend(tasks());
    let compute = read_with(&Memo::default(), &rules).await;
    let service = &compute.services[0];
    assert_eq!(service.tasks.len(), 1);
    assert_eq!(
        service.gaps,
        ["ecs:ListServiceDeployments on backend was denied"]
    );
}

#[tokio::test]
async fn a_named_service_that_ecs_does_not_have_stays_in_the_list_as_missing() {
    let ecs = mocked!(aws_sdk_ecs, &whole());
    let named = vec![SERVICE.to_owned(), "ghost".to_owned()];
    let compute = load(&ecs, &autoscaling(), &Memo::default(), "app", named)
        .await
        .expect("readable");
    let ghost = compute.service("ghost").expect("listed");
    assert_eq!(ghost.status, ServiceStatus::Missing);
    assert_eq!(ghost.gaps, ["cluster app has no service ghost"]);
}

#[tokio::test]
async fn an_answer_without_a_task_definition_is_a_gap_and_is_asked_for_again() {
    let arn = "arn:aws:ecs:eu-central-1:1:task-definition/backend:42";
    let empty = mock!(Client::describe_task_definition).then_output(|| {
        op::describe_task_definition::DescribeTaskDefinitionOutput::builder().build()
    });
    let (ecs, memo) = (mocked!(aws_sdk_ecs, [&empty]), Memo::default());
    for reads in 1..=2 {
        let definitions = definitions::read(&ecs, &memo, [arn].into_iter()).await;
        let mut gaps = Vec::new();
        assert!(definitions.take(Some(arn), &mut gaps).is_none());
        assert_eq!(
            gaps,
            ["ecs:DescribeTaskDefinition on backend:42 answered without a task definition"]
        );
        assert_eq!(empty.num_calls(), reads);
    }
}
