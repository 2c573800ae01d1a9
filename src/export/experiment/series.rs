//! What the page tells of variants that differ in one number alone: workers, or the chunk.

use super::{
    plots,
    sections::{BASE, interval_words, named, ns, times},
};
use crate::{
    analysis::{
        AmdahlFit, ChunkAdvice, ChunkPoint, ChunkSeries, ExperimentReport, Fitness, UslFit, WorkersAdvice,
        WorkersPoint, WorkersSeries,
    },
    export::page::{Column, Page},
    units,
};

/// Series of a kind that have a plot.
const MOST_PLOTS: usize = 12;

/// `processes`, or with what else tells it from others of that backend: `processes, chunk 4`
pub(super) fn workers_name(report: &ExperimentReport, series: &WorkersSeries) -> String {
    let backend = series.backend.label();
    let alone = report.workers.iter().filter(|other| other.backend == series.backend).count() == 1;
    if alone || series.name.is_empty() { backend.to_owned() } else { format!("{backend}, {}", series.name) }
}

/// `processes × 2`
pub(super) fn chunks_name(series: &ChunkSeries) -> String {
    format!("{} × {}", series.backend.label(), series.workers)
}

pub(super) fn workers(page: &mut Page, report: &ExperimentReport) {
    if report.workers.is_empty() {
        return;
    }
    page.open("How many workers", "workers");
    for series in report.workers.iter().take(MOST_PLOTS) {
        page.heading(&workers_name(report, series));
        if let Some(advice) = &series.advice {
            page.paragraph("lead", &format!("Recommended: {}.", advice.words()));
            page.notes(workers_grounds(advice).iter().map(String::as_str));
        }
        page.figure(&plots::workers(series));
        points(page, &series.points);
        laws(page, series);
    }
    left_out(page, report.workers.len());
    page.close();
}

fn left_out(page: &mut Page, series: usize) {
    let more = series.saturating_sub(MOST_PLOTS);
    if more > 0 {
        page.paragraph(
            "weak",
            &format!("{more} more series are left out here; the JSON export has all of them."),
        );
    }
}

/// What the advice rests on.
fn workers_grounds(advice: &WorkersAdvice) -> Vec<String> {
    let mut grounds =
        vec!["It is the fewest workers whose median throughput is within 5 % of the highest one.".to_owned()];
    let verb = |overlaps: bool| if overlaps { "have values in common" } else { "have no value in common" };
    let WorkersAdvice { workers, best, .. } = advice;
    if let Some(overlaps) = advice.overlaps_best {
        grounds
            .push(format!("The intervals of {workers} and of the best tested, {best}, {}.", verb(overlaps)));
    }
    if let (Some(fewer), Some(overlaps)) = (advice.fewer, advice.overlaps_fewer) {
        grounds
            .push(format!("The intervals of {workers} and of {fewer}, the next fewer, {}.", verb(overlaps)));
    }
    grounds.push(format!("Tested were up to {}.", advice.tested_up_to));
    grounds
}

fn points(page: &mut Page, points: &[WorkersPoint]) {
    let columns = [
        ("workers", Column::Number),
        ("variant", Column::Short),
        ("throughput", Column::Number),
        ("speedup", Column::Number),
        ("efficiency", Column::Number),
    ];
    let row = |(at, point): (usize, &WorkersPoint)| {
        vec![
            point.workers.to_string(),
            named(&point.variant),
            units::rate_of(point.throughput.median, "tasks"),
            if at == 0 { BASE.to_owned() } else { times(point.speedup) },
            point.efficiency.map_or_else(|| "–".to_owned(), units::percent),
        ]
    };
    page.table("", &columns, points.iter().enumerate().map(row));
    page.paragraph(
        "weak",
        "Efficiency is the speedup as a share of how many times as many workers there were.",
    );
}

