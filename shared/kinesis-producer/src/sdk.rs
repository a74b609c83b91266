// SPDX-License-Identifier: Apache-2.0
//! [`PutRecords`] over the AWS SDK.

use std::error::Error;

use aws_sdk_kinesis::config::http::HttpResponse;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::put_records::PutRecordsError;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, PutRecordsResultEntry};
use aws_sdk_kinesis::{Client, Config};
use kinesis_model::throttling::is_throttling;

use crate::port::{CallFailure, Entry, Put, PutFailure, PutRecords, PutSuccess};

/// Codes by which AWS says of a record, or a call, that the key service or the account is too busy, beside those of all services.
/// Source: the errors of `PutRecords` in the API reference.
const TOO_BUSY: [&str; 2] = ["KMSThrottlingException", "LimitExceededException"];
/// Codes of no for which the same records may be taken at the next try. With the first two AWS gave up, whether or not something
/// was written. With the others the credentials, or the time of the call, were too old: each try is signed anew, with what the
/// credentials' source gives then, and a queue of records is not to be lost by a renewal that came late.
const PASSING: [&str; 5] =
    ["RequestTimeout", "RequestTimeoutException", "ExpiredToken", "ExpiredTokenException", "RequestExpired"];

/// Codes of a call that was not as it should be.
const CHECKED: [&str; 3] = ["InvalidArgumentException", "ValidationException", "SerializationException"];
/// What such a call is told where it is too large.
const SIZE_WORDS: [&str; 4] = ["size", "exceeds", "too large", "longer than"];

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

fn taken(record: &PutRecordsResultEntry) -> Result<PutSuccess, PutFailure> {
    match (record.error_code(), record.shard_id(), record.sequence_number()) {
        (None, Some(shard), Some(sequence_number)) => {
            Ok(PutSuccess { shard: shard.to_owned(), sequence_number: sequence_number.to_owned() })
        }
        (code, ..) => {
            let code = code.unwrap_or("neither a number nor an error");
            let message = format!("{code}: {}", record.error_message().unwrap_or_default());
            Err(PutFailure { is_throttled: is_too_busy(code), message })
        }
    }
}

fn failure(error: &SdkError<PutRecordsError, HttpResponse>) -> CallFailure {
    let said = match (error.code(), error.message()) {
        (Some(code), message) => format!("{code}: {}", message.unwrap_or_default()),
        (None, _) => causes(error),
    };
    if matches!(error, SdkError::ConstructionFailure(_)) {
        return CallFailure::Refused(said);
    }
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    meaning(status, error.code(), error.message())(said)
}

fn is_too_busy(code: &str) -> bool {
    is_throttling(code) || TOO_BUSY.contains(&code)
}

/// What an answer means, by its HTTP status, where there is one, and AWS's code and words.
fn meaning(status: Option<u16>, code: Option<&str>, message: Option<&str>) -> fn(String) -> CallFailure {
    let is_one_of = |codes: &[&str]| code.is_some_and(|code| codes.contains(&code));
    match status {
        Some(429) => CallFailure::Throttled,
        // AWS failed or gave up, or something before it: whatever the code, records may have been written.
        Some(408 | 500..) => CallFailure::Unanswered,
        Some(400..) if code.is_some_and(is_too_busy) => CallFailure::Throttled,
        Some(400..) if is_one_of(&PASSING) => CallFailure::Unanswered,
        Some(413) => CallFailure::TooLarge,
        Some(400..) if is_one_of(&CHECKED) && message.is_some_and(is_of_size) => CallFailure::TooLarge,
        Some(400..) => CallFailure::Refused,
        // No answer, or one that cannot be read.
        _ => CallFailure::Unanswered,
    }
}

/// Whether these words speak of the size of a call or of a record's data. AWS has no code for it.
fn is_of_size(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let is_length_of_data = message.contains("member.data'") && message.contains("length less than or equal");
    is_length_of_data || SIZE_WORDS.iter().any(|words| message.contains(words))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_answer_has_its_meaning() {
        let (unanswered, throttled, refused) = ("no answer: ", "throttled: ", "refused: ");
        for (status, code, expected) in [
            (None, None, unanswered),
            (Some(200), None, unanswered),
            (Some(500), Some("InternalFailure"), unanswered),
            (Some(503), None, unanswered),
            (Some(503), Some("SlowDown"), unanswered),
            (Some(408), None, unanswered),
            (Some(429), None, throttled),
            (Some(400), Some("Throttling"), throttled),
            (Some(400), Some("TooManyRequestsException"), throttled),
            (Some(400), Some("RequestThrottled"), throttled),
            (Some(400), Some("KMSThrottlingException"), throttled),
            (Some(400), Some("ProvisionedThroughputExceededException"), throttled),
            (Some(400), Some("RequestTimeout"), unanswered),
            (Some(400), Some("ExpiredTokenException"), unanswered),
            (Some(403), Some("AccessDeniedException"), refused),
            (Some(400), Some("ResourceNotFoundException"), refused),
            (Some(413), None, "too large: "),
        ] {
            assert_eq!(meaning(status, code, None)(String::new()).to_string(), expected, "{status:?} {code:?}");
        }
    }

    #[test]
    fn a_call_is_too_large_by_what_is_said_of_it() {
        let data = "1 validation error detected: Value at 'records.7.member.data' failed to satisfy constraint: Member must have \
                    length less than or equal to 1048576";
        let name = data.replace("records.7.member.data", "streamName");
        let (too_large, refused) = ("too large: ", "refused: ");
        for (code, message, expected) in [
            ("InvalidArgumentException", "Records size exceeds 10 MB limit", too_large),
            ("ValidationException", data, too_large),
            ("SerializationException", "The body is longer than 16777216 bytes.", too_large),
            ("ValidationException", &name, refused),
            ("InvalidArgumentException", "Invalid ExplicitHashKey.", refused),
            ("AccessDeniedException", "The size of the session policy exceeds what is allowed", refused),
        ] {
            let told = meaning(Some(400), Some(code), Some(message))(String::new()).to_string();
            assert_eq!(told, expected, "{code}: {message}");
        }
    }
}
