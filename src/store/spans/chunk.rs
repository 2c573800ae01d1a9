//! A full stretch of one lane's spans, packed: starts, run times and time without a core as columns to be looked up, the rest as a stream of
//! differences to be unpacked when it is asked for. Nothing is lost.

use super::{
    super::{AttemptState, Span},
    node::{Node, Steps},
};
use crate::{
    event::{Outcome, Usage},
    ids::{CoreId, TaskId},
};

/// Spans in a chunk.
pub(super) const LEN: usize = 256;
/// Spans under the finest node.
const FINEST: usize = 8;
/// Steps of nodes inside a chunk: over 8, 16 and [`COARSEST`] spans. What is coarser lies in groups, where it stands in a
/// row for many chunks: to go from chunk to chunk costs more than to look at a node.
const STEPS: usize = 3;
/// Spans under the coarsest node inside a chunk.
pub(super) const COARSEST: usize = 32;
/// Unpacking can begin at every so many spans.
const BLOCK: usize = 16;

/// Numbers that mostly fit into four bytes.
#[derive(Debug)]
enum Column {
    Short(Box<[u32]>),
    Long(Box<[u64]>),
}

impl Column {
    fn new(numbers: &[u64]) -> Self {
        let short: Option<Box<[u32]>> = numbers.iter().map(|&number| u32::try_from(number).ok()).collect();
        short.map_or_else(|| Self::Long(numbers.into()), Self::Short)
    }

    fn get(&self, at: usize) -> u64 {
        match self {
            Self::Short(numbers) => numbers.get(at).copied().map_or(0, u64::from),
            Self::Long(numbers) => numbers.get(at).copied().unwrap_or(0),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Short(numbers) => size_of_val(&**numbers),
            Self::Long(numbers) => size_of_val(&**numbers),
        }
    }
}

#[derive(Debug)]
pub(super) struct Chunk {
    /// All of it as one.
    pub(super) whole: Node,
    /// Since the start of the first.
    starts: Column,
    runs: Column,
    /// See [`Node::off_cpu_ns`].
    off_cpu: Column,
    /// The few that did not end ok, by their place.
    not_ok: Box<[(u16, Outcome)]>,
    steps: Steps,
    /// Differences are to this row, and then to the row before.
    base: Row,
    packed: Box<[u8]>,
    /// Where each block begins.
    blocks: Box<[u32]>,
}

impl Chunk {
    /// Of exactly [`LEN`] spans, in order of time.
    pub(super) fn new(spans: &[Span]) -> Option<Self> {
        let nodes: Vec<Node> = spans.iter().map(Node::from).collect();
        let whole = Node::of(&nodes)?;
        let base = Row::of(spans.first()?);
        let finest = nodes.chunks_exact(FINEST).filter_map(Node::of).collect();
        let (mut packed, mut blocks) = (Vec::with_capacity(spans.len() * 16), Vec::new());
        let mut before = base;
        for (at, span) in spans.iter().enumerate() {
            if at % BLOCK == 0 {
                blocks.push(packed.len() as u32);
                before = base;
            }
            let row = Row::of(span);
            row.pack(&before, base.has, &mut packed);
            before = row;
        }
        let offsets: Vec<u64> = nodes.iter().map(|node| node.start_ns.wrapping_sub(whole.start_ns)).collect();
        let runs: Vec<u64> = nodes.iter().map(|node| node.end_ns.wrapping_sub(node.start_ns)).collect();
        let off_cpu: Vec<u64> = nodes.iter().map(|node| node.off_cpu_ns).collect();
        let not_ok = (0..)
            .zip(spans)
            .filter(|(_, span)| span.outcome != Outcome::Ok)
            .map(|(at, span)| (at, span.outcome.clone()))
            .collect();
        Some(Self {
            whole,
            starts: Column::new(&offsets),
            runs: Column::new(&runs),
            off_cpu: Column::new(&off_cpu),
            not_ok,
            steps: Steps::new(finest, STEPS),
            base,
            packed: packed.into(),
            blocks: blocks.into(),
        })
    }

    /// Start and end.
    pub(super) fn times(&self, at: usize) -> (u64, u64) {
        let start_ns = self.whole.start_ns.wrapping_add(self.starts.get(at));
        (start_ns, start_ns.wrapping_add(self.runs.get(at)))
    }

    fn outcome(&self, at: usize) -> Option<&Outcome> {
        // Most chunks have none.
        let found = self.not_ok.binary_search_by_key(&at, |(place, _)| usize::from(*place)).ok()?;
        self.not_ok.get(found).map(|(_, outcome)| outcome)
    }

