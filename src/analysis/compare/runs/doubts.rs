//! What makes a comparison of several runs doubtful.

use super::{ComparedRun, Group, RunsColumn};
use crate::{
    analysis::{
        background::MOST_TAKEN,
        compare::{machine, same_work},
        outliers,
    },
    units,
};

/// A run with what it is called in sentences.
struct Named<'a> {
    name: String,
    run: &'a ComparedRun,
    /// It is in its column's numbers.
    counts: bool,
}

/// The gravest first.
pub(super) fn doubts(groups: &[Group<'_>], columns: &[RunsColumn], base: usize) -> Vec<String> {
    let named: Vec<Named<'_>> = groups.iter().zip(columns).flat_map(named).collect();
    let mut doubts: Vec<String> = results(&named).into_iter().collect();
    let other = groups.iter().zip(columns).filter(|(group, _)| !group.same_work(&groups[base]));
    let others: Vec<&str> = other.map(|(_, column)| column.name.as_str()).collect();
    if !others.is_empty() {
        doubts.push(format!(
            "{} did other work than {}, so that what depends on it is not set against it",
            others.join(" and "),
            columns[base].name
        ));
    }
    doubts.extend(named.iter().flat_map(of_run));
    doubts.extend(told_apart(&named, "the runs are of different machines", |run| machine(&run.host)));
    doubts
        .extend(told_apart(&named, "the runs were recorded by different programs", |run| run.build.clone()));
    doubts.extend(noise(&named));
    doubts.extend(groups.iter().zip(columns).flat_map(of_column));
    doubts.extend(named.iter().find_map(|named| named.run.spec.backend.simulation()).map(str::to_owned));
    doubts
}

/// Others on the machine, of whom there were many.
fn noise(runs: &[Named<'_>]) -> Option<String> {
    let taken =
        |named: &Named<'_>| named.run.figures.background.map_or(0.0, crate::analysis::Background::taken);
    let noisy: Vec<&Named<'_>> =
        runs.iter().filter(|named| taken(named) > MOST_TAKEN * named.run.host.usable_cores).collect();
    let most = noisy.iter().max_by(|a, b| taken(a).total_cmp(&taken(b)))?;
    let (name, cores, usable) = (&most.name, taken(most), most.run.host.usable_cores);
    Some(match noisy.len() {
        1 => format!("during {name} others used {cores:.1} of the {usable} usable cores"),
        several => format!(
            "during {several} of {} runs others used more than {} of the usable cores, at most {cores:.1} of {usable}",
            runs.len(),
            units::percent(MOST_TAKEN)
        ),
    })
}

fn named<'a>((group, column): (&Group<'a>, &RunsColumn)) -> Vec<Named<'a>> {
    let (alone, whole) = (group.runs.len() == 1, group.is_whole());
    let name = |run: &ComparedRun| {
        if alone { column.name.clone() } else { format!("{} of {}", run.name, column.name) }
    };
    group
        .runs
        .iter()
        .map(|&(_, run)| Named { name: name(run), run, counts: !whole || run.figures.is_whole() })
        .collect()
}

/// Repeats that stand apart.
fn of_column((group, column): (&Group<'_>, &RunsColumn)) -> Vec<String> {
    let counted: Vec<&ComparedRun> = group.counted().collect();
    let walls: Vec<f64> = counted.iter().map(|run| run.figures.wall_ns as f64).collect();
    let odd = outliers(&walls).into_iter().map(|outlier| {
        format!(
            "{}: {} took {}, far from the others; it counts all the same",
            column.name,
            counted[outlier.index].name,
            units::duration(outlier.value as u64)
        )
    });
    odd.collect()
}

fn of_run(Named { name, run, counts }: &Named<'_>) -> Vec<String> {
    let mut doubts = Vec::new();
    if !run.figures.is_whole() {
        let how = run.figures.how_it_ended();
        let so = if *counts { ": its numbers cover only a part of the work" } else { " and does not count" };
        doubts.push(format!("{name} did not end well ({how}){so}"));
    }
    if let Some(words) = &run.resized {
        doubts.push(format!("the pool of {name} was {words}: its numbers are of no one size"));
    }
    doubts
}

/// Where not all runs have one and the same, who has which.
fn told_apart(runs: &[Named<'_>], what: &str, of: impl Fn(&ComparedRun) -> String) -> Option<String> {
    let mut kinds: Vec<(String, Vec<&str>)> = Vec::new();
    for Named { name, run, .. } in runs {
        let value = of(run);
        match kinds.iter_mut().find(|kind| kind.0 == value) {
            Some(kind) => kind.1.push(name),
            None => kinds.push((value, vec![name])),
        }
    }
    let told: Vec<String> =
        kinds.iter().map(|(value, names)| format!("{}: {value}", names.join(" and "))).collect();
    (kinds.len() > 1).then(|| format!("{what}. {}", told.join("; ")))
}

/// The same work must give the same results, as far as all of it was done.
fn results(runs: &[Named<'_>]) -> Option<String> {
    let whole: Vec<&Named<'_>> = runs.iter().filter(|named| named.run.figures.is_whole()).collect();
    let differ = |a: &Named<'_>, b: &Named<'_>| {
        same_work(&a.run.spec, &b.run.spec) && a.run.figures.checksum != b.run.figures.checksum
    };
    let pairs = whole.iter().enumerate().flat_map(|(at, a)| whole[at + 1..].iter().map(move |b| (a, b)));
    let (a, b) = pairs.into_iter().find(|(a, b)| differ(a, b))?;
    Some(format!("results differ: the same work gave other values with {} than with {}", b.name, a.name))
}
