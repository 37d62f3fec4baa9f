# An environment like those that hydren watches, to be priced by hand (by_hand.py) and by an estimate (src/cost/terraform.rs).
# Nothing of it is ever applied. What flows through it stands in usage.yml.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

provider "aws" {
  region = "us-east-1"
}

variable "domain" {
  type    = string
  default = "shop.example.com"
}

variable "certificate_arn" {
  type    = string
  default = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
}

variable "database_password" {
  type      = string
  sensitive = true
}

locals {
  zones = ["us-east-1a", "us-east-1b"]
}

# ---------------------------------------------------------------- network

resource "aws_vpc" "main" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_subnet" "public" {
  count             = 2
  vpc_id            = aws_vpc.main.id
  availability_zone = local.zones[count.index]
  cidr_block        = cidrsubnet(aws_vpc.main.cidr_block, 8, count.index)
}

resource "aws_subnet" "private" {
  count             = 2
  vpc_id            = aws_vpc.main.id
  availability_zone = local.zones[count.index]
  cidr_block        = cidrsubnet(aws_vpc.main.cidr_block, 8, count.index + 10)
}

# The gateway's own address is billed as a public IPv4 address.
resource "aws_eip" "nat" {
  domain = "vpc"
}

resource "aws_nat_gateway" "main" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.public[0].id
}

resource "aws_security_group" "endpoints" {
  vpc_id = aws_vpc.main.id
}

# Each of the four has an interface in each of the two zones.
resource "aws_vpc_endpoint" "interface" {
  for_each           = toset(["ecr.api", "ecr.dkr", "logs", "secretsmanager"])
  vpc_id             = aws_vpc.main.id
  vpc_endpoint_type  = "Interface"
  service_name       = "com.amazonaws.us-east-1.${each.key}"
  subnet_ids         = aws_subnet.private[*].id
  security_group_ids = [aws_security_group.endpoints.id]
}

# Free: layers of images come through it.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.main.id
  vpc_endpoint_type = "Gateway"
  service_name      = "com.amazonaws.us-east-1.s3"
}

resource "aws_iam_role" "flow" {
  name               = "shop-flow-logs"
  assume_role_policy = data.aws_iam_policy_document.flow.json
}

data "aws_iam_policy_document" "flow" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }
  }
}

resource "aws_flow_log" "main" {
  vpc_id          = aws_vpc.main.id
  traffic_type    = "ALL"
  log_destination = aws_cloudwatch_log_group.flow.arn
  iam_role_arn    = aws_iam_role.flow.arn
}

# ---------------------------------------------------------------- Route 53

resource "aws_route53_zone" "main" {
  name = var.domain
}

# Queries of an alias to CloudFront are free.
resource "aws_route53_record" "site" {
  zone_id = aws_route53_zone.main.zone_id
  name    = var.domain
  type    = "A"
  alias {
    name                   = aws_cloudfront_distribution.site.domain_name
    zone_id                = aws_cloudfront_distribution.site.hosted_zone_id
    evaluate_target_health = false
  }
}

resource "aws_route53_record" "mail" {
  zone_id = aws_route53_zone.main.zone_id
  name    = var.domain
  type    = "MX"
  ttl     = 300
  records = ["10 inbound.mail.example.com"]
}

# HTTPS is a feature that is billed; the check itself is one of the 50 free ones of AWS endpoints.
resource "aws_route53_health_check" "site" {
  fqdn              = var.domain
  port              = 443
  type              = "HTTPS"
  resource_path     = "/healthz"
  request_interval  = 30
  failure_threshold = 3
}

# ---------------------------------------------------------------- CloudFront and WAF

