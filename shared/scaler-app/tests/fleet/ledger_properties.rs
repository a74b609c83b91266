// SPDX-License-Identifier: Apache-2.0
//! The ledger against an AWS that loses answers, refuses, is slow and is resized by others in between, over days.

use jiff::{SignedDuration, Timestamp};
use kinesis_model::StreamStatus;
use proptest::prelude::*;
use scaler_app::cloud::Failure;
use scaler_app::{OutcomeKind, handle};
use scaler_core::{Attempt, AttemptKind, Direction, Policy, ResizeHistory};
use testkit::World;

use crate::ledger::{alarm, busy, ledger, look, runs_as_far_as_it_lives};
use crate::support::Stack;

/// What happens between two looks.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// Time passes, in seconds.
    Wait(i64),
    /// The load becomes so many percent of what the stream carries.
    Load(u64),
    /// The next resize has no answer; it is carried out so many seconds later, or never.
    Unanswered(Option<i64>),
    /// The next call of this operation fails so.
    Fails(&'static str, Failure),
    /// Somebody else resizes the stream, to so many percent of its shards.
    Resized(u32),
    /// The function dies after so many more calls of the next look.
    Dies(usize),
    /// alarm-sync looks.
    Synced,
}

fn event() -> impl Strategy<Value = Event> {
    let failures =
        prop::sample::select(vec![Failure::Unavailable, Failure::InUse, Failure::Throttled, Failure::Refused]);
    let calls =
        prop::sample::select(vec!["UpdateShardCount", "AddTagsToStream", "PutMetricAlarm", "ListTagsForStream"]);
    prop_oneof![
        6 => (20..5_000_i64).prop_map(Event::Wait),
        2 => prop::sample::select(vec![5_u64, 20, 60, 99, 130]).prop_map(Event::Load),
        3 => prop::option::of(0..25_i64).prop_map(Event::Unanswered),
        2 => (calls, failures).prop_map(|(call, failure)| Event::Fails(call, failure)),
        2 => prop::sample::select(vec![50_u32, 75, 125, 150, 200]).prop_map(Event::Resized),
        1 => (0..14_usize).prop_map(Event::Dies),
        1 => Just(Event::Synced),
    ]
}

/// The stream and what the functions have had a chance to see of it.
struct Run {
    stack: Stack,
    load_percent: u64,
    /// Calls for which an entry may have been written: those made, and one for each death.
    attempts: usize,
    /// Resizes by others.
    others: usize,
    /// Whether the ledger has had a look at the stream as it is now: only then does the next resize by others not hide another.
    is_seen: bool,
    last_look: Timestamp,
    /// The longest time from one look to the next.
    longest_wait: SignedDuration,
}

impl Run {
    async fn begin(tags_need_active: bool) -> Self {
        let mut stack = Stack::with(&["orders"]);
        stack.policy.shards_max = 1_000;
        stack.all().await;
        stack.world.tags_need_active(tags_need_active);
        let (last_look, longest_wait) = (stack.world.now(), SignedDuration::ZERO);
        Self { stack, load_percent: 60, attempts: 0, others: 0, is_seen: true, last_look, longest_wait }
    }

    fn world(&self) -> &World {
        &self.stack.world
    }

    async fn happens(&mut self, event: Event) {
        match event {
            Event::Wait(seconds) => self.world().advance(SignedDuration::from_secs(seconds)),
            Event::Load(percent) => self.load_percent = percent,
            Event::Unanswered(None) => self.world().fail_next("UpdateShardCount", Failure::Unavailable),
            Event::Unanswered(Some(after)) => self.world().lose_next_resize(SignedDuration::from_secs(after)),
            Event::Fails(call, failure) => self.world().fail_next(call, failure),
            Event::Resized(percent) => self.is_resized(percent),
            Event::Dies(calls) => self.dies(calls),
            Event::Synced => {
                self.world().forget_calls();
                self.stack.scheduled().await;
                let asked = self.asked();
                self.attempts += asked;
                self.is_seen &= asked == 0;
            }
        }
    }

    /// Resizes asked for since the calls were forgotten.
    fn asked(&self) -> usize {
        self.world().calls().iter().filter(|call| call.starts_with("UpdateShardCount")).count()
    }

    /// A resize by others, which AWS takes as it takes ours.
    fn is_resized(&mut self, percent: u32) {
        let now = self.world().now();
        let stream = self.world().stream("orders").unwrap();
        let to = (stream.shards * percent).div_ceil(100).clamp(1, 1_000);
        if !self.is_seen || to == stream.shards || !is_active(self.world()) || counted(&stream.resizes, now) >= 10 {
            return;
        }
        self.world().change("orders", |stream| {
            stream.shards = to;
            stream.resizes.push(now);
        });
        self.others += 1;
        self.is_seen = false;
    }

    fn dies(&mut self, calls: usize) {
        let policy = Policy::new(self.stack.policy).unwrap();
        let event = alarm(&self.stack);
        self.world().dies_after(Some(calls));
        let function_state = World::function_state();
        runs_as_far_as_it_lives(handle(self.world(), &function_state, &policy, Direction::Out, &event, &mut |_| ()));
        self.world().dies_after(None);
        self.attempts += 1;
        self.is_seen = false;
    }

