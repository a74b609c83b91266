// SPDX-License-Identifier: Apache-2.0
//! What the stack tells its functions of itself: whom to tell, what alarms call, where to go on. Not policy.

use billing::prices::Item;
use kinesis_model::MicroUsd;
use scaler_core::AlarmActions;

use crate::config::{ConfigError, SettingFault};
use crate::role::Role;
use crate::stream_name::is_stream_name;

/// The variables, unset or empty where there is nothing to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackConfig {
    /// `NOTIFICATION_TOPIC_ARN`: the SNS topic that people read.
    pub notification_topic_arn: Option<String>,
    /// `STREAM_METRICS`: whether metrics are published for each stream, or for each function only.
    pub stream_metrics: bool,
    /// `STREAM_NAMES`: streams that must be managed.
    pub stream_names: Vec<String>,
    /// `SCALE_OUT_ACTION_ARN`: what scale-out alarms call.
    pub scale_out_action_arn: Option<String>,
    /// `SCALE_IN_ACTION_ARN`: what scale-in alarms call.
    pub scale_in_action_arn: Option<String>,
    /// `CONTINUATION_QUEUE_URL`: the queue that calls alarm-sync again.
    pub continuation_queue_url: Option<String>,
    /// `REPORT_BUCKET`: the bucket that reports are kept in.
    pub report_bucket: Option<String>,
    /// `SCALER_FUNCTIONS`: the functions whose runs are the scaler's own cost, each with its memory in MB.
    pub functions: Vec<(String, u32)>,
    /// `SCALER_ROLES`: the roles of the stack's functions, by whose calls alarm-sync is not woken.
    pub roles: Vec<Role>,
    /// `STACK_NAME`: whose alarms are ours; `kinesis-scaler` where it is not said.
    pub stack_name: String,
    /// `PRICE_OVERRIDES`: prices that the operator knows better than the sheet and the Price List, in USD.
    pub prices: Vec<(Item, MicroUsd)>,
    /// `AWS_REGION`, which Lambda sets: prices depend on it.
    pub region: String,
    /// `AWS_LAMBDA_LOG_GROUP_NAME`, which Lambda sets: where people are sent for more.
    pub log_group: String,
}

impl Default for StackConfig {
    fn default() -> Self {
        Self {
            notification_topic_arn: None,
            stream_metrics: false,
            stream_names: Vec::new(),
            scale_out_action_arn: None,
            scale_in_action_arn: None,
            continuation_queue_url: None,
            report_bucket: None,
            functions: Vec::new(),
            roles: Vec::new(),
            stack_name: "kinesis-scaler".to_owned(),
            prices: Vec::new(),
            region: String::new(),
            log_group: String::new(),
        }
    }
}

impl StackConfig {
    /// What the stack's alarms do when they fire.
    pub fn alarm_actions(&self) -> AlarmActions {
        AlarmActions {
            scale_out: self.scale_out_action_arn.clone(),
            scale_in: self.scale_in_action_arn.clone(),
            watch: self.notification_topic_arn.clone(),
        }
    }
}

