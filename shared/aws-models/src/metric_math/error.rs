// SPDX-License-Identifier: Apache-2.0
//! Why an expression of metric math is refused.

/// Longest accepted expression, characters. Source: CloudWatch API reference, `MetricDataQuery.Expression`.
pub const EXPRESSION_CHARS_MAX: usize = 2_048;

/// Deepest accepted nesting of brackets. Ours: the parser is recursive, and a request must not exhaust the stack.
pub(super) const NESTING_MAX: usize = 32;

/// Why an expression was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MathError {
    /// The text is not an expression.
    #[error("expression {expression:?} has a syntax error at character {at}")]
    Syntax {
        /// The whole expression.
        expression: String,
        /// Zero-based offset, in bytes, of what could not be read.
        at: usize,
    },
    /// The text is longer, or its brackets deeper, than is accepted.
    #[error("expression of {chars} characters, brackets {depth} deep, is over {EXPRESSION_CHARS_MAX} or {NESTING_MAX}")]
    TooLarge {
        /// Characters in the expression.
        chars: usize,
        /// Deepest nesting of brackets.
        depth: usize,
    },
    /// An id that no query of the request has.
    #[error("expression {expression:?} uses id {id:?}, which no query of the request defines")]
    UnknownId {
        /// The id.
        id: String,
        /// The whole expression.
        expression: String,
    },
    /// A function outside the modelled part of metric math.
    #[error("function {function:?} is not one of FILL, IF, MAX, MIN")]
    UnknownFunction {
        /// The function, as written.
        function: String,
    },
    /// A known function with arguments it does not take.
    #[error("{function} takes {expected}")]
    Arguments {
        /// The function.
        function: &'static str,
        /// What it takes.
        expected: &'static str,
    },
    /// `MAX` or `MIN` over a single series.
    #[error(
        "{function} over one series is a single number for the whole window, which AWS advises against in alarms; \
         write {function}([..])"
    )]
    Aggregate {
        /// The function.
        function: &'static str,
    },
    /// An array where a value is needed.
    #[error("an array [..] stands only inside MAX or MIN")]
    StrayArray,
}
