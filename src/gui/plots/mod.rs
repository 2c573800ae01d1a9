//! Plots over time: load of every core, and the queue. Both share the [`TimeAxis`] with the timeline.
//!
//! A plot here is a frame (gutter with the value axis, plot, time labels below) painted by this module, and inside it
//! the lines of `egui_plot`, whose own axes and navigation are off: margins must be equal to the pixel in all views,
//! and one hand moves all of them.

mod axis;
mod busy;
mod cores;
mod marks;
mod queue;
mod sample;
mod sizes;
mod stairs;
mod views;

use std::sync::Arc;

use eframe::egui::{
    Align2, Color32, FontId, Mesh, Painter, Rangef, Rect, Response, Role, Sense, Shape, Ui, UiBuilder,
    WidgetInfo, pos2, vec2,
};
use egui_plot::{Line, Plot};

pub(crate) use axis::{Align, Extent, Lit, TimeAxis, TimeScale, Wheel};
pub(crate) use busy::busy_ui;
pub(crate) use cores::cores_ui;
pub(crate) use queue::queue_ui;

use super::theme::{self, Palette};
use crate::{store::RunStore, units::ticks};

/// Height of a plot's first line, with its title and legend.
const HEADER_HEIGHT: f32 = 18.0;
/// Height of the time labels under a plot.
const LABELS_HEIGHT: f32 = 14.0;
/// Below this height a plot does without time labels.
const LABELS_FROM_HEIGHT: f32 = 90.0;
const SWATCH_WIDTH: f32 = 14.0;
const LINE_WIDTH: f32 = theme::LINE;

/// Another run whose curves are drawn too, and what the two are called, itself last.
#[derive(Clone, Copy)]
pub(crate) struct Compared<'a> {
    pub(crate) store: &'a RunStore,
    pub(crate) names: [&'a str; 2],
}

/// What distinguishes one run from another whose store stands in the same place of the window.
pub(crate) type RunKey = (u64, u64, u32);

pub(crate) fn run_key(store: &RunStore) -> RunKey {
    store.info.as_ref().map_or((0, 0, 0), |info| (info.clock.origin_ns, info.clock.unix_ns, info.engine_pid))
}

/// The part of a view that shows time: right of the gutter, left of the margin, equal in every view.
pub(crate) fn time_rect(outer: Rect) -> Rect {
    let left = outer.left() + theme::AXIS_WIDTH;
    Rect::from_min_max(
        pos2(left, outer.top()),
        pos2((outer.right() - theme::AXIS_RIGHT).max(left + 1.0), outer.bottom()),
    )
}

pub(crate) fn small_font() -> FontId {
    FontId::proportional(theme::SMALL_TEXT)
}

/// A vertical line one pixel wide, as a rectangle: cheaper than a stroke, and sharp.
pub(crate) fn add_vline(mesh: &mut Mesh, x: f32, top: f32, bottom: f32, color: Color32) {
    let x = x.round();
    mesh.add_colored_rect(Rect::from_min_max(pos2(x, top), pos2(x + 1.0, bottom)), color);
}

pub(crate) fn add_hline(mesh: &mut Mesh, y: f32, left: f32, right: f32, color: Color32) {
    let y = y.round();
    mesh.add_colored_rect(Rect::from_min_max(pos2(left, y), pos2(right, y + 1.0)), color);
}

pub(crate) fn paint_mesh(painter: &Painter, mesh: Mesh) {
    if !mesh.is_empty() {
        painter.add(Shape::Mesh(Arc::new(mesh)));
    }
}

/// The shared cursor through one plot, and what is marked on the time axis.
pub(crate) fn paint_cursor(painter: &Painter, axis: &TimeAxis, plot: Rect, palette: &Palette) {
    let scale = axis.scale(plot);
    let marks = axis.marks();
    let mut mesh = Mesh::default();
    if let Some((from_secs, to_secs)) = marks.range {
        let (left, right) = (scale.x_from_secs(from_secs), scale.x_from_secs(to_secs));
        let shade = palette.cursor.gamma_multiply(0.15);
        if right > plot.left() && left < plot.right() {
            let shaded = Rect::from_x_y_ranges(left..=right, plot.y_range()).intersect(plot);
            mesh.add_colored_rect(shaded, shade);
        }
        for x in [left, right].into_iter().filter(|x| plot.x_range().contains(*x)) {
            add_vline(&mut mesh, x, plot.top(), plot.bottom(), palette.cursor.gamma_multiply(0.5));
        }
    }
    let pinned_x = marks.pinned.map(|secs| scale.x_from_secs(secs));
    if let Some(x) = pinned_x.filter(|x| plot.x_range().contains(*x)) {
        let line = Rect::from_x_y_ranges(x.round() - 0.5..=x.round() + 1.5, plot.y_range());
        mesh.add_colored_rect(line, palette.cursor);
    }
    if let Some(x) = axis.pointer_secs().map(|secs| scale.x_from_secs(secs))
        && plot.x_range().contains(x)
    {
        add_vline(&mut mesh, x, plot.top(), plot.bottom(), palette.cursor.gamma_multiply(0.7));
    }
    paint_mesh(painter, mesh);
}

