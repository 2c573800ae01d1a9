//! How a frame's cost grows with the run, as a plot: both axes logarithmic, a line a zoom.

use std::fmt::Write as _;

const SIZE: [f64; 2] = [760.0, 340.0];
const LEFT: f64 = 64.0;
const RIGHT: f64 = 610.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 290.0;
/// Okabe and Ito's colours, as far as they can be read on white.
const COLORS: [&str; 5] = ["#0072b2", "#d55e00", "#007d5b", "#a84480", "#5b5b5b"];
const DASHES: [&str; 5] = ["none", "7 3", "2 3", "9 3 2 3", "5 5"];
/// Milliseconds at the foot and at the top.
const RANGE_MS: [f64; 2] = [0.01, 10.0];
/// What a frame may cost.
const BUDGET_MS: f64 = 4.0;

/// A size with what a frame cost at each zoom, in milliseconds.
pub(crate) type Row = (u32, [f64; 5]);

/// The plot as a page of its own. Needs two sizes or more.
pub(crate) fn svg(rows: &[Row], names: [&str; 5], title: &str) -> Option<String> {
    let (first, last) = (f64::from(rows.first()?.0).log10(), f64::from(rows.last()?.0).log10());
    if last <= first {
        return None;
    }
    let x = |tasks: u32| LEFT + (f64::from(tasks).log10() - first) / (last - first) * (RIGHT - LEFT);
    let [low, high] = RANGE_MS.map(f64::log10);
    let y = |ms: f64| BOTTOM - (ms.log10().clamp(low, high) - low) / (high - low) * (BOTTOM - TOP);
    let mut out = String::new();
    let [width, height] = SIZE;
    _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#1a2026\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"14\">{title}</text>\n"
    );
    for power in -2..=1 {
        let (ms, at) = (10_f64.powi(power), y(10_f64.powi(power)));
        _ = writeln!(out, "<path d=\"M{LEFT} {at:.1}H{RIGHT}\" stroke=\"#d6dbe0\"/>");
        _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{ms} ms</text>",
            LEFT - 8.0,
            at + 4.0
        );
    }
    let budget = y(BUDGET_MS);
    _ = writeln!(
        out,
        "<path d=\"M{LEFT} {budget:.1}H{RIGHT}\" stroke=\"#b03500\" stroke-dasharray=\"3 3\"/>"
    );
    _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"#b03500\">{BUDGET_MS} ms</text>",
        RIGHT + 8.0,
        budget + 4.0
    );
    for (tasks, _) in rows {
        let at = x(*tasks);
        _ = writeln!(out, "<path d=\"M{at:.1} {TOP}V{BOTTOM}\" stroke=\"#d6dbe0\"/>");
        let power = f64::from(*tasks).log10();
        _ = writeln!(
            out,
            "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">10<tspan dy=\"-5\" font-size=\"9\">{power:.0}</tspan></text>",
            BOTTOM + 20.0
        );
    }
    _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">tasks in the run</text>",
        f64::midpoint(LEFT, RIGHT),
        BOTTOM + 40.0
    );
    for (zoom, name) in names.iter().enumerate() {
        let points: Vec<_> =
            rows.iter().map(|(tasks, ms)| format!("{:.1},{:.1}", x(*tasks), y(ms[zoom]))).collect();
        let style = format!(
            "stroke=\"{}\" stroke-width=\"2\" stroke-dasharray=\"{}\" fill=\"none\"",
            COLORS[zoom], DASHES[zoom]
        );
        _ = writeln!(out, "<polyline points=\"{}\" {style}/>", points.join(" "));
        let at = TOP + 90.0 + 20.0 * zoom as f64;
        _ = writeln!(out, "<path d=\"M{:.1} {at}h28\" {style}/>", RIGHT + 8.0);
        _ = writeln!(out, "<text x=\"{:.1}\" y=\"{:.1}\">{name}</text>", RIGHT + 42.0, at + 4.0);
    }
    _ = writeln!(out, "<text x=\"{:.1}\" y=\"{:.1}\">in view:</text>", RIGHT + 8.0, TOP + 72.0);
    out.push_str("</svg>\n");
    Some(out)
}
