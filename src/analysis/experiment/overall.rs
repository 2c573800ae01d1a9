//! Of variants that differ in several things at once, the one to take.

use serde::Serialize;

use super::{ChunkSeries, VariantRuns, WorkersSeries};
use crate::{
    analysis::compare::same_work,
    spec::{Backend, Chunk},
};

/// What is this close to the best is as good as the best.
const CLOSE: f64 = 0.05;

/// The smallest pool of all tested that is within 5 % of the fastest, and the chunk for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overall {
    pub variant: String,
    pub backend: Backend,
    pub workers: u32,
    /// `None` where it is found by the pool itself.
    pub chunk: Option<u32>,
    /// The variant with the smallest median.
    pub best: String,
    /// Its own median as a multiple of that.
    pub times_best: f64,
}

impl Overall {
    /// Of the pools within 5 % the one with the fewest workers; of equally large ones the fastest; and of its chunks the
    /// one that its series recommends, where that is within 5 % of the best over all.
    ///
    /// `None` where a single series says it all, where the work differs, and where a variant has run once only.
    pub(super) fn new(
        variants: &[VariantRuns<'_>],
        workers: &[WorkersSeries],
        chunks: &[ChunkSeries],
    ) -> Option<Self> {
        let first = variants.first()?;
        let alike = variants.iter().all(|one| same_work(&one.variant.spec, &first.variant.spec));
        if !alike || workers.len() + chunks.len() < 2 {
            return None;
        }
        let wall = |one: &VariantRuns<'_>| one.sample(|figures| Some(figures.wall_ns as f64));
        let measured: Vec<_> = variants.iter().filter_map(|one| Some((one.variant, wall(one)?))).collect();
        if measured.iter().any(|one| one.1.n < 2) {
            return None;
        }
        let best = measured.iter().min_by(|a, b| a.1.median.total_cmp(&b.1.median))?;
        let is_close = |median: f64| median <= best.1.median * (1.0 + CLOSE);
        let close: Vec<_> = measured.iter().filter(|one| is_close(one.1.median)).collect();
        let fewest = close.iter().map(|one| one.0.spec.workers).min()?;
        let small = || close.iter().filter(|one| one.0.spec.workers == fewest);
        let fastest = small().min_by(|a, b| a.1.median.total_cmp(&b.1.median))?;
        let series =
            chunks.iter().find(|series| series.points.iter().any(|point| point.variant == fastest.0.name));
        let advised = series.and_then(|series| {
            let chunk = series.advice?.chunk;
            let point = series.points.iter().find(|point| point.chunk == chunk)?;
            small().find(|one| one.0.name == point.variant)
        });
        let (variant, wall) = *advised.unwrap_or(fastest);
        Some(Self {
            variant: variant.name.clone(),
            backend: variant.spec.backend,
            workers: variant.spec.workers,
            chunk: match variant.spec.chunk {
                Chunk::Fixed(chunk) => Some(chunk),
                Chunk::Auto => None,
            },
            best: best.0.name.clone(),
            times_best: wall.median / best.1.median,
        })
    }

    /// `threads × 2, chunk 16: the smallest pool within 5 % of the fastest, threads × 4, chunk 8 (1.02x its time)`.
    pub fn words(&self) -> String {
        let Self { variant, best, times_best, .. } = self;
        if variant == best {
            format!("{variant}: the fastest tested, and no smaller pool is within 5 % of it")
        } else {
            format!(
                "{variant}: the smallest pool within 5 % of the fastest, {best} ({times_best:.2}x its time)"
            )
        }
    }
}
