//! What a worker tells its engine without a system call: a ring of records that one writes and the other reads, and
//! beside it the word in which the two settle which tasks may still be started.
//!
//! The memory is a [`Region`] of 64-bit words, every one an atomic: a worker process may scribble over its region at any
//! moment, and the engine must read nonsense there, never undefined behaviour. The engine believes nothing it reads: it
//! keeps its own tail, and a head or a record that cannot be costs the worker ([`Corrupt`]).
//!
//! | word | written by | is |
//! |---|---|---|
//! | [`HEAD`] | worker | records published so far |
//! | [`TAIL`] | engine | records taken in so far, so that the worker knows where there is room |
//! | [`ASLEEP`] | both | 1 while the engine sleeps and wants the bell; the worker that rings takes it back |
//! | [`CLAIM`] | both | see [`claim`] |
//! | [`RECORDS`].. | worker | [`CAPACITY`] records of [`RECORD_WORDS`] words, see [`record`] |
//!
//! A record is written whole and only then published by storing the head with `Release`; the engine loads the head
//! with `Acquire`. A worker that dies at any instruction therefore leaves only whole records.

mod bell;
pub(super) mod claim;
#[cfg(all(test, loom))]
mod model;
mod record;
mod region;
#[cfg(all(test, not(loom)))]
mod stress;

use std::sync::atomic::Ordering;

pub(super) use bell::Bell;
pub(super) use record::{INLINE_BYTES, RECORD_WORDS, Record, encode_ended};
pub(super) use region::{LockMemory, Region};

use sync::fence;

/// The atomics of the ring: the standard ones, or those of the model checker that tries every order of them.
pub(super) mod sync {
    #[cfg(all(test, loom))]
    pub(crate) use loom::sync::atomic::{AtomicU64, fence};
    #[cfg(not(all(test, loom)))]
    pub(crate) use std::sync::atomic::{AtomicU64, fence};
}

/// Records that fit. A power of two; for whoever tries many cases, as few as show them.
pub(super) const CAPACITY: u64 = match (cfg!(all(test, loom)), cfg!(fuzzing)) {
    (true, _) => 2,
    (_, true) => 8,
    _ => 1024,
};

// Each word that is written often has a cache line of its own.
const HEAD: usize = 0;
const TAIL: usize = 8;
const ASLEEP: usize = 16;
const CLAIM: usize = 24;
const RECORDS: usize = 32;
/// Words of a whole region.
pub(super) const REGION_WORDS: usize = RECORDS + CAPACITY as usize * RECORD_WORDS;

/// The region says what no working worker would write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Corrupt {
    #[error("its ring claims {0} records that were never taken in, {CAPACITY} fit")]
    Head(u64),
    #[error("its ring holds a record of kind {0}, which does not exist")]
    Kind(u64),
    #[error("its ring holds a record whose {0} cannot be")]
    Field(&'static str),
    #[error("its claim on tasks is {0:#x}, which cannot follow from the one before")]
    Claim(u64),
}

/// The worker's side.
#[derive(Debug)]
pub(super) struct Producer {
    region: Region,
    head: u64,
}

impl Producer {
    pub(super) fn new(region: Region) -> Self {
        Self { region, head: 0 }
    }

    /// Whether a further record has a place.
    pub(super) fn has_room(&self) -> bool {
        let tail = self.region.words()[TAIL].load(Ordering::Acquire);
        self.head.wrapping_sub(tail) < CAPACITY
    }

    /// Writes a record into its place, where nobody sees it yet. The caller has made sure that there is room.
    pub(super) fn write(&self, record: &[u64]) {
        let place = &self.region.words()[place(self.head)..];
        for (word, value) in place.iter().zip(record) {
            word.store(*value, Ordering::Relaxed);
        }
    }

    /// Makes the record written last visible.
    pub(super) fn publish(&mut self) {
        self.head += 1;
        self.region.words()[HEAD].store(self.head, Ordering::Release);
    }

    /// Whether the engine sleeps and nobody has rung yet; then the caller is the one to ring.
    pub(super) fn must_ring(&self) -> bool {
        // Orders the head before the look at the sleeper, as the engine orders its sleep before the look at the head:
        // one of the two sees the other.
        fence(Ordering::SeqCst);
        let asleep = &self.region.words()[ASLEEP];
        asleep.load(Ordering::Relaxed) == 1
            && asleep.compare_exchange(1, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    pub(super) fn claim(&self) -> claim::WorkerClaim<'_> {
        claim::WorkerClaim::new(&self.region.words()[CLAIM])
    }

    /// Writes nonsense over everything, as a worker with a wild pointer would. For tests of those who must bear it.
    pub(super) fn scribble(&self) {
        for (at, word) in self.region.words().iter().enumerate() {
            word.store(crate::workload::mix(at as u64), Ordering::Relaxed);
        }
    }
}

/// The engine's side.
#[derive(Debug)]
pub(super) struct Consumer {
    region: Region,
    tail: u64,
    /// Head as of the last look.
    head: u64,
    pub(super) claim: claim::EngineClaim,
}

impl Consumer {
    pub(super) fn new(region: Region) -> Self {
        Self { region, tail: 0, head: 0, claim: claim::EngineClaim::default() }
    }

    /// Looks how far the worker is. True when records wait.
    pub(super) fn look(&mut self) -> Result<bool, Corrupt> {
        let head = self.region.words()[HEAD].load(Ordering::Acquire);
        let waiting = head.wrapping_sub(self.tail);
        // A head that goes back shows as a difference beyond any capacity.
        if waiting > CAPACITY {
            return Err(Corrupt::Head(waiting));
        }
        self.head = head;
        if waiting == 0 {
            // A worker that has ruined this word begins nothing more and waits: it would never be heard of again.
            self.claim.check(&self.region.words()[CLAIM])?;
        }
        Ok(waiting > 0)
    }

    /// The next record of those that the last [`Self::look`] saw.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Record>, Corrupt> {
        if self.tail == self.head {
            return Ok(None);
        }
        let place = &self.region.words()[place(self.tail)..][..RECORD_WORDS];
        // Copied before it is looked at: what a scribbler changes afterwards changes nothing here.
        let words = std::array::from_fn(|at| place[at].load(Ordering::Relaxed));
        self.tail += 1;
        let record = Record::decode(&words)?;
        Ok(Some(record))
    }

    /// Lets the worker use the places of everything taken in so far.
    pub(super) fn release(&self) {
        self.region.words()[TAIL].store(self.tail, Ordering::Release);
    }

    /// Asks for the bell. To be followed by [`settle_down`] and one more [`Self::look`] before the engine sleeps.
    pub(super) fn ask_for_bell(&self) {
        self.region.words()[ASLEEP].store(1, Ordering::Relaxed);
    }

    pub(super) fn wake(&self) {
        self.region.words()[ASLEEP].store(0, Ordering::Relaxed);
    }

    /// Allows the worker to start `count` more tasks, which it has been sent already.
    pub(super) fn grant(&mut self, count: u32) -> Result<(), Corrupt> {
        self.claim.grant(&self.region.words()[CLAIM], count)
    }

    /// Takes back all tasks that were not begun but `keep`. See [`claim::EngineClaim::recall`].
    pub(super) fn recall(&mut self, keep: u32) -> Result<claim::Recalled, Corrupt> {
        self.claim.recall(&self.region.words()[CLAIM], keep)
    }
}

/// Between asking for the bell and the last look at the heads.
pub(super) fn settle_down() {
    fence(Ordering::SeqCst);
}

fn place(sequence: u64) -> usize {
    RECORDS + (sequence % CAPACITY) as usize * RECORD_WORDS
}
