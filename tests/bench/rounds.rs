//! Sides that take turns: in each round every side runs once.

use poolscope::analysis::Distribution;

/// The values that one run of one side measured, by name.
pub(crate) type Sample = Vec<(&'static str, f64)>;

/// Why a side has no value.
#[derive(Clone, Debug)]
pub(crate) enum Miss {
    /// This build or this machine does not offer it.
    NotSupported(String),
    /// It should have worked.
    Failed(String),
}

type Measure<'a> = Box<dyn FnMut() -> Result<Sample, Miss> + 'a>;

/// One cell of a section's table, and how to measure it.
pub(crate) struct Side<'a> {
    row: String,
    column: String,
    measure: Measure<'a>,
}

impl<'a> Side<'a> {
    pub(crate) fn new(
        row: impl Into<String>,
        column: impl Into<String>,
        measure: impl FnMut() -> Result<Sample, Miss> + 'a,
    ) -> Self {
        Self { row: row.into(), column: column.into(), measure: Box::new(measure) }
    }
}

/// What came of a side, round by round.
pub(crate) struct Measured {
    pub(crate) row: String,
    pub(crate) column: String,
    pub(crate) rounds: Vec<Sample>,
    /// Once a side has missed, it takes no further part.
    pub(crate) miss: Option<Miss>,
}

impl Measured {
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.miss, Some(Miss::Failed(_)))
    }

    /// A metric in each round. Empty for a side that missed a round, since half a series is compared with nothing.
    pub(crate) fn series(&self, metric: &str) -> Vec<f64> {
        if self.miss.is_some() {
            return Vec::new();
        }
        let value =
            |sample: &Sample| sample.iter().find(|(name, _)| *name == metric).map(|(_, value)| *value);
        self.rounds.iter().filter_map(value).collect()
    }
}

/// Lets every side run once in each round.
pub(crate) fn interleave(section: &str, mut sides: Vec<Side<'_>>, rounds: u16) -> Vec<Measured> {
    let mut results: Vec<Measured> = sides
        .iter()
        .map(|side| Measured {
            row: side.row.clone(),
            column: side.column.clone(),
            rounds: Vec::new(),
            miss: None,
        })
        .collect();
    for round in 1..=rounds {
        eprintln!("{section}: round {round} of {rounds}");
        for (side, result) in sides.iter_mut().zip(&mut results) {
            if result.miss.is_some() {
                continue;
            }
            match (side.measure)() {
                Ok(sample) => result.rounds.push(sample),
                Err(miss) => result.miss = Some(miss),
            }
        }
    }
    results
}

/// Median, lowest and highest.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// `None` when there is nothing to describe. Values are nanoseconds, bytes or ratios: a millionth is fine enough.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        const STEPS: f64 = 1e6;
        let whole = Distribution::of(values.iter().map(|value| (value * STEPS).round() as u64))?;
        let back = |value: u64| value as f64 / STEPS;
        Some(Self { low: back(whole.min), median: back(whole.median), high: back(whole.max) })
    }
}

/// One series over another, round by round.
pub(crate) fn ratios(over: &[f64], under: &[f64]) -> Vec<f64> {
    over.iter().zip(under).filter(|(_, under)| **under > 0.0).map(|(over, under)| over / under).collect()
}
