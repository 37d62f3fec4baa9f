//! The queueing law: how long requests wait for a backend worker, given how many arrive and how fast they are served.
//!
//! A task's CPU is one server; tasks are the servers of an M/M/c queue (Poisson arrivals, exponential service, one line). Its waiting
//! time is the Erlang C formula. Where arrivals exceed what the servers can do, the law has no steady state; there a fluid backlog
//! takes over, bounded by the time after which callers give up.

/// Seconds after which a waiting request is given up: the distribution's origin read timeout.
pub const PATIENCE: f64 = 30.0;

/// Chance that an arrival must wait: Erlang C for `servers` and `load` (arrival rate x service time), `load < servers`.
///
/// Computed through Erlang B's recursion, which is stable for any number of servers.
pub fn chance_of_waiting(servers: u32, load: f64) -> f64 {
    let blocked = (1..=servers).fold(1.0, |blocked, server| {
        load * blocked / (f64::from(server) + load * blocked)
    });
    let busy = load / f64::from(servers);
    blocked / (1.0 - busy * (1.0 - blocked))
}

/// Mean and variance of a time in seconds; the distribution is read as log-normal with these moments.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Duration {
    pub mean: f64,
    pub variance: f64,
}

impl Duration {
    /// Two independent times one after the other.
    pub fn then(self, next: Self) -> Self {
        Self {
            mean: self.mean + next.mean,
            variance: self.variance + next.variance,
        }
    }

    /// The quantile at `z` standard deviations of the underlying normal: 0 is the median, 1.645 p95, 2.326 p99.
    pub fn quantile(self, z: f64) -> f64 {
        let spread = (1.0 + self.variance / (self.mean * self.mean).max(1e-12)).ln();
        self.mean * (z * spread.sqrt() - spread / 2.0).exp()
    }
}

/// What became of the requests of a step.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Served {
    /// Answered by a worker.
    pub answered: f64,
    /// Given up after [`PATIENCE`].
    pub timed_out: f64,
    /// Share of the servers' time in use, 0 to 1.
    pub busy: f64,
    /// Time in line.
    pub wait: Duration,
}

/// The line in front of the workers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Queue {
    /// Requests in line that the steady state does not explain.
    pub backlog: f64,
}

impl Queue {
    /// Serves `arrivals` requests over `seconds` with `servers` (at least one) that need `service` seconds a request. What arrives is
    /// answered, given up, or still in line afterwards: `arrivals + backlog before = answered + timed_out + backlog after`.
    pub fn serve(&mut self, arrivals: f64, seconds: f64, servers: u32, service: f64) -> Served {
        let rate = f64::from(servers) / service;
        let offered = self.backlog + arrivals;
        // Whole requests are answered, so that counts stay whole.
        let answered = offered.min((rate * seconds).floor());
        let left = offered - answered;
        let timed_out = (left - rate * PATIENCE).max(0.0).ceil().min(left);
        self.backlog = left - timed_out;
        let busy = (answered / (rate * seconds)).min(1.0);
        // A step of few seconds may by chance fill up; the law then speaks of a queue that is nearly full, the backlog of the rest.
        let steady = busy.min(0.96);
        let waits = chance_of_waiting(servers, steady * f64::from(servers));
        let drain = rate * (1.0 - steady);
        let line = self.backlog / rate;
        Served {
            answered,
            timed_out,
            busy,
            wait: Duration {
                mean: waits / drain + line,
                variance: waits * (2.0 - waits) / (drain * drain),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_server_waits_as_often_as_it_is_busy() {
        assert!((chance_of_waiting(1, 0.7) - 0.7).abs() < 1e-12);
    }

    #[test]
    fn two_servers_at_half_load_wait_one_time_in_three() {
        assert!((chance_of_waiting(2, 1.0) - 1.0 / 3.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn more_load_never_waits_less(servers in 1_u32..12, low in 0.01_f64..0.95, more in 0.0_f64..0.04) {
            let (low, high) = (low * f64::from(servers), (low + more) * f64::from(servers));
            prop_assert!(chance_of_waiting(servers, low) <= chance_of_waiting(servers, high) + 1e-12);
        }

        #[test]
        fn another_worker_never_makes_the_wait_longer(servers in 1_u32..8, arrivals in 0.0_f64..400.0) {
            let arrivals = arrivals.floor();
            let few = Queue::default().serve(arrivals, 5.0, servers, 0.1);
            let more = Queue::default().serve(arrivals, 5.0, servers + 1, 0.1);
            prop_assert!(more.wait.mean <= few.wait.mean + 1e-9);
            prop_assert!(more.answered >= few.answered);
        }

        #[test]
        fn no_request_is_lost_or_made_up(backlog in 0_u32..5_000, arrivals in 0_u32..5_000, servers in 1_u32..8) {
            let mut queue = Queue { backlog: f64::from(backlog) };
            let served = queue.serve(f64::from(arrivals), 5.0, servers, 0.1);
            let after = served.answered + served.timed_out + queue.backlog;
            prop_assert!((after - f64::from(backlog) - f64::from(arrivals)).abs() < 1e-6);
            prop_assert!(served.busy <= 1.0 && queue.backlog >= 0.0);
        }

        #[test]
        fn percentiles_are_in_order(mean in 0.001_f64..10.0, variance in 0.0_f64..50.0) {
            let time = Duration { mean, variance };
            prop_assert!(time.quantile(0.0) <= time.quantile(1.645));
            prop_assert!(time.quantile(1.645) <= time.quantile(2.326));
        }
    }
}
