//! Above the lab: which lesson it was set up for, and what to do there.

use eframe::egui::{Align, Button, Label, Layout, Panel, Ui};

use crate::gui::{
    action::{Action, Actions},
    icons::Icon,
    lessons::{LessonAction, Place},
};

/// Until somebody closes it.
pub(crate) fn in_lab_ui(ui: &mut Ui, place: Place, actions: &mut Actions) {
    let Some(lab) = &place.variant().lab else { return };
    let next = if lab.vary.is_empty() {
        "Press Run."
    } else {
        "Press Start experiment for all of it, or Run for one."
    };
    Panel::top("lesson in the lab").show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let close = ui.add(Button::new(Icon::Close.atom())).on_hover_text("Close this line");
                if close.accessible_name("Close the line about the lesson").clicked() {
                    actions.push(Action::Lesson(LessonAction::LeaveLab));
                }
                let back = ui.button("Back to the lesson");
                if back.clicked() {
                    actions.push(Action::Lesson(LessonAction::Go(place)));
                }
                ui.with_layout(Layout::left_to_right(Align::Center).with_main_wrap(true), |ui| {
                    let text = format!("Lesson {} in the lab: {} {next}", place.number(), lab.about);
                    ui.add(Label::new(text).wrap());
                });
            });
        });
    });
}
