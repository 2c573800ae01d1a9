//! From an experiment to what it tells.

use super::{Experiment, Moment, Plan, RunState};
use crate::{
    analysis::{ExperimentReport, MeasuredRun, VariantRuns},
    event::Status,
    export::ExperimentCover,
    units,
};

impl Experiment {
    /// Of what has been measured so far.
    pub fn report(&self) -> ExperimentReport {
        let mut variants: Vec<VariantRuns<'_>> =
            self.plan.variants.iter().map(|variant| VariantRuns { variant, runs: Vec::new() }).collect();
        for (turn, state) in self.plan.turns.iter().zip(&self.runs) {
            if let (Some(variant), Some(record)) = (variants.get_mut(turn.variant), state.record()) {
                variant.runs.push(MeasuredRun {
                    turn: *turn,
                    figures: &record.figures,
                    calm: record.calm.calm,
                    file: record.file.as_deref(),
                    findings: &record.findings,
                });
            }
        }
        ExperimentReport::new(&variants, self.host.as_deref().cloned())
    }

    /// What a report of it begins with.
    pub fn cover(&self) -> ExperimentCover {
        let runs = || self.plan.turns.iter().copied().zip(&self.runs);
        let missing = runs().filter_map(|(turn, state)| match state {
            RunState::NotStarted(why) => Some((turn, Some(why.clone()))),
            state if state.record().is_none() => Some((turn, None)),
            _ => None,
        });
        let gaps = runs().filter_map(|(turn, state)| Some((turn, state.record()?.gap.clone()?)));
        ExperimentCover {
            status: self.status(),
            title: self.title(),
            began_unix_ns: self.began_unix_ns,
            turns: self.plan.turns.clone(),
            missing: missing.collect(),
            gaps: gaps.collect(),
        }
    }

    /// `spin, 120 tasks`, of the first variant.
    pub fn work(&self) -> String {
        self.plan.variants.first().map_or_else(String::new, |first| {
            format!("{}, {} tasks", first.spec.workload, units::count(u64::from(first.spec.tasks)))
        })
    }

    /// `finished`, `stopped`, or `running`.
    pub fn status(&self) -> &'static str {
        match self.moment {
            Moment::Going | Moment::Stopping => "running",
            Moment::Finished => "finished",
            Moment::Stopped => "stopped",
        }
    }

    /// `2 variants, 7 runs each after 1 warm-up, in turns`; of one that was stopped, `2 variants, 3 of 20 runs, stopped`.
    pub fn title(&self) -> String {
        let Plan { variants, rules, .. } = &*self.plan;
        let plural = |n: u32, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
        let variants = plural(u32::try_from(variants.len()).unwrap_or(u32::MAX), "variant", "variants");
        if self.moment == Moment::Stopped {
            return format!("{variants}, {} of {} runs, stopped", self.made(), self.runs.len());
        }
        let warmup = match rules.warmup {
            0 => String::new(),
            n => format!(" after {}", plural(n, "warm-up", "warm-ups")),
        };
        let runs = plural(rules.repeats, "run", "runs");
        format!("{variants}, {runs} each{warmup}, in turns")
    }

    /// Runs that were made, warm-ups among them. One that was stopped on its way is none.
    pub fn made(&self) -> usize {
        let made =
            |run: &&RunState| run.record().is_some_and(|record| record.figures.status != Status::Interrupted);
        self.runs.iter().filter(made).count()
    }
}
