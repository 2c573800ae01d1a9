//! What neither a worker nor a workload may do to the engine.

mod support;

use support::{DEADLINE, assert_oracle, command, mark, run_json, signal, until, wait, workers};

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

#[test]
fn what_a_worker_holds_that_was_stopped_between_two_tasks_goes_to_others() {
    let args = [
        "run",
        "--json",
        "--workers",
        "2",
        "--workload",
        "sleep",
        "--size",
        "10000000",
        "--tasks",
        "40",
        "--chunk",
        "1",
        "--prefetch",
        "20",
    ];
    let mark = mark();
    let child = command(&args, &mark).env("POOLSCOPE_STOP_AT", "end-published:3").spawn().expect("it starts");
    let program = support::Program { child, mark };
    let both = workers(&program.mark, 2);
    until("both stop after their third task", DEADLINE, || {
        let stopped = |pid| std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap().contains(") T ");
        both.iter().all(stopped).then_some(())
    });
    signal(both[0], "CONT");
    let output = wait(program);
    let run: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a run");
    assert_oracle(&run);
    assert_eq!(run["tasks"]["ok"], 40, "{}", run["tasks"]);
}

#[test]
fn however_often_workers_die_each_death_is_its_own_and_each_place_is_filled_again() {
    let faults: Vec<String> = (0..600).map(|task| format!("exit@{task}")).collect();
    let (code, run) = run_json(&[
        "--workers",
        "2",
        "--workload",
        "square",
        "--tasks",
        "601",
        "--chunk",
        "1",
        "--fault",
        &faults.join(","),
    ]);
    assert_eq!((code, &run["tasks"]["crashed"]), (1, &600.into()));
    for worker in run["workers"].as_array().expect("workers") {
        // That a worker was gone before it could be given its next task is no fault of its own to be killed for.
        assert_eq!(worker["exit"]["code"], 0, "{worker}");
    }
}
