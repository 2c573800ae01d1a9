//! Where the workers' time went: every nanosecond of every worker, from the run's start to its end, in exactly one part.
//! Of a pool that was resized, a worker's time is that in which the pool had room for it, and whatever it spent in tasks
//! beyond that.
//!
//! A worker is either inside a span or in a gap. A span is cut by what was measured in it; a gap by what the worker was
//! waiting for. Where several reasons hold at once, the worker's own life comes first (starting, restarting), then a
//! pause, then the pool.

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    event::Usage,
    ids::WorkerId,
    spec::QueueBound,
    store::{Lane, Life, Locks, OpenSpan, RunStore, Span},
};

/// What a stretch of a worker's time went into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// CPU time in tasks; all of a task's time where its CPU time was not measured.
    Useful,
    /// Ready to run inside a task, but without a core. Only known at telemetry level `full`.
    WaitingForCore,
    /// Waiting inside a task for a lock that workers share, by the worker's own clock. A waiter that was woken and has
    /// no core yet is still waiting for the lock.
    Lock,
    /// The rest of the tasks' time: sleeping, or waiting for input and output. Below `full` it includes the time
    /// without a core.
    Blocked,
    /// From when the pool first wanted the worker, or wanted it again, until it was ready.
    Starting,
    /// From ready to the first task.
    FirstTask,
    /// Between two tasks while there was work: the pool was slow to hand it out.
    Dispatch,
    /// Between two tasks, the last result on its way to the engine or the next task on its way here. Only told apart
    /// where the next task left the queue after the last one had ended; with tasks kept in advance it hides in work.
    Transfer,
    /// Nothing left to do while others still worked.
    Tail,
    /// From a death until the worker that took the place was ready.
    Restarting,
    /// Kept from starting a task by a pause.
    Paused,
}

pub const PARTS: usize = Part::ALL.len();

impl Part {
    /// In the order of their names in reports.
    pub const ALL: [Self; 11] = [
        Self::Useful,
        Self::WaitingForCore,
        Self::Lock,
        Self::Blocked,
        Self::Starting,
        Self::FirstTask,
        Self::Dispatch,
        Self::Transfer,
        Self::Tail,
        Self::Restarting,
        Self::Paused,
    ];

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Useful => "useful",
            Self::WaitingForCore => "waiting_for_core",
            Self::Lock => "lock",
            Self::Blocked => "blocked",
            Self::Starting => "starting",
            Self::FirstTask => "first_task",
            Self::Dispatch => "dispatch",
            Self::Transfer => "transfer",
            Self::Tail => "tail",
            Self::Restarting => "restarting",
            Self::Paused => "paused",
        }
    }

    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::WaitingForCore => "waiting for core",
            Self::FirstTask => "first task",
            other => other.name(),
        }
    }
}

/// One worker's time in nanoseconds, indexed by [`Part`] in the order of [`Part::ALL`].
pub type PartsNs = [u64; PARTS];

/// The account of all workers' time. Serializes as fractions by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerTime {
    end_ns: u64,
    per_worker: Vec<PartsNs>,
}

impl WorkerTime {
    /// `None` while no time has passed or no worker is wanted: then there is nothing to divide.
    ///
    /// An ended run is counted up to its last task's end, a live one up to now.
    pub fn new(store: &RunStore) -> Option<Self> {
        let over = !store.phase.is_live() && store.last_end_ns > 0;
        let end_ns = if over { store.last_end_ns } else { store.now_ns };
        if end_ns == 0 || store.lanes.is_empty() {
            return None;
        }
        let pauses: Vec<Mark> = store
            .pauses
            .iter()
            .map(|&(from_ns, to_ns)| Mark { from_ns, to_ns: to_ns.unwrap_or(u64::MAX), part: Part::Paused })
            .collect();
        let pool = Pool {
            end_ns,
            pauses: &pauses,
            bounded: store.info.as_ref().is_some_and(|info| info.spec.queue != QueueBound::Unbounded),
            waiting: store.phase.is_live() && store.queue.last().is_none_or(|sample| sample.queued > 0),
        };
        let workers = (0..).map(WorkerId).zip(&store.lanes);
        let per_worker: Vec<_> =
            workers.map(|(worker, lane)| Sweep::run(&pool, lane, store.wanted_ns(worker))).collect();
        let time = Self { end_ns, per_worker };
        (time.whole_ns() > 0).then_some(time)
    }

    /// Up to when every worker's time is counted.
    pub fn end_ns(&self) -> u64 {
        self.end_ns
    }

    /// One entry a worker, by its place. Each sums to [`Self::end_ns`], less the time in which the pool had no room for
    /// the worker and it was in no task.
    pub fn per_worker(&self) -> &[PartsNs] {
        &self.per_worker
    }

