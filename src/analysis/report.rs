//! The summary of one run: the object that `run --json` prints, and the few lines that a terminal shows.

use serde::Serialize;

use super::{Distribution, Part, WorkerTime};
use crate::{
    event::{Exit, Host, Outcome, Status},
    spec::{Spec, Telemetry},
    store::{Phase, RunStore, Span, Tally, WorkerRow, resized_words},
    time::NS_PER_S,
    units,
    workload::Value,
};

/// Numbers are listed one by one up to this many tasks; beyond it the checksum has to do.
const MAX_LISTED_VALUES: u32 = 1000;

/// What the session's own process cost while it watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observer {
    pub cpu_ns: u64,
    pub wall_ns: u64,
}

/// One run in numbers. Fields that could not be known are null.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunReport {
    /// Null for a run that could not start.
    pub spec: Option<Spec>,
    pub host: Option<Host>,
    /// `finished`, `interrupted`, `failed` or `lost`; for a live run where it stands.
    pub status: &'static str,
    /// Why the run did not finish.
    pub reason: Option<String>,
    /// From the pool's start to the last task's end.
    pub wall_ns: u64,
    pub ready_ns: Option<u64>,
    pub tasks: Tally,
    pub workers: Vec<WorkerReport>,
    /// Tasks that ended, in any way, per second of wall time.
    pub throughput: Option<f64>,
    /// Run time of attempts that ended ok, as the two below.
    pub task_ns: Option<Distribution>,
    /// Time in the queue.
    pub wait_ns: Option<Distribution>,
    /// From entering the queue to the result's arrival.
    pub round_trip_ns: Option<Distribution>,
    pub worker_time: Option<WorkerTime>,
    /// Changes of the number of workers while the run went, in order of time; empty for a pool that kept its size.
    pub resized: Vec<ResizeReport>,
    pub result: ResultReport,
    pub telemetry: Option<TelemetryReport>,
    pub engine: EngineReport,
    #[serde(rename = "self")]
    pub observer: SelfReport,
}

/// One worker's place in the pool, over all its lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkerReport {
    pub id: u32,
    pub pid: u32,
    pub tid: u32,
    /// Tasks that ended ok here.
    pub tasks: u32,
    pub restarts: u32,
    pub cpu_ns: u64,
    pub max_rss_bytes: u64,
    pub pss_bytes: Option<u64>,
    pub exit: Option<Exit>,
}

