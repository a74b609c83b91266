// SPDX-License-Identifier: Apache-2.0
//! The stream's own memory of its resizes, kept in the value of one tag.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::direction::Direction;
use kinesis_model::ShardCount;
use kinesis_model::limits::{RESIZES_PER_DAY, RESIZES_WINDOW_HOURS, TAG_VALUE_CHARS_MAX};

/// Splits that nothing asked for again in this time are not gone on with.
const UNFINISHED_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// AWS dates a call when it takes it; the ledger dates it just before it is sent. So an entry counts a little longer than AWS's day.
/// The call is given up after seconds, and clocks differ by seconds.
const DATED_EARLY_MAX: SignedDuration = SignedDuration::from_mins(2);
/// What a stream looks like so soon after a call says nothing of the call: it may be on its way still, or not be shown yet.
/// AWS gives no figure; our own calls are given up after less.
const SHOWN_AFTER: SignedDuration = SignedDuration::from_secs(30);
/// For so long AWS is believed that the day's calls are spent. It does not say until when.
pub(crate) const DAILY_LIMIT_BELIEVED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// What an attempt was, and what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptKind {
    /// A call for more or fewer shards of which no answer is known: AWS may have accepted it or not. It explains the count
    /// before it and the one it asked for. It spends the daily budget until the next look at the stream settles it.
    Unanswered(Direction),
    /// A call without an answer, after which the stream was seen to be what it was before. It spends nothing; a cooldown counts from
    /// it.
    NotMade,
    /// A call for more shards that AWS accepted.
    ScaleOut,
    /// A call for fewer shards that AWS accepted.
    ScaleIn,
    /// A call that AWS certainly refused: it starts a cooldown, and spends nothing of the daily budget.
    Refused,
    /// A resize by somebody else, at the time at which it was found: it spends the daily budget, and scale-in cools down
    /// from it. It does not keep scale-out waiting, nor say when the stream became what it is. Without a count it is one
    /// that was under way: the next look tells what it led to.
    External,
    /// Splits or merges, one after the other, which lead from the one count to the other: they spend nothing of the daily budget,
    /// and scale-out does not wait after them.
    SplitOrMerge,
    /// AWS said that the day's calls are spent. It is believed for an hour.
    DailyLimitReached,
}

impl AttemptKind {
    /// One letter, since the whole history must fit a tag's value.
    const fn letter(self) -> char {
        match self {
            Self::Unanswered(Direction::Out) => 'O',
            Self::Unanswered(Direction::In) => 'I',
            Self::NotMade => 'n',
            Self::ScaleOut => 'o',
            Self::ScaleIn => 'i',
            Self::Refused => 'x',
            Self::External => 'f',
            Self::SplitOrMerge => 's',
            Self::DailyLimitReached => 'l',
        }
    }

    /// Every kind.
    const ALL: [Self; 9] = [
        Self::Unanswered(Direction::Out),
        Self::Unanswered(Direction::In),
        Self::NotMade,
        Self::ScaleOut,
        Self::ScaleIn,
        Self::Refused,
        Self::External,
        Self::SplitOrMerge,
        Self::DailyLimitReached,
    ];

    /// The kind of this letter.
    fn of_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.letter() == letter)
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
    /// Open shards that it was to lead to; `None` where that is not known: in entries of older releases, and of resizes by
    /// somebody else that were under way.
    pub to: Option<ShardCount>,
}

