//! The runs of this window, and which two of them the comparison shows.

use eframe::egui::{Align, Label, Layout, RichText, Ui};
use egui_extras::{Column, TableBuilder, TableRow};

use crate::{
    gui::{
        action::{Action, Actions},
        panels::status::brief_text,
        progress::Progress,
        runs::{Run, Runs},
        theme::{self, GAP},
    },
    units::Shown,
};

use super::cells::{empty, heading, number_cell};

const ROW_HEIGHT: f32 = theme::CONTROL_ROW;

pub(crate) fn runs_ui(ui: &mut Ui, runs: &Runs, actions: &mut Actions) {
    if runs.iter().next().is_none() {
        empty(
            ui,
            "Two runs are compared here. Press Run both for a fair pair: the same work in processes and in threads.",
        );
        return;
    }
    let pair = runs.pair();
    let shown = runs.shown().map(|run| run.id);
    TableBuilder::new(ui)
        .id_salt("runs table")
        .striped(true)
        .auto_shrink([false, false])
        .min_scrolled_height(0.0)
        .cell_layout(Layout::left_to_right(Align::Center))
        .columns(Column::exact(34.0), 2)
        .column(Column::remainder().at_least(160.0).clip(true))
        .columns(Column::exact(88.0), 2)
        .column(Column::remainder().at_least(120.0).clip(true))
        .column(Column::exact(64.0))
        .header(ROW_HEIGHT, |mut row| {
            for (title, number) in [
                ("A", false),
                ("B", false),
                ("Run", false),
                ("Time", true),
                ("Tasks/s", true),
                ("State", false),
                ("", false),
            ] {
                row.col(|ui| {
                    if title == "State" {
                        ui.add_space(GAP);
                    }
                    heading(ui, title, number);
                });
            }
        })
        .body(|body| {
            let list: Vec<&Run> = runs.iter().rev().collect();
            body.rows(ROW_HEIGHT, list.len(), |mut row| {
                let run = list[row.index()];
                let left = pair.is_some_and(|(left, _)| left.id == run.id);
                let right = pair.is_some_and(|(_, right)| right.id == run.id);
                run_row(&mut row, run, (left, right), shown == Some(run.id), actions);
            });
        });
}

fn run_row(
    row: &mut TableRow<'_, '_>,
    run: &Run,
    (left, right): (bool, bool),
    shown: bool,
    actions: &mut Actions,
) {
    let number = run.id.0;
    row.col(|ui| {
        if ui.radio(left, "").accessible_name(format!("Run {number} as A")).clicked() {
            actions.push(Action::CompareLeft(run.id));
        }
    });
    row.col(|ui| {
        if ui.radio(right, "").accessible_name(format!("Run {number} as B")).clicked() {
            actions.push(Action::CompareRight(run.id));
        }
    });
    row.col(|ui| {
        ui.add(Label::new(RichText::new(run.title())).truncate());
    });
    let ended_ns = if run.live { run.now_ns() } else { run.whole().last_end_ns };
    let rate = Progress::of(run.whole(), if run.live { run.now_ns() } else { run.whole().now_ns }).per_second;
    number_cell(row, Shown::duration(ended_ns));
    number_cell(row, rate.map_or_else(Shown::none, |rate| Shown::rate(rate, "tasks")));
    row.col(|ui| {
        ui.add_space(GAP);
        ui.add(Label::new(brief_text(run.whole())).truncate());
    });
    row.col(|ui| {
        let response = ui.add_enabled(!shown, eframe::egui::Button::new("Show").small());
        if response
            .on_hover_text("Show this run in the other tabs")
            .accessible_name(format!("Show run {number}"))
            .clicked()
        {
            actions.push(Action::ShowRun(run.id));
        }
    });
}
