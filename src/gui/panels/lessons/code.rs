//! The right of a lesson: the program of each process, or the same in Python.

use eframe::egui::{Align, Button, Label, Layout, ScrollArea, Ui};

use super::{PageState, highlight, program};
use crate::{
    gui::{
        action::{Action, Actions},
        lessons::{Code, LessonAction, Lessons, Place},
        theme::{GAP_SMALL, Palette},
    },
    lesson::{Python, What},
};

pub(super) fn code_ui(
    ui: &mut Ui,
    lessons: &mut Lessons,
    place: Place,
    state: PageState<'_>,
    actions: &mut Actions,
) {
    let variant = place.variant();
    let program = match &variant.what {
        What::Program(program) => Some(program),
        What::Runs(_) => None,
    };
    let code = if program.is_some() { lessons.code } else { Code::Python };
    let text = match (code, program) {
        (Code::Program, Some(program)) => program::text(program),
        _ => variant.python.map_or_else(String::new, |python| python.text.to_owned()),
    };
    ui.horizontal(|ui| {
        for (tab, name) in [(Code::Program, "Program"), (Code::Python, "Python")] {
            if tab == Code::Program && program.is_none() {
                continue;
            }
            if ui.add(Button::selectable(code == tab, name)).clicked() {
                actions.push(Action::Lesson(LessonAction::ShowCode(tab)));
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.add(Button::new("Copy")).on_hover_text("Copy all of it").clicked() {
                actions.push(Action::Copy(text));
            }
        });
    });
    ui.add_space(GAP_SMALL);
    match (code, program) {
        (Code::Program, Some(program)) => {
            let moment = lessons.stage.moment();
            let stands = match (lessons.run(place, state.runs), moment) {
                (None, _) => Vec::new(),
                (Some(run), None) => program::stands(run, &run.whole().lesson, None),
                (Some(run), Some(t_ns)) => program::stands(run, &lessons.at(run, t_ns), moment),
            };
            let chosen = lessons.line.as_ref().map(|(role, line)| (&**role, *line));
            let scroll = ScrollArea::both().auto_shrink(false).id_salt(("lesson program", place));
            scroll.show(ui, |ui| program::program_ui(ui, program, &stands, chosen));
        }
        _ => {
            if let Some(python) = variant.python {
                python_ui(ui, python, place);
            }
        }
    }
}

fn python_ui(ui: &mut Ui, python: Python, place: Place) {
    let about = if python.hangs {
        format!("{}: Python never comes to the end of this. Ctrl+C ends it.", python.file)
    } else {
        format!("{}: runs with Python 3 as it stands.", python.file)
    };
    ui.add(Label::new(eframe::egui::RichText::new(about).weak()).wrap());
    ui.add_space(GAP_SMALL);
    let palette = Palette::of(ui);
    ScrollArea::both().auto_shrink(false).id_salt(("lesson python", place)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for line in python.text.lines() {
            // An empty line has a height all the same.
            let line = if line.is_empty() { " " } else { line };
            ui.add(Label::new(highlight::line(line, highlight::PYTHON, palette)).extend());
        }
    });
}
