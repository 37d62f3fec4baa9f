"""Seeds moto with one whole environment through AWS's API, and prints the names it was given as JSON.

    seed_moto.py URL CLOUDWATCH_URL

Alarms, dashboards and metrics go to the second server, a MiniStack. A second run against the same servers changes nothing and
prints the same: the names are kept in moto, as a parameter.
"""

import datetime
import fcntl
import json
import os
import sys
import tempfile

from botocore.exceptions import ClientError
from client import EDGE, HOME, Aws

RECEIPT = "/hydren/seed"
APP = "shop"
DOMAIN = "shop.example.com"
ZONES = [f"{HOME}a", f"{HOME}b"]


def main(url, cloudwatch):
    aws = Aws(url, cloudwatch)
    with open(os.path.join(tempfile.gettempdir(), f"hydren-seed-{url.rsplit(':', 1)[1]}"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        names = receipt(aws)
        if names is None:
            names = seed(aws)
            aws.home("ssm").put_parameter(Name=RECEIPT, Value=json.dumps(names), Type="String")
        if not watched(aws, names):
            alarms(aws, names)
            metrics(aws, names)
        print(json.dumps(names))


def receipt(aws):
    """The names that an earlier run was given; `None` when there was none."""
    try:
        return json.loads(aws.home("ssm").get_parameter(Name=RECEIPT)["Parameter"]["Value"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return None
        raise


def watched(aws, names):
    """Whether the second server has the alarms and metrics of this very environment."""
    try:
        return aws.home("cloudwatch").get_dashboard(DashboardName=APP)["DashboardBody"] == dashboard(names)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("ResourceNotFound", "DashboardNotFoundError"):
            return False
        raise


def dashboard(names):
    text = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 2, "properties": {"markdown": names["distribution"]}}
    return json.dumps({"widgets": [text]})


def seed(aws):
    names = {
        "region": HOME,
        "account": aws.home("sts").get_caller_identity()["Account"],
        "domain": DOMAIN,
        "alarms": [f"{APP}-alb-5xx", f"{APP}-cdn-5xx", f"{APP}-db-cpu"],
        "dashboard": APP,
    }
    names |= network(aws)
    names |= balancer(aws, names)
    names |= edge(aws, names)
    names |= images(aws)
    names |= services(aws, names)
    names |= database(aws, names)
    logs(aws, names)
    return names


def network(aws):
    ec2 = aws.home("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16", TagSpecifications=named("vpc", APP))["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    public, private, data = (
        [
            ec2.create_subnet(
                VpcId=vpc,
                CidrBlock=f"10.20.{block + index}.0/24",
                AvailabilityZone=zone,
                TagSpecifications=named("subnet", f"{APP}-{kind}-{zone[-1]}"),
            )["Subnet"]["SubnetId"]
            for index, zone in enumerate(ZONES)
        ]
        for kind, block in (("public", 0), ("private", 10), ("data", 20))
    )
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(
        SubnetId=public[0], AllocationId=address, TagSpecifications=named("natgateway", f"{APP}-nat")
    )["NatGateway"]["NatGatewayId"]
    tables = {}
    for kind, subnets, route in (
        ("public", public, {"GatewayId": gateway}),
        ("private", private, {"NatGatewayId": nat}),
        ("data", data, None),
    ):
        tables[kind] = ec2.create_route_table(
            VpcId=vpc, TagSpecifications=named("route-table", f"{APP}-{kind}")
        )["RouteTable"]["RouteTableId"]
        if route:
            ec2.create_route(RouteTableId=tables[kind], DestinationCidrBlock="0.0.0.0/0", **route)
        for subnet in subnets:
            ec2.associate_route_table(RouteTableId=tables[kind], SubnetId=subnet)
    ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{HOME}.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[tables["private"]],
    )
    groups = {}
    for name, port, peer in (
        ("alb", 80, {"IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "viewers"}]}),
        ("tasks", 8000, "alb"),
        ("db", 5432, "tasks"),
    ):
        groups[name] = ec2.create_security_group(
            GroupName=f"{APP}-{name}", Description=f"{name} of {APP}", VpcId=vpc
        )["GroupId"]
        source = peer if isinstance(peer, dict) else {"UserIdGroupPairs": [{"GroupId": groups[peer]}]}
        ec2.authorize_security_group_ingress(
            GroupId=groups[name],
            IpPermissions=[{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **source}],
        )
    flow_group = f"/vpc/{APP}/flow"
    aws.home("logs").create_log_group(logGroupName=flow_group)
    role = aws.edge("iam").create_role(RoleName=f"{APP}-flow", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    flow = ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="cloud-watch-logs",
        LogGroupName=flow_group,
        DeliverLogsPermissionArn=role,
        MaxAggregationInterval=60,
    )["FlowLogIds"][0]
    return {
        "vpc": vpc,
        "internet_gateway": gateway,
        "nat_gateway": nat,
        "flow_log": flow,
        "flow_group": flow_group,
        "public_subnets": public,
        "private_subnets": private,
        "data_subnets": data,
        "security_groups": groups,
    }


def named(kind, name):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


def balancer(aws, names):
    elb = aws.home("elbv2")
    alb = elb.create_load_balancer(
        Name=f"{APP}-alb",
        Subnets=names["public_subnets"],
        SecurityGroups=[names["security_groups"]["alb"]],
        Scheme="internet-facing",
        Type="application",
    )["LoadBalancers"][0]
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=alb["LoadBalancerArn"],
        Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "75"}],
    )
    groups = {}
    for role, port, path in (("frontend", 8080, "/"), ("backend", 8000, "/api/health")):
        groups[role] = elb.create_target_group(
            Name=f"{APP}-{role}",
            Protocol="HTTP",
            Port=port,
            VpcId=names["vpc"],
            TargetType="ip",
            HealthCheckPath=path,
            HealthCheckIntervalSeconds=15,
            HealthCheckTimeoutSeconds=5,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=3,
            Matcher={"HttpCode": "200-399"},
        )["TargetGroups"][0]["TargetGroupArn"]
    for role, hosts in (("frontend", [21]), ("backend", [31, 32])):
        elb.register_targets(
            TargetGroupArn=groups[role], Targets=[{"Id": f"10.20.10.{host}"} for host in hosts]
        )
    certificate = issued(aws.home("acm"))
    elb.create_listener(
        LoadBalancerArn=alb["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[
            {
                "Type": "redirect",
                "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
            }
        ],
    )
    https = elb.create_listener(
        LoadBalancerArn=alb["LoadBalancerArn"],
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": certificate}],
        SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
        DefaultActions=[{"Type": "forward", "TargetGroupArn": groups["frontend"]}],
    )["Listeners"][0]["ListenerArn"]
    elb.create_rule(
        ListenerArn=https,
        Priority=10,
        Conditions=[{"Field": "path-pattern", "Values": ["/api/*"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": groups["backend"]}],
    )
    return {
        "load_balancer": f"{APP}-alb",
        "load_balancer_arn": alb["LoadBalancerArn"],
        "load_balancer_dns": alb["DNSName"],
        "target_groups": groups,
    }


def edge(aws, names):
    statement = {
        "ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}
    }
    blocked = aws.edge("wafv2").create_ip_set(
        Name=f"{APP}-blocked",
        Scope="CLOUDFRONT",
        Description="Bad bots",
        IPAddressVersion="IPV4",
        Addresses=["192.0.2.1/32"],
    )["Summary"]
    acl = aws.edge("wafv2").create_web_acl(
        Name=f"{APP}-acl",
        Scope="CLOUDFRONT",
        DefaultAction={"Allow": {}},
        Rules=[
            {
                "Name": "common",
                "Priority": 0,
                "Statement": statement,
                "OverrideAction": {"None": {}},
                "VisibilityConfig": visibility("common"),
            },
            {
                "Name": "rate",
                "Priority": 1,
                "Statement": {"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP"}},
                "Action": {"Block": {}},
                "VisibilityConfig": visibility("rate"),
            },
            {
                "Name": "blocked",
                "Priority": 2,
                "Statement": {"IPSetReferenceStatement": {"ARN": blocked["ARN"]}},
                "Action": {"Block": {}},
                "VisibilityConfig": visibility("blocked"),
            },
        ],
        VisibilityConfig=visibility(f"{APP}-acl"),
    )["Summary"]
    certificate = issued(aws.edge("acm"))
    cloudfront = aws.edge("cloudfront")
    distribution = cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": APP,
            "Comment": f"{APP} web application",
            "Enabled": True,
            "Aliases": {"Quantity": 1, "Items": [DOMAIN]},
            "PriceClass": "PriceClass_100",
            "WebACLId": acl["ARN"],
            "ViewerCertificate": {
                "ACMCertificateArn": certificate,
                "SSLSupportMethod": "sni-only",
                "MinimumProtocolVersion": "TLSv1.2_2021",
            },
            "Origins": {
                "Quantity": 1,
                "Items": [
                    {
                        "Id": "alb",
                        "DomainName": names["load_balancer_dns"],
                        "CustomOriginConfig": {
                            "HTTPPort": 80,
                            "HTTPSPort": 443,
                            "OriginProtocolPolicy": "https-only",
                            "OriginReadTimeout": 30,
                        },
                    }
                ],
            },
            "DefaultCacheBehavior": {
                "TargetOriginId": "alb",
                "ViewerProtocolPolicy": "redirect-to-https",
                "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
            },
        }
    )["Distribution"]
    cloudfront.create_invalidation(
        DistributionId=distribution["Id"],
        InvalidationBatch={"Paths": {"Quantity": 1, "Items": ["/index.html"]}, "CallerReference": "1"},
    )
    route53 = aws.edge("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference=APP)["HostedZone"]["Id"]
    check = route53.create_health_check(
        CallerReference=APP,
        HealthCheckConfig={
            "Type": "HTTPS",
            "FullyQualifiedDomainName": DOMAIN,
            "Port": 443,
            "ResourcePath": "/api/health",
        },
    )["HealthCheck"]["Id"]
    alias = {
        "HostedZoneId": "Z2FDTNDATAQYW2",
        "DNSName": distribution["DomainName"],
        "EvaluateTargetHealth": False,
    }
    route53.change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={
            "Changes": [
                {
                    "Action": "CREATE",
                    "ResourceRecordSet": {"Name": DOMAIN, "Type": kind, "AliasTarget": alias},
                }
                for kind in ("A", "AAAA")
            ]
        },
    )
    return {
        "distribution": distribution["Id"],
        "distribution_domain": distribution["DomainName"],
        "web_acl": {"name": acl["Name"], "id": acl["Id"], "arn": acl["ARN"]},
        "hosted_zone": zone.removeprefix("/hostedzone/"),
        "health_check": check,
        "viewer_certificate": certificate,
    }


def issued(acm):
    """A certificate that is issued: moto's are after a few looks."""
    arn = acm.request_certificate(DomainName=DOMAIN)["CertificateArn"]
    for _ in range(10):
        if acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED":
            return arn
    sys.exit(f"{arn} was not issued")


def visibility(name):
    return {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": name}


def images(aws):
    ecr = aws.home("ecr")
    repositories = []
    for role in ("frontend", "backend"):
        repository = ecr.create_repository(
            repositoryName=f"{APP}/{role}", imageScanningConfiguration={"scanOnPush": True}
        )["repository"]
        repositories.append(repository["repositoryName"])
        for number in (1, 2):
            manifest = {
                "schemaVersion": 2,
                "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                "config": {"size": 7023, "digest": f"sha256:{number}{'0' * 63}"},
                "layers": [{"size": 1_000_000 * number, "digest": f"sha256:{number}{'1' * 63}"}],
                "role": role,
            }
            ecr.put_image(
                repositoryName=repository["repositoryName"],
                imageManifest=json.dumps(manifest),
                imageTag=f"v{number}",
            )
    return {"repositories": repositories}


def services(aws, names):
    ecs = aws.home("ecs")
    cluster = ecs.create_cluster(
        clusterName=APP, settings=[{"name": "containerInsights", "value": "enabled"}]
    )["cluster"]["clusterName"]
    scaling = aws.home("application-autoscaling")
    registry = f"{names['account']}.dkr.ecr.{HOME}.amazonaws.com"
    for role, port, cpu, memory, count in (("frontend", 8080, 256, 1024, 1), ("backend", 8000, 512, 2048, 2)):
        for revision in (1, 2):
            definition = ecs.register_task_definition(
                family=f"{APP}-{role}",
                requiresCompatibilities=["FARGATE"],
                networkMode="awsvpc",
                cpu=str(cpu),
                memory=str(memory),
                executionRoleArn=f"arn:aws:iam::{names['account']}:role/{APP}-execution",
                containerDefinitions=[
                    {
                        "name": role,
                        "image": f"{registry}/{APP}/{role}:v{revision}",
                        "essential": True,
                        "portMappings": [{"containerPort": port}],
                        "environment": [{"name": "MODE", "value": "hunter2-must-not-be-shown"}],
                        "logConfiguration": {
                            "logDriver": "awslogs",
                            "options": {
                                "awslogs-group": f"/ecs/{APP}/{role}",
                                "awslogs-region": HOME,
                                "awslogs-stream-prefix": role,
                            },
                        },
                    }
                ],
            )["taskDefinition"]["taskDefinitionArn"]
        ecs.create_service(
            cluster=cluster,
            serviceName=role,
            taskDefinition=definition,
            desiredCount=count,
            launchType="FARGATE",
            platformVersion="1.4.0",
            deploymentConfiguration={
                "minimumHealthyPercent": 100,
                "maximumPercent": 200,
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            },
            loadBalancers=[
                {
                    "targetGroupArn": names["target_groups"][role],
                    "containerName": role,
                    "containerPort": port,
                }
            ],
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": names["private_subnets"],
                    "securityGroups": [names["security_groups"]["tasks"]],
                    "assignPublicIp": "DISABLED",
                }
            },
        )
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{cluster}/backend",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=6)
    for metric in ("CPU", "Memory"):
        scaling.put_scaling_policy(
            **target,
            PolicyName=f"{APP}-{metric.lower()}",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 60.0,
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": f"ECSServiceAverage{metric}Utilization"
                },
                "ScaleInCooldown": 300,
                "ScaleOutCooldown": 60,
            },
        )
    return {"cluster": cluster, "services": ["frontend", "backend"]}


