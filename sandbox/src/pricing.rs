// SPDX-License-Identifier: Apache-2.0
//! AWS's Price List over AWS JSON 1.1: `GetProducts`, of what this project asks for of three services, in two Regions.
//!
//! The prices of us-east-1 are those of this project's dated sheet. Those of eu-west-1 are **made up**, a tenth above
//! them: what Ireland charges no source of ours tells.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_models::kinesis_rules::Refusal;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use billing::prices::{Item, PriceListRow, PriceSheet, US_EAST_1};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::json;
use crate::state::Shared;

const TARGET_PREFIX: &str = "AWSPriceListService.";
const INVALID: &str = "InvalidParameterException";

/// The services, by their code, and their names.
const SERVICES: [(&str, &str); 3] =
    [("AmazonKinesis", "Amazon Kinesis"), ("AmazonCloudWatch", "AmazonCloudWatch"), ("AWSLambda", "AWS Lambda")];

/// Source: API reference, `GetProducts`; that an absent `MaxResults` means as many is unverified.
const PAGE_MAX: usize = 100;

/// The code by which every On-Demand term goes, and that of its first price.
const ON_DEMAND_TERM: &str = "JRTCKXETXF";
const FIRST_PRICE: &str = "6YS6EN2CT7";

/// A row of us-east-1: its service, usage type, operation, where a source tells it, and price in ten-billionths of a dollar.
type Row = (&'static str, &'static str, Option<&'static str>, u64);

/// Rows that the list has beside those of [`Item`], and that a match by a part of the name would take for one of them.
/// Sources: infracost's golden files; the `CloudWatch` User Guide, "Analyzing, optimizing, and reducing CloudWatch costs";
/// public notes on the Price List's Lambda rows.
const NEAR_MISSES: [Row; 4] = [
    ("AmazonKinesis", "LongTermRetention-ReadBytes", Some("LongTermRetentionDataRetrieval"), 210_000_000),
    ("AmazonCloudWatch", "CW:HighResAlarmMonitorUsage", None, 3_000_000_000),
    ("AWSLambda", "Lambda-GB-Second", None, 166_667),
    ("AWSLambda", "Lambda-Provisioned-GB-Second-ARM", None, 77_778),
];

struct Region {
    code: &'static str,
    location: &'static str,
    /// Before every usage type.
    prefix: &'static str,
    /// Of the prices of us-east-1.
    percent: u64,
}

const REGIONS: [Region; 2] = [
    Region { code: US_EAST_1, location: "US East (N. Virginia)", prefix: "", percent: 100 },
    Region { code: "eu-west-1", location: "EU (Ireland)", prefix: "EU-", percent: 110 },
];

/// Takes the requests for this API; everything else goes on.
pub(crate) async fn layer(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let Some(operation) = json::operation(request.headers(), TARGET_PREFIX) else { return next.run(request).await };
    json::respond(json::V1_1, run(&shared, &operation, request.into_body()).await)
}

async fn run(shared: &Shared, operation: &str, body: Body) -> Result<Value, Refusal> {
    shared.called("pricing", operation).map_err(|too_fast| Refusal::new("ThrottlingException", too_fast.message()))?;
    match operation {
        "GetProducts" => get_products(&json::read(body).await?),
        _ => Err(json::unknown_operation(operation, "GetProducts")),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetProducts {
    service_code: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    r#type: String,
    field: String,
    value: String,
}

fn get_products(input: &GetProducts) -> Result<Value, Refusal> {
    let Some(service) = input.service_code.as_deref() else {
        return Err(Refusal::new(INVALID, "ServiceCode is missing"));
    };
    if SERVICES.iter().all(|(code, _)| *code != service) {
        let known = SERVICES.map(|(code, _)| code).join(", ");
        let message = format!("ServiceCode {service:?} is not one that this sandbox supports: {known}");
        return Err(Refusal::new("NotFoundException", message));
    }
    if let Some(filter) = input.filters.iter().find(|filter| filter.comparison().is_none()) {
        let message =
            format!("Type {:?} of a filter is not one that this sandbox supports: TERM_MATCH, CONTAINS", filter.r#type);
        return Err(Refusal::new(INVALID, message));
    }
    let page = page(input.max_results)?;
    let of_service = products().filter(|product| product.attributes["servicecode"] == service);
    let products: Vec<Product> =
        of_service.filter(|product| input.filters.iter().all(|it| it.passes(product))).collect();
    let first = input.next_token.as_deref().map_or(Ok(0), |token| {
        let known = token.parse().ok().filter(|first| *first < products.len());
        known.ok_or_else(|| {
            Refusal::new(
                "ExpiredNextTokenException",
                format!(
                    "NextToken {token:?} is not one \
            that this sandbox returned"
                ),
            )
        })
    })?;
    let end = products.len().min(first + page);
    let list: Vec<String> = products[first..end].iter().map(|product| product.json().to_string()).collect();
    let mut answer = json!({"FormatVersion": "aws_v1", "PriceList": list});
    if end < products.len() {
        answer["NextToken"] = json!(end.to_string());
    }
    Ok(answer)
}

fn page(asked: Option<i64>) -> Result<usize, Refusal> {
    let Some(asked) = asked else { return Ok(PAGE_MAX) };
    let page = usize::try_from(asked).ok().filter(|page| (1..=PAGE_MAX).contains(page));
    page.ok_or_else(|| Refusal::new(INVALID, format!("MaxResults={asked} is not 1 to {PAGE_MAX}")))
}

impl Filter {
    /// Whether what a product has is what is asked for, in that order; `None` for a type that this sandbox does not know.
    fn comparison(&self) -> Option<fn(&str, &str) -> bool> {
        match self.r#type.as_str() {
            "TERM_MATCH" => Some(|held, asked| held == asked),
            "CONTAINS" => Some(|held, asked| held.contains(asked)),
            _ => None,
        }
    }

    fn passes(&self, product: &Product) -> bool {
        let (Some(held), Some(compare)) = (product.attributes.get(self.field.as_str()), self.comparison()) else {
            return false;
        };
        compare(held, &self.value)
    }
}

/// A row in a Region.
struct Product {
    sku: String,
    attributes: BTreeMap<&'static str, String>,
    /// In ten-billionths of a dollar.
    price: u64,
}

fn products() -> impl Iterator<Item = Product> {
    let all = REGIONS.iter().flat_map(|region| rows().into_iter().map(move |row| (region, row)));
    all.zip(1..).map(|((region, row), number)| product(region, row, number))
}

fn rows() -> Vec<Row> {
    let sheet = PriceSheet::of(US_EAST_1);
    let of_item = |item: Item| {
        let PriceListRow { service, usage_type, operation, units } = item.row()?;
        Some((service, usage_type, operation, sheet.price(item).ok()?.0 * 10_000 / units))
    };
    Item::ALL.into_iter().filter_map(of_item).chain(NEAR_MISSES).collect()
}

fn product(region: &Region, (service, usage_type, operation, price): Row, number: u32) -> Product {
    let name = SERVICES.iter().find(|(code, _)| *code == service).map(|(_, name)| *name).unwrap_or_default();
    let mut attributes = BTreeMap::from([
        ("servicecode", service.to_owned()),
        ("servicename", name.to_owned()),
        ("location", region.location.to_owned()),
        ("locationType", "AWS Region".to_owned()),
        ("regionCode", region.code.to_owned()),
        ("usagetype", format!("{}{usage_type}", region.prefix)),
    ]);
    attributes.extend(operation.map(|operation| ("operation", operation.to_owned())));
    Product { sku: format!("SANDBOX{number:09}"), attributes, price: price * region.percent / 100 }
}

impl Product {
    /// As the list tells it, where each product is a text of its own.
    fn json(&self) -> Value {
        const WHOLE: u64 = 10_000_000_000;
        let Self { sku, attributes, price } = self;
        let usd = format!("{}.{:010}", price / WHOLE, price % WHOLE);
        let term = format!("{sku}.{ON_DEMAND_TERM}");
        let rate = format!("{term}.{FIRST_PRICE}");
        json!({
            "product": { "attributes": attributes, "sku": sku },
            "serviceCode": attributes["servicecode"],
            "terms": { "OnDemand": { &term: {
                "priceDimensions": { &rate: {
                    "unit": "Quantity",
                    "beginRange": "0",
                    "endRange": "Inf",
                    "description": format!("${usd} for one of {}", attributes["usagetype"]),
                    "appliesTo": [],
                    "rateCode": rate,
                    "pricePerUnit": { "USD": usd },
                } },
                "sku": sku,
                "effectiveDate": "2026-11-01T00:00:00Z",
                "offerTermCode": ON_DEMAND_TERM,
                "termAttributes": {},
            } } },
            "version": "20261121000000",
            "publicationDate": "2026-11-21T00:00:00Z",
        })
    }
}
