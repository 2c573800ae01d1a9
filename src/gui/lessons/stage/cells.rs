//! Paints what processes share: how it changed, and what is in it at the moment shown.

use eframe::egui::{Align2, Mesh, Painter, Rect, Stroke, StrokeKind, pos2, vec2};

use super::{
    arrows,
    layout::has_boxes,
    model::{Row, State},
    scene::{Scene, fitted, text_width},
    words::{self, end_name, lane_name, short},
};
use crate::{
    event::lesson::ObjectKind,
    gui::{
        plots::{paint_mesh, small_font},
        theme,
    },
};

const BAND: f32 = 14.0;
const BOX_HEIGHT: f32 = 18.0;
/// Of the sign before the name of what carries messages.
const ARROW: f32 = 10.0;
const BOX_CHARS: usize = 16;
/// More boxes than this are counted.
const MOST_BOXES: usize = 60;

/// The part of a row that shows how it changed.
fn band_rect(scene: &Scene<'_>, at: usize) -> Rect {
    let row = scene.row(at);
    Rect::from_x_y_ranges(row.x_range(), row.top() + 6.0..=row.top() + 6.0 + BAND)
}

pub(super) fn band(scene: &Scene<'_>, painter: &Painter, at: usize) {
    let row = &scene.model.rows[at];
    let band = band_rect(scene, at);
    let mut mesh = Mesh::default();
    mesh.add_colored_rect(band.with_min_y(band.bottom() - 1.0), scene.palette.grid);
    let has_depth = matches!(
        row.kind,
        ObjectKind::Queue | ObjectKind::PipeEnd | ObjectKind::Semaphore | ObjectKind::Barrier
    );
    if has_depth {
        depth(scene, at, band, &mut mesh);
    }
    paint_mesh(painter, mesh);
    match row.kind {
        ObjectKind::Lock => held(scene, painter, row, band),
        ObjectKind::Event => set(scene, painter, row, band),
        ObjectKind::Barrier => met(scene, painter, row, band),
        _ => changes(scene, painter, row, band),
    }
}

/// How many there were, as steps.
fn depth(scene: &Scene<'_>, at: usize, band: Rect, mesh: &mut Mesh) {
    let steps = depths(scene, at);
    let most = steps.iter().map(|(_, depth)| *depth).max().unwrap_or(0).max(1) as f32;
    let ends = steps.iter().skip(1).map(|(t_ns, _)| scene.ruler.x(*t_ns)).chain([scene.last_x()]);
    for ((from_ns, depth), right) in steps.iter().zip(ends) {
        let left = scene.ruler.x(*from_ns);
        let top = band.bottom() - band.height() * *depth as f32 / most;
        let rect = Rect::from_min_max(pos2(left, top), pos2(right, band.bottom()));
        if *depth > 0 && right > left {
            mesh.add_colored_rect(rect, scene.palette.queued.gamma_multiply(0.45));
            mesh.add_colored_rect(rect.with_max_y(top + 1.5), scene.palette.queued);
        }
    }
}

/// Messages or permits in it from each of these moments on.
fn depths(scene: &Scene<'_>, at: usize) -> Vec<(u64, u32)> {
    let row = &scene.model.rows[at];
    match row.kind {
        ObjectKind::PipeEnd => {
            let messages = scene.model.messages.iter().filter(|message| message.row == at);
            let mut edges: Vec<(u64, i64)> = messages
                .flat_map(|message| {
                    let taken = message.to.map(|(_, got_ns)| (got_ns, -1));
                    std::iter::once((message.from.1, 1)).chain(taken)
                })
                .collect();
            edges.sort_unstable();
            let count = |depth: &mut i64, (t_ns, by): (u64, i64)| {
                *depth += by;
                Some((t_ns, (*depth).max(0) as u32))
            };
            edges.into_iter().scan(0, count).collect()
        }
        ObjectKind::Barrier => {
            let moments = scene.model.moments.iter();
            moments.map(|t_ns| (*t_ns, scene.model.met(row.object, *t_ns).len() as u32)).collect()
        }
        _ => {
            let first = scene.model.moments.first().map(|t_ns| (*t_ns, row.depth_at(0)));
            let told = row.changes.iter().filter_map(|change| match change.to {
                State::Depth(depth) => Some((change.t_ns, depth)),
                _ => None,
            });
            first.into_iter().chain(told).collect()
        }
    }
}

