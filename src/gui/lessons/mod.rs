//! Lessons in the window.

pub(crate) mod stage;
