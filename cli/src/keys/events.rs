// SPDX-License-Identifier: Apache-2.0
//! Events that are made up, all of them or around users who are given, and the keys that each strategy gives them.

use kinesis_model::num::{float, whole};
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Read;

use jiff::{SignedDuration, Timestamp};
use key_spread::{HeavyHitters, LinesFault, Spread, WINDOW_RECORDS, spread_lines};
use kinesis_model::keys::{
    KeyFault, KeyStrategy, composite_key, hash_based_key, random_key, time_based_key, user_based_key,
};
use kinesis_model::{HashKeyRange, hash_key};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Zipf};

use super::measured::{Measured, OwnOrder};
use super::options::EventOptions;

/// When the first event is: the same in every run.
const START: Timestamp = Timestamp::constant(1_767_322_800, 0);
const BATCH: usize = 4_096;

/// One event.
struct Event<'a> {
    number: u64,
    user: User<'a>,
    category: u32,
    at: Timestamp,
}

/// Who wrote it.
#[derive(Clone, Copy)]
enum User<'a> {
    /// Made up; from 0, the busiest first.
    Rank(usize),
    /// Given, and all that is known of the event.
    Known(&'a str),
}

/// Gives every event the key that a strategy chooses, and counts.
///
/// # Errors
/// A key that Kinesis would not take.
pub(crate) fn measure(
    strategy: KeyStrategy,
    options: &EventOptions,
    ranges: &[HashKeyRange],
) -> Result<Measured, KeyFault> {
    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
    let users = Zipf::new(f64::from(options.users), options.skew).expect("the options allow only what Zipf's law has");
    let mut spread = Spread::over(ranges);
    let (mut by_user, mut own, mut at_a_time) = (Order::default(), Order::default(), AtATime::default());
    let (mut keys, mut who) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    for number in 0..options.records {
        // Drawn by every strategy alike, so that all are tried on the same events.
        let (user, category, chance) =
            (users.sample(&mut random), random.random_range(0..options.categories), random.random());
        let rank = rank(user);
        let event = Event { number, user: User::Rank(rank), category, at: at(number, options.rate.records_per_second) };
        keys.push(event.key(strategy, options.period, chance)?);
        who.push((rank as u64, event.kept_together(strategy, options)));
        if keys.len() == BATCH || number + 1 == options.records {
            let bytes: Vec<&[u8]> = keys.iter().map(String::as_bytes).collect();
            let mut written = who.iter();
            at_a_time.take(&bytes);
            spread.take(&bytes, |shard| {
                let (user, together) = written.next().expect("each key is of a user");
                by_user.wrote(*user, shard);
                if let Some(together) = together {
                    own.wrote(*together, shard);
                }
            });
            keys.clear();
            who.clear();
        }
    }
    let hottest_at_a_time = at_a_time.hottest();
    let own_order = OwnOrder { of: strategy.keeps_order_of(), kept: own.kept() };
    Ok(Measured { name: strategy.to_string(), spread, order_kept: by_user.kept(), own_order, hottest_at_a_time })
}

/// The hottest key of each window: over all of them a key by the time is one of many.
#[derive(Default)]
struct AtATime {
    keys: HeavyHitters,
    in_window: u64,
    windows: u32,
    shares: f64,
}

impl AtATime {
    fn take(&mut self, keys: &[&[u8]]) {
        for key in keys {
            let text = str::from_utf8(key).expect("keys were texts");
            self.keys.add(key, hash_key(text), 1);
        }
        self.in_window += keys.len() as u64;
        if self.in_window >= WINDOW_RECORDS {
            self.end();
        }
    }

    fn end(&mut self) {
        let most = self.keys.heaviest(1).first().map_or(0, |heavy| heavy.at_least);
        self.shares += float(most) / float(self.in_window.max(1));
        self.windows += 1;
        (self.keys, self.in_window) = (HeavyHitters::default(), 0);
    }

    /// Its share of a window, on average; `None` for too few records.
    fn hottest(&self) -> Option<f64> {
        (self.windows > 0).then(|| self.shares / f64::from(self.windows))
    }
}

