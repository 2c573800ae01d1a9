//! The voice of one process of a lesson: turns what it does into reports.
//!
//! The primitives tell of every operation themselves, see [`crate::mp::trace`]. What an operation was about, the line of
//! the program and the value that was moved, only the interpreter knows. It says the line before each step; the value of
//! what was got or received is known only after the operation has ended, so that the end of one is kept back until
//! [`Voice::settle`].

use std::{
    cell::RefCell,
    collections::BTreeMap,
    os::fd::AsFd,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use rustix::process::{PidfdFlags, getpid, pidfd_open};

use super::{
    super::sampler::{TaskMeter, Witness},
    report::{Report, Reports},
};
use crate::{
    event::{
        Level, Outcome,
        lesson::{Began, Done, End, ObjectId, Told, Verb},
    },
    ids::{TaskId, WorkerId},
    mp::trace,
    spec::Telemetry,
    time::RunClock,
};

/// Of what was printed, logged or moved, this much is told, in bytes.
const TEXT_LIMIT: usize = 4096;
const VALUE_LIMIT: usize = 80;

thread_local! {
    /// When an operation of this thread ended, and how, while its value is not known yet.
    static KEPT: RefCell<Option<(u64, Done)>> = const { RefCell::new(None) };
    /// What the operation of this thread moves.
    static VALUE: RefCell<Option<Box<str>>> = const { RefCell::new(None) };
}

/// Cheap to clone; all clones speak for the same process.
#[derive(Clone, Debug)]
pub(super) struct Voice(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    worker: WorkerId,
    clock: RunClock,
    reports: Reports,
    line: AtomicU32,
    calls: AtomicU32,
    /// What other processes of the lesson call the primitives' objects. What is not here is nobody's business.
    objects: Mutex<BTreeMap<trace::ObjectId, ObjectId>>,
    /// Children, by process id.
    children: Mutex<BTreeMap<u32, WorkerId>>,
}

/// A task of this process, while it is measured.
pub(super) struct Running {
    task: TaskId,
    start_ns: u64,
    meter: TaskMeter,
}

impl Voice {
    pub(super) fn new(worker: WorkerId, clock: RunClock, reports: Reports) -> Self {
        Self(Arc::new(Inner {
            worker,
            clock,
            reports,
            line: AtomicU32::new(0),
            calls: AtomicU32::new(0),
            objects: Mutex::default(),
            children: Mutex::default(),
        }))
    }

    pub(super) fn worker(&self) -> WorkerId {
        self.0.worker
    }

    pub(super) fn reports(&self) -> &Reports {
        &self.0.reports
    }

    pub(super) fn now_ns(&self) -> u64 {
        self.0.clock.now_ns()
    }

    /// From now on steps are of this line.
    pub(super) fn at_line(&self, line: u32) {
        self.0.line.store(line, Ordering::Relaxed);
    }

    /// The step at this line is none that tells of itself.
    pub(super) fn stands(&self) {
        self.tell(Told::At { line: self.0.line.load(Ordering::Relaxed) });
    }

    pub(super) fn knows(&self, object: trace::ObjectId, as_object: ObjectId) {
        self.0.objects.lock().unwrap_or_else(PoisonError::into_inner).insert(object, as_object);
    }

    pub(super) fn has_child(&self, pid: u32, worker: WorkerId) {
        self.0.children.lock().unwrap_or_else(PoisonError::into_inner).insert(pid, worker);
    }

    /// The operation of this thread is over in every respect; what it got is told with it.
    pub(super) fn settle(&self, value: Option<String>) {
        VALUE.set(None);
        if let Some((ended_ns, mut done)) = KEPT.take() {
            done.value = value.map(|value| cut(value, VALUE_LIMIT).into());
            self.tell_at(ended_ns, Told::Done(done));
        }
    }

    pub(super) fn tell(&self, told: Told) {
        self.tell_at(self.now_ns(), told);
    }

    fn tell_at(&self, t_ns: u64, told: Told) {
        self.report(&Report::Told { t_ns, worker: self.0.worker, told, robust: true });
    }

    pub(super) fn report(&self, report: &Report) {
        self.0.reports.tell(report);
    }

    pub(super) fn prints(&self, text: String) {
        let line = self.0.line.load(Ordering::Relaxed);
        self.tell(Told::Printed { line, text: cut(text, TEXT_LIMIT).into() });
    }

    pub(super) fn logs(&self, level: Level, text: String) {
        let text = cut(text, TEXT_LIMIT);
        self.report(&Report::Log { t_ns: self.now_ns(), worker: self.0.worker, level, text });
    }

    /// This process runs.
    pub(super) fn ready(&self) {
        let pid = std::process::id();
        let ready = Report::Ready { t_ns: self.now_ns(), worker: self.0.worker, pid };
        match pidfd_open(getpid(), PidfdFlags::empty()) {
            Ok(pidfd) => self.0.reports.tell_with(&ready, pidfd.as_fd()),
            // Nobody can send it a signal then, and it goes on all the same.
            Err(_) => self.report(&ready),
        }
    }

    /// A task begins; `enqueued_ns` is when it was handed out, where that was before.
    pub(super) fn started(&self, task: TaskId, enqueued_ns: Option<u64>) -> Running {
        let start_ns = self.now_ns();
        let enqueued_ns = enqueued_ns.unwrap_or(start_ns);
        self.report(&Report::Started { t_ns: start_ns, worker: self.0.worker, task, enqueued_ns });
        let mut meter = TaskMeter::new(Telemetry::Full, Witness::None, self.0.clock);
        meter.begin(start_ns);
        Running { task, start_ns, meter }
    }

    pub(super) fn ended(&self, mut running: Running, outcome: Outcome) {
        let (t_ns, usage) = running.meter.end(running.start_ns);
        let usage = Box::new(usage);
        self.report(&Report::Ended { t_ns, worker: self.0.worker, task: running.task, outcome, usage });
    }

    /// Something that this process does without any primitive, such as sleeping.
    pub(super) fn during<T>(&self, verb: Verb, act: impl FnOnce() -> T) -> T {
        let (call, line) = (self.next_call(), self.0.line.load(Ordering::Relaxed));
        let began_ns = self.now_ns();
        self.tell_at(began_ns, Told::Began(Began { call, verb, object: None, whom: None, line }));
        let done = act();
        self.tell(Told::Done(Done {
            call,
            verb,
            object: None,
            whom: None,
            line,
            began_ns,
            message: None,
            bytes: None,
            depth: None,
            cell: None,
            end: End::Ok,
            value: None,
        }));
        done
    }

    fn next_call(&self) -> u32 {
        self.0.calls.fetch_add(1, Ordering::Relaxed) | OWN_CALL
    }

    /// # Errors
    /// An object that only this program's inside knows of.
    fn object(&self, object: Option<trace::ObjectId>) -> Result<Option<ObjectId>, Inside> {
        let known = self.0.objects.lock().unwrap_or_else(PoisonError::into_inner);
        object.map(|object| known.get(&object).copied().ok_or(Inside)).transpose()
    }

    fn child(&self, pid: Option<u32>) -> Option<WorkerId> {
        let children = self.0.children.lock().unwrap_or_else(PoisonError::into_inner);
        children.get(&pid?).copied()
    }

    fn run_ns(&self, monotonic_ns: u64) -> u64 {
        monotonic_ns.saturating_sub(self.0.clock.origin_ns)
    }
}

/// What the next operation of this thread moves.
pub(super) fn moves(value: &impl ToString) {
    VALUE.set(Some(cut(value.to_string(), VALUE_LIMIT).into()));
}

/// Not an object of the lesson.
struct Inside;

/// Tells the calls that are counted here from those that the primitives count.
const OWN_CALL: u32 = 1 << 31;

impl trace::Observer for Voice {
    fn began(&self, began: &trace::Began) {
        let Ok(object) = self.object(began.object) else { return };
        let told = Told::Began(Began {
            call: began.call as u32 & !OWN_CALL,
            verb: began.verb,
            object,
            whom: self.child(began.pid),
            line: self.0.line.load(Ordering::Relaxed),
        });
        self.tell_at(self.run_ns(began.t_ns), told);
    }

    fn done(&self, done: &trace::Done) {
        let Ok(object) = self.object(done.object) else { return };
        // The start of a process is told with its name once it has one.
        if done.verb == Verb::Start {
            return;
        }
        let told = Done {
            call: done.call as u32 & !OWN_CALL,
            verb: done.verb,
            object,
            whom: self.child(done.pid),
            line: self.0.line.load(Ordering::Relaxed),
            began_ns: self.run_ns(done.began_ns),
            message: done.message,
            bytes: done.bytes,
            depth: done.depth,
            cell: done.cell,
            end: within_bounds(&done.end),
            value: VALUE.take(),
        };
        let learns = matches!(done.verb, Verb::Get | Verb::Receive);
        if learns && done.end == End::Ok {
            KEPT.set(Some((self.run_ns(done.ended_ns), told)));
        } else {
            self.tell_at(self.run_ns(done.ended_ns), Told::Done(told));
        }
    }
}

/// An error's text may be as long as whoever made it liked.
fn within_bounds(end: &End) -> End {
    match end {
        End::Failed(why) => End::Failed(cut(why.to_string(), VALUE_LIMIT).into()),
        other => other.clone(),
    }
}

/// The text, or its beginning and a mark where it is too long.
fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let end = (0..=limit).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
