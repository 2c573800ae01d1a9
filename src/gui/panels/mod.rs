//! The parts of the window around the plots. Each reads state and adds to the [`super::action::Actions`]; none
//! launches, sends, locks or touches a file.

mod cells;
mod choice;
pub(crate) mod compare;
pub(crate) mod experiment;
mod fields;
pub(crate) mod kept;
pub(crate) mod kept_experiments;
pub(crate) mod lessons;
pub(crate) mod library;
pub(crate) mod log;
pub(crate) mod notices;
mod parts;
mod progress_bar;
pub(crate) mod result;
pub(crate) mod runs;
pub(crate) mod setup;
pub(crate) mod several;
pub(crate) mod status;
mod stepper;
pub(crate) mod toolbar;
pub(crate) mod verdict;
pub(crate) mod welcome;
pub(crate) mod workers;
