//! What a timeline has to show, without any pixels: states, what a lane's header says, life marks, and sums over each
//! lane's uses of locks.

use std::fmt::{self, Write as _};

use super::locks::LockIndex;
pub(crate) use crate::store::AttemptState as State;
use crate::{
    gui::plots::{RunKey, run_key},
    ids::{TaskId, WorkerId},
    spec::Backend,
    store::{Lane, Life, ProcessSample, RunStore, StateCounts, WorkerRow, WorkerState},
    units,
};

/// Attempts by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts([u64; State::ALL.len()]);

impl Counts {
    pub(crate) fn of(&self, state: State) -> u64 {
        self.0[state as usize]
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(crate) fn add(&mut self, other: StateCounts) {
        for (mine, theirs) in self.0.iter_mut().zip(other) {
            *mine += u64::from(theirs);
        }
    }

    /// `36 ok, 1 failed`
    pub(crate) fn words(&self) -> String {
        let parts: Vec<String> = State::ALL
            .into_iter()
            .filter(|&state| self.of(state) > 0)
            .map(|state| format!("{} {}", units::count(self.of(state)), state.word()))
            .collect();
        parts.join(", ")
    }
}

impl From<StateCounts> for Counts {
    fn from(counts: StateCounts) -> Self {
        Self(counts.map(u64::from))
    }
}

/// Of one run: sums over the uses of locks of all lanes, and which samples are of which worker. Kept between frames.
#[derive(Clone, Debug, Default)]
pub(crate) struct TimelineIndex {
    run: RunKey,
    pub(crate) locks: Vec<LockIndex>,
    /// Places in the run's column of samples, of each worker.
    samples: Vec<Vec<u32>>,
    /// Samples that were looked at.
    sampled: usize,
}

impl TimelineIndex {
    /// Reads what is new. Another run starts it anew.
    pub(crate) fn update(&mut self, store: &RunStore) {
        let run = run_key(store);
        let shrunk = self.locks.iter().zip(&store.lanes).any(|(index, lane)| index.is_ahead_of(&lane.locks));
        if self.run != run
            || shrunk
            || self.locks.len() > store.lanes.len()
            || self.sampled > store.processes.len()
        {
            *self = Self { run, ..Self::default() };
        }
        self.locks.resize_with(store.lanes.len(), LockIndex::default);
        for (index, lane) in self.locks.iter_mut().zip(&store.lanes) {
            index.update(&lane.locks);
        }
        self.samples.resize_with(store.lanes.len(), Vec::new);
        for (kept, at) in store.processes.iter_from(self.sampled).zip(self.sampled as u32..) {
            if let Some(places) = kept.worker.and_then(|worker| self.samples.get_mut(worker.index())) {
                places.push(at);
            }
        }
        self.sampled = store.processes.len();
    }

    /// The newest sample of a worker.
    pub(crate) fn last_sample<'a>(&self, store: &'a RunStore, lane: usize) -> Option<&'a ProcessSample> {
        store.processes.get(*self.samples.get(lane)?.last()? as usize)
    }

    /// CPU use of a worker in its last samples until a moment, in cores, the oldest first.
    pub(crate) fn cpu_until(&self, store: &RunStore, lane: usize, t_ns: u64, most: usize) -> Vec<f32> {
        let Some(places) = self.samples.get(lane) else { return Vec::new() };
        let sample = |place: &u32| store.processes.get(*place as usize);
        let until = places.partition_point(|place| sample(place).is_some_and(|kept| kept.t_ns <= t_ns));
        let last = &places[until.saturating_sub(most)..until];
        last.iter().filter_map(sample).map(|kept| kept.sample.cpu).collect()
    }
}

pub(crate) fn totals(store: &RunStore) -> Counts {
    let mut totals = Counts::default();
    for lane in &store.lanes {
        totals.add(lane.spans.totals());
    }
    totals
}

/// What stands left of a lane.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LaneHead {
    pub(crate) name: String,
    /// `pid 4711` or, for a thread, `tid 4711`; empty before the worker exists.
    pub(crate) who: String,
    pub(crate) state: WorkerState,
    /// For those who do not see the lane: `worker 2 lane: 16 tasks, running task 5`.
    pub(crate) accessible: String,
    pub(crate) hover: String,
}

fn state_word(state: WorkerState) -> &'static str {
    match state {
        WorkerState::Starting => "starting",
        WorkerState::Idle => "idle",
        WorkerState::Busy => "busy",
        WorkerState::Stopped => "halted",
        WorkerState::Exited => "exited",
        WorkerState::Retired => "retired",
    }
}

