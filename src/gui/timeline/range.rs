//! Figures of a marked range of time alone.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use super::model::Counts;
use crate::{
    analysis::Distribution,
    gui::plots::{RunKey, run_key},
    store::{Lane, RunStore},
    time::ns_from_secs,
};

/// The figures of a run that goes on are made anew this often at most.
const REFRESH: Duration = Duration::from_millis(250);
/// Attempts that are looked at one by one, which takes a few frames' time.
const MOST_READ: usize = 300_000;

/// What happened in a range.
#[derive(Clone, Debug, Default)]
pub(super) struct RangeFigures {
    pub(super) from_ns: u64,
    pub(super) to_ns: u64,
    /// Attempts that ran in it, if only in part, by how they ended.
    pub(super) counts: Counts,
    /// Attempts that ended ok in it.
    pub(super) ended_ok: u64,
    /// Of each lane, the share of the range in which an attempt ran.
    pub(super) busy: Vec<f64>,
    /// Run times of the attempts that ended ok in it; `None` where there are none, or too many to be read.
    pub(super) run_ns: Option<Distribution>,
    pub(super) too_many: bool,
}

impl RangeFigures {
    pub(super) fn new(store: &RunStore, (from_ns, to_ns): (u64, u64)) -> Self {
        let mut figures = Self { from_ns, to_ns, ..Self::default() };
        let touching: Vec<Range<usize>> =
            store.lanes.iter().map(|lane| touching(lane, from_ns, to_ns)).collect();
        figures.too_many = touching.iter().map(Range::len).sum::<usize>() > MOST_READ;
        let mut run_ns = Vec::new();
        for (lane, range) in store.lanes.iter().zip(touching) {
            figures.counts.add(lane.spans.counts(range.clone()));
            let length_ns = to_ns.saturating_sub(from_ns).max(1);
            let running_ns = lane
                .running
                .map_or(0, |open| to_ns.min(store.now_ns).saturating_sub(open.start_ns.max(from_ns)));
            let busy_ns = busy_ns(lane, range.clone(), from_ns, to_ns) + running_ns;
            figures.busy.push((busy_ns as f64 / length_ns as f64).min(1.0));
            let ended = range.start..lane.spans.partition_point(|_, end_ns| end_ns <= to_ns).max(range.start);
            let [ok, ..] = lane.spans.counts(ended.clone());
            figures.ended_ok += u64::from(ok);
            if !figures.too_many {
                let ok = lane.spans.iter_from(ended.start).take(ended.len());
                run_ns.extend(
                    ok.filter(|span| span.outcome == crate::event::Outcome::Ok).map(|span| span.run_ns()),
                );
            }
        }
        figures.run_ns = Distribution::of(run_ns);
        figures
    }

    /// Attempts that ended ok, a second.
    pub(super) fn rate(&self) -> f64 {
        self.ended_ok as f64 * 1e9 / self.to_ns.saturating_sub(self.from_ns).max(1) as f64
    }

    /// The share of the range in which a worker was busy, over all of them.
    pub(super) fn mean_busy(&self) -> f64 {
        self.busy.iter().sum::<f64>() / self.busy.len().max(1) as f64
    }
}

/// Attempts that have any part in the range. Those that only end where it begins have none.
fn touching(lane: &Lane, from_ns: u64, to_ns: u64) -> Range<usize> {
    let first = lane.spans.partition_point(|_, end_ns| end_ns <= from_ns);
    first..lane.spans.partition_point(|start_ns, _| start_ns < to_ns).max(first)
}

fn busy_ns(lane: &Lane, range: Range<usize>, from_ns: u64, to_ns: u64) -> u64 {
    let outside = |at: Option<usize>| {
        let times = at.filter(|at| range.contains(at)).and_then(|at| lane.spans.times(at));
        times.map_or((0, 0), |(start_ns, end_ns)| {
            (from_ns.clamp(start_ns, end_ns) - start_ns, end_ns - to_ns.clamp(start_ns, end_ns))
        })
    };
    // Only the first and the last can reach out of the range; one that is both reaches out on either side.
    let (before_ns, _) = outside(Some(range.start));
    let (_, behind_ns) = outside(range.end.checked_sub(1));
    lane.spans.busy_ns(range).saturating_sub(before_ns + behind_ns)
}

/// The figures as they were worked out last.
#[derive(Debug, Default)]
pub(super) struct RangeMemory {
    /// Of which run, with how many attempts, until which moment, and from when to when.
    made_of: Option<(RunKey, usize, u64, (u64, u64))>,
    made: Option<Instant>,
    figures: RangeFigures,
}

impl RangeMemory {
    /// The figures of this range, in seconds, from memory where nothing changed.
    pub(super) fn figures(&mut self, store: &RunStore, (from_secs, to_secs): (f64, f64)) -> &RangeFigures {
        let range = (ns_from_secs(from_secs), ns_from_secs(to_secs));
        let attempts = store.lanes.iter().map(|lane| lane.spans.len()).sum();
        let made_of = Some((run_key(store), attempts, store.now_ns.min(range.1), range));
        // While a run goes on, or is played again, not with every frame.
        let is_due = self.made.is_none_or(|made| made.elapsed() >= REFRESH) || !store.phase.is_live();
        let is_other = self.made_of.map(|of| (of.0, of.3)) != made_of.map(|of| (of.0, of.3));
        if self.made_of != made_of && (is_due || is_other) {
            (self.made_of, self.figures) = (made_of, RangeFigures::new(store, range));
            self.made = Some(Instant::now());
        }
        &self.figures
    }
}

#[cfg(test)]
mod tests {
    use super::{super::model::tests::span, *};
    use crate::event::Outcome;

    #[test]
    fn a_range_is_told_as_by_walking_every_nanosecond() {
        let mut store = RunStore::default();
        let times = [
            [(0, 10), (10, 25), (40, 41), (41, 41), (60, 90)],
            [(5, 95), (95, 96), (97, 98), (98, 99), (99, 100)],
        ];
        store.lanes = times
            .iter()
            .map(|times| {
                let outcome = |at| if at == 2 { Outcome::TimedOut } else { Outcome::Ok };
                let spans = times.iter().zip(0..).map(|(&(from, to), at)| span(at, from, to, outcome(at)));
                Lane { spans: spans.collect(), ..Lane::default() }
            })
            .collect();
        for from_ns in 0..100 {
            for to_ns in from_ns + 1..=101 {
                let figures = RangeFigures::new(&store, (from_ns, to_ns));
                for (lane, busy) in times.iter().zip(&figures.busy) {
                    let runs = |t: u64| lane.iter().any(|&(from, to)| (from..to).contains(&t));
                    let expected = (from_ns..to_ns).filter(|&t| runs(t)).count() as f64;
                    let told = busy * (to_ns - from_ns) as f64;
                    assert!((told - expected).abs() < 1e-6, "{from_ns}..{to_ns}: {told} for {expected}");
                }
                let ended = |&(at, &(_, to)): &(usize, &(u64, u64))| at != 2 && to > from_ns && to <= to_ns;
                let ended = times.iter().flat_map(|lane| lane.iter().enumerate()).filter(ended).count();
                assert_eq!(figures.ended_ok, ended as u64, "{from_ns}..{to_ns}");
                let counted = figures.run_ns.map_or(0, |_| ended);
                assert_eq!(counted, ended, "{from_ns}..{to_ns}");
            }
        }
    }
}
