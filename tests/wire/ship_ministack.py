"""Makes in MiniStack a service whose tasks pull IMAGE with a login of their own, waits until they run, and prints its names as JSON.

    ship_ministack.py URL CLUSTER IMAGE USER PASSWORD

The cluster is as `seed_ministack.py` makes one: 0.25 vCPU and 512 MiB for a task, port 8000. The login is a secret of Secrets Manager,
which the container names, as Fargate wants it for private registries other than ECR.
"""

import json
import sys

from client import HOME, Aws
from seed_ministack import SERVICE, running, seed


def main(url, cluster, image, user, password):
    aws = Aws(url)
    ecs = aws.home("ecs")
    login = aws.home("secretsmanager").create_secret(
        Name=f"{cluster}-registry", SecretString=json.dumps({"username": user, "password": password})
    )["ARN"]
    seed(aws, ecs, cluster, image=image, repositoryCredentials={"credentialsParameter": login})
    names = {"region": HOME, "cluster": cluster, "service": SERVICE, "login": login}
    print(json.dumps(names | {"tasks": running(ecs, cluster)}))


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit("usage: ship_ministack.py URL CLUSTER IMAGE USER PASSWORD")
    main(*sys.argv[1:])
