//! One row of a core's lane: parts of attempts in order of time, none over another, with sums over stretches of them.

use std::ops::Range;

use super::super::model::State;
use crate::{
    ids::WorkerId,
    store::{Lane, Node},
};

/// Entries under the finest sum.
const FINEST: usize = 16;
/// The newest entries have no sums over them yet, so that one that is told late can still stand between them.
const TAIL: usize = 64;

/// What of an attempt stands on a core's lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// It began and ended there.
    Whole,
    /// It began there and ended elsewhere: the first half of its time.
    Began,
    /// It ended there and had begun elsewhere: the second half.
    Ended,
}

/// An attempt, or half of one, by its place. 8 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The worker, above two bits for the part.
    packed: u32,
    at: u32,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {} of {}", self.part(), self.at, self.worker())
    }
}

impl Entry {
    pub(crate) fn new(lane: usize, at: usize, part: Part) -> Self {
        let part = match part {
            Part::Whole => 0,
            Part::Began => 1,
            Part::Ended => 2,
        };
        Self { packed: (lane as u32) << 2 | part, at: at as u32 }
    }

    pub(crate) fn part(self) -> Part {
        match self.packed & 3 {
            0 => Part::Whole,
            1 => Part::Began,
            _ => Part::Ended,
        }
    }

    pub(crate) fn worker(self) -> WorkerId {
        WorkerId(self.packed >> 2)
    }

    /// On its worker's lane.
    pub(crate) fn at(self) -> usize {
        self.at as usize
    }

    /// When it stands on the core's lane.
    pub(crate) fn times(self, lanes: &[Lane]) -> Option<(u64, u64)> {
        let times = lanes.get(self.worker().index())?.spans.times(self.at())?;
        Some(part_times(self.part(), times))
    }

    /// The entry alone as a sum.
    fn sum(self, lanes: &[Lane]) -> Option<Sum> {
        let lane = lanes.get(self.worker().index())?;
        let piece = lane.spans.pieces(self.at()..self.at() + 1, u64::MAX).next()?;
        Some(Sum::of(self, &piece.node))
    }
}

/// When it moved is not known: each core gets half of the time.
pub(super) fn part_times(part: Part, (start_ns, end_ns): (u64, u64)) -> (u64, u64) {
    let middle_ns = u64::midpoint(start_ns, end_ns);
    match part {
        Part::Whole => (start_ns, end_ns),
        Part::Began => (start_ns, middle_ns),
        Part::Ended => (middle_ns, end_ns),
    }
}

/// Consecutive entries of a track, summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) start_ns: u64,
    pub(crate) end_ns: u64,
    pub(crate) busy_ns: u64,
    /// As much of it as the attempts were without a core.
    pub(crate) off_cpu_ns: u64,
    /// By so much the leader's time exceeds what others have put against it (Boyer and Moore's vote): never more than the
    /// leader's own time, so that from half of all time on the leader is certain.
    lead_ns: u64,
    leader: u32,
    pub(crate) not_ok: u32,
    pub(crate) moved: u32,
    pub(crate) worst: State,
}

impl Sum {
    pub(super) fn of(entry: Entry, node: &Node) -> Self {
        let (start_ns, end_ns) = part_times(entry.part(), (node.start_ns, node.end_ns));
        let moved = entry.part() != Part::Whole;
        let busy_ns = end_ns.saturating_sub(start_ns);
        Self {
            start_ns,
            end_ns,
            busy_ns,
            off_cpu_ns: if moved { node.off_cpu_ns / 2 } else { node.off_cpu_ns },
            // Even what takes no time has somebody who did it.
            lead_ns: busy_ns.max(1),
            leader: entry.worker().0,
            not_ok: node.not_ok,
            moved: u32::from(moved),
            worst: node.worst,
        }
    }

    pub(crate) fn width_ns(&self) -> u64 {
        self.end_ns.saturating_sub(self.start_ns)
    }

    /// The worker that took at least half of the time, if one did.
    pub(crate) fn leader(&self) -> Option<WorkerId> {
        (self.lead_ns >= self.busy_ns.max(1).div_ceil(2)).then_some(WorkerId(self.leader))
    }

    /// This stretch and one behind it as one.
    #[must_use]
    pub(crate) fn and(self, next: &Self) -> Self {
        let (leader, lead_ns) = if self.leader == next.leader {
            (self.leader, self.lead_ns.saturating_add(next.lead_ns))
        } else if self.lead_ns >= next.lead_ns {
            (self.leader, self.lead_ns - next.lead_ns)
        } else {
            (next.leader, next.lead_ns - self.lead_ns)
        };
        Self {
            start_ns: self.start_ns.min(next.start_ns),
            end_ns: self.end_ns.max(next.end_ns),
            busy_ns: self.busy_ns.saturating_add(next.busy_ns),
            off_cpu_ns: self.off_cpu_ns.saturating_add(next.off_cpu_ns),
            lead_ns,
            leader,
            not_ok: self.not_ok.saturating_add(next.not_ok),
            moved: self.moved.saturating_add(next.moved),
            worst: self.worst.max(next.worst),
        }
    }
}

/// Consecutive entries that are looked at as one, or a single one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stretch {
    pub(crate) range: Range<usize>,
    pub(crate) sum: Sum,
}

