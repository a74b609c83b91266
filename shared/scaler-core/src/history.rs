//! The stream's own memory of its resizes, kept in the value of one tag.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::direction::Direction;
use crate::limits::{RESIZES_WINDOW_HOURS, TAG_VALUE_CHARS_MAX};
use crate::units::ShardCount;

/// Splits that nothing asked for again in this time are not gone on with.
const UNFINISHED_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// What an attempt was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptKind {
    /// A call for more shards, accepted or with its answer lost.
    ScaleOut,
    /// A call for fewer shards, accepted or with its answer lost.
    ScaleIn,
    /// A call that AWS certainly refused: it starts a cooldown, and spends nothing of the daily budget.
    Refused,
    /// A resize by somebody else, at the time at which it was found: it spends the daily budget, and scale-in cools down
    /// from it. It does not keep scale-out waiting, nor say when the stream became what it is.
    Foreign,
    /// Splits or merges, one after the other, which lead from the one count to the other: they spend nothing of the daily budget,
    /// and scale-out does not wait after them.
    Stepwise,
}

impl AttemptKind {
    /// One letter, since the whole history must fit a tag's value.
    const fn letter(self) -> char {
        match self {
            Self::ScaleOut => 'o',
            Self::ScaleIn => 'i',
            Self::Refused => 'x',
            Self::Foreign => 'f',
            Self::Stepwise => 's',
        }
    }
}

/// One `UpdateShardCount` call, or the splits or merges of one plan, written down before it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When, to the second.
    pub at: Timestamp,
    /// What it was.
    pub kind: AttemptKind,
    /// Open shards before it.
    pub from: ShardCount,
    /// Open shards that it was to lead to; `None` in entries of older releases.
    pub to: Option<ShardCount>,
}

/// The attempts of the last 24 hours, oldest first.
///
/// Written as `o1767322445=4-8 i1767326045=8-6`: a letter (`o` out, `i` in, `s` step by step, `x` refused by AWS, `f` by somebody
/// else), epoch seconds, and the open shards before and after it. That uses only characters that tag values allow, and ten of the longest fit one value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResizeHistory(Vec<Attempt>);

impl ResizeHistory {
    /// Reads the tag's value; empty means no resize yet.
    ///
    /// # Errors
    /// The first word that is not an attempt.
    pub fn parse(value: &str) -> Result<Self, String> {
        let mut attempts = value.split_whitespace().map(parse_attempt).collect::<Result<Vec<_>, _>>()?;
        attempts.sort_by_key(|attempt| attempt.at);
        Ok(Self(attempts))
    }

    /// What is written down, oldest first.
    pub fn attempts(&self) -> &[Attempt] {
        &self.0
    }

    /// Attempts that spend the daily budget: those after `now` - 24 h (exclusive), so that a call made exactly 24 hours
    /// ago is free again. A time in the future (a clock that ran ahead) counts: overcounting is safe.
    pub fn spent(&self, now: Timestamp) -> u32 {
        u32::try_from(self.recent(now).filter(|attempt| attempt.spends()).count()).unwrap_or(u32::MAX)
    }

    /// The last attempt that a cooldown in this direction counts from, refused ones included: for scale-in any, for
    /// scale-out any call of ours for a count.
    pub fn last_before_cooldown(&self, direction: Direction) -> Option<Attempt> {
        let counts = |attempt: &&Attempt| match attempt.kind {
            AttemptKind::ScaleOut | AttemptKind::ScaleIn | AttemptKind::Refused => true,
            AttemptKind::Foreign | AttemptKind::Stepwise => direction == Direction::In,
        };
        self.0.iter().rev().find(counts).copied()
    }

    /// The last call of ours that AWS did not refuse: what was measured before it, was measured on another stream.
    pub fn last_resize(&self) -> Option<Attempt> {
        let is_ours = |attempt: &&Attempt| match attempt.kind {
            AttemptKind::ScaleOut | AttemptKind::ScaleIn | AttemptKind::Stepwise => true,
            AttemptKind::Refused | AttemptKind::Foreign => false,
        };
        self.0.iter().rev().find(is_ours).copied()
    }

    /// The splits that are not done yet, if the last thing that was done to a stream of so many shards was one of several: from
    /// which count, to which.
    pub(crate) fn unfinished_splits(&self, current: ShardCount, now: Timestamp) -> Option<(ShardCount, ShardCount)> {
        let last = self.last_resize().filter(|last| last.kind == AttemptKind::Stepwise)?;
        let to = last.to.filter(|to| last.from <= current && current < *to && to.get() - last.from.get() > 1)?;
        (now.duration_since(last.at) < UNFINISHED_AFTER).then_some((last.from, to))
    }

