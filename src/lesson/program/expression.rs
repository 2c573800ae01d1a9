//! Expressions: numbers, texts, lists, names, and arithmetic with Python's precedence.

use std::collections::BTreeMap;

use super::{
    super::value::{HEAVIEST, Value},
    words::{Word, words},
};

/// Items of the longest range.
const LONGEST: i64 = 1 << 20;
/// Brackets within brackets.
const DEEPEST: usize = 32;
/// Operators of one chain, `1 + 2 - 3`: each of them lies within the next.
const MOST_IN_CHAIN: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    Value(Value),
    Text(Text),
    Name(String),
    List(Vec<Self>),
    /// Whole numbers, both ends included.
    Range(Box<Self>, Box<Self>),
    Binary(Operator, Box<Self>, Box<Self>),
}

/// A text with expressions in braces.
#[derive(Clone, Debug, PartialEq)]
pub struct Text(pub Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    Plain(String),
    Value(Expression),
}

/// What names stand for.
pub type Names = BTreeMap<String, Value>;

impl Text {
    /// # Errors
    /// An expression in braces that cannot be read, or a brace without its partner.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let close = rest[open..].find('}').ok_or("a { without its }")? + open;
            if open > 0 {
                pieces.push(Piece::Plain(rest[..open].to_owned()));
            }
            let inside = words(&rest[open + 1..close])?;
            let mut reader = Reader { words: &inside, at: 0, depth: 0 };
            pieces.push(Piece::Value(reader.expression()?));
            reader.end()?;
            rest = &rest[close + 1..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Plain(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// # Errors
    /// As [`Expression::value`].
    pub fn value(&self, names: &Names) -> Result<String, String> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Plain(plain) => text.push_str(plain),
                Piece::Value(expression) => text.push_str(&expression.value(names)?.to_string()),
            }
            if text.len() > HEAVIEST {
                return Err("the text is too long".to_owned());
            }
        }
        Ok(text)
    }
}

impl Expression {
    /// # Errors
    /// A name that stands for nothing, values that cannot be computed with, or a result that is too large.
    pub fn value(&self, names: &Names) -> Result<Value, String> {
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::Text(text) => text.value(names).map(Value::Text),
            Self::Name(name) => {
                names.get(name).cloned().ok_or_else(|| format!("the name {name} stands for nothing here"))
            }
            Self::List(items) => items
                .iter()
                .map(|item| item.value(names))
                .collect::<Result<_, _>>()
                .map(Value::List)?
                .bounded(),
            Self::Range(from, to) => match (from.value(names)?, to.value(names)?) {
                (Value::Int(from), Value::Int(to)) if to.saturating_sub(from) < LONGEST => {
                    Ok(Value::List((from..=to).map(Value::Int).collect()))
                }
                (from, to) => Err(format!("{from}..{to} is no range of whole numbers")),
            },
            Self::Binary(operator, left, right) => {
                compute(*operator, left.value(names)?, right.value(names)?)
            }
        }
    }
}

fn compute(operator: Operator, left: Value, right: Value) -> Result<Value, String> {
    let too_large = || "the result is too large".to_owned();
    match (operator, left, right) {
        (_, Value::Int(a), Value::Int(b)) if operator != Operator::Divide => {
            let result = match operator {
                Operator::Add => a.checked_add(b),
                Operator::Subtract => a.checked_sub(b),
                Operator::Multiply => a.checked_mul(b),
                _ => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
            };
            result.map(Value::Int).ok_or_else(too_large)
        }
        (Operator::Add, Value::Text(a), Value::Text(b)) => Value::Text(a + &b).bounded(),
        (Operator::Add, Value::List(a), Value::List(b)) => Value::List([a, b].concat()).bounded(),
        (Operator::Multiply, Value::Text(text), Value::Int(times)) => {
            let times = usize::try_from(times.max(0)).map_err(|_| too_large())?;
            if text.len().saturating_mul(times) > HEAVIEST {
                return Err(too_large());
            }
            Ok(Value::Text(text.repeat(times)))
        }
        (operator, left, right) => match (real(&left), real(&right)) {
            (Some(a), Some(b)) => real_result(operator, a, b),
            _ => Err(format!("{} and {} cannot be computed with", left.kind(), right.kind())),
        },
    }
}

fn real(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

fn real_result(operator: Operator, a: f64, b: f64) -> Result<Value, String> {
    let result = match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide if b == 0.0 => return Err("division by zero".to_owned()),
        Operator::Divide => a / b,
        Operator::Power => a.powf(b),
    };
    if result.is_finite() { Ok(Value::Float(result)) } else { Err("the result is no number".to_owned()) }
}

/// Reads words from left to right.
pub(super) struct Reader<'w> {
    pub(super) words: &'w [Word],
    pub(super) at: usize,
    pub(super) depth: usize,
}

