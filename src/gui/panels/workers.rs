//! The table of workers: who fills each place of the pool, what they do and what they cost.

use eframe::egui::{Align, Button, Layout, Sense, Ui, vec2};
use egui_extras::{Column, TableBuilder, TableRow};

use crate::{
    event::WorkerSample,
    gui::{
        action::{Action, Actions},
        runs::Run,
        theme::{self, DOT_RADIUS, GAP, GAP_HAIR, Palette},
        timeline::Doing,
    },
    ids::WorkerId,
    spec::Backend,
    store::{WorkerRow, WorkerState},
    units::{self, Shown},
};

use super::cells::{at_right, empty, heading, number_cell};

const ROW_HEIGHT: f32 = theme::CONTROL_ROW;
/// Room for what a process of a lesson is called.
const ROLE_WIDTH: f32 = 110.0;
/// Signals that a person may send, with what they do.
const NOT_SAMPLED: &str = "No sample of this worker yet";
const SIGKILL: i32 = 9;
const SIGNALS: [(i32, &str); 5] = [
    (SIGKILL, "Kill (SIGKILL)"),
    (15, "Terminate (SIGTERM)"),
    (11, "Segmentation fault (SIGSEGV)"),
    (19, "Halt (SIGSTOP)"),
    (18, "Go on (SIGCONT)"),
];

/// `cursor_ns` is the moment under the cursor, of which the states are told where there is one.
pub(crate) fn workers_ui(ui: &mut Ui, run: Option<&Run>, cursor_ns: Option<u64>, actions: &mut Actions) {
    let Some(run) = run else {
        empty(
            ui,
            "No run yet. Press Run (Space): each worker of the pool gets a row here, with what it does and costs.",
        );
        return;
    };
    if run.store.workers.is_empty() {
        empty(
            ui,
            if run.live {
                "The engine is starting the first worker."
            } else if run.store.lacks_start() {
                "No worker is known of this run: its record ends before it tells of one."
            } else {
                "This run ended before it had a worker. The Log tab says why; change the pool at the left and run again."
            },
        );
        return;
    }
    let text_width = ui.available_width();
    let own_process = run.spec().backend == Backend::Processes;
    let in_lesson = !run.store.lesson.is_empty();
    TableBuilder::new(ui)
        .id_salt("workers table")
        .striped(true)
        .auto_shrink([false, false])
        .min_scrolled_height(0.0)
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Column::exact(if in_lesson { ROLE_WIDTH } else { 30.0 }))
        .column(Column::exact(64.0))
        .column(Column::exact(100.0))
        .columns(Column::exact((text_width / 12.0).clamp(62.0, 96.0)), 5)
        .column(Column::remainder().at_least(56.0).clip(true))
        .column(Column::exact(60.0))
        .header(ROW_HEIGHT, |mut row| {
            for (title, hint, number) in HEADINGS {
                let at_cursor = cursor_ns.map(|t_ns| format!("At {}", units::duration(t_ns)));
                let title = match (title, &at_cursor) {
                    ("PID", _) if !own_process => "TID",
                    ("#", _) if in_lesson => "Process",
                    ("State", Some(at_cursor)) => at_cursor,
                    _ => title,
                };
                row.col(|ui| {
                    let number = number && title != "Process";
                    if !number {
                        ui.add_space(GAP);
                    }
                    heading(ui, title, number).on_hover_text(hint);
                });
            }
        })
        .body(|body| {
            body.rows(ROW_HEIGHT, run.store.workers.len(), |mut row| {
                let worker = &run.store.workers[row.index()];
                worker_row(&mut row, run, worker, cursor_ns, actions);
            });
        });
}

const HEADINGS: [(&str, &str, bool); 10] = [
    ("#", "Place in the pool; a replaced process keeps the place", true),
    ("PID", "Process, or thread in the engine's process", true),
    ("State", "What the worker does now", false),
    ("CPU", "CPU use since the last sample; 100 % is one core", true),
    ("CPU time", "CPU time of all processes that held this place", true),
    ("Memory", "Resident memory; threads share that of their engine", true),
    ("Tasks ok", "Tasks that ended well here", true),
    ("Restarts", "How often a lost process was replaced", true),
    ("Exit", "How the process ended", false),
    ("", "", false),
];

