//! The Universal Scalability Law: contention, and the price of keeping workers in agreement.

use serde::Serialize;

use super::{
    FitError, Fitness, NOTHING, check,
    least_squares::{Problem, eliminate},
};

/// Gunther's law X(N) = γ N / (1 + α (N - 1) + β N (N - 1)) with the coefficients that describe measured throughputs
/// best (Gunther, Guerrilla Capacity Planning, Springer, 2007; with γ since "USL Scalability Modeling with Three
/// Parameters", 2018).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UslFit {
    /// Contention: the fraction of the work that waits for its turn, 0 to 1.
    pub alpha: f64,
    /// Coherency: what every pair of workers costs, from 0 on.
    pub beta: f64,
    /// The throughput of one worker, in the unit of the values.
    pub gamma: f64,
    /// The number of workers at which the law has its highest throughput, sqrt((1 - α) / β), 1 at least. `None` where
    /// β is 0: the law never falls. Beyond the numbers that were measured it is a guess.
    pub peak: Option<f64>,
    #[serde(flatten)]
    pub fitness: Fitness,
}

impl UslFit {
    /// `most throughput with about 4 workers`, or `no peak`.
    pub(crate) fn peak_words(&self) -> String {
        match self.peak.map(|peak| peak.round() as u64) {
            None => "no peak".to_owned(),
            Some(1) => "most throughput with about 1 worker".to_owned(),
            Some(peak) => format!("most throughput with about {} workers", crate::units::count(peak)),
        }
    }

    /// Fits numbers of workers with their throughputs, or speedups, by least squares of their deviations. At least
    /// three different numbers are needed; three leave no residual, so that only more can show whether the law holds.
    pub fn of(throughputs: &[(u32, f64)]) -> Result<Self, FitError> {
        check(throughputs, 3)?;
        let most = throughputs.iter().map(|point| point.1).fold(0.0, f64::max);
        let largest = throughputs.iter().map(|point| f64::from(point.0)).fold(0.0, f64::max);
        // In units of the highest throughput, so that the unit that was measured in does not matter.
        let points: Vec<(f64, f64)> =
            throughputs.iter().map(|&(workers, value)| (f64::from(workers), value / most)).collect();
        let bounds = [(0.0, 1.0), (0.0, f64::MAX), (f64::MIN_POSITIVE, f64::MAX)];
        let one = points.iter().map(|(workers, value)| value / workers).fold(0.0, f64::max);
        // Where the parabola leads; the start of the R package usl; and laws without coherency.
        let mut starts = vec![[0.01, 1e-4, one], [0.0, 0.0, one], [0.5, 0.0, one], [1.0, 0.1, one]];
        starts.extend(parabola(&points));
        let [alpha, beta, gamma] =
            Problem { points: &points, curve, bounds }.solve(starts).unwrap_or([0.0, 0.0, one]);
        let alpha = if alpha * largest < NOTHING { 0.0 } else { alpha };
        let beta = if beta * largest * largest < NOTHING { 0.0 } else { beta };
        let gamma = gamma * most;
        Ok(Self {
            alpha,
            beta,
            gamma,
            peak: (beta > 0.0).then(|| ((1.0 - alpha) / beta).sqrt().max(1.0)),
            fitness: Fitness::of(throughputs, 3, |workers| curve(workers, [alpha, beta, gamma]).0),
        })
    }

    /// What the law says for so many workers, which need not be a whole number.
    pub fn throughput(&self, workers: f64) -> f64 {
        curve(workers, [self.alpha, self.beta, self.gamma]).0
    }
}

/// With coefficients α, β and γ.
fn curve(workers: f64, [alpha, beta, gamma]: [f64; 3]) -> (f64, [f64; 3]) {
    let others = workers - 1.0;
    let one = workers / (1.0 + others * (alpha + beta * workers));
    let value = gamma * one;
    // d value / d α = -value (N - 1) / (1 + …), and the quotient is one / N.
    let by_alpha = -value * others * one / workers;
    (value, [by_alpha, by_alpha * workers, one])
}

/// The law turned round, N / X = (1 + α (N - 1) + β N (N - 1)) / γ, is linear in 1 / γ, α / γ and β / γ. Its least
/// squares weigh slow points most, and are only a start. `None` where they give no throughput above 0.
fn parabola(points: &[(f64, f64)]) -> Option<[f64; 3]> {
    let (mut matrix, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
    for (workers, value) in points {
        let terms = [1.0, workers - 1.0, workers * (workers - 1.0)];
        for i in 0..3 {
            right[i] += terms[i] * workers / value;
            for j in 0..3 {
                matrix[i][j] += terms[i] * terms[j];
            }
        }
    }
    let [one, contention, coherency] = eliminate(matrix, right)?;
    (one > 0.0).then(|| [contention / one, coherency / one, 1.0 / one])
}
