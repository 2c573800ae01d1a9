//! What came out of a lesson: what it printed and logged, how its processes ended, and who was right.

mod lab;
mod measures;

use serde::Serialize;

pub use lab::answered_by_runs;
pub use measures::{holds, measure};

use super::{Observer, RunReport};
use crate::{
    event::lesson::ObjectKind,
    lesson::{Condition, Ending, Lesson, Variant, compare_lines},
    store::{Phase, RunStore},
};

/// One process.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Process {
    pub name: String,
    pub role: String,
    pub pid: Option<u32>,
    /// `exit 0`, `SIGKILL` and so on; `waits` for one that waits for ever; `None` while it runs.
    pub end: Option<String>,
}

/// One shared object, as it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shared {
    pub name: String,
    pub kind: ObjectKind,
    pub cells: Vec<i64>,
    /// Messages or permits in it.
    pub depth: u32,
    /// What was done with it.
    pub operations: usize,
}

/// A question with the answer that this run gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answered {
    pub ask: String,
    /// Each choice, and whether it was right; `None` where the run does not tell.
    pub choices: Vec<(String, Option<bool>)>,
    pub why: String,
}

/// An ordinary pool that shows in numbers what a lesson is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InLab {
    pub about: String,
    /// For a shell: one run, or an experiment.
    pub command: String,
}

impl InLab {
    /// `None` where the lesson has none.
    pub fn of(variant: &Variant) -> Option<Self> {
        variant.lab.as_ref().map(|lab| Self { about: lab.about.clone(), command: lab.command() })
    }
}

/// A lesson's run.
#[derive(Clone, Debug, Serialize)]
pub struct LessonReport {
    pub name: String,
    pub title: String,
    pub about: String,
    /// `finished`, `stuck`, or how else the run ended or stands.
    pub ended: String,
    /// Lines, in the order in which they were printed.
    pub printed: Vec<String>,
    /// Lines in the lesson's own pattern, where it keeps a log.
    pub log: Vec<String>,
    pub log_file: Option<String>,
    pub processes: Vec<Process>,
    pub shared: Vec<Shared>,
    /// Why some of them wait for ever.
    pub stuck: Option<String>,
    pub questions: Vec<Answered>,
    /// What corresponds in the lab.
    pub lab: Option<InLab>,
    /// What came out otherwise than the lesson says; empty where nothing did.
    pub unexpected: Vec<String>,
    pub run: RunReport,
}

/// What any lesson's run tells, whether this program knows the lesson or not.
#[derive(Clone, Debug, Serialize)]
pub struct LessonTold {
    pub printed: Vec<String>,
    pub processes: Vec<Process>,
    pub shared: Vec<Shared>,
    pub stuck: Option<String>,
}

impl LessonTold {
    /// `None` for every other run.
    pub fn new(store: &RunStore) -> Option<Self> {
        let told = &store.lesson;
        (!told.is_empty()).then(|| Self {
            printed: told.printed.iter().map(|line| line.text.to_string()).collect(),
            processes: processes(store),
            shared: shared(store),
            stuck: told.stuck.as_ref().map(|stuck| stuck.text.to_string()),
        })
    }
}

impl LessonReport {
    /// `log` are the lines of the lesson's log in its own pattern.
    pub fn new(
        lesson: &Lesson,
        variant: &Variant,
        store: &RunStore,
        log: Vec<String>,
        observer: Observer,
    ) -> Self {
        let told = &store.lesson;
        let mut report = Self {
            name: lesson.name_of(variant).to_string(),
            title: variant.title.clone(),
            about: variant.about.clone(),
            ended: ended(store),
            printed: told.printed.iter().map(|line| line.text.to_string()).collect(),
            log,
            log_file: lesson.log.as_ref().map(|log| log.file.clone()),
            processes: processes(store),
            shared: shared(store),
            stuck: told.stuck.as_ref().map(|stuck| stuck.text.to_string()),
            questions: answered(variant, store),
            lab: InLab::of(variant),
            unexpected: Vec::new(),
            run: RunReport::new(store, observer),
        };
        report.unexpected = unexpected(variant, store, &report);
        report
    }
}

fn ended(store: &RunStore) -> String {
    match store.phase {
        _ if store.lesson.stuck.is_some() => "stuck".to_owned(),
        Phase::Ended(status) => status.to_string(),
        live => live.name().to_owned(),
    }
}

/// Every process of a lesson, in the order of starting.
pub fn processes(store: &RunStore) -> Vec<Process> {
    (0..)
        .map(crate::ids::WorkerId)
        .zip(&store.lesson.roles)
        .filter_map(|(worker, role)| {
            let role = role.as_ref()?;
            let lives = store.lanes.get(worker.index()).map(|lane| lane.lives.as_slice()).unwrap_or_default();
            Some(Process {
                name: role.name.to_string(),
                role: role.role.to_string(),
                // One that was ended before it ran has told of none.
                pid: lives.last().map(|life| life.pid).filter(|pid| *pid != 0),
                end: measures::exit(store, worker),
            })
        })
        .collect()
}

