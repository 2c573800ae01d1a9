//! How a quantity changes with the number of workers: the laws that describe it, and the number to take.

mod amdahl;
mod least_squares;
mod recommend;
#[cfg(test)]
mod tests;
mod usl;

pub use amdahl::AmdahlFit;
pub use recommend::{ChunkAdvice, WorkersAdvice, recommend_chunk, recommend_workers};
pub use usl::UslFit;

use serde::Serialize;
use thiserror::Error;

/// A coefficient whose share of the cost at the largest number of workers is below this is rounding, and 0.
const NOTHING: f64 = 1e-9;

/// Why a law cannot be fitted to points.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum FitError {
    #[error("workers: 0 is not allowed; allowed: 1 and more")]
    NoWorkers,
    #[error("value at {workers} workers: {value} is not allowed; allowed: a finite number above 0")]
    BadValue { workers: u32, value: f64 },
    #[error("different numbers of workers: {given} is not allowed; allowed: {needed} and more")]
    TooFew { given: usize, needed: usize },
}

/// How well a law describes the points it was fitted to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fitness {
    /// Measured less predicted, for each point in its order.
    pub residuals: Vec<f64>,
    /// The sum of their squares.
    pub residual_sum: f64,
    /// The standard deviation of the residuals: that sum by the degrees of freedom left, which are the points less the
    /// coefficients. `None` where none is left, as the law then meets every point whatever the truth.
    pub residual_deviation: Option<f64>,
    /// 1 - the residual sum of squares / that about the mean. It is negative where the mean predicts better, and `None`
    /// where all values are equal. For laws that are no straight lines it describes, and proves nothing.
    pub r_squared: Option<f64>,
}

impl Fitness {
    fn of(points: &[(u32, f64)], coefficients: usize, predicted: impl Fn(f64) -> f64) -> Self {
        let residuals: Vec<f64> =
            points.iter().map(|&(workers, value)| value - predicted(f64::from(workers))).collect();
        let residual_sum = residuals.iter().map(|residual| residual * residual).sum::<f64>();
        let mean = points.iter().map(|point| point.1).sum::<f64>() / points.len() as f64;
        let about_mean: f64 = points.iter().map(|point| (point.1 - mean).powi(2)).sum();
        let freedom = points.len().saturating_sub(coefficients);
        Self {
            residuals,
            residual_sum,
            residual_deviation: (freedom > 0).then(|| (residual_sum / freedom as f64).sqrt()),
            r_squared: Some(1.0 - residual_sum / about_mean).filter(|share| share.is_finite()),
        }
    }
}

/// Points fit for a law: at least so many different numbers of workers, and values that can be measured.
fn check(points: &[(u32, f64)], needed: usize) -> Result<(), FitError> {
    for &(workers, value) in points {
        if workers == 0 {
            return Err(FitError::NoWorkers);
        }
        // Squares are taken of all that is measured.
        if !(value.is_normal() && value > 0.0 && (value * value).is_normal()) {
            return Err(FitError::BadValue { workers, value });
        }
    }
    let mut sizes: Vec<u32> = points.iter().map(|point| point.0).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let given = sizes.len();
    if given < needed { Err(FitError::TooFew { given, needed }) } else { Ok(()) }
}
