//! Several runs of the library in a table: a column for each, or for those that repeat one another.

use eframe::egui::{Align, Color32, Label, Layout, RichText, TextStyle, Ui};
use egui_extras::{Column, TableBuilder, TableRow};

use super::cells::{at_right, bars_beside};
use crate::{
    analysis::{Cell, RunsColumn, RunsComparison, RunsRow},
    gui::{
        action::{Action, Actions},
        theme::{self, GAP, GAP_LARGE, NUMBER_MARGIN, Palette},
    },
    units,
};

const ROW_HEIGHT: f32 = theme::ROW;
const NAME_WIDTH: f32 = 150.0;
/// Of what a radio button takes beside its name.
const RADIO_WIDTH: f32 = 24.0;
/// Names longer than this are cut.
const MOST_NAME_WIDTH: f32 = 200.0;
/// Warnings that are shown, and below which height of the panel one has to do.
const MOST_WARNINGS: usize = 3;
const LOW: f32 = 260.0;

pub(crate) fn several_ui(ui: &mut Ui, comparison: &RunsComparison, actions: &mut Actions) {
    let palette = Palette::of(ui);
    let runs: usize = comparison.columns.iter().map(|column| column.runs.len()).sum();
    ui.horizontal(|ui| {
        ui.label(RichText::new(format!("{runs} runs of the library")).strong());
        let hint = "Back to the runs of this window";
        if ui.button("Close table").on_hover_text(hint).clicked() {
            actions.push(Action::CloseSeveral);
        }
    });
    warnings_ui(ui, &comparison.warnings, &palette);
    bars_beside(ui);
    let of = |ranges: bool| -> Vec<[f32; 2]> {
        (0..comparison.columns.len()).map(|at| widths(ui, comparison, at, ranges)).collect()
    };
    let mut widths = of(true);
    let gap = ui.spacing().item_spacing.x;
    let needed = NAME_WIDTH + widths.iter().flatten().map(|width| width + gap).sum::<f32>();
    // Where not all columns have room, what is long stands under the pointer alone.
    let ranges = needed <= ui.available_width();
    if !ranges {
        widths = of(false);
    }
    let mut table = TableBuilder::new(ui)
        .id_salt("several runs")
        .striped(true)
        .auto_shrink([false, false])
        .min_scrolled_height(0.0)
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Column::exact(NAME_WIDTH));
    for [value, against] in &widths {
        table = table.column(Column::exact(*value).clip(true)).column(Column::exact(*against).clip(true));
    }
    let lines = lines(comparison);
    table
        .header(theme::CONTROL_ROW, |mut row| {
            row.col(|_| {});
            for (at, column) in comparison.columns.iter().enumerate() {
                row.col(|ui| head_ui(ui, at, column, comparison.base, actions));
                row.col(|_| {});
            }
        })
        .body(|body| {
            body.rows(ROW_HEIGHT, lines.len(), |mut row| {
                let line = &lines[row.index()];
                line_ui(&mut row, line, ranges, &palette);
            });
        });
}

/// The gravest, so that the table keeps its room; the others under the pointer.
fn warnings_ui(ui: &mut Ui, warnings: &[String], palette: &Palette) {
    let shown = if ui.available_height() < LOW { 1 } else { MOST_WARNINGS };
    let line = |ui: &mut Ui, text: &str, hint: &str| {
        ui.add(Label::new(RichText::new(text).color(palette.warning)).truncate()).on_hover_text(hint);
    };
    let (alone, rest) = warnings.split_at(if warnings.len() <= shown { warnings.len() } else { shown - 1 });
    for warning in alone {
        line(ui, warning, warning);
    }
    if let Some(first) = rest.first() {
        line(ui, &format!("{first} (and {} more)", rest.len() - 1), &rest.join("\n"));
    }
}

/// One line of the table.
enum Line<'a> {
    /// In words, the same in every column.
    Words(String, Vec<String>),
    Row(&'a RunsRow),
}

