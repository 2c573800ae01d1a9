//! Runs of lessons in every format: as they are, and as no lesson could be.

use serde_json::Value;

use super::*;
use crate::{
    analysis::LessonTold,
    event::{
        Event, Exit,
        lesson::{Began, Done, End, ObjectId, ObjectKind, Told, Verb, Waiter},
    },
    ids::{TaskId, WorkerId},
    spec::Backend,
    store::testing::*,
};

fn told(t_ns: u64, worker: u32, told: Told) -> Event {
    Event::Lesson { t_ns, worker: Some(WorkerId(worker)), told: Box::new(told) }
}

fn call(verb: Verb, times: [u64; 2], worker: u32, message: u64) -> Event {
    let done = Done {
        call: 1,
        verb,
        object: Some(ObjectId(0)),
        whom: None,
        line: 2,
        began_ns: times[0],
        message: Some(message),
        bytes: None,
        depth: Some(1),
        cell: None,
        end: End::Ok,
        value: Some("'Rahim'".into()),
    };
    told(times[1], worker, Told::Done(done))
}

fn role(t_ns: u64, worker: u32, name: &str) -> Event {
    let parent = worker.checked_sub(1).map(WorkerId);
    let role = Told::Role { name: name.into(), role: name.into(), parent, task: Some(TaskId(worker)) };
    told(t_ns, worker, role)
}

fn trace(store: &RunStore) -> Vec<Value> {
    let mut bytes = Vec::new();
    write_trace(store, &mut bytes).expect("written");
    let trace: Value = serde_json::from_slice(&bytes).expect("JSON");
    trace["traceEvents"].as_array().expect("a list").clone()
}

#[test]
fn operations_are_lines_and_slices_and_messages_are_arrows() {
    let (kind, name) = (ObjectKind::Queue, "friends".into());
    let store = store([
        run_started(spec(Backend::Processes, 2, 2)),
        role(5, 0, "main"),
        spawned(10, 0, 0),
        role(15, 1, "consumer"),
        spawned(20, 1, 0),
        told(25, 0, Told::Object { object: ObjectId(0), kind, name, capacity: None, cells: vec![] }),
        call(Verb::Put, [1000, 2000], 0, 7),
        call(Verb::Get, [500, 3000], 1, 7),
        call(Verb::Get, [4000, 5000], 1, 8),
    ]);
    let mut lines = Vec::new();
    write_jsonl(&store, &mut lines).expect("written");
    let lines: Vec<Value> =
        lines.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let told: Vec<_> = lines.iter().filter(|line| line["kind"] == "lesson").collect();
    assert_eq!((told.len(), &told[0]["told"]["role"]["name"]), (6, &"main".into()));
    let events = trace(&store);
    let of =
        |key: &str, is: &str| -> Vec<&Value> { events.iter().filter(|event| event[key] == is).collect() };
    let names: Vec<_> =
        of("cat", "lesson").iter().map(|slice| slice["name"].as_str().unwrap_or_default()).collect();
    assert_eq!(names, ["put friends", "get friends", "get friends"]);
    let (tails, heads) = (of("ph", "s"), of("ph", "f"));
    assert_eq!((tails.len(), heads.len()), (1, 1), "of the message 8 nobody knows who put it");
    assert_eq!(tails[0]["id"], heads[0]["id"]);
    assert_eq!((tails[0]["pid"].clone(), heads[0]["pid"].clone()), (1000.into(), 1001.into()));
    let threads: Vec<_> =
        of("name", "thread_name").iter().map(|event| event["args"]["name"].clone()).collect();
    assert_eq!(threads, ["pool", "submit", "main", "consumer", "main, operations", "consumer, operations"]);
}

/// Numbers of which half are as large as they can be.
fn wild(random: &mut Random) -> u64 {
    match random.below(6) {
        0 => u64::MAX,
        1 => u64::from(u32::MAX),
        2 => random.next(),
        _ => random.below(4),
    }
}

fn hostile(seed: u64) -> Vec<Event> {
    const VERBS: [Verb; 9] = [
        Verb::Put,
        Verb::Get,
        Verb::Send,
        Verb::Receive,
        Verb::Acquire,
        Verb::Release,
        Verb::Join,
        Verb::Meet,
        Verb::Sleep,
    ];
    let random = &mut Random::new(seed);
    let mut events = vec![run_started(spec(Backend::Processes, 2, 2)), spawned(10, 0, 0)];
    for _ in 0..60 {
        let verb = VERBS[random.below(VERBS.len() as u64) as usize];
        let object = ObjectId(wild(random) as u32);
        let whom = Some(WorkerId(wild(random) as u32));
        let line = wild(random) as u32;
        let worker = WorkerId(wild(random) as u32);
        let text: Box<str> = "\u{1b}[2J{<x>}\"\n".repeat(random.below(3) as usize).into();
        let what = match random.below(6) {
            0 => Told::Role {
                name: text.clone(),
                role: text,
                parent: whom,
                task: whom.map(|whom| TaskId(whom.0)),
            },
            1 => Told::Object {
                object: ObjectId(random.below(3) as u32),
                kind: if random.chance(2) { ObjectKind::Array } else { ObjectKind::PipeEnd },
                name: text,
                capacity: Some(line),
                cells: vec![i64::MIN; random.below(3) as usize],
            },
            2 => Told::Began(Began { call: line, verb, object: Some(object), whom, line }),
            3 => Told::Printed { line, text },
            4 => Told::Stuck {
                waiters: vec![Waiter {
                    worker,
                    verb,
                    object: Some(object),
                    line,
                    needs: vec![worker],
                    why: text.clone(),
                }],
                text,
            },
            _ => Told::Done(Done {
                call: line,
                verb,
                object: Some(object),
                whom,
                line,
                began_ns: wild(random),
                message: Some(random.below(5)),
                bytes: Some(line),
                depth: Some(wild(random) as u32),
                cell: Some((wild(random) as u32, i64::MIN)),
                end: End::Ok,
                value: Some(text),
            }),
        };
        events.push(Event::Lesson { t_ns: wild(random), worker: Some(worker), told: Box::new(what) });
    }
    events.push(exited(50, 0, Exit::Signal(9), false));
    events
}

#[test]
fn what_no_lesson_could_tell_is_written_in_every_format() {
    for seed in 0..40 {
        let store = store(hostile(seed));
        trace(&store);
        let out = &mut io::sink();
        write_jsonl(&store, out).expect("written");
        write_csv(&store, Table::Tasks, out).expect("written");
        write_joblog(&store, out).expect("written");
        write_svg(&store, Plot::Timeline, out).expect("written");
        let observer = Observer { cpu_ns: 0, wall_ns: 1 };
        write_html(&store, observer, &Label::default(), &TimeZone::UTC, out).expect("written");
        let _none_where_nothing_was_told = LessonTold::new(&store);
        for lesson in crate::lesson::all() {
            for variant in &lesson.variants {
                let _whatever_it_answers = crate::analysis::answered(variant, &store);
            }
        }
        let _as_it_stood = (store.lesson.at(3), store.lesson.at(u64::MAX));
    }
}
