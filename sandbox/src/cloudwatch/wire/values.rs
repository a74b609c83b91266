// SPDX-License-Identifier: Apache-2.0
//! Numbers, times and names as they are written.

use std::str::FromStr;

use aws_models::alarm::UnknownName;
use ciborium::Value;
use jiff::Timestamp;
use kinesis_model::num;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::cloudwatch::refusal::Refusal;

/// One of AWS's names, or the refusal that lists them.
pub(in crate::cloudwatch) fn named<T: FromStr<Err = UnknownName>>(name: &str) -> Result<T, Refusal> {
    name.parse().map_err(|error: UnknownName| Refusal::validation(error.to_string()))
}

pub(in crate::cloudwatch) fn required<T>(field: Option<T>, name: &str) -> Result<T, Refusal> {
    field.ok_or_else(|| Refusal::missing(name))
}

pub(in crate::cloudwatch) fn positive<T: TryFrom<i64>>(number: i64, name: &str) -> Result<T, Refusal> {
    T::try_from(number).map_err(|_| Refusal::validation(format!("{name}={number} is not a number of 1 or more")))
}

/// A timestamp: seconds since 1970, whole or not; in CBOR tag 1 is around them.
pub(in crate::cloudwatch) fn timestamp<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    let seconds = match Option::<Value>::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Value::Tag(1, seconds)) => float(&seconds),
        Some(seconds) => float(&seconds),
    };
    let milliseconds = seconds.map(|seconds| (seconds * 1_000.0).round());
    // Out-of-range values saturate in the cast and are then refused by the range of Timestamp.
    #[allow(clippy::cast_possible_truncation)]
    let instant = milliseconds.and_then(|milliseconds| Timestamp::from_millisecond(milliseconds as i64).ok());
    instant.map(Some).ok_or_else(|| D::Error::custom("expected a timestamp, seconds since 1970"))
}

/// A number that a client may write whole or with a fraction.
pub(in crate::cloudwatch) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let Some(value) = Option::<Value>::deserialize(deserializer)? else { return Ok(None) };
    float(&value).map(Some).ok_or_else(|| D::Error::custom("expected a number"))
}

pub(in crate::cloudwatch) fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Float(float) => Some(*float),
        // Far inside the whole numbers a float holds exactly.
        Value::Integer(integer) => i64::try_from(*integer).ok().map(num::float),
        _ => None,
    }
}

pub(in crate::cloudwatch) fn tagged(at: Timestamp) -> Value {
    // Milliseconds, which is all that the protocol keeps.
    let seconds = num::float(at.as_millisecond()) / 1_000.0;
    Value::Tag(1, Box::new(Value::Float(seconds)))
}
