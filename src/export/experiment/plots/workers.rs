//! Speedup over the number of workers, with the laws that were fitted to it.

use std::fmt::Write as _;

use super::{WIDTH, advice_line, axis::Axis, legend_height, legend_of};
use crate::{
    analysis::{WorkersPoint, WorkersSeries},
    export::svg::{Anchor, Num, Rect, Svg},
};

const LEFT: f64 = 70.0;
const RIGHT: f64 = WIDTH - 30.0;
const HEIGHT: f64 = 320.0;
/// Points of a curve.
const STEPS: u32 = 160;
const MEASURED: &str = "measured, with the interval";
const IDEAL: &str = "ideal";
const AMDAHL: &str = "Amdahl's law";
const USL: &str = "Universal Scalability Law";
const ADVICE: &str = "recommended";

pub(in crate::export::experiment) fn workers(series: &WorkersSeries) -> String {
    let words: Vec<&str> = [
        Some(MEASURED),
        Some(IDEAL),
        series.fits.amdahl.as_ref().map(|_| AMDAHL),
        series.fits.usl.as_ref().map(|_| USL),
        series.advice.map(|_| ADVICE),
    ]
    .into_iter()
    .flatten()
    .collect();
    let top = legend_height(LEFT, words.iter().copied()) + 28.0;
    let bottom = top + HEIGHT;
    let mut svg = Svg::new(WIDTH, bottom + 44.0, "Speedup over workers", None);
    let counts: Vec<u32> = series.points.iter().map(|point| point.workers).collect();
    let highest = series.points.iter().map(upper).fold(0.0, f64::max);
    let x = Axis::of_counts(&counts, false, LEFT, RIGHT);
    let y = Axis::numbers(highest * 1.2, bottom, top);
    Axis::ground(&mut svg, &x, &y);
    y.beside(&mut svg, (LEFT, RIGHT), &speedup_over(series));
    x.below(&mut svg, (top, bottom), "workers");
    advice_line(&mut svg, series.advice.map(|advice| x.place(f64::from(advice.workers))), (top, bottom));
    curves(&mut svg, series, &x, &y);
    for point in &series.points {
        mark(&mut svg, point, &x, &y);
    }
    legend_of(&mut svg, LEFT, words, sample);
    svg.finish()
}

fn speedup_over(series: &WorkersSeries) -> String {
    match series.points.first().map_or(1, |point| point.workers) {
        1 => "speedup over 1 worker".to_owned(),
        n => format!("speedup over {n} workers"),
    }
}

fn upper(point: &WorkersPoint) -> f64 {
    point.speedup.interval.map_or(point.speedup.value, |interval| interval.high)
}

fn sample(svg: &mut Svg, words: &str, at: Rect) {
    let (middle, y) = (at.x + 11.0, at.y + 6.0);
    let class = match words {
        MEASURED => {
            svg.line("whisker", (middle, y - 6.0), (middle, y + 6.0));
            return svg.circle("ok", (middle, y), 4.5, None);
        }
        ADVICE => return svg.line("event", (middle, y - 6.0), (middle, y + 6.0)),
        IDEAL => "ideal",
        AMDAHL => "amdahl",
        _ => "usl",
    };
    svg.line(class, (at.x, y), (at.x + 22.0, y));
}

fn curves(svg: &mut Svg, series: &WorkersSeries, x: &Axis, y: &Axis) {
    let Some(first) = series.points.first() else { return };
    let base = f64::from(first.workers.max(1));
    curve(svg, "ideal", x, y, base, |workers| workers / base);
    if let Some(fit) = &series.fits.amdahl {
        curve(svg, "amdahl", x, y, base, |workers| fit.speedup(workers));
    }
    if let Some(fit) = &series.fits.usl {
        // The law is of throughputs; over that of the fewest workers they are speedups.
        curve(svg, "usl", x, y, base, |workers| fit.throughput(workers) / first.throughput.median);
    }
}

/// From the fewest workers on, as far as it stays on the plot.
fn curve(svg: &mut Svg, class: &str, x: &Axis, y: &Axis, from: f64, law: impl Fn(f64) -> f64) {
    let mut data = String::new();
    for step in 0..=STEPS {
        let workers = from + (x.to() - from) * f64::from(step) / f64::from(STEPS);
        let value = law(workers);
        if !value.is_finite() || value > y.to() {
            break;
        }
        let letter = if data.is_empty() { 'M' } else { 'L' };
        // Writing to a String cannot fail.
        let _ = write!(data, "{letter}{} {}", Num(x.place(workers)), Num(y.place(value)));
    }
    if !data.is_empty() {
        svg.path(class, &data, None);
    }
}

fn mark(svg: &mut Svg, point: &WorkersPoint, x: &Axis, y: &Axis) {
    let (at, value) = (x.place(f64::from(point.workers)), y.place(point.speedup.value));
    if let Some(interval) = point.speedup.interval {
        let (low, high) = (y.place(interval.low), y.place(interval.high));
        svg.line("whisker", (at, low), (at, high));
        for end in [low, high] {
            svg.line("whisker", (at - 5.0, end), (at + 5.0, end));
        }
    }
    let tip = format!("{}: {:.2}x", point.variant, point.speedup.value);
    svg.circle("ok", (at, value), 5.0, Some(&tip));
    let above = y.place(upper(point)).min(value - 5.0) - 7.0;
    svg.label("halo", (at + 6.0, above), Anchor::Start, &format!("{:.2}", point.speedup.value));
}
