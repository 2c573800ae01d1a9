//! Worker processes: this executable again, with one UNIX stream pair as its stdin, used both ways.
//!
//! Workers are spawned by the dispatcher's thread, which lives as long as the engine, because the parent-death signal
//! follows the *thread* that spawned. Nothing runs between fork and exec, so that the standard library can use
//! `posix_spawn`. One reader thread a worker takes in its frames and, in the end, reaps it: only there is the
//! process waited for, so that its id stays valid until that moment.

use std::{
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::process::{CommandExt, ExitStatusExt},
    },
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use crossbeam_channel::{Sender, bounded};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair},
    process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal},
};

use super::{
    life::PARENT_VARIABLE,
    pool::{Inbox, LifeNumber, Pool, Spawned},
    wire::{Down, FrameReader, Job, Up, append_frame},
};
use crate::{
    event::Exit,
    ids::{TaskId, WorkerId},
    time::NS_PER_MS,
};

/// How long a worker that closed its stream may take to exit before it is killed.
const EXIT_GRACE_NS: u64 = 200 * NS_PER_MS;

struct Member {
    stream: Arc<OwnedFd>,
    pidfd: Arc<OwnedFd>,
    reader: JoinHandle<()>,
}

pub(super) struct ProcessPool {
    job: Job,
    inbox: Sender<Inbox>,
    members: Vec<Option<Member>>,
    /// Readers of former lives, to be joined in the end.
    former: Vec<JoinHandle<()>>,
}

impl ProcessPool {
    /// `job.worker` is filled in for each worker.
    pub(super) fn new(job: Job, inbox: Sender<Inbox>) -> Self {
        Self { job, inbox, members: Vec::new(), former: Vec::new() }
    }

    fn member(&self, worker: WorkerId) -> io::Result<&Member> {
        self.members
            .get(worker.index())
            .and_then(Option::as_ref)
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{worker} does not exist")))
    }
}

impl Pool for ProcessPool {
    fn spawn(&mut self, worker: WorkerId, life: LifeNumber) -> io::Result<Spawned> {
        // The reader comes first: were it missing, nobody would reap the child.
        let (give_child, child_given) = bounded(1);
        let inbox = self.inbox.clone();
        let reader = std::thread::Builder::new().name(format!("reader-{}", worker.0)).spawn(move || {
            if let Ok(reading) = child_given.recv() {
                read_worker(worker, life, reading, &inbox);
            }
        })?;
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        let errors = io::stderr().as_fd().try_clone_to_owned()?;
        let mut child = Command::new("/proc/self/exe")
            .arg0("poolscope")
            .args(["worker", &worker.0.to_string()])
            .env(PARENT_VARIABLE, std::process::id().to_string())
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::from(errors.try_clone()?))
            .stderr(Stdio::from(errors))
            .process_group(0)
            .spawn()?;
        let pid = child.id();
        let pidfd = match pidfd_open(Pid::from_child(&child), PidfdFlags::empty()) {
            Ok(pidfd) => Arc::new(pidfd),
            Err(error) => {
                // It must not outlive this failure, and nobody else knows of it.
                let _already_gone = child.kill();
                let _reaped = child.wait();
                return Err(error.into());
            }
        };
        let stream = Arc::new(ours);
        let reading = Reading { child, stream: Arc::clone(&stream), pidfd: Arc::clone(&pidfd) };
        // The reader waits for exactly this.
        let _reader_lives = give_child.send(reading);
        if self.members.len() <= worker.index() {
            self.members.resize_with(worker.index() + 1, || None);
        }
        let former = self.members[worker.index()].replace(Member { stream, pidfd, reader });
        self.former.extend(former.map(|member| member.reader));
        self.former.retain(|reader| !reader.is_finished());
        // A worker that is dead already is reported by its reader, as any other death is.
        let _dead_already = self.send(worker, Down::Job(Box::new(Job { worker, ..self.job.clone() })));
        Ok(Spawned { pid, tid: pid })
    }

    fn send(&mut self, worker: WorkerId, message: Down) -> io::Result<()> {
        let mut frame = Vec::with_capacity(16);
        append_frame(&mut frame, &message).map_err(io::Error::other)?;
        let sent = send(&self.member(worker)?.stream, &frame, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?;
        // A worker's credit is a few small frames, far below any socket's buffer: a full one means it reads no more.
        if sent == frame.len() { Ok(()) } else { Err(io::ErrorKind::WouldBlock.into()) }
    }

    fn cancel(&mut self, worker: WorkerId, _task: TaskId) {
        // A dead worker cannot be cancelled, and its death is reported by its reader.
        let _already_gone = self.kill(worker, Signal::TERM.as_raw());
    }

    /// What runs is known by its start, or is killed when its worker does not quit.
    fn cancel_everything(&mut self) {}

    fn clear_cancel(&mut self, _worker: WorkerId) {}

    fn kill(&mut self, worker: WorkerId, signal: i32) -> io::Result<()> {
        let signal = Signal::from_named_raw(signal)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("no signal {signal}")))?;
        Ok(pidfd_send_signal(&self.member(worker)?.pidfd, signal)?)
    }

    fn abandon(&mut self, worker: WorkerId) {
        let _already_gone = self.kill(worker, Signal::KILL.as_raw());
    }

    fn has_processes(&self) -> bool {
        true
    }

    fn join(&mut self, _limit: Duration) {
        // Every worker is dead by now or was killed, so that no reader has long to wait.
        let readers = self.members.drain(..).flatten().map(|member| member.reader);
        for reader in readers.chain(self.former.drain(..)) {
            let _panic_was_told_by_the_hook = reader.join();
        }
    }
}

