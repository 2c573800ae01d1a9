//! Everything that is known of what the pointer is over.

use std::fmt::Write as _;

use eframe::egui::{Grid, RichText, Ui};

use super::{
    layout::{Bar, What},
    locks::{LockIndex, LockTimes, WaitedShares},
    model::{self, Counts},
};
use crate::{
    analysis::SpanParts,
    event::LockKind,
    gui::{plots::TimeScale, theme::Palette},
    ids::{TaskId, WorkerId},
    store::{Lane, Life, OpenSpan, RunStore, Span},
    time, units,
    workload::Value,
};

/// Values are kept in the order in which tasks ended. Beyond this many, looking for one would cost a frame.
const MAX_VALUES_SEARCHED: usize = 50_000;
const DIGEST_BYTES_SHOWN: usize = 8;

/// What an attempt had to do with each lock.
type TaskLocks = [LockTimes; LockKind::ALL.len()];

/// What the pointer is over.
pub(crate) enum Hovered {
    Task(Span, TaskLocks),
    Running(OpenSpan, TaskLocks),
    Merged { counts: Counts, busy: f32, waited: f64, from_ns: u64, to_ns: u64 },
    Life { life: Life, place: usize },
}

fn task_locks(lane: &Lane, locks: &LockIndex, from_ns: u64, to_ns: u64) -> TaskLocks {
    LockKind::ALL.map(|kind| locks.times(&lane.locks, kind, from_ns, to_ns))
}

pub(crate) fn from_bar(bar: &Bar, lane: &Lane, locks: &LockIndex) -> Option<Hovered> {
    match &bar.what {
        What::Single { index, .. } => lane.spans.get(*index).map(|span| of_span(lane, locks, span)),
        What::Merged { range, busy, .. } => {
            let (from_ns, to_ns) = (lane.spans.times(range.start)?.0, lane.spans.times(range.end - 1)?.1);
            let waited = WaitedShares::new(locks, &lane.locks).share(from_ns, to_ns);
            let counts = lane.spans.counts(range.clone()).into();
            Some(Hovered::Merged { counts, busy: *busy, waited, from_ns, to_ns })
        }
    }
}

/// Everything about one attempt of this lane.
pub(crate) fn of_span(lane: &Lane, locks: &LockIndex, span: Span) -> Hovered {
    let locks = task_locks(lane, locks, span.start_ns, span.end_ns);
    Hovered::Task(span, locks)
}

/// And about one that runs.
pub(crate) fn of_running(lane: &Lane, locks: &LockIndex, open: OpenSpan, now_ns: u64) -> Hovered {
    Hovered::Running(open, task_locks(lane, locks, open.start_ns, now_ns))
}

/// What else a lane has at a moment: a task that runs, a start, a death.
pub(crate) fn beside_bars(
    lane: &Lane,
    locks: &LockIndex,
    scale: &TimeScale,
    x: f32,
    now_ns: u64,
) -> Option<Hovered> {
    let t_ns = time::ns_from_secs(scale.secs_from_x(x));
    if let Some(open) =
        lane.running.filter(|open| (open.start_ns..=now_ns.max(open.start_ns)).contains(&t_ns))
    {
        return Some(of_running(lane, locks, open, now_ns));
    }
    let slack_ns = (scale.secs_per_point() * 1e9 * 5.0) as u64;
    let near = |other_ns: u64| other_ns.abs_diff(t_ns) <= slack_ns;
    model::visible_lives(lane, t_ns.saturating_sub(slack_ns), t_ns.saturating_add(slack_ns))
        .find(|(_, life)| {
            let starting = (life.spawned_ns..=life.ready_ns.unwrap_or(now_ns)).contains(&t_ns);
            starting || (!life.expected && life.exited_ns.is_some_and(near))
        })
        .map(|(at, life)| Hovered::Life { life: *life, place: at })
}

/// What is told of what the pointer is over.
pub(crate) enum Told {
    /// On a worker's lane, or of an attempt of it.
    Worker(WorkerId, Hovered),
    /// Something else, in rows.
    Rows(Rows),
}

