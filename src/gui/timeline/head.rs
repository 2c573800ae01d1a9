//! What stands left of a lane: who the worker is and what it does.

use eframe::egui::{Align2, Painter, Pos2, Rect, Stroke, Ui, pos2, vec2};

use super::model::LaneHead;
use crate::{
    gui::{
        plots::small_font,
        theme::{self, Palette},
    },
    store::WorkerState,
};

/// From this height on, a lane has room for two lines of text.
const TWO_LINES: f32 = 24.0;

/// Name, pid and state of a worker, left of its lane.
pub(crate) fn paint_head(ui: &Ui, painter: &Painter, rect: Rect, head: &LaneHead) {
    let palette = Palette::of(ui);
    paint_state(painter, pos2(rect.left() + 8.0, rect.center().y), head.state, &palette);
    let left = rect.left() + 17.0;
    if rect.height() >= TWO_LINES && !head.who.is_empty() {
        let line = theme::SMALL_TEXT * 0.5 + 0.5;
        painter.text(
            pos2(left, rect.center().y - line),
            Align2::LEFT_CENTER,
            &head.name,
            small_font(),
            palette.text,
        );
        painter.text(
            pos2(left, rect.center().y + line),
            Align2::LEFT_CENTER,
            &head.who,
            small_font(),
            palette.text_weak,
        );
    } else {
        painter.text(
            pos2(left, rect.center().y),
            Align2::LEFT_CENTER,
            &head.name,
            small_font(),
            palette.text,
        );
    }
}

/// A state by form as well: full while busy, a ring when idle, a square when halted, a dash when gone.
fn paint_state(painter: &Painter, center: Pos2, state: WorkerState, palette: &Palette) {
    let color = palette.worker_state(state);
    let stroke = Stroke::new(1.5, color);
    match state {
        WorkerState::Busy => _ = painter.circle_filled(center, 4.0, color),
        WorkerState::Idle => _ = painter.circle_stroke(center, 3.5, stroke),
        WorkerState::Starting => _ = painter.circle_filled(center, 2.0, color),
        WorkerState::Stopped => {
            _ = painter.rect_filled(Rect::from_center_size(center, vec2(7.0, 7.0)), 0.0, color);
        }
        WorkerState::Exited | WorkerState::Retired => {
            _ = painter.hline(center.x - 3.5..=center.x + 3.5, center.y, stroke);
        }
    }
}
