//! The other way to see a run: a lane for every core of the machine, bars coloured by worker, so that one sees where
//! attempts ran, which of them moved, which cores were shared and which idled.
//!
//! [`index`] finds out what ran where, [`track`] holds a row of it, [`layout`] turns rows into bars, [`head`] says whose
//! lane it is; this module joins them.

mod head;
mod index;
mod layout;
mod others;
#[cfg(test)]
mod tests;
mod track;
mod words;

use std::{ops::Range, time::Duration};

use eframe::egui::{Id, Rect, Role, Sense, Ui, WidgetInfo, vec2};

pub(crate) use self::{
    index::CoreIndex,
    layout::{Bar, What},
    track::Part,
};
use self::{
    index::{CoreTracks, parts},
    layout::{Row, bar_at, lay_out},
};
use super::{
    area::{Scene, Shown, Stage, Target, paint_background},
    chosen::Place,
    lanes::HOVER_SLACK,
    model::TimelineIndex,
    paint::LanePainter,
    paint_sentence,
    tooltip::{self, Told},
};
use crate::{
    gui::{
        plots::{TimeAxis, TimeScale, paint_cursor, time_rect},
        theme::{self, Palette},
    },
    ids::WorkerId,
    store::{OpenSpan, RunStore},
};

/// What reading of attempts may take of a frame.
pub(super) const READ: Duration = Duration::from_millis(14);
/// Least height of a row within a lane, and of one that has room for text.
const LEAST_ROW: f32 = 6.0;
const ROW: f32 = 18.0;
/// More attempts at once share the last row.
const MOST_ROWS: usize = 8;
/// A lane with several rows is at least this high.
const SHARED_LANE: f32 = 24.0;

/// Cores that have a lane: all of the machine, and any other that was told of.
pub(super) fn core_count(store: &RunStore, index: &CoreIndex) -> usize {
    let host = store.info.as_ref().map_or(0, |info| info.host.cores as usize);
    let sampled = store.cores.last().map_or(0, |sample| sample.loads.len());
    host.max(sampled).min(index::MOST_CORES).max(index.cores.len())
}

/// In place of lanes, where no attempt tells of its core.
pub(super) fn nothing_ui(ui: &mut Ui, store: &RunStore, rect: Rect) {
    let sentence = words::nothing(store);
    let (rect, response) = ui.allocate_exact_size(rect.size(), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, format!("Timeline by core: {sentence}")));
    paint_sentence(ui, time_rect(rect), &sentence, &Palette::of(ui));
}

/// The lanes of cores, for one frame.
pub(super) struct CoreLanes<'a> {
    store: &'a RunStore,
    index: &'a CoreIndex,
    workers: &'a TimelineIndex,
    chosen: Option<Place>,
    now_ns: u64,
    count: usize,
    lane_height: f32,
    /// Attempts that run, each with its worker and the core on which that was seen last.
    running: Vec<(usize, usize, OpenSpan)>,
}

