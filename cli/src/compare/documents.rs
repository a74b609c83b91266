// SPDX-License-Identifier: Apache-2.0
//! The comparison of the user's documents, figure by figure, and what differs in truth.

use billing::prices::{Item, MONTH_SECONDS};
use kinesis_model::MicroUsd;
use scaler_app::report::figures::Usd;
use serde_json::{Value, json};
use sizing::compare::{BrokerPart, CapacityStrategy};
use sizing::{
    DOCUMENTS_BROKER_HOUR, DOCUMENTS_BROKERS, DOCUMENTS_MB_PER_SECOND, DOCUMENTS_SHARD_HOUR, DocumentsComparison,
    HEADROOM_PERCENT, Sizing, documents_put_cost, kafka_shards_exact,
};

use super::alternatives::{Alternative, Alternatives};
use crate::pricing::Rates;
use crate::table::table;

/// The case.
pub(super) struct Documents<'a> {
    alternatives: &'a Alternatives<'a>,
    theirs: DocumentsComparison,
}

impl<'a> Documents<'a> {
    /// Reckons as the documents do: whatever prices are given, theirs stay as they are.
    pub(super) fn of(alternatives: &'a Alternatives<'a>) -> Self {
        Self { alternatives, theirs: DocumentsComparison::of_script() }
    }

    /// For people.
    pub(super) fn in_words(&self) -> String {
        let theirs = &self.theirs;
        let [kafka, kinesis, shards, data] = self.rates();
        let rows = [
            kafka.exact_row(format!("Kafka, {DOCUMENTS_BROKERS} x r5.large x {DOCUMENTS_BROKER_HOUR}")),
            kinesis.exact_row("Kinesis"),
            shards.exact_row(format!("  {} shards x {DOCUMENTS_SHARD_HOUR}", theirs.shards)),
            data.exact_row(format!("  {DOCUMENTS_MB_PER_SECOND} MB/s x 0.000014 a MB, \"per PUT\"")),
            self.lost().exact_row("Kinesis loses"),
        ];
        let truths: Vec<_> = self.truths().into_iter().map(|truth| format!(" - {truth}")).collect();
        format!(
            "The documents' case: {DOCUMENTS_MB_PER_SECOND} MB/s, by their rule (whole MB + 1) on {} shards; 24 hours a \
             day, 30 days:\n\n{}\n\nSo Kinesis saves -{} USD a month, {}.{} %.\n\nIn truth:\n\n{}",
            theirs.shards,
            table(["USD", "hour", "day", "month"], rows),
            self.lost().month.0.cents(),
            -theirs.lost_permille() / 10,
            theirs.lost_permille().abs() % 10,
            truths.join("\n")
        )
    }

    /// Kafka; Kinesis, and its parts: shards and data.
    fn rates(&self) -> [Rates; 4] {
        let DocumentsComparison { kafka_cost, shards_cost, data_cost, .. } = self.theirs;
        [kafka_cost, self.theirs.kinesis_cost(), shards_cost, data_cost].map(Rates::of_month)
    }

    /// What Kinesis costs beyond Kafka by the documents: 209.52 USD a month.
    fn lost(&self) -> Rates {
        Rates::of_month(MicroUsd(self.theirs.kinesis_cost().0.saturating_sub(self.theirs.kafka_cost.0)))
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
        if let Ok(bill) = CapacityStrategy::StaticPeak.month(day, self.alternatives.sheet) {
            truths.push(format!(
                "AWS does not bill MB. It bills PUT payload units, one for each started 25 KB of a record: {} \
                 USD a month for records of that size, and less for larger ones. At the documents' price for \
                 each PUT, which is a thousand times too high, they would be {}.",
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
            truths.push(format!("Their prices in USD: {}.", self.alternatives.cluster.sources.join("; ")));
        }
        let total = |way| self.alternatives.costs(way).ok().map(|costs| costs.total.month.0);
        if let (Some(kafka), Some(kinesis)) =
            (total(Alternative::Kafka), total(Alternative::Kinesis(CapacityStrategy::StaticPeak)))
        {
            truths.push(format!(
                "All together, as below: Kafka {} USD a month, Kinesis with shards for the peak {}, so {} costs less.",
                kafka.cents(),
                kinesis.cents(),
                if kinesis <= kafka { "Kinesis" } else { "Kafka" }
            ));
        }
        truths
    }

    /// For programs.
    pub(super) fn in_json(&self) -> Value {
        let [kafka, kinesis, shards, data] = self.rates();
        json!({
            "shards": self.theirs.shards.get(),
            "usd_shard_hour": Usd(DOCUMENTS_SHARD_HOUR),
            "usd_broker_hour": Usd(DOCUMENTS_BROKER_HOUR),
            "kinesis": kinesis,
            "kinesis_shards": shards,
            "kinesis_data": data,
            "kafka": kafka,
            "kinesis_loses": self.lost(),
            "kinesis_loses_permille": self.theirs.lost_permille(),
            "in_truth": self.truths(),
        })
    }
}
