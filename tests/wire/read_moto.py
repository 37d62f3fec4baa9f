"""Reads the seeded environment with boto3 and prints, field by field, what `hydren status` must show.

    read_moto.py URL CLOUDWATCH_URL

Prints a JSON list of `[tier, path, value]`. A path leads into the tier's `resources`: a string is a key, an object picks the
element of a list whose key has that value. `[tier, ["metrics", name], value]` is a figure.
"""

import datetime
import json
import sys

from client import Aws, pages
from seed_moto import APP, DOMAIN, dimensions, receipt, suffix


def main(url, cloudwatch):
    aws = Aws(url, cloudwatch)
    names = receipt(aws)
    rows = []
    for tier in (route53, cloudfront, waf, alb, ecs, rds, images, alarms, network, metrics):
        rows.extend(tier(aws, names))
    print(json.dumps(rows, default=lambda moment: moment.isoformat(), indent=1))


def fields(tier, path, record, /, **keys):
    """Rows for the fields of one record: model name = AWS's name; a dot goes a level deeper."""
    for name, source in keys.items():
        value = record
        for part in source.split("."):
            value = (value or {}).get(part)
        yield [tier, [*path, name], value]


def revision(arn):
    return arn.rsplit("/", 1)[1]


def route53(aws, names):
    client = aws.edge("route53")
    answer = client.get_hosted_zone(Id=names["hosted_zone"])
    zone = answer["HostedZone"]
    yield ["route53", ["zone", "id"], zone["Id"].removeprefix("/hostedzone/")]
    yield ["route53", ["zone", "name"], zone["Name"].rstrip(".")]
    yield ["route53", ["zone", "visibility"], "private" if zone["Config"]["PrivateZone"] else "public"]
    yield ["route53", ["zone", "record_count"], zone["ResourceRecordSetCount"]]
    yield ["route53", ["zone", "name_servers"], answer["DelegationSet"]["NameServers"]]
    records = pages(
        client, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=names["hosted_zone"]
    )
    for record in records:
        if record["Name"].rstrip(".") != DOMAIN:
            continue
        path = ["records", {"kind": record["Type"]}]
        alias = record["AliasTarget"]
        yield ["route53", [*path, "name"], DOMAIN]
        yield ["route53", [*path, "target"], alias["DNSName"].rstrip(".")]
        yield ["route53", [*path, "alias"], True]
        yield ["route53", [*path, "evaluates_target_health"], alias["EvaluateTargetHealth"]]
        yield ["route53", [*path, "leads_to"], "distribution"]
    check = client.get_health_check(HealthCheckId=names["health_check"])["HealthCheck"]
    path = ["health_checks", {"id": check["Id"]}]
    yield from fields("route53", path, check, kind="HealthCheckConfig.Type")
    checkers = client.get_health_check_status(HealthCheckId=check["Id"])["HealthCheckObservations"]
    healthy = [c for c in checkers if c["StatusReport"]["Status"].startswith("Success")]
    yield ["route53", [*path, "checkers"], len(checkers)]
    yield ["route53", [*path, "healthy_checkers"], len(healthy)]


def cloudfront(aws, names):
    client = aws.edge("cloudfront")
    distribution = client.get_distribution(Id=names["distribution"])["Distribution"]
    yield from fields(
        "cloudfront", [], distribution, id="Id", arn="ARN", domain_name="DomainName", status="Status",
        last_modified="LastModifiedTime",
    )
    config = distribution["DistributionConfig"]
    yield from fields(
        "cloudfront", [], config, enabled="Enabled", comment="Comment", price_class="PriceClass",
        http_version="HttpVersion", web_acl="WebACLId", aliases="Aliases.Items",
    )
    for origin in config["Origins"]["Items"]:
        yield from fields(
            "cloudfront", ["origins", {"id": origin["Id"]}], origin, domain="DomainName", path="OriginPath",
            protocol="CustomOriginConfig.OriginProtocolPolicy", connection_attempts="ConnectionAttempts",
            connection_timeout="ConnectionTimeout", read_timeout="CustomOriginConfig.OriginReadTimeout",
        )
    yield from fields(
        "cloudfront", ["behaviours", {"path": "*"}], config["DefaultCacheBehavior"],
        origin_id="TargetOriginId", viewer_protocol="ViewerProtocolPolicy", cache_policy="CachePolicyId",
        compress="Compress",
    )
    certificate = aws.edge("acm").describe_certificate(CertificateArn=names["viewer_certificate"])["Certificate"]
    yield from fields(
        "cloudfront", ["certificate"], certificate, arn="CertificateArn", domain="DomainName", status="Status",
        kind="Type", names="SubjectAlternativeNames", not_after="NotAfter",
    )
    invalidations = pages(
        client, "list_invalidations", "InvalidationList.Items", DistributionId=names["distribution"]
    )
    for invalidation in invalidations:
        yield from fields(
            "cloudfront", ["invalidations", {"id": invalidation["Id"]}], invalidation, status="Status",
            created_at="CreateTime",
        )


