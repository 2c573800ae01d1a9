//! What the observer of a process is told.

use std::sync::{Arc, Mutex};

use poolscope::mp::{
    Array, Barrier, Connection, Entry, Event, Given, Lock, Package, Process, Queue, Semaphore, pipe,
    trace::{self, Began, Done, End, Observer, Verb},
};

use crate::{A_WHILE, SOON, Test, assert_ends, start_with};

pub(crate) const ENTRIES: &[(&str, Entry)] =
    &[("observe", observe), ("nothing", |_| 0), ("die with", die_with)];

pub(crate) const TESTS: &[Test] = tests![traces::every_operation_is_told_of, traces::nobody_has_to_observe];

#[derive(Default)]
struct Notes {
    began: Mutex<Vec<Began>>,
    done: Mutex<Vec<Done>>,
}

struct Noting(Arc<Notes>);

impl Observer for Noting {
    fn began(&self, began: &Began) {
        self.0.began.lock().unwrap().push(began.clone());
    }

    fn done(&self, done: &Done) {
        self.0.done.lock().unwrap().push(done.clone());
    }
}

/// In a child, since a process has one observer for good.
fn observe(given: Given) -> i32 {
    let notes = Arc::new(Notes::default());
    assert!(trace::observe(Box::new(Noting(notes.clone()))));
    assert!(!trace::observe(Box::new(Noting(notes.clone()))), "it has one");
    let queue = given.queue("it").unwrap();
    let received = queue.get().unwrap();
    queue.put(&received).unwrap();
    queue.flush().unwrap();
    use_all();
    let told: Connection = given.connection("told").unwrap();
    let began = std::mem::take(&mut *notes.began.lock().unwrap());
    let done = std::mem::take(&mut *notes.done.lock().unwrap());
    told.send(&serde_json::to_vec(&(queue.id(), began, done)).unwrap()).unwrap();
    0
}

fn die_with(given: Given) -> i32 {
    given.lock("it").unwrap().acquire();
    0
}

fn use_all() {
    let (receiver, sender) = pipe(false).unwrap();
    sender.send(b"12345").unwrap();
    receiver.recv().unwrap();
    sender.close();
    receiver.recv().unwrap_err();
    receiver.close();
    let lock = Lock::new().unwrap();
    lock.acquire();
    lock.try_acquire();
    lock.release().unwrap();
    lock.release().unwrap_err();
    let semaphore = Semaphore::new(3).unwrap();
    semaphore.acquire();
    semaphore.release().unwrap();
    let array = Array::new(&[10, 20]).unwrap();
    array.read_modify_write(1, |value| value + 1).unwrap();
    array.get(9).unwrap_err();
    let event = Event::new().unwrap();
    event.wait_timeout(A_WHILE / 10);
    event.set();
    event.wait();
    event.clear();
    let barrier = Barrier::new(1).unwrap();
    barrier.wait().unwrap();
    barrier.abort();
    barrier.wait().unwrap_err();
    let bounded = Queue::bounded(1).unwrap();
    bounded.put(b"1").unwrap();
    bounded.put_timeout(b"2", A_WHILE / 10).unwrap();
    let process = Process::start("nothing", Package::new()).unwrap();
    process.join().unwrap();
    process.kill().unwrap();
    start_with("die with", &lock).join().unwrap();
    lock.acquire();
}

const WANTED: &[(Verb, &str)] = &[
    (Verb::Get, "ok"),
    (Verb::Put, "ok"),
    (Verb::Flush, "ok"),
    (Verb::Send, "ok"),
    (Verb::Receive, "ok"),
    (Verb::Close, "ok"),
    (Verb::Receive, "eof"),
    (Verb::Close, "ok"),
    (Verb::Acquire, "ok"),
    (Verb::Acquire, "timed out"),
    (Verb::Release, "ok"),
    (Verb::Release, "failed"),
    (Verb::Acquire, "ok"),
    (Verb::Release, "ok"),
    (Verb::Read, "ok"),
    (Verb::Write, "ok"),
    (Verb::Read, "failed"),
    (Verb::Wait, "timed out"),
    (Verb::Set, "ok"),
    (Verb::Wait, "ok"),
    (Verb::Clear, "ok"),
    (Verb::Meet, "ok"),
    (Verb::Close, "ok"),
    (Verb::Meet, "broken"),
    (Verb::Put, "ok"),
    (Verb::Put, "timed out"),
    (Verb::Start, "ok"),
    (Verb::Join, "ok"),
    (Verb::Kill, "ok"),
    (Verb::Start, "ok"),
    (Verb::Join, "ok"),
    (Verb::Acquire, "after death"),
];

