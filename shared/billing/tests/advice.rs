// SPDX-License-Identifier: Apache-2.0
//! Each way to save, in the situation that it is for and in those that come near it: one line a case.
#![allow(clippy::unwrap_used)]

mod support;

use billing::prices::{Item, Price, PriceSheet};
use billing::{Advice, AdviceInput, OnDemandOnly, Saving, StreamConfig, UsageStep, advice};
use kinesis_model::{MicroUsd, ShardCount, StreamMode};
use scaler_core::{Policy, PolicySpec};
use support::{GB, MONTH, consumer, hours, step, stream_config, whole};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
/// Records an hour that fill one shard at the target of 80 %.
const SHARD: u64 = 3_600 * 800;

/// A stream to be looked at: 30 days of the same hour, unless said.
#[derive(Clone)]
struct Case {
    config: StreamConfig,
    steps: Vec<UsageStep>,
    policy: Option<Policy>,
    sheet: PriceSheet,
}

impl Case {
    fn of(mode: StreamMode, shards: u32, step: &UsageStep) -> Self {
        Self {
            config: stream_config(mode, shards, 24),
            steps: vec![step.clone(); MONTH],
            policy: Some(policy(1)),
            sheet: PriceSheet::of("us-east-1"),
        }
    }

    fn provisioned(shards: u32, step: &UsageStep) -> Self {
        Self::of(StreamMode::Provisioned, shards, step)
    }

    fn on_demand(step: &UsageStep) -> Self {
        Self::of(StreamMode::OnDemand, 4, step)
    }

    fn unmanaged(mut self) -> Self {
        self.policy = None;
        self
    }

    fn shards_min(mut self, shards_min: u32) -> Self {
        self.policy = Some(policy(shards_min));
        self
    }

    fn hours(mut self, hours: usize) -> Self {
        self.steps.truncate(hours);
        self
    }

    /// With these prices alone, in a Region that the sheet does not know.
    fn priced(mut self, items: &[Item]) -> Self {
        let mut sheet = PriceSheet::of("eu-west-1");
        for item in items {
            let usd = self.sheet.price(*item).unwrap();
            sheet.set(*item, Price { usd, source: "a setting".into() });
        }
        self.sheet = sheet;
        self
    }

    fn retention(mut self, hours: u32) -> Self {
        self.config.retention_hours = hours;
        self
    }

    /// With a consumer that was given so much each hour.
    fn fanned_out(mut self, registered: &str, given: Option<u64>) -> Self {
        self.config.consumers = vec![consumer("analytics", registered)];
        self.steps.iter_mut().for_each(|step| step.fan_out_bytes = vec![given]);
        self
    }

    fn advice(&self) -> Vec<Advice> {
        let usage = whole(&hours(self.steps.clone()), &self.config);
        let looked = AdviceInput {
            usage: &usage,
            config: &self.config,
            managed_by: self.policy.as_ref(),
            target_utilization_percent: 80,
        };
        advice(&self.sheet, looked).unwrap()
    }
}

fn policy(shards_min: u32) -> Policy {
    Policy::new(PolicySpec { shards_min, ..PolicySpec::default() }).unwrap()
}

/// Each saving with what it saves in a month, the most first.
fn check(situation: &str, case: &Case, expected: &[&str]) {
    let found: Vec<_> = case.advice().iter().map(|one| format!("{} {}", short(&one.saving), one.a_month)).collect();
    assert_eq!(found, expected, "{situation}");
}

fn short(saving: &Saving) -> String {
    match saving {
        Saving::ToOnDemand => "to on-demand".to_owned(),
        Saving::ToProvisioned { shards, .. } => format!("to {shards} shards"),
        Saving::DeleteIdle => "delete".to_owned(),
        Saving::Enrol { shards } => format!("enrol for {shards}"),
        Saving::LowerMin { from, to } => format!("min {from} to {to}"),
        Saving::ShortenRetention { from, to } => format!("keep {from} to {to}"),
        Saving::AskWhyHeld { from, to } => format!("why {from} and not {to}"),
        Saving::DropConsumer { name } => format!("drop {name}"),
        Saving::Aggregate { mean_bytes, billed_kb } => format!("aggregate {mean_bytes} of {billed_kb} KB"),
    }
}