    /// Both functions look, as they do when their alarms fire.
    async fn looks(&mut self) -> Result<(), TestCaseError> {
        let now = self.world().now();
        self.longest_wait = self.longest_wait.max(now.duration_since(self.last_look));
        self.last_look = now;
        let mut is_quiet = true;
        for direction in [Direction::Out, Direction::In] {
            let percent = self.load_percent;
            self.world().change("orders", |stream| {
                let mut load = busy(u64::from(stream.shards));
                for sum in [&mut load.bytes, &mut load.records].into_iter().flatten() {
                    *sum = *sum * percent / 100;
                }
                stream.load = load;
            });
            self.world().forget_calls();
            let was_active = is_active(self.world());
            let outcome = look(&self.stack, direction).await;
            let asked = self.asked();
            self.attempts += asked;
            let accepted = self.world().stream("orders").unwrap().resizes;
            prop_assert!(
                !outcome.words.contains("rolling 24-hour"),
                "an eleventh call; the ledger: {}; AWS took: {:?}",
                ledger(&self.stack),
                accepted.iter().map(|at| at.as_second()).collect::<Vec<_>>(),
            );
            // Both saw the stream at rest, wrote down what was new, and changed nothing themselves.
            is_quiet &= was_active && asked == 0 && outcome.decision.is_some();
        }
        self.is_seen = is_quiet;
        self.holds()
    }

    /// What must be true after each look.
    fn holds(&self) -> Result<(), TestCaseError> {
        let (now, tag) = (self.world().now(), ledger(&self.stack));
        let history = ResizeHistory::parse(&tag).unwrap();
        let stream = self.world().stream("orders").unwrap();
        let is_unanswered = |attempt: &&Attempt| {
            let is_under_way = attempt.kind == AttemptKind::External && attempt.to.is_none();
            is_under_way || matches!(attempt.kind, AttemptKind::Unanswered(_))
        };
        let unanswered = history.attempts().iter().filter(is_unanswered).count();
        let (spent, accepted) = (history.spent(now) as usize, counted(&stream.resizes, now));
        if self.is_seen {
            prop_assert!(spent >= accepted, "AWS counts {accepted}, and the ledger {spent}: {tag}");
        }
        // An entry is for a call that AWS counts, or counted until two minutes ago; others' are dated when they were found.
        let found_late = SignedDuration::from_mins(2) + self.longest_wait;
        let accepted = counted(&stream.resizes, now.checked_sub(found_late).unwrap());
        prop_assert!(spent <= accepted + unanswered, "{accepted} accepted, {unanswered} without an answer: {tag}");
        let entries = history.attempts().len();
        prop_assert!(
            entries <= self.attempts + self.others,
            "{} calls, {} of others: {tag}",
            self.attempts,
            self.others
        );
        Ok(())
    }
}

fn is_active(world: &World) -> bool {
    let now = world.now();
    let stream = world.stream("orders").unwrap();
    let at_rest = |at: &Timestamp| now.duration_since(*at) >= SignedDuration::from_mins(1);
    stream.status == StreamStatus::Active && stream.resizes.last().is_none_or(at_rest)
}

/// Resizes that AWS counts at this time.
fn counted(accepted: &[Timestamp], now: Timestamp) -> usize {
    accepted.iter().filter(|at| now.duration_since(**at) < SignedDuration::from_hours(24)).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Never an eleventh call, never a count twice, never a call that is forgotten.
    #[test]
    fn the_ledger_says_what_is_known(
        events in prop::collection::vec(prop::collection::vec(event(), 0..3), 40..120),
        tags_need_active in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut run = Run::begin(tags_need_active).await;
            for between in events {
                for event in between {
                    run.happens(event).await;
                }
                run.looks().await?;
                run.world().advance(SignedDuration::from_mins(1));
            }
            Ok::<_, TestCaseError>(())
        })?;
    }

    /// Never a day lost to an outage: once AWS is well, a stream that needs it is resized within minutes.
    #[test]
    fn no_outage_spends_the_day(failures in prop::collection::vec(
        prop::sample::select(vec![Failure::Unavailable, Failure::InUse, Failure::Throttled, Failure::Refused]), 1..200,
    )) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let stack = Stack::enrolled(&["orders"]).await;
            stack.world.change("orders", |stream| stream.load = busy(4));
            for failure in failures {
                stack.world.fail_nothing();
                stack.world.fail_next("UpdateShardCount", failure);
                look(&stack, Direction::Out).await;
                stack.world.advance(SignedDuration::from_mins(1));
            }
            stack.world.fail_nothing();
            for _ in 0..5 {
                if look(&stack, Direction::Out).await.outcome == OutcomeKind::Resized {
                    return Ok(());
                }
                stack.world.advance(SignedDuration::from_mins(1));
            }
            Err(TestCaseError::fail(format!("not resized: {}", ledger(&stack))))
        })?;
    }
}
