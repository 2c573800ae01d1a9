//! Reads what was told into a [`Model`]: what each process did, how each object changed, which message went where.

use std::collections::{HashMap, HashSet};

use super::model::{Change, Doing, Mark, Message, Model, State, Stuck, Waiting};
use crate::{
    event::lesson::{Began, Done, End, ObjectId, ObjectKind, Told, Verb},
    ids::WorkerId,
    store::{LessonStore, RunStore},
};

/// Whoever was at it for this long has waited, even if nobody is known to have ended it.
const WAITED_NS: u64 = 250_000;

type Places = HashMap<WorkerId, usize>;

pub(super) fn read(store: &RunStore, places: &Places, model: &mut Model) {
    // Processes tell on their own, so that what is heard later may have been earlier.
    let mut told: Vec<_> = store.lesson.told().collect();
    told.sort_by_key(|entry| entry.t_ns);
    let mut reader = Reader {
        lesson: &store.lesson,
        places,
        model,
        put: HashMap::new(),
        taken: HashMap::new(),
        holders: HashMap::new(),
    };
    let others =
        others(&told.iter().map(|entry| (entry.t_ns, entry.worker, &entry.told)).collect::<Vec<_>>());
    let mut may_wait = HashSet::new();
    for entry in told {
        let lane = entry.worker.and_then(|worker| places.get(&worker).copied());
        match (&entry.told, lane) {
            (Told::Object { object, cells, .. }, _) => reader.object(*object, cells),
            (Told::Began(began), Some(lane)) => _ = may_wait.insert((lane, began.call)),
            (Told::Done(done), Some(lane)) => {
                let t_ns = reader.effect_ns(done, entry.t_ns);
                let waited =
                    may_wait.remove(&(lane, done.call)) && waited(&others, entry.worker, done, entry.t_ns);
                reader.done(lane, t_ns, done, waited);
            }
            (Told::Printed { line, text }, Some(lane)) => {
                reader.said(lane, entry.t_ns, Doing::Prints, (*line, text));
            }
            _ => {}
        }
    }
    reader.logged();
    reader.model.rows.iter_mut().for_each(|row| row.changes.sort_by_key(|change| change.t_ns));
    reader.joined();
    reader.open();
    reader.stuck();
}

/// When somebody did something with an object, in order of time.
type Others = HashMap<ObjectId, Vec<(u64, Option<WorkerId>)>>;

fn others(told: &[(u64, Option<WorkerId>, &Told)]) -> Others {
    let mut others = Others::new();
    for (t_ns, worker, told) in told {
        if let Told::Done(Done { object: Some(object), .. }) = told {
            others.entry(*object).or_default().push((*t_ns, *worker));
        }
    }
    others
}

/// Whether an operation that may wait did so: it took long, or somebody else did something with the object meanwhile.
fn waited(others: &Others, worker: Option<WorkerId>, done: &Done, ended_ns: u64) -> bool {
    if ended_ns.saturating_sub(done.began_ns) >= WAITED_NS {
        return true;
    }
    let Some(of) = done.object.and_then(|object| others.get(&object)) else { return false };
    let from = of.partition_point(|(t_ns, _)| *t_ns <= done.began_ns);
    of[from..].iter().take_while(|(t_ns, _)| *t_ns < ended_ns).any(|(_, other)| *other != worker)
}

struct Reader<'a> {
    lesson: &'a LessonStore,
    places: &'a Places,
    model: &'a mut Model,
    /// Messages that were put and not taken, by their ids, with their places.
    put: HashMap<u64, usize>,
    /// And those taken before their putting was over, with who took them and when.
    taken: HashMap<u64, (usize, u64)>,
    holders: HashMap<usize, Option<usize>>,
}

