//! Load of every core: a line each, or a heat map where there are too many lines to tell apart.

use std::ops::Range;

use eframe::egui::{Align2, Color32, Mesh, Rect, Ui, pos2};
use egui_plot::{Line, LineStyle};

use super::{
    Entry, Frame, TimeAxis, TimeScale, ValueLabels, line, lines_ui, paint_legend, paint_mesh, sample,
    sizes::sizes_ui, small_font,
};
use crate::{
    gui::theme,
    ids::CoreId,
    store::{Chunked, CoreSample, RunStore},
    time, units,
};

/// With more cores than this, lines are a tangle and a heat map reads better.
const MAX_LINES: usize = 16;
/// A little more than a core can do, so that a line at 100 % does not lie on the frame.
pub(super) const HEADROOM: f64 = 1.08;
/// Colours repeat after this many cores; the second turn is dashed.
const COLORS: usize = 8;
/// Width of a heat map's cell in points; samples within one cell are averaged.
const CELL_WIDTH: f32 = 2.0;
/// Shades of the heat map. Neighbours of one shade become one rectangle.
const SHADES: f32 = 24.0;

pub(crate) fn cores_ui(ui: &mut Ui, store: &RunStore, axis: &mut TimeAxis, height: f32) {
    let frame = Frame::begin(ui, axis, height, "CPU per core", "CPU per core plot");
    let cores = store.cores.last().map_or(0, |sample| sample.loads.len());
    if cores == 0 {
        frame.paint_empty(if store.phase.is_live() {
            "The load of every core appears here a tenth of a second after the start."
        } else if store.lacks_start() {
            "The record of this run has no sample of CPU load."
        } else {
            "This run ended before the first sample of CPU load, a tenth of a second after its start."
        });
        return;
    }
    frame.paint_time_labels(axis);
    let scale = axis.scale(frame.plot);
    let cursor = axis.cursor_secs().and_then(|secs| sample_at(&store.cores, secs));
    if cores <= MAX_LINES {
        frame.paint_grid(axis, frame.plot, &percent_labels(frame.plot.height()));
        let lines = (0..cores).map(|core| core_line(&frame, store, core, &scale)).collect();
        lines_ui(ui, "cores", axis, frame.plot, HEADROOM, lines);
        let entries: Vec<Entry> = (0..cores)
            .map(|core| Entry {
                name: CoreId(core as u32).to_string(),
                value: cursor.and_then(|sample| sample.loads.get(core)).map(|load| load_text(load.busy())),
                color: frame.palette.core(core),
                dashed: core >= COLORS,
            })
            .collect();
        paint_legend(&frame, &entries, "100 %");
    } else {
        paint_heat(&frame, store, cores, &scale);
        paint_heat_legend(&frame, cursor);
    }
    sizes_ui(ui, &frame, store, axis, frame.plot, false);
    frame.paint_cursor(axis);
}

pub(super) fn load_text(busy: f32) -> String {
    units::percent((f64::from(busy.clamp(0.0, 1.0)) * 100.0).round() / 100.0)
}

pub(super) fn percent_labels(height: f32) -> ValueLabels {
    let shares: &[f64] = if height >= 56.0 { &[0.0, 0.5, 1.0] } else { &[0.0, 1.0] };
    shares.iter().map(|&share| (share / HEADROOM, format!("{:.0} %", share * 100.0))).collect()
}

/// Samples whose interval touches the view, and one more on either side for the lines that enter and leave it.
pub(super) fn visible(samples: &Chunked<CoreSample>, scale: &TimeScale) -> Range<usize> {
    let (from_ns, to_ns) = (time::ns_from_secs(scale.from_secs), time::ns_from_secs(scale.to_secs));
    let first = samples.partition_point(|sample| sample.t_ns < from_ns);
    let last = samples.partition_point(|sample| sample.t_ns <= to_ns);
    first.saturating_sub(1)..(last + 1).min(samples.len())
}

/// The sample whose interval holds a moment.
pub(super) fn sample_at(samples: &Chunked<CoreSample>, secs: f64) -> Option<&CoreSample> {
    let t_ns = time::ns_from_secs(secs);
    samples.get(samples.partition_point(|sample| sample.t_ns < t_ns))
}

fn core_line<'a>(frame: &Frame, store: &RunStore, core: usize, scale: &TimeScale) -> Line<'a> {
    let range = visible(&store.cores, scale);
    let mut points = sample::extremes_per_column(
        range.clone(),
        scale.from_secs,
        scale.to_secs,
        scale.width() as usize,
        |at| {
            let sample = store.cores.get(at)?;
            let load = sample.loads.get(core)?;
            Some([time::secs(sample.t_ns), f64::from(load.busy().clamp(0.0, 1.0))])
        },
    );
    // A sample stands for the interval that ends with it: the first begins with the run.
    if let Some(&[_, load]) = points.first().filter(|_| range.start == 0) {
        points.insert(0, [0.0, load]);
    }
    let style = if core >= COLORS { LineStyle::Dashed { length: 6.0 } } else { LineStyle::Solid };
    line(&CoreId(core as u32).to_string(), points, frame.plot, frame.palette.core(core)).style(style)
}