impl<'a> CoreLanes<'a> {
    pub(super) fn new(
        (store, now_ns): (&'a RunStore, u64),
        (index, workers): (&'a CoreIndex, &'a TimelineIndex),
        chosen: Option<Place>,
        available: f32,
    ) -> Self {
        let count = core_count(store, index);
        let rows = index.cores.iter().map(|core| core.tracks.len()).max().unwrap_or(1).clamp(1, MOST_ROWS);
        let least = if rows > 1 { SHARED_LANE } else { theme::LANE_HEIGHT_MIN };
        let most = theme::LANE_HEIGHT_MAX.max(ROW * rows as f32 + theme::GAP);
        let lane_height = (available / count.max(1) as f32).floor().clamp(least, most);
        let running = running(store, workers);
        Self { store, index, workers, chosen, now_ns, count, lane_height, running }
    }

    fn lane(&self, core: usize) -> Range<f32> {
        self.lane_height * core as f32..self.lane_height * (core + 1) as f32
    }

    /// Rows within a lane, from top to bottom.
    fn row_rect(lane: Rect, row: usize, rows: usize) -> Rect {
        let inner = lane.shrink2(vec2(0.0, (lane.height() * 0.08).clamp(1.0, 3.0).round()));
        let height = inner.height() / rows.max(1) as f32;
        let gap = if rows > 1 && height >= 5.0 { 1.0 } else { 0.0 };
        let top = inner.top() + height * row as f32;
        Rect::from_x_y_ranges(lane.x_range(), top..=top + height - gap)
    }

    fn core_ui(
        &self,
        axis: &TimeAxis,
        stage: &Stage,
        painter: &mut LanePainter<'_>,
        (core, lane): (usize, Rect),
        shown: &mut Shown,
    ) {
        let nothing = CoreTracks::default();
        let tracks = self.index.cores.get(core).unwrap_or(&nothing);
        let scale = axis.scale(stage.plot);
        let most_rows = ((lane.height() / LEAST_ROW) as usize).clamp(1, MOST_ROWS);
        let rows = lay_out(tracks, &self.store.lanes, &scale, most_rows);
        let chosen = self.chosen_on(core, tracks);
        for (left, right, load) in self.index.others.levels(self.store, core, &scale) {
            let place = Rect::from_x_y_ranges(left..=right, lane.y_range());
            painter.others(place, load);
        }
        for (at, row) in rows.iter().enumerate() {
            let rect = Self::row_rect(lane, at, rows.len());
            painter.core_bars(&row.bars, rect, |bar| self.label(bar), |bar| self.moved(bar, core));
            if let Some(bar) = chosen.and_then(|place| row.bars.iter().find(|bar| holds(bar, row, place))) {
                painter.frame(bar.left, bar.right, rect.expand2(vec2(0.0, 1.0)));
            }
            if let Some(pos) = stage.hover_pos().filter(|pos| rect.expand(0.5).y_range().contains(pos.y)) {
                let bar = bar_at(&row.bars, pos.x, HOVER_SLACK);
                shown.target = bar.map(target_of);
                shown.told = bar.and_then(|bar| self.told(bar, core, row, axis.zero_secs()));
            }
        }
        self.paint_running(painter, &scale, (core, lane), rows.len(), (stage, shown));
    }

    /// The worker and the number of the task of a bar.
    fn label(&self, bar: &Bar) -> Option<(WorkerId, u32)> {
        let What::Single { entry, .. } = &bar.what else { return None };
        let lane = self.store.lanes.get(entry.worker().index())?;
        Some((entry.worker(), lane.spans.get(entry.at())?.task.0))
    }

    /// Whether its other half is further down.
    fn moved(&self, bar: &Bar, core: usize) -> Option<(Part, bool)> {
        let What::Single { entry, .. } = &bar.what else { return None };
        if entry.part() == Part::Whole {
            return None;
        }
        let found = parts(&self.store.lanes, entry.worker().index(), entry.at());
        let other = found.iter().find(|(_, other)| other.part() != entry.part())?;
        Some((entry.part(), other.0 > core))
    }

    /// Where the chosen attempt stands on this lane: its track, and its place there.
    fn chosen_on(&self, core: usize, tracks: &CoreTracks) -> Option<(usize, usize)> {
        let Place { lane, at } = self.chosen?;
        let found = parts(&self.store.lanes, lane, at);
        let entry = found.into_iter().find(|(on, _)| *on == core)?.1;
        tracks.find(&self.store.lanes, entry)
    }

    fn told(&self, bar: &Bar, core: usize, row: &Row, zero_secs: f64) -> Option<Told> {
        match &bar.what {
            What::Single { entry, .. } => {
                let worker = entry.worker();
                let lane = self.store.lanes.get(worker.index())?;
                let locks = self.workers.locks.get(worker.index())?;
                let span = lane.spans.get(entry.at())?;
                Some(Told::Worker(worker, tooltip::of_span(lane, locks, span)))
            }
            What::Merged { .. } => Some(Told::Rows(words::merged_rows(bar, core, row, zero_secs))),
        }
    }

    /// What runs is shown where its worker was seen last: on a row that nothing else needs meanwhile.
    fn paint_running(
        &self,
        painter: &mut LanePainter<'_>,
        scale: &TimeScale,
        (core, lane): (usize, Rect),
        rows: usize,
        (stage, shown): (&Stage, &mut Shown),
    ) {
        let here: Vec<_> = self.running.iter().filter(|(_, on, _)| *on == core).collect();
        for (row, (worker, _, open)) in here.iter().enumerate() {
            let rect = Self::row_rect(lane, row, rows.max(here.len()).min(MOST_ROWS));
            let left = scale.x_from_ns(open.start_ns).max(scale.left);
            let right = scale.x_from_ns(self.now_ns.max(open.start_ns)).min(scale.right);
            if right <= left {
                continue;
            }
            let rect = Rect::from_x_y_ranges(left..=right, rect.y_range());
            painter.running_on_core(rect, WorkerId(*worker as u32), open.task.0);
            if stage.hover_pos().is_some_and(|pos| rect.contains(pos))
                && let (Some(lane), Some(locks)) =
                    (self.store.lanes.get(*worker), self.workers.locks.get(*worker))
            {
                let hovered = tooltip::of_running(lane, locks, *open, self.now_ns);
                shown.told = Some(Told::Worker(WorkerId(*worker as u32), hovered));
                shown.target = None;
            }
        }
    }
}

/// Attempts that run now, where their worker was sampled since they began.
fn running(store: &RunStore, workers: &TimelineIndex) -> Vec<(usize, usize, OpenSpan)> {
    let lanes = store.lanes.iter().enumerate();
    lanes
        .filter_map(|(at, lane)| {
            let open = lane.running?;
            let sample = workers.last_sample(store, at)?;
            let core = sample.sample.core?.0 as usize;
            (sample.t_ns >= open.start_ns).then_some((at, core, open))
        })
        .collect()
}

/// Whether an entry, by its track and its place there, is drawn in this bar.
fn holds(bar: &Bar, row: &Row, (track, at): (usize, usize)) -> bool {
    row.tracks.contains(&track)
        && bar.place.as_ref().is_some_and(|(of, range)| *of == track && range.contains(&at))
}

fn target_of(bar: &Bar) -> Target {
    match &bar.what {
        What::Single { entry, .. } => Target::Task(Place { lane: entry.worker().index(), at: entry.at() }),
        What::Merged { sum, .. } => Target::Crowd(sum.start_ns, sum.end_ns),
    }
}

impl Scene for CoreLanes<'_> {
    fn height(&self) -> f32 {
        self.lane_height * self.count as f32
    }

