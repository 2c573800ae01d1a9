//! Lessons: small programs about processes, with what to read before, what to predict, and how each goes wrong.
//!
//! A lesson is a file in `assets/lessons`, see [`read`]; this program carries them all, see [`all`]. Nothing here runs
//! anything: the engine does, and [`crate::analysis`] judges what came out.

mod catalog;
mod expected;
mod file;
mod lab;
mod names;
mod own;
pub mod program;
mod question;
mod reach;
mod value;

pub use catalog::{all, find};
pub use expected::{compare_lines, log_message};
pub use file::read;
pub use lab::{Lab, LabRun, RunEnd, Varied};
pub use names::check;
pub use own::{LONGEST_FILE, read_own};
pub use question::{Choice, Condition, Measure, Measured, Question};
pub use value::Value;

use crate::spec::{Draft, LessonName, Spec, SpecError};
use program::Program;

/// One lesson.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// As on the command line.
    pub name: String,
    pub title: String,
    /// What one can do or say after it.
    pub goal: String,
    /// What to know before, a sentence each.
    pub before: Vec<String>,
    /// How its log is written, where it keeps one.
    pub log: Option<LogFile>,
    /// The lesson as it should be, then how it goes otherwise.
    pub variants: Vec<Variant>,
}

/// How a lesson's log is written, in the words of Python's `logging`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    pub file: String,
    /// `%(levelname)s-%(message)s`
    pub format: String,
}

/// One way in which a lesson is run.
#[derive(Clone, Debug)]
pub struct Variant {
    /// `None` for the lesson as it should be.
    pub name: Option<String>,
    pub title: String,
    /// What is different, and what comes of it.
    pub about: String,
    /// It shows how something goes wrong.
    pub goes_wrong: bool,
    pub what: What,
    /// What to look at once it was run; before, it would tell what is to be predicted.
    pub look: Vec<String>,
    /// What to try next.
    pub next: Vec<String>,
    /// What to predict.
    pub questions: Vec<Question>,
    pub expect: Expect,
    /// What corresponds to it in the lab. Every lesson that this program carries has one.
    pub lab: Option<Lab>,
    /// The same in Python, a program to be run as it stands.
    pub python: Option<Python>,
}

/// What is run.
#[derive(Clone, Debug)]
pub enum What {
    /// Processes that do what a program says.
    Program(Program),
    /// Ordinary runs of a pool, one after another.
    Runs(Vec<LabRun>),
}

/// The corresponding program in Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Python {
    pub file: &'static str,
    pub text: &'static str,
    /// It waits for ever, as the lesson says.
    pub hangs: bool,
}

/// How a program of a lesson ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// Every process ends by itself.
    #[default]
    Finished,
    /// Some wait for ever.
    Stuck,
}

/// Lines that come in this order, or in any.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(untagged)]
pub enum Lines {
    One(String),
    AnyOrder(Vec<String>),
}

/// What must come out. `{pid}` in a line stands for a process id, `{number}` for a whole number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    /// The lesson does not say, so that whatever comes out is as it should be.
    pub anything: bool,
    pub ended: Ending,
    pub printed: Vec<Lines>,
    /// The messages of the steps `log` and `warn`, without their format. What a process says of its own failure is not
    /// among them.
    pub logged: Vec<Lines>,
    /// The processes that wait for ever.
    pub stuck: Vec<String>,
    /// Processes that do not end well, with how: `exit 1`, `SIGKILL`. The workers of a pool are left out, for nobody knows
    /// beforehand which of them has which item.
    pub died: Vec<(String, String)>,
}

impl Lesson {
    pub fn variant(&self, name: Option<&str>) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.name.as_deref() == name)
    }

    /// The spec of a variant's run, as every run has one.
    ///
    /// # Errors
    /// None for a lesson that this program carries.
    pub fn spec(&self, variant: &Variant) -> Result<Spec, Vec<SpecError>> {
        let counts = match &variant.what {
            What::Program(program) => program::counts(program),
            What::Runs(_) => program::Counts { processes: 1, tasks: 1 },
        };
        let draft = Draft {
            backend: Some("processes".to_owned()),
            workload: Some("lesson".to_owned()),
            lesson: Some(self.name_of(variant).to_string()),
            workers: Some(counts.processes.to_string()),
            tasks: Some(counts.tasks.to_string()),
            ..Draft::default()
        };
        draft.validate()
    }

    pub fn name_of(&self, variant: &Variant) -> LessonName {
        LessonName { name: self.name.clone(), variant: variant.name.clone() }
    }
}