fn worker_row(
    row: &mut TableRow<'_, '_>,
    run: &Run,
    worker: &WorkerRow,
    cursor_ns: Option<u64>,
    actions: &mut Actions,
) {
    let alive = run.live && worker.state.is_present();
    let name = run.store.lesson.name(worker.worker);
    if run.store.lesson.is_empty() {
        number_cell(row, worker.worker.0.to_string());
    } else {
        row.col(|ui| {
            ui.add_space(GAP);
            ui.add(eframe::egui::Label::new(&name).truncate());
        });
    }
    let own_process = run.spec().backend == Backend::Processes;
    number_cell(row, if own_process { worker.pid } else { worker.tid }.to_string());
    let leaving = alive && !run.store.is_wanted(worker.worker);
    row.col(|ui| {
        ui.add_space(GAP);
        let lane = run.store.lanes.get(worker.worker.index());
        match lane.zip(cursor_ns) {
            Some((lane, t_ns)) => {
                let doing = Doing::at(lane, t_ns);
                dot_ui(ui, doing.state());
                ui.add(eframe::egui::Label::new(doing.to_string()).truncate());
            }
            None => state_ui(ui, worker.state, leaving),
        }
    });
    // In a replay a run that has ended is shown as it was while it lived.
    let lived = run.store.phase.is_live() && worker.state.is_present();
    let sampled = was_sampled(&worker.last);
    number_cell(
        row,
        match lived {
            true if sampled => Shown::percent(f64::from(worker.last.cpu)),
            true => unknown(),
            false => Shown::none(),
        },
    );
    number_cell(row, if sampled || worker.cpu_ns > 0 { Shown::duration(worker.cpu_ns) } else { unknown() });
    row.col(|ui| {
        at_right(ui, |ui| {
            if own_process && !sampled {
                ui.weak("–").on_hover_text(NOT_SAMPLED);
            } else if own_process {
                let [now, most] = [worker.last.rss_bytes, worker.max_rss_bytes].map(units::exact_bytes);
                ui.label(units::bytes(worker.last.rss_bytes)).on_hover_text(format!("{now}\nat most {most}"));
            } else {
                let engine = &run.store.engine;
                let bytes = if was_sampled(engine) {
                    units::exact_bytes(engine.rss_bytes)
                } else {
                    "not sampled yet".to_owned()
                };
                ui.weak("shared").on_hover_text(format!("Threads share their engine's memory: {bytes}"));
            }
        });
    });
    number_cell(row, units::count(u64::from(worker.tasks_ok)));
    number_cell(row, worker.restarts.to_string());
    row.col(|ui| {
        ui.add_space(GAP);
        let exit = worker.exit.map_or_else(|| "–".to_owned(), |exit| exit.to_string());
        ui.add(eframe::egui::Label::new(&exit).truncate());
    });
    row.col(|ui| kill_ui(ui, (worker.worker, &name), own_process, alive, actions));
}

/// A sample that was never taken has no state.
fn was_sampled(sample: &WorkerSample) -> bool {
    sample.state != '\0'
}

fn unknown() -> Shown {
    Shown::none().explained(NOT_SAMPLED)
}

fn state_text(state: WorkerState) -> &'static str {
    match state {
        WorkerState::Starting => "starting",
        WorkerState::Idle => "idle",
        WorkerState::Busy => "busy",
        WorkerState::Stopped => "stopped",
        WorkerState::Exited => "exited",
        WorkerState::Retired => "retired",
    }
}

/// `leaving` is who the pool has no room for any more, and who still ends a task.
fn state_ui(ui: &mut Ui, state: WorkerState, leaving: bool) {
    dot_ui(ui, state);
    if leaving {
        ui.label("leaving").on_hover_text("The pool was made smaller: it ends after its running task");
    } else {
        ui.label(state_text(state));
    }
}

fn dot_ui(ui: &mut Ui, state: WorkerState) {
    let palette = Palette::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(DOT_RADIUS * 2.0 + GAP_HAIR, ROW_HEIGHT), Sense::hover());
    let color = palette.worker_state(state);
    // The shape differs too: who is there is a disc, who is not yet or no longer there is a ring.
    if state == WorkerState::Starting || !state.is_present() {
        ui.painter().circle_stroke(rect.center(), DOT_RADIUS, (theme::LINE, color));
    } else {
        ui.painter().circle_filled(rect.center(), DOT_RADIUS, color);
    }
}

fn kill_ui(ui: &mut Ui, (id, name): (WorkerId, &str), own_process: bool, alive: bool, actions: &mut Actions) {
    let why_not = if own_process {
        "This process does not run any more"
    } else {
        "A thread cannot be killed alone: it would take the whole process with it"
    };
    let response = ui
        .add_enabled(own_process && alive, Button::new("Kill").small())
        .on_hover_text("Kill this worker process (SIGKILL). Right-click for other signals")
        .on_disabled_hover_text(why_not)
        .accessible_name(format!("Kill {name}"));
    if response.clicked() {
        actions.push(Action::Kill(id, SIGKILL));
    }
    response.context_menu(|ui| {
        for (signal, text) in SIGNALS {
            if ui.button(text).clicked() {
                actions.push(Action::Kill(id, signal));
                ui.close();
            }
        }
    });
}
