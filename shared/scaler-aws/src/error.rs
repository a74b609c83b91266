//! What AWS answered, as a failure that a pass can act on.

use std::error::Error;

use aws_sdk_kinesis::config::http::HttpResponse;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use scaler_app::ports::{CallError, Failure};

/// Error codes by which AWS says "too many calls": those that the SDK tries again, but for the ambiguous
/// `LimitExceededException` (`aws_runtime::retries::classifiers`, version 1.7).
const THROTTLES: [&str; 12] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "ProvisionedThroughputExceededException",
    "PriorRequestNotComplete",
    "SlowDown",
    "TransactionInProgressException",
];
/// Error codes by which AWS says that it gave up, whether or not something was done.
const TIMEOUTS: [&str; 2] = ["RequestTimeout", "RequestTimeoutException"];
/// Error codes by which AWS says that the caller has no permission for a call, as opposed to that it does not know the caller.
const DENIED: [&str; 6] = [
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "AuthorizationError",
    "AuthorizationErrorException",
    "NotAuthorized",
];
/// What error codes have in them by which AWS says that a limit is reached: `LimitExceeded`, `LimitExceededFault`,
/// `ServiceQuotaExceededException`.
const QUOTAS: [&str; 2] = ["LimitExceeded", "QuotaExceeded"];
/// Characters kept of an error that has no code: it may quote a whole answer.
const WORDS_MAX: usize = 300;
/// Characters shown of an answer that cannot be read.
const ANSWER_SHOWN_CHARS: usize = 80;
/// How the words of an answer begin that cannot be read.
const UNREADABLE: &str = "an answer that cannot be read: HTTP ";

/// What AWS's words have in them where a resize is refused for another limit than the ten of the day: the account's shards, double,
/// half, 10,000 shards, too many streams at once. Source: `UpdateShardCount`, `SplitShard` and `LimitExceededException` in the API
/// reference; messages seen in public issues.
const OTHER_LIMITS_OF_A_RESIZE: [&str; 7] = [
    "shard limit",
    "over double",
    "below half",
    "scaled above",
    "simultaneously",
    "too many streams",
    "maximum number allowed",
];

/// Makes a [`CallError`] of what the SDK returned after its retries.
pub(crate) fn call_error<E>(call: &'static str, subject: &str, error: SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let code = error.code();
    let failure = match &error {
        SdkError::ServiceError(answer) => {
            let message = error.message().unwrap_or_default();
            service_failure(call, code, message, answer.raw().status().is_client_error())
        }
        SdkError::ConstructionFailure(_) => Failure::Refused,
        // Sent perhaps, and perhaps carried out.
        _ => Failure::Unavailable,
    };
    let message = match (code, error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => error.raw_response().map_or_else(|| causes(&error), |answer| unreadable(call, answer)),
    };
    CallError { call, subject: subject.to_owned(), failure, message, source: Some(Box::new(error)) }
}

/// Whether a call failed because what answered it cannot be read.
pub fn is_unreadable(message: &str) -> bool {
    message.starts_with(UNREADABLE)
}

/// An answer without a code of AWS's: a page of a proxy's, or another protocol than the service's.
fn unreadable(call: &str, answer: &HttpResponse) -> String {
    let kind = answer.headers().get("content-type").unwrap_or("no content type");
    let body = answer.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    let words = body.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = words.chars().filter(|c| !c.is_control()).take(ANSWER_SHOWN_CHARS).collect();
    let shown = if shown.is_empty() { String::new() } else { format!(", which begins {shown:?}") };
    format!("{UNREADABLE}{} with {kind}, expected {}{shown}", answer.status().as_u16(), protocol(call))
}

/// The protocol that the service of a call speaks with the SDK. Source: the SDK's crates.
fn protocol(call: &str) -> &'static str {
    match call {
        "GetMetricData" | "DescribeAlarms" | "PutMetricAlarm" | "DeleteAlarms" | "ListTagsForResource" => {
            "CBOR (rpc-v2-cbor, application/cbor)"
        }
        "Publish" => "XML (AWS query, text/xml)",
        "PutObject" => "XML (REST, application/xml)",
        "SendMessage" => "JSON (application/x-amz-json-1.0)",
        _ => "JSON (application/x-amz-json-1.1)",
    }
}

/// An error and all that caused it, in their own words: `dispatch failure: io error: Connection refused`.
fn causes(error: &dyn Error) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        let said = error.to_string();
        // Many say again what caused them.
        if words.last().is_none_or(|last| !last.ends_with(&said)) {
            words.push(said);
        }
        cause = error.source();
    }
    words.join(": ").chars().take(WORDS_MAX).collect()
}

