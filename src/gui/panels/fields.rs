//! Rows of the setup form: a label, a field that shows wrong input as wrong, and the reason below it.

use eframe::egui::{
    Align, Color32, Frame, Id, Layout, Response, RichText, Stroke, StrokeKind, TextEdit, Ui, vec2,
};

use crate::gui::theme::{LINE, Palette};

const LABEL_WIDTH: f32 = 80.0;

/// A label of fixed width, then the field.
pub(super) fn row<R>(ui: &mut Ui, label: &str, hint: &str, field: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal(|ui| {
        ui.allocate_ui_with_layout(
            vec2(LABEL_WIDTH, ui.spacing().interact_size.y),
            Layout::left_to_right(Align::Center),
            |ui| {
                ui.set_min_width(LABEL_WIDTH);
                ui.label(label).on_hover_text(hint);
            },
        );
        field(ui)
    })
    .inner
}

/// A text field that turns red while it holds something that is not allowed.
pub(super) fn field(
    ui: &mut Ui,
    name: &str,
    text: &mut String,
    wrong: bool,
    width: f32,
    hint: &str,
) -> Response {
    let palette = Palette::of(ui);
    // An id of its own: rows that come and go above must not take the focus away from who is typing.
    let id = Id::unique(("setup field", name));
    let mut edit = TextEdit::singleline(text).id(id).desired_width(width).hint_text(hint);
    if wrong {
        edit = edit.text_color(palette.error);
    }
    let response = ui.add(edit).accessible_name(name);
    if wrong {
        let stroke = Stroke::new(LINE, palette.error);
        ui.painter().rect_stroke(response.rect.expand(1.0), 3.0, stroke, StrokeKind::Outside);
    }
    response
}

/// The reason below a field.
pub(super) fn complaint(ui: &mut Ui, text: Option<&str>) {
    if let Some(text) = text {
        let color = Palette::of(ui).error;
        note(ui, text, color);
    }
}

fn note(ui: &mut Ui, text: &str, color: Color32) {
    Frame::NONE.show(ui, |ui| ui.label(RichText::new(text).small().color(color)));
}

pub(super) fn hint(ui: &mut Ui, text: &str) {
    let color = Palette::of(ui).text_weak;
    note(ui, text, color);
}

/// What a field is called, and what it says to somebody who hovers it or finds it empty.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) label: &'a str,
    pub(super) about: &'a str,
    pub(super) hint: &'a str,
}

/// Label, text field, buttons that set a word, and the complaint, for one field.
pub(super) fn entry_row(
    ui: &mut Ui,
    entry: Entry<'_>,
    text: &mut String,
    error: Option<&str>,
    words: &[&str],
) {
    row(ui, entry.label, entry.about, |ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            for word in words {
                let name = format!("{} {word}", entry.label);
                if ui.selectable_label(text == word, *word).accessible_name(name).clicked() {
                    (*word).clone_into(text);
                }
            }
            let width = ui.available_width();
            field(ui, entry.label, text, error.is_some(), width, entry.hint).on_hover_text(entry.about);
        });
    });
    complaint(ui, error);
}
