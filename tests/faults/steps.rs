//! Workers that die in the middle of telling about a task, or tell nonsense, through the ring. `POOLSCOPE_STOP_AT` makes
//! each worker of a run stop itself the Nth time it comes to a step, where it is then killed.

use std::{io::Write, time::Duration};

use poolscope::{
    event::{Exit, Status},
    store::{Phase, RunStore},
};
use rustix::process::Signal;

use crate::{
    live::{Live, assert_story},
    support::{DEADLINE, until},
    tools::{children, engine, is_stopped, kill, transports},
};

/// Each step, and whether a task must count as ok whose worker dies there.
const STEPS: [(&str, bool); 7] = [
    ("begun", false),
    ("start-written", false),
    ("start-published", false),
    ("frame-sent", false),
    ("end-written", false),
    ("end-published", true),
    ("before-bell", true),
];

/// Workers killed in one run. Those that come to the step later go on: a death before anything was told is nobody's, and
/// could be repeated for ever.
const KILLS: usize = 5;

fn ring() -> Option<&'static str> {
    let ring = transports().iter().find(|words| words.ends_with("=ring"));
    if ring.is_none() {
        writeln!(std::io::stderr(), "skipped: this build has no ring").expect("stderr");
    }
    ring.map(String::as_str)
}

/// Lives that ended by SIGKILL although nobody had asked for their end.
fn deaths(store: &RunStore) -> usize {
    let lives = store.lanes.iter().flat_map(|lane| &lane.lives);
    lives.filter(|life| life.exit == Some(Exit::Signal(9)) && !life.expected).count()
}

#[test]
fn a_death_between_any_two_steps_leaves_the_truth() {
    let Some(ring) = ring() else { return };
    for (step, is_told) in STEPS {
        for time in 1..=3 {
            // Rows of a picture are longer than any record.
            let work = "workload=mandelbrot size=300 tasks=12 chunk=3";
            let run = Live::launch_after(
                &format!("export POOLSCOPE_STOP_AT={step}:{time}"),
                &format!("{ring} workers=2 {work} retries=9"),
            );
            let engine = engine(&run.mark);
            let mut killed: Vec<u32> = Vec::new();
            until("the run ends", DEADLINE, || {
                for pid in children(engine).into_iter().filter(|&pid| is_stopped(pid)) {
                    let enough = killed.len() == KILLS;
                    kill(pid, if enough { Signal::CONT } else { Signal::KILL });
                    if !enough && !killed.contains(&pid) {
                        killed.push(pid);
                    }
                }
                run.is_over().then_some(())
            });
            let store = run.finish();
            let tally = store.tally;
            assert_eq!(store.phase, Phase::Ended(Status::Finished), "{step}:{time}: {:?}", store.reason);
            assert_eq!(tally.ok + tally.crashed, 12, "{step}:{time}: {tally:?}");
            assert!(deaths(&store) > 0 || step == "before-bell", "{step}:{time}: nobody came there");
            assert!(!is_told || store.spans().count() == 12, "{step}:{time}: an end that was told counts");
        }
    }
}

#[test]
fn a_worker_that_scribbles_over_its_ring_is_ended_and_no_other() {
    let Some(ring) = ring() else { return };
    // Few enough of them for the pool to bear: a worker that breaks the rules counts as one that never worked.
    let words = "workers=2 workload=sleep size=3_000_000 tasks=16 chunk=1";
    let store =
        Live::launch_after("export POOLSCOPE_STOP_AT=scribble:5", &format!("{ring} {words}")).finish();
    assert_story(&store);
    assert_eq!(store.phase, Phase::Ended(Status::Finished), "{:?}", store.reason);
    assert!(store.tally.ok >= 12 && store.tally.ok + store.tally.crashed == 16, "{:?}", store.tally);
    assert!((1..=5).contains(&deaths(&store)), "{}", deaths(&store));
    assert!(store.log.iter().any(|line| line.text.contains("ring")), "the log does not say why");
}

/// Nothing was told of their tasks, so these are nobody's fault; and yet the next worker will fare no better.
#[test]
fn workers_that_all_die_before_they_tell_of_a_task_are_not_replaced_for_ever() {
    let Some(ring) = ring() else { return };
    let words = "workers=2 workload=square tasks=12 chunk=3";
    let run = Live::launch_after("export POOLSCOPE_STOP_AT=begun:1", &format!("{ring} {words}"));
    let engine = engine(&run.mark);
    until("the run ends", Duration::from_secs(30), || {
        for pid in children(engine).into_iter().filter(|&pid| is_stopped(pid)) {
            kill(pid, Signal::KILL);
        }
        run.is_over().then_some(())
    });
    assert_eq!(run.finish().tally.ok, 0);
}