pub(crate) fn lane_head(store: &RunStore, at: usize, lane: &Lane) -> LaneHead {
    let name = store.lesson.name(WorkerId(at as u32));
    let row = store.workers.get(at);
    let who = who(store, row.map(|row| (row.pid, row.tid)));
    let state = row.map_or(WorkerState::Starting, |row| row.state);
    let tasks = lane.spans.len() as u64;
    let noun = if tasks == 1 { "task" } else { "tasks" };
    let mut accessible = format!("{name} lane: {} {noun}", units::count(tasks));
    if let Some(running) = lane.running {
        _ = write!(accessible, ", running {}", running.task);
    }
    if state == WorkerState::Retired {
        accessible.push_str(", retired");
    }
    let mut hover = format!("{name}: {}", state_word(state));
    for part in [who.clone(), row.map_or_else(String::new, row_words)] {
        if !part.is_empty() {
            hover.push_str(", ");
            hover.push_str(&part);
        }
    }
    LaneHead { name, who, state, accessible, hover }
}

fn row_words(row: &WorkerRow) -> String {
    let mut words = format!(
        "{} tasks ok, {} of CPU time",
        units::count(u64::from(row.tasks_ok)),
        units::duration(row.cpu_ns)
    );
    if row.restarts > 0 {
        _ = write!(words, ", replaced {} times", row.restarts);
    }
    if let Some(exit) = row.exit.filter(|_| !row.state.is_present()) {
        _ = write!(words, ", {exit}");
    }
    words
}

/// How a worker is known to the system: a process by its pid, a thread by its tid.
pub(crate) fn who(store: &RunStore, ids: Option<(u32, u32)>) -> String {
    let process = store.info.as_ref().is_none_or(|info| info.spec.backend == Backend::Processes);
    match ids {
        Some((pid, _)) if process && pid != 0 => format!("pid {pid}"),
        Some((_, tid)) if !process && tid != 0 => format!("tid {tid}"),
        _ => String::new(),
    }
}

/// Who filled the worker's place at a moment.
pub(crate) fn life_at(lane: &Lane, t_ns: u64) -> Option<&Life> {
    let after = lane.lives.partition_point(|life| life.spawned_ns <= t_ns);
    after.checked_sub(1).and_then(|at| lane.lives.get(at))
}

/// What a worker did at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Nobody filled the place.
    Absent,
    Starting,
    Idle,
    Task(TaskId),
}

impl Doing {
    pub(crate) fn at(lane: &Lane, t_ns: u64) -> Self {
        let next = lane.spans.partition_point(|_, end_ns| end_ns <= t_ns);
        if lane.spans.times(next).is_some_and(|(start_ns, _)| start_ns <= t_ns) {
            return lane.spans.get(next).map_or(Self::Idle, |span| Self::Task(span.task));
        }
        let life = life_at(lane, t_ns);
        // Who is gone runs nothing, also while the end of its task is still to be told.
        if life.is_some_and(|life| life.exited_ns.is_some_and(|exited_ns| exited_ns <= t_ns)) {
            return Self::Absent;
        }
        let born_ns = life.map_or(0, |life| life.spawned_ns);
        if let Some(open) = lane.running.filter(|open| (born_ns..=t_ns).contains(&open.start_ns)) {
            return Self::Task(open.task);
        }
        match life {
            Some(life) if life.ready_ns.is_some_and(|ready_ns| ready_ns <= t_ns) => Self::Idle,
            Some(_) => Self::Starting,
            None => Self::Absent,
        }
    }

    /// As the table of workers tells states.
    pub(crate) fn state(self) -> WorkerState {
        match self {
            Self::Absent => WorkerState::Exited,
            Self::Starting => WorkerState::Starting,
            Self::Idle => WorkerState::Idle,
            Self::Task(_) => WorkerState::Busy,
        }
    }
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("not there"),
            Self::Starting => f.write_str("starting"),
            Self::Idle => f.write_str("idle"),
            Self::Task(task) => task.fmt(f),
        }
    }
}

/// Lives that touch an interval, with their place.
pub(crate) fn visible_lives(lane: &Lane, from_ns: u64, to_ns: u64) -> impl Iterator<Item = (usize, &Life)> {
    let first = lane.lives.partition_point(|life| life.exited_ns.is_some_and(|exited| exited < from_ns));
    let last = lane.lives.partition_point(|life| life.spawned_ns <= to_ns);
    (first..last).filter_map(|at| lane.lives.get(at).map(|life| (at, life)))
}

/// The timeline for those who do not see it: `Timeline: 2 workers, 1 retired, 40 tasks shown`.
pub(crate) fn accessible_title(store: &RunStore, from_ns: u64, to_ns: u64) -> String {
    let some =
        |n: usize, noun: &str| format!("{} {noun}{}", units::count(n as u64), if n == 1 { "" } else { "s" });
    let retired = store.workers.iter().filter(|row| row.state == WorkerState::Retired).count();
    let workers = some(store.lanes.len().saturating_sub(retired), "worker");
    let gone =
        if retired > 0 { format!(", {} retired", units::count(retired as u64)) } else { String::new() };
    format!("Timeline: {workers}{gone}, {} shown", some(shown_tasks(store, from_ns, to_ns), "task"))
}

