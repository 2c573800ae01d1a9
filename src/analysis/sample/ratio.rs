//! How many times as large one quantity is as another.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    super::random::Random,
    Interval, NOMINAL, Sample,
    bootstrap::{RESAMPLES, Replicates, percentiles},
    mean, median, sorted, student,
};

/// While one sample has no more values than this, an interval reaches to the outermost ratios there are.
const RANGE_UP_TO: usize = 4;

/// One sample over another, both of values above 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(into = "Flat")]
pub struct Ratio {
    pub value: f64,
    pub interval: Option<Interval>,
    /// Whether values were compared round by round.
    pub paired: bool,
    /// Of the smaller sample; of the rounds where they are paired.
    pub n: usize,
}

impl Ratio {
    /// `top / bottom`, of values with the round that each was measured in. [Paired](Self::paired) where both have
    /// at most one value a round and share two thirds of their rounds, of which alone it then is: the two values of a
    /// round met the same state of the machine, and a drift cancels out. Else [unpaired](Self::unpaired).
    pub fn of(top: &[(u32, f64)], bottom: &[(u32, f64)]) -> Option<Self> {
        let [tops, bottoms] = [top, bottom].map(|values| values.iter().copied().collect::<BTreeMap<_, _>>());
        let values = |of: &[(u32, f64)]| of.iter().map(|value| value.1).collect::<Vec<_>>();
        let once = tops.len() == top.len() && bottoms.len() == bottom.len();
        let common: Vec<(f64, f64)> =
            tops.iter().filter_map(|(round, top)| Some((*top, *bottoms.get(round)?))).collect();
        // A run that was lost, or an end in the middle of a round, costs that round alone.
        if once && !common.is_empty() && common.len() * 3 >= tops.len().max(bottoms.len()) * 2 {
            let (tops, bottoms): (Vec<f64>, Vec<f64>) = common.into_iter().unzip();
            Self::paired(&tops, &bottoms)
        } else {
            Self::unpaired(&values(top), &values(bottom))
        }
    }

    /// The median of the ratios of values with the same index, with the interval that [`Sample`] has for a median. It
    /// is taken of logarithms, so that the ratio the other way round is the inverse.
    ///
    /// `None` where there are no values, unequal numbers of them, or one that is not a finite number above 0.
    pub fn paired(top: &[f64], bottom: &[f64]) -> Option<Self> {
        if top.len() != bottom.len() || !positive(top) || !positive(bottom) {
            return None;
        }
        let logs: Vec<f64> = top.iter().zip(bottom).map(|(top, bottom)| top.ln() - bottom.ln()).collect();
        let sample = Sample::of(&logs)?;
        let interval = sample.median_interval.map(|Interval { low, high, coverage }| Interval {
            low: low.exp(),
            high: high.exp(),
            coverage,
        });
        Self { value: sample.median.exp(), interval, paired: true, n: sample.n }.finite()
    }

    /// The ratio of the two medians.
    ///
    /// Its interval is a percentile bootstrap of both samples, each drawn from on its own. In experiments with 5 to
    /// 15 values each, normal and skewed, it held the true ratio in 95 to 98 %, so that nothing is expanded. With
    /// four values or fewer it goes from the least ratio of two values to the greatest: that misses 1 for two samples
    /// of one distribution only when all values of one lie above all of the other, with probability 2 n! m! / (n +
    /// m)!. So it covers 67 % for two values each, 90 % for three, 97 % for four. A sample of one value has no
    /// interval.
    ///
    /// `None` where there are no values, or one that is not a finite number above 0.
    pub fn unpaired(top: &[f64], bottom: &[f64]) -> Option<Self> {
        Self::unpaired_resampled(top, bottom, RESAMPLES)
    }

    pub(super) fn unpaired_resampled(top: &[f64], bottom: &[f64], resamples: usize) -> Option<Self> {
        if !positive(top) || !positive(bottom) {
            return None;
        }
        let [mut top, mut bottom] = [sorted(top)?, sorted(bottom)?];
        let value = median(&mut top) / median(&mut bottom);
        let n = top.len().min(bottom.len());
        let interval = match n {
            0 | 1 => None,
            2..=RANGE_UP_TO => Some(Interval {
                low: top[0] / bottom[bottom.len() - 1],
                high: top[top.len() - 1] / bottom[0],
                coverage: 1.0 - apart(top.len(), bottom.len()),
            }),
            _ => {
                let mut ratios = ratios_of_medians(&top, &bottom, resamples);
                let (low, high) = percentiles(&mut ratios, (1.0 - NOMINAL) / 2.0);
                Some(Interval { low, high, coverage: NOMINAL })
            }
        };
        Self { value, interval, paired: false, n }.finite()
    }