/// The labels of the time axis, centred on their ticks as far as the right margin allows; none over `covered`.
pub(crate) fn paint_time_labels(
    painter: &Painter,
    ticks: Vec<ticks::Tick>,
    scale: &TimeScale,
    y: Rangef,
    covered: Rect,
    color: Color32,
) {
    for tick in ticks {
        let galley = painter.layout_no_wrap(tick.label, small_font(), color);
        let half = galley.size().x * 0.5;
        let x = scale.x_from_secs(tick.secs).min(scale.right + theme::AXIS_RIGHT - half);
        let place = Rect::from_center_size(pos2(x, y.center()), galley.size());
        if !place.intersects(covered) {
            painter.galley(place.min, galley, color);
        }
    }
}

/// Left of the labels of the time axis, from what they count.
pub(crate) fn paint_counts_from(painter: &Painter, axis: &TimeAxis, labels: Rect, color: Color32) {
    if let Some(words) = axis.counts_from() {
        let at = pos2(labels.left() - theme::AXIS_WIDTH + theme::GAP_SMALL, labels.center().y);
        painter.text(at, Align2::LEFT_CENTER, words, small_font(), color);
    }
}

/// Labels of the value axis, each at a share of the plot's height.
type ValueLabels = Vec<(f64, String)>;

/// A plot's places on the screen.
struct Frame {
    response: Response,
    header: Rect,
    plot: Rect,
    labels: Option<Rect>,
    palette: Palette,
    painter: Painter,
}

impl Frame {
    /// Takes `height` points of the ui and the input over them.
    fn begin(ui: &mut Ui, axis: &mut TimeAxis, height: f32, title: &str, accessible: &str) -> Self {
        // Not focusable: the timeline takes the keys for all views.
        let (outer, response) =
            ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::CLICK | Sense::DRAG);
        response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, accessible));
        let header_bottom = outer.top() + HEADER_HEIGHT;
        let labels_height = if height >= LABELS_FROM_HEIGHT { LABELS_HEIGHT } else { 0.0 };
        let time = time_rect(outer);
        let plot_bottom = (outer.bottom() - labels_height).max(header_bottom + 1.0);
        let part = |top, bottom| Rect::from_min_max(pos2(time.left(), top), pos2(time.right(), bottom));
        let plot = part(header_bottom, plot_bottom);
        axis.interact(ui, &response, plot, Wheel::Zooms);
        if response.clicked() {
            axis.pin(&response, plot);
        }
        let frame = Self {
            response,
            header: part(outer.top(), header_bottom),
            plot,
            labels: (labels_height > 0.0).then(|| part(plot_bottom, outer.bottom())),
            palette: Palette::of(ui),
            painter: ui.painter_at(outer),
        };
        let at = pos2(outer.left() + theme::GAP_SMALL, frame.header.center().y);
        frame.painter.text(at, Align2::LEFT_CENTER, title, small_font(), frame.palette.text);
        frame
    }

    /// Background, grid and labels of one plot of this frame; there may be several, one above the other.
    fn paint_grid(&self, axis: &TimeAxis, plot: Rect, labels: &ValueLabels) {
        let mut mesh = Mesh::default();
        mesh.add_colored_rect(plot, self.palette.plot);
        let scale = axis.scale(plot);
        for tick in axis.ticks(&scale) {
            add_vline(&mut mesh, scale.x_from_secs(tick.secs), plot.top(), plot.bottom(), self.palette.grid);
        }
        for (share, label) in labels {
            let y = plot.bottom() - plot.height() * *share as f32;
            add_hline(&mut mesh, y.min(plot.bottom() - 1.0), plot.left(), plot.right(), self.palette.grid);
            // The outermost labels would otherwise be cut in half, or run into the neighbour plot.
            let half = theme::SMALL_TEXT * 0.5;
            let at = pos2(plot.left() - theme::GAP_SMALL, y.clamp(plot.top() + half, plot.bottom() - half));
            self.painter.text(at, Align2::RIGHT_CENTER, label, small_font(), self.palette.text_weak);
        }
        paint_mesh(&self.painter, mesh);
    }

    fn paint_time_labels(&self, axis: &TimeAxis) {
        if let Some(labels) = self.labels {
            let scale = axis.scale(labels);
            let color = self.palette.text_weak;
            paint_time_labels(
                &self.painter,
                axis.ticks(&scale),
                &scale,
                labels.y_range(),
                Rect::NOTHING,
                color,
            );
            paint_counts_from(&self.painter, axis, labels, color);
        }
    }

    fn paint_empty(&self, sentence: &str) {
        let mut mesh = Mesh::default();
        mesh.add_colored_rect(self.plot, self.palette.plot);
        paint_mesh(&self.painter, mesh);
        let font = FontId::proportional(theme::MONO_TEXT);
        let galley =
            self.painter.layout(sentence.to_owned(), font, self.palette.text_weak, self.plot.width() - 8.0);
        let at = self.plot.center() - galley.size() * 0.5;
        self.painter.galley(at, galley, self.palette.text_weak);
    }

    /// The cursor, and its time at the right end of the header.
    fn paint_cursor(&self, axis: &TimeAxis) {
        paint_cursor(&self.painter, axis, self.plot, &self.palette);
    }
}

