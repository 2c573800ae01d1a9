//! Bars that show where workers' time went: one a worker or a variant, cut into parts, and what the colours mean.

use eframe::egui::{
    Align2, FontId, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
    text::{LayoutJob, TextWrapping},
    vec2,
};

use crate::{
    analysis::{Part, PartsTotal},
    gui::theme::{self, GAP, GAP_SMALL, Palette},
    units,
};

const NAME_WIDTH: f32 = 110.0;
const BAR_HEIGHT: f32 = 18.0;
/// Parts below this share in every bar are not named in the legend.
const SMALL: f64 = 0.005;

/// Names the colours of the parts that there are.
pub(super) fn legend_ui(ui: &mut Ui, bars: &[&PartsTotal]) {
    let palette = Palette::of(ui);
    ui.horizontal_wrapped(|ui| {
        for part in Part::ALL {
            let largest = bars.iter().map(|parts| parts.share(part)).fold(0.0, f64::max);
            if largest < SMALL {
                continue;
            }
            let (swatch, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
            ui.painter().rect_filled(swatch, 2.0, palette.part(part));
            ui.label(part.label()).on_hover_text(part.about());
            ui.add_space(GAP_SMALL);
        }
    });
}

/// One bar. `lit` stands out; where it may be `chosen`, a click gives the part under the pointer.
pub(super) fn bar_ui(
    ui: &mut Ui,
    name: &str,
    parts: &PartsTotal,
    lit: Option<Part>,
    chosen: &mut Option<Part>,
) {
    let palette = Palette::of(ui);
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), BAR_HEIGHT + GAP_SMALL), Sense::hover());
    if !ui.is_rect_visible(row) {
        // There may be a thousand of them.
        return;
    }
    let font = FontId::proportional(theme::SMALL_TEXT);
    let painter = ui.painter_at(row.expand(2.0));
    let mut job = LayoutJob::simple_singleline(name.to_owned(), font.clone(), palette.text);
    job.wrap = TextWrapping::truncate_at_width(NAME_WIDTH - GAP);
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    let middle = row.top() + BAR_HEIGHT * 0.5;
    painter.galley(pos2(row.left(), middle - galley.size().y * 0.5), galley, palette.text);
    let left = row.left() + NAME_WIDTH;
    let bar = Rect::from_min_max(
        pos2(left, row.top()),
        pos2((row.right() - GAP).max(left), row.top() + BAR_HEIGHT),
    );
    if parts.whole_ns() == 0 {
        painter.text(bar.left_center(), Align2::LEFT_CENTER, "no time yet", font, palette.text_weak);
        return;
    }
    let mut left = bar.left();
    for part in Part::ALL {
        let share = parts.share(part);
        let width = bar.width() * share as f32;
        if width <= 0.0 {
            continue;
        }
        let piece = Rect::from_min_max(pos2(left, bar.top()), pos2(left + width, bar.bottom()));
        left += width;
        painter.rect_filled(piece, 0.0, palette.part(part));
        let galley = painter.layout_no_wrap(units::percent(share), font.clone(), palette.on_bar);
        if galley.size().x + 4.0 <= width {
            painter.galley(piece.center() - galley.size() * 0.5, galley, palette.on_bar);
        }
        if lit == Some(part) {
            painter.rect_stroke(piece, 0.0, Stroke::new(2.0, palette.text), StrokeKind::Inside);
        }
        if width >= 2.0 {
            let response = ui.interact(piece, ui.scope_id().with((name, part.name())), Sense::click());
            let words =
                format!("{}: {}, {}", part.label(), units::duration(parts.of(part)), units::percent(share));
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{name}, {words}")));
            if response.clicked() {
                *chosen = Some(part);
            }
            response.on_hover_text(format!("{words}\n{}\nClick to see it in the timeline", part.about()));
        }
    }
}
