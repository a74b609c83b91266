//! The ways to carry a load, each with its lines, and from which load on which of two is the cheaper.

use scaler_core::MicroUsd;
use scaler_core::compare::{BreakEven, BrokerPart, Brokers, Day, STEP_BYTES_PER_SECOND, Way, break_even};
use scaler_core::cost::{Bill, BillLine};
use scaler_core::prices::{Item, PriceSheet};

use crate::pricing::{Rates, item_words, unpriced};

/// Break-even points are sought up to twice the load's peak, and up to this at least: 100 MB/s.
const SOUGHT_STEPS_MIN: u64 = 1_000;
/// And to this at most, or it would take seconds: 1,000 MB/s.
const SOUGHT_STEPS_MAX: u64 = 10_000;

/// A cluster and its prices.
pub(super) struct Cluster {
    /// Brokers and their type.
    pub(super) name: String,
    /// Or what is not known of its prices.
    pub(super) brokers: Result<Brokers, String>,
    /// Where each price is from.
    pub(super) sources: Vec<String>,
}

/// A load, and what it can be carried by.
pub(super) struct Alternatives<'a> {
    pub(super) day: Day,
    pub(super) cluster: Cluster,
    pub(super) sheet: &'a PriceSheet,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alternative {
    Kafka,
    Kinesis(Way),
}

/// What one costs.
pub(super) struct Costs {
    pub(super) lines: Vec<(String, Rates)>,
    pub(super) total: Rates,
}

impl Alternative {
    /// Every one, in the order of tables.
    pub(super) const ALL: [Self; 5] = [
        Self::Kafka,
        Self::Kinesis(Way::StaticPeak),
        Self::Kinesis(Way::Autoscaled),
        Self::Kinesis(Way::OnDemand),
        Self::Kinesis(Way::Advantage),
    ];

    /// Its name for programs.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Kinesis(Way::StaticPeak) => "static-peak",
            Self::Kinesis(Way::Autoscaled) => "kinesis-scaler",
            Self::Kinesis(Way::OnDemand) => "on-demand",
            Self::Kinesis(Way::Advantage) => "on-demand-advantage",
        }
    }

    /// Its name for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kafka => "Kafka",
            Self::Kinesis(Way::StaticPeak) => "shards for the peak",
            Self::Kinesis(Way::Autoscaled) => "shards by kinesis-scaler",
            Self::Kinesis(Way::OnDemand) => "on-demand Standard",
            Self::Kinesis(Way::Advantage) => "on-demand Advantage",
        }
    }
}

impl Alternatives<'_> {
    /// What a way costs.
    ///
    /// # Errors
    /// Which price is not known, in words.
    pub(super) fn costs(&self, alternative: Alternative) -> Result<Costs, String> {
        let (lines, month) = match alternative {
            Alternative::Kafka => {
                let month = self.cluster.brokers.as_ref().map_err(Clone::clone)?.month(&self.day);
                let used = month.into_iter().filter(|(_, cost)| cost.0 > 0);
                let lines: Vec<_> =
                    used.map(|(part, cost)| (part_words(part).to_owned(), Rates::of_month(cost))).collect();
                (lines, total(&month.map(|(_, cost)| cost)))
            }
            Alternative::Kinesis(way) => {
                let bill = way.month(&self.day, self.sheet).map_err(|missing| unpriced(&missing))?;
                (bill_lines(&bill), bill.total())
            }
        };
        Ok(Costs { lines, total: Rates::of_month(month) })
    }

    /// A month at such a peak, the day's shape being the same.
    ///
    /// # Errors
    /// Which price is not known, in words.
    pub(super) fn month_at(&self, alternative: Alternative, peak_bytes_per_second: u64) -> Result<MicroUsd, String> {
        let day = self.day.with_peak(peak_bytes_per_second);
        match alternative {
            Alternative::Kafka => {
                let month = self.cluster.brokers.as_ref().map_err(Clone::clone)?.month(&day);
                Ok(total(&month.map(|(_, cost)| cost)))
            }
            Alternative::Kinesis(way) => {
                way.month(&day, self.sheet).map(|bill| bill.total()).map_err(|missing| unpriced(&missing))
            }
        }
    }

    /// How many steps are looked at for break-even points.
    pub(super) fn steps(&self) -> u32 {
        let twice = 2 * self.day.peak_bytes_per_second / STEP_BYTES_PER_SECOND;
        u32::try_from(twice.clamp(SOUGHT_STEPS_MIN, SOUGHT_STEPS_MAX)).unwrap_or(u32::MAX)
    }

    /// Every two ways whose costs are known, and where each of them is the cheaper.
    pub(super) fn break_evens(&self) -> Vec<(Alternative, Alternative, Vec<BreakEven>)> {
        let known: Vec<_> = Alternative::ALL.into_iter().filter(|way| self.costs(*way).is_ok()).collect();
        let steps = self.steps();
        // Each way is priced once for each load, not once for each other way; what has a price has it at every load.
        let months: Vec<Vec<MicroUsd>> = known
            .iter()
            .map(|way| (0..=u64::from(steps)).map(|step| self.month_at(*way, step * STEP_BYTES_PER_SECOND)).collect())
            .collect::<Result<_, _>>()
            .unwrap_or_default();
        let mut found = Vec::new();
        for (first, of_first) in known.iter().zip(&months) {
            for (second, of_second) in known.iter().zip(&months).skip_while(|(way, _)| *way != first).skip(1) {
                let at = |months: &[MicroUsd], bytes: u64| {
                    let step = usize::try_from(bytes / STEP_BYTES_PER_SECOND).ok()?;
                    months.get(step).copied()
                };
                let turns =
                    break_even(steps, |bytes| at(of_first, bytes).ok_or(()), |bytes| at(of_second, bytes).ok_or(()));
                found.extend(turns.ok().map(|turns| (*first, *second, turns)));
            }
        }
        found
    }
}

/// The lines of a bill, those of the scaler itself together.
fn bill_lines(bill: &Bill) -> Vec<(String, Rates)> {
    let is_own = |item: Item| {
        matches!(
            item,
            Item::AlarmMetric | Item::CustomMetric | Item::MetricRequest | Item::LambdaRequest | Item::LambdaTime
        )
    };
    let (own, its): (Vec<BillLine>, Vec<BillLine>) = bill.lines.iter().partition(|line| is_own(line.item));
    let mut lines: Vec<_> =
        its.into_iter().map(|line| (item_words(line.item).to_owned(), Rates::of_month(line.cost))).collect();
    if !own.is_empty() {
        let costs: Vec<_> = own.into_iter().map(|line| line.cost).collect();
        lines.push(("the scaler itself".to_owned(), Rates::of_month(total(&costs))));
    }
    lines
}

/// What of a cluster's bill it is.
fn part_words(part: BrokerPart) -> &'static str {
    match part {
        BrokerPart::Instances => "brokers",
        BrokerPart::Storage => "storage",
        BrokerPart::ClientTransfer => "transfer between zones, clients",
        BrokerPart::ReplicationTransfer => "transfer between zones, replicas",
    }
}

fn total(costs: &[MicroUsd]) -> MicroUsd {
    MicroUsd(costs.iter().fold(0, |sum, cost| cost.0.saturating_add(sum)))
}
