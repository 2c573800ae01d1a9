//! What an experiment is to run, and how often.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    analysis::{Turn, order},
    spec::{SpecError, Variant},
};

const MAX_REPEATS: u32 = 1000;
const MAX_WARMUP: u32 = 100;
const MAX_RUNS: u64 = 10_000;
const MAX_PATIENCE: Duration = Duration::from_hours(1);

/// How an experiment is run, whatever it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Runs of each variant that count.
    pub repeats: u32,
    /// Runs of each variant before those, which do not count.
    pub warmup: u32,
    /// Of the order of the runs.
    pub seed: u64,
    /// The longest wait before a run for the machine to be calm; 0 for none.
    pub patience: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self { repeats: 5, warmup: 1, seed: 1, patience: Duration::from_secs(5) }
    }
}

impl Rules {
    /// # Errors
    /// Every number that cannot be, by the name of its flag, and the number of runs they come to where that is too large.
    pub fn check(&self, variants: usize) -> Result<(), Vec<SpecError>> {
        let mut errors = Vec::new();
        if !(1..=MAX_REPEATS).contains(&self.repeats) {
            errors.push(SpecError::new("repeats", &self.repeats.to_string(), format!("1 to {MAX_REPEATS}")));
        }
        if self.warmup > MAX_WARMUP {
            errors.push(SpecError::new("warmup", &self.warmup.to_string(), format!("0 to {MAX_WARMUP}")));
        }
        if self.patience > MAX_PATIENCE {
            let allowed = format!("0 to {} s", MAX_PATIENCE.as_secs());
            errors.push(SpecError::new("calm", &self.patience.as_secs_f64().to_string(), allowed));
        }
        let runs = variants as u64 * (u64::from(self.repeats) + u64::from(self.warmup));
        if errors.is_empty() && runs > MAX_RUNS {
            let message = format!("{runs} are asked for ({variants} variants); allowed: at most {MAX_RUNS}");
            errors.push(SpecError::about("runs", message));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// The variants and the order of their runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub variants: Vec<Variant>,
    pub rules: Rules,
    /// Warm-up first, then round by round.
    pub turns: Vec<Turn>,
}

impl Plan {
    /// # Errors
    /// As of [`Rules::check`].
    pub fn new(variants: Vec<Variant>, rules: Rules) -> Result<Self, Vec<SpecError>> {
        rules.check(variants.len())?;
        let turns = order(variants.len(), rules.repeats, rules.warmup, rules.seed);
        Ok(Self { variants, rules, turns })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Draft;

    #[test]
    fn rules_that_cannot_be_are_told_by_name() {
        let rules = Rules { repeats: 0, warmup: 101, seed: 1, patience: Duration::from_secs(4000) };
        let errors = rules.check(1).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["repeats", "warmup", "calm"]);
        let many = Rules { repeats: 1000, ..Rules::default() };
        assert_eq!(many.check(9), Ok(()));
        let error = many.check(10).unwrap_err();
        assert_eq!(error[0].to_string(), "runs: 10010 are asked for (10 variants); allowed: at most 10000");
    }

    #[test]
    fn every_variant_has_all_its_runs() {
        let draft = Draft { workers: Some("1,2,3".into()), ..Draft::default() };
        let plan = Plan::new(draft.variants().unwrap(), Rules::default()).unwrap();
        for variant in 0..3 {
            let of = |warmup| {
                plan.turns.iter().filter(|turn| turn.variant == variant && turn.warmup == warmup).count()
            };
            assert_eq!((of(true), of(false)), (1, 5));
        }
        assert!(plan.turns[..3].iter().all(|turn| turn.warmup));
    }
}