/// Ended attempts and running tasks that touch an interval, over all lanes.
fn shown_tasks(store: &RunStore, from_ns: u64, to_ns: u64) -> usize {
    let shown = |lane: &Lane| {
        lane.visible(from_ns, to_ns).len()
            + usize::from(lane.running.is_some_and(|open| open.start_ns <= to_ns))
    };
    store.lanes.iter().map(shown).sum()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{
        event::{Ended, Event, Exit, LockKind, Outcome, Usage},
        store::{LockSpan, Span, testing::*},
    };

    pub(crate) fn span(task: u32, start_ns: u64, end_ns: u64, outcome: Outcome) -> Span {
        Span {
            task: TaskId(task),
            attempt: 0,
            outcome,
            enqueued_ns: 0,
            dispatched_ns: start_ns.saturating_sub(10),
            start_ns,
            end_ns,
            received_ns: end_ns + 5,
            usage: Usage::default(),
        }
    }

    fn outcome(at: u32) -> Outcome {
        match at % 11 {
            3 => Outcome::TimedOut,
            5 => Outcome::Failed("no".into()),
            7 => Outcome::Cancelled,
            _ => Outcome::Ok,
        }
    }

    #[test]
    fn another_run_starts_the_index_anew() {
        let with_lanes = |lanes: usize, uses: u64| {
            let mut store = RunStore::default();
            store.lanes = vec![Lane::default(); lanes];
            for at in 0..uses {
                let span = LockSpan { asked_ns: at * 9, got_ns: at * 9 + 1, released_ns: at * 9 + 2 };
                store.lanes[0].locks.push(LockKind::Gil, span);
            }
            store
        };
        let mut index = TimelineIndex::default();
        index.update(&with_lanes(1, 5));
        assert_eq!((index.locks.len(), index.locks[0].seen(LockKind::Gil)), (1, 5));
        index.update(&with_lanes(2, 3));
        assert_eq!((index.locks.len(), index.locks[0].seen(LockKind::Gil)), (2, 3));
    }

    #[test]
    fn a_title_counts_as_workers_only_those_whom_the_pool_has_room_for() {
        let mut store = store([
            run_started(spec(Backend::Processes, 3, 4)),
            spawned(0, 0, 0),
            spawned(0, 1, 0),
            spawned(0, 2, 0),
            ok(5, 0, 0),
            started(6, 2, 1, 0),
        ]);
        let title = |store: &RunStore| accessible_title(store, 0, 100);
        assert_eq!(title(&store), "Timeline: 3 workers, 2 tasks shown");
        for event in [Event::Resized { t_ns: 7, workers: 1 }, exited(8, 1, Exit::Code(0), true)] {
            store.apply(event);
        }
        assert_eq!(title(&store), "Timeline: 2 workers, 1 retired, 2 tasks shown", "one has a task to end");
        for event in [ok(9, 2, 1), exited(10, 2, Exit::Code(0), true)] {
            store.apply(event);
        }
        assert_eq!(title(&store), "Timeline: 1 worker, 2 retired, 2 tasks shown");
        for event in [Event::Resized { t_ns: 11, workers: 2 }, finished(12)] {
            store.apply(event);
        }
        assert_eq!(title(&store), "Timeline: 2 workers, 1 retired, 2 tasks shown");
    }

    #[test]
    fn what_a_worker_did_is_known_for_every_moment() {
        let store = store([
            run_started(spec(Backend::Processes, 1, 4)),
            spawned(5, 0, 0),
            ready(10, 0),
            started(20, 0, 3, 0),
            ok(30, 0, 3),
            started(40, 0, 1, 0),
            exited(50, 0, Exit::Signal(9), false),
            done(Ended { start_ns: 40, ..ended(50, 0, 1, Outcome::Crashed(Exit::Signal(9))) }),
            spawned(60, 0, 1),
            ready(65, 0),
            started(70, 0, 2, 0),
        ]);
        let told = |t_ns| Doing::at(&store.lanes[0], t_ns).to_string();
        for (t_ns, expected) in [
            (0, "not there"),
            (5, "starting"),
            (10, "idle"),
            (20, "task 3"),
            (29, "task 3"),
            (30, "idle"),
            (40, "task 1"),
            (49, "task 1"),
            (50, "not there"),
            (60, "starting"),
            (65, "idle"),
            (70, "task 2"),
            (1000, "task 2"),
        ] {
            assert_eq!(told(t_ns), expected, "at {t_ns}");
        }
    }

    #[test]
    fn all_states_are_counted_in_words() {
        let mut store = RunStore::default();
        store.lanes = vec![Lane::default(); 2];
        for at in 0..8 {
            store.lanes[at as usize % 2].spans.push(span(at, 0, 1, outcome(at)));
        }
        assert_eq!(totals(&store).words(), "5 ok, 1 cancelled, 1 timed out, 1 failed");
        assert_eq!(totals(&store).total(), 8);
    }
}
