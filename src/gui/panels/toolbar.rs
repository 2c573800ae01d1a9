//! The strip at the top: start, pause, resize and stop a run, see how far it is, export, choose the theme.

use eframe::egui::{
    Align, Button, Color32, Label, Layout, PopupCloseBehavior, Response, RichText, TextStyle,
    ThemePreference, Ui, vec2,
};

use super::{
    progress_bar::{progress_bar, spoken},
    stepper::stepper_ui,
};
use crate::{
    gui::{
        action::{Action, Actions, ExportKind, Panel},
        icons::Icon,
        lessons::{LessonAction, Page, Place},
        progress::Progress,
        resizing::Resizer,
        runs::Runs,
        theme::{GAP, GAP_LARGE, GAP_SMALL, TOOL},
    },
    store::Phase,
};

/// Room kept for `52.0 k/s · 2 min 05 s left`, so that the bar does not jump.
const RATE_WIDTH: f32 = 150.0;
const NARROW_RATE_WIDTH: f32 = 104.0;
/// Below this width of the remaining strip the forecast gives way to the bar.
const NARROW: f32 = 330.0;
const SHORTEST_BAR: f32 = 60.0;
/// Below this the lessons have an icon alone.
const ROOMY: f32 = 1080.0;

/// What the strip must know beside the runs.
#[derive(Clone, Copy)]
pub(crate) struct ToolbarState<'a> {
    /// Why the form cannot be run, where it cannot.
    pub(crate) blocked: Option<&'a str>,
    pub(crate) theme: ThemePreference,
    pub(crate) usable_cores: f64,
    /// A run or an experiment goes.
    pub(crate) busy: bool,
    /// Panels that are open.
    pub(crate) open: &'a [Panel],
    /// The setup is open.
    pub(crate) setup: bool,
    /// What the centre shows, and which lesson was looked at last.
    pub(crate) lesson: (Page, Option<Place>),
    /// Lessons that are understood.
    pub(crate) understood: usize,
}

pub(crate) fn toolbar_ui(
    ui: &mut Ui,
    runs: &Runs,
    state: ToolbarState<'_>,
    resizer: &mut Resizer,
    export_open: bool,
    actions: &mut Actions,
) {
    if state.lesson.0 != Page::Lab {
        lesson_bar(ui, state, actions);
        return;
    }
    let roomy = ui.available_width() >= ROOMY;
    ui.horizontal(|ui| {
        run_buttons(ui, runs, state, actions);
        ui.add_space(GAP);
        stepper_ui(ui, runs.live(), resizer, state.usable_cores, actions);
        ui.add_space(GAP);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            theme_buttons(ui, state.theme, actions);
            view_menu(ui, state, actions);
            ui.add_space(GAP / 2.0);
            export_menu(ui, runs, export_open, actions);
            ui.add_space(GAP / 2.0);
            let lessons = if roomy { Button::new("Lessons") } else { Button::new(Icon::Lessons.atom()) };
            let lessons = ui.add(lessons.min_size(vec2(0.0, TOOL))).accessible_name("Lessons");
            if lessons.on_hover_text("Lessons: what pools and processes do, step by step (F1)").clicked() {
                actions.push(Action::Lesson(LessonAction::Toggle));
            }
            ui.add_space(GAP);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| progress_ui(ui, runs));
        });
    });
}

/// The strip above the lessons: how to leave them, and to move from one to the next.
fn lesson_bar(ui: &mut Ui, state: ToolbarState<'_>, actions: &mut Actions) {
    let (page, place) = state.lesson;
    ui.horizontal(|ui| {
        let back = "Leave the lessons; they stay as they are (Esc)";
        step_ui(ui, "Back to the lab", back, Some(LessonAction::Close), actions);
        ui.add_space(GAP);
        if let Some(place) = place.filter(|_| page == Page::Lesson) {
            step_ui(ui, "All lessons", "The list of all lessons", Some(LessonAction::Cards), actions);
            let (previous, next) = (place.previous_lesson(), place.next_lesson());
            let hint = "The lesson before this one";
            step_ui(ui, "Previous lesson", hint, previous.map(LessonAction::Go), actions);
            step_ui(ui, "Next lesson", "The lesson after this one", next.map(LessonAction::Go), actions);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            theme_buttons(ui, state.theme, actions);
            let all = Place::bases().count();
            ui.label(format!("{} of {all} lessons understood", state.understood));
        });
    });
}

fn step_ui(ui: &mut Ui, name: &str, hint: &str, target: Option<LessonAction>, actions: &mut Actions) {
    let button = Button::new(name).min_size(vec2(0.0, TOOL));
    let response = ui.add_enabled(target.is_some(), button).on_hover_text(hint);
    if let Some(target) = target.filter(|_| response.clicked()) {
        actions.push(Action::Lesson(target));
    }
}

/// A button whose spoken name is its text.
fn button(ui: &mut Ui, enabled: bool, icon: Icon, name: &str, hint: &str) -> Response {
    ui.add_enabled(enabled, Button::new((icon.atom(), name)).min_size(vec2(0.0, TOOL)))
        .on_hover_text(hint)
        .accessible_name(name)
}