/// The attempts of the last 24 hours, oldest first.
///
/// Written as `o1767322445=4-8 I1767326045=8-6`: a letter, epoch seconds, and the open shards before and after it. The letters:
/// `o` scale-out and `i` scale-in that AWS accepted, `O` and `I` the same without an answer, `n` not made, `x` refused by AWS, `f`
/// by somebody else, `s` step by step, `l` AWS said that the day's calls are spent. That uses only characters that tag values allow, and
/// ten of the longest fit one value.
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

    /// How much of the daily budget is spent: the attempts that count, and all of it while AWS is believed to have said so.
    ///
    /// An attempt counts for 24 hours and two minutes: AWS dates a call later than the entry, and overcounting is safe. A time
    /// in the future (a clock that ran ahead) counts.
    pub fn spent(&self, now: Timestamp) -> u32 {
        if self.daily_limit_reached(now).is_some() {
            return RESIZES_PER_DAY.max(self.counted(now));
        }
        self.counted(now)
    }

    fn counted(&self, now: Timestamp) -> u32 {
        u32::try_from(self.spending(now).count()).unwrap_or(u32::MAX)
    }

    /// When AWS said last that the day's calls are spent, while it is believed.
    pub fn daily_limit_reached(&self, now: Timestamp) -> Option<Timestamp> {
        let said = self.0.iter().rev().find(|attempt| attempt.kind == AttemptKind::DailyLimitReached)?.at;
        (now.duration_since(said) < DAILY_LIMIT_BELIEVED_FOR).then_some(said)
    }

    /// The last attempt that a cooldown in this direction counts from, refused ones included: for scale-in any, for
    /// scale-out any call of ours for a count.
    pub fn last_before_cooldown(&self, direction: Direction) -> Option<Attempt> {
        let counts = |attempt: &&Attempt| match attempt.kind {
            AttemptKind::Unanswered(_)
            | AttemptKind::NotMade
            | AttemptKind::ScaleOut
            | AttemptKind::ScaleIn
            | AttemptKind::Refused => true,
            AttemptKind::External | AttemptKind::SplitOrMerge => direction == Direction::In,
            AttemptKind::DailyLimitReached => false,
        };
        self.0.iter().rev().find(counts).copied()
    }

    /// The last call of ours that AWS did not refuse: what was measured before it, was measured on another stream.
    pub fn last_resize(&self) -> Option<Attempt> {
        let is_ours = |attempt: &&Attempt| match attempt.kind {
            AttemptKind::Unanswered(_) | AttemptKind::ScaleOut | AttemptKind::ScaleIn | AttemptKind::SplitOrMerge => {
                true
            }
            AttemptKind::NotMade | AttemptKind::Refused | AttemptKind::External | AttemptKind::DailyLimitReached => {
                false
            }
        };
        self.0.iter().rev().find(is_ours).copied()
    }

    /// The splits that are not done yet, if the last thing that was done to a stream of so many shards was one of several: from
    /// which count, to which.
    pub(crate) fn unfinished_splits(&self, current: ShardCount, now: Timestamp) -> Option<(ShardCount, ShardCount)> {
        let last = self.last_resize().filter(|last| last.kind == AttemptKind::SplitOrMerge)?;
        let to = last.to.filter(|to| last.from <= current && current < *to && to.get() - last.from.get() > 1)?;
        (now.duration_since(last.at) < UNFINISHED_AFTER).then_some((last.from, to))
    }

    /// The open shards that a stream had at a time of the last 24 hours, as far as this tells, which is written at each attempt:
    /// those to which the last accepted one led, and before the first of all those that it began with. Of splits and merges the end
    /// is taken.
    pub fn count_at(&self, at: Timestamp, now: Timestamp) -> Option<ShardCount> {
        if now.duration_since(at) > SignedDuration::from_hours(RESIZES_WINDOW_HOURS) {
            return None;
        }
        let led_to = |attempt: &Attempt| match attempt.kind {
            AttemptKind::ScaleOut | AttemptKind::ScaleIn | AttemptKind::External | AttemptKind::SplitOrMerge => {
                attempt.to
            }
            // Perhaps not made; what was seen later tells.
            AttemptKind::Unanswered(_) => None,
            AttemptKind::NotMade | AttemptKind::Refused | AttemptKind::DailyLimitReached => Some(attempt.from),
        };
        let after = self.0.iter().find(|attempt| attempt.at > at).map(|attempt| attempt.from);
        let before = self.0.iter().rfind(|attempt| attempt.at <= at);
        before.map_or(after, |before| led_to(before).or(after))
    }

    /// What is known once a stream that is not being resized was seen to have `actual` shards: a call without an answer that
    /// led to this count was accepted; a count that no attempt explains is a resize by somebody else. Where no attempt of the
    /// day says what the count should be, `alarm_shard_count` does, for which its alarms were made.
    #[must_use]
    pub fn settled_with(&self, alarm_shard_count: Option<ShardCount>, actual: ShardCount, now: Timestamp) -> Self {
        let mut seen = self.clone();
        seen.settle_under_way(actual, now);
        let last = seen.0.iter().rfind(|attempt| is_recent(attempt, now) && attempt.explains()).copied();
        let expected = match last {
            None => alarm_shard_count,
            // Under way as far as is known.
            Some(Attempt { kind: AttemptKind::External, to: None, .. }) => return seen,
            Some(last) if !last.is_shown(now) && actual == last.from => return seen,
            Some(Attempt { kind: AttemptKind::Unanswered(_), from, .. }) => {
                if seen.settle_unanswered(actual, from, now) {
                    return seen;
                }
                Some(from)
            }
            Some(last) if last.kind == AttemptKind::SplitOrMerge => {
                // Splits and merges leave any count on the way; each refits the alarms, which tell more of it afterwards.
                let is_under_way = now.duration_since(last.at) < UNFINISHED_AFTER || alarm_shard_count.is_none();
                if is_under_way && last.passes(actual) {
                    return seen;
                }
                alarm_shard_count.or(last.to)
            }
            Some(last) => last.to,
        };
        match expected.filter(|expected| *expected != actual) {
            None => seen,
            Some(from) => seen.with(Attempt { at: now, kind: AttemptKind::External, from, to: Some(actual) }),
        }
    }

    /// Settles the resizes by others that were under way when a call of ours was refused. The next count that was seen tells: one of
    /// our own next attempt, or `actual`. Where it is the same as before, or one that our own splits lead through, nobody resized.
    fn settle_under_way(&mut self, actual: ShardCount, now: Timestamp) {
        let mut settled = Vec::with_capacity(self.0.len());
        for (at, attempt) in self.0.iter().enumerate() {
            let is_under_way = attempt.kind == AttemptKind::External && attempt.to.is_none();
            if !is_under_way || !attempt.is_shown(now) {
                settled.push(*attempt);
                continue;
            }
            let begins_at_what_is_seen = |next: &&Attempt| {
                !matches!(next.kind, AttemptKind::External | AttemptKind::SplitOrMerge | AttemptKind::DailyLimitReached)
            };
            let count = self.0[at + 1..].iter().find(begins_at_what_is_seen).map_or(actual, |next| next.from);
            let before = settled.iter().rfind(|past: &&Attempt| past.explains());
            let is_ours = before.is_some_and(|past| past.kind == AttemptKind::SplitOrMerge && past.passes(count));
            if count != attempt.from && !is_ours {
                settled.push(Attempt { to: Some(count), ..*attempt });
            }
        }
        self.0 = settled;
    }

    /// Settles the calls without an answer at the end of the history, which asked a stream of `from` shards: of those that asked for
    /// `actual` the newest was accepted, and the others were not made. Where none explains `actual`, nothing is known of them.
    /// Whether anything was settled.
    fn settle_unanswered(&mut self, actual: ShardCount, from: ShardCount, now: Timestamp) -> bool {
        let is_asked = |attempt: &Attempt| matches!(attempt.kind, AttemptKind::Unanswered(_)) && attempt.from == from;
        let first = self.0.iter().rposition(|past| past.explains() && !is_asked(past)).map_or(0, |other| other + 1);
        let asked = || (first..self.0.len()).filter(|at| is_asked(&self.0[*at]));
        let accepted = asked().rfind(|at| self.0[*at].to == Some(actual));
        let settled: Vec<_> =
            asked().filter(|at| accepted.is_some() || (actual == from && self.0[*at].is_shown(now))).collect();
        for at in &settled {
            let attempt = &mut self.0[*at];
            *attempt = if accepted == Some(*at) { attempt.accepted() } else { attempt.not_made() };
        }
        self.keep_newest_not_made();
        !settled.is_empty()
    }

    /// Of the calls that were not made only the newest matters, and only for the cooldown.
    fn keep_newest_not_made(&mut self) {
        let newest = self.0.iter().rposition(|attempt| attempt.kind == AttemptKind::NotMade);
        let mut at = 0;
        self.0.retain(|attempt| {
            at += 1;
            attempt.kind != AttemptKind::NotMade || newest == Some(at - 1)
        });
    }

    /// When the next of the day's resizes is free again, if any is spent.
    pub fn next_free(&self, now: Timestamp) -> Option<Timestamp> {
        self.free_again(now).first().copied()
    }

    /// When each of the day's spent resizes is free again, the next one first. Those of which only AWS knows are taken to be
    /// free when AWS is no longer believed, and asked again.
    pub fn free_again(&self, now: Timestamp) -> Vec<Timestamp> {
        let mut free: Vec<_> =
            self.spending(now).filter_map(|attempt| attempt.at.checked_add(counts_for()).ok()).collect();
        if let Some(asked_again) =
            self.daily_limit_reached(now).and_then(|said| said.checked_add(DAILY_LIMIT_BELIEVED_FOR).ok())
        {
            for free in &mut free {
                *free = asked_again.max(*free);
            }
            free.resize(free.len().max(RESIZES_PER_DAY as usize), asked_again);
            free.sort();
        }
        free
    }

    /// The most open shards that the stream had before any attempt of the last 24 hours.
    pub fn peak(&self, now: Timestamp) -> Option<ShardCount> {
        self.recent(now).map(|attempt| attempt.from).max()
    }

    /// This history with one more attempt; what no longer matters is dropped.
    #[must_use]
    pub fn with(&self, attempt: Attempt) -> Self {
        let now = attempt.at;
        let is_found = attempt.kind == AttemptKind::External;
        // Of the refused ones only the last matters, and only for the cooldown, until we try again; of splits and merges only the
        // last plan's; of AWS's word only the last.
        let is_kept = |past: &&Attempt| match past.kind {
            AttemptKind::Refused => is_found,
            AttemptKind::SplitOrMerge => attempt.kind != AttemptKind::SplitOrMerge,
            AttemptKind::DailyLimitReached => attempt.kind != AttemptKind::DailyLimitReached,
            AttemptKind::Unanswered(_)
            | AttemptKind::NotMade
            | AttemptKind::ScaleOut
            | AttemptKind::ScaleIn
            | AttemptKind::External => true,
        };
        let mut attempts: Vec<_> = self.recent(now).filter(is_kept).copied().collect();
        attempts.push(attempt);
        attempts.sort_by_key(|attempt| attempt.at);
        Self(attempts)
    }

    fn recent(&self, now: Timestamp) -> impl Iterator<Item = &Attempt> {
        self.0.iter().filter(move |attempt| is_recent(attempt, now))
    }

    /// The attempts that AWS counts, or may count.
    fn spending(&self, now: Timestamp) -> impl Iterator<Item = &Attempt> {
        self.recent(now).filter(|attempt| attempt.spends())
    }
}

