//! The two ways in which a worker talks to its engine: with a ring for what happens to tasks and frames for the rest, or
//! with frames for everything.

use std::{collections::VecDeque, time::Duration};

use super::{
    eager::Eager,
    lock_log::LockRecord,
    ring::{Bell, Producer, Record, claim::Begin, encode_ended},
    steps::{Step, Steps},
    wire::{Down, TaskEnd, Up},
    worker::{Ending, Gone, Link},
};
use crate::ids::TaskId;

/// How often a worker looks whether its ring has room again.
const ROOM_POLL: Duration = Duration::from_micros(100);

/// Results up to this size are sent together with what follows them.
const SMALL_BYTES: u64 = 4096;

/// Carries whole messages, in order, both ways.
pub(super) trait Frames {
    /// The next message. Without `wait`, `None` when there is none yet.
    fn next(&mut self, wait: bool) -> Result<Option<Down>, Gone>;

    /// Queues a message; it may leave only with the next [`Frames::flush`].
    fn queue(&mut self, message: Up) -> Result<(), Gone>;

    fn flush(&mut self) -> Result<(), Gone>;
}

/// The next message, waited for awake where that pays.
fn wait(frames: &mut impl Frames, eager: &mut Eager) -> Result<Down, Gone> {
    let soon = eager.watch(|| frames.next(false).transpose());
    soon.or_else(|| frames.next(true).transpose()).ok_or(Gone)?
}

/// Starts and ends go through the ring, what is too long for it or rare as frames.
pub(super) struct RingLink<F> {
    frames: F,
    ring: Producer,
    bell: Bell,
    steps: Steps,
    eager: Eager,
    supply: Supply,
}

/// When the engine had better hear of an end at once: when few tasks are left of what it granted at a time.
#[derive(Debug, Default)]
struct Supply {
    open: u32,
    low: u32,
}

impl Supply {
    /// Of so few tasks, which may be long, half are time enough to bring more; of many, a quarter.
    const FEW: u32 = 8;

    /// `open` tasks may still be begun.
    fn is_low(&mut self, open: u32) -> bool {
        if open > self.open {
            // The one that has just ended was granted with them.
            let granted = open + 1;
            self.low = if granted <= Self::FEW { granted / 2 } else { granted / 4 };
        }
        self.open = open;
        open <= self.low
    }
}

impl<F: Frames> RingLink<F> {
    pub(super) fn new(frames: F, ring: Producer, bell: Bell, steps: Steps, eager: Eager) -> Self {
        Self { frames, ring, bell, steps, eager, supply: Supply::default() }
    }

    fn publish(&mut self, words: &[u64], written: Step, published: Step) {
        while !self.ring.has_room() {
            // The engine takes in all rings whenever it is awake.
            self.ring_bell();
            std::thread::sleep(ROOM_POLL);
        }
        self.ring.write(words);
        self.steps.pass(written);
        self.ring.publish();
        self.steps.pass(published);
    }

    fn ring_bell(&mut self) {
        if self.ring.must_ring() {
            self.steps.pass(Step::BeforeBell);
            self.bell.ring();
        }
    }

    fn publish_end(&mut self, words: &[u64]) {
        self.publish(words, Step::EndWritten, Step::EndPublished);
    }
}

impl<F: Frames> Link for RingLink<F> {
    fn next(&mut self) -> Result<Down, Gone> {
        wait(&mut self.frames, &mut self.eager)
    }

    fn begin(&mut self, generation: u16) -> Result<Begin, Gone> {
        let begin = self.ring.claim().begin(generation);
        if begin == Begin::Yes {
            self.steps.pass(Step::Begun);
        }
        Ok(begin)
    }

    fn started(&mut self, t_ns: u64, task: TaskId) -> Result<(), Gone> {
        if self.steps.is_due(Step::Scribble) {
            self.ring.scribble();
        }
        if let Some((words, used)) = (Record::Started { t_ns, task }).encode() {
            self.publish(&words[..used], Step::StartWritten, Step::StartPublished);
        }
        Ok(())
    }

