//! The bar of errors above everything, until each is dismissed.

use eframe::egui::{Align, Button, Label, Layout, Panel, RichText, ScrollArea, Sense, Ui, accesskit, vec2};

use crate::{
    gui::{
        action::{Action, Actions},
        icons::Icon,
        notices::{Notice, Notices},
        theme::{BODY_TEXT, CONTROL_ROW, Palette},
    },
    units,
};

/// So many errors are seen without scrolling.
const ROWS: f32 = 4.0;

pub(crate) fn notices_ui(ui: &mut Ui, notices: &Notices, actions: &mut Actions) {
    let errors = notices.errors();
    if errors.is_empty() {
        return;
    }
    Panel::top("error").show(ui, |ui| {
        if errors.len() > 1 {
            summary_ui(ui, notices, actions);
        }
        // The panel grows with its errors only if these do not make do with the height that it had before.
        let height = ROWS * CONTROL_ROW * 2.0;
        let area = ScrollArea::vertical().max_height(height).min_scrolled_height(height);
        area.auto_shrink([false, true]).show(ui, |ui| {
            for (at, error) in errors.iter().enumerate() {
                error_ui(ui, at, error, actions);
            }
        });
    });
}

fn summary_ui(ui: &mut Ui, notices: &Notices, actions: &mut Actions) {
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button("Dismiss all").clicked() {
                actions.push(Action::DismissErrors);
            }
            if ui.button("Copy all").accessible_name("Copy all errors").clicked() {
                let texts: Vec<String> = notices.errors().iter().map(text).collect();
                actions.push(Action::Copy(texts.join("\n")));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let count = units::count(notices.errors().len() as u64);
                let dropped = match notices.dropped() {
                    0 => String::new(),
                    n => format!(", and {} before that are not kept", units::count(u64::from(n))),
                };
                ui.add(
                    Label::new(RichText::new(format!("{count} errors, oldest first{dropped}")).weak())
                        .truncate(),
                );
            });
        });
    });
}

/// Also how often, where it was more than once.
fn text(error: &Notice) -> String {
    if error.times > 1 { format!("{} (×{})", error.text, error.times) } else { error.text.clone() }
}

fn error_ui(ui: &mut Ui, at: usize, error: &Notice, actions: &mut Actions) {
    let color = Palette::of(ui).error;
    // The first has the plain names; whoever does not see the bar must be able to tell the others from it.
    let name = |verb: &str| if at == 0 { verb.to_owned() } else { format!("{verb} {}", at + 1) };
    ui.horizontal(|ui| {
        let (icon, _) = ui.allocate_exact_size(vec2(BODY_TEXT, BODY_TEXT), Sense::hover());
        Icon::Warning.paint(ui.painter(), icon, color);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui
                .add(Button::new(Icon::Close.atom()))
                .on_hover_text("Dismiss")
                .accessible_name(name("Dismiss"))
                .clicked()
            {
                actions.push(Action::DismissError(error.id));
            }
            if ui.button("Copy").accessible_name(name("Copy error")).clicked() {
                actions.push(Action::Copy(error.text.clone()));
            }
            ui.with_layout(Layout::left_to_right(Align::Center).with_main_wrap(true), |ui| {
                let label = ui.colored_label(color, text(error));
                ui.ctx().accesskit_node_builder(label.id, |node| node.set_live(accesskit::Live::Assertive));
            });
        });
    });
}
