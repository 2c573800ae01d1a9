//! What a lesson's processes printed, and its log.

use std::sync::Arc;

use eframe::egui::{Align, Frame, Label, Layout, Margin, RichText, ScrollArea, TextStyle, Ui, vec2};

use super::{
    PageState,
    fold::{Row, fold},
};
use crate::{
    gui::{
        action::{Action, Actions},
        lessons::{LessonAction, Lessons, Place},
        theme::{GAP, GAP_SMALL, Palette},
    },
    lesson::LogFile,
    store::RunStore,
};

/// Beside each other the log's name and its button need so much.
const NAME_AND_BUTTON: f32 = 220.0;

pub(super) fn output_ui(
    ui: &mut Ui,
    lessons: &Lessons,
    place: Place,
    state: PageState<'_>,
    actions: &mut Actions,
) {
    let store = lessons.run(place, state.runs).map(|run| Arc::clone(run.whole()));
    let moment = lessons.stage.moment();
    let by_then = |t_ns: u64| moment.is_none_or(|moment| t_ns <= moment);
    let size = ui.available_size();
    // What is not filled yet keeps its height.
    ui.set_min_size(size);
    let Some(log) = &place.lesson().log else {
        printed_ui(ui, store.as_deref(), by_then);
        return;
    };
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = GAP;
        let half = vec2((size.x - GAP) / 2.0, size.y);
        let column = Layout::top_down(Align::Min);
        ui.allocate_ui_with_layout(half, column, |ui| {
            ui.set_width(half.x);
            printed_ui(ui, store.as_deref(), by_then);
        });
        ui.allocate_ui_with_layout(half, column, |ui| {
            ui.set_width(half.x);
            let lines = lessons.outcome().map_or(&[][..], |outcome| &outcome.log);
            log_ui(ui, log, lines, by_then, actions);
        });
    });
}

/// As a terminal would have shown it at the moment of the stage, with who printed each line before it.
fn printed_ui(ui: &mut Ui, store: Option<&RunStore>, by_then: impl Fn(u64) -> bool) {
    ui.horizontal(|ui| ui.label(RichText::new("Printed").strong()));
    let Some(lesson) = store.map(|store| &store.lesson).filter(|lesson| !lesson.printed.is_empty()) else {
        let text = match store {
            Some(store) if !store.phase.is_live() => "The processes of this run printed nothing.",
            _ => "Nothing yet. What the processes print appears here, as in a terminal.",
        };
        ui.add(Label::new(RichText::new(text).weak()).wrap());
        return;
    };
    let printed: Vec<_> = lesson.printed.iter().filter(|printed| by_then(printed.t_ns)).collect();
    if printed.is_empty() {
        ui.add(Label::new(RichText::new("Nothing is printed up to this moment.").weak()).wrap());
        return;
    }
    let names = lesson.roles.iter().flatten().map(|role| role.name.chars().count());
    let width = names.max().unwrap_or(0);
    let lines = printed.iter().map(|printed| &*printed.text);
    terminal(ui, "lesson printed", width + 1, lines, |ui, at, row| {
        let teller = printed[at].worker.filter(|_| row.first);
        let name = teller.map_or_else(String::new, |worker| lesson.name(worker));
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.add(Label::new(RichText::new(format!("{name:>width$} ")).monospace().weak()).extend())
                .on_hover_text("Who printed this line");
            row_label(ui, row);
        });
    });
}

fn log_ui(
    ui: &mut Ui,
    log: &LogFile,
    lines: &[(u64, String)],
    by_then: impl Fn(u64) -> bool,
    actions: &mut Actions,
) {
    let name = |ui: &mut Ui| {
        ui.label(RichText::new(format!("Log: {}", log.file)).strong()).on_hover_text(about(log));
    };
    let save = |ui: &mut Ui, actions: &mut Actions| {
        let save = ui
            .add_enabled(!lines.is_empty(), eframe::egui::Button::new("Save log…").small())
            .on_hover_text("Write all its lines to a file")
            .on_disabled_hover_text("It is empty");
        if save.clicked() {
            actions.push(Action::Lesson(LessonAction::SaveLog));
        }
    };
    if ui.available_width() < NAME_AND_BUTTON {
        name(ui);
        save(ui, actions);
    } else {
        ui.horizontal(|ui| {
            name(ui);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| save(ui, actions));
        });
    }
    if lines.is_empty() {
        ui.add(Label::new(RichText::new(format!("Empty so far. {}", about(log))).weak()).wrap());
        return;
    }
    // They are in order of time.
    let written = lines.partition_point(|(t_ns, _)| by_then(*t_ns));
    if written == 0 {
        ui.add(Label::new(RichText::new("Nothing is logged up to this moment.").weak()).wrap());
        return;
    }
    terminal(ui, "lesson log", 0, lines[..written].iter().map(|(_, line)| line.as_str()), |ui, _, row| {
        row_label(ui, row);
    });
}

/// What a log is, and what stands in this one.
fn about(log: &LogFile) -> String {
    let words = [("%(asctime)s", "time"), ("%(levelname)s", "level"), ("%(message)s", "text")];
    let line = words.iter().fold(log.format.clone(), |line, (slot, word)| line.replace(slot, word));
    format!(
        "A log is a file to which every process can add lines. Here each line is {line}, which is written {}.",
        log.format
    )
}

/// Told as its whole line.
fn row_label(ui: &mut Ui, row: Row<'_>) {
    let label = ui.add(Label::new(RichText::new(row.text).monospace()).extend());
    if row.first {
        label.accessible_name(row.line);
    }
}

/// Lines folded to the width, in rows of one height, the newest in sight. `before` columns are not theirs.
fn terminal<'l>(
    ui: &mut Ui,
    id: &str,
    before: usize,
    lines: impl Iterator<Item = &'l str>,
    row_ui: impl Fn(&mut Ui, usize, Row<'l>),
) {
    let frame = Frame::new().fill(Palette::of(ui).plot).inner_margin(Margin::same(GAP_SMALL as i8));
    frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.spacing_mut().interact_size.y = 0.0;
        let font = TextStyle::Monospace.resolve(ui.style());
        let column = ui.fonts_mut(|fonts| fonts.glyph_width(&font, '0'));
        // The bar of the scroll area must cover no letter.
        let width = ui.available_width() - ui.spacing().scroll.bar_width - GAP_SMALL;
        let columns = (width / column) as usize;
        let fold = |(at, line)| fold(line, columns.saturating_sub(before)).map(move |row| (at, row));
        let rows: Vec<(usize, Row<'_>)> = lines.enumerate().flat_map(fold).collect();
        let height = ui.text_style_height(&TextStyle::Monospace);
        let scroll = ScrollArea::both().auto_shrink(false).id_salt(id).stick_to_bottom(true);
        scroll.show_rows(ui, height, rows.len(), |ui, range| {
            rows[range].iter().for_each(|(at, row)| row_ui(ui, *at, *row));
        });
    });
}
