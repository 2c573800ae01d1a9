//! What the store promises its viewers, on exact runs and on random ones.

use crate::{
    event::{Ended, Event, Exit, Level, LockKind, Outcome, Status, Usage, WorkerSample},
    ids::{TaskId, WorkerId},
    spec::{Backend, MAX_WORKERS},
    store::{Phase, RunStore, Tally, WorkerState, testing::*},
    workload::Value,
};

const SEEDS: u64 = 300;

fn processes(workers: u32, tasks: u32) -> Event {
    run_started(spec(Backend::Processes, workers, tasks))
}

fn retried(t_ns: u64, worker: u32, task: u32, outcome: Outcome) -> Event {
    done(Ended { last: false, ..ended(t_ns, worker, task, outcome) })
}

/// Everything that must hold for any sequence of events.
fn assert_sound(store: &RunStore, seed: u64) {
    let Tally { total, ok, failed, crashed, timed_out, cancelled, not_run } = store.tally;
    assert_eq!(ok + failed + crashed + timed_out + cancelled + not_run, total, "seed {seed}");
    assert!(store.values.len() as u32 <= ok, "seed {seed}");
    assert_eq!(store.lanes.len(), store.workers.len(), "seed {seed}");
    assert!(store.workers.len() <= MAX_WORKERS as usize);
    for lane in &store.lanes {
        let mut free_ns = 0;
        for span in lane.spans.iter() {
            assert!(span.start_ns >= free_ns, "spans overlap, seed {seed}: {span:?}");
            assert!(span.end_ns >= span.start_ns, "seed {seed}");
            free_ns = span.end_ns;
        }
        assert!(lane.running.is_none_or(|open| open.start_ns >= free_ns), "seed {seed}");
        let mut free_ns = 0;
        for life in &lane.lives {
            let ready_ns = life.ready_ns.unwrap_or(life.spawned_ns);
            assert!(life.spawned_ns >= free_ns && ready_ns >= life.spawned_ns, "seed {seed}: {life:?}");
            free_ns = life.exited_ns.unwrap_or(u64::MAX);
            assert!(free_ns >= ready_ns, "seed {seed}: {life:?}");
        }
        for kind in LockKind::ALL {
            let mut free_ns = 0;
            for span in lane.locks.of(kind).iter() {
                assert!(span.asked_ns >= free_ns, "uses of a lock overlap, seed {seed}: {span:?}");
                assert!(span.got_ns >= span.asked_ns && span.released_ns >= span.got_ns, "seed {seed}");
                assert!(span.released_ns > span.asked_ns, "an empty use of a lock, seed {seed}");
                free_ns = span.released_ns;
            }
        }
    }
    assert!(store.sizes.is_sorted_by_key(|size| size.0), "seed {seed}");
    assert!(store.sizes.iter().all(|size| size.1 as usize <= store.workers.len()), "seed {seed}");
    let mut free_ns = 0;
    for (from_ns, to_ns) in &store.pauses {
        assert!(*from_ns >= free_ns && to_ns.is_none_or(|to_ns| to_ns >= *from_ns), "seed {seed}");
        free_ns = to_ns.unwrap_or(u64::MAX);
    }
    assert!(store.cores.iter().map(|sample| sample.t_ns).is_sorted(), "seed {seed}");
    assert!(store.queue.iter().map(|sample| sample.t_ns).is_sorted(), "seed {seed}");
    assert!(store.processes.iter().map(|sample| sample.t_ns).is_sorted(), "seed {seed}");
}

#[test]
fn random_runs_are_sound_and_complete() {
    for seed in 0..SEEDS {
        let store = store(random_run(seed));
        assert_sound(&store, seed);
        assert_eq!(store.phase, Phase::Ended(Status::Finished));
        assert_eq!(store.tally.not_run, 0, "seed {seed}");
        let attempts: u32 = store.workers.iter().map(|row| row.attempts).sum();
        assert_eq!(attempts as usize, store.spans().count(), "seed {seed}");
        assert!(
            store.spans().all(|(_, span)| !matches!(&span.outcome, Outcome::Failed(text) if &**text != "oh"))
        );
        for row in &store.workers {
            let gone = if store.is_wanted(row.worker) { WorkerState::Exited } else { WorkerState::Retired };
            assert_eq!(row.state, gone, "seed {seed}, {}", row.worker);
        }
    }
}

