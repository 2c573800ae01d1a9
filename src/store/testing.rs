//! Runs for tests: exact ones event by event, and seeded random ones.

use super::RunStore;
use crate::{
    event::{
        CoreLoad, Ended, Event, Exit, Host, Level, LockKind, Outcome, RunInfo, Status, Usage, WorkerSample,
    },
    ids::{TaskId, WorkerId},
    spec::{Backend, Chunk, Kind, Lengths, Prefetch, QueueBound, Spec, Telemetry, Transport},
    time::RunClock,
    workload::{Value, mix},
};

pub(crate) const ENGINE_PID: u32 = 100;

pub(crate) fn spec(backend: Backend, workers: u32, tasks: u32) -> Spec {
    Spec {
        backend,
        workers,
        workload: Kind::Square,
        lesson: None,
        tasks,
        size: 1,
        params: Vec::new(),
        lengths: Lengths::Fixed,
        chunk: Chunk::Fixed(1),
        queue: QueueBound::Unbounded,
        prefetch: Prefetch::Fixed(1),
        timeout: None,
        retries: 2,
        seed: 1,
        faults: Vec::new(),
        telemetry: Telemetry::Full,
        transport: Transport::Ring,
    }
}

pub(crate) fn run_started(spec: Spec) -> Event {
    // 2025-01-31 12:00:00 UTC.
    let clock = RunClock { origin_ns: 7, unix_ns: 1_738_324_800_000_000_000 };
    let host = Host { os: "test".to_owned(), cores: 2, usable_cores: 2.0, ..Host::default() };
    Event::RunStarted(Box::new(RunInfo {
        spec,
        host,
        clock,
        engine_pid: ENGINE_PID,
        telemetry: Telemetry::Full,
        telemetry_cost_ns: Some(370),
    }))
}

pub(crate) fn spawned(t_ns: u64, worker: u32, restart: u32) -> Event {
    let pid = 1000 + worker + 100 * restart;
    Event::WorkerSpawned { t_ns, worker: WorkerId(worker), pid, tid: pid, restart }
}

pub(crate) fn ready(t_ns: u64, worker: u32) -> Event {
    Event::WorkerReady { t_ns, worker: WorkerId(worker) }
}

/// An attempt that was enqueued at 0 and dispatched when it began.
pub(crate) fn started(t_ns: u64, worker: u32, task: u32, attempt: u32) -> Event {
    Event::Started {
        t_ns,
        worker: WorkerId(worker),
        task: TaskId(task),
        attempt,
        enqueued_ns: 0,
        dispatched_ns: t_ns,
    }
}

/// The last attempt of a task, received when it ended, with the value that `square` gives.
pub(crate) fn ended(t_ns: u64, worker: u32, task: u32, outcome: Outcome) -> Ended {
    let value = if outcome == Outcome::Ok { Value::Number(u64::from(task + 1).pow(2)) } else { Value::Unit };
    Ended {
        enqueued_ns: t_ns,
        dispatched_ns: t_ns,
        start_ns: t_ns,
        t_ns,
        received_ns: t_ns,
        worker: WorkerId(worker),
        task: TaskId(task),
        attempt: 0,
        outcome,
        last: true,
        usage: Usage::default(),
        value,
    }
}

pub(crate) fn done(ended: Ended) -> Event {
    Event::Ended(ended)
}

pub(crate) fn ok(t_ns: u64, worker: u32, task: u32) -> Event {
    done(ended(t_ns, worker, task, Outcome::Ok))
}

pub(crate) fn exited(t_ns: u64, worker: u32, exit: Exit, expected: bool) -> Event {
    Event::WorkerExited { t_ns, worker: WorkerId(worker), exit, expected }
}

pub(crate) fn sampled(t_ns: u64, worker: u32, state: char, cpu_ns: u64) -> Event {
    let sample = WorkerSample { cpu_ns, rss_bytes: 1000, state, ..WorkerSample::default() };
    Event::Worker { t_ns, worker: WorkerId(worker), sample }
}

/// A use of a lock: when it was asked for, got and released.
pub(crate) fn locked(worker: u32, task: u32, lock: LockKind, times: [u64; 3]) -> Event {
    let [asked_ns, got_ns, released_ns] = times;
    Event::Lock { worker: WorkerId(worker), task: TaskId(task), lock, asked_ns, got_ns, released_ns }
}

pub(crate) fn finished(t_ns: u64) -> Event {
    Event::RunEnded { t_ns, status: Status::Finished, reason: None }
}

pub(crate) fn store(events: impl IntoIterator<Item = Event>) -> RunStore {
    let mut store = RunStore::default();
    for event in events {
        store.apply(event);
    }
    store
}

/// A small seeded generator, so that a failing run can be repeated by its seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// 0 to `limit - 1`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(crate) fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }
}

