//! What is shown of a push: a pure reduction of its events.

use super::{LayerState, PushEvent, build_view::ALMOST};
use crate::format;
use indexmap::IndexMap;
use serde::Serialize;

/// A push as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PushView {
    /// Layers in the order in which the engine named them.
    pub layers: IndexMap<String, Layer>,
    /// Digest and bytes of the manifest, once the registry has it.
    pub pushed: Option<(String, u64)>,
}

/// A layer of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Layer {
    /// Where it stands.
    pub state: LayerState,
    /// Bytes that were sent, and of how many. Engines count them before they are compressed.
    pub bytes: (u64, u64),
}

impl PushView {
    /// Takes what happened.
    pub fn apply(&mut self, event: PushEvent) {
        match event {
            PushEvent::Layer { id, state } => {
                let known = self.layers.get(&id).map_or((0, 0), |layer| layer.bytes);
                let bytes = match state {
                    LayerState::Pushing(sent, of) => (sent.min(of), of),
                    LayerState::Pushed => (known.1, known.1),
                    LayerState::Retrying(_) => (0, known.1),
                    LayerState::Waiting | LayerState::AlreadyThere => known,
                };
                self.layers.insert(id, Layer { state, bytes });
            }
            PushEvent::Pushed { digest, size } => self.pushed = Some((digest, size)),
        }
    }

    /// How many layers there are in a state that `is` tells.
    #[must_use]
    pub fn count(&self, is: impl Fn(LayerState) -> bool) -> usize {
        let states = self.layers.values().map(|layer| layer.state);
        states.filter(|state| is(*state)).count()
    }

    /// Layers that the registry has, of how many.
    #[must_use]
    pub fn done(&self) -> (usize, usize) {
        let done = |state| matches!(state, LayerState::Pushed | LayerState::AlreadyThere);
        (self.count(done), self.layers.len())
    }

    /// Layers that the registry had before.
    #[must_use]
    pub fn already_there(&self) -> usize {
        self.count(|state| state == LayerState::AlreadyThere)
    }

    /// Bytes that were sent, of those of the layers that were begun: how many the others have is told when they begin.
    #[must_use]
    pub fn bytes(&self) -> (u64, u64) {
        let bytes = self.layers.values().map(|layer| layer.bytes);
        bytes.fold((0, 0), |sum, layer| (sum.0 + layer.0, sum.1 + layer.1))
    }

    /// How far it is, from 0 to 1: layers that the registry has, and of those on their way what was sent. It is 1 only when the registry has
    /// the manifest.
    #[must_use]
    pub fn progress(&self) -> f64 {
        if self.pushed.is_some() {
            return 1.0;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "it is drawn in some forty cells"
        )]
        let of = |layer: &Layer| match layer.state {
            LayerState::Pushed | LayerState::AlreadyThere => 1.0,
            LayerState::Pushing(..) if layer.bytes.1 > 0 => {
                layer.bytes.0 as f64 / layer.bytes.1 as f64
            }
            _ => 0.0,
        };
        #[expect(clippy::cast_precision_loss, reason = "an image has some ten layers")]
        let all = self.layers.len().max(1) as f64;
        let done: f64 = self.layers.values().map(of).sum();
        f64::min(done / all, ALMOST)
    }

    /// Seconds until a layer is sent again whose connection was lost.
    #[must_use]
    pub fn waits(&self) -> Option<u64> {
        let retrying = self.layers.values().filter_map(|layer| match layer.state {
            LayerState::Retrying(seconds) => Some(seconds),
            _ => None,
        });
        retrying.min()
    }

    /// Says it in a line.
    #[must_use]
    pub fn line(&self) -> String {
        let (done, all) = self.done();
        if all == 0 {
            return "preparing".to_owned();
        }
        let mut parts = vec![format!("{done} of {}", format::count(all, "layer"))];
        let there = self.already_there();
        if there > 0 {
            parts.push(format!("{there} already there"));
        }
        let (sent, of) = self.bytes();
        if of > 0 {
            parts.push(format!("{} of {}", format::size(sent), format::size(of)));
        }
        if let Some(seconds) = self.waits() {
            parts.push(format!("connection lost, again in {seconds} s"));
        }
        parts.join(" · ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(events: &[(&str, LayerState)]) -> PushView {
        let mut view = PushView::default();
        for (id, state) in events {
            let (id, state) = ((*id).to_owned(), *state);
            view.apply(PushEvent::Layer { id, state });
        }
        view
    }

    #[test]
    fn bytes_and_layers_add_up_and_what_was_there_is_not_sent() {
        use LayerState::{AlreadyThere, Pushed, Pushing, Waiting};
        let view = view(&[
            ("a", Waiting),
            ("b", Waiting),
            ("c", Waiting),
            ("d", Waiting),
            ("a", Pushing(1_048_576, 2_097_152)),
            ("b", AlreadyThere),
            ("c", Pushing(100, 1_048_576)),
            ("c", Pushed),
        ]);
        assert_eq!(view.done(), (2, 4));
        assert_eq!(view.already_there(), 1);
        assert_eq!(view.bytes(), (2_097_152, 3_145_728));
        assert_eq!(
            view.line(),
            "2 of 4 layers · 1 already there · 2.0 MiB of 3.0 MiB"
        );
    }

    #[test]
    fn an_engine_that_counts_headers_too_never_sends_more_than_all() {
        let view = view(&[("a", LayerState::Pushing(3_010_560, 3_000_000))]);
        assert_eq!(view.bytes(), (3_000_000, 3_000_000));
    }

    #[test]
    fn a_lost_layer_begins_anew_and_says_when() {
        let view = view(&[
            ("a", LayerState::Pushing(900, 1_000)),
            ("a", LayerState::Retrying(4)),
        ]);
        assert_eq!(view.bytes(), (0, 1_000));
        assert!(
            view.line().ends_with("connection lost, again in 4 s"),
            "{}",
            view.line()
        );
    }

    #[test]
    fn it_is_pushed_once_the_registry_has_the_manifest() {
        let mut view = view(&[("a", LayerState::Pushed)]);
        assert_eq!(view.pushed, None);
        view.apply(PushEvent::Pushed {
            digest: "sha256:1".to_owned(),
            size: 527,
        });
        assert_eq!(view.pushed, Some(("sha256:1".to_owned(), 527)));
    }
}