    /// The same the other way round.
    #[must_use]
    pub fn inverse(self) -> Self {
        let interval = self.interval.map(|Interval { low, high, coverage }| Interval {
            low: 1.0 / high,
            high: 1.0 / low,
            coverage,
        });
        Self { value: 1.0 / self.value, interval, ..self }
    }

    /// `None` where dividing has left the range of numbers, in either direction.
    fn finite(self) -> Option<Self> {
        let (low, high) = self.interval.map_or((1.0, 1.0), |interval| (interval.low, interval.high));
        [self.value, low, high].into_iter().all(f64::is_normal).then_some(self)
    }
}

/// One of many ratios whose intervals hold together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Times {
    /// The geometric mean of the ratios within rounds.
    pub times: f64,
    pub low: f64,
    pub high: f64,
    /// Rounds.
    pub n: usize,
}

impl Times {
    /// `top / bottom`, of values with the round that each was measured in, as one of so many comparisons.
    ///
    /// The interval is Student's t of the logarithms of the ratios within rounds, at a level of 1 - 0.05 / `comparisons`
    /// (Bonferroni), so that all of them together hold the truth in 95 % of experiments and more. It takes logarithms of
    /// ratios for normal, which the bootstrap of [`Ratio`] does not; but that, and the range of a few values, cannot
    /// reach such levels with any number of repeats that people make.
    ///
    /// `None` for fewer than two common rounds, and where a value is not a finite number above 0.
    pub fn of(top: &[(u32, f64)], bottom: &[(u32, f64)], comparisons: usize) -> Option<Self> {
        let bottoms: BTreeMap<u32, f64> = bottom.iter().copied().collect();
        let common = top.iter().filter_map(|(round, top)| Some((*top, *bottoms.get(round)?)));
        let (tops, bottoms): (Vec<f64>, Vec<f64>) = common.unzip();
        if tops.len() < 2 || !positive(&tops) || !positive(&bottoms) {
            return None;
        }
        let logs: Vec<f64> = tops.iter().zip(&bottoms).map(|(top, bottom)| top.ln() - bottom.ln()).collect();
        let n = logs.len();
        let mean = mean(&logs);
        let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
        let beyond = (1.0 - NOMINAL) / comparisons.max(1) as f64;
        let half = student::quantile(n - 1, beyond) * (variance / n as f64).sqrt();
        let times = Self { times: mean.exp(), low: (mean - half).exp(), high: (mean + half).exp(), n };
        // So wide an interval has no end that could be written down.
        [times.times, times.low, times.high].into_iter().all(f64::is_normal).then_some(times)
    }
}

/// A [`Ratio`] as JSON shows it, with `null` for an interval that does not exist.
#[derive(Serialize)]
struct Flat {
    median: f64,
    low: Option<f64>,
    high: Option<f64>,
    coverage: Option<f64>,
    paired: bool,
    n: usize,
}

impl From<Ratio> for Flat {
    fn from(Ratio { value, interval, paired, n }: Ratio) -> Self {
        Self {
            median: value,
            low: interval.map(|interval| interval.low),
            high: interval.map(|interval| interval.high),
            coverage: interval.map(|interval| interval.coverage),
            paired,
            n,
        }
    }
}

fn positive(values: &[f64]) -> bool {
    !values.is_empty() && values.iter().all(|&value| value > 0.0 && value.is_finite())
}

fn ratios_of_medians(top: &[f64], bottom: &[f64], resamples: usize) -> Vec<f64> {
    let mut random = Random::new((top.len() + bottom.len()) as u64);
    // One generator for both: samples of one size would else be drawn from in step, and vary together.
    let [tops, bottoms] =
        [top, bottom].map(|values| Replicates::drawn(values, resamples, &mut random).medians);
    tops.iter().zip(&bottoms).map(|(top, bottom)| top / bottom).collect()
}

/// How probable it is that all n values of one sample lie above all m of another of the same distribution, or below
/// them.
fn apart(n: usize, m: usize) -> f64 {
    // 2 n! m! / (n + m)!, factor by factor.
    (1..=n).fold(2.0, |product, i| product * i as f64 / (m + i) as f64)
}
