//! The middle of a lesson: how its run stands, who waits for ever, and what its processes do with one another.

use eframe::egui::{Align, Button, Color32, Frame, Label, Layout, Margin, RichText, ScrollArea, Stroke, Ui};

use super::{PageState, program::program_ui};
use crate::{
    analysis::{LessonProcess, processes},
    event::Status,
    gui::{
        action::{Action, Actions},
        lessons::{LessonAction, Lessons, Place, StageAction, stage::show},
        runs::Run,
        theme::{GAP, GAP_LARGE, GAP_SMALL, LINE, Palette},
    },
    lesson::What,
    store::Phase,
    units,
};

pub(super) fn stage_ui(
    ui: &mut Ui,
    lessons: &mut Lessons,
    place: Place,
    state: PageState<'_>,
    code_open: bool,
    actions: &mut Actions,
) {
    let run = lessons.run(place, state.runs);
    head_ui(ui, &run.map_or_else(|| "Not run yet".to_owned(), words), code_open, actions);
    let Some(run) = run else {
        before_ui(ui, place, code_open);
        return;
    };
    stuck_ui(ui, run, lessons.stage.moment());
    if let Some(outcome) = lessons.outcome().filter(|outcome| !outcome.unexpected.is_empty()) {
        let color = Palette::of(ui).warning;
        notice_ui(ui, "This run came out otherwise than the lesson says", &outcome.unexpected, color);
    }
    for asked in show(ui, &Palette::of(ui), run.whole(), &mut lessons.stage) {
        match asked {
            StageAction::Process(worker, Some(line)) => {
                actions.push(Action::Lesson(LessonAction::ShowLine(worker, line)));
            }
            // The stage keeps its moment, and asks for a frame in which the rest follows.
            StageAction::Process(_, None) | StageAction::Moment(_) => {}
        }
    }
}

/// What will be run, where it stands nowhere else.
fn before_ui(ui: &mut Ui, place: Place, code_open: bool) {
    let text = "Every process of this lesson will have a lane here, with all that it does. Predict at the left, then press Run.";
    super::super::cells::empty(ui, text);
    ui.add_space(GAP_LARGE);
    if let (What::Program(program), false) = (&place.variant().what, code_open) {
        ScrollArea::both().auto_shrink(false).id_salt(("lesson before", place)).show(ui, |ui| {
            program_ui(ui, program, &[], None);
        });
    }
}

/// How it stands, and whether the code is open.
pub(super) fn head_ui(ui: &mut Ui, words: &str, code_open: bool, actions: &mut Actions) {
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let code = ui.add(Button::selectable(code_open, "Code"));
            if code.on_hover_text("The program of each process, and the same in Python").clicked() {
                actions.push(Action::Lesson(LessonAction::SetCode(!code_open)));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(RichText::new(words).strong()).truncate());
            });
        });
    });
    ui.add_space(GAP_SMALL);
}

fn words(run: &Run) -> String {
    let store = run.whole();
    let took = units::duration(store.last_end_ns.max(store.now_ns));
    match store.phase {
        _ if run.live => "The processes run…".to_owned(),
        _ if store.lesson.stuck.is_some() => {
            format!("Stuck: nothing could happen any more, and after {took} Poolscope ended it")
        }
        Phase::Ended(Status::Finished) => {
            let badly: Vec<String> =
                processes(store).into_iter().filter(ended_badly).map(|process| process.name).collect();
            let which =
                if badly.is_empty() { String::new() } else { format!(" ({} not well)", badly.join(", ")) };
            format!("All processes have ended{which}, after {took}")
        }
        phase => {
            let why = store.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            format!("The run is {}{why}. Nothing can be told from it.", phase.name())
        }
    }
}

fn ended_badly(process: &LessonProcess) -> bool {
    process.end.as_deref().is_some_and(|end| end != "exit 0")
}

/// Who waits for whom, in a sentence each. At a moment before that it keeps its room, so that nothing jumps while one goes
/// through the moments.
fn stuck_ui(ui: &mut Ui, run: &Run, moment: Option<u64>) {
    let lesson = &run.whole().lesson;
    let Some(stuck) = &lesson.stuck else { return };
    let mut lines: Vec<String> = stuck
        .waiters
        .iter()
        .map(|waiter| {
            let why = waiter.why.trim();
            let name = lesson.name(waiter.worker);
            if why.starts_with(&name) { why.to_owned() } else { format!("{name}: {why}") }
        })
        .collect();
    lines.push("No process that is left could ever end this, so Poolscope has ended the lesson.".to_owned());
    let palette = Palette::of(ui);
    if moment.is_some_and(|t_ns| t_ns < stuck.t_ns) {
        notice_ui(ui, "At this moment not yet; at the end they wait for ever", &lines, palette.text_weak);
    } else {
        notice_ui(ui, "They wait for ever", &lines, palette.warning);
    }
}

fn notice_ui(ui: &mut Ui, title: &str, lines: &[String], color: Color32) {
    let palette = Palette::of(ui);
    let frame = Frame::new()
        .fill(palette.plot)
        .stroke(Stroke::new(LINE, color))
        .corner_radius(4.0)
        .inner_margin(Margin::same(GAP as i8));
    let words = if color == palette.warning { palette.text } else { color };
    frame.show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.label(RichText::new(title).strong().color(color));
        for line in lines {
            ui.add(Label::new(RichText::new(line).color(words)).wrap());
        }
    });
    ui.add_space(GAP_SMALL);
}
