//! A staircase, painted as rectangles: sharp on every pixel, where a stroke around many small steps is not.

use eframe::egui::{Color32, Mesh, Rangef, Rect, pos2};

use super::TimeScale;

/// Whole pixels, for stairs are not anti-aliased.
const TREAD: f32 = 2.0;
const FILL_ALPHA: f32 = 0.25;
/// Length of a dash, and from one to the next.
const DASH: f32 = 6.0;
const DASH_STEP: f32 = 9.0;

pub(super) struct Stairs {
    pub(super) plot: Rect,
    pub(super) scale: TimeScale,
    pub(super) limit: f64,
    /// The last value holds until here.
    pub(super) end_secs: f64,
}

#[derive(Clone, Copy)]
pub(super) enum Look {
    Plain(Color32),
    /// Down to zero.
    Filled(Color32),
    Dashed(Color32),
}

impl Stairs {
    pub(super) fn add(&self, mesh: &mut Mesh, points: &[[f64; 2]], look: Look) {
        let (Look::Plain(color) | Look::Filled(color) | Look::Dashed(color)) = look;
        let x = |secs: f64| self.scale.x_from_secs(secs).clamp(self.plot.left(), self.plot.right()).round();
        let room = self.plot.height() - TREAD;
        let y = |value: f64| {
            (self.plot.bottom() - TREAD - room * (value / self.limit).clamp(0.0, 1.0) as f32).round()
        };
        let ends = points.iter().skip(1).map(|next| next[0]).chain([self.end_secs]);
        let mut before: Option<f32> = None;
        for (point, end_secs) in points.iter().zip(ends) {
            let (left, right, top) = (x(point[0]), x(end_secs.max(point[0])), y(point[1]));
            if let Look::Filled(color) = look {
                let filled = Rect::from_min_max(pos2(left, top), pos2(right, self.plot.bottom()));
                mesh.add_colored_rect(filled, color.gamma_multiply(FILL_ALPHA));
            }
            let tread = Rangef::new(top, top + TREAD);
            match look {
                Look::Dashed(_) => {
                    for (from, to) in dashes(left - self.plot.left(), right - self.plot.left()) {
                        let dash = self.plot.left() + from..=self.plot.left() + to;
                        mesh.add_colored_rect(Rect::from_x_y_ranges(dash, tread), color);
                    }
                }
                _ => mesh.add_colored_rect(Rect::from_x_y_ranges(left..=right, tread), color),
            }
            if let Some(before) = before.filter(|before| (before - top).abs() > TREAD) {
                let (high, low) = (top.min(before), top.max(before) + TREAD);
                mesh.add_colored_rect(Rect::from_min_max(pos2(left, high), pos2(left + TREAD, low)), color);
            }
            before = Some(top);
        }
    }
}

/// The parts of a line that are painted, in steps that do not depend on where it begins: many short lines after one another
/// look like one.
fn dashes(from: f32, to: f32) -> impl Iterator<Item = (f32, f32)> {
    let first = (from / DASH_STEP).floor() as i32;
    let last = (to / DASH_STEP).ceil() as i32;
    (first..last)
        .map(move |at| (at as f32 * DASH_STEP, at as f32 * DASH_STEP + DASH))
        .map(move |(left, right)| (left.max(from), right.min(to)))
        .filter(|(left, right)| right > left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_are_the_same_for_one_line_and_for_its_parts() {
        let painted = |lines: &[(f32, f32)]| {
            let dashes: Vec<(f32, f32)> = lines.iter().flat_map(|&(from, to)| dashes(from, to)).collect();
            (0..400)
                .map(|at| at as f32 * 0.25 + 0.1)
                .map(|x| dashes.iter().any(|(left, right)| (*left..*right).contains(&x)))
                .collect::<Vec<_>>()
        };
        let whole = painted(&[(0.0, 100.0)]);
        assert_eq!(whole, painted(&[(0.0, 3.0), (3.0, 4.0), (4.0, 50.5), (50.5, 100.0)]));
        let share = whole.iter().filter(|on| **on).count() as f32 / whole.len() as f32;
        assert!((share - DASH / DASH_STEP).abs() < 0.05, "{share}");
    }
}
