//! SDK errors into [`Error`]: one table of codes, one sentence for each kind.

#[cfg(test)]
mod tests;

use super::throttle::HeldBack;
use crate::error::{Error, ErrorKind};
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::error::Error as StdError;

/// Longest quotation of AWS's own words, in characters.
const QUOTE: usize = 240;

/// Codes that ask to slow down.
const THROTTLING: [&str; 10] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequests",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "PriorRequestNotComplete",
    "SlowDown",
];
/// What services say of it whose code does not.
const RATE_EXCEEDED: &str = "Rate exceeded";

/// Says that `action` on `resource` was answered, but without `what` it is asked for.
pub(super) fn without(action: &str, resource: &str, what: &str) -> Error {
    Error::new(
        ErrorKind::Service,
        format!("{action} on {resource} answered without {what}"),
    )
    .hint("try again; if it stays so, the endpoint does not speak AWS's API as it is documented")
}

/// Says what failed: `action` is the IAM action (`ecs:DescribeServices`), `resource` what it was asked about.
pub(super) fn explain<E>(action: &str, resource: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let (kind, detail) = match &error {
        SdkError::ServiceError(service) => {
            let answer = Answer::of(service.err(), service.raw());
            (answer.kind(action), answer.quote())
        }
        SdkError::ResponseError(response) => {
            let why = root(&error);
            if why.contains("reading a body") {
                (ErrorKind::Unreachable, why)
            } else {
                // A page where the protocol has JSON cannot even be parsed as an error, but its status and body tell as much.
                let answer = Answer::unparsed(response.raw());
                let detail = format!("{}: {why}", unreadable(answer.status));
                (answer.kind(action), detail)
            }
        }
        SdkError::TimeoutError(_) if chain(&error).any(<dyn StdError>::is::<HeldBack>) => {
            (ErrorKind::Throttled, root(&error))
        }
        SdkError::TimeoutError(_) => (ErrorKind::Unreachable, root(&error)),
        _ => undelivered(&error),
    };
    let failed = sentence(kind, action, resource, &detail);
    // To a wrong signature AWS answers with the signed request itself; the SDK's error repeats it, so that it is not kept.
    let echoes = error.code().is_some_and(|code| code.contains("Signature"));
    if echoes { failed } else { failed.source(error) }
}

/// What a service answered, reduced to what tells its kind.
struct Answer<'a> {
    status: u16,
    code: Option<&'a str>,
    message: Option<&'a str>,
    body: &'a [u8],
}

impl<'a> Answer<'a> {
    fn of(error: &'a impl ProvideErrorMetadata, response: &'a HttpResponse) -> Self {
        Self {
            status: response.status().as_u16(),
            code: error.code(),
            message: error.message(),
            body: response.body().bytes().unwrap_or_default(),
        }
    }

    fn unparsed(response: &'a HttpResponse) -> Self {
        Self {
            status: response.status().as_u16(),
            code: None,
            message: None,
            body: response.body().bytes().unwrap_or_default(),
        }
    }

    fn says(&self, words: &str) -> bool {
        self.message.is_some_and(|message| message.contains(words))
    }

