// SPDX-License-Identifier: Apache-2.0
//! What cost-report runs: it gathers what streams used, reckons what they cost and could have cost, and tells people.
//!
//! Start at [`cost_report()`]: an event becomes a [`CostRequest`] (`request.rs`), the streams' metrics are gathered
//! (`gather.rs`), each is reckoned by `billing` (`calculate.rs`) into a [`CostReport`] (`figures.rs`), of which people
//! get the short form (`summary.rs`).

mod calculate;
pub mod figures;
mod gather;
mod request;
mod summary;
mod telemetry;

use billing::prices::PriceSheet;
use billing::{ScalerUsage, advantage_of_all};
use jiff::{SignedDuration, Timestamp};
use scaler_core::Policy;
use serde_json::Value;

use crate::cloud::{Clock, CostCloud, Notifications, ReportStore};
use crate::stack_config::StackConfig;

pub use figures::CostReport;
pub use request::{CostFault, CostRequest, Scope, time};
pub use summary::summary;
pub use telemetry::lines;

use calculate::Calculated;
use figures::{FleetCost, PriceUsed, StreamCost, Usd, UsdSaved};
use gather::Gathered;

/// How long a run begins with more streams: the function's 900 s in `template.yaml`, less what ten streams may take at worst.
pub const BEGINS_WITHIN: SignedDuration = SignedDuration::from_secs(780);

/// The settings of a run.
#[derive(Clone, Copy, Debug)]
pub struct CostSettings<'a> {
    /// The stack's policy.
    pub policy: &'a Policy,
    /// What the stack says of itself.
    pub stack_config: &'a StackConfig,
    /// Draws a report as an HTML page.
    pub draw: fn(&CostReport) -> String,
}

/// Handles any event that cost-report may be sent. Bad input is a fault in the answer, not an error.
///
/// No stream's metrics are asked for after `deadline`.
pub async fn cost_report(
    cloud: &impl CostCloud,
    settings: CostSettings<'_>,
    event: &Value,
    deadline: Timestamp,
) -> CostReport {
    let now = cloud.clock().now();
    match CostRequest::parse(event, now) {
        Ok(request) => calculate_report(cloud, settings, &request, deadline).await,
        Err(fault) => CostReport::empty(&settings.stack_config.region, now, now, vec![fault.to_string()]),
    }
}

/// Answers a request.
pub async fn calculate_report(
    cloud: &impl CostCloud,
    settings: CostSettings<'_>,
    request: &CostRequest,
    deadline: Timestamp,
) -> CostReport {
    let gathered = gather::gather(cloud, settings.stack_config, settings.policy, request, deadline).await;
    let mut report = report_of(gathered, request);
    // Another try will come, and tell more than nothing.
    if request.publish && !report.retry {
        publish(cloud, settings, request, &mut report).await;
    }
    report
}

/// Keeps the page, and tells people where it is. Neither is worth another run: the answer and the log have it all.
async fn publish(cloud: &impl CostCloud, settings: CostSettings<'_>, request: &CostRequest, report: &mut CostReport) {
    if let Some(report_store) = cloud.report_store() {
        // One that a person asked for does not take the place of the day's.
        let which = match &request.scope {
            Scope::Managed => "",
            Scope::All => "-all",
            Scope::Streams(_) => "-some",
        };
        let key = format!("{}/{}{which}.html", report.region, report.until.strftime("%Y-%m-%d"));
        match report_store.put(&key, (settings.draw)(report)).await {
            Ok(place) => report.page = Some(place),
            Err(error) => report.faults.push(format!("the page could not be stored: {error}")),
        }
    }
    if let Some(topic) = cloud.notifications()
        && let Err(error) = topic.publish(&summary::notification(report)).await
    {
        report.faults.push(format!("the message could not be sent: {error}"));
    }
}

