//! The runs of this window: those going, those ended, which one is shown and which two are compared.
//!
//! This is the only place of the window that launches engines and sends them commands. It holds a bounded number of
//! runs; the oldest that is not in use is let go first.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    plots::run_key,
    replay::{Control, Player},
};
use crate::{
    analysis::Observer,
    event::Command,
    record::{Recorder, Recording, RunFile},
    session::{LaunchError, Launcher, Notify, RunHandle},
    spec::{Kind, Spec},
    store::{Phase, RunStore},
    time::{monotonic_ns, process_cpu_ns},
    units,
};

/// Runs kept for comparison. Each may hold millions of spans.
const KEEP: usize = 12;
/// Beside those, the runs of lessons: they are small, and a lesson shows its last one whenever somebody comes back to it.
const KEEP_OF_LESSONS: usize = 64;

/// Names a run within this window, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RunId(pub(crate) u32);

/// One run and the newest that is known of it.
pub(crate) struct Run {
    pub(crate) id: RunId,
    /// What the views show: in a replay, the run as it stood at a moment.
    pub(crate) store: Arc<RunStore>,
    pub(crate) player: Option<Player>,
    /// Whether its engine still goes.
    pub(crate) live: bool,
    source: Source,
    meter: Meter,
}

/// Where a run comes from.
enum Source {
    Engine {
        handle: Box<RunHandle>,
        /// As it was told of.
        recording: Recording,
    },
    File {
        path: PathBuf,
        spec: Box<Spec>,
        /// The record ends before the run does.
        cut_off: bool,
    },
    /// One of an experiment, which launches and ends its runs by itself.
    Conducted { spec: Box<Spec>, path: Option<PathBuf> },
}

/// A run of an experiment that goes on, as far as it is known.
pub(crate) struct Conducted {
    pub(crate) store: Arc<RunStore>,
    pub(crate) spec: Spec,
    pub(crate) path: Option<PathBuf>,
}

/// What this process itself used while the run went.
#[derive(Clone, Copy, Debug)]
struct Meter {
    cpu_start_ns: u64,
    wall_start_ns: u64,
    ended: Option<Observer>,
}

impl Meter {
    fn start() -> Self {
        Self { cpu_start_ns: process_cpu_ns(), wall_start_ns: monotonic_ns(), ended: None }
    }

    fn read(&self) -> Observer {
        self.ended.unwrap_or_else(|| Observer {
            cpu_ns: process_cpu_ns().saturating_sub(self.cpu_start_ns),
            wall_ns: monotonic_ns().saturating_sub(self.wall_start_ns),
        })
    }
}

impl Run {
    pub(crate) fn spec(&self) -> &Spec {
        match &self.source {
            Source::Engine { handle, .. } => handle.spec(),
            Source::File { spec, .. } | Source::Conducted { spec, .. } => spec,
        }
    }

    /// `#2 threads × 4, primes, 64 tasks`, to what it was resized, and of which file it was read.
    pub(crate) fn title(&self) -> String {
        let title = self.store.title().unwrap_or_else(|| self.spec().title());
        match &self.source {
            Source::Engine { .. } => format!("#{} {title}", self.id.0),
            Source::Conducted { .. } => format!("#{} {title} · of an experiment", self.id.0),
            Source::File { path, .. } => {
                let file = path.file_name().unwrap_or_default().to_string_lossy();
                format!("#{} {title} · {file}", self.id.0)
            }
        }
    }

    /// All of it, whatever moment the views show.
    pub(crate) fn whole(&self) -> &Arc<RunStore> {
        self.player.as_ref().map_or(&self.store, Player::whole)
    }

    /// The views show a moment of a replay, and not the run as it ended.
    pub(crate) fn is_moment(&self) -> bool {
        !Arc::ptr_eq(&self.store, self.whole())
    }

    fn control(&mut self, control: Control) {
        let clock_ns = monotonic_ns();
        self.player = match (self.player.take(), control) {
            (Some(player), Control::Toggle) => {
                self.store = Arc::clone(player.whole());
                return;
            }
            (None, Control::Toggle) if !self.live => Some(Player::new(Arc::clone(&self.store), clock_ns)),
            (Some(mut player), control) => {
                player.control(control, clock_ns);
                Some(player)
            }
            (None, _) => return,
        };
        self.store = self.player.as_ref().map_or_else(|| Arc::clone(&self.store), Player::moment);
    }

    /// Where and why its record ends, where that is before the run's own end.
    pub(crate) fn cut_off(&self) -> Option<String> {
        let Source::File { cut_off: true, .. } = &self.source else { return None };
        let whole = self.whole();
        let why = whole.reason.as_deref().unwrap_or("the record ends here");
        Some(format!("At {}: {why}", units::duration(whole.now_ns)))
    }

