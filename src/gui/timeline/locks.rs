//! Waiting for locks, as the timeline shows it: how much of any interval, and where inside a bar. Pure, and its cost
//! follows the pixels, not the uses of locks, of which one bar may hold a million.

use crate::{
    event::LockKind,
    gui::plots::TimeScale,
    store::{Chunked, Lane, LockSpan, Locks},
};

/// A wait this wide stands for itself. Narrower ones are gathered over as many points.
const WIDE: f32 = 3.0;
/// Shares are drawn in such steps; less than half a step is not drawn.
const STEPS: f32 = 8.0;

/// Time in which a worker waited for a lock and held it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LockTimes {
    pub(crate) waited_ns: u64,
    pub(crate) held_ns: u64,
}

/// A part of a bar in which its task waited for a lock, for this share of the time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wait {
    pub(crate) left: f32,
    pub(crate) right: f32,
    /// Above 0, at most 1, in whole steps.
    pub(crate) share: f32,
}

/// A share as it is drawn; 0 where it is too small for that.
pub(crate) fn drawn_share(share: f64) -> f32 {
    if share <= 0.0 {
        return 0.0; // As in most runs, for every bar.
    }
    (share.clamp(0.0, 1.0) as f32 * STEPS).round() / STEPS
}

/// Uses of a lock between two sums that are kept. What lies between is walked when it is asked for.
const GROUP: usize = 64;

/// Sums over one lane's uses of locks. Grows with the lane, by a quarter of a byte for each use; what is in a full group is
/// never read again to make them.
#[derive(Clone, Debug, Default)]
pub(crate) struct LockIndex {
    kinds: [Sums; LockKind::ALL.len()],
}

/// Sums over the uses of one kind of lock.
#[derive(Clone, Debug, Default)]
struct Sums {
    /// Up to the end of each full group.
    groups: Vec<LockTimes>,
    /// Uses that were seen, of which the last ones may fill no group yet.
    seen: usize,
    /// Over all that were seen.
    all: LockTimes,
}

impl Sums {
    fn update(&mut self, column: &Chunked<LockSpan>) {
        for span in column.iter_from(self.seen) {
            self.all.add(span);
            self.seen += 1;
            if self.seen.is_multiple_of(GROUP) {
                self.groups.push(self.all);
            }
        }
    }

    /// Over the first `len` uses.
    fn over(&self, column: &Chunked<LockSpan>, len: usize) -> LockTimes {
        let full = len / GROUP;
        let mut sum = full.checked_sub(1).and_then(|at| self.groups.get(at)).copied().unwrap_or_default();
        for span in column.iter_from(full * GROUP).take(len % GROUP) {
            sum.add(span);
        }
        sum
    }
}

impl LockTimes {
    fn add(&mut self, span: &LockSpan) {
        self.waited_ns = self.waited_ns.saturating_add(span.waited_ns());
        self.held_ns = self.held_ns.saturating_add(span.held_ns());
    }
}

impl LockIndex {
    pub(crate) fn update(&mut self, locks: &Locks) {
        for kind in LockKind::ALL {
            self.kinds[kind as usize].update(locks.of(kind));
        }
    }

    /// It has seen what is not there: of another run, or of a later moment of this one.
    pub(crate) fn is_ahead_of(&self, locks: &Locks) -> bool {
        LockKind::ALL.into_iter().any(|kind| self.seen(kind) > locks.of(kind).len())
    }

    pub(crate) fn seen(&self, kind: LockKind) -> usize {
        self.kinds[kind as usize].seen
    }

    /// What a worker had to do with one lock within an interval.
    pub(crate) fn times(&self, locks: &Locks, kind: LockKind, from_ns: u64, to_ns: u64) -> LockTimes {
        let (before, with) = (self.until(locks, kind, from_ns), self.until(locks, kind, to_ns.max(from_ns)));
        LockTimes { waited_ns: with.waited_ns - before.waited_ns, held_ns: with.held_ns - before.held_ns }
    }

