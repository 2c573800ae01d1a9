//! Workers that die between any two steps of telling about a task, or tell nonsense, through the ring.
//! `POOLSCOPE_STOP_AT` makes each worker of a run stop itself the Nth time it comes to a step (see `engine::steps`), where
//! it is killed as soon as that is seen; its successor stops at the same step again.

use std::{collections::BTreeSet, sync::Arc};

use poolscope::{
    analysis::{Observer, RunReport},
    event::{Exit, Status},
    store::{Phase, RunStore},
};
use rustix::process::Signal;

use crate::{
    live::Live,
    support::{DEADLINE, assert_oracle, until},
    tools::{children, engine, is_stopped, kill},
};

const RING: &str = "backend=processes transport=ring workers=2";
const TASKS: u32 = 60;
/// At which time a worker comes to the step it stops: with chunks of three, at the first, the middle and the last task of
/// one, and in a later one.
const TIMES: [u32; 4] = [1, 2, 3, 7];
/// Kills without an end: as many as a run can have.
const ALL: usize = usize::MAX;

struct Step {
    name: &'static str,
    /// A death there costs the task that the worker had told it started.
    in_flight: bool,
    works: &'static [&'static str],
}

const SQUARES: &str = "workload=square tasks=60";
/// Rows of a picture are too long for a record.
const PICTURE: &str = "workload=mandelbrot size=64 tasks=60";
/// Only an engine with nothing to do is asleep.
const SPINS: &str = "workload=spin size=1500000 tasks=60";
const STEPS: [Step; 7] = [
    Step { name: "begun", in_flight: false, works: &[SQUARES, PICTURE] },
    Step { name: "start-written", in_flight: false, works: &[SQUARES, PICTURE] },
    Step { name: "start-published", in_flight: true, works: &[SQUARES, PICTURE] },
    Step { name: "frame-sent", in_flight: true, works: &[PICTURE] },
    Step { name: "end-written", in_flight: true, works: &[SQUARES, PICTURE] },
    Step { name: "end-published", in_flight: false, works: &[SQUARES, PICTURE] },
    Step { name: "before-bell", in_flight: false, works: &[SPINS] },
];

/// Each step with each work that comes to it.
fn cases() -> impl Iterator<Item = (&'static Step, &'static str)> {
    STEPS.iter().flat_map(|step| step.works.iter().map(move |work| (step, *work)))
}

/// A run whose workers stop at a step: the first `kills` of them are killed, the others continued. How many were killed.
fn run_stopping(stop: &str, kills: usize, words: &str) -> (Arc<RunStore>, usize) {
    let run = Live::launch_after(&format!("export POOLSCOPE_STOP_AT={stop}"), &format!("{RING} {words}"));
    let engine = engine(&run.mark);
    let mut stopped = BTreeSet::new();
    until("the run ends", DEADLINE, || {
        for pid in children(engine).into_iter().filter(|&pid| is_stopped(pid)) {
            if stopped.insert(pid) {
                kill(pid, if stopped.len() <= kills { Signal::KILL } else { Signal::CONT });
            }
        }
        run.is_over().then_some(())
    });
    assert!(!stopped.is_empty(), "no worker came to {stop} with {words}");
    let store = run.finish();
    assert_oracle(&serde_json::to_value(report(&store)).expect("JSON"));
    (store, stopped.len().min(kills))
}

/// Lives that ended by SIGKILL although nobody had asked for their end.
fn deaths(store: &RunStore) -> usize {
    let lives = store.lanes.iter().flat_map(|lane| &lane.lives);
    lives.filter(|life| life.exit == Some(Exit::Signal(9)) && !life.expected).count()
}

fn is_finished(store: &RunStore) -> bool {
    store.phase == Phase::Ended(Status::Finished)
}

fn report(store: &RunStore) -> RunReport {
    RunReport::new(store, Observer::default())
}

#[test]
fn a_death_costs_the_task_in_flight_and_no_other() {
    for (step, work) in cases() {
        for (times, chunk) in TIMES.into_iter().flat_map(|times| [(times, 1), (times, 3)]) {
            let stop = format!("{}:{times}", step.name);
            // Those that stop before their first task has ended would do so for ever.
            let (store, killed) = run_stopping(&stop, 8, &format!("{work} chunk={chunk} retries=0"));
            let about = format!("{stop} in chunks of {chunk}, {work}, {killed} killed");
            let crashed = if step.in_flight { killed as u32 } else { 0 };
            assert!(is_finished(&store), "{about}: {:?}", store.reason);
            assert_eq!((store.tally.ok, store.tally.crashed), (TASKS - crashed, crashed), "{about}");
            assert_eq!(store.spans().count(), TASKS as usize, "{about}: an end that was told counts");
            // Bells are seldom: the last may be rung when everybody is asked to leave anyway.
            let least = usize::from(step.name != "before-bell");
            assert!((least..=killed).contains(&deaths(&store)), "{about}: {} deaths", deaths(&store));
        }
    }
}

