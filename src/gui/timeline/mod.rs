//! The timeline: a lane for every worker, a bar for every attempt of a task.
//!
//! Three floors: [`model`] knows runs and no pixels, [`layout`] turns spans into bars by pure arithmetic, [`paint`]
//! paints bars and knows no runs. This module joins them, takes the input and speaks to screen readers.

mod chosen;
mod details;
mod head;
mod lanes;
mod layout;
mod locks;
mod model;
mod overview;
mod paint;
mod range;
mod tooltip;

use std::sync::{Arc, Mutex, PoisonError};

use eframe::egui::{Align2, Id, Mesh, Painter, Pos2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use self::{
    chosen::Chosen,
    model::{Counts, State, TimelineIndex, totals},
    overview::Overview,
    paint::LanePainter,
    range::RangeMemory,
};
use super::{
    plots::{TimeAxis, Wheel, cursor_label, paint_mesh, paint_time_labels, small_font, time_rect},
    theme::{self, Palette},
};
use crate::{event::LockKind, store::RunStore, units};

const LEGEND_HEIGHT: f32 = 18.0;
const TICKS_HEIGHT: f32 = 16.0;
const SWATCH: eframe::egui::Vec2 = vec2(16.0, 10.0);

/// What the timeline of one place keeps from frame to frame.
#[derive(Debug, Default)]
struct Memory {
    index: TimelineIndex,
    overview: Overview,
    chosen: Chosen,
    range: RangeMemory,
}

/// Shared, so that egui's memory can hand it out without copying a million numbers.
type SharedMemory = Arc<Mutex<Memory>>;

/// Fills the available space. `id` tells several timelines of one window apart.
pub(crate) fn timeline_ui(ui: &mut Ui, id: &str, store: &RunStore, now_ns: u64, axis: &mut TimeAxis) {
    let id = Id::unique(("timeline", id));
    let outer = ui.available_rect_before_wrap();
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
        if store.lanes.is_empty() {
            empty_ui(ui, store, outer);
            return;
        }
        let shared: SharedMemory =
            ui.data_mut(|data| data.get_temp_mut_or_default::<SharedMemory>(id).clone());
        // A panic elsewhere cannot leave the memory half updated for long: the next update goes on from what it has.
        let mut memory = shared.lock().unwrap_or_else(PoisonError::into_inner);
        memory.index.update(store);
        memory.chosen.keep_to(store);
        legend_ui(ui, store, &totals(store));
        overview::overview_ui(ui, id, store, axis, &mut memory.overview);
        ticks_ui(ui, id, axis);
        lanes::lanes_ui(ui, id, store, now_ns, axis, &mut memory);
        details::chosen_ui(ui, id, store, axis, &mut memory, (outer, now_ns));
        details::range_ui(ui, id, store, axis, &mut memory.range, outer);
    });
}

fn empty_ui(ui: &mut Ui, store: &RunStore, outer: Rect) {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(outer.size(), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, "Timeline: no workers yet"));
    paint_title(ui.painter(), rect.left(), rect.top() + LEGEND_HEIGHT * 0.5, &palette);
    let mut plot = time_rect(rect);
    plot.min.y += LEGEND_HEIGHT;
    let mut mesh = Mesh::default();
    mesh.add_colored_rect(plot, palette.plot);
    paint_mesh(ui.painter(), mesh);
    let sentence = if store.phase.is_live() {
        "A lane for every worker appears here once a run is going, with a bar for every task."
    } else {
        "This run had no workers: it ended before any could start."
    };
    let font = eframe::egui::FontId::proportional(theme::SMALL_TEXT + 1.0);
    let galley = ui.painter().layout(sentence.to_owned(), font, palette.text_weak, plot.width() - 8.0);
    ui.painter().galley(plot.center() - galley.size() * 0.5, galley, palette.text_weak);
}

fn paint_title(painter: &Painter, left: f32, y: f32, palette: &Palette) {
    let at = pos2(left + theme::GAP_SMALL, y);
    painter.text(at, Align2::LEFT_CENTER, "Timeline", small_font(), palette.text);
}

