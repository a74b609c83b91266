// SPDX-License-Identifier: Apache-2.0
//! AWS as cost-report uses it: beside what alarm-sync uses, its Price List and S3.

mod cost_cloud;
mod price_list;
mod report_store;

pub use cost_cloud::{AwsCostCloud, connect};
pub use price_list::AwsPriceList;
pub use report_store::S3ReportStore;
