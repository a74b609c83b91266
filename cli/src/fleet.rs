// SPDX-License-Identifier: Apache-2.0
//! `shardctl status` without a name: every stream that carries the tag, a line each. Changes nothing.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Result;
use jiff::Timestamp;
use kinesis_model::limits::RESIZES_PER_DAY;
use kinesis_model::{MetricWindow, StreamMode, StreamState};
use scaler_app::advice::StreamCommand;
use scaler_app::cloud::{Clock as _, Cloud as _, FleetCloud as _, Kinesis as _, TaggedStream, Tagging as _};
use scaler_core::{ALARM_PREFIX, StreamTags, TAG_MANAGED, stream_of_alarm};
use serde::Serialize;

use crate::connection::{Connection, explained, in_aws};
use crate::load::{ASKED_MINUTES, Load, lag, or_dash, percent_or_dash};
use crate::options::Output;
use crate::progress;
use crate::report::write_json;
use crate::status::{kept, mode_word};
use crate::table::table;
use crate::waiting::word;
use kinesis_model::whole_minute;

#[derive(Serialize)]
struct FleetStatus {
    at: String,
    #[serde(skip)]
    region: String,
    streams: Vec<Line>,
    /// What could not be read, and why.
    missing: Vec<String>,
}

/// A stream; what could not be read of it is `null`.
#[derive(Serialize)]
struct Line {
    stream: String,
    managed: bool,
    mode: Option<&'static str>,
    status: Option<&'static str>,
    open_shards: Option<u32>,
    busiest_percent: Option<u64>,
    throttled_records: Option<u64>,
    iterator_age_ms: Option<u64>,
    resizes_left: u32,
    alarms_firing: Option<usize>,
}

pub(crate) fn run(output: Output, out: &mut impl Write) -> Result<()> {
    let fleet = in_aws(look())?;
    match output {
        Output::Json => write_json(&fleet, out),
        Output::Table => fleet.tell(out),
    }
}

async fn look() -> Result<FleetStatus> {
    let connection = Connection::new().await?;
    let cloud = &connection.cloud;
    let (now, mut missing) = (cloud.clock().now(), Vec::new());
    let mut tagged = cloud.tagging().streams_tagged(TAG_MANAGED).await.map_err(|error| explained(&error))?;
    tagged.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<_> = tagged.iter().map(|stream| stream.name.clone()).collect();
    let loads = if names.is_empty() {
        Some(BTreeMap::new())
    } else {
        kept(connection.operator.windows(&names, whole_minute(now), ASKED_MINUTES).await, "load", &mut missing)
    };
    let firing = kept(connection.operator.alarms(ALARM_PREFIX).await, "alarms", &mut missing).map(|alarms| {
        let firing = alarms.iter().filter(|alarm| alarm.is_firing()).filter_map(|alarm| stream_of_alarm(&alarm.name));
        firing.fold(BTreeMap::new(), |mut counts: BTreeMap<String, usize>, stream| {
            *counts.entry(stream.to_owned()).or_default() += 1;
            counts
        })
    });
    let states = states(&connection, &names, &mut missing).await;
    let line = |stream: &TaggedStream| {
        let load = loads.as_ref().and_then(|loads| loads.get(&stream.name));
        let firing = firing.as_ref().map(|firing| firing.get(&stream.name).copied().unwrap_or(0));
        Line::of(stream, states.get(&stream.name), load, firing, now)
    };
    let region = connection.region.clone();
    Ok(FleetStatus {
        at: now.strftime("%FT%TZ").to_string(),
        region,
        streams: tagged.iter().map(line).collect(),
        missing,
    })
}

/// Status, mode and shards of each stream, which takes a call for each; those that are gone are said.
async fn states(connection: &Connection, names: &[String], missing: &mut Vec<String>) -> BTreeMap<String, StreamState> {
    let bar = progress::bar("streams described", names.len());
    let mut states = BTreeMap::new();
    for name in names {
        match connection.cloud.kinesis().describe(name).await {
            Ok(state) => drop(states.insert(name.clone(), state)),
            // Nor would it answer for the others, and each would take as long.
            Err(error) if error.failure.is_uncertain() => {
                missing
                    .push(format!("mode, status and shards of {name} and the streams after it: {}", explained(&error)));
                break;
            }
            Err(error) => missing.push(format!("mode, status and shards of {name}: {}", explained(&error))),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    states
}

impl Line {
    fn of(
        stream: &TaggedStream,
        state: Option<&StreamState>,
        window: Option<&MetricWindow>,
        alarms_firing: Option<usize>,
        now: Timestamp,
    ) -> Self {
        let tags = StreamTags::read(&stream.tags);
        let capacity = state.filter(|state| state.mode == StreamMode::Provisioned).map(|state| state.open_shards);
        let load = window.map(|window| Load::of(window, capacity));
        Self {
            stream: stream.name.clone(),
            managed: tags.managed && tags.faults.is_empty(),
            mode: state.map(|state| mode_word(state.mode)),
            status: state.map(|state| word(state.status)),
            open_shards: state.map(|state| state.open_shards.get()),
            busiest_percent: load.as_ref().and_then(|load| load.busiest_percent),
            throttled_records: load.as_ref().and_then(|load| load.throttled_records),
            iterator_age_ms: load.as_ref().and_then(|load| load.iterator_age_ms),
            resizes_left: RESIZES_PER_DAY.saturating_sub(tags.history.spent(now)),
            alarms_firing,
        }
    }

    fn row(&self) -> [String; 10] {
        [
            self.stream.clone(),
            if self.managed { "yes".to_owned() } else { "no".to_owned() },
            or_dash(self.mode),
            or_dash(self.status),
            or_dash(self.open_shards),
            percent_or_dash(self.busiest_percent),
            or_dash(self.throttled_records),
            or_dash(self.iterator_age_ms.map(lag)),
            self.resizes_left.to_string(),
            or_dash(self.alarms_firing),
        ]
    }
}

impl FleetStatus {
    fn tell(&self, out: &mut impl Write) -> Result<()> {
        if self.streams.is_empty() {
            writeln!(
                out,
                "no stream in this account and Region carries the tag {TAG_MANAGED}: {} enrols one",
                StreamCommand::Tag(&format!("{TAG_MANAGED}=true")).text(Some(&self.region), "NAME")
            )?;
        } else {
            let header =
                ["stream", "managed", "mode", "status", "shards", "used", "throttled", "lag", "resizes left", "firing"];
            writeln!(out, "{}", table(header, self.streams.iter().map(Line::row)))?;
            writeln!(
                out,
                "used: utilization in the busiest of the last minutes; firing: alarms in state ALARM; details: \
                 shardctl status NAME"
            )?;
        }
        for missing in &self.missing {
            writeln!(out, "missing: {missing}")?;
        }
        Ok(())
    }
}
