//! The queue: how many tasks wait and how many are with workers, and under it how many end per second.

use std::ops::Range;

use eframe::egui::{Mesh, Rect, Ui, pos2};
use egui_plot::LineStyle;

use super::{
    Compared, Entry, Frame, TimeAxis, TimeScale, line, lines_ui, paint_legend, paint_mesh, run_key, sample,
    sizes::{size_at, sizes_ui},
    stairs::{Look, Stairs},
    ticks,
};
use crate::{
    store::{Chunked, QueueSample, RunStore},
    time::{self, NS_PER_MS},
    units,
};

/// A rate is taken over this long, so that it is not the jitter between two samples.
const RATE_WINDOW_NS: u64 = 500 * NS_PER_MS;
/// At a run's start there is less to look back on; below this, one task would be an absurd rate.
const RATE_MIN_NS: u64 = 100 * NS_PER_MS;
/// Share of the height for tasks done per second, where there is room for two plots.
const RATE_SHARE: f32 = 0.36;
const RATE_FROM_HEIGHT: f32 = 60.0;
const STRIP_GAP: f32 = 5.0;

/// The largest values so far of one run. Kept between frames: limits never shrink, and old samples are not read again.
#[derive(Clone, Copy, Debug, Default)]
struct Peaks {
    run: (u64, u64, u32),
    seen: usize,
    tasks: u32,
    rate: f64,
}

impl Peaks {
    fn update(&mut self, store: &RunStore) {
        let run = run_key(store);
        if self.run != run || self.seen > store.queue.len() {
            *self = Self { run, ..Self::default() };
        }
        for at in self.seen..store.queue.len() {
            if let Some(sample) = store.queue.get(at) {
                self.tasks = self.tasks.max(sample.queued).max(sample.in_flight);
                self.rate = self.rate.max(rate_at(&store.queue, at));
            }
        }
        self.seen = store.queue.len();
    }
}

/// Tasks done per second over the window that ends with a sample.
fn rate_at(samples: &Chunked<QueueSample>, at: usize) -> f64 {
    let Some(sample) = samples.get(at) else { return 0.0 };
    let start_ns = sample.t_ns.saturating_sub(RATE_WINDOW_NS);
    // The last sample at or before the window's start; a run that has none began with nothing done.
    let before = samples.partition_point(|sample| sample.t_ns <= start_ns);
    let (t_ns, done) = before
        .checked_sub(1)
        .and_then(|before| samples.get(before))
        .map_or((0, 0), |before| (before.t_ns, before.done));
    let passed_ns = sample.t_ns.saturating_sub(t_ns).max(RATE_MIN_NS);
    f64::from(sample.done.saturating_sub(done)) / time::secs(passed_ns)
}

/// The ends of the value axes. They never shrink while a run grows, and are those of both runs where two are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Limits {
    tasks: f64,
    rate: f64,
}

impl Limits {
    fn of(own: Peaks, other: Option<Peaks>) -> Self {
        let other = other.unwrap_or(own);
        Self {
            tasks: ticks::limit_above(f64::from(own.tasks.max(other.tasks))),
            rate: ticks::limit_above(own.rate.max(other.rate)),
        }
    }

    /// For those who do not see the axes.
    fn spoken(self) -> String {
        format!("axes up to {} and {}", tasks_text(self.tasks), units::rate(self.rate))
    }
}

fn tasks_text(tasks: f64) -> String {
    format!("{} {}", units::count(tasks as u64), if tasks > 1.0 { "tasks" } else { "task" })
}

/// The queue of one run, and over it that of the one it is compared with: how many wait there, and how many end per second.
pub(crate) fn queue_ui(
    ui: &mut Ui,
    name: &str,
    store: &RunStore,
    other: Option<Compared<'_>>,
    axis: &mut TimeAxis,
    height: f32,
) {
    let frame = Frame::begin(ui, axis, height, "Queue", name);
    if store.queue.is_empty() {
        frame.paint_empty(if store.phase.is_live() {
            "Tasks waiting, tasks with workers and tasks done per second appear here while a run is going."
        } else {
            "The queue was not recorded in this run."
        });
        return;
    }
    let peaks_of = |store: &RunStore, place: &str| {
        ui.data_mut(|data| {
            let peaks = data.get_temp_mut_or_default::<Peaks>(frame.response.id.with(place));
            peaks.update(store);
            *peaks
        })
    };
    let peaks = peaks_of(store, "peaks");
    let limits = Limits::of(peaks, other.map(|other| peaks_of(other.store, "peaks beside")));
    ui.ctx().accesskit_node_builder(frame.response.id, |node| node.set_value(limits.spoken()));
    frame.paint_time_labels(axis);
    let (tasks, rate) = split(frame.plot);
    paint_tasks(&frame, store, axis, tasks, limits.tasks);
    if let Some(rate) = rate {
        rate_ui(ui, &frame, store, axis, rate, limits.rate);
    }
    sizes_ui(ui, &frame, store, axis, tasks, true);
    let cursor = axis.cursor_secs().and_then(|secs| index_at(&store.queue, secs));
    let mut entries = entries(&frame, store, cursor, &peaks, rate.is_some());
    if store.sizes.len() > 1 {
        let workers = axis.cursor_secs().and_then(|secs| size_at(store, secs));
        let (name, value) = ("workers".to_owned(), workers.map(|workers| workers.to_string()));
        entries.push(Entry { name, value, color: frame.palette.text_weak, dashed: true });
    }
    if let Some(other) = other {
        if let Some(first) = entries.first_mut() {
            first.name = format!("queued in {}", other.names[0]);
        }
        axis.turn_to(run_key(other.store));
        entries.insert(1, other_ui(ui, &frame, other, axis, (tasks, rate), limits));
        axis.turn_to(run_key(store));
    }
    paint_legend(&frame, &entries, "100 000");
    frame.paint_cursor(axis);
}