    /// The run's file, if it has one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.source {
            Source::Engine { handle, .. } => handle.recording().map(|(path, _)| path),
            Source::File { path, .. } => Some(path),
            Source::Conducted { path, .. } => path.as_deref().filter(|_| !self.live),
        }
    }

    fn send(&self, command: &Command) {
        if let Source::Engine { handle, .. } = &self.source {
            handle.send(command);
        }
    }

    /// The run's own time: it goes on between two events while the run is live, and stands still afterwards.
    pub(crate) fn now_ns(&self) -> u64 {
        match &self.store.info {
            Some(info) if self.live && self.store.phase.is_live() => {
                info.clock.now_ns().max(self.store.now_ns)
            }
            _ => self.store.now_ns,
        }
    }

    pub(crate) fn observer(&self) -> Observer {
        self.meter.read()
    }

    /// Takes in the newest snapshot. True when the run has just ended.
    fn refresh(&mut self) -> bool {
        let Source::Engine { handle, .. } = &self.source else { return false };
        if !self.live {
            return false;
        }
        // First the flag, then the snapshot: the last snapshot is published before the flag falls.
        self.live = handle.is_live();
        self.store = handle.snapshot();
        if !self.live {
            self.meter.ended = Some(self.meter.read());
        }
        !self.live
    }

    /// The end of its recording, once, when it has come: where it is incomplete, with the reason.
    fn recorded(&mut self) -> Option<Result<(), String>> {
        let Source::Engine { handle, recording } = &mut self.source else { return None };
        if *recording != Recording::Live {
            return None;
        }
        let (path, state) = handle.recording()?;
        let told = match &state {
            Recording::Live => return None,
            Recording::Complete => Ok(()),
            Recording::Incomplete(why) => {
                Err(format!("The record of run #{} is incomplete: {why} ({})", self.id.0, path.display()))
            }
        };
        *recording = state;
        Some(told)
    }

    /// It is over, and the last of it is still being written.
    fn is_closing(&self) -> bool {
        match &self.source {
            Source::Engine { handle, recording } => {
                !self.live && *recording == Recording::Live && handle.recording().is_some()
            }
            Source::File { .. } | Source::Conducted { .. } => false,
        }
    }
}

/// All runs of the window.
#[derive(Default)]
pub(crate) struct Runs {
    list: Vec<Run>,
    shown: Option<RunId>,
    left: Option<RunId>,
    right: Option<RunId>,
    /// Still to be run after the current one.
    waiting: VecDeque<Spec>,
    /// The run that goes is one of several that were asked for together.
    in_series: bool,
    last_id: u32,
}

/// What changed since the frame before.
#[derive(Debug, Default)]
pub(crate) struct Refreshed {
    /// A run has ended.
    pub(crate) ended: bool,
    /// The next run of a series is due.
    pub(crate) next: Option<Spec>,
    /// The last run of a series of several has ended.
    pub(crate) series_ended: bool,
    /// Recordings that have ended, with the reason where they are incomplete.
    pub(crate) recorded: Vec<Result<(), String>>,
    /// A recording is just being brought to its end.
    pub(crate) closing: bool,
}

impl Runs {
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Run> + Clone {
        self.list.iter()
    }

    fn get(&self, id: Option<RunId>) -> Option<&Run> {
        self.list.iter().find(|run| Some(run.id) == id)
    }

    pub(crate) fn shown(&self) -> Option<&Run> {
        self.get(self.shown)
    }

    /// The two runs to compare, once there are two.
    pub(crate) fn pair(&self) -> Option<(&Run, &Run)> {
        self.get(self.left).zip(self.get(self.right)).filter(|(left, right)| left.id != right.id)
    }

    /// The run of this window whose engine still goes; a run of an experiment is none.
    pub(crate) fn live(&self) -> Option<&Run> {
        self.list.iter().find(|run| run.live && !matches!(run.source, Source::Conducted { .. }))
    }

    /// A run goes, or another is due.
    pub(crate) fn busy(&self) -> bool {
        self.live().is_some() || !self.waiting.is_empty()
    }

    pub(crate) fn show(&mut self, id: RunId) {
        self.shown = Some(id);
    }

    pub(crate) fn compare_left(&mut self, id: RunId) {
        self.left = Some(id);
    }

    pub(crate) fn compare_right(&mut self, id: RunId) {
        self.right = Some(id);
    }

    /// Launches a run, shows it and makes it the right side of the comparison, beside the one before it.
    pub(crate) fn start(
        &mut self,
        launcher: &Launcher,
        spec: Spec,
        notify: Notify,
        recorder: Option<Recorder>,
    ) -> Result<(), LaunchError> {
        let meter = Meter::start();
        let handle = launcher.launch_recorded(spec, notify, recorder)?;
        let store = handle.snapshot();
        self.add(store, true, Source::Engine { handle: Box::new(handle), recording: Recording::Live }, meter);
        Ok(())
    }

