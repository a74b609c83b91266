// SPDX-License-Identifier: Apache-2.0
//! Gathers what a report is reckoned from: prices, the streams, their metrics and alarms, the functions' runs.

use std::collections::BTreeMap;

use billing::prices::{Price, PriceSheet};
use billing::{ScalerUsage, StreamConfig};
use jiff::Timestamp;
use scaler_core::{ALARM_PREFIX, Policy, StreamTags, TAG_MANAGED, stream_of_alarm};

use super::calculate::{BilledStream, Calculated, Terms};
use super::request::{CostRequest, Scope};
use crate::cloud::{
    CallError, Clock, CloudWatch, CostCloud, CredentialFault, Failure, Kinesis, NOT_FOUND_ADVICE, PriceList, Tagging,
};
use crate::stack_config::StackConfig;

/// Streams whose metrics are asked for together; the adapter parts them further, as AWS wants it.
const STREAMS_AT_ONCE: usize = 10;

/// What was gathered, and what could not be.
pub(super) struct Gathered {
    pub(super) sheet: PriceSheet,
    /// How many streams were to be looked at.
    pub(super) asked: usize,
    pub(super) streams: Vec<Calculated>,
    /// What the stack used for no stream in particular.
    pub(super) own: ScalerUsage,
    pub(super) faults: Vec<String>,
    pub(super) notes: Vec<String>,
    /// Whether a fault may have passed in a moment.
    pub(super) may_pass: bool,
    /// Why AWS did not accept the caller's credentials, if it did not.
    pub(super) credential_fault: Option<CredentialFault>,
}

pub(super) async fn gather(
    cloud: &impl CostCloud,
    stack_config: &StackConfig,
    policy: &Policy,
    request: &CostRequest,
    deadline: Timestamp,
) -> Gathered {
    let mut gathered = Gathered {
        sheet: PriceSheet::of(&stack_config.region),
        asked: 0,
        streams: Vec::new(),
        own: ScalerUsage::default(),
        faults: Vec::new(),
        notes: Vec::new(),
        may_pass: false,
        credential_fault: None,
    };
    prices(cloud, stack_config, &mut gathered).await;
    let Some(streams) = streams(cloud, request, &mut gathered).await else { return gathered };
    gathered.asked = streams.len();
    let alarms = alarm_metrics(cloud, &mut gathered).await;
    let mut left = streams.as_slice();
    while !left.is_empty() && cloud.clock().now() < deadline {
        let (chunk, others) = left.split_at(left.len().min(STREAMS_AT_ONCE));
        let config = stream_configs(cloud, chunk, &mut gathered).await;
        // Reckoned at once: the metrics of a month of one stream are a megabyte.
        for stream in metrics(cloud, request, config, &alarms, &mut gathered).await {
            let name = stream.name.clone();
            match stream.calculate(Terms { sheet: &gathered.sheet, policy, now: cloud.clock().now() }) {
                Ok(calculated) => gathered.streams.push(calculated),
                Err(missing) => gathered.faults.push(format!("{name} is left out: {missing}")),
            }
        }
        left = others;
    }
    if !left.is_empty() {
        gathered.faults.push(format!(
            "there was no time left for {} of {} streams: ask for fewer streams by name, or for a shorter period",
            left.len(),
            streams.len()
        ));
    }
    own(cloud, stack_config, request, &mut gathered).await;
    gathered
}

impl Gathered {
    fn failed(&mut self, what: &str, error: &CallError) {
        self.may_pass |= error.failure.is_passing();
        if let Failure::Unauthenticated(fault) = error.failure {
            self.credential_fault = Some(fault);
        }
        let is_missing = error.failure == Failure::NotFound;
        let advice = if is_missing { format!(". {NOT_FOUND_ADVICE}") } else { String::new() };
        self.faults.push(format!("{what}: {error}{advice}"));
    }
}

/// The repository's sheet, over it what AWS says now, over both what the operator says.
async fn prices(cloud: &impl CostCloud, stack_config: &StackConfig, gathered: &mut Gathered) {
    match cloud.price_list().prices(&stack_config.region).await {
        Ok(listed) => {
            let source = format!("AWS Price List, read {}", cloud.clock().now().strftime("%Y-%m-%d"));
            for (item, usd) in listed.prices {
                gathered.sheet.set(item, Price { usd, source: source.clone().into() });
            }
            let partly = |fault| format!("some prices are not from AWS's Price List: {fault}");
            gathered.notes.extend(listed.faults.into_iter().map(partly));
        }
        // The figures tell their own date; what they lack is told where it is needed.
        Err(error) => gathered.notes.push(format!(
            "prices are from the repository's dated price sheet, because \
            AWS's Price List could not be read: {error}"
        )),
    }
    for (item, usd) in &stack_config.prices {
        gathered.sheet.set(*item, Price { usd: *usd, source: "the operator".into() });
    }
}

