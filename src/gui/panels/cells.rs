//! What tables have in common. Cells: numbers at the right edge, in digits of one width, with the exact value under the pointer.

use eframe::egui::{Align, Label, Layout, Response, RichText, Ui};
use egui_extras::TableRow;

use crate::{
    gui::theme::{GAP_SMALL, NUMBER_MARGIN},
    units::Shown,
};

const EMPTY_WIDTH: f32 = 660.0;

/// Says why there is nothing here, and what to do about it: in lines short enough to be read.
pub(super) fn empty(ui: &mut Ui, text: &str) {
    ui.scope(|ui| {
        ui.set_max_width(EMPTY_WIDTH.min(ui.available_width()));
        ui.add_space(GAP_SMALL);
        ui.add(Label::new(RichText::new(text).weak()).wrap());
    });
}

/// Scroll bars of what is drawn next stand beside its last column instead of on it.
pub(super) fn bars_beside(ui: &mut Ui) {
    let scroll = &mut ui.spacing_mut().scroll;
    scroll.floating_allocated_width = scroll.floating_width + 2.0;
}

/// At the right edge of what there is.
pub(super) fn at_right<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> R) -> R {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.add_space(NUMBER_MARGIN);
        contents(ui)
    })
    .inner
}

/// A column's name: above its numbers, or where its words begin.
pub(super) fn heading(ui: &mut Ui, title: &str, number: bool) -> Response {
    let text = RichText::new(title).strong();
    if number { at_right(ui, |ui| ui.label(text)) } else { ui.label(text) }
}

/// A number that leaves clicks to its row.
pub(super) fn number(ui: &mut Ui, shown: impl Into<Shown>) -> Response {
    let Shown { text, exact } = shown.into();
    let response = at_right(ui, |ui| ui.add(Label::new(RichText::new(&text)).selectable(false)));
    match exact {
        Some(exact) => response.on_hover_text(exact),
        None => response,
    }
}

pub(super) fn number_cell(row: &mut TableRow<'_, '_>, shown: impl Into<Shown>) {
    row.col(|ui| _ = number(ui, shown));
}

#[cfg(test)]
mod tests {
    use eframe::egui::{Context, FontId, RawInput};

    use crate::gui::theme;

    #[test]
    fn all_digits_are_equally_wide_in_every_size_of_text() {
        let ctx = Context::default();
        let mut output = ctx.run_ui(RawInput::default(), |ui| {
            for size in [theme::SMALL_TEXT, theme::MONO_TEXT, theme::BODY_TEXT] {
                for font in [FontId::proportional(size), FontId::monospace(size)] {
                    let widths = ui.fonts_mut(|fonts| {
                        ('0'..='9').map(|digit| fonts.glyph_width(&font, digit)).collect::<Vec<_>>()
                    });
                    assert!(widths[0] > 1.0, "{font:?}");
                    assert!(
                        widths.iter().all(|width| (width - widths[0]).abs() < 1e-3),
                        "{font:?} {widths:?}"
                    );
                }
            }
        });
        output.textures_delta.clear();
    }
}
