//! Looking for attempts by task, worker, outcome or text, and for lines of the log.

use super::{
    chosen::{Place, span_times},
    model::State,
};
use crate::store::{RunStore, Span};

/// What a person looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Query {
    Task(u32),
    Worker(u32),
    State(State),
    /// In lower case: a part of what an attempt failed with, or of a line of the log.
    Text(String),
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Attempt(Place),
    /// A line of the log of this moment.
    LogLine(u64),
}

impl Query {
    /// `None` for nothing.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let number = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.trim().parse().ok());
        if text.is_empty() {
            return None;
        }
        if let Some(task) = number("task").or_else(|| number("#")).or_else(|| number("")) {
            return Some(Self::Task(task));
        }
        if let Some(worker) = number("worker").or_else(|| number("w")) {
            return Some(Self::Worker(worker));
        }
        let state = State::ALL.into_iter().find(|state| state.word() == text);
        Some(state.map_or(Self::Text(text), Self::State))
    }

    fn fits(&self, lane: usize, span: &Span) -> bool {
        match self {
            Self::Task(task) => span.task.0 == *task,
            Self::Worker(worker) => lane == *worker as usize,
            Self::State(state) => State::of(&span.outcome) == *state,
            Self::Text(text) => {
                State::of(&span.outcome) != State::Ok
                    && span.outcome.to_string().to_lowercase().contains(text)
            }
        }
    }

    /// A lane without any need not be gone through.
    fn may_be_on(&self, store: &RunStore, lane: usize) -> bool {
        let totals = store.lanes[lane].spans.totals();
        match self {
            Self::Task(_) => true,
            Self::Worker(worker) => lane == *worker as usize,
            Self::State(state) => totals[*state as usize] > 0,
            Self::Text(_) => totals[1..].iter().any(|count| *count > 0),
        }
    }

    /// The next in order of time behind an attempt, or behind a moment; from the beginning again behind the last.
    pub(super) fn next(&self, store: &RunStore, after: Option<Found>) -> Option<Found> {
        let after = after.and_then(|found| key(store, found));
        // The first of all, and the first behind: in one pass.
        let mut first: Option<(Key, Found)> = None;
        let mut behind: Option<(Key, Found)> = None;
        let mut take = |candidate: (Key, Found)| {
            if first.is_none_or(|first| candidate.0 < first.0) {
                first = Some(candidate);
            }
            if after.is_some_and(|after| candidate.0 > after)
                && behind.is_none_or(|behind| candidate.0 < behind.0)
            {
                behind = Some(candidate);
            }
        };
        for lane in (0..store.lanes.len()).filter(|lane| self.may_be_on(store, *lane)) {
            for (at, span) in store.lanes[lane].spans.iter().enumerate() {
                if self.fits(lane, &span) {
                    take(((span.start_ns, lane, at), Found::Attempt(Place { lane, at })));
                }
            }
        }
        if let Self::Text(text) = self {
            for (at, line) in store.log.iter().enumerate() {
                if line.text.to_lowercase().contains(text) {
                    take(((line.t_ns, usize::MAX, at), Found::LogLine(line.t_ns)));
                }
            }
        }
        behind.or(first).map(|(_, found)| found)
    }
}

/// Order of time, then of lanes; lines of the log come last.
type Key = (u64, usize, usize);

fn key(store: &RunStore, found: Found) -> Option<Key> {
    match found {
        Found::Attempt(place) => span_times(store, place).map(|times| (times.0, place.lane, place.at)),
        Found::LogLine(t_ns) => Some((t_ns, usize::MAX, usize::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Level, Outcome},
        gui::timeline::model::tests::span,
        store::{Lane, LogLine},
    };

    fn store() -> RunStore {
        let mut store = RunStore::default();
        let failed = || Outcome::Failed("Division by zero".into());
        let lanes = [
            vec![span(0, 0, 10, Outcome::Ok), span(2, 10, 20, failed()), span(2, 50, 60, Outcome::Ok)],
            vec![span(1, 0, 30, Outcome::TimedOut), span(3, 30, 40, failed())],
        ];
        store.lanes = lanes
            .into_iter()
            .map(|spans| Lane { spans: spans.into_iter().collect(), ..Lane::default() })
            .collect();
        let text = "worker 0: a DIVISION failed".into();
        store.log.push(LogLine { t_ns: 35, worker: None, level: Level::Info, text });
        store
    }

    #[test]
    fn words_are_understood() {
        for (text, expected) in [
            ("", None),
            ("  ", None),
            ("17", Some(Query::Task(17))),
            ("Task 17", Some(Query::Task(17))),
            ("#17", Some(Query::Task(17))),
            ("worker 3", Some(Query::Worker(3))),
            ("w3", Some(Query::Worker(3))),
            ("timed out", Some(Query::State(State::TimedOut))),
            ("Crashed", Some(Query::State(State::Crashed))),
            ("zero", Some(Query::Text("zero".to_owned()))),
            ("99999999999", Some(Query::Text("99999999999".to_owned()))),
        ] {
            assert_eq!(Query::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn all_that_fits_is_found_in_order_of_time_and_then_again() {
        let store = store();
        let at = |lane, at| Found::Attempt(Place { lane, at });
        for (text, expected) in [
            ("2", vec![at(0, 1), at(0, 2), at(0, 1)]),
            ("worker 1", vec![at(1, 0), at(1, 1), at(1, 0)]),
            ("failed", vec![at(0, 1), at(1, 1), at(0, 1)]),
            ("division", vec![at(0, 1), at(1, 1), Found::LogLine(35), at(0, 1)]),
        ] {
            let query = Query::parse(text).unwrap();
            let mut found = None;
            for expected in expected {
                found = query.next(&store, found);
                assert_eq!(found, Some(expected), "{text}");
            }
        }
        for text in ["4", "cancelled", "nothing of the kind", "worker 2"] {
            assert_eq!(Query::parse(text).unwrap().next(&store, None), None, "{text}");
        }
        assert_eq!(Query::State(State::Ok).next(&store, Some(Found::LogLine(35))), Some(at(0, 2)));
    }
}
