use super::*;
use crate::{
    event::{Ended, Event, Exit, LockKind, Outcome},
    ids::{TaskId, WorkerId},
    spec::{Backend, QueueBound},
    store::{LockSpan, testing::*},
};

fn processes(workers: u32) -> Event {
    run_started(spec(Backend::Processes, workers, 9))
}

/// The parts that are not zero, by name.
fn parts(store: &RunStore, worker: usize) -> Vec<(&'static str, u64)> {
    let time = WorkerTime::new(store).expect("time has passed");
    let parts = time.per_worker()[worker];
    assert_eq!(parts.iter().sum::<u64>(), counted_ns(store, worker, time.end_ns()));
    Part::ALL.iter().map(|&part| (part.name(), parts[part as usize])).filter(|part| part.1 > 0).collect()
}

/// The time up to `end_ns` in which the pool had room for a worker, or it was in a task.
fn counted_ns(store: &RunStore, worker: usize, end_ns: u64) -> u64 {
    let lane = &store.lanes[worker];
    let mut stretches = store.wanted_ns(WorkerId(worker as u32));
    stretches.extend(lane.spans.iter().map(|span| (span.start_ns, span.end_ns)));
    stretches.extend(lane.running.map(|open| (open.start_ns, end_ns)));
    stretches.sort_unstable();
    let (mut counted_ns, mut up_to_ns) = (0, 0);
    for (from_ns, to_ns) in stretches {
        let to_ns = to_ns.min(end_ns);
        counted_ns += to_ns.saturating_sub(from_ns.max(up_to_ns));
        up_to_ns = up_to_ns.max(to_ns);
    }
    counted_ns
}

fn resized(t_ns: u64, workers: u32) -> Event {
    Event::Resized { t_ns, workers }
}

fn attempt(worker: u32, task: u32, times: [u64; 5], usage: Usage) -> [Event; 2] {
    let [enqueued_ns, dispatched_ns, start_ns, end_ns, received_ns] = times;
    let start = Event::Started {
        t_ns: start_ns,
        worker: WorkerId(worker),
        task: TaskId(task),
        attempt: 0,
        enqueued_ns,
        dispatched_ns,
    };
    [start, done(Ended { received_ns, usage, ..ended(end_ns, worker, task, Outcome::Ok) })]
}

fn usage(cpu_ns: Option<u64>, core_wait_ns: Option<u64>) -> Usage {
    Usage { cpu_ns, core_wait_ns, ..Usage::default() }
}

#[test]
fn every_nanosecond_of_random_runs_is_in_one_part() {
    for seed in 0..300 {
        for events in [random_run(seed), mangled(seed)] {
            let mut store = RunStore::default();
            for event in events {
                store.apply(event);
                let Some(time) = WorkerTime::new(&store) else { continue };
                assert_eq!(time.per_worker().len(), store.workers.len());
                for (worker, parts) in time.per_worker().iter().enumerate() {
                    let sum: u128 = parts.iter().map(|&part| u128::from(part)).sum();
                    let counted_ns = counted_ns(&store, worker, time.end_ns());
                    assert_eq!(sum, u128::from(counted_ns), "seed {seed}, worker {worker}");
                }
                let sum: f64 = Part::ALL.iter().map(|&part| time.fraction(part)).sum();
                assert!((sum - 1.0).abs() < 1e-9, "seed {seed}: {sum}");
            }
        }
    }
}

#[test]
fn random_runs_wait_for_locks_as_long_as_their_uses_say() {
    for seed in 0..100 {
        let store = store(random_run(seed));
        let Some(time) = WorkerTime::new(&store) else { continue };
        for (lane, parts) in store.lanes.iter().zip(time.per_worker()) {
            let most: u64 = LockKind::ALL
                .iter()
                .flat_map(|&kind| lane.locks.of(kind).iter())
                .map(LockSpan::waited_ns)
                .sum();
            assert!(parts[Part::Lock as usize] <= most, "seed {seed}");
            let in_tasks: u64 =
                lane.spans.iter().map(|span| lane.locks.waited_ns(span.start_ns, span.end_ns)).sum();
            let cpu_known = lane.spans.iter().any(|span| span.usage.cpu_ns.is_some());
            assert!(cpu_known || parts[Part::Lock as usize] == in_tasks, "seed {seed}");
        }
    }
}

