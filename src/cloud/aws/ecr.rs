//! ECR: repositories, their images and scan findings.

use super::{
    AwsCloud,
    failure::{explain, without},
    pages::every,
    parallel,
    shape::{text, word},
    time::timestamp,
};
use crate::{
    engine::login::Credentials,
    error::{Error, ErrorKind, Result},
    model::hidden::Hidden,
    model::image::{
        EcrRepository, Image, Images, Manifest, Repository, ScanFindings, region, split,
    },
};
use aws_sdk_ecr::{
    Client, Config,
    config::Region,
    operation::{
        describe_image_scan_findings::DescribeImageScanFindingsError,
        get_lifecycle_policy::GetLifecyclePolicyError,
    },
    types::{
        FindingSeverity, ImageDetail, ImageIdentifier, ImageScanStatus, ImageScanningConfiguration,
        ImageTagMutability, Repository as SdkRepository,
    },
};
use std::{cmp::Reverse, collections::HashMap};

/// Images kept of a repository, the newest.
const IMAGES: usize = 200;

/// Newest tagged images whose findings are asked for one by one when DescribeImages has no summary of them: DescribeImages gives
/// none for enhanced scanning (docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html).
const SCANS: usize = 5;

/// What ECR is to answer of an image: manifests and indices as they are, none converted to an older form.
const MEDIA_TYPES: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// Reads the environment's repositories.
pub(super) async fn read(cloud: &AwsCloud) -> Result<Images> {
    let names = &cloud.environment.resources.repositories;
    if names.is_empty() {
        return Err(
            Error::new(ErrorKind::NotFound, "no image repository is configured")
                .hint("run `hydren init`, or set repositories in hydren.toml"),
        );
    }
    images(&cloud.clients().await?.ecr, names).await
}

/// Reads the repositories of `names` side by side. A missing one fails the tier: its service could not start a task.
async fn images(ecr: &Client, names: &[String]) -> Result<Images> {
    let read = names.iter().map(|name| repository(ecr, name)).collect();
    let mut repositories = parallel::all(read)
        .await
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    repositories.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Images { repositories })
}

async fn repository(ecr: &Client, name: &str) -> Result<Repository> {
    let (described, images, lifecycle_policy) = futures::join!(
        describe(ecr, name),
        newest_images(ecr, name),
        has_lifecycle_policy(ecr, name),
    );
    let described = described?;
    let (images, mut gaps) = images?;
    let lifecycle_policy = match lifecycle_policy {
        Ok(set) => Some(set),
        Err(error) => {
            gaps.push(error.to_string());
            None
        }
    };
    Ok(Repository {
        gaps,
        name: text(described.repository_name()),
        uri: text(described.repository_uri()),
        arn: text(described.repository_arn()),
        tag_mutability: word::<ImageTagMutability>(described.image_tag_mutability()),
        scan_on_push: described
            .image_scanning_configuration()
            .is_some_and(ImageScanningConfiguration::scan_on_push),
        lifecycle_policy,
        images,
    })
}

async fn describe(ecr: &Client, name: &str) -> Result<SdkRepository> {
    const ACTION: &str = "ecr:DescribeRepositories";
    ecr.describe_repositories()
        .repository_names(name)
        .send()
        .await
        .map_err(|e| explain(ACTION, &format!("repository {name}"), e))?
        .repositories
        .unwrap_or_default()
        .pop()
        .ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                format!("{ACTION}: repository {name} does not exist in this account and region"),
            )
        })
}

/// The newest images of all pages: DescribeImages has no order of its own, so every page is needed.
async fn newest_images(ecr: &Client, name: &str) -> Result<(Vec<Image>, Vec<String>)> {
    let pages = ecr
        .describe_images()
        .repository_name(name)
        .into_paginator()
        .items()
        .send();
    let details = every(pages, "ecr:DescribeImages", &format!("repository {name}")).await?;
    let mut images: Vec<Image> = details.iter().map(image).collect();
    images.sort_by_key(|image| Reverse(image.pushed_at));
    images.truncate(IMAGES);
    let unscanned = images
        .iter_mut()
        .filter(|image| !image.tags.is_empty())
        .take(SCANS)
        .filter(|image| image.scan.is_none());
    let asked = unscanned.map(
        async |image| match findings(ecr, name, &image.digest).await {
            Ok(scan) => {
                image.scan = scan;
                None
            }
            Err(error) => Some(error.to_string()),
        },
    );
    let mut gaps: Vec<String> = parallel::all(asked.collect())
        .await
        .into_iter()
        .flatten()
        .collect();
    gaps.dedup();
    Ok((images, gaps))
}

