//! The run file as its users meet it: what a run has told is in it, whatever became of the run, of its session or of the
//! disk; and whatever is in a file, opening it gives a run or says what is wrong.

mod commands;
mod damage;
mod hostile;
mod kills;
mod old;
mod place;
mod same;
#[path = "../support/mod.rs"]
mod support;
mod tools;
