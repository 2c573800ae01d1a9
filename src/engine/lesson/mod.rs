//! Runs a lesson: a process `main`, which starts the others, and this engine, which listens to all of them.
//!
//! Every process of a lesson is this executable again, started by its parent in the lesson as Python's `Process.start`
//! does it. All of them report over one socket, see `report`; the engine turns reports into the ordinary events of a
//! run, and keeps account of who waits for what, see `waits`. Nothing here takes part in the lesson.

mod conduct;
mod interpret;
mod pool;
mod report;
mod role;
mod shared;
mod voice;
mod waits;

pub(super) use conduct::conduct;
pub use role::role_main;