#[test]
fn a_run_without_time_or_workers_has_no_account() {
    assert_eq!(WorkerTime::new(&RunStore::default()), None);
    assert_eq!(WorkerTime::new(&store([processes(2)])), None);
}

#[test]
fn spans_are_cut_by_what_was_measured() {
    let run = |usage| {
        let mut store = store([processes(1), spawned(0, 0, 0), ready(0, 0)]);
        for event in attempt(0, 0, [0, 0, 0, 100, 100], usage) {
            store.apply(event);
        }
        store.apply(finished(100));
        parts(&store, 0)
    };
    assert_eq!(run(usage(None, None)), [("useful", 100)]);
    assert_eq!(run(usage(Some(60), None)), [("useful", 60), ("blocked", 40)]);
    assert_eq!(run(usage(Some(60), Some(30))), [("useful", 60), ("waiting_for_core", 30), ("blocked", 10)]);
    assert_eq!(run(usage(None, Some(30))), [("useful", 70), ("waiting_for_core", 30)]);
    assert_eq!(run(usage(Some(90), Some(90))), [("useful", 90), ("waiting_for_core", 10)]);
    assert_eq!(run(usage(Some(900), Some(1))), [("useful", 100)]);
}

#[test]
fn waiting_for_locks_is_taken_out_of_what_was_not_cpu_time() {
    let run = |usage, locks: &[(LockKind, [u64; 3])]| {
        let mut store = store([processes(1), spawned(0, 0, 0), ready(0, 0)]);
        let [start, end] = attempt(0, 0, [0, 0, 0, 100, 100], usage);
        store.apply(start);
        for &(kind, times) in locks {
            store.apply(locked(0, 0, kind, times));
        }
        store.apply(end);
        store.apply(finished(100));
        parts(&store, 0)
    };
    let gil = |times| (LockKind::Gil, times);
    let shared = |times| (LockKind::Shared, times);
    let two = [gil([0, 20, 50]), gil([60, 70, 100])];
    assert_eq!(run(usage(None, None), &two), [("useful", 70), ("lock", 30)]);
    assert_eq!(run(usage(Some(60), None), &two), [("useful", 60), ("lock", 30), ("blocked", 10)]);
    let measured = [("useful", 60), ("waiting_for_core", 6), ("lock", 30), ("blocked", 4)];
    assert_eq!(run(usage(Some(60), Some(6)), &two), measured);
    assert_eq!(run(usage(Some(80), Some(15)), &two), [("useful", 80), ("lock", 20)], "never more than all");
    let overlapping = [gil([0, 20, 50]), shared([10, 30, 40])];
    assert_eq!(run(usage(None, None), &overlapping), [("useful", 70), ("lock", 30)], "counted once");
    assert_eq!(run(usage(Some(50), None), &[gil([0, 0, 100])]), [("useful", 50), ("blocked", 50)]);
}

#[test]
fn random_attempts_are_cut_into_parts_that_sum_to_them() {
    let mut random = Random::new(7);
    for _ in 0..2000 {
        let (length_ns, lock_ns) = (random.below(100), random.below(150));
        let mut maybe = || (!random.chance(3)).then(|| random.below(150));
        let usage = usage(maybe(), maybe());
        let parts = SpanParts::new(length_ns, &usage, lock_ns);
        let SpanParts { useful_ns, waiting_for_core_ns, lock_ns: waited_ns, blocked_ns } = parts;
        assert_eq!(useful_ns + waiting_for_core_ns + waited_ns + blocked_ns, length_ns, "{usage:?}");
        assert!(waited_ns <= lock_ns && usage.cpu_ns.is_none_or(|cpu_ns| useful_ns <= cpu_ns), "{parts:?}");
    }
}

#[test]
fn a_task_that_still_runs_has_waited_too() {
    let mut store = store([processes(1), spawned(0, 0, 0), ready(0, 0), started(0, 0, 0, 0)]);
    store.apply(locked(0, 0, LockKind::Gil, [0, 40, 90]));
    store.apply(Event::Queue { t_ns: 100, queued: 0, in_flight: 1, done: 0 });
    assert_eq!(parts(&store, 0), [("useful", 60), ("lock", 40)]);
}

