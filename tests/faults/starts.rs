//! Workers that never come to work: killed or halted too early, or refused by the system.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    process::Command,
    time::{Duration, Instant},
};

use poolscope::{
    event::{Exit, Status},
    store::{Phase, RunStore},
};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::{
    live::{Live, logged},
    support::{DEADLINE, folder, path, processes, until},
    tools::{Dice, children, count, engine, finish, has_its_job, kill, start, transports},
};

/// What the log says once a pool replaces nobody any more.
const GIVEN_UP: &str = "no more are started";
/// Deaths at start-up that a pool forgives.
const FORGIVEN: u32 = 5;

#[test]
fn a_worker_that_is_not_ready_in_time_is_killed_and_counted() {
    let runs: Vec<_> =
        transports().iter().map(|transport| run_with_a_worker_halted_early(transport)).collect();
    for ((run, halted), transport) in runs.into_iter().zip(transports()) {
        let store = run.finish();
        assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Finished), 300), "{transport}");
        let life = store.lanes.iter().flat_map(|lane| &lane.lives).find(|life| life.pid == halted);
        let life = life.expect("it was told of");
        assert_eq!((life.ready_ns, life.exit), (None, Some(Exit::Signal(9))), "{transport}");
        let lived_ns = life.exited_ns.expect("it died") - life.spawned_ns;
        assert!((5_000_000_000..20_000_000_000).contains(&lived_ns), "{transport}: {lived_ns}");
        assert!(logged(&store, "not ready after 5 s"), "{transport}");
    }
}

/// A worker is only a few milliseconds old when it is ready, so that several may have to be tried.
fn run_with_a_worker_halted_early(transport: &str) -> (Live, u32) {
    for _ in 0..50 {
        let run =
            Live::launch(&format!("{transport} workers=3 workload=sleep size=5_000_000 tasks=300 chunk=1"));
        let engine = engine(&run.mark);
        let young = until("a worker begins", DEADLINE, || {
            // Once it is past its own exec: before, the engine itself would wait for it.
            let line = |pid| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            children(engine)
                .into_iter()
                .find(|&pid| line(pid).split(|byte| *byte == 0).nth(1) == Some(b"worker"))
        });
        kill(young, Signal::STOP);
        std::thread::sleep(Duration::from_millis(50));
        if !has_its_job(young) {
            return (run, young);
        }
        kill(young, Signal::CONT);
        run.finish();
    }
    panic!("every worker was ready before it could be halted");
}

#[test]
fn a_few_workers_killed_while_they_start_cost_nothing_but_time() {
    let mut dice = Dice::new(3);
    for transport in transports() {
        for round in 0..4 {
            let words = "workers=2 workload=sleep size=5_000_000 tasks=200 chunk=1 retries=5";
            let run = Live::launch(&format!("{transport} {words}"));
            let engine = engine(&run.mark);
            let mut killed: Vec<u32> = Vec::new();
            while killed.len() < FORGIVEN as usize && !run.is_over() {
                for pid in children(engine) {
                    // In the middle of fork, exec, hello or a first task.
                    std::thread::sleep(Duration::from_micros(dice.below(6000)));
                    if killed.len() < FORGIVEN as usize && !killed.contains(&pid) && kill(pid, Signal::KILL) {
                        killed.push(pid);
                    }
                }
            }
            let store = run.finish();
            assert_eq!(
                store.phase,
                Phase::Ended(Status::Finished),
                "{transport}, {round}: {:?}",
                store.reason
            );
            // A task that two of them had begun is set aside.
            assert!(
                store.tally.ok >= 198 && store.tally.ok + store.tally.crashed == 200,
                "{:?}",
                store.tally
            );
        }
    }
}

#[test]
fn a_pool_whose_workers_all_die_at_once_is_lost_and_says_so() {
    for transport in transports() {
        let run =
            Live::launch(&format!("{transport} workers=2 workload=sleep size=1_000_000_000 tasks=1000"));
        let engine = engine(&run.mark);
        let began = Instant::now();
        while !run.is_over() && began.elapsed() < DEADLINE {
            for pid in children(engine) {
                kill(pid, Signal::KILL);
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        let store = run.finish();
        assert_eq!(store.phase, Phase::Ended(Status::Lost), "{transport}");
        let reason = store.reason.as_deref().unwrap_or_default();
        assert!(reason.contains("no worker is left") && reason.contains("SIGKILL"), "{transport}: {reason}");
        assert!(logged(&store, GIVEN_UP), "{transport}");
        let lives = store.lanes.iter().map(|lane| lane.lives.len()).sum::<usize>();
        assert!(store.tally.crashed as usize <= lives, "{transport}: {:?}, {lives} lives", store.tally);
    }
}

/// A run whose program, in this folder, cannot be executed any more once both workers are ready.
fn run_without_a_program(folder: &TempDir, transport: &str, tasks: u32) -> Live {
    let program = path(folder, "poolscope");
    fs::copy(env!("CARGO_BIN_EXE_poolscope"), &program).expect("copied");
    let words = format!("{transport} workers=2 workload=sleep size=25_000_000 tasks={tasks} chunk=1");
    let run = Live::launch_script(&format!("exec '{}' \"$@\"", program.display()), &words);
    run.until_all_run();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o600)).expect("it is ours");
    run
}

