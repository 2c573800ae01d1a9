//! Paints what the layout decided. Knows colours and patterns, nothing of runs.
//!
//! Everything flat goes into one mesh per timeline: a rectangle there costs four corners and no anti-aliasing, which
//! matters where a processor paints. A state is told by colour and by form: `ok` is plain, `cancelled` hatched widely,
//! `timed out` dotted, `failed` crossed, `crashed` hatched and crossed; where a bar is too narrow for that, it stands
//! taller than its neighbours. Where a task waits for a lock, its bar is emptied from the foot up, by the share of the
//! time, and level lines remain; from the top down, by the share of its time that it waited for a core, which is hatched,
//! or for something else, which is dotted.

mod attempts;
mod marks;

use eframe::egui::{Align2, Color32, Mesh, Painter, Pos2, Rect, Stroke, StrokeKind, pos2, vec2};

use super::{
    layout::{Bar, OffCpu, What},
    locks::{Wait, drawn_share},
    model::State,
    patterns::{add_dots, add_hatch},
};
use crate::{
    gui::{
        plots::{add_hline, paint_mesh, small_font},
        theme::{self, Palette},
    },
    units,
};

/// A bar needs this width to carry a pattern.
const PATTERN_WIDTH: f32 = 6.0;
/// And this width to carry a cross beside its number.
const CROSS_WIDTH: f32 = 13.0;
const HATCH_STEP: f32 = 6.0;
const HATCH_STEP_WIDE: f32 = 11.0;
/// Between the lines across a wait; a tall bar has them further apart, so that there are few.
const LINE_STEP: f32 = 5.0;
const MOST_LINES: f32 = 4.0;
/// Width of a digit of a task's number.
const DIGIT_WIDTH: f32 = 6.6;
/// Shades of merged bars. Neighbours of one shade become one rectangle.
const SHADES: usize = 8;
/// Merged bars further apart than this are not one stretch.
const CROWD_GAP: f32 = 6.0;

/// A stretch of bars that are too narrow to be told apart.
#[derive(Clone, Copy, Default)]
struct Crowd {
    left: f32,
    right: f32,
    tasks: usize,
}

impl Crowd {
    fn add(&mut self, bar: &Bar, tasks: usize) {
        if self.tasks == 0 {
            self.left = bar.left;
        }
        self.right = bar.right;
        self.tasks += tasks;
    }
}

pub(crate) struct LanePainter<'a> {
    pub(crate) painter: &'a Painter,
    pub(crate) palette: Palette,
    pub(crate) mesh: Mesh,
    /// What lies over all of that.
    top: Mesh,
    /// Of merged bars, from idle to busy.
    shades: [Color32; SHADES + 1],
    /// Text goes over the mesh, so it waits until the mesh is painted.
    texts: Vec<(Pos2, Align2, String, Color32)>,
    strokes: Vec<([Pos2; 2], Stroke)>,
    frames: Vec<Rect>,
    /// The last plain rectangles, of bars and of waits at their feet, kept open so that equal neighbours can lengthen
    /// them. They never cover each other.
    open: [Option<(Rect, Color32)>; 3],
}

/// Places in [`LanePainter::open`].
const BARS: usize = 0;
const WAITS: usize = 1;
const OFF_CPU: usize = 2;

impl<'a> LanePainter<'a> {
    pub(crate) fn new(painter: &'a Painter, palette: Palette) -> Self {
        let (texts, strokes) = (Vec::new(), Vec::new());
        let busy = |shade: usize| shade as f32 / SHADES as f32;
        let shade = |shade| palette.plot.lerp_to_gamma(palette.ok, 0.25 + 0.75 * busy(shade));
        let shades = std::array::from_fn(shade);
        Self {
            painter,
            palette,
            mesh: Mesh::default(),
            top: Mesh::default(),
            shades,
            texts,
            strokes,
            frames: Vec::new(),
            open: [None; 3],
        }
    }

    pub(crate) fn finish(mut self) {
        self.close_run();
        paint_mesh(self.painter, self.mesh);
        paint_mesh(self.painter, self.top);
        for (points, stroke) in self.strokes {
            self.painter.line_segment(points, stroke);
        }
        for rect in self.frames {
            self.painter.rect_stroke(rect, 2.0, Stroke::new(2.0, self.palette.text), StrokeKind::Inside);
        }
        for (at, align, text, color) in self.texts {
            self.painter.text(at, align, text, small_font(), color);
        }
    }

