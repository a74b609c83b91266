//! AWS, for every command that asks it something: Region, credentials, clients, and what a failed call means for the
//! caller.

use std::error::Error;

use crate::environment::{Environment, kinesis_host, meant};
use anyhow::{Context as _, Result, bail};
use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use scaler_app::ports::{CallError, Failure};
use scaler_app::stack_config::StackConfig;
use scaler_aws::{AwsCostPorts, AwsFleetPorts, Operator, Pace, Share, SystemClock};
use scaler_aws::{is_failing, is_unreadable};

/// The codes by which AWS does not take the caller for who they say they are, and what each means.
const STRANGERS: [(&str, Stranger); 22] = [
    ("ExpiredToken", Stranger::Expired),
    ("ExpiredTokenException", Stranger::Expired),
    ("TokenRefreshRequired", Stranger::Expired),
    ("UnrecognizedClientException", Stranger::Unknown),
    ("InvalidClientTokenId", Stranger::Unknown),
    ("InvalidAccessKeyId", Stranger::Unknown),
    ("InvalidToken", Stranger::Unknown),
    ("AuthFailure", Stranger::Unknown),
    ("NotSignedUp", Stranger::Unknown),
    ("SignatureDoesNotMatch", Stranger::Missigned),
    ("InvalidSignatureException", Stranger::Missigned),
    ("IncompleteSignature", Stranger::Missigned),
    ("IncompleteSignatureException", Stranger::Missigned),
    ("MissingAuthenticationToken", Stranger::Missigned),
    ("MissingAuthenticationTokenException", Stranger::Missigned),
    ("InvalidSignature", Stranger::Missigned),
    ("RequestExpired", Stranger::OffTime),
    ("RequestTimeTooSkewed", Stranger::OffTime),
    ("RequestInTheFuture", Stranger::OffTime),
    ("OptInRequired", Stranger::NotOptedIn),
    ("SubscriptionRequiredException", Stranger::NotOptedIn),
    ("RegionDisabledException", Stranger::NotOptedIn),
];

/// Why AWS does not take the caller for who they say they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stranger {
    /// The credentials were good once.
    Expired,
    /// AWS does not know the credentials.
    Unknown,
    /// The signature does not fit.
    Missigned,
    /// The call was signed at another time than AWS has.
    OffTime,
    /// The account has not switched the Region or service on.
    NotOptedIn,
}

/// What a stack is called where nobody says otherwise, as in `samconfig.toml`.
pub(crate) const OUR_STACK: &str = "kinesis-scaler";

/// AWS as the caller may use it.
pub(crate) struct Connection {
    /// What the functions use, with nobody to be told.
    pub(crate) ports: AwsFleetPorts,
    /// What only a person asks for.
    pub(crate) operator: Operator,
    /// The Region.
    pub(crate) region: String,
    sdk: SdkConfig,
}

impl Connection {
    /// Finds Region and credentials as the AWS SDKs do.
    ///
    /// # Errors
    /// One of them is missing.
    pub(crate) async fn new() -> Result<Self> {
        Self::of_stack(OUR_STACK).await
    }

    /// As [`Self::new`], to fit the alarms of this stack.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) async fn of_stack(stack: &str) -> Result<Self> {
        let environment = Environment::of_process();
        let faults = environment.faults();
        if !faults.is_empty() {
            bail!(faults.join("\n  "));
        }
        let sdk = scaler_aws::loader().load().await;
        let Some(region) = sdk.region().map(ToString::to_string) else { bail!(environment.no_region()) };
        has_address(&region, &environment).await?;
        has_credentials(&sdk, &environment).await?;
        let pace = Pace::of(Share::SCALING, SystemClock);
        let ports = scaler_aws::fleet_ports(&sdk, SystemClock, &pace, &wiring_of(stack));
        Ok(Self { ports, operator: Operator::new(&sdk, &pace), region, sdk })
    }

    /// From now on the alarms of this stack are fitted.
    pub(crate) fn fits_alarms_of(&mut self, stack: &str) {
        let pace = Pace::of(Share::SCALING, SystemClock);
        self.ports = scaler_aws::fleet_ports(&self.sdk, SystemClock, &pace, &wiring_of(stack));
    }

    /// What cost-report uses, with nobody to be told.
    pub(crate) fn cost_ports(&self, stack_config: &StackConfig) -> AwsCostPorts {
        scaler_aws::cost_ports(&self.sdk, SystemClock, &Pace::of(Share::COST_REPORT, SystemClock), stack_config)
    }
}

fn wiring_of(stack: &str) -> StackConfig {
    StackConfig { stack_name: stack.to_owned(), ..StackConfig::default() }
}

/// Runs what waits for AWS's answers.
///
/// # Errors
/// Its own, or the machine's.
pub(crate) fn in_aws<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start what waits for AWS's answers")?.block_on(work)
}

