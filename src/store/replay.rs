//! A run that has ended, as it stood at any moment before.
//!
//! What the columns tell is there as it was: spans, lives, locks, samples, the log, the tally. What no column tells is
//! not, that the run was being stopped and the checksum as it stood: those are left out rather than guessed.

mod samples;

use std::{collections::HashMap, sync::Arc};

use samples::Samples;

use super::{Chunked, Lane, OpenSpan, Phase, RunStore, Span, Tally, WorkerRow, WorkerState};
use crate::{event::Outcome, ids::WorkerId};

/// A run with what is needed to stand at any of its moments. Making it costs a pass over all spans, a moment then only a
/// few searches.
#[derive(Clone, Debug)]
pub struct Replay {
    whole: Arc<RunStore>,
    /// When tasks ended for good, sorted, by the class of their outcome.
    ends: [Vec<u64>; CLASSES],
    /// Of each lane, when attempts ended ok.
    ok_ends: Vec<Vec<u64>>,
    /// One a lane, and the engine's behind them.
    samples: Vec<Samples>,
    /// Of each log line, the latest time of all lines up to it.
    log_ns: Vec<u64>,
}

const CLASSES: usize = 5;

fn class(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Ok => 0,
        Outcome::Failed(_) => 1,
        Outcome::Crashed(_) => 2,
        Outcome::TimedOut => 3,
        Outcome::Cancelled => 4,
    }
}

impl Replay {
    pub fn new(whole: Arc<RunStore>) -> Self {
        // Only few tasks are tried twice.
        let mut last_attempts = HashMap::new();
        for (_, span) in whole.spans().filter(|(_, span)| span.attempt > 0) {
            let last = last_attempts.entry(span.task).or_insert(0);
            *last = span.attempt.max(*last);
        }
        let is_last = |span: &Span| last_attempts.get(&span.task).is_none_or(|last| *last == span.attempt);
        let mut ends: [Vec<u64>; CLASSES] = Default::default();
        for (_, span) in whole.spans().filter(|(_, span)| is_last(span)) {
            ends[class(&span.outcome)].push(span.end_ns);
        }
        for ends in &mut ends {
            ends.sort_unstable();
        }
        let ok_ends = |lane: &Lane| {
            lane.spans.iter().filter(|span| span.outcome == Outcome::Ok).map(|span| span.end_ns).collect()
        };
        let ok_ends = whole.lanes.iter().map(ok_ends).collect();
        let log_ns = whole
            .log
            .iter()
            .scan(0, |latest, line| {
                *latest = line.t_ns.max(*latest);
                Some(*latest)
            })
            .collect();
        let samples = samples(&whole);
        Self { whole, ends, ok_ends, samples, log_ns }
    }

    pub fn whole(&self) -> &Arc<RunStore> {
        &self.whole
    }

    /// The run as it stood at this moment. From its end on that is the run itself.
    pub fn at(&self, t_ns: u64) -> Arc<RunStore> {
        let whole = &self.whole;
        if t_ns >= whole.now_ns {
            return Arc::clone(whole);
        }
        let tally = self.tally_at(t_ns);
        let sizes: Vec<_> = whole.sizes.iter().copied().filter(|(from_ns, _)| *from_ns <= t_ns).collect();
        let mut lanes: Vec<Lane> = whole.lanes.iter().map(|lane| lane_at(lane, t_ns)).collect();
        // Places that the pool did not have yet.
        let told = sizes.iter().map(|(_, size)| *size as usize).max().unwrap_or(0);
        let seen = lanes
            .iter()
            .rposition(|lane| !lane.lives.is_empty() || lane.running.is_some() || !lane.spans.is_empty());
        lanes.truncate(told.max(seen.map_or(0, |last| last + 1)));
        let ended = lanes.iter().filter_map(|lane| lane.spans.last()).map(|span| span.end_ns);
        let values = usize::try_from(tally.ok).unwrap_or(usize::MAX);
        let said = self.log_ns.partition_point(|line_ns| *line_ns <= t_ns);
        let mut store = RunStore {
            info: whole.info.clone(),
            phase: Phase::Starting,
            reason: None,
            now_ns: t_ns,
            ready_ns: whole.ready_ns.filter(|ready_ns| *ready_ns <= t_ns),
            sizes,
            last_end_ns: ended.max().unwrap_or(0),
            tally,
            checksum: 0,
            lanes,
            workers: Vec::new(),
            cores: upto(&whole.cores, t_ns, |sample| sample.t_ns),
            queue: upto(&whole.queue, t_ns, |sample| sample.t_ns),
            processes: upto(&whole.processes, t_ns, |sample| sample.t_ns),
            log: whole.log.prefix(said),
            // One for each task that ended ok, where the workload has any.
            values: whole.values.prefix(values),
            pauses: pauses_at(&whole.pauses, t_ns),
            lesson: whole.lesson.at(t_ns),
            ..RunStore::default()
        };
        if let Some(engine) = self.samples.last() {
            let known = engine.at(t_ns, &Lane::default(), &whole.processes);
            store.engine = known.last.map(|(_, sample)| sample).unwrap_or_default();
            store.engine_max_rss_bytes = known.max_rss_bytes;
        }
        store.workers = (0..store.lanes.len()).map(|at| self.worker_at(&store, at, t_ns)).collect();
        store.phase = phase_of(&store);
        Arc::new(store)
    }

