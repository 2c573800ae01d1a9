//! Paints the lanes of processes. What a process does is told by form as well as by colour: it runs where its band is
//! full, waits where it is hatched, sleeps where it is dotted, is being started where there is only a line.

use eframe::egui::{
    Align2, Color32, Mesh, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, pos2, text::LayoutJob, vec2,
};

use super::{
    layout::{Look, Piece, Spot, pieces, spots},
    model::Item,
    scene::{Scene, fitted, text_width},
    words,
};
use crate::{
    event::{Exit, Outcome},
    gui::{
        plots::{paint_mesh, small_font},
        theme::{self, Palette},
        timeline::patterns::{add_dots, add_hatch},
    },
};

/// Between a tick and its words.
const TICK_GAP: f32 = 3.0;
const HATCH: f32 = 7.0;
/// Of a lane per level below `main`.
const INDENT: f32 = 12.0;
/// From this width on, a piece is worth words.
const WORDS_WIDTH: f32 = 22.0;
/// How much of its worker's colour an item has.
const ITEM_TINT: f32 = 0.35;
/// An item narrower than this is without words, and what names it is not longer than this.
const LEAST_ITEM_ROOM: f32 = 6.0;
const ITEM_CHARS: usize = 14;
/// Between an end mark and its band.
const END_GAP: f32 = 10.0;
/// From this height on, the head of a lane has room for three lines, and from this on for two.
const THREE_LINES: f32 = 44.0;
const TWO_LINES: f32 = 28.0;
/// Side of an end mark.
const END_SIZE: f32 = 11.0;

/// Of a lane, what has words.
pub(super) struct Drawn {
    pieces: Vec<Piece>,
    spots: Vec<Spot>,
}

pub(super) fn lane(scene: &Scene<'_>, painter: &Painter, at: usize) -> Drawn {
    let lane = &scene.model.lanes[at];
    let band = scene.band(at);
    let color = scene.palette.worker(lane.worker);
    let for_ever = scene.model.stuck_at(at, scene.end_ns).is_some();
    let pieces = pieces(lane, &scene.ruler, scene.end_ns, for_ever);
    let mut mesh = Mesh::default();
    for piece in &pieces {
        add_piece(&mut mesh, scene, at, piece, band, color);
    }
    let spots = spots(lane, &scene.ruler, scene.end_ns);
    for spot in &spots {
        let tick = Rect::from_x_y_ranges(spot.x - 1.0..=spot.x + 1.0, band.top() - 3.0..=band.bottom() + 3.0);
        mesh.add_colored_rect(tick, scene.palette.text);
    }
    add_items(scene, at, &mut mesh, color);
    paint_mesh(painter, mesh);
    Drawn { pieces, spots }
}

/// What a lane says.
pub(super) fn words(scene: &Scene<'_>, painter: &Painter, at: usize, drawn: &Drawn) {
    let lane = &scene.model.lanes[at];
    let band = scene.band(at);
    let color = scene.palette.worker(lane.worker);
    for (item, rect) in items(scene, at) {
        if let Some(label) = item_label(painter, item, rect) {
            painter.rect_filled(label.ground, 0.0, scene.behind(at).blend(item_fill(scene, item, color)));
            fitted(painter, label.from, &label.text, label.ground.width(), scene.palette.text);
        }
    }
    for piece in &drawn.pieces {
        piece_words(scene, painter, at, piece, band, color);
    }
    for spot in &drawn.spots {
        let width = spot.room - TICK_GAP;
        let labels = match spot.count {
            1 => words::mark_labels(scene.model, &lane.marks[spot.mark]),
            count => vec![format!("{count} operations"), format!("{count}×")],
        };
        if let Some(label) = labels.into_iter().find(|label| text_width(painter, label) <= width) {
            let waiting = drawn.pieces.iter().any(|piece| {
                piece.left <= spot.x + 1.0 && spot.x + 1.0 < piece.right && piece.look != Look::Running
            });
            let ink = if waiting { scene.palette.text } else { scene.palette.on_bar };
            fitted(painter, pos2(spot.x + TICK_GAP, band.center().y), &label, width, ink);
        }
    }
}

