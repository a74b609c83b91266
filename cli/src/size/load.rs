// SPDX-License-Identifier: Apache-2.0
//! The peak load that a stream is sized for, and who says it.

use kinesis_model::limits::RECORD_BYTES_DEFAULT;
use kinesis_model::{Demand, ShardCount};
use simulator::trace::Trace;

/// A peak load.
pub(crate) struct Load {
    pub(crate) bytes_per_second: u64,
    /// `None` where nobody said.
    pub(crate) records_per_second: Option<u64>,
    pub(crate) origin: Origin,
}

/// Who says how large the load is.
pub(crate) enum Origin {
    Options,
    Kafka,
    /// The minute of a stream's history that began then.
    History {
        stream: String,
        minute: String,
    },
}

impl Load {
    /// Up, since the largest record matters.
    pub(crate) fn mean_record_bytes(&self) -> Option<u64> {
        self.records_per_second.map(|records| self.bytes_per_second.div_ceil(records.max(1)))
    }

    /// Whether a stream takes such records only when it is told to.
    pub(crate) fn has_large_records(&self) -> bool {
        self.mean_record_bytes().is_some_and(|bytes| bytes > RECORD_BYTES_DEFAULT)
    }
}

/// The busiest minute of a history, as a load by the second; up, since a part of a byte or record cannot be had.
pub(crate) fn busiest(trace: &Trace) -> Load {
    let fullness = |demand: &Demand| demand.utilization_percent(ShardCount::ONE);
    let busiest = trace.minutes.iter().enumerate().max_by_key(|(_, demand)| fullness(demand));
    let (at, demand) = busiest.map_or((0, Demand::default()), |(at, demand)| (at, *demand));
    Load {
        bytes_per_second: demand.bytes.div_ceil(60),
        records_per_second: Some(demand.records.div_ceil(60)),
        origin: Origin::History {
            stream: trace.name.clone(),
            minute: trace.at(at).strftime("%Y-%m-%d %H:%MZ").to_string(),
        },
    }
}