def waf(aws, names):
    acl = names["web_acl"]
    found = aws.edge("wafv2").get_web_acl(Name=acl["name"], Id=acl["id"], Scope="CLOUDFRONT")["WebACL"]
    yield from fields(
        "waf", [], found, name="Name", id="Id", arn="ARN", capacity="Capacity",
        metric_name="VisibilityConfig.MetricName",
    )
    yield ["waf", ["scope"], "cloudfront"]
    yield ["waf", ["default_action"], next(iter(found["DefaultAction"]))]
    for rule in found["Rules"]:
        path = ["rules", {"name": rule["Name"]}]
        yield from fields(
            "waf", path, rule, priority="Priority", metric_name="VisibilityConfig.MetricName"
        )
        action = next(iter(rule["Action"])) if rule.get("Action") else "Use group actions"
        yield ["waf", [*path, "action"], action]
    for summary in aws.edge("wafv2").list_ip_sets(Scope="CLOUDFRONT")["IPSets"]:
        if summary["Name"] != f"{APP}-blocked":
            continue
        found = aws.edge("wafv2").get_ip_set(Name=summary["Name"], Id=summary["Id"], Scope="CLOUDFRONT")["IPSet"]
        yield from fields(
            "waf", ["ip_sets", {"name": found["Name"]}], found, id="Id", version="IPAddressVersion",
            addresses="Addresses", description="Description",
        )


def alb(aws, names):
    elb = aws.home("elbv2")
    arn = names["load_balancer_arn"]
    found = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    yield from fields(
        "alb", [], found, name="LoadBalancerName", arn="LoadBalancerArn", dns_name="DNSName",
        scheme="Scheme", state="State.Code", vpc_id="VpcId", security_groups="SecurityGroups",
    )
    yield ["alb", ["zones"], [zone["ZoneName"] for zone in found["AvailabilityZones"]]]
    attributes = {
        row["Key"]: row["Value"]
        for row in elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    }
    yield ["alb", ["idle_timeout"], int(attributes["idle_timeout.timeout_seconds"])]
    yield ["alb", ["deletion_protection"], attributes["deletion_protection.enabled"] == "true"]
    for listener in pages(elb, "describe_listeners", "Listeners", LoadBalancerArn=arn):
        path = ["listeners", {"port": listener["Port"]}]
        yield from fields("alb", path, listener, arn="ListenerArn", protocol="Protocol", ssl_policy="SslPolicy")
        for number, certificate in enumerate(listener.get("Certificates", [])):
            yield ["alb", [*path, "certificates", number, "arn"], certificate["CertificateArn"]]
        for rule in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]:
            forwards = [
                action["TargetGroupArn"] for action in rule["Actions"] if action["Type"] == "forward"
            ]
            for number, group in enumerate(forwards):
                rule_path = [*path, "rules", {"priority": rule["Priority"]}]
                yield ["alb", [*rule_path, "forwards_to", number, 0], group]
    for group in pages(elb, "describe_target_groups", "TargetGroups", LoadBalancerArn=arn):
        path = ["target_groups", {"name": group["TargetGroupName"]}]
        yield from fields(
            "alb", path, group, arn="TargetGroupArn", protocol="Protocol", port="Port", target_type="TargetType"
        )
        yield from fields(
            "alb", [*path, "health_check"], group, protocol="HealthCheckProtocol", path="HealthCheckPath",
            port="HealthCheckPort", interval="HealthCheckIntervalSeconds", timeout="HealthCheckTimeoutSeconds",
            healthy_threshold="HealthyThresholdCount", unhealthy_threshold="UnhealthyThresholdCount",
            matcher="Matcher.HttpCode",
        )
        health = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])
        for target in health["TargetHealthDescriptions"]:
            yield from fields(
                "alb", [*path, "targets", {"id": target["Target"]["Id"]}], target, port="Target.Port",
                state="TargetHealth.State",
            )


