//! Attempts as rows, the same for every format that lists them.

use std::fmt::Write;

use serde::Serialize;

use crate::{
    event::Outcome,
    ids::{TaskId, WorkerId},
    store::{RunStore, Span},
    workload::Value,
};

/// One attempt that has ended. The names of its fields are the columns; what was not measured is empty, or null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct TaskRow {
    pub(super) task: u32,
    pub(super) attempt: u32,
    pub(super) worker: u32,
    pub(super) pid: Option<u32>,
    pub(super) outcome: &'static str,
    /// The message of a failure, the exit of a crash.
    pub(super) detail: Option<String>,
    pub(super) enqueued_ns: u64,
    pub(super) dispatched_ns: u64,
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    pub(super) received_ns: u64,
    pub(super) run_ns: u64,
    pub(super) wait_ns: u64,
    pub(super) cpu_ns: Option<u64>,
    pub(super) core_wait_ns: Option<u64>,
    /// Not measured where the worker used no lock at all.
    pub(super) lock_wait_ns: Option<u64>,
    pub(super) voluntary_switches: Option<u32>,
    pub(super) involuntary_switches: Option<u32>,
    pub(super) minor_faults: Option<u32>,
    pub(super) major_faults: Option<u32>,
    pub(super) first_core: Option<u32>,
    pub(super) last_core: Option<u32>,
    pub(super) bytes_in: u32,
    pub(super) bytes_out: u32,
    pub(super) value: Option<String>,
}

/// The columns of [`TaskRow`], in its order.
pub(super) const COLUMNS: [&str; 25] = [
    "task",
    "attempt",
    "worker",
    "pid",
    "outcome",
    "detail",
    "enqueued_ns",
    "dispatched_ns",
    "start_ns",
    "end_ns",
    "received_ns",
    "run_ns",
    "wait_ns",
    "cpu_ns",
    "core_wait_ns",
    "lock_wait_ns",
    "voluntary_switches",
    "involuntary_switches",
    "minor_faults",
    "major_faults",
    "first_core",
    "last_core",
    "bytes_in",
    "bytes_out",
    "value",
];

/// Makes rows, with what a task returned at hand.
pub(super) struct Rows<'a> {
    store: &'a RunStore,
    values: Vec<Option<&'a Value>>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(store: &'a RunStore) -> Self {
        let mut values = vec![None; store.tally.total as usize];
        for (task, value) in store.values.iter() {
            if let Some(slot) = values.get_mut(task.index()) {
                *slot = Some(&**value);
            }
        }
        Self { store, values }
    }

    pub(super) fn row(&self, worker: WorkerId, span: &Span) -> TaskRow {
        let (outcome, detail) = outcome_cells(&span.outcome);
        let usage = &span.usage;
        let value = self.values.get(span.task.index()).copied().flatten();
        let lane = self.store.lanes.get(worker.index());
        let locks = lane.map(|lane| &lane.locks).filter(|locks| !locks.is_empty());
        TaskRow {
            task: span.task.0,
            attempt: span.attempt,
            worker: worker.0,
            pid: self.store.pid_at(worker, span.start_ns),
            outcome,
            detail,
            enqueued_ns: span.enqueued_ns,
            dispatched_ns: span.dispatched_ns,
            start_ns: span.start_ns,
            end_ns: span.end_ns,
            received_ns: span.received_ns,
            run_ns: span.run_ns(),
            wait_ns: span.wait_ns(),
            cpu_ns: usage.cpu_ns,
            core_wait_ns: usage.core_wait_ns,
            lock_wait_ns: locks.map(|locks| locks.waited_ns(span.start_ns, span.end_ns)),
            voluntary_switches: usage.voluntary_switches,
            involuntary_switches: usage.involuntary_switches,
            minor_faults: usage.minor_faults,
            major_faults: usage.major_faults,
            first_core: usage.first_core.map(|core| core.0),
            last_core: usage.last_core.map(|core| core.0),
            bytes_in: usage.bytes_in,
            bytes_out: usage.bytes_out,
            value: value
                .filter(|_| span.outcome == Outcome::Ok)
                .and_then(|value| value_cell(span.task, value)),
        }
    }
}

/// All attempts by task, then attempt. Rows are made one at a time: a run may have millions.
pub(super) fn rows(store: &RunStore) -> impl Iterator<Item = TaskRow> {
    let mut order: Vec<_> =
        store.placed_spans().map(|(place, span)| (span.task, span.attempt, span.start_ns, place)).collect();
    order.sort_unstable();
    let rows = Rows::new(store);
    order
        .into_iter()
        .filter_map(move |(.., place)| store.span(place).map(|span| rows.row(place.worker, &span)))
}

/// The name of an outcome, and what there is to say of it beyond.
pub(super) fn outcome_cells(outcome: &Outcome) -> (&'static str, Option<String>) {
    match outcome {
        Outcome::Ok => ("ok", None),
        Outcome::Failed(message) => ("failed", Some(message.to_string())),
        Outcome::Crashed(exit) => ("crashed", Some(exit.to_string())),
        Outcome::TimedOut => ("timed_out", None),
        Outcome::Cancelled => ("cancelled", None),
    }
}

/// A number in decimal, a digest in hexadecimal; for what would burst the table, a row of a picture or
/// moved bytes, its hash.
fn value_cell(task: TaskId, value: &Value) -> Option<String> {
    match value {
        Value::Unit => None,
        Value::Number(n) => Some(n.to_string()),
        Value::Digest(bytes) => Some(bytes.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}"); // Writing to a String cannot fail.
            hex
        })),
        Value::Row(_) => Some(format!("row:{:016x}", value.digest(task))),
        Value::Bytes(_) | Value::Moved { .. } => Some(format!("bytes:{:016x}", value.digest(task))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_short_and_exact() {
        for (value, cell) in [
            (Value::Unit, None),
            (Value::Number(u64::MAX), Some("18446744073709551615".to_owned())),
            (Value::Digest(vec![0, 10, 255]), Some("000aff".to_owned())),
        ] {
            assert_eq!(value_cell(TaskId(0), &value), cell);
        }
        let row = |shade| value_cell(TaskId(3), &Value::Row(vec![shade; 4000])).expect("a cell");
        assert_eq!(row(1).len(), 20);
        assert_ne!(row(1), row(2));
        let bytes = Value::Bytes(vec![1; 4000]);
        let cell = value_cell(TaskId(3), &bytes).expect("a cell");
        assert_eq!(cell.len(), 22);
        assert_eq!(value_cell(TaskId(3), &bytes.settled()), Some(cell), "the same once settled");
    }
}
