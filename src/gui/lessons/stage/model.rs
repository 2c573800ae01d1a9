//! What a stage shows: processes with what they did, objects with how they changed, and the messages between. It knows
//! nanoseconds and names, and no pixels.

use std::collections::HashMap;

use crate::{
    event::{
        Exit, Outcome,
        lesson::{End, ObjectId, ObjectKind, Verb},
    },
    ids::WorkerId,
    store::RunStore,
};

/// What a process does in one stretch or at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// It can only go on when somebody else does something.
    Waits,
    Sleeps,
    /// An operation that is over at once.
    Does(Verb),
    Prints,
    /// Into the lesson's log.
    Logs,
}

/// A part of what a process did.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    pub(super) doing: Doing,
    /// `None` for what was printed or logged.
    pub(super) verb: Option<Verb>,
    pub(super) object: Option<ObjectId>,
    /// The lane of the process that is joined or killed.
    pub(super) whom: Option<usize>,
    pub(super) from_ns: u64,
    /// `None` while it goes on.
    pub(super) to_ns: Option<u64>,
    /// 0 where it is not known: nobody tells the line of what is logged.
    pub(super) line: u32,
    pub(super) end: End,
    /// What was moved, printed or logged.
    pub(super) value: Option<Box<str>>,
    pub(super) cell: Option<(u32, i64)>,
    pub(super) message: Option<u64>,
}

/// A pool's item at one of its workers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    pub(super) label: Box<str>,
    pub(super) from_ns: u64,
    pub(super) to_ns: Option<u64>,
    pub(super) outcome: Option<Outcome>,
}

/// One process.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lane {
    pub(super) worker: WorkerId,
    pub(super) name: Box<str>,
    pub(super) role: Box<str>,
    /// 0 for `main`, 1 for its children.
    pub(super) level: usize,
    /// The lane of its parent.
    pub(super) parent: Option<usize>,
    pub(super) pid: Option<u32>,
    pub(super) from_ns: u64,
    /// When its process began to run.
    pub(super) ready_ns: Option<u64>,
    pub(super) ended: Option<(u64, Exit)>,
    pub(super) marks: Vec<Mark>,
    pub(super) items: Vec<Item>,
}

/// How something shared changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Messages or permits in it.
    Depth(u32),
    /// The lane that holds the lock.
    Held(Option<usize>),
    Set(bool),
    Cell(u32, i64),
    /// This lane has closed an end.
    Closed(ObjectId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) t_ns: u64,
    pub(super) lane: usize,
    pub(super) to: State,
}

/// Something shared. A pipe is one, with both its ends.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) object: ObjectId,
    /// A pipe's second end.
    pub(super) other: Option<ObjectId>,
    pub(super) kind: ObjectKind,
    pub(super) name: Box<str>,
    pub(super) capacity: Option<u32>,
    /// Cells as they were at first.
    pub(super) cells: Vec<i64>,
    /// In order of time.
    pub(super) changes: Vec<Change>,
}

/// From one process to another, through a queue or a pipe.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    pub(super) row: usize,
    pub(super) value: Box<str>,
    pub(super) from: (usize, u64),
    /// Who took it, and when.
    pub(super) to: Option<(usize, u64)>,
}

/// Something that happened at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    Started(usize),
    Ready(usize),
    /// A wait or a sleep of a lane, by its place among the lane's marks.
    Began(usize, usize),
    Done(usize, usize),
    ItemBegan(usize, usize),
    ItemDone(usize, usize),
    Ended(usize),
    Stuck,
}

