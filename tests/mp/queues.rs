//! Queues: nothing lost, nothing doubled, and nobody stuck because somebody else was killed.

use std::{collections::BTreeSet, thread, time::Duration};

use poolscope::{
    event::Exit,
    mp::{Entry, Given, Package, Process, Queue, RecvError},
};

use crate::{A_WHILE, SOON, Test, assert_ends, eventually, numbers, start_with};

pub(crate) const ENTRIES: &[(&str, Entry)] =
    &[("produce", produce), ("consume", consume), ("pour", pour), ("drain", drain), ("leave", leave)];

pub(crate) const TESTS: &[Test] = tests![
    queues::many_to_many_loses_and_doubles_nothing,
    queues::a_put_never_blocks_and_a_flush_does_while_the_pipe_is_full,
    queues::a_process_ends_only_when_what_it_put_is_in_the_pipe,
    queues::a_bounded_queue_makes_who_puts_wait,
    queues::getting_can_be_given_up,
    queues::a_producer_killed_at_any_point_wedges_nobody,
    queues::a_message_torn_is_told_once_when_nobody_writes_any_more,
    queues::a_consumer_killed_at_any_point_wedges_nobody,
    queues::a_bounded_queue_has_all_its_places_whoever_was_killed,
    queues::what_was_put_is_written_after_the_queue_is_dropped,
];

/// Bytes of the n-th message of a producer, all lengths from a few bytes to beyond an atomic write.
fn message(producer: u32, n: u32) -> Vec<u8> {
    let mut bytes = [producer.to_ne_bytes(), n.to_ne_bytes()].concat();
    bytes.resize(8 + (n as usize * 977) % 9000, n as u8);
    bytes
}

fn read(bytes: &[u8]) -> (u32, u32) {
    let word = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
    let (producer, n) = (word(0), word(4));
    assert_eq!(bytes, message(producer, n), "it arrives as it was sent");
    (producer, n)
}

fn produce(given: Given) -> i32 {
    let (queue, own) = (given.queue("in").unwrap(), given.value::<u32>("own").unwrap());
    for n in 0..given.value("count").unwrap() {
        queue.put(&message(own, n)).unwrap();
    }
    0
}

/// Gets until it gets an empty message, and tells of each.
fn consume(given: Given) -> i32 {
    let (from, told) = (given.queue("in").unwrap(), given.queue("out").unwrap());
    loop {
        let bytes = from.get().unwrap();
        if bytes.is_empty() {
            return 0;
        }
        let (producer, n) = read(&bytes);
        told.put(&[producer.to_ne_bytes(), n.to_ne_bytes()].concat()).unwrap();
    }
}

pub(crate) fn many_to_many_loses_and_doubles_nothing() {
    const COUNT: u32 = 2000;
    for queue in [Queue::new().unwrap(), Queue::bounded(10).unwrap()] {
        let told = Queue::new().unwrap();
        let start = |entry: &str, own: u32| {
            let mut package = Package::new();
            package.object("in", &queue).unwrap().object("out", &told).unwrap();
            package.value("own", &own).unwrap().value("count", &COUNT).unwrap();
            Process::start(entry, package).unwrap()
        };
        let consumers: Vec<Process> = (0..4).map(|own| start("consume", own)).collect();
        let producers: Vec<Process> = (0..4).map(|own| start("produce", own)).collect();
        let mut seen = BTreeSet::new();
        for _ in 0..4 * COUNT {
            let bytes = told.get().unwrap();
            let word = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
            assert!(seen.insert((word(0), word(4))), "{:?} twice", (word(0), word(4)));
        }
        let wanted: BTreeSet<_> = (0..4).flat_map(|own| (0..COUNT).map(move |n| (own, n))).collect();
        assert_eq!(seen, wanted);
        producers.iter().for_each(assert_ends);
        assert_eq!(queue.len(), 0);
        for _ in &consumers {
            queue.put(b"").unwrap();
        }
        consumers.iter().for_each(assert_ends);
        assert!(told.is_empty());
    }
}