/// What a stream has in on-demand mode alone stands in the way, and is told.
#[test]
fn what_keeps_a_stream_from_provisioned_mode_is_told() {
    let unknown = OnDemandOnly::default();
    let none = OnDemandOnly { channels: Some(0), is_auto: Some(false), consumers_beyond: 0 };
    for (only, said) in [
        (unknown, "Check whether the stream uses queues, channels, AUTO record distribution:"),
        (none, "Check whether the stream uses queues: they"),
        (OnDemandOnly { channels: Some(2), ..none }, "First delete its 2 channel(s)"),
        (OnDemandOnly { is_auto: Some(true), ..none }, "set its record distribution to USER_PARTITION_KEY"),
        (OnDemandOnly { consumers_beyond: 3, ..none }, "deregister 3 of its consumers with enhanced fan-out"),
    ] {
        let words = Saving::ToProvisioned { shards: ShardCount::ONE, only }.to_string();
        assert!(words.contains(said) && words.contains("queues"), "{words}");
    }
}

/// So many records of 24 KB, which aggregation does not help, and no consumer.
fn large(records: u64) -> UsageStep {
    step(records, records * 24 * 1_024)
}

fn lagging(step: UsageStep, iterator_age_ms: u64) -> UsageStep {
    let mut step = step;
    step.metrics.iterator_age_ms = Some(iterator_age_ms);
    step
}

fn read(step: UsageStep, bytes: u64) -> UsageStep {
    let mut step = step;
    step.metrics.read_bytes = Some(bytes);
    step
}

#[test]
fn to_on_demand() {
    // 10 shards x 720 h x 0.015 = 108.00; on-demand 28.80, and 720 records of 24 KB 0.001318.
    // But one shard would be 10.80, and that is what is told then.
    let wide = Case::provisioned(10, &large(1));
    check("ten shards for next to nothing", &wide, &["why 10 and not 1 97.20"]);
    // Ten shards for a peak, and next to nothing else: 108.00, and 1.200719 million units 0.016810; on-demand 28.80, and
    // 27.465820 GB of the peak and 0.016457 GB beside it x 0.08.
    let mut wide = wide;
    wide.steps[12] = large(10 * SHARD / 24);
    check("ten shards for one hour in a month", &wide, &["to on-demand 77.018228"]);
    // Of a day: 3.60 and 0.016801, and 0.96 and 2.197309; thirty times.
    check("the day of it, as often as in a month", &wide.clone().hours(24), &["to on-demand 13.78476"]);
    check("an hour less than a day", &wide.clone().hours(23), &[]);
    check("nothing at all", &wide.clone().hours(0), &[]);
    check("one shard is cheaper even idle", &Case::provisioned(1, &large(1)), &[]);
    let no_price = wide.priced(&[Item::ShardHour, Item::PutUnits]);
    check("on-demand without a price", &no_price, &[]);
}

#[test]
fn to_provisioned() {
    // 0.8 x 3.6 million records of 1 KB an hour, 1,977.539063 GB: 28.80 + 158.203125. A shard 10.80, and units 29.0304.
    let full = step(SHARD, SHARD * 1_024);
    check("a shard's fill all the time", &Case::on_demand(&full), &["to 1 shards 147.172725"]);
    // 720 h x 3,600 more are 1,980.010986 GB: 158.400879, and 29.066688 for units.
    check("a record a second more", &Case::on_demand(&step(SHARD + 3_600, SHARD * 1_024)), &["to 2 shards 136.534191"]);
    check("half a day of it", &Case::on_demand(&full).hours(12), &[]);

    let mut peaky = Case::on_demand(&large(1));
    peaky.steps[100] = step(20 * SHARD, 20 * SHARD);
    check("one hour that needs twenty shards", &peaky, &[]);
    let no_price = Case::on_demand(&full).priced(&[Item::OnDemandHour, Item::OnDemandIn]);
    check("shards without a price", &no_price, &[]);
    let fanned_out = Case::on_demand(&full).fanned_out("2026-01-01T00:00:00Z", Some(0));
    let only = [Item::OnDemandHour, Item::OnDemandIn, Item::ShardHour, Item::PutUnits];
    check("consumers without a price", &fanned_out.priced(&only), &[]);

    // Read eight times over: 6.25 MiB/s are 3.9 shards at 80 % of 2 MiB/s. On-demand 632.8125 more, shards 3 x 10.80.
    let replayed = read(full, 8 * SHARD * 1_024);
    check("eight readers", &Case::on_demand(&replayed), &["to 4 shards 747.585225"]);
}

