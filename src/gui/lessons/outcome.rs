//! What came of a lesson's run so far: its log as its file would have it, and once it is over who was right.

use super::Place;
use crate::{
    analysis::{Answered, LessonReport},
    event::Status,
    export::{LogPattern, write_lesson_log},
    gui::runs::{Run, RunId},
    lesson::Lesson,
    store::{Phase, RunStore},
};

/// Made anew when more is known.
#[derive(Debug)]
pub(crate) struct Outcome {
    run: RunId,
    live: bool,
    logged: usize,
    /// In the lesson's pattern and in order of time, each line with when it was logged.
    pub(crate) log: Vec<(u64, String)>,
    /// `None` while it runs, and for a run that somebody stopped or that was lost: it tells nothing.
    pub(crate) answered: Option<Vec<Answered>>,
    /// What came out otherwise than the lesson says.
    pub(crate) unexpected: Vec<String>,
}

impl Outcome {
    pub(super) fn of(place: Place, run: &Run) -> Self {
        let (lesson, store) = (place.lesson(), run.whole());
        let log = log_lines(lesson, store);
        let mut outcome = Self {
            run: run.id,
            live: run.live,
            logged: store.lesson.logged.len(),
            log,
            answered: None,
            unexpected: Vec::new(),
        };
        let told = store.lesson.stuck.is_some() || store.phase == Phase::Ended(Status::Finished);
        if !run.live && told {
            let report = LessonReport::new(lesson, place.variant(), store, Vec::new(), run.observer());
            outcome.answered = Some(report.questions);
            outcome.unexpected = report.unexpected;
        }
        outcome
    }

    /// It says all that is known of this run.
    pub(super) fn is_of(&self, run: &Run) -> bool {
        (self.run, self.live, self.logged) == (run.id, run.live, run.whole().lesson.logged.len())
    }
}

fn log_lines(lesson: &Lesson, store: &RunStore) -> Vec<(u64, String)> {
    let Some(pattern) = lesson.log.as_ref().and_then(|log| LogPattern::parse(&log.format).ok()) else {
        return Vec::new();
    };
    let mut bytes = Vec::new();
    // Nothing fails that is written to memory.
    let _ = write_lesson_log(store, &pattern, &jiff::tz::TimeZone::system(), &mut bytes);
    // Each record is one line.
    let mut times: Vec<u64> = store.lesson.logged.iter().map(|line| line.t_ns).collect();
    times.sort_unstable();
    times.into_iter().zip(String::from_utf8_lossy(&bytes).lines().map(str::to_owned)).collect()
}
