//! The timeline: a lane a worker, a bar an attempt, and what happened to workers and pool.

use std::fmt::Write as _;

use super::{
    cells::{Cells, Merged, State, cells},
    frame::{self, BOTTOM, LEFT, Legend, PLOT_WIDTH, RIGHT, Scale, TOP, WIDTH},
    writer::{Anchor, Num, Rect, Svg, push_box, shortened},
};
use crate::{
    ids::WorkerId,
    store::{Lane, RunStore, Span},
    units,
};

/// Elements that may be drawn one by one, each with a tip. A picture with more has them joined, without tips.
const MAX_TIPS: usize = 4000;
/// Bars and columns of the whole picture.
const MAX_CELLS: usize = 24_000;
/// Deaths, pauses and resizes that are drawn, of each.
const MAX_EVENTS: usize = 200;
/// Characters of a failure's message in a tip.
const MAX_MESSAGE: usize = 160;

const DIGIT_WIDTH: f64 = 7.2;

pub(super) fn draw(store: &RunStore, style: Option<&str>) -> String {
    let picture = Picture::new(store);
    let height = picture.bottom() + BOTTOM;
    let mut svg = Svg::new(WIDTH, height, &frame::title(store, "Timeline"), style);
    patterns(&mut svg);
    frame::heading(&mut svg, store, "Timeline");
    picture.legend(&mut svg);
    picture.pool_ground(&mut svg);
    for at in 0..store.lanes.len() {
        picture.lane(&mut svg, at);
    }
    picture.pool_events(&mut svg);
    frame::time_axis(&mut svg, picture.scale, picture.bottom());
    svg.finish()
}

/// Patterns of the states, so that nobody needs to tell colours apart. Ids carry the plot's name: several plots may
/// stand on one page.
fn patterns(svg: &mut Svg) {
    let hatch = "<path class=\"ink\" d=\"M-1 6L6 -1M3 9L9 3\"/>";
    let wide = "<path class=\"ink\" d=\"M-1 -1L11 11\"/>";
    let dots = "<circle class=\"dot\" cx=\"2.5\" cy=\"2.5\" r=\"1.1\"/>";
    let stripes = "<path class=\"ink\" d=\"M2.5 -1V6\"/>";
    svg.pattern("timeline-crashed", "crashed", 7.0, hatch);
    svg.pattern("timeline-cancelled", "cancelled", 10.0, wide);
    svg.pattern("timeline-timed-out", "timed-out", 5.0, dots);
    svg.pattern("timeline-failed", "failed", 5.0, stripes);
    svg.pattern("timeline-lock", "lock", 3.0, "<path class=\"level\" d=\"M0 1.5H3\"/>");
    svg.pattern("timeline-paused", "veil", 8.0, "<path class=\"veil-ink\" d=\"M-1 9L9 -1\"/>");
}

fn pattern_of(state: State) -> Option<&'static str> {
    match state {
        State::Ok => None,
        State::Cancelled => Some("timeline-cancelled"),
        State::TimedOut => Some("timeline-timed-out"),
        State::Failed => Some("timeline-failed"),
        State::Crashed => Some("timeline-crashed"),
    }
}

fn filled(svg: &mut Svg, state: State, rect: Rect, tip: Option<&str>) {
    match pattern_of(state) {
        Some(id) => svg.patterned(id, rect, tip),
        None => svg.rect("ok", rect, tip),
    }
}

struct Picture<'a> {
    store: &'a RunStore,
    scale: Scale,
    /// From one lane to the next.
    pitch: f64,
    /// Of a bar.
    height: f64,
    lanes: Vec<Cells>,
    /// There are few enough bars to give each a tip.
    tips: bool,
}

impl<'a> Picture<'a> {
    fn new(store: &'a RunStore) -> Self {
        let scale = Scale::new(store);
        let lanes = store.lanes.len().max(1);
        let pitch = (640.0 / lanes as f64).clamp(4.0, 40.0);
        let columns = (MAX_CELLS / lanes).min(PLOT_WIDTH as usize).max(12);
        let lanes: Vec<_> = store.lanes.iter().map(|lane| cells(lane, scale.end_ns, columns)).collect();
        let tips = lanes.iter().map(Cells::len).sum::<usize>() <= MAX_TIPS;
        let height = if pitch >= 10.0 { pitch - 4.0 } else { pitch - 1.0 };
        Self { store, scale, pitch, height, lanes, tips }
    }

