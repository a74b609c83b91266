// SPDX-License-Identifier: Apache-2.0
//! What AWS answered, as a failure that a pass can act on.

use std::error::Error;

use aws_sdk_kinesis::config::http::HttpResponse;
use aws_sdk_kinesis::error::{ErrorMetadata, ProvideErrorMetadata, SdkError};
use kinesis_model::throttling::is_throttling;
use scaler_app::cloud::{CallError, CredentialFault, Failure};

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
/// Error codes by which AWS does not accept the caller's credentials, and what each means.
const CREDENTIAL_FAULTS: [(&str, CredentialFault); 22] = [
    ("ExpiredToken", CredentialFault::Expired),
    ("ExpiredTokenException", CredentialFault::Expired),
    ("TokenRefreshRequired", CredentialFault::Expired),
    ("UnrecognizedClientException", CredentialFault::Unknown),
    ("InvalidClientTokenId", CredentialFault::Unknown),
    ("InvalidAccessKeyId", CredentialFault::Unknown),
    ("InvalidToken", CredentialFault::Unknown),
    ("AuthFailure", CredentialFault::Unknown),
    ("NotSignedUp", CredentialFault::Unknown),
    ("SignatureDoesNotMatch", CredentialFault::BadSignature),
    ("InvalidSignatureException", CredentialFault::BadSignature),
    ("IncompleteSignature", CredentialFault::BadSignature),
    ("IncompleteSignatureException", CredentialFault::BadSignature),
    ("MissingAuthenticationToken", CredentialFault::BadSignature),
    ("MissingAuthenticationTokenException", CredentialFault::BadSignature),
    ("InvalidSignature", CredentialFault::BadSignature),
    ("RequestExpired", CredentialFault::ClockSkew),
    ("RequestTimeTooSkewed", CredentialFault::ClockSkew),
    ("RequestInTheFuture", CredentialFault::ClockSkew),
    ("OptInRequired", CredentialFault::NotOptedIn),
    ("SubscriptionRequiredException", CredentialFault::NotOptedIn),
    ("RegionDisabledException", CredentialFault::NotOptedIn),
];
/// What error codes have in them by which AWS says that a limit is reached: `LimitExceeded`, `LimitExceededFault`,
/// `ServiceQuotaExceededException`.
const QUOTAS: [&str; 2] = ["LimitExceeded", "QuotaExceeded"];
/// Characters kept of an error that has no code: it may quote a whole answer.
const WORDS_MAX: usize = 300;
/// Characters shown of an answer that cannot be read.
const ANSWER_SHOWN_CHARS: usize = 80;
/// Statuses of the caller's fault by which nobody says that the same request will fail again: timeout, too many requests.
const PASSING: [u16; 2] = [408, 429];

/// What AWS's words have in them where a resize is refused for another limit than the ten of the day: the account's shards, double,
/// half, 10,000 shards, too many streams at once. Source: `UpdateShardCount`, `SplitShard` and `LimitExceededException` in the API
/// reference; messages seen in public (`docs/aws-facts.md#resharding`).
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
pub fn call_error<E>(call: &'static str, subject: &str, error: SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let (failure, message) = match (error.code(), error.raw_response()) {
        (Some(code), Some(answer)) => {
            let words = error.message();
            let failure = service_failure(call, code, words.unwrap_or_default(), answer.status().is_client_error());
            (failure, words.map_or_else(|| code.to_owned(), |words| format!("{code}: {words}")))
        }
        (None, Some(answer)) => without_a_code(call, answer, read_of(&error)),
        (_, None) if matches!(error, SdkError::ConstructionFailure(_)) => (Failure::Refused, causes(&error)),
        // Sent perhaps, and perhaps carried out.
        (_, None) => (Failure::Unavailable, causes(&error)),
    };
    CallError { call, subject: subject.to_owned(), failure, message, source: Some(Box::new(error)) }
}

/// What the SDK read in an answer without a code, if it could read it: it keeps that among the causes.
fn read_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a ErrorMetadata> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(read) = error.downcast_ref() {
            return Some(read);
        }
        cause = error.source();
    }
    None
}

/// An answer without a code: AWS fails in passing, or what answered is not AWS.
fn without_a_code(call: &str, answer: &HttpResponse, read: Option<&ErrorMetadata>) -> (Failure, String) {
    let status = answer.status();
    let begins = begins(answer);
    let said = match read.and_then(ErrorMetadata::message) {
        Some(words) => Some(format!(": {}", shown(words, WORDS_MAX))),
        None if !status.is_server_error() => None,
        None if begins.is_empty() => Some(", and an empty body".to_owned()),
        None => read.filter(|_| is_as_expected(call, answer)).map(|_| format!(", which begins {begins:?}")),
    };
    let Some(said) = said else { return (Failure::Unreadable, unreadable(call, answer, &begins)) };
    let is_passing = status.is_server_error() || PASSING.contains(&status.as_u16());
    let failure = if is_passing { Failure::ServerFault } else { Failure::Refused };
    (failure, format!("an answer without an error code: HTTP {}{said}", status.as_u16()))
}

