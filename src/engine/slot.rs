//! What the dispatcher knows of one worker.

use std::collections::VecDeque;

use super::{pool::LifeNumber, queue::Batch};
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
pub(super) struct Slot {
    pub(super) life: LifeNumber,
    pub(super) presence: Presence,
    pub(super) assigned: VecDeque<Assigned>,
    pub(super) running: Option<Running>,
    pub(super) ending: Option<Ending>,
    /// The last word on holding that it was told; a further one waits until this one was heard.
    pub(super) held: bool,
    pub(super) unheard: bool,
    /// Its stream broke a rule or cannot be written: it gets no more work and will die.
    pub(super) condemned: bool,
}

impl Slot {
    pub(super) fn new() -> Self {
        Self {
            life: 0,
            presence: Presence::Due { at_ns: 0 },
            assigned: VecDeque::new(),
            running: None,
            ending: None,
            held: false,
            unheard: false,
            condemned: false,
        }
    }

    pub(super) fn can_take(&self, credit: usize) -> bool {
        self.presence == Presence::Ready
            && !self.condemned
            && self.ending.is_none()
            && self.assigned.len() < credit
    }

    pub(super) fn is_alive(&self) -> bool {
        matches!(self.presence, Presence::Ready | Presence::Starting { .. })
    }

    /// Whether a stop need wait for it no longer: nothing runs, and no start can be under way.
    pub(super) fn is_still(&self) -> bool {
        self.presence != Presence::Ready || (self.running.is_none() && self.held && !self.unheard)
    }

    /// The next task this worker may start.
    pub(super) fn next_task(&self) -> Option<TaskId> {
        self.assigned.front().map(|assigned| TaskId(assigned.batch.tasks.start))
    }

    /// Notes a start; the caller has checked that it is `next_task`'s.
    pub(super) fn start(&mut self, start_ns: u64, attempt: u32) -> Option<Running> {
        let front = self.assigned.front_mut()?;
        let task = TaskId(front.batch.tasks.next()?);
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
        self.assigned.iter().map(|assigned| assigned.batch.len()).sum::<u32>()
            + u32::from(self.running.is_some())
    }
}
