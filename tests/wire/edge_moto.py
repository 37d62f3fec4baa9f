"""A distribution and a web ACL for operations, made and read with boto3.

    edge_moto.py URL                            makes them; prints `distribution`, `name` and `id` of the web ACL
    edge_moto.py URL DISTRIBUTION NAME ID       prints `invalidations`, `web_acl` and `ip_sets` as they are now
"""

import json
import sys

from client import Aws

SCOPE = "CLOUDFRONT"


def visibility(name):
    return {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": name}


def make(aws):
    waf = aws.edge("wafv2")
    blocked = waf.create_ip_set(
        Name="ops-blocked", Scope=SCOPE, Description="Bad bots", IPAddressVersion="IPV4", Addresses=["192.0.2.1/32"]
    )["Summary"]
    header = {"FieldToMatch": {"SingleHeader": {"Name": "x-probe"}}, "PositionalConstraint": "EXACTLY"}
    match = {**header, "SearchString": b"\x00\xff", "TextTransformations": [{"Priority": 0, "Type": "NONE"}]}
    statements = [
        ("common", {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}}),
        ("blocked", {"IPSetReferenceStatement": {"ARN": blocked["ARN"]}}),
        ("probe", {"ByteMatchStatement": match}),
    ]
    action = {"common": {"OverrideAction": {"None": {}}}}
    acl = waf.create_web_acl(
        Name="ops-acl",
        Scope=SCOPE,
        DefaultAction={"Allow": {}},
        Description="of the operations",
        Rules=[
            {
                "Name": name,
                "Priority": priority,
                "Statement": statement,
                "VisibilityConfig": visibility(name),
                **action.get(name, {"Action": {"Block": {}}}),
            }
            for priority, (name, statement) in enumerate(statements)
        ],
        VisibilityConfig=visibility("ops"),
        CustomResponseBodies={"sorry": {"ContentType": "TEXT_PLAIN", "Content": "Sorry."}},
        TokenDomains=["example.com"],
    )["Summary"]
    origin = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}
    distribution = aws.edge("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": "ops",
            "Comment": "",
            "Enabled": True,
            "Origins": {
                "Quantity": 1,
                "Items": [{"Id": "alb", "DomainName": "origin.example.com", "CustomOriginConfig": origin}],
            },
            "DefaultCacheBehavior": {"TargetOriginId": "alb", "ViewerProtocolPolicy": "redirect-to-https"},
        }
    )["Distribution"]
    return {"distribution": distribution["Id"], "name": acl["Name"], "id": acl["Id"]}


def read(aws, distribution, name, id):
    cloudfront, waf = aws.edge("cloudfront"), aws.edge("wafv2")
    listed = cloudfront.list_invalidations(DistributionId=distribution)["InvalidationList"].get("Items", [])
    read = [cloudfront.get_invalidation(DistributionId=distribution, Id=one["Id"])["Invalidation"] for one in listed]
    sets = [one for one in waf.list_ip_sets(Scope=SCOPE)["IPSets"] if one["Name"] == "ops-blocked"]
    return {
        "invalidations": [one["InvalidationBatch"]["Paths"]["Items"] for one in read],
        "web_acl": waf.get_web_acl(Name=name, Id=id, Scope=SCOPE)["WebACL"],
        "ip_set": waf.get_ip_set(Name="ops-blocked", Id=sets[0]["Id"], Scope=SCOPE)["IPSet"],
    }


if __name__ == "__main__":
    url, *names = sys.argv[1:]
    aws = Aws(url)
    print(json.dumps(read(aws, *names) if names else make(aws), default=str))