def database(aws, names):
    rds = aws.home("rds")
    rds.create_db_subnet_group(
        DBSubnetGroupName=APP, DBSubnetGroupDescription=APP, SubnetIds=names["data_subnets"]
    )
    rds.create_db_instance(
        DBInstanceIdentifier=f"{APP}-db",
        Engine="postgres",
        EngineVersion="16.4",
        DBInstanceClass="db.t4g.medium",
        AllocatedStorage=50,
        StorageType="gp3",
        StorageEncrypted=True,
        MasterUsername="app",
        MasterUserPassword="not-a-real-password",
        DBSubnetGroupName=APP,
        VpcSecurityGroupIds=[names["security_groups"]["db"]],
        BackupRetentionPeriod=7,
        PreferredBackupWindow="03:00-04:00",
        PreferredMaintenanceWindow="sun:05:00-sun:06:00",
        MultiAZ=True,
        DeletionProtection=True,
        EnableCloudwatchLogsExports=["postgresql"],
        Tags=[{"Key": "app", "Value": APP}],
    )
    for name in ("before-v1", "before-v2"):
        rds.create_db_snapshot(DBInstanceIdentifier=f"{APP}-db", DBSnapshotIdentifier=f"{APP}-{name}")
    aws.home("logs").create_log_group(logGroupName=f"/aws/rds/instance/{APP}-db/postgresql")
    return {"database": f"{APP}-db"}


