//! The variants: a disc for every run, and the figures of those that count.

use eframe::egui::{
    Align, Color32, Label, Layout, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2,
};
use egui_extras::{Column, TableBuilder};

use crate::{
    analysis::{Sample, VariantReport},
    experiment::RunState,
    gui::{
        action::{Action, Actions},
        experiments::Shown,
        panels::cells::{heading, number_cell},
        theme::{self, GAP_SMALL, LINE, Palette},
    },
    units::{self, Shown as Figure},
};

const DISC: f32 = 4.5;
const PITCH: f32 = 14.0;
const ROW_HEIGHT: f32 = theme::CONTROL_ROW;

pub(super) fn variants_ui(ui: &mut Ui, shown: &Shown, actions: &mut Actions) {
    let plan = &shown.experiment.plan;
    let runs = plan.rules.repeats + plan.rules.warmup;
    let discs = (runs as f32 * PITCH + GAP_SMALL).clamp(44.0, 180.0);
    let table = TableBuilder::new(ui)
        .id_salt("variants table")
        .striped(true)
        .vscroll(false)
        .auto_shrink([false, true])
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Column::remainder().at_least(90.0).clip(true))
        .column(Column::exact(discs))
        .column(Column::exact(66.0))
        .column(Column::exact(124.0))
        .column(Column::exact(66.0))
        .column(Column::exact(64.0));
    table
        .header(ROW_HEIGHT, |mut row| {
            for (title, number, about) in [
                ("Variant", false, "What tells it from the others"),
                ("Runs", false, "Each run; click one to open it. Hollow: still to come. Small: warm-up. Square: an outlier. Cross: did not end well, does not count"),
                ("Wall time", true, "Median from the pool's start to the last task's end"),
                ("Interval", true, "Where the true median is: of 6 and more runs with 95 %, of fewer it is their whole range"),
                ("Ready", true, "Median until every worker was ready"),
                ("Speedup", true, "How many times as fast as the first variant, by wall time"),
            ] {
                row.col(|ui| _ = heading(ui, title, number).on_hover_text(about));
            }
        })
        .body(|body| {
            body.rows(ROW_HEIGHT, plan.variants.len(), |mut row| {
                let at = row.index();
                let report = shown.report.as_ref().and_then(|report| report.variants.get(at));
                row.col(|ui| {
                    let name = &plan.variants[at].name;
                    ui.add(Label::new(name).truncate())
                        .on_hover_text(crate::spec::run_line(&plan.variants[at].spec));
                });
                row.col(|ui| discs_ui(ui, shown, at, report, actions));
                let median = |of: fn(&VariantReport) -> &Option<Sample>| {
                    let sample = report.and_then(|report| of(report).as_ref());
                    sample.map_or_else(Figure::none, |sample| Figure::duration(sample.median as u64))
                };
                number_cell(&mut row, median(|report| &report.wall_ns));
                let interval = report.and_then(|report| report.wall_ns.as_ref()?.median_interval);
                let ns = |value: f64| units::duration(value as u64);
                number_cell(
                    &mut row,
                    interval.map_or_else(Figure::none, |interval| {
                        format!("{} – {}", ns(interval.low), ns(interval.high)).into()
                    }),
                );
                number_cell(&mut row, median(|report| &report.ready_ns));
                let speedup = report.and_then(|report| report.speedup).filter(|_| at > 0);
                number_cell(
                    &mut row,
                    speedup.map_or_else(
                        || if at == 0 { "1.00×".to_owned().into() } else { Figure::none() },
                        |ratio| format!("{:.2}×", ratio.value).into(),
                    ),
                );
            });
        });
}

/// What a run's disc looks like.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    Planned,
    Left,
    Waiting,
    Running,
    Counts,
    Warmup,
    Outlier,
    Bad,
}

