//! Axes: where a value is on a plot, and which values are written beside it.

use super::WIDTH;
use crate::{
    export::svg::{Anchor, Rect, Svg, shortened},
    units::ticks::time_ticks,
};

/// Values that differ by more than this factor are told apart on a logarithmic axis alone.
const WIDE: f64 = 20.0;
/// Where the lowest value is below this fraction of the highest, an axis begins at 0.
const NEAR_ZERO: f64 = 0.5;
/// More than anything that is measured; beyond it there is no room for calculations.
const HIGHEST: f64 = 1e20;
/// Characters of a label beside a vertical axis.
const MOST_CHARS: usize = 11;
/// Width of one character of a label.
const CHAR: f64 = 6.5;

/// One axis. Places are finite and on the axis, whatever the value.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    logarithmic: bool,
    from: f64,
    to: f64,
    /// In pixels: where `from` is and where `to` is. A vertical axis runs upwards.
    start: f64,
    end: f64,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Of durations in nanoseconds: logarithmic where they differ much, else from 0 where that leaves room enough for
    /// the differences.
    pub(super) fn times(values: impl Iterator<Item = f64>, start: f64, end: f64) -> Self {
        let (low, high) = extent(values);
        if high / low > WIDE {
            return Self::of_decades(low / 1.15, high * 1.15, start, end);
        }
        let margin = ((high - low) * 0.08).max(high * 0.01);
        let from = if low < NEAR_ZERO * high { 0.0 } else { low - margin };
        Self::of_times(from, high + margin, start, end)
    }

    /// Of durations, from 0 on.
    pub(super) fn times_from_zero(values: impl Iterator<Item = f64>, start: f64, end: f64) -> Self {
        Self::of_times(0.0, extent(values).1, start, end)
    }

    fn of_times(from: f64, to: f64, start: f64, end: f64) -> Self {
        // Labels of a vertical axis take less room than those of a horizontal one.
        let room = (end - start).abs() * if start > end { 2.5 } else { 1.0 };
        let ticks = time_ticks(from / 1e9, to / 1e9, room as f32);
        let ticks = ticks.into_iter().map(|tick| (tick.secs * 1e9, tick.label)).collect();
        Self { logarithmic: false, from, to, start, end, ticks }
    }

    /// Ticks at 1, 2 and 5 times powers of ten, or at the powers alone where there are many.
    fn of_decades(from: f64, to: f64, start: f64, end: f64) -> Self {
        let (first, last) = (from.log10().floor() as i32, to.log10().ceil() as i32);
        let decades = (last - first).max(1);
        let steps: &[f64] = if decades <= 4 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let stride = (decades / 8 + 1) as usize;
        let ticks = (first..=last).step_by(stride).flat_map(|power| {
            let decade = 10_f64.powi(power);
            steps.iter().map(move |step| (step * decade, round_label(*step, power)))
        });
        let ticks = ticks.filter(|(ns, _)| (from..=to).contains(ns)).collect();
        Self { logarithmic: true, from, to, start, end, ticks }
    }

    /// Of plain numbers from 0 to `to`.
    pub(super) fn numbers(to: f64, start: f64, end: f64) -> Self {
        let to = if to.is_finite() && to > 1e-6 { to } else { 1.0 };
        let decade = 10_f64.powf((to / 5.0).log10().floor());
        let step = [1.0, 2.0, 5.0].map(|step| step * decade).into_iter().find(|step| to / step <= 6.0);
        let step = step.unwrap_or(10.0 * decade);
        let ticks = (0..=6).map(|at| f64::from(at) * step).filter(|value| *value <= to);
        let ticks = ticks.map(|value| (value, plain(value))).collect();
        Self { logarithmic: false, from: 0.0, to, start, end, ticks }
    }

    /// Of these whole numbers above 0, with room at both ends; each has a label where there is room for it.
    pub(super) fn of_counts(counts: &[u32], logarithmic: bool, start: f64, end: f64) -> Self {
        let (low, high) = extent(counts.iter().map(|&count| f64::from(count)));
        let (from, to) = if logarithmic { (low / 1.3, high * 1.3) } else { (0.0, high * 1.06) };
        let mut axis = Self { logarithmic, from, to, start, end, ticks: Vec::new() };
        let mut free = f64::MIN;
        for &count in counts {
            let label = crate::units::count(u64::from(count));
            let (x, half) = (axis.place(f64::from(count)), label.chars().count() as f64 * CHAR * 0.5);
            if x - half > free {
                free = x + half + 8.0;
                axis.ticks.push((f64::from(count), label));
            }
        }
        axis
    }

    pub(super) fn to(&self) -> f64 {
        self.to
    }

    /// What a reader must know of the axis: that it is logarithmic, or does not begin at 0.
    pub(super) fn remark(&self) -> &'static str {
        match self {
            Self { logarithmic: true, .. } => ", logarithmic",
            Self { from, .. } if *from > 0.0 => ", not from 0",
            _ => "",
        }
    }

    /// The pixel of a value; what lies beyond an end is at that end.
    pub(super) fn place(&self, value: f64) -> f64 {
        let along = if self.logarithmic {
            (value.max(self.from) / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        };
        let along = if along.is_nan() { 0.0 } else { along.clamp(0.0, 1.0) };
        self.start + along * (self.end - self.start)
    }

    /// Drawn below a plot that reaches from `top` to `bottom`, with a line of grid at each tick.
    pub(super) fn below(&self, svg: &mut Svg, (top, bottom): (f64, f64), name: &str) {
        for (value, label) in &self.ticks {
            let x = self.place(*value);
            svg.line("grid", (x, top), (x, bottom));
            // A label at the edge stays on the picture.
            let half = label.chars().count() as f64 * CHAR * 0.5;
            svg.label("weak", (x.min(WIDTH - half), bottom + 17.0), Anchor::Middle, label);
        }
        svg.line("axis", (self.start, bottom), (self.end, bottom));
        svg.label("weak", ((self.start + self.end) * 0.5, bottom + 36.0), Anchor::Middle, name);
    }

    /// Drawn left of a plot that reaches from `left` to `right`, its name above it.
    pub(super) fn beside(&self, svg: &mut Svg, (left, right): (f64, f64), name: &str) {
        for (value, label) in &self.ticks {
            let y = self.place(*value);
            svg.line("grid", (left, y), (right, y));
            svg.label("weak", (left - 8.0, y + 4.0), Anchor::End, &shortened(label, MOST_CHARS));
        }
        svg.label("weak", (left, self.end.min(self.start) - 8.0), Anchor::Start, name);
    }

    /// The ground between two axes.
    pub(super) fn ground(svg: &mut Svg, x: &Self, y: &Self) {
        let (left, right, top, bottom) = (x.start, x.end, y.end, y.start);
        svg.rect("plot", Rect { x: left, y: top, w: right - left, h: bottom - top }, None);
    }
}

