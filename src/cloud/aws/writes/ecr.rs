//! Writes to ECR.

use super::super::failure::explain;
use crate::{
    cloud::{
        Call, CallOutcome,
        call::{RegistryCall, registry::deleted},
    },
    error::{Error, ErrorKind, Result},
};
use aws_sdk_ecr::{
    Client,
    types::{
        EncryptionConfiguration, EncryptionType, ImageFailureCode, ImageIdentifier,
        ImageScanningConfiguration, ImageTagMutability,
    },
};

/// Executes one call.
///
/// # Errors
/// What AWS answered; for images that were not deleted, what it says of the first.
pub(super) async fn execute(ecr: &Client, call: &RegistryCall) -> Result<CallOutcome> {
    let whole = Call::from(call.clone());
    match call {
        RegistryCall::CreateRepository { repository } => {
            create(ecr, whole.action(), repository).await
        }
        RegistryCall::DeleteImages {
            repository,
            digests,
        } => delete(ecr, whole.action(), repository, digests).await,
    }
}

async fn create(ecr: &Client, action: &str, repository: &str) -> Result<CallOutcome> {
    let encryption = EncryptionConfiguration::builder().encryption_type(EncryptionType::Aes256);
    let encryption = encryption.build().map_err(|e| {
        let what = format!("{action}: the request cannot be written");
        Error::new(ErrorKind::Service, what).source(e)
    })?;
    let scanning = ImageScanningConfiguration::builder().scan_on_push(true);
    let answer = ecr
        .create_repository()
        .repository_name(repository)
        .image_tag_mutability(ImageTagMutability::Immutable)
        .image_scanning_configuration(scanning.build())
        .encryption_configuration(encryption)
        .send()
        .await
        .map_err(|e| explain(action, &format!("repository {repository}"), e))?;
    let made = answer.repository();
    let uri = made.and_then(|made| made.repository_uri());
    Ok(CallOutcome {
        summary: format!("repository {} is made", uri.unwrap_or(repository)),
        resource: made.and_then(|made| made.repository_arn().map(str::to_owned)),
        session: None,
    })
}

async fn delete(
    ecr: &Client,
    action: &str,
    repository: &str,
    digests: &[String],
) -> Result<CallOutcome> {
    let ids = digests
        .iter()
        .map(|digest| ImageIdentifier::builder().image_digest(digest).build());
    let answer = ecr
        .batch_delete_image()
        .repository_name(repository)
        .set_image_ids(Some(ids.collect()))
        .send()
        .await
        .map_err(|e| explain(action, &format!("repository {repository}"), e))?;
    // What an index refers to stays with it; what is gone already is gone.
    let (kept, other): (Vec<_>, Vec<_>) = answer.failures().iter().partition(|failure| {
        failure.failure_code() == Some(&ImageFailureCode::ImageReferencedByManifestList)
    });
    let failed = other
        .into_iter()
        .find(|failure| failure.failure_code() != Some(&ImageFailureCode::ImageNotFound));
    if let Some(failure) = failed {
        let digest = failure.image_id().and_then(ImageIdentifier::image_digest);
        let why = failure.failure_reason().unwrap_or("ECR does not say why");
        let gone = answer.image_ids().len();
        return Err(Error::new(
            ErrorKind::Service,
            format!(
                "{action}: {} of {repository} was not deleted: {why}; {gone} of the {} were",
                digest.unwrap_or("an image"),
                digests.len(),
            ),
        )
        .hint("look at the repository and plan it again: it begins from what is there now"));
    }
    Ok(CallOutcome {
        summary: deleted(repository, digests.len() - kept.len(), kept.len()),
        resource: Some(repository.to_owned()),
        session: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::aws::mocked::mocked;
    use aws_sdk_ecr::{operation::batch_delete_image::BatchDeleteImageOutput, types::ImageFailure};
    use aws_smithy_mocks::{Rule, mock};

    fn failing(code: ImageFailureCode) -> Rule {
        mock!(Client::batch_delete_image).then_output(move || {
            let digest = |text: &str| ImageIdentifier::builder().image_digest(text).build();
            let failure = ImageFailure::builder()
                .image_id(digest("sha256:2"))
                .failure_code(code.clone())
                .failure_reason("because");
            BatchDeleteImageOutput::builder()
                .image_ids(digest("sha256:1"))
                .failures(failure.build())
                .build()
        })
    }

    async fn deleting(code: ImageFailureCode) -> Result<CallOutcome> {
        let rules = [failing(code)];
        let ecr = mocked!(aws_sdk_ecr, &rules);
        let call = RegistryCall::DeleteImages {
            repository: "shop".to_owned(),
            digests: ["sha256:1", "sha256:2"].map(str::to_owned).to_vec(),
        };
        execute(&ecr, &call).await
    }

    #[tokio::test]
    async fn what_an_index_refers_to_is_kept_and_what_is_gone_is_gone() {
        let kept = deleting(ImageFailureCode::ImageReferencedByManifestList).await;
        assert_eq!(
            kept.unwrap().summary,
            "1 image of shop deleted, 1 kept, to which an index refers"
        );
        let gone = deleting(ImageFailureCode::ImageNotFound).await;
        assert_eq!(gone.unwrap().summary, "2 images of shop deleted");
    }

    #[tokio::test]
    async fn an_image_that_is_not_deleted_is_named_with_ecrs_reason() {
        let error = deleting(ImageFailureCode::InvalidImageDigest)
            .await
            .unwrap_err();
        assert_eq!(
            error.message,
            "ecr:BatchDeleteImage: sha256:2 of shop was not deleted: because; 1 of the 2 were"
        );
    }
}
