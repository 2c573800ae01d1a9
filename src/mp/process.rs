//! Starting a process that runs one named entry of this program, and waiting for its end.

use std::{
    ffi::OsString,
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{net::UnixStream, process::CommandExt},
    },
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use crossbeam_channel::{Sender, bounded};
use rustix::{
    io::Errno,
    process::{
        Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, WaitIdStatus, pidfd_open, pidfd_send_signal, waitid,
    },
};

use super::{
    CHILD_ARGUMENT,
    memory::Deadline,
    package::Package,
    pipe::readable,
    trace::{self, Call, End, Verb},
};
use crate::{event::Exit, life::PARENT_VARIABLE};

/// A child that does not take its package for so long never will.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("`{entry}` cannot be started: {why}")]
    Spawn { entry: String, why: io::Error },
    #[error("`{entry}` was started and did not take its package: {why}")]
    Package { entry: String, why: io::Error },
}

/// Which program a child runs, and how it is told to be one. By default this one.
#[derive(Clone, Debug)]
pub struct Starter {
    pub program: PathBuf,
    /// Must lead the program to [`super::run_if_child`] or [`super::run_child`].
    pub args: Vec<OsString>,
}

impl Default for Starter {
    fn default() -> Self {
        Self { program: "/proc/self/exe".into(), args: vec![CHILD_ARGUMENT.into()] }
    }
}

impl Starter {
    /// Starts a process that runs the entry, with what is in the package. It dies with this process, whichever of its threads
    /// asked for it.
    pub fn start(&self, entry: &str, package: Package) -> Result<Process, StartError> {
        let call = Call::quick(Verb::Start, None, None);
        let started = self.start_untold(entry, &package);
        // The child has its own by now.
        drop(package);
        let pid = started.as_ref().ok().map(Process::pid);
        call.done(|| trace::end_of(&started), |done| done.pid = pid);
        started
    }

    fn start_untold(&self, entry: &str, package: &Package) -> Result<Process, StartError> {
        let failed = |why: io::Error| StartError::Spawn { entry: entry.to_owned(), why };
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        ours.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
        let mut command = Command::new(&self.program);
        command
            .arg0(std::env::args_os().next().unwrap_or_else(|| self.program.clone().into()))
            .args(&self.args)
            .env(PARENT_VARIABLE, std::process::id().to_string())
            .stdin(Stdio::from(OwnedFd::from(theirs)));
        let process = on_the_starting_thread(command).map_err(failed)?;
        match package.give(entry, &ours) {
            Ok(()) => Ok(process),
            // It has died already, which is told like any other death.
            Err(error) if is_gone(&error) => Ok(process),
            Err(why) => {
                let _already_gone = process.shared.signal(Signal::KILL);
                Err(StartError::Package { entry: entry.to_owned(), why })
            }
        }
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

/// The kernel ends a child with the *thread* that spawned it. All are therefore spawned by one that never ends.
fn on_the_starting_thread(command: Command) -> io::Result<Process> {
    type Order = (Command, Sender<io::Result<Process>>);
    static STARTER: OnceLock<Option<Sender<Order>>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (orders, ordered) = bounded::<Order>(1);
        let serve = move || {
            for (command, reply) in ordered {
                let _nobody_waits = reply.send(spawn(command));
            }
        };
        thread::Builder::new().name("mp-starter".into()).spawn(serve).ok().map(|_| orders)
    });
    let starter =
        starter.as_ref().ok_or_else(|| io::Error::other("no thread could be had to start it on"))?;
    let gone = || io::Error::other("the thread that starts processes is gone");
    let (reply, replied) = bounded(1);
    starter.send((command, reply)).map_err(|_| gone())?;
    replied.recv().map_err(|_| gone())?
}

fn spawn(mut command: Command) -> io::Result<Process> {
    let mut child = command.spawn()?;
    // Nobody has reaped it, so that the id is still its own.
    match pidfd_open(Pid::from_child(&child), PidfdFlags::empty()) {
        Ok(pidfd) => {
            Ok(Process { shared: Arc::new(Shared { pid: child.id(), pidfd, exit: Mutex::default() }) })
        }
        Err(error) => {
            let _already_gone = child.kill();
            let _reaped = child.wait();
            Err(error.into())
        }
    }
}

