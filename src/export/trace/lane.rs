//! One worker's slices, so that those of one thread nest.

use std::io;

use serde::Serialize;

use super::{Events, LeftOut, Micros, Place, Plain, TraceEvent, engine::arrow_event, places::Places};
use crate::{
    event::{LockKind, Usage},
    export::tasks::outcome_cells,
    ids::TaskId,
    store::{Lane, Life, LockSpan, OpenSpan, RunStore, Span},
};

/// What is said of an attempt. What was not measured is left out.
#[derive(Default, Serialize)]
#[serde(default)]
struct TaskArgs<'a> {
    task: u32,
    attempt: u32,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    enqueued_ns: u64,
    dispatched_ns: u64,
    queue_wait_ns: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    core_wait_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock_wait_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voluntary_switches: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    involuntary_switches: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minor_faults: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    major_faults: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_core: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_core: Option<u32>,
    #[serde(skip_serializing_if = "is_zero")]
    bytes_in: u32,
    #[serde(skip_serializing_if = "is_zero")]
    bytes_out: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// Names of slices: looked up by people, so each says what the worker does.
fn wait_name(kind: LockKind) -> &'static str {
    match kind {
        LockKind::Gil => "wait for simulated GIL",
        LockKind::Shared => "wait for shared lock",
    }
}

fn hold_name(kind: LockKind) -> &'static str {
    match kind {
        LockKind::Gil => "hold simulated GIL",
        LockKind::Shared => "hold shared lock",
    }
}

/// Anything that takes time on a worker's thread.
enum Item<'a> {
    Ended(Span),
    Running(&'a OpenSpan),
    Lock(LockKind, &'static str),
}

/// Writes everything of one worker. `arrow` is the number of its first attempt's arrow, and is moved on.
pub(super) fn write_lane(
    store: &RunStore,
    places: &Places,
    at: usize,
    left_out: LeftOut,
    arrow: &mut u64,
    events: &mut Events<'_>,
) -> io::Result<()> {
    let lane = &store.lanes[at];
    for life in &lane.lives {
        write_life(lane, life, places.worker_at(at, life.spawned_ns), events)?;
    }
    let mut writer = LaneWriter {
        store,
        places,
        at,
        left_out,
        arrow,
        cpu: None,
        open: Vec::new(),
        beside: [false; 2],
        events,
    };
    for (from_ns, to_ns, item) in items(lane, store.now_ns, left_out.locks) {
        writer.item(from_ns, to_ns, item)?;
    }
    Ok(())
}

/// All that takes time, by its begin; what begins together, the longer first, and attempts before what happens in them.
fn items(lane: &Lane, now_ns: u64, without_locks: bool) -> impl Iterator<Item = (u64, u64, Item<'_>)> {
    let ended = lane.spans.iter().map(|span| (span.start_ns, span.end_ns, Item::Ended(span)));
    let running =
        lane.running.iter().map(move |open| (open.start_ns, now_ns.max(open.start_ns), Item::Running(open)));
    let mut attempts = ended.chain(running).peekable();
    let mut locks = LockKind::ALL.map(|kind| {
        let spans = lane.locks.of(kind).iter().take(if without_locks { 0 } else { usize::MAX });
        spans.flat_map(move |span| lock_items(kind, span)).peekable()
    });
    std::iter::from_fn(move || {
        let before = |a: &(u64, u64, Item<'_>)| (a.0, std::cmp::Reverse(a.1));
        let heads = locks.iter_mut().enumerate().filter_map(|(at, lock)| Some((before(lock.peek()?), at)));
        let first = heads.min();
        match (attempts.peek(), first) {
            (Some(attempt), Some(((from_ns, _), at))) if from_ns < attempt.0 => locks[at].next(),
            (None, Some((_, at))) => locks[at].next(),
            _ => attempts.next(),
        }
    })
}

/// A wait and a hold, each where it took any time.
fn lock_items<'a>(kind: LockKind, span: &LockSpan) -> impl Iterator<Item = (u64, u64, Item<'a>)> + use<'a> {
    let wait = (span.asked_ns, span.got_ns, Item::Lock(kind, wait_name(kind)));
    let hold = (span.got_ns, span.released_ns, Item::Lock(kind, hold_name(kind)));
    [wait, hold].into_iter().filter(|item| item.1 > item.0)
}

struct LaneWriter<'a, 'b, 'c> {
    store: &'a RunStore,
    places: &'a Places,
    at: usize,
    left_out: LeftOut,
    arrow: &'b mut u64,
    /// The thread that the last attempt was on, and the CPU time of all attempts there, as long as each was measured.
    cpu: Option<(Place, Option<u64>)>,
    /// Ends of the slices that are open on the worker's own thread, outermost first.
    open: Vec<u64>,
    /// Which threads beside the worker's own have been named.
    beside: [bool; LockKind::ALL.len()],
    events: &'b mut Events<'c>,
}

