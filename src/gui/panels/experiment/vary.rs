//! What to vary: one click for the usual questions, and fields for all others.

use std::path::Path;

use eframe::egui::{Align, Button, Label, Layout, RichText, Ui, vec2};

use super::ExperimentState;
use crate::{
    gui::{
        action::{Action, Actions},
        experiments::{Experiments, Inquiry},
        icons::Icon,
        panels::fields::{Entry, complaint, entry_row},
        theme::{Palette, TOOL},
    },
    spec::SpecError,
};

/// The questions.
pub(super) fn inquiries_ui(ui: &mut Ui, state: ExperimentState<'_>, actions: &mut Actions) {
    let why_not = if state.busy { BUSY } else { "The setup holds what is not allowed" };
    let may_ask = !state.busy && state.form.spec().is_some();
    ui.horizontal_wrapped(|ui| {
        for inquiry in Inquiry::ALL {
            let ask = ui
                .add_enabled(may_ask, Button::new(inquiry.label()).min_size(vec2(0.0, TOOL)))
                .on_hover_text(inquiry.about())
                .on_disabled_hover_text(why_not);
            if ask.clicked() {
                actions.push(Action::Inquire(inquiry));
            }
        }
    });
}

/// What is varied, field by field.
pub(super) fn vary_ui(ui: &mut Ui, experiments: &mut Experiments, state: ExperimentState<'_>) {
    let planned = experiments.plan(&state.form.fields).clone();
    let errors = planned.as_ref().err().map_or(&[][..], Vec::as_slice);
    fields_ui(ui, experiments, state, errors);
    for error in errors.iter().filter(|error| !OWN.contains(&error.field.as_str())) {
        complaint(ui, Some(&error.to_string()));
    }
}

/// The button that starts it, what it would run, and those that are kept. With `edits` the fields are hidden unless it is
/// set: what they say stands here then, beside a button that shows them.
pub(super) fn start_ui(
    ui: &mut Ui,
    experiments: &mut Experiments,
    state: ExperimentState<'_>,
    edits: Option<&mut bool>,
    actions: &mut Actions,
) {
    let planned = experiments.plan(&state.form.fields).clone();
    let errors = planned.as_ref().err().map_or(&[][..], Vec::as_slice);
    let all = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    ui.horizontal(|ui| {
        let button = Button::new((Icon::Play.atom(), "Start experiment")).min_size(vec2(0.0, TOOL));
        let response = ui
            .add_enabled(!state.busy && planned.is_ok(), button)
            .on_hover_text("Run every combination of these values in turns, and record every run (X). What is empty is as the setup says")
            .on_disabled_hover_text(if state.busy { BUSY } else { &all })
            .accessible_name("Start experiment");
        let started = response.clicked();
        if started {
            actions.push(Action::StartExperiment);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            kept_menu(ui, experiments, actions);
            let hidden = edits.as_ref().is_some_and(|edits| !**edits);
            if let Some(edits) = edits {
                let edit = ui
                    .selectable_label(*edits, "Edit")
                    .on_hover_text("What to vary, and how often to run it")
                    .accessible_name("Edit the experiment");
                // What comes is looked at once it was started.
                *edits = (*edits != edit.clicked()) && !started;
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let plan = planned.as_ref().map(|plan| {
                    format!("{} variants, {} runs", plan.variants.len(), plan.turns.len())
                });
                let (text, about) = match plan {
                    Ok(plan) if hidden => (RichText::new(format!("{}: {plan}", experiments.vary.summary())).weak(), ""),
                    Ok(plan) => (RichText::new(plan).weak(), ""),
                    Err(_) if hidden => (RichText::new(&all).color(Palette::of(ui).error), &*all),
                    Err(_) => return,
                };
                let label = ui.add(Label::new(text).truncate());
                if !about.is_empty() {
                    label.on_hover_text(about);
                }
            });
        });
    });
}

fn kept_menu(ui: &mut Ui, experiments: &Experiments, actions: &mut Actions) {
    let menu = ui.menu_button((Icon::Down.atom(), "Kept"), |ui| {
        if experiments.kept().is_empty() {
            ui.weak("Experiments stand here once one was run.");
        }
        for path in experiments.kept().iter().take(MOST_KEPT) {
            let name = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
            if ui.button(&*name).clicked() {
                actions.push(Action::OpenExperiment(path.clone()));
                ui.close();
            }
        }
        ui.separator();
        if ui.button("All of them…").on_hover_text("With what each is, to delete and to find them").clicked()
        {
            actions.push(Action::ShowKept { experiments: true });
            ui.close();
        }
    });
    if menu.response.clicked() {
        actions.push(Action::ListExperiments);
    }
    menu.response
        .on_hover_text("Experiments that were run on this machine")
        .accessible_name("Kept experiments");
}

const BUSY: &str = "A run is going: stop it first";
/// Of each of the two columns of fields.
const ROWS: usize = 4;
/// Experiments that the menu lists.
const MOST_KEPT: usize = 24;
/// Fields that show their own errors.
const OWN: [&str; 8] = ["backend", "workers", "chunk", "size", "lengths", "repeats", "warmup", "calm"];

fn fields_ui(ui: &mut Ui, experiments: &mut Experiments, state: ExperimentState<'_>, errors: &[SpecError]) {
    let setup = &state.form.fields;
    let vary = &mut experiments.vary;
    let as_set = |text: &str| format!("as set: {text}");
    let hints = [
        as_set(setup.backend.name()),
        as_set(setup.workers.trim()),
        as_set(setup.chunk.trim()),
        as_set(setup.size.trim()),
        as_set(setup.lengths.label()),
        "5".to_owned(),
        "1".to_owned(),
        "5".to_owned(),
    ];
    let rows: [(&str, &str, &str, &mut String); 8] = [
        ("backend", "Backends", "Those to compare, of threads,processes,gil,serial", &mut vary.backend),
        ("workers", "Pool sizes", "Numbers of workers: 2,4 or 1..8", &mut vary.workers),
        ("chunk", "Chunks", "Tasks handed out together: 1,16,auto or 1..64*2", &mut vary.chunk),
        (
            "size",
            "Task sizes",
            "The workload's main knob: several values with commas between",
            &mut vary.size,
        ),
        ("lengths", "Task lengths", "How task lengths differ: fixed,skewed:1.5", &mut vary.lengths),
        (
            "repeats",
            "Repeats",
            "Runs of each variant that count. Six and more give intervals of 95 %",
            &mut vary.repeats,
        ),
        ("warmup", "Warm-up", "Runs of each variant before those, which do not count", &mut vary.warmup),
        (
            "calm",
            "Calm within",
            "Seconds to wait at most before a run until other programs let go of the cores; 0 to look at nothing",
            &mut vary.calm,
        ),
    ];
    ui.columns_const(|[left, right]| {
        for (at, ((name, label, about, text), shown)) in rows.into_iter().zip(&hints).enumerate() {
            let ui = if at < ROWS { &mut *left } else { &mut *right };
            let error = errors.iter().find(|error| error.field == name);
            let error = error.map(|error| format!("allowed: {}", error.allowed));
            entry_row(ui, &Entry { label, about, hint: shown, was: None }, text, error.as_deref(), &[]);
        }
    });
}
