// SPDX-License-Identifier: Apache-2.0
//! A sandbox on a clock that tests move, and clients of it.

use aws_credential_types::Credentials;
use aws_sdk_cloudwatch::types as cw;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_types::retry::RetryConfig;
use jiff::{SignedDuration, Timestamp};
use sandbox::{Capacity, ClockOptions, Delivery, Options, Sandbox};
use tokio::sync::mpsc::UnboundedReceiver;

pub(crate) const STREAM: &str = "orders";

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) deliveries: UnboundedReceiver<Delivery>,
    pub(crate) kinesis: aws_sdk_kinesis::Client,
    pub(crate) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) tagging: aws_sdk_resourcegroupstagging::Client,
    pub(crate) pricing: aws_sdk_pricing::Client,
    pub(crate) s3: aws_sdk_s3::Client,
}

/// The first virtual time of a world with a manual clock, on a whole minute.
pub(crate) fn start() -> Timestamp {
    "2026-01-02T03:00:00Z".parse().unwrap()
}

pub(crate) fn manual() -> Options {
    Options {
        clock: ClockOptions::Manual { start: start(), weight: 1.0 },
        create_seconds: 0,
        resize_seconds: 0,
        ..Options::default()
    }
}

macro_rules! client {
    ($sdk:ident, $endpoint:expr) => {
        client!($sdk, $endpoint, |config| config)
    };
    ($sdk:ident, $endpoint:expr, |$config:ident| $more:expr) => {{
        let $config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new("us-east-1"))
            .credentials_provider(Credentials::from_keys("sandbox", "sandbox", None))
            .http_client(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https())
            .retry_config(RetryConfig::disabled())
            .endpoint_url($endpoint);
        $sdk::Client::from_conf($more.build())
    }};
}

impl World {
    pub(crate) async fn new(options: Options) -> Self {
        let (sandbox, deliveries) = Sandbox::start(options).await.unwrap();
        let kinesis = client!(aws_sdk_kinesis, sandbox.endpoint());
        let cloudwatch = client!(aws_sdk_cloudwatch, sandbox.endpoint());
        let sns = client!(aws_sdk_sns, sandbox.endpoint());
        let sqs = client!(aws_sdk_sqs, sandbox.endpoint());
        let tagging = client!(aws_sdk_resourcegroupstagging, sandbox.endpoint());
        let pricing = client!(aws_sdk_pricing, sandbox.endpoint());
        let s3 = client!(aws_sdk_s3, sandbox.endpoint(), |config| config.force_path_style(true));
        Self { sandbox, deliveries, kinesis, cloudwatch, sns, sqs, tagging, pricing, s3 }
    }

    /// A world with the stream `orders`.
    pub(crate) async fn with_stream(shards: u32) -> Self {
        let world = Self::new(manual()).await;
        world.sandbox.create_stream(STREAM, Capacity::Shards(shards), &[]).await.unwrap();
        world
    }

    /// The minute boundary passes.
    pub(crate) async fn minute(&self) {
        self.sandbox.clock().advance(SignedDuration::from_mins(1));
        self.sandbox.tick().await;
    }

    /// What was delivered and not yet looked at.
    pub(crate) fn delivered(&mut self) -> Vec<Delivery> {
        std::iter::from_fn(|| self.deliveries.try_recv().ok()).collect()
    }

    /// `orders` is ACTIVE with that many shards.
    pub(crate) async fn active_with(&self, shards: i32) {
        assert_eq!(self.summary().await, ("ACTIVE".to_owned(), shards));
    }

    /// Status and open shards of `orders`.
    pub(crate) async fn summary(&self) -> (String, i32) {
        let answer = self.kinesis.describe_stream_summary().stream_name(STREAM).send().await.unwrap();
        let summary = answer.stream_description_summary().unwrap();
        (summary.stream_status().as_str().to_owned(), summary.open_shard_count())
    }

    /// Sums of a metric of `orders` by minute since the start, oldest first.
    pub(crate) async fn sums(&self, name: &str) -> Vec<f64> {
        let data = self
            .cloudwatch
            .get_metric_data()
            .metric_data_queries(sum("m", name).return_data(true).build())
            .start_time(seconds(start()))
            .end_time(seconds(start() + SignedDuration::from_hours(1)))
            .scan_by(cw::ScanBy::TimestampAscending);
        data.send().await.unwrap().metric_data_results()[0].values().to_vec()
    }
}

pub(crate) fn seconds(at: Timestamp) -> aws_smithy_types::DateTime {
    aws_smithy_types::DateTime::from_secs(at.as_second())
}

/// A query for a sum per minute of a metric of `orders`, not returned.
pub(crate) fn sum(id: &str, name: &str) -> cw::builders::MetricDataQueryBuilder {
    let dimension = cw::Dimension::builder().name("StreamName").value(STREAM).build();
    let metric = cw::Metric::builder().namespace("AWS/Kinesis").metric_name(name).dimensions(dimension).build();
    let stat = cw::MetricStat::builder().metric(metric).period(60).stat("Sum").build();
    cw::MetricDataQuery::builder().id(id).metric_stat(stat).return_data(false)
}

pub(crate) fn expression(id: &str, text: &str, returned: bool) -> cw::MetricDataQuery {
    cw::MetricDataQuery::builder().id(id).expression(text).return_data(returned).build()
}

/// The scale-out alarm's queries, as this project makes them for a stream of four shards.
pub(crate) fn usage() -> Vec<cw::MetricDataQuery> {
    vec![
        sum("bytes", "IncomingBytes").build(),
        sum("records", "IncomingRecords").build(),
        sum("throttled", "WriteProvisionedThroughputExceeded").build(),
        expression("shards", "4", false),
        expression(
            "usage",
            "100 * MAX([FILL(bytes,0)/(shards*62914560), (FILL(records,0)+FILL(throttled,0))/(shards*60000), \
             FILL(throttled,0) > 0])",
            true,
        ),
    ]
}

/// Posts raw bytes and returns the status and the answer.
pub(crate) async fn post(world: &World, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> (u16, String) {
    let mut request = reqwest::Client::new().post(format!("{}{path}", world.sandbox.endpoint())).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned())
}