    fn bottom(&self) -> f64 {
        TOP + self.pitch * self.store.lanes.len().max(1) as f64
    }

    /// Where the bars of a lane are.
    fn band(&self, at: usize) -> (f64, f64) {
        (TOP + self.pitch * at as f64 + (self.pitch - self.height) * 0.5, self.height)
    }

    /// Only what occurs in this picture.
    fn legend(&self, svg: &mut Svg) {
        let mut legend = Legend::new();
        for state in State::ALL {
            let bars = self.lanes.iter().flat_map(|lane| &lane.bars);
            let merged = self.lanes.iter().flat_map(|lane| &lane.merged);
            let occurs = bars.into_iter().any(|span| State::of(&span.outcome) == state)
                || merged.into_iter().any(|cell| cell.worst == state);
            if occurs || state == State::Ok {
                legend.entry(svg, state.word(), |svg, rect| filled(svg, state, rect, None));
            }
        }
        let lanes = || self.store.lanes.iter();
        if lanes().any(|lane| lane.running.is_some()) {
            legend.entry(svg, "running", |svg, rect| {
                svg.rect("running", rect, None);
                svg.line("edge", (rect.x + rect.w, rect.y), (rect.x + rect.w, rect.y + rect.h));
            });
        }
        if lanes().any(|lane| !lane.locks.is_empty()) {
            legend.entry(svg, "share of waiting for a lock", |svg, rect| {
                svg.patterned("timeline-lock", rect, None);
            });
        }
        if lanes().any(|lane| !lane.lives.is_empty()) {
            legend.entry(svg, "starting", |svg, rect| svg.rect("starting", rect, None));
        }
        if !self.store.pauses.is_empty() {
            legend.entry(svg, "paused", |svg, rect| svg.patterned("timeline-paused", rect, None));
        }
        if lanes().flat_map(|lane| &lane.lives).any(|life| !life.expected && life.exit.is_some()) {
            legend.entry(svg, "death", |svg, rect| cross(svg, (rect.x + 9.0, rect.y + 6.0), 4.5, None));
        }
        if self.lanes.iter().any(|lane| !lane.merged.is_empty()) {
            legend.note(svg, "short tasks are merged: the height is their share of the time");
        }
    }

    fn pool_ground(&self, svg: &mut Svg) {
        let height = self.bottom() - TOP;
        svg.rect("plot", Rect { x: LEFT, y: TOP, w: PLOT_WIDTH, h: height }, None);
        for at in (0..self.store.lanes.len()).filter(|at| at % 2 == 1) {
            let y = TOP + self.pitch * at as f64;
            svg.rect("lane", Rect { x: LEFT, y, w: PLOT_WIDTH, h: self.pitch }, None);
        }
        frame::grid(svg, self.scale, TOP, height);
        for &(from_ns, to_ns) in self.store.pauses.iter().take(MAX_EVENTS) {
            let (x, to) = (self.scale.x(from_ns), self.scale.x(to_ns.unwrap_or(self.scale.end_ns)));
            let length = units::duration(to_ns.unwrap_or(self.scale.end_ns).saturating_sub(from_ns));
            let rect = Rect { x, y: TOP, w: (to - x).max(1.0), h: height };
            svg.patterned("timeline-paused", rect, Some(&format!("paused for {length}")));
            if to - x > 48.0 {
                svg.label("weak small", ((x + to) * 0.5, TOP - 3.0), Anchor::Middle, "paused");
            }
        }
    }

    fn pool_events(&self, svg: &mut Svg) {
        for &(t_ns, workers) in self.store.resizes().iter().take(MAX_EVENTS) {
            let x = self.scale.x(t_ns);
            svg.line("event", (x, TOP - 2.0), (x, self.bottom()));
            svg.label("weak small", (x + 3.0, TOP - 3.0), Anchor::Start, &format!("→ {workers} workers"));
        }
        let deaths = self.store.lanes.iter().enumerate().flat_map(|(at, lane)| {
            lane.lives
                .iter()
                .filter(|life| !life.expected)
                .filter_map(move |life| Some((at, life.exited_ns?, life.exit?)))
        });
        for (at, t_ns, exit) in deaths.take(MAX_EVENTS) {
            let (y, height) = self.band(at);
            let half = (height * 0.35).clamp(2.0, 5.5);
            let tip = format!("{} died: {exit}", WorkerId(at as u32));
            cross(svg, (self.scale.x(t_ns), y + height * 0.5), half, Some(&tip));
        }
    }

