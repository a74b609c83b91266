// SPDX-License-Identifier: Apache-2.0
//! What a stream's tags say: whether we may touch it, which settings are its own, what was done to it before.

use super::history::ResizeHistory;
use super::notices::NoticeMemory;
use crate::policy::{Policy, PolicyFault};
use crate::settings::{PolicySpec, SETTINGS, Setting, TRUE_OR_FALSE};
use kinesis_model::limits::TAGS_PER_STREAM_MAX;
use kinesis_model::{MicroUsd, NotUsd};

/// Every tag of ours begins so.
pub const TAG_PREFIX: &str = "kinesis-scaler/";
/// `true` enrols a stream; without it a stream is never changed.
pub const TAG_MANAGED: &str = "kinesis-scaler/managed";
/// The scaler's own memory, see [`ResizeHistory`].
pub const TAG_RESIZES: &str = "kinesis-scaler/resizes";
/// What people were told of lately, see [`NoticeMemory`].
pub const TAG_NOTICES: &str = "kinesis-scaler/notices";

/// What the stream may cost in a calendar month, in USD. Nothing is scaled by it: cost-report calls out a stream that is over.
pub const TAG_BUDGET: &str = "kinesis-scaler/budget-usd-month";

/// Our tags that are no setting.
const OTHER_TAGS: [&str; 4] = [TAG_MANAGED, TAG_BUDGET, TAG_RESIZES, TAG_NOTICES];

/// A tag of ours that cannot be understood. The stream is left alone until it is mended: a bound that was guessed could
/// resize it to anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tag {key}={value:?} is not {expected}")]
pub struct TagFault {
    /// The tag's key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// What it should have been.
    pub expected: String,
}

/// Settings that one stream has for itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Values of those that are given; the others have their default. In a box, since few streams have any.
    values: Box<PolicySpec>,
    given: Vec<&'static Setting>,
}

impl Overrides {
    /// Whether the stream has its own value of the setting of this tag.
    pub fn has(&self, tag: &str) -> bool {
        self.given.iter().any(|setting| setting.tag == Some(tag))
    }

    /// Whether the stream itself asks for a dry run.
    pub const fn is_dry_run(&self) -> bool {
        self.values.dry_run
    }

    /// All but those of these tags.
    pub(crate) fn without(&self, tags: &[&str]) -> Self {
        let mut others = self.clone();
        others.given.retain(|setting| setting.tag.is_none_or(|tag| !tags.contains(&tag)));
        others
    }

    fn set(&mut self, setting: &'static Setting, value: &str) -> Result<(), String> {
        setting.set(&mut self.values, value)?;
        self.given.push(setting);
        Ok(())
    }

    fn over(&self, stack: &Policy) -> PolicySpec {
        let mut spec = **stack;
        self.given.iter().for_each(|setting| setting.copy(*self.values, &mut spec));
        spec
    }
}

/// Which of the two tags that are our memory a stream has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnTags {
    /// [`TAG_RESIZES`].
    pub resizes: bool,
    /// [`TAG_NOTICES`].
    pub notices: bool,
}

/// A stream's tags, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamTags {
    /// Whether `kinesis-scaler/managed` is `true`.
    pub managed: bool,
    /// The stream's own settings.
    pub overrides: Overrides,
    /// Its resizes of the last day.
    pub history: ResizeHistory,
    /// What people were told of it in the last hour.
    pub notices: NoticeMemory,
    /// What it may cost in a calendar month. One that cannot be read is no reason to leave the stream alone: nothing is scaled
    /// by it.
    pub budget: Option<Result<MicroUsd, TagFault>>,
    /// Tags that count towards the [`TAGS_PER_STREAM_MAX`] of a stream.
    pub tag_count: usize,
    /// Which of our two memories are among them.
    pub has_own_tags: OwnTags,
    /// Tags of ours that could not be understood; such a stream is refused.
    pub faults: Vec<TagFault>,
}

impl StreamTags {
    /// Reads keys and values of tags; those of others are passed over.
    pub fn read(tags: &[(impl AsRef<str>, impl AsRef<str>)]) -> Self {
        let mut read = Self::default();
        for (key, value) in tags.iter().map(|(key, value)| (key.as_ref(), value.as_ref())) {
            // Tags of AWS's own do not count. Source: "Tag restrictions" in the Kinesis developer guide.
            read.tag_count += usize::from(!key.starts_with("aws:"));
            if !key.starts_with(TAG_PREFIX) {
                continue;
            }
            if let Err(expected) = read.take(key, value) {
                read.faults.push(TagFault { key: key.to_owned(), value: value.to_owned(), expected });
            }
        }
        read.faults.sort_by(|a, b| a.key.cmp(&b.key));
        read
    }