resource "aws_cloudfront_distribution" "site" {
  enabled     = true
  aliases     = [var.domain]
  price_class = "PriceClass_100"
  web_acl_id  = aws_wafv2_web_acl.site.arn

  origin {
    origin_id   = "balancer"
    domain_name = aws_lb.site.dns_name
    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id       = "balancer"
    viewer_protocol_policy = "https-only"
    allowed_methods        = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    cached_methods         = ["GET", "HEAD"]
    cache_policy_id        = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn = var.certificate_arn
    ssl_support_method  = "sni-only"
  }
}

# Eight additional metrics, each billed as a custom metric.
resource "aws_cloudfront_monitoring_subscription" "site" {
  distribution_id = aws_cloudfront_distribution.site.id
  monitoring_subscription {
    realtime_metrics_subscription_config {
      realtime_metrics_subscription_status = "Enabled"
    }
  }
}

resource "aws_wafv2_ip_set" "blocked" {
  name               = "blocked"
  scope              = "CLOUDFRONT"
  ip_address_version = "IPV4"
  addresses          = ["192.0.2.0/24"]
}

# Five rules, a group counting as one. 700 + 200 + 25 + 1 + 2 WCU stay below 1,500, so that requests cost no more.
resource "aws_wafv2_web_acl" "site" {
  name  = "shop"
  scope = "CLOUDFRONT"

  default_action {
    allow {}
  }

  dynamic "rule" {
    for_each = {
      AWSManagedRulesCommonRuleSet          = 10
      AWSManagedRulesKnownBadInputsRuleSet  = 11
      AWSManagedRulesAmazonIpReputationList = 12
    }
    content {
      name     = rule.key
      priority = rule.value
      override_action {
        none {}
      }
      statement {
        managed_rule_group_statement {
          name        = rule.key
          vendor_name = "AWS"
        }
      }
      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = rule.key
        sampled_requests_enabled   = true
      }
    }
  }

  rule {
    name     = "blocked"
    priority = 0
    action {
      block {}
    }
    statement {
      ip_set_reference_statement {
        arn = aws_wafv2_ip_set.blocked.arn
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "blocked"
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "rate"
    priority = 1
    action {
      block {}
    }
    statement {
      rate_based_statement {
        limit              = 2000
        aggregate_key_type = "IP"
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "rate"
      sampled_requests_enabled   = true
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "shop"
    sampled_requests_enabled   = true
  }
}

# ---------------------------------------------------------------- load balancer

resource "aws_security_group" "balancer" {
  vpc_id = aws_vpc.main.id
}

# It faces the internet: one public IPv4 address in each of two zones.
resource "aws_lb" "site" {
  name               = "shop"
  load_balancer_type = "application"
  internal           = false
  subnets            = aws_subnet.public[*].id
  security_groups    = [aws_security_group.balancer.id]
}

resource "aws_lb_target_group" "service" {
  for_each    = toset(["frontend", "backend"])
  name        = "shop-${each.key}"
  port        = 8080
  protocol    = "HTTP"
  target_type = "ip"
  vpc_id      = aws_vpc.main.id
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.site.arn
  port              = 443
  protocol          = "HTTPS"
  certificate_arn   = var.certificate_arn
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.service["frontend"].arn
  }
}

# Twelve rules, of which each request's first ten are evaluated for nothing.
resource "aws_lb_listener_rule" "backend" {
  count        = 12
  listener_arn = aws_lb_listener.https.arn
  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.service["backend"].arn
  }
  condition {
    path_pattern {
      values = ["/api/v${count.index + 1}/*"]
    }
  }
}

# ---------------------------------------------------------------- ECS on Fargate

resource "aws_ecs_cluster" "main" {
  name = "shop"
  setting {
    name  = "containerInsights"
    value = "disabled"
  }
}

resource "aws_iam_role" "execution" {
  name               = "shop-execution"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

data "aws_iam_policy_document" "tasks" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_ecs_task_definition" "frontend" {
  family                   = "frontend"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 1024
  execution_role_arn       = aws_iam_role.execution.arn
  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "ARM64"
  }
  container_definitions = jsonencode([{
    name         = "frontend"
    image        = "${aws_ecr_repository.service["frontend"].repository_url}:1"
    portMappings = [{ containerPort = 8080 }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.frontend.name
        awslogs-region        = "us-east-1"
        awslogs-stream-prefix = "task"
      }
    }
  }])
}

