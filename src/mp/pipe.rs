//! Two connected ends, over which whole messages of bytes go.

use std::{
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    net::SendFlags,
    pipe::{PipeFlags, pipe_with},
};
use serde::{Deserialize, Serialize};

use super::{
    memory::{Deadline, timespec},
    package::{Parts, Share},
    trace::{self, Call, Done, End, ObjectId, Verb},
};

/// Longer messages are refused: by whoever sends, and by whoever is told of such a length, before it allocates anything.
pub const MAX_MESSAGE: usize = 64 << 20;

/// Length and number of a message stand before it, in the order of bytes of this machine.
const HEAD: usize = 12;

#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("nobody can read it any more")]
    Broken,
    #[error("a message of {length} bytes; {MAX_MESSAGE} are allowed")]
    TooLong { length: usize },
    #[error("{0}")]
    Io(#[from] io::Error),
}

#[derive(Debug, thiserror::Error)]
pub enum RecvError {
    #[error("every copy of the other end is closed")]
    Eof,
    #[error("whoever sent the message ended in the middle of it")]
    Torn,
    #[error("a message of {length} bytes is announced; {MAX_MESSAGE} are allowed")]
    TooLong { length: u64 },
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl SendError {
    pub(super) fn end(&self) -> End {
        match self {
            Self::Broken => End::Broken,
            Self::TooLong { .. } | Self::Io(_) => End::Failed(self.to_string().into()),
        }
    }
}

impl RecvError {
    pub(super) fn end(&self) -> End {
        match self {
            Self::Eof => End::Eof,
            Self::Torn => End::Broken,
            Self::TooLong { .. } | Self::Io(_) => End::Failed(self.to_string().into()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Way {
    Both,
    Receives,
    Sends,
}

/// One end. Threads may share it: each message is sent and received whole. Processes may hold copies of the same end, and
/// then have to take turns, with a [`super::Lock`] or by using a [`super::Queue`]: two that send at once may mix their
/// messages up.
///
/// It is closed when it is dropped, and told of to the other end once every copy in every process is closed.
#[derive(Debug)]
pub struct Connection {
    socket: Mutex<Option<Arc<OwnedFd>>>,
    way: Way,
    sending: Mutex<()>,
    /// A length that was refused: where the next message begins cannot be known any more.
    receiving: Mutex<Option<u64>>,
    id: ObjectId,
}

/// Two ends: of a socket, over which both can send, or of a pipe, of which the first receives and the second sends.
///
/// A pipe holds 64 KiB; a send into a full one blocks until somebody reads.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use poolscope::mp::{RecvError, pipe};
///
/// let (receiver, sender) = pipe(false)?;
/// sender.send(b"hello")?;
/// assert_eq!(receiver.recv()?, b"hello");
/// sender.close();
/// assert!(matches!(receiver.recv(), Err(RecvError::Eof)));
/// # Ok(())
/// # }
/// ```
pub fn pipe(duplex: bool) -> io::Result<(Connection, Connection)> {
    if duplex {
        let (one, other) = UnixStream::pair()?;
        Ok((Connection::new(one.into(), Way::Both), Connection::new(other.into(), Way::Both)))
    } else {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
        Ok((Connection::new(reader, Way::Receives), Connection::new(writer, Way::Sends)))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wrong(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

impl Connection {
    fn new(socket: OwnedFd, way: Way) -> Self {
        Self::with_id(socket, way, ObjectId::next())
    }

    fn with_id(socket: OwnedFd, way: Way, id: ObjectId) -> Self {
        let socket = Mutex::new(Some(Arc::new(socket)));
        Self { socket, way, sending: Mutex::default(), receiving: Mutex::default(), id }
    }

    pub fn id(&self) -> ObjectId {
        self.id
    }

    fn open(&self) -> io::Result<Arc<OwnedFd>> {
        locked(&self.socket).clone().ok_or_else(|| wrong("this end is closed"))
    }

    /// Sends one message; blocks while there is no room for it.
    pub fn send(&self, message: &[u8]) -> Result<(), SendError> {
        let call = Call::begin(Verb::Send, Some(self.id), None);
        let number = trace::next_message();
        let sent = self.send_numbered(message, number);
        let end = || sent.as_ref().err().map_or(End::Ok, SendError::end);
        call.done(end, |done| tell(done, number, message.len()));
        sent
    }

    fn send_numbered(&self, message: &[u8], number: u64) -> Result<(), SendError> {
        let length = message.len();
        if length > MAX_MESSAGE {
            return Err(SendError::TooLong { length });
        }
        if self.way == Way::Receives {
            return Err(wrong("this end of the pipe only receives").into());
        }
        let socket = self.open()?;
        let mut frame = Vec::with_capacity(HEAD + length);
        frame.extend((length as u32).to_ne_bytes());
        frame.extend(number.to_ne_bytes());
        frame.extend(message);
        let _one_at_a_time = locked(&self.sending);
        let mut rest = frame.as_slice();
        while !rest.is_empty() {
            let written = match self.way {
                Way::Both => rustix::net::send(&socket, rest, SendFlags::NOSIGNAL),
                Way::Sends | Way::Receives => rustix::io::write(&socket, rest),
            };
            match written {
                Ok(count) => rest = &rest[count..],
                Err(Errno::INTR) => {}
                Err(Errno::PIPE | Errno::CONNRESET) => return Err(SendError::Broken),
                Err(error) => return Err(io::Error::from(error).into()),
            }
        }
        Ok(())
    }

    /// The next message; blocks until there is one.
    pub fn recv(&self) -> Result<Vec<u8>, RecvError> {
        let call = Call::begin(Verb::Receive, Some(self.id), None);
        let received = self.recv_numbered();
        let end = || received.as_ref().err().map_or(End::Ok, RecvError::end);
        call.done(end, |done| {
            if let Ok((number, message)) = &received {
                tell(done, *number, message.len());
            }
        });
        received.map(|(_, message)| message)
    }

    fn recv_numbered(&self) -> Result<(u64, Vec<u8>), RecvError> {
        if self.way == Way::Sends {
            return Err(wrong("this end of the pipe only sends").into());
        }
        let socket = self.open()?;
        let mut refused = locked(&self.receiving);
        if let Some(length) = *refused {
            return Err(RecvError::TooLong { length });
        }
        let mut head = [0; HEAD];
        match fill(&socket, &mut head)? {
            0 => return Err(RecvError::Eof),
            HEAD => {}
            _ => return Err(RecvError::Torn),
        }
        let [a, b, c, d, number @ ..] = head;
        let length = u32::from_ne_bytes([a, b, c, d]) as usize;
        if length > MAX_MESSAGE {
            *refused = Some(length as u64);
            return Err(RecvError::TooLong { length: length as u64 });
        }
        let mut message = vec![0; length];
        if fill(&socket, &mut message)? < length {
            return Err(RecvError::Torn);
        }
        Ok((u64::from_ne_bytes(number), message))
    }

    /// Whether a [`Connection::recv`] would not have to wait for a message to begin, which is also so when the other end is
    /// closed. Waits for that as long as `timeout`.
    pub fn poll(&self, timeout: Duration) -> io::Result<bool> {
        readable(&self.open()?, Deadline::after(timeout))
    }

    /// Closes this copy of this end. What other threads wait for on it goes on until it is done.
    pub fn close(&self) {
        let Some(socket) = locked(&self.socket).take() else { return };
        let call = Call::quick(Verb::Close, Some(self.id), None);
        drop(socket);
        call.done(|| End::Ok, |_| {});
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
    }
}

fn tell(done: &mut Done, number: u64, length: usize) {
    done.message = Some(number);
    done.bytes = Some((HEAD + length) as u32);
}

/// Reads until it is full or the other end is closed; how many bytes that were.
fn fill(socket: impl AsFd, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match rustix::io::read(&socket, &mut into[filled..]) {
            // A socket that was closed before it had read everything says so once, after what it had sent itself.
            Ok(0) | Err(Errno::CONNRESET) => break,
            Ok(count) => filled += count,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(filled)
}

/// Whether there is something to read, or nothing any more, by then.
pub(super) fn readable(fd: impl AsFd, deadline: Deadline) -> io::Result<bool> {
    loop {
        let mut waited = [PollFd::new(&fd, PollFlags::IN)];
        match poll(&mut waited, deadline.left().map(timespec).as_ref()) {
            Ok(count) => return Ok(count > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

impl Share for Connection {
    const KIND: &'static str = "connection";

    fn parts(&self) -> io::Result<Parts> {
        Parts::new(&(self.way, self.id), [self.open()?.try_clone()?])
    }

    fn from_parts(mut parts: Parts) -> io::Result<Self> {
        let (way, id) = parts.state()?;
        Ok(Self::with_id(parts.descriptor()?, way, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receiver_of(bytes: &[u8]) -> Connection {
        let (receiver, sender) = pipe(false).unwrap();
        rustix::io::write(sender.open().unwrap(), bytes).unwrap();
        receiver
    }

    #[test]
    fn an_announced_length_beyond_the_limit_is_refused_for_good() {
        for length in [MAX_MESSAGE as u32 + 1, u32::MAX] {
            let receiver = receiver_of(&[&length.to_ne_bytes()[..], &[0; 100]].concat());
            for _ in 0..2 {
                let refused = receiver.recv().unwrap_err();
                assert!(
                    matches!(refused, RecvError::TooLong { length: told } if told == u64::from(length)),
                    "{refused:?}"
                );
            }
        }
    }

    #[test]
    fn an_end_at_any_byte_of_a_message_is_told_as_torn() {
        let mut frame = 5_u32.to_ne_bytes().to_vec();
        frame.extend([0; 8]);
        frame.extend(b"whole");
        for cut in 1..frame.len() {
            let receiver = receiver_of(&frame[..cut]);
            assert!(matches!(receiver.recv(), Err(RecvError::Torn)), "cut at {cut}");
            assert!(matches!(receiver.recv(), Err(RecvError::Eof)));
        }
        assert_eq!(receiver_of(&frame).recv().unwrap(), b"whole");
    }
}
