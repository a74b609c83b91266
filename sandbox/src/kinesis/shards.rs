// SPDX-License-Identifier: Apache-2.0
//! Which shards of a stream are open.

use ferrokinesis::types::{Shard, Stream};

pub(crate) fn is_open(shard: &Shard) -> bool {
    shard.sequence_number_range.ending_sequence_number.is_none()
}

pub(crate) fn open_shards(stream: &Stream) -> u32 {
    let open = stream.shards.iter().filter(|shard| is_open(shard)).count();
    u32::try_from(open).unwrap_or(u32::MAX)
}
