//! What is said of each sort of failure.

use super::*;
use aws_sdk_ecs::operation::describe_services::DescribeServicesError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::{body::SdkBody, error::ErrorMetadata};

type Failure = SdkError<DescribeServicesError, HttpResponse>;

fn response(status: u16, body: &'static str) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))
}

fn told(error: Failure) -> Error {
    explain("ecs:DescribeServices", "backend", error)
}

/// What is said of an answer with a code and a message.
fn coded(code: &str, message: &str) -> Error {
    let meta = ErrorMetadata::builder().code(code).message(message).build();
    let error = DescribeServicesError::generic(meta);
    told(SdkError::service_error(error, response(400, "{}")))
}

/// What is said of an answer that has neither.
fn bare(status: u16, body: &'static str) -> Error {
    let error = DescribeServicesError::generic(ErrorMetadata::builder().build());
    told(SdkError::service_error(error, response(status, body)))
}

fn unsigned(why: &'static str) -> Error {
    let cause = CredentialsError::provider_error(why);
    told(SdkError::dispatch_failure(ConnectorError::other(
        cause.into(),
        None,
    )))
}

fn denied(action: &str) -> ErrorKind {
    ErrorKind::Denied {
        action: action.to_owned(),
    }
}

#[test]
fn a_denied_call_names_the_missing_action_and_the_resource() {
    let error = coded(
        "AccessDeniedException",
        "User: arn:aws:iam::123456789012:user/ops is not authorized to perform: ecs:ListTasks on resource: x",
    );
    assert_eq!(error.kind, denied("ecs:ListTasks"));
    assert_eq!(error.message, "ecs:DescribeServices on backend was denied");
    assert_eq!(
        error.hint.as_deref(),
        Some("allow ecs:ListTasks in the policy of this session's role or user")
    );
}

#[test]
fn a_denial_without_an_action_names_the_one_that_was_called() {
    for code in [
        "AccessDenied",
        "UnauthorizedOperation",
        "Client.UnauthorizedOperation",
        "AuthorizationError",
    ] {
        assert_eq!(
            coded(code, "no").kind,
            denied("ecs:DescribeServices"),
            "{code}"
        );
    }
    assert_eq!(bare(403, "").kind, denied("ecs:DescribeServices"));
}

#[test]
fn an_explicit_deny_is_not_answered_with_allow_it() {
    let error = coded(
        "AccessDenied",
        "not authorized to perform: ecs:DescribeServices with an explicit deny in an identity-based policy",
    );
    let hint = error.hint.unwrap();
    assert!(hint.contains("explicitly denies"), "{hint}");
}

#[test]
fn every_code_that_asks_to_slow_down_is_throttling() {
    for code in [
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
    ] {
        assert_eq!(coded(code, "").kind, ErrorKind::Throttled, "{code}");
    }
    assert_eq!(coded("Sender", "Rate exceeded").kind, ErrorKind::Throttled);
    assert_eq!(bare(429, "").kind, ErrorKind::Throttled);
}

#[test]
fn an_expired_session_is_not_a_missing_one() {
    for code in ["ExpiredToken", "ExpiredTokenException", "RequestExpired"] {
        assert_eq!(coded(code, "").kind, ErrorKind::Expired, "{code}");
    }
    assert_eq!(
        unsigned("the SSO session has expired or is otherwise invalid").kind,
        ErrorKind::Expired
    );
    let error = unsigned("no providers in chain provided credentials");
    assert_eq!(error.kind, ErrorKind::NoCredentials);
    assert!(error.hint.unwrap().contains("aws sso login"));
}

#[test]
fn refused_credentials_end_a_command_with_not_allowed() {
    for code in [
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "AuthFailure",
    ] {
        assert_eq!(coded(code, "").kind.exit_code(), 5, "{code}");
    }
}

#[test]
fn the_signed_request_that_aws_quotes_is_not_repeated() {
    let error = coded(
        "SignatureDoesNotMatch",
        "The Canonical String should have been 'GET x-amz-security-token:SECRET'",
    );
    assert!(!error.message.contains("SECRET"), "{error}");
}

#[test]
fn a_wrong_clock_is_named_as_the_cause() {
    let error = coded(
        "InvalidSignatureException",
        "Signature expired: 20261122T000000Z is now earlier than 20261122T010000Z",
    );
    assert!(error.hint.unwrap().contains("clock"));
}

