//! The repository that an image goes to, in the other environment.

use super::{
    super::Desk,
    source::{Source, has_host},
};
use crate::{
    error::{Error, ErrorKind, Result},
    model::image::region,
};

/// The address of the repository `named`, or of the one that stands for the source's.
///
/// # Errors
/// `Config` where none of the environment's stands for it, what AWS answered where the account is not known.
pub(super) async fn find(named: Option<&str>, source: &Source, there: &Desk<'_>) -> Result<String> {
    if let Some(whole) = named.filter(|name| has_host(name)) {
        return Ok(whole.to_owned());
    }
    let name = match named {
        Some(name) => name,
        None => counterpart(source, there)?,
    };
    let images = there.images().await.ok();
    let repositories = images.iter().flat_map(|images| &images.repositories);
    if let Some(known) = repositories.clone().find(|r| r.name == name) {
        return Ok(known.uri.clone());
    }
    let hosts = repositories.filter_map(|r| r.uri.split_once('/'));
    if let Some((host, _)) = hosts.clone().find(|(host, _)| region(host).is_some()) {
        return Ok(format!("{host}/{name}"));
    }
    let account = there.cloud.identity().await?.account;
    let region = &there.environment.region;
    // Registries of China have a suffix of their own (AWS partitions).
    let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
    Ok(format!(
        "{account}.dkr.ecr.{region}.amazonaws.com{suffix}/{name}"
    ))
}

/// The repository of the other environment that has the source's name, or the only one.
fn counterpart<'d>(source: &Source, there: &Desk<'d>) -> Result<&'d str> {
    let known = &there.environment.resources.repositories;
    let path = match source.name() {
        name if has_host(name) => name.split_once('/').map_or(name, |(_, path)| path),
        name => name,
    };
    if let Some(same) = known.iter().find(|name| *name == path) {
        return Ok(same);
    }
    if let [only] = known.as_slice() {
        return Ok(only);
    }
    let environment = &there.environment.name;
    let what = format!("{environment} has no repository {path}");
    let hint = if known.is_empty() {
        format!(
            "name one with --repository, or list it under `repositories` of [environments.{environment}.resources]"
        )
    } else {
        format!("name one with --repository: {}", known.join(", "))
    };
    Err(Error::new(ErrorKind::Config, what).hint(hint))
}
