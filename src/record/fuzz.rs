//! What the fuzz target `runfile` in `tests/fuzz` calls: a run file of which any bytes have been changed, opened as
//! anybody's would be. The unit test below calls it too, with made-up bytes.

use std::{fs, path::Path, sync::OnceLock};

use rusqlite::Connection;
use tempfile::TempDir;

use super::{ReadError, RunFile, brief, file, open::beside, read, write::Writer};
use crate::{
    event::{
        CoreLoad, Ended, Event, Exit, Host, Level, LockKind, Outcome, RunInfo, Usage, WorkerSample,
        lesson::{Began, Done, End, ObjectId, ObjectKind, Told, Verb, Waiter},
    },
    ids::{CoreId, TaskId, WorkerId},
    spec::{Draft, Telemetry},
    time::RunClock,
    workload::Value,
};

/// A sound file, and what is to be changed.
struct Seed {
    file: Vec<u8>,
    /// Beside it, if it was cut off.
    log: Vec<u8>,
    page: usize,
}

/// Changes a sound file as the bytes say and reads it. A reader may refuse it; what it gives must hold together.
pub fn runfile(data: &[u8]) -> Option<RunFile> {
    let (which, script) = data.split_first()?;
    let seeds = seeds();
    let Seed { file, log, page } = &seeds[usize::from(*which) % seeds.len()];
    let (mut file, mut log) = (file.clone(), log.clone());
    for change in script.chunks(8) {
        let mut bytes = [0; 8];
        bytes[..change.len()].copy_from_slice(change);
        apply(bytes, &mut file, &mut log, *page);
    }
    let folder = folder();
    let path = folder.path().join("run.pscope");
    fs::write(&path, &file).expect("there is room");
    if !log.is_empty() {
        fs::write(beside(&path, "-wal"), &log).expect("there is room");
    }
    let _whatever_it_says = brief(&path);
    let found = read(&path);
    if script.is_empty() {
        assert!(matches!(&found, Ok(RunFile { gap: None, .. })), "a sound file is refused: {found:?}");
    }
    match found {
        Ok(file) => {
            check(&file);
            Some(file)
        }
        Err(error) => {
            assert!(!matches!(error, ReadError::Io { .. }), "{error}");
            None
        }
    }
}

/// One change: what, which page, where in it, and a value.
fn apply([what, page, at_high, at_low, rest @ ..]: [u8; 8], file: &mut Vec<u8>, log: &mut [u8], size: usize) {
    let pages = file.len() / size;
    if pages == 0 {
        return;
    }
    let from = usize::from(page) % pages * size;
    let at = from + usize::from(u16::from_be_bytes([at_high, at_low])) % size;
    // What tells a page's kind, its cells and where they lie stands at its beginning.
    let in_header = from + usize::from(at_low) % 64;
    let word = u32::from_be_bytes(rest);
    let mut put = |at: usize, bytes: &[u8]| {
        let end = (at + bytes.len()).min(file.len());
        if at < end {
            file[at..end].copy_from_slice(&bytes[..end - at]);
        }
    };
    match what % 12 {
        0 => put(at, &rest[..1]),
        1 => put(at, &rest[..2]),
        2 => put(at, &rest),
        3 => put(in_header, &rest[..1]),
        4 => put(in_header, &rest[..2]),
        // The number of another page.
        5 => put(in_header, &(word % (pages as u32 + 1)).to_be_bytes()),
        6 => put(at, &(word % (pages as u32 + 1)).to_be_bytes()),
        // The longest numbers that a record's header can hold.
        7 => put(at, &[0xff; 9][..usize::from(rest[0]) % 10]),
        8 => {
            let other = usize::from(rest[0]) % pages * size;
            let copy = file[other..other + size].to_vec();
            file[from..from + size].copy_from_slice(&copy);
        }
        9 => file[from..from + size].fill(rest[0]),
        10 => file.truncate(at.max(100)),
        _ => {
            let length = log.len().max(1);
            if let Some(byte) = log.get_mut(word as usize % length) {
                *byte = at_low;
            }
        }
    }
}

