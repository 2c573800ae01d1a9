//! What a stage says, in few words on a bar and in a sentence beside it.

use super::model::{Doing, Happened, Item, Lane, Mark, Model, Row, State};
use crate::{
    event::{
        Exit, Outcome,
        lesson::{End, ObjectId, ObjectKind, Verb},
    },
    units,
};

/// Of a value in a sentence or a box.
const VALUE_CHARS: usize = 28;

/// The beginning of a text, and a mark where there is more.
pub(super) fn short(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

pub(super) fn end_name(model: &Model, object: ObjectId) -> String {
    let Some(row) = model.row_of(object).map(|row| &model.rows[row]) else { return String::new() };
    let ends = row.name.split_once(" – ").filter(|_| row.other.is_some());
    match ends {
        Some((_, second)) if row.other == Some(object) => second.to_owned(),
        Some((first, _)) => first.to_owned(),
        None => plain(&row.name).to_owned(),
    }
}

/// A pool's queues have names that tell several pools apart; on a bar the first words do.
pub(super) fn plain(name: &str) -> &str {
    name.split_once(", from task").map_or(name, |(first, _)| first)
}

pub(super) fn lane_name(model: &Model, lane: usize) -> &str {
    model.lanes.get(lane).map_or("?", |lane| &lane.name)
}

/// `get queue`, `join producer`, `sleep`: what a bar says.
pub(super) fn mark_label(model: &Model, mark: &Mark) -> String {
    let value = mark.value.as_deref().map(|value| short(value, VALUE_CHARS));
    let object = mark.object.map(|object| end_name(model, object)).unwrap_or_default();
    let Some(verb) = mark.verb else { return format!("{} {}", said(mark), value.unwrap_or_default()) };
    match (verb, mark.whom, mark.cell) {
        (Verb::Join | Verb::Kill | Verb::Start, Some(whom), _) => {
            format!("{verb} {}", lane_name(model, whom))
        }
        (Verb::Read | Verb::Write, _, Some((index, value))) => {
            let is_value = mark
                .object
                .and_then(|object| model.row_of(object))
                .is_some_and(|row| model.rows[row].kind == ObjectKind::Value);
            let cell = if is_value { object } else { format!("{object}[{index}]") };
            let sign = if verb == Verb::Write { "=" } else { "is" };
            format!("{cell} {sign} {value}")
        }
        (Verb::Put | Verb::Send | Verb::Get | Verb::Receive, ..) if !mark.lasts() => {
            let value = value.unwrap_or_else(|| object.clone());
            format!("{verb} {value}")
        }
        _ if object.is_empty() => verb.to_string(),
        _ => format!("{verb} {object}"),
    }
}

/// What has no verb of its own.
fn said(mark: &Mark) -> &'static str {
    if mark.doing == Doing::Logs { "log" } else { "print" }
}

/// What a bar says, the longest first: the first that has room is to be taken.
pub(super) fn mark_labels(model: &Model, mark: &Mark) -> Vec<String> {
    let verb = mark.verb.map_or(said(mark), Verb::name);
    if mark.lasts() {
        return vec![mark_label(model, mark), verb.to_owned()];
    }
    let value = mark.value.as_deref().map(|value| short(value, 8));
    if let Some((index, value)) = mark.cell {
        let sign = if mark.verb == Some(Verb::Write) { "=" } else { "is" };
        return vec![mark_label(model, mark), format!("[{index}] {sign} {value}"), format!("{sign} {value}")];
    }
    vec![
        mark_label(model, mark),
        value.map_or(verb.to_owned(), |value| format!("{verb} {value}")),
        verb.to_owned(),
    ]
}

/// What the bar of a wait or a sleep says at a moment, the longest first.
pub(super) fn wait_labels(model: &Model, lane: usize, mark: usize, t_ns: u64) -> Vec<String> {
    let mut labels = mark_labels(model, &model.lanes[lane].marks[mark]);
    if is_stuck(model, lane, mark, t_ns) {
        labels.insert(0, format!("{} for ever", labels[0]));
    }
    labels
}

