//! What is asked of Cost Explorer and of the Price List, and what becomes of the answers.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::*;
use crate::cloud::{
    Cloud as _,
    aws::{
        AwsCloud,
        served::{environment_at, record_all, with_credentials},
    },
    meter::Meter,
};
use std::sync::Arc;

/// What a server got: the head and the JSON body of each request.
type Sent = Vec<(String, Value)>;

fn asked<T>(
    answers: Vec<String>,
    ask: impl AsyncFnOnce(&AwsCloud) -> Result<T>,
) -> (Result<T>, Sent, Arc<Meter>) {
    let (url, received) = record_all(answers);
    let cloud = AwsCloud::new(environment_at(url));
    let meter = Arc::clone(cloud.meter());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let result = runtime.block_on(ask(&cloud));
    let sent = received.lock().unwrap().drain(..).collect::<Vec<_>>();
    let sent = sent
        .into_iter()
        .map(|(head, body)| (head.to_lowercase(), serde_json::from_str(&body).unwrap()))
        .collect();
    (result, sent, meter)
}

fn of_november(cloud: &AwsCloud) -> impl Future<Output = Result<Spend>> {
    cloud.spend(Date::constant(2026, 11, 1), Date::constant(2026, 11, 3))
}

fn day(start: &str, groups: &Value) -> Value {
    json!({
        "TimePeriod": { "Start": start, "End": "2026-11-03" },
        "Total": {},
        "Groups": groups,
        "Estimated": true,
    })
}

fn group(service: &str, kind: &str, amount: &str) -> Value {
    json!({
        "Keys": [service, kind],
        "Metrics": { "UnblendedCost": { "Amount": amount, "Unit": "USD" } },
    })
}

#[test]
fn a_bill_of_two_pages_is_two_requests_in_us_east_1_each_counted_at_a_cent() {
    let name = "cloud::aws::billing::tests::a_bill_of_two_pages_is_two_requests_in_us_east_1_each_counted_at_a_cent";
    with_credentials(name, || {
        let fargate = "Amazon Elastic Container Service";
        let pages = [
            json!({
                "ResultsByTime": [day("2026-11-01", &json!([group(fargate, "Usage", "3.4567890123")]))],
                "NextPageToken": "more",
            }),
            json!({
                "ResultsByTime": [day(
                    "2026-11-02",
                    &json!([group(fargate, "Usage", "3.5"), group("Tax", "Tax", "0.7")]),
                )],
            }),
        ];
        let pages = pages.iter().map(Value::to_string).collect();
        let (spend, sent, meter) = asked(pages, of_november);
        let spend = spend.unwrap();
        assert_eq!(spend.requests, 2);
        let lines: Vec<_> = spend
            .lines
            .iter()
            .map(|line| (line.day.to_string(), line.kind.as_str(), line.amount))
            .collect();
        assert_eq!(
            lines,
            [
                ("2026-11-01".to_owned(), "Usage", 3.456_789_012_3),
                ("2026-11-02".to_owned(), "Usage", 3.5),
                ("2026-11-02".to_owned(), "Tax", 0.7),
            ]
        );
        assert!(spend.lines.iter().all(|line| line.estimated));
        for (head, body) in &sent {
            assert!(
                head.contains("x-amz-target: awsinsightsindexservice.getcostandusage"),
                "{head}"
            );
            assert!(head.contains("/us-east-1/ce/aws4_request"), "{head}");
            assert_eq!(
                body["TimePeriod"],
                json!({ "Start": "2026-11-01", "End": "2026-11-03" })
            );
        }
        assert_eq!(sent[0].1.get("NextPageToken"), None);
        assert_eq!(sent[1].1["NextPageToken"], "more");
        let total = meter.total();
        assert_eq!(total.requests, 2);
        assert!((total.usd - 0.02).abs() < 1e-9, "{}", total.usd);
    });
}

#[test]
fn amounts_that_are_none_are_refused_and_endless_pages_end() {
    let name =
        "cloud::aws::billing::tests::amounts_that_are_none_are_refused_and_endless_pages_end";
    with_credentials(name, || {
        let page = |amount, token: Option<&str>| {
            json!({
                "ResultsByTime": [day("2026-11-01", &json!([group("AWS WAF", "Usage", amount)]))],
                "NextPageToken": token,
            })
            .to_string()
        };
        let (spend, _, _) = asked(vec![page("a lot", None)], of_november);
        let error = spend.unwrap_err();
        assert_eq!(
            error.message,
            "ce:GetCostAndUsage: `a lot` of AWS WAF is no amount"
        );
        let (spend, sent, _) = asked(vec![page("1", Some("again"))], of_november);
        assert!(spend.unwrap_err().message.contains("more than 20 pages"));
        assert_eq!(sent.len(), 20);
        let (spend, _, _) = asked(vec![r#"{"ResultsByTime":7}"#.to_owned()], of_november);
        let error = spend.unwrap_err();
        assert!(
            error
                .message
                .starts_with("ce:GetCostAndUsage answered otherwise than it should"),
            "{error}"
        );
    });
}

#[test]
fn days_that_are_none_are_not_asked_for() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cloud = AwsCloud::new(environment_at("http://127.0.0.1:9".to_owned()));
    let day = Date::constant(2026, 11, 1);
    let error = runtime.block_on(cloud.spend(day, day)).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Usage), "{error}");
}

