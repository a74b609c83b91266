// SPDX-License-Identifier: Apache-2.0
//! Bills: what a usage costs as it was, and as it would have been in each other mode.

use crate::prices::{Item, MissingPrice, PriceSheet};
use crate::usage::{StreamConfig, Usage};
use kinesis_model::StreamMode;
use kinesis_model::{MicroUsd, ShardCount};

/// Bytes a second, in as well as out, that an account under On-demand Advantage pays for at least, over all its streams: 25
/// MiB. Developer Guide, "Choose the right mode to stream in"; API `UpdateAccountSettings`.
pub const ADVANTAGE_FLOOR_BYTES_PER_SECOND: u128 = 25 << 20;

/// One line of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BillLine {
    /// What was used.
    pub item: Item,
    /// How much of it, in its fine unit, see [`Item`].
    pub quantity: u128,
    /// What it costs.
    pub cost: MicroUsd,
}

/// What is to be paid, line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// The lines, each item once, without those of which nothing was used.
    pub lines: Vec<BillLine>,
}

impl Bill {
    /// Prices quantities.
    ///
    /// # Errors
    /// One of the items has no price.
    pub fn of(sheet: &PriceSheet, quantities: impl IntoIterator<Item = (Item, u128)>) -> Result<Self, MissingPrice> {
        let used = quantities.into_iter().filter(|(_, quantity)| *quantity > 0);
        let line = |(item, quantity)| Ok(BillLine { item, quantity, cost: sheet.cost(item, quantity)? });
        Ok(Self { lines: used.map(line).collect::<Result<_, _>>()? })
    }

    /// Of a stream as it is.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn as_it_is(sheet: &PriceSheet, usage: &Usage, config: &StreamConfig) -> Result<Self, MissingPrice> {
        match config.mode {
            StreamMode::Provisioned => Self::of(sheet, usage.provisioned(usage.shard_seconds, config.retention_hours)),
            StreamMode::OnDemand => Self::on_demand(sheet, usage, config),
        }
    }

    /// The same traffic on so many shards all the time.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn with_shards(
        sheet: &PriceSheet,
        usage: &Usage,
        config: &StreamConfig,
        shards: ShardCount,
    ) -> Result<Self, MissingPrice> {
        let shard_seconds = u128::from(shards.get()) * u128::from(usage.seconds);
        Self::of(sheet, usage.provisioned(shard_seconds, config.retention_hours))
    }

    /// The same traffic in on-demand mode, Standard.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn on_demand(sheet: &PriceSheet, usage: &Usage, config: &StreamConfig) -> Result<Self, MissingPrice> {
        Self::of(sheet, usage.on_demand(config.retention_hours))
    }

    /// The same traffic under On-demand Advantage, in an account that is over the floor anyway; see [`advantage_of_all`].
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn advantage(sheet: &PriceSheet, usage: &Usage, config: &StreamConfig) -> Result<Self, MissingPrice> {
        Self::of(sheet, usage.advantage(config.retention_hours))
    }

    /// The sum of the lines.
    pub fn total(&self) -> MicroUsd {
        self.lines.iter().fold(MicroUsd::default(), |sum, line| sum.and(line.cost))
    }

    /// What one item costs.
    pub fn cost_of(&self, item: Item) -> MicroUsd {
        self.lines.iter().find(|line| line.item == item).map_or(MicroUsd(0), |line| line.cost)
    }
}

/// All streams of an account and Region together under On-demand Advantage for so many seconds, with its floor.
///
/// # Errors
/// As [`Bill::of`].
pub fn advantage_of_all<'a>(
    sheet: &PriceSheet,
    streams: impl IntoIterator<Item = (&'a Usage, &'a StreamConfig)>,
    seconds: u64,
) -> Result<Bill, MissingPrice> {
    let floor = ADVANTAGE_FLOOR_BYTES_PER_SECOND * u128::from(seconds);
    let mut sums = [(Item::AdvantageIn, 0), (Item::AdvantageOut, 0), (Item::AdvantageExtendedRetention, 0)].to_vec();
    sums.push((Item::OnDemandLongTermRetention, 0));
    for (usage, config) in streams {
        for ((_, sum), (_, quantity)) in sums.iter_mut().zip(usage.advantage(config.retention_hours)) {
            *sum = quantity.saturating_add(*sum);
        }
    }
    for (_, sum) in sums.iter_mut().take(2) {
        *sum = floor.max(*sum);
    }
    Bill::of(sheet, sums)
}