/// The streams that are asked for, and what their tags say.
async fn streams(
    cloud: &impl CostCloud,
    request: &CostRequest,
    gathered: &mut Gathered,
) -> Option<Vec<(String, StreamTags)>> {
    let tagged = match cloud.tagging().streams_tagged(TAG_MANAGED).await {
        Ok(tagged) => tagged,
        Err(error) => {
            gathered.failed("the streams' tags could not be read", &error);
            return None;
        }
    };
    let tags_by_stream: BTreeMap<String, StreamTags> =
        tagged.into_iter().map(|stream| (stream.name, StreamTags::read(&stream.tags))).collect();
    let names = match &request.scope {
        Scope::Managed => {
            tags_by_stream.iter().filter(|(_, tags)| tags.managed).map(|(name, _)| name.clone()).collect()
        }
        Scope::Streams(names) => names.clone(),
        Scope::All => match cloud.kinesis().list_streams().await {
            Ok(names) => names,
            Err(error) => {
                gathered.failed("the streams could not be listed", &error);
                return None;
            }
        },
    };
    let with_tags = |name: String| {
        let tags = tags_by_stream.get(&name).cloned().unwrap_or_default();
        (name, tags)
    };
    Some(names.into_iter().map(with_tags).collect())
}

/// What these streams are billed by.
async fn stream_configs(
    cloud: &impl CostCloud,
    streams: &[(String, StreamTags)],
    gathered: &mut Gathered,
) -> Vec<(String, StreamConfig, StreamTags)> {
    let mut configs = Vec::new();
    for (name, tags) in streams {
        match cloud.kinesis().stream_config(name).await {
            Ok(config) => configs.push((name.clone(), config, tags.clone())),
            Err(error) => gathered.failed(&format!("{name} is left out"), &error),
        }
    }
    configs
}

/// How many metrics the alarms of each stream read.
async fn alarm_metrics(cloud: &impl CostCloud, gathered: &mut Gathered) -> BTreeMap<String, usize> {
    let mut metrics = BTreeMap::new();
    match cloud.cloudwatch().alarms(ALARM_PREFIX).await {
        Ok(alarms) => {
            for stored in alarms {
                if let Some(stream) = stream_of_alarm(&stored.alarm.name) {
                    *metrics.entry(stream.to_owned()).or_default() += stored.alarm.metrics.len();
                }
            }
        }
        Err(error) => gathered.failed("the cost of the alarms is left out", &error),
    }
    metrics
}

async fn metrics(
    cloud: &impl CostCloud,
    request: &CostRequest,
    streams: Vec<(String, StreamConfig, StreamTags)>,
    alarms: &BTreeMap<String, usize>,
    gathered: &mut Gathered,
) -> Vec<BilledStream> {
    if streams.is_empty() {
        return Vec::new();
    }
    let asked: Vec<_> = streams.iter().map(|(name, config, _)| (name.clone(), config.clone())).collect();
    match cloud.cloudwatch().series(&asked, request.from, request.until, request.step_seconds).await {
        Ok(mut series) => {
            let billed = |(name, config, tags): (String, _, _)| {
                let alarm_metrics = alarms.get(&name).copied().unwrap_or(0);
                Some(BilledStream { series: series.remove(&name)?, name, config, tags, alarm_metrics })
            };
            streams.into_iter().filter_map(billed).collect()
        }
        Err(error) => {
            let names: Vec<_> = asked.iter().map(|(name, _)| name.as_str()).collect();
            gathered.failed(&format!("{} are left out", names.join(", ")), &error);
            Vec::new()
        }
    }
}

/// What the stack itself used. A person who asks from a terminal is no stack, and does not say which one is meant.
async fn own(cloud: &impl CostCloud, stack_config: &StackConfig, request: &CostRequest, gathered: &mut Gathered) {
    if stack_config.functions.is_empty() {
        let note = "the scaler's own cost does not include its functions and the stack's own alarms, because the stack \
             is not known";
        gathered.notes.push(note.to_owned());
        return;
    }
    let seconds = u64::try_from(request.until.duration_since(request.from).as_secs()).unwrap_or(0);
    gathered.own = ScalerUsage::of_stack(seconds);
    let names: Vec<_> = stack_config.functions.iter().map(|(name, _)| name.clone()).collect();
    match cloud.cloudwatch().lambda_usage(&names, request.from, request.until).await {
        Ok(runs) => {
            for (name, megabytes) in &stack_config.functions {
                let run = runs.get(name).copied().unwrap_or_default();
                gathered.own.runs += u128::from(run.count);
                gathered.own.run_milliseconds_mb += u128::from(run.milliseconds) * u128::from(*megabytes);
            }
        }
        Err(error) => gathered.failed("the cost of the functions' runs is left out", &error),
    }
}
