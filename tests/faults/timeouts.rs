//! Tasks that do not end by themselves, and ends that race each other.

use std::time::{Duration, Instant};

use poolscope::{
    event::{Command, Exit, Outcome, Status},
    store::Phase,
};
use rustix::process::Signal;

use crate::{
    live::{Live, attempts, logged},
    support::{DEADLINE, processes, until},
    tools::{Dice, count, engine, finish, kill, pools, run, start, transports},
};

#[test]
fn threads_leave_hanging_tasks_behind() {
    for fault in ["hang", "stubborn"] {
        let words = "backend=threads workers=2 workload=square tasks=40 timeout=0.3";
        let (code, run) = run(&format!("{words} fault={fault}@7"));
        assert_eq!((code, &run["status"]), (1, &serde_json::json!("finished")), "{fault}");
        assert_eq!((count(&run, "ok"), count(&run, "timed_out")), (39, 1), "{fault}");
    }
}

#[test]
fn a_sleeping_thread_is_cancelled_at_its_timeout() {
    let words = "workload=sleep size=100_000_000 lengths=straggler@1:500 tasks=4 timeout=1";
    let (_, run) = run(&format!("backend=threads workers=2 {words}"));
    assert_eq!((count(&run, "ok"), count(&run, "timed_out")), (3, 1));
}

#[test]
fn a_process_is_asked_to_end_and_killed_if_it_does_not_listen() {
    for transport in transports() {
        for (fault, signal, least_ms) in [("hang", 15, 300), ("stubborn", 9, 800)] {
            let words = "workers=2 workload=square tasks=20 chunk=1 timeout=0.3";
            let store = Live::launch(&format!("{transport} {words} fault={fault}@7")).finish();
            assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Finished), 19), "{fault}");
            let span = &attempts(&store)[&7][0];
            assert_eq!(span.outcome, Outcome::TimedOut, "{fault}");
            assert!(span.run_ns() >= least_ms * 1_000_000, "{fault}: {} ns", span.run_ns());
            let mut lives = store.lanes.iter().flat_map(|lane| &lane.lives);
            assert!(lives.any(|life| life.exit == Some(Exit::Signal(signal)) && life.expected), "{fault}");
        }
    }
}

/// Some of these tasks end at the very moment of their timeout, some before and some after it.
#[test]
fn a_timeout_that_races_the_end_of_its_task_gives_exactly_one_end() {
    for pool in pools() {
        let (workers, tasks) = if pool.contains("serial") { (1, 30) } else { (12, 240) };
        for rest in ["lengths=fixed", "lengths=uniform:0.3", "lengths=fixed retries=1 chunk=4"] {
            let words =
                format!("workers={workers} workload=sleep size=20_000_000 tasks={tasks} timeout=0.02 {rest}");
            let store = Live::launch(&format!("{pool} {words}")).finish();
            let tally = store.tally;
            assert_eq!(store.phase, Phase::Ended(Status::Finished), "{pool} {rest}");
            assert_eq!(tally.ok + tally.timed_out, tasks, "{pool} {rest}: {tally:?}");
            assert!(tally.timed_out > 0 || !rest.contains("uniform"), "{pool}: {tally:?}");
        }
    }
}

#[test]
fn a_stop_that_races_the_ends_of_tasks_gives_exactly_one_end() {
    let mut dice = Dice::new(13);
    for pool in pools() {
        for _ in 0..10 {
            let program =
                start(&format!("{pool} workers=4 workload=sleep size=1_000_000 tasks=100_000 timeout=0.5"));
            engine(&program.mark);
            std::thread::sleep(Duration::from_millis(50 + dice.below(100)));
            assert!(kill(program.child.id(), Signal::INT));
            let (code, run) = finish(program);
            assert_eq!((code, &run["status"]), (130, &serde_json::json!("interrupted")), "{pool}");
            assert_eq!(count(&run, "crashed") + count(&run, "timed_out"), 0, "{pool}: {}", run["tasks"]);
        }
    }
}

/// Why a worker that was halted between two tasks is killed.
const SILENT: &str = "has begun none for 5 s";

