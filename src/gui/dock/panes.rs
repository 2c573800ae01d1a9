//! What stands in each panel, and the little there is around it: a tab, or a handle to drag it by and a button to close it.

use eframe::egui::{
    Align, Color32, CursorIcon, Id, Layout, Rect, Response, RichText, Role, ScrollArea, Sense, Stroke,
    StrokeKind, Style, TextStyle, TextWrapMode, Ui, UiBuilder, Vec2, Visuals, WidgetInfo, WidgetText, pos2,
    vec2,
};
use egui_tiles::{
    Behavior, EditAction, ResizeState, SimplificationOptions, TabState, Tabs, Tile, TileId, Tiles, Tree,
    UiResponse,
};

use super::Dock;
use crate::gui::{
    action::{Action, Actions, Panel},
    app::App,
    icons::Icon,
    layout::compare_tab_ui,
    panels::{
        compare::compare_ui,
        experiment::{ExperimentState, experiment_ui},
        kept_experiments::kept_experiments_ui,
        library::library_ui,
        log::log_ui,
        result::result_ui,
        verdict::verdict_ui,
        welcome::welcome_ui,
        workers::workers_ui,
    },
    plots::{cores_ui, queue_ui, run_key},
    runs::Run,
    theme::{AXIS_WIDTH, GAP, GAP_SMALL, Palette},
    timeline::timeline_ui,
};
use crate::time::ns_from_secs;

const TAB_BAR_HEIGHT: f32 = 30.0;
const HEAD_HEIGHT: f32 = 18.0;
const CLOSE_SIZE: f32 = 8.0;
/// What of the window a cross takes clicks from. Right of a plot there is no more room.
const CLOSE_AREA: f32 = 14.0;
const CORNER: f32 = 4.0;
/// No panel is dragged smaller than this.
const LEAST_SIZE: f32 = 56.0;

/// What the plots are there for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing was run yet: one of them says how to begin.
    Welcome,
    /// Each shows the run.
    Run,
    /// One of them shows two runs.
    Compared,
}

impl Dock {
    /// The plot that takes the room of all where there is one picture to show.
    fn host(&self) -> Option<Panel> {
        [Panel::Timeline, Panel::Queue, Panel::Cpu].into_iter().find(|panel| self.is_open(*panel))
    }
}

impl App {
    /// All panels, in the space that is left.
    pub(in crate::gui) fn panels_ui(&mut self, ui: &mut Ui, stage: Stage, actions: &mut Actions) {
        let host = self.dock.host();
        self.dock.apply(|panel| stage == Stage::Run || !panel.is_plot() || Some(panel) == host);
        if Panel::ALL.into_iter().all(|panel| !self.dock.is_open(panel)) {
            closed_ui(ui, actions);
            return;
        }
        let alone: Vec<Panel> =
            Panel::ALL.into_iter().filter(|panel| self.dock.tabs_of(*panel).is_empty()).collect();
        let mut tree = std::mem::replace(&mut self.dock.tree, Tree::empty(Id::unique("no panels")));
        let mut panes = Panes { app: self, stage, alone, edited: false, actions };
        tree.ui(&mut panes, ui);
        if panes.edited {
            // What is remembered is looked at before a frame.
            ui.ctx().request_repaint();
        }
        self.dock.tree = tree;
    }
}

fn closed_ui(ui: &mut Ui, actions: &mut Actions) {
    ui.centered_and_justified(|ui| {
        ui.vertical_centered(|ui| {
            ui.add_space(ui.available_height() * 0.4);
            ui.weak("All panels are closed. The menu View opens them again.");
            ui.add_space(GAP);
            if ui.button("Reset layout").clicked() {
                actions.push(Action::ResetLayout);
            }
        });
    });
}

struct Panes<'a> {
    app: &'a mut App,
    stage: Stage,
    /// Panels without a tab.
    alone: Vec<Panel>,
    /// Something was moved, or another tab put in front.
    edited: bool,
    actions: &'a mut Actions,
}