/// From then on the pool was to have so many workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ResizeReport {
    pub t_ns: u64,
    pub workers: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResultReport {
    /// 16 hexadecimal digits. Equal for all runs of the same work, whatever the pool.
    pub checksum: String,
    /// By task; null where a task has no number. Left out where tasks return none, or there are too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<Option<u64>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TelemetryReport {
    pub level: Telemetry,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct EngineReport {
    pub pid: Option<u32>,
    pub max_rss_bytes: u64,
    pub cpu_ns: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SelfReport {
    pub cpu_ns: u64,
    pub wall_ns: u64,
    /// In cores.
    pub cpu_share: f64,
}

impl RunReport {
    pub fn new(store: &RunStore, observer: Observer) -> Self {
        let info = store.info.as_deref();
        let ok_spans = || store.spans().map(|(_, span)| span).filter(|span| span.outcome == Outcome::Ok);
        Self {
            spec: info.map(|info| info.spec.clone()),
            host: info.map(|info| info.host.clone()),
            status: status_name(store.phase),
            reason: store.reason.as_deref().map(str::to_owned),
            wall_ns: store.last_end_ns,
            ready_ns: store.ready_ns,
            tasks: store.tally,
            workers: store.workers.iter().map(WorkerReport::new).collect(),
            throughput: throughput(store),
            task_ns: Distribution::of(ok_spans().map(Span::run_ns)),
            wait_ns: Distribution::of(ok_spans().map(Span::wait_ns)),
            round_trip_ns: Distribution::of(ok_spans().map(Span::round_trip_ns)),
            worker_time: WorkerTime::new(store),
            resized: store.resizes().iter().map(|&(t_ns, workers)| ResizeReport { t_ns, workers }).collect(),
            result: ResultReport::new(store),
            telemetry: info.map(|info| TelemetryReport { level: info.telemetry }),
            engine: EngineReport {
                pid: info.map(|info| info.engine_pid),
                max_rss_bytes: store.engine_max_rss_bytes,
                cpu_ns: store.engine.cpu_ns,
            },
            observer: SelfReport::new(observer),
        }
    }

    /// A short text for people, one aligned line a subject.
    pub fn summary_lines(&self) -> Vec<String> {
        let title = self.spec.as_ref().map_or_else(|| "no run".to_owned(), Spec::title);
        let because = self.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        let resized = resized_words(self.resized.iter().map(|resize| resize.workers));
        let resized = resized.map(|words| format!(", {words}")).unwrap_or_default();
        let mut lines = vec![line(self.status, &format!("{title}{resized}{because}"))];
        if self.spec.is_none() {
            return lines;
        }
        lines.push(line("tasks", &self.tasks_text()));
        lines.push(line("time", &self.time_text()));
        for (name, spread) in [("task", self.task_ns), ("queued", self.wait_ns)] {
            lines.extend(spread.map(|spread| line(name, &spread_text(spread))));
        }
        lines.extend(self.worker_time.as_ref().map(|time| line("workers", &worker_time_text(time))));
        lines.push(line("memory", &self.memory_text()));
        lines.push(line("checksum", &self.result.checksum));
        lines
    }

    fn tasks_text(&self) -> String {
        let Tally { ok, failed, crashed, timed_out, cancelled, not_run, .. } = self.tasks;
        let classes = [
            (ok, "ok"),
            (failed, "failed"),
            (crashed, "crashed"),
            (timed_out, "timed out"),
            (cancelled, "cancelled"),
            (not_run, "not run"),
        ];
        let shown = classes.iter().filter(|(n, name)| *n > 0 || *name == "ok");
        let texts: Vec<_> =
            shown.map(|(n, name)| format!("{} {name}", units::count(u64::from(*n)))).collect();
        texts.join(", ")
    }

    fn time_text(&self) -> String {
        let mut texts = vec![units::duration(self.wall_ns)];
        texts.extend(self.ready_ns.map(|ready_ns| format!("ready after {}", units::duration(ready_ns))));
        texts.extend(self.throughput.map(|rate| units::rate_of(rate, "tasks")));
        texts.join(", ")
    }

    fn memory_text(&self) -> String {
        let known = |bytes: u64| if bytes == 0 { "not measured".to_owned() } else { units::bytes(bytes) };
        let largest = self.workers.iter().map(|worker| worker.max_rss_bytes).max().unwrap_or(0);
        format!("engine {}, largest worker {}", known(self.engine.max_rss_bytes), known(largest))
    }
}

impl WorkerReport {
    fn new(row: &WorkerRow) -> Self {
        Self {
            id: row.worker.0,
            pid: row.pid,
            tid: row.tid,
            tasks: row.tasks_ok,
            restarts: row.restarts,
            cpu_ns: row.cpu_ns,
            max_rss_bytes: row.max_rss_bytes,
            pss_bytes: row.max_pss_bytes,
            exit: row.exit,
        }
    }
}

impl ResultReport {
    fn new(store: &RunStore) -> Self {
        let numeric = store.values.iter().any(|(_, value)| matches!(**value, Value::Number(_)));
        let values = (numeric && store.tally.total <= MAX_LISTED_VALUES).then(|| {
            let mut values = vec![None; store.tally.total as usize];
            for (task, value) in store.values.iter() {
                if let (Some(slot), Value::Number(n)) = (values.get_mut(task.index()), &**value) {
                    *slot = Some(*n);
                }
            }
            values
        });
        Self { checksum: format!("{:016x}", store.checksum), values }
    }
}

impl SelfReport {
    fn new(observer: Observer) -> Self {
        let Observer { cpu_ns, wall_ns } = observer;
        let cpu_share = if wall_ns == 0 { 0.0 } else { cpu_ns as f64 / wall_ns as f64 };
        Self { cpu_ns, wall_ns, cpu_share }
    }
}

/// Tasks that ended ok per second of wall time; `None` before the first has ended.
pub(super) fn throughput(store: &RunStore) -> Option<f64> {
    let wall_ns = store.last_end_ns;
    (wall_ns > 0).then(|| f64::from(store.tally.ok) * NS_PER_S as f64 / wall_ns as f64)
}

fn status_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Starting => "starting",
        Phase::Running => "running",
        Phase::Paused => "paused",
        Phase::Stopping => "stopping",
        Phase::Ended(Status::Finished) => "finished",
        Phase::Ended(Status::Interrupted) => "interrupted",
        Phase::Ended(Status::Failed) => "failed",
        Phase::Ended(Status::Lost) => "lost",
    }
}