def ecs(aws, names):
    client = aws.home("ecs")
    cluster = client.describe_clusters(clusters=[names["cluster"]], include=["SETTINGS"])["clusters"][0]
    yield from fields(
        "ecs", ["cluster"], cluster, name="clusterName", arn="clusterArn", status="status",
        running_tasks="runningTasksCount", pending_tasks="pendingTasksCount",
    )
    insights = {row["name"]: row["value"] for row in cluster["settings"]}["containerInsights"]
    yield ["ecs", ["cluster", "container_insights"], insights]
    services = client.describe_services(cluster=names["cluster"], services=names["services"])["services"]
    for service in services:
        path = ["services", {"name": service["serviceName"]}]
        yield from fields(
            "ecs", path, service, arn="serviceArn", status="status", desired="desiredCount",
            running="runningCount", pending="pendingCount", launch_type="launchType",
            platform_version="platformVersion",
            subnets="networkConfiguration.awsvpcConfiguration.subnets",
            security_groups="networkConfiguration.awsvpcConfiguration.securityGroups",
        )
        for balancer in service["loadBalancers"]:
            yield from fields(
                "ecs", [*path, "load_balancers", {"target_group_arn": balancer["targetGroupArn"]}], balancer,
                container="containerName", port="containerPort",
            )
        for deployment in service["deployments"]:
            own = [*path, "deployments", {"id": deployment["id"]}]
            yield from fields(
                "ecs", own, deployment, status="status", desired="desiredCount", running="runningCount",
                pending="pendingCount", created_at="createdAt",
            )
            yield ["ecs", [*own, "revision"], revision(deployment["taskDefinition"])]
        yield from task_definition(client, [*path, "task_definition"], service["taskDefinition"])
        yield from autoscaling(aws, [*path, "autoscaling"], f"service/{names['cluster']}/{service['serviceName']}")


def task_definition(client, path, arn):
    definition = client.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    yield from fields(
        "ecs", path, definition, arn="taskDefinitionArn", family="family", revision="revision",
        execution_role="executionRoleArn",
    )
    yield ["ecs", [*path, "cpu"], int(definition["cpu"])]
    yield ["ecs", [*path, "memory"], int(definition["memory"])]
    for container in definition["containerDefinitions"]:
        own = [*path, "containers", {"name": container["name"]}]
        options = container["logConfiguration"]["options"]
        yield from fields("ecs", own, container, image="image", essential="essential")
        yield ["ecs", [*own, "ports"], [port["containerPort"] for port in container["portMappings"]]]
        yield ["ecs", [*own, "environment"], [variable["name"] for variable in container["environment"]]]
        yield ["ecs", [*own, "log_group"], options["awslogs-group"]]
        yield ["ecs", [*own, "log_stream_prefix"], options["awslogs-stream-prefix"]]


def autoscaling(aws, path, resource):
    client = aws.home("application-autoscaling")
    targets = client.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])["ScalableTargets"]
    if not targets:
        yield ["ecs", path, None]
        return
    yield from fields("ecs", path, targets[0], min="MinCapacity", max="MaxCapacity")
    policies = client.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)["ScalingPolicies"]
    for policy in policies:
        own = [*path, "policies", {"name": policy["PolicyName"]}]
        tracking = "TargetTrackingScalingPolicyConfiguration"
        yield from fields(
            "ecs", own, policy, kind="PolicyType", target=f"{tracking}.TargetValue",
            metric=f"{tracking}.PredefinedMetricSpecification.PredefinedMetricType",
            scale_in_cooldown=f"{tracking}.ScaleInCooldown", scale_out_cooldown=f"{tracking}.ScaleOutCooldown",
        )


