//! The one reducer: turns events into a [`RunStore`].
//!
//! It trusts nothing but the types. Events may be missing, doubled, late or of workers that nobody announced; what it
//! builds still holds what viewers rely on: spans on a lane are in order and never overlap, and neither do a worker's
//! uses of one lock; its lives follow one another, columns of samples are in order of time, and the tally's six classes
//! sum to its total.

mod attempts;
mod lives;
mod locks;
mod notes;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::{CoreSample, Phase, ProcessSample, QueueSample, RunStore, WorkerRow};
use crate::{
    event::{CoreLoad, Event, Exit, Level, Outcome, RunInfo, Status, WorkerSample},
    ids::WorkerId,
    spec::{Backend, MAX_TASKS, MAX_WORKERS},
};

/// Samples of workers and engine that one run keeps, about 100 MB: half an hour of 64 workers.
const MAX_PROCESS_SAMPLES: usize = 1 << 20;

/// What the reducer must remember and no viewer needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Books {
    /// One bit a task, set once the task is in the tally.
    counted: Arc<Vec<u64>>,
    /// One a worker, by its place.
    cpu: Vec<CpuBook>,
    /// Uses of locks that were kept, of all workers.
    locks: usize,
    /// A worker beyond [`MAX_WORKERS`] was named, and the log says so.
    said_too_many: bool,
}

/// Where a worker's CPU time comes from, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
struct CpuBook {
    /// Sampled, of lives that are over.
    past_lives: u64,
    /// Sampled, of the present life.
    life: u64,
    /// Measured around attempts.
    attempts: u64,
}

impl RunStore {
    /// Takes in one event. Once the run has ended, only late log lines and exits still count.
    pub fn apply(&mut self, event: Event) {
        if !self.phase.is_live() {
            self.apply_after_end(event);
            return;
        }
        if let Some(t_ns) = event.t_ns() {
            self.now_ns = self.now_ns.max(t_ns);
        }
        match event {
            Event::Hello { .. } => {}
            Event::RunStarted(info) => self.run_started(*info),
            Event::WorkerSpawned { t_ns, worker, pid, tid, restart } => {
                self.worker_spawned(t_ns, worker, pid, tid, restart);
            }
            Event::WorkerReady { t_ns, worker } => self.worker_ready(t_ns, worker),
            Event::PoolReady { t_ns } => self.pool_ready(t_ns),
            Event::Started { t_ns, worker, task, attempt, enqueued_ns, dispatched_ns } => {
                let open = super::OpenSpan { task, attempt, enqueued_ns, dispatched_ns, start_ns: t_ns };
                self.attempt_started(worker, open);
            }
            Event::Ended(ended) => self.attempt_ended(ended),
            Event::Lock { worker, task, lock, asked_ns, got_ns, released_ns } => {
                self.lock_released(worker, task, lock, super::LockSpan { asked_ns, got_ns, released_ns });
            }
            Event::WorkerExited { t_ns, worker, exit, expected } => {
                self.worker_exited(t_ns, worker, exit, expected);
            }
            Event::Cores { t_ns, loads } => self.cores_sampled(t_ns, loads),
            Event::Worker { worker, sample, t_ns } => self.worker_sampled(t_ns, worker, sample),
            Event::Engine { t_ns, sample } => self.engine_sampled(t_ns, sample),
            Event::Queue { t_ns, queued, in_flight, done } => {
                self.queue_sampled(QueueSample { t_ns, queued, in_flight, done });
            }
            Event::Paused { t_ns } => self.paused(t_ns),
            Event::Resumed { t_ns } => self.resumed(t_ns),
            Event::Resized { t_ns, workers } => self.resized(t_ns, workers),
            Event::Stopping { t_ns } => self.stopping(t_ns),
            Event::Log { t_ns, worker, level, text } => {
                self.lesson.log(t_ns, worker, level, &text);
                self.note(t_ns, worker, level, text);
            }
            Event::Lesson { t_ns, worker, told } => {
                self.lesson.take(super::lesson::Entry { t_ns, worker, told: *told });
            }
            Event::RunEnded { t_ns, status, reason } => self.run_ended(t_ns, status, reason),
        }
    }

