//! What a stretch of spans comes to: the steps of the pyramid that lets a view cost what its pixels cost.

use super::super::{AttemptState, Span};

/// Consecutive spans of one lane, summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Start of the first.
    pub start_ns: u64,
    /// End of the last.
    pub end_ns: u64,
    /// Run time of all together.
    pub busy_ns: u64,
    /// As much of it as they were without a core, where that was measured: waiting for one, or for something else.
    pub off_cpu_ns: u64,
    /// How many did not end ok.
    pub not_ok: u32,
    /// The state among them that asks most for attention.
    pub worst: AttemptState,
}

impl Node {
    pub fn width_ns(&self) -> u64 {
        self.end_ns.saturating_sub(self.start_ns)
    }

    /// This stretch and the one right behind it as one.
    #[must_use]
    pub fn and(self, next: &Self) -> Self {
        Self {
            start_ns: self.start_ns,
            end_ns: next.end_ns,
            busy_ns: self.busy_ns.saturating_add(next.busy_ns),
            off_cpu_ns: self.off_cpu_ns.saturating_add(next.off_cpu_ns),
            not_ok: self.not_ok.saturating_add(next.not_ok),
            worst: self.worst.max(next.worst),
        }
    }

    /// All of them as one; `None` for none.
    pub(super) fn of(nodes: &[Self]) -> Option<Self> {
        let (first, rest) = nodes.split_first()?;
        Some(rest.iter().fold(*first, Self::and))
    }
}

impl From<&Span> for Node {
    fn from(span: &Span) -> Self {
        let state = AttemptState::of(&span.outcome);
        Self {
            start_ns: span.start_ns,
            end_ns: span.end_ns,
            busy_ns: span.run_ns(),
            off_cpu_ns: span.usage.cpu_ns.map_or(0, |cpu_ns| span.run_ns().saturating_sub(cpu_ns)),
            not_ok: u32::from(state != AttemptState::Ok),
            worst: state,
        }
    }
}

/// Steps over a row of nodes, from fine to coarse. Each node of a step stands for two of the one before; what is left over
/// at the end has none.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    /// What [`Small`] nodes count from.
    base_ns: u64,
    steps: Box<[Row]>,
}

/// Half the memory to go through where the numbers are small, which they mostly are: that is what a view of many lanes
/// costs.
#[derive(Clone, Debug)]
enum Row {
    Small(Box<[Small]>),
    Large(Box<[Node]>),
}

#[derive(Clone, Copy, Debug)]
struct Small {
    start: u32,
    end: u32,
    busy: u32,
    off_cpu: u32,
    not_ok: u16,
    worst: AttemptState,
}

impl Small {
    fn new(node: &Node, base_ns: u64) -> Option<Self> {
        let since = |t_ns: u64| u32::try_from(t_ns.checked_sub(base_ns)?).ok();
        Some(Self {
            start: since(node.start_ns)?,
            end: since(node.end_ns)?,
            busy: u32::try_from(node.busy_ns).ok()?,
            off_cpu: u32::try_from(node.off_cpu_ns).ok()?,
            not_ok: u16::try_from(node.not_ok).ok()?,
            worst: node.worst,
        })
    }

    fn node(&self, base_ns: u64) -> Node {
        Node {
            start_ns: base_ns + u64::from(self.start),
            end_ns: base_ns + u64::from(self.end),
            busy_ns: u64::from(self.busy),
            off_cpu_ns: u64::from(self.off_cpu),
            not_ok: u32::from(self.not_ok),
            worst: self.worst,
        }
    }
}

impl Row {
    fn new(nodes: Vec<Node>, base_ns: u64) -> Self {
        let small: Option<Box<[Small]>> = nodes.iter().map(|node| Small::new(node, base_ns)).collect();
        small.map_or_else(|| Self::Large(nodes.into()), Self::Small)
    }

    fn get(&self, at: usize, base_ns: u64) -> Option<Node> {
        match self {
            Self::Small(nodes) => nodes.get(at).map(|node| node.node(base_ns)),
            Self::Large(nodes) => nodes.get(at).copied(),
        }
    }

    /// The node at a place, if it is narrower.
    fn narrower(&self, at: usize, than_ns: u64, base_ns: u64) -> Option<Node> {
        match self {
            Self::Small(nodes) => {
                let node = nodes.get(at)?;
                (u64::from(node.end.saturating_sub(node.start)) < than_ns).then(|| node.node(base_ns))
            }
            Self::Large(nodes) => nodes.get(at).filter(|node| node.width_ns() < than_ns).copied(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Small(nodes) => nodes.len(),
            Self::Large(nodes) => nodes.len(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Small(nodes) => size_of_val(&**nodes),
            Self::Large(nodes) => size_of_val(&**nodes),
        }
    }
}

impl Steps {
    /// So many steps, the first of which is the row itself.
    pub(super) fn new(row: Vec<Node>, steps: usize) -> Self {
        let base_ns = row.first().map_or(0, |node| node.start_ns);
        let (mut all, mut finer) = (Vec::new(), row);
        for _ in 0..steps {
            let coarser = finer.chunks_exact(2).filter_map(Node::of).collect();
            all.push(Row::new(std::mem::replace(&mut finer, coarser), base_ns));
        }
        Self { base_ns, steps: all.into() }
    }

    /// All nodes of the last step.
    pub(super) fn last(&self) -> impl Iterator<Item = Node> {
        let last = self.steps.last();
        let len = last.map_or(0, Row::len);
        (0..len).filter_map(move |at| last?.get(at, self.base_ns))
    }

    /// Memory on the heap, in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.steps) + self.steps.iter().map(Row::bytes).sum::<usize>()
    }

    /// The coarsest node that begins with the row's item `at`, ends before item `end` and is narrower than so many
    /// nanoseconds; with how many items of the row it stands for. `near` is the step to be looked at first, and becomes the
    /// one that was found: neighbours mostly are on the same.
    pub(super) fn coarsest(
        &self,
        at: usize,
        end: usize,
        narrower_than_ns: u64,
        near: &mut usize,
    ) -> Option<(usize, Node)> {
        let room = end.checked_sub(at).filter(|room| *room > 0)?;
        let most = (at.trailing_zeros().min(room.ilog2()) as usize).min(self.steps.len().checked_sub(1)?);
        let node = |bits: usize| {
            self.steps.get(bits).and_then(|step| step.narrower(at >> bits, narrower_than_ns, self.base_ns))
        };
        // The coarser, the wider.
        let mut bits = most.min(*near);
        let mut found = node(bits);
        if found.is_some() {
            while bits < most
                && let Some(coarser) = node(bits + 1)
            {
                (found, bits) = (Some(coarser), bits + 1);
            }
        } else {
            while bits > 0 && found.is_none() {
                bits -= 1;
                found = node(bits);
            }
        }
        *near = bits;
        found.map(|node| (1 << bits, node))
    }
}
