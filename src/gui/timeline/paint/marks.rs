//! Marks on a lane that are no bars: starts and deaths of workers, replacements, and idle time that was needed.

use eframe::egui::{Align2, Rect, pos2, vec2};

use super::{LanePainter, inner};
use crate::gui::plots::add_vline;

impl LanePainter<'_> {
    /// A stretch in which a worker idled while tasks waited.
    pub(crate) fn starved(&mut self, left: f32, right: f32, lane: Rect) {
        let rect = Rect::from_x_y_ranges(left..=right, inner(lane).y_range());
        self.rect(rect, self.palette.warning.gamma_multiply(0.16));
        let foot = rect.with_min_y(rect.bottom() - 2.0);
        self.rect(foot, self.palette.warning.gamma_multiply(0.8));
    }

    pub(crate) fn starting(&mut self, left: f32, right: f32, lane: Rect) {
        let inner = inner(lane);
        let rect = Rect::from_min_max(pos2(left, inner.top()), pos2(right.max(left + 1.0), inner.bottom()));
        self.rect(rect, self.palette.starting.gamma_multiply(0.6));
        if rect.width() >= 52.0 {
            self.text(rect.center(), Align2::CENTER_CENTER, "starting", self.palette.text);
        }
    }

    /// The place where a worker died that nobody had asked to end.
    pub(crate) fn death(&mut self, x: f32, lane: Rect) {
        add_vline(&mut self.mesh, x, lane.top(), lane.bottom(), self.palette.error);
        add_vline(&mut self.mesh, x + 1.0, lane.top(), lane.bottom(), self.palette.error);
        let backing = Rect::from_center_size(pos2(x + 1.0, lane.center().y), vec2(11.0, 11.0));
        self.rect(backing, self.palette.plot);
        self.cross(backing.center(), 4.0, self.palette.error);
    }

    /// A death beside others: a tick at the lane's top edge that leaves the bars to be seen.
    pub(crate) fn death_among_many(&mut self, x: f32, lane: Rect) {
        add_vline(
            &mut self.mesh,
            x,
            lane.top(),
            lane.top() + (lane.height() * 0.2).max(3.0),
            self.palette.error,
        );
    }

    /// The place where a new process took over: a small flag.
    pub(crate) fn restart(&mut self, x: f32, lane: Rect) {
        let top = lane.top() + 1.0;
        add_vline(&mut self.mesh, x, top, lane.bottom(), self.palette.text_weak);
        let first = self.mesh.vertices.len() as u32;
        for corner in [pos2(x, top), pos2(x + 7.0, top + 3.5), pos2(x, top + 7.0)] {
            self.mesh.colored_vertex(corner, self.palette.text_weak);
        }
        self.mesh.add_triangle(first, first + 1, first + 2);
    }
}