    pub(crate) fn rect(&mut self, rect: Rect, color: Color32) {
        if rect.width() > 0.0 && rect.height() > 0.0 {
            self.mesh.add_colored_rect(rect, color);
        }
    }

    /// How much of a core other programs had, from the bottom up: quietly, behind the bars of the run.
    pub(crate) fn others(&mut self, place: Rect, load: f32) {
        let level = place.with_min_y(place.bottom() - place.height() * load.clamp(0.0, 1.0));
        self.rect(level, self.palette.text_weak.gamma_multiply(0.16));
        add_hatch(&mut self.mesh, level, 7.0, self.palette.text_weak.gamma_multiply(0.2));
        self.rect(level.with_max_y(level.top() + 1.0), self.palette.text_weak.gamma_multiply(0.7));
    }

    /// Over all that is in the mesh.
    fn over(&mut self, rect: Rect, color: Color32) {
        self.top.add_colored_rect(rect, color);
    }

    pub(crate) fn text(&mut self, at: Pos2, align: Align2, text: impl Into<String>, color: Color32) {
        self.texts.push((at, align, text.into(), color));
    }

    /// A frame around a bar that is chosen, wide enough to be seen around any.
    pub(crate) fn frame(&mut self, left: f32, right: f32, lane: Rect) {
        let rect = Rect::from_x_y_ranges(left - 2.0..=right.max(left + 2.0) + 2.0, lane.y_range())
            .shrink2(vec2(0.0, 0.5));
        self.frames.push(rect);
    }

    fn close_run(&mut self) {
        for (rect, color) in std::mem::take(&mut self.open).into_iter().flatten() {
            self.rect(rect, color);
        }
    }

    /// A rectangle that may become one with the one before.
    fn run_rect(&mut self, place: usize, rect: Rect, color: Color32) {
        match &mut self.open[place] {
            Some((open, same))
                if *same == color
                    && open.y_range() == rect.y_range()
                    && rect.left() - open.right() < 0.25 =>
            {
                open.max.x = rect.right();
            }
            open => {
                if let Some((rect, color)) = open.replace((rect, color)) {
                    self.rect(rect, color);
                }
            }
        }
    }

    /// A bar too narrow for a pattern, of which a share was spent waiting for a lock, and one without a core.
    fn run_bar(&mut self, rect: Rect, color: Color32, waited: f32, off_cpu: f32) {
        let split = rect.bottom() - rect.height() * waited;
        let top = (rect.top() + rect.height() * off_cpu).min(split);
        if top < split {
            self.run_rect(BARS, rect.with_max_y(split).with_min_y(top), color);
        }
        if off_cpu > 0.0 {
            self.run_rect(OFF_CPU, rect.with_max_y(top), self.palette.core_wait);
        }
        if waited > 0.0 {
            self.run_rect(WAITS, rect.with_min_y(split), self.palette.lock_wait);
        }
    }

    /// The part of a bar in which its task was without a core, also for the legend.
    pub(crate) fn off_cpu(&mut self, body: Rect, off_cpu: OffCpu) {
        let OffCpu { ready, blocked } = off_cpu;
        let ready_top = body.top() + body.height() * blocked;
        let bottom = (ready_top + body.height() * ready).min(body.bottom());
        if blocked > 0.0 {
            let part = body.with_max_y(ready_top);
            self.rect(part, self.palette.blocked);
            let ink = self.palette.blocked.lerp_to_gamma(self.palette.text_weak, 0.6);
            add_dots(&mut self.mesh, part, ink);
        }
        if ready > 0.0 {
            let part = Rect::from_x_y_ranges(body.x_range(), ready_top..=bottom);
            self.rect(part, self.palette.core_wait);
            let ink = self.palette.core_wait.lerp_to_gamma(self.palette.in_flight, 0.45);
            add_hatch(&mut self.mesh, part, HATCH_STEP_WIDE, ink);
        }
    }

