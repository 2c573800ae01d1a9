//! Whether values rise or fall in the order in which they were measured.

use serde::Serialize;

use super::{bootstrap::normal_tail, median, sorted};

/// How rarely chance alone may make such a trend.
const SIGNIFICANT: f64 = 0.05;
/// A change over all measurements below this fraction of the median matters to nobody.
const SMALLEST: f64 = 0.02;
/// Up to so many values the test is exact; beyond, the normal distribution is as good.
const EXACT_UP_TO: usize = 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Rises,
    Falls,
}

/// A trend over the order of measurement: the machine got warm, a cache filled, somebody came or left.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Drift {
    pub direction: Direction,
    /// From the first value to the last, as a fraction of the median: negative where values fall.
    pub change: f64,
    /// How probable a trend as clear as this, up or down, is where there is none.
    pub p: f64,
}

impl Drift {
    /// The trend of values in their order, where it is clear and worth telling: a two-sided Mann-Kendall test (Mann,
    /// Econometrica 13, 1945) with p of at most 5 %, and a change of at least 2 %. The change is Theil and Sen's
    /// slope, the median of the slopes between all pairs, times the steps from first to last.
    ///
    /// `p` comes from all orders that the values could have had, counted as if no two were equal; equal ones make a
    /// trend look weaker than it is. Fewer than five values can show none: even the clearest four come by chance in 8
    /// of 100 cases. The cost grows with the square of the number of values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        let mut sorted = sorted(values).filter(|sorted| !sorted.is_empty())?;
        let centre = median(&mut sorted);
        let pairs = (0..n).flat_map(|later| (0..later).map(move |earlier| (earlier, later)));
        let mut slopes: Vec<f64> = pairs
            .map(|(earlier, later)| (values[later] - values[earlier]) / (later - earlier) as f64)
            .collect();
        let rising = slopes.iter().filter(|&&slope| slope > 0.0).count();
        let falling = slopes.iter().filter(|&&slope| slope < 0.0).count();
        let p = chance(n, rising.abs_diff(falling));
        if p > SIGNIFICANT || centre == 0.0 {
            return None;
        }
        let change = median(&mut slopes) * (n - 1) as f64 / centre.abs();
        let direction = if rising > falling { Direction::Rises } else { Direction::Falls };
        (change.is_finite() && change.abs() >= SMALLEST).then_some(Self { direction, change, p })
    }
}

/// How probable it is that, of n different values in random order, the pairs in rising order and those in falling order
/// differ in number by `score` or more.
fn chance(n: usize, score: usize) -> f64 {
    let pairs = n * n.saturating_sub(1) / 2;
    if n > EXACT_UP_TO {
        let variance = (n * (n - 1) * (2 * n + 5)) as f64 / 18.0;
        // One less for continuity.
        return (2.0 * normal_tail(score.saturating_sub(1) as f64 / variance.sqrt())).min(1.0);
    }
    // How probable each number of pairs in falling order is. A further value, the k-th, stands before 0 to k - 1 of
    // those that are there, with the same probability each.
    let mut falling = vec![1.0];
    for k in 2..=n {
        let mut next = vec![0.0; falling.len() + k - 1];
        for (count, probability) in falling.iter().enumerate() {
            for of_next in &mut next[count..count + k] {
                *of_next += probability / k as f64;
            }
        }
        falling = next;
    }
    let beyond = falling.iter().enumerate().filter(|(count, _)| pairs.abs_diff(2 * count) >= score);
    beyond.map(|(_, probability)| probability).sum::<f64>().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::{super::super::random::Random, *};

    #[test]
    fn chances_are_those_of_published_tables() {
        // Kendall, Rank Correlation Methods, 1948, appendix: one-sided, here twice as much.
        for (n, score, one_sided) in
            [(4, 6, 0.042), (5, 8, 0.042), (5, 10, 0.0083), (8, 16, 0.031), (10, 21, 0.036)]
        {
            assert!((chance(n, score) - 2.0 * one_sided).abs() < 0.001, "{n} {score}: {}", chance(n, score));
        }
        for (n, score) in [(0, 0), (1, 0), (2, 1), (60, 0)] {
            assert!((chance(n, score) - 1.0).abs() < 1e-9, "{n} {score}");
        }
        // Where the exact test gives way, both say much the same.
        let normal = 2.0 * normal_tail(299.0 / (60.0 * 59.0 * 125.0 / 18.0_f64).sqrt());
        assert!((chance(60, 300) / normal - 1.0).abs() < 0.06);
    }

    #[test]
    fn trends_are_seen_where_they_are_clear_and_matter() {
        let cases: [(&[f64], Option<f64>); 10] = [
            (&[], None),
            (&[5.0], None),
            (&[1.0, 2.0, 3.0, 4.0], None),
            (&[100.0, 101.0, 102.0, 103.0, 104.0], Some(4.0 / 102.0)),
            (&[104.0, 103.0, 102.0, 101.0, 100.0], Some(-4.0 / 102.0)),
            (&[100.0, 100.1, 100.2, 100.3, 100.4], None),
            (&[100.0, 120.0, 100.0, 120.0, 100.0, 120.0], None),
            (&[7.0; 9], None),
            (&[0.0; 9], None),
            (&[1.0, 2.0, f64::INFINITY, 4.0, 5.0], None),
        ];
        for (values, change) in cases {
            let drift = Drift::of(values);
            assert_eq!(drift.is_some(), change.is_some(), "{values:?}: {drift:?}");
            if let (Some(drift), Some(change)) = (drift, change) {
                assert!((drift.change - change).abs() < 1e-12, "{values:?}");
                assert_eq!(drift.direction == Direction::Rises, change > 0.0);
            }
        }
    }

    #[test]
    fn noise_alone_is_rarely_called_a_drift() {
        let mut random = Random::new(3);
        let seen = (0..2000).filter(|_| {
            let values: Vec<f64> = (0..8).map(|_| 100.0 + 10.0 * random.normal()).collect();
            Drift::of(&values).is_some()
        });
        assert!((20..=120).contains(&seen.count()));
    }
}
