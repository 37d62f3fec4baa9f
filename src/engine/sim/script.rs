//! What simulated builds and containers say, and when.

use crate::{
    cloud::sim::workshop,
    engine::{BuildEvent, BuildOrder, BuildStep, BuildStepState},
    error::{Error, ErrorKind, Result},
};
use jiff::Timestamp;
use std::collections::VecDeque;

/// What the ids of the base image's layers begin with: every registry has them.
const BASE: &str = "ba5e";

/// Whether a layer is one of the base image.
pub fn is_base(layer: &str) -> bool {
    layer.starts_with(BASE)
}

/// A step of a Dockerfile, or of the builder itself.
struct Line {
    name: &'static str,
    /// Milliseconds that it takes.
    takes: u64,
    caching: Caching,
    says: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq)]
enum Caching {
    /// A second build takes it from the first: it comes before the source is copied.
    Kept,
    /// It is done each time.
    Never,
}

const fn line(
    name: &'static str,
    takes: u64,
    caching: Caching,
    says: &'static [&'static str],
) -> Line {
    Line {
        name,
        takes,
        caching,
        says,
    }
}

const fn each_time(name: &'static str, takes: u64) -> Line {
    line(name, takes, Caching::Never, &[])
}

const fn kept(name: &'static str, takes: u64) -> Line {
    line(name, takes, Caching::Kept, &[])
}

static BACKEND: [Line; 10] = [
    each_time("[internal] load build definition from Dockerfile", 90),
    each_time(
        "[internal] load metadata for docker.io/library/python:3.13-slim",
        740,
    ),
    each_time(CONTEXT, 310),
    kept("[1/6] FROM docker.io/library/python:3.13-slim", 2_900),
    kept("[2/6] WORKDIR /app", 120),
    kept("[3/6] COPY requirements.txt .", 140),
    line(
        "[4/6] RUN pip install --no-cache-dir -r requirements.txt",
        14_600,
        Caching::Kept,
        &[
            "Collecting flask==3.1.2 (from -r requirements.txt (line 1))",
            "Collecting gunicorn==23.0.0 (from -r requirements.txt (line 2))",
            "Collecting sqlalchemy==2.0.44 (from -r requirements.txt (line 3))",
            "Collecting psycopg[binary]==3.2.12 (from -r requirements.txt (line 4))",
            "Installing collected packages: werkzeug, jinja2, flask, gunicorn, sqlalchemy, psycopg",
            "Successfully installed flask-3.1.2 gunicorn-23.0.0 psycopg-3.2.12 sqlalchemy-2.0.44",
        ],
    ),
    each_time("[5/6] COPY app ./app", 260),
    each_time("[6/6] RUN python -m compileall -q app", 1_700),
    each_time("exporting to image", 1_900),
];

static FRONTEND: [Line; 10] = [
    each_time("[internal] load build definition from Dockerfile", 90),
    each_time(
        "[internal] load metadata for docker.io/library/nginx:1.29-alpine",
        690,
    ),
    each_time(CONTEXT, 420),
    kept("[build 1/4] FROM docker.io/library/node:24-alpine", 3_800),
    kept("[build 2/4] COPY package.json package-lock.json ./", 130),
    line(
        "[build 3/4] RUN npm ci",
        16_200,
        Caching::Kept,
        &[
            "added 214 packages, and audited 215 packages in 16s",
            "found 0 vulnerabilities",
        ],
    ),
    line(
        "[build 4/4] RUN npm run build",
        7_400,
        Caching::Never,
        &[
            "vite v7.2.4 building client environment for production...",
            "transforming...",
            "412 modules transformed.",
            "dist/assets/index-B3kQd0aW.js   318.44 kB | gzip: 101.02 kB",
            "built in 6.71s",
        ],
    ),
    kept(
        "[stage-1 1/2] FROM docker.io/library/nginx:1.29-alpine",
        1_400,
    ),
    each_time(
        "[stage-1 2/2] COPY --from=build /src/dist /usr/share/nginx/html",
        210,
    ),
    each_time("exporting to image", 1_100),
];

/// The step that sends the context.
const CONTEXT: &str = "[internal] load build context";

/// Bytes of a quarter of the context.
const QUARTER: u64 = 361_472;

/// What goes wrong in a build that is broken.
const WRONG: [&str; 2] = [
    "npm error notarget No matching version found for left-pad@^9.0.0.",
    "npm error A complete log of this run can be found in: /root/.npm/_logs",
];

/// The same where Python is installed.
const WRONG_PYTHON: [&str; 2] = [
    "ERROR: Could not find a version that satisfies the requirement flaks==3.1.2 (from versions: none)",
    "ERROR: No matching distribution found for flaks==3.1.2",
];

fn is_frontend(service: &str) -> bool {
    service == workshop::service_of("frontend")
}

/// Bytes of a service's image in the registry.
pub fn size(service: &str) -> u64 {
    if is_frontend(service) {
        24_190_976
    } else {
        89_739_264
    }
}

