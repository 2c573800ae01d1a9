//! Sorting: comparisons that no predictor guesses, and memory in an order that the data decides.

use super::{Cancelled, TaskContext, TaskError, Value, bytes, mix};
use crate::ids::TaskId;

const STREAM: u64 = 0x736f_7274_2121_2121;
/// Numbers that are sorted or merged between two looks at cancellation: about a millisecond's work.
const RUN: usize = 32 * 1024;

/// Sorts `len` seeded numbers; the value is a hash of them in their order.
///
/// The standard library's sort hears of no stop, so it sorts runs of a millisecond each. They are then merged, always
/// two into one, between the numbers and a second place as large.
pub(super) fn sort(len: u64, seed: u64, task: TaskId, context: &dyn TaskContext) -> Result<Value, TaskError> {
    context.checkpoint()?;
    let len = len as usize;
    let key = bytes::key(STREAM, seed, task);
    let mut numbers = bytes::room(len)?;
    while numbers.len() < len {
        let first = numbers.len();
        numbers.extend((first..len.min(first + RUN)).map(|at| mix(key.wrapping_add(at as u64))));
        context.checkpoint()?;
    }
    let mut spare = bytes::zeros(len, context)?;
    let sorted = sorted(&mut numbers, &mut spare, context)?;
    let mut hash = len as u64;
    for piece in sorted.chunks(RUN) {
        hash = bytes::hash_words(hash, piece);
        context.checkpoint()?;
    }
    Ok(bytes::digest(hash))
}

/// Sorts, and gives whichever of the two places holds the result. Both must be of one length.
fn sorted<'a>(
    numbers: &'a mut [u64],
    spare: &'a mut [u64],
    context: &dyn TaskContext,
) -> Result<&'a [u64], Cancelled> {
    for run in numbers.chunks_mut(RUN) {
        run.sort_unstable();
        context.checkpoint()?;
    }
    let (mut from, mut to) = (numbers, spare);
    let mut run = RUN;
    while run < from.len() {
        for (pair, merged) in from.chunks(2 * run).zip(to.chunks_mut(2 * run)) {
            let (left, right) = pair.split_at(run.min(pair.len()));
            merge(left, right, merged, context)?;
        }
        std::mem::swap(&mut from, &mut to);
        run *= 2;
    }
    Ok(from)
}

/// Merges two sorted runs into `merged`, which is as long as both.
fn merge(
    left: &[u64],
    right: &[u64],
    merged: &mut [u64],
    context: &dyn TaskContext,
) -> Result<(), Cancelled> {
    let (mut at_left, mut at_right) = (0, 0);
    for piece in merged.chunks_mut(RUN) {
        for slot in piece {
            let (a, b) = (left.get(at_left), right.get(at_right));
            // Without a branch on the numbers: half of all guesses would be wrong.
            let take_left = b.is_none() | a.is_some_and(|a| b.is_some_and(|b| a <= b));
            *slot = *if take_left { a } else { b }.unwrap_or(&u64::MAX);
            at_left += usize::from(take_left);
            at_right += usize::from(!take_left);
        }
        context.checkpoint()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::testing::Fake;

    #[test]
    fn any_length_is_sorted_as_by_the_standard_library() {
        for len in [0, 1, 2, RUN - 1, RUN, RUN + 1, 2 * RUN, 3 * RUN, 3 * RUN + 7, 5 * RUN - 1] {
            // Many equal ones and both ends of the range among them.
            let numbers: Vec<u64> = (0..len as u64)
                .map(|at| match mix(at) % 4 {
                    0 => u64::MAX,
                    1 => mix(at) >> 60,
                    _ => mix(at),
                })
                .collect();
            let mut expected = numbers.clone();
            expected.sort_unstable();
            let (mut place, mut spare) = (numbers, vec![0; len]);
            let got = sorted(&mut place, &mut spare, &Fake::patient()).expect("not cancelled");
            assert!(got == expected, "{len}");
        }
    }

    #[test]
    fn values_depend_on_length_seed_and_task() {
        let value = |len, seed, task| sort(len, seed, TaskId(task), &Fake::patient()).expect("done");
        assert_eq!(value(100, 1, 0), value(100, 1, 0));
        for (len, seed, task) in [(101, 1, 0), (100, 2, 0), (100, 1, 1), (0, 1, 0)] {
            assert_ne!(value(100, 1, 0), value(len, seed, task));
        }
    }

    #[test]
    fn a_stop_is_heard_after_every_run() {
        let context = Fake::patient();
        sort(4 * RUN as u64, 1, TaskId(0), &context).expect("not cancelled");
        // The beginning; making, sorting, two rounds of merging, and the hash: four runs each. Room takes two pieces.
        assert_eq!(context.checkpoints.get(), 1 + 5 * 4 + 2);
    }
}
