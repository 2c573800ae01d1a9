//! The lessons page: which lesson it shows, what was predicted, and what came of it.

mod attempt;
mod outcome;
mod place;
mod progress;
mod series;
pub(crate) mod stage;

use std::{collections::BTreeMap, sync::Arc};

pub(crate) use self::{
    attempt::{Attempt, Judged},
    outcome::Outcome,
    place::Place,
    progress::{Learned, Progress},
    series::Series,
    stage::{StageAction, StageView},
};
use super::runs::{Run, RunId, Runs};
use crate::{ids::WorkerId, lesson::What, store::LessonStore};

/// What the window shows in its centre.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Page {
    #[default]
    Lab,
    /// All lessons.
    Cards,
    Lesson,
}

/// What stands right of a lesson.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Code {
    #[default]
    Program,
    Python,
}

/// What may be asked for on the page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LessonAction {
    /// The page as it was left, or back to the lab.
    Toggle,
    Close,
    Cards,
    Go(Place),
    Answer {
        question: usize,
        choice: usize,
    },
    Run,
    /// Forget the answers and what came of the run, which stays in the lab.
    TryAgain,
    ShowCode(Code),
    /// Open what stands at the right, or close it.
    SetCode(bool),
    /// This line of what a process does.
    ShowLine(WorkerId, u32),
    OpenInLab,
    /// The lab is no longer about a lesson.
    LeaveLab,
    SaveLog,
}

#[derive(Default)]
pub(crate) struct Lessons {
    open: bool,
    place: Option<Place>,
    attempts: BTreeMap<Place, Attempt>,
    series: Option<Series>,
    outcome: Option<Outcome>,
    /// The lesson as it stood at a moment that is looked at.
    then: Option<(RunId, u64, Arc<LessonStore>)>,
    pub(crate) code: Code,
    /// Whether the code is open, where a person has said so.
    pub(crate) code_open: Option<bool>,
    /// The lesson whose pool or experiment the lab was set up with, as long as it says so.
    pub(crate) in_lab: Option<Place>,
    /// A line of a role that was asked for.
    pub(crate) line: Option<(Box<str>, u32)>,
    pub(crate) stage: StageView,
}

impl Lessons {
    pub(crate) fn page(&self) -> Page {
        match self.place {
            _ if !self.open => Page::Lab,
            None => Page::Cards,
            Some(_) => Page::Lesson,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    pub(crate) fn set_open(&mut self, open: bool) {
        self.open = open;
    }

    /// Shows this lesson, or all of them.
    pub(crate) fn go(&mut self, place: Option<Place>) {
        self.open = true;
        if place != self.place {
            self.place = place;
            self.outcome = None;
            self.then = None;
            self.line = None;
        }
    }

    pub(crate) fn place(&self) -> Option<Place> {
        self.place
    }

    pub(crate) fn attempt(&self, place: Place) -> Attempt {
        self.attempts.get(&place).cloned().unwrap_or_else(|| Attempt::new(place))
    }

    /// The run that a lesson shows: the last one of it, unless that belongs to a try before.
    pub(crate) fn run<'r>(&self, place: Place, runs: &'r Runs) -> Option<&'r Run> {
        let name = place.name();
        let after = self.attempts.get(&place).and_then(|attempt| attempt.after);
        runs.iter().rev().find(|run| run.spec().program_of() == Some(&name) && Some(run.id) > after)
    }

    /// The ordinary runs that a lesson shows.
    pub(crate) fn series(&self, place: Place) -> Option<&Series> {
        self.series.as_ref().filter(|series| series.place == place)
    }

    pub(crate) fn series_mut(&mut self) -> Option<&mut Series> {
        self.series.as_mut()
    }

    pub(crate) fn set_series(&mut self, series: Option<Series>) {
        self.series = series;
    }

    /// One of a lesson's ordinary runs is still to come.
    pub(crate) fn is_waiting(&self) -> bool {
        self.series.as_ref().is_some_and(Series::is_waiting)
    }

    /// It was run, so that no answer can be changed any more.
    pub(crate) fn has_run(&self, place: Place, runs: &Runs) -> bool {
        let ran = self.attempts.get(&place).is_some_and(|attempt| attempt.ran);
        ran || match place.variant().what {
            What::Program(_) => self.run(place, runs).is_some(),
            What::Runs(_) => self.series(place).is_some(),
        }
    }

