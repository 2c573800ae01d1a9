//! What cost the variants their time, as the runs of each agree.

use serde::Serialize;

use super::VariantRuns;
use crate::{
    analysis::{Cause, Difference, Figures, KeptFinding, Ratio, compare::same_work, verdict_of_experiment},
    spec::portable_run_line,
};

/// A finding that most runs of a variant share, or that only several variants together show.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExperimentFinding {
    /// Where it took the most; `None` where it is seen between variants only.
    pub variant: Option<String>,
    /// Variants that it is found in.
    pub variants: usize,
    #[serde(flatten)]
    pub finding: KeptFinding,
    /// What this very experiment measured of what the finding says to try.
    pub tested: Option<Tested>,
}

/// The variant that a finding says to try, beside the one that it is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tested {
    pub variant: String,
    /// How many times as fast it was, by wall time.
    pub speedup: Ratio,
    /// It was slower, as far as can be told: the advice does not hold here.
    pub contradicts: bool,
}

impl Tested {
    /// `Tested here: 2 workers, 1.02x as fast (0.98 to 1.05).`
    pub fn words(&self) -> String {
        let so = if self.contradicts { ", so that this is no help here" } else { "" };
        format!("Tested here: {}, {}{so}.", self.variant, self.speedup.speed_words())
    }
}

impl ExperimentFinding {
    /// The sentence, with the variant that it is about.
    pub fn words(&self) -> String {
        let text = match &self.tested {
            Some(tested) => format!("{} {}", self.finding.text, tested.words()),
            None => self.finding.text.clone(),
        };
        match (&self.variant, self.variants.saturating_sub(1)) {
            (None, _) => text,
            (Some(name), 0) => format!("{name}: {text}"),
            (Some(name), 1) => format!("{name} (and one more variant, by less): {text}"),
            (Some(name), others) => format!("{name} (and {others} more variants, by less): {text}"),
        }
    }
}

impl ExperimentFinding {
    /// The command that tests it; `None` where that was done here.
    pub fn command(&self) -> Option<&str> {
        let command = self.finding.command.as_str();
        (self.tested.is_none() && !command.is_empty()).then_some(command)
    }
}

/// Each cause once, where it took the most, the most important first; those whose advice does not hold here come last.
pub(super) fn causes(variants: &[VariantRuns<'_>]) -> Vec<ExperimentFinding> {
    let mut found: Vec<ExperimentFinding> = Cause::ALL
        .into_iter()
        .filter_map(|cause| {
            let of_variants: Vec<(&str, &KeptFinding)> = variants
                .iter()
                .filter_map(|variant| Some((variant.variant.name.as_str(), agreed(variant, cause)?)))
                .collect();
            let (name, finding) = of_variants.iter().max_by(|a, b| a.1.share.total_cmp(&b.1.share))?;
            Some(ExperimentFinding {
                variant: Some((*name).to_owned()),
                variants: of_variants.len(),
                tested: tested(variants, name, finding),
                finding: (*finding).clone(),
            })
        })
        .collect();
    let runs: Vec<(&crate::spec::Spec, &Figures)> = variants
        .iter()
        .flat_map(|variant| variant.counted().map(|run| (&variant.variant.spec, run.figures)))
        .collect();
    for finding in verdict_of_experiment(&runs) {
        let finding = KeptFinding::from(&finding);
        // What a run shows by itself is seen more clearly between runs.
        found.retain(|other| other.finding.cause != finding.cause);
        found.push(ExperimentFinding { variant: None, variants: variants.len(), finding, tested: None });
    }
    let fails = |found: &ExperimentFinding| found.tested.as_ref().is_some_and(|tested| tested.contradicts);
    found.sort_by(|a, b| fails(a).cmp(&fails(b)).then_with(|| b.finding.share.total_cmp(&a.finding.share)));
    found
}

/// What the experiment measured of a finding's advice. The same pool once more is no test.
fn tested(variants: &[VariantRuns<'_>], about: &str, finding: &KeptFinding) -> Option<Tested> {
    let own = variants.iter().find(|one| one.variant.name == about)?;
    let is_tried = |one: &&VariantRuns<'_>| portable_run_line(&one.variant.spec) == finding.command;
    let tried = variants.iter().filter(|one| one.variant.name != about).find(is_tried)?;
    if !same_work(&own.variant.spec, &tried.variant.spec) {
        return None;
    }
    let wall_ns = |one: &VariantRuns<'_>| one.rounds(|figures| Some(figures.wall_ns as f64));
    let speedup = Ratio::of(&wall_ns(own), &wall_ns(tried))?;
    let contradicts = matches!(Difference::of(speedup), Difference::BFaster { .. });
    Some(Tested { variant: tried.variant.name.clone(), speedup, contradicts })
}

/// The finding that more than half of the variant's runs have, as the one with the median share tells it.
fn agreed<'a>(variant: &VariantRuns<'a>, cause: Cause) -> Option<&'a KeptFinding> {
    let counted = variant.counted().count();
    let of_run = |run: &super::MeasuredRun<'a>| run.findings.iter().find(|finding| finding.cause == cause);
    let mut findings: Vec<&KeptFinding> = variant.counted().filter_map(of_run).collect();
    if findings.len() * 2 <= counted {
        return None;
    }
    findings.sort_by(|a, b| a.share.total_cmp(&b.share));
    findings.get(findings.len() / 2).copied()
}
