//! How the Kinesis emulator is set up.

use ferrokinesis::store::StoreOptions;

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
