//! All lessons, in the order in which they are best taken.

use eframe::egui::{
    Align, Button, Frame, Label, Layout, Margin, RichText, ScrollArea, Stroke, Ui, UiBuilder, vec2,
};

use super::marks::{Mark, in_sight, mark_ui, progress_words, wrong_sign};
use crate::gui::{
    action::{Action, Actions},
    lessons::{Learned, LessonAction, Place, Progress},
    theme::{GAP, GAP_LARGE, GAP_SMALL, HEADING_TEXT, Palette, TITLE_TEXT},
};

const CARD_WIDTH: f32 = 330.0;
/// Where a card is wide, and where it is not, so that its words take more lines.
const CARD_HEIGHTS: (f32, f32) = (176.0, 204.0);
const CARD_IS_WIDE: f32 = 380.0;
const MOST_COLUMNS: usize = 4;

pub(super) fn cards_ui(ui: &mut Ui, learned: &Learned, actions: &mut Actions) {
    ScrollArea::vertical().auto_shrink(false).id_salt("lesson cards").show(ui, |ui| {
        let room = ui.available_width() - 2.0 * GAP_LARGE;
        let columns = ((room / CARD_WIDTH) as usize).clamp(1, MOST_COLUMNS);
        let width = (room / columns as f32 - GAP).min(CARD_WIDTH * 1.25);
        ui.add_space(GAP_LARGE);
        ui.horizontal_top(|ui| {
            ui.add_space(GAP_LARGE);
            ui.vertical(|ui| {
                ui.set_max_width(room);
                head_ui(ui, learned, actions);
                ui.add_space(GAP_LARGE);
                let bases: Vec<Place> = Place::bases().collect();
                for row in bases.chunks(columns) {
                    ui.horizontal_top(|ui| {
                        ui.spacing_mut().item_spacing.x = GAP;
                        for base in row {
                            card_ui(ui, *base, learned, width, actions);
                        }
                    });
                    ui.add_space(GAP);
                }
            });
        });
    });
}

fn head_ui(ui: &mut Ui, learned: &Learned, actions: &mut Actions) {
    ui.label(RichText::new("Lessons").size(TITLE_TEXT).strong());
    ui.add_space(GAP_SMALL);
    ui.add(
        Label::new(
            "Each lesson is a small program of real processes. Read what it does, predict what will happen, run it, and \
             see in the picture whether you were right.",
        )
        .wrap(),
    );
    ui.add_space(GAP);
    let next = Place::bases().find(|base| learned.of_lesson(*base) != Some(Progress::Understood));
    if let Some(next) = next {
        let name = if learned.of_lesson(next).is_some() { "Go on with" } else { "Begin with" };
        let button = Button::new(format!("{name} lesson {}", next.title())).min_size(vec2(0.0, 28.0));
        if ui.add(button).clicked() {
            actions.push(Action::Lesson(LessonAction::Go(next)));
        }
    } else {
        ui.label("You have understood them all. The lab is open to you.");
    }
}

fn card_ui(ui: &mut Ui, base: Place, learned: &Learned, width: f32, actions: &mut Actions) {
    let palette = Palette::of(ui);
    let height = if width >= CARD_IS_WIDE { CARD_HEIGHTS.0 } else { CARD_HEIGHTS.1 };
    let (area, _) = ui.allocate_exact_size(vec2(width, height), eframe::egui::Sense::hover());
    let frame = Frame::new()
        .fill(palette.plot)
        .stroke(Stroke::new(1.0, palette.grid))
        .corner_radius(6.0)
        .inner_margin(Margin::same(GAP as i8 + 2));
    let layout = Layout::top_down(Align::Min);
    ui.scope_builder(UiBuilder::new().max_rect(area).layout(layout), |ui| {
        frame.show(ui, |ui| {
            let inner = area.size() - vec2(2.0, 2.0) * (GAP + 2.0);
            ui.set_min_size(inner);
            ui.set_max_width(inner.x);
            let progress = learned.of_lesson(base);
            ui.horizontal(|ui| {
                mark_ui(ui, Mark::of(progress));
                ui.weak(format!("Lesson {} · {}", base.number(), progress_words(progress)));
            });
            let title = RichText::new(&base.lesson().title).size(HEADING_TEXT).strong();
            let open = in_sight(ui.add(Button::new(title).wrap().min_size(vec2(inner.x, 0.0))));
            if open.accessible_name(format!("Open lesson {}", base.title())).clicked() {
                actions.push(Action::Lesson(LessonAction::Go(base)));
            }
            ui.add(Label::new(&base.lesson().goal).wrap());
            ui.add_space(GAP_SMALL);
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(GAP_SMALL, GAP_SMALL);
                base.variants().skip(1).for_each(|place| chip_ui(ui, place, learned, actions));
            });
        });
    });
}

/// A variant. A sign says that something goes wrong in it.
fn chip_ui(ui: &mut Ui, place: Place, learned: &Learned, actions: &mut Actions) {
    let text = RichText::new(place.variant_title()).small();
    let button = if place.goes_wrong() { Button::new((wrong_sign(ui), text)) } else { Button::new(text) };
    let wrong = if place.goes_wrong() { "Something goes wrong here. " } else { "" };
    let hint = format!("{wrong}{} ({})", place.variant().about, progress_words(learned.of(place)));
    let chip = in_sight(ui.add(button))
        .on_hover_text(hint)
        .accessible_name(format!("Open lesson {}", place.title()));
    if chip.clicked() {
        actions.push(Action::Lesson(LessonAction::Go(place)));
    }
}
