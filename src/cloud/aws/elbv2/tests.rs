use super::*;
use crate::{cloud::aws::mocked::mocked, model::balancer::ListenerRule};
use aws_sdk_elasticloadbalancingv2::operation as op;
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::error::ErrorMetadata;

const ALB: &str = "arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/app-alb/50dc6c49";

fn group_arn(name: &str) -> String {
    format!("arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/{name}/6d0ecf83")
}

fn denied() -> ErrorMetadata {
    ErrorMetadata::builder().code("AccessDenied").build()
}

/// A balancer with one HTTP listener and one target group; what hangs on them is in the tests' own rules.
fn skeleton() -> Vec<Rule> {
    vec![
        mock!(Client::describe_load_balancers).then_output(|| {
            let balancer = types::LoadBalancer::builder()
                .load_balancer_name("app-alb")
                .load_balancer_arn(ALB)
                .build();
            op::describe_load_balancers::DescribeLoadBalancersOutput::builder()
                .load_balancers(balancer)
                .build()
        }),
        mock!(Client::describe_listeners).then_output(|| {
            let listener = types::Listener::builder()
                .listener_arn(
                    "arn:aws:elasticloadbalancing:eu-central-1:1:listener/app/app-alb/1/2",
                )
                .protocol(types::ProtocolEnum::Http)
                .port(80)
                .build();
            op::describe_listeners::DescribeListenersOutput::builder()
                .listeners(listener)
                .build()
        }),
        mock!(Client::describe_target_groups).then_output(|| {
            let group = types::TargetGroup::builder()
                .target_group_name("backend")
                .target_group_arn(group_arn("backend"))
                .build();
            op::describe_target_groups::DescribeTargetGroupsOutput::builder()
                .target_groups(group)
                .build()
        }),
    ]
}

fn attributes() -> Vec<Rule> {
    vec![
        mock!(Client::describe_load_balancer_attributes).then_output(|| {
            let timeout = types::LoadBalancerAttribute::builder()
                .key("idle_timeout.timeout_seconds")
                .value("75")
                .build();
            op::describe_load_balancer_attributes::DescribeLoadBalancerAttributesOutput::builder()
                .attributes(timeout)
                .build()
        }),
        mock!(Client::describe_target_group_attributes).then_output(|| {
            op::describe_target_group_attributes::DescribeTargetGroupAttributesOutput::builder()
                .build()
        }),
    ]
}

fn targets() -> Rule {
    mock!(Client::describe_target_health).then_output(|| {
        let health = types::TargetHealth::builder()
            .state(types::TargetHealthStateEnum::Unhealthy)
            .reason(types::TargetHealthReasonEnum::ResponseCodeMismatch)
            .description("Health checks failed with these codes: [502]")
            .build();
        let target = types::TargetDescription::builder()
            .id("10.0.1.7")
            .port(8000)
            .build();
        op::describe_target_health::DescribeTargetHealthOutput::builder()
            .target_health_descriptions(
                types::TargetHealthDescription::builder()
                    .target(target)
                    .target_health(health)
                    .build(),
            )
            .build()
    })
}

fn rules() -> Rule {
    mock!(Client::describe_rules).then_output(|| {
        let weighted = |name: &str, weight| {
            types::TargetGroupTuple::builder()
                .target_group_arn(group_arn(name))
                .weight(weight)
                .build()
        };
        let split = types::Action::builder()
            .r#type(types::ActionTypeEnum::Forward)
            .forward_config(
                types::ForwardActionConfig::builder()
                    .target_groups(weighted("blue", 90))
                    .target_groups(weighted("green", 10))
                    .build(),
            )
            .build();
        let canary = types::RuleCondition::builder()
            .field("http-header")
            .http_header_config(
                types::HttpHeaderConditionConfig::builder()
                    .http_header_name("X-Canary")
                    .values("yes")
                    .values("1")
                    .build(),
            )
            .build();
        let rule =
            |priority: &str, action| types::Rule::builder().priority(priority).actions(action);
        let to_https = types::Action::builder()
            .r#type(types::ActionTypeEnum::Redirect)
            .redirect_config(
                types::RedirectActionConfig::builder()
                    .protocol("HTTPS")
                    .host("#{host}")
                    .port("443")
                    .path("/#{path}")
                    .build(),
            )
            .build();
        op::describe_rules::DescribeRulesOutput::builder()
            .rules(rule("default", to_https).build())
            .rules(rule("10", split.clone()).build())
            .rules(rule("9", split).conditions(canary).build())
            .build()
    })
}

