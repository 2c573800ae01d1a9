//! Worker processes: this executable again, with one UNIX stream pair as its stdin, and a ring in a memory file that
//! comes to it over that stream.
//!
//! Everything happens on the dispatcher's thread: it spawns (the parent-death signal follows the *thread* that
//! spawned, and this one lives as long as the engine), listens to all streams, outputs and process descriptors at once,
//! and reaps. Nothing runs between fork and exec, so that the standard library can use `posix_spawn`.

use std::{
    io::{self, IoSlice},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    net::{
        AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
        sendmsg, socketpair,
    },
    pipe::{PipeFlags, pipe_with},
    process::{Pid, PidfdFlags, Signal, pidfd_open},
};

pub(crate) use super::member::exit_of;
use super::{
    capture::Capture,
    eager::Eager,
    hear::Hearing,
    life::PARENT_VARIABLE,
    listen::Listener,
    member::Member,
    pool::{News, Pool, Recall, Spawned},
    ring::{Bell, Consumer, Region, settle_down},
    wire::{Down, Job, append_frame},
};
use crate::{
    event::Level,
    ids::{TaskId, WorkerId},
    spec::Transport,
    time::RunClock,
};

/// How long a worker that closed its stream may take to exit before it is killed.
const EXIT_GRACE: Duration = Duration::from_millis(200);
const BUFFER_BYTES: usize = 64 << 10;

/// What a descriptor is to its worker, in the lowest bits of its label.
const STREAM: u64 = 0;
const DEATH: u64 = 1;
const PRINTS: [u64; 2] = [2, 3];
const KIND_BITS: u32 = 2;

fn label(worker: WorkerId, kind: u64) -> u64 {
    u64::from(worker.0) << KIND_BITS | kind
}

pub(super) struct ProcessPool {
    listener: Listener,
    eager: Eager,
    clock: RunClock,
    /// The memory of the lock that all workers share, where they do.
    shared_lock: Option<OwnedFd>,
    members: Vec<Option<Member>>,
    /// Workers whose stream has ended, and when that was seen.
    hung_up: Vec<(WorkerId, Instant)>,
    /// The member that is asked next.
    turn: usize,
    buffer: Vec<u8>,
}

impl ProcessPool {
    pub(super) fn new(
        bell: Bell,
        eager: Eager,
        clock: RunClock,
        shared_lock: Option<OwnedFd>,
    ) -> io::Result<Self> {
        Ok(Self {
            listener: Listener::new(bell)?,
            eager,
            clock,
            shared_lock,
            members: Vec::new(),
            hung_up: Vec::new(),
            turn: 0,
            buffer: vec![0; BUFFER_BYTES],
        })
    }

    fn member(&mut self, worker: WorkerId) -> io::Result<&mut Member> {
        self.members
            .get_mut(worker.index())
            .and_then(Option::as_mut)
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{worker} does not exist")))
    }

    fn send(&mut self, worker: WorkerId, message: &Down) -> io::Result<()> {
        let member = self.member(worker)?;
        let was_waiting = member.backlog_bytes() > 0;
        member.send(message)?;
        if !was_waiting && member.backlog_bytes() > 0 {
            let (listener, member) = (&self.listener, &self.members[worker.index()]);
            if let Some(member) = member {
                listener.set_writing(member.stream(), label(worker, STREAM), true);
            }
        }
        Ok(())
    }

    fn listen_to(&self, worker: WorkerId, member: &Member) -> io::Result<()> {
        self.listener.add(member.stream(), label(worker, STREAM), false)?;
        self.listener.add(&member.pidfd, label(worker, DEATH), false)?;
        for (print, kind) in member.prints.iter().zip(PRINTS) {
            if let Some(fd) = print.fd() {
                self.listener.add(fd, label(worker, kind), false)?;
            }
        }
        Ok(())
    }

    /// To be called before a member goes. That its descriptors are closed is not enough: a process that is just being
    /// spawned holds copies of them until it is wholly there, and would have the kernel tell of this worker's death under
    /// the label that is its successor's by then.
    fn listen_no_more_to(&self, member: &Member) {
        self.listener.remove(member.stream());
        self.listener.remove(&member.pidfd);
        for print in &member.prints {
            if let Some(fd) = print.fd() {
                self.listener.remove(fd);
            }
        }
    }

    /// Whether any worker has something to say.
    fn look(&mut self) -> bool {
        let (buffer, clock) = (&mut self.buffer, self.clock);
        self.members.iter_mut().flatten().any(|member| member.look(buffer, clock) || member.dead)
    }

    fn rings(&self) -> impl Iterator<Item = &Consumer> {
        self.members.iter().flatten().filter_map(|member| member.hearing.ring.as_ref())
    }

