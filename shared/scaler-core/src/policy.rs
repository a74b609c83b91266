// SPDX-License-Identifier: Apache-2.0
//! What the operator wants, checked.

use std::ops::Deref;

use jiff::SignedDuration;

use crate::direction::Direction;
use crate::settings::{PolicySpec, SETTINGS, SettingKind};
use kinesis_model::ShardCount;
use kinesis_model::limits::METRIC_DELAY_MINUTES;

/// One thing wrong with a [`PolicySpec`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// A number outside its bounds.
    #[error("{name}={value} is not from {min} to {max}")]
    OutOfRange {
        /// The field.
        name: &'static str,
        /// Its value.
        value: u32,
        /// The least that is allowed.
        min: u32,
        /// The most that is allowed.
        max: u32,
    },
    /// Bounds that leave no count.
    #[error("shards_min={min} is more than shards_max={max}: lower shards_min or raise shards_max")]
    MinOverMax {
        /// `shards_min`.
        min: u32,
        /// `shards_max`.
        max: u32,
    },
}

/// A [`PolicySpec`] whose every field is within its bounds. Read its fields through dereference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy(PolicySpec);

impl Policy {
    /// Checks a spec.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn new(mut spec: PolicySpec) -> Result<Self, Vec<PolicyFault>> {
        let mut faults = Vec::new();
        for setting in SETTINGS {
            let SettingKind::Whole { allowed, field, .. } = &setting.kind else { continue };
            let (value, min, max) = (*field(&mut spec), *allowed.start(), *allowed.end());
            if !allowed.contains(&value) {
                faults.push(PolicyFault::OutOfRange { name: setting.name, value, min, max });
            }
        }
        if spec.shards_min > spec.shards_max {
            faults.push(PolicyFault::MinOverMax { min: spec.shards_min, max: spec.shards_max });
        }
        if faults.is_empty() { Ok(Self(spec)) } else { Err(faults) }
    }

    /// Minutes of metrics that a decision in `direction` looks at, CloudWatch's delay included.
    pub fn window_minutes(&self, direction: Direction) -> u32 {
        METRIC_DELAY_MINUTES
            + match direction {
                Direction::Out => self.scale_out_window_minutes,
                Direction::In => self.stabilization_window_minutes,
            }
    }

    /// Percent of capacity up to which a stream is left as it is: the target and the tolerance above it. A full stream is
    /// never close enough, however high the target.
    pub(crate) fn upper_threshold_percent(&self) -> u32 {
        (self.target_utilization_percent * (100 + self.tolerance_percent) / 100).min(100)
    }

    /// The most shards that `current` is worth shrinking to: at least the tolerance fewer, at least one fewer; zero where
    /// nothing is.
    pub(crate) fn scale_in_target_max(&self, current: ShardCount) -> u32 {
        let kept = u64::from(current.get()) * u64::from(100 - self.tolerance_percent) / 100;
        u32::try_from(kept).unwrap_or(u32::MAX).min(current.get() - 1)
    }

    /// How long a decision in `direction` waits after an attempt that counts: see [`ResizeHistory::last_before_cooldown`](crate::ResizeHistory::last_before_cooldown).
    pub(crate) fn cooldown(&self, direction: Direction) -> SignedDuration {
        let seconds = match direction {
            Direction::Out => self.scale_out_cooldown_seconds,
            Direction::In => self.scale_in_cooldown_seconds,
        };
        SignedDuration::from_secs(i64::from(seconds))
    }

    /// The operator's lower bound.
    pub(crate) fn min(&self) -> ShardCount {
        ShardCount::saturating(u64::from(self.shards_min))
    }

    /// The operator's upper bound.
    pub(crate) fn max(&self) -> ShardCount {
        ShardCount::saturating(u64::from(self.shards_max))
    }
}

impl Deref for Policy {
    type Target = PolicySpec;

    fn deref(&self) -> &PolicySpec {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn all_faults_are_told_at_once() {
        let spec = PolicySpec { target_utilization_percent: 0, shards_min: 9, shards_max: 3, ..PolicySpec::default() };
        let told: Vec<_> = Policy::new(spec).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "target_utilization_percent=0 is not from 1 to 100",
                "shards_min=9 is more than shards_max=3: lower shards_min or raise shards_max"
            ]
        );
    }

    #[test]
    fn the_default_is_a_policy() {
        assert!(Policy::new(PolicySpec::default()).is_ok());
    }
}
