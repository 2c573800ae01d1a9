//! When a worker's time went into the part that a person wants to see.

use crate::{
    analysis::Intervals,
    gui::plots::TimeScale,
    ids::{TaskId, WorkerId},
    store::RunStore,
    time::ns_from_secs,
};

use super::chosen::Place;

/// Stretches are at least this wide, and those that are closer together are one.
const LEAST_WIDTH: f32 = 1.5;

/// Stretches of a lane, from left to right. Their number follows the pixels, not the intervals.
pub(super) fn stretches(intervals: &Intervals, scale: &TimeScale) -> Vec<(f32, f32)> {
    let (from_ns, to_ns) = (ns_from_secs(scale.from_secs.max(0.0)), ns_from_secs(scale.to_secs.max(0.0)));
    let point_ns = (scale.secs_per_point() * 1e9 * f64::from(LEAST_WIDTH)).max(1.0) as u64;
    let mut found: Vec<(f32, f32)> = Vec::new();
    let mut at = intervals.partition_point(|interval| interval.1 <= from_ns);
    while let Some(&(start_ns, mut end_ns)) = intervals.get(at).filter(|interval| interval.0 < to_ns) {
        at += 1;
        // Whatever begins within the next point is one with it: found by halving, since there may be very many.
        loop {
            let near_ns = end_ns.saturating_add(point_ns);
            let next = at + intervals[at..].partition_point(|interval| interval.0 <= near_ns);
            if next == at {
                break;
            }
            (at, end_ns) = (next, intervals[next - 1].1);
        }
        let left = scale.x_from_ns(start_ns).max(scale.left);
        let right = scale.x_from_ns(end_ns).max(left + LEAST_WIDTH).min(scale.right);
        if right > left {
            found.push((left, right));
        }
    }
    found
}

/// The last attempt of a task on a worker.
pub(super) fn last_attempt(store: &RunStore, worker: WorkerId, task: TaskId) -> Option<Place> {
    let spans = &store.lanes.get(worker.index())?.spans;
    let found = spans.iter().zip(0..).filter(|(span, _)| span.task == task).last();
    found.map(|(_, at)| Place { lane: worker.index(), at })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(width: f32) -> TimeScale {
        TimeScale { left: 0.0, right: width, from_secs: 0.0, to_secs: 100e-9 }
    }

    #[test]
    fn stretches_are_where_the_intervals_are() {
        let intervals = vec![(0, 10), (20, 30), (90, 200)];
        assert_eq!(stretches(&intervals, &scale(100.0)), [(0.0, 10.0), (20.0, 30.0), (90.0, 100.0)]);
        assert_eq!(stretches(&Vec::new(), &scale(100.0)), []);
        assert_eq!(stretches(&vec![(200, 300)], &scale(100.0)), []);
    }

    #[test]
    fn what_is_close_is_one_and_every_interval_is_in_a_stretch() {
        let mut seed = 7_u64;
        let mut random = move |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        for width in [5.0, 50.0, 500.0] {
            for _ in 0..200 {
                let mut intervals = Vec::new();
                let mut at = 0;
                while at < 100 {
                    let from = at + 1 + random(9);
                    let to = from + 1 + random(9);
                    intervals.push((from, to));
                    at = to;
                }
                let scale = scale(width);
                let found = stretches(&intervals, &scale);
                assert!(found.len() as f32 <= width, "{} stretches in {width} points", found.len());
                assert!(found.windows(2).all(|pair| pair[0].1 <= pair[1].0 + LEAST_WIDTH), "{found:?}");
                for &(from, to) in intervals.iter().filter(|interval| interval.0 < 100) {
                    let middle = scale.x_from_ns(u64::midpoint(from, to)).min(scale.right);
                    let covered =
                        found.iter().any(|(left, right)| *left - 0.01 <= middle && middle <= *right + 0.01);
                    assert!(covered, "{from}..{to} is not in {found:?}");
                }
            }
        }
    }
}