/// A process that waits for ever.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Waiting {
    pub(super) lane: usize,
    pub(super) verb: Verb,
    pub(super) object: Option<ObjectId>,
    pub(super) needs: Vec<usize>,
    pub(super) why: Box<str>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stuck {
    pub(super) t_ns: u64,
    pub(super) waiting: Vec<Waiting>,
    pub(super) text: Box<str>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Model {
    /// In order of starting.
    pub(super) lanes: Vec<Lane>,
    pub(super) rows: Vec<Row>,
    /// In the order of putting.
    pub(super) messages: Vec<Message>,
    /// In order of time.
    pub(super) happened: Vec<(u64, Happened)>,
    /// The distinct times of [`Self::happened`].
    pub(super) moments: Vec<u64>,
    pub(super) stuck: Option<Stuck>,
}

impl Model {
    pub(super) fn new(store: &RunStore) -> Self {
        let mut model = Self::default();
        let places = model.add_lanes(store);
        model.add_rows(store);
        super::told::read(store, &places, &mut model);
        for (at, lane) in model.lanes.iter_mut().enumerate() {
            add_items(store, lane);
            model.happened.extend(happened_on(at, lane));
        }
        if let Some(stuck) = &model.stuck {
            model.happened.push((stuck.t_ns, Happened::Stuck));
        }
        // Whoever waits for the end of another goes on because of it.
        model.happened.sort_by_key(|(t_ns, happened)| (*t_ns, !matches!(happened, Happened::Ended(_))));
        model.moments = model.happened.iter().map(|(t_ns, _)| *t_ns).collect();
        model.moments.dedup();
        model
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// The last moment at or before a time, by its place.
    pub(super) fn moment_at(&self, t_ns: u64) -> Option<usize> {
        self.moments.partition_point(|moment| *moment <= t_ns).checked_sub(1)
    }

    /// What happened at exactly this time.
    pub(super) fn happened_at(&self, t_ns: u64) -> &[(u64, Happened)] {
        let from = self.happened.partition_point(|(at_ns, _)| *at_ns < t_ns);
        let to = self.happened.partition_point(|(at_ns, _)| *at_ns <= t_ns);
        &self.happened[from..to]
    }

    pub(super) fn row_of(&self, object: ObjectId) -> Option<usize> {
        self.rows.iter().position(|row| row.object == object || row.other == Some(object))
    }

    /// Messages that were in a queue or a pipe at a moment, the oldest first.
    pub(super) fn messages_in(&self, row: usize, t_ns: u64) -> impl Iterator<Item = &Message> {
        let there = move |message: &&Message| {
            message.row == row && message.from.1 <= t_ns && message.to.is_none_or(|(_, got_ns)| got_ns > t_ns)
        };
        self.messages.iter().filter(there)
    }

    /// Why a lane waits for ever, once that is so.
    pub(super) fn stuck_at(&self, lane: usize, t_ns: u64) -> Option<&Waiting> {
        let stuck = self.stuck.as_ref().filter(|stuck| stuck.t_ns <= t_ns)?;
        stuck.waiting.iter().find(|waiting| waiting.lane == lane)
    }

    /// The lanes in which an end of a pipe was open at a moment: a child begins with those of its parent.
    pub(super) fn holders(&self, end: ObjectId, t_ns: u64) -> Vec<usize> {
        let Some(row) = self.row_of(end).map(|row| &self.rows[row]) else { return Vec::new() };
        let mut open: Vec<bool> = Vec::new();
        let closed_by = |lane: usize, by_ns: u64| {
            row.changes
                .iter()
                .any(|change| change.lane == lane && change.to == State::Closed(end) && change.t_ns <= by_ns)
        };
        for lane in &self.lanes {
            // What it had at its start, however long it has been gone.
            let given = lane.parent.is_none_or(|parent| {
                open.get(parent).copied().unwrap_or(false) && !closed_by(parent, lane.from_ns)
            });
            open.push(given);
        }
        let holds = |(at, lane): (usize, &Lane)| {
            let lives = lane.from_ns <= t_ns && lane.ended.is_none_or(|(ended_ns, _)| ended_ns > t_ns);
            (lives && open[at] && !closed_by(at, t_ns)).then_some(at)
        };
        self.lanes.iter().enumerate().filter_map(holds).collect()
    }

    /// Lanes that stood at a barrier at a moment, in the order of coming.
    pub(super) fn met(&self, object: ObjectId, t_ns: u64) -> Vec<usize> {
        let mut met: Vec<(u64, usize)> = Vec::new();
        for (at, lane) in self.lanes.iter().enumerate() {
            let meets = |mark: &&Mark| {
                mark.verb == Some(Verb::Meet) && mark.object == Some(object) && mark.is_at(t_ns)
            };
            met.extend(lane.marks.iter().find(meets).map(|mark| (mark.from_ns, at)));
        }
        met.sort_unstable();
        met.into_iter().map(|(_, at)| at).collect()
    }

    fn add_lanes(&mut self, store: &RunStore) -> HashMap<WorkerId, usize> {
        let mut places = HashMap::new();
        let stuck = store.lesson.stuck.as_ref();
        for (worker, role) in (0..).map(WorkerId).zip(&store.lesson.roles) {
            let Some(role) = role else { continue };
            let parent = role.parent.and_then(|parent| places.get(&parent).copied());
            let life = store.lanes.get(worker.index()).and_then(|lane| lane.lives.last());
            // Whoever waits for ever is ended in the end, which is no part of the story.
            let waits = stuck.is_some_and(|stuck| stuck.waiters.iter().any(|waiter| waiter.worker == worker));
            let ended = life.filter(|_| !waits).and_then(|life| Some((life.exited_ns?, life.exit?)));
            places.insert(worker, self.lanes.len());
            self.lanes.push(Lane {
                worker,
                name: role.name.clone(),
                role: role.role.clone(),
                level: parent.map_or(0, |parent| self.lanes[parent].level + 1),
                parent,
                pid: life.map(|life| life.pid).filter(|pid| *pid != 0),
                from_ns: role.t_ns,
                ready_ns: life.and_then(|life| life.ready_ns),
                ended,
                marks: Vec::new(),
                items: Vec::new(),
            });
        }
        places
    }

    fn add_rows(&mut self, store: &RunStore) {
        let mut objects = (0..).map(ObjectId).zip(&store.lesson.objects).peekable();
        while let Some((id, object)) = objects.next() {
            let pair = (object.kind == ObjectKind::PipeEnd)
                .then(|| objects.next_if(|(_, next)| next.kind == ObjectKind::PipeEnd))
                .flatten();
            let name = match pair {
                Some((_, other)) => format!("{} – {}", object.name, other.name).into(),
                None => object.name.clone(),
            };
            self.rows.push(Row {
                object: id,
                other: pair.map(|(other, _)| other),
                kind: object.kind,
                name,
                capacity: object.capacity,
                cells: Vec::new(),
                changes: Vec::new(),
            });
        }
    }
}

impl Mark {
    /// It goes on at this moment.
    pub(super) fn is_at(&self, t_ns: u64) -> bool {
        self.from_ns <= t_ns && self.to_ns.is_none_or(|to_ns| to_ns > t_ns)
    }

    pub(super) fn lasts(&self) -> bool {
        matches!(self.doing, Doing::Waits | Doing::Sleeps)
    }

    /// When it took effect.
    pub(super) fn at_ns(&self) -> u64 {
        self.to_ns.unwrap_or(self.from_ns)
    }
}

impl Row {
    /// The last change at or before a moment that this says yes to.
    pub(super) fn last(&self, t_ns: u64, is: impl Fn(State) -> bool) -> Option<&Change> {
        self.changes.iter().take_while(|change| change.t_ns <= t_ns).filter(|change| is(change.to)).last()
    }

    /// The cells at a moment, with who wrote each last.
    pub(super) fn cells_at(&self, t_ns: u64) -> Vec<(i64, Option<usize>)> {
        let mut cells: Vec<_> = self.cells.iter().map(|value| (*value, None)).collect();
        for change in self.changes.iter().take_while(|change| change.t_ns <= t_ns) {
            if let State::Cell(index, value) = change.to
                && let Some(cell) = cells.get_mut(index as usize)
            {
                *cell = (value, Some(change.lane));
            }
        }
        cells
    }

    pub(super) fn depth_at(&self, t_ns: u64) -> u32 {
        let at_first = if self.kind == ObjectKind::Semaphore { self.capacity.unwrap_or(0) } else { 0 };
        let last = self.last(t_ns, |state| matches!(state, State::Depth(_)));
        last.map_or(at_first, |change| if let State::Depth(depth) = change.to { depth } else { at_first })
    }
}

/// The items of a pool's worker. Whoever runs as a role has one task, which is its whole life and is not shown.
fn add_items(store: &RunStore, lane: &mut Lane) {
    let is_pools = store.lesson.role(lane.worker).is_some_and(|role| role.task.is_none());
    let Some(spans) = store.lanes.get(lane.worker.index()).filter(|_| is_pools) else { return };
    let ended = spans.spans.iter().map(|span| (span.task, span.start_ns, Some((span.end_ns, span.outcome))));
    let running = spans.running.map(|open| (open.task, open.start_ns, None));
    lane.items = ended
        .chain(running)
        .map(|(task, from_ns, end)| {
            let got = |mark: &&Mark| mark.verb == Some(Verb::Get) && mark.at_ns() <= from_ns;
            let value = lane.marks.iter().rfind(got).and_then(|mark| mark.value.clone());
            let (to_ns, outcome) = end.unzip();
            Item { label: value.unwrap_or_else(|| task.to_string().into()), from_ns, to_ns, outcome }
        })
        .collect();
}

fn happened_on(at: usize, lane: &Lane) -> Vec<(u64, Happened)> {
    let mut happened = vec![(lane.from_ns, Happened::Started(at))];
    happened.extend(lane.ready_ns.map(|t_ns| (t_ns, Happened::Ready(at))));
    for (place, mark) in lane.marks.iter().enumerate() {
        if mark.lasts() {
            happened.push((mark.from_ns, Happened::Began(at, place)));
        }
        // What the end of its process cut short was not done.
        let done_ns = mark.to_ns.filter(|t_ns| lane.ended.is_none_or(|(ended_ns, _)| ended_ns != *t_ns));
        happened.extend(done_ns.map(|t_ns| (t_ns, Happened::Done(at, place))));
    }
    for (place, item) in lane.items.iter().enumerate() {
        happened.push((item.from_ns, Happened::ItemBegan(at, place)));
        happened.extend(item.to_ns.map(|t_ns| (t_ns, Happened::ItemDone(at, place))));
    }
    happened.extend(lane.ended.map(|(t_ns, _)| (t_ns, Happened::Ended(at))));
    happened
}

#[cfg(test)]
mod tests;
