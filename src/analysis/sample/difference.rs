//! Whether one of two is faster, in words.

use serde::Serialize;

use super::{Interval, Ratio, Times};

/// Two durations within this factor of each other are as good as equal, however exactly the factor is known.
pub(in crate::analysis) const EQUIVALENT: f64 = 1.02;
/// An interval with less coverage is not left to be taken for one of 95 %.
pub(in crate::analysis) const USUAL_COVERAGE: f64 = 0.9;
/// With less there is no telling.
const LEAST_COVERAGE: f64 = 0.6;
/// An interval of the ratio that reaches beyond this factor leaves room for a difference that matters.
const WIDE: f64 = 1.1;

/// What repeated measurements say of the durations of A and B.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Difference {
    /// The interval of B's duration over A's holds 1, or lies within 2 % of it: a difference that small is none in
    /// practice.
    NoDifferenceSeen { ratio: Ratio },
    /// B took so many times as long.
    AFaster { ratio: Ratio },
    /// A took so many times as long.
    BFaster { ratio: Ratio },
    /// One measurement of A or of B has no interval. The ratio is B's duration over A's.
    CannotTell { ratio: Ratio },
}

impl Difference {
    /// `ratio` is B's duration over A's, so that what is above 1 speaks for A.
    pub fn of(ratio: Ratio) -> Self {
        match ratio.interval {
            None => Self::CannotTell { ratio },
            // Two values each are on one side of the truth every other time.
            Some(interval) if interval.coverage < LEAST_COVERAGE => Self::CannotTell { ratio },
            Some(interval) if interval.low >= 1.0 / EQUIVALENT && interval.high <= EQUIVALENT => {
                Self::NoDifferenceSeen { ratio }
            }
            Some(interval) if interval.low > 1.0 => Self::AFaster { ratio },
            Some(interval) if interval.high < 1.0 => Self::BFaster { ratio: ratio.inverse() },
            Some(_) => Self::NoDifferenceSeen { ratio },
        }
    }

    pub fn ratio(&self) -> Ratio {
        let (Self::NoDifferenceSeen { ratio }
        | Self::AFaster { ratio }
        | Self::BFaster { ratio }
        | Self::CannotTell { ratio }) = *self;
        ratio
    }

    /// `threads is 1.93x faster (1.88 to 1.99)`, `no difference seen (ratio 1.00, 0.98 to 1.03)`.
    pub fn words(&self, a: &str, b: &str) -> String {
        let ratio = self.ratio();
        let value = digits(ratio.value);
        let range = range(ratio);
        match self {
            Self::NoDifferenceSeen { .. } if wide(ratio) => {
                format!("no difference seen (ratio {value}, {range}); more repeats may show one")
            }
            Self::NoDifferenceSeen { .. } => format!("no difference seen (ratio {value}, {range})"),
            Self::AFaster { .. } => format!("{a} is {value}x faster ({range})"),
            Self::BFaster { .. } => format!("{b} is {value}x faster ({range})"),
            Self::CannotTell { .. } => {
                let runs = if ratio.n == 2 { "two runs" } else { "one run" };
                format!("{runs} cannot tell a difference from chance (ratio {value}): repeat it")
            }
        }
    }
}

impl Ratio {
    /// For a cell of a table, beneath which the coverage is told: `0.53× (0.51 to 0.56)`, or `no difference seen (ratio
    /// 1.00, 0.98 to 1.03)`. Without an interval the ratio alone.
    pub(in crate::analysis) fn cell_words(self) -> String {
        let value = digits(self.value);
        match (Difference::of(self), self.interval) {
            (Difference::CannotTell { .. }, _) | (_, None) => format!("{value}×"),
            (Difference::NoDifferenceSeen { .. }, Some(interval)) => {
                format!("no difference seen (ratio {value}, {})", bare_range(interval))
            }
            (_, Some(interval)) => format!("{value}× ({})", bare_range(interval)),
        }
    }

    /// Of a speed: `1.02x as fast (0.98 to 1.05)`.
    pub fn speed_words(self) -> String {
        let value = digits(self.value);
        match Difference::of(self) {
            Difference::CannotTell { .. } => format!("{value}x as fast, of too few runs to tell"),
            _ => format!("{value}x as fast ({})", range(self)),
        }
    }
}

impl Times {
    /// Of durations: `1.31x (1.20 to 1.42)`.
    pub fn words(self) -> String {
        format!("{}x ({} to {})", digits(self.times), digits(self.low), digits(self.high))
    }
}

