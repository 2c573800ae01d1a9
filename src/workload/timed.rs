//! Tasks that last a given time: waiting, busy, or some of both.

use std::{hint::black_box, time::Duration};

use super::{Cancelled, TaskContext, Value, mix};
use crate::time::{NS_PER_MS, NS_PER_US, thread_cpu_ns};

/// Arithmetic between two looks at the clock while much is left: some ten microseconds of it.
const LONG_BATCH: u64 = 4_096;
/// And near the end, where a long batch would overshoot.
const SHORT_BATCH: u64 = 64;
const NEAR_THE_END_NS: u64 = 50 * NS_PER_US;

/// Waits for `size_ns` without using the CPU.
pub(super) fn sleep(size_ns: u64, context: &dyn TaskContext) -> Result<Value, Cancelled> {
    context.sleep(Duration::from_nanos(size_ns))?;
    Ok(Value::Number(size_ns))
}

/// Busy until the calling thread has used `size_ns` of CPU time, however long that takes by the wall.
pub(super) fn spin(size_ns: u64, context: &dyn TaskContext) -> Result<Value, Cancelled> {
    context.checkpoint()?;
    let start_ns = thread_cpu_ns();
    let mut checkpoint_ns = NS_PER_MS;
    let mut noise = size_ns;
    loop {
        let used_ns = thread_cpu_ns().saturating_sub(start_ns);
        if used_ns >= size_ns {
            return Ok(Value::Number(size_ns));
        }
        if used_ns >= checkpoint_ns {
            context.checkpoint()?;
            checkpoint_ns = used_ns + NS_PER_MS;
        }
        let batch = if size_ns - used_ns > NEAR_THE_END_NS { LONG_BATCH } else { SHORT_BATCH };
        for _ in 0..batch {
            noise = mix(noise);
        }
        // Without this the optimiser would see that nobody reads the noise.
        black_box(noise);
    }
}

/// First the CPU part, then the waiting part, which is the share `wait` of the whole.
pub(super) fn mixed(size_ns: u64, wait: f64, context: &dyn TaskContext) -> Result<Value, Cancelled> {
    let wait_ns = ((size_ns as f64 * wait).round() as u64).min(size_ns);
    spin(size_ns - wait_ns, context)?;
    sleep(wait_ns, context)?;
    Ok(Value::Number(size_ns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::testing::Fake;

    #[test]
    fn spinning_uses_the_cpu_time_asked_for_and_looks_up_every_millisecond() {
        let context = Fake::patient();
        let start_ns = thread_cpu_ns();
        assert_eq!(spin(5 * NS_PER_MS, &context), Ok(Value::Number(5 * NS_PER_MS)));
        assert!(thread_cpu_ns() - start_ns >= 5 * NS_PER_MS);
        assert!((2..=6).contains(&context.checkpoints.get()), "{}", context.checkpoints.get());
    }

    #[test]
    fn sleeping_uses_the_context() {
        let context = Fake::patient();
        assert_eq!(sleep(3 * NS_PER_MS, &context), Ok(Value::Number(3 * NS_PER_MS)));
        assert_eq!(context.slept.get(), Duration::from_millis(3));
    }

    #[test]
    fn mixed_waits_for_its_share() {
        for (wait, slept_us) in [(0.0, 0), (0.25, 250), (1.0, 1000)] {
            let context = Fake::patient();
            let start_ns = thread_cpu_ns();
            assert_eq!(mixed(NS_PER_MS, wait, &context), Ok(Value::Number(NS_PER_MS)));
            assert_eq!(context.slept.get(), Duration::from_micros(slept_us));
            assert!(thread_cpu_ns() - start_ns >= NS_PER_MS - slept_us * NS_PER_US);
        }
    }
}
