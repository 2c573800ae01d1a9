//! The one clock of a run: `CLOCK_MONOTONIC` nanoseconds since the run's origin.
//!
//! Every process on the host reads the same kernel clock, so an origin taken by the engine and passed to its workers
//! makes their times comparable without any exchange. Wall-clock time is kept beside it, once, as an anchor: a run's
//! durations do not change when somebody sets the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, Timespec, clock_gettime};
use serde::{Deserialize, Serialize};

pub const NS_PER_US: u64 = 1_000;
pub const NS_PER_MS: u64 = 1_000_000;
pub const NS_PER_S: u64 = 1_000_000_000;

fn nanos(ts: Timespec) -> u64 {
    ts.tv_sec as u64 * NS_PER_S + ts.tv_nsec as u64
}

/// Nanoseconds of `CLOCK_MONOTONIC`, the same in every process of this host since boot.
pub fn monotonic_ns() -> u64 {
    nanos(clock_gettime(ClockId::Monotonic))
}

/// CPU time that the calling thread has used, in nanoseconds.
pub fn thread_cpu_ns() -> u64 {
    nanos(clock_gettime(ClockId::ThreadCPUTime))
}

/// CPU time that all threads of this process have used together, in nanoseconds.
pub fn process_cpu_ns() -> u64 {
    nanos(clock_gettime(ClockId::ProcessCPUTime))
}

/// Nanoseconds since the Unix epoch by the wall clock.
pub fn unix_ns() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX))
}

/// Seconds as a plot wants them.
pub fn secs(ns: u64) -> f64 {
    ns as f64 / NS_PER_S as f64
}

/// Nanoseconds from a plot's seconds; what lies before the run becomes its start.
pub fn ns_from_secs(secs: f64) -> u64 {
    (secs.max(0.0) * NS_PER_S as f64) as u64
}

/// When a run began, on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunClock {
    /// `CLOCK_MONOTONIC` at the run's start, in nanoseconds.
    pub origin_ns: u64,
    /// Wall clock at the same moment, nanoseconds since the Unix epoch.
    pub unix_ns: u64,
}

impl RunClock {
    pub fn start_now() -> Self {
        Self { origin_ns: monotonic_ns(), unix_ns: unix_ns() }
    }

    /// Nanoseconds since the run began.
    pub fn now_ns(self) -> u64 {
        monotonic_ns().saturating_sub(self.origin_ns)
    }

    /// Wall-clock time of a moment of the run, nanoseconds since the Unix epoch.
    pub fn unix_at(self, t_ns: u64) -> u64 {
        self.unix_ns.saturating_add(t_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_clock_counts_from_its_origin() {
        let clock = RunClock { origin_ns: monotonic_ns() - 5 * NS_PER_S, unix_ns: 7 };
        assert!(clock.now_ns() >= 5 * NS_PER_S);
        assert_eq!(clock.unix_at(3), 10);
    }

    #[test]
    fn a_clock_from_the_future_reads_zero_instead_of_wrapping() {
        let clock = RunClock { origin_ns: u64::MAX, unix_ns: 0 };
        assert_eq!(clock.now_ns(), 0);
    }

    #[test]
    fn plot_seconds_before_the_run_are_its_start() {
        assert_eq!(ns_from_secs(-1.0), 0);
        assert_eq!(ns_from_secs(1.5), 1_500_000_000);
    }
}
