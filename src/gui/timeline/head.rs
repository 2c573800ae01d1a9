//! What stands left of a lane: who the worker is and what it does.

use eframe::egui::{Align2, Mesh, Painter, Pos2, Rect, Stroke, Ui, pos2, vec2};

use super::model::LaneHead;
use crate::{
    gui::{
        plots::{paint_mesh, small_font},
        theme::{self, Palette},
    },
    store::WorkerState,
};

/// From this height on, a lane has room for two lines of text.
const TWO_LINES: f32 = 24.0;

/// Samples in the trace of a worker's CPU use, a point each.
pub(crate) const TRACE: usize = 16;
/// Between the trace and the lane.
const TRACE_GAP: f32 = 3.0;

/// Name, pid, state and recent CPU use of a worker, left of its lane. `cpu` is in cores, the oldest first.
pub(crate) fn paint_head(ui: &Ui, painter: &Painter, rect: Rect, head: &LaneHead, cpu: &[f32]) {
    paint_trace(painter, rect, cpu, &Palette::of(ui));
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

/// A column a sample, its height the share of one core, the newest at the right.
pub(crate) fn paint_trace(painter: &Painter, rect: Rect, cpu: &[f32], palette: &Palette) {
    let area = Rect::from_x_y_ranges(
        rect.right() - TRACE_GAP - TRACE as f32..=rect.right() - TRACE_GAP,
        rect.shrink2(vec2(0.0, 2.0)).y_range(),
    );
    let mut mesh = Mesh::default();
    let first = area.right() - cpu.len() as f32;
    for (at, cores) in cpu.iter().enumerate() {
        let left = first + at as f32;
        let top = area.bottom() - area.height() * cores.clamp(0.0, 1.0);
        let column =
            Rect::from_min_max(pos2(left, top.min(area.bottom() - 1.0)), pos2(left + 1.0, area.bottom()));
        mesh.add_colored_rect(column, palette.rate.gamma_multiply(0.75));
    }
    paint_mesh(painter, mesh);
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
