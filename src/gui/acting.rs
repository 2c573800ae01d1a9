//! Carries out what was asked for in the window: runs, the setup, exports, and the end of the program. What concerns one
//! part of the window alone is carried out where that part is.

use eframe::egui::{Context, Rect, ViewportCommand};

use super::{
    action::{Action, ExportKind, Panel},
    app::App,
    form::Form,
    palette::CommandPalette,
};
use crate::{
    event::Command,
    spec::{Backend, PRESETS},
    store::Phase,
    time::monotonic_ns,
};

impl App {
    /// What it does is done here, or where its part of the window is.
    pub(super) fn apply(&mut self, ctx: &Context, action: Action) {
        self.leave_lessons_for(&action);
        match action {
            Action::Run => {
                if let Some(spec) = self.form.spec().cloned().filter(|_| !self.busy()) {
                    self.start(ctx, spec);
                }
            }
            Action::RunBoth if !self.busy() => self.run_both(ctx),
            Action::RunBoth => {}
            Action::TogglePause => self.runs.toggle_pause(),
            Action::Resize(_) | Action::Step(_) => self.apply_resize(&action),
            Action::Stop => self.stop(),
            Action::Kill(worker, signal) => self.runs.send_to_live(&Command::KillWorker { worker, signal }),
            Action::Fit => self.axis.go_fit(),
            Action::Retrace { back } => self.axis.retrace(back),
            Action::Mark { start } => self.axis.mark(start),
            Action::Find => {
                self.apply_panels(&Action::ShowPanel(Panel::Timeline));
                self.axis.find();
            }
            Action::ToggleByCore => self.axis.set_by_core(!self.axis.by_core()),
            Action::ToggleFollow => self.axis.set_follow(!self.axis.follow()),
            Action::PickPreset(_) | Action::PickRecent(_) | Action::Undo | Action::Redo => {
                self.apply_setup(&action);
            }
            Action::ShowPanel(_)
            | Action::SetPanel(..)
            | Action::ToggleSetup
            | Action::ResetLayout
            | Action::ToggleCompared => self.apply_panels(&action),
            Action::ShowRun(id) => {
                self.runs.show(id);
                self.axis.fit();
            }
            Action::CompareLeft(_)
            | Action::CompareRight(_)
            | Action::SetAlign(_)
            | Action::CompareChosen
            | Action::CompareBase(_)
            | Action::CloseSeveral => self.apply_compared(ctx, &action),
            Action::SetTheme(preference) => {
                self.remembered.theme = preference;
                ctx.set_theme(preference);
            }
            Action::TogglePalette => {
                self.palette = if self.palette.is_some() { None } else { Some(CommandPalette::default()) };
            }
            Action::DismissError(id) => self.notices.dismiss(id),
            Action::DismissErrors => self.notices.dismiss_all(),
            Action::Hush => self.notices.hush(),
            Action::ToggleQuiet => self.quiet.toggle(),
            Action::Copy(text) => {
                let first = text.lines().next().unwrap_or_default();
                self.notices.say(format!("Copied {first}"), monotonic_ns());
                ctx.copy_text(text);
            }
            Action::Quit | Action::ConfirmQuit | Action::CancelQuit => self.apply_quit(ctx, &action),
            Action::Light(_) | Action::ShowEvidence(_) | Action::SetUp(_) => self.apply_account(action),
            Action::StartExperiment
            | Action::Inquire(_)
            | Action::ListExperiments
            | Action::OpenExperiment(_)
            | Action::SaveReport => {
                self.apply_experiment(ctx, action);
            }
            Action::Replay(control) => self.runs.control_replay(control),
            Action::Lesson(action) => self.apply_lesson(ctx, action),
            Action::OpenRuns(_)
            | Action::ShowKept { .. }
            | Action::OpenFolder(_)
            | Action::ChooseRuns
            | Action::UseSpec
            | Action::Order(_)
            | Action::Ask(_)
            | Action::CloseQuestion => self.apply_kept(ctx, action),
            Action::OpenExportMenu
            | Action::Export(_)
            | Action::BrowseExport
            | Action::SaveExport(_)
            | Action::CancelExport => self.apply_export(ctx, action),
        }
    }

    /// Fills the form with something else than what a person types.
    fn apply_setup(&mut self, action: &Action) {
        let fields = match *action {
            Action::PickPreset(at) => PRESETS.get(at).and_then(Form::from_preset).map(|form| form.fields),
            Action::PickRecent(at) => {
                self.remembered.recents.get(at).map(|spec| Form::from_spec(spec).fields)
            }
            Action::Undo => self.history.undo(),
            Action::Redo => self.history.redo(),
            _ => None,
        };
        if let Some(fields) = fields {
            self.form.fields = fields;
            self.form.check();
        }
    }

    fn run_both(&mut self, ctx: &Context) {
        // Who chose the simulated lock wants to see what it costs.
        let threads = match self.form.fields.backend {
            Backend::Gil => Backend::Gil,
            _ => Backend::Threads,
        };
        let pair = (self.form.with_backend(Backend::Processes), self.form.with_backend(threads));
        if let (Ok(processes), Ok(threads)) = pair {
            self.runs.queue(threads);
            self.start(ctx, processes);
        }
    }

    fn stop(&mut self) {
        self.experiments.stop();
        if let Some(series) = self.lessons.series_mut() {
            series.stop();
        }
        self.runs.cancel_waiting();
        // Whoever presses twice does not want to wait for running tasks.
        let stopping = self.runs.live().is_some_and(|run| run.store.phase == Phase::Stopping);
        self.runs.send_to_live(if stopping { &Command::Cancel } else { &Command::Stop });
    }

    fn apply_quit(&mut self, ctx: &Context, action: &Action) {
        match action {
            Action::Quit if self.busy() => self.quit_asked = true,
            Action::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
            Action::ConfirmQuit => {
                self.quit_confirmed = true;
                self.runs.clear();
                self.experiments.clear();
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
            _ => self.quit_asked = false,
        }
    }

    fn apply_export(&mut self, ctx: &Context, action: Action) {
        match action {
            Action::OpenExportMenu => self.export_menu_asked = self.runs.shown().is_some(),
            Action::Export(kind) => {
                if let Some(run) = self.runs.shown() {
                    self.exporter.begin(ctx, kind, run, self.area(kind));
                }
            }
            Action::BrowseExport => self.exporter.browse(ctx),
            Action::SaveExport(path) => self.exporter.save_to(ctx, &path),
            _ => self.exporter.cancel(),
        }
    }

    /// Where the picture of this kind is in the window, its title first.
    fn area(&self, kind: ExportKind) -> Vec<Rect> {
        let area = match kind {
            ExportKind::TimelinePng => self.areas.timeline,
            ExportKind::PlotsPng => self.areas.plots,
            _ => None,
        };
        area.map_or_else(Vec::new, |area| self.areas.title.into_iter().chain([area]).collect())
    }
}
