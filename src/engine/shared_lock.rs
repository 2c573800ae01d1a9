//! The one lock and counter that all tasks of a run share, in memory that all workers see: plain memory for threads, a
//! shared page for processes.
//!
//! The lock word names its owner, so that the engine can free the lock of a worker that died with it. Nobody trusts the
//! word: any worker may write nonsense there. Waiting is therefore in slices, between which a waiter looks whether it was
//! cancelled, and the engine frees what nobody alive can own, see [`SharedLock::sweep`].

use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
};

use rustix::thread::futex;

use crate::{
    ids::WorkerId,
    time::{NS_PER_MS, NS_PER_S},
    workload::Cancelled,
};

/// Somebody waits, and is to be woken when the lock is let go of.
const CONTENDED: u32 = 1 << 31;
/// Bits for the worker's number plus one; those above, up to [`CONTENDED`], hold its life.
const WORKER_BITS: u32 = 11;
const _: () = assert!(crate::spec::MAX_WORKERS < 1 << WORKER_BITS);
/// The longest sleep of a waiter: how late it may notice that it was cancelled, or that a wake-up went to a dead one.
const SLICE_NS: u64 = 50 * NS_PER_MS;

/// One life of one worker, as the lock word names it. Lives that are 2^20 apart look alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner(NonZeroU32);

impl Owner {
    pub(super) fn new(worker: WorkerId, life: u32) -> Self {
        let life_bits = (life << WORKER_BITS) & !CONTENDED;
        let worker_bits = worker.0.saturating_add(1) & ((1 << WORKER_BITS) - 1);
        Self(NonZeroU32::new(life_bits | worker_bits).unwrap_or(NonZeroU32::MIN))
    }

    fn in_word(word: u32) -> Option<Self> {
        NonZeroU32::new(word & !CONTENDED).map(Self)
    }
}

/// Lock and counter. Every content of its memory is a valid state; all zeros is a free lock and a counter at 0.
#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct SharedLock {
    /// The owner, or 0, and [`CONTENDED`]. A futex, shared between processes.
    word: AtomicU32,
    counter: AtomicU64,
}

/// The lock is held. Let go of by dropping it.
#[derive(Debug)]
pub(super) struct Held<'a> {
    lock: &'a SharedLock,
    owner: Owner,
}

impl SharedLock {
    /// Takes the lock if it is free.
    pub(super) fn try_acquire(&self, owner: Owner) -> Option<Held<'_>> {
        self.word
            .compare_exchange(0, owner.0.get(), Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
            .then_some(Held { lock: self, owner })
    }

