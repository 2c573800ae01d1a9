//! Which of the tasks handed to a worker may still be started, settled in one word that both sides change by
//! compare-and-swap: `generation (16 bits) | begun (24) | granted (24)`.
//!
//! Tasks are numbered as they are handed over. The worker may begin number `begun` while `begun != granted` and the task
//! is on its list, by adding one to `begun`. The engine raises `granted` and then sends the tasks as a frame; it takes
//! tasks back by lowering it. Since both change the same word, a task is either begun or taken back, never both, and the engine knows at once which,
//! even if the worker is deep in a long task and hears nothing.
//!
//! Each recall starts a new generation and is followed by a frame that says from which number on the worker's own list is
//! void. A worker that finds a generation it has not heard of reads its frames first, so that it never takes a number
//! of the new list for one of the old. Numbers wrap around; as many as their range but one, more than a run's tasks, may
//! be open at a time.

use std::sync::atomic::Ordering;

use super::{Corrupt, sync::AtomicU64};

const COUNT_BITS: u32 = 24;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;
/// Most tasks that may be granted and not begun.
const MAX_GRANTED: u32 = COUNT_MASK as u32;
const _: () = assert!(crate::spec::MAX_TASKS <= MAX_GRANTED, "a worker may be handed all tasks of a run");

/// The word, taken apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Claim {
    generation: u16,
    begun: u32,
    granted: u32,
}

impl Claim {
    fn unpack(word: u64) -> Self {
        Self {
            generation: (word >> (2 * COUNT_BITS)) as u16,
            begun: (word >> COUNT_BITS & COUNT_MASK) as u32,
            granted: (word & COUNT_MASK) as u32,
        }
    }

    fn pack(self) -> u64 {
        u64::from(self.generation) << (2 * COUNT_BITS)
            | (u64::from(self.begun) & COUNT_MASK) << COUNT_BITS
            | u64::from(self.granted) & COUNT_MASK
    }

    /// Tasks granted and not begun.
    fn open(self) -> u32 {
        distance(self.begun, self.granted)
    }
}

/// How far `to` lies ahead of `from`, both modulo the counters' range.
pub(in crate::engine) fn distance(from: u32, to: u32) -> u32 {
    (u64::from(to.wrapping_sub(from)) & COUNT_MASK) as u32
}

/// `number` advanced by `count`.
pub(in crate::engine) fn advance(number: u32, count: u32) -> u32 {
    (u64::from(number.wrapping_add(count)) & COUNT_MASK) as u32
}

/// What a worker finds when it wants to begin a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Begin {
    /// It has begun the next task of its list.
    Yes,
    /// Nothing is granted.
    Nothing,
    /// Its list is of a former generation: it must read its frames first.
    Stale,
}

/// The worker's hold on the word.
pub(in crate::engine) struct WorkerClaim<'a> {
    word: &'a AtomicU64,
}

impl<'a> WorkerClaim<'a> {
    pub(super) fn new(word: &'a AtomicU64) -> Self {
        Self { word }
    }

    /// Tasks that may still be begun.
    pub(in crate::engine) fn open(&self) -> u32 {
        Claim::unpack(self.word.load(Ordering::Relaxed)).open()
    }

    /// Begins the next task of a list of this generation, if that is allowed.
    pub(in crate::engine) fn begin(&self, generation: u16) -> Begin {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            let claim = Claim::unpack(word);
            if claim.generation != generation {
                return Begin::Stale;
            }
            if claim.open() == 0 {
                return Begin::Nothing;
            }
            let next = Claim { begun: advance(claim.begun, 1), ..claim }.pack();
            match self.word.compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Begin::Yes,
                Err(changed) => word = changed,
            }
        }
    }
}

/// What a recall took back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Recalled {
    /// Tasks that are the engine's again: the last so many of those handed over.
    pub(in crate::engine) count: u32,
    /// To be told to the worker: in this generation its list ends before this number.
    pub(in crate::engine) generation: u16,
    pub(in crate::engine) end: u32,
}

/// The engine's view of the word: what it wrote last, to tell a working worker from a scribbling one.
#[derive(Debug, Default)]
pub(in crate::engine) struct EngineClaim {
    last: Claim,
}

impl EngineClaim {
    pub(super) fn grant(&mut self, word: &AtomicU64, count: u32) -> Result<(), Corrupt> {
        self.change(word, |claim| Claim { granted: advance(claim.granted, count), ..claim })?;
        Ok(())
    }

    pub(super) fn recall(&mut self, word: &AtomicU64, keep: u32) -> Result<Recalled, Corrupt> {
        let before = self.change(word, |claim| Claim {
            generation: claim.generation.wrapping_add(1),
            granted: advance(claim.begun, claim.open().min(keep)),
            ..claim
        })?;
        let count = distance(self.last.granted, before.granted);
        Ok(Recalled { count, generation: self.last.generation, end: self.last.granted })
    }

    /// Tells a word that no working worker leaves: all that it does is to begin what is granted.
    pub(super) fn check(&self, word: &AtomicU64) -> Result<(), Corrupt> {
        // What the engine itself wrote last is seen in any case.
        self.unpack(word.load(Ordering::Relaxed)).map(drop)
    }

