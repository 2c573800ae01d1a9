use serde_json::{Value, json};

use super::*;
use crate::{
    event::{Ended, Event, Outcome},
    ids::WorkerId,
    spec::Backend,
    store::testing::*,
};

fn lines(store: &RunStore) -> Vec<String> {
    let mut bytes = Vec::new();
    write_jsonl(store, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.ends_with('\n'));
    text.lines().map(str::to_owned).collect()
}

#[test]
fn lines_are_as_documented_to_the_letter() {
    let store = store([
        run_started(spec(Backend::Processes, 1, 1)),
        spawned(10, 0, 0),
        ready(20, 0),
        Event::PoolReady { t_ns: 20 },
        Event::Cores { t_ns: 30, loads: vec![CoreLoad { user: 0.5, ..CoreLoad::default() }] },
        sampled(30, 0, 'R', 7),
        Event::Queue { t_ns: 30, queued: 1, in_flight: 0, done: 0 },
        Event::Paused { t_ns: 31 },
        Event::Resumed { t_ns: 32 },
        started(40, 0, 0, 0),
        locked(0, 0, LockKind::Shared, [41, 42, 43]),
        done(Ended { start_ns: 40, ..ended(50, 0, 0, Outcome::Failed("a\n\"b\"\u{1b}".into())) }),
        Event::Resized { t_ns: 51, workers: 2 },
        exited(60, 0, Exit::Code(0), true),
        finished(70),
    ]);
    let all = lines(&store);
    let run: Value = serde_json::from_str(&all[0]).unwrap();
    assert!(all[0].starts_with(r#"{"kind":"run","t_ns":0,"program":"poolscope","version":"#), "{}", all[0]);
    assert_eq!(run["clock"]["unix_ns"], json!(1_738_324_800_000_000_000_u64));
    assert_eq!((&run["status"], &run["tasks"]["failed"]), (&json!("finished"), &json!(1)));
    assert_eq!((&run["spec"]["workload"], &run["host"]["cores"]), (&json!("square"), &json!(2)));
    let others: Vec<_> = all[1..].iter().filter(|line| !line.contains("\"kind\":\"log\"")).collect();
    assert_eq!(
        others,
        [
            r#"{"kind":"worker","t_ns":10,"worker":0,"what":"spawned","pid":1000,"tid":1000,"exit":null,"expected":null}"#,
            r#"{"kind":"worker","t_ns":20,"worker":0,"what":"ready","pid":1000,"tid":1000,"exit":null,"expected":null}"#,
            r#"{"kind":"pool","t_ns":20,"what":"ready","workers":null,"status":null}"#,
            r#"{"kind":"core_sample","t_ns":30,"cores":[{"user":0.5,"system":0.0,"iowait":0.0,"steal":0.0}]}"#,
            r#"{"kind":"worker_sample","t_ns":30,"worker":0,"cpu":0.0,"cpu_ns":7,"rss_bytes":1000,"pss_bytes":null,"state":"R","core":null,"voluntary_switches":0,"involuntary_switches":0}"#,
            r#"{"kind":"queue_sample","t_ns":30,"queued":1,"in_flight":0,"done":0}"#,
            r#"{"kind":"pool","t_ns":31,"what":"paused","workers":null,"status":null}"#,
            r#"{"kind":"pool","t_ns":32,"what":"resumed","workers":null,"status":null}"#,
            r#"{"kind":"lock","t_ns":43,"worker":0,"lock":"shared","asked_ns":41,"got_ns":42,"released_ns":43}"#,
            r#"{"kind":"task","t_ns":50,"task":0,"attempt":0,"worker":0,"pid":1000,"outcome":"failed","detail":"a\n\"b\"\u001b","enqueued_ns":0,"dispatched_ns":40,"start_ns":40,"end_ns":50,"received_ns":50,"run_ns":10,"wait_ns":40,"cpu_ns":null,"core_wait_ns":null,"lock_wait_ns":1,"voluntary_switches":null,"involuntary_switches":null,"minor_faults":null,"major_faults":null,"first_core":null,"last_core":null,"bytes_in":0,"bytes_out":0,"value":null}"#,
            r#"{"kind":"pool","t_ns":51,"what":"resized","workers":2,"status":null}"#,
            r#"{"kind":"worker","t_ns":60,"worker":0,"what":"exited","pid":1000,"tid":1000,"exit":{"code":0},"expected":true}"#,
            r#"{"kind":"pool","t_ns":70,"what":"ended","workers":null,"status":"finished"}"#,
        ]
    );
    let log: Vec<_> = all.iter().filter(|line| line.contains("\"kind\":\"log\"")).collect();
    assert_eq!(
        log[1],
        r#"{"kind":"log","t_ns":10,"worker":0,"level":"DEBUG","text":"worker 0 was started (pid 1000)"}"#
    );
}

#[test]
fn everything_is_told_once_and_in_order_of_time() {
    for seed in 0..100 {
        for store in [store(random_run(seed)), store(mangled(seed))] {
            let all: Vec<Value> =
                lines(&store).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert_eq!(all[0]["kind"], "run");
            assert!(all.iter().map(|line| line["t_ns"].as_u64().unwrap()).is_sorted(), "seed {seed}");
            let count = |kind: &str| all.iter().filter(|line| line["kind"] == kind).count();
            assert_eq!(count("task"), store.spans().count(), "seed {seed}");
            assert_eq!(count("core_sample"), store.cores.len());
            assert_eq!(count("worker_sample"), store.processes.len());
            assert_eq!(count("queue_sample"), store.queue.len());
            assert_eq!(count("log"), store.log.len());
            let uses = LockKind::ALL
                .into_iter()
                .map(|kind| store.lanes.iter().map(|lane| lane.locks.of(kind).len()).sum::<usize>());
            assert_eq!(count("lock"), uses.sum::<usize>(), "seed {seed}");
        }
    }
}

#[test]
fn a_log_that_came_late_stands_where_it_belongs() {
    let said = |t_ns, text: &str| Event::Log {
        t_ns,
        worker: Some(WorkerId(0)),
        level: Level::Info,
        text: text.to_owned(),
    };
    let store = store([run_started(spec(Backend::Serial, 1, 1)), said(9, "late"), said(5, "early")]);
    let all = lines(&store);
    let at = |text: &str| all.iter().position(|line| line.contains(text)).unwrap();
    assert!(at("early") < at("late"));
}