    fn show(&self, ui: &Ui, id: Id, axis: &TimeAxis, stage: &Stage) -> Shown {
        let painter = ui.painter_at(stage.plot.intersect(ui.clip_rect()));
        let first = (stage.visible.start / self.lane_height).max(0.0) as usize;
        let last = ((stage.visible.end / self.lane_height).ceil() as usize).min(self.count);
        let lanes: Vec<_> = (first.min(last)..last).map(|core| (core, self.lane(core))).collect();
        let shaded = lanes.iter().filter(|(core, _)| core % 2 == 1).map(|(_, place)| place);
        paint_background(&painter, (self.store, self.now_ns), axis, stage, shaded);
        let mut lane_painter = LanePainter::new(&painter, stage.palette);
        let mut shown = Shown::default();
        for (core, place) in &lanes {
            let lane = stage.row(place);
            head::head_ui(ui, id, (self.store, self.index), (*core, lane), axis);
            self.core_ui(axis, stage, &mut lane_painter, (*core, lane), &mut shown);
        }
        lane_painter.finish();
        paint_cursor(&painter, axis, stage.plot, &stage.palette);
        shown
    }

    fn place_of(&self, place: Place) -> Option<Range<f32>> {
        let found = parts(&self.store.lanes, place.lane, place.at);
        found.first().map(|(core, _)| self.lane(*core))
    }

    fn title(&self, _: u64, _: u64) -> String {
        words::title(self.index, self.count)
    }
}
