//! What is known of the chosen attempt and of the marked range, in small windows that stand below the timeline at first.

use eframe::egui::{Grid, Id, Key, Modifiers, Pos2, Rect, RichText, Ui, Vec2, Window, pos2, vec2};

use super::{
    Memory,
    chosen::{Step, span_times},
    range::{RangeFigures, RangeMemory},
    tooltip,
};
use crate::{
    gui::{
        plots::{TimeAxis, time_rect},
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
    window.resizable(false).collapsible(false).constrain_to(free_area(ui))
}

/// All but the status line at the bottom.
fn free_area(ui: &Ui) -> Rect {
    let area = ui.ctx().content_rect();
    area.with_max_y(area.bottom() - theme::CONTROL_ROW - theme::GAP)
}

/// Esc was pressed, and means nothing else now.
fn is_escaped(ui: &Ui) -> bool {
    let ctx = ui.ctx();
    let other = ctx.any_popup_open() || ctx.memory(|memory| memory.top_modal_layer().is_some());
    !other && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape))
}

/// How much worse it is to cover a point of the timeline than one of what stands below it, or above it; and one of the task
/// itself.
const TIMELINE_COST: f32 = 2.0;
const ABOVE_COST: f32 = 1.0;
const BELOW_COST: f32 = 0.2;
const BAR_COST: f32 = 20.0;

/// The window is placed in each of its first frames, and left to a person's hand from then on.
const PLACING_FRAMES: u8 = 3;

/// Where a window of this size covers least: below or above the timeline, at its left or right, and off the task's bar. Of
/// equals the first, below at the right.
fn corner(area: Rect, timeline: Rect, size: Vec2, bar: Rect) -> Pos2 {
    let covered = |place: &Rect, what: Rect| {
        let both = place.intersect(what);
        if both.is_positive() { both.area() } else { 0.0 }
    };
    let above = area.with_max_y(timeline.top());
    let below = area.with_min_y(timeline.bottom());
    let cost = |place: &Rect| {
        TIMELINE_COST * covered(place, timeline)
            + BAR_COST * covered(place, bar)
            + ABOVE_COST * covered(place, above)
            + BELOW_COST * covered(place, below)
    };
    let lefts = [timeline.right() - size.x, timeline.left()];
    let tops = [timeline.bottom() + theme::GAP, timeline.top() - theme::GAP - size.y];
    let places = tops.into_iter().flat_map(|top| lefts.map(|left| pos2(left, top)));
    let inside = places.map(|corner| {
        let most = (area.max - size).max(area.min);
        Rect::from_min_size(corner.clamp(area.min, most), size)
    });
    let best = inside.min_by(|a, b| cost(a).total_cmp(&cost(b)));
    best.map_or(area.min, |place| place.min)
}

pub(super) fn chosen_ui(
    ui: &Ui,
    id: Id,
    store: &RunStore,
    axis: &mut TimeAxis,
    memory: &mut Memory,
    (outer, row, now_ns): (Rect, Option<Rect>, u64),
) {
    let frames = std::mem::take(&mut memory.card);
    let (Some(place), Some(span)) = (memory.chosen.place(), memory.chosen.span(store)) else { return };
    let Some((lane, index)) = store.lanes.get(place.lane).zip(memory.index.locks.get(place.lane)) else {
        return;
    };
    memory.card = frames.saturating_add(1);
    let times_ns = [span.start_ns, span.end_ns];
    let hovered = tooltip::of_span(lane, index, span);
    let id = id.with("chosen");
    let mut open = !is_escaped(ui);
    let mut closed = false;
    let mut shown = window(ui, "Chosen task", id, outer, 0.0).open(&mut open);
    if frames < PLACING_FRAMES {
        // Wherever it stood before, which was about another task. Its size is known once it was laid out.
        ui.ctx().request_repaint();
        let size = ui.memory(|memory| memory.area_rect(id)).map_or(vec2(WIDTH, HEIGHT), |rect| rect.size());
        let scale = axis.scale(time_rect(outer));
        let bar = times_ns.map(|ns| scale.x_from_secs(secs(ns)));
        let bar = row.map_or(Rect::NOTHING, |row| {
            Rect::from_x_y_ranges(bar[0]..=bar[1].max(bar[0] + 1.0), row.y_range()).intersect(outer)
        });
        shown = shown.current_pos(corner(free_area(ui), outer, size, bar));
    }
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
            let close = ui.button("Close").on_hover_text("Let the task go (Esc)");
            closed = close.accessible_name("Close the chosen task").clicked();
        });
    });
    if !open || closed {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_of_a_task_covers_least_and_never_the_task() {
        let area = Rect::from_min_max(pos2(0.0, 0.0), pos2(1280.0, 780.0));
        let size = vec2(340.0, 260.0);
        let place = |timeline: Rect, (left, right): (f32, f32)| {
            // On the last lane.
            let bar = Rect::from_x_y_ranges(left..=right, timeline.bottom() - 30.0..=timeline.bottom());
            let place = Rect::from_min_size(corner(area, timeline, size, bar), size);
            assert!(area.contains_rect(place), "{place}");
            place
        };
        let timeline = Rect::from_min_max(pos2(300.0, 100.0), pos2(1270.0, 480.0));
        let roomy = place(timeline, (1200.0, 1260.0));
        assert!(
            roomy.top() >= timeline.bottom() && (roomy.right() - timeline.right()).abs() < 1.0,
            "{roomy}"
        );
        // With little room below it and above, it stands on the side where the task is not.
        let low = Rect::from_min_max(pos2(300.0, 40.0), pos2(1270.0, 680.0));
        for (bar, left) in [((1200.0, 1260.0), true), ((400.0, 500.0), false)] {
            let place = place(low, bar);
            assert_eq!((place.left() - low.left()).abs() < 1.0, left, "{bar:?}: {place}");
        }
        // With room above only, it stands there.
        let bottom = Rect::from_min_max(pos2(300.0, 400.0), pos2(1270.0, 780.0));
        assert!(place(bottom, (900.0, 901.0)).bottom() <= bottom.top());
    }
}