/// A wait that never ends, as is known from a moment on.
pub(super) fn is_stuck(model: &Model, lane: usize, mark: usize, t_ns: u64) -> bool {
    model.lanes[lane].marks[mark].to_ns.is_none() && model.stuck_at(lane, t_ns).is_some()
}

/// For what somebody waits.
pub(super) fn wait_words(model: &Model, mark: &Mark) -> String {
    let object = mark.object.map(|object| end_name(model, object)).unwrap_or_default();
    let whom = mark.whom.map_or("a child", |whom| lane_name(model, whom));
    match mark.verb {
        Some(Verb::Get | Verb::Receive) => format!("waits for a message in {object}"),
        Some(Verb::Put | Verb::Send) => format!("waits for room in {object}"),
        Some(Verb::Join) => format!("waits for {whom} to end"),
        Some(Verb::Acquire) => format!("waits for {object}"),
        Some(Verb::Wait) => format!("waits for {object} to be set"),
        Some(Verb::Meet) => format!("waits for the others at {object}"),
        Some(Verb::Flush) => format!("waits until {object} has taken what it put"),
        Some(Verb::Sleep) => "sleeps".to_owned(),
        _ => "waits".to_owned(),
    }
}

/// As the predicate of a sentence about its process.
fn done_words(model: &Model, mark: &Mark) -> String {
    let object = mark.object.map(|object| end_name(model, object)).unwrap_or_default();
    let value = short(mark.value.as_deref().unwrap_or(""), VALUE_CHARS);
    let whom = mark.whom.map_or("a process", |whom| lane_name(model, whom));
    if let Some(trouble) = trouble(&mark.end) {
        return format!("{}: {trouble}", mark_label(model, mark));
    }
    match (mark.verb, mark.cell) {
        (None, _) if mark.doing == Doing::Logs => format!("logs: {value}"),
        (None, _) => format!("prints {value}"),
        // What a pool says to a worker that may go has no value.
        (Some(Verb::Put), _) if mark.value.is_none() => {
            format!("puts a message into {object}: there is no more")
        }
        (Some(Verb::Get), _) if mark.value.is_none() => format!("learns from {object} that there is no more"),
        (Some(Verb::Put), _) => format!("puts {value} into {object}"),
        (Some(Verb::Get), _) => format!("gets {value} from {object}"),
        (Some(Verb::Send), _) => format!("sends {value} into {object}"),
        (Some(Verb::Receive), _) => format!("receives {value} from {object}"),
        (Some(Verb::Flush), _) => format!("has everything that it put in {object}"),
        (Some(Verb::Close), _) => format!("closes its {object} end"),
        (Some(Verb::Read), Some((index, value))) => format!("reads {value} in cell {index} of {object}"),
        (Some(Verb::Read), None) => format!("reads {object}"),
        (Some(Verb::Write), Some((index, value))) => format!("writes {value} into cell {index} of {object}"),
        (Some(Verb::Acquire), _) => format!("takes {object}"),
        (Some(Verb::Release), _) => format!("gives {object} back"),
        (Some(Verb::Set), _) => format!("sets {object}"),
        (Some(Verb::Clear), _) => format!("clears {object}"),
        (Some(Verb::Wait), _) => format!("goes on: {object} is set"),
        (Some(Verb::Meet), _) => format!("goes on: everybody is at {object}"),
        (Some(Verb::Join), _) => format!("goes on: {whom} has ended"),
        (Some(Verb::Kill), _) => format!("kills {whom}"),
        (Some(Verb::Start), _) => format!("starts {whom}"),
        (Some(Verb::Sleep), _) => "wakes up".to_owned(),
        (Some(Verb::Write), None) => format!("writes {object}"),
    }
}

