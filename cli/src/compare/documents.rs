//! The comparison of the user's documents, figure by figure, and what differs in truth.

use scaler_app::cost::report::Usd;
use scaler_core::MicroUsd;
use scaler_core::compare::{BrokerPart, Way};
use scaler_core::prices::{Item, MONTH_SECONDS};
use scaler_core::sizing::{
    HEADROOM_PERCENT, Sizing, documents_month_cost, documents_put_cost, kafka_shards_exact, kafka_shards_with_spare,
};
use serde_json::{Value, json};

use super::alternatives::{Alternative, Alternatives};
use crate::pricing::Rates;
use crate::table::table;

/// What the documents reckon with.
const SHARD_HOUR: MicroUsd = MicroUsd(15_000);
const HOURS_PER_MONTH: u64 = 24 * 30;

/// The case.
pub(super) struct Documents<'a> {
    alternatives: &'a Alternatives<'a>,
    shards: u32,
    kinesis: Rates,
    /// `None` where nobody knows a broker's price.
    kafka: Option<Rates>,
}

impl<'a> Documents<'a> {
    /// Reckons as the documents do.
    pub(super) fn of(alternatives: &'a Alternatives<'a>) -> Self {
        let shards = kafka_shards_with_spare(alternatives.day.bytes_per_second);
        let month = |brokers_hour: MicroUsd| Rates::of_month(brokers_hour.times(HOURS_PER_MONTH));
        let kafka = alternatives.cluster.brokers.as_ref().ok();
        Self {
            alternatives,
            shards: shards.get(),
            kinesis: Rates::of_month(documents_month_cost(shards, SHARD_HOUR, 0)),
            kafka: kafka.map(|brokers| month(brokers.usd_hour.times(u64::from(brokers.count)))),
        }
    }

    /// For people.
    pub(super) fn in_words(&self) -> String {
        let kinesis = self.kinesis.exact_row(format!("Kinesis, {} shards x {SHARD_HOUR}", self.shards));
        let rows = match (&self.kafka, &self.alternatives.cluster.brokers) {
            (Some(kafka), Ok(brokers)) => {
                let name = &self.alternatives.cluster.name;
                let [theirs, ours] = [kafka, &self.kinesis].map(|rates| rates.month.0.0);
                let cheaper = if ours <= theirs { "Kinesis" } else { "Kafka" };
                let saved = Rates::of_month(MicroUsd(theirs.abs_diff(ours)));
                vec![
                    kafka.exact_row(format!("Kafka, {name} x {}", brokers.usd_hour)),
                    kinesis,
                    saved.exact_row(format!("{cheaper} saves")),
                ]
            }
            _ => vec![kinesis],
        };
        let truths: Vec<_> = self.truths().into_iter().map(|truth| format!(" - {truth}")).collect();
        format!(
            "The documents' case: 10 MB/s, by their rule (whole MB + 1) on {} shards; 24 hours a day, 30 \
             days:\n\n{}\n\nIn truth:\n\n{}",
            self.shards,
            table(["USD", "hour", "day", "month"], rows),
            truths.join("\n")
        )
    }

    /// What the documents leave out, with its figure where that is known.
    fn truths(&self) -> Vec<String> {
        let day = &self.alternatives.day;
        let peak = day.peak();
        let records_per_second = peak.records_per_second.expect("a day's records have a size");
        let by_records = Sizing::of(&peak, 0).by_records.expect("records are sized where they are known");
        let mut truths = vec![format!(
            "{} shards carry the bytes exactly; in records of {} bytes it takes {} for the records, and {} with {} % \
             on top.",
            kafka_shards_exact(day.bytes_per_second),
            day.record_bytes,
            by_records,
            day.shards_for_peak(),
            HEADROOM_PERCENT
        )];
        if let Ok(bill) = Way::StaticPeak.month(day, self.alternatives.sheet) {
            truths.push(format!(
                "PUT payload units come on top of shards: {} USD a month for records of that size, and less for \
                 larger ones. At the documents' price of a PUT, which is a thousand times too high, they would be {}.",
                bill.cost_of(Item::PutUnits).cents(),
                documents_put_cost(records_per_second.saturating_mul(MONTH_SECONDS)).cents()
            ));
        }
        if let Ok(brokers) = &self.alternatives.cluster.brokers {
            let month = brokers.month(day);
            let cost = |wanted: BrokerPart| {
                let found = month.iter().find(|(part, _)| *part == wanted);
                found.map(|(_, cost)| *cost).unwrap_or_default().cents()
            };
            truths.push(format!(
                "Brokers have disks ({} USD a month) and talk between zones: clients {}, replicas {}.",
                cost(BrokerPart::Storage),
                cost(BrokerPart::ClientTransfer),
                cost(BrokerPart::ReplicationTransfer)
            ));
            let source = self.alternatives.cluster.sources.first().map_or("", String::as_str);
            truths.push(format!("A broker's hour is {source}."));
        }
        let total = |way| self.alternatives.costs(way).ok().map(|costs| costs.total.month.0);
        if let (Some(kafka), Some(kinesis)) = (total(Alternative::Kafka), total(Alternative::Kinesis(Way::StaticPeak)))
        {
            truths.push(format!(
                "All together, as below: Kafka {} USD a month, Kinesis with shards for the peak {}.",
                kafka.cents(),
                kinesis.cents()
            ));
        }
        truths
    }

    /// For programs.
    pub(super) fn in_json(&self) -> Value {
        json!({
            "shards": self.shards,
            "usd_shard_hour": Usd(SHARD_HOUR),
            "kinesis": self.kinesis,
            "kafka": self.kafka,
            "in_truth": self.truths(),
        })
    }
}
