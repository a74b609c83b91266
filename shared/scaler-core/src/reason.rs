//! Why a step of a decision left the shard count where it did, in figures and in words.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::plan::Plan;
use crate::policy::PolicyFault;
use crate::stream::SPENT_BELIEVED;
use crate::stream::{TAG_MANAGED, TAG_RESIZES, TagFault};
use kinesis_model::Demand;
use kinesis_model::ShardCount;
use kinesis_model::StreamStatus;
use kinesis_model::limits::{RESIZES_PER_DAY, RESIZES_WINDOW_HOURS, TAGS_PER_STREAM_MAX};

/// The stages of a decision, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// May we touch this stream at all?
    Admit,
    /// What does the load ask for?
    Recommend,
    /// Where does it lie?
    Spread,
    /// The operator's minimum and maximum.
    Bounds,
    /// Scale-out never shrinks, scale-in never grows.
    Direction,
    /// Can the consumers spare shards?
    Consumers,
    /// Has the last attempt been long enough ago?
    Cooldown,
    /// Is one of the day's resizes left for this?
    Budget,
    /// Between half and double.
    StepFactor,
    /// AWS's ceiling of a stream and the account's shard quota.
    Quota,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Admit => "admit",
            Self::Recommend => "recommend",
            Self::Spread => "spread",
            Self::Bounds => "bounds",
            Self::Direction => "direction",
            Self::Consumers => "consumers",
            Self::Cooldown => "cooldown",
            Self::Budget => "budget",
            Self::StepFactor => "step-factor",
            Self::Quota => "quota",
        })
    }
}

/// What is done instead of a resize that even shards could not carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// One split or merge.
    Call,
    /// A resize to so many even shards, which can.
    Count(ShardCount),
    /// Nothing: no neighbours are cold enough.
    Nothing,
}

