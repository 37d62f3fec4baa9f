//! Screens, their tiers and their panes.

use crate::model::Tier;

/// A screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Screen {
    /// The request path, findings, timeline.
    Overview,
    /// Route 53, CloudFront, WAF.
    Edge,
    /// The load balancer.
    Balancer,
    /// ECS.
    Services,
    /// RDS.
    Database,
    /// Images.
    Images,
    /// Log lines.
    Logs,
    /// Alarms and dashboards.
    Alarms,
    /// The VPC.
    Network,
    /// What its flow logs add up to.
    Flows,
    /// What all of it costs.
    Cost,
}

impl Screen {
    /// Every screen in the order of the bottom bar.
    pub const ALL: [Self; 11] = [
        Self::Overview,
        Self::Edge,
        Self::Balancer,
        Self::Services,
        Self::Database,
        Self::Images,
        Self::Logs,
        Self::Alarms,
        Self::Network,
        Self::Flows,
        Self::Cost,
    ];

    /// Title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Edge => "Edge",
            Self::Balancer => "Balancer",
            Self::Services => "Services",
            Self::Database => "Database",
            Self::Images => "Images",
            Self::Logs => "Logs",
            Self::Alarms => "Alarms",
            Self::Network => "Network",
            Self::Flows => "Flows",
            Self::Cost => "Cost",
        }
    }

    /// The command that opens it.
    #[must_use]
    pub const fn command(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Edge => "edge",
            Self::Balancer => "balancer",
            Self::Services => "services",
            Self::Database => "database",
            Self::Images => "images",
            Self::Logs => "logs",
            Self::Alarms => "alarms",
            Self::Network => "network",
            Self::Flows => "flows",
            Self::Cost => "cost",
        }
    }

    /// The tiers it shows; refresh reads them, and their charts' metrics are queried while it is open.
    #[must_use]
    pub const fn tiers(self) -> &'static [Tier] {
        match self {
            Self::Overview | Self::Logs | Self::Cost => &[],
            Self::Edge => &[Tier::Route53, Tier::CloudFront, Tier::Waf],
            Self::Balancer => &[Tier::Alb],
            Self::Services => &[Tier::Ecs],
            Self::Database => &[Tier::Rds],
            Self::Images => &[Tier::Images, Tier::Ecs],
            Self::Alarms => &[Tier::Alarms],
            Self::Network | Self::Flows => &[Tier::Network],
        }
    }

    /// Its panes in the order of Tab.
    #[must_use]
    pub const fn panes(self) -> &'static [Pane] {
        match self {
            Self::Overview => &[Pane::Findings, Pane::Timeline],
            Self::Edge => &[
                Pane::Rules,
                Pane::Behaviours,
                Pane::Records,
                Pane::Samples,
                Pane::Origins,
                Pane::HealthChecks,
                Pane::Invalidations,
            ],
            Self::Balancer => &[Pane::TargetGroups, Pane::Targets, Pane::ListenerRules],
            Self::Services => &[
                Pane::Services,
                Pane::Tasks,
                Pane::Rollouts,
                Pane::ServiceEvents,
                Pane::Scaling,
                Pane::Containers,
            ],
            Self::Database => &[Pane::Snapshots, Pane::DatabaseEvents],
            Self::Images => &[
                Pane::Running,
                Pane::Components,
                Pane::Repositories,
                Pane::ImageList,
                Pane::Local,
            ],
            Self::Logs => &[Pane::Lines],
            Self::Alarms => &[Pane::Alarms, Pane::AlarmHistory, Pane::Dashboards],
            Self::Network => &[
                Pane::Subnets,
                Pane::SecurityRules,
                Pane::Routes,
                Pane::Gateways,
                Pane::FlowLogs,
            ],
            Self::Flows => &[
                Pane::Traffic,
                Pane::RefusedSources,
                Pane::RefusedPorts,
                Pane::RefusedGroups,
            ],
            Self::Cost => &[
                Pane::CostTiers,
                Pane::WhatIf,
                Pane::CostItems,
                Pane::Waste,
                Pane::Requests,
            ],
        }
    }

    /// Whether it shows log lines, or what they add up to.
    #[must_use]
    pub const fn reads_logs(self) -> bool {
        matches!(self, Self::Logs | Self::Flows)
    }

    /// The screen that shows `tier`.
    #[must_use]
    pub const fn of(tier: Tier) -> Self {
        match tier {
            Tier::Route53 | Tier::CloudFront | Tier::Waf => Self::Edge,
            Tier::Alb => Self::Balancer,
            Tier::Ecs => Self::Services,
            Tier::Rds => Self::Database,
            Tier::Images => Self::Images,
            Tier::Alarms => Self::Alarms,
            Tier::Network => Self::Network,
        }
    }
}

