"""Makes a user on a MiniStack server who may read and scale nothing, and prints the access key as JSON.

usage: permissions_ministack.py URL
"""

import json
import sys
import uuid

from client import Aws

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["ecs:Describe*", "ecs:List*", "ecs:StopTask", "iam:SimulatePrincipalPolicy"],
            "Resource": "*",
        }
    ],
}


def main(url):
    iam = Aws(url).home("iam")
    name = f"watcher-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="reads", PolicyDocument=json.dumps(POLICY))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    print(json.dumps({"id": key["AccessKeyId"], "secret": key["SecretAccessKey"], "user": name}))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
