//! Columns of collapsed groups, kept from frame to frame: with hundreds of lanes in a group's columns, a frame would
//! otherwise cost what the lanes cost.
//!
//! Columns are counted from the run's start and are a power of two of nanoseconds long. So a view that moves needs only
//! those that come into sight, and one that zooms needs others only every second time that it has doubled.

use std::collections::HashMap;

use super::{
    columns::{Column, columns_of},
    rows::{Group, Header},
};
use crate::{
    gui::plots::{RunKey, run_key},
    store::RunStore,
    time::NS_PER_S,
};

/// What happened longer ago than this in a live run does not change any more, unless a task that was running then ends.
const SETTLED_NS: u64 = 2 * NS_PER_S;
/// Columns beyond the view that are kept, as a multiple of those in view.
const SPARE: u64 = 2;

#[derive(Debug, Default)]
pub(super) struct Summaries {
    run: RunKey,
    groups: HashMap<Group, Kept>,
}

/// Columns of one group that follow each other.
#[derive(Debug)]
struct Kept {
    column_ns: u64,
    /// The number of the first, counted from the run's start.
    first: u64,
    columns: Vec<Column>,
    lanes: Vec<usize>,
    attempts: usize,
    live: bool,
}

/// Columns of a group over a view.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Strip {
    pub(super) from_ns: u64,
    pub(super) column_ns: u64,
    pub(super) columns: Vec<Column>,
}

impl Summaries {
    /// At most so many columns that cover the view. `now_ns` is until when what runs has run.
    pub(super) fn strip(
        &mut self,
        (store, now_ns): (&RunStore, u64),
        header: &Header,
        (from_ns, to_ns): (u64, u64),
        most: usize,
    ) -> Strip {
        if self.run != run_key(store) {
            *self = Self { run: run_key(store), ..Self::default() };
        }
        let wanted_ns = to_ns.saturating_sub(from_ns) / most.max(1) as u64 + 1;
        let column_ns = wanted_ns.checked_next_power_of_two().unwrap_or(1 << 63);
        let (first, end) = (from_ns / column_ns, to_ns / column_ns + 1);
        let attempts = header.lanes.iter().filter_map(|lane| store.lanes.get(*lane));
        let attempts = attempts.map(|lane| lane.spans.len()).sum();
        let live = store.phase.is_live();
        let make = |first: u64, end: u64| make(store, &header.lanes, now_ns, column_ns, (first, end));
        let kept = self.groups.get_mut(&header.group).filter(|kept| {
            kept.column_ns == column_ns
                && kept.lanes == header.lanes
                // A replay that went back, or a run whose end has changed what ran.
                && kept.attempts <= attempts
                && (live || (kept.attempts == attempts && !kept.live))
                && kept.first <= end
                && first <= kept.end()
        });
        let Some(kept) = kept else {
            let columns = make(first, end);
            let strip = Strip { from_ns: first * column_ns, column_ns, columns: columns.clone() };
            let kept = Kept { column_ns, first, columns, lanes: header.lanes.clone(), attempts, live };
            self.groups.insert(header.group, kept);
            return strip;
        };
        kept.attempts = attempts;
        if live {
            let settled_ns = settled_ns(store, &header.lanes, now_ns);
            kept.drop_from((settled_ns / column_ns).max(first));
        }
        if first < kept.first {
            let before = make(first, kept.first);
            kept.columns.splice(0..0, before);
            kept.first = first;
        }
        if kept.end() < end {
            let after = make(kept.end(), end);
            kept.columns.extend(after);
        }
        kept.forget(first, end);
        let at = (first - kept.first) as usize;
        let columns = kept.columns[at..at + (end - first) as usize].to_vec();
        Strip { from_ns: first * column_ns, column_ns, columns }
    }
}

impl Kept {
    fn end(&self) -> u64 {
        self.first + self.columns.len() as u64
    }

    fn drop_from(&mut self, number: u64) {
        self.columns.truncate(number.saturating_sub(self.first) as usize);
        self.first = self.first.min(number);
    }

    /// Lets go of what is far from the view.
    fn forget(&mut self, first: u64, end: u64) {
        let spare = (end - first) * SPARE;
        let least = first.saturating_sub(spare);
        if self.first < least {
            self.columns.drain(..(least - self.first) as usize);
            self.first = least;
        }
        self.columns.truncate((end + spare).saturating_sub(self.first) as usize);
    }
}

/// Before this, nothing of these lanes will change any more.
fn settled_ns(store: &RunStore, lanes: &[usize], now_ns: u64) -> u64 {
    let running = lanes.iter().filter_map(|lane| store.lanes.get(*lane)?.running);
    let began_ns = running.map(|open| open.start_ns).min().unwrap_or(u64::MAX);
    began_ns.min(now_ns.saturating_sub(SETTLED_NS))
}

fn make(
    store: &RunStore,
    lanes: &[usize],
    now_ns: u64,
    column_ns: u64,
    (first, end): (u64, u64),
) -> Vec<Column> {
    if end <= first {
        return Vec::new();
    }
    let lanes = lanes.iter().filter_map(|lane| store.lanes.get(*lane));
    let range = (first * column_ns, end.saturating_mul(column_ns));
    columns_of(lanes, range, now_ns, (end - first) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        spec::Backend,
        store::testing::{random_run, run_started, spec, store},
    };

    fn header(lanes: usize) -> Header {
        Header {
            group: Group::Pool,
            name: String::new(),
            short: String::new(),
            count: String::new(),
            lanes: (0..lanes).collect(),
            open: false,
        }
    }

    /// Whatever was in view before, a view's columns are those that are made for it alone.
    #[test]
    fn what_is_kept_is_what_would_be_made() {
        let mut looked = 0;
        for seed in 0..60 {
            let events = random_run(seed);
            let half = events.len() / 2;
            let mut kept = Summaries::default();
            let mut run = store([run_started(spec(Backend::Threads, 1, 1))]);
            for (part, events) in [events[..half].to_vec(), events[half..].to_vec()].into_iter().enumerate() {
                if part == 0 {
                    run = store([]);
                }
                for event in events {
                    run.apply(event);
                }
                let header = header(run.lanes.len());
                let end_ns = run.now_ns.max(1);
                let mut random = seed;
                for _ in 0..40 {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let from_ns = (random >> 33) % end_ns;
                    let to_ns = from_ns + 1 + (random >> 20) % end_ns;
                    let strip = kept.strip((&run, run.now_ns), &header, (from_ns, to_ns), 50);
                    let alone = Summaries::default().strip((&run, run.now_ns), &header, (from_ns, to_ns), 50);
                    assert_eq!(strip, alone, "seed {seed}");
                    assert!(strip.from_ns <= from_ns && strip.columns.len() <= 52);
                    let covered_ns = strip.from_ns + strip.column_ns * strip.columns.len() as u64;
                    assert!(covered_ns > to_ns, "{covered_ns} of {to_ns}");
                    looked += usize::from(strip.columns.iter().any(|column| column.busy_ns > 0));
                }
            }
        }
        assert!(looked > 1000, "only {looked} views had anything in them");
    }
}
