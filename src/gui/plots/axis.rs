//! The one time axis that every view of a run shares: what part of the run is in view, and where the pointer is.
//!
//! Views ask for a [`TimeScale`] to place times on pixels and hand their input to [`TimeAxis::interact`]. Changes are
//! kept and take effect at the next [`TimeAxis::begin_frame`], so that all views of one frame show the same interval.

mod asked;
mod input;
mod zeros;

use eframe::egui::{Id, Rect};

pub(crate) use self::asked::Lit;
pub(crate) use self::zeros::{Align, Extent};
use self::{asked::Asked, zeros::Zeros};
use super::{
    RunKey,
    marks::Marks,
    views::{Place, Views},
};

/// The shortest interval that can be in view.
const MIN_SPAN_SECS: f64 = 1e-6;
/// How much of a live run is in view once it is longer than this.
const FOLLOW_WINDOW_SECS: f64 = 30.0;
/// Free space right of an ended run, as a share of its length.
const END_MARGIN: f64 = 0.01;

/// What a plain vertical wheel does over a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wheel {
    Zooms,
    /// Something around the view scrolls; only the zoom gesture (Ctrl and wheel, or a pinch) zooms.
    Scrolls,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// The newest is in view: all of a short run, a sliding window of a long one, everything once it has ended.
    #[default]
    Follow,
    /// The whole run is in view.
    Fit,
    /// As the user left it.
    Manual,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Zoom { at_secs: f64, factor: f64 },
    Pan { secs: f64 },
    Fit,
    Show { from_secs: f64, to_secs: f64 },
    Back,
    Forward,
}

/// The interval in view and the shared cursor. Seconds in it count from the axis's zero, which is the run's start where one
/// run is shown; what it tells and takes counts from the start of the run to which it is turned.
#[derive(Debug, Default)]
pub(crate) struct TimeAxis {
    from_secs: f64,
    to_secs: f64,
    /// Where what is shown begins, and where it ends.
    start_secs: f64,
    end_secs: f64,
    live: bool,
    mode: Mode,
    changes: Vec<Change>,
    /// The pointer over a view, as the last frame saw it.
    cursor: Option<Cursor>,
    next_cursor: Option<Cursor>,
    marks: Marks,
    views: Views,
    /// What marks and views are of.
    runs: [RunKey; 2],
    asked: Asked,
    zeros: Zeros,
    /// By the window's clock, when input was taken last.
    now_secs: f64,
}

#[derive(Clone, Copy, Debug)]
struct Cursor {
    x: f32,
    /// Left and right edge of the plot that it is over.
    edges: (f32, f32),
    view: Id,
}

/// Where times stand on the pixels of one plot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TimeScale {
    pub(crate) from_secs: f64,
    pub(crate) to_secs: f64,
    pub(crate) left: f32,
    pub(crate) right: f32,
}

impl TimeScale {
    pub(crate) fn width(&self) -> f32 {
        (self.right - self.left).max(1.0)
    }

    pub(crate) fn secs_per_point(&self) -> f64 {
        (self.to_secs - self.from_secs) / f64::from(self.width())
    }

    pub(crate) fn x_from_secs(&self, secs: f64) -> f32 {
        // In f64 until the end: a point of a deep zoom is far below what f32 resolves in a long run.
        (f64::from(self.left) + (secs - self.from_secs) / self.secs_per_point()) as f32
    }

    pub(crate) fn x_from_ns(&self, ns: u64) -> f32 {
        self.x_from_secs(crate::time::secs(ns))
    }

    pub(crate) fn secs_from_x(&self, x: f32) -> f64 {
        self.from_secs + f64::from(x - self.left) * self.secs_per_point()
    }
}

impl TimeAxis {
    /// Shows the whole run, and goes on doing so while it grows.
    pub(crate) fn fit(&mut self) {
        self.mode = Mode::Fit;
        self.settle();
    }

    /// Shows this interval, as far as there is a run.
    pub(crate) fn show(&mut self, from_secs: f64, to_secs: f64) {
        self.mode = Mode::Manual;
        (self.from_secs, self.to_secs) = (from_secs, to_secs);
        self.settle();
    }