fn name(end: &End) -> &'static str {
    match end {
        End::Ok => "ok",
        End::Eof => "eof",
        End::Broken => "broken",
        End::AfterDeath => "after death",
        End::TimedOut => "timed out",
        End::Failed(_) => "failed",
    }
}

pub(crate) fn every_operation_is_told_of() {
    let queue = Queue::new().unwrap();
    let (receiver, sender) = pipe(true).unwrap();
    let mut package = Package::new();
    package.object("it", &queue).unwrap().object("told", &sender).unwrap();
    let process = Process::start("observe", package).unwrap();
    queue.put(b"there and back").unwrap();
    let (id, began, done): (_, Vec<Began>, Vec<Done>) =
        serde_json::from_slice(&receiver.recv().unwrap()).unwrap();
    assert_eq!(process.join_timeout(SOON).unwrap(), Some(poolscope::event::Exit::Code(0)));
    assert_eq!(queue.get().unwrap(), b"there and back");
    assert_eq!(id, queue.id(), "it is the same object in both processes");
    let got: Vec<_> = done.iter().map(|done| (done.verb, name(&done.end))).collect();
    assert_eq!(got, WANTED);
    for began in &began {
        let done = done.iter().find(|done| done.call == began.call).unwrap();
        assert_eq!((done.verb, done.object, done.began_ns), (began.verb, began.object, began.t_ns));
    }
    let blocking = |done: &&Done| match done.verb {
        // Of the puts, the one into the queue without bounds does not block.
        Verb::Put => done.object != Some(id),
        verb => [
            Verb::Get,
            Verb::Flush,
            Verb::Send,
            Verb::Receive,
            Verb::Acquire,
            Verb::Wait,
            Verb::Meet,
            Verb::Join,
        ]
        .contains(&verb),
    };
    let wanted: Vec<u64> = done.iter().filter(blocking).map(|done| done.call).collect();
    assert_eq!(began.iter().map(|began| began.call).collect::<Vec<_>>(), wanted);
    assert!(done.iter().all(|done| done.began_ns <= done.ended_ns));
    let of = |verb: Verb| done.iter().find(|done| done.verb == verb).unwrap();
    assert_eq!(
        (of(Verb::Get).object, of(Verb::Get).depth, of(Verb::Get).bytes),
        (Some(id), Some(0), Some(64))
    );
    assert_ne!(of(Verb::Get).message, of(Verb::Put).message, "a message put again is another one");
    assert_eq!(of(Verb::Send).message, of(Verb::Receive).message);
    assert_eq!(of(Verb::Send).bytes, Some(17));
    assert_ne!(of(Verb::Send).object, of(Verb::Receive).object, "each end has its own");
    assert_eq!((of(Verb::Read).cell, of(Verb::Write).cell), (Some((1, 20)), Some((1, 21))));
    let permits = done.iter().filter(|done| done.verb == Verb::Acquire).filter_map(|done| done.depth);
    assert_eq!(permits.collect::<Vec<_>>(), [2]);
    assert!(of(Verb::Start).pid.is_some());
    let last = done.iter().rev().find_map(|done| (done.verb == Verb::Join).then_some(done.pid));
    assert_eq!(done.last().map(|done| done.pid), last, "it names the dead holder");
    assert_eq!((of(Verb::Join).pid, of(Verb::Kill).pid), (of(Verb::Start).pid, of(Verb::Start).pid));
}

pub(crate) fn nobody_has_to_observe() {
    assert_ends(&Process::start("nothing", Package::new()).unwrap());
    use_all();
}