    /// And from the run's start until a moment.
    fn until(&self, locks: &Locks, kind: LockKind, t_ns: u64) -> LockTimes {
        let (column, sums) = (locks.of(kind), &self.kinds[kind as usize]);
        let begun = column.partition_point(|span| span.asked_ns < t_ns).min(sums.seen);
        let Some(last) = begun.checked_sub(1).and_then(|at| column.get(at)) else {
            return LockTimes::default();
        };
        let sum = sums.over(column, begun);
        LockTimes {
            waited_ns: sum.waited_ns - (last.got_ns - last.got_ns.min(t_ns)),
            held_ns: sum.held_ns - (last.released_ns - t_ns.clamp(last.got_ns, last.released_ns)),
        }
    }

    /// Time until a moment in which the worker waited for any lock.
    fn waited_until_ns(&self, locks: &Locks, t_ns: u64) -> u64 {
        let waited = |kind| self.until(locks, kind, t_ns).waited_ns;
        LockKind::ALL.into_iter().fold(0, |sum, kind| sum.saturating_add(waited(kind)))
    }
}

/// Shares of intervals in which one worker waited for any lock. Asked from left to right, it looks up each border once.
pub(crate) struct WaitedShares<'a> {
    index: &'a LockIndex,
    locks: &'a Locks,
    /// A moment, and the time waited until then.
    last: (u64, u64),
}

impl<'a> WaitedShares<'a> {
    pub(crate) fn new(index: &'a LockIndex, locks: &'a Locks) -> Self {
        Self { index, locks, last: (0, 0) }
    }

    /// 0 to 1.
    pub(crate) fn share(&mut self, from_ns: u64, to_ns: u64) -> f64 {
        if self.locks.is_empty() || to_ns <= from_ns {
            return 0.0;
        }
        let mut until = |t_ns: u64| {
            if self.last.0 != t_ns {
                self.last = (t_ns, self.index.waited_until_ns(self.locks, t_ns));
            }
            self.last.1
        };
        let (before_ns, with_ns) = (until(from_ns), until(to_ns));
        (with_ns.saturating_sub(before_ns) as f64 / (to_ns - from_ns) as f64).min(1.0)
    }
}

/// Where within a bar, which stands for `from_ns..to_ns`, its task waited for a lock; cut at the edges of the scale.
pub(crate) fn waits(
    lane: &Lane,
    index: &LockIndex,
    scale: &TimeScale,
    (from_ns, to_ns): (u64, u64),
) -> Vec<Wait> {
    let mut found = Vec::new();
    if lane.locks.is_empty() {
        return found;
    }
    let (view_from_ns, view_to_ns) = super::layout::view_ns(scale);
    let interval = (from_ns.max(view_from_ns), to_ns.min(view_to_ns));
    for kind in LockKind::ALL {
        let walk = Walk { column: lane.locks.of(kind), seen: index.seen(kind), scale, interval };
        walk.run(|from_ns, to_ns| index.times(&lane.locks, kind, from_ns, to_ns).waited_ns, &mut found);
    }
    found
}

/// One way through the waits of one kind, from left to right.
struct Walk<'a> {
    column: &'a Chunked<LockSpan>,
    seen: usize,
    scale: &'a TimeScale,
    interval: (u64, u64),
}

