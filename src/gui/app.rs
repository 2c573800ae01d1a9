//! The one state of the window. `App::logic` takes in what runs told and carries out actions; `App::ui` only draws
//! and collects the next actions.

use std::{path::PathBuf, sync::Arc};

use eframe::egui::{Context, Event, Id, Key, KeyboardShortcut, Rect, Ui, ViewportCommand};

use super::{
    action::{Action, Actions, ExportKind, Panel},
    changes::Changes,
    commands::{commands, take_keys},
    comparing::Several,
    dock::Dock,
    experiments::Experiments,
    explaining::Explainer,
    exporting::{Exporter, Outcome},
    form::Form,
    history::History,
    keeping::{Keeping, is_experiment},
    layout::show_scroll_bars,
    lessons::Lessons,
    memory::{Memory, Remembered},
    motion,
    notices::{Notices, Topic},
    pacing::{Pace, Pacer, Quiet},
    palette::CommandPalette,
    panels::{log::LogView, result::ResultView},
    plots::TimeAxis,
    resizing::Resizer,
    runs::Runs,
    theme,
};
use crate::{
    engine::sampler::process_age_ns,
    event::Command,
    session::{Launcher, Notify},
    spec::{Backend, PRESETS, Spec},
    store::Phase,
    time::{monotonic_ns, process_cpu_ns},
};

/// Where the parts that can be exported as pictures were drawn last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Areas {
    pub(super) title: Option<Rect>,
    pub(super) plots: Option<Rect>,
    pub(super) timeline: Option<Rect>,
}

#[expect(clippy::struct_excessive_bools, reason = "each is one independent fact about the window")]
pub(super) struct App {
    pub(super) launcher: Launcher,
    pub(super) runs: Runs,
    pub(super) form: Form,
    pub(super) history: History,
    /// What is remembered between launches, as it is now, and its file.
    pub(super) remembered: Remembered,
    memory: Memory,
    /// Cores that this machine lets us use at once.
    pub(super) usable_cores: f64,
    pub(super) axis: TimeAxis,
    pub(super) dock: Dock,
    /// A person chose what to look at, and keeps it.
    pub(super) panel_chosen: bool,
    /// The plots show two runs.
    pub(super) compared: bool,
    pub(super) log: LogView,
    pub(super) result: ResultView,
    pub(super) pacer: Pacer,
    pub(super) quiet: Quiet,
    pub(super) resizer: Resizer,
    pub(super) exporter: Exporter,
    pub(super) keeping: Keeping,
    pub(super) experiments: Experiments,
    pub(super) lessons: Lessons,
    pub(super) explainer: Explainer,
    pub(super) several: Several,
    pub(super) areas: Areas,
    pub(super) notices: Notices,
    pub(super) export_menu_asked: bool,
    pub(super) quit_asked: bool,
    quit_confirmed: bool,
    /// The list of commands, while it is open.
    pub(super) palette: Option<CommandPalette>,
    /// The focus was moved with the Tab key, so that the space bar belongs to what has it.
    tabbing: bool,
    /// Asked for by the frame before.
    actions: Actions,
}

impl App {
    pub(super) fn new(
        ctx: &Context,
        launcher: Launcher,
        spec: &Spec,
        usable_cores: f64,
        files: Vec<PathBuf>,
    ) -> Self {
        let reduced_motion = motion::is_reduced();
        theme::install(ctx, reduced_motion);
        show_scroll_bars(ctx);
        let mut notices = Notices::default();
        let (tried, files): (Vec<PathBuf>, Vec<PathBuf>) =
            files.into_iter().partition(|path| is_experiment(path));
        let keeping = Keeping::new(ctx, files, &mut notices);
        let (memory, remembered) = Memory::open();
        ctx.set_theme(remembered.theme);
        let form = Form::from_spec(spec);
        let dock = Dock::new(&remembered.layout);
        let mut axis = TimeAxis::default();
        axis.set_by_core(remembered.by_core);
        axis.set_align(remembered.align);
        Self {
            launcher,
            runs: Runs::default(),
            history: History::new(form.fields.clone()),
            form,
            remembered,
            memory,
            usable_cores,
            axis,
            dock,
            panel_chosen: false,
            compared: false,
            log: LogView::default(),
            result: ResultView::default(),
            pacer: Pacer::default(),
            quiet: Quiet::new(reduced_motion),
            resizer: Resizer::default(),
            exporter: Exporter::default(),
            keeping,
            experiments: Experiments::default(),
            lessons: Lessons::default(),
            explainer: Explainer::default(),
            several: Several::default(),
            areas: Areas::default(),
            notices,
            export_menu_asked: false,
            quit_asked: false,
            quit_confirmed: false,
            palette: None,
            tabbing: false,
            actions: tried.into_iter().map(Action::OpenExperiment).collect(),
        }
    }

    pub(super) fn notify(&self, ctx: &Context) -> Notify {
        let requester = self.pacer.requester(ctx.clone());
        Arc::new(move || requester.changed())
    }

