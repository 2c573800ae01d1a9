//! Arrows between lanes: who starts whom, what goes from one to another, who waits for whom for ever.

use eframe::egui::{
    Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, Vec2, epaint::CubicBezierShape, pos2, vec2,
};

use super::{
    model::{Message, Waiting},
    scene::{Scene, text_width},
    words::{end_name, lane_name, short},
};
use crate::{
    event::lesson::{ObjectKind, Verb},
    gui::{plots::small_font, theme},
};

const HEAD: f32 = 6.0;
/// Where along an arrow its label may stand, best first.
const PARTS: [f32; 9] = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9];
const VALUE_CHARS: usize = 14;
/// No more than so many are drawn: more could not be told apart.
const MOST: usize = 1200;
/// How far an arrow from lane to lane at the right reaches out.
const BULGE: f32 = 34.0;

pub(super) fn head(painter: &Painter, tip: Pos2, direction: Vec2, color: Color32) {
    let along = direction.normalized() * HEAD;
    let side = along.rot90() * 0.5;
    painter.add(Shape::convex_polygon(
        vec![tip, tip - along + side, tip - along - side],
        color,
        Stroke::NONE,
    ));
}

/// From who starts a process to where its lane begins, and from its end to who waited for that.
pub(super) fn links(scene: &Scene<'_>, painter: &Painter) {
    let stroke = Stroke::new(1.0, scene.palette.text_weak);
    for (at, lane) in scene.model.lanes.iter().enumerate() {
        if let Some(parent) = lane.parent {
            let x = scene.ruler.x(lane.from_ns);
            let (from, to) = ends(scene, (parent, x), (at, x));
            painter.line_segment([from, to], stroke);
            head(painter, to, to - from, scene.palette.text_weak);
        }
        for mark in lane.marks.iter().filter(|mark| mark.verb == Some(Verb::Join)) {
            let ended = mark.whom.and_then(|whom| Some((whom, scene.model.lanes.get(whom)?.ended?.0)));
            let (Some((whom, ended_ns)), Some(to_ns)) = (ended, mark.to_ns) else { continue };
            let (from_x, to_x) = (scene.ruler.x(ended_ns.min(to_ns)), scene.ruler.x(to_ns));
            let (from, to) = ends(scene, (whom, from_x), (at, to_x));
            painter.extend(Shape::dashed_line(&[from, to], stroke, 4.0, 3.0));
        }
    }
}

/// From the edge of one lane's band to that of another's.
fn ends(scene: &Scene<'_>, (from, from_x): (usize, f32), (to, to_x): (usize, f32)) -> (Pos2, Pos2) {
    let (from_band, to_band) = (scene.band(from), scene.band(to));
    if from <= to {
        (pos2(from_x, from_band.bottom()), pos2(to_x, to_band.top()))
    } else {
        (pos2(from_x, from_band.top()), pos2(to_x, to_band.bottom()))
    }
}

/// Where a message's arrow begins and ends at the moment shown; one that nobody has taken points into its queue.
pub(super) fn way(scene: &Scene<'_>, message: &Message) -> (Pos2, Pos2) {
    let (from, put_ns) = message.from;
    let from_x = scene.ruler.x(put_ns);
    match message.to.filter(|(_, got_ns)| *got_ns <= scene.shown_ns || put_ns > scene.shown_ns) {
        Some((to, got_ns)) if to == from => {
            let band = scene.band(from);
            (pos2(from_x, band.bottom()), pos2(scene.ruler.x(got_ns), band.bottom()))
        }
        Some((to, got_ns)) => ends(scene, (from, from_x), (to, scene.ruler.x(got_ns))),
        None => {
            let row = scene.row(message.row);
            (pos2(from_x, scene.band(from).bottom()), pos2(from_x, row.top() + 4.0))
        }
    }
}

/// Those that have been put at the moment shown, or those that will be, with where their arrows begin and end.
fn seen<'m>(scene: &Scene<'m>, put: bool) -> Vec<(&'m Message, Pos2, Pos2)> {
    let mut seen: Vec<(&Message, Pos2, Pos2)> = Vec::new();
    for message in scene.model.messages.iter().filter(|message| (message.from.1 <= scene.shown_ns) == put) {
        let (from, to) = way(scene, message);
        let in_view = from.x.min(to.x) <= scene.plot.right() && from.x.max(to.x) >= scene.plot.left();
        // On one spot they are one.
        let same = |(_, a, b): &(_, Pos2, Pos2)| a.distance(from) < 0.7 && b.distance(to) < 0.7;
        if in_view && !seen.last().is_some_and(same) {
            seen.push((message, from, to));
        }
        if seen.len() >= MOST {
            break;
        }
    }
    seen
}

