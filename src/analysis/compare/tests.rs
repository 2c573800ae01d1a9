use super::{
    metrics::{METRICS, TIMES, peak_memory_bytes},
    *,
};
use crate::{
    event::{Ended, Event, LockKind, Outcome, Usage, WorkerSample},
    ids::WorkerId,
    store::{LockSpan, testing::*},
    time::NS_PER_MS,
};

struct Numbers {
    ready_ms: u64,
    task_ms: u64,
    cpu_ms: u64,
    engine_mb: u64,
    worker_mb: u64,
    switches: Option<u32>,
}

/// One worker and two tasks of the given length.
fn run(backend: Backend, numbers: &Numbers) -> RunStore {
    let ready_ns = numbers.ready_ms * NS_PER_MS;
    let task_ns = numbers.task_ms * NS_PER_MS;
    let mut store = store([
        run_started(spec(backend, 1, 2)),
        spawned(0, 0, 0),
        ready(ready_ns, 0),
        Event::PoolReady { t_ns: ready_ns },
    ]);
    let memory = |mb: u64| WorkerSample {
        rss_bytes: mb * 2_000_000,
        pss_bytes: Some(mb * 1_000_000),
        ..WorkerSample::default()
    };
    let engine = WorkerSample { rss_bytes: numbers.engine_mb * 1_000_000, ..WorkerSample::default() };
    store.apply(Event::Engine { t_ns: 1, sample: engine });
    store.apply(Event::Worker { t_ns: 1, worker: WorkerId(0), sample: memory(numbers.worker_mb) });
    for task in 0..2 {
        let start_ns = ready_ns + u64::from(task) * task_ns;
        let usage = Usage {
            cpu_ns: Some(numbers.cpu_ms * NS_PER_MS),
            voluntary_switches: numbers.switches,
            involuntary_switches: numbers.switches.map(|n| n / 2),
            ..Usage::default()
        };
        store.apply(started(start_ns, 0, task, 0));
        store.apply(done(Ended { usage, ..ended(start_ns + task_ns, 0, task, Outcome::Ok) }));
    }
    store.apply(finished(ready_ns + 3 * task_ns));
    store
}

const THREADS: Numbers =
    Numbers { ready_ms: 2, task_ms: 99, cpu_ms: 50, engine_mb: 10, worker_mb: 4, switches: Some(4) };
const PROCESSES: Numbers =
    Numbers { ready_ms: 40, task_ms: 30, cpu_ms: 100, engine_mb: 8, worker_mb: 42, switches: Some(20) };

#[test]
fn differences_are_sentences_with_the_backends_names() {
    let comparison = Comparison::new(&run(Backend::Threads, &THREADS), &run(Backend::Processes, &PROCESSES));
    let rows: Vec<_> =
        comparison.rows.iter().map(|row| [row.name, &row.a, &row.b, &row.difference].join(" | ")).collect();
    assert_eq!(
        rows,
        [
            "wall time | 200 ms | 100 ms | processes finished 2.0× sooner",
            "time until ready | 2.00 ms | 40.0 ms | processes took 38.0 ms longer to start",
            "CPU time | 100 ms | 200 ms | processes used 2.0× the CPU time",
            "peak memory | 10.0 MB | 50.0 MB | processes used 40.0 MB more memory",
            "throughput | 10.0 tasks/s | 20.0 tasks/s | processes did 2.0× as many tasks a second",
            "median task | 99.0 ms | 30.0 ms | a typical task took 3.3× as long with threads",
            "p95 task | 99.0 ms | 30.0 ms | slow tasks took 3.3× as long with threads",
            "context switches | 12 | 60 | processes switched 5.0× as often",
        ]
    );
    assert_eq!(comparison.rows[0].exact_a, "200\u{202f}000\u{202f}000 ns");
    assert_eq!(comparison.rows[3].exact_b, "50\u{202f}000\u{202f}000 bytes");
    assert!(comparison.warnings.is_empty(), "{:?}", comparison.warnings);
}

#[test]
fn equal_backends_are_a_and_b_and_near_values_about_the_same() {
    let near = Numbers { task_ms: 100, switches: None, ..THREADS };
    let comparison = Comparison::new(&run(Backend::Threads, &THREADS), &run(Backend::Threads, &near));
    assert_eq!(comparison.names, ["A", "B"]);
    assert_eq!(comparison.rows[0].difference, "about the same");
    assert_eq!(comparison.rows[7].difference, "not measured");
    assert_eq!((&*comparison.rows[7].a, &*comparison.rows[7].b), ("12", "not measured"));
    let slow = Numbers { task_ms: 107, switches: Some(0), ..THREADS };
    let comparison = Comparison::new(&run(Backend::Threads, &slow), &run(Backend::Threads, &THREADS));
    assert_eq!(comparison.rows[0].difference, "B finished 1.08× sooner");
    assert_eq!(comparison.rows[7].difference, "none with A");
}

