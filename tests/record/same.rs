//! A reopened run is the run that was recorded, for this program and for others.

use std::{path::PathBuf, sync::Arc};

use poolscope::{
    analysis::{Observer, RunReport},
    event::Command,
    record::{self, Recorder, Recording},
    session::Launcher,
    spec::Draft,
};
use serde_json::json;

use crate::{
    support::{DEADLINE, folder, path, until},
    tools::{names, number, python, record, show, without_self},
};

/// Every backend, and everything that a task may leave in a file.
const RUNS: [(&str, i32); 12] = [
    ("--backend processes --workers 2 --workload square --tasks 40", 0),
    ("--backend processes --transport stream --workers 2 --workload sleep --size 3000000 --tasks 60", 0),
    ("--backend threads --workers 3 --workload hash --size 300 --tasks 30", 0),
    ("--backend serial --workload primes --size 20000 --tasks 9", 0),
    ("--backend gil --workers 3 --workload primes --size 200000 --tasks 24", 0),
    ("--backend processes --workers 3 --workload lock --size 300000 --tasks 40", 0),
    ("--backend processes --workers 2 --workload square --tasks 30 --fault segfault@3,exit@7 --retries 2", 1),
    ("--backend threads --workers 2 --workload square --tasks 30 --fault panic@5,panic@29 --retries 1", 1),
    ("--backend processes --workers 2 --workload square --tasks 8 --fault hang@2 --timeout 0.3", 1),
    ("--backend processes --workers 2 --workload payload --size 300000 --tasks 12", 0),
    ("--backend processes --workers 2 --workload mandelbrot --size 64 --tasks 40 --telemetry full", 0),
    ("--backend threads --workers 2 --workload noop --tasks 30000 --telemetry off", 0),
];

#[test]
fn a_reopened_run_says_what_the_run_said() {
    for (flags, expected) in RUNS {
        let folder = folder();
        let file = path(&folder, "a.pscope");
        let (code, run, complaint) = record(flags, &file);
        assert_eq!((code, complaint.as_str()), (expected, ""), "{flags}");
        assert_eq!(names(folder.path()), ["a.pscope"], "{flags}");
        let (shown, complaint) = show(&file);
        assert_eq!(complaint, "", "{flags}");
        assert_eq!(without_self(shown), without_self(run), "{flags}");
        assert_eq!(names(folder.path()), ["a.pscope"], "{flags}: reading leaves nothing behind");
    }
}

#[test]
fn others_read_the_same_from_the_tables() {
    for (flags, _) in RUNS {
        let folder = folder();
        let file = path(&folder, "a.pscope");
        let (_, run, _) = record(flags, &file);
        let count = |status: &str| format!("SELECT count(*) FROM task WHERE status = '{status}'");
        let counts = ["ok", "failed", "crashed", "timed_out", "cancelled"].map(count);
        let mut queries: Vec<&str> = counts.iter().map(String::as_str).collect();
        queries.extend([
            "PRAGMA integrity_check",
            "PRAGMA application_id",
            "PRAGMA user_version",
            "PRAGMA journal_mode",
            "SELECT count(*), count(DISTINCT task), min(status) FROM task",
            "SELECT (SELECT count(*) FROM task) + (SELECT count(*) FROM earlier_attempt) - count(*), sum(last) - \
             (SELECT count(*) FROM task) FROM attempt",
            "SELECT count(*), min(run_ns) >= 0, min(transfer_ns) >= 0 FROM task_view",
            "SELECT count(*), sum(tasks), min(busy_share) >= 0, max(busy_share) <= 1 FROM worker_view",
            "SELECT status, tasks, ok, round(wall_s * 1e9) FROM run_view",
            "SELECT complete, gap, checksum, engine_pid, ready_ns FROM run",
            "SELECT value FROM spec WHERE field = 'workload'",
            "SELECT count(*) FROM lock_span WHERE NOT (asked_ns <= got_ns AND got_ns <= released_ns)",
        ]);
        let Some(answers) = python(&file, &queries) else {
            eprintln!("skipped: no python3 with SQLite 3.37");
            return;
        };
        let tasks = &run["tasks"];
        let done = tasks["total"].as_u64().unwrap_or(0) - tasks["not_run"].as_u64().unwrap_or(0);
        // All of these runs have a task that went well, or one that crashed, which comes first in the alphabet.
        let first = if tasks["crashed"] != 0 {
            "crashed"
        } else if tasks["failed"] != 0 {
            "failed"
        } else {
            "ok"
        };
        let workers = run["workers"].as_array().expect("workers").len();
        let expected = [
            json!([tasks["ok"]]),
            json!([tasks["failed"]]),
            json!([tasks["crashed"]]),
            json!([tasks["timed_out"]]),
            json!([tasks["cancelled"]]),
            json!(["ok"]),
            json!([0x5053_4350]),
            json!([1]),
            json!(["delete"]),
            json!([done, done, first]),
            json!([0, 0]),
            json!([done, 1, 1]),
            json!([workers, tasks["ok"], 1, 1]),
            json!(["finished", tasks["total"], tasks["ok"], run["wall_ns"].as_f64()]),
            json!([1, null, run["result"]["checksum"], run["engine"]["pid"], run["ready_ns"]]),
            json!([run["spec"]["workload"]]),
            json!([0]),
        ];
        for ((query, answer), expected) in queries.iter().zip(&answers).zip(&expected) {
            assert_eq!(answer, expected, "{flags}: {query}");
        }
        assert_eq!(answers.len(), expected.len());
    }
}

