// SPDX-License-Identifier: Apache-2.0
//! Parses and evaluates the part of CloudWatch metric math that this project's alarms use.
//!
//! Supported: numbers, ids, `+ - * /`, unary minus, parentheses, `> >= < <= ==` (1 or 0), `FILL(m, number)`,
//! `IF(condition, then, else)`, and `MAX([..])` / `MIN([..])` over an array, which give one value per timestamp.
//! Source for the semantics: CloudWatch User Guide, "Using metric math" (read 2026-11).

mod error;
mod grammar;
mod point;

use std::collections::{BTreeMap, BTreeSet};

pub use error::{EXPRESSION_CHARS_MAX, MathError};
use grammar::Node;
use point::At;
pub use point::Point;

/// Data points by the start of their period, in epoch seconds.
pub type Series = BTreeMap<i64, f64>;

/// What an expression, or an id in it, stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// One number, the same at every timestamp.
    Scalar(f64),
    /// One number per timestamp, with gaps.
    Series(Series),
}

impl Value {
    fn at(&self, timestamp: i64) -> Point {
        match self {
            Self::Scalar(number) => Point::Scalar(*number),
            Self::Series(series) => Point::Series(series.get(&timestamp).copied()),
        }
    }
}

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    text: String,
    root: Node,
}

impl Expression {
    /// Reads an expression; its ids are looked up only when it is evaluated.
    pub fn parse(text: &str) -> Result<Self, MathError> {
        Ok(Self { text: text.to_owned(), root: Node::parse(text)? })
    }

    /// The ids the expression refers to.
    pub fn ids(&self) -> BTreeSet<&str> {
        let mut ids = BTreeSet::new();
        self.root.collect_ids(&mut ids);
        ids
    }

    /// The value at one timestamp, given the values of the ids there.
    ///
    /// # Errors
    /// They do not depend on the numbers, only on which ids are scalars.
    pub fn at(&self, values: &[(&str, Point)]) -> Result<Point, MathError> {
        let value_of = |id: &str| values.iter().find(|(known, _)| *known == id).map(|(_, point)| *point);
        At { text: &self.text, is_asked_for: true, value_of }.point(&self.root)
    }

    /// The value at `timestamps`, and at those that the ids have beside them, given the values of the ids.
    ///
    /// # Errors
    /// As [`Self::at`].
    pub fn evaluate(&self, values: &BTreeMap<String, Value>, timestamps: &[i64]) -> Result<Value, MathError> {
        let asked_for: BTreeSet<i64> = timestamps.iter().copied().collect();
        let known = values.values().filter_map(|value| match value {
            Value::Scalar(_) => None,
            Value::Series(series) => Some(series.keys().copied()),
        });
        let mut all: BTreeSet<i64> = known.flatten().chain(asked_for.iter().copied()).collect();
        // What is a scalar is one everywhere: one look tells, also where there is no timestamp.
        all.insert(0);
        let mut series = Series::new();
        for timestamp in all {
            let value_of = |id: &str| values.get(id).map(|value| value.at(timestamp));
            let at = At { text: &self.text, is_asked_for: asked_for.contains(&timestamp), value_of };
            match at.point(&self.root)? {
                Point::Scalar(number) => return Ok(Value::Scalar(number)),
                Point::Series(None) => {}
                Point::Series(Some(number)) => {
                    series.insert(timestamp, number);
                }
            }
        }
        Ok(Value::Series(series))
    }
}