resource "aws_ecs_task_definition" "backend" {
  family                   = "backend"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 2048
  execution_role_arn       = aws_iam_role.execution.arn
  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }
  container_definitions = jsonencode([{
    name         = "backend"
    image        = "${aws_ecr_repository.service["backend"].repository_url}:1"
    portMappings = [{ containerPort = 8080 }]
    secrets      = [for name, secret in aws_secretsmanager_secret.backend : { name = upper(name), valueFrom = secret.arn }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.backend.name
        awslogs-region        = "us-east-1"
        awslogs-stream-prefix = "task"
      }
    }
  }])
}

resource "aws_security_group" "tasks" {
  vpc_id = aws_vpc.main.id
}

resource "aws_ecs_service" "frontend" {
  name            = "frontend"
  cluster         = aws_ecs_cluster.main.id
  task_definition = aws_ecs_task_definition.frontend.arn
  launch_type     = "FARGATE"
  desired_count   = 1
  network_configuration {
    subnets          = aws_subnet.private[*].id
    security_groups  = [aws_security_group.tasks.id]
    assign_public_ip = false
  }
}

resource "aws_ecs_service" "backend" {
  name            = "backend"
  cluster         = aws_ecs_cluster.main.id
  task_definition = aws_ecs_task_definition.backend.arn
  launch_type     = "FARGATE"
  desired_count   = 2
  network_configuration {
    subnets          = aws_subnet.private[*].id
    security_groups  = [aws_security_group.tasks.id]
    assign_public_ip = false
  }
  lifecycle {
    ignore_changes = [desired_count]
  }
}

resource "aws_appautoscaling_target" "backend" {
  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.main.name}/${aws_ecs_service.backend.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = 1
  max_capacity       = 6
}