#[test]
fn random_runs_keep_every_use_of_a_lock_as_it_was_told() {
    let mut kept = 0;
    for seed in 0..SEEDS {
        let mut told: Vec<Vec<[u64; 3]>> = Vec::new();
        for event in random_run(seed) {
            if let Event::Lock { worker, lock, asked_ns, got_ns, released_ns, .. } = event
                && released_ns > asked_ns
            {
                let column = worker.index() * 2 + lock as usize;
                told.resize_with(told.len().max(column + 1), Vec::new);
                told[column].push([asked_ns, got_ns, released_ns]);
            }
        }
        let store = store(random_run(seed));
        for (column, told) in told.iter().enumerate() {
            let locks = store.lanes[column / 2].locks.of(LockKind::ALL[column % 2]);
            let found: Vec<_> =
                locks.iter().map(|span| [span.asked_ns, span.got_ns, span.released_ns]).collect();
            assert_eq!(&found, told, "seed {seed}");
            kept += found.len();
        }
    }
    assert!(kept > 1000, "only {kept} uses of locks in all runs");
}

#[test]
fn mangled_runs_are_sound_at_every_step() {
    for seed in 0..SEEDS {
        let mut store = RunStore::default();
        for event in mangled(seed) {
            store.apply(event);
            assert_sound(&store, seed);
        }
        store.lost(u64::MAX, None, "gone".to_owned());
        assert_sound(&store, seed);
        assert!(!store.phase.is_live() && store.lanes.iter().all(|lane| lane.running.is_none()));
    }
}

#[test]
fn reversed_runs_are_sound() {
    for seed in 0..SEEDS {
        assert_sound(&store(random_run(seed).into_iter().rev()), seed);
    }
}

#[test]
fn an_attempt_becomes_a_span_with_all_its_times() {
    let mut store = store([processes(1, 2), spawned(1, 0, 0), ready(5, 0)]);
    store.apply(Event::Started {
        t_ns: 12,
        worker: WorkerId(0),
        task: TaskId(1),
        attempt: 0,
        enqueued_ns: 2,
        dispatched_ns: 9,
    });
    assert_eq!(store.phase, Phase::Running);
    assert_eq!(store.workers[0].state, WorkerState::Busy);
    store.apply(done(Ended { received_ns: 40, ..ended(30, 0, 1, Outcome::Ok) }));
    let span = store.lanes[0].spans.last().expect("one span");
    assert_eq!((span.run_ns(), span.wait_ns(), span.round_trip_ns()), (18, 7, 38));
    assert_eq!((store.now_ns, store.last_end_ns), (40, 30));
    assert_eq!(store.workers[0].state, WorkerState::Idle);
    assert_eq!(store.tally, Tally { total: 2, ok: 1, not_run: 1, ..Tally::default() });
    assert_eq!(store.checksum, Value::Number(4).digest(TaskId(1)));
}

#[test]
fn only_the_last_attempt_counts_and_counts_once() {
    let panic = || Outcome::Failed("boom".into());
    let mut store = store([processes(2, 3), started(1, 0, 0, 0), retried(2, 0, 0, panic())]);
    assert_eq!(store.tally.done(), 0);
    store.apply(ok(5, 1, 0));
    store.apply(done(Ended { attempt: 1, ..ended(6, 0, 0, panic()) }));
    assert_eq!(store.tally, Tally { total: 3, ok: 1, not_run: 2, ..Tally::default() });
    assert_eq!(store.checksum, Value::Number(1).digest(TaskId(0)));
    store.apply(ok(7, 0, 3));
    assert_eq!(store.tally.done(), 1, "the run has no task 3");
}

#[test]
fn an_end_without_a_start_has_no_length_and_disturbs_no_neighbour() {
    let store = store([processes(1, 3), started(10, 0, 0, 0), ok(99, 0, 1), ok(20, 0, 0), ok(30, 0, 2)]);
    let spans: Vec<_> =
        store.lanes[0].spans.iter().map(|span| (span.task.0, span.start_ns, span.end_ns)).collect();
    assert_eq!(spans, [(1, 10, 10), (0, 10, 20), (2, 30, 30)]);
}

#[test]
fn a_second_start_closes_the_first_without_counting_it() {
    let store = store([processes(1, 2), started(10, 0, 0, 0), started(30, 0, 1, 0), started(31, 0, 1, 0)]);
    let closed = store.lanes[0].spans.last().expect("one span");
    assert_eq!((closed.task.0, closed.end_ns), (0, 30));
    assert!(matches!(&closed.outcome, Outcome::Failed(text) if text.contains("never reported")));
    assert_eq!(store.lanes[0].running.map(|open| open.start_ns), Some(30));
    assert_eq!(store.tally.not_run, 2);
}

