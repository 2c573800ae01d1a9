//! Two runs side by side: the same few numbers of each, and the difference in words.

use serde::Serialize;

use super::{Distribution, LocksReport, report::throughput};
use crate::{
    event::{Outcome, Status},
    spec::{Backend, Spec},
    store::{Phase, RunStore, Span, resized_words},
    units,
};

/// Values that differ by no more than this share of the larger one are about the same.
const SAME: f64 = 0.02;
const NOT_MEASURED: &str = "not measured";

/// Two runs compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What the runs are called in sentences: their backends, or `A` and `B` where those are alike.
    pub names: [String; 2],
    pub rows: Vec<Row>,
    /// What makes the comparison doubtful.
    pub warnings: Vec<String>,
}

/// One quantity of both runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    pub name: &'static str,
    pub a: String,
    pub b: String,
    /// The same without rounding.
    pub exact_a: String,
    pub exact_b: String,
    /// For example `processes took 38.0 ms longer to start`.
    pub difference: String,
}

impl Comparison {
    pub fn new(a: &RunStore, b: &RunStore) -> Self {
        let names = names(a, b);
        let locks = [a, b].into_iter().any(|store| LocksReport::new(store).is_some());
        let (times, others) = METRICS.split_at(TIMES);
        let metrics = times.iter().chain(locks.then_some(&LOCKS)).chain(others);
        let rows = metrics.map(|metric| metric.row(a, b, &names)).collect();
        let warnings = warnings(a, b, &names);
        Self { names, rows, warnings }
    }
}

fn names(a: &RunStore, b: &RunStore) -> [String; 2] {
    let backend = |store: &RunStore| store.info.as_ref().map(|info| info.spec.backend);
    match (backend(a), backend(b)) {
        (Some(of_a), Some(of_b)) if of_a != of_b => [of_a, of_b].map(|backend| backend.label().to_owned()),
        _ => ["A".to_owned(), "B".to_owned()],
    }
}

fn warnings(a: &RunStore, b: &RunStore, names: &[String; 2]) -> Vec<String> {
    let mut warnings = Vec::new();
    for (store, name) in [a, b].into_iter().zip(names) {
        if store.phase != Phase::Ended(Status::Finished) {
            warnings.push(format!("{name} did not finish: its numbers cover only a part of the work"));
        } else if !store.tally.all_ok() {
            warnings.push(format!("not all tasks of {name} ended ok"));
        }
        if let Some(words) = resized_words(store.resizes().iter().map(|size| size.1)) {
            warnings.push(format!("the pool of {name} was {words}: its numbers are of no one size"));
        }
    }
    let backends = [a, b].map(|store| store.info.as_ref().map(|info| info.spec.backend));
    let simulation = backends.into_iter().flatten().find_map(Backend::simulation);
    warnings.extend(simulation.map(str::to_owned));
    let (Some(info_a), Some(info_b)) = (&a.info, &b.info) else { return warnings };
    let whole = |store: &RunStore| store.phase == Phase::Ended(Status::Finished) && store.tally.all_ok();
    if !same_work(&info_a.spec, &info_b.spec) {
        warnings.push("the runs did different work".to_owned());
    } else if whole(a) && whole(b) && a.checksum != b.checksum {
        warnings.push("results differ: the same work gave other values".to_owned());
    }
    warnings
}

/// Whether two specs must give the same results: all that goes into a task's value is alike.
fn same_work(a: &Spec, b: &Spec) -> bool {
    (a.workload, a.tasks, a.size, a.seed) == (b.workload, b.tasks, b.size, b.seed)
        && a.params == b.params
        && a.lengths == b.lengths
}

#[derive(Clone, Copy)]
enum Unit {
    Ns,
    Bytes,
    TasksPerSecond,
    Count,
}

impl Unit {
    fn human(self, value: f64) -> String {
        match self {
            Self::Ns => units::duration(value as u64),
            Self::Bytes => units::bytes(value as u64),
            Self::TasksPerSecond => units::rate_of(value, "tasks"),
            Self::Count => units::count(value as u64),
        }
    }

