//! Worker processes that die between any two steps of telling about a task. They stop themselves there (see
//! `engine::steps`) and are killed as soon as that is seen; their successors stop at the same step again.

mod support;

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use poolscope::{
    event::Status,
    session::Launcher,
    spec::Draft,
    store::{Phase, RunStore},
};
use serde_json::Value;
use support::{
    DEADLINE, Program, assert_nothing_left, assert_oracle, command, folder, mark, path, processes, run_json,
    until, wait,
};

const VARIABLE: &str = "POOLSCOPE_STOP_AT";
/// At which time a worker comes to the step it stops.
const TIMES: [u32; 3] = [1, 2, 7];

struct Step {
    name: &'static str,
    /// A death there costs the task that the worker had told it started.
    in_flight: bool,
    workload: [&'static str; 4],
}

const SQUARES: [&str; 4] = ["--workload", "square", "--tasks", "60"];
const STEPS: [Step; 7] = [
    Step { name: "begun", in_flight: false, workload: SQUARES },
    Step { name: "start-written", in_flight: false, workload: SQUARES },
    Step { name: "start-published", in_flight: true, workload: SQUARES },
    // Rows of a picture are too long for a record.
    Step { name: "frame-sent", in_flight: true, workload: ["--workload", "mandelbrot", "--tasks", "60"] },
    Step { name: "end-written", in_flight: true, workload: SQUARES },
    Step { name: "end-published", in_flight: false, workload: SQUARES },
    // Only an engine with nothing to do is asleep.
    Step { name: "before-bell", in_flight: false, workload: ["--workload", "spin", "--tasks", "60"] },
];

impl Step {
    fn spec(&self) -> Vec<&'static str> {
        let size = match self.workload[1] {
            "mandelbrot" => "64",
            "spin" => "1500000",
            _ => "0",
        };
        [&self.workload[..], &["--size", size, "--workers", "2"]].concat()
    }
}

struct Outcome {
    code: i32,
    run: Value,
    killed: u64,
}

impl Outcome {
    fn count(&self, outcome: &str) -> u64 {
        self.run["tasks"][outcome].as_u64().expect("a count")
    }
}

