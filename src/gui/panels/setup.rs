//! The form at the left: the pool, the work, and how work is handed out.

use eframe::egui::{
    Align, Button, CollapsingHeader, ComboBox, Label, Layout, RichText, ScrollArea, Sense, Slider, Ui, vec2,
};

use super::fields::{Entry, complaint, entry_row, field, hint, row};
use crate::{
    gui::{
        action::{Action, Actions},
        changes::title_case,
        form::{Form, LengthsKind},
        icons::Icon,
        theme::{GAP, GAP_SMALL, Palette},
    },
    spec::{Backend, FaultKind, Kind, PRESETS, Spec, Telemetry, run_line},
    units,
    workload::about,
};

/// What the slider offers at least and at most; the number field goes on to the limit of a pool.
const SLIDER_LEAST: f64 = 8.0;
const SLIDER_MOST: f64 = 64.0;
/// Room for the names of all workloads at once.
const WORKLOADS_HEIGHT: f32 = 400.0;

/// Shows the form. What is typed changes the form itself; everything else is asked for by actions.
pub(crate) fn setup_ui(
    ui: &mut Ui,
    form: &mut Form,
    recents: &[Spec],
    usable_cores: f64,
    actions: &mut Actions,
) {
    ui.add_space(GAP_SMALL);
    ui.horizontal_wrapped(|ui| {
        presets_menu(ui, actions);
        recents_menu(ui, recents, actions);
        copy_button(ui, form, actions);
    });
    ui.add_space(GAP_SMALL);
    // Room for the scroll bar, so that it never covers a field.
    ui.spacing_mut().scroll.floating_allocated_width = GAP + 2.0;
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        group(ui, "Pool", |ui| pool_group(ui, form, usable_cores));
        group(ui, "Work", |ui| work_group(ui, form));
        group(ui, "Hand-out", |ui| handout_group(ui, form));
        ui.add_space(GAP);
    });
    if form.check() {
        // What was drawn before the form, such as the Run button, does not know yet.
        ui.ctx().request_repaint();
    }
}

fn presets_menu(ui: &mut Ui, actions: &mut Actions) {
    let response = ui.menu_button((Icon::Down.atom(), "Presets"), |ui| {
        for (at, preset) in PRESETS.iter().enumerate() {
            if ui.button(preset.name).on_hover_text(preset.about).clicked() {
                actions.push(Action::PickPreset(at));
                ui.close();
            }
        }
    });
    response.response.on_hover_text("Start from one of these").accessible_name("Presets");
}

fn recents_menu(ui: &mut Ui, recents: &[Spec], actions: &mut Actions) {
    let response = ui.menu_button((Icon::Down.atom(), "Recent"), |ui| {
        if recents.is_empty() {
            ui.weak("What you run stands here afterwards.");
        }
        for (at, spec) in recents.iter().enumerate() {
            let name = format!("{}. {}", at + 1, spec.title());
            if ui.button(name).on_hover_text(run_line(spec)).clicked() {
                actions.push(Action::PickRecent(at));
                ui.close();
            }
        }
    });
    response.response.on_hover_text("Set up what was run before").accessible_name("Recent");
}

fn copy_button(ui: &mut Ui, form: &Form, actions: &mut Actions) {
    let line = form.line();
    let response = ui
        .add_enabled(line.is_some(), Button::new("Copy command"))
        .on_disabled_hover_text(form.blocked().unwrap_or_default())
        .accessible_name("Copy as command line");
    if let Some(line) = line
        && response
            .on_hover_text(format!("{line}\n\nCopies this line, which runs the same in a terminal"))
            .clicked()
    {
        actions.push(Action::Copy(line.to_owned()));
    }
}

fn group(ui: &mut Ui, title: &str, contents: impl FnOnce(&mut Ui)) {
    CollapsingHeader::new(RichText::new(title).strong()).default_open(true).show_unindented(ui, |ui| {
        contents(ui);
        ui.add_space(GAP);
    });
}

