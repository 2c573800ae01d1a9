//! The timeline: a lane for every worker, a bar for every attempt of a task.
//!
//! Three floors: [`model`] knows runs and no pixels, [`layout`] turns spans into bars by pure arithmetic, [`paint`]
//! paints bars and knows no runs. This module joins them, takes the input and speaks to screen readers.

mod area;
mod chosen;
mod columns;
mod cores;
mod details;
mod finder;
mod groups;
mod head;
mod lanes;
mod layout;
mod legend;
mod lit;
mod locks;
mod mode;
mod model;
mod overview;
mod paint;
pub(crate) mod patterns;
mod range;
mod rows;
mod search;
mod starved;
mod summaries;
mod tooltip;

use std::{
    cell::RefCell,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use eframe::egui::{Align2, Id, Mesh, Painter, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

pub(crate) use self::model::Doing;
use self::{
    area::area_ui,
    chosen::{Chosen, Place},
    cores::{CoreIndex, CoreLanes},
    finder::Finder,
    lanes::Lanes,
    model::TimelineIndex,
    overview::Overview,
    range::RangeMemory,
    rows::{Toggled, groups_of},
    summaries::Summaries,
};
use super::{
    plots::{TimeAxis, Wheel, paint_counts_from, paint_mesh, paint_time_labels, small_font, time_rect},
    theme::{self, Palette},
};
use crate::store::RunStore;

const LEGEND_HEIGHT: f32 = 18.0;
const TICKS_HEIGHT: f32 = 16.0;

/// What the timeline of one place keeps from frame to frame.
#[derive(Debug, Default)]
struct Memory {
    index: TimelineIndex,
    cores: CoreIndex,
    toggled: Toggled,
    summaries: RefCell<Summaries>,
    /// The attempt whose groups were opened, so that they can be collapsed again.
    opened_for: Option<Place>,
    overview: Overview,
    chosen: Chosen,
    /// For so many frames the window of what is chosen has been shown.
    card: u8,
    finder: Finder,
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
        let shared = memory_of(ui, id);
        let mut memory = updated(&shared, store);
        let picked = axis.take_choice().and_then(|(worker, task)| lit::last_attempt(store, worker, task));
        if picked.is_some() {
            memory.chosen.choose(picked);
        }
        let by_core = axis.by_core();
        if by_core {
            memory.cores.update(store, cores::READ);
        }
        let free = legend::legend_ui(
            ui,
            id,
            store,
            (by_core.then_some(&memory.cores), memory.chosen.place().is_some()),
            axis,
        );
        let Memory { finder, chosen, .. } = &mut *memory;
        let found = finder::finder_ui(ui, id, free, store, axis, (finder, chosen)) || picked.is_some();
        overview::overview_ui(ui, id, store, axis, &mut memory.overview);
        ticks_ui(ui, id, axis);
        let row = if by_core {
            cores_ui(ui, id, (store, now_ns), axis, &mut memory, found)
        } else {
            workers_ui(ui, id, (store, now_ns), axis, &mut memory, found)
        };
        details::chosen_ui(ui, id, store, axis, &mut memory, (outer, row, now_ns));
        details::range_ui(ui, id, store, axis, &mut memory.range, outer);
    });
}

/// The lanes and their time alone, in the available space, for a page that says beside them what is what.
pub(crate) fn lanes_ui(ui: &mut Ui, id: &str, store: &RunStore, now_ns: u64, axis: &mut TimeAxis) {
    let id = Id::unique(("lanes", id));
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
        if store.lanes.is_empty() {
            empty_ui(ui, store, ui.available_rect_before_wrap());
            return;
        }
        let shared = memory_of(ui, id);
        let mut memory = updated(&shared, store);
        ticks_ui(ui, id, axis);
        workers_ui(ui, id, (store, now_ns), axis, &mut memory, false);
    });
}

fn memory_of(ui: &Ui, id: Id) -> SharedMemory {
    ui.data_mut(|data| data.get_temp_mut_or_default::<SharedMemory>(id).clone())
}

/// What is kept, with what the run has told since.
fn updated<'m>(shared: &'m SharedMemory, store: &RunStore) -> MutexGuard<'m, Memory> {
    // A panic elsewhere cannot leave the memory half updated for long: the next update goes on from what it has.
    let mut memory = shared.lock().unwrap_or_else(PoisonError::into_inner);
    memory.index.update(store);
    memory.chosen.keep_to(store);
    memory
}

