//! Clients built once per cold start, with the retries and time limits that every call is held to.

use std::marker::PhantomData;
use std::sync::OnceLock;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_kinesis::config::SharedHttpClient;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::HttpConnectorSettings;
use aws_types::service_config::ServiceConfigKey;
use billing::prices::price_list_region;
use scaler_app::Ports;
use scaler_app::cost::ports::{CostAdapters, CostPorts};
use scaler_app::ports::{Adapters, Clock, Pasts};
use scaler_app::stack_config::StackConfig;
use scaler_app::sync::{FleetAdapters, FleetPorts};

use crate::pace::{Pace, Share};
use crate::trust::trust_store;
use crate::{
    AwsPriceList, CloudFormation, CloudWatchAlarms, CloudWatchMetrics, KinesisBilling, KinesisStreams, S3Pages,
    SnsNotices, SqsContinuations, SystemClock, TaggingFleet, Topic,
};

/// Tries per call, the first included; the SDK waits between them exponentially longer, with jitter.
const ATTEMPTS_MAX: u32 = 4;
/// A healthy control-plane call takes tens of milliseconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// One call with all its retries. A pass makes fourteen calls at most and begins in the first half of the function's 60 s; a
/// call that takes this long is one that fails, and ends the pass.
const CALL_TIMEOUT: Duration = Duration::from_secs(12);

/// The adapters of this library, with this clock.
#[derive(Debug)]
pub struct Aws<C>(PhantomData<C>);

impl<C: Clock> Adapters for Aws<C> {
    type Streams = KinesisStreams;
    type Metrics = CloudWatchMetrics;
    type Alarms = CloudWatchAlarms;
    type Notices = SnsNotices;
    type Clock = C;
}

impl<C: Clock> FleetAdapters for Aws<C> {
    type Fleet = TaggingFleet;
    type AlarmStore = CloudWatchAlarms;
    type FleetMetrics = CloudWatchMetrics;
    type Continuations = SqsContinuations;
}

impl<C: Clock> CostAdapters for Aws<C> {
    type Billing = KinesisBilling;
    type PriceList = AwsPriceList;
    type Pages = S3Pages;
}

/// The ports of a pass as they are in AWS.
pub type AwsPorts<C = SystemClock> = Ports<Aws<C>>;
/// The ports of alarm-sync as they are in AWS.
pub type AwsFleetPorts<C = SystemClock> = FleetPorts<Aws<C>>;
/// The ports of cost-report as they are in AWS.
pub type AwsCostPorts<C = SystemClock> = CostPorts<Aws<C>>;

/// What scale-out and scale-in need. Region, credentials and endpoint by the SDK's own conventions (`AWS_REGION`,
/// `AWS_ENDPOINT_URL`, ...).
pub async fn connect(stack_config: &StackConfig) -> AwsPorts {
    ports(&loader().load().await, SystemClock, &Pace::of(Share::SCALING, SystemClock), stack_config)
}

/// What alarm-sync needs, as [`connect`].
pub async fn connect_fleet(stack_config: &StackConfig) -> (AwsFleetPorts, CloudFormation) {
    let (sdk, pace) = (loader().load().await, Pace::of(Share::ALARM_SYNC, SystemClock));
    (fleet_ports(&sdk, SystemClock, &pace, stack_config), CloudFormation::new(&sdk, &pace))
}

/// What cost-report needs, as [`connect`].
pub async fn connect_cost(stack_config: &StackConfig) -> AwsCostPorts {
    cost_ports(&loader().load().await, SystemClock, &Pace::of(Share::COST_REPORT, SystemClock), stack_config)
}

/// The ports of a pass over this configuration, with this clock.
pub fn ports<C: Clock>(sdk: &SdkConfig, clock: C, pace: &Pace, stack_config: &StackConfig) -> AwsPorts<C> {
    let cloudwatch = aws_sdk_cloudwatch::Client::new(sdk);
    // A client that nobody needs is not made: it would cost every cold start.
    let topic = stack_config.notification_topic_arn.clone().map(|arn| Topic {
        client: aws_sdk_sns::Client::new(sdk),
        arn,
        here: format!("Where: Region {}, log group {}", stack_config.region, stack_config.log_group),
    });
    Ports {
        pasts: Pasts::default(),
        account: OnceLock::new(),
        region: Some(stack_config.region.clone()).filter(|region| !region.is_empty()),
        streams: KinesisStreams(aws_sdk_kinesis::Client::new(sdk), pace.clone()),
        metrics: CloudWatchMetrics(cloudwatch.clone(), pace.clone()),
        alarms: CloudWatchAlarms { client: cloudwatch, pace: pace.clone(), stack: stack_config.stack_name.clone() },
        notices: SnsNotices(topic),
        clock,
    }
}