pub(in crate::analysis) fn wide(ratio: Ratio) -> bool {
    ratio.interval.is_some_and(|interval| interval.low < 1.0 / WIDE || interval.high > WIDE)
}

/// `1.88 to 1.99`, with the coverage where it is less than what people take for granted.
pub(in crate::analysis) fn range(ratio: Ratio) -> String {
    let Some(interval) = ratio.interval else { return String::new() };
    let range = bare_range(interval);
    if interval.coverage < USUAL_COVERAGE {
        format!("{range}, a {:.0} % interval of {} repeats", (interval.coverage * 100.0).floor(), ratio.n)
    } else {
        range
    }
}

/// `1.88 to 1.99`
fn bare_range(interval: Interval) -> String {
    format!("{} to {}", digits(interval.low), digits(interval.high))
}

fn digits(ratio: f64) -> String {
    match ratio {
        ..0.095 => format!("{ratio:.4}"),
        ..9.995 => format!("{ratio:.2}"),
        ..99.95 => format!("{ratio:.1}"),
        _ => format!("{ratio:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(value: f64, low: f64, high: f64) -> Ratio {
        let interval = Some(Interval { low, high, coverage: 0.95 });
        Ratio { value, interval, paired: true, n: 7 }
    }

    #[test]
    fn verdicts_follow_from_the_interval() {
        let cases = [
            (ratio(1.93, 1.88, 1.99), "A is 1.93x faster (1.88 to 1.99)"),
            (ratio(0.5, 0.4, 0.8), "B is 2.00x faster (1.25 to 2.50)"),
            (ratio(1.0, 0.98, 1.03), "no difference seen (ratio 1.00, 0.98 to 1.03)"),
            // Certain, and of no use.
            (ratio(1.01, 1.005, 1.015), "no difference seen (ratio 1.01, 1.00 to 1.01)"),
            (ratio(0.99, 0.985, 0.995), "no difference seen (ratio 0.99, 0.98 to 0.99)"),
            (ratio(1.015, 1.005, 1.03), "A is 1.01x faster (1.00 to 1.03)"),
            (
                ratio(1.0, 1.0, 1.5),
                "no difference seen (ratio 1.00, 1.00 to 1.50); more repeats may show one",
            ),
            (ratio(123.4, 56.78, 1234.0), "A is 123x faster (56.8 to 1234)"),
            (ratio(0.01, 0.005, 0.02), "B is 100x faster (50.0 to 200)"),
        ];
        for (ratio, words) in cases {
            assert_eq!(Difference::of(ratio).words("A", "B"), words);
        }
    }

    #[test]
    fn few_repeats_say_how_little_they_know() {
        let of_two = Ratio { n: 2, ..Ratio::paired(&[2.0, 2.1], &[1.0, 1.0]).expect("a ratio") };
        let words = Difference::of(of_two).words("A", "B");
        assert_eq!(words, "two runs cannot tell a difference from chance (ratio 2.05): repeat it");
        let of_three = Ratio::paired(&[2.0, 2.1, 2.2], &[1.0, 1.0, 1.0]).expect("a ratio");
        let words = Difference::of(of_three).words("A", "B");
        assert_eq!(words, "A is 2.10x faster (2.00 to 2.20, a 75 % interval of 3 repeats)");
        let of_one = Ratio::unpaired(&[2.0], &[1.0]).expect("a ratio");
        let words = Difference::of(of_one).words("A", "B");
        assert_eq!(words, "one run cannot tell a difference from chance (ratio 2.00): repeat it");
    }

    #[test]
    fn a_cell_has_the_interval_or_that_no_difference_is_seen() {
        for (ratio, words) in [
            (ratio(1.93, 1.88, 1.99), "1.93× (1.88 to 1.99)"),
            (ratio(0.5, 0.4, 0.8), "0.50× (0.40 to 0.80)"),
            (ratio(1.0, 0.98, 1.03), "no difference seen (ratio 1.00, 0.98 to 1.03)"),
            (Ratio { interval: None, ..ratio(2.0, 0.0, 0.0) }, "2.00×"),
        ] {
            assert_eq!(ratio.cell_words(), words);
        }
    }

    #[test]
    fn a_verdict_is_json_with_its_interval() {
        let verdict = Difference::of(ratio(1.93, 1.88, 1.99));
        assert_eq!(
            serde_json::to_value(verdict).expect("JSON"),
            serde_json::json!({
                "verdict": "a_faster",
                "ratio": {"median": 1.93, "low": 1.88, "high": 1.99, "coverage": 0.95, "paired": true, "n": 7},
            })
        );
    }
}