#[test]
fn what_does_not_exist_is_not_found() {
    for code in [
        "ClusterNotFoundException",
        "DBInstanceNotFound",
        "LoadBalancerNotFound",
        "InvalidVpcID.NotFound",
        "NoSuchDistribution",
        "NoSuchHostedZone",
        "WAFNonexistentItemException",
    ] {
        assert_eq!(coded(code, "").kind, ErrorKind::NotFound, "{code}");
    }
    let stack = coded("ValidationError", "Stack with id web does not exist");
    assert_eq!(stack.kind, ErrorKind::NotFound);
    assert_eq!(coded("ValidationError", "bad").kind, ErrorKind::Service);
}

#[test]
fn a_call_that_the_endpoint_lacks_never_looks_like_an_outage() {
    for code in [
        "UnknownOperationException",
        "InvalidAction",
        "NotImplemented",
    ] {
        assert_eq!(coded(code, "").kind, ErrorKind::Unsupported, "{code}");
    }
    let moto = "<!doctype html>\n<title>500 Internal Server Error</title>";
    assert_eq!(bare(500, moto).kind, ErrorKind::Unsupported);
    let unparsed = told(SdkError::response_error(
        "malformed JSON error body: unexpected token",
        response(500, moto),
    ));
    assert_eq!(unparsed.kind, ErrorKind::Unsupported);
    assert_eq!(
        unparsed.message,
        "ecs:DescribeServices is not available at this endpoint"
    );
    assert_eq!(bare(400, "").kind, ErrorKind::Unsupported);
    let ministack = r#"{"error": "Unsupported service: application-autoscaling"}"#;
    assert_eq!(bare(400, ministack).kind, ErrorKind::Unsupported);
    assert_eq!(bare(400, "{}").kind, ErrorKind::Service);
    assert_eq!(bare(501, "").kind, ErrorKind::Unsupported);
    let path = "Unknown Route53 endpoint: POST /2013-04-01/tags/healthcheck";
    assert_eq!(coded("InvalidInput", path).kind, ErrorKind::Unsupported);
}

#[test]
fn a_failing_service_is_not_mistaken_for_a_missing_call() {
    assert_eq!(bare(500, "").kind, ErrorKind::Service);
    assert_eq!(bare(503, "<html>").kind, ErrorKind::Service);
    let error = coded("ServerException", "try\n  again");
    assert_eq!(error.kind, ErrorKind::Service);
    assert_eq!(
        error.message,
        "ecs:DescribeServices on backend failed: ServerException: try again"
    );
}

#[test]
fn a_broken_connection_says_what_broke() {
    let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    let error = told(SdkError::dispatch_failure(ConnectorError::io(
        refused.into(),
    )));
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert!(error.message.ends_with("connection refused"), "{error}");
    let late = told(SdkError::timeout_error("operation timed out after 25 s"));
    assert_eq!(late.kind, ErrorKind::Unreachable);
}

#[test]
fn an_answer_that_cannot_be_parsed_is_the_services_failure() {
    let error = told(SdkError::response_error(
        "expected value at line 1",
        response(200, "garbage"),
    ));
    assert_eq!(error.kind, ErrorKind::Service);
    assert!(error.message.contains("status 200"), "{error}");
    let garbage = bare(200, "garbage");
    assert_eq!(
        garbage.message,
        "ecs:DescribeServices on backend failed: an answer with status 200 cannot be understood"
    );
}

#[test]
fn an_answer_that_breaks_off_is_a_broken_connection() {
    let error = told(SdkError::response_error(
        "error reading a body from connection",
        response(200, ""),
    ));
    assert_eq!(error.kind, ErrorKind::Unreachable);
}

#[test]
fn an_endpoint_that_is_no_url_is_a_wrong_configuration() {
    let error = told(SdkError::dispatch_failure(ConnectorError::other(
        "endpoint is not a valid URI".into(),
        None,
    )));
    assert_eq!(error.kind, ErrorKind::Config);
}

#[test]
fn a_role_that_may_not_be_assumed_names_assume_role() {
    let error = unsigned("AccessDenied: User x is not authorized to perform: sts:AssumeRole");
    assert_eq!(error.kind, denied("sts:AssumeRole"));
}

#[test]
fn long_words_of_aws_are_cut() {
    let error = coded("ServerException", "word ".repeat(400).leak());
    assert!(error.message.chars().count() < 320, "{error}");
}
