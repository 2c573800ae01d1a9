//! What an experiment tells: each variant's times with how far they can be trusted, how the variants differ, where their
//! workers' time went, and which number of workers and which chunk to take.

mod causes;
mod doubts;
mod overall;
mod pairs;
mod ranking;
mod series;
#[cfg(test)]
mod tests;
mod words;

use serde::Serialize;

pub use self::{
    causes::{ExperimentFinding, Tested},
    overall::Overall,
    pairs::{PairReport, Quantity},
    ranking::{Ranked, Ranking},
    series::{ChunkPoint, ChunkSeries, Fits, WorkersPoint, WorkersSeries},
};
use super::{Figures, KeptFinding, Part, PartsTotal, Ratio, Sample, Turn, outliers};
use crate::{
    event::Host,
    spec::{Backend, Spec, Variant},
};

/// Of so many variants each is compared with each; of more, each with the first and with the fastest.
const MOST_PAIRED: usize = 4;

/// One run of an experiment that has ended.
#[derive(Clone, Copy, Debug)]
pub struct MeasuredRun<'a> {
    pub turn: Turn,
    pub figures: &'a Figures,
    /// Whether the machine was calm before it.
    pub calm: bool,
    /// Its run file, by name.
    pub file: Option<&'a str>,
    /// What stood out in it.
    pub findings: &'a [KeptFinding],
}

/// A variant with what was measured of it, in the order in which it ran.
#[derive(Clone, Debug)]
pub struct VariantRuns<'a> {
    pub variant: &'a Variant,
    pub runs: Vec<MeasuredRun<'a>>,
}

impl<'a> VariantRuns<'a> {
    /// Runs that count: no warm-up, and all of their tasks ended well.
    fn counted(&self) -> impl Iterator<Item = &MeasuredRun<'a>> {
        self.runs.iter().filter(|run| !run.turn.warmup && run.figures.is_whole())
    }

    /// A quantity by round, of the runs that count and had it measured.
    fn rounds(&self, value: impl Fn(&Figures) -> Option<f64>) -> Vec<(u32, f64)> {
        self.counted().filter_map(|run| Some((run.turn.round, value(run.figures)?))).collect()
    }

    fn sample(&self, value: impl Fn(&Figures) -> Option<f64>) -> Option<Sample> {
        let values: Vec<f64> = self.rounds(value).into_iter().map(|round| round.1).collect();
        Sample::of(&values)
    }
}

/// An experiment in numbers and words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExperimentReport {
    pub host: Option<Host>,
    pub variants: Vec<VariantReport>,
    /// Each of up to four variants against each; of more, each against the first and against the fastest.
    pub ratios: Vec<PairReport>,
    /// Of three variants and more of the same work, the one order of all.
    pub ranking: Option<Ranking>,
    /// Of two variants, in words.
    pub difference: Option<String>,
    /// Each where it was varied; together they are one pool.
    pub recommended_backend: Option<Backend>,
    pub recommended_workers: Option<u32>,
    pub recommended_chunk: Option<u32>,
    /// The same with what it rests on, where there are several series.
    pub recommended: Option<Overall>,
    /// Of the series that the recommendation is from.
    pub fits: Option<Fits>,
    /// Variants that differ in their number of workers alone, and those that differ in their chunk alone.
    pub workers: Vec<WorkersSeries>,
    pub chunks: Vec<ChunkSeries>,
    /// What cost the variants their time, the most important first.
    pub verdict: Vec<ExperimentFinding>,
    /// What makes the numbers doubtful.
    pub warnings: Vec<String>,
}

/// One variant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VariantReport {
    pub name: String,
    pub spec: Spec,
    pub runs: Vec<RunLine>,
    /// From the pool's start to the last task's end.
    pub wall_ns: Option<Sample>,
    /// From the pool's start until every worker was ready.
    pub ready_ns: Option<Sample>,
    /// From the first task's start to the last task's end.
    pub work_ns: Option<Sample>,
    /// CPU time of all workers.
    pub cpu_ns: Option<Sample>,
    pub peak_memory_bytes: Option<Sample>,
    pub throughput: Option<Sample>,
    /// How many times as fast as the first variant, by wall time; `None` where their work is not the same.
    pub speedup: Option<Ratio>,
    /// Where all workers' time went: the mean of each part over the runs that count, in nanoseconds a run.
    pub worker_time_ns: PartsTotal,
    /// The same as shares.
    pub worker_time: Shares,
}

/// Shares of the workers' time by the names of their parts. They sum to 1, where there was any time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares(PartsTotal);

/// One run of a variant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunLine {
    #[serde(flatten)]
    pub turn: Turn,
    pub file: Option<String>,
    /// It is part of the variant's numbers.
    pub counted: bool,
    /// Its wall time stands apart from the variant's others. It counts all the same.
    pub outlier: bool,
    pub calm: bool,
    #[serde(flatten)]
    pub figures: Figures,
}

impl RunLine {
    /// How it ended, if it did not end well.
    pub fn failing(&self) -> Option<String> {
        (!self.figures.is_whole()).then(|| self.figures.how_it_ended())
    }
}