/// Only the states that occur, with how often.
fn legend_ui(ui: &mut Ui, store: &RunStore, totals: &Counts) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), LEGEND_HEIGHT), Sense::hover());
    let painter = ui.painter_at(rect);
    let palette = Palette::of(ui);
    let y = rect.center().y;
    paint_title(&painter, rect.left(), y, &palette);
    let mut lane = LanePainter::new(&painter, palette);
    let mut x = time_rect(rect).left();
    let place = |x: f32| Rect::from_min_size(pos2(x, y - SWATCH.y * 0.5), SWATCH);
    let text = |x: &mut f32, words: String| {
        let at = pos2(*x + SWATCH.x + theme::GAP_SMALL, y);
        *x = painter.text(at, Align2::LEFT_CENTER, words, small_font(), palette.text_weak).right()
            + theme::GAP * 1.5;
    };
    for state in State::ALL.into_iter().filter(|&state| totals.of(state) > 0) {
        lane.pattern(place(x), state);
        if matches!(state, State::Failed | State::Crashed) {
            lane.cross(place(x).center(), 3.5, palette.on_bar);
        }
        text(&mut x, format!("{} {}", state.word(), units::count(totals.of(state))));
    }
    let running = store.lanes.iter().filter(|lane| lane.running.is_some()).count();
    if running > 0 {
        lane.rect(place(x), palette.running);
        text(&mut x, format!("running {running}"));
    }
    if let Some(words) = locks_words(store) {
        lane.pattern(place(x), State::Ok);
        lane.wait(place(x), 1.0, palette.ok);
        text(&mut x, words);
    }
    if store.lanes.iter().any(|lane| lane.lives.iter().any(|life| life.exited_ns.is_some() && !life.expected))
    {
        lane.cross(place(x).center(), 4.0, palette.error);
        text(&mut x, "worker died".to_owned());
    }
    if !store.pauses.is_empty() {
        lane.rect(place(x), palette.text_weak.gamma_multiply(0.3));
        text(&mut x, "paused".to_owned());
    }
    lane.finish();
    if let Some(simulation) = store.info.as_ref().and_then(|info| info.spec.backend.simulation()) {
        paint_note(&painter, simulation, pos2(time_rect(rect).right(), y), x, &palette);
    }
}

/// A remark at the right end of the legend, where there is room for it.
fn paint_note(painter: &Painter, words: &str, right: Pos2, free_from_x: f32, palette: &Palette) {
    let galley = painter.layout_no_wrap(words.to_owned(), small_font(), palette.text_weak);
    let at = pos2(right.x - galley.size().x, right.y - galley.size().y * 0.5);
    if at.x >= free_from_x {
        painter.galley(at, galley, palette.text_weak);
    }
}

/// Which locks the run's workers wait for, if any.
fn locks_words(store: &RunStore) -> Option<String> {
    let used = |kind: LockKind| store.lanes.iter().any(|lane| !lane.locks.of(kind).is_empty());
    let kinds: Vec<&str> =
        LockKind::ALL.into_iter().filter(|&kind| used(kind)).map(LockKind::label).collect();
    (!kinds.is_empty()).then(|| format!("waiting for the {}", kinds.join(" or the ")))
}

/// The time axis above the lanes, and the cursor's time on it.
fn ticks_ui(ui: &mut Ui, id: Id, axis: &mut TimeAxis) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), TICKS_HEIGHT), Sense::hover());
    let response = ui.interact(rect, id.with("ticks"), Sense::CLICK | Sense::DRAG);
    let plot = time_rect(rect);
    axis.interact(ui, &response, plot, Wheel::Zooms);
    if response.clicked() {
        axis.pin(&response, plot);
    }
    let scale = axis.scale(plot);
    let palette = Palette::of(ui);
    let painter = ui.painter_at(rect);
    let cursor = axis.cursor_secs().map(|secs| {
        let galley = painter.layout_no_wrap(cursor_label(secs, &scale), small_font(), palette.plot);
        let size = galley.size() + vec2(theme::GAP_SMALL * 2.0, 1.0);
        let half = size.x * 0.5;
        let x =
            scale.x_from_secs(secs).clamp(rect.left() + half, (rect.right() - half).max(rect.left() + half));
        (Rect::from_center_size(pos2(x, plot.center().y), size), galley)
    });
    // A tick's label under the cursor's would look like a part of it.
    let covered = cursor.as_ref().map_or(Rect::NOTHING, |(label, _)| label.expand(theme::GAP_SMALL));
    paint_time_labels(&painter, &scale, plot.y_range(), covered, palette.text_weak);
    if let Some((label, galley)) = cursor {
        painter.rect_filled(label, 2.0, palette.text);
        painter.galley(label.center() - galley.size() * 0.5, galley, palette.plot);
    }
}