/// Who holds it, in the holder's colour and with its name.
fn held(scene: &Scene<'_>, painter: &Painter, row: &Row, band: Rect) {
    let ends = row.changes.iter().skip(1).map(|change| scene.ruler.x(change.t_ns)).chain([scene.last_x()]);
    let mut last_right = f32::NEG_INFINITY;
    for (change, right) in row.changes.iter().zip(ends) {
        let State::Held(Some(lane)) = change.to else { continue };
        let left = scene.ruler.x(change.t_ns);
        if right < band.left() || left > band.right() || right - last_right < 1.0 {
            continue;
        }
        last_right = right;
        let color = scene.palette.worker(scene.model.lanes[lane].worker);
        let rect = Rect::from_x_y_ranges(left..=(right - 1.0).max(left + 1.0), band.y_range());
        painter.rect_filled(rect, 0.0, color);
        let name = lane_name(scene.model, lane);
        if rect.width() > 20.0 {
            let at = pos2(rect.left().max(band.left()) + theme::GAP_SMALL, rect.center().y);
            fitted(painter, at, name, rect.right() - at.x, scene.palette.on_bar);
        }
    }
}

/// Who stands at a barrier, by name.
fn met(scene: &Scene<'_>, painter: &Painter, row: &Row, band: Rect) {
    let moments = &scene.model.moments;
    let ends = moments.iter().skip(1).copied().chain([scene.end_ns]);
    let mut before = Vec::new();
    for (from_ns, to_ns) in moments.iter().zip(ends) {
        let there = scene.model.met(row.object, *from_ns);
        let names: Vec<&str> = there.iter().map(|lane| lane_name(scene.model, *lane)).collect();
        let left = scene.ruler.x(*from_ns) + theme::GAP_SMALL;
        // Named where somebody comes; the room is up to the next moment at least.
        let came = names.len() > before.len();
        if came && text_width(painter, &names.join(", ")) <= scene.ruler.x(to_ns) - left {
            let text = names.join(", ");
            fitted(painter, pos2(left, band.center().y), &text, band.right() - left, scene.palette.text);
        }
        before = there;
    }
}

fn set(scene: &Scene<'_>, painter: &Painter, row: &Row, band: Rect) {
    let ends = row.changes.iter().skip(1).map(|change| scene.ruler.x(change.t_ns)).chain([scene.last_x()]);
    for (change, right) in row.changes.iter().zip(ends) {
        if change.to != State::Set(true) {
            continue;
        }
        let rect = Rect::from_x_y_ranges(scene.ruler.x(change.t_ns)..=right, band.y_range());
        painter.rect_filled(rect, 0.0, scene.palette.rate);
        let text = format!("set by {}", lane_name(scene.model, change.lane));
        if text_width(painter, &text) < rect.width() {
            let at = pos2(rect.left() + theme::GAP_SMALL, rect.center().y);
            fitted(painter, at, &text, rect.width(), scene.palette.on_bar);
        }
    }
}

/// A mark for each writing and each close, in the colour of who did it, with words where there is room.
fn changes(scene: &Scene<'_>, painter: &Painter, row: &Row, band: Rect) {
    let told = |change: &&super::model::Change| matches!(change.to, State::Cell(..) | State::Closed(_));
    let mut told = row.changes.iter().filter(told).peekable();
    let mut last_x = f32::NEG_INFINITY;
    while let Some(change) = told.next() {
        let x = scene.ruler.x(change.t_ns);
        if x < band.left() || x > band.right() || x - last_x < 1.0 {
            continue;
        }
        last_x = x;
        let color = scene.palette.worker(scene.model.lanes[change.lane].worker);
        painter.rect_filled(Rect::from_x_y_ranges(x - 1.5..=x + 1.5, band.y_range()), 0.0, color);
        let text = match change.to {
            State::Cell(index, value) if row.kind == ObjectKind::Array => format!("[{index}] {value}"),
            State::Cell(_, value) => value.to_string(),
            State::Closed(end) => {
                format!("{} closes {}", lane_name(scene.model, change.lane), end_name(scene.model, end))
            }
            _ => continue,
        };
        let room = told.peek().map_or(band.right(), |next| scene.ruler.x(next.t_ns)) - x - 5.0;
        let width = text_width(painter, &text);
        if width <= room {
            let ground = Rect::from_min_size(pos2(x + 3.0, band.top()), vec2(width, band.height() - 1.0));
            painter.rect_filled(ground, 0.0, scene.palette.plot);
            fitted(painter, pos2(x + 4.0, band.center().y), &text, room, scene.palette.text_weak);
        }
    }
}

/// Messages in it, or its cells, at the moment shown.
pub(super) fn boxes(scene: &Scene<'_>, painter: &Painter, at: usize) {
    let row = &scene.model.rows[at];
    if !has_boxes(row.kind) {
        return;
    }
    let area = scene.row(at).with_min_y(band_rect(scene, at).bottom() + 3.0);
    let mut boxes = Boxes { scene, painter, area, x: area.left() + theme::GAP_SMALL };
    match row.kind {
        ObjectKind::Array | ObjectKind::Value => cells(&mut boxes, row),
        _ => {
            let count = scene.model.messages_in(at, scene.shown_ns).count();
            boxes.say(if count == 0 { "nothing in it" } else { "in it:" });
            for message in scene.model.messages_in(at, scene.shown_ns).take(MOST_BOXES) {
                // A pool's word to a worker that may go has no value.
                let text = if message.value.is_empty() { "no more" } else { &message.value };
                if !boxes.add(&short(text, BOX_CHARS), Some(message.from.0), false) {
                    break;
                }
            }
            if row.kind == ObjectKind::PipeEnd {
                let state = words::row_state(scene.model, at, scene.shown_ns);
                boxes.x += theme::GAP_LARGE;
                boxes.say(&state);
            }
        }
    }
}

