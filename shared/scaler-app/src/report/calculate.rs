// SPDX-License-Identifier: Apache-2.0
//! Reckons one stream: from what it used to its bill, what it could have cost, and what to do about it.

use billing::prices::{Item, MissingPrice, PriceSheet};
use billing::{AdviceInput, Bill, ScalerUsage, Series, StreamConfig, Usage, advice, month_end};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kinesis_model::num::float;
use kinesis_model::{MicroUsd, ShardCount, StreamMode};
use scaler_core::{Policy, StreamTags};

use super::figures::{AdviceLine, DayCost, Line, StreamCost, Usd, UsdSaved};
use crate::advice::saving_command;

/// What a bill may be off by, as a share of it, without a word; in percent.
const DOUBT_MIN_PERCENT: u64 = 10;

/// Throttling that is told beside what was saved, as a share of all tries; in percent.
const THROTTLED_MIN_PERCENT: u128 = 1;

/// All that is known of a stream.
#[derive(Clone, Debug)]
pub(super) struct BilledStream {
    /// Its name.
    pub(super) name: String,
    /// What it is billed by.
    pub(super) config: StreamConfig,
    /// What it carried, in the whole period.
    pub(super) series: Series,
    /// What its tags say; without tags it is not managed.
    pub(super) tags: StreamTags,
    /// How many metrics its alarms read.
    pub(super) alarm_metrics: usize,
}

/// How streams are reckoned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    /// Prices.
    pub(super) sheet: &'a PriceSheet,
    /// The stack's policy.
    pub(super) policy: &'a Policy,
    /// The time, by which a stream's ledger tells of its last 24 hours.
    pub(super) now: Timestamp,
}

/// A stream that was reckoned; its series, which is large, is not kept.
#[derive(Clone, Debug)]
pub(super) struct Calculated {
    /// What it cost.
    pub(super) cost: StreamCost,
    /// What it used.
    pub(super) usage: Usage,
    /// What it is billed by.
    pub(super) config: StreamConfig,
    /// What the scaler used for it.
    pub(super) own: ScalerUsage,
}

impl BilledStream {
    /// What it cost, and all that goes with it.
    ///
    /// # Errors
    /// An item that it is billed by has no price.
    pub(super) fn calculate(mut self, terms: Terms<'_>) -> Result<Calculated, MissingPrice> {
        self.series.recall(&self.tags.history, terms.now);
        let usage = self.series.usage(&self.config, self.series.start, self.series.end());
        let own = if self.tags.managed {
            ScalerUsage::of_stream(usage.seconds, self.alarm_metrics, usage.seconds_counted)
        } else {
            ScalerUsage::default()
        };
        let cost = self.cost(terms, &usage, own)?;
        Ok(Calculated { cost, usage, config: self.config, own })
    }

    fn cost(&self, terms: Terms<'_>, usage: &Usage, own: ScalerUsage) -> Result<StreamCost, MissingPrice> {
        let (sheet, config) = (terms.sheet, &self.config);
        let policy = self.tags.policy(terms.policy).ok().filter(|_| self.tags.managed);
        let target = policy.as_ref().unwrap_or(terms.policy).target_utilization_percent;
        let peak = usage.shards_at_peak(config.mode, target);
        let bill = Bill::as_it_is(sheet, usage, config)?;
        let mut notes = notes(usage, config);
        notes.extend(doubt(sheet, usage, config, &bill));
        let mut otherwise = |bill: Result<Bill, MissingPrice>| {
            bill.map_err(|missing| note_once(&mut notes, missing.to_string())).ok().map(|bill| bill.total())
        };
        let on_demand = otherwise(Bill::on_demand(sheet, usage, config));
        let advantage = otherwise(Bill::advantage(sheet, usage, config));
        let static_peak = otherwise(Bill::with_shards(sheet, usage, config, peak));
        let (own, missing) = own.bill_as_known(sheet);
        for missing in &missing {
            note_once(&mut notes, scaler_without(missing));
        }
        let paid = own.total().and(bill.total());
        let saved = |otherwise: Option<MicroUsd>| Some(UsdSaved::by(paid, otherwise?));
        let month = month_end(sheet, &self.series, config)?;
        let budget = self.tags.budget.as_ref().and_then(|budget| budget.as_ref().ok()).copied();
        if let Some(Err(fault)) = &self.tags.budget {
            notes.push(format!("{fault}: the stream's budget is not checked until the tag is corrected"));
        }
        let looked = AdviceInput { usage, config, managed_by: policy.as_ref(), target_utilization_percent: target };
        let advice = advice(sheet, looked)?.into_iter().map(|advice| AdviceLine {
            words: advice.saving.to_string(),
            usd_month: Usd(advice.a_month),
            command: saving_command(&advice.saving, &self.name, sheet.region()),
        });
        Ok(StreamCost {
            stream: self.name.clone(),
            managed: self.tags.managed,
            mode: config.mode.into(),
            open_shards: config.open_shards.get(),
            mean_shards: mean_shards(usage),
            throttled_records: u64::try_from(usage.throttled_records).unwrap_or(u64::MAX),
            retention_hours: config.retention_hours,
            usd: Usd(bill.total()),
            lines: Line::all(&bill),
            usd_on_demand: on_demand.map(Usd),
            usd_advantage: advantage.map(Usd),
            static_peak_shards: peak.get(),
            usd_static_peak: static_peak.map(Usd),
            usd_scaler: Usd(own.total()),
            saved_against_on_demand: saved(on_demand),
            saved_against_static_peak: saved(static_peak),
            usd_month_so_far: month.map(|month| Usd(month.so_far)),
            usd_month_expected: month.map(|month| Usd(month.expected)),
            budget_usd_month: budget.map(Usd),
            over_budget: budget.zip(month).is_some_and(|(budget, month)| month.expected > budget),
            advice: advice.collect(),
            days: self.days(sheet, peak)?,
            notes,
        })
    }

