//! The ring between real threads, and what its reader refuses. The orders that these threads happen not to take are tried
//! in `model`.

use std::{
    sync::atomic::Ordering,
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, bounded};

use super::{
    ASLEEP, Bell, CAPACITY, CLAIM, Consumer, Corrupt, HEAD, Producer, Record, Region, claim::Begin,
    settle_down,
};
use crate::{
    engine::{list::TaskList, listen::Listener, wire::Down},
    event::Usage,
    ids::TaskId,
    workload::{Value, mix},
};

const RECORDS: u32 = 100_000;
/// Nobody waits for so long, unless a bell was forgotten.
const NEVER: Duration = Duration::from_secs(20);

fn pair() -> (Producer, Consumer) {
    let region = Region::on_heap();
    (Producer::new(region.clone()), Consumer::new(region))
}

fn start<T: Send + 'static>(worker: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    Builder::new().name("worker".to_owned()).spawn(worker).expect("a thread")
}

/// A record whose words all follow from its number, of every kind and length.
fn record(number: u32) -> Record {
    let (task, t_ns) = (TaskId(number), mix(number.into()));
    match number % 4 {
        0 => Record::Started { t_ns, task },
        1 => Record::EndedInFrame { task },
        kind => {
            let usage = Usage {
                cpu_ns: Some(t_ns),
                minor_faults: Some(number),
                major_faults: Some(!number),
                ..Usage::default()
            };
            let value = if kind == 2 {
                Value::Number(!t_ns)
            } else {
                Value::Digest(vec![number as u8; (number / 4 % 33) as usize])
            };
            Record::Ended { t_ns, task, ok: number.is_multiple_of(3), usage, value }
        }
    }
}

fn publish(ring: &mut Producer, record: &Record) {
    let (words, used) = record.encode().expect("short enough");
    ring.write(&words[..used]);
    ring.publish();
}

/// Publishes everything, and rings only now and then, as a worker with a long list does.
fn tell_all(mut ring: Producer, bell: &Bell) {
    for number in 0..RECORDS {
        while !ring.has_room() {
            if ring.must_ring() {
                bell.ring();
            }
            std::thread::yield_now();
        }
        publish(&mut ring, &record(number));
        let low = mix(number.into()).is_multiple_of(16) || number + 1 == RECORDS;
        if low && ring.must_ring() {
            bell.ring();
        }
    }
}

#[test]
fn a_reader_that_sleeps_whenever_it_can_hears_all_records_of_another_thread() {
    let (producer, mut consumer) = pair();
    let bell = Bell::new().unwrap();
    let mut listener = Listener::new(bell.clone()).unwrap();
    let worker = start(move || tell_all(producer, &bell));
    let mut heard = 0;
    while heard < RECORDS {
        if !consumer.look().unwrap() {
            consumer.ask_for_bell();
            settle_down();
            if !consumer.look().unwrap() {
                let began = Instant::now();
                listener.wait(NEVER).for_each(drop);
                assert!(began.elapsed() < NEVER, "nobody rang after record {heard}");
            }
            consumer.wake();
            consumer.look().unwrap();
        }
        while let Some(read) = consumer.next().unwrap() {
            assert_eq!(read, record(heard));
            heard += 1;
        }
        consumer.release();
    }
    worker.join().unwrap();
    assert_eq!(consumer.look(), Ok(false));
}

fn work(ring: &Producer, frames: &Receiver<Down>) -> Vec<u32> {
    let mut list = TaskList::default();
    let mut begun = Vec::new();
    loop {
        if !list.is_empty() && ring.claim().begin(list.generation()) == Begin::Yes {
            begun.push(list.pop().expect("what may be begun is on the list").0.0);
            continue;
        }
        match frames.recv().expect("the engine says when it ends") {
            Down::Chunk { first, count } => list.append(first, count),
            Down::Cut { generation, end } => list.cut(generation, end),
            Down::Quit => return begun,
            other => panic!("{other:?} is nothing to list"),
        }
    }
}

#[test]
fn each_task_is_begun_or_taken_back_while_another_thread_begins_them() {
    let (producer, mut consumer) = pair();
    let (frames, receiver) = bounded(64);
    let worker = start(move || work(&producer, &receiver));
    let (mut handed, mut taken_back, mut next) = (Vec::new(), 0, 0);
    for round in 0..10_000_u64 {
        let (count, keep) = (1 + (mix(round) % 40) as u32, (mix(!round) % 8) as u32);
        consumer.grant(count).unwrap();
        frames.send(Down::Chunk { first: next, count }).unwrap();
        handed.extend(next..next + count);
        next += count;
        if !round.is_multiple_of(3) {
            continue;
        }
        let recalled = consumer.recall(keep).unwrap();
        frames.send(Down::Cut { generation: recalled.generation, end: recalled.end }).unwrap();
        handed.truncate(handed.len() - recalled.count as usize);
        taken_back += recalled.count;
    }
    let recalled = consumer.recall(0).unwrap();
    handed.truncate(handed.len() - recalled.count as usize);
    frames.send(Down::Cut { generation: recalled.generation, end: recalled.end }).unwrap();
    frames.send(Down::Quit).unwrap();
    assert_eq!(worker.join().unwrap(), handed);
    assert_eq!(handed.len() as u32 + taken_back + recalled.count, next);
}

#[test]
fn a_head_that_cannot_be_is_told() {
    for (head, waiting) in [(CAPACITY + 4, CAPACITY + 1), (2, u64::MAX), (0, u64::MAX - 2)] {
        let (mut producer, mut consumer) = pair();
        for number in 0..3 {
            publish(&mut producer, &record(number));
        }
        assert_eq!(consumer.look(), Ok(true));
        while consumer.next().unwrap().is_some() {}
        consumer.region.words()[HEAD].store(head, Ordering::Relaxed);
        assert_eq!(consumer.look(), Err(Corrupt::Head(waiting)));
    }
}

#[test]
fn a_ruined_claim_is_told_when_nothing_else_is_heard() {
    let (mut producer, mut consumer) = pair();
    consumer.grant(2).unwrap();
    assert_eq!(consumer.look(), Ok(false));
    consumer.region.words()[CLAIM].store(7 << 48, Ordering::Relaxed);
    publish(&mut producer, &record(0));
    assert_eq!(consumer.look(), Ok(true), "what it said before is heard");
    assert_eq!(consumer.next(), Ok(Some(record(0))));
    assert_eq!(consumer.look(), Err(Corrupt::Claim(7 << 48)));
}

#[test]
fn the_bell_is_rung_once_for_each_time_that_it_is_asked_for() {
    let (mut producer, consumer) = pair();
    publish(&mut producer, &record(0));
    assert!(!producer.must_ring(), "nobody asked");
    consumer.ask_for_bell();
    assert_eq!([producer.must_ring(), producer.must_ring()], [true, false]);
    consumer.ask_for_bell();
    consumer.wake();
    assert!(!producer.must_ring(), "it woke by itself");
    consumer.region.words()[ASLEEP].store(u64::MAX, Ordering::Relaxed);
    assert!(!producer.must_ring(), "nonsense is no wish");
}
