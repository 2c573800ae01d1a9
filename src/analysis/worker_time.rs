//! Where the workers' time went: every nanosecond of every worker, from the run's start to its end, in exactly one part.
//! Of a pool that was resized, a worker's time is that in which the pool had room for it, and whatever it spent in tasks
//! beyond that.
//!
//! A worker is either inside a span or in a gap. A span is cut by what was measured in it; a gap by what the worker was
//! waiting for. Where several reasons hold at once, the worker's own life comes first (starting, restarting), then a
//! pause, then the pool.

mod intervals;
mod part;
mod sweep;
#[cfg(test)]
mod tests;

use serde::{Serialize, Serializer, ser::SerializeMap};

use self::sweep::{Pool, Sweep};
pub use self::{
    intervals::{Intervals, intervals},
    part::{PARTS, Part},
};
use super::PartsTotal;
use crate::{event::Usage, ids::WorkerId, store::RunStore};

/// One worker's time in nanoseconds, indexed by [`Part`] in the order of [`Part::ALL`].
pub type PartsNs = [u64; PARTS];

/// The account of all workers' time. Serializes as fractions by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerTime {
    end_ns: u64,
    per_worker: Vec<PartsNs>,
}

impl WorkerTime {
    /// `None` while no time has passed or no worker is wanted: then there is nothing to divide.
    ///
    /// An ended run is counted up to its last task's end, a live one up to now.
    pub fn new(store: &RunStore) -> Option<Self> {
        let pool = Pool::of(store)?;
        let workers = (0..).map(WorkerId).zip(&store.lanes);
        let per_worker: Vec<_> = workers
            .map(|(worker, lane)| Sweep::run(&pool, lane, store.wanted_ns(worker), [0; PARTS]))
            .collect();
        let time = Self { end_ns: pool.end_ns, per_worker };
        (time.whole_ns() > 0).then_some(time)
    }

    /// Up to when every worker's time is counted.
    pub fn end_ns(&self) -> u64 {
        self.end_ns
    }

    /// One entry a worker, by its place. Each sums to [`Self::end_ns`], less the time in which the pool had no room for
    /// the worker and it was in no task.
    pub fn per_worker(&self) -> &[PartsNs] {
        &self.per_worker
    }

    /// A part of all workers' time together, 0 to 1.
    pub fn fraction(&self, part: Part) -> f64 {
        let sum: u128 = self.per_worker.iter().map(|parts| u128::from(parts[part as usize])).sum();
        sum as f64 / self.whole_ns() as f64
    }

    /// The time of one worker, by its place.
    pub fn of_worker(&self, at: usize) -> Option<PartsTotal> {
        self.per_worker.get(at).copied().map(PartsTotal::new)
    }

    /// The same by worker as [`PartsTotal`].
    pub fn totals(&self) -> Vec<PartsTotal> {
        self.per_worker.iter().copied().map(PartsTotal::new).collect()
    }

    /// All workers' time together.
    pub fn total(&self) -> PartsTotal {
        let mut total = [0u64; PARTS];
        for parts in &self.per_worker {
            for (sum, ns) in total.iter_mut().zip(parts) {
                *sum = sum.saturating_add(*ns);
            }
        }
        PartsTotal::new(total)
    }

    fn whole_ns(&self) -> u128 {
        self.per_worker.iter().flatten().map(|&ns| u128::from(ns)).sum()
    }
}

impl Serialize for WorkerTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(PARTS))?;
        for part in Part::ALL {
            map.serialize_entry(part.name(), &self.fraction(part))?;
        }
        map.end()
    }
}

/// One attempt's time by what was measured in it. The four always sum to its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanParts {
    pub useful_ns: u64,
    pub waiting_for_core_ns: u64,
    pub lock_ns: u64,
    pub blocked_ns: u64,
}

impl SpanParts {
    /// Measures that contradict the length are cut: CPU time goes first, then the wait for locks, then that for a core,
    /// which overlaps the one for locks wherever a waiter was woken before it had a core.
    pub fn new(length_ns: u64, usage: &Usage, lock_ns: u64) -> Self {
        let cpu_ns = usage.cpu_ns.map(|cpu_ns| cpu_ns.min(length_ns));
        let mut rest_ns = length_ns - cpu_ns.unwrap_or(0);
        let mut take = |wanted_ns: u64| {
            let taken_ns = wanted_ns.min(rest_ns);
            rest_ns -= taken_ns;
            taken_ns
        };
        let lock_ns = take(lock_ns);
        let waiting_for_core_ns = take(usage.core_wait_ns.unwrap_or(0));
        match cpu_ns {
            Some(useful_ns) => Self { useful_ns, waiting_for_core_ns, lock_ns, blocked_ns: rest_ns },
            None => Self { useful_ns: rest_ns, waiting_for_core_ns, lock_ns, blocked_ns: 0 },
        }
    }
}