fn product_of(sku: &str, dimensions: &Value) -> String {
    json!({
        "product": {
            "productFamily": "Storage",
            "attributes": { "usagetype": "EUC1-VendedLog-Bytes", "regionCode": "eu-central-1" },
            "sku": sku,
        },
        "serviceCode": "AmazonCloudWatch",
        "terms": { "OnDemand": { "SKU.JRTCKXETXF": {
            "priceDimensions": dimensions,
            "sku": sku,
            "effectiveDate": "2026-10-01T00:00:00Z",
            "offerTermCode": "JRTCKXETXF",
            "termAttributes": {},
        } } },
        "version": "20261001",
    })
    .to_string()
}

fn dimension(from: &str, to: &str, usd: &str) -> Value {
    json!({ "unit": "GB", "beginRange": from, "endRange": to, "pricePerUnit": { "USD": usd } })
}

fn vended() -> PriceQuery {
    PriceQuery {
        service: "AmazonCloudWatch",
        filters: vec![("regionCode", "eu-central-1".to_owned())],
    }
}

#[test]
fn products_of_the_price_list_come_with_their_tiers_in_order_over_all_pages() {
    let name = "cloud::aws::billing::tests::products_of_the_price_list_come_with_their_tiers_in_order_over_all_pages";
    with_credentials(name, || {
        let tiers = json!({
            "B": dimension("10240", "Inf", "0.3150000000"),
            "A": dimension("0", "10240", "0.6300000000"),
        });
        let sold_otherwise =
            json!({ "product": { "sku": "RESERVED", "attributes": {} }, "terms": {} }).to_string();
        let pages = vec![
            json!({
                "FormatVersion": "aws_v1",
                "PriceList": [product_of("GHRX", &tiers), sold_otherwise],
                "NextToken": "more",
            })
            .to_string(),
            json!({ "PriceList": [product_of("FLAT", &json!({ "A": dimension("0", "Inf", "0.5") }))] })
                .to_string(),
        ];
        let query = vended();
        let (products, sent, meter) = asked(pages, async |cloud| cloud.products(&query).await);
        let products = products.unwrap();
        let skus: Vec<_> = products.iter().map(|p| p.sku.as_str()).collect();
        assert_eq!(skus, ["GHRX", "FLAT"]);
        assert_eq!(
            products[0].tiers,
            [
                PriceTier {
                    from: 0.0,
                    to: Some(10_240.0),
                    usd: 0.63
                },
                PriceTier {
                    from: 10_240.0,
                    to: None,
                    usd: 0.315
                },
            ]
        );
        assert_eq!(products[0].attributes["usagetype"], "EUC1-VendedLog-Bytes");
        assert_eq!(products[0].effective, Some(Date::constant(2026, 10, 1)));
        let (head, body) = &sent[0];
        assert!(
            head.contains("x-amz-target: awspricelistservice.getproducts"),
            "{head}"
        );
        assert!(head.contains("/us-east-1/pricing/aws4_request"), "{head}");
        assert_eq!(
            body["Filters"],
            json!([{ "Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-central-1" }])
        );
        assert_eq!(sent[1].1["NextToken"], "more");
        assert!(meter.total().usd.abs() < 1e-12, "the Price List is free");
    });
}

#[test]
fn a_price_that_is_no_number_is_told_with_its_product() {
    let name = "cloud::aws::billing::tests::a_price_that_is_no_number_is_told_with_its_product";
    with_credentials(name, || {
        let broken = product_of("ODD", &json!({ "A": dimension("0", "Inf", "free") }));
        let query = vended();
        let page = json!({ "PriceList": [broken] }).to_string();
        let (products, _, _) = asked(vec![page], async |cloud| cloud.products(&query).await);
        assert_eq!(
            products.unwrap_err().message,
            "pricing:GetProducts of AmazonCloudWatch answered otherwise than it should: `free` is no price in USD, in the product ODD"
        );
    });
}

#[test]
fn each_answers_in_one_region_only() {
    assert_eq!(
        Elsewhere::price_list(None).url,
        "https://api.pricing.us-east-1.amazonaws.com"
    );
    assert_eq!(
        Elsewhere::cost_explorer(None).url,
        "https://ce.us-east-1.amazonaws.com"
    );
}
