//! The walk over one lane that gives every nanosecond to exactly one part.

use super::{Part, PartsNs, SpanParts};
use crate::{
    event::Usage,
    spec::QueueBound,
    store::{Lane, Life, Locks, OpenSpan, RunStore, Span},
};

/// What holds for all workers.
pub(super) struct Pool {
    pub(super) end_ns: u64,
    pauses: Vec<Mark>,
    /// The queue has a bound, so that tasks enter it during the run.
    bounded: bool,
    /// Tasks wait in the queue at this moment of a live run.
    waiting: bool,
}

impl Pool {
    /// `None` while no time has passed or no worker is wanted.
    pub(super) fn of(store: &RunStore) -> Option<Self> {
        let over = !store.phase.is_live() && store.last_end_ns > 0;
        let end_ns = if over { store.last_end_ns } else { store.now_ns };
        if end_ns == 0 || store.lanes.is_empty() {
            return None;
        }
        let pause = |&(from_ns, to_ns): &(u64, Option<u64>)| Mark {
            from_ns,
            to_ns: to_ns.unwrap_or(u64::MAX),
            part: Part::Paused,
        };
        Some(Self {
            end_ns,
            pauses: store.pauses.iter().map(pause).collect(),
            bounded: store.info.as_ref().is_some_and(|info| info.spec.queue != QueueBound::Unbounded),
            waiting: store.phase.is_live() && store.queue.last().is_none_or(|sample| sample.queued > 0),
        })
    }
}

/// An interval that outranks what the pool did meanwhile.
#[derive(Clone, Copy)]
struct Mark {
    from_ns: u64,
    to_ns: u64,
    part: Part,
}

/// What a walk over a lane tells of.
pub(super) trait Sink {
    /// All of the time between these moments went into the part.
    fn idle(&mut self, part: Part, from_ns: u64, to_ns: u64);
    /// So much of the time of an attempt between these moments went into the part; where in it is not known.
    fn within(&mut self, part: Part, from_ns: u64, to_ns: u64, ns: u64);
}

impl Sink for PartsNs {
    fn idle(&mut self, part: Part, from_ns: u64, to_ns: u64) {
        self[part as usize] += to_ns - from_ns;
    }

    fn within(&mut self, part: Part, _from_ns: u64, _to_ns: u64, ns: u64) {
        self[part as usize] += ns;
    }
}

/// Walks over one lane from 0 to the end, without doubling a nanosecond, or leaving one in which the worker was wanted
/// or worked.
pub(super) struct Sweep<'a, S> {
    pool: &'a Pool,
    /// When the pool had room for the worker, see [`RunStore::wanted_ns`].
    wanted_ns: Vec<(u64, u64)>,
    absences: Vec<Mark>,
    sink: S,
    at_ns: u64,
}

impl<'a, S: Sink> Sweep<'a, S> {
    pub(super) fn run(pool: &'a Pool, lane: &Lane, wanted_ns: Vec<(u64, u64)>, sink: S) -> S {
        let absences = absences(&lane.lives, lane.spans.is_empty() && lane.running.is_none(), &wanted_ns);
        let mut sweep = Self { pool, wanted_ns, absences, sink, at_ns: 0 };
        let mut before: Option<Span> = None;
        for span in lane.spans.iter() {
            sweep.gap(before.as_ref(), &opening(&span));
            sweep.span(span.end_ns, &span.usage, &lane.locks);
            before = Some(span);
        }
        if let Some(open) = &lane.running {
            sweep.gap(before.as_ref(), open);
            sweep.span(pool.end_ns, &Usage::default(), &lane.locks);
        }
        let rest = match (pool.waiting, &before) {
            (false, _) => Part::Tail,
            (true, None) => Part::FirstTask,
            (true, Some(_)) => Part::Dispatch,
        };
        sweep.idle_until(pool.end_ns, rest);
        sweep.sink
    }

    /// The time between two spans, cut at the moments when its reason changes.
    fn gap(&mut self, before: Option<&Span>, next: &OpenSpan) {
        let Some(before) = before else {
            self.idle_until(next.start_ns, Part::FirstTask);
            return;
        };
        // A task that entered an unbounded queue only after the gap began is one to be tried again: until then there
        // was nothing to hand out. A bounded queue is filled during the run, and a late filler is the pool's fault.
        if !self.pool.bounded && next.enqueued_ns > self.at_ns {
            self.idle_until(next.enqueued_ns.min(next.start_ns), Part::Tail);
        }
        if next.dispatched_ns >= before.end_ns && next.dispatched_ns <= next.start_ns {
            self.idle_until(before.received_ns.min(next.dispatched_ns), Part::Transfer);
            self.idle_until(next.dispatched_ns, Part::Dispatch);
            self.idle_until(next.start_ns, Part::Transfer);
        } else {
            self.idle_until(next.start_ns, Part::Dispatch);
        }
    }

