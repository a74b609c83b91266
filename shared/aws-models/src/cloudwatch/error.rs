// SPDX-License-Identifier: Apache-2.0
//! Why CloudWatch refuses a call.

use crate::metric_math::MathError;

/// Why a call was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudWatchError {
    /// A parameter outside what AWS accepts.
    #[error("{parameter}={value:?} is not {expected}")]
    Invalid {
        /// The parameter, in AWS's spelling.
        parameter: &'static str,
        /// What it was.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// An action of an alarm that is no ARN. The words are AWS's.
    #[error("Invalid arn syntax: {action}")]
    Action {
        /// What it is.
        action: String,
    },
    /// An alarm's queries of which none or several return data. The words are AWS's.
    #[error("Exactly one element of the metrics list should return data.")]
    ReturnData,
    /// An expression that cannot be evaluated.
    #[error("query {id:?}: {source}")]
    Math {
        /// The id of the query.
        id: String,
        /// What is wrong with it.
        source: MathError,
    },
    /// Queries that wait for each other.
    #[error("query {id:?} depends on itself through the other queries")]
    Circular {
        /// The id of one of them.
        id: String,
    },
    /// No alarm has that name.
    #[error("alarm {name:?} does not exist")]
    UnknownAlarm {
        /// The name.
        name: String,
    },
}