/// A page of a proxy's, or another protocol than the service's.
fn unreadable(call: &str, answer: &HttpResponse, begins: &str) -> String {
    let kind = content_type(answer).unwrap_or("no content type");
    let expected = match (is_as_expected(call, answer), begins.is_empty()) {
        (false, _) => format!("expected {}", protocol(call).0),
        (true, true) => "but an empty body".to_owned(),
        (true, false) => "but its body is not what AWS writes".to_owned(),
    };
    let begins = if begins.is_empty() { String::new() } else { format!(", which begins {begins:?}") };
    format!("an answer that cannot be read: HTTP {} with {kind}, {expected}{begins}", answer.status().as_u16())
}

fn content_type(answer: &HttpResponse) -> Option<&str> {
    answer.headers().get("content-type")
}

/// Whether an answer says that it is in the protocol of the call's service.
fn is_as_expected(call: &str, answer: &HttpResponse) -> bool {
    let kind = content_type(answer).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(protocol(call).1)
}

/// How the body of an answer begins, in a line; empty where it has none.
fn begins(answer: &HttpResponse) -> String {
    shown(&answer.body().bytes().map(String::from_utf8_lossy).unwrap_or_default(), ANSWER_SHOWN_CHARS)
}

/// So many characters of a text at most, in a line.
fn shown(text: &str, chars: usize) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().filter(|c| !c.is_control()).take(chars).collect()
}

/// The protocol that the service of a call speaks with the SDK, and its content type. Source: the SDK's crates.
fn protocol(call: &str) -> (&'static str, &'static str) {
    match call {
        "GetMetricData" | "DescribeAlarms" | "PutMetricAlarm" | "DeleteAlarms" | "ListTagsForResource" => {
            ("CBOR (rpc-v2-cbor, application/cbor)", "application/cbor")
        }
        "Publish" => ("XML (AWS query, text/xml)", "text/xml"),
        "PutObject" => ("XML (REST, application/xml)", "application/xml"),
        "SendMessage" => ("JSON (application/x-amz-json-1.0)", "application/x-amz-json-1.0"),
        _ => ("JSON (application/x-amz-json-1.1)", "application/x-amz-json-1.1"),
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
fn service_failure(call: &str, code: &str, message: &str, is_client_error: bool) -> Failure {
    match code {
        "ResourceNotFoundException" => Failure::NotFound,
        "ResourceInUseException" => Failure::InUse,
        "LimitExceededException" if call == "UpdateShardCount" => resize_failure(message),
        // The account's shards, or too many streams at once. For a read it can only be calls a second.
        "LimitExceededException" if matches!(call, "SplitShard" | "MergeShards" | "CreateStream") => Failure::Quota,
        "LimitExceededException" => Failure::Throttled,
        code if is_throttling(code) => Failure::Throttled,
        code if TIMEOUTS.contains(&code) => Failure::ServerFault,
        code if DENIED.contains(&code) => Failure::Denied,
        code if QUOTAS.iter().any(|part| code.contains(part)) => Failure::Quota,
        _ if is_client_error => {
            let known = CREDENTIAL_FAULTS.iter().find(|(known, _)| *known == code);
            known.map_or(Failure::Refused, |(_, fault)| Failure::Unauthenticated(*fault))
        }
        _ => Failure::ServerFault,
    }
}

/// What `LimitExceededException` for a resize means: the ten of the day, unless AWS's words are about another limit. No list of those
/// words is published. Taken for the ten by mistake, the stream is split where it throttles, and the call tried again in an hour.
fn resize_failure(message: &str) -> Failure {
    let message = message.to_ascii_lowercase();
    let is_other = OTHER_LIMITS_OF_A_RESIZE.iter().any(|words| message.contains(words));
    if is_other { Failure::Quota } else { Failure::DailyLimitReached }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_without_an_answer_says_why_in_words() {
        let failed = |message: &str| CallError::new("DescribeStreamSummary", "orders", Failure::Unavailable, message);
        // What says its cause itself does not have it said twice.
        let inner = failed("refused").caused_by(std::io::Error::other("refused"));
        let error = failed("dispatch failure").caused_by(inner);
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
            (
                "UpdateShardCount",
                "UnrecognizedClientException",
                true,
                Failure::Unauthenticated(CredentialFault::Unknown),
            ),
            ("DescribeLimits", "ExpiredTokenException", true, Failure::Unauthenticated(CredentialFault::Expired)),
            ("PutMetricAlarm", "SignatureDoesNotMatch", true, Failure::Unauthenticated(CredentialFault::BadSignature)),
            ("GetMetricData", "RequestTimeTooSkewed", true, Failure::Unauthenticated(CredentialFault::ClockSkew)),
            ("ListShards", "OptInRequired", true, Failure::Unauthenticated(CredentialFault::NotOptedIn)),
            ("GetMetricData", "ThrottlingException", true, Failure::Throttled),
            ("UpdateShardCount", "RequestTimeout", true, Failure::ServerFault),
            ("UpdateShardCount", "InternalFailure", false, Failure::ServerFault),
        ] {
            assert_eq!(service_failure(call, code, "", is_client_error), meaning, "{call} {code}");
        }
    }

    #[test]
    fn the_ten_of_a_day_are_told_from_other_limits() {
        for (message, meaning) in [
            ("Rate exceeded for stream orders under account 123456789012.", Failure::DailyLimitReached),
            (
                "UpdateShardCount can be called at most 10 times in a rolling 24-hour period.",
                Failure::DailyLimitReached,
            ),
            ("", Failure::DailyLimitReached),
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
            let found = service_failure("UpdateShardCount", "LimitExceededException", message, true);
            assert_eq!(found, meaning, "{message}");
        }
    }
}