#[test]
fn delete_idle() {
    check("nobody wrote", &Case::provisioned(2, &step(0, 0)), &["delete 21.60"]);
    check("no metrics at all", &Case::provisioned(2, &UsageStep::default()), &["delete 21.60"]);
    check("nobody wrote, on-demand", &Case::on_demand(&step(0, 0)), &["delete 28.80"]);
    check("nobody wrote, and one reads", &Case::on_demand(&read(step(0, 0), GB)), &[]);
    let with_consumer = Case::provisioned(2, &step(0, 0)).fanned_out("2026-01-01T00:00:00Z", None);
    check("nobody wrote, and a consumer waits", &with_consumer, &["drop analytics 21.60"]);
    check("bytes whose records nobody counted", &Case::provisioned(1, &step(0, 5)), &[]);
    check("nobody wrote for a week", &Case::provisioned(2, &step(0, 0)).hours(7 * 24), &["delete 21.60"]);
    check("nobody wrote for an hour less", &Case::provisioned(2, &step(0, 0)).hours(7 * 24 - 1), &[]);
    let mut once = Case::provisioned(2, &step(0, 0));
    once.steps[700] = large(1);
    check("one record in a month", &once, &["why 2 and not 1 10.80"]);
    let mut refused = step(0, 0);
    refused.metrics.throttled_records = Some(5);
    check("all that was written was refused", &Case::provisioned(1, &refused), &[]);
}

#[test]
fn enrol() {
    // 3 of 5 shards x 10.80 too many; on-demand would be dearer.
    let needs_two = large(SHARD / 12);
    let wide = Case::provisioned(5, &needs_two).unmanaged();
    check("five shards where two do", &wide, &["enrol for 2 32.40"]);
    check("two where two do", &Case::provisioned(2, &needs_two).unmanaged(), &[]);
    check("one where two would do", &Case::provisioned(1, &needs_two).unmanaged(), &[]);
    check("managed, and yet five", &Case::provisioned(5, &needs_two), &["why 5 and not 2 32.40"]);
    check("managed, and a little wide", &Case::provisioned(3, &needs_two), &[]);
    let on_demand = Case::on_demand(&large(1)).unmanaged();
    check("on-demand has no shards to take away", &on_demand, &["to 1 shards 18.001308"]);
    // A replay takes all there is, and says nothing of what is needed.
    let replayed = Case::provisioned(5, &read(needs_two, 5 * 3_600 * 2 * 1_048_576)).unmanaged();
    check("a consumer that replays", &replayed, &["enrol for 2 32.40"]);
}

#[test]
fn lower_min() {
    let needs_two = large(SHARD / 12);
    let case = Case::provisioned(5, &needs_two);
    check("a minimum of five where two do", &case.clone().shards_min(5), &["min 5 to 2 32.40"]);
    check("a minimum of four, and five there are", &case.clone().shards_min(4), &["min 4 to 2 21.60"]);
    check("a minimum of what is needed", &case.clone().shards_min(2), &["why 5 and not 2 32.40"]);
    check("no minimum, since not managed", &case.unmanaged(), &["enrol for 2 32.40"]);
}

