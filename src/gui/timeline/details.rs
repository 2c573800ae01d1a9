//! What is known of the chosen attempt and of the marked range, in small windows that stand below the timeline at first.

use eframe::egui::{Grid, Id, Rect, RichText, Ui, Vec2, Window, pos2, vec2};

use super::{
    Memory,
    chosen::{Step, span_times},
    range::{RangeFigures, RangeMemory},
    tooltip,
};
use crate::{
    gui::{
        plots::TimeAxis,
        theme::{self, Palette},
    },
    ids::WorkerId,
    store::RunStore,
    time::secs,
    units,
};

/// Room on either side of what is zoomed to, as a share of it.
const ZOOM_MARGIN: f64 = 0.25;

/// Shows an attempt with some of what is around it.
pub(super) fn zoom_to(axis: &mut TimeAxis, (from_ns, to_ns): (u64, u64)) {
    let (from_secs, to_secs) = (secs(from_ns), secs(to_ns));
    let margin = (to_secs - from_secs) * ZOOM_MARGIN;
    axis.go_to(from_secs - margin, to_secs + margin);
}

/// Of about this width, so that two stand beside each other, and this height: what is not known when they are placed.
const WIDTH: f32 = 340.0;
const HEIGHT: f32 = 260.0;

/// `place` counts from the right. The status line at the bottom stays free.
fn window<'a>(ui: &Ui, title: &'a str, id: Id, outer: Rect, place: f32) -> Window<'a> {
    let left = outer.right() - (place + 1.0) * WIDTH;
    let corner = pos2(left, outer.bottom() + theme::GAP);
    let window =
        Window::new(title).id(id).default_pos(corner).default_size(vec2(WIDTH - theme::GAP_LARGE, HEIGHT));
    let area = ui.ctx().content_rect();
    let area = area.with_max_y(area.bottom() - theme::CONTROL_ROW - theme::GAP);
    window.resizable(false).collapsible(false).constrain_to(area)
}

pub(super) fn chosen_ui(
    ui: &Ui,
    id: Id,
    store: &RunStore,
    axis: &mut TimeAxis,
    memory: &mut Memory,
    (outer, now_ns): (Rect, u64),
) {
    let (Some(place), Some(span)) = (memory.chosen.place(), memory.chosen.span(store)) else { return };
    let Some((lane, index)) = store.lanes.get(place.lane).zip(memory.index.locks.get(place.lane)) else {
        return;
    };
    let hovered = tooltip::of_span(lane, index, span);
    let mut open = true;
    let shown = window(ui, "Chosen task", id.with("chosen"), outer, 0.0).open(&mut open);
    shown.show(ui.ctx(), |ui| {
        let times = (now_ns, axis.zero_secs());
        tooltip::hovered_ui(ui, store, WorkerId(place.lane as u32), &hovered, times);
        ui.horizontal(|ui| {
            if ui.button("Zoom to it").clicked()
                && let Some(times) = span_times(store, place)
            {
                zoom_to(axis, times);
            }
            for (name, hint, step) in [
                ("Before", "The one before on this lane (←)", Step::Before),
                ("After", "The one after on this lane (→)", Step::After),
            ] {
                if ui.button(name).on_hover_text(hint).clicked() {
                    memory.chosen.walk(store, step);
                }
            }
        });
    });
    if !open {
        memory.chosen.choose(None);
    }
}

pub(super) fn range_ui(
    ui: &Ui,
    id: Id,
    store: &RunStore,
    axis: &mut TimeAxis,
    memory: &mut RangeMemory,
    outer: Rect,
) {
    let Some(range_secs) = axis.marks().range else { return };
    let figures = memory.figures(store, range_secs);
    let mut open = true;
    let shown = window(ui, "Marked range", id.with("range"), outer, 1.0).open(&mut open);
    shown.show(ui.ctx(), |ui| {
        let moments = [range_secs.0, range_secs.1].map(|secs| axis.moment(secs));
        rows_ui(ui, &rows(figures, moments));
        if ui.button("Zoom to it").clicked() {
            axis.go_to(range_secs.0, range_secs.1);
        }
    });
    if !open {
        axis.marks_mut().range = None;
    }
}

fn rows(figures: &RangeFigures, [from, to]: [String; 2]) -> Vec<(&'static str, String)> {
    let length_ns = figures.to_ns.saturating_sub(figures.from_ns);
    let mut rows = vec![
        ("from", from),
        ("to", to),
        ("length", units::duration(length_ns)),
        ("attempts in it", units::count(figures.counts.total())),
    ];
    if figures.counts.total() > 0 {
        rows.push(("outcome", figures.counts.words()));
    }
    rows.push(("ended ok", format!("{}, {}", units::count(figures.ended_ok), units::rate(figures.rate()))));
    rows.push(("workers busy", units::percent(figures.mean_busy())));
    let [least, most] =
        [f64::min, f64::max].map(|pick| figures.busy.iter().copied().reduce(pick).unwrap_or(0.0));
    if figures.busy.len() > 1 {
        rows.push(("least and most", format!("{} and {}", units::percent(least), units::percent(most))));
    }
    if let Some(run_ns) = &figures.run_ns {
        rows.push(("run time, median", units::duration(run_ns.median)));
        rows.push(("95 of 100 below", units::duration(run_ns.p95)));
        rows.push(("longest", units::duration(run_ns.max)));
    } else if figures.too_many {
        rows.push(("run time", "mark fewer tasks to see".to_owned()));
    }
    rows
}

fn rows_ui(ui: &mut Ui, rows: &[(&'static str, String)]) {
    let palette = Palette::of(ui);
    ui.spacing_mut().interact_size.y = 0.0;
    Grid::new("range figures").num_columns(2).spacing(Vec2::new(theme::GAP * 1.5, theme::GAP_HAIR)).show(
        ui,
        |ui| {
            for (name, value) in rows {
                ui.label(RichText::new(*name).color(palette.text_weak));
                ui.label(value);
                ui.end_row();
            }
        },
    );
}
