//! What a run means: its numbers, where its workers' time went, and how two runs differ.
//!
//! Pure functions of a [`crate::store::RunStore`], live runs and ended ones alike; and of numbers, where several runs make
//! an experiment: [`order()`], [`Sample`], [`Ratio`], [`UslFit`].

mod background;
mod compare;
mod culprit;
mod experiment;
mod figures;
mod lesson;
mod locks;
mod order;
mod random;
mod report;
mod sample;
mod scaling;
mod stats;
mod verdict;
mod worker_time;

pub use background::Background;
pub use compare::{Cell, ComparedRun, Comparison, MOST_COMPARED, Row, RunsColumn, RunsComparison, RunsRow};
pub use culprit::culprit;
pub use experiment::{
    ChunkPoint, ChunkSeries, ExperimentFinding, ExperimentReport, Fits, MeasuredRun, Overall, PairReport,
    Quantity, Ranked, Ranking, RunLine, Tested, VariantReport, VariantRuns, WorkersPoint, WorkersSeries,
};
pub use figures::{AttemptTotals, Figures, PartsTotal};
pub use lesson::{
    Answered, InLab, LabReport, LessonReport, LessonTold, Process as LessonProcess, Shared as LessonShared,
    answered, answered_by_runs, holds, measure, processes,
};
pub use locks::{LockTotals, LocksReport};
pub use order::{Turn, order};
pub use report::{
    EngineReport, Observer, ResultReport, RunReport, SelfReport, TelemetryReport, WorkerReport,
    first_failure, label_lines,
};
use sample::EQUIVALENT;
pub use sample::{Difference, Direction, Drift, Interval, Outlier, Ratio, Sample, Times, outliers};
pub use scaling::{
    AmdahlFit, ChunkAdvice, FitError, Fitness, UslFit, WorkersAdvice, recommend_chunk, recommend_workers,
};
pub use stats::Distribution;
pub use verdict::{Cause, Evidence, Finding, KeptFinding, verdict, verdict_of_experiment};
pub use worker_time::{Intervals, PARTS, Part, PartsNs, SpanParts, WorkerTime, intervals};
