//! What the lanes of workers and of cores have in common: their place, the input over them, and what is chosen.

use std::ops::Range;

use eframe::egui::{
    EventFilter, Id, Key, Mesh, Modifiers, Painter, Pos2, Rect, Response, Role, ScrollArea, Sense, Stroke,
    StrokeKind, Tooltip, Ui, WidgetInfo, vec2,
};

use super::{
    chosen::{Chosen, Place, Step, span_times},
    details::zoom_to,
    layout::view_ns,
    tooltip::{self, Told},
};
use crate::{
    gui::{
        plots::{TimeAxis, Wheel, add_vline, paint_mesh, time_rect},
        theme::Palette,
    },
    store::{Lane, RunStore},
    time,
};

/// Lanes of some kind.
pub(super) trait Scene {
    /// Of all lanes together.
    fn height(&self) -> f32;

    /// Paints what is in view, and gives back what the pointer is over.
    fn show(&self, ui: &Ui, id: Id, axis: &TimeAxis, stage: &Stage) -> Shown;

    /// Where the lane of an attempt is, from the top of all lanes on.
    fn place_of(&self, place: Place) -> Option<Range<f32>>;

    /// For those who do not see it.
    fn title(&self, from_ns: u64, to_ns: u64) -> String;
}

/// Where lanes are shown.
pub(super) struct Stage {
    /// Of all lanes, those out of sight included.
    pub(super) plot: Rect,
    /// What is in sight, from the top of all lanes on.
    pub(super) visible: Range<f32>,
    pub(super) response: Response,
    pub(super) palette: Palette,
}

impl Stage {
    /// A row of a scene, by its place from the top of all on.
    pub(super) fn row(&self, row: &Range<f32>) -> Rect {
        let top = self.plot.top();
        Rect::from_x_y_ranges(self.plot.x_range(), top + row.start..=top + row.end)
    }
}

impl Stage {
    /// Where the pointer is, while it is over the lanes and holds nothing.
    pub(super) fn hover_pos(&self) -> Option<Pos2> {
        let response = &self.response;
        response.hover_pos().filter(|pos| self.plot.contains(*pos) && !response.dragged())
    }
}

/// Ground, time grid and pauses. `shaded` are rows on a ground of another shade.
pub(super) fn paint_background<'a>(
    painter: &Painter,
    (store, now_ns): (&RunStore, u64),
    axis: &TimeAxis,
    stage: &Stage,
    shaded: impl Iterator<Item = &'a Range<f32>>,
) {
    let (plot, palette, scale) = (stage.plot, &stage.palette, axis.scale(stage.plot));
    let mut mesh = Mesh::default();
    mesh.add_colored_rect(plot, palette.plot);
    for row in shaded {
        mesh.add_colored_rect(stage.row(row), palette.lane_alternate);
    }
    for tick in axis.ticks(&scale) {
        add_vline(&mut mesh, scale.x_from_secs(tick.secs), plot.top(), plot.bottom(), palette.grid);
    }
    for &(from_ns, to_ns) in &store.pauses {
        let left = scale.x_from_ns(from_ns).max(scale.left);
        let right = scale.x_from_ns(to_ns.unwrap_or(now_ns)).min(scale.right);
        if right > left {
            let shade = Rect::from_x_y_ranges(left..=right.max(left + 1.0), plot.y_range());
            mesh.add_colored_rect(shade, palette.text_weak.gamma_multiply(0.22));
        }
    }
    paint_mesh(painter, mesh);
}

/// What the pointer is over.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) told: Option<Told>,
    pub(super) target: Option<Target>,
}

/// `found` is whether the chosen attempt is to be brought into view. Gives the row that it stands in, where it is chosen
/// and in sight.
pub(super) fn area_ui(
    ui: &mut Ui,
    id: Id,
    (store, now_ns): (&RunStore, u64),
    axis: &mut TimeAxis,
    (scene, chosen): (&dyn Scene, &mut Chosen),
    found: bool,
) -> Option<Rect> {
    let mut chosen_row = None;
    let available = ui.available_height();
    let content = scene.height();
    let scrolls = content > available + 0.5;
    ScrollArea::vertical().id_salt(id.with("lanes")).auto_shrink(false).content_margin(0.0).show_viewport(
        ui,
        |ui, viewport| {
            let size = vec2(ui.available_width(), content.max(available));
            let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
            let response = ui.interact(rect, id.with("area"), Sense::click_and_drag());
            let plot = time_rect(Rect::from_min_size(rect.min, vec2(rect.width(), content)));
            let in_view = view_ns(&axis.scale(plot));
            let walked = walk_by_keys(ui, &response, store, chosen, in_view);
            axis.interact(ui, &response, plot, if scrolls { Wheel::Scrolls } else { Wheel::Zooms });
            keep_arrows(ui, &response, chosen);
            if scrolls && response.dragged() && !axis.marks().is_being_drawn() {
                ui.scroll_with_delta(vec2(0.0, response.drag_delta().y));
            }
            if response.clicked() {
                response.request_focus();
            }
            let (from_ns, to_ns) = view_ns(&axis.scale(plot));
            response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, scene.title(from_ns, to_ns)));
            let palette = Palette::of(ui);
            let stage = Stage { plot, visible: viewport.top()..viewport.bottom(), response, palette };
            let shown = scene.show(ui, id, axis, &stage);
            if ui.memory(|memory| memory.has_focus(stage.response.id)) {
                let stroke = Stroke::new(1.0, palette.text_weak);
                ui.painter().rect_stroke(rect.intersect(ui.clip_rect()), 0.0, stroke, StrokeKind::Inside);
            }
            // What is chosen stands in a window of its own.
            let told =
                chosen.place().is_some_and(|place| shown.target.is_some_and(|target| target.is(place)));
            if let Some(hovered) = shown.told.filter(|_| !told) {
                Tooltip::for_widget(&stage.response).at_pointer().gap(14.0).show(|ui| {
                    tooltip::told_ui(ui, store, &hovered, (now_ns, axis.zero_secs()));
                });
            }
            if (walked || found)
                && let Some(place) = chosen.place()
            {
                if let Some(row) = scene.place_of(place) {
                    ui.scroll_to_rect(stage.row(&row), None);
                }
                bring_into_view(axis, store, place);
            }
            take_click(&stage.response, axis, plot, store, shown.target.as_ref(), chosen);
            let row = chosen.place().and_then(|place| scene.place_of(place)).map(|row| stage.row(&row));
            chosen_row = row.map(|row| row.intersect(ui.clip_rect())).filter(Rect::is_positive);
        },
    );
    chosen_row
}

/// What a click over the lanes is about.
#[derive(Clone, Copy)]
pub(super) enum Target {
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
    let (from_secs, to_secs) = axis.edges_secs();
    let span = to_secs - from_secs;
    if start_secs < from_secs || end_secs - start_secs > span {
        axis.go_to(start_secs - span * 0.1, start_secs + span * 0.9);
    } else if end_secs > to_secs {
        axis.go_to(end_secs - span * 0.9, end_secs + span * 0.1);
    }
}

impl Target {
    pub(super) fn place(self) -> Option<Place> {
        match self {
            Self::Task(place) => Some(place),
            Self::Crowd(..) => None,
        }
    }

    fn is(self, other: Place) -> bool {
        matches!(self, Self::Task(place) if place == other)
    }
}
