//! Virtual time: a clock that runs at a multiple of real time, or one that tests move by hand.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// How the sandbox's clock runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ClockOptions {
    /// Starts at the real time and runs `speed` times as fast; at 60 a minute of CloudWatch lasts a second.
    Running {
        /// Virtual seconds per real second, above 0.
        speed: f64,
    },
    /// Stands at `start` until it is moved.
    Manual {
        /// The first virtual time.
        start: Timestamp,
        /// What a byte, a record or a millisecond of lag stands for, as `speed` does for a running clock.
        weight: f64,
    },
}

/// The clock that everything in a sandbox reads.
///
/// The Kinesis emulator inside throttles by the *real* second: 1 MiB and 1,000 records a shard. At speed S a real
/// second is S virtual seconds, so a byte accepted in it stands for S virtual bytes; counted so, bytes per second are
/// the same on both clocks, and a shard that is full in real time is full in virtual time. The same factor turns real
/// milliseconds of consumer lag into virtual ones. It is [`weight`](Self::weight).
#[derive(Debug)]
pub struct SandboxClock {
    kind: Kind,
    weight: f64,
}

#[derive(Debug)]
enum Kind {
    Running { virtual_start: Timestamp, real_start: Instant },
    Manual(Mutex<Timestamp>),
}

impl SandboxClock {
    pub(crate) fn new(options: ClockOptions) -> anyhow::Result<Self> {
        let (kind, weight) = match options {
            ClockOptions::Running { speed } => {
                (Kind::Running { virtual_start: Timestamp::now(), real_start: Instant::now() }, speed)
            }
            ClockOptions::Manual { start, weight } => (Kind::Manual(Mutex::new(start)), weight),
        };
        anyhow::ensure!(weight.is_finite() && weight > 0.0, "clock speed {weight} is not a number above 0");
        Ok(Self { kind, weight })
    }

    /// The virtual time.
    pub fn now(&self) -> Timestamp {
        match &self.kind {
            Kind::Running { virtual_start, real_start } => {
                let passed = real_start.elapsed().as_secs_f64() * self.weight;
                *virtual_start + SignedDuration::from_secs_f64(passed)
            }
            Kind::Manual(now) => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// What one real unit (byte, record, millisecond) stands for in virtual time.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// Moves a manual clock to `to`; a running one goes its own way.
    pub fn set(&self, to: Timestamp) {
        if let Kind::Manual(now) = &self.kind {
            *now.lock().unwrap_or_else(PoisonError::into_inner) = to;
        }
    }

    /// Moves a manual clock on by `by`; a running one goes its own way.
    pub fn advance(&self, by: SignedDuration) {
        if let Kind::Manual(now) = &self.kind {
            *now.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }

    /// Real time until the virtual time `at`; `None` on a manual clock, which nobody can wait for.
    pub(crate) fn real_time_until(&self, at: Timestamp) -> Option<Duration> {
        match self.kind {
            Kind::Running { .. } => {
                let ahead = at.duration_since(self.now()).as_secs_f64().max(0.0);
                Some(Duration::from_secs_f64(ahead / self.weight))
            }
            Kind::Manual(_) => None,
        }
    }

    /// Real milliseconds that stand for `virtual_seconds`.
    pub(crate) fn real_milliseconds(&self, virtual_seconds: u32) -> u64 {
        let real = Duration::from_secs(u64::from(virtual_seconds)).div_f64(self.weight);
        u64::try_from(real.as_millis()).unwrap_or(u64::MAX)
    }
}
