//! Where a worker had nothing to do while tasks waited in the queue: time that a pool could have used.

use super::layout::Bar;
use crate::{
    gui::plots::TimeScale,
    store::{Chunked, Lane, QueueSample, RunStore},
    time::ns_from_secs,
};

/// Narrower gaps are not looked into.
const LEAST_WIDTH: f32 = 6.0;

/// Stretches of a lane, from left to right, that are to be shaded. `bars` are those of the lane in this scale.
pub(super) fn starved(
    store: &RunStore,
    lane: &Lane,
    bars: &[Bar],
    scale: &TimeScale,
    now_ns: u64,
) -> Vec<(f32, f32)> {
    let running_x = lane.running.map(|open| scale.x_from_ns(open.start_ns));
    let end_x =
        scale.x_from_ns(now_ns.min(store.now_ns)).min(running_x.unwrap_or(f32::INFINITY)).min(scale.right);
    let mut from_x = scale.left;
    let mut found = Vec::new();
    let mut look = |from_x: f32, to_x: f32| {
        if to_x - from_x < LEAST_WIDTH {
            return;
        }
        let at = |x: f32| ns_from_secs(scale.secs_from_x(x));
        let whole = (at(from_x), at(to_x));
        // Not before somebody was there, not behind its end, and only while the pool handed out.
        for life in &lane.lives {
            let from_ns = life.ready_ns.unwrap_or(u64::MAX).max(whole.0);
            let to_ns = life.exited_ns.unwrap_or(u64::MAX).min(whole.1);
            if from_ns < to_ns
                && tasks_wait(&store.queue, from_ns, to_ns)
                && !is_paused(store, from_ns, to_ns)
            {
                let (left, right) = (scale.x_from_ns(from_ns).max(from_x), scale.x_from_ns(to_ns).min(to_x));
                if right - left >= LEAST_WIDTH {
                    found.push((left, right));
                }
            }
        }
    };
    for bar in bars {
        look(from_x, bar.left.min(end_x));
        from_x = bar.right;
    }
    look(from_x, end_x);
    found
}

/// Whether tasks were in the queue all the time, as far as it was sampled.
fn tasks_wait(queue: &Chunked<QueueSample>, from_ns: u64, to_ns: u64) -> bool {
    let first = queue.partition_point(|sample| sample.t_ns <= from_ns).saturating_sub(1);
    let mut any = false;
    for sample in queue.iter_from(first).take_while(|sample| sample.t_ns < to_ns) {
        if sample.queued == 0 {
            return false;
        }
        any = true;
    }
    any
}

fn is_paused(store: &RunStore, from_ns: u64, to_ns: u64) -> bool {
    store
        .pauses
        .iter()
        .any(|(pause_ns, until_ns)| *pause_ns < to_ns && until_ns.is_none_or(|until_ns| until_ns > from_ns))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{layout::lay_out, locks::LockIndex, model::tests::span},
        *,
    };
    use crate::{event::Outcome, store::Life};

    #[test]
    fn only_idle_time_of_a_present_worker_with_tasks_waiting_is_shaded() {
        let mut store = RunStore::default();
        for (t_ns, queued) in [(0, 9), (100, 9), (200, 9), (300, 9), (400, 0), (500, 3), (600, 0)] {
            store.queue.push(QueueSample { t_ns, queued, in_flight: 0, done: 0 });
        }
        store.now_ns = 1000;
        let life = Life {
            pid: 1,
            tid: 1,
            replaces: false,
            spawned_ns: 0,
            ready_ns: Some(50),
            exited_ns: Some(900),
            exit: None,
            expected: true,
        };
        // Idle from 50 to 100, 200 to 310, 350 to 450, and from 500 on.
        let spans = [(100, 200), (310, 350), (450, 500)];
        let spans = spans.iter().zip(0..).map(|(&(from, to), at)| span(at, from, to, Outcome::Ok)).collect();
        let lane = Lane { spans, lives: vec![life], ..Lane::default() };
        let scale = TimeScale { from_secs: 0.0, to_secs: 1e-6, left: 0.0, right: 1000.0 };
        let bars = lay_out(&lane, &LockIndex::default(), &scale, Vec::new());
        let shaded = |store: &RunStore| {
            let found = starved(store, &lane, &bars, &scale, 1000);
            // A place on the screen is a nanosecond here, and may be cut by one.
            let near = |x: f32| (x / 5.0).round() as u32 * 5;
            found.iter().map(|(from, to)| (near(*from), near(*to))).collect::<Vec<_>>()
        };
        // In the third gap the queue ran empty; behind the last bar it did as well.
        assert_eq!(shaded(&store), [(50, 100), (200, 310)]);
        store.pauses.push((210, Some(220)));
        assert_eq!(shaded(&store), [(50, 100)]);
    }
}
