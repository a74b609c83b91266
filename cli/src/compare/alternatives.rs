// SPDX-License-Identifier: Apache-2.0
//! The ways to carry a load, each with its lines, and from which load on which of two is the cheaper.

use billing::prices::{Item, MissingPrice, PriceSheet};
use billing::{Bill, BillLine};
use kinesis_model::MicroUsd;
use sizing::compare::{BreakEven, BrokerPart, Brokers, CapacityStrategy, DailyLoad, STEP_BYTES_PER_SECOND, break_even};

use crate::pricing::{Rates, item_words, unpriced};

/// Break-even points are sought up to twice the load's peak, and up to this at least, except against a cluster, whose brokers
/// stay as many: 100 MB/s.
const SOUGHT_STEPS_MIN: u64 = 1_000;
/// And to this at most, or it would take seconds: 1,000 MB/s.
const SOUGHT_STEPS_MAX: u64 = 10_000;

/// A cluster and its prices.
pub(super) struct Cluster {
    /// Brokers and their type.
    pub(super) name: String,
    /// The type.
    pub(super) broker: String,
    /// Or what is not known of its prices.
    pub(super) brokers: Result<Brokers, LackedPrices>,
    /// Where each price is from.
    pub(super) sources: Vec<String>,
}

/// A cluster not all of whose prices are known.
pub(super) struct LackedPrices {
    /// With nothing for a price that is not known.
    pub(super) brokers: Brokers,
    /// Which prices, and what to do.
    pub(super) words: String,
}

/// A load, and what it can be carried by.
pub(super) struct Alternatives<'a> {
    pub(super) day: DailyLoad,
    pub(super) cluster: Cluster,
    pub(super) sheet: &'a PriceSheet,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alternative {
    Kafka,
    Kinesis(CapacityStrategy),
}

/// What one costs.
pub(super) struct Costs {
    pub(super) lines: Vec<(String, Rates)>,
    pub(super) total: Rates,
}

/// What is known of the costs of one, and what is not.
pub(super) struct Lacking {
    pub(super) lines: Vec<(String, Rates)>,
    /// Each price that is missing, in words.
    pub(super) missing: Vec<String>,
}

impl Alternative {
    /// Every one, in the order of tables.
    pub(super) const ALL: [Self; 5] = [
        Self::Kafka,
        Self::Kinesis(CapacityStrategy::StaticPeak),
        Self::Kinesis(CapacityStrategy::Autoscaled),
        Self::Kinesis(CapacityStrategy::OnDemand),
        Self::Kinesis(CapacityStrategy::Advantage),
    ];

    /// Its name for programs.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Kinesis(CapacityStrategy::StaticPeak) => "static-peak",
            Self::Kinesis(CapacityStrategy::Autoscaled) => "kinesis-scaler",
            Self::Kinesis(CapacityStrategy::OnDemand) => "on-demand",
            Self::Kinesis(CapacityStrategy::Advantage) => "on-demand-advantage",
        }
    }

    /// Its name for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kafka => "Kafka",
            Self::Kinesis(CapacityStrategy::StaticPeak) => "shards for the peak",
            Self::Kinesis(CapacityStrategy::Autoscaled) => "shards by kinesis-scaler",
            Self::Kinesis(CapacityStrategy::OnDemand) => "on-demand Standard",
            Self::Kinesis(CapacityStrategy::Advantage) => "on-demand Advantage",
        }
    }
}

