//! Runs an experiment, one run after the other, on a thread of its own.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{
    Experiment, Moment, Plan, RunRecord, RunState,
    calm::{Look, wait_for_calm},
    file,
};
use crate::{
    analysis::{Figures, KeptFinding, Turn, verdict},
    engine::sampler,
    event::{Command, Status},
    library::{self, Hold},
    record::{Recorder, Recording},
    session::{Launcher, Notify, RunHandle},
    spec::Spec,
    store::RunStore,
    time::{process_cpu_ns, unix_ns},
};

/// A run that tells nothing is looked at this often, and so is a record that is not whole yet.
const POLL: Duration = Duration::from_millis(20);
/// Of an experiment of many short runs, the file is not written more often than this.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// So many runs in a row that could not start say that none will.
const MOST_NOT_STARTED: usize = 3;
/// The live run is to end in order; is to be cancelled; is to be killed.
const STOP: u8 = 1;
const CANCEL: u8 = 2;
const KILL: u8 = 3;

/// An experiment that goes on. Dropping it ends the run that is live, and the experiment with it.
pub struct Conductor {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    experiment: Mutex<Arc<Experiment>>,
    live: Mutex<Option<Arc<RunHandle>>>,
    /// The run that began last, by its place in the plan, and how it ended once it has.
    latest: Mutex<Option<(usize, Arc<RunStore>)>>,
    /// How hard the experiment is to end, see [`STOP`] and those after it.
    ending: AtomicU8,
    notify: Notify,
    /// Why the experiment's own file could not be written, until somebody has asked.
    trouble: Mutex<Option<String>>,
}

