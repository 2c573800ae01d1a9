//! Tasks that go wrong by themselves: each kind of fault costs a process what it must, and threads the engine.

use poolscope::{
    event::{Exit, Outcome, Status},
    spec::FaultKind,
    store::Phase,
};

use crate::{
    live::{Live, attempts, logged},
    support,
    tools::{count, pools, restarts, run, transports},
};

/// How a task ends at which this strikes, with a timeout, in a process of its own.
fn end_in_process(kind: FaultKind) -> Outcome {
    let signal = |signal| Outcome::Crashed(Exit::Signal(signal));
    match kind {
        FaultKind::Panic => Outcome::Failed("fault: panic asked for at task 7".into()),
        FaultKind::Abort | FaultKind::Overflow | FaultKind::Oom => signal(6),
        FaultKind::Segfault => signal(11),
        FaultKind::Bus => signal(7),
        FaultKind::Fpe => signal(8),
        FaultKind::Ill => signal(4),
        FaultKind::Exit => Outcome::Crashed(Exit::Code(0)),
        FaultKind::Hang | FaultKind::Stubborn => Outcome::TimedOut,
        FaultKind::Leak | FaultKind::Children | FaultKind::Print => Outcome::Ok,
    }
}

/// Faults that others look at: what they leave behind matters more than how their task ends.
const ELSEWHERE: [FaultKind; 2] = [FaultKind::Children, FaultKind::Print];

#[test]
fn each_kind_of_fault_ends_its_task_and_no_other_in_processes() {
    for transport in transports() {
        for kind in FaultKind::ALL.into_iter().filter(|kind| !ELSEWHERE.contains(kind)) {
            let words = "workers=2 workload=square tasks=40 chunk=4 timeout=1";
            let store = Live::launch(&format!("{transport} {words} fault={kind}@7")).finish();
            assert_eq!(store.phase, Phase::Ended(Status::Finished), "{kind}");
            for (task, spans) in attempts(&store) {
                let end = if task == 7 { end_in_process(kind) } else { Outcome::Ok };
                assert_eq!(
                    spans.iter().map(|span| &span.outcome).collect::<Vec<_>>(),
                    [&end],
                    "{kind}, {task}"
                );
            }
            assert_eq!(store.tally.not_run, 0, "{kind}");
            let died = store.lanes.iter().flat_map(|lane| &lane.lives).filter(|life| !life.expected).count();
            let killed = matches!(end_in_process(kind), Outcome::Crashed(_));
            assert_eq!(died, usize::from(killed), "{kind}: nobody else died");
        }
    }
}

#[test]
fn a_fault_that_ends_a_process_takes_threads_and_their_engine_along() {
    for kind in FaultKind::ALL {
        let Outcome::Crashed(exit) = end_in_process(kind) else { continue };
        for backend in ["threads", "serial"] {
            // This workload waits a moment before it strikes, in which the engine can tell what it has to.
            let words = format!("backend={backend} workers=2 workload=fault size=0 tasks=40 fault={kind}@7");
            let store = Live::launch(&words).finish();
            assert_eq!(store.phase, Phase::Ended(Status::Lost), "{kind}");
            let reason = store.reason.as_deref().expect("a reason");
            assert!(reason.contains(&exit.to_string()), "{kind}: {reason}");
            assert!(store.tally.ok < 40 && store.tally.failed == 0, "{kind}: {:?}", store.tally);
        }
    }
}

#[test]
fn a_segfault_costs_a_process_one_task_and_threads_the_engine() {
    for transport in transports() {
        let (code, run) = run(&format!("{transport} workers=2 workload=fault tasks=16"));
        assert_eq!((code, &run["status"]), (1, &serde_json::json!("finished")));
        assert_eq!((count(&run, "ok"), count(&run, "crashed"), restarts(&run)), (15, 1, 1));
    }
    let (code, run) = run("backend=threads workers=2 workload=fault tasks=16");
    assert_eq!((code, &run["status"]), (3, &serde_json::json!("lost")));
    assert!(run["reason"].as_str().is_some_and(|why| why.contains("SIGSEGV")), "{run}");
    // What the engine had not told yet died with it: a start may be missing, never a task.
    assert!(count(&run, "ok") < 16 && count(&run, "failed") == 0);
}

#[test]
fn the_terminal_says_that_the_engine_was_lost() {
    let (code, _, stderr) = support::run(&[
        "run",
        "--backend",
        "threads",
        "--workers",
        "2",
        "--workload",
        "fault",
        "--tasks",
        "16",
    ]);
    assert_eq!(code, 3);
    assert!(stderr.contains("the engine died: SIGSEGV"), "{stderr}");
}

#[test]
fn a_panic_fails_its_task_with_its_message_and_keeps_the_worker() {
    for pool in pools() {
        let store =
            Live::launch(&format!("{pool} workers=2 workload=square tasks=40 fault=panic@7")).finish();
        assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Finished), 39), "{pool}");
        let (_, span) = store.spans().find(|(_, span)| span.task.0 == 7).expect("it was run");
        assert_eq!(span.outcome, Outcome::Failed("fault: panic asked for at task 7".into()), "{pool}");
        assert!(store.lanes.iter().all(|lane| lane.lives.len() == 1), "{pool}: nobody was replaced");
    }
}

#[test]
fn a_task_that_kills_every_worker_is_set_aside_after_two() {
    for transport in transports() {
        let words = "workers=2 workload=square tasks=30 fault=segfault@5 retries=50";
        let store = Live::launch(&format!("{transport} {words}")).finish();
        assert_eq!(store.phase, Phase::Ended(Status::Finished));
        assert_eq!((store.tally.ok, store.tally.crashed), (29, 1));
        assert_eq!(attempts(&store)[&5].len(), 2);
        assert!(logged(&store, "set aside"));
        let restarts: u32 = store.workers.iter().map(|row| row.restarts).sum();
        // A death that leaves nothing in the queue replaces nobody; without the limit there would be dozens.
        assert!(restarts <= 2, "{restarts}");
    }
}

#[test]
fn more_deaths_of_workers_than_any_budget_still_finish() {
    let faults: Vec<String> = (0..12).map(|task| format!("segfault@{task}")).collect();
    for transport in transports() {
        let (code, run) =
            run(&format!("{transport} workers=3 workload=square tasks=40 fault={}", faults.join(",")));
        assert_eq!((code, count(&run, "ok"), count(&run, "crashed")), (1, 28, 12));
    }
}

#[test]
fn the_readme_says_what_each_kind_of_fault_does() {
    let readme = include_str!("../../README.md");
    for kind in FaultKind::ALL {
        assert!(readme.contains(&format!("`{kind}`")), "{kind}");
    }
}
