//! Many bytes at the speed of memory: making them, hashing them, and room for them.
//!
//! Neither the bytes nor the hash are of any use to cryptography. They must only be cheap enough not to hide what a
//! workload is about, and differ where their source differs.

use super::{TaskContext, TaskError, Value, mix};
use crate::ids::TaskId;

/// Odd, with bits all over: 2^64 divided by the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
/// Chains of the hash that do not wait for each other.
const LANES: usize = 4;
const WORD_BYTES: usize = size_of::<u64>();
/// Elements that are made at a time: touching fresh memory is slow enough for a stop to be heard in between.
const FRESH: usize = 64 * 1024;

/// Where the data of one task begins. `stream` keeps the uses of one seed apart.
pub(super) fn key(stream: u64, seed: u64, task: TaskId) -> u64 {
    mix(mix(mix(stream) ^ seed).wrapping_add(u64::from(task.0)))
}

/// Fills with words that differ from each other and from those of another key.
pub(super) fn fill_words(key: u64, words: &mut [u64]) {
    let mut state = key;
    for word in words {
        *word = scatter(&mut state);
    }
}

/// The little-endian bytes of what [`fill_words`] gives.
pub(super) fn fill(key: u64, bytes: &mut [u8]) {
    let mut state = key;
    let mut chunks = bytes.chunks_exact_mut(WORD_BYTES);
    for chunk in &mut chunks {
        chunk.copy_from_slice(&scatter(&mut state).to_le_bytes());
    }
    let rest = chunks.into_remainder();
    let last = scatter(&mut state).to_le_bytes();
    rest.copy_from_slice(&last[..rest.len()]);
}

/// Additions and shifts only, which every processor does on many words at once.
fn scatter(state: &mut u64) -> u64 {
    *state = state.wrapping_add(STEP);
    *state ^ (*state >> 29)
}

/// Continues `hash` by these bytes. Where a text is cut into pieces is part of the hash.
pub(super) fn hash(hash: u64, bytes: &[u8]) -> u64 {
    let (groups, rest) = bytes.as_chunks::<{ LANES * WORD_BYTES }>();
    let mut lanes = lanes(hash);
    for group in groups {
        let (words, _) = group.as_chunks::<WORD_BYTES>();
        absorb(&mut lanes, words.iter().map(|word| u64::from_le_bytes(*word)));
    }
    let folded = rest.chunks(WORD_BYTES).fold(fold(lanes, bytes.len()), |folded, chunk| {
        let mut word = [0; WORD_BYTES];
        word[..chunk.len()].copy_from_slice(chunk);
        mix(folded ^ u64::from_le_bytes(word))
    });
    mix(folded)
}

/// As [`hash`], of words.
pub(super) fn hash_words(hash: u64, words: &[u64]) -> u64 {
    let (groups, rest) = words.as_chunks::<LANES>();
    let mut lanes = lanes(hash);
    for group in groups {
        absorb(&mut lanes, group.iter().copied());
    }
    mix(rest.iter().fold(fold(lanes, words.len() * WORD_BYTES), |folded, word| mix(folded ^ word)))
}

fn lanes(hash: u64) -> [u64; LANES] {
    std::array::from_fn(|lane| hash.wrapping_add(STEP.wrapping_mul(lane as u64 + 1)))
}

/// For any word, a bijection of the lane, and for any lane, of the word: no change is lost.
fn absorb(lanes: &mut [u64; LANES], words: impl Iterator<Item = u64>) {
    for (lane, word) in lanes.iter_mut().zip(words) {
        *lane = (*lane ^ word).wrapping_mul(STEP).rotate_left(29);
    }
}

fn fold(lanes: [u64; LANES], len_bytes: usize) -> u64 {
    lanes.into_iter().fold(mix(len_bytes as u64), |folded, lane| mix(folded ^ lane))
}

/// A hash as a task's result.
pub(super) fn digest(hash: u64) -> Value {
    Value::Digest(hash.to_be_bytes().to_vec())
}

/// An empty vector with room for `len` elements.
///
/// # Errors
/// [`TaskError::Failed`] where there is no such memory: an allocation that may be large must not abort its process.
pub(super) fn room<T>(len: usize) -> Result<Vec<T>, TaskError> {
    let mut vector = Vec::new();
    vector.try_reserve_exact(len).map_err(|error| {
        let bytes = crate::units::bytes((len as u64).saturating_mul(size_of::<T>() as u64));
        TaskError::Failed(format!("no {bytes} of memory to be had: {error}"))
    })?;
    Ok(vector)
}

/// As [`room`], filled with zeros that are really there.
pub(super) fn zeros<T: Clone + Default>(len: usize, context: &dyn TaskContext) -> Result<Vec<T>, TaskError> {
    let mut vector = room(len)?;
    while vector.len() < len {
        vector.resize(len.min(vector.len() + FRESH), T::default());
        context.checkpoint()?;
    }
    Ok(vector)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::workload::testing::Fake;

    #[test]
    fn bytes_are_those_of_the_words_at_any_length() {
        let mut words = [0; 9];
        fill_words(5, &mut words);
        let all: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        for len in 0..=all.len() {
            let mut bytes = vec![0; len];
            fill(5, &mut bytes);
            assert_eq!(bytes, all[..len]);
        }
        for len in 0..=words.len() {
            assert_eq!(hash_words(3, &words[..len]), hash(3, &all[..len * WORD_BYTES]), "{len} words");
        }
    }

    #[test]
    fn words_differ_within_a_key_and_between_keys() {
        let mut seen = BTreeSet::new();
        for key in 0..10 {
            let mut words = [0; 100];
            fill_words(mix(key), &mut words);
            seen.extend(words);
        }
        assert_eq!(seen.len(), 1000);
    }

    #[test]
    fn keys_differ_by_stream_seed_and_task() {
        let keys: BTreeSet<u64> = (0..8).map(|n| key(n & 1, n >> 1 & 1, TaskId(n as u32 >> 2))).collect();
        assert_eq!(keys.len(), 8);
    }

    #[test]
    fn any_change_of_a_byte_the_length_or_the_start_changes_the_hash() {
        let mut seen = BTreeSet::new();
        let mut cases = 0;
        for len in [0, 1, 7, 8, 9, 31, 32, 33, 64, 100] {
            let zeros = vec![0; len];
            for start in [0, 1] {
                seen.insert(hash(start, &zeros));
                cases += 1;
            }
            for at in 0..len {
                for bit in [0x01, 0x80] {
                    let mut changed = zeros.clone();
                    changed[at] = bit;
                    seen.insert(hash(0, &changed));
                    cases += 1;
                }
            }
        }
        assert_eq!(seen.len(), cases);
    }

    #[test]
    fn memory_that_cannot_be_had_fails_the_task_and_says_how_much() {
        let TaskError::Failed(message) = room::<u64>(usize::MAX / 16).expect_err("too much") else {
            panic!("not failed")
        };
        assert!(message.starts_with("no 9223 PB of memory"), "{message}");
        assert_eq!(room::<u64>(100).map(|vector| vector.len()), Ok(0));
    }

    #[test]
    fn much_memory_is_touched_bit_by_bit() {
        for (len, pieces) in [(0, 0), (1, 1), (FRESH, 1), (2 * FRESH + 1, 3)] {
            let context = Fake::patient();
            assert_eq!(zeros::<u8>(len, &context), Ok(vec![0; len]));
            assert_eq!(context.checkpoints.get(), pieces);
        }
        assert_eq!(zeros::<u8>(9 * FRESH, &Fake::cancelled_after(3)), Err(TaskError::Cancelled));
    }
}
