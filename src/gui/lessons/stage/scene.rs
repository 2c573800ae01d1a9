//! One picture of a stage: where its parts stand on the screen, and in what order they are painted.

use std::ops::Range;

use eframe::egui::{Align2, Color32, Id, Mesh, Painter, Rect, Role, Sense, Ui, WidgetInfo, pos2};

use super::{
    StageAction, arrows, cells,
    layout::{Mode, Places, Ruler, reach},
    model::Model,
    paint, words,
};
use crate::gui::{
    plots::{add_hline, add_vline, paint_mesh, small_font},
    theme::{self, Palette},
};

/// Numbers of moments stand no closer than this.
const NUMBER_WIDTH: f32 = 26.0;
/// Of what has not happened yet at the moment shown.
const FUTURE: f32 = 0.72;

pub(super) struct Scene<'a> {
    pub(super) model: &'a Model,
    pub(super) places: &'a Places,
    pub(super) ruler: Ruler<'a>,
    /// With the names at the left.
    pub(super) outer: Rect,
    pub(super) plot: Rect,
    pub(super) palette: &'a Palette,
    pub(super) end_ns: u64,
    pub(super) shown_ns: u64,
    /// Nothing is left to come.
    pub(super) at_end: bool,
}

impl Scene<'_> {
    fn across(&self, place: &Range<f32>) -> Rect {
        let top = self.outer.top();
        Rect::from_x_y_ranges(self.outer.x_range(), top + place.start..=top + place.end)
    }

    pub(super) fn lane(&self, at: usize) -> Rect {
        self.across(&self.places.lanes[at]).with_min_x(self.plot.left()).with_max_x(self.plot.right())
    }

    pub(super) fn row(&self, at: usize) -> Rect {
        self.across(&self.places.rows[at]).with_min_x(self.plot.left()).with_max_x(self.plot.right())
    }

    /// The part of a lane that tells what its process does.
    pub(super) fn band(&self, at: usize) -> Rect {
        let lane = self.lane(at);
        let items = if self.model.lanes[at].items.is_empty() { 0.0 } else { super::layout::ITEMS };
        let free = lane.height() - items;
        let height = (free * 0.62).clamp(14.0, 24.0);
        let top = (lane.top() + items + (free - height) * 0.5).round();
        Rect::from_x_y_ranges(self.plot.x_range(), top..=top + height.round())
    }

    /// The part of a lane that tells of a pool's items.
    pub(super) fn items(&self, at: usize) -> Rect {
        let band = self.band(at);
        Rect::from_x_y_ranges(self.plot.x_range(), band.top() - super::layout::ITEMS + 1.0..=band.top() - 1.0)
    }

    /// What is behind a lane.
    pub(super) fn behind(&self, at: usize) -> Color32 {
        if at % 2 == 1 { self.palette.plot.blend(self.palette.lane_alternate) } else { self.palette.plot }
    }

    /// What of a lane is painted over, its items included.
    pub(super) fn taken(&self, at: usize) -> Rect {
        let band = self.band(at);
        if self.model.lanes[at].items.is_empty() { band } else { band.union(self.items(at)) }
    }

    /// How far what is shared is drawn as it stands at the end: where some wait for ever, nobody will change it.
    pub(super) fn last_x(&self) -> f32 {
        reach(&self.ruler, self.end_ns, self.model.stuck.is_some())
    }

    pub(super) fn show(&self, ui: &Ui, id: Id, actions: &mut Vec<StageAction>) {
        let painter = ui.painter_at(self.outer.intersect(ui.clip_rect()));
        let inside = painter
            .with_clip_rect(self.plot.expand2(eframe::egui::vec2(1.0, 0.0)).intersect(painter.clip_rect()));
        self.ground(&painter);
        arrows::links(self, &inside);
        let lanes: Vec<_> = (0..self.model.lanes.len()).map(|at| paint::lane(self, &inside, at)).collect();
        for at in 0..self.model.rows.len() {
            cells::band(self, &inside, at);
        }
        arrows::messages(self, &inside, false);
        arrows::messages(self, &inside, true);
        arrows::values(self, &inside, false);
        // Over the arrows, which cross them.
        for (at, drawn) in lanes.iter().enumerate() {
            paint::words(self, &inside, at, drawn);
        }
        self.future(&inside);
        arrows::values(self, &inside, true);
        for at in 0..self.model.rows.len() {
            cells::boxes(self, &inside, at);
        }
        for at in 0..self.model.lanes.len() {
            paint::end(self, &painter, at);
            self.lane_head(ui, &painter, id, at, actions);
        }
        for at in 0..self.model.rows.len() {
            self.row_head(ui, &painter, id, at);
        }
        arrows::stuck(self, &painter);
    }

    fn ground(&self, painter: &Painter) {
        let mut mesh = Mesh::default();
        mesh.add_colored_rect(self.outer, self.palette.plot);
        for place in self.places.lanes.iter().skip(1).step_by(2) {
            mesh.add_colored_rect(self.across(place), self.palette.lane_alternate);
        }
        let lanes_bottom = self.places.lanes.last().map_or(0.0, |place| place.end) + self.outer.top();
        if self.ruler.mode == Mode::Time {
            let scale = self.ruler.scale;
            for tick in crate::units::ticks::time_ticks(scale.from_secs, scale.to_secs, scale.width()) {
                let x = scale.x_from_secs(tick.secs);
                add_vline(&mut mesh, x, self.plot.top(), self.plot.bottom(), self.palette.grid);
            }
        }
        if !self.places.rows.is_empty() {
            add_hline(
                &mut mesh,
                lanes_bottom + 2.0,
                self.outer.left(),
                self.outer.right(),
                self.palette.text_weak,
            );
        }
        paint_mesh(painter, mesh);
    }

    /// Veils what has not happened yet.
    fn future(&self, painter: &Painter) {
        if self.at_end {
            return;
        }
        let x = self.ruler.x(self.shown_ns).max(self.plot.left());
        let mut mesh = Mesh::default();
        let veil = Rect::from_min_max(pos2(x + 1.0, self.plot.top()), self.plot.max);
        if veil.width() > 0.0 {
            mesh.add_colored_rect(veil, self.palette.plot.gamma_multiply(FUTURE));
        }
        add_vline(&mut mesh, x, self.plot.top(), self.plot.bottom(), self.palette.cursor);
        paint_mesh(painter, mesh);
    }

    fn lane_head(&self, ui: &Ui, painter: &Painter, id: Id, at: usize, actions: &mut Vec<StageAction>) {
        let lane = &self.model.lanes[at];
        let rect = self.lane(at).with_min_x(self.outer.left()).with_max_x(self.plot.left() - 1.0);
        let response = ui.interact(rect.intersect(ui.clip_rect()), id.with(("lane", at)), Sense::click());
        let text = words::lane_accessible(self.model, at, self.shown_ns);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &text));
        paint::head(self, painter, at, rect, response.hovered());
        if response.clicked() {
            let last = lane.marks.iter().rfind(|mark| mark.line > 0 && mark.from_ns <= self.shown_ns);
            actions.push(StageAction::Process(lane.worker, last.map(|mark| mark.line)));
        }
        response.on_hover_text(text);
    }

    fn row_head(&self, ui: &Ui, painter: &Painter, id: Id, at: usize) {
        let rect = self.row(at).with_min_x(self.outer.left()).with_max_x(self.plot.left() - 1.0);
        let response = ui.interact(rect.intersect(ui.clip_rect()), id.with(("row", at)), Sense::hover());
        let text = words::row_accessible(self.model, at, self.shown_ns);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &text));
        cells::head(self, painter, at, rect);
        response.on_hover_text(text);
    }
}

