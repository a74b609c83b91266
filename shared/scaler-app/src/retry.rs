//! The error in which a function ends where another try of the same event may help: Lambda makes one.

/// Something failed that another try of the same event may mend.
#[derive(Debug, thiserror::Error)]
#[error("worth another try: {0}")]
pub struct RetryNeeded(pub(crate) String);

impl RetryNeeded {
    /// What Lambda shows as the error's type.
    pub const NAME: &str = "RetryNeeded";
}
