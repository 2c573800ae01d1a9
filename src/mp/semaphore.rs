//! A number of permits that processes hold.

use std::{
    io,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use super::{
    life,
    lock::{Acquired, Core, NotHeldError},
    memory::{ALL, Cells, Deadline, sleep_while, wake},
    package::{Parts, Share},
    trace::{self, Call, ObjectId, Verb},
};

/// The lock of the table.
const GUARD: usize = 0;
/// Changes whenever a permit comes back; waiters sleep on it.
const RETURNED: usize = 1;
/// Free permits of a fragile one, all permits of a robust one.
const PERMITS: usize = 2;
/// Of a robust one: pairs of a process and how many permits it holds.
const TABLE: usize = 4;
/// Processes that can hold permits of a robust one at the same time.
const HOLDERS: usize = 256;
const WORDS: usize = TABLE + 2 * HOLDERS;

/// Permits that are acquired and released one at a time.
///
/// Of one made by [`Semaphore::new`], a permit belongs to the process that acquired it, and comes back when that dies; up
/// to 256 processes can hold some at the same time, further ones wait. One made by [`Semaphore::fragile`] is as Python's: a
/// bare number, which anybody may raise by a release, and from which a process that dies takes its permits along.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use poolscope::mp::Semaphore;
///
/// let semaphore = Semaphore::new(2)?;
/// semaphore.acquire();
/// semaphore.acquire();
/// assert_eq!(semaphore.try_acquire(), None);
/// semaphore.release()?;
/// assert_eq!(semaphore.available(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Semaphore {
    words: Cells<AtomicU32>,
    robust: bool,
    id: ObjectId,
}

impl Semaphore {
    pub fn new(permits: u32) -> io::Result<Self> {
        Self::make(permits, true)
    }

    pub fn fragile(permits: u32) -> io::Result<Self> {
        Self::make(permits, false)
    }

    fn make(permits: u32, robust: bool) -> io::Result<Self> {
        let words: Cells<AtomicU32> = Cells::create(WORDS)?;
        words[PERMITS].store(permits, Ordering::Release);
        Ok(Self { words, robust, id: ObjectId::next() })
    }

    pub fn id(&self) -> ObjectId {
        self.id
    }

    /// Permits that are free. Those of a dead holder are, once somebody has waited for one.
    pub fn available(&self) -> u32 {
        let permits = self.words[PERMITS].load(Ordering::Acquire);
        if self.robust { permits.saturating_sub(self.held()) } else { permits }
    }

    /// Pairs of holder and count.
    fn table(&self) -> impl Iterator<Item = (&AtomicU32, &AtomicU32)> {
        self.words[TABLE..].chunks_exact(2).map(|pair| (&pair[0], &pair[1]))
    }

    fn held(&self) -> u32 {
        self.table().map(|(_, count)| count.load(Ordering::Acquire)).fold(0, u32::saturating_add)
    }

    /// Waits for a permit. [`Acquired::AfterDeath`] is one that its former holder never gave back.
    pub fn acquire(&self) -> Acquired {
        self.acquire_by(Deadline::default()).unwrap_or(Acquired::Clean)
    }

    /// `None` when there was none in time.
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<Acquired> {
        self.acquire_by(Deadline::after(timeout))
    }

    /// `None` when there is none.
    pub fn try_acquire(&self) -> Option<Acquired> {
        self.acquire_by(Deadline::after(Duration::ZERO))
    }

    fn acquire_by(&self, deadline: Deadline) -> Option<Acquired> {
        let call = Call::begin(Verb::Acquire, Some(self.id), None);
        let acquired = loop {
            let returned = self.words[RETURNED].load(Ordering::Acquire);
            let taken = if self.robust { self.take_robust() } else { self.take_bare() };
            if taken.is_some() || deadline.is_over() {
                break taken;
            }
            sleep_while(&self.words[RETURNED], returned, deadline.slice());
        };
        let depth = acquired.map(|(_, left)| left);
        let acquired = acquired.map(|(acquired, _)| acquired);
        Acquired::tell(acquired, call, depth);
        acquired
    }

