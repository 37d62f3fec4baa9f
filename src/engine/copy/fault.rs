//! What it means when a registry does not answer as it should.

use super::super::push::{Deed, refused};
use crate::{
    engine::login::registry,
    error::{Error, ErrorKind},
    format,
};
use oci_client::errors::{OciDistributionError, OciEnvelope, OciErrorCode};
use std::time::Duration;

/// The error of a registry that did not do `deed` with `reference`.
pub(super) fn fault(deed: Deed, reference: &str, error: OciDistributionError) -> Error {
    if deed == Deed::Read && is_missing(&error) {
        let what = format!("{} has no image {reference}", registry(reference));
        return Error::new(ErrorKind::NotFound, what)
            .hint("look at its tags; a digest is gone once nothing has it any more");
    }
    refused(deed, reference, &words(error))
}

/// The error of a registry that keeps silent.
pub(super) fn stalled(deed: Deed, reference: &str, span: Duration) -> Error {
    let span = format::duration(i64::try_from(span.as_secs()).unwrap_or(i64::MAX));
    refused(
        deed,
        reference,
        &format!("timeout: nothing came for {span}"),
    )
}

/// The error of what is no image of a known kind.
pub(super) fn unfit(reference: &str) -> Error {
    let what = format!(
        "{reference} is no image that can be copied: its manifest is of a kind that is not known"
    );
    Error::new(ErrorKind::Unsupported, what)
        .hint("manifests and indices of OCI and of Docker's second schema are; build it anew")
}

/// Whether a registry says that there is no such thing.
pub(super) fn is_missing(error: &OciDistributionError) -> bool {
    use OciDistributionError as E;
    match error {
        E::ImageManifestNotFoundError(_) | E::ServerError { code: 404, .. } => true,
        E::RegistryError { envelope, .. } => {
            let missing = |code: &OciErrorCode| {
                matches!(
                    code,
                    OciErrorCode::ManifestUnknown
                        | OciErrorCode::NameUnknown
                        | OciErrorCode::NotFound
                )
            };
            envelope.errors.iter().any(|error| missing(&error.code))
        }
        _ => false,
    }
}

/// What was said, with its code, and without addresses: those of layers are signed and open them to anybody.
fn words(error: OciDistributionError) -> String {
    use OciDistributionError as E;
    match error {
        E::RegistryError { envelope, .. } => told(&envelope),
        E::UnauthorizedError { .. } | E::AuthenticationFailure(_) => {
            "http status: 401 unauthorized".to_owned()
        }
        E::ServerError { code, message, .. } => {
            let status = format!("http status: {code}{}", reason(code));
            match serde_json::from_str::<OciEnvelope>(&message) {
                Ok(envelope) => format!("{} ({status})", told(&envelope)),
                Err(_) => status,
            }
        }
        E::RequestError(error) => {
            let error = error.without_url();
            let status = error.status().map(|status| status.as_u16());
            let status = status.map(|code| format!("http status: {code}{}", reason(code)));
            status.unwrap_or_else(|| chain(&error))
        }
        E::IoError(error) => chain(&error),
        other => other.to_string(),
    }
}

const fn reason(code: u16) -> &'static str {
    match code {
        401 => " unauthorized",
        403 => " forbidden",
        404 => " name unknown",
        429 => " too many requests",
        _ => "",
    }
}

fn told(envelope: &OciEnvelope) -> String {
    let said = envelope.errors.iter().map(|error| {
        // The code as the registry wrote it.
        let code = serde_json::to_value(&error.code).unwrap_or_default();
        let code = code.as_str().unwrap_or("unknown").to_lowercase();
        format!("{code}: {}", error.message)
    });
    said.collect::<Vec<_>>().join("; ")
}

/// An error with what caused it: the outer ones say only that something was sent.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said = plain(&error.to_string()).to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        let text = plain(&text);
        if !said.contains(text) {
            said = format!("{said}: {text}");
        }
        cause = error.source();
    }
    said
}

/// A text without the address that the HTTP client puts behind it.
fn plain(text: &str) -> &str {
    text.split_once(" for url (").map_or(text, |(text, _)| text)
}