fn shared(store: &RunStore) -> Vec<Shared> {
    let mut operations = vec![0; store.lesson.objects.len()];
    for call in store.lesson.calls.iter() {
        if let Some(count) = call.done.object.and_then(|object| operations.get_mut(object.index())) {
            *count += 1;
        }
    }
    let object = |(at, object): (usize, &crate::store::Object)| Shared {
        name: object.name.to_string(),
        kind: object.kind,
        cells: object.cells.clone(),
        depth: object.depth,
        operations: operations[at],
    };
    store.lesson.objects.iter().enumerate().map(object).collect()
}

/// The questions of a variant with what this run says to each choice.
pub fn answered(variant: &Variant, store: &RunStore) -> Vec<Answered> {
    answers(variant, |condition| holds(store, condition))
}

fn answers(variant: &Variant, holds: impl Fn(&Condition) -> Option<bool>) -> Vec<Answered> {
    let answer = |question: &crate::lesson::Question| Answered {
        ask: question.ask.clone(),
        choices: question
            .choices
            .iter()
            .map(|choice| (choice.text.clone(), holds(&choice.condition)))
            .collect(),
        why: question.why.clone(),
    };
    variant.questions.iter().map(answer).collect()
}

/// What is otherwise than the lesson says.
fn unexpected(variant: &Variant, store: &RunStore, report: &LessonReport) -> Vec<String> {
    let expect = &variant.expect;
    let mut found = Vec::new();
    let wanted: &[&str] = match expect.ended {
        // Also who expects nothing expects that it comes to its end.
        _ if expect.anything => &["finished", "stuck"],
        Ending::Finished => &["finished"],
        Ending::Stuck => &["stuck"],
    };
    if !wanted.contains(&report.ended.as_str()) {
        let why = store.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        found.push(format!("it ended {}, and not {}{why}", report.ended, wanted.join(" or ")));
    }
    if expect.anything {
        return found;
    }
    let logged: Vec<&str> = store.lesson.logged.iter().map(|line| &*line.text).collect();
    let printed: Vec<&str> = report.printed.iter().map(String::as_str).collect();
    found.extend(compare_lines(&expect.printed, &printed).err().map(|wrong| format!("printed: {wrong}")));
    // Where a lesson expects nothing of its log, what the primitives have to say of it is welcome.
    if !expect.logged.is_empty() {
        found.extend(compare_lines(&expect.logged, &logged).err().map(|wrong| format!("logged: {wrong}")));
    }
    // Which of a pool's workers dies depends on who had the item; the item itself is told by `main`'s end.
    let of_a_pool = |name: &str| {
        store.lesson.roles.iter().flatten().any(|role| role.task.is_none() && &*role.name == name)
    };
    for process in report.processes.iter().filter(|process| !of_a_pool(&process.name)) {
        let end = process.end.as_deref().unwrap_or("still runs");
        let wanted = if expect.stuck.contains(&process.name) {
            "waits"
        } else {
            let died = expect.died.iter().find(|(name, _)| *name == process.name);
            died.map_or("exit 0", |(_, end)| end)
        };
        if end != wanted {
            found.push(format!("{} ended with {end}, and not with {wanted}", process.name));
        }
    }
    found
}

/// An ordinary run of a lesson.
#[derive(Clone, Debug, Serialize)]
pub struct LabReport {
    pub label: String,
    /// How the run ended, in a word.
    pub ended: String,
    /// `62 ok, 2 crashed`
    pub tally: String,
    /// The most that its engine and its workers had in memory together.
    pub memory_bytes: u64,
    /// What came out otherwise than the lesson says.
    pub unexpected: Vec<String>,
    pub run: RunReport,
}

impl LabReport {
    pub fn new(lab: &crate::lesson::LabRun, store: &RunStore, observer: Observer) -> Self {
        let lost = store.phase == Phase::Ended(crate::event::Status::Lost);
        let mut unexpected = Vec::new();
        if lost != lab.expect.lost {
            unexpected.push(format!("it ended {}", ended(store)));
        }
        if let Some(ok) = lab.expect.ok.filter(|ok| *ok != store.tally.ok) {
            unexpected.push(format!("{} tasks ended ok, and not {ok}", store.tally.ok));
        }
        // Threads live in their engine's memory.
        let own =
            store.info.as_ref().is_some_and(|info| info.spec.backend == crate::spec::Backend::Processes);
        let workers: u64 = store
            .workers
            .iter()
            .filter(|_| own)
            .map(|row| row.max_pss_bytes.unwrap_or(row.max_rss_bytes))
            .sum();
        Self {
            label: lab.label.clone(),
            ended: ended(store),
            tally: store.tally.words(),
            memory_bytes: workers.saturating_add(store.engine_max_rss_bytes),
            unexpected,
            run: RunReport::new(store, observer),
        }
    }
}
