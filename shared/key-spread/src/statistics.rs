// SPDX-License-Identifier: Apache-2.0
//! How even a count over shards is, in the usual figures.

use kinesis_model::num::float;
use statrs::distribution::{ChiSquared, ContinuousCDF as _};

/// Figures of how counts lie beside what was expected of each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evenness {
    /// The largest count over the mean; 1 is even.
    pub max_over_mean: f64,
    /// Standard deviation over the mean; 0 is even.
    pub variation: f64,
    /// Pearson's chi-squared against what each shard's part of the hash keys lets expect.
    pub chi_squared: f64,
    /// Its degrees of freedom: the shards less one, as the last count follows from the others.
    pub degrees_of_freedom: u64,
    /// The probability of a chi-squared this large or larger if keys fell by chance: small means that it is not chance.
    pub p_value: f64,
    /// So many shards, equally loaded, would be as busy as these (the inverse of Simpson's index); all of them is even.
    pub effective_shards: f64,
}

impl Evenness {
    /// Of these counts, of which each was expected to be its share of all; `None` where there is nothing to count.
    ///
    /// Each item counts for itself: where one key has many records, records are not independent, and a small p-value says just
    /// that.
    pub fn of(counts: &[u64], expected_shares: &[f64]) -> Option<Self> {
        let all = float(counts.iter().sum::<u64>());
        if counts.is_empty() || all == 0.0 {
            return None;
        }
        let shards = float(counts.len());
        let mean = all / shards;
        let squares: f64 = counts.iter().map(|count| (float(*count) - mean).powi(2)).sum();
        let chi_squared = counts.iter().zip(expected_shares).map(|(count, share)| {
            let expected = all * share;
            (float(*count) - expected).powi(2) / expected
        });
        let chi_squared: f64 = chi_squared.sum();
        let simpson: f64 = counts.iter().map(|count| (float(*count) / all).powi(2)).sum();
        Some(Self {
            max_over_mean: float(counts.iter().copied().max().unwrap_or(0)) / mean,
            variation: (squares / shards).sqrt() / mean,
            chi_squared,
            degrees_of_freedom: counts.len() as u64 - 1,
            // One shard has no freedom: whatever falls, falls there.
            p_value: ChiSquared::new(shards - 1.0).map_or(1.0, |distribution| distribution.sf(chi_squared)),
            effective_shards: 1.0 / simpson,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn near(one: f64, other: f64) {
        assert!((one - other).abs() < 1e-4, "{one} is not {other}");
    }

    /// By hand: 60, 40, 50, 50 against 50 each is (100 + 100) / 50 = 4 with 3 degrees of freedom, whose upper tail tables have
    /// as 0.2615.
    #[test]
    fn figures_are_those_of_a_hand() {
        let even = Evenness::of(&[60, 40, 50, 50], &[0.25; 4]).unwrap();
        near(even.chi_squared, 4.0);
        assert_eq!(even.degrees_of_freedom, 3);
        near(even.p_value, 0.2615);
        near(even.max_over_mean, 1.2);
        near(even.variation, (50.0_f64).sqrt() / 50.0);
        near(even.effective_shards, 1.0 / (0.09 + 0.04 + 0.0625 + 0.0625));
    }

    #[test]
    fn a_wide_shard_is_expected_to_get_more() {
        let even = Evenness::of(&[50, 25, 25], &[0.5, 0.25, 0.25]).unwrap();
        near(even.chi_squared, 0.0);
        near(even.p_value, 1.0);
        near(even.max_over_mean, 1.5);
    }

    #[test]
    fn all_on_one_shard_is_one_effective_shard() {
        let one = Evenness::of(&[0, 900, 0], &[1.0 / 3.0; 3]).unwrap();
        near(one.effective_shards, 1.0);
        assert!(one.p_value < 1e-9);
        near(Evenness::of(&[5], &[1.0]).unwrap().p_value, 1.0);
        assert_eq!((Evenness::of(&[], &[]), Evenness::of(&[0, 0], &[0.5; 2])), (None, None));
    }
}
