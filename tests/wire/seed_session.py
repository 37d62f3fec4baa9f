"""Seeds MiniStack with a service of one task that has a task role and ECS Exec, and prints its names as JSON.

    seed_session.py URL

Meant for a MiniStack without a Docker Engine, whose tasks count as running at once.
"""

import json
import sys

from client import HOME, Aws

CLUSTER = "pier"
SERVICE = "backend"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def main(url):
    aws = Aws(url)
    role = aws.home("iam").create_role(RoleName="pier-task", AssumeRolePolicyDocument=json.dumps(TRUST))
    ecs = aws.home("ecs")
    ecs.create_cluster(clusterName=CLUSTER)
    ecs.register_task_definition(
        family=SERVICE,
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        taskRoleArn=role["Role"]["Arn"],
        containerDefinitions=[{"name": SERVICE, "image": "127.0.0.1:1/none", "essential": True}],
    )
    ecs.create_service(
        cluster=CLUSTER,
        serviceName=SERVICE,
        taskDefinition=SERVICE,
        desiredCount=1,
        launchType="FARGATE",
        platformVersion="1.4.0",
        enableExecuteCommand=True,
    )
    task = ecs.list_tasks(cluster=CLUSTER)["taskArns"][0].rsplit("/", 1)[1]
    print(json.dumps({"region": HOME, "cluster": CLUSTER, "service": SERVICE, "task": task}))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: seed_session.py URL")
    main(sys.argv[1])
