// SPDX-License-Identifier: Apache-2.0
//! The Price List: rows in AWS's shape, filtered, and in pages.

use aws_sdk_pricing::types::{Filter, FilterType};
use serde_json::Value;

use crate::support::{World, manual};

fn filter(field: &str, value: &str) -> Filter {
    Filter::builder().r#type(FilterType::TermMatch).field(field).value(value).build().unwrap()
}

/// Every product that passes the filters, by pages of so many.
async fn products(world: &World, filters: &[(&str, &str)], page: i32) -> Vec<Value> {
    let filters = filters.iter().map(|(field, value)| filter(field, value)).collect();
    let request = world.pricing.get_products().service_code("AmazonKinesis").set_filters(Some(filters));
    let mut pages = request.max_results(page).into_paginator().send();
    let mut products = Vec::new();
    while let Some(page) = pages.next().await {
        products.extend(page.unwrap().price_list().iter().map(|text| serde_json::from_str::<Value>(text).unwrap()));
    }
    products
}

#[tokio::test]
async fn a_row_is_in_the_shape_of_the_price_list() {
    let world = World::new(manual()).await;
    let found = products(&world, &[("regionCode", "us-east-1"), ("operation", "PutRequest")], 100).await;
    assert_eq!(found.len(), 1, "{found:?}");
    let row = &found[0];
    assert_eq!(row["product"]["attributes"]["usagetype"], "PutRequestPayloadUnits");
    let sku = row["product"]["sku"].as_str().unwrap();
    let term = format!("{sku}.JRTCKXETXF");
    let price = &row["terms"]["OnDemand"][&term]["priceDimensions"][format!("{term}.6YS6EN2CT7")];
    assert_eq!((&price["beginRange"], &price["pricePerUnit"]["USD"]), (&"0".into(), &"0.0000000140".into()));
}

#[tokio::test]
async fn each_region_has_its_own_rows_behind_its_prefix_and_pages_hold_them_all() {
    let world = World::new(manual()).await;
    let usage_types = |products: &[Value]| -> Vec<String> {
        products.iter().map(|it| it["product"]["attributes"]["usagetype"].as_str().unwrap().to_owned()).collect()
    };
    let ireland = products(&world, &[("regionCode", "eu-west-1")], 3).await;
    assert!(usage_types(&ireland).iter().all(|it| it.starts_with("EU-")), "{ireland:?}");
    let by_location = products(&world, &[("location", "EU (Ireland)")], 100).await;
    assert_eq!(ireland, by_location);
    let both = products(&world, &[], 100).await;
    assert_eq!(both.len(), 2 * ireland.len());
    assert_eq!(products(&world, &[("regionCode", "ap-northeast-1")], 100).await, Vec::<Value>::new());
    assert_eq!(products(&world, &[("regionCode", "us-east-1"), ("location", "EU (Ireland)")], 100).await.len(), 0);
}

#[tokio::test]
async fn a_part_of_an_attribute_finds_a_services_rows_and_no_other_services() {
    let world = World::new(manual()).await;
    let part = Filter::builder().r#type(FilterType::Contains).field("usagetype").value("-ARM").build().unwrap();
    let ask = |service: &str| world.pricing.get_products().service_code(service).filters(part.clone());
    let found = ask("AWSLambda").filters(filter("regionCode", "eu-west-1")).send().await.unwrap();
    let usage_types: Vec<_> = found
        .price_list()
        .iter()
        .map(|text| serde_json::from_str::<Value>(text).unwrap()["product"]["attributes"]["usagetype"].clone())
        .collect();
    assert_eq!(usage_types, ["EU-Request-ARM", "EU-Lambda-GB-Second-ARM", "EU-Lambda-Provisioned-GB-Second-ARM"]);
    assert_eq!(ask("AmazonCloudWatch").send().await.unwrap().price_list().len(), 0);
}

#[tokio::test]
async fn wrong_questions_are_refused_with_typed_errors() {
    let world = World::new(manual()).await;
    let ask = || world.pricing.get_products();
    let error = ask().service_code("AmazonEC2").send().await.unwrap_err().into_service_error();
    assert!(error.is_not_found_exception(), "{error:?}");
    let any = Filter::builder().r#type(FilterType::AnyOf).field("usagetype").value("Shard").build().unwrap();
    let error = ask().service_code("AmazonKinesis").filters(any).send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_parameter_exception(), "{error:?}");
    let error = ask().service_code("AmazonKinesis").next_token("no").send().await.unwrap_err().into_service_error();
    assert!(error.is_expired_next_token_exception(), "{error:?}");
}