#[test]
fn a_use_of_a_lock_is_cut_to_its_task() {
    use LockKind::{Gil, Shared};
    let mut store = store([processes(1, 9), locked(0, 0, Gil, [1, 2, 3])]);
    assert!(store.lanes[0].locks.is_empty(), "no task has begun");
    for event in [
        started(10, 0, 0, 0),
        locked(0, 0, Gil, [5, 12, 20]),
        ok(30, 0, 0),
        locked(0, 0, Gil, [22, 24, 90]),
        locked(0, 0, Shared, [0, 0, u64::MAX]),
        started(30, 0, 1, 0),
        locked(0, 1, Gil, [30, 30, 35]),
        ok(35, 0, 1),
        started(35, 0, 2, 0),
        ok(40, 0, 2),
        // The holds of two tasks as one, told after the second.
        locked(0, 1, Gil, [35, 35, 60]),
        locked(0, 7, Shared, [50, 55, 60]),
    ] {
        store.apply(event);
    }
    let spans = |kind| {
        let column = store.lanes[0].locks.of(kind).iter();
        column.map(|span| [span.asked_ns, span.got_ns, span.released_ns]).collect::<Vec<_>>()
    };
    assert_eq!(spans(Gil), [[10, 12, 20], [22, 24, 30], [30, 30, 35], [35, 35, 40]]);
    assert_eq!(spans(Shared), [[10, 10, 30]]);
}

#[test]
fn states_follow_the_worker() {
    use WorkerState::{Busy, Exited, Idle, Starting, Stopped};
    let mut store = store([processes(1, 2)]);
    let mut states = vec![store.workers[0].state];
    for event in [
        spawned(1, 0, 0),
        sampled(2, 0, 'S', 0),
        ready(3, 0),
        sampled(4, 0, 'T', 0),
        sampled(5, 0, 'S', 0),
        started(6, 0, 0, 0),
        sampled(7, 0, 'T', 0),
        sampled(8, 0, 'R', 0),
        ok(9, 0, 0),
        exited(10, 0, Exit::Code(0), true),
        sampled(11, 0, 'T', 0),
    ] {
        store.apply(event);
        states.push(store.workers[0].state);
    }
    assert_eq!(
        states,
        [Starting, Starting, Starting, Idle, Stopped, Idle, Busy, Stopped, Busy, Idle, Exited, Exited]
    );
    assert_eq!(store.workers[0].exit, Some(Exit::Code(0)));
}

#[test]
fn cpu_time_adds_lives_and_prefers_the_larger_measure() {
    let usage = |ns| Usage { cpu_ns: Some(ns), ..Usage::default() };
    let mut store = store([processes(1, 2), spawned(0, 0, 0), sampled(1, 0, 'R', 70)]);
    store.apply(exited(2, 0, Exit::Signal(9), false));
    store.apply(spawned(3, 0, 1));
    store.apply(sampled(4, 0, 'R', 50));
    assert_eq!((store.workers[0].cpu_ns, store.workers[0].restarts), (120, 1));
    store.apply(done(Ended { usage: usage(100), ..ended(5, 0, 0, Outcome::Ok) }));
    assert_eq!(store.workers[0].cpu_ns, 120);
    store.apply(done(Ended { usage: usage(30), ..ended(6, 0, 1, Outcome::Ok) }));
    assert_eq!(store.workers[0].cpu_ns, 130);
}

#[test]
fn the_most_memory_is_kept() {
    let mut store = store([processes(1, 1), spawned(0, 0, 0)]);
    for (rss_bytes, pss_bytes) in [(10, None), (30, Some(8)), (20, Some(6)), (5, None)] {
        let sample = WorkerSample { rss_bytes, pss_bytes, ..WorkerSample::default() };
        store.apply(Event::Worker { t_ns: 1, worker: WorkerId(0), sample });
        store.apply(Event::Engine { t_ns: 1, sample });
    }
    assert_eq!((store.workers[0].max_rss_bytes, store.workers[0].max_pss_bytes), (30, Some(8)));
    assert_eq!((store.engine_max_rss_bytes, store.engine.rss_bytes), (30, 5));
}

