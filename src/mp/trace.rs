//! Tells an observer of every operation on a primitive: when it began, how it ended, and on what.
//!
//! One observer a process, set once by [`observe`]. Where nobody observes, an operation costs one load more and reads no
//! clock. Each primitive tells of what its caller asked for; what it does inside, such as a queue taking its own locks, is
//! not told.

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

use serde::{Deserialize, Serialize};

pub use crate::event::lesson::{End, Verb};
use crate::time::monotonic_ns;

/// One primitive, or one end of a pipe; the same in all processes that share it.
///
/// The upper 32 bits are the process that made it, the lower a counter of that process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectId(pub u64);

impl ObjectId {
    pub(super) fn next() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        Self(of_this_process(NEXT.fetch_add(1, Ordering::Relaxed)))
    }
}

/// A new number for a message, which no other process gives to another message.
pub(super) fn next_message() -> u64 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    of_this_process(NEXT.fetch_add(1, Ordering::Relaxed))
}

fn of_this_process(count: u32) -> u64 {
    u64::from(std::process::id()) << 32 | u64::from(count)
}

/// An operation that may block is about to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Began {
    /// Counts the operations of this process; [`Done::call`] of the same operation is the same.
    pub call: u64,
    pub verb: Verb,
    pub object: Option<ObjectId>,
    /// The process that is waited for, for [`Verb::Join`].
    pub pid: Option<u32>,
    /// `CLOCK_MONOTONIC`, nanoseconds.
    pub t_ns: u64,
}

/// An operation has taken effect, or has failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    pub call: u64,
    pub verb: Verb,
    pub object: Option<ObjectId>,
    /// The other process, for [`Verb::Start`], [`Verb::Join`] and [`Verb::Kill`]; the dead holder, for [`End::AfterDeath`].
    pub pid: Option<u32>,
    /// `CLOCK_MONOTONIC`, nanoseconds, as is `ended_ns`.
    pub began_ns: u64,
    pub ended_ns: u64,
    /// The message that was sent or received.
    pub message: Option<u64>,
    /// What its frame takes in the pipe, with header and padding.
    pub bytes: Option<u32>,
    /// Messages in the queue, or free permits, right after it.
    pub depth: Option<u32>,
    /// Index and value of the cell that was read or written.
    pub cell: Option<(u32, i64)>,
    pub end: End,
}

/// Is told on the thread that performs the operation, so that it had better be quick.
pub trait Observer: Send + Sync {
    /// Before an operation that may block: a get, a flush, a send, a receive, an acquire, a wait, a meeting, a join, or a put
    /// into a bounded queue.
    fn began(&self, began: &Began);

    /// After every operation.
    fn done(&self, done: &Done);
}

static OBSERVER: OnceLock<Box<dyn Observer>> = OnceLock::new();

/// Sets the observer of this process. False when it has one already, which it keeps.
pub fn observe(observer: Box<dyn Observer>) -> bool {
    OBSERVER.set(observer).is_ok()
}

/// One operation on its way; nothing at all where nobody observes.
#[must_use]
pub(super) struct Call(Option<Done>);

impl Call {
    /// An operation that does not block.
    pub(super) fn quick(verb: Verb, object: Option<ObjectId>, pid: Option<u32>) -> Self {
        static CALLS: AtomicU64 = AtomicU64::new(0);
        Self(OBSERVER.get().map(|_| Done {
            call: CALLS.fetch_add(1, Ordering::Relaxed),
            verb,
            object,
            pid,
            began_ns: monotonic_ns(),
            ended_ns: 0,
            message: None,
            bytes: None,
            depth: None,
            cell: None,
            end: End::Ok,
        }))
    }

    /// An operation that may block: tells that it begins.
    pub(super) fn begin(verb: Verb, object: Option<ObjectId>, pid: Option<u32>) -> Self {
        let call = Self::quick(verb, object, pid);
        if let (Some(done), Some(observer)) = (&call.0, OBSERVER.get()) {
            let Done { call, verb, object, pid, began_ns: t_ns, .. } = *done;
            observer.began(&Began { call, verb, object, pid, t_ns });
        }
        call
    }

    /// Tells how it ended; `tell` adds what is known by now.
    pub(super) fn done(self, end: impl FnOnce() -> End, tell: impl FnOnce(&mut Done)) {
        if let (Some(mut done), Some(observer)) = (self.0, OBSERVER.get()) {
            done.ended_ns = monotonic_ns();
            done.end = end();
            tell(&mut done);
            observer.done(&done);
        }
    }
}

/// How an input or output operation ended.
pub(super) fn end_of<T>(result: &Result<T, impl std::fmt::Display>) -> End {
    match result {
        Ok(_) => End::Ok,
        Err(error) => End::Failed(error.to_string().into()),
    }
}