impl Panes<'_> {
    fn title(tiles: &Tiles<Panel>, id: TileId) -> String {
        match tiles.get(id) {
            Some(Tile::Pane(panel)) => panel.label().to_owned(),
            Some(Tile::Container(container)) => {
                let names: Vec<String> =
                    container.children().map(|child| Self::title(tiles, *child)).collect();
                names.join(", ")
            }
            None => String::new(),
        }
    }

    /// A plot, or what stands in its place.
    fn plot_ui(&mut self, ui: &mut Ui, panel: Panel) {
        let area = ui.available_rect_before_wrap();
        match self.stage {
            Stage::Welcome => return welcome_ui(ui, self.actions),
            Stage::Compared => {
                let Some((left, right)) = self.app.runs.pair() else { return };
                let end_ns = |run: &Run| if run.live { run.now_ns() } else { run.whole().now_ns };
                let now_ns = (end_ns(left), end_ns(right));
                let stores = [left.whole().as_ref(), right.whole().as_ref()];
                compare_ui(ui, stores, now_ns, &mut self.app.axis, self.actions);
                self.app.areas.plots = Some(area);
                self.app.areas.timeline = Some(area);
                return;
            }
            Stage::Run => {}
        }
        let Some(run) = self.app.runs.shown() else { return };
        let (axis, height) = (&mut self.app.axis, ui.available_height());
        match panel {
            Panel::Cpu => cores_ui(ui, &run.store, axis, height),
            Panel::Queue => queue_ui(ui, "Queue plot", &run.store, None, axis, height),
            _ => timeline_ui(ui, "timeline", &run.store, run.now_ns(), axis),
        }
        let areas = &mut self.app.areas;
        if panel == Panel::Timeline {
            areas.timeline = Some(area);
        } else {
            areas.plots = Some(areas.plots.map_or(area, |other| other.union(area)));
        }
    }

    /// A table, or a text.
    fn table_ui(&mut self, ui: &mut Ui, panel: Panel) {
        let busy = self.app.busy();
        let App { runs, log, result, keeping, axis, experiments, explainer, form, several, .. } =
            &mut *self.app;
        let (shown, actions) = (runs.shown(), &mut *self.actions);
        if let Some(run) = shown {
            axis.turn_to(run_key(run.whole()));
        }
        let cursor_ns = axis.cursor_secs().map(ns_from_secs);
        let pinned_ns = axis.marks().pinned.map(ns_from_secs);
        axis.turn_back();
        // The bar stands below the last row, not on it.
        let over = std::mem::replace(&mut ui.spacing_mut().scroll.floating_allocated_width, GAP);
        // Sideways only: tables and the log scroll down by themselves.
        ScrollArea::horizontal().auto_shrink([false, false]).id_salt(panel.label()).show(ui, |ui| {
            ui.spacing_mut().scroll.floating_allocated_width = over;
            match panel {
                Panel::Log => log_ui(ui, shown, log, (cursor_ns, pinned_ns)),
                Panel::Result => result_ui(ui, shown, result, actions),
                Panel::Compare => compare_tab_ui(ui, (runs, several), axis, actions),
                Panel::Experiment => experiment_ui(ui, experiments, ExperimentState { form, busy }, actions),
                Panel::Verdict => verdict_ui(ui, shown, explainer, actions),
                Panel::Runs if keeping.experiments.shown => {
                    kept_experiments_ui(ui, &keeping.shelf, &mut keeping.experiments, actions);
                }
                Panel::Runs => library_ui(ui, &keeping.shelf, &mut keeping.view, actions),
                _ => workers_ui(ui, shown, cursor_ns, actions),
            }
        });
    }

    /// Lets a panel without a tab be dragged by `handle` and closed beside it.
    fn head_ui(&mut self, ui: &Ui, panel: Panel, handle: Rect, close: Rect) -> UiResponse {
        if close_ui(ui, panel, close).clicked() {
            self.actions.push(Action::SetPanel(panel, false));
        }
        let handle = ui
            .interact(handle, ui.scope_id().with("handle"), Sense::drag())
            .on_hover_cursor(CursorIcon::Grab)
            .on_hover_text("Drag to put this panel elsewhere");
        if handle.drag_started() { UiResponse::DragStarted } else { UiResponse::None }
    }
}

/// A small cross. Its name says what it closes.
fn close_ui(ui: &Ui, panel: Panel, area: Rect) -> Response {
    let response = ui.interact(area, ui.scope_id().with(("close", panel)), Sense::click());
    let name = format!("Close {}", panel.label());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), &name));
    let palette = Palette::of(ui);
    let lit = response.hovered() || response.has_focus();
    let color = if lit { palette.text } else { palette.text_weak.gamma_multiply(0.7) };
    if lit {
        ui.painter().rect_filled(area, CORNER, palette.control);
    }
    let cross = Rect::from_center_size(area.center(), Vec2::splat(CLOSE_SIZE));
    Icon::Close.paint(ui.painter(), cross, color);
    response.on_hover_text("Close this panel")
}

