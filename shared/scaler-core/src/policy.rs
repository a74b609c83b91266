//! What the operator wants, checked.

use std::ops::{Deref, RangeInclusive};

use jiff::SignedDuration;

use crate::direction::Direction;
use crate::risk::Risk;
use kinesis_model::ShardCount;
use kinesis_model::limits::{METRIC_DELAY_MINUTES, RESIZES_PER_DAY, SHARDS_PER_STREAM_MAX};

/// The settings of a policy, unchecked. The default is what the template deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicySpec {
    /// Percent of its capacity that a stream should run at, at most. 80 leaves a headroom of 20 %.
    pub target_utilization_percent: u32,
    /// Never fewer open shards than this.
    pub shards_min: u32,
    /// Never more open shards than this.
    pub shards_max: u32,
    /// Scale-out sizes for the busiest of this many last minutes.
    pub scale_out_window_minutes: u32,
    /// Scale-in sizes for the busiest of this many last minutes.
    pub stabilization_window_minutes: u32,
    /// Seconds that scale-out waits after any attempt to resize.
    pub scale_out_cooldown_seconds: u32,
    /// Seconds that scale-in waits after any attempt to resize.
    pub scale_in_cooldown_seconds: u32,
    /// Of the ten resizes in any 24 hours, how many scale-in leaves untouched.
    pub resizes_reserved_for_scale_out: u32,
    /// A distance from the target smaller than this many percent is not worth a resize.
    pub tolerance_percent: u32,
    /// Consumers further behind than this many seconds block scale-in.
    pub iterator_age_max_seconds: u32,
    /// The watch alarm on incoming records fires above this many a minute.
    pub watch_records_per_minute: u32,
    /// How much throttling is worth avoiding.
    pub throttling_risk: Risk,
    /// Whether to have [`SHARD_METRICS`](kinesis_model::limits::SHARD_METRICS) sent of a stream that looks as if one of its shards were
    /// hot. They are charged.
    pub shard_metrics: bool,
    /// Decide and report, change no stream.
    pub dry_run: bool,
}

impl Default for PolicySpec {
    fn default() -> Self {
        Self {
            target_utilization_percent: 80,
            shards_min: 1,
            shards_max: 100,
            scale_out_window_minutes: 5,
            stabilization_window_minutes: 60,
            scale_out_cooldown_seconds: 120,
            scale_in_cooldown_seconds: 1_800,
            resizes_reserved_for_scale_out: 2,
            tolerance_percent: 10,
            iterator_age_max_seconds: 60,
            watch_records_per_minute: 10_000,
            throttling_risk: Risk::Balanced,
            shard_metrics: false,
            dry_run: false,
        }
    }
}

