//! A run as its viewers see it, built from events by one reducer.
//!
//! [`RunStore`] is owned by the thread that takes in events. Viewers get clones: everything that grows is a
//! [`Chunked`] column whose full chunks are shared, so that a clone costs a few pointers and reading needs no lock.

mod chunked;
mod lane;
pub(crate) mod lesson;
mod locks;
mod reduce;
mod replay;
mod sizes;
mod spans;
mod state;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;

pub use chunked::Chunked;
pub use lane::{Lane, Life, OpenSpan, Span};
pub use lesson::{Call, Entry, LessonStore, Object, Printed, Stuck};
pub use locks::{LockSpan, Locks};
pub use replay::Replay;
pub use sizes::resized_words;
pub use spans::{Node, Piece, Pieces, Reader, Spans, StateCounts};
pub use state::AttemptState;

use crate::{
    event::{CoreLoad, Level, Outcome, RunInfo, Status, WorkerSample},
    ids::{TaskId, WorkerId},
    units,
    workload::Value,
};

/// Where a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// The engine is being launched, or its workers are.
    #[default]
    Starting,
    Running,
    Paused,
    Stopping,
    Ended(Status),
}

impl Phase {
    pub fn is_live(self) -> bool {
        !matches!(self, Self::Ended(_))
    }

    /// One word for where the run stands, or for how it ended.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
            Self::Ended(Status::Finished) => "finished",
            Self::Ended(Status::Interrupted) => "interrupted",
            Self::Ended(Status::Failed) => "failed",
            Self::Ended(Status::Lost) => "lost",
        }
    }
}

/// How many tasks ended in which way. The six always sum to the total: `not_run` is what the others leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Tally {
    pub total: u32,
    pub ok: u32,
    pub failed: u32,
    pub crashed: u32,
    pub timed_out: u32,
    pub cancelled: u32,
    pub not_run: u32,
}

impl Tally {
    /// Tasks that have ended for good.
    pub fn done(self) -> u32 {
        self.total - self.not_run
    }

    pub fn all_ok(self) -> bool {
        self.ok == self.total
    }

    /// How many tasks are of each class, and what that is called; `ok` comes first.
    pub fn classes(self) -> [(u32, &'static str); 6] {
        [
            (self.ok, "ok"),
            (self.failed, "failed"),
            (self.crashed, "crashed"),
            (self.timed_out, "timed out"),
            (self.cancelled, "cancelled"),
            (self.not_run, "not run"),
        ]
    }

    /// The classes that occur, and `ok` in any case: `62 ok, 2 crashed`.
    pub fn words(self) -> String {
        let shown = self.classes().into_iter().filter(|(n, name)| *n > 0 || *name == "ok");
        let texts: Vec<_> = shown.map(|(n, name)| format!("{} {name}", units::count(u64::from(n)))).collect();
        texts.join(", ")
    }

    /// Moves one task from `not_run` to the class of its outcome. Does nothing when every task is counted already.
    pub fn count(&mut self, outcome: &Outcome) {
        let Some(left) = self.not_run.checked_sub(1) else { return };
        self.not_run = left;
        match outcome {
            Outcome::Ok => self.ok += 1,
            Outcome::Failed(_) => self.failed += 1,
            Outcome::Crashed(_) => self.crashed += 1,
            Outcome::TimedOut => self.timed_out += 1,
            Outcome::Cancelled => self.cancelled += 1,
        }
    }
}

/// Load of every core over the sampling interval that ends at `t_ns`.
#[derive(Clone, Debug, PartialEq)]
pub struct CoreSample {
    pub t_ns: u64,
    pub loads: Arc<[CoreLoad]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueSample {
    pub t_ns: u64,
    /// Waiting in the queue.
    pub queued: u32,
    /// Handed to workers and not ended.
    pub in_flight: u32,
    /// Ended for good.
    pub done: u32,
}

/// A process of the run as the operating system saw it at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProcessSample {
    pub t_ns: u64,
    /// `None` for the engine, all its threads together.
    pub worker: Option<WorkerId>,
    pub sample: WorkerSample,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    pub t_ns: u64,
    pub worker: Option<WorkerId>,
    pub level: Level,
    pub text: Arc<str>,
}

/// A worker's state as people read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WorkerState {
    #[default]
    Starting,
    Idle,
    Busy,
    /// Halted by SIGSTOP.
    Stopped,
    Exited,
    /// Gone, or never come, because the pool has shrunk.
    Retired,
}

impl WorkerState {
    /// Somebody fills the place, or is awaited there.
    pub fn is_present(self) -> bool {
        !matches!(self, Self::Exited | Self::Retired)
    }
}

/// Where an attempt that has ended is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpanPlace {
    pub worker: WorkerId,
    /// On the worker's lane.
    pub at: u32,
}

