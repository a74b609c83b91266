//! [`PutRecords`] over the AWS SDK.

use std::error::Error;

use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::put_records::PutRecordsError;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, PutRecordsResultEntry};
use aws_sdk_kinesis::{Client, Config};

use crate::port::{CallFailure, Entry, Put, PutFailure, PutRecords, Taken};

/// What Kinesis says of a record, or a call, whose shard or key service is too busy. API reference, `PutRecords`.
const THROTTLES: [&str; 5] = [
    "ProvisionedThroughputExceededException",
    "KMSThrottlingException",
    "LimitExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
];

/// A stream, through the SDK.
#[derive(Clone, Debug)]
pub struct Stream {
    client: Client,
    name: String,
}

impl Stream {
    /// The stream of this name.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }
}

impl PutRecords for Stream {
    async fn put(&self, entries: Vec<Entry>) -> Result<Put, CallFailure> {
        let records = entries.into_iter().map(request_entry).collect();
        let request = self.client.put_records().stream_name(&self.name).set_records(Some(records));
        // The SDK would send all records of a call again that was not answered; the producer tries again itself, and says so.
        let once = Config::builder().retry_config(RetryConfig::disabled());
        let answer = request.customize().config_override(once).send().await.map_err(|error| failure(&error))?;
        Ok(answer.records().iter().map(taken).collect())
    }
}

fn request_entry(entry: Entry) -> PutRecordsRequestEntry {
    let builder = PutRecordsRequestEntry::builder().data(Blob::new(entry.data)).partition_key(entry.partition_key);
    let builder = builder.set_explicit_hash_key(entry.explicit_hash_key.map(|hash_key| hash_key.to_string()));
    builder.build().expect("a key and data are all that it needs")
}

fn taken(record: &PutRecordsResultEntry) -> Result<Taken, PutFailure> {
    match (record.error_code(), record.shard_id(), record.sequence_number()) {
        (None, Some(shard), Some(sequence_number)) => {
            Ok(Taken { shard: shard.to_owned(), sequence_number: sequence_number.to_owned() })
        }
        (code, ..) => {
            let code = code.unwrap_or("neither a number nor an error");
            let message = format!("{code}: {}", record.error_message().unwrap_or_default());
            Err(PutFailure { is_throttled: THROTTLES.contains(&code), message })
        }
    }
}

fn failure<R>(error: &SdkError<PutRecordsError, R>) -> CallFailure
where
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let said = || match (error.code(), error.message()) {
        (Some(code), message) => format!("{code}: {}", message.unwrap_or_default()),
        (None, _) => causes(error),
    };
    match (error, error.code()) {
        (SdkError::ServiceError(_), Some(code)) if THROTTLES.contains(&code) => CallFailure::Throttled(said()),
        (SdkError::ServiceError(answer), Some(_)) if !is_server_fault(answer.err()) => CallFailure::Refused(said()),
        (SdkError::ConstructionFailure(_), _) => CallFailure::Refused(said()),
        _ => CallFailure::Unanswered(said()),
    }
}

/// Whether AWS failed, and not the caller.
fn is_server_fault(error: &PutRecordsError) -> bool {
    let code = error.code().unwrap_or_default();
    [
        "InternalFailure",
        "InternalFailureException",
        "InternalServerError",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    ]
    .contains(&code)
}

/// An error and all that caused it.
fn causes(error: &dyn Error) -> String {
    let (mut words, mut cause) = (Vec::new(), Some(error));
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    words.join(": ")
}
