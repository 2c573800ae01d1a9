//! What the dispatcher knows of one worker.

use std::collections::VecDeque;

use super::{log_limit::LogLimit, queue::Batch};
use crate::ids::TaskId;

/// Whether somebody fills the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Spawned, not ready; too late at the deadline.
    Starting {
        deadline_ns: u64,
    },
    Ready,
    /// To be spawned again at this time.
    Due {
        at_ns: u64,
    },
    /// Given up.
    Vacant,
}

/// Tasks handed to a worker together. Its first task is the next to start.
#[derive(Clone, Debug)]
pub(super) struct Assigned {
    pub(super) batch: Batch,
    pub(super) dispatched_ns: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) task: TaskId,
    pub(super) attempt: u32,
    pub(super) enqueued_ns: u64,
    pub(super) dispatched_ns: u64,
    pub(super) start_ns: u64,
}

/// Why a running task is being ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    TimedOut,
    Cancelled,
}

/// A task was asked to end; at `force_at_ns` it is ended by force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) task: TaskId,
    pub(super) why: Why,
    /// `u64::MAX` once force was used.
    pub(super) force_at_ns: u64,
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent fact about the worker")]
pub(super) struct Slot {
    /// Which filling of the place this is, from 1; 0 before the first.
    pub(super) life: u32,
    /// Fillings of this place that died, could not be started or were left behind.
    pub(super) losses: u32,
    /// What all who filled it have logged.
    pub(super) logged: LogLimit,
    pub(super) presence: Presence,
    pub(super) assigned: VecDeque<Assigned>,
    pub(super) running: Option<Running>,
    /// The start of what runs was told to the session.
    pub(super) told: bool,
    pub(super) ending: Option<Ending>,
    /// It was asked for its tasks and has not answered yet.
    pub(super) recalling: bool,
    /// The pool has shrunk: it gets no more work and is not replaced.
    pub(super) retiring: bool,
    /// It was told to quit while the run goes on.
    pub(super) dismissed: bool,
    /// It broke a rule: it gets no more work and will die.
    pub(super) condemned: bool,
    /// It has closed its stream, and will be dead in a moment. Until then it is believed, but gets no more work.
    pub(super) leaving: bool,
    /// When it last said how it is getting on with its tasks.
    pub(super) heard_ns: u64,
    /// It has said nothing for too long, and was killed. What it may have begun at the last moment is nobody's fault.
    pub(super) silent: bool,
}

impl Slot {
    pub(super) fn new() -> Self {
        Self {
            life: 0,
            losses: 0,
            logged: LogLimit::default(),
            presence: Presence::Due { at_ns: 0 },
            assigned: VecDeque::new(),
            running: None,
            told: false,
            ending: None,
            recalling: false,
            retiring: false,
            dismissed: false,
            condemned: false,
            leaving: false,
            heard_ns: 0,
            silent: false,
        }
    }

    /// Whether it may hold a further chunk. Chunks are counted by their tasks, begun ones as whole.
    pub(super) fn can_take(&self, credit: usize) -> bool {
        self.presence == Presence::Ready
            && !self.condemned
            && !self.leaving
            && !self.silent
            && !self.recalling
            && !self.retiring
            && !self.dismissed
            && self.ending.is_none()
            && self.assigned.len() < credit
    }

    pub(super) fn is_alive(&self) -> bool {
        matches!(self.presence, Presence::Ready | Presence::Starting { .. })
    }

    /// It could begin a task at once if it had one.
    pub(super) fn is_idle(&self) -> bool {
        self.assigned.is_empty() && self.running.is_none() && self.can_take(1)
    }

    /// Since when it has owed a word: it runs nothing, and was given tasks or asked for them. Until the start of a task is
    /// told, no deadline of that task can be missed.
    pub(super) fn owes_word_since_ns(&self) -> Option<u64> {
        let owes = self.presence == Presence::Ready
            && self.running.is_none()
            && (self.recalling || self.unstarted() > 0)
            && !(self.silent || self.condemned || self.leaving);
        let given_ns = self.assigned.front().map_or(0, |front| front.dispatched_ns);
        owes.then_some(self.heard_ns.max(given_ns))
    }