/// The findings of one image; `None` when it was never scanned, which is an error of ECR's, `ScanNotFoundException`.
async fn findings(ecr: &Client, repository: &str, digest: &str) -> Result<Option<ScanFindings>> {
    let id = ImageIdentifier::builder().image_digest(digest).build();
    let answer = ecr
        .describe_image_scan_findings()
        .repository_name(repository)
        .image_id(id)
        .max_results(1)
        .send()
        .await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            return match error.as_service_error() {
                Some(DescribeImageScanFindingsError::ScanNotFoundException(_)) => Ok(None),
                _ => Err(explain(
                    "ecr:DescribeImageScanFindings",
                    &format!("repository {repository}"),
                    error,
                )),
            };
        }
    };
    let found = answer.image_scan_findings();
    Ok(Some(scan(
        answer.image_scan_status(),
        found.and_then(|f| timestamp(f.image_scan_completed_at())),
        found.and_then(|f| f.finding_severity_counts()),
    )))
}

/// Whether a lifecycle policy is set. Its absence is an error of ECR's, `LifecyclePolicyNotFoundException`.
async fn has_lifecycle_policy(ecr: &Client, name: &str) -> Result<bool> {
    match ecr
        .get_lifecycle_policy()
        .repository_name(name)
        .send()
        .await
    {
        Ok(_) => Ok(true),
        Err(error) => match error.as_service_error() {
            Some(GetLifecyclePolicyError::LifecyclePolicyNotFoundException(_)) => Ok(false),
            _ => Err(explain(
                "ecr:GetLifecyclePolicy",
                &format!("repository {name}"),
                error,
            )),
        },
    }
}

/// Reads the manifest or index of an image in the client's region; see [`Cloud::manifest`](crate::cloud::Cloud::manifest).
pub(super) async fn manifest(ecr: &Client, reference: &str) -> Result<Option<Manifest>> {
    const ACTION: &str = "ecr:BatchGetImage";
    let (repository, mark) = split(reference);
    let region = ecr.config().region().map_or("", AsRef::as_ref);
    let Some(repository) = EcrRepository::parse(repository).filter(|r| r.region == region) else {
        return Ok(None);
    };
    let id = ImageIdentifier::builder();
    let id = match mark.split_at_checked(1) {
        Some(("@", digest)) => id.image_digest(digest),
        Some((_, tag)) => id.image_tag(tag),
        None => id.image_tag("latest"),
    };
    let answer = ecr
        .batch_get_image()
        .registry_id(repository.registry)
        .repository_name(repository.name)
        .image_ids(id.build())
        .set_accepted_media_types(Some(MEDIA_TYPES.map(str::to_owned).to_vec()))
        .send()
        .await
        .map_err(|e| explain(ACTION, &format!("repository {}", repository.name), e))?;
    let Some(image) = answer.images().first() else {
        let failure = answer.failures().first();
        let why = failure.and_then(|failure| failure.failure_reason());
        let why = why.unwrap_or("it is not there");
        return Err(Error::new(
            ErrorKind::NotFound,
            format!("{ACTION}: {reference}: {why}"),
        ));
    };
    let digest = image.image_id().and_then(ImageIdentifier::image_digest);
    Ok(Some(Manifest::parse(
        &text(digest),
        image.image_manifest().unwrap_or_default(),
    )))
}

/// Gets a login for the registry at `host`; see [`Cloud::registry_login`](crate::cloud::Cloud::registry_login). A token lasts twelve hours and
/// is good for every registry of its region that the caller has access to (ECR API, GetAuthorizationToken).
pub(super) async fn login(ecr: &Client, host: &str) -> Result<Credentials> {
    const ACTION: &str = "ecr:GetAuthorizationToken";
    let Some(region) = region(host) else {
        let what = format!("{host} is no registry of ECR");
        return Err(Error::new(ErrorKind::Usage, what));
    };
    let answer = ecr
        .get_authorization_token()
        .customize()
        .config_override(Config::builder().region(Region::new(region.to_owned())))
        .send()
        .await
        .map_err(|e| explain(ACTION, host, e))?;
    let data = answer.authorization_data().first();
    let token = data
        .and_then(|data| aws_smithy_types::base64::decode(data.authorization_token()?).ok())
        .and_then(|decoded| String::from_utf8(decoded).ok());
    let token = token.as_deref().and_then(|text| text.strip_prefix("AWS:"));
    let token = token.ok_or_else(|| without(ACTION, host, "a token"))?;
    let expires_at = data.and_then(|data| timestamp(data.expires_at()));
    Ok(Credentials::of_ecr(host, Hidden::new(token), expires_at))
}