impl PolicySpec {
    /// Allowed [`Self::target_utilization_percent`].
    pub const TARGET_UTILIZATION_PERCENT: RangeInclusive<u32> = 1..=100;
    /// Allowed [`Self::shards_min`] and [`Self::shards_max`].
    pub const SHARDS: RangeInclusive<u32> = 1..=SHARDS_PER_STREAM_MAX;
    /// Allowed [`Self::scale_out_window_minutes`].
    pub const SCALE_OUT_WINDOW_MINUTES: RangeInclusive<u32> = 1..=60;
    /// Allowed [`Self::stabilization_window_minutes`].
    pub const STABILIZATION_WINDOW_MINUTES: RangeInclusive<u32> = 5..=1_440;
    /// Allowed cooldowns.
    pub const COOLDOWN_SECONDS: RangeInclusive<u32> = 0..=86_400;
    /// Allowed [`Self::resizes_reserved_for_scale_out`].
    pub const RESIZES_RESERVED: RangeInclusive<u32> = 0..=RESIZES_PER_DAY;
    /// Allowed [`Self::tolerance_percent`].
    pub const TOLERANCE_PERCENT: RangeInclusive<u32> = 0..=50;
    /// Allowed [`Self::iterator_age_max_seconds`]: up to a week.
    pub const ITERATOR_AGE_MAX_SECONDS: RangeInclusive<u32> = 1..=604_800;
    /// Allowed [`Self::watch_records_per_minute`]: up to more than the largest stream takes.
    pub const WATCH_RECORDS_PER_MINUTE: RangeInclusive<u32> = 1..=1_000_000_000;
}

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
    #[error("shards_min={min} is more than shards_max={max}: lower the one or raise the other")]
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
    pub fn new(spec: PolicySpec) -> Result<Self, Vec<PolicyFault>> {
        let mut faults = Vec::new();
        for (name, value, allowed) in [
            ("target_utilization_percent", spec.target_utilization_percent, PolicySpec::TARGET_UTILIZATION_PERCENT),
            ("shards_min", spec.shards_min, PolicySpec::SHARDS),
            ("shards_max", spec.shards_max, PolicySpec::SHARDS),
            ("scale_out_window_minutes", spec.scale_out_window_minutes, PolicySpec::SCALE_OUT_WINDOW_MINUTES),
            (
                "stabilization_window_minutes",
                spec.stabilization_window_minutes,
                PolicySpec::STABILIZATION_WINDOW_MINUTES,
            ),
            ("scale_out_cooldown_seconds", spec.scale_out_cooldown_seconds, PolicySpec::COOLDOWN_SECONDS),
            ("scale_in_cooldown_seconds", spec.scale_in_cooldown_seconds, PolicySpec::COOLDOWN_SECONDS),
            ("resizes_reserved_for_scale_out", spec.resizes_reserved_for_scale_out, PolicySpec::RESIZES_RESERVED),
            ("tolerance_percent", spec.tolerance_percent, PolicySpec::TOLERANCE_PERCENT),
            ("iterator_age_max_seconds", spec.iterator_age_max_seconds, PolicySpec::ITERATOR_AGE_MAX_SECONDS),
            ("watch_records_per_minute", spec.watch_records_per_minute, PolicySpec::WATCH_RECORDS_PER_MINUTE),
        ] {
            let (min, max) = (*allowed.start(), *allowed.end());
            if !allowed.contains(&value) {
                faults.push(PolicyFault::OutOfRange { name, value, min, max });
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
    pub(crate) fn bearable_percent(&self) -> u32 {
        (self.target_utilization_percent * (100 + self.tolerance_percent) / 100).min(100)
    }

    /// The most shards that `current` is worth shrinking to: at least the tolerance fewer, at least one fewer; zero where
    /// nothing is.
    pub(crate) fn worth_shrinking_to(&self, current: ShardCount) -> u32 {
        let kept = u64::from(current.get()) * u64::from(100 - self.tolerance_percent) / 100;
        u32::try_from(kept).unwrap_or(u32::MAX).min(current.get() - 1)
    }

    /// Whether a change brings a stream back under its maximum, which is worth a resize, however small it is.
    pub(crate) fn is_way_inside(&self, current: ShardCount, wanted: ShardCount) -> bool {
        current > self.max() && wanted <= self.max()
    }

    /// How long a decision in `direction` waits after any attempt to resize.
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

/// Reads a whole number that must lie in `allowed`: digits only, no sign, no blank, no unit.
pub fn parse_whole(value: &str, allowed: &RangeInclusive<u32>) -> Option<u32> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| value.parse().ok()).flatten().filter(|number| allowed.contains(number))
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
                "shards_min=9 is more than shards_max=3: lower the one or raise the other"
            ]
        );
    }

    #[test]
    fn the_default_is_a_policy() {
        assert!(Policy::new(PolicySpec::default()).is_ok());
    }

    #[test]
    fn a_number_is_digits_and_nothing_else() {
        for bad in ["", " 5", "+5", "-5", "5.0", "0x5", "five", "101", "99999999999999999999"] {
            assert_eq!(parse_whole(bad, &(1..=100)), None, "{bad:?}");
        }
        assert_eq!(parse_whole("5", &(1..=100)), Some(5));
    }
}
