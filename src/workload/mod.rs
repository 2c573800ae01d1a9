//! What a task does: pure, seeded functions of (size, seed, index), so that every backend gives the same results.
//!
//! A workload knows nothing of pools. It gets a [`TaskContext`] for what only its surroundings can do: look for
//! cancellation ([`TaskContext::checkpoint`]), say that it is about to wait ([`TaskContext::sleep`]), write to the
//! log. One file a family; [`run`] is the only door.

mod about;
mod bytes;
mod compute;
mod fault;
mod file;
mod lengths;
mod lock;
mod mandelbrot;
mod matmul;
mod memory;
mod payload;
mod simple;
mod sort;
#[cfg(test)]
mod testing;
mod timed;
mod value;

use std::time::Duration;

pub use about::{About, ParamAbout, about};
pub use lengths::factor;
use thiserror::Error;
pub use value::Value;

use crate::{
    ids::TaskId,
    spec::{Kind, Spec},
    units,
};

/// A task was told to stop before it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

/// Why a task has no value.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TaskError {
    #[error("cancelled")]
    Cancelled,
    /// What it needs was refused by the world outside, with the reason in words.
    #[error("{0}")]
    Failed(String),
}

impl From<Cancelled> for TaskError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// What a workload may ask of whoever runs it.
pub trait TaskContext {
    /// To be called at least every few milliseconds of work. Fails when the task shall stop; pass the error on.
    fn checkpoint(&self) -> Result<(), Cancelled>;

    /// Waits without using the CPU. Ends early, with the error, when the task shall stop.
    fn sleep(&self, time: Duration) -> Result<(), Cancelled>;

    /// Runs what waits for something outside, a file or a device. Where workers share one interpreter lock, others work
    /// meanwhile.
    fn blocking(&self, wait: &mut dyn FnMut());

    /// Takes the one lock that all workers of the run share, replaces the counter it guards by what `critical` makes of
    /// it, and lets go of the lock. When `critical` gives up, the counter stays as it was.
    ///
    /// # Errors
    /// [`Cancelled`] when the task shall stop, while it waits for the lock or by `critical`'s own word.
    fn locked(&self, critical: &mut dyn FnMut(u64) -> Result<u64, Cancelled>) -> Result<(), Cancelled>;

    /// Writes a line to the run's log, at level INFO.
    fn log(&self, line: &str);
}

/// Sebastiano Vigna's `SplitMix64` finaliser: a bijection of 64 bits whose output looks random. From
/// <https://prng.di.unimi.it/splitmix64.c>, public domain.
pub(crate) fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Whether tasks of this spec use the lock that all workers share.
pub fn has_lock(spec: &Spec) -> bool {
    spec.workload == Kind::Lock
}

/// Whether tasks of this spec work on bytes that have to be moved to them.
pub fn has_input(spec: &Spec) -> bool {
    spec.workload == Kind::Payload
}

/// How many bytes those of a task are; 0 where there are none.
pub fn input_bytes(spec: &Spec, task: TaskId) -> u32 {
    if has_input(spec) { u32::try_from(lengths::scaled_size(spec, task)).unwrap_or(u32::MAX) } else { 0 }
}

/// The bytes that travel to the worker with a task, for the workload that has any.
pub fn input(spec: &Spec, task: TaskId) -> Option<Vec<u8>> {
    has_input(spec).then(|| payload::input(lengths::scaled_size(spec, task), spec.seed, task))
}

