//! What a worker tells of its uses of locks: one record each time it lets go, except that holds which follow one another
//! without a wait and without a gap become one. Very short tasks that take a free lock would else tell of it each time.

use serde::{Deserialize, Serialize};

use crate::{
    event::{Event, LockKind},
    ids::{TaskId, WorkerId},
};

/// One use of a lock that is over. Of several as one, `task` is the first one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LockRecord {
    pub(crate) lock: LockKind,
    pub(crate) task: TaskId,
    pub(crate) asked_ns: u64,
    pub(crate) got_ns: u64,
    pub(crate) released_ns: u64,
}

impl LockRecord {
    pub(super) fn event(self, worker: WorkerId) -> Event {
        let Self { lock, task, asked_ns, got_ns, released_ns } = self;
        Event::Lock { worker, task, lock, asked_ns, got_ns, released_ns }
    }

    /// Whether `next` goes on where this one ends, so that both can be told as one and nothing is lost.
    fn runs_on_into(&self, next: &Self) -> bool {
        next.got_ns <= next.asked_ns && next.asked_ns == self.released_ns
    }
}

/// Keeps back the last use of each kind until it is known whether the next one goes on from it.
#[derive(Debug, Default)]
pub(super) struct LockLog {
    open: [Option<LockRecord>; LockKind::ALL.len()],
}

impl LockLog {
    /// Notes a use that is over. Gives back the one before it, where that is finished by this.
    pub(super) fn released(&mut self, next: LockRecord) -> Option<LockRecord> {
        let open = &mut self.open[next.lock as usize];
        match open {
            Some(last) if last.runs_on_into(&next) => {
                last.released_ns = next.released_ns;
                None
            }
            _ => open.replace(next),
        }
    }

    /// What is kept back, in order of time: to be told before the worker falls idle, for then nothing follows soon.
    pub(super) fn finish(&mut self) -> impl Iterator<Item = LockRecord> {
        let mut records = std::mem::take(&mut self.open);
        records.sort_by_key(|record| record.map(|record| record.released_ns));
        records.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(lock: LockKind, task: u32, times: [u64; 3]) -> LockRecord {
        let [asked_ns, got_ns, released_ns] = times;
        LockRecord { lock, task: TaskId(task), asked_ns, got_ns, released_ns }
    }

    fn gil(task: u32, times: [u64; 3]) -> LockRecord {
        used(LockKind::Gil, task, times)
    }

    /// What is told of these uses, in order.
    fn told(uses: impl IntoIterator<Item = LockRecord>) -> Vec<LockRecord> {
        let mut log = LockLog::default();
        let mut told: Vec<_> = uses.into_iter().filter_map(|next| log.released(next)).collect();
        told.extend(log.finish());
        assert_eq!(log.finish().count(), 0, "nothing is told twice");
        told
    }

    #[test]
    fn a_record_is_told_with_all_its_times() {
        let event = used(LockKind::Shared, 4, [1, 2, 3]).event(WorkerId(7));
        let expected = Event::Lock {
            worker: WorkerId(7),
            task: TaskId(4),
            lock: LockKind::Shared,
            asked_ns: 1,
            got_ns: 2,
            released_ns: 3,
        };
        assert_eq!(event, expected);
    }

    #[test]
    fn a_million_short_tasks_on_a_free_lock_are_one_record() {
        let uses = (0..1_000_000).map(|task| gil(task, [0, 0, 1].map(|ns| u64::from(task) + ns)));
        assert_eq!(told(uses), [gil(0, [0, 0, 1_000_000])]);
    }

    #[test]
    fn a_wait_or_a_gap_ends_a_record() {
        let first = gil(0, [0, 5, 10]);
        for (next, apart) in [
            ([10, 10, 20], false),
            ([10, 11, 20], true),
            ([11, 11, 20], true),
            // Clocks that ran backwards are no reason to bend what was told before.
            ([9, 9, 20], true),
        ] {
            let told = told([first, gil(1, next)]);
            assert_eq!(told.len(), if apart { 2 } else { 1 }, "{next:?}");
            assert_eq!((told[0].asked_ns, told[0].got_ns), (0, 5), "the first wait stays");
        }
    }

    #[test]
    fn kinds_are_kept_apart_and_told_in_order_of_time() {
        let shared = |task, times| used(LockKind::Shared, task, times);
        let uses = [gil(0, [0, 0, 10]), shared(0, [3, 4, 6]), gil(1, [10, 10, 30]), shared(1, [12, 15, 20])];
        assert_eq!(told(uses), [shared(0, [3, 4, 6]), shared(1, [12, 15, 20]), gil(0, [0, 0, 30])]);
    }

    #[test]
    fn merging_loses_neither_waiting_nor_holding() {
        let (mut at, mut uses) = (0, Vec::new());
        for step in 0..1000_u64 {
            let asked_ns = at + (step % 3).saturating_sub(1);
            let got_ns = asked_ns + (step % 5).saturating_sub(3);
            at = got_ns + step % 7;
            uses.push(gil(step as u32, [asked_ns, got_ns, at]));
        }
        let sums = |records: &[LockRecord]| {
            let waited: u64 = records.iter().map(|record| record.got_ns - record.asked_ns).sum();
            let held: u64 = records.iter().map(|record| record.released_ns - record.got_ns).sum();
            (waited, held)
        };
        let told = told(uses.iter().copied());
        assert!(told.len() < uses.len());
        assert_eq!(sums(&told), sums(&uses));
    }
}