/// The curves of the other run, to which the axis is turned, and what the legend says of them.
fn other_ui(
    ui: &mut Ui,
    frame: &Frame,
    other: Compared<'_>,
    axis: &TimeAxis,
    (tasks, rate): (Rect, Option<Rect>),
    limits: Limits,
) -> Entry {
    let (store, color) = (other.store, frame.palette.beside());
    let queued = series(store, &axis.scale(tasks), |_, sample| f64::from(sample.queued));
    let mut mesh = Mesh::default();
    stairs(store, axis, tasks, limits.tasks).add(&mut mesh, &queued, Look::Dashed(color));
    paint_mesh(&frame.painter, mesh);
    if let Some(rate) = rate {
        let points = series(store, &axis.scale(rate), |at, _| rate_at(&store.queue, at));
        let line =
            line("done per second there", points, rate, color).style(LineStyle::Dashed { length: 5.0 });
        lines_ui(ui, "rate beside", axis, rate, limits.rate, vec![line]);
    }
    let cursor = axis.cursor_secs().and_then(|secs| index_at(&store.queue, secs));
    let value = cursor.and_then(|at| store.queue.get(at));
    Entry {
        name: format!("queued in {}", other.names[1]),
        value: value.map(|sample| units::count(u64::from(sample.queued))),
        color,
        dashed: true,
    }
}

fn split(plot: Rect) -> (Rect, Option<Rect>) {
    if plot.height() < RATE_FROM_HEIGHT {
        return (plot, None);
    }
    let y = (plot.bottom() - plot.height() * RATE_SHARE).round();
    let tasks = Rect::from_min_max(plot.min, pos2(plot.right(), y - STRIP_GAP));
    (tasks, Some(Rect::from_min_max(pos2(plot.left(), y), plot.max)))
}

fn entries(
    frame: &Frame,
    store: &RunStore,
    cursor: Option<usize>,
    peaks: &Peaks,
    with_rate: bool,
) -> Vec<Entry> {
    let sample = cursor.and_then(|at| store.queue.get(at));
    let entry = |name: &str, value: Option<String>, color| Entry {
        name: name.to_owned(),
        value,
        color,
        dashed: false,
    };
    let tasks = |n: u32| units::count(u64::from(n));
    let mut entries = vec![
        entry("queued", sample.map(|sample| tasks(sample.queued)), frame.palette.queued),
        entry("in flight", sample.map(|sample| tasks(sample.in_flight)), frame.palette.in_flight),
    ];
    if with_rate {
        let name = format!("done/s, peak {}", units::rate(peaks.rate));
        let value = cursor.map(|at| units::rate(rate_at(&store.queue, at)));
        entries.push(entry(&name, value, frame.palette.rate));
    }
    entries
}

/// Samples in view, and one more on either side for the lines that enter and leave it.
fn visible(samples: &Chunked<QueueSample>, scale: &TimeScale) -> Range<usize> {
    let (from_ns, to_ns) = (time::ns_from_secs(scale.from_secs), time::ns_from_secs(scale.to_secs));
    let first = samples.partition_point(|sample| sample.t_ns < from_ns);
    let last = samples.partition_point(|sample| sample.t_ns <= to_ns);
    first.saturating_sub(1)..(last + 1).min(samples.len())
}

/// The sample that still held at a moment.
fn index_at(samples: &Chunked<QueueSample>, secs: f64) -> Option<usize> {
    let t_ns = time::ns_from_secs(secs);
    let last_ns = samples.last()?.t_ns;
    let at = samples.partition_point(|sample| sample.t_ns <= t_ns);
    at.checked_sub(1).filter(|_| t_ns <= last_ns)
}

fn series(store: &RunStore, scale: &TimeScale, value: impl Fn(usize, &QueueSample) -> f64) -> Vec<[f64; 2]> {
    sample::extremes_per_column(
        visible(&store.queue, scale),
        scale.from_secs,
        scale.to_secs,
        scale.width() as usize,
        |at| store.queue.get(at).map(|sample| [time::secs(sample.t_ns), value(at, sample)]),
    )
}

