//! A worker's own list: tasks handed to it and not begun.

use std::collections::VecDeque;

use super::ring::claim::{advance, distance};
use crate::ids::TaskId;

/// Tasks in the order in which they are to be run, numbered as the engine numbers them, see [`super::ring::claim`].
#[derive(Debug, Default)]
pub(super) struct TaskList {
    chunks: VecDeque<std::ops::Range<u32>>,
    len: u32,
    /// The number that the next task appended will have.
    end: u32,
    generation: u16,
    /// What tasks work on, in their order.
    inputs: VecDeque<(TaskId, Vec<u8>)>,
}

impl TaskList {
    pub(super) fn append(&mut self, first: u32, count: u32) {
        self.chunks.push_back(first..first.saturating_add(count));
        self.len += count;
        self.end = advance(self.end, count);
    }

    pub(super) fn append_input(&mut self, task: TaskId, bytes: Vec<u8>) {
        self.inputs.push_back((task, bytes));
    }

    /// Voids the tasks from number `end` on.
    pub(super) fn cut(&mut self, generation: u16, end: u32) {
        self.generation = generation;
        let mut void = distance(end, self.end).min(self.len);
        self.len -= void;
        self.end = end;
        while void > 0
            && let Some(chunk) = self.chunks.back_mut()
        {
            let cut = void.min(chunk.end - chunk.start);
            chunk.end -= cut;
            void -= cut;
            if chunk.start >= chunk.end {
                self.chunks.pop_back();
            }
        }
        self.inputs.retain(|(task, _)| self.chunks.iter().any(|chunk| chunk.contains(&task.0)));
    }

    /// Voids everything, and says how much that was.
    pub(super) fn give_back(&mut self) -> u32 {
        let count = self.len;
        self.chunks.clear();
        self.inputs.clear();
        self.len = 0;
        count
    }

    /// The next task and what it works on.
    pub(super) fn pop(&mut self) -> Option<(TaskId, Option<Vec<u8>>)> {
        let chunk = self.chunks.front_mut()?;
        let task = TaskId(chunk.next()?);
        if chunk.start >= chunk.end {
            self.chunks.pop_front();
        }
        self.len -= 1;
        let input = self.inputs.pop_front_if(|(of, _)| *of == task).map(|(_, bytes)| bytes);
        Some((task, input))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn generation(&self) -> u16 {
        self.generation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(list: &mut TaskList) -> Vec<u32> {
        std::iter::from_fn(|| list.pop()).map(|(task, _)| task.0).collect()
    }

    #[test]
    fn tasks_come_in_the_order_in_which_they_were_handed_over() {
        let mut list = TaskList::default();
        list.append(5, 2);
        list.append(0, 3);
        assert_eq!(rest(&mut list), [5, 6, 0, 1, 2]);
        assert!(list.is_empty());
    }

    #[test]
    fn a_cut_voids_the_tail_whatever_chunks_it_spans() {
        for (end, left) in
            [(0, vec![]), (1, vec![5]), (2, vec![5, 6]), (3, vec![5, 6, 0]), (5, vec![5, 6, 0, 1, 2])]
        {
            let mut list = TaskList::default();
            list.append(5, 2);
            list.append(0, 3);
            list.cut(1, end);
            list.append(9, 1);
            let mut expected = left.clone();
            expected.push(9);
            assert_eq!(rest(&mut list), expected, "cut at {end}");
            assert_eq!(list.generation(), 1);
        }
    }

    #[test]
    fn a_cut_counts_from_what_was_handed_over_not_from_what_is_left() {
        let mut list = TaskList::default();
        list.append(0, 4);
        list.pop();
        list.pop();
        list.cut(1, 3);
        assert_eq!(rest(&mut list), [2]);
    }

    #[test]
    fn inputs_go_with_their_tasks() {
        let mut list = TaskList::default();
        for task in 0..3 {
            list.append_input(TaskId(task), vec![task as u8]);
        }
        list.append(0, 3);
        assert_eq!(list.pop(), Some((TaskId(0), Some(vec![0]))));
        list.cut(1, 2);
        list.append(2, 1);
        assert_eq!(list.pop(), Some((TaskId(1), Some(vec![1]))));
        assert_eq!(list.pop(), Some((TaskId(2), None)));
    }
}
