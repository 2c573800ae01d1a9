//! The side of the person: launches engines, takes in their events, keeps the runs. Never runs a task.
//!
//! One thread a run, the *ingest*, reads the engine's events and its stderr and feeds the run's [`RunStore`]; viewers
//! get snapshots of it. Commands go the other way through the engine's stdin. Closing that stdin ends the engine, and a
//! session that is killed closes it by dying.

mod desktop;

use std::{
    io::{self, Read, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal},
};
use thiserror::Error;

pub use self::desktop::show_folder;
use crate::{
    engine::{
        life::PARENT_VARIABLE,
        processes::exit_of,
        wire::{FrameReader, append_frame},
    },
    event::{Command, Event, Level, PROTOCOL_VERSION},
    record::{Recorder, Recording},
    spec::Spec,
    store::RunStore,
    units,
};

/// Called from the ingest thread after a new snapshot was published.
pub type Notify = Arc<dyn Fn() + Send + Sync>;

/// Between two snapshots of a busy run.
const PUBLISH_EVERY: Duration = Duration::from_millis(50);
/// An engine whose session lets go of it must have ended by then.
const LEAVE_LIMIT: Duration = Duration::from_secs(1);
/// Of one line of an engine's stderr, this much is kept.
const LINE_LIMIT: usize = 4096;
/// Of all of it, with what its threads print, this much.
const ERRORS_LIMIT: usize = 256 << 10;

#[derive(Debug, Error)]
pub enum LaunchError {
    #[error("the engine could not be started: {program}: {source}")]
    Spawn { program: PathBuf, source: io::Error },
    #[error("the engine could not be given its spec: {0}")]
    Spec(io::Error),
    #[error("no thread could be started to follow the run: {0}")]
    Thread(io::Error),
}

/// Starts engines from one executable.
#[derive(Clone, Debug)]
pub struct Launcher {
    pub program: PathBuf,
}

impl Launcher {
    /// Engines are this executable again, even if its file was replaced or removed meanwhile.
    pub fn this_program() -> Self {
        Self { program: PathBuf::from("/proc/self/exe") }
    }

    /// Starts one run, see [`Self::launch_recorded`].
    pub fn launch(&self, spec: Spec, notify: Notify) -> Result<RunHandle, LaunchError> {
        self.launch_recorded(spec, notify, None)
    }

    /// Starts one run of a lesson whose engine does not carry it, from the text of its file; else as
    /// [`Self::launch_recorded`].
    pub fn launch_lesson(
        &self,
        spec: Spec,
        text: &str,
        notify: Notify,
        recorder: Option<Recorder>,
    ) -> Result<RunHandle, LaunchError> {
        self.launch_with(spec, Some(text.into()), notify, recorder)
    }

    /// Starts one run, and hands the recorder everything that it tells. To be called on a thread that lives as long as the
    /// session: the engine is killed when the thread that launched it ends.
    pub fn launch_recorded(
        &self,
        spec: Spec,
        notify: Notify,
        recorder: Option<Recorder>,
    ) -> Result<RunHandle, LaunchError> {
        self.launch_with(spec, None, notify, recorder)
    }

    fn launch_with(
        &self,
        spec: Spec,
        lesson: Option<Box<str>>,
        notify: Notify,
        recorder: Option<Recorder>,
    ) -> Result<RunHandle, LaunchError> {
        let mut child = std::process::Command::new(&self.program)
            .arg0("poolscope")
            .arg("engine")
            .env(PARENT_VARIABLE, std::process::id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|source| LaunchError::Spawn { program: self.program.clone(), source })?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(LaunchError::Spec(io::ErrorKind::BrokenPipe.into()));
        };
        let shared = Arc::new(Shared {
            snapshot: Mutex::new(Arc::new(RunStore::default())),
            commands: Mutex::new(Some(stdin)),
            recorder,
        });
        let ready = shared
            .write(&Command::Start(Box::new(spec.clone()), lesson))
            .and_then(|()| Ok(pidfd_open(Pid::from_child(&child), PidfdFlags::empty())?))
            .and_then(|pidfd: OwnedFd| Ok((pidfd.try_clone()?, pidfd)));
        let (ended, pidfd) = ready.map_err(|error| {
            let _already_gone = child.kill();
            let _reaped = child.wait();
            LaunchError::Spec(error)
        })?;
        let ingest = Ingest {
            child,
            ended,
            frames: FrameReader::default(),
            store: RunStore::default(),
            shared: Arc::clone(&shared),
            notify,
            line: Vec::new(),
            kept: 0,
            dropped: 0,
            published: Instant::now(),
            changed: false,
            fault: None,
        };
        let thread = std::thread::Builder::new()
            .name("ingest".to_owned())
            .spawn(move || ingest.run(stdout, stderr))
            .map_err(LaunchError::Thread)?;
        Ok(RunHandle { spec, shared, pidfd, thread: Some(thread) })
    }
}

