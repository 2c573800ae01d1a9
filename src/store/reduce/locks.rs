//! Uses of locks, as workers tell them when they let go.

use super::super::{Lane, LockSpan, RunStore};
use crate::{
    event::{Level, LockKind},
    ids::{TaskId, WorkerId},
};

/// Uses of locks that one run keeps. A task that locks in a loop must not fill the memory of whoever watches.
const MAX_LOCK_SPANS: usize = 1 << 24;

impl RunStore {
    /// What lies outside the task is cut off. A worker that has not begun any task can have taken no lock.
    pub(super) fn lock_released(&mut self, worker: WorkerId, task: TaskId, kind: LockKind, span: LockSpan) {
        let Some(at) = self.place(span.released_ns, worker) else { return };
        let Some((from_ns, to_ns)) = window(&self.lanes[at], task) else { return };
        if self.books.locks == MAX_LOCK_SPANS {
            return;
        }
        let cut = LockSpan {
            asked_ns: span.asked_ns.clamp(from_ns, to_ns),
            got_ns: span.got_ns.clamp(from_ns, to_ns),
            released_ns: span.released_ns.clamp(from_ns, to_ns),
        };
        if !self.lanes[at].locks.push(kind, cut) {
            return;
        }
        self.books.locks += 1;
        if self.books.locks == MAX_LOCK_SPANS {
            let text =
                "too many uses of locks: from now on, time waiting for one counts as blocked".to_owned();
            self.note(span.released_ns, None, Level::Warning, text);
        }
    }
}

/// Where a use of a lock by this task may lie: inside it, where it runs or was the last to run. Another task is the first
/// of several whose holds are told as one, which ended no later than the worker's last task.
fn window(lane: &Lane, task: TaskId) -> Option<(u64, u64)> {
    let running = lane.running.map(|open| (open.task, open.start_ns, u64::MAX));
    let last = lane.spans.last().map(|span| (span.task, span.start_ns, span.end_ns));
    let inside = [running, last].into_iter().flatten().find(|(of, ..)| *of == task);
    inside
        .map(|(_, from_ns, to_ns)| (from_ns, to_ns))
        .or_else(|| running.or(last).map(|(.., to_ns)| (0, to_ns)))
}
