//! How busy all cores together were in two runs.

use eframe::egui::Ui;
use egui_plot::LineStyle;

use super::{
    Compared, Entry, Frame, TimeAxis,
    cores::{HEADROOM, load_text, percent_labels, sample_at, visible},
    line, lines_ui, paint_legend, run_key, sample,
};
use crate::{
    store::{CoreSample, RunStore},
    time,
};

/// The mean over all cores of a run, and of the one it is compared with. A core each would be a tangle.
pub(crate) fn busy_ui(
    ui: &mut Ui,
    name: &str,
    store: &RunStore,
    other: Compared<'_>,
    axis: &mut TimeAxis,
    height: f32,
) {
    let frame = Frame::begin(ui, axis, height, "CPU, all cores", name);
    let runs = [(store, frame.palette.ok, false), (other.store, frame.palette.beside(), true)];
    if runs.iter().all(|(store, ..)| store.cores.is_empty()) {
        frame.paint_empty("Neither run has a sample of CPU load.");
        return;
    }
    frame.paint_time_labels(axis);
    frame.paint_grid(axis, frame.plot, &percent_labels(frame.plot.height()));
    let mut entries = Vec::new();
    for ((store, color, dashed), name) in runs.into_iter().zip(other.names) {
        axis.turn_to(run_key(store));
        let style = if dashed { LineStyle::Dashed { length: 6.0 } } else { LineStyle::Solid };
        let drawn = line(name, points(store, axis, &frame), frame.plot, color).style(style);
        lines_ui(ui, if dashed { "busy beside" } else { "busy" }, axis, frame.plot, HEADROOM, vec![drawn]);
        let cursor = axis.cursor_secs().and_then(|secs| sample_at(&store.cores, secs));
        entries.push(Entry {
            name: format!("busy in {name}"),
            value: cursor.map(|sample| load_text(mean(sample) as f32)),
            color,
            dashed,
        });
    }
    axis.turn_to(run_key(store));
    paint_legend(&frame, &entries, "100 %");
    frame.paint_cursor(axis);
}

/// 0 to 1.
fn mean(sample: &CoreSample) -> f64 {
    let busy: f64 = sample.loads.iter().map(|load| f64::from(load.busy().clamp(0.0, 1.0))).sum();
    busy / sample.loads.len().max(1) as f64
}

/// In the time of the run to which the axis is turned.
fn points(store: &RunStore, axis: &TimeAxis, frame: &Frame) -> Vec<[f64; 2]> {
    let scale = axis.scale(frame.plot);
    let range = visible(&store.cores, &scale);
    let columns = scale.width() as usize;
    let first = range.start;
    let mut points = sample::extremes_per_column(range, scale.from_secs, scale.to_secs, columns, |at| {
        store.cores.get(at).map(|sample| [time::secs(sample.t_ns), mean(sample)])
    });
    // A sample stands for the interval that ends with it: the first begins with the run.
    if let Some(&[_, busy]) = points.first().filter(|_| first == 0) {
        points.insert(0, [0.0, busy]);
    }
    points
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::event::CoreLoad;

    #[test]
    fn half_of_the_cores_busy_is_half() {
        let load = |user| CoreLoad { user, ..CoreLoad::default() };
        for (loads, expected) in [
            (vec![load(1.0), load(0.0)], 0.5),
            (vec![load(0.25); 4], 0.25),
            (vec![load(3.0)], 1.0),
            (vec![], 0.0),
        ] {
            let got = mean(&CoreSample { t_ns: 1, loads: Arc::from(loads) });
            assert!((got - expected).abs() < 1e-6, "{got} for {expected}");
        }
    }
}