    fn exact(self, value: f64) -> String {
        match self {
            Self::Ns => format!("{} ns", units::count(value as u64)),
            Self::Bytes => format!("{} bytes", units::count(value as u64)),
            Self::TasksPerSecond => format!("{value:.3} tasks/s"),
            Self::Count => units::count(value as u64),
        }
    }
}

/// Two values that differ, the smaller first, each with the name of its run.
struct Pair<'a> {
    unit: Unit,
    low: f64,
    high: f64,
    low_name: &'a str,
    high_name: &'a str,
}

impl Pair<'_> {
    fn more(&self) -> String {
        self.unit.human(self.high - self.low)
    }

    /// `1.9×`, with more digits where they matter.
    fn times(&self) -> String {
        let ratio = self.high / self.low;
        match ratio {
            ..1.095 => format!("{ratio:.2}×"),
            ..9.95 => format!("{ratio:.1}×"),
            _ => format!("{ratio:.0}×"),
        }
    }
}

struct Metric {
    name: &'static str,
    unit: Unit,
    /// It sums over the whole work: of a run that did a part of it, it tells nothing about who is faster.
    of_whole_work: bool,
    /// `None` where it was not measured.
    value: fn(&RunStore) -> Option<f64>,
    words: fn(&Pair<'_>) -> String,
}

const METRICS: [Metric; 8] = [
    Metric {
        name: "wall time",
        unit: Unit::Ns,
        of_whole_work: true,
        value: |store| positive(store.last_end_ns),
        words: |pair| format!("{} finished {} sooner", pair.low_name, pair.times()),
    },
    Metric {
        name: "time until ready",
        unit: Unit::Ns,
        of_whole_work: false,
        value: |store| store.ready_ns.map(|ns| ns as f64),
        words: |pair| format!("{} took {} longer to start", pair.high_name, pair.more()),
    },
    Metric {
        name: "CPU time",
        unit: Unit::Ns,
        of_whole_work: true,
        value: |store| positive(sum(store.workers.iter().map(|row| row.cpu_ns))),
        words: |pair| format!("{} used {} the CPU time", pair.high_name, pair.times()),
    },
    Metric {
        name: "peak memory",
        unit: Unit::Bytes,
        of_whole_work: false,
        value: peak_memory_bytes,
        words: |pair| format!("{} used {} more memory", pair.high_name, pair.more()),
    },
    Metric {
        name: "throughput",
        unit: Unit::TasksPerSecond,
        of_whole_work: true,
        value: throughput,
        words: |pair| format!("{} did {} as many tasks a second", pair.high_name, pair.times()),
    },
    Metric {
        name: "median task",
        unit: Unit::Ns,
        of_whole_work: true,
        value: |store| task_ns(store).map(|spread| spread.median as f64),
        words: |pair| format!("a typical task took {} as long with {}", pair.times(), pair.high_name),
    },
    Metric {
        name: "p95 task",
        unit: Unit::Ns,
        of_whole_work: true,
        value: |store| task_ns(store).map(|spread| spread.p95 as f64),
        words: |pair| format!("slow tasks took {} as long with {}", pair.times(), pair.high_name),
    },
    Metric {
        name: "context switches",
        unit: Unit::Count,
        of_whole_work: true,
        value: context_switches,
        words: |pair| format!("{} switched {} as often", pair.high_name, pair.times()),
    },
];

/// The first of [`METRICS`] say where the time went.
const TIMES: usize = 3;
/// Told after them, where at least one of the runs used a lock.
const LOCKS: Metric = Metric {
    name: "waiting for locks",
    unit: Unit::Ns,
    of_whole_work: true,
    value: |store| Some(LocksReport::new(store).map_or(0.0, |locks| locks.waited_ns() as f64)),
    words: |pair| format!("{} waited {} more for locks", pair.high_name, pair.more()),
};

impl Metric {
    fn row(&self, a: &RunStore, b: &RunStore, names: &[String; 2]) -> Row {
        let (value_a, value_b) = ((self.value)(a), (self.value)(b));
        let human =
            |value: Option<f64>| value.map_or(NOT_MEASURED.to_owned(), |value| self.unit.human(value));
        let exact =
            |value: Option<f64>| value.map_or(NOT_MEASURED.to_owned(), |value| self.unit.exact(value));
        Row {
            name: self.name,
            a: human(value_a),
            b: human(value_b),
            exact_a: exact(value_a),
            exact_b: exact(value_b),
            difference: match unfinished(a, b, names) {
                Some(words) if self.of_whole_work && value_a.is_some() && value_b.is_some() => words,
                _ => self.difference(value_a, value_b, names),
            },
        }
    }

