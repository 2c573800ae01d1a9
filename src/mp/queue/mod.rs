//! Messages from any number of processes to any number of processes, as Python's `multiprocessing.Queue` carries them: by
//! a pipe, a lock at each of its ends, and a thread in each process that writes.

mod feeder;
mod frame;
mod pipe;

use std::{
    io,
    os::fd::AsFd,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use rustix::pipe::{PipeFlags, pipe_with};

use self::{
    feeder::Feeder,
    pipe::{GOT, Message, Pipe, WORDS},
};
use super::{
    memory::{Cells, Deadline, sleep_while},
    package::{Parts, Share},
    pipe::{MAX_MESSAGE, RecvError, SendError},
    trace::{self, Call, End, ObjectId, Verb},
};

/// Each message put is got once, by one of those who get. Cheap to clone; all clones are the same queue.
///
/// A put returns before the message is in the pipe, which holds 64 KiB. What a process has put and not yet written is lost
/// when it is killed; where it ends by itself it writes that first, see [`Queue::flush`], and waits for somebody to read where
/// the pipe is full. All processes hold both ends, so that a get waits for ever when nobody is left who puts.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use poolscope::mp::Queue;
///
/// let queue = Queue::bounded(2)?;
/// queue.put(b"one")?;
/// queue.put(b"two")?;
/// assert!(!queue.put_timeout(b"three", Duration::from_millis(10))?);
/// assert_eq!(queue.get()?, b"one");
/// assert_eq!(queue.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Queue {
    handle: Arc<Handle>,
}

#[derive(Debug)]
struct Handle {
    feeder: Arc<Feeder>,
    /// Messages it may hold.
    most: Option<u32>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.feeder.close();
    }
}

/// Waits until everything is written that was put in this process, into whichever queue. Children do so when their entry
/// returns; any other process that puts should, before it ends.
pub fn flush_all() {
    for feeder in feeder::running() {
        // Each has its own end; one that failed cannot hold up the others.
        let _failed = flush(&feeder);
    }
}

fn flush(feeder: &Feeder) -> Result<(), SendError> {
    let call = Call::begin(Verb::Flush, Some(feeder.id), None);
    let flushed = feeder.flush();
    call.done(|| flushed.as_ref().err().map_or(End::Ok, SendError::end), |_| {});
    flushed
}

impl Queue {
    /// One that takes whatever is put.
    pub fn new() -> io::Result<Self> {
        Self::make(None)
    }

