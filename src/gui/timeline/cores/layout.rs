//! From the tracks of a core to bars in the rows of its lane. Pure, and its cost follows the pixels: what is narrower than
//! a pixel is merged with its neighbours, and tracks for which there is no row are merged into the last.

use std::ops::Range;

use super::{
    super::{
        layout::{MIN_WIDTH, OffCpu, SINGLE_WIDTH, TOLD_WIDTH, view_ns},
        locks::drawn_share,
        model::State,
    },
    index::CoreTracks,
    track::{Entry, Stretch, Sum, Track},
};
use crate::{analysis::SpanParts, gui::plots::TimeScale, store::Lane};

/// What has no row of its own is merged over so many points, and over up to four times as many where so many tracks share
/// the row: each column costs a look at each track.
const SHARED_WIDTH: f32 = 8.0;
const MANY_TRACKS: f64 = 32.0;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    Single {
        entry: Entry,
        state: State,
        off_cpu: OffCpu,
    },
    Merged {
        /// Attempts, or halves of them, that begin in this bar.
        attempts: usize,
        sum: Sum,
        /// Share of the bar's time in which one ran; of several tracks, the mean.
        busy: f32,
        /// Share of the attempts' time that they were without a core, as it is drawn.
        off_cpu: f32,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) left: f32,
    pub(crate) right: f32,
    /// The track it is of, and its entries there; of several tracks, none.
    pub(crate) place: Option<(usize, Range<usize>)>,
    pub(crate) what: What,
}

/// One row of a lane.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row {
    pub(crate) bars: Vec<Bar>,
    /// The tracks that share it: one, or all for which there is no row of their own.
    pub(crate) tracks: Range<usize>,
}

/// The rows of a core's lane, at most so many, from top to bottom; never none.
pub(crate) fn lay_out(core: &CoreTracks, lanes: &[Lane], scale: &TimeScale, most_rows: usize) -> Vec<Row> {
    let count = core.tracks.len();
    let own = if count <= most_rows.max(1) { count } else { most_rows.max(1) - 1 };
    let mut rows: Vec<Row> = core.tracks[..own]
        .iter()
        .enumerate()
        .map(|(at, track)| Row { bars: track_bars(track, at, lanes, scale), tracks: at..at + 1 })
        .collect();
    if own < count {
        rows.push(Row { bars: shared_bars(&core.tracks[own..], lanes, scale), tracks: own..count });
    }
    if rows.is_empty() {
        rows.push(Row::default());
    }
    rows
}

/// Left and right edge of a time, at least a point apart, within the scale.
fn edges(scale: &TimeScale, (start_ns, end_ns): (u64, u64), free: f32) -> (f32, f32) {
    let start_x = scale.x_from_ns(start_ns);
    let left = start_x.clamp(free, scale.right.max(free));
    let right = scale.x_from_ns(end_ns).max(start_x + MIN_WIDTH).max(left).min(scale.right.max(left));
    (left, right)
}

fn track_bars(track: &Track, row: usize, lanes: &[Lane], scale: &TimeScale) -> Vec<Bar> {
    let (from_ns, to_ns) = view_ns(scale);
    let single_ns = (scale.secs_per_point() * 1e9 * f64::from(SINGLE_WIDTH)).max(1.0);
    // As in the lanes of workers: counted from the run's start, so that bars stay as they are while the view moves.
    let stretch_of = |sum: &Sum| (sum.start_ns as f64 / single_ns) as u64;
    let mut bars = TrackBars { track, row, lanes, scale, free: scale.left, done: Vec::new() };
    let mut crowd: Option<Stretch> = None;
    for next in track.stretches(lanes, track.visible(lanes, from_ns, to_ns), single_ns as u64) {
        let wide = next.sum.width_ns() as f64 >= single_ns;
        match &mut crowd {
            Some(crowd) if !wide && stretch_of(&crowd.sum) == stretch_of(&next.sum) => {
                crowd.range.end = next.range.end;
                crowd.sum = crowd.sum.and(&next.sum);
                continue;
            }
            _ => bars.crowd(crowd.take(), Some(next.sum.start_ns)),
        }
        if wide {
            bars.push(next, None);
        } else {
            crowd = Some(next);
        }
    }
    bars.crowd(crowd, None);
    bars.done
}

struct TrackBars<'a> {
    track: &'a Track,
    row: usize,
    lanes: &'a [Lane],
    scale: &'a TimeScale,
    /// Where the last bar ended.
    free: f32,
    done: Vec<Bar>,
}

