//! How attempts ended, as views tell them apart.

use crate::event::Outcome;

/// How an attempt ended, without its details. In order of how much it asks for attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttemptState {
    #[default]
    Ok,
    Cancelled,
    TimedOut,
    Failed,
    Crashed,
}

impl AttemptState {
    pub const ALL: [Self; 5] = [Self::Ok, Self::Cancelled, Self::TimedOut, Self::Failed, Self::Crashed];

    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Ok => Self::Ok,
            Outcome::Failed(_) => Self::Failed,
            Outcome::Crashed(_) => Self::Crashed,
            Outcome::TimedOut => Self::TimedOut,
            Outcome::Cancelled => Self::Cancelled,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed out",
            Self::Failed => "failed",
            Self::Crashed => "crashed",
        }
    }
}
