//! What a person has marked on the time axis: a moment that stays, and a range.

use eframe::egui::{Key, PointerButton, Response, Ui};

use super::TimeScale;

/// Ranges shorter than this many points are slips of the hand.
const LEAST_POINTS: f64 = 3.0;

/// Seconds by the axis, or since a run's start where they were moved to it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Marks {
    /// The cursor stands here while the pointer is elsewhere.
    pub(crate) pinned: Option<f64>,
    /// From and to, in order.
    pub(crate) range: Option<(f64, f64)>,
    /// Where a range began that is still being drawn.
    drawn_from: Option<f64>,
}

impl Marks {
    /// Takes Shift and drag over a plot. True while it does, so that nothing else moves with the pointer.
    pub(super) fn drag(&mut self, ui: &Ui, response: &Response, scale: &TimeScale, least_secs: f64) -> bool {
        let shift = ui.input(|input| input.modifiers.shift);
        let secs = response
            .interact_pointer_pos()
            .map(|pointer| scale.secs_from_x(pointer.x.clamp(scale.left, scale.right)).max(least_secs));
        if response.drag_started_by(PointerButton::Primary) && shift {
            let pressed = ui.input(|input| input.pointer.press_origin());
            self.drawn_from = pressed.map(|pointer| scale.secs_from_x(pointer.x).max(least_secs));
        }
        let (Some(from_secs), Some(secs)) = (self.drawn_from, secs) else {
            if response.drag_stopped() {
                self.drawn_from = None;
            }
            return false;
        };
        let range = (from_secs.min(secs), from_secs.max(secs));
        self.range = (range.1 - range.0 >= LEAST_POINTS * scale.secs_per_point()).then_some(range);
        if response.drag_stopped() {
            self.drawn_from = None;
        }
        true
    }

    /// The same in another time, which is so many seconds later when it is the same moment.
    pub(super) fn moved(self, secs: f64) -> Self {
        Self {
            pinned: self.pinned.map(|at| at + secs),
            range: self.range.map(|(from, to)| (from + secs, to + secs)),
            drawn_from: self.drawn_from.map(|at| at + secs),
        }
    }

    pub(crate) fn is_being_drawn(&self) -> bool {
        self.drawn_from.is_some()
    }

    /// The range begins here, or ends here, without the pointer. What is on the wrong side of it gives way.
    pub(super) fn set_edge(&mut self, secs: f64, start: bool, (view_from, view_to): (f64, f64)) {
        let (from, to) = self.range.unwrap_or((view_from, view_to));
        let range = if start {
            (secs, if to > secs { to } else { view_to })
        } else {
            (if from < secs { from } else { view_from }, secs)
        };
        self.range = (range.1 > range.0).then_some(range);
    }

    /// A click pins the cursor; one where it is pinned lets it go.
    pub(super) fn click(&mut self, response: &Response, scale: &TimeScale, least_secs: f64) {
        let Some(pointer) = response.interact_pointer_pos() else { return };
        let near = |secs: f64| (scale.x_from_secs(secs) - pointer.x).abs() <= LEAST_POINTS as f32;
        self.pinned = match self.pinned {
            Some(secs) if near(secs) => None,
            _ => Some(scale.secs_from_x(pointer.x).max(least_secs)),
        };
    }

    /// Esc takes the marks away, one at a time.
    pub(super) fn keys(&mut self, ui: &Ui) {
        if (self.range.is_some() || self.pinned.is_some())
            && ui.input_mut(|input| input.consume_key(eframe::egui::Modifiers::NONE, Key::Escape))
            && self.range.take().is_none()
        {
            self.pinned = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_its_edges_in_order_whatever_is_set_first() {
        let view = (1.0, 9.0);
        for (edges, expected) in [
            (vec![(3.0, true)], Some((3.0, 9.0))),
            (vec![(3.0, true), (5.0, false)], Some((3.0, 5.0))),
            (vec![(5.0, false), (3.0, true)], Some((3.0, 5.0))),
            (vec![(5.0, false)], Some((1.0, 5.0))),
            (vec![(3.0, true), (2.0, false)], Some((1.0, 2.0))),
            (vec![(3.0, true), (5.0, false), (7.0, true)], Some((7.0, 9.0))),
            (vec![(9.0, true)], None),
        ] {
            let mut marks = Marks::default();
            for (secs, start) in &edges {
                marks.set_edge(*secs, *start, view);
            }
            assert_eq!(marks.range, expected, "{edges:?}");
        }
    }
}
