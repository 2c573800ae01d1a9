//! Experiments: several specs, each run several times, one run at a time and in turns, so that what changes on the machine
//! meanwhile meets all of them alike.
//!
//! A [`Plan`] says what is to be run; a [`Conductor`] runs it on a thread of its own and waits before each run until the
//! machine is calm; an [`Experiment`] is how far it has come. Each run is a run file, and one more file names them.

mod brief;
mod calm;
mod conductor;
mod file;
mod plan;
mod report;
mod state;

pub use brief::{Brief, RunCounts};
pub use calm::Calm;
pub use conductor::Conductor;
pub use file::{ReadError, read};
pub use plan::{Plan, Rules};
pub use state::{Experiment, Moment, RunRecord, RunState};
