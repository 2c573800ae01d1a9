//! One lock that everybody wants: however many workers there are, one at a time is inside.

use super::{Cancelled, TaskContext, Value, timed};

/// Uses `size_ns` of CPU time in `rounds` rounds: each is busy outside of the lock, then takes it and is busy for the
/// share `hold` of the round while it counts one up.
///
/// The value is the size: what the counter says at a given moment depends on who came first.
pub(super) fn contend(
    size_ns: u64,
    hold: f64,
    rounds: u64,
    context: &dyn TaskContext,
) -> Result<Value, Cancelled> {
    let inside_ns = ((size_ns as f64 * hold).round() as u64).min(size_ns);
    for round in 0..rounds {
        timed::spin(share(size_ns - inside_ns, rounds, round), context)?;
        context.locked(&mut |count| {
            timed::spin(share(inside_ns, rounds, round), context)?;
            Ok(count.wrapping_add(1))
        })?;
    }
    Ok(Value::Number(size_ns))
}

/// One part of `rounds`, as even as whole numbers allow: the first few are larger by one.
fn share(total: u64, rounds: u64, round: u64) -> u64 {
    total / rounds + u64::from(round < total % rounds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        time::{NS_PER_MS, thread_cpu_ns},
        workload::testing::Fake,
    };

    #[test]
    fn shares_are_even_and_a_whole() {
        for (total, rounds) in [(0, 3), (10, 3), (3, 10), (u64::MAX, 7)] {
            let shares: Vec<u64> = (0..rounds).map(|round| share(total, rounds, round)).collect();
            assert_eq!(shares.iter().sum::<u64>(), total);
            assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1);
        }
    }

    #[test]
    fn every_round_counts_once_and_all_cpu_time_is_used() {
        for hold in [0.0, 0.3, 1.0] {
            let context = Fake::patient();
            let start_ns = thread_cpu_ns();
            assert_eq!(contend(NS_PER_MS, hold, 5, &context), Ok(Value::Number(NS_PER_MS)));
            assert!(thread_cpu_ns() - start_ns >= NS_PER_MS);
            assert_eq!(context.counter.get(), 5);
        }
    }

    #[test]
    fn a_stop_is_heard_outside_at_the_lock_and_inside() {
        // A short round asks once outside, once at the lock, once inside.
        for (calls, counted) in [(0, 0), (1, 0), (2, 0), (3, 1), (5, 1), (6, 2)] {
            let context = Fake::cancelled_after(calls);
            assert_eq!(contend(0, 0.5, 9, &context), Err(Cancelled), "after {calls}");
            assert_eq!(context.counter.get(), counted, "after {calls}");
        }
    }
}