/// One line of the workers' table: the place in the pool, and who fills it now.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerRow {
    pub worker: WorkerId,
    pub pid: u32,
    pub tid: u32,
    pub state: WorkerState,
    /// Tasks that ended ok here, over all lives.
    pub tasks_ok: u32,
    /// Attempts that ended in any way here, over all lives.
    pub attempts: u32,
    pub restarts: u32,
    pub last: WorkerSample,
    /// CPU time of all lives together.
    pub cpu_ns: u64,
    pub max_rss_bytes: u64,
    pub max_pss_bytes: Option<u64>,
    pub exit: Option<crate::event::Exit>,
}

impl WorkerRow {
    /// A place that nobody fills yet.
    pub fn vacant(worker: WorkerId) -> Self {
        Self {
            worker,
            pid: 0,
            tid: 0,
            state: WorkerState::Starting,
            tasks_ok: 0,
            attempts: 0,
            restarts: 0,
            last: WorkerSample::default(),
            cpu_ns: 0,
            max_rss_bytes: 0,
            max_pss_bytes: None,
            exit: None,
        }
    }
}

/// A run, as far as its events have told.
#[derive(Clone, Debug, Default)]
pub struct RunStore {
    /// `None` until the engine has spoken.
    pub info: Option<Arc<RunInfo>>,
    pub phase: Phase,
    /// Why the run failed, was lost or interrupted.
    pub reason: Option<Arc<str>>,
    /// The latest moment that an event told of.
    pub now_ns: u64,
    /// When every worker was ready.
    pub ready_ns: Option<u64>,
    /// How many workers the pool was to have, and from when on: first the spec's number, from 0 on, then that of each
    /// resize. Empty until the run has started.
    pub sizes: Vec<(u64, u32)>,
    /// End of the last task that ended.
    pub last_end_ns: u64,
    pub tally: Tally,
    /// Wrapping sum of [`Value::digest`] over all tasks that ended ok.
    pub checksum: u64,
    /// One a worker, by its place.
    pub lanes: Vec<Lane>,
    /// One a worker, by its place.
    pub workers: Vec<WorkerRow>,
    pub cores: Chunked<CoreSample>,
    pub queue: Chunked<QueueSample>,
    /// Samples of the workers and of the engine.
    pub processes: Chunked<ProcessSample>,
    pub log: Chunked<LogLine>,
    /// Values of tasks that ended ok, in the order in which they ended.
    pub values: Chunked<(TaskId, Arc<Value>)>,
    /// The engine process: its last sample, and the most memory seen.
    pub engine: WorkerSample,
    pub engine_max_rss_bytes: u64,
    /// Intervals of pause; the last may be open, then its end is `None`.
    pub pauses: Vec<(u64, Option<u64>)>,
    /// What the processes of a lesson did with one another; empty for any other run.
    pub lesson: LessonStore,
    /// What only the reducer needs.
    books: reduce::Books,
}

impl RunStore {
    /// It was interrupted, and nothing ever told of its start: a record that was cut off before that.
    pub fn lacks_start(&self) -> bool {
        self.info.is_none() && self.phase == Phase::Ended(Status::Interrupted)
    }

    /// The process that filled a worker's place at a moment: the last that had been spawned by then, or else the first.
    /// `None` for a worker whose process was never told.
    pub fn pid_at(&self, worker: WorkerId, t_ns: u64) -> Option<u32> {
        let lives = &self.lanes.get(worker.index())?.lives;
        let born = lives.partition_point(|life| life.spawned_ns <= t_ns);
        lives.get(born.saturating_sub(1)).map(|life| life.pid).filter(|&pid| pid != 0)
    }

    /// When the first attempt of all started, whether it has ended or not.
    pub fn first_start_ns(&self) -> Option<u64> {
        let of_lane =
            |lane: &Lane| lane.spans.times(0).map(|times| times.0).or(lane.running.map(|open| open.start_ns));
        self.lanes.iter().filter_map(of_lane).min()
    }

    /// Every attempt that has ended, lane by lane, with its worker, unpacked one after the other.
    pub fn spans(&self) -> impl Iterator<Item = (WorkerId, Span)> {
        self.lanes
            .iter()
            .zip(0..)
            .flat_map(|(lane, worker)| lane.spans.iter().map(move |span| (WorkerId(worker), span)))
    }

    /// The same with the place of each, to be had again by [`Self::span`]: for those who need another order, since places
    /// are small.
    pub fn placed_spans(&self) -> impl Iterator<Item = (SpanPlace, Span)> {
        self.lanes.iter().zip(0..).flat_map(|(lane, worker)| {
            let place = move |at| SpanPlace { worker: WorkerId(worker), at };
            (0..).zip(lane.spans.iter()).map(move |(at, span)| (place(at), span))
        })
    }

    pub fn span(&self, place: SpanPlace) -> Option<Span> {
        self.lanes.get(place.worker.index())?.spans.get(place.at as usize)
    }
}
