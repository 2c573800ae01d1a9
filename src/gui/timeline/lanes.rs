//! The lanes of workers: where each is, and what is painted on it.

use std::{cell::RefCell, ops::Range};

use eframe::egui::{Id, Rect, Role, Sense, Ui, WidgetInfo, pos2};

use super::{
    area::{Scene, Shown, Stage, Target, paint_background},
    chosen::Place,
    groups::{HEADER_HEIGHT, group_ui, paint_summary},
    head::{TRACE, paint_head},
    layout::{Bar, What, bar_at, lay_out, view_ns},
    lit::stretches,
    locks::{self, LockIndex},
    model::{TimelineIndex, accessible_title, lane_head, visible_lives},
    paint::LanePainter,
    rows::{Group, Row, Toggled, rows},
    starved::starved,
    summaries::Summaries,
    tooltip::{self, Told},
};
use crate::{
    gui::{
        plots::{Lit, TimeAxis, TimeScale, paint_cursor, run_key},
        theme,
    },
    ids::WorkerId,
    store::{Lane, RunStore},
    time,
};

/// The pointer finds a bar that is at most this far away.
pub(super) const HOVER_SLACK: f32 = 3.0;
/// Marks of deaths and restarts that are closer than this would cover each other and the bars.
const MARK_GAP: f32 = 24.0;
/// From this height of a lane on there is room for a row that says what the lanes are.
const ROOMY_LANE: f32 = 22.0;

fn target_of(bar: &Bar, at: usize, lane: &Lane) -> Option<Target> {
    match &bar.what {
        What::Single { index, .. } => Some(Target::Task(Place { lane: at, at: *index })),
        What::Merged { range, .. } => {
            let (from, to) = (lane.spans.times(range.start)?, lane.spans.times(range.end - 1)?);
            Some(Target::Crowd(from.0, to.1))
        }
    }
}

/// A row, and where it is from the top of all on.
type Placed = (Row, Range<f32>);

/// The lanes of workers, and their groups, for one frame.
pub(super) struct Lanes<'a> {
    pub(super) store: &'a RunStore,
    pub(super) index: &'a TimelineIndex,
    pub(super) chosen: Option<Place>,
    pub(super) now_ns: u64,
    rows: Vec<Placed>,
    pub(super) summaries: &'a RefCell<Summaries>,
    /// What was opened or collapsed in this frame.
    toggled: RefCell<Option<(Group, bool)>>,
}