    pub(super) fn state(&self, at: usize) -> AttemptState {
        self.outcome(at).map_or(AttemptState::Ok, AttemptState::of)
    }

    /// Those that did not end ok and stand at `from..to`.
    pub(super) fn not_ok(&self, from: usize, to: usize) -> impl Iterator<Item = AttemptState> {
        let place = |at: usize| self.not_ok.partition_point(|(place, _)| usize::from(*place) < at);
        self.not_ok[place(from)..place(to).max(place(from))]
            .iter()
            .map(|(_, outcome)| AttemptState::of(outcome))
    }

    /// The coarsest node inside the chunk, see [`Steps::coarsest`]; one span where there is none.
    pub(super) fn coarsest(
        &self,
        at: usize,
        end: usize,
        narrower_than_ns: u64,
        near: &mut usize,
    ) -> (usize, Node) {
        if at.is_multiple_of(FINEST)
            && let Some((blocks, node)) =
                self.steps.coarsest(at / FINEST, end / FINEST, narrower_than_ns, near)
        {
            return (blocks * FINEST, node);
        }
        let (start_ns, end_ns) = self.times(at);
        let worst = self.state(at);
        let not_ok = u32::from(worst != AttemptState::Ok);
        let busy_ns = end_ns.saturating_sub(start_ns);
        (1, Node { start_ns, end_ns, busy_ns, off_cpu_ns: self.off_cpu.get(at), not_ok, worst })
    }

    /// Nodes over [`COARSEST`] spans each.
    pub(super) fn coarse(&self) -> impl Iterator<Item = Node> {
        self.steps.last()
    }

    /// Unpacks from the span at `from` on.
    pub(super) fn iter_from(&self, from: usize) -> Unpack<'_> {
        let block = from / BLOCK;
        let offset = self.blocks.get(block).map_or(self.packed.len(), |&offset| offset as usize);
        let rest = self.packed.get(offset..).unwrap_or_default();
        let mut unpack = Unpack { chunk: self, at: block * BLOCK, rest, before: self.base };
        unpack.skip_to(from);
        unpack
    }

    /// Memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let columns =
            self.starts.bytes() + self.runs.bytes() + self.off_cpu.bytes() + size_of_val(&*self.blocks);
        size_of::<Self>() + columns + self.packed.len() + size_of_val(&*self.not_ok) + self.steps.bytes()
    }
}

/// Spans of a chunk, unpacked one after the other.
#[derive(Debug)]
pub(super) struct Unpack<'a> {
    chunk: &'a Chunk,
    at: usize,
    rest: &'a [u8],
    before: Row,
}

impl Unpack<'_> {
    /// Going on from here costs no more than to begin at its block.
    pub(super) fn is_near(&self, at: usize) -> bool {
        at >= self.at && at - self.at < BLOCK
    }

    pub(super) fn skip_to(&mut self, at: usize) -> &mut Self {
        while self.at < at.min(LEN) {
            self.row();
        }
        self
    }

    fn row(&mut self) -> Row {
        if self.at.is_multiple_of(BLOCK) {
            self.before = self.chunk.base;
        }
        let row = Row::unpack(&self.before, self.chunk.base.has, &mut self.rest);
        (self.before, self.at) = (row, self.at + 1);
        row
    }
}

impl Iterator for Unpack<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        if self.at >= LEN {
            return None;
        }
        let at = self.at;
        let row = self.row();
        let (start_ns, end_ns) = self.chunk.times(at);
        let outcome = self.chunk.outcome(at).cloned().unwrap_or(Outcome::Ok);
        Some(row.span(start_ns, end_ns, outcome))
    }
}

/// Numbers of a row that are there or not.
const OPTIONS: usize = 8;

/// What is packed of a span: everything but its start, its end and its outcome. Times are differences to what is near.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Row {
    task: u64,
    attempt: u64,
    enqueued_ns: u64,
    dispatched_ns: u64,
    received_ns: u64,
    bytes_in: u64,
    bytes_out: u64,
    options: [u64; OPTIONS],
    /// One bit an option.
    has: u8,
}

