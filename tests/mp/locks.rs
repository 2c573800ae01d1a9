//! Locks, semaphores, events, barriers and shared numbers.

use std::{thread, time::Duration};

use poolscope::mp::{
    Acquired, Array, Barrier, BrokenError, Connection, Entry, Event, Given, Lock, Package, Process,
    Semaphore, Value, pipe,
};

use crate::{A_WHILE, SOON, Test, assert_ends, eventually, numbers, start_with};

pub(crate) const ENTRIES: &[(&str, Entry)] = &[
    ("keep lock", |given| {
        keep(&given, |given| {
            given.lock("it").unwrap().acquire();
        })
    }),
    ("keep permit", |given| {
        keep(&given, |given| {
            given.semaphore("it").unwrap().acquire();
        })
    }),
    ("add", add),
    ("hammer", hammer),
    ("inside", inside),
    ("follow", follow),
    ("meet", meet),
];

pub(crate) const TESTS: &[Test] = tests![
    locks::one_holder_at_a_time_among_processes_and_threads,
    locks::a_robust_lock_is_taken_from_the_dead,
    locks::a_fragile_lock_is_not,
    locks::a_lock_survives_holders_killed_at_any_moment,
    locks::letting_go_of_what_one_does_not_hold_is_an_error,
    locks::no_more_inside_than_there_are_permits,
    locks::permits_of_the_dead_come_back,
    locks::fragile_permits_of_the_dead_do_not,
    locks::an_event_lets_all_go,
    locks::all_parties_meet_again_and_again,
    locks::one_who_does_not_come_breaks_the_barrier,
    locks::numbers_are_the_same_everywhere,
];

/// Takes something, says so, and keeps it until it is killed or a minute is over.
fn keep(given: &Given, take: fn(&Given)) -> i32 {
    let said: Connection = given.connection("said").unwrap();
    take(given);
    said.send(b"taken").unwrap();
    thread::sleep(Duration::from_mins(1));
    0
}

/// Starts a keeper and waits until it has taken it.
fn keeper(entry: &str, it: &impl poolscope::mp::Share) -> Process {
    let (told, said) = pipe(false).unwrap();
    let mut package = Package::new();
    package.object("it", it).unwrap().object("said", &said).unwrap();
    let process = Process::start(entry, package).unwrap();
    assert_eq!(told.recv().unwrap(), b"taken");
    process
}

fn add(given: Given) -> i32 {
    let (lock, array) = (given.lock("lock").unwrap(), given.array("array").unwrap());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..500 {
                    lock.acquire();
                    array.read_modify_write(0, |value| value + 1).unwrap();
                    lock.release().unwrap();
                    array.fetch_add(1, 1).unwrap();
                }
            });
        }
    });
    0
}

pub(crate) fn one_holder_at_a_time_among_processes_and_threads() {
    for lock in [Lock::new().unwrap(), Lock::fragile().unwrap()] {
        let array = Array::new(&[0, 0]).unwrap();
        let processes: Vec<Process> = (0..4)
            .map(|_| {
                let mut package = Package::new();
                package.object("lock", &lock).unwrap().object("array", &array).unwrap();
                Process::start("add", package).unwrap()
            })
            .collect();
        processes.iter().for_each(assert_ends);
        assert_eq!(array.to_vec(), [4000, 4000]);
        assert_eq!(lock.holder(), None);
    }
}

pub(crate) fn a_robust_lock_is_taken_from_the_dead() {
    let lock = Lock::new().unwrap();
    let keeper = keeper("keep lock", &lock);
    assert_eq!(lock.holder(), Some(keeper.pid()));
    assert_eq!(lock.try_acquire(), None);
    assert_eq!(lock.acquire_timeout(A_WHILE), None);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| lock.acquire());
        thread::sleep(A_WHILE);
        // It is not reaped before it is missed.
        keeper.kill().unwrap();
        assert_eq!(waiting.join().unwrap(), Acquired::AfterDeath { pid: keeper.pid() });
    });
    assert_eq!(lock.holder(), Some(std::process::id()));
    lock.release().unwrap();
    assert_eq!(lock.try_acquire(), Some(Acquired::Clean), "told once");
    lock.release().unwrap();
    keeper.join().unwrap();
}

