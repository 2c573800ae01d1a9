//! What can be asked of a lesson that has run.

use std::collections::BTreeSet;

use crate::{
    event::{
        Status,
        lesson::{ObjectId, Verb},
    },
    ids::{TaskId, WorkerId},
    lesson::{Condition, Measure, Measured},
    store::{Phase, RunStore},
    time::secs,
};

/// What `main` itself runs.
const MAIN_TASK: TaskId = TaskId(0);

/// Measures what a condition is about; `None` where the run does not tell.
pub fn measure(store: &RunStore, condition: &Condition) -> Option<Measured> {
    let lesson = &store.lesson;
    let of = condition.of.as_deref();
    let number = |count: usize| Some(Measured::Number(count as f64));
    match condition.measure {
        Measure::Ended => ended(store).map(word),
        Measure::PrintedAscending => {
            let lines: Vec<&str> = lesson.printed.iter().map(|line| &*line.text).collect();
            Some(yes(ascending(lines.iter().filter_map(|line| last_number(line)))))
        }
        Measure::PrintedLast => lesson.printed.last().map(|line| word(&line.text)),
        Measure::LoggedLast => lesson.logged.last().map(|line| word(&line.text)),
        Measure::Processes => number(lesson.roles.iter().flatten().count()),
        Measure::Pids => {
            let pids: BTreeSet<u32> = store
                .lanes
                .iter()
                .flat_map(|lane| &lane.lives)
                .map(|life| life.pid)
                .filter(|pid| *pid != 0)
                .collect();
            number(pids.len())
        }
        Measure::Stuck => number(lesson.stuck.as_ref().map_or(0, |stuck| stuck.waiters.len())),
        Measure::AtOnce => number(at_once(store)),
        Measure::EndedAscending => {
            let mut ends: Vec<(u64, TaskId)> = store
                .spans()
                .filter(|(_, span)| span.task != MAIN_TASK)
                .map(|(_, span)| (span.end_ns, span.task))
                .collect();
            ends.sort_unstable();
            Some(yes(ascending(ends.into_iter().map(|(_, task)| i64::from(task.0)))))
        }
        Measure::Deepest => deepest(store, object(store, of?)?),
        Measure::Seconds => Some(Measured::Number(secs(store.last_end_ns))),
        Measure::Value => {
            let object = store.lesson.objects.get(object(store, of?)?.index())?;
            object.cells.first().map(|value| Measured::Number(*value as f64))
        }
        Measure::Exit => exit(store, worker(store, of?)?).map(|text| word(&text)),
        Measure::Waited => Some(waited(store, worker(store, of?)?)),
        // Of several runs, see `lab`.
        Measure::Fastest | Measure::Run | Measure::TasksOk | Measure::Speedup | Measure::Memory => None,
    }
}

/// Whether the answer with this condition was right; `None` where the run does not tell.
pub fn holds(store: &RunStore, condition: &Condition) -> Option<bool> {
    Some(condition.holds(&measure(store, condition)?))
}

fn word(text: &str) -> Measured {
    Measured::Word(text.to_owned())
}

fn yes(is: bool) -> Measured {
    word(if is { "yes" } else { "no" })
}

fn ended(store: &RunStore) -> Option<&'static str> {
    match store.phase {
        _ if store.lesson.stuck.is_some() => Some("stuck"),
        Phase::Ended(Status::Finished) => Some("finished"),
        _ => None,
    }
}

fn ascending(numbers: impl Iterator<Item = i64>) -> bool {
    numbers.is_sorted()
}

/// The last whole number of a line.
fn last_number(line: &str) -> Option<i64> {
    line.split(|c: char| !c.is_ascii_digit()).rfind(|part| !part.is_empty())?.parse().ok()
}

/// Tasks that ran at one moment at most, `main` itself aside.
fn at_once(store: &RunStore) -> usize {
    let mut edges: Vec<(u64, bool)> = store
        .spans()
        .filter(|(_, span)| span.task != MAIN_TASK)
        .flat_map(|(_, span)| [(span.start_ns, true), (span.end_ns, false)])
        .collect();
    // An end before a start at the same moment.
    edges.sort_unstable();
    let (mut now, mut most) = (0_usize, 0);
    for (_, starts) in edges {
        now = if starts { now + 1 } else { now.saturating_sub(1) };
        most = most.max(now);
    }
    most
}

/// An object by its name, or the first whose name begins so: a pool's queues have long names.
fn object(store: &RunStore, name: &str) -> Option<ObjectId> {
    let objects = &store.lesson.objects;
    let exact = objects.iter().position(|object| &*object.name == name);
    let at = exact.or_else(|| objects.iter().position(|object| object.name.starts_with(name)))?;
    Some(ObjectId(at as u32))
}

fn worker(store: &RunStore, name: &str) -> Option<WorkerId> {
    let at =
        store.lesson.roles.iter().position(|role| role.as_ref().is_some_and(|role| &*role.name == name))?;
    Some(WorkerId(at as u32))
}

fn deepest(store: &RunStore, object: ObjectId) -> Option<Measured> {
    let calls = store.lesson.calls.iter().filter(|call| call.done.object == Some(object));
    calls.filter_map(|call| call.done.depth).max().map(|depth| Measured::Number(depth.into()))
}

/// How a process ended, in words; `waits` for one that never did.
pub(super) fn exit(store: &RunStore, worker: WorkerId) -> Option<String> {
    let stuck = store.lesson.stuck.iter().flat_map(|stuck| &stuck.waiters);
    if stuck.into_iter().any(|waiter| waiter.worker == worker) {
        return Some("waits".to_owned());
    }
    let life = store.lanes.get(worker.index())?.lives.last()?;
    life.exit.map(|exit| exit.to_string())
}

/// Time in operations that wait, in seconds.
fn waited(store: &RunStore, worker: WorkerId) -> Measured {
    let calls =
        store.lesson.calls.iter().filter(|call| call.worker == worker && call.done.verb != Verb::Sleep);
    let each = calls.map(|call| call.ended_ns.saturating_sub(call.done.began_ns));
    Measured::Number(secs(each.fold(0, u64::saturating_add)))
}
