//! The one vocabulary of a run: what engines say ([`Event`]) and what sessions ask ([`Command`]).
//!
//! Events come in the order in which the engine's dispatcher saw them. All times are nanoseconds since the run's
//! origin, see [`crate::time::RunClock`]. The live window, the command line and every export see a run only through
//! these.

pub mod lesson;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    ids::{CoreId, TaskId, WorkerId},
    spec::Spec,
    time::RunClock,
    workload::Value,
};

/// Raised whenever [`Event`] or [`Command`] changes shape; both sides must agree on it.
pub const PROTOCOL_VERSION: u32 = 3;

/// The machine a run took place on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Host {
    pub os: String,
    pub kernel: String,
    pub cpu: String,
    /// Logical CPUs that are online.
    pub cores: u32,
    /// Cores that this process may really use at once: the smaller of its affinity mask and its cgroup quota.
    pub usable_cores: f64,
    pub memory_bytes: u64,
    /// CPUs in the affinity mask.
    pub affinity: u32,
    /// CPU quota of the cgroup in cores, where there is one.
    pub cgroup_quota: Option<f64>,
}

/// What is known of a run from its first moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    pub spec: Spec,
    pub host: Host,
    pub clock: RunClock,
    pub engine_pid: u32,
    /// `off`, `basic` or `full`: `auto` is already resolved.
    pub telemetry: crate::spec::Telemetry,
    /// What measuring one task at this level costs here, in nanoseconds; `None` for `off`, or where it was not measured.
    pub telemetry_cost_ns: Option<u64>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exit {
    Code(i32),
    Signal(i32),
}

/// How one attempt of a task ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Ok,
    /// The task panicked, or said why it cannot be done; the worker lives.
    Failed(Box<str>),
    /// The worker died under the task.
    Crashed(Exit),
    TimedOut,
    Cancelled,
}

/// What an attempt cost. `None` is "not measured at this telemetry level".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// CPU time of the thread that ran it.
    pub cpu_ns: Option<u64>,
    /// Time runnable but without a core (`schedstat`).
    pub core_wait_ns: Option<u64>,
    /// Switches because the task waited for something.
    pub voluntary_switches: Option<u32>,
    /// Switches because the scheduler took the core away.
    pub involuntary_switches: Option<u32>,
    pub minor_faults: Option<u32>,
    pub major_faults: Option<u32>,
    pub first_core: Option<CoreId>,
    pub last_core: Option<CoreId>,
    /// Bytes moved to the worker for the task to work on.
    pub bytes_in: u32,
    /// Bytes of its result.
    pub bytes_out: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    Debug,
    Info,
    Warning,
    Error,
}

impl Level {
    pub const ALL: [Self; 4] = [Self::Debug, Self::Info, Self::Warning, Self::Error];
}

/// Share of one sampling interval that a core spent in each state, 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CoreLoad {
    pub user: f32,
    pub system: f32,
    pub iowait: f32,
    pub steal: f32,
}

impl CoreLoad {
    /// User and system together.
    pub fn busy(self) -> f32 {
        self.user + self.system
    }
}

/// A worker as the operating system sees it at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkerSample {
    /// CPU use since the sample before, in cores: 1.0 is one core fully busy.
    pub cpu: f32,
    /// CPU time since the worker started.
    pub cpu_ns: u64,
    /// Resident memory. Threads share their engine's.
    pub rss_bytes: u64,
    /// Proportional share of resident memory, where it was read.
    pub pss_bytes: Option<u64>,
    /// The state letter of `/proc/PID/stat`: R, S, D, T, Z …
    pub state: char,
    pub core: Option<CoreId>,
    pub voluntary_switches: u64,
    pub involuntary_switches: u64,
}

/// A lock that a run's workers share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LockKind {
    /// The one that all threads of the backend `gil` take turns at: a simulation of `CPython`'s global interpreter
    /// lock.
    Gil,
    /// The one around the counter that all tasks share, [`crate::workload::TaskContext::locked`].
    Shared,
}

impl LockKind {
    pub const ALL: [Self; 2] = [Self::Gil, Self::Shared];

    /// As people read it, wherever a lock is spoken of.
    pub fn label(self) -> &'static str {
        match self {
            Self::Gil => "simulated GIL",
            Self::Shared => "shared lock",
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Every task has ended by itself, well or not.
    Finished,
    /// Stopped before all tasks had run.
    Interrupted,
    /// The run could not start.
    Failed,
    /// The engine died, or had no worker left.
    Lost,
}

/// One attempt of one task has ended: its whole story, so that nothing need be remembered of its start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When the task entered the queue.
    pub enqueued_ns: u64,
    /// When it left the queue for this worker.
    pub dispatched_ns: u64,
    /// Begin of the run time, by the worker's clock reading.
    pub start_ns: u64,
    /// End of the run time, by the worker's clock reading; for a crash, when the death was seen.
    pub t_ns: u64,
    /// When the dispatcher took in the result.
    pub received_ns: u64,
    pub worker: WorkerId,
    pub task: TaskId,
    /// 0 for the first attempt.
    pub attempt: u32,
    pub outcome: Outcome,
    /// False when the task will be tried again.
    pub last: bool,
    pub usage: Usage,
    pub value: Value,
}

