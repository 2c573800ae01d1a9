//! How much of what a lesson's processes tell is kept: all of it is held, shown and recorded.

use std::collections::BTreeMap;

use crate::{
    event::lesson::{MAX_TOLD, ObjectId, Told},
    ids::WorkerId,
};

/// Of what the store takes, so much is left for how everything stands in the end, for processes, objects and findings.
const RESERVE: usize = MAX_TOLD / 8;
/// Cells whose last state is kept beyond the limit.
const MAX_CELLS: usize = 4096;

/// What was told by whom, when.
pub(super) type Entry = (u64, WorkerId, Told);

/// Counts what is told of operations and printed lines. Once there were too many, the last of each process and of each
/// cell is kept, so that the end is told as it is.
#[derive(Debug)]
pub(super) struct Limit {
    left: usize,
    left_out: u64,
    of_worker: BTreeMap<WorkerId, Entry>,
    of_cell: BTreeMap<(ObjectId, Option<u32>), Entry>,
}

impl Default for Limit {
    fn default() -> Self {
        Self::new(MAX_TOLD - RESERVE)
    }
}

impl Limit {
    fn new(left: usize) -> Self {
        Self { left, left_out: 0, of_worker: BTreeMap::new(), of_cell: BTreeMap::new() }
    }

    /// The entry if it is to be told.
    pub(super) fn take(&mut self, entry: Entry) -> Option<Entry> {
        if matches!(entry.2, Told::Role { .. } | Told::Object { .. } | Told::Stuck { .. }) {
            return Some(entry);
        }
        if self.left > 0 {
            self.left -= 1;
            return Some(entry);
        }
        self.left_out += 1;
        if let Told::Done(done) = &entry.2
            && let Some(object) = done.object
        {
            let place = (object, done.cell.map(|(index, _)| index));
            if self.of_cell.len() < MAX_CELLS || self.of_cell.contains_key(&place) {
                self.of_cell.insert(place, entry.clone());
            }
        }
        self.of_worker.insert(entry.1, entry);
        None
    }

    pub(super) fn is_reached(&self) -> bool {
        self.left == 0
    }

    /// The first has just been left out.
    pub(super) fn begins(&self) -> bool {
        self.left_out == 1
    }

    /// How everything stands: the last of what was left out, in the order of its times. Each is given once.
    pub(super) fn standing(&mut self) -> Vec<Entry> {
        let cells = std::mem::take(&mut self.of_cell).into_values();
        // The last of a process may be the last of a cell too, and is then told as that.
        let told: Vec<Entry> = cells.collect();
        let workers = std::mem::take(&mut self.of_worker).into_values().filter(|entry| !told.contains(entry));
        let mut all: Vec<Entry> = workers.chain(told.iter().cloned()).collect();
        all.sort_by_key(|(t_ns, ..)| *t_ns);
        all
    }

    pub(super) fn too_much() -> String {
        format!(
            "the lesson's processes have told of {} operations and printed lines; of what follows the end alone is kept",
            MAX_TOLD - RESERVE
        )
    }

    pub(super) fn left_out(&self) -> Option<String> {
        (self.left_out > 0)
            .then(|| format!("{} more operations and printed lines were not kept", self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::lesson::{Done, End, Verb};

    fn write(t_ns: u64, worker: u32, cell: u32, value: i64) -> Entry {
        let done = Done {
            call: t_ns as u32,
            verb: Verb::Write,
            object: Some(ObjectId(0)),
            whom: None,
            line: 1,
            began_ns: t_ns,
            message: None,
            bytes: None,
            depth: None,
            cell: Some((cell, value)),
            end: End::Ok,
            value: None,
        };
        (t_ns, WorkerId(worker), Told::Done(done))
    }

    #[test]
    fn beyond_the_limit_only_the_last_of_each_is_told_and_the_rest_is_counted() {
        let mut limit = Limit::new(2);
        let told: Vec<Entry> = (0..9_u64)
            .filter_map(|t_ns| limit.take(write(t_ns, t_ns as u32 % 2, t_ns as u32 % 3, t_ns as i64)))
            .collect();
        assert_eq!(told, [write(0, 0, 0, 0), write(1, 1, 1, 1)]);
        let role =
            (9, WorkerId(2), Told::Role { name: "r".into(), role: "r".into(), parent: None, task: None });
        assert_eq!(limit.take(role.clone()), Some(role), "who there is, is always told");
        let line = (9, WorkerId(1), Told::Printed { line: 1, text: "the end".into() });
        assert_eq!(limit.take(line.clone()), None);
        assert_eq!(limit.standing(), [write(6, 0, 0, 6), write(7, 1, 1, 7), write(8, 0, 2, 8), line]);
        assert_eq!(limit.standing(), []);
        assert!(limit.left_out().expect("some").starts_with("8 more"), "{:?}", limit.left_out());
    }
}
