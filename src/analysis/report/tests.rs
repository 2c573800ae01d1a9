use super::*;
use crate::{
    event::{Ended, Event, LockKind, Status, Usage},
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
        Event::RunEnded { t_ns: 22_000_000, status: Status::Interrupted, reason: Some("stopped".to_owned()) },
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
    let mut worker = json["workers"][0].clone();
    let time = worker.as_object_mut().and_then(|worker| worker.remove("worker_time_ns")).expect("its time");
    let sum: u64 = time.as_object().expect("parts").values().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(sum, 20_000_000, "all of it is in some part: {time}");
    assert_eq!(
        worker,
        serde_json::json!({"id": 0, "pid": 1000, "tid": 1000, "tasks": 2, "restarts": 0,
                           "cpu_ns": 6_000_000, "max_rss_bytes": 0, "pss_bytes": null, "exit": {"code": 0}})
    );
    assert_eq!(json["workers"][1]["exit"], serde_json::json!({"signal": 9}));
    assert_eq!(json["throughput"], 100.0);
    assert_eq!(json["task_ns"]["max"], 8_000_000);
    assert!(json["wait_ns"].is_object() && json["round_trip_ns"].is_object());
    assert!(json["worker_time"]["useful"].is_number());
    assert_eq!((&json["resized"], &json["verdict"]), (&serde_json::json!([]), &serde_json::json!([])));
    assert_eq!(json["telemetry"], serde_json::json!({"level": "full", "cost_ns": 370}));
    assert_eq!(json["result"]["values"], serde_json::json!([1, null, null, 16]));
    assert_eq!(json["result"]["checksum"].as_str().map(str::len), Some(16));
    assert_eq!(json["engine"], serde_json::json!({"pid": ENGINE_PID, "max_rss_bytes": 0, "cpu_ns": 0}));
    assert_eq!(json["self"], serde_json::json!({"cpu_ns": 25, "wall_ns": 100, "cpu_share": 0.25}));
}

#[test]
fn the_first_failure_is_told_in_a_line() {
    let failed = |t_ns, worker, task, why: &str| {
        done(ended(t_ns, worker, task, Outcome::Failed(why.to_owned().into())))
    };
    let store = store([
        run_started(spec(Backend::Threads, 2, 4)),
        started(1, 0, 0, 0),
        started(1, 1, 1, 0),
        failed(9, 1, 1, "no room\nat all"),
        failed(12, 0, 0, "something else"),
    ]);
    let report = RunReport::new(&store, OBSERVER);
    assert_eq!(report.first_failure.as_deref(), Some("task 1: no room"));
    assert_eq!(report.summary_lines()[2], "failure     task 1: no room");
    let crashed = RunReport::new(&sample(), OBSERVER).first_failure;
    assert!(crashed.is_some_and(|line| line.contains(" crashed (SIG") && line.contains(" on worker ")));
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
    for field in ["spec", "host", "ready_ns", "throughput", "task_ns", "worker_time", "locks", "telemetry"] {
        assert!(json.get(field).is_some_and(serde_json::Value::is_null), "{field}");
    }
    assert_eq!(report.summary_lines(), ["failed      no run (no engine)"]);
}

#[test]
fn the_six_classes_sum_to_the_total_in_any_run() {
    for seed in 0..100 {
        let json = serde_json::to_value(RunReport::new(&store(mangled(seed)), OBSERVER)).expect("serializes");
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
            "failure     task 2 crashed (SIGKILL) on worker 1",
            "time        20.0 ms, ready after 2.00 ms, 100 tasks/s",
            "task        median 6.00 ms, p95 7.80 ms, max 8.00 ms",
            "queued      median 7.00 ms, p95 11.5 ms, max 12.0 ms",
            "workers     useful 70 %, tail 10 %, starting 7.5 %, blocked 5.0 %, dispatch 5.0 %, first task 2.5 %",
            "            worker 0: useful 50 %, tail 20 %, blocked 10 %, dispatch 10 %, starting 5.0 %, first task 5.0 %",
            "            worker 1: useful 90 %, starting 10 %",
            "memory      engine not measured, largest worker not measured",
            "telemetry   full, 370 ns a task",
        ]
    );
    assert_eq!(*checksum, format!("checksum    {:016x}", store.checksum));
}

#[test]
fn a_simulation_is_said_to_be_one_and_its_lock_is_accounted_for() {
    let store = store([
        run_started(spec(Backend::Gil, 1, 1)),
        started(0, 0, 0, 0),
        locked(0, 0, LockKind::Gil, [0, 2_000_000, 10_000_000]),
        ok(10_000_000, 0, 0),
        finished(11_000_000),
    ]);
    let report = RunReport::new(&store, OBSERVER);
    let lines = report.summary_lines();
    assert_eq!(lines[0], "finished    gil (simulated) × 1, square, 1 task");
    assert_eq!(lines[1], "simulation  gil is a simulation of CPython's global interpreter lock");
    let lock =
        "lock        simulated GIL: waited 2.00 ms in 1 wait, the longest 2.00 ms, held 8.00 ms".to_owned();
    assert!(lines.contains(&lock), "{lines:?}");
    let json = serde_json::to_value(&report).expect("serializes");
    assert_eq!((&json["spec"]["backend"], &json["locks"]["gil"]["waits"]), (&"gil".into(), &1.into()));
    assert_eq!(json["worker_time"]["lock"], 0.2);
}
