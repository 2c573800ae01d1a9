//! Variants that differ in one number alone: how time goes with it, and which one to take.

use serde::Serialize;

use super::VariantRuns;
use crate::{
    analysis::{
        AmdahlFit, ChunkAdvice, Ratio, Sample, UslFit, WorkersAdvice, compare::same_work, recommend_chunk,
        recommend_workers,
    },
    spec::{Backend, Chunk, Draft, Spec},
};

/// The laws that describe how a speedup goes with the number of workers; `None` for one that could not be fitted, mostly as
/// there are too few points.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fits {
    pub amdahl: Option<AmdahlFit>,
    pub usl: Option<UslFit>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkersPoint {
    pub workers: u32,
    pub variant: String,
    pub throughput: Sample,
    /// Against the fewest workers of the series, by wall time.
    pub speedup: Ratio,
    /// The speedup as a fraction of how many times as many workers there were.
    pub efficiency: Option<f64>,
}

/// Different numbers of workers, all else alike.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkersSeries {
    pub backend: Backend,
    /// What else tells this series from others, empty where nothing does: `chunk 4`.
    pub name: String,
    pub points: Vec<WorkersPoint>,
    pub fits: Fits,
    pub advice: Option<WorkersAdvice>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChunkPoint {
    pub chunk: u32,
    pub variant: String,
    pub wall_ns: Sample,
}

/// Different chunks, all else alike.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChunkSeries {
    pub backend: Backend,
    pub workers: u32,
    /// What else tells this series from others, empty where nothing does.
    pub name: String,
    pub points: Vec<ChunkPoint>,
    pub advice: Option<ChunkAdvice>,
    /// What handing out one chunk cost here, in nanoseconds of worker time, by a straight line through all runs.
    pub cost_per_chunk_ns: Option<f64>,
}

