//! What the window does about lessons: opening the page, running, judging, and taking a lesson to the lab.

use eframe::egui::{Context, Ui};

use super::{
    action::{Action, Actions, Panel},
    app::App,
    form::Form,
    lessons::{Code, LessonAction, Page, Place, Series},
    panels::lessons::{PageState, page_ui},
};
use crate::{lesson::What, spec::Spec};

impl App {
    pub(super) fn apply_lesson(&mut self, ctx: &Context, action: LessonAction) {
        let place = self.lessons.place();
        match (action, place) {
            (LessonAction::Toggle, _) => self.lessons.set_open(!self.lessons.is_open()),
            (LessonAction::Close, _) => self.lessons.set_open(false),
            (LessonAction::Cards, _) => self.lessons.go(None),
            (LessonAction::Go(place), _) => self.lessons.go(Some(place)),
            (LessonAction::ShowCode(code), _) => self.lessons.code = code,
            (LessonAction::SetCode(open), _) => self.lessons.code_open = Some(open),
            (LessonAction::ShowLine(worker, line), Some(place)) => {
                let run = self.lessons.run(place, &self.runs);
                let role = run.and_then(|run| run.whole().lesson.role(worker));
                self.lessons.line = role.map(|role| (role.role.clone(), line));
                (self.lessons.code, self.lessons.code_open) = (Code::Program, Some(true));
            }
            (LessonAction::Answer { question, choice }, Some(place))
                if !self.lessons.has_run(place, &self.runs) =>
            {
                self.lessons.answer(place, question, choice);
            }
            (LessonAction::Run, Some(place)) if !self.busy() => self.run_lesson(ctx, place),
            (LessonAction::TryAgain, Some(place)) if !self.busy() => {
                self.lessons.try_again(place, &self.runs);
            }
            (LessonAction::OpenInLab, Some(place)) => self.open_in_lab(place),
            (LessonAction::LeaveLab, _) => self.lessons.in_lab = None,
            (LessonAction::SaveLog, Some(place)) => {
                if let (Some(log), Some(run)) = (&place.lesson().log, self.lessons.run(place, &self.runs)) {
                    self.exporter.begin_lesson_log(ctx, run, log);
                }
            }
            _ => {}
        }
    }

    fn run_lesson(&mut self, ctx: &Context, place: Place) {
        match &place.variant().what {
            What::Program(_) => match place.lesson().spec(place.variant()) {
                Ok(spec) => {
                    self.start(ctx, spec);
                    if self.lessons.run(place, &self.runs).is_some() {
                        self.lessons.note_run(place);
                    }
                }
                Err(errors) => {
                    let why: Vec<String> = errors.iter().map(ToString::to_string).collect();
                    self.notices.error(format!("The lesson could not start: {}", why.join("; ")));
                }
            },
            // The next frame begins the first of its runs.
            What::Runs(_) => self.lessons.set_series(Some(Series::new(place))),
        }
    }

    /// How far the lesson's runs have come. Begins the next of them where several belong to one lesson.
    pub(super) fn take_in_lessons(&mut self, ctx: &Context) {
        if let Some((place, progress)) = self.lessons.refresh(&self.runs) {
            self.remembered.learned.note(place, progress);
        }
        if !self.lessons.is_waiting() || self.runs.busy() || self.experiments.is_going() {
            return;
        }
        let newest = self.runs.shown().map(|run| run.id);
        let Some(spec) = self.lessons.series_mut().and_then(|series| series.next()).cloned() else { return };
        self.start(ctx, spec);
        let begun = self.runs.shown().map(|run| run.id).filter(|id| Some(*id) != newest);
        if let Some(series) = self.lessons.series_mut() {
            match begun {
                Some(id) => series.begin(id),
                None => series.stop(),
            }
            let place = series.place;
            if begun.is_some() {
                self.lessons.note_run(place);
            }
        }
    }

    /// What is done in the lab is seen in the lab.
    pub(super) fn leave_lessons_for(&mut self, action: &Action) {
        let in_lab = matches!(
            action,
            Action::ShowPanel(_)
                | Action::SetPanel(..)
                | Action::ToggleSetup
                | Action::ResetLayout
                | Action::ToggleCompared
                | Action::ShowRun(_)
                | Action::OpenExperiment(_)
                | Action::PickPreset(_)
                | Action::PickRecent(_)
        );
        if in_lab {
            self.lessons.set_open(false);
        }
    }

    /// Shows the page of the lesson that this spec runs. False where it is none that this program knows.
    pub(super) fn show_lesson_of(&mut self, spec: &Spec) -> bool {
        let place = spec.program_of().and_then(Place::of);
        if place.is_some() {
            self.lessons.go(place);
        }
        place.is_some()
    }

    /// Sets up what corresponds to a lesson, and shows its run where it has one.
    fn open_in_lab(&mut self, place: Place) {
        let run = self.lessons.run(place, &self.runs).map(|run| run.id);
        let lab = place.variant().lab.as_ref();
        if run.is_none() && lab.is_none() {
            return;
        }
        self.lessons.set_open(false);
        self.leave_comparison();
        if let Some(id) = run {
            self.runs.show(id);
            self.axis.fit();
            self.dock.bring(Panel::Timeline);
        }
        let Some(lab) = lab else { return };
        self.form = Form::from_spec(&lab.spec);
        self.remembered.setup = true;
        self.lessons.in_lab = Some(place);
        self.experiments.vary.take_over(&lab.vary);
        // What an experiment has found before is about something else.
        if !self.experiments.is_going() {
            self.experiments.clear();
        }
        if !lab.vary.is_empty() {
            self.dock.bring(Panel::Experiment);
        }
    }

    /// The page, in the place of the lab.
    pub(super) fn lessons_ui(&mut self, ui: &mut Ui, actions: &mut Actions) {
        let busy = self.busy();
        self.lessons.stage.play(ui.ctx(), self.pacer.interval());
        let state = PageState { runs: &self.runs, learned: &self.remembered.learned, busy };
        page_ui(ui, &mut self.lessons, state, actions);
    }

    /// Keys of the page that others have too belong to a menu that is open.
    pub(super) fn takes_escape(&self, ctx: &Context) -> bool {
        self.lessons.page() != Page::Lab && !eframe::egui::Popup::is_any_open(ctx)
    }
}
