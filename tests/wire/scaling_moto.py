"""Autoscaled services for operations, made and read with boto3.

    scaling_moto.py URL             makes them; prints the name of their `cluster`
    scaling_moto.py URL CLUSTER     prints `targets` by service and `policies` by service and name as they are now
"""

import json
import sys

from client import Aws, pages

CLUSTER = "scaling"
DIMENSION = "ecs:service:DesiredCount"


def place(service):
    return {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{CLUSTER}/{service}",
        "ScalableDimension": DIMENSION,
    }


def make(aws):
    ecs, scaling = aws.home("ecs"), aws.home("application-autoscaling")
    ecs.create_cluster(clusterName=CLUSTER)
    for service, count in (("backend", 2), ("frontend", 1)):
        ecs.register_task_definition(
            family=f"scaling-{service}",
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="1024",
            containerDefinitions=[{"name": service, "image": "app:1", "essential": True}],
        )
        ecs.create_service(
            cluster=CLUSTER,
            serviceName=service,
            taskDefinition=f"scaling-{service}",
            desiredCount=count,
            launchType="FARGATE",
        )
    scaling.register_scalable_target(
        **place("backend"),
        MinCapacity=1,
        MaxCapacity=4,
        SuspendedState={
            "DynamicScalingInSuspended": False,
            "DynamicScalingOutSuspended": False,
            "ScheduledScalingSuspended": True,
        },
    )
    scaling.put_scaling_policy(
        **place("backend"),
        PolicyName="hold-cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 60.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            "ScaleInCooldown": 300,
            "ScaleOutCooldown": 120,
            "DisableScaleIn": True,
        },
    )
    scaling.put_scaling_policy(
        **place("backend"),
        PolicyName="surge",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity",
            "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 2}],
            "Cooldown": 60,
        },
    )
    return {"cluster": CLUSTER}


def read(aws, cluster):
    scaling = aws.home("application-autoscaling")
    targets, policies = {}, {}
    of_cluster = lambda record: record["ResourceId"].startswith(f"service/{cluster}/")
    for target in filter(of_cluster, pages(scaling, "describe_scalable_targets", "ScalableTargets", ServiceNamespace="ecs")):
        fields = ("MinCapacity", "MaxCapacity", "SuspendedState", "ScalableDimension")
        targets[target["ResourceId"].split("/")[2]] = {field: target[field] for field in fields}
    for policy in filter(of_cluster, pages(scaling, "describe_scaling_policies", "ScalingPolicies", ServiceNamespace="ecs")):
        kept = {key: value for key, value in policy.items() if key.endswith("Configuration") or key == "PolicyType"}
        policies.setdefault(policy["ResourceId"].split("/")[2], {})[policy["PolicyName"]] = kept
    return {"targets": targets, "policies": policies}


if __name__ == "__main__":
    url, *names = sys.argv[1:]
    aws = Aws(url)
    print(json.dumps(read(aws, *names) if names else make(aws), default=str))
