//! Workers and engines that are killed or halted from outside, at chosen moments. `storm` does so at random ones.

use std::{sync::Arc, time::Duration};

use poolscope::{
    event::{Command, Exit, Outcome, Status},
    store::{Phase, RunStore, WorkerState},
};
use rustix::process::Signal;

use crate::{
    live::{Live, attempts, logged},
    support::{DEADLINE, until},
    tools::{children, engine, has_its_job, kill, transports},
};

/// The death of a worker is to be seen within 50 ms. This leaves room for a machine that is busy with other things.
const SEEN_WITHIN_NS: u64 = 500_000_000;

#[test]
fn a_killed_worker_costs_its_running_task_which_names_signal_process_and_time() {
    let mut slowest_ns = 0;
    for transport in transports() {
        for signal in [Signal::KILL, Signal::SEGV, Signal::ABORT, Signal::BUS, Signal::FPE, Signal::ILL] {
            let run = Live::launch(&format!(
                "{transport} workers=2 workload=sleep size=300_000_000 tasks=3 chunk=1"
            ));
            run.until_all_run();
            let store = run.store();
            let (pid, task) = (store.workers[0].pid, store.lanes[0].running.expect("it runs").task);
            let clock = store.info.as_ref().expect("it has begun").clock;
            let killed_ns = clock.now_ns();
            // The standard library takes in a first SIGSEGV or SIGBUS, and expects the fault itself to come again.
            until("it dies", DEADLINE, || (!kill(pid, signal)).then_some(()));
            let store = run.finish();
            assert_eq!(store.phase, Phase::Ended(Status::Finished));
            assert_eq!((store.tally.ok, store.tally.crashed), (2, 1), "{signal:?}");
            let crashed = &attempts(&store)[&task.0][0];
            assert_eq!(crashed.outcome, Outcome::Crashed(Exit::Signal(signal.as_raw())));
            let life = store.lanes[0].lives[0];
            assert_eq!((life.pid, life.exit), (pid, Some(Exit::Signal(signal.as_raw()))));
            for seen_ns in [crashed.end_ns, life.exited_ns.expect("it died")] {
                let late_ns = seen_ns.saturating_sub(killed_ns);
                assert!(
                    seen_ns >= killed_ns && late_ns < SEEN_WITHIN_NS,
                    "{signal:?}: seen {late_ns} ns late"
                );
                slowest_ns = slowest_ns.max(late_ns);
            }
            assert!(logged(&store, &format!("(pid {pid}) died: {}", Exit::Signal(signal.as_raw()))));
            assert_eq!(store.workers[0].restarts, 1, "{signal:?}: it was replaced");
        }
    }
    eprintln!("deaths were seen after {} µs at most", slowest_ns / 1000);
}

/// Six tasks for two workers, one of which is killed well inside its first.
fn run_with_a_kill(words: &str) -> Arc<RunStore> {
    let run = Live::launch(&format!("{words} workers=2 workload=sleep size=300_000_000 tasks=6"));
    run.until_all_run();
    assert!(kill(run.store().workers[0].pid, Signal::KILL));
    run.finish()
}

#[test]
fn a_killed_worker_costs_nothing_where_a_retry_is_allowed() {
    for transport in transports() {
        let store = run_with_a_kill(&format!("{transport} chunk=1 retries=1"));
        assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Finished), 6), "{transport}");
        assert_eq!((store.spans().count(), store.workers[0].restarts), (7, 1), "{transport}");
    }
}

#[test]
fn unstarted_tasks_of_a_killed_worker_go_to_others_free_of_charge() {
    for transport in transports() {
        // Two of its three tasks wait in the worker's hands.
        let store = run_with_a_kill(&format!("{transport} chunk=3 retries=0"));
        assert_eq!((store.tally.ok, store.tally.crashed, store.spans().count()), (5, 1, 6), "{transport}");
    }
}

#[test]
fn a_worker_that_holds_tasks_and_runs_none_costs_nothing() {
    for transport in transports() {
        let words = "workers=2 workload=sleep size=100_000_000 tasks=12 chunk=6 prefetch=1";
        let run = Live::launch(&format!("{transport} {words}"));
        run.until_all_run();
        run.pause();
        let victims: Vec<u32> = run.store().workers.iter().map(|row| row.pid).collect();
        for &victim in &victims {
            assert!(kill(victim, Signal::KILL));
        }
        run.until("both deaths are seen", |store| {
            let dead = |pid| {
                store.lanes.iter().flat_map(|lane| &lane.lives).any(|l| l.pid == pid && l.exit.is_some())
            };
            victims.iter().all(|&pid| dead(pid)).then_some(())
        });
        run.send(&Command::Resume);
        let store = run.finish();
        assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Finished), 12));
        assert_eq!(store.spans().count(), 12, "nothing was tried twice");
    }
}

