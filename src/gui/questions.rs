//! What the window asks about runs that are kept: a name and a note, whether to delete, which file to open.

use std::path::PathBuf;

use eframe::egui::{Button, Context, Id, Key, Label, Modal, RichText, TextEdit, Ui};

use super::{
    action::{Action, Actions},
    shelf::Job,
    theme::{GAP, Palette},
};

const WINDOW_WIDTH: f32 = 460.0;

/// What is asked now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Describe {
        path: PathBuf,
        title: String,
        name: String,
        note: String,
        /// The field to write in first.
        first: Field,
        /// That field has the focus already.
        begun: bool,
    },
    Delete {
        path: PathBuf,
        name: String,
        /// There is no trash for it.
        for_good: bool,
    },
    /// Only where the system has no dialog.
    Open { path: String, begun: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Name,
    Note,
}

pub(crate) fn question_ui(ctx: &Context, question: &mut Question, actions: &mut Actions) {
    let response = Modal::new(Id::unique("question window")).show(ctx, |ui| {
        ui.set_width(WINDOW_WIDTH.min(ctx.content_rect().width() - 4.0 * GAP));
        let (name, answer, valid) = match question {
            Question::Describe { path, title, name, note, first, begun } => {
                describe_ui(ui, title, name, note, (*first, begun));
                let job = Job::Describe {
                    path: path.clone(),
                    name: name.trim().to_owned(),
                    note: note.trim().to_owned(),
                };
                ("Save", Action::Order(job), true)
            }
            Question::Delete { path, name, for_good } => {
                delete_ui(ui, name, *for_good);
                let label = if *for_good { "Delete for good" } else { "Move to trash" };
                (label, Action::Order(Job::Remove { path: path.clone(), for_good: *for_good }), true)
            }
            Question::Open { path, begun } => {
                open_ui(ui, path, begun);
                ("Open file", Action::OpenRuns(vec![PathBuf::from(path.trim())]), !path.trim().is_empty())
            }
        };
        ui.add_space(GAP);
        ui.horizontal(|ui| {
            // A note may have several lines.
            let entered =
                matches!(question, Question::Open { .. }) && ui.input(|input| input.key_pressed(Key::Enter));
            if ui.add_enabled(valid, Button::new(name)).clicked() || (valid && entered) {
                actions.push(answer);
                actions.push(Action::CloseQuestion);
            }
            if ui.button("Cancel").clicked() {
                actions.push(Action::CloseQuestion);
            }
        });
    });
    if response.should_close() {
        actions.push(Action::CloseQuestion);
    }
}

fn describe_ui(
    ui: &mut Ui,
    title: &str,
    name: &mut String,
    note: &mut String,
    (first, begun): (Field, &mut bool),
) {
    ui.heading("Name and note");
    ui.add_space(GAP);
    let name_label = ui.label("Name");
    let name_field = ui
        .add(TextEdit::singleline(name).hint_text(title).desired_width(f32::INFINITY))
        .labelled_by(name_label.id)
        .accessible_name("Run name");
    let note_label = ui.label("Note");
    let note_field = ui
        .add(TextEdit::multiline(note).desired_rows(4).desired_width(f32::INFINITY))
        .labelled_by(note_label.id)
        .accessible_name("Run note");
    if !std::mem::replace(begun, true) {
        let field = if first == Field::Name { name_field } else { note_field };
        field.request_focus();
    }
}

fn delete_ui(ui: &mut Ui, name: &str, for_good: bool) {
    ui.heading("Delete this run?");
    ui.add_space(GAP);
    ui.add(Label::new(name).wrap());
    if for_good {
        ui.add_space(GAP);
        let text = "There is no trash where this run is kept. It would be gone for good.";
        ui.label(RichText::new(text).color(Palette::of(ui).warning));
    }
}

fn open_ui(ui: &mut Ui, path: &mut String, begun: &mut bool) {
    ui.heading("Open a run");
    ui.add_space(GAP);
    let label = ui.label("File to open");
    let field = ui
        .add(TextEdit::singleline(path).hint_text("…/run.pscope").desired_width(f32::INFINITY))
        .labelled_by(label.id)
        .accessible_name("Path to open");
    if !std::mem::replace(begun, true) {
        field.request_focus();
    }
}