/// What views rely on, however the file came about.
fn check(file: &RunFile) {
    let tally = file.store.tally;
    let parts = [tally.ok, tally.failed, tally.crashed, tally.timed_out, tally.cancelled, tally.not_run];
    assert_eq!(parts.iter().map(|part| u64::from(*part)).sum::<u64>(), u64::from(tally.total));
    assert!(!file.store.phase.is_live(), "a file is of a run that is over");
    for lane in &file.store.lanes {
        let mut last_ns = 0;
        for span in lane.spans.iter() {
            assert!(last_ns <= span.start_ns && span.start_ns <= span.end_ns, "{span:?} after {last_ns}");
            last_ns = span.end_ns;
        }
    }
}

/// In memory where that can be had: every script has a file of its own.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_none| tempfile::tempdir()).expect("a folder")
}

/// As it is shipped; with small pages, so that tables are deep and texts go over many pages; and cut off.
fn seeds() -> &'static [Seed; 3] {
    static SEEDS: OnceLock<[Seed; 3]> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("seed");
        let conn = file::create(&path, &spec()).expect("it is made");
        let mut writer = Writer::new(&conn).expect("it can be written");
        events().iter().try_for_each(|event| writer.event(event)).expect("they are written");
        writer.commit().expect("they are kept");
        drop(writer);
        let bytes = |path: &Path| fs::read(path).expect("it is there");
        let cut = Seed { file: bytes(&path), log: bytes(&beside(&path, "-wal")), page: 4096 };
        let mut store = crate::store::RunStore::default();
        for event in events() {
            store.apply(event);
        }
        file::close(conn, &store, &[], None).expect("it is closed");
        let whole = Seed { file: bytes(&path), log: Vec::new(), page: 4096 };
        let conn = Connection::open(&path).expect("it opens");
        conn.execute_batch("PRAGMA page_size = 512; VACUUM").expect("it is written anew");
        drop(conn);
        [whole, Seed { file: bytes(&path), log: Vec::new(), page: 512 }, cut]
    })
}

fn spec() -> crate::spec::Spec {
    let text = |text: &str| Some(text.to_owned());
    Draft {
        backend: text("processes"),
        workers: text("2"),
        workload: text("lock"),
        tasks: text("60"),
        ..Draft::default()
    }
    .validate()
    .expect("a spec")
}

fn ended(task: u32, outcome: Outcome, value: Value) -> Event {
    let t_ns = 1000 + 100 * u64::from(task);
    Event::Ended(Ended {
        enqueued_ns: 0,
        dispatched_ns: t_ns,
        start_ns: t_ns,
        t_ns: t_ns + 90,
        received_ns: t_ns + 95,
        worker: WorkerId(task % 2),
        task: TaskId(task),
        attempt: 0,
        last: outcome != Outcome::Crashed(Exit::Signal(9)),
        outcome,
        usage: Usage { cpu_ns: Some(80), first_core: Some(CoreId(1)), ..Usage::default() },
        value,
    })
}

/// What the processes of a lesson tell. It stands in no run of another workload, which is for the reader to bear.
fn lesson() -> Vec<Event> {
    let object = Some(ObjectId(0));
    let began = Began { call: 1, verb: Verb::Get, object, whom: None, line: 3 };
    let done = Done {
        call: 1,
        verb: Verb::Get,
        object,
        whom: Some(WorkerId(1)),
        line: 3,
        began_ns: 1200,
        message: Some(7),
        bytes: Some(64),
        depth: Some(2),
        cell: Some((1, -5)),
        end: End::Failed("why".into()),
        value: Some("'x'".into()),
    };
    let waiter = Waiter {
        worker: WorkerId(1),
        verb: Verb::Join,
        object,
        line: 4,
        needs: vec![WorkerId(0)],
        why: "it waits".into(),
    };
    let role = |parent| Told::Role { name: "p1".into(), role: "p".into(), parent, task: Some(TaskId(1)) };
    let (kind, name) = (ObjectKind::Array, "cells".into());
    let told = [
        role(None),
        role(Some(WorkerId(0))),
        Told::Object { object: ObjectId(0), kind, name, capacity: Some(3), cells: vec![1, -2, i64::MAX] },
        Told::Began(began),
        Told::Done(done),
        Told::Printed { line: 5, text: "a line".into() },
        Told::Stuck { waiters: vec![waiter], text: "for ever".into() },
    ];
    (1000..)
        .zip(told)
        .map(|(t_ns, told)| Event::Lesson {
            t_ns,
            worker: Some(WorkerId(t_ns as u32 % 2)),
            told: Box::new(told),
        })
        .collect()
}

