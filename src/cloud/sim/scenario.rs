//! What befalls the demo. A scenario is a list of disturbances; each bends the [`Conditions`] that the laws read, at its own time.
//! An incident is added as one more variant and its disturbances; no law needs to know of it.

/// Named courses of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scenario {
    /// An ordinary day.
    #[default]
    Calm,
    /// An ordinary day on which the frontend deploys blue/green and asks before it takes the traffic.
    Gated,
}

impl Scenario {
    /// Every scenario.
    pub const ALL: [Self; 2] = [Self::Calm, Self::Gated];

    /// The name on the command line.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Gated => "gated",
        }
    }

    /// What it is, in one line.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Calm => "an ordinary day: daily curve, bulk uploads, autoscaling now and then",
            Self::Gated => {
                "the frontend deploys blue/green, and a deployment waits for you at its pause hook"
            }
        }
    }

    /// What it brings, evaluated at every step of the world.
    pub(super) fn disturbances(self) -> Vec<Box<dyn Disturbance>> {
        match self {
            Self::Calm | Self::Gated => Vec::new(),
        }
    }
}

/// Something that bends the conditions for a while.
pub(super) trait Disturbance: Send {
    /// Bends `conditions` as they are `elapsed` seconds after the demo's epoch (negative before).
    fn bend(&self, elapsed: i64, conditions: &mut Conditions);
}

/// What the laws take as given at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Conditions {
    /// Factor on the visitors' requests.
    pub visitors: f64,
    /// Factor on the CPU that a backend request needs.
    pub cpu_per_request: f64,
    /// Factor on the time that a database query takes.
    pub query_time: f64,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            visitors: 1.0,
            cpu_per_request: 1.0,
            query_time: 1.0,
        }
    }
}
