//! How the window is divided: toolbar, setup, plots, tabs, status.

use eframe::egui::{
    Align, Align2, Button, CentralPanel, Frame, Layout, Margin, Order, Panel, Rect, RichText, ScrollArea,
    ThemePreference, Ui, vec2,
};

use super::{
    action::{Action, Actions, Tab},
    app::{App, Areas},
    dialogs,
    panels::{
        compare::{compare_ui, differences_ui},
        library::library_ui,
        log::log_ui,
        notices::notices_ui,
        result::result_ui,
        runs::runs_ui,
        setup::setup_ui,
        status::{StatusState, status_ui},
        toolbar::{ToolbarState, toolbar_ui},
        welcome::welcome_ui,
        workers::workers_ui,
    },
    plots::{cores_ui, queue_ui},
    questions::question_ui,
    replay::{Control, player_ui},
    runs::{Run, Runs},
    theme::{GAP, GAP_SMALL, Palette},
    timeline::timeline_ui,
};
use crate::time::{monotonic_ns, secs};

const SETUP_WIDTH: f32 = 290.0;
/// Height of the tabs at first, as a share of the window and within bounds.
const TABS_SHARE: f32 = 0.36;
const TABS_HEIGHTS: std::ops::RangeInclusive<f32> = 170.0..=400.0;
/// Shares of the centre's height; the timeline gets the rest.
const CORES_SHARE: f32 = 0.24;
const QUEUE_SHARE: f32 = 0.20;
const LEAST_PLOT_HEIGHT: f32 = 64.0;
/// What the differences and the list of runs need to stand beside each other.
const DIFFERENCES_WIDTH: f32 = 640.0;
const CHOICE_WIDTH: f32 = 560.0;

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
            };
            status_ui(ui, &self.runs, state, actions);
        });
        Panel::left("setup").resizable(true).default_size(SETUP_WIDTH).size_range(250.0..=440.0).show(
            ui,
            |ui| {
                setup_ui(ui, &mut self.form, self.usable_cores, actions);
            },
        );
        let highest = (ui.available_height() * 0.6).max(90.0);
        let tabs = (ui.available_height() * TABS_SHARE).clamp(*TABS_HEIGHTS.start(), *TABS_HEIGHTS.end());
        Panel::bottom("tabs").resizable(true).default_size(tabs).size_range(90.0..=highest).show(ui, |ui| {
            self.tabs_ui(ui, actions);
        });
        CentralPanel::default().frame(Frame::central_panel(ui.style()).inner_margin(GAP)).show(ui, |ui| {
            self.centre_ui(ui, actions);
        });
        self.windows_ui(ui, actions);
    }

    fn toolbar(&mut self, ui: &mut Ui, theme: ThemePreference, actions: &mut Actions) {
        let blocked = self.form.blocked();
        let open_export = std::mem::take(&mut self.export_menu_asked);
        let state = ToolbarState { blocked: blocked.as_deref(), theme, usable_cores: self.usable_cores };
        toolbar_ui(ui, &self.runs, state, &mut self.resizer, open_export, actions);
    }

    fn opening_ui(&self, ui: &mut Ui) {
        let Some(path) = self.keeping.opener.reading() else { return };
        Panel::top("opening").show(ui, |ui| {
            ui.add(eframe::egui::Label::new(format!("Opening {}…", path.display())).truncate());
        });
    }

    fn tabs_ui(&mut self, ui: &mut Ui, actions: &mut Actions) {
        ui.horizontal(|ui| {
            for tab in Tab::ALL {
                if ui.selectable_label(self.tab == tab, tab.label()).clicked() {
                    actions.push(Action::ShowTab(tab));
                }
            }
        });
        ui.separator();
        let shown = self.runs.shown();
        // Sideways only: tables and the log scroll down by themselves.
        ScrollArea::horizontal().auto_shrink([false, false]).id_salt(self.tab.label()).show(ui, |ui| {
            match self.tab {
                Tab::Workers => workers_ui(ui, shown, actions),
                Tab::Log => log_ui(ui, shown, &mut self.log),
                Tab::Result => result_ui(ui, shown, &mut self.result, actions),
                Tab::Compare => compare_tab_ui(ui, &self.runs, actions),
                Tab::Runs => library_ui(ui, &self.keeping.shelf, &mut self.keeping.view, actions),
            }
        });
    }

    fn centre_ui(&mut self, ui: &mut Ui, actions: &mut Actions) {
        self.areas = Areas::default();
        if self.tab == Tab::Compare && self.runs.pair().is_some() {
            self.compared_ui(ui, actions);
        } else if self.runs.shown().is_some() {
            self.run_ui(ui, actions);
        } else {
            welcome_ui(ui, actions);
        }
    }

    fn compared_ui(&mut self, ui: &mut Ui, actions: &mut Actions) {
        let Some((left, right)) = self.runs.pair() else { return };
        // Whole runs, also where one of them is being replayed.
        let end_ns = |run: &Run| if run.live { run.now_ns() } else { run.whole().now_ns };
        let now_ns = (end_ns(left), end_ns(right));
        // Never a sliding window: it would follow the longer run, and leave the other out of sight.
        self.axis.begin_frame(secs(now_ns.0.max(now_ns.1)), false);
        let titles = heading_ui(
            ui,
            &format!("{}  ·  {}", left.title(), right.title()),
            self.axis.follow(),
            None,
            actions,
        );
        let area = ui.available_rect_before_wrap();
        compare_ui(ui, left.whole(), right.whole(), now_ns, &mut self.axis);
        self.areas = Areas { title: Some(titles), plots: Some(area), timeline: Some(area) };
    }

    fn run_ui(&mut self, ui: &mut Ui, actions: &mut Actions) {
        let Some(run) = self.runs.shown() else { return };
        let now_ns = run.now_ns();
        let end_ns = if run.live { now_ns } else { run.whole().now_ns };
        self.axis.begin_frame(secs(end_ns), run.live);
        let replays = (!run.live).then_some(run.player.is_some());
        let title = heading_ui(ui, &run.title(), self.axis.follow(), replays, actions);
        if let Some(why) = run.cut_off() {
            let color = Palette::of(ui).warning;
            ui.add(eframe::egui::Label::new(RichText::new(&why).color(color)).truncate()).on_hover_text(&why);
        }
        if let Some(player) = &run.player {
            player_ui(ui, player, actions);
        }
        let height = ui.available_height();
        let all = ui.available_rect_before_wrap();
        cores_ui(ui, &run.store, &mut self.axis, (height * CORES_SHARE).max(LEAST_PLOT_HEIGHT));
        ui.add_space(GAP_SMALL);
        queue_ui(ui, &run.store, &mut self.axis, (height * QUEUE_SHARE).max(LEAST_PLOT_HEIGHT));
        self.areas.title = Some(title);
        self.areas.plots = Some(all.with_max_y(ui.cursor().top()));
        ui.add_space(GAP_SMALL);
        self.areas.timeline = Some(ui.available_rect_before_wrap());
        timeline_ui(ui, "timeline", &run.store, now_ns, &mut self.axis);
    }

    fn windows_ui(&mut self, ui: &Ui, actions: &mut Actions) {
        if let Some(window) = self.exporter.window_mut() {
            dialogs::export_window_ui(ui.ctx(), window, actions);
            self.exporter.preview();
        }
        if ui.input(|input| !input.raw.hovered_files.is_empty()) {
            drop_hint_ui(ui);
        }
        if let Some(question) = &mut self.keeping.question {
            question_ui(ui.ctx(), question, actions);
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
fn compare_tab_ui(ui: &mut Ui, runs: &Runs, actions: &mut Actions) {
    let Some((a, b)) = runs.pair() else {
        runs_ui(ui, runs, actions);
        return;
    };
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

/// What is shown, and how the time axis moves. `replays` is whether it is being replayed, `None` where it cannot be.
/// Gives the place of the title.
fn heading_ui(ui: &mut Ui, title: &str, follows: bool, replays: Option<bool>, actions: &mut Actions) -> Rect {
    let mut place = Rect::NOTHING;
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui
                .add(Button::selectable(follows, "Follow"))
                .on_hover_text("Keep the newest moment in view (L)")
                .clicked()
            {
                actions.push(Action::ToggleFollow);
            }
            if ui.button("Fit").on_hover_text("Show the whole run (F)").clicked() {
                actions.push(Action::Fit);
            }
            if replays.is_some()
                && ui
                    .button("Use spec")
                    .on_hover_text("Fill the form with what this run was made from, to run it again")
                    .clicked()
            {
                actions.push(Action::UseSpec);
            }
            if let Some(on) = replays
                && ui
                    .add(Button::selectable(on, "Replay"))
                    .on_hover_text("Play the run again: every view shows it as it stood at a moment")
                    .clicked()
            {
                actions.push(Action::Replay(Control::Toggle));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let label = ui.add(eframe::egui::Label::new(RichText::new(title).strong()).truncate());
                place = label.rect.expand2(vec2(0.0, GAP_SMALL));
            });
        });
    });
    place
}
