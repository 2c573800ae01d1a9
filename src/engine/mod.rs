//! The engine: one process a run, which owns the pool. Spec and commands come in on stdin, events go out on stdout.
//!
//! [`engine_main`] is the program `poolscope engine`, [`worker_main`] the program `poolscope worker N`; people start
//! neither by hand. Inside, the dispatcher is the only one that decides; what it decides about is behind
//! `pool::Pool`, so that threads and processes run by the same rules.

mod attempts;
mod budget;
mod capture;
mod dispatcher;
mod eager;
mod emitter;
mod ending;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod gil;
mod hand_out;
mod hear;
pub(crate) use crate::life;
pub mod lesson;
mod link;
mod list;
mod listen;
mod lock_log;
mod log_limit;
mod member;
mod pool;
mod process_worker;
pub(crate) mod processes;
mod queue;
mod resize;
mod ring;
pub mod sampler;
mod shared_lock;
mod slot;
mod steps;
mod supervise;
mod threads;
pub(crate) mod wire;
mod worker;

use std::{
    io::{Read, Write},
    os::fd::AsFd,
    time::Duration,
};

use crossbeam_channel::{Sender, TrySendError, bounded};

pub use process_worker::worker_main;

use dispatcher::Dispatcher;
use eager::Eager;
use emitter::Emitter;
use gil::Gil;
use pool::{FromSession, Pool};
use ring::{Bell, LockMemory};
use sampler::{Sampler, Witness};
use wire::{FrameReader, Job};

use crate::{
    event::{Command, Event, PROTOCOL_VERSION, RunInfo, Status},
    ids::WorkerId,
    spec::{Backend, Spec, Telemetry},
    time::RunClock,
    workload,
};

/// Both sides of a worker's stream must be of the same build.
pub(crate) const BUILD: &str = concat!("poolscope ", env!("CARGO_PKG_VERSION"));
/// Commands that may wait for the dispatcher; beyond, the session waits for it.
const COMMANDS_CAPACITY: usize = 256;
/// After the session has gone, the engine has this long to leave in order.
const LEAVE_WITHIN: Duration = Duration::from_millis(500);

/// Runs one run, from the spec on stdin to the last event on stdout. Exit code 0 says that the run's story is complete,
/// whatever became of its tasks.
pub fn engine_main() -> u8 {
    if !life::die_with_parent() {
        return 0;
    }
    life::no_core_dumps();
    life::name_process("poolscope-eng");
    install_panic_hook();
    let mut frames = FrameReader::default();
    let Some(Command::Start(spec, lesson)) = read_command(&mut frames) else {
        return complain(
            "no spec came on stdin; `poolscope engine` is started by `poolscope run` or the window",
        );
    };
    match run(&spec, lesson.as_deref(), frames) {
        Ok(()) => 0,
        Err(error) => complain(&format!("the engine could not start: {error}")),
    }
}

fn complain(text: &str) -> u8 {
    // The session takes stderr into the run's log; with nobody there, there is nothing left to do.
    let _nobody_reads = writeln!(std::io::stderr(), "{text}");
    3
}