#[test]
fn a_worker_starts_waits_works_and_idles() {
    let mut store = store([processes(2), spawned(10, 0, 0), spawned(10, 1, 0), ready(30, 0), ready(40, 1)]);
    for event in attempt(0, 0, [0, 33, 35, 50, 52], Usage::default()) {
        store.apply(event);
    }
    for event in attempt(1, 1, [0, 40, 45, 100, 101], Usage::default()) {
        store.apply(event);
    }
    store.apply(finished(120));
    assert_eq!(parts(&store, 0), [("useful", 15), ("starting", 30), ("first_task", 5), ("tail", 50)]);
    assert_eq!(parts(&store, 1), [("useful", 55), ("starting", 40), ("first_task", 5)]);
}

#[test]
fn a_gap_is_dispatch_or_transfer_by_when_the_next_task_left_the_queue() {
    let run = |next: [u64; 5]| {
        let mut store = store([processes(1), spawned(0, 0, 0), ready(0, 0)]);
        for event in attempt(0, 0, [0, 0, 0, 100, 110], Usage::default()) {
            store.apply(event);
        }
        for event in attempt(0, 1, next, Usage::default()) {
            store.apply(event);
        }
        store.apply(finished(300));
        parts(&store, 0)
    };
    let fetched = run([0, 130, 135, 200, 200]);
    assert_eq!(fetched, [("useful", 165), ("dispatch", 20), ("transfer", 15)]);
    assert_eq!(run([0, 50, 135, 200, 200]), [("useful", 165), ("dispatch", 35)], "kept in advance");
    let retried = run([120, 130, 135, 200, 200]);
    assert_eq!(retried, [("useful", 165), ("dispatch", 10), ("transfer", 5), ("tail", 20)]);
}

#[test]
fn a_late_filler_of_a_bounded_queue_is_dispatch() {
    let bounded = crate::spec::Spec { queue: QueueBound::AtMost(1), ..spec(Backend::Processes, 1, 9) };
    let mut store = store([run_started(bounded), spawned(0, 0, 0), ready(0, 0)]);
    for event in attempt(0, 0, [0, 0, 0, 100, 100], Usage::default()) {
        store.apply(event);
    }
    for event in attempt(0, 1, [150, 150, 150, 200, 200], Usage::default()) {
        store.apply(event);
    }
    store.apply(finished(200));
    assert_eq!(parts(&store, 0), [("useful", 150), ("dispatch", 50)]);
}

#[test]
fn a_death_costs_the_time_until_the_successor_is_ready() {
    let mut store = store([processes(2), spawned(0, 0, 0), spawned(0, 1, 0), ready(0, 0), ready(0, 1)]);
    store.apply(started(0, 0, 0, 0));
    store.apply(done(ended(40, 0, 0, Outcome::Crashed(Exit::Signal(9)))));
    store.apply(exited(40, 0, Exit::Signal(9), false));
    store.apply(spawned(45, 0, 1));
    store.apply(ready(60, 0));
    for event in attempt(0, 2, [0, 62, 62, 80, 80], Usage::default()) {
        store.apply(event);
    }
    store.apply(exited(10, 1, Exit::Code(1), false));
    for event in attempt(0, 3, [0, 80, 80, 100, 100], Usage::default()) {
        store.apply(event);
    }
    store.apply(finished(100));
    assert_eq!(parts(&store, 0), [("useful", 78), ("dispatch", 2), ("restarting", 20)]);
    assert_eq!(parts(&store, 1), [("tail", 100)], "nobody awaits a successor that never came");
}

