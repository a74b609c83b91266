// SPDX-License-Identifier: Apache-2.0
//! Amazon Kinesis and CloudWatch as deterministic models: refusals, statistics, metric math, alarm evaluation.
//!
//! Nothing here reads a clock, sleeps or does input or output: time is an argument, so a test or a simulation moves
//! it by hand and the same calls always give the same answers.

pub mod alarm;
pub mod cloudwatch;
pub mod hash_key_space;
pub mod kinesis_rules;
pub mod metric_math;
pub mod stream_model;