fn line(name: &str, text: &str) -> String {
    format!("{name:<12}{text}")
}

fn spread_text(spread: Distribution) -> String {
    let [median, p95, max] = [spread.median, spread.p95, spread.max].map(units::duration);
    format!("median {median}, p95 {p95}, max {max}")
}

/// Largest part first, those below half a percent left out.
fn worker_time_text(time: &WorkerTime) -> String {
    let mut parts = Part::ALL.map(|part| (part, time.fraction(part)));
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    let shown = parts.iter().filter(|part| part.1 >= 0.005);
    let texts: Vec<_> =
        shown.map(|(part, fraction)| format!("{} {}", part.label(), units::percent(*fraction))).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Ended, Event, Usage},
        spec::Backend,
        store::testing::*,
    };

    const OBSERVER: Observer = Observer { cpu_ns: 25, wall_ns: 100 };

    fn sample() -> RunStore {
        let usage = Usage { cpu_ns: Some(6_000_000), ..Usage::default() };
        store([
            run_started(spec(Backend::Processes, 2, 4)),
            spawned(0, 0, 0),
            spawned(0, 1, 0),
            ready(1_000_000, 0),
            ready(2_000_000, 1),
            Event::PoolReady { t_ns: 2_000_000 },
            started(2_000_000, 0, 0, 0),
            done(Ended { usage, ..ended(10_000_000, 0, 0, Outcome::Ok) }),
            started(2_000_000, 1, 2, 0),
            done(ended(20_000_000, 1, 2, Outcome::Crashed(Exit::Signal(9)))),
            exited(20_000_000, 1, Exit::Signal(9), false),
            started(12_000_000, 0, 3, 0),
            ok(16_000_000, 0, 3),
            exited(21_000_000, 0, Exit::Code(0), true),
            Event::RunEnded {
                t_ns: 22_000_000,
                status: Status::Interrupted,
                reason: Some("stopped".to_owned()),
            },
        ])
    }

    #[test]
    fn json_has_the_documented_fields() {
        let json = serde_json::to_value(RunReport::new(&sample(), OBSERVER)).expect("serializes");
        assert_eq!(json["status"], "interrupted");
        assert_eq!(json["reason"], "stopped");
        assert_eq!(json["spec"]["backend"], "processes");
        assert_eq!(json["host"]["cores"], 2);
        assert_eq!((&json["wall_ns"], &json["ready_ns"]), (&20_000_000.into(), &2_000_000.into()));
        assert_eq!(
            json["tasks"],
            serde_json::json!({"total": 4, "ok": 2, "failed": 0, "crashed": 1, "timed_out": 0,
                               "cancelled": 0, "not_run": 1})
        );
        assert_eq!(
            json["workers"][0],
            serde_json::json!({"id": 0, "pid": 1000, "tid": 1000, "tasks": 2, "restarts": 0,
                               "cpu_ns": 6_000_000, "max_rss_bytes": 0, "pss_bytes": null, "exit": {"code": 0}})
        );
        assert_eq!(json["workers"][1]["exit"], serde_json::json!({"signal": 9}));
        assert_eq!(json["throughput"], 100.0);
        assert_eq!(json["task_ns"]["max"], 8_000_000);
        assert!(json["wait_ns"].is_object() && json["round_trip_ns"].is_object());
        assert!(json["worker_time"]["useful"].is_number());
        assert_eq!(json["resized"], serde_json::json!([]));
        assert_eq!(json["telemetry"], serde_json::json!({"level": "full"}));
        assert_eq!(json["result"]["values"], serde_json::json!([1, null, null, 16]));
        assert_eq!(json["result"]["checksum"].as_str().map(str::len), Some(16));
        assert_eq!(json["engine"], serde_json::json!({"pid": ENGINE_PID, "max_rss_bytes": 0, "cpu_ns": 0}));
        assert_eq!(json["self"], serde_json::json!({"cpu_ns": 25, "wall_ns": 100, "cpu_share": 0.25}));
    }

    #[test]
    fn a_pool_that_did_not_keep_its_size_is_said_to() {
        let sizes = [(3_000_000, 4), (5_000_000, 1)].map(|(t_ns, workers)| Event::Resized { t_ns, workers });
        let start = [run_started(spec(Backend::Processes, 2, 4)), ok(1_000_000, 0, 0)];
        let report = RunReport::new(&store(start.into_iter().chain(sizes)), OBSERVER);
        let json = serde_json::to_value(&report).expect("serializes");
        assert_eq!(json["spec"]["workers"], 2);
        assert_eq!(
            json["resized"],
            serde_json::json!([{"t_ns": 3_000_000, "workers": 4}, {"t_ns": 5_000_000, "workers": 1}])
        );
        let first = &report.summary_lines()[0];
        assert_eq!(first, "running     processes × 2, square, 4 tasks, resized to 4, then 1");
    }

    #[test]
    fn a_run_that_never_started_is_a_whole_object_too() {
        let mut store = RunStore::default();
        store.lost(3, None, "no engine".to_owned());
        let report = RunReport::new(&store, Observer::default());
        let json = serde_json::to_value(&report).expect("serializes");
        assert_eq!((&json["status"], &json["reason"]), (&"failed".into(), &"no engine".into()));
        for field in ["spec", "host", "ready_ns", "throughput", "task_ns", "worker_time", "telemetry"] {
            assert!(json.get(field).is_some_and(serde_json::Value::is_null), "{field}");
        }
        assert_eq!(report.summary_lines(), ["failed      no run (no engine)"]);
    }

    #[test]
    fn the_six_classes_sum_to_the_total_in_any_run() {
        for seed in 0..100 {
            let json =
                serde_json::to_value(RunReport::new(&store(mangled(seed)), OBSERVER)).expect("serializes");
            let tasks = &json["tasks"];
            let sum: u64 = ["ok", "failed", "crashed", "timed_out", "cancelled", "not_run"]
                .iter()
                .map(|class| tasks[class].as_u64().expect("a number"))
                .sum();
            assert_eq!(Some(sum), tasks["total"].as_u64(), "seed {seed}");
        }
    }

    #[test]
    fn many_values_are_left_to_the_checksum() {
        let store = store([run_started(spec(Backend::Serial, 1, 1001)), ok(5, 0, 0)]);
        assert_eq!(ResultReport::new(&store).values, None);
        assert_ne!(store.checksum, 0);
    }

    #[test]
    fn the_summary_is_aligned_and_in_human_units() {
        let store = sample();
        let lines = RunReport::new(&store, OBSERVER).summary_lines();
        let (checksum, lines) = lines.split_last().expect("lines");
        assert_eq!(
            lines,
            [
                "interrupted processes × 2, square, 4 tasks (stopped)",
                "tasks       2 ok, 1 crashed, 1 not run",
                "time        20.0 ms, ready after 2.00 ms, 100 tasks/s",
                "task        median 6.00 ms, p95 7.80 ms, max 8.00 ms",
                "queued      median 7.00 ms, p95 11.5 ms, max 12.0 ms",
                "workers     useful 70 %, tail 10 %, starting 7.5 %, blocked 5.0 %, dispatch 5.0 %, first task 2.5 %",
                "memory      engine not measured, largest worker not measured",
            ]
        );
        assert_eq!(*checksum, format!("checksum    {:016x}", store.checksum));
    }
}