/// The lowest and the highest of what can be measured; something to draw where there is nothing.
fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let values = values.filter(|value| *value > 0.0).map(|value| value.min(HIGHEST));
    let (low, high) =
        values.fold((f64::MAX, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    if high > 0.0 { (low, high) } else { (1e6, 1e6) }
}

/// One, two or five times a power of ten, in nanoseconds: `50 ms`.
fn round_label(step: f64, power: i32) -> String {
    let (unit, zeros) = match power {
        ..3 => ("ns", power),
        3..6 => ("µs", power - 3),
        6..9 => ("ms", power - 6),
        _ => ("s", power - 9),
    };
    format!("{} {unit}", step * 10_f64.powi(zeros))
}

fn plain(value: f64) -> String {
    if value.fract().abs() < 1e-9 {
        crate::units::count(value as u64)
    } else {
        format!("{value:.2}").trim_end_matches('0').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_on_the_axis_whatever_the_values() {
        let odd = [0.0, -1.0, 1e-300, 1.0, 3e5, 1e9, 1.8e19, f64::MAX, f64::NAN, f64::INFINITY];
        for &a in &odd {
            for &b in &odd {
                let values = || [a, b].into_iter();
                for axis in [
                    Axis::times(values(), 10.0, 900.0),
                    Axis::times(values(), 300.0, 20.0),
                    Axis::times_from_zero(values(), 10.0, 900.0),
                    Axis::numbers(a, 300.0, 20.0),
                    Axis::of_counts(&[1, 5, u32::MAX], true, 10.0, 900.0),
                ] {
                    let (low, high) = (axis.start.min(axis.end), axis.start.max(axis.end));
                    for value in odd {
                        let place = axis.place(value);
                        assert!((low..=high).contains(&place), "{a} {b} {value}: {place} of {axis:?}");
                    }
                    assert!(axis.ticks.len() < 80, "{axis:?}");
                }
            }
        }
    }

    #[test]
    fn an_axis_begins_where_differences_can_be_seen() {
        let remark = |values: [f64; 2]| Axis::times(values.into_iter(), 0.0, 800.0).remark();
        assert_eq!(remark([3e6, 9e6]), "");
        assert_eq!(remark([8e6, 9e6]), ", not from 0");
        assert_eq!(remark([8e6, 9e9]), ", logarithmic");
        let labels = Axis::times([1e6, 1e8].into_iter(), 0.0, 800.0).ticks;
        let labels: Vec<_> = labels.iter().map(|tick| tick.1.as_str()).collect();
        assert_eq!(labels, ["1 ms", "2 ms", "5 ms", "10 ms", "20 ms", "50 ms", "100 ms"]);
    }
}
