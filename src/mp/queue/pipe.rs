//! The pipe of a queue: who may write to it and read from it, and what happens when one of them dies of it.
//!
//! Writers take turns by a robust lock, and so do readers. A writer that dies in the middle of a message leaves
//! [`UNFINISHED`] behind. Whoever writes next waits until everything has been read, then changes [`EPOCH`] and writes. A
//! reader that is in the middle of a message looks at the epoch whenever there is something to read, before it reads: when it
//! has changed, that is the beginning of another message, and its own will never end. Where nobody writes next, the reader
//! itself notices that the writers' lock can be had, and that nothing is left to read. A message that is written at once is
//! there or not, whoever dies, and nobody waits for its sake.
//!
//! Messages are numbered as they lie in the pipe. A reader does not count the messages that it gets, but notes the number of
//! the last: what one did not note that died with it is noted with the next, or by whoever finds the pipe empty. So the
//! length is right whenever nobody is in the middle of something, at whatever instruction who was killed.

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
    memory::{ALL, Cells, Deadline, SLICE, wake},
    pipe::{MAX_MESSAGE, RecvError, readable},
};

/// The lock of the writers, and that of the readers.
const WRITER: usize = 0;
const READER: usize = 1;
/// Messages that were put, or are about to be.
const PUT: usize = 2;
/// Number of the last message that was got. A futex, for those who wait for room in a bounded queue.
pub(super) const GOT: usize = 3;
/// Twice the number of the last message that was written; odd while its writer is at it.
const WRITTEN: usize = 4;
/// Changes when a message was given up that its writer had begun.
const EPOCH: usize = 5;
/// 1 while a writer is in the middle of a message that takes several writes.
const UNFINISHED: usize = 6;
pub(super) const WORDS: usize = 7;