#[test]
fn shorten_retention() {
    // Two shards x 720 h x 0.02.
    let needs_two = |age| lagging(large(SHARD / 12), age);
    let case = |age| Case::provisioned(2, &needs_two(age)).retention(168);
    check("a week, and a minute behind", &case(MINUTE_MS), &["keep 168 to 24 28.80"]);
    check("half a day behind", &case(12 * HOUR_MS), &["keep 168 to 24 28.80"]);
    check("a little more", &case(12 * HOUR_MS + 1), &[]);
    check("a day, which is free", &case(MINUTE_MS).retention(24), &[]);
    check("how far behind is not known", &Case::provisioned(2, &large(SHARD / 12)).retention(168), &[]);
    let mut once = case(MINUTE_MS);
    once.steps[300].metrics.iterator_age_ms = Some(13 * HOUR_MS);
    check("once far behind", &once, &[]);
    let fanned_out = case(MINUTE_MS).fanned_out("2026-01-01T00:00:00Z", Some(GB));
    check("others behind by nobody knows how much", &fanned_out, &[]);
    // 360 GB kept six days more: x 144 / 720 x 0.10 = 7.20, and 28.80 + 28.80 beside it; one shard 10.80 + 14.40 + 5.284823.
    let on_demand = Case::on_demand(&lagging(step(1 << 19, GB / 2), MINUTE_MS)).retention(168);
    check("on-demand", &on_demand, &["to 1 shards 34.315177", "keep 168 to 24 7.20"]);
}

#[test]
fn drop_consumer() {
    let old = "2026-01-01T00:00:00Z";
    let case = Case::provisioned(2, &large(SHARD / 12));
    check("given nothing", &case.clone().fanned_out(old, Some(0)), &["drop analytics 21.60"]);
    check("given a byte an hour", &case.clone().fanned_out(old, Some(1)), &[]);
    check("never subscribed", &case.clone().fanned_out(old, None), &["drop analytics 21.60"]);
    let wide = Case::provisioned(50, &large(SHARD * 2));
    let for_a_day = wide.clone().fanned_out("2026-11-30T00:00:00Z", Some(0));
    check("registered a day ago", &for_a_day, &["drop analytics 18.00"]);
    let lately = wide.fanned_out("2026-11-30T01:00:00Z", Some(0));
    check("registered an hour less ago", &lately, &[]);
    // An hour is 0.015: 66 of them are 0.99, and 67 a little more than a dollar.
    let lone = |registered| Case::provisioned(1, &large(1)).fanned_out(registered, None);
    check("less than a dollar a month", &lone("2026-11-28T06:00:00Z"), &[]);
    check("a little more", &lone("2026-11-28T05:00:00Z"), &["drop analytics 1.005"]);
    // Idle on-demand is 18.00 dearer than a shard, of which this consumer would take 10.80.
    let on_demand = Case::on_demand(&large(1)).fanned_out(old, Some(0));
    check("on-demand bills no consumers", &on_demand, &["to 1 shards 7.201308"]);
}

#[test]
fn aggregate() {
    // 2,073.6 million records of 100 bytes are 29.0304 a month, and in records of 48 KB two units of 4,218,750.
    let small = step(SHARD, SHARD * 100);
    check("a hundred bytes", &Case::provisioned(1, &small), &["aggregate 100 of 25 KB 28.912275"]);
    check("not most of the bill", &Case::provisioned(3, &small), &["why 3 and not 1 21.60"]);
    check("24 KB already fill a unit", &Case::provisioned(6, &large(SHARD / 4)), &[]);
    check("few records", &Case::provisioned(1, &step(1_000, 100_000)), &[]);
    let on_demand = Case::on_demand(&small).priced(&[Item::OnDemandHour, Item::OnDemandIn]);
    // 2,073.6 million KB are 1,977.539063 GB x 0.08, and of bytes 193.119049 GB.
    check("on-demand rounds to a KB", &on_demand, &["aggregate 100 of 1 KB 142.753601"]);
}

#[test]
fn what_saves_most_comes_first() {
    let both = Case::provisioned(2, &lagging(step(SHARD, SHARD * 100), MINUTE_MS)).retention(168).unmanaged();
    // A shard less saves its retention too: 720 h x (0.015 + 0.02).
    check("much to be said", &both, &["keep 168 to 24 28.80", "enrol for 1 25.20"]);
    let saved: Vec<_> = both.advice().iter().map(|one| one.a_month).collect();
    assert!(saved.is_sorted_by(|one, next| one >= next) && saved.iter().all(|saved| *saved >= MicroUsd(1_000_000)));
}
