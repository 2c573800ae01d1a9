//! The line in which a person says what to look for, at the right end of the legend.

use eframe::egui::{Align2, Id, Key, Margin, Rect, TextEdit, Ui, pos2};

use super::{
    chosen::Chosen,
    search::{Found, Query},
};
use crate::{
    gui::{
        plots::{RunKey, TimeAxis, run_key},
        theme::{self, Palette},
    },
    store::RunStore,
    time::secs,
};

pub(super) const WIDTH: f32 = 130.0;

/// What is looked for, and what was found last.
#[derive(Debug, Default)]
pub(super) struct Finder {
    text: String,
    /// What was found is of this run.
    run: RunKey,
    last: Option<Found>,
    nothing: bool,
}

/// `legend` is the whole row, `free_from_x` where the legend ends. With too little room the line is there only while it is
/// used. True where something was found that is to be brought into view.
pub(super) fn finder_ui(
    ui: &mut Ui,
    id: Id,
    (legend, free_from_x): (Rect, f32),
    store: &RunStore,
    axis: &mut TimeAxis,
    (finder, chosen): (&mut Finder, &mut Chosen),
) -> bool {
    let id = id.with("find");
    let wanted = axis.take_find();
    if finder.run != run_key(store) {
        (finder.run, finder.last, finder.nothing) = (run_key(store), None, false);
    }
    let focused = ui.memory(|memory| memory.has_focus(id));
    let right = legend.right() - theme::AXIS_RIGHT - theme::CONTROL_ROW;
    if right - free_from_x < WIDTH + theme::GAP && !wanted && !focused {
        return false;
    }
    let place = Rect::from_min_max(pos2(right - WIDTH, legend.top()), pos2(right, legend.bottom()));
    let palette = Palette::of(ui);
    let color = if finder.nothing { palette.error } else { palette.text };
    let font = eframe::egui::FontId::proportional(theme::SMALL_TEXT);
    let edit = TextEdit::singleline(&mut finder.text)
        .id(id)
        .font(font)
        .text_color(color)
        .hint_text("Find… (Ctrl+F)")
        .align(Align2::LEFT_CENTER)
        .min_size(place.size())
        .margin(Margin::symmetric(4, 0));
    let response = ui.put(place, edit).on_hover_text(
        "17, worker 3, failed, timed out, or a part of an error or log line. Enter goes to the next",
    );
    response.widget_info(|| {
        let mut info = eframe::egui::WidgetInfo::text_edit(true, "", &finder.text, "");
        info.label = Some("Find in the timeline".to_owned());
        info
    });
    if wanted {
        response.request_focus();
    }
    if response.changed() {
        (finder.last, finder.nothing) = (None, false);
    }
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    if !entered {
        return false;
    }
    // The next Enter goes on.
    response.request_focus();
    let after = finder.last.or(chosen.place().map(Found::Attempt));
    let found = Query::parse(&finder.text).and_then(|query| query.next(store, after));
    finder.nothing = found.is_none() && !finder.text.trim().is_empty();
    finder.last = found;
    match found {
        Some(Found::Attempt(place)) => chosen.choose(Some(place)),
        Some(Found::LogLine(t_ns)) => axis.pin_at(secs(t_ns)),
        None => {}
    }
    matches!(found, Some(Found::Attempt(_)))
}
