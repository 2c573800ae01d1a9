//! Small lessons for tests, event by event.

use crate::{
    event::{
        Event, Exit,
        lesson::{Began, Done, End, ObjectId, ObjectKind, Told, Verb, Waiter},
    },
    ids::{TaskId, WorkerId},
    spec::Backend,
    store::{RunStore, testing},
};

pub(super) fn told(t_ns: u64, worker: u32, told: Told) -> Event {
    Event::Lesson { t_ns, worker: Some(WorkerId(worker)), told: Box::new(told) }
}

/// Told at this moment, ready five later.
pub(super) fn process(t_ns: u64, worker: u32, name: &str, parent: Option<u32>) -> Vec<Event> {
    let role = Told::Role {
        name: name.into(),
        role: name.into(),
        parent: parent.map(WorkerId),
        task: Some(TaskId(worker)),
    };
    vec![told(t_ns, worker, role), testing::spawned(t_ns, worker, 0), testing::ready(t_ns + 5, worker)]
}

pub(super) fn object(t_ns: u64, at: u32, kind: ObjectKind, name: &str, cells: &[i64]) -> Event {
    let object =
        Told::Object { object: ObjectId(at), kind, name: name.into(), capacity: None, cells: cells.to_vec() };
    told(t_ns, 0, object)
}

pub(super) fn began(t_ns: u64, worker: u32, verb: Verb, object: Option<u32>, whom: Option<u32>) -> Event {
    // An operation is known by when it began: that is all a test needs.
    let call = t_ns as u32;
    let (object, whom) = (object.map(ObjectId), whom.map(WorkerId));
    told(t_ns, worker, Told::Began(Began { call, verb, object, whom, line: 1 }))
}

pub(super) fn done(began_ns: u64, verb: Verb, object: Option<u32>) -> Done {
    Done {
        call: began_ns as u32,
        verb,
        object: object.map(ObjectId),
        whom: None,
        line: 1,
        began_ns,
        message: None,
        bytes: None,
        depth: None,
        cell: None,
        end: End::Ok,
        value: None,
    }
}

pub(super) fn moved(began_ns: u64, verb: Verb, object: u32, message: u64, depth: u32) -> Done {
    let value = Some(format!("m{message}").into());
    Done { message: Some(message), depth: Some(depth), value, ..done(began_ns, verb, Some(object)) }
}

pub(super) fn run(events: impl IntoIterator<Item = Event>) -> RunStore {
    let start = testing::run_started(testing::spec(Backend::Processes, 3, 3));
    testing::store(std::iter::once(start).chain(events))
}

/// A producer puts two messages, the consumer takes them and waits for a third, and `main` for the consumer.
pub(super) fn missing_sentinel() -> RunStore {
    let mut events = process(0, 0, "main", None);
    events.push(object(6, 0, ObjectKind::Queue, "queue", &[]));
    events.extend(process(10, 1, "producer", Some(0)));
    events.extend(process(12, 2, "consumer", Some(0)));
    let waiter = |worker: u32, verb, object: Option<u32>, needs: u32| Waiter {
        worker: WorkerId(worker),
        verb,
        object: object.map(ObjectId),
        line: 1,
        needs: vec![WorkerId(needs)],
        why: "in vain".into(),
    };
    let join_done = Done { whom: Some(WorkerId(1)), ..done(14, Verb::Join, None) };
    events.extend([
        began(14, 0, Verb::Join, None, Some(1)),
        began(25, 2, Verb::Get, Some(0), None),
        told(30, 1, Told::Done(moved(29, Verb::Put, 0, 1, 1))),
        // Heard late.
        told(40, 2, Told::Done(moved(25, Verb::Get, 0, 1, 0))),
        told(32, 1, Told::Done(moved(31, Verb::Put, 0, 2, 2))),
        told(42, 2, Told::Printed { line: 3, text: "m1".into() }),
        began(44, 2, Verb::Get, Some(0), None),
        told(46, 2, Told::Done(moved(44, Verb::Get, 0, 2, 0))),
        testing::exited(50, 1, Exit::Code(0), true),
        told(300_055, 0, Told::Done(join_done)),
        began(300_060, 2, Verb::Get, Some(0), None),
        began(300_062, 0, Verb::Join, None, Some(2)),
        Event::Lesson {
            t_ns: 400_000,
            worker: None,
            told: Box::new(Told::Stuck {
                waiters: vec![waiter(0, Verb::Join, None, 2), waiter(2, Verb::Get, Some(0), 0)],
                text: "they wait".into(),
            }),
        },
        // The engine ends those who are left.
        testing::exited(900_000, 2, Exit::Signal(9), false),
    ]);
    run(events)
}
