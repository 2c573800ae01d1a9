//! The whole run on one strip: how busy the pool was, what went wrong, and the view to be dragged over it.

use std::time::{Duration, Instant};

use eframe::egui::{CursorIcon, Id, Mesh, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::columns::{Column, columns_of};
use crate::{
    gui::{
        plots::{RunKey, TimeAxis, add_vline, paint_mesh, run_key, time_rect},
        theme::{self, Palette},
    },
    store::RunStore,
    time::ns_from_secs,
};

/// One column stands for so many points.
const COLUMN: f32 = 2.0;
/// The strip of a live run is made anew this often at most.
const REFRESH: Duration = Duration::from_millis(250);
/// The view's window is never drawn narrower.
const LEAST_WINDOW: f32 = 4.0;

/// The strip as it was made last.
#[derive(Debug, Default)]
pub(super) struct Overview {
    /// Of which run, with how many attempts, over how long, in how many columns.
    made_of: (RunKey, usize, u64, usize),
    made: Option<Instant>,
    columns: Vec<Column>,
}

impl Overview {
    fn update(&mut self, store: &RunStore, limit_ns: u64, columns: usize) {
        let attempts = store.lanes.iter().map(|lane| lane.spans.len()).sum();
        let made_of = (run_key(store), attempts, limit_ns, columns);
        let other = (made_of.0, made_of.2, made_of.3) != (self.made_of.0, self.made_of.2, self.made_of.3);
        let due = self.made.is_none_or(|made| made.elapsed() >= REFRESH) || !store.phase.is_live();
        if other || (made_of != self.made_of && due) {
            self.columns = columns_of(&store.lanes, (0, limit_ns), 0, columns);
            (self.made_of, self.made) = (made_of, Some(Instant::now()));
        }
    }
}

pub(super) fn overview_ui(
    ui: &mut Ui,
    id: Id,
    store: &RunStore,
    axis: &mut TimeAxis,
    overview: &mut Overview,
) {
    let (outer, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::OVERVIEW), Sense::hover());
    let strip = time_rect(outer).shrink2(vec2(0.0, 1.0));
    let ((from_secs, to_secs), (start_secs, limit_secs)) = (axis.edges_secs(), axis.whole_secs());
    let points_per_sec = f64::from(strip.width()) / (limit_secs - start_secs);
    let x = |secs: f64| strip.left() + ((secs - start_secs) * points_per_sec) as f32;
    // A run has nothing before its start, which another one may have to show.
    let own = strip.with_min_x(x(0.0).max(strip.left()));
    overview.update(store, ns_from_secs(limit_secs), (own.width() / COLUMN) as usize);
    let response = ui.interact(strip, id.with("overview"), Sense::CLICK | Sense::DRAG);
    response.widget_info(|| {
        let [from, to] = [from_secs, to_secs].map(|secs| axis.moment(secs));
        WidgetInfo::labeled(Role::Slider, true, format!("Overview of the run, {from} to {to} in view"))
    });
    let window =
        Rect::from_x_y_ranges(x(from_secs)..=x(to_secs).max(x(from_secs) + LEAST_WINDOW), strip.y_range());
    paint(ui, (strip, own), window, overview, store.lanes.len());
    let response = response.on_hover_cursor(CursorIcon::Grab).on_hover_text(
        "The whole run: how busy its workers were, red where attempts failed. Click or drag to move the view",
    );
    let span = to_secs - from_secs;
    let whole = span >= (limit_secs - start_secs) * 0.999;
    if let Some(pointer) = response.interact_pointer_pos().filter(|_| !whole) {
        let at_secs = start_secs + f64::from(pointer.x - strip.left()) / points_per_sec;
        let from_secs = if response.dragged() && response.drag_delta().x == 0.0 {
            return; // Held still.
        } else if response.dragged() {
            from_secs + f64::from(response.drag_delta().x) / points_per_sec
        } else if response.clicked() {
            at_secs - span * 0.5
        } else {
            return;
        };
        axis.go_to(from_secs, from_secs + span);
        ui.ctx().request_repaint();
    }
}

/// `own` is the part of the strip that shows what the run did.
fn paint(ui: &Ui, (strip, own): (Rect, Rect), window: Rect, overview: &Overview, lanes: usize) {
    let palette = Palette::of(ui);
    let painter = ui.painter_at(strip.expand(1.0));
    let mut mesh = Mesh::default();
    mesh.add_colored_rect(strip, palette.plot);
    let whole_ns = overview.made_of.2 as f64 / overview.columns.len().max(1) as f64 * lanes.max(1) as f64;
    let width = own.width() / overview.columns.len().max(1) as f32;
    for (at, column) in overview.columns.iter().enumerate() {
        let left = own.left() + width * at as f32;
        let busy = (column.busy_ns as f64 / whole_ns.max(1.0)).min(1.0) as f32;
        if busy > 0.0 {
            let top = strip.bottom() - (strip.height() * busy).max(1.0);
            let bar = Rect::from_min_max(pos2(left, top), pos2(left + width, strip.bottom()));
            mesh.add_colored_rect(bar, palette.ok);
        }
        if column.not_ok > 0 {
            add_vline(&mut mesh, left, strip.top(), strip.top() + strip.height() * 0.5, palette.failed);
        }
    }
    // What is out of view steps back.
    let shade = palette.panel.gamma_multiply(0.65);
    for outside in [strip.with_max_x(window.left()), strip.with_min_x(window.right())] {
        if outside.width() > 0.5 {
            mesh.add_colored_rect(outside, shade);
        }
    }
    paint_mesh(&painter, mesh);
    let edge = Stroke::new(1.0, palette.text_weak);
    painter.rect_stroke(window.intersect(strip), 0.0, edge, StrokeKind::Inside);
}