fn laws(page: &mut Page, series: &WorkersSeries) {
    let mut rows = Vec::new();
    if let Some(fit) = &series.fits.amdahl {
        let AmdahlFit { serial, limit, fitness } = fit;
        let limit =
            limit.map_or_else(|| "no limit".to_owned(), |limit| format!("never more than {limit:.1}x"));
        rows.push(law("Amdahl", format!("serial fraction {serial:.4}"), limit, fitness, |deviation| {
            format!("{deviation:.3} of speedup")
        }));
    }
    if let Some(fit) = &series.fits.usl {
        let UslFit { alpha, beta, gamma, fitness, .. } = fit;
        let peak = fit.peak_words();
        let rate = |value: f64| units::rate_of(value, "tasks");
        let coefficients =
            format!("contention α {alpha:.4}, crosstalk β {beta:.6}, one worker γ {}", rate(*gamma));
        rows.push(law("USL", coefficients, peak, fitness, rate));
    }
    if rows.is_empty() {
        page.paragraph("weak", "No law was fitted: that takes one worker and more for Amdahl's, and three numbers of workers for the USL.");
        return;
    }
    let columns = [
        ("law", Column::Text),
        ("coefficients", Column::Wrap),
        ("says", Column::Text),
        ("residual deviation", Column::Number),
        ("R²", Column::Number),
    ];
    page.table("", &columns, rows.into_iter());
    page.paragraph(
        "weak",
        "A law that fits well describes these points; what it says beyond them is a guess.",
    );
}

fn law(
    name: &str,
    coefficients: String,
    says: String,
    fitness: &Fitness,
    words: impl Fn(f64) -> String,
) -> Vec<String> {
    let deviation =
        fitness.residual_deviation.map_or_else(|| "none: as many coefficients as points".to_owned(), words);
    let r_squared = fitness.r_squared.map_or_else(|| "–".to_owned(), |share| format!("{share:.4}"));
    vec![name.to_owned(), coefficients, says, deviation, r_squared]
}

pub(super) fn chunks(page: &mut Page, report: &ExperimentReport) {
    if report.chunks.is_empty() {
        return;
    }
    page.open("Which chunk", "chunks");
    for series in report.chunks.iter().take(MOST_PLOTS) {
        page.heading(&chunks_name(series));
        if let Some(advice) = &series.advice {
            page.paragraph("lead", &format!("Recommended: {}.", advice.words()));
            page.notes(chunk_grounds(advice).iter().map(String::as_str));
        }
        page.paragraph("", &match series.cost_per_chunk_ns {
            Some(cost) => format!(
                "Handing out one chunk cost {} of worker time: the slope of what the workers spent beside their tasks over \
                 the number of chunks.",
                ns(cost)
            ),
            None => "What handing out one chunk cost cannot be told: more chunks did not cost more here.".to_owned(),
        });
        page.figure(&plots::chunks(series));
        let columns = [
            ("chunk", Column::Number),
            ("variant", Column::Short),
            ("wall time", Column::Number),
            ("interval", Column::Number),
        ];
        let row = |point: &ChunkPoint| {
            let interval = point.wall_ns.median_interval;
            vec![
                units::count(u64::from(point.chunk)),
                named(&point.variant),
                ns(point.wall_ns.median),
                interval.map_or_else(|| "–".to_owned(), interval_words),
            ]
        };
        page.table("", &columns, series.points.iter().map(row));
    }
    left_out(page, report.chunks.len());
    page.close();
}

fn chunk_grounds(advice: &ChunkAdvice) -> Vec<String> {
    let ChunkAdvice { chunk, best, times_best, .. } = advice;
    let mut grounds =
        vec!["Small chunks cost more hand-outs, large ones leave workers idle at the end.".to_owned()];
    if chunk != best {
        let common = match advice.overlaps_best {
            Some(true) => "; their intervals have values in common",
            Some(false) => "; their intervals have no value in common",
            None => "",
        };
        grounds.push(format!(
            "The least time was with chunk {best}; {chunk} took {times_best:.2} times as long{common}."
        ));
    }
    grounds
}
