// SPDX-License-Identifier: Apache-2.0
//! The Kinesis emulator as it is set up here, and copies of its streams.

use ferrokinesis::error::KinesisErrorResponse;
use ferrokinesis::store::{Store, StoreOptions};
use ferrokinesis::types::Stream;

use crate::options::Options;

/// The emulator neither waits nor throttles, and has no quota of shards: `kinesis` makes all three.
pub(crate) fn options(options: &Options) -> StoreOptions {
    StoreOptions {
        create_stream_ms: 0,
        delete_stream_ms: 0,
        update_stream_ms: 0,
        shard_limit: u32::MAX,
        enforce_limits: false,
        aws_account_id: options.account.clone(),
        aws_region: options.region.clone(),
        ..StoreOptions::default()
    }
}

/// An emulator that has a copy of this stream alone: what is done there shows what would come of it.
pub(crate) async fn copy_of(stream: &Stream, options: &Options) -> Result<Store, KinesisErrorResponse> {
    let copy = Store::new(self::options(options));
    copy.put_stream(&stream.stream_name, stream.clone()).await?;
    Ok(copy)
}
