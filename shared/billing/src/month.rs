// SPDX-License-Identifier: Apache-2.0
//! What a stream will have cost by the end of the month.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::bill::Bill;
use crate::prices::{MissingPrice, PriceSheet};
use crate::usage::{Series, StreamConfig};
use kinesis_model::MicroUsd;

/// Seconds of the past by which what is not known of the month is reckoned: a week, so that each weekday counts once.
const RECENT_SECONDS: i64 = 7 * 86_400;

/// A calendar month, in UTC as AWS bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthEnd {
    /// What the known part of the month has cost.
    pub so_far: MicroUsd,
    /// What the whole month will have cost, if the last week, or what is known of it, goes on.
    pub expected: MicroUsd,
}

/// The month in which the series ends; `None` where the series says nothing of the stream, or its days cannot be reckoned.
///
/// What lies before the series in this month is taken to be like the last week, as what is to come.
///
/// # Errors
/// An item has no price.
pub fn month_end(sheet: &PriceSheet, series: &Series, config: &StreamConfig) -> Result<Option<MonthEnd>, MissingPrice> {
    let end = series.end();
    // The last second that is known: a series that ends at midnight of the first is of the month before.
    let Some((first, next)) = month_of(end.as_second() - 1) else { return Ok(None) };
    let bill = |from| -> Result<_, MissingPrice> {
        let usage = series.usage(config, from, end);
        Ok((Bill::as_it_is(sheet, &usage, config)?.total(), usage.seconds))
    };
    let recently = Timestamp::from_second(end.as_second() - RECENT_SECONDS).unwrap_or(first);
    let (recent, recent_seconds) = bill(recently)?;
    if recent_seconds == 0 {
        return Ok(None);
    }
    let (so_far, known_seconds) = bill(first)?;
    let there_since = first.as_second().max(config.created.as_second());
    let there_seconds = u64::try_from(next.as_second() - there_since).unwrap_or(0);
    let unknown = u128::from(there_seconds.saturating_sub(known_seconds));
    let rest = u128::from(recent.0) * unknown / u128::from(recent_seconds);
    let expected = so_far.and(MicroUsd(u64::try_from(rest).unwrap_or(u64::MAX)));
    Ok(Some(MonthEnd { so_far, expected }))
}

/// When the month of this second began, and when the next one does.
fn month_of(second: i64) -> Option<(Timestamp, Timestamp)> {
    let date = Timestamp::from_second(second).ok()?.to_zoned(TimeZone::UTC).date();
    let midnight = |date: Date| Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp());
    let next = date.last_of_month().tomorrow().ok()?;
    Some((midnight(date.first_of_month())?, midnight(next)?))
}
