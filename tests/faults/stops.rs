//! Signals to the command line: the first stops the run in order, the second at once.

use std::time::{Duration, Instant};

use poolscope::{
    event::{Command, Status},
    store::Phase,
};
use rustix::process::Signal;

use crate::{
    live::Live,
    support::workers,
    tools::{count, engine, finish, kill, pools, start, transports},
};

/// A run long enough to be interfered with: 40 tasks of 50 ms each.
pub(crate) const LONG: &str = "workers=2 workload=sleep size=50_000_000 tasks=40 chunk=1";

#[test]
fn a_signal_stops_the_run_in_order() {
    for pool in pools() {
        for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
            let program = start(&format!("{pool} {LONG}"));
            engine(&program.mark);
            std::thread::sleep(Duration::from_millis(300));
            assert!(kill(program.child.id(), signal));
            let (code, run) = finish(program);
            assert_eq!(code, 128 + signal.as_raw(), "{pool}");
            assert_eq!(run["status"], "interrupted");
            // What runs is shorter than the grace of a stop, and ends well.
            let unwell = count(&run, "crashed") + count(&run, "cancelled");
            assert!(count(&run, "not_run") > 0 && count(&run, "ok") > 0 && unwell == 0, "{}", run["tasks"]);
        }
    }
}

#[test]
fn a_stop_ends_tasks_that_would_not_end_by_themselves() {
    for pool in transports().iter().map(String::as_str).chain(["backend=threads"]) {
        let words = "workers=2 workload=square tasks=4 chunk=1 fault=hang@0,stubborn@1";
        let program = start(&format!("{pool} {words}"));
        engine(&program.mark);
        std::thread::sleep(Duration::from_millis(500));
        assert!(kill(program.child.id(), Signal::TERM));
        let (code, run) = finish(program);
        assert_eq!((code, count(&run, "cancelled"), count(&run, "not_run")), (143, 2, 2), "{pool}");
    }
}

#[test]
fn a_stop_that_cancels_the_last_tasks_is_no_finish() {
    for pool in pools() {
        let program = start(&format!("{pool} workers=2 workload=sleep size=60_000_000_000 tasks=1"));
        engine(&program.mark);
        std::thread::sleep(Duration::from_millis(300));
        assert!(kill(program.child.id(), Signal::INT));
        let (code, run) = finish(program);
        assert_eq!((code, &run["status"]), (130, &serde_json::json!("interrupted")), "{pool}");
        assert_eq!(count(&run, "cancelled"), 1, "{pool}: {}", run["tasks"]);
    }
}

#[test]
fn a_second_signal_stops_at_once_and_the_first_names_the_exit() {
    for pool in pools() {
        let program = start(&format!("{pool} workers=2 workload=sleep size=60_000_000_000 tasks=4 chunk=1"));
        engine(&program.mark);
        std::thread::sleep(Duration::from_millis(300));
        assert!(kill(program.child.id(), Signal::TERM));
        std::thread::sleep(Duration::from_millis(50));
        let began = Instant::now();
        assert!(kill(program.child.id(), Signal::INT));
        let (code, run) = finish(program);
        assert_eq!((code, &run["status"]), (143, &serde_json::json!("interrupted")), "{pool}");
        assert!(count(&run, "cancelled") > 0 && count(&run, "ok") == 0, "{pool}: {}", run["tasks"]);
        assert!(began.elapsed() < Duration::from_secs(3), "{pool}: {:?}", began.elapsed());
    }
}

#[test]
fn a_second_signal_ends_a_run_whose_engine_hears_nothing() {
    let program = start(LONG);
    workers(&program.mark, 2);
    assert!(kill(engine(&program.mark), Signal::STOP));
    for _ in 0..2 {
        assert!(kill(program.child.id(), Signal::INT));
        std::thread::sleep(Duration::from_millis(100));
    }
    let (code, run) = finish(program);
    assert_eq!((code, &run["status"]), (130, &serde_json::json!("lost")));
}

#[test]
fn a_stop_reaches_threads_whose_start_nobody_has_seen_yet() {
    for delay_ms in [10, 40, 90] {
        let words = "workers=512 workload=sleep size=40_000_000_000 tasks=2048 chunk=1";
        let program = start(&format!("backend=threads {words}"));
        engine(&program.mark);
        std::thread::sleep(Duration::from_millis(delay_ms));
        let began = Instant::now();
        assert!(kill(program.child.id(), Signal::INT));
        let (code, _) = finish(program);
        assert_eq!(code, 130);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?} after {delay_ms} ms", began.elapsed());
    }
}

#[test]
fn a_stop_does_not_wait_for_workers_that_are_still_starting() {
    for transport in transports() {
        for delay_ms in [0, 10, 40] {
            let program =
                start(&format!("{transport} workers=64 workload=sleep size=1_000_000 tasks=100_000"));
            engine(&program.mark);
            std::thread::sleep(Duration::from_millis(delay_ms));
            let began = Instant::now();
            assert!(kill(program.child.id(), Signal::HUP));
            let (code, run) = finish(program);
            assert_eq!((code, count(&run, "crashed")), (129, 0));
            assert!(began.elapsed() < Duration::from_secs(5), "{:?} after {delay_ms} ms", began.elapsed());
        }
    }
}

/// Each time, the worker is sent a task and told that it is void, and hears of neither before its own is done.
#[test]
fn a_worker_that_is_paused_thousands_of_times_within_one_task_goes_on_with_the_next() {
    const TIMES: usize = 3000;
    let words = "workers=1 workload=sleep size=2_000_000_000 tasks=3 chunk=1 prefetch=2";
    let launch = |pool: String| {
        let run = Live::launch(&format!("{pool} {words}"));
        run.until_all_run();
        for _ in 0..TIMES {
            run.send(&Command::Pause);
            run.send(&Command::Resume);
        }
        (run, pool)
    };
    let runs: Vec<_> = pools().into_iter().map(launch).collect();
    for (run, pool) in runs {
        let store = run.finish();
        assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Finished), 3), "{pool}");
        assert!(store.pauses.len() >= TIMES, "{pool}: {}", store.pauses.len());
        assert_eq!(store.lanes[0].lives.len(), 1, "{pool}: it was replaced");
    }
}
