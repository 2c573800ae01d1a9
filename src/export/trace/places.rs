//! Which process and thread of the trace everything belongs to, and what these are called.

use std::{
    collections::{HashMap, HashSet},
    io,
};

use serde::Serialize;

use super::{Events, Place, TraceEvent};
use crate::{
    event::LockKind,
    ids::WorkerId,
    store::{LessonStore, RunStore},
};

/// Ids that no Linux system gives out, for what has none of its own: the limit of pids is 2^22.
const FIRST_MADE_UP: u32 = 1 << 23;

/// Processes and threads of one run. No two workers share a thread, whatever their pids and tids are said to be.
pub(super) struct Places {
    pub(super) engine_pid: u32,
    /// The engine's lane for what happens to the pool as a whole.
    pub(super) pool: Place,
    /// The engine's lane from which the arrows lead.
    pub(super) submit: Place,
    workers: Vec<WorkerPlaces>,
}

struct WorkerPlaces {
    /// From when on, and where. Never empty.
    lives: Vec<(u64, Place)>,
    /// For uses of a lock that nest in nothing, by kind; each in the process of the first life.
    locks: [Place; LockKind::ALL.len()],
    /// For what it does in a lesson.
    operations: Place,
}

#[derive(Serialize)]
struct Name<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct SortIndex {
    sort_index: u32,
}

/// Gives out threads, each to one owner.
struct Allocator {
    owners: HashMap<Place, WorkerId>,
    next: u32,
}

impl Allocator {
    fn made_up(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    /// The thread as it is said to be, unless that cannot be or somebody else has it.
    fn life(&mut self, worker: WorkerId, pid: u32, tid: u32) -> Place {
        let pid = if pid == 0 { self.made_up() } else { pid };
        let place = Place { pid, tid };
        if tid != 0 && *self.owners.entry(place).or_insert(worker) == worker {
            return place;
        }
        Place { pid, tid: self.made_up() }
    }
}

impl Places {
    pub(super) fn new(store: &RunStore) -> Self {
        let mut allocator = Allocator { owners: HashMap::new(), next: FIRST_MADE_UP };
        let engine_pid = match store.info.as_ref().map_or(0, |info| info.engine_pid) {
            0 => allocator.made_up(),
            pid => pid,
        };
        let mut workers = Vec::with_capacity(store.lanes.len());
        for (lane, worker) in store.lanes.iter().zip((0..).map(WorkerId)) {
            let mut lives: Vec<_> = lane
                .lives
                .iter()
                .map(|life| (life.spawned_ns, allocator.life(worker, life.pid, life.tid)))
                .collect();
            if lives.is_empty() {
                lives.push((0, Place { pid: engine_pid, tid: allocator.made_up() }));
            }
            let pid = lives[0].1.pid;
            let locks = LockKind::ALL.map(|_| Place { pid, tid: allocator.made_up() });
            workers.push(WorkerPlaces { lives, locks, operations: Place { pid, tid: 0 } });
        }
        let pool = Place { pid: engine_pid, tid: allocator.made_up() };
        let submit = Place { pid: engine_pid, tid: allocator.made_up() };
        for worker in &mut workers {
            worker.operations.tid = allocator.made_up();
        }
        Self { engine_pid, pool, submit, workers }
    }

    /// The worker's thread at a moment: that of the last life that had begun by then, or else of the first.
    pub(super) fn worker_at(&self, worker: usize, t_ns: u64) -> Place {
        let lives = &self.workers[worker].lives;
        let begun = lives.partition_point(|(spawned_ns, _)| *spawned_ns <= t_ns);
        lives[begun.saturating_sub(1)].1
    }

    /// The worker's thread beside its own, for uses of a lock that nest in nothing.
    pub(super) fn lock(&self, worker: usize, kind: LockKind) -> Place {
        self.workers[worker].locks[kind as usize]
    }

    /// The worker's thread beside its own, for its operations in a lesson.
    pub(super) fn operations(&self, worker: usize) -> Place {
        self.workers[worker].operations
    }

    pub(super) fn write_operations_name(
        &self,
        worker: usize,
        lesson: &LessonStore,
        events: &mut Events<'_>,
    ) -> io::Result<()> {
        let name = format!("{}, operations", lesson.name(WorkerId(worker as u32)));
        thread(events, self.operations(worker), &name, order(worker as u32) + 1)
    }

    /// Names and order of all processes and threads. Threads beside a worker's own are named where they are used.
    pub(super) fn write_names(&self, lesson: &LessonStore, events: &mut Events<'_>) -> io::Result<()> {
        process(events, self.pool, "engine", 0)?;
        thread(events, self.pool, "pool", 0)?;
        thread(events, self.submit, "submit", 1)?;
        let mut named = HashSet::from([self.engine_pid]);
        for (worker, places) in (0..).zip(&self.workers) {
            let name = lesson.name(WorkerId(worker));
            let mut before = None;
            for (_, place) in &places.lives {
                if named.insert(place.pid) {
                    process(events, *place, &name, worker + 1)?;
                }
                if before.replace(*place) != Some(*place) {
                    thread(events, *place, &name, order(worker))?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn write_lock_name(
        &self,
        worker: usize,
        kind: LockKind,
        events: &mut Events<'_>,
    ) -> io::Result<()> {
        let name = format!("{}, {}", WorkerId(worker as u32), kind.label());
        thread(events, self.lock(worker, kind), &name, order(worker as u32) + 1 + kind as u32)
    }
}

/// Room for the worker's own thread, one for each lock, and none for anybody else; behind the engine's own.
fn order(worker: u32) -> u32 {
    2 + worker * 3
}

fn process(events: &mut Events<'_>, place: Place, name: &str, sort_index: u32) -> io::Result<()> {
    events.push(&TraceEvent { args: Some(Name { name }), ..TraceEvent::new("M", "process_name", place) })?;
    let args = Some(SortIndex { sort_index });
    events.push(&TraceEvent { args, ..TraceEvent::new("M", "process_sort_index", place) })
}

fn thread(events: &mut Events<'_>, place: Place, name: &str, sort_index: u32) -> io::Result<()> {
    events.push(&TraceEvent { args: Some(Name { name }), ..TraceEvent::new("M", "thread_name", place) })?;
    let args = Some(SortIndex { sort_index });
    events.push(&TraceEvent { args, ..TraceEvent::new("M", "thread_sort_index", place) })
}
