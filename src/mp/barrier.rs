//! A place where a number of processes wait for each other.

use std::{
    io,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use super::{
    memory::{ALL, Cells, Deadline, sleep_while, wake},
    package::{Parts, Share},
    trace::{Call, End, ObjectId, Verb},
};

/// In the word: who has arrived, counted in the lower half; whether it is broken; and above, how often all have met.
const ARRIVED: u32 = 0xffff;
const BROKEN: u32 = 1 << 16;
const MEETING: u32 = 1 << 17;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the barrier is broken: somebody aborted it, or did not come in time")]
pub struct BrokenError;

/// Holds back whoever comes until all parties have; then it begins anew. One that waits too long, or aborts, breaks it for
/// good, for all.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use poolscope::mp::Barrier;
///
/// let barrier = Barrier::new(2)?;
/// std::thread::scope(|scope| {
///     let other = scope.spawn(|| barrier.wait());
///     let index = barrier.wait().unwrap();
///     assert_eq!(other.join().unwrap(), Ok(1 - index));
/// });
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Barrier {
    words: Cells<AtomicU32>,
    parties: u32,
    id: ObjectId,
}

impl Barrier {
    /// # Errors
    /// `InvalidInput` unless there are 1 to 65535 parties.
    pub fn new(parties: u32) -> io::Result<Self> {
        if !(1..=ARRIVED).contains(&parties) {
            let why = format!("a barrier of {parties} parties; 1 to {ARRIVED} are allowed");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        Ok(Self { words: Cells::create(1)?, parties, id: ObjectId::next() })
    }

    pub fn id(&self) -> ObjectId {
        self.id
    }

    pub fn parties(&self) -> u32 {
        self.parties
    }

    fn word(&self) -> &AtomicU32 {
        &self.words[0]
    }

    /// Waits for all others. Returns a number that no other of this meeting gets, from 0, in the order of arrival.
    pub fn wait(&self) -> Result<u32, BrokenError> {
        self.wait_by(Deadline::default())
    }

    /// As [`Barrier::wait`]; breaks the barrier when the others do not come in time.
    pub fn wait_timeout(&self, timeout: Duration) -> Result<u32, BrokenError> {
        self.wait_by(Deadline::after(timeout))
    }

    fn wait_by(&self, deadline: Deadline) -> Result<u32, BrokenError> {
        let call = Call::begin(Verb::Meet, Some(self.id), None);
        let met = self.meet(deadline);
        let end = match met {
            Ok(_) => End::Ok,
            Err(BrokenError) if deadline.is_over() => End::TimedOut,
            Err(BrokenError) => End::Broken,
        };
        call.done(|| end, |_| {});
        met
    }

    fn meet(&self, deadline: Deadline) -> Result<u32, BrokenError> {
        let arrive = |word: u32| {
            let is_last = (word & ARRIVED) + 1 == self.parties;
            let next = if is_last { (word & !ARRIVED).wrapping_add(MEETING) } else { word + 1 };
            (word & BROKEN == 0).then_some(next)
        };
        let before =
            self.word().fetch_update(Ordering::AcqRel, Ordering::Acquire, arrive).map_err(|_| BrokenError)?;
        let index = before & ARRIVED;
        if index + 1 == self.parties {
            wake(self.word(), ALL);
            return Ok(index);
        }
        loop {
            let now = self.word().load(Ordering::Acquire);
            if now / MEETING != before / MEETING {
                return Ok(index);
            }
            if now & BROKEN != 0 {
                return Err(BrokenError);
            }
            if !deadline.is_over() {
                sleep_while(self.word(), now, deadline.slice());
                continue;
            }
            // All may have come in this moment.
            if self.word().compare_exchange(now, now | BROKEN, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                wake(self.word(), ALL);
                return Err(BrokenError);
            }
        }
    }

    /// Breaks it: all who wait, and all who come, get an error.
    pub fn abort(&self) {
        let call = Call::quick(Verb::Close, Some(self.id), None);
        self.word().fetch_or(BROKEN, Ordering::AcqRel);
        wake(self.word(), ALL);
        call.done(|| End::Ok, |_| {});
    }
}

impl Share for Barrier {
    const KIND: &'static str = "barrier";

    fn parts(&self) -> io::Result<Parts> {
        Parts::new(&(self.parties, self.id), [self.words.file()?])
    }

    fn from_parts(mut parts: Parts) -> io::Result<Self> {
        let (parties, id) = parts.state()?;
        Ok(Self { words: Cells::open(parts.descriptor()?, 1)?, parties, id })
    }
}
