//! One worker process as its engine sees it: its stream, its ring, what it prints, its life.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    process::{Child, ExitStatus},
};

use rustix::{
    net::{RecvFlags, SendFlags, recv, send},
    process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_send_signal, waitid},
};

use super::{
    capture::Capture,
    hear::{Heard, Hearing},
    wire::{Down, FrameReader, Up, append_frame},
};
use crate::{event::Exit, time::RunClock};

/// Bytes read from one worker's stream before others get their turn.
const READ_AT_A_TURN: usize = 1 << 20;
/// What was handed over and not taken may grow to this; a worker that far behind reads no more.
const BACKLOG_LIMIT: usize = 96 << 20;

#[expect(clippy::struct_excessive_bools, reason = "each is one independent fact about the process")]
pub(super) struct Member {
    pub(super) child: Child,
    pub(super) pidfd: OwnedFd,
    pub(super) stream: OwnedFd,
    pub(super) hearing: Hearing,
    /// What it prints, and what it complains.
    pub(super) prints: [Capture; 2],
    frames: FrameReader,
    /// Bytes that its stream had no room for, from `sent` on.
    out: Vec<u8>,
    sent: usize,
    /// Its stream has something to read.
    pub(super) readable: bool,
    /// Its stream has ended: it is about to.
    pub(super) hung_up: bool,
    pub(super) dead: bool,
    /// Which rule it broke. It was killed for that.
    pub(super) fault: Option<String>,
    /// It said something since the dispatcher was told that it is quiet.
    pub(super) spoke: bool,
}

impl Member {
    pub(super) fn new(
        child: Child,
        pidfd: OwnedFd,
        stream: OwnedFd,
        hearing: Hearing,
        prints: [Capture; 2],
    ) -> Self {
        Self {
            child,
            pidfd,
            stream,
            hearing,
            prints,
            frames: FrameReader::default(),
            out: Vec::new(),
            sent: 0,
            readable: false,
            hung_up: false,
            dead: false,
            fault: None,
            spoke: false,
        }
    }

    /// Sends a message, or as much of it as the stream has room for now.
    pub(super) fn send(&mut self, message: &Down) -> io::Result<()> {
        append_frame(&mut self.out, message).map_err(io::Error::other)?;
        self.send_rest()?;
        if self.backlog_bytes() > BACKLOG_LIMIT {
            return Err(io::Error::other("it has stopped reading what it is sent"));
        }
        Ok(())
    }

    pub(super) fn send_rest(&mut self) -> io::Result<()> {
        while self.sent < self.out.len() {
            match send(&self.stream, &self.out[self.sent..], SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(count) => self.sent += count,
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return Ok(()),
                Err(error) => {
                    // Nobody reads there any more: see to it that it ends, even if it goes on talking.
                    self.hung_up = true;
                    return Err(error.into());
                }
            }
        }
        self.out.clear();
        // A payload's room is given back, the room for a few words kept.
        self.out.shrink_to(4096);
        self.sent = 0;
        Ok(())
    }

    pub(super) fn backlog_bytes(&self) -> usize {
        self.out.len() - self.sent
    }

    /// Whether anything is to be heard from it.
    pub(super) fn look(&mut self, buffer: &mut [u8], clock: RunClock) -> bool {
        // What it prints may tell why it broke a rule.
        for print in &mut self.prints {
            print.read(buffer, clock);
        }
        let readable = std::mem::take(&mut self.readable);
        if self.fault.is_some() {
            // Its stream is not read any more: what is in there must hold up nobody who wants to reap it.
            return false;
        }
        if readable {
            self.read(buffer);
        }
        match self.hearing.look() {
            Ok(something) => something,
            Err(corrupt) => {
                self.condemn(corrupt.to_string());
                false
            }
        }
    }

    /// The next of what the last look saw.
    #[inline]
    pub(super) fn next(&mut self, buffer: &mut [u8]) -> Option<Up> {
        if let Some(line) = self.prints.iter_mut().find_map(Capture::next_line) {
            return Some(line);
        }
        if self.fault.is_some() {
            return None;
        }
        match self.hearing.next() {
            Ok(Heard::Up(up)) => return Some(up),
            Ok(Heard::Nothing) => return None,
            Ok(Heard::FrameMissing) => {}
            Err(corrupt) => {
                self.condemn(corrupt.to_string());
                return None;
            }
        }
        self.read(buffer);
        if let Ok(Heard::Up(up)) = self.hearing.next() {
            return Some(up);
        }
        // A long frame may still be on its way through here, but all of it left before it was announced.
        if !self.readable {
            self.condemn("it announced a frame that it did not send".to_owned());
        }
        None
    }

    /// Reads what its stream holds, up to a limit; sets `readable` again if that was reached.
    fn read(&mut self, buffer: &mut [u8]) {
        let mut count = 0;
        while count < READ_AT_A_TURN {
            match recv(&self.stream, &mut *buffer, RecvFlags::DONTWAIT) {
                Ok((0, _)) => {
                    self.hung_up = true;
                    return;
                }
                Ok((read, _)) => {
                    count += read;
                    self.frames.push(&buffer[..read]);
                    if let Err(fault) = self.take_frames() {
                        self.condemn(fault);
                        return;
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return,
                // A reset is how a killed peer's stream ends when it left bytes unread.
                Err(_) => {
                    self.hung_up = true;
                    return;
                }
            }
        }
        self.readable = true;
    }

    fn take_frames(&mut self) -> Result<(), String> {
        loop {
            match self.frames.next::<Up>() {
                Ok(Some(up)) => self.hearing.frame(up)?,
                Ok(None) => return Ok(()),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// It broke a rule: nothing more is believed, and it is killed.
    pub(super) fn condemn(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
        self.readable = false;
        let _already_gone = self.kill(Signal::KILL);
    }

    pub(super) fn kill(&self, signal: Signal) -> io::Result<()> {
        Ok(pidfd_send_signal(&self.pidfd, signal)?)
    }

    /// Reaps it, once it is dead and everything it said was heard. Its group goes with it: the leader is not reaped yet, so
    /// the group's id is still its own.
    pub(super) fn reap(&mut self) -> Exit {
        let _group_may_be_empty = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        self.child.wait().map_or(Exit::Code(-1), exit_of)
    }

    /// Asked without reaping it, and in a way that works where no further descriptors are allowed, as `poll` does not.
    pub(super) fn has_ended(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::PidFd(self.pidfd.as_fd()), look), Ok(None))
    }

    pub(super) fn stream(&self) -> impl AsFd {
        self.stream.as_fd()
    }
}

/// Code or signal of a process that ended.
pub(crate) fn exit_of(status: ExitStatus) -> Exit {
    use std::os::unix::process::ExitStatusExt;
    status.signal().map_or_else(|| Exit::Code(status.code().unwrap_or(-1)), Exit::Signal)
}