/// A child process.
///
/// Dropping it neither ends the process nor waits for it; it is reaped when it ends. It ends at the latest with this
/// process.
#[derive(Debug)]
pub struct Process {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pid: u32,
    pidfd: OwnedFd,
    /// Known once it is reaped.
    exit: Mutex<Option<Exit>>,
}

impl Process {
    /// By [`Starter::default`].
    pub fn start(entry: &str, package: Package) -> Result<Self, StartError> {
        Starter::default().start(entry, package)
    }

    pub fn pid(&self) -> u32 {
        self.shared.pid
    }

    /// Waits for its end.
    pub fn join(&self) -> io::Result<Exit> {
        let ended = self.join_by(Deadline::default())?;
        ended.ok_or_else(|| io::ErrorKind::TimedOut.into())
    }

    /// `None` when it still runs after that time.
    pub fn join_timeout(&self, timeout: Duration) -> io::Result<Option<Exit>> {
        self.join_by(Deadline::after(timeout))
    }

    fn join_by(&self, deadline: Deadline) -> io::Result<Option<Exit>> {
        let call = Call::begin(Verb::Join, None, Some(self.shared.pid));
        let joined = readable(&self.shared.pidfd, deadline)
            .and_then(|ended| if ended { self.shared.reap(WaitIdOptions::empty()) } else { Ok(None) });
        let end = || match &joined {
            Ok(None) => End::TimedOut,
            joined => trace::end_of(joined),
        };
        call.done(end, |_| {});
        joined
    }

    /// How it ended, if it has; without waiting.
    pub fn exit(&self) -> Option<Exit> {
        self.shared.reap(WaitIdOptions::NOHANG).ok().flatten()
    }

    /// With SIGKILL. That it has ended already is no error.
    pub fn kill(&self) -> io::Result<()> {
        self.signal(Signal::KILL.as_raw())
    }

    /// That it has ended already is no error.
    pub fn signal(&self, number: i32) -> io::Result<()> {
        let call = Call::quick(Verb::Kill, None, Some(self.shared.pid));
        let sent = match Signal::from_named_raw(number) {
            Some(signal) => self.shared.signal(signal),
            None => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("there is no signal {number}"))),
        };
        call.done(|| trace::end_of(&sent), |_| {});
        sent
    }

    /// Calls `tell` at once when it ends, from a thread of its own. It does not count as joined by that.
    pub fn watch(&self, tell: impl FnOnce(Exit) + Send + 'static) -> io::Result<()> {
        let shared = self.shared.clone();
        let watch = move || {
            if let Some(exit) = shared.look() {
                tell(exit);
            }
        };
        thread::Builder::new().name("mp-watch".into()).spawn(watch).map(|_| ())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !matches!(self.shared.reap(WaitIdOptions::NOHANG), Ok(None)) {
            return;
        }
        let shared = self.shared.clone();
        let reap = move || {
            let _nobody_asks = readable(&shared.pidfd, Deadline::default());
            let _reaped = shared.reap(WaitIdOptions::empty());
        };
        // Without the thread it stays a zombie until this process ends, and no longer.
        let _stays = thread::Builder::new().name("mp-reaper".into()).spawn(reap);
    }
}

impl Shared {
    fn exit(&self) -> MutexGuard<'_, Option<Exit>> {
        self.exit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of its end, once.
    fn reap(&self, how: WaitIdOptions) -> io::Result<Option<Exit>> {
        let mut exit = self.exit();
        if exit.is_none() {
            *exit = self.wait(WaitIdOptions::EXITED | how)?;
        }
        Ok(*exit)
    }

    /// Waits for its end and leaves it to be reaped.
    fn look(&self) -> Option<Exit> {
        match self.wait(WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Ok(exit) => exit,
            // Somebody was quicker, and has taken note.
            Err(_) => *self.exit(),
        }
    }

    fn wait(&self, how: WaitIdOptions) -> io::Result<Option<Exit>> {
        let status = rustix::io::retry_on_intr(|| waitid(WaitId::PidFd(self.pidfd.as_fd()), how))?;
        Ok(status.as_ref().and_then(exit_of))
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(&self.pidfd, signal) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn exit_of(status: &WaitIdStatus) -> Option<Exit> {
    status.exit_status().map(Exit::Code).or_else(|| status.terminating_signal().map(Exit::Signal))
}
