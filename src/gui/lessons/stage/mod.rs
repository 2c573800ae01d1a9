//! The stage of a lesson: its processes as lanes, what they send one another as arrows, what they share as rows below.
//!
//! [`model`] knows what was told and no pixels, [`layout`] places it by pure arithmetic, and the rest paints. Everything
//! can be shown as it stood at any moment, by order as well as in time: most of a lesson happens in a few bursts that
//! are too short to be read to scale.

mod arrows;
mod cells;
mod layout;
mod legend;
mod model;
mod paint;
mod player;
mod scene;
#[cfg(test)]
mod testing;
mod tip;
mod told;
mod view;
mod words;

use std::sync::Arc;

use eframe::egui::{
    Align2, FontId, Mesh, Rect, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

pub(crate) use self::view::StageView;
use self::{
    layout::{Mode, Ruler, places},
    model::Model,
    scene::Scene,
};
use crate::{
    gui::{
        plots::{add_vline, paint_mesh, paint_time_labels, small_font},
        theme::{self, Palette},
    },
    ids::WorkerId,
    store::RunStore,
};

const AXIS_HEIGHT: f32 = 18.0;
/// Left of the lanes, for names.
const HEAD_WIDTH: (f32, f32) = (132.0, 210.0);
const HEAD_SHARE: f32 = 0.16;
const RIGHT_MARGIN: f32 = 28.0;
/// Right of the lanes where arrows show who waits for whom.
const STUCK_MARGIN: f32 = 140.0;

/// What a person does on a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StageAction {
    /// Another moment is shown, so that whatever stands beside the stage can show it too; `None` is the present or the
    /// end.
    Moment(Option<u64>),
    /// A process was chosen, and a line of its program with it where one is known.
    Process(WorkerId, Option<u32>),
}

/// Fills the available space with a lesson's run, as it stands or as it stood.
pub(crate) fn show(
    ui: &mut Ui,
    palette: &Palette,
    store: &RunStore,
    view: &mut StageView,
) -> Vec<StageAction> {
    let mut actions = Vec::new();
    view.update(store);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing = vec2(theme::GAP_SMALL, 0.0);
        if view.model.is_empty() {
            empty_ui(ui, palette, store.phase.is_live());
        } else {
            stage_ui(ui, palette, store, view, &mut actions);
        }
    });
    let shown = view.moment();
    if view.told != shown {
        view.told = shown;
        actions.push(StageAction::Moment(shown));
        ui.ctx().request_repaint();
    }
    actions
}

fn empty_ui(ui: &mut Ui, palette: &Palette, live: bool) {
    let size = ui.available_size();
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let sentence = if live {
        "The lesson is being started."
    } else {
        "Run the lesson: each of its processes gets a lane here, with what it does and for what it waits. Messages are \
         arrows from one lane to another, and what the processes share stands below."
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, format!("Stage: {sentence}")));
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, palette.plot);
    let font = FontId::proportional(theme::BODY_TEXT);
    let width = (rect.width() - theme::GAP_LARGE * 2.0).clamp(1.0, 460.0);
    let galley = painter.layout(sentence.to_owned(), font, palette.text_weak, width);
    painter.galley(rect.center() - galley.size() * 0.5, galley, palette.text_weak);
}

/// The last moment there is: of a run that goes on it is now, of another one when the last thing happened.
fn end_of(store: &RunStore, model: &Model) -> u64 {
    let last_ns = model.moments.last().copied().unwrap_or(0);
    if store.phase.is_live() && model.stuck.is_none() { store.now_ns.max(last_ns) } else { last_ns }
}

