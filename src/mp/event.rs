//! A flag that processes wait for.

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

/// The flag. Above it, the word counts how often it was set, so that a waiter does not miss one that is cleared at once.
const SET: u32 = 1;

/// Set or clear. Whoever waits goes on once it is set.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use poolscope::mp::Event;
///
/// let event = Event::new()?;
/// assert!(!event.wait_timeout(Duration::from_millis(10)));
/// event.set();
/// event.wait();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Event {
    words: Cells<AtomicU32>,
    id: ObjectId,
}

impl Event {
    /// Clear at first.
    pub fn new() -> io::Result<Self> {
        Ok(Self { words: Cells::create(1)?, id: ObjectId::next() })
    }

    pub fn id(&self) -> ObjectId {
        self.id
    }

    fn word(&self) -> &AtomicU32 {
        &self.words[0]
    }

    pub fn is_set(&self) -> bool {
        self.word().load(Ordering::Acquire) & SET != 0
    }

    /// Lets go all who wait, and all who come until it is cleared.
    pub fn set(&self) {
        let call = Call::quick(Verb::Set, Some(self.id), None);
        let set = |word: u32| (word & SET == 0).then(|| word.wrapping_add(2) | SET);
        if self.word().fetch_update(Ordering::AcqRel, Ordering::Acquire, set).is_ok() {
            wake(self.word(), ALL);
        }
        call.done(|| End::Ok, |_| {});
    }

    pub fn clear(&self) {
        let call = Call::quick(Verb::Clear, Some(self.id), None);
        self.word().fetch_and(!SET, Ordering::AcqRel);
        call.done(|| End::Ok, |_| {});
    }

    /// Until it is set.
    pub fn wait(&self) {
        self.wait_by(Deadline::default());
    }

    /// False when it was not set in time.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.wait_by(Deadline::after(timeout))
    }

    fn wait_by(&self, deadline: Deadline) -> bool {
        let call = Call::begin(Verb::Wait, Some(self.id), None);
        let first = self.word().load(Ordering::Acquire);
        let was_set = loop {
            let now = self.word().load(Ordering::Acquire);
            if now & SET != 0 || now >> 1 != first >> 1 {
                break true;
            }
            if deadline.is_over() {
                break false;
            }
            sleep_while(self.word(), now, deadline.slice());
        };
        call.done(|| if was_set { End::Ok } else { End::TimedOut }, |_| {});
        was_set
    }
}

impl Share for Event {
    const KIND: &'static str = "event";

    fn parts(&self) -> io::Result<Parts> {
        Parts::new(&self.id, [self.words.file()?])
    }

    fn from_parts(mut parts: Parts) -> io::Result<Self> {
        Ok(Self { id: parts.state()?, words: Cells::open(parts.descriptor()?, 1)? })
    }
}