/// No task of theirs has begun, so that none can be late; and yet each has been taken.
#[test]
fn workers_that_are_halted_before_they_tell_of_a_start_are_replaced_and_their_tasks_run() {
    for step in ["begun", "start-written"] {
        // Twice two workers with eight starts each.
        let words =
            "backend=processes transport=ring workers=2 workload=sleep size=5_000_000 tasks=28 chunk=1";
        let run = Live::launch_after(
            &format!("export POOLSCOPE_STOP_AT={step}:8"),
            &format!("{words} timeout=1 retries=0"),
        );
        let store = run.finish();
        assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Finished), 28), "{:?}", store.tally);
        assert_eq!(store.spans().count(), 28, "{step}: nothing was tried twice");
        let lives = store.lanes.iter().flat_map(|lane| &lane.lives);
        let killed = lives.filter(|life| life.exit == Some(Exit::Signal(9))).count();
        assert!(killed >= 2 && logged(&store, SILENT), "{step}: {killed} were killed");
    }
}

#[test]
fn a_halted_worker_that_does_not_give_its_tasks_back_is_replaced_and_they_are_run() {
    for transport in transports() {
        // More than the other worker does in the time that the halted one is given.
        let words = "workers=2 workload=sleep size=20_000_000 tasks=350 chunk=4 prefetch=1 timeout=2";
        let run = Live::launch(&format!("{transport} {words}"));
        run.until_all_run();
        run.pause();
        let halted = run.store().workers[0].pid;
        assert!(kill(halted, Signal::STOP));
        // It is given tasks, and they are wanted back before it could begin any.
        for command in [Command::Resume, Command::Pause, Command::Resume] {
            run.send(&command);
            std::thread::sleep(Duration::from_millis(50));
        }
        let store = run.finish();
        assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Finished), 350), "{:?}", store.tally);
        assert_eq!(store.spans().count(), 350, "{transport}: nothing was tried twice");
        let mut lives = store.lanes.iter().flat_map(|lane| &lane.lives);
        let life = lives.find(|life| life.pid == halted).expect("it lived");
        assert_eq!(life.exit, Some(Exit::Signal(9)), "{transport}");
        assert!(logged(&store, SILENT), "{transport}");
    }
}

/// The `sleep 60` that the fault `children` leaves behind, once it has begun.
fn grandchild(mark: &str) -> u32 {
    until("the grandchild lives", DEADLINE, || processes(mark, Some("60")).first().copied())
}

#[test]
fn grandchildren_end_with_a_worker_that_is_timed_out_or_killed() {
    for transport in transports() {
        for timeout in ["0.3", "none"] {
            let words = "workers=2 workload=sleep size=2_000_000_000 lengths=straggler@1:1 tasks=3 chunk=1";
            let run = Live::launch(&format!("{transport} {words} timeout={timeout} fault=children@0"));
            run.until_all_run();
            let child = grandchild(&run.mark);
            if timeout == "none" {
                let worker =
                    run.store().lanes.iter().position(|l| l.running.is_some_and(|open| open.task.0 == 0));
                assert!(kill(run.store().workers[worker.expect("it runs")].pid, Signal::KILL));
            }
            until("the grandchild has ended", Duration::from_secs(2), || {
                processes(&run.mark, None).iter().all(|&pid| pid != child).then_some(())
            });
            let store = run.finish();
            assert_eq!(store.phase, Phase::Ended(Status::Finished), "{timeout}");
            assert_eq!(store.tally.not_run, 0, "{timeout}");
        }
    }
}

#[test]
fn grandchildren_end_with_the_run() {
    for transport in transports() {
        assert_grandchildren_end_with_the_run(transport);
    }
}

#[test]
fn grandchildren_end_with_a_run_of_threads_too() {
    for backend in ["threads", "serial"] {
        assert_grandchildren_end_with_the_run(&format!("backend={backend}"));
    }
}

fn assert_grandchildren_end_with_the_run(pool: &str) {
    let program = start(&format!("{pool} workers=2 workload=square tasks=40 fault=children@3,children@21"));
    let began = Instant::now();
    let (code, run) = finish(program);
    assert_eq!((code, count(&run, "ok")), (0, 40), "{pool}");
    assert!(began.elapsed() < Duration::from_secs(20), "{pool}: it waited for them, {:?}", began.elapsed());
}