/// What a reader needs of its worker.
struct Reading {
    child: Child,
    stream: Arc<OwnedFd>,
    pidfd: Arc<OwnedFd>,
}

/// Takes in one worker's frames until its stream ends, then reaps it and tells how it went.
fn read_worker(worker: WorkerId, life: LifeNumber, reading: Reading, inbox: &Sender<Inbox>) {
    let Reading { mut child, stream, pidfd } = reading;
    let fault = read_frames(worker, life, &stream, inbox).err();
    if fault.is_some() {
        let _already_gone = pidfd_send_signal(&pidfd, Signal::KILL);
    } else if !wait_readable(pidfd.as_fd(), EXIT_GRACE_NS) {
        let _already_gone = pidfd_send_signal(&pidfd, Signal::KILL);
        wait_readable(pidfd.as_fd(), u64::MAX);
    }
    // The leader is not reaped yet, so its group's id is still its own: grandchildren go with it.
    let _group_may_be_empty = kill_process_group(Pid::from_child(&child), Signal::KILL);
    let exit = child.wait().map_or(Exit::Code(-1), exit_of);
    // Without a dispatcher there is nobody to tell.
    let _engine_is_ending = inbox.send(Inbox::Died { worker, life, exit, fault });
}

fn read_frames(
    worker: WorkerId,
    life: LifeNumber,
    stream: &OwnedFd,
    inbox: &Sender<Inbox>,
) -> Result<(), String> {
    let mut frames = FrameReader::default();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let (count, _) = match recv(stream, buffer.as_mut_slice(), RecvFlags::empty()) {
            Ok(received) => received,
            Err(rustix::io::Errno::INTR) => continue,
            // A reset is how a killed peer's stream ends when it left bytes unread.
            Err(_) => return Ok(()),
        };
        if count == 0 {
            // Half a frame at the end is what a death in the middle of a write leaves: no fault of the protocol.
            return Ok(());
        }
        frames.push(&buffer[..count]);
        let mut messages = Vec::new();
        let fault = loop {
            match frames.next::<Up>() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break None,
                Err(error) => break Some(error.to_string()),
            }
        };
        if !messages.is_empty() && inbox.send(Inbox::Worker { worker, life, messages }).is_err() {
            return Ok(());
        }
        if let Some(fault) = fault {
            return Err(fault);
        }
    }
}

/// Waits until a descriptor is readable; false when the time is up. `u64::MAX` waits without end.
fn wait_readable(fd: BorrowedFd<'_>, limit_ns: u64) -> bool {
    let limit = (limit_ns != u64::MAX).then(|| Timespec {
        tv_sec: (limit_ns / 1_000_000_000).cast_signed(),
        tv_nsec: (limit_ns % 1_000_000_000).cast_signed(),
    });
    loop {
        match poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)], limit.as_ref()) {
            Ok(ready) => return ready > 0,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return true,
        }
    }
}

/// Code or signal of a process that ended.
pub(crate) fn exit_of(status: ExitStatus) -> Exit {
    status.signal().map_or_else(|| Exit::Code(status.code().unwrap_or(-1)), Exit::Signal)
}
