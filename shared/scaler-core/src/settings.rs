// SPDX-License-Identifier: Apache-2.0
//! The settings: one row for each. Its field, default, readers and errors are made of it; `scaler-app/tests/settings.rs` writes the
//! tables of docs/settings.md and template.yaml anew.

use std::fmt;
use std::ops::RangeInclusive;

use crate::risk::{RISK_WORDS, Risk};
use kinesis_model::limits::{RESIZES_PER_DAY, SHARDS_PER_STREAM_MAX};

/// The stream's own minimum.
pub const TAG_SHARDS_MIN: &str = "kinesis-scaler/shards-min";
/// The stream's own maximum.
pub const TAG_SHARDS_MAX: &str = "kinesis-scaler/shards-max";
/// The stream's own word on whether its shards may be measured.
pub const TAG_SHARD_METRICS: &str = "kinesis-scaler/shard-metrics";
/// The stream's own dry run.
pub const TAG_DRY_RUN: &str = "kinesis-scaler/dry-run";

/// One setting of a policy.
pub struct Setting {
    /// Its field in [`PolicySpec`].
    pub name: &'static str,
    /// The environment variable of the functions.
    pub variable: &'static str,
    /// The parameter of the template.
    pub parameter: &'static str,
    /// The tag by which a stream has its own, if it can.
    pub tag: Option<&'static str>,
    /// What it is for, in sentences.
    pub meaning: &'static str,
    /// The values that are allowed, and where they go.
    pub kind: SettingKind,
}

/// The values that a setting takes, and its field.
pub enum SettingKind {
    /// A whole number: digits only.
    Whole {
        /// Its least and its most.
        allowed: RangeInclusive<u32>,
        /// What it counts.
        unit: &'static str,
        /// Where it goes.
        field: fn(&mut PolicySpec) -> &mut u32,
    },
    /// A [`Risk`], by its word.
    Risk {
        /// Where it goes.
        field: fn(&mut PolicySpec) -> &mut Risk,
    },
    /// `true` or `false`.
    Switch {
        /// Where it goes.
        field: fn(&mut PolicySpec) -> &mut bool,
    },
}

