//! What workers' time goes into.

use serde::{Serialize, Serializer};

/// What a stretch of a worker's time went into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// CPU time in tasks; all of a task's time where its CPU time was not measured.
    Useful,
    /// Ready to run inside a task, but without a core. Only known at telemetry level `full`.
    WaitingForCore,
    /// Waiting inside a task for a lock that workers share, by the worker's own clock. A waiter that was woken and has
    /// no core yet is still waiting for the lock.
    Lock,
    /// The rest of the tasks' time: sleeping, or waiting for input and output. Below `full` it includes the time
    /// without a core.
    Blocked,
    /// From when the pool first wanted the worker, or wanted it again, until it was ready.
    Starting,
    /// From ready to the first task.
    FirstTask,
    /// Between two tasks while there was work: the pool was slow to hand it out.
    Dispatch,
    /// Between two tasks, the last result on its way to the engine or the next task on its way here. Only told apart
    /// where the next task left the queue after the last one had ended; with tasks kept in advance it hides in work.
    Transfer,
    /// Nothing left to do while others still worked.
    Tail,
    /// From a death until the worker that took the place was ready.
    Restarting,
    /// Kept from starting a task by a pause.
    Paused,
}

pub const PARTS: usize = Part::ALL.len();

impl Part {
    /// In the order of their names in reports.
    pub const ALL: [Self; 11] = [
        Self::Useful,
        Self::WaitingForCore,
        Self::Lock,
        Self::Blocked,
        Self::Starting,
        Self::FirstTask,
        Self::Dispatch,
        Self::Transfer,
        Self::Tail,
        Self::Restarting,
        Self::Paused,
    ];

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Useful => "useful",
            Self::WaitingForCore => "waiting_for_core",
            Self::Lock => "lock",
            Self::Blocked => "blocked",
            Self::Starting => "starting",
            Self::FirstTask => "first_task",
            Self::Dispatch => "dispatch",
            Self::Transfer => "transfer",
            Self::Tail => "tail",
            Self::Restarting => "restarting",
            Self::Paused => "paused",
        }
    }

    /// What it is, for people.
    pub fn about(self) -> &'static str {
        match self {
            Self::Useful => "CPU time in tasks; all of their time where CPU time was not measured",
            Self::WaitingForCore => "ready to run, but every core was taken",
            Self::Lock => "in a task, waiting for a lock that workers share",
            Self::Blocked => "in a task, asleep or waiting for input or output",
            Self::Starting => "until the worker was ready",
            Self::FirstTask => "from ready to the first task",
            Self::Dispatch => "between two tasks, while the pool had yet to hand one out",
            Self::Transfer => "between two tasks, with a result or a task on its way",
            Self::Tail => "nothing left to do while others still worked",
            Self::Restarting => "from a death until somebody was ready in its place",
            Self::Paused => "kept from working by a pause",
        }
    }

    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::WaitingForCore => "waiting for core",
            Self::FirstTask => "first task",
            other => other.name(),
        }
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
