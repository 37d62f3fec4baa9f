//! Which image is pushed, and under which name.

use crate::{
    engine::{LocalImage, login::registry},
    error::{Error, ErrorKind, Result},
    model::image::split,
};

/// What somebody wants pushed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A component's name, `name:tag`, or the beginning of an image's id.
    pub what: String,
    /// Repository of the component of that name, where there is one.
    pub repository: Option<String>,
    /// Name that it gets, with or without a tag.
    pub to: Option<String>,
    /// Tag that it gets.
    pub tag: Option<String>,
}

/// What is pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The image: its id.
    pub image: String,
    /// `REGISTRY/NAME:TAG`.
    pub reference: String,
    /// Whether the image has that name already.
    pub named: Named,
}

/// Whether an image has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// It has it.
    Already,
    /// It is yet to get it.
    NotYet,
}

impl Wanted {
    /// Finds it among `images`, the newest first.
    ///
    /// # Errors
    /// `NotFound` for an image that is not there, `Usage` for a name that is none.
    pub fn find(&self, images: &[LocalImage]) -> Result<Target> {
        let (image, name) = match &self.repository {
            Some(repository) => self.newest(images, repository)?,
            None => self.named(images)?,
        };
        let own = split(&name);
        let (to, mark) = self.to.as_deref().map_or(own, split);
        let tag = match (
            &self.tag,
            mark.strip_prefix(':').or(own.1.strip_prefix(':')),
        ) {
            (Some(tag), _) => tag,
            (None, Some(tag)) => tag,
            (None, None) => {
                let what = format!("{} has no tag to be pushed under", self.what);
                return Err(
                    Error::new(ErrorKind::Usage, what).hint("give one with --tag, best the commit")
                );
            }
        };
        if to.is_empty() || mark.starts_with('@') {
            let what = format!(
                "`{}` is no name to push to",
                self.to.as_deref().unwrap_or(&name)
            );
            return Err(Error::new(ErrorKind::Usage, what)
                .hint("write it as REGISTRY/NAME:TAG: the registry makes the digest"));
        }
        let reference = format!("{to}:{tag}");
        let named = if image.tags.contains(&reference) {
            Named::Already
        } else {
            Named::NotYet
        };
        Ok(Target {
            image: image.id.clone(),
            reference,
            named,
        })
    }

    /// The newest image of a repository, under its own tag: `latest` says nothing of what it is.
    fn newest<'i>(
        &self,
        images: &'i [LocalImage],
        repository: &str,
    ) -> Result<(&'i LocalImage, String)> {
        let of = |image: &'i LocalImage| {
            let tags = image.tags.iter().filter(|tag| split(tag).0 == repository);
            let wanted = |tag: &&String| match &self.tag {
                Some(wanted) => split(tag).1.strip_prefix(':') == Some(wanted),
                None => split(tag).1 != ":latest",
            };
            let tag = tags.clone().find(wanted);
            tag.map(|tag| (image, tag.clone()))
        };
        images.iter().find_map(of).ok_or_else(|| {
            let tag = self
                .tag
                .as_ref()
                .map_or_else(String::new, |tag| format!(":{tag}"));
            let what = format!("the engine has no image {repository}{tag} of {}", self.what);
            Error::new(ErrorKind::NotFound, what).hint(format!(
                "build it: `hydren image build {}`; `hydren image list` says which there are",
                self.what
            ))
        })
    }

    /// The image that a name or the beginning of an id means.
    fn named<'i>(&self, images: &'i [LocalImage]) -> Result<(&'i LocalImage, String)> {
        let what = &self.what;
        let full = if split(what).1.is_empty() {
            format!("{what}:latest")
        } else {
            what.clone()
        };
        if let Some(image) = images.iter().find(|image| image.tags.contains(&full)) {
            return Ok((image, full));
        }
        let id = what.strip_prefix("sha256:").unwrap_or(what);
        let begins = |image: &&LocalImage| image.id.trim_start_matches("sha256:").starts_with(id);
        let mut found = images.iter().filter(begins);
        let hexadecimal = id.len() >= 6 && id.bytes().all(|b| b.is_ascii_hexdigit());
        match (found.next(), found.next()) {
            (Some(image), None) if hexadecimal => {
                let name = self.to.clone().or_else(|| image.tags.first().cloned());
                let name = name.ok_or_else(|| {
                    let what = format!("image {what} has no name to be pushed under");
                    Error::new(ErrorKind::Usage, what).hint("give it one: --to REGISTRY/NAME:TAG")
                })?;
                Ok((image, name))
            }
            _ => Err(Error::new(
                ErrorKind::NotFound,
                format!("the engine has no image {what}"),
            )
            .hint("`hydren image list` says which there are; components are named in hydren.toml")),
        }
    }
}

