//! From spans and a time scale to bars on a lane. Pure, and its cost follows the pixels, not the spans: what is
//! narrower than a pixel is merged with its neighbours and stays present as a count.

use std::ops::Range;

use super::{
    locks::{self, Wait, WaitedShares, drawn_share},
    model::{Counts, LaneIndex, State},
};
use crate::{
    gui::plots::TimeScale,
    store::{Chunked, Lane, Span},
    time,
};

/// A bar this wide stands for itself. Narrower ones that begin within one point of each other are merged.
const SINGLE_WIDTH: f32 = 2.0;
/// The least width of any bar.
const MIN_WIDTH: f32 = 1.0;
/// Waiting between hand-over and start is drawn from this width on.
const MIN_WAIT_WIDTH: f32 = 3.0;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    Single {
        index: usize,
        state: State,
        /// Where the line begins that stands for waiting with the worker, handed over but not started.
        wait_from_x: Option<f32>,
        /// Where the task waited for a lock. May reach out of the bar by the point that it was pushed aside.
        waits: Vec<Wait>,
    },
    Merged {
        range: Range<usize>,
        counts: Counts,
        /// Share of the bar's time in which a task ran.
        busy: f32,
        /// Share of the bar's time in which a task waited for a lock, as it is drawn.
        waited: f32,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) left: f32,
    pub(crate) right: f32,
    pub(crate) what: What,
}

impl Bar {
    pub(crate) fn width(&self) -> f32 {
        self.right - self.left
    }
}

/// The bars of one lane, from left to right, none over another, all within the scale's edges.
pub(crate) fn lay_out(lane: &Lane, index: &LaneIndex, scale: &TimeScale) -> Vec<Bar> {
    let spans = &lane.spans;
    let (from_ns, to_ns) = view_ns(scale);
    let visible = lane.visible(from_ns, to_ns);
    // An index older than the lane must not be asked about spans that it has not seen.
    let end = visible.end.min(index.seen());
    let mut bars: Vec<Bar> = Vec::new();
    let mut at = visible.start;
    let mut free = scale.left;
    let mut shares = WaitedShares::new(&index.locks, &lane.locks);
    while at < end {
        let Some(span) = spans.get(at) else { break };
        let (start_x, end_x) = (scale.x_from_ns(span.start_ns), scale.x_from_ns(span.end_ns));
        let next = if end_x - start_x >= SINGLE_WIDTH { at + 1 } else { merge_end(spans, at, end, scale) };
        let last_x = spans.get(next - 1).map_or(end_x, |last| scale.x_from_ns(last.end_ns));
        let left = start_x.clamp(free, scale.right.max(free));
        let right = last_x.max(start_x + MIN_WIDTH).max(left).min(scale.right.max(left));
        let what = if next == at + 1 {
            let wait_from_x = wait_from_x(spans, at, span, scale, left);
            let waits = locks::waits(lane, &index.locks, scale, (span.start_ns, span.end_ns));
            What::Single { index: at, state: State::of(&span.outcome), wait_from_x, waits }
        } else {
            merged(spans, index, at..next, &mut shares)
        };
        bars.push(Bar { left, right, what });
        free = right;
        at = next;
    }
    bars
}

pub(crate) fn view_ns(scale: &TimeScale) -> (u64, u64) {
    (time::ns_from_secs(scale.from_secs), time::ns_from_secs(scale.to_secs))
}