/// Makes [`PolicySpec`], its default and [`SETTINGS`] of rows: meaning, field, type and default; what it takes; variable, parameter, tag.
macro_rules! settings {
    ($(
        $(#[doc = $meaning:literal])+
        $field:ident: $type:ty = $default:expr;
            $kind:ident { $($of:ident: $value:expr),* }, $variable:literal, $parameter:literal, $tag:expr;
    )+) => {
        /// The settings of a policy, unchecked. The default is what the template deploys.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct PolicySpec {
            $($(#[doc = $meaning])+ pub $field: $type,)+
        }

        impl Default for PolicySpec {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        /// Every setting, in the order in which they are told.
        pub static SETTINGS: &[Setting] = &[$(Setting {
            name: stringify!($field),
            variable: $variable,
            parameter: $parameter,
            tag: $tag,
            meaning: concat!($($meaning),+).trim_ascii(),
            kind: SettingKind::$kind { field: |spec| &mut spec.$field, $($of: $value),* },
        },)+];
    };
}

settings! {
    /// Target utilization: the scaler sizes a stream so that its busiest minute uses this share of its capacity.
    target_utilization_percent: u32 = 80;
        Whole { allowed: 1..=100, unit: "percent" },
        "TARGET_UTILIZATION_PERCENT", "TargetUtilizationPercent", Some("kinesis-scaler/target-utilization");

    /// Scale-in never goes below this many open shards. It must not exceed the maximum.
    shards_min: u32 = 1;
        Whole { allowed: 1..=SHARDS_PER_STREAM_MAX, unit: "shards" },
        "SHARDS_MIN", "ShardsMin", Some(TAG_SHARDS_MIN);

    /// Scale-out never goes above this many open shards. A stream that already has more keeps the shards that its
    /// load needs.
    shards_max: u32 = 100;
        Whole { allowed: 1..=SHARDS_PER_STREAM_MAX, unit: "shards" },
        "SHARDS_MAX", "ShardsMax", Some(TAG_SHARDS_MAX);

    /// Scale-out sizes the stream for the busiest minute among this many last minutes.
    scale_out_window_minutes: u32 = 5;
        Whole { allowed: 1..=60, unit: "minutes" },
        "SCALE_OUT_WINDOW_MINUTES", "ScaleOutWindowMinutes", None;

    /// Scale-in sizes the stream for the busiest minute among this many last minutes (the stabilization window).
    stabilization_window_minutes: u32 = 60;
        Whole { allowed: 5..=1_440, unit: "minutes" },
        "STABILIZATION_WINDOW_MINUTES", "StabilizationWindowMinutes", None;

    /// Scale-out waits this long after the scaler's own last attempt to change the shard count.
    scale_out_cooldown_seconds: u32 = 120;
        Whole { allowed: 0..=86_400, unit: "seconds" },
        "SCALE_OUT_COOLDOWN_SECONDS", "ScaleOutCooldownSeconds", None;

    /// Scale-in waits this long after the last attempt to change the shard count, by the scaler or by anyone else.
    scale_in_cooldown_seconds: u32 = 1_800;
        Whole { allowed: 0..=86_400, unit: "seconds" },
        "SCALE_IN_COOLDOWN_SECONDS", "ScaleInCooldownSeconds", None;

    /// AWS allows ten resizes in any 24 hours. Scale-in leaves this many of them for scale-out. A forecast plan
    /// leaves at least two.
    resizes_reserved_for_scale_out: u32 = 2;
        Whole { allowed: 0..=RESIZES_PER_DAY, unit: "resizes" },
        "RESIZES_RESERVED_FOR_SCALE_OUT", "ResizesReservedForScaleOut", None;

    /// A difference from the target utilization that is smaller than this causes no resize.
    tolerance_percent: u32 = 10;
        Whole { allowed: 0..=50, unit: "percent" },
        "TOLERANCE_PERCENT", "TolerancePercent", None;

    /// Scale-in waits while consumers are further behind than this.
    iterator_age_max_seconds: u32 = 60;
        Whole { allowed: 1..=604_800, unit: "seconds" },
        "ITERATOR_AGE_MAX_SECONDS", "IteratorAgeMaxSeconds", None;

    /// The alarm on incoming records fires above this many. It only informs people, and scales nothing.
    watch_records_per_minute: u32 = 10_000;
        Whole { allowed: 1..=1_000_000_000, unit: "records a minute" },
        "WATCH_RECORDS_PER_MINUTE", "WatchRecordsPerMinute", None;

    /// How much headroom a stream gets above its forecast, from careful (much headroom, little throttling) to thrifty
    /// (little headroom, low cost). It applies to a stream with an hour of history or more.
    throttling_risk: Risk = Risk::Balanced;
        Risk {},
        "THROTTLING_RISK", "ThrottlingRisk", Some("kinesis-scaler/risk");

    /// Use shard-level metrics to split hot shards and to merge cold ones. The scaler switches them on only for a
    /// stream in which one shard seems to be hot: three metrics for each shard, each charged as a custom metric.
    shard_metrics: bool = false;
        Switch {},
        "SHARD_METRICS", "ShardMetrics", Some(TAG_SHARD_METRICS);

    /// Decide and log, but change no stream. The alarms are created all the same, because they start the evaluations.
    /// A stream's tag cannot switch off the stack's dry run.
    dry_run: bool = false;
        Switch {},
        "DRY_RUN", "DryRun", Some(TAG_DRY_RUN);
}

impl PolicySpec {
    /// Every setting's variable with its value, as [`Setting::set`] reads it.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        SETTINGS.iter().map(|setting| (setting.variable, setting.value(self))).collect()
    }
}

impl Setting {
    /// The setting of that tag.
    pub fn of_tag(tag: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.tag == Some(tag))
    }

    /// Its value in these settings, as people write it.
    pub fn value(&self, spec: &PolicySpec) -> String {
        let mut spec = *spec;
        match self.kind {
            SettingKind::Whole { field, .. } => field(&mut spec).to_string(),
            SettingKind::Risk { field } => field(&mut spec).to_string(),
            SettingKind::Switch { field } => field(&mut spec).to_string(),
        }
    }

    /// Gives it the value that `text` is.
    ///
    /// # Errors
    /// What the text should have been.
    pub fn set(&self, spec: &mut PolicySpec, text: &str) -> Result<(), String> {
        match &self.kind {
            SettingKind::Whole { allowed, field, .. } => parse_whole(text, allowed).map(|number| *field(spec) = number),
            SettingKind::Risk { field } => Risk::of_word(text).map(|risk| *field(spec) = risk),
            SettingKind::Switch { field } => text.parse().ok().map(|is_on| *field(spec) = is_on),
        }
        .ok_or_else(|| self.expected())
    }

    /// Takes the value that `from` has into `to`.
    pub(crate) fn copy(&self, mut from: PolicySpec, to: &mut PolicySpec) {
        match self.kind {
            SettingKind::Whole { field, .. } => *field(to) = *field(&mut from),
            SettingKind::Risk { field } => *field(to) = *field(&mut from),
            SettingKind::Switch { field } => *field(to) = *field(&mut from),
        }
    }

    /// The values that it takes, for error messages.
    pub fn expected(&self) -> String {
        match &self.kind {
            SettingKind::Whole { allowed, .. } => {
                format!("a whole number from {} to {}", allowed.start(), allowed.end())
            }
            SettingKind::Risk { .. } => RISK_WORDS.to_owned(),
            SettingKind::Switch { .. } => TRUE_OR_FALSE.to_owned(),
        }
    }

    /// The same for documents, with its unit.
    pub fn bounds(&self) -> String {
        match &self.kind {
            SettingKind::Whole { allowed, unit, .. } => format!("{} to {} {unit}", allowed.start(), allowed.end()),
            SettingKind::Risk { .. } => RISK_WORDS.to_owned(),
            SettingKind::Switch { .. } => "true or false".to_owned(),
        }
    }
}

/// Two are the same where they have one name; functions are not compared.
impl PartialEq for Setting {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Setting {}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What a switch takes.
pub(crate) const TRUE_OR_FALSE: &str = "true or false, in lower case";

/// Reads a whole number that must lie in `allowed`: digits only, no sign, no blank, no unit.
fn parse_whole(value: &str, allowed: &RangeInclusive<u32>) -> Option<u32> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| value.parse().ok()).flatten().filter(|number| allowed.contains(number))
}