impl LaneWriter<'_, '_, '_> {
    fn item(&mut self, from_ns: u64, to_ns: u64, item: Item<'_>) -> io::Result<()> {
        while self.open.last().is_some_and(|end_ns| *end_ns <= from_ns) {
            self.open.pop();
        }
        match item {
            Item::Ended(span) => {
                // Attempts never overlap, and nothing else opens outside of one: whatever is left here has ended.
                self.open.clear();
                self.open.push(to_ns);
                self.attempt(&span)
            }
            Item::Running(open) => {
                self.open.clear();
                self.open.push(to_ns);
                self.running(open, to_ns)
            }
            Item::Lock(kind, name) => {
                let nests = self.open.last().is_some_and(|end_ns| to_ns <= *end_ns);
                let place = if nests {
                    self.open.push(to_ns);
                    // The attempt around it began where the worker's life then was; so did this.
                    self.cpu.map_or_else(|| self.places.worker_at(self.at, from_ns), |(place, _)| place)
                } else {
                    if !std::mem::replace(&mut self.beside[kind as usize], true) {
                        self.places.write_lock_name(self.at, kind, self.events)?;
                    }
                    self.places.lock(self.at, kind)
                };
                self.events.push(&Plain::slice("lock", name, place, from_ns, to_ns))
            }
        }
    }

    /// Moves to the thread of an attempt and tells the CPU time used there so far.
    fn thread(&mut self, start_ns: u64, cpu_ns: Option<u64>) -> (Place, Option<u64>) {
        let place = self.places.worker_at(self.at, start_ns);
        let before = match self.cpu {
            Some((same, before)) if same == place => before,
            _ => Some(0),
        };
        self.cpu = Some((place, before.zip(cpu_ns).map(|(before, cpu_ns)| before.saturating_add(cpu_ns))));
        (place, before)
    }

    fn attempt(&mut self, span: &Span) -> io::Result<()> {
        let Usage { cpu_ns, core_wait_ns, .. } = span.usage;
        let (place, before) = self.thread(span.start_ns, cpu_ns);
        let (outcome, detail) = outcome_cells(&span.outcome);
        let locks = &self.store.lanes[self.at].locks;
        let usage = &span.usage;
        let args = TaskArgs {
            task: span.task.0,
            attempt: span.attempt,
            outcome,
            detail,
            enqueued_ns: span.enqueued_ns,
            dispatched_ns: span.dispatched_ns,
            queue_wait_ns: span.wait_ns(),
            cpu_ns,
            core_wait_ns,
            lock_wait_ns: (!locks.is_empty()).then(|| locks.waited_ns(span.start_ns, span.end_ns)),
            voluntary_switches: usage.voluntary_switches,
            involuntary_switches: usage.involuntary_switches,
            minor_faults: usage.minor_faults,
            major_faults: usage.major_faults,
            first_core: usage.first_core.map(|core| core.0),
            last_core: usage.last_core.map(|core| core.0),
            bytes_in: usage.bytes_in,
            bytes_out: usage.bytes_out,
        };
        let measured = before.zip(cpu_ns);
        self.events.push(&TraceEvent {
            tts: measured.map(|(before, _)| Micros(before)),
            tdur: measured.map(|(_, cpu_ns)| Micros(cpu_ns)),
            args: Some(args),
            ..TraceEvent::slice("task", &task_name(span.task), place, span.start_ns, span.end_ns)
        })?;
        if !self.left_out.arrows {
            self.events.push(&arrow_event("f", place, span.start_ns, *self.arrow))?;
        }
        *self.arrow += 1;
        Ok(())
    }

    fn running(&mut self, open: &OpenSpan, to_ns: u64) -> io::Result<()> {
        let (place, _) = self.thread(open.start_ns, None);
        let args = TaskArgs {
            task: open.task.0,
            attempt: open.attempt,
            outcome: "running",
            enqueued_ns: open.enqueued_ns,
            dispatched_ns: open.dispatched_ns,
            queue_wait_ns: open.dispatched_ns.saturating_sub(open.enqueued_ns),
            ..TaskArgs::default()
        };
        let name = task_name(open.task);
        let slice = TraceEvent::slice("task", &name, place, open.start_ns, to_ns);
        self.events.push(&TraceEvent { args: Some(args), ..slice })
    }
}

fn task_name(task: TaskId) -> String {
    task.to_string()
}

/// A worker's start-up, as far as no attempt says otherwise, and its end.
fn write_life(lane: &Lane, life: &Life, place: Place, events: &mut Events<'_>) -> io::Result<()> {
    let next = lane.spans.partition_point(|start_ns, _| start_ns < life.spawned_ns);
    let before_ns = next.checked_sub(1).and_then(|at| lane.spans.times(at)).map_or(0, |times| times.1);
    let next_ns = lane.spans.times(next).map(|times| times.0);
    let next_ns = next_ns.or(lane.running.map(|open| open.start_ns)).unwrap_or(u64::MAX);
    let from_ns = life.spawned_ns.max(before_ns);
    let to_ns = life.ready_ns.or(life.exited_ns).unwrap_or(from_ns).min(next_ns);
    if to_ns > from_ns {
        events.push(&Plain::slice("worker", "starting", place, from_ns, to_ns))?;
    }
    if let (Some(t_ns), Some(exit), false) = (life.exited_ns, life.exit, life.expected) {
        events.push(&Plain::instant("worker", &format!("died: {exit}"), place, t_ns, "t"))?;
    }
    Ok(())
}
