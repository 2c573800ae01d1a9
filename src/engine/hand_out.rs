//! Who gets the next chunk, how many chunks one worker may hold, and who gives some back.

use std::collections::VecDeque;

use super::{
    dispatcher::Dispatcher,
    pool::{PART_TASKS, Recall},
    slot::{Assigned, Slot},
};
use crate::{
    ids::{TaskId, WorkerId},
    spec::{Backend, Prefetch, Transport},
    time::NS_PER_MS,
    workload,
};

/// Most chunks one worker may hold under `--prefetch auto`: as many as let it work for a while without its engine, and as
/// have room for their starts and ends in half a ring. What it holds can be taken back at any time.
const AUTO_CREDIT_MAX: f64 = 256.0;
/// Under `--prefetch auto` a worker holds about this much work beyond the chunk it runs: more than two ticks of its engine,
/// so that the tick alone keeps it supplied and it need not wake anybody, nor run dry while its engine waits for a core.
const AUTO_CREDIT_NS: f64 = 12.0 * NS_PER_MS as f64;
/// Workers hold chunks in advance while so many chunks wait for each.
const PLENTY_CHUNKS: u64 = 4;
/// The same where a chunk in advance is gone until its worker has ended its running task.
const PLENTY_CHUNKS_FOR_GOOD: u64 = 64;
/// Bytes under way to one worker beyond which it gets nothing more: it could not begin it yet.
const BACKLOG_LIMIT: usize = 1 << 20;
/// Inputs that are handed over together. One task's may be larger.
const PART_BYTES: u64 = 8 << 20;
/// Bytes that one worker holds for tasks that it has not begun, beyond which it gets nothing more. One task may be larger.
const INPUT_LIMIT: u64 = 8 << 20;
/// Chunks are taken from one worker for another only where they mean a wait of at least this long.
const WORTH_TAKING_NS: u64 = NS_PER_MS / 2;
/// A worker that runs nothing, has tasks to begin and has not said a word for so long has been stopped, or gets no core.
const STANDSTILL_NS: u64 = 100 * NS_PER_MS;
/// And for each byte of its inputs, which it must receive first; sending them to somebody else takes as long again.
const TRANSIT_NS_PER_BYTE: u64 = 10;
/// Each time that taking chunks from such a worker did not lead to a begun task doubles the patience, up to 2 to the power
/// of this: in the end somebody gets to begin, however slow the machine is.
const MAX_STANDSTILLS: u32 = 10;

