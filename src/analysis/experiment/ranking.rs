//! Which of several variants is the fastest, which may be as fast, and which are slower by how much.

use serde::Serialize;

use super::VariantRuns;
use crate::analysis::{EQUIVALENT, Times, compare::same_work};

/// Of two variants their difference says the same.
const FEWEST: usize = 3;
/// Variants that are named of those that are slower, and of those that are not told from the fastest.
const NAMED: usize = 8;

/// Variants of the same work by their wall time. The fastest is chosen by the same runs that it is then compared by, so
/// that a lucky one may be it: each interval is made as if every variant were compared with every other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ranking {
    /// The variant with the smallest median.
    pub fastest: String,
    /// Comparisons for which the intervals hold together.
    pub comparisons: usize,
    /// In which fraction of experiments all of them do, at least.
    pub confidence: f64,
    /// The other variants, by their medians.
    pub others: Vec<Ranked>,
}

/// A variant beside the fastest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ranked {
    pub variant: String,
    /// It is told from the fastest: the interval lies above 1, and not within 2 % of it.
    pub slower: bool,
    /// How many times as long as the fastest it took; `None` where they have no two rounds in common.
    pub wall: Option<Times>,
}

impl Ranking {
    /// `None` for fewer than three variants with runs that count, for work that is not the same, and where nothing was
    /// repeated.
    pub(super) fn new(variants: &[VariantRuns<'_>]) -> Option<Self> {
        let first = variants.first()?;
        if !variants.iter().all(|one| same_work(&one.variant.spec, &first.variant.spec)) {
            return None;
        }
        let wall_ns = |one: &VariantRuns<'_>| one.rounds(|figures| Some(figures.wall_ns as f64));
        let median = |one: &VariantRuns<'_>| one.sample(|figures| Some(figures.wall_ns as f64));
        let mut measured: Vec<(&VariantRuns<'_>, f64, usize)> =
            variants.iter().filter_map(|one| median(one).map(|wall| (one, wall.median, wall.n))).collect();
        if measured.len() < FEWEST || measured.iter().all(|one| one.2 < 2) {
            return None;
        }
        measured.sort_by(|a, b| a.1.total_cmp(&b.1));
        let comparisons = measured.len() * (measured.len() - 1) / 2;
        let (fastest, others) = measured.split_first()?;
        let of_fastest = wall_ns(fastest.0);
        let ranked = |(one, ..): &(&VariantRuns<'_>, f64, usize)| {
            let wall = Times::of(&wall_ns(one), &of_fastest, comparisons);
            Ranked {
                variant: one.variant.name.clone(),
                slower: wall.is_some_and(|wall| wall.low > 1.0 && wall.high > EQUIVALENT),
                wall,
            }
        };
        Some(Self {
            fastest: fastest.0.variant.name.clone(),
            comparisons,
            confidence: 0.95,
            others: others.iter().map(ranked).collect(),
        })
    }

    /// `fastest: 2 workers; not told from it: 3 workers, 4 workers; slower: 1 worker 1.86x (1.71 to 2.02)`.
    pub fn words(&self) -> String {
        // Names of what differs in several things have commas of their own.
        let comma = if self.others.iter().any(|one| one.variant.contains(',')) { " | " } else { ", " };
        let listed = |name: &str, words: &[String]| {
            let more = words.len().saturating_sub(NAMED);
            let more = if more > 0 { format!("{comma}and {more} more") } else { String::new() };
            let named = words[..words.len().min(NAMED)].join(comma);
            (!words.is_empty()).then(|| format!("; {name}: {named}{more}"))
        };
        let (slower, untold): (Vec<&Ranked>, Vec<&Ranked>) = self.others.iter().partition(|one| one.slower);
        let untold: Vec<String> = untold.iter().map(|one| one.variant.clone()).collect();
        let slower: Vec<String> = slower
            .iter()
            .map(|one| {
                let times = one.wall.map_or_else(String::new, |wall| format!(" {}", wall.words()));
                format!("{}{times}", one.variant)
            })
            .collect();
        let lists = [listed("not told from it", &untold), listed("slower", &slower)];
        format!("fastest: {}{}", self.fastest, lists.into_iter().flatten().collect::<String>())
    }

    /// What the intervals are worth.
    pub fn note(&self) -> String {
        format!(
            "the ranges hold together with {:.0} %, as if each variant were compared with each ({} comparisons, Bonferroni; \
             Student's t of the logarithms, round by round)",
            self.confidence * 100.0,
            self.comparisons,
        )
    }
}
