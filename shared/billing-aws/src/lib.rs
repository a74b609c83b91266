//! AWS as cost-report uses it: beside what alarm-sync uses, its Price List and S3.

mod cost_cloud;
mod pages;
mod price_list;

pub use cost_cloud::{AwsCostCloud, connect};
pub use pages::S3Pages;
pub use price_list::AwsPriceList;
