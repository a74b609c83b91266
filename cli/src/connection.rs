// SPDX-License-Identifier: Apache-2.0
//! AWS, for every command that asks it something: Region, credentials, clients, and what a failed call means for the
//! caller.

use std::error::Error;

use crate::environment::{Environment, kinesis_host, meant};
use anyhow::{Context as _, Result, bail};
use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use billing_aws::AwsCostCloud;
use operator_aws::Operator;
use scaler_app::FunctionState;
use scaler_app::cloud::{CallError, CredentialFault, Failure};
use scaler_app::stack_config::StackConfig;
use scaler_aws::{AwsFleetCloud, Pace, Share, SystemClock};

/// What a stack is called where nobody says otherwise, as in `samconfig.toml`.
pub(crate) const OUR_STACK: &str = "kinesis-scaler";

/// AWS as the caller may use it.
pub(crate) struct Connection {
    /// What the functions use, with nobody to be told.
    pub(crate) cloud: AwsFleetCloud,
    /// Whose alarms are fitted.
    pub(crate) function_state: FunctionState,
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
        let cloud = AwsFleetCloud::new(&sdk, SystemClock, &pace, &StackConfig::default());
        let function_state = FunctionState { stack: stack.to_owned(), ..FunctionState::default() };
        Ok(Self { cloud, function_state, operator: Operator::new(&sdk, &pace), region, sdk })
    }

    /// From now on the alarms of this stack are fitted.
    pub(crate) fn fits_alarms_of(&mut self, stack: &str) {
        stack.clone_into(&mut self.function_state.stack);
    }

    /// What cost-report uses, with nobody to be told.
    pub(crate) fn cost_cloud(&self, stack_config: &StackConfig) -> AwsCostCloud {
        AwsCostCloud::new(&self.sdk, SystemClock, &Pace::of(Share::COST_REPORT, SystemClock), stack_config)
    }
}

/// Runs what waits for AWS's answers.
///
/// # Errors
/// Its own, or the machine's.
pub(crate) fn in_aws<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start the runtime that waits for AWS's answers")?.block_on(work)
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
    bail!("{} is not a Region of AWS, and {host} has no address: {}", environment.region_said(region), meant(region))
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
        Failure::NotFound => "check the name, the Region and the account".to_owned(),
        Failure::Denied => format!("ask for the permission {}", permission(error.call)),
        Failure::Quota => {
            "AWS's message names the limit: free some of it, or ask AWS for a higher one if it is the account's"
                .to_owned()
        }
        Failure::Unauthenticated(fault) => credentials_advice(fault),
        Failure::Refused | Failure::DailyLimitReached => "AWS's message says what is wrong".to_owned(),
        Failure::InUse | Failure::Throttled => "AWS is busy; try again in a minute".to_owned(),
        Failure::ServerFault => "AWS is failing; try again in a minute".to_owned(),
        Failure::Unreadable => Environment::of_process().not_aws(),
        Failure::Unavailable => Environment::of_process().unreachable(),
    }
}

/// What to do where AWS does not accept the caller's credentials.
pub(crate) fn credentials_advice(fault: CredentialFault) -> String {
    let environment = Environment::of_process();
    let whose = || environment.credentials_said();
    match fault {
        CredentialFault::Expired => {
            format!("the credentials have expired ({}): {}", whose(), environment.renewal())
        }
        CredentialFault::Unknown => {
            format!("AWS does not know the credentials ({}), or their account has not switched this Region on", whose())
        }
        CredentialFault::BadSignature => {
            format!("the secret key does not fit the access key ({}), or this machine's clock is wrong", whose())
        }
        CredentialFault::ClockSkew => "correct this machine's clock: it differs from AWS's".to_owned(),
        CredentialFault::NotOptedIn => "switch the Region or service on for the account".to_owned(),
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
