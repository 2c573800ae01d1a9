//! The experiments that are kept on this machine: what each was, and what can be done with it.

use eframe::egui::{Align, Button, Label, Layout, Response, RichText, ScrollArea, Sense, TextEdit, Ui, vec2};
use egui_extras::{Column, TableBuilder, TableRow};
use jiff::tz::TimeZone;

use crate::{
    event::Host,
    experiment::Brief,
    gui::{
        action::{Action, Actions},
        experiments::KeptExperiments,
        shelf::Shelf,
        theme::{self, GAP, GAP_SMALL, Palette},
    },
    library::{ExperimentEntry, text_matches},
    units::{self, Shown},
};

use super::{
    cells::{bars_beside, empty, heading, number_cell},
    kept::time_text,
    library::limit_ui,
};

const ROW_HEIGHT: f32 = theme::CONTROL_ROW;
const SEARCH_WIDTH: f32 = 150.0;
/// Details stand beside the list where both have room, else in its place.
const DETAILS_WIDTH: f32 = 340.0;
const LIST_WIDTH: f32 = 620.0;
/// Of the facts, those that say what was run, and how much of it.
const WHAT_LINES: usize = 2;
const LIVE_TO_OPEN: &str = "It goes on: it can be opened once it has ended.";
const LIVE: &str = "It goes on: it can be deleted once it has ended.";

/// Which of the two lists is shown.
pub(super) fn switch_ui(ui: &mut Ui, experiments: bool, actions: &mut Actions) {
    ui.spacing_mut().item_spacing.x = GAP_SMALL;
    for (text, name, hint, choice) in [
        ("Runs", "List of runs", "Single runs that are kept", false),
        ("Experiments", "List of experiments", "Experiments that are kept, each with its runs", true),
    ] {
        let button = Button::selectable(experiments == choice, text);
        if ui.add(button).on_hover_text(hint).accessible_name(name).clicked() {
            actions.push(Action::ShowKept { experiments: choice });
        }
    }
    ui.add_space(GAP_SMALL);
}

pub(crate) fn kept_experiments_ui(
    ui: &mut Ui,
    shelf: &Shelf,
    view: &mut KeptExperiments,
    actions: &mut Actions,
) {
    shelf.see();
    let all = shelf.experiments();
    view.see(ui.ctx(), all);
    let text =
        |entry: &ExperimentEntry| format!("{}\n{}\n{}", entry.name(), view.title(entry), status(entry, view));
    let found: Vec<&ExperimentEntry> =
        all.iter().filter(|entry| text_matches(&text(entry), &view.search)).collect();
    ui.horizontal(|ui| {
        switch_ui(ui, true, actions);
        ui.add(TextEdit::singleline(&mut view.search).hint_text("Search").desired_width(SEARCH_WIDTH))
            .accessible_name("Search experiments");
        limit_ui(ui, shelf, actions);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let bytes = all.iter().map(|entry| entry.bytes).sum();
            let of = if found.len() == all.len() { String::new() } else { format!("{} of ", found.len()) };
            let plural = if all.len() == 1 { "" } else { "s" };
            let text = format!("{of}{} experiment{plural} · {}", all.len(), units::bytes(bytes));
            ui.add(Label::new(RichText::new(text).weak()).truncate());
        });
    });
    ui.add_space(GAP_SMALL);
    if all.is_empty() {
        let what = "No experiment is kept yet. Ask one of the questions of the panel Experiment: every experiment of this \
                    window stands here afterwards, and so do those of `poolscope compare --keep`.";
        empty(ui, what);
        return;
    }
    let selected = found.iter().copied().find(|entry| Some(&entry.path) == view.selected.as_ref());
    let Some(entry) = selected else { return table_ui(ui, &found, view, actions) };
    let size = ui.available_size();
    if size.x < LIST_WIDTH + DETAILS_WIDTH + 2.0 * GAP {
        ScrollArea::vertical().id_salt("experiment details").auto_shrink(false).show(ui, |ui| {
            details_ui(ui, entry, view, true, actions);
        });
        return;
    }
    ui.horizontal_top(|ui| {
        let column = Layout::top_down(Align::Min);
        let width = size.x - DETAILS_WIDTH - 3.0 * GAP;
        ui.allocate_ui_with_layout(vec2(width, size.y), column, |ui| {
            ui.set_max_width(width);
            table_ui(ui, &found, view, actions);
        });
        ui.separator();
        ui.allocate_ui_with_layout(vec2(DETAILS_WIDTH, size.y), column, |ui| {
            let area = ScrollArea::vertical().id_salt("experiment details").auto_shrink(false);
            area.show(ui, |ui| {
                ui.set_max_width(DETAILS_WIDTH - GAP * 3.0);
                details_ui(ui, entry, view, false, actions);
            });
        });
    });
}

