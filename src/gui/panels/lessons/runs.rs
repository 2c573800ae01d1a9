//! The ordinary runs of a lesson: how each ended, how long it took and what it cost.

use eframe::egui::{Button, Grid, Label, Rect, RichText, ScrollArea, Sense, Ui, vec2};

use super::pictures::pictures_ui;
use crate::{
    gui::{
        action::{Action, Actions},
        lessons::{Lessons, Place, Series},
        runs::Runs,
        theme::{BAR_TALL, GAP, GAP_LARGE, Palette, TOOL},
    },
    lesson::{LabRun, What},
    spec::portable_run_line,
    units,
};

/// The bars of the times take what the other columns leave.
const BAR_WIDTH: (f32, f32) = (32.0, 160.0);
const BESIDE_BAR: f32 = 500.0;
/// How a run ended that did all it had to do.
const FINISHED: &str = "finished";

pub(super) fn runs_ui(ui: &mut Ui, lessons: &mut Lessons, place: Place, runs: &Runs, actions: &mut Actions) {
    let What::Runs(labs) = &place.variant().what else { return };
    ui.add(
        Label::new("These runs go one after another, each a pool of its own. Each can be opened in the lab.")
            .wrap(),
    );
    ui.add_space(GAP);
    ScrollArea::horizontal()
        .auto_shrink(true)
        .id_salt("lesson runs table")
        .show(ui, |ui| table_ui(ui, lessons.series(place), labs, runs, actions));
    ui.add_space(GAP_LARGE);
    if let Some(series) = lessons.series_mut().filter(|series| series.place == place) {
        pictures_ui(ui, series, runs);
        ui.add_space(GAP_LARGE);
    }
    ui.label(RichText::new("The same in a terminal").strong());
    for lab in labs {
        ui.add(Label::new(RichText::new(portable_run_line(&lab.spec)).monospace().weak()).wrap());
    }
    ui.add_space(GAP);
    let series = lessons.series(place);
    let reports = (0..labs.len()).filter_map(|at| series?.row(at)?.1);
    for what in reports.flat_map(|report| &report.unexpected) {
        ui.add(Label::new(format!("Otherwise than the lesson says: {what}")).wrap());
    }
}

fn table_ui(ui: &mut Ui, series: Option<&Series>, labs: &[LabRun], runs: &Runs, actions: &mut Actions) {
    let bar_width = (ui.available_width() - BESIDE_BAR).clamp(BAR_WIDTH.0, BAR_WIDTH.1);
    let row = |at: usize| series?.row(at)?.1.filter(|report| report.ended == FINISHED);
    let longest_ns = (0..labs.len()).filter_map(row).map(|report| report.run.wall_ns).max().unwrap_or(0);
    Grid::new("lesson runs").num_columns(6).spacing(vec2(GAP_LARGE, GAP)).striped(true).show(ui, |ui| {
        for title in ["Run", "Ended", "Tasks", "Time", "Memory", ""] {
            ui.label(RichText::new(title).strong());
        }
        ui.end_row();
        for (at, lab) in labs.iter().enumerate() {
            let row = series.and_then(|series| series.row(at));
            let id = row.map(|(id, _)| id);
            ui.label(&lab.label).on_hover_text(portable_run_line(&lab.spec));
            let live = id.and_then(|id| runs.iter().find(|run| run.id == id));
            if let Some(report) = row.and_then(|(_, report)| report) {
                ui.label(&report.ended);
                ui.label(&report.tally);
                let took = report.run.wall_ns;
                if report.ended == FINISHED {
                    time_ui(ui, took, longest_ns, bar_width);
                } else {
                    // It did not do what the others did: a bar would make it the fastest.
                    ui.label(format!("{} after {}", report.ended, units::duration(took)));
                }
                ui.label(units::bytes(report.memory_bytes)).on_hover_text(
                    "The most that its engine and its worker processes had in memory together",
                );
            } else {
                ui.label(live.map_or("not run yet", |run| run.store.phase.name()));
                let tally =
                    live.map(|run| format!("{} of {}", run.store.tally.done(), run.store.tally.total));
                ui.label(tally.unwrap_or_default());
                match live {
                    Some(run) => time_ui(ui, run.now_ns(), longest_ns.max(run.now_ns()), bar_width),
                    None => _ = ui.label(""),
                }
                ui.label("");
            }
            let open = ui.add_enabled(live.is_some(), Button::new("Open").min_size(vec2(0.0, TOOL)));
            let name = format!("Open the run {}", lab.label);
            if open.on_hover_text("Show this run in the lab").accessible_name(name).clicked()
                && let Some(id) = id
            {
                actions.push(Action::ShowRun(id));
            }
            ui.end_row();
        }
    });
}

/// A time, and a bar that can be compared with those above and below.
fn time_ui(ui: &mut Ui, time_ns: u64, longest_ns: u64, bar_width: f32) {
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        let (area, _) = ui.allocate_exact_size(vec2(bar_width, BAR_TALL), Sense::hover());
        let width = bar_width * (time_ns as f64 / longest_ns.max(1) as f64) as f32;
        ui.painter().rect_filled(area, 2.0, palette.plot);
        ui.painter().rect_filled(Rect::from_min_size(area.min, vec2(width, BAR_TALL)), 2.0, palette.ok);
        ui.label(units::duration(time_ns));
    });
}
