//! Where the zero of the axis is in the time of each run that is shown on it.
//!
//! The axis and its marks count from its zero. Views count from the start of their run: before one is drawn, the axis is
//! turned to that run, and what it then tells and takes is in the time of that run.

use super::{Marks, TimeAxis, TimeScale, Views};
use crate::{
    gui::plots::RunKey,
    time,
    units::{
        self,
        ticks::{Tick, time_label, time_ticks},
    },
};

/// What two runs have under each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Align {
    #[default]
    Start,
    FirstTask,
}

impl Align {
    pub(crate) const ALL: [Self; 2] = [Self::Start, Self::FirstTask];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::FirstTask => "first task",
        }
    }
}

/// One run on the axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) run: RunKey,
    /// When its first task started, once one has.
    pub(crate) first_secs: Option<f64>,
    pub(crate) end_secs: f64,
}

#[derive(Debug, Default)]
pub(super) struct Zeros {
    align: Align,
    /// The zero in each run's own time; empty where one run is shown by itself.
    of: Vec<(RunKey, f64)>,
    /// That of the run to which the axis is turned.
    pub(super) turned_secs: f64,
}

impl Zeros {
    pub(super) fn anew(&self) -> Self {
        Self { align: self.align, ..Self::default() }
    }

    pub(super) fn forget(&mut self) {
        self.of.clear();
        self.turned_secs = 0.0;
    }

    /// Places two runs, and gives where both together begin and end on the axis.
    pub(super) fn place(&mut self, runs: [Extent; 2]) -> (f64, f64) {
        self.forget();
        let zero_secs = |run: Extent| match self.align {
            Align::Start => 0.0,
            Align::FirstTask => run.first_secs.unwrap_or(0.0),
        };
        self.of = runs.map(|run| (run.run, zero_secs(run))).to_vec();
        let ends = runs.map(|run| run.end_secs - zero_secs(run));
        let start_secs = self.of.iter().map(|zero| -zero.1).fold(0.0, f64::min);
        (start_secs, ends.into_iter().fold(0.0, f64::max))
    }
}

impl TimeAxis {
    pub(crate) fn align(&self) -> Align {
        self.zeros.align
    }

    /// What was marked stood under something else before, so that it goes.
    pub(crate) fn set_align(&mut self, align: Align) {
        if self.zeros.align != align {
            self.zeros.align = align;
            (self.marks, self.views) = (Marks::default(), Views::default());
            self.fit();
        }
    }

    /// As [`Self::begin_frame`], for two runs.
    pub(crate) fn begin_frame_of(&mut self, runs: [Extent; 2]) {
        let (start_secs, end_secs) = self.zeros.place(runs);
        // Never a sliding window: it would follow the longer run, and leave the other out of sight.
        self.begin(start_secs, end_secs, false);
    }

    /// Counts from the start of this run from now on.
    pub(crate) fn turn_to(&mut self, run: RunKey) {
        let found = self.zeros.of.iter().find(|zero| zero.0 == run);
        self.zeros.turned_secs = found.map_or(0.0, |zero| zero.1);
    }

    /// Counts from its own zero again.
    pub(crate) fn turn_back(&mut self) {
        self.zeros.turned_secs = 0.0;
    }

    /// The axis's zero in the time of the run to which it is turned.
    pub(crate) fn zero_secs(&self) -> f64 {
        self.zeros.turned_secs
    }

    /// From what the axis counts, where it is not plain.
    pub(crate) fn counts_from(&self) -> Option<&'static str> {
        let words = match self.zeros.align {
            Align::Start => "from start",
            Align::FirstTask => "from first task",
        };
        (!self.zeros.of.is_empty()).then_some(words)
    }

    /// Ticks by the axis, in the time of the run.
    pub(crate) fn ticks(&self, scale: &TimeScale) -> Vec<Tick> {
        let zero_secs = self.zero_secs();
        let mut ticks = time_ticks(scale.from_secs - zero_secs, scale.to_secs - zero_secs, scale.width());
        for tick in &mut ticks {
            tick.secs += zero_secs;
        }
        ticks
    }

    /// A moment of the run as the axis tells it, as precisely as a pixel does.
    pub(crate) fn cursor_label(&self, secs: f64, scale: &TimeScale) -> String {
        let secs = (secs - self.zero_secs()).max(self.start_secs);
        time_label(secs, 10_f64.powf(scale.secs_per_point().log10().floor()))
    }

    /// The same with three figures.
    pub(crate) fn moment(&self, secs: f64) -> String {
        let secs = secs - self.zero_secs();
        let sign = if secs < 0.0 { "−" } else { "" };
        format!("{sign}{}", units::duration(time::ns_from_secs(secs.abs())))
    }
}

