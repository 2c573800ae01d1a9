//! Starting, ending and being told of it.

use std::{
    collections::BTreeMap,
    io::Read,
    path::Path,
    time::{Duration, Instant},
};

use poolscope::{
    event::Exit,
    mp::{
        self, Array, Connection, Entry, Event, Given, GivenError, NO_ENTRY, Package, Process, Starter, pipe,
    },
};

use crate::{A_WHILE, SOON, Test, assert_ends, eventually, start_with};

pub(crate) const ENTRIES: &[(&str, Entry)] = &[
    ("exit", |given| given.value("code").expect("a code")),
    ("panic", |_| panic!("as it should")),
    ("values", values),
    ("sleep", sleep),
    ("nest", nest),
    ("errors", errors),
    ("count", count),
    ("obey", |given| {
        given.event("it").expect("an event").wait();
        0
    }),
];

pub(crate) const TESTS: &[Test] = tests![
    processes::what_is_given_arrives,
    processes::errors_name_what_is_wrong,
    processes::codes_signals_and_panics_are_told,
    processes::an_end_is_watched_without_being_joined,
    processes::joining_can_be_given_up,
    processes::one_that_is_dropped_runs_on_and_is_reaped,
    processes::it_outlives_the_thread_that_asked_for_it,
    processes::it_dies_with_the_process_that_started_it,
    processes::hundreds_of_objects_fit_into_a_package,
    processes::a_program_that_cannot_be_run_is_an_error,
];

fn with_code(code: i32) -> Process {
    let mut package = Package::new();
    package.value("code", &code).unwrap();
    Process::start("exit", package).unwrap()
}

fn values(given: Given) -> i32 {
    let map: BTreeMap<String, Vec<f64>> = given.value("map").unwrap();
    assert_eq!(map["b"], [1.5, -2.0]);
    assert_eq!(given.value::<i64>("n").unwrap(), 5);
    assert_eq!(given.value::<i64>("n").unwrap(), 5, "values can be read again");
    assert_eq!(given.value::<String>("text").unwrap().len(), 1 << 20);
    assert_eq!(std::io::stdin().read(&mut [0; 8]).unwrap(), 0, "nothing else is on stdin");
    assert_eq!(std::env::args().count(), 2);
    0
}

pub(crate) fn what_is_given_arrives() {
    let mut package = Package::new();
    let map = BTreeMap::from([("a".to_owned(), vec![]), ("b".to_owned(), vec![1.5, -2.0])]);
    package.value("map", &map).unwrap().value("n", &5).unwrap();
    package.value("text", &"x".repeat(1 << 20)).unwrap();
    assert_ends(&Process::start("values", package).unwrap());
}

fn errors(given: Given) -> i32 {
    let missing = given.queue("que").unwrap_err().to_string();
    assert_eq!(missing, "nothing called `que` was given; there is `it`, `n`");
    assert_eq!(given.queue("it").unwrap_err().to_string(), "`it` is a array, not a queue");
    assert_eq!(given.queue("n").unwrap_err().to_string(), "`n` is a value, not a queue");
    assert_eq!(given.value::<i64>("it").unwrap_err().to_string(), "`it` is a array, not a value");
    assert!(matches!(given.value::<String>("n"), Err(GivenError::Value { .. })));
    let array = given.array("it").unwrap();
    assert!(matches!(given.array("it"), Err(GivenError::Taken { .. })));
    assert_eq!(array.get(2).unwrap_err().to_string(), "index 2 is outside an array of length 2");
    assert!(array.set(usize::MAX, 0).is_err());
    assert_eq!(array.to_vec(), [3, 4]);
    0
}

pub(crate) fn errors_name_what_is_wrong() {
    let mut package = Package::new();
    package.object("it", &Array::new(&[3, 4]).unwrap()).unwrap().value("n", &-70_000).unwrap();
    assert_eq!(package.value("n", &1).unwrap_err().to_string(), "`n` is in the package already");
    assert_ends(&Process::start("errors", package).unwrap());
}

pub(crate) fn codes_signals_and_panics_are_told() {
    for code in [0, 1, 7, 255] {
        let process = with_code(code);
        assert_eq!(process.join().unwrap(), Exit::Code(code));
        assert_eq!(process.join().unwrap(), Exit::Code(code), "and again");
        assert_eq!(process.exit(), Some(Exit::Code(code)));
        process.kill().unwrap();
    }
    for signal in [9, 15] {
        let process = start_with("obey", &Event::new().unwrap());
        assert_eq!(process.exit(), None);
        process.signal(signal).unwrap();
        assert_eq!(process.join().unwrap(), Exit::Signal(signal));
    }
    let process = Process::start("panic", Package::new()).unwrap();
    assert_eq!(process.join().unwrap(), Exit::Code(101));
    assert!(process.signal(12_345).is_err());
    assert_eq!(Process::start("nobody", Package::new()).unwrap().join().unwrap(), Exit::Code(NO_ENTRY));
}

