//! Plans on repositories, and what becomes of them in the simulation.
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::*;
use crate::{
    cloud::{
        Call,
        call::RegistryCall,
        sim::{SimCloud, SimOptions, environment},
    },
    error::ErrorKind,
    op::{CheckState, Desk, Plan, Request, Risk, Told, carry_out},
};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const BACKEND: &str = "hydren/backend";

fn demo() -> SimCloud {
    SimCloud::new(SimOptions {
        elapsed: Some(Duration::ZERO),
        ..SimOptions::default()
    })
}

fn prune(repository: &str) -> Request {
    let repository = repository.to_owned();
    PruneImages { repository }.into()
}

async fn plan(cloud: &SimCloud, request: &Request) -> Plan {
    let environment = environment();
    request.plan(&Desk::new(cloud, &environment)).await.unwrap()
}

#[tokio::test]
async fn untagged_images_are_deleted_for_good_and_tagged_ones_stay() {
    let cloud = demo();
    let request = prune(BACKEND);
    let planned = plan(&cloud, &request).await;
    assert_eq!(planned.risk, Risk::Destructive);
    assert_eq!(planned.target, BACKEND);
    let [Call::Registry(RegistryCall::DeleteImages { digests, .. })] = &planned.calls[..] else {
        panic!("{:?}", planned.calls);
    };
    assert_eq!(digests.len(), 2);
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    let mut said = Vec::new();
    carry_out(&desk, &planned, &CancellationToken::new(), |told| {
        if let Told::Accepted(_, outcome) = told {
            said.push(outcome.summary);
        }
    })
    .await;
    assert_eq!(said, ["2 images of hydren/backend deleted"]);
    let again = plan(&cloud, &request).await;
    assert!(again.is_empty());
    let images = desk.images().await.unwrap();
    let left = &images.repositories[0].images;
    assert!(!left.is_empty() && left.iter().all(|image| !image.tags.is_empty()));
}

#[tokio::test]
async fn a_repository_that_is_not_there_is_told_with_those_that_are() {
    let cloud = demo();
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    let error = prune("shop").plan(&desk).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(
        error.hint.unwrap(),
        "there is hydren/backend, hydren/frontend"
    );
}

#[tokio::test]
async fn a_repository_is_made_once_and_is_there_afterwards() {
    let cloud = demo();
    let repository = "hydren/worker".to_owned();
    let request: Request = CreateRepository { repository }.into();
    let planned = plan(&cloud, &request).await;
    assert_eq!(planned.risk, Risk::Safe);
    let warned = planned
        .checks
        .iter()
        .find(|check| check.state == CheckState::Warned);
    assert_eq!(warned.unwrap().what, "named in hydren.toml");
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    let told = carry_out(&desk, &planned, &CancellationToken::new(), |_| {}).await;
    assert!(told.is_none());
    let images = desk.images().await.unwrap();
    assert!(
        images
            .repositories
            .iter()
            .any(|r| r.name == "hydren/worker")
    );
    let again = plan(&cloud, &request).await;
    assert_eq!(again.forbidden().unwrap().found, "it is there already");
}
