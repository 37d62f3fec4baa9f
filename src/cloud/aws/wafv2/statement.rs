//! What a rule looks for, in one line.

use aws_sdk_wafv2::types::{
    FieldToMatch, RateBasedStatement, RateBasedStatementAggregateKeyType as Key, Statement,
};

/// Entries of a list that are named before the rest is counted.
const NAMED: usize = 5;

/// Summarises a statement: `managed AWS/AWSManagedRulesCommonRuleSet`, `rate 2000/5 min per IP`, `not (country CH, DE)`, ...
pub(super) fn summary(statement: &Statement) -> String {
    if let Some(group) = statement.managed_rule_group_statement() {
        let scope = only(group.scope_down_statement());
        return format!("managed {}/{}{scope}", group.vendor_name(), group.name());
    }
    if let Some(rate) = statement.rate_based_statement() {
        return rate_limit(rate);
    }
    if let Some(set) = statement.ip_set_reference_statement() {
        return format!("IP set {}", name_in(set.arn()));
    }
    if let Some(group) = statement.rule_group_reference_statement() {
        return format!("rule group {}", name_in(group.arn()));
    }
    if let Some(geo) = statement.geo_match_statement() {
        let codes = geo
            .country_codes()
            .iter()
            .map(|code| code.as_str().to_owned());
        return format!("country {}", list(codes));
    }
    if let Some(asn) = statement.asn_match_statement() {
        return format!(
            "ASN {}",
            list(asn.asn_list().iter().map(ToString::to_string))
        );
    }
    if let Some(label) = statement.label_match_statement() {
        return format!("label {}", label.key());
    }
    matching(statement).unwrap_or_else(|| logic(statement))
}

fn rate_limit(rate: &RateBasedStatement) -> String {
    // AWS leaves the window out where it is the default, 300 s.
    let window = match rate.evaluation_window_sec() {
        0 => 300,
        seconds => seconds,
    };
    let per = match rate.aggregate_key_type() {
        Key::Ip => " per IP",
        Key::ForwardedIp => " per forwarded IP",
        Key::CustomKeys => " per key",
        _ => "",
    };
    let scope = only(rate.scope_down_statement());
    format!("rate {}/{} min{per}{scope}", rate.limit(), window / 60)
}

/// Statements that look at a part of the request.
fn matching(statement: &Statement) -> Option<String> {
    if let Some(bytes) = statement.byte_match_statement() {
        let how = bytes.positional_constraint().as_str();
        let how = how.to_ascii_lowercase().replace('_', " ");
        let part = bytes.field_to_match();
        // The value of a header is often a secret that a trusted caller sends.
        if part.is_some_and(|p| {
            p.single_header().is_some() || p.headers().is_some() || p.cookies().is_some()
        }) {
            return Some(format!("{} {how} (value withheld)", field(part)));
        }
        let wanted = String::from_utf8_lossy(bytes.search_string().as_ref());
        return Some(format!("{} {how} \"{wanted}\"", field(part)));
    }
    if let Some(size) = statement.size_constraint_statement() {
        let how = size.comparison_operator().as_str().to_ascii_lowercase();
        let part = field(size.field_to_match());
        return Some(format!("{part} size {how} {} B", size.size()));
    }
    if let Some(regex) = statement.regex_match_statement() {
        let part = field(regex.field_to_match());
        return Some(format!("{part} matches /{}/", regex.regex_string()));
    }
    if let Some(set) = statement.regex_pattern_set_reference_statement() {
        let part = field(set.field_to_match());
        return Some(format!("{part} matches set {}", name_in(set.arn())));
    }
    if let Some(sql) = statement.sqli_match_statement() {
        return Some(format!("SQL injection in {}", field(sql.field_to_match())));
    }
    let xss = statement.xss_match_statement()?;
    Some(format!(
        "cross-site scripting in {}",
        field(xss.field_to_match())
    ))
}

/// Statements made of statements.
fn logic(statement: &Statement) -> String {
    if let Some(and) = statement.and_statement() {
        return joined(and.statements(), " and ");
    }
    if let Some(or) = statement.or_statement() {
        return joined(or.statements(), " or ");
    }
    match statement.not_statement().and_then(|not| not.statement()) {
        Some(inner) => format!("not ({})", summary(inner)),
        None => "a statement of a newer kind".to_owned(),
    }
}

fn joined(statements: &[Statement], word: &str) -> String {
    let parts = statements.iter().map(|inner| match summary(inner) {
        text if inner.and_statement().is_some() || inner.or_statement().is_some() => {
            format!("({text})")
        }
        text => text,
    });
    parts.collect::<Vec<_>>().join(word)
}

fn only(scope: Option<&Statement>) -> String {
    scope.map_or_else(String::new, |inner| format!(", only {}", summary(inner)))
}

/// The name in `arn:aws:wafv2:…:regional/ipset/<name>/<id>`.
fn name_in(arn: &str) -> &str {
    arn.rsplit('/').nth(1).unwrap_or(arn)
}