/// `times` are now, and the zero from which moments are told, both since the run's start.
pub(crate) fn told_ui(ui: &mut Ui, store: &RunStore, told: &Told, times: (u64, f64)) {
    match told {
        Told::Worker(worker, hovered) => hovered_ui(ui, store, *worker, hovered, times),
        Told::Rows(rows) => rows_ui(ui, rows),
    }
}

pub(crate) fn hovered_ui(
    ui: &mut Ui,
    store: &RunStore,
    worker: WorkerId,
    hovered: &Hovered,
    (now_ns, zero_secs): (u64, f64),
) {
    let at = |t_ns: u64| at(t_ns, zero_secs);
    let rows = match hovered {
        Hovered::Task(span, locks) => task_rows(store, worker, span, locks, at(span.start_ns)),
        Hovered::Running(open, locks) => {
            running_rows(store, worker, open, locks, (now_ns, at(open.start_ns)))
        }
        Hovered::Merged { counts, busy, waited, from_ns, to_ns } => {
            let mut rows = vec![
                ("tasks", units::count(counts.total())),
                ("outcome", counts.words()),
                ("worker", store.lesson.name(worker)),
                ("from", at(*from_ns)),
                ("over", units::duration(to_ns.saturating_sub(*from_ns))),
                ("busy", units::percent(f64::from(*busy))),
            ];
            if *waited > 0.0 {
                rows.push(("waiting for a lock", units::percent(*waited)));
            }
            rows.push(("", "Too short to be drawn one by one: zoom in to see each.".to_owned()));
            rows
        }
        Hovered::Life { life, place } => life_rows(store, worker, life, *place, at),
    };
    rows_ui(ui, &rows);
}

fn rows_ui(ui: &mut Ui, rows: &Rows) {
    let palette = Palette::of(ui);
    // Text, not buttons: rows may stand as close as text does.
    ui.spacing_mut().interact_size.y = 0.0;
    Grid::new("task details").num_columns(2).spacing([12.0, 2.0]).show(ui, |ui| {
        for (name, value) in rows {
            ui.label(RichText::new(*name).color(palette.text_weak));
            ui.label(value);
            ui.end_row();
        }
    });
}