fn pool_group(ui: &mut Ui, form: &mut Form, usable_cores: f64) {
    let was = form.was("Backend");
    row(ui, ("Backend", was.as_deref()), "How workers exist", |ui| {
        // All four must fit beside each other in the narrowest panel.
        ui.spacing_mut().item_spacing.x = 1.0;
        for backend in [Backend::Processes, Backend::Threads, Backend::Gil, Backend::Serial] {
            let selected = form.fields.backend == backend;
            let response = ui.selectable_label(selected, backend.name());
            if response.on_hover_text(backend_about(backend)).clicked() {
                form.fields.backend = backend;
            }
        }
    });
    if form.fields.backend == Backend::Serial {
        hint(ui, "One worker, one task after another: the baseline.");
        return;
    }
    if form.fields.backend == Backend::Gil {
        hint(ui, "Threads that take turns at one lock: a simulation of CPython's global interpreter lock.");
    }
    workers_row(ui, form, usable_cores);
    complaint(ui, form.error("workers").as_deref());
    let valid = form.fields.workers_number().filter(|_| form.error("workers").is_none());
    let each_wants_one = wants_cores(form.fields.backend, form.fields.workload);
    match valid.filter(|_| each_wants_one).and_then(|workers| crowded(workers, usable_cores)) {
        Some(warning) => {
            let color = Palette::of(ui).warning;
            ui.horizontal(|ui| {
                let (icon, _) = ui.allocate_exact_size(vec2(11.0, 11.0), Sense::hover());
                Icon::Warning.paint(ui.painter(), icon, color);
                ui.add(Label::new(RichText::new(warning).small().color(color)).wrap());
            });
        }
        None => hint(ui, &format!("This machine lets us use {}.", cores_text(usable_cores))),
    }
}

fn backend_about(backend: Backend) -> &'static str {
    match backend {
        Backend::Serial => "One worker, one task after another",
        Backend::Threads => "Threads of one process: they share memory, and a crash takes all of them down",
        Backend::Processes => "Processes of their own: data is copied, and a crash costs one worker only",
        Backend::Gil => {
            "Threads of which one computes at a time: a simulation of CPython's global interpreter lock, \
             handed over every 5 ms and while a task waits"
        }
    }
}

fn workers_row(ui: &mut Ui, form: &mut Form, usable_cores: f64) {
    let wrong = form.error("workers").is_some();
    let was = form.was("Workers");
    row(ui, ("Workers", was.as_deref()), "Executors in the pool", |ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            field(ui, "Workers", &mut form.fields.workers, wrong, 44.0, "");
            let most = slider_most(usable_cores);
            let mut workers = form.fields.workers_number().unwrap_or(1).clamp(1, most);
            ui.spacing_mut().slider_width = (ui.available_width() - GAP).max(40.0);
            let slider = ui
                .add(Slider::new(&mut workers, 1..=most).show_value(false))
                .accessible_name("Workers slider");
            if slider.changed() {
                form.fields.workers = workers.to_string();
            }
        });
    });
}

/// Twice what the machine can use is where the lesson of too many workers shows; more is for the number field.
fn slider_most(usable_cores: f64) -> u32 {
    (usable_cores * 2.0).ceil().clamp(SLIDER_LEAST, SLIDER_MOST) as u32
}

fn cores_text(cores: f64) -> String {
    let number = if cores.fract() == 0.0 { format!("{cores:.0}") } else { format!("{cores:.1}") };
    format!("{number} {}", if cores > 1.0 { "cores" } else { "core" })
}

/// Whether each worker needs a core. Threads that take turns need one between them, and who only waits needs none.
pub(super) fn wants_cores(backend: Backend, workload: Kind) -> bool {
    backend != Backend::Gil && workload != Kind::Sleep
}

/// What to say where there are more workers than cores to run them.
pub(super) fn crowded(workers: u32, usable_cores: f64) -> Option<String> {
    (f64::from(workers) > usable_cores.max(1.0)).then(|| {
        format!("{workers} workers on {}: busy ones will wait for each other.", usable_text(usable_cores))
    })
}

fn usable_text(cores: f64) -> String {
    let text = cores_text(cores);
    match text.split_once(' ') {
        Some((number, noun)) => format!("{number} usable {noun}"),
        None => text,
    }
}

fn work_group(ui: &mut Ui, form: &mut Form) {
    let was = form.was("Workload");
    row(ui, ("Workload", was.as_deref()), "What every task does", |ui| {
        let width = ui.available_width();
        let combo = ComboBox::from_id_salt("workload")
            .width(width)
            .height(WORKLOADS_HEIGHT)
            .selected_text(form.fields.workload.name());
        let response = combo.show_ui(ui, |ui| {
            for kind in Kind::ALL {
                let chosen = form.fields.workload == kind;
                if ui.selectable_label(chosen, kind.name()).on_hover_text(about(kind).summary).clicked() {
                    form.fields.set_workload(kind);
                }
            }
        });
        response.response.accessible_name("Workload");
    });
    hint(ui, form.fields.about().summary);
    size_row(ui, form);
    param_rows(ui, form);
    let error = form.error("tasks");
    let was = form.was("Tasks");
    let entry = Entry { label: "Tasks", about: "How many items of work", hint: "64", was };
    entry_row(ui, &entry, &mut form.fields.tasks, error.as_deref(), &[]);
    lengths_rows(ui, form);
    let error = form.error("fault");
    let kinds = FaultKind::NAMES.join(", ");
    let entry = Entry {
        label: "Faults",
        about: &format!("What goes wrong at which task: panic@3,segfault@5. Kinds: {kinds}"),
        hint: if form.fields.workload == Kind::Fault { "segfault@ the middle task" } else { "none" },
        was: form.was("Faults"),
    };
    entry_row(ui, &entry, &mut form.fields.faults, error.as_deref(), &[]);
}

