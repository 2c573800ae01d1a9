//! What a task cost the thread that ran it, read by that thread itself right before and right after.
#![expect(unsafe_code, reason = "getrusage for one thread has no safe wrapper")]

use std::{fs::File, os::unix::fs::FileExt};

use crate::{
    event::Usage,
    ids::CoreId,
    spec::{Kind, Spec, Telemetry},
    time::{NS_PER_MS, NS_PER_US, thread_cpu_ns},
};

/// Below this expected length, full measurement would cost a noticeable part of the task.
const FULL_FROM_NS: u64 = 50 * NS_PER_US;

/// Resolves `auto` by how long a task of this spec can be expected to run.
pub(in crate::engine) fn resolve_level(spec: &Spec) -> Telemetry {
    if spec.telemetry != Telemetry::Auto {
        return spec.telemetry;
    }
    // Rough costs of one unit of size on a core of today; only the order of magnitude matters here.
    let expected_ns = match spec.workload {
        Kind::Noop | Kind::Square => 0,
        Kind::Sleep | Kind::Spin | Kind::Mixed | Kind::Lock | Kind::Fault | Kind::Primes => spec.size,
        Kind::Hash => spec.size.saturating_mul(100),
        Kind::Matmul => spec.size.saturating_pow(3) / 4,
        Kind::Mandelbrot => spec.size.saturating_mul(1_000),
        // Making and hashing the buffer, and each way through it.
        Kind::Memory => (spec.size / 16).saturating_mul(2 + spec.param("passes") as u64),
        Kind::Sort => spec.size.saturating_mul(30),
        // What waits for a disk takes a millisecond at least.
        Kind::File if spec.param("fsync") > 0.0 => NS_PER_MS,
        Kind::File => spec.size / 2,
        Kind::Payload => spec.size / 10,
    };
    if expected_ns >= FULL_FROM_NS { Telemetry::Full } else { Telemetry::Basic }
}

#[derive(Clone, Copy)]
struct Counts {
    voluntary: u32,
    involuntary: u32,
    minor: u32,
    major: u32,
}

/// A reading before a task.
pub(in crate::engine) struct Mark {
    cpu_ns: u64,
    core_wait_ns: Option<u64>,
    counts: Option<Counts>,
    core: Option<CoreId>,
}

/// Measures tasks of one thread; must be made on that thread.
pub(in crate::engine) struct TaskMeter {
    level: Telemetry,
    /// Kept open: opening it would cost more than all the rest.
    schedstat: Option<File>,
}

impl TaskMeter {
    /// `level` is never `Auto` here; if it were, everything would be measured.
    pub(in crate::engine) fn new(level: Telemetry) -> Self {
        let schedstat = match level {
            Telemetry::Off | Telemetry::Basic => None,
            Telemetry::Full | Telemetry::Auto => File::open("/proc/thread-self/schedstat").ok(),
        };
        Self { level, schedstat }
    }

    fn is_full(&self) -> bool {
        matches!(self.level, Telemetry::Full | Telemetry::Auto)
    }

    pub(in crate::engine) fn begin(&self) -> Mark {
        if self.level == Telemetry::Off {
            return Mark { cpu_ns: 0, core_wait_ns: None, counts: None, core: None };
        }
        // The CPU clock comes last here and first at the end, so that it does not count the other readings.
        let core_wait_ns = self.core_wait_ns();
        let counts = self.is_full().then(thread_counts).flatten();
        let core = self.is_full().then(current_core);
        Mark { cpu_ns: thread_cpu_ns(), core_wait_ns, counts, core }
    }

    pub(in crate::engine) fn end(&self, mark: &Mark) -> Usage {
        if self.level == Telemetry::Off {
            return Usage::default();
        }
        let cpu_ns = Some(thread_cpu_ns().saturating_sub(mark.cpu_ns));
        if !self.is_full() {
            return Usage { cpu_ns, ..Usage::default() };
        }
        let core_wait_ns =
            self.core_wait_ns().zip(mark.core_wait_ns).map(|(now, then)| now.saturating_sub(then));
        let counts = thread_counts().zip(mark.counts);
        let since =
            |pick: fn(&Counts) -> u32| counts.map(|(now, then)| pick(&now).saturating_sub(pick(&then)));
        Usage {
            cpu_ns,
            core_wait_ns,
            voluntary_switches: since(|counts| counts.voluntary),
            involuntary_switches: since(|counts| counts.involuntary),
            minor_faults: since(|counts| counts.minor),
            major_faults: since(|counts| counts.major),
            first_core: mark.core,
            last_core: Some(current_core()),
            ..Usage::default()
        }
    }

    /// The second number of schedstat: nanoseconds this thread was runnable and had no core.
    fn core_wait_ns(&self) -> Option<u64> {
        let mut buffer = [0; 80];
        let count = self.schedstat.as_ref()?.read_at(&mut buffer, 0).ok()?;
        let text = std::str::from_utf8(buffer.get(..count)?).ok()?;
        text.split_ascii_whitespace().nth(1)?.parse().ok()
    }
}

fn current_core() -> CoreId {
    CoreId(rustix::thread::sched_getcpu() as u32)
}

fn thread_counts() -> Option<Counts> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_measures_what_it_says() {
        for (level, cpu, rest) in
            [(Telemetry::Off, false, false), (Telemetry::Basic, true, false), (Telemetry::Full, true, true)]
        {
            let meter = TaskMeter::new(level);
            let usage = meter.end(&meter.begin());
            assert_eq!(usage.cpu_ns.is_some(), cpu, "{level:?}");
            assert_eq!(usage.minor_faults.is_some(), rest, "{level:?}");
            assert_eq!(usage.last_core.is_some(), rest, "{level:?}");
        }
    }

    #[test]
    fn cpu_time_grows_with_work() {
        let meter = TaskMeter::new(Telemetry::Basic);
        let mark = meter.begin();
        let until = thread_cpu_ns() + 2_000_000;
        while thread_cpu_ns() < until {}
        assert!(meter.end(&mark).cpu_ns.is_some_and(|cpu_ns| cpu_ns >= 2_000_000));
    }
}
