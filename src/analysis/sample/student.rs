//! Student's t, exactly: how far the mean of a few normal values may lie from the truth.

/// The value that the absolute value of a variable with this distribution exceeds with probability `beyond`, which lies
/// between 0 and 1. `freedom` is the number of degrees of freedom, 1 or more.
pub(super) fn quantile(freedom: usize, beyond: f64) -> f64 {
    let freedom = freedom.max(1);
    // Of an angle whose tangent is t / sqrt(freedom), which has both its ends within reach.
    let (mut low, mut high) = (0.0, std::f64::consts::FRAC_PI_2);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if 1.0 - within(freedom, middle) > beyond {
            low = middle;
        } else {
            high = middle;
        }
    }
    low.tan() * (freedom as f64).sqrt()
}

/// How probable it is to lie within ± tan(angle) sqrt(freedom): the finite series in Abramowitz and Stegun, Handbook of
/// Mathematical Functions, 26.7.3 and 26.7.4.
fn within(freedom: usize, angle: f64) -> f64 {
    let (sine, cosine) = angle.sin_cos();
    let is_odd = freedom % 2 == 1;
    let mut term = if is_odd { cosine } else { 1.0 };
    let mut sum = if freedom == 1 { 0.0 } else { term };
    for n in (if is_odd { 3 } else { 2 }..freedom).step_by(2) {
        term *= cosine * cosine * (n - 1) as f64 / n as f64;
        sum += term;
    }
    if is_odd { (angle + sine * sum) * std::f64::consts::FRAC_2_PI } else { sine * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_statistics_are_met() {
        for (freedom, beyond, t) in [
            (1, 0.05, 12.7062),
            (1, 0.001, 636.619),
            (2, 0.05, 4.3027),
            (2, 0.01, 9.9248),
            (3, 0.001, 12.9240),
            (4, 0.05, 2.7764),
            (5, 0.05, 2.5706),
            (5, 0.01, 4.0321),
            (10, 0.001, 4.5869),
            (30, 0.05, 2.0423),
            (1000, 0.05, 1.9623),
        ] {
            let found = quantile(freedom, beyond);
            assert!((found / t - 1.0).abs() < 1e-4, "{freedom} {beyond}: {found}");
        }
    }
}
