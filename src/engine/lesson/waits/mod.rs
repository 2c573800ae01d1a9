//! Who waits for what, and who will wait for ever.
//!
//! Every process tells before it begins to wait, and after each operation has taken effect. A process of which no wait is
//! known is on its way and may do anything. One that waits goes on if what it waits for is there already, or if somebody
//! who can go on himself could bring it about. Who is left over when that is followed to its end will wait for ever:
//! nobody who could end the wait will ever do anything again. That follows from who waits for what.
//!
//! Whoever holds an object counts as able to use it, whatever its program says, and to start others who do. So nothing is
//! found that is not so; a process that holds a queue and would never put anything keeps its consumer from being found
//! only for as long as it goes on.
//!
//! What was told is not the whole truth. A process may have been stopped between what it did and the telling of it; one
//! that is killed takes along what it had put and not yet written, or had got and not yet told, and leaves permits and
//! arrivals behind. Whether a wait really lasts, only the system knows: see [`Waits::stuck`].

mod words;

use std::collections::BTreeSet;

use crate::{
    event::{
        Exit,
        lesson::{Began, Done, End, ObjectId, ObjectKind, Verb, Waiter},
    },
    ids::WorkerId,
};

/// What a pipe of the kernel surely has room for. It is half of what Linux gives it: whole pages are taken by messages that
/// do not fill them.
const SURE_BYTES: i64 = 32 << 10;

/// Far more than any program makes.
const MAX_OBJECTS: usize = 1 << 10;

/// A lesson's processes and objects, as far as they have told.
#[derive(Debug, Default)]
pub(super) struct Waits {
    processes: Vec<Process>,
    objects: Vec<Object>,
}

#[derive(Debug, Default)]
struct Process {
    name: String,
    ended: Option<Exit>,
    /// Objects that it has open.
    holds: BTreeSet<ObjectId>,
    waiting: Option<Began>,
}

#[derive(Debug)]
struct Object {
    name: String,
    kind: ObjectKind,
    /// Messages or permits at most, or parties.
    capacity: Option<u32>,
    /// A dead holder's lock goes to the next.
    robust: bool,
    /// Messages in it, or permits left. Below zero for a moment, when a get is heard before its put.
    count: i64,
    /// Of the messages in it.
    bytes: i64,
    holder: Option<WorkerId>,
    set: bool,
}

impl Object {
    /// More can be put into it, or what was put can leave its process.
    fn has_room(&self, verb: Verb) -> bool {
        match verb {
            Verb::Flush => self.bytes <= SURE_BYTES || self.count <= 0,
            _ => self.capacity.is_none_or(|most| self.count < most.into()),
        }
    }
}

impl Waits {
    /// A process exists, and has open what its parent had.
    pub(super) fn started(&mut self, worker: WorkerId, name: &str, parent: Option<WorkerId>) {
        let holds = parent.and_then(|parent| self.process(parent)).map(|parent| parent.holds.clone());
        if self.processes.len() <= worker.index() {
            self.processes.resize_with(worker.index() + 1, Process::default);
        }
        self.processes[worker.index()] =
            Process { name: name.to_owned(), holds: holds.unwrap_or_default(), ..Process::default() };
    }

    /// An object was made by a process.
    pub(super) fn made(
        &mut self,
        by: WorkerId,
        object: ObjectId,
        kind: ObjectKind,
        name: &str,
        capacity: Option<u32>,
        robust: bool,
    ) {
        if object.index() != self.objects.len() || object.index() == MAX_OBJECTS {
            return;
        }
        let permits = if kind == ObjectKind::Semaphore { capacity.unwrap_or(0) } else { 0 };
        self.objects.push(Object {
            name: name.to_owned(),
            kind,
            capacity,
            robust,
            count: permits.into(),
            bytes: 0,
            holder: None,
            set: false,
        });
        if let Some(process) = self.processes.get_mut(by.index()) {
            process.holds.insert(object);
        }
    }

    pub(super) fn began(&mut self, worker: WorkerId, began: &Began) {
        if let Some(process) = self.processes.get_mut(worker.index()) {
            process.waiting = Some(began.clone());
        }
    }

    pub(super) fn done(&mut self, worker: WorkerId, done: &Done) {
        let Some(process) = self.processes.get_mut(worker.index()) else { return };
        if process.waiting.as_ref().is_some_and(|began| began.call == done.call) {
            process.waiting = None;
        }
        let Some(id) = done.object else { return };
        if done.verb == Verb::Close {
            process.holds.remove(&id);
        }
        let took_effect = matches!(done.end, End::Ok | End::AfterDeath);
        let bytes = i64::from(done.bytes.unwrap_or(0));
        // What is sent through one end of a pipe is in the other.
        let target = if done.verb == Verb::Send { other_end(&self.objects, id) } else { Some(id) };
        let Some(object) = target.and_then(|id| self.objects.get_mut(id.index())).filter(|_| took_effect)
        else {
            return;
        };
        match done.verb {
            Verb::Put | Verb::Send => (object.count, object.bytes) = (object.count + 1, object.bytes + bytes),
            Verb::Get | Verb::Receive => {
                (object.count, object.bytes) = (object.count - 1, object.bytes - bytes);
            }
            Verb::Acquire => {
                object.count -= 1;
                object.holder = Some(worker);
            }
            Verb::Release => {
                object.count += 1;
                // The next one may have been heard first.
                if object.holder == Some(worker) {
                    object.holder = None;
                }
            }
            Verb::Set => object.set = true,
            Verb::Clear => object.set = false,
            _ => {}
        }
    }

    pub(super) fn ended(&mut self, worker: WorkerId, exit: Exit) {
        if let Some(process) = self.processes.get_mut(worker.index()) {
            process.ended = Some(exit);
            process.waiting = None;
            process.holds.clear();
        }
    }

