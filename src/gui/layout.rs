//! How the window is divided: toolbar, setup, panels, status.

use eframe::egui::{
    Align, Align2, Button, CentralPanel, Context, Frame, Layout, Margin, Order, Panel, Rect, RichText,
    ScrollArea, ThemePreference, Ui, vec2,
};

use super::{
    action::{Action, Actions, Panel as DockPanel},
    app::{App, Areas},
    commands::commands,
    comparing::Several,
    dialogs,
    dock::Stage,
    palette::palette_ui,
    panels::{
        compare::{align_ui, differences_ui},
        lessons::in_lab_ui,
        notices::notices_ui,
        runs::runs_ui,
        setup::setup_ui,
        several::several_ui,
        status::{StatusState, status_ui},
        toolbar::{ToolbarState, toolbar_ui},
    },
    plots::{Extent, TimeAxis, run_key},
    questions::question_ui,
    replay::{Control, player_ui},
    runs::{Run, Runs},
    theme::{GAP, GAP_SMALL, Palette},
};
use crate::{
    spec::Spec,
    time::{monotonic_ns, secs},
};

const SETUP_WIDTH: f32 = 290.0;
/// What the differences and the list of runs need to stand beside each other.
const DIFFERENCES_WIDTH: f32 = 600.0;
const CHOICE_WIDTH: f32 = 636.0;

impl App {
    pub(super) fn frame_ui(&mut self, ui: &mut Ui, actions: &mut Actions) {
        let theme = ui.ctx().options(|options| options.theme_preference);
        let bar = Frame::side_top_panel(ui.style()).inner_margin(Margin::symmetric(GAP as i8, 5));
        Panel::top("toolbar").frame(bar).show(ui, |ui| self.toolbar(ui, theme, actions));
        notices_ui(ui, &self.notices, actions);
        self.opening_ui(ui);
        Panel::bottom("status").frame(bar.inner_margin(Margin::symmetric(GAP as i8, 3))).show(ui, |ui| {
            let state = StatusState {
                said: self.notices.said(monotonic_ns()),
                figures: self.pacer.figures(),
                first_frame_ns: self.pacer.first_frame_ns(),
                quiet: self.quiet,
                in_lessons: self.lessons.is_open(),
            };
            status_ui(ui, &self.runs, state, actions);
        });
        if self.lessons.is_open() {
            self.areas = Areas::default();
            let page = Frame::central_panel(ui.style()).inner_margin(0.0);
            CentralPanel::default().frame(page).show(ui, |ui| self.lessons_ui(ui, actions));
            self.windows_ui(ui, actions);
            return;
        }
        if let Some(place) = self.lessons.in_lab {
            in_lab_ui(ui, place, actions);
        }
        if self.remembered.setup {
            let setup =
                Panel::left("setup").resizable(true).default_size(SETUP_WIDTH).size_range(250.0..=440.0);
            setup.show(ui, |ui| {
                let recents: Vec<Spec> = self.remembered.recents.iter().cloned().collect();
                setup_ui(ui, &mut self.form, &recents, self.usable_cores, actions);
            });
        }
        CentralPanel::default().frame(Frame::central_panel(ui.style()).inner_margin(0.0)).show(ui, |ui| {
            self.centre_ui(ui, actions);
        });
        self.windows_ui(ui, actions);
    }

    fn toolbar(&mut self, ui: &mut Ui, theme: ThemePreference, actions: &mut Actions) {
        let blocked = self.form.blocked();
        let open: Vec<DockPanel> =
            DockPanel::ALL.into_iter().filter(|panel| self.dock.is_open(*panel)).collect();
        let open_export = std::mem::take(&mut self.export_menu_asked);
        let state = ToolbarState {
            blocked: blocked.as_deref(),
            theme,
            usable_cores: self.usable_cores,
            busy: self.busy(),
            open: &open,
            setup: self.remembered.setup,
            lesson: (self.lessons.page(), self.lessons.place()),
            understood: self.remembered.learned.understood(),
        };
        toolbar_ui(ui, &self.runs, state, &mut self.resizer, open_export, actions);
    }

