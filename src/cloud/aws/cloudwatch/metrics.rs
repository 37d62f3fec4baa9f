//! Series of metrics: one batched query a region, regions in parallel.

use super::{
    super::{
        AwsCloud, Clients, elbv2, failure::explain, memo::Name, parallel, time::timestamp, wafv2,
    },
    Region, Regions,
    places::{Names, Place, Side},
};
use crate::{
    error::Result,
    model::{
        metric::{MetricId, Metrics, Series, Window},
        tier::Tier,
    },
};
use aws_sdk_cloudwatch::types;
use aws_smithy_types::DateTime;
use futures::{
    FutureExt as _,
    future::{OptionFuture, join},
};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Queries that `GetMetricData` takes in one call (CloudWatch API reference).
const QUERIES_A_CALL: usize = 500;

/// Reads the series of `ids` over `window`. What the environment does not have is left out: CloudWatch bills each metric asked for.
///
/// # Errors
/// What CloudWatch answered when no region could be read; a region that failed while another answered becomes a message.
pub(in super::super) async fn metrics(
    aws: &AwsCloud,
    ids: &[MetricId],
    window: Window,
) -> Result<Metrics> {
    let clients = aws.clients().await?;
    let regions = Regions::of(aws, clients);
    let mut messages = Vec::new();
    let names = names(aws, clients, regions.home.name, ids, &mut messages).await;
    query(&regions, &names, ids, window, messages).await
}

/// Looks up the names that the configuration does not hold; one that cannot be read becomes a message, and is not asked for again when
/// its tier's read has just failed to find it.
async fn names<'a>(
    aws: &'a AwsCloud,
    clients: &Clients,
    region: &'a str,
    ids: &[MetricId],
    messages: &mut Vec<String>,
) -> Names<'a> {
    let memo = &aws.memo;
    let wants = |tier| ids.iter().any(|id| id.metric.spec().tier == tier);
    let named = &aws.environment.resources;
    let balancer = named.load_balancer.as_deref().filter(|_| wants(Tier::Alb));
    let web_acl = named.web_acl.as_ref().filter(|_| wants(Tier::Waf));
    let (balancer, web_acl) = join(
        OptionFuture::from(
            balancer.map(|name| known(&memo.balancer, balancer_of(clients, name).boxed())),
        ),
        OptionFuture::from(
            web_acl.map(|name| known(&memo.web_acl, wafv2::dimension(clients, name).boxed())),
        ),
    )
    .await;
    let mut noted = |looked_up: Option<Result<String>>| match looked_up? {
        Ok(name) => Some(name),
        Err(error) => {
            messages.push(error.to_string());
            None
        }
    };
    Names {
        resources: &aws.environment.resources,
        region,
        balancer: noted(balancer),
        web_acl: noted(web_acl),
    }
}

/// The name that is remembered, else the one that `look_up` finds.
async fn known(name: &Name, look_up: impl Future<Output = Result<String>>) -> Result<String> {
    if let Some(known) = name.known() {
        return Ok(known);
    }
    if let Some(error) = name.take_failure() {
        return Err(error);
    }
    let found = look_up.await?;
    name.keep(&found);
    Ok(found)
}

async fn balancer_of(clients: &Clients, name: &str) -> Result<String> {
    let found = elbv2::find(&clients.elb, name).await?;
    Ok(elbv2::dimension(found.load_balancer_arn().unwrap_or_default()).to_owned())
}

/// Asks each region once for what lives there.
pub(super) async fn query(
    regions: &Regions<'_>,
    names: &Names<'_>,
    ids: &[MetricId],
    window: Window,
    mut messages: Vec<String>,
) -> Result<Metrics> {
    let (mut home, mut edge): (Vec<Wanted>, Vec<Wanted>) = (Vec::new(), Vec::new());
    for id in ids {
        if let Some(place) = names.place(id) {
            let wanted = Wanted {
                id: id.clone(),
                place,
            };
            match (wanted.place.side, regions.edge) {
                (Side::Edge, Some(_)) => edge.push(wanted),
                _ => home.push(wanted),
            }
        }
    }
    let mut asked = vec![(regions.home, home)];
    asked.extend(regions.edge.map(|region| (region, edge)));
    asked.retain(|(_, wanted)| !wanted.is_empty());
    let batches: Vec<(Region, &[Wanted])> = asked
        .iter()
        .flat_map(|(region, wanted)| wanted.chunks(QUERIES_A_CALL).map(|batch| (*region, batch)))
        .collect();
    let requests = batches
        .iter()
        .map(|(region, wanted)| fetch(*region, wanted, &window));
    let answers = parallel::all(requests.collect()).await;

    let mut series = BTreeMap::new();
    let mut failures = Vec::new();
    for ((region, wanted), answer) in batches.iter().zip(answers) {
        match answer {
            Ok(answer) => {
                messages.extend(answer.messages);
                series.extend(
                    wanted
                        .iter()
                        .zip(answer.points)
                        .filter_map(|(wanted, points)| {
                            Some((wanted.id.clone(), wanted.series(&window, points?)))
                        }),
                );
            }
            Err(error) => failures.push((region.name, error)),
        }
    }
    if series.is_empty()
        && let Some((_, error)) = failures.pop()
    {
        return Err(error);
    }
    messages.extend(
        failures
            .into_iter()
            .map(|(region, error)| format!("{region}: {error}")),
    );
    Ok(Metrics {
        window,
        series,
        messages,
    })
}

