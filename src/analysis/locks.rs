//! What a run's locks cost its workers.

use serde::Serialize;

use crate::{
    event::LockKind,
    store::{LockSpan, RunStore},
    units,
};

/// All uses of one lock, of all workers together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LockTotals {
    /// How often a worker had to wait. A lock that was free when asked for is no wait.
    pub waits: u64,
    pub waited_ns: u64,
    pub held_ns: u64,
    pub longest_wait_ns: u64,
}

/// The locks of a run; null for one that nobody used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LocksReport {
    /// A simulation of `CPython`'s global interpreter lock.
    pub gil: Option<LockTotals>,
    /// The lock around the counter that all tasks share.
    pub shared: Option<LockTotals>,
}

impl LockTotals {
    fn of(store: &RunStore, kind: LockKind) -> Option<Self> {
        let mut spans = store.lanes.iter().flat_map(|lane| lane.locks.of(kind).iter()).peekable();
        spans.peek()?;
        Some(spans.fold(Self::default(), Self::with))
    }

    fn with(self, span: &LockSpan) -> Self {
        let waited_ns = span.waited_ns();
        Self {
            waits: self.waits + u64::from(waited_ns > 0),
            waited_ns: self.waited_ns.saturating_add(waited_ns),
            held_ns: self.held_ns.saturating_add(span.held_ns()),
            longest_wait_ns: self.longest_wait_ns.max(waited_ns),
        }
    }

    /// `waited 312 ms in 60 waits, the longest 15.1 ms, held 980 ms`
    fn words(&self) -> String {
        let held = units::duration(self.held_ns);
        if self.waits == 0 {
            return format!("never waited for, held {held}");
        }
        let plural = if self.waits == 1 { "" } else { "s" };
        format!(
            "waited {} in {} wait{plural}, the longest {}, held {held}",
            units::duration(self.waited_ns),
            units::count(self.waits),
            units::duration(self.longest_wait_ns),
        )
    }
}

impl LocksReport {
    /// `None` for a run that used no lock.
    pub(super) fn new(store: &RunStore) -> Option<Self> {
        let (gil, shared) = (LockTotals::of(store, LockKind::Gil), LockTotals::of(store, LockKind::Shared));
        (gil.is_some() || shared.is_some()).then_some(Self { gil, shared })
    }

    pub(super) fn waited_ns(&self) -> u64 {
        [self.gil, self.shared]
            .into_iter()
            .flatten()
            .fold(0, |sum, totals| sum.saturating_add(totals.waited_ns))
    }

    /// Each lock that was used, in words.
    pub(super) fn lines(&self) -> Vec<String> {
        [(LockKind::Gil, self.gil), (LockKind::Shared, self.shared)]
            .into_iter()
            .filter_map(|(kind, totals)| Some(format!("{}: {}", kind.label(), totals?.words())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{spec::Backend, store::testing::*};

    #[test]
    fn totals_are_of_all_workers_and_kinds_apart() {
        let mut store = store([run_started(spec(Backend::Threads, 2, 4)), started(0, 0, 0, 0)]);
        assert_eq!(LocksReport::new(&store), None);
        store.apply(started(0, 1, 1, 0));
        for event in [
            locked(0, 0, LockKind::Gil, [0, 0, 5_000_000]),
            locked(1, 1, LockKind::Gil, [0, 5_000_000, 10_000_000]),
            locked(0, 0, LockKind::Gil, [5_000_000, 10_000_000, 12_000_000]),
        ] {
            store.apply(event);
        }
        let report = LocksReport::new(&store).expect("a lock was used");
        let gil =
            LockTotals { waits: 2, waited_ns: 10_000_000, held_ns: 12_000_000, longest_wait_ns: 5_000_000 };
        assert_eq!(report, LocksReport { gil: Some(gil), shared: None });
        assert_eq!(
            report.lines(),
            ["simulated GIL: waited 10.0 ms in 2 waits, the longest 5.00 ms, held 12.0 ms"]
        );
        let json = serde_json::to_value(report).expect("serializes");
        assert_eq!(json["gil"]["longest_wait_ns"], 5_000_000);
        assert!(json["shared"].is_null());
        store.apply(locked(0, 0, LockKind::Shared, [1, 1, 2]));
        let report = LocksReport::new(&store).expect("locks were used");
        assert_eq!(report.lines()[1], "shared lock: never waited for, held 1 ns");
    }
}
