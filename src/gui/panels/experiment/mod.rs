//! Experiments: what to vary, how far it has come, what it tells.

mod parts;
mod plot;
mod variants;
mod vary;
mod words;

use std::sync::Arc;

use eframe::egui::{Align, Button, Id, Layout, ProgressBar, RichText, ScrollArea, Ui, vec2};

use crate::{
    analysis::ExperimentReport,
    experiment::{Experiment, Moment, RunState},
    gui::{
        action::{Action, Actions},
        experiments::{Experiments, Shown},
        form::Form,
        icons::Icon,
        theme::{GAP, GAP_SMALL, TOOL},
    },
};

use super::cells::empty;

const VARY_WIDTH: f32 = 446.0;
/// What the table of variants needs to stand beside a plot.
const TABLE_WIDTH: f32 = 520.0;
const PLOT_WIDTH: f32 = 300.0;
/// What table and plot want to be read with ease; where there is less, the form gives way to them.
const SIDE_WIDTH: f32 = 440.0;
/// Of a plot below a table.
const PLOT_HEIGHT: f32 = 240.0;

/// What stands right of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Side {
    /// Speedup or time over what is varied.
    #[default]
    Plot,
    /// Where the workers' time went.
    Time,
}

/// Where the plot stands, and who scrolls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    /// Beside the table.
    Beside,
    /// Below it.
    Below,
    /// Below it, in something that scrolls already.
    Flow,
}

/// What the panel must know beside the experiments.
#[derive(Clone, Copy)]
pub(crate) struct ExperimentState<'a> {
    pub(crate) form: &'a Form,
    /// A run or an experiment goes.
    pub(crate) busy: bool,
}

pub(crate) fn experiment_ui(
    ui: &mut Ui,
    experiments: &mut Experiments,
    state: ExperimentState<'_>,
    actions: &mut Actions,
) {
    let size = ui.available_size();
    let column = Layout::top_down(Align::Min);
    let needed = if experiments.shown().is_some() { TABLE_WIDTH + SIDE_WIDTH } else { TABLE_WIDTH };
    if size.x < VARY_WIDTH + needed {
        return narrow_ui(ui, experiments, state, actions);
    }
    ui.horizontal_top(|ui| {
        ui.allocate_ui_with_layout(vec2(VARY_WIDTH, size.y), column, |ui| {
            ui.set_max_width(VARY_WIDTH - GAP * 2.0);
            // Whoever must scroll to a field must not have to scroll for these.
            vary::inquiries_ui(ui, state, actions);
            ui.add_space(GAP_SMALL);
            vary::start_ui(ui, experiments, state, None, actions);
            ui.add_space(GAP_SMALL);
            ScrollArea::vertical().id_salt("vary").auto_shrink([false, false]).show(ui, |ui| {
                ui.set_max_width(VARY_WIDTH - GAP * 2.0);
                vary::vary_ui(ui, experiments, state);
            });
        });
        ui.separator();
        let rest = ui.available_size();
        let room = if rest.x >= TABLE_WIDTH + PLOT_WIDTH { Room::Beside } else { Room::Below };
        ui.allocate_ui_with_layout(rest, column, |ui| results_ui(ui, experiments.shown(), room, actions));
    });
}

/// One above the other: the button that starts, what is varied while that is edited or there is nothing else to see, and
/// the results.
fn narrow_ui(ui: &mut Ui, experiments: &mut Experiments, state: ExperimentState<'_>, actions: &mut Actions) {
    let id = Id::unique("the experiment is edited");
    let shown = experiments.shown().is_some();
    let mut edits = ui.data(|data| data.get_temp::<bool>(id)).unwrap_or_default();
    vary::start_ui(ui, experiments, state, shown.then_some(&mut edits), actions);
    ui.data_mut(|data| data.insert_temp(id, edits));
    ui.add_space(GAP_SMALL);
    let width = ui.available_width();
    if shown && !edits && width >= TABLE_WIDTH + SIDE_WIDTH {
        return results_ui(ui, experiments.shown(), Room::Beside, actions);
    }
    ScrollArea::vertical().id_salt("experiment").auto_shrink(false).show(ui, |ui| {
        ui.set_max_width(width - GAP * 2.0);
        if edits || !shown {
            vary::inquiries_ui(ui, state, actions);
            ui.add_space(GAP_SMALL);
            vary::vary_ui(ui, experiments, state);
            ui.add_space(GAP);
        }
        results_ui(ui, experiments.shown(), Room::Flow, actions);
    });
}

