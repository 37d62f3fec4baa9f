use super::*;

const REJECT: &str = "2 123456789012 eni-0a7e3c91d5f2b8640 203.0.113.7 10.0.0.41 40000 22 6 1 40 1795317195 1795317255 REJECT OK";
const ACCEPT: &str = "2 123456789012 eni-01f 10.0.11.52 10.0.21.10 41234 5432 6 120 49440 1795317195 1795317255 ACCEPT OK";
const NODATA: &str = "2 123456789012 eni-01f - - - - - - - 1795317195 1795317255 - NODATA";
const SKIPDATA: &str = "2 123456789012 eni-01f - - - - - - - 1795317195 1795317255 - SKIPDATA";

#[test]
fn the_default_format_is_decoded() {
    let record = FlowFormat::default().record(REJECT).unwrap();
    assert_eq!(record.source, "203.0.113.7".parse().ok());
    assert_eq!(record.destination_port, Some(22));
    assert_eq!((record.packets, record.bytes), (Some(1), Some(40)));
    assert_eq!(record.end, Timestamp::from_second(1_795_317_255).ok());
    assert!(record.is_rejected());
}

#[test]
fn intervals_without_flows_and_with_lost_records_are_told_apart() {
    let format = FlowFormat::default();
    let status = |line| format.record(line).unwrap().status;
    assert_eq!(status(NODATA), Status::NoData);
    assert_eq!(status(SKIPDATA), Status::SkipData);
    assert_eq!(format.record(NODATA).unwrap().action, None);
}

#[test]
fn a_custom_format_is_decoded_by_name_up_to_the_newest_version() {
    let format = FlowFormat::parse(
        "${version} ${vpc-id} ${pkt-srcaddr} ${pkt-dstaddr} ${dstport} ${protocol} ${flow-direction} ${tcp-flags} ${az-id} ${pkt-dst-aws-service} ${ecs-service-name} ${reject-reason} ${encryption-status} ${next-hop-interface-type} ${action} ${log-status}",
    );
    let line = "11 vpc-0abc 2001:db8::7 10.0.0.41 443 6 ingress 18 use1-az1 S3 backend BPA 0 interface REJECT OK";
    let record = format.record(line).unwrap();
    assert_eq!(record.origin(), "2001:db8::7".parse().ok());
    assert_eq!(record.source, None);
    assert_eq!(record.direction, Some(Direction::Ingress));
    assert_eq!(record.tcp_flags, Some(18));
    assert_eq!(record.ecs_service, Some("backend"));
    assert_eq!(record.reject_reason, Some("BPA"));
    assert_eq!(
        format
            .fields(line)
            .find(|(name, _)| *name == "encryption-status"),
        Some(("encryption-status", "0"))
    );
}

#[test]
fn lines_of_another_format_are_not_decoded() {
    let format = FlowFormat::default();
    for line in [
        "",
        "2 x",
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status",
    ] {
        assert_eq!(format.record(line), None, "{line}");
    }
    assert_eq!(format.record(&format!("{REJECT} more")), None);
    assert_eq!(format.fields("2 x").count(), 0);
    assert_eq!(FlowFormat::parse(" "), format);
}

#[test]
fn refusals_are_summed_by_source_port_and_group_and_traffic_by_tier() {
    let format = FlowFormat::default();
    let other = REJECT
        .replace("203.0.113.7", "198.51.100.9")
        .replace(" 22 ", " 5432 ");
    let lines = [REJECT, &other, REJECT, ACCEPT, ACCEPT, NODATA, SKIPDATA];
    let records = lines.iter().filter_map(|line| format.record(line));
    let summary = FlowSummary::of(
        records,
        |interface| match interface {
            "eni-0a7e3c91d5f2b8640" => vec!["sg-balancer".to_owned()],
            _ => Vec::new(),
        },
        |address| match address.to_string().as_str() {
            "10.0.11.52" => "backend".to_owned(),
            "10.0.21.10" => "database".to_owned(),
            _ => "internet".to_owned(),
        },
    );
    assert_eq!((summary.flows, summary.skipped), (5, 1));
    let sources: Vec<_> = summary
        .sources
        .iter()
        .map(|(source, sum)| (source.to_string(), sum.flows))
        .collect();
    assert_eq!(
        sources,
        [
            ("203.0.113.7".to_owned(), 2),
            ("198.51.100.9".to_owned(), 1)
        ]
    );
    assert_eq!(summary.ports[0].0.to_string(), "tcp/22");
    assert_eq!(summary.groups[0].0, "sg-balancer");
    let ((from, to), sum) = &summary.traffic[0];
    assert_eq!((from.as_str(), to.as_str()), ("backend", "database"));
    assert_eq!((sum.flows, sum.bytes), (2, 98_880));
}

#[test]
fn an_interface_of_unknown_groups_stands_for_itself() {
    let records = FlowFormat::default().record(REJECT);
    let summary = FlowSummary::of(records, |_| Vec::new(), |address| address.to_string());
    assert_eq!(summary.groups[0].0, "eni-0a7e3c91d5f2b8640");
    assert!(summary.traffic.is_empty());
}