/// What the stack says in this process's environment.
///
/// # Errors
/// All faults at once.
pub fn from_environment() -> Result<StackConfig, ConfigError> {
    from_lookup(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
}

/// The least that alarm-sync needs to take its alarms away, whatever else is wrong with its settings: whose they are, and where people
/// are told of those that are left.
pub fn stack_alone() -> StackConfig {
    let said = |name| std::env::var(name).ok();
    StackConfig {
        notification_topic_arn: said("NOTIFICATION_TOPIC_ARN").filter(|arn| is_topic(arn)),
        stack_name: said("STACK_NAME").filter(|name| is_stack_name(name)).unwrap_or(StackConfig::default().stack_name),
        region: said("AWS_REGION").unwrap_or_default(),
        log_group: said("AWS_LAMBDA_LOG_GROUP_NAME").unwrap_or_default(),
        ..StackConfig::default()
    }
}

/// What the stack says by these variables.
///
/// # Errors
/// As [`from_environment`].
pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<StackConfig, ConfigError> {
    let mut faults = Vec::new();
    let mut text = |name: &'static str, expected: &str, is_right: fn(&str) -> bool| {
        let value = lookup(name).filter(|value| !value.is_empty())?;
        if !is_right(&value) {
            faults.push(SettingFault::Invalid { name, value: value.clone(), expected: expected.to_owned() });
        }
        Some(value)
    };
    let stack_config = StackConfig {
        notification_topic_arn: text("NOTIFICATION_TOPIC_ARN", "the ARN of an SNS topic, or empty", is_topic),
        stream_metrics: text("STREAM_METRICS", "true or false", is_bool).is_some_and(|value| value == "true"),
        stream_names: text("STREAM_NAMES", "stream names separated by commas, or empty", |value| {
            names(value).all(is_stream_name)
        })
        .map_or_else(Vec::new, |value| names(&value).map(str::to_owned).collect()),
        scale_out_action_arn: text("SCALE_OUT_ACTION_ARN", "the ARN of a topic or function, or empty", is_arn),
        scale_in_action_arn: text("SCALE_IN_ACTION_ARN", "the ARN of a topic or function, or empty", is_arn),
        continuation_queue_url: text("CONTINUATION_QUEUE_URL", "the URL of a queue, or empty", |value| {
            value.starts_with("http")
        }),
        report_bucket: text("REPORT_BUCKET", "the name of a bucket, or empty", is_bucket),
        functions: text("SCALER_FUNCTIONS", "NAME=MB pairs separated by commas, each name once, or empty", |value| {
            functions(value).is_some()
        })
        .and_then(|value| functions(&value))
        .unwrap_or_default(),
        roles: text("SCALER_ROLES", "the ARNs of roles separated by commas, or empty", |value| roles(value).is_some())
            .and_then(|value| roles(&value))
            .unwrap_or_default(),
        stack_name: text("STACK_NAME", "the name of a stack", is_stack_name)
            .unwrap_or(StackConfig::default().stack_name),
        prices: text(
            "PRICE_OVERRIDES",
            "ITEM=USD pairs separated by commas, each item once, for example \
             shard-hour=0.0185,put-units=0.0204, or empty",
            |value| prices(value).is_some(),
        )
        .and_then(|value| prices(&value))
        .unwrap_or_default(),
        region: lookup("AWS_REGION").unwrap_or_default(),
        log_group: lookup("AWS_LAMBDA_LOG_GROUP_NAME").unwrap_or_default(),
    };
    if faults.is_empty() { Ok(stack_config) } else { Err(ConfigError(faults)) }
}

fn names(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim)
}

/// `shard-hour=0.0185,put-units=0.0204`
fn prices(value: &str) -> Option<Vec<(Item, MicroUsd)>> {
    let price = |entry: &str| {
        let (item, usd) = entry.split_once('=')?;
        Some((item.trim().parse().ok()?, usd.trim().parse().ok()?))
    };
    let prices: Vec<_> = names(value).map(price).collect::<Option<_>>()?;
    is_each_once(&prices).then_some(prices)
}

/// Functions and their memory. Source of the bounds: Lambda API reference, `CreateFunction`.
fn functions(value: &str) -> Option<Vec<(String, u32)>> {
    let read = |entry: &str| {
        let (name, megabytes) = entry.split_once('=')?;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_right = (1..=64).contains(&name.len()) && name.bytes().all(is_name);
        let megabytes = megabytes.parse().ok().filter(|megabytes| (128..=10_240).contains(megabytes))?;
        is_right.then(|| (name.to_owned(), megabytes))
    };
    let functions: Vec<_> = names(value).map(read).collect::<Option<_>>()?;
    is_each_once(&functions).then_some(functions)
}

fn roles(value: &str) -> Option<Vec<Role>> {
    names(value).map(Role::of_arn).collect()
}

/// Whether no two entries are about the same.
fn is_each_once<K: PartialEq, V>(entries: &[(K, V)]) -> bool {
    entries.iter().enumerate().all(|(at, (key, _))| entries[..at].iter().all(|(other, _)| other != key))
}

/// Source: S3 User Guide, "General purpose bucket naming rules".
fn is_bucket(name: &str) -> bool {
    let is_edge = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| is_edge(byte) || matches!(byte, b'-' | b'.'))
        && [bytes.first(), bytes.last()].into_iter().flatten().all(is_edge)
}

fn is_bool(value: &str) -> bool {
    matches!(value, "true" | "false")
}

