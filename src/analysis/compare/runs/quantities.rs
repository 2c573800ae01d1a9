//! What is told of each of several runs.

use super::{ComparedRun, Unit};
use crate::analysis::Part;

/// Parts of the workers' time below this share in every run are left out, and of smaller ones there is no ratio.
const SMALL: f64 = 0.005;

pub(super) struct Quantity {
    pub(super) name: String,
    pub(super) unit: Unit,
    /// Of another work, or of a part of it, it tells nothing about who is faster.
    pub(super) of_whole_work: bool,
    /// Of values below this there is no ratio.
    pub(super) least: f64,
    value: Value,
}

#[derive(Clone, Copy)]
enum Value {
    Figure(Figure),
    /// A part's share of the workers' time.
    Share(Part),
}

type Figure = fn(&ComparedRun) -> Option<f64>;

/// Before the parts of the workers' time, and behind them.
const FIRST: [(&str, Unit, bool, Figure); 6] = [
    ("wall time", Unit::Ns, true, |run| number(run.figures.wall_ns)),
    ("time until ready", Unit::Ns, false, |run| run.figures.ready_ns.map(|ns| ns as f64)),
    ("throughput", Unit::TasksPerSecond, true, |run| run.figures.throughput),
    ("median task", Unit::Ns, true, |run| run.figures.task_ns.map(|spread| spread.median as f64)),
    ("p95 task", Unit::Ns, true, |run| run.figures.task_ns.map(|spread| spread.p95 as f64)),
    ("median wait", Unit::Ns, true, |run| run.wait_ns.map(|spread| spread.median as f64)),
];
const LAST: [(&str, Unit, bool, Figure); 2] = [
    ("CPU time", Unit::Ns, true, |run| number(run.figures.cpu_ns)),
    ("peak memory", Unit::Bytes, false, |run| run.figures.peak_memory_bytes.map(|bytes| bytes as f64)),
];

/// What there is to tell of these runs.
pub(super) fn quantities(runs: &[ComparedRun]) -> Vec<Quantity> {
    let share = |run: &ComparedRun, part: Part| run.figures.worker_time_ns.share(part);
    let told = Part::ALL.into_iter().filter(|part| runs.iter().any(|run| share(run, *part) >= SMALL));
    let parts = told.map(|part| Quantity {
        name: format!("time {}", part.label()),
        unit: Unit::Share,
        of_whole_work: true,
        least: SMALL,
        value: Value::Share(part),
    });
    FIRST.map(Quantity::from).into_iter().chain(parts).chain(LAST.map(Quantity::from)).collect()
}

impl Quantity {
    /// `None` where it was not measured.
    pub(super) fn of(&self, run: &ComparedRun) -> Option<f64> {
        let time = &run.figures.worker_time_ns;
        match self.value {
            Value::Figure(figure) => figure(run),
            Value::Share(part) => (time.whole_ns() > 0).then(|| time.share(part)),
        }
    }
}

impl From<(&str, Unit, bool, Figure)> for Quantity {
    fn from((name, unit, of_whole_work, value): (&str, Unit, bool, Figure)) -> Self {
        Self { name: name.to_owned(), unit, of_whole_work, least: 0.0, value: Value::Figure(value) }
    }
}

fn number(value: u64) -> Option<f64> {
    (value > 0).then_some(value as f64)
}