#[test]
fn a_worker_counts_from_when_the_pool_first_wants_it_to_its_last_task() {
    let mut store = store([processes(1), spawned(0, 0, 0), ready(0, 0), resized(40, 3)]);
    store.apply(spawned(42, 1, 0));
    store.apply(spawned(43, 2, 0));
    store.apply(ready(50, 1));
    for event in attempt(1, 0, [0, 52, 52, 60, 60], Usage::default()) {
        store.apply(event);
    }
    store.apply(started(61, 1, 1, 0));
    store.apply(resized(70, 1));
    store.apply(ok(95, 1, 1));
    store.apply(exited(99, 1, Exit::Code(0), true));
    for event in attempt(0, 2, [0, 0, 0, 200, 200], Usage::default()) {
        store.apply(event);
    }
    store.apply(finished(200));
    assert_eq!(parts(&store, 0), [("useful", 200)]);
    assert_eq!(parts(&store, 1), [("useful", 42), ("starting", 10), ("first_task", 2), ("dispatch", 1)]);
    assert_eq!(parts(&store, 2), [("starting", 30)], "it was let go before it was ready");
    let time = WorkerTime::new(&store).expect("time has passed");
    let useful = 242.0 / (200.0 + 55.0 + 30.0);
    assert!((time.fraction(Part::Useful) - useful).abs() < 1e-12, "of what the pool wanted");
}

#[test]
fn a_worker_that_is_wanted_again_starts_again() {
    let mut store = store([processes(2), spawned(0, 0, 0), spawned(0, 1, 0), ready(5, 0), ready(10, 1)]);
    store.apply(resized(30, 1));
    store.apply(exited(33, 1, Exit::Code(0), true));
    store.apply(resized(60, 2));
    store.apply(Event::Queue { t_ns: 65, queued: 0, in_flight: 0, done: 0 });
    assert_eq!(parts(&store, 1), [("starting", 15), ("tail", 20)], "it is awaited before it is spawned");
    store.apply(spawned(66, 1, 0));
    store.apply(ready(75, 1));
    for event in attempt(1, 0, [0, 80, 80, 100, 100], Usage::default()) {
        store.apply(event);
    }
    store.apply(finished(100));
    assert_eq!(parts(&store, 1), [("useful", 20), ("starting", 25), ("first_task", 25)]);
}

#[test]
fn a_pause_takes_gaps_but_neither_work_nor_starting() {
    let mut store = store([processes(1), spawned(0, 0, 0), Event::Paused { t_ns: 5 }, ready(20, 0)]);
    store.apply(Event::Resumed { t_ns: 30 });
    for event in attempt(0, 0, [0, 31, 33, 60, 60], Usage::default()) {
        store.apply(event);
    }
    store.apply(Event::Paused { t_ns: 50 });
    store.apply(Event::Resumed { t_ns: 70 });
    for event in attempt(0, 1, [0, 75, 75, 100, 100], Usage::default()) {
        store.apply(event);
    }
    store.apply(finished(100));
    assert_eq!(
        parts(&store, 0),
        [("useful", 52), ("starting", 20), ("first_task", 3), ("dispatch", 5), ("paused", 20)]
    );
}

#[test]
fn a_live_run_is_counted_up_to_now() {
    let mut store =
        store([processes(3), spawned(0, 0, 0), spawned(0, 1, 0), ready(10, 0), started(15, 0, 0, 0)]);
    store.apply(Event::Queue { t_ns: 100, queued: 4, in_flight: 1, done: 0 });
    assert_eq!(parts(&store, 0), [("useful", 85), ("starting", 10), ("first_task", 5)]);
    assert_eq!(parts(&store, 1), [("starting", 100)]);
    assert_eq!(parts(&store, 2), [("starting", 100)], "not even spawned");
    store.apply(ready(100, 1));
    store.apply(Event::Queue { t_ns: 110, queued: 4, in_flight: 1, done: 0 });
    assert_eq!(parts(&store, 1), [("starting", 100), ("first_task", 10)]);
    store.apply(Event::Queue { t_ns: 110, queued: 0, in_flight: 1, done: 0 });
    assert_eq!(parts(&store, 1), [("starting", 100), ("tail", 10)]);
}

#[test]
fn json_names_every_part() {
    let store = store([processes(1), spawned(0, 0, 0), ready(0, 0), started(0, 0, 0, 0), ok(8, 0, 0)]);
    let json = serde_json::to_value(WorkerTime::new(&store)).expect("serializes");
    let names: Vec<_> = json.as_object().expect("an object").keys().map(String::as_str).collect();
    let mut wanted = Part::ALL.map(Part::name);
    wanted.sort_unstable();
    assert_eq!(names, wanted);
    assert_eq!(json["useful"], 1.0);
}