    /// The stack's policy with this stream's own settings in it.
    ///
    /// # Errors
    /// Bounds that contradict each other once combined.
    pub fn policy(&self, stack: &Policy) -> Result<Policy, Vec<PolicyFault>> {
        Policy::new(PolicySpec { dry_run: self.is_dry_run(stack), ..self.overrides.over(stack) })
    }

    /// Whether hands are to be kept off; the stack's word or the stream's own is enough.
    pub fn is_dry_run(&self, stack: &Policy) -> bool {
        self.overrides.is_dry_run() || stack.dry_run
    }

    /// The tags that are our memory for which the stream has no room: of those that it lacks, the ones beyond its 50.
    pub fn no_room_for(&self) -> Vec<&'static str> {
        let lacking = [(TAG_RESIZES, self.has_own_tags.resizes), (TAG_NOTICES, self.has_own_tags.notices)];
        let lacking = lacking.into_iter().filter(|(_, is_there)| !is_there).map(|(tag, _)| tag);
        lacking.skip(TAGS_PER_STREAM_MAX.saturating_sub(self.tag_count)).collect()
    }

    /// Whether there is no room for the tag in which resizes are written down: then none may be made.
    pub fn lacks_room(&self) -> bool {
        self.no_room_for().contains(&TAG_RESIZES)
    }

    /// Takes one tag, or says what its value should have been.
    fn take(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            TAG_MANAGED => self.managed = value.parse().map_err(|_| TRUE_OR_FALSE)?,
            TAG_RESIZES => {
                self.has_own_tags.resizes = true;
                self.history = ResizeHistory::parse(value).map_err(|word| {
                    format!("a resize history ({word:?} is not a valid entry; delete the tag to reset the history)")
                })?;
            }
            TAG_BUDGET => {
                let fault = |not: NotUsd| TagFault {
                    key: key.to_owned(),
                    value: value.to_owned(),
                    expected: not.to_string().trim_start_matches("not ").to_owned(),
                };
                self.budget = Some(value.parse().map_err(fault));
            }
            // Nothing depends on it but whether a message is sent twice: what cannot be read is forgotten.
            TAG_NOTICES => {
                self.has_own_tags.notices = true;
                self.notices = NoticeMemory::parse(value);
            }
            _ => {
                let setting = Setting::of_tag(key).ok_or_else(|| {
                    let known: Vec<_> = known_tags().filter_map(|tag| tag.strip_prefix(TAG_PREFIX)).collect();
                    format!("one of the scaler's tags: {} (correct the key, or remove the tag)", known.join(", "))
                })?;
                self.overrides.set(setting, value)?;
            }
        }
        Ok(())
    }
}