fn list(entries: impl ExactSizeIterator<Item = String>) -> String {
    let rest = entries.len().saturating_sub(NAMED);
    let named = entries.take(NAMED).collect::<Vec<_>>().join(", ");
    match rest {
        0 => named,
        rest => format!("{named} and {rest} more"),
    }
}

fn field(part: Option<&FieldToMatch>) -> String {
    let Some(part) = part else {
        return "request".to_owned();
    };
    if let Some(header) = part.single_header() {
        return format!("header {}", header.name());
    }
    if let Some(argument) = part.single_query_argument() {
        return format!("query argument {}", argument.name());
    }
    let named = [
        (part.uri_path().is_some(), "URI path"),
        (part.query_string().is_some(), "query string"),
        (part.all_query_arguments().is_some(), "query arguments"),
        (part.body().is_some(), "body"),
        (part.json_body().is_some(), "JSON body"),
        (part.method().is_some(), "method"),
        (part.headers().is_some(), "headers"),
        (part.cookies().is_some(), "cookies"),
        (part.header_order().is_some(), "header order"),
        (part.ja3_fingerprint().is_some(), "JA3 fingerprint"),
        (part.ja4_fingerprint().is_some(), "JA4 fingerprint"),
        (part.uri_fragment().is_some(), "URI fragment"),
    ];
    let name = named
        .iter()
        .find(|(is, _)| *is)
        .map_or("request", |(_, name)| name);
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_wafv2::types::{
        AndStatement, ByteMatchStatement, CountryCode, GeoMatchStatement, IpSetReferenceStatement,
        ManagedRuleGroupStatement, NotStatement, PositionalConstraint, TextTransformation,
        TextTransformationType, UriPath,
    };
    use aws_smithy_types::Blob;

    fn path_starts_with(text: &str) -> Statement {
        let field = FieldToMatch::builder().uri_path(UriPath::builder().build());
        let untransformed = TextTransformation::builder()
            .priority(0)
            .r#type(TextTransformationType::None)
            .build()
            .unwrap();
        let bytes = ByteMatchStatement::builder()
            .search_string(Blob::new(text))
            .field_to_match(field.build())
            .positional_constraint(PositionalConstraint::StartsWith)
            .text_transformations(untransformed)
            .build()
            .unwrap();
        Statement::builder().byte_match_statement(bytes).build()
    }

    fn countries(codes: impl IntoIterator<Item = &'static str>) -> Statement {
        let codes = codes.into_iter().map(CountryCode::from).collect();
        let geo = GeoMatchStatement::builder().set_country_codes(Some(codes));
        Statement::builder()
            .geo_match_statement(geo.build())
            .build()
    }

    #[test]
    fn a_managed_group_is_named_by_vendor_and_group() {
        let group = ManagedRuleGroupStatement::builder()
            .vendor_name("AWS")
            .name("AWSManagedRulesCommonRuleSet")
            .scope_down_statement(path_starts_with("/api"))
            .build()
            .unwrap();
        let statement = Statement::builder().managed_rule_group_statement(group);
        assert_eq!(
            summary(&statement.build()),
            "managed AWS/AWSManagedRulesCommonRuleSet, only URI path starts with \"/api\""
        );
    }

    #[test]
    fn a_rate_limit_tells_its_window_and_what_it_counts_by() {
        let rate = |window| {
            let rate = RateBasedStatement::builder()
                .limit(2_000)
                .aggregate_key_type(Key::Ip)
                .set_evaluation_window_sec(window)
                .build()
                .unwrap();
            summary(&Statement::builder().rate_based_statement(rate).build())
        };
        assert_eq!(rate(None), "rate 2000/5 min per IP");
        assert_eq!(rate(Some(60)), "rate 2000/1 min per IP");
    }

    #[test]
    fn an_ip_set_is_named_without_its_arn() {
        let set = IpSetReferenceStatement::builder()
            .arn("arn:aws:wafv2:us-east-1:123456789012:global/ipset/blocked/1a2b")
            .build()
            .unwrap();
        let statement = Statement::builder().ip_set_reference_statement(set);
        assert_eq!(summary(&statement.build()), "IP set blocked");
    }

    #[test]
    fn combined_statements_read_as_one_sentence() {
        let not = NotStatement::builder().statement(countries(["CH", "DE"]));
        let not = Statement::builder().not_statement(not.build()).build();
        let both = AndStatement::builder()
            .statements(path_starts_with("/admin"))
            .statements(not)
            .build()
            .unwrap();
        assert_eq!(
            summary(&Statement::builder().and_statement(both).build()),
            "URI path starts with \"/admin\" and not (country CH, DE)"
        );
    }

    #[test]
    fn a_long_list_is_counted() {
        let many = countries(["CN", "RU", "KP", "IR", "BY", "CU", "SY"]);
        assert_eq!(summary(&many), "country CN, RU, KP, IR, BY and 2 more");
    }

    #[test]
    fn a_statement_that_this_version_does_not_know_is_said_to_be_one() {
        assert_eq!(
            summary(&Statement::builder().build()),
            "a statement of a newer kind"
        );
    }
}