    /// The resize by somebody else that must have been, if a stream that is not being resized has `actual` shards: another
    /// count than the last resize of the day led to, or, where there was none, than its alarms were made for.
    pub fn unexplained(&self, alarms_fit: Option<ShardCount>, actual: ShardCount, now: Timestamp) -> Option<Attempt> {
        let last = self.recent(now).filter(|past| past.kind != AttemptKind::Refused).last();
        let expected = match last {
            Some(last) if last.kind == AttemptKind::Stepwise => {
                // Splits and merges leave any count on the way; each refits the alarms, which tell more of it afterwards.
                let is_under_way = now.duration_since(last.at) < UNFINISHED_AFTER || alarms_fit.is_none();
                if is_under_way && last.passes(actual) {
                    return None;
                }
                alarms_fit.or(last.to)
            }
            Some(last) => last.to,
            None => alarms_fit,
        };
        let from = expected.filter(|expected| *expected != actual)?;
        Some(Attempt { at: now, kind: AttemptKind::Foreign, from, to: Some(actual) })
    }

    /// When the next of the day's resizes is free again, if any is spent.
    pub fn next_free(&self, now: Timestamp) -> Option<Timestamp> {
        self.free_again(now).first().copied()
    }

    /// When each of the day's spent resizes is free again, the next one first.
    pub fn free_again(&self, now: Timestamp) -> Vec<Timestamp> {
        let spent = self.recent(now).filter(|attempt| attempt.spends());
        spent
            .filter_map(|attempt| attempt.at.checked_add(SignedDuration::from_hours(RESIZES_WINDOW_HOURS)).ok())
            .collect()
    }

    /// The most open shards that the stream had before any attempt of the last 24 hours.
    pub fn peak(&self, now: Timestamp) -> Option<ShardCount> {
        self.recent(now).map(|attempt| attempt.from).max()
    }

    /// This history with one more attempt; what no longer matters is dropped.
    #[must_use]
    pub fn with(&self, attempt: Attempt) -> Self {
        let now = attempt.at;
        // Of the refused ones only the last matters, and only for the cooldown, until we try again.
        // ... and of splits and merges only the last plan's.
        let is_kept = |past: &&Attempt| match past.kind {
            AttemptKind::Refused => attempt.kind == AttemptKind::Foreign,
            AttemptKind::Stepwise => attempt.kind != AttemptKind::Stepwise,
            AttemptKind::ScaleOut | AttemptKind::ScaleIn | AttemptKind::Foreign => true,
        };
        let mut attempts: Vec<_> = self.recent(now).filter(is_kept).copied().collect();
        attempts.push(attempt);
        attempts.sort_by_key(|attempt| attempt.at);
        Self(attempts)
    }

    fn recent(&self, now: Timestamp) -> impl Iterator<Item = &Attempt> {
        let window = SignedDuration::from_hours(RESIZES_WINDOW_HOURS);
        self.0.iter().filter(move |attempt| now.duration_since(attempt.at) < window)
    }
}

impl fmt::Display for ResizeHistory {
    /// The tag's value. Where it would not fit, what spends the daily budget is kept before what does not, and newer attempts
    /// before older ones.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut attempts = self.0.clone();
        let mut value = words(&attempts);
        while value.len() > TAG_VALUE_CHARS_MAX {
            attempts.remove(attempts.iter().position(|attempt| !attempt.spends()).unwrap_or(0));
            value = words(&attempts);
        }
        f.write_str(&value)
    }
}

impl Attempt {
    /// Whether it is one of the ten calls that AWS accepts a day.
    const fn spends(&self) -> bool {
        match self.kind {
            AttemptKind::ScaleOut | AttemptKind::ScaleIn | AttemptKind::Foreign => true,
            AttemptKind::Refused | AttemptKind::Stepwise => false,
        }
    }

    /// Whether a stream has so many shards at some time between its begin and its end.
    fn passes(&self, shards: ShardCount) -> bool {
        let to = self.to.unwrap_or(self.from);
        (self.from.min(to)..=self.from.max(to)).contains(&shards)
    }
}

