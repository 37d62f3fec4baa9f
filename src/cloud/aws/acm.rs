//! ACM: certificates in front of viewers and on listeners.

use super::{
    failure::explain,
    shape::{text, word},
    time::timestamp,
};
use crate::model::edge::Certificate;
use aws_sdk_acm::{Client, types::CertificateDetail};

/// Reads a certificate. One that cannot be read is still a certificate: its ARN, and why the rest is missing.
///
/// A certificate lives in the region of what uses it: us-east-1 for CloudFront, the balancer's own for a listener.
pub(super) async fn certificate(client: &Client, arn: &str) -> Certificate {
    let answer = client
        .describe_certificate()
        .certificate_arn(arn)
        .send()
        .await
        .map_err(|e| explain("acm:DescribeCertificate", arn, e));
    match answer {
        Ok(output) => match output.certificate() {
            Some(detail) => from_detail(arn, detail),
            None => unreadable(
                arn,
                "acm:DescribeCertificate answered without a certificate",
            ),
        },
        Err(error) => unreadable(arn, &error.to_string()),
    }
}

/// A certificate of which only the ARN or id is known.
pub(super) fn unreadable(arn: &str, why: &str) -> Certificate {
    Certificate {
        arn: arn.to_owned(),
        domain: String::new(),
        names: Vec::new(),
        status: "".into(),
        kind: String::new(),
        not_after: None,
        renewal_eligibility: None,
        unreadable: Some(why.to_owned()),
    }
}

fn from_detail(arn: &str, detail: &CertificateDetail) -> Certificate {
    Certificate {
        arn: arn.to_owned(),
        domain: text(detail.domain_name()),
        names: detail.subject_alternative_names().to_vec(),
        status: word(detail.status()).into(),
        kind: word(detail.r#type()),
        not_after: timestamp(detail.not_after()),
        renewal_eligibility: detail.renewal_eligibility().map(|e| e.as_str().to_owned()),
        unreadable: None,
    }
}