fn status(entry: &ExperimentEntry, view: &KeptExperiments) -> &'static str {
    match view.brief(entry) {
        _ if entry.is_live => "running",
        Some(Ok(brief)) => brief.status,
        Some(Err(_)) => "unreadable",
        None => "…",
    }
}

fn table_ui(ui: &mut Ui, entries: &[&ExperimentEntry], view: &mut KeptExperiments, actions: &mut Actions) {
    if entries.is_empty() {
        empty(ui, "No experiment passes the search. Search for something shorter, or clear the field.");
        return;
    }
    bars_beside(ui);
    TableBuilder::new(ui)
        .id_salt("kept experiments")
        .striped(true)
        .sense(Sense::click())
        .auto_shrink([false, false])
        .min_scrolled_height(0.0)
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Column::remainder().at_least(150.0).clip(true))
        .column(Column::exact(138.0))
        .column(Column::exact(70.0))
        .column(Column::exact(80.0))
        .column(Column::exact(76.0))
        .column(Column::exact(68.0))
        .header(ROW_HEIGHT, |mut row| {
            let columns = ["Experiment", "Began", "Time", "Status", "Runs ok", "Size"];
            for (at, title) in columns.into_iter().enumerate() {
                row.col(|ui| {
                    if at == 0 {
                        // The names below are buttons with a margin.
                        ui.add_space(ui.spacing().button_padding.x);
                    }
                    heading(ui, title, matches!(at, 2 | 4 | 5));
                });
            }
        })
        .body(|body| {
            body.rows(ROW_HEIGHT, entries.len(), |mut row| {
                let entry = entries[row.index()];
                entry_row(&mut row, entry, view, actions);
            });
        });
}

fn entry_row(
    row: &mut TableRow<'_, '_>,
    entry: &ExperimentEntry,
    view: &mut KeptExperiments,
    actions: &mut Actions,
) {
    row.set_selected(view.selected.as_ref() == Some(&entry.path));
    let mut name: Option<Response> = None;
    row.col(|ui| {
        let button = Button::selectable(false, view.title(entry)).truncate();
        name = Some(ui.add(button).on_hover_text(entry.name()));
    });
    let brief = view.brief(entry).and_then(Result::ok);
    let began = brief.map_or(entry.modified_unix_ns, |brief| brief.began_unix_ns);
    row.col(|ui| _ = ui.add(Label::new(time_text(began, &TimeZone::system())).selectable(false)));
    number_cell(row, brief.and_then(|brief| brief.wall_ns).map_or_else(Shown::none, Shown::duration));
    row.col(|ui| {
        let palette = Palette::of(ui);
        let text = status(entry, view);
        let color = match text {
            "stopped" => palette.warning,
            "unreadable" => palette.error,
            _ => palette.text,
        };
        ui.add(Label::new(RichText::new(text).color(color)).selectable(false).truncate());
    });
    let runs = |brief: &std::sync::Arc<Brief>| format!("{} / {}", brief.runs.ok, brief.runs.total);
    number_cell(row, brief.map_or_else(|| "–".to_owned(), runs));
    number_cell(row, Shown::bytes(entry.bytes));
    let mut response = row.response();
    if let Some(name) = name {
        response |= name;
    }
    if response.clicked() || response.secondary_clicked() {
        view.selected = Some(entry.path.clone());
        response.ctx.request_repaint();
    }
    if response.double_clicked() {
        actions.push(Action::OpenExperiment(entry.path.clone()));
    }
    let choices = choices(entry, view);
    response.context_menu(|ui| {
        for (name, why_not, action) in choices {
            let button = ui.add_enabled(why_not.is_none(), Button::new(name));
            if button.on_disabled_hover_text(why_not.unwrap_or_default()).clicked() {
                actions.push(action);
                ui.close();
            }
        }
    });
}

/// What can be done with one: its name, why it cannot be done now if so, and what it does.
fn choices(
    entry: &ExperimentEntry,
    view: &KeptExperiments,
) -> [(&'static str, Option<&'static str>, Action); 4] {
    let unreadable = matches!(view.brief(entry), Some(Err(_))).then_some("Its file cannot be read");
    // What was opened now would be told as stopped half-way.
    let unreadable = entry.is_live.then_some(LIVE_TO_OPEN).or(unreadable);
    let folder = entry.folder().to_owned();
    [
        ("Open", unreadable, Action::OpenExperiment(entry.path.clone())),
        ("Delete…", entry.is_live.then_some(LIVE), Action::Ask(view.delete_question(entry, false))),
        ("Open folder", None, Action::OpenFolder(folder.clone())),
        ("Copy path", None, Action::Copy(folder.display().to_string())),
    ]
}