pub(crate) fn a_put_never_blocks_and_a_flush_does_while_the_pipe_is_full() {
    let queue = Queue::new().unwrap();
    let fits = vec![1; 50 << 10];
    queue.put(&fits).unwrap();
    queue.flush().unwrap();
    (0..3).for_each(|_| queue.put(&fits).unwrap());
    assert_eq!(queue.len(), 4);
    thread::scope(|scope| {
        let flushing = scope.spawn(|| queue.flush());
        thread::sleep(A_WHILE);
        assert!(!flushing.is_finished());
        for left in (0..4).rev() {
            assert_eq!(queue.get().unwrap(), fits);
            assert_eq!(queue.len(), left);
        }
        flushing.join().unwrap().unwrap();
    });
}

fn leave(given: Given) -> i32 {
    let queue = given.queue("it").unwrap();
    queue.put(&vec![3; 1 << 20]).unwrap();
    drop(queue);
    5
}

pub(crate) fn a_process_ends_only_when_what_it_put_is_in_the_pipe() {
    let queue = Queue::new().unwrap();
    let process = start_with("leave", &queue);
    assert_eq!(process.join_timeout(2 * A_WHILE).unwrap(), None, "joined before it was drained");
    assert_eq!(queue.get().unwrap(), vec![3; 1 << 20]);
    assert_eq!(process.join_timeout(SOON).unwrap(), Some(Exit::Code(5)));
}

pub(crate) fn a_bounded_queue_makes_who_puts_wait() {
    let queue = Queue::bounded(2).unwrap();
    queue.put(b"1").unwrap();
    queue.put(b"2").unwrap();
    assert!(!queue.put_timeout(b"none", A_WHILE).unwrap());
    thread::scope(|scope| {
        let putting = scope.spawn(|| queue.put(b"3"));
        thread::sleep(A_WHILE);
        assert!(!putting.is_finished());
        assert_eq!(queue.get().unwrap(), b"1");
        putting.join().unwrap().unwrap();
    });
    assert_eq!(queue.len(), 2);
    assert_eq!([queue.get().unwrap(), queue.get().unwrap()], [b"2", b"3"]);
    assert!(Queue::bounded(0).is_err());
}

pub(crate) fn getting_can_be_given_up() {
    let queue = Queue::new().unwrap();
    assert_eq!(queue.try_get().unwrap(), None);
    assert_eq!(queue.get_timeout(A_WHILE).unwrap(), None);
    thread::scope(|scope| {
        let getting = scope.spawn(|| queue.get());
        thread::sleep(A_WHILE);
        // The other is first.
        assert_eq!(queue.get_timeout(A_WHILE).unwrap(), None);
        queue.put(b"for the first").unwrap();
        assert_eq!(getting.join().unwrap().unwrap(), b"for the first");
    });
}

fn pour(given: Given) -> i32 {
    let (queue, own) = (given.queue("it").unwrap(), std::process::id());
    for n in 0.. {
        queue.put(&message(own, n)).unwrap();
        if queue.len() > 200 {
            queue.flush().unwrap();
        }
    }
    0
}

pub(crate) fn a_producer_killed_at_any_point_wedges_nobody() {
    let queue = Queue::new().unwrap();
    let mut torn = 0;
    for pause in numbers(3).take(40) {
        let victim = start_with("pour", &queue);
        for _ in 0..pause % 300 {
            read(&queue.get().unwrap());
        }
        thread::sleep(Duration::from_micros(pause % 1000));
        victim.kill().unwrap();
        victim.join().unwrap();
        // What is left of it is whole messages and at most one torn, and then the next producer is heard.
        let own = std::process::id();
        queue.put(&message(own, 7)).unwrap();
        let mut torn_here = 0;
        loop {
            match queue.get_timeout(SOON) {
                Ok(Some(bytes)) if read(&bytes).0 == own => break,
                Ok(Some(_)) => {}
                Err(RecvError::Torn) => torn_here += 1,
                other => panic!("{other:?}"),
            }
        }
        assert!(torn_here <= 1);
        torn += torn_here;
    }
    assert!(torn > 0, "none of 40 was caught in the middle of a message");
}

