//! One point of an expression: what [`Expression::evaluate`] says of one timestamp, without a window around it.

use super::{Expression, FILL_REFUSAL, IF_REFUSAL, MathError, Node, Operator, apply, extreme_members, truthy};

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

impl Expression {
    /// The value at one timestamp, given the values of the ids there.
    ///
    /// # Errors
    /// As [`Expression::evaluate`]; they do not depend on the numbers, only on which ids are scalars.
    pub fn at(&self, values: &[(&str, Point)]) -> Result<Point, MathError> {
        At { text: &self.text, values }.point(&self.root)
    }
}

struct At<'a> {
    text: &'a str,
    values: &'a [(&'a str, Point)],
}

impl At<'_> {
    fn point(&self, node: &Node) -> Result<Point, MathError> {
        match node {
            Node::Number(number) => Ok(Point::Scalar(*number)),
            Node::Id(id) => {
                let known = self.values.iter().find(|(known, _)| known == id).map(|(_, point)| *point);
                known.ok_or_else(|| MathError::UnknownId { id: id.clone(), expression: self.text.to_owned() })
            }
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
        let [metric, filler] = arguments else { return Err(FILL_REFUSAL) };
        let Point::Scalar(filler) = self.point(filler)? else { return Err(FILL_REFUSAL) };
        Ok(match self.point(metric)? {
            Point::Series(number) => Point::Series(Some(number.unwrap_or(filler))),
            scalar @ Point::Scalar(_) => scalar,
        })
    }

    fn choose(&self, arguments: &[Node]) -> Result<Point, MathError> {
        let [condition, then, otherwise] = arguments else { return Err(IF_REFUSAL) };
        let (then, otherwise) = (self.point(then)?, self.point(otherwise)?);
        let chosen = |condition| if truthy(condition) { then } else { otherwise };
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

/// As over a window: a missing operand counts as 0.
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
