// SPDX-License-Identifier: Apache-2.0
//! The parts of an ARN, `arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE`.

/// Where an ARN has its Region and its account, counted from 0.
const REGION_PART: usize = 3;
const ACCOUNT_PART: usize = 4;

/// The account of the resource with this ARN.
pub fn account_of(arn: &str) -> Option<String> {
    account_part(arn).filter(|account| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What stands where the account does, if anything.
pub(super) fn account_part(arn: &str) -> Option<String> {
    part(arn, ACCOUNT_PART)
}

/// What stands where the Region does, if anything.
pub(super) fn region_part(arn: &str) -> Option<String> {
    part(arn, REGION_PART)
}

fn part(arn: &str, part: usize) -> Option<String> {
    arn.split(':').nth(part).filter(|part| !part.is_empty()).map(str::to_owned)
}
