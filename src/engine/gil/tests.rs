use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, AtomicU32},
    thread::{Scope, ScopedJoinHandle},
    time::Instant,
};

use super::*;
use crate::{engine::lock_log::LockRecord, ids::TaskId};

/// Nothing here takes a second, unless somebody waits for ever.
const LIMIT: Duration = Duration::from_secs(30);

fn gil(interval_ns: u64) -> Arc<Gil> {
    Gil::with_interval(RunClock::start_now(), interval_ns)
}

fn never() -> bool {
    false
}

fn until(what: &str, mut check: impl FnMut() -> bool) {
    let began = Instant::now();
    while !check() {
        assert!(began.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
        std::thread::yield_now();
    }
}

fn waiting(gil: &Gil) -> usize {
    gil.state().line.len()
}

/// Takes the lock, and keeps it for as long as `inside` runs.
fn with_lock(turns: &Turns, inside: impl FnOnce()) {
    assert!(turns.begin(TaskId(0), turns.now_ns(), &never, &mut |_| {}).is_ok(), "it was not cancelled");
    inside();
    turns.end(turns.now_ns(), &mut |_| {});
}

/// A thread that waits for the lock, and gives back whether it got it.
fn waiter<'scope>(
    scope: &'scope Scope<'scope, '_>,
    gil: &Arc<Gil>,
    cancelled: &'scope AtomicBool,
) -> ScopedJoinHandle<'scope, bool> {
    let (turns, before) = (Turns::new(gil.seat()), waiting(gil));
    let handle = scope.spawn(move || {
        turns.begin(TaskId(1), turns.now_ns(), &|| cancelled.load(Ordering::Acquire), &mut |_| {}).is_ok()
    });
    until("it waits", || waiting(gil) > before);
    handle
}

/// No two holds at one time, of whichever threads. A wait that was given up is none.
fn assert_exclusive(mut records: Vec<LockRecord>) {
    records.retain(|record| record.released_ns > record.got_ns);
    records.sort_by_key(|record| record.got_ns);
    for pair in records.windows(2) {
        assert!(pair[0].released_ns <= pair[1].got_ns, "two held the lock at once: {pair:?}");
    }
}

/// Computes until both threads have had this many turns, so that each always has somebody to give way to.
fn compute(turns: &Turns, enough: usize, there: &AtomicU32, done: &AtomicU32) -> Vec<LockRecord> {
    let mut records = Vec::new();
    there.fetch_add(1, Ordering::AcqRel);
    until("both are there", || there.load(Ordering::Acquire) == 2);
    turns.begin(TaskId(0), turns.now_ns(), &never, &mut |_| {}).expect("not cancelled");
    let mut told = false;
    until("both had their turns", || {
        turns.checkpoint(&never, &mut |record| records.push(record)).expect("not cancelled");
        if records.len() >= enough && !std::mem::replace(&mut told, true) {
            done.fetch_add(1, Ordering::AcqRel);
        }
        done.load(Ordering::Acquire) == 2
    });
    turns.end(turns.now_ns(), &mut |_| {});
    records
}

#[test]
fn two_that_compute_take_turns_of_an_interval_each() {
    const TURNS: usize = 12;
    let gil = Gil::new(RunClock::start_now());
    let (there, done) = (AtomicU32::new(0), AtomicU32::new(0));
    let records: Vec<Vec<LockRecord>> = std::thread::scope(|scope| {
        let threads = [Turns::new(gil.seat()), Turns::new(gil.seat())].map(|turns| {
            let (there, done) = (&there, &done);
            scope.spawn(move || compute(&turns, TURNS, there, done))
        });
        threads.map(|thread| thread.join().expect("no panic")).into()
    });
    assert_exclusive(records.concat());
    let mut order: Vec<(u64, usize)> = Vec::new();
    for (at, records) in records.iter().enumerate() {
        for record in &records[..TURNS] {
            let held_ns = record.released_ns - record.got_ns;
            assert!(held_ns >= SWITCH_INTERVAL_NS, "nobody is asked before his time: {record:?}");
            order.push((record.released_ns, at));
        }
    }
    order.sort_unstable();
    assert!(order.windows(2).all(|pair| pair[0].1 != pair[1].1), "they alternate: {order:?}");
}