    fn days(&self, sheet: &PriceSheet, peak: ShardCount) -> Result<Vec<DayCost>, MissingPrice> {
        let mut days = Vec::new();
        let mut from = self.series.start;
        while from < self.series.end() {
            let date = from.to_zoned(TimeZone::UTC).date();
            let next = date.tomorrow().ok().and_then(|date| date.to_zoned(TimeZone::UTC).ok());
            let until = next.map_or(Timestamp::MAX, |next| next.timestamp());
            let usage = self.series.usage(&self.config, from, until);
            let total = |bill: Result<Bill, MissingPrice>| bill.ok().map(|bill| bill.total());
            days.push(DayCost {
                date,
                usd: Bill::as_it_is(sheet, &usage, &self.config)?.total(),
                usd_on_demand: total(Bill::on_demand(sheet, &usage, &self.config)),
                usd_static_peak: total(Bill::with_shards(sheet, &usage, &self.config, peak)),
                mean_shards: mean_shards(&usage),
            });
            from = until;
        }
        Ok(days)
    }
}

fn mean_shards(usage: &Usage) -> f64 {
    if usage.seconds == 0 { 0.0 } else { float(usage.shard_seconds) / float(usage.seconds) }
}

/// What the metrics leave open.
fn notes(usage: &Usage, config: &StreamConfig) -> Vec<String> {
    let mut notes = Vec::new();
    let uncounted = (usage.seconds - usage.seconds_counted - usage.seconds_by_ledger) / 3_600;
    if config.mode == StreamMode::Provisioned && uncounted > 0 {
        let hours = |seconds: u64| (seconds + 1_800) / 3_600;
        let ledger = match hours(usage.seconds_by_ledger) {
            0 => String::new(),
            hours => format!(", and the stream's resize history gives it for {hours} more"),
        };
        notes.push(match (hours(usage.seconds_counted), ledger.is_empty()) {
            (0, true) => "no shard count was published in the period, so the nearest known count is used".to_owned(),
            (counted, _) => format!(
                "the shard count was published for {counted} of {} hours{ledger}; for the other hours the \
                 nearest known count is used",
                hours(usage.seconds)
            ),
        });
    }
    let tried = usage.records.saturating_add(usage.throttled_records);
    let hundredfold = usage.throttled_records.saturating_mul(100);
    if hundredfold >= tried.max(1).saturating_mul(THROTTLED_MIN_PERCENT) {
        // To the nearest.
        let throttled_percent = hundredfold.saturating_add(tried / 2) / tried.max(1);
        notes.push(format!(
            "{} records, {throttled_percent} % of all attempts, were throttled: the stream had too few shards \
             at times, and its lower cost at those times is not a saving",
            usage.throttled_records
        ));
    }
    if config.mode == StreamMode::OnDemand {
        notes.push(
            "the stream is calculated at the price of on-demand Standard; in an account with on-demand \
             Advantage it costs the Advantage price"
                .to_owned(),
        );
    }
    notes
}

/// Payload units are reckoned by the mean size of a step's records: said where the truth may lie far from that.
fn doubt(sheet: &PriceSheet, usage: &Usage, config: &StreamConfig, bill: &Bill) -> Option<String> {
    if config.mode == StreamMode::OnDemand {
        return None;
    }
    let (fewest, most) = usage.put_units_bounds();
    let [low, high] = [fewest, most].map(|units| sheet.cost(Item::PutUnits, units).ok());
    let (low, high) = (low?, high?);
    let may_be_off = high.0.saturating_sub(low.0) > bill.total().0 / 100 * DOUBT_MIN_PERCENT;
    may_be_off.then(|| {
        format!(
            "PUT payload units are calculated from the mean record size; the real sizes may make them cost from \
             {} to {} USD",
            low.in_table(),
            high.in_table()
        )
    })
}

/// What is said of an item of the scaler's own that has no price.
pub(super) fn scaler_without(missing: &MissingPrice) -> String {
    format!("the scaler's own cost does not include {}: {missing}", missing.item)
}

fn note_once(notes: &mut Vec<String>, note: String) {
    if !notes.contains(&note) {
        notes.push(note);
    }
}
