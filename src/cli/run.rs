//! `poolscope run`: one spec, here, with a progress bar for people and a JSON object for programs.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use super::{
    CliError, EXIT_LOST, EXIT_OK, EXIT_TASKS,
    args::{ProgressMode, RunArgs},
    progress::Progress,
    signals::{self, Wake},
    spec::spec_of,
};
use crate::{
    analysis::{Observer, RunReport, label_lines},
    event::{Command, Status},
    library::Library,
    record::{Label, Recorder, Recording},
    session::{Launcher, RunHandle},
    spec::Spec,
    store::{Phase, RunStore},
    time::process_cpu_ns,
};

/// After a second signal, an engine that has not ended by then is killed.
const CANCEL_LIMIT: Duration = Duration::from_secs(1);
/// How often a run that is over looks whether its record is whole.
const RECORD_POLL: Duration = Duration::from_millis(10);

pub(super) fn run(args: &RunArgs) -> Result<u8, CliError> {
    let spec = spec_of(&args.spec)?;
    let (wake, woken) = bounded(64);
    let over = Arc::new(AtomicBool::new(false));
    signals::forward(wake.clone(), Arc::clone(&over)).map_err(CliError::Signals)?;
    let began = Instant::now();
    let progress =
        Progress::new(spec.tasks, args.progress == ProgressMode::Auto && !args.quiet && !args.json);
    let notify = Arc::new(move || {
        // A full channel already holds a wake-up.
        let _already_awake = wake.try_send(Wake::Snapshot);
    });
    let recorder = start_recorder(args, &spec)?;
    let mut run = Launcher::this_program().launch_recorded(spec, notify, recorder)?;
    let signal = follow(&run, &woken, |store| progress.show(store));
    let signal = wait_for_record(&run, &woken, signal);
    let store = run.wait();
    if let Some((path, Recording::Incomplete(why))) = run.recording() {
        writeln!(io::stderr(), "poolscope: {} is incomplete: {why}", path.display())?;
    }
    if args.keep
        && let Err(error) = Library::of_this_person().and_then(|mut library| library.make_room())
    {
        writeln!(io::stderr(), "poolscope: no room was made for the runs of this machine: {error}")?;
    }
    over.store(true, Ordering::Release);
    progress.clear();
    let wall_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let observer = Observer { cpu_ns: process_cpu_ns(), wall_ns };
    print_run(&store, observer, args.json, args.quiet, &Label::default())?;
    verdict(&store, signal)
}

/// Records where the arguments say, if they do.
fn start_recorder(args: &RunArgs, spec: &Spec) -> Result<Option<Recorder>, CliError> {
    if let Some(path) = &args.output {
        return Ok(Some(Recorder::start(path, spec)?));
    }
    if !args.keep {
        return Ok(None);
    }
    let recorder = Library::of_this_person()?.record(spec)?;
    writeln!(io::stderr(), "poolscope: recording to {}", recorder.path().display())?;
    Ok(Some(recorder))
}

/// Until everything is written. A second signal does not wait for that.
pub(super) fn wait_for_record(
    run: &RunHandle,
    woken: &Receiver<Wake>,
    mut signal: Option<i32>,
) -> Option<i32> {
    while run.recording().is_some_and(|(_, state)| state == Recording::Live) {
        match woken.recv_timeout(RECORD_POLL) {
            Ok(Wake::Signal(_)) if signal.is_some() => run.hurry_record(),
            Ok(Wake::Signal(first)) => signal = Some(first),
            Ok(Wake::Snapshot) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return signal,
        }
    }
    signal
}

/// Shows every snapshot until the run is over. Gives the signal that ended it, if one did: the first stops the run in order,
/// the second at once, and an engine that does not even hear that is killed.
pub(super) fn follow(run: &RunHandle, woken: &Receiver<Wake>, show: impl Fn(&RunStore)) -> Option<i32> {
    let mut stopped_by = None;
    let mut kill_at = None;
    loop {
        if kill_at.is_some_and(|at| Instant::now() >= at) {
            run.kill();
        }
        match woken.recv_timeout(Duration::from_millis(200)) {
            Ok(Wake::Signal(signal)) if stopped_by.is_none() => {
                stopped_by = Some(signal);
                run.send(&Command::Stop);
            }
            Ok(Wake::Signal(_)) => {
                run.send(&Command::Cancel);
                kill_at.get_or_insert_with(|| Instant::now() + CANCEL_LIMIT);
            }
            Ok(Wake::Snapshot) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return stopped_by,
        }
        let store = run.snapshot();
        show(&store);
        if !store.phase.is_live() {
            return stopped_by;
        }
    }
}

/// One run on stdout, for programs or for people.
pub(super) fn print_run(
    store: &RunStore,
    observer: Observer,
    json: bool,
    quiet: bool,
    label: &Label,
) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    let written = if json {
        serde_json::to_writer_pretty(&mut out, &RunReport::new(store, observer))
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out))
    } else if quiet {
        Ok(())
    } else {
        let mut lines = RunReport::new(store, observer).summary_lines();
        lines.splice(1..1, label_lines(label));
        lines.iter().try_for_each(|line| writeln!(out, "{line}"))
    };
    match written.and_then(|()| out.flush()) {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

fn verdict(store: &RunStore, signal: Option<i32>) -> Result<u8, CliError> {
    let reason = || store.reason.as_deref().unwrap_or("for an unknown reason").to_owned();
    match (store.phase, signal) {
        (Phase::Ended(Status::Interrupted | Status::Lost), Some(signal)) => {
            Ok(128 + u8::try_from(signal).unwrap_or(0))
        }
        (Phase::Ended(Status::Finished), _) if store.tally.all_ok() => Ok(EXIT_OK),
        (Phase::Ended(Status::Finished), _) => Ok(EXIT_TASKS),
        (Phase::Ended(Status::Interrupted), None) => Ok(EXIT_LOST),
        _ => Err(CliError::Lost(reason())),
    }
}