fn report_of(gathered: Gathered, request: &CostRequest) -> CostReport {
    let Gathered { sheet, asked, mut streams, own, faults, notes, may_pass, credential_fault } = gathered;
    streams
        .sort_by(|one, other| other.cost.usd.cmp(&one.cost.usd).then_with(|| one.cost.stream.cmp(&other.cost.stream)));
    let seconds = u64::try_from(request.until.duration_since(request.from).as_secs()).unwrap_or(0);
    let mut report = CostReport::empty(sheet.region(), request.from, request.until, faults);
    report.streams_left_out = asked.saturating_sub(streams.len());
    report.notes = notes;
    if !streams.is_empty() {
        report
            .notes
            .push("the calculation assumes that mode, retention and consumers were always as they are now".to_owned());
        if request.step_seconds > 60 {
            report.notes.push(
                "the busiest minute is the mean of the busiest five minutes: bursts within them need more \
                    shards"
                    .to_owned(),
            );
        }
    }
    report.fleet = fleet_of(&streams, own, &sheet, seconds, &mut report.notes);
    report.retry = may_pass && streams.is_empty();
    report.credential_fault = credential_fault;
    report.prices = PriceUsed::all(&sheet);
    report.streams = streams.into_iter().map(|stream| stream.cost).collect();
    report
}

fn fleet_of(
    streams: &[Calculated],
    stack: ScalerUsage,
    sheet: &PriceSheet,
    seconds: u64,
    notes: &mut Vec<String>,
) -> FleetCost {
    let own = streams.iter().fold(stack, |own, stream| own.and(stream.own));
    let (own, missing) = own.bill_as_known(sheet);
    notes.extend(missing.iter().map(calculate::scaler_without));
    let billed = streams.iter().map(|stream| (&stream.usage, &stream.config));
    let managed: Vec<_> = streams.iter().map(|stream| &stream.cost).filter(|cost| cost.managed).collect();
    let all: Vec<_> = streams.iter().map(|stream| &stream.cost).collect();
    let paid = own.total().and(sum(&managed, |one| Some(one.usd)).unwrap_or_default().0);
    // Nothing was saved on what nobody manages.
    let saved = |of: fn(&StreamCost) -> Option<Usd>| Some(UsdSaved::by(paid, sum(&managed, of)?.0));
    // A stream of which the period has seen nothing yet is left out.
    let seen: Vec<_> = all.iter().copied().filter(|one| one.usd_month_expected.is_some()).collect();
    FleetCost {
        streams: streams.len(),
        usd: sum(&all, |one| Some(one.usd)).unwrap_or_default(),
        usd_on_demand: sum(&all, |one| one.usd_on_demand),
        usd_advantage: advantage_of_all(sheet, billed, seconds).map(|bill| Usd(bill.total())).ok(),
        usd_static_peak: sum(&all, |one| one.usd_static_peak),
        usd_scaler: Usd(own.total()),
        saved_against_on_demand: saved(|one| one.usd_on_demand),
        saved_against_static_peak: saved(|one| one.usd_static_peak),
        usd_month_expected: if seen.is_empty() { None } else { sum(&seen, |one| one.usd_month_expected) },
    }
}

/// The sum over streams; `None` where it is not known of one.
fn sum(streams: &[&StreamCost], of: fn(&StreamCost) -> Option<Usd>) -> Option<Usd> {
    let add = |sum: Usd, one: &&StreamCost| Some(Usd(sum.0.and(of(one)?.0)));
    streams.iter().try_fold(Usd::default(), add)
}

impl CostReport {
    /// A report of no stream.
    pub fn empty(region: &str, from: Timestamp, until: Timestamp, faults: Vec<String>) -> Self {
        Self {
            function: "cost-report",
            region: region.to_owned(),
            from,
            until,
            fleet: FleetCost::default(),
            streams: Vec::new(),
            prices: Vec::new(),
            faults,
            streams_left_out: 0,
            notes: Vec::new(),
            page: None,
            credential_fault: None,
            retry: false,
        }
    }
}
