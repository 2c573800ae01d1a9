//! Threads of the engine as workers: the backends `threads` and `serial`.

use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError, bounded};

use super::{
    pool::{Inbox, LifeNumber, Pool, Spawned},
    wire::{Down, Job, Up},
    worker::{Gone, Halt, Link, work},
};
use crate::{
    ids::{TaskId, WorkerId},
    workload::Cancelled,
};

/// Messages that may wait for one worker: its credit of chunks, and a few words of control.
const DOWN_CAPACITY: usize = 256;
/// Workers' threads carry this prefix in their names; the panic hook knows them by it.
pub(super) const THREAD_PREFIX: &str = "worker-";

/// Every task, in a [`CancelToken`].
const ALL: u64 = u64::MAX;
/// How often threads are looked at that should end.
const JOIN_POLL: Duration = Duration::from_millis(1);

/// Which task of one worker shall stop. 0 is none, [`ALL`] is any, else the task's index + 1.
#[derive(Debug, Default)]
struct CancelToken {
    target: AtomicU64,
    /// Guards nothing but the sleepers' wake-up.
    sleepers: Mutex<()>,
    wake: Condvar,
}

impl CancelToken {
    fn set(&self, task: TaskId) {
        self.set_target(u64::from(task.0) + 1);
    }

    fn set_target(&self, target: u64) {
        self.target.store(target, Ordering::Release);
        let _guard = self.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
        self.wake.notify_all();
    }

    fn clear(&self) {
        self.target.store(0, Ordering::Release);
    }

    fn hits(&self, task: TaskId) -> bool {
        let target = self.target.load(Ordering::Acquire);
        target == u64::from(task.0) + 1 || target == ALL
    }
}

impl Halt for Arc<CancelToken> {
    fn checkpoint(&self, task: TaskId) -> Result<(), Cancelled> {
        if self.hits(task) { Err(Cancelled) } else { Ok(()) }
    }

    fn sleep(&self, task: TaskId, time: Duration) -> Result<(), Cancelled> {
        let Some(end) = Instant::now().checked_add(time) else { return Err(Cancelled) };
        let mut guard = self.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            self.checkpoint(task)?;
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            guard = self.wake.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

struct ThreadLink {
    worker: WorkerId,
    life: LifeNumber,
    down: Receiver<Down>,
    inbox: Sender<Inbox>,
    queued: Vec<Up>,
}

impl Link for ThreadLink {
    fn next(&mut self, wait: bool) -> Result<Option<Down>, Gone> {
        if wait {
            return self.down.recv().map(Some).map_err(|_closed| Gone);
        }
        match self.down.try_recv() {
            Ok(message) => Ok(Some(message)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(Gone),
        }
    }

    fn queue(&mut self, message: Up) -> Result<(), Gone> {
        self.queued.push(message);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Gone> {
        if self.queued.is_empty() {
            return Ok(());
        }
        let messages = std::mem::take(&mut self.queued);
        self.inbox
            .send(Inbox::Worker { worker: self.worker, life: self.life, messages })
            .map_err(|_closed| Gone)
    }
}

struct Member {
    down: Sender<Down>,
    cancel: Arc<CancelToken>,
    handle: JoinHandle<()>,
}

pub(super) struct ThreadPool {
    job: Job,
    inbox: Sender<Inbox>,
    members: Vec<Option<Member>>,
}

impl ThreadPool {
    /// `job.worker` is filled in for each worker.
    pub(super) fn new(job: Job, inbox: Sender<Inbox>) -> Self {
        Self { job, inbox, members: Vec::new() }
    }

    fn member(&self, worker: WorkerId) -> io::Result<&Member> {
        self.members
            .get(worker.index())
            .and_then(Option::as_ref)
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{worker} does not exist")))
    }
}

impl Pool for ThreadPool {
    fn spawn(&mut self, worker: WorkerId, life: LifeNumber) -> io::Result<Spawned> {
        let (down, down_receiver) = bounded(DOWN_CAPACITY);
        let (tell_tid, tid) = bounded(1);
        let cancel = Arc::new(CancelToken::default());
        let halt = Arc::clone(&cancel);
        let job = Job { worker, ..self.job.clone() };
        let mut link =
            ThreadLink { worker, life, down: down_receiver, inbox: self.inbox.clone(), queued: Vec::new() };
        let handle =
            std::thread::Builder::new().name(format!("{THREAD_PREFIX}{}", worker.0)).spawn(move || {
                let own = rustix::thread::gettid().as_raw_nonzero().get();
                if tell_tid.send(own.cast_unsigned()).is_ok() {
                    let _gone_ends_the_thread_as_quit_does = work(&mut link, &halt, &job);
                }
            })?;
        let tid = tid.recv().map_err(|_dead| io::Error::other("the thread ended before it began"))?;
        if self.members.len() <= worker.index() {
            self.members.resize_with(worker.index() + 1, || None);
        }
        self.members[worker.index()] = Some(Member { down, cancel, handle });
        Ok(Spawned { pid: std::process::id(), tid })
    }

    fn send(&mut self, worker: WorkerId, message: Down) -> io::Result<()> {
        self.member(worker)?.down.try_send(message).map_err(|error| match error {
            TrySendError::Full(_) => io::ErrorKind::WouldBlock.into(),
            TrySendError::Disconnected(_) => io::ErrorKind::BrokenPipe.into(),
        })
    }

    fn cancel(&mut self, worker: WorkerId, task: TaskId) {
        if let Ok(member) = self.member(worker) {
            member.cancel.set(task);
        }
    }

    fn cancel_everything(&mut self) {
        for member in self.members.iter().flatten() {
            member.cancel.set_target(ALL);
        }
    }

    fn clear_cancel(&mut self, worker: WorkerId) {
        if let Ok(member) = self.member(worker) {
            member.cancel.clear();
        }
    }

    fn kill(&mut self, worker: WorkerId, _signal: i32) -> io::Result<()> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("{worker} is a thread, and a thread cannot be killed without its process"),
        ))
    }

    fn abandon(&mut self, worker: WorkerId) {
        if let Some(member) = self.members.get_mut(worker.index()) {
            *member = None;
        }
    }

    fn has_processes(&self) -> bool {
        false
    }

    fn join(&mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        for member in self.members.drain(..).flatten() {
            drop(member.down);
            while !member.handle.is_finished() && Instant::now() < deadline {
                std::thread::sleep(JOIN_POLL);
            }
            // A thread that listens to nobody ends with the engine, in a moment.
            if member.handle.is_finished() {
                let _panic_was_told_by_the_hook = member.handle.join();
            }
        }
    }
}
