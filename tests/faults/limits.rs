//! Much of everything: output, memory, payloads, tasks.

use std::{
    fs,
    io::Write,
    path::PathBuf,
    time::{Duration, Instant},
};

use poolscope::{
    event::{Level, Status},
    store::Phase,
};
use rustix::process::Signal;

use crate::{
    live::Live,
    support::{Program, workers},
    tools::{Dice, allowed, count, engine, finish, kill, pools, run, start, transports},
};

const MIB: u64 = 1 << 20;

/// Exit code, run, and the most memory that the session's own process ever held, in bytes.
fn finish_and_weigh(program: Program) -> (i32, serde_json::Value, u64) {
    let session = program.child.id();
    std::thread::scope(|scope| {
        let scales = scope.spawn(|| {
            let mut most = 0;
            // Until it is reaped, however it ends.
            while let Ok(status) = fs::read_to_string(format!("/proc/{session}/status")) {
                let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
                let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
                most = most.max(kib.unwrap_or(0) * 1024);
                std::thread::sleep(Duration::from_millis(10));
            }
            most
        });
        let (code, run) = finish(program);
        (code, run, scales.join().expect("the scales hold"))
    })
}

#[test]
fn a_gib_of_output_holds_nobody_up_and_fills_no_memory() {
    let (code, run, session_bytes) =
        finish_and_weigh(start("workers=2 workload=square tasks=20 fault=print@3"));
    assert_eq!((code, count(&run, "ok")), (0, 20));
    let engine_bytes = run["engine"]["max_rss_bytes"].as_u64().expect("it is measured");
    assert!(session_bytes > 0 && session_bytes < 400 * MIB, "session {session_bytes}");
    assert!(engine_bytes < 400 * MIB, "engine {engine_bytes}");
}

#[test]
fn a_million_queued_tasks_take_little_memory_and_stop_at_once() {
    for pool in pools() {
        let program = start(&format!("{pool} workers=2 workload=sleep size=1_000_000 tasks=1_000_000"));
        engine(&program.mark);
        if pool.contains("processes") {
            workers(&program.mark, 2);
        }
        std::thread::sleep(Duration::from_millis(500));
        assert!(kill(program.child.id(), Signal::INT));
        let began = Instant::now();
        let (code, run, session_bytes) = finish_and_weigh(program);
        assert_eq!(code, 130, "{pool}");
        assert!(count(&run, "not_run") > 900_000, "{pool}: {}", run["tasks"]);
        assert!(began.elapsed() < Duration::from_secs(3), "{pool}: {:?}", began.elapsed());
        let engine_bytes = run["engine"]["max_rss_bytes"].as_u64().expect("it is measured");
        assert!(
            session_bytes < 200 * MIB && engine_bytes < 200 * MIB,
            "{pool}: {session_bytes} {engine_bytes}"
        );
    }
}

/// The largest payloads there are, out and in again, with workers killed at moments at which most of them are in the
/// middle of that.
#[test]
fn a_large_input_reaches_somebody_though_others_are_idle() {
    for transport in transports() {
        let words = "workers=2 workload=payload size=67_108_864 tasks=1 chunk=1";
        let store = Live::launch(&format!("{transport} {words}")).finish();
        assert_eq!(store.tally.ok, 1, "{transport}: {:?}", store.reason);
    }
}

#[test]
fn a_worker_that_dies_half_way_through_a_payload_costs_its_task_and_little_memory() {
    if !allowed("workload").iter().any(|name| name == "payload") {
        writeln!(std::io::stderr(), "skipped: this build moves no payloads").expect("stderr");
        return;
    }
    let mut dice = Dice::new(24);
    for transport in transports() {
        let words = "workers=2 workload=payload size=16_777_216 tasks=8 chunk=1 retries=3";
        let run = Live::launch(&format!("{transport} {words}"));
        let mut victims: Vec<u32> = Vec::new();
        while victims.len() < 3 && !run.is_over() {
            std::thread::sleep(Duration::from_millis(20 + dice.below(100)));
            let store = run.store();
            let busy = store.lanes.iter().zip(&store.workers).find(|(lane, _)| lane.running.is_some());
            let Some(pid) = busy.map(|(_, row)| row.pid).filter(|pid| !victims.contains(pid)) else {
                continue;
            };
            if kill(pid, Signal::KILL) {
                victims.push(pid);
            }
        }
        let store = run.finish();
        assert_eq!(store.phase, Phase::Ended(Status::Finished), "{transport}: {:?}", store.reason);
        assert_eq!(store.tally.ok + store.tally.crashed, 8, "{transport}: {:?}", store.tally);
        assert!(store.engine_max_rss_bytes < 1024 * MIB, "{transport}: {}", store.engine_max_rss_bytes);
    }
}

/// Needs a memory group of its own, which only whoever runs the tests can give: an empty folder below `/sys/fs/cgroup`
/// that may be written to, with a limit of 48 MiB and no swap.
#[test]
#[ignore = "needs POOLSCOPE_TEST_CGROUP, a memory group limited to 48 MiB"]
fn a_worker_that_runs_out_of_memory_is_killed_alone() {
    let group = PathBuf::from(std::env::var_os("POOLSCOPE_TEST_CGROUP").expect("the name of a group"));
    for transport in transports() {
        let run = Live::launch(&format!(
            "{transport} workers=1 workload=sleep size=500_000_000 tasks=3 fault=leak@1"
        ));
        run.until_all_run();
        // Only the worker, so that the engine is not what the system picks.
        fs::write(group.join("cgroup.procs"), run.store().workers[0].pid.to_string())
            .expect("it may be joined");
        let store = run.finish();
        assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Finished), 2), "{transport}");
        assert_eq!(store.tally.crashed, 1, "{transport}");
    }
}

#[test]
fn what_tasks_print_never_mixes_with_what_the_engine_tells() {
    for backend in ["threads", "serial"] {
        let (code, run) = run(&format!("backend={backend} workers=2 workload=square tasks=20 fault=print@3"));
        assert_eq!((code, count(&run, "ok")), (0, 20), "{backend}: {}", run["reason"]);
    }
}

#[test]
fn what_a_worker_prints_is_kept_with_its_place_up_to_a_cap_and_the_cap_is_told() {
    for transport in transports() {
        let store =
            Live::launch(&format!("{transport} workers=2 workload=square tasks=20 fault=print@3")).finish();
        assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Finished), 20), "{transport}");
        let (printer, _) = store.spans().find(|(_, span)| span.task.0 == 3).expect("it was run");
        let of_printer = || store.log.iter().filter(|line| line.worker == Some(printer));
        let kept: usize =
            of_printer().filter(|line| line.text.contains("printed again")).map(|line| line.text.len()).sum();
        assert!(kept > 0 && (kept as u64) < 64 * MIB, "{transport}: {kept} bytes were kept");
        let told =
            of_printer().any(|line| line.level >= Level::Warning && !line.text.contains("printed again"));
        assert!(told, "{transport}: nobody says that there was more");
    }
}