fn results_ui(ui: &mut Ui, shown: Option<&Shown>, room: Room, actions: &mut Actions) {
    let Some(shown) = shown else {
        empty(
            ui,
            "An experiment runs several pools in turns, each several times, and tells which one is faster, why, and how far \
             that can be trusted. Press one of the questions, or say what to vary and press Start.",
        );
        return;
    };
    state_ui(ui, shown, actions);
    ui.add_space(GAP_SMALL);
    let size = ui.available_size();
    let column = Layout::top_down(Align::Min);
    if room == Room::Beside {
        ui.horizontal_top(|ui| {
            let width = (size.x * 0.55).max(TABLE_WIDTH);
            ui.allocate_ui_with_layout(vec2(width, size.y), column, |ui| {
                ScrollArea::vertical().id_salt("variants").auto_shrink([false, false]).show(ui, |ui| {
                    ui.set_max_width(width - GAP * 2.0);
                    table_ui(ui, shown, actions);
                });
            });
            ui.separator();
            let rest = ui.available_size();
            ui.allocate_ui_with_layout(rest, column, |ui| side_ui(ui, shown, Some(rest.y), actions));
        });
    } else {
        let mut contents = |ui: &mut Ui| {
            table_ui(ui, shown, actions);
            ui.add_space(GAP);
            side_ui(ui, shown, None, actions);
        };
        if room == Room::Below {
            ScrollArea::vertical().id_salt("results").auto_shrink([false, false]).show(ui, |ui| {
                ui.set_max_width(size.x - GAP * 2.0);
                contents(ui);
            });
        } else {
            contents(ui);
        }
    }
}

/// The variants and what is said of them: what to take from it first, but below while it changes from run to run.
fn table_ui(ui: &mut Ui, shown: &Shown, actions: &mut Actions) {
    let over = shown.experiment.is_over();
    if over {
        words::conclusions_ui(ui, shown);
    }
    variants::variants_ui(ui, shown, actions);
    if !over {
        words::conclusions_ui(ui, shown);
    }
    words::words_ui(ui, shown, actions);
}

/// How far it has come.
fn state_ui(ui: &mut Ui, shown: &Shown, actions: &mut Actions) {
    let experiment = &shown.experiment;
    let (over, all) = experiment.progress();
    ui.horizontal(|ui| {
        if !experiment.is_over() {
            let stop = ui
                .add(Button::new((Icon::Stop.atom(), "Stop")).min_size(vec2(0.0, TOOL)))
                .on_hover_text("End the run that goes and start no other; what was measured is kept (Space)")
                .accessible_name("Stop the experiment");
            if stop.clicked() {
                actions.push(Action::Stop);
            }
            let bar =
                ProgressBar::new(over as f32 / all.max(1) as f32).desired_width(120.0).desired_height(10.0);
            ui.add(bar).on_hover_text("Runs that are over, of all");
        }
        ui.label(RichText::new(state_words(experiment)).strong()).on_hover_text(about(experiment));
        if experiment.is_over() && shown.folder.is_some() && shown.report.is_some() {
            let save = ui
                .button("Save report")
                .on_hover_text("Writes one HTML page with all of this beside the runs of the experiment");
            if save.clicked() {
                actions.push(Action::SaveReport);
            }
        }
    });
}

/// When it began, and how it was run.
fn about(experiment: &Experiment) -> String {
    let began = i128::from(experiment.began_unix_ns);
    let began = jiff::Timestamp::from_nanosecond(began).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let began = began.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    format!("Began {began}: {}", experiment.title())
}

fn state_words(experiment: &Experiment) -> String {
    let (over, all) = experiment.progress();
    let variants = experiment.plan.variants.len();
    let work = experiment.work();
    match experiment.moment {
        Moment::Finished => format!("Finished: {variants} variants, {all} runs of {work}"),
        Moment::Stopped => {
            format!("Stopped after {} of {all} runs of {work}", experiment.made())
        }
        Moment::Stopping => format!("Stopping, {over} of {all} runs over"),
        Moment::Going => {
            let Some(at) = experiment.current() else { return format!("{over} of {all} runs") };
            let turn = experiment.plan.turns[at];
            let name = &experiment.plan.variants[turn.variant].name;
            let warmup = if turn.warmup { ", warm-up" } else { "" };
            let waits = match experiment.runs[at] {
                RunState::Waiting { others_cores } if others_cores > 0.0 => {
                    format!("; waiting: other programs use {others_cores:.1} cores")
                }
                _ => String::new(),
            };
            format!("Run {} of {all}: {name}{warmup}{waits}", at + 1)
        }
    }
}

/// `height` is what there is of it, where it does not stand in something that scrolls.
fn side_ui(ui: &mut Ui, shown: &Shown, height: Option<f32>, actions: &mut Actions) {
    let id = Id::unique("side of the experiment");
    let mut side = ui.data(|data| data.get_temp::<Side>(id)).unwrap_or_default();
    let counts =
        |report: &&Arc<ExperimentReport>| report.variants.iter().any(|variant| variant.wall_ns.is_some());
    let Some(report) = shown.report.as_ref().filter(counts) else {
        ui.weak(if shown.experiment.is_over() {
            "No run counts, so that there is nothing to plot."
        } else {
            "Plots appear here once a run that counts has ended."
        });
        return;
    };
    ui.horizontal(|ui| {
        ui.selectable_value(&mut side, Side::Plot, plot::title(report));
        ui.selectable_value(&mut side, Side::Time, "Where the workers' time went");
    });
    ui.data_mut(|data| data.insert_temp(id, side));
    let height = height.map(|height| (height - TOOL - GAP).max(120.0));
    match side {
        Side::Plot => plot::plot_ui(ui, shown, report, height.unwrap_or(PLOT_HEIGHT), actions),
        Side::Time => parts::parts_ui(ui, shown, report, height, actions),
    }
}
