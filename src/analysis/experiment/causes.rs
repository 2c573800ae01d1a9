//! What cost the variants their time, as the runs of each agree.

use serde::Serialize;

use super::VariantRuns;
use crate::analysis::{Cause, Figures, KeptFinding, verdict_of_experiment};

/// A finding that most runs of a variant share, or that only several variants together show.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExperimentFinding {
    /// Where it took the most; `None` where it is seen between variants only.
    pub variant: Option<String>,
    /// Variants that it is found in.
    pub variants: usize,
    #[serde(flatten)]
    pub finding: KeptFinding,
}

impl ExperimentFinding {
    /// The sentence, with the variant that it is about.
    pub fn words(&self) -> String {
        let text = &self.finding.text;
        match (&self.variant, self.variants.saturating_sub(1)) {
            (None, _) => text.clone(),
            (Some(name), 0) => format!("{name}: {text}"),
            (Some(name), 1) => format!("{name} (and one more variant, by less): {text}"),
            (Some(name), others) => format!("{name} (and {others} more variants, by less): {text}"),
        }
    }
}

/// Each cause once, where it took the most, the most important first.
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
        found.push(ExperimentFinding { variant: None, variants: variants.len(), finding });
    }
    found.sort_by(|a, b| b.finding.share.total_cmp(&a.finding.share));
    found
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