    /// A part of all workers' time together, 0 to 1.
    pub fn fraction(&self, part: Part) -> f64 {
        let sum: u128 = self.per_worker.iter().map(|parts| u128::from(parts[part as usize])).sum();
        sum as f64 / self.whole_ns() as f64
    }

    fn whole_ns(&self) -> u128 {
        self.per_worker.iter().flatten().map(|&ns| u128::from(ns)).sum()
    }
}

impl Serialize for WorkerTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(PARTS))?;
        for part in Part::ALL {
            map.serialize_entry(part.name(), &self.fraction(part))?;
        }
        map.end()
    }
}

/// One attempt's time by what was measured in it. The four always sum to its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanParts {
    pub useful_ns: u64,
    pub waiting_for_core_ns: u64,
    pub lock_ns: u64,
    pub blocked_ns: u64,
}

impl SpanParts {
    /// Measures that contradict the length are cut: CPU time goes first, then the wait for locks, then that for a core,
    /// which overlaps the one for locks wherever a waiter was woken before it had a core.
    pub fn new(length_ns: u64, usage: &Usage, lock_ns: u64) -> Self {
        let cpu_ns = usage.cpu_ns.map(|cpu_ns| cpu_ns.min(length_ns));
        let mut rest_ns = length_ns - cpu_ns.unwrap_or(0);
        let mut take = |wanted_ns: u64| {
            let taken_ns = wanted_ns.min(rest_ns);
            rest_ns -= taken_ns;
            taken_ns
        };
        let lock_ns = take(lock_ns);
        let waiting_for_core_ns = take(usage.core_wait_ns.unwrap_or(0));
        match cpu_ns {
            Some(useful_ns) => Self { useful_ns, waiting_for_core_ns, lock_ns, blocked_ns: rest_ns },
            None => Self { useful_ns: rest_ns, waiting_for_core_ns, lock_ns, blocked_ns: 0 },
        }
    }
}

/// What holds for all workers.
struct Pool<'a> {
    end_ns: u64,
    pauses: &'a [Mark],
    /// The queue has a bound, so that tasks enter it during the run.
    bounded: bool,
    /// Tasks wait in the queue at this moment of a live run.
    waiting: bool,
}

/// An interval that outranks what the pool did meanwhile.
#[derive(Clone, Copy)]
struct Mark {
    from_ns: u64,
    to_ns: u64,
    part: Part,
}

/// Walks over one lane from 0 to the end, without doubling a nanosecond, or leaving one in which the worker was wanted
/// or worked.
struct Sweep<'a> {
    pool: &'a Pool<'a>,
    /// When the pool had room for the worker, see [`RunStore::wanted_ns`].
    wanted_ns: Vec<(u64, u64)>,
    absences: Vec<Mark>,
    parts: PartsNs,
    at_ns: u64,
}

impl<'a> Sweep<'a> {
    fn run(pool: &'a Pool<'a>, lane: &Lane, wanted_ns: Vec<(u64, u64)>) -> PartsNs {
        let absences = absences(&lane.lives, lane.spans.is_empty() && lane.running.is_none(), &wanted_ns);
        let mut sweep = Self { pool, wanted_ns, absences, parts: [0; PARTS], at_ns: 0 };
        let mut before: Option<Span> = None;
        for span in lane.spans.iter() {
            sweep.gap(before.as_ref(), &opening(&span));
            sweep.span(span.end_ns, &span.usage, &lane.locks);
            before = Some(span);
        }
        if let Some(open) = &lane.running {
            sweep.gap(before.as_ref(), open);
            sweep.span(pool.end_ns, &Usage::default(), &lane.locks);
        }
        let rest = match (pool.waiting, &before) {
            (false, _) => Part::Tail,
            (true, None) => Part::FirstTask,
            (true, Some(_)) => Part::Dispatch,
        };
        sweep.idle_until(pool.end_ns, rest);
        sweep.parts
    }

    /// The time between two spans, cut at the moments when its reason changes.
    fn gap(&mut self, before: Option<&Span>, next: &OpenSpan) {
        let Some(before) = before else {
            self.idle_until(next.start_ns, Part::FirstTask);
            return;
        };
        // A task that entered an unbounded queue only after the gap began is one to be tried again: until then there
        // was nothing to hand out. A bounded queue is filled during the run, and a late filler is the pool's fault.
        if !self.pool.bounded && next.enqueued_ns > self.at_ns {
            self.idle_until(next.enqueued_ns.min(next.start_ns), Part::Tail);
        }
        if next.dispatched_ns >= before.end_ns && next.dispatched_ns <= next.start_ns {
            self.idle_until(before.received_ns.min(next.dispatched_ns), Part::Transfer);
            self.idle_until(next.dispatched_ns, Part::Dispatch);
            self.idle_until(next.start_ns, Part::Transfer);
        } else {
            self.idle_until(next.start_ns, Part::Dispatch);
        }
    }

