// SPDX-License-Identifier: Apache-2.0
//! The grammar of metric math: from text to a tree.

use std::collections::BTreeSet;

use winnow::ascii::{digit1, multispace0};
use winnow::combinator::{alt, delimited, opt, preceded, repeat, separated};
use winnow::prelude::*;
use winnow::token::{any, one_of, take_while};

use super::error::{EXPRESSION_CHARS_MAX, MathError, NESTING_MAX};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Number(f64),
    Id(String),
    Negate(Box<Node>),
    Binary(Box<Node>, Operator, Box<Node>),
    Call(String, Vec<Node>),
    Array(Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
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

impl Node {
    /// Reads an expression.
    pub(super) fn parse(text: &str) -> Result<Self, MathError> {
        let chars = text.chars().count();
        let depth = nesting(text);
        if chars > EXPRESSION_CHARS_MAX || depth > NESTING_MAX {
            return Err(MathError::TooLarge { chars, depth });
        }
        let syntax = |at| MathError::Syntax { expression: text.to_owned(), at };
        delimited(multispace0, comparison, multispace0).parse(text).map_err(|error| syntax(error.offset()))
    }

    /// Adds the ids that it refers to.
    pub(super) fn collect_ids<'a>(&'a self, ids: &mut BTreeSet<&'a str>) {
        match self {
            Self::Number(_) => {}
            Self::Id(id) => {
                ids.insert(id);
            }
            Self::Negate(inner) => inner.collect_ids(ids),
            Self::Binary(left, _, right) => {
                left.collect_ids(ids);
                right.collect_ids(ids);
            }
            Self::Call(_, nodes) | Self::Array(nodes) => nodes.iter().for_each(|node| node.collect_ids(ids)),
        }
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