impl Conductor {
    /// Begins. With a folder, each run is recorded there, and the experiment in a file of its own beside them; the folder
    /// must be there. `notify` is called whenever there is news.
    ///
    /// # Errors
    /// No thread could be started.
    pub fn start(
        launcher: Launcher,
        plan: Arc<Plan>,
        folder: Option<PathBuf>,
        notify: Notify,
    ) -> io::Result<Self> {
        let experiment = Experiment::new(plan, unix_ns());
        let shared = Arc::new(Shared {
            experiment: Mutex::new(Arc::new(experiment.clone())),
            live: Mutex::new(None),
            latest: Mutex::new(None),
            ending: AtomicU8::new(0),
            notify,
            trouble: Mutex::new(None),
        });
        let hold = folder.as_deref().and_then(Hold::to_run);
        let performance = Performance {
            _hold: hold,
            launcher,
            folder,
            shared: Arc::clone(&shared),
            experiment,
            written: Instant::now(),
        };
        // Engines are killed when the thread that launched them ends: this one outlives them all.
        let thread =
            thread::Builder::new().name("experiment".to_owned()).spawn(move || performance.perform())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// As far as it has come.
    pub fn experiment(&self) -> Arc<Experiment> {
        let died = self.thread.as_ref().is_some_and(JoinHandle::is_finished);
        let mut experiment = self.shared.lock_experiment();
        if died && !experiment.is_over() {
            // A panic, which its hook has told of.
            *experiment = Arc::new(experiment.cut_short());
        }
        Arc::clone(&experiment)
    }

    /// The run that began last, as far as it is known, and its place in the plan. It may have ended.
    pub fn latest(&self) -> Option<(usize, Arc<RunStore>)> {
        let live = self.shared.lock_live().as_ref().map(|run| run.snapshot());
        let (at, kept) = self.shared.lock_latest().clone()?;
        Some((at, live.unwrap_or(kept)))
    }

    /// Lets the live run end as [`Command::Stop`] does, and starts no other. Asked again, the live run is cancelled; asked
    /// a third time, its engine is killed, and what of its record is not written yet is given up.
    pub fn stop(&self) {
        let more = |level: u8| (level < KILL).then_some(level + 1);
        let _already_at_its_hardest =
            self.shared.ending.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
    }

    /// Why the experiment's own file could not be written, once.
    pub fn trouble(&self) -> Option<String> {
        self.shared.trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Until all is over.
    pub fn wait(&mut self) -> Arc<Experiment> {
        if let Some(thread) = self.thread.take() {
            let _panic_leaves_the_last_state = thread.join();
        }
        self.experiment()
    }
}

impl Drop for Conductor {
    fn drop(&mut self) {
        self.shared.ending.store(KILL, Ordering::Release);
        self.wait();
    }
}

impl Shared {
    fn lock_experiment(&self) -> MutexGuard<'_, Arc<Experiment>> {
        self.experiment.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_live(&self) -> MutexGuard<'_, Option<Arc<RunHandle>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_latest(&self) -> MutexGuard<'_, Option<(usize, Arc<RunStore>)>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ending(&self) -> u8 {
        self.ending.load(Ordering::Acquire)
    }

    fn is_stopping(&self) -> bool {
        self.ending() >= STOP
    }
}

/// What the experiment's thread owns.
struct Performance {
    /// So that nobody removes what goes on.
    _hold: Option<Hold>,
    launcher: Launcher,
    folder: Option<PathBuf>,
    shared: Arc<Shared>,
    experiment: Experiment,
    /// When its file was written last.
    written: Instant,
}

impl Performance {
    fn perform(mut self) {
        let plan = Arc::clone(&self.experiment.plan);
        let usable_cores = sampler::host().usable_cores;
        // Whoever is killed in the first run leaves behind what was planned.
        self.write();
        let mut not_started = 0;
        for (at, turn) in plan.turns.iter().enumerate() {
            if self.shared.is_stopping() || not_started >= MOST_NOT_STARTED {
                break;
            }
            let state = self.run(at, *turn, &plan.variants[turn.variant].spec, usable_cores);
            not_started = if matches!(state, RunState::NotStarted(_)) { not_started + 1 } else { 0 };
            self.set(at, state);
            if self.written.elapsed() >= WRITE_EVERY {
                self.write();
            }
        }
        for run in &mut self.experiment.runs {
            if *run == RunState::Planned {
                *run = RunState::Left;
            }
        }
        let is_cut = |run: &RunState| match run {
            RunState::Left => true,
            run => run.record().is_some_and(|record| record.figures.status == Status::Interrupted),
        };
        let stopped = self.experiment.runs.iter().any(is_cut);
        self.experiment.moment = if stopped { Moment::Stopped } else { Moment::Finished };
        self.write();
        self.publish();
    }

    /// One run from the first look at the machine to the last row of its record.
    fn run(&mut self, at: usize, turn: Turn, spec: &Spec, usable_cores: f64) -> RunState {
        self.set(at, RunState::Waiting { others_cores: 0.0 });
        let calm =
            wait_for_calm(usable_cores, self.experiment.plan.rules.patience, |Look::Busy(others_cores)| {
                self.set(at, RunState::Waiting { others_cores });
                !self.shared.is_stopping()
            });
        if self.shared.is_stopping() {
            return RunState::Left;
        }
        let file = self.folder.as_ref().map(|folder| folder.join(file_name(at, turn, spec)));
        let recorder = match file.as_deref().map(|path| Recorder::start(path, spec)).transpose() {
            Ok(recorder) => recorder,
            Err(error) => return RunState::NotStarted(error.to_string()),
        };
        let (began_unix_ns, cpu_before_ns) = (unix_ns(), process_cpu_ns());
        let (wake, woken) = bounded(1);
        let run = match self.launcher.launch_recorded(spec.clone(), waker(wake), recorder) {
            Ok(run) => Arc::new(run),
            Err(error) => return RunState::NotStarted(error.to_string()),
        };
        *self.shared.lock_latest() = Some((at, run.snapshot()));
        *self.shared.lock_live() = Some(Arc::clone(&run));
        self.set(at, RunState::Running);
        self.follow(&run, &woken);
        let store = run.snapshot();
        let gap = match run.recording() {
            Some((_, Recording::Incomplete(why))) => Some(why),
            _ => None,
        };
        // First what is kept, then what goes: whoever looks in between sees the end, and no moment before it.
        *self.shared.lock_latest() = Some((at, Arc::clone(&store)));
        *self.shared.lock_live() = None;
        let observer_cpu_ns = process_cpu_ns().saturating_sub(cpu_before_ns);
        if let (None, Some(info)) = (&self.experiment.host, &store.info) {
            self.experiment.host = Some(Arc::new(info.host.clone()));
        }
        let Some(figures) = Figures::new(&store, observer_cpu_ns) else {
            return RunState::NotStarted("its engine told of no end".to_owned());
        };
        let findings = verdict(&store, &figures).iter().map(KeptFinding::from).collect();
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let file = file.as_deref().and_then(name);
        RunState::Ended(Arc::new(RunRecord { began_unix_ns, file, gap, calm, figures, findings }))
    }

    /// Until the run is over and its record is whole.
    fn follow(&self, run: &RunHandle, woken: &Receiver<()>) {
        let mut told = 0;
        loop {
            // Also what was asked for between the last look and the launch.
            while told < self.shared.ending() {
                told += 1;
                match told {
                    STOP => run.send(&Command::Stop),
                    CANCEL => run.send(&Command::Cancel),
                    _ => {
                        run.kill();
                        run.hurry_record();
                    }
                }
            }
            let live = run.is_live();
            let recording = run.recording().is_some_and(|(_, state)| state == Recording::Live);
            if !live && !recording {
                return;
            }
            let _nothing_new = woken.recv_timeout(POLL);
            (self.shared.notify)();
        }
    }

    fn set(&mut self, at: usize, state: RunState) {
        self.experiment.runs[at] = state;
        if self.shared.is_stopping() && self.experiment.moment == Moment::Going {
            self.experiment.moment = Moment::Stopping;
        }
        self.publish();
    }

    fn publish(&self) {
        *self.shared.lock_experiment() = Arc::new(self.experiment.clone());
        (self.shared.notify)();
    }

    /// After each run, so that an experiment that is killed keeps what it has.
    fn write(&mut self) {
        self.written = Instant::now();
        let Some(folder) = &self.folder else { return };
        if let Err(error) = file::write(folder, &self.experiment) {
            *self.shared.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
        }
    }
}

fn waker(wake: Sender<()>) -> Notify {
    Arc::new(move || {
        // A full channel already holds a wake-up.
        let _already_awake = wake.try_send(());
    })
}

/// `003-primes-threads-2.pscope`: in the order in which they ran.
fn file_name(at: usize, turn: Turn, spec: &Spec) -> String {
    let warmup = if turn.warmup { "-warmup" } else { "" };
    format!(
        "{:03}-{}-{}-{}{warmup}.{}",
        at + 1,
        spec.workload,
        spec.backend,
        spec.workers,
        library::EXTENSION
    )
}