    fn opening_ui(&self, ui: &mut Ui) {
        let Some(path) = self.keeping.opener.reading().or(self.experiments.opening()) else { return };
        Panel::top("opening").show(ui, |ui| {
            ui.add(eframe::egui::Label::new(format!("Opening {}…", path.display())).truncate());
        });
    }

    /// The panels, and above them what they show.
    fn centre_ui(&mut self, ui: &mut Ui, actions: &mut Actions) {
        self.areas = Areas::default();
        let head = Frame::NONE.inner_margin(Margin { left: GAP as i8, right: GAP as i8, top: 6, bottom: 0 });
        let stage = if self.compared && self.runs.pair().is_some() {
            head.show(ui, |ui| self.compared_head_ui(ui, actions));
            Stage::Compared
        } else if self.runs.shown().is_some() {
            head.show(ui, |ui| self.run_head_ui(ui, actions));
            Stage::Run
        } else {
            Stage::Welcome
        };
        // The panels touch each other and have margins of their own.
        ui.spacing_mut().item_spacing.y = 0.0;
        let spacing = ui.spacing().item_spacing;
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing = spacing;
            self.panels_ui(ui, stage, actions);
        });
    }

    fn compared_head_ui(&mut self, ui: &mut Ui, actions: &mut Actions) {
        let Some((left, right)) = self.runs.pair() else { return };
        // Whole runs, also where one of them is being replayed.
        let end_ns = |run: &Run| if run.live { run.now_ns() } else { run.whole().now_ns };
        let extent = |run: &Run| Extent {
            run: run_key(run.whole()),
            first_secs: run.whole().first_start_ns().map(secs),
            end_secs: secs(end_ns(run)),
        };
        self.axis.keep_to([run_key(left.whole()), run_key(right.whole())]);
        self.axis.begin_frame_of([extent(left), extent(right)]);
        let title = format!("{}  ·  {}", left.title(), right.title());
        let heading = Heading {
            title,
            follows: self.axis.follow(),
            replays: None,
            compares: self.compares(),
            lesson: false,
        };
        self.areas.title = Some(heading.show(ui, actions));
    }

    fn run_head_ui(&mut self, ui: &mut Ui, actions: &mut Actions) {
        let Some(run) = self.runs.shown() else { return };
        let end_ns = if run.live { run.now_ns() } else { run.whole().now_ns };
        self.axis.keep_to([run_key(run.whole()); 2]);
        self.axis.begin_frame(secs(end_ns), run.live);
        let replays = (!run.live).then_some(run.player.is_some());
        let (title, follows) = (run.title(), self.axis.follow());
        let lesson = run.spec().program_of().is_some();
        let heading = Heading { title, follows, replays, compares: self.compares(), lesson };
        self.areas.title = Some(heading.show(ui, actions));
        if let Some(why) = run.cut_off() {
            let color = Palette::of(ui).warning;
            ui.add(eframe::egui::Label::new(RichText::new(&why).color(color)).truncate()).on_hover_text(&why);
        }
        if let Some(player) = &run.player {
            player_ui(ui, player, actions);
        }
    }

    /// Whether two runs are shown, where there are two and no tab to change that with.
    fn compares(&self) -> Option<bool> {
        let has_tab = self.dock.tabs_of(DockPanel::Compare).len() > 1;
        (!has_tab && self.runs.pair().is_some()).then_some(self.compared)
    }

    fn windows_ui(&mut self, ui: &Ui, actions: &mut Actions) {
        if let Some(window) = self.exporter.window_mut() {
            dialogs::export_window_ui(ui.ctx(), window, actions);
            self.exporter.preview();
        }
        if ui.input(|input| !input.raw.hovered_files.is_empty()) {
            drop_hint_ui(ui);
        }
        if let Some(question) = self.keeping.questions.open_mut() {
            question_ui(ui.ctx(), question, actions);
        }
        if let Some(mut palette) = self.palette.take() {
            palette_ui(ui.ctx(), &mut palette, &commands(&self.facts()), actions);
            self.palette = Some(palette);
        }
        if self.quit_asked {
            dialogs::quit_window_ui(ui.ctx(), actions);
        }
    }
}

