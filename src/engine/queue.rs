//! The pool's queue, as ranges of task indices: a million waiting tasks cost as much as one.

use std::collections::VecDeque;

use crate::spec::{QueueBound, Spec};

/// Tasks that entered the queue together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) tasks: std::ops::Range<u32>,
    pub(super) enqueued_ns: u64,
}

impl Batch {
    pub(super) fn len(&self) -> u32 {
        self.tasks.end - self.tasks.start
    }
}

/// Waiting tasks. The submitter is part of it: it adds tasks as far as the bound allows.
#[derive(Debug)]
pub(super) struct TaskQueue {
    batches: VecDeque<Batch>,
    len: u32,
    /// The first task that was never submitted.
    next: u32,
    total: u32,
    bound: u32,
    /// After a stop: what comes back goes nowhere.
    closed: bool,
}

impl TaskQueue {
    pub(super) fn new(spec: &Spec) -> Self {
        let bound = match spec.queue {
            QueueBound::Unbounded => u32::MAX,
            QueueBound::AtMost(bound) => bound,
        };
        Self { batches: VecDeque::new(), len: 0, next: 0, total: spec.tasks, bound, closed: false }
    }

    /// Submits as many tasks as the bound allows.
    pub(super) fn refill(&mut self, now_ns: u64) {
        let count = self.bound.saturating_sub(self.len).min(self.total - self.next);
        if count > 0 {
            self.batches.push_back(Batch { tasks: self.next..self.next + count, enqueued_ns: now_ns });
            self.next += count;
            self.len += count;
        }
    }

    /// The task that [`Self::take`] would take first.
    pub(super) fn first(&self) -> Option<u32> {
        let next = (self.bound == 0 && self.next < self.total).then_some(self.next);
        self.batches.front().map(|batch| batch.tasks.start).or(next)
    }

    /// Takes up to `count` tasks from the front. A queue without room hands over what is only now submitted.
    pub(super) fn take(&mut self, count: u32, now_ns: u64) -> Option<Batch> {
        if self.bound == 0 && self.len == 0 {
            let first = self.next;
            self.next += count.min(self.total - first);
            return (self.next > first).then_some(Batch { tasks: first..self.next, enqueued_ns: now_ns });
        }
        let front = self.batches.front_mut()?;
        let taken = count.min(front.len());
        let batch = Batch { tasks: front.tasks.start..front.tasks.start + taken, ..*front };
        front.tasks.start += taken;
        if front.tasks.is_empty() {
            self.batches.pop_front();
        }
        self.len -= taken;
        Some(batch)
    }

    /// Puts tasks back that nobody has started. They keep their time of submission and go first.
    pub(super) fn put_back(&mut self, batch: Batch) {
        if !batch.tasks.is_empty() && !self.closed {
            self.len += batch.len();
            self.batches.push_front(batch);
        }
    }

    /// Queues a task for another attempt, behind all others. It was submitted once, so no bound holds it back.
    pub(super) fn requeue(&mut self, task: u32, now_ns: u64) {
        if self.closed {
            return;
        }
        self.len += 1;
        self.batches.push_back(Batch { tasks: task..task + 1, enqueued_ns: now_ns });
    }

    /// Drops everything, also what was not submitted yet, and whatever comes back later.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.batches.clear();
        self.len = 0;
        self.next = self.total;
    }

    /// Tasks that wait, without those never submitted.
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// True when no task is left to hand out, now or later.
    pub(super) fn is_exhausted(&self) -> bool {
        self.len == 0 && self.next == self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(total: u32, bound: u32) -> TaskQueue {
        TaskQueue { batches: VecDeque::new(), len: 0, next: 0, total, bound, closed: false }
    }

    #[test]
    fn an_unbounded_queue_takes_everything_at_once() {
        let mut queue = queue(1_000_000, u32::MAX);
        queue.refill(5);
        assert_eq!(queue.len(), 1_000_000);
        assert_eq!(queue.take(3, 0), Some(Batch { tasks: 0..3, enqueued_ns: 5 }));
        assert_eq!(queue.len(), 999_997);
    }

    #[test]
    fn a_bound_holds_submissions_back_until_there_is_room() {
        let mut queue = queue(5, 2);
        queue.refill(1);
        assert_eq!(queue.len(), 2);
        queue.take(1, 0);
        queue.refill(2);
        assert_eq!(queue.len(), 2);
        assert_eq!(queue.take(9, 0), Some(Batch { tasks: 1..2, enqueued_ns: 1 }));
        assert_eq!(queue.take(9, 0), Some(Batch { tasks: 2..3, enqueued_ns: 2 }));
        assert!(!queue.is_exhausted());
    }

    #[test]
    fn a_queue_without_room_hands_over_at_the_moment_of_submission() {
        let mut queue = queue(5, 0);
        queue.refill(1);
        assert_eq!(queue.len(), 0);
        assert_eq!(queue.first(), Some(0));
        assert_eq!(queue.take(3, 7), Some(Batch { tasks: 0..3, enqueued_ns: 7 }));
        queue.requeue(1, 8);
        assert_eq!(queue.first(), Some(1));
        assert_eq!(queue.take(3, 9), Some(Batch { tasks: 1..2, enqueued_ns: 8 }));
        assert!(!queue.is_exhausted());
        assert_eq!(queue.take(3, 10), Some(Batch { tasks: 3..5, enqueued_ns: 10 }));
        assert!(queue.is_exhausted() && queue.first().is_none() && queue.take(1, 11).is_none());
    }

    #[test]
    fn returned_tasks_go_first_and_repeated_ones_last() {
        let mut queue = queue(4, u32::MAX);
        queue.refill(0);
        let batch = queue.take(2, 0).unwrap();
        queue.put_back(Batch { tasks: 1..2, ..batch });
        queue.requeue(0, 9);
        let order: Vec<u32> =
            std::iter::from_fn(|| queue.take(1, 0)).map(|batch| batch.tasks.start).collect();
        assert_eq!(order, [1, 2, 3, 0]);
        assert!(queue.is_exhausted());
    }

    #[test]
    fn a_closed_queue_submits_nothing_more_and_takes_nothing_back() {
        let mut queue = queue(10, 2);
        queue.refill(0);
        let batch = queue.take(1, 0).unwrap();
        queue.close();
        queue.refill(1);
        queue.put_back(batch);
        queue.requeue(0, 2);
        assert_eq!(queue.len(), 0);
        assert!(queue.is_exhausted() && queue.take(1, 0).is_none());
    }
}
