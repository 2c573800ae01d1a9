//! What the dispatcher needs of a backend, and what comes back to it.

use std::{io, time::Duration};

use super::wire::{Down, Up};
use crate::{
    event::{Command, Exit},
    ids::{TaskId, WorkerId},
};

/// Which filling of a worker's place a message is about. A message from a former life is ignored.
pub(super) type LifeNumber = u32;

/// Everything that can wake the dispatcher.
#[derive(Debug)]
pub(super) enum Inbox {
    /// Messages of one worker, in its order.
    Worker {
        worker: WorkerId,
        life: LifeNumber,
        messages: Vec<Up>,
    },
    /// A worker is gone and has been reaped. `fault` says what was wrong with its stream, if anything was.
    Died {
        worker: WorkerId,
        life: LifeNumber,
        exit: Exit,
        fault: Option<String>,
    },
    Command(Command),
    /// The session closed its end: nobody is listening any more.
    SessionGone,
}

/// Who now fills a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spawned {
    pub(super) pid: u32,
    pub(super) tid: u32,
}

/// A backend: it makes workers, carries messages down to them, and ends them. Messages up arrive as [`Inbox`].
pub(super) trait Pool {
    fn spawn(&mut self, worker: WorkerId, life: LifeNumber) -> io::Result<Spawned>;

    /// Never blocks. An error means that this worker cannot be reached any more.
    fn send(&mut self, worker: WorkerId, message: Down) -> io::Result<()>;

    /// Asks for the end of one running task, as gently as the backend can.
    fn cancel(&mut self, worker: WorkerId, task: TaskId);

    /// Asks for the end of whatever runs, on all workers, also of tasks whose start has not been told yet.
    fn cancel_everything(&mut self);

    /// Takes a cancellation back once its task has ended.
    fn clear_cancel(&mut self, worker: WorkerId);

    /// Sends a signal to the worker. Threads have no signals of their own: `Unsupported`.
    fn kill(&mut self, worker: WorkerId, signal: i32) -> io::Result<()>;

    /// Gives up on a worker that cannot be ended (a thread in an endless loop): nobody waits for it any more.
    fn abandon(&mut self, worker: WorkerId);

    /// Whether workers are processes: they die alone, and [`Inbox::Died`] tells of it.
    fn has_processes(&self) -> bool;

    /// Waits for workers that were told to quit, but for no longer than `limit`.
    fn join(&mut self, limit: Duration);
}
