//! What the fuzz targets in `tests/fuzz` call: each takes any bytes, and panics when something is not as it must be. The
//! unit tests below call them too, with made-up bytes, and with those that once found something.

use std::collections::VecDeque;

use serde::{Serialize, de::DeserializeOwned};

use super::{
    hear::{Heard, Hearing},
    list::TaskList,
    ring::{CAPACITY, Consumer, Producer, Record, Region, claim::Begin, settle_down},
    wire::{Down, FrameError, FrameReader, TaskEnd, Up, append_frame},
};
use crate::{
    event::{Command, Event, Level, Usage},
    ids::TaskId,
    workload::{Value, mix},
};

/// Bytes as a list of things to do. What is missing at its end is zero.
struct Script<'a>(&'a [u8]);

impl Script<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn byte(&mut self) -> u8 {
        self.next().unwrap_or(0)
    }

    fn word(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }
}

/// A stream of anything, read as each of the things that a stream may carry. How it is cut must make no difference, and
/// what is read must come back when it is written.
pub fn frames(data: &[u8]) {
    let mut script = Script(data);
    let (kind, cuts) = (script.byte(), script.byte());
    // Made-up bytes rarely announce their own length: half of the streams are given proper headers.
    let stream = if kind & 8 == 0 { script.0.to_vec() } else { framed(script.0) };
    match kind & 7 {
        0 => read_any_way::<Up>(&stream, cuts, false),
        1 => read_any_way::<Down>(&stream, cuts, false),
        2 => read_any_way::<Command>(&stream, cuts, false),
        _ => read_any_way::<Event>(&stream, cuts, true),
    }
}

/// Each frame takes its length from the byte in front of it.
fn framed(data: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    let mut script = Script(data);
    while let Some(length) = script.next() {
        let (body, rest) = script.0.split_at(script.0.len().min(length.into()));
        stream.extend_from_slice(&(body.len() as u32).to_le_bytes());
        stream.extend_from_slice(body);
        script.0 = rest;
    }
    stream
}

fn read_any_way<T: Serialize + DeserializeOwned>(stream: &[u8], cuts: u8, batches: bool) {
    let whole = read::<T>(stream, usize::MAX, batches);
    assert_eq!(whole, read::<T>(stream, 1 + usize::from(cuts), batches), "the cuts changed what was read");
    let again: Vec<u8> = whole.0.concat();
    let (messages, end) = read::<T>(&again, usize::MAX, false);
    assert_eq!((messages, end), (whole.0, Ok(())), "what was read does not come back");
}

/// All messages, written again each as a frame, and what ended them. Pieces are of different lengths up to `longest`.
fn read<T: Serialize + DeserializeOwned>(
    stream: &[u8],
    longest: usize,
    batches: bool,
) -> (Vec<Vec<u8>>, Result<(), FrameError>) {
    let mut messages = Vec::new();
    let mut take = |message: T| {
        let mut frame = Vec::new();
        append_frame(&mut frame, &message).expect("it came in a frame");
        messages.push(frame);
    };
    let mut reader = FrameReader::default();
    let mut rest = stream;
    while !rest.is_empty() {
        let length = 1 + mix(rest.len() as u64) as usize % longest;
        let (piece, left) = rest.split_at(length.min(rest.len()));
        rest = left;
        reader.push(piece);
        loop {
            let more = if batches {
                reader.next_batch(&mut take)
            } else {
                reader.next().map(|message| message.map(&mut take).is_some())
            };
            match more {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return (messages, Err(error)),
            }
        }
    }
    let end = reader.finish();
    (messages, end)
}

fn number(task: u32) -> Record {
    let value = Value::Number(task.into());
    Record::Ended { t_ns: 3, task: TaskId(task), ok: true, usage: Usage::default(), value }
}

fn publish(ring: &mut Producer, record: &Record) {
    if ring.has_room()
        && let Some((words, used)) = record.encode()
    {
        ring.write(&words[..used]);
        ring.publish();
    }
}

/// Writes something into one word: anything, or what lies near to what is there.
fn scribble(region: &Region, script: &mut Script<'_>) {
    let words = region.words();
    let word = &words[usize::from(script.byte()) % words.len()];
    let order = std::sync::atomic::Ordering::Relaxed;
    let value = match script.byte() {
        0 => script.word(),
        // As a number with a sign.
        near => word.load(order).wrapping_add_signed((near as i8).into()),
    };
    word.store(value, order);
}

