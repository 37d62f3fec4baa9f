"""Runs tasks on MiniStack whose containers print numbered lines into a log group of their own, and prints its name as JSON.

    count_ministack.py URL LINES

Each of the tasks prints `line 1` to `line LINES` into a stream of its own, 2.5 a second: MiniStack keeps ten lines for a session of
Live Tail and looks once a second whether there are any, so that more than that would be sampled.
"""

import json
import sys
import uuid

from client import HOME, Aws
from seed_ministack import COMMANDS, REPOSITORY, build_image

CLUSTER = "harbour"
TASKS = 2


def main(url, lines):
    aws = Aws(url)
    build_image("v1", COMMANDS["v1"])
    name = f"counter-{uuid.uuid4().hex[:8]}"
    group = f"/ecs/{CLUSTER}/{name}"
    aws.home("logs").create_log_group(logGroupName=group)
    ecs = aws.home("ecs")
    ecs.create_cluster(clusterName=CLUSTER)
    count = f"n=0; while [ $n -lt {lines} ]; do n=$((n+1)); echo line $n; sleep 0.4; done; sleep 600"
    container = {
        "name": "counter",
        "image": f"{REPOSITORY}:v1",
        "essential": True,
        "command": ["/bin/sh", "-c", count],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": group, "awslogs-region": HOME, "awslogs-stream-prefix": name},
        },
    }
    definition = ecs.register_task_definition(
        family=name,
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[container],
    )["taskDefinition"]["taskDefinitionArn"]
    subnet = aws.home("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    answer = ecs.run_task(
        cluster=CLUSTER,
        taskDefinition=definition,
        count=TASKS,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet], "assignPublicIp": "DISABLED"}},
    )
    if answer["failures"]:
        sys.exit(f"the tasks do not run: {answer['failures']}")
    tasks = [task["taskArn"] for task in answer["tasks"]]
    print(json.dumps({"log_group": group, "tasks": tasks}))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: count_ministack.py URL LINES")
    main(sys.argv[1], int(sys.argv[2]))