fn run_buttons(ui: &mut Ui, runs: &Runs, state: ToolbarState<'_>, actions: &mut Actions) {
    let ToolbarState { busy, blocked, .. } = state;
    let why_not = if busy { "A run is going: stop it first" } else { blocked.unwrap_or_default() };
    let may_run = !busy && blocked.is_none();
    if button(ui, may_run, Icon::Play, "Run", "Start this pool (Space)")
        .on_disabled_hover_text(why_not)
        .clicked()
    {
        actions.push(Action::Run);
    }
    if button(
        ui,
        may_run,
        Icon::PlayTwice,
        "Run both",
        "Run as processes, then as threads (under the simulated GIL if that is chosen), and compare the two (B)",
    )
    .on_disabled_hover_text(why_not)
    .clicked()
    {
        actions.push(Action::RunBoth);
    }
    let phase = runs.live().map(|run| run.store.phase);
    let can_pause = matches!(phase, Some(Phase::Running | Phase::Paused));
    let (icon, name, hint) = if phase == Some(Phase::Paused) {
        (Icon::Play, "Resume", "Go on handing out tasks (P)")
    } else {
        (Icon::Pause, "Pause", "Start no further task; running ones go on (P)")
    };
    if button(ui, can_pause, icon, name, hint).on_disabled_hover_text("No run is going").clicked() {
        actions.push(Action::TogglePause);
    }
    let hint = "Hand out nothing more and end the run (Space). A second press ends it at once";
    if button(ui, busy, Icon::Stop, "Stop", hint).on_disabled_hover_text("No run is going").clicked() {
        actions.push(Action::Stop);
    }
}

fn progress_ui(ui: &mut Ui, runs: &Runs) {
    let Some(run) = runs.live().or_else(|| runs.shown()) else {
        ui.weak("No run yet");
        return;
    };
    let progress = Progress::of(&run.store, run.now_ns());
    let rate_width = if ui.available_width() < NARROW { NARROW_RATE_WIDTH } else { RATE_WIDTH };
    // As wide as it will be at the end, so that nothing moves while it counts.
    let full = Progress { done: progress.total, ..progress }.count_text();
    let font = TextStyle::Body.resolve(ui.style());
    let count_width = ui.painter().layout_no_wrap(full, font, Color32::PLACEHOLDER).size().x.ceil();
    ui.allocate_ui_with_layout(vec2(count_width, TOOL), Layout::right_to_left(Align::Center), |ui| {
        ui.set_min_width(count_width);
        ui.label(progress.count_text()).on_hover_text("Tasks that have ended, of all tasks");
    });
    ui.add_space(GAP);
    let bar_width = (ui.available_width() - rate_width - GAP_LARGE).max(SHORTEST_BAR);
    let bar = progress_bar(ui, run.store.tally, bar_width);
    let spoken = spoken(run.store.tally);
    ui.ctx().accesskit_node_builder(bar.id, |node| node.set_value(spoken.as_str()));
    ui.add_space(GAP_SMALL);
    let font = TextStyle::Small.resolve(ui.style());
    let room = ui.available_width();
    let fits = |text: &String| {
        ui.painter().layout_no_wrap(text.clone(), font.clone(), Color32::PLACEHOLDER).size().x <= room
    };
    // The forecast is left out as a whole where there is no room for it.
    let rate = Some(progress.rate_text()).filter(fits).unwrap_or_else(|| progress.short_rate_text());
    let hint = progress.exact_text();
    ui.add(Label::new(RichText::new(rate).small()).truncate()).on_hover_text(hint);
}

fn export_menu(ui: &mut Ui, runs: &Runs, open_now: bool, actions: &mut Actions) {
    let shown = runs.shown().is_some();
    let response = button(ui, shown, Icon::Down, "Export", "Write the shown run to a file (Ctrl+E)")
        .on_disabled_hover_text("There is no run to export yet");
    let mut popup = eframe::egui::Popup::menu(&response);
    if open_now && shown {
        popup = popup.open_memory(Some(eframe::egui::SetOpenCommand::Bool(true)));
    }
    popup.show(|ui| {
        for (at, group) in ExportKind::GROUPS.iter().enumerate() {
            if at > 0 {
                ui.separator();
            }
            for kind in *group {
                if ui.button(kind.menu_text()).on_hover_text(kind.about()).clicked() {
                    actions.push(Action::Export(*kind));
                    ui.close();
                }
            }
        }
    });
}

fn view_menu(ui: &mut Ui, state: ToolbarState<'_>, actions: &mut Actions) {
    let response = button(ui, true, Icon::Down, "View", "Which panels are open, and all commands");
    eframe::egui::Popup::menu(&response).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        let mut setup = state.setup;
        if ui.checkbox(&mut setup, "Setup").accessible_name("Setup panel").clicked() {
            actions.push(Action::ToggleSetup);
        }
        for panel in Panel::ALL {
            let mut open = state.open.contains(&panel);
            let name = format!("{} panel", panel.label());
            if ui.checkbox(&mut open, panel.label()).accessible_name(name).clicked() {
                actions.push(Action::SetPanel(panel, open));
            }
        }
        ui.separator();
        let mut entry = |ui: &mut Ui, name: &str, key: &str, action: Action| {
            if ui.add(Button::new(name).shortcut_text(key)).accessible_name(name).clicked() {
                actions.push(action);
                ui.close();
            }
        };
        entry(ui, "Open the lessons", "F1", Action::Lesson(LessonAction::Toggle));
        entry(ui, "Reset layout", "", Action::ResetLayout);
        entry(ui, "All commands…", "Ctrl+P", Action::TogglePalette);
    });
}

fn theme_buttons(ui: &mut Ui, theme: ThemePreference, actions: &mut Actions) {
    ui.spacing_mut().item_spacing.x = 1.0;
    // The layout runs from the right.
    for (preference, icon, name) in [
        (ThemePreference::Dark, Icon::Moon, "Dark theme"),
        (ThemePreference::Light, Icon::Sun, "Light theme"),
        (ThemePreference::System, Icon::Screen, "System theme"),
    ] {
        let response = ui
            .add(Button::selectable(theme == preference, icon.atom()))
            .on_hover_text(name)
            .accessible_name(name);
        if response.clicked() {
            actions.push(Action::SetTheme(preference));
        }
    }
    ui.add_space(GAP);
}
