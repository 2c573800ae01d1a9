//! The program of a worker process: `poolscope worker N`, with the engine's stream as its stdin.

use std::{io::IoSliceMut, mem::MaybeUninit, os::fd::BorrowedFd, os::fd::OwnedFd, time::Duration};

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, recv, recvmsg, send};

use super::{
    eager::Eager,
    life,
    link::{Frames, RingLink, StreamLink},
    ring::{Bell, LockMemory, Producer, Region},
    steps::Steps,
    wire::{Down, FrameReader, Job, Up, append_frame},
    worker::{Gone, Halt, Link, Locks, work},
};
use crate::{
    ids::TaskId,
    spec::{Spec, Transport},
    workload::{self, Cancelled},
};

/// Processes are cancelled by signals; their tasks need not ask.
struct BySignal;

impl Halt for BySignal {
    fn checkpoint(&self, _task: TaskId) -> Result<(), Cancelled> {
        Ok(())
    }

    fn sleep(&self, _task: TaskId, time: Duration) -> Result<(), Cancelled> {
        std::thread::sleep(time);
        Ok(())
    }
}

/// The engine's stream.
struct Stream {
    fd: BorrowedFd<'static>,
    frames: FrameReader,
    out: Vec<u8>,
    buffer: Vec<u8>,
    /// Descriptors that came with the first bytes: the ring's memory and the bell.
    given: Vec<OwnedFd>,
}

impl Stream {
    fn new() -> Self {
        Self {
            fd: rustix::stdio::stdin(),
            frames: FrameReader::default(),
            out: Vec::new(),
            buffer: vec![0; 16 << 10],
            given: Vec::new(),
        }
    }

    /// The first message, and the descriptors that travel with it.
    fn receive_job(&mut self) -> Result<Box<Job>, Gone> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut self.buffer)];
        let received =
            recvmsg(self.fd, &mut parts, &mut ancillary, RecvFlags::CMSG_CLOEXEC).map_err(|_| Gone)?;
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(fds) = message {
                self.given.extend(fds);
            }
        }
        self.frames.push(&self.buffer[..received.bytes]);
        match self.next(true)? {
            Some(Down::Job(job)) => Ok(job),
            _ => Err(Gone),
        }
    }
}

impl Frames for Stream {
    fn next(&mut self, wait: bool) -> Result<Option<Down>, Gone> {
        loop {
            if let Some(message) = self.frames.next().map_err(|_engine_talks_nonsense| Gone)? {
                return Ok(Some(message));
            }
            let flags = if wait { RecvFlags::empty() } else { RecvFlags::DONTWAIT };
            match recv(self.fd, self.buffer.as_mut_slice(), flags) {
                Ok((0, _)) => return Err(Gone),
                Ok((count, _)) => self.frames.push(&self.buffer[..count]),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return Ok(None),
                Err(_) => return Err(Gone),
            }
        }
    }

    fn queue(&mut self, message: Up) -> Result<(), Gone> {
        append_frame(&mut self.out, &message).map_err(|_too_long| Gone)
    }

    fn flush(&mut self) -> Result<(), Gone> {
        let mut rest = self.out.as_slice();
        while !rest.is_empty() {
            match send(self.fd, rest, SendFlags::NOSIGNAL) {
                Ok(count) => rest = &rest[count..],
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return Err(Gone),
            }
        }
        self.out.clear();
        Ok(())
    }
}

/// Runs until the engine says quit or goes away.
pub fn worker_main() -> u8 {
    if !life::die_with_parent() {
        return 0;
    }
    life::no_core_dumps();
    // A task's panic is told as its result; the hook's own report would only repeat it in the log.
    std::panic::set_hook(Box::new(|_panic| {}));
    let mut stream = Stream::new();
    let Ok(job) = stream.receive_job() else { return 2 };
    life::name_process(&format!("poolscope-w{}", job.worker.0));
    let Some((mut link, shared)) = connect(stream, &job.spec, Eager::new(job.spare_core)) else { return 2 };
    let locks = Locks { turns: None, shared };
    let _gone_is_how_an_orphan_learns_of_it = work(link.as_mut(), &BySignal, &job, &locks);
    0
}

/// Takes what came with the job, in the order in which the engine gives it. `None` when something is missing.
fn connect(mut stream: Stream, spec: &Spec, eager: Eager) -> Option<(Box<dyn Link>, LockMemory)> {
    let mut given = std::mem::take(&mut stream.given).into_iter();
    let link: Box<dyn Link> = match spec.transport {
        Transport::Stream => Box::new(StreamLink::new(stream, eager)),
        Transport::Ring => {
            let region = Region::open(&given.next()?).ok()?;
            let bell = Bell::from_fd(given.next()?);
            Box::new(RingLink::new(stream, Producer::new(region), bell, Steps::from_environment(), eager))
        }
    };
    let shared =
        if workload::has_lock(spec) { LockMemory::open(&given.next()?).ok()? } else { LockMemory::on_heap() };
    Some((link, shared))
}