fn workers_ui(
    ui: &mut Ui,
    id: Id,
    run: (&RunStore, u64),
    axis: &mut TimeAxis,
    memory: &mut Memory,
    found: bool,
) -> Option<Rect> {
    let Memory { index, chosen, toggled, opened_for, summaries, .. } = memory;
    if *opened_for != chosen.place() {
        *opened_for = chosen.place();
        for group in chosen.place().into_iter().flat_map(|place| groups_of(run.0, place.lane)) {
            toggled.set(group, true);
        }
    }
    let lanes = Lanes::new(run, index, chosen.place(), (&*toggled, &*summaries), ui.available_height());
    let row = area_ui(ui, id, run, axis, (&lanes, chosen), found);
    if let Some((group, open)) = lanes.toggled() {
        toggled.set(group, open);
        ui.ctx().request_repaint();
    }
    row
}

fn cores_ui(
    ui: &mut Ui,
    id: Id,
    run: (&RunStore, u64),
    axis: &mut TimeAxis,
    memory: &mut Memory,
    found: bool,
) -> Option<Rect> {
    let Memory { index, cores, chosen, .. } = memory;
    if cores.progress().is_some() {
        ui.ctx().request_repaint();
    }
    if cores.knows_nothing() {
        let rect = ui.available_rect_before_wrap();
        cores::nothing_ui(ui, run.0, rect);
        return None;
    }
    let lanes = CoreLanes::new(run, (cores, index), chosen.place(), ui.available_height());
    area_ui(ui, id, run, axis, (&lanes, chosen), found)
}

fn empty_ui(ui: &mut Ui, store: &RunStore, outer: Rect) {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(outer.size(), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, "Timeline: no workers yet"));
    paint_title(ui.painter(), rect.left(), rect.top() + LEGEND_HEIGHT * 0.5, &palette);
    let sentence = if store.phase.is_live() {
        "A lane for every worker appears here once a run is going, with a bar for every task."
    } else if store.lacks_start() {
        "No worker is known of this run: its record ends before it tells of one."
    } else {
        "This run had no workers: it ended before any could start."
    };
    paint_sentence(ui, time_rect(rect).with_min_y(rect.top() + LEGEND_HEIGHT), sentence, &palette);
}

/// In place of lanes.
fn paint_sentence(ui: &Ui, plot: Rect, sentence: &str, palette: &Palette) {
    let mut mesh = Mesh::default();
    mesh.add_colored_rect(plot, palette.plot);
    paint_mesh(ui.painter(), mesh);
    let font = eframe::egui::FontId::proportional(theme::SMALL_TEXT + 1.0);
    let galley = ui.painter().layout(sentence.to_owned(), font, palette.text_weak, plot.width() - 8.0);
    ui.painter().galley(plot.center() - galley.size() * 0.5, galley, palette.text_weak);
}

fn paint_title(painter: &Painter, left: f32, y: f32, palette: &Palette) {
    let at = pos2(left + theme::GAP_SMALL, y);
    painter.text(at, Align2::LEFT_CENTER, "Timeline", small_font(), palette.text);
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
    response.widget_info(|| {
        let [from, to] = [scale.from_secs, scale.to_secs].map(|secs| axis.moment(secs));
        let counts = axis.counts_from().map(|words| format!(" {words}")).unwrap_or_default();
        WidgetInfo::labeled(Role::Figure, true, format!("Time axis{counts}: {from} to {to}"))
    });
    let palette = Palette::of(ui);
    let painter = ui.painter_at(rect);
    let cursor = axis.cursor_secs().map(|secs| {
        let galley = painter.layout_no_wrap(axis.cursor_label(secs, &scale), small_font(), palette.plot);
        let size = galley.size() + vec2(theme::GAP_SMALL * 2.0, 1.0);
        let half = size.x * 0.5;
        let x =
            scale.x_from_secs(secs).clamp(rect.left() + half, (rect.right() - half).max(rect.left() + half));
        (Rect::from_center_size(pos2(x, plot.center().y), size), galley)
    });
    // A tick's label under the cursor's would look like a part of it.
    let covered = cursor.as_ref().map_or(Rect::NOTHING, |(label, _)| label.expand(theme::GAP_SMALL));
    paint_time_labels(&painter, axis.ticks(&scale), &scale, plot.y_range(), covered, palette.text_weak);
    paint_counts_from(&painter, axis, plot, palette.text_weak);
    if let Some((label, galley)) = cursor {
        painter.rect_filled(label, 2.0, palette.text);
        painter.galley(label.center() - galley.size() * 0.5, galley, palette.plot);
    }
}