    /// The engine ended, or fell silent, without saying how its run ended. What was running counts as crashed with the
    /// engine's own exit, what had not begun was not run. A run that had never started counts as failed.
    pub fn lost(&mut self, t_ns: u64, exit: Option<Exit>, reason: String) {
        if !self.phase.is_live() {
            return;
        }
        self.now_ns = self.now_ns.max(t_ns);
        let t_ns = self.now_ns;
        let outcome = exit.map_or_else(|| Outcome::Failed(reason.as_str().into()), Outcome::Crashed);
        for at in 0..self.lanes.len() {
            self.close_running(at, t_ns, outcome.clone(), true);
        }
        let status = if self.info.is_some() { Status::Lost } else { Status::Failed };
        // Threads share the engine's fate. How worker processes ended, nobody was left to see.
        let of_processes = self.info.as_ref().is_some_and(|info| info.spec.backend == Backend::Processes);
        self.finish(t_ns, status, Some(reason), exit.filter(|_| !of_processes));
    }

    fn apply_after_end(&mut self, event: Event) {
        match event {
            Event::Log { t_ns, worker, level, text } => {
                self.lesson.log(t_ns, worker, level, &text);
                self.note(t_ns, worker, level, text);
            }
            Event::WorkerExited { t_ns, worker, exit, expected } => {
                self.worker_exited(t_ns, worker, exit, expected);
            }
            _ => {}
        }
    }

    fn run_started(&mut self, info: RunInfo) {
        if self.info.is_some() {
            return;
        }
        // A spec is valid by construction, but it came over a wire: the tables keep their own bounds.
        let tasks = info.spec.tasks.min(MAX_TASKS);
        self.tally.total = tasks;
        self.tally.not_run = tasks;
        self.books.counted = Arc::new(vec![0; tasks.div_ceil(u64::BITS) as usize]);
        let workers = info.spec.workers.min(MAX_WORKERS);
        self.sizes.push((0, workers));
        self.grow(workers as usize);
        self.note(0, None, Level::Info, format!("run started: {}", info.spec.title()));
        if let Some(simulation) = info.spec.backend.simulation() {
            self.note(0, None, Level::Info, simulation.to_owned());
        }
        self.info = Some(Arc::new(info));
    }

    fn pool_ready(&mut self, t_ns: u64) {
        if self.ready_ns.is_some() {
            return;
        }
        self.ready_ns = Some(t_ns);
        self.leave_starting();
        self.note_pool_ready(t_ns);
    }

    /// The pool works as soon as all workers are ready or any task has begun.
    fn leave_starting(&mut self) {
        if self.phase == Phase::Starting {
            self.phase = Phase::Running;
        }
    }

    fn paused(&mut self, t_ns: u64) {
        if !matches!(self.phase, Phase::Starting | Phase::Running) {
            return;
        }
        let after_ns = self.pauses.last().and_then(|pause| pause.1).unwrap_or(0);
        self.pauses.push((t_ns.max(after_ns), None));
        self.phase = Phase::Paused;
        self.note(t_ns, None, Level::Info, "paused: no further task is started".to_owned());
    }

    fn resumed(&mut self, t_ns: u64) {
        if self.phase != Phase::Paused {
            return;
        }
        self.close_pause(t_ns);
        let begun = self.ready_ns.is_some() || self.workers.iter().any(|row| row.attempts > 0);
        self.phase = if begun { Phase::Running } else { Phase::Starting };
        self.note(t_ns, None, Level::Info, "resumed".to_owned());
    }

    fn close_pause(&mut self, t_ns: u64) {
        if let Some((from_ns, to_ns @ None)) = self.pauses.last_mut() {
            *to_ns = Some(t_ns.max(*from_ns));
        }
    }

