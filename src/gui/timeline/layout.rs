//! From spans and a time scale to bars on a lane. Pure, and its cost follows the pixels, not the spans: what is
//! narrower than a pixel is merged with its neighbours and stays present as a count.

use std::ops::Range;

use super::{
    locks::{self, LockIndex, Wait, WaitedShares, drawn_share},
    model::State,
};
use crate::{
    analysis::SpanParts,
    gui::plots::TimeScale,
    store::{Lane, Node, Piece, Reader},
    time,
};

/// A bar this wide stands for itself. Narrower ones that begin within so many points are merged.
pub(super) const SINGLE_WIDTH: f32 = 2.0;
/// From this width on, a bar tells for what its task waited.
pub(super) const TOLD_WIDTH: f32 = 6.0;
/// The least width of any bar.
pub(super) const MIN_WIDTH: f32 = 1.0;
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
        off_cpu: OffCpu,
    },
    Merged {
        range: Range<usize>,
        /// How many of them did not end ok, and the state among them that asks most for attention.
        not_ok: usize,
        worst: State,
        /// Share of the bar's time in which a task ran.
        busy: f32,
        /// Share of the bar's time in which a task waited for a lock, as it is drawn.
        waited: f32,
        /// Share of the tasks' time that they were without a core, other than for a lock, as it is drawn.
        off_cpu: f32,
    },
}

/// Shares of a task's time in which it was without a core, as they are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct OffCpu {
    /// Ready to run, or not known for what it waited.
    pub(crate) ready: f32,
    /// Waiting for something other than a core or a lock.
    pub(crate) blocked: f32,
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

/// The bars of one lane, from left to right, none over another, all within the scale's edges. `bars` is a vector to be used
/// again, whatever is in it: a view of many lanes would spend more time on getting memory than on anything else.
pub(crate) fn lay_out(lane: &Lane, locks: &LockIndex, scale: &TimeScale, bars: Vec<Bar>) -> Vec<Bar> {
    let (from_ns, to_ns) = view_ns(scale);
    let single_ns = (scale.secs_per_point() * 1e9 * f64::from(SINGLE_WIDTH)).max(1.0);
    let mut bars = Bars::new(lane, locks, scale, bars);
    let mut crowd: Option<Crowd> = None;
    for Piece { range, node } in lane.spans.pieces(lane.visible(from_ns, to_ns), single_ns as u64) {
        let wide = node.width_ns() as f64 >= single_ns;
        // Counted from the run's start, not from the edge, so that bars stay as they are while the view moves.
        let stretch = (node.start_ns as f64 / single_ns) as u64;
        match &mut crowd {
            Some(crowd) if !wide && crowd.stretch == stretch => {
                crowd.range.end = range.end;
                crowd.node = crowd.node.and(&node);
                continue;
            }
            _ => bars.crowd(crowd.take(), Some(node.start_ns)),
        }
        if wide {
            bars.single(range.start, &node);
        } else {
            crowd = Some(Crowd { range, node, stretch });
        }
    }
    let behind = crowd.as_ref().and_then(|crowd| lane.spans.times(crowd.range.end)).map(|times| times.0);
    bars.crowd(crowd, behind);
    bars.done
}

/// As [`TimeScale::x_from_ns`], with what is the same for all bars worked out before.
#[derive(Clone, Copy)]
struct Ruler {
    from_ns: f64,
    points_per_ns: f64,
    left: f64,
}

impl Ruler {
    fn new(scale: &TimeScale) -> Self {
        let points_per_ns = 1e-9 / scale.secs_per_point();
        Self { from_ns: scale.from_secs * 1e9, points_per_ns, left: f64::from(scale.left) }
    }

    fn x(&self, ns: u64) -> f32 {
        (self.left + (ns as f64 - self.from_ns) * self.points_per_ns) as f32
    }
}

/// Neighbours that begin within the same stretch, each too narrow to be seen.
struct Crowd {
    range: Range<usize>,
    node: Node,
    stretch: u64,
}

struct Bars<'a> {
    lane: &'a Lane,
    locks: &'a LockIndex,
    scale: &'a TimeScale,
    ruler: Ruler,
    spans: Reader<'a>,
    shares: WaitedShares<'a>,
    /// Where the last bar ended.
    free: f32,
    /// And its last span.
    free_ns: u64,
    done: Vec<Bar>,
}

impl<'a> Bars<'a> {
    fn new(lane: &'a Lane, locks: &'a LockIndex, scale: &'a TimeScale, mut done: Vec<Bar>) -> Self {
        done.clear();
        let shares = WaitedShares::new(locks, &lane.locks);
        let first = lane.visible(view_ns(scale).0, 0).start;
        let before = first.checked_sub(1).and_then(|at| lane.spans.times(at));
        let free_ns = before.map_or(0, |times| times.1);
        let spans = lane.spans.reader();
        Self { lane, locks, scale, ruler: Ruler::new(scale), spans, shares, free: scale.left, free_ns, done }
    }