/// Declares the panes once: variant, title, tier whose data it shows (`None`: derived from all).
macro_rules! panes {
    ($($variant:ident $title:literal $tier:expr;)*) => {
        /// A list on a screen.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each pane's title is its description")]
        pub enum Pane { $($variant),* }

        impl Pane {
            /// Every pane; one that depends on another's selection comes after it.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Title.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// The tier whose data it shows; `None` when it is derived from all.
            #[must_use]
            pub const fn tier(self) -> Option<Tier> {
                match self { $(Self::$variant => $tier),* }
            }
        }
    };
}

panes! {
    Findings "Findings" None;
    Timeline "Timeline" None;
    Records "DNS records" Some(Tier::Route53);
    HealthChecks "Health checks" Some(Tier::Route53);
    Origins "Origins" Some(Tier::CloudFront);
    Behaviours "Behaviours" Some(Tier::CloudFront);
    Invalidations "Invalidations" Some(Tier::CloudFront);
    Rules "WAF rules" Some(Tier::Waf);
    Samples "Sampled requests" Some(Tier::Waf);
    TargetGroups "Target groups" Some(Tier::Alb);
    Targets "Targets" Some(Tier::Alb);
    ListenerRules "Listener rules" Some(Tier::Alb);
    Services "Services" Some(Tier::Ecs);
    Tasks "Tasks" Some(Tier::Ecs);
    Rollouts "Deployments" Some(Tier::Ecs);
    ServiceEvents "Service events" Some(Tier::Ecs);
    Scaling "Autoscaling" Some(Tier::Ecs);
    Containers "Containers" Some(Tier::Ecs);
    Snapshots "Snapshots" Some(Tier::Rds);
    DatabaseEvents "Database events" Some(Tier::Rds);
    Running "Running images" Some(Tier::Ecs);
    Repositories "Repositories" Some(Tier::Images);
    ImageList "Images" Some(Tier::Images);
    Components "Components" None;
    Local "Images of this machine" None;
    Lines "Logs" None;
    Answer "Rows" None;
    Alarms "Alarms" Some(Tier::Alarms);
    AlarmHistory "Alarm history" Some(Tier::Alarms);
    Dashboards "Dashboards" Some(Tier::Alarms);
    Subnets "Subnets" Some(Tier::Network);
    SecurityRules "Security groups" Some(Tier::Network);
    Routes "Routes" Some(Tier::Network);
    Gateways "Gateways and endpoints" Some(Tier::Network);
    FlowLogs "Flow logs" Some(Tier::Network);
    Traffic "Traffic by tier" None;
    RefusedSources "Refused by source" None;
    RefusedPorts "Refused by port" None;
    RefusedGroups "Refused by security group" None;
    CostTiers "By tier" None;
    CostItems "Items" None;
    Waste "What could be saved" None;
    WhatIf "What if" None;
    Requests "The console's own requests" None;
}

impl Pane {
    /// The panes whose rows depend on this one's selection.
    #[must_use]
    pub const fn dependents(self) -> &'static [Self] {
        match self {
            Self::Services => &[
                Self::Tasks,
                Self::Rollouts,
                Self::ServiceEvents,
                Self::Scaling,
                Self::Containers,
            ],
            Self::TargetGroups => &[Self::Targets],
            Self::Repositories => &[Self::ImageList],
            _ => &[],
        }
    }

    /// The pane that Enter leads into; `None` when Enter shows the row's details.
    #[must_use]
    pub const fn drills_into(self) -> Option<Self> {
        match self {
            Self::Services => Some(Self::Tasks),
            Self::TargetGroups => Some(Self::Targets),
            Self::Repositories => Some(Self::ImageList),
            _ => None,
        }
    }
}
