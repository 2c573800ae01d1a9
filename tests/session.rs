//! The session's own interface: launch, command, look.

mod support;

use std::{path::PathBuf, sync::Arc, time::Duration};

use poolscope::{
    event::{Command, Exit, Outcome, Status},
    ids::WorkerId,
    session::{Launcher, RunHandle},
    spec::Draft,
    store::Phase,
};
use support::{DEADLINE, until};

fn launch(draft: &Draft) -> RunHandle {
    let launcher = Launcher { program: PathBuf::from(env!("CARGO_BIN_EXE_poolscope")) };
    launcher.launch(draft.validate().expect("a valid spec"), Arc::new(|| ())).expect("it starts")
}

/// A pool of two and so many tasks that sleep 20 ms each.
fn launch_sleepers(backend: &str, tasks: &str, chunk: &str, prefetch: &str) -> RunHandle {
    launch(&Draft {
        backend: Some(backend.to_owned()),
        workers: Some("2".to_owned()),
        workload: Some("sleep".to_owned()),
        size: Some("20000000".to_owned()),
        tasks: Some(tasks.to_owned()),
        chunk: Some(chunk.to_owned()),
        prefetch: Some(prefetch.to_owned()),
        ..Draft::default()
    })
}

fn wait_for_starts(run: &RunHandle) {
    until("a task runs", DEADLINE, || {
        run.snapshot().lanes.iter().any(|lane| lane.running.is_some()).then_some(())
    });
}

fn wait_for_end(run: &RunHandle) {
    until("the run ends", DEADLINE, || (!run.is_live()).then_some(()));
}

#[test]
fn no_number_of_pauses_wedges_a_run() {
    for backend in ["processes", "threads"] {
        let run = launch_sleepers(backend, "40", "2", "4");
        wait_for_starts(&run);
        for _ in 0..400 {
            run.send(&Command::Pause);
            run.send(&Command::Resume);
        }
        wait_for_end(&run);
        let store = run.snapshot();
        assert_eq!((store.phase, store.tally.ok), (Phase::Ended(Status::Finished), 40), "{backend}");
    }
}

#[test]
fn nothing_starts_during_a_pause_not_even_in_the_middle_of_a_chunk() {
    for backend in ["processes", "threads"] {
        let run = launch_sleepers(backend, "100", "50", "1");
        wait_for_starts(&run);
        run.send(&Command::Pause);
        // Running tasks may end; 20 ms each.
        std::thread::sleep(Duration::from_millis(400));
        let done = run.snapshot().tally.ok;
        std::thread::sleep(Duration::from_millis(200));
        let store = run.snapshot();
        assert_eq!((store.phase, store.tally.ok), (Phase::Paused, done), "{backend}");
        assert!(done < 50, "{backend}: {done}");
        run.send(&Command::Resume);
        wait_for_end(&run);
        assert_eq!(run.snapshot().tally.ok, 100, "{backend}");
    }
}

#[test]
fn a_worker_is_killed_by_command_and_the_run_tells_how() {
    let run = launch_sleepers("processes", "30", "1", "1");
    wait_for_starts(&run);
    run.send(&Command::KillWorker { worker: WorkerId(1), signal: 9 });
    run.send(&Command::KillWorker { worker: WorkerId(99), signal: 9 });
    wait_for_end(&run);
    let store = run.snapshot();
    assert_eq!(store.phase, Phase::Ended(Status::Finished));
    let crashed: Vec<_> =
        store.spans().filter(|(_, span)| matches!(span.outcome, Outcome::Crashed(_))).collect();
    assert!(crashed.len() <= 1 && store.tally.ok + crashed.len() as u32 == 30, "{:?}", store.tally);
    assert!(crashed.iter().all(|(worker, span)| {
        *worker == WorkerId(1) && span.outcome == Outcome::Crashed(Exit::Signal(9))
    }));
    assert_eq!(store.workers[1].restarts, 1);
    assert!(store.log.iter().any(|line| line.text.contains("there are only 2 workers")));
}

/// More busy workers than cores: waits are long and fall anywhere, and must never exceed the time they are a part of.
#[test]
fn what_is_measured_of_a_task_lies_within_its_run_time() {
    for backend in ["processes", "threads"] {
        let run = launch(&Draft {
            backend: Some(backend.to_owned()),
            workers: Some("4".to_owned()),
            workload: Some("mandelbrot".to_owned()),
            size: Some("480".to_owned()),
            params: vec![("iterations".to_owned(), "300".to_owned())],
            tasks: Some("320".to_owned()),
            telemetry: Some("full".to_owned()),
            ..Draft::default()
        });
        wait_for_end(&run);
        let store = run.snapshot();
        assert_eq!(store.tally.ok, 320);
        for (_, span) in store.spans() {
            let (Some(cpu_ns), Some(wait_ns)) = (span.usage.cpu_ns, span.usage.core_wait_ns) else {
                panic!("full telemetry measures both: {span:?}");
            };
            assert!(cpu_ns.max(wait_ns) <= span.run_ns(), "{backend}: {span:?}");
        }
    }
}

#[test]
fn a_run_that_is_dropped_ends() {
    let run = launch_sleepers("processes", "1000", "1", "1");
    wait_for_starts(&run);
    let pid = run.snapshot().info.as_ref().expect("it has begun").engine_pid;
    drop(run);
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "the engine is reaped");
}
