//! The switch between lanes of workers and lanes of cores.

use eframe::egui::{
    Align2, CornerRadius, Id, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use crate::gui::{
    plots::{TimeAxis, small_font},
    theme::{self, Palette},
};

const NAMES: [(&str, &str, bool); 2] = [
    ("Workers", "A lane for every worker (C)", false),
    ("Cores", "A lane for every core, coloured by worker (C)", true),
];

/// At the left end of a row. Gives back where it ends.
pub(super) fn mode_ui(ui: &Ui, id: Id, row: Rect, left: f32, axis: &mut TimeAxis) -> f32 {
    let palette = Palette::of(ui);
    let painter = ui.painter_at(row.expand(1.0));
    let mut x = left;
    for (name, hint, by_core) in NAMES {
        let chosen = axis.by_core() == by_core;
        let color = if chosen { palette.text } else { palette.text_weak };
        let galley = painter.layout_no_wrap(name.to_owned(), small_font(), color);
        let size = vec2(galley.size().x + theme::GAP, row.height() - 2.0);
        let place = Rect::from_min_size(pos2(x, row.top() + 1.0), size);
        let response =
            ui.interact(place.expand2(vec2(0.0, 1.0)), id.with(("lanes of", name)), Sense::click());
        response.widget_info(|| {
            WidgetInfo::selected(Role::RadioButton, true, chosen, format!("Lanes of {}", name.to_lowercase()))
        });
        let fill = match (chosen, response.hovered()) {
            (true, _) => palette.selection,
            (false, true) => palette.control_hovered,
            (false, false) => palette.control,
        };
        painter.rect_filled(place, CornerRadius::ZERO, fill);
        if ui.memory(|memory| memory.has_focus(response.id)) {
            painter.rect_stroke(place, 0.0, Stroke::new(1.0, palette.text), StrokeKind::Inside);
        }
        let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), place).min;
        painter.galley(at, galley, color);
        if response.on_hover_text(hint).clicked() {
            axis.set_by_core(by_core);
        }
        x = place.right();
    }
    x
}
