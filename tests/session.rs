//! The session's own interface: launch, command, look.

mod support;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use poolscope::{
    event::{Command, Exit, Level, Outcome, Status},
    ids::WorkerId,
    session::{Launcher, RunHandle},
    spec::{Draft, MAX_WORKERS},
    store::{LogLine, Phase, RunStore, WorkerState},
};
use support::{DEADLINE, until};

fn launch(draft: &Draft) -> RunHandle {
    let launcher = Launcher { program: PathBuf::from(env!("CARGO_BIN_EXE_poolscope")) };
    launcher.launch(draft.validate().expect("a valid spec"), Arc::new(|| ())).expect("it starts")
}

/// A pool of two and so many tasks that sleep 20 ms each.
fn launch_sleepers(backend: &str, tasks: &str, chunk: &str, prefetch: &str) -> RunHandle {
    launch(&sleepers(backend, tasks, chunk, prefetch))
}

fn sleepers(backend: &str, tasks: &str, chunk: &str, prefetch: &str) -> Draft {
    Draft {
        backend: Some(backend.to_owned()),
        workers: Some("2".to_owned()),
        workload: Some("sleep".to_owned()),
        size: Some("20000000".to_owned()),
        tasks: Some(tasks.to_owned()),
        chunk: Some(chunk.to_owned()),
        prefetch: Some(prefetch.to_owned()),
        ..Draft::default()
    }
}

/// Each way in which tasks reach workers and can be had back.
const POOLS: [(&str, &str); 3] = [("processes", "ring"), ("processes", "stream"), ("threads", "ring")];

fn launch_over(transport: &str, draft: Draft) -> RunHandle {
    launch(&Draft { transport: Some(transport.to_owned()), ..draft })
}

/// Places of workers that are there and ready.
fn ready_workers(store: &RunStore) -> Vec<usize> {
    let ready = |at: &usize| {
        store.lanes[*at].lives.last().is_some_and(|life| life.ready_ns.is_some() && life.exited_ns.is_none())
    };
    (0..store.lanes.len()).filter(ready).collect()
}

fn wait_for_workers(run: &RunHandle, count: usize) {
    until(&format!("there are {count} workers"), DEADLINE, || {
        (ready_workers(&run.snapshot()) == (0..count).collect::<Vec<_>>()).then_some(())
    });
}

/// The run has ended well: every task was begun once, and nobody is left.
fn assert_whole(run: &RunHandle, what: &str) {
    wait_for_end(run);
    let store = run.snapshot();
    assert_eq!(store.phase, Phase::Ended(Status::Finished), "{what}: {:?}", store.reason);
    assert!(store.tally.all_ok(), "{what}: {:?}", store.tally);
    let mut tasks: Vec<u32> = store.spans().map(|(_, span)| span.task.0).collect();
    tasks.sort_unstable();
    assert_eq!(tasks, (0..store.tally.total).collect::<Vec<_>>(), "{what}");
    let trouble = |line: &&LogLine| line.level >= Level::Warning && !line.text.contains("cannot have");
    let trouble: Vec<&str> = store.log.iter().filter(trouble).map(|line| &*line.text).collect();
    assert!(trouble.is_empty(), "{what}: {trouble:?}");
    assert!(store.workers.iter().all(|row| row.restarts == 0), "{what}: nobody was lost");
    let pids: Vec<u32> = store.lanes.iter().flat_map(|lane| &lane.lives).map(|life| life.pid).collect();
    until(&format!("{what}: nobody is left"), Duration::from_secs(1), || {
        pids.iter().all(|pid| !Path::new(&format!("/proc/{pid}")).exists()).then_some(())
    });
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
fn a_pool_grows_and_shrinks_while_it_runs() {
    for (backend, transport) in POOLS {
        let what = format!("{backend} over {transport}");
        let run = launch_over(transport, sleepers(backend, "300", "1", "1"));
        wait_for_starts(&run);
        run.send(&Command::Resize(5));
        wait_for_workers(&run, 5);
        until(&format!("{what}: the new ones work"), DEADLINE, || {
            run.snapshot().lanes[2..].iter().all(|lane| !lane.spans.is_empty()).then_some(())
        });
        run.send(&Command::Resize(1));
        wait_for_workers(&run, 1);
        let states: Vec<_> = run.snapshot().workers[1..].iter().map(|row| row.state).collect();
        assert_eq!(states, [WorkerState::Retired; 4], "{what}");
        run.send(&Command::Resize(3));
        wait_for_workers(&run, 3);
        run.send(&Command::Resize(3));
        assert_whole(&run, &what);
        let sizes: Vec<u32> = run.snapshot().resizes().iter().map(|size| size.1).collect();
        assert_eq!(sizes, [5, 1, 3], "{what}");
        assert_eq!(run.snapshot().workers.len(), 5, "{what}: a place is filled again");
    }
}

#[test]
fn who_is_let_go_ends_its_task_and_gives_the_others_back() {
    for (backend, transport) in POOLS {
        let what = format!("{backend} over {transport}");
        let draft = Draft { workers: Some("4".to_owned()), ..sleepers(backend, "80", "20", "1") };
        let run = launch_over(transport, draft);
        until(&format!("{what}: all are busy"), DEADLINE, || {
            let busy = run.snapshot().lanes.iter().filter(|lane| lane.running.is_some()).count();
            (busy == 4).then_some(())
        });
        run.send(&Command::Resize(1));
        assert_whole(&run, &what);
        let store = run.snapshot();
        let resized_ns = store.resizes()[0].0;
        for lane in &store.lanes[1..] {
            // What ran then, and what began in the moment before the news came.
            let later = lane.spans.iter().filter(|span| span.end_ns > resized_ns).count();
            assert!(later <= 2 && !lane.spans.is_empty(), "{what}: {later} tasks");
        }
        assert!(store.lanes[0].spans.len() > 40, "{what}: {}", store.lanes[0].spans.len());
    }
}

#[test]
fn no_row_of_resizes_loses_or_doubles_a_task() {
    for (round, (backend, transport)) in POOLS.into_iter().cycle().take(9).enumerate() {
        let what = format!("{backend} over {transport}, round {round}");
        let size = (500_000 * (1 + round as u64)).to_string();
        let draft = Draft { size: Some(size), ..sleepers(backend, "600", "3", "auto") };
        let run = launch_over(transport, draft);
        let mut random = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(round as u64 + 1);
        let mut below = |limit: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % limit
        };
        while run.is_live() {
            run.send(&Command::Resize(1 + below(8) as u32));
            if below(4) == 0 {
                run.send(&Command::Pause);
                run.send(&Command::Resize(1 + below(8) as u32));
                run.send(&Command::Resume);
            }
            std::thread::sleep(Duration::from_millis(below(15)));
        }
        assert_whole(&run, &what);
        assert!(run.snapshot().workers.len() <= 8 && !run.snapshot().resizes().is_empty(), "{what}");
    }
}

