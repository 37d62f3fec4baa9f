//! Which security groups the request path uses: the balancer's, the services' and the database's.

use super::super::{client::Clients, elbv2, failure::explain, gap::or_gap};
use crate::{
    error::Result,
    model::{
        database::DatabaseKind,
        environment::{DatabaseName, Resources},
    },
};
use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;

/// Services that DescribeServices takes at once (docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html).
const SERVICES: usize = 10;

/// Users of security groups: a group's id and what uses it.
#[derive(Debug, Default)]
pub(super) struct Usage {
    users: Vec<(String, String)>,
    /// Parts that could not be read.
    pub(super) gaps: Vec<String>,
}

impl Usage {
    /// What uses a group, in path order.
    pub(super) fn of(&self, group: &str) -> Vec<String> {
        let users = self.users.iter().filter(|(id, _)| id == group);
        users.map(|(_, user)| user.clone()).collect()
    }
}

/// Asks balancer, services and database for their groups, one description each.
pub(super) async fn read(clients: &Clients, resources: &Resources) -> Usage {
    let (balancer, services, database) = futures::join!(
        balancer(clients, resources.load_balancer.as_deref()),
        services(clients, resources),
        database(clients, resources.database.as_ref()),
    );
    let mut usage = Usage::default();
    for part in [balancer, services, database] {
        let users = or_gap(part, &mut usage.gaps);
        usage.users.extend(users);
    }
    usage
}

async fn balancer(clients: &Clients, name: Option<&str>) -> Result<Vec<(String, String)>> {
    let Some(name) = name else {
        return Ok(Vec::new());
    };
    let found = elbv2::find(&clients.elb, name).await?;
    let groups = found.security_groups().iter();
    Ok(groups
        .map(|group| (group.clone(), "alb".to_owned()))
        .collect())
}

async fn services(clients: &Clients, resources: &Resources) -> Result<Vec<(String, String)>> {
    let Some(cluster) = resources.cluster.as_deref() else {
        return Ok(Vec::new());
    };
    let batches = resources.services.chunks(SERVICES).map(async |batch| {
        clients
            .ecs
            .describe_services()
            .cluster(cluster)
            .set_services(Some(batch.iter().map(|s| s.name.clone()).collect()))
            .send()
            .await
            .map_err(|e| explain("ecs:DescribeServices", cluster, e))
    });
    let answers = futures::future::try_join_all(batches).await?;
    let mut users = Vec::new();
    for service in answers.iter().flat_map(DescribeServicesOutput::services) {
        let vpc = service
            .network_configuration()
            .and_then(|network| network.awsvpc_configuration());
        let user = format!("ecs {}", service.service_name().unwrap_or_default());
        for group in vpc.map_or(&[][..], |vpc| vpc.security_groups()) {
            users.push((group.clone(), user.clone()));
        }
    }
    Ok(users)
}

async fn database(clients: &Clients, name: Option<&DatabaseName>) -> Result<Vec<(String, String)>> {
    let Some(DatabaseName { id, kind }) = name else {
        return Ok(Vec::new());
    };
    let memberships = match kind {
        DatabaseKind::Instance => {
            let request = clients.rds.describe_db_instances();
            let answer = request
                .db_instance_identifier(id)
                .send()
                .await
                .map_err(|e| explain("rds:DescribeDBInstances", id, e))?;
            let databases = answer.db_instances.unwrap_or_default().into_iter();
            databases
                .filter_map(|db| db.vpc_security_groups)
                .flatten()
                .collect::<Vec<_>>()
        }
        DatabaseKind::Cluster => {
            let request = clients.rds.describe_db_clusters();
            let answer = request
                .db_cluster_identifier(id)
                .send()
                .await
                .map_err(|e| explain("rds:DescribeDBClusters", id, e))?;
            let databases = answer.db_clusters.unwrap_or_default().into_iter();
            databases
                .filter_map(|db| db.vpc_security_groups)
                .flatten()
                .collect()
        }
    };
    let groups = memberships
        .into_iter()
        .filter_map(|membership| membership.vpc_security_group_id);
    Ok(groups.map(|group| (group, "rds".to_owned())).collect())
}