fn discs_ui(
    ui: &mut Ui,
    shown: &Shown,
    variant: usize,
    report: Option<&VariantReport>,
    actions: &mut Actions,
) {
    let turns = shown.experiment.plan.turns.iter().enumerate().filter(|(_, turn)| turn.variant == variant);
    let fits = (ui.available_width() / PITCH) as usize;
    let palette = Palette::of(ui);
    ui.spacing_mut().item_spacing.x = 0.0;
    for (at, turn) in turns.take(fits) {
        let state = &shown.experiment.runs[at];
        let line = report.and_then(|report| report.runs.iter().find(|line| line.turn == *turn));
        let mark = match state {
            RunState::Planned => Mark::Planned,
            RunState::Left => Mark::Left,
            RunState::Waiting { .. } => Mark::Waiting,
            RunState::Running => Mark::Running,
            RunState::NotStarted(_) => Mark::Bad,
            RunState::Ended(record) if !record.figures.is_whole() => Mark::Bad,
            RunState::Ended(_) if turn.warmup => Mark::Warmup,
            RunState::Ended(_) if line.is_some_and(|line| line.outlier) => Mark::Outlier,
            RunState::Ended(_) => Mark::Counts,
        };
        let file = shown.run_file(at);
        let sense = if file.is_some() { Sense::click() } else { Sense::hover() };
        let (rect, response) = ui.allocate_exact_size(vec2(PITCH, ROW_HEIGHT - 4.0), sense);
        let words = words(state, mark, turn.round, turn.warmup);
        response.widget_info(|| {
            let role = if file.is_some() { Role::Button } else { Role::Label };
            WidgetInfo::labeled(
                role,
                true,
                format!("{}, {words}", shown.experiment.plan.variants[variant].name),
            )
        });
        let lit = response.hovered() || response.has_focus();
        paint(ui, rect.center(), mark, lit && file.is_some(), &palette);
        let open = file.is_some() && response.clicked();
        response.on_hover_text(if file.is_some() { format!("{words}\nClick to open it") } else { words });
        if let Some(file) = file.filter(|_| open) {
            actions.push(Action::OpenRuns(vec![file]));
        }
    }
}

fn words(state: &RunState, mark: Mark, round: u32, warmup: bool) -> String {
    let name = if warmup { format!("warm-up {}", round + 1) } else { format!("round {}", round + 1) };
    let what = match state {
        RunState::Planned => "still to come".to_owned(),
        RunState::Left => "not run".to_owned(),
        RunState::Waiting { .. } => "waiting for a calm machine".to_owned(),
        RunState::Running => "running".to_owned(),
        RunState::NotStarted(why) => format!("could not start: {why}"),
        RunState::Ended(record) => {
            let time = units::duration(record.figures.wall_ns);
            match mark {
                Mark::Bad => format!("{time}, {}: does not count", record.figures.tasks.words()),
                Mark::Outlier => format!("{time}, far from the others; counts all the same"),
                _ => time,
            }
        }
    };
    format!("{name}: {what}")
}

fn paint(ui: &Ui, at: Pos2, mark: Mark, lit: bool, palette: &Palette) {
    let painter = ui.painter();
    let ring = |color: Color32| Stroke::new(LINE, color);
    match mark {
        Mark::Planned => _ = painter.circle_stroke(at, DISC - 1.0, ring(palette.grid)),
        Mark::Left => {
            let ends = [pos2(at.x - 2.0, at.y), pos2(at.x + 2.0, at.y)];
            painter.add(Shape::line_segment(ends, ring(palette.text_weak)));
        }
        Mark::Waiting => _ = painter.circle_stroke(at, DISC - 0.5, ring(palette.running)),
        Mark::Running => _ = painter.circle_filled(at, DISC, palette.running),
        Mark::Counts => _ = painter.circle_filled(at, DISC, palette.ok),
        Mark::Warmup => _ = painter.circle_filled(at, DISC * 0.55, palette.ok),
        Mark::Outlier => {
            _ = painter.rect_filled(Rect::from_center_size(at, vec2(DISC, DISC) * 1.8), 0.0, palette.ok);
        }
        Mark::Bad => {
            for (from, to) in [((-1.0, -1.0), (1.0, 1.0)), ((-1.0, 1.0), (1.0, -1.0))] {
                let end = |(x, y): (f32, f32)| pos2(at.x + x * DISC * 0.8, at.y + y * DISC * 0.8);
                painter.add(Shape::line_segment([end(from), end(to)], Stroke::new(2.0, palette.error)));
            }
        }
    }
    if lit {
        painter.circle_stroke(at, DISC + 1.5, Stroke::new(1.0, palette.text));
    }
}
