//! The attempt that a person has chosen, and the way from it to its neighbours.

use crate::{
    gui::plots::{RunKey, run_key},
    store::{RunStore, Span},
};

/// An attempt that has ended, by its lane and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) lane: usize,
    pub(crate) at: usize,
}

/// A way to go from one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Before,
    After,
    /// To the lane above, and below.
    Up,
    Down,
}

#[derive(Debug, Default)]
pub(crate) struct Chosen {
    run: RunKey,
    place: Option<Place>,
}

impl Chosen {
    /// Forgets what was chosen in another run, or at a later moment of a replay.
    pub(crate) fn keep_to(&mut self, store: &RunStore) {
        let run = run_key(store);
        let there = self.place.is_none_or(|place| span_times(store, place).is_some());
        if self.run != run || !there {
            *self = Self { run, place: None };
        }
    }

    pub(crate) fn place(&self) -> Option<Place> {
        self.place
    }

    pub(crate) fn choose(&mut self, place: Option<Place>) {
        self.place = place;
    }

    pub(crate) fn span(&self, store: &RunStore) -> Option<Span> {
        let place = self.place?;
        store.lanes.get(place.lane)?.spans.get(place.at)
    }

    /// Goes to a neighbour, or stays where there is none.
    pub(crate) fn walk(&mut self, store: &RunStore, step: Step) {
        if let Some(place) = self.place {
            self.place = neighbour(store, place, step).or(self.place);
        }
    }
}

/// Start and end of an attempt.
pub(crate) fn span_times(store: &RunStore, place: Place) -> Option<(u64, u64)> {
    store.lanes.get(place.lane)?.spans.times(place.at)
}

fn neighbour(store: &RunStore, from: Place, step: Step) -> Option<Place> {
    let on_lane = |at: usize| {
        let place = Place { at, ..from };
        span_times(store, place).map(|_| place)
    };
    match step {
        Step::Before => on_lane(from.at.checked_sub(1)?),
        Step::After => on_lane(from.at + 1),
        Step::Up => (0..from.lane).rev().find_map(|lane| nearest(store, from, lane)),
        Step::Down => (from.lane + 1..store.lanes.len()).find_map(|lane| nearest(store, from, lane)),
    }
}

/// The attempt on another lane that ran at the same time, or nearest to it; `None` on a lane without any.
fn nearest(store: &RunStore, from: Place, lane: usize) -> Option<Place> {
    let (start_ns, end_ns) = span_times(store, from)?;
    let middle_ns = u64::midpoint(start_ns, end_ns);
    let spans = &store.lanes.get(lane)?.spans;
    let after = spans.partition_point(|_, end_ns| end_ns < middle_ns);
    let distance = |at: usize| {
        let (start_ns, end_ns) = spans.times(at)?;
        Some(start_ns.saturating_sub(middle_ns).max(middle_ns.saturating_sub(end_ns)))
    };
    let candidates = [after.checked_sub(1), Some(after)].into_iter().flatten();
    let best = candidates.filter_map(|at| Some((distance(at)?, at))).min()?;
    Some(Place { lane, at: best.1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::Outcome, gui::timeline::model::tests::span, store::Lane};

    fn store(lanes: &[&[(u64, u64)]]) -> RunStore {
        let mut store = RunStore::default();
        store.lanes = lanes
            .iter()
            .map(|times| Lane {
                spans: times.iter().map(|&(from, to)| span(0, from, to, Outcome::Ok)).collect(),
                ..Lane::default()
            })
            .collect();
        store
    }

    #[test]
    fn arrows_lead_along_a_lane_and_to_what_ran_meanwhile_on_the_next() {
        let store = store(&[&[(0, 10), (10, 20), (90, 95)], &[], &[(0, 4), (12, 50)]]);
        let mut chosen = Chosen::default();
        chosen.choose(Some(Place { lane: 0, at: 0 }));
        for (step, expected) in [
            (Step::Before, (0, 0)),
            (Step::Up, (0, 0)),
            (Step::After, (0, 1)),
            (Step::Down, (2, 1)),
            (Step::Down, (2, 1)),
            (Step::After, (2, 1)),
            (Step::Up, (0, 1)),
            (Step::After, (0, 2)),
            (Step::Down, (2, 1)),
            (Step::Before, (2, 0)),
            (Step::Up, (0, 0)),
        ] {
            chosen.walk(&store, step);
            let place = chosen.place().unwrap();
            assert_eq!((place.lane, place.at), expected, "{step:?}");
        }
    }

    #[test]
    fn another_run_and_an_earlier_moment_forget_the_choice() {
        let long = store(&[&[(0, 10), (10, 20)]]);
        let mut chosen = Chosen::default();
        chosen.keep_to(&long);
        chosen.choose(Some(Place { lane: 0, at: 1 }));
        chosen.keep_to(&long);
        assert!(chosen.span(&long).is_some());
        chosen.keep_to(&store(&[&[(0, 10)]]));
        assert_eq!(chosen.place(), None);
    }
}