/// Whether AWS has a Region that is nearly called as another: a slip of the pen would otherwise be a network that does not answer.
async fn has_address(region: &str, environment: &Environment) -> Result<()> {
    if !environment.doubts(region) {
        return Ok(());
    }
    let host = kinesis_host(region);
    if tokio::net::lookup_host((host.as_str(), 443)).await.is_ok() {
        return Ok(());
    }
    bail!("{} is no Region that AWS has, and {host} has no address: {}", environment.region_said(region), meant(region))
}

/// Whether calls could be signed: asked beforehand, since a call says it only among all else that went wrong.
async fn has_credentials(sdk: &SdkConfig, environment: &Environment) -> Result<()> {
    let Some(provider) = sdk.credentials_provider() else { bail!(environment.no_credentials(None)) };
    match provider.provide_credentials().await {
        Ok(_) => Ok(()),
        Err(CredentialsError::CredentialsNotLoaded(_)) => bail!(environment.no_credentials(None)),
        Err(error) => bail!(environment.no_credentials(Some(&last_cause(&error)))),
    }
}

/// The cause of an error that none has caused: those before it only say that something failed.
fn last_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// A call that failed, with what to do about it.
pub(crate) fn explained(error: &CallError) -> anyhow::Error {
    anyhow::anyhow!("{error}; {}", advice(error))
}

/// What to do about a call that failed.
pub(crate) fn advice(error: &CallError) -> String {
    match error.failure {
        Failure::NotFound => "is it called so, in this Region and account?".to_owned(),
        Failure::Denied => format!("ask for the permission {}", permission(error.call)),
        Failure::Quota => {
            "AWS's words name the limit: make room under it, or ask AWS for more where it is the account's".to_owned()
        }
        Failure::Refused | Failure::DaySpent => {
            advice_on(code(error)).unwrap_or_else(|| "AWS's words say what is wrong".to_owned())
        }
        Failure::InUse | Failure::Throttled => "AWS is busy; try again in a minute".to_owned(),
        Failure::Unavailable if is_failing(&error.message) => "AWS is failing; try again in a minute".to_owned(),
        Failure::Unavailable if is_unreadable(&error.message) => Environment::of_process().not_aws(),
        Failure::Unavailable => Environment::of_process().unreachable(),
    }
}

/// Why AWS does not take the caller for who they say they are; `None` for other codes.
fn stranger(code: &str) -> Option<Stranger> {
    STRANGERS.iter().find(|(known, _)| *known == code).map(|(_, stranger)| *stranger)
}

impl Stranger {
    /// What to do about it.
    fn advice(self, environment: &Environment) -> String {
        let whose = || environment.credentials_said();
        match self {
            Self::Expired => format!("the credentials have expired ({}): {}", whose(), environment.renewal()),
            Self::Unknown => format!(
                "AWS does not know the credentials ({}), or their account has not switched this Region on",
                whose()
            ),
            Self::Missigned => {
                format!("the secret key does not fit the access key ({}), or this machine's clock is wrong", whose())
            }
            Self::OffTime => "set this machine's clock: AWS has another time".to_owned(),
            Self::NotOptedIn => "switch the Region or service on for the account".to_owned(),
        }
    }
}

/// Whether AWS refuses the caller and not the call: no other call will be answered either.
pub(crate) fn is_stranger(error: &CallError) -> bool {
    error.failure == Failure::Refused && stranger(code(error)).is_some()
}

/// What to do where words quote AWS not taking the caller for who they say they are.
pub(crate) fn advice_on(words: &str) -> Option<String> {
    let stranger = words.split([':', ' ', ';']).find_map(stranger)?;
    Some(stranger.advice(&Environment::of_process()))
}

/// The code of AWS's answer.
fn code(error: &CallError) -> &str {
    error.message.split(':').next().unwrap_or_default().trim()
}

/// The IAM action of an operation.
fn permission(call: &str) -> String {
    let service = match call {
        "GetMetricData" | "DescribeAlarms" | "ListTagsForResource" | "PutMetricAlarm" => "cloudwatch",
        "GetResources" => "tag",
        _ => "kinesis",
    };
    format!("{service}:{call}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_says_of_the_caller_is_told_from_what_it_says_of_the_call() {
        for (words, expected) in [
            ("orders: ExpiredTokenException: the token is expired", Some(Stranger::Expired)),
            ("InvalidClientTokenId: no", Some(Stranger::Unknown)),
            ("SignatureDoesNotMatch", Some(Stranger::Missigned)),
            ("a; RequestTimeTooSkewed: b", Some(Stranger::OffTime)),
            ("OptInRequired: c", Some(Stranger::NotOptedIn)),
            ("AccessDeniedException: no", None),
            ("the ExpiredTokens of a stream", None),
        ] {
            let advice = expected.map(|stranger| stranger.advice(&Environment::of_process()));
            assert_eq!(advice_on(words), advice, "{words}");
        }
    }
}