/// Where an operation came out otherwise than asked.
pub(super) fn trouble(end: &End) -> Option<String> {
    match end {
        End::Ok => None,
        End::Eof => Some("no more messages, every sending end is closed".to_owned()),
        End::Broken => Some("nobody is left to read, or what came is torn".to_owned()),
        End::AfterDeath => Some("it has it, for its holder died".to_owned()),
        End::TimedOut => Some("it took too long".to_owned()),
        End::Failed(why) => Some(why.to_string()),
    }
}

pub(super) fn item_outcome(item: &Item) -> String {
    match &item.outcome {
        None => "goes on".to_owned(),
        Some(Outcome::Ok) => "done".to_owned(),
        Some(Outcome::Failed(why)) => format!("failed: {why}"),
        Some(Outcome::Crashed(exit)) => format!("lost: its worker died, {exit}"),
        Some(Outcome::TimedOut) => "took too long".to_owned(),
        Some(Outcome::Cancelled) => "cancelled".to_owned(),
    }
}

/// What happened at a moment, a sentence each.
pub(super) fn sentence(model: &Model, t_ns: u64) -> String {
    let each = model.happened_at(t_ns).iter().map(|(_, happened)| sentence_of(model, *happened));
    each.collect::<Vec<_>>().join("; ")
}

fn sentence_of(model: &Model, happened: Happened) -> String {
    let name = |lane: usize| lane_name(model, lane);
    let item = |lane: usize, at: usize| &model.lanes[lane].items[at];
    match happened {
        Happened::Started(lane) => match model.lanes[lane].parent {
            Some(parent) => format!("{} starts {}", name(parent), name(lane)),
            None => format!("{} is started", name(lane)),
        },
        Happened::Ready(lane) => format!("{} runs, as a process of its own", name(lane)),
        Happened::Began(lane, at) => {
            format!("{} {}", name(lane), wait_words(model, &model.lanes[lane].marks[at]))
        }
        Happened::Done(lane, at) => {
            format!("{} {}", name(lane), done_words(model, &model.lanes[lane].marks[at]))
        }
        Happened::ItemBegan(lane, at) => format!("{} begins item {}", name(lane), item(lane, at).label),
        Happened::ItemDone(lane, at) => {
            let item = item(lane, at);
            format!("{}, item {}: {}", name(lane), item.label, item_outcome(item))
        }
        Happened::Ended(lane) => {
            let exit = model.lanes[lane].ended.map(|(_, exit)| exit.to_string());
            format!("{} ends: {}", name(lane), exit.unwrap_or_default())
        }
        Happened::Stuck => {
            let count = model.stuck.as_ref().map_or(0, |stuck| stuck.waiting.len());
            format!("nothing will happen any more: {count} of the processes wait for ever")
        }
    }
}

/// How a lane stands at a moment.
pub(super) fn lane_state(model: &Model, lane: usize, t_ns: u64) -> String {
    let of = &model.lanes[lane];
    if model.stuck_at(lane, t_ns).is_some() {
        let wait = of.marks.iter().find(|mark| mark.to_ns.is_none());
        let words = wait.map_or("waits".to_owned(), |mark| wait_words(model, mark));
        return words.replacen("waits", "waits for ever", 1);
    }
    match of.ended {
        Some((ended_ns, exit)) if ended_ns <= t_ns => return exit_words(exit),
        _ if t_ns < of.from_ns => return "not started yet".to_owned(),
        _ => {}
    }
    if let Some(mark) = of.marks.iter().find(|mark| mark.lasts() && mark.is_at(t_ns)) {
        return wait_words(model, mark);
    }
    let at_item = |item: &&Item| item.from_ns <= t_ns && item.to_ns.is_none_or(|to_ns| to_ns > t_ns);
    match of.items.iter().find(at_item) {
        Some(item) => format!("works on item {}", item.label),
        None if of.ready_ns.is_none_or(|ready_ns| t_ns < ready_ns) => "is being started".to_owned(),
        None => "runs".to_owned(),
    }
}