    fn tally_at(&self, t_ns: u64) -> Tally {
        let total = self.whole.tally.total;
        let mut left = total;
        let [ok, failed, crashed, timed_out, cancelled] = [0, 1, 2, 3, 4].map(|class: usize| {
            let ended = self.ends[class].partition_point(|end_ns| *end_ns <= t_ns);
            let count = u32::try_from(ended).unwrap_or(u32::MAX).min(left);
            left -= count;
            count
        });
        Tally { total, ok, failed, crashed, timed_out, cancelled, not_run: left }
    }

    fn worker_at(&self, store: &RunStore, at: usize, t_ns: u64) -> WorkerRow {
        let lane = &store.lanes[at];
        let row = &self.whole.workers[at];
        let ok = self.ok_ends[at].partition_point(|end_ns| *end_ns <= t_ns);
        let last = lane.lives.last();
        let gone = if store.is_wanted(row.worker) { WorkerState::Exited } else { WorkerState::Retired };
        let known = self.samples[at].at(t_ns, lane, &self.whole.processes);
        // Whoever begins or ends a task is not halted, whatever was seen before.
        let acted_ns =
            lane.running.map(|open| open.start_ns).or(lane.spans.last().map(|span| span.received_ns));
        let halted = known.of_present_life
            && known.last.is_some_and(|(sampled_ns, sample)| {
                sample.state == 'T' && acted_ns.is_none_or(|acted_ns| acted_ns < sampled_ns)
            });
        let present = last.is_some_and(|life| life.exited_ns.is_none());
        let state = match last {
            _ if halted && present => WorkerState::Stopped,
            _ if lane.running.is_some() => WorkerState::Busy,
            Some(life) if life.exited_ns.is_some() => gone,
            Some(life) if life.ready_ns.is_some() => WorkerState::Idle,
            None if gone == WorkerState::Retired => gone,
            _ => WorkerState::Starting,
        };
        WorkerRow {
            pid: last.map_or(0, |life| life.pid),
            tid: last.map_or(0, |life| life.tid),
            state,
            tasks_ok: u32::try_from(ok).unwrap_or(u32::MAX),
            attempts: u32::try_from(lane.spans.len()).unwrap_or(u32::MAX),
            restarts: lane.lives.iter().filter(|life| life.replaces).count() as u32,
            exit: last.and_then(|life| life.exit),
            last: known.last.map(|(_, sample)| sample).unwrap_or_default(),
            cpu_ns: known.cpu_ns,
            max_rss_bytes: known.max_rss_bytes,
            max_pss_bytes: known.max_pss_bytes,
            ..WorkerRow::vacant(row.worker)
        }
    }
}

fn samples(whole: &RunStore) -> Vec<Samples> {
    let mut samples: Vec<_> = whole.lanes.iter().map(|lane| Samples::new(&lane.spans)).collect();
    samples.push(Samples::default());
    let engine = samples.len() - 1;
    for (kept, at) in whole.processes.iter().zip(0..) {
        let lane = kept.worker.map_or(engine, WorkerId::index);
        let lives = whole.lanes.get(lane).map_or(&[][..], |lane| &lane.lives);
        if let Some(samples) = samples.get_mut(lane) {
            samples.push(at, lives, kept);
        }
    }
    samples
}

/// The items of a column, which is in order of time, up to and with this moment.
fn upto<T: Clone>(column: &Chunked<T>, t_ns: u64, time: impl Fn(&T) -> u64) -> Chunked<T> {
    column.prefix(column.partition_point(|item| time(item) <= t_ns))
}

fn lane_at(lane: &Lane, t_ns: u64) -> Lane {
    let ended = lane.spans.partition_point(|_, end_ns| end_ns <= t_ns);
    let open = |span: Span| OpenSpan {
        task: span.task,
        attempt: span.attempt,
        enqueued_ns: span.enqueued_ns,
        dispatched_ns: span.dispatched_ns,
        start_ns: span.start_ns,
    };
    let running = lane.spans.get(ended).map(open).or(lane.running).filter(|open| open.start_ns <= t_ns);
    let mut lives: Vec<_> = lane.lives.iter().copied().filter(|life| life.spawned_ns <= t_ns).collect();
    if let Some(life) = lives.last_mut() {
        life.ready_ns = life.ready_ns.filter(|ready_ns| *ready_ns <= t_ns);
        if life.exited_ns.is_none_or(|exited_ns| exited_ns > t_ns) {
            (life.exited_ns, life.exit, life.expected) = (None, None, true);
        }
    }
    Lane { spans: lane.spans.prefix(ended), running, lives, locks: lane.locks.upto(t_ns) }
}

fn pauses_at(pauses: &[(u64, Option<u64>)], t_ns: u64) -> Vec<(u64, Option<u64>)> {
    pauses
        .iter()
        .filter(|(from_ns, _)| *from_ns <= t_ns)
        .map(|(from_ns, to_ns)| (*from_ns, to_ns.filter(|to_ns| *to_ns <= t_ns)))
        .collect()
}

fn phase_of(store: &RunStore) -> Phase {
    let begun = store.lanes.iter().any(|lane| lane.running.is_some() || !lane.spans.is_empty());
    if store.pauses.last().is_some_and(|(_, to_ns)| to_ns.is_none()) {
        Phase::Paused
    } else if begun || store.ready_ns.is_some() {
        Phase::Running
    } else {
        Phase::Starting
    }
}

#[cfg(test)]
mod tests;
