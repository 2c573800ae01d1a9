//! What a task does: pure, seeded functions of (size, seed, index), so that every backend gives the same results.
//!
//! A workload knows nothing of pools. It gets a [`TaskContext`] for what only its surroundings can do: look for
//! cancellation ([`TaskContext::checkpoint`]), say that it is about to wait ([`TaskContext::sleep`]), write to the
//! log. One file a family; [`run`] is the only door.

mod about;
mod compute;
mod fault;
mod lengths;
mod mandelbrot;
mod simple;
#[cfg(test)]
mod testing;
mod timed;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use about::{About, ParamAbout, about};
pub use lengths::factor;

use crate::{
    ids::TaskId,
    spec::{Kind, Spec},
    units,
};

/// A task was told to stop before it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

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

/// What a task returns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// Nothing, as `noop` does.
    #[default]
    Unit,
    /// A number: the square, the count of primes, the nanoseconds slept.
    Number(u64),
    /// Bytes to be read as a hash.
    Digest(Vec<u8>),
    /// One row of a picture, a shade from 0 to 255 a pixel.
    Row(Vec<u8>),
}

impl Value {
    /// A hash of this value at its index. The checksum of a run is the wrapping sum over all tasks, so that it does not
    /// depend on the order in which they end.
    pub fn digest(&self, task: TaskId) -> u64 {
        let (tag, bytes): (u64, &[u8]) = match self {
            Self::Unit => (1, &[]),
            Self::Number(n) => return mix(mix(mix(2) ^ *n).wrapping_add(u64::from(task.0))),
            Self::Digest(bytes) => (3, bytes),
            Self::Row(bytes) => (4, bytes),
        };
        let folded = bytes.chunks(8).fold(mix(mix(tag) ^ bytes.len() as u64), |hash, chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            mix(hash ^ u64::from_le_bytes(word))
        });
        mix(folded.wrapping_add(u64::from(task.0)))
    }

    /// Bytes of the payload, for the account of what was moved.
    pub fn len_bytes(&self) -> u64 {
        match self {
            Self::Unit => 0,
            Self::Number(_) => 8,
            Self::Digest(bytes) | Self::Row(bytes) => bytes.len() as u64,
        }
    }
}

/// Sebastiano Vigna's `SplitMix64` finaliser: a bijection of 64 bits whose output looks random. From
/// <https://prng.di.unimi.it/splitmix64.c>, public domain.
pub(crate) fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Whether tasks of this spec work on data that has to be moved to them.
pub fn has_input(_spec: &Spec) -> bool {
    false
}

pub fn input(_spec: &Spec, _task: TaskId) -> Option<Vec<u8>> {
    None
}

/// Runs one task of a spec.
///
/// # Errors
/// [`Cancelled`] when the context said so at a checkpoint.
pub fn run(spec: &Spec, task: TaskId, context: &dyn TaskContext) -> Result<Value, Cancelled> {
    if spec.workload != Kind::Fault
        && let Some(fault) = spec.fault_at(task)
    {
        fault::strike(fault);
    }
    let size = lengths::scaled_size(spec, task);
    match spec.workload {
        Kind::Noop => Ok(Value::Unit),
        Kind::Square => Ok(simple::square(spec, task, context)),
        Kind::Sleep => {
            let value = timed::sleep(size, context)?;
            simple::say(spec, context, || format!("slept {}", units::duration(size)));
            Ok(value)
        }
        Kind::Spin => timed::spin(size, context),
        Kind::Mixed => timed::mixed(size, spec.param("wait"), context),
        Kind::Primes => compute::primes(size, context),
        Kind::Hash => compute::hash(size, spec.seed, task, context),
        Kind::Mandelbrot => mandelbrot::row(spec, task, context),
        Kind::Fault => fault::run(spec, task, size, context),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{
        testing::{Fake, spec},
        *,
    };

    fn run_all(words: &str) -> Vec<Value> {
        let spec = spec(words);
        let context = Fake::patient();
        (0..spec.tasks).map(|task| run(&spec, TaskId(task), &context).expect("not cancelled")).collect()
    }

    #[test]
    fn squares_count_from_one() {
        let squares: Vec<Value> = (1..=9).map(|n| Value::Number(n * n)).collect();
        assert_eq!(run_all("workload=square tasks=9"), squares);
    }

    #[test]
    fn every_workload_gives_the_same_twice() {
        for kind in Kind::ALL {
            let words = format!("workload={kind} tasks=5 size=1000 lengths=skewed fault=none");
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
            run(&spec(words), TaskId(2), &context).expect("not cancelled");
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
            ("workload=mandelbrot size=16_384 param.iterations=100_000 lengths=straggler@0:1000", 2),
            ("workload=fault size=86_400_000_000_000 fault=none", 2),
        ] {
            let context = Fake::cancelled_after(calls);
            assert_eq!(run(&spec(words), TaskId(0), &context), Err(Cancelled), "{words}");
        }
    }

    #[test]
    fn digests_tell_values_and_places_apart() {
        let values = [
            Value::Unit,
            Value::Number(0),
            Value::Number(1),
            Value::Digest(vec![]),
            Value::Digest(vec![0]),
            Value::Digest(vec![0, 0]),
            Value::Row(vec![0]),
        ];
        let digests: BTreeSet<u64> =
            values.iter().flat_map(|value| (0..3).map(|task| value.digest(TaskId(task)))).collect();
        assert_eq!(digests.len(), values.len() * 3);
    }
}