    /// As [`Self::show`], from the next frame on, and to be gone back from.
    pub(crate) fn go_to(&mut self, from_secs: f64, to_secs: f64) {
        let zero_secs = self.zero_secs();
        self.changes.push(Change::Show { from_secs: from_secs - zero_secs, to_secs: to_secs - zero_secs });
    }

    /// Shows the whole run from the next frame on, and can be gone back from.
    pub(crate) fn go_fit(&mut self) {
        self.changes.push(Change::Fit);
    }

    /// Marks and ways back are of one run, or of two that are compared; others begin without.
    pub(crate) fn keep_to(&mut self, runs: [RunKey; 2]) {
        if self.runs != runs {
            self.runs = runs;
            (self.marks, self.views) = (Marks::default(), Views::default());
            self.asked.forget();
        }
    }

    /// Back to the view before, or forward again, from the next frame on.
    pub(crate) fn retrace(&mut self, back: bool) {
        self.changes.push(if back { Change::Back } else { Change::Forward });
    }

    /// The marked range begins at the cursor, or ends there; where there is no cursor, at the view's edge.
    pub(crate) fn mark(&mut self, start: bool) {
        let view = (self.from_secs, self.to_secs.min(self.end_secs.max(self.from_secs)));
        let edge = if start { view.0 } else { view.1 };
        let cursor_secs = self.pointer().or(self.marks.pinned);
        self.marks.set_edge(cursor_secs.unwrap_or(edge).max(self.start_secs), start, view);
    }

    /// As at first, for another run; how the timeline is laid out stays.
    pub(crate) fn anew(&self) -> Self {
        Self { asked: self.asked.anew(), zeros: self.zeros.anew(), ..Self::default() }
    }

    /// Pins the cursor, and moves the view there if it is elsewhere.
    pub(crate) fn pin_at(&mut self, secs: f64) {
        self.marks.pinned = Some(secs - self.zero_secs());
        let span = self.to_secs - self.from_secs;
        if !(self.from_secs..=self.to_secs).contains(&(secs - self.zero_secs())) {
            self.go_to(secs - span * 0.5, secs + span * 0.5);
        }
    }

    pub(crate) fn marks(&self) -> Marks {
        self.marks.moved(self.zero_secs())
    }

    pub(crate) fn marks_mut(&mut self) -> &mut Marks {
        &mut self.marks
    }

    /// Left and right edge of the view.
    pub(crate) fn edges_secs(&self) -> (f64, f64) {
        (self.from_secs + self.zero_secs(), self.to_secs + self.zero_secs())
    }

    /// Left and right edge of all that there is to see.
    pub(crate) fn whole_secs(&self) -> (f64, f64) {
        (self.start_secs + self.zero_secs(), self.limit_secs() + self.zero_secs())
    }

    /// Follows the newest, or stays where the view is.
    pub(crate) fn set_follow(&mut self, follow: bool) {
        self.mode = if follow { Mode::Follow } else { Mode::Manual };
        self.settle();
    }

    pub(crate) fn follow(&self) -> bool {
        self.mode == Mode::Follow
    }

    /// To be called once a frame, before any view: takes over what the user did since the last frame.
    pub(crate) fn begin_frame(&mut self, end_secs: f64, live: bool) {
        self.zeros.forget();
        self.begin(0.0, end_secs, live);
    }

    fn begin(&mut self, start_secs: f64, end_secs: f64, live: bool) {
        self.start_secs = if start_secs.is_finite() { start_secs.min(0.0) } else { 0.0 };
        self.end_secs = if end_secs.is_finite() { end_secs.max(0.0) } else { 0.0 };
        self.live = live;
        self.settle();
        for change in std::mem::take(&mut self.changes) {
            self.apply(change);
        }
        self.cursor = self.next_cursor.take();
    }

