//! Exports as other programs read them. A test whose program is not on this machine says so on stderr and passes.

mod large;
mod made;
mod parallel;
mod pictures;
mod programs;
mod python;
#[path = "../support/mod.rs"]
mod support;