/// The engine is gone and tells of no end: what it was about is in the tables all the same.
#[test]
fn tasks_that_were_lost_are_in_the_tables() {
    let folder = folder();
    let file = path(&folder, "a.pscope");
    let flags = "--backend threads --workers 2 --workload sleep --size 5000000 --tasks 300 --chunk 1 --fault segfault@150";
    let (code, run, _) = record(flags, &file);
    assert_eq!((code, &run["status"]), (3, &json!("lost")));
    let count = |status: &str| number(&file, &format!("SELECT count(*) FROM task WHERE status = '{status}'"));
    assert_eq!(
        (json!(count("ok")), json!(count("crashed"))),
        (run["tasks"]["ok"].clone(), run["tasks"]["crashed"].clone())
    );
    assert!(count("crashed") > 0, "tasks long enough to be told of ran then");
    assert_eq!(number(&file, "SELECT count(*) FROM attempt WHERE exit = -11"), count("crashed"));
    let (shown, complaint) = show(&file);
    assert_eq!((complaint.as_str(), without_self(shown)), ("", without_self(run)));
}

/// Commands reach a run through a session alone.
#[test]
fn pauses_and_new_sizes_are_kept() {
    let folder = folder();
    let file = path(&folder, "a.pscope");
    let text = |text: &str| Some(text.to_owned());
    let spec = Draft {
        workers: text("2"),
        workload: text("sleep"),
        size: text("10000000"),
        tasks: text("150"),
        chunk: text("1"),
        ..Draft::default()
    }
    .validate()
    .expect("a spec");
    let launcher = Launcher { program: PathBuf::from(env!("CARGO_BIN_EXE_poolscope")) };
    let recorder = Recorder::start(&file, &spec).expect("it is made");
    let mut run = launcher.launch_recorded(spec, Arc::new(|| ()), Some(recorder)).expect("it starts");
    let done = |count| {
        until("tasks end", DEADLINE, || (run.snapshot().tally.done() >= count).then_some(()));
    };
    done(10);
    run.send(&Command::Resize(4));
    done(40);
    run.send(&Command::Pause);
    until("it pauses", DEADLINE, || (!run.snapshot().pauses.is_empty()).then_some(()));
    run.send(&Command::Resume);
    done(80);
    run.send(&Command::Resize(1));
    let store = run.wait();
    assert_eq!(run.recording().map(|(_, state)| state), Some(Recording::Complete));
    assert_eq!((store.sizes.len(), store.pauses.len(), store.tally.ok), (3, 1, 150));
    let file = record::read(&file).expect("it opens");
    assert_eq!(file.gap, None);
    let report = |store| RunReport::new(store, Observer::default());
    assert_eq!(report(&file.store), report(&store));
    assert_eq!((&file.store.sizes, &file.store.pauses), (&store.sizes, &store.pauses));
    let log = |store: &poolscope::store::RunStore| store.log.iter().cloned().collect::<Vec<_>>();
    assert_eq!(log(&file.store), log(&store));
}