/// The lines of one plot, by `egui_plot`.
fn lines_ui(ui: &mut Ui, id: &str, axis: &TimeAxis, plot: Rect, limit: f64, lines: Vec<Line<'_>>) {
    let scale = axis.scale(plot);
    let mut child = ui.new_child(UiBuilder::new().max_rect(plot));
    Plot::new(id)
        .width(plot.width())
        .height(plot.height())
        .show_axes(false)
        .show_grid(false)
        .show_background(false)
        .show_x(false)
        .show_y(false)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .allow_axis_zoom_drag(false)
        .sense(Sense::empty())
        .show(&mut child, |plot_ui| {
            plot_ui.set_plot_bounds_x(scale.from_secs..=scale.to_secs);
            // A little beyond the limits, so that a line along an edge keeps its full width.
            let margin = limit * f64::from(LINE_WIDTH / plot.height().max(1.0));
            plot_ui.set_plot_bounds_y(-margin..=limit + margin);
            for line in lines {
                plot_ui.line(line.allow_hover(false));
            }
        });
}

/// A line. One with a point for every pixel is painted as a band, which is quick and coarse; any other is smooth.
fn line<'a>(name: &str, points: Vec<[f64; 2]>, plot: Rect, color: Color32) -> Line<'a> {
    let dense = points.len() as f32 > plot.width();
    Line::new(name, points).color(color).width(LINE_WIDTH).allow_band(dense)
}

/// One entry of a legend.
struct Entry {
    name: String,
    /// The value under the cursor.
    value: Option<String>,
    color: Color32,
    dashed: bool,
}

/// Paints a legend on one line, with values where there is room for them at their widest (`value_sample`), so that
/// nothing moves while they change. Falls back to names, then to what stands behind each name's last space.
fn paint_legend(frame: &Frame, entries: &[Entry], value_sample: &str) {
    let painter = &frame.painter;
    let width_of =
        |text: &str| painter.layout_no_wrap(text.to_owned(), small_font(), frame.palette.text).size().x;
    let short = |name: &str| name.rsplit(' ').next().unwrap_or(name).to_owned();
    let fixed = SWATCH_WIDTH + theme::GAP_SMALL + theme::GAP;
    let value_width = width_of(value_sample) + theme::GAP_SMALL;
    let names: f32 = entries.iter().map(|entry| width_of(&entry.name) + fixed).sum();
    let shorts: f32 = entries.iter().map(|entry| width_of(&short(&entry.name)) + fixed).sum();
    let (use_short, with_values) = match frame.header.width() {
        room if names + value_width * entries.len() as f32 <= room => (false, true),
        room if shorts + value_width * entries.len() as f32 <= room => (true, true),
        room if names <= room => (false, false),
        _ => (true, false),
    };
    let mut x = frame.header.left();
    let y = frame.header.center().y;
    for entry in entries {
        paint_swatch(painter, pos2(x, y), entry);
        x += SWATCH_WIDTH + theme::GAP_SMALL;
        let name = if use_short { short(&entry.name) } else { entry.name.clone() };
        let color = frame.palette.text_weak;
        let name = painter.text(pos2(x, y), Align2::LEFT_CENTER, name, small_font(), color);
        x = name.right();
        if with_values {
            if let Some(value) = &entry.value {
                let at = pos2(x + theme::GAP_SMALL, y);
                painter.text(at, Align2::LEFT_CENTER, value, small_font(), frame.palette.text);
            }
            x += value_width;
        }
        x += theme::GAP;
    }
}

fn paint_swatch(painter: &Painter, left: eframe::egui::Pos2, entry: &Entry) {
    let mut mesh = Mesh::default();
    let mut piece = |from: f32, to: f32| {
        mesh.add_colored_rect(Rect::from_min_max(left + vec2(from, -1.5), left + vec2(to, 1.5)), entry.color);
    };
    if entry.dashed {
        piece(0.0, 5.0);
        piece(8.0, SWATCH_WIDTH);
    } else {
        piece(0.0, SWATCH_WIDTH);
    }
    paint_mesh(painter, mesh);
}