/// One row of the heat map: cells from left to right, neighbours of one shade joined.
fn heat_row(samples: &Chunked<CoreSample>, core: usize, scale: &TimeScale) -> Vec<(Range<f32>, f32)> {
    let mut cells: Vec<(Range<f32>, f32)> = Vec::new();
    let mut left = scale.left;
    let (mut sum, mut count) = (0.0, 0.0);
    for at in visible(samples, scale) {
        let Some(sample) = samples.get(at) else { continue };
        // A sample stands for the interval that ends with it.
        let start_ns =
            at.checked_sub(1).and_then(|before| samples.get(before)).map_or(0, |before| before.t_ns);
        let right = scale.x_from_ns(sample.t_ns).clamp(scale.left, scale.right);
        if count == 0.0 {
            left = scale.x_from_ns(start_ns).clamp(scale.left, scale.right);
        }
        sum += sample.loads.get(core).map_or(0.0, |load| load.busy().clamp(0.0, 1.0));
        count += 1.0;
        if right - left < CELL_WIDTH {
            continue;
        }
        let shade = (sum / count * SHADES).round() / SHADES;
        match cells.last_mut() {
            Some((range, before)) if (*before - shade).abs() < f32::EPSILON && left - range.end < 0.5 => {
                range.end = right;
            }
            _ => cells.push((left..right, shade)),
        }
        (sum, count) = (0.0, 0.0);
    }
    cells
}

fn shade(frame: &Frame, load: f32) -> Color32 {
    frame.palette.plot.lerp_to_gamma(frame.palette.running, 0.06 + 0.94 * load)
}

fn paint_heat(frame: &Frame, store: &RunStore, cores: usize, scale: &TimeScale) {
    let plot = frame.plot;
    let mut mesh = Mesh::default();
    mesh.add_colored_rect(plot, frame.palette.plot);
    let row = plot.height() / cores as f32;
    let gap = if row >= 5.0 { 1.0 } else { 0.0 };
    // Every label needs its own line; a power of two apart, so that the numbers are easy to continue.
    let every = ((theme::SMALL_TEXT + 1.0) / row).ceil().max(1.0) as usize;
    let every = every.next_power_of_two();
    let mut label_bottom = f32::NEG_INFINITY;
    for core in 0..cores {
        let top = plot.top() + row * core as f32;
        for (range, load) in heat_row(&store.cores, core, scale) {
            let cell = Rect::from_min_max(pos2(range.start, top), pos2(range.end, top + row - gap));
            mesh.add_colored_rect(cell, shade(frame, load));
        }
        let half = theme::SMALL_TEXT * 0.5;
        let y = (top + row * 0.5).clamp(plot.top() + half, plot.bottom() - half);
        if core % every == 0 && y - half >= label_bottom {
            label_bottom = y + half;
            let at = pos2(plot.left() - theme::GAP_SMALL, y);
            let name = CoreId(core as u32).to_string();
            frame.painter.text(at, Align2::RIGHT_CENTER, name, small_font(), frame.palette.text_weak);
        }
    }
    paint_mesh(&frame.painter, mesh);
}

fn paint_heat_legend(frame: &Frame, cursor: Option<&CoreSample>) {
    let text = |x: f32, text: String| {
        let at = pos2(x, frame.header.center().y);
        frame.painter.text(at, Align2::LEFT_CENTER, text, small_font(), frame.palette.text_weak).right()
    };
    let left = text(frame.header.left(), "0 %".to_owned()) + theme::GAP_SMALL;
    let mut mesh = Mesh::default();
    let step = 4.0;
    for at in 0..=SHADES as usize {
        let x = left + step * at as f32;
        let cell = Rect::from_min_max(
            pos2(x, frame.header.top() + 4.0),
            pos2(x + step, frame.header.bottom() - 4.0),
        );
        mesh.add_colored_rect(cell, shade(frame, at as f32 / SHADES));
    }
    paint_mesh(&frame.painter, mesh);
    let right = text(left + step * (SHADES + 1.0) + theme::GAP_SMALL, "100 %".to_owned());
    if let Some(sample) = cursor {
        let busy: f32 = sample.loads.iter().map(|load| load.busy().clamp(0.0, 1.0)).sum();
        text(right + theme::GAP_LARGE, format!("busy: {busy:.1} of {} cores", sample.loads.len()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{event::CoreLoad, time::NS_PER_MS};

    fn samples(n: usize, load: impl Fn(usize) -> f32) -> Chunked<CoreSample> {
        (0..n)
            .map(|at| CoreSample {
                t_ns: (at as u64 + 1) * 100 * NS_PER_MS,
                loads: Arc::new([CoreLoad { user: load(at), ..CoreLoad::default() }]),
            })
            .collect()
    }

    #[test]
    fn heat_cells_do_not_overlap_and_join_equal_shades() {
        let scale = TimeScale { from_secs: 0.0, to_secs: 100.0, left: 0.0, right: 500.0 };
        let cells =
            heat_row(&samples(1000, |at| if at < 500 { 1.0 } else { (at % 7) as f32 / 7.0 }), 0, &scale);
        assert!(cells.windows(2).all(|pair| pair[0].0.end <= pair[1].0.start + 0.01));
        assert!(cells[0].0.end > 240.0, "an even half is one cell: {:?}", cells[0]);
        assert!(cells.len() > 50);
    }

    #[test]
    fn the_cursor_reads_the_sample_whose_interval_holds_it() {
        let samples = samples(3, |at| at as f32 / 2.0);
        let load = |secs| sample_at(&samples, secs).map(|sample| sample.loads[0].user);
        assert_eq!(load(0.05), Some(0.0));
        assert_eq!(load(0.15), Some(0.5));
        assert_eq!(load(0.9), None);
    }

    #[test]
    fn a_deep_zoom_between_two_samples_keeps_the_line_through_it() {
        let samples = samples(10, |_| 0.5);
        let scale = TimeScale { from_secs: 0.41, to_secs: 0.42, left: 0.0, right: 500.0 };
        assert_eq!(visible(&samples, &scale), 3..5);
    }
}