fn size_row(ui: &mut Ui, form: &mut Form) {
    let about = form.fields.about();
    if about.size_name.is_empty() {
        return;
    }
    let error = form.error("size");
    let human = size_text(&form.fields.size, about.size_unit);
    let was = form.was("Size");
    row(ui, ("Size", was.as_deref()), about.size_name, |ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(human) = &human {
                ui.weak(human);
            }
            ui.weak(about.size_unit);
            let width = ui.available_width();
            field(ui, "Size", &mut form.fields.size, error.is_some(), width, "")
                .on_hover_text(format!("The workload's main knob: {}", about.size_name));
        });
    });
    complaint(ui, error.as_deref());
}

/// `= 10.0 ms` beside nanoseconds, `= 5.00 MB` beside bytes; nothing where the number speaks for itself.
fn size_text(text: &str, unit: &str) -> Option<String> {
    let size: u64 = text.trim().replace('_', "").parse().ok()?;
    match unit {
        "ns" => Some(format!("= {}", units::duration(size))),
        "B" => Some(format!("= {}", units::bytes(size))),
        "" if size >= 10_000 => Some(format!("= {}", units::count(size))),
        _ => None,
    }
}

fn param_rows(ui: &mut Ui, form: &mut Form) {
    for at in 0..form.fields.params.len() {
        let Some(about) = form.fields.about().params.get(at) else { return };
        let error = form.error(&format!("param {}", about.name));
        let label = title_case(about.name);
        let entry = Entry { label: &label, about: about.summary, hint: "", was: form.was(&label) };
        entry_row(ui, &entry, &mut form.fields.params[at].1, error.as_deref(), &[]);
    }
}

fn lengths_rows(ui: &mut Ui, form: &mut Form) {
    let was = form.was("Lengths");
    row(ui, ("Lengths", was.as_deref()), "How the cost of tasks differs", |ui| {
        let width = ui.available_width();
        let combo = ComboBox::from_id_salt("lengths").width(width).selected_text(form.fields.lengths.label());
        let response = combo.show_ui(ui, |ui| {
            for kind in LengthsKind::ALL {
                ui.selectable_value(&mut form.fields.lengths, kind, kind.label()).on_hover_text(kind.about());
            }
        });
        response.response.on_hover_text(form.fields.lengths.about()).accessible_name("Lengths");
    });
    let error = form.error("lengths");
    let [spread, alpha, factor, at_task] =
        ["Spread", "Alpha", "Factor", "At task"].map(|label| form.was(label));
    let fields = &mut form.fields;
    match fields.lengths {
        LengthsKind::Fixed => complaint(ui, error.as_deref()),
        LengthsKind::Uniform => {
            let about = "Half the width of the spread, as a share of the size: more than 0, at most 1";
            let entry = Entry { label: "Spread", about, hint: "0.5", was: spread };
            entry_row(ui, &entry, &mut fields.spread, error.as_deref(), &[]);
        }
        LengthsKind::Skewed => {
            let about = "Tail index, more than 1: the smaller, the longer the longest tasks";
            let entry = Entry { label: "Alpha", about, hint: "1.5", was: alpha };
            entry_row(ui, &entry, &mut fields.alpha, error.as_deref(), &[]);
        }
        LengthsKind::Straggler => {
            let about = "How many times as long as the others";
            let entry = Entry { label: "Factor", about, hint: "10", was: factor };
            entry_row(ui, &entry, &mut fields.straggler_factor, None, &[]);
            let about = "Number of the long task; empty for the last one, where it hurts most";
            let entry = Entry { label: "At task", about, hint: "the last", was: at_task };
            entry_row(ui, &entry, &mut fields.straggler_at, error.as_deref(), &[]);
        }
    }
}

