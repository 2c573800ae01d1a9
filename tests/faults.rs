//! What a run survives. The oracle is in `support`: each task ends in exactly one way, and no process is left.

mod support;

use std::{process::Stdio, time::Duration};

use support::{
    DEADLINE, Program, assert_nothing_left, command, mark, processes, run, run_json, signal, start, until,
    wait, workers,
};

fn count(run: &serde_json::Value, outcome: &str) -> u64 {
    run["tasks"][outcome].as_u64().expect("a count")
}

#[test]
fn a_segfault_costs_a_process_one_task_and_threads_the_engine() {
    let (code, run_of_processes) =
        run_json(&["--backend", "processes", "--workers", "2", "--workload", "fault", "--tasks", "16"]);
    assert_eq!(code, 1);
    assert_eq!(run_of_processes["status"], "finished");
    assert_eq!((count(&run_of_processes, "ok"), count(&run_of_processes, "crashed")), (15, 1));
    let restarts: u64 = run_of_processes["workers"]
        .as_array()
        .expect("workers")
        .iter()
        .filter_map(|w| w["restarts"].as_u64())
        .sum();
    assert_eq!(restarts, 1);

    let (code, run_of_threads) =
        run_json(&["--backend", "threads", "--workers", "2", "--workload", "fault", "--tasks", "16"]);
    assert_eq!(code, 3);
    assert_eq!(run_of_threads["status"], "lost");
    assert!(run_of_threads["reason"].as_str().is_some_and(|why| why.contains("SIGSEGV")), "{run_of_threads}");
    // What the engine had not told yet died with it: a start may be missing, never a task.
    assert!(count(&run_of_threads, "ok") < 16 && count(&run_of_threads, "failed") == 0);
}

#[test]
fn the_terminal_says_that_the_engine_was_lost() {
    let (code, _, stderr) =
        run(&["run", "--backend", "threads", "--workers", "2", "--workload", "fault", "--tasks", "16"]);
    assert_eq!(code, 3);
    assert!(stderr.contains("the engine died: SIGSEGV"), "{stderr}");
}

#[test]
fn each_kind_of_fault_ends_its_task_and_no_other_in_processes() {
    for (fault, outcome) in [
        ("panic", "failed"),
        ("abort", "crashed"),
        ("segfault", "crashed"),
        ("exit", "crashed"),
        ("hang", "timed_out"),
        ("leak", "ok"),
    ] {
        let (_, run) = run_json(&[
            "--workers",
            "2",
            "--workload",
            "square",
            "--tasks",
            "40",
            "--chunk",
            "4",
            "--fault",
            &format!("{fault}@7"),
            "--timeout",
            "0.3",
        ]);
        assert_eq!(run["status"], "finished", "{fault}");
        if outcome == "ok" {
            assert_eq!(count(&run, "ok"), 40);
        } else {
            assert_eq!((count(&run, "ok"), count(&run, outcome)), (39, 1), "{fault}: {}", run["tasks"]);
        }
    }
}

#[test]
fn threads_survive_panics_and_leave_hanging_tasks_behind() {
    for (fault, outcome) in [("panic", "failed"), ("hang", "timed_out")] {
        let (code, run) = run_json(&[
            "--backend",
            "threads",
            "--workers",
            "2",
            "--workload",
            "square",
            "--tasks",
            "40",
            "--fault",
            &format!("{fault}@7"),
            "--timeout",
            "0.3",
        ]);
        assert_eq!((code, &run["status"]), (1, &serde_json::json!("finished")), "{fault}");
        assert_eq!((count(&run, "ok"), count(&run, outcome)), (39, 1), "{fault}");
    }
}

#[test]
fn a_sleeping_thread_is_cancelled_at_its_timeout() {
    let (_, run) = run_json(&[
        "--backend",
        "threads",
        "--workers",
        "2",
        "--workload",
        "sleep",
        "--size",
        "100000000",
        "--lengths",
        "straggler@1:500",
        "--tasks",
        "4",
        "--timeout",
        "1",
    ]);
    assert_eq!((count(&run, "ok"), count(&run, "timed_out")), (3, 1));
}