impl ExperimentReport {
    /// The first variant is what the others are compared with.
    pub fn new(variants: &[VariantRuns<'_>], host: Option<Host>) -> Self {
        let first = variants.first();
        let reports: Vec<VariantReport> =
            variants.iter().map(|variant| VariantReport::new(variant, first.unwrap_or(variant))).collect();
        let ranking = Ranking::new(variants);
        let ratios = compared(variants, ranking.as_ref());
        let workers = series::by_workers(variants);
        let chunks = series::by_chunk(variants);
        let alike = first.is_none_or(|first| {
            let same =
                |one: &VariantRuns<'_>| super::compare::same_work(&one.variant.spec, &first.variant.spec);
            variants.iter().all(same)
        });
        let recommended = Overall::new(variants, &workers, &chunks);
        let of_overall = recommended.as_ref().and_then(|overall| {
            let is_of =
                |series: &&WorkersSeries| series.points.iter().any(|point| point.variant == overall.variant);
            workers.iter().find(is_of)
        });
        let best = of_overall.or_else(|| series::fastest(&workers, alike));
        let chunk = series::soonest(&chunks, alike).and_then(|series| series.advice);
        let varies = variants
            .iter()
            .any(|one| Some(one.variant.spec.backend) != first.map(|first| first.variant.spec.backend));
        let (of_workers, of_chunks) = match &recommended {
            Some(overall) => (Some(overall.workers), overall.chunk),
            None => (
                best.and_then(|series| series.advice).map(|advice| advice.workers),
                chunk.map(|advice| advice.chunk),
            ),
        };
        Self {
            difference: words::difference(&ratios).map(|parts| parts.join("; ")),
            recommended_backend: recommended.as_ref().filter(|_| varies).map(|overall| overall.backend),
            recommended_workers: of_workers.filter(|_| !workers.is_empty()),
            recommended_chunk: of_chunks.filter(|_| !chunks.is_empty()),
            recommended,
            fits: best.map(|series| series.fits.clone()),
            verdict: causes::causes(variants),
            warnings: doubts::doubts(variants, host.as_ref()),
            host,
            variants: reports,
            ratios,
            ranking,
            workers,
            chunks,
        }
    }
}

/// Of few variants all pairs. Of more, all with the first, and those that are left with the fastest.
fn compared(variants: &[VariantRuns<'_>], ranking: Option<&Ranking>) -> Vec<PairReport> {
    let with_first = |at: usize, a| variants[at + 1..].iter().map(move |b| PairReport::new(a, b));
    if variants.len() <= MOST_PAIRED {
        return variants.iter().enumerate().flat_map(|(at, a)| with_first(at, a)).collect();
    }
    let mut pairs: Vec<PairReport> = with_first(0, &variants[0]).collect();
    let fastest = ranking.map(|ranking| ranking.fastest.as_str());
    let others = || variants[1..].iter();
    if let Some(fastest) = others().find(|one| Some(one.variant.name.as_str()) == fastest) {
        let rest = others().filter(|one| one.variant.name != fastest.variant.name);
        pairs.extend(rest.map(|one| PairReport::new(fastest, one)));
    }
    pairs
}

impl VariantReport {
    fn new(variant: &VariantRuns<'_>, first: &VariantRuns<'_>) -> Self {
        let walls = variant.rounds(|figures| Some(figures.wall_ns as f64));
        let values: Vec<f64> = walls.iter().map(|wall| wall.1).collect();
        let odd: Vec<u32> = outliers(&values).iter().map(|outlier| walls[outlier.index].0).collect();
        let line = |run: &MeasuredRun<'_>| {
            let counted = !run.turn.warmup && run.figures.is_whole();
            RunLine {
                turn: run.turn,
                file: run.file.map(str::to_owned),
                counted,
                outlier: counted && odd.contains(&run.turn.round),
                calm: run.calm,
                figures: run.figures.clone(),
            }
        };
        let (spec, first_spec) = (&variant.variant.spec, &first.variant.spec);
        let speedup = super::compare::same_work(spec, first_spec)
            .then(|| Ratio::of(&first.rounds(|figures| Some(figures.wall_ns as f64)), &walls))
            .flatten();
        let worker_time_ns = mean_parts(variant);
        Self {
            name: variant.variant.name.clone(),
            spec: spec.clone(),
            runs: variant.runs.iter().map(line).collect(),
            wall_ns: Sample::of(&values),
            ready_ns: variant.sample(|figures| figures.ready_ns.map(|ns| ns as f64)),
            work_ns: variant.sample(|figures| figures.work_ns.map(|ns| ns as f64)),
            cpu_ns: variant.sample(|figures| Some(figures.cpu_ns as f64)),
            peak_memory_bytes: variant.sample(|figures| figures.peak_memory_bytes.map(|bytes| bytes as f64)),
            throughput: variant.sample(|figures| figures.throughput),
            speedup,
            worker_time_ns,
            worker_time: Shares(worker_time_ns),
        }
    }

    /// Runs of this variant that count.
    pub fn counted(&self) -> usize {
        self.runs.iter().filter(|run| run.counted).count()
    }
}

fn mean_parts(variant: &VariantRuns<'_>) -> PartsTotal {
    let runs: Vec<PartsTotal> = variant.counted().map(|run| run.figures.worker_time_ns).collect();
    let mean = |part: Part| {
        let sum: u128 = runs.iter().map(|parts| u128::from(parts.of(part))).sum();
        u64::try_from(sum / runs.len().max(1) as u128).unwrap_or(u64::MAX)
    };
    PartsTotal::new(Part::ALL.map(mean))
}

impl Serialize for Shares {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Part::ALL.map(|part| (part.name(), self.0.share(part))))
    }
}