def rds(aws, names):
    client = aws.home("rds")
    found = client.describe_db_instances(DBInstanceIdentifier=names["database"])["DBInstances"][0]
    yield from fields(
        "rds", [], found, id="DBInstanceIdentifier", arn="DBInstanceArn", engine="Engine",
        version="EngineVersion", status="DBInstanceStatus", multi_az="MultiAZ", zone="AvailabilityZone",
        endpoint="Endpoint.Address", port="Endpoint.Port", created_at="InstanceCreateTime",
        backup_retention_days="BackupRetentionPeriod", backup_window="PreferredBackupWindow",
        maintenance_window="PreferredMaintenanceWindow",
        deletion_protection="DeletionProtection",
        subnet_group="DBSubnetGroup.DBSubnetGroupName", vpc_id="DBSubnetGroup.VpcId",
        log_exports="EnabledCloudwatchLogsExports",
    )
    yield ["rds", ["class"], found["DBInstanceClass"]]
    yield ["rds", ["kind"], "instance"]
    yield ["rds", ["tags"], [[tag["Key"], tag["Value"]] for tag in found["TagList"]]]
    yield ["rds", ["siblings"], []]
    yield from fields(
        "rds", ["storage"], found, allocated_gib="AllocatedStorage", kind="StorageType", encrypted="StorageEncrypted"
    )
    yield ["rds", ["security_groups"], [group["VpcSecurityGroupId"] for group in found["VpcSecurityGroups"]]]
    for number, group in enumerate(found["DBParameterGroups"]):
        expected = [group["DBParameterGroupName"], group["ParameterApplyStatus"]]
        yield ["rds", ["parameter_groups", number], expected]
    snapshots = pages(
        client, "describe_db_snapshots", "DBSnapshots", DBInstanceIdentifier=names["database"]
    )
    for snapshot in snapshots:
        yield from fields(
            "rds", ["snapshots", {"id": snapshot["DBSnapshotIdentifier"]}], snapshot, kind="SnapshotType",
            status="Status", created_at="SnapshotCreateTime", allocated_gib="AllocatedStorage",
            version="EngineVersion", encrypted="Encrypted",
        )


def images(aws, names):
    client = aws.home("ecr")
    for repository in client.describe_repositories(repositoryNames=names["repositories"])["repositories"]:
        path = ["repositories", {"name": repository["repositoryName"]}]
        yield from fields(
            "images", path, repository, uri="repositoryUri", arn="repositoryArn",
            tag_mutability="imageTagMutability", scan_on_push="imageScanningConfiguration.scanOnPush",
        )
        found = pages(
            client, "describe_images", "imageDetails", repositoryName=repository["repositoryName"]
        )
        for image in found:
            yield from fields(
                "images", [*path, "images", {"digest": image["imageDigest"]}], image, tags="imageTags",
                size_bytes="imageSizeInBytes", pushed_at="imagePushedAt", media_type="imageManifestMediaType",
            )


def alarms(aws, names):
    for client in (aws.home("cloudwatch"), aws.edge("cloudwatch")):
        for alarm in pages(client, "describe_alarms", "MetricAlarms"):
            if alarm["AlarmName"] not in names["alarms"]:
                continue
            path = ["alarms", {"name": alarm["AlarmName"]}]
            yield from fields(
                "alarms", path, alarm, arn="AlarmArn", state="StateValue", reason="StateReason",
                actions_enabled="ActionsEnabled",
            )
            yield ["alarms", [*path, "region"], client.meta.region_name]
            yield ["alarms", [*path, "metric"], f"{alarm['Namespace']} {alarm['MetricName']}"]
            yield ["alarms", [*path, "actions"], len(alarm["AlarmActions"])]
            pairs = [[pair["Name"], pair["Value"]] for pair in alarm["Dimensions"]]
            yield ["alarms", [*path, "dimensions"], pairs]
    history = aws.home("cloudwatch").describe_alarm_history(
        AlarmName=names["alarms"][0], HistoryItemType="StateUpdate"
    )["AlarmHistoryItems"]
    for item in history:
        path = ["history", {"alarm": item["AlarmName"], "summary": item["HistorySummary"]}]
        yield ["alarms", [*path, "at"], item["Timestamp"]]


