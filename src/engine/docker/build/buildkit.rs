//! What BuildKit says of a build: its graph's vertexes as they change, and what they print (buildkit `api/services/control`).

use super::steps::Steps;
use crate::engine::{BuildStep, BuildStepState};
use bollard::{
    moby::buildkit::v1::{StatusResponse, Vertex, VertexStatus},
    models::{BuildInfo, BuildInfoAux},
};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Understands a build by BuildKit.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Bytes of the transfers of a vertex, by their name: so far, and of how many.
    transfers: BTreeMap<String, BTreeMap<String, (u64, u64)>>,
}

impl Reader {
    /// Reads one message; gives the image when it names it.
    pub fn read(&mut self, info: BuildInfo, steps: &mut Steps) -> Option<String> {
        match info.aux? {
            BuildInfoAux::Default(image) => image.id,
            BuildInfoAux::BuildKit(status) => {
                self.status(status, steps);
                None
            }
        }
    }

    fn status(&mut self, status: StatusResponse, steps: &mut Steps) {
        for vertex in status.vertexes {
            steps.set(self.step(&vertex));
        }
        for transfer in status.statuses {
            self.transfer(transfer, steps);
        }
        for log in status.logs {
            steps.say(&log.vertex, &log.msg);
        }
    }

    fn step(&self, vertex: &Vertex) -> BuildStep {
        let time = |seconds, nanos| Timestamp::new(seconds, nanos).ok();
        let (began, ended) = (vertex.started.as_ref(), vertex.completed.as_ref());
        let began_at = began.and_then(|t| time(t.seconds, t.nanos));
        let ended_at = ended.and_then(|t| time(t.seconds, t.nanos));
        BuildStep {
            id: vertex.digest.clone(),
            name: vertex.name.clone(),
            state: match (&vertex.error, began_at, ended_at) {
                (error, ..) if error.contains("context canceled") => BuildStepState::Cancelled,
                (error, ..) if !error.is_empty() => BuildStepState::Failed,
                _ if vertex.cached => BuildStepState::Cached,
                (.., Some(_)) => BuildStepState::Done,
                (_, Some(_), None) => BuildStepState::Running,
                (_, None, None) => BuildStepState::Waiting,
            },
            began_at,
            ended_at,
            progress: self.progress(&vertex.digest),
        }
    }

    fn progress(&self, vertex: &str) -> Option<(u64, u64)> {
        let known = self.transfers.get(vertex)?.values();
        let sum = known.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        (sum.1 > 0).then_some(sum)
    }

    fn transfer(&mut self, transfer: VertexStatus, steps: &mut Steps) {
        let bytes = |n: i64| u64::try_from(n).unwrap_or_default();
        let known = self.transfers.entry(transfer.vertex.clone()).or_default();
        let total = bytes(transfer.total);
        known.insert(transfer.id, (bytes(transfer.current).min(total), total));
        if let Some(step) = steps.get(&transfer.vertex) {
            let step = BuildStep {
                progress: self.progress(&transfer.vertex),
                ..step.clone()
            };
            steps.set(step);
        }
    }
}
