//! Two runs side by side, the same few numbers of each with the difference in words; and several, in a table.

mod metrics;
mod quantity;
mod runs;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub(super) use self::metrics::peak_memory_bytes;
use self::metrics::{LOCKS, METRICS, TIMES};
pub use self::runs::{Cell, ComparedRun, MOST_COMPARED, RunsColumn, RunsComparison, RunsRow};
use super::LocksReport;
use crate::{
    event::{Host, Status},
    spec::{Backend, Draft, Spec},
    store::{Phase, RunStore, resized_words},
};

/// Two runs compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What the runs are called in sentences: their backends, or `A` and `B` where those are alike.
    pub names: [String; 2],
    pub rows: Vec<Row>,
    /// Fields of the specs that are not alike: name, and what each run had.
    pub settings: Vec<(String, [String; 2])>,
    /// What makes the comparison doubtful.
    pub warnings: Vec<String>,
}

/// One quantity of both runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    pub name: &'static str,
    pub a: String,
    pub b: String,
    /// The same without rounding.
    pub exact_a: String,
    pub exact_b: String,
    /// For example `processes took 38.0 ms longer to start`.
    pub difference: String,
}

impl Comparison {
    pub fn new(a: &RunStore, b: &RunStore) -> Self {
        let names = names(a, b);
        let locks = [a, b].into_iter().any(|store| LocksReport::new(store).is_some());
        let (times, others) = METRICS.split_at(TIMES);
        let metrics = times.iter().chain(locks.then_some(&LOCKS)).chain(others);
        let rows = metrics.map(|metric| metric.row(a, b, &names)).collect();
        let warnings = warnings(a, b, &names);
        let settings = settings(a, b);
        Self { names, rows, settings, warnings }
    }
}

fn names(a: &RunStore, b: &RunStore) -> [String; 2] {
    let backend = |store: &RunStore| store.info.as_ref().map(|info| info.spec.backend);
    match (backend(a), backend(b)) {
        (Some(of_a), Some(of_b)) if of_a != of_b => [of_a, of_b].map(|backend| backend.label().to_owned()),
        _ => ["A".to_owned(), "B".to_owned()],
    }
}

/// What was asked for otherwise.
fn settings(a: &RunStore, b: &RunStore) -> Vec<(String, [String; 2])> {
    let (Some(of_a), Some(of_b)) = (&a.info, &b.info) else { return Vec::new() };
    let told = differing(&[&of_a.spec, &of_b.spec]).into_iter();
    told.filter_map(|(name, values)| Some((name, <[String; 2]>::try_from(values).ok()?))).collect()
}

/// Fields in which not all specs are alike, each with its value in every spec.
fn differing(specs: &[&Spec]) -> Vec<(String, Vec<String>)> {
    let all: Vec<Vec<(String, String)>> =
        specs.iter().map(|spec| Draft::from_spec(&spec.unmarked()).fields()).collect();
    let value = |fields: &Vec<(String, String)>, name: &str| {
        let found = fields.iter().find(|field| field.0 == name);
        found.map_or_else(|| "–".to_owned(), |field| field.1.clone())
    };
    let mut names: Vec<&String> = all.iter().flatten().map(|field| &field.0).collect();
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(*name));
    let rows = names.into_iter().map(|name| (name.clone(), all.iter().map(|of| value(of, name)).collect()));
    rows.filter(|(_, values): &(String, Vec<String>)| values.iter().any(|value| *value != values[0]))
        .collect()
}

/// What tells one machine from another, as far as runs depend on it.
fn machine(host: &Host) -> String {
    let cpu = if host.cpu.is_empty() { "an unknown CPU" } else { &host.cpu };
    format!("{} usable cores of {cpu} under {} {}", host.usable_cores, host.os, host.kernel)
}

fn warnings(a: &RunStore, b: &RunStore, names: &[String; 2]) -> Vec<String> {
    let mut warnings = Vec::new();
    for (store, name) in [a, b].into_iter().zip(names) {
        if store.phase != Phase::Ended(Status::Finished) {
            warnings.push(format!("{name} did not finish: its numbers cover only a part of the work"));
        } else if !store.tally.all_ok() {
            warnings.push(format!("not all tasks of {name} ended ok"));
        }
        if let Some(words) = resized_words(store.resizes().iter().map(|size| size.1)) {
            warnings.push(format!("the pool of {name} was {words}: its numbers are of no one size"));
        }
    }
    let backends = [a, b].map(|store| store.info.as_ref().map(|info| info.spec.backend));
    let simulation = backends.into_iter().flatten().find_map(Backend::simulation);
    warnings.extend(simulation.map(str::to_owned));
    let (Some(info_a), Some(info_b)) = (&a.info, &b.info) else { return warnings };
    let machines = [&info_a.host, &info_b.host].map(machine);
    if machines[0] != machines[1] {
        let [of_a, of_b] = machines;
        warnings.push(format!(
            "the runs are of different machines: {} had {of_a}, {} had {of_b}",
            names[0], names[1]
        ));
    }
    let whole = |store: &RunStore| store.phase == Phase::Ended(Status::Finished) && store.tally.all_ok();
    if !same_work(&info_a.spec, &info_b.spec) {
        warnings.push("the runs did different work".to_owned());
    } else if whole(a) && whole(b) && a.checksum != b.checksum {
        warnings.push("results differ: the same work gave other values".to_owned());
    }
    warnings
}

/// Whether two specs must give the same results: all that goes into a task's value is alike.
pub(super) fn same_work(a: &Spec, b: &Spec) -> bool {
    (a.workload, a.tasks, a.size, a.seed) == (b.workload, b.tasks, b.size, b.seed)
        && a.params == b.params
        && a.lengths == b.lengths
}