/// A whole run as an engine would tell it, with crashes, retries, locks, pauses, resizes and samples.
pub(crate) fn random_run(seed: u64) -> Vec<Event> {
    let mut random = Random::new(seed);
    let workers = 1 + random.below(5) as u32;
    let tasks = 1 + random.below(40) as u32;
    let backend = Backend::ALL[random.below(Backend::ALL.len() as u64) as usize];
    let mut timed: Vec<(u64, Event)> = vec![(0, run_started(spec(backend, workers, tasks)))];
    let mut free_ns = Vec::new();
    let mut lives = vec![0; workers as usize];
    for worker in 0..workers {
        let born_ns = random.below(50);
        let ready_ns = born_ns + random.below(200);
        timed.push((born_ns, spawned(born_ns, worker, 0)));
        timed.push((ready_ns, ready(ready_ns, worker)));
        free_ns.push(ready_ns);
    }
    let ready_ns = free_ns.iter().copied().max().unwrap_or(0);
    timed.push((ready_ns, Event::PoolReady { t_ns: ready_ns }));
    for task in 0..tasks {
        let mut attempt = 0;
        while let Some(next) =
            random_attempt(&mut random, &mut timed, &mut free_ns, &mut lives, (task, attempt))
        {
            attempt = next;
        }
    }
    let end_ns = free_ns.iter().copied().max().unwrap_or(0) + 10;
    add_noise(&mut random, &mut timed, workers, end_ns);
    timed.push((end_ns + 10, finished(end_ns + 10)));
    timed.sort_by_key(|entry| entry.0);
    timed.into_iter().map(|entry| entry.1).collect()
}

/// One attempt on whoever is free first; the number of the next attempt where one follows.
fn random_attempt(
    random: &mut Random,
    timed: &mut Vec<(u64, Event)>,
    free_ns: &mut [u64],
    lives: &mut [u32],
    (task, attempt): (u32, u32),
) -> Option<u32> {
    let at = (0..free_ns.len()).min_by_key(|&at| free_ns[at])?;
    let worker = WorkerId(at as u32);
    let enqueued_ns = if attempt == 0 { 0 } else { free_ns[at] };
    let dispatched_ns = free_ns[at] + random.below(20);
    let start_ns = dispatched_ns + random.below(20);
    let end_ns = start_ns + random.below(500);
    let received_ns = end_ns + random.below(20);
    let outcome = match random.below(8) {
        0 => Outcome::Failed("oh".into()),
        1 => Outcome::Crashed(Exit::Signal(9)),
        2 => Outcome::TimedOut,
        _ => Outcome::Ok,
    };
    let retry = outcome != Outcome::Ok && attempt < 2;
    let measured = random.chance(2);
    let usage = Usage {
        cpu_ns: measured.then(|| random.below(600)),
        core_wait_ns: measured.then(|| random.below(300)),
        ..Usage::default()
    };
    let task_id = TaskId(task);
    timed.push((
        start_ns,
        Event::Started { t_ns: start_ns, worker, task: task_id, attempt, enqueued_ns, dispatched_ns },
    ));
    add_locks(random, timed, (worker.0, task), (start_ns, end_ns));
    let crashed = matches!(outcome, Outcome::Crashed(_));
    let mut end = ended(end_ns, worker.0, task, outcome);
    (end.attempt, end.received_ns, end.last, end.usage) = (attempt, received_ns, !retry, usage);
    timed.push((received_ns, done(end)));
    free_ns[at] = received_ns;
    if crashed {
        let again_ns = received_ns + random.below(100);
        lives[at] += 1;
        timed.push((received_ns, exited(received_ns, worker.0, Exit::Signal(9), false)));
        timed.push((received_ns, spawned(received_ns, worker.0, lives[at])));
        timed.push((again_ns, ready(again_ns, worker.0)));
        free_ns[at] = again_ns;
    }
    retry.then_some(attempt + 1)
}

/// Some uses of both locks within one attempt; those of one kind follow one another.
fn add_locks(
    random: &mut Random,
    timed: &mut Vec<(u64, Event)>,
    (worker, task): (u32, u32),
    (start_ns, end_ns): (u64, u64),
) {
    for kind in LockKind::ALL {
        let mut asked_ns = start_ns;
        while !random.chance(3) {
            asked_ns += random.below(40);
            let got_ns = asked_ns + random.below(60);
            let released_ns = got_ns + random.below(60);
            if released_ns > end_ns {
                break;
            }
            timed.push((released_ns, locked(worker, task, kind, [asked_ns, got_ns, released_ns])));
            asked_ns = released_ns;
        }
    }
}

