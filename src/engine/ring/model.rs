//! The ring under a model checker: every order in which two threads' steps can fall, and every value that the memory
//! model lets a load return. `RUSTFLAGS="--cfg loom" cargo test --release --no-default-features --lib ring::model`, best
//! with a target directory of its own.
//!
//! What it cannot see: here no load returns what is stored only later, as some processors allow. That the tail is stored
//! with `Release`, and loaded with `Acquire` before a place is used again, is for them.

#![expect(clippy::unwrap_used, reason = "in a model, whatever goes wrong is found")]

use std::sync::atomic::{AtomicUsize, Ordering};

use loom::{
    model::Builder,
    sync::{
        Arc, Notify,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use super::{Consumer, Producer, Record, Region, claim::Begin, settle_down};
use crate::{
    engine::{list::TaskList, wire::Down},
    ids::TaskId,
};

/// Tries every order, or those with at most so many switches away from a thread that could go on.
fn check(switches: Option<usize>, scenario: impl Fn() + Sync + Send + 'static) {
    let tried = std::sync::Arc::new(AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&tried);
    let mut builder = Builder::new();
    builder.preemption_bound = switches;
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        scenario();
    });
    assert!(tried.load(Ordering::Relaxed) > 10, "there was hardly anything to try");
}

fn pair() -> (Producer, Consumer) {
    let region = Region::on_heap();
    (Producer::new(region.clone()), Consumer::new(region))
}

/// Its two words tell of each other, so that a mixture of two records is seen.
fn record(task: u32) -> Record {
    Record::Started { t_ns: u64::from(task) * 7 + 1, task: TaskId(task) }
}

fn publish(ring: &mut Producer, task: u32) {
    let (words, used) = record(task).encode().unwrap();
    ring.write(&words[..used]);
    ring.publish();
}

fn take_in(ring: &mut Consumer, heard: &mut Vec<Record>) {
    while let Some(record) = ring.next().unwrap() {
        heard.push(record);
    }
    ring.release();
}

#[test]
fn records_arrive_once_in_order_and_whole_also_when_places_are_used_again() {
    const RECORDS: u32 = 4;
    check(Some(4), || {
        let (mut producer, mut consumer) = pair();
        let worker = thread::spawn(move || {
            for task in 0..RECORDS {
                while !producer.has_room() {
                    thread::yield_now();
                }
                publish(&mut producer, task);
            }
        });
        let mut heard = Vec::new();
        while heard.len() < RECORDS as usize {
            if consumer.look().unwrap() {
                take_in(&mut consumer, &mut heard);
            } else {
                thread::yield_now();
            }
        }
        worker.join().unwrap();
        assert!(!consumer.look().unwrap());
        assert!(heard.into_iter().eq((0..RECORDS).map(record)));
    });
}

#[test]
fn an_engine_that_falls_asleep_over_a_record_is_rung() {
    check(None, || {
        let (mut producer, mut consumer) = pair();
        let worker = thread::spawn(move || {
            publish(&mut producer, 0);
            producer.must_ring()
        });
        consumer.ask_for_bell();
        settle_down();
        let sleeps = !consumer.look().unwrap();
        let rung = worker.join().unwrap();
        assert!(!sleeps || rung, "it sleeps, a record is there, and nobody rings");
    });
}

/// The checker fails by itself when the engine waits for a bell that nobody is left to ring.
#[test]
fn an_engine_that_sleeps_many_times_hears_everything() {
    const RECORDS: u32 = 3;
    check(Some(3), || {
        let (mut producer, mut consumer) = pair();
        let bell = Arc::new(Notify::new());
        let worker = {
            let bell = Arc::clone(&bell);
            thread::spawn(move || {
                for task in 0..RECORDS {
                    while !producer.has_room() {
                        if producer.must_ring() {
                            bell.notify();
                        }
                        thread::yield_now();
                    }
                    publish(&mut producer, task);
                    // With more to do, it rings only for want of room.
                    if task + 1 == RECORDS && producer.must_ring() {
                        bell.notify();
                    }
                }
            })
        };
        let mut heard = Vec::new();
        while heard.len() < RECORDS as usize {
            if !consumer.look().unwrap() {
                consumer.ask_for_bell();
                settle_down();
                if !consumer.look().unwrap() {
                    bell.wait();
                }
                consumer.wake();
                consumer.look().unwrap();
            }
            take_in(&mut consumer, &mut heard);
        }
        worker.join().unwrap();
        assert!(heard.into_iter().eq((0..RECORDS).map(record)));
    });
}

/// As [`crate::engine::worker::work`] does it. Returns what was begun.
fn work(ring: &Producer, frames: &Receiver<Down>) -> Vec<u32> {
    let mut list = TaskList::default();
    let mut begun = Vec::new();
    loop {
        if !list.is_empty() && ring.claim().begin(list.generation()) == Begin::Yes {
            begun.push(list.pop().expect("what may be begun is on the list").0.0);
            continue;
        }
        match frames.recv().unwrap() {
            Down::Chunk { first, count } => list.append(first, count),
            Down::Cut { generation, end } => list.cut(generation, end),
            Down::Quit => return begun,
            other => panic!("{other:?} is nothing to list"),
        }
    }
}

/// The engine's end, as the pools do it.
struct Engine {
    ring: Consumer,
    frames: Sender<Down>,
    /// Handed over and not taken back.
    handed: Vec<u32>,
}

impl Engine {
    fn give(&mut self, first: u32, count: u32) {
        self.ring.grant(count).unwrap();
        self.frames.send(Down::Chunk { first, count }).unwrap();
        self.handed.extend(first..first + count);
    }

    fn recall(&mut self, keep: u32) {
        let recalled = self.ring.recall(keep).unwrap();
        self.frames.send(Down::Cut { generation: recalled.generation, end: recalled.end }).unwrap();
        self.handed.truncate(self.handed.len() - recalled.count as usize);
    }
}

fn check_claims(orders: impl Fn(&mut Engine) + Sync + Send + 'static) {
    check(None, move || {
        let (producer, consumer) = pair();
        let (frames, receiver) = channel();
        let worker = thread::spawn(move || work(&producer, &receiver));
        let mut engine = Engine { ring: consumer, frames, handed: Vec::new() };
        orders(&mut engine);
        engine.recall(0);
        engine.frames.send(Down::Quit).unwrap();
        // In this order and each once: all that was handed over and is not the engine's again.
        assert_eq!(worker.join().unwrap(), engine.handed);
    });
}

#[test]
fn a_task_is_begun_or_taken_back() {
    check_claims(|engine| engine.give(0, 3));
    check_claims(|engine| {
        engine.give(0, 3);
        engine.recall(1);
    });
}

#[test]
fn numbers_given_again_are_not_taken_for_those_before() {
    check_claims(|engine| {
        engine.give(0, 2);
        engine.recall(0);
        engine.give(10, 2);
        engine.recall(1);
        engine.give(20, 1);
    });
}

#[test]
fn a_list_of_a_former_generation_begins_nothing() {
    check(None, || {
        let (producer, mut consumer) = pair();
        consumer.grant(1).unwrap();
        let worker = thread::spawn(move || producer.claim().begin(0));
        let recalled = consumer.recall(0).unwrap();
        consumer.grant(1).unwrap();
        let begin = worker.join().unwrap();
        let expected = if recalled.count == 0 { Begin::Yes } else { Begin::Stale };
        assert_eq!(begin, expected, "{recalled:?}");
    });
}
