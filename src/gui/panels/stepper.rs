//! The number of workers of the run that goes, and the means to change it.

use eframe::egui::{Align, Button, DragValue, Layout, Role, Sense, Ui, WidgetInfo, vec2};

use super::setup::{crowded, wants_cores};
use crate::{
    gui::{
        action::{Action, Actions},
        icons::Icon,
        resizing::Resizer,
        runs::Run,
        theme::{BODY_TEXT, GAP, GAP_HAIR, GAP_SMALL, Palette, TOOL},
    },
    spec::MAX_WORKERS,
};

const HEIGHT: f32 = TOOL;
const BUTTON_WIDTH: f32 = 24.0;
/// `Workers now: 1024`.
const NUMBER_WIDTH: f32 = 126.0;
/// Of both buttons, the number and the warning.
const WIDTH: f32 = 2.0 * BUTTON_WIDTH + NUMBER_WIDTH + BODY_TEXT + 2.0 * GAP;
/// Workers for each point that the number is dragged.
const DRAG_SPEED: f32 = 0.1;
const ASLEEP: &str = "Changes the pool of a run that goes; the next run begins as the form says";
const ABOUT: &str = "Workers of the pool that runs now. Drag, or click and type. The form and the run's spec stay as they \
                     are. Workers beyond the number end after their running task";

/// Keeps its place while no run goes, so that nothing beside it moves when one does. Nothing is in it for a run that
/// cannot be resized.
pub(super) fn stepper_ui(
    ui: &mut Ui,
    run: Option<&Run>,
    resizer: &mut Resizer,
    usable_cores: f64,
    actions: &mut Actions,
) {
    ui.allocate_ui_with_layout(vec2(WIDTH, HEIGHT), Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_width(WIDTH);
        ui.spacing_mut().item_spacing.x = GAP_HAIR;
        ui.spacing_mut().interact_size = vec2(NUMBER_WIDTH, HEIGHT);
        match run {
            Some(run) if Resizer::offers(run) => steps_ui(ui, run, resizer, usable_cores, actions),
            Some(_) => resizer.dragged = None,
            None => {
                resizer.dragged = None;
                asleep_ui(ui);
            }
        }
    });
}

/// What stands there while no run goes.
fn asleep_ui(ui: &mut Ui) {
    for (icon, name) in [(Some(Icon::Minus), "Fewer workers"), (None, ""), (Some(Icon::Plus), "More workers")]
    {
        let button = match icon {
            Some(icon) => Button::new(icon.atom()).min_size(vec2(BUTTON_WIDTH, HEIGHT)),
            None => Button::new("Workers now: –").min_size(vec2(NUMBER_WIDTH, HEIGHT)),
        };
        let response = ui.add_enabled(false, button).on_disabled_hover_text(ASLEEP);
        if icon.is_some() {
            response.accessible_name(name);
        }
    }
}

fn steps_ui(ui: &mut Ui, run: &Run, resizer: &mut Resizer, usable_cores: f64, actions: &mut Actions) {
    let size = run.store.size();
    if step_button(ui, Icon::Minus, size > 1, "Fewer workers", "One worker fewer (−)") {
        actions.push(Action::Step(-1));
    }
    let mut shown = resizer.dragged.unwrap_or(size);
    let value = DragValue::new(&mut shown)
        .range(1..=MAX_WORKERS)
        .speed(DRAG_SPEED)
        .update_while_editing(false)
        .prefix("Workers now: ");
    let response = ui.add(value).on_hover_text(ABOUT).accessible_name("Workers now");
    if response.dragged() {
        resizer.dragged = Some(shown);
    } else if resizer.dragged.take().is_some() || response.changed() {
        actions.push(Action::Resize(shown));
    }
    if step_button(ui, Icon::Plus, size < MAX_WORKERS, "More workers", "One worker more (+)") {
        actions.push(Action::Step(1));
    }
    let spec = run.spec();
    let warning = crowded(shown, usable_cores).filter(|_| wants_cores(spec.backend, spec.workload));
    if let Some(warning) = warning {
        ui.add_space(GAP_SMALL);
        let (rect, response) = ui.allocate_exact_size(vec2(BODY_TEXT, BODY_TEXT), Sense::hover());
        Icon::Warning.paint(ui.painter(), rect, Palette::of(ui).warning);
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &warning));
        response.on_hover_text(warning);
    }
}

fn step_button(ui: &mut Ui, icon: Icon, enabled: bool, name: &str, hint: &str) -> bool {
    ui.add_enabled(enabled, Button::new(icon.atom()).min_size(vec2(BUTTON_WIDTH, HEIGHT)))
        .on_hover_text(hint)
        .accessible_name(name)
        .clicked()
}
