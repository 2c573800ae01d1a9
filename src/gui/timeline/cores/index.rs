//! Which attempts ran on which core, as far as that was measured: for each core a few tracks, to be drawn as rows.
//!
//! An attempt tells on which core it began and on which it ended (telemetry `full`). It is put on the first track of its
//! core on which nothing else ran meanwhile, so that a core with one attempt at a time has one track, and one that several
//! workers share has several. Read in order of ends, a slice at a time, so that no frame waits for ten million.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    time::{Duration, Instant},
};

use super::{
    others::Others,
    track::{Entry, Part, Track, part_times},
};
use crate::{
    gui::plots::{RunKey, run_key},
    store::{Lane, RunStore, Span},
};

/// A core beyond this is none of a machine that can be drawn: its attempts count as unknown.
pub(super) const MOST_CORES: usize = 4096;
/// The clock is looked at once in so many attempts.
const CLOCK_EVERY: usize = 256;

/// What ran on one core.
#[derive(Clone, Debug, Default)]
pub(crate) struct CoreTracks {
    pub(crate) tracks: Vec<Track>,
    /// When the last entry of each track ends.
    ends_ns: Vec<u64>,
    /// Attempts that began here.
    pub(crate) began: u64,
    /// Of them, those that ended elsewhere.
    pub(crate) left: u64,
    /// And those that ended here and had begun elsewhere.
    pub(crate) came: u64,
}

impl CoreTracks {
    fn add(&mut self, lanes: &[Lane], entry: Entry, times: (u64, u64)) {
        let (start_ns, end_ns) = times;
        if let Some(at) = self.ends_ns.iter().position(|last_ns| *last_ns <= start_ns) {
            self.tracks[at].push(lanes, entry);
            self.ends_ns[at] = end_ns;
            return;
        }
        // What is told late, and the first half of what moved, may have its place between others.
        let room = self.tracks.iter_mut().zip(&self.ends_ns).filter(|(_, last_ns)| end_ns <= **last_ns);
        for (track, _) in room {
            if track.insert(lanes, entry, times) {
                return;
            }
        }
        let mut track = Track::default();
        track.push(lanes, entry);
        self.tracks.push(track);
        self.ends_ns.push(end_ns);
    }

    /// The entry's track, and its place there.
    pub(crate) fn find(&self, lanes: &[Lane], entry: Entry) -> Option<(usize, usize)> {
        self.tracks.iter().enumerate().find_map(|(row, track)| Some((row, track.find(lanes, entry)?)))
    }
}

/// Of one run: the tracks of each core. Kept between frames, and made only where cores are shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct CoreIndex {
    run: RunKey,
    pub(crate) cores: Vec<CoreTracks>,
    /// Attempts of each lane that were read.
    seen: Vec<usize>,
    /// Of them, those of which no core is known: they crashed, or were not measured.
    pub(crate) unknown: u64,
    /// And those that ended on another core than they had begun on.
    pub(crate) moved: u64,
    /// Attempts that are there to be read.
    total: usize,
    /// What other programs did meanwhile.
    pub(crate) others: Others,
}

impl CoreIndex {
    /// Reads what is new, for about so long. Another run, or an earlier moment of it, starts it anew.
    pub(crate) fn update(&mut self, store: &RunStore, budget: Duration) {
        let run = run_key(store);
        let shrunk = self.seen.iter().zip(&store.lanes).any(|(seen, lane)| *seen > lane.spans.len());
        if self.run != run || shrunk || self.seen.len() > store.lanes.len() {
            *self = Self { run, ..Self::default() };
        }
        self.seen.resize(store.lanes.len(), 0);
        self.total = store.lanes.iter().map(|lane| lane.spans.len()).sum();
        if self.read() < self.total {
            self.read_slice(store, budget);
        }
        if self.read() == self.total {
            self.others.update(store);
        }
    }

    fn read_slice(&mut self, store: &RunStore, budget: Duration) {
        let began = Instant::now();
        let unread = store.lanes.iter().zip(&self.seen);
        let mut unread: Vec<_> = unread.map(|(lane, seen)| lane.spans.iter_from(*seen).peekable()).collect();
        let mut next: BinaryHeap<_> =
            (0..unread.len()).filter_map(|lane| Some(Reverse((unread[lane].peek()?.end_ns, lane)))).collect();
        let mut count = 0;
        while let Some(Reverse((_, lane))) = next.pop() {
            let Some(span) = unread[lane].next() else { continue };
            self.take(&store.lanes, lane, &span);
            if let Some(span) = unread[lane].peek() {
                next.push(Reverse((span.end_ns, lane)));
            }
            count += 1;
            if count % CLOCK_EVERY == 0 && began.elapsed() >= budget {
                return;
            }
        }
    }

    fn take(&mut self, lanes: &[Lane], lane: usize, span: &Span) {
        let at = self.seen[lane];
        self.seen[lane] += 1;
        let core = |core: Option<crate::ids::CoreId>| {
            core.map(|core| core.0 as usize).filter(|core| *core < MOST_CORES)
        };
        let (Some(first), Some(last)) = (core(span.usage.first_core), core(span.usage.last_core)) else {
            self.unknown += 1;
            return;
        };
        let most = first.max(last) + 1;
        if self.cores.len() < most {
            self.cores.resize_with(most, CoreTracks::default);
        }
        let times = (span.start_ns, span.end_ns);
        let run_ns = span.end_ns.saturating_sub(span.start_ns);
        let cpu_ns = span.usage.cpu_ns.unwrap_or(run_ns).min(run_ns) as f64;
        let mut add = |core: usize, part| {
            let times = part_times(part, times);
            self.others.take(core, times, if part == Part::Whole { cpu_ns } else { cpu_ns * 0.5 });
            self.cores[core].add(lanes, Entry::new(lane, at, part), times);
        };
        if first == last {
            add(first, Part::Whole);
        } else {
            add(first, Part::Began);
            add(last, Part::Ended);
            self.cores[first].left += 1;
            self.cores[last].came += 1;
            self.moved += 1;
        }
        self.cores[first].began += 1;
    }

    /// Attempts that were read.
    fn read(&self) -> usize {
        self.seen.iter().sum()
    }

    /// How much of the run is read, 0 to 1; `None` once it is all.
    pub(crate) fn progress(&self) -> Option<f64> {
        let read = self.read();
        (read < self.total).then(|| read as f64 / self.total as f64)
    }

    /// Attempts were read, and of none the core is known.
    pub(crate) fn knows_nothing(&self) -> bool {
        self.cores.is_empty() && self.unknown > 0 && self.progress().is_none()
    }
}

/// The parts of an attempt, each with its core.
pub(crate) fn parts(lanes: &[Lane], lane: usize, at: usize) -> Vec<(usize, Entry)> {
    let Some(span) = lanes.get(lane).and_then(|lane| lane.spans.get(at)) else { return Vec::new() };
    let (Some(first), Some(last)) = (span.usage.first_core, span.usage.last_core) else {
        return Vec::new();
    };
    let parts = if first == last {
        vec![(first, Part::Whole)]
    } else {
        vec![(first, Part::Began), (last, Part::Ended)]
    };
    parts.into_iter().map(|(core, part)| (core.0 as usize, Entry::new(lane, at, part))).collect()
}
