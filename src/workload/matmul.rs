//! Products of matrices: arithmetic at the speed of the processor, on data that fits into its caches block by block.

use super::{Cancelled, TaskContext, TaskError, Value, bytes, mix};
use crate::ids::TaskId;

const LEFT_STREAM: u64 = 0x6d61_746d_756c_2041;
const RIGHT_STREAM: u64 = 0x6d61_746d_756c_2042;
/// Rows and columns of the right matrix that are worked on at a time: 128 KiB, within a second-level cache.
const BLOCK_ROWS: usize = 64;
const BLOCK_COLUMNS: usize = 256;
/// Rows of the product between two looks at cancellation: some hundred microseconds' work.
const CHECKPOINT_ROWS: usize = 32;

/// A square matrix, row after row.
struct Matrix {
    side: usize,
    cells: Vec<f64>,
}

/// Multiplies two seeded matrices of `side` rows; the value is a hash of every bit of the product.
///
/// Each element of the product is a sum over the rows of the right matrix in their order, whatever the blocks are, in
/// operations that IEEE 754 defines to the bit: every machine and backend gives the same.
pub(super) fn matmul(
    side: u64,
    seed: u64,
    task: TaskId,
    context: &dyn TaskContext,
) -> Result<Value, TaskError> {
    context.checkpoint()?;
    let side = side as usize;
    let left = Matrix::random(side, bytes::key(LEFT_STREAM, seed, task), context)?;
    let right = Matrix::random(side, bytes::key(RIGHT_STREAM, seed, task), context)?;
    let product = left.times(&right, context)?;
    let mut hash = side as u64;
    for row in product.cells.chunks(side.max(1)) {
        hash = row.iter().fold(hash, |hash, cell| mix(hash ^ cell.to_bits()));
        context.checkpoint()?;
    }
    Ok(bytes::digest(hash))
}

impl Matrix {
    /// Elements from -0.5 to 0.5.
    fn random(side: usize, key: u64, context: &dyn TaskContext) -> Result<Self, TaskError> {
        let mut cells = bytes::room(side * side)?;
        for row in 0..side {
            let first = row * side;
            cells.extend((first..first + side).map(|at| centred(mix(key.wrapping_add(at as u64)))));
            context.checkpoint()?;
        }
        Ok(Self { side, cells })
    }

    fn times(&self, right: &Self, context: &dyn TaskContext) -> Result<Self, TaskError> {
        let mut product = Self { side: self.side, cells: bytes::zeros(self.cells.len(), context)? };
        for first_row in (0..self.side).step_by(BLOCK_ROWS) {
            for first_column in (0..self.side).step_by(BLOCK_COLUMNS) {
                product.add_block(self, right, (first_row, first_column), context)?;
            }
        }
        Ok(product)
    }

    /// Adds what one block of the right matrix contributes.
    fn add_block(
        &mut self,
        left: &Self,
        right: &Self,
        (first_row, first_column): (usize, usize),
        context: &dyn TaskContext,
    ) -> Result<(), Cancelled> {
        let side = self.side;
        let rows = first_row..side.min(first_row + BLOCK_ROWS);
        let columns = first_column..side.min(first_column + BLOCK_COLUMNS);
        for row in 0..side {
            if row % CHECKPOINT_ROWS == 0 {
                context.checkpoint()?;
            }
            let sums = &mut self.cells[row * side..][columns.clone()];
            let factors = &left.cells[row * side..][rows.clone()];
            let (fours, rest) = factors.as_chunks::<4>();
            let mut lines = right.cells[rows.start * side..].chunks(side).map(|line| &line[columns.clone()]);
            for factors in fours {
                if let (Some(a), Some(b), Some(c), Some(d)) =
                    (lines.next(), lines.next(), lines.next(), lines.next())
                {
                    add_four(sums, factors, [a, b, c, d]);
                }
            }
            for (factor, line) in rest.iter().zip(lines) {
                for (sum, cell) in sums.iter_mut().zip(line) {
                    *sum += factor * cell;
                }
            }
        }
        Ok(())
    }
}

/// Four rows in one go, so that a sum is loaded and stored once for four products. They are added one after the other, as
/// four goes would.
fn add_four(sums: &mut [f64], factors: &[f64; 4], lines: [&[f64]; 4]) {
    let [a, b, c, d] = lines;
    for ((((sum, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *sum = (((*sum + factors[0] * a) + factors[1] * b) + factors[2] * c) + factors[3] * d;
    }
}

/// -0.5 to 0.5, from all 53 bits of a double's precision.
fn centred(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::testing::Fake;

    fn random(side: usize, key: u64) -> Matrix {
        Matrix::random(side, key, &Fake::patient()).expect("not cancelled")
    }

    #[test]
    fn products_are_those_of_the_definition_to_the_bit() {
        // Below, at and beyond the blocks and the fours.
        for side in [0, 1, 2, 3, 4, 5, 63, 64, 65, 70, BLOCK_COLUMNS + 3] {
            let (left, right) = (random(side, 1), random(side, 2));
            let product = left.times(&right, &Fake::patient()).expect("not cancelled");
            assert_eq!(product.cells.len(), side * side);
            for row in 0..side {
                for column in 0..side {
                    let sum = (0..side).fold(0.0, |sum, at| {
                        sum + left.cells[row * side + at] * right.cells[at * side + column]
                    });
                    let got = product.cells[row * side + column];
                    assert_eq!(got.to_bits(), f64::to_bits(sum), "{side}: {row}, {column}");
                }
            }
        }
    }

    #[test]
    fn elements_are_centred_and_differ() {
        let cells = random(50, 3).cells;
        assert!(cells.iter().all(|cell| (-0.5..0.5).contains(cell)));
        assert!(cells.iter().sum::<f64>().abs() < 100.0);
        assert!(cells.windows(2).all(|pair| pair[0].to_bits() != pair[1].to_bits()));
    }

    #[test]
    fn values_depend_on_side_seed_and_task() {
        let value = |side, seed, task| matmul(side, seed, TaskId(task), &Fake::patient()).expect("done");
        assert_eq!(value(20, 1, 0), value(20, 1, 0));
        for (side, seed, task) in [(21, 1, 0), (20, 2, 0), (20, 1, 1)] {
            assert_ne!(value(20, 1, 0), value(side, seed, task));
        }
    }

    #[test]
    fn a_stop_is_heard_within_a_block() {
        let context = Fake::patient();
        matmul(64, 1, TaskId(0), &context).expect("not cancelled");
        // The beginning, two matrices, room for the product, one block, the hash.
        assert_eq!(context.checkpoints.get(), 1 + 2 * 64 + 1 + 64 / CHECKPOINT_ROWS as u32 + 64);
    }
}