impl Reader<'_> {
    fn object(&mut self, object: ObjectId, cells: &[i64]) {
        if let Some(row) = self.model.rows.iter_mut().find(|row| row.object == object) {
            row.cells = cells.to_vec();
        }
    }

    /// When an operation took effect. What it does to others is done before it is over, so that they may tell of that
    /// first: then the moment at which it began stands for it.
    fn effect_ns(&self, done: &Done, ended_ns: u64) -> u64 {
        let taken = done.message.and_then(|message| self.taken.get(&message));
        match done.verb {
            Verb::Close | Verb::Set => done.began_ns.min(ended_ns),
            Verb::Put | Verb::Send if taken.is_some() => done.began_ns.min(ended_ns),
            _ => ended_ns,
        }
    }

    fn done(&mut self, lane: usize, t_ns: u64, done: &Done, waited: bool) {
        let doing = match done.verb {
            Verb::Sleep => Doing::Sleeps,
            _ if waited => Doing::Waits,
            // That nothing was left to be flushed is no news.
            Verb::Flush => return,
            verb => Doing::Does(verb),
        };
        let lasts = matches!(doing, Doing::Sleeps | Doing::Waits);
        self.model.lanes[lane].marks.push(Mark {
            doing,
            verb: Some(done.verb),
            object: done.object,
            whom: done.whom.and_then(|whom| self.places.get(&whom).copied()),
            from_ns: if lasts { done.began_ns.min(t_ns) } else { t_ns },
            to_ns: Some(t_ns),
            line: done.line,
            end: done.end.clone(),
            value: done.value.clone(),
            cell: done.cell,
            message: done.message,
        });
        if let Some(row) = done.object.and_then(|object| self.model.row_of(object)) {
            self.message(lane, t_ns, done, row);
            self.change(lane, t_ns, done, row);
        }
    }

    fn message(&mut self, lane: usize, t_ns: u64, done: &Done, row: usize) {
        let Some(message) = done.message.filter(|_| done.end == End::Ok) else { return };
        match done.verb {
            Verb::Put | Verb::Send => {
                let to = self.taken.remove(&message);
                if to.is_none() {
                    self.put.insert(message, self.model.messages.len());
                }
                let value = done.value.clone().unwrap_or_default();
                self.model.messages.push(Message { row, value, from: (lane, t_ns), to });
            }
            Verb::Get | Verb::Receive => {
                if let Some(at) = self.put.remove(&message) {
                    self.model.messages[at].to = Some((lane, t_ns));
                } else {
                    self.taken.insert(message, (lane, t_ns));
                }
            }
            _ => {}
        }
    }

    fn change(&mut self, lane: usize, t_ns: u64, done: &Done, row: usize) {
        let kind = self.model.rows[row].kind;
        let mut push = |to| self.model.rows[row].changes.push(Change { t_ns, lane, to });
        if let Some(depth) = done.depth {
            push(State::Depth(depth));
        }
        if let (Verb::Write, Some((index, value))) = (done.verb, done.cell) {
            push(State::Cell(index, value));
        }
        let holder = self.holders.entry(row).or_default();
        match (done.verb, done.object) {
            (Verb::Acquire, _)
                if kind == ObjectKind::Lock && matches!(done.end, End::Ok | End::AfterDeath) =>
            {
                *holder = Some(lane);
                push(State::Held(*holder));
            }
            // The next one may have said so before.
            (Verb::Release, _) if kind == ObjectKind::Lock && *holder == Some(lane) => {
                *holder = None;
                push(State::Held(None));
            }
            (Verb::Set, _) => push(State::Set(true)),
            (Verb::Clear, _) => push(State::Set(false)),
            (Verb::Close, Some(end)) => push(State::Closed(end)),
            _ => {}
        }
    }

    fn said(&mut self, lane: usize, t_ns: u64, doing: Doing, told: (u32, &str)) {
        self.model.lanes[lane].marks.push(Mark {
            doing,
            verb: None,
            object: None,
            whom: None,
            from_ns: t_ns,
            to_ns: Some(t_ns),
            line: told.0,
            end: End::Ok,
            value: Some(told.1.into()),
            cell: None,
            message: None,
        });
    }

    /// What processes logged goes another way than the rest, and has its place between that.
    fn logged(&mut self) {
        for line in self.lesson.logged.iter() {
            let lane = line.worker.and_then(|worker| self.places.get(&worker).copied());
            if let Some(lane) = lane {
                self.said(lane, line.t_ns, Doing::Logs, (0, &line.text));
            }
        }
        for lane in &mut self.model.lanes {
            lane.marks.sort_by_key(Mark::at_ns);
        }
    }

    /// Whoever was joined had ended by then, even if that was heard later.
    fn joined(&mut self) {
        let joins = |mark: &Mark| Some((mark.whom?, mark.to_ns?)).filter(|_| mark.verb == Some(Verb::Join));
        let marks = self.model.lanes.iter().flat_map(|lane| &lane.marks);
        for (whom, joined_ns) in marks.filter_map(joins).collect::<Vec<_>>() {
            if let Some((ended_ns, _)) = &mut self.model.lanes[whom].ended {
                *ended_ns = joined_ns.min(*ended_ns);
            }
        }
    }

    /// What processes are in the middle of.
    fn open(&mut self) {
        for lane in &mut self.model.lanes {
            let open = self.lesson.role(lane.worker).and_then(|role| role.open.as_ref());
            let Some((from_ns, Began { verb, object, whom, line, .. })) = open else { continue };
            let to_ns = lane.ended.map(|(ended_ns, _)| ended_ns);
            lane.marks.push(Mark {
                doing: if *verb == Verb::Sleep { Doing::Sleeps } else { Doing::Waits },
                verb: Some(*verb),
                object: *object,
                whom: whom.and_then(|whom| self.places.get(&whom).copied()),
                from_ns: *from_ns,
                to_ns,
                line: *line,
                end: End::Ok,
                value: None,
                cell: None,
                message: None,
            });
        }
    }

    fn stuck(&mut self) {
        let Some(stuck) = &self.lesson.stuck else { return };
        let place = |worker: &WorkerId| self.places.get(worker).copied();
        let waiting = stuck.waiters.iter().filter_map(|waiter| {
            Some(Waiting {
                lane: place(&waiter.worker)?,
                verb: waiter.verb,
                object: waiter.object,
                needs: waiter.needs.iter().filter_map(place).collect(),
                why: waiter.why.clone(),
            })
        });
        self.model.stuck =
            Some(Stuck { t_ns: stuck.t_ns, waiting: waiting.collect(), text: stuck.text.clone() });
    }
}
