//! What an experiment says in words: what differs, what to take, and what makes it doubtful.

use eframe::egui::{Label, RichText, Sense, Ui, vec2};

use crate::gui::{
    action::{Action, Actions},
    experiments::Shown,
    icons::Icon,
    theme::{GAP_SMALL, Palette},
};

/// What to take from it.
pub(super) fn conclusions_ui(ui: &mut Ui, shown: &Shown) {
    let Some(report) = &shown.report else { return };
    ui.add_space(GAP_SMALL);
    for line in report.conclusions() {
        ui.add(Label::new(RichText::new(line).strong()).wrap());
    }
    ui.add_space(GAP_SMALL);
}

/// Why that is so, and what makes it doubtful.
pub(super) fn words_ui(ui: &mut Ui, shown: &Shown, actions: &mut Actions) {
    let Some(report) = &shown.report else { return };
    for found in &report.verdict {
        ui.add_space(GAP_SMALL);
        ui.add(Label::new(found.words()).wrap())
            .on_hover_text(format!("Rests on {}", found.finding.cause.rests_on()));
        let Some(command) = found.command() else { continue };
        ui.horizontal(|ui| {
            let name = format!("Copy the command for {}", found.finding.cause.label());
            if ui.small_button("Copy").accessible_name(name).clicked() {
                actions.push(Action::Copy(command.to_owned()));
            }
            ui.add(Label::new(RichText::new(command).monospace()).truncate()).on_hover_text(command);
        });
    }
    let color = Palette::of(ui).warning;
    for warning in &report.warnings {
        ui.horizontal_top(|ui| {
            let (icon, _) = ui.allocate_exact_size(vec2(11.0, 14.0), Sense::hover());
            Icon::Warning.paint(ui.painter(), icon, color);
            ui.add(Label::new(RichText::new(warning).color(color)).wrap());
        });
    }
}