#[test]
fn a_simulation_is_named_and_its_waits_are_compared() {
    let mut gil = run(Backend::Gil, &THREADS);
    let comparison = Comparison::new(&gil, &run(Backend::Threads, &THREADS));
    assert_eq!((&*comparison.names[0], comparison.rows.len()), ("gil (simulated)", METRICS.len()));
    assert_eq!(comparison.warnings, ["gil is a simulation of CPython's global interpreter lock"]);
    let times = LockSpan { asked_ns: 0, got_ns: 7 * NS_PER_MS, released_ns: 9 * NS_PER_MS };
    gil.lanes[0].locks.push(LockKind::Gil, times);
    let rows = Comparison::new(&gil, &run(Backend::Threads, &THREADS)).rows;
    let row = rows.get(TIMES).map(|row| [row.name, &row.a, &row.b, &row.difference]);
    assert_eq!(row, Some(["waiting for locks", "7.00 ms", "0 ns", "none with threads"]));
}

#[test]
fn memory_of_processes_without_pss_adds_their_rss() {
    let mut store = run(Backend::Processes, &PROCESSES);
    store.workers[0].max_pss_bytes = None;
    assert_eq!(peak_memory_bytes(&store), Some(8e6 + 84e6));
    store.workers[0].max_rss_bytes = 0;
    assert_eq!(peak_memory_bytes(&store), None);
}

#[test]
fn other_results_from_the_same_work_are_a_warning() {
    let (a, mut b) = (run(Backend::Threads, &THREADS), run(Backend::Processes, &PROCESSES));
    b.checksum ^= 1;
    assert_eq!(Comparison::new(&a, &b).warnings, ["results differ: the same work gave other values"]);
    let mut other = spec(Backend::Processes, 1, 2);
    other.seed = 99;
    let c = store([run_started(other), ok(1, 0, 0), ok(2, 0, 1), finished(3)]);
    assert_eq!(Comparison::new(&a, &c).warnings, ["the runs did different work"]);
}

#[test]
fn a_pool_that_did_not_keep_its_size_is_named() {
    let mut b = store([run_started(spec(Backend::Processes, 1, 2)), ok(1, 0, 0)]);
    for event in [Event::Resized { t_ns: 2, workers: 3 }, ok(3, 0, 1), finished(4)] {
        b.apply(event);
    }
    let warnings = Comparison::new(&run(Backend::Threads, &THREADS), &b).warnings;
    let wanted = "the pool of processes was resized to 3: its numbers are of no one size".to_owned();
    assert!(warnings.contains(&wanted), "{warnings:?}");
}

#[test]
fn runs_that_did_not_finish_are_named() {
    let a = run(Backend::Threads, &THREADS);
    let mut b = store([run_started(spec(Backend::Processes, 1, 2)), ok(1, 0, 0)]);
    b.lost(5, None, "gone".to_owned());
    let comparison = Comparison::new(&a, &b);
    assert_eq!(comparison.warnings, ["processes did not finish: its numbers cover only a part of the work"]);
    let wall = comparison.rows.iter().find(|row| row.name == "wall time").unwrap();
    assert!(!wall.difference.contains("sooner"), "a lost run is no winner: {}", wall.difference);
    let never = Comparison::new(&a, &RunStore::default());
    assert!(never.rows.iter().all(|row| row.difference == "not measured"));
}

#[test]
fn what_was_set_otherwise_is_listed_and_other_machines_are_warned_of() {
    let a = store([run_started(spec(Backend::Threads, 2, 4)), ok(5, 0, 0), finished(6)]);
    let mut event = run_started(spec(Backend::Processes, 3, 4));
    if let Event::RunStarted(info) = &mut event {
        info.host.usable_cores = 7.5;
    }
    let b = store([event, ok(5, 0, 0), finished(6)]);
    let comparison = Comparison::new(&a, &b);
    let settings: Vec<String> =
        comparison.settings.iter().map(|(name, [a, b])| format!("{name}: {a}, {b}")).collect();
    assert_eq!(settings, ["backend: threads, processes", "workers: 2, 3"]);
    assert!(
        comparison.warnings.iter().any(|text| text.contains("different machines") && text.contains("7.5"))
    );
    let same = Comparison::new(&a, &a);
    assert!(same.settings.is_empty() && !same.warnings.iter().any(|text| text.contains("machines")));
}
