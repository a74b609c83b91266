// SPDX-License-Identifier: Apache-2.0
//! How long a record waits before it is tried again.
//!
//! Full jitter: anything from nothing to a bound that doubles with each try. Not a crate's retry loop, since it is not a call
//! that is tried again but the records of it that failed, with others that came meanwhile.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::settings::Settings;

pub(crate) struct Backoff {
    random: StdRng,
    first: Duration,
    most: Duration,
}

impl Backoff {
    pub(crate) fn new(settings: &Settings) -> Self {
        let random = settings.seed.map_or_else(StdRng::from_os_rng, StdRng::seed_from_u64);
        Self { random, first: settings.pause, most: settings.pause_max }
    }

    /// The pause after so many tries.
    pub(crate) fn pause(&mut self, tries: u32) -> Duration {
        let bound =
            self.first.saturating_mul(1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX)).min(self.most);
        self.random.random_range(Duration::ZERO..=bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound_and_differ() {
        let mut backoff = Backoff::new(&Settings { seed: Some(1), ..Settings::default() });
        for (tries, most) in [(1, 50), (2, 100), (5, 800), (8, 5_000), (u32::MAX, 5_000)] {
            let pauses: Vec<_> = (0..200).map(|_| backoff.pause(tries)).collect();
            let longest = pauses.iter().max().copied().unwrap_or_default();
            let bound = Duration::from_millis(most);
            assert!(longest <= bound && longest > bound / 2, "{tries}: {longest:?}");
            assert!(pauses.iter().any(|pause| *pause < bound / 4), "{tries}: some come soon");
        }
    }
}