fn image(detail: &ImageDetail) -> Image {
    let summary = detail.image_scan_findings_summary();
    Image {
        digest: text(detail.image_digest()),
        tags: detail.image_tags().to_vec(),
        size_bytes: detail
            .image_size_in_bytes()
            .and_then(|bytes| u64::try_from(bytes).ok())
            .unwrap_or_default(),
        pushed_at: timestamp(detail.image_pushed_at()),
        last_pulled_at: timestamp(detail.last_recorded_pull_time()),
        media_type: detail.image_manifest_media_type().map(str::to_owned),
        scan: summary.map(|summary| {
            scan(
                detail.image_scan_status(),
                timestamp(summary.image_scan_completed_at()),
                summary.finding_severity_counts(),
            )
        }),
    }
}

fn scan(
    status: Option<&ImageScanStatus>,
    completed_at: Option<jiff::Timestamp>,
    counts: Option<&HashMap<FindingSeverity, i32>>,
) -> ScanFindings {
    let mut scan = ScanFindings {
        status: word(status.and_then(|status| status.status())),
        completed_at,
        ..ScanFindings::default()
    };
    for (severity, count) in counts.into_iter().flatten() {
        let sum = match severity {
            FindingSeverity::Critical => &mut scan.critical,
            FindingSeverity::High => &mut scan.high,
            FindingSeverity::Medium => &mut scan.medium,
            FindingSeverity::Low => &mut scan.low,
            _ => &mut scan.other,
        };
        *sum += count;
    }
    scan
}

#[cfg(test)]
mod tests {
    use super::super::mocked::mocked;
    use super::*;
    use aws_sdk_ecr::{
        operation::{
            describe_image_scan_findings::DescribeImageScanFindingsOutput,
            describe_images::{DescribeImagesError, DescribeImagesOutput},
            describe_repositories::DescribeRepositoriesOutput,
            get_lifecycle_policy::GetLifecyclePolicyOutput,
        },
        types::{ImageScanFindings, error::LifecyclePolicyNotFoundException},
    };
    use aws_smithy_mocks::{Rule, mock};
    use aws_smithy_types::{DateTime, error::ErrorMetadata};

    fn described() -> Rule {
        mock!(Client::describe_repositories).then_output(|| {
            DescribeRepositoriesOutput::builder()
                .repositories(SdkRepository::builder().repository_name("shop").build())
                .build()
        })
    }

    /// Images pushed at seconds `at`, every second one untagged.
    fn pushed(at: std::ops::Range<i64>) -> Vec<ImageDetail> {
        at.map(|second| {
            ImageDetail::builder()
                .image_digest(format!("sha256:{second}"))
                .set_image_tags((second % 2 == 0).then(|| vec![format!("v{second}")]))
                .image_pushed_at(DateTime::from_secs(second))
                .build()
        })
        .collect()
    }

    fn pages() -> [Rule; 2] {
        [
            mock!(Client::describe_images)
                .match_requests(|r| r.next_token().is_none())
                .then_output(|| {
                    DescribeImagesOutput::builder()
                        .set_image_details(Some(pushed(0..150)))
                        .next_token("2")
                        .build()
                }),
            mock!(Client::describe_images)
                .match_requests(|r| r.next_token() == Some("2"))
                .then_output(|| {
                    DescribeImagesOutput::builder()
                        .set_image_details(Some(pushed(150..250)))
                        .build()
                }),
        ]
    }

    fn scanned() -> Rule {
        mock!(Client::describe_image_scan_findings).then_output(|| {
            DescribeImageScanFindingsOutput::builder()
                .image_scan_findings(
                    ImageScanFindings::builder()
                        .finding_severity_counts(FindingSeverity::Critical, 2)
                        .finding_severity_counts(FindingSeverity::Informational, 3)
                        .finding_severity_counts(FindingSeverity::Undefined, 1)
                        .build(),
                )
                .build()
        })
    }

    async fn read_with(rules: Vec<Rule>) -> Result<Images> {
        images(&mocked!(aws_sdk_ecr, &rules), &["shop".to_owned()]).await
    }

