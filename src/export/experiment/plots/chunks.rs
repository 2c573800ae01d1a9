//! Wall time over the chunk.

use std::fmt::Write as _;

use super::{WIDTH, advice_line, axis::Axis, legend_height, legend_of};
use crate::{
    analysis::{ChunkPoint, ChunkSeries},
    export::svg::{Num, Rect, Svg},
    units,
};

const LEFT: f64 = 90.0;
const RIGHT: f64 = WIDTH - 30.0;
const HEIGHT: f64 = 300.0;
const MEASURED: &str = "median, with the interval";
const FLOOR: &str = "within 5 % of the least time";
const ADVICE: &str = "recommended";

pub(in crate::export::experiment) fn chunks(series: &ChunkSeries) -> String {
    let words: Vec<&str> =
        if series.advice.is_some() { vec![MEASURED, FLOOR, ADVICE] } else { vec![MEASURED] };
    let top = legend_height(LEFT, words.iter().copied()) + 28.0;
    let bottom = top + HEIGHT;
    let mut svg = Svg::new(WIDTH, bottom + 44.0, "Wall time over chunk", None);
    let counts: Vec<u32> = series.points.iter().map(|point| point.chunk).collect();
    let x = Axis::of_counts(&counts, true, LEFT, RIGHT);
    let y = Axis::times(series.points.iter().flat_map(ends), bottom, top);
    Axis::ground(&mut svg, &x, &y);
    if let Some(advice) = series.advice {
        let [from, to] = [advice.low, advice.high].map(|chunk| x.place(f64::from(chunk)));
        // One chunk alone has a band too.
        let (from, to) = (from - 6.0, to + 6.0);
        svg.rect("lock", Rect { x: from, y: top, w: to - from, h: HEIGHT }, None);
    }
    y.beside(&mut svg, (LEFT, RIGHT), &format!("wall time{}", y.remark()));
    x.below(&mut svg, (top, bottom), "chunk: tasks handed out together, logarithmic");
    advice_line(&mut svg, series.advice.map(|advice| x.place(f64::from(advice.chunk))), (top, bottom));
    joined(&mut svg, series, &x, &y);
    for point in &series.points {
        mark(&mut svg, point, &x, &y);
    }
    legend_of(&mut svg, LEFT, words, sample);
    svg.finish()
}

fn ends(point: &ChunkPoint) -> [f64; 3] {
    let wall = &point.wall_ns;
    let (low, high) =
        wall.median_interval.map_or((wall.median, wall.median), |interval| (interval.low, interval.high));
    [low, wall.median, high]
}

fn sample(svg: &mut Svg, words: &str, at: Rect) {
    let (middle, y) = (at.x + 11.0, at.y + 6.0);
    match words {
        MEASURED => {
            svg.line("whisker", (middle, y - 6.0), (middle, y + 6.0));
            svg.circle("ok", (middle, y), 4.5, None);
        }
        FLOOR => svg.rect("lock", at, None),
        _ => svg.line("event", (middle, y - 6.0), (middle, y + 6.0)),
    }
}

fn joined(svg: &mut Svg, series: &ChunkSeries, x: &Axis, y: &Axis) {
    let mut data = String::new();
    for point in &series.points {
        let letter = if data.is_empty() { 'M' } else { 'L' };
        let (at, value) = (x.place(f64::from(point.chunk)), y.place(point.wall_ns.median));
        // Writing to a String cannot fail.
        let _ = write!(data, "{letter}{} {}", Num(at), Num(value));
    }
    svg.path("joined", &data, None);
}

fn mark(svg: &mut Svg, point: &ChunkPoint, x: &Axis, y: &Axis) {
    let at = x.place(f64::from(point.chunk));
    let [low, value, high] = ends(point).map(|ns| y.place(ns));
    svg.line("whisker", (at, low), (at, high));
    for end in [low, high] {
        svg.line("whisker", (at - 5.0, end), (at + 5.0, end));
    }
    let tip = format!("{}: {}", point.variant, units::duration(point.wall_ns.median as u64));
    svg.circle("ok", (at, value), 5.0, Some(&tip));
}