fn run(spec: &Spec, lesson: Option<&str>, frames: FrameReader) -> std::io::Result<()> {
    let (to_dispatcher, commands) = bounded(COMMANDS_CAPACITY);
    let bell = Bell::new()?;
    let (tell_gone, gone_bell) = (to_dispatcher.clone(), bell.clone());
    let (mut emitter, writer) = Emitter::start(take_stdout()?, move || {
        let told = !matches!(tell_gone.try_send(FromSession::Gone), Err(TrySendError::Full(_)));
        gone_bell.ring();
        told
    })?;
    read_commands(frames, to_dispatcher, bell.clone())?;
    let telemetry = sampler::resolve_level(spec);
    let witness = if telemetry == Telemetry::Off { Witness::None } else { Witness::find() };
    let telemetry_cost_ns = (telemetry != Telemetry::Off).then(|| sampler::level_cost_ns(telemetry, witness));
    let host = sampler::host();
    let usable_cores = host.usable_cores;
    let spare_core = eager::spares_a_core(spec.workers, usable_cores);
    let eager = Eager::new(spare_core);
    let clock = RunClock::start_now();
    emitter.emit(&Event::Hello {
        protocol: PROTOCOL_VERSION,
        engine: "native".to_owned(),
        build: BUILD.to_owned(),
    });
    emitter.emit(&Event::RunStarted(Box::new(RunInfo {
        spec: spec.clone(),
        host,
        clock,
        engine_pid: std::process::id(),
        telemetry,
        telemetry_cost_ns,
    })));
    // A thread that crashes takes this process with it, perhaps in its first moment. That the run had begun is known by then.
    emitter.settle();
    if let Some(name) = spec.program_of() {
        let (status, reason) = lesson::conduct(name, lesson, clock, emitter.clone(), &commands);
        emitter.emit(&Event::RunEnded { t_ns: clock.now_ns(), status, reason });
        drop(emitter);
        let _panic_was_told_by_the_hook = writer.join();
        return Ok(());
    }
    let (worker, life) = (WorkerId(0), 0);
    let job = Job { worker, life, spec: spec.clone(), clock, telemetry, witness, usable_cores, spare_core };
    let (shared_lock, lock_file) = if workload::has_lock(spec) && spec.backend == Backend::Processes {
        let (lock, file) = LockMemory::shared()?;
        (lock, Some(file))
    } else {
        (LockMemory::on_heap(), None)
    };
    let gil = (spec.backend == Backend::Gil).then(|| Gil::new(clock));
    let pool: Box<dyn Pool> = match spec.backend {
        Backend::Serial | Backend::Threads | Backend::Gil => {
            Box::new(threads::ThreadPool::new(bell, eager, shared_lock.clone(), gil)?)
        }
        Backend::Processes => Box::new(processes::ProcessPool::new(bell, eager, clock, lock_file)?),
    };
    let sampler = Sampler::start(clock, emitter.clone())?;
    let (status, reason): (Status, Option<String>) =
        Dispatcher::new(job, spec, emitter.clone(), pool, sampler, shared_lock, commands).run();
    emitter.emit(&Event::RunEnded { t_ns: clock.now_ns(), status, reason });
    drop(emitter);
    let _panic_was_told_by_the_hook = writer.join();
    Ok(())
}

/// Keeps stdout for events alone: what a task prints in a thread of this process goes to stderr, which the session takes
/// into the log.
fn take_stdout() -> std::io::Result<std::fs::File> {
    let events = std::io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok(events.into())
}

/// Reads commands in a thread of its own until the session closes the stream.
fn read_commands(mut frames: FrameReader, commands: Sender<FromSession>, bell: Bell) -> std::io::Result<()> {
    std::thread::Builder::new().name("commands".to_owned()).spawn(move || {
        while let Some(command) = read_command(&mut frames) {
            if commands.send(FromSession::Command(command)).is_err() {
                return;
            }
            bell.ring();
        }
        let _dispatcher_has_ended = commands.try_send(FromSession::Gone);
        bell.ring();
        // Should anything keep the engine from leaving in order, it leaves all the same; workers die with it.
        std::thread::sleep(LEAVE_WITHIN);
        std::process::exit(3);
    })?;
    Ok(())
}

/// The next command on stdin; `None` at the end of the stream, or when it makes no sense.
fn read_command(frames: &mut FrameReader) -> Option<Command> {
    let mut buffer = [0; 4096];
    loop {
        match frames.next() {
            Ok(Some(command)) => return Some(command),
            Ok(None) => {}
            Err(_) => return None,
        }
        match std::io::stdin().read(&mut buffer) {
            Ok(0) => return None,
            Ok(count) => frames.push(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// A panic of a task is that task's result and needs no report. A panic of the engine's own threads is a bug, after which
/// nothing can be trusted: the engine ends, and the session sees the run lost.
fn install_panic_hook() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = std::thread::current();
        if thread.name().is_some_and(|name| name.starts_with(threads::THREAD_PREFIX)) {
            return;
        }
        report(panic);
        std::process::abort();
    }));
}
