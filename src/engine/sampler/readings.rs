//! What the kernel counts of the calling thread, one reading a function.
#![expect(unsafe_code, reason = "getrusage for one thread has no safe wrapper")]

use std::{fs::File, os::unix::fs::FileExt};

use crate::ids::CoreId;

/// Switches and page faults of a thread since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) voluntary: u32,
    pub(super) involuntary: u32,
    pub(super) minor: u32,
    pub(super) major: u32,
}

impl Counts {
    /// Whether a thread that had these counts at one moment and `later` at another kept its core in between.
    pub(super) fn kept_its_core(self, later: Self) -> bool {
        (self.voluntary, self.involuntary) == (later.voluntary, later.involuntary)
    }
}

/// `None` where the kernel does not count by thread.
pub(super) fn thread_counts() -> Option<Counts> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: the pointer is to a whole `rusage`, which the call fills when it returns 0.
    let usage = unsafe {
        if libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) != 0 {
            return None;
        }
        usage.assume_init()
    };
    Some(Counts {
        voluntary: usage.ru_nvcsw as u32,
        involuntary: usage.ru_nivcsw as u32,
        minor: usage.ru_minflt as u32,
        major: usage.ru_majflt as u32,
    })
}

pub(super) fn current_core() -> CoreId {
    CoreId(rustix::thread::sched_getcpu() as u32)
}

/// The thread's own `schedstat`, kept open: opening it would cost more than all other readings together.
pub(super) struct Schedstat(File);

impl Schedstat {
    /// Of the thread that calls. `None` where the kernel keeps none.
    pub(super) fn open() -> Option<Self> {
        File::open("/proc/thread-self/schedstat").ok().map(Self)
    }

    /// The second number: nanoseconds this thread was runnable and had no core.
    pub(super) fn core_wait_ns(&self) -> Option<u64> {
        let mut buffer = [0; 80];
        let count = self.0.read_at(&mut buffer, 0).ok()?;
        let text = std::str::from_utf8(buffer.get(..count)?).ok()?;
        text.split_ascii_whitespace().nth(1)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_sleep_is_a_switch_and_its_counts_say_so() {
        let before = thread_counts().expect("Linux counts by thread");
        std::thread::sleep(Duration::from_millis(2));
        let after = thread_counts().expect("as before");
        assert!(!before.kept_its_core(after));
        assert!(before.kept_its_core(Counts { minor: before.minor + 1, ..before }));
    }
}