/// With a way `back` to the list, where that is hidden.
fn details_ui(
    ui: &mut Ui,
    entry: &ExperimentEntry,
    view: &mut KeptExperiments,
    back: bool,
    actions: &mut Actions,
) {
    ui.horizontal_wrapped(|ui| {
        if back && ui.button("All experiments").on_hover_text("Back to the list").clicked() {
            view.selected = None;
        }
        for (name, why_not, action) in choices(entry, view) {
            let button = ui.add_enabled(why_not.is_none(), Button::new(name));
            if button.on_disabled_hover_text(why_not.unwrap_or_default()).clicked() {
                actions.push(action);
            }
        }
    });
    let mut failed = None;
    match view.brief(entry) {
        None => _ = ui.weak("Reading it…"),
        Some(Err(why)) => failed = Some(why.to_owned()),
        Some(Ok(brief)) => {
            let mut lines = facts(entry, brief).into_iter();
            let say = |ui: &mut Ui, line: RichText| _ = ui.add(Label::new(line).wrap());
            lines.by_ref().take(WHAT_LINES).for_each(|line| say(ui, line.into()));
            ui.add_space(GAP_SMALL);
            // What it says before when and where it was, which fewer want to know.
            match view.details(entry) {
                _ if brief.runs.ended == 0 => _ = ui.weak("Nothing was measured yet."),
                None => _ = ui.weak("Working out what it says…"),
                Some(Err(why)) => failed = Some(why.to_owned()),
                Some(Ok(details)) if details.conclusions.is_empty() => {
                    ui.weak("What was measured says nothing for sure.");
                }
                Some(Ok(details)) => verdict_ui(ui, &details.conclusions),
            }
            ui.add_space(GAP_SMALL);
            lines.for_each(|line| say(ui, RichText::new(line).weak()));
        }
    }
    if let Some(why) = failed {
        ui.add(Label::new(RichText::new(why).color(Palette::of(ui).error)).wrap());
        if ui.button("Try again").on_hover_text("Read its file again").clicked() {
            view.retry(entry);
        }
    }
    let place = RichText::new(entry.name()).weak().small();
    ui.add(Label::new(place).truncate()).on_hover_text(entry.folder().display().to_string());
}

fn verdict_ui(ui: &mut Ui, conclusions: &[String]) {
    for line in conclusions {
        ui.add(Label::new(RichText::new(line).strong()).wrap());
    }
}

/// What was run, how much of it, when and where.
fn facts(entry: &ExperimentEntry, brief: &Brief) -> Vec<String> {
    let began = time_text(brief.began_unix_ns, &TimeZone::system());
    let took = match brief.wall_ns.map(units::duration) {
        Some(time) if entry.is_live => format!(", {time} so far"),
        Some(time) => format!(", took {time}"),
        None => String::new(),
    };
    let state = if entry.is_live { "running" } else { brief.status };
    let runs = brief.runs;
    let bad = match runs.ended - runs.ok.min(runs.ended) {
        0 => String::new(),
        bad => format!(", {bad} of them not well"),
    };
    let mut lines = vec![
        format!("{} of {}", brief.variants.join(", "), brief.work),
        format!("{} of {} runs made{bad}; {state}", runs.ended, runs.total),
        format!("Began {began}{took}"),
    ];
    lines.extend(brief.host.as_deref().map(host_words));
    lines.push(format!("{} on disk", units::bytes(entry.bytes)));
    lines
}

/// `Some CPU, 2 of 4 cores usable, 8.00 GB, Linux 6.1`
fn host_words(host: &Host) -> String {
    let cpu = if host.cpu.is_empty() { "unknown CPU" } else { &host.cpu };
    let (usable, memory) = (host.usable_cores, units::bytes(host.memory_bytes));
    format!("{cpu}, {usable} of {} cores usable, {memory}, {} {}", host.cores, host.os, host.kernel)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::experiment::RunCounts;

    #[test]
    fn all_that_is_known_is_told_and_what_goes_on_is_neither_opened_nor_deleted() {
        let path = PathBuf::from("/x/20261122-sleep/experiment.pscopex");
        let mut entry =
            ExperimentEntry { path, bytes: 1500, modified_unix_ns: 1, is_live: false, is_open: true };
        let brief = Brief {
            title: String::new(),
            work: "sleep, 6 tasks".to_owned(),
            status: "stopped",
            began_unix_ns: 0,
            wall_ns: Some(2_000_000),
            variants: vec!["threads".to_owned(), "processes".to_owned()],
            runs: RunCounts { total: 10, ended: 4, ok: 3 },
            host: None,
        };
        let lines = facts(&entry, &brief);
        assert_eq!(lines[0], "threads, processes of sleep, 6 tasks");
        assert_eq!(lines[1], "4 of 10 runs made, 1 of them not well; stopped");
        assert!(lines[2].ends_with("took 2.00 ms"), "{lines:?}");
        assert_eq!(lines.last().map(String::as_str), Some("1.50 kB on disk"));
        let view = KeptExperiments::default();
        let off =
            |entry: &ExperimentEntry| choices(entry, &view).iter().filter(|one| one.1.is_some()).count();
        assert_eq!(off(&entry), 0);
        entry.is_live = true;
        assert_eq!((off(&entry), status(&entry, &view)), (2, "running"));
    }
}
