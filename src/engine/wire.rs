//! Frames: a little-endian `u32` length, then that many bytes of postcard: one message, or a batch of them.
//!
//! The same frames run between session and engine, and between engine and worker. Whoever reads trusts nobody: a length
//! beyond [`MAX_FRAME`] or bytes that do not decode are errors, and no memory is taken for bytes that have not come.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use thiserror::Error;

use super::lock_log::LockRecord;
use super::sampler::Witness;
use crate::{
    event::{Level, Usage},
    ids::{TaskId, WorkerId},
    spec::{Spec, Telemetry},
    time::RunClock,
    workload::Value,
};

/// The longest frame that is believed, in bytes.
pub(crate) const MAX_FRAME: usize = 72 << 20;
const LENGTH_BYTES: usize = 4;

/// Engine to worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Down {
    /// Once, first.
    Job(Box<Job>),
    /// Tasks `first .. first + count`, to be run in order after those handed over before.
    Chunk { first: u32, count: u32 },
    /// What a task works on, where its workload moves data. Comes before the chunk that the task is in.
    Input {
        task: TaskId,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// With a ring: tasks from number `end` on were taken back, and a new generation of the list begins.
    Cut { generation: u16, end: u32 },
    /// Without a ring: all tasks not begun are wanted back. Answered with [`Up::Returned`].
    Recall,
    /// End after the running task; whatever else is on the list is void.
    Quit,
}

/// What a worker needs to know before its first task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) worker: WorkerId,
    /// Which filling of the worker's place this is, from 1.
    pub(crate) life: u32,
    pub(crate) spec: Spec,
    pub(crate) clock: RunClock,
    /// Never `Auto`.
    pub(crate) telemetry: Telemetry,
    /// How this machine tells a thread that it was switched out; found by the engine, the same for all its workers.
    pub(crate) witness: Witness,
    /// Of this host, as this user may use them.
    pub(crate) usable_cores: f64,
    /// A core is left over by the workers: whoever waits may stay awake for a moment.
    pub(crate) spare_core: bool,
}

/// Worker to engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Up {
    /// Ready for tasks. `build` must be the engine's own.
    Ready {
        t_ns: u64,
        build: String,
    },
    /// Answers `Recall`: the last `count` tasks handed over will not be begun.
    Returned {
        count: u32,
    },
    Started {
        t_ns: u64,
        task: TaskId,
    },
    Ended {
        t_ns: u64,
        task: TaskId,
        end: TaskEnd,
        usage: Usage,
        value: Value,
    },
    Log {
        t_ns: u64,
        level: Level,
        text: String,
    },
    /// It let go of a lock.
    Lock(LockRecord),
}

/// How a task ended that its worker survived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TaskEnd {
    Ok,
    Failed(String),
    Cancelled,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum FrameError {
    #[error("a frame of {0} bytes was announced; {MAX_FRAME} is the limit")]
    TooLong(usize),
    #[error("a frame of {0} bytes does not decode")]
    Malformed(usize),
    #[error("the stream ended inside a frame")]
    Truncated,
}

/// Appends one frame of one message to `out`.
pub(crate) fn append_frame<T: Serialize>(out: &mut Vec<u8>, message: &T) -> Result<(), FrameError> {
    let start = out.len();
    open_frame(out);
    append_message(out, message);
    close_frame(out, start).inspect_err(|_too_long| out.truncate(start))
}

/// Begins a frame at the end of `out`: messages follow, then [`close_frame`] with where it began.
pub(crate) fn open_frame(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0; LENGTH_BYTES]);
}

pub(crate) fn append_message<T: Serialize>(out: &mut Vec<u8>, message: &T) {
    // Growing a vector cannot fail, and no message has a shape that postcard does not know; were there one, the frame
    // would not decode, which its reader tells.
    let _always_encodes = postcard::serialize_with_flavor(message, Tail(out));
}

/// Writes to the end of a vector. Most fields are numbers of a few bytes, for which a call that copies would cost more
/// than the copying.
struct Tail<'a>(&'a mut Vec<u8>);

/// Bytes of the longest number.
const NUMBER_BYTES: usize = 10;

impl postcard::ser_flavors::Flavor for Tail<'_> {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        if bytes.len() > NUMBER_BYTES {
            self.0.extend_from_slice(bytes);
        } else {
            for byte in bytes {
                self.0.push(*byte);
            }
        }
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

pub(crate) fn close_frame(out: &mut [u8], start: usize) -> Result<(), FrameError> {
    let length = out.len() - start - LENGTH_BYTES;
    if length > MAX_FRAME {
        return Err(FrameError::TooLong(length));
    }
    out[start..start + LENGTH_BYTES].copy_from_slice(&(length as u32).to_le_bytes());
    Ok(())
}

/// Cuts a byte stream back into frames.
#[derive(Debug, Default)]
pub(crate) struct FrameReader {
    bytes: Vec<u8>,
    /// Where the first unread frame begins.
    start: usize,
}

