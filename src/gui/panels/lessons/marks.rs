//! Small drawn signs: how far a lesson is, and whether an answer was right.

use eframe::egui::{Atom, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, Ui, pos2, vec2};

use crate::gui::{
    icons::Icon,
    lessons::Progress,
    theme::{LINE, Palette},
};

const SIZE: f32 = 14.0;

/// What a mark says, which never is said by its colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// An empty ring.
    NotBegun,
    /// A ring half filled.
    Run,
    Right,
    Wrong,
    /// A choice that was neither made nor right.
    Other,
}

impl Mark {
    pub(super) fn of(progress: Option<Progress>) -> Self {
        match progress {
            None => Self::NotBegun,
            Some(Progress::Run) => Self::Run,
            Some(Progress::Understood) => Self::Right,
        }
    }
}

pub(super) fn progress_words(progress: Option<Progress>) -> &'static str {
    match progress {
        None => "not begun",
        Some(Progress::Run) => "run",
        Some(Progress::Understood) => "understood",
    }
}

pub(super) fn mark_ui(ui: &mut Ui, mark: Mark) -> Response {
    let (area, response) = ui.allocate_exact_size(vec2(SIZE, SIZE), Sense::hover());
    paint(ui.painter(), area, mark, Palette::of(ui));
    response
}

fn paint(painter: &Painter, area: Rect, mark: Mark, palette: Palette) {
    let (centre, radius) = (area.center(), SIZE / 2.0 - 1.0);
    let at = |x: f32, y: f32| pos2(area.left() + x * area.width(), area.top() + y * area.height());
    match mark {
        Mark::NotBegun => {
            painter.circle_stroke(centre, radius, Stroke::new(LINE, palette.text_weak));
        }
        Mark::Run => {
            painter.circle_stroke(centre, radius, Stroke::new(LINE, palette.ok));
            let half: Vec<Pos2> = (0..=12_u8)
                .map(|step| {
                    let angle = std::f32::consts::PI * (0.5 + f32::from(step) / 12.0);
                    centre + radius * vec2(angle.cos(), angle.sin())
                })
                .collect();
            painter.add(Shape::convex_polygon(half, palette.ok, Stroke::NONE));
        }
        Mark::Right => {
            painter.circle_filled(centre, radius, palette.ok);
            let tick = vec![at(0.27, 0.52), at(0.44, 0.69), at(0.74, 0.34)];
            painter.add(Shape::line(tick, Stroke::new(2.0, palette.on_bar)));
        }
        Mark::Wrong => {
            let stroke = Stroke::new(2.0, palette.error);
            painter.line_segment([at(0.25, 0.25), at(0.75, 0.75)], stroke);
            painter.line_segment([at(0.25, 0.75), at(0.75, 0.25)], stroke);
        }
        Mark::Other => {
            painter.circle_stroke(centre, radius * 0.5, Stroke::new(1.0, palette.text_weak));
        }
    }
}

/// Before the name of a variant in which something goes wrong.
pub(super) fn wrong_sign(ui: &Ui) -> Atom<'static> {
    let color = Palette::of(ui).warning;
    Atom::paint(vec2(SIZE - 2.0, SIZE - 2.0), move |ui, args| {
        Icon::Warning.paint(ui.painter(), args.rect, color);
    })
}
