//! The ended attempts of one lane: a column that only grows, is cheap to clone, and packs what is full.
//!
//! The newest spans stand as they are. Every [`chunk::LEN`] of them become a [`Chunk`], every [`GROUP`] chunks a
//! [`Group`]; both are shared by all clones. In chunks and over them lies a pyramid of [`Node`]s, so that any stretch can
//! be had as a few sums: [`Spans::pieces`] costs what is looked at and not what is held.

mod chunk;
mod node;

use std::{ops::Range, sync::Arc};

use chunk::{Chunk, Unpack};
pub use node::Node;
use node::Steps;

use super::{AttemptState, Span};

/// Chunks in a group.
const GROUP: usize = 16;
/// Steps of nodes over a group: over 32, 64, 128 … and all 4096 spans.
const STEPS: usize = 8;

/// How many spans there are of each state, in the order of [`AttemptState::ALL`].
pub type StateCounts = [u32; AttemptState::ALL.len()];

#[derive(Debug)]
struct Group {
    chunks: Box<[Arc<Chunk>]>,
    steps: Steps,
}

impl Group {
    fn new(chunks: Vec<Arc<Chunk>>) -> Self {
        let row = chunks.iter().flat_map(|chunk| chunk.coarse()).collect();
        Self { chunks: chunks.into(), steps: Steps::new(row, STEPS) }
    }
}

/// An append-only sequence of spans in order of time, none over another.
#[derive(Clone, Debug, Default)]
pub struct Spans {
    groups: Vec<Arc<Group>>,
    /// Fewer than a group.
    chunks: Vec<Arc<Chunk>>,
    /// Never empty, once there is any span, so that the last is at hand.
    open: Vec<Span>,
    counts: StateCounts,
}

/// Consecutive spans that are looked at as one, or a single one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub range: Range<usize>,
    pub node: Node,
}

impl Spans {
    pub fn push(&mut self, span: Span) {
        if self.open.len() == chunk::LEN {
            self.seal();
        }
        self.counts[AttemptState::of(&span.outcome) as usize] += 1;
        self.open.push(span);
    }

    fn seal(&mut self) {
        self.chunks.extend(Chunk::new(&self.open).map(Arc::new));
        self.open.clear();
        if self.chunks.len() == GROUP {
            self.groups.push(Arc::new(Group::new(std::mem::take(&mut self.chunks))));
        }
    }

    pub fn len(&self) -> usize {
        self.sealed() + self.open.len()
    }

    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Spans in chunks.
    fn sealed(&self) -> usize {
        self.full_chunks() * chunk::LEN
    }

    fn full_chunks(&self) -> usize {
        self.groups.len() * GROUP + self.chunks.len()
    }

    fn chunk(&self, at: usize) -> Option<&Chunk> {
        let chunk = match self.groups.get(at / GROUP) {
            Some(group) => group.chunks.get(at % GROUP),
            None => self.chunks.get(at - self.groups.len() * GROUP),
        };
        chunk.map(|chunk| &**chunk)
    }

    /// Unpacks one span. For several, [`Self::iter_from`] is cheaper.
    pub fn get(&self, at: usize) -> Option<Span> {
        match self.chunk(at / chunk::LEN) {
            Some(chunk) => chunk.iter_from(at % chunk::LEN).next(),
            None => self.open.get(at - self.sealed()).cloned(),
        }
    }

