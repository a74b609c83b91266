// SPDX-License-Identifier: Apache-2.0
//! Skew: how the load of a stream lies on its ring of hash keys.

use kinesis_model::{HashKeyRange, hash_key};

/// Parts of the ring that have a share of the traffic to themselves; what they leave is spread evenly over all of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Skew(Vec<(HashKeyRange, f64)>);

/// Why load cannot lie so.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum SkewFault {
    /// A share that is none.
    #[error("the share {share} of the hash keys {range} is not from 0 to 1; give each part its share of the traffic")]
    Share {
        /// Whose share.
        range: HashKeyRange,
        /// The share.
        share: f64,
    },
    /// More than there is.
    #[error("the shares of all parts are together {sum}, which is above 1; make some of them smaller")]
    Sum {
        /// All shares together.
        sum: f64,
    },
}

impl Skew {
    /// These parts, each with its share of the traffic, 0 to 1, and all together no more than 1.
    ///
    /// # Errors
    /// What is wrong with the shares.
    pub fn of(parts: Vec<(HashKeyRange, f64)>) -> Result<Self, SkewFault> {
        if let Some(&(range, share)) = parts.iter().find(|(_, share)| !(0.0..=1.0).contains(share)) {
            return Err(SkewFault::Share { range, share });
        }
        let sum: f64 = parts.iter().map(|(_, share)| share).sum();
        // Shares such as 0.2, 0.4, 0.3 and 0.1 are together a little more than 1.
        if sum > 1.0 + 1e-9 {
            return Err(SkewFault::Sum { sum });
        }
        Ok(Self::of_checked(parts))
    }

    /// One partition key with this share of the traffic; below 0 (and not a number) counts as none of it, above 1 as all.
    pub fn of_key(key: &str, share: f64) -> Self {
        let at = hash_key(key);
        Self::of_checked(HashKeyRange::new(at, at).map(|range| (range, share.clamp(0.0, 1.0))).into_iter().collect())
    }

    /// A part without traffic is none, and one that is the whole ring is the same as the rest.
    fn of_checked(mut parts: Vec<(HashKeyRange, f64)>) -> Self {
        parts.retain(|(range, share)| *share > 0.0 && *range != HashKeyRange::ALL);
        Self(parts)
    }

    /// Whether all of the traffic is spread evenly.
    pub fn is_even(&self) -> bool {
        self.0.is_empty()
    }

    /// Every part and its share of the traffic, and last the whole ring with that of the rest.
    pub(super) fn shares(&self) -> impl Iterator<Item = (HashKeyRange, f64)> {
        let rest = 1.0 - self.0.iter().map(|(_, share)| share).sum::<f64>();
        self.0.iter().copied().chain([(HashKeyRange::ALL, rest.max(0.0))])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn shares_that_cannot_be_are_refused_and_named() {
        let half = HashKeyRange::uniform(2)[0];
        let fault = |shares: &[f64]| {
            let parts = shares.iter().map(|share| (half, *share)).collect();
            Skew::of(parts).unwrap_err().to_string()
        };
        assert!(
            fault(&[0.1, f64::NAN])
                .starts_with("the share NaN of the hash keys 0-170141183460469231731687303715884105727")
        );
        assert!(fault(&[-0.1]).contains("-0.1"));
        assert!(fault(&[1.5]).contains("1.5"));
        assert!(fault(&[0.75, 0.5]).contains("together 1.25"));
        // In this order they are, by the last digit, more than 1.
        let all = Skew::of([0.2, 0.4, 0.3, 0.1].map(|share| (half, share)).to_vec()).unwrap();
        assert_eq!(all.shares().last().unwrap().1.to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn parts_that_change_nothing_are_none() {
        let half = HashKeyRange::uniform(2)[0];
        assert!(Skew::of(vec![(HashKeyRange::ALL, 0.7), (half, 0.0)]).unwrap().is_even());
        assert!(Skew::of_key("k", 0.0).is_even() && Skew::of_key("k", f64::NAN).is_even());
        let skew = Skew::of(vec![(HashKeyRange::ALL, 0.5), (half, 0.25)]).unwrap();
        assert_eq!(skew.shares().collect::<Vec<_>>(), [(half, 0.25), (HashKeyRange::ALL, 0.75)]);
    }
}