fn add_noise(random: &mut Random, timed: &mut Vec<(u64, Event)>, workers: u32, end_ns: u64) {
    for _ in 0..20 {
        let t_ns = random.below(end_ns);
        let worker = random.below(u64::from(workers)) as u32;
        let event = match random.below(7) {
            0 => Event::Paused { t_ns },
            1 => Event::Resumed { t_ns },
            6 => Event::Resized { t_ns, workers: 1 + random.below(8) as u32 },
            2 => Event::Cores { t_ns, loads: vec![CoreLoad::default(); 2] },
            3 => Event::Queue { t_ns, queued: 1, in_flight: 1, done: 1 },
            4 => Event::Log { t_ns, worker: None, level: Level::Info, text: "line".to_owned() },
            _ => sampled(t_ns, worker, if random.chance(3) { 'T' } else { 'R' }, t_ns / 2),
        };
        timed.push((t_ns, event));
    }
}

/// The same events with some dropped, doubled, moved, or of workers and tasks that the run does not have.
pub(crate) fn mangled(seed: u64) -> Vec<Event> {
    let mut random = Random::new(seed);
    let mut events = Vec::new();
    for event in random_run(seed) {
        match random.below(10) {
            0 => {}
            1 => events.extend([event.clone(), event]),
            2 => {
                let at = random.below(events.len() as u64 + 1) as usize;
                events.insert(at, event);
            }
            3 => events.extend([event, stray(&mut random)]),
            _ => events.push(event),
        }
    }
    events
}

fn stray(random: &mut Random) -> Event {
    let t_ns = if random.chance(4) { u64::MAX } else { random.below(10_000) };
    let worker = if random.chance(4) { u32::MAX } else { random.below(8) as u32 };
    match random.below(7) {
        0 => exited(t_ns, worker, Exit::Code(1), random.chance(2)),
        1 => done(Ended { value: Value::Unit, ..ended(t_ns, worker, random.below(60) as u32, Outcome::Ok) }),
        2 => started(t_ns, worker, random.below(60) as u32, random.below(4) as u32),
        3 => spawned(t_ns, worker.min(9), random.below(3) as u32),
        4 => sampled(t_ns, worker, 'T', u64::MAX),
        5 => {
            let times = [random.below(10_000), random.below(10_000), t_ns];
            locked(worker, random.below(60) as u32, LockKind::ALL[random.below(2) as usize], times)
        }
        _ => Event::Stopping { t_ns },
    }
}

/// Both runs look the same to every viewer.
pub(crate) fn assert_same(left: &RunStore, right: &RunStore, what: &str) {
    // A field that is added must be compared too.
    let RunStore {
        info,
        phase,
        reason,
        now_ns,
        ready_ns,
        sizes,
        last_end_ns,
        tally,
        checksum,
        lanes,
        workers,
        cores,
        queue,
        log,
        values,
        engine,
        engine_max_rss_bytes,
        pauses,
        processes,
        lesson,
        books: _,
    } = left;
    assert_eq!(log.iter().collect::<Vec<_>>(), right.log.iter().collect::<Vec<_>>(), "{what}: log");
    assert_eq!((info, phase, reason), (&right.info, &right.phase, &right.reason), "{what}");
    assert_eq!((now_ns, ready_ns, sizes), (&right.now_ns, &right.ready_ns, &right.sizes), "{what}");
    assert_eq!((last_end_ns, tally), (&right.last_end_ns, &right.tally), "{what}");
    assert_eq!((checksum, pauses), (&right.checksum, &right.pauses), "{what}");
    assert_eq!(workers, &right.workers, "{what}: workers");
    assert_eq!(cores.iter().collect::<Vec<_>>(), right.cores.iter().collect::<Vec<_>>(), "{what}: cores");
    assert_eq!(queue.iter().collect::<Vec<_>>(), right.queue.iter().collect::<Vec<_>>(), "{what}: queue");
    assert_eq!(values.iter().collect::<Vec<_>>(), right.values.iter().collect::<Vec<_>>(), "{what}: values");
    assert_eq!((engine, engine_max_rss_bytes), (&right.engine, &right.engine_max_rss_bytes), "{what}");
    assert_eq!(
        processes.iter().collect::<Vec<_>>(),
        right.processes.iter().collect::<Vec<_>>(),
        "{what}: processes"
    );
    let told: Vec<_> = lesson.told().collect();
    assert_eq!(told, right.lesson.told().collect::<Vec<_>>(), "{what}: lesson");
    assert_eq!(lanes.len(), right.lanes.len(), "{what}: lanes");
    for (at, (lane, other)) in lanes.iter().zip(&right.lanes).enumerate() {
        let crate::store::Lane { spans, running, lives, locks } = lane;
        let found: Vec<_> = other.spans.iter().collect();
        assert_eq!(spans.iter().collect::<Vec<_>>(), found, "{what}: spans of lane {at}");
        assert_eq!((running, lives), (&other.running, &other.lives), "{what}: lane {at}");
        for kind in LockKind::ALL {
            let found: Vec<_> = other.locks.of(kind).iter().collect();
            assert_eq!(locks.of(kind).iter().collect::<Vec<_>>(), found, "{what}: locks of lane {at}");
        }
    }
}