pub(crate) fn a_fragile_lock_is_not() {
    let lock = Lock::fragile().unwrap();
    let keeper = keeper("keep lock", &lock);
    keeper.kill().unwrap();
    keeper.join().unwrap();
    assert_eq!(lock.acquire_timeout(A_WHILE), None);
    assert_eq!(lock.holder(), Some(keeper.pid()));
    // As in Python, anybody may.
    lock.release().unwrap();
    assert_eq!(lock.try_acquire(), Some(Acquired::Clean));
}

fn hammer(given: Given) -> i32 {
    let lock = given.lock("it").unwrap();
    loop {
        lock.acquire();
        lock.release().unwrap();
    }
}

pub(crate) fn a_lock_survives_holders_killed_at_any_moment() {
    let lock = Lock::new().unwrap();
    for pause in numbers(2).take(30) {
        let pair = [start_with("hammer", &lock), start_with("hammer", &lock)];
        eventually("they are at it", || lock.holder().is_some());
        thread::sleep(Duration::from_micros(pause % 3000));
        for process in &pair {
            process.kill().unwrap();
        }
        assert!(lock.acquire_timeout(SOON).is_some());
        lock.release().unwrap();
    }
}

pub(crate) fn letting_go_of_what_one_does_not_hold_is_an_error() {
    for lock in [Lock::new().unwrap(), Lock::fragile().unwrap()] {
        assert!(lock.release().is_err());
        lock.acquire();
        thread::scope(|scope| scope.spawn(|| lock.release().unwrap()).join().unwrap());
        assert!(lock.release().is_err());
    }
    let lock = Lock::new().unwrap();
    let keeper = keeper("keep lock", &lock);
    assert!(lock.release().is_err(), "another process holds it");
    keeper.kill().unwrap();
    let semaphore = Semaphore::new(1).unwrap();
    assert!(semaphore.release().is_err());
}

fn inside(given: Given) -> i32 {
    let (semaphore, array) = (given.semaphore("it").unwrap(), given.array("array").unwrap());
    for _ in 0..300 {
        semaphore.acquire();
        let inside = array.fetch_add(0, 1).unwrap() + 1;
        assert!(inside <= 3, "{inside}");
        array.fetch_add(1, 1).unwrap();
        array.fetch_add(0, -1).unwrap();
        semaphore.release().unwrap();
    }
    0
}

pub(crate) fn no_more_inside_than_there_are_permits() {
    for semaphore in [Semaphore::new(3).unwrap(), Semaphore::fragile(3).unwrap()] {
        let array = Array::new(&[0, 0]).unwrap();
        let processes: Vec<Process> = (0..5)
            .map(|_| {
                let mut package = Package::new();
                package.object("it", &semaphore).unwrap().object("array", &array).unwrap();
                Process::start("inside", package).unwrap()
            })
            .collect();
        processes.iter().for_each(assert_ends);
        assert_eq!(array.to_vec(), [0, 1500]);
        assert_eq!(semaphore.available(), 3);
    }
}

pub(crate) fn permits_of_the_dead_come_back() {
    let semaphore = Semaphore::new(2).unwrap();
    assert_eq!(semaphore.try_acquire(), Some(Acquired::Clean));
    let keeper = keeper("keep permit", &semaphore);
    assert_eq!((semaphore.available(), semaphore.try_acquire()), (0, None));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| semaphore.acquire());
        thread::sleep(A_WHILE);
        keeper.kill().unwrap();
        assert_eq!(waiting.join().unwrap(), Acquired::AfterDeath { pid: keeper.pid() });
    });
    semaphore.release().unwrap();
    semaphore.release().unwrap();
    assert!(semaphore.release().is_err());
    assert_eq!(semaphore.available(), 2);
}

pub(crate) fn fragile_permits_of_the_dead_do_not() {
    let semaphore = Semaphore::fragile(1).unwrap();
    let keeper = keeper("keep permit", &semaphore);
    keeper.kill().unwrap();
    keeper.join().unwrap();
    assert_eq!(semaphore.acquire_timeout(A_WHILE), None);
    semaphore.release().unwrap();
    semaphore.release().unwrap();
    assert_eq!(semaphore.available(), 2, "as in Python, it can be raised above what it began with");
}