fn add_piece(mesh: &mut Mesh, scene: &Scene<'_>, at: usize, piece: &Piece, band: Rect, color: Color32) {
    let palette = scene.palette;
    let rect = Rect::from_x_y_ranges(
        piece.left.max(band.left())..=piece.right.min(band.right()).max(piece.left + 1.0),
        band.y_range(),
    );
    match piece.look {
        Look::Running => mesh.add_colored_rect(rect, color),
        Look::Starting => {
            let line = Rect::from_center_size(rect.center(), vec2(rect.width(), 3.0));
            mesh.add_colored_rect(line, color.gamma_multiply(0.6));
        }
        Look::Waiting => {
            mesh.add_colored_rect(rect, palette.blocked);
            add_hatch(mesh, rect, HATCH, palette.blocked.lerp_to_gamma(color, 0.75));
            let stuck = piece.mark.is_some_and(|mark| words::is_stuck(scene.model, at, mark, scene.shown_ns));
            let (edge, height) = if stuck { (palette.error, 3.0) } else { (color, 1.0) };
            mesh.add_colored_rect(rect.with_max_y(rect.top() + height), edge);
            mesh.add_colored_rect(rect.with_min_y(rect.bottom() - height), edge);
        }
        Look::Sleeping => {
            mesh.add_colored_rect(rect, palette.blocked);
            add_dots(mesh, rect, palette.blocked.lerp_to_gamma(color, 0.75));
        }
    }
}

/// Above its line, where there is room. Lines to other lanes go behind it.
fn starting(scene: &Scene<'_>, painter: &Painter, at: usize, from: Pos2, room: f32) {
    const WORD: &str = "starting";
    let width = text_width(painter, WORD);
    if width > room {
        return;
    }
    let ground = Rect::from_min_max(from - vec2(1.0, 14.0), from + vec2(width + 1.0, -2.0));
    painter.rect_filled(ground, 0.0, scene.behind(at));
    let ink = scene.palette.text_weak;
    painter.text(from - vec2(0.0, 8.0), Align2::LEFT_CENTER, WORD, small_font(), ink);
}

/// What a wait or a sleep is about, on a ground of its own: letters on a pattern cannot be read.
fn piece_words(scene: &Scene<'_>, painter: &Painter, at: usize, piece: &Piece, band: Rect, color: Color32) {
    if let Some((ground, text, label)) = piece_label(scene, painter, at, piece, band) {
        painter.rect_filled(ground, 2.0, scene.palette.plot);
        painter.rect_stroke(ground, 2.0, Stroke::new(1.0, color.gamma_multiply(0.6)), StrokeKind::Inside);
        fitted(painter, ground.left_center() + vec2(GROUND_INSET, 0.0), &label, text, scene.palette.text);
    } else if piece.look == Look::Starting {
        let left = piece.left.max(band.left());
        let room = piece.right.min(band.right()) - left - theme::GAP;
        starting(scene, painter, at, pos2(left + theme::GAP_SMALL, band.center().y), room);
    }
}

/// What a wait or a sleep says, the width of it, and the ground on which it stands.
fn piece_label(
    scene: &Scene<'_>,
    painter: &Painter,
    at: usize,
    piece: &Piece,
    band: Rect,
) -> Option<(Rect, f32, String)> {
    let left = piece.left.max(band.left());
    let width = piece.right.min(band.right()) - left - theme::GAP;
    let mark = piece.mark.filter(|_| width >= WORDS_WIDTH)?;
    let labels = words::wait_labels(scene.model, at, mark, scene.shown_ns);
    let fits = labels.into_iter().map(|label| (text_width(painter, &label), label));
    let (text, label) = fits.into_iter().find(|(text, _)| *text <= width - theme::GAP_SMALL)?;
    let ground = Rect::from_min_size(
        pos2(left + theme::GAP_SMALL, band.center().y - theme::SMALL_TEXT * 0.5 - 2.0),
        vec2(text + theme::GAP_SMALL, theme::SMALL_TEXT + 4.0),
    );
    Some((ground, text, label))
}

const GROUND_INSET: f32 = 2.0;