    /// From now on no answer can be changed.
    pub(crate) fn note_run(&mut self, place: Place) {
        self.attempts.entry(place).or_insert_with(|| Attempt::new(place)).ran = true;
    }

    pub(crate) fn answer(&mut self, place: Place, question: usize, choice: usize) {
        self.attempts.entry(place).or_insert_with(|| Attempt::new(place)).answer(question, choice);
    }

    /// Forgets the answers. Runs up to the newest belong to the try before.
    pub(crate) fn try_again(&mut self, place: Place, runs: &Runs) {
        let after = runs.iter().map(|run| run.id).max();
        self.attempts.insert(place, Attempt { after, ..Attempt::new(place) });
        if self.series(place).is_some() {
            self.series = None;
        }
        self.outcome = None;
        self.then = None;
    }

    /// What came of the run so far.
    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// The questions of the shown lesson as its run answers them; `None` before it does.
    pub(crate) fn judged(&self) -> Option<Vec<Judged>> {
        let place = self.place?;
        let answered = match place.variant().what {
            What::Program(_) => self.outcome.as_ref()?.answered.as_ref()?,
            What::Runs(_) => self.series(place)?.answered()?,
        };
        Some(self.attempt(place).judge(answered))
    }

    /// Takes in how far the runs of the shown lesson have come. Gives what was learnt, once that is known.
    pub(crate) fn refresh(&mut self, runs: &Runs) -> Option<(Place, Progress)> {
        if let Some(series) = &mut self.series {
            series.refresh(runs);
        }
        let place = self.place?;
        match self.run(place, runs) {
            Some(run) if self.outcome.as_ref().is_none_or(|outcome| !outcome.is_of(run)) => {
                self.outcome = Some(Outcome::of(place, run));
            }
            Some(_) => {}
            None => self.outcome = None,
        }
        let judged = self.judged()?;
        let all_right = judged.iter().all(Judged::is_right);
        Some((place, if all_right { Progress::Understood } else { Progress::Run }))
    }

    /// The lesson of a run as it stood at a moment.
    pub(crate) fn at(&mut self, run: &Run, t_ns: u64) -> Arc<LessonStore> {
        match &self.then {
            Some((id, at_ns, then)) if (*id, *at_ns) == (run.id, t_ns) => Arc::clone(then),
            _ => {
                let then = Arc::new(run.whole().lesson.at(t_ns));
                self.then = Some((run.id, t_ns, Arc::clone(&then)));
                then
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::{
        record::{Label, RunFile},
        spec::{Draft, Spec},
        store::RunStore,
    };

    fn open(runs: &mut Runs, spec: Spec) {
        let file = RunFile {
            title: spec.title(),
            spec,
            store: RunStore::default(),
            build: String::new(),
            label: Label::default(),
            gap: None,
            cut_off: false,
        };
        runs.open(PathBuf::from("x.pscope"), file);
    }

    #[test]
    fn the_run_of_a_lesson_outlasts_ordinary_runs() {
        let place = Place::bases().next().unwrap();
        let (mut lessons, mut runs) = (Lessons::default(), Runs::default());
        open(&mut runs, place.lesson().spec(place.variant()).unwrap());
        for _ in 0..30 {
            open(&mut runs, Draft::default().validate().unwrap());
        }
        assert!(runs.iter().count() < 30, "older runs make room");
        assert!(lessons.run(place, &runs).is_some());
        lessons.answer(place, 0, 1);
        lessons.try_again(place, &runs);
        assert!(!lessons.has_run(place, &runs) && lessons.attempt(place).answers[0].is_none());
    }

    #[test]
    fn an_answer_stays_given_though_the_run_is_gone() {
        let place = Place::bases().next().unwrap();
        let (mut lessons, runs) = (Lessons::default(), Runs::default());
        lessons.answer(place, 0, 1);
        assert!(!lessons.has_run(place, &runs));
        lessons.note_run(place);
        assert!(lessons.has_run(place, &runs));
        assert_eq!(lessons.attempt(place).answers[0], Some(1));
        lessons.try_again(place, &runs);
        assert!(!lessons.has_run(place, &runs));
    }
}