/// What a stage found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The stream does not carry the tag that lets us change it.
    NotManaged,
    /// Tags of ours that cannot be understood.
    BadTags(Vec<TagFault>),
    /// The stream's own settings contradict the stack's.
    BadPolicy(Vec<PolicyFault>),
    /// AWS chooses this stream's shard count.
    OnDemand,
    /// The stream is on its way out.
    Deleting,
    /// Not free to be resized now.
    NotActive(StreamStatus),

    /// The busiest minute of the window and what it asks for.
    Load {
        /// When the busiest minute began.
        at: Timestamp,
        /// What was wanted in it.
        demand: Demand,
        /// Percent of the current capacity.
        utilization_percent: u64,
        /// Percent to run at.
        target_percent: u32,
    },
    /// The cheapest way through the next day.
    Planned {
        /// What the plan asks for now.
        shards: ShardCount,
        /// In how many minutes the span begins that needs most of it.
        busiest_in_minutes: u32,
        /// What that span needs.
        needs: u32,
        /// Resizes left of the day's.
        left: u32,
        /// The next change after it: in how many minutes, and to what.
        next: Option<(u32, ShardCount)>,
    },
    /// The load is nearly what the stream is sized for: a resize would be wasted.
    WithinTolerance {
        /// Percent of the current capacity in the busiest minute.
        utilization_percent: u64,
        /// Percent to run at.
        target_percent: u32,
        /// What the load asks for to the letter.
        recommended: ShardCount,
    },
    /// Records were throttled although the minute's average fits: bursts shorter than a minute.
    BurstsWithinMinutes {
        /// Records throttled in the worst minute.
        throttled_records: u64,
        /// Percent of the current capacity in the busiest minute.
        utilization_percent: u64,
    },
    /// Records were throttled although most of the stream is idle: more shards of equal size would not help.
    HotShardSuspected {
        /// Records throttled in the worst minute.
        throttled_records: u64,
        /// Percent of the current capacity in the busiest minute.
        utilization_percent: u64,
    },
    /// The load is on its way down: resizing at every step of it would waste resizes.
    StillFalling {
        /// What the newer half of the window asks for.
        falling_to: ShardCount,
        /// What the whole window asks for.
        recommended: ShardCount,
    },
    /// Nothing known in the window.
    NoData {
        /// Its length.
        window_minutes: u32,
    },
    /// Nothing known yet of the stream as it is since its last resize.
    NoDataSinceResize {
        /// When that was.
        resized_at: Timestamp,
    },
    /// Too little known to give capacity away.
    NotEnoughData {
        /// Minutes known.
        known_minutes: u32,
        /// Of this many.
        window_minutes: u32,
        /// Age of the newest known minute at the window's end.
        newest_age_minutes: i64,
    },

    /// Splits that were begun and are not done.
    SplitsUnfinished {
        /// How many are.
        done: u32,
        /// Of how many.
        all: u32,
    },

    /// Which shard throttles will be known when its metrics are sent, which is asked for now.
    MeasuringShards,
    /// Nothing is known yet of the shards as they are.
    ShardsUnknown,
    /// More is written to the keys of one shard than it takes.
    HotShard {
        /// Its id.
        shard: String,
        /// Percent of what one shard takes that its busiest minute wanted.
        load_percent: u64,
        /// Percent of the hash keys that are its.
        keys_percent: u64,
    },
    /// One shard has so many hash keys that it takes more than it can.
    WideShard {
        /// Its id.
        shard: String,
        /// Percent of what one shard takes that its busiest minute wanted.
        load_percent: u64,
        /// Percent of the hash keys that are its.
        keys_percent: u64,
    },
    /// One partition key alone is more than a shard takes.
    HotKey {
        /// The shard that has it.
        shard: String,
        /// Percent of what one shard takes that its busiest minute wanted.
        load_percent: u64,
        /// How many times as large an even range would be.
        narrower: u64,
    },
    /// All of the day's resizes are spent, and splits are not counted among them.
    SplitsInstead {
        /// The how manieth this is.
        split: u32,
        /// Of how many.
        all: u32,
    },
    /// A person ordered it.
    Ordered {
        /// The how manieth of the order's splits and merges this is.
        step: u32,
        /// Of how many.
        all: u32,
    },
    /// Even shards would leave one of them too full.
    UnevenLoad {
        /// So many.
        desired: ShardCount,
        /// Percent of what one shard takes that the fullest of them would.
        largest_percent: u64,
        /// What is done about it.
        instead: Instead,
    },

    /// Inside the operator's bounds.
    WithinBounds,
    /// Raised to the operator's minimum.
    RaisedToMin(ShardCount),
    /// A person ordered this count.
    AsOrdered,
    /// The operator's maximum caps growth.
    LoweredToMax {
        /// The maximum.
        max: ShardCount,
        /// What was wanted.
        wanted: ShardCount,
    },
    /// Over the operator's maximum already, and not known to need less: not taken away.
    OverMax {
        /// The maximum.
        max: ShardCount,
    },

    /// The change wanted is one of this function's direction.
    RightDirection,
    /// The change wanted is the other function's to make.
    OtherDirection(ShardCount),

    /// Consumers are not a concern: capacity grows.
    MoreForConsumers,
    /// Consumers keep up.
    ConsumersKeepUp {
        /// The oldest record read lately, in milliseconds.
        iterator_age_ms: u64,
    },
    /// There is no lag metric: nobody reads with `GetRecords`, or CloudWatch does not say.
    LagUnknown,
    /// Consumers are behind; fewer shards would give them less to catch up with.
    ConsumersBehind {
        /// The oldest record read lately, in milliseconds.
        iterator_age_ms: u64,
        /// More than this blocks, in seconds.
        max_seconds: u32,
    },
    /// Consumers read in the window, and no longer do: dead ones have no lag to show.
    ConsumersSilent,
    /// Consumers were throttled.
    ReadThrottled {
        /// Throttled calls in the worst of the last minutes.
        calls: u64,
    },
    /// Consumers need this many shards for what they read.
    ReadVolume(ShardCount),

    /// No attempt lately.
    CooldownOver,
    /// AWS refused the last attempt, and it is too soon for the next.
    RefusedLately {
        /// When it was.
        at: Timestamp,
        /// When the next may be made.
        until: Timestamp,
    },
    /// The last attempt was too recent.
    CoolingDown {
        /// When the next may be made.
        until: Timestamp,
    },

    /// Resizes left of the day's.
    BudgetLeft {
        /// How many, before this one.
        left: u32,
    },
    /// All of the day's resizes are spent.
    BudgetSpent {
        /// How many were.
        spent: u32,
        /// When the next one is free.
        next: Timestamp,
    },
    /// The stream has no room for the tag in which resizes are written down.
    NoRoomForTags {
        /// Its tags.
        tags: usize,
    },
    /// AWS said that all of the day's resizes are spent, of which we may know fewer.
    DaySpent {
        /// When it said so.
        at: Timestamp,
        /// When it is asked again.
        until: Timestamp,
    },
    /// Few of the day's resizes are left, so this one is made to last.
    MadeToLast {
        /// How many are left, before this one.
        left: u32,
        /// What would have been enough for now.
        wanted: ShardCount,
    },
    /// Few of the day's resizes are left, and the change is not large enough for one of them.
    NotWorthOneOfFew {
        /// How many are left, before this one.
        left: u32,
        /// What would be enough.
        wanted: ShardCount,
    },
    /// Any lower, and the day's resizes left could not bring the stream back to its peak.
    WayBack {
        /// The lowest count with a way back.
        floor: ShardCount,
        /// The most shards of the last 24 h.
        peak: ShardCount,
        /// How many resizes are left, before this one.
        left: u32,
    },
    /// What is left of the day's resizes is kept for scale-out.
    ReservedForScaleOut {
        /// How many are left.
        left: u32,
        /// How many are kept.
        reserved: u32,
    },

    /// One call can do it.
    WithinStep,
    /// One call may at most double; a later pass goes on.
    LimitedToDouble(ShardCount),
    /// One call may at most halve; a later pass goes on.
    LimitedToHalf(ShardCount),

    /// Quotas leave room.
    WithinQuota,
    /// The account's quota could not be read: AWS will say.
    QuotaUnknown,
    /// The account and Region have no more shards than this for the stream.
    AccountQuota {
        /// Shards the account still has.
        left: u32,
        /// What was wanted.
        wanted: ShardCount,
    },
    /// No stream may have more.
    StreamCeiling(ShardCount),
}

