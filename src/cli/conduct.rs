//! Runs an experiment in the terminal: signals, a bar, and where its files go.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crossbeam_channel::{RecvTimeoutError, bounded};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    CliError,
    args::{ExperimentArgs, ProgressMode},
    signals::{self, Wake},
};
use crate::{
    experiment::{Conductor, Experiment, Plan, RunState},
    library::{Library, new_experiment},
    session::Launcher,
};

/// Runs the plan to its end, or until a signal: the first stops it in order, the second cancels the live run. Gives the
/// first signal too.
pub(super) fn conduct(
    plan: Arc<Plan>,
    args: &ExperimentArgs,
) -> Result<(Arc<Experiment>, Option<i32>), CliError> {
    let folder = args.keep.then(|| new_experiment(&plan.variants)).transpose()?;
    if let Some(folder) = &folder {
        writeln!(io::stderr(), "poolscope: recording to {}", folder.display())?;
    }
    let (wake, woken) = bounded(64);
    let over = Arc::new(AtomicBool::new(false));
    signals::forward(wake.clone(), Arc::clone(&over)).map_err(CliError::Signals)?;
    let bar = Bar::new(plan.turns.len(), args);
    let notify = Arc::new(move || {
        // A full channel already holds a wake-up.
        let _already_awake = wake.try_send(Wake::Snapshot);
    });
    let launcher = Launcher::this_program();
    let mut conductor = Conductor::start(launcher, plan, folder, notify).map_err(CliError::Signals)?;
    let mut stopped_by = None;
    loop {
        match woken.recv_timeout(Duration::from_millis(200)) {
            Ok(Wake::Signal(signal)) => {
                stopped_by.get_or_insert(signal);
                conductor.stop();
            }
            Ok(Wake::Snapshot) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        let experiment = conductor.experiment();
        bar.show(&experiment);
        if experiment.is_over() {
            break;
        }
    }
    let experiment = conductor.wait();
    over.store(true, Ordering::Release);
    bar.0.finish_and_clear();
    if let Some(trouble) = conductor.trouble() {
        writeln!(io::stderr(), "poolscope: the experiment's file could not be written: {trouble}")?;
    }
    if args.keep
        && let Err(error) = Library::of_this_person().and_then(|mut library| library.make_room())
    {
        writeln!(io::stderr(), "poolscope: no room was made for what is kept on this machine: {error}")?;
    }
    Ok((experiment, stopped_by))
}

struct Bar(ProgressBar);

impl Bar {
    fn new(runs: usize, args: &ExperimentArgs) -> Self {
        let wanted = args.progress == ProgressMode::Auto && !args.quiet && !args.json;
        let target =
            if wanted { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(runs as u64), target);
        // A template that does not parse is a bug, and a plain bar is better than none.
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {msg}") {
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
        }
        Self(bar)
    }

    fn show(&self, experiment: &Experiment) {
        let (over, all) = experiment.progress();
        self.0.set_message(line(experiment, over, all));
        self.0.set_position(over as u64);
    }
}

/// `run 3 of 14: threads × 2`
fn line(experiment: &Experiment, over: usize, all: usize) -> String {
    let Some(at) = experiment.current() else { return format!("{over} of {all} runs") };
    let turn = experiment.plan.turns[at];
    let name = &experiment.plan.variants[turn.variant].name;
    let warmup = if turn.warmup { ", warm-up" } else { "" };
    let waiting = match experiment.runs[at] {
        RunState::Waiting { others_cores } if others_cores > 0.0 => {
            format!(", waiting while others use {} cores", format_args!("{others_cores:.1}"))
        }
        _ => String::new(),
    };
    format!("run {} of {all}: {name}{warmup}{waiting}", at + 1)
}
