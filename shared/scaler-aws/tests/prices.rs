// SPDX-License-Identifier: Apache-2.0
//! The Price List as it comes: rows that are nearly ours, several for one item, and such that cannot be read.
#![allow(clippy::unwrap_used)]

#[path = "support/price_rows.rs"]
mod price_rows;
#[path = "support/standin.rs"]
mod standin;
mod support;

use std::collections::BTreeMap;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use billing::prices::Item;
use kinesis_model::MicroUsd;
use sandbox::{Options, Sandbox};
use scaler_app::cloud::{CallError, CostCloud as _, Failure, ListedPrices, PriceList as _, ReportStore as _};
use scaler_app::stack_config::StackConfig;
use scaler_aws::SystemClock;
use serde_json::{Value, json};

use price_rows::{Row, TOKYO, VIRGINIA};
use standin::{Answer, Standin};

async fn prices(endpoint: &str, region: &str) -> Result<ListedPrices, CallError> {
    let sdk = support::sdk(endpoint).await;
    support::cost_cloud(&sdk, SystemClock, &StackConfig::default()).price_list().prices(region).await
}

/// A product whose first unit costs so much.
fn product(usage_type: &str, operation: &str, usd: &str) -> Value {
    json!({
        "product": { "sku": "ABC", "attributes": { "usagetype": usage_type, "operation": operation } },
        "terms": { "OnDemand": { "ABC.T": { "priceDimensions": {
            "ABC.T.P": { "beginRange": "0", "endRange": "Inf", "pricePerUnit": { "USD": usd } },
        } } } },
    })
}

/// The same of a provisioned shard's hour.
fn shard_hour(usage_type: &str, usd: &str) -> Value {
    product(usage_type, "shardHourStorage", usd)
}

/// What comes of a list of Kinesis, one product a page; the other services have none.
async fn listed(products: Vec<Value>) -> ListedPrices {
    texts(products.iter().map(Value::to_string).collect()).await
}

async fn texts(texts: Vec<String>) -> ListedPrices {
    let mut left = texts.into_iter().peekable();
    let mut number = 0;
    let standin = Standin::start(move |asked| {
        assert_eq!(asked.operation, "GetProducts");
        if asked.json()["ServiceCode"] != "AmazonKinesis" {
            return Answer::json(200, &json!({ "PriceList": [] }));
        }
        assert_eq!(asked.json()["NextToken"].as_str(), (number > 0).then(|| number.to_string()).as_deref());
        number += 1;
        let page: Vec<_> = left.next().into_iter().collect();
        Answer::json(200, &json!({ "PriceList": page, "NextToken": left.peek().map(|_| number.to_string()) }))
    })
    .await;
    prices(standin.endpoint(), "eu-west-1").await.unwrap()
}

/// One sound price, and nothing said.
fn only(item: Item, micro_usd: u64) -> ListedPrices {
    ListedPrices { prices: BTreeMap::from([(item, MicroUsd(micro_usd))]), faults: Vec::new() }
}

/// Answers with all of these rows that are of the service, whatever the filters say.
async fn list_of(rows: &'static [Row]) -> Standin {
    Standin::start(move |asked| {
        let asked = asked.json();
        let of_service = rows.iter().filter(|(service, ..)| asked["ServiceCode"] == *service);
        let texts: Vec<_> = of_service.map(|row| price_rows::product(*row).to_string()).collect();
        Answer::json(200, &json!({ "PriceList": texts }))
    })
    .await
}

