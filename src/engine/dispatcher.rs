//! The engine's centre: one thread that owns the queue and the workers' slots, and puts everything that happens into
//! one order. It takes in starts and ends, and decides what becomes of each task; chunks are given out in
//! [`super::hand_out`], births, deaths and deadlines are in [`super::supervise`], stops and the end in [`super::ending`].

use std::{collections::BTreeMap, time::Duration};

use crossbeam_channel::{Receiver, TryRecvError};

use super::{
    attempts::Record,
    budget::StartBudget,
    emitter::Emitter,
    ending::Stopping,
    lock_log::LockRecord,
    log_limit::{Line, LogLimit},
    pool::{FromSession, News, Pool},
    queue::TaskQueue,
    ring::{INLINE_BYTES, LockMemory},
    sampler::Sampler,
    slot::{Ending, Presence, Slot, Why},
    wire::{Job, TaskEnd, Up},
};
use crate::{
    event::{Command, Event, Level, Outcome, Status},
    ids::WorkerId,
    spec::Spec,
    time::{NS_PER_MS, RunClock},
};

/// How often rings without a bell and deadlines are looked at, and the shortest time between two queue samples.
const TICK_NS: u64 = 5 * NS_PER_MS;
/// How long the dispatcher sleeps when nothing has a deadline. A queue in which nothing happens is sampled as often, so
/// that a standstill is seen as one.
const IDLE_TICK_NS: u64 = 200 * NS_PER_MS;
/// What happened is told to the session at the latest after this time. Telling each thing at once would cost more than
/// running a short task.
const TELL_NS: u64 = 10 * NS_PER_MS;
/// Messages of one worker after which its credit is filled up, without waiting for it to fall silent.
const BURST: u32 = 32;
/// Messages that share one reading of the clock, less than 5 µs after it.
const CLOCK_BURST: u32 = 8;
/// A result larger than this is a worker's mistake.
const VALUE_LIMIT_BYTES: u64 = 64 << 20;
/// Of one log line or panic message, this much is kept.
const TEXT_LIMIT_BYTES: usize = 16 << 10;

#[expect(clippy::struct_excessive_bools, reason = "each is one independent fact about the run")]
pub(super) struct Dispatcher<'a> {
    pub(super) spec: &'a Spec,
    pub(super) clock: RunClock,
    pub(super) emitter: Emitter,
    pub(super) pool: Box<dyn Pool>,
    pub(super) sampler: Sampler,
    pub(super) slots: Vec<Slot>,
    pub(super) queue: TaskQueue,
    pub(super) done: u32,
    pub(super) stopping: Option<Stopping>,
    pub(super) paused: bool,
    /// A stop has cancelled a task: the run did not finish, even if no task is left.
    pub(super) was_cut_short: bool,
    pub(super) budget: StartBudget,
    pub(super) last_problem: Option<String>,
    pub(super) session_gone: bool,
    pub(super) job: Job,
    /// Workers that the pool shall have.
    pub(super) target: u32,
    pub(super) shared_lock: LockMemory,
    commands: Receiver<FromSession>,
    pub(super) records: BTreeMap<u32, Record>,
    pool_ready: bool,
    last_ready_ns: u64,
    /// Smoothed run time of a task; `None` before the first has ended.
    pub(super) mean_task_ns: Option<f64>,
    supervised_ns: u64,
    sampled_ns: u64,
    told_ns: u64,
    /// Messages of the present worker since its credit was filled up.
    burst: u32,
    /// The clock as last read for messages.
    received_ns: u64,
    pub(super) queue_changed: bool,
    /// How often chunks were taken from a worker that had begun nothing, since any task was begun.
    pub(super) standstills: u32,
}

impl<'a> Dispatcher<'a> {
    pub(super) fn new(
        job: Job,
        spec: &'a Spec,
        emitter: Emitter,
        pool: Box<dyn Pool>,
        sampler: Sampler,
        shared_lock: LockMemory,
        commands: Receiver<FromSession>,
    ) -> Self {
        Self {
            spec,
            clock: job.clock,
            emitter,
            pool,
            sampler,
            slots: (0..spec.workers).map(|_| Slot::new()).collect(),
            queue: TaskQueue::new(spec),
            done: 0,
            stopping: None,
            paused: false,
            was_cut_short: false,
            budget: StartBudget::default(),
            last_problem: None,
            session_gone: false,
            job,
            target: spec.workers,
            shared_lock,
            commands,
            records: BTreeMap::new(),
            pool_ready: false,
            last_ready_ns: 0,
            mean_task_ns: None,
            supervised_ns: 0,
            sampled_ns: 0,
            told_ns: 0,
            burst: 0,
            received_ns: 0,
            queue_changed: true,
            standstills: 0,
        }
    }

