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
    eager::Eager,
    gil::{Gil, SeatId, Turns},
    hear::{Heard, Hearing},
    link::{Frames, RingLink},
    listen::Listener,
    pool::{News, PART_TASKS, Pool, Recall, Spawned},
    ring::{Bell, Consumer, LockMemory, Producer, Region, settle_down},
    steps::Steps,
    wire::{Down, Job, Up},
    worker::{Gone, Halt, Locks, work},
};
use crate::{
    ids::{TaskId, WorkerId},
    workload::Cancelled,
};

/// Messages that may wait for one worker. A thread in a long task gathers two for each time that tasks are taken back
/// from it, and one for each input.
const DOWN_CAPACITY: usize = 4 * PART_TASKS as usize;
/// Messages of one worker that may wait for the dispatcher; beyond, the worker waits.
const UP_CAPACITY: usize = 256;
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

/// Messages move between threads as they are: large results are not even copied.
struct Channels {
    down: Receiver<Down>,
    up: Sender<Up>,
}

impl Frames for Channels {
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
        self.up.send(message).map_err(|_closed| Gone)
    }

    fn flush(&mut self) -> Result<(), Gone> {
        Ok(())
    }
}

struct Member {
    down: Sender<Down>,
    up: Receiver<Up>,
    hearing: Hearing,
    cancel: Arc<CancelToken>,
    handle: JoinHandle<()>,
    seat: Option<SeatId>,
    /// It said something since the dispatcher was told that it is quiet.
    spoke: bool,
}

impl Member {
    fn send(&self, message: Down) -> io::Result<()> {
        self.down.try_send(message).map_err(|error| match error {
            TrySendError::Full(_) => io::ErrorKind::WouldBlock.into(),
            TrySendError::Disconnected(_) => io::ErrorKind::BrokenPipe.into(),
        })
    }

    /// Looks for anything new. What a thread of this very process gets wrong is a bug of ours, and ends the engine.
    fn look(&mut self) -> bool {
        for up in self.up.try_iter() {
            self.hearing.frame(up).expect("threads keep the rules");
        }
        self.hearing.look().expect("a thread's ring is sound")
    }

    #[inline]
    fn next(&mut self) -> Option<Up> {
        loop {
            match self.hearing.next().expect("a thread's ring is sound") {
                Heard::Up(up) => return Some(up),
                Heard::Nothing => return None,
                Heard::FrameMissing => {
                    self.look();
                }
            }
        }
    }