impl Dispatcher<'_> {
    pub(super) fn learn_length(&mut self, run_ns: u64) {
        let run_ns = run_ns as f64;
        self.mean_task_ns = Some(self.mean_task_ns.map_or(run_ns, |mean| mean + (run_ns - mean) / 16.0));
    }

    /// Chunks that one worker may hold, the one it runs included.
    fn credit(&self) -> usize {
        match (self.spec.prefetch, self.mean_task_ns) {
            (Prefetch::Fixed(chunks), _) => chunks as usize,
            // Nothing is known yet: a second chunk might be as long as the run.
            (Prefetch::Auto, None) => 1,
            // What was short so far may be long later: near the end, nobody hoards what others could run.
            (Prefetch::Auto, Some(_)) if self.is_scarce() => 1,
            (Prefetch::Auto, Some(mean_task_ns)) => {
                let chunk_ns = (mean_task_ns * f64::from(self.spec.chunk_tasks())).max(1.0);
                let ahead = (AUTO_CREDIT_NS / chunk_ns).floor().max(self.least_ahead());
                (1.0 + ahead).min(AUTO_CREDIT_MAX) as usize
            }
        }
    }

    /// Whether so few chunks wait that each should go to whoever is free first.
    fn is_scarce(&self) -> bool {
        let chunks = u64::from(self.queue.len() / self.spec.chunk_tasks());
        let plenty = if self.can_take_back_at_once() { PLENTY_CHUNKS } else { PLENTY_CHUNKS_FOR_GOOD };
        chunks < u64::from(self.target) * plenty
    }

    /// Chunks to hold beyond the one that runs, however long they are: one, so that no worker waits for the next, where
    /// it can be taken back from a worker in the middle of a task.
    fn least_ahead(&self) -> f64 {
        if self.can_take_back_at_once() { 1.0 } else { 0.0 }
    }

    fn can_take_back_at_once(&self) -> bool {
        self.spec.backend != Backend::Processes || self.spec.transport == Transport::Ring
    }

    /// Gives one worker what its credit allows.
    pub(super) fn feed(&mut self, worker: WorkerId) {
        let credit = self.credit();
        // Not one by one while much is left: each hand-out costs a system call, and may cost a wake-up.
        if self.slots[worker.index()].assigned.len() <= credit - credit / 4 {
            self.hand_out(worker, credit);
        }
    }

    /// Gives everybody a chunk in turn until credit or queue is used up.
    pub(super) fn feed_all(&mut self) {
        for credit in 1..=self.credit() {
            for worker in 0..self.slots.len() {
                self.hand_out(WorkerId(worker as u32), credit);
            }
        }
    }

    /// Chunks to one worker until it holds `credit` of them; neighbours in the queue travel as one message.
    fn hand_out(&mut self, worker: WorkerId, credit: usize) {
        if self.paused || self.stopping.is_some() || !self.slots[worker.index()].can_take(credit) {
            return;
        }
        let dispatched_ns = self.clock.now_ns();
        let mut given: VecDeque<Assigned> = VecDeque::new();
        while self.slots[worker.index()].assigned.len() + given.len() < credit
            && self.pool.backlog_bytes(worker) < BACKLOG_LIMIT
            && self.input_bytes(worker) < INPUT_LIMIT
        {
            self.queue.refill(dispatched_ns);
            let count = self.tasks_at_a_time();
            let Some(batch) = self.queue.take(count, dispatched_ns) else { break };
            let follows = given.back().is_some_and(|last| last.batch.tasks.end == batch.tasks.start);
            if !follows && !self.give(worker, &mut given) {
                self.queue.put_back(batch);
                return;
            }
            given.push_back(Assigned { batch, dispatched_ns });
            // What carries data goes task by task, so that the backlog is known.
            if workload::has_input(self.spec) && !self.give(worker, &mut given) {
                return;
            }
        }
        self.give(worker, &mut given);
        self.queue.refill(dispatched_ns);
    }

    /// Tasks to hand over together: a chunk, or as much of the next one as its inputs allow. A chunk whose inputs are
    /// larger than that goes in parts, since all of a part must be in memory before any of it has left.
    fn tasks_at_a_time(&self) -> u32 {
        let chunk = self.spec.chunk_tasks();
        let Some(first) = self.queue.first().filter(|_| workload::has_input(self.spec)) else { return chunk };
        let tasks = first..first.saturating_add(chunk.min(PART_TASKS)).min(self.spec.tasks);
        let bytes = tasks.scan(0, |sum, task| {
            *sum += u64::from(workload::input_bytes(self.spec, TaskId(task)));
            Some(*sum)
        });
        (bytes.take_while(|sum| *sum <= PART_BYTES).count() as u32).max(1)
    }

    /// Bytes that a worker holds for tasks that it has not begun.
    fn input_bytes(&self, worker: WorkerId) -> u64 {
        if !workload::has_input(self.spec) {
            return 0;
        }
        let assigned = &self.slots[worker.index()].assigned;
        let tasks = assigned.iter().flat_map(|chunk| chunk.batch.tasks.clone());
        tasks.map(|task| u64::from(workload::input_bytes(self.spec, TaskId(task)))).sum()
    }

    /// Sends chunks that follow one another. False when the worker cannot be reached; then they are back in the queue.
    fn give(&mut self, worker: WorkerId, chunks: &mut VecDeque<Assigned>) -> bool {
        let (Some(first), Some(last)) = (chunks.front(), chunks.back()) else { return true };
        let tasks = first.batch.tasks.start..last.batch.tasks.end;
        let inputs = tasks.clone().filter_map(|task| {
            let input = workload::input(self.spec, TaskId(task))?;
            Some((TaskId(task), input))
        });
        let sent = self.pool.give(worker, tasks.start, tasks.end - tasks.start, inputs.collect());
        if let Err(error) = sent {
            while let Some(chunk) = chunks.pop_back() {
                self.queue.put_back(chunk.batch);
            }
            self.lose_touch(worker, &error);
            return false;
        }
        self.queue_changed = true;
        self.slots[worker.index()].assigned.extend(chunks.drain(..));
        true
    }

    /// Wants back what nobody has begun, from everybody.
    pub(super) fn recall_all(&mut self) {
        for worker in 0..self.slots.len() {
            self.recall(WorkerId(worker as u32), 0);
        }
    }

    /// Wants tasks back from one worker, all that it has not begun but `keep`. Without a ring it gives back all, later.
    pub(super) fn recall(&mut self, worker: WorkerId, keep: u32) {
        let slot = &mut self.slots[worker.index()];
        if !slot.is_alive() || slot.condemned || slot.leaving || slot.recalling || slot.unstarted() == 0 {
            return;
        }
        match self.pool.recall(worker, keep) {
            Ok(Recall::Done(count)) => self.put_back(worker, count),
            Ok(Recall::Asked) => slot.recalling = true,
            Err(error) => self.lose_touch(worker, &error),
        }
    }

    /// The last `count` tasks of a worker go back to where they came from, in order. After a stop, to nowhere.
    pub(super) fn put_back(&mut self, worker: WorkerId, count: u32) {
        let back = self.slots[worker.index()].take_back(count);
        if self.stopping.is_none() {
            for batch in back {
                self.queue.put_back(batch);
            }
        }
        self.queue_changed = true;
    }

    /// When a worker has nothing to do while others hold chunks that they have not begun, it gets some of those: half of
    /// the most that one holds. A chunk that was begun is only taken from a worker that stands still.
    pub(super) fn even_out(&mut self) {
        if self.paused || self.stopping.is_some() {
            return;
        }
        let Some(idle) = self.slots.iter().position(Slot::is_idle) else { return };
        if !self.queue.is_exhausted() {
            // It was passed over because it was behind with what it had been sent. What that was is void, or has arrived,
            // and nobody says so.
            self.feed_all();
            return;
        }
        let now_ns = self.clock.now_ns();
        let richest = (0..self.slots.len())
            .filter(|at| self.is_worth_taking(WorkerId(*at as u32), now_ns))
            .max_by_key(|at| self.slots[*at].spare_chunks());
        let Some(rich) = richest else { return };
        let slot = &self.slots[rich];
        let spare = slot.spare_chunks();
        if slot.running.is_none() {
            self.standstills = (self.standstills + 1).min(MAX_STANDSTILLS);
        }
        let keep = slot.assigned.iter().take(slot.assigned.len() - spare.div_ceil(2));
        let keep = keep.map(|chunk| chunk.batch.len()).sum();
        self.recall(WorkerId(rich as u32), keep);
        self.feed(WorkerId(idle as u32));
    }

    /// Whether chunks that a worker holds wait longer with it than with somebody who has nothing to do.
    fn is_worth_taking(&self, worker: WorkerId, now_ns: u64) -> bool {
        let slot = &self.slots[worker.index()];
        if slot.spare_chunks() == 0 || slot.recalling || slot.condemned || slot.leaving {
            return false;
        }
        let held_ns = self.mean_task_ns.unwrap_or(0.0) * f64::from(slot.unstarted());
        if let Some(running) = slot.running {
            // What it runs has taken long already, or what it holds will.
            return now_ns.saturating_sub(running.start_ns).max(held_ns as u64) >= WORTH_TAKING_NS;
        }
        // Counted from its last word on, not from when it got its tasks: a worker is for a moment between two of them all
        // the time, and the chunk that it has begun is its own while it gets on with it.
        let transit_ns = self.input_bytes(worker) * TRANSIT_NS_PER_BYTE;
        let limit_ns = (STANDSTILL_NS + transit_ns) << self.standstills;
        slot.owes_word_since_ns().is_some_and(|since_ns| now_ns.saturating_sub(since_ns) >= limit_ns)
    }
}
