//! Marks on a lane that are no bars: starts and deaths of workers, replacements, and idle time that was needed.

use eframe::egui::{Align2, Color32, Rect, pos2, vec2};

use super::{LanePainter, inner};
use crate::gui::plots::add_vline;

/// Of a broken line, and its gaps.
const DASH: f32 = 3.0;
/// Of the line that tells of a part of the workers' time.
const LIT: f32 = 3.0;

impl LanePainter<'_> {
    /// A stretch in which a worker idled while tasks waited.
    pub(crate) fn starved(&mut self, left: f32, right: f32, lane: Rect) {
        let rect = Rect::from_x_y_ranges(left..=right, inner(lane).y_range());
        self.rect(rect, self.palette.warning.gamma_multiply(0.16));
        let foot = rect.with_min_y(rect.bottom() - 2.0);
        self.rect(foot, self.palette.warning.gamma_multiply(0.8));
    }

    /// Behind the bars, where workers' time went into the part that is to be seen.
    pub(crate) fn lit_below(&mut self, left: f32, right: f32, lane: Rect) {
        let rect = Rect::from_x_y_ranges(left..=right, inner(lane).y_range());
        self.rect(rect, self.palette.text.gamma_multiply(0.16));
    }

    /// The same over the bars: a line along the upper edge, in the part's colour.
    pub(crate) fn lit_above(&mut self, left: f32, right: f32, lane: Rect, color: Color32) {
        let inner = inner(lane);
        let stripe = Rect::from_min_max(pos2(left, inner.top()), pos2(right, inner.top() + LIT));
        self.rect(stripe.expand2(vec2(0.0, 1.0)), self.palette.plot);
        self.rect(stripe, color);
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

    /// All the waiting of one attempt, along the lane's upper edge over what ran meanwhile: from when it was queued to when
    /// it was handed over, where there is a tick, and from there, broken, to its start.
    pub(crate) fn queue_wait(&mut self, [queued_x, handed_x, start_x]: [f32; 3], lane: Rect) {
        let clip = self.painter.clip_rect();
        let y = lane.top() + 2.0;
        let inside = |x: f32| x.clamp(clip.left(), clip.right().max(clip.left()));
        let (from, tick, to) = (inside(queued_x), inside(handed_x), inside(start_x));
        if to - from < 2.0 {
            return;
        }
        let (ink, ground) = (self.palette.text, self.palette.plot);
        self.over(Rect::from_x_y_ranges(from..=to, y - 1.0..=y + 2.0), ground);
        self.over(Rect::from_x_y_ranges(from..=tick, y..=y + 1.0), ink);
        let mut x = tick;
        while x < to {
            self.over(Rect::from_x_y_ranges(x..=(x + DASH).min(to), y..=y + 1.0), ink);
            x += DASH * 2.0;
        }
        if (clip.left()..=clip.right()).contains(&handed_x) {
            let foot = lane.top() + (lane.height() * 0.4).max(6.0);
            self.over(Rect::from_x_y_ranges(tick - 1.5..=tick + 1.5, lane.top()..=foot), ground);
            self.over(Rect::from_x_y_ranges(tick - 0.5..=tick + 0.5, lane.top()..=foot), ink);
        }
    }
}
