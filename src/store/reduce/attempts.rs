//! Attempts of tasks: from [`OpenSpan`] to [`Span`], and into the tally.

use std::sync::Arc;

use super::super::{Lane, OpenSpan, RunStore, Span, WorkerState};
use crate::{
    event::{Ended, Outcome, Usage},
    ids::{TaskId, WorkerId},
    workload::Value,
};

impl RunStore {
    pub(super) fn attempt_started(&mut self, worker: WorkerId, mut open: OpenSpan) {
        let Some(at) = self.place(open.start_ns, worker) else { return };
        let lane = &self.lanes[at];
        if lane.running.is_some_and(|old| (old.task, old.attempt) == (open.task, open.attempt))
            || just_ended(lane, open.task, open.attempt)
        {
            return; // Told twice.
        }
        let unreported = self.unreported(at);
        self.close_running(at, open.start_ns, unreported, false);
        let lane = &mut self.lanes[at];
        open.start_ns = open.start_ns.max(last_end_ns(lane));
        lane.running = Some(open);
        self.workers[at].state = WorkerState::Busy;
        self.leave_starting();
    }

    pub(super) fn attempt_ended(&mut self, ended: Ended) {
        let Some(at) = self.place(ended.t_ns, ended.worker) else { return };
        self.now_ns = self.now_ns.max(ended.t_ns);
        let lane = &mut self.lanes[at];
        if just_ended(lane, ended.task, ended.attempt) {
            return; // Told twice.
        }
        let (open, end_ns) = take_open(lane, &ended);
        let last = ended.last || ended.outcome == Outcome::Ok;
        self.note_ended(&ended, last);
        if last && self.count(ended.task, &ended.outcome) && ended.outcome == Outcome::Ok {
            self.checksum = self.checksum.wrapping_add(ended.value.digest(ended.task));
            // Nothing to look at, and a million of them would cost more than all spans.
            if ended.value != Value::Unit {
                self.values.push((ended.task, Arc::new(ended.value)));
            }
        }
        self.leave_starting();
        self.push_span(
            at,
            Span {
                task: ended.task,
                attempt: ended.attempt,
                outcome: ended.outcome,
                enqueued_ns: open.enqueued_ns,
                dispatched_ns: open.dispatched_ns,
                start_ns: open.start_ns,
                end_ns,
                received_ns: ended.received_ns,
                usage: ended.usage,
            },
        );
        if self.workers[at].state.is_present() && self.lanes[at].running.is_none() {
            self.workers[at].state = WorkerState::Idle;
        }
    }

    /// How an attempt ended whose end nobody told: with its worker, if that is known to have died.
    pub(super) fn unreported(&self, at: usize) -> Outcome {
        self.lanes[at]
            .lives
            .last()
            .and_then(|life| life.exit)
            .map_or_else(|| Outcome::Failed("its end was never reported".into()), Outcome::Crashed)
    }

    /// Ends what runs on a lane, if anything does, without a report from its worker. `last` puts it into the tally.
    pub(super) fn close_running(&mut self, at: usize, t_ns: u64, outcome: Outcome, last: bool) {
        let Some(open) = self.lanes[at].running.take() else { return };
        let end_ns = t_ns.max(open.start_ns);
        if last {
            self.count(open.task, &outcome);
        }
        self.push_span(
            at,
            Span {
                task: open.task,
                attempt: open.attempt,
                outcome,
                enqueued_ns: open.enqueued_ns,
                dispatched_ns: open.dispatched_ns,
                start_ns: open.start_ns,
                end_ns,
                received_ns: end_ns,
                usage: Usage::default(),
            },
        );
    }

    /// Leaves out what runs, for whoever knows that ends are missing: each would otherwise end in a way that is made up.
    pub(crate) fn forget_running(&mut self) {
        for lane in &mut self.lanes {
            lane.running = None;
        }
    }

    fn push_span(&mut self, at: usize, span: Span) {
        self.last_end_ns = self.last_end_ns.max(span.end_ns);
        let row = &mut self.workers[at];
        row.attempts = row.attempts.saturating_add(1);
        if span.outcome == Outcome::Ok {
            row.tasks_ok = row.tasks_ok.saturating_add(1);
        }
        let book = &mut self.books.cpu[at];
        book.attempts = book.attempts.saturating_add(span.usage.cpu_ns.unwrap_or(0));
        self.lanes[at].spans.push(span);
        self.refresh_cpu(at);
    }

    /// Puts a task into the tally; false if it is there already, or if the run has no such task.
    fn count(&mut self, task: TaskId, outcome: &Outcome) -> bool {
        if task.0 >= self.tally.total {
            return false;
        }
        let (word, bit) = (task.index() / 64, 1 << (task.index() % 64));
        let counted = Arc::make_mut(&mut self.books.counted);
        if counted[word] & bit != 0 {
            return false;
        }
        counted[word] |= bit;
        self.tally.count(outcome);
        true
    }
}

fn last_end_ns(lane: &Lane) -> u64 {
    lane.spans.last().map_or(0, |span| span.end_ns)
}

fn just_ended(lane: &Lane, task: TaskId, attempt: u32) -> bool {
    lane.spans.last().is_some_and(|last| (last.task, last.attempt) == (task, attempt))
}

/// The open half of an attempt that has ended, and the end that fits it: what was told of its start while it ran, or else
/// what its end says, kept out of its neighbours.
fn take_open(lane: &mut Lane, ended: &Ended) -> (OpenSpan, u64) {
    match lane.running {
        Some(open) if (open.task, open.attempt) == (ended.task, ended.attempt) => {
            lane.running = None;
            (open, ended.t_ns.max(open.start_ns))
        }
        other => {
            let before_ns = other.map_or(u64::MAX, |open| open.start_ns);
            let after_ns = last_end_ns(lane);
            let end_ns = ended.t_ns.min(before_ns).max(after_ns);
            let start_ns = ended.start_ns.clamp(after_ns, end_ns);
            let dispatched_ns = ended.dispatched_ns.min(start_ns);
            let open = OpenSpan {
                task: ended.task,
                attempt: ended.attempt,
                enqueued_ns: ended.enqueued_ns.min(dispatched_ns),
                dispatched_ns,
                start_ns,
            };
            (open, end_ns)
        }
    }
}
