// SPDX-License-Identifier: Apache-2.0
//! Every policy over every trace, with its score and the time it took.

use kinesis_model::num::float;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use aws_models::stream_model::{Assumptions, StreamModel};
use scaler_core::{Policy, PolicySpec, Risk};
use simulator::hindsight::{NoPlan, need, optimum};
use simulator::peers::{PEERS, Peer};
use simulator::run::Run;
use simulator::score::{Score, on_demand_usd};
use simulator::simulate::{Setup, simulate};
use simulator::trace::Trace;

use crate::Result;

const STATIC: &str = "static-peak";
const SHARDS_MAX: u32 = 10_000;
/// Loads at which the order along the risk knob is looked at beside the recorded one. The risks were chosen on the first two:
/// small streams resize by whole shards, and large ones wait long for a resize. The others had no say in the choice.
const LOADS: [(&str, u64, u64); 5] = [("x0.2", 1, 5), ("x4", 4, 1), ("x0.1", 1, 10), ("x0.5", 1, 2), ("x2", 2, 1)];
const MINUTES_IN_30_DAYS: f64 = 30.0 * 24.0 * 60.0;

/// All that is compared.
pub(crate) struct Board {
    pub(crate) traces: Vec<Trace>,
    pub(crate) hindsight: Runs,
    /// By trace: how far below the optimum, as a share of it, a bound is proven.
    pub(crate) gaps: Vec<f64>,
    /// By [`Risk::ALL`].
    pub(crate) ours: Vec<Runs>,
    /// The traces at other loads.
    pub(crate) scaled_traces: Vec<Trace>,
    /// Ours over them, by [`Risk::ALL`].
    pub(crate) scaled: Vec<Runs>,
    pub(crate) public: Vec<Runs>,
    pub(crate) static_peak: Runs,
    /// By trace.
    pub(crate) on_demand_usd: Vec<f64>,
}

/// One policy over all traces.
pub(crate) struct Runs {
    pub(crate) name: String,
    /// By trace.
    pub(crate) all: Vec<Scored>,
}

/// A run and how it did.
pub(crate) struct Scored {
    pub(crate) run: Run,
    pub(crate) score: Score,
    took: Duration,
}

/// What decides.
#[derive(Clone, Copy)]
enum Decides {
    Ours(Policy),
    Peer(Peer),
}

impl Board {
    /// Runs everything, on all processors.
    pub(crate) fn over(traces: Vec<Trace>) -> Result<Self> {
        let optima = each(&traces, in_hindsight).into_iter().zip(&traces);
        let optima = optima.map(|(optimum, trace)| optimum.map_err(|none| format!("{}: {none}", trace.name)));
        let optima = optima.collect::<std::result::Result<Vec<_>, _>>()?;
        let (hindsight, gaps) = optima.into_iter().unzip();

        let mut named = Vec::new();
        for risk in Risk::ALL {
            let spec = PolicySpec { throttling_risk: risk, shards_max: SHARDS_MAX, ..PolicySpec::default() };
            let policy = Policy::new(spec).map_err(|faults| format!("{risk} is no policy: {faults:?}"))?;
            named.push((risk.to_string(), Decides::Ours(policy)));
        }
        let scaled_traces: Vec<_> = traces.iter().flat_map(at_other_loads).collect();
        let scaled = runs(&scaled_traces, named.clone());
        named.extend(PEERS.map(|(name, peer)| (name.to_owned(), Decides::Peer(peer))));
        let mut ours = runs(&traces, named);
        let mut public = ours.split_off(Risk::ALL.len());
        let still = public.iter().position(|peer| peer.name == STATIC);
        let static_peak = public.remove(still.ok_or("no peer has as many shards as the peak needs")?);
        let on_demand_usd = traces.iter().map(on_demand_usd).collect();
        let hindsight = Runs { name: "hindsight".to_owned(), all: hindsight };
        Ok(Self { traces, hindsight, gaps, ours, scaled_traces, scaled, public, static_peak, on_demand_usd })
    }

    /// Ours at the default risk.
    pub(crate) fn ours_by_default(&self) -> &Runs {
        let default = Risk::ALL.iter().position(|risk| *risk == Risk::default());
        &self.ours[default.expect("the default is one of all")]
    }

    /// Every trace at every load with its scores, by [`Risk::ALL`].
    pub(crate) fn along_the_knob(&self) -> impl Iterator<Item = (&str, Vec<&Score>)> {
        [(&self.traces, &self.ours), (&self.scaled_traces, &self.scaled)].into_iter().flat_map(|(traces, ours)| {
            let scores = |at: usize| ours.iter().map(|runs| &runs.all[at].score).collect();
            traces.iter().enumerate().map(move |(at, trace)| (trace.name.as_str(), scores(at)))
        })
    }