impl Behavior<Panel> for Panes<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _id: TileId, panel: &mut Panel) -> UiResponse {
        let panel = *panel;
        let mut area = ui.max_rect().shrink2(vec2(GAP, GAP_SMALL));
        let alone = self.alone.contains(&panel);
        let head = Rect::from_min_max(area.min, pos2(area.right(), area.top() + HEAD_HEIGHT));
        let close = Rect::from_center_size(pos2(area.right(), head.center().y), Vec2::splat(CLOSE_AREA));
        let mut handle = head.with_max_x(close.left());
        if panel.is_plot() {
            // Its own first line begins with its name.
            handle.max.x = head.left() + AXIS_WIDTH;
        } else if alone {
            let mut line =
                ui.new_child(UiBuilder::new().max_rect(head).layout(Layout::left_to_right(Align::Center)));
            line.label(RichText::new(panel.label()).strong());
            area.min.y = head.bottom() + GAP_SMALL;
        }
        let mut inner = ui.new_child(UiBuilder::new().max_rect(area));
        inner.set_clip_rect(ui.clip_rect().intersect(area.expand(GAP_SMALL)));
        if panel.is_plot() {
            self.plot_ui(&mut inner, panel);
        } else {
            self.table_ui(&mut inner, panel);
        }
        let is_itself = self.stage == Stage::Run || !panel.is_plot();
        if alone && is_itself { self.head_ui(ui, panel, handle, close) } else { UiResponse::None }
    }

    fn tab_title_for_pane(&mut self, panel: &Panel) -> WidgetText {
        panel.label().into()
    }

    fn tab_title_for_tile(&mut self, tiles: &Tiles<Panel>, id: TileId) -> WidgetText {
        Self::title(tiles, id).into()
    }

    fn tab_ui(
        &mut self,
        tiles: &mut Tiles<Panel>,
        ui: &mut Ui,
        id: Id,
        tab: TileId,
        state: &TabState,
    ) -> Response {
        let panel = tiles.get_pane(&tab).copied();
        let title = Self::title(tiles, tab);
        let font = TextStyle::Button.resolve(ui.style());
        let galley =
            WidgetText::from(title.as_str()).into_galley(ui, Some(TextWrapMode::Extend), f32::INFINITY, font);
        // Only the tab in front can be closed: a cross on each would be noise.
        let closing = panel.filter(|_| state.active);
        let cross = if closing.is_some() { CLOSE_SIZE + GAP } else { 0.0 };
        let width = galley.size().x + 2.0 * GAP + cross;
        let (_, area) = ui.allocate_space(vec2(width + GAP_SMALL, ui.available_height()));
        let pill = Rect::from_center_size(area.center(), vec2(width, 22.0));
        let response = ui.interact(pill, id, Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::selected(Role::Button, ui.is_enabled(), state.active, &title));
        let visuals = ui.style().interact_selectable(&response, state.active);
        if !state.is_being_dragged {
            if state.active || response.hovered() || response.has_focus() {
                ui.painter().rect(pill, CORNER, visuals.weak_bg_fill, visuals.bg_stroke, StrokeKind::Inside);
            }
            let at = pos2(pill.left() + GAP, pill.center().y - galley.size().y / 2.0);
            ui.painter().galley(at, galley, visuals.text_color());
        }
        if response.clicked()
            && let Some(panel) = panel
        {
            self.actions.push(Action::ShowPanel(panel));
        }
        if let Some(panel) = closing {
            let close = Rect::from_center_size(
                pos2(pill.right() - GAP - 1.0, pill.center().y),
                Vec2::splat(CLOSE_AREA),
            );
            if close_ui(ui, panel, close).clicked() {
                self.actions.push(Action::SetPanel(panel, false));
            }
        }
        response
    }

    fn tab_bar_left_ui(&mut self, _tiles: &Tiles<Panel>, ui: &mut Ui, _id: TileId, _tabs: &Tabs) {
        // The first tab stands where the panel's contents do.
        ui.add_space(GAP - GAP_SMALL);
    }

    fn tab_bar_height(&self, _style: &Style) -> f32 {
        TAB_BAR_HEIGHT
    }

    fn tab_bar_color(&self, visuals: &Visuals) -> Color32 {
        visuals.panel_fill
    }

    fn tab_bar_hline_stroke(&self, _visuals: &Visuals) -> Stroke {
        Stroke::NONE
    }

    fn resize_stroke(&self, style: &Style, state: ResizeState) -> Stroke {
        match state {
            ResizeState::Idle => style.visuals.widgets.noninteractive.bg_stroke,
            ResizeState::Hovering => style.visuals.widgets.hovered.fg_stroke,
            ResizeState::Dragging => style.visuals.widgets.active.fg_stroke,
        }
    }

    fn on_edit(&mut self, _edit: EditAction) {
        self.edited = true;
    }

    fn min_size(&self) -> f32 {
        LEAST_SIZE
    }

    fn simplification_options(&self) -> SimplificationOptions {
        // Plots within rows keep their share of the whole while some of them are hidden.
        SimplificationOptions {
            join_nested_linear_containers: false,
            flatten_tabs_in_tabs: true,
            ..SimplificationOptions::default()
        }
    }

    /// All keys are in the table of commands.
    fn cycle_tabs_with_keyboard(&self) -> bool {
        false
    }
}