fn stage_ui(
    ui: &mut Ui,
    palette: &Palette,
    store: &RunStore,
    view: &mut StageView,
    actions: &mut Vec<StageAction>,
) {
    let live = store.phase.is_live() && view.model.stuck.is_none();
    let end_ns = end_of(store, &view.model);
    player::player_ui(ui, view, end_ns);
    view.drawn_to = Some(end_ns);
    view.keep_in_view(end_ns, live);
    player::caption_ui(ui, palette, view, end_ns);
    let model = Arc::clone(&view.model);
    let right = if model.stuck.is_some() { STUCK_MARGIN } else { RIGHT_MARGIN };
    let outer = ui.available_rect_before_wrap();
    let left = outer.left() + (outer.width() * HEAD_SHARE).clamp(HEAD_WIDTH.0, HEAD_WIDTH.1);
    let edges = (left, (outer.right() - right).max(left + 1.0));
    let scale = view.scale(end_ns, live, edges);
    let ruler = Ruler { mode: view.mode(), moments: &model.moments, scale };
    axis_ui(ui, palette, &ruler, view, end_ns);
    let room = (ui.available_height() - legend::HEIGHT).max(60.0);
    let places = places(&model, room);
    let scrolls = places.height > room + 0.5;
    let lesson = ui.scope_id().with("stage of a lesson");
    ScrollArea::vertical().id_salt(lesson).max_height(room).auto_shrink(false).content_margin(0.0).show(
        ui,
        |ui| {
            let size = vec2(ui.available_width(), places.height.max(room));
            let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
            let plot = Rect::from_x_y_ranges(edges.0..=edges.1, rect.y_range());
            let response = ui.interact(plot, lesson.with("area"), Sense::click_and_drag());
            view.interact(ui, &response, &scale, !scrolls);
            if scrolls && response.dragged() {
                ui.scroll_with_delta(vec2(0.0, response.drag_delta().y));
            }
            let shown_ns = view.moment().unwrap_or(end_ns).min(end_ns);
            let at_end = view.moment().is_none_or(|t_ns| t_ns >= end_ns);
            let scene = Scene {
                model: &model,
                places: &places,
                ruler,
                outer: rect,
                plot,
                palette,
                end_ns,
                shown_ns,
                at_end,
            };
            let title =
                format!("Stage: {} processes, {}", model.lanes.len(), player::place_words(&model, shown_ns));
            response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, title.clone()));
            scene.show(ui, lesson, actions);
            if ui.memory(|memory| memory.has_focus(response.id)) {
                ui.painter().rect_stroke(plot, 0.0, Stroke::new(1.0, palette.text_weak), StrokeKind::Inside);
            }
            if let Some(pointer) = response.hover_pos().filter(|_| !response.dragged()) {
                let hit = tip::hit(&scene, pointer);
                if let (Some((lane, Some(line))), true) =
                    (hit.as_ref().and_then(tip::Hit::place), response.clicked())
                {
                    actions.push(StageAction::Process(model.lanes[lane].worker, Some(line)));
                }
                if let Some(hit) = hit {
                    tip::tip_ui(&response, &scene, store, &hit);
                }
            }
        },
    );
    legend::legend_ui(ui, palette, &model);
}

/// The time axis, or the numbers of the moments. Under the pointer every moment can be seen; a click stays at it.
fn axis_ui(ui: &mut Ui, palette: &Palette, ruler: &Ruler<'_>, view: &mut StageView, end_ns: u64) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), AXIS_HEIGHT), Sense::hover());
    let plot = Rect::from_x_y_ranges(ruler.scale.left..=ruler.scale.right, rect.y_range());
    let response = ui.interact(plot, ui.scope_id().with("moments"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Slider, true, "Moments of the lesson"));
    let hand = response.hover_pos().or_else(|| response.interact_pointer_pos());
    view.pointed = hand
        .filter(|_| response.contains_pointer() || response.dragged())
        .and_then(|at| ruler.moment_at(at.x));
    if response.clicked() || response.dragged() {
        let last = ruler.moments.last().copied();
        view.stand_at(view.pointed.filter(|t_ns| Some(*t_ns) != last));
    }
    let painter = ui.painter_at(rect);
    let title = if ruler.mode == Mode::Time { "Time" } else { "Moment" };
    let at = pos2(rect.left() + theme::GAP_SMALL, rect.center().y);
    painter.text(at, Align2::LEFT_CENTER, title, small_font(), palette.text_weak);
    let mut mesh = Mesh::default();
    mesh.add_colored_rect(plot, if response.hovered() { palette.control_hovered } else { palette.control });
    paint_mesh(&painter, mesh);
    if ruler.mode == Mode::Time {
        let ticks =
            crate::units::ticks::time_ticks(ruler.scale.from_secs, ruler.scale.to_secs, ruler.scale.width());
        paint_time_labels(&painter, ticks, &ruler.scale, plot.y_range(), Rect::NOTHING, palette.text_weak);
    } else {
        let shown = view.moment().filter(|t_ns| *t_ns < end_ns);
        let shown = shown.and_then(|t_ns| view.model.moment_at(t_ns));
        scene::paint_numbers(&painter, ruler, plot, palette, shown);
    }
    if let Some(t_ns) = view.moment().filter(|t_ns| *t_ns < end_ns && ruler.mode == Mode::Time) {
        let x = ruler.x(t_ns);
        let mut mesh = Mesh::default();
        add_vline(&mut mesh, x, plot.top(), plot.bottom(), palette.cursor);
        paint_mesh(&painter, mesh);
    }
}