#[cfg(test)]
mod tests {
    use eframe::egui::{Rect, pos2};

    use super::*;

    const A: RunKey = (1, 1, 1);
    const B: RunKey = (2, 2, 2);

    fn axis(align: Align) -> TimeAxis {
        let mut axis = TimeAxis::default();
        axis.set_align(align);
        let run = |run, first_secs, end_secs| Extent { run, first_secs: Some(first_secs), end_secs };
        axis.begin_frame_of([run(A, 2.0, 10.0), run(B, 0.5, 6.0)]);
        axis
    }

    fn plot() -> Rect {
        Rect::from_min_max(pos2(100.0, 0.0), pos2(1100.0, 50.0))
    }

    fn x_of(axis: &mut TimeAxis, run: RunKey, secs: f64) -> f32 {
        axis.turn_to(run);
        axis.scale(plot()).x_from_secs(secs)
    }

    #[test]
    fn first_tasks_stand_under_each_other_where_runs_are_aligned_by_them() {
        for (align, secs_of_a, secs_of_b) in
            [(Align::Start, [0.0, 5.0], [0.0, 5.0]), (Align::FirstTask, [2.0, 5.0], [0.5, 3.5])]
        {
            let mut axis = axis(align);
            for (in_a, in_b) in secs_of_a.into_iter().zip(secs_of_b) {
                let [at_a, at_b] = [x_of(&mut axis, A, in_a), x_of(&mut axis, B, in_b)];
                assert!((at_a - at_b).abs() < 0.01, "{align:?}: {in_a} and {in_b}");
            }
        }
    }

    #[test]
    fn all_of_both_runs_is_in_view() {
        for (align, from_secs, end_secs) in [(Align::Start, 0.0, 10.0), (Align::FirstTask, -2.0, 8.0)] {
            let mut axis = axis(align);
            let scale = axis.scale(plot());
            assert!((scale.from_secs - from_secs).abs() < 1e-9, "{align:?}: {scale:?}");
            assert!(scale.to_secs >= end_secs && scale.to_secs < end_secs + 0.2, "{align:?}: {scale:?}");
            for (run, secs) in [(A, 0.0), (A, 10.0), (B, 0.0), (B, 6.0)] {
                let x = x_of(&mut axis, run, secs);
                assert!((99.9..=1100.1).contains(&x), "{align:?}: {secs} of {run:?} is at {x}");
            }
        }
    }

    #[test]
    fn one_moment_has_one_label_and_one_mark_in_both_runs() {
        let mut axis = axis(Align::FirstTask);
        axis.turn_to(A);
        axis.pin_at(3.0);
        let scale = axis.scale(plot());
        assert_eq!(axis.cursor_label(3.0, &scale), "1.00 s");
        assert_eq!(axis.moment(1.5), "−500 ms");
        assert_eq!((axis.marks().pinned, axis.cursor_secs()), (Some(3.0), Some(3.0)));
        axis.turn_to(B);
        assert_eq!((axis.marks().pinned, axis.cursor_secs()), (Some(1.5), Some(1.5)));
        assert_eq!(axis.cursor_label(1.5, &axis.scale(plot())), "1.00 s");
        let zero = |axis: &TimeAxis| {
            let ticks = axis.ticks(&axis.scale(plot()));
            ticks.into_iter().find(|tick| tick.label == "0").map(|tick| tick.secs)
        };
        assert_eq!(zero(&axis), Some(0.5));
        axis.turn_back();
        assert_eq!(zero(&axis), Some(0.0));
        assert!(axis.ticks(&axis.scale(plot())).iter().any(|tick| tick.label.starts_with('−')));
    }

    #[test]
    fn an_interval_that_a_run_asks_for_is_shown_in_its_time() {
        let mut axis = axis(Align::FirstTask);
        axis.turn_to(B);
        axis.go_to(1.0, 2.0);
        let run = |run, first_secs, end_secs| Extent { run, first_secs: Some(first_secs), end_secs };
        axis.begin_frame_of([run(A, 2.0, 10.0), run(B, 0.5, 6.0)]);
        axis.turn_to(B);
        let (from_secs, to_secs) = axis.edges_secs();
        assert!((from_secs - 1.0).abs() < 1e-9 && (to_secs - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_run_by_itself_counts_from_its_start_and_says_nothing_of_that() {
        let mut axis = axis(Align::FirstTask);
        assert_eq!(axis.counts_from(), Some("from first task"));
        axis.begin_frame(10.0, false);
        axis.turn_to(A);
        assert_eq!((axis.counts_from(), axis.zero_secs()), (None, 0.0));
        assert!(axis.edges_secs().0.abs() < 1e-9);
        assert_eq!(axis.anew().align(), Align::FirstTask, "it is remembered");
    }
}
