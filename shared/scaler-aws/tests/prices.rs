//! The Price List as it comes: rows that are nearly ours, several for one item, and such that cannot be read.
#![allow(clippy::unwrap_used)]

#[path = "support/standin.rs"]
mod standin;
mod support;

use std::collections::BTreeMap;

use sandbox::{Options, Sandbox};
use scaler_app::cost::ports::PriceList as _;
use scaler_app::ports::{CallError, Failure};
use scaler_app::wiring::Wiring;
use scaler_aws::SystemClock;
use scaler_core::MicroUsd;
use scaler_core::prices::{Item, PriceSheet};
use serde_json::{Value, json};

use standin::{Answer, Standin};

async fn prices(endpoint: &str, region: &str) -> Result<BTreeMap<Item, MicroUsd>, CallError> {
    let sdk = support::sdk(endpoint).await;
    support::cost_ports(&sdk, SystemClock, &Wiring::default()).price_list.prices(region).await
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

/// What comes of a list, one product a page.
async fn listed(products: Vec<Value>) -> Result<BTreeMap<Item, MicroUsd>, CallError> {
    texts(products.iter().map(Value::to_string).collect()).await
}

async fn texts(texts: Vec<String>) -> Result<BTreeMap<Item, MicroUsd>, CallError> {
    let mut left = texts.into_iter().peekable();
    let mut number = 0;
    let standin = Standin::start(move |asked| {
        assert_eq!(asked.operation, "GetProducts");
        assert_eq!(asked.json()["NextToken"].as_str(), (number > 0).then_some("more"));
        number += 1;
        let page: Vec<_> = left.next().into_iter().collect();
        Answer::json(200, &json!({ "PriceList": page, "NextToken": left.peek().map(|_| "more") }))
    })
    .await;
    prices(standin.endpoint(), "eu-west-1").await
}

#[tokio::test]
async fn every_item_with_a_row_has_the_price_of_its_region() {
    let (sandbox, _deliveries) = Sandbox::start(Options::default()).await.unwrap();
    let read = prices(sandbox.endpoint(), "us-east-1").await.unwrap();
    let sheet = PriceSheet::of("us-east-1");
    let with_rows: Vec<_> = Item::ALL.into_iter().filter(|item| item.row().is_some()).collect();
    assert_eq!(read.keys().copied().collect::<Vec<_>>(), with_rows);
    for (item, usd) in read {
        assert_eq!(sheet.price(item), Ok(usd), "{item}");
    }
    let ireland = prices(sandbox.endpoint(), "eu-west-1").await.unwrap();
    assert_eq!((ireland[&Item::ShardHour], ireland[&Item::PutUnits]), (MicroUsd(16_500), MicroUsd(15_400)));
    assert_eq!(prices(sandbox.endpoint(), "ap-northeast-1").await.unwrap(), BTreeMap::new());
    assert_eq!(sandbox.calls()["pricing:GetProducts"], 3);
}

#[tokio::test]
async fn the_list_is_asked_for_one_service_and_region() {
    let standin = Standin::start(|_| Answer::json(200, &json!({ "PriceList": [] }))).await;
    assert_eq!(prices(standin.endpoint(), "eu-west-1").await.unwrap(), BTreeMap::new());
    let asked = standin.asked();
    assert_eq!(asked.len(), 1);
    let filter = json!([{ "Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-west-1" }]);
    assert_eq!((&asked[0].json()["ServiceCode"], &asked[0].json()["Filters"]), (&json!("AmazonKinesis"), &filter));
}

#[tokio::test]
async fn a_row_is_found_behind_one_prefix_of_a_region_and_by_nothing_less() {
    for usage_type in ["Storage-ShardHour", "EU-Storage-ShardHour", "APN1-Storage-ShardHour"] {
        let read = listed(vec![shard_hour(usage_type, "0.017")]).await.unwrap();
        assert_eq!(read, BTreeMap::from([(Item::ShardHour, MicroUsd(17_000))]), "{usage_type}");
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
    ];
    assert_eq!(listed(misses).await.unwrap(), BTreeMap::new());
}

#[tokio::test]
async fn of_prices_in_tiers_the_first_counts() {
    let mut tiers = product("EU-PutRequestPayloadUnits", "PutRequest", "0.0000000165");
    tiers["terms"]["OnDemand"]["ABC.T"]["priceDimensions"]["ABC.T.Q"] =
        json!({ "beginRange": "1000000", "pricePerUnit": { "USD": "0.0000000100" } });
    assert_eq!(listed(vec![tiers]).await.unwrap(), BTreeMap::from([(Item::PutUnits, MicroUsd(16_500))]));
}

#[tokio::test]
async fn the_same_price_twice_is_one_and_another_is_an_error() {
    let twice = vec![shard_hour("EU-Storage-ShardHour", "0.017"), shard_hour("Storage-ShardHour", "0.0170")];
    assert_eq!(listed(twice).await.unwrap(), BTreeMap::from([(Item::ShardHour, MicroUsd(17_000))]));
    let two = vec![shard_hour("EU-Storage-ShardHour", "0.017"), shard_hour("Storage-ShardHour", "0.018")];
    let error = listed(two).await.unwrap_err();
    assert_eq!(error.failure, Failure::Refused);
    assert_eq!(
        error.to_string(),
        "GetProducts for eu-west-1: two prices of shard-hour: 0.017 USD, and 0.018 USD of SKU ABC"
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_with_its_sku() {
    let without = |pointer: &str, field: &str| {
        let mut product = shard_hour("EU-Storage-ShardHour", "0.017");
        product.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(field);
        product
    };
    let price = "/terms/OnDemand/ABC.T/priceDimensions/ABC.T.P";
    let one = "SKU ABC does not have exactly one On-Demand price";
    let mut two_terms = shard_hour("EU-Storage-ShardHour", "0.017");
    two_terms["terms"]["OnDemand"]["ABC.U"] = two_terms["terms"]["OnDemand"]["ABC.T"].clone();
    let cases = [
        (without("", "terms"), one),
        (without("/terms", "OnDemand"), one),
        (without("/terms/OnDemand/ABC.T/priceDimensions", "ABC.T.P"), one),
        (two_terms, one),
        (without(price, "beginRange"), one),
        (without(&format!("{price}/pricePerUnit"), "USD"), "SKU ABC has no price in USD"),
        (without(price, "pricePerUnit"), "the product of SKU ABC is not in the form of the Price List: missing field"),
        (without("/product", "sku"), "the product of SKU unknown is not in the form of the Price List"),
        (shard_hour("EU-Storage-ShardHour", "0.0000000000"), "SKU ABC costs USD \"0.0000000000\""),
        (shard_hour("EU-Storage-ShardHour", "free"), "SKU ABC costs USD \"free\""),
    ];
    for (product, words) in cases {
        let error = listed(vec![product]).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error} has no {words:?}");
        assert_eq!(error.failure, Failure::Refused);
    }
    let error = texts(vec!["<html>".to_owned()]).await.unwrap_err();
    assert!(error.to_string().contains("SKU unknown"), "{error}");
}

#[tokio::test]
async fn a_list_that_may_not_be_read_is_a_refusal() {
    let standin =
        Standin::start(|asked| Answer::error(&asked.operation, 400, "AccessDeniedException", "not you")).await;
    let error = prices(standin.endpoint(), "eu-west-1").await.unwrap_err();
    assert_eq!(error.failure, Failure::Refused);
    assert_eq!(error.to_string(), "GetProducts for eu-west-1: AccessDeniedException: not you");
}
