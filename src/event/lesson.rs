//! What the processes of a lesson tell: who they are, what they share, and every operation on it.
//!
//! A lesson's run has a worker for each of its processes, in the order in which they were started; worker 0 is `main`.
//! That what each of them runs is a task, told by the ordinary events. These tell the rest.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{TaskId, WorkerId};

/// Things told that one lesson's run keeps; a teacher's longest takes a few thousand.
pub const MAX_TOLD: usize = 1 << 18;

/// Something that several processes share, by its place in the order in which a lesson's objects were told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectId(pub u32);

impl ObjectId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    Queue,
    /// One end of a pipe. Its other end is the next object, or the one before.
    PipeEnd,
    Array,
    Value,
    Lock,
    Semaphore,
    Event,
    Barrier,
}

/// What is done with an object, or with a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    Put,
    Get,
    /// Everything put into a queue is to be in the operating system's hands, as it must before its process may end.
    Flush,
    Send,
    Receive,
    Close,
    Read,
    Write,
    Acquire,
    Release,
    Set,
    Clear,
    /// For an event to be set.
    Wait,
    /// The others at a barrier.
    Meet,
    Start,
    Join,
    Kill,
    Sleep,
}

/// An operation begins that may have to wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Began {
    /// Counts this worker's operations; its [`Done`] has the same number.
    pub call: u32,
    pub verb: Verb,
    pub object: Option<ObjectId>,
    /// The process that is joined.
    pub whom: Option<WorkerId>,
    /// Of the role's program, from 1.
    pub line: u32,
}

/// An operation has taken effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Done {
    pub call: u32,
    pub verb: Verb,
    pub object: Option<ObjectId>,
    /// The process that was started, joined or killed.
    pub whom: Option<WorkerId>,
    pub line: u32,
    /// When it began; the event's own time is when it ended.
    pub began_ns: u64,
    /// The same for what was put or sent and for its getting or receiving.
    pub message: Option<u64>,
    /// Bytes of the message on its way.
    pub bytes: Option<u32>,
    /// Messages in the queue, or permits of the semaphore, after it.
    pub depth: Option<u32>,
    /// A cell that was read or written, with its value.
    pub cell: Option<(u32, i64)>,
    pub end: End,
    /// What was moved, as its program would print it.
    pub value: Option<Box<str>>,
}

/// How an operation came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    Ok,
    /// Nobody holds the other end of the pipe any more, and everything has been read.
    Eof,
    /// Nobody is left to read, or what came is torn.
    Broken,
    /// It has the lock, which somebody died with.
    AfterDeath,
    TimedOut,
    Failed(Box<str>),
}

/// One process that will wait for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiter {
    pub worker: WorkerId,
    pub verb: Verb,
    pub object: Option<ObjectId>,
    pub line: u32,
    /// Those who alone could end its wait, and are stuck or gone themselves. Empty where nobody could.
    pub needs: Vec<WorkerId>,
    /// Why it waits in vain, in a sentence.
    pub why: Box<str>,
}

/// What happened in a lesson.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// A process begins as a role. Its name is the role's, or one of its own where there are several.
    Role {
        name: Box<str>,
        role: Box<str>,
        parent: Option<WorkerId>,
        /// What it runs; `None` for a worker of a lesson's pool, which runs what it is given.
        task: Option<TaskId>,
    },
    Object {
        object: ObjectId,
        kind: ObjectKind,
        name: Box<str>,
        /// Messages, permits or parties, where there is such a number.
        capacity: Option<u32>,
        /// The cells of an array or value at first.
        cells: Vec<i64>,
    },
    Began(Began),
    Done(Done),
    /// A line that the process printed.
    Printed {
        line: u32,
        text: Box<str>,
    },
    /// These processes wait for one another, or for nobody: no process that is left could ever end it.
    Stuck {
        waiters: Vec<Waiter>,
        /// In words, for people.
        text: Box<str>,
    },
    /// The process is at this line of its program, and does there what is no operation: it writes into the log, or begins
    /// to start another.
    At {
        line: u32,
    },
}

impl Verb {
    /// As it stands in a program.
    pub fn name(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Get => "get",
            Self::Flush => "flush",
            Self::Send => "send",
            Self::Receive => "receive",
            Self::Close => "close",
            Self::Read => "read",
            Self::Write => "write",
            Self::Acquire => "acquire",
            Self::Release => "release",
            Self::Set => "set",
            Self::Clear => "clear",
            Self::Wait => "wait",
            Self::Meet => "meet",
            Self::Start => "start",
            Self::Join => "join",
            Self::Kill => "kill",
            Self::Sleep => "sleep",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
