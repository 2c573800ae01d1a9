//! Runs made for exports to write, with everything in them that could go wrong.

use poolscope::{
    event::{
        CoreLoad, Ended, Event, Exit, Host, Level, LockKind, Outcome, RunInfo, Status, Usage, WorkerSample,
    },
    ids::{CoreId, TaskId, WorkerId},
    spec::{Draft, Telemetry},
    store::RunStore,
    time::RunClock,
    workload::Value,
};

pub(super) const MS: u64 = 1_000_000;
/// What a worker might write to harm whoever opens the file.
pub(super) const HOSTILE: &str = "=cmd|' /C calc'!A0,\"<script>alert(1)</script>\r\n\t\u{1b}]&é";

pub(super) fn started(backend: &str, workers: u32, tasks: u32) -> RunStore {
    let draft = Draft {
        backend: Some(backend.into()),
        workers: Some(workers.to_string()),
        tasks: Some(tasks.to_string()),
        ..Draft::default()
    };
    let info = RunInfo {
        spec: draft.validate().expect("a valid spec"),
        host: Host {
            os: "Linux".into(),
            cpu: "test <CPU>".into(),
            cores: 4,
            usable_cores: 4.0,
            ..Host::default()
        },
        clock: RunClock { origin_ns: 7, unix_ns: 1_738_324_800_000_000_000 },
        engine_pid: 4000,
        telemetry: Telemetry::Full,
        telemetry_cost_ns: Some(370),
    };
    let mut store = RunStore::default();
    store.apply(Event::RunStarted(Box::new(info)));
    store
}

pub(super) fn spawn(store: &mut RunStore, t_ns: u64, worker: u32, restart: u32) {
    let pid = 4001 + worker + 100 * restart;
    let worker = WorkerId(worker);
    store.apply(Event::WorkerSpawned { t_ns, worker, pid, tid: pid, restart });
    store.apply(Event::WorkerReady { t_ns: t_ns + 4 * MS, worker });
}

pub(super) fn ended(worker: u32, task: u32, (start_ns, end_ns): (u64, u64), outcome: Outcome) -> Ended {
    let run_ns = end_ns - start_ns;
    let usage = Usage {
        cpu_ns: Some(run_ns / 4 * 3),
        core_wait_ns: Some(run_ns / 10),
        first_core: Some(CoreId(worker % 4)),
        last_core: Some(CoreId(task % 4)),
        bytes_in: 100,
        bytes_out: 8,
        ..Usage::default()
    };
    Ended {
        enqueued_ns: u64::from(task) * 10,
        dispatched_ns: start_ns.saturating_sub(1000),
        start_ns,
        t_ns: end_ns,
        received_ns: end_ns + 1000,
        worker: WorkerId(worker),
        task: TaskId(task),
        attempt: 0,
        value: if outcome == Outcome::Ok { Value::Number(u64::from(task)) } else { Value::Unit },
        outcome,
        last: true,
        usage,
    }
}

pub(super) fn add_samples(store: &mut RunStore, t_ns: u64, (queued, done): (u32, u32)) {
    let wave = |at: u64| ((t_ns / (60 * MS) + at * 3) % 10) as f32 / 14.0;
    let loads = (0..4).map(|core| CoreLoad {
        user: wave(core),
        system: 0.2 - wave(core) * 0.1,
        ..CoreLoad::default()
    });
    store.apply(Event::Cores { t_ns, loads: loads.collect() });
    store.apply(Event::Queue { t_ns, queued, in_flight: 8.min(queued), done });
    let sample = WorkerSample { cpu: 0.75, rss_bytes: 6_000_000, state: 'R', ..WorkerSample::default() };
    store.apply(Event::Engine { t_ns, sample });
    store.apply(Event::Worker { t_ns, worker: WorkerId(0), sample });
}

/// Some hundred tasks on four processes, with every way to end, a death, a pause, a resize, locks and hostile text.
pub(super) fn eventful() -> RunStore {
    let mut store = started("processes", 4, 200);
    for worker in 0..4 {
        spawn(&mut store, MS * u64::from(worker), worker, 0);
    }
    store.apply(Event::PoolReady { t_ns: 8 * MS });
    let mut free_ns = [10 * MS, 11 * MS, 12 * MS, 13 * MS];
    for task in 0..200_u32 {
        let worker = task % 4;
        let at = worker as usize;
        let from = free_ns[at] + MS / 5;
        let to = from + 4 * MS + u64::from(task * 7919 % 13) * MS;
        free_ns[at] = to;
        let outcome = match task {
            17 | 90 => Outcome::Failed(HOSTILE.into()),
            60 => Outcome::TimedOut,
            101 => Outcome::Crashed(Exit::Signal(11)),
            150 => Outcome::Cancelled,
            _ => Outcome::Ok,
        };
        let crashed = matches!(outcome, Outcome::Crashed(_));
        let (id, task_id) = (WorkerId(worker), TaskId(task));
        if worker == 2 {
            store.apply(Event::Started {
                t_ns: from,
                worker: id,
                task: task_id,
                attempt: 0,
                enqueued_ns: u64::from(task) * 10,
                dispatched_ns: from - 1000,
            });
            let lock = LockKind::Shared;
            store.apply(Event::Lock {
                worker: id,
                task: task_id,
                lock,
                asked_ns: from + MS,
                got_ns: from + 2 * MS,
                released_ns: from + 3 * MS,
            });
        }
        store.apply(Event::Ended(ended(worker, task, (from, to), outcome)));
        if crashed {
            store.apply(Event::WorkerExited {
                t_ns: to,
                worker: id,
                exit: Exit::Signal(11),
                expected: false,
            });
            spawn(&mut store, to + MS, worker, 1);
            free_ns[at] = to + 6 * MS;
        }
        if task % 10 == 0 {
            add_samples(&mut store, to, (200 - task, task));
            store.apply(Event::Log { t_ns: to, worker: Some(id), level: Level::Info, text: HOSTILE.into() });
        }
        match task {
            120 => store.apply(Event::Paused { t_ns: to }),
            124 => store.apply(Event::Resumed { t_ns: to }),
            160 => store.apply(Event::Resized { t_ns: to, workers: 5 }),
            _ => {}
        }
    }
    let t_ns = free_ns.iter().max().expect("four") + MS;
    store.apply(Event::RunEnded { t_ns, status: Status::Finished, reason: None });
    store
}