/// How long an attempt counts.
fn counts_for() -> SignedDuration {
    SignedDuration::from_hours(RESIZES_WINDOW_HOURS) + DATED_EARLY_MAX
}

fn is_recent(attempt: &Attempt, now: Timestamp) -> bool {
    now.duration_since(attempt.at) < counts_for()
}

impl fmt::Display for ResizeHistory {
    /// The tag's value. Where it would not fit, what spends the daily budget is kept before what does not, what says how the stream
    /// became what it is before what only a cooldown counts from, and newer attempts before older ones.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut attempts = self.0.clone();
        let mut value = words(&attempts);
        while value.len() > TAG_VALUE_CHARS_MAX {
            let least = attempts.iter().enumerate().min_by_key(|(_, attempt)| attempt.worth()).map_or(0, |(at, _)| at);
            attempts.remove(least);
            value = words(&attempts);
        }
        f.write_str(&value)
    }
}

impl Attempt {
    /// The same, now that AWS is known to have accepted it.
    #[must_use]
    pub const fn accepted(self) -> Self {
        let kind = match self.kind {
            AttemptKind::Unanswered(Direction::Out) => AttemptKind::ScaleOut,
            AttemptKind::Unanswered(Direction::In) => AttemptKind::ScaleIn,
            kind => kind,
        };
        Self { kind, ..self }
    }

