//! What must be known of the window to say which commands there are, and which of them can be done now.

use super::{
    action::Panel,
    app::App,
    lessons::Page,
    plots::Align,
    resizing::Resizer,
    runs::{Run, RunId},
};
use crate::{
    ids::WorkerId,
    spec::{Backend, Spec},
    store::Phase,
};

/// The replay of the shown run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Replay {
    /// Nothing is shown, or it has not ended.
    #[default]
    NotYet,
    /// The run is shown whole.
    Off,
    Plays,
    Pauses,
}

impl Replay {
    pub(crate) fn is_on(self) -> bool {
        matches!(self, Self::Plays | Self::Pauses)
    }

    fn of(run: &Run) -> Self {
        match &run.player {
            _ if run.live => Self::NotYet,
            None => Self::Off,
            Some(player) if player.is_playing() => Self::Plays,
            Some(_) => Self::Pauses,
        }
    }
}

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent fact about the window")]
pub(crate) struct Facts {
    /// Why the form cannot be run, where it cannot.
    pub(crate) blocked: Option<String>,
    pub(crate) busy: bool,
    pub(crate) page: Page,
    /// Why the experiment cannot be started, where what it varies makes no sense.
    pub(crate) experiment_blocked: Option<String>,
    /// Of the live run.
    pub(crate) phase: Option<Phase>,
    /// Workers of the live run, where their number can be changed.
    pub(crate) size: Option<u32>,
    /// Worker processes that can be killed, with their names.
    pub(crate) killable: Vec<(WorkerId, String)>,
    /// A run is shown.
    pub(crate) shown: bool,
    pub(crate) replay: Replay,
    pub(crate) follows: bool,
    /// The timeline has lanes of cores.
    pub(crate) by_core: bool,
    /// What two runs that are compared have under each other.
    pub(crate) align: Align,
    /// Runs chosen in the library, and whether there is a table of several.
    pub(crate) chosen: usize,
    pub(crate) several: bool,
    /// Panels that are open.
    pub(crate) open: Vec<Panel>,
    pub(crate) setup: bool,
    /// Two runs are laid under each other; `None` where there are no two.
    pub(crate) compared: Option<bool>,
    /// The command that runs what the form says, where that can be run.
    pub(crate) line: Option<String>,
    pub(crate) can_undo: bool,
    pub(crate) can_redo: bool,
    /// Titles of the specs that were run last.
    pub(crate) recents: Vec<String>,
    /// Runs of this window that are not shown, with their titles.
    pub(crate) others: Vec<(RunId, String)>,
    /// All that went wrong, a line each; `None` where nothing did.
    pub(crate) errors: Option<String>,
    pub(crate) quiet: bool,
}

impl App {
    pub(super) fn facts(&self) -> Facts {
        let (live, shown) = (self.runs.live(), self.runs.shown());
        let killable = live.filter(|run| run.spec().backend == Backend::Processes).map(|run| {
            let present = run.store.workers.iter().filter(|worker| worker.state.is_present());
            present.map(|worker| (worker.worker, run.store.lesson.name(worker.worker))).collect()
        });
        let shown_id = shown.map(|run| run.id);
        let others = self.runs.iter().rev().filter(|run| Some(run.id) != shown_id);
        let errors: Vec<&str> = self.notices.errors().iter().map(|error| error.text.as_str()).collect();
        Facts {
            blocked: self.form.blocked(),
            busy: self.busy(),
            page: self.lessons.page(),
            experiment_blocked: self.experiments.blocked(),
            phase: live.map(|run| run.store.phase),
            size: live.filter(|run| Resizer::offers(run)).map(|run| run.store.size()),
            killable: killable.unwrap_or_default(),
            shown: shown.is_some(),
            replay: shown.map_or(Replay::NotYet, Replay::of),
            line: self.form.line().map(str::to_owned),
            can_undo: self.history.can_undo(),
            can_redo: self.history.can_redo(),
            recents: self.remembered.recents.iter().map(Spec::title).collect(),
            open: Panel::ALL.into_iter().filter(|panel| self.dock.is_open(*panel)).collect(),
            setup: self.remembered.setup,
            compared: self.runs.pair().map(|_| self.compared),
            follows: self.axis.follow(),
            by_core: self.axis.by_core(),
            align: self.axis.align(),
            chosen: self.keeping.view.chosen().len(),
            several: self.several.comparison().is_some(),
            others: others.map(|run| (run.id, run.title())).collect(),
            errors: Some(errors.join("\n")).filter(|_| !errors.is_empty()),
            quiet: self.quiet.is_on(),
        }
    }
}
