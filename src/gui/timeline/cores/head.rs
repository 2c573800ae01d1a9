//! What stands left of a core's lane: which core it is and how busy the machine had it.

use eframe::egui::{Align2, Id, Rect, Role, Sense, Ui, WidgetInfo, pos2};

use super::{
    super::head::{TRACE, paint_trace},
    index::CoreIndex,
    words,
};
use crate::{
    gui::{
        plots::{TimeAxis, small_font},
        theme::{self, Palette},
    },
    store::RunStore,
    time::ns_from_secs,
    units,
};

/// From this height on, a lane has room for two lines of text.
const TWO_LINES: f32 = 24.0;

/// Load of a core in its last samples until a moment, the oldest first: of everything on the machine.
fn loads_until(store: &RunStore, core: usize, t_ns: u64) -> Vec<f32> {
    let until = store.cores.partition_point(|sample| sample.t_ns <= t_ns);
    let samples = store.cores.iter_from(until.saturating_sub(TRACE)).take(until.min(TRACE));
    samples.filter_map(|sample| sample.loads.get(core)).map(|load| load.busy()).collect()
}

pub(super) fn head_ui(
    ui: &Ui,
    id: Id,
    (store, index): (&RunStore, &CoreIndex),
    (core, lane): (usize, Rect),
    axis: &TimeAxis,
) {
    let left = lane.left() - theme::AXIS_WIDTH;
    let place = Rect::from_min_max(pos2(left, lane.top()), pos2(lane.left(), lane.bottom()));
    let until_ns = ns_from_secs(axis.cursor_secs().unwrap_or(axis.edges_secs().1));
    let loads = loads_until(store, core, until_ns);
    let load = loads.last().map(|load| units::percent((f64::from(*load) * 100.0).round() / 100.0));
    let others = index.others.mean(core).filter(|mean| *mean >= 0.01).map(units::percent);
    let told = words::lane(core, index.cores.get(core), load.as_deref(), others.as_deref());
    let response = ui.interact(place, id.with(("core head", core)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &told));
    let palette = Palette::of(ui);
    let painter = ui.painter_at(place.intersect(ui.clip_rect()));
    paint_trace(&painter, place, &loads, &palette);
    let name = format!("core {core}");
    let text = |y: f32, words: &str, color| {
        painter.text(pos2(left + theme::GAP_SMALL, y), Align2::LEFT_CENTER, words, small_font(), color);
    };
    let y = place.center().y;
    match load.filter(|_| place.height() >= TWO_LINES) {
        Some(load) => {
            let half = theme::SMALL_TEXT * 0.5 + 0.5;
            text(y - half, &name, palette.text);
            text(y + half, &load, palette.text_weak);
        }
        None => text(y, &name, palette.text),
    }
    response.on_hover_text(told);
}
