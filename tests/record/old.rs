//! Files that earlier versions have written keep opening, and say what they said.

use std::path::PathBuf;

use poolscope::{
    event::{LockKind, Outcome},
    record::{self, Label},
    store::RunStore,
};
use serde_json::json;

use crate::tools::show;

/// Written by format 1: six squares under the simulated lock, of which one panicked twice.
const V1: &str = "v1.pscope";

fn data(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data")).join(name)
}

#[test]
fn format_1_says_what_it_said_when_it_was_written() {
    let (run, complaint) = show(&data(V1));
    assert_eq!(complaint, "");
    for (field, expected) in [
        ("/status", json!("finished")),
        ("/reason", json!(null)),
        ("/spec/backend", json!("gil")),
        ("/spec/workload", json!("square")),
        ("/spec/retries", json!(1)),
        ("/spec/faults", json!(["panic@2"])),
        ("/spec/telemetry", json!("full")),
        ("/host/cores", json!(2)),
        ("/host/memory_bytes", json!(25_276_502_016_u64)),
        ("/wall_ns", json!(2_249_427)),
        ("/ready_ns", json!(1_809_344)),
        (
            "/tasks",
            json!({
                "total": 6, "ok": 5, "failed": 1, "crashed": 0, "timed_out": 0, "cancelled": 0, "not_run": 0
            }),
        ),
        ("/first_failure", json!("task 2: fault: panic asked for at task 2")),
        ("/result", json!({"checksum": "82392300a8249964", "values": [1, 4, null, 16, 25, 36]})),
        ("/locks/gil", json!({"waits": 0, "waited_ns": 0, "held_ns": 160_068, "longest_wait_ns": 0})),
        ("/locks/shared", json!(null)),
        ("/telemetry", json!({"level": "full", "cost_ns": 593})),
        (
            "/task_ns",
            json!({"min": 6950, "mean": 13348, "median": 8643, "p95": 27657, "p99": 30913, "max": 31727}),
        ),
        ("/workers/0/tid", json!(4447)),
        ("/workers/0/tasks", json!(2)),
        ("/workers/1/tasks", json!(3)),
        ("/workers/1/cpu_ns", json!(108_319)),
        ("/workers/1/max_rss_bytes", json!(11_522_048)),
        ("/engine/pid", json!(4442)),
    ] {
        assert_eq!(run.pointer(field), Some(&expected), "{field}");
    }
}

#[test]
fn format_1_has_every_attempt_lock_log_and_sample() {
    let file = record::read(&data(V1)).expect("it opens");
    assert_eq!((file.title.as_str(), file.gap), ("gil (simulated) × 2, square, 6 tasks", None));
    let store: RunStore = file.store;
    let mut attempts: Vec<_> = store
        .spans()
        .map(|(worker, span)| {
            let ok = span.outcome == Outcome::Ok;
            (span.task.0, span.attempt, worker.0, ok, span.start_ns, span.end_ns)
        })
        .collect();
    attempts.sort_unstable();
    assert_eq!(
        attempts,
        [
            (0, 0, 0, true, 1_873_249, 1_904_976),
            (1, 0, 1, true, 1_949_622, 1_960_999),
            (2, 0, 0, false, 1_988_369, 2_081_698),
            (2, 1, 0, false, 2_238_210, 2_249_427),
            (3, 0, 1, true, 2_127_115, 2_135_758),
            (4, 0, 0, true, 2_173_684, 2_181_726),
            (5, 0, 1, true, 2_204_871, 2_211_821),
        ]
    );
    let locks = store.lanes.iter().map(|lane| lane.locks.of(LockKind::Gil).len()).sum::<usize>();
    assert_eq!((locks, store.queue.len(), store.engine_max_rss_bytes), (6, 2, 11_522_048));
    let lines: Vec<&str> = store.log.iter().map(|line| &*line.text).collect();
    for n in [1, 2, 4, 5, 6] {
        assert!(lines.contains(&format!("square of {n} is {}", n * n).as_str()), "{lines:?}");
    }
    assert!(lines.iter().any(|line| line.contains("panic asked for at task 2")), "{lines:?}");
}

#[test]
fn format_1_has_a_cover() {
    let cover = record::brief(&data(V1)).expect("a cover");
    assert_eq!(
        (cover.status.as_str(), cover.complete, cover.tally.ok, cover.wall_ns),
        ("finished", true, 5, Some(2_249_427))
    );
    assert_eq!((cover.started_unix_ns, cover.label), (Some(1_795_388_037_581_409_425), Label::default()));
}
