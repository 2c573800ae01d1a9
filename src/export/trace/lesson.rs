//! What the processes of a lesson did with one another: a slice for each operation, on a thread beside the process's own,
//! and an arrow from what was put or sent to where it was got or received.

use std::{collections::HashMap, io};

use serde::Serialize;

use super::{Events, MAX_ARROWS, Place, Plain, TraceEvent, engine::arrow_event, places::Places};
use crate::{
    event::lesson::{End, Verb},
    store::{Call, RunStore},
};

#[derive(Serialize)]
struct CallArgs<'a> {
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    depth: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<(u32, i64)>,
    end: &'a End,
}

/// An operation on its thread, and when it is drawn: as it was, but after what is drawn before it there.
struct Drawn<'a> {
    call: &'a Call,
    place: Place,
    from_ns: u64,
    to_ns: u64,
}

/// Writes everything. Arrows are numbered behind those of the attempts.
pub(super) fn write_lesson(store: &RunStore, places: &Places, events: &mut Events<'_>) -> io::Result<()> {
    let mut calls: Vec<Vec<&Call>> = vec![Vec::new(); store.lanes.len()];
    for call in store.lesson.calls.iter() {
        if let Some(of_worker) = calls.get_mut(call.worker.index()) {
            of_worker.push(call);
        }
    }
    let mut drawn = Vec::new();
    for (at, mut calls) in calls.into_iter().enumerate().filter(|(_, calls)| !calls.is_empty()) {
        places.write_operations_name(at, &store.lesson, events)?;
        let place = places.operations(at);
        calls.sort_by_key(|call| (call.done.began_ns, call.ended_ns));
        let mut last_ns = 0;
        for call in calls {
            let from_ns = call.done.began_ns.max(last_ns);
            // What takes no time could not be the end of an arrow.
            last_ns = call.ended_ns.max(from_ns.saturating_add(1));
            drawn.push(Drawn { call, place, from_ns, to_ns: last_ns });
        }
    }
    for Drawn { call, place, from_ns, to_ns } in &drawn {
        let done = &call.done;
        let on = done.object.and_then(|object| store.lesson.objects.get(object.index()));
        let name = match (on, done.whom) {
            (Some(object), _) => format!("{} {}", done.verb, object.name),
            (None, Some(whom)) => format!("{} {}", done.verb, store.lesson.name(whom)),
            (None, None) => done.verb.to_string(),
        };
        let (line, depth, cell) = (done.line, done.depth, done.cell);
        let args = Some(CallArgs { line, value: done.value.as_deref(), depth, cell, end: &done.end });
        let Plain { cat, ts, dur, .. } = Plain::slice("lesson", &name, *place, *from_ns, *to_ns);
        events.push(&TraceEvent { cat, ts, dur, args, ..TraceEvent::new("X", &name, *place) })?;
    }
    write_arrows(&drawn, store.spans().count() as u64, events)
}

fn write_arrows(drawn: &[Drawn<'_>], first: u64, events: &mut Events<'_>) -> io::Result<()> {
    let of = |verbs: [Verb; 2]| {
        drawn.iter().filter_map(move |drawn| {
            let done = &drawn.call.done;
            (verbs.contains(&done.verb) && done.end == End::Ok).then_some((done.message?, drawn))
        })
    };
    let sent: HashMap<u64, &Drawn<'_>> = of([Verb::Put, Verb::Send]).collect();
    let both = of([Verb::Get, Verb::Receive]).filter_map(|(message, got)| Some((*sent.get(&message)?, got)));
    for (arrow, (put, got)) in (first..).zip(both.take(MAX_ARROWS)) {
        let named = |event: Plain<'static>| Plain { name: "message", cat: Some("message"), ..event };
        events.push(&named(arrow_event("s", put.place, put.from_ns, arrow)))?;
        events.push(&named(arrow_event("f", got.place, got.to_ns - 1, arrow)))?;
    }
    Ok(())
}
