//! What the dispatcher needs of a backend, and what comes back to it.

use std::{io, time::Duration};

use super::wire::{Job, Up};
use crate::{
    event::Exit,
    ids::{TaskId, WorkerId},
};

/// Tasks with inputs that are handed over together, at most: each input is a message.
pub(super) const PART_TASKS: u32 = 1024;

/// What a backend has to tell.
#[derive(Debug)]
pub(super) enum News {
    /// A message of one worker, in its order.
    Up { worker: WorkerId, up: Up },
    /// For now this worker has nothing more to say, and had something before.
    Quiet { worker: WorkerId },
    /// A worker is gone and has been reaped. `fault` says which rule it broke, if it was killed for that.
    Died { worker: WorkerId, exit: Exit, fault: Option<String> },
}

/// Who now fills a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spawned {
    pub(super) pid: u32,
    pub(super) tid: u32,
}

/// What became of a recall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recall {
    /// The last so many tasks handed over are back, and nothing else can be begun but what stayed.
    Done(u32),
    /// The worker was asked, and answers with [`Up::Returned`].
    Asked,
}

/// A backend: it makes workers, hands tasks down to them, listens to them, and ends them.
///
/// All of it runs on the dispatcher's thread. Nothing blocks but [`Pool::wait`] and [`Pool::join`].
pub(super) trait Pool {
    fn spawn(&mut self, worker: WorkerId, job: &Job) -> io::Result<Spawned>;

    /// Hands tasks `first .. first + count` over, each with its input where there is one. An error means that this worker
    /// cannot be reached any more.
    fn give(
        &mut self,
        worker: WorkerId,
        first: u32,
        count: u32,
        inputs: Vec<(TaskId, Vec<u8>)>,
    ) -> io::Result<()>;

    /// Bytes that were handed over and have not left yet.
    fn backlog_bytes(&self, worker: WorkerId) -> usize;

    /// Takes back what was not begun. With a ring, `keep` tasks may stay.
    fn recall(&mut self, worker: WorkerId, keep: u32) -> io::Result<Recall>;

    /// Tells the worker to end after its running task.
    fn quit(&mut self, worker: WorkerId) -> io::Result<()>;

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

    /// Whether workers are processes: they die alone, and [`News::Died`] tells of it.
    fn has_processes(&self) -> bool;

    /// Whether a core is left over, so that waiting may be done awake.
    fn set_eager(&mut self, spare_core: bool);

    /// Sleeps until there may be news, until the bell rings, or until the time is up.
    fn wait(&mut self, limit: Duration);

    /// The next of what has come; `None` once every worker was asked.
    fn next(&mut self) -> Option<News>;

    /// Waits for workers that were told to quit, but for no longer than `limit`.
    fn join(&mut self, limit: Duration);
}

/// What came from the session, see [`super::read_commands`].
#[derive(Debug)]
pub(super) enum FromSession {
    Command(crate::event::Command),
    /// The session closed its end: nobody is listening any more.
    Gone,
}