/// Over everything while files are held over the window.
fn drop_hint_ui(ui: &Ui) {
    let area = ui.ctx().content_rect();
    let id = eframe::egui::Id::unique("drop hint");
    let painter = ui.ctx().layer_painter(eframe::egui::LayerId::new(Order::Foreground, id));
    let palette = Palette::of(ui);
    painter.rect_filled(area, 0.0, palette.panel.gamma_multiply(0.8));
    let font = eframe::egui::TextStyle::Heading.resolve(ui.style());
    painter.text(area.center(), Align2::CENTER_CENTER, "Drop run files to open them", font, palette.text);
}

/// The differences of the chosen two runs, and the list to choose from: beside them where there is room, else below.
pub(super) fn compare_tab_ui(
    ui: &mut Ui,
    (runs, several): (&Runs, &Several),
    axis: &TimeAxis,
    actions: &mut Actions,
) {
    if let Some(count) = several.reading() {
        ui.weak(format!("Reading {count} runs…"));
        return;
    }
    if let Some(comparison) = several.comparison() {
        several_ui(ui, comparison, actions);
        return;
    }
    let Some((a, b)) = runs.pair() else {
        runs_ui(ui, runs, actions);
        return;
    };
    ui.horizontal(|ui| align_ui(ui, axis.align(), actions));
    let size = ui.available_size();
    if size.x >= DIFFERENCES_WIDTH + CHOICE_WIDTH {
        ui.horizontal_top(|ui| {
            let column = Layout::top_down(Align::Min);
            ui.allocate_ui_with_layout(vec2(DIFFERENCES_WIDTH, size.y), column, |ui| {
                ui.set_max_width(DIFFERENCES_WIDTH);
                differences_ui(ui, a.whole(), b.whole());
            });
            ui.separator();
            let rest = ui.available_size();
            ui.allocate_ui_with_layout(rest, column, |ui| runs_ui(ui, runs, actions));
        });
    } else {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            differences_ui(ui, a.whole(), b.whole());
            ui.add_space(GAP);
            runs_ui(ui, runs, actions);
        });
    }
}

/// What is shown, and how the time axis moves.
struct Heading {
    title: String,
    follows: bool,
    /// Whether it is being replayed; `None` where it cannot be.
    replays: Option<bool>,
    /// Whether two runs are shown; `None` where that is not chosen here.
    compares: Option<bool>,
    /// It is the run of a lesson.
    lesson: bool,
}

impl Heading {
    /// Gives the place of the title.
    fn show(&self, ui: &mut Ui, actions: &mut Actions) -> Rect {
        let mut place = Rect::NOTHING;
        let mut toggle = |ui: &mut Ui, on: bool, name: &str, hint: &str, action: Action| {
            if ui.add(Button::selectable(on, name)).on_hover_text(hint).clicked() {
                actions.push(action);
            }
        };
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                toggle(
                    ui,
                    self.follows,
                    "Follow",
                    "Keep the newest moment in view (L)",
                    Action::ToggleFollow,
                );
                toggle(ui, false, "Fit", "Show the whole run (F)", Action::Fit);
                if let Some(on) = self.replays {
                    let (name, hint) = if self.lesson {
                        ("Show the lesson", "The page of the lesson that this run belongs to")
                    } else {
                        ("Use spec", "Fill the form with what this run was made from, to run it again")
                    };
                    toggle(ui, false, name, hint, Action::UseSpec);
                    let hint = "Play the run again: every view shows it as it stood at a moment (R)";
                    toggle(ui, on, "Replay", hint, Action::Replay(Control::Toggle));
                }
                if let Some(on) = self.compares {
                    toggle(
                        ui,
                        on,
                        "Two runs",
                        "Lay the two runs of Compare under each other",
                        Action::ToggleCompared,
                    );
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let title = eframe::egui::Label::new(RichText::new(&self.title).strong()).truncate();
                    place = ui.add(title).rect.expand2(vec2(0.0, GAP_SMALL));
                });
            });
        });
        place
    }
}

/// Scroll bars that can be seen before somebody thinks of scrolling.
pub(super) fn show_scroll_bars(ctx: &Context) {
    ctx.all_styles_mut(|style| {
        let scroll = &mut style.spacing.scroll;
        scroll.floating_width = 5.0;
        scroll.dormant_handle_opacity = 0.5;
        scroll.dormant_background_opacity = 0.0;
    });
}