fn cells(boxes: &mut Boxes<'_, '_>, row: &Row) {
    let shown_ns = boxes.scene.shown_ns;
    let last = row.last(shown_ns, |state| matches!(state, State::Cell(..))).copied();
    let written =
        last.and_then(|change| if let State::Cell(index, _) = change.to { Some(index) } else { None });
    for ((value, writer), index) in row.cells_at(shown_ns).into_iter().zip(0..) {
        if !boxes.add(&value.to_string(), writer, written == Some(index)) {
            break;
        }
    }
    if let Some(change) = last {
        boxes.x += theme::GAP;
        boxes.say(&format!("last written by {}", lane_name(boxes.scene.model, change.lane)));
    }
}

struct Boxes<'s, 'p> {
    scene: &'s Scene<'s>,
    painter: &'p Painter,
    area: Rect,
    x: f32,
}

impl Boxes<'_, '_> {
    fn say(&mut self, text: &str) {
        let palette = self.scene.palette;
        let at = pos2(self.x, self.area.top() + BOX_HEIGHT * 0.5);
        let galley = fitted(self.painter, at, text, self.area.right() - self.x, palette.text_weak);
        self.x += galley.size().x + theme::GAP_SMALL;
    }

    /// A box, with the colour of the process from which its value is. False where there was no room.
    fn add(&mut self, text: &str, from: Option<usize>, marked: bool) -> bool {
        let palette = self.scene.palette;
        let width = text_width(self.painter, text).max(16.0) + theme::GAP;
        if self.x + width > self.area.right() - 20.0 {
            self.say("…");
            return false;
        }
        let rect = Rect::from_min_size(pos2(self.x, self.area.top()), vec2(width, BOX_HEIGHT));
        self.painter.rect_filled(rect, 2.0, palette.control);
        if let Some(lane) = from {
            let color = palette.worker(self.scene.model.lanes[lane].worker);
            self.painter.rect_filled(rect.with_min_y(rect.bottom() - 3.0), 0.0, color);
        }
        let edge = if marked { Stroke::new(2.0, palette.text) } else { Stroke::new(1.0, palette.text_weak) };
        self.painter.rect_stroke(rect, 2.0, edge, StrokeKind::Inside);
        let center = rect.center() - vec2(0.0, 1.0);
        self.painter.text(center, Align2::CENTER_CENTER, text, small_font(), palette.text);
        self.x = rect.right() + theme::GAP_HAIR;
        true
    }
}

pub(super) fn head(scene: &Scene<'_>, painter: &Painter, at: usize, rect: Rect) {
    let (row, palette) = (&scene.model.rows[at], scene.palette);
    let left = rect.left() + theme::GAP_SMALL;
    let width = rect.width() - theme::GAP;
    let y = band_rect(scene, at).center().y;
    let kind = words::kind_name(row.kind);
    if has_boxes(row.kind) {
        // The arrow of its messages, as they are drawn between the lanes.
        let indent = if matches!(row.kind, ObjectKind::Queue | ObjectKind::PipeEnd) {
            let (from, to) = (pos2(left, y), pos2(left + ARROW, y));
            let color = arrows::color_of(scene, at);
            painter.line_segment([from, to], Stroke::new(1.5, color));
            arrows::head(painter, to, to - from, color);
            ARROW + theme::GAP_SMALL
        } else {
            0.0
        };
        fitted(painter, pos2(left + indent, y), words::plain(&row.name), width - indent, palette.text);
        let state = match row.kind {
            ObjectKind::Queue => format!("{kind}, {}", words::row_state(scene.model, at, scene.shown_ns)),
            _ => kind.to_owned(),
        };
        fitted(painter, pos2(left, y + 17.0), &state, width, palette.text_weak);
    } else {
        let name = fitted(painter, pos2(left, y), &row.name, width, palette.text);
        let state = words::row_state(scene.model, at, scene.shown_ns);
        // How it stands is worth more than what it is, which the pointer tells, and than who is there.
        let brief = state.split_once(':').map_or(&*state, |(brief, _)| brief);
        let says = [format!("  {kind}, {state}"), format!("  {state}"), format!("  {brief}")];
        let room = width - name.size().x;
        let fits = says.iter().find(|text| text_width(painter, text) <= room);
        let state = fits.or(says.last()).map_or("", String::as_str);
        fitted(painter, pos2(left + name.size().x, y), state, room, palette.text_weak);
    }
}
