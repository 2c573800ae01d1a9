use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use super::*;
use crate::{
    event::{CoreLoad, Ended, Event, Exit, Outcome, Usage, WorkerSample},
    ids::WorkerId,
    spec::Backend,
    store::testing::*,
};

fn text(store: &RunStore) -> String {
    let mut bytes = Vec::new();
    write_trace(store, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn parsed(store: &RunStore) -> Value {
    serde_json::from_str(&text(store)).unwrap()
}

fn events(trace: &Value) -> &[Value] {
    trace["traceEvents"].as_array().unwrap()
}

/// Nanoseconds of a time in the trace.
fn ns(value: &Value) -> u64 {
    (value.as_f64().unwrap() * 1000.0).round() as u64
}

fn ended_at(times: [u64; 2], worker: u32, task: u32, outcome: Outcome) -> Ended {
    Ended { start_ns: times[0], dispatched_ns: times[0], ..ended(times[1], worker, task, outcome) }
}

#[test]
fn a_small_run_is_written_to_the_letter() {
    let usage = Usage { cpu_ns: Some(1500), ..Usage::default() };
    let store = store([
        run_started(spec(Backend::Processes, 1, 2)),
        spawned(100, 0, 0),
        ready(1100, 0),
        Event::PoolReady { t_ns: 1100 },
        Event::Cores { t_ns: 1000, loads: vec![CoreLoad { user: 0.5, system: 0.25, ..CoreLoad::default() }] },
        Event::Queue { t_ns: 1200, queued: 2, in_flight: 1, done: 0 },
        started(2000, 0, 0, 0),
        locked(0, 0, LockKind::Shared, [2500, 3000, 3250]),
        done(Ended { usage, ..ended_at([2000, 4000], 0, 0, Outcome::Ok) }),
        done(ended_at([5000, 6001], 0, 1, Outcome::Crashed(Exit::Signal(11)))),
        exited(6001, 0, Exit::Signal(11), false),
        spawned(7000, 0, 1),
    ]);
    let lines: Vec<String> = text(&store).lines().map(|line| line.trim_end_matches(',').to_owned()).collect();
    // Made-up threads: 8388609 and 8388610 for the worker's locks, then the engine's pool and submit.
    let expected = [
        r#"{"traceEvents":["#,
        r#"{"ph":"M","name":"process_name","pid":100,"tid":8388611,"args":{"name":"engine"}}"#,
        r#"{"ph":"M","name":"process_sort_index","pid":100,"tid":8388611,"args":{"sort_index":0}}"#,
        r#"{"ph":"M","name":"thread_name","pid":100,"tid":8388611,"args":{"name":"pool"}}"#,
        r#"{"ph":"M","name":"thread_sort_index","pid":100,"tid":8388611,"args":{"sort_index":0}}"#,
        r#"{"ph":"M","name":"thread_name","pid":100,"tid":8388612,"args":{"name":"submit"}}"#,
        r#"{"ph":"M","name":"thread_sort_index","pid":100,"tid":8388612,"args":{"sort_index":1}}"#,
        r#"{"ph":"M","name":"process_name","pid":1000,"tid":1000,"args":{"name":"worker 0"}}"#,
        r#"{"ph":"M","name":"process_sort_index","pid":1000,"tid":1000,"args":{"sort_index":1}}"#,
        r#"{"ph":"M","name":"thread_name","pid":1000,"tid":1000,"args":{"name":"worker 0"}}"#,
        r#"{"ph":"M","name":"thread_sort_index","pid":1000,"tid":1000,"args":{"sort_index":2}}"#,
        r#"{"ph":"M","name":"process_name","pid":1100,"tid":1100,"args":{"name":"worker 0"}}"#,
        r#"{"ph":"M","name":"process_sort_index","pid":1100,"tid":1100,"args":{"sort_index":1}}"#,
        r#"{"ph":"M","name":"thread_name","pid":1100,"tid":1100,"args":{"name":"worker 0"}}"#,
        r#"{"ph":"M","name":"thread_sort_index","pid":1100,"tid":1100,"args":{"sort_index":2}}"#,
        r#"{"ph":"i","name":"every worker is ready","cat":"pool","pid":100,"tid":8388611,"ts":1.1,"s":"t"}"#,
        r#"{"ph":"C","name":"core 0 (%)","pid":100,"tid":8388611,"ts":0.0,"args":{"busy":75.0}}"#,
        r#"{"ph":"C","name":"tasks","pid":100,"tid":8388611,"ts":1.2,"args":{"queued":2,"in_flight":1}}"#,
        r#"{"ph":"X","name":"submit task 0","cat":"submit","pid":100,"tid":8388612,"ts":0.0,"dur":1.0}"#,
        r#"{"ph":"s","name":"queued","cat":"queue","pid":100,"tid":8388612,"ts":0.0,"id":0}"#,
        r#"{"ph":"X","name":"submit task 1","cat":"submit","pid":100,"tid":8388612,"ts":5.0,"dur":1.0}"#,
        r#"{"ph":"s","name":"queued","cat":"queue","pid":100,"tid":8388612,"ts":5.0,"id":1}"#,
        r#"{"ph":"X","name":"starting","cat":"worker","pid":1000,"tid":1000,"ts":0.1,"dur":1.0}"#,
        r#"{"ph":"i","name":"died: SIGSEGV","cat":"worker","pid":1000,"tid":1000,"ts":6.001,"s":"t"}"#,
        r#"{"ph":"X","name":"task 0","cat":"task","pid":1000,"tid":1000,"ts":2.0,"dur":2.0,"tts":0.0,"tdur":1.5,"args":{"task":0,"attempt":0,"outcome":"ok","enqueued_ns":0,"dispatched_ns":2000,"queue_wait_ns":2000,"cpu_ns":1500,"lock_wait_ns":500}}"#,
        r#"{"ph":"f","name":"queued","cat":"queue","pid":1000,"tid":1000,"ts":2.0,"id":0,"bp":"e"}"#,
        r#"{"ph":"X","name":"wait for shared lock","cat":"lock","pid":1000,"tid":1000,"ts":2.5,"dur":0.5}"#,
        r#"{"ph":"X","name":"hold shared lock","cat":"lock","pid":1000,"tid":1000,"ts":3.0,"dur":0.25}"#,
        r#"{"ph":"X","name":"task 1","cat":"task","pid":1000,"tid":1000,"ts":5.0,"dur":1.001,"args":{"task":1,"attempt":0,"outcome":"crashed","detail":"SIGSEGV","enqueued_ns":5000,"dispatched_ns":5000,"queue_wait_ns":0,"lock_wait_ns":0}}"#,
        r#"{"ph":"f","name":"queued","cat":"queue","pid":1000,"tid":1000,"ts":5.0,"id":1,"bp":"e"}"#,
    ];
    assert_eq!(lines[..expected.len()], expected);
    assert_eq!(lines.len(), expected.len() + 1);
    let other = &parsed(&store)["otherData"];
    assert_eq!((&other["status"], &other["spec"]["workload"]), (&json!("running"), &json!("square")));
    assert_eq!(other["left_out"], json!([]));
}

/// The slices of each thread must be a tree: two that overlap are one inside the other.
fn assert_nests(trace: &Value, seed: u64) {
    let mut threads: HashMap<(u64, u64), Vec<(u64, u64)>> = HashMap::new();
    for event in events(trace).iter().filter(|event| event["ph"] == "X") {
        let place = (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap());
        let from = ns(&event["ts"]);
        threads.entry(place).or_default().push((from, from + ns(&event["dur"])));
    }
    for (place, mut slices) in threads {
        slices.sort_by_key(|slice| (slice.0, std::cmp::Reverse(slice.1)));
        let mut open: Vec<u64> = Vec::new();
        for (from, to) in slices {
            while open.last().is_some_and(|end| *end <= from) {
                open.pop();
            }
            assert!(open.last().is_none_or(|end| to <= *end), "seed {seed}: {place:?} at {from}..{to}");
            open.push(to);
        }
    }
}

/// What every event must have, by what it is.
fn assert_well_formed(trace: &Value, seed: u64) {
    let mut arrows: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for event in events(trace) {
        for id in ["pid", "tid"] {
            let id = event[id].as_u64().unwrap_or_else(|| panic!("seed {seed}: {event}"));
            assert!((1..1 << 32).contains(&id), "seed {seed}: {event}");
        }
        let has = |key: &str| event[key].is_number();
        match event["ph"].as_str().unwrap() {
            "M" => assert!(!has("ts") && event["args"].is_object(), "{event}"),
            "X" => assert!(has("ts") && has("dur") && has("tts") == has("tdur"), "{event}"),
            "C" => {
                let series = event["args"].as_object().unwrap();
                assert!(has("ts") && !series.is_empty() && series.values().all(Value::is_number));
            }
            "i" => assert!(has("ts") && ["g", "t"].contains(&event["s"].as_str().unwrap())),
            kind @ ("s" | "f") => {
                assert!(has("ts") && (kind == "s" || event["bp"] == "e"));
                assert_eq!((&event["cat"], &event["name"]), (&json!("queue"), &json!("queued")));
                arrows.entry(event["id"].as_u64().unwrap()).or_default().push(kind);
            }
            other => panic!("{other}: {event}"),
        }
    }
    assert!(arrows.values().all(|ends| ends.as_slice() == ["s", "f"]), "seed {seed}: {arrows:?}");
}

fn names(trace: &Value, kind: &str) -> BTreeSet<(u64, String)> {
    let named = events(trace).iter().filter(|event| event["name"] == kind);
    named
        .map(|event| (event["pid"].as_u64().unwrap(), event["args"]["name"].as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn slices_nest_and_every_attempt_has_one_whatever_happened() {
    for seed in 0..150 {
        for store in [store(random_run(seed)), store(mangled(seed))] {
            let trace = parsed(&store);
            assert_nests(&trace, seed);
            assert_well_formed(&trace, seed);
            let slices = |cat: &str| {
                events(&trace).iter().filter(|event| event["cat"] == cat && event["ph"] == "X").count()
            };
            let running = store.lanes.iter().filter(|lane| lane.running.is_some()).count();
            assert_eq!(slices("task"), store.spans().count() + running, "seed {seed}");
            let uses: usize = LockKind::ALL
                .into_iter()
                .flat_map(|kind| store.lanes.iter().flat_map(move |lane| lane.locks.of(kind).iter()))
                .map(|span| usize::from(span.waited_ns() > 0) + usize::from(span.held_ns() > 0))
                .sum();
            assert_eq!(slices("lock"), uses, "seed {seed}");
        }
    }
}

#[test]
fn a_live_run_shows_what_runs() {
    let store = store([run_started(spec(Backend::Threads, 1, 2)), started(5, 0, 0, 0), ok(9, 0, 1)]);
    let trace = parsed(&store);
    let running = events(&trace).iter().find(|event| event["args"]["outcome"] == "running").unwrap();
    assert_eq!((ns(&running["ts"]), ns(&running["dur"])), (5, 4));
}

#[test]
fn threads_are_the_engines_and_processes_their_own() {
    let spawn = |worker, pid, tid, restart| Event::WorkerSpawned {
        t_ns: 10 * u64::from(restart),
        worker: WorkerId(worker),
        pid,
        tid,
        restart,
    };
    let sample = |worker| Event::Worker {
        t_ns: 1,
        worker: WorkerId(worker),
        sample: WorkerSample { cpu: 0.5, rss_bytes: 2_500_000, ..WorkerSample::default() },
    };
    let threads = store([
        run_started(spec(Backend::Threads, 2, 2)),
        spawn(0, ENGINE_PID, 101, 0),
        spawn(1, ENGINE_PID, 102, 0),
        sample(0),
        ok(5, 0, 0),
        ok(6, 1, 1),
    ]);
    let trace = parsed(&threads);
    assert_eq!(names(&trace, "process_name"), BTreeSet::from([(100, "engine".to_owned())]));
    let lanes: Vec<_> = names(&trace, "thread_name").into_iter().map(|name| name.1).collect();
    assert_eq!(lanes, ["pool", "submit", "worker 0", "worker 1"]);
    assert!(!events(&trace).iter().any(|event| event["name"] == "memory (MB)"), "it is the engine's");

    let processes = store([
        run_started(spec(Backend::Processes, 1, 2)),
        spawn(0, 200, 200, 0),
        sample(0),
        ok(5, 0, 0),
        exited(9, 0, Exit::Signal(9), false),
        spawn(0, 201, 201, 1),
        ok(15, 0, 1),
    ]);
    let trace = parsed(&processes);
    let named = [(100, "engine"), (200, "worker 0"), (201, "worker 0")];
    assert_eq!(names(&trace, "process_name"), named.map(|(pid, name)| (pid, name.to_owned())).into());
    let memory = events(&trace).iter().find(|event| event["name"] == "memory (MB)").unwrap();
    assert_eq!((&memory["pid"], &memory["args"]["value"]), (&json!(200), &json!(2.5)));
    let tasks = events(&trace).iter().filter(|event| event["cat"] == "task");
    assert_eq!(tasks.map(|task| task["pid"].as_u64().unwrap()).collect::<Vec<_>>(), [200, 201]);
}

#[test]
fn workers_that_claim_one_thread_do_not_share_it() {
    let claim =
        |worker, pid| Event::WorkerSpawned { t_ns: 0, worker: WorkerId(worker), pid, tid: pid, restart: 0 };
    let store = store([
        run_started(spec(Backend::Processes, 3, 3)),
        claim(0, 55),
        claim(1, 55),
        claim(2, 0),
        done(ended_at([0, 10], 0, 0, Outcome::Ok)),
        done(ended_at([5, 15], 1, 1, Outcome::Ok)),
        done(ended_at([5, 15], 2, 2, Outcome::Ok)),
    ]);
    let trace = parsed(&store);
    assert_nests(&trace, 0);
    let tids: BTreeSet<_> = events(&trace)
        .iter()
        .filter(|event| event["cat"] == "task")
        .map(|event| event["tid"].as_u64().unwrap())
        .collect();
    assert_eq!(tids.len(), 3);
}

#[test]
fn a_lock_that_outlives_its_task_is_beside_it() {
    let store = store([
        run_started(spec(Backend::Gil, 1, 9)),
        done(ended_at([0, 10], 0, 0, Outcome::Ok)),
        done(ended_at([12, 30], 0, 1, Outcome::Ok)),
        // Told as one with earlier holds, and under the first one's task.
        locked(0, 5, LockKind::Gil, [3, 5, 20]),
        locked(0, 1, LockKind::Gil, [22, 22, 30]),
    ]);
    let trace = parsed(&store);
    assert_nests(&trace, 0);
    let tid_of = |name: &str, from_ns: u64| {
        let mut slices = events(&trace).iter().filter(|event| event["ph"] == "X" && event["name"] == name);
        slices.find(|event| ns(&event["ts"]) == from_ns).map(|event| event["tid"].as_u64().unwrap())
    };
    let beside = events(&trace)
        .iter()
        .find(|event| event["name"] == "thread_name" && event["args"]["name"] == "worker 0, simulated GIL")
        .map(|event| event["tid"].as_u64().unwrap());
    let own = tid_of("task 0", 0);
    assert!(own.is_some() && beside.is_some() && own != beside);
    assert_eq!(tid_of("wait for simulated GIL", 3), own);
    assert_eq!(tid_of("hold simulated GIL", 5), beside);
    assert_eq!(tid_of("hold simulated GIL", 22), own);
}

#[test]
fn hostile_text_is_text() {
    let hostile = "\"}],\"x\":</script>\u{0}\u{1b}\n\u{2028}";
    let store = store([
        run_started(spec(Backend::Processes, 1, 1)),
        done(ended(5, 0, 0, Outcome::Failed(hostile.into()))),
        Event::RunEnded { t_ns: 6, status: crate::event::Status::Lost, reason: Some(hostile.to_owned()) },
    ]);
    let trace = parsed(&store);
    let task = events(&trace).iter().find(|event| event["cat"] == "task").unwrap();
    assert_eq!(task["args"]["detail"], hostile);
    assert_eq!(trace["otherData"]["reason"], hostile);
}

#[test]
fn arrows_are_left_out_where_they_would_be_too_many() {
    let mut store = store([run_started(spec(Backend::Processes, 1, 1))]);
    for at in 0..=MAX_ARROWS as u64 {
        store.apply(ok(at, 0, at as u32));
    }
    let trace = parsed(&store);
    assert_eq!(trace["otherData"]["left_out"], json!(["arrows"]));
    assert!(!events(&trace).iter().any(|event| event["ph"] == "s" || event["ph"] == "f"));
}
