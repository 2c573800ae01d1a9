//! What neither a worker nor a workload may do to the engine.

mod support;

use support::{assert_oracle, command, mark, run_json, wait};

#[test]
fn workers_that_write_nonsense_into_their_rings_are_ended_and_the_run_with_them() {
    let args = ["run", "--json", "--workers", "2", "--workload", "square", "--tasks", "1000", "--chunk", "1"];
    let mark = mark();
    let child = command(&args, &mark).env("POOLSCOPE_STOP_AT", "scribble:5").spawn().expect("it starts");
    let output = wait(support::Program { child, mark });
    let run = serde_json::from_slice(&output.stdout).expect("a run");
    assert_oracle(&run);
    assert_eq!(run["status"], "lost", "each of them does so, until no more are started");
}

#[test]
fn a_chunk_may_be_more_than_its_worker_can_be_sent_at_once() {
    // Many inputs for a thread; and for a process more bytes than may wait for it.
    for args in [
        ["--backend", "threads", "--tasks", "12000", "--size", "16", "--chunk", "6000"],
        ["--backend", "processes", "--tasks", "14", "--size", "16777216", "--chunk", "7"],
    ] {
        let spec = ["--workload", "payload", "--workers", "1", "--prefetch", "2"];
        let (code, run) = run_json(&[&spec[..], &args].concat());
        assert_eq!(code, 0, "{}", run["tasks"]);
    }
}