#[test]
fn a_paused_pool_is_resized_and_starts_nothing() {
    for (backend, transport) in POOLS {
        let run = launch_over(transport, sleepers(backend, "60", "5", "2"));
        wait_for_starts(&run);
        run.send(&Command::Pause);
        run.send(&Command::Resize(4));
        wait_for_workers(&run, 4);
        let done = until("what ran has ended", DEADLINE, || {
            let store = run.snapshot();
            store.lanes.iter().all(|lane| lane.running.is_none()).then_some(store.tally.ok)
        });
        run.send(&Command::Resize(1));
        wait_for_workers(&run, 1);
        assert_eq!((run.snapshot().phase, run.snapshot().tally.ok), (Phase::Paused, done), "{backend}");
        run.send(&Command::Resize(3));
        run.send(&Command::Resume);
        assert_whole(&run, &format!("{backend} over {transport}"));
        assert_eq!(run.snapshot().size(), 3);
    }
}

#[test]
fn a_size_that_no_pool_can_have_is_refused_with_what_is_allowed() {
    let refusals = |run: &RunHandle, text: &str| {
        until(text, DEADLINE, || {
            run.snapshot().log.iter().any(|line| line.text.contains(text)).then_some(())
        });
    };
    let run = launch_sleepers("processes", "40", "1", "1");
    run.send(&Command::Resize(0));
    refusals(&run, "the pool cannot have 0 workers, 1 to 1024 are allowed");
    run.send(&Command::Resize(MAX_WORKERS + 1));
    refusals(&run, "the pool cannot have 1025 workers, 1 to 1024 are allowed");
    assert_whole(&run, "refused");
    assert!(run.snapshot().resizes().is_empty());
    let run = launch(&Draft { workers: None, ..sleepers("serial", "20", "1", "1") });
    run.send(&Command::Resize(2));
    refusals(&run, "the pool cannot have 2 workers, a serial run has 1");
    assert_whole(&run, "serial");
}

#[test]
fn a_run_that_is_dropped_ends() {
    let run = launch_sleepers("processes", "1000", "1", "1");
    wait_for_starts(&run);
    let pid = run.snapshot().info.as_ref().expect("it has begun").engine_pid;
    drop(run);
    assert!(!Path::new(&format!("/proc/{pid}")).exists(), "the engine is reaped");
}
