//! What a run means: its numbers, where its workers' time went, and how two runs differ.
//!
//! Pure functions of a [`crate::store::RunStore`]; live runs and ended ones alike.

mod compare;
mod culprit;
mod locks;
mod report;
mod stats;
mod worker_time;

pub use compare::{Comparison, Row};
pub use culprit::culprit;
pub use locks::{LockTotals, LocksReport};
pub use report::{
    EngineReport, Observer, ResultReport, RunReport, SelfReport, TelemetryReport, WorkerReport,
    first_failure, label_lines,
};
pub use stats::Distribution;
pub use worker_time::{PARTS, Part, PartsNs, SpanParts, WorkerTime};
