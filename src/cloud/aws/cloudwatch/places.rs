//! Where each metric lives: namespace, name, dimensions, region, and the factor that turns its unit into the model's.
//!
//! From the metric pages of each service: CloudFront `programming-cloudwatch-metrics` (two dimensions, both needed; `OriginLatency` in
//! milliseconds), WAF `waf-metrics` (a Region dimension for all but CloudFront), ALB `load-balancer-cloudwatch-metrics` (ARN suffixes;
//! seconds), ECS `available-metrics`, RDS `rds-metrics`, NAT `metrics-dimensions-nat-gateway`, Route 53 `monitoring-cloudwatch`.

use crate::{
    cloud::aws::EDGE_REGION,
    model::{
        database::DatabaseKind,
        edge::WafScope,
        environment::Resources,
        log,
        metric::{Metric, MetricId},
    },
};

/// Which region publishes a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The environment's.
    Home,
    /// us-east-1.
    Edge,
}

/// Where a metric lives.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    pub side: Side,
    pub namespace: &'static str,
    pub name: &'static str,
    pub dimensions: Vec<(&'static str, String)>,
    /// Factor from AWS's unit to the model's.
    pub scale: f64,
}

/// The names that dimensions are made of.
pub(super) struct Names<'a> {
    pub resources: &'a Resources,
    /// Home region.
    pub region: &'a str,
    /// `app/<name>/<id>`.
    pub balancer: Option<String>,
    /// The web ACL's metric name.
    pub web_acl: Option<String>,
}