    /// Tells the kind from the code; from status and body where the answer has no code.
    fn kind(&self, action: &str) -> ErrorKind {
        let Some(code) = self.code else {
            return self.kind_without_code(action);
        };
        // Some services prefix the fault's side: `Client.UnauthorizedOperation`.
        let code = code.rsplit_once("Client.").map_or(code, |(_, rest)| rest);
        match code {
            _ if self.status == 429 || self.says(RATE_EXCEEDED) => ErrorKind::Throttled,
            _ if THROTTLING.contains(&code) => ErrorKind::Throttled,
            "UnauthorizedOperation" | "AuthorizationError" | "NotAuthorized" => self.denied(action),
            _ if code.starts_with("AccessDenied") => self.denied(action),
            "RequestExpired" | "TokenRefreshRequired" => ErrorKind::Expired,
            _ if code.starts_with("ExpiredToken") => ErrorKind::Expired,
            "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "UnrecognizedClient"
            | "InvalidAccessKeyId"
            | "InvalidToken"
            | "SignatureDoesNotMatch"
            | "InvalidSignatureException"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "AuthFailure" => ErrorKind::NoCredentials,
            "UnknownOperation"
            | "UnknownOperationException"
            | "UnknownAction"
            | "InvalidAction"
            | "UnsupportedOperation"
            | "UnsupportedOperationException"
            | "OperationNotSupportedException"
            | "NotImplemented"
            | "NotImplementedException" => ErrorKind::Unsupported,
            "WAFNonexistentItemException" => ErrorKind::NotFound,
            _ if code.starts_with("NoSuch") || code.contains("NotFound") => ErrorKind::NotFound,
            "ValidationError" if self.says("does not exist") => ErrorKind::NotFound,
            "RequestTimeout" | "RequestTimeoutException" => ErrorKind::Unreachable,
            _ if self.status == 501 => ErrorKind::Unsupported,
            // A test server's words for a path that it does not serve.
            _ if self.says("Unknown ") && self.says(" endpoint: ") => ErrorKind::Unsupported,
            _ => ErrorKind::Service,
        }
    }

    /// An answer that no AWS service gives. Test servers answer an action that they do not know with 400 and an empty body, a service
    /// that they lack with 400 and `{"error": "Unsupported service: …"}`, or either with the 500 page of their web framework; a front
    /// that is down answers 502 to 504.
    fn kind_without_code(&self, action: &str) -> ErrorKind {
        match self.status {
            429 => ErrorKind::Throttled,
            401 | 403 => self.denied(action),
            501 | 404 | 405 => ErrorKind::Unsupported,
            400 if self.body.is_empty() || self.lacks_service() => ErrorKind::Unsupported,
            500 if is_page(self.body) => ErrorKind::Unsupported,
            _ => ErrorKind::Service,
        }
    }

    fn lacks_service(&self) -> bool {
        holds(self.body, "Unsupported service: ")
    }

    /// The action that AWS names as missing, which is not always the one that was called.
    fn denied(&self, action: &str) -> ErrorKind {
        let named = self
            .message
            .and_then(|message| message.split_once("not authorized to perform: "))
            .and_then(|(_, rest)| rest.split_whitespace().next())
            .map(|word| word.trim_end_matches(['.', ',']));
        ErrorKind::Denied {
            action: named.unwrap_or(action).to_owned(),
        }
    }

    fn quote(&self) -> String {
        match (self.code, self.message) {
            // AWS answers with the signed request itself here; the code says enough.
            (Some(code), _) if code.contains("Signature") && !self.says("expired") => {
                code.to_owned()
            }
            (Some(code), Some(message)) => format!("{code}: {}", quoted(message)),
            (Some(one), None) | (None, Some(one)) => quoted(one),
            (None, None) if self.status < 300 => unreadable(self.status),
            (None, None) => format!("status {} without an explanation", self.status),
        }
    }
}

/// Whether an answer asks to slow down, told from its bytes: for those who see it before it is parsed. The code stands in the body in
/// each of AWS's protocols.
pub(super) fn asks_to_slow_down(response: &HttpResponse) -> bool {
    let status = response.status().as_u16();
    let body = response.body().bytes().unwrap_or_default();
    let mut words = THROTTLING.iter().chain([&RATE_EXCEEDED]);
    status == 429 || (status >= 400 && words.any(|words| holds(body, words)))
}

fn holds(body: &[u8], words: &str) -> bool {
    body.windows(words.len())
        .any(|part| part == words.as_bytes())
}

fn unreadable(status: u16) -> String {
    format!("an answer with status {status} cannot be understood")
}

/// Whether an answer is a page for people, which no AWS service gives.
pub(super) fn is_page(body: &[u8]) -> bool {
    let start = body.trim_ascii_start().get(..5).unwrap_or_default();
    start.eq_ignore_ascii_case(b"<!doc") || start.eq_ignore_ascii_case(b"<html")
}

