//! Rows of the setup form: a label, a field that shows wrong input as wrong, and the reason below it.

use eframe::egui::{
    Align, Color32, Frame, Id, Layout, Rect, Response, RichText, Role, Stroke, StrokeKind, TextEdit, Ui,
    Vec2, WidgetInfo, vec2,
};

use crate::gui::theme::{LINE, Palette};

const LABEL_WIDTH: f32 = 80.0;

/// How far left of a changed row's label its mark stands.
const MARK_DISTANCE: f32 = 4.5;
const MARK_RADIUS: f32 = 2.0;

/// A label of fixed width, then the field. With what the field held before a suggestion changed it, if one did.
pub(super) fn row<R>(
    ui: &mut Ui,
    (label, was): (&str, Option<&str>),
    hint: &str,
    field: impl FnOnce(&mut Ui) -> R,
) -> R {
    ui.horizontal(|ui| {
        ui.allocate_ui_with_layout(
            vec2(LABEL_WIDTH, ui.spacing().interact_size.y),
            Layout::left_to_right(Align::Center),
            |ui| {
                ui.set_min_width(LABEL_WIDTH);
                match was {
                    Some(was) => changed_ui(ui, label, was, hint),
                    None => _ = ui.label(label).on_hover_text(hint),
                }
            },
        );
        field(ui)
    })
    .inner
}

/// The label of a row that was changed: in the colour of its mark, and telling what it was.
fn changed_ui(ui: &mut Ui, label: &str, was: &str, hint: &str) {
    let color = Palette::of(ui).running;
    let response = ui.label(RichText::new(label).strong().color(color));
    let at = response.rect.left_center() - vec2(MARK_DISTANCE, 0.0);
    // In the margin of the panel, which the rows leave free.
    let margin = Rect::from_center_size(at, Vec2::splat(MARK_RADIUS * 4.0));
    ui.painter().with_clip_rect(margin).circle_filled(at, MARK_RADIUS, color);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{label}, changed: was {was}")));
    response.on_hover_text(format!("Set up by the suggestion: was {was}\n{hint}"));
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
#[derive(Clone)]
pub(super) struct Entry<'a> {
    pub(super) label: &'a str,
    pub(super) about: &'a str,
    pub(super) hint: &'a str,
    /// What it held before a suggestion changed it.
    pub(super) was: Option<String>,
}

/// Label, text field, buttons that set a word, and the complaint, for one field.
pub(super) fn entry_row(
    ui: &mut Ui,
    entry: &Entry<'_>,
    text: &mut String,
    error: Option<&str>,
    words: &[&str],
) {
    row(ui, (entry.label, entry.was.as_deref()), entry.about, |ui| {
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