#[test]
fn a_lost_engine_crashes_what_ran_and_leaves_the_rest_unrun() {
    let mut store = store([run_started(spec(Backend::Threads, 2, 5)), spawned(0, 0, 0), ok(3, 0, 0)]);
    store.apply(started(4, 0, 1, 0));
    store.apply(started(4, 1, 2, 0));
    store.lost(9, Some(Exit::Signal(11)), "the engine died".to_owned());
    assert_eq!(store.tally, Tally { total: 5, ok: 1, crashed: 2, not_run: 2, ..Tally::default() });
    let last = store.lanes[1].spans.last().expect("one span");
    assert_eq!((&last.outcome, last.end_ns), (&Outcome::Crashed(Exit::Signal(11)), 9));
    assert_eq!(store.phase, Phase::Ended(Status::Lost));
    assert_eq!(store.reason.as_deref(), Some("the engine died"));
    assert_eq!(store.workers[0].exit, Some(Exit::Signal(11)), "threads share the engine's end");
    store.apply(ok(10, 0, 3));
    assert_eq!(store.tally.ok, 1, "nothing counts after the end");
}

#[test]
fn an_engine_lost_before_it_started_has_failed() {
    let mut store = RunStore::default();
    store.lost(5, Some(Exit::Code(127)), "no such file".to_owned());
    assert_eq!(store.phase, Phase::Ended(Status::Failed));
    assert_eq!(store.reason.as_deref(), Some("no such file"));
    store.lost(6, None, "again".to_owned());
    assert_eq!(store.reason.as_deref(), Some("no such file"));
}

#[test]
fn an_interrupted_run_cancels_what_still_ran() {
    let mut store = store([processes(1, 2), started(4, 0, 1, 0)]);
    store.apply(Event::RunEnded { t_ns: 8, status: Status::Interrupted, reason: Some("stopped".to_owned()) });
    assert_eq!(store.tally, Tally { total: 2, cancelled: 1, not_run: 1, ..Tally::default() });
}

#[test]
fn pauses_become_intervals_and_phases() {
    use Phase::{Paused, Running, Stopping};
    let mut store = store([processes(1, 2), spawned(0, 0, 0), Event::PoolReady { t_ns: 3 }]);
    let mut phases = Vec::new();
    for event in [
        Event::Paused { t_ns: 5 },
        Event::Paused { t_ns: 6 },
        Event::Resumed { t_ns: 9 },
        Event::Resumed { t_ns: 10 },
        Event::Paused { t_ns: 12 },
        Event::Stopping { t_ns: 15 },
        Event::Resumed { t_ns: 16 },
    ] {
        store.apply(event);
        phases.push(store.phase);
    }
    assert_eq!(phases, [Paused, Paused, Running, Running, Paused, Stopping, Stopping]);
    assert_eq!(store.pauses, [(5, Some(9)), (12, Some(15))]);
    assert_eq!(store.ready_ns, Some(3));
}

#[test]
fn a_resized_pool_has_places_for_new_workers_and_lets_old_ones_go() {
    use WorkerState::{Busy, Exited, Idle, Retired, Starting};
    let resized = |t_ns, workers| Event::Resized { t_ns, workers };
    let states = |store: &RunStore| store.workers.iter().map(|row| row.state).collect::<Vec<_>>();
    let mut store = store([resized(0, 9), processes(2, 20), spawned(0, 0, 0), spawned(0, 1, 0)]);
    assert_eq!((store.size(), store.resizes()), (2, [].as_slice()), "a pool that is not there has no size");
    for event in [ready(1, 0), ready(1, 1), resized(10, 4), resized(10, 4), spawned(11, 2, 0), ready(12, 2)] {
        store.apply(event);
    }
    assert_eq!((store.size(), states(&store)), (4, vec![Idle, Idle, Idle, Starting]));
    store.apply(started(13, 2, 5, 0));
    store.apply(resized(14, 1));
    assert_eq!(states(&store), [Idle, Idle, Busy, Retired], "who is there leaves in good order");
    store.apply(exited(15, 1, Exit::Code(0), true));
    store.apply(ok(16, 2, 5));
    store.apply(exited(17, 2, Exit::Code(0), true));
    assert_eq!(states(&store), [Idle, Retired, Retired, Retired]);
    store.apply(resized(20, 2));
    store.apply(spawned(21, 1, 0));
    assert_eq!(states(&store), [Idle, Starting, Retired, Retired]);
    assert_eq!(store.resizes(), [(10, 4), (14, 1), (20, 2)]);
    assert_eq!(store.lanes[1].lives.len(), 2);
    assert_eq!(&*store.log.last().expect("a line").text, "worker 1 was started (pid 1001)");
    store.apply(finished(30));
    assert_eq!(states(&store), [Exited, Exited, Retired, Retired]);
}

