// SPDX-License-Identifier: Apache-2.0
//! Few partition keys on many shards: which part of the shards their hashes reach, and whether that carries the load.

use super::workload::Workload;
use kinesis_model::ShardCount;
use kinesis_model::limits::{
    SHARDS_PER_STREAM_MAX, WRITE_BYTES_PER_SECOND_PER_SHARD, WRITE_RECORDS_PER_SECOND_PER_SHARD,
};

/// A count of shards or keys does where the load is carried in so large a share of all cases.
const DOES: f64 = 0.95;
/// Less of the shards without a key than this is not worth a word.
const EMPTY_SHARE: f64 = 0.01;
/// More keys than these are not searched for.
const KEYS_SOUGHT_MAX: u32 = 1_000_000;
/// Additions that an exact chance may take: some hundredths of a second.
const EXACT_WORK_MAX: u64 = 10_000_000;
/// From so many on the logarithm of a factorial is taken by Stirling's series, which is exact to twelve digits there.
const STIRLING_FROM: u32 = 256;

/// Keys that are hashed onto even shards, each as likely as the others, and each key as busy as the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashedKeys {
    keys: u32,
    shards: ShardCount,
    workload: Workload,
}

impl HashedKeys {
    /// The keys of a load on so many shards; `None` where nobody counted them.
    pub fn of(workload: &Workload, shards: ShardCount) -> Option<Self> {
        let keys = workload.distinct_partition_keys.filter(|keys| *keys > 0)?;
        Some(Self { keys, shards, workload: *workload })
    }

    /// How many keys.
    pub fn keys(&self) -> u32 {
        self.keys
    }

    /// On how many shards.
    pub fn shards(&self) -> ShardCount {
        self.shards
    }

    /// The shards that have a key, on average: `s (1 - (1 - 1/s)^k)`.
    pub fn occupied(&self) -> f64 {
        let shards = f64::from(self.shards.get());
        shards * (1.0 - (1.0 - 1.0 / shards).powf(f64::from(self.keys)))
    }

    /// The chance, 0 to 1, that no two keys share a shard.
    pub fn apart(&self) -> f64 {
        apart(self.keys, self.shards.get())
    }

    /// The keys that one shard takes, at most all of them; zero where one alone writes more than a shard takes.
    pub fn per_shard_max(&self) -> u32 {
        per_shard_max(&self.workload, self.keys)
    }

    /// The chance, 0 to 1, that no shard has more keys than it takes.
    ///
    /// Exact, but for thousands of keys: there it is a bound from below, which is the same where the chance is high.
    pub fn carried(&self) -> f64 {
        carried(self.keys, self.shards.get(), self.per_shard_max())
    }

    /// Whether the load is carried in 95 of 100 cases at least.
    pub fn do_carry(&self) -> bool {
        self.carried() >= DOES
    }

    /// Whether there is something to know of so few keys: shards stay empty, or some have more than they take.
    pub fn are_few(&self) -> bool {
        !self.do_carry() || self.occupied() < f64::from(self.shards.get()) * (1.0 - EMPTY_SHARE)
    }

    /// The fewest shards that do for these keys; `None` where as many as a stream has do not.
    pub fn shards_that_do(&self) -> Option<ShardCount> {
        let most = self.per_shard_max();
        let do_carry = |shards: u32| carried(self.keys, shards, most) >= DOES;
        least(self.shards.get(), SHARDS_PER_STREAM_MAX, do_carry).and_then(ShardCount::new)
    }

    /// About the fewest keys that do for these shards, as busy together; `None` where a million do not.
    pub fn keys_that_do(&self) -> Option<u32> {
        let do_carry = |keys: u32| carried(keys, self.shards.get(), per_shard_max(&self.workload, keys)) >= DOES;
        least(self.keys, KEYS_SOUGHT_MAX, do_carry)
    }
}