impl<'a> Lanes<'a> {
    pub(super) fn new(
        (store, now_ns): (&'a RunStore, u64),
        index: &'a TimelineIndex,
        chosen: Option<Place>,
        (toggled, summaries): (&Toggled, &'a RefCell<Summaries>),
        available: f32,
    ) -> Self {
        let room = available >= HEADER_HEIGHT + ROOMY_LANE * store.lanes.len() as f32;
        let rows = place(rows(store, toggled, room), available);
        Self { store, index, chosen, now_ns, rows, summaries, toggled: RefCell::default() }
    }

    pub(super) fn toggled(self) -> Option<(Group, bool)> {
        self.toggled.into_inner()
    }
}

/// Lanes and collapsed groups share the room that open groups leave.
fn place(rows: Vec<Row>, available: f32) -> Vec<Placed> {
    let is_thin = |row: &Row| matches!(row, Row::Header(header) if header.open);
    let thin = rows.iter().filter(|row| is_thin(row)).count();
    let room = (available - HEADER_HEIGHT * thin as f32) / (rows.len() - thin).max(1) as f32;
    let height = room.floor().clamp(theme::LANE_HEIGHT_MIN, theme::LANE_HEIGHT_MAX);
    let mut top = 0.0;
    let placed = rows.into_iter().map(|row| {
        let from = top;
        top += if is_thin(&row) { HEADER_HEIGHT } else { height };
        (row, from..top)
    });
    placed.collect()
}

impl Scene for Lanes<'_> {
    fn height(&self) -> f32 {
        self.rows.last().map_or(0.0, |(_, place)| place.end)
    }

    fn place_of(&self, place: Place) -> Option<Range<f32>> {
        self.rows.iter().find(|(row, _)| *row == Row::Lane(place.lane)).map(|(_, place)| place.clone())
    }

    fn title(&self, from_ns: u64, to_ns: u64) -> String {
        accessible_title(self.store, from_ns, to_ns)
    }

    fn show(&self, ui: &Ui, id: Id, axis: &TimeAxis, stage: &Stage) -> Shown {
        let painter = ui.painter_at(stage.plot.intersect(ui.clip_rect()));
        let first = self.rows.partition_point(|(_, place)| place.end <= stage.visible.start);
        let last = self.rows.partition_point(|(_, place)| place.start < stage.visible.end);
        let rows = &self.rows[first.min(last)..last];
        let shaded = rows.iter().filter(|(row, _)| matches!(row, Row::Lane(at) if at % 2 == 1));
        paint_background(&painter, (self.store, self.now_ns), axis, stage, shaded.map(|(_, place)| place));
        let mut lane_painter = LanePainter::new(&painter, stage.palette);
        let mut shown = Shown::default();
        let lit = axis.lit().filter(|lit| lit.run == run_key(self.store));
        let mut bars = Vec::new();
        for (row, place) in rows {
            let rect = stage.row(place);
            match row {
                Row::Lane(at) => {
                    self.head_ui(ui, (id, *at), rect, axis);
                    let row = (*at, rect);
                    bars = self.lane(
                        &axis.scale(stage.plot),
                        stage,
                        &mut lane_painter,
                        row,
                        lit,
                        (bars, &mut shown),
                    );
                }
                Row::Header(header) => {
                    if let Some(open) = group_ui(ui, id, (self.store, header), rect) {
                        *self.toggled.borrow_mut() = Some((header.group, open));
                    }
                    if !header.open {
                        let summary = self.summary(header, &axis.scale(rect));
                        paint_summary(&mut lane_painter, &summary, rect);
                        if let Some(pos) = stage.hover_pos().filter(|pos| rect.y_range().contains(pos.y)) {
                            shown.told = Some(Told::Rows(self.summary_rows(
                                header,
                                &summary,
                                pos.x,
                                axis.zero_secs(),
                            )));
                        }
                    }
                }
            }
        }
        lane_painter.finish();
        paint_cursor(&painter, axis, stage.plot, &stage.palette);
        shown
    }
}

impl Lanes<'_> {
    /// One lane. Takes and gives back the vector for its bars.
    fn lane(
        &self,
        scale: &TimeScale,
        stage: &Stage,
        painter: &mut LanePainter<'_>,
        (at, rect): (usize, Rect),
        lit: Option<&Lit>,
        (bars, shown): (Vec<Bar>, &mut Shown),
    ) -> Vec<Bar> {
        let (Some(lane), Some(index)) = (self.store.lanes.get(at), self.index.locks.get(at)) else {
            return bars;
        };
        self.paint_lives(painter, lane, rect, scale, false);
        let lit = lit.and_then(|lit| Some((lit.part, stretches(lit.by_worker.get(at)?, scale))));
        for (left, right) in lit.iter().flat_map(|(_, stretches)| stretches) {
            painter.lit_below(*left, *right, rect);
        }
        let bars = lay_out(lane, index, scale, bars);
        for (left, right) in starved(self.store, lane, &bars, scale, self.now_ns) {
            painter.starved(left, right, rect);
        }
        let mut spans = lane.spans.reader();
        painter.bars(&bars, rect, |index| spans.get(index).map(|span| span.task.0));
        self.paint_running(painter, lane, index, rect, scale);
        self.paint_lives(painter, lane, rect, scale, true);
        if let Some((part, stretches)) = &lit {
            for &(left, right) in stretches {
                painter.lit_above(left, right, rect, stage.palette.part(*part));
            }
        }
        self.mark_chosen(painter, at, &bars, rect);
        if let Some(pos) = stage.hover_pos().filter(|pos| rect.y_range().contains(pos.y)) {
            shown.target = bar_at(&bars, pos.x, HOVER_SLACK).and_then(|bar| target_of(bar, at, lane));
            let of_bar =
                |slack| bar_at(&bars, pos.x, slack).and_then(|bar| tooltip::from_bar(bar, lane, index));
            let hovered = of_bar(0.0)
                .or_else(|| tooltip::beside_bars(lane, index, scale, pos.x, self.now_ns))
                .or_else(|| of_bar(HOVER_SLACK));
            shown.told = hovered.map(|hovered| Told::Worker(WorkerId(at as u32), hovered));
        }
        let pointed = shown.target.and_then(Target::place);
        for place in [pointed, self.chosen.filter(|chosen| Some(*chosen) != pointed)].into_iter().flatten() {
            if let Some(span) = lane.spans.get(place.at).filter(|_| place.lane == at) {
                let times = [span.enqueued_ns, span.dispatched_ns, span.start_ns];
                painter.queue_wait(times.map(|t_ns| scale.x_from_ns(t_ns)), rect);
            }
        }
        bars
    }

