// SPDX-License-Identifier: Apache-2.0
//! The layer before the Kinesis emulator: refuses what the emulator lets pass, mends what it gets wrong, and turns
//! what streams take in and throttle into CloudWatch metrics.
//!
//! The emulator is `ferrokinesis`. It lives by the real clock, so its throttling and its delays are off: both are made here, by
//! the virtual one. It knows no resize limits, gives the shards of a resize no parents, splits what is closed, reads some
//! operations' streams by name only, creates only provisioned streams, takes smaller calls and records and shorter retention,
//! calls every reader caught up and sends none on to a shard's children, gives more records at once than Kinesis, forgets
//! `ShardFilter`, refuses its own tokens of `ListShards`, lists streams in pages without a token, changes streams that are
//! changing, deletes those with consumers, and says when something was created by the real clock. Each of that is set right here.

pub(crate) mod arrivals;
pub(crate) mod changes;
pub(crate) mod creation;
pub(crate) mod layer;
pub(crate) mod pending;
pub(crate) mod shard_lifetimes;
pub(crate) mod shards;
pub(crate) mod throttle;

mod answers;
mod call;
mod checks;
mod consumers;
mod describe;
mod observe;
mod put;
mod reads;
mod records;
mod reshard;
mod resize;
mod shard_pages;
mod tags;
mod wider_limits;
