//! Streaming through memory: as fast as the memory gives, whatever the processor could do.

use std::cell::Cell;

use super::{TaskContext, TaskError, Value, bytes};
use crate::ids::TaskId;

const STREAM: u64 = 0x6d65_6d6f_7279_2121;
/// Words between two looks at cancellation: 512 KiB, some fifty microseconds' work.
const PIECE_WORDS: usize = 64 * 1024;

thread_local! {
    /// The worker's buffer, kept from task to task and as large as its largest. With a fresh one for every task, page
    /// faults would take longer than the streaming: they would show the kernel's memory management instead of the
    /// memory. So a worker pays them once, in its first task. Results stay pure: a task first writes every word that it
    /// will read.
    static BUFFER: Cell<Vec<u64>> = const { Cell::new(Vec::new()) };
}

/// Fills `size` bytes, changes all of them `passes` times, and reads them for a hash of what they have become.
pub(super) fn stream(
    size: u64,
    passes: u64,
    seed: u64,
    task: TaskId,
    context: &dyn TaskContext,
) -> Result<Value, TaskError> {
    context.checkpoint()?;
    let words = size.div_ceil(size_of::<u64>() as u64) as usize;
    let mut buffer = BUFFER.take();
    if buffer.len() < words {
        // The old one goes first: both at once would be more than a task may take.
        drop(std::mem::take(&mut buffer));
        buffer = bytes::zeros(words, context)?;
    }
    let key = bytes::key(STREAM, seed, task);
    let hash = work(&mut buffer[..words], passes, key, context);
    BUFFER.set(buffer);
    Ok(bytes::digest(hash?))
}

fn work(buffer: &mut [u64], passes: u64, key: u64, context: &dyn TaskContext) -> Result<u64, TaskError> {
    for (at, piece) in buffer.chunks_mut(PIECE_WORDS).enumerate() {
        bytes::fill_words(key.wrapping_add(at as u64), piece);
        context.checkpoint()?;
    }
    for pass in 0..passes {
        for piece in buffer.chunks_mut(PIECE_WORDS) {
            // So little arithmetic that it hides behind the memory.
            for word in piece {
                *word = (*word ^ key).wrapping_add(pass);
            }
            context.checkpoint()?;
        }
    }
    let mut hash = passes;
    for piece in buffer.chunks(PIECE_WORDS) {
        hash = bytes::hash_words(hash, piece);
        context.checkpoint()?;
    }
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::testing::Fake;

    fn value(size: u64, passes: u64, seed: u64, task: u32) -> Value {
        stream(size, passes, seed, TaskId(task), &Fake::patient()).expect("not cancelled")
    }

    #[test]
    fn a_task_does_not_see_the_one_before() {
        let small = value(1000, 2, 1, 0);
        let large = value(2_000_000, 3, 1, 1);
        assert_eq!(value(1000, 2, 1, 0), small, "in the buffer of a larger one");
        let fresh = std::thread::scope(|scope| scope.spawn(|| value(2_000_000, 3, 1, 1)).join());
        assert_eq!(fresh.expect("a value"), large, "as on a thread that has no buffer yet");
        let cancelled = stream(1_000_000, 1, 1, TaskId(5), &Fake::cancelled_after(2));
        assert_eq!(cancelled, Err(TaskError::Cancelled));
        assert_eq!(value(1000, 2, 1, 0), small, "after one that was cancelled half-way");
    }

    #[test]
    fn values_depend_on_everything() {
        let all = [
            value(1000, 2, 1, 0),
            value(1008, 2, 1, 0),
            value(1000, 3, 1, 0),
            value(1000, 2, 2, 0),
            value(1000, 2, 1, 1),
            value(0, 2, 1, 0),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one), "{at}");
        }
    }

    #[test]
    fn every_pass_changes_every_word() {
        let key = 7;
        let mut buffer = vec![0; 100];
        work(&mut buffer, 0, key, &Fake::patient()).expect("not cancelled");
        let filled = buffer.clone();
        work(&mut buffer, 2, key, &Fake::patient()).expect("not cancelled");
        let expected: Vec<u64> = filled.iter().map(|word| (word ^ key ^ key).wrapping_add(1)).collect();
        assert_eq!(buffer, expected);
    }

    #[test]
    fn a_stop_is_heard_after_every_piece() {
        let size = 8 * 3 * PIECE_WORDS as u64;
        value(size, 1, 1, 0);
        // From now on there is a buffer.
        let context = Fake::patient();
        stream(size, 4, 1, TaskId(0), &context).expect("not cancelled");
        assert_eq!(context.checkpoints.get(), 1 + 3 * (1 + 4 + 1));
    }
}
