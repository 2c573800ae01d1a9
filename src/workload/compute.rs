//! Tasks that use the CPU and nothing else: counting primes, chaining hashes.

use sha2::{Digest, Sha256};

use super::{Cancelled, TaskContext, Value};
use crate::ids::TaskId;

/// Odd numbers in one segment of the sieve: its flags fit into a first-level data cache.
const SEGMENT_ODDS: u64 = 32 * 1024;
/// Rounds between two looks at cancellation: well below a millisecond.
const HASH_CHECKPOINT_ROUNDS: u64 = 512;

/// Counts the primes up to and including `bound`. Memory grows with the square root of the bound only.
pub(super) fn primes(bound: u64, context: &dyn TaskContext) -> Result<Value, Cancelled> {
    context.checkpoint()?;
    if bound < 2 {
        return Ok(Value::Number(0));
    }
    let divisors = odd_primes_to(bound.isqrt());
    // The next odd multiple of each divisor that is still to be crossed out.
    let mut multiples: Vec<u64> = divisors.iter().map(|prime| prime * prime).collect();
    let mut composite = vec![false; SEGMENT_ODDS as usize];
    // 2 is the one even prime; the segments hold the odd numbers from 3.
    let mut count = 1;
    let mut low = 3;
    while low <= bound {
        let odds = SEGMENT_ODDS.min((bound - low) / 2 + 1);
        let segment = &mut composite[..odds as usize];
        segment.fill(false);
        for (&prime, multiple) in divisors.iter().zip(&mut multiples) {
            let mut at = (*multiple - low) / 2;
            while at < odds {
                segment[at as usize] = true;
                at += prime;
            }
            *multiple = low + 2 * at;
        }
        count += segment.iter().filter(|composite| !**composite).count() as u64;
        low += 2 * SEGMENT_ODDS;
        context.checkpoint()?;
    }
    Ok(Value::Number(count))
}

/// The odd primes up to and including `limit`, by the plain sieve.
fn odd_primes_to(limit: u64) -> Vec<u64> {
    let mut composite = vec![false; limit as usize + 1];
    let mut primes = Vec::new();
    for n in (3..=limit).step_by(2) {
        if composite[n as usize] {
            continue;
        }
        primes.push(n);
        for multiple in (n * n..=limit).step_by(2 * n as usize) {
            composite[multiple as usize] = true;
        }
    }
    primes
}

/// SHA-256 of seed and index, then of its own output, `rounds` times in all.
pub(super) fn hash(
    rounds: u64,
    seed: u64,
    task: TaskId,
    context: &dyn TaskContext,
) -> Result<Value, Cancelled> {
    let mut state = [0; 32];
    state[..8].copy_from_slice(&seed.to_le_bytes());
    state[8..12].copy_from_slice(&task.0.to_le_bytes());
    for round in 0..rounds {
        if round % HASH_CHECKPOINT_ROUNDS == 0 {
            context.checkpoint()?;
        }
        state = Sha256::digest(state).into();
    }
    Ok(Value::Digest(state.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::testing::Fake;

    #[test]
    fn primes_are_counted_as_in_the_tables() {
        for (bound, count) in [
            (0, 0),
            (1, 0),
            (2, 1),
            (3, 2),
            (4, 2),
            (9, 4),
            (10, 4),
            (25, 9),
            (100, 25),
            (1000, 168),
            (1_000_000, 78_498),
        ] {
            assert_eq!(primes(bound, &Fake::patient()), Ok(Value::Number(count)), "{bound}");
        }
    }

    #[test]
    fn segments_join_without_gap_or_overlap() {
        // Around the border of the first two segments, one number at a time, against trial division.
        let border = 3 + 2 * SEGMENT_ODDS;
        let is_prime = |n: u64| (2..=n.isqrt()).all(|divisor| !n.is_multiple_of(divisor));
        let count = |bound| match primes(bound, &Fake::patient()) {
            Ok(Value::Number(count)) => count,
            other => panic!("{other:?}"),
        };
        for bound in border - 10..border + 10 {
            assert_eq!(count(bound) - count(bound - 1), u64::from(is_prime(bound)), "{bound}");
        }
    }

    #[test]
    fn hashes_chain() {
        let once = |task| hash(1, 0, TaskId(task), &Fake::patient());
        let expected: [u8; 32] = Sha256::digest([0; 32]).into();
        assert_eq!(once(0), Ok(Value::Digest(expected.to_vec())));
        assert_ne!(once(0), once(1));
        let twice: [u8; 32] = Sha256::digest(expected).into();
        assert_eq!(hash(2, 0, TaskId(0), &Fake::patient()), Ok(Value::Digest(twice.to_vec())));
        assert_ne!(hash(1, 1, TaskId(0), &Fake::patient()), once(0));
    }

    #[test]
    fn hashing_looks_up_once_in_so_many_rounds() {
        let context = Fake::patient();
        hash(4 * HASH_CHECKPOINT_ROUNDS, 1, TaskId(0), &context).expect("not cancelled");
        assert_eq!(context.checkpoints.get(), 4);
    }
}