/// What an engine says of its run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Opens the stream.
    Hello {
        protocol: u32,
        engine: String,
        build: String,
    },
    /// The pool starts; the run's clock reads 0.
    RunStarted(Box<RunInfo>),
    /// A worker exists, but is not ready. `restart` counts its predecessors in this place that were lost, not those that
    /// the pool let go when it shrank.
    WorkerSpawned {
        t_ns: u64,
        worker: WorkerId,
        pid: u32,
        tid: u32,
        restart: u32,
    },
    WorkerReady {
        t_ns: u64,
        worker: WorkerId,
    },
    /// Every worker is ready.
    PoolReady {
        t_ns: u64,
    },
    /// An attempt began. `enqueued_ns` is when the task entered the queue, `dispatched_ns` when it left it. Not told of an
    /// attempt that had ended before its start could be told.
    Started {
        t_ns: u64,
        worker: WorkerId,
        task: TaskId,
        attempt: u32,
        enqueued_ns: u64,
        dispatched_ns: u64,
    },
    Ended(Ended),
    /// A worker let go of a lock: it waited from `asked_ns` to `got_ns`, and held the lock from then to `released_ns`; for
    /// no time at all where it gave up waiting. Holds that follow one another without a wait and without a gap may be told
    /// as one; `task` is then the first one's.
    Lock {
        worker: WorkerId,
        task: TaskId,
        lock: LockKind,
        asked_ns: u64,
        got_ns: u64,
        released_ns: u64,
    },
    /// `expected` is false for a death that nobody asked for.
    WorkerExited {
        t_ns: u64,
        worker: WorkerId,
        exit: Exit,
        expected: bool,
    },
    /// Load of every core over the interval that ends at `t_ns`, in the order of the kernel's numbers.
    Cores {
        t_ns: u64,
        loads: Vec<CoreLoad>,
    },
    Worker {
        t_ns: u64,
        worker: WorkerId,
        sample: WorkerSample,
    },
    /// The engine process itself, all its threads.
    Engine {
        t_ns: u64,
        sample: WorkerSample,
    },
    /// Tasks waiting in the queue; handed to workers and not ended; ended for good.
    Queue {
        t_ns: u64,
        queued: u32,
        in_flight: u32,
        done: u32,
    },
    Paused {
        t_ns: u64,
    },
    Resumed {
        t_ns: u64,
    },
    /// The pool now has room for so many workers.
    Resized {
        t_ns: u64,
        workers: u32,
    },
    /// No further task is handed out.
    Stopping {
        t_ns: u64,
    },
    Log {
        t_ns: u64,
        worker: Option<WorkerId>,
        level: Level,
        text: String,
    },
    /// Of a lesson's processes, see [`lesson`]. `worker` is the one that tells, or `None` for the engine.
    Lesson {
        t_ns: u64,
        worker: Option<WorkerId>,
        told: Box<lesson::Told>,
    },
    /// Closes the stream. `reason` says why where the status is not `finished`.
    RunEnded {
        t_ns: u64,
        status: Status,
        reason: Option<String>,
    },
}

impl Event {
    /// When it happened; `None` for what belongs to the stream and not to the run.
    pub fn t_ns(&self) -> Option<u64> {
        match self {
            Self::Hello { .. } => None,
            Self::RunStarted(_) => Some(0),
            Self::Ended(ended) => Some(ended.received_ns),
            Self::Lock { released_ns, .. } => Some(*released_ns),
            Self::WorkerSpawned { t_ns, .. }
            | Self::WorkerReady { t_ns, .. }
            | Self::PoolReady { t_ns }
            | Self::Started { t_ns, .. }
            | Self::WorkerExited { t_ns, .. }
            | Self::Cores { t_ns, .. }
            | Self::Worker { t_ns, .. }
            | Self::Engine { t_ns, .. }
            | Self::Queue { t_ns, .. }
            | Self::Paused { t_ns }
            | Self::Resumed { t_ns }
            | Self::Resized { t_ns, .. }
            | Self::Stopping { t_ns }
            | Self::Log { t_ns, .. }
            | Self::Lesson { t_ns, .. }
            | Self::RunEnded { t_ns, .. } => Some(*t_ns),
        }
    }
}

/// What a session asks of an engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// The first command, once; with the text of the spec's lesson where the engine does not carry it.
    Start(Box<Spec>, Option<Box<str>>),
    /// Hand out nothing more; running tasks get a moment to end, then are cancelled.
    Stop,
    /// End everything at once.
    Cancel,
    /// Start no further task. Running ones go on.
    Pause,
    Resume,
    /// From now on so many workers, 1 to [`crate::spec::MAX_WORKERS`]. Those beyond end after their running task.
    Resize(u32),
    /// Send a signal to one worker process.
    KillWorker {
        worker: WorkerId,
        signal: i32,
    },
}

/// `SIGSEGV` for 11, and so on; the number for signals without a common name.
pub fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        10 => "SIGUSR1",
        11 => "SIGSEGV",
        12 => "SIGUSR2",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        17 => "SIGCHLD",
        18 => "SIGCONT",
        19 => "SIGSTOP",
        _ => return format!("signal {signal}"),
    };
    name.to_owned()
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit {code}"),
            Self::Signal(signal) => f.write_str(&signal_name(*signal)),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Failed(message) => write!(f, "failed: {message}"),
            Self::Crashed(exit) => write!(f, "crashed ({exit})"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Finished => "finished",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
            Self::Lost => "lost",
        })
    }
}