impl Target {
    /// The registry that it goes to.
    #[must_use]
    pub fn registry(&self) -> &str {
        registry(&self.reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images() -> Vec<LocalImage> {
        let image = |id: &str, tags: &[&str]| LocalImage {
            id: format!("sha256:{id}"),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            digests: Vec::new(),
            created_at: None,
            size_bytes: 1,
            labels: std::collections::BTreeMap::new(),
        };
        vec![
            image("aaaaaaaa1", &["r.example/api:latest", "r.example/api:9f2c"]),
            image("bbbbbbbb2", &["r.example/api:1c3d", "web:1"]),
            image("cccccccc3", &[]),
        ]
    }

    fn found(wanted: &Wanted) -> Result<(String, Named), ErrorKind> {
        let found = wanted.find(&images()).map_err(|e| e.kind)?;
        Ok((found.reference, found.named))
    }

    fn component(tag: Option<&str>, to: Option<&str>) -> Wanted {
        Wanted {
            what: "api".to_owned(),
            repository: Some("r.example/api".to_owned()),
            to: to.map(str::to_owned),
            tag: tag.map(str::to_owned),
        }
    }

    fn image(what: &str, tag: Option<&str>, to: Option<&str>) -> Wanted {
        Wanted {
            what: what.to_owned(),
            repository: None,
            ..component(tag, to)
        }
    }

    fn already(reference: &str) -> (String, Named) {
        (reference.to_owned(), Named::Already)
    }

    fn not_yet(reference: &str) -> (String, Named) {
        (reference.to_owned(), Named::NotYet)
    }

    #[test]
    fn of_a_component_the_newest_image_is_pushed_under_what_tells_it_apart() {
        assert_eq!(
            found(&component(None, None)),
            Ok(already("r.example/api:9f2c"))
        );
        assert_eq!(
            found(&component(Some("1c3d"), None)),
            Ok(already("r.example/api:1c3d"))
        );
        assert_eq!(
            found(&component(None, Some("other.example/api"))),
            Ok(not_yet("other.example/api:9f2c"))
        );
        assert_eq!(
            found(&component(Some("none"), None)),
            Err(ErrorKind::NotFound)
        );
    }

    #[test]
    fn an_image_is_found_by_its_name_or_the_beginning_of_its_id() {
        assert_eq!(found(&image("web:1", None, None)), Ok(already("web:1")));
        assert_eq!(
            found(&image("web:1", Some("2"), None)),
            Ok(not_yet("web:2"))
        );
        assert_eq!(
            found(&image("bbbbbb", None, Some("r.example/web:1"))),
            Ok(not_yet("r.example/web:1"))
        );
        assert_eq!(
            found(&image("cccccc", None, Some("r.example/x:1"))),
            Ok(not_yet("r.example/x:1"))
        );
        assert_eq!(found(&image("cccccc", None, None)), Err(ErrorKind::Usage));
        assert_eq!(found(&image("web", None, None)), Err(ErrorKind::NotFound));
        assert_eq!(
            found(&image("ffffff", None, None)),
            Err(ErrorKind::NotFound)
        );
    }

    #[test]
    fn a_name_without_a_tag_or_with_a_digest_is_refused() {
        let digest = image("web:1", None, Some("r.example/web@sha256:ab"));
        assert_eq!(found(&digest), Err(ErrorKind::Usage));
        let no_tag = image("cccccc", None, Some("r.example/web"));
        assert_eq!(found(&no_tag), Err(ErrorKind::Usage));
    }
}