/// Names and values.
pub(crate) type Rows = Vec<(&'static str, String)>;

/// A moment of the run, to the microsecond, since its zero.
pub(crate) fn at(t_ns: u64, zero_secs: f64) -> String {
    format!("{:.6} s", time::secs(t_ns) - zero_secs).replace('-', "−")
}

fn worker_words(store: &RunStore, worker: WorkerId, t_ns: u64) -> String {
    let life = store.lanes.get(worker.index()).and_then(|lane| model::life_at(lane, t_ns));
    let who = model::who(store, life.map(|life| (life.pid, life.tid)));
    let name = store.lesson.name(worker);
    if who.is_empty() { name } else { format!("{name}, {who}") }
}

fn attempt_words(store: &RunStore, task: TaskId, attempt: u32) -> String {
    let retries = store.info.as_ref().map_or(0, |info| info.spec.retries);
    if retries == 0 && attempt == 0 {
        return task.to_string();
    }
    format!("{task}, attempt {} of at most {}", attempt + 1, retries.max(attempt) + 1)
}

/// `waited for it 3.20 ms, held it 5.10 ms`, for each lock that the task used.
fn lock_rows(locks: &TaskLocks) -> impl Iterator<Item = (&'static str, String)> {
    LockKind::ALL.into_iter().zip(locks).filter(|(_, times)| **times != LockTimes::default()).map(
        |(kind, times)| {
            let [waited, held] = [times.waited_ns, times.held_ns].map(units::duration);
            (kind.label(), format!("waited for it {waited}, held it {held}"))
        },
    )
}

fn task_rows(store: &RunStore, worker: WorkerId, span: &Span, locks: &TaskLocks, started: String) -> Rows {
    let mut rows: Rows = vec![
        ("task", attempt_words(store, span.task, span.attempt)),
        ("outcome", span.outcome.to_string()),
        ("worker", worker_words(store, worker, span.start_ns)),
        ("started", started),
        ("run time", units::duration(span.run_ns())),
        ("in the queue", units::duration(span.wait_ns())),
        ("hand-over to start", units::duration(span.start_ns.saturating_sub(span.dispatched_ns))),
        ("end to receipt", units::duration(span.received_ns.saturating_sub(span.end_ns))),
    ];
    let usage = &span.usage;
    let share = |ns: u64| {
        format!("{} ({})", units::duration(ns), units::percent(ns as f64 / span.run_ns().max(1) as f64))
    };
    let lock_ns = locks.iter().fold(0, |sum: u64, times| sum.saturating_add(times.waited_ns));
    let parts = SpanParts::new(span.run_ns(), usage, lock_ns);
    if usage.cpu_ns.is_some() {
        rows.push(("CPU time", share(parts.useful_ns)));
    }
    rows.extend(lock_rows(locks));
    if usage.cpu_ns.is_some() && usage.core_wait_ns.is_some() {
        rows.push(("waiting for a core", share(parts.waiting_for_core_ns)));
        rows.push(("blocked", share(parts.blocked_ns)));
    }
    if let (Some(voluntary), Some(involuntary)) = (usage.voluntary_switches, usage.involuntary_switches) {
        rows.push(("switches", format!("{voluntary} to wait, {involuntary} forced")));
    }
    if let (Some(minor), Some(major)) = (usage.minor_faults, usage.major_faults) {
        rows.push(("page faults", format!("{minor} minor, {major} major")));
    }
    if let (Some(first), Some(last)) = (usage.first_core, usage.last_core) {
        let moved = format!("began on {first}, ended on {last}; when it moved is not known");
        rows.push(("core", if first == last { first.to_string() } else { moved }));
    }
    if usage.bytes_in > 0 || usage.bytes_out > 0 {
        let [sent, got] = [usage.bytes_in, usage.bytes_out].map(|bytes| units::bytes(u64::from(bytes)));
        rows.push(("moved", format!("{sent} in, {got} out")));
    }
    if let Some(value) = value_of(store, span) {
        rows.push(("result", value));
    }
    rows
}

fn running_rows(
    store: &RunStore,
    worker: WorkerId,
    open: &OpenSpan,
    locks: &TaskLocks,
    (now_ns, started): (u64, String),
) -> Rows {
    let mut rows = vec![
        ("task", attempt_words(store, open.task, open.attempt)),
        ("outcome", "running".to_owned()),
        ("worker", worker_words(store, worker, open.start_ns)),
        ("started", started),
        ("run time so far", units::duration(now_ns.saturating_sub(open.start_ns))),
        ("in the queue", units::duration(open.dispatched_ns.saturating_sub(open.enqueued_ns))),
        ("hand-over to start", units::duration(open.start_ns.saturating_sub(open.dispatched_ns))),
    ];
    rows.extend(lock_rows(locks));
    rows
}

fn life_rows(
    store: &RunStore,
    worker: WorkerId,
    life: &Life,
    place: usize,
    at: impl Fn(u64) -> String,
) -> Rows {
    let began = match place {
        0 => "started",
        _ if life.replaces => "replaced at",
        _ => "hired again",
    };
    let mut rows: Rows =
        vec![("worker", worker_words(store, worker, life.spawned_ns)), (began, at(life.spawned_ns))];
    match life.ready_ns {
        Some(ready_ns) => {
            rows.push(("ready after", units::duration(ready_ns.saturating_sub(life.spawned_ns))));
        }
        None => rows.push(("ready", "not yet".to_owned())),
    }
    if let Some(exited_ns) = life.exited_ns {
        let how = life.exit.map_or_else(|| "ended".to_owned(), |exit| exit.to_string());
        let ended = if !life.expected {
            "died"
        } else if was_retired(store, worker, exited_ns, place) {
            "retired"
        } else {
            "ended"
        };
        rows.push((ended, format!("{how} at {}", at(exited_ns))));
    }
    rows
}

/// Whether a life that ended as it should was ended by a resize: the pool had no room for it, or had again only when it was
/// on its way out already.
fn was_retired(store: &RunStore, worker: WorkerId, exited_ns: u64, place: usize) -> bool {
    let had_room = store.wanted_ns(worker).iter().any(|&(from, to)| (from..to).contains(&exited_ns));
    let next = store.lanes.get(worker.index()).and_then(|lane| lane.lives.get(place + 1));
    !had_room || next.is_some_and(|next| !next.replaces)
}

fn value_of(store: &RunStore, span: &Span) -> Option<String> {
    if span.outcome != crate::event::Outcome::Ok || store.values.len() > MAX_VALUES_SEARCHED {
        return None;
    }
    let (_, value) = store.values.iter().find(|(task, _)| *task == span.task)?;
    Some(match &**value {
        Value::Unit => return None,
        Value::Number(number) => units::count(*number),
        Value::Digest(bytes) => hex(bytes),
        Value::Row(bytes) => format!("a row of {} pixels", units::count(bytes.len() as u64)),
        Value::Bytes(bytes) => units::bytes(bytes.len() as u64),
        Value::Moved { len, hash } => format!("{}, hash {hash:016x}", units::bytes(*len)),
    })
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes.iter().take(DIGEST_BYTES_SHOWN) {
        _ = write!(text, "{byte:02x}");
    }
    if bytes.len() > DIGEST_BYTES_SHOWN {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Event, Exit},
        spec::Backend,
        store::testing::*,
    };

    /// What is said of the start and of the end of each life of worker 1 of two.
    fn told(events: &[Event]) -> Vec<Vec<&'static str>> {
        let start = [run_started(spec(Backend::Processes, 2, 4)), spawned(0, 0, 0), spawned(0, 1, 0)];
        let store = store(start.into_iter().chain(events.iter().cloned()));
        let words = ["started", "replaced at", "hired again", "ended", "died", "retired"];
        let lives = store.lanes[1].lives.iter().enumerate();
        lives
            .map(|(place, life)| {
                let rows = life_rows(&store, WorkerId(1), life, place, |t_ns| at(t_ns, 0.0));
                rows.into_iter().map(|row| row.0).filter(|name| words.contains(name)).collect()
            })
            .collect()
    }

    fn resized(t_ns: u64, workers: u32) -> Event {
        Event::Resized { t_ns, workers }
    }

    #[test]
    fn a_worker_is_replaced_when_it_was_lost_and_hired_again_when_it_was_let_go() {
        let quit = |t_ns| exited(t_ns, 1, Exit::Code(0), true);
        let lost = |t_ns| exited(t_ns, 1, Exit::Signal(9), false);
        let timed_out = |t_ns| exited(t_ns, 1, Exit::Signal(15), true);
        for (why, events, expected) in [
            ("the run ended", vec![quit(9)], vec![vec!["started", "ended"]]),
            (
                "it was lost",
                vec![lost(5), spawned(6, 1, 1)],
                vec![vec!["started", "died"], vec!["replaced at"]],
            ),
            (
                "its task took too long",
                vec![timed_out(5), spawned(6, 1, 1), quit(9)],
                vec![vec!["started", "ended"], vec!["replaced at", "ended"]],
            ),
            (
                "the pool shrank and grew",
                vec![resized(3, 1), quit(4), resized(6, 2), spawned(7, 1, 0), lost(8), spawned(9, 1, 1)],
                vec![vec!["started", "retired"], vec!["hired again", "died"], vec!["replaced at"]],
            ),
            (
                "the pool grew before it was gone",
                vec![resized(3, 1), resized(4, 2), quit(5), spawned(6, 1, 0), quit(9)],
                vec![vec!["started", "retired"], vec!["hired again", "ended"]],
            ),
            (
                "the pool grew before it had to go",
                vec![resized(3, 1), resized(4, 2), quit(9)],
                vec![vec!["started", "ended"]],
            ),
        ] {
            assert_eq!(told(&events), expected, "{why}");
        }
    }
}