#[test]
fn a_killed_idle_worker_costs_nothing() {
    for transport in transports() {
        let run =
            Live::launch(&format!("{transport} workers=3 workload=sleep size=600_000_000 tasks=2 chunk=1"));
        let victim = run.until("two work and one is idle", |store| {
            let busy = store.lanes.iter().filter(|lane| lane.running.is_some()).count();
            let idle = store.workers.iter().find(|row| row.state == WorkerState::Idle);
            idle.filter(|_| busy == 2 && store.ready_ns.is_some()).map(|row| row.pid)
        });
        assert!(kill(victim, Signal::KILL));
        let store = run.finish();
        assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Finished), 2));
        let exit = store.lanes.iter().flat_map(|lane| &lane.lives).find(|life| life.pid == victim);
        assert_eq!(exit.and_then(|life| life.exit), Some(Exit::Signal(9)));
    }
}

#[test]
fn a_stopped_worker_is_shown_holds_nobody_up_and_resumes() {
    for transport in transports() {
        let run =
            Live::launch(&format!("{transport} workers=2 workload=sleep size=30_000_000 tasks=60 chunk=1"));
        run.until_all_run();
        let pid = run.store().workers[1].pid;
        assert!(kill(pid, Signal::STOP));
        run.until("it is shown as stopped", |store| {
            (store.workers[1].state == WorkerState::Stopped).then_some(())
        });
        let before = run.store().workers[0].attempts;
        run.until("the other goes on", |store| (store.workers[0].attempts >= before + 5).then_some(()));
        assert!(kill(pid, Signal::CONT));
        let store = run.finish();
        assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Finished), 60));
        assert_eq!(store.spans().count(), 60);
        assert_eq!(store.workers[1].restarts, 0);
    }
}

#[test]
fn a_stopped_worker_is_timed_out_and_replaced() {
    for transport in transports() {
        let words = "workers=2 workload=sleep size=100_000_000 tasks=10 chunk=1 timeout=1";
        let run = Live::launch(&format!("{transport} {words}"));
        run.until_all_run();
        assert!(kill(run.store().workers[0].pid, Signal::STOP));
        let store = run.finish();
        assert_eq!((store.tally.ok, store.tally.timed_out), (9, 1), "SIGTERM alone waits for SIGCONT");
    }
}

/// One by one, workers soon have nothing to do while the engine is stopped. With thousands of tasks in hand they have much
/// to tell and nobody who listens.
#[test]
fn nothing_is_lost_while_the_engine_is_stopped() {
    let serial = Live::launch("backend=serial workload=spin size=10_000 tasks=40_000").finish();
    let mut runs = Vec::new();
    for pool in transports().iter().map(String::as_str).chain(["backend=threads"]) {
        for chunk in ["1", "8000"] {
            let what = format!("{pool} workers=3 chunk={chunk}");
            let run = Live::launch(&format!("{what} workload=spin size=10_000 tasks=40_000"));
            let engine = run.until("the run is under way", |store| {
                store.info.as_ref().filter(|_| store.tally.ok > 0).map(|info| info.engine_pid)
            });
            assert!(kill(engine, Signal::STOP));
            runs.push((run, engine, what));
        }
    }
    std::thread::sleep(Duration::from_secs(2));
    for (run, engine, what) in runs {
        assert!(!run.is_over(), "{what}: it was stopped in the middle of the run");
        assert!(kill(engine, Signal::CONT));
        let store = run.finish();
        assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Finished), 40_000), "{what}");
        assert_eq!(store.checksum, serial.checksum, "{what}");
    }
}

#[test]
fn tasks_that_ended_in_time_while_the_engine_was_stopped_did_not_time_out() {
    for transport in transports() {
        let words = "workers=4 workload=sleep size=200_000_000 tasks=16 chunk=1 timeout=1";
        let run = Live::launch(&format!("{transport} {words}"));
        run.until_all_run();
        let engine = run.store().info.as_ref().expect("it has begun").engine_pid;
        assert!(kill(engine, Signal::STOP));
        std::thread::sleep(Duration::from_secs(2));
        assert!(kill(engine, Signal::CONT));
        let store = run.finish();
        assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Finished), 16), "{:?}", store.tally);
    }
}

