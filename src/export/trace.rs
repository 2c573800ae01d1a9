//! A run as Chrome trace JSON, the format that Perfetto, `chrome://tracing` and their like open.
//!
//! One process for each real one: the engine, and the worker processes of the backend `processes`, where a replaced
//! worker is another process. The threads of the other backends are threads of the engine. A worker's thread holds an
//! `X` slice for each attempt (category `task`) and, where they nest, its waits for locks and its holds of them; what
//! does not nest is on a thread of its own beside it. The engine has a thread `pool` for what happened to the pool as
//! a whole and a thread `submit`, from whose slices arrows lead to the attempts. Processes of a lesson have their names,
//! and a thread of their operations (category `lesson`), with an arrow for each message.
//!
//! Times are microseconds since the run's start, to the nanosecond. `tdur` is an attempt's CPU time, and `tts` the CPU
//! time of the attempts before it on its thread. Counters tell the load of the cores, over the interval that begins at
//! the counter's time, the queue, and each process's CPU and memory.
//!
//! Written event by event, so that memory does not grow with the trace. What would make a trace too large to open is
//! left out whole, and named under `left_out` in `otherData`: arrows above [`MAX_ARROWS`] attempts, uses of locks above
//! [`MAX_LOCKS`].

mod engine;
mod lane;
mod lesson;
mod places;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use places::Places;
use serde::Serialize;

use crate::{
    event::LockKind,
    store::{RunStore, Tally},
};

/// Attempts up to which each has an arrow from where it was submitted.
const MAX_ARROWS: usize = 100_000;
/// Uses of locks up to which each is told.
const MAX_LOCKS: usize = 1_000_000;

/// Writes the whole trace.
pub fn write_trace(store: &RunStore, out: &mut dyn Write) -> io::Result<()> {
    let places = Places::new(store);
    let left_out = LeftOut::new(store);
    out.write_all(b"{\"traceEvents\":[\n")?;
    let mut events = Events { out, first: true };
    places.write_names(&store.lesson, &mut events)?;
    engine::write_pool(store, &places, &mut events)?;
    engine::write_counters(store, &places, &mut events)?;
    if !left_out.arrows {
        engine::write_submits(store, &places, &mut events)?;
    }
    let mut arrow = 0;
    for at in 0..store.lanes.len() {
        lane::write_lane(store, &places, at, left_out, &mut arrow, &mut events)?;
    }
    lesson::write_lesson(store, &places, &mut events)?;
    out.write_all(b"\n],\"otherData\":")?;
    serde_json::to_writer(&mut *out, &About::new(store, left_out))?;
    out.write_all(b"}\n")
}

/// Which kinds of events this trace goes without.
#[derive(Clone, Copy, Debug, Default)]
struct LeftOut {
    arrows: bool,
    locks: bool,
}

impl LeftOut {
    fn new(store: &RunStore) -> Self {
        let attempts: usize = store.lanes.iter().map(|lane| lane.spans.len()).sum();
        let uses = |kind| store.lanes.iter().map(|lane| lane.locks.of(kind).len()).sum::<usize>();
        Self {
            arrows: attempts > MAX_ARROWS,
            locks: LockKind::ALL.into_iter().map(uses).sum::<usize>() > MAX_LOCKS,
        }
    }

    fn names(self) -> Vec<&'static str> {
        let all = [(self.arrows, "arrows"), (self.locks, "locks")];
        all.into_iter().filter_map(|(left_out, name)| left_out.then_some(name)).collect()
    }
}

/// What the trace says of its run as a whole.
#[derive(Serialize)]
struct About<'a> {
    program: &'static str,
    version: &'static str,
    title: Option<String>,
    spec: Option<&'a crate::spec::Spec>,
    host: Option<&'a crate::event::Host>,
    status: &'static str,
    reason: Option<&'a str>,
    /// The wall clock at time 0, nanoseconds since the Unix epoch.
    start_unix_ns: Option<u64>,
    wall_ns: u64,
    tasks: Tally,
    left_out: Vec<&'static str>,
}

impl<'a> About<'a> {
    fn new(store: &'a RunStore, left_out: LeftOut) -> Self {
        let info = store.info.as_deref();
        Self {
            program: "poolscope",
            version: env!("CARGO_PKG_VERSION"),
            title: store.title(),
            spec: info.map(|info| &info.spec),
            host: info.map(|info| &info.host),
            status: store.phase.name(),
            reason: store.reason.as_deref(),
            start_unix_ns: info.map(|info| info.clock.unix_ns),
            wall_ns: store.last_end_ns,
            tasks: store.tally,
            left_out: left_out.names(),
        }
    }
}

/// The last moment that microseconds can tell to the nanosecond, after 26 days. Later ones, which only nonsense can bring, are
/// told as this one.
const LAST_NS: u64 = 1 << 51;

/// A time in microseconds, as the format wants it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Micros(u64);

impl Serialize for Micros {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.min(LAST_NS) as f64 / 1000.0)
    }
}

/// Where an event belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Place {
    pid: u32,
    tid: u32,
}

/// One event. What is `None` is not written.
#[derive(Serialize)]
struct TraceEvent<'a, A: Serialize> {
    ph: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cat: Option<&'static str>,
    pid: u32,
    tid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<Micros>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<Micros>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tts: Option<Micros>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tdur: Option<Micros>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    /// How far an instant reaches, or what an arrow's head is bound to.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<A>,
}

impl<'a, A: Serialize> TraceEvent<'a, A> {
    fn new(ph: &'static str, name: &'a str, place: Place) -> Self {
        let Place { pid, tid } = place;
        Self {
            ph,
            name,
            cat: None,
            pid,
            tid,
            ts: None,
            dur: None,
            tts: None,
            tdur: None,
            id: None,
            s: None,
            bp: None,
            args: None,
        }
    }

    fn slice(cat: &'static str, name: &'a str, place: Place, from_ns: u64, to_ns: u64) -> Self {
        let dur = Some(Micros(to_ns.min(LAST_NS).saturating_sub(from_ns)));
        Self { cat: Some(cat), ts: Some(Micros(from_ns)), dur, ..Self::new("X", name, place) }
    }

    /// `reach` is `g` for the whole trace, `t` for the thread.
    fn instant(cat: &'static str, name: &'a str, place: Place, t_ns: u64, reach: &'static str) -> Self {
        Self { cat: Some(cat), ts: Some(Micros(t_ns)), s: Some(reach), ..Self::new("i", name, place) }
    }
}

/// Events without arguments.
type Plain<'a> = TraceEvent<'a, ()>;

/// The list of events while it is written.
struct Events<'a> {
    out: &'a mut dyn Write,
    first: bool,
}

impl Events<'_> {
    fn push<A: Serialize>(&mut self, event: &TraceEvent<'_, A>) -> io::Result<()> {
        if !std::mem::replace(&mut self.first, false) {
            self.out.write_all(b",\n")?;
        }
        serde_json::to_writer(&mut *self.out, event)?;
        Ok(())
    }
}
