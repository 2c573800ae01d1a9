//! Puts what one worker says by ring and by frame back into one order.

use std::collections::VecDeque;

use super::{
    ring::{CAPACITY, Consumer, Corrupt, Record},
    wire::{MAX_FRAME, TaskEnd, Up},
};
use crate::ids::TaskId;

/// Bytes of results that may have come as frames before the ring says so. A worker that keeps the rules has one under way
/// and those of one reading of its stream; twice the longest frame is more than that.
const AHEAD_BYTES: u64 = 2 * MAX_FRAME as u64;

/// What a worker has said and the dispatcher has not heard yet.
#[derive(Debug)]
pub(super) struct Hearing {
    /// `None` where everything comes as frames.
    pub(super) ring: Option<Consumer>,
    frames: VecDeque<Up>,
    /// Ends that came as frames, until the ring says that it is their turn.
    long_ends: VecDeque<Up>,
    /// Bytes of their results.
    ahead_bytes: u64,
    /// The ring has announced the end of this task as a frame.
    awaited: Option<TaskId>,
}

/// The next of what was said.
#[derive(Debug)]
pub(super) enum Heard {
    Up(Up),
    Nothing,
    /// A frame must have come by now: read it, and ask again.
    FrameMissing,
}

impl Hearing {
    pub(super) fn new(ring: Option<Consumer>) -> Self {
        Self { ring, frames: VecDeque::new(), long_ends: VecDeque::new(), ahead_bytes: 0, awaited: None }
    }

    /// Takes in a frame. An error is what this worker must not say in a frame.
    pub(super) fn frame(&mut self, up: Up) -> Result<(), String> {
        match (&self.ring, &up) {
            (Some(_), Up::Ended { .. }) => {
                self.ahead_bytes += long_bytes(&up);
                self.long_ends.push_back(up);
                if self.long_ends.len() as u64 > CAPACITY || self.ahead_bytes > AHEAD_BYTES {
                    return Err("it sends ends that its ring does not tell of".to_owned());
                }
            }
            (Some(_), Up::Started { .. } | Up::Returned { .. } | Up::Lock(_)) => {
                return Err("it says in a frame what belongs into its ring".to_owned());
            }
            _ => self.frames.push_back(up),
        }
        Ok(())
    }

    /// Looks how far the ring is. True when there is something to hear.
    pub(super) fn look(&mut self) -> Result<bool, Corrupt> {
        let in_ring = self.ring.as_mut().map_or(Ok(false), Consumer::look)?;
        Ok(in_ring || !self.frames.is_empty() || self.awaited.is_some())
    }

    /// The next of what the last look saw.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Heard, Corrupt> {
        if let Some(up) = self.frames.pop_front() {
            return Ok(Heard::Up(up));
        }
        let record = match (self.awaited, &mut self.ring) {
            (Some(task), _) => Some(Record::EndedInFrame { task }),
            (None, Some(ring)) => ring.next()?,
            (None, None) => None,
        };
        Ok(match record {
            None => Heard::Nothing,
            Some(Record::Started { t_ns, task }) => Heard::Up(Up::Started { t_ns, task }),
            Some(Record::Ended { t_ns, task, ok, usage, value }) => {
                let end = if ok { TaskEnd::Ok } else { TaskEnd::Cancelled };
                Heard::Up(Up::Ended { t_ns, task, end, usage, value })
            }
            Some(Record::Lock(lock)) => Heard::Up(Up::Lock(lock)),
            Some(Record::EndedInFrame { task }) => {
                let end = self.long_ends.pop_front();
                self.ahead_bytes -= end.as_ref().map_or(0, long_bytes);
                self.awaited = if end.is_some() { None } else { Some(task) };
                end.map_or(Heard::FrameMissing, Heard::Up)
            }
        })
    }

    /// Everything that the last look saw has been heard.
    pub(super) fn release(&self) {
        if let Some(ring) = &self.ring {
            ring.release();
        }
    }
}

/// What an end that came as a frame takes of memory.
fn long_bytes(up: &Up) -> u64 {
    match up {
        Up::Ended { end: TaskEnd::Failed(why), .. } => why.len() as u64,
        Up::Ended { value, .. } => value.len_bytes(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::ring::{Producer, Region};
    use super::*;
    use crate::{event::Usage, ids::TaskId, workload::Value};

    fn pair() -> (Hearing, Producer) {
        let region = Region::on_heap();
        (Hearing::new(Some(Consumer::new(region.clone()))), Producer::new(region))
    }

    fn publish(ring: &mut Producer, record: &Record) {
        let (words, used) = record.encode().unwrap();
        ring.write(&words[..used]);
        ring.publish();
    }

    fn long_end(task: u32) -> Up {
        let value = Value::Digest(vec![1; 100]);
        Up::Ended { t_ns: 2, task: TaskId(task), end: TaskEnd::Ok, usage: Usage::default(), value }
    }

    fn all(hearing: &mut Hearing) -> Vec<Up> {
        let mut heard = Vec::new();
        hearing.look().unwrap();
        while let Heard::Up(up) = hearing.next().unwrap() {
            heard.push(up);
        }
        heard
    }

    #[test]
    fn an_end_that_came_as_a_frame_is_heard_at_its_turn() {
        let (mut hearing, mut ring) = pair();
        let started = |task| Record::Started { t_ns: 1, task: TaskId(task) };
        publish(&mut ring, &started(0));
        hearing.frame(long_end(0)).unwrap();
        assert_eq!(all(&mut hearing), [Up::Started { t_ns: 1, task: TaskId(0) }]);
        publish(&mut ring, &Record::EndedInFrame { task: TaskId(0) });
        publish(&mut ring, &started(1));
        assert_eq!(all(&mut hearing), [long_end(0), Up::Started { t_ns: 1, task: TaskId(1) }]);
    }

    #[test]
    fn a_frame_that_is_announced_and_not_there_is_asked_for() {
        let (mut hearing, mut ring) = pair();
        publish(&mut ring, &Record::EndedInFrame { task: TaskId(0) });
        assert!(hearing.look().unwrap());
        assert!(matches!(hearing.next(), Ok(Heard::FrameMissing)));
        assert!(matches!(hearing.next(), Ok(Heard::FrameMissing)), "it does not pass over it");
        hearing.frame(long_end(0)).unwrap();
        assert_eq!(all(&mut hearing), [long_end(0)]);
    }

    #[test]
    fn ends_that_the_ring_never_announces_are_not_gathered_for_ever() {
        for bytes in [1, 40 << 20] {
            let (mut hearing, _) = pair();
            let text = "x".repeat(bytes);
            let refused = (0..=CAPACITY).any(|task| {
                let end = TaskEnd::Failed(text.clone());
                let (task, value) = (TaskId(task as u32), Value::Unit);
                hearing.frame(Up::Ended { t_ns: 1, task, end, usage: Usage::default(), value }).is_err()
            });
            assert!(refused, "ends of {bytes} bytes");
        }
    }

    #[test]
    fn starts_in_frames_are_refused_beside_a_ring() {
        let (mut hearing, _) = pair();
        assert!(hearing.frame(Up::Started { t_ns: 1, task: TaskId(0) }).is_err());
        assert!(hearing.frame(Up::Returned { count: 1 }).is_err());
        let mut without = Hearing::new(None);
        assert!(without.frame(Up::Started { t_ns: 1, task: TaskId(0) }).is_ok());
    }
}