#[test]
fn impossible_workers_are_named_once_and_unknown_ones_get_a_place() {
    let store = store([processes(1, 2), ready(1, MAX_WORKERS), ready(2, u32::MAX), ready(3, 4)]);
    assert_eq!(store.workers.len(), 5);
    assert_eq!(store.workers[4].worker, WorkerId(4));
    let warnings = store.log.iter().filter(|line| line.level == Level::Warning).count();
    assert_eq!(warnings, 1);
}

#[test]
fn the_log_tells_what_went_wrong() {
    let crash = || Outcome::Crashed(Exit::Signal(9));
    let store = store([
        processes(3, 20),
        spawned(0, 2, 0),
        started(2_000_000, 2, 17, 0),
        retried(4_000_000, 2, 17, crash()),
        exited(4_000_000, 2, Exit::Signal(9), false),
        spawned(5_000_000, 2, 1),
        done(Ended { attempt: 2, ..ended(6_000_000, 2, 17, Outcome::TimedOut) }),
        exited(7_000_000, 2, Exit::Code(0), true),
        Event::RunEnded { t_ns: 8_000_000, status: Status::Lost, reason: Some("no worker left".to_owned()) },
    ]);
    let lines: Vec<_> = store.log.iter().map(|line| format!("{} {}", line.level, line.text)).collect();
    assert_eq!(
        lines[1..],
        [
            "DEBUG worker 2 was started (pid 1002)",
            "WARNING task 17 crashed (SIGKILL) on worker 2, attempt 1 of 3; it will be tried again",
            "WARNING worker 2 (pid 1002) died: SIGKILL, while running task 17",
            "INFO worker 2 was replaced by pid 1102 (restart 1)",
            "ERROR task 17 timed out on worker 2, attempt 3 of 3; it will not be tried again",
            "DEBUG worker 2 (pid 1102) ended: exit 0",
            "ERROR run lost after 8.00 ms, 0 of 20 tasks ok: no worker left",
        ]
    );
    assert!(lines[0].starts_with("INFO run started: "), "{}", lines[0]);
}

#[test]
fn a_worker_that_dies_between_tasks_is_not_blamed_on_one() {
    let store = store([processes(1, 2), spawned(0, 0, 0), ok(3, 0, 0), exited(5, 0, Exit::Signal(6), false)]);
    let line = store.log.last().expect("a line");
    assert_eq!(&*line.text, "worker 0 (pid 1000) died: SIGABRT");
}

#[test]
fn a_full_log_says_so_once() {
    let mut store = store([processes(1, 1)]);
    for _ in 0..super::notes::MAX_LOG_LINES + 5 {
        store.apply(Event::Log { t_ns: 1, worker: None, level: Level::Info, text: String::new() });
    }
    assert_eq!(store.log.len(), super::notes::MAX_LOG_LINES);
    assert!(store.log.last().is_some_and(|line| line.text.contains("the log is full")));
}

#[test]
fn a_replaced_worker_keeps_each_pid_for_its_time() {
    let store =
        store([processes(1, 1), spawned(10, 0, 0), exited(20, 0, Exit::Code(1), false), spawned(30, 0, 1)]);
    let pids: Vec<_> = [0, 15, 29, 30].map(|t_ns| store.pid_at(WorkerId(0), t_ns)).into();
    assert_eq!(pids, [Some(1000), Some(1000), Some(1000), Some(1100)]);
    assert_eq!(store.pid_at(WorkerId(9), 0), None);
}

#[test]
fn samples_are_kept_as_they_came_until_there_is_no_more_room() {
    let mut store = store([processes(1, 1), spawned(0, 0, 0), sampled(10, 0, 'R', 4)]);
    store.apply(Event::Engine { t_ns: 12, sample: WorkerSample { cpu_ns: 9, ..WorkerSample::default() } });
    store.apply(exited(20, 0, Exit::Code(0), true));
    store.apply(sampled(21, 0, 'R', 5));
    let kept: Vec<_> =
        store.processes.iter().map(|kept| (kept.t_ns, kept.worker, kept.sample.cpu_ns)).collect();
    assert_eq!(kept, [(10, Some(WorkerId(0)), 4), (12, None, 9)], "nobody is there at 21");
    for t_ns in 0..super::MAX_PROCESS_SAMPLES as u64 {
        store.apply(Event::Engine { t_ns, sample: WorkerSample::default() });
    }
    assert_eq!(store.processes.len(), super::MAX_PROCESS_SAMPLES);
    let told = store.log.iter().filter(|line| line.text.contains("too many samples")).count();
    assert_eq!(told, 1);
}