    fn unpack(&self, word: u64) -> Result<Claim, Corrupt> {
        let claim = Claim::unpack(word);
        let follows = claim.generation == self.last.generation
            && claim.granted == self.last.granted
            && distance(self.last.begun, claim.begun) <= self.last.open();
        if follows { Ok(claim) } else { Err(Corrupt::Claim(word)) }
    }

    /// Applies a change to what is there now, if that can be. Returns what was there.
    fn change(&mut self, word: &AtomicU64, change: impl Fn(Claim) -> Claim) -> Result<Claim, Corrupt> {
        let mut present = word.load(Ordering::Acquire);
        loop {
            let claim = self.unpack(present)?;
            // It can only go on from here, so that a worker that changes the word without end cannot hold the engine up.
            self.last.begun = claim.begun;
            let next = change(claim);
            match word.compare_exchange_weak(present, next.pack(), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    self.last = next;
                    return Ok(claim);
                }
                Err(changed) => present = changed,
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn begin_all(worker: &WorkerClaim<'_>, generation: u16) -> u32 {
        (0..1000).take_while(|_| worker.begin(generation) == Begin::Yes).count() as u32
    }

    #[test]
    fn what_is_granted_is_begun_once() {
        let word = AtomicU64::new(0);
        let (mut engine, worker) = (EngineClaim::default(), WorkerClaim::new(&word));
        assert_eq!(worker.begin(0), Begin::Nothing);
        engine.grant(&word, 3).unwrap();
        assert_eq!(begin_all(&worker, 0), 3);
        engine.grant(&word, 2).unwrap();
        assert_eq!(begin_all(&worker, 0), 2);
    }

    #[test]
    fn a_recall_takes_what_was_not_begun_and_makes_the_old_list_stale() {
        for (granted, begun, keep, count) in
            [(5, 2, 0, 3), (5, 2, 1, 2), (5, 5, 0, 0), (5, 2, 9, 0), (0, 0, 0, 0)]
        {
            let word = AtomicU64::new(0);
            let (mut engine, worker) = (EngineClaim::default(), WorkerClaim::new(&word));
            engine.grant(&word, granted).unwrap();
            for _ in 0..begun {
                assert_eq!(worker.begin(0), Begin::Yes);
            }
            let recalled = engine.recall(&word, keep).unwrap();
            assert_eq!(recalled, Recalled { count, generation: 1, end: granted - count });
            assert_eq!(worker.begin(0), Begin::Stale);
            assert_eq!(begin_all(&worker, 1), granted - count - begun);
        }
    }

    #[test]
    fn numbers_wrap_around() {
        let word = AtomicU64::new(0);
        let (mut engine, worker) = (EngineClaim::default(), WorkerClaim::new(&word));
        let step = MAX_GRANTED;
        for _ in 0..5 {
            engine.grant(&word, step).unwrap();
            assert_eq!(worker.begin(engine.last.generation), Begin::Yes);
            let recalled = engine.recall(&word, 0).unwrap();
            assert_eq!(recalled.count, step - 1);
        }
        let near = Claim { generation: u16::MAX, begun: COUNT_MASK as u32, granted: COUNT_MASK as u32 };
        let word = AtomicU64::new(near.pack());
        let mut engine = EngineClaim { last: near };
        engine.grant(&word, 2).unwrap();
        assert_eq!(begin_all(&WorkerClaim::new(&word), u16::MAX), 2);
        assert_eq!(engine.recall(&word, 0).unwrap(), Recalled { count: 0, generation: 0, end: 1 });
    }

    #[test]
    fn what_was_begun_stays_begun() {
        let word = AtomicU64::new(0);
        let (mut engine, worker) = (EngineClaim::default(), WorkerClaim::new(&word));
        engine.grant(&word, 4).unwrap();
        assert_eq!(begin_all(&worker, 0), 4);
        engine.grant(&word, 1).unwrap();
        assert_eq!(engine.check(&word), Ok(()));
        let taken_back = Claim { generation: 0, begun: 2, granted: 5 }.pack();
        word.store(taken_back, Ordering::Relaxed);
        assert_eq!(engine.check(&word), Err(Corrupt::Claim(taken_back)));
    }

    #[test]
    fn a_word_that_cannot_be_is_told() {
        let scribbles = [
            Claim { generation: 7, begun: 0, granted: 4 },
            Claim { generation: 0, begun: 5, granted: 4 },
            Claim { generation: 0, begun: 1, granted: 9 },
            Claim::unpack(u64::MAX),
        ];
        for scribble in scribbles {
            let word = AtomicU64::new(0);
            let mut engine = EngineClaim::default();
            engine.grant(&word, 4).unwrap();
            word.store(scribble.pack(), Ordering::Relaxed);
            assert_eq!(engine.recall(&word, 0), Err(Corrupt::Claim(scribble.pack())), "{scribble:?}");
            assert_eq!(engine.grant(&word, 1), Err(Corrupt::Claim(scribble.pack())), "{scribble:?}");
            assert_eq!(engine.check(&word), Err(Corrupt::Claim(scribble.pack())), "{scribble:?}");
        }
    }
}
