//! Several runs in a table: a column for each, or for those that repeat one another, and how it stands to one of them.

mod doubts;
mod quantities;
#[cfg(test)]
mod tests;
mod words;

use std::{ops::RangeInclusive, path::Path};

use serde::Serialize;

use self::{
    doubts::doubts,
    quantities::{Quantity, quantities},
};
use super::{
    differing,
    quantity::{Unit, times},
    same_work,
};
use crate::{
    analysis::{
        Difference, Distribution, Figures, Ratio, Sample,
        sample::{range, wide},
    },
    event::{Host, Outcome},
    record::RunFile,
    spec::{Lengths, Spec, Telemetry, name_variants},
    store::{RunStore, resized_words},
};

/// So many runs can be compared at once.
pub const MOST_COMPARED: RangeInclusive<usize> = 2..=8;
const NOT_MEASURED: &str = "not measured";

/// What is taken in of one run: small, so that the run itself can be let go.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedRun {
    /// What it is called: by people, or its file.
    pub name: String,
    pub spec: Spec,
    pub host: Host,
    /// The program that recorded it.
    pub build: String,
    pub figures: Figures,
    /// Time in the queue of attempts that ended ok.
    pub wait_ns: Option<Distribution>,
    /// To what sizes its pool was brought, where it was.
    pub resized: Option<String>,
}

impl ComparedRun {
    /// # Errors
    /// Why a run that was read cannot be compared.
    pub fn of_file(path: &Path, file: &RunFile) -> Result<Self, String> {
        let named = Some(file.label.name.clone()).filter(|name| !name.is_empty());
        let name =
            named.unwrap_or_else(|| path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        Self::new(name, file.build.clone(), &file.store)
            .ok_or_else(|| format!("{} cannot be compared: its run never started", path.display()))
    }

    /// `None` for a run that goes on, and for one of which nothing is known.
    fn new(name: String, build: String, store: &RunStore) -> Option<Self> {
        let info = store.info.as_deref()?;
        let ok = store.spans().filter(|(_, span)| span.outcome == Outcome::Ok);
        Some(Self {
            name,
            spec: info.spec.clone(),
            host: info.host.clone(),
            build,
            figures: Figures::new(store, 0)?,
            wait_ns: Distribution::of(ok.map(|(_, span)| span.wait_ns())),
            resized: resized_words(store.resizes().iter().map(|size| size.1)),
        })
    }

    /// Runs repeat one another where this is equal: all but how they were measured, and of which lesson they are part, and
    /// but the seed where every task is as long as any other whatever it is.
    fn kind(&self) -> Spec {
        let seed = if self.spec.lengths == Lengths::Fixed { 0 } else { self.spec.seed };
        Spec { seed, telemetry: Telemetry::Auto, ..self.spec.unmarked() }
    }
}

/// Several runs compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunsComparison {
    /// The column that the others are set against.
    pub base: usize,
    pub columns: Vec<RunsColumn>,
    /// Fields of the specs that are not alike: name, and what each column had.
    pub settings: Vec<(String, Vec<String>)>,
    pub rows: Vec<RunsRow>,
    /// What makes the comparison doubtful.
    pub warnings: Vec<String>,
}

/// One run, or several that repeat one another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunsColumn {
    /// By what it differs from the others: `threads × 2`. Unlike any other's.
    pub name: String,
    /// What its runs are called, and their places among the runs that were given.
    pub runs: Vec<String>,
    pub places: Vec<usize>,
    /// So many of them are in its numbers: those whose tasks all ended well, or else all.
    pub counted: usize,
}

/// One quantity of all columns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunsRow {
    pub name: String,
    /// Of the values: `ns`, `bytes`, `tasks/s`, or `share` for 0 to 1.
    pub unit: &'static str,
    pub cells: Vec<Cell>,
}

/// One quantity of one column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// `None` where it was not measured.
    pub value: Option<Sample>,
    /// The column over the base; `None` for the base, and where it would say nothing.
    pub ratio: Option<Ratio>,
    pub text: String,
    /// The same without rounding, and of how many runs.
    #[serde(skip)]
    pub exact: String,
    /// `0.53×`, `no difference seen`; empty without a ratio.
    pub against: String,
    /// How far the ratio can be trusted; empty where nothing is known of that.
    pub range: String,
}

/// A column with what was measured of it.
struct Group<'a> {
    runs: Vec<(usize, &'a ComparedRun)>,
}

impl<'a> Group<'a> {
    /// Runs that count: those whose tasks all ended well, or where there is none, all.
    fn counted(&self) -> impl Iterator<Item = &'a ComparedRun> {
        let whole = self.is_whole();
        self.runs.iter().map(|run| run.1).filter(move |run| !whole || run.figures.is_whole())
    }

    fn is_whole(&self) -> bool {
        self.runs.iter().any(|run| run.1.figures.is_whole())
    }

    fn values(&self, quantity: &Quantity) -> Vec<f64> {
        self.counted().filter_map(|run| quantity.of(run)).collect()
    }

    /// Whether its tasks were those of the other one, whatever their seeds.
    fn same_work(&self, other: &Self) -> bool {
        let kind = |group: &Self| group.runs.first().map(|run| run.1.kind());
        kind(self).zip(kind(other)).is_some_and(|(own, others)| same_work(&own, &others))
    }
}