    pub(super) fn start(&mut self, ctx: &Context, spec: Spec) {
        self.notices.hush();
        self.explainer.lit = None;
        self.form.changes = Changes::default();
        // Nobody has set up what a lesson runs.
        if !self.lessons.is_open() {
            self.remembered.recents.add(&spec);
        }
        self.look_at_new_run(spec.workload);
        let notify = self.notify(ctx);
        let recorder = self.recorder(&spec);
        if let Err(error) = self.runs.start(&self.launcher, spec, notify, recorder) {
            self.runs.cancel_waiting();
            self.notices.error(format!("The run could not start: {error}"));
        }
        self.axis = self.axis.anew();
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

    /// A run goes, or another is due, or an experiment goes on.
    pub(super) fn busy(&self) -> bool {
        self.runs.busy() || self.experiments.is_going() || self.lessons.is_waiting()
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

    fn take_in_runs(&mut self, ctx: &Context) {
        let refreshed = self.runs.refresh();
        if refreshed.series_ended {
            self.dock.bring(Panel::Compare);
            self.set_compared(true);
            self.axis.fit();
        }
        if let Some(spec) = refreshed.next {
            self.start(ctx, spec);
        }
        if !self.busy() {
            // The question before quitting was about a run that has ended meanwhile.
            self.quit_asked = false;
        }
        if refreshed.ended {
            // The last frames of a live run may show a moment before its end.
            ctx.request_repaint();
        }
        self.take_in_recordings(ctx, refreshed.recorded, refreshed.closing);
        if self.runs.step_replays() {
            ctx.request_repaint_after(self.pacer.interval());
        }
        self.set_pace(ctx);
        if self.runs.live().is_some() || self.experiments.is_going() {
            ctx.request_repaint_after(self.pacer.heartbeat());
        }
    }

    fn set_pace(&mut self, ctx: &Context) {
        self.quiet.set_timed(self.runs.timed() || self.experiments.is_going());
        let visible = ctx.input(|input| input.viewport().visible());
        self.pacer.set_pace(Pace::of(visible, self.quiet.is_on()));
    }

    fn take_in_exports(&mut self, ctx: &Context) {
        match self.exporter.poll(ctx) {
            Some(Outcome::Saved(path)) => {
                self.notices.say(format!("Saved {}", path.display()), monotonic_ns());
                self.notices.mended(Topic::Export);
            }
            Some(Outcome::Failed(why)) => self.notices.error_about(Topic::Export, why),
            None => {}
        }
    }

    fn guard_closing(&mut self, ctx: &Context) {
        if ctx.input(|input| input.viewport().close_requested()) && self.busy() && !self.quit_confirmed {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            self.quit_asked = true;
        }
    }

    fn apply(&mut self, ctx: &Context, action: Action) {
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

    /// Notes what a person has edited since the frame before.
    fn note_edits(&mut self, ctx: &Context) {
        let pointer = ctx.input(|input| input.pointer.any_down()).then(|| Id::unique("pointer"));
        let field = ctx.memory(eframe::egui::Memory::focused).filter(|_| ctx.text_edit_focused());
        self.history.look(&self.form.fields, field.or(pointer));
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

    /// A click gives a button the focus too, but whoever clicks does not mean the space bar to press it again.
    fn note_tabbing(&mut self, ctx: &Context) {
        let (tab, click) = ctx.input(|input| (input.key_pressed(Key::Tab), input.pointer.any_pressed()));
        self.tabbing = (self.tabbing || tab) && !click;
    }

    fn shortcuts(&mut self, ctx: &Context) {
        self.note_tabbing(ctx);
        let is_asked =
            self.quit_asked || self.exporter.window().is_some() || self.keeping.questions.is_open();
        let any_key = ctx.input(|input| input.events.iter().any(|event| matches!(event, Event::Key { .. })));
        if is_asked || !any_key {
            return;
        }
        let taken = self.tabbing && ctx.egui_wants_keyboard_input();
        let open = self.palette.is_some();
        // Over the palette only what closes it again; the space bar may belong to the button that has the focus.
        let may_take = |key: KeyboardShortcut| {
            (!open || key.logical_key == Key::P && key.modifiers.command)
                && !(taken && key.logical_key == Key::Space)
                && (key.logical_key != Key::Escape || self.takes_escape(ctx))
        };
        let mut asked = take_keys(ctx, &commands(&self.facts()), may_take);
        self.actions.append(&mut asked);
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.pacer.begin_frame(monotonic_ns(), process_cpu_ns());
        self.shortcuts(ctx);
        for action in std::mem::take(&mut self.actions) {
            self.apply(ctx, action);
        }
        self.take_in_experiment(ctx);
        self.take_in_runs(ctx);
        self.take_in_lessons(ctx);
        self.take_in_account(ctx);
        self.take_in_several();
        self.take_in_exports(ctx);
        self.take_in_kept(ctx);
        self.note_edits(ctx);
        self.remembered.layout = self.dock.layout();
        self.remembered.by_core = self.axis.by_core();
        if let Some(why) = self.memory.note(ctx, &self.remembered) {
            self.notices.say(why, monotonic_ns());
        }
        self.guard_closing(ctx);
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.memory.close();
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let mut actions = Actions::new();
        self.frame_ui(ui, &mut actions);
        self.pacer.drawn(process_age_ns);
        if !actions.is_empty() {
            self.actions.append(&mut actions);
            ui.ctx().request_repaint();
        }
    }
}
