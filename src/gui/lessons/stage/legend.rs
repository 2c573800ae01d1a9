//! Below a stage: what its patterns and lines mean, as far as they occur in it.

use eframe::egui::{Mesh, Painter, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::{
    arrows,
    model::{Doing, Model},
};
use crate::{
    event::lesson::Verb,
    gui::{
        plots::{paint_mesh, small_font},
        theme::{GAP, GAP_SMALL, Palette},
        timeline::patterns::{add_dots, add_hatch},
    },
};

pub(super) const HEIGHT: f32 = 18.0;
const SWATCH: f32 = 14.0;
const BAND: f32 = 10.0;
const HATCH: f32 = 7.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Starting,
    Runs,
    Waits,
    Sleeps,
    Step,
    Message,
    Start,
    Join,
    ForEver,
}

fn does_join(model: &Model) -> bool {
    let mut marks = model.lanes.iter().flat_map(|lane| &lane.marks);
    marks.any(|mark| mark.verb == Some(Verb::Join) && mark.to_ns.is_some())
}

impl Sign {
    const ALL: [(Self, &str); 9] = [
        (Self::Starting, "starting"),
        (Self::Runs, "runs"),
        (Self::Waits, "waits"),
        (Self::Sleeps, "sleeps"),
        (Self::Step, "a step"),
        (Self::Message, "message"),
        (Self::Start, "start"),
        (Self::Join, "joined"),
        (Self::ForEver, "for whom it waits for ever"),
    ];

    fn occurs(self, model: &Model) -> bool {
        let does = |doing| model.lanes.iter().flat_map(|lane| &lane.marks).any(|mark| mark.doing == doing);
        match self {
            Self::Starting | Self::Runs | Self::Step => true,
            Self::Waits => does(Doing::Waits),
            Self::Sleeps => does(Doing::Sleeps),
            Self::Message => !model.messages.is_empty(),
            Self::Start => model.lanes.len() > 1,
            Self::Join => does_join(model),
            Self::ForEver => model.stuck.is_some(),
        }
    }
}

/// In one row; what has no room is left out, the plainest last.
pub(super) fn legend_ui(ui: &mut Ui, palette: &Palette, model: &Model) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    let signs = Sign::ALL.into_iter().filter(|(sign, _)| sign.occurs(model));
    let painter = ui.painter_at(rect);
    let mut x = rect.left() + GAP_SMALL;
    let mut said = Vec::new();
    for (sign, words) in signs {
        let galley = painter.layout_no_wrap(words.to_owned(), small_font(), palette.text_weak);
        let end = x + SWATCH + GAP_SMALL + galley.size().x;
        if end > rect.right() {
            break;
        }
        let swatch = Rect::from_min_size(pos2(x, rect.center().y - BAND * 0.5), vec2(SWATCH, BAND));
        paint(&painter, sign, swatch, palette);
        let at = pos2(swatch.right() + GAP_SMALL, rect.center().y - galley.size().y * 0.5);
        painter.galley(at, galley, palette.text_weak);
        said.push(words);
        x = end + GAP;
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Legend: {}", said.join(", "))));
}

fn paint(painter: &Painter, sign: Sign, rect: Rect, palette: &Palette) {
    let mut mesh = Mesh::default();
    let centre = rect.center();
    match sign {
        Sign::Starting => {
            let line = Rect::from_center_size(centre, vec2(rect.width(), 3.0));
            mesh.add_colored_rect(line, palette.ok.gamma_multiply(0.6));
        }
        Sign::Runs => mesh.add_colored_rect(rect, palette.ok),
        Sign::Waits => {
            mesh.add_colored_rect(rect, palette.blocked);
            add_hatch(&mut mesh, rect, HATCH, palette.blocked.lerp_to_gamma(palette.ok, 0.75));
        }
        Sign::Sleeps => {
            mesh.add_colored_rect(rect, palette.blocked);
            add_dots(&mut mesh, rect, palette.blocked.lerp_to_gamma(palette.ok, 0.75));
        }
        Sign::Step => mesh
            .add_colored_rect(Rect::from_center_size(centre, vec2(2.0, rect.height() + 4.0)), palette.text),
        Sign::Message => arrow(painter, rect, Stroke::new(1.5, palette.rate)),
        Sign::ForEver => arrow(painter, rect, Stroke::new(1.5, palette.error)),
        Sign::Start => arrow(painter, rect, Stroke::new(1.0, palette.text_weak)),
        Sign::Join => {
            let stroke = Stroke::new(1.0, palette.text_weak);
            painter.extend(Shape::dashed_line(&[rect.left_center(), rect.right_center()], stroke, 3.0, 2.0));
        }
    }
    paint_mesh(painter, mesh);
}

fn arrow(painter: &Painter, rect: Rect, stroke: Stroke) {
    let (from, to) = (rect.left_center(), rect.right_center());
    painter.line_segment([from, to], stroke);
    arrows::head(painter, to, to - from, stroke.color);
}