    /// Notes what the kernel has to say, waiting for it at most `limit`.
    fn listen(&mut self, limit: Duration) {
        for told in self.listener.wait(limit) {
            let (worker, kind) = ((told >> KIND_BITS) as usize, told & ((1 << KIND_BITS) - 1));
            let Some(Some(member)) = self.members.get_mut(worker) else { continue };
            match kind {
                STREAM => {
                    member.readable = true;
                    // A stream that cannot be written to is about to end, and says so to its reader.
                    let _ends_soon = member.send_rest();
                }
                // What tells of a death may be a predecessor's, see `reap`, and nobody is buried alive.
                DEATH => member.dead = member.has_ended(),
                print => {
                    if let Some(at) = PRINTS.iter().position(|kind| *kind == print) {
                        member.prints[at].readable = true;
                    }
                }
            }
        }
        for at in 0..self.members.len() {
            self.tend(WorkerId(at as u32));
        }
        self.end_those_hung_up();
    }

    /// Listens no more to what has ended, and only to what is wanted.
    fn tend(&mut self, worker: WorkerId) {
        let Some(Some(member)) = self.members.get(worker.index()) else { return };
        if member.hung_up {
            if !self.hung_up.iter().any(|(known, _)| *known == worker) {
                self.listener.remove(member.stream());
                self.hung_up.push((worker, Instant::now()));
            }
        } else if member.readable && member.backlog_bytes() == 0 {
            self.listener.set_writing(member.stream(), label(worker, STREAM), false);
        }
    }

    /// A worker that closed its stream and does not exit would never be heard of again.
    fn end_those_hung_up(&mut self) {
        let members = &self.members;
        self.hung_up.retain(|(worker, since)| match members.get(worker.index()) {
            Some(Some(member)) if member.hung_up && !member.dead => {
                let overdue = since.elapsed() >= EXIT_GRACE;
                if overdue {
                    let _already_gone = member.kill(Signal::KILL);
                }
                !overdue
            }
            _ => false,
        });
    }

    /// Buries a worker that is dead, with its last words heard.
    fn reap(&mut self, at: usize) -> Option<News> {
        let worker = WorkerId(at as u32);
        let mut member = self.members[at].take()?;
        self.listen_no_more_to(&member);
        let exit = member.reap();
        Some(News::Died { worker, exit, fault: member.fault.take() })
    }
}

