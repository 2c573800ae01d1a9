//! One thread's turns at the lock: takes it around each task, gives way at checkpoints, lets go of it around waits, and
//! tells of every hold that is over.

use std::cell::Cell;

use super::{Seat, SeatId};
use crate::{
    engine::lock_log::LockRecord, event::LockKind, ids::TaskId, time::RunClock, workload::Cancelled,
};

/// A hold that goes on.
#[derive(Clone, Copy)]
struct Hold {
    asked_ns: u64,
    got_ns: u64,
}

/// Belongs to the worker's thread. `cancelled` says whether the task shall stop, and must not block; `tell` is given
/// each hold when it is over, and each wait that was given up.
pub(in crate::engine) struct Turns {
    seat: Seat,
    clock: RunClock,
    task: Cell<TaskId>,
    hold: Cell<Option<Hold>>,
}

impl Turns {
    pub(in crate::engine) fn new(seat: Seat) -> Self {
        let clock = seat.gil.clock;
        Self { seat, clock, task: Cell::new(TaskId(0)), hold: Cell::new(None) }
    }

    pub(in crate::engine) fn seat(&self) -> SeatId {
        self.seat.id()
    }

    pub(super) fn now_ns(&self) -> u64 {
        self.clock.now_ns()
    }

    /// Takes the lock for a task. `start_ns` is the task's start, just read from the run's clock.
    ///
    /// # Errors
    /// When the task was cancelled before it got the lock; then it must not run.
    pub(in crate::engine) fn begin(
        &self,
        task: TaskId,
        start_ns: u64,
        cancelled: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(LockRecord),
    ) -> Result<(), Cancelled> {
        self.task.set(task);
        self.take(start_ns, cancelled, tell)
    }

    /// Gives way if somebody asks for the lock, and comes back with it.
    ///
    /// # Errors
    /// When the task was cancelled while it waited. It then goes on without the lock, and has nothing left to do but end.
    pub(in crate::engine) fn checkpoint(
        &self,
        cancelled: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(LockRecord),
    ) -> Result<(), Cancelled> {
        if self.hold.get().is_none() {
            return self.take(self.now_ns(), cancelled, tell);
        }
        let Some(released_ns) = self.seat.give_way() else { return Ok(()) };
        self.tell(released_ns, tell);
        self.take(released_ns, cancelled, tell)
    }

    /// Lets go of the lock while `wait` runs. A task that is cancelled meanwhile comes back without it, and hears of that
    /// at its next checkpoint.
    pub(in crate::engine) fn blocking<T>(
        &self,
        cancelled: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(LockRecord),
        wait: impl FnOnce() -> T,
    ) -> T {
        self.end(self.now_ns(), tell);
        let waited = wait();
        let _told_at_the_next_checkpoint = self.take(self.now_ns(), cancelled, tell);
        waited
    }

    /// Lets go of the lock, if it is held: when a task has ended, in whatever way, a panic included. `end_ns` is the
    /// task's end, just read from the run's clock.
    pub(in crate::engine) fn end(&self, end_ns: u64, tell: &mut dyn FnMut(LockRecord)) {
        if self.hold.get().is_some() {
            self.seat.release(end_ns);
            self.tell(end_ns, tell);
        }
    }

    /// A wait that is given up is told too, as a hold of no length.
    fn take(
        &self,
        asked_ns: u64,
        cancelled: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(LockRecord),
    ) -> Result<(), Cancelled> {
        let got = self.seat.acquire(asked_ns, cancelled);
        let got_ns = got.unwrap_or_else(|Cancelled| self.now_ns());
        self.hold.set(Some(Hold { asked_ns, got_ns }));
        if got.is_err() {
            self.tell(got_ns, tell);
        }
        got.map(drop)
    }

    fn tell(&self, released_ns: u64, tell: &mut dyn FnMut(LockRecord)) {
        if let Some(Hold { asked_ns, got_ns }) = self.hold.take() {
            tell(LockRecord { lock: LockKind::Gil, task: self.task.get(), asked_ns, got_ns, released_ns });
        }
    }
}