#[test]
fn a_task_that_kills_every_worker_is_set_aside_after_two() {
    let (code, run) = run_json(&[
        "--workers",
        "2",
        "--workload",
        "square",
        "--tasks",
        "30",
        "--fault",
        "segfault@5",
        "--retries",
        "50",
    ]);
    assert_eq!(code, 1);
    assert_eq!((count(&run, "ok"), count(&run, "crashed")), (29, 1));
    let restarts: u64 =
        run["workers"].as_array().expect("workers").iter().filter_map(|w| w["restarts"].as_u64()).sum();
    // A death that leaves nothing in the queue replaces nobody; without the limit there would be dozens.
    assert!(restarts <= 2, "{restarts}");
}

#[test]
fn more_deaths_of_workers_than_any_budget_still_finish() {
    let faults: Vec<String> = (0..12).map(|task| format!("segfault@{task}")).collect();
    let (code, run) =
        run_json(&["--workers", "3", "--workload", "square", "--tasks", "40", "--fault", &faults.join(",")]);
    assert_eq!((code, count(&run, "ok"), count(&run, "crashed")), (1, 28, 12));
}

/// A run long enough to be interfered with: 40 tasks of 50 ms each.
const LONG: [&str; 12] = [
    "run",
    "--json",
    "--workers",
    "2",
    "--workload",
    "sleep",
    "--size",
    "50000000",
    "--tasks",
    "40",
    "--chunk",
    "1",
];

fn finish(program: Program) -> (i32, serde_json::Value) {
    let output = wait(program);
    let run = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    support::assert_oracle(&run);
    (output.status.code().expect("a code"), run)
}

/// Six tasks of a second for two workers, one of which is killed half a second in: well inside its first task.
fn run_with_a_kill(chunk: &str, retries: &str) -> (i32, serde_json::Value) {
    let program = start(&[
        "run",
        "--json",
        "--workers",
        "2",
        "--workload",
        "sleep",
        "--size",
        "1000000000",
        "--tasks",
        "6",
        "--chunk",
        chunk,
        "--retries",
        retries,
    ]);
    let victim = workers(&program.mark, 2)[0];
    std::thread::sleep(Duration::from_millis(500));
    signal(victim, "KILL");
    finish(program)
}

#[test]
fn a_killed_worker_costs_its_running_task_and_is_replaced() {
    let (code, run) = run_with_a_kill("1", "0");
    assert_eq!((code, count(&run, "ok"), count(&run, "crashed")), (1, 5, 1));
    assert_eq!(run["workers"].as_array().expect("workers").iter().filter(|w| w["restarts"] == 1).count(), 1);
}

#[test]
fn a_killed_worker_costs_nothing_where_a_retry_is_allowed() {
    let (code, run) = run_with_a_kill("1", "1");
    assert_eq!((code, count(&run, "ok")), (0, 6));
}

#[test]
fn unstarted_tasks_of_a_killed_worker_go_to_others_free_of_charge() {
    // Two of its three tasks wait in the worker's hands.
    let (code, run) = run_with_a_kill("3", "0");
    assert_eq!((code, count(&run, "ok"), count(&run, "crashed")), (1, 5, 1));
}

#[test]
fn a_stopped_worker_holds_nobody_up_and_resumes() {
    let program = start(&LONG);
    let sleeper = workers(&program.mark, 2)[0];
    std::thread::sleep(Duration::from_millis(100));
    signal(sleeper, "STOP");
    std::thread::sleep(Duration::from_millis(300));
    signal(sleeper, "CONT");
    let (code, run) = finish(program);
    assert_eq!((code, count(&run, "ok")), (0, 40));
}

#[test]
fn a_signal_stops_the_run_in_order() {
    for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let program = start(&LONG);
        workers(&program.mark, 2);
        std::thread::sleep(Duration::from_millis(200));
        signal(program.child.id(), name);
        let (code, run) = finish(program);
        assert_eq!(code, 128 + number, "SIG{name}");
        assert_eq!(run["status"], "interrupted");
        assert!(count(&run, "not_run") > 0 && count(&run, "crashed") == 0, "{}", run["tasks"]);
    }
}

