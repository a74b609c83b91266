//! Parses and evaluates the part of CloudWatch metric math that this project's alarms use.
//!
//! Supported: numbers, ids, `+ - * /`, unary minus, parentheses, `> >= < <= ==` (1 or 0), `FILL(m, number)`,
//! `IF(condition, then, else)`, and `MAX([..])` / `MIN([..])` over an array, which give one value per timestamp.
//! Source for the semantics: CloudWatch User Guide, "Using metric math" (read 2026-11).

mod point;

use std::collections::{BTreeMap, BTreeSet};

pub use point::Point;
use winnow::ascii::{digit1, multispace0};
use winnow::combinator::{alt, delimited, opt, preceded, repeat, separated};
use winnow::prelude::*;
use winnow::token::{any, one_of, take_while};

/// Data points by the start of their period, in epoch seconds.
pub type Series = BTreeMap<i64, f64>;

/// Longest accepted expression, characters. Source: CloudWatch API reference, `MetricDataQuery.Expression`.
pub const EXPRESSION_CHARS_MAX: usize = 2_048;

/// Deepest accepted nesting of brackets. Ours: the parser is recursive, and a request must not exhaust the stack.
const NESTING_MAX: usize = 32;

/// What an expression, or an id in it, stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// One number, the same at every timestamp.
    Scalar(f64),
    /// One number per timestamp, with gaps.
    Series(Series),
}

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

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    text: String,
    root: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Number(f64),
    Id(String),
    Negate(Box<Node>),
    Binary(Box<Node>, Operator, Box<Node>),
    Call(String, Vec<Node>),
    Array(Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Equal,
}

impl Expression {
    /// Reads an expression; its ids are looked up only when it is evaluated.
    pub fn parse(text: &str) -> Result<Self, MathError> {
        let chars = text.chars().count();
        let depth = nesting(text);
        if chars > EXPRESSION_CHARS_MAX || depth > NESTING_MAX {
            return Err(MathError::TooLarge { chars, depth });
        }
        match delimited(multispace0, comparison, multispace0).parse(text) {
            Ok(root) => Ok(Self { text: text.to_owned(), root }),
            Err(error) => Err(MathError::Syntax { expression: text.to_owned(), at: error.offset() }),
        }
    }

    /// The ids the expression refers to.
    pub fn ids(&self) -> BTreeSet<&str> {
        let mut ids = BTreeSet::new();
        collect_ids(&self.root, &mut ids);
        ids
    }

    /// The value at `timestamps`, given the values of the ids.
    pub fn evaluate(&self, values: &BTreeMap<String, Value>, timestamps: &[i64]) -> Result<Value, MathError> {
        Evaluation { text: &self.text, values, timestamps }.value(&self.root)
    }
}

fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for character in text.chars() {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn collect_ids<'a>(node: &'a Node, ids: &mut BTreeSet<&'a str>) {
    match node {
        Node::Number(_) => {}
        Node::Id(id) => {
            ids.insert(id);
        }
        Node::Negate(inner) => collect_ids(inner, ids),
        Node::Binary(left, _, right) => {
            collect_ids(left, ids);
            collect_ids(right, ids);
        }
        Node::Call(_, nodes) | Node::Array(nodes) => nodes.iter().for_each(|node| collect_ids(node, ids)),
    }
}

struct Evaluation<'a> {
    text: &'a str,
    values: &'a BTreeMap<String, Value>,
    timestamps: &'a [i64],
}

impl Evaluation<'_> {
    fn value(&self, node: &Node) -> Result<Value, MathError> {
        match node {
            Node::Number(number) => Ok(Value::Scalar(*number)),
            Node::Id(id) => self
                .values
                .get(id)
                .cloned()
                .ok_or_else(|| MathError::UnknownId { id: id.clone(), expression: self.text.to_owned() }),
            Node::Negate(inner) => Ok(binary(&Value::Scalar(0.0), Operator::Subtract, &self.value(inner)?)),
            Node::Binary(left, operator, right) => Ok(binary(&self.value(left)?, *operator, &self.value(right)?)),
            Node::Call(function, arguments) => self.call(function, arguments),
            Node::Array(_) => Err(MathError::StrayArray),
        }
    }

    fn call(&self, function: &str, arguments: &[Node]) -> Result<Value, MathError> {
        match function {
            "FILL" => self.fill(arguments),
            "IF" => self.choose(arguments),
            "MAX" => self.extreme(f64::max, extreme_members("MAX", arguments)?),
            "MIN" => self.extreme(f64::min, extreme_members("MIN", arguments)?),
            _ => Err(MathError::UnknownFunction { function: function.to_owned() }),
        }
    }

    fn fill(&self, arguments: &[Node]) -> Result<Value, MathError> {
        let [metric, filler] = arguments else { return Err(FILL_REFUSAL) };
        let Value::Scalar(filler) = self.value(filler)? else { return Err(FILL_REFUSAL) };
        Ok(match self.value(metric)? {
            Value::Scalar(number) => Value::Scalar(number),
            Value::Series(mut series) => {
                for &timestamp in self.timestamps {
                    series.entry(timestamp).or_insert(filler);
                }
                Value::Series(series)
            }
        })
    }

    fn choose(&self, arguments: &[Node]) -> Result<Value, MathError> {
        let [condition, then, otherwise] = arguments else { return Err(IF_REFUSAL) };
        let (then, otherwise) = (self.value(then)?, self.value(otherwise)?);
        Ok(match self.value(condition)? {
            Value::Scalar(condition) => {
                if truthy(condition) {
                    then
                } else {
                    otherwise
                }
            }
            Value::Series(condition) => Value::Series(
                condition
                    .into_iter()
                    .filter_map(|(at, condition)| {
                        let chosen = if truthy(condition) { &then } else { &otherwise };
                        Some((at, point(chosen, at)?))
                    })
                    .collect(),
            ),
        })
    }

    fn extreme(&self, pick: fn(f64, f64) -> f64, members: &[Node]) -> Result<Value, MathError> {
        let values = members.iter().map(|member| self.value(member)).collect::<Result<Vec<_>, _>>()?;
        Ok(per_timestamp(&values, |points| points.into_iter().flatten().reduce(pick)))
    }
}