    fn difference(&self, a: Option<f64>, b: Option<f64>, names: &[String; 2]) -> String {
        let (Some(a), Some(b)) = (a, b) else { return NOT_MEASURED.to_owned() };
        let (low, high, low_name, high_name) =
            if a <= b { (a, b, &names[0], &names[1]) } else { (b, a, &names[1], &names[0]) };
        if high - low <= high * SAME {
            return "about the same".to_owned();
        }
        if low == 0.0 {
            return format!("none with {low_name}");
        }
        (self.words)(&Pair { unit: self.unit, low, high, low_name, high_name })
    }
}

fn positive(value: u64) -> Option<f64> {
    (value > 0).then_some(value as f64)
}

fn sum(values: impl Iterator<Item = u64>) -> u64 {
    values.fold(0, u64::saturating_add)
}

fn task_ns(store: &RunStore) -> Option<Distribution> {
    let ok = store.spans().map(|(_, span)| span).filter(|span| span.outcome == Outcome::Ok);
    Distribution::of(ok.map(Span::run_ns))
}

/// The memory that the run needed. For serial runs and threads, the most resident memory of the engine, which holds
/// everything. For processes, the engine's plus each worker's own largest: of its proportional share (PSS) where that
/// was read, else of its resident memory (RSS), which counts pages that workers share once for each. The largest values
/// need not have been at the same moment, so that this is an upper bound.
fn peak_memory_bytes(store: &RunStore) -> Option<f64> {
    let info = store.info.as_ref()?;
    let engine = positive(store.engine_max_rss_bytes)?;
    if info.spec.backend != Backend::Processes {
        return Some(engine);
    }
    let of_workers = store.workers.iter().map(|row| row.max_pss_bytes.unwrap_or(row.max_rss_bytes));
    positive(sum(of_workers)).map(|workers| engine + workers)
}

/// Voluntary and involuntary ones in all attempts that counted them.
fn context_switches(store: &RunStore) -> Option<f64> {
    let counted = store.spans().filter_map(|(_, span)| {
        let (voluntary, involuntary) = (span.usage.voluntary_switches, span.usage.involuntary_switches);
        voluntary.or(involuntary)?;
        Some(u64::from(voluntary.unwrap_or(0)) + u64::from(involuntary.unwrap_or(0)))
    });
    counted.fold(None, |total: Option<u64>, n| Some(total.unwrap_or(0) + n)).map(|total| total as f64)
}

/// Who did not do all of its work, if anybody.
fn unfinished(a: &RunStore, b: &RunStore, names: &[String; 2]) -> Option<String> {
    let finished = |store: &RunStore| store.phase == Phase::Ended(Status::Finished);
    match (finished(a), finished(b)) {
        (true, true) => None,
        (false, true) => Some(format!("{} did not finish", names[0])),
        (true, false) => Some(format!("{} did not finish", names[1])),
        (false, false) => Some("neither finished".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Ended, Event, LockKind, Usage, WorkerSample},
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
        let comparison =
            Comparison::new(&run(Backend::Threads, &THREADS), &run(Backend::Processes, &PROCESSES));
        let rows: Vec<_> = comparison
            .rows
            .iter()
            .map(|row| [row.name, &row.a, &row.b, &row.difference].join(" | "))
            .collect();
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
        assert_eq!(
            comparison.warnings,
            ["processes did not finish: its numbers cover only a part of the work"]
        );
        let wall = comparison.rows.iter().find(|row| row.name == "wall time").unwrap();
        assert!(!wall.difference.contains("sooner"), "a lost run is no winner: {}", wall.difference);
        let never = Comparison::new(&a, &RunStore::default());
        assert!(never.rows.iter().all(|row| row.difference == "not measured"));
    }
}