impl Alternatives<'_> {
    /// What a way costs.
    ///
    /// # Errors
    /// Not all prices are known: what can be reckoned, and what is missing.
    pub(super) fn costs(&self, alternative: Alternative) -> Result<Costs, Lacking> {
        let (lines, month, missing) = match alternative {
            Alternative::Kafka => {
                let (brokers, missing) = match &self.cluster.brokers {
                    Ok(brokers) => (brokers, Vec::new()),
                    Err(lacked) => (&lacked.brokers, vec![lacked.words.clone()]),
                };
                let month = brokers.month(&self.day);
                let used = month.into_iter().filter(|(_, cost)| cost.0 > 0);
                let lines: Vec<_> =
                    used.map(|(part, cost)| (part_words(part).to_owned(), Rates::of_month(cost))).collect();
                (lines, total(&month.map(|(_, cost)| cost)), missing)
            }
            Alternative::Kinesis(way) => {
                let (bill, missing) = way.month_as_known(&self.day, self.sheet);
                (bill_lines(&bill, &missing), bill.total(), missing.iter().map(unpriced).collect())
            }
        };
        if missing.is_empty() {
            Ok(Costs { lines, total: Rates::of_month(month) })
        } else {
            Err(Lacking { lines, missing })
        }
    }

    /// Every price that any of the ways lacks, each once, in words.
    pub(super) fn missing(&self) -> Vec<String> {
        let mut missing: Vec<String> = Vec::new();
        for lacked in Alternative::ALL.into_iter().filter_map(|way| self.costs(way).err()).flat_map(|why| why.missing) {
            if !missing.contains(&lacked) {
                missing.push(lacked);
            }
        }
        missing
    }

    /// A month at such a peak, the day's shape being the same.
    ///
    /// `None` where a price is not known.
    pub(super) fn month_at(&self, alternative: Alternative, peak_bytes_per_second: u64) -> Option<MicroUsd> {
        let day = self.day.with_peak(peak_bytes_per_second);
        match alternative {
            Alternative::Kafka => {
                let month = self.cluster.brokers.as_ref().ok()?.month(&day);
                Some(total(&month.map(|(_, cost)| cost)))
            }
            Alternative::Kinesis(way) => way.month(&day, self.sheet).map(|bill| bill.total()).ok(),
        }
    }

    /// How many steps are looked at for break-even points of a way and each of those after it.
    pub(super) fn steps(&self, first: Alternative) -> u32 {
        let twice = 2 * self.day.peak_bytes_per_second / STEP_BYTES_PER_SECOND;
        let least = match first {
            // Nobody says that the cluster carries much more than the load that it was named for.
            Alternative::Kafka => 1,
            Alternative::Kinesis(_) => SOUGHT_STEPS_MIN,
        };
        u32::try_from(twice.clamp(least, SOUGHT_STEPS_MAX)).unwrap_or(u32::MAX)
    }

    /// Every two ways whose costs are known and which are a choice, and where each of them is the cheaper.
    pub(super) fn break_evens(&self) -> Vec<(Alternative, Alternative, Vec<BreakEven>)> {
        let known: Vec<_> = Alternative::ALL.into_iter().filter(|way| self.costs(*way).is_ok()).collect();
        let most = Alternative::ALL.into_iter().map(|way| self.steps(way)).max().unwrap_or_default();
        // Each way is priced once for each load, not once for each other way; what has a price has it at every load.
        let months: Vec<Vec<MicroUsd>> = known
            .iter()
            .map(|way| (0..=u64::from(most)).map(|step| self.month_at(*way, step * STEP_BYTES_PER_SECOND)).collect())
            .collect::<Option<_>>()
            .unwrap_or_default();
        let mut found = Vec::new();
        for (first, of_first) in known.iter().zip(&months) {
            for (second, of_second) in known.iter().zip(&months).skip_while(|(way, _)| *way != first).skip(1) {
                let at = |months: &[MicroUsd], bytes: u64| {
                    let step = usize::try_from(bytes / STEP_BYTES_PER_SECOND).ok()?;
                    months.get(step).copied()
                };
                if self.day.peak_hours == 0 && is_same_load_by_shards(*first, *second) {
                    continue;
                }
                let steps = self.steps(*first);
                let turns =
                    break_even(steps, |bytes| at(of_first, bytes).ok_or(()), |bytes| at(of_second, bytes).ok_or(()));
                found.extend(turns.ok().map(|turns| (*first, *second, turns)));
            }
        }
        found
    }
}

/// Whether it is shards for the peak against shards that follow the load. Where that is always the same they differ by how
/// counts are rounded, and by nothing that would be a reason to choose.
fn is_same_load_by_shards(first: Alternative, second: Alternative) -> bool {
    [first, second]
        == [Alternative::Kinesis(CapacityStrategy::StaticPeak), Alternative::Kinesis(CapacityStrategy::Autoscaled)]
}

/// The lines of a bill, those of the scaler itself together, as far as their prices are not missing.
fn bill_lines(bill: &Bill, missing: &[MissingPrice]) -> Vec<(String, Rates)> {
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
        let is_whole = missing.iter().all(|lacked| !is_own(lacked.item));
        let name = if is_whole { "the scaler itself" } else { "the scaler itself, as far as known" };
        lines.push((name.to_owned(), Rates::of_month(total(&costs))));
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
    costs.iter().fold(MicroUsd::default(), |sum, cost| sum.and(*cost))
}