#[tokio::test]
async fn of_the_rows_that_the_list_has_ours_are_taken_and_no_near_miss() {
    let virginia = prices(list_of(&VIRGINIA).await.endpoint(), "us-east-1").await.unwrap();
    let expected = [
        (Item::ShardHour, 15_000),
        (Item::PutUnits, 14_000),
        (Item::ExtendedRetention, 20_000),
        (Item::LongTermRetention, 23_000),
        (Item::FanOutHour, 15_000),
        (Item::FanOutOut, 13_000),
        (Item::OnDemandHour, 40_000),
        (Item::OnDemandIn, 80_000),
        (Item::OnDemandOut, 40_000),
        (Item::OnDemandFanOutOut, 50_000),
        (Item::OnDemandExtendedRetention, 100_000),
        (Item::OnDemandLongTermRetention, 23_000),
        (Item::AlarmMetric, 100_000),
        (Item::CustomMetric, 300_000),
        (Item::MetricRequest, 10_000_000),
        (Item::LambdaRequest, 200_000),
        (Item::LambdaTime, 13_333_400),
    ];
    assert_eq!(virginia, sound(&expected));

    let tokyo = prices(list_of(&TOKYO).await.endpoint(), "ap-northeast-1").await.unwrap();
    let expected = [
        (Item::ShardHour, 19_500),
        (Item::PutUnits, 21_500),
        (Item::OnDemandHour, 52_000),
        (Item::OnDemandIn, 104_000),
        (Item::OnDemandOut, 52_000),
        (Item::AdvantageIn, 41_600),
        (Item::AdvantageOut, 20_800),
        (Item::AlarmMetric, 100_000),
        (Item::CustomMetric, 300_000),
        (Item::LambdaRequest, 200_000),
    ];
    assert_eq!(tokyo, sound(&expected));
}

fn sound(prices: &[(Item, u64)]) -> ListedPrices {
    let prices = prices.iter().map(|(item, micro_usd)| (*item, MicroUsd(*micro_usd))).collect();
    ListedPrices { prices, faults: Vec::new() }
}

#[tokio::test]
async fn the_list_of_the_sandbox_is_read_through_its_filters() {
    let (sandbox, _deliveries) = Sandbox::start(Options::default()).await.unwrap();
    let virginia = prices(sandbox.endpoint(), "us-east-1").await.unwrap();
    assert_eq!((virginia.prices.len(), virginia.faults), (19, Vec::new()), "all but Advantage's retention");
    let ireland = prices(sandbox.endpoint(), "eu-west-1").await.unwrap().prices;
    let some = [Item::ShardHour, Item::PutUnits, Item::AlarmMetric, Item::LambdaTime].map(|item| ireland[&item].0);
    assert_eq!(some, [16_500, 15_400, 110_000, 14_666_700]);
    assert_eq!(prices(sandbox.endpoint(), "ap-northeast-1").await.unwrap(), ListedPrices::default());
    assert_eq!(sandbox.calls()["pricing:GetProducts"], 9);
}

#[tokio::test]
async fn each_service_is_asked_once_for_one_region_and_long_lists_in_part() {
    let standin = Standin::start(|_| Answer::json(200, &json!({ "PriceList": [] }))).await;
    assert_eq!(prices(standin.endpoint(), "eu-west-1").await.unwrap(), ListedPrices::default());
    let asked: Vec<_> = standin.asked().iter().map(standin::Asked::json).collect();
    let asked: Vec<_> = asked.iter().map(|asked| (&asked["ServiceCode"], &asked["Filters"])).collect();
    let region = json!({ "Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-west-1" });
    let part = |part: &str| json!({ "Type": "CONTAINS", "Field": "usagetype", "Value": part });
    assert_eq!(
        asked,
        [
            (&json!("AmazonKinesis"), &json!([region])),
            (&json!("AmazonCloudWatch"), &json!([region, part("CW:")])),
            (&json!("AWSLambda"), &json!([region, part("-ARM")])),
        ]
    );
}

