//! Least squares for curves with a few coefficients that have bounds.

/// Rounds of the search. Fits of measured points need about 10.
const ROUNDS: usize = 500;
/// Beyond this damping a step is too short to change any coefficient.
const MOST_DAMPING: f64 = 1e18;

/// A curve with coefficients, the points it shall meet, and what its coefficients may be.
pub(super) struct Problem<'a, const P: usize> {
    pub(super) points: &'a [(f64, f64)],
    /// The curve at x, and its derivatives by the coefficients.
    pub(super) curve: fn(f64, [f64; P]) -> (f64, [f64; P]),
    /// Of each coefficient.
    pub(super) bounds: [(f64, f64); P],
}

impl<const P: usize> Problem<'_, P> {
    /// The best of what the search finds from several places, since there may be more than one valley. `None` without a
    /// start at which the curve is finite.
    pub(super) fn solve(&self, starts: impl IntoIterator<Item = [f64; P]>) -> Option<[f64; P]> {
        let ends = starts.into_iter().map(|start| self.descend(start)).filter(|end| end.1.is_finite());
        ends.min_by(|a, b| a.1.total_cmp(&b.1)).map(|end| end.0)
    }

    /// Levenberg and Marquardt's method with Marquardt's scaling (Marquardt, SIAM Journal 11, 1963). A coefficient at
    /// a bound that the descent would cross is left out of a step, and steps end at the bounds. Returns where it ends
    /// and the sum of squares there.
    fn descend(&self, start: [f64; P]) -> ([f64; P], f64) {
        let mut at = self.within_bounds(start);
        let mut sum = self.sum_of_squares(at);
        let mut damping = 1e-3;
        for _ in 0..ROUNDS {
            let (matrix, downhill) = self.normal_equations(at);
            let step = self.step(at, matrix, downhill, damping);
            let next = step.map(|step| self.within_bounds(std::array::from_fn(|i| at[i] + step[i])));
            let better = next.map(|next| (next, self.sum_of_squares(next))).filter(|next| next.1 < sum);
            if let Some(better) = better {
                (at, sum) = better;
                damping = (damping / 10.0).max(1e-15);
            } else {
                damping *= 10.0;
            }
            if damping > MOST_DAMPING {
                break;
            }
        }
        (at, sum)
    }

    fn within_bounds(&self, at: [f64; P]) -> [f64; P] {
        std::array::from_fn(|i| at[i].max(self.bounds[i].0).min(self.bounds[i].1))
    }

    fn sum_of_squares(&self, at: [f64; P]) -> f64 {
        self.points.iter().map(|&(x, y)| (y - (self.curve)(x, at).0).powi(2)).sum()
    }

    /// The matrix of the derivatives' products, and half of the descent of the sum of squares.
    fn normal_equations(&self, at: [f64; P]) -> ([[f64; P]; P], [f64; P]) {
        let (mut matrix, mut downhill) = ([[0.0; P]; P], [0.0; P]);
        for &(x, y) in self.points {
            let (value, slopes) = (self.curve)(x, at);
            for i in 0..P {
                downhill[i] += slopes[i] * (y - value);
                for j in 0..P {
                    matrix[i][j] += slopes[i] * slopes[j];
                }
            }
        }
        (matrix, downhill)
    }

    fn step(
        &self,
        at: [f64; P],
        mut matrix: [[f64; P]; P],
        mut downhill: [f64; P],
        damping: f64,
    ) -> Option<[f64; P]> {
        for i in 0..P {
            let (low, high) = self.bounds[i];
            let held = (at[i] <= low && downhill[i] <= 0.0) || (at[i] >= high && downhill[i] >= 0.0);
            if held || matrix[i][i] <= 0.0 {
                for row in &mut matrix {
                    row[i] = 0.0;
                }
                matrix[i] = [0.0; P];
                (matrix[i][i], downhill[i]) = (1.0, 0.0);
            } else {
                matrix[i][i] *= 1.0 + damping;
            }
        }
        eliminate(matrix, downhill)
    }
}

/// Solves linear equations by Gauss's elimination; `None` where they have no one solution.
#[expect(
    clippy::needless_range_loop,
    reason = "rows and columns are named by number in several lists at once"
)]
pub(super) fn eliminate<const P: usize>(mut matrix: [[f64; P]; P], mut right: [f64; P]) -> Option<[f64; P]> {
    for i in 0..P {
        let pivot = (i..P).max_by(|&a, &b| matrix[a][i].abs().total_cmp(&matrix[b][i].abs()))?;
        matrix.swap(i, pivot);
        right.swap(i, pivot);
        if matrix[i][i] == 0.0 || !matrix[i][i].is_finite() {
            return None;
        }
        for row in i + 1..P {
            let factor = matrix[row][i] / matrix[i][i];
            for column in i..P {
                matrix[row][column] -= factor * matrix[i][column];
            }
            right[row] -= factor * right[i];
        }
    }
    for i in (0..P).rev() {
        let known: f64 = (i + 1..P).map(|column| matrix[i][column] * right[column]).sum();
        right[i] = (right[i] - known) / matrix[i][i];
    }
    right.iter().all(|value| value.is_finite()).then_some(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_equations_are_solved_where_they_can_be() {
        let solution = eliminate([[0.0, 2.0, 1.0], [1.0, 1.0, 1.0], [2.0, 0.0, -1.0]], [7.0, 6.0, -1.0]);
        assert_eq!(solution, Some([1.0, 2.0, 3.0]));
        assert_eq!(eliminate([[1.0, 2.0], [2.0, 4.0]], [1.0, 2.0]), None);
        assert_eq!(eliminate([[f64::NAN]], [1.0]), None);
    }

    #[test]
    fn a_line_stops_at_its_bounds() {
        // y = 3 - x, with a slope that may not be negative: the best is the mean.
        let points = [(0.0, 3.0), (1.0, 2.0), (2.0, 1.0)];
        let line =
            |bounds| Problem { points: &points, curve: |x, c: [f64; 2]| (c[0] + c[1] * x, [1.0, x]), bounds };
        let free = line([(-9.0, 9.0); 2]).solve([[5.0, 5.0]]).expect("a line");
        assert!((free[0] - 3.0).abs() < 1e-9 && (free[1] + 1.0).abs() < 1e-9);
        let bounded = line([(-9.0, 9.0), (0.0, 9.0)]).solve([[5.0, 5.0]]).expect("a line");
        assert!((bounded[0] - 2.0).abs() < 1e-9 && bounded[1] == 0.0);
    }
}