const FILL_REFUSAL: MathError =
    MathError::Arguments { function: "FILL", expected: "a metric and a number: FILL(m, 0)" };
const IF_REFUSAL: MathError =
    MathError::Arguments { function: "IF", expected: "a condition and two values: IF(m > 1, a, b)" };

/// What `MAX` or `MIN` is taken of.
fn extreme_members<'a>(function: &'static str, arguments: &'a [Node]) -> Result<&'a [Node], MathError> {
    match arguments {
        [Node::Array(members)] => Ok(members),
        [_] => Err(MathError::Aggregate { function }),
        _ => Err(MathError::Arguments { function, expected: "one array: [a, b]" }),
    }
}

fn truthy(number: f64) -> bool {
    number != 0.0
}

fn point(value: &Value, at: i64) -> Option<f64> {
    match value {
        Value::Scalar(number) => Some(*number),
        Value::Series(series) => series.get(&at).copied(),
    }
}

/// Combines values point by point: at every timestamp that any series has, or once when all are scalars.
fn per_timestamp(values: &[Value], combine: impl Fn(Vec<Option<f64>>) -> Option<f64>) -> Value {
    let timestamps: BTreeSet<i64> = values
        .iter()
        .filter_map(|value| match value {
            Value::Scalar(_) => None,
            Value::Series(series) => Some(series.keys().copied()),
        })
        .flatten()
        .collect();
    let points_at = |at| values.iter().map(|value| point(value, at)).collect();
    if values.iter().all(|value| matches!(value, Value::Scalar(_))) {
        // A scalar with no value (a division by zero) has nothing to drop but itself: it becomes an empty series.
        return combine(points_at(0)).map_or_else(|| Value::Series(Series::new()), Value::Scalar);
    }
    Value::Series(timestamps.into_iter().filter_map(|at| Some((at, combine(points_at(at))?))).collect())
}

/// A timestamp missing from one operand counts as 0; one missing from both stays missing; a division by zero drops
/// the point. Source: CloudWatch User Guide, "Using metric math" (facts 4.3).
fn binary(left: &Value, operator: Operator, right: &Value) -> Value {
    per_timestamp(&[left.clone(), right.clone()], |points| {
        let [left, right] = [points[0].unwrap_or(0.0), points[1].unwrap_or(0.0)];
        apply(left, operator, right)
    })
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

// The grammar, loosest binding first.

fn comparison(input: &mut &str) -> ModalResult<Node> {
    let operator = alt((
        ">=".value(Operator::GreaterOrEqual),
        "<=".value(Operator::LessOrEqual),
        "==".value(Operator::Equal),
        ">".value(Operator::Greater),
        "<".value(Operator::Less),
    ));
    left_associative(input, sum, operator)
}

fn sum(input: &mut &str) -> ModalResult<Node> {
    let operator = alt(("+".value(Operator::Add), "-".value(Operator::Subtract)));
    left_associative(input, product, operator)
}

fn product(input: &mut &str) -> ModalResult<Node> {
    let operator = alt(("*".value(Operator::Multiply), "/".value(Operator::Divide)));
    left_associative(input, unary, operator)
}

fn left_associative<'a>(
    input: &mut &'a str,
    mut operand: impl FnMut(&mut &'a str) -> ModalResult<Node>,
    mut operator: impl ModalParser<&'a str, Operator, winnow::error::ContextError>,
) -> ModalResult<Node> {
    let mut left = operand(input)?;
    while let Some(operator) = opt(delimited(multispace0, operator.by_ref(), multispace0)).parse_next(input)? {
        left = Node::Binary(Box::new(left), operator, Box::new(operand(input)?));
    }
    Ok(left)
}

fn unary(input: &mut &str) -> ModalResult<Node> {
    // A loop, not recursion, so that a row of minus signs costs no stack; an even number of them cancels out.
    let signs: usize = repeat(0.., preceded(multispace0, '-')).parse_next(input)?;
    let node = preceded(multispace0, primary).parse_next(input)?;
    Ok(if signs % 2 == 1 { Node::Negate(Box::new(node)) } else { node })
}

fn primary(input: &mut &str) -> ModalResult<Node> {
    alt((
        number,
        delimited(('(', multispace0), comparison, (multispace0, ')')),
        list('[', ']').map(Node::Array),
        (identifier, opt(list('(', ')'))).map(|(name, arguments)| match arguments {
            Some(arguments) => Node::Call(name, arguments),
            None => Node::Id(name),
        }),
    ))
    .parse_next(input)
}

fn list<'a>(open: char, close: char) -> impl ModalParser<&'a str, Vec<Node>, winnow::error::ContextError> {
    delimited((open, multispace0), separated(1.., comparison, (multispace0, ',', multispace0)), (multispace0, close))
}

fn number(input: &mut &str) -> ModalResult<Node> {
    let exponent = (one_of(['e', 'E']), opt(one_of(['+', '-'])), digit1);
    (digit1, opt(('.', digit1)), opt(exponent)).take().try_map(str::parse).map(Node::Number).parse_next(input)
}

fn identifier(input: &mut &str) -> ModalResult<String> {
    (any.verify(char::is_ascii_alphabetic), take_while(0.., |c: char| c.is_ascii_alphanumeric() || c == '_'))
        .take()
        .map(str::to_owned)
        .parse_next(input)
}
