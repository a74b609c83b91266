// SPDX-License-Identifier: Apache-2.0
//! `GetMetricData`.

use aws_models::cloudwatch::{POINTS_PAGE_MAX, Query, QuerySource};
use jiff::SignedDuration;

use super::refusal::Refusal;
use super::wire::metrics::{GetMetricData, GetMetricDataOutput, queries};
use crate::locked::locked;
use crate::state::Shared;

/// What a page's token starts with; the number of points before the next page follows.
const POINT_TOKEN_PREFIX: &str = "point:";

pub(super) fn get_metric_data(shared: &Shared, input: GetMetricData) -> Result<GetMetricDataOutput, Refusal> {
    let from = input.next_token.map_or(Ok(0), |token| {
        let from = token.strip_prefix(POINT_TOKEN_PREFIX).and_then(|from| from.parse().ok());
        from.ok_or_else(|| Refusal::bad_token(&token))
    })?;
    let page = input.max_datapoints.map_or(Ok(POINTS_PAGE_MAX), |points| {
        let allowed = usize::try_from(points).ok().filter(|points| (1..=POINTS_PAGE_MAX).contains(points));
        allowed.ok_or_else(|| Refusal::validation(format!("MaxDatapoints={points} is not 1 to {POINTS_PAGE_MAX}")))
    })?;
    let newest_first = match input.scan_by.as_deref() {
        None | Some("TimestampDescending") => true,
        Some("TimestampAscending") => false,
        Some(other) => {
            return Err(Refusal::validation(format!(
                "ScanBy={other:?} is not TimestampDescending or TimestampAscending"
            )));
        }
    };
    let start = input.start_time.ok_or_else(|| Refusal::missing("startTime"))?;
    let end = input.end_time.ok_or_else(|| Refusal::missing("endTime"))?;
    let queries = queries(input.metric_data_queries)?;
    let now = shared.clock.now();
    let mut results = locked(&shared.cloudwatch).metric_data(&queries, start, end, now)?;
    let kept_since = now - kept(&queries);
    for result in &mut results {
        result.values.retain(|at, _| *at >= kept_since.as_second());
    }
    let (mut output, next) = GetMetricDataOutput::page(results, newest_first, from, page);
    output.next_token = next.map(|from| format!("{POINT_TOKEN_PREFIX}{from}"));
    Ok(output)
}

/// How long points are kept, by the finest period that is asked for. Source: `GetMetricData`, `StartTime`.
fn kept(queries: &[Query]) -> SignedDuration {
    let period = |query: &Query| match &query.source {
        QuerySource::Stat(stat) => Some(stat.period_seconds),
        QuerySource::Expression(_) => None,
    };
    let days = match queries.iter().filter_map(period).min() {
        Some(period) if period % 3_600 == 0 => 455,
        Some(period) if period % 300 == 0 => 63,
        _ => 15,
    };
    SignedDuration::from_hours(24 * days)
}
