//! What cost-report runs: it gathers what streams used, reckons what they cost and could have cost, and tells people.
//!
//! Start at [`cost_report()`]: an event becomes a [`CostRequest`] (`request.rs`), the streams' metrics are gathered
//! (`gather.rs`), each is reckoned by `scaler_core::cost` (`reckon.rs`) into a [`CostReport`] (`report.rs`), of which people
//! get the short form (`words.rs`).

mod gather;
pub mod ports;
mod reckon;
pub mod report;
mod request;
mod telemetry;
mod words;

use jiff::{SignedDuration, Timestamp};
use scaler_core::cost::{OwnUse, Standing, Usage, advantage_of_all};
use scaler_core::prices::PriceSheet;
use scaler_core::{MicroUsd, Policy};
use serde_json::Value;

use crate::ports::{Clock, Notices};
use crate::wiring::Wiring;

pub use ports::{CostAdapters, CostPorts};
pub use report::CostReport;
pub use request::{CostFault, CostRequest, Whose, time};
pub use telemetry::lines;
pub use words::summary;

use gather::Gathered;
use ports::Pages;
use reckon::Terms;
use report::{FleetCost, PriceUsed, StreamCost, Usd, UsdSaved};

/// How long a run begins with more streams: the function's 900 s in `template.yaml`, less what ten streams may take at worst.
pub const BEGINS_WITHIN: SignedDuration = SignedDuration::from_secs(780);

/// The settings of a run.
#[derive(Clone, Copy, Debug)]
pub struct CostSettings<'a> {
    /// The stack's policy.
    pub policy: &'a Policy,
    /// What the stack says of itself.
    pub wiring: &'a Wiring,
    /// Draws a report as an HTML page.
    pub draw: fn(&CostReport) -> String,
}

/// Handles any event that cost-report may be sent. Bad input is a fault in the answer, not an error.
///
/// No stream's metrics are asked for after `deadline`.
pub async fn cost_report<A: CostAdapters>(
    ports: &CostPorts<A>,
    settings: CostSettings<'_>,
    event: &Value,
    deadline: Timestamp,
) -> CostReport {
    let now = ports.fleet.pass.clock.now();
    match CostRequest::parse(event, now) {
        Ok(request) => reckoned(ports, settings, &request, deadline).await,
        Err(fault) => CostReport::empty(&settings.wiring.region, now, now, vec![fault.to_string()]),
    }
}

/// Answers a request.
pub async fn reckoned<A: CostAdapters>(
    ports: &CostPorts<A>,
    settings: CostSettings<'_>,
    request: &CostRequest,
    deadline: Timestamp,
) -> CostReport {
    let gathered = gather::gather(ports, settings.wiring, request, deadline).await;
    let terms = Terms { sheet: &gathered.sheet, policy: settings.policy };
    let mut report = report_of(&gathered, terms, request);
    if request.publish {
        publish(ports, settings, &mut report).await;
    }
    report
}

/// Keeps the page, and tells people where it is. Neither is worth another run: the answer and the log have it all.
async fn publish<A: CostAdapters>(ports: &CostPorts<A>, settings: CostSettings<'_>, report: &mut CostReport) {
    if ports.pages.is_there() {
        let key = format!("{}/{}.html", report.region, report.until.strftime("%Y-%m-%d"));
        match ports.pages.keep(&key, (settings.draw)(report)).await {
            Ok(place) => report.page = Some(place),
            Err(error) => report.faults.push(format!("the page was not kept: {error}")),
        }
    }
    if ports.fleet.pass.notices.is_heard()
        && let Err(error) = ports.fleet.pass.notices.publish(&words::notice(report)).await
    {
        report.faults.push(format!("nobody was told: {error}"));
    }
}

fn report_of(gathered: &Gathered, terms: Terms<'_>, request: &CostRequest) -> CostReport {
    let mut report = CostReport::empty(terms.sheet.region(), request.from, request.until, gathered.faults.clone());
    let (mut used, mut own) = (Vec::new(), gathered.own);
    for known in &gathered.streams {
        match known.reckon(terms) {
            Ok(cost) => {
                own = own.and(known.own_use());
                used.push((known.usage(), known.standing.clone()));
                report.streams.push(cost);
            }
            Err(missing) => report.faults.push(format!("{} is left out: {missing}", known.name)),
        }
    }
    report.streams.sort_by(|one, other| other.usd.cmp(&one.usd).then_with(|| one.stream.cmp(&other.stream)));
    report.retry = gathered.may_pass && report.streams.is_empty();
    report.notes.clone_from(&gathered.notes);
    report.prices = prices_used(terms.sheet);
    let seconds = u64::try_from(request.until.duration_since(request.from).as_secs()).unwrap_or(0);
    report.fleet = fleet_of(&report.streams, &used, own, terms.sheet, seconds);
    report
}

fn fleet_of(
    streams: &[StreamCost],
    used: &[(Usage, Standing)],
    own: OwnUse,
    sheet: &PriceSheet,
    seconds: u64,
) -> FleetCost {
    let sum = |of: fn(&StreamCost) -> Option<Usd>| {
        streams.iter().try_fold(Usd::default(), |sum, one| Some(Usd(MicroUsd(sum.0.0.saturating_add(of(one)?.0.0)))))
    };
    let advantage = advantage_of_all(sheet, used.iter().map(|(usage, standing)| (usage, standing)), seconds);
    let total = sum(|one| Some(one.usd)).unwrap_or_default();
    let usd_scaler = own.bill(sheet).ok().map(|bill| Usd(bill.total()));
    let (usd_on_demand, usd_static_peak) = (sum(|one| one.usd_on_demand), sum(|one| one.usd_static_peak));
    let paid = usd_scaler.map(|own| MicroUsd(own.0.0.saturating_add(total.0.0)));
    let saved = |otherwise: Option<Usd>| Some(UsdSaved::by(paid?, otherwise?.0));
    FleetCost {
        streams: streams.len(),
        usd: total,
        usd_on_demand,
        usd_advantage: advantage.map(|bill| Usd(bill.total())).ok(),
        usd_static_peak,
        usd_scaler,
        saved_against_on_demand: saved(usd_on_demand),
        saved_against_static_peak: saved(usd_static_peak),
        // A stream of which the period has not seen anything yet is left out.
        usd_month_expected: sum(|one| Some(one.usd_month_expected.unwrap_or_default())),
    }
}

fn prices_used(sheet: &PriceSheet) -> Vec<PriceUsed> {
    let used = sheet.iter().map(|(item, price)| PriceUsed {
        item: item.name(),
        usd: Usd(price.usd),
        unit: item.unit(),
        source: price.source.clone().into_owned(),
    });
    used.collect()
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
            notes: Vec::new(),
            page: None,
            retry: false,
        }
    }
}