/// What goes through the first queue or pipe, and what through others: in a pool, its items and their results.
pub(super) fn color_of(scene: &Scene<'_>, row: usize) -> Color32 {
    let carries = |kind| matches!(kind, ObjectKind::Queue | ObjectKind::PipeEnd);
    let first = scene.model.rows.iter().position(|row| carries(row.kind));
    if first == Some(row) { scene.palette.rate } else { scene.palette.text }
}

pub(super) fn messages(scene: &Scene<'_>, painter: &Painter, put: bool) {
    for (message, from, to) in seen(scene, put) {
        let color = color_of(scene, message.row);
        painter.line_segment([from, to], Stroke::new(1.5, color));
        head(painter, to, to - from, color);
    }
}

/// What goes along the arrows.
pub(super) fn values(scene: &Scene<'_>, painter: &Painter, put: bool) {
    let mut labels: Vec<Rect> = Vec::new();
    let bands: Vec<Rect> = (0..scene.model.lanes.len()).map(|lane| scene.taken(lane)).collect();
    let crowded = bands.windows(2).any(|pair| pair[1].top() - pair[0].bottom() < theme::SMALL_TEXT + 8.0);
    // What a lane says is never covered: without an item's name nobody knows what goes along the arrow.
    let names: Vec<Rect> = (0..bands.len())
        .filter(|_| crowded)
        .flat_map(|lane| super::paint::word_places(scene, painter, lane))
        .collect();
    let covers = |place: &Rect, parts: &[Rect]| parts.iter().any(|part| part.expand(1.0).intersects(*place));
    for (message, from, to) in seen(scene, put) {
        let text = short(message.value.trim(), VALUE_CHARS);
        // What says nothing by its value, as that there is no more, has its arrow alone.
        if text.is_empty() {
            continue;
        }
        let size = vec2(text_width(painter, &text) + theme::GAP_SMALL, theme::SMALL_TEXT + 4.0);
        // The first place along the way that is free, and covers no lane where the lanes leave room for that.
        let place = |part: f32| Rect::from_center_size(from.lerp(to, part), size);
        let clear = |place: &Rect| !covers(place, &labels) && !covers(place, &names);
        let free = PARTS.into_iter().map(place).find(|place| clear(place) && !covers(place, &bands));
        let free = free.or_else(|| PARTS.into_iter().map(place).find(clear).filter(|_| crowded));
        let free = free.filter(|_| from.distance(to) > size.y * 1.2);
        if let Some(place) = free {
            labels.push(place);
            painter.rect_filled(place, 3.0, scene.palette.plot);
            let stroke = Stroke::new(1.0, color_of(scene, message.row));
            painter.rect_stroke(place, 3.0, stroke, eframe::egui::StrokeKind::Inside);
            painter.text(place.center(), Align2::CENTER_CENTER, text, small_font(), scene.palette.text);
        }
    }
}

/// The circle of those who wait for one another.
pub(super) fn stuck(scene: &Scene<'_>, painter: &Painter) {
    let Some(stuck) = scene.model.stuck.as_ref().filter(|stuck| stuck.t_ns <= scene.shown_ns) else { return };
    let x = scene.plot.right() + 4.0;
    let color = scene.palette.error;
    let stroke = Stroke::new(2.0, color);
    for waiting in &stuck.waiting {
        let own = scene.band(waiting.lane);
        if waiting.needs.is_empty() {
            painter.text(
                pos2(x + 2.0, own.center().y),
                Align2::LEFT_CENTER,
                "nobody can",
                small_font(),
                color,
            );
            continue;
        }
        for needed in &waiting.needs {
            let other = scene.band(*needed);
            // Two that wait for each other have an arrow each, one inside the other.
            let down = *needed > waiting.lane;
            let (from_y, to_y) = if down {
                (own.center().y + 4.0, other.center().y - 4.0)
            } else {
                (own.center().y - 4.0, other.center().y + 4.0)
            };
            let bulge = if down { BULGE * 0.55 } else { BULGE };
            let (from, to) = (pos2(x, from_y), pos2(x, to_y));
            let points = [from, from + vec2(bulge, 0.0), to + vec2(bulge, 0.0), to];
            painter.add(CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke));
            head(painter, to, vec2(-1.0, 0.0), color);
        }
        let label = for_what(scene, waiting);
        let at = pos2(x + BULGE * 0.85, own.center().y);
        let room = scene.outer.right() - at.x - 2.0;
        super::scene::fitted(painter, at, &label, room, color);
    }
}

fn for_what(scene: &Scene<'_>, waiting: &Waiting) -> String {
    match (waiting.object, waiting.verb) {
        (Some(object), _) => end_name(scene.model, object),
        (None, Verb::Join) => {
            let whom = waiting.needs.first().map_or("its", |lane| lane_name(scene.model, *lane));
            format!("end of {whom}")
        }
        (None, verb) => verb.to_string(),
    }
}
