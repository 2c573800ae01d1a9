//! The one state of the window. `App::logic` takes in what runs told and has actions carried out; `App::ui` only draws
//! and collects the next actions.

use std::{path::PathBuf, sync::Arc};

use eframe::egui::{Context, Event, Id, Key, KeyboardShortcut, Rect, Ui, ViewportCommand};

use super::{
    action::{Action, Actions, Panel},
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
    session::{Launcher, Notify},
    spec::Spec,
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
    pub(super) quit_confirmed: bool,
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

    /// A run goes, or another is due, or an experiment goes on.
    pub(super) fn busy(&self) -> bool {
        self.runs.busy() || self.experiments.is_going() || self.lessons.is_waiting()
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

    /// Notes what a person has edited since the frame before.
    fn note_edits(&mut self, ctx: &Context) {
        let pointer = ctx.input(|input| input.pointer.any_down()).then(|| Id::unique("pointer"));
        let field = ctx.memory(eframe::egui::Memory::focused).filter(|_| ctx.text_edit_focused());
        self.history.look(&self.form.fields, field.or(pointer));
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