/// Only deaths at start-up are counted, and a pool that gives up after too many of them does so for good.
#[test]
fn workers_that_have_worked_are_replaced_however_often_they_die() {
    for transport in transports() {
        let run = Live::launch(&format!("{transport} workers=1 workload=noop tasks=10_000_000 chunk=1"));
        let engine = engine(&run.mark);
        let mut deaths = 0;
        while deaths < 40 && !run.is_over() {
            let Some(worker) = children(engine).into_iter().find(|&pid| has_its_job(pid)) else { continue };
            // In which it works, and the engine has much to send it.
            std::thread::sleep(Duration::from_millis(15));
            deaths += u32::from(kill(worker, Signal::KILL));
            until("it is buried", DEADLINE, || (!kill(worker, Signal::KILL)).then_some(()));
        }
        run.send(&Command::Cancel);
        let store = run.finish();
        assert_eq!(store.phase, Phase::Ended(Status::Interrupted), "{transport}: {:?}", store.reason);
        assert_eq!(deaths, 40, "{transport}");
    }
}

/// A task runs on a worker that is to go, and whoever stays has died when there was nothing left to hand out. When that
/// task has to be run again, somebody must be found.
#[test]
fn a_task_that_comes_back_when_nobody_is_left_is_run_by_a_new_worker() {
    for transport in transports() {
        let run = run_whose_second_worker_has_the_long_task(transport);
        let pids: Vec<u32> = run.store().workers.iter().map(|row| row.pid).collect();
        run.send(&Command::Resize(1));
        run.until("it is smaller", |store| (store.sizes.len() > 1).then_some(()));
        for (place, pid) in pids.into_iter().enumerate() {
            assert!(kill(pid, Signal::KILL));
            run.until("its death is seen", |store| store.lanes[place].lives[0].exit);
        }
        let store = run.finish();
        assert_eq!(store.phase, Phase::Ended(Status::Finished), "{transport}: {:?}", store.reason);
        assert_eq!((store.tally.ok, store.spans().count()), (2, 3), "{transport}");
        assert_eq!(store.lanes[0].lives.len(), 2, "{transport}");
    }
}

/// Two tasks, of which the short one has ended. Who gets which is a matter of chance.
fn run_whose_second_worker_has_the_long_task(transport: &str) -> Live {
    for _ in 0..50 {
        let words =
            "workers=2 workload=sleep size=10_000_000 lengths=straggler@1:200 tasks=2 chunk=1 retries=1";
        let run = Live::launch(&format!("{transport} {words}"));
        let at = run.until("the long task is left", |store| {
            let running = store.lanes.iter().position(|lane| lane.running.is_some());
            let all_ready = store.lanes.iter().all(|lane| lane.lives.iter().any(|l| l.ready_ns.is_some()));
            running.filter(|_| store.tally.ok == 1 && all_ready)
        });
        if at == 1 {
            return run;
        }
        run.send(&Command::Cancel);
        run.finish();
    }
    panic!("the first worker always gets it");
}

#[test]
fn times_are_right_after_a_death() {
    for transport in transports() {
        let words =
            "workers=2 workload=sleep size=20_000_000 tasks=4 chunk=2 prefetch=1 lengths=straggler@0:50";
        let store = Live::launch(&format!("{transport} {words} fault=segfault@3")).finish();
        assert_eq!((store.tally.ok, store.tally.crashed), (3, 1), "{transport}");
        let straggler = store.spans().find(|(_, span)| span.task.0 == 0).map(|(_, span)| span.run_ns());
        assert!(straggler.is_some_and(|run_ns| run_ns >= 990_000_000), "{transport}: {straggler:?}");
        for life in store.lanes.iter().flat_map(|lane| &lane.lives) {
            assert!(life.ready_ns.is_none_or(|ready_ns| ready_ns > life.spawned_ns), "{transport}: {life:?}");
        }
    }
}

#[test]
fn workers_that_were_let_go_are_no_deaths() {
    for transport in transports() {
        let run =
            Live::launch(&format!("{transport} workers=2 workload=sleep size=5_000_000 tasks=1000 chunk=1"));
        for _ in 0..30 {
            run.send(&Command::Resize(1));
            run.send(&Command::Resize(2));
            std::thread::sleep(Duration::from_millis(50));
        }
        run.send(&Command::Stop);
        let store = run.finish();
        let complaint = store.log.iter().find(|line| line.text.contains("again and again"));
        assert_eq!(complaint, None, "{transport}");
    }
}