/// The numbers of the moments, where those are in order.
pub(super) fn paint_numbers(
    painter: &Painter,
    ruler: &Ruler<'_>,
    plot: Rect,
    palette: &Palette,
    shown: Option<usize>,
) {
    let scale = &ruler.scale;
    let per_point = scale.secs_per_point();
    let step = [1_usize, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 20_000]
        .into_iter()
        .find(|step| *step as f64 / per_point >= f64::from(NUMBER_WIDTH))
        .unwrap_or(100_000);
    let first = (scale.from_secs.max(0.0) as usize).next_multiple_of(step);
    let last = (scale.to_secs.max(0.0) as usize).min(ruler.moments.len());
    for number in (first..=last).step_by(step).filter(|number| *number > 0) {
        let x = scale.x_from_secs(number as f64 - 0.5);
        let at = pos2(x, plot.center().y);
        painter.text(at, Align2::CENTER_CENTER, number.to_string(), small_font(), palette.text_weak);
    }
    if let Some(at) = shown {
        let text = (at + 1).to_string();
        let center = pos2(scale.x_from_secs(at as f64 + 0.5), plot.center().y);
        let size = eframe::egui::vec2(text_width(painter, &text) + theme::GAP, plot.height());
        painter.rect_filled(Rect::from_center_size(center, size), 2.0, palette.text);
        painter.text(center, Align2::CENTER_CENTER, text, small_font(), palette.plot);
    }
}

/// A text of one line, cut where there is no room for more; with a ground where it stands on something.
pub(super) fn fitted(
    painter: &Painter,
    at: eframe::egui::Pos2,
    text: &str,
    width: f32,
    color: Color32,
) -> std::sync::Arc<eframe::egui::Galley> {
    let mut job = eframe::egui::text::LayoutJob::simple_singleline(text.to_owned(), small_font(), color);
    job.wrap = eframe::egui::text::TextWrapping::truncate_at_width(width.max(1.0));
    let galley = painter.fonts_mut(|fonts| fonts.layout_job(job));
    painter.galley(pos2(at.x, at.y - galley.size().y * 0.5), galley.clone(), color);
    galley
}

/// Whether so much text has room: labels are not cut to a letter or two.
pub(super) fn text_width(painter: &Painter, text: &str) -> f32 {
    painter.layout_no_wrap(text.to_owned(), small_font(), Color32::WHITE).size().x + theme::GAP_HAIR
}
