//! An AWS in memory for tests: every service that `scaler-app` uses.

pub mod world;
