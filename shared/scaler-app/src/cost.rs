//! What cost-report runs: it gathers what streams used, reckons what they cost and could have cost, and tells people.

pub mod ports;
