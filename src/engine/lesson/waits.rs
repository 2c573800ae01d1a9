//! Who waits for what, and who will wait for ever.
//!
//! Every process tells before it begins to wait, and after each operation has taken effect. A process of which no wait is
//! known is on its way and may do anything. One that waits goes on if what it waits for is there already, or if somebody
//! who can go on himself could bring it about. Who is left over when that is followed to its end will wait for ever:
//! nobody who could end the wait will ever do anything again. That follows from who waits for what alone, and no time
//! that went by is part of it.
//!
//! Whoever holds an object counts as able to use it, whatever its program says. So nothing is found that is not so; a
//! process that holds a queue and would never put anything keeps its consumer from being found only for as long as it
//! goes on.

use std::collections::BTreeSet;

use crate::{
    event::{
        Exit,
        lesson::{Began, Done, End, ObjectId, ObjectKind, Verb, Waiter},
    },
    ids::WorkerId,
};

/// What a pipe of the kernel holds, Linux's default.
const PIPE_BYTES: i64 = 64 << 10;

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

/// What has to happen for a wait to end.
enum Need {
    /// Nothing: it ends by itself.
    Nothing,
    /// So many of these must go on.
    From { anybody: Vec<WorkerId>, least: usize },
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
        if object.index() != self.objects.len() {
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
        let worked = matches!(done.end, End::Ok | End::AfterDeath);
        let bytes = i64::from(done.bytes.unwrap_or(0));
        // What is sent through one end of a pipe is in the other.
        let target = if done.verb == Verb::Send { other_end(&self.objects, id) } else { Some(id) };
        let Some(object) = target.and_then(|id| self.objects.get_mut(id.index())).filter(|_| worked) else {
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

    /// The processes that will wait for ever, by their numbers.
    pub(super) fn stuck(&self) -> Vec<Waiter> {
        let mut going: BTreeSet<WorkerId> = self
            .alive()
            .filter(|(worker, process)| {
                process
                    .waiting
                    .as_ref()
                    .is_none_or(|began| matches!(self.need(*worker, began), Need::Nothing))
            })
            .map(|(worker, _)| worker)
            .collect();
        loop {
            let mut more = Vec::new();
            for (worker, process) in self.alive().filter(|(worker, _)| !going.contains(worker)) {
                if let Some(began) = &process.waiting
                    && let Need::From { anybody, least } = self.need(worker, began)
                    && anybody.iter().filter(|other| going.contains(other)).count() >= least
                {
                    more.push(worker);
                }
            }
            if more.is_empty() {
                break;
            }
            going.extend(more);
        }
        self.alive()
            .filter(|(worker, _)| !going.contains(worker))
            .filter_map(|(worker, process)| Some(self.waiter(worker, process.waiting.as_ref()?)))
            .collect()
    }

    /// Those, but for one, who have an object open.
    fn holders(&self, id: ObjectId, but: WorkerId) -> Vec<WorkerId> {
        self.alive()
            .filter(|(worker, process)| *worker != but && process.holds.contains(&id))
            .map(|(worker, _)| worker)
            .collect()
    }

    fn need(&self, worker: WorkerId, began: &Began) -> Need {
        if began.verb == Verb::Join {
            return match began.whom {
                Some(whom) if self.is_alive(whom) => Need::From { anybody: vec![whom], least: 1 },
                _ => Need::Nothing,
            };
        }
        let Some((id, object)) = began.object.and_then(|id| Some((id, self.objects.get(id.index())?))) else {
            return Need::Nothing;
        };
        let there = match began.verb {
            Verb::Get => object.count > 0,
            Verb::Put | Verb::Flush => self.has_room(began.verb, object),
            Verb::Receive => object.count > 0 || !self.is_open(other_end(&self.objects, id)),
            Verb::Send => {
                let other = other_end(&self.objects, id).and_then(|id| self.objects.get(id.index()));
                !self.is_open(other_end(&self.objects, id))
                    || other.is_none_or(|other| other.bytes < PIPE_BYTES)
            }
            Verb::Acquire if object.kind == ObjectKind::Lock => match object.holder {
                None => true,
                Some(holder) => object.robust && !self.is_alive(holder),
            },
            Verb::Acquire => object.count > 0,
            Verb::Wait => object.set,
            Verb::Meet => false,
            // The rest waits for nobody.
            _ => true,
        };
        if there { Need::Nothing } else { self.bringers(worker, began.verb, id, object) }
    }

    /// Who could bring about what is not there.
    fn bringers(&self, worker: WorkerId, verb: Verb, id: ObjectId, object: &Object) -> Need {
        let anybody = match verb {
            Verb::Receive | Verb::Send => {
                other_end(&self.objects, id).map(|id| self.holders(id, worker)).unwrap_or_default()
            }
            Verb::Acquire if object.kind == ObjectKind::Lock => {
                object.holder.into_iter().filter(|holder| self.is_alive(*holder)).collect()
            }
            _ => self.holders(id, worker),
        };
        let least = match verb {
            Verb::Meet => {
                let here = self.alive().filter(|(_, process)| {
                    process
                        .waiting
                        .as_ref()
                        .is_some_and(|began| began.verb == Verb::Meet && began.object == Some(id))
                });
                (object.capacity.unwrap_or(1) as usize).saturating_sub(here.count())
            }
            _ => 1,
        };
        // With nobody missing the barrier opens.
        if least == 0 { Need::Nothing } else { Need::From { anybody, least } }
    }

    fn has_room(&self, verb: Verb, object: &Object) -> bool {
        match verb {
            Verb::Flush => object.bytes <= PIPE_BYTES / 2 || object.count <= 0,
            _ => object.capacity.is_none_or(|most| object.count < most.into()),
        }
    }

    fn is_open(&self, id: Option<ObjectId>) -> bool {
        id.is_some_and(|id| self.alive().any(|(_, process)| process.holds.contains(&id)))
    }

    fn waiter(&self, worker: WorkerId, began: &Began) -> Waiter {
        let needs = match self.need(worker, began) {
            Need::From { anybody, .. } => anybody,
            Need::Nothing => Vec::new(),
        };
        let why = self.why(worker, began, &needs);
        Waiter { worker, verb: began.verb, object: began.object, line: began.line, needs, why: why.into() }
    }

    fn name(&self, worker: WorkerId) -> String {
        self.process(worker).map_or_else(|| worker.to_string(), |process| process.name.clone())
    }

    /// The reason in a sentence.
    fn why(&self, worker: WorkerId, began: &Began, needs: &[WorkerId]) -> String {
        let me = self.name(worker);
        let object = began.object.and_then(|id| self.objects.get(id.index()));
        let thing = object.map_or("it", |object| object.name.as_str());
        let only = |could: &str| match needs {
            [] => format!("no other process that is left could {could}"),
            [one] => format!("only {} could {could}, and waits itself", self.name(*one)),
            many => {
                let names: Vec<_> = many.iter().map(|worker| self.name(*worker)).collect();
                format!("only {} could {could}, and they wait themselves", names.join(" and "))
            }
        };
        match began.verb {
            Verb::Join => {
                let whom = began.whom.map_or_else(|| "it".to_owned(), |whom| self.name(whom));
                format!("{me} waits for {whom} to end, and {whom} waits itself")
            }
            Verb::Get => format!("{me} waits for a message in {thing}, which is empty: {}", only("put one")),
            Verb::Put => format!("{me} waits for room in {thing}, which is full: {}", only("get from it")),
            Verb::Flush => format!(
                "{me} cannot end before what it put into {thing} is read, which is more than a pipe holds: {}",
                only("read it")
            ),
            Verb::Receive => {
                let itself = other_end(&self.objects, began.object.unwrap_or(ObjectId(u32::MAX)))
                    .is_some_and(|id| {
                        self.process(worker).is_some_and(|process| process.holds.contains(&id))
                    });
                let own = if itself { ", which it holds open itself" } else { "" };
                format!(
                    "{me} waits at {thing} for a message or for the end of the pipe{own}: {}",
                    only("send or close")
                )
            }
            Verb::Send => format!("{me} waits for room at {thing}: {}", only("receive")),
            Verb::Acquire => match object.and_then(|object| object.holder) {
                Some(holder) if !self.is_alive(holder) => {
                    format!(
                        "{me} waits for {thing}, which {} held when it died: nobody can let go of it",
                        self.name(holder)
                    )
                }
                Some(holder) if holder == worker => format!("{me} waits for {thing}, which it holds itself"),
                Some(holder) => {
                    format!(
                        "{me} waits for {thing}, which {} holds, and that waits itself",
                        self.name(holder)
                    )
                }
                None => format!("{me} waits for a permit of {thing}: {}", only("release one")),
            },
            Verb::Wait => format!("{me} waits for {thing} to be set: {}", only("set it")),
            Verb::Meet => format!("{me} waits at {thing} for others: {}", only("come")),
            verb => format!("{me} waits in {verb}"),
        }
    }

    /// The finding in words.
    pub(super) fn words(stuck: &[Waiter]) -> String {
        let why: Vec<&str> = stuck.iter().map(|waiter| &*waiter.why).collect();
        let what = if stuck.len() == 1 { "This process waits" } else { "These processes wait" };
        format!("{what} for ever: {}.", why.join("; "))
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
mod tests {
    use super::*;

    /// A scene of processes that all hold all objects, told step by step.
    struct Scene {
        waits: Waits,
        call: u32,
    }

    const MAIN: WorkerId = WorkerId(0);
    const A: WorkerId = WorkerId(1);
    const B: WorkerId = WorkerId(2);

    fn scene(objects: &[(ObjectKind, Option<u32>, bool)]) -> Scene {
        let mut waits = Waits::default();
        waits.started(MAIN, "main", None);
        for (at, (kind, capacity, robust)) in (0..).zip(objects) {
            waits.made(MAIN, ObjectId(at), *kind, &format!("object {at}"), *capacity, *robust);
        }
        waits.started(A, "a", Some(MAIN));
        waits.started(B, "b", Some(MAIN));
        Scene { waits, call: 0 }
    }

    impl Scene {
        fn began(
            &mut self,
            worker: WorkerId,
            verb: Verb,
            object: Option<u32>,
            whom: Option<WorkerId>,
        ) -> u32 {
            self.call += 1;
            let object = object.map(ObjectId);
            self.waits.began(worker, &Began { call: self.call, verb, object, whom, line: 1 });
            self.call
        }

        fn waits_at(&mut self, worker: WorkerId, verb: Verb, object: u32) -> u32 {
            self.began(worker, verb, Some(object), None)
        }

        fn joins(&mut self, worker: WorkerId, whom: WorkerId) {
            self.began(worker, Verb::Join, None, Some(whom));
        }

        fn done(&mut self, worker: WorkerId, verb: Verb, object: u32, bytes: u32, call: Option<u32>) {
            self.call += 1;
            let done = Done {
                call: call.unwrap_or(self.call),
                verb,
                object: Some(ObjectId(object)),
                whom: None,
                line: 1,
                began_ns: 0,
                message: None,
                bytes: Some(bytes),
                depth: None,
                cell: None,
                end: End::Ok,
                value: None,
            };
            self.waits.done(worker, &done);
        }

        fn ends(&mut self, worker: WorkerId) {
            self.waits.ended(worker, Exit::Code(0));
        }

        fn stuck(&self) -> Vec<u32> {
            self.waits.stuck().iter().map(|waiter| waiter.worker.0).collect()
        }
    }

    #[test]
    fn a_consumer_without_a_sentinel_is_stuck_once_every_producer_has_gone() {
        let mut scene = scene(&[(ObjectKind::Queue, None, true)]);
        scene.waits_at(B, Verb::Get, 0);
        scene.joins(MAIN, A);
        assert_eq!(scene.stuck(), [0; 0], "a may still put");
        scene.ends(A);
        scene.joins(MAIN, B);
        assert_eq!(scene.stuck(), [0, 2]);
        let found = scene.waits.stuck();
        assert!(found[1].why.contains("only main could put one, and waits itself"), "{}", found[1].why);
        assert_eq!((found[1].needs.as_slice(), scene.waits.all_stuck(&found)), ([MAIN].as_slice(), true));
        scene.done(MAIN, Verb::Put, 0, 20, None);
        assert_eq!(scene.stuck(), [0; 0], "a message is there");
    }

    #[test]
    fn the_end_of_a_pipe_comes_once_nobody_holds_the_other_end() {
        let ends = [(ObjectKind::PipeEnd, None, true), (ObjectKind::PipeEnd, None, true)];
        let mut scene = scene(&ends);
        // a sends through 1 and b receives at 0; everybody holds both.
        scene.waits_at(B, Verb::Receive, 0);
        scene.ends(A);
        scene.joins(MAIN, B);
        assert_eq!(scene.stuck(), [0, 2], "main and b itself hold the sending end");
        assert!(scene.waits.stuck()[1].why.contains("holds open itself"), "{}", scene.waits.stuck()[1].why);
        scene.done(MAIN, Verb::Close, 1, 0, None);
        assert_eq!(scene.stuck(), [0, 2], "b itself holds it");
        scene.done(B, Verb::Close, 1, 0, None);
        assert_eq!(scene.stuck(), [0; 0], "the end of the file comes");
    }

    #[test]
    fn joining_before_draining_is_stuck_beyond_what_a_pipe_holds() {
        for (bytes, stuck) in [(100, vec![]), (200_000, vec![0, 1])] {
            let mut scene = scene(&[(ObjectKind::Queue, None, true)]);
            scene.ends(B);
            scene.done(A, Verb::Put, 0, bytes, None);
            scene.waits_at(A, Verb::Flush, 0);
            scene.joins(MAIN, A);
            assert_eq!(scene.stuck(), stuck, "{bytes} bytes");
        }
    }

    #[test]
    fn two_locks_in_opposite_order_are_a_cycle() {
        let mut scene = scene(&[(ObjectKind::Lock, None, true), (ObjectKind::Lock, None, true)]);
        scene.done(A, Verb::Acquire, 0, 0, None);
        scene.done(B, Verb::Acquire, 1, 0, None);
        scene.waits_at(A, Verb::Acquire, 1);
        assert_eq!(scene.stuck(), [0; 0]);
        scene.waits_at(B, Verb::Acquire, 0);
        assert_eq!(scene.stuck(), [1, 2], "main goes on");
        assert!(!scene.waits.all_stuck(&scene.waits.stuck()));
        let found = scene.waits.stuck();
        assert_eq!((found[0].needs.as_slice(), found[1].needs.as_slice()), ([B].as_slice(), [A].as_slice()));
        // A third that waits for one of them, in vain like them.
        scene.joins(MAIN, A);
        assert_eq!(scene.stuck(), [0, 1, 2]);
    }

    #[test]
    fn a_lock_of_the_dead_goes_on_only_if_it_is_robust() {
        for (robust, stuck) in [(true, vec![]), (false, vec![0, 2])] {
            let mut scene = scene(&[(ObjectKind::Lock, None, robust)]);
            scene.done(A, Verb::Acquire, 0, 0, None);
            scene.ends(A);
            scene.waits_at(B, Verb::Acquire, 0);
            scene.joins(MAIN, B);
            assert_eq!(scene.stuck(), stuck, "robust {robust}");
        }
    }

    #[test]
    fn semaphores_events_barriers_and_bounds_wait_for_whoever_is_left() {
        let objects = [
            (ObjectKind::Semaphore, Some(1), true),
            (ObjectKind::Event, None, true),
            (ObjectKind::Barrier, Some(3), true),
            (ObjectKind::Queue, Some(1), true),
        ];
        let mut scene = scene(&objects);
        let call = scene.waits_at(A, Verb::Acquire, 0);
        assert_eq!(scene.stuck(), [0; 0], "a permit is left");
        scene.done(A, Verb::Acquire, 0, 0, Some(call));
        scene.waits_at(A, Verb::Acquire, 0);
        scene.waits_at(B, Verb::Wait, 1);
        scene.ends(MAIN);
        assert_eq!(scene.stuck(), [1, 2]);
        let mut scene = self::scene(&objects);
        scene.waits_at(A, Verb::Meet, 2);
        scene.waits_at(B, Verb::Meet, 2);
        assert_eq!(scene.stuck(), [0; 0], "main may come");
        scene.joins(MAIN, A);
        assert_eq!(scene.stuck(), [0, 1, 2]);
        let mut scene = self::scene(&objects);
        scene.done(A, Verb::Put, 3, 8, None);
        scene.waits_at(A, Verb::Put, 3);
        scene.joins(B, A);
        assert_eq!(scene.stuck(), [0; 0], "main may get");
        scene.joins(MAIN, A);
        assert_eq!(scene.stuck(), [0, 1, 2]);
    }

    #[test]
    fn who_sleeps_or_computes_is_not_stuck_and_neither_is_who_waits_for_him() {
        let mut scene = scene(&[(ObjectKind::Queue, None, true)]);
        scene.joins(MAIN, A);
        scene.waits_at(B, Verb::Get, 0);
        scene.began(A, Verb::Sleep, None, None);
        assert_eq!(scene.stuck(), [0; 0]);
    }
}
