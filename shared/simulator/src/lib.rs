// SPDX-License-Identifier: Apache-2.0
//! The deployed functions over a recorded workload, beside public policies and the optimum in hindsight, with a score.
//!
//! Nothing here reads a clock or sleeps: time is an argument, so the same workload always gives the same answers.

pub mod calls_file;
pub mod hindsight;
pub mod peers;
pub mod run;
pub mod score;
pub mod simulate;
pub mod trace;