def network(aws, names):
    ec2 = aws.home("ec2")
    of_vpc = [{"Name": "vpc-id", "Values": [names["vpc"]]}]
    vpc = ec2.describe_vpcs(VpcIds=[names["vpc"]])["Vpcs"][0]
    yield ["network", ["vpc_id"], vpc["VpcId"]]
    yield ["network", ["cidrs"], [row["CidrBlock"] for row in vpc["CidrBlockAssociationSet"]]]
    gateways = ec2.describe_internet_gateways(
        Filters=[{"Name": "attachment.vpc-id", "Values": [names["vpc"]]}]
    )["InternetGateways"]
    yield ["network", ["internet_gateway"], gateways[0]["InternetGatewayId"]]
    reach = {}
    for table in pages(ec2, "describe_route_tables", "RouteTables", Filters=of_vpc):
        path = ["route_tables", {"id": table["RouteTableId"]}]
        subnets = [row["SubnetId"] for row in table["Associations"] if "SubnetId" in row]
        yield ["network", [*path, "main"], any(row["Main"] for row in table["Associations"])]
        yield ["network", [*path, "subnets"], subnets]
        default = [row for row in table["Routes"] if row.get("DestinationCidrBlock") == "0.0.0.0/0"]
        kind = "isolated"
        for route in default:
            target = route.get("NatGatewayId") or route.get("GatewayId")
            kind = "nat" if target.startswith("nat-") else "public"
            yield ["network", [*path, "routes", {"destination": "0.0.0.0/0"}, "target"], target]
        reach |= dict.fromkeys(subnets, kind)
    for subnet in pages(ec2, "describe_subnets", "Subnets", Filters=of_vpc):
        path = ["subnets", {"id": subnet["SubnetId"]}]
        yield from fields(
            "network", path, subnet, zone="AvailabilityZone", cidr="CidrBlock", free_addresses="AvailableIpAddressCount"
        )
        yield ["network", [*path, "reach"], reach[subnet["SubnetId"]]]
        yield ["network", [*path, "name"], subnet["Tags"][0]["Value"]]
    for nat in pages(ec2, "describe_nat_gateways", "NatGateways", Filters=of_vpc):
        path = ["nat_gateways", {"id": nat["NatGatewayId"]}]
        yield from fields("network", path, nat, state="State", subnet_id="SubnetId")
        yield ["network", [*path, "public_ips"], [row["PublicIp"] for row in nat["NatGatewayAddresses"]]]
    for endpoint in pages(ec2, "describe_vpc_endpoints", "VpcEndpoints", Filters=of_vpc):
        path = ["endpoints", {"id": endpoint["VpcEndpointId"]}]
        yield from fields(
            "network", path, endpoint, service="ServiceName", kind="VpcEndpointType", state="State"
        )
    for group in ec2.describe_security_groups(GroupIds=list(names["security_groups"].values()))["SecurityGroups"]:
        path = ["security_groups", {"id": group["GroupId"]}]
        yield ["network", [*path, "name"], group["GroupName"]]
        for rule in group["IpPermissions"]:
            peers = [row["CidrIp"] for row in rule["IpRanges"]] + [row["GroupId"] for row in rule["UserIdGroupPairs"]]
            for peer in peers:
                own = [*path, "inbound", {"peer": peer}]
                yield ["network", [*own, "protocol"], rule["IpProtocol"]]
                yield ["network", [*own, "ports"], str(rule["FromPort"])]
    for flow in ec2.describe_flow_logs(FlowLogIds=[names["flow_log"]])["FlowLogs"]:
        yield from fields(
            "network", ["flow_logs", {"id": flow["FlowLogId"]}], flow, resource="ResourceId",
            traffic="TrafficType", status="FlowLogStatus", delivery="DeliverLogsStatus",
            destination="LogGroupName", destination_type="LogDestinationType", format="LogFormat",
            aggregation="MaxAggregationInterval", created_at="CreationTime",
        )