    /// With its tasks recalled: nothing runs, and no start can be under way.
    pub(super) fn is_still(&self) -> bool {
        self.presence != Presence::Ready
            || (self.running.is_none() && !self.recalling && self.unstarted() == 0)
    }

    /// Chunks beyond the one of which it runs a task.
    pub(super) fn spare_chunks(&self) -> usize {
        self.assigned.len().saturating_sub(usize::from(self.running.is_some()))
    }

    /// Tasks handed over whose start is not known.
    pub(super) fn unstarted(&self) -> u32 {
        self.assigned.iter().map(|assigned| assigned.batch.len()).sum()
    }

    /// Takes the last `count` tasks that were handed over and are not started, the last first.
    pub(super) fn take_back(&mut self, mut count: u32) -> Vec<Batch> {
        let mut back = Vec::new();
        while count > 0
            && let Some(last) = self.assigned.back_mut()
        {
            let taken = count.min(last.batch.len());
            let split = last.batch.tasks.end - taken;
            back.push(Batch { tasks: split..last.batch.tasks.end, ..last.batch });
            last.batch.tasks.end = split;
            count -= taken;
            // The chunk that the running task is of stays until that has ended.
            if last.batch.tasks.is_empty() && !(self.assigned.len() == 1 && self.running.is_some()) {
                self.assigned.pop_back();
            } else if taken == 0 {
                break;
            }
        }
        back
    }

    /// The next task this worker may start.
    pub(super) fn next_task(&self) -> Option<TaskId> {
        self.assigned.front().map(|assigned| TaskId(assigned.batch.tasks.start))
    }

    /// Notes a start; the caller has checked that it is `next_task`'s.
    pub(super) fn start(&mut self, start_ns: u64, attempt: u32) -> Option<Running> {
        let front = self.assigned.front_mut()?;
        let task = TaskId(front.batch.tasks.next()?);
        self.told = false;
        self.running = Some(Running {
            task,
            attempt,
            enqueued_ns: front.batch.enqueued_ns,
            dispatched_ns: front.dispatched_ns,
            start_ns,
        });
        self.running
    }

    /// Notes an end. A chunk counts against the credit until its last task has ended.
    pub(super) fn end(&mut self) -> Option<Running> {
        if self.assigned.front().is_some_and(|front| front.batch.tasks.is_empty()) {
            self.assigned.pop_front();
        }
        self.running.take()
    }

    /// Tasks handed over and not ended.
    pub(super) fn in_flight(&self) -> u32 {
        self.unstarted() + u32::from(self.running.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(dispatched_ns: u64) -> Slot {
        let batch = Batch { tasks: 4..6, enqueued_ns: 1 };
        let assigned = VecDeque::from([Assigned { batch, dispatched_ns }]);
        Slot { presence: Presence::Ready, assigned, heard_ns: 10, ..Slot::new() }
    }

    #[test]
    fn a_word_is_owed_by_whoever_could_begin_a_task_and_has_not() {
        let idle = || Slot { presence: Presence::Ready, heard_ns: 10, ..Slot::new() };
        let mut busy = given(20);
        busy.start(30, 0);
        let mut between = given(20);
        between.start(30, 0);
        between.end();
        between.heard_ns = 40;
        for (what, slot, since_ns) in [
            ("idle", idle(), None),
            ("given tasks", given(20), Some(20)),
            ("given tasks before it was heard", given(5), Some(10)),
            ("in a task", busy, None),
            ("between two tasks", between, Some(40)),
            ("asked for tasks", Slot { recalling: true, ..idle() }, Some(10)),
            ("not ready", Slot { presence: Presence::Starting { deadline_ns: 9 }, ..given(20) }, None),
            ("killed for it", Slot { silent: true, ..given(20) }, None),
            ("killed for a lie", Slot { condemned: true, ..given(20) }, None),
            ("about to die", Slot { leaving: true, ..given(20) }, None),
        ] {
            assert_eq!(slot.owes_word_since_ns(), since_ns, "{what}");
        }
    }
}
