//! `[components.NAME]`: what is built into images, and for which service.

use super::{
    Surroundings,
    file::{self, File},
    wrong,
};
use crate::{
    engine::SecretSource,
    error::{Error, Result},
    model::component::Component,
};
use indexmap::IndexMap;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    path::{Component as Part, Path, PathBuf},
};
use toml::Spanned;

/// Platforms that Fargate runs (ECS API, `RuntimePlatform.cpuArchitecture`).
const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64"];

/// The table as it stands in a file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Table {
    service: Option<String>,
    context: Option<PathBuf>,
    dockerfile: Option<Spanned<PathBuf>>,
    repository: Option<Spanned<String>>,
    target: Option<String>,
    args: BTreeMap<String, String>,
    secrets: BTreeMap<String, SecretSource>,
    platform: Option<Spanned<String>>,
    labels: BTreeMap<String, String>,
    port: Option<Spanned<u16>>,
    health: Option<Spanned<String>>,
    environment: BTreeMap<String, String>,
}

/// Gathers the components that `files`, the strongest first, name. One that stands in both is what the stronger says: half a component
/// of each would be none.
///
/// # Errors
/// A name or value that is none.
pub(super) fn gather(
    files: &[&File],
    around: &Surroundings,
) -> Result<IndexMap<String, Component>> {
    let mut components = BTreeMap::new();
    for file in files.iter().rev() {
        let folder = around.working_directory.join(&file.path);
        let folder = folder.parent().unwrap_or(Path::new("/"));
        for (name, table) in &file.content.components {
            let origin = file.origin(name.span());
            let name = name.get_ref();
            file::check_name(name, "component", &origin)?;
            components.insert(name.clone(), table.component(name, folder, file)?);
        }
    }
    Ok(components.into_iter().collect())
}

impl Table {
    fn component(&self, name: &str, folder: &Path, file: &File) -> Result<Component> {
        let refused = |key: &str, span, what: &str| -> Error {
            let key = format!("components.{name}.{key}: ");
            wrong(&file.origin(span), &key, what)
        };
        if let Some(platform) = &self.platform
            && !PLATFORMS.contains(&platform.get_ref().as_str())
        {
            let what = format!("`{}` is no platform of Fargate", platform.get_ref());
            let hint = format!("valid are {}", PLATFORMS.join(", "));
            return Err(refused("platform", platform.span(), &what).hint(hint));
        }
        if let Some(health) = &self.health
            && !health.get_ref().starts_with('/')
        {
            let what = format!("`{}` is no path", health.get_ref());
            return Err(refused("health", health.span(), &what)
                .hint("write it from the root, like /healthz"));
        }
        if let Some(port) = self.port.as_ref().filter(|port| *port.get_ref() == 0) {
            return Err(refused("port", port.span(), "0 is no port").hint("ports are 1 to 65535"));
        }
        if let Some(repository) = &self.repository {
            let text = repository.get_ref();
            if text.is_empty()
                || text.contains("://")
                || !crate::model::image::split(text).1.is_empty()
            {
                let what = format!("`{text}` is no repository");
                return Err(refused("repository", repository.span(), &what)
                    .hint("write registry and name without tag, like docker.io/acme/backend"));
            }
        }
        if let Some(dockerfile) = &self.dockerfile {
            let inside = |part| matches!(part, Part::Normal(_) | Part::CurDir);
            if !dockerfile.get_ref().components().all(inside) {
                let what = format!("{} is not in the context", dockerfile.get_ref().display());
                return Err(refused("dockerfile", dockerfile.span(), &what)
                    .hint("name it by its path in the context, or take a context that holds it"));
            }
        }
        let secrets = self.secrets.iter().map(|(id, source)| {
            let source = match source {
                SecretSource::File(path) => SecretSource::File(folder.join(path)),
                SecretSource::Env(variable) => SecretSource::Env(variable.clone()),
            };
            (id.clone(), source)
        });
        let of = |text: &Option<Spanned<String>>| text.as_ref().map(|t| t.get_ref().clone());
        let dockerfile = self.dockerfile.as_ref().map(|d| d.get_ref().clone());
        Ok(Component {
            name: name.to_owned(),
            service: self.service.clone().unwrap_or_else(|| name.to_owned()),
            context: match &self.context {
                Some(context) => folder.join(context),
                None => folder.to_owned(),
            },
            dockerfile: dockerfile.unwrap_or_else(|| "Dockerfile".into()),
            repository: of(&self.repository),
            target: self.target.clone(),
            args: self.args.clone(),
            secrets: secrets.collect(),
            platform: of(&self.platform),
            labels: self.labels.clone(),
            port: self.port.as_ref().map(|port| *port.get_ref()),
            health: of(&self.health),
            environment: self.environment.clone(),
        })
    }
}