    /// The time of which every view tells: under the pointer, wherever among the views it is, or else where it is pinned.
    pub(crate) fn cursor_secs(&self) -> Option<f64> {
        self.pointer_secs().or(self.marks().pinned)
    }

    /// The time under the pointer.
    pub(crate) fn pointer_secs(&self) -> Option<f64> {
        self.pointer().map(|secs| secs + self.zero_secs())
    }

    fn pointer(&self) -> Option<f64> {
        // By the view of this frame: under a resting pointer a sliding view moves on.
        self.cursor.map(|Cursor { x, edges: (left, right), .. }| {
            TimeScale { from_secs: self.from_secs, to_secs: self.to_secs, left, right }.secs_from_x(x)
        })
    }

    pub(crate) fn scale(&self, plot: Rect) -> TimeScale {
        let (from_secs, to_secs) = self.edges_secs();
        TimeScale { from_secs, to_secs, ..self.own_scale(plot) }
    }

    /// By the axis itself.
    fn own_scale(&self, plot: Rect) -> TimeScale {
        TimeScale { from_secs: self.from_secs, to_secs: self.to_secs, left: plot.left(), right: plot.right() }
    }

    fn here(&self) -> Place {
        match self.mode {
            Mode::Manual => Place::Interval(self.from_secs, self.to_secs),
            Mode::Follow | Mode::Fit => Place::Whole,
        }
    }

    fn go(&mut self, place: Option<Place>) {
        match place {
            Some(Place::Whole) => self.mode = Mode::Fit,
            Some(Place::Interval(from_secs, to_secs)) => self.show(from_secs, to_secs),
            None => {}
        }
    }

    fn apply(&mut self, change: Change) {
        let here = self.here();
        if !matches!(change, Change::Back | Change::Forward) {
            self.views.leave(here, self.now_secs);
        }
        match change {
            Change::Fit => self.mode = Mode::Fit,
            Change::Show { from_secs, to_secs } => self.show(from_secs, to_secs),
            Change::Back => {
                let place = self.views.back(here);
                self.go(place);
            }
            Change::Forward => {
                let place = self.views.forward(here);
                self.go(place);
            }
            Change::Pan { secs } => {
                self.mode = Mode::Manual;
                self.from_secs += secs;
                self.to_secs += secs;
            }
            Change::Zoom { at_secs, factor } => {
                self.mode = Mode::Manual;
                let span = self.to_secs - self.from_secs;
                let zoomed = (span / factor).clamp(MIN_SPAN_SECS, self.limit_secs() - self.start_secs);
                self.from_secs = at_secs - (at_secs - self.from_secs) * (zoomed / span);
                self.to_secs = self.from_secs + zoomed;
            }
        }
        self.settle();
    }

    /// Right edge of the whole run.
    fn limit_secs(&self) -> f64 {
        if self.live {
            // In steps, so that the axis stands still for a while instead of creeping with every frame.
            return step_above(self.end_secs.max(0.09) * 1.02);
        }
        let length = self.end_secs - self.start_secs;
        if length > 0.0 { (self.end_secs + length * END_MARGIN).max(MIN_SPAN_SECS) } else { 1.0 }
    }

    fn settle(&mut self) {
        let (start, limit) = (self.start_secs, self.limit_secs());
        match self.mode {
            Mode::Follow if self.live && self.end_secs > FOLLOW_WINDOW_SECS * (1.0 - END_MARGIN) => {
                self.to_secs = self.end_secs + FOLLOW_WINDOW_SECS * END_MARGIN;
                self.from_secs = (self.to_secs - FOLLOW_WINDOW_SECS).max(0.0);
            }
            Mode::Follow | Mode::Fit => (self.from_secs, self.to_secs) = (start, limit),
            Mode::Manual => {
                let whole = limit - start;
                let span = (self.to_secs - self.from_secs).clamp(MIN_SPAN_SECS.min(whole), whole);
                self.from_secs = self.from_secs.clamp(start, limit - span);
                self.to_secs = self.from_secs + span;
            }
        }
    }
}

