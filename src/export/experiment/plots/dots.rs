//! Every run's wall time as a dot, by variant.

use std::fmt::Write as _;

use super::{Legend, WIDTH, axis::Axis, legend_height, names_width, row_name};
use crate::{
    analysis::{ExperimentReport, RunLine, VariantReport},
    export::svg::{Num, Rect, Svg},
    units,
};

const RIGHT: f64 = WIDTH - 36.0;
const KINDS: [(Kind, &str); 4] = [
    (Kind::Counted, "a run that counts"),
    (Kind::Outlier, "far from the others, counts"),
    (Kind::Failed, "did not end well, does not count"),
    (Kind::Warmup, "warm-up, does not count"),
];
const MEDIAN: &str = "median, with its interval";

/// How a run is drawn. Each kind has a shape of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counted,
    Outlier,
    Failed,
    Warmup,
}

impl Kind {
    fn of(run: &RunLine) -> Self {
        match run {
            RunLine { outlier: true, .. } => Self::Outlier,
            RunLine { counted: true, .. } => Self::Counted,
            _ if run.failing().is_some() => Self::Failed,
            _ => Self::Warmup,
        }
    }

    fn draw(self, svg: &mut Svg, (x, y): (f64, f64), size: f64, tip: Option<&str>) {
        let around = |reach: f64| [x - reach, x + reach, y - reach, y + reach].map(Num);
        match self {
            Self::Counted => svg.circle("ok", (x, y), size, tip),
            Self::Warmup => svg.circle("hollow", (x, y), size * 0.9, tip),
            Self::Outlier => {
                let [left, right, top, bottom] = around(size * 1.5);
                let (x, y) = (Num(x), Num(y));
                svg.path("running", &format!("M{x} {top}L{right} {y}L{x} {bottom}L{left} {y}Z"), tip);
            }
            Self::Failed => {
                let [left, right, top, bottom] = around(size);
                svg.path(
                    "cross",
                    &format!("M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}"),
                    tip,
                );
            }
        }
    }
}

/// Rows of variants. In a row the first run stands at the top, so that a drift is a slope.
pub(in crate::export::experiment) fn dots(report: &ExperimentReport) -> String {
    // The more rows, the lower.
    let row = match report.variants.len() {
        ..=4 => 68.0,
        5..=16 => 46.0,
        _ => 24.0,
    };
    let left = names_width(report.variants.iter().map(|variant| variant.name.as_str()));
    let kinds: Vec<(Kind, &str)> = KINDS.into_iter().filter(|(kind, _)| holds(report, *kind)).collect();
    let median = report.variants.iter().any(|variant| variant.wall_ns.is_some()).then_some(MEDIAN);
    let words = kinds.iter().map(|kind| kind.1).chain(median);
    let top = legend_height(left, words) + 12.0;
    let bottom = top + row * report.variants.len().max(1) as f64;
    let mut svg = Svg::new(WIDTH, bottom + 44.0, "Wall time of every run", None);
    let mut legend = Legend::new(left, 2.0);
    for (kind, words) in kinds {
        let sample = |svg: &mut Svg, at: Rect| kind.draw(svg, (at.x + 11.0, at.y + 6.0), 4.5, None);
        legend.entry(&mut svg, words, sample);
    }
    if let Some(words) = median {
        legend.entry(&mut svg, words, |svg, at| {
            interval(svg, [at.x, at.x + 11.0, at.x + 22.0], at.y + 6.0, 4.0);
        });
    }
    let runs = report.variants.iter().flat_map(|variant| &variant.runs);
    let axis = Axis::times(runs.map(|run| run.figures.wall_ns as f64), left, RIGHT);
    svg.rect("plot", Rect { x: left, y: top, w: RIGHT - left, h: bottom - top }, None);
    axis.below(&mut svg, (top, bottom), &format!("wall time{}", axis.remark()));
    for (at, variant) in report.variants.iter().enumerate() {
        let y = top + row * at as f64;
        svg.line("grid", (left, y), (RIGHT, y));
        row_name(&mut svg, (left, y + row * 0.5), &variant.name);
        variant_row(&mut svg, &axis, variant, y, row);
    }
    svg.finish()
}

fn holds(report: &ExperimentReport, kind: Kind) -> bool {
    report.variants.iter().flat_map(|variant| &variant.runs).any(|run| Kind::of(run) == kind)
}

fn variant_row(svg: &mut Svg, axis: &Axis, variant: &VariantReport, y: f64, height: f64) {
    let size = if height > 30.0 { 4.5 } else { 3.0 };
    // Dots above, the interval below them.
    let (from, to) = (y + size + 3.0, y + height * 0.66 - size * 0.5);
    let count = variant.runs.len();
    for (at, run) in variant.runs.iter().enumerate() {
        let along = if count > 1 { at as f64 / (count - 1) as f64 } else { 0.5 };
        let place = (axis.place(run.figures.wall_ns as f64), from + (to - from) * along);
        Kind::of(run).draw(svg, place, size, Some(&tip(variant, run)));
    }
    if let Some(wall) = &variant.wall_ns {
        let (low, high) =
            wall.median_interval.map_or((wall.median, wall.median), |interval| (interval.low, interval.high));
        let places = [low, wall.median, high].map(|ns| axis.place(ns));
        interval(svg, places, y + height * 0.84, if height > 30.0 { 5.0 } else { 3.0 });
    }
}

/// A line from low to high with ends, and a thick mark at the median.
fn interval(svg: &mut Svg, [low, median, high]: [f64; 3], y: f64, reach: f64) {
    let ends = reach * 0.7;
    svg.line("whisker", (low, y), (high, y));
    for x in [low, high] {
        svg.line("whisker", (x, y - ends), (x, y + ends));
    }
    let x = median - 1.5;
    svg.rect("name", Rect { x, y: y - reach, w: 3.0, h: 2.0 * reach }, None);
}

fn tip(variant: &VariantReport, run: &RunLine) -> String {
    let round = run.turn.round.saturating_add(1);
    let what = if run.turn.warmup { "warm-up" } else { "round" };
    let mut tip = format!("{}, {what} {round}: {}", variant.name, units::duration(run.figures.wall_ns));
    if let Some(why) = run.failing() {
        // Writing to a String cannot fail.
        let _ = write!(tip, ", {why}");
    }
    tip
}
