//! AWS, for every command that asks it something: Region, credentials, clients, and what a failed call means for the
//! caller.

use anyhow::{Context as _, Result, bail};
use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use scaler_app::ports::{CallError, Failure};
use scaler_app::wiring::Wiring;
use scaler_aws::{AwsCostPorts, AwsFleetPorts, Operator, Pace, Share, SystemClock};

const NO_CREDENTIALS: &str = "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; \
     with IAM Identity Center, eval \"$(aws configure export-credentials --format env)\"";
/// How AWS's words begin when it is the credentials that it refuses, not the call.
const NOT_PERMITTED: [&str; 2] = ["AccessDenied", "UnauthorizedOperation"];

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
        let sdk = scaler_aws::loader().load().await;
        let Some(region) = sdk.region().map(ToString::to_string) else {
            bail!("no AWS Region is set: set AWS_REGION, or a region in the profile that AWS_PROFILE names");
        };
        has_credentials(&sdk).await?;
        let pace = Pace::of(Share::SCALING, SystemClock);
        let wiring = Wiring { stack_name: stack.to_owned(), ..Wiring::default() };
        let ports = scaler_aws::fleet_ports(&sdk, SystemClock, &pace, &wiring);
        Ok(Self { ports, operator: Operator::new(&sdk, &pace), region, sdk })
    }

    /// What cost-report uses, with nobody to be told.
    pub(crate) fn cost_ports(&self, wiring: &Wiring) -> AwsCostPorts {
        scaler_aws::cost_ports(&self.sdk, SystemClock, &Pace::of(Share::COST_REPORT, SystemClock), wiring)
    }
}

/// Runs what waits for AWS's answers.
///
/// # Errors
/// Its own, or the machine's.
pub(crate) fn in_aws<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start what waits for AWS's answers")?.block_on(work)
}

/// Whether calls could be signed: asked beforehand, since a call says it only among all else that went wrong.
async fn has_credentials(sdk: &SdkConfig) -> Result<()> {
    let Some(provider) = sdk.credentials_provider() else { bail!("{NO_CREDENTIALS}") };
    match provider.provide_credentials().await {
        Ok(_) => Ok(()),
        Err(CredentialsError::CredentialsNotLoaded(_)) => bail!("{NO_CREDENTIALS}"),
        Err(error) => Err(anyhow::Error::new(error).context(NO_CREDENTIALS)),
    }
}

/// A call that failed, with what to do about it.
pub(crate) fn explained(error: &CallError) -> anyhow::Error {
    anyhow::anyhow!("{error}; {}", advice(error))
}

/// What to do about a call that failed.
pub(crate) fn advice(error: &CallError) -> String {
    match error.failure {
        Failure::NotFound => "is it called so, in this Region and account?".to_owned(),
        Failure::Refused if NOT_PERMITTED.iter().any(|code| error.message.starts_with(code)) => {
            format!("ask for the permission {}", permission(error.call))
        }
        Failure::Refused | Failure::DaySpent => {
            format!("AWS's words say what is wrong (the permission that it takes is {})", permission(error.call))
        }
        Failure::InUse | Failure::Throttled => "AWS is busy; try again in a minute".to_owned(),
        Failure::Unavailable => "is the endpoint reachable (AWS_ENDPOINT_URL, where one is set)?".to_owned(),
    }
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
