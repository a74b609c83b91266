//! An AWS in memory behind the ports of `scaler-app`, for tests.

pub mod world;
