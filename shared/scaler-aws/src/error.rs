//! What AWS answered, as a failure that a pass can act on.

use aws_sdk_kinesis::config::http::HttpResponse;
use aws_sdk_kinesis::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use scaler_app::ports::{CallError, Failure};

/// Error codes by which AWS says "too many calls".
const THROTTLES: [&str; 7] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "ProvisionedThroughputExceededException",
];

/// Makes a [`CallError`] of what the SDK returned after its retries.
pub(crate) fn call_error<E>(call: &'static str, subject: &str, error: SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let code = error.code();
    let failure = match &error {
        SdkError::ServiceError(answer) => {
            service_failure(call, code.unwrap_or_default(), answer.raw().status().is_server_error())
        }
        SdkError::ConstructionFailure(_) => Failure::Refused,
        // Sent perhaps, and perhaps carried out.
        _ => Failure::Unavailable,
    };
    let message = match (code, error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => DisplayErrorContext(&error).to_string(),
    };
    CallError { call, subject: subject.to_owned(), failure, message, source: Some(Box::new(error)) }
}

/// What an error code that AWS sent means for us.
fn service_failure(call: &str, code: &str, is_server_error: bool) -> Failure {
    match code {
        "ResourceNotFoundException" => Failure::NotFound,
        "ResourceInUseException" => Failure::InUse,
        // For a resize this may be any of: ten a day, calls a second, the account's shards, too many streams at once. All
        // are a no for now, and the cooldown paces the next try. For a read it can only be calls a second.
        "LimitExceededException" if call == "UpdateShardCount" => Failure::Refused,
        "LimitExceededException" => Failure::Throttled,
        _ if THROTTLES.contains(&code) => Failure::Throttled,
        _ if is_server_error => Failure::Unavailable,
        _ => Failure::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_answer_has_its_meaning() {
        for (call, code, is_server_error, meaning) in [
            ("DescribeStreamSummary", "ResourceNotFoundException", false, Failure::NotFound),
            ("UpdateShardCount", "ResourceInUseException", false, Failure::InUse),
            ("UpdateShardCount", "LimitExceededException", false, Failure::Refused),
            ("DescribeStreamSummary", "LimitExceededException", false, Failure::Throttled),
            ("UpdateShardCount", "InvalidArgumentException", false, Failure::Refused),
            ("UpdateShardCount", "AccessDeniedException", false, Failure::Refused),
            ("GetMetricData", "ThrottlingException", false, Failure::Throttled),
            ("UpdateShardCount", "InternalFailure", true, Failure::Unavailable),
            ("UpdateShardCount", "", true, Failure::Unavailable),
        ] {
            assert_eq!(service_failure(call, code, is_server_error), meaning, "{call} {code}");
        }
    }
}