    fn lane(&self, svg: &mut Svg, at: usize) {
        let lane = &self.store.lanes[at];
        self.head(svg, at);
        self.starts(svg, at, lane);
        if self.tips {
            self.with_tips(svg, at, lane);
        } else {
            self.joined(svg, at, lane);
        }
        if let Some(open) = &lane.running {
            let (y, h) = self.band(at);
            let (x, to) = (self.scale.x(open.start_ns), self.scale.x(self.scale.end_ns));
            let rect = Rect { x, y, w: (to - x).max(1.0), h };
            svg.rect("running", rect, Some(&format!("{} is running", open.task)));
            svg.line("edge", (rect.x + rect.w, y), (rect.x + rect.w, y + h));
        }
    }

    /// Name and process of a lane; where lanes are thin, of as many as there is room for.
    fn head(&self, svg: &mut Svg, at: usize) {
        let every = (13.0 / self.pitch).ceil().max(1.0) as usize;
        if !at.is_multiple_of(every) {
            return;
        }
        let row = &self.store.workers[at];
        let middle = TOP + self.pitch * (at as f64 + 0.5);
        let right = LEFT - 8.0;
        let name = WorkerId(at as u32).to_string();
        if self.pitch < 30.0 || row.pid == 0 {
            svg.label("name", (right, middle + 4.0), Anchor::End, &name);
        } else {
            let who =
                if row.tid == row.pid { format!("pid {}", row.pid) } else { format!("tid {}", row.tid) };
            svg.label("name", (right, middle - 1.0), Anchor::End, &name);
            svg.label("weak small", (right, middle + 12.0), Anchor::End, &who);
        }
        if self.pitch >= 12.0 {
            let count = units::count(u64::from(row.tasks_ok));
            svg.label(
                "weak small",
                (WIDTH - RIGHT + 6.0, middle + 4.0),
                Anchor::Start,
                &format!("{count} ok"),
            );
        }
    }

    fn starts(&self, svg: &mut Svg, at: usize, lane: &Lane) {
        let (y, h) = self.band(at);
        for life in lane.lives.iter().take(MAX_EVENTS) {
            let Some(to_ns) = life.ready_ns.or(life.exited_ns) else { continue };
            let (x, to) = (self.scale.x(life.spawned_ns), self.scale.x(to_ns));
            let length = units::duration(to_ns.saturating_sub(life.spawned_ns));
            let tip = format!("start of pid {}: {length}", life.pid);
            svg.rect("starting", Rect { x, y, w: (to - x).max(0.5), h }, self.tips.then_some(&*tip));
        }
    }

    fn bar(&self, at: usize, span: &Span) -> Rect {
        let (y, h) = self.band(at);
        let (x, to) = (self.scale.x(span.start_ns), self.scale.x(span.end_ns));
        // A hair of ground between neighbours, so that they can be told apart.
        let hair = if to - x > 3.0 { 0.7 } else { 0.0 };
        Rect { x, y, w: (to - x - hair).max(0.6), h }
    }

    /// The columns of merged attempts: what ran, and on top what went wrong.
    fn column(&self, at: usize, cell: &Merged) -> (Rect, Option<Rect>) {
        let (y, height) = self.band(at);
        let (x, to) = (self.scale.x(cell.from_ns), self.scale.x(cell.to_ns));
        let (w, h) = ((to - x).max(0.6), (height * cell.busy).max(1.0));
        let wrong = (cell.worst != State::Ok).then_some(Rect { x, y, w: w.max(2.5), h: height * 0.4 });
        (Rect { x, y: y + height - h, w, h }, wrong)
    }

    /// What of a stretch was spent waiting for a lock, as the lower part of its bar.
    fn waiting(lane: &Lane, from_ns: u64, to_ns: u64, bar: Rect) -> Option<Rect> {
        if lane.locks.is_empty() || to_ns <= from_ns {
            return None;
        }
        let share = lane.locks.waited_ns(from_ns, to_ns) as f64 / (to_ns - from_ns) as f64;
        let h = bar.h * share;
        (h >= 0.3).then_some(Rect { y: bar.y + bar.h - h, h, ..bar })
    }