    fn policy() -> Rule {
        mock!(Client::get_lifecycle_policy)
            .then_output(|| GetLifecyclePolicyOutput::builder().build())
    }

    #[tokio::test]
    async fn the_newest_two_hundred_images_of_all_pages_are_kept() {
        let [one, two] = pages();
        let images = read_with(vec![described(), one, two, scanned(), policy()])
            .await
            .unwrap();
        let images = &images.repositories[0].images;
        assert_eq!(images.len(), 200);
        assert_eq!(images[0].digest, "sha256:249");
        assert_eq!(images[199].digest, "sha256:50");
    }

    #[tokio::test]
    async fn findings_are_asked_for_the_newest_five_tagged_images_only() {
        let [one, two] = pages();
        let findings = scanned();
        let images = read_with(vec![described(), one, two, findings.clone(), policy()])
            .await
            .unwrap();
        assert_eq!(findings.num_calls(), 5);
        let newest = &images.repositories[0].images[1];
        assert_eq!(newest.tags, ["v248"]);
        let scan = newest.scan.as_ref().unwrap();
        assert_eq!((scan.critical, scan.high, scan.other), (2, 0, 4));
    }

    #[tokio::test]
    async fn a_missing_lifecycle_policy_is_told_from_an_unreadable_one() {
        let missing = mock!(Client::get_lifecycle_policy).then_error(|| {
            GetLifecyclePolicyError::LifecyclePolicyNotFoundException(
                LifecyclePolicyNotFoundException::builder().build(),
            )
        });
        let denied = mock!(Client::get_lifecycle_policy).then_error(|| {
            GetLifecyclePolicyError::generic(ErrorMetadata::builder().code("AccessDenied").build())
        });
        for (answer, expected) in [(missing, Some(false)), (denied, None)] {
            let [one, two] = pages();
            let images = read_with(vec![described(), one, two, scanned(), answer])
                .await
                .unwrap();
            assert_eq!(images.repositories[0].lifecycle_policy, expected);
        }
    }

    #[tokio::test]
    async fn an_index_is_read_also_from_a_repository_that_is_not_the_environments() {
        use aws_sdk_ecr::{operation::batch_get_image::BatchGetImageOutput, types};
        let found = mock!(Client::batch_get_image)
            .match_requests(|r| {
                r.repository_name() == Some("base/python")
                    && r.registry_id() == Some("123456789012")
                    && r.image_ids()[0].image_tag() == Some("3.14")
            })
            .then_output(|| {
                let id = ImageIdentifier::builder().image_digest("sha256:7").build();
                let index = r#"{"manifests":[{"platform":{"os":"linux","architecture":"arm64"}}]}"#;
                let image = types::Image::builder().image_id(id).image_manifest(index);
                BatchGetImageOutput::builder().images(image.build()).build()
            });
        let missing = mock!(Client::batch_get_image)
            .match_requests(|r| r.repository_name() == Some("base/nothing"))
            .then_output(|| {
                let failure = types::ImageFailure::builder().failure_reason("no such image");
                BatchGetImageOutput::builder()
                    .failures(failure.build())
                    .build()
            });
        let rules = [found, missing];
        let ecr = mocked!(aws_sdk_ecr, &rules);
        let region = ecr.config().region().map(ToString::to_string).unwrap();
        let host = format!("123456789012.dkr.ecr.{region}.amazonaws.com");
        let read = manifest(&ecr, &format!("{host}/base/python:3.14")).await;
        let read = read.unwrap().unwrap();
        assert_eq!(read.digest, "sha256:7");
        assert_eq!(read.platforms, ["linux/arm64"]);
        let error = manifest(&ecr, &format!("{host}/base/nothing:1")).await;
        assert_eq!(error.unwrap_err().kind, ErrorKind::NotFound);
        for other in ["nginx:1", "123456789012.dkr.ecr.mars-1.amazonaws.com/a:1"] {
            assert_eq!(manifest(&ecr, other).await.unwrap(), None, "{other}");
        }
    }

    #[tokio::test]
    async fn denied_images_name_the_missing_action() {
        let denied = mock!(Client::describe_images).then_error(|| {
            DescribeImagesError::generic(ErrorMetadata::builder().code("AccessDenied").build())
        });
        let error = read_with(vec![described(), denied, policy()])
            .await
            .unwrap_err();
        assert_eq!(
            error.kind,
            ErrorKind::Denied {
                action: "ecr:DescribeImages".to_owned()
            }
        );
    }
}
