//! What one worker had to do with the locks of its run: how long it waited for each, and how long it held it.

use super::Chunked;
use crate::event::LockKind;

/// One use of a lock that is over: waiting from `asked_ns` to `got_ns`, holding from then to `released_ns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockSpan {
    pub asked_ns: u64,
    pub got_ns: u64,
    pub released_ns: u64,
}

impl LockSpan {
    pub fn waited_ns(&self) -> u64 {
        self.got_ns - self.asked_ns
    }

    pub fn held_ns(&self) -> u64 {
        self.released_ns - self.got_ns
    }
}

/// A worker's uses of locks, a column for each kind. Within a column they are in order of time and never overlap, so
/// that all three times of its spans are sorted; no span is empty.
#[derive(Clone, Debug, Default)]
pub struct Locks {
    columns: [Chunked<LockSpan>; LockKind::ALL.len()],
}

impl Locks {
    pub fn of(&self, kind: LockKind) -> &Chunked<LockSpan> {
        &self.columns[kind as usize]
    }

    pub fn is_empty(&self) -> bool {
        self.columns.iter().all(Chunked::is_empty)
    }

    /// The uses that were over by then.
    #[must_use]
    pub fn upto(&self, t_ns: u64) -> Self {
        let over = |column: &Chunked<LockSpan>| {
            column.prefix(column.partition_point(|span| span.released_ns <= t_ns))
        };
        Self { columns: self.columns.each_ref().map(over) }
    }

    /// Adds a use, cut to where the one before it leaves room. False for one of which nothing is left then.
    pub fn push(&mut self, kind: LockKind, span: LockSpan) -> bool {
        let column = &mut self.columns[kind as usize];
        let asked_ns = span.asked_ns.max(column.last().map_or(0, |last| last.released_ns));
        let got_ns = span.got_ns.max(asked_ns);
        let released_ns = span.released_ns.max(got_ns);
        let any = released_ns > asked_ns;
        if any {
            column.push(LockSpan { asked_ns, got_ns, released_ns });
        }
        any
    }

    /// Time within `from_ns..to_ns` in which the worker waited for any lock. Where the records say that it waited for
    /// two at once, that time counts once. Costs a search, and a step for each use within the interval.
    pub fn waited_ns(&self, from_ns: u64, to_ns: u64) -> u64 {
        let mut next = [0; LockKind::ALL.len()];
        for (next, column) in next.iter_mut().zip(&self.columns) {
            *next = column.partition_point(|span| span.got_ns <= from_ns);
        }
        let (mut at_ns, mut waited_ns) = (from_ns, 0);
        loop {
            let heads =
                self.columns.iter().enumerate().filter_map(|(at, column)| Some((at, column.get(next[at])?)));
            let Some((at, span)) =
                heads.min_by_key(|(_, span)| span.asked_ns).filter(|(_, span)| span.asked_ns < to_ns)
            else {
                return waited_ns;
            };
            next[at] += 1;
            let end_ns = span.got_ns.min(to_ns);
            waited_ns += end_ns.saturating_sub(span.asked_ns.max(at_ns));
            at_ns = at_ns.max(end_ns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::Random;

    fn span(asked_ns: u64, got_ns: u64, released_ns: u64) -> LockSpan {
        LockSpan { asked_ns, got_ns, released_ns }
    }

    #[test]
    fn a_span_stays_small() {
        assert!(size_of::<LockSpan>() <= 32);
    }

    #[test]
    fn what_overlaps_is_cut_and_what_is_empty_is_dropped() {
        let mut locks = Locks::default();
        for (given, kept) in [
            (span(10, 20, 30), true),
            (span(25, 28, 50), true),
            (span(10, 20, 40), false),
            (span(60, 55, 58), false),
            (span(70, 60, 90), true),
        ] {
            assert_eq!(locks.push(LockKind::Gil, given), kept, "{given:?}");
        }
        let spans: Vec<_> = locks.of(LockKind::Gil).iter().copied().collect();
        assert_eq!(spans, [span(10, 20, 30), span(30, 30, 50), span(70, 70, 90)]);
        assert!(locks.push(LockKind::Shared, span(0, 5, 6)), "kinds do not crowd each other");
    }

    #[test]
    fn waiting_is_counted_as_by_walking_every_nanosecond() {
        for seed in 0..200 {
            let mut random = Random::new(seed);
            let mut locks = Locks::default();
            let mut waits = [false; 200];
            for kind in LockKind::ALL {
                let mut at = random.below(20);
                while at < 180 {
                    let (got, released) = (at + random.below(9), at + 9 + random.below(5));
                    locks.push(kind, span(at, got, released));
                    waits[at as usize..got as usize].fill(true);
                    at = released + random.below(30);
                }
            }
            for _ in 0..20 {
                let from = random.below(200);
                let to = from + random.below(200 - from);
                let walked = waits[from as usize..to as usize].iter().filter(|&&waits| waits).count();
                assert_eq!(locks.waited_ns(from, to), walked as u64, "seed {seed}: {from}..{to}");
            }
        }
    }
}