/// Runs with workers that stop at a step: the first `kills` of them are killed, the others continued.
fn run_stopping(stop: &str, kills: usize, spec: &[&str]) -> Outcome {
    let args = [&["run", "--json", "--backend", "processes", "--transport", "ring"], spec].concat();
    let mark = mark();
    let child = command(&args, &mark).env(VARIABLE, stop).spawn().expect("the program starts");
    let mut stopped = BTreeSet::new();
    let output = std::thread::scope(|scope| {
        let ended = scope.spawn(|| wait(Program { child, mark: mark.clone() }));
        while !ended.is_finished() {
            for worker in processes(&mark, Some("worker")) {
                if is_stopped(worker) && stopped.insert(worker) {
                    send(worker, if stopped.len() <= kills { "KILL" } else { "CONT" });
                }
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        ended.join().unwrap_or_else(|_| panic!("{stop} {spec:?}"))
    });
    let run = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_oracle(&run);
    assert!(!stopped.is_empty(), "no worker came to {stop}");
    let killed = stopped.len().min(kills) as u64;
    Outcome { code: output.status.code().expect("it ended by itself"), run, killed }
}

/// At the end of a run, the engine may have been faster.
fn send(pid: u32, signal: &str) {
    Command::new("kill")
        .args([&format!("-{signal}"), &pid.to_string()])
        .stderr(Stdio::null())
        .status()
        .expect("kill runs");
}

fn is_stopped(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit(')').next().unwrap_or("").trim_start().starts_with('T'))
}

#[test]
fn a_death_costs_the_task_in_flight_and_no_other() {
    for step in &STEPS {
        for (times, chunk) in TIMES.into_iter().flat_map(|times| [(times, "1"), (times, "5")]) {
            let spec = [&step.spec()[..], &["--retries", "0", "--chunk", chunk]].concat();
            let stop = format!("{}:{times}", step.name);
            // Those that stop before their first task has ended would do so for ever.
            let ended = run_stopping(&stop, 8, &spec);
            let crashed = if step.in_flight { ended.killed } else { 0 };
            assert_eq!(
                (ended.count("ok"), ended.count("crashed")),
                (60 - crashed, crashed),
                "{stop} in chunks of {chunk}, {} killed",
                ended.killed
            );
            assert_eq!(
                (ended.code, &ended.run["status"]),
                (i32::from(crashed > 0), &"finished".into()),
                "{stop}"
            );
        }
    }
}

#[test]
fn with_retries_all_tasks_end_as_in_a_serial_run_wherever_workers_die() {
    for step in &STEPS {
        let (_, serial) = run_json(&[&step.spec()[..], &["--backend", "serial"]].concat());
        for (times, chunk) in TIMES.into_iter().zip(["5", "1", "3"]) {
            let spec = [&step.spec()[..], &["--retries", "3", "--chunk", chunk, "--prefetch", "1"]].concat();
            let stop = format!("{}:{times}", step.name);
            // What has killed two workers is not tried again. So few deaths, and queue and hands so short, that none
            // meets a task that another has met.
            let ended = run_stopping(&stop, 4, &spec);
            assert_eq!((ended.code, ended.count("ok")), (0, 60), "{stop}: {}", ended.run["tasks"]);
            assert_eq!(ended.run["result"], serial["result"], "{stop}");
        }
    }
}

#[test]
fn a_worker_that_only_halts_at_a_step_costs_nothing() {
    for step in &STEPS {
        let stop = format!("{}:3", step.name);
        let ended = run_stopping(&stop, 0, &[&step.spec()[..], &["--chunk", "4"]].concat());
        assert_eq!((ended.code, ended.count("ok")), (0, 60), "{stop}: {}", ended.run["tasks"]);
        let workers = ended.run["workers"].as_array().expect("workers");
        assert!(workers.iter().all(|worker| worker["restarts"] == 0), "{stop}: {workers:?}");
    }
}

/// A run of 40 tasks of 4 ms each whose workers scribble over their rings at the start of a task, each its `times`th. What
/// the log says is not for the command line, so this is a session of its own.
fn run_scribbling(times: u32) -> Arc<RunStore> {
    let (folder, mark) = (folder(), mark());
    let program = path(&folder, "poolscope");
    let binary = env!("CARGO_BIN_EXE_poolscope");
    let script =
        format!("#!/bin/sh\n{VARIABLE}=scribble:{times} POOLSCOPE_TEST_MARK={mark} exec '{binary}' \"$@\"\n");
    fs::write(&program, script).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("made executable");
    let draft = Draft {
        workers: Some("2".to_owned()),
        workload: Some("sleep".to_owned()),
        size: Some("4000000".to_owned()),
        tasks: Some("40".to_owned()),
        chunk: Some("2".to_owned()),
        retries: Some("3".to_owned()),
        transport: Some("ring".to_owned()),
        ..Draft::default()
    };
    let spec = draft.validate().expect("a valid spec");
    let mut run = Launcher { program }.launch(spec, Arc::new(|| ())).expect("it starts");
    until("the run ends", DEADLINE, || (!run.is_live()).then_some(()));
    let store = run.wait();
    assert_nothing_left(&mark);
    store
}

/// How many workers were ended for what their shared memory said.
fn ended_as_corrupt(store: &RunStore) -> usize {
    let tells = |text: &str| text.contains("its ring ") || text.contains("its claim on tasks ");
    let told = store.log.iter().filter(|line| line.worker.is_some() && tells(&line.text)).count();
    assert!(told > 0, "{:?}", store.log.iter().map(|line| line.text.clone()).collect::<Vec<_>>());
    told
}

#[test]
fn a_worker_that_scribbles_over_its_ring_is_ended_and_the_others_go_on() {
    let store = run_scribbling(12);
    assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Finished), 40));
    assert!(ended_as_corrupt(&store) >= 1);
}

#[test]
fn when_every_worker_scribbles_at_once_the_run_ends_and_says_why() {
    let store = run_scribbling(1);
    assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Lost), 0));
    assert!(ended_as_corrupt(&store) >= 5);
    assert!(
        store.reason.as_deref().is_some_and(|why| why.contains("no worker is left")),
        "{:?}",
        store.reason
    );
}
