//! Two variants of an experiment against each other.

use serde::Serialize;

use super::VariantRuns;
use crate::{
    analysis::{Difference, Figures, Part, Ratio, Sample, compare::same_work},
    units,
};

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// From the pool's start to the last task's end.
    Wall,
    /// From the first task's start to the last task's end.
    Work,
    /// CPU time of all workers.
    Cpu,
}

impl Quantity {
    pub const ALL: [Self; 3] = [Self::Wall, Self::Work, Self::Cpu];

    pub fn label(self) -> &'static str {
        match self {
            Self::Wall => "wall time",
            Self::Work => "working time",
            Self::Cpu => "CPU time",
        }
    }

    fn ns(self, figures: &Figures) -> Option<f64> {
        match self {
            Self::Wall => Some(figures.wall_ns),
            Self::Work => figures.work_ns,
            Self::Cpu => Some(figures.cpu_ns),
        }
        .map(|ns| ns as f64)
    }
}

/// One quantity of both.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    pub quantity: Quantity,
    #[serde(flatten)]
    pub difference: Difference,
    pub text: String,
}

/// Two variants, `a` mostly the first or the fastest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PairReport {
    pub a: String,
    pub b: String,
    /// Durations of `b` over those of `a`. Empty where the two did different work.
    pub compared: Vec<Compared>,
    /// How much longer `b` took to be ready, in nanoseconds; negative where it was sooner.
    pub ready_ns: Option<Sample>,
    /// What each part of the workers' time took longer in `b`, by the part's name: nanoseconds a run of all workers
    /// together, negative for less. Those that changed most come first.
    pub moved: Vec<(&'static str, i64)>,
}

impl PairReport {
    pub(super) fn new(a: &VariantRuns<'_>, b: &VariantRuns<'_>) -> Self {
        let names = [a, b].map(|one| one.variant.name.as_str());
        let compared = |quantity: Quantity| {
            let of = |one: &VariantRuns<'_>| one.rounds(|figures| quantity.ns(figures));
            let difference = Difference::of(Ratio::of(&of(b), &of(a))?);
            Some(Compared { quantity, difference, text: difference.words(names[0], names[1]) })
        };
        let alike = same_work(&a.variant.spec, &b.variant.spec);
        let compared =
            if alike { Quantity::ALL.into_iter().filter_map(compared).collect() } else { Vec::new() };
        Self {
            a: names[0].to_owned(),
            b: names[1].to_owned(),
            compared,
            ready_ns: ready_difference(a, b),
            moved: moved(a, b),
        }
    }

    pub fn of(&self, quantity: Quantity) -> Option<&Compared> {
        self.compared.iter().find(|compared| compared.quantity == quantity)
    }

    /// `processes took 9.10 ms longer to start (8.70 ms to 9.60 ms)`; `None` where it cannot be told from none.
    pub fn ready_words(&self) -> Option<String> {
        let sample = self.ready_ns.as_ref()?;
        let interval = sample.median_interval?;
        if interval.contains(0.0) {
            return None;
        }
        let slower = if sample.median > 0.0 { &self.b } else { &self.a };
        let [median, one, other] = [sample.median, interval.low, interval.high].map(f64::abs);
        let ns = |value: f64| units::duration(value as u64);
        let (low, high) = (one.min(other), one.max(other));
        Some(format!("{slower} took {} longer to start ({} to {})", ns(median), ns(low), ns(high)))
    }
}

/// Round by round, so that what changed meanwhile met both.
fn ready_difference(a: &VariantRuns<'_>, b: &VariantRuns<'_>) -> Option<Sample> {
    let ready = |one: &VariantRuns<'_>| one.rounds(|figures| figures.ready_ns.map(|ns| ns as f64));
    let of_a = ready(a);
    let in_round = |round: u32| of_a.iter().find(|value| value.0 == round).map(|value| value.1);
    let differences: Vec<f64> =
        ready(b).into_iter().filter_map(|(round, ns)| Some(ns - in_round(round)?)).collect();
    Sample::of(&differences)
}

/// A file may hold any number.
fn signed(ns: u64) -> i64 {
    i64::try_from(ns).unwrap_or(i64::MAX)
}

fn moved(a: &VariantRuns<'_>, b: &VariantRuns<'_>) -> Vec<(&'static str, i64)> {
    let [of_a, of_b] = [a, b].map(super::mean_parts);
    let change = |part: Part| (part.name(), signed(of_b.of(part)).saturating_sub(signed(of_a.of(part))));
    let mut changes: Vec<_> = Part::ALL.into_iter().map(change).filter(|change| change.1 != 0).collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.1.unsigned_abs()));
    changes
}
