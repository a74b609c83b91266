// SPDX-License-Identifier: Apache-2.0
//! The plan of a rebalance, for people and programs: what each split and merge does to which shard.

use kinesis_model::num::whole;
use std::io::Write;

use anyhow::Result;
use kinesis_model::{HashKeyRange, OpenShard};
use scaler_core::{KeyLoad, Operation, Rebalance, ShardCall, ShardLoad, load_within};
use serde::Serialize;

use crate::table::{percent, table};

/// Shards that are shown to a person, the fullest first; programs get all.
const SHARDS_SHOWN: usize = 20;

/// A plan, as far as it is made.
#[derive(Serialize)]
pub(super) struct Plan {
    /// One after the other.
    pub(super) operations: Vec<Step>,
    /// The shards that there will be, in the order of their ranges.
    shards: Vec<Piece>,
}

/// One split or merge.
#[derive(Serialize)]
pub(super) struct Step {
    call: &'static str,
    /// The open shards of now that it is about: the one that is split, or has what is; the lower and the upper one.
    shards: Vec<String>,
    /// The first hash key of the upper part, in digits.
    at: String,
    /// Share of all hash keys that it is about, 0 to 1.
    keys_share: f64,
    /// What is taken before, in percent of what one shard can: of one shard, or of the lower and the upper one.
    percent_before: Vec<u64>,
    /// And after it.
    percent_after: Vec<u64>,
    #[serde(skip)]
    operation: Operation,
    /// What it splits, or makes.
    #[serde(skip)]
    range: HashKeyRange,
}

/// A shard that there will be.
#[derive(Serialize)]
struct Piece {
    /// Its first hash key and its last, in digits.
    hash_keys: [String; 2],
    keys_share: f64,
    /// Of what one shard can take.
    percent: u64,
    #[serde(skip)]
    range: HashKeyRange,
}

/// What a step comes to, as the shards are now.
pub(super) enum Turn {
    /// This call.
    Call(ShardCall),
    /// Nothing any more: it is done.
    Done,
    /// Nothing any more: the shards are others.
    Gone,
}

impl Plan {
    /// What was planned with these keys.
    pub(super) fn of(rebalance: &Rebalance, keys: &[KeyLoad]) -> Self {
        let loads = &rebalance.loads;
        let mut ring: Vec<_> = loads.iter().map(|load| load.shard.range).collect();
        let steps =
            rebalance.plan.operations.iter().filter_map(|operation| Step::of(*operation, loads, keys, &mut ring));
        let operations = steps.collect();
        let shards = rebalance.plan.shards.iter().map(|(range, load)| Piece {
            hash_keys: [range.first().to_string(), range.last().to_string()],
            keys_share: range.share(),
            percent: whole_percent(*load),
            range: *range,
        });
        Self { operations, shards: shards.collect() }
    }

    /// Percent of what one shard takes that the fullest will.
    pub(super) fn fullest_percent(&self) -> u64 {
        self.shards.iter().map(|piece| piece.percent).max().unwrap_or(0)
    }

    /// Shards that there will be.
    pub(super) fn shards(&self) -> usize {
        self.shards.len()
    }

    /// `2 splits and 1 merge`.
    pub(super) fn in_words(&self) -> String {
        let splits = self.operations.iter().filter(|step| step.is_split()).count();
        let count = |count: usize, what: &str| match count {
            0 => None,
            1 => Some(format!("1 {what}")),
            more => Some(format!("{more} {what}s")),
        };
        let counts = [count(splits, "split"), count(self.operations.len() - splits, "merge")];
        counts.into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }

    pub(super) fn tell(&self, out: &mut impl Write) -> Result<()> {
        if self.operations.is_empty() {
            return Ok(());
        }
        let rows = self.operations.iter().zip(1..).map(|(step, number): (_, u32)| step.row(number));
        writeln!(out, "\n{}", table(["splits and merges", "key space at", "keys", "load", "becomes"], rows))?;
        let mut fullest: Vec<_> = self.shards.iter().collect();
        fullest.sort_by_key(|piece| std::cmp::Reverse(piece.percent));
        let rows = fullest.iter().take(SHARDS_SHOWN).map(|piece| {
            [of_ring(piece.range.first()), percent(piece.range.share(), 1), format!("{} %", piece.percent)]
        });
        writeln!(out, "\nthe shards afterwards, the fullest {} of {}", rows.len(), self.shards.len())?;
        Ok(writeln!(out, "{}", table(["key space from", "keys", "load"], rows))?)
    }
}

impl Step {
    /// What an operation does to these ranges, which it changes.
    fn of(operation: Operation, loads: &[ShardLoad], keys: &[KeyLoad], ring: &mut Vec<HashKeyRange>) -> Option<Self> {
        let at = operation.at();
        let index = ring.iter().position(|range| range.contains(at))?;
        let today =
            |key: u128| loads.iter().find(|load| load.shard.range.contains(key)).map(|load| load.shard.id.clone());
        let percent = |range: &HashKeyRange| whole_percent(load_within(loads, keys, *range));
        let (call, first, parts) = match operation {
            Operation::Split { .. } => ("split", index, ring[index].split(at)?.into()),
            Operation::Merge { .. } => ("merge", index.checked_sub(1)?, [ring[index - 1], ring[index]]),
        };
        let range = parts[0].merge(parts[1])?;
        let [parts_percent, whole] = [parts.iter().map(percent).collect(), vec![percent(&range)]];
        let (shards, percent_before, percent_after) = match operation {
            Operation::Split { .. } => {
                ring.splice(first..=first, parts);
                (vec![today(at)?], whole, parts_percent)
            }
            Operation::Merge { .. } => {
                ring.splice(first..=index, [range]);
                (vec![today(at - 1)?, today(at)?], parts_percent, whole)
            }
        };
        let (at, keys_share) = (at.to_string(), range.share());
        Some(Self { call, shards, at, keys_share, percent_before, percent_after, operation, range })
    }

    fn is_split(&self) -> bool {
        matches!(self.operation, Operation::Split { .. })
    }

    /// `split shardId-000000000001`.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.call, self.shards.join(" with "))
    }

    fn row(&self, number: u32) -> [String; 5] {
        let loads =
            |percents: &[u64]| percents.iter().map(|percent| format!("{percent} %")).collect::<Vec<_>>().join(" + ");
        [
            format!("{number} {}", self.name()),
            of_ring(self.operation.at()),
            percent(self.keys_share, 1),
            loads(&self.percent_before),
            loads(&self.percent_after),
        ]
    }

    /// What is to be done for it, if these are the open shards.
    pub(super) fn on(&self, open: &[OpenShard]) -> Turn {
        let begins = open.iter().any(|shard| shard.range.first() == self.operation.at());
        if begins == self.is_split() {
            return Turn::Done;
        }
        let of = |id: &String| open.iter().find(|shard| shard.id == *id).map(|shard| shard.range);
        let call = self.operation.on(open);
        let touched = call.as_ref().and_then(|call| match call {
            ShardCall::Split { shard, .. } => of(shard),
            ShardCall::Merge { lower, upper } => of(lower)?.merge(of(upper)?),
        });
        call.filter(|_| touched == Some(self.range)).map_or(Turn::Gone, Turn::Call)
    }
}

/// Where on the ring a hash key lies, in percent: a person need not read 39 digits.
fn of_ring(hash_key: u128) -> String {
    percent(HashKeyRange::new(0, hash_key).map_or(0.0, HashKeyRange::share), 2)
}

/// To the nearest.
fn whole_percent(load: f64) -> u64 {
    whole((load * 100.0).round())
}
