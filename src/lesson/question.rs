//! Questions to be answered before a lesson is run. The run itself says which answer was right.

use serde::Deserialize;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    pub ask: String,
    #[serde(rename = "choice")]
    pub choices: Vec<Choice>,
    /// What is to be said once it was answered.
    pub why: String,
}

/// One answer, and when it is right.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub text: String,
    #[serde(rename = "when")]
    pub condition: Condition,
}

/// Something measured lies within these bounds, both included.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    pub measure: Measure,
    /// Of which process, shared object or run, for measures that need one.
    pub of: Option<String>,
    /// For measures in words.
    pub is: Option<String>,
    pub at_least: Option<f64>,
    pub at_most: Option<f64>,
}

/// What is measured of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// `finished` or `stuck`.
    Ended,
    /// `yes` if the numbers in the printed lines never fall: the last number of each line that has one.
    PrintedAscending,
    /// The last line printed.
    PrintedLast,
    /// The last message that a program logged.
    LoggedLast,
    /// Processes that were started, `main` included.
    Processes,
    /// Different process ids among them.
    Pids,
    /// Processes that wait for ever.
    Stuck,
    /// Tasks other than main's that ran at one moment, at most.
    AtOnce,
    /// `yes` if tasks other than main's ended in the order of their numbers.
    EndedAscending,
    /// Messages in a queue, at most.
    Deepest,
    /// From the start of the first process to the end of the last, in seconds.
    Seconds,
    /// The value of a shared value, at last.
    Value,
    /// How a process ended: `exit 0`, `SIGKILL` and so on, or `waits` where it never did.
    Exit,
    /// How long a process waited in all its operations together, in seconds.
    Waited,
    /// In a lesson of ordinary runs, the label of the one that took the least time.
    Fastest,
    /// `finished` or `lost`, of a run by its label.
    Run,
    /// Tasks of a run that ended ok.
    TasksOk,
    /// How many times as fast as the lesson's first run another one was.
    Speedup,
    /// How many times the memory of the lesson's first run another one took, its engine and workers together.
    Memory,
}

impl Measure {
    /// It is a word, and not a number.
    pub fn in_words(self) -> bool {
        matches!(
            self,
            Self::Ended
                | Self::PrintedAscending
                | Self::PrintedLast
                | Self::LoggedLast
                | Self::EndedAscending
                | Self::Exit
                | Self::Fastest
                | Self::Run
        )
    }

    /// It is of one process, object or run.
    pub fn of_something(self) -> bool {
        matches!(self, Self::Deepest | Self::Value | Self::Exit | Self::Waited) || self.of_a_run()
    }

    /// It is of one of a lesson's ordinary runs.
    pub fn of_a_run(self) -> bool {
        matches!(self, Self::Run | Self::TasksOk | Self::Speedup | Self::Memory)
    }
}

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Measured {
    Word(String),
    Number(f64),
}

impl Condition {
    /// Whether what was measured is as this says.
    pub fn holds(&self, measured: &Measured) -> bool {
        match measured {
            Measured::Word(word) => self.is.as_deref() == Some(word),
            Measured::Number(number) => {
                self.is.is_none()
                    && self.at_least.is_none_or(|least| *number >= least)
                    && self.at_most.is_none_or(|most| *number <= most)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_holds_within_its_bounds() {
        let bounds = |at_least, at_most| Condition {
            measure: Measure::Seconds,
            of: None,
            is: None,
            at_least,
            at_most,
        };
        let number = Measured::Number;
        assert!(bounds(Some(1.0), None).holds(&number(1.0)) && !bounds(Some(1.0), None).holds(&number(0.5)));
        assert!(bounds(None, Some(2.0)).holds(&number(2.0)) && !bounds(None, Some(2.0)).holds(&number(2.5)));
        let stuck = Condition { is: Some("stuck".to_owned()), ..bounds(None, None) };
        assert!(stuck.holds(&Measured::Word("stuck".to_owned())));
        assert!(!stuck.holds(&Measured::Word("finished".to_owned())) && !stuck.holds(&number(1.0)));
    }
}