/// The ports of alarm-sync over this configuration, with this clock.
pub fn fleet_ports<C: Clock>(sdk: &SdkConfig, clock: C, pace: &Pace, stack_config: &StackConfig) -> AwsFleetPorts<C> {
    let pass = ports(sdk, clock, pace, stack_config);
    let queue = stack_config.continuation_queue_url.clone();
    FleetPorts {
        fleet: TaggingFleet {
            client: aws_sdk_resourcegroupstagging::Client::new(sdk),
            pace: pace.clone(),
            stack: stack_config.stack_name.clone(),
        },
        alarms: pass.alarms.clone(),
        metrics: pass.metrics.clone(),
        continuations: SqsContinuations(queue.map(|queue| (aws_sdk_sqs::Client::new(sdk), queue))),
        pass,
    }
}

/// The ports of cost-report over this configuration, with this clock.
pub fn cost_ports<C: Clock>(sdk: &SdkConfig, clock: C, pace: &Pace, stack_config: &StackConfig) -> AwsCostPorts<C> {
    let fleet = fleet_ports(sdk, clock, pace, stack_config);
    let bucket = stack_config.report_bucket.clone();
    CostPorts {
        billing: KinesisBilling { streams: fleet.pass.streams.clone(), metrics: fleet.metrics.clone() },
        price_list: AwsPriceList(price_list(sdk)),
        pages: S3Pages(bucket.map(|bucket| (s3(sdk), bucket))),
        fleet,
    }
}

/// The Price List of a Region is asked for in one Region of its partition, if in any.
fn price_list(sdk: &SdkConfig) -> Option<aws_sdk_pricing::Client> {
    let config = aws_sdk_pricing::config::Builder::from(sdk);
    let config = if is_elsewhere(sdk, "Pricing") {
        config
    } else {
        config.region(Region::from_static(price_list_region(sdk.region().map_or("", Region::as_ref))?))
    };
    Some(aws_sdk_pricing::Client::from_conf(config.build()))
}

/// A local endpoint has no name for each bucket, as AWS has.
fn s3(sdk: &SdkConfig) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(sdk).force_path_style(is_elsewhere(sdk, "S3"));
    aws_sdk_s3::Client::from_conf(config.build())
}

/// Whether somebody has named an endpoint for the calls of a service: `AWS_ENDPOINT_URL`, that with the service's name behind it, or
/// the same in a profile. As each client looks for its own.
fn is_elsewhere(sdk: &SdkConfig, service: &str) -> bool {
    let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let key = key.expect("a key with its three parts is one");
    sdk.endpoint_url().is_some() || sdk.service_config().and_then(|config| config.load_config(key)).is_some()
}

/// What every client of ours is configured with.
pub fn loader() -> ConfigLoader {
    let timeouts =
        TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).operation_timeout(CALL_TIMEOUT).build();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(https(trust_store(|name| std::env::var_os(name))))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX))
        .timeout_config(timeouts)
}

/// ring and not the SDK's default provider: that one tests its entropy at start, at the expense of every cold start.
pub(crate) fn https(roots: TrustStore) -> SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls(roots)).build_https()
}

/// The same for one request that is no call of an SDK's, with the time limit of an attempt.
pub(crate) fn connector(roots: TrustStore) -> Connector {
    let limits =
        HttpConnectorSettings::builder().connect_timeout(ATTEMPT_TIMEOUT).read_timeout(ATTEMPT_TIMEOUT).build();
    let builder = Connector::builder().connector_settings(limits).tls_provider(Provider::Rustls(CryptoMode::Ring));
    builder.tls_context(tls(roots)).build()
}

fn tls(roots: TrustStore) -> TlsContext {
    TlsContext::builder().with_trust_store(roots).build().expect("a trust store is all that it needs")
}