/// The next of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten that is not below `secs`.
fn step_above(secs: f64) -> f64 {
    let power = 10_f64.powf(secs.log10().floor());
    [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0]
        .into_iter()
        .map(|step| step * power)
        .find(|&step| step >= secs)
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(end_secs: f64) -> TimeAxis {
        let mut axis = TimeAxis::default();
        axis.begin_frame(end_secs, false);
        axis
    }

    fn scale(axis: &TimeAxis) -> TimeScale {
        TimeScale { from_secs: axis.from_secs, to_secs: axis.to_secs, left: 100.0, right: 900.0 }
    }

    #[test]
    fn zoom_keeps_the_time_under_the_pointer() {
        let mut axis = axis(10.0);
        for factor in [1.3, 4.0, 2.0, 0.7, 50.0] {
            let x = scale(&axis).x_from_secs(4.0);
            axis.apply(Change::Zoom { at_secs: 4.0, factor });
            assert!((scale(&axis).x_from_secs(4.0) - x).abs() < 0.1, "after {factor}");
        }
    }

    #[test]
    fn the_view_never_leaves_the_run_and_never_collapses() {
        let mut axis = axis(10.0);
        for change in [
            Change::Zoom { at_secs: 9.0, factor: 1e12 },
            Change::Pan { secs: 1e9 },
            Change::Pan { secs: -1e9 },
            Change::Zoom { at_secs: 5.0, factor: 1e-12 },
            Change::Pan { secs: 3.0 },
        ] {
            axis.apply(change);
            let span = axis.to_secs - axis.from_secs;
            assert!(axis.from_secs >= 0.0 && axis.to_secs <= 10.2, "{axis:?}");
            assert!(span >= MIN_SPAN_SECS * 0.999, "{axis:?}");
        }
    }

    #[test]
    fn a_hand_on_the_view_ends_following_and_fit_shows_all() {
        let mut axis = TimeAxis::default();
        axis.begin_frame(5.0, true);
        assert!(axis.follow());
        axis.changes.push(Change::Zoom { at_secs: 1.0, factor: 2.0 });
        axis.begin_frame(5.1, true);
        assert!(!axis.follow());
        let view = (axis.from_secs, axis.to_secs);
        axis.begin_frame(6.0, true);
        assert_eq!((axis.from_secs, axis.to_secs), view, "a manual view stays while the run grows");
        axis.fit();
        assert!(axis.from_secs == 0.0 && axis.to_secs >= 6.0);
    }

    #[test]
    fn a_followed_run_grows_in_steps_then_slides() {
        let mut axis = TimeAxis::default();
        let mut edges = Vec::new();
        for tenth in 0..290 {
            let end = f64::from(tenth) / 10.0;
            axis.begin_frame(end, true);
            assert!(axis.from_secs == 0.0 && axis.to_secs >= end, "{axis:?}");
            edges.push(axis.to_secs);
        }
        edges.dedup();
        assert!(edges.len() < 25, "the edge moves seldom: {edges:?}");
        axis.begin_frame(100.0, true);
        assert!((axis.to_secs - axis.from_secs - FOLLOW_WINDOW_SECS).abs() < 1e-9);
        assert!(axis.to_secs > 100.0);
        axis.begin_frame(100.0, false);
        assert!(axis.from_secs == 0.0, "an ended run is shown whole");
    }

    #[test]
    fn an_empty_run_still_has_an_axis() {
        for (end, live) in [(0.0, false), (0.0, true), (f64::NAN, false), (-1.0, true)] {
            let mut axis = TimeAxis::default();
            axis.begin_frame(end, live);
            assert!(axis.to_secs > axis.from_secs, "{end} {live}");
        }
    }

    #[test]
    fn scale_goes_both_ways_even_deep_in_a_long_run() {
        let scale = TimeScale { from_secs: 3600.0, to_secs: 3_600.000_01, left: 92.0, right: 1092.0 };
        for x in [92.0, 500.5, 1092.0] {
            assert!((scale.x_from_secs(scale.secs_from_x(x)) - x).abs() < 0.1);
        }
    }
}
