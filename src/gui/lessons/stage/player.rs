//! The row above a stage: one moment back, play, one moment on, and how the way from left to right is meant.

use eframe::egui::{Button, Label, RichText, Sense, Ui, vec2};

use super::{layout::Mode, model::Model, view::StageView, words::sentence};
use crate::{
    gui::{
        icons::Icon,
        theme::{self, Palette},
    },
    units,
};

const CAPTION_HEIGHT: f32 = 24.0;

pub(super) fn player_ui(ui: &mut Ui, view: &mut StageView, end_ns: u64) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP_SMALL;
        let size = vec2(theme::TOOL, theme::CONTROL_ROW);
        let button = |ui: &mut Ui, icon: Icon, name: &str, hint: &str| {
            let button = ui.add(Button::new(icon.atom()).min_size(size)).on_hover_text(hint);
            button.widget_info(|| eframe::egui::WidgetInfo::labeled(eframe::egui::Role::Button, true, name));
            button.clicked()
        };
        let start = ui.add(Button::new("Start").min_size(size));
        if start.on_hover_text("Back to the first moment (Home)").accessible_name("First moment").clicked() {
            view.go_to_start();
        }
        if button(ui, Icon::Back, "Step back", "One moment back (Left, after a click on the stage)") {
            view.step(false);
        }
        let (icon, name) =
            if view.is_playing() { (Icon::Pause, "Pause the stage") } else { (Icon::Play, "Play the stage") };
        let speed = match view.mode() {
            Mode::Order => "a moment after the other".to_owned(),
            Mode::Time => format!("{:.0} times slower than it was", StageView::slowed(end_ns)),
        };
        if button(ui, icon, name, &format!("Plays it {speed}")) {
            let now_secs = ui.input(|input| input.time);
            view.toggle_play(now_secs);
            ui.ctx().request_repaint();
        }
        if button(ui, Icon::Forward, "Step forward", "One moment on (Right, after a click on the stage)") {
            view.step(true);
        }
        if ui.add(Button::new("End").min_size(size)).on_hover_text("All of it, up to the end (End)").clicked()
        {
            view.stand_at(None);
        }
        ui.add_space(theme::GAP);
        for (mode, name, hint) in [
            (
                Mode::Order,
                "Order",
                "One moment after the other, all at the same distance, so that each can be read",
            ),
            (Mode::Time, "Time", "To scale: how long everything took"),
        ] {
            if ui.selectable_label(view.mode() == mode, name).on_hover_text(hint).clicked() {
                view.set_mode(mode);
            }
        }
        if ui
            .add_enabled(!view.is_whole(), Button::new("Fit"))
            .on_hover_text("All of it from left to right; the wheel and dragging show a part")
            .clicked()
        {
            view.fit();
        }
        ui.add_space(theme::GAP);
        let shown_ns = view.moment().unwrap_or(end_ns);
        ui.add(Label::new(RichText::new(place_words(&view.model, shown_ns)).small().weak()).truncate());
    });
}

/// `moment 4 of 38, at 71.3 ms`
pub(super) fn place_words(model: &Model, shown_ns: u64) -> String {
    let at = model.moment_at(shown_ns).map_or(0, |at| at + 1);
    format!("moment {at} of {}, at {}", model.moments.len(), units::duration(shown_ns))
}

/// What happened at the moment shown.
pub(super) fn caption_ui(ui: &mut Ui, palette: &Palette, view: &StageView, end_ns: u64) {
    let model = &view.model;
    let shown_ns = view.moment().unwrap_or(end_ns);
    let at_ns = model.moment_at(shown_ns).map_or(shown_ns, |at| model.moments[at]);
    let text = sentence(model, at_ns);
    let size = vec2(ui.available_width(), CAPTION_HEIGHT);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let text = RichText::new(text).size(theme::HEADING_TEXT).color(palette.text);
    let inner = rect.shrink2(vec2(theme::GAP_SMALL, 0.0));
    let layout = eframe::egui::Layout::left_to_right(eframe::egui::Align::Center);
    ui.scope_builder(eframe::egui::UiBuilder::new().max_rect(inner).layout(layout), |ui| {
        ui.add(Label::new(text).truncate());
    });
}
