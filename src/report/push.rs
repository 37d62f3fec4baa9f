//! `hydren image push`: how a push goes, and what came of it.

use super::{SCHEMA, json, table::safe};
use crate::{
    cli::Output,
    engine::{PushEvent, push::Pushed, push_view::PushView},
    error::Result,
    model::image::{Image, Images, Repository, split},
};
use serde::Serialize;
use std::fmt::Write as _;

/// Tells of a push in lines, each as far as it says something new.
#[derive(Debug, Default)]
pub struct Teller {
    /// The push so far.
    pub view: PushView,
    told: (usize, usize),
    waited: Option<u64>,
}

impl Teller {
    /// Takes what happened; gives a line where a layer more is done or the connection was lost.
    pub fn tell(&mut self, events: Vec<PushEvent>) -> Option<String> {
        for event in events {
            self.view.apply(event);
        }
        let (done, waits) = (self.view.done(), self.view.waits());
        let news = done != self.told || (waits.is_some() && self.waited.is_none());
        (self.told, self.waited) = (done, waits);
        news.then(|| format!("{}\n", self.view.line()))
    }
}

/// What came of a push; its serialised form is documented in docs/images.md.
#[derive(Serialize)]
struct Document<'a> {
    schema: u8,
    #[serde(flatten)]
    pushed: &'a Pushed,
    layers: Layers,
    repository: Option<Held<'a>>,
}

#[derive(Serialize)]
struct Layers {
    pushed: usize,
    already_there: usize,
    bytes: u64,
}

#[derive(Serialize)]
struct Held<'a> {
    tag_mutability: &'a str,
    scan_on_push: bool,
    lifecycle_policy: Option<bool>,
    image: Option<&'a Image>,
}

/// Prints what came of a push; `images` is what the environment's repositories hold now, where that is known.
///
/// # Errors
/// JSON that cannot be written.
pub fn print(
    pushed: &Pushed,
    view: &PushView,
    images: Option<&Images>,
    output: Output,
) -> Result<String> {
    let (name, _) = split(&pushed.reference);
    let repository = images.and_then(|images| images.repositories.iter().find(|r| r.uri == name));
    let image = repository.and_then(|r| r.images.iter().find(|i| i.digest == pushed.digest));
    let there = view.already_there();
    if output == Output::Json {
        return json(&Document {
            schema: SCHEMA,
            pushed,
            layers: Layers {
                pushed: view.done().0 - there,
                already_there: there,
                bytes: view.bytes().0,
            },
            repository: repository.map(|repository| Held {
                tag_mutability: &repository.tag_mutability,
                scan_on_push: repository.scan_on_push,
                lifecycle_policy: repository.lifecycle_policy,
                image,
            }),
        });
    }
    let mut text = format!("Pushed {}\n", safe(&pushed.reference, output));
    let mut fact = |label: &str, value: &str| {
        // Infallible: it is a string.
        let _ = writeln!(text, "  {label:<10}{}", safe(value, output));
    };
    fact("digest", &pushed.digest);
    fact("layers", &view.line());
    if !pushed.platforms.is_empty() {
        fact("platform", &pushed.platforms.join(", "));
    }
    if let Some(repository) = repository {
        fact("scan", &scan(repository, image));
        fact(
            "lifecycle",
            match repository.lifecycle_policy {
                Some(true) => "a policy deletes old images",
                Some(false) => "no policy: images are kept for ever",
                None => "not known",
            },
        );
    }
    fact("pin it", &pushed.pinned);
    Ok(text)
}

fn scan(repository: &Repository, image: Option<&Image>) -> String {
    match image.and_then(|image| image.scan.as_ref()) {
        Some(found) if found.status == "COMPLETE" => format!(
            "{} critical, {} high, {} medium, {} low",
            found.critical, found.high, found.medium, found.low
        ),
        Some(found) => found.status.to_lowercase().replace('_', " "),
        None if repository.scan_on_push => {
            "under way; `hydren image list` has it when it is done".to_owned()
        }
        None => "the repository scans nothing on a push".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::LayerState;

    fn layer(id: &str, state: LayerState) -> PushEvent {
        let id = id.to_owned();
        PushEvent::Layer { id, state }
    }

    #[test]
    fn a_line_is_told_when_a_layer_more_is_done_or_the_connection_is_lost() {
        let mut teller = Teller::default();
        let both = vec![
            layer("a", LayerState::Waiting),
            layer("b", LayerState::AlreadyThere),
        ];
        assert_eq!(
            teller.tell(both).as_deref(),
            Some("1 of 2 layers · 1 already there\n")
        );
        let sending = |sent| vec![layer("a", LayerState::Pushing(sent, 2_097_152))];
        assert_eq!(teller.tell(sending(1)), None);
        assert_eq!(teller.tell(sending(1_048_576)), None);
        let lost = |seconds| vec![layer("a", LayerState::Retrying(seconds))];
        assert!(
            teller
                .tell(lost(5))
                .unwrap_or_default()
                .contains("again in 5 s")
        );
        assert_eq!(teller.tell(lost(4)), None);
        assert_eq!(teller.tell(sending(5)), None);
        let done = teller.tell(vec![layer("a", LayerState::Pushed)]);
        assert_eq!(
            done.as_deref(),
            Some("2 of 2 layers · 1 already there · 2.0 MiB of 2.0 MiB\n")
        );
    }

    #[tokio::test]
    async fn what_was_pushed_is_printed_with_its_digest_scan_and_lifecycle() {
        use crate::{
            cloud::sim::{SimCloud, SimOptions, environment},
            op::Desk,
        };
        let cloud = SimCloud::new(SimOptions {
            elapsed: Some(std::time::Duration::ZERO),
            ..SimOptions::default()
        });
        let environment = environment();
        let images = Desk::new(&cloud, &environment).images().await.unwrap();
        let repository = &images.repositories[0];
        let image = &repository.images[0];
        let pushed = Pushed {
            reference: format!("{}:{}", repository.uri, image.tags[0]),
            pinned: format!("{}@{}", repository.uri, image.digest),
            digest: image.digest.clone(),
            size: 1_780,
            platforms: vec!["linux/amd64".to_owned()],
        };
        let mut view = PushView::default();
        view.apply(layer("a", LayerState::AlreadyThere));
        let text = print(&pushed, &view, Some(&images), Output::Table).unwrap();
        insta::assert_snapshot!(text);
        let json = print(&pushed, &view, None, Output::Json).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["layers"]["already_there"], 1);
        assert_eq!(json["repository"], serde_json::Value::Null);
    }
}
