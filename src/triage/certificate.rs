//! Certificates that end soon, wherever they are served.

use super::{Raised, Scene};
use crate::{
    format,
    model::{Health, edge::Certificate, state::CertificateStatus},
};
use jiff::Timestamp;

/// Days before the end at which it is said. ACM renews what it issued 60 days ahead and warns 30 days before the end of a public
/// certificate (acm/latest/userguide/supported-events): one that is 30 days from its end has not been renewed.
const WARN_DAYS: i64 = 30;
/// Days before the end at which it is urgent: what is left of ACM's warning once three weeks of daily events went unheard.
const CRITICAL_DAYS: i64 = 7;

/// Whole days until a certificate ends; negative once it ended.
pub(super) fn days_left(scene: &Scene<'_>, certificate: &Certificate) -> Option<i64> {
    certificate.not_after.map(|end| days_until(scene, end))
}

/// Whole days until `end`; negative once it is past.
pub(super) fn days_until(scene: &Scene<'_>, end: Timestamp) -> i64 {
    (-scene.since(end)).div_euclid(86_400)
}

/// How bad it is that so many days are left.
pub(super) const fn ending(days: i64) -> Health {
    match days {
        days if days <= CRITICAL_DAYS => Health::Critical,
        ..=WARN_DAYS => Health::Warning,
        _ => Health::Ok,
    }
}

/// How a certificate is by its status and its end.
pub(super) fn severity(scene: &Scene<'_>, certificate: &Certificate) -> Health {
    match certificate.status {
        CertificateStatus::Expired | CertificateStatus::Revoked | CertificateStatus::Failed => {
            Health::Critical
        }
        _ => days_left(scene, certificate).map_or(Health::Ok, ending),
    }
}

/// Raises an ended, ending or unusable certificate.
pub(super) fn check(scene: &Scene<'_>, certificate: &Certificate) -> Option<Raised> {
    let name = certificate.domain.as_str();
    let days = days_left(scene, certificate);
    let (reason, title) = match (&certificate.status, days) {
        (CertificateStatus::Expired, _) | (_, Some(..0)) => (
            "certificate expired".to_owned(),
            format!("the certificate of {name} has expired"),
        ),
        (CertificateStatus::Revoked | CertificateStatus::Failed, _) => (
            "certificate unusable".to_owned(),
            format!("the certificate of {name} is {}", certificate.status),
        ),
        (_, Some(days @ ..=WARN_DAYS)) => (
            format!("certificate {days} d left"),
            format!(
                "the certificate of {name} ends in {}",
                format::count(days, "day")
            ),
        ),
        _ => return None,
    };
    let advice = match certificate.kind.as_str() {
        "IMPORTED" => "import a new certificate: ACM does not renew imported ones",
        _ => {
            "ACM renews on its own while the DNS validation CNAME exists: restore it, then check the renewal status"
        }
    };
    Some(
        Raised::new(severity(scene, certificate), name, reason, title)
            .because([
                format!(
                    "valid until {} UTC",
                    format::date_time(certificate.not_after)
                ),
                format!("{} {}", certificate.kind, certificate.status),
            ])
            .advise(advice),
    )
}
