//! The lanes: their place, the input over them, and what is painted where.

use eframe::egui::{
    EventFilter, Id, Key, Mesh, Modifiers, Painter, Rect, Response, Role, ScrollArea, Sense, Stroke,
    StrokeKind, Tooltip, Ui, WidgetInfo, pos2, vec2,
};

use super::{
    Memory,
    chosen::{Chosen, Place, Step, span_times},
    details::zoom_to,
    head::{TRACE, paint_head},
    layout::{Bar, What, bar_at, lay_out, view_ns},
    locks::{self, LockIndex},
    model::{TimelineIndex, accessible_title, lane_head, visible_lives},
    paint::LanePainter,
    starved::starved,
    tooltip::{self, Hovered},
};
use crate::{
    gui::{
        plots::{TimeAxis, TimeScale, Wheel, add_vline, paint_cursor, paint_mesh, time_rect, time_ticks},
        theme::{self, Palette},
    },
    ids::WorkerId,
    store::{Lane, RunStore},
    time,
};

/// The pointer finds a bar that is at most this far away.
const HOVER_SLACK: f32 = 3.0;
/// Marks of deaths and restarts that are closer than this would cover each other and the bars.
const MARK_GAP: f32 = 24.0;

/// `found` is whether the chosen attempt is to be brought into view.
pub(super) fn lanes_ui(
    ui: &mut Ui,
    id: Id,
    (store, now_ns): (&RunStore, u64),
    axis: &mut TimeAxis,
    memory: &mut Memory,
    found: bool,
) {
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
                index: &memory.index,
                chosen: memory.chosen.place(),
                now_ns,
                plot: time_rect(Rect::from_min_size(rect.min, vec2(rect.width(), content))),
                lane_height,
                shown: first.min(last)..last,
                palette: Palette::of(ui),
            };
            let in_view = view_ns(&axis.scale(lanes.plot));
            let walked = walk_by_keys(ui, &response, store, &mut memory.chosen, in_view);
            axis.interact(ui, &response, lanes.plot, if scrolls { Wheel::Scrolls } else { Wheel::Zooms });
            keep_arrows(ui, &response, &memory.chosen);
            if scrolls && response.dragged() && !axis.marks().is_being_drawn() {
                ui.scroll_with_delta(vec2(0.0, response.drag_delta().y));
            }
            if response.clicked() {
                response.request_focus();
            }
            let (from_ns, to_ns) = view_ns(&axis.scale(lanes.plot));
            response.widget_info(|| {
                WidgetInfo::labeled(Role::Figure, true, accessible_title(store, from_ns, to_ns))
            });
            let shown = lanes.show(ui, id, axis, &response);
            if ui.memory(|memory| memory.has_focus(response.id)) {
                let stroke = Stroke::new(1.0, lanes.palette.text_weak);
                ui.painter().rect_stroke(rect.intersect(ui.clip_rect()), 0.0, stroke, StrokeKind::Inside);
            }
            // What is chosen stands in a window of its own.
            let told = memory
                .chosen
                .place()
                .is_some_and(|place| shown.target.is_some_and(|target| target.is(place)));
            if let Some((worker, hovered)) = shown.hovered.filter(|_| !told) {
                Tooltip::for_widget(&response).at_pointer().gap(14.0).show(|ui| {
                    tooltip::hovered_ui(ui, store, worker, &hovered, now_ns);
                });
            }
            if (walked || found)
                && let Some(place) = memory.chosen.place()
            {
                ui.scroll_to_rect(lanes.lane_rect(place.lane), None);
                bring_into_view(axis, store, place);
            }
            take_click(&response, axis, lanes.plot, store, shown.target.as_ref(), &mut memory.chosen);
        },
    );
}

/// What a click over the lanes is about.
#[derive(Clone, Copy)]
enum Target {
    Task(Place),
    /// Tasks that are too short to be seen one by one, from then until then.
    Crowd(u64, u64),
}

fn take_click(
    response: &Response,
    axis: &mut TimeAxis,
    plot: Rect,
    store: &RunStore,
    target: Option<&Target>,
    chosen: &mut Chosen,
) {
    if response.double_clicked() {
        match target.copied() {
            Some(Target::Task(place)) => {
                if let Some(times) = span_times(store, place) {
                    zoom_to(axis, times);
                }
            }
            Some(Target::Crowd(from_ns, to_ns)) => zoom_to(axis, (from_ns, to_ns)),
            // Its first click has pinned the cursor, which was not meant.
            None => axis.marks_mut().pinned = None,
        }
    } else if response.clicked() {
        match target.copied() {
            Some(Target::Task(place)) => chosen.choose(Some(place)),
            Some(Target::Crowd(..)) => {}
            None if chosen.place().is_some() => chosen.choose(None),
            None => axis.pin(response, plot),
        }
    }
}

/// While a task is chosen, arrows and Esc are for it; without this, egui would move the focus away.
fn keep_arrows(ui: &Ui, response: &Response, chosen: &Chosen) {
    if chosen.place().is_some() && ui.memory(|memory| memory.has_focus(response.id)) {
        let filter = EventFilter {
            horizontal_arrows: true,
            vertical_arrows: true,
            escape: true,
            ..EventFilter::default()
        };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    }
}

