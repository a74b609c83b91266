// SPDX-License-Identifier: Apache-2.0
//! How a call to AWS fails.

use std::error::Error;

/// Why a call came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no such stream.
    NotFound,
    /// The stream is being changed by somebody: a later try may succeed.
    InUse,
    /// AWS understood and said no, as to a bad argument. The same call would fail again.
    Refused,
    /// The caller has no permission for this call. The same call would fail again until somebody gives it.
    Denied,
    /// AWS does not accept the caller's credentials. Every call would fail until somebody corrects them.
    Unauthenticated(CredentialFault),
    /// A limit of the account or the service is reached, other than that of [`Self::DailyLimitReached`] and of calls a second.
    Quota,
    /// AWS says that the stream has had all the resizes of its day. The same call would fail again for hours.
    DailyLimitReached,
    /// Too many calls: nothing was done, a later try may succeed.
    Throttled,
    /// No answer: nobody knows whether the call took effect. A later try may succeed.
    Unavailable,
    /// AWS failed while it answered: nobody knows whether the call took effect. A later try may succeed.
    ServerFault,
    /// An answer that cannot be read, perhaps of a proxy: nobody knows whether the call took effect. A later try may succeed.
    Unreadable,
}

/// Why AWS does not accept the caller's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialFault {
    /// They have expired.
    Expired,
    /// AWS does not know them.
    Unknown,
    /// The signature does not fit them.
    BadSignature,
    /// The call was signed at another time than AWS has.
    ClockSkew,
    /// Their account has not switched the Region or service on.
    NotOptedIn,
}

impl Failure {
    /// Whether nobody knows what came of the call: it may have taken effect.
    pub const fn is_uncertain(self) -> bool {
        matches!(self, Self::Unavailable | Self::ServerFault | Self::Unreadable)
    }

    /// Whether the same call may succeed in a moment, so that Lambda should try the event again.
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Throttled) || self.is_uncertain()
    }

    /// Whether AWS said no to this very call, for whatever reason.
    pub const fn is_refusal(self) -> bool {
        matches!(self, Self::Refused | Self::Denied | Self::Unauthenticated(_) | Self::Quota)
    }
}

/// What to ask oneself where a stream was not found.
pub(crate) const NOT_FOUND_ADVICE: &str = "Check the name, the Region and the account.";

/// A call that failed, after the adapter's own bounded retries.
#[derive(Debug, thiserror::Error)]
#[error("{call} for {subject}: {message}")]
pub struct CallError {
    /// The AWS operation.
    pub call: &'static str,
    /// The stream or alarm it was about.
    pub subject: String,
    /// What kind of failure it was.
    pub failure: Failure,
    /// AWS's error code and words, or what went wrong on the way.
    pub message: String,
    /// The cause, where there is one.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl CallError {
    /// A failure that no other error has caused.
    pub fn new(call: &'static str, subject: impl Into<String>, failure: Failure, message: impl Into<String>) -> Self {
        Self { call, subject: subject.into(), failure, message: message.into(), source: None }
    }

    /// The same, caused by this.
    #[must_use]
    pub fn caused_by(self, source: impl Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)), ..self }
    }
}