    /// Runs to the end of the run, workers and all.
    pub(super) fn run(mut self) -> (Status, Option<String>) {
        self.queue.refill(self.clock.now_ns());
        self.sample_queue();
        let end = loop {
            let more_to_spawn = self.spawn_due();
            if let Some(end) = self.end_of_run() {
                break end;
            }
            let limit_ns = if more_to_spawn { 0 } else { self.patience_ns() };
            self.pool.wait(Duration::from_nanos(limit_ns));
            self.take_everything();
            let now_ns = self.clock.now_ns();
            if now_ns.saturating_sub(self.supervised_ns) >= TICK_NS {
                self.supervised_ns = now_ns;
                self.supervise(now_ns);
                self.even_out();
            }
            let since_sample_ns = now_ns.saturating_sub(self.sampled_ns);
            if since_sample_ns >= IDLE_TICK_NS || (self.queue_changed && since_sample_ns >= TICK_NS) {
                self.sample_queue();
            }
            if now_ns.saturating_sub(self.told_ns) >= TELL_NS {
                self.told_ns = now_ns;
                self.emitter.flush();
            }
        };
        self.drop_the_unheard();
        self.sample_queue();
        self.emitter.flush();
        self.dismiss();
        self.tell_what_was_left_out();
        end
    }

    /// How long to sleep when nobody rings.
    fn patience_ns(&self) -> u64 {
        let waits = self.queue.len() > 0 && !self.paused;
        let busy = waits || self.queue_changed || self.slots.iter().any(|slot| slot.in_flight() > 0);
        if busy || self.has_deadlines() { TICK_NS } else { IDLE_TICK_NS }
    }

    fn take_everything(&mut self) {
        // No reading of the clock outlives a wait.
        self.burst = 0;
        while let Some(news) = self.pool.next() {
            self.take(news);
        }
        loop {
            match self.commands.try_recv() {
                Ok(FromSession::Command(command)) => self.obey(&command),
                // Without a reader for commands there is no session.
                Ok(FromSession::Gone) | Err(TryRecvError::Disconnected) => {
                    self.session_gone = true;
                    return;
                }
                Err(TryRecvError::Empty) => return,
            }
        }
    }

    fn take(&mut self, news: News) {
        match news {
            // Once it was caught in a lie, nothing it says is believed. What it prints may tell why.
            News::Up { worker, up } if self.slots[worker.index()].condemned => {
                if matches!(up, Up::Log { .. }) {
                    let _only_a_line = self.take_up(worker, up, self.clock.now_ns());
                }
            }
            News::Up { worker, up } => {
                let received_ns = self.receive(&up);
                if let Err(fault) = self.take_up(worker, up, received_ns) {
                    self.condemn(worker, &fault);
                }
                self.burst += 1;
                if self.burst >= BURST {
                    self.burst = 0;
                    self.feed(worker);
                }
            }
            News::Quiet { worker } => {
                self.burst = 0;
                self.tell_start(worker);
                self.feed(worker);
                if self.slots[worker.index()].is_idle() {
                    self.even_out();
                }
                self.dismiss_retired(worker);
            }
            News::Died { worker, exit, fault } => {
                self.burst = 0;
                self.bury(worker, exit, fault);
            }
        }
    }

    /// When this message came. They come many at a time, and a reading each would be a tenth of what they cost; but one
    /// with a large result took its time.
    fn receive(&mut self, up: &Up) -> u64 {
        let is_large = matches!(up, Up::Ended { value, .. } if value.len_bytes() > INLINE_BYTES as u64);
        if self.burst.is_multiple_of(CLOCK_BURST) || is_large {
            self.received_ns = self.clock.now_ns();
        }
        self.received_ns
    }

    /// Tells the session of a task that runs on. Most starts need no telling: the end is there before anybody could look.
    pub(super) fn tell_start(&mut self, worker: WorkerId) {
        let slot = &mut self.slots[worker.index()];
        if let Some(running) = slot.running
            && !std::mem::replace(&mut slot.told, true)
        {
            self.emitter.emit(&Event::Started {
                t_ns: running.start_ns,
                worker,
                task: running.task,
                attempt: running.attempt,
                enqueued_ns: running.enqueued_ns,
                dispatched_ns: running.dispatched_ns,
            });
        }
    }

