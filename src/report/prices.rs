//! Prices read from the AWS Price List and kept for later runs (`hydren cost --refresh`).

use crate::{
    cloud::Cloud,
    cost::{Listed, Refreshed, refreshed, wanted},
    error::{Error, ErrorKind, Result},
    model::{environment::Environment, spend::Product},
};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::tz::TimeZone;
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// Requests in flight: the Price List allows a few a second, and answers free of charge.
const IN_FLIGHT: usize = 4;

/// What was read, and where it is kept.
#[derive(Debug)]
pub struct Kept {
    /// The file.
    pub path: PathBuf,
    /// What stands there.
    pub refreshed: Refreshed,
}

/// Asks for the prices of the environment's region, and of a database class beside the usual ones, and keeps them in `folder`.
///
/// # Errors
/// `Config` for an environment without a region; what the Price List answered, and nothing is written then; `NotFound` where it has none
/// of the prices; `Io` where the file cannot be written.
pub async fn refresh(
    cloud: &dyn Cloud,
    environment: &Environment,
    class: Option<&str>,
    folder: &Path,
) -> Result<Kept> {
    let region = environment.region.as_str();
    // It becomes the name of a file.
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if region.is_empty() || !region.chars().all(plain) {
        let what = format!("`{region}` is no region whose prices can be asked for");
        return Err(Error::new(ErrorKind::Config, what)
            .hint("set region, or --region, to one such as eu-west-1"));
    }
    let asked = wanted(region, class).into_iter().map(|listed| async {
        let products = cloud.products(&listed.query).await?;
        Ok::<(Listed, Vec<Product>), Error>((listed, products))
    });
    let answers: Vec<_> = stream::iter(asked)
        .buffered(IN_FLIGHT)
        .try_collect()
        .await?;
    let today = cloud.now().to_zoned(TimeZone::UTC).date();
    let refreshed = refreshed(region, today, &answers).map_err(|e| {
        Error::new(ErrorKind::Service, "the prices cannot be written as TOML").source(e)
    })?;
    if refreshed.known == 0 {
        let what = format!("the AWS Price List has no prices of {region}");
        return Err(Error::new(ErrorKind::NotFound, what)
            .hint("is it a region of AWS? China and GovCloud have lists of their own"));
    }
    let path = folder.join(format!("{region}.toml"));
    let draft = path.with_extension("toml.new");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&draft, &refreshed.text))
        .and_then(|()| fs::rename(&draft, &path))
        .map_err(|e| {
            let what = format!("{} cannot be written", path.display());
            Error::new(ErrorKind::Io, what).source(e)
        })?;
    Ok(Kept { path, refreshed })
}

impl Kept {
    /// What came of it, in words.
    #[must_use]
    pub fn words(&self, region: &str) -> String {
        let Refreshed { known, missing, .. } = &self.refreshed;
        let mut words = format!(
            "{} of {region} read from the AWS Price List and kept in {}",
            crate::format::count(*known, "price"),
            self.path.display()
        );
        for (key, why) in missing {
            // Writing to a string cannot fail.
            let _ = write!(
                words,
                "\n{key}: {why}; the embedded price stands, if there is one"
            );
        }
        words
    }
}