/// What an error that AWS sent means for us.
fn service_failure(call: &str, code: Option<&str>, message: &str, is_client_error: bool) -> Failure {
    match code {
        Some("ResourceNotFoundException") => Failure::NotFound,
        Some("ResourceInUseException") => Failure::InUse,
        Some("LimitExceededException") if call == "UpdateShardCount" => resize_failure(message),
        // The account's shards, or too many streams at once. For a read it can only be calls a second.
        Some("LimitExceededException") if matches!(call, "SplitShard" | "MergeShards" | "CreateStream") => {
            Failure::Quota
        }
        Some("LimitExceededException") => Failure::Throttled,
        Some(code) if THROTTLES.contains(&code) => Failure::Throttled,
        Some(code) if TIMEOUTS.contains(&code) => Failure::Unavailable,
        Some(code) if DENIED.contains(&code) => Failure::Denied,
        Some(code) if QUOTAS.iter().any(|part| code.contains(part)) => Failure::Quota,
        _ if is_client_error => Failure::Refused,
        // AWS failed, or said something that cannot be read.
        _ => Failure::Unavailable,
    }
}

/// What `LimitExceededException` for a resize means: the ten of the day, unless AWS's words are about another limit. No list of those
/// words is published. Taken for the ten by mistake, the stream is split where it throttles, and the call tried again in an hour.
fn resize_failure(message: &str) -> Failure {
    let message = message.to_ascii_lowercase();
    let is_other = OTHER_LIMITS_OF_A_RESIZE.iter().any(|words| message.contains(words));
    if is_other { Failure::Quota } else { Failure::DaySpent }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_without_an_answer_says_why_in_words() {
        let failed = |message: &str, source: Box<dyn Error + Send + Sync>| CallError {
            call: "DescribeStreamSummary",
            subject: "orders".to_owned(),
            failure: Failure::Unavailable,
            message: message.to_owned(),
            source: Some(source),
        };
        // What says its cause itself does not have it said twice.
        let inner = failed("refused", Box::new(std::io::Error::other("refused")));
        let error = failed("dispatch failure", Box::new(inner));
        let of = |words: &str| format!("DescribeStreamSummary for orders: {words}");
        assert_eq!(causes(&error), format!("{}: {}", of("dispatch failure"), of("refused")));
    }

    #[test]
    fn every_kind_of_answer_has_its_meaning() {
        for (call, code, is_client_error, meaning) in [
            ("DescribeStreamSummary", "ResourceNotFoundException", true, Failure::NotFound),
            ("UpdateShardCount", "ResourceInUseException", true, Failure::InUse),
            ("DescribeStreamSummary", "LimitExceededException", true, Failure::Throttled),
            ("SplitShard", "LimitExceededException", true, Failure::Quota),
            ("CreateStream", "ServiceQuotaExceededException", true, Failure::Quota),
            ("PutMetricAlarm", "LimitExceeded", true, Failure::Quota),
            ("PutMetricAlarm", "LimitExceededFault", true, Failure::Quota),
            ("UpdateShardCount", "InvalidArgumentException", true, Failure::Refused),
            ("UpdateShardCount", "AccessDeniedException", true, Failure::Denied),
            ("PutMetricAlarm", "AccessDenied", true, Failure::Denied),
            ("UpdateShardCount", "UnrecognizedClientException", true, Failure::Refused),
            ("GetMetricData", "ThrottlingException", true, Failure::Throttled),
            ("UpdateShardCount", "RequestTimeout", true, Failure::Unavailable),
            ("UpdateShardCount", "InternalFailure", false, Failure::Unavailable),
        ] {
            assert_eq!(service_failure(call, Some(code), "", is_client_error), meaning, "{call} {code}");
        }
        assert_eq!(service_failure("GetMetricData", None, "", false), Failure::Unavailable, "an answer of no sense");
        assert_eq!(service_failure("GetMetricData", None, "", true), Failure::Refused);
    }

    #[test]
    fn the_ten_of_a_day_are_told_from_other_limits() {
        for (message, meaning) in [
            ("Rate exceeded for stream orders under account 123456789012.", Failure::DaySpent),
            ("UpdateShardCount can be called at most 10 times in a rolling 24-hour period.", Failure::DaySpent),
            ("", Failure::DaySpent),
            ("This request would exceed the shard limit for the account 123456789012.", Failure::Quota),
            ("UpdateShardCount cannot scale up over double your current open shard count.", Failure::Quota),
            ("UpdateShardCount cannot scale down below half your current open shard count.", Failure::Quota),
            ("A stream cannot be scaled above 10000 shards.", Failure::Quota),
            ("Too many streams are being changed simultaneously.", Failure::Quota),
            (
                "The requested resource exceeds the maximum number allowed, or the number of concurrent stream requests exceeds \
                 the maximum number allowed.",
                Failure::Quota,
            ),
        ] {
            let found = service_failure("UpdateShardCount", Some("LimitExceededException"), message, true);
            assert_eq!(found, meaning, "{message}");
        }
    }
}
