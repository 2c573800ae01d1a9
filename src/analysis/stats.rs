//! How a set of durations is spread.

use serde::{Deserialize, Serialize};

/// Six numbers that describe many durations, in nanoseconds.
///
/// Percentiles interpolate linearly between the two nearest ranks, where the smallest value has rank 0 and the largest
/// rank n - 1; the median is the 50th. The mean is rounded to a whole nanosecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    pub min: u64,
    pub mean: u64,
    pub median: u64,
    pub p95: u64,
    pub p99: u64,
    pub max: u64,
}

impl Distribution {
    /// `None` when there is nothing to describe.
    pub fn of(values: impl IntoIterator<Item = u64>) -> Option<Self> {
        let mut sorted: Vec<u64> = values.into_iter().collect();
        sorted.sort_unstable();
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let n = sorted.len() as u128;
        let sum: u128 = sorted.iter().map(|&value| u128::from(value)).sum();
        Some(Self {
            min,
            mean: ((sum + n / 2) / n) as u64,
            median: percentile(&sorted, 50),
            p95: percentile(&sorted, 95),
            p99: percentile(&sorted, 99),
            max,
        })
    }
}

/// The value below which `percent` of the sorted, non-empty values lie. In integers, so that no large value loses digits.
fn percentile(sorted: &[u64], percent: u128) -> u64 {
    // The rank in hundredths: whole ranks, and how far on the way to the next one.
    let rank = (sorted.len() as u128 - 1) * percent;
    let (at, hundredths) = ((rank / 100) as usize, rank % 100);
    let low = sorted[at];
    let high = sorted.get(at + 1).copied().unwrap_or(low);
    let step = (u128::from(high - low) * hundredths + 50) / 100;
    low + step as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(values: impl IntoIterator<Item = u64>) -> [u64; 6] {
        let Distribution { min, mean, median, p95, p99, max } = Distribution::of(values).expect("values");
        [min, mean, median, p95, p99, max]
    }

    #[test]
    fn nothing_has_no_distribution() {
        assert_eq!(Distribution::of([]), None);
    }

    #[test]
    fn known_sets_give_known_numbers() {
        assert_eq!(numbers([7]), [7; 6]);
        assert_eq!(numbers([4, 1, 3, 2]), [1, 3, 3, 4, 4, 4]);
        assert_eq!(numbers([10, 20]), [10, 15, 15, 20, 20, 20]);
        assert_eq!(numbers(0..=100), [0, 50, 50, 95, 99, 100]);
        assert_eq!(numbers((0..=1000).rev().map(|n| n * 10)), [0, 5000, 5000, 9500, 9900, 10_000]);
    }

    #[test]
    fn huge_values_neither_overflow_nor_round() {
        assert_eq!(numbers([u64::MAX; 3]), [u64::MAX; 6]);
        assert_eq!(numbers([0, u64::MAX])[2], u64::MAX / 2 + 1);
    }
}
