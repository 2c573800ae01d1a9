//! The pipe of a queue: who may write to it and read from it, and what happens when one of them dies of it.
//!
//! Writers take turns by a robust lock, and so do readers. A writer that dies in the middle of a message leaves
//! [`UNFINISHED`] behind. Whoever writes next waits until everything has been read, then changes [`EPOCH`] and writes. A
//! reader that is in the middle of a message looks at the epoch whenever there is something to read, before it reads: when it
//! has changed, that is the beginning of another message, and its own will never end. Where nobody writes next, the reader
//! itself notices that the writers' lock can be had, and that nothing is left to read.

use std::{
    io,
    os::fd::OwnedFd,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use rustix::io::{ioctl_fionread, retry_on_intr};

use super::frame::{self, CELL, Kind};
use crate::mp::{
    lock::Core,
    memory::{Cells, Deadline, SLICE, wake},
    pipe::{MAX_MESSAGE, RecvError, readable},
};

/// The lock of the writers, and that of the readers.
const WRITER: usize = 0;
const READER: usize = 1;
/// Messages that were put and not got. A futex, for those who wait for room in a bounded queue.
pub(super) const LENGTH: usize = 2;
/// Changes when a message was given up that its writer had begun.
const EPOCH: usize = 3;
/// 1 while a writer is in the middle of a message.
const UNFINISHED: usize = 4;
/// 1 while a reader is in the middle of a message.
const IN_HAND: usize = 5;
pub(super) const WORDS: usize = 6;

/// Written in one piece or not at all, by POSIX; whole cells.
const ATOMIC: usize = 4096;
/// Read at once, at most: a full pipe.
const READ: usize = 64 << 10;
/// How often a writer looks whether what a dead one wrote has been read.
const DRAIN_POLL: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) words: Cells<AtomicU32>,
    pub(super) reader: OwnedFd,
    pub(super) writer: OwnedFd,
}

/// One message as it was read.
pub(super) struct Message {
    pub(super) number: u64,
    pub(super) bytes: Vec<u8>,
    /// Messages in the queue after it.
    pub(super) left: u32,
}

impl Pipe {
    fn word(&self, index: usize) -> &AtomicU32 {
        &self.words[index]
    }

    fn is_empty(&self) -> io::Result<bool> {
        Ok(ioctl_fionread(&self.reader)? == 0)
    }

    /// Writes one message, once it is this process's turn; blocks while the pipe is full.
    pub(super) fn write(&self, frame: &[u8]) -> io::Result<()> {
        let turn = Core::new(self.word(WRITER), true);
        let _unfinished_says_more = turn.acquire(Deadline::default());
        let written = self.write_in_turn(frame);
        let _held = turn.release();
        written
    }

    fn write_in_turn(&self, frame: &[u8]) -> io::Result<()> {
        if self.word(UNFINISHED).load(Ordering::Acquire) != 0 {
            while !self.is_empty()? {
                std::thread::sleep(DRAIN_POLL);
            }
            self.give_up_unfinished();
        }
        self.word(UNFINISHED).store(1, Ordering::SeqCst);
        for piece in frame.chunks(ATOMIC) {
            let mut rest = piece;
            while !rest.is_empty() {
                let count = retry_on_intr(|| rustix::io::write(&self.writer, rest))?;
                rest = &rest[count..];
            }
        }
        self.word(UNFINISHED).store(0, Ordering::SeqCst);
        Ok(())
    }

    fn give_up_unfinished(&self) {
        self.word(EPOCH).fetch_add(1, Ordering::SeqCst);
        self.word(UNFINISHED).store(0, Ordering::SeqCst);
    }

    /// The next message; `None` when none begins in time.
    pub(super) fn read(&self, deadline: Deadline) -> Result<Option<Message>, RecvError> {
        let turn = Core::new(self.word(READER), true);
        if turn.acquire(deadline).is_none() {
            return Ok(None);
        }
        let read = self.read_in_turn(deadline);
        let _held = turn.release();
        read
    }

    fn read_in_turn(&self, deadline: Deadline) -> Result<Option<Message>, RecvError> {
        if self.word(IN_HAND).load(Ordering::Acquire) != 0 {
            // A reader died with it, and maybe left its last cells to be passed over.
            self.one_less();
        }
        loop {
            if !readable(&self.reader, deadline)? {
                return Ok(None);
            }
            let epoch = self.word(EPOCH).load(Ordering::SeqCst);
            self.word(IN_HAND).store(1, Ordering::Release);
            let mut first = [0; CELL];
            self.read_cells(&mut first)?;
            match frame::kind(&first) {
                Kind::More => self.word(IN_HAND).store(0, Ordering::Release),
                Kind::Nonsense => return Err(io::Error::from(io::ErrorKind::InvalidData).into()),
                Kind::First { length, .. } if length > MAX_MESSAGE => {
                    self.one_less();
                    return Err(RecvError::TooLong { length: length as u64 });
                }
                Kind::First { length, number } => {
                    let bytes = self.read_rest(frame::begin(&first, length), length, epoch);
                    let left = self.one_less();
                    return bytes.map(|bytes| Some(Message { number, bytes, left }));
                }
            }
        }
    }