    /// One that holds `most` messages; a put into a full one waits.
    ///
    /// # Errors
    /// `InvalidInput` for 0.
    pub fn bounded(most: u32) -> io::Result<Self> {
        if most == 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a queue that holds 0 messages; 1 is the least",
            ));
        }
        Self::make(Some(most))
    }

    fn make(most: Option<u32>) -> io::Result<Self> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
        let pipe = Pipe { words: Cells::create(WORDS)?, reader, writer };
        Ok(Self { handle: Arc::new(Handle { feeder: Feeder::new(pipe, ObjectId::next()), most }) })
    }

    fn pipe(&self) -> &Pipe {
        &self.handle.feeder.pipe
    }

    pub fn id(&self) -> ObjectId {
        self.handle.feeder.id
    }

    /// Messages put and not yet got, wherever they are. What a process had put and not begun to write when
    /// it was killed still counts: nobody else knows how much that was.
    pub fn len(&self) -> usize {
        self.pipe().length() as usize
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts a message. Waits only where the queue is bounded and full.
    pub fn put(&self, message: &[u8]) -> Result<(), SendError> {
        self.put_by(message, Deadline::default()).map(|_| ())
    }

    /// False when there was no room in time.
    pub fn put_timeout(&self, message: &[u8], timeout: Duration) -> Result<bool, SendError> {
        self.put_by(message, Deadline::after(timeout))
    }

    fn put_by(&self, message: &[u8], deadline: Deadline) -> Result<bool, SendError> {
        let begin = if self.handle.most.is_some() { Call::begin } else { Call::quick };
        let call = begin(Verb::Put, Some(self.id()), None);
        let number = trace::next_message();
        let length = message.len();
        let put = if length > MAX_MESSAGE {
            Err(SendError::TooLong { length })
        } else {
            // Before it has a place: there may be no memory for it.
            let frame = frame::encode(message, number);
            self.reserve(deadline).map(|depth| self.hand_over(frame).map(|()| depth)).transpose()
        };
        let end = || match &put {
            Ok(Some(_)) => End::Ok,
            Ok(None) => End::TimedOut,
            Err(error) => error.end(),
        };
        call.done(end, |done| {
            done.message = Some(number);
            done.bytes = Some((frame::cells(length) * frame::CELL) as u32);
            done.depth = put.as_ref().ok().copied().flatten();
        });
        put.map(|depth| depth.is_some())
    }

    /// To whom writes it into the pipe. What cannot be handed over takes no place.
    fn hand_over(&self, frame: Vec<u8>) -> Result<(), SendError> {
        let handed = self.handle.feeder.add(frame);
        if handed.is_err() {
            self.pipe().take_back(1);
        }
        handed
    }

    /// Room for one message; how many there are with it.
    fn reserve(&self, deadline: Deadline) -> Option<u32> {
        let most = self.handle.most.unwrap_or(u32::MAX);
        loop {
            let got = &self.pipe().words[GOT];
            let before = got.load(Ordering::SeqCst);
            if let Some(depth) = self.pipe().one_more(most) {
                return Some(depth);
            }
            if deadline.is_over() {
                return None;
            }
            sleep_while(got, before, deadline.slice());
            if got.load(Ordering::SeqCst) == before {
                self.pipe().look_for_the_dead();
            }
        }
    }

    /// The next message; waits for as long as it takes.
    ///
    /// # Errors
    /// [`RecvError::Torn`] in place of a message whose sender was killed while it wrote it. The next get is whole again.
    pub fn get(&self) -> Result<Vec<u8>, RecvError> {
        let message = self.get_by(Deadline::default())?;
        message.ok_or_else(|| io::Error::from(io::ErrorKind::TimedOut).into())
    }

    /// `None` when no message began in time.
    pub fn get_timeout(&self, timeout: Duration) -> Result<Option<Vec<u8>>, RecvError> {
        self.get_by(Deadline::after(timeout))
    }

    /// `None` when no message is in the pipe, or somebody else is about to get it.
    pub fn try_get(&self) -> Result<Option<Vec<u8>>, RecvError> {
        self.get_by(Deadline::after(Duration::ZERO))
    }

    fn get_by(&self, deadline: Deadline) -> Result<Option<Vec<u8>>, RecvError> {
        let call = Call::begin(Verb::Get, Some(self.id()), None);
        let got = self.pipe().read(deadline);
        let end = || match &got {
            Ok(Some(_)) => End::Ok,
            Ok(None) => End::TimedOut,
            Err(error) => error.end(),
        };
        call.done(end, |done| {
            if let Ok(Some(Message { number, bytes, left })) = &got {
                done.message = Some(*number);
                done.bytes = Some((frame::cells(bytes.len()) * frame::CELL) as u32);
                done.depth = Some(*left);
            }
        });
        got.map(|message| message.map(|message| message.bytes))
    }

    /// Waits until everything is in the pipe that was put by this process.
    pub fn flush(&self) -> Result<(), SendError> {
        flush(&self.handle.feeder)
    }

    /// As [`Self::flush`], as a part of something else: no observer is told.
    pub(crate) fn write_out(&self) -> Result<(), SendError> {
        self.handle.feeder.flush()
    }
}

impl Share for Queue {
    const KIND: &'static str = "queue";

    fn parts(&self) -> io::Result<Parts> {
        let pipe = self.pipe();
        let ends = [
            pipe.words.file()?,
            pipe.reader.as_fd().try_clone_to_owned()?,
            pipe.writer.as_fd().try_clone_to_owned()?,
        ];
        Parts::new(&(self.handle.most, self.id()), ends)
    }

    fn from_parts(mut parts: Parts) -> io::Result<Self> {
        let (most, id) = parts.state()?;
        let words = Cells::open(parts.descriptor()?, WORDS)?;
        let pipe = Pipe { words, reader: parts.descriptor()?, writer: parts.descriptor()? };
        Ok(Self { handle: Arc::new(Handle { feeder: Feeder::new(pipe, id), most }) })
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::{Mode, OFlags};

    use super::*;

    #[test]
    fn a_put_that_fails_takes_no_place() {
        let (reader, _writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let full = rustix::fs::open("/dev/full", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()).unwrap();
        let pipe = Pipe { words: Cells::create(WORDS).unwrap(), reader, writer: full };
        let feeder = Feeder::new(pipe, ObjectId::next());
        let queue = Queue { handle: Arc::new(Handle { feeder, most: Some(2) }) };
        queue.put(b"cannot be written").unwrap();
        queue.flush().unwrap_err();
        for _ in 0..9 {
            let put = queue.put_timeout(b"another", Duration::from_secs(20));
            assert!(matches!(put, Err(SendError::Io(_))), "{put:?}");
            assert_eq!(queue.len(), 1);
        }
    }
}