    /// One message of a worker. An error is what a worker must never say; it costs the worker.
    pub(super) fn take_up(&mut self, worker: WorkerId, up: Up, received_ns: u64) -> Result<(), String> {
        // A worker's clock is the host's; a time ahead of ours would be a lie that upsets every view.
        let settle = |t_ns: u64| t_ns.min(received_ns);
        match up {
            Up::Ready { t_ns, build } => {
                if build != super::BUILD {
                    return Err(format!("it is of build {build}, the engine of {}", super::BUILD));
                }
                let slot = &mut self.slots[worker.index()];
                if !matches!(slot.presence, Presence::Starting { .. }) {
                    return Err("it says a second time that it is ready".to_owned());
                }
                (slot.presence, slot.heard_ns) = (Presence::Ready, received_ns);
                self.emitter.emit(&Event::WorkerReady { t_ns: settle(t_ns), worker });
                self.last_ready_ns = self.last_ready_ns.max(settle(t_ns));
                self.check_pool_ready();
            }
            Up::Returned { count } => {
                let slot = &mut self.slots[worker.index()];
                if !slot.recalling || count > slot.unstarted() {
                    return Err(format!("it returns {count} tasks, which nobody asked it for"));
                }
                slot.recalling = false;
                slot.heard_ns = received_ns;
                self.put_back(worker, count);
                self.feed_all();
            }
            Up::Started { t_ns, task } => {
                let slot = &mut self.slots[worker.index()];
                if slot.running.is_some() || slot.next_task() != Some(task) {
                    return Err(format!("it says it started {task}, which is not its next"));
                }
                let attempt = self.records.get(&task.0).map_or(0, |record| record.attempts);
                slot.start(settle(t_ns), attempt);
                self.budget.task_begun(worker);
                self.standstills = 0;
            }
            Up::Ended { t_ns, task, end, usage, value } => {
                if value.len_bytes() > VALUE_LIMIT_BYTES {
                    return Err(format!("the result of {task} has {} bytes", value.len_bytes()));
                }
                let slot = &mut self.slots[worker.index()];
                let Some(running) = slot.running.filter(|running| running.task == task) else {
                    return Err(format!("it says it ended {task}, which it did not run"));
                };
                slot.end();
                slot.heard_ns = received_ns;
                let ending = slot.ending.filter(|ending| ending.task == task);
                if slot.ending.is_some() && !self.pool.has_processes() && ending.is_some() {
                    slot.ending = None;
                    self.pool.clear_cancel(worker);
                }
                let end_ns = settle(t_ns).max(running.start_ns);
                self.learn_length(end_ns - running.start_ns);
                let outcome = outcome_of(end, ending);
                self.finish(worker, running, outcome, (end_ns, received_ns), usage, value);
            }
            Up::Lock(record) => {
                let LockRecord { task, lock, asked_ns, got_ns, released_ns } = record;
                let [asked_ns, got_ns, released_ns] = [asked_ns, got_ns, released_ns].map(settle);
                let told = LockRecord { lock, task, asked_ns, got_ns, released_ns };
                self.emitter.emit(&told.event(worker));
            }
            Up::Log { t_ns, level, mut text } => {
                shorten(&mut text);
                let t_ns = settle(t_ns);
                match self.slots[worker.index()].logged.take(text.len()) {
                    Line::Kept => self.emitter.emit(&Event::Log { t_ns, worker: Some(worker), level, text }),
                    Line::TooMuch => self.log(Level::Warning, Some(worker), LogLimit::too_much()),
                    Line::LeftOut => {}
                }
            }
        }
        Ok(())
    }

    pub(super) fn check_pool_ready(&mut self) {
        if !self.pool_ready && self.slots.iter().all(|slot| slot.presence == Presence::Ready || slot.retiring)
        {
            self.pool_ready = true;
            self.emitter.emit(&Event::PoolReady { t_ns: self.last_ready_ns });
        }
    }

    fn obey(&mut self, command: &Command) {
        let t_ns = self.clock.now_ns();
        match *command {
            Command::Start(..) => {
                self.log(Level::Warning, None, "a second start was asked for and ignored".to_owned());
            }
            Command::Stop => self.stop(false),
            Command::Cancel => self.stop(true),
            Command::Pause if !self.paused => {
                self.paused = true;
                self.recall_all();
                self.emitter.emit(&Event::Paused { t_ns });
            }
            Command::Resume if self.paused => {
                self.paused = false;
                self.emitter.emit(&Event::Resumed { t_ns });
                self.feed_all();
            }
            Command::Pause | Command::Resume => {}
            Command::Resize(workers) => self.resize(workers),
            Command::KillWorker { worker, signal } => self.kill_on_request(worker, signal),
        }
    }

    fn sample_queue(&mut self) {
        let t_ns = self.clock.now_ns();
        self.sampled_ns = t_ns;
        self.queue_changed = false;
        let in_flight = self.slots.iter().map(Slot::in_flight).sum();
        self.emitter.emit(&Event::Queue { t_ns, queued: self.queue.len(), in_flight, done: self.done });
    }

    pub(super) fn log(&mut self, level: Level, worker: Option<WorkerId>, text: String) {
        self.emitter.emit(&Event::Log { t_ns: self.clock.now_ns(), worker, level, text });
    }
}

/// Cuts a worker's text to what is kept of it.
fn shorten(text: &mut String) {
    if text.len() > TEXT_LIMIT_BYTES {
        text.truncate(text.floor_char_boundary(TEXT_LIMIT_BYTES));
        text.push('…');
    }
}

fn outcome_of(end: TaskEnd, ending: Option<Ending>) -> Outcome {
    match end {
        TaskEnd::Ok => Outcome::Ok,
        TaskEnd::Failed(mut message) => {
            shorten(&mut message);
            Outcome::Failed(message.into())
        }
        TaskEnd::Cancelled => match ending.map(|ending| ending.why) {
            Some(Why::TimedOut) => Outcome::TimedOut,
            Some(Why::Cancelled) | None => Outcome::Cancelled,
        },
    }
}
