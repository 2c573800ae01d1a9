//! What the samples of one worker had told by any moment.

use crate::{
    event::WorkerSample,
    store::{Chunked, Lane, Life, ProcessSample, Spans},
};

/// The samples of one process's place, and what they sum up to.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples {
    points: Vec<Point>,
    /// Of each attempt on the lane, the measured CPU time up to and with it.
    attempts_cpu_ns: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Point {
    /// Place in the run's column of samples.
    at: u32,
    t_ns: u64,
    /// CPU time of the lives before the one that was sampled.
    past_lives_ns: u64,
    /// CPU time of the sampled life.
    life_ns: u64,
    max_rss_bytes: u64,
    max_pss_bytes: Option<u64>,
    /// Place of the sampled life on the lane.
    life: usize,
}

/// What was known at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Known {
    /// The last sample, with its time.
    pub(super) last: Option<(u64, WorkerSample)>,
    /// It is of the life that goes on.
    pub(super) of_present_life: bool,
    pub(super) cpu_ns: u64,
    pub(super) max_rss_bytes: u64,
    pub(super) max_pss_bytes: Option<u64>,
}

impl Samples {
    pub(super) fn new(spans: &Spans) -> Self {
        let mut sum_ns = 0_u64;
        let attempts_cpu_ns = spans
            .iter()
            .map(|span| {
                sum_ns = sum_ns.saturating_add(span.usage.cpu_ns.unwrap_or(0));
                sum_ns
            })
            .collect();
        Self { points: Vec::new(), attempts_cpu_ns }
    }

    /// Takes in the next sample, which stands at this place of the run's column.
    pub(super) fn push(&mut self, at: u32, lives: &[Life], kept: &ProcessSample) {
        let (t_ns, sample) = (kept.t_ns, kept.sample);
        let life = lives.partition_point(|life| life.spawned_ns <= t_ns);
        let before = self.points.last();
        let (past_lives_ns, life_ns) = match before {
            Some(before) if before.life == life => (before.past_lives_ns, before.life_ns),
            Some(before) => (before.past_lives_ns.saturating_add(before.life_ns), 0),
            None => (0, 0),
        };
        self.points.push(Point {
            at,
            t_ns,
            past_lives_ns,
            life_ns: life_ns.max(sample.cpu_ns),
            max_rss_bytes: before.map_or(0, |before| before.max_rss_bytes).max(sample.rss_bytes),
            max_pss_bytes: before.and_then(|before| before.max_pss_bytes).max(sample.pss_bytes),
            life,
        });
    }

    /// What was known at `t_ns`, when the worker's lane stood as `lane` says.
    pub(super) fn at(&self, t_ns: u64, lane: &Lane, column: &Chunked<ProcessSample>) -> Known {
        let attempts_ns = lane.spans.len().checked_sub(1).and_then(|last| self.attempts_cpu_ns.get(last));
        let attempts_ns = attempts_ns.copied().unwrap_or(0);
        let taken = self.points.partition_point(|point| point.t_ns <= t_ns);
        let Some(point) = taken.checked_sub(1).map(|last| self.points[last]) else {
            return Known { cpu_ns: attempts_ns, ..Known::default() };
        };
        Known {
            last: column.get(point.at as usize).map(|kept| (kept.t_ns, kept.sample)),
            of_present_life: point.life == lane.lives.len(),
            cpu_ns: point.past_lives_ns.saturating_add(point.life_ns).max(attempts_ns),
            max_rss_bytes: point.max_rss_bytes,
            max_pss_bytes: point.max_pss_bytes,
        }
    }
}
