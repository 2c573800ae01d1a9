//! The centre of a window that has not run anything yet.

use eframe::egui::{Button, RichText, ScrollArea, Ui, vec2};

use crate::{
    gui::{
        action::{Action, Actions},
        lessons::LessonAction,
        theme::{GAP, GAP_LARGE, GAP_SMALL, TITLE_TEXT},
    },
    spec::PRESETS,
};

const COLUMN_WIDTH: f32 = 640.0;
const NAME_WIDTH: f32 = 190.0;

pub(crate) fn welcome_ui(ui: &mut Ui, actions: &mut Actions) {
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        let left = ((ui.available_width() - COLUMN_WIDTH) / 2.0).max(0.0);
        ui.horizontal_top(|ui| {
            ui.add_space(left);
            ui.vertical(|ui| {
                ui.set_max_width(COLUMN_WIDTH.min(ui.available_width()));
                ui.add_space((ui.available_height() * 0.08).min(60.0));
                ui.label(RichText::new("See what a worker pool really does").size(TITLE_TEXT).strong());
                ui.add_space(GAP);
                ui.label(
                    "Set a pool and its work at the left, then press Run. Real processes or threads do the work \
                     while this window shows every core, the queue and each worker, live. Run both does the same work \
                     twice, in processes and in threads, and lays the two side by side.",
                );
                ui.add_space(GAP_LARGE);
                ui.label(RichText::new("Or begin with one of these:").strong());
                ui.add_space(GAP_SMALL);
                lessons_ui(ui, actions);
                for (at, preset) in PRESETS.iter().enumerate() {
                    ui.horizontal(|ui| {
                        let button = Button::new(preset.name).min_size(vec2(NAME_WIDTH, 0.0));
                        if ui.add(button).on_hover_text("Fill the form with this").clicked() {
                            actions.push(Action::PickPreset(at));
                        }
                        ui.add(eframe::egui::Label::new(RichText::new(preset.about).weak()).wrap());
                    });
                }
            });
        });
    });
}

/// The first thing for whoever has never seen a pool.
fn lessons_ui(ui: &mut Ui, actions: &mut Actions) {
    ui.horizontal(|ui| {
        let name = RichText::new("Begin with the lessons").strong();
        let button = Button::new(name).selected(true).min_size(vec2(NAME_WIDTH, 0.0));
        let open = ui.add(button).on_hover_text("Open the page of lessons (F1)");
        if open.accessible_name("Begin with the lessons").clicked() {
            actions.push(Action::Lesson(LessonAction::Cards));
        }
        let about = "New to pools and processes? Small programs to predict, run and watch.";
        ui.add(eframe::egui::Label::new(about).wrap());
    });
}
