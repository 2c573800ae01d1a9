//! Where the workers' time went: a bar a variant or a worker, cut into the parts of that time.

use super::{Legend, WIDTH, axis::Axis, legend_height, names_width, row_name};
use crate::{
    analysis::{Part, PartsTotal},
    export::svg::{Anchor, Rect, Svg, shortened},
    units,
};

const MANY: usize = 16;
const RIGHT: f64 = WIDTH - 100.0;
/// Characters of a time right of a bar.
const MOST_CHARS: usize = 12;
/// A part below this share of every variant has no entry in the legend.
const SMALL: f64 = 0.001;

/// A row for each name, as long as its time. `caption` says what of.
pub(in crate::export) fn stacks(rows: &[(&str, PartsTotal)], caption: &str) -> String {
    let parts: Vec<Part> = Part::ALL
        .into_iter()
        .filter(|part| rows.iter().any(|(_, of_row)| of_row.share(*part) >= SMALL))
        .collect();
    let left = names_width(rows.iter().map(|row| row.0));
    let row = if rows.len() > MANY { 22.0 } else { 34.0 };
    let top = legend_height(left, parts.iter().map(|part| part.label())) + 12.0;
    let bottom = top + row * rows.len().max(1) as f64;
    let mut svg = Svg::new(WIDTH, bottom + 44.0, "Where the workers' time went", None);
    patterns(&mut svg);
    let mut legend = Legend::new(left, 2.0);
    for part in parts {
        legend.entry(&mut svg, part.label(), |svg, at| fill(svg, part, at, None));
    }
    let wholes = rows.iter().map(|(_, of_row)| of_row.whole_ns() as f64);
    let axis = Axis::times_from_zero(wholes, left, RIGHT);
    svg.rect("plot", Rect { x: left, y: top, w: RIGHT - left, h: bottom - top }, None);
    axis.below(&mut svg, (top, bottom), caption);
    for (at, (name, of_row)) in rows.iter().enumerate() {
        let y = top + row * at as f64;
        row_name(&mut svg, (left, y + row * 0.5), name);
        bar(&mut svg, &axis, of_row, name, (y + row * 0.14, row * 0.72));
    }
    svg.finish()
}

fn bar(svg: &mut Svg, axis: &Axis, parts: &PartsTotal, name: &str, (y, height): (f64, f64)) {
    let mut sum_ns = 0.0;
    for part in Part::ALL {
        let ns = parts.of(part);
        if ns == 0 {
            continue;
        }
        let (from, to) = (axis.place(sum_ns), axis.place(sum_ns + ns as f64));
        sum_ns += ns as f64;
        let tip = format!(
            "{name}, {}: {}, {}",
            part.label(),
            units::duration(ns),
            units::percent(parts.share(part))
        );
        let rect = Rect { x: from, y, w: to - from, h: height };
        fill(svg, part, rect, Some(&tip));
        if part == Part::Useful && rect.w > 60.0 {
            let at = (from + 8.0, y + height * 0.5 + 4.0);
            svg.label("on-bar", at, Anchor::Start, &units::percent(parts.share(part)));
        }
    }
    let whole = if sum_ns > 0.0 { units::duration(parts.whole_ns()) } else { "not measured".to_owned() };
    svg.label(
        "weak",
        (axis.place(sum_ns) + 8.0, y + height * 0.5 + 4.0),
        Anchor::Start,
        &shortened(&whole, MOST_CHARS),
    );
}

/// The look of a part: a colour and, but for useful time and the start, a pattern of its own.
fn fill(svg: &mut Svg, part: Part, rect: Rect, tip: Option<&str>) {
    match part {
        Part::Useful => svg.rect("ok", rect, tip),
        Part::Starting => svg.rect("starting", rect, tip),
        other => svg.patterned(&format!("part-{}", other.name()), rect, tip),
    }
}

fn patterns(svg: &mut Svg) {
    let rising = "<path class=\"ink\" d=\"M-1 8L8 -1\"/>";
    let falling = "<path class=\"ink\" d=\"M-1 -1L8 8\"/>";
    let dots = "<circle class=\"dot\" cx=\"3\" cy=\"3\" r=\"1.2\"/>";
    let crossed = "<path class=\"ink\" d=\"M0 3.5H7M3.5 0V7\"/>";
    for (part, ground, tile, ink) in [
        (Part::WaitingForCore, "system", 7.0, rising),
        (Part::Lock, "lock", 4.0, "<path class=\"whisker\" d=\"M0 2H4\"/>"),
        (Part::Blocked, "cancelled", 6.0, dots),
        (Part::FirstTask, "starting", 5.0, "<path class=\"level\" d=\"M2.5 0V5\"/>"),
        (Part::Dispatch, "failed", 7.0, falling),
        (Part::Transfer, "crashed", 6.0, dots),
        (Part::Tail, "lane", 8.0, "<path class=\"level\" d=\"M-1 9L9 -1\"/>"),
        (Part::Restarting, "crashed", 7.0, crossed),
        (Part::Paused, "lane", 5.0, "<path class=\"level\" d=\"M0 2.5H5\"/>"),
    ] {
        svg.pattern(&format!("part-{}", part.name()), ground, tile, ink);
    }
}