def alarms(aws, names):
    home, edge = aws.home("cloudwatch"), aws.edge("cloudwatch")
    topic = f"arn:aws:sns:{HOME}:{names['account']}:ops"
    home.put_metric_alarm(
        AlarmName=f"{APP}-alb-5xx",
        Namespace="AWS/ApplicationELB",
        MetricName="HTTPCode_ELB_5XX_Count",
        Dimensions=dimensions(LoadBalancer=suffix(names["load_balancer_arn"])),
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=5,
        DatapointsToAlarm=3,
        Threshold=10,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    home.put_metric_alarm(
        AlarmName=f"{APP}-db-cpu",
        Namespace="AWS/RDS",
        MetricName="CPUUtilization",
        Dimensions=dimensions(DBInstanceIdentifier=names["database"]),
        Statistic="Average",
        Period=60,
        EvaluationPeriods=5,
        Threshold=90,
        ComparisonOperator="GreaterThanThreshold",
    )
    home.set_alarm_state(
        AlarmName=f"{APP}-alb-5xx", StateValue="ALARM", StateReason="Threshold Crossed: 3 datapoints > 10"
    )
    home.set_alarm_state(AlarmName=f"{APP}-db-cpu", StateValue="OK", StateReason="no datapoint > 90")
    edge.put_metric_alarm(
        AlarmName=f"{APP}-cdn-5xx",
        Namespace="AWS/CloudFront",
        MetricName="5xxErrorRate",
        Dimensions=dimensions(DistributionId=names["distribution"], Region="Global"),
        Statistic="Average",
        Period=60,
        EvaluationPeriods=5,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
    )
    home.put_dashboard(DashboardName=APP, DashboardBody=dashboard(names))


def logs(aws, names):
    client = aws.home("logs")
    now = int(datetime.datetime.now(datetime.UTC).timestamp() * 1000)
    for role in names["services"]:
        group, stream = f"/ecs/{APP}/{role}", f"{role}/{role}/0123456789abcdef"
        client.create_log_group(logGroupName=group)
        client.create_log_stream(logGroupName=group, logStreamName=stream)
        client.put_log_events(
            logGroupName=group,
            logStreamName=stream,
            logEvents=[
                {"timestamp": now - 60_000 + 1_000 * number, "message": f"{role} line {number}"}
                for number in range(20)
            ],
        )


def dimensions(**pairs):
    return [{"Name": name, "Value": value} for name, value in pairs.items()]


def suffix(arn):
    """The ARN's end, as CloudWatch's dimensions want it: without the leading `loadbalancer/`."""
    return arn.split(":", 5)[5].removeprefix("loadbalancer/")


def metrics(aws, names):
    """Constant series of every namespace in use, from ten minutes ago to half an hour ahead: a test may look a while later."""
    alb = {"LoadBalancer": suffix(names["load_balancer_arn"])}
    acl = {"WebACL": names["web_acl"]["name"], "Rule": "ALL"}
    cdn = {"DistributionId": names["distribution"], "Region": "Global"}
    db = {"DBInstanceIdentifier": names["database"]}
    nat = {"NatGatewayId": names["nat_gateway"]}
    home = [
        ("AWS/ApplicationELB", "RequestCount", alb, 1200),
        ("AWS/ApplicationELB", "TargetResponseTime", alb, 0.12),
        ("AWS/ApplicationELB", "HTTPCode_Target_4XX_Count", alb, 9),
        ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", alb, 3),
        ("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", alb, 20),
        ("AWS/ApplicationELB", "ConsumedLCUs", alb, 1.4),
        ("AWS/RDS", "CPUUtilization", db, 31),
        ("AWS/RDS", "DatabaseConnections", db, 41),
        ("AWS/RDS", "FreeableMemory", db, 1_500_000_000),
        ("AWS/RDS", "FreeStorageSpace", db, 40_000_000_000),
        ("AWS/RDS", "ReadIOPS", db, 110),
        ("AWS/RDS", "WriteIOPS", db, 70),
        ("AWS/RDS", "ReadLatency", db, 0.002),
        ("AWS/RDS", "WriteLatency", db, 0.004),
        ("AWS/NATGateway", "BytesOutToDestination", nat, 5_000_000),
        ("AWS/NATGateway", "ActiveConnectionCount", nat, 17),
    ]
    for role, cpu, memory in (("frontend", 4, 22), ("backend", 52, 61)):
        service = {"ClusterName": names["cluster"], "ServiceName": role}
        group = alb | {"TargetGroup": names["target_groups"][role].split(":", 5)[5]}
        home += [
            ("AWS/ECS", "CPUUtilization", service, cpu),
            ("AWS/ECS", "MemoryUtilization", service, memory),
            ("AWS/ApplicationELB", "HealthyHostCount", group, 1 if role == "frontend" else 2),
            ("AWS/ApplicationELB", "UnHealthyHostCount", group, 0),
            ("AWS/Logs", "IncomingBytes", {"LogGroupName": f"/ecs/{APP}/{role}"}, 70_000),
        ]
    edge = [
        ("AWS/CloudFront", "Requests", cdn, 3400),
        ("AWS/CloudFront", "4xxErrorRate", cdn, 1.2),
        ("AWS/CloudFront", "5xxErrorRate", cdn, 0.4),
        ("AWS/CloudFront", "BytesDownloaded", cdn, 90_000_000),
        ("AWS/WAFV2", "AllowedRequests", acl, 3300),
        ("AWS/WAFV2", "BlockedRequests", acl, 14),
        ("AWS/Route53", "DNSQueries", {"HostedZoneId": names["hosted_zone"]}, 1250),
        ("AWS/Route53", "HealthCheckStatus", {"HealthCheckId": names["health_check"]}, 1),
    ]
    minute = datetime.datetime.now(datetime.UTC).replace(second=0, microsecond=0)
    for client, series in ((aws.home("cloudwatch"), home), (aws.edge("cloudwatch"), edge)):
        for namespace in sorted({row[0] for row in series}):
            client.put_metric_data(
                Namespace=namespace,
                MetricData=[
                    {
                        "MetricName": name,
                        "Dimensions": dimensions(**dims),
                        "Timestamp": minute - datetime.timedelta(minutes=age),
                        "Value": value,
                    }
                    for space, name, dims, value in series
                    if space == namespace
                    for age in range(-30, 10)
                ],
            )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: seed_moto.py URL CLOUDWATCH_URL")
    main(*sys.argv[1:])
