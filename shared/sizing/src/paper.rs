// SPDX-License-Identifier: Apache-2.0
//! A stream on paper: what a load that nobody measured uses, to be priced as a measured one is.

use jiff::Timestamp;

use crate::{Readers, Reading, Sizing, Workload};
use billing::prices::{Item, MONTH_SECONDS};
use billing::{ConsumerUse, OnDemandOnly, StreamConfig, Usage, on_demand_bytes, put_units};
use kinesis_model::ShardCount;
use kinesis_model::StreamMode;

/// What is written in some time, on which shards, and who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaperStream {
    /// How long, in seconds; at least one.
    pub seconds: u64,
    /// Open shards times seconds.
    pub shard_seconds: u128,
    /// Bytes written in that time.
    pub bytes: u64,
    /// Records in which; `None` where nobody said, and then payload units are not counted.
    pub records: Option<u64>,
    /// Those that read everything; `None` where nobody said.
    pub readers: Option<Readers>,
    /// How long records are kept.
    pub retention_hours: u32,
}

impl PaperStream {
    /// A month that is always as busy as the peak, on the shards recommended for it.
    pub fn at_peak(workload: &Workload, sizing: &Sizing, retention_hours: u32) -> Self {
        Self {
            seconds: MONTH_SECONDS,
            shard_seconds: u128::from(sizing.recommended.get()) * u128::from(MONTH_SECONDS),
            bytes: workload.bytes_per_second.saturating_mul(MONTH_SECONDS),
            records: workload.records_per_second.map(|records| records.saturating_mul(MONTH_SECONDS)),
            readers: sizing.readers,
            retention_hours,
        }
    }

    /// What it is billed by in provisioned mode.
    pub fn quantities(&self) -> Vec<(Item, u128)> {
        self.usage().provisioned(self.shard_seconds, self.retention_hours)
    }

    /// As if it had been measured.
    pub fn usage(&self) -> Usage {
        let bytes = u128::from(self.bytes);
        let count = |wanted| self.readers.filter(|readers| readers.reading() == wanted).map_or(0, |who| who.count());
        let consumer = |number: u32| {
            let used = ConsumerUse { shard_seconds: self.shard_seconds, bytes: Some(bytes) };
            (format!("consumer {number}"), used)
        };
        Usage {
            seconds: self.seconds,
            shard_seconds: self.shard_seconds,
            records: u128::from(self.records.unwrap_or_default()),
            bytes,
            put_units: self.records.map_or(0, |records| put_units(records, self.bytes)),
            on_demand_bytes: on_demand_bytes(self.records.unwrap_or_default(), self.bytes),
            read_bytes: bytes * u128::from(count(Reading::Classic)),
            consumers: (1..=count(Reading::FanOut)).map(consumer).collect(),
            ..Usage::default()
        }
        .kept_for(self.retention_hours)
    }

    /// What of it decides which items it is billed by.
    pub fn stream_config(&self, mode: StreamMode) -> StreamConfig {
        let shards = self.shard_seconds / u128::from(self.seconds.max(1));
        StreamConfig {
            mode,
            open_shards: ShardCount::saturating(u64::try_from(shards).unwrap_or(u64::MAX)),
            retention_hours: self.retention_hours,
            created: Timestamp::MIN,
            consumers: Vec::new(),
            on_demand_only: OnDemandOnly::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Reads;
    use billing::Bill;
    use billing::prices::PriceSheet;

    const MB: u64 = 1_048_576;

    fn stream(consumers: u32, records_per_second: Option<u64>, retention_hours: u32) -> PaperStream {
        let workload = Workload {
            bytes_per_second: 10 * MB,
            records_per_second,
            reads: Reads::ByConsumers(consumers),
            distinct_partition_keys: None,
        };
        PaperStream::at_peak(&workload, &Sizing::of(&workload, 20), retention_hours)
    }

    #[test]
    fn a_month_at_the_peak_costs_what_a_hand_reckons() {
        let lines = |stream: PaperStream| {
            let bill = Bill::of(&PriceSheet::of("us-east-1"), stream.quantities()).unwrap();
            bill.lines.iter().map(|line| (line.item, line.cost.to_string())).collect::<Vec<_>>()
        };
        let told = |item, usd: &str| (item, usd.to_owned());
        // 12 shards x 720 x 0.015, and 1,000 units a second: 2,592 million x 0.014.
        let shared = [told(Item::ShardHour, "129.60"), told(Item::PutUnits, "36.288")];
        assert_eq!(lines(stream(2, Some(1_000), 24)), shared);
        assert_eq!(lines(stream(2, None, 24)), shared[..1]);
        // 3 x 12 x 720 x 0.015, and 3 x 25,312.5 GB x 0.013.
        let fan_out = [told(Item::FanOutHour, "388.80"), told(Item::FanOutOut, "987.1875")];
        assert_eq!(lines(stream(3, Some(1_000), 24))[2..], fan_out);
        // 12 x 720 x 0.02, and 25,312.5 GB kept for two hours more, of 720 in a month, x 0.023.
        let kept = [told(Item::ExtendedRetention, "172.80"), told(Item::LongTermRetention, "1.617188")];
        assert_eq!(lines(stream(0, None, 170))[1..], kept);
    }

    #[test]
    fn it_is_billed_as_a_stream_that_was_measured() {
        let sheet = PriceSheet::of("us-east-1");
        for consumers in 0..6 {
            let stream = stream(consumers, Some(9_000), 24);
            let bill = Bill::as_it_is(&sheet, &stream.usage(), &stream.stream_config(StreamMode::Provisioned)).unwrap();
            assert_eq!(Bill::of(&sheet, stream.quantities()).unwrap(), bill);
        }
        assert_eq!(stream(2, None, 24).usage().read_bytes, 2 * stream(2, None, 24).usage().bytes);
    }
}