pub(crate) fn an_end_is_watched_without_being_joined() {
    for joined_first in [false, true] {
        let process = start_with("obey", &Event::new().unwrap());
        let (tell, told) = crossbeam_channel::bounded(2);
        let second = tell.clone();
        process.watch(move |exit| tell.send(exit).unwrap()).unwrap();
        process.watch(move |exit| second.send(exit).unwrap()).unwrap();
        assert!(told.recv_timeout(A_WHILE).is_err());
        process.kill().unwrap();
        if joined_first {
            process.join().unwrap();
        }
        assert_eq!(told.recv_timeout(SOON).unwrap(), Exit::Signal(9));
        assert_eq!(told.recv_timeout(SOON).unwrap(), Exit::Signal(9));
        assert_eq!(process.join().unwrap(), Exit::Signal(9));
    }
}

pub(crate) fn joining_can_be_given_up() {
    let event = Event::new().unwrap();
    let process = start_with("obey", &event);
    let begin = Instant::now();
    assert_eq!(process.join_timeout(A_WHILE).unwrap(), None);
    assert!(begin.elapsed() >= A_WHILE);
    event.set();
    assert_ends(&process);
}

fn is_there(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

pub(crate) fn one_that_is_dropped_runs_on_and_is_reaped() {
    let event = Event::new().unwrap();
    let process = start_with("obey", &event);
    let pid = process.pid();
    drop(process);
    std::thread::sleep(A_WHILE);
    assert!(is_there(pid));
    event.set();
    eventually("it is reaped", || !is_there(pid));
}

pub(crate) fn it_outlives_the_thread_that_asked_for_it() {
    let event = Event::new().unwrap();
    let process = std::thread::scope(|scope| scope.spawn(|| start_with("obey", &event)).join().unwrap());
    assert_eq!(process.join_timeout(A_WHILE).unwrap(), None);
    event.set();
    assert_ends(&process);
}

fn sleep(_: Given) -> i32 {
    std::thread::sleep(Duration::from_mins(10));
    0
}

fn nest(given: Given) -> i32 {
    let ours = given.connection("it").unwrap();
    let inner = Process::start("sleep", Package::new()).unwrap();
    ours.send(&inner.pid().to_ne_bytes()).unwrap();
    sleep(given)
}

pub(crate) fn it_dies_with_the_process_that_started_it() {
    let (receiver, sender) = pipe(false).unwrap();
    let outer = start_with("nest", &sender);
    let inner = u32::from_ne_bytes(receiver.recv().unwrap().try_into().unwrap());
    assert!(is_there(inner));
    outer.kill().unwrap();
    outer.join().unwrap();
    // Whoever inherits it may be slow to reap it; it is dead all the same.
    eventually("the inner one ends too", || {
        let status = std::fs::read_to_string(format!("/proc/{inner}/status")).unwrap_or_default();
        !is_there(inner) || status.contains("State:\tZ")
    });
}

fn count(given: Given) -> i32 {
    let ends: Vec<Connection> =
        (0..300).map(|at| given.connection(&format!("end{at:03}")).unwrap()).collect();
    for (at, end) in ends.iter().enumerate() {
        end.send(&at.to_ne_bytes()).unwrap();
    }
    0
}

pub(crate) fn hundreds_of_objects_fit_into_a_package() {
    let mut package = Package::new();
    let receivers: Vec<Connection> = (0..300)
        .map(|at| {
            let (receiver, sender) = pipe(false).unwrap();
            package.object(&format!("end{at:03}"), &sender).unwrap();
            receiver
        })
        .collect();
    let process = Process::start("count", package).unwrap();
    for (at, receiver) in receivers.iter().enumerate() {
        assert_eq!(receiver.recv().unwrap(), at.to_ne_bytes());
    }
    assert_ends(&process);
    assert!(matches!(receivers[0].recv(), Err(mp::RecvError::Eof)));
}

pub(crate) fn a_program_that_cannot_be_run_is_an_error() {
    let starter = Starter { program: "/nowhere/at/all".into(), args: Vec::new() };
    let error = starter.start("exit", Package::new()).unwrap_err().to_string();
    assert!(error.starts_with("`exit` cannot be started"), "{error}");
    // One that takes no package ends by itself, and that is how it ended.
    let starter = Starter { program: "/bin/false".into(), args: Vec::new() };
    assert_eq!(starter.start("exit", Package::new()).unwrap().join().unwrap(), Exit::Code(1));
}