    pub(super) fn is_alive(&self, worker: WorkerId) -> bool {
        self.process(worker).is_some_and(|process| process.ended.is_none())
    }

    /// Nobody is left who could do anything.
    pub(super) fn all_stuck(&self, stuck: &[Waiter]) -> bool {
        let alive =
            self.processes.iter().filter(|process| process.ended.is_none() && !process.name.is_empty());
        !stuck.is_empty() && alive.count() == stuck.len()
    }

    fn process(&self, worker: WorkerId) -> Option<&Process> {
        self.processes.get(worker.index())
    }

    /// Processes that are there.
    fn alive(&self) -> impl Iterator<Item = (WorkerId, &Process)> {
        (0..)
            .map(WorkerId)
            .zip(&self.processes)
            .filter(|(_, process)| process.ended.is_none() && !process.name.is_empty())
    }

    /// The processes that will wait for ever, by their numbers. `rests` is asked of each that has told that it waits,
    /// together with whether what it waits for is there by all that was told: does it really wait, and in vain so far?
    pub(super) fn stuck(&self, rests: impl Fn(WorkerId, bool) -> bool) -> Vec<Waiter> {
        let mut resting = Vec::new();
        let mut going = BTreeSet::new();
        for (worker, process) in self.alive() {
            let needs =
                process.waiting.as_ref().and_then(|began| Some((began, self.bringers(worker, began)?)));
            match needs {
                Some((began, bringers)) if rests(worker, self.is_there(began)) => {
                    resting.push((worker, began, bringers));
                }
                _ => {
                    going.insert(worker);
                }
            }
        }
        loop {
            let before = resting.len();
            resting.retain(|(worker, _, bringers)| {
                let goes_on = bringers.iter().any(|other| going.contains(other));
                if goes_on {
                    going.insert(*worker);
                }
                !goes_on
            });
            if resting.len() == before {
                break;
            }
        }
        resting.into_iter().map(|(worker, began, needs)| self.waiter(worker, began, needs)).collect()
    }

    /// Those, but for one, who have an object open.
    fn holders(&self, id: ObjectId, but: WorkerId) -> Vec<WorkerId> {
        self.alive()
            .filter(|(worker, process)| *worker != but && process.holds.contains(&id))
            .map(|(worker, _)| worker)
            .collect()
    }

    fn object(&self, id: Option<ObjectId>) -> Option<&Object> {
        self.objects.get(id?.index())
    }

    /// What is waited for is there, by all that was told, so that the wait ends by itself.
    fn is_there(&self, began: &Began) -> bool {
        let other_end = || began.object.and_then(|id| other_end(&self.objects, id));
        let Some(object) = self.object(began.object) else {
            return began.verb != Verb::Join || began.whom.is_none_or(|whom| !self.is_alive(whom));
        };
        match began.verb {
            Verb::Put | Verb::Flush => object.has_room(began.verb),
            Verb::Receive => object.count > 0 || !self.is_open(other_end()),
            Verb::Send => {
                !self.is_open(other_end())
                    || self.object(other_end()).is_none_or(|other| other.bytes <= SURE_BYTES)
            }
            Verb::Acquire if object.kind == ObjectKind::Lock => match object.holder {
                None => true,
                Some(holder) => object.robust && !self.is_alive(holder),
            },
            Verb::Acquire | Verb::Get => object.count > 0,
            Verb::Wait => object.set,
            Verb::Meet => self.at_barrier(began.object) >= object.capacity.unwrap_or(1) as usize,
            // The rest waits for nobody.
            _ => true,
        }
    }

    /// Who have come to a barrier and are there still.
    fn at_barrier(&self, id: Option<ObjectId>) -> usize {
        let is_here = |began: &Began| began.verb == Verb::Meet && began.object == id;
        self.alive().filter(|(_, process)| process.waiting.as_ref().is_some_and(is_here)).count()
    }

    /// Who could bring about what is waited for; `None` for what ends by itself.
    fn bringers(&self, worker: WorkerId, began: &Began) -> Option<Vec<WorkerId>> {
        if began.verb == Verb::Join {
            return began.whom.map(|whom| vec![whom]);
        }
        let id = began.object?;
        let object = self.objects.get(id.index())?;
        Some(match began.verb {
            Verb::Receive | Verb::Send => {
                other_end(&self.objects, id).map(|id| self.holders(id, worker)).unwrap_or_default()
            }
            // Any other lock may be let go of by anybody.
            Verb::Acquire if object.kind == ObjectKind::Lock && object.robust => {
                object.holder.into_iter().filter(|holder| self.is_alive(*holder)).collect()
            }
            Verb::Put | Verb::Flush | Verb::Acquire | Verb::Get | Verb::Wait | Verb::Meet => {
                self.holders(id, worker)
            }
            _ => return None,
        })
    }

    fn is_open(&self, id: Option<ObjectId>) -> bool {
        id.is_some_and(|id| self.alive().any(|(_, process)| process.holds.contains(&id)))
    }
}

/// The two ends of a pipe are made one after the other, the first at an even distance from the other ends before it.
fn other_end(objects: &[Object], id: ObjectId) -> Option<ObjectId> {
    let object = objects.get(id.index())?;
    if object.kind != ObjectKind::PipeEnd {
        return None;
    }
    let before = objects[..id.index()].iter().filter(|object| object.kind == ObjectKind::PipeEnd).count();
    let other = if before.is_multiple_of(2) { id.0.checked_add(1)? } else { id.0.checked_sub(1)? };
    Some(ObjectId(other))
        .filter(|id| objects.get(id.index()).is_some_and(|end| end.kind == ObjectKind::PipeEnd))
}

#[cfg(test)]
mod tests;