    fn resized(&mut self, t_ns: u64, workers: u32) {
        let workers = workers.min(MAX_WORKERS);
        let Some(&(before_ns, before)) = self.sizes.last() else { return };
        if workers == before {
            return; // Told twice.
        }
        self.sizes.push((t_ns.max(before_ns), workers));
        self.grow(workers as usize);
        for at in 0..self.workers.len() {
            self.reconsider(at);
        }
        let plural = if workers == 1 { "" } else { "s" };
        self.note(t_ns, None, Level::Info, format!("the pool is now of {workers} worker{plural}"));
    }

    /// A pause ends here: from now on it is the stop that keeps tasks from starting.
    fn stopping(&mut self, t_ns: u64) {
        if self.phase == Phase::Stopping {
            return;
        }
        self.close_pause(t_ns);
        self.phase = Phase::Stopping;
        self.note(t_ns, None, Level::Info, "stopping: no further task is handed out".to_owned());
    }

    fn run_ended(&mut self, t_ns: u64, status: Status, reason: Option<String>) {
        let t_ns = t_ns.max(self.now_ns);
        for at in 0..self.lanes.len() {
            let outcome = match self.unreported(at) {
                Outcome::Failed(_) if status == Status::Interrupted => Outcome::Cancelled,
                outcome => outcome,
            };
            self.close_running(at, t_ns, outcome, true);
        }
        self.finish(t_ns, status, reason, None);
    }

    /// Closes everything that is still open. `exit` is known only when the workers shared it.
    fn finish(&mut self, t_ns: u64, status: Status, reason: Option<String>, exit: Option<Exit>) {
        self.close_pause(t_ns);
        for at in 0..self.lanes.len() {
            self.end_life(at, t_ns, exit);
        }
        self.phase = Phase::Ended(status);
        self.note_end(t_ns, status, reason.as_deref());
        self.reason = reason.map(Arc::from);
    }

    fn cores_sampled(&mut self, t_ns: u64, loads: Vec<CoreLoad>) {
        let t_ns = self.cores.last().map_or(0, |last| last.t_ns).max(t_ns);
        self.cores.push(CoreSample { t_ns, loads: loads.into() });
    }

    fn queue_sampled(&mut self, mut sample: QueueSample) {
        sample.t_ns = self.queue.last().map_or(0, |last| last.t_ns).max(sample.t_ns);
        self.queue.push(sample);
    }

    /// Adds to the column of samples, as long as it has room.
    fn process_sampled(&mut self, t_ns: u64, worker: Option<WorkerId>, sample: WorkerSample) {
        if self.processes.len() == MAX_PROCESS_SAMPLES {
            return;
        }
        let t_ns = self.processes.last().map_or(0, |last| last.t_ns).max(t_ns);
        self.processes.push(ProcessSample { t_ns, worker, sample });
        if self.processes.len() == MAX_PROCESS_SAMPLES {
            let text = "too many samples of processes: further ones are not kept".to_owned();
            self.note(t_ns, None, Level::Warning, text);
        }
    }

    fn engine_sampled(&mut self, t_ns: u64, sample: WorkerSample) {
        self.process_sampled(t_ns, None, sample);
        self.engine_max_rss_bytes = self.engine_max_rss_bytes.max(sample.rss_bytes);
        self.engine = sample;
    }

    /// The worker's index into the tables, which grow for one that is new. `None` for one that no pool can have.
    fn place(&mut self, t_ns: u64, worker: WorkerId) -> Option<usize> {
        if worker.0 >= MAX_WORKERS {
            if !std::mem::replace(&mut self.books.said_too_many, true) {
                let text = format!("{worker} is not possible, a pool has at most {MAX_WORKERS}: ignored");
                self.note(t_ns, None, Level::Warning, text);
            }
            return None;
        }
        self.grow(worker.index() + 1);
        Some(worker.index())
    }

    fn grow(&mut self, workers: usize) {
        for at in self.workers.len()..workers {
            self.workers.push(WorkerRow::vacant(WorkerId(at as u32)));
            self.lanes.push(super::Lane::default());
            self.books.cpu.push(CpuBook::default());
        }
    }
}
