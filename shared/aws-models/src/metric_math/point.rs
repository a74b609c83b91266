// SPDX-License-Identifier: Apache-2.0
//! What an expression is at one timestamp.

use super::error::MathError;
use super::grammar::{Node, Operator};

/// What an expression, or an id in it, is at one timestamp.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Point {
    /// One number, the same at every timestamp.
    Scalar(f64),
    /// What a series has here; `None` is a gap.
    Series(Option<f64>),
}

impl Point {
    /// The number here, if there is one.
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Scalar(number) => Some(number),
            Self::Series(number) => number,
        }
    }
}

/// One timestamp, at which `value_of` tells what ids are.
pub(super) struct At<'a, F> {
    /// The whole expression, for errors.
    pub(super) text: &'a str,
    /// Whether it is one of those that were asked for: `FILL` fills no others.
    pub(super) is_asked_for: bool,
    pub(super) value_of: F,
}

impl<F: Fn(&str) -> Option<Point>> At<'_, F> {
    pub(super) fn point(&self, node: &Node) -> Result<Point, MathError> {
        match node {
            Node::Number(number) => Ok(Point::Scalar(*number)),
            Node::Id(id) => (self.value_of)(id)
                .ok_or_else(|| MathError::UnknownId { id: id.clone(), expression: self.text.to_owned() }),
            Node::Negate(inner) => Ok(binary(Point::Scalar(0.0), Operator::Subtract, self.point(inner)?)),
            Node::Binary(left, operator, right) => Ok(binary(self.point(left)?, *operator, self.point(right)?)),
            Node::Call(function, arguments) => self.call(function, arguments),
            Node::Array(_) => Err(MathError::StrayArray),
        }
    }

    fn call(&self, function: &str, arguments: &[Node]) -> Result<Point, MathError> {
        match function {
            "FILL" => self.fill(arguments),
            "IF" => self.choose(arguments),
            "MAX" => self.extreme(f64::max, extreme_members("MAX", arguments)?),
            "MIN" => self.extreme(f64::min, extreme_members("MIN", arguments)?),
            _ => Err(MathError::UnknownFunction { function: function.to_owned() }),
        }
    }

    fn fill(&self, arguments: &[Node]) -> Result<Point, MathError> {
        let refusal = MathError::Arguments { function: "FILL", expected: "a metric and a number: FILL(m, 0)" };
        let [metric, filler] = arguments else { return Err(refusal) };
        let Point::Scalar(filler) = self.point(filler)? else { return Err(refusal) };
        Ok(match self.point(metric)? {
            Point::Series(None) if self.is_asked_for => Point::Series(Some(filler)),
            point => point,
        })
    }

    fn choose(&self, arguments: &[Node]) -> Result<Point, MathError> {
        let [condition, then, otherwise] = arguments else {
            let expected = "a condition and two values: IF(m > 1, a, b)";
            return Err(MathError::Arguments { function: "IF", expected });
        };
        let (then, otherwise) = (self.point(then)?, self.point(otherwise)?);
        let chosen = |condition| if condition == 0.0 { otherwise } else { then };
        Ok(match self.point(condition)? {
            Point::Scalar(condition) => chosen(condition),
            Point::Series(condition) => Point::Series(condition.and_then(|condition| chosen(condition).number())),
        })
    }

    fn extreme(&self, pick: fn(f64, f64) -> f64, members: &[Node]) -> Result<Point, MathError> {
        let points = members.iter().map(|member| self.point(member)).collect::<Result<Vec<_>, _>>()?;
        Ok(combined(&points, points.iter().filter_map(|point| point.number()).reduce(pick)))
    }
}

/// What `MAX` or `MIN` is taken of.
fn extreme_members<'a>(function: &'static str, arguments: &'a [Node]) -> Result<&'a [Node], MathError> {
    match arguments {
        [Node::Array(members)] => Ok(members),
        [_] => Err(MathError::Aggregate { function }),
        _ => Err(MathError::Arguments { function, expected: "one array: [a, b]" }),
    }
}

/// A gap in one operand counts as 0; one in both stays a gap; a division by zero makes one. Source: CloudWatch User Guide, "Using
/// metric math".
fn binary(left: Point, operator: Operator, right: Point) -> Point {
    let [from, to] = [left, right].map(|point| point.number().unwrap_or(0.0));
    combined(&[left, right], apply(from, operator, to))
}

/// What these points together make of a number: a scalar if all are, nothing where no series among them has a point.
fn combined(points: &[Point], number: Option<f64>) -> Point {
    if points.iter().all(|point| matches!(point, Point::Scalar(_))) {
        return number.map_or(Point::Series(None), Point::Scalar);
    }
    Point::Series(number.filter(|_| points.iter().any(|point| matches!(point, Point::Series(Some(_))))))
}

fn apply(left: f64, operator: Operator, right: f64) -> Option<f64> {
    let truth = |truth: bool| Some(f64::from(u8::from(truth)));
    match operator {
        Operator::Add => Some(left + right),
        Operator::Subtract => Some(left - right),
        Operator::Multiply => Some(left * right),
        Operator::Divide => (right != 0.0).then(|| left / right),
        Operator::Greater => truth(left > right),
        Operator::GreaterOrEqual => truth(left >= right),
        Operator::Less => truth(left < right),
        Operator::LessOrEqual => truth(left <= right),
        // Exact on purpose: it is what CloudWatch's == does.
        Operator::Equal => truth(left.partial_cmp(&right) == Some(std::cmp::Ordering::Equal)),
    }
}