async fn read_with(rules: Vec<Rule>) -> Balancer {
    let mut all = skeleton();
    all.extend(rules);
    let elb = mocked!(aws_sdk_elasticloadbalancingv2, &all);
    let acm = mocked!(aws_sdk_acm, &[] as &[Rule]);
    load(&elb, &acm, "app-alb").await.expect("found")
}

fn whole() -> Vec<Rule> {
    let mut all = attributes();
    all.extend([targets(), rules()]);
    all
}

#[tokio::test]
async fn rules_stand_by_priority_and_read_as_people_say_them() {
    let balancer = read_with(whole()).await;
    let shown: Vec<(&str, String, String)> = balancer.listeners[0]
        .rules
        .iter()
        .map(|r: &ListenerRule| {
            (
                r.priority.as_str(),
                r.conditions.join(","),
                r.actions.join(","),
            )
        })
        .collect();
    let forward = "forward blue 90, green 10".to_owned();
    assert_eq!(
        shown,
        [
            (
                "9",
                "header X-Canary (value withheld)".to_owned(),
                forward.clone()
            ),
            ("10", String::new(), forward),
            ("default", String::new(), "redirect HTTPS:443".to_owned()),
        ]
    );
}

#[tokio::test]
async fn an_unhealthy_target_says_why_in_awss_words() {
    let balancer = read_with(whole()).await;
    let target = &balancer.target_groups[0].targets[0];
    assert_eq!(target.state, TargetState::Unhealthy);
    assert_eq!(
        target.reason.as_deref(),
        Some("Target.ResponseCodeMismatch")
    );
    assert_eq!(
        target.description.as_deref(),
        Some("Health checks failed with these codes: [502]")
    );
}

#[tokio::test]
async fn denied_targets_are_said_at_their_group_and_denied_attributes_as_a_gap() {
    let balancer = read_with(vec![
        rules(),
        mock!(Client::describe_target_health).then_error(|| {
            op::describe_target_health::DescribeTargetHealthError::generic(denied())
        }),
        mock!(Client::describe_load_balancer_attributes).then_error(|| {
            op::describe_load_balancer_attributes::DescribeLoadBalancerAttributesError::generic(
                denied(),
            )
        }),
        attributes().remove(1),
    ])
    .await;
    assert_eq!(
        balancer.target_groups[0].targets_error.as_deref(),
        Some("elasticloadbalancing:DescribeTargetHealth on backend was denied")
    );
    assert_eq!(
        balancer.gaps,
        ["elasticloadbalancing:DescribeLoadBalancerAttributes on app/app-alb/50dc6c49 was denied"]
    );
    assert_eq!(balancer.listeners[0].rules.len(), 3);
}

#[tokio::test]
async fn a_balancer_that_does_not_exist_is_not_found() {
    let none = mock!(Client::describe_load_balancers).then_output(|| {
        op::describe_load_balancers::DescribeLoadBalancersOutput::builder().build()
    });
    let elb = mocked!(aws_sdk_elasticloadbalancingv2, [&none]);
    let error = find(&elb, "app-alb").await.expect_err("none");
    assert_eq!(error.kind, ErrorKind::NotFound);
}

#[test]
fn the_metric_dimension_is_the_end_of_the_arn() {
    assert_eq!(dimension(ALB), "app/app-alb/50dc6c49");
}