/// Enter chooses the first task in view. Arrows go from the chosen one to its neighbours; Esc lets it go. True where
/// another one is chosen now.
fn walk_by_keys(
    ui: &Ui,
    response: &Response,
    store: &RunStore,
    chosen: &mut Chosen,
    (from_ns, to_ns): (u64, u64),
) -> bool {
    if !ui.memory(|memory| memory.has_focus(response.id)) {
        return false;
    }
    let before = chosen.place();
    if before.is_none() {
        if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter)) {
            chosen.choose(first_in_view(store, from_ns, to_ns));
        }
        return chosen.place().is_some();
    }
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    for (key, step) in [
        (Key::ArrowLeft, Step::Before),
        (Key::ArrowRight, Step::After),
        (Key::ArrowUp, Step::Up),
        (Key::ArrowDown, Step::Down),
    ] {
        if pressed(key) {
            chosen.walk(store, step);
        }
    }
    if pressed(Key::Escape) {
        chosen.choose(None);
    }
    chosen.place().is_some() && chosen.place() != before
}

fn first_in_view(store: &RunStore, from_ns: u64, to_ns: u64) -> Option<Place> {
    let first = |lane: &Lane| Some(lane.visible(from_ns, to_ns)).filter(|visible| !visible.is_empty());
    store.lanes.iter().zip(0..).find_map(|(lane, at)| Some(Place { lane: at, at: first(lane)?.start }))
}

/// Moves the view as little as shows the whole attempt, or its beginning where it is longer than the view.
fn bring_into_view(axis: &mut TimeAxis, store: &RunStore, place: Place) {
    let Some((start_ns, end_ns)) = span_times(store, place) else { return };
    let (start_secs, end_secs) = (time::secs(start_ns), time::secs(end_ns));
    let (from_secs, to_secs, _) = axis.edges_secs();
    let span = to_secs - from_secs;
    if start_secs < from_secs || end_secs - start_secs > span {
        axis.go_to(start_secs - span * 0.1, start_secs + span * 0.9);
    } else if end_secs > to_secs {
        axis.go_to(end_secs - span * 0.9, end_secs + span * 0.1);
    }
}

impl Target {
    fn is(self, other: Place) -> bool {
        matches!(self, Self::Task(place) if place == other)
    }
}

/// What the pointer is over.
struct Shown {
    hovered: Option<(WorkerId, Hovered)>,
    target: Option<Target>,
}

fn target_of(bar: &Bar, at: usize, lane: &Lane) -> Option<Target> {
    match &bar.what {
        What::Single { index, .. } => Some(Target::Task(Place { lane: at, at: *index })),
        What::Merged { range, .. } => {
            let (from, to) = (lane.spans.times(range.start)?, lane.spans.times(range.end - 1)?);
            Some(Target::Crowd(from.0, to.1))
        }
    }
}

/// One frame of the lanes in view.
struct Lanes<'a> {
    store: &'a RunStore,
    index: &'a TimelineIndex,
    chosen: Option<Place>,
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
    fn show(&self, ui: &Ui, id: Id, axis: &TimeAxis, response: &Response) -> Shown {
        let scale = axis.scale(self.plot);
        let painter = ui.painter_at(self.plot.intersect(ui.clip_rect()));
        self.paint_background(&painter, &scale);
        let hover_pos = response.hover_pos().filter(|pos| self.plot.contains(*pos) && !response.dragged());
        let (mut hovered, mut target) = (None, None);
        let mut lane_painter = LanePainter::new(&painter, self.palette);
        let mut bars = Vec::new();
        for at in self.shown.clone() {
            let (Some(lane), Some(index)) = (self.store.lanes.get(at), self.index.locks.get(at)) else {
                continue;
            };
            let rect = self.lane_rect(at);
            self.head_ui(ui, (id, at), lane, rect, axis);
            self.paint_lives(&mut lane_painter, lane, rect, &scale, false);
            bars = lay_out(lane, index, &scale, bars);
            for (left, right) in starved(self.store, lane, &bars, &scale, self.now_ns) {
                lane_painter.starved(left, right, rect);
            }
            let mut spans = lane.spans.reader();
            lane_painter.bars(&bars, rect, |index| spans.get(index).map(|span| span.task.0));
            self.paint_running(&mut lane_painter, lane, index, rect, &scale);
            self.paint_lives(&mut lane_painter, lane, rect, &scale, true);
            self.mark_chosen(&mut lane_painter, at, &bars, rect);
            if let Some(pos) = hover_pos.filter(|pos| rect.y_range().contains(pos.y)) {
                target = bar_at(&bars, pos.x, HOVER_SLACK).and_then(|bar| target_of(bar, at, lane));
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
        Shown { hovered, target }
    }

    /// A frame around the chosen attempt, or around the crowd that it stands in.
    fn mark_chosen(&self, painter: &mut LanePainter<'_>, lane: usize, bars: &[Bar], rect: Rect) {
        let Some(chosen) = self.chosen.filter(|chosen| chosen.lane == lane) else { return };
        let holds = |bar: &&Bar| match &bar.what {
            What::Single { index, .. } => *index == chosen.at,
            What::Merged { range, .. } => range.contains(&chosen.at),
        };
        if let Some(bar) = bars.iter().find(holds) {
            painter.frame(bar.left, bar.right, rect);
        }
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

    fn head_ui(&self, ui: &Ui, (id, at): (Id, usize), lane: &Lane, rect: Rect, axis: &TimeAxis) {
        let left = rect.left() - theme::AXIS_WIDTH;
        let place = Rect::from_min_max(pos2(left, rect.top()), pos2(rect.left(), rect.bottom()));
        let head = lane_head(self.store, at, lane);
        let response = ui.interact(place, id.with(("head", at)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &head.accessible));
        // Until the cursor, or else until the newest in view.
        let until_ns = time::ns_from_secs(axis.cursor_secs().unwrap_or(axis.edges_secs().1));
        let cpu = self.index.cpu_until(self.store, at, until_ns, TRACE);
        paint_head(ui, &ui.painter_at(place.intersect(ui.clip_rect())), place, &head, &cpu);
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