/// A metric that is asked for, and where it lives.
struct Wanted {
    id: MetricId,
    place: Place,
}

impl Wanted {
    /// Seconds of a datapoint: the window's, but not below what AWS publishes.
    fn period(&self, window: &Window) -> u32 {
        self.id.metric.spec().period.max(window.period)
    }

    fn query(&self, index: usize, window: &Window) -> types::MetricDataQuery {
        let dimensions = self
            .place
            .dimensions
            .iter()
            .map(|(name, value)| types::Dimension::builder().name(*name).value(value).build());
        let metric = types::Metric::builder()
            .namespace(self.place.namespace)
            .metric_name(self.place.name)
            .set_dimensions(Some(dimensions.collect()))
            .build();
        let stat = types::MetricStat::builder()
            .metric(metric)
            .period(i32::try_from(self.period(window)).unwrap_or(i32::MAX))
            .stat(self.id.metric.spec().statistic.word())
            .build();
        types::MetricDataQuery::builder()
            .id(format!("m{index}"))
            .metric_stat(stat)
            .build()
    }

    /// Puts the points into the window's places. A point of a longer period than the window's stands for all its places, and for as
    /// many again until the next one comes: it is a level that AWS publishes late.
    fn series(&self, window: &Window, points: Vec<(Timestamp, f64)>) -> Series {
        let places = match self.period(window) / window.period.max(1) {
            ..=1 => 1,
            longer => 2 * longer,
        };
        let points = points.into_iter().flat_map(|(at, value)| {
            (0..places).filter_map(move |place| {
                let seconds = at.as_second() + i64::from(place) * i64::from(window.period);
                let at = Timestamp::from_second(seconds).ok()?;
                Some((at, value * self.place.scale))
            })
        });
        Series::fill(self.id.metric, window, points)
    }
}

/// Points by index of the query, in time order, and what CloudWatch said. A metric of which it gave only a part has none: filled with
/// zeros the rest would look quiet.
struct Answer {
    points: Vec<Option<Vec<(Timestamp, f64)>>>,
    messages: Vec<String>,
}

/// Asks for all pages of one batch of queries.
async fn fetch(region: Region<'_>, wanted: &[Wanted], window: &Window) -> Result<Answer> {
    let longest = wanted.iter().map(|w| w.period(window)).max().unwrap_or(60);
    let queries: Vec<_> = wanted
        .iter()
        .enumerate()
        .map(|(index, wanted)| wanted.query(index, window))
        .collect();
    let mut pages = region
        .client
        .get_metric_data()
        .set_metric_data_queries(Some(queries))
        .start_time(start(window, longest))
        .end_time(DateTime::from_secs(window.to.as_second()))
        .scan_by(types::ScanBy::TimestampAscending)
        .into_paginator()
        .send();
    let mut points = vec![Vec::new(); wanted.len()];
    let mut partial = vec![false; wanted.len()];
    let mut messages = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| explain("cloudwatch:GetMetricData", region.name, e))?;
        messages.extend(page.messages().iter().map(said));
        for result in page.metric_data_results() {
            messages.extend(result.messages().iter().map(said));
            let Some(index) = index(result).filter(|index| *index < wanted.len()) else {
                continue;
            };
            // Every page but a metric's last is partial.
            partial[index] = result
                .status_code()
                .is_some_and(|status| *status != types::StatusCode::Complete);
            points[index].extend(
                result
                    .timestamps()
                    .iter()
                    .zip(result.values())
                    .filter_map(|(at, value)| Some((timestamp(Some(at))?, *value))),
            );
        }
    }
    messages.extend(
        wanted
            .iter()
            .zip(&partial)
            .filter(|(_, partial)| **partial)
            .map(|(wanted, _)| {
                let Place {
                    namespace, name, ..
                } = wanted.place;
                format!(
                    "{}: CloudWatch gave only a part of {namespace} {name}",
                    region.name
                )
            }),
    );
    messages.dedup();
    let points = points.into_iter().zip(partial);
    Ok(Answer {
        points: points.map(|(p, partial)| (!partial).then_some(p)).collect(),
        messages,
    })
}

/// The window's start, rounded down to the longest period asked for, so that points lie where repeated queries put them.
fn start(window: &Window, period: u32) -> DateTime {
    let period = i64::from(period);
    DateTime::from_secs(window.from.as_second().div_euclid(period) * period)
}

/// The place of a result's query; CloudWatch gives results in any order.
fn index(result: &types::MetricDataResult) -> Option<usize> {
    result.id()?.strip_prefix('m')?.parse().ok()
}

fn said(message: &types::MessageData) -> String {
    match (message.code(), message.value()) {
        (Some(code), Some(value)) => format!("{code}: {value}"),
        (one, other) => one.or(other).unwrap_or_default().to_owned(),
    }
}