#[test]
fn a_stop_ends_tasks_that_would_not_end_by_themselves() {
    for backend in ["processes", "threads"] {
        let program = start(&[
            "run",
            "--json",
            "--backend",
            backend,
            "--workers",
            "2",
            "--workload",
            "square",
            "--tasks",
            "4",
            "--chunk",
            "1",
            "--fault",
            "hang@0,hang@1",
        ]);
        std::thread::sleep(Duration::from_millis(500));
        signal(program.child.id(), "TERM");
        let (code, run) = finish(program);
        assert_eq!((code, count(&run, "cancelled"), count(&run, "not_run")), (143, 2, 2), "{backend}");
    }
}

#[test]
fn a_million_queued_tasks_stop_at_once() {
    let program = start(&[
        "run",
        "--json",
        "--workers",
        "2",
        "--workload",
        "sleep",
        "--size",
        "1000000",
        "--tasks",
        "1000000",
    ]);
    workers(&program.mark, 2);
    std::thread::sleep(Duration::from_millis(200));
    signal(program.child.id(), "INT");
    let began = std::time::Instant::now();
    let (code, _) = finish(program);
    assert_eq!(code, 130);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[test]
fn nothing_outlives_a_killed_session() {
    for (backend, engine_stopped) in
        [("processes", false), ("threads", false), ("processes", true), ("threads", true)]
    {
        let mark = mark();
        let mut session = command(&[&LONG[..], &["--backend", backend]].concat(), &mark)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let engine = until("the engine runs", DEADLINE, || processes(&mark, Some("engine")).first().copied());
        if backend == "processes" {
            workers(&mark, 2);
        } else {
            // Past its first moments, in which a halted process could not even ask to die with its parent.
            until("the engine has its threads", DEADLINE, || {
                let threads = std::fs::read_dir(format!("/proc/{engine}/task")).ok()?.count();
                (threads >= 5).then_some(())
            });
        }
        if engine_stopped {
            signal(engine, "STOP");
        }
        session.kill().expect("killed");
        session.wait().expect("reaped");
        assert_nothing_left(&mark);
    }
}

#[test]
fn nothing_outlives_a_killed_engine_and_the_session_says_lost() {
    let program = start(&LONG);
    workers(&program.mark, 2);
    let engine = processes(&program.mark, Some("engine"))[0];
    signal(engine, "KILL");
    let output = wait(program);
    assert_eq!(output.status.code(), Some(3));
    let run: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(run["status"], "lost");
    support::assert_oracle(&run);
}

#[test]
fn a_window_without_a_display_says_so_in_a_line() {
    let mark = mark();
    let child = command(&["gui"], &mark)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .spawn()
        .expect("it starts");
    let output = wait(Program { child, mark });
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert_ne!(output.status.code(), Some(0));
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("poolscope run"), "{text}");
}

#[test]
fn a_stop_reaches_threads_whose_start_nobody_has_seen_yet() {
    for delay_ms in [10, 40, 90] {
        let program = start(&[
            "run",
            "--json",
            "--backend",
            "threads",
            "--workers",
            "512",
            "--workload",
            "sleep",
            "--size",
            "40000000000",
            "--tasks",
            "2048",
            "--chunk",
            "1",
        ]);
        until("the engine runs", DEADLINE, || processes(&program.mark, Some("engine")).first().copied());
        std::thread::sleep(Duration::from_millis(delay_ms));
        let began = std::time::Instant::now();
        signal(program.child.id(), "INT");
        let (code, _) = finish(program);
        assert_eq!(code, 130);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?} after {delay_ms} ms", began.elapsed());
    }
}

#[test]
fn a_second_signal_ends_a_run_whose_engine_hears_nothing() {
    let program = start(&LONG);
    workers(&program.mark, 2);
    let engine = processes(&program.mark, Some("engine"))[0];
    signal(engine, "STOP");
    for _ in 0..2 {
        signal(program.child.id(), "INT");
        std::thread::sleep(Duration::from_millis(100));
    }
    let (code, run) = finish(program);
    assert_eq!((code, &run["status"]), (130, &serde_json::json!("lost")));
}