impl TrackBars<'_> {
    /// `next_ns` is when the entry behind it begins: the idle time up to there belongs to this stretch as well.
    fn crowd(&mut self, crowd: Option<Stretch>, next_ns: Option<u64>) {
        if let Some(crowd) = crowd {
            self.push(crowd, next_ns);
        }
    }

    fn push(&mut self, stretch: Stretch, next_ns: Option<u64>) {
        let Stretch { range, sum } = stretch;
        let (left, right) = edges(self.scale, (sum.start_ns, sum.end_ns), self.free);
        let single = if range.len() == 1 { self.track.get(range.start) } else { None };
        let what = if let Some(entry) = single {
            What::Single { entry, state: sum.worst, off_cpu: self.off_cpu(entry, &sum, right - left) }
        } else {
            let end_ns = next_ns.unwrap_or(sum.end_ns);
            let busy = sum.busy_ns as f64 / end_ns.saturating_sub(sum.start_ns).max(1) as f64;
            What::Merged {
                attempts: range.len(),
                sum,
                busy: busy.clamp(0.0, 1.0) as f32,
                off_cpu: drawn_share(sum.off_cpu_ns as f64 / sum.busy_ns.max(1) as f64),
            }
        };
        self.done.push(Bar { left, right, place: Some((self.row, range)), what });
        self.free = right;
    }

    /// When in its time it was without a core is not known, only for how long; of a half, as of the whole.
    fn off_cpu(&self, entry: Entry, sum: &Sum, width: f32) -> OffCpu {
        let all = drawn_share(sum.off_cpu_ns as f64 / sum.busy_ns.max(1) as f64);
        let unknown = OffCpu { ready: all, blocked: 0.0 };
        if all == 0.0 || width < TOLD_WIDTH {
            return unknown;
        }
        let lane = self.lanes.get(entry.worker().index());
        let span = lane.and_then(|lane| lane.spans.get(entry.at()));
        span.filter(|span| span.usage.core_wait_ns.is_some()).map_or(unknown, |span| {
            let parts = SpanParts::new(span.run_ns(), &span.usage, 0);
            let share = |ns: u64| drawn_share(ns as f64 / span.run_ns().max(1) as f64);
            OffCpu { ready: share(parts.waiting_for_core_ns), blocked: share(parts.blocked_ns) }
        })
    }
}

/// Of one column over several tracks.
#[derive(Clone, Copy, Default)]
struct Column {
    attempts: usize,
    sum: Option<Sum>,
    /// Of all tracks together, within the column.
    busy_ns: f64,
}

/// Tracks without rows of their own: each attempt counts in the column in which it begins, or where the view begins.
fn shared_bars(tracks: &[Track], lanes: &[Lane], scale: &TimeScale) -> Vec<Bar> {
    let (from_ns, to_ns) = view_ns(scale);
    let widen = (tracks.len() as f64 / MANY_TRACKS).clamp(1.0, 4.0);
    let column_ns = (scale.secs_per_point() * 1e9 * f64::from(SHARED_WIDTH) * widen).max(1.0);
    let first = (from_ns as f64 / column_ns).floor();
    let count = ((to_ns as f64 / column_ns).floor() - first) as usize + 1;
    let mut columns = vec![Column::default(); count];
    let place = |t_ns: u64| (((t_ns as f64 / column_ns).floor() - first).max(0.0) as usize).min(count - 1);
    for track in tracks {
        for Stretch { range, sum } in
            track.stretches(lanes, track.visible(lanes, from_ns, to_ns), column_ns as u64)
        {
            let begins = place(sum.start_ns);
            let column = &mut columns[begins];
            column.attempts += range.len();
            column.sum = Some(column.sum.map_or(sum, |before| before.and(&sum)));
            if range.len() > 1 {
                column.busy_ns += sum.busy_ns as f64;
                continue;
            }
            // A single one may be long, and reach over many.
            for (at, column) in columns.iter_mut().enumerate().take(place(sum.end_ns) + 1).skip(begins) {
                let (left, right) = ((first + at as f64) * column_ns, (first + at as f64 + 1.0) * column_ns);
                column.busy_ns += ((sum.end_ns as f64).min(right) - (sum.start_ns as f64).max(left)).max(0.0);
            }
        }
    }
    let all_ns = column_ns * tracks.len() as f64;
    let mut last: Option<Sum> = None;
    let mut bars = Vec::new();
    for (at, column) in columns.into_iter().enumerate() {
        // Where none begins, those that go on are shown as what they were.
        let (Some(sum), true) = (column.sum.or(last), column.attempts > 0 || column.busy_ns > 0.0) else {
            continue;
        };
        last = Some(sum);
        let x = |at: f64| scale.x_from_secs((first + at) * column_ns * 1e-9).clamp(scale.left, scale.right);
        let off_cpu = drawn_share(sum.off_cpu_ns as f64 / sum.busy_ns.max(1) as f64);
        let busy = (column.busy_ns / all_ns).clamp(0.0, 1.0) as f32;
        let what = What::Merged { attempts: column.attempts, sum, busy, off_cpu };
        bars.push(Bar { left: x(at as f64), right: x(at as f64 + 1.0), place: None, what });
    }
    bars
}

/// The bar under a place, or the nearest one within `slack` points.
pub(crate) fn bar_at(bars: &[Bar], x: f32, slack: f32) -> Option<&Bar> {
    let after = bars.partition_point(|bar| bar.left <= x);
    let distance = |bar: &&Bar| (bar.left - x).max(x - bar.right).max(0.0);
    bars[after.saturating_sub(1)..(after + 1).min(bars.len())]
        .iter()
        .filter(|bar| distance(bar) <= slack)
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
}