/// The least number that does, of those from `from` to `to`: looked for by doubling, then by halves.
fn least(from: u32, to: u32, does: impl Fn(u32) -> bool) -> Option<u32> {
    if from > to || does(from) {
        return (from <= to).then_some(from);
    }
    let mut fails = from;
    let mut found = loop {
        if fails == to {
            return None;
        }
        let next = fails.saturating_mul(2).min(to);
        if does(next) {
            break next;
        }
        fails = next;
    };
    while found - fails > 1 {
        let middle = fails + (found - fails) / 2;
        if does(middle) { found = middle } else { fails = middle }
    }
    Some(found)
}

/// Of so many keys that write a load together, how many a shard takes by bytes and by records.
fn per_shard_max(workload: &Workload, keys: u32) -> u32 {
    let limits = [
        (workload.bytes_per_second, WRITE_BYTES_PER_SECOND_PER_SHARD),
        (workload.records_per_second.unwrap_or_default(), WRITE_RECORDS_PER_SECOND_PER_SHARD),
    ];
    let taken = limits.into_iter().filter(|(load, _)| *load > 0).map(|(load, per_shard)| {
        let keys = u128::from(keys) * u128::from(per_shard) / u128::from(load);
        u32::try_from(keys).unwrap_or(u32::MAX)
    });
    taken.min().unwrap_or(u32::MAX).min(keys)
}

/// The chance that all keys are on shards of their own: the birthday problem.
fn apart(keys: u32, shards: u32) -> f64 {
    if keys > shards {
        return 0.0;
    }
    (0..keys).map(|taken| 1.0 - f64::from(taken) / f64::from(shards)).product()
}

/// The chance that no shard has more than `most` keys.
fn carried(keys: u32, shards: u32, most: u32) -> f64 {
    let work = u64::from(keys).saturating_mul(u64::from(most)).saturating_mul(u64::from(shards));
    match most {
        _ if most >= keys => 1.0,
        _ if u64::from(most) * u64::from(shards) < u64::from(keys) => 0.0,
        1 => apart(keys, shards),
        _ if work <= EXACT_WORK_MAX => exactly(keys, shards, most),
        _ => at_least(keys, shards, most),
    }
}

/// Counts of keys that are drawn by Poisson's law, shard by shard and none above `most`, sum up to `keys` in a part of all
/// cases; among those in which counts without a maximum do, that part is the chance.
fn exactly(keys: u32, shards: u32, most: u32) -> f64 {
    let mean = f64::from(keys) / f64::from(shards);
    let of_shard: Vec<f64> = (0..=most).map(|count| poisson(mean, count)).collect();
    let all = poisson(f64::from(keys), keys);
    let (keys, shards, most) = (keys as usize, shards as usize, most as usize);
    let mut sums = vec![0.0; keys + 1];
    sums[0] = 1.0;
    let (mut from, mut to) = (0, 0);
    for shard in 1..=shards {
        // No further than all keys, and no fewer than the shards to come can still bring up to all keys.
        let (least, largest) = (keys.saturating_sub((shards - shard) * most), keys.min(shard * most));
        let mut next = vec![0.0; keys + 1];
        for (sum, slot) in next.iter_mut().enumerate().take(largest + 1).skip(least) {
            let before = sum.saturating_sub(most).max(from)..=sum.min(to);
            *slot = before.map(|before| sums[before] * of_shard[sum - before]).sum();
        }
        (sums, from, to) = (next, least, largest);
    }
    sums[keys] / all
}

/// No more is missing than what each shard alone may have too many of, added up.
fn at_least(keys: u32, shards: u32, most: u32) -> f64 {
    let share = 1.0 / f64::from(shards);
    let first = most + 1;
    let ways = ln_factorial(keys) - ln_factorial(first) - ln_factorial(keys - first);
    let mut chance = (ways + f64::from(first) * share.ln() + f64::from(keys - first) * (1.0 - share).ln()).exp();
    let mut tail = 0.0;
    for count in first..=keys {
        tail += chance;
        chance *= f64::from(keys - count) / f64::from(count + 1) * share / (1.0 - share);
        // Nothing, too, where it is out of a double's range.
        if chance <= tail * 1e-12 {
            break;
        }
    }
    (1.0 - f64::from(shards) * tail).max(0.0)
}