    /// All bars of one lane. `task_number` is asked only where a number fits.
    pub(crate) fn bars(
        &mut self,
        bars: &[Bar],
        lane: Rect,
        mut task_number: impl FnMut(usize) -> Option<u32>,
    ) {
        let inner = inner(lane);
        let mut crowd = Crowd::default();
        for bar in bars {
            // A label across a gap would hide that nothing ran there.
            if bar.left - crowd.right > CROWD_GAP {
                self.crowd_label(std::mem::take(&mut crowd), inner);
            }
            if let What::Merged { range, .. } = &bar.what {
                crowd.add(bar, range.len());
            } else if bar.width() >= PATTERN_WIDTH {
                self.crowd_label(std::mem::take(&mut crowd), inner);
            } else if crowd.tasks > 0 {
                crowd.add(bar, 1);
            }
            let rect = Rect::from_min_max(pos2(bar.left, inner.top()), pos2(bar.right, inner.bottom()));
            match &bar.what {
                What::Single { index, state, wait_from_x, waits, off_cpu } => {
                    if let Some(x) = wait_from_x {
                        add_hline(&mut self.mesh, inner.center().y, *x, bar.left, self.palette.text_weak);
                    }
                    self.single(rect, lane, *state, (waits, *off_cpu), || task_number(*index));
                }
                What::Merged { range, not_ok, worst, busy, waited, off_cpu } => {
                    self.merged(rect, lane, (*worst, *not_ok < range.len()), (*busy, *waited, *off_cpu));
                }
            }
        }
        self.close_run();
        self.crowd_label(crowd, inner);
    }

    /// Says how many tasks stand in a stretch that looks like one bar.
    fn crowd_label(&mut self, crowd: Crowd, inner: Rect) {
        let text = format!("{} tasks", units::count(crowd.tasks as u64));
        let width = text.chars().count() as f32 * DIGIT_WIDTH;
        if crowd.tasks > 1 && width + 12.0 <= crowd.right - crowd.left && inner.height() >= theme::SMALL_TEXT
        {
            self.close_run();
            let center = pos2(f32::midpoint(crowd.left, crowd.right), inner.center().y);
            let backing = Rect::from_center_size(center, vec2(width + 6.0, theme::SMALL_TEXT + 3.0));
            // In the bars' colour, for a hole in them would read as idle time.
            self.rect(backing, self.palette.ok);
            self.text(center, Align2::CENTER_CENTER, text, self.palette.on_bar);
        }
    }

    fn single(
        &mut self,
        rect: Rect,
        lane: Rect,
        state: State,
        (waits, off_cpu): (&[Wait], OffCpu),
        number: impl FnOnce() -> Option<u32>,
    ) {
        let color = state_color(&self.palette, state);
        if rect.width() < PATTERN_WIDTH {
            if state == State::Ok {
                let waited: f32 = waits.iter().map(|wait| (wait.right - wait.left) * wait.share).sum();
                let waited = drawn_share(f64::from(waited / rect.width()));
                self.run_bar(gap_right(rect), color, waited, off_cpu.ready + off_cpu.blocked);
            } else {
                self.tall(rect, lane, color);
            }
            return;
        }
        let body = gap_right(rect);
        self.pattern(body, state);
        self.waits(body, waits, color);
        let parted = state == State::Ok && off_cpu != OffCpu::default();
        if parted {
            self.off_cpu(body, off_cpu);
        }
        let crossed = matches!(state, State::Failed | State::Crashed) && rect.width() >= CROSS_WIDTH;
        let taken = if crossed { CROSS_WIDTH } else { 0.0 };
        let label = number().map(|task| task.to_string());
        let label = label.filter(|text| text.len() as f32 * DIGIT_WIDTH + 6.0 + taken <= body.width());
        if crossed {
            let center =
                if label.is_some() { pos2(body.left() + 7.0, body.center().y) } else { body.center() };
            self.cross(center, 3.5, self.palette.on_bar);
        }
        if let Some(text) = label {
            let beside_cross = body.with_min_x(body.left() + taken);
            self.number(text, beside_cross, parted || state != State::Ok, color, waits);
        }
    }

    fn waits(&mut self, body: Rect, waits: &[Wait], color: Color32) {
        for wait in waits {
            let x = wait.left.max(body.left())..=wait.right.min(body.right());
            if x.start() < x.end() {
                self.wait(Rect::from_x_y_ranges(x, body.y_range()), wait.share, color);
            }
        }
    }

    /// A part of a bar of this colour in which its task waited for a lock, also for the legend.
    pub(crate) fn wait(&mut self, part: Rect, share: f32, color: Color32) {
        let empty = part.with_min_y(part.bottom() - part.height() * share);
        self.rect(empty, self.palette.lock_wait);
        let line = self.palette.lock_wait.lerp_to_gamma(color, 0.5);
        let step = LINE_STEP.max(part.height() / MOST_LINES);
        let mut y = part.bottom() - step;
        while y > empty.top() && part.width() >= PATTERN_WIDTH {
            add_hline(&mut self.mesh, y, empty.left(), empty.right(), line);
            y -= step;
        }
    }