/// Values that a setting takes: the ends of a range, every word.
#[cfg(test)]
pub(crate) fn values(setting: &Setting) -> Vec<String> {
    match &setting.kind {
        SettingKind::Whole { allowed, .. } => [allowed.start(), allowed.end()].map(ToString::to_string).into(),
        SettingKind::Risk { .. } => Risk::ALL.map(|risk| risk.to_string()).into(),
        SettingKind::Switch { .. } => ["false", "true"].map(str::to_owned).into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_names_of_a_setting_are_one_name() {
        for setting in SETTINGS {
            assert_eq!(setting.variable, setting.name.to_uppercase());
            assert_eq!(setting.parameter.to_lowercase(), setting.name.replace('_', ""));
            assert!(setting.meaning.ends_with('.') && !setting.meaning.contains(['"', '|', '`']), "{setting:?}");
        }
        let tags: BTreeSet<_> = SETTINGS.iter().filter_map(|setting| setting.tag).collect();
        assert_eq!(tags.len(), SETTINGS.iter().filter(|setting| setting.tag.is_some()).count(), "{tags:?}");
    }

    #[test]
    fn every_setting_is_read_as_it_is_told_and_has_a_field_of_its_own() {
        for setting in SETTINGS {
            for value in values(setting) {
                let (mut spec, mut copied) = (PolicySpec::default(), PolicySpec::default());
                setting.set(&mut spec, &value).unwrap();
                assert_eq!(setting.value(&spec), value, "{setting:?}");
                let others = |spec: &PolicySpec| {
                    spec.variables().into_iter().filter(|(name, _)| *name != setting.variable).collect::<Vec<_>>()
                };
                assert_eq!(others(&spec), others(&PolicySpec::default()), "{setting:?}");
                setting.copy(spec, &mut copied);
                assert_eq!(copied, spec, "{setting:?}");
            }
        }
    }

    #[test]
    fn what_a_setting_does_not_take_is_told_and_changes_nothing() {
        for setting in SETTINGS {
            for bad in ["", " 5", "-5", "5.0", "True", "brave", "4294967296"] {
                let mut spec = PolicySpec::default();
                assert_eq!(setting.set(&mut spec, bad), Err(setting.expected()), "{setting:?}={bad:?}");
                assert_eq!(spec, PolicySpec::default());
            }
        }
    }

    #[test]
    fn a_number_is_digits_and_nothing_else() {
        for bad in ["", " 5", "+5", "-5", "5.0", "0x5", "five", "101", "99999999999999999999"] {
            assert_eq!(parse_whole(bad, &(1..=100)), None, "{bad:?}");
        }
        assert_eq!(parse_whole("5", &(1..=100)), Some(5));
    }
}