/// Takes in what a look sees; the count is checked, and that what was read comes back through `mirror`.
fn drain(ring: &mut Consumer, (writer, reader): &mut (Producer, Consumer)) {
    if ring.look().is_err() {
        return;
    }
    let mut seen = 0;
    while let Ok(Some(record)) = ring.next() {
        seen += 1;
        assert!(seen <= CAPACITY, "a look shows more than the ring holds");
        // Bytes that leave no room for what tells their length are read and could not have been written.
        if record.encode().is_some() {
            publish(writer, &record);
            assert_eq!(reader.look(), Ok(true));
            assert_eq!(reader.next(), Ok(Some(record)));
            reader.release();
        }
    }
    ring.release();
}

fn pair(region: &Region) -> (Producer, Consumer) {
    (Producer::new(region.clone()), Consumer::new(region.clone()))
}

/// A worker that does what it should, and scribbles over its ring in between. The engine must bear it.
pub fn ring(data: &[u8]) {
    let region = Region::on_heap();
    let (mut worker, mut engine) = pair(&region);
    let mut mirror = pair(&Region::on_heap());
    let mut script = Script(data);
    let (mut task, mut open) = (0, 0);
    while let Some(what) = script.next() {
        match what % 8 {
            0 | 1 => scribble(&region, &mut script),
            2 => drain(&mut engine, &mut mirror),
            3 => {
                task += 1;
                publish(&mut worker, &number(task));
            }
            4 => {
                let count = u32::from(script.byte());
                open += if engine.grant(count).is_ok() { count } else { 0 };
            }
            5 => {
                if let Ok(recalled) = engine.recall(script.byte().into()) {
                    assert!(recalled.count <= open, "{} came back of {open}", recalled.count);
                    open -= recalled.count;
                }
            }
            6 => {
                worker.claim().begin(script.byte().into());
            }
            _ => {
                engine.ask_for_bell();
                settle_down();
                worker.must_ring();
                engine.wake();
            }
        }
    }
    drain(&mut engine, &mut mirror);
}

/// What a worker has said and the engine has not heard, in its order; logs overtake the rest.
#[derive(Default)]
struct Said {
    tasks: VecDeque<Up>,
    logs: VecDeque<Up>,
    /// An end sent as a frame and not announced.
    pending: Option<Up>,
    /// It has kept all rules so far.
    honest: bool,
}

/// Records and frames of one worker as they may interleave. While it keeps the rules, all of it is heard, in its order.
pub fn hear(data: &[u8]) {
    let region = Region::on_heap();
    let (mut worker, consumer) = pair(&region);
    let mut hearing = Hearing::new(Some(consumer));
    let mut said = Said { honest: true, ..Said::default() };
    let mut script = Script(data);
    let mut t_ns = 0;
    while let Some(what) = script.next() {
        t_ns += 1;
        let task = TaskId(script.byte().into());
        match what % 8 {
            0 if worker.has_room() => {
                publish(&mut worker, &Record::Started { t_ns, task });
                said.tasks.push_back(Up::Started { t_ns, task });
            }
            1 if worker.has_room() => {
                publish(&mut worker, &number(task.0));
                said.tasks.push_back(Up::Ended {
                    t_ns: 3,
                    task,
                    end: TaskEnd::Ok,
                    usage: Usage::default(),
                    value: Value::Number(task.0.into()),
                });
            }
            2 => send_end(&mut hearing, &mut said, t_ns, task),
            3 => announce_end(&mut worker, &mut said),
            4 => {
                let log = Up::Log { t_ns, level: Level::Info, text: String::new() };
                hearing.frame(log.clone()).expect("anybody may log");
                said.logs.push_back(log);
            }
            5 => {
                said.honest = false;
                scribble(&region, &mut script);
            }
            6 => {
                said.honest = false;
                match task.0 % 4 {
                    0 => publish(&mut worker, &Record::EndedInFrame { task }),
                    1 => said.pending = None,
                    2 => assert!(hearing.frame(Up::Started { t_ns, task }).is_err()),
                    _ => assert!(hearing.frame(Up::Returned { count: task.0 }).is_err()),
                }
            }
            _ => {
                if !hear_all(&mut hearing, &mut worker, &mut said, task) {
                    return;
                }
            }
        }
    }
    hear_all(&mut hearing, &mut worker, &mut said, TaskId(0));
}

fn send_end(hearing: &mut Hearing, said: &mut Said, t_ns: u64, task: TaskId) {
    if said.pending.is_none() {
        let end = TaskEnd::Failed("too long".to_owned());
        let up = Up::Ended { t_ns, task, end, usage: Usage::default(), value: Value::Unit };
        hearing.frame(up.clone()).expect("an end may come as a frame");
        said.pending = Some(up);
    }
}