impl RunsComparison {
    /// Of runs with equal specs, seed and measurement aside, one column is made. The columns stand in the order of their
    /// first runs; a `base` that there is not is the first.
    pub fn new(runs: &[ComparedRun], base: usize) -> Self {
        let groups = grouped(runs);
        let columns = columns(&groups);
        let base = if base < groups.len() { base } else { 0 };
        let specs: Vec<&Spec> = runs.iter().map(|run| &run.spec).collect();
        let settings = differing(&specs).into_iter().map(|(name, values)| {
            let of_group = |group: &Group<'_>| {
                let mut told: Vec<&str> = group.runs.iter().map(|run| values[run.0].as_str()).collect();
                told.sort_unstable();
                told.dedup();
                told.join(", ")
            };
            (name, groups.iter().map(of_group).collect())
        });
        Self {
            base,
            settings: settings.collect(),
            rows: quantities(runs).iter().map(|quantity| row(quantity, &groups, base)).collect(),
            warnings: doubts(&groups, &columns, base),
            columns,
        }
    }
}

fn grouped(runs: &[ComparedRun]) -> Vec<Group<'_>> {
    let mut groups: Vec<(Spec, Group<'_>)> = Vec::new();
    for run in runs.iter().enumerate() {
        let kind = run.1.kind();
        match groups.iter_mut().find(|group| group.0 == kind) {
            Some((_, group)) => group.runs.push(run),
            None => groups.push((kind, Group { runs: vec![run] })),
        }
    }
    groups.into_iter().map(|group| group.1).collect()
}

fn columns(groups: &[Group<'_>]) -> Vec<RunsColumn> {
    let kinds = groups.iter().filter_map(|group| group.runs.first()).map(|run| run.1.kind()).collect();
    let names: Vec<String> = name_variants(kinds).into_iter().map(|variant| variant.name).collect();
    let mut columns: Vec<RunsColumn> = Vec::with_capacity(groups.len());
    for (group, name) in groups.iter().zip(&names) {
        // Names tell of the fields that people vary most; what differs in another one is in the settings.
        let alike = names.iter().filter(|other| *other == name).count();
        let before = names[..columns.len()].iter().filter(|other| *other == name).count();
        columns.push(RunsColumn {
            name: if alike == 1 { name.clone() } else { format!("{name} ({})", before + 1) },
            runs: group.runs.iter().map(|run| run.1.name.clone()).collect(),
            places: group.runs.iter().map(|run| run.0).collect(),
            counted: group.counted().count(),
        });
    }
    columns
}

fn row(quantity: &Quantity, groups: &[Group<'_>], base: usize) -> RunsRow {
    let ratio = |at: usize, values: &[f64]| {
        let (group, other) = (&groups[at], groups.get(base).filter(|_| at != base)?);
        // Of another work, or of a part of it, it says nothing about who is faster.
        let comparable =
            !quantity.of_whole_work || (group.is_whole() && other.is_whole() && group.same_work(other));
        let of_base = other.values(quantity);
        let mut all = values.iter().chain(&of_base);
        let large = all.all(|value| *value >= quantity.least);
        if comparable && large { Ratio::unpaired(values, &of_base) } else { None }
    };
    let cells = groups.iter().enumerate().map(|(at, group)| {
        let values = group.values(quantity);
        Cell::new(quantity.unit, Sample::of(&values), ratio(at, &values))
    });
    RunsRow { name: quantity.name.clone(), unit: quantity.unit.name(), cells: cells.collect() }
}

impl Cell {
    fn new(unit: Unit, value: Option<Sample>, ratio: Option<Ratio>) -> Self {
        let (text, exact) = match &value {
            None => (NOT_MEASURED.to_owned(), NOT_MEASURED.to_owned()),
            Some(sample) => {
                let interval = sample.median_interval.map_or_else(String::new, |interval| {
                    format!(" ({} to {})", unit.human(interval.low), unit.human(interval.high))
                });
                let of =
                    if sample.n > 1 { format!(", the median of {} runs", sample.n) } else { String::new() };
                (unit.human(sample.median) + &interval, unit.exact(sample.median) + &of)
            }
        };
        let against = ratio.map_or_else(String::new, |ratio| match Difference::of(ratio) {
            Difference::NoDifferenceSeen { .. } => "no difference seen".to_owned(),
            _ => times(ratio.value),
        });
        Self { value, ratio, text, exact, against, range: ratio.map_or_else(String::new, trust) }
    }
}

/// How far a ratio can be trusted, in words.
fn trust(ratio: Ratio) -> String {
    let known = range(ratio);
    match Difference::of(ratio) {
        Difference::CannotTell { .. } => {
            let runs = if ratio.n == 1 { "one run" } else { "two runs" };
            format!("{runs} cannot tell a difference from chance")
        }
        Difference::NoDifferenceSeen { .. } if wide(ratio) => {
            format!("{} ({known}); more repeats may show a difference", times(ratio.value))
        }
        _ => format!("{} ({known})", times(ratio.value)),
    }
}
