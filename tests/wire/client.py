"""The independent client: boto3 against the test servers, with the keys and the regions that the tests use."""

import boto3
from botocore.config import Config

HOME = "eu-west-1"
EDGE = "us-east-1"


class Aws:
    """Makes boto3 clients; `edge` ones talk to us-east-1, where CloudFront's and Route 53's things live.

    `cloudwatch` may be another server: moto does not speak the protocol of CloudWatch that AWS's Rust SDK speaks.
    """

    def __init__(self, url, cloudwatch=None):
        self.url = url
        self.own = {"cloudwatch": cloudwatch or url}
        self.session = boto3.session.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name=HOME
        )

    def home(self, service):
        return self.client(service, HOME)

    def edge(self, service):
        return self.client(service, EDGE)

    def client(self, service, region):
        config = Config(
            connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 3}
        )
        url = self.own.get(service, self.url)
        return self.session.client(service, region_name=region, endpoint_url=url, config=config)


def pages(client, operation, key, **arguments):
    """Every item of a paginated answer; `key` is a path such as `DistributionList.Items`."""
    items = []
    for page in client.get_paginator(operation).paginate(**arguments):
        for part in key.split("."):
            page = page.get(part) or {}
        items.extend(page)
    return items
