//! Values of a lesson's programs. They print as Python prints them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a value may weigh, which is about its bytes: larger than any pipe, small enough for any machine.
pub(super) const HEAVIEST: usize = 1 << 24;
/// What an item of a list weighs beside what is in it.
const ITEM: usize = 16;
/// Lists within lists.
const DEEPEST: usize = 32;

/// What a variable holds, and what is moved between processes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Value {
    #[default]
    None,
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Self>),
}

impl Value {
    /// What it is, for errors.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Int(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
        }
    }

    /// The value, unless it is too large or too deep for variables and messages. A program without end could else fill the
    /// memory in a few steps.
    pub(super) fn bounded(self) -> Result<Self, String> {
        if self.weight(0).is_some_and(|weight| weight <= HEAVIEST) {
            Ok(self)
        } else {
            Err("the result is too large".to_owned())
        }
    }

    /// `None` where it is too deep.
    fn weight(&self, depth: usize) -> Option<usize> {
        match self {
            Self::Text(text) => Some(text.len()),
            Self::List(_) if depth == DEEPEST => None,
            Self::List(items) => items
                .iter()
                .try_fold(0_usize, |sum, item| Some(sum.saturating_add(item.weight(depth + 1)? + ITEM))),
            _ => Some(0),
        }
    }

    /// As inside a list: texts in quotes.
    fn write_inside(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "'{text}'"),
            other => write!(f, "{other}"),
        }
    }
}

/// As Python's `str`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Int(number) => write!(f, "{number}"),
            // Debug keeps the point: 2.0.
            Self::Float(number) => write!(f, "{number:?}"),
            Self::Text(text) => f.write_str(text),
            Self::List(values) => {
                f.write_str("[")?;
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        f.write_str(", ")?;
                    }
                    value.write_inside(f)?;
                }
                f.write_str("]")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_print_as_python_prints_them() {
        let text = |text: &str| Value::Text(text.to_owned());
        for (value, expected) in [
            (Value::None, "None"),
            (Value::Int(-7), "-7"),
            (Value::Float(2.0), "2.0"),
            (Value::Float(0.25), "0.25"),
            (text("a b"), "a b"),
            (Value::List(vec![]), "[]"),
            (Value::List(vec![Value::Int(1), text("a"), Value::None]), "[1, 'a', None]"),
        ] {
            assert_eq!(value.to_string(), expected);
        }
    }
}