/// Whether a stack can be called so. Source: API reference of CloudFormation, `StackName`.
pub fn is_stack_name(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_arn(value: &str) -> bool {
    value.starts_with("arn:")
}

fn is_topic(value: &str) -> bool {
    is_arn(value) && value.split(':').nth(2) == Some("sns")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<StackConfig, ConfigError> {
        from_lookup(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn what_is_unset_or_empty_is_not_there() {
        assert_eq!(read(&[]).unwrap(), StackConfig::default());
        assert_eq!(read(&[("NOTIFICATION_TOPIC_ARN", ""), ("STREAM_NAMES", "")]).unwrap(), StackConfig::default());
    }

    #[test]
    fn what_is_set_arrives() {
        let stack_config = read(&[
            ("NOTIFICATION_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:people"),
            ("STREAM_METRICS", "true"),
            ("STREAM_NAMES", "orders, clicks"),
            ("SCALE_OUT_ACTION_ARN", "arn:aws:lambda:us-east-1:123456789012:function:out"),
            ("REPORT_BUCKET", "reports-of.kinesis"),
            ("SCALER_ROLES", "arn:aws:iam::123456789012:role/out, arn:aws:iam::123456789012:role/in"),
            ("SCALER_FUNCTIONS", "stack-scale-out=256, stack-alarm_sync=512"),
        ]);
        let stack_config = stack_config.unwrap();
        assert!(stack_config.stream_metrics);
        assert_eq!(stack_config.stream_names, ["orders", "clicks"]);
        assert_eq!(stack_config.report_bucket.as_deref(), Some("reports-of.kinesis"));
        let functions = [("stack-scale-out", 256), ("stack-alarm_sync", 512)];
        assert_eq!(stack_config.functions, functions.map(|(name, megabytes)| (name.to_owned(), megabytes)));
        let role = |name: &str| Role::of_arn(&format!("arn:aws:iam::123456789012:role/{name}")).unwrap();
        assert_eq!(stack_config.roles, [role("out"), role("in")]);
        let actions = stack_config.alarm_actions();
        assert_eq!(actions.watch, stack_config.notification_topic_arn);
        assert_eq!((actions.scale_out.is_some(), actions.scale_in), (true, None));
    }

    #[test]
    fn prices_arrive_exactly_or_not_at_all() {
        let stack_config = read(&[("PRICE_OVERRIDES", "shard-hour=0.0185,put-units=0.0204")]).unwrap();
        assert_eq!(stack_config.prices, [(Item::ShardHour, MicroUsd(18_500)), (Item::PutUnits, MicroUsd(20_400))]);
        for prices in [
            "shard-hours=0.1",
            "shard-hour",
            "shard-hour=cheap",
            "shard-hour=0.1,",
            "shard-hour=-1",
            "shard-hour=1,shard-hour=1",
        ] {
            let told = read(&[("PRICE_OVERRIDES", prices)]).unwrap_err().to_string();
            assert!(told.contains(&format!("PRICE_OVERRIDES={prices:?} is not ITEM=USD")), "{told}");
        }
    }

    #[test]
    fn every_fault_is_told() {
        let told = read(&[("NOTIFICATION_TOPIC_ARN", "people"), ("STREAM_METRICS", "yes"), ("STREAM_NAMES", "a,,b/c")]);
        assert_eq!(
            told.unwrap_err().to_string(),
            "3 invalid setting(s), correct the function's environment variables: \
             NOTIFICATION_TOPIC_ARN=\"people\" is not the ARN of an SNS topic, or empty; STREAM_METRICS=\"yes\" \
             is not true or false; STREAM_NAMES=\"a,,b/c\" is not stream names separated by commas, or empty;"
        );
    }

    #[test]
    fn a_bucket_functions_and_roles_are_named_as_aws_names_them() {
        for bucket in ["ab", "Reports", "-reports", "reports.", "s3://reports", "re ports", &"a".repeat(64)] {
            let told = read(&[("REPORT_BUCKET", bucket)]).unwrap_err().to_string();
            assert!(
                told.contains(&format!("REPORT_BUCKET={bucket:?} is not the name of a bucket, or empty")),
                "{told}"
            );
        }
        for roles in ["scale-out", "arn:aws:iam::123456789012:role/out,", "arn:aws:iam::123456789012:user/out"] {
            let told = read(&[("SCALER_ROLES", roles)]).unwrap_err().to_string();
            assert!(
                told.contains(&format!("SCALER_ROLES={roles:?} is not the ARNs of roles separated by commas")),
                "{told}"
            );
        }
        for functions in
            ["out", "out=", "=256", "out=lots", "out=127", "out=10241", "out=256,", "o/t=256", "a=256,a=512"]
        {
            let told = read(&[("SCALER_FUNCTIONS", functions)]).unwrap_err().to_string();
            assert!(
                told.contains(&format!("SCALER_FUNCTIONS={functions:?} is not NAME=MB pairs separated by commas")),
                "{told}"
            );
        }
    }
}
