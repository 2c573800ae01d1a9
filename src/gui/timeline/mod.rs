//! The timeline: a lane for every worker, a bar for every attempt of a task.
//!
//! Three floors: [`model`] knows runs and no pixels, [`layout`] turns spans into bars by pure arithmetic, [`paint`]
//! paints bars and knows no runs. This module joins them, takes the input and speaks to screen readers.

mod head;
mod layout;
mod locks;
mod model;
mod paint;
mod tooltip;

use std::sync::{Arc, Mutex, PoisonError};

use eframe::egui::{
    Align2, Id, Mesh, Painter, Pos2, Rect, Response, Role, ScrollArea, Sense, Stroke, StrokeKind, Tooltip,
    Ui, WidgetInfo, pos2, vec2,
};

use self::{
    head::paint_head,
    layout::{bar_at, lay_out, view_ns},
    locks::LockIndex,
    model::{Counts, State, TimelineIndex, accessible_title, lane_head, totals, visible_lives},
    paint::LanePainter,
    tooltip::Hovered,
};
use super::{
    plots::{
        TimeAxis, TimeScale, Wheel, add_vline, cursor_label, paint_cursor, paint_mesh, paint_time_labels,
        small_font, time_rect, time_ticks,
    },
    theme::{self, Palette},
};
use crate::{
    event::LockKind,
    ids::WorkerId,
    store::{Lane, RunStore},
    units,
};

const LEGEND_HEIGHT: f32 = 18.0;
const TICKS_HEIGHT: f32 = 16.0;
/// The pointer finds a bar that is at most this far away.
const HOVER_SLACK: f32 = 3.0;
/// Marks of deaths and restarts that are closer than this would cover each other and the bars.
const MARK_GAP: f32 = 24.0;
const SWATCH: eframe::egui::Vec2 = vec2(16.0, 10.0);

/// Shared, so that egui's memory can hand it out without copying a million numbers.
type SharedIndex = Arc<Mutex<TimelineIndex>>;

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
        let shared: SharedIndex = ui.data_mut(|data| data.get_temp_mut_or_default::<SharedIndex>(id).clone());
        // A panic elsewhere cannot leave the index half updated for long: the next update goes on from what it has.
        let mut index = shared.lock().unwrap_or_else(PoisonError::into_inner);
        index.update(store);
        legend_ui(ui, store, &totals(store));
        ticks_ui(ui, id, axis);
        lanes_ui(ui, id, store, now_ns, axis, &index);
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
    } else if store.lacks_start() {
        "No worker is known of this run: its record ends before it tells of one."
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

fn lanes_ui(ui: &mut Ui, id: Id, store: &RunStore, now_ns: u64, axis: &mut TimeAxis, index: &TimelineIndex) {
    let available = ui.available_height().max(theme::LANE_HEIGHT_MIN);
    let count = store.lanes.len();
    let lane_height =
        (available / count as f32).floor().clamp(theme::LANE_HEIGHT_MIN, theme::LANE_HEIGHT_MAX);
    let content = lane_height * count as f32;
    let scrolls = content > available + 0.5;
    ScrollArea::vertical().id_salt(id.with("lanes")).auto_shrink(false).content_margin(0.0).show_viewport(
        ui,
        |ui, viewport| {
            let size = vec2(ui.available_width(), content.max(available));
            let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
            let response = ui.interact(rect, id.with("area"), Sense::click_and_drag());
            let first = (viewport.top() / lane_height).max(0.0) as usize;
            let last = ((viewport.bottom() / lane_height).ceil() as usize).min(count);
            let lanes = Lanes {
                store,
                index,
                now_ns,
                plot: time_rect(Rect::from_min_size(rect.min, vec2(rect.width(), content))),
                lane_height,
                shown: first.min(last)..last,
                palette: Palette::of(ui),
            };
            axis.interact(ui, &response, lanes.plot, if scrolls { Wheel::Scrolls } else { Wheel::Zooms });
            if scrolls && response.dragged() {
                ui.scroll_with_delta(vec2(0.0, response.drag_delta().y));
            }
            if response.clicked() {
                response.request_focus();
            }
            let (from_ns, to_ns) = view_ns(&axis.scale(lanes.plot));
            response.widget_info(|| {
                WidgetInfo::labeled(Role::Figure, true, accessible_title(store, from_ns, to_ns))
            });
            let hovered = lanes.show(ui, id, axis, &response);
            if ui.memory(|memory| memory.has_focus(response.id)) {
                let stroke = Stroke::new(1.0, lanes.palette.text_weak);
                ui.painter().rect_stroke(rect.intersect(ui.clip_rect()), 0.0, stroke, StrokeKind::Inside);
            }
            if let Some((worker, hovered)) = hovered {
                Tooltip::for_widget(&response).at_pointer().gap(14.0).show(|ui| {
                    tooltip::hovered_ui(ui, store, worker, &hovered, now_ns);
                });
            }
        },
    );
}

/// One frame of the lanes in view.
struct Lanes<'a> {
    store: &'a RunStore,
    index: &'a TimelineIndex,
    now_ns: u64,
    /// Of all lanes, those out of sight included.
    plot: Rect,
    lane_height: f32,
    shown: std::ops::Range<usize>,
    palette: Palette,
}