/// A little of everything that a run can tell.
fn events() -> Vec<Event> {
    let host = Host { os: "test".to_owned(), cores: 2, usable_cores: 2.0, ..Host::default() };
    let mut events = vec![Event::RunStarted(Box::new(RunInfo {
        spec: spec(),
        host,
        clock: RunClock { origin_ns: 7, unix_ns: 1_738_324_800_000_000_000 },
        engine_pid: 100,
        telemetry: Telemetry::Full,
        telemetry_cost_ns: Some(370),
    }))];
    for worker in [WorkerId(0), WorkerId(1)] {
        let pid = 200 + worker.0;
        events.push(Event::WorkerSpawned { t_ns: 10, worker, pid, tid: pid, restart: 0 });
        events.push(Event::WorkerReady { t_ns: 900, worker });
    }
    for task in 0..58 {
        let t_ns = 1000 + 100 * u64::from(task);
        let (worker, lock) = (WorkerId(task % 2), LockKind::Shared);
        events.push(match task % 7 {
            0 => ended(task, Outcome::Failed("why ".repeat(task as usize).into()), Value::Unit),
            1 => ended(task, Outcome::Ok, Value::Row(vec![7; 40 * task as usize])),
            2 => ended(task, Outcome::Ok, Value::Digest(vec![9; 32])),
            3 => ended(task, Outcome::Crashed(Exit::Signal(9)), Value::Unit),
            _ => ended(task, Outcome::Ok, Value::Number(task.into())),
        });
        let times = [t_ns + 10, t_ns + 20, t_ns + 30];
        let [asked_ns, got_ns, released_ns] = times;
        events.push(Event::Lock { worker, task: TaskId(task), lock, asked_ns, got_ns, released_ns });
        let text = "text ".repeat(usize::try_from(t_ns % 37).unwrap_or(0));
        events.push(Event::Log { t_ns, worker: Some(worker), level: Level::Info, text });
        if task % 10 == 0 {
            let sample = WorkerSample { state: 'R', rss_bytes: 1 << 20, ..WorkerSample::default() };
            events.push(Event::Worker { t_ns, worker, sample });
            events.push(Event::Engine { t_ns, sample });
            events.push(Event::Cores { t_ns, loads: vec![CoreLoad::default(); 4] });
            events.push(Event::Queue { t_ns, queued: 60 - task, in_flight: 2, done: task });
        }
    }
    events.extend(lesson());
    let exit = Exit::Signal(9);
    events.push(Event::WorkerExited { t_ns: 9000, worker: WorkerId(1), exit, expected: false });
    events.push(Event::Resized { t_ns: 9100, workers: 1 });
    events.push(Event::RunEnded { t_ns: 9900, status: crate::event::Status::Finished, reason: None });
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::mix;

    #[test]
    fn made_up_changes_find_nothing() {
        for which in 0..3_u8 {
            assert!(runfile(&[which]).is_some(), "the seed {which} itself");
        }
        for seed in 0..400_u64 {
            let length = 1 + 8 * (mix(seed) % 5);
            let bytes: Vec<u8> = (0..length).map(|at| mix(seed << 32 | at) as u8).collect();
            runfile(&bytes);
        }
    }
}