impl Reason {
    /// That AWS said at this time that the day's resizes are spent.
    pub fn day_spent(at: Timestamp) -> Self {
        Self::DaySpent { at, until: at.checked_add(SPENT_BELIEVED).unwrap_or(at) }
    }

    /// Whether no resize is left.
    pub(crate) const fn is_budget_spent(&self) -> bool {
        matches!(self, Self::BudgetSpent { .. } | Self::DaySpent { .. })
    }

    /// Why a plan asks for what it does.
    pub(crate) fn planned(plan: &Plan) -> Self {
        let (busiest_in_minutes, needs) = plan.busiest().map_or((0, 1), |span| (span.begins_in_minutes, span.high));
        Self::Planned { shards: plan.desired(), busiest_in_minutes, needs, left: plan.left, next: plan.next() }
    }
}

/// `now`, `in 45 min`, `in 2 h 10 min`.
fn ahead(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, 0) => "now".to_owned(),
        (0, minutes) => format!("in {minutes} min"),
        (hours, 0) => format!("in {hours} h"),
        (hours, minutes) => format!("in {hours} h {minutes} min"),
    }
}

impl fmt::Display for Reason {
    /// Times have their date: who reads it, and when, is not known. See [`Reason::told`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, None)
    }
}

/// A reason as it is told at a time.
struct Told<'a> {
    reason: &'a Reason,
    now: Timestamp,
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.write(f, Some(self.now))
    }
}

/// A minute, with its date where that is not today's, or nobody knows what today is.
fn minute(at: Timestamp, now: Option<Timestamp>) -> String {
    moment(at, now, "%H:%MZ")
}

/// The same to the second.
fn second(at: Timestamp, now: Option<Timestamp>) -> String {
    moment(at, now, "%H:%M:%SZ")
}

/// The first whole minute from this time on: what is free at that minute is not free before.
pub(crate) fn minute_from(at: Timestamp) -> Timestamp {
    let rest = (-at.as_second()).rem_euclid(60);
    at.checked_add(SignedDuration::from_secs(rest)).unwrap_or(at)
}