    /// A task's number in a bar of this colour. Over a pattern it has a ground of its own; where the task waited, one that
    /// does not look as if it ran.
    fn number(&mut self, text: String, body: Rect, on_pattern: bool, color: Color32, waits: &[Wait]) {
        let center = body.center();
        let waited =
            waits.iter().any(|wait| wait.share > 0.5 && (wait.left..=wait.right).contains(&center.x));
        if on_pattern || !waits.is_empty() {
            let size =
                vec2(text.len() as f32 * DIGIT_WIDTH + 2.0, body.height().min(theme::SMALL_TEXT + 2.0));
            let ground = if waited { self.palette.lock_wait } else { color };
            self.rect(Rect::from_center_size(center, size), ground);
        }
        let ink = if waited { self.palette.text } else { self.palette.on_bar };
        self.text(center, Align2::CENTER_CENTER, text, ink);
    }

    /// Fill and pattern of a state, also for the legend.
    pub(crate) fn pattern(&mut self, rect: Rect, state: State) {
        let color = state_color(&self.palette, state);
        let ink = self.palette.on_bar.gamma_multiply(0.6);
        self.close_run();
        self.rect(rect, color);
        match state {
            State::Ok | State::Failed => {}
            State::Crashed => add_hatch(&mut self.mesh, rect, HATCH_STEP, ink),
            State::Cancelled => add_hatch(&mut self.mesh, rect, HATCH_STEP_WIDE, ink),
            State::TimedOut => add_dots(&mut self.mesh, rect, ink),
        }
    }

    pub(crate) fn cross(&mut self, center: Pos2, half: f32, color: Color32) {
        let stroke = Stroke::new(1.6, color);
        for turn in [1.0, -1.0] {
            let arm = vec2(half, half * turn);
            self.strokes.push(([center - arm, center + arm], stroke));
        }
    }

    fn tall(&mut self, rect: Rect, lane: Rect, color: Color32) {
        let width = rect.width().max(2.0);
        self.close_run();
        self.rect(
            Rect::from_min_max(pos2(rect.left(), lane.top()), pos2(rect.left() + width, lane.bottom())),
            color,
        );
    }

    fn merged(
        &mut self,
        rect: Rect,
        lane: Rect,
        (worst, any_ok): (State, bool),
        (busy, waited, off_cpu): (f32, f32, f32),
    ) {
        let color = self.shades[((busy * SHADES as f32).ceil() as usize).min(SHADES)];
        if any_ok {
            self.run_bar(rect, color, waited, off_cpu);
        }
        if worst != State::Ok {
            let color = state_color(&self.palette, worst);
            let top = if any_ok { pos2(rect.left(), rect.center().y) } else { rect.left_top() };
            self.tall(Rect::from_min_max(top, rect.right_bottom()), lane, color);
        }
    }

    /// A task that still runs: its right edge, where it grows, is brighter.
    pub(crate) fn running(
        &mut self,
        (left, right): (f32, f32),
        lane: Rect,
        task: u32,
        growing: bool,
        waits: &[Wait],
    ) {
        let inner = inner(lane);
        let rect = Rect::from_min_max(pos2(left, inner.top()), pos2(right.max(left + 1.0), inner.bottom()));
        self.rect(rect, self.palette.running);
        self.waits(rect, waits, self.palette.running);
        if growing {
            let edge =
                Rect::from_min_max(pos2(rect.right() - 2.0, lane.top()), pos2(rect.right(), lane.bottom()));
            self.rect(edge, self.palette.running.lerp_to_gamma(self.palette.text, 0.6));
        }
        let text = task.to_string();
        if text.len() as f32 * DIGIT_WIDTH + 8.0 <= rect.width() {
            self.number(text, rect, false, self.palette.running, waits);
        }
    }
}

/// The part of a lane that bars fill.
fn inner(lane: Rect) -> Rect {
    lane.shrink2(vec2(0.0, (lane.height() * 0.13).clamp(1.0, 4.0).round()))
}

/// A hair of background between neighbours, where there is room for it.
fn gap_right(rect: Rect) -> Rect {
    let gap = if rect.width() >= 3.0 { 1.0 } else { 0.0 };
    Rect::from_min_max(rect.min, pos2(rect.right() - gap, rect.bottom()))
}

pub(crate) fn state_color(palette: &Palette, state: State) -> Color32 {
    match state {
        State::Ok => palette.ok,
        State::Failed => palette.failed,
        State::Crashed => palette.crashed,
        State::TimedOut => palette.timed_out,
        State::Cancelled => palette.cancelled,
    }
}
