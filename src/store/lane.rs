//! One worker's part of the timeline.

use super::{Locks, Spans};
use crate::{
    event::{Outcome, Usage},
    ids::TaskId,
};

/// One attempt of a task that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub task: TaskId,
    /// 0 for the first attempt.
    pub attempt: u32,
    pub outcome: Outcome,
    /// When the task entered the queue.
    pub enqueued_ns: u64,
    /// When it left the queue for this worker.
    pub dispatched_ns: u64,
    pub start_ns: u64,
    pub end_ns: u64,
    /// When the engine took in its result.
    pub received_ns: u64,
    pub usage: Usage,
}

impl Span {
    pub fn run_ns(&self) -> u64 {
        self.end_ns.saturating_sub(self.start_ns)
    }

    /// Time in the queue.
    pub fn wait_ns(&self) -> u64 {
        self.dispatched_ns.saturating_sub(self.enqueued_ns)
    }

    pub fn round_trip_ns(&self) -> u64 {
        self.received_ns.saturating_sub(self.enqueued_ns)
    }
}

/// An attempt that is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenSpan {
    pub task: TaskId,
    pub attempt: u32,
    pub enqueued_ns: u64,
    pub dispatched_ns: u64,
    pub start_ns: u64,
}

/// One process or thread that filled the worker's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    pub pid: u32,
    pub tid: u32,
    /// It took the place of one that was lost. False for the first on a lane, and for one that was hired again.
    pub replaces: bool,
    pub spawned_ns: u64,
    pub ready_ns: Option<u64>,
    pub exited_ns: Option<u64>,
    pub exit: Option<crate::event::Exit>,
    /// False when nobody asked it to end.
    pub expected: bool,
}

/// Everything one worker did, in order of time. Spans never overlap.
#[derive(Clone, Debug, Default)]
pub struct Lane {
    pub spans: Spans,
    pub running: Option<OpenSpan>,
    pub lives: Vec<Life>,
    pub locks: Locks,
}

impl Lane {
    /// Indices of the spans that touch `from_ns..to_ns`.
    pub fn visible(&self, from_ns: u64, to_ns: u64) -> std::ops::Range<usize> {
        let first = self.spans.partition_point(|_, end_ns| end_ns < from_ns);
        let last = self.spans.partition_point(|start_ns, _| start_ns <= to_ns);
        first..last.max(first)
    }
}
