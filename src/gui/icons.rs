//! The few icons of the window, painted from shapes: sharp at every scale, and independent of what fonts are there.

use eframe::egui::{Atom, Color32, Painter, Pos2, Rect, Shape, Stroke, pos2, vec2};

use super::theme::LINE;

const SIZE: f32 = 12.0;
const SUN_RAYS: u8 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    Play,
    PlayTwice,
    Pause,
    Stop,
    /// One step back, and one on.
    Back,
    Forward,
    Minus,
    Plus,
    /// A menu opens below.
    Down,
    Up,
    Close,
    Warning,
    Pin,
    Sun,
    Moon,
    /// The desktop's own choice.
    Screen,
    /// An open book.
    Lessons,
}

impl Icon {
    /// For a button or label: `Button::new((Icon::Play.atom(), "Run"))`.
    pub(crate) fn atom(self) -> Atom<'static> {
        let width = match self {
            Self::PlayTwice => SIZE * 1.4,
            Self::Down | Self::Up => SIZE * 0.7,
            _ => SIZE,
        };
        Atom::paint(vec2(width, SIZE), move |ui, args| {
            self.paint(ui.painter(), args.rect, args.fallback_text_color);
        })
    }

    pub(crate) fn paint(self, painter: &Painter, area: Rect, color: Color32) {
        // Fractions of the area, so that each icon reads as a small drawing.
        let at = |x: f32, y: f32| pos2(area.left() + x * area.width(), area.top() + y * area.height());
        let polygon = |points: Vec<Pos2>| painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
        let block = |left: f32, right: f32| {
            painter.rect_filled(Rect::from_min_max(at(left, 0.1), at(right, 0.9)), 1.0, color)
        };
        let stroke = Stroke::new(LINE, color);
        match self {
            Self::Play => {
                polygon(vec![at(0.15, 0.05), at(0.95, 0.5), at(0.15, 0.95)]);
            }
            Self::PlayTwice => {
                polygon(vec![at(0.0, 0.05), at(0.5, 0.5), at(0.0, 0.95)]);
                polygon(vec![at(0.5, 0.05), at(1.0, 0.5), at(0.5, 0.95)]);
            }
            Self::Pause => {
                block(0.15, 0.4);
                block(0.6, 0.85);
            }
            Self::Stop => {
                block(0.1, 0.9);
            }
            Self::Back => {
                block(0.08, 0.24);
                polygon(vec![at(0.95, 0.05), at(0.95, 0.95), at(0.32, 0.5)]);
            }
            Self::Forward => {
                block(0.76, 0.92);
                polygon(vec![at(0.05, 0.05), at(0.68, 0.5), at(0.05, 0.95)]);
            }
            Self::Minus | Self::Plus => {
                painter.line_segment([at(0.1, 0.5), at(0.9, 0.5)], stroke);
                if self == Self::Plus {
                    painter.line_segment([at(0.5, 0.1), at(0.5, 0.9)], stroke);
                }
            }
            Self::Down => {
                polygon(vec![at(0.0, 0.35), at(1.0, 0.35), at(0.5, 0.8)]);
            }
            Self::Up => {
                polygon(vec![at(0.0, 0.75), at(0.5, 0.3), at(1.0, 0.75)]);
            }
            Self::Close => {
                painter.line_segment([at(0.1, 0.1), at(0.9, 0.9)], stroke);
                painter.line_segment([at(0.9, 0.1), at(0.1, 0.9)], stroke);
            }
            Self::Warning => {
                painter.add(Shape::closed_line(vec![at(0.5, 0.0), at(1.0, 0.95), at(0.0, 0.95)], stroke));
                painter.line_segment([at(0.5, 0.35), at(0.5, 0.62)], stroke);
                painter.circle_filled(at(0.5, 0.79), 0.9, color);
            }
            Self::Pin => {
                painter.circle_filled(at(0.5, 0.3), area.width() * 0.27, color);
                painter.line_segment([at(0.5, 0.3), at(0.5, 0.98)], stroke);
            }
            Self::Sun => paint_sun(painter, area, stroke),
            Self::Moon => paint_moon(painter, area, color),
            Self::Screen => {
                let screen = Rect::from_min_max(at(0.0, 0.08), at(1.0, 0.72));
                painter.rect_stroke(screen, 1.5, stroke, eframe::egui::StrokeKind::Inside);
                painter.line_segment([at(0.25, 0.93), at(0.75, 0.93)], stroke);
            }
            Self::Lessons => {
                let page = |side: f32| {
                    let (fold, edge) = (at(0.5, 0.22), at(side, 0.08));
                    let points = vec![fold, edge, at(side, 0.8), at(0.5, 0.94)];
                    painter.add(Shape::closed_line(points, stroke));
                };
                page(0.0);
                page(1.0);
            }
        }
    }
}

fn paint_sun(painter: &Painter, area: Rect, stroke: Stroke) {
    let (centre, radius) = (area.center(), area.width() / 2.0);
    painter.circle_filled(centre, radius * 0.45, stroke.color);
    for ray in 0..SUN_RAYS {
        let direction =
            eframe::egui::Vec2::angled(f32::from(ray) * std::f32::consts::TAU / f32::from(SUN_RAYS));
        painter.line_segment([centre + direction * radius * 0.68, centre + direction * radius], stroke);
    }
}

/// A crescent: strips between the arc of the moon and the arc of its shadow.
fn paint_moon(painter: &Painter, area: Rect, color: Color32) {
    let (centre, radius) = (area.center(), area.width() / 2.0);
    let shadow = centre + vec2(radius * 0.55, -radius * 0.3);
    let shadow_radius = radius * 0.85;
    let steps = area.height().ceil() as i32 * 2;
    for step in 0..steps {
        let y = area.top() + (step as f32 + 0.5) * 0.5;
        let half = (radius.powi(2) - (y - centre.y).powi(2)).max(0.0).sqrt();
        let shade = (shadow_radius.powi(2) - (y - shadow.y).powi(2)).max(0.0).sqrt();
        let right = if shade > 0.0 { (centre.x + half).min(shadow.x - shade) } else { centre.x + half };
        let left = centre.x - half;
        if right > left {
            let strip = Rect::from_min_max(pos2(left, y - 0.25), pos2(right, y + 0.25));
            painter.rect_filled(strip, 0.0, color);
        }
    }
}