fn moment(at: Timestamp, now: Option<Timestamp>, clock: &str) -> String {
    let date = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
    let clock = at.strftime(clock);
    if now.map(date) == Some(date(at)) { clock.to_string() } else { format!("{} {clock}", date(at)) }
}

impl Reason {
    /// The reason in words at `now`: times of another day have their date.
    pub fn told(&self, now: Timestamp) -> impl fmt::Display + '_ {
        Told { reason: self, now }
    }

    #[allow(clippy::too_many_lines, reason = "one sentence a reason; splitting the table would hide it")]
    fn write(&self, f: &mut fmt::Formatter<'_>, now: Option<Timestamp>) -> fmt::Result {
        match self {
            Self::NotManaged => write!(f, "the stream is not managed: tag it {TAG_MANAGED}=true to enrol it"),
            Self::BadTags(faults) => write!(f, "{}", joined(faults)),
            Self::BadPolicy(faults) => {
                write!(f, "the stream's tags and the stack's settings disagree: {}", joined(faults))
            }
            Self::OnDemand => f.write_str("the stream is in on-demand mode: AWS chooses its shard count"),
            Self::Deleting => f.write_str("the stream is being deleted"),
            Self::NotActive(status) => write!(f, "the stream is {}: looking again later", status_word(*status)),
            Self::Load { at, demand, utilization_percent, target_percent } => write!(
                f,
                "the busiest minute ({}) wanted {demand}, {utilization_percent} % of the stream by {}; target {target_percent} %",
                minute(*at, now),
                demand.binding(),
            ),
            Self::Planned { shards, busiest_in_minutes, needs, left, next } => {
                write!(f, "the forecast goes up to {needs} {}", ahead(*busiest_in_minutes))?;
                write!(f, ", and with {left} of {RESIZES_PER_DAY} resizes left in {RESIZES_WINDOW_HOURS} h ")?;
                match next {
                    Some((minutes, to)) => write!(f, "the plan is {shards} until {to} {}", ahead(*minutes)),
                    None => write!(f, "the plan is {shards} for the next day"),
                }?;
                // By more than a quarter: few resizes are left, and each must be worth its while.
                if shards.get() > needs + needs / 4 { f.write_str(", large to last") } else { Ok(()) }
            }
            Self::WithinTolerance { utilization_percent, target_percent, recommended } => write!(
                f,
                "{utilization_percent} % used is close enough to the target of {target_percent} % ({recommended} to the letter): not worth a resize"
            ),
            Self::BurstsWithinMinutes { throttled_records, utilization_percent } => write!(
                f,
                "{throttled_records} records were throttled in a minute though it used {utilization_percent} % on average: bursts, a quarter more"
            ),
            Self::HotShardSuspected { throttled_records, utilization_percent } => write!(
                f,
                "{throttled_records} records were throttled in a minute though only {utilization_percent} % of the stream was used: \
                 a hot shard or key, which more shards would not help, or bursts of seconds"
            ),
            Self::StillFalling { falling_to, recommended } => write!(
                f,
                "the load needs {recommended} for the whole window and is falling towards {falling_to}: waiting until it has settled"
            ),
            Self::NoData { window_minutes } => {
                write!(f, "no metrics in the last {window_minutes} minutes: unknown is not idle")
            }
            Self::NoDataSinceResize { resized_at } => {
                write!(f, "no metrics yet since the resize at {}", minute(*resized_at, now))
            }
            Self::NotEnoughData { known_minutes, window_minutes, newest_age_minutes } => write!(
                f,
                "only {known_minutes} of {window_minutes} minutes are known, the newest {newest_age_minutes} minutes old: too little to give capacity away"
            ),
            Self::SplitsUnfinished { done, all } => {
                write!(f, "{done} of {all} splits are done, and it throttled within the last minutes")
            }
            Self::MeasuringShards => f.write_str("shard-level metrics are switched on, to see which shard it is"),
            Self::ShardsUnknown => f.write_str("the shards have no metrics yet as they are now: looking again later"),
            Self::HotShard { shard, load_percent, keys_percent } => write!(
                f,
                "{shard} is wanted to take {load_percent} % of what a shard can, with {keys_percent} % of the hash keys: it is split, \
                 which helps where more shards would not"
            ),
            Self::WideShard { shard, load_percent, keys_percent } => write!(
                f,
                "{shard} has {keys_percent} % of the hash keys, so that it is wanted to take {load_percent} % of what a shard can: it is \
                 split"
            ),
            Self::HotKey { shard, load_percent, narrower } => write!(
                f,
                "{shard} is wanted to take {load_percent} % of what a shard can, though its range is {narrower} times smaller than an \
                 even one: most likely it is one partition key, and neither splits nor shards help one key"
            ),
            Self::SplitsInstead { split, all } => {
                write!(
                    f,
                    "split {split} of {all}, which does not count among the {RESIZES_PER_DAY}, since it throttles"
                )
            }
            Self::Ordered { step, all } => write!(f, "ordered by a person, split or merge {step} of {all}"),
            Self::UnevenLoad { desired, largest_percent, instead } => {
                write!(f, "of {desired} even shards one would be {largest_percent} % full, as the keys lie: ")?;
                match instead {
                    Instead::Call => f.write_str("one split or merge instead"),
                    Instead::Count(shards) => write!(f, "{shards} carry it"),
                    Instead::Nothing => f.write_str("no neighbours are cold enough to merge"),
                }
            }
            Self::WithinBounds => f.write_str("within the minimum and maximum"),
            Self::RaisedToMin(min) => write!(f, "the minimum is {min}"),
            Self::AsOrdered => f.write_str("as ordered"),
            Self::LoweredToMax { max, wanted } => {
                write!(f, "{wanted} are wanted and the maximum is {max}: raise kinesis-scaler/shards-max to allow more")
            }
            Self::OverMax { max } => write!(
                f,
                "the stream is over its maximum of {max}, which caps growth and takes nothing away that is needed"
            ),
            Self::RightDirection => f.write_str("a change in this direction"),
            Self::OtherDirection(wanted) => {
                write!(f, "{wanted} would be a change in the other direction, which is not made here")
            }
            Self::MoreForConsumers => f.write_str("consumers get more capacity"),
            Self::ConsumersKeepUp { iterator_age_ms } => {
                write!(f, "consumers keep up, {iterator_age_ms} ms behind at most")
            }
            Self::LagUnknown => f.write_str("no lag metric: nobody reads with GetRecords, so lag could not be checked"),
            Self::ConsumersBehind { iterator_age_ms, max_seconds } => write!(
                f,
                "consumers are {} s behind (more than {max_seconds} s): they keep their read capacity",
                // Up: so much behind is more than the most that is borne.
                iterator_age_ms.div_ceil(1_000)
            ),
            Self::ConsumersSilent => {
                f.write_str("consumers stopped reading within the window: they keep what they need to catch up")
            }
            Self::ReadThrottled { calls } => {
                write!(f, "{calls} reads were throttled in a minute: consumers keep their capacity")
            }
            Self::ReadVolume(shards) => write!(f, "consumers read so much that they need {shards}"),
            Self::CooldownOver => f.write_str("cooldown is over"),
            Self::CoolingDown { until } => write!(f, "cooling down until {}", second(*until, now)),
            Self::RefusedLately { at, until } => write!(
                f,
                "AWS refused the attempt at {} (its log line says why); the next may be made at {}",
                minute(*at, now),
                second(*until, now)
            ),
            Self::NotWorthOneOfFew { left, wanted } => write!(
                f,
                "{wanted} would do, but {left} of {RESIZES_PER_DAY} resizes are left in {RESIZES_WINDOW_HOURS} h: not worth one"
            ),
            Self::BudgetLeft { left } => {
                write!(f, "{left} of {RESIZES_PER_DAY} resizes left in {RESIZES_WINDOW_HOURS} h")
            }
            Self::BudgetSpent { spent, next } => write!(
                f,
                "{spent} resizes in the last {RESIZES_WINDOW_HOURS} h, AWS allows {RESIZES_PER_DAY}: the next is free at {}",
                minute(minute_from(*next), now)
            ),
            Self::NoRoomForTags { tags } => write!(
                f,
                "the stream has {tags} tags, and {TAGS_PER_STREAM_MAX} are the most: there is no room for {TAG_RESIZES}, in which each \
                 resize is written down before it is made"
            ),
            Self::DaySpent { at, until } => write!(
                f,
                "AWS said at {} that all resizes of the day are spent, {RESIZES_PER_DAY} in {RESIZES_WINDOW_HOURS} h: it is \
                 asked again at {}",
                minute(*at, now),
                minute(minute_from(*until), now)
            ),
            Self::MadeToLast { left, wanted } => {
                write!(
                    f,
                    "{wanted} would do for now, but {left} of {RESIZES_PER_DAY} resizes are left in {RESIZES_WINDOW_HOURS} h: made to last"
                )
            }
            Self::WayBack { floor, peak, left } => write!(
                f,
                "with {left} resizes left in {RESIZES_WINDOW_HOURS} h, {floor} is the lowest with a way back to the day's {peak}"
            ),
            Self::ReservedForScaleOut { left, reserved } => {
                write!(f, "{left} resizes left in {RESIZES_WINDOW_HOURS} h and {reserved} are kept for scale-out")
            }
            Self::WithinStep => f.write_str("one call can do it"),
            Self::LimitedToDouble(wanted) => write!(f, "{wanted} is more than double: a later pass goes on from here"),
            Self::LimitedToHalf(wanted) => write!(f, "{wanted} is less than half: a later pass goes on from here"),
            Self::WithinQuota => f.write_str("within the quotas"),
            Self::QuotaUnknown => f.write_str("the account's shard quota could not be read"),
            Self::AccountQuota { left, wanted } => write!(
                f,
                "the account has {left} shards left in this Region, too few for {wanted}: ask AWS for a higher quota"
            ),
            Self::StreamCeiling(max) => write!(f, "no stream may have more than {max}"),
        }
    }
}

