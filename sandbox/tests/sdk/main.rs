// SPDX-License-Identifier: Apache-2.0
//! The sandbox as the unchanged AWS SDKs see it.
#![allow(clippy::unwrap_used)]

mod alarms;
mod bad_requests;
mod calls;
mod consumers;
mod families;
mod kinesis;
mod metrics;
mod objects;
mod prices;
mod protocols;
mod queues;
mod schedules;
mod sizes;
mod support;
mod tagging;
