//! What the trace tells of the pool as a whole: pauses, sizes, samples, and when tasks were submitted.

use std::io;

use serde::Serialize;

use super::{Events, Micros, Place, Plain, TraceEvent, places::Places};
use crate::store::{Phase, RunStore};

/// A submit slice is drawn as long as this, or until the next one: handing in a task takes no measured time.
const SUBMIT_NS: u64 = 1000;

const MB: f64 = 1e6;

pub(super) fn write_pool(store: &RunStore, places: &Places, events: &mut Events<'_>) -> io::Result<()> {
    let pool = places.pool;
    if let Some(t_ns) = store.ready_ns {
        events.push(&Plain::instant("pool", "every worker is ready", pool, t_ns, "t"))?;
    }
    for &(from_ns, to_ns) in &store.pauses {
        let until_ns = to_ns.unwrap_or(store.now_ns).max(from_ns);
        events.push(&Plain::slice("pool", "paused", pool, from_ns, until_ns))?;
        events.push(&Plain::instant("pool", "pause", pool, from_ns, "g"))?;
        if let Some(to_ns) = to_ns {
            events.push(&Plain::instant("pool", "resume", pool, to_ns, "g"))?;
        }
    }
    for &(t_ns, workers) in store.resizes() {
        events.push(&Plain::instant("pool", &format!("resized to {workers}"), pool, t_ns, "g"))?;
    }
    if let Phase::Ended(status) = store.phase {
        events.push(&Plain::instant("pool", &format!("run {status}"), pool, store.now_ns, "t"))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Busy {
    busy: f64,
}

#[derive(Serialize)]
struct Depth {
    queued: u32,
    in_flight: u32,
}

#[derive(Serialize)]
struct One {
    value: f64,
}

/// Counters belong to the process; the thread is any of it.
fn counter<A: Serialize>(name: &str, place: Place, t_ns: u64, args: A) -> TraceEvent<'_, A> {
    TraceEvent { ts: Some(Micros(t_ns)), args: Some(args), ..TraceEvent::new("C", name, place) }
}

/// Percent to the hundredth, so that a float's dust does not fill the file.
fn percent(share: f32) -> f64 {
    if share.is_finite() { (f64::from(share) * 10_000.0).round() / 100.0 } else { 0.0 }
}

pub(super) fn write_counters(store: &RunStore, places: &Places, events: &mut Events<'_>) -> io::Result<()> {
    let engine = places.pool;
    // A sample is of the interval before it, a counter holds from its time on.
    let mut from_ns = 0;
    for sample in store.cores.iter() {
        for (core, load) in sample.loads.iter().enumerate() {
            let name = format!("core {core} (%)");
            events.push(&counter(&name, engine, from_ns, Busy { busy: percent(load.busy()) }))?;
        }
        from_ns = sample.t_ns;
    }
    for sample in store.queue.iter() {
        let depth = Depth { queued: sample.queued, in_flight: sample.in_flight };
        events.push(&counter("tasks", engine, sample.t_ns, depth))?;
    }
    for point in store.processes.iter() {
        let place = point.worker.map_or(engine, |worker| places.worker_at(worker.index(), point.t_ns));
        // Threads share the memory of their engine, which tells it itself.
        if point.worker.is_some() && place.pid == engine.pid {
            continue;
        }
        let megabytes = point.sample.rss_bytes as f64 / MB;
        events.push(&counter(
            "CPU of the process (%)",
            place,
            point.t_ns,
            One { value: percent(point.sample.cpu) },
        ))?;
        events.push(&counter("memory (MB)", place, point.t_ns, One { value: megabytes }))?;
    }
    Ok(())
}

/// One slice for all attempts that entered the queue at the same moment, and an arrow's tail for each. Arrows are
/// numbered in the order of [`RunStore::spans`].
pub(super) fn write_submits(store: &RunStore, places: &Places, events: &mut Events<'_>) -> io::Result<()> {
    let mut submits: Vec<_> =
        (0..).zip(store.spans()).map(|(arrow, (_, span))| (span.enqueued_ns, span.task, arrow)).collect();
    submits.sort_unstable();
    let mut groups = submits.chunk_by(|a, b| a.0 == b.0).peekable();
    while let Some(group) = groups.next() {
        let (submit_ns, task, _) = group[0];
        let next_ns = groups.peek().map_or(u64::MAX, |next| next[0].0);
        let until_ns = next_ns.min(submit_ns.saturating_add(SUBMIT_NS));
        let name = match group.len() {
            1 => format!("submit {task}"),
            n => format!("submit {n} tasks"),
        };
        events.push(&Plain::slice("submit", &name, places.submit, submit_ns, until_ns))?;
        for &(.., arrow) in group {
            events.push(&arrow_event("s", places.submit, submit_ns, arrow))?;
        }
    }
    Ok(())
}

/// An arrow's tail (`s`), or its head (`f`), which binds to the slice around it.
pub(super) fn arrow_event(ph: &'static str, place: Place, t_ns: u64, arrow: u64) -> Plain<'static> {
    let bp = (ph == "f").then_some("e");
    let (cat, ts) = (Some("queue"), Some(Micros(t_ns)));
    Plain { cat, ts, id: Some(arrow), bp, ..Plain::new(ph, "queued", place) }
}