/// The items that can be seen, with where they stand.
fn items<'s>(scene: &Scene<'s>, at: usize) -> Vec<(&'s Item, Rect)> {
    let strip = scene.items(at);
    let mut last_x = f32::NEG_INFINITY;
    let mut seen = Vec::new();
    for item in &scene.model.lanes[at].items {
        let (left, right) = (scene.ruler.x(item.from_ns), scene.ruler.x(item.to_ns.unwrap_or(scene.end_ns)));
        if right < strip.left() || left > strip.right() || right - last_x < 1.0 {
            continue;
        }
        last_x = right;
        // What begins or ends out of sight has its name on the part that is seen.
        let (left, right) = (left.max(strip.left()), right.min(strip.right()));
        seen.push((item, Rect::from_x_y_ranges(left..=(right - 1.0).max(left + 1.0), strip.y_range())));
    }
    seen
}

fn is_lost(item: &Item) -> bool {
    item.outcome.as_ref().is_some_and(|outcome| *outcome != Outcome::Ok)
}

fn item_fill(scene: &Scene<'_>, item: &Item, color: Color32) -> Color32 {
    let fill = if is_lost(item) { scene.palette.crashed } else { color };
    fill.gamma_multiply(ITEM_TINT)
}

/// The words of an item, where they have room.
struct ItemLabel {
    text: String,
    from: Pos2,
    ground: Rect,
}

/// As many of its words as have room, but none that is cut: of a number, its beginning is another one.
fn item_label(painter: &Painter, item: &Item, rect: Rect) -> Option<ItemLabel> {
    let room = rect.width() - theme::GAP;
    if room < LEAST_ITEM_ROOM {
        return None;
    }
    let name = words::short(&item.label, ITEM_CHARS);
    let lost = if is_lost(item) { " lost" } else { "" };
    let texts = [format!("item {name}{lost}"), format!("{name}{lost}"), name];
    let fits = texts.into_iter().map(|text| (text_width(painter, &text), text));
    let (width, text) = fits.into_iter().find(|(width, _)| *width <= room)?;
    let from = pos2(rect.left() + theme::GAP_SMALL, rect.center().y);
    let ground = Rect::from_min_max(from - vec2(1.0, 0.0), from + vec2(width + 1.0, 0.0));
    let ground = ground.with_min_y(rect.top() + 1.0).with_max_y(rect.bottom());
    Some(ItemLabel { text, from, ground })
}

/// Where the words of a lane stand: those of its items, of its waits and of its sleeps.
pub(super) fn word_places(scene: &Scene<'_>, painter: &Painter, at: usize) -> Vec<Rect> {
    let of_items = items(scene, at).into_iter().filter_map(|(item, rect)| item_label(painter, item, rect));
    let of_items = of_items.map(|label| label.ground);
    let for_ever = scene.model.stuck_at(at, scene.end_ns).is_some();
    let pieces = pieces(&scene.model.lanes[at], &scene.ruler, scene.end_ns, for_ever);
    let band = scene.band(at);
    let of_pieces = pieces.iter().filter_map(|piece| piece_label(scene, painter, at, piece, band));
    of_items.chain(of_pieces.map(|(ground, ..)| ground)).collect()
}

fn add_items(scene: &Scene<'_>, at: usize, mesh: &mut Mesh, color: Color32) {
    for (item, rect) in items(scene, at) {
        let edge = if is_lost(item) { scene.palette.crashed } else { color };
        mesh.add_colored_rect(rect, item_fill(scene, item, color));
        mesh.add_colored_rect(rect.with_max_x(rect.left() + 2.0), edge);
        mesh.add_colored_rect(rect.with_max_y(rect.top() + 1.0), edge);
    }
}

/// How a process ended, by form: a hook, a cross, a skull of lines; or that it waits for ever.
pub(super) fn end(scene: &Scene<'_>, painter: &Painter, at: usize) {
    let lane = &scene.model.lanes[at];
    let Some((ended_ns, exit)) = lane.ended.filter(|(ended_ns, _)| *ended_ns <= scene.shown_ns) else {
        return;
    };
    let x = scene.ruler.x(ended_ns) + END_GAP;
    if x < scene.plot.left() || x > scene.outer.right() {
        return;
    }
    let center = pos2(x, scene.band(at).center().y);
    paint_exit(painter, center, exit, scene.palette);
}