impl Lanes<'_> {
    fn lane_rect(&self, at: usize) -> Rect {
        let top = self.plot.top() + self.lane_height * at as f32;
        Rect::from_x_y_ranges(self.plot.x_range(), top..=top + self.lane_height)
    }

    /// Paints everything; gives back what the pointer is over.
    fn show(&self, ui: &Ui, id: Id, axis: &TimeAxis, response: &Response) -> Option<(WorkerId, Hovered)> {
        let scale = axis.scale(self.plot);
        let painter = ui.painter_at(self.plot.intersect(ui.clip_rect()));
        self.paint_background(&painter, &scale);
        let hover_pos = response.hover_pos().filter(|pos| self.plot.contains(*pos) && !response.dragged());
        let mut hovered = None;
        let mut lane_painter = LanePainter::new(&painter, self.palette);
        let mut bars = Vec::new();
        for at in self.shown.clone() {
            let (Some(lane), Some(index)) = (self.store.lanes.get(at), self.index.locks.get(at)) else {
                continue;
            };
            let rect = self.lane_rect(at);
            self.head_ui(ui, id, at, lane, rect);
            self.paint_lives(&mut lane_painter, lane, rect, &scale, false);
            bars = lay_out(lane, index, &scale, bars);
            let mut spans = lane.spans.reader();
            lane_painter.bars(&bars, rect, |index| spans.get(index).map(|span| span.task.0));
            self.paint_running(&mut lane_painter, lane, index, rect, &scale);
            self.paint_lives(&mut lane_painter, lane, rect, &scale, true);
            if let Some(pos) = hover_pos.filter(|pos| rect.y_range().contains(pos.y)) {
                hovered = bar_at(&bars, pos.x, 0.0)
                    .and_then(|bar| tooltip::from_bar(bar, lane, index))
                    .or_else(|| tooltip::beside_bars(lane, index, &scale, pos.x, self.now_ns))
                    .or_else(|| {
                        bar_at(&bars, pos.x, HOVER_SLACK).and_then(|bar| tooltip::from_bar(bar, lane, index))
                    })
                    .map(|hovered| (WorkerId(at as u32), hovered));
            }
        }
        lane_painter.finish();
        paint_cursor(&painter, axis, self.plot, &self.palette);
        hovered
    }

    fn paint_background(&self, painter: &Painter, scale: &TimeScale) {
        let mut mesh = Mesh::default();
        mesh.add_colored_rect(self.plot, self.palette.plot);
        for at in self.shown.clone().filter(|at| at % 2 == 1) {
            mesh.add_colored_rect(self.lane_rect(at), self.palette.lane_alternate);
        }
        for tick in time_ticks(scale.from_secs, scale.to_secs, scale.width()) {
            add_vline(
                &mut mesh,
                scale.x_from_secs(tick.secs),
                self.plot.top(),
                self.plot.bottom(),
                self.palette.grid,
            );
        }
        for &(from_ns, to_ns) in &self.store.pauses {
            let left = scale.x_from_ns(from_ns).max(scale.left);
            let right = scale.x_from_ns(to_ns.unwrap_or(self.now_ns)).min(scale.right);
            if right > left {
                let shade = Rect::from_x_y_ranges(left..=right.max(left + 1.0), self.plot.y_range());
                mesh.add_colored_rect(shade, self.palette.text_weak.gamma_multiply(0.22));
            }
        }
        paint_mesh(painter, mesh);
    }

    fn head_ui(&self, ui: &Ui, id: Id, at: usize, lane: &Lane, rect: Rect) {
        let left = rect.left() - theme::AXIS_WIDTH;
        let place = Rect::from_min_max(pos2(left, rect.top()), pos2(rect.left(), rect.bottom()));
        let head = lane_head(self.store, at, lane);
        let response = ui.interact(place, id.with(("head", at)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &head.accessible));
        paint_head(ui, &ui.painter_at(place.intersect(ui.clip_rect())), place, &head);
        response.on_hover_text(head.hover);
    }

    /// Starts of workers, under the bars; deaths and replacements, over them.
    fn paint_lives(
        &self,
        painter: &mut LanePainter<'_>,
        lane: &Lane,
        rect: Rect,
        scale: &TimeScale,
        marks: bool,
    ) {
        let (from_ns, to_ns) = view_ns(scale);
        // Where they are close, what comes second is drawn smaller, and what falls on one pixel once.
        let (mut last_x, mut last_mark_x) = (f32::NEG_INFINITY, f32::NEG_INFINITY);
        let mut flag_fits = true;
        for (at, life) in visible_lives(lane, from_ns, to_ns) {
            let spawned_x = scale.x_from_ns(life.spawned_ns);
            if !marks {
                let end_ns = life.ready_ns.or(life.exited_ns).unwrap_or(self.now_ns);
                let (left, right) = (spawned_x.max(scale.left), scale.x_from_ns(end_ns).min(scale.right));
                if right > left && left > last_x {
                    painter.starting(left, right, rect);
                    last_x = right;
                }
                continue;
            }
            if at > 0 && flag_fits {
                painter.restart(spawned_x, rect);
            }
            if let Some(x) = life.exited_ns.filter(|_| !life.expected).map(|exited| scale.x_from_ns(exited))
                && x - last_x >= 1.0
            {
                flag_fits = x - last_mark_x >= MARK_GAP;
                if flag_fits {
                    painter.death(x, rect);
                    last_mark_x = x;
                } else {
                    painter.death_among_many(x, rect);
                }
                last_x = x;
            }
        }
    }

    fn paint_running(
        &self,
        painter: &mut LanePainter<'_>,
        lane: &Lane,
        index: &LockIndex,
        rect: Rect,
        scale: &TimeScale,
    ) {
        let Some(open) = lane.running else { return };
        let now_x = scale.x_from_ns(self.now_ns.max(open.start_ns));
        let (left, right) = (scale.x_from_ns(open.start_ns).max(scale.left), now_x.min(scale.right));
        if right >= left && left <= scale.right {
            let waits = locks::waits(lane, index, scale, (open.start_ns, self.now_ns));
            painter.running((left, right), rect, open.task.0, now_x <= scale.right, &waits);
        }
    }
}