pub(super) fn exit_words(exit: Exit) -> String {
    match exit {
        Exit::Code(0) => "ended well (exit 0)".to_owned(),
        Exit::Code(code) => format!("failed (exit {code})"),
        Exit::Signal(_) => format!("was killed ({exit})"),
    }
}

/// For those who do not see it.
pub(super) fn lane_accessible(model: &Model, lane: usize, t_ns: u64) -> String {
    let Lane { name, pid, .. } = &model.lanes[lane];
    let pid = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
    format!("Process {name}{pid}: {}", lane_state(model, lane, t_ns))
}

pub(super) fn kind_name(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Queue => "queue",
        ObjectKind::PipeEnd => "pipe",
        ObjectKind::Array => "array",
        ObjectKind::Value => "value",
        ObjectKind::Lock => "lock",
        ObjectKind::Semaphore => "semaphore",
        ObjectKind::Event => "event",
        ObjectKind::Barrier => "barrier",
    }
}

/// How something shared stands at a moment.
pub(super) fn row_state(model: &Model, row: usize, t_ns: u64) -> String {
    let of = &model.rows[row];
    let names = |lanes: &[usize]| {
        let names: Vec<&str> = lanes.iter().map(|lane| lane_name(model, *lane)).collect();
        if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
    };
    match of.kind {
        ObjectKind::Queue => match model.messages_in(row, t_ns).count() {
            0 => "empty".to_owned(),
            1 => "1 message".to_owned(),
            count => format!("{} messages", units::count(count as u64)),
        },
        ObjectKind::PipeEnd => {
            let ends = std::iter::once(of.object).chain(of.other);
            let open = |end| format!("{} open in {}", end_name(model, end), names(&model.holders(end, t_ns)));
            ends.map(open).collect::<Vec<_>>().join("; ")
        }
        ObjectKind::Array | ObjectKind::Value => {
            let cells: Vec<String> = of.cells_at(t_ns).iter().map(|(value, _)| value.to_string()).collect();
            cells.join(", ")
        }
        ObjectKind::Lock => match held(of, t_ns) {
            Some(lane) => format!("held by {}", lane_name(model, lane)),
            None => "free".to_owned(),
        },
        ObjectKind::Semaphore => format!("{} left", of.depth_at(t_ns)),
        ObjectKind::Event => if is_set(of, t_ns) { "set" } else { "not set" }.to_owned(),
        ObjectKind::Barrier => {
            let met = model.met(of.object, t_ns);
            let parties = of.capacity.map(|parties| format!(" of {parties}")).unwrap_or_default();
            format!("{}{parties} there: {}", met.len(), names(&met))
        }
    }
}

pub(super) fn held(row: &Row, t_ns: u64) -> Option<usize> {
    match row.last(t_ns, |state| matches!(state, State::Held(_)))?.to {
        State::Held(holder) => holder,
        _ => None,
    }
}

fn is_set(row: &Row, t_ns: u64) -> bool {
    row.last(t_ns, |state| matches!(state, State::Set(_))).is_some_and(|change| change.to == State::Set(true))
}

/// For those who do not see it.
pub(super) fn row_accessible(model: &Model, row: usize, t_ns: u64) -> String {
    let of = &model.rows[row];
    let mut text = format!("{} {}: {}", kind_name(of.kind), of.name, row_state(model, row, t_ns));
    let messages: Vec<String> =
        model.messages_in(row, t_ns).take(20).map(|message| short(&message.value, VALUE_CHARS)).collect();
    if !messages.is_empty() {
        text.push_str(", ");
        text.push_str(&messages.join(", "));
    }
    text[..1].to_uppercase() + &text[1..]
}

/// How long something lasted, or has lasted.
pub(super) fn lasted(mark: &Mark, now_ns: u64) -> String {
    units::duration(mark.to_ns.unwrap_or(now_ns).saturating_sub(mark.from_ns))
}