#[tokio::test]
async fn a_row_is_found_behind_one_prefix_of_a_region_and_by_nothing_less() {
    for usage_type in ["Storage-ShardHour", "EU-Storage-ShardHour", "APN1-Storage-ShardHour"] {
        let read = listed(vec![shard_hour(usage_type, "0.017")]).await;
        assert_eq!(read, only(Item::ShardHour, 17_000), "{usage_type}");
    }
    let misses = vec![
        shard_hour("EU-EU-Storage-ShardHour", "9"),
        shard_hour("OnDemand-Storage-ShardHour", "9"),
        shard_hour("EUStorage-ShardHour", "9"),
        shard_hour("EU-Storage-ShardHours", "9"),
        shard_hour("eu-storage-shardhour", "9"),
        product("EU-Storage-ShardHour", "shardHour", "9"),
        product("EU-OnDemand-ReadBytes", "EnhancedFanoutDataRetrieval", "9"),
        product("EU-OnDemand-LongTermRetention-ByteHrs", "LongTermRetentionByteHrs", "9"),
        json!({ "product": { "sku": "NONE", "attributes": { "usagetype": "EU-Storage-ShardHour" } } }),
        json!({ "product": { "sku": "NONE" } }),
        // A row of another service, and one of no interest whose price we could not read.
        product("EU-CW:AlarmMonitorUsage", "", "9"),
        json!({ "product": { "attributes": { "usagetype": "EU-Other" } }, "terms": { "OnDemand": 1 } }),
    ];
    assert_eq!(listed(misses).await, ListedPrices::default());
}

#[tokio::test]
async fn of_prices_in_tiers_the_first_counts() {
    let mut tiers = product("EU-PutRequestPayloadUnits", "PutRequest", "0.0000000165");
    tiers["terms"]["OnDemand"]["ABC.T"]["priceDimensions"]["ABC.T.Q"] =
        json!({ "beginRange": "1000000", "pricePerUnit": { "USD": "0.0000000100" } });
    assert_eq!(listed(vec![tiers]).await, only(Item::PutUnits, 16_500));
}

#[tokio::test]
async fn the_same_price_twice_is_one_and_of_two_none_is_taken() {
    let twice = vec![shard_hour("EU-Storage-ShardHour", "0.017"), shard_hour("Storage-ShardHour", "0.0170")];
    assert_eq!(listed(twice).await, only(Item::ShardHour, 17_000));
    // The third is the first again, and no way out.
    let mut several: Vec<_> =
        ["0.017", "0.018", "0.017"].into_iter().map(|usd| shard_hour("EU-Storage-ShardHour", usd)).collect();
    several.push(product("EU-PutRequestPayloadUnits", "PutRequest", "0.0000000165"));
    let read = listed(several).await;
    assert_eq!(read.prices, only(Item::PutUnits, 16_500).prices);
    assert_eq!(read.faults, ["two prices of shard-hour: 0.017 USD, and 0.018 USD of SKU ABC"]);
}

#[tokio::test]
async fn what_cannot_be_read_of_our_rows_is_told_and_discards_nothing_else() {
    let without = |pointer: &str, field: &str| {
        let mut product = shard_hour("EU-Storage-ShardHour", "0.017");
        product.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(field);
        product
    };
    let price = "/terms/OnDemand/ABC.T/priceDimensions/ABC.T.P";
    let one = "the price of shard-hour, SKU ABC: it does not have exactly one On-Demand price that begins with \
        the first unit";
    let mut two_terms = shard_hour("EU-Storage-ShardHour", "0.017");
    two_terms["terms"]["OnDemand"]["ABC.U"] = two_terms["terms"]["OnDemand"]["ABC.T"].clone();
    let mut nameless = shard_hour("EU-Storage-ShardHour", "0");
    nameless["product"].as_object_mut().unwrap().remove("sku");
    let cases = [
        (without("", "terms"), one),
        (without("/terms", "OnDemand"), one),
        (without("/terms/OnDemand/ABC.T/priceDimensions", "ABC.T.P"), one),
        (two_terms, one),
        (without(price, "beginRange"), one),
        (without(&format!("{price}/pricePerUnit"), "USD"), "shard-hour, SKU ABC: it has no price in USD"),
        (without(price, "pricePerUnit"), "SKU ABC: its price does not have the Price List's format: missing field"),
        (nameless, "SKU unknown: USD \"0\" is not a number above 0"),
        (shard_hour("EU-Storage-ShardHour", "0.0000000000"), "SKU ABC: USD \"0.0000000000\" is not a number above 0"),
        (shard_hour("EU-Storage-ShardHour", "free"), "SKU ABC: USD \"free\" is not a number above 0"),
        (json!("<html>"), "a product of AmazonKinesis does not have the Price List's format"),
    ];
    for (odd, words) in cases {
        let read = listed(vec![odd, product("EU-PutRequestPayloadUnits", "PutRequest", "0.0000000165")]).await;
        assert_eq!(read.prices, only(Item::PutUnits, 16_500).prices, "{words}");
        assert!(read.faults.len() == 1 && read.faults[0].contains(words), "{:?} has no {words:?}", read.faults);
    }
    let read = texts(vec!["<html>".to_owned()]).await;
    assert!(read.faults[0].contains("AmazonKinesis does not have the Price List's format"), "{:?}", read.faults);
}