def metrics(aws, names):
    balancer = {"LoadBalancer": suffix(names["load_balancer_arn"])}
    cdn = {"DistributionId": names["distribution"], "Region": "Global"}
    acl = {"WebACL": names["web_acl"]["name"], "Rule": "ALL"}
    db = {"DBInstanceIdentifier": names["database"]}
    busiest = {"ClusterName": names["cluster"], "ServiceName": "backend"}
    home, edge = aws.home("cloudwatch"), aws.edge("cloudwatch")
    for client, tier, figure, namespace, metric, dims, statistic in (
        (edge, "route53", "queries_per_minute", "AWS/Route53", "DNSQueries", {"HostedZoneId": names["hosted_zone"]}, "Sum"),
        (edge, "cloudfront", "requests_per_minute", "AWS/CloudFront", "Requests", cdn, "Sum"),
        (edge, "cloudfront", "error_rate_4xx", "AWS/CloudFront", "4xxErrorRate", cdn, "Average"),
        (edge, "cloudfront", "error_rate_5xx", "AWS/CloudFront", "5xxErrorRate", cdn, "Average"),
        (edge, "cloudfront", "bytes_downloaded_per_minute", "AWS/CloudFront", "BytesDownloaded", cdn, "Sum"),
        (edge, "waf", "allowed_per_minute", "AWS/WAFV2", "AllowedRequests", acl, "Sum"),
        (edge, "waf", "blocked_per_minute", "AWS/WAFV2", "BlockedRequests", acl, "Sum"),
        (home, "alb", "requests_per_minute", "AWS/ApplicationELB", "RequestCount", balancer, "Sum"),
        (home, "alb", "target_4xx_per_minute", "AWS/ApplicationELB", "HTTPCode_Target_4XX_Count", balancer, "Sum"),
        (home, "alb", "target_5xx_per_minute", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", balancer, "Sum"),
        (home, "alb", "balancer_5xx_per_minute", "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", balancer, "Sum"),
        (home, "alb", "latency_p50", "AWS/ApplicationELB", "TargetResponseTime", balancer, "p50"),
        (home, "alb", "latency_p99", "AWS/ApplicationELB", "TargetResponseTime", balancer, "p99"),
        (home, "alb", "latency_p95", "AWS/ApplicationELB", "TargetResponseTime", balancer, "p95"),
        (home, "alb", "consumed_lcus", "AWS/ApplicationELB", "ConsumedLCUs", balancer, "Average"),
        (home, "ecs", "cpu_highest", "AWS/ECS", "CPUUtilization", busiest, "Average"),
        (home, "ecs", "memory_highest", "AWS/ECS", "MemoryUtilization", busiest, "Average"),
        (home, "rds", "cpu", "AWS/RDS", "CPUUtilization", db, "Average"),
        (home, "rds", "connections", "AWS/RDS", "DatabaseConnections", db, "Maximum"),
        (home, "rds", "freeable_memory", "AWS/RDS", "FreeableMemory", db, "Average"),
        (home, "rds", "free_storage", "AWS/RDS", "FreeStorageSpace", db, "Minimum"),
        (home, "rds", "read_iops", "AWS/RDS", "ReadIOPS", db, "Average"),
        (home, "rds", "write_iops", "AWS/RDS", "WriteIOPS", db, "Average"),
        (home, "rds", "read_latency", "AWS/RDS", "ReadLatency", db, "Average"),
        (home, "rds", "write_latency", "AWS/RDS", "WriteLatency", db, "Average"),
    ):
        yield [tier, ["metrics", figure], newest(client, namespace, metric, dims, statistic)]


def newest(client, namespace, metric, dims, statistic):
    """The newest whole minute's value: GetMetricStatistics, where the console asks GetMetricData."""
    end = datetime.datetime.now(datetime.UTC).replace(second=0, microsecond=0)
    kind = "ExtendedStatistics" if statistic.startswith("p") else "Statistics"
    answer = client.get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=dimensions(**dims),
        StartTime=end - datetime.timedelta(minutes=5),
        EndTime=end,
        Period=60,
        **{kind: [statistic]},
    )
    point = max(answer["Datapoints"], key=lambda point: point["Timestamp"])
    return (point.get("ExtendedStatistics") or point)[statistic]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: read_moto.py URL CLOUDWATCH_URL")
    main(*sys.argv[1:])
