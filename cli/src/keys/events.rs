//! A stream of events that is made up, and the keys that each strategy gives them.

use jiff::{SignedDuration, Timestamp};
use key_spread::Spread;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Zipf};
use scaler_core::HashKeyRange;
use scaler_core::keys::{
    KeyFault, KeyStrategy, composite_key, hash_based_key, random_key, time_based_key, user_based_key,
};

use super::measured::Measured;
use super::options::EventOptions;

/// When the first event is: the same in every run.
const START: Timestamp = Timestamp::constant(1_767_322_800, 0);
const BATCH: usize = 4_096;

/// One event.
struct Event {
    number: u64,
    /// From 0, the busiest first.
    user: usize,
    category: u32,
    at: Timestamp,
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
    let mut order = Order::new(options.users as usize);
    let (mut keys, mut who) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    for number in 0..options.records {
        // Drawn by every strategy alike, so that all are tried on the same events.
        let (user, category, chance) =
            (users.sample(&mut random), random.random_range(0..options.categories), random.random());
        let event = Event { number, user: rank(user), category, at: at(number, options.rate.records_per_second) };
        keys.push(event.key(strategy, options.period, chance)?);
        who.push(event.user);
        if keys.len() == BATCH || number + 1 == options.records {
            let bytes: Vec<&[u8]> = keys.iter().map(String::as_bytes).collect();
            let mut written = who.iter();
            spread.take(&bytes, |shard| order.wrote(*written.next().expect("each key is of a user"), shard));
            keys.clear();
            who.clear();
        }
    }
    Ok(Measured { name: strategy.to_string(), spread, order_kept: order.kept() })
}

/// A rank of Zipf's law as an index.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank is whole, and from 1 to the users")]
fn rank(sample: f64) -> usize {
    (sample as usize).saturating_sub(1)
}

fn at(number: u64, records_per_second: u64) -> Timestamp {
    let seconds = i64::try_from(number / records_per_second).unwrap_or(i64::MAX);
    START.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

impl Event {
    fn key(&self, strategy: KeyStrategy, period: u32, chance: u128) -> Result<String, KeyFault> {
        let user = || format!("user-{}", self.user);
        match strategy {
            KeyStrategy::HashBased => Ok(hash_based_key(&format!("event-{}", self.number))),
            KeyStrategy::UserBased => user_based_key(&user()),
            KeyStrategy::TimeBased => Ok(time_based_key(self.at, SignedDuration::from_secs(i64::from(period)))),
            KeyStrategy::Composite => composite_key(&[&user(), &format!("category-{}", self.category)]),
            KeyStrategy::Random => Ok(random_key(chance)),
        }
    }
}

/// Whether what a user writes comes to the shard to which the record before it came: only there order is kept.
struct Order {
    /// The last shard of each user, and one more; 0 is none yet.
    last: Vec<u32>,
    pairs: u64,
    same: u64,
}

impl Order {
    fn new(users: usize) -> Self {
        Self { last: vec![0; users], pairs: 0, same: 0 }
    }

    fn wrote(&mut self, user: usize, shard: usize) {
        let shard = u32::try_from(shard).unwrap_or(u32::MAX - 1) + 1;
        let Some(last) = self.last.get_mut(user) else { return };
        if *last != 0 {
            self.pairs += 1;
            self.same += u64::from(*last == shard);
        }
        *last = shard;
    }

    #[allow(clippy::cast_precision_loss, reason = "far below 2^53 records")]
    fn kept(&self) -> Option<f64> {
        (self.pairs > 0).then(|| self.same as f64 / self.pairs as f64)
    }
}