impl Walk<'_> {
    fn run(&self, waited_ns: impl Fn(u64, u64) -> u64, found: &mut Vec<Wait>) {
        let (from_ns, to_ns) = self.interval;
        let gather_ns = (self.scale.secs_per_point() * 1e9 * f64::from(WIDE)).max(1.0) as u64;
        let mut at = self.column.partition_point(|span| span.got_ns <= from_ns);
        while let Some(span) = self.column.get(at).filter(|span| span.asked_ns < to_ns && at < self.seen) {
            let start_ns = span.asked_ns.max(from_ns);
            if self.wide(span) {
                self.add(start_ns, span.got_ns.min(to_ns), 1.0, found);
                at += 1;
                continue;
            }
            // Up to the next wait that stands for itself.
            let mut edge_ns = start_ns.saturating_add(gather_ns).min(to_ns);
            let mut next = self.column.partition_point(|span| span.asked_ns < edge_ns).max(at + 1);
            if let Some(last) = self.column.get(next - 1).filter(|last| next - 1 > at && self.wide(last)) {
                edge_ns = last.asked_ns;
                next -= 1;
            }
            let share = waited_ns(start_ns, edge_ns) as f64 / edge_ns.saturating_sub(start_ns).max(1) as f64;
            self.add(start_ns, edge_ns, drawn_share(share), found);
            at = next;
        }
    }

    fn wide(&self, span: &LockSpan) -> bool {
        let (from_ns, to_ns) = self.interval;
        let (left, right) = (span.asked_ns.max(from_ns), span.got_ns.min(to_ns));
        self.scale.x_from_ns(right) - self.scale.x_from_ns(left) >= WIDE
    }

    fn add(&self, from_ns: u64, to_ns: u64, share: f32, found: &mut Vec<Wait>) {
        if share <= 0.0 {
            return;
        }
        let left = self.scale.x_from_ns(from_ns).max(self.scale.left);
        let right = self.scale.x_from_ns(to_ns).min(self.scale.right);
        match found.last_mut() {
            // Neighbours of one share are one rectangle.
            Some(last) if (last.share - share).abs() < f32::EPSILON && (left - last.right).abs() < 0.1 => {
                last.right = right;
            }
            _ if right > left => found.push(Wait { left, right, share }),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(uses: impl IntoIterator<Item = (LockKind, [u64; 3])>) -> (Lane, LockIndex) {
        let mut lane = Lane::default();
        for (kind, [asked_ns, got_ns, released_ns]) in uses {
            lane.locks.push(kind, LockSpan { asked_ns, got_ns, released_ns });
        }
        let mut index = LockIndex::default();
        index.update(&lane.locks);
        (lane, index)
    }

    /// A microsecond a point.
    fn scale(points: f32) -> TimeScale {
        TimeScale { from_secs: 0.0, to_secs: f64::from(points) * 1e-6, left: 100.0, right: 100.0 + points }
    }

    fn places(waits: &[Wait]) -> Vec<(i32, i32, f32)> {
        waits.iter().map(|wait| (wait.left.round() as i32, wait.right.round() as i32, wait.share)).collect()
    }

    #[test]
    fn sums_agree_with_walking_the_uses_in_any_interval() {
        let mut random = crate::store::testing::Random::new(5);
        let mut uses = Vec::new();
        for kind in LockKind::ALL {
            let mut at_ns = 0;
            for _ in 0..700 {
                let asked_ns = at_ns + random.below(40);
                let got_ns = asked_ns + random.below(3) * random.below(30);
                at_ns = got_ns + random.below(30);
                uses.push((kind, [asked_ns, got_ns, at_ns]));
            }
        }
        let (lane, index) = lane(uses);
        for _ in 0..2000 {
            let from_ns = random.below(40_000);
            let to_ns = from_ns + random.below(400);
            for kind in LockKind::ALL {
                let inside = |from: u64, to: u64| to.min(to_ns).saturating_sub(from.max(from_ns));
                let walked = lane.locks.of(kind).iter().fold(LockTimes::default(), |sum, span| LockTimes {
                    waited_ns: sum.waited_ns + inside(span.asked_ns, span.got_ns),
                    held_ns: sum.held_ns + inside(span.got_ns, span.released_ns),
                });
                assert_eq!(index.times(&lane.locks, kind, from_ns, to_ns), walked, "{from_ns}..{to_ns}");
            }
        }
    }

    #[test]
    fn an_index_grows_with_its_lane_and_knows_nothing_of_what_it_has_not_seen() {
        let (mut lane, mut index) = lane([(LockKind::Gil, [0, 10, 20])]);
        lane.locks.push(LockKind::Gil, LockSpan { asked_ns: 20, got_ns: 50, released_ns: 60 });
        let waited_ns =
            |index: &LockIndex, lane: &Lane| index.times(&lane.locks, LockKind::Gil, 0, 100).waited_ns;
        assert_eq!(waited_ns(&index, &lane), 10);
        index.update(&lane.locks);
        assert_eq!(waited_ns(&index, &lane), 40);
    }

    #[test]
    fn an_index_that_grew_in_pieces_is_the_one_made_at_once_and_is_small() {
        let mut random = crate::store::testing::Random::new(9);
        let (mut lane, mut grown) = (Lane::default(), LockIndex::default());
        let mut at_ns = 0;
        for _ in 0..40 {
            for _ in 0..random.below(3 * GROUP as u64) {
                let asked_ns = at_ns + random.below(20);
                let got_ns = asked_ns + random.below(20);
                at_ns = got_ns + 1 + random.below(20);
                lane.locks.push(LockKind::Shared, LockSpan { asked_ns, got_ns, released_ns: at_ns });
            }
            grown.update(&lane.locks);
        }
        let mut whole = LockIndex::default();
        whole.update(&lane.locks);
        let uses = lane.locks.of(LockKind::Shared).len();
        assert_eq!((grown.seen(LockKind::Shared), whole.seen(LockKind::Shared)), (uses, uses));
        for _ in 0..500 {
            let from_ns = random.below(at_ns);
            let to_ns = from_ns + random.below(at_ns / 4);
            let times = |index: &LockIndex| index.times(&lane.locks, LockKind::Shared, from_ns, to_ns);
            assert_eq!(times(&grown), times(&whole), "{from_ns}..{to_ns}");
        }
        let bytes = grown.kinds[LockKind::Shared as usize].groups.capacity() * size_of::<LockTimes>();
        assert!(uses > 2000 && bytes < uses, "{bytes} B for {uses} uses");
    }

    #[test]
    fn wide_waits_stand_for_themselves_and_are_cut_at_their_bar_and_at_the_view() {
        let us = |times: [u64; 3]| (LockKind::Gil, times.map(|us| us * 1000));
        let (lane, index) = lane([us([0, 10, 20]), us([30, 50, 60]), us([60, 64, 200]), us([300, 400, 401])]);
        let all = waits(&lane, &index, &scale(350.0), (5_000, 62_000));
        assert_eq!(places(&all), [(105, 110, 1.0), (130, 150, 1.0), (160, 162, 1.0)], "{all:?}");
        let cut = waits(&lane, &index, &scale(350.0), (250_000, 400_000));
        assert_eq!(places(&cut), [(400, 450, 1.0)]);
    }

    #[test]
    fn a_million_short_waits_are_a_few_shares() {
        let half = (0..1_000_000).map(|at| (LockKind::Shared, [at * 2, at * 2 + 1, at * 2 + 2]));
        let (lane, index) = lane(half);
        let found = waits(&lane, &index, &scale(2000.0), (0, 2_000_000));
        assert_eq!(places(&found), [(100, 2100, 0.5)]);
        let mut shares = WaitedShares::new(&index, &lane.locks);
        for (from_ns, to_ns, share) in [(0, 2_000_000, 0.5), (10, 11, 1.0), (11, 12, 0.0), (0, 20, 0.5)] {
            assert!((shares.share(from_ns, to_ns) - share).abs() < 1e-9, "{from_ns}..{to_ns}");
        }
    }

    #[test]
    fn holding_without_waiting_and_hardly_waiting_are_not_drawn() {
        let (lane, index) = lane((0..1000).map(|at| {
            let asked_ns = at * 1000;
            (LockKind::Gil, [asked_ns, asked_ns + 40, asked_ns + 1000])
        }));
        assert_eq!(waits(&lane, &index, &scale(1000.0), (0, 1_000_000)), []);
        assert_eq!(waits(&Lane::default(), &index, &scale(1000.0), (0, 1_000_000)), []);
    }
}
