//! Amdahl's law: what cannot be shared limits the rest.

use serde::Serialize;

use super::{FitError, Fitness, NOTHING, check, least_squares::Problem};

/// Amdahl's law S(N) = 1 / (s + (1 - s) / N), with the serial fraction s that describes measured speedups best (Amdahl,
/// AFIPS Spring Joint Computer Conference, 1967).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AmdahlFit {
    /// The fraction of the work that no second worker can take over, 0 to 1.
    pub serial: f64,
    /// The speedup that no number of workers exceeds, 1 / s; `None` where nothing is serial.
    pub limit: Option<f64>,
    #[serde(flatten)]
    pub fitness: Fitness,
}

impl AmdahlFit {
    /// Fits numbers of workers with their speedups over one worker. At least two different numbers are needed.
    ///
    /// The squares of speedups' deviations are made least, by search. It starts at the solution of the transformed law
    /// 1 / S - 1 / N = s (1 - 1 / N), which is linear in s but weighs a point the less the faster it is.
    pub fn of(speedups: &[(u32, f64)]) -> Result<Self, FitError> {
        check(speedups, 2)?;
        let points: Vec<(f64, f64)> =
            speedups.iter().map(|&(workers, speedup)| (f64::from(workers), speedup)).collect();
        let problem = Problem { points: &points, curve, bounds: [(0.0, 1.0)] };
        let starts = [linear(&points), 0.0, 0.01, 0.1, 1.0];
        let [serial] = problem.solve(starts.map(|start| [start])).unwrap_or([0.0]);
        let largest = points.iter().map(|point| point.0).fold(0.0, f64::max);
        let serial = if serial * largest < NOTHING { 0.0 } else { serial };
        Ok(Self {
            serial,
            limit: Some(1.0 / serial).filter(|limit| limit.is_finite()),
            fitness: Fitness::of(speedups, 1, |workers| curve(workers, [serial]).0),
        })
    }

    /// What the law says for so many workers, which need not be a whole number.
    pub fn speedup(&self, workers: f64) -> f64 {
        curve(workers, [self.serial]).0
    }
}

fn curve(workers: f64, [serial]: [f64; 1]) -> (f64, [f64; 1]) {
    let speedup = workers / (1.0 + serial * (workers - 1.0));
    (speedup, [-speedup * speedup * (1.0 - 1.0 / workers)])
}

/// Least squares of 1 / S - 1 / N = s (1 - 1 / N).
fn linear(points: &[(f64, f64)]) -> f64 {
    let (mut products, mut squares) = (0.0, 0.0);
    for (workers, speedup) in points {
        let x = 1.0 - 1.0 / workers;
        products += x * (1.0 / speedup - 1.0 / workers);
        squares += x * x;
    }
    products / squares
}