    fn with_tips(&self, svg: &mut Svg, at: usize, lane: &Lane) {
        let (y, height) = self.band(at);
        for cell in &self.lanes[at].merged {
            let (body, wrong) = self.column(at, cell);
            let worst = if cell.worst == State::Ok { "" } else { ", some not ok" };
            let count = units::count(u64::from(cell.count));
            let plural = if cell.count == 1 { "" } else { "s" };
            let tip = format!("{count} task{plural}{worst}, {} busy", units::percent(cell.busy));
            svg.rect("ok", body, Some(&tip));
            if let Some(wrong) = wrong {
                filled(svg, cell.worst, wrong, None);
            }
            let whole = Rect { y, h: height, ..body };
            if let Some(waiting) = Self::waiting(lane, cell.from_ns, cell.to_ns, whole) {
                svg.patterned("timeline-lock", waiting, None);
            }
        }
        for span in &self.lanes[at].bars {
            let bar = self.bar(at, span);
            let state = State::of(&span.outcome);
            filled(svg, state, bar, Some(&tip(span)));
            let waiting = Self::waiting(lane, span.start_ns, span.end_ns, bar);
            if let Some(waiting) = waiting {
                svg.patterned("timeline-lock", waiting, None);
            }
            let number = span.task.0.to_string();
            let wide = bar.w >= number.len() as f64 * DIGIT_WIDTH + 6.0 && height >= 12.0;
            if wide && state == State::Ok && waiting.is_none() {
                let place = (bar.x + bar.w * 0.5, bar.y + bar.h * 0.5 + 4.0);
                svg.label("on-bar", place, Anchor::Middle, &number);
            }
        }
    }

    /// One path for all that looks the same.
    fn joined(&self, svg: &mut Svg, at: usize, lane: &Lane) {
        let mut paths = [(); State::ALL.len()].map(|()| String::new());
        let mut waits = String::new();
        for cell in &self.lanes[at].merged {
            let (body, wrong) = self.column(at, cell);
            push_box(&mut paths[State::Ok as usize], body);
            if let Some(wrong) = wrong {
                push_box(&mut paths[cell.worst as usize], wrong);
            }
            if let Some(waiting) = Self::waiting(lane, cell.from_ns, cell.to_ns, body) {
                push_box(&mut waits, waiting);
            }
        }
        for span in &self.lanes[at].bars {
            let bar = self.bar(at, span);
            push_box(&mut paths[State::of(&span.outcome) as usize], bar);
            if let Some(waiting) = Self::waiting(lane, span.start_ns, span.end_ns, bar) {
                push_box(&mut waits, waiting);
            }
        }
        let row = &self.store.workers[at];
        let tip = format!("{}: {} attempts", row.worker, units::count(u64::from(row.attempts)));
        for (state, path) in State::ALL.into_iter().zip(paths).filter(|(_, path)| !path.is_empty()) {
            match pattern_of(state) {
                Some(id) => svg.patterned_path(id, &path),
                None => svg.path("ok", &path, Some(&tip)),
            }
        }
        if !waits.is_empty() {
            svg.patterned_path("timeline-lock", &waits);
        }
    }
}

fn tip(span: &Span) -> String {
    let mut tip = span.task.to_string();
    if span.attempt > 0 {
        let _ = write!(tip, ", attempt {}", u64::from(span.attempt) + 1); // Writing to a String cannot fail.
    }
    let outcome = shortened(&span.outcome.to_string(), MAX_MESSAGE);
    let (ran, waited) = (units::duration(span.run_ns()), units::duration(span.wait_ns()));
    let _ = write!(tip, ": {outcome}\nran {ran}, queued {waited}");
    if let Some(cpu_ns) = span.usage.cpu_ns {
        let _ = write!(tip, ", CPU {}", units::duration(cpu_ns));
    }
    tip
}

fn cross(svg: &mut Svg, (x, y): (f64, f64), half: f64, tip: Option<&str>) {
    let [left, right, top, foot] = [x - half, x + half, y - half, y + half].map(Num);
    svg.path("death", &format!("M{left} {top}L{right} {foot}M{left} {foot}L{right} {top}"), tip);
}
