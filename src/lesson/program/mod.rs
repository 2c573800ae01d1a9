//! What a lesson's processes do: a small language, a step a line, that reads like the Python beside it.
//!
//! ```text
//! for number in 1..4:
//!     start worker as "p{number}" with number = number
//! join all
//! put queue none
//! print "All processes finished"
//! ```
//!
//! Indentation makes blocks, as in Python. [`parse()`] gives the steps with their lines, so that whoever shows a program
//! can show where each process stands in it.

mod count;
mod expression;
mod parse;
mod words;

use serde::Deserialize;

pub use count::{Counts, MAX_PROCESSES, counts};
pub use expression::{Expression, Names, Operator, Piece, Text};
pub use parse::{ParseError, parse};

use crate::event::Level;

/// One step, with its line in the role's text, from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub line: u32,
    pub act: Act,
}

/// Whom a step means.
#[derive(Clone, Debug, PartialEq)]
pub enum Whom {
    /// By name.
    One(Text),
    /// Every process that this one has started and not joined, in the order of starting.
    All,
}

/// What `map` applies.
#[derive(Clone, Debug, PartialEq)]
pub enum Function {
    /// A role with one parameter, known to every process by its name.
    Role(String),
    /// Made on the spot, `x -> x * x`. It has no name that another process could know it by.
    Unnamed { parameter: String, body: Expression },
}

/// `left is right`, or `left is not right`.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub left: Expression,
    pub right: Expression,
    pub negated: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    Print(Text),
    Log(Level, Text),
    /// Seconds.
    Sleep(Expression),
    Let {
        name: String,
        value: Expression,
    },
    Start {
        role: String,
        name: Option<Text>,
        with: Vec<(String, Expression)>,
    },
    Join(Whom),
    Kill(Text),
    For {
        name: String,
        over: Expression,
        steps: Vec<Step>,
    },
    Forever(Vec<Step>),
    If(Condition, Vec<Step>),
    /// Leaves the innermost loop.
    StopIf(Condition),
    Put {
        on: String,
        value: Expression,
    },
    Get {
        on: String,
        into: String,
    },
    Send {
        on: String,
        value: Expression,
    },
    /// At the end of the pipe it leaves the innermost loop if `or_stop`, and fails the role if not.
    Receive {
        on: String,
        into: String,
        or_stop: bool,
    },
    Close(String),
    Read {
        on: String,
        index: Expression,
        into: String,
    },
    Write {
        on: String,
        index: Expression,
        value: Expression,
    },
    /// All cells of an array, as a list.
    ReadAll {
        on: String,
        into: String,
    },
    /// `add CELLS[i] by N`: reads, computes and writes, as `+=` does in Python. Nothing keeps others out meanwhile.
    Add {
        on: String,
        index: Expression,
        by: Expression,
        times: Expression,
    },
    Acquire(String),
    Release(String),
    Set(String),
    Clear(String),
    Wait(String),
    Meet(String),
    /// `map FUNCTION over LIST with N workers -> NAME`.
    Map {
        function: Function,
        over: Expression,
        workers: Expression,
        into: String,
    },
    Return(Expression),
    /// Ends the process at once with this code.
    Exit(Expression),
    /// Ends the process at once with SIGKILL.
    Die,
}

/// What several processes share.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Shared {
    Queue {
        name: String,
        /// Messages that it may hold; without it, any number.
        bound: Option<u32>,
    },
    /// Both its ends have a name.
    Pipe {
        ends: [String; 2],
        /// Both ends can send and receive, as `Pipe()` makes them; else the first receives and the second sends.
        #[serde(default)]
        duplex: bool,
    },
    Array {
        name: String,
        cells: Vec<i64>,
    },
    Value {
        name: String,
        #[serde(default)]
        value: i64,
    },
    Lock {
        name: String,
        /// The lock of one who dies goes to the next. Python's locks do not: there it stays locked for ever.
        #[serde(default = "robust")]
        robust: bool,
    },
    Semaphore {
        name: String,
        permits: u32,
    },
    Event {
        name: String,
    },
    Barrier {
        name: String,
        parties: u32,
    },
}

fn robust() -> bool {
    true
}

impl Shared {
    /// What programs call it: one name, or those of a pipe's ends.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Pipe { ends, .. } => ends.iter().map(String::as_str).collect(),
            Self::Queue { name, .. }
            | Self::Array { name, .. }
            | Self::Value { name, .. }
            | Self::Lock { name, .. }
            | Self::Semaphore { name, .. }
            | Self::Event { name }
            | Self::Barrier { name, .. } => vec![name],
        }
    }
}

/// What one kind of process does.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    pub name: String,
    pub parameters: Vec<String>,
    /// As it was written.
    pub text: String,
    pub steps: Vec<Step>,
}

/// All that a lesson's processes do, beginning with the role `main`.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    pub shared: Vec<Shared>,
    pub roles: Vec<Role>,
}

impl Program {
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == name)
    }
}