    /// A frame around the chosen attempt, or around the crowd that it stands in.
    fn mark_chosen(&self, painter: &mut LanePainter<'_>, lane: usize, bars: &[Bar], rect: Rect) {
        let Some(chosen) = self.chosen.filter(|chosen| chosen.lane == lane) else { return };
        let holds = |bar: &&Bar| match &bar.what {
            What::Single { index, .. } => *index == chosen.at,
            What::Merged { range, .. } => range.contains(&chosen.at),
        };
        if let Some(bar) = bars.iter().find(holds) {
            painter.frame(bar.left, bar.right, rect);
        }
    }

    fn head_ui(&self, ui: &Ui, (id, at): (Id, usize), rect: Rect, axis: &TimeAxis) {
        let Some(lane) = self.store.lanes.get(at) else { return };
        let left = rect.left() - theme::AXIS_WIDTH;
        let place = Rect::from_min_max(pos2(left, rect.top()), pos2(rect.left(), rect.bottom()));
        let head = lane_head(self.store, at, lane);
        let response = ui.interact(place, id.with(("head", at)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &head.accessible));
        // Until the cursor, or else until the newest in view.
        let until_ns = time::ns_from_secs(axis.cursor_secs().unwrap_or(axis.edges_secs().1));
        let cpu = self.index.cpu_until(self.store, at, until_ns, TRACE);
        paint_head(ui, &ui.painter_at(place.intersect(ui.clip_rect())), place, &head, &cpu);
        response.on_hover_text(head.hover);
    }

    /// Starts of workers, under the bars; deaths and replacements, over them.
    fn paint_lives(
        &self,
        painter: &mut LanePainter<'_>,
        lane: &Lane,
        rect: Rect,
        scale: &TimeScale,
        marks: bool,
    ) {
        let (from_ns, to_ns) = view_ns(scale);
        // Where they are close, what comes second is drawn smaller, and what falls on one pixel once.
        let (mut last_x, mut last_mark_x) = (f32::NEG_INFINITY, f32::NEG_INFINITY);
        let mut flag_fits = true;
        for (at, life) in visible_lives(lane, from_ns, to_ns) {
            let spawned_x = scale.x_from_ns(life.spawned_ns);
            if !marks {
                let end_ns = life.ready_ns.or(life.exited_ns).unwrap_or(self.now_ns);
                let (left, right) = (spawned_x.max(scale.left), scale.x_from_ns(end_ns).min(scale.right));
                if right > left && left > last_x {
                    painter.starting(left, right, rect);
                    last_x = right;
                }
                continue;
            }
            if at > 0 && flag_fits {
                painter.restart(spawned_x, rect);
            }
            if let Some(x) = life.exited_ns.filter(|_| !life.expected).map(|exited| scale.x_from_ns(exited))
                && x - last_x >= 1.0
            {
                flag_fits = x - last_mark_x >= MARK_GAP;
                if flag_fits {
                    painter.death(x, rect);
                    last_mark_x = x;
                } else {
                    painter.death_among_many(x, rect);
                }
                last_x = x;
            }
        }
    }

    fn paint_running(
        &self,
        painter: &mut LanePainter<'_>,
        lane: &Lane,
        index: &LockIndex,
        rect: Rect,
        scale: &TimeScale,
    ) {
        let Some(open) = lane.running else { return };
        let now_x = scale.x_from_ns(self.now_ns.max(open.start_ns));
        let (left, right) = (scale.x_from_ns(open.start_ns).max(scale.left), now_x.min(scale.right));
        if right >= left && left <= scale.right {
            let waits = locks::waits(lane, index, scale, (open.start_ns, self.now_ns));
            painter.running((left, right), rect, open.task.0, now_x <= scale.right, &waits);
        }
    }
}
