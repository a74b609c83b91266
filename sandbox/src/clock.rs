// SPDX-License-Identifier: Apache-2.0
//! Virtual time: a clock that runs at a multiple of real time, or one that tests move by hand.

use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// Virtual seconds per real second: up to a day, since no machine evaluates the alarms of more minutes than that in a second, and
/// from a thousandth on, at which a minute takes most of a day.
pub const SPEEDS: RangeInclusive<f64> = 0.001..=86_400.0;

/// How the sandbox's clock runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ClockOptions {
    /// Starts at the real time and runs `speed` times as fast; at 60 a minute of CloudWatch lasts a second.
    Running {
        /// Virtual seconds per real second, one of [`SPEEDS`].
        speed: f64,
    },
    /// Stands at `start` until it is moved.
    Manual {
        /// The first virtual time.
        start: Timestamp,
        /// How many alike records each record written stands for, all in the same second; 1 unless a stream is to be filled
        /// with less. One of [`SPEEDS`].
        weight: f64,
    },
}

/// The clock that everything in a sandbox reads: streams throttle by it, and all that takes time ends by it.
///
/// A record stands for [`weight`](Self::weight) alike ones. On a running clock that is its speed, since whoever writes and
/// reads keeps real time: what comes in a real second stands for what would come in the virtual ones that it lasts, so a
/// stream that is full by the real clock is full by the virtual one.
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
        anyhow::ensure!(
            SPEEDS.contains(&weight),
            "the clock's speed or weight {weight:?} is not a number from {} to {}",
            SPEEDS.start(),
            SPEEDS.end()
        );
        Ok(Self { kind, weight })
    }

    /// The virtual time.
    pub fn now(&self) -> Timestamp {
        match &self.kind {
            Kind::Running { virtual_start, real_start } => {
                let passed = real_start.elapsed().as_secs_f64() * self.weight;
                // A month at full speed is longer than there are dates.
                virtual_start.saturating_add(SignedDuration::from_secs_f64(passed)).unwrap_or(Timestamp::MAX)
            }
            Kind::Manual(now) => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// How many alike records (and calls) each one stands for.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// How many virtual seconds a shard's limits are reckoned over: one, or on a running clock those of a real second.
    pub(crate) fn limit_window_seconds(&self) -> f64 {
        match self.kind {
            Kind::Running { .. } => self.weight,
            Kind::Manual(_) => 1.0,
        }
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_that_no_clock_has_is_named_with_the_bounds() {
        for speed in [1e300, 86_401.0, 0.0, -1.0, 1e-300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for options in
                [ClockOptions::Running { speed }, ClockOptions::Manual { start: Timestamp::UNIX_EPOCH, weight: speed }]
            {
                let told = SandboxClock::new(options).err().map(|error| error.to_string());
                let expected = format!("the clock's speed or weight {speed:?} is not a number from 0.001 to 86400");
                assert_eq!(told, Some(expected));
            }
        }
    }

    #[test]
    fn the_slowest_and_the_fastest_clock_can_be_waited_for() {
        for speed in [*SPEEDS.start(), *SPEEDS.end()] {
            let clock = SandboxClock::new(ClockOptions::Running { speed }).expect("this speed can be");
            let wait = clock.real_time_until(clock.now() + SignedDuration::from_mins(1)).unwrap_or_default();
            assert!(wait.as_secs_f64() <= 60.0 / speed, "{wait:?}");
        }
    }
}
