// SPDX-License-Identifier: Apache-2.0
//! What a producer takes of the runtime, in one place: the tests of this crate put a model checker's in its stead.

pub(crate) use std::sync::Mutex;

pub(crate) use tokio::spawn;
pub(crate) use tokio::task::{Id, JoinSet};
pub(crate) use tokio::time::{Instant, sleep_until, timeout};