struct Shared {
    /// Held only while the pointer is copied or replaced.
    snapshot: Mutex<Arc<RunStore>>,
    /// `None` once the run is over.
    commands: Mutex<Option<ChildStdin>>,
    recorder: Option<Recorder>,
}

impl Shared {
    fn write(&self, command: &Command) -> io::Result<()> {
        let mut frame = Vec::new();
        append_frame(&mut frame, command).map_err(io::Error::other)?;
        match self.commands.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(stdin) => stdin.write_all(&frame),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn close(&self) {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// One run, live or over. Dropping it ends a live run.
pub struct RunHandle {
    spec: Spec,
    shared: Arc<Shared>,
    pidfd: OwnedFd,
    thread: Option<JoinHandle<()>>,
}

impl RunHandle {
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The run as far as it is known now.
    pub fn snapshot(&self) -> Arc<RunStore> {
        Arc::clone(&self.shared.snapshot.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends a command. To an engine that has ended it does nothing: the next snapshot tells of the end.
    pub fn send(&self, command: &Command) {
        let _engine_has_ended = self.shared.write(command);
    }

    /// Ends the engine by force, and its workers with it. The run is lost.
    pub fn kill(&self) {
        let _already_gone = pidfd_send_signal(&self.pidfd, Signal::KILL);
    }

    /// Until the engine has ended and its last event is in the snapshot.
    pub fn is_live(&self) -> bool {
        self.snapshot().phase.is_live()
    }

    /// The run's file, and where its recording stands; `None` for a run that is not recorded.
    pub fn recording(&self) -> Option<(&Path, Recording)> {
        self.shared.recorder.as_ref().map(|recorder| (recorder.path(), recorder.state()))
    }

    /// What of its record is not written yet is given up; for somebody who cannot wait.
    pub fn hurry_record(&self) {
        if let Some(recorder) = &self.shared.recorder {
            recorder.hurry();
        }
    }

    /// Waits for the end of the run, and for its record to be written.
    pub fn wait(&mut self) -> Arc<RunStore> {
        if let Some(thread) = self.thread.take() {
            let _panic_leaves_the_last_snapshot = thread.join();
        }
        if let Some(recorder) = &self.shared.recorder {
            recorder.wait();
        }
        self.snapshot()
    }
}

impl Drop for RunHandle {
    fn drop(&mut self) {
        self.shared.close();
        let left = Timespec { tv_sec: LEAVE_LIMIT.as_secs().cast_signed(), tv_nsec: 0 };
        // A descriptor of a process reads as ready once that has ended.
        let mut ended = [PollFd::new(&self.pidfd, PollFlags::IN)];
        if !poll(&mut ended, Some(&left)).is_ok_and(|ready| ready > 0) {
            self.kill();
        }
        self.wait();
    }
}

struct Ingest {
    child: Child,
    /// Readable once the engine has ended.
    ended: OwnedFd,
    frames: FrameReader,
    store: RunStore,
    shared: Arc<Shared>,
    notify: Notify,
    /// The unfinished last line of stderr.
    line: Vec<u8>,
    /// Bytes of stderr that were kept, and those that were not.
    kept: usize,
    dropped: u64,
    published: Instant,
    changed: bool,
    /// Why the engine's stream cannot be followed any further.
    fault: Option<String>,
}

impl Ingest {
    fn run(mut self, mut stdout: ChildStdout, mut stderr: ChildStderr) {
        let mut buffer = vec![0; 256 << 10];
        let (mut events_open, mut errors_open) = (true, true);
        while events_open || errors_open {
            let due = PUBLISH_EVERY.saturating_sub(self.published.elapsed());
            let [events, errors, ended] = readable(
                [
                    events_open.then_some(stdout.as_fd()),
                    errors_open.then_some(stderr.as_fd()),
                    Some(self.ended.as_fd()),
                ],
                self.changed.then_some(due),
            );
            // Somebody whom a task left behind may hold the streams open for ever. What the engine itself has said is all
            // there once it has ended.
            if ended && !events && !errors {
                break;
            }
            if errors {
                errors_open = self.read_errors(&mut stderr, &mut buffer);
            }
            if events {
                events_open = self.read_events(&mut stdout, &mut buffer);
            }
            if self.changed && self.published.elapsed() >= PUBLISH_EVERY {
                self.publish();
            }
        }
        self.finish();
    }

    /// False at the end of the stream.
    fn read_events(&mut self, stdout: &mut ChildStdout, buffer: &mut [u8]) -> bool {
        let count = match stdout.read(buffer) {
            Ok(0) => return false,
            Ok(count) => count,
            Err(error) => return error.kind() == io::ErrorKind::Interrupted,
        };
        if let Some(recorder) = &self.shared.recorder {
            recorder.bytes(&buffer[..count]);
        }
        // Taken out for the while, since each event changes the rest of what is here.
        let mut frames = std::mem::take(&mut self.frames);
        frames.push(&buffer[..count]);
        let more = loop {
            match frames.next_batch(|event| self.take(event)) {
                Ok(true) => {}
                Ok(false) => break true,
                Err(error) => {
                    self.fault = Some(format!("its events cannot be read: {error}"));
                    let _already_gone = self.child.kill();
                    break false;
                }
            }
        };
        self.frames = frames;
        more
    }

    fn take(&mut self, event: Event) {
        self.changed = true;
        if let Event::Hello { protocol, engine, .. } = &event
            && *protocol != PROTOCOL_VERSION
        {
            self.fault = Some(format!(
                "the {engine} engine speaks protocol {protocol}, this session {PROTOCOL_VERSION}"
            ));
            let _already_gone = self.child.kill();
        }
        self.store.apply(event);
    }

    /// False at the end of the stream.
    fn read_errors(&mut self, stderr: &mut ChildStderr, buffer: &mut [u8]) -> bool {
        let count = match stderr.read(buffer) {
            Ok(0) => 0,
            Ok(count) => count,
            Err(error) => return error.kind() == io::ErrorKind::Interrupted,
        };
        let keep = count.min(ERRORS_LIMIT - self.kept);
        self.kept += keep;
        self.dropped += (count - keep) as u64;
        for &byte in &buffer[..keep] {
            if byte == b'\n' {
                self.log_line();
            } else if self.line.len() < LINE_LIMIT {
                self.line.push(byte);
            }
        }
        count > 0
    }

    fn log_line(&mut self) {
        let text = String::from_utf8_lossy(&std::mem::take(&mut self.line)).trim_end().to_owned();
        if !text.is_empty() {
            let t_ns = self.now_ns();
            let event = Event::Log { t_ns, worker: None, level: Level::Warning, text };
            if let Some(recorder) = &self.shared.recorder {
                recorder.event(&event);
            }
            self.take(event);
        }
    }

    fn now_ns(&self) -> u64 {
        self.store.info.as_ref().map_or(0, |info| info.clock.now_ns())
    }

    fn publish(&mut self) {
        let snapshot = Arc::new(self.store.clone());
        *self.shared.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = snapshot;
        self.published = Instant::now();
        self.changed = false;
        (self.notify)();
    }

    /// The streams have ended, so the engine has, or will in a moment.
    fn finish(mut self) {
        self.log_line();
        if self.dropped > 0 {
            let dropped = units::bytes(self.dropped);
            self.line =
                format!("{dropped} more that the engine and its threads printed were not kept").into();
            self.log_line();
        }
        self.shared.close();
        let _is_waited_for_below = poll(&mut [PollFd::new(&self.ended, PollFlags::IN)], None);
        // Its group goes with it, as it is not reaped yet: children that a thread left behind are in there.
        let _group_may_be_empty = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let exit = self.child.wait().ok().map(exit_of);
        if self.store.phase.is_live() {
            let how = exit.map_or_else(|| "for an unknown reason".to_owned(), |exit| exit.to_string());
            let cut = self.frames.finish().is_err();
            let reason = self.fault.take().unwrap_or_else(|| {
                let half = if cut { " in the middle of telling an event" } else { "" };
                format!("the engine died{half}: {how}")
            });
            let t_ns = self.now_ns();
            if let Some(recorder) = &self.shared.recorder {
                recorder.lost(t_ns, exit, &reason);
            }
            self.store.lost(t_ns, exit, reason);
        }
        if let Some(recorder) = &self.shared.recorder {
            recorder.finish(Arc::new(self.store.clone()));
        }
        self.publish();
    }
}

/// Which of some descriptors can be read (or have ended), waiting for one at most `limit`.
fn readable<const N: usize>(
    fds: [Option<std::os::fd::BorrowedFd<'_>>; N],
    limit: Option<Duration>,
) -> [bool; N] {
    let limit = limit.map(|limit| Timespec {
        tv_sec: limit.as_secs().cast_signed(),
        tv_nsec: i64::from(limit.subsec_nanos()),
    });
    let mut polled: Vec<PollFd<'_>> =
        fds.iter().flatten().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
    if poll(&mut polled, limit.as_ref()).is_err() {
        return [false; N];
    }
    let mut ready = polled.iter().map(|fd| !fd.revents().is_empty());
    fds.map(|fd| fd.is_some() && ready.next().unwrap_or(false))
}