    /// Everything that resizes.
    pub(crate) fn resizing(&self) -> impl Iterator<Item = &Runs> {
        self.ours.iter().chain(&self.public).chain([&self.hindsight])
    }

    /// By trace: shard-hours over those of the optimum.
    pub(crate) fn ratios(&self, runs: &Runs) -> Vec<f64> {
        let optima = self.hindsight.all.iter().map(|optimum| optimum.score.shard_hours);
        runs.all.iter().zip(optima).map(|(one, optimum)| one.score.shard_hours / optimum).collect()
    }

    /// By trace: what on-demand costs over what the optimum does, PUT payload units included.
    pub(crate) fn on_demand_ratios(&self) -> Vec<f64> {
        let optima = self.hindsight.all.iter().map(|optimum| optimum.score.usd);
        self.on_demand_usd.iter().zip(optima).map(|(usd, optimum)| usd / optimum).collect()
    }

    /// Of our simulations, the longest time that 30 days of minutes would have taken, and what was simulated.
    pub(crate) fn slowest_30_days(&self) -> (Duration, String) {
        let scaled = |one: &Scored, trace: &Trace| one.took.mul_f64(MINUTES_IN_30_DAYS / float(trace.minutes.len()));
        let times = self.ours.iter().flat_map(|runs| {
            let all = runs.all.iter().zip(&self.traces);
            all.map(|(one, trace)| (scaled(one, trace), format!("{} at {}", trace.name, runs.name)))
        });
        times.max().unwrap_or_default()
    }

    /// How many of the calls the model of a stream refuses when they are made again.
    pub(crate) fn refused(&self, runs: &Runs) -> usize {
        let again = |(one, trace): (&Scored, &Trace)| {
            let mut stream = StreamModel::new(one.initial_shards(), trace.start, Assumptions::default());
            let calls = one.run.calls.iter();
            calls.filter(|call| stream.resize(call.minute, call.to, call.kind, "").is_err()).count()
        };
        runs.all.iter().zip(&self.traces).map(again).sum()
    }
}

impl Runs {
    /// By trace: throttled bytes over those offered, 0 to 1.
    pub(crate) fn throttled(&self) -> Vec<f64> {
        self.all.iter().map(|one| one.score.throttled_bytes_share).collect()
    }
}

impl Scored {
    fn of(trace: &Trace, run: Run, took: Duration) -> Self {
        Self { score: Score::of(trace, &run, &Assumptions::default()), run, took }
    }

    /// Shards in force before any call could have changed them.
    pub(crate) fn initial_shards(&self) -> u32 {
        self.run.capacity[0]
    }
}

/// A trace at each of [`LOADS`].
fn at_other_loads(trace: &Trace) -> [Trace; LOADS.len()] {
    LOADS.map(|(name, times, parts)| {
        let mut scaled = Trace { name: format!("{} {name}", trace.name), ..trace.clone() };
        for minute in &mut scaled.minutes {
            minute.bytes = minute.bytes * times / parts;
            minute.records = minute.records * times / parts;
        }
        scaled
    })
}

/// The best plan found, and how far below it the proven bound is.
fn in_hindsight(trace: &Trace) -> std::result::Result<(Scored, f64), NoPlan> {
    let (assumed, began) = (Assumptions::default(), Instant::now());
    let found = optimum(&need(trace, &assumed), trace.initial_shards(), &assumed)?;
    let gap = 1.0 - found.lower / float(found.upper);
    Ok((Scored::of(trace, found.run, began.elapsed()), gap))
}

fn runs(traces: &[Trace], named: Vec<(String, Decides)>) -> Vec<Runs> {
    let jobs: Vec<_> = named.iter().flat_map(|(_, decides)| traces.iter().map(|trace| (trace, *decides))).collect();
    let mut done = each(&jobs, |(trace, decides)| scored(trace, *decides)).into_iter();
    named.into_iter().map(|(name, _)| Runs { name, all: done.by_ref().take(traces.len()).collect() }).collect()
}

fn scored(trace: &Trace, decides: Decides) -> Scored {
    let (initial, began) = (trace.initial_shards(), Instant::now());
    let run = match decides {
        Decides::Ours(policy) => simulate(trace, &Setup::new(initial, policy)),
        Decides::Peer(peer) => peer(trace, initial, &Assumptions::default()),
    };
    Scored::of(trace, run, began.elapsed())
}

/// What the work makes of each item, in their order, on all processors.
pub(crate) fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return done };
            done.push((at, work(item)));
        }
    };
    let mut done = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let ended = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        ended.flatten().collect::<Vec<_>>()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, done)| done).collect()
}

/// Of an even number, the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
}
