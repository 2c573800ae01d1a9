//! Bytes there and back: the work is next to nothing, so that what is seen is the cost of moving data.

use super::{TaskContext, TaskError, Value, bytes};
use crate::ids::TaskId;

const STREAM: u64 = 0x7061_796c_6f61_6421;
/// Bytes between two looks at cancellation: a fraction of a millisecond's work.
const PIECE_BYTES: usize = 1 << 20;

/// The bytes that the engine sends along with the task.
pub(super) fn input(size: u64, seed: u64, task: TaskId) -> Vec<u8> {
    let mut input = vec![0; size as usize];
    bytes::fill(bytes::key(STREAM, seed, task), &mut input);
    input
}

/// Returns the complement of every byte that came.
///
/// # Errors
/// [`TaskError::Failed`] where the input is missing, or is not of `size` bytes.
pub(super) fn answer(size: u64, input: Option<&[u8]>, context: &dyn TaskContext) -> Result<Value, TaskError> {
    context.checkpoint()?;
    let came = input.map_or(0, <[u8]>::len);
    let Some(input) = input.filter(|_| came as u64 == size) else {
        return Err(TaskError::Failed(format!("{came} bytes came with the task, and {size} were due")));
    };
    let mut output = bytes::room(input.len())?;
    for piece in input.chunks(PIECE_BYTES) {
        output.extend(piece.iter().map(|byte| !byte));
        context.checkpoint()?;
    }
    Ok(Value::Bytes(output))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::testing::Fake;

    #[test]
    fn every_byte_comes_back_changed() {
        for size in [0, 1, 5, 1000, PIECE_BYTES as u64 + 3] {
            let input = input(size, 1, TaskId(0));
            assert_eq!(input.len() as u64, size);
            let expected: Vec<u8> = input.iter().map(|byte| 255 - byte).collect();
            let answered = answer(size, Some(&input), &Fake::patient());
            assert!(answered == Ok(Value::Bytes(expected)), "{size}");
        }
    }

    #[test]
    fn inputs_differ_by_seed_and_task() {
        assert_eq!(input(100, 1, TaskId(0)), input(100, 1, TaskId(0)));
        assert_ne!(input(100, 1, TaskId(0)), input(100, 2, TaskId(0)));
        assert_ne!(input(100, 1, TaskId(0)), input(100, 1, TaskId(1)));
    }

    #[test]
    fn an_input_that_is_missing_or_short_fails_the_task() {
        for (input, came) in [(None, 0), (Some(&[1, 2][..]), 2)] {
            let error = answer(3, input, &Fake::patient());
            let message = format!("{came} bytes came with the task, and 3 were due");
            assert_eq!(error, Err(TaskError::Failed(message)));
        }
    }
}