impl FrameReader {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 && self.start == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        } else if self.start > (1 << 16) {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole frame as one message; `None` until more bytes have come.
    pub(crate) fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        let (mut first, mut count) = (None, 0);
        // The others are not kept: a frame full of small messages would take many times its own memory.
        self.next_batch(|message: T| {
            first.get_or_insert(message);
            count += 1;
        })?;
        // A batch where one message was expected is as wrong as bytes that mean nothing.
        if count > 1 { Err(FrameError::Malformed(count)) } else { Ok(first) }
    }

    /// Hands over the messages of the next whole frame one by one; false until more bytes have come. An error ends a
    /// batch in its middle.
    pub(crate) fn next_batch<T: DeserializeOwned>(
        &mut self,
        mut take: impl FnMut(T),
    ) -> Result<bool, FrameError> {
        let unread = &self.bytes[self.start..];
        let Some((header, rest)) = unread.split_first_chunk::<LENGTH_BYTES>() else {
            return Ok(false);
        };
        let length = u32::from_le_bytes(*header) as usize;
        if length > MAX_FRAME {
            return Err(FrameError::TooLong(length));
        }
        let Some(mut body) = rest.get(..length) else {
            return Ok(false);
        };
        if body.is_empty() {
            return Err(FrameError::Malformed(0));
        }
        while !body.is_empty() {
            let (message, left) =
                postcard::take_from_bytes(body).map_err(|_unclear| FrameError::Malformed(length))?;
            take(message);
            body = left;
        }
        self.start += LENGTH_BYTES + length;
        Ok(true)
    }

    /// To be called at the end of the stream: half a frame is an error.
    pub(crate) fn finish(&self) -> Result<(), FrameError> {
        if self.start == self.bytes.len() { Ok(()) } else { Err(FrameError::Truncated) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages() -> Vec<Up> {
        vec![
            Up::Ready { t_ns: 5, build: "x".into() },
            Up::Started { t_ns: 7, task: TaskId(3) },
            Up::Ended {
                t_ns: 9,
                task: TaskId(3),
                end: TaskEnd::Failed("no".into()),
                usage: Usage { cpu_ns: Some(4), ..Usage::default() },
                value: Value::Row(vec![1; 300]),
            },
        ]
    }

    fn stream() -> Vec<u8> {
        let mut bytes = Vec::new();
        for message in messages() {
            append_frame(&mut bytes, &message).unwrap();
        }
        bytes
    }

    #[test]
    fn frames_survive_any_cut_of_the_stream() {
        let bytes = stream();
        for cut in 1..bytes.len() {
            let mut reader = FrameReader::default();
            let mut got = Vec::new();
            for part in bytes.chunks(cut) {
                reader.push(part);
                while let Some(message) = reader.next::<Up>().unwrap() {
                    got.push(message);
                }
            }
            assert_eq!(got, messages(), "cut {cut}");
            assert_eq!(reader.finish(), Ok(()));
        }
    }

    #[test]
    fn a_long_stream_whose_pieces_never_end_with_a_frame_is_read_to_its_end() {
        let bytes = stream().repeat(1000);
        let mut reader = FrameReader::default();
        let mut count = 0;
        for piece in bytes.chunks(stream().len() + 1) {
            reader.push(piece);
            while let Some(message) = reader.next::<Up>().unwrap() {
                assert_eq!(message, messages()[count % messages().len()]);
                count += 1;
            }
            assert!(reader.bytes.len() < 200 << 10, "what was read is let go");
        }
        assert_eq!((count, reader.finish()), (1000 * messages().len(), Ok(())));
    }

    #[test]
    fn a_stream_that_ends_inside_a_frame_says_so() {
        let bytes = stream();
        let mut reader = FrameReader::default();
        reader.push(&bytes[..bytes.len() - 1]);
        while reader.next::<Up>().unwrap().is_some() {}
        assert_eq!(reader.finish(), Err(FrameError::Truncated));
    }

    #[test]
    fn a_batch_is_no_message() {
        let mut bytes = Vec::new();
        open_frame(&mut bytes);
        for message in messages() {
            append_message(&mut bytes, &message);
        }
        close_frame(&mut bytes, 0).unwrap();
        let mut reader = FrameReader::default();
        reader.push(&bytes);
        assert_eq!(reader.next::<Up>(), Err(FrameError::Malformed(3)));
    }

    #[test]
    fn an_announced_length_beyond_the_limit_takes_no_memory() {
        let mut reader = FrameReader::default();
        reader.push(&u32::MAX.to_le_bytes());
        assert_eq!(reader.next::<Up>(), Err(FrameError::TooLong(u32::MAX as usize)));
    }

    #[test]
    fn any_flipped_byte_gives_a_message_or_an_error_and_never_a_panic() {
        let bytes = stream();
        for at in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut broken = bytes.clone();
                broken[at] ^= flip;
                let mut reader = FrameReader::default();
                reader.push(&broken);
                while let Ok(Some(_)) = reader.next::<Up>() {}
            }
        }
    }
}