#[tokio::test]
async fn a_service_that_cannot_be_read_discards_no_others_prices() {
    let standin = Standin::start(|asked| match asked.json()["ServiceCode"].as_str() {
        Some("AmazonKinesis") => {
            Answer::json(200, &json!({ "PriceList": [shard_hour("EU-Storage-ShardHour", "0.017").to_string()] }))
        }
        Some("AWSLambda") => Answer::json(200, &json!({ "PriceList": [] })),
        _ => Answer::error(&asked.operation, 400, "InvalidParameterException", "no such filter"),
    })
    .await;
    let read = prices(standin.endpoint(), "eu-west-1").await.unwrap();
    assert_eq!(read.prices, only(Item::ShardHour, 17_000).prices);
    assert_eq!(
        read.faults,
        ["GetProducts for AmazonCloudWatch in eu-west-1: InvalidParameterException: no such filter"]
    );
}

#[tokio::test]
async fn a_list_that_may_not_be_read_is_a_refusal() {
    let standin =
        Standin::start(|asked| Answer::error(&asked.operation, 400, "AccessDeniedException", "not you")).await;
    let error = prices(standin.endpoint(), "eu-west-1").await.unwrap_err();
    assert_eq!(error.failure, Failure::Denied);
    assert_eq!(error.to_string(), "GetProducts for AmazonKinesis in eu-west-1: AccessDeniedException: not you");
}

/// The SDK of a Region with no endpoint of our own.
async fn in_aws(region: &'static str) -> SdkConfig {
    let credentials = Credentials::from_keys("sandbox", "sandbox", None);
    scaler_aws::loader().region(Region::from_static(region)).credentials_provider(credentials).load().await
}

#[tokio::test]
async fn a_partition_without_a_price_list_is_told_with_what_to_do() {
    let sdk = in_aws("us-gov-west-1").await;
    let cloud = support::cost_cloud(&sdk, SystemClock, &StackConfig::default());
    let error = cloud.price_list().prices("us-gov-west-1").await.unwrap_err();
    assert_eq!(error.failure, Failure::Refused);
    let told = error.to_string();
    assert!(told.starts_with("GetProducts for us-gov-west-1: AWS has no Price List endpoint"), "{told}");
    assert!(told.contains("PriceOverrides"), "{told}");
}

/// An endpoint of one service, as a variable names it.
#[derive(Debug)]
struct Named(&'static str, String);

impl LoadServiceConfig for Named {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        (key.env() == "AWS_ENDPOINT_URL" && key.service_id() == self.0).then(|| self.1.clone())
    }
}

#[tokio::test]
async fn an_endpoint_of_one_service_alone_is_called_as_one_of_all() {
    let (sandbox, _) = Sandbox::start(Options::default()).await.unwrap();
    let stack_config = StackConfig { report_bucket: Some("reports".to_owned()), ..StackConfig::default() };
    let named = |service| Named(service, sandbox.endpoint().to_owned());
    let s3 = in_aws("eu-west-1").await.into_builder().service_config(named("S3")).build();
    let place = support::cost_cloud(&s3, SystemClock, &stack_config)
        .report_store()
        .unwrap()
        .put("a.html", "<p>".to_owned())
        .await;
    assert_eq!(place.unwrap(), "s3://reports/a.html");
    // Also in a partition of which AWS keeps no list.
    let pricing = in_aws("us-gov-west-1").await.into_builder().service_config(named("Pricing")).build();
    let listed = support::cost_cloud(&pricing, SystemClock, &stack_config).price_list().prices("us-east-1").await;
    assert!(listed.unwrap().prices.contains_key(&Item::ShardHour));
}