    /// Takes the lock, waiting for it as long as need be. A worker must not ask for it while it holds it: it would be
    /// given it again.
    ///
    /// # Errors
    /// When `cancelled` says so while it waits; that is asked before each slice of the wait.
    pub(super) fn acquire(&self, owner: Owner, cancelled: &dyn Fn() -> bool) -> Result<Held<'_>, Cancelled> {
        if let Some(held) = self.try_acquire(owner) {
            return Ok(held);
        }
        // Once it has slept it cannot know whether others sleep still, so that it wakes one when it lets go.
        let mut mine = owner.0.get();
        loop {
            let word = self.word.load(Ordering::Relaxed);
            let free = match Owner::in_word(word) {
                None => true,
                // What names this worker, which does not hold the lock, is nonsense that somebody wrote there.
                Some(other) => other == owner,
            };
            if free {
                if self.swap_word(word, word & CONTENDED | mine) {
                    return Ok(Held { lock: self, owner });
                }
                continue;
            }
            if cancelled() {
                // The wake-up that brought it here may have been meant for somebody who still wants the lock.
                self.wake_one();
                return Err(Cancelled);
            }
            if word & CONTENDED != 0 || self.swap_word(word, word | CONTENDED) {
                self.sleep(word | CONTENDED);
                mine |= CONTENDED;
            }
        }
    }

    /// The counter as it was last written.
    pub(super) fn counter(&self) -> u64 {
        self.counter.load(Ordering::Acquire)
    }

    /// Frees the lock of a worker that is dead, or was left behind. True if it held it.
    pub(super) fn reap(&self, dead: Owner) -> bool {
        self.sweep(|owner| owner != dead)
    }

    /// Frees the lock if its owner is none that `alive` knows. True if it was freed.
    pub(super) fn sweep(&self, alive: impl Fn(Owner) -> bool) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while Owner::in_word(word).is_some_and(|owner| !alive(owner)) {
            match self.word.compare_exchange(word, 0, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => {
                    if word & CONTENDED != 0 {
                        self.wake_one();
                    }
                    return true;
                }
                Err(changed) => word = changed,
            }
        }
        false
    }

    fn swap_word(&self, from: u32, to: u32) -> bool {
        self.word.compare_exchange(from, to, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Sleeps for a slice at most, while the word is as given.
    fn sleep(&self, word: u32) {
        let slice = futex::Timespec {
            tv_sec: (SLICE_NS / NS_PER_S).cast_signed(),
            tv_nsec: (SLICE_NS % NS_PER_S).cast_signed(),
        };
        // However it ends, by a wake-up, a change, a signal or the time, the caller looks again.
        let _looks_again = futex::wait(&self.word, futex::Flags::empty(), word, Some(&slice));
    }

    fn wake_one(&self) {
        // With nobody to wake there is nothing to do.
        let _nobody_slept = futex::wake(&self.word, futex::Flags::empty(), 1);
    }
}

impl Held<'_> {
    pub(super) fn counter(&self) -> u64 {
        self.lock.counter()
    }

    /// Writes the counter, unless the lock was taken away meanwhile because this worker was given up.
    pub(super) fn set_counter(&self, value: u64) {
        if Owner::in_word(self.lock.word.load(Ordering::Relaxed)) == Some(self.owner) {
            self.lock.counter.store(value, Ordering::Release);
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.lock.reap(self.owner);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        sync::atomic::AtomicBool,
    };

    use super::*;
    use crate::store::testing::Random;

    fn owner(worker: u32) -> Owner {
        Owner::new(WorkerId(worker), 0)
    }

    fn never() -> bool {
        false
    }

    #[test]
    fn owners_are_told_apart_by_worker_and_by_life() {
        let mut seen = std::collections::BTreeSet::new();
        for worker in [0, 1, 7, crate::spec::MAX_WORKERS - 1] {
            for life in [0, 1, 2, 1000, (1 << 20) - 1] {
                let owner = Owner::new(WorkerId(worker), life);
                assert!(seen.insert(owner.0), "worker {worker}, life {life}");
                assert_eq!(Owner::in_word(owner.0.get() | CONTENDED), Some(owner));
            }
        }
        let _any_life_is_possible = Owner::new(WorkerId(u32::MAX), u32::MAX);
    }

    #[test]
    fn no_increment_of_many_threads_is_lost() {
        const THREADS: u32 = 4;
        const TIMES: u64 = 20_000;
        let lock = SharedLock::default();
        std::thread::scope(|scope| {
            for worker in 0..THREADS {
                let lock = &lock;
                scope.spawn(move || {
                    for _ in 0..TIMES {
                        let held = lock.acquire(owner(worker), &never).expect("not cancelled");
                        held.set_counter(held.counter() + 1);
                    }
                });
            }
        });
        assert_eq!(lock.counter(), u64::from(THREADS) * TIMES);
        assert_eq!(lock.word.load(Ordering::Relaxed) & !CONTENDED, 0, "it is free in the end");
    }

    #[test]
    fn a_lock_that_is_held_is_not_had_by_trying_and_a_panic_lets_go_of_it() {
        let lock = SharedLock::default();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let held = lock.try_acquire(owner(0)).expect("free");
            held.set_counter(5);
            assert!(lock.try_acquire(owner(1)).is_none());
            panic!("with the lock in its hands");
        }));
        assert!(panicked.is_err());
        let held = lock.try_acquire(owner(1)).expect("free again");
        assert_eq!(held.counter(), 5);
    }

    #[test]
    fn the_lock_of_a_dead_worker_goes_to_whoever_waits_and_the_counter_stays() {
        let lock = SharedLock::default();
        let dead = Owner::new(WorkerId(3), 1);
        let held = lock.try_acquire(dead).expect("free");
        held.set_counter(7);
        std::mem::forget(held);
        assert!(!lock.reap(owner(0)) && !lock.reap(Owner::new(WorkerId(3), 2)), "they do not hold it");
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| lock.acquire(owner(0), &never).map(|held| held.counter()));
            while lock.word.load(Ordering::Relaxed) & CONTENDED == 0 {
                std::thread::yield_now();
            }
            assert!(lock.reap(dead));
            assert_eq!(waits.join().expect("no panic"), Ok(7));
        });
    }

    #[test]
    fn who_was_given_up_and_comes_back_changes_nothing() {
        let lock = SharedLock::default();
        let late = lock.try_acquire(owner(0)).expect("free");
        assert!(lock.reap(owner(0)));
        let held = lock.try_acquire(owner(1)).expect("freed");
        held.set_counter(1);
        late.set_counter(99);
        drop(late);
        assert_eq!(held.counter(), 1);
        assert!(lock.try_acquire(owner(2)).is_none(), "the other still holds it");
    }

    #[test]
    fn a_waiter_that_is_cancelled_leaves_and_the_others_still_get_the_lock() {
        let lock = SharedLock::default();
        let quit = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let held = lock.try_acquire(owner(0)).expect("free");
            let quitter = scope.spawn(|| lock.acquire(owner(1), &|| quit.load(Ordering::Acquire)).is_err());
            let other = scope.spawn(|| lock.acquire(owner(2), &never).is_ok());
            quit.store(true, Ordering::Release);
            assert!(quitter.join().expect("no panic"));
            drop(held);
            assert!(other.join().expect("no panic"));
        });
    }

    #[test]
    fn nonsense_in_the_word_is_survived() {
        let mut random = Random::new(1);
        let mut words = vec![1, CONTENDED, u32::MAX, owner(0).0.get(), owner(5).0.get() | CONTENDED];
        words.extend((0..500).map(|_| random.next() as u32));
        for (at, word) in words.into_iter().enumerate() {
            let lock = SharedLock { word: AtomicU32::new(word), counter: AtomicU64::new(u64::MAX) };
            // The first few sleep once before they are cancelled.
            let looks = AtomicU32::new(u32::from(at >= 5));
            let cancelled = || looks.fetch_add(1, Ordering::Relaxed) > 0;
            let nobody = Owner::in_word(word).is_none_or(|named| named == owner(0));
            assert_eq!(lock.acquire(owner(0), &cancelled).is_ok(), nobody, "{word:#x}");
            assert!(!lock.sweep(|_everybody| true));
            // The engine frees what nobody alive can own.
            lock.sweep(|named| named == owner(0));
            assert!(lock.acquire(owner(0), &never).is_ok(), "{word:#x}");
        }
    }

    #[test]
    fn scribbling_while_others_lock_wedges_nobody() {
        let lock = SharedLock::default();
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let workers = [0, 1].map(|worker| {
                let lock = &lock;
                scope.spawn(move || (0..2_000).all(|_| lock.acquire(owner(worker), &never).is_ok()))
            });
            scope.spawn(|| {
                let mut random = Random::new(3);
                while !over.load(Ordering::Acquire) {
                    lock.word.store(random.next() as u32, Ordering::Relaxed);
                    std::thread::yield_now();
                    lock.sweep(|alive| [owner(0), owner(1)].contains(&alive));
                }
                lock.sweep(|_| false);
            });
            for worker in workers {
                assert!(worker.join().expect("no panic"));
            }
            over.store(true, Ordering::Release);
        });
    }
}
