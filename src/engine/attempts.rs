//! What becomes of a task whose attempt is over: told, counted, or queued for another.

use super::{dispatcher::Dispatcher, slot::Running};
use crate::{
    event::{Ended, Event, Level, Outcome, Usage},
    ids::WorkerId,
    workload::{self, Value},
};

/// A task that killed this many workers is not tried again.
const DEATHS_UNTIL_SET_ASIDE: u32 = 2;

/// What is remembered of a task that did not end well at once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Record {
    pub(super) attempts: u32,
    /// Attempts that count against its retries.
    charged: u32,
    deaths: u32,
}

impl Dispatcher<'_> {
    /// One attempt is over: tells so, and decides whether the task gets another.
    pub(super) fn finish(
        &mut self,
        worker: WorkerId,
        running: Running,
        outcome: Outcome,
        (t_ns, received_ns): (u64, u64),
        mut usage: Usage,
        value: Value,
    ) {
        let task = running.task;
        usage.bytes_in = workload::input_bytes(self.spec, task);
        usage.bytes_out = u32::try_from(value.len_bytes()).unwrap_or(u32::MAX);
        let mut last = true;
        if matches!(outcome, Outcome::Failed(_) | Outcome::Crashed(_) | Outcome::TimedOut) {
            let record = self.records.entry(task.0).or_default();
            record.attempts += 1;
            record.charged += 1;
            record.deaths += u32::from(matches!(outcome, Outcome::Crashed(_)));
            let set_aside = record.deaths >= DEATHS_UNTIL_SET_ASIDE;
            let may_retry = record.charged <= self.spec.retries && self.stopping.is_none();
            last = !may_retry || set_aside;
            if may_retry && set_aside {
                let text = format!("{task} has killed {DEATHS_UNTIL_SET_ASIDE} workers and is set aside");
                self.log(Level::Error, Some(worker), text);
            }
        }
        let is_cancelled = outcome == Outcome::Cancelled;
        self.emitter.emit(&Event::Ended(Ended {
            enqueued_ns: running.enqueued_ns,
            dispatched_ns: running.dispatched_ns.min(running.start_ns),
            start_ns: running.start_ns,
            t_ns,
            received_ns,
            worker,
            task,
            attempt: running.attempt,
            outcome,
            last,
            usage,
            value: value.settled(),
        }));
        self.queue_changed = true;
        if last {
            self.was_cut_short |= is_cancelled;
            self.done += 1;
        } else {
            self.queue.requeue(task.0, received_ns);
            self.feed_all();
        }
    }

    /// A task was ended through no fault of its own: it runs again, and the attempt is not held against it. After a stop
    /// there is no again.
    pub(super) fn repeat(&mut self, worker: WorkerId, running: Running) {
        let now_ns = self.clock.now_ns();
        let last = self.stopping.is_some();
        self.done += u32::from(last);
        self.was_cut_short |= last;
        self.records.entry(running.task.0).or_default().attempts += 1;
        self.emitter.emit(&Event::Ended(Ended {
            enqueued_ns: running.enqueued_ns,
            dispatched_ns: running.dispatched_ns.min(running.start_ns),
            start_ns: running.start_ns,
            t_ns: now_ns,
            received_ns: now_ns,
            worker,
            task: running.task,
            attempt: running.attempt,
            outcome: Outcome::Cancelled,
            last,
            usage: Usage::default(),
            value: Value::Unit,
        }));
        self.queue.requeue(running.task.0, now_ns);
    }
}