fn follow(given: Given) -> i32 {
    let (event, reached) = (given.event("it").unwrap(), given.array("array").unwrap());
    reached.fetch_add(0, 1).unwrap();
    event.wait();
    reached.fetch_add(1, 1).unwrap();
    0
}

pub(crate) fn an_event_lets_all_go() {
    let event = Event::new().unwrap();
    assert!(!event.wait_timeout(Duration::from_millis(30)));
    event.set();
    assert!(event.is_set() && event.wait_timeout(Duration::ZERO));
    event.clear();
    assert!(!event.is_set());
    let array = Array::new(&[0, 0]).unwrap();
    let followers: Vec<Process> = (0..3)
        .map(|_| {
            let mut package = Package::new();
            package.object("it", &event).unwrap().object("array", &array).unwrap();
            Process::start("follow", package).unwrap()
        })
        .collect();
    eventually("all have come", || array.get(0) == Ok(3));
    thread::sleep(A_WHILE);
    assert_eq!(array.get(1), Ok(0));
    // Cleared at once: who waited goes on all the same.
    event.set();
    event.clear();
    followers.iter().for_each(assert_ends);
    assert_eq!(array.get(1), Ok(3));
}

fn meet(given: Given) -> i32 {
    let (barrier, array) = (given.barrier("it").unwrap(), given.array("array").unwrap());
    let mut firsts = 0;
    for round in 0..200 {
        array.fetch_add(0, 1).unwrap();
        let index = barrier.wait().unwrap();
        assert!(index < 3);
        firsts += i64::from(index == 0);
        let come = array.get(0).unwrap();
        assert!((3 * (round + 1)..=3 * (round + 2)).contains(&come), "{come} in round {round}");
    }
    array.fetch_add(1, firsts).unwrap();
    0
}

pub(crate) fn all_parties_meet_again_and_again() {
    let (barrier, array) = (Barrier::new(3).unwrap(), Array::new(&[0, 0]).unwrap());
    let processes: Vec<Process> = (0..3)
        .map(|_| {
            let mut package = Package::new();
            package.object("it", &barrier).unwrap().object("array", &array).unwrap();
            Process::start("meet", package).unwrap()
        })
        .collect();
    processes.iter().for_each(assert_ends);
    assert_eq!(array.to_vec(), [600, 200], "one first in each round");
    assert!(Barrier::new(0).is_err() && Barrier::new(65_536).is_err());
    assert_eq!(Barrier::new(1).unwrap().wait(), Ok(0));
}

pub(crate) fn one_who_does_not_come_breaks_the_barrier() {
    let barrier = Barrier::new(3).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| barrier.wait());
        assert_eq!(barrier.wait_timeout(A_WHILE), Err(BrokenError));
        assert_eq!(waiting.join().unwrap(), Err(BrokenError));
    });
    assert_eq!(barrier.wait(), Err(BrokenError), "for good");
    let barrier = Barrier::new(2).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| barrier.wait());
        thread::sleep(A_WHILE);
        barrier.abort();
        assert_eq!(waiting.join().unwrap(), Err(BrokenError));
    });
}

pub(crate) fn numbers_are_the_same_everywhere() {
    let (lock, array) = (Lock::new().unwrap(), Array::new(&[i64::MIN, 5]).unwrap());
    let mut package = Package::new();
    package.object("lock", &lock).unwrap().object("array", &array).unwrap();
    assert_ends(&Process::start("add", package).unwrap());
    assert_eq!(array.to_vec(), [i64::MIN + 1000, 1005]);
    assert_eq!((array.len(), array.is_empty()), (2, false));
    let empty = Array::new(&[]).unwrap();
    assert!(empty.is_empty() && empty.get(0).is_err());
    let value = Value::new(-3).unwrap();
    assert_eq!((value.fetch_add(4), value.get()), (-3, 1));
    assert_eq!(value.read_modify_write(|value| value * 10), 10);
    value.set(i64::MAX);
    assert_eq!((value.fetch_add(1), value.get()), (i64::MAX, i64::MIN), "it goes round");
}
