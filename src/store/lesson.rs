//! What the processes of a lesson did with one another, folded from what they told.

use super::{Chunked, LogLine};
use crate::{
    event::{
        Level,
        lesson::{Began, Done, MAX_TOLD, ObjectKind, Told, Verb, Waiter},
    },
    ids::{TaskId, WorkerId},
    spec::MAX_WORKERS,
};

/// Objects that one lesson may have.
const MAX_OBJECTS: usize = 1 << 10;

/// Something that was told, in the order of telling.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub t_ns: u64,
    pub worker: Option<WorkerId>,
    pub told: Told,
}

/// A process of the lesson.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_field_names, reason = "its program is called its role too")]
pub struct Role {
    pub t_ns: u64,
    /// Of this process.
    pub name: Box<str>,
    /// Of its program.
    pub role: Box<str>,
    pub parent: Option<WorkerId>,
    pub task: Option<TaskId>,
    /// The line of its program that it was last seen at; 0 before the first.
    pub line: u32,
    /// The operation that it is in the middle of, and since when.
    pub open: Option<(u64, Began)>,
}

/// Something shared, as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    pub name: Box<str>,
    pub kind: ObjectKind,
    pub capacity: Option<u32>,
    pub cells: Vec<i64>,
    /// Messages in it, or permits left.
    pub depth: u32,
    /// Who holds the lock.
    pub holder: Option<WorkerId>,
    /// The event is set.
    pub set: bool,
}

/// An operation that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub worker: WorkerId,
    pub ended_ns: u64,
    pub done: Done,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Printed {
    pub t_ns: u64,
    pub worker: Option<WorkerId>,
    pub line: u32,
    pub text: Box<str>,
}

/// Processes that will wait for ever.
#[derive(Clone, Debug, PartialEq)]
pub struct Stuck {
    pub t_ns: u64,
    pub waiters: Vec<Waiter>,
    pub text: Box<str>,
}

/// A lesson so far. Empty for every other run.
#[derive(Clone, Debug, Default)]
pub struct LessonStore {
    told: Chunked<Entry>,
    /// By worker; `None` for one that was never told.
    pub roles: Vec<Option<Role>>,
    /// By [`crate::event::lesson::ObjectId`].
    pub objects: Vec<Object>,
    /// In the order in which they were told, which is nearly that of their ends.
    pub calls: Chunked<Call>,
    pub printed: Chunked<Printed>,
    /// What its processes logged themselves, which is in the run's log too.
    pub logged: Chunked<LogLine>,
    /// The last finding; more processes may have got stuck after the first.
    pub stuck: Option<Stuck>,
}

impl LessonStore {
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// Everything that was told, in the order of telling. The rest follows from it.
    pub fn told(&self) -> impl Iterator<Item = &Entry> {
        self.told.iter()
    }

    pub fn role(&self, worker: WorkerId) -> Option<&Role> {
        self.roles.get(worker.index())?.as_ref()
    }

    /// A process by its name, or as `worker 3` where that was never told.
    pub fn name(&self, worker: WorkerId) -> String {
        self.role(worker).map_or_else(|| worker.to_string(), |role| role.name.to_string())
    }

    /// The lesson as it stood at a moment.
    #[must_use]
    pub fn at(&self, t_ns: u64) -> Self {
        let mut then = Self::default();
        for entry in self.told.iter().filter(|entry| entry.t_ns <= t_ns) {
            then.take(entry.clone());
        }
        self.logged.iter().filter(|line| line.t_ns <= t_ns).for_each(|line| then.logged.push(line.clone()));
        then
    }

    /// Takes in a line of the log, if one of the lesson's processes wrote it.
    pub(super) fn log(&mut self, t_ns: u64, worker: Option<WorkerId>, level: Level, text: &str) {
        if worker.is_some() && !self.is_empty() && self.logged.len() < MAX_TOLD {
            self.logged.push(LogLine { t_ns, worker, level, text: text.into() });
        }
    }

    /// Takes in what was told. It came over a wire: what cannot be is left out.
    pub(super) fn take(&mut self, entry: Entry) {
        if self.told.len() == MAX_TOLD || entry.worker.is_some_and(|worker| worker.0 >= MAX_WORKERS) {
            return;
        }
        self.told.push(entry.clone());
        let Entry { t_ns, worker, told } = entry;
        match told {
            Told::Role { name, role, parent, task } => {
                let Some(worker) = worker else { return };
                if self.roles.len() <= worker.index() {
                    self.roles.resize(worker.index() + 1, None);
                }
                self.roles[worker.index()] =
                    Some(Role { t_ns, name, role, parent, task, line: 0, open: None });
            }
            Told::Object { object, kind, name, capacity, cells } => {
                // They are told in their order, so that a place that is free is the next one.
                if object.index() == self.objects.len() && object.index() < MAX_OBJECTS {
                    let depth = if kind == ObjectKind::Semaphore { capacity.unwrap_or(0) } else { 0 };
                    self.objects.push(Object {
                        name,
                        kind,
                        capacity,
                        cells,
                        depth,
                        holder: None,
                        set: false,
                    });
                }
            }
            Told::Began(began) => {
                if let Some(role) = self.role_mut(worker) {
                    role.line = began.line;
                    role.open = Some((t_ns, began));
                }
            }
            Told::Done(done) => self.done(t_ns, worker, done),
            Told::Printed { line, text } => {
                if let Some(role) = self.role_mut(worker) {
                    role.line = line;
                }
                self.printed.push(Printed { t_ns, worker, line, text });
            }
            Told::At { line } => {
                if let Some(role) = self.role_mut(worker) {
                    role.line = line;
                }
            }
            Told::Stuck { waiters, text } => self.stuck = Some(Stuck { t_ns, waiters, text }),
        }
    }