/// One for every set of variants with at least two numbers of workers that are alike otherwise. A serial run is the point for
/// one worker of every backend, where that backend has none of its own.
pub(super) fn by_workers(variants: &[VariantRuns<'_>]) -> Vec<WorkersSeries> {
    let key = |spec: &Spec| Spec { workers: 0, ..spec.clone() };
    let groups = grouped(variants, |spec| (spec.backend != Backend::Serial).then(|| key(spec)));
    let names = telling(&groups, &["backend", "workers"]);
    let of_group = |(group, name): (Vec<&VariantRuns<'_>>, String)| {
        let work = &group.first()?.variant.spec;
        let serial = variants.iter().find(|variant| {
            let spec = &variant.variant.spec;
            spec.backend == Backend::Serial && same_work(spec, work)
        });
        workers_series(group.clone(), serial, name)
    };
    groups.into_iter().zip(names).filter_map(of_group).collect()
}

/// What tells each group from the others, beside these fields: `chunk 4, size 100`; empty where nothing does.
fn telling(groups: &[Vec<&VariantRuns<'_>>], beside: &[&str]) -> Vec<String> {
    let fields = |group: &Vec<&VariantRuns<'_>>| {
        group.first().map_or_else(Vec::new, |one| Draft::from_spec(&one.variant.spec).fields())
    };
    let all: Vec<Vec<(String, String)>> = groups.iter().map(fields).collect();
    let differs = |field: &(String, String)| {
        !beside.contains(&field.0.as_str()) && !all.iter().all(|fields| fields.contains(field))
    };
    let words = |fields: &Vec<(String, String)>| {
        let told =
            fields.iter().filter(|field| differs(field)).map(|(name, value)| format!("{name} {value}"));
        told.collect::<Vec<_>>().join(", ")
    };
    all.iter().map(words).collect()
}

/// One run each is an anecdote: nothing is recommended before every number was repeated.
fn repeated<A>(samples: &[(u32, Sample)], advise: impl Fn(&[(u32, Sample)]) -> Option<A>) -> Option<A> {
    samples.iter().all(|sample| sample.1.n > 1).then(|| advise(samples)).flatten()
}

fn workers_series<'a, 'b>(
    mut group: Vec<&'a VariantRuns<'b>>,
    serial: Option<&'a VariantRuns<'b>>,
    name: String,
) -> Option<WorkersSeries> {
    let backend = group.first()?.variant.spec.backend;
    // A number without a run that counts is no point, and nothing to measure others by.
    group.retain(|one| one.counted().next().is_some());
    // One number beside a serial run is a comparison of two.
    if group.len() < 2 {
        return None;
    }
    group.sort_by_key(|one| one.variant.spec.workers);
    let has_one = group.first().is_some_and(|one| one.variant.spec.workers == 1);
    if let Some(serial) = serial.filter(|serial| !has_one && serial.counted().next().is_some()) {
        group.insert(0, serial);
    }
    let walls = |one: &VariantRuns<'_>| one.rounds(|figures| Some(figures.wall_ns as f64));
    let base = *group.first()?;
    let points: Vec<WorkersPoint> = group
        .iter()
        .filter_map(|one| {
            let workers = one.variant.spec.workers;
            let speedup = Ratio::of(&walls(base), &walls(one))?;
            let times = f64::from(workers) / f64::from(base.variant.spec.workers.max(1));
            Some(WorkersPoint {
                workers,
                variant: one.variant.name.clone(),
                throughput: one.sample(|figures| figures.throughput)?,
                speedup,
                efficiency: (times > 0.0).then(|| speedup.value / times),
            })
        })
        .collect();
    if points.len() < 2 {
        return None;
    }
    let throughputs: Vec<(u32, f64)> =
        points.iter().map(|point| (point.workers, point.throughput.median)).collect();
    // Amdahl's law is about one worker and more.
    let speedups: Vec<(u32, f64)> = points.iter().map(|point| (point.workers, point.speedup.value)).collect();
    let from_one = base.variant.spec.workers == 1;
    let fits = Fits {
        // Two points, of which one is the measure of the other, are met by any such law.
        amdahl: (from_one && points.len() > 2).then(|| AmdahlFit::of(&speedups).ok()).flatten(),
        usl: UslFit::of(&throughputs).ok(),
    };
    let samples: Vec<(u32, Sample)> =
        points.iter().map(|point| (point.workers, point.throughput.clone())).collect();
    Some(WorkersSeries { backend, name, fits, advice: repeated(&samples, recommend_workers), points })
}

/// The series with the highest throughput of all; the first, where they are of different work.
pub(super) fn fastest(series: &[WorkersSeries], alike: bool) -> Option<&WorkersSeries> {
    if !alike {
        return series.first();
    }
    let best = |series: &WorkersSeries| {
        series.points.iter().map(|point| point.throughput.median).fold(0.0, f64::max)
    };
    series.iter().max_by(|a, b| best(a).total_cmp(&best(b)))
}

/// One for every set of variants with at least two chunks given as numbers that are alike otherwise.
pub(super) fn by_chunk(variants: &[VariantRuns<'_>]) -> Vec<ChunkSeries> {
    let key = |spec: &Spec| {
        matches!(spec.chunk, Chunk::Fixed(_)).then(|| Spec { chunk: Chunk::Auto, ..spec.clone() })
    };
    let groups = grouped(variants, key);
    let names = telling(&groups, &["backend", "workers", "chunk"]);
    groups.into_iter().zip(names).filter_map(|(group, name)| chunk_series(group, name)).collect()
}

fn chunk_series(mut group: Vec<&VariantRuns<'_>>, name: String) -> Option<ChunkSeries> {
    group.sort_by_key(|one| one.variant.spec.chunk_tasks());
    let points: Vec<ChunkPoint> = group
        .iter()
        .filter_map(|one| {
            Some(ChunkPoint {
                chunk: one.variant.spec.chunk_tasks(),
                variant: one.variant.name.clone(),
                wall_ns: one.sample(|figures| Some(figures.wall_ns as f64))?,
            })
        })
        .collect();
    if points.len() < 2 {
        return None;
    }
    let spec = &group.first()?.variant.spec;
    let samples: Vec<(u32, Sample)> =
        points.iter().map(|point| (point.chunk, point.wall_ns.clone())).collect();
    Some(ChunkSeries {
        backend: spec.backend,
        workers: spec.workers,
        name,
        advice: repeated(&samples, recommend_chunk),
        cost_per_chunk_ns: chunk_cost_ns(&group),
        points,
    })
}

/// What the workers spent beside their tasks, for each chunk that was handed out: the slope of a straight line, fitted by
/// least squares, through (chunks, worker time without that in tasks and without the wait at the tail) of the runs that
/// count. At the tail others still work, which is the cost of large chunks and no cost of handing out. `None` where the
/// numbers of chunks do not differ, or where more chunks did not cost more.
fn chunk_cost_ns(group: &[&VariantRuns<'_>]) -> Option<f64> {
    use crate::analysis::Part;
    let points: Vec<(f64, f64)> = group
        .iter()
        .flat_map(|one| {
            let spec = &one.variant.spec;
            let chunks = f64::from(spec.tasks.div_ceil(spec.chunk_tasks().max(1)));
            one.counted().map(move |run| {
                let parts = &run.figures.worker_time_ns;
                let beside = [Part::Dispatch, Part::Transfer].map(|part| parts.of(part) as f64);
                (chunks, beside.iter().sum::<f64>())
            })
        })
        .collect();
    let n = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (mean_x, mean_y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - mean_x).powi(2)).sum();
    let together: f64 = points.iter().map(|point| (point.0 - mean_x) * (point.1 - mean_y)).sum();
    let slope = together / spread;
    (slope.is_finite() && slope > 0.0).then_some(slope)
}

/// Sets of variants with equal keys, those without a key left out.
fn grouped<'a, 'b>(
    variants: &'a [VariantRuns<'b>],
    key: impl Fn(&Spec) -> Option<Spec>,
) -> Vec<Vec<&'a VariantRuns<'b>>> {
    let mut groups: Vec<(Spec, Vec<&VariantRuns<'b>>)> = Vec::new();
    for variant in variants {
        let Some(key) = key(&variant.variant.spec) else { continue };
        match groups.iter_mut().find(|group| group.0 == key) {
            Some(group) => group.1.push(variant),
            None => groups.push((key, vec![variant])),
        }
    }
    groups.into_iter().map(|group| group.1).filter(|group| !group.is_empty()).collect()
}

impl ChunkSeries {
    /// The pool that it is of: `processes × 4`, and what else tells it from others.
    pub fn pool(&self) -> String {
        let pool = if self.backend == Backend::Serial {
            self.backend.label().to_owned()
        } else {
            format!("{} × {}", self.backend.label(), self.workers)
        };
        if self.name.is_empty() { pool } else { format!("{pool}, {}", self.name) }
    }

    fn least_ns(&self) -> f64 {
        self.points.iter().map(|point| point.wall_ns.median).fold(f64::INFINITY, f64::min)
    }
}

impl WorkersSeries {
    /// The backend, and what else tells this series from others.
    pub fn pool(&self) -> String {
        if self.name.is_empty() {
            self.backend.label().to_owned()
        } else {
            format!("{}, {}", self.backend.label(), self.name)
        }
    }
}

/// The series in which the least time was taken; the first, where they are of different work.
pub(super) fn soonest(series: &[ChunkSeries], alike: bool) -> Option<&ChunkSeries> {
    if !alike {
        return series.first();
    }
    series.iter().min_by(|a, b| a.least_ns().total_cmp(&b.least_ns()))
}
