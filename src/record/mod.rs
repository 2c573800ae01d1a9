//! The run file, `*.pscope`: one SQLite database a run, written while it happens and read back through the same reducer.
//!
//! Whoever follows a run hands everything it is told to a [`Recorder`], which writes it in a thread of its own. [`read()`]
//! gives the run back as it stood at its end.

mod backlog;
mod file;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod label;
mod lock;
mod looks;
mod open;
mod read;
mod recorder;
mod rows;
mod schema;
mod target;
#[cfg(test)]
mod tests;
mod value;
mod write;

pub use label::{Brief, Label, brief, set_label};
pub use lock::is_being_recorded;
pub use looks::is_run;
pub use read::{ReadError, RunFile, read, read_spec_of};
pub use recorder::{RecordError, Recorder, Recording};