    /// How much was told: as long as this is the same, so is the rest.
    pub fn told_len(&self) -> usize {
        self.told.len()
    }

    fn role_mut(&mut self, worker: Option<WorkerId>) -> Option<&mut Role> {
        self.roles.get_mut(worker?.index())?.as_mut()
    }

    fn done(&mut self, t_ns: u64, worker: Option<WorkerId>, done: Done) {
        let Some(worker) = worker else { return };
        if let Some(role) = self.role_mut(Some(worker)) {
            role.line = done.line;
            if role.open.as_ref().is_some_and(|(_, began)| began.call == done.call) {
                role.open = None;
            }
        }
        if let Some(object) = done.object.and_then(|object| self.objects.get_mut(object.index())) {
            object.changed(worker, &done);
        }
        self.calls.push(Call { worker, ended_ns: t_ns, done });
    }
}

impl Object {
    fn changed(&mut self, worker: WorkerId, done: &Done) {
        if let Some(depth) = done.depth {
            self.depth = depth;
        }
        if let Some((index, value)) = done.cell
            && let Some(cell) = self.cells.get_mut(index as usize)
        {
            *cell = value;
        }
        match done.verb {
            Verb::Acquire if self.kind == ObjectKind::Lock => self.holder = Some(worker),
            // The next one may have been heard first.
            Verb::Release if self.holder == Some(worker) => self.holder = None,
            Verb::Set => self.set = true,
            Verb::Clear => self.set = false,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::lesson::{End, ObjectId};

    fn entry(t_ns: u64, told: Told) -> Entry {
        Entry { t_ns, worker: Some(WorkerId(1)), told }
    }

    fn done(call: u32, verb: Verb) -> Done {
        Done {
            call,
            verb,
            object: Some(ObjectId(0)),
            whom: None,
            line: 2,
            began_ns: 0,
            message: None,
            bytes: None,
            depth: None,
            cell: None,
            end: End::Ok,
            value: None,
        }
    }

    fn told() -> Vec<Entry> {
        let role = Told::Role { name: "p1".into(), role: "p".into(), parent: None, task: Some(TaskId(1)) };
        let object = |at, kind| Told::Object {
            object: ObjectId(at),
            kind,
            name: "x".into(),
            capacity: None,
            cells: vec![5, 6],
        };
        let began = Began { call: 1, verb: Verb::Acquire, object: Some(ObjectId(0)), whom: None, line: 2 };
        vec![
            entry(0, role),
            entry(1, object(0, ObjectKind::Lock)),
            // Out of its order, so left out.
            entry(1, object(7, ObjectKind::Queue)),
            entry(2, Told::Began(began)),
            entry(4, Told::Done(done(1, Verb::Acquire))),
            entry(5, Told::Done(Done { cell: Some((1, 36)), depth: Some(3), ..done(2, Verb::Write) })),
            entry(6, Told::Done(Done { cell: Some((9, 1)), ..done(3, Verb::Write) })),
            entry(7, Told::Printed { line: 4, text: "hello".into() }),
            entry(8, Told::Done(done(4, Verb::Release))),
            entry(9, Told::At { line: 6 }),
        ]
    }

    fn folded() -> LessonStore {
        let mut lesson = LessonStore::default();
        for entry in told() {
            lesson.take(entry);
        }
        lesson
    }

    #[test]
    fn what_is_told_is_folded_into_who_does_what() {
        assert!(LessonStore::default().is_empty());
        let lesson = folded();
        assert_eq!(lesson.objects.len(), 1);
        assert_eq!((lesson.objects[0].cells.as_slice(), lesson.objects[0].depth), ([5, 36].as_slice(), 3));
        assert_eq!((lesson.calls.len(), lesson.printed.len()), (4, 1));
        assert_eq!(lesson.objects[0].holder, None);
        assert_eq!(lesson.role(WorkerId(1)).expect("told").line, 6);
        assert_eq!(
            (lesson.name(WorkerId(1)), lesson.name(WorkerId(0))),
            ("p1".to_owned(), "worker 0".to_owned())
        );
    }

    #[test]
    fn a_moment_before_the_end_is_as_it_was_then() {
        let lesson = folded();
        let waiting = lesson.at(3);
        assert_eq!(waiting.role(WorkerId(1)).expect("told").open.as_ref().map(|open| open.0), Some(2));
        let holding = lesson.at(4);
        assert_eq!(holding.objects[0].holder, Some(WorkerId(1)));
        assert_eq!((holding.role(WorkerId(1)).expect("told").line, holding.printed.len()), (2, 0));
    }

    #[test]
    fn workers_that_no_run_can_have_are_left_out() {
        let mut lesson = LessonStore::default();
        lesson.take(Entry { worker: Some(WorkerId(u32::MAX)), ..told().remove(0) });
        assert!(lesson.is_empty());
    }
}