    fn span(&mut self, to_ns: u64, usage: &Usage, locks: &Locks) {
        let to_ns = to_ns.min(self.pool.end_ns).max(self.at_ns);
        let parts = SpanParts::new(to_ns - self.at_ns, usage, locks.waited_ns(self.at_ns, to_ns));
        for (part, ns) in [
            (Part::Useful, parts.useful_ns),
            (Part::WaitingForCore, parts.waiting_for_core_ns),
            (Part::Lock, parts.lock_ns),
            (Part::Blocked, parts.blocked_ns),
        ] {
            self.sink.within(part, self.at_ns, to_ns, ns);
        }
        self.at_ns = to_ns;
    }

    /// Gives the time up to `to_ns` to `part`, except where the worker was absent or the pool paused. Where the pool had
    /// no room for the worker it is nobody's.
    fn idle_until(&mut self, to_ns: u64, part: Part) {
        let to_ns = to_ns.min(self.pool.end_ns);
        if to_ns <= self.at_ns {
            return;
        }
        let first = self.wanted_ns.partition_point(|wanted| wanted.1 <= self.at_ns);
        let (sink, absences, pauses) = (&mut self.sink, &self.absences, &self.pool.pauses);
        for &(wanted_ns, retired_ns) in self.wanted_ns[first..].iter().take_while(|wanted| wanted.0 < to_ns) {
            let (from_ns, to_ns) = (wanted_ns.max(self.at_ns), retired_ns.min(to_ns));
            overlay(absences, from_ns, to_ns, &mut |from_ns, to_ns, absent| match absent {
                Some(absent) => sink.idle(absent, from_ns, to_ns),
                None => overlay(pauses, from_ns, to_ns, &mut |from_ns, to_ns, paused| {
                    sink.idle(paused.unwrap_or(part), from_ns, to_ns);
                }),
            });
        }
        self.at_ns = to_ns;
    }
}

/// Cuts `from_ns..to_ns` at the borders of the marks, which are in order and do not overlap, and names the mark of
/// each piece.
fn overlay(marks: &[Mark], mut from_ns: u64, to_ns: u64, piece: &mut impl FnMut(u64, u64, Option<Part>)) {
    let first = marks.partition_point(|mark| mark.to_ns <= from_ns);
    for mark in &marks[first..] {
        if mark.from_ns >= to_ns {
            break;
        }
        let mark_from_ns = mark.from_ns.max(from_ns);
        if mark_from_ns > from_ns {
            piece(from_ns, mark_from_ns, None);
        }
        let mark_to_ns = mark.to_ns.min(to_ns);
        if mark_to_ns > mark_from_ns {
            piece(mark_from_ns, mark_to_ns, Some(mark.part));
        }
        from_ns = mark_to_ns.max(mark_from_ns);
    }
    if from_ns < to_ns {
        piece(from_ns, to_ns, None);
    }
}

/// When nobody, or nobody ready, filled the worker's place. After a death without a successor nobody is awaited, so
/// that this time is left to the pool; after one that the pool let go somebody is awaited once it is wanted again. A
/// lane that shows neither lives nor tasks has not begun to start.
fn absences(lives: &[Life], idle: bool, wanted_ns: &[(u64, u64)]) -> Vec<Mark> {
    let mut marks = Vec::with_capacity(lives.len() + 1);
    let (mut from_ns, mut part) = (0, Part::Starting);
    for life in lives {
        let to_ns = life.ready_ns.or(life.exited_ns).unwrap_or(u64::MAX);
        marks.push(Mark { from_ns, to_ns, part });
        from_ns = life.exited_ns.unwrap_or(u64::MAX);
        let lost = wanted_ns.iter().any(|wanted| (wanted.0..wanted.1).contains(&from_ns));
        part = if lost { Part::Restarting } else { Part::Starting };
    }
    let let_go = !lives.is_empty() && part == Part::Starting;
    if let_go || (lives.is_empty() && idle) {
        marks.push(Mark { from_ns, to_ns: u64::MAX, part });
    }
    marks
}

fn opening(span: &Span) -> OpenSpan {
    OpenSpan {
        task: span.task,
        attempt: span.attempt,
        enqueued_ns: span.enqueued_ns,
        dispatched_ns: span.dispatched_ns,
        start_ns: span.start_ns,
    }
}
