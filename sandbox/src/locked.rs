// SPDX-License-Identifier: Apache-2.0
//! How every lock of a sandbox is taken.

use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic in another request must not take the sandbox down with it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
