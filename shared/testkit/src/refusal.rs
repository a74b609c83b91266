// SPDX-License-Identifier: Apache-2.0
//! Refusals of the models as failed calls.

use aws_models::hash_key_space::HashKeySpaceFault;
use aws_models::kinesis_rules::Refusal;
use scaler_app::cloud::{CallError, Failure};

pub(crate) fn refused(call: &'static str, subject: &str, refusal: &Refusal) -> CallError {
    let failure = match refusal.error_type {
        "ResourceInUseException" => Failure::InUse,
        _ if refusal.is_day_spent() => Failure::DailyLimitReached,
        "LimitExceededException" => Failure::Quota,
        _ => Failure::Refused,
    };
    CallError::new(call, subject, failure, format!("{}: {}", refusal.error_type, refusal.message))
}

/// What is wrong with the shards or the hash key of a split or a merge.
pub(crate) fn misplaced(call: &'static str, subject: &str, fault: HashKeySpaceFault) -> CallError {
    let (failure, error_type) = match fault {
        HashKeySpaceFault::NoSuchShard => (Failure::NotFound, "ResourceNotFoundException"),
        HashKeySpaceFault::Closed => (Failure::InUse, "ResourceInUseException"),
        HashKeySpaceFault::NotInside | HashKeySpaceFault::NotAdjacent => (Failure::Refused, "InvalidArgumentException"),
    };
    CallError::new(call, subject, failure, format!("{error_type}: {fault}"))
}