/// The layers of an image, with the percent of its bytes that each has: those of the base, what is installed, which stays the same, and the
/// source, which is new in every image.
pub fn layers(seed: u64, service: &str, image: &str) -> Vec<(String, u64)> {
    let id = |subject: &str| {
        let digest = workshop::digest(seed, subject);
        digest["sha256:".len()..][..12].to_owned()
    };
    let base = |place: usize, percent| {
        (
            format!("{BASE}{}", &id(&format!("{service} {place}"))[..8]),
            percent,
        )
    };
    vec![
        base(1, 31),
        base(2, 4),
        base(3, 13),
        (id(&format!("{service} workdir")), 1),
        (id(&format!("{service} packages")), 45),
        (id(&format!("source of {image}")), 5),
        (id(&format!("compiled {image}")), 1),
    ]
}

/// What a container says in its first seconds, and once it answers.
pub fn first_words(service: &str, age: i64, answers: bool) -> Vec<String> {
    let (words, asked): (&[(i64, &str)], &str) = if is_frontend(service) {
        (
            &[
                (
                    0,
                    "/docker-entrypoint.sh: Configuration complete; ready for start up",
                ),
                (0, "[notice] 1#1: nginx/1.29.3"),
                (1, "[notice] 1#1: start worker processes"),
            ],
            "\"GET / HTTP/1.1\" 200 1043 \"-\" \"hydren\"",
        )
    } else {
        (
            &[
                (1, "[INFO] Starting gunicorn 23.0.0"),
                (1, "[INFO] Listening at: http://0.0.0.0:8000 (1)"),
                (2, "[INFO] Booting worker with pid: 7"),
                (2, "[INFO] Booting worker with pid: 8"),
                (3, "[INFO] Booting worker with pid: 9"),
            ],
            "\"GET /api/healthz HTTP/1.1\" 200 16 \"-\" \"hydren\"",
        )
    };
    let said = words.iter().filter(|(at, _)| *at <= age);
    let said = said.map(|(_, text)| (*text).to_owned());
    said.chain(answers.then(|| asked.to_owned())).collect()
}

/// Whether a service has something at `path`.
pub fn serves(service: &str, path: &str) -> bool {
    is_frontend(service) || path == workshop::HEALTH_PATH
}

/// What happens next, and how many milliseconds after what came before.
pub struct Beat {
    pub after: u64,
    what: What,
}

enum What {
    Context(u64),
    Say(usize, &'static str),
    /// A step comes to a state.
    Step(usize, BuildStepState),
    /// The build ends here.
    Fail(usize, &'static [&'static str]),
}

/// A build as it will go.
pub struct Script {
    lines: &'static [Line],
    beats: VecDeque<Beat>,
    began: Vec<Option<Timestamp>>,
}

impl Script {
    /// How `order` goes for a service, some of whose steps may be cached.
    pub fn of(service: &str, order: &BuildOrder, cached: bool) -> Self {
        let (lines, wrong): (&'static [Line], &'static [&'static str]) = if is_frontend(service) {
            (&FRONTEND, &WRONG)
        } else {
            (&BACKEND, &WRONG_PYTHON)
        };
        let target = order.target.as_deref();
        let broken = target == Some("broken") || order.dockerfile.ends_with("broken");
        let mut beats = VecDeque::new();
        let mut beat = |after, what| beats.push_back(Beat { after, what });
        for place in 0..lines.len() {
            beat(0, What::Step(place, BuildStepState::Waiting));
        }
        for (place, line) in lines.iter().enumerate() {
            if cached && line.caching == Caching::Kept {
                beat(15, What::Step(place, BuildStepState::Cached));
                continue;
            }
            beat(0, What::Step(place, BuildStepState::Running));
            let fails = broken && line.name.contains(" RUN ");
            let says = if fails { wrong } else { line.says };
            let context = if line.name == CONTEXT { 4 } else { 0 };
            let pause = line.takes / (says.len() as u64 + context + 1);
            for quarters in 1..=context {
                beat(pause, What::Context(QUARTER * quarters));
            }
            for text in says {
                beat(pause, What::Say(place, text));
            }
            if fails {
                beat(pause, What::Step(place, BuildStepState::Failed));
                beat(0, What::Fail(place, wrong));
                break;
            }
            beat(pause, What::Step(place, BuildStepState::Done));
        }
        Self {
            lines,
            beats,
            began: vec![None; lines.len()],
        }
    }

    /// What comes next.
    pub fn next(&mut self) -> Option<Beat> {
        self.beats.pop_front()
    }

    /// What is told of a beat that is played at `now`.
    ///
    /// # Errors
    /// The step that fails, with its last lines.
    pub fn play(&mut self, beat: &Beat, now: Timestamp) -> Result<BuildEvent> {
        Ok(match beat.what {
            What::Context(bytes) => BuildEvent::Context(bytes),
            What::Say(place, text) => BuildEvent::Line {
                step: place.to_string(),
                text: text.to_owned(),
            },
            What::Step(place, state) => {
                let ends = !matches!(state, BuildStepState::Waiting | BuildStepState::Running);
                if state != BuildStepState::Waiting {
                    self.began[place].get_or_insert(now);
                }
                BuildEvent::Step(BuildStep {
                    id: place.to_string(),
                    name: self.lines[place].name.to_owned(),
                    state,
                    began_at: self.began[place],
                    ended_at: ends.then_some(now),
                    progress: None,
                })
            }
            What::Fail(place, wrong) => {
                let name = self.lines[place].name;
                let what = format!("{name} failed with exit code 1: {}", wrong.join(" · "));
                return Err(Error::new(ErrorKind::Service, what)
                    .hint("mend the Dockerfile or what it installs, and build again"));
            }
        })
    }
}
