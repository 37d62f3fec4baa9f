"""Seeds MiniStack with a service whose tasks are real containers, waits until they run, and prints its names as JSON.

    seed_ministack.py URL [CLUSTER]

Needs the Docker Engine that MiniStack talks to. Images are made FROM scratch out of busybox-static, and their names point at a
loopback port where no registry is, so that nothing is ever pulled: v1 and v2 serve and print lines, `broken` says why and exits.
A second run changes nothing.
"""

import fcntl
import io
import json
import os
import shutil
import sys
import tarfile
import tempfile
import time

import docker
from botocore.exceptions import ClientError
from client import HOME, Aws

REPOSITORY = "127.0.0.1:1/hydren-test/backend"
SERVICE = "backend"
TASKS = 2
RUNNING_SECONDS = 60
SERVE = (
    "mkdir -p /www && echo {0} > /www/index.html && httpd -p 8000 -h /www; "
    "n=0; while :; do n=$((n+1)); echo backend line $n; sleep 1; done"
)
COMMANDS = {
    "v1": SERVE.format("v1"),
    "v2": SERVE.format("v2"),
    "broken": "echo 'Traceback (most recent call last):'; echo \"KeyError: 'DATABASE_URL'\"; exit 1",
}


def main(url, cluster="harbour"):
    aws = Aws(url)
    with open(os.path.join(tempfile.gettempdir(), f"hydren-seed-{url.rsplit(':', 1)[1]}"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ecs = aws.home("ecs")
        names = {"region": HOME, "cluster": cluster, "service": SERVICE, "log_group": group(cluster), "repository": REPOSITORY}
        if not seeded(ecs, cluster):
            for tag, command in COMMANDS.items():
                build_image(tag, command)
            seed(aws, ecs, cluster, image=f"{REPOSITORY}:v1")
        print(json.dumps(names | {"tasks": running(ecs, cluster)}))


def group(cluster):
    return f"/ecs/{cluster}/{SERVICE}"


def seeded(ecs, cluster):
    try:
        return bool(ecs.describe_services(cluster=cluster, services=[SERVICE])["services"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ClusterNotFoundException":
            return False
        raise


def build_image(tag, command):
    busybox = shutil.which("busybox") or sys.exit("busybox is missing: install busybox-static")
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        tar.add(os.path.realpath(busybox), "busybox")
        lines = [
            "FROM scratch",
            "COPY busybox /bin/busybox",
            'RUN ["/bin/busybox", "--install", "/bin"]',
            f"CMD {json.dumps(['/bin/sh', '-c', command])}",
        ]
        dockerfile = "\n".join(lines).encode()
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(dockerfile)
        tar.addfile(entry, io.BytesIO(dockerfile))
    context.seek(0)
    try:
        engine = docker.from_env(timeout=60)
        engine.images.build(fileobj=context, custom_context=True, tag=f"{REPOSITORY}:{tag}", rm=True, network_mode="none")
    except docker.errors.DockerException as error:
        sys.exit(f"MiniStack's tasks need a Docker Engine (DOCKER_HOST or /var/run/docker.sock): {error}")


def seed(aws, ecs, cluster, **container):
    """Makes the cluster and its service, whose only container is as given and listens on port 8000."""
    aws.home("logs").create_log_group(logGroupName=group(cluster))
    ecs.create_cluster(clusterName=cluster)
    definition = ecs.register_task_definition(
        family=f"{cluster}-{SERVICE}",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[
            {
                "name": SERVICE,
                "essential": True,
                "portMappings": [{"containerPort": 8000}],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": group(cluster),
                        "awslogs-region": HOME,
                        "awslogs-stream-prefix": SERVICE,
                    },
                },
                **container,
            }
        ],
    )["taskDefinition"]["taskDefinitionArn"]
    subnet = aws.home("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    ecs.create_service(
        cluster=cluster,
        serviceName=SERVICE,
        taskDefinition=definition,
        desiredCount=TASKS,
        launchType="FARGATE",
        deploymentConfiguration={
            "minimumHealthyPercent": 100,
            "maximumPercent": 200,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet], "assignPublicIp": "DISABLED"}},
    )


def running(ecs, cluster):
    """The ARNs of the running tasks, once there are as many as wanted."""
    deadline = time.monotonic() + RUNNING_SECONDS
    while True:
        arns = ecs.list_tasks(cluster=cluster, serviceName=SERVICE, desiredStatus="RUNNING")["taskArns"]
        tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
        up = sorted(task["taskArn"] for task in tasks if task["lastStatus"] == "RUNNING")
        if len(up) == TASKS:
            return up
        if time.monotonic() > deadline:
            stopped = ecs.list_tasks(cluster=cluster, serviceName=SERVICE, desiredStatus="STOPPED")["taskArns"]
            reasons = [
                task.get("stoppedReason") for task in (ecs.describe_tasks(cluster=cluster, tasks=stopped)["tasks"] if stopped else [])
            ]
            sys.exit(f"{len(up)} of {TASKS} tasks run after {RUNNING_SECONDS} s; stopped ones say {reasons}")
        time.sleep(0.5)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: seed_ministack.py URL [CLUSTER]")
    main(*sys.argv[1:])