/// The first span behind `at` that does not go into one bar with it.
fn merge_end(spans: &Chunked<Span>, at: usize, end: usize, scale: &TimeScale) -> usize {
    let Some(first) = spans.get(at) else { return at + 1 };
    let edge_ns = first.start_ns.saturating_add((scale.secs_per_point() * 1e9 * f64::from(MIN_WIDTH)) as u64);
    let before_edge = |at: usize| spans.get(at).is_some_and(|span| span.start_ns < edge_ns);
    // Steps that double, then a search between the last two: near for few spans a pixel, cheap for a thousand.
    let (mut known, mut step) = (at, 1);
    while known + step < end && before_edge(known + step) {
        known += step;
        step *= 2;
    }
    let (mut low, mut high) = (known + 1, (known + step).min(end));
    while low < high {
        let middle = usize::midpoint(low, high);
        if before_edge(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    // Only the last one can reach out of the pixel, for all others end before it starts. If it is wide, it stands alone.
    let wide = |at: usize| {
        spans
            .get(at)
            .is_some_and(|span| scale.x_from_ns(span.end_ns) - scale.x_from_ns(span.start_ns) >= SINGLE_WIDTH)
    };
    if low > at + 1 && wide(low - 1) { low - 1 } else { low }
}

fn merged(
    spans: &Chunked<Span>,
    index: &LaneIndex,
    range: Range<usize>,
    shares: &mut WaitedShares<'_>,
) -> What {
    let start_ns = spans.get(range.start).map_or(0, |span| span.start_ns);
    // Up to the next span: the idle time behind the last one belongs to this stretch as well.
    let end_ns = spans
        .get(range.end)
        .map_or_else(|| spans.get(range.end - 1).map_or(0, |span| span.end_ns), |next| next.start_ns);
    let busy = index.busy_ns(range.clone()) as f64 / end_ns.saturating_sub(start_ns).max(1) as f64;
    let waited = drawn_share(shares.share(start_ns, end_ns));
    What::Merged { counts: index.counts(range.clone()), range, busy: busy.clamp(0.0, 1.0) as f32, waited }
}

fn wait_from_x(spans: &Chunked<Span>, at: usize, span: &Span, scale: &TimeScale, left: f32) -> Option<f32> {
    // A worker that is handed tasks ahead is busy with the one before for a part of that time.
    let busy_until_ns =
        at.checked_sub(1).and_then(|before| spans.get(before)).map_or(0, |before| before.end_ns);
    let x = scale.x_from_ns(span.dispatched_ns.max(busy_until_ns)).max(scale.left);
    (left - x >= MIN_WAIT_WIDTH).then_some(x)
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

#[cfg(test)]
mod tests {
    use super::{super::model::tests::span, *};
    use crate::{
        event::{LockKind, Outcome},
        store::LockSpan,
    };

    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % limit
        }
    }

    fn lane(spans: impl IntoIterator<Item = Span>) -> (Lane, LaneIndex) {
        let lane = Lane { spans: spans.into_iter().collect(), ..Lane::default() };
        let mut index = LaneIndex::default();
        index.update(&lane.spans);
        (lane, index)
    }

    fn random_lane(random: &mut Random, n: u32) -> (Lane, LaneIndex) {
        let mut t = random.below(1000);
        let mut spans = Vec::new();
        for task in 0..n {
            t += random.below(3) * random.below(2000);
            let length = match random.below(10) {
                0 => random.below(5_000_000),
                1..4 => 0,
                _ => random.below(3000),
            };
            let outcome = if random.below(20) == 0 { Outcome::TimedOut } else { Outcome::Ok };
            spans.push(span(task, t, t + length, outcome));
            t += length;
        }
        lane(spans)
    }

    fn scale(from_secs: f64, to_secs: f64, width: f32) -> TimeScale {
        TimeScale { from_secs, to_secs, left: 92.0, right: 92.0 + width }
    }

    fn covered(bars: &[Bar]) -> Vec<usize> {
        bars.iter()
            .flat_map(|bar| match &bar.what {
                What::Single { index, .. } => *index..*index + 1,
                What::Merged { range, .. } => range.clone(),
            })
            .collect()
    }

    #[test]
    fn every_visible_span_is_there_once_inside_and_without_overlap() {
        let mut random = Random(42);
        for round in 0..200 {
            let n = random.below(3000) as u32;
            let (lane, index) = random_lane(&mut random, n);
            let end_ns = lane.spans.last().map_or(1000, |span| span.end_ns + 1);
            let from = random.below(end_ns) as f64 / 1e9;
            let span = (random.below(end_ns) + 100) as f64 / 1e9;
            let scale = scale(from, from + span, 50.0 + random.below(2000) as f32);
            let bars = lay_out(&lane, &index, &scale);
            let (from_ns, to_ns) = view_ns(&scale);
            assert_eq!(covered(&bars), lane.visible(from_ns, to_ns).collect::<Vec<_>>(), "round {round}");
            for bar in &bars {
                assert!(bar.left >= scale.left && bar.right <= scale.right + 0.01, "round {round}: {bar:?}");
                assert!(bar.right >= bar.left, "round {round}: {bar:?}");
            }
            for pair in bars.windows(2) {
                assert!(pair[0].right <= pair[1].left + 1e-3, "round {round}: {pair:?}");
            }
            let most = scale.width() as usize * 2 + 4;
            assert!(bars.len() <= most, "round {round}: {} bars on {} points", bars.len(), scale.width());
        }
    }

    #[test]
    fn merged_bars_count_outcomes_and_tell_how_busy() {
        let (lane, index) = lane((0..10_000).map(|at| {
            let outcome = if at == 7777 { Outcome::Failed("no".into()) } else { Outcome::Ok };
            span(at, u64::from(at) * 100, u64::from(at) * 100 + 25, outcome)
        }));
        let bars = lay_out(&lane, &index, &scale(0.0, 0.001, 200.0));
        let mut total = Counts::default();
        for bar in &bars {
            let What::Merged { counts, busy, .. } = &bar.what else { panic!("{bar:?}") };
            assert!((busy - 0.25).abs() < 0.01, "{busy}");
            total.add(counts);
        }
        assert_eq!((total.total(), total.of(State::Failed)), (10_000, 1));
    }

    #[test]
    fn a_wide_bar_is_not_swallowed_by_the_narrow_one_before_it() {
        let (lane, index) = lane([
            span(0, 0, 10, Outcome::Ok),
            span(1, 20, 30, Outcome::Ok),
            span(2, 40, 900_000, Outcome::Ok),
        ]);
        let bars = lay_out(&lane, &index, &scale(0.0, 0.001, 500.0));
        assert!(matches!(&bars[0].what, What::Merged { range, .. } if *range == (0..2)), "{bars:?}");
        assert!(matches!(bars[1].what, What::Single { index: 2, .. }), "{bars:?}");
        assert!(bars[1].width() > 440.0);
    }

    #[test]
    fn waiting_with_the_worker_shows_when_it_is_wide_enough() {
        let mut waited = span(1, 500_000, 600_000, Outcome::Ok);
        waited.dispatched_ns = 100_000;
        let (lane, index) = lane([span(0, 0, 300_000, Outcome::Ok), waited]);
        let bars = lay_out(&lane, &index, &scale(0.0, 0.001, 1000.0));
        let What::Single { wait_from_x: Some(x), .. } = bars[1].what else { panic!("{bars:?}") };
        assert!((x - bars[0].right).abs() < 0.1, "from the end of the task before, not from under it: {x}");
    }

    #[test]
    fn waits_for_locks_lie_within_their_bars_and_merged_bars_tell_their_share() {
        let mut random = Random(7);
        for round in 0..50 {
            let (mut lane, mut index) = random_lane(&mut random, 400);
            let end_ns = lane.spans.last().map_or(1, |span| span.end_ns);
            let mut at_ns = 0;
            while at_ns < end_ns {
                let asked_ns = at_ns + random.below(3000);
                let got_ns = asked_ns + random.below(20) * random.below(3000);
                at_ns = got_ns + 1 + random.below(3000);
                lane.locks.push(LockKind::Gil, LockSpan { asked_ns, got_ns, released_ns: at_ns });
            }
            index.locks.update(&lane.locks);
            let (from, span) = (random.below(end_ns) as f64 / 1e9, (random.below(end_ns) + 100) as f64 / 1e9);
            let scale = scale(from, from + span, 50.0 + random.below(2000) as f32);
            for bar in lay_out(&lane, &index, &scale) {
                // Bars are at least a point wide and push each other aside; waits stand where they were.
                let mut free = bar.left - 1.1;
                let What::Single { waits, .. } = &bar.what else { continue };
                for wait in waits {
                    let inside = wait.left >= free && wait.right > wait.left && wait.right <= bar.right + 1.1;
                    assert!(inside && wait.share > 0.0 && wait.share <= 1.0, "round {round}: {bar:?}");
                    free = wait.right - 0.1;
                }
            }
        }
        let (mut lane, mut index) = lane((0..1000).map(|at| {
            let start_ns = u64::from(at) * 100;
            span(at, start_ns, start_ns + 100, Outcome::Ok)
        }));
        for at in 0..1000 {
            let asked_ns = at * 100;
            let times = LockSpan { asked_ns, got_ns: asked_ns + 75, released_ns: asked_ns + 100 };
            lane.locks.push(LockKind::Shared, times);
        }
        index.locks.update(&lane.locks);
        let bars = lay_out(&lane, &index, &scale(0.0, 0.0001, 100.0));
        let merged = |bar: &Bar| matches!(bar.what, What::Merged { waited: 0.75, .. });
        assert!(bars.len() > 90 && bars.iter().all(merged), "{bars:?}");
    }

    #[test]
    fn the_pointer_finds_the_bar_under_it_or_close_by() {
        let (lane, index) = lane([span(0, 0, 100_000, Outcome::Ok), span(1, 500_000, 500_001, Outcome::Ok)]);
        let bars = lay_out(&lane, &index, &scale(0.0, 0.001, 1000.0));
        let found = |x: f32| bar_at(&bars, x, 3.0).map(|bar| covered(std::slice::from_ref(bar))[0]);
        assert_eq!(found(100.0), Some(0));
        assert_eq!(found(92.0 + 498.0), Some(1));
        assert_eq!(found(92.0 + 300.0), None);
    }
}