    /// The same, now that it is known not to have been made.
    const fn not_made(self) -> Self {
        Self { kind: AttemptKind::NotMade, ..self }
    }

    /// Whether the stream's count may be due to it.
    const fn explains(&self) -> bool {
        !matches!(self.kind, AttemptKind::Refused | AttemptKind::NotMade | AttemptKind::DailyLimitReached)
    }

    /// Whether it is one of the ten calls that AWS accepts a day, or may be one.
    const fn spends(&self) -> bool {
        match self.kind {
            AttemptKind::Unanswered(_) | AttemptKind::ScaleOut | AttemptKind::ScaleIn | AttemptKind::External => true,
            AttemptKind::NotMade
            | AttemptKind::Refused
            | AttemptKind::SplitOrMerge
            | AttemptKind::DailyLimitReached => false,
        }
    }

    /// What is left out last where not all fits.
    const fn worth(&self) -> u8 {
        match self.kind {
            AttemptKind::Refused | AttemptKind::NotMade => 0,
            AttemptKind::SplitOrMerge | AttemptKind::DailyLimitReached => 1,
            AttemptKind::Unanswered(_) | AttemptKind::ScaleOut | AttemptKind::ScaleIn | AttemptKind::External => 2,
        }
    }

    /// Whether the stream tells by now what came of it.
    fn is_shown(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) >= SHOWN_AFTER
    }

    /// Whether a stream may have this count from its beginning to its end.
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
    let kind = chars.next().and_then(AttemptKind::of_letter).ok_or_else(fault)?;
    let (seconds, counts) = chars.as_str().split_once('=').ok_or_else(fault)?;
    let (from, to) = counts.split_once('-').map_or((counts, None), |(from, to)| (from, Some(to)));
    let count = |text: &str| text.parse().ok().and_then(ShardCount::new).ok_or_else(fault);
    let at = seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or_else(fault)?;
    Ok(Attempt { at, kind, from: count(from)?, to: to.map(count).transpose()? })
}

#[cfg(test)]
mod tests;