/// A request that never got an answer: no credentials to sign it with, no endpoint to send it to, or no connection. The SDK wraps all
/// of these in one error, so that the words of the chain must tell them apart.
fn undelivered(error: &(dyn StdError + 'static)) -> (ErrorKind, String) {
    let words: Vec<String> = chain(error).map(ToString::to_string).collect();
    let any = |wanted: &[&str]| {
        wanted
            .iter()
            .any(|w| words.iter().any(|word| word.contains(w)))
    };
    let unsigned = chain(error).any(<dyn StdError>::is::<CredentialsError>);
    let kind = match unsigned {
        // The last places looked at; nothing before them had any.
        true if any(&["IMDS", "no providers in chain provided credentials"]) => {
            let nowhere = "none in the environment, the profile or the instance metadata";
            return (ErrorKind::NoCredentials, nowhere.to_owned());
        }
        true if any(&["expired", "Session token not found or invalid"]) => ErrorKind::Expired,
        true if any(&["AccessDenied", "not authorized to perform"]) => ErrorKind::Denied {
            action: "sts:AssumeRole".to_owned(),
        },
        true if any(&["dispatch failure", "timed out", "timeout"]) => ErrorKind::Unreachable,
        true => ErrorKind::NoCredentials,
        false if any(&["not a valid URI", "valid host label"]) => ErrorKind::Config,
        false => ErrorKind::Unreachable,
    };
    (kind, root(error))
}

fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// The innermost cause and what it broke: `tcp connect error: Connection refused`.
fn root(error: &(dyn StdError + 'static)) -> String {
    let causes: Vec<String> = chain(error).map(|e| quoted(&e.to_string())).collect();
    causes[causes.len().saturating_sub(2)..].join(": ")
}

/// AWS's words on one line and of bearable length.
fn quoted(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(QUOTE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Says it: what failed, on which resource, what to do next.
fn sentence(kind: ErrorKind, action: &str, resource: &str, detail: &str) -> Error {
    let (message, hint) = match &kind {
        ErrorKind::Throttled => (
            format!("{action} on {resource} was throttled"),
            "every caller in the account and region shares the limit; it is asked again at the next poll".to_owned(),
        ),
        ErrorKind::Denied { action: missing } if detail.contains("explicit deny") => (
            format!("{action} on {resource} was denied"),
            format!("a policy explicitly denies {missing} to this session"),
        ),
        ErrorKind::Denied { action: missing } => (
            format!("{action} on {resource} was denied"),
            format!("allow {missing} in the policy of this session's role or user"),
        ),
        ErrorKind::Expired => (
            format!("{action} on {resource} was refused: the session has expired"),
            "sign in again, for example with `aws sso login`".to_owned(),
        ),
        ErrorKind::NoCredentials if detail.contains("Signature expired") => (
            format!("{action} on {resource} was refused: the signature is out of date"),
            "this machine's clock is wrong: correct it".to_owned(),
        ),
        ErrorKind::NoCredentials => (
            format!("{action} on {resource} needs valid credentials: {detail}"),
            "sign in with `aws sso login`, choose a profile with --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                .to_owned(),
        ),
        ErrorKind::NotFound => (
            format!("{action}: {resource} does not exist in this account and region"),
            "correct the name in hydren.toml, or run `hydren init`".to_owned(),
        ),
        ErrorKind::Unreachable => (
            format!("{action} on {resource} got no answer: {detail}"),
            "check the network, the region and the endpoint URL".to_owned(),
        ),
        ErrorKind::Unsupported => (
            format!("{action} is not available at this endpoint"),
            "the endpoint or region does not implement it; everything else goes on".to_owned(),
        ),
        ErrorKind::Config => (
            format!("{action} on {resource} has no endpoint: {detail}"),
            "check the region and the endpoint URL".to_owned(),
        ),
        _ => return Error::new(kind, format!("{action} on {resource} failed: {detail}")),
    };
    Error::new(kind, message).hint(hint)
}