fn handout_group(ui: &mut Ui, form: &mut Form) {
    let error = form.error("chunk");
    let about = "Tasks handed to a worker together";
    entry_row(
        ui,
        &Entry { label: "Chunk", about, hint: "auto", was: form.was("Chunk") },
        &mut form.fields.chunk,
        error.as_deref(),
        &["auto"],
    );
    if let Some(spec) = form.spec() {
        let tasks = spec.chunk_tasks();
        let chunks = spec.tasks.div_ceil(tasks);
        let plural = if tasks == 1 { "task" } else { "tasks" };
        let chunk_plural = if chunks == 1 { "chunk" } else { "chunks" };
        hint(ui, &format!("{tasks} {plural} a chunk, {} {chunk_plural}", units::count(u64::from(chunks))));
    }
    let error = form.error("queue");
    let about = "How many tasks may wait in the pool's queue";
    let entry = Entry { label: "Queue bound", about, hint: "unbounded", was: form.was("Queue bound") };
    entry_row(ui, &entry, &mut form.fields.queue, error.as_deref(), &["unbounded"]);
    let error = form.error("prefetch");
    let about = "Chunks that one worker may hold at a time, the one it runs included";
    let entry = Entry { label: "Prefetch", about, hint: "auto", was: form.was("Prefetch") };
    entry_row(ui, &entry, &mut form.fields.prefetch, error.as_deref(), &["auto"]);
    let error = form.error("timeout");
    let about = "Seconds that one attempt of a task may take; empty for no limit";
    let entry = Entry { label: "Timeout", about, hint: "none, or seconds", was: form.was("Timeout") };
    entry_row(ui, &entry, &mut form.fields.timeout, error.as_deref(), &[]);
    let error = form.error("retries");
    let about = "Attempts beyond the first for a task that failed, crashed or timed out";
    let entry = Entry { label: "Retries", about, hint: "0", was: form.was("Retries") };
    entry_row(ui, &entry, &mut form.fields.retries, error.as_deref(), &[]);
    let error = form.error("seed");
    let about = "The same seed gives the same tasks, whatever the pool";
    entry_row(
        ui,
        &Entry { label: "Seed", about, hint: "1", was: form.was("Seed") },
        &mut form.fields.seed,
        error.as_deref(),
        &[],
    );
    telemetry_row(ui, form);
}

fn telemetry_row(ui: &mut Ui, form: &mut Form) {
    let was = form.was("Telemetry");
    row(ui, ("Telemetry", was.as_deref()), "What is measured around each task", |ui| {
        let width = ui.available_width();
        let combo =
            ComboBox::from_id_salt("telemetry").width(width).selected_text(form.fields.telemetry.name());
        let response = combo.show_ui(ui, |ui| {
            for (level, about) in [
                (Telemetry::Auto, "Full for tasks expected to take 50 µs or longer, else basic"),
                (Telemetry::Full, "And time waiting for a core, context switches, page faults, cores"),
                (Telemetry::Basic, "And the thread's CPU time"),
                (Telemetry::Off, "Start and end only"),
            ] {
                ui.selectable_value(&mut form.fields.telemetry, level, level.name()).on_hover_text(about);
            }
        });
        response.response.accessible_name("Telemetry");
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slider_ends_where_the_machine_does_and_stays_usable() {
        assert_eq!(slider_most(0.5), 8);
        assert_eq!(slider_most(2.0), 8);
        assert_eq!(slider_most(8.0), 16);
        assert_eq!(slider_most(128.0), 64);
    }

    #[test]
    fn only_more_workers_than_cores_are_warned_of() {
        assert!(wants_cores(Backend::Processes, Kind::Spin));
        assert!(!wants_cores(Backend::Gil, Kind::Spin) && !wants_cores(Backend::Threads, Kind::Sleep));
        assert_eq!(crowded(2, 2.0), None);
        assert_eq!(crowded(1, 0.5), None);
        assert_eq!(
            crowded(8, 2.0).as_deref(),
            Some("8 workers on 2 usable cores: busy ones will wait for each other.")
        );
        assert!(crowded(2, 1.5).unwrap().contains("1.5 usable cores"));
    }

    #[test]
    fn sizes_are_told_in_human_units() {
        assert_eq!(size_text("10000000", "ns").as_deref(), Some("= 10.0 ms"));
        assert_eq!(size_text("5_000_000", "B").as_deref(), Some("= 5.00 MB"));
        assert_eq!(size_text("480", "px"), None);
        assert_eq!(size_text("abc", "ns"), None);
    }
}
