//! Values that stand apart from the rest.

use serde::Serialize;

use super::{median, sorted};

/// Fewer values cannot say which of them is the odd one: of three, two happen to be close together.
const FEWEST: usize = 4;
/// The limit that Iglewicz and Hoaglin recommend.
const LIMIT: f64 = 3.5;
/// The median absolute deviation of a normal distribution, in standard deviations.
const NORMAL_MAD: f64 = 0.6745;
/// Deviations from the median below this fraction of it matter to nobody, however alike the other values are.
const SMALLEST: f64 = 0.05;

/// A value far from the others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Outlier {
    /// Where it stands among the values as they were given.
    pub index: usize,
    pub value: f64,
    /// Modified z-score: about how many standard deviations it lies above the median, or below where negative.
    pub score: f64,
}

/// The values whose modified z-score 0.6745 (x - median) / MAD is beyond 3.5 (Iglewicz and Hoaglin, How to Detect and
/// Handle Outliers, ASQC 1993), and which differ from the median by more than 5 % of it.
///
/// The score is scaled by no less than what makes 5 % a score of 3.5: so a MAD of 0, when more than half of the
/// values are the same, makes an outlier of what is more than 5 % away, and of nothing else.
///
/// This is a hint and no reason to drop a value: of clean, normal samples of 4 to 10 values, about one in six has
/// such a value. Fewer than four values have no outliers, nor have values of which one is not finite.
pub fn outliers(values: &[f64]) -> Vec<Outlier> {
    let Some(mut sorted) = sorted(values).filter(|sorted| sorted.len() >= FEWEST) else { return Vec::new() };
    let centre = median(&mut sorted);
    let mut deviations: Vec<f64> = values.iter().map(|value| (value - centre).abs()).collect();
    let smallest = SMALLEST * centre.abs();
    let scale = (median(&mut deviations) / NORMAL_MAD).max(smallest / LIMIT);
    // Without any scale, the median and most values being 0, there is no telling what is far.
    if !(scale > 0.0 && scale.is_finite()) {
        return Vec::new();
    }
    let scored = values.iter().enumerate().map(|(index, &value)| Outlier {
        index,
        value,
        score: (value - centre) / scale,
    });
    scored.filter(|outlier| outlier.score.abs() > LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(values: &[f64]) -> Vec<usize> {
        outliers(values).iter().map(|outlier| outlier.index).collect()
    }

    #[test]
    fn what_is_far_off_is_found_where_it_stands() {
        let cases: [(&[f64], &[usize]); 13] = [
            (&[], &[]),
            (&[1.0, 9.0], &[]),
            (&[1.0, 1.0, 9.0], &[]),
            (&[10.0, 10.2, 9.9, 10.1, 15.0], &[4]),
            (&[2.0, 10.0, 10.2, 9.9, 10.1, 15.0], &[0, 5]),
            // A spread as wide as the deviation.
            (&[8.0, 10.0, 12.0, 14.0, 17.0], &[]),
            // A MAD of 0, and two of seven.
            (&[10.0, 10.0, 10.0, 15.0], &[3]),
            (&[10.0, 15.0, 10.0, 10.0, 10.0, 15.0, 10.0], &[1, 5]),
            // All the same, or as good as.
            (&[10.0; 6], &[]),
            (&[10.0, 10.0, 10.0, 10.0, 10.01], &[]),
            (&[10.0, 10.001, 10.0, 10.002, 10.1], &[]),
            (&[0.0, 0.0, 0.0, 0.0, 1.0], &[]),
            (&[1.0, 1.0, 1.0, 1.0, f64::NAN], &[]),
        ];
        for (values, expected) in cases {
            assert_eq!(found(values), expected, "{values:?}");
        }
    }

    #[test]
    fn scores_are_those_of_the_formula() {
        // Median 10, MAD 1: 0.6745 (20 - 10) / 1.
        let [outlier] = outliers(&[9.0, 20.0, 10.0, 11.0, 9.0])[..] else { panic!("one") };
        assert_eq!((outlier.index, outlier.value), (1, 20.0));
        assert!((outlier.score - 6.745).abs() < 1e-12);
        assert!(outliers(&[9.0, 1.0, 10.0, 11.0, 10.5])[0].score < 0.0);
    }

    #[test]
    fn the_unit_does_not_matter() {
        let values = [10.0, 10.2, 9.9, 10.1, 15.0];
        for factor in [1e-9, 1e9] {
            assert_eq!(found(&values.map(|value| value * factor)), [4]);
        }
    }
}