/// Poisson's law, in logarithms: its parts are out of a double's range where the whole is not.
fn poisson(mean: f64, count: u32) -> f64 {
    (f64::from(count) * mean.ln() - mean - ln_factorial(count)).exp()
}

fn ln_factorial(number: u32) -> f64 {
    let n = f64::from(number);
    if number < STIRLING_FROM {
        return (2..=number).map(|factor| f64::from(factor).ln()).sum();
    }
    n * n.ln() - n + (std::f64::consts::TAU * n).ln() / 2.0 + 1.0 / (12.0 * n) - 1.0 / (360.0 * n.powi(3))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// By counting every way to put the keys on the shards.
    fn counted(keys: u32, shards: u32, most: u32) -> f64 {
        let ways = shards.pow(keys);
        let holds = |way: u32| {
            let mut on = vec![0; shards as usize];
            let mut rest = way;
            for _ in 0..keys {
                on[(rest % shards) as usize] += 1;
                rest /= shards;
            }
            on.into_iter().all(|count| count <= most)
        };
        let holding = u32::try_from((0..ways).filter(|way| holds(*way)).count()).unwrap_or(u32::MAX);
        f64::from(holding) / f64::from(ways)
    }

    #[test]
    fn chances_are_those_that_counting_gives() {
        for (keys, shards) in [(1, 1), (2, 1), (4, 5), (5, 4), (6, 3), (7, 5), (3, 9), (6, 5)] {
            for most in 1..=keys {
                let (found, counted) = (carried(keys, shards, most), counted(keys, shards, most));
                assert!((found - counted).abs() < 1e-9, "{keys} on {shards}, {most} each: {found}, {counted}");
            }
            assert!((apart(keys, shards) - counted(keys, shards, 1)).abs() < 1e-9, "{keys} on {shards}");
        }
    }

    #[test]
    fn the_bound_is_below_the_chance_and_near_it_where_that_is_high() {
        for (keys, shards, most) in [(100, 10, 12), (100, 10, 20), (1_000, 10, 125), (1_000, 50, 40), (40, 20, 7)] {
            let (bound, chance) = (at_least(keys, shards, most), carried(keys, shards, most));
            assert!(bound <= chance + 1e-9, "{keys} on {shards}, {most} each: {bound}, {chance}");
            assert!(chance < 0.95 || chance - bound < 0.002, "{keys} on {shards}, {most} each: {bound}, {chance}");
        }
    }

    #[test]
    fn the_logarithm_of_a_factorial_is_the_same_on_either_side_of_the_series() {
        for number in [STIRLING_FROM - 1, STIRLING_FROM, 1_000] {
            let added: f64 = (2..=number).map(|factor| f64::from(factor).ln()).sum();
            assert!((ln_factorial(number) - added).abs() < 1e-9, "{number}");
        }
    }

    #[test]
    fn any_number_of_keys_has_an_answer_at_once() {
        for keys in [1, 2, 999_999, 1_000_001, u32::MAX] {
            for (megabytes, shards) in [(1, 1), (6, 10), (10_000, 10_000), (9, 10)] {
                let workload = Workload {
                    bytes_per_second: megabytes * WRITE_BYTES_PER_SECOND_PER_SHARD,
                    records_per_second: None,
                    reads: super::super::Reads::Unknown,
                    distinct_partition_keys: Some(keys),
                };
                let keys = HashedKeys::of(&workload, ShardCount::saturating(shards)).unwrap();
                for chance in [keys.apart(), keys.carried()] {
                    assert!((0.0..=1.0 + 1e-9).contains(&chance), "{keys:?}: {chance}");
                }
                assert!(keys.occupied() <= f64::from(keys.shards().get()), "{keys:?}");
                let (shards, more) = (keys.shards_that_do(), keys.keys_that_do());
                assert!(shards.is_none_or(|shards| shards >= keys.shards()), "{keys:?}: {shards:?}");
                assert!(more.is_none_or(|more| more >= keys.keys()), "{keys:?}: {more:?}");
            }
        }
    }
}
