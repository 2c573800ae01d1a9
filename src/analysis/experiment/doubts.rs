//! What makes an experiment's numbers doubtful.

use super::VariantRuns;
use crate::{
    analysis::{Direction, Drift, background::MOST_TAKEN, compare::same_work, outliers},
    event::Host,
    spec::Backend,
    units,
};

/// Runs of one kind that are named one by one.
const NAMED: usize = 3;

pub(super) fn doubts(variants: &[VariantRuns<'_>], host: Option<&Host>) -> Vec<String> {
    let mut doubts: Vec<String> = variants.iter().flat_map(of_variant).collect();
    doubts.extend(drift(variants));
    doubts.extend(load(variants, host));
    doubts.extend(work(variants));
    let backends = variants.iter().map(|variant| variant.variant.spec.backend);
    doubts.extend(backends.into_iter().find_map(Backend::simulation).map(str::to_owned));
    doubts
}

fn of_variant(variant: &VariantRuns<'_>) -> Vec<String> {
    let name = &variant.variant.name;
    let mut doubts = Vec::new();
    let bad: Vec<_> = variant.runs.iter().filter(|run| !run.figures.is_whole()).collect();
    if let Some(first) = bad.first() {
        let (n, why) = (bad.len(), first.figures.how_it_ended());
        doubts.push(if n == 1 {
            format!("{name}: 1 run did not end well ({why}) and does not count")
        } else {
            format!("{name}: {n} runs did not end well ({why}) and do not count")
        });
    }
    let due = variant.runs.iter().any(|run| !run.turn.warmup);
    if due && variant.counted().next().is_none() {
        doubts.push(format!("{name}: no run counts, so that nothing can be said of it"));
    }
    let walls = variant.rounds(|figures| Some(figures.wall_ns as f64));
    let values: Vec<f64> = walls.iter().map(|wall| wall.1).collect();
    for outlier in outliers(&values).iter().take(NAMED) {
        doubts.push(format!(
            "{name}: round {} took {}, far from the others; it counts all the same",
            walls[outlier.index].0 + 1,
            units::duration(outlier.value as u64),
        ));
    }
    doubts
}

/// Over all runs in their order, each as a multiple of its variant's median.
fn drift(variants: &[VariantRuns<'_>]) -> Option<String> {
    let mut values: Vec<(u32, f64)> = Vec::new();
    for variant in variants {
        let walls = variant.rounds(|figures| Some(figures.wall_ns as f64));
        let Some(sample) = variant.sample(|figures| Some(figures.wall_ns as f64)) else { continue };
        let median = sample.median;
        values.extend(walls.into_iter().map(|(round, ns)| (round, ns / median)));
    }
    values.sort_by_key(|value| value.0);
    // One value a round: the runs of a round stand in no order that would be fair to all of them.
    let rounds = values.chunk_by(|a, b| a.0 == b.0);
    let means: Vec<f64> =
        rounds.map(|round| round.iter().map(|value| value.1).sum::<f64>() / round.len() as f64).collect();
    let drift = Drift::of(&means)?;
    let how = match drift.direction {
        Direction::Rises => "slower",
        Direction::Falls => "faster",
    };
    Some(format!(
        "runs became {how} by {} from the first round to the last; ratios are taken round by round and hold all the same",
        units::percent(drift.change.abs()),
    ))
}

fn load(variants: &[VariantRuns<'_>], host: Option<&Host>) -> Option<String> {
    let usable = host?.usable_cores;
    let counted: Vec<_> = variants.iter().flat_map(VariantRuns::counted).collect();
    let loads = counted.iter().filter_map(|run| run.figures.background);
    let taken: Vec<f64> = loads.map(super::super::Background::taken).collect();
    let most = taken.iter().copied().fold(0.0, f64::max);
    let noisy = taken.iter().filter(|&&cores| cores > MOST_TAKEN * usable).count();
    let uneasy = counted.iter().filter(|run| !run.calm).count();
    match (noisy, uneasy) {
        (0, 0) => None,
        (0, uneasy) => Some(format!(
            "before {uneasy} of {} runs the machine did not become calm within the limit",
            counted.len()
        )),
        (noisy, _) => Some(format!(
            "during {noisy} of {} runs others used more than {} of the {usable} usable cores (at most {most:.1} cores)",
            counted.len(),
            units::percent(MOST_TAKEN),
        )),
    }
}

fn work(variants: &[VariantRuns<'_>]) -> Option<String> {
    let first = variants.first()?;
    let same = |variant: &&VariantRuns<'_>| same_work(&variant.variant.spec, &first.variant.spec);
    if !variants.iter().all(|variant| same(&variant)) {
        return Some(
            "the variants do different work, so that their times are not set against each other".to_owned(),
        );
    }
    let mut checksums: Vec<&str> =
        variants.iter().flat_map(VariantRuns::counted).map(|run| run.figures.checksum.as_str()).collect();
    checksums.sort_unstable();
    checksums.dedup();
    (checksums.len() > 1).then(|| "results differ: the same work gave other values".to_owned())
}