#[test]
fn a_checkpoint_without_waiters_keeps_the_lock() {
    let gil = gil(0);
    let turns = Turns::new(gil.seat());
    with_lock(&turns, || {
        for _ in 0..100_000 {
            assert_eq!(turns.checkpoint(&never, &mut |record| panic!("{record:?}")), Ok(()));
        }
    });
}

#[test]
fn a_free_lock_costs_no_wait_and_holds_can_follow_without_a_gap() {
    let turns = Turns::new(gil(0).seat());
    let mut records = Vec::new();
    for (task, times) in [(0, [10, 20]), (1, [20, 30])] {
        assert_eq!(turns.begin(TaskId(task), times[0], &never, &mut |_| {}), Ok(()));
        turns.end(times[1], &mut |record| records.push(record));
    }
    let times: Vec<_> =
        records.iter().map(|record| [record.asked_ns, record.got_ns, record.released_ns]).collect();
    assert_eq!(times, [[10, 10, 20], [20, 20, 30]]);
}

#[test]
fn others_work_while_one_blocks() {
    let gil = gil(u64::MAX / 2);
    let (first, second) = (Turns::new(gil.seat()), Turns::new(gil.seat()));
    let mut records = Vec::new();
    assert_eq!(first.begin(TaskId(0), first.now_ns(), &never, &mut |_| {}), Ok(()));
    first.blocking(&never, &mut |record| records.push(record), || with_lock(&second, || {}));
    assert_eq!(gil.state().holder, Some(first.seat()), "and it goes on with the lock");
    first.end(first.now_ns(), &mut |record| records.push(record));
    assert_eq!(records.len(), 2);
    assert_exclusive(records);
}

#[test]
fn a_waiter_that_is_cancelled_leaves_and_the_next_one_gets_the_lock() {
    let gil = gil(u64::MAX / 2);
    let (quit, stay) = (AtomicBool::new(false), AtomicBool::new(false));
    let holder = Turns::new(gil.seat());
    std::thread::scope(|scope| {
        with_lock(&holder, || {
            let quitter = waiter(scope, &gil, &quit);
            let other = waiter(scope, &gil, &stay);
            quit.store(true, Ordering::Release);
            gil.nudge();
            assert!(!quitter.join().expect("no panic"), "it was cancelled");
            assert_eq!(waiting(&gil), 1);
            holder.end(holder.now_ns(), &mut |_| {});
            assert!(other.join().expect("no panic"), "the lock was free");
        });
    });
}

#[test]
fn who_is_cancelled_while_blocking_hears_of_it_at_the_next_checkpoint() {
    let gil = gil(u64::MAX / 2);
    let (turns, other) = (Turns::new(gil.seat()), Turns::new(gil.seat()));
    let cancelled = || true;
    assert_eq!(
        turns.begin(TaskId(0), turns.now_ns(), &cancelled, &mut |_| {}),
        Ok(()),
        "a free lock is simply taken"
    );
    turns
        .blocking(&cancelled, &mut |_| {}, || other.begin(TaskId(1), other.now_ns(), &never, &mut |_| {}))
        .expect("free");
    let mut told = Vec::new();
    assert_eq!(turns.checkpoint(&cancelled, &mut |record| told.push(record)), Err(Cancelled));
    assert!(matches!(told[..], [gave_up] if gave_up.got_ns == gave_up.released_ns), "{told:?}");
    turns.end(turns.now_ns(), &mut |record| panic!("{record:?}"));
    assert_eq!(gil.state().holder, Some(other.seat()), "the other is not disturbed");
}