/// Entries in order of time, none over another, and a pyramid of sums over them: 8 bytes an entry and 7 for its share of
/// the sums (56 bytes over 16 entries, over 32, 64 …), 15 together; a vector that grows may reserve as much again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Track {
    entries: Vec<Entry>,
    /// Over [`FINEST`] entries each, over twice as many, and so on.
    steps: Vec<Vec<Sum>>,
}

impl Track {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn get(&self, at: usize) -> Option<Entry> {
        self.entries.get(at).copied()
    }

    /// Behind all others.
    pub(super) fn push(&mut self, lanes: &[Lane], entry: Entry) {
        self.entries.push(entry);
        let summed = self.steps.first().map_or(0, Vec::len) * FINEST;
        if self.entries.len() >= summed + FINEST + TAIL {
            let block = &self.entries[summed..summed + FINEST];
            let sums = block.iter().filter_map(|entry| entry.sum(lanes));
            if let Some(sum) = sums.reduce(|sum, next| sum.and(&next)) {
                self.add_sum(sum);
            }
        }
    }

    fn add_sum(&mut self, mut sum: Sum) {
        for step in 0.. {
            if self.steps.len() == step {
                self.steps.push(Vec::new());
            }
            let sums = &mut self.steps[step];
            sums.push(sum);
            if !sums.len().is_multiple_of(2) {
                return;
            }
            sum = sums[sums.len() - 2].and(&sum);
        }
    }

    /// Between the newest others, where there is room. False where there is none.
    pub(super) fn insert(&mut self, lanes: &[Lane], entry: Entry, (start_ns, end_ns): (u64, u64)) -> bool {
        let times = |entry: &Entry| entry.times(lanes).unwrap_or_default();
        let summed = self.steps.first().map_or(0, Vec::len) * FINEST;
        let tail = &self.entries[summed..];
        let place = tail.partition_point(|other| times(other).1 <= start_ns);
        // What stands before the tail is looked at as well.
        let before = (summed + place).checked_sub(1).and_then(|before| self.entries.get(before));
        let clear_before = before.is_none_or(|before| times(before).1 <= start_ns);
        let clear_after = tail.get(place).is_none_or(|after| times(after).0 >= end_ns);
        if clear_before && clear_after {
            self.entries.insert(summed + place, entry);
        }
        clear_before && clear_after
    }

    /// The entries that touch an interval.
    pub(crate) fn visible(&self, lanes: &[Lane], from_ns: u64, to_ns: u64) -> Range<usize> {
        let times = |entry: &Entry| entry.times(lanes).unwrap_or_default();
        let first = self.entries.partition_point(|entry| times(entry).1 < from_ns);
        let last = self.entries.partition_point(|entry| times(entry).0 <= to_ns);
        first..last.max(first)
    }

    /// Where an entry stands.
    pub(crate) fn find(&self, lanes: &[Lane], wanted: Entry) -> Option<usize> {
        let start_ns = wanted.times(lanes)?.0;
        let times = |entry: &Entry| entry.times(lanes).unwrap_or_default();
        let first = self.entries.partition_point(|entry| times(entry).0 < start_ns);
        let same = self.entries[first..].iter().take_while(|entry| times(entry).0 == start_ns);
        same.into_iter().position(|entry| *entry == wanted).map(|at| first + at)
    }

    /// A range in as few stretches as there are, of which each is a single entry or narrower than so many nanoseconds.
    pub(crate) fn stretches<'a>(
        &'a self,
        lanes: &'a [Lane],
        range: Range<usize>,
        narrower_than_ns: u64,
    ) -> impl Iterator<Item = Stretch> + 'a {
        let (mut at, end, mut near) = (range.start, range.end.min(self.len()), 0);
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let (len, sum) = match self.coarsest(at, end, narrower_than_ns, &mut near) {
                Some(found) => found,
                None => (1, self.entries.get(at)?.sum(lanes)?),
            };
            let range = at..at + len;
            at = range.end;
            Some(Stretch { range, sum })
        })
    }

    /// The coarsest sum that begins with an entry, ends before `end` and is narrow enough, with how many entries it stands
    /// for. `near` is the step that is looked at first, and becomes the one that was found.
    fn coarsest(&self, at: usize, end: usize, limit_ns: u64, near: &mut usize) -> Option<(usize, Sum)> {
        if !at.is_multiple_of(FINEST) || end < at + FINEST {
            return None;
        }
        let (place, room) = (at / FINEST, (end - at) / FINEST);
        let most = (place.trailing_zeros().min(room.ilog2()) as usize).min(self.steps.len().checked_sub(1)?);
        let sum = |step: usize| {
            let sum = self.steps.get(step)?.get(place >> step)?;
            (sum.width_ns() < limit_ns).then_some(*sum)
        };
        // The coarser, the wider.
        let mut step = most.min(*near);
        let mut found = sum(step);
        if found.is_some() {
            while step < most
                && let Some(coarser) = sum(step + 1)
            {
                (found, step) = (Some(coarser), step + 1);
            }
        } else {
            while step > 0 && found.is_none() {
                step -= 1;
                found = sum(step);
            }
        }
        *near = step;
        found.map(|sum| (FINEST << step, sum))
    }

    /// Memory in use, in bytes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let sums: usize = self.steps.iter().map(Vec::len).sum();
        self.entries.len() * size_of::<Entry>() + sums * size_of::<Sum>()
    }
}