    fn push(&mut self, node: &Node, make: impl FnOnce(&mut Self, f32) -> What) {
        let start_x = self.ruler.x(node.start_ns);
        let left = start_x.clamp(self.free, self.scale.right.max(self.free));
        let end_x = self.ruler.x(node.end_ns);
        let right = end_x.max(start_x + MIN_WIDTH).max(left).min(self.scale.right.max(left));
        let what = make(self, left);
        self.done.push(Bar { left, right, what });
        (self.free, self.free_ns) = (right, node.end_ns);
    }

    fn single(&mut self, index: usize, node: &Node) {
        self.push(node, |bars, left| {
            let wait_from_x = bars.wait_from_x(index, left);
            let waits = locks::waits(bars.lane, bars.locks, bars.scale, (node.start_ns, node.end_ns));
            let off_cpu = bars.off_cpu(index, node);
            What::Single { index, state: node.worst, wait_from_x, waits, off_cpu }
        });
    }

    /// `next_ns` is when the span behind it begins: the idle time up to there belongs to this stretch as well.
    fn crowd(&mut self, crowd: Option<Crowd>, next_ns: Option<u64>) {
        let Some(Crowd { range, node, .. }) = crowd else { return };
        if range.len() == 1 {
            return self.single(range.start, &node);
        }
        let end_ns = next_ns.unwrap_or(node.end_ns);
        let busy = node.busy_ns as f64 / end_ns.saturating_sub(node.start_ns).max(1) as f64;
        self.push(&node, |bars, _| {
            let waited = bars.shares.share(node.start_ns, end_ns);
            let off_cpu = node.off_cpu_ns as f64 / node.busy_ns.max(1) as f64;
            What::Merged {
                range,
                not_ok: node.not_ok as usize,
                worst: node.worst,
                busy: busy.clamp(0.0, 1.0) as f32,
                waited: drawn_share(waited),
                off_cpu: drawn_share(off_cpu - waited),
            }
        });
    }

    /// For what it waited is told only where that can be seen, and where there is anything to be seen.
    fn off_cpu(&mut self, index: usize, node: &Node) -> OffCpu {
        let run_ns = node.width_ns().max(1) as f64;
        let share = |ns: u64| drawn_share(ns as f64 / run_ns);
        if share(node.off_cpu_ns) == 0.0 {
            return OffCpu::default();
        }
        let lock_ns = (self.shares.share(node.start_ns, node.end_ns) * run_ns) as u64;
        let unknown = OffCpu { ready: share(node.off_cpu_ns.saturating_sub(lock_ns)), blocked: 0.0 };
        if node.width_ns() as f64 * self.ruler.points_per_ns < f64::from(TOLD_WIDTH) {
            return unknown;
        }
        let span = self.spans.get(index).filter(|span| span.usage.core_wait_ns.is_some());
        span.map_or(unknown, |span| {
            let parts = SpanParts::new(span.run_ns(), &span.usage, lock_ns);
            OffCpu { ready: share(parts.waiting_for_core_ns), blocked: share(parts.blocked_ns) }
        })
    }

    fn wait_from_x(&mut self, at: usize, left: f32) -> Option<f32> {
        // A worker that is handed tasks ahead is busy with the one before for a part of that time. Mostly there is no
        // room between the two, and nothing needs to be unpacked.
        let free_x = self.ruler.x(self.free_ns).max(self.scale.left);
        if left - free_x < MIN_WAIT_WIDTH {
            return None;
        }
        let dispatched_ns = self.spans.get(at)?.dispatched_ns;
        let x = self.ruler.x(dispatched_ns).max(free_x);
        (left - x >= MIN_WAIT_WIDTH).then_some(x)
    }
}