    fn read_rest(&self, mut message: Vec<u8>, length: usize, epoch: u32) -> Result<Vec<u8>, RecvError> {
        let mut missing = (frame::cells(length) - 1) * CELL;
        let mut buffer = vec![0; missing.min(READ)];
        while missing > 0 {
            let is_readable = readable(&self.reader, Deadline::after(SLICE))?;
            // Looked at after there was something to read, and before it is read.
            if self.word(EPOCH).load(Ordering::SeqCst) != epoch || !is_readable && self.writer_is_gone()? {
                return Err(RecvError::Torn);
            }
            if is_readable {
                let room = missing.min(buffer.len());
                let count = self.read_cells(&mut buffer[..room])?;
                if !frame::extend(&mut message, length, &buffer[..count]) {
                    return Err(io::Error::from(io::ErrorKind::InvalidData).into());
                }
                missing -= count;
            }
        }
        Ok(message)
    }

    /// Asked in the middle of a message: whether nobody writes it any more, and nothing of it is left to read.
    fn writer_is_gone(&self) -> io::Result<bool> {
        let turn = Core::new(self.word(WRITER), true);
        if turn.try_acquire().is_none() {
            return Ok(false);
        }
        let is_empty = self.is_empty();
        if matches!(is_empty, Ok(true)) {
            self.give_up_unfinished();
        }
        let _held = turn.release();
        is_empty
    }

    /// Reads one cell or more; how many bytes that were.
    fn read_cells(&self, into: &mut [u8]) -> Result<usize, RecvError> {
        match retry_on_intr(|| rustix::io::read(&self.reader, &mut *into)) {
            Ok(0) => Err(RecvError::Eof),
            Ok(count) if count % CELL == 0 => Ok(count),
            Ok(_) => Err(io::Error::from(io::ErrorKind::InvalidData).into()),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }

    /// One message is no longer in the queue; how many are.
    fn one_less(&self) -> u32 {
        let less = |length: u32| Some(length.saturating_sub(1));
        let length = self.word(LENGTH);
        let before = length.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).unwrap_or_default();
        self.word(IN_HAND).store(0, Ordering::Release);
        wake(length, 1);
        before.saturating_sub(1)
    }

    /// One message more, unless there are `most`; how many there are then.
    pub(super) fn one_more(&self, most: u32) -> Option<u32> {
        let more = |length: u32| (length < most).then_some(length + 1);
        let before = self.word(LENGTH).fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        before.ok().map(|before| before + 1)
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use rustix::pipe::{PipeFlags, pipe_with};

    use super::*;

    fn pipe() -> Pipe {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        Pipe { words: Cells::create(WORDS).unwrap(), reader, writer }
    }

    /// The id of a process that is no more.
    fn dead() -> u32 {
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        child.id()
    }

    fn put(pipe: &Pipe, message: &[u8]) {
        pipe.one_more(u32::MAX).unwrap();
        pipe.write(&frame::encode(message, 1)).unwrap();
    }

    fn get(pipe: &Pipe) -> Option<Vec<u8>> {
        pipe.read(Deadline::after(Duration::from_millis(60))).unwrap().map(|message| message.bytes)
    }

    /// As a writer that died leaves it after so many cells of a message.
    fn die_writing(pipe: &Pipe, dead: u32, cells: usize) {
        pipe.one_more(u32::MAX).unwrap();
        pipe.word(WRITER).store(dead, Ordering::SeqCst);
        pipe.word(UNFINISHED).store(1, Ordering::SeqCst);
        rustix::io::write(&pipe.writer, &frame::encode(&[7; 1000], 2)[..cells * CELL]).unwrap();
    }

    #[test]
    fn a_writer_that_dies_after_any_cell_costs_its_message_alone() {
        let dead = dead();
        for cells in 0..frame::cells(1000) {
            for heard_first in [true, false] {
                let pipe = pipe();
                put(&pipe, b"before");
                die_writing(&pipe, dead, cells);
                std::thread::scope(|scope| {
                    if !heard_first {
                        scope.spawn(|| put(&pipe, b"after"));
                    }
                    assert_eq!(get(&pipe).unwrap(), b"before");
                    if cells > 0 {
                        assert!(matches!(pipe.read(Deadline::default()), Err(RecvError::Torn)), "{cells}");
                    }
                    if heard_first {
                        put(&pipe, b"after");
                    }
                    assert_eq!(pipe.read(Deadline::default()).unwrap().unwrap().bytes, b"after");
                    assert_eq!(get(&pipe), None);
                });
            }
        }
    }

    #[test]
    fn a_reader_that_dies_after_any_cell_takes_its_message_along() {
        let dead = dead();
        for cells in 0..=frame::cells(1000) {
            let pipe = pipe();
            put(&pipe, &[7; 1000]);
            put(&pipe, b"next");
            pipe.word(READER).store(dead, Ordering::SeqCst);
            if cells > 0 {
                pipe.word(IN_HAND).store(1, Ordering::SeqCst);
                pipe.read_cells(&mut vec![0; cells * CELL]).unwrap();
            } else {
                // It died before it touched anything.
                assert_eq!(get(&pipe).unwrap(), [7; 1000]);
            }
            assert_eq!(get(&pipe).unwrap(), b"next", "{cells}");
            assert_eq!(pipe.word(LENGTH).load(Ordering::SeqCst), 0, "{cells}");
        }
    }

    #[test]
    fn nonsense_and_lengths_beyond_reason_are_refused() {
        let pipe = pipe();
        rustix::io::write(&pipe.writer, &[1; CELL]).unwrap();
        assert!(matches!(pipe.read(Deadline::default()), Err(RecvError::Io(_))));
        let mut first = frame::encode(b"", 1);
        first[4..8].copy_from_slice(&u32::MAX.to_ne_bytes());
        rustix::io::write(&pipe.writer, &first).unwrap();
        assert!(matches!(pipe.read(Deadline::default()), Err(RecvError::TooLong { .. })));
    }
}
