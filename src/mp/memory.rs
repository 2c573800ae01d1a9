//! Cells in memory that several processes share, and waiting until one of them changes.

use std::{
    io,
    ops::Deref,
    os::fd::{AsFd, OwnedFd},
    sync::atomic::AtomicU32,
    time::Duration,
};

use rustix::thread::futex;

use crate::{
    mapping::{Mapping, Shareable},
    time::monotonic_ns,
};

/// The longest sleep of a waiter: how late it may notice that a wake-up went to a process that died of it, or that a holder
/// did.
///
/// The kernel has no sleep that ends with either, a change of a word or the end of a process. Its list of robust futexes
/// belongs to a thread and not to a process, and each thread's one list is the C library's; a pidfd can be waited for, but not
/// together with a futex, so that every waiter would need a second thread for as long as it waits.
pub(super) const SLICE: Duration = Duration::from_millis(20);

/// Cells, zero at first, with the file they are in so that it can be given on.
#[derive(Debug)]
pub(super) struct Cells<T> {
    mapping: Mapping<T>,
    file: OwnedFd,
}

impl<T: Shareable> Cells<T> {
    pub(super) fn create(length: usize) -> io::Result<Self> {
        let (mapping, file) = Mapping::create("poolscope-mp", length)?;
        Ok(Self { mapping, file })
    }

    pub(super) fn open(file: OwnedFd, length: usize) -> io::Result<Self> {
        Ok(Self { mapping: Mapping::open(&file, length)?, file })
    }

    /// A copy of the descriptor, for another process.
    pub(super) fn file(&self) -> io::Result<OwnedFd> {
        self.file.as_fd().try_clone_to_owned()
    }
}

impl<T: Shareable> Deref for Cells<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.mapping
    }
}

/// When to give up; never, for the default.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deadline(Option<u64>);

impl Deadline {
    pub(super) fn after(timeout: Duration) -> Self {
        let timeout = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
        Self(Some(monotonic_ns().saturating_add(timeout)))
    }

    /// What is left, none when it is unlimited.
    pub(super) fn left(self) -> Option<Duration> {
        self.0.map(|at| Duration::from_nanos(at.saturating_sub(monotonic_ns())))
    }

    pub(super) fn is_over(self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }

    /// How long to sleep at a time.
    pub(super) fn slice(self) -> Duration {
        self.left().map_or(SLICE, |left| left.min(SLICE))
    }
}

/// Sleeps while the word is `expected`, for a slice at most. It may return early: look again.
pub(super) fn sleep_while(word: &AtomicU32, expected: u32, slice: Duration) {
    let _looks_again = futex::wait(word, futex::Flags::empty(), expected, Some(&timespec(slice)));
}

/// Wakes so many of those who sleep on the word.
pub(super) fn wake(word: &AtomicU32, count: u32) {
    let _nobody_slept = futex::wake(word, futex::Flags::empty(), count);
}

/// Everybody, as the kernel counts them.
pub(super) const ALL: u32 = i32::MAX as u32;

pub(super) fn timespec(time: Duration) -> rustix::time::Timespec {
    // A longer wait than a century is cut to one: the kernel takes no more than 63 bits of seconds.
    let seconds = time.as_secs().min(100 * 366 * 86_400);
    rustix::time::Timespec { tv_sec: seconds as i64, tv_nsec: i64::from(time.subsec_nanos()) }
}