pub(crate) fn view_ns(scale: &TimeScale) -> (u64, u64) {
    (time::ns_from_secs(scale.from_secs), time::ns_from_secs(scale.to_secs))
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
        event::{LockKind, Outcome, Usage},
        store::{LockSpan, Span},
    };

    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % limit
        }
    }

    fn lane(spans: impl IntoIterator<Item = Span>) -> (Lane, LockIndex) {
        (Lane { spans: spans.into_iter().collect(), ..Lane::default() }, LockIndex::default())
    }

    fn random_lane(random: &mut Random, n: u32) -> (Lane, LockIndex) {
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
            let bars = lay_out(&lane, &index, &scale, Vec::new());
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
        let bars = lay_out(&lane, &index, &scale(0.0, 0.001, 200.0), Vec::new());
        let (mut total, mut failed) = (0, 0);
        for bar in &bars {
            let What::Merged { range, not_ok, worst, busy, .. } = &bar.what else { panic!("{bar:?}") };
            assert!((busy - 0.25).abs() < 0.01, "{busy}");
            assert_eq!(*worst == State::Failed, range.contains(&7777));
            (total, failed) = (total + range.len(), failed + not_ok);
        }
        assert_eq!((total, failed), (10_000, 1));
    }

    #[test]
    fn a_wide_bar_is_not_swallowed_by_the_narrow_one_before_it() {
        let (lane, index) = lane([
            span(0, 0, 10, Outcome::Ok),
            span(1, 20, 30, Outcome::Ok),
            span(2, 40, 900_000, Outcome::Ok),
        ]);
        let bars = lay_out(&lane, &index, &scale(0.0, 0.001, 500.0), Vec::new());
        assert!(matches!(&bars[0].what, What::Merged { range, .. } if *range == (0..2)), "{bars:?}");
        assert!(matches!(bars[1].what, What::Single { index: 2, .. }), "{bars:?}");
        assert!(bars[1].width() > 440.0);
    }

    #[test]
    fn waiting_with_the_worker_shows_when_it_is_wide_enough() {
        let mut waited = span(1, 500_000, 600_000, Outcome::Ok);
        waited.dispatched_ns = 100_000;
        let (lane, index) = lane([span(0, 0, 300_000, Outcome::Ok), waited]);
        let bars = lay_out(&lane, &index, &scale(0.0, 0.001, 1000.0), Vec::new());
        let What::Single { wait_from_x: Some(x), .. } = bars[1].what else { panic!("{bars:?}") };
        assert!((x - bars[0].right).abs() < 0.1, "from the end of the task before, not from under it: {x}");
    }

    #[test]
    fn bars_tell_what_share_of_the_time_there_was_no_core() {
        let with = |at: u32, run_ns: u64, usage: Usage| {
            let start_ns = u64::from(at) * 1_000_000;
            Span { usage, ..span(at, start_ns, start_ns + run_ns, Outcome::Ok) }
        };
        let usage = |cpu_ns, core_wait_ns| Usage { cpu_ns: Some(cpu_ns), core_wait_ns, ..Usage::default() };
        let (lane, index) = lane([
            with(0, 800_000, usage(200_000, Some(400_000))),
            with(1, 800_000, usage(400_000, None)),
            with(2, 800_000, usage(790_000, Some(10_000))),
            with(3, 800_000, Usage::default()),
        ]);
        let told = |bars: &[Bar]| -> Vec<(f32, f32)> {
            let shares = |bar: &Bar| match &bar.what {
                What::Single { off_cpu, .. } => (off_cpu.ready, off_cpu.blocked),
                What::Merged { off_cpu, .. } => (*off_cpu, -1.0),
            };
            bars.iter().map(shares).collect()
        };
        let wide = lay_out(&lane, &index, &scale(0.0, 0.004, 1000.0), Vec::new());
        assert_eq!(told(&wide), [(0.5, 0.25), (0.5, 0.0), (0.0, 0.0), (0.0, 0.0)]);
        // Too narrow to tell for what: the two are one.
        let narrow = lay_out(&lane, &index, &scale(0.0, 0.004, 15.0), Vec::new());
        assert_eq!(told(&narrow)[..2], [(0.75, 0.0), (0.5, 0.0)]);
        // And in a crowd the sum of all: 1.01 ms of 3.2.
        let crowd = lay_out(&lane, &index, &scale(0.0, 4.0, 1000.0), Vec::new());
        assert_eq!(told(&crowd), [(0.375, -1.0)]);
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
            index.update(&lane.locks);
            let (from, span) = (random.below(end_ns) as f64 / 1e9, (random.below(end_ns) + 100) as f64 / 1e9);
            let scale = scale(from, from + span, 50.0 + random.below(2000) as f32);
            for bar in lay_out(&lane, &index, &scale, Vec::new()) {
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
        index.update(&lane.locks);
        let bars = lay_out(&lane, &index, &scale(0.0, 0.0001, 100.0), Vec::new());
        let merged = |bar: &Bar| matches!(bar.what, What::Merged { waited: 0.75, .. });
        assert!(bars.len() > 40 && bars.iter().all(merged), "{bars:?}");
    }

    #[test]
    fn the_pointer_finds_the_bar_under_it_or_close_by() {
        let (lane, index) = lane([span(0, 0, 100_000, Outcome::Ok), span(1, 500_000, 500_001, Outcome::Ok)]);
        let bars = lay_out(&lane, &index, &scale(0.0, 0.001, 1000.0), Vec::new());
        let found = |x: f32| bar_at(&bars, x, 3.0).map(|bar| covered(std::slice::from_ref(bar))[0]);
        assert_eq!(found(100.0), Some(0));
        assert_eq!(found(92.0 + 498.0), Some(1));
        assert_eq!(found(92.0 + 300.0), None);
    }
}