fn words(attempts: &[Attempt]) -> String {
    let word = |a: &Attempt| {
        let to = a.to.map_or_else(String::new, |to| format!("-{to}"));
        format!("{}{}={}{to}", a.kind.letter(), a.at.as_second(), a.from)
    };
    attempts.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn parse_attempt(word: &str) -> Result<Attempt, String> {
    let fault = || word.to_owned();
    let mut chars = word.chars();
    let kind = match chars.next() {
        Some('o') => AttemptKind::ScaleOut,
        Some('i') => AttemptKind::ScaleIn,
        Some('x') => AttemptKind::Refused,
        Some('f') => AttemptKind::Foreign,
        Some('s') => AttemptKind::Stepwise,
        _ => return Err(fault()),
    };
    let (seconds, counts) = chars.as_str().split_once('=').ok_or_else(fault)?;
    let (from, to) = counts.split_once('-').map_or((counts, None), |(from, to)| (from, Some(to)));
    let count = |text: &str| text.parse().ok().and_then(ShardCount::new).ok_or_else(fault);
    let at = seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or_else(fault)?;
    Ok(Attempt { at, kind, from: count(from)?, to: to.map(count).transpose()? })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_history_reads_back_what_it_wrote() {
        let written = "o1767322445=4 i1767326045=8-6 f1767327000=6-9 x1767330000=10000-9000";
        assert_eq!(ResizeHistory::parse(written).unwrap().to_string(), written);
        assert_eq!(ResizeHistory::parse("").unwrap(), ResizeHistory::default());
    }

    #[test]
    fn what_is_not_a_history_is_named() {
        for bad in [
            "1767322445=4",
            "o",
            "oops",
            "o99999999999999999=4",
            "q1767322445=4",
            "o1767322445",
            "o1767322445=0",
            "o1767322445=4-",
            "o1767322445=4-0",
        ] {
            assert_eq!(ResizeHistory::parse(&format!("o1767322445=4 {bad}")).unwrap_err(), bad);
        }
    }

    #[test]
    fn a_call_is_free_again_after_exactly_a_day_and_a_refused_one_at_once() {
        let history = ResizeHistory::parse("o1000=4 i2000=8 x3000=6").unwrap();
        assert_eq!(history.next_free(at(3_000)), Some(at(1_000 + 86_400)));
        assert_eq!(history.spent(at(3_000)), 2);
        assert_eq!(history.spent(at(1_000 + 86_399)), 2);
        assert_eq!(history.spent(at(1_000 + 86_400)), 1);
        assert_eq!(history.peak(at(3_000)).unwrap().get(), 8);
    }

    #[test]
    fn a_refused_attempt_still_starts_the_cooldown_and_only_the_last_is_kept() {
        let history = ResizeHistory::parse("o1000=4 x2000=5").unwrap();
        assert_eq!(history.last_before_cooldown(Direction::Out).unwrap().at, at(2_000));
        assert_eq!(history.last_resize().unwrap().at, at(1_000));
        let attempt = |kind| Attempt { at: at(3_000), kind, from: ShardCount::ONE, to: ShardCount::new(2) };
        let next = history.with(attempt(AttemptKind::ScaleOut));
        assert_eq!(next.to_string(), "o1000=4 o3000=1-2");
        let refused = history.with(attempt(AttemptKind::Refused));
        assert_eq!(refused.to_string(), "o1000=4 x3000=1-2");
        let foreign = history.with(attempt(AttemptKind::Foreign));
        assert_eq!(foreign.to_string(), "o1000=4 x2000=5 f3000=1-2", "ours is not tried again by that");
    }

    #[test]
    fn a_resize_by_somebody_else_is_told_from_ours() {
        let shards = |count| ShardCount::new(count).unwrap();
        let history = ResizeHistory::parse("o1000=4-8 i2000=8-6").unwrap();
        for alarms_fit in [None, Some(shards(4)), Some(shards(6))] {
            assert_eq!(
                history.unexplained(alarms_fit, shards(6), at(3_000)),
                None,
                "whatever the alarms were made for"
            );
            let foreign = history.unexplained(alarms_fit, shards(9), at(3_000)).unwrap();
            assert_eq!(history.with(foreign).to_string(), "o1000=4-8 i2000=8-6 f3000=6-9");
        }
        // To a count that it had before, and again: each is one more.
        let back = history.with(history.unexplained(None, shards(8), at(3_000)).unwrap());
        let again = back.with(back.unexplained(None, shards(6), at(4_000)).unwrap());
        assert_eq!(again.to_string(), "o1000=4-8 i2000=8-6 f3000=6-8 f4000=8-6");
        assert_eq!((again.spent(at(4_000)), again.last_resize().unwrap().at), (4, at(2_000)));
        assert_eq!(again.last_before_cooldown(Direction::In).unwrap().at, at(4_000));
        assert_eq!(again.last_before_cooldown(Direction::Out).unwrap().at, at(2_000), "scale-out does not wait for it");
        // Of a day without a resize only the alarms tell.
        let none = ResizeHistory::default();
        assert_eq!(none.unexplained(Some(shards(4)), shards(3), at(3_000)).unwrap().from, shards(4));
        assert_eq!(none.unexplained(None, shards(3), at(3_000)), None);
        assert_eq!(history.unexplained(Some(shards(4)), shards(3), at(2_000 + 86_400)).unwrap().from, shards(4));
    }

    #[test]
    fn splits_spend_nothing_and_only_the_last_plan_is_kept() {
        let shards = |count| ShardCount::new(count).unwrap();
        let history = ResizeHistory::parse("o1000=4-8 s2000=8-12").unwrap();
        assert_eq!((history.spent(at(3_000)), history.free_again(at(3_000)).len()), (1, 1));
        assert_eq!(history.last_before_cooldown(Direction::Out).unwrap().at, at(1_000), "scale-out goes on");
        assert_eq!(history.last_before_cooldown(Direction::In).unwrap().at, at(2_000));
        for on_the_way in [8, 9, 12] {
            assert_eq!(history.unexplained(None, shards(on_the_way), at(3_000)), None);
        }
        assert_eq!(history.unexplained(None, shards(13), at(3_000)).unwrap().from, shards(12));
        assert_eq!(history.unfinished_splits(shards(9), at(3_000)), Some((shards(8), shards(12))));
        for (current, now) in [(12, 3_000), (7, 3_000), (9, 2_000 + 3_600)] {
            assert_eq!(history.unfinished_splits(shards(current), at(now)), None, "{current} at {now}");
        }
        // Later only the alarms tell, which each split refits.
        let later = at(2_000 + 3_600);
        assert_eq!(history.unexplained(Some(shards(9)), shards(9), later), None);
        assert_eq!(
            history.unexplained(Some(shards(9)), shards(11), later).unwrap().from,
            shards(9),
            "a hand was there"
        );
        assert_eq!(history.unexplained(None, shards(11), later), None);
        let next = |kind, to| Attempt { at: at(3_000), kind, from: shards(8), to: ShardCount::new(to) };
        let refused = history.with(next(AttemptKind::Refused, 13));
        assert_eq!(refused.to_string(), "o1000=4-8 s2000=8-12 x3000=8-13", "what was done before stays");
        assert_eq!(history.with(next(AttemptKind::Stepwise, 12)).to_string(), "o1000=4-8 s3000=8-12");
        let resized = history.with(next(AttemptKind::ScaleOut, 16));
        assert_eq!(resized.to_string(), "o1000=4-8 s2000=8-12 o3000=8-16");
        assert_eq!(resized.unfinished_splits(shards(9), at(3_000)), None, "a count was asked for since");
        assert_eq!(
            ResizeHistory::parse("s2000=4-5").unwrap().unfinished_splits(shards(4), at(2_060)),
            None,
            "one alone"
        );
    }

    #[test]
    fn what_spends_the_budget_is_kept_before_what_does_not() {
        let mut words: Vec<_> = (0..10).map(|i| format!("o{}=9999-9998", 1_767_322_445 + i)).collect();
        words.insert(3, "s1767322448=9998-10000".to_owned());
        words.push("x1767322500=9999-9998".to_owned());
        let value = ResizeHistory::parse(&words.join(" ")).unwrap().to_string();
        assert!(value.len() <= TAG_VALUE_CHARS_MAX, "{}", value.len());
        assert_eq!(ResizeHistory::parse(&value).unwrap().spent(at(1_767_322_600)), 10, "{value}");
    }

    #[test]
    fn even_a_tampered_history_fits_a_tag() {
        let long = vec!["o1767322445=4"; 40].join(" ");
        let value = ResizeHistory::parse(&long).unwrap().to_string();
        assert!(value.len() <= TAG_VALUE_CHARS_MAX);
        assert_eq!(ResizeHistory::parse(&value).unwrap().to_string(), value);
    }
}