/// Runs one task of a spec. `input` is what [`input`] gives for it, from wherever it has come.
///
/// # Errors
/// [`TaskError::Cancelled`] when the context said so at a checkpoint; [`TaskError::Failed`] when the task cannot be done.
pub fn run(
    spec: &Spec,
    task: TaskId,
    input: Option<&[u8]>,
    context: &dyn TaskContext,
) -> Result<Value, TaskError> {
    if spec.workload != Kind::Fault
        && let Some(fault) = spec.fault_at(task)
    {
        fault::strike(fault);
    }
    let size = lengths::scaled_size(spec, task);
    let seed = spec.seed;
    let value = match spec.workload {
        // The roles of a lesson are no tasks of a pool.
        Kind::Noop | Kind::Lesson => Value::Unit,
        Kind::Square => simple::square(spec, task, context),
        Kind::Sleep => {
            let value = timed::sleep(size, context)?;
            simple::say(spec, context, || format!("slept {}", units::duration(size)));
            value
        }
        Kind::Spin => timed::spin(size, context)?,
        Kind::Primes => compute::primes(size, context)?,
        Kind::Hash => compute::hash(size, seed, task, context)?,
        Kind::Matmul => matmul::matmul(size, seed, task, context)?,
        Kind::Mandelbrot => mandelbrot::row(spec, task, context)?,
        Kind::Memory => memory::stream(size, spec.param("passes") as u64, seed, task, context)?,
        Kind::Sort => sort::sort(size, seed, task, context)?,
        Kind::File => file::round_trip(size, spec.param("fsync") > 0.0, seed, task, context)?,
        Kind::Payload => payload::answer(size, input, context)?,
        Kind::Lock => lock::contend(size, spec.param("hold"), spec.param("rounds") as u64, context)?,
        Kind::Mixed => timed::mixed(size, spec.param("wait"), context)?,
        Kind::Fault => fault::run(spec, task, size, context)?,
    };
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::{
        testing::{Fake, spec},
        *,
    };

    fn run_all(words: &str) -> Vec<Value> {
        let spec = spec(words);
        let context = Fake::patient();
        (0..spec.tasks)
            .map(TaskId)
            .map(|task| run(&spec, task, input(&spec, task).as_deref(), &context).expect("done"))
            .collect()
    }

    #[test]
    fn squares_count_from_one() {
        let squares: Vec<Value> = (1..=9).map(|n| Value::Number(n * n)).collect();
        assert_eq!(run_all("workload=square tasks=9"), squares);
    }

    #[test]
    fn every_workload_gives_the_same_twice() {
        for kind in Kind::ALL {
            let size = if kind == Kind::Matmul { 20 } else { 1000 };
            let words = format!("workload={kind} tasks=5 size={size} lengths=skewed fault=none");
            assert_eq!(run_all(&words), run_all(&words), "{kind}");
        }
    }

    #[test]
    fn only_short_runs_talk() {
        for (words, line) in [
            ("workload=square tasks=100", Some("square of 3 is 9")),
            ("workload=sleep tasks=3 size=1_000_000_000", Some("slept 1.00 s")),
            ("workload=square tasks=101", None),
            ("workload=sleep tasks=101", None),
            ("workload=noop tasks=3", None),
        ] {
            let context = Fake::patient();
            run(&spec(words), TaskId(2), None, &context).expect("not cancelled");
            let lines = context.lines.borrow();
            assert_eq!(lines.iter().map(String::as_str).collect::<Vec<_>>(), Vec::from_iter(line), "{words}");
        }
    }

    #[test]
    fn a_cancelled_context_ends_every_workload_that_takes_time() {
        for (words, calls) in [
            ("workload=sleep size=86_400_000_000_000", 0),
            ("workload=spin size=86_400_000_000_000", 2),
            ("workload=mixed size=86_400_000_000_000 param.wait=0", 2),
            ("workload=mixed size=1000 param.wait=1", 1),
            ("workload=primes size=1_000_000_000", 2),
            ("workload=hash size=1_000_000_000_000", 2),
            ("workload=matmul size=4_096", 2),
            ("workload=matmul size=100", 1 + 2 * 100 + 2),
            ("workload=mandelbrot size=16_384 param.iterations=100_000 lengths=straggler@0:1000", 2),
            ("workload=memory size=2_000_000 param.passes=100_000", 20),
            ("workload=sort size=60_000_000", 2),
            ("workload=file size=1_000_000_000 param.fsync=0", 3),
            ("workload=payload size=16_777_216", 2),
            ("workload=lock size=86_400_000_000_000 param.hold=0", 2),
            ("workload=lock size=86_400_000_000_000 param.hold=1", 4),
            ("workload=fault size=86_400_000_000_000 fault=none", 2),
        ] {
            let context = Fake::cancelled_after(calls);
            let spec = spec(words);
            let input = input(&spec, TaskId(0));
            let ended = run(&spec, TaskId(0), input.as_deref(), &context);
            assert_eq!(ended, Err(TaskError::Cancelled), "{words}");
            assert_eq!(context.patience.get(), 0, "{words}");
        }
    }
}
