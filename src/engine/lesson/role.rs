//! One process of a lesson: takes what it was given, runs its role, and ends as a process of Python's `multiprocessing`
//! would: it waits for its children, then for what it put into queues to be read.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{interpret::Interpreter, pool, report::Reports, shared::Objects, voice::Voice};
use crate::{
    event::{Level, Outcome, lesson::ObjectId},
    ids::{TaskId, WorkerId},
    lesson::{
        self, Value, Variant, What,
        program::{MAX_PROCESSES, Program},
    },
    mp::{self, Array, Entry, Given, Lock, Package, trace},
    spec::LessonName,
    time::RunClock,
};

/// The entries of a child, see [`mp::run_child`].
pub(super) const ROLE: &str = "role";
pub(super) const POOL_WORKER: &str = "pool worker";
const ENTRIES: [(&str, Entry); 2] = [(ROLE, run_role), (POOL_WORKER, pool::run_worker)];

/// A role that failed, as an uncaught exception ends a Python program.
const FAILED: i32 = 1;

/// Places in [`Array`] of counters that all processes of a lesson share.
const NEXT_WORKER: usize = 0;
const NEXT_TASK: usize = 1;
const NEXT_OBJECT: usize = 2;

/// Who a process is, beside the objects that it shares.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Person {
    pub(super) lesson: LessonName,
    pub(super) role: String,
    pub(super) name: String,
    pub(super) worker: WorkerId,
    /// `None` for a worker of a pool.
    pub(super) task: Option<TaskId>,
    pub(super) arguments: Vec<(String, Value)>,
    pub(super) clock: RunClock,
}

/// What every process of a lesson has.
#[derive(Debug)]
pub(super) struct Household {
    pub(super) person: Person,
    pub(super) program: Cow<'static, Program>,
    /// Of the lesson, where this program does not carry it.
    text: Option<Box<str>>,
    pub(super) voice: Voice,
    counters: Array,
    /// Of whoever numbers an object.
    numbering: Lock,
}

/// `poolscope role`: a process of a lesson.
pub fn role_main() -> u8 {
    crate::life::no_core_dumps();
    u8::try_from(mp::run_child(&ENTRIES)).unwrap_or(u8::MAX)
}

/// The program of a lesson that is carried here, or of the one whose text this is.
pub(super) fn program(name: &LessonName, text: Option<&str>) -> Result<Cow<'static, Program>, String> {
    let missing = || format!("there is no lesson {name} whose processes could be started");
    match text {
        Some(text) => {
            let lesson = lesson::read_own(text).map_err(|wrong| wrong.join("; "))?;
            let variant = lesson.variant(name.variant.as_deref()).filter(|_| lesson.name == name.name);
            variant.and_then(program_of).cloned().map(Cow::Owned)
        }
        None => lesson::find(&name.name)
            .and_then(|lesson| lesson.variant(name.variant.as_deref()))
            .and_then(program_of)
            .map(Cow::Borrowed),
    }
    .ok_or_else(missing)
}

fn program_of(variant: &Variant) -> Option<&Program> {
    match &variant.what {
        What::Program(program) => Some(program),
        What::Runs(_) => None,
    }
}

/// What `main` is given by the engine.
pub(super) fn first_package(
    person: &Person,
    text: Option<&str>,
    reports: &Reports,
) -> std::io::Result<Package> {
    let failed = std::io::Error::other::<mp::PackageError>;
    let counters = Array::new(&[1, 1, 0])?;
    let numbering = Lock::new()?;
    let mut package = Package::new();
    package.value("person", person).map_err(failed)?;
    package.value("lesson", &text).map_err(failed)?;
    package.object("reports", reports).map_err(failed)?;
    package.object("counters", &counters).map_err(failed)?;
    package.object("numbering", &numbering).map_err(failed)?;
    Ok(package)
}

impl Household {
    pub(super) fn take(given: &Given) -> Result<Self, String> {
        let wrong = |error: mp::GivenError| error.to_string();
        let person: Person = given.value("person").map_err(wrong)?;
        let reports: Reports = given.object("reports").map_err(wrong)?;
        let counters = given.object("counters").map_err(wrong)?;
        let numbering = given.object("numbering").map_err(wrong)?;
        let text: Option<Box<str>> = given.value("lesson").map_err(wrong)?;
        let program = program(&person.lesson, text.as_deref())?;
        let voice = Voice::new(person.worker, person.clock, reports);
        let _is_the_first = trace::observe(Box::new(voice.clone()));
        Ok(Self { person, program, text, voice, counters, numbering })
    }

    /// What a child is given that every process has.
    pub(super) fn package(&self, child: &Person) -> Result<Package, mp::PackageError> {
        let mut package = Package::new();
        package.value("person", child)?;
        package.value("lesson", &self.text)?;
        package.object("reports", self.voice.reports())?;
        package.object("counters", &self.counters)?;
        package.object("numbering", &self.numbering)?;
        Ok(package)
    }

    /// The number of the next process of this lesson.
    ///
    /// # Errors
    /// There have been as many as a lesson may have.
    pub(super) fn next_worker(&self) -> Result<WorkerId, String> {
        let next = self.count(NEXT_WORKER, 1);
        let too_many = || format!("a lesson has at most {MAX_PROCESSES} processes");
        if next < MAX_PROCESSES { Ok(WorkerId(next)) } else { Err(too_many()) }
    }

    /// The first of the numbers of so many tasks.
    pub(super) fn next_tasks(&self, count: u32) -> TaskId {
        TaskId(self.count(NEXT_TASK, count))
    }

    /// Gives a new object the next number, and tells of it before anybody else can tell of another: whoever listens takes
    /// them in their order.
    pub(super) fn number_object(&self, tell: impl FnOnce(ObjectId)) {
        let _a_dead_one_may_have_told = self.numbering.acquire();
        let next = self.counters.get(NEXT_OBJECT).unwrap_or_default();
        tell(ObjectId(u32::try_from(next).unwrap_or(u32::MAX)));
        let _is_there = self.counters.set(NEXT_OBJECT, next + 1);
        let _is_held = self.numbering.release();
    }

    fn count(&self, place: usize, by: u32) -> u32 {
        let before = self.counters.fetch_add(place, by.into()).unwrap_or_default();
        u32::try_from(before).unwrap_or(u32::MAX)
    }
}

fn run_role(given: Given) -> i32 {
    let Ok(household) = Household::take(&given) else { return mp::NO_PACKAGE };
    let voice = household.voice.clone();
    let task = household.person.task;
    voice.ready();
    let running = task.map(|task| voice.started(task, None));
    let objects = if household.person.worker == WorkerId(0) {
        Objects::make(&household.program.shared, &household).map_err(|error| error.to_string())
    } else {
        Objects::take(&given, &voice).map_err(|error| error.to_string())
    };
    drop(given);
    let end = objects.and_then(|objects| Interpreter::new(&household, objects).run());
    let (outcome, code) = match end {
        Ok(0) => (Outcome::Ok, 0),
        Ok(code) => (Outcome::Failed(format!("exit {code}").into()), code),
        Err(why) => {
            voice.logs(Level::Error, why.clone());
            (Outcome::Failed(why.into()), FAILED)
        }
    };
    if let Some(running) = running {
        voice.ended(running, outcome);
    }
    code
}
