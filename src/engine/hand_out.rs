//! Who gets the next chunk, and how many chunks one worker may hold.

use super::{dispatcher::Dispatcher, slot::Assigned, wire::Down};
use crate::{ids::WorkerId, spec::Prefetch, time::NS_PER_MS};

/// Most chunks one worker may hold under `--prefetch auto`.
const AUTO_CREDIT_MAX: f64 = 64.0;
/// Under `--prefetch auto` workers hold chunks in advance while so many chunks wait for each.
const PLENTY_CHUNKS: u64 = 64;
/// Under `--prefetch auto` a worker holds about this much work beyond the chunk it runs.
const AUTO_CREDIT_NS: f64 = NS_PER_MS as f64;

impl Dispatcher<'_> {
    pub(super) fn learn_length(&mut self, run_ns: u64) {
        let run_ns = run_ns as f64;
        self.mean_task_ns = Some(self.mean_task_ns.map_or(run_ns, |mean| mean + (run_ns - mean) / 16.0));
    }

    /// Chunks that one worker may hold, the one it runs included.
    fn credit(&self) -> usize {
        match (self.spec.prefetch, self.mean_task_ns) {
            (Prefetch::Fixed(chunks), _) => chunks as usize,
            // A second chunk in a slow worker's hands could not go to a faster one.
            (Prefetch::Auto, None) => 1,
            // What was short so far may be long later: near the end, nobody hoards what others could run.
            (Prefetch::Auto, Some(_)) if self.is_scarce() => 1,
            (Prefetch::Auto, Some(mean_task_ns)) => {
                let chunk_ns = (mean_task_ns * f64::from(self.spec.chunk_tasks())).max(1.0);
                (1.0 + (AUTO_CREDIT_NS / chunk_ns).floor()).min(AUTO_CREDIT_MAX) as usize
            }
        }
    }

    /// Whether so few chunks wait that each should go to whoever is free first.
    fn is_scarce(&self) -> bool {
        let chunks = u64::from(self.queue.len() / self.spec.chunk_tasks());
        chunks < u64::from(self.spec.workers) * PLENTY_CHUNKS
    }

    /// Gives one worker what its credit allows.
    pub(super) fn feed(&mut self, worker: WorkerId) {
        let credit = self.credit();
        while self.hand_out(worker, credit) {}
    }

    /// Gives everybody a chunk in turn until credit or queue is used up.
    pub(super) fn feed_all(&mut self) {
        for credit in 1..=self.credit() {
            for worker in 0..self.slots.len() {
                self.hand_out(WorkerId(worker as u32), credit);
            }
        }
    }

    /// One chunk to one worker, if it may have it.
    fn hand_out(&mut self, worker: WorkerId, credit: usize) -> bool {
        if self.paused || self.stopping.is_some() || !self.slots[worker.index()].can_take(credit) {
            return false;
        }
        let Some(batch) = self.queue.take(self.spec.chunk_tasks()) else { return false };
        let dispatched_ns = self.clock.now_ns();
        let message = Down::Chunk { first: batch.tasks.start, count: batch.len() };
        self.queue_changed = true;
        if let Err(error) = self.pool.send(worker, message) {
            self.queue.put_back(batch);
            self.condemn(worker, &format!("it cannot be reached: {error}"));
            return false;
        }
        self.slots[worker.index()].assigned.push_back(Assigned { batch, dispatched_ns });
        self.queue.refill(dispatched_ns);
        true
    }
}