fn paint_tasks(frame: &Frame, store: &RunStore, axis: &TimeAxis, plot: Rect, limit: f64) {
    let mut labels = vec![(0.0, "0".to_owned()), (1.0, tasks_text(limit))];
    if limit >= 2.0 && plot.height() >= 48.0 {
        labels.push((0.5, units::count((limit / 2.0) as u64)));
    }
    frame.paint_grid(axis, plot, &labels);
    let scale = axis.scale(plot);
    let stairs = stairs(store, axis, plot, limit);
    let mut mesh = Mesh::default();
    let queued = series(store, &scale, |_, sample| f64::from(sample.queued));
    stairs.add(&mut mesh, &queued, Look::Filled(frame.palette.queued));
    let in_flight = series(store, &scale, |_, sample| f64::from(sample.in_flight));
    stairs.add(&mut mesh, &in_flight, Look::Plain(frame.palette.in_flight));
    paint_mesh(&frame.painter, mesh);
}

/// The last sample holds until now, or until the run's end.
fn stairs(store: &RunStore, axis: &TimeAxis, plot: Rect, limit: f64) -> Stairs {
    Stairs { plot, scale: axis.scale(plot), limit, end_secs: time::secs(store.now_ns) }
}

fn rate_ui(ui: &mut Ui, frame: &Frame, store: &RunStore, axis: &TimeAxis, plot: Rect, limit: f64) {
    let labels = vec![(0.0, "0".to_owned()), (1.0, units::rate(limit))];
    frame.paint_grid(axis, plot, &labels);
    let points = series(store, &axis.scale(plot), |at, _| rate_at(&store.queue, at));
    let line = line("done per second", points, plot, frame.palette.rate);
    lines_ui(ui, "rate", axis, plot, limit, vec![line]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(samples: &[(u64, u32, u32)]) -> RunStore {
        let mut store = RunStore::default();
        for &(ms, queued, done) in samples {
            store.queue.push(QueueSample { t_ns: ms * NS_PER_MS, queued, in_flight: 2, done });
        }
        store
    }

    #[test]
    fn a_rate_looks_back_half_a_second() {
        let store = store(&[(0, 9, 0), (500, 9, 10), (1000, 9, 60), (1250, 9, 60), (1500, 9, 60)]);
        for (at, rate) in [(0, 0.0), (1, 20.0), (2, 100.0), (3, 50.0 / 0.75), (4, 0.0)] {
            assert!((rate_at(&store.queue, at) - rate).abs() < 1e-9, "{at}: {}", rate_at(&store.queue, at));
        }
    }

    #[test]
    fn the_first_instant_is_no_absurd_peak() {
        let mut peaks = Peaks::default();
        peaks.update(&store(&[(1, 9, 1)]));
        assert!(peaks.rate <= 10.0, "{}", peaks.rate);
    }

    #[test]
    fn peaks_grow_with_the_run_and_start_anew_with_another() {
        let mut peaks = Peaks::default();
        peaks.update(&store(&[(0, 9, 0), (100, 5, 4)]));
        assert_eq!((peaks.tasks, peaks.seen), (9, 2));
        peaks.update(&store(&[(0, 9, 0), (100, 5, 4), (200, 1, 8)]));
        assert_eq!((peaks.tasks, peaks.seen), (9, 3));
        peaks.update(&store(&[(0, 3, 0)]));
        assert_eq!((peaks.tasks, peaks.seen), (3, 1));
    }

    #[test]
    fn two_queues_beside_each_other_share_axes_that_only_grow() {
        let (mut peaks_a, mut peaks_b) = (Peaks::default(), Peaks::default());
        let mut before = Limits { tasks: 0.0, rate: 0.0 };
        // One drains a long queue while the other begins late and is done sooner.
        let samples_a: Vec<(u64, u32, u32)> =
            (0..40).map(|at| (at * 100, 4000 - 100 * at as u32, 0)).collect();
        let samples_b: Vec<(u64, u32, u32)> = (0..40).map(|at| (at * 100, 30, at as u32 * 900)).collect();
        for seen in 1..=40 {
            peaks_a.update(&store(&samples_a[..seen]));
            peaks_b.update(&store(&samples_b[..seen.saturating_sub(20)]));
            let limits = Limits::of(peaks_a, Some(peaks_b));
            assert_eq!(limits, Limits::of(peaks_b, Some(peaks_a)), "the same for both");
            assert!(limits.tasks >= before.tasks && limits.rate >= before.rate, "{before:?} to {limits:?}");
            before = limits;
        }
        assert!(before.tasks >= 4000.0 && before.rate >= 9000.0, "{before:?}");
        assert!(Limits::of(peaks_b, None).tasks < 100.0, "alone it has its own");
    }

    #[test]
    fn the_cursor_reads_what_held_then() {
        let store = store(&[(0, 9, 0), (100, 5, 4)]);
        assert_eq!(index_at(&store.queue, 0.05), Some(0));
        assert_eq!(index_at(&store.queue, 0.1), Some(1));
        assert_eq!(index_at(&store.queue, 0.3), None);
    }
}