impl Pool for ProcessPool {
    fn spawn(&mut self, worker: WorkerId, job: &Job) -> io::Result<Spawned> {
        let (stream, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        let (out, their_out) = pipe_with(PipeFlags::CLOEXEC)?;
        let (err, their_err) = pipe_with(PipeFlags::CLOEXEC)?;
        for pipe in [&out, &err] {
            rustix::io::ioctl_fionbio(pipe, true)?;
        }
        let ring = match job.spec.transport {
            Transport::Ring => Some(Region::shared()?),
            Transport::Stream => None,
        };
        let child = Command::new("/proc/self/exe")
            .arg0("poolscope")
            .args(["worker", &worker.0.to_string()])
            .env(PARENT_VARIABLE, std::process::id().to_string())
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::from(their_out))
            .stderr(Stdio::from(their_err))
            .process_group(0)
            .spawn()?;
        let pid = child.id();
        let for_ring =
            ring.iter().flat_map(|(_, memory)| [memory.as_fd(), self.listener.bell().fd().as_fd()]);
        let given: Vec<_> = for_ring.chain(self.shared_lock.as_ref().map(AsFd::as_fd)).collect();
        let begun = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())
            .map_err(io::Error::from)
            .and_then(|pidfd| send_job(&stream, job, &given).map(|()| pidfd));
        let pidfd = match begun {
            Ok(pidfd) => pidfd,
            Err(error) => return Err(abort(child, error)),
        };
        let prints = [Capture::new(out, Level::Info), Capture::new(err, Level::Warning)];
        let hearing = Hearing::new(ring.map(|(region, _)| Consumer::new(region)));
        let member = Member::new(child, pidfd, stream, hearing, prints);
        if let Err(error) = self.listen_to(worker, &member) {
            self.listen_no_more_to(&member);
            return Err(abort(member.child, error));
        }
        if self.members.len() <= worker.index() {
            self.members.resize_with(worker.index() + 1, || None);
        }
        self.hung_up.retain(|(known, _)| *known != worker);
        self.members[worker.index()] = Some(member);
        Ok(Spawned { pid, tid: pid })
    }

    fn give(
        &mut self,
        worker: WorkerId,
        first: u32,
        count: u32,
        inputs: Vec<(TaskId, Vec<u8>)>,
    ) -> io::Result<()> {
        for (task, bytes) in inputs {
            self.send(worker, &Down::Input { task, bytes })?;
        }
        if let Some(ring) = &mut self.member(worker)?.hearing.ring {
            // Granted before they are sent: a worker that finds them on its list may begin them.
            ring.grant(count).map_err(io::Error::other)?;
        }
        self.send(worker, &Down::Chunk { first, count })
    }

    fn backlog_bytes(&self, worker: WorkerId) -> usize {
        self.members.get(worker.index()).and_then(Option::as_ref).map_or(0, Member::backlog_bytes)
    }

    fn recall(&mut self, worker: WorkerId, keep: u32) -> io::Result<Recall> {
        let Some(ring) = &mut self.member(worker)?.hearing.ring else {
            self.send(worker, &Down::Recall)?;
            return Ok(Recall::Asked);
        };
        let recalled = ring.recall(keep).map_err(io::Error::other)?;
        self.send(worker, &Down::Cut { generation: recalled.generation, end: recalled.end })?;
        Ok(Recall::Done(recalled.count))
    }

    fn quit(&mut self, worker: WorkerId) -> io::Result<()> {
        if self.member(worker)?.hearing.ring.is_some() {
            self.recall(worker, 0)?;
        }
        self.send(worker, &Down::Quit)
    }

    fn cancel(&mut self, worker: WorkerId, _task: TaskId) {
        // A dead worker cannot be cancelled, and its death is told in any case.
        let _already_gone = self.kill(worker, Signal::TERM.as_raw());
    }

    /// What runs is known by its start, or is killed when its worker does not quit.
    fn cancel_everything(&mut self) {}

    fn clear_cancel(&mut self, _worker: WorkerId) {}

    fn kill(&mut self, worker: WorkerId, signal: i32) -> io::Result<()> {
        let signal = Signal::from_named_raw(signal)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("no signal {signal}")))?;
        self.member(worker)?.kill(signal)
    }

    fn abandon(&mut self, worker: WorkerId) {
        let _already_gone = self.kill(worker, Signal::KILL.as_raw());
    }

    fn set_eager(&mut self, spare_core: bool) {
        self.eager = Eager::new(spare_core);
    }

    fn has_processes(&self) -> bool {
        true
    }

    fn wait(&mut self, limit: Duration) {
        self.turn = 0;
        let mut eager = self.eager;
        if limit.is_zero() || self.look() || eager.watch(|| self.look().then_some(())).is_some() {
            self.eager = eager;
            self.listen(Duration::ZERO);
            return;
        }
        self.eager = eager;
        self.rings().for_each(Consumer::ask_for_bell);
        settle_down();
        let limit = if self.look() { Duration::ZERO } else { limit };
        self.listen(limit);
        self.rings().for_each(Consumer::wake);
    }

    fn next(&mut self) -> Option<News> {
        while self.turn < self.members.len() {
            let at = self.turn;
            let worker = WorkerId(at as u32);
            if let Some(member) = &mut self.members[at] {
                if !member.spoke {
                    if member.dead {
                        // What it had sent by then is all there: these reads are its last.
                        member.readable = true;
                        member.prints.iter_mut().for_each(|print| print.readable = true);
                    }
                    let something = member.look(&mut self.buffer, self.clock);
                    member.spoke = something || member.prints.iter().any(Capture::has_lines);
                }
                if let Some(up) = member.next(&mut self.buffer) {
                    return Some(News::Up { worker, up });
                }
                member.hearing.release();
                if std::mem::take(&mut member.spoke) && !member.dead {
                    self.turn += 1;
                    return Some(News::Quiet { worker });
                }
                if member.dead && !member.readable {
                    for print in &mut member.prints {
                        print.end(self.clock);
                    }
                    if let Some(line) = member.next(&mut self.buffer) {
                        return Some(News::Up { worker, up: line });
                    }
                    self.turn += 1;
                    return self.reap(at);
                }
            }
            self.turn += 1;
        }
        None
    }

    fn join(&mut self, limit: Duration) {
        // Every worker is dead by now or was killed.
        let deadline = Instant::now() + limit;
        for mut member in self.members.drain(..).flatten() {
            let _already_gone = member.kill(Signal::KILL);
            while !member.has_ended() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(1));
            }
            if member.has_ended() {
                member.reap();
            }
        }
    }
}

/// The first message, and with it what the worker is given: the ring's memory, the bell, the lock's memory, as far as it
/// needs them. A new stream has room for that.
fn send_job(stream: &OwnedFd, job: &Job, given: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut frame = Vec::new();
    append_frame(&mut frame, &Down::Job(Box::new(job.clone()))).map_err(io::Error::other)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !given.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(given));
    }
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    match sendmsg(stream, &[IoSlice::new(&frame)], &mut ancillary, flags) {
        Ok(count) if count == frame.len() => Ok(()),
        Ok(_) => Err(io::Error::other("the spec does not fit into a worker's stream")),
        // It has died already, which is told like any other death.
        Err(rustix::io::Errno::PIPE | rustix::io::Errno::CONNRESET) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A child that nobody else knows of must not outlive the failure.
fn abort(mut child: Child, error: io::Error) -> io::Error {
    let _already_gone = child.kill();
    let _reaped = child.wait();
    error
}