#[test]
fn a_thread_left_behind_loses_the_lock_and_gets_it_never_again() {
    let gil = gil(u64::MAX / 2);
    let stay = AtomicBool::new(false);
    let (endless, next) = (Turns::new(gil.seat()), Turns::new(gil.seat()));
    std::thread::scope(|scope| {
        assert_eq!(endless.begin(TaskId(0), endless.now_ns(), &never, &mut |_| {}), Ok(()));
        let waits = waiter(scope, &gil, &stay);
        gil.abandon(endless.seat());
        assert!(waits.join().expect("no panic"), "the lock was taken from the one left behind");
    });
    assert_eq!(next.begin(TaskId(2), next.now_ns(), &never, &mut |_| {}), Ok(()), "that thread has ended");
    assert_eq!(endless.checkpoint(&never, &mut |_| {}), Ok(()));
    endless.end(endless.now_ns(), &mut |_| {});
    assert_eq!(gil.state().holder, Some(next.seat()), "whoever comes back late disturbs nobody");
    assert_eq!(endless.begin(TaskId(3), endless.now_ns(), &never, &mut |_| {}), Err(Cancelled));
    drop(endless);
    assert!(gil.state().abandoned.is_empty(), "nothing is kept of threads that have ended");
}

#[test]
fn a_waiter_that_is_left_behind_leaves_the_line() {
    let gil = gil(u64::MAX / 2);
    let stay = AtomicBool::new(false);
    let holder = Turns::new(gil.seat());
    std::thread::scope(|scope| {
        with_lock(&holder, || {
            let waits = waiter(scope, &gil, &stay);
            let seat = gil.state().line.front().map(|waiter| waiter.seat).expect("it waits");
            gil.abandon(seat);
            assert!(!waits.join().expect("no panic"));
        });
    });
}

#[test]
fn a_panic_and_a_thread_that_ends_let_go() {
    let gil = gil(u64::MAX / 2);
    let turns = Turns::new(gil.seat());
    assert_eq!(turns.begin(TaskId(0), turns.now_ns(), &never, &mut |_| {}), Ok(()));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        turns.blocking(&never, &mut |_| {}, || panic!("while it waits"));
    }));
    assert!(panicked.is_err());
    assert_eq!(gil.state().holder, None);
    turns.end(turns.now_ns(), &mut |record| panic!("{record:?}"));
    assert_eq!(turns.begin(TaskId(1), turns.now_ns(), &never, &mut |_| {}), Ok(()));
    drop(turns);
    assert_eq!(gil.state().holder, None);
}

#[test]
fn many_threads_that_do_everything_at_once_never_hold_the_lock_together() {
    const THREADS: u64 = 6;
    for interval_ns in [0, 20_000] {
        let gil = gil(interval_ns);
        let inside = AtomicBool::new(false);
        let mut records = Vec::new();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|seed| {
                    let (turns, inside) = (Turns::new(gil.seat()), &inside);
                    scope.spawn(move || everything_at_once(seed, &turns, inside))
                })
                .collect();
            for thread in threads {
                records.extend(thread.join().expect("no panic"));
            }
        });
        assert!(records.len() > 1000, "{}", records.len());
        assert!(records.iter().all(|record| record.asked_ns <= record.got_ns));
        assert_exclusive(records);
        let state = gil.state();
        assert!(state.holder.is_none() && state.line.is_empty());
    }
}

fn everything_at_once(seed: u64, turns: &Turns, inside: &AtomicBool) -> Vec<LockRecord> {
    let mut random = crate::store::testing::Random::new(seed);
    let mut records = Vec::new();
    // Only whoever has the lock is inside.
    let enter = || assert!(!inside.swap(true, Ordering::AcqRel), "two are inside at once");
    let exit = || inside.store(false, Ordering::Release);
    for task in 0..200 {
        let impatient = random.chance(4);
        let cancelled = || impatient;
        if turns.begin(TaskId(task), turns.now_ns(), &cancelled, &mut |record| records.push(record)).is_err()
        {
            continue;
        }
        for _ in 0..random.below(6) {
            enter();
            for _ in 0..random.below(200) {
                std::hint::spin_loop();
            }
            exit();
            if random.chance(3) {
                turns.blocking(&cancelled, &mut |record| records.push(record), std::thread::yield_now);
            }
            if turns.checkpoint(&cancelled, &mut |record| records.push(record)).is_err() {
                break;
            }
        }
        turns.end(turns.now_ns(), &mut |record| records.push(record));
    }
    records
}