#[test]
fn with_retries_all_tasks_end_as_in_a_serial_run_wherever_workers_die() {
    for (step, work) in cases() {
        let serial = Live::launch(&format!("backend=serial {work}")).finish();
        for (times, chunk) in TIMES.into_iter().zip([5, 1, 3, 3]) {
            let stop = format!("{}:{times}", step.name);
            // What has killed two workers is not tried again. So few deaths, and queue and hands so short, that none
            // meets a task that another has met.
            let words = format!("{work} chunk={chunk} retries=3 prefetch=1");
            let (store, _) = run_stopping(&stop, 4, &words);
            assert!(is_finished(&store), "{stop}, {words}: {:?}", store.reason);
            assert_eq!(store.tally.ok, TASKS, "{stop}, {words}: {:?}", store.tally);
            assert_eq!(report(&store).result, report(&serial).result, "{stop}, {words}");
        }
    }
}

#[test]
fn a_worker_that_only_halts_at_a_step_costs_nothing() {
    for (step, work) in cases() {
        let stop = format!("{}:3", step.name);
        let (store, _) = run_stopping(&stop, 0, &format!("{work} chunk=4"));
        assert!(is_finished(&store), "{stop}, {work}: {:?}", store.reason);
        assert_eq!(store.tally.ok, TASKS, "{stop}, {work}: {:?}", store.tally);
        let restarts: Vec<u32> = store.workers.iter().map(|worker| worker.restarts).collect();
        assert_eq!(restarts, [0, 0], "{stop}, {work}");
    }
}

/// Nothing was told of their tasks, so these are nobody's fault; and yet the next worker will fare no better.
#[test]
fn workers_that_all_die_before_they_tell_of_a_task_are_not_replaced_for_ever() {
    let (store, _) = run_stopping("begun:1", ALL, "workload=square tasks=12 chunk=3");
    assert_eq!(store.tally.ok, 0);
}

/// A run of 40 tasks whose workers scribble over their rings at the start of a task, each its `times`th.
fn run_scribbling(times: u32, retries: u32) -> Arc<RunStore> {
    let words = format!("{RING} workload=sleep size=4_000_000 tasks=40 chunk=2 retries={retries}");
    Live::launch_after(&format!("export POOLSCOPE_STOP_AT=scribble:{times}"), &words).finish()
}

/// How often the log says that a worker was ended for what its shared memory said.
fn ended_as_corrupt(store: &RunStore) -> usize {
    let tells = |text: &str| text.contains("its ring ") || text.contains("its claim on tasks ");
    store.log.iter().filter(|line| line.worker.is_some() && tells(&line.text)).count()
}

#[test]
fn a_worker_that_scribbles_over_its_ring_is_ended_and_no_other() {
    for retries in [0, 3] {
        let store = run_scribbling(12, retries);
        let (tally, deaths) = (store.tally, deaths(&store));
        assert!(is_finished(&store), "{:?}", store.reason);
        // Whoever has not come to its twelfth task has no reason to die.
        assert!((1..=3).contains(&deaths), "{deaths} deaths");
        assert!(ended_as_corrupt(&store) >= deaths, "the log does not say why");
        assert_eq!(tally.ok + tally.crashed, 40, "{tally:?}");
        let lost = if retries > 0 { 0 } else { deaths };
        assert!(tally.crashed as usize <= lost, "{tally:?} with {deaths} deaths and {retries} retries");
    }
}

#[test]
fn when_every_worker_scribbles_at_once_the_run_ends_and_says_why() {
    let store = run_scribbling(1, 3);
    assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Lost), 0));
    // As many as the pool bears at start-up.
    assert!(deaths(&store) >= 5, "{} deaths", deaths(&store));
    assert!(ended_as_corrupt(&store) >= deaths(&store), "the log does not say why");
    let why = store.reason.as_deref();
    assert!(why.is_some_and(|why| why.contains("no worker is left")), "{why:?}");
}
