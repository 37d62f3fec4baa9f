use super::*;

const REJECT: &str = "2 123456789012 eni-0a7e3c91d5f2b8640 203.0.113.7 10.0.0.41 40000 22 6 1 40 1795317195 1795317255 REJECT OK";
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
    let standard = standard();
    assert_eq!(FlowFormat::of_line(standard, "2 x"), None);
    assert_eq!(FlowFormat::parse(" "), format);
}

/// Each version's fields, a value that the user guide gives for them, and what is read of it.
#[test]
fn the_fields_of_every_version_are_read_by_name() {
    for (version, fields) in [
        (
            2,
            "interface-id=eni-01f srcaddr=10.0.0.41 action=REJECT log-status=OK",
        ),
        (
            3,
            "vpc-id=vpc-0a subnet-id=subnet-0a instance-id=i-0a tcp-flags=19 type=IPv4 pkt-srcaddr=203.0.113.7 pkt-dstaddr=10.0.0.41",
        ),
        (
            4,
            "region=eu-west-1 az-id=euw1-az1 sublocation-type=wavelength sublocation-id=sl-1",
        ),
        (
            5,
            "pkt-src-aws-service=CLOUDFRONT pkt-dst-aws-service=S3 flow-direction=egress traffic-path=8",
        ),
        (
            7,
            "ecs-cluster-arn=arn:aws:ecs:eu-west-1:123456789012:cluster/shop ecs-cluster-name=shop ecs-container-instance-arn=ci ecs-container-instance-id=1 ecs-container-id=2 ecs-second-container-id=3 ecs-service-name=backend ecs-task-definition-arn=td ecs-task-arn=t ecs-task-id=0123",
        ),
        (8, "reject-reason=BPA"),
        (9, "resource-id=nat-0a"),
        (10, "encryption-status=1"),
        (
            11,
            "instance-tag=a interface-tag=b asg-tag=c interface-type=lambda next-hop-interface-id=eni-02 next-hop-subnet-id=subnet-02 next-hop-az-id=euw1-az2 next-hop-vpc-id=vpc-02 next-hop-interface-type=nat_gateway",
        ),
    ] {
        let pairs: Vec<(&str, &str)> = fields
            .split(' ')
            .map(|f| f.split_once('=').unwrap())
            .collect();
        let names: Vec<String> = pairs
            .iter()
            .map(|(name, _)| format!("${{{name}}}"))
            .collect();
        let formats = [FlowFormat::parse(&format!(
            "${{version}} {}",
            names.join(" ")
        ))];
        let values: Vec<&str> = pairs.iter().map(|(_, value)| *value).collect();
        let line = format!("{version} {}", values.join(" "));
        let format = FlowFormat::of_line(&formats, &line).unwrap();
        assert!(format.record(&line).is_some(), "{line}");
        let read: Vec<_> = format.fields(&line).skip(1).collect();
        assert_eq!(read, pairs, "version {version}");
    }
}

#[test]
fn what_newer_versions_tell_is_decoded() {
    let format = FlowFormat::parse(
        "${srcaddr} ${pkt-srcaddr} ${tcp-flags} ${flow-direction} ${ecs-task-id} ${pkt-src-aws-service}",
    );
    let record = format
        .record("10.0.0.87 203.0.113.7 2 egress 0123 EC2")
        .unwrap();
    assert_eq!(record.source, "10.0.0.87".parse().ok());
    assert_eq!(record.origin(), "203.0.113.7".parse().ok());
    assert_eq!(record.tcp_flags, Some(2));
    assert_eq!(record.direction, Some(Direction::Egress));
    assert_eq!(record.ecs_task, Some("0123"));
    assert_eq!(record.source_service, Some("EC2"));
}

fn flow_log(destination: &str, kind: &str, format: &str) -> FlowLog {
    FlowLog {
        id: "fl-1".to_owned(),
        resource: "vpc-1".to_owned(),
        traffic: "ALL".to_owned(),
        status: "ACTIVE".to_owned(),
        delivery: None,
        delivery_error: None,
        destination: destination.to_owned(),
        destination_type: kind.to_owned(),
        format: format.to_owned(),
        aggregation: 600,
        created_at: None,
    }
}

#[test]
fn a_line_is_read_by_the_format_of_its_group_that_fits_it() {
    let formats = FlowFormats::of(&[
        flow_log("/flows", "cloud-watch-logs", ""),
        flow_log("/flows", "cloud-watch-logs", "${dstport} ${srcaddr}"),
        flow_log("/flows", "cloud-watch-logs", "${srcaddr} ${dstport}"),
        flow_log("arn:aws:s3:::bucket", "s3", "${srcaddr}"),
    ]);
    let known = formats.of_group("/flows").unwrap();
    let field = |line: &str| {
        let format = FlowFormat::of_line(&known, line)?;
        let port = format.fields(line).find(|(name, _)| *name == "dstport");
        port.map(|(_, value)| value.to_owned())
    };
    assert_eq!(field(REJECT).as_deref(), Some("22"));
    assert_eq!(field("443 10.0.0.41").as_deref(), Some("443"));
    assert_eq!(field("10.0.0.41 443").as_deref(), Some("443"));
    assert_eq!(field("one two"), None);
    assert_eq!(field("10.0.0.41 443 x"), None);
    assert_eq!(formats.of_group("arn:aws:s3:::bucket"), None);
    assert!(formats.have("dstport") && !formats.have("pkt-srcaddr"));
}

#[test]
fn a_record_is_shown_in_columns_with_what_its_format_has_beyond_them() {
    let shown = |format: &str, line: &str| {
        text::shown(&[FlowFormat::parse(format)], line).unwrap_or_default()
    };
    assert_eq!(
        shown("", REJECT),
        "REJECT      203.0.113.7:40000 → 10.0.0.41:22           tcp ssh             1 pkt      40 B  eni-0a7e3c91d5f2b8640"
    );
    assert_eq!(shown("", NODATA), "NODATA  eni-01f");
    assert_eq!(
        shown(
            "${pkt-srcaddr} ${dstaddr} ${dstport} ${protocol} ${action} ${flow-direction} ${vpc-id}",
            "2001:db8::7 10.0.0.41 443 6 ACCEPT ingress -"
        ),
        "ACCEPT            2001:db8::7 → 10.0.0.41:443          tcp https       pkt-srcaddr=2001:db8::7  flow-direction=ingress"
    );
    assert_eq!(shown("", "not a record"), "");
}