/// Numbers of messages, and differences of them, have 31 bits.
const NUMBERS: u32 = u32::MAX >> 1;

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
    pub(super) fn write(&self, frame: &mut [u8]) -> io::Result<()> {
        let turn = Core::new(self.word(WRITER), true);
        let _unfinished_says_more = turn.acquire(Deadline::default());
        let written = self.write_in_turn(frame);
        let _held = turn.release();
        written
    }

    fn write_in_turn(&self, frame: &mut [u8]) -> io::Result<()> {
        if self.word(UNFINISHED).load(Ordering::SeqCst) != 0 {
            while !self.is_empty()? {
                std::thread::sleep(DRAIN_POLL);
            }
        }
        self.give_up_unfinished();
        let before = self.word(WRITTEN).load(Ordering::SeqCst);
        frame::set_place(frame, (before / 2 + 1) & NUMBERS);
        self.word(WRITTEN).store(before.wrapping_add(1), Ordering::SeqCst);
        if frame.len() > ATOMIC {
            self.word(UNFINISHED).store(1, Ordering::SeqCst);
        }
        for piece in frame.chunks(ATOMIC) {
            let mut rest = piece;
            while !rest.is_empty() {
                let count = retry_on_intr(|| rustix::io::write(&self.writer, rest))?;
                rest = &rest[count..];
            }
        }
        self.word(UNFINISHED).store(0, Ordering::SeqCst);
        self.word(WRITTEN).store(before.wrapping_add(2), Ordering::SeqCst);
        Ok(())
    }

    /// In the writers' turn: whatever a dead one was at has ended.
    fn give_up_unfinished(&self) {
        if self.word(UNFINISHED).load(Ordering::SeqCst) != 0 {
            self.word(EPOCH).fetch_add(1, Ordering::SeqCst);
            self.word(UNFINISHED).store(0, Ordering::SeqCst);
        }
        let written = self.word(WRITTEN).load(Ordering::SeqCst);
        if !written.is_multiple_of(2) {
            self.word(WRITTEN).store(written.wrapping_add(1), Ordering::SeqCst);
        }
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
        loop {
            if let Found::Nothing { is_certain } = self.look()? {
                let until = if is_certain { deadline } else { Deadline::after(deadline.slice()) };
                if !readable(&self.reader, until)? {
                    if is_certain || deadline.is_over() {
                        return Ok(None);
                    }
                    self.writer_is_gone()?;
                    continue;
                }
            }
            let epoch = self.word(EPOCH).load(Ordering::SeqCst);
            let mut first = [0; CELL];
            self.read_cells(&mut first)?;
            match frame::kind(&first) {
                // The rest of a message whose reader died.
                Kind::More => {}
                Kind::Nonsense => return Err(io::Error::from(io::ErrorKind::InvalidData).into()),
                Kind::First { length, place, .. } if length > MAX_MESSAGE => {
                    self.got(place);
                    return Err(RecvError::TooLong { length: length as u64 });
                }
                Kind::First { length, number, place } => {
                    let bytes = self.read_rest(frame::begin(&first, length), length, epoch);
                    self.got(place);
                    return bytes.map(|bytes| Some(Message { number, bytes, left: self.length() }));
                }
            }
        }
    }

    /// In the readers' turn: whether there is something to read. If not, everything that was written before has been read, by
    /// whomever, and is noted as got.
    fn look(&self) -> io::Result<Found> {
        let written = self.word(WRITTEN).load(Ordering::SeqCst);
        if !self.is_empty()? {
            return Ok(Found::Cells);
        }
        self.got(written / 2);
        // The message that is being written may have been read by one who died, up to its last cell.
        Ok(Found::Nothing { is_certain: written.is_multiple_of(2) })
    }

    /// For those who wait for room: notes what dead readers did not, if nobody is there who could.
    pub(super) fn look_for_the_dead(&self) {
        let turn = Core::new(self.word(READER), true);
        if turn.try_acquire().is_some() {
            if let Ok(Found::Nothing { is_certain: false }) = self.look() {
                let _is_asked_again = self.writer_is_gone();
            }
            let _held = turn.release();
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

    /// Asked in the middle of a message, or where one might be: whether nobody writes it any more, and nothing of it is left to read.
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

    /// In the readers' turn: messages up to this one are no longer in the queue.
    fn got(&self, number: u32) {
        let got = self.word(GOT);
        let more = number.wrapping_sub(got.load(Ordering::SeqCst)) & NUMBERS;
        // Somebody may have read a message before its writer could say that it is finished.
        let is_behind = more > NUMBERS / 2;
        if more != 0 && !is_behind {
            got.store(number, Ordering::SeqCst);
            wake(got, more.min(ALL));
        }
    }

    /// Messages that were put and not got.
    pub(super) fn length(&self) -> u32 {
        // In this order: whatever was got had been put before.
        let got = self.word(GOT).load(Ordering::SeqCst);
        self.word(PUT).load(Ordering::SeqCst).wrapping_sub(got) & NUMBERS
    }

    /// One message more, unless there are `most`; how many there are then.
    pub(super) fn one_more(&self, most: u32) -> Option<u32> {
        loop {
            let got = self.word(GOT).load(Ordering::SeqCst);
            let put = self.word(PUT).load(Ordering::SeqCst);
            let length = put.wrapping_sub(got) & NUMBERS;
            if length >= most {
                return None;
            }
            let more = put.wrapping_add(1);
            if self.word(PUT).compare_exchange(put, more, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                return Some(length + 1);
            }
        }
    }

    /// So many messages were about to be put, and will never be written.
    pub(super) fn take_back(&self, messages: u32) {
        self.word(PUT).fetch_sub(messages, Ordering::SeqCst);
        wake(self.word(GOT), messages.min(ALL));
    }
}

/// What a reader finds.
enum Found {
    Cells,
    /// Unless it is certain, somebody is about to write, or there was a death.
    Nothing {
        is_certain: bool,
    },
}

#[cfg(test)]
mod tests;
