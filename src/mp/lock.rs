//! One holder at a time, among all threads of all processes that share the lock.

use std::{
    io,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use super::{
    life,
    memory::{Cells, Deadline, sleep_while, wake},
    package::{Parts, Share},
    trace::{Call, End, ObjectId, Verb},
};

/// Somebody waits, and is to be woken when the lock is let go of. Below it stands the holder, see [`life`].
const CONTENDED: u32 = 1 << 31;

/// How a lock, or a permit, was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acquired {
    /// From nobody, or from one that let go of it.
    Clean,
    /// Its holder died with it. What it protects may be half done.
    AfterDeath { pid: u32 },
}

impl Acquired {
    fn end(self) -> End {
        match self {
            Self::Clean => End::Ok,
            Self::AfterDeath { .. } => End::AfterDeath,
        }
    }

    fn dead(self) -> Option<u32> {
        match self {
            Self::Clean => None,
            Self::AfterDeath { pid } => Some(pid),
        }
    }

    /// Tells the observer of it; `None` is that it was not come by in time.
    pub(super) fn tell(acquired: Option<Self>, call: Call, depth: Option<u32>) {
        let end = || acquired.map_or(End::TimedOut, Self::end);
        call.done(end, |done| {
            done.pid = acquired.and_then(Self::dead);
            done.depth = depth;
        });
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is let go of by a process that does not hold it")]
pub struct NotHeldError;

/// The word of a lock: its holder, or 0, and [`CONTENDED`]. A robust one is taken from a holder that died: a waiter looks
/// whether it lives before it sleeps, and after every slice.
#[derive(Clone, Copy)]
pub(super) struct Core<'a> {
    word: &'a AtomicU32,
    robust: bool,
}

impl<'a> Core<'a> {
    pub(super) fn new(word: &'a AtomicU32, robust: bool) -> Self {
        Self { word, robust }
    }

    pub(super) fn holder(self) -> Option<u32> {
        Some(life::pid(self.word.load(Ordering::Acquire) & !CONTENDED)).filter(|pid| *pid != 0)
    }

    fn try_with(self, contended: u32) -> Result<Acquired, u32> {
        loop {
            let found = self.word.load(Ordering::Relaxed);
            let holder = found & !CONTENDED;
            let is_dead = holder != 0 && self.robust && !life::is_alive(holder);
            if holder != 0 && !is_dead {
                return Err(found);
            }
            let mine = life::own() | contended | found & CONTENDED;
            if self.word.compare_exchange(found, mine, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                let dead = Acquired::AfterDeath { pid: life::pid(holder) };
                return Ok(if is_dead { dead } else { Acquired::Clean });
            }
        }
    }

    pub(super) fn try_acquire(self) -> Option<Acquired> {
        self.try_with(0).ok()
    }

    pub(super) fn acquire(self, deadline: Deadline) -> Option<Acquired> {
        let mut contended = 0;
        loop {
            let found = match self.try_with(contended) {
                Ok(acquired) => return Some(acquired),
                Err(found) => found,
            };
            if deadline.is_over() {
                return None;
            }
            let marked = found | CONTENDED;
            let is_marked = found == marked
                || self.word.compare_exchange(found, marked, Ordering::Relaxed, Ordering::Relaxed).is_ok();
            if is_marked {
                sleep_while(self.word, marked, deadline.slice());
                // Once it has slept it cannot know whether others sleep still, so that it wakes one when it lets go.
                contended = CONTENDED;
            }
        }
    }

    pub(super) fn release(self) -> Result<(), NotHeldError> {
        let holder = self.holder();
        if holder.is_none() || self.robust && holder != Some(std::process::id()) {
            return Err(NotHeldError);
        }
        if self.word.swap(0, Ordering::Release) & CONTENDED != 0 {
            wake(self.word, 1);
        }
        Ok(())
    }
}

/// A lock between processes, and between the threads of each. It is not reentrant.
///
/// When its holder dies, a lock made by [`Lock::new`] goes to the next who asks, who is told of the death. One made by
/// [`Lock::fragile`] is as Python's: nobody lets go of it for the dead, and anybody may release it.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use poolscope::mp::{Acquired, Lock};
///
/// let lock = Lock::new()?;
/// if let Acquired::AfterDeath { pid } = lock.acquire() {
///     println!("process {pid} died in the middle: put right what it left half done");
/// }
/// assert_eq!(lock.try_acquire(), None);
/// lock.release()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Lock {
    words: Cells<AtomicU32>,
    robust: bool,
    id: ObjectId,
}

impl Lock {
    pub fn new() -> io::Result<Self> {
        Self::make(true)
    }

    pub fn fragile() -> io::Result<Self> {
        Self::make(false)
    }

    fn make(robust: bool) -> io::Result<Self> {
        Ok(Self { words: Cells::create(1)?, robust, id: ObjectId::next() })
    }

    fn core(&self) -> Core<'_> {
        Core::new(&self.words[0], self.robust)
    }

    pub fn id(&self) -> ObjectId {
        self.id
    }

    /// By which of the two it was made.
    pub fn is_robust(&self) -> bool {
        self.robust
    }

    /// The process that holds it; a dead one, until somebody notices.
    pub fn holder(&self) -> Option<u32> {
        self.core().holder()
    }

    /// Waits for as long as it takes.
    pub fn acquire(&self) -> Acquired {
        // Without a deadline it ends with the lock only.
        self.acquire_by(Deadline::default()).unwrap_or(Acquired::Clean)
    }

    /// `None` when it could not be had in time.
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<Acquired> {
        self.acquire_by(Deadline::after(timeout))
    }

    /// `None` when somebody holds it.
    pub fn try_acquire(&self) -> Option<Acquired> {
        self.acquire_by(Deadline::after(Duration::ZERO))
    }

    fn acquire_by(&self, deadline: Deadline) -> Option<Acquired> {
        let call = Call::begin(Verb::Acquire, Some(self.id), None);
        let acquired = self.core().acquire(deadline);
        Acquired::tell(acquired, call, None);
        acquired
    }

    /// Lets go of it, from whichever thread of the process that holds it.
    pub fn release(&self) -> Result<(), NotHeldError> {
        let call = Call::quick(Verb::Release, Some(self.id), None);
        let released = self.core().release();
        call.done(|| super::trace::end_of(&released), |_| {});
        released
    }
}

impl Share for Lock {
    const KIND: &'static str = "lock";

    fn parts(&self) -> io::Result<Parts> {
        Parts::new(&(self.robust, self.id), [self.words.file()?])
    }

    fn from_parts(mut parts: Parts) -> io::Result<Self> {
        let (robust, id) = parts.state()?;
        Ok(Self { words: Cells::open(parts.descriptor()?, 1)?, robust, id })
    }
}