/// Every tag of ours.
fn known_tags() -> impl Iterator<Item = &'static str> {
    OTHER_TAGS.into_iter().chain(SETTINGS.iter().filter_map(|setting| setting.tag))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::settings::{TAG_DRY_RUN, TAG_SHARDS_MAX, TAG_SHARDS_MIN, values};

    #[test]
    fn only_the_exact_word_enrols() {
        assert!(StreamTags::read(&[(TAG_MANAGED, "true")]).managed);
        for other in ["false", "True", "yes", "1", ""] {
            assert!(!StreamTags::read(&[(TAG_MANAGED, other)]).managed, "{other:?}");
        }
        assert!(!StreamTags::read(&[("team", "orders")]).managed);
    }

    #[test]
    fn a_stream_has_its_own_bounds_and_can_only_add_caution() {
        let read = StreamTags::read(&[
            (TAG_SHARDS_MIN, "2"),
            ("kinesis-scaler/target-utilization", "60"),
            (TAG_DRY_RUN, "false"),
        ]);
        let stack = Policy::new(PolicySpec { dry_run: true, ..PolicySpec::default() }).unwrap();
        let policy = read.policy(&stack).unwrap();
        assert_eq!((policy.shards_min, policy.shards_max, policy.target_utilization_percent), (2, 100, 60));
        assert!(policy.dry_run, "a tag cannot switch off the stack's dry run");
    }

    #[test]
    fn every_setting_with_a_tag_arrives_over_the_stack_s() {
        let stack = Policy::new(PolicySpec { shards_max: 10_000, ..PolicySpec::default() }).unwrap();
        for (setting, tag) in SETTINGS.iter().filter_map(|setting| Some((setting, setting.tag?))) {
            for value in values(setting) {
                let read = StreamTags::read(&[(tag, &value)]);
                assert_eq!(setting.value(&read.policy(&stack).unwrap()), value, "{tag}");
                assert!(read.overrides.has(tag) && read.faults.is_empty(), "{tag}: {:?}", read.faults);
            }
            let told = StreamTags::read(&[(tag, "?")]).faults[0].to_string();
            assert_eq!(told, format!("tag {tag}=\"?\" is not {}", setting.expected()));
        }
    }

    #[test]
    fn every_tag_that_is_known_is_named_to_whoever_misspells_one() {
        let told = StreamTags::read(&[("kinesis-scaler/shards-metrics", "true")]).faults[0].to_string();
        for key in known_tags() {
            let name = key.strip_prefix(TAG_PREFIX).unwrap();
            assert!(told.contains(&format!(" {name}")), "{name}: {told}");
            let read = StreamTags::read(&[(key, "?")]);
            let unknown = read.faults.into_iter().find(|fault| fault.expected.contains("a tag we know"));
            assert_eq!(unknown, None, "{key} is in the list and not read");
        }
    }

    #[test]
    fn a_stream_says_for_which_of_our_tags_it_has_no_room() {
        for (others, ours, missing) in [
            (47, vec![TAG_MANAGED], vec![]),
            (48, vec![TAG_MANAGED], vec![TAG_NOTICES]),
            (49, vec![TAG_MANAGED], vec![TAG_RESIZES, TAG_NOTICES]),
            (48, vec![TAG_MANAGED, TAG_RESIZES], vec![TAG_NOTICES]),
            (48, vec![TAG_MANAGED, TAG_NOTICES], vec![TAG_RESIZES]),
            (47, vec![TAG_MANAGED, TAG_RESIZES, TAG_NOTICES], vec![]),
        ] {
            let others: Vec<_> = (0..others).map(|tag| (format!("cost-{tag}"), "x")).collect();
            let tags =
                others.iter().map(|(key, value)| (key.as_str(), *value)).chain(ours.iter().map(|key| (*key, "")));
            let tags: Vec<_> = tags.chain([("aws:cloudformation:stack-name", "s")]).collect();
            let read = StreamTags::read(&tags);
            assert_eq!(read.no_room_for(), missing, "{} tags of others, and {ours:?}", others.len());
            assert_eq!(read.lacks_room(), missing.contains(&TAG_RESIZES));
        }
    }

    #[test]
    fn a_budget_never_stands_in_the_way_of_scaling() {
        let read = |value| StreamTags::read(&[(TAG_MANAGED, "true"), (TAG_BUDGET, value)]);
        assert_eq!(read("120.50").budget, Some(Ok(MicroUsd(120_500_000))));
        let bad = read("120 USD");
        assert!(bad.faults.is_empty());
        assert_eq!(
            bad.budget.unwrap().unwrap_err().to_string(),
            "tag kinesis-scaler/budget-usd-month=\"120 USD\" is not an amount in USD, for example 120 or 0.015, \
             with at most six decimals"
        );
    }

    #[test]
    fn every_bad_tag_is_named_with_what_was_expected() {
        let read = StreamTags::read(&[
            (TAG_SHARDS_MAX, "lots"),
            (TAG_DRY_RUN, "maybe"),
            (TAG_RESIZES, "o1=4 nonsense"),
            ("kinesis-scaler/shard-min", "2"),
        ]);
        let told: Vec<_> = read.faults.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 4);
        assert_eq!(told[0], "tag kinesis-scaler/dry-run=\"maybe\" is not true or false, in lower case");
        assert!(told[1].contains("\"nonsense\" is not a valid entry"), "{}", told[1]);
        assert!(
            told[2].starts_with("tag kinesis-scaler/shard-min=\"2\" is not one of the scaler's tags"),
            "{}",
            told[2]
        );
        assert_eq!(told[3], "tag kinesis-scaler/shards-max=\"lots\" is not a whole number from 1 to 10000");
    }
}