impl<'w> Reader<'w> {
    pub(super) fn peek(&self) -> Option<&'w Word> {
        self.words.get(self.at)
    }

    pub(super) fn next(&mut self) -> Option<&'w Word> {
        let word = self.words.get(self.at);
        self.at += 1;
        word
    }

    /// Takes this sign if it is next.
    pub(super) fn sign(&mut self, sign: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Word::Sign(next)) if *next == sign);
        self.at += usize::from(is_next);
        is_next
    }

    /// Takes this name if it is next.
    pub(super) fn keyword(&mut self, name: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Word::Name(next)) if next == name);
        self.at += usize::from(is_next);
        is_next
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), String> {
        match self.peek() {
            None => Ok(()),
            Some(word) => Err(format!("{} is too much here", shown(word))),
        }
    }

    pub(super) fn expression(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("brackets {DEEPEST} deep"));
        }
        let low = self.sum()?;
        let whole =
            if self.sign("..") { Expression::Range(Box::new(low), Box::new(self.sum()?)) } else { low };
        self.depth -= 1;
        Ok(whole)
    }

    fn sum(&mut self) -> Result<Expression, String> {
        let mut left = self.product()?;
        for _ in 0..=MOST_IN_CHAIN {
            let operator = if self.sign("+") {
                Operator::Add
            } else if self.sign("-") {
                Operator::Subtract
            } else {
                return Ok(left);
            };
            left = Expression::Binary(operator, Box::new(left), Box::new(self.product()?));
        }
        Err(format!("more than {MOST_IN_CHAIN} operators in a row"))
    }

    fn product(&mut self) -> Result<Expression, String> {
        let mut left = self.power()?;
        for _ in 0..=MOST_IN_CHAIN {
            let operator = if self.sign("*") {
                Operator::Multiply
            } else if self.sign("/") {
                Operator::Divide
            } else {
                return Ok(left);
            };
            left = Expression::Binary(operator, Box::new(left), Box::new(self.power()?));
        }
        Err(format!("more than {MOST_IN_CHAIN} operators in a row"))
    }

    fn power(&mut self) -> Result<Expression, String> {
        let base = self.atom()?;
        if self.sign("**") {
            // A chain is as deep as brackets.
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(format!("powers {DEEPEST} deep"));
            }
            let exponent = self.power()?;
            self.depth -= 1;
            return Ok(Expression::Binary(Operator::Power, Box::new(base), Box::new(exponent)));
        }
        Ok(base)
    }

    fn atom(&mut self) -> Result<Expression, String> {
        match self.next() {
            Some(Word::Int(number)) => Ok(Expression::Value(Value::Int(*number))),
            Some(Word::Float(number)) => Ok(Expression::Value(Value::Float(*number))),
            Some(Word::Text(text)) => Text::parse(text).map(Expression::Text),
            Some(Word::Name(name)) if name == "none" => Ok(Expression::Value(Value::None)),
            Some(Word::Name(name)) => Ok(Expression::Name(name.clone())),
            Some(Word::Sign("(")) => {
                let inside = self.expression()?;
                if self.sign(")") { Ok(inside) } else { Err("a ( without its )".to_owned()) }
            }
            Some(Word::Sign("[")) => self.list(),
            Some(other) => Err(format!("{} where a value should be", shown(other))),
            None => Err("a value is missing".to_owned()),
        }
    }

    fn list(&mut self) -> Result<Expression, String> {
        let mut items = Vec::new();
        if self.sign("]") {
            return Ok(Expression::List(items));
        }
        loop {
            items.push(self.expression()?);
            if self.sign("]") {
                return Ok(Expression::List(items));
            }
            if !self.sign(",") {
                return Err("a list without its ]".to_owned());
            }
        }
    }
}

pub(super) fn shown(word: &Word) -> String {
    match word {
        Word::Name(name) => name.clone(),
        Word::Int(number) => number.to_string(),
        Word::Float(number) => number.to_string(),
        Word::Text(text) => format!("\"{text}\""),
        Word::Sign(sign) => (*sign).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let deep = (0..31).fold(Value::List(vec![]), |inner, _| Value::List(vec![inner]));
        let named = [
            ("n", Value::Int(3)),
            ("who", Value::Text("you".to_owned())),
            ("long", Value::Text("x".repeat(9_000_000))),
            ("deep", deep),
        ];
        named.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn value(text: &str) -> Result<Value, String> {
        let words = words(text)?;
        let mut reader = Reader { words: &words, at: 0, depth: 0 };
        let expression = reader.expression()?;
        reader.end()?;
        expression.value(&names())
    }

    #[test]
    fn expressions_have_the_values_that_python_gives_them() {
        for (text, expected) in [
            ("1 + 2 * n", "7"),
            ("(1 + 2) * n", "9"),
            ("2 ** 3 ** 2", "512"),
            ("n ** 2 - 1", "8"),
            ("1 / 4", "0.25"),
            ("0.5 * 4", "2.0"),
            ("1..4", "[1, 2, 3, 4]"),
            ("4..1", "[]"),
            ("[1, n, \"a{n}\"]", "[1, 3, 'a3']"),
            ("[]", "[]"),
            ("\"ab\" * n", "ababab"),
            ("\"x\" + who", "xyou"),
            ("none", "None"),
            ("\"Hello {who}, {n * n} times\"", "Hello you, 9 times"),
        ] {
            assert_eq!(value(text).expect(text).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn nonsense_is_an_error_and_never_a_panic() {
        for text in [
            "",
            "1 +",
            "(1",
            "[1, 2",
            "m",
            "1 2",
            "\"{\"",
            "\"{1 +}\"",
            "1 / 0",
            "9 ** 99",
            "\"a\" - 1",
            "9223372036854775807 + 1",
            "1..99999999999",
            "\"x\" * 99999999999",
            "none * 2",
            "(\"x\" * 9000000) + (\"x\" * 9000000)",
            "\"{long}{long}\"",
            "(1..1000000) + (1..1000000)",
            "[1..1000000, 1..1000000]",
            "[deep]",
            "2 ** 0.5 ** [1]",
        ] {
            assert!(value(text).is_err(), "{text}");
        }
        assert!(value(&"(".repeat(10_000)).is_err());
        assert!(value(&"2**".repeat(10_000)).is_err());
        for sign in ["+", "-", "*", "/"] {
            assert_eq!(
                value(&format!("1{}", format!("{sign}1").repeat(65))),
                Err("more than 64 operators in a row".to_owned())
            );
            assert!(value(&format!("1{}", format!("{sign}1").repeat(64))).is_ok());
            assert!(value(&format!("1{}", format!("{sign}1").repeat(100_000))).is_err());
        }
    }
}
