//! Watches the machine, the engine and its workers, and measures what a task cost its thread. Nothing else reads
//! `/proc` or asks `sysinfo`.
//!
//! One thread samples at 10 Hz, and memory shares, which cost the kernel a walk over page tables, at 2 Hz; more slowly
//! where there are so many workers that it would take a noticeable part of a core. Task boundaries never come from here.

mod age;
mod asleep;
mod cores;
mod cost;
mod host;
mod load;
mod machine;
mod pace;
mod process;
mod readings;
mod switches;
mod task;
mod witness;

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

pub use age::process_age_ns;
pub(super) use asleep::is_asleep;
pub(super) use cost::level_cost_ns;
pub use host::host;
pub use load::LoadMeter;
pub use machine::{Machine, Python, Rights, TelemetryCost, machine};
pub(super) use task::{TaskMeter, resolve_level};
pub use witness::Witness;

use cores::CoreMeter;
use pace::Pace;
use process::ProcessMeter;

use super::emitter::Emitter;
use crate::{
    event::Event,
    ids::WorkerId,
    time::{RunClock, thread_cpu_ns},
};

/// A last interval shorter than this says nothing: the kernel counts CPU time in steps of 10 ms.
const SHORTEST_INTERVAL_NS: u64 = 30_000_000;

/// CPU time that a process has used so far; `None` for one that has gone.
pub(super) fn cpu_of(pid: u32) -> Option<u64> {
    ProcessMeter::of_process(pid, false).read(0, false).map(|sample| sample.cpu_ns)
}

/// A worker to be watched: `tid` differs from `pid` for a thread of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) worker: WorkerId,
    pub(super) pid: u32,
    pub(super) tid: u32,
}

/// The sampling thread's handle.
pub(super) struct Sampler {
    targets: Arc<Mutex<Vec<Target>>>,
    finish: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Sampler {
    pub(super) fn start(clock: RunClock, emitter: Emitter) -> std::io::Result<Self> {
        let targets = Arc::new(Mutex::new(Vec::new()));
        let (finish, finished) = bounded(1);
        let watched = Arc::clone(&targets);
        let thread = std::thread::Builder::new()
            .name("sampler".to_owned())
            .spawn(move || sample_until(&finished, clock, &watched, emitter))?;
        Ok(Self { targets, finish, thread: Some(thread) })
    }

    /// Watches a worker; it replaces a former life in the same place.
    pub(super) fn watch(&self, target: Target) {
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        targets.retain(|known| known.worker != target.worker);
        targets.push(target);
    }

    pub(super) fn forget(&self, worker: WorkerId) {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| known.worker != worker);
    }

    /// Takes a last sample of everything, while the workers still exist, and ends the thread.
    pub(super) fn finish(&mut self) {
        let _thread_may_have_ended = self.finish.send(());
        if let Some(thread) = self.thread.take() {
            let _panic_was_told_by_the_hook = thread.join();
        }
    }
}

fn sample_until(
    finished: &Receiver<()>,
    clock: RunClock,
    watched: &Mutex<Vec<Target>>,
    mut emitter: Emitter,
) {
    let mut cores = CoreMeter::new();
    let mut workers = Watched::default();
    let mut engine = ProcessMeter::of_process(std::process::id(), true);
    let mut cores_at_ns = clock.now_ns();
    let mut pace = Pace::default();
    let mut next_ns = pace.after(cores_at_ns, false, 0);
    loop {
        let wait = Duration::from_nanos(next_ns.saturating_sub(clock.now_ns()));
        let last = !matches!(finished.recv_timeout(wait), Err(RecvTimeoutError::Timeout));
        let (t_ns, cpu_before_ns) = (clock.now_ns(), thread_cpu_ns());
        let with_pss = last || pace.with_shares(t_ns);
        if t_ns.saturating_sub(cores_at_ns) >= SHORTEST_INTERVAL_NS
            && let Some(loads) = cores.read()
        {
            cores_at_ns = t_ns;
            emitter.emit(&Event::Cores { t_ns, loads });
        }
        workers.follow(&watched.lock().unwrap_or_else(PoisonError::into_inner));
        for (target, meter) in &mut workers.meters {
            if let Some(sample) = meter.read(clock.now_ns(), with_pss) {
                emitter.emit(&Event::Worker { t_ns: clock.now_ns(), worker: target.worker, sample });
            }
        }
        if let Some(sample) = engine.read(clock.now_ns(), with_pss) {
            emitter.emit(&Event::Engine { t_ns: clock.now_ns(), sample });
        }
        emitter.flush();
        if last {
            return;
        }
        next_ns = pace.after(t_ns, with_pss, thread_cpu_ns().saturating_sub(cpu_before_ns));
    }
}

/// The workers under watch, and a meter for each.
#[derive(Default)]
struct Watched {
    targets: Vec<Target>,
    meters: Vec<(Target, ProcessMeter)>,
}

impl Watched {
    /// Takes over what has changed, which is seldom anything.
    fn follow(&mut self, targets: &[Target]) {
        if self.targets == targets {
            return;
        }
        self.targets = targets.to_vec();
        self.meters.retain(|(target, _)| targets.contains(target));
        let keep_open =
            (self.targets.len() as u64).saturating_mul(ProcessMeter::FILES) <= open_files_allowed();
        for target in targets {
            if !self.meters.iter().any(|(known, _)| known == target) {
                self.meters.push((*target, ProcessMeter::of_thread(target.pid, target.tid, keep_open)));
            }
        }
    }
}

/// Files that may stay open here: a quarter of what this process may have, so that the pool has the rest.
fn open_files_allowed() -> u64 {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX) / 4
}