# It makes two alarms of its own, AlarmHigh and AlarmLow, which are billed as others are.
resource "aws_appautoscaling_policy" "backend" {
  name               = "cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.backend.service_namespace
  resource_id        = aws_appautoscaling_target.backend.resource_id
  scalable_dimension = aws_appautoscaling_target.backend.scalable_dimension
  target_tracking_scaling_policy_configuration {
    target_value = 60
    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

# ---------------------------------------------------------------- database

resource "aws_db_subnet_group" "main" {
  name       = "shop"
  subnet_ids = aws_subnet.private[*].id
}

resource "aws_db_instance" "main" {
  identifier                      = "shop"
  engine                          = "postgres"
  engine_version                  = "17"
  instance_class                  = "db.t4g.medium"
  multi_az                        = true
  storage_type                    = "gp3"
  allocated_storage               = 50
  backup_retention_period         = 14
  db_subnet_group_name            = aws_db_subnet_group.main.name
  username                        = "shop"
  password                        = var.database_password
  enabled_cloudwatch_logs_exports = ["postgresql"]
  skip_final_snapshot             = true
}

# ---------------------------------------------------------------- images and secrets

resource "aws_ecr_repository" "service" {
  for_each = toset(["frontend", "backend"])
  name     = "shop/${each.key}"
}

resource "aws_secretsmanager_secret" "backend" {
  for_each = toset(["database", "payment", "session"])
  name     = "shop/${each.key}"
}

# ---------------------------------------------------------------- logs

resource "aws_cloudwatch_log_group" "frontend" {
  name              = "/ecs/frontend"
  retention_in_days = 30
}

resource "aws_cloudwatch_log_group" "backend" {
  name              = "/ecs/backend"
  retention_in_days = 30
}

resource "aws_cloudwatch_log_group" "postgresql" {
  name              = "/aws/rds/instance/shop/postgresql"
  retention_in_days = 30
}

resource "aws_cloudwatch_log_group" "flow" {
  name              = "/vpc/flow"
  retention_in_days = 14
}

# ---------------------------------------------------------------- alarms and dashboard

locals {
  # Eleven alarms on one metric each: namespace, metric, threshold, dimensions.
  alarms = {
    unhealthy       = ["AWS/ApplicationELB", "UnHealthyHostCount", 1, { LoadBalancer = aws_lb.site.arn_suffix, TargetGroup = aws_lb_target_group.service["backend"].arn_suffix }]
    latency         = ["AWS/ApplicationELB", "TargetResponseTime", 2, { LoadBalancer = aws_lb.site.arn_suffix }]
    frontend_cpu    = ["AWS/ECS", "CPUUtilization", 85, { ClusterName = aws_ecs_cluster.main.name, ServiceName = "frontend" }]
    frontend_memory = ["AWS/ECS", "MemoryUtilization", 85, { ClusterName = aws_ecs_cluster.main.name, ServiceName = "frontend" }]
    backend_memory  = ["AWS/ECS", "MemoryUtilization", 85, { ClusterName = aws_ecs_cluster.main.name, ServiceName = "backend" }]
    database_cpu    = ["AWS/RDS", "CPUUtilization", 80, { DBInstanceIdentifier = aws_db_instance.main.identifier }]
    database_memory = ["AWS/RDS", "SwapUsage", 268435456, { DBInstanceIdentifier = aws_db_instance.main.identifier }]
    connections     = ["AWS/RDS", "DatabaseConnections", 300, { DBInstanceIdentifier = aws_db_instance.main.identifier }]
    edge_errors     = ["AWS/CloudFront", "5xxErrorRate", 1, { DistributionId = aws_cloudfront_distribution.site.id, Region = "Global" }]
    blocked         = ["AWS/WAFV2", "BlockedRequests", 1000, { WebACL = aws_wafv2_web_acl.site.name, Rule = "ALL" }]
    gateway         = ["AWS/NATGateway", "ErrorPortAllocation", 1, { NatGatewayId = aws_nat_gateway.main.id }]
  }
}

resource "aws_cloudwatch_metric_alarm" "one" {
  for_each            = local.alarms
  alarm_name          = "shop-${each.key}"
  namespace           = each.value[0]
  metric_name         = each.value[1]
  threshold           = each.value[2]
  dimensions          = each.value[3]
  statistic           = "Average"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanOrEqualToThreshold"
}

# The twelfth is metric math over two metrics, and billed as two.
resource "aws_cloudwatch_metric_alarm" "error_rate" {
  alarm_name          = "shop-error-rate"
  threshold           = 1
  evaluation_periods  = 5
  comparison_operator = "GreaterThanOrEqualToThreshold"
  metric_query {
    id          = "rate"
    expression  = "100 * errors / requests"
    label       = "errors in percent"
    return_data = true
  }
  metric_query {
    id = "errors"
    metric {
      namespace   = "AWS/ApplicationELB"
      metric_name = "HTTPCode_Target_5XX_Count"
      dimensions  = { LoadBalancer = aws_lb.site.arn_suffix }
      period      = 60
      stat        = "Sum"
    }
  }
  metric_query {
    id = "requests"
    metric {
      namespace   = "AWS/ApplicationELB"
      metric_name = "RequestCount"
      dimensions  = { LoadBalancer = aws_lb.site.arn_suffix }
      period      = 60
      stat        = "Sum"
    }
  }
}

resource "aws_cloudwatch_dashboard" "main" {
  dashboard_name = "shop"
  dashboard_body = jsonencode({
    widgets = [{
      type       = "metric"
      properties = { region = "us-east-1", metrics = [["AWS/ApplicationELB", "RequestCount", "LoadBalancer", aws_lb.site.arn_suffix]] }
    }]
  })
}