fn status_word(status: StreamStatus) -> &'static str {
    match status {
        StreamStatus::Active => "active",
        StreamStatus::Updating => "being resized or reconfigured",
        StreamStatus::Creating => "being created",
        StreamStatus::Deleting => "being deleted",
    }
}

fn joined<T: fmt::Display>(faults: &[T]) -> String {
    faults.iter().map(T::to_string).collect::<Vec<_>>().join("; ")
}

/// Whole minutes from `earlier` to `later`, for words.
pub(crate) fn minutes_between(earlier: Timestamp, later: Timestamp) -> i64 {
    later.duration_since(earlier).max(SignedDuration::ZERO).as_mins()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn consumers_that_are_behind_by_more_than_is_borne_are_told_so() {
        let told = Reason::ConsumersBehind { iterator_age_ms: 60_001, max_seconds: 60 }.to_string();
        assert!(told.starts_with("consumers are 61 s behind (more than 60 s)"), "{told}");
    }

    #[test]
    fn a_time_of_another_day_has_its_date() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let next = at("2026-12-01T10:12:00Z");
        let spent = Reason::BudgetSpent { spent: 10, next };
        let told = |now: &str| spent.told(at(now)).to_string();
        assert!(told("2026-12-01T09:00:00Z").ends_with("the next is free at 10:12Z"), "the same day");
        assert!(told("2026-11-30T10:17:00Z").ends_with("the next is free at 2026-12-01 10:12Z"), "tomorrow");
        assert!(told("2027-12-01T10:00:00Z").ends_with("at 2026-12-01 10:12Z"), "the same day of another year");
        assert!(spent.to_string().ends_with("at 2026-12-01 10:12Z"), "to whom, and when, is not known");
        let midnight = at("2026-12-01T00:05:00Z");
        for (reason, words) in [
            (Reason::CoolingDown { until: at("2026-12-01T00:10:00Z") }, "until 00:10:00Z"),
            (Reason::NoDataSinceResize { resized_at: at("2026-11-30T23:58:00Z") }, "at 2026-11-30 23:58Z"),
            (
                Reason::RefusedLately { at: at("2026-11-30T23:59:00Z"), until: at("2026-12-01T00:14:00Z") },
                "at 2026-11-30 23:59Z (its log line says why); the next may be made at 00:14:00Z",
            ),
        ] {
            let told = reason.told(midnight).to_string();
            assert!(told.ends_with(words), "{told}");
        }
    }
}