    /// How, and how many are left.
    fn take_bare(&self) -> Option<(Acquired, u32)> {
        let less = |permits: u32| permits.checked_sub(1);
        let before = self.words[PERMITS].fetch_update(Ordering::AcqRel, Ordering::Acquire, less).ok()?;
        Some((Acquired::Clean, before - 1))
    }

    fn take_robust(&self) -> Option<(Acquired, u32)> {
        self.guarded(|| {
            let permits = self.words[PERMITS].load(Ordering::Acquire);
            let mut free = permits.saturating_sub(self.held());
            let mut acquired = Acquired::Clean;
            if free == 0 {
                let dead = self.take_from_the_dead()?;
                acquired = Acquired::AfterDeath { pid: dead };
                free = permits.saturating_sub(self.held());
            }
            // A pair is somebody's only while permits are noted there, and one more takes a single step: whoever dies in here
            // has taken it, or has not.
            let mine = |(who, count): &(&AtomicU32, &AtomicU32)| {
                who.load(Ordering::Acquire) == life::own() && count.load(Ordering::Acquire) > 0
            };
            let nobody = |(_, count): &(&AtomicU32, &AtomicU32)| count.load(Ordering::Acquire) == 0;
            let (who, count) = self.table().find(mine).or_else(|| self.table().find(nobody))?;
            who.store(life::own(), Ordering::Release);
            count.fetch_add(1, Ordering::AcqRel);
            Some((acquired, free.saturating_sub(1)))
        })
    }

    /// Frees what dead processes hold; names one.
    fn take_from_the_dead(&self) -> Option<u32> {
        let mut dead = None;
        for (who, count) in self.table() {
            let holder = who.load(Ordering::Acquire);
            if count.load(Ordering::Acquire) > 0 && !life::is_alive(holder) {
                count.store(0, Ordering::Release);
                dead = Some(life::pid(holder));
            }
        }
        if dead.is_some() {
            self.tell_waiters(ALL);
        }
        dead
    }

    fn guarded<T>(&self, work: impl FnOnce() -> T) -> T {
        let guard = Core::new(&self.words[GUARD], true);
        let _nothing_is_half_done = guard.acquire(Deadline::default());
        let result = work();
        let _held = guard.release();
        result
    }

    fn tell_waiters(&self, count: u32) {
        self.words[RETURNED].fetch_add(1, Ordering::AcqRel);
        wake(&self.words[RETURNED], count);
    }

    /// Gives a permit back.
    ///
    /// # Errors
    /// When this process holds none of a robust one.
    pub fn release(&self) -> Result<(), NotHeldError> {
        let call = Call::quick(Verb::Release, Some(self.id), None);
        let released = if self.robust {
            self.guarded(|| {
                let mine = |(who, count): &(&AtomicU32, &AtomicU32)| {
                    who.load(Ordering::Acquire) == life::own() && count.load(Ordering::Acquire) > 0
                };
                let (_, count) = self.table().find(mine).ok_or(NotHeldError)?;
                count.fetch_sub(1, Ordering::AcqRel);
                Ok(())
            })
        } else {
            self.words[PERMITS].fetch_add(1, Ordering::AcqRel);
            Ok(())
        };
        let depth = released.is_ok().then(|| self.available());
        if released.is_ok() {
            self.tell_waiters(1);
        }
        call.done(|| trace::end_of(&released), |done| done.depth = depth);
        released
    }
}

impl Share for Semaphore {
    const KIND: &'static str = "semaphore";

    fn parts(&self) -> io::Result<Parts> {
        Parts::new(&(self.robust, self.id), [self.words.file()?])
    }

    fn from_parts(mut parts: Parts) -> io::Result<Self> {
        let (robust, id) = parts.state()?;
        Ok(Self { words: Cells::open(parts.descriptor()?, WORDS)?, robust, id })
    }
}
