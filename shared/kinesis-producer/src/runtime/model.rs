// SPDX-License-Identifier: Apache-2.0
//! The runtime as shuttle models it: every lock and every wait is a point at which another task may go on, and time passes
//! whenever somebody waits for it.

use std::cell::Cell;
use std::ops::Add;
use std::time::Duration;

use shuttle::future::{JoinHandle, yield_now};
use tokio::sync::mpsc;

pub(crate) use shuttle::future::spawn;
pub(crate) use shuttle::sync::Mutex;

thread_local! {
    /// Shuttle runs all tasks of a model on one thread.
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Sets the clock to where it began. What went before on this thread makes no difference then.
pub(crate) fn start_clock() {
    NOW.set(Duration::ZERO);
}

/// A time of the model's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(Duration);

impl Instant {
    pub(crate) fn now() -> Self {
        Self(NOW.get())
    }

    pub(crate) fn duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, more: Duration) -> Self {
        Self(self.0 + more)
    }
}

pub(crate) async fn sleep_until(at: Instant) {
    yield_now().await;
    NOW.set(NOW.get().max(at.0));
}

/// That it took too long.
pub(crate) struct Elapsed;

pub(crate) async fn timeout<T>(within: Duration, what: impl Future<Output = T>) -> Result<T, Elapsed> {
    let over = Instant::now() + within;
    tokio::select! {
        biased;
        done = what => Ok(done),
        () = sleep_until(over) => Err(Elapsed),
    }
}

/// The number of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Id(usize);

/// In a model a panic ends the test.
pub(crate) enum Panicked {}

impl Panicked {
    pub(crate) fn id(&self) -> Id {
        match *self {}
    }
}

/// A task of a [`JoinSet`].
pub(crate) struct Task(Id);

impl Task {
    pub(crate) fn id(&self) -> Id {
        self.0
    }
}

/// Tasks that end in any order.
pub(crate) struct JoinSet<T> {
    tasks: Vec<JoinHandle<()>>,
    under_way: usize,
    tell: mpsc::UnboundedSender<(Id, T)>,
    told: mpsc::UnboundedReceiver<(Id, T)>,
}

impl<T: Send + 'static> JoinSet<T> {
    pub(crate) fn new() -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        Self { tasks: Vec::new(), under_way: 0, tell, told }
    }

    pub(crate) fn spawn(&mut self, what: impl Future<Output = T> + Send + 'static) -> Task {
        let (id, tell) = (Id(self.tasks.len()), self.tell.clone());
        self.under_way += 1;
        self.tasks.push(spawn(async move {
            // Nobody hears of a task whose set was dropped.
            let _ = tell.send((id, what.await));
        }));
        Task(id)
    }

    pub(crate) fn len(&self) -> usize {
        self.under_way
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.under_way == 0
    }

    pub(crate) async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), Panicked>> {
        if self.is_empty() {
            return None;
        }
        let ended = self.told.recv().await?;
        self.under_way -= 1;
        Some(Ok(ended))
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