fn paint_exit(painter: &Painter, center: Pos2, exit: Exit, palette: &Palette) {
    let half = END_SIZE * 0.5;
    let at = |x: f32, y: f32| center + vec2(x, y) * half;
    let line = |points: Vec<Pos2>, color| painter.add(Shape::line(points, Stroke::new(2.0, color)));
    painter.circle_filled(center, half + 3.0, palette.plot);
    match exit {
        Exit::Code(0) => {
            line(vec![at(-0.9, 0.1), at(-0.25, 0.8), at(0.9, -0.7)], palette.rate);
        }
        Exit::Code(_) => {
            line(vec![at(-0.8, -0.8), at(0.8, 0.8)], palette.error);
            line(vec![at(-0.8, 0.8), at(0.8, -0.8)], palette.error);
        }
        Exit::Signal(_) => {
            // A skull over crossed bones.
            line(vec![at(-1.1, 0.2), at(1.1, 1.1)], palette.error);
            line(vec![at(-1.1, 1.1), at(1.1, 0.2)], palette.error);
            painter.circle_filled(at(0.0, -0.35), half * 0.75, palette.error);
            painter.circle_filled(at(-0.3, -0.4), half * 0.2, palette.plot);
            painter.circle_filled(at(0.3, -0.4), half * 0.2, palette.plot);
        }
    }
}

/// Name and process id, indented below the parent; its colour, by which it is known below.
pub(super) fn head(scene: &Scene<'_>, painter: &Painter, at: usize, rect: Rect, hovered: bool) {
    let (model, palette) = (scene.model, scene.palette);
    let lane = &model.lanes[at];
    if hovered {
        painter.rect_filled(rect, 0.0, palette.control);
    }
    let left = rect.left() + theme::GAP_SMALL + INDENT * lane.level.min(4) as f32;
    let y = scene.band(at).center().y;
    if lane.level > 0 {
        let elbow = vec![pos2(left - 7.0, rect.top()), pos2(left - 7.0, y), pos2(left - 2.0, y)];
        painter.add(Shape::line(elbow, Stroke::new(1.0, palette.text_weak)));
    }
    let swatch = Rect::from_center_size(pos2(left + 4.0, y), vec2(8.0, 14.0));
    painter.rect_filled(swatch, 2.0, palette.worker(lane.worker));
    let text_left = left + 13.0;
    let width = rect.right() - text_left - theme::GAP_SMALL;
    let state = words::lane_state(model, at, scene.shown_ns);
    let stuck = model.stuck_at(at, scene.shown_ns).is_some();
    let second = if stuck { palette.error } else { palette.text_weak };
    let pid = lane.pid.map(|pid| format!("  {pid}")).unwrap_or_default();
    if rect.height() < TWO_LINES {
        fitted(painter, pos2(text_left, y), &format!("{}{pid}", lane.name), width, palette.text);
        return;
    }
    let cut = text_width(painter, &state) > width;
    let wraps = cut && rect.height() >= THREE_LINES;
    let name_y = if wraps { y - 14.0 } else { y - 7.0 };
    let name = fitted(painter, pos2(text_left, name_y), &lane.name, width, palette.text);
    let pid_left = text_left + name.size().x;
    fitted(painter, pos2(pid_left, name_y), &pid, rect.right() - pid_left, palette.text_weak);
    if wraps {
        two_lines(painter, pos2(text_left, y - 7.0), &state, width, second);
    } else {
        let state = if cut && stuck { "waits for ever" } else { &state };
        fitted(painter, pos2(text_left, y + 7.0), state, width, second);
    }
}

fn two_lines(painter: &Painter, at: Pos2, text: &str, width: f32, color: Color32) {
    let mut job = LayoutJob::simple(text.to_owned(), small_font(), color, width);
    job.wrap.max_rows = 2;
    painter.galley(at, painter.fonts_mut(|fonts| fonts.layout_job(job)), color);
}