/// Gives each line, which is the user of an event or has it where `user_of` finds it, the key that a strategy chooses.
/// Category and chance are drawn anew from the number of the line, so that it does not matter which core has it.
///
/// # Errors
/// Those of [`spread_lines`].
pub(crate) fn measure_users<F>(
    strategy: KeyStrategy,
    options: &EventOptions,
    ranges: &[HashKeyRange],
    lines: impl Read,
    user_of: F,
) -> Result<Spread, LinesFault>
where
    F: for<'a> Fn(&'a str) -> Result<Cow<'a, str>, key_spread::LineFault> + Sync,
{
    let seeded = ChaCha8Rng::seed_from_u64(options.seed);
    spread_lines(lines, ranges, |line, text| {
        let user = user_of(text)?;
        if user.is_empty() {
            return Err(key_spread::LineFault::Unlike("has an empty user".to_owned()));
        }
        let mut random = seeded.clone();
        random.set_stream(line);
        let (category, chance) = (random.random_range(0..options.categories), random.random());
        let number = line - 1;
        let at = at(number, options.rate.records_per_second);
        let key = Event { number, user: User::Known(&user), category, at }.key(strategy, options.period, chance);
        key.map(Cow::Owned).map_err(|fault| key_spread::LineFault::Unlike(format!("gives no key: {fault}")))
    })
}

/// A rank of Zipf's law as an index.
fn rank(sample: f64) -> usize {
    usize::try_from(whole(sample)).expect("no more users than memory has room for") - 1
}

fn at(number: u64, records_per_second: u64) -> Timestamp {
    let seconds = i64::try_from(number / records_per_second).unwrap_or(i64::MAX);
    START.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

impl Event<'_> {
    fn user(&self) -> Cow<'_, str> {
        match self.user {
            User::Rank(rank) => format!("user-{rank}").into(),
            User::Known(user) => user.into(),
        }
    }

    /// The event's own where it has one.
    fn identifier(&self) -> Cow<'_, str> {
        match self.user {
            User::Rank(_) => format!("event-{}", self.number).into(),
            User::Known(user) => user.into(),
        }
    }

    /// The group of made-up events with which a strategy is to keep this one in order; `None` where it is to keep none. Each
    /// made-up event has its own identifier.
    fn kept_together(&self, strategy: KeyStrategy, options: &EventOptions) -> Option<u64> {
        let User::Rank(rank) = self.user else { return None };
        match strategy {
            KeyStrategy::HashBased | KeyStrategy::Random => None,
            KeyStrategy::UserBased => Some(rank as u64),
            KeyStrategy::TimeBased => u64::try_from(self.at.as_second() / i64::from(options.period)).ok(),
            KeyStrategy::Composite => Some(rank as u64 * u64::from(options.categories) + u64::from(self.category)),
        }
    }

    fn key(&self, strategy: KeyStrategy, period: u32, chance: u128) -> Result<String, KeyFault> {
        match strategy {
            KeyStrategy::HashBased => Ok(hash_based_key(&self.identifier())),
            KeyStrategy::UserBased => user_based_key(&self.user()),
            KeyStrategy::TimeBased => Ok(time_based_key(self.at, SignedDuration::from_secs(i64::from(period)))),
            KeyStrategy::Composite => composite_key(&[&self.user(), &format!("category-{}", self.category)]),
            KeyStrategy::Random => Ok(random_key(chance)),
        }
    }
}

/// Whether each record of a group, be it a user's, comes to the shard to which the one before it came: only there order is kept.
#[derive(Default)]
struct Order {
    /// The last shard of each group.
    last: HashMap<u64, usize>,
    pairs: u64,
    same: u64,
}

impl Order {
    fn wrote(&mut self, group: u64, shard: usize) {
        if let Some(last) = self.last.insert(group, shard) {
            self.pairs += 1;
            self.same += u64::from(last == shard);
        }
    }

    fn kept(&self) -> Option<f64> {
        (self.pairs > 0).then(|| float(self.same) / float(self.pairs))
    }
}