    fn ring(&mut self) -> io::Result<&mut Consumer> {
        self.hearing.ring.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

pub(super) struct ThreadPool {
    listener: Listener,
    eager: Eager,
    members: Vec<Option<Member>>,
    /// The member that is asked next.
    turn: usize,
    shared_lock: LockMemory,
    /// The one interpreter lock, where the threads take turns at one.
    gil: Option<Arc<Gil>>,
}

impl ThreadPool {
    pub(super) fn new(
        bell: Bell,
        eager: Eager,
        shared_lock: LockMemory,
        gil: Option<Arc<Gil>>,
    ) -> io::Result<Self> {
        Ok(Self { listener: Listener::new(bell)?, eager, members: Vec::new(), turn: 0, shared_lock, gil })
    }

    /// Those who wait for their turn learn that they need not.
    fn nudge(&self) {
        if let Some(gil) = &self.gil {
            gil.nudge();
        }
    }

    fn member(&mut self, worker: WorkerId) -> io::Result<&mut Member> {
        self.members
            .get_mut(worker.index())
            .and_then(Option::as_mut)
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{worker} does not exist")))
    }

    fn look(&mut self) -> bool {
        self.members.iter_mut().flatten().any(Member::look)
    }
}

impl Pool for ThreadPool {
    fn spawn(&mut self, worker: WorkerId, job: &Job) -> io::Result<Spawned> {
        let (down, down_receiver) = bounded(DOWN_CAPACITY);
        let (up_sender, up) = bounded(UP_CAPACITY);
        let (tell_tid, tid) = bounded(1);
        let cancel = Arc::new(CancelToken::default());
        let halt = Arc::clone(&cancel);
        let job = job.clone();
        let region = Region::on_heap();
        let ring = Producer::new(region.clone());
        let turns = self.gil.as_ref().map(|gil| Turns::new(gil.seat()));
        let seat = turns.as_ref().map(Turns::seat);
        let locks = Locks { turns, shared: self.shared_lock.clone() };
        let channels = Channels { down: down_receiver, up: up_sender };
        let mut link = RingLink::new(
            channels,
            ring,
            self.listener.bell().clone(),
            Steps::default(),
            Eager::new(job.spare_core),
        );
        let handle =
            std::thread::Builder::new().name(format!("{THREAD_PREFIX}{}", worker.0)).spawn(move || {
                let own = rustix::thread::gettid().as_raw_nonzero().get();
                if tell_tid.send(own.cast_unsigned()).is_ok() {
                    let _gone_ends_the_thread_as_quit_does = work(&mut link, &halt, &job, &locks);
                }
            })?;
        let tid = tid.recv().map_err(|_dead| io::Error::other("the thread ended before it began"))?;
        if self.members.len() <= worker.index() {
            self.members.resize_with(worker.index() + 1, || None);
        }
        let hearing = Hearing::new(Some(Consumer::new(region)));
        self.members[worker.index()] = Some(Member { down, up, hearing, cancel, handle, seat, spoke: false });
        Ok(Spawned { pid: std::process::id(), tid })
    }

    fn give(
        &mut self,
        worker: WorkerId,
        first: u32,
        count: u32,
        inputs: Vec<(TaskId, Vec<u8>)>,
    ) -> io::Result<()> {
        let member = self.member(worker)?;
        for (task, bytes) in inputs {
            member.send(Down::Input { task, bytes })?;
        }
        // Granted before they are sent: a worker that finds them on its list may begin them.
        member.ring()?.grant(count).map_err(io::Error::other)?;
        member.send(Down::Chunk { first, count })
    }

    /// Nothing has to leave. But a thread that has half of what may wait for it gets nothing more: it cannot be ended for
    /// not listening.
    fn backlog_bytes(&self, worker: WorkerId) -> usize {
        let member = self.members.get(worker.index()).and_then(Option::as_ref);
        let is_behind = member.is_some_and(|member| member.down.len() >= DOWN_CAPACITY / 2);
        if is_behind { usize::MAX } else { 0 }
    }

    fn recall(&mut self, worker: WorkerId, keep: u32) -> io::Result<Recall> {
        let member = self.member(worker)?;
        let recalled = member.ring()?.recall(keep).map_err(io::Error::other)?;
        member.send(Down::Cut { generation: recalled.generation, end: recalled.end })?;
        Ok(Recall::Done(recalled.count))
    }

    fn quit(&mut self, worker: WorkerId) -> io::Result<()> {
        self.recall(worker, 0)?;
        self.member(worker)?.send(Down::Quit)
    }

    fn cancel(&mut self, worker: WorkerId, task: TaskId) {
        if let Ok(member) = self.member(worker) {
            member.cancel.set(task);
        }
        self.nudge();
    }

    fn cancel_everything(&mut self) {
        for member in self.members.iter().flatten() {
            member.cancel.set_target(ALL);
        }
        self.nudge();
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
        let member = self.members.get_mut(worker.index()).and_then(Option::take);
        if let (Some(gil), Some(seat)) = (&self.gil, member.and_then(|member| member.seat)) {
            gil.abandon(seat);
        }
    }

    fn set_eager(&mut self, spare_core: bool) {
        self.eager = Eager::new(spare_core);
    }

    fn has_processes(&self) -> bool {
        false
    }

    fn wait(&mut self, limit: Duration) {
        self.turn = 0;
        if limit.is_zero() || self.look() {
            return;
        }
        let mut eager = self.eager;
        let found = eager.watch(|| self.look().then_some(()));
        self.eager = eager;
        if found.is_some() {
            return;
        }
        let rings = || self.members.iter().flatten().filter_map(|member| member.hearing.ring.as_ref());
        rings().for_each(Consumer::ask_for_bell);
        settle_down();
        if !self.look() {
            // Only the bell is listened to: it has woken us, and that is all it says.
            self.listener.wait(limit).for_each(drop);
        }
        let rings = || self.members.iter().flatten().filter_map(|member| member.hearing.ring.as_ref());
        rings().for_each(Consumer::wake);
        self.look();
    }

    fn next(&mut self) -> Option<News> {
        while let Some(place) = self.members.get_mut(self.turn) {
            let worker = WorkerId(self.turn as u32);
            if let Some(member) = place {
                if !member.spoke {
                    member.spoke = member.look();
                }
                if let Some(up) = member.next() {
                    return Some(News::Up { worker, up });
                }
                member.hearing.release();
                let spoke = std::mem::take(&mut member.spoke);
                self.turn += 1;
                if spoke {
                    return Some(News::Quiet { worker });
                }
            } else {
                self.turn += 1;
            }
        }
        None
    }

    fn join(&mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        for member in self.members.drain(..).flatten() {
            // Whoever waits to be given something, or to be heard, learns that nobody is there any more.
            drop((member.down, member.up));
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