impl Row {
    fn of(span: &Span) -> Self {
        let Usage {
            cpu_ns,
            core_wait_ns,
            voluntary_switches,
            involuntary_switches,
            minor_faults,
            major_faults,
            first_core,
            last_core,
            bytes_in,
            bytes_out,
        } = span.usage;
        let core = |core: Option<CoreId>| core.map(|core| u64::from(core.0));
        let options = [
            // As a rule nearly all of the run time.
            cpu_ns.map(|cpu_ns| zigzag(span.end_ns.wrapping_sub(span.start_ns).wrapping_sub(cpu_ns))),
            core_wait_ns,
            voluntary_switches.map(u64::from),
            involuntary_switches.map(u64::from),
            minor_faults.map(u64::from),
            major_faults.map(u64::from),
            core(first_core),
            core(last_core),
        ];
        let has = (0..).zip(options).fold(0, |has, (bit, option)| has | u8::from(option.is_some()) << bit);
        Self {
            task: u64::from(span.task.0),
            attempt: u64::from(span.attempt),
            enqueued_ns: span.enqueued_ns,
            dispatched_ns: span.dispatched_ns,
            received_ns: span.received_ns,
            bytes_in: u64::from(bytes_in),
            bytes_out: u64::from(bytes_out),
            options: options.map(Option::unwrap_or_default),
            has,
        }
    }

    fn span(self, start_ns: u64, end_ns: u64, outcome: Outcome) -> Span {
        let option = |bit: usize| (self.has >> bit & 1 == 1).then(|| self.options[bit]);
        // They were no wider when they were packed.
        let narrow = |number: u64| number as u32;
        let count = |bit| option(bit).map(narrow);
        let core = |bit| option(bit).map(|core| CoreId(narrow(core)));
        Span {
            task: TaskId(narrow(self.task)),
            attempt: narrow(self.attempt),
            outcome,
            enqueued_ns: self.enqueued_ns,
            dispatched_ns: self.dispatched_ns,
            start_ns,
            end_ns,
            received_ns: self.received_ns,
            usage: Usage {
                cpu_ns: option(0).map(|less| end_ns.wrapping_sub(start_ns).wrapping_sub(unzigzag(less))),
                core_wait_ns: option(1),
                voluntary_switches: count(2),
                involuntary_switches: count(3),
                minor_faults: count(4),
                major_faults: count(5),
                first_core: core(6),
                last_core: core(7),
                bytes_in: narrow(self.bytes_in),
                bytes_out: narrow(self.bytes_out),
            },
        }
    }

    /// `usual` are the options that the chunk's first row has.
    fn pack(&self, before: &Self, usual: u8, out: &mut Vec<u8>) {
        // What a row seldom has, as one number that is mostly 0.
        let rare = [self.attempt, self.bytes_in, self.bytes_out];
        let rare_bits = (0..).zip(rare).fold(0, |bits, (bit, number)| bits | u64::from(number != 0) << bit);
        // In the lower bits, so that it takes one byte where the options are the usual ones.
        put(out, u64::from(self.has ^ usual) << rare.len() | rare_bits);
        for (number, before) in [
            (self.task, before.task),
            (self.enqueued_ns, before.enqueued_ns),
            (self.dispatched_ns, before.dispatched_ns),
            (self.received_ns, before.received_ns),
        ] {
            put(out, zigzag(number.wrapping_sub(before)));
        }
        for number in rare.into_iter().filter(|number| *number != 0) {
            put(out, number);
        }
        for (bit, option) in self.options.into_iter().enumerate() {
            if self.has >> bit & 1 == 1 {
                put(out, option);
            }
        }
    }

    fn unpack(before: &Self, usual: u8, rest: &mut &[u8]) -> Self {
        let bits = take(rest);
        let mut row = Self { has: (bits >> 3) as u8 ^ usual, ..Self::default() };
        row.task = before.task.wrapping_add(unzigzag(take(rest)));
        row.enqueued_ns = before.enqueued_ns.wrapping_add(unzigzag(take(rest)));
        row.dispatched_ns = before.dispatched_ns.wrapping_add(unzigzag(take(rest)));
        row.received_ns = before.received_ns.wrapping_add(unzigzag(take(rest)));
        for (bit, number) in [&mut row.attempt, &mut row.bytes_in, &mut row.bytes_out].into_iter().enumerate()
        {
            if bits >> bit & 1 == 1 {
                *number = take(rest);
            }
        }
        for (bit, option) in row.options.iter_mut().enumerate() {
            if row.has >> bit & 1 == 1 {
                *option = take(rest);
            }
        }
        row
    }
}

/// Small numbers of either sign as small numbers.
fn zigzag(number: u64) -> u64 {
    let signed = number.cast_signed();
    (signed << 1 ^ signed >> 63).cast_unsigned()
}

fn unzigzag(number: u64) -> u64 {
    number >> 1 ^ (number & 1).wrapping_neg()
}

/// Seven bits a byte, the highest bit says that more follow (LEB128).
fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take(rest: &mut &[u8]) -> u64 {
    let (mut number, mut shift) = (0, 0);
    while let Some((&byte, after)) = rest.split_first() {
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 || shift > 63 {
            break;
        }
    }
    number
}
