//! The bootstrap: how a statistic would vary, seen in samples drawn from the sample.

use super::{super::random::Random, mean, median};

/// With one less than a round number, percentiles fall on replicates and need no interpolation.
pub(super) const RESAMPLES: usize = 9_999;

/// Medians and means of samples drawn with replacement from one sample.
pub(super) struct Replicates {
    pub(super) medians: Vec<f64>,
    pub(super) means: Vec<f64>,
}

impl Replicates {
    /// The values must not be empty.
    pub(super) fn of(values: &[f64], resamples: usize) -> Self {
        Self::drawn(values, resamples, &mut Random::new(values.len() as u64))
    }

    pub(super) fn drawn(values: &[f64], resamples: usize, random: &mut Random) -> Self {
        let mut drawn = vec![0.0; values.len()];
        let (medians, means) = (0..resamples)
            .map(|_| {
                drawn.fill_with(|| values[random.below(values.len())]);
                (median(&mut drawn), mean(&drawn))
            })
            .unzip();
        Self { medians, means }
    }
}

/// What a fraction `tail` of the replicates, which get sorted, lies below, and what as many lie above.
pub(super) fn percentiles(replicates: &mut [f64], tail: f64) -> (f64, f64) {
    replicates.sort_unstable_by(f64::total_cmp);
    let rank = (tail * (replicates.len() + 1) as f64) as usize;
    let from_end = rank.saturating_sub(1).min(replicates.len() / 2);
    (replicates[from_end], replicates[replicates.len() - 1 - from_end])
}

/// Which fraction to leave out at each end for an interval of 95 %: that which the normal distribution leaves out
/// beyond sqrt(n / (n - 1)) times the 97.5 % point of Student's t with n - 1 degrees of freedom. For n of 6 and more.
pub(super) fn expanded_tail(n: usize) -> f64 {
    let n = n as f64;
    normal_tail((n / (n - 1.0)).sqrt() * student_97_5(n - 1.0))
}

/// The 97.5 % point of Student's t, by the series in Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5.
/// It is off by 0.15 % at 5 degrees of freedom, and by less beyond.
fn student_97_5(freedom: f64) -> f64 {
    const Z: f64 = 1.959_963_984_540_054;
    let z = |power| Z.powi(power);
    let terms = [
        (z(3) + Z) / 4.0,
        (5.0 * z(5) + 16.0 * z(3) + 3.0 * Z) / 96.0,
        (3.0 * z(7) + 19.0 * z(5) + 17.0 * z(3) - 15.0 * Z) / 384.0,
    ];
    // Horner's rule in 1 / freedom.
    Z + terms.iter().rev().fold(0.0, |sum, term| (sum + term) / freedom)
}

/// The fraction of the standard normal distribution above `x`, which must not be negative, to within 7.5e-8: Abramowitz
/// and Stegun, 26.2.17.
pub(super) fn normal_tail(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 5] =
        [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let t = 1.0 / (1.0 + 0.231_641_9 * x);
    let density = (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt();
    density * COEFFICIENTS.iter().rev().fold(0.0, |sum, coefficient| (sum + coefficient) * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_statistics_are_met() {
        // Degrees of freedom and the 97.5 % point of Student's t.
        for (freedom, point) in [(5.0, 2.5706), (6.0, 2.4469), (9.0, 2.2622), (30.0, 2.0423), (1e6, 1.9600)] {
            assert!((student_97_5(freedom) / point - 1.0).abs() < 0.0015, "{freedom}");
        }
        for (x, tail) in [(0.0, 0.5), (1.0, 0.158_655), (1.959_964, 0.025), (3.0, 0.001_350)] {
            assert!((normal_tail(x) - tail).abs() < 1e-6, "{x}");
        }
    }

    #[test]
    fn percentiles_are_ranks() {
        let mut values: Vec<f64> = (1..=99).rev().map(f64::from).collect();
        assert_eq!(percentiles(&mut values, 0.025), (2.0, 98.0));
        assert_eq!(percentiles(&mut values, 0.0), (1.0, 99.0));
        assert_eq!(percentiles(&mut values, 0.9), (50.0, 50.0));
        assert_eq!(percentiles(&mut [7.0], 0.025), (7.0, 7.0));
    }
}