fn lines(comparison: &RunsComparison) -> Vec<Line<'_>> {
    let runs = comparison.columns.iter().map(runs_text).collect();
    let settings =
        comparison.settings.iter().map(|(name, values)| Line::Words(format!("set: {name}"), values.clone()));
    let rows = comparison.rows.iter().map(Line::Row);
    std::iter::once(Line::Words("run".to_owned(), runs)).chain(settings).chain(rows).collect()
}

fn runs_text(column: &RunsColumn) -> String {
    match column.runs.as_slice() {
        [run] => run.clone(),
        several => format!("{} repeats", units::count(several.len() as u64)),
    }
}

/// `4.10 s (3.63 s to 4.57 s)`, or `4.10 s`.
fn value_text(cell: &Cell, ranges: bool) -> &str {
    let value = cell.text.split_once(" (").map_or(cell.text.as_str(), |(value, _)| value);
    if ranges { &cell.text } else { value }
}

/// So wide that no number is cut: of its values, and of how they stand to the base.
fn widths(ui: &Ui, comparison: &RunsComparison, at: usize, ranges: bool) -> [f32; 2] {
    let font = TextStyle::Body.resolve(ui.style());
    let width = |text: &str| {
        ui.painter().layout_no_wrap(text.to_owned(), font.clone(), Color32::PLACEHOLDER).size().x.ceil()
    };
    let cells = || comparison.rows.iter().filter_map(|row| row.cells.get(at));
    let widest = |text: &dyn Fn(&Cell) -> f32| cells().map(text).fold(0.0, f32::max);
    let column = &comparison.columns[at];
    let settings = comparison.settings.iter().map(|setting| width(&setting.1[at])).fold(0.0, f32::max);
    let name = width(&column.name) + RADIO_WIDTH;
    // What a run is called is cut where there is little room: its column has a name.
    let runs = if ranges { width(&runs_text(column)) } else { 0.0 };
    let words = name.max(settings).max(runs);
    let value = widest(&|cell| width(value_text(cell, ranges))).max(words.min(MOST_NAME_WIDTH));
    [value + NUMBER_MARGIN + GAP_LARGE, widest(&|cell| width(&cell.against)) + GAP]
}

fn head_ui(ui: &mut Ui, at: usize, column: &RunsColumn, base: usize, actions: &mut Actions) {
    at_right(ui, |ui| {
        let radio = ui.radio(at == base, RichText::new(&column.name).strong());
        let runs = column.runs.join("\n");
        let hint = if at == base { "The others are set against it" } else { "Set the others against it" };
        let response =
            radio.on_hover_text(format!("{runs}\n{hint}")).accessible_name(format!("Base: {}", column.name));
        if response.clicked() && at != base {
            actions.push(Action::CompareBase(at));
        }
    });
}

fn line_ui(row: &mut TableRow<'_, '_>, line: &Line<'_>, ranges: bool, palette: &Palette) {
    match line {
        Line::Words(name, values) => {
            row.col(|ui| _ = ui.weak(name));
            for value in values {
                row.col(|ui| {
                    at_right(ui, |ui| ui.add(Label::new(value).truncate())).on_hover_text(value);
                });
                row.col(|_| {});
            }
        }
        Line::Row(line) => {
            row.col(|ui| _ = ui.label(&line.name));
            for cell in &line.cells {
                row.col(|ui| {
                    let text = value_text(cell, ranges);
                    let exact = if text == cell.text {
                        cell.exact.clone()
                    } else {
                        format!("{}\n{}", cell.text, cell.exact)
                    };
                    at_right(ui, |ui| ui.label(text)).on_hover_text(exact);
                });
                row.col(|ui| {
                    if !cell.against.is_empty() {
                        let text = RichText::new(&cell.against).color(palette.text_weak);
                        ui.label(text).on_hover_text(&cell.range);
                    }
                });
            }
        }
    }
}