pub(crate) fn a_message_torn_is_told_once_when_nobody_writes_any_more() {
    // On a busy machine it may be killed before it has written anything. Then there is nothing to tell.
    let told = (0..20).any(|_| {
        let queue = Queue::new().unwrap();
        let victim = start_with("leave", &queue);
        // A mebibyte does not fit: once it has begun, it is in the middle of it.
        eventually("it was put", || queue.len() == 1);
        thread::sleep(A_WHILE);
        victim.kill().unwrap();
        victim.join().unwrap();
        match queue.get_timeout(A_WHILE) {
            Ok(None) => return false,
            torn => assert!(matches!(torn, Err(RecvError::Torn)), "{torn:?}"),
        }
        assert_eq!(queue.get_timeout(A_WHILE).unwrap(), None);
        assert_eq!(queue.len(), 0);
        queue.put(b"whole").unwrap();
        assert_eq!(queue.get().unwrap(), b"whole");
        true
    });
    assert!(told);
}

fn drain(given: Given) -> i32 {
    let queue = given.queue("it").unwrap();
    loop {
        read(&queue.get().unwrap());
    }
}

pub(crate) fn a_consumer_killed_at_any_point_wedges_nobody() {
    let queue = Queue::new().unwrap();
    let own = std::process::id();
    for (round, pause) in numbers(4).take(40).enumerate() {
        let victims = [start_with("drain", &queue), start_with("drain", &queue)];
        // Every other time they are killed while they wait in a get with nothing to read.
        if round % 2 == 0 {
            (0..400).for_each(|n| queue.put(&message(own, n)).unwrap());
            eventually("they have begun", || queue.len() < 400);
        } else {
            thread::sleep(Duration::from_millis(20));
        }
        thread::sleep(Duration::from_micros(pause % 4000));
        for victim in &victims {
            victim.kill().unwrap();
        }
        for victim in &victims {
            assert_eq!(victim.join().unwrap(), Exit::Signal(9));
        }
        queue.put(&message(own, 5000)).unwrap();
        while read(&queue.get_timeout(SOON).unwrap().expect("a message")).1 != 5000 {}
        assert_eq!(queue.try_get().unwrap(), None);
        assert_eq!(queue.len(), 0);
    }
}

pub(crate) fn a_bounded_queue_has_all_its_places_whoever_was_killed() {
    const PLACES: u32 = 3;
    let queue = Queue::bounded(PLACES).unwrap();
    let own = std::process::id();
    for pause in numbers(5).take(60) {
        let victim = start_with("drain", &queue);
        thread::scope(|scope| {
            let putting = scope.spawn(|| (0..60).all(|n| queue.put_timeout(&message(own, n), SOON).unwrap()));
            eventually("it has begun", || queue.is_empty() || putting.is_finished());
            thread::sleep(Duration::from_micros(pause % 3000));
            victim.kill().unwrap();
            victim.join().unwrap();
            while !putting.is_finished() || !queue.is_empty() {
                let _none_in_time = queue.get_timeout(Duration::from_millis(1)).unwrap();
            }
            assert!(putting.join().unwrap(), "there was no room");
        });
        for n in 0..PLACES {
            assert!(queue.put_timeout(&message(own, n), SOON).unwrap());
        }
        assert!(!queue.put_timeout(b"one more", Duration::ZERO).unwrap());
        for n in 0..PLACES {
            assert_eq!(read(&queue.get_timeout(SOON).unwrap().unwrap()), (own, n));
        }
    }
}

pub(crate) fn what_was_put_is_written_after_the_queue_is_dropped() {
    let queue = Queue::new().unwrap();
    let copy = queue.clone();
    let mut package = Package::new();
    let told = Queue::new().unwrap();
    package.object("in", &queue).unwrap().object("out", &told).unwrap();
    copy.put(&message(1, 2)).unwrap();
    copy.put(b"").unwrap();
    drop((queue, copy));
    assert_ends(&Process::start("consume", package).unwrap());
    assert_eq!(told.get().unwrap(), [1_u32.to_ne_bytes(), 2_u32.to_ne_bytes()].concat());
}
