"""Seeds MiniStack with a service whose tasks are real containers, waits until they run, and prints its names as JSON.

    seed_ministack.py URL

Needs the Docker Engine that MiniStack talks to. The image is made FROM scratch out of busybox-static, and its name points at a
loopback port where no registry is, so that nothing is ever pulled. A second run changes nothing.
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

IMAGE = "127.0.0.1:1/hydren-test/backend:v1"
CLUSTER = "harbour"
SERVICE = "backend"
GROUP = f"/ecs/{CLUSTER}/{SERVICE}"
TASKS = 2
RUNNING_SECONDS = 60
COMMAND = "mkdir -p /www && echo ok > /www/index.html && httpd -p 8000 -h /www; n=0; while :; do n=$((n+1)); echo backend line $n; sleep 1; done"


def main(url):
    aws = Aws(url)
    with open(os.path.join(tempfile.gettempdir(), f"hydren-seed-{url.rsplit(':', 1)[1]}"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ecs = aws.home("ecs")
        names = {"region": HOME, "cluster": CLUSTER, "service": SERVICE, "log_group": GROUP}
        if not seeded(ecs):
            build_image()
            seed(aws, ecs)
        print(json.dumps(names | {"tasks": running(ecs)}))


def seeded(ecs):
    try:
        return bool(ecs.describe_services(cluster=CLUSTER, services=[SERVICE])["services"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ClusterNotFoundException":
            return False
        raise


def build_image():
    busybox = shutil.which("busybox") or sys.exit("busybox is missing: install busybox-static")
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        tar.add(os.path.realpath(busybox), "busybox")
        lines = [
            "FROM scratch",
            "COPY busybox /bin/busybox",
            'RUN ["/bin/busybox", "--install", "/bin"]',
            f"CMD {json.dumps(['/bin/sh', '-c', COMMAND])}",
        ]
        dockerfile = "\n".join(lines).encode()
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(dockerfile)
        tar.addfile(entry, io.BytesIO(dockerfile))
    context.seek(0)
    try:
        engine = docker.from_env(timeout=60)
        engine.images.build(fileobj=context, custom_context=True, tag=IMAGE, rm=True, network_mode="none")
    except docker.errors.DockerException as error:
        sys.exit(f"MiniStack's tasks need a Docker Engine (DOCKER_HOST or /var/run/docker.sock): {error}")


def seed(aws, ecs):
    aws.home("logs").create_log_group(logGroupName=GROUP)
    ecs.create_cluster(clusterName=CLUSTER)
    definition = ecs.register_task_definition(
        family=f"{CLUSTER}-{SERVICE}",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[
            {
                "name": SERVICE,
                "image": IMAGE,
                "essential": True,
                "portMappings": [{"containerPort": 8000}],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": GROUP,
                        "awslogs-region": HOME,
                        "awslogs-stream-prefix": SERVICE,
                    },
                },
            }
        ],
    )["taskDefinition"]["taskDefinitionArn"]
    subnet = aws.home("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    ecs.create_service(
        cluster=CLUSTER,
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


def running(ecs):
    """The ARNs of the running tasks, once there are as many as wanted."""
    deadline = time.monotonic() + RUNNING_SECONDS
    while True:
        arns = ecs.list_tasks(cluster=CLUSTER, serviceName=SERVICE, desiredStatus="RUNNING")["taskArns"]
        tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
        up = sorted(task["taskArn"] for task in tasks if task["lastStatus"] == "RUNNING")
        if len(up) == TASKS:
            return up
        if time.monotonic() > deadline:
            stopped = ecs.list_tasks(cluster=CLUSTER, serviceName=SERVICE, desiredStatus="STOPPED")["taskArns"]
            reasons = [
                task.get("stoppedReason") for task in (ecs.describe_tasks(cluster=CLUSTER, tasks=stopped)["tasks"] if stopped else [])
            ]
            sys.exit(f"{len(up)} of {TASKS} tasks run after {RUNNING_SECONDS} s; stopped ones say {reasons}")
        time.sleep(0.5)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: seed_ministack.py URL")
    main(sys.argv[1])