fn announce_end(worker: &mut Producer, said: &mut Said) {
    if worker.has_room()
        && let Some(up) = said.pending.take()
    {
        publish(worker, &Record::EndedInFrame { task: TaskId(0) });
        said.tasks.push_back(up);
    }
}

/// Hears what there is. A few ends more come while it is at it. False when the worker broke a rule.
fn hear_all(hearing: &mut Hearing, worker: &mut Producer, said: &mut Said, late: TaskId) -> bool {
    // Beyond this, something is heard that nobody said.
    let most = CAPACITY as usize + said.logs.len() + 1;
    if hearing.look().is_err() {
        assert!(!said.honest, "a worker that keeps the rules is accused");
        return false;
    }
    let seen = said.tasks.len();
    for task in 0..late.0 % 4 {
        send_end(hearing, said, 0, TaskId(task));
        announce_end(worker, said);
    }
    let late = said.tasks.len() - seen;
    for _ in 0..=most {
        match hearing.next() {
            Ok(Heard::Up(log @ Up::Log { .. })) => assert_eq!(Some(log), said.logs.pop_front()),
            Ok(Heard::Up(up)) => {
                let expected = said.tasks.pop_front();
                assert!(!said.honest || Some(&up) == expected.as_ref(), "{up:?} and not {expected:?}");
            }
            Ok(Heard::Nothing) => {
                hearing.release();
                assert!(said.logs.is_empty(), "all frames are heard");
                assert!(!said.honest || said.tasks.len() == late, "not all was heard: {:?}", said.tasks);
                return true;
            }
            Ok(Heard::FrameMissing) | Err(_) => {
                assert!(!said.honest, "a worker that keeps the rules is accused");
                return false;
            }
        }
    }
    panic!("more than {most} messages are heard at a look");
}

/// Tasks handed over and taken back, while frames are under way and the worker begins tasks: each is begun or taken back,
/// in their order.
pub fn claims(data: &[u8]) {
    let (ring, mut engine) = pair(&Region::on_heap());
    let mut worker = Begins { ring, list: TaskList::default(), begun: Vec::new(), frames: VecDeque::new() };
    let (mut handed, mut next) = (Vec::new(), 0);
    let mut script = Script(data);
    while let Some(what) = script.next() {
        match what % 4 {
            0 => {
                let count = 1 + u32::from(script.byte());
                engine.grant(count).expect("the word is sound");
                worker.frames.push_back(Down::Chunk { first: next, count });
                handed.extend(next..next + count);
                next += count;
            }
            1 => {
                let recalled = engine.recall(script.byte().into()).expect("the word is sound");
                worker.frames.push_back(Down::Cut { generation: recalled.generation, end: recalled.end });
                handed.truncate(handed.len() - recalled.count as usize);
            }
            2 => {
                worker.take_frame();
            }
            _ => {
                worker.step();
            }
        }
    }
    let most = handed.len() + worker.frames.len();
    assert!((0..=most).any(|_| !worker.step()), "the worker does not come to rest");
    assert_eq!(worker.begun, handed);
}

struct Begins {
    ring: Producer,
    list: TaskList,
    begun: Vec<u32>,
    frames: VecDeque<Down>,
}

impl Begins {
    /// Begins a task or takes in a frame; false when it can do neither.
    fn step(&mut self) -> bool {
        let allowed = !self.list.is_empty() && self.ring.claim().begin(self.list.generation()) == Begin::Yes;
        if allowed {
            self.begun.push(self.list.pop().expect("what is begun is on the list").0.0);
        }
        allowed || self.take_frame()
    }

    fn take_frame(&mut self) -> bool {
        match self.frames.pop_front() {
            Some(Down::Chunk { first, count }) => self.list.append(first, count),
            Some(Down::Cut { generation, end }) => self.list.cut(generation, end),
            _ => return false,
        }
        true
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn made_up_bytes_find_nothing() {
        for target in [frames, ring, hear, claims] {
            for seed in 0..300_u64 {
                let length = mix(seed) % 300;
                // Small numbers are what most of it turns on.
                let small = if seed % 2 == 0 { 0xff } else { 0x0f };
                let bytes: Vec<u8> = (0..length).map(|at| mix(seed << 32 | at) as u8 & small).collect();
                target(&bytes);
            }
        }
    }
}
