//! All that happened in a run as one stream in order of time, merged from the columns in which it is kept.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::{
    event::{LockKind, Status},
    ids::WorkerId,
    store::{CoreSample, Entry, Life, LockSpan, LogLine, Phase, ProcessSample, QueueSample, RunStore, Span},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum WorkerEvent {
    Spawned,
    Ready,
    Exited,
}

impl WorkerEvent {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Spawned => "spawned",
            Self::Ready => "ready",
            Self::Exited => "exited",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PoolEvent {
    Ready,
    Paused,
    Resumed,
    Resized(u32),
    Ended(Status),
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub(super) enum Moment<'a> {
    Worker(WorkerId, &'a Life, WorkerEvent),
    Pool(PoolEvent),
    Task(WorkerId, Span),
    Lock(WorkerId, LockKind, &'a LockSpan),
    Cores(&'a CoreSample),
    Process(&'a ProcessSample),
    Queue(&'a QueueSample),
    Log(&'a LogLine),
    Lesson(&'a Entry),
}

type Timed<'a> = (u64, Moment<'a>);
/// One column, in order of time.
type Stream<'a> = Box<dyn Iterator<Item = Timed<'a>> + 'a>;

/// Everything in order of time; at equal times, in the order of the streams.
pub(super) fn moments(store: &RunStore) -> impl Iterator<Item = Timed<'_>> {
    let mut streams = streams(store);
    let mut heads: Vec<_> = streams.iter_mut().map(Iterator::next).collect();
    let mut next: BinaryHeap<_> =
        heads.iter().enumerate().filter_map(|(at, head)| Some(Reverse((head.as_ref()?.0, at)))).collect();
    std::iter::from_fn(move || {
        let Reverse((_, at)) = next.pop()?;
        let moment = std::mem::replace(&mut heads[at], streams[at].next());
        if let Some((t_ns, _)) = &heads[at] {
            next.push(Reverse((*t_ns, at)));
        }
        moment
    })
}

fn streams(store: &RunStore) -> Vec<Stream<'_>> {
    let mut streams: Vec<Stream<'_>> = vec![sorted(lives(store)), sorted(pool(store))];
    let lanes = || store.lanes.iter().zip((0..).map(WorkerId));
    for (lane, worker) in lanes() {
        streams.push(Box::new(lane.spans.iter().map(move |span| (span.end_ns, Moment::Task(worker, span)))));
    }
    for (lane, worker) in lanes() {
        for kind in LockKind::ALL {
            let spans = lane.locks.of(kind).iter();
            streams
                .push(Box::new(spans.map(move |span| (span.released_ns, Moment::Lock(worker, kind, span)))));
        }
    }
    streams.push(Box::new(store.cores.iter().map(|sample| (sample.t_ns, Moment::Cores(sample)))));
    streams.push(Box::new(store.processes.iter().map(|sample| (sample.t_ns, Moment::Process(sample)))));
    streams.push(Box::new(store.queue.iter().map(|sample| (sample.t_ns, Moment::Queue(sample)))));
    // Log lines are kept in the order of their arrival, which need not be that of time.
    streams.push(sorted(store.log.iter().map(|line| (line.t_ns, Moment::Log(line))).collect()));
    streams.push(sorted(store.lesson.told().map(|entry| (entry.t_ns, Moment::Lesson(entry))).collect()));
    streams
}

fn sorted(mut moments: Vec<Timed<'_>>) -> Stream<'_> {
    moments.sort_by_key(|moment| moment.0);
    Box::new(moments.into_iter())
}

fn lives(store: &RunStore) -> Vec<Timed<'_>> {
    let mut moments = Vec::new();
    for (lane, worker) in store.lanes.iter().zip((0..).map(WorkerId)) {
        for life in &lane.lives {
            let times = [
                (Some(life.spawned_ns), WorkerEvent::Spawned),
                (life.ready_ns, WorkerEvent::Ready),
                (life.exited_ns, WorkerEvent::Exited),
            ];
            moments.extend(
                times
                    .into_iter()
                    .filter_map(|(t_ns, event)| Some((t_ns?, Moment::Worker(worker, life, event)))),
            );
        }
    }
    moments
}

fn pool(store: &RunStore) -> Vec<Timed<'_>> {
    let ready = store.ready_ns.map(|t_ns| (t_ns, PoolEvent::Ready));
    let pauses = store.pauses.iter().flat_map(|&(from_ns, to_ns)| {
        [Some((from_ns, PoolEvent::Paused)), to_ns.map(|to_ns| (to_ns, PoolEvent::Resumed))]
    });
    let resizes = store.resizes().iter().map(|&(t_ns, workers)| (t_ns, PoolEvent::Resized(workers)));
    let ended = match store.phase {
        Phase::Ended(status) => Some((store.now_ns, PoolEvent::Ended(status))),
        _ => None,
    };
    let all = ready.into_iter().chain(pauses.flatten()).chain(resizes).chain(ended);
    all.map(|(t_ns, event)| (t_ns, Moment::Pool(event))).collect()
}