    /// Takes in a run that was read from a file, as if it had just ended here.
    pub(crate) fn open(&mut self, path: PathBuf, file: RunFile) {
        // What this process used while the run went is not known.
        let meter = Meter { ended: Some(Observer::default()), ..Meter::start() };
        let source = Source::File { path, spec: Box::new(file.spec), cut_off: file.cut_off };
        self.add(Arc::new(file.store), false, source, meter);
    }

    /// Takes in how the run of an experiment stands; one place in the list is for all of them, one after the other. With
    /// `None` the last of them is over, and stays.
    pub(crate) fn conduct(&mut self, newest: Option<Conducted>) {
        let of_experiment = |run: &&mut Run| run.live && matches!(run.source, Source::Conducted { .. });
        let place = self.list.iter_mut().find(of_experiment);
        match (place, newest) {
            (Some(run), Some(Conducted { store, spec, path })) => {
                if run_key(&run.store) != run_key(&store) {
                    run.meter = Meter::start();
                }
                if !store.phase.is_live() && run.meter.ended.is_none() {
                    run.meter.ended = Some(run.meter.read());
                }
                run.store = store;
                run.source = Source::Conducted { spec: Box::new(spec), path };
            }
            (Some(run), None) => {
                run.live = false;
                run.meter.ended = Some(run.meter.read());
            }
            (None, Some(Conducted { store, spec, path })) => {
                let source = Source::Conducted { spec: Box::new(spec), path };
                self.add(store, true, source, Meter::start());
            }
            (None, None) => {}
        }
    }

    /// The run that has this file, if it is here already.
    pub(crate) fn of_file(&self, path: &Path) -> Option<RunId> {
        self.list.iter().find(|run| run.file() == Some(path)).map(|run| run.id)
    }

    fn add(&mut self, store: Arc<RunStore>, live: bool, source: Source, meter: Meter) {
        self.last_id += 1;
        let id = RunId(self.last_id);
        self.left = self.list.last().map(|run| run.id);
        self.right = Some(id);
        self.shown = Some(id);
        self.list.push(Run { id, store, player: None, live, source, meter });
        self.forget_oldest();
    }

    /// Specs to be run one after another once the current run has ended.
    pub(crate) fn queue(&mut self, spec: Spec) {
        self.in_series = true;
        self.waiting.push_back(spec);
    }

    pub(crate) fn refresh(&mut self) -> Refreshed {
        let ended = self.list.iter_mut().fold(false, |ended, run| run.refresh() | ended);
        let recorded = self.list.iter_mut().filter_map(Run::recorded).collect();
        let closing = self.list.iter().any(Run::is_closing);
        let mut refreshed = Refreshed { ended, recorded, closing, ..Refreshed::default() };
        if ended && self.live().is_none() {
            refreshed.next = self.waiting.pop_front();
            if refreshed.next.is_none() {
                refreshed.series_ended = std::mem::take(&mut self.in_series);
            }
        }
        refreshed
    }

    pub(crate) fn control_replay(&mut self, control: Control) {
        let shown = self.shown;
        if let Some(run) = self.list.iter_mut().find(|run| Some(run.id) == shown) {
            run.control(control);
        }
    }

    /// Moves replays on. True while the shown run plays.
    pub(crate) fn step_replays(&mut self) -> bool {
        let clock_ns = monotonic_ns();
        for run in &mut self.list {
            if let Some(player) = &mut run.player
                && player.step(clock_ns)
            {
                run.store = player.moment();
            }
        }
        self.shown().and_then(|run| run.player.as_ref()).is_some_and(Player::is_playing)
    }

    /// Runs go whose times are to be compared.
    pub(crate) fn timed(&self) -> bool {
        self.in_series && self.live().is_some()
    }

    /// Drops what is still to be run.
    pub(crate) fn cancel_waiting(&mut self) {
        self.waiting.clear();
        self.in_series = false;
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn send_to_live(&self, command: &Command) {
        if let Some(run) = self.live() {
            run.send(command);
        }
    }

    pub(crate) fn toggle_pause(&self) {
        if let Some(run) = self.live() {
            let paused = run.store.phase == Phase::Paused;
            run.send(if paused { &Command::Resume } else { &Command::Pause });
        }
    }

    /// Lets go of every run; engines that still go are ended.
    pub(crate) fn clear(&mut self) {
        *self = Self { last_id: self.last_id, ..Self::default() };
    }

    fn forget_oldest(&mut self) {
        let of_lesson = |run: &Run| run.spec().workload == Kind::Lesson;
        for (of_lessons, keep) in [(false, KEEP), (true, KEEP_OF_LESSONS)] {
            while self.list.iter().filter(|run| of_lesson(run) == of_lessons).count() > keep {
                let used = [self.shown, self.left, self.right];
                let free = |run: &Run| !run.live && !used.contains(&Some(run.id));
                let Some(at) = self.list.iter().position(|run| of_lesson(run) == of_lessons && free(run))
                else {
                    break;
                };
                self.list.remove(at);
            }
        }
    }
}
