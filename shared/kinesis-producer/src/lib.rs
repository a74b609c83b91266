// SPDX-License-Identifier: Apache-2.0
//! A producer for Amazon Kinesis Data Streams.
//!
//! ```no_run
//! # async fn example(client: aws_sdk_kinesis::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use kinesis_producer::{Producer, Record, Settings, Stream};
//!
//! let producer = Producer::start(Stream::new(client, "orders"), Settings::default())?;
//! // Waits while as much is queued as the settings allow.
//! let ticket = producer.send(Record::new("user-1", "an order")).await?;
//! // Every record ends once: acknowledged, or as an error that says why.
//! let acknowledged = ticket.await?;
//! println!("{} in {}", acknowledged.sequence_number, acknowledged.shard);
//! let counts = producer.close().await;
//! assert_eq!(counts.sent, counts.acknowledged + counts.failed);
//! # Ok(())
//! # }
//! ```
//!
//! Kinesis knows no idempotence: a call without an answer may have taken effect, and is made again. A record that may be in the
//! stream twice says so ([`Acknowledged::maybe_doubled`]), as does one that failed and may be there all the same.

pub mod aggregation;
mod backoff;
mod batch;
mod outcome;
mod port;
mod producer;
mod record;
#[cfg_attr(test, path = "runtime/model.rs")]
mod runtime;
mod sdk;
mod settings;

pub use outcome::{Acknowledged, Counts, SendError, Ticket};
pub use port::{CallFailure, Entry, Put, PutFailure, PutRecords, PutSuccess};
pub use producer::Producer;
pub use record::{Record, RecordFault};
pub use sdk::Stream;
pub use settings::{Aggregation, Compression, Order, Settings, SettingsFault, SettingsFaults};
