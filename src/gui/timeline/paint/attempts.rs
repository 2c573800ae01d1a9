//! Bars of a core's lane: coloured by worker, so how an attempt ended is told by form alone.

use eframe::egui::{Align2, Color32, Rect, Vec2, pos2, vec2};

use super::{
    CROSS_WIDTH, Crowd, DIGIT_WIDTH, HATCH_STEP, HATCH_STEP_WIDE, LanePainter, PATTERN_WIDTH, SHADES,
    gap_right, state_color,
};
use crate::{
    gui::{
        theme,
        timeline::{
            cores::{Bar, Part, What},
            layout::OffCpu,
            model::State,
            patterns::{add_dots, add_hatch},
        },
    },
    ids::WorkerId,
    units,
};

/// The part of a half that fades out towards where its other half is.
const FADE: f32 = 0.4;
/// From this width on, a half has a sign that points to the other.
const SIGN_WIDTH: f32 = 9.0;
/// A row needs this height for text.
const TEXT_HEIGHT: f32 = theme::SMALL_TEXT;

/// How a bar says that its attempt moved: which part it is, and whether the other part is further down.
pub(crate) type Move = Option<(Part, bool)>;

impl LanePainter<'_> {
    /// All bars of one row of a core's lane. `label` gives a task's number, `moved` where the other half is.
    pub(crate) fn core_bars(
        &mut self,
        bars: &[Bar],
        row: Rect,
        label: impl Fn(&Bar) -> Option<(WorkerId, u32)>,
        moved: impl Fn(&Bar) -> Move,
    ) {
        let mut crowd = Crowd::default();
        // As for several workers: a stretch may be of many.
        let ground = self.palette.text_weak;
        for bar in bars {
            let rect = Rect::from_x_y_ranges(bar.left..=bar.right, row.y_range());
            match &bar.what {
                What::Single { entry, state, off_cpu } => {
                    if rect.width() >= PATTERN_WIDTH {
                        self.core_crowd_label(std::mem::take(&mut crowd), row, ground);
                    } else if crowd.tasks > 0 {
                        (crowd.right, crowd.tasks) = (bar.right, crowd.tasks + 1);
                    }
                    let color = self.palette.worker(entry.worker());
                    self.core_single(rect, (*state, *off_cpu, color), moved(bar), || label(bar));
                }
                What::Merged { attempts, sum, busy, off_cpu } => {
                    if bar.left - crowd.right > super::CROWD_GAP {
                        self.core_crowd_label(std::mem::take(&mut crowd), row, ground);
                    }
                    if crowd.tasks == 0 {
                        crowd.left = bar.left;
                    }
                    (crowd.right, crowd.tasks) = (bar.right, crowd.tasks + attempts);
                    let leader = sum.leader().filter(|_| *attempts > 0);
                    let color = self.leader_color(leader);
                    self.core_merged(rect, color, *busy, *off_cpu);
                    if sum.not_ok > 0 && *attempts > 0 {
                        let mark = rect.with_max_y(rect.top() + (rect.height() * 0.4).max(3.0));
                        self.close_run();
                        self.rect(
                            mark.with_max_x(rect.right().max(rect.left() + 2.0)),
                            state_color(&self.palette, sum.worst),
                        );
                    }
                }
            }
        }
        self.close_run();
        self.core_crowd_label(crowd, row, ground);
    }

    /// Of merged bars: the worker that took at least half of the time, or neutral.
    pub(crate) fn leader_color(&self, leader: Option<WorkerId>) -> Color32 {
        leader.map_or(self.palette.text_weak, |worker| self.palette.worker(worker))
    }

    fn core_merged(&mut self, rect: Rect, color: Color32, busy: f32, off_cpu: f32) {
        let steps = SHADES as f32;
        let shade = 0.25 + 0.75 * (busy * steps).ceil().min(steps) / steps;
        let ground = self.ground_of(color);
        self.core_run_bar(rect, (self.palette.plot.lerp_to_gamma(color, shade), ground), off_cpu);
    }

    /// Under the patterns of time without a core: dark or pale, and still the worker's.
    fn ground_of(&self, color: Color32) -> Color32 {
        self.palette.plot.lerp_to_gamma(color, 0.22)
    }

    /// As in the lanes of workers, with the ground in the worker's colour.
    fn tinted_off_cpu(&mut self, body: Rect, off_cpu: OffCpu, color: Color32) {
        let before = self.palette;
        let ground = self.ground_of(color);
        (self.palette.core_wait, self.palette.blocked, self.palette.in_flight) = (ground, ground, color);
        self.off_cpu(body, off_cpu);
        self.palette = before;
    }

    fn core_run_bar(&mut self, rect: Rect, (color, ground): (Color32, Color32), off_cpu: f32) {
        let before = self.palette;
        self.palette.core_wait = ground;
        self.run_bar(rect, color, 0.0, off_cpu);
        self.palette = before;
    }

    fn core_single(
        &mut self,
        rect: Rect,
        (state, off_cpu, color): (State, OffCpu, Color32),
        moved: Move,
        label: impl FnOnce() -> Option<(WorkerId, u32)>,
    ) {
        if rect.width() < PATTERN_WIDTH {
            let ground = self.ground_of(color);
            self.core_run_bar(gap_right(rect), (color, ground), off_cpu.ready + off_cpu.blocked);
            if state != State::Ok {
                self.close_run();
                let mark = rect.with_max_y(rect.center().y).with_max_x(rect.right().max(rect.left() + 2.0));
                self.rect(mark, state_color(&self.palette, state));
            }
            return;
        }
        self.close_run();
        let body = gap_right(rect);
        match moved {
            Some((part, _)) => self.faded(body, part, color),
            None => self.rect(body, color),
        }
        self.outcome(body, state);
        let parted = state == State::Ok && off_cpu != OffCpu::default();
        if parted {
            self.tinted_off_cpu(body, off_cpu, color);
        }
        let sign = moved.filter(|_| body.width() >= SIGN_WIDTH);
        if let Some((part, down)) = sign {
            self.move_sign(body, part, down);
        }
        let crossed = matches!(state, State::Failed | State::Crashed) && rect.width() >= CROSS_WIDTH;
        let taken = if crossed { CROSS_WIDTH } else { 0.0 } + if sign.is_some() { SIGN_WIDTH } else { 0.0 };
        if crossed {
            self.cross(pos2(body.left() + 7.0, body.center().y), 3.5, self.palette.on_bar);
        }
        let text = label().filter(|_| body.height() >= TEXT_HEIGHT);
        if let Some(text) = text.and_then(|(worker, task)| fitting(worker, task, body.width() - taken)) {
            let left = match moved {
                Some((Part::Ended, _)) => body.left() + taken,
                _ => body.left() + if crossed { CROSS_WIDTH } else { 0.0 },
            };
            let room = Rect::from_min_size(pos2(left, body.top()), vec2(body.width() - taken, body.height()));
            self.number(text, room, parted || state != State::Ok || moved.is_some(), color, &[]);
        }
    }

    /// A half: it fades towards where its other half is, for when it moved is not known.
    fn faded(&mut self, body: Rect, part: Part, color: Color32) {
        let pale = self.palette.plot.lerp_to_gamma(color, 0.3);
        let (solid, fading) = if part == Part::Ended {
            let edge = body.left() + body.width() * FADE;
            (body.with_min_x(edge), body.with_max_x(edge))
        } else {
            let edge = body.right() - body.width() * FADE;
            (body.with_max_x(edge), body.with_min_x(edge))
        };
        self.rect(solid, color);
        let (left, right) = if part == Part::Ended { (pale, color) } else { (color, pale) };
        let first = self.mesh.vertices.len() as u32;
        for (corner, color) in [
            (fading.left_top(), left),
            (fading.right_top(), right),
            (fading.right_bottom(), right),
            (fading.left_bottom(), left),
        ] {
            self.mesh.colored_vertex(corner, color);
        }
        self.mesh.add_triangle(first, first + 1, first + 2);
        self.mesh.add_triangle(first, first + 2, first + 3);
    }

    /// Points up or down, to the lane of the core on which the other half is.
    fn move_sign(&mut self, body: Rect, part: Part, down: bool) {
        let x = if part == Part::Ended { body.left() + 4.5 } else { body.right() - 4.5 };
        let half = vec2(3.5, (body.height() * 0.3).min(4.0)) * if down { 1.0 } else { -1.0 };
        let center = pos2(x, body.center().y);
        let corners = [Vec2::new(-half.x, -half.y), Vec2::new(half.x, -half.y), Vec2::new(0.0, half.y)];
        let first = self.mesh.vertices.len() as u32;
        for corner in corners {
            self.mesh.colored_vertex(center + corner, self.palette.text);
        }
        self.mesh.add_triangle(first, first + 1, first + 2);
    }

    /// The pattern of an outcome, over a bar of any colour.
    pub(crate) fn outcome(&mut self, body: Rect, state: State) {
        let ink = self.palette.on_bar.gamma_multiply(0.6);
        match state {
            State::Ok | State::Failed => {}
            State::Crashed => add_hatch(&mut self.mesh, body, HATCH_STEP, ink),
            State::Cancelled => add_hatch(&mut self.mesh, body, HATCH_STEP_WIDE, ink),
            State::TimedOut => add_dots(&mut self.mesh, body, ink),
        }
    }

    /// A mark of the legend: a half that points to the other.
    pub(crate) fn moved_mark(&mut self, place: Rect, color: Color32) {
        self.faded(place, Part::Began, color);
        self.move_sign(place, Part::Began, true);
    }

    fn core_crowd_label(&mut self, crowd: Crowd, row: Rect, ground: Color32) {
        let text = format!("{} tasks", units::count(crowd.tasks as u64));
        let width = text.chars().count() as f32 * DIGIT_WIDTH;
        if crowd.tasks > 1 && width + 12.0 <= crowd.right - crowd.left && row.height() >= TEXT_HEIGHT {
            self.close_run();
            let center = pos2(f32::midpoint(crowd.left, crowd.right), row.center().y);
            let size = vec2(width + 6.0, (theme::SMALL_TEXT + 3.0).min(row.height()));
            self.rect(Rect::from_center_size(center, size), ground);
            self.text(center, Align2::CENTER_CENTER, text, self.palette.on_bar);
        }
    }

    /// An attempt that still runs, on the core on which its worker was seen last: an outline, for the core may change.
    pub(crate) fn running_on_core(&mut self, rect: Rect, worker: WorkerId, task: u32) {
        let color = self.palette.worker(worker);
        self.rect(rect, color);
        self.rect(rect.shrink(1.5), self.palette.plot.lerp_to_gamma(color, 0.25));
        if rect.height() >= TEXT_HEIGHT
            && let Some(text) = fitting(worker, task, rect.width() - 6.0)
        {
            self.text(rect.center(), Align2::CENTER_CENTER, text, self.palette.text);
        }
    }
}

/// `w3 128`, or as much of it as has room: workers share colours where there are many.
fn fitting(worker: WorkerId, task: u32, width: f32) -> Option<String> {
    let fits = |text: &String| text.len() as f32 * DIGIT_WIDTH + 6.0 <= width;
    Some(format!("w{} · {task}", worker.0))
        .filter(fits)
        .or_else(|| Some(format!("w{}", worker.0)).filter(fits))
}
