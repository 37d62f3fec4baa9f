"""Makes secrets and parameters in moto, and prints which there are as JSON.

    secrets_moto.py URL
"""

import json
import sys
import uuid

from client import Aws


def main(url):
    aws = Aws(url)
    secrets, parameters = aws.home("secretsmanager"), aws.home("ssm")
    name = f"shop/{uuid.uuid4()}"
    kept = secrets.create_secret(Name=name, SecretString='{"password":"hunter2"}')["ARN"]
    leaving = secrets.create_secret(Name=f"{name}-leaving", SecretString="hunter2")["ARN"]
    secrets.delete_secret(SecretId=leaving, RecoveryWindowInDays=7)
    found = {"secret": kept, "leaving": leaving, "missing": kept.replace("shop/", "shop/no-")}
    for key, path in [("deep", f"/{name}"), ("flat", f"flat-{uuid.uuid4()}")]:
        parameters.put_parameter(Name=path, Value="hunter2", Type="SecureString")
        found[key] = parameters.get_parameter(Name=path)["Parameter"]["ARN"]
    found["missing_parameter"] = found["deep"] + "-no"
    print(json.dumps(found))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: secrets_moto.py URL")
    main(sys.argv[1])