#[test]
fn a_pool_that_cannot_replace_a_worker_goes_on_with_fewer() {
    for transport in transports() {
        let run = run_without_a_program(&folder(), transport, 80);
        assert!(kill(run.store().workers[0].pid, Signal::KILL));
        let store = run.finish();
        assert_eq!(store.phase, Phase::Ended(Status::Finished), "{transport}");
        // It may have been hit between two tasks.
        assert!(
            store.tally.ok >= 79 && store.tally.ok + store.tally.crashed == 80,
            "{transport}: {:?}",
            store.tally
        );
        assert!(logged(&store, "could not be started") && logged(&store, GIVEN_UP), "{transport}");
        assert!(store.workers[1].tasks_ok > 60, "{transport}: the other did nearly all");
    }
}

#[test]
fn a_pool_that_could_not_replace_a_worker_tries_again_after_a_while() {
    let runs: Vec<_> = transports()
        .iter()
        .map(|transport| {
            let folder = folder();
            let run = run_without_a_program(&folder, transport, 700);
            assert!(kill(run.store().workers[0].pid, Signal::KILL));
            run.until("it gives up", |store| logged(store, GIVEN_UP).then_some(()));
            fs::set_permissions(path(&folder, "poolscope"), fs::Permissions::from_mode(0o700))
                .expect("it is ours");
            (run, folder, transport)
        })
        .collect();
    for (run, _folder, transport) in runs {
        let store = run.finish();
        assert_eq!(store.phase, Phase::Ended(Status::Finished), "{transport}");
        let lives = &store.lanes[0].lives;
        assert!(lives.len() == 2 && lives[1].ready_ns.is_some(), "{transport}: {lives:?}");
        // Forty tasks a second, for the seconds that are left.
        assert!(store.workers[0].tasks_ok > 20, "{transport}: {}", store.workers[0].tasks_ok);
    }
}

#[test]
fn a_pool_that_can_replace_nobody_is_lost_and_names_the_cause() {
    for transport in transports() {
        let run = run_without_a_program(&folder(), transport, 200);
        for row in &run.store().workers {
            assert!(kill(row.pid, Signal::KILL));
        }
        let store = run.finish();
        assert_eq!(store.phase, Phase::Ended(Status::Lost), "{transport}");
        let reason = store.reason.as_deref().unwrap_or_default();
        assert!(reason.contains("no worker is left") && reason.contains("denied"), "{transport}: {reason}");
    }
}

/// Everything was done, by fewer workers than were asked for, and the log says why.
fn assert_done_by_fewer(store: &RunStore, asked: usize, what: &str) {
    assert_eq!(store.phase, Phase::Ended(Status::Finished), "{what}: {:?}", store.reason);
    assert_eq!(store.tally.ok, store.tally.total, "{what}: {:?}", store.tally);
    let came =
        store.lanes.iter().filter(|lane| lane.lives.iter().any(|life| life.ready_ns.is_some())).count();
    assert!((1..asked).contains(&came), "{what}: {came} workers came");
    assert!(logged(store, "could not be started"), "{what}");
}

#[test]
fn workers_for_whom_no_descriptors_are_left_are_refused_and_the_others_work() {
    for transport in transports() {
        let words = "workers=40 workload=sleep size=5_000_000 tasks=400 chunk=1";
        let store = Live::launch_after("ulimit -n 32", &format!("{transport} {words}")).finish();
        assert_done_by_fewer(&store, 40, transport);
        assert!(logged(&store, "Too many open files"), "{transport}");
    }
}

#[test]
fn workers_for_whom_no_processes_are_left_are_refused_and_the_others_work() {
    // Whose processes are counted is nobody else's, so that the limit is ours alone.
    const USER: &str = "54321";
    let tools = Command::new("setpriv").arg("--version").output().is_ok()
        && Command::new("prlimit").arg("--version").output().is_ok();
    if !rustix::process::geteuid().is_root() || !tools {
        writeln!(std::io::stderr(), "skipped: only root can become a user of its own").expect("stderr");
        return;
    }
    let folder = folder();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    let program = path(&folder, "poolscope");
    fs::copy(env!("CARGO_BIN_EXE_poolscope"), &program).expect("copied");
    let become_user = format!("exec prlimit --nproc=12 setpriv --reuid={USER} --clear-groups");
    for pool in transports().iter().map(String::as_str).chain(["backend=threads"]) {
        let words = format!("{pool} workers=24 workload=sleep size=5_000_000 tasks=400 chunk=1");
        let store =
            Live::launch_script(&format!("{become_user} '{}' \"$@\"", program.display()), &words).finish();
        assert_done_by_fewer(&store, 24, pool);
        assert!(logged(&store, "Resource temporarily unavailable"), "{pool}");
    }
}

#[test]
fn the_command_line_finishes_with_fewer_workers_too() {
    let program = start("workers=4 workload=sleep size=20_000_000 tasks=100 chunk=1");
    let engine = engine(&program.mark);
    // All of them: with one alone, its death would leave nobody to go on.
    until("all workers work", DEADLINE, || {
        let workers = processes(&program.mark, Some("worker"));
        (workers.len() == 4 && workers.into_iter().all(has_its_job)).then_some(())
    });
    let nothing = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    let pid = rustix::process::Pid::from_raw(engine.cast_signed());
    rustix::process::prlimit(pid, rustix::process::Resource::Nofile, nothing).expect("it is ours");
    let victims = processes(&program.mark, Some("worker"));
    assert!(kill(victims[0], Signal::KILL));
    let (code, run) = finish(program);
    assert_eq!(run["status"], "finished");
    assert!(code <= 1 && count(&run, "ok") >= 99, "{}", run["tasks"]);
}