    /// For those who look up many spans in order.
    pub fn reader(&self) -> Reader<'_> {
        Reader { spans: self, unpack: None }
    }

    pub fn last(&self) -> Option<&Span> {
        self.open.last()
    }

    /// Start and end of a span, without unpacking it.
    pub fn times(&self, at: usize) -> Option<(u64, u64)> {
        match self.chunk(at / chunk::LEN) {
            Some(chunk) => Some(chunk.times(at % chunk::LEN)),
            None => self.open.get(at - self.sealed()).map(|span| (span.start_ns, span.end_ns)),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = Span> {
        self.iter_from(0)
    }

    /// Spans from `from` on, without unpacking those before.
    pub fn iter_from(&self, from: usize) -> impl Iterator<Item = Span> {
        let first = (from / chunk::LEN).min(self.full_chunks());
        let sealed = (first..self.full_chunks()).filter_map(move |at| {
            let skip = if at == first { from % chunk::LEN } else { 0 };
            self.chunk(at).map(|chunk| chunk.iter_from(skip))
        });
        let open = self.open.get(from.saturating_sub(self.sealed())..).unwrap_or_default();
        sealed.flatten().chain(open.iter().cloned())
    }

    /// How many there are before the first whose start and end do not lie `before`, where that holds for a prefix.
    pub fn partition_point(&self, mut before: impl FnMut(u64, u64) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let mid = usize::midpoint(low, high);
            if self.times(mid).is_some_and(|(start_ns, end_ns)| before(start_ns, end_ns)) {
                low = mid + 1;
            } else {
                high = mid;
            }
        }
        low
    }

    /// The first `len` spans, or all where there are fewer.
    #[must_use]
    pub fn prefix(&self, len: usize) -> Self {
        if len >= self.len() {
            return self.clone();
        }
        // The last span stays open.
        let full = len.saturating_sub(1) / chunk::LEN;
        let groups: Vec<_> = self.groups.iter().take(full / GROUP).map(Arc::clone).collect();
        let chunks = match self.groups.get(groups.len()) {
            Some(cut) => cut.chunks[..full % GROUP].to_vec(),
            None => self.chunks[..full - groups.len() * GROUP].to_vec(),
        };
        let open = self.iter_from(full * chunk::LEN).take(len - full * chunk::LEN).collect();
        Self { groups, chunks, open, counts: self.counts(0..len) }
    }

    /// How many of them ended in which state.
    pub fn totals(&self) -> StateCounts {
        self.counts
    }

    /// How many of a range ended in which state. Costs a look at what did not end ok, and little else.
    pub fn counts(&self, range: Range<usize>) -> StateCounts {
        let range = range.start..range.end.min(self.len());
        let mut counts = StateCounts::default();
        let mut at = range.start;
        for piece in self.pieces(range.clone(), u64::MAX) {
            if piece.node.not_ok > 0 {
                self.count_not_ok(piece.range.clone(), &mut counts);
            }
            at = piece.range.end;
        }
        debug_assert!(at == range.end || range.is_empty());
        let not_ok: u32 = counts.iter().sum();
        counts[AttemptState::Ok as usize] = (range.len() as u32).saturating_sub(not_ok);
        counts
    }

    fn count_not_ok(&self, range: Range<usize>, counts: &mut StateCounts) {
        let mut at = range.start;
        while at < range.end {
            let Some(chunk) = self.chunk(at / chunk::LEN) else {
                let open = at - self.sealed()..(range.end - self.sealed()).min(self.open.len());
                let states = self.open[open].iter().map(|span| AttemptState::of(&span.outcome));
                states
                    .filter(|state| *state != AttemptState::Ok)
                    .for_each(|state| counts[state as usize] += 1);
                return;
            };
            let base = at / chunk::LEN * chunk::LEN;
            let end = range.end.min(base + chunk::LEN);
            chunk.not_ok(at - base, end - base).for_each(|state| counts[state as usize] += 1);
            at = end;
        }
    }

    /// Run time of a range together.
    pub fn busy_ns(&self, range: Range<usize>) -> u64 {
        self.pieces(range, u64::MAX).fold(0, |sum, piece| sum.saturating_add(piece.node.busy_ns))
    }

    /// A range in as few pieces as there are, of which each is a single span or narrower than so many nanoseconds.
    pub fn pieces(&self, range: Range<usize>, narrower_than_ns: u64) -> Pieces<'_> {
        let end = range.end.min(self.len());
        Pieces { spans: self, at: range.start.min(end), end, narrower_than_ns, near: [0; 2] }
    }

    /// Memory that the spans take, in bytes; what is shared with clones counts in full.
    pub fn bytes(&self) -> usize {
        let chunks = self.groups.iter().flat_map(|group| &group.chunks).chain(&self.chunks);
        let chunks: usize = chunks.map(|chunk| chunk.bytes() + size_of::<Arc<Chunk>>()).sum();
        let groups: usize = self.groups.iter().map(|group| size_of::<Group>() + group.steps.bytes()).sum();
        chunks + groups + self.open.capacity() * size_of::<Span>()
    }
}

/// See [`Spans::reader`].
#[derive(Debug)]
pub struct Reader<'a> {
    spans: &'a Spans,
    /// Which chunk is being unpacked.
    unpack: Option<(usize, Unpack<'a>)>,
}

impl Reader<'_> {
    /// As [`Spans::get`], which it goes on from where the last one was near.
    pub fn get(&mut self, at: usize) -> Option<Span> {
        let (place, within) = (at / chunk::LEN, at % chunk::LEN);
        if let Some((same, unpack)) = &mut self.unpack
            && *same == place
            && unpack.is_near(within)
        {
            return unpack.skip_to(within).next();
        }
        let Some(chunk) = self.spans.chunk(place) else { return self.spans.get(at) };
        let (_, unpack) = self.unpack.insert((place, chunk.iter_from(within)));
        unpack.next()
    }
}

/// See [`Spans::pieces`].
#[derive(Debug)]
pub struct Pieces<'a> {
    spans: &'a Spans,
    at: usize,
    end: usize,
    narrower_than_ns: u64,
    /// The steps that the last pieces were found on, in a group and in a chunk.
    near: [usize; 2],
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        if self.at >= self.end {
            return None;
        }
        let (len, node) = self.piece()?;
        let range = self.at..self.at + len;
        self.at = range.end;
        Some(Piece { range, node })
    }
}

impl Pieces<'_> {
    fn piece(&mut self) -> Option<(usize, Node)> {
        let (spans, limit_ns) = (self.spans, self.narrower_than_ns);
        if self.at.is_multiple_of(chunk::COARSEST)
            && let Some(group) = spans.groups.get(self.at / (GROUP * chunk::LEN))
        {
            let base = self.at / (GROUP * chunk::LEN) * (GROUP * chunk::LEN);
            let end = (self.end - base).min(GROUP * chunk::LEN) / chunk::COARSEST;
            let at = (self.at - base) / chunk::COARSEST;
            if let Some((nodes, node)) = group.steps.coarsest(at, end, limit_ns, &mut self.near[0]) {
                return Some((nodes * chunk::COARSEST, node));
            }
        }
        let (place, within) = (self.at / chunk::LEN, self.at % chunk::LEN);
        let Some(chunk) = spans.chunk(place) else {
            return spans.open.get(self.at - spans.sealed()).map(|span| (1, span.into()));
        };
        if within == 0
            && place / GROUP >= spans.groups.len()
            && self.at + chunk::LEN <= self.end
            && chunk.whole.width_ns() < limit_ns
        {
            return Some((chunk::LEN, chunk.whole));
        }
        let end = (self.end - place * chunk::LEN).min(chunk::LEN);
        Some(chunk.coarsest(within, end, limit_ns, &mut self.near[1]))
    }
}

impl FromIterator<Span> for Spans {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut column = Self::default();
        for span in spans {
            column.push(span);
        }
        column
    }
}

#[cfg(test)]
mod tests;