    fn span(&mut self, to_ns: u64, usage: &Usage, locks: &Locks) {
        let to_ns = to_ns.min(self.pool.end_ns).max(self.at_ns);
        let parts = SpanParts::new(to_ns - self.at_ns, usage, locks.waited_ns(self.at_ns, to_ns));
        self.add(Part::Useful, parts.useful_ns);
        self.add(Part::WaitingForCore, parts.waiting_for_core_ns);
        self.add(Part::Lock, parts.lock_ns);
        self.add(Part::Blocked, parts.blocked_ns);
        self.at_ns = to_ns;
    }

    /// Gives the time up to `to_ns` to `part`, except where the worker was absent or the pool paused. Where the pool had
    /// no room for the worker it is nobody's.
    fn idle_until(&mut self, to_ns: u64, part: Part) {
        let to_ns = to_ns.min(self.pool.end_ns);
        if to_ns <= self.at_ns {
            return;
        }
        let first = self.wanted_ns.partition_point(|wanted| wanted.1 <= self.at_ns);
        let mut parts = self.parts;
        for &(wanted_ns, retired_ns) in self.wanted_ns[first..].iter().take_while(|wanted| wanted.0 < to_ns) {
            let (from_ns, to_ns) = (wanted_ns.max(self.at_ns), retired_ns.min(to_ns));
            overlay(&self.absences, from_ns, to_ns, &mut |from_ns, to_ns, absent| match absent {
                Some(absent) => parts[absent as usize] += to_ns - from_ns,
                None => overlay(self.pool.pauses, from_ns, to_ns, &mut |from_ns, to_ns, paused| {
                    parts[paused.unwrap_or(part) as usize] += to_ns - from_ns;
                }),
            });
        }
        self.parts = parts;
        self.at_ns = to_ns;
    }

    fn add(&mut self, part: Part, ns: u64) {
        self.parts[part as usize] += ns;
    }
}

/// Cuts `from_ns..to_ns` at the borders of the marks, which are in order and do not overlap, and names the mark of
/// each piece.
fn overlay(marks: &[Mark], mut from_ns: u64, to_ns: u64, piece: &mut impl FnMut(u64, u64, Option<Part>)) {
    let first = marks.partition_point(|mark| mark.to_ns <= from_ns);
    for mark in &marks[first..] {
        if mark.from_ns >= to_ns {
            break;
        }
        let mark_from_ns = mark.from_ns.max(from_ns);
        if mark_from_ns > from_ns {
            piece(from_ns, mark_from_ns, None);
        }
        let mark_to_ns = mark.to_ns.min(to_ns);
        if mark_to_ns > mark_from_ns {
            piece(mark_from_ns, mark_to_ns, Some(mark.part));
        }
        from_ns = mark_to_ns.max(mark_from_ns);
    }
    if from_ns < to_ns {
        piece(from_ns, to_ns, None);
    }
}

/// When nobody, or nobody ready, filled the worker's place. After a death without a successor nobody is awaited, so
/// that this time is left to the pool; after one that the pool let go somebody is awaited once it is wanted again. A
/// lane that shows neither lives nor tasks has not begun to start.
fn absences(lives: &[Life], idle: bool, wanted_ns: &[(u64, u64)]) -> Vec<Mark> {
    let mut marks = Vec::with_capacity(lives.len() + 1);
    let (mut from_ns, mut part) = (0, Part::Starting);
    for life in lives {
        let to_ns = life.ready_ns.or(life.exited_ns).unwrap_or(u64::MAX);
        marks.push(Mark { from_ns, to_ns, part });
        from_ns = life.exited_ns.unwrap_or(u64::MAX);
        let lost = wanted_ns.iter().any(|wanted| (wanted.0..wanted.1).contains(&from_ns));
        part = if lost { Part::Restarting } else { Part::Starting };
    }
    let let_go = !lives.is_empty() && part == Part::Starting;
    if let_go || (lives.is_empty() && idle) {
        marks.push(Mark { from_ns, to_ns: u64::MAX, part });
    }
    marks
}

fn opening(span: &Span) -> OpenSpan {
    OpenSpan {
        task: span.task,
        attempt: span.attempt,
        enqueued_ns: span.enqueued_ns,
        dispatched_ns: span.dispatched_ns,
        start_ns: span.start_ns,
    }
}

#[cfg(test)]
mod tests;