impl Names<'_> {
    /// Says where `id` lives; `None` when the environment does not have what it measures, so that nothing is paid for it.
    pub(super) fn place(&self, id: &MetricId) -> Option<Place> {
        let subject = id.subject.as_deref();
        let (namespace, name) = address(id.metric);
        let (side, dimensions) = match namespace {
            "AWS/Route53" => (Side::Edge, self.route53(id.metric, subject)?),
            "AWS/CloudFront" => (Side::Edge, self.cloudfront()?),
            "AWS/WAFV2" => self.waf(subject)?,
            "AWS/ApplicationELB" => (Side::Home, self.balancer(id.metric, subject)?),
            "AWS/ECS" => (Side::Home, self.ecs(subject?)?),
            "AWS/RDS" => (Side::Home, self.database(subject)?),
            "AWS/NATGateway" => (Side::Home, vec![("NatGatewayId", subject?.to_owned())]),
            _ => self.log_group(subject?)?,
        };
        let scale = match id.metric {
            Metric::CdnOriginLatencyP90 => 0.001,
            _ => 1.0,
        };
        Some(Place {
            side,
            namespace,
            name,
            dimensions,
            scale,
        })
    }

    fn route53(
        &self,
        metric: Metric,
        subject: Option<&str>,
    ) -> Option<Vec<(&'static str, String)>> {
        if metric == Metric::HealthCheckStatus {
            return Some(vec![("HealthCheckId", subject?.to_owned())]);
        }
        let zone = self.resources.hosted_zone.as_deref()?;
        let id = zone.strip_prefix("/hostedzone/").unwrap_or(zone);
        Some(vec![("HostedZoneId", id.to_owned())])
    }

    fn cloudfront(&self) -> Option<Vec<(&'static str, String)>> {
        Some(vec![
            ("DistributionId", self.resources.distribution.clone()?),
            ("Region", "Global".to_owned()),
        ])
    }

    /// Without a subject, all of the web ACL: `Rule=ALL`.
    fn waf(&self, rule: Option<&str>) -> Option<(Side, Vec<(&'static str, String)>)> {
        let mut dimensions = vec![
            ("WebACL", self.web_acl.clone()?),
            ("Rule", rule.unwrap_or("ALL").to_owned()),
        ];
        let side = match self.resources.web_acl.as_ref()?.scope {
            WafScope::CloudFront => Side::Edge,
            WafScope::Regional => {
                dimensions.push(("Region", self.region.to_owned()));
                Side::Home
            }
        };
        Some((side, dimensions))
    }

    /// A log group by its name or its ARN; one of a region that is not asked has no place.
    fn log_group(&self, group: &str) -> Option<(Side, Vec<(&'static str, String)>)> {
        let log::Place::Group { name, region } = log::Place::of(group) else {
            return None;
        };
        let side = match region {
            None => Side::Home,
            Some(region) if region == self.region => Side::Home,
            Some(EDGE_REGION) => Side::Edge,
            Some(_) => return None,
        };
        Some((side, vec![("LogGroupName", name.to_owned())]))
    }

    /// A subject is a target group, which host counts cannot do without.
    fn balancer(&self, metric: Metric, group: Option<&str>) -> Option<Vec<(&'static str, String)>> {
        let mut dimensions = vec![("LoadBalancer", self.balancer.clone()?)];
        match (metric, group) {
            (_, Some(group)) => dimensions.push(("TargetGroup", group.to_owned())),
            (Metric::AlbHealthyHosts | Metric::AlbUnhealthyHosts, None) => return None,
            _ => {}
        }
        Some(dimensions)
    }

    fn ecs(&self, service: &str) -> Option<Vec<(&'static str, String)>> {
        Some(vec![
            ("ClusterName", self.resources.cluster.clone()?),
            ("ServiceName", service.to_owned()),
        ])
    }

    /// A subject is an instance of the cluster.
    fn database(&self, instance: Option<&str>) -> Option<Vec<(&'static str, String)>> {
        let named = self.resources.database.as_ref()?;
        Some(vec![match (named.kind, instance) {
            (_, Some(instance)) => ("DBInstanceIdentifier", instance.to_owned()),
            (DatabaseKind::Instance, None) => ("DBInstanceIdentifier", named.id.clone()),
            (DatabaseKind::Cluster, None) => ("DBClusterIdentifier", named.id.clone()),
        }])
    }
}

/// Namespace and name.
const fn address(metric: Metric) -> (&'static str, &'static str) {
    const CDN: &str = "AWS/CloudFront";
    const ALB: &str = "AWS/ApplicationELB";
    const NAT: &str = "AWS/NATGateway";
    const RDS: &str = "AWS/RDS";
    match metric {
        Metric::DnsQueries => ("AWS/Route53", "DNSQueries"),
        Metric::HealthCheckStatus => ("AWS/Route53", "HealthCheckStatus"),
        Metric::CdnRequests => (CDN, "Requests"),
        Metric::Cdn4xxRate => (CDN, "4xxErrorRate"),
        Metric::Cdn5xxRate => (CDN, "5xxErrorRate"),
        Metric::CdnCacheHitRate => (CDN, "CacheHitRate"),
        Metric::CdnBytesDownloaded => (CDN, "BytesDownloaded"),
        Metric::CdnBytesUploaded => (CDN, "BytesUploaded"),
        Metric::CdnOriginLatencyP90 => (CDN, "OriginLatency"),
        Metric::WafAllowed => ("AWS/WAFV2", "AllowedRequests"),
        Metric::WafBlocked => ("AWS/WAFV2", "BlockedRequests"),
        Metric::WafCounted => ("AWS/WAFV2", "CountedRequests"),
        Metric::AlbRequests => (ALB, "RequestCount"),
        Metric::AlbP50 | Metric::AlbP95 | Metric::AlbP99 => (ALB, "TargetResponseTime"),
        Metric::AlbTarget4xx => (ALB, "HTTPCode_Target_4XX_Count"),
        Metric::AlbTarget5xx => (ALB, "HTTPCode_Target_5XX_Count"),
        Metric::AlbElb4xx => (ALB, "HTTPCode_ELB_4XX_Count"),
        Metric::AlbElb5xx => (ALB, "HTTPCode_ELB_5XX_Count"),
        Metric::AlbRejectedConnections => (ALB, "RejectedConnectionCount"),
        Metric::AlbConsumedLcus => (ALB, "ConsumedLCUs"),
        Metric::AlbProcessedBytes => (ALB, "ProcessedBytes"),
        Metric::AlbHealthyHosts => (ALB, "HealthyHostCount"),
        Metric::AlbUnhealthyHosts => (ALB, "UnHealthyHostCount"),
        Metric::EcsCpu | Metric::EcsCpuPeak => ("AWS/ECS", "CPUUtilization"),
        Metric::EcsMemory | Metric::EcsMemoryPeak => ("AWS/ECS", "MemoryUtilization"),
        Metric::EcsLiveTasks => ("AWS/ECS", "LiveTaskCount"),
        Metric::RdsCpu => (RDS, "CPUUtilization"),
        Metric::RdsConnections => (RDS, "DatabaseConnections"),
        Metric::RdsFreeableMemory => (RDS, "FreeableMemory"),
        Metric::RdsFreeStorage => (RDS, "FreeStorageSpace"),
        Metric::RdsReadIops => (RDS, "ReadIOPS"),
        Metric::RdsWriteIops => (RDS, "WriteIOPS"),
        Metric::RdsReadLatency => (RDS, "ReadLatency"),
        Metric::RdsWriteLatency => (RDS, "WriteLatency"),
        Metric::RdsCpuCredits => (RDS, "CPUCreditBalance"),
        Metric::RdsDbLoad => (RDS, "DBLoad"),
        Metric::NatBytesOut => (NAT, "BytesOutToDestination"),
        Metric::NatBytesIn => (NAT, "BytesInFromDestination"),
        Metric::NatActiveConnections => (NAT, "ActiveConnectionCount"),
        Metric::NatErrorPortAllocation => (NAT, "ErrorPortAllocation"),
        Metric::NatPacketsDropped => (NAT, "PacketsDropCount"),
        Metric::LogBytes => ("AWS/Logs", "IncomingBytes"),
    }
}