    fn ended(&mut self, ending: Ending) -> Result<(), Gone> {
        let Ending { t_ns, task, end, usage, value } = ending;
        let record = match end {
            TaskEnd::Failed(_) => None,
            TaskEnd::Ok => encode_ended(t_ns, task, true, &usage, &value),
            TaskEnd::Cancelled => encode_ended(t_ns, task, false, &usage, &value),
        };
        if let Some((words, used)) = record {
            self.publish_end(&words[..used]);
        } else {
            // The frame leaves first: an engine that sees the record finds it.
            self.frames.queue(Up::Ended { t_ns, task, end, usage, value })?;
            self.frames.flush()?;
            self.steps.pass(Step::FrameSent);
            if let Some((words, used)) = (Record::EndedInFrame { task }).encode() {
                self.publish_end(&words[..used]);
            }
        }
        if self.supply.is_low(self.ring.claim().open()) {
            self.ring_bell();
        }
        Ok(())
    }

    fn lock(&mut self, record: LockRecord) -> Result<(), Gone> {
        if let Some((words, used)) = Record::Lock(record).encode() {
            self.publish_end(&words[..used]);
        }
        Ok(())
    }

    fn say(&mut self, message: Up) -> Result<(), Gone> {
        self.frames.queue(message)?;
        self.frames.flush()?;
        self.ring_bell();
        Ok(())
    }

    fn rest(&mut self) -> Result<(), Gone> {
        Ok(())
    }
}

/// Everything goes as frames: what a system without shared memory files can do.
pub(super) struct StreamLink<F> {
    frames: F,
    eager: Eager,
    /// Read while a task could have been begun.
    early: VecDeque<Down>,
}

impl<F: Frames> StreamLink<F> {
    pub(super) fn new(frames: F, eager: Eager) -> Self {
        Self { frames, eager, early: VecDeque::new() }
    }
}

impl<F: Frames> Link for StreamLink<F> {
    fn next(&mut self) -> Result<Down, Gone> {
        match self.early.pop_front() {
            Some(message) => Ok(message),
            None => wait(&mut self.frames, &mut self.eager),
        }
    }

    fn begin(&mut self, _generation: u16) -> Result<Begin, Gone> {
        self.early.extend(self.frames.next(false)?);
        Ok(if self.early.is_empty() { Begin::Yes } else { Begin::Stale })
    }

    fn started(&mut self, t_ns: u64, task: TaskId) -> Result<(), Gone> {
        self.frames.queue(Up::Started { t_ns, task })?;
        self.frames.flush()
    }

    fn ended(&mut self, ending: Ending) -> Result<(), Gone> {
        let Ending { t_ns, task, end, usage, value } = ending;
        // A small one waits for the next start, or for idleness: one write a task instead of two. The moving of a large one
        // must not count as the next task's time.
        let small = value.len_bytes() <= SMALL_BYTES;
        self.frames.queue(Up::Ended { t_ns, task, end, usage, value })?;
        if small { Ok(()) } else { self.frames.flush() }
    }

    fn lock(&mut self, record: LockRecord) -> Result<(), Gone> {
        self.frames.queue(Up::Lock(record))
    }

    fn say(&mut self, message: Up) -> Result<(), Gone> {
        self.frames.queue(message)?;
        self.frames.flush()
    }

    fn rest(&mut self) -> Result<(), Gone> {
        self.frames.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn supply_is_low_when_half_of_a_few_or_a_quarter_of_many_is_left() {
        for (granted, low) in [(1, 0), (2, 1), (3, 1), (4, 2), (8, 4), (12, 3), (256, 64)] {
            let mut supply = Supply::default();
            for open in (0..granted).rev() {
                assert_eq!(supply.is_low(open), open <= low, "{open} left of {granted}");
            }
        }
    }

    #[test]
    fn new_supply_is_seen_before_the_old_is_used_up() {
        let mut supply = Supply::default();
        assert!(!supply.is_low(255));
        assert!(supply.is_low(64));
        assert!(!supply.is_low(255));
        assert!(supply.is_low(0));
    }
}
