//! Two runs one above the other on one time axis and one scale of values, and what differs between them in numbers and words.

use std::{ops::RangeInclusive, sync::Arc};

use eframe::egui::{self, Id, Label, Layout, RichText, TextWrapMode, Ui, vec2};
use egui_extras::{Column, TableBuilder, TableRow};

use crate::{
    analysis::{Comparison, Row},
    gui::{
        action::{Action, Actions},
        panels::status::READY_ABOUT,
        plots::{Align, Compared, TimeAxis, busy_ui, queue_ui, run_key},
        theme::{self, Palette},
        timeline::timeline_ui,
    },
    store::{Phase, RunStore},
};

const TITLE_HEIGHT: f32 = theme::CONTROL_ROW;
const ROW_HEIGHT: f32 = theme::ROW;
/// Of what can be chosen beside the title of a timeline.
const CHOICES_WIDTH: f32 = 160.0;
const NAME_WIDTH: f32 = 116.0;
const VALUE_WIDTH: f32 = 100.0;
/// Legend, overview and time labels of a timeline, beside its lanes.
const TIMELINE_EXTRA: f32 = 54.0;
/// Title of a run and the spaces around its parts.
const RUN_EXTRA: f32 = TITLE_HEIGHT + 3.0 * theme::GAP_SMALL;
/// Lower than this no timeline is, for its lanes take 64 points in any case.
const MIN_TIMELINE: f32 = 114.0;
/// What a timeline needs before plots may be shown with it: so much for each lane, and in all no more than the
/// larger of these, of which the second is a share of the room.
const READABLE_LANE: f32 = 18.0;
const READABLE_TIMELINE: f32 = 126.0;
const READABLE_SHARE: f32 = 0.3;
/// A plot lower than this says nothing, and higher than this no more.
const PLOT_HEIGHTS: RangeInclusive<f32> = 58.0..=120.0;
/// While a run is live, its numbers are taken again no more often than this.
const LIVE_REFRESH_SECS: f64 = 1.0;

/// CPU and queue of both in one plot each where there is room, and the two timelines under each other; above them what makes a
/// comparison of them doubtful.
pub(crate) fn compare_ui(
    ui: &mut Ui,
    [a, b]: [&RunStore; 2],
    now_ns: (u64, u64),
    axis: &mut TimeAxis,
    actions: &mut Actions,
) {
    let comparison = comparison(ui, a, b);
    let color = Palette::of(ui).warning;
    for note in &notes(a, b, &comparison) {
        ui.label(RichText::new(note).color(color));
    }
    let names = [0, 1].map(|at| heading(at, &comparison.names[at]));
    let other = Compared { store: b, names: names.each_ref().map(String::as_str) };
    let room = ui.available_height() - 2.0 * RUN_EXTRA;
    let Heights { timelines: [height_a, height_b], plots, plot } =
        heights(room, [a.lanes.len(), b.lanes.len()]);
    axis.turn_to(run_key(a));
    if plots > 1 {
        busy_ui(ui, "CPU plot of A and B", a, other, axis, plot);
    }
    if plots > 0 {
        queue_ui(ui, "Queue plot of A and B", a, Some(other), axis, plot);
    }
    run_ui(ui, "A", a, now_ns.0, axis, height_a, |_| {});
    axis.turn_to(run_key(b));
    let align = axis.align();
    run_ui(ui, "B", b, now_ns.1, axis, height_b, |ui| align_ui(ui, align, actions));
    axis.turn_back();
}

/// What the two have under each other.
pub(crate) fn align_ui(ui: &mut Ui, align: Align, actions: &mut Actions) {
    ui.weak("Align:");
    for to in Align::ALL {
        let response = ui.selectable_label(align == to, to.label());
        let response = response.accessible_name(format!("Align by {}", to.label()));
        let hint = match to {
            Align::Start => "Both time axes count from the start of the pool",
            Align::FirstTask => "Both time axes count from the start of the run's first task",
        };
        if response.on_hover_text(hint).clicked() {
            actions.push(Action::SetAlign(to));
        }
    }
}

/// `A: threads`, or the letter alone where there is nothing else to tell the two apart.
fn heading(at: usize, name: &str) -> String {
    let letter = ["A", "B"][at];
    if letter == name { letter.to_owned() } else { format!("{letter}: {name}") }
}

/// What differs, in numbers and words.
pub(crate) fn differences_ui(ui: &mut Ui, a: &RunStore, b: &RunStore) {
    let palette = Palette::of(ui);
    table_ui(ui, &comparison(ui, a, b), &palette);
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Heights {
    timelines: [f32; 2],
    /// How many of the plots of both runs are shown, first that of the queue, and how high each is.
    plots: usize,
    plot: f32,
}

/// The timelines get what their lanes can use, as far as there is room, less what the plots take where there is plenty.
fn heights(room: f32, lanes: [usize; 2]) -> Heights {
    let with_lanes = |height: f32| lanes.map(|lanes| lanes.max(1) as f32 * height + TIMELINE_EXTRA);
    let usable = with_lanes(theme::LANE_HEIGHT_MAX);
    let most_readable = READABLE_TIMELINE.max(room * READABLE_SHARE);
    let readable = with_lanes(READABLE_LANE).map(|height| height.min(most_readable).max(MIN_TIMELINE));
    let spare = room - 2.0 * readable[0].max(readable[1]);
    let each = |plots: usize| spare / plots as f32 - theme::GAP_SMALL;
    let plots = [2, 1].into_iter().find(|plots| each(*plots) >= *PLOT_HEIGHTS.start()).unwrap_or(0);
    let plot = if plots == 0 { 0.0 } else { each(plots).min(*PLOT_HEIGHTS.end()) };
    let half = (room - plots as f32 * (plot + theme::GAP_SMALL)) * 0.5;
    // What one cannot use, the other may have.
    let height = |mine: usize, other: usize| {
        let spare = (half - usable[other]).max(0.0);
        usable[mine].min(half + spare).max(MIN_TIMELINE)
    };
    Heights { timelines: [height(0, 1), height(1, 0)], plots, plot }
}

/// The title and the timeline of one run, and in the title's line at the right what is chosen there.
fn run_ui(
    ui: &mut Ui,
    name: &str,
    store: &RunStore,
    now_ns: u64,
    axis: &mut TimeAxis,
    height: f32,
    choices: impl FnOnce(&mut Ui),
) {
    let title = store.title().unwrap_or_else(|| unknown(store).to_owned());
    let text = RichText::new(format!("{name}: {title}")).strong();
    ui.allocate_ui_with_layout(
        vec2(ui.available_width(), TITLE_HEIGHT),
        Layout::right_to_left(egui::Align::Center),
        |ui| {
            ui.allocate_ui_with_layout(
                vec2(CHOICES_WIDTH, TITLE_HEIGHT),
                Layout::left_to_right(egui::Align::Center),
                choices,
            );
            ui.with_layout(Layout::left_to_right(egui::Align::Center), |ui| {
                ui.add(Label::new(text).wrap_mode(TextWrapMode::Truncate));
            });
        },
    );
    ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
        ui.set_min_height(height);
        timeline_ui(ui, &format!("compare {name}"), store, now_ns, axis);
    });
    ui.add_space(theme::GAP_SMALL);
}

/// Why a run has no title.
fn unknown(store: &RunStore) -> &'static str {
    match store.phase {
        phase if phase.is_live() => "not started yet",
        _ if store.lacks_start() => "its record has no start",
        _ => "it never started",
    }
}

/// What makes the numbers below doubtful.
fn notes(a: &RunStore, b: &RunStore, comparison: &Comparison) -> Vec<String> {
    let live = [(a, "A"), (b, "B")].into_iter().filter(|(store, _)| store.phase.is_live());
    let names: Vec<&str> = live.map(|(_, name)| name).collect();
    match names.as_slice() {
        [] => comparison.warnings.clone(),
        [name] => vec![format!("{name} has not ended: its numbers are those of this moment.")],
        _ => vec!["Neither run has ended: the numbers are those of this moment.".to_owned()],
    }
}

/// A comparison stays as it is until this changes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    run: (u64, u64, u32),
    phase: Phase,
    attempts: usize,
    now_ns: u64,
}

impl Key {
    fn of(store: &RunStore) -> Self {
        let attempts = store.lanes.iter().map(|lane| lane.spans.len()).sum();
        Self { run: run_key(store), phase: store.phase, attempts, now_ns: store.now_ns }
    }
}

#[derive(Clone)]
struct Cached {
    keys: [Key; 2],
    at_secs: f64,
    comparison: Arc<Comparison>,
}

/// The comparison, from memory where nothing changed: with a million spans, taking it costs more than a frame.
fn comparison(ui: &Ui, a: &RunStore, b: &RunStore) -> Arc<Comparison> {
    let id = Id::unique("comparison of two runs");
    let keys = [Key::of(a), Key::of(b)];
    let now_secs = ui.input(|input| input.time);
    if let Some(cached) = ui.data(|data| data.get_temp::<Cached>(id)) {
        let same_runs = [0, 1]
            .into_iter()
            .all(|at| (cached.keys[at].run, cached.keys[at].phase) == (keys[at].run, keys[at].phase));
        if cached.keys == keys || (same_runs && now_secs - cached.at_secs < LIVE_REFRESH_SECS) {
            return cached.comparison;
        }
    }
    let comparison = Arc::new(Comparison::new(a, b));
    let cached = Cached { keys, at_secs: now_secs, comparison: comparison.clone() };
    ui.data_mut(|data| data.insert_temp(id, cached));
    comparison
}

fn table_ui(ui: &mut Ui, comparison: &Comparison, palette: &Palette) {
    let [name_a, name_b] = &comparison.names;
    let headings = [String::new(), heading(0, name_a), heading(1, name_b), "difference".to_owned()];
    let right = Layout::right_to_left(egui::Align::Center);
    TableBuilder::new(ui)
        .id_salt("comparison")
        .striped(true)
        .auto_shrink([false, true])
        .cell_layout(Layout::left_to_right(egui::Align::Center))
        .column(Column::exact(NAME_WIDTH))
        .columns(Column::exact(VALUE_WIDTH), 2)
        .column(Column::remainder().clip(true))
        .header(ROW_HEIGHT, |mut row| {
            for (at, heading) in headings.iter().enumerate() {
                let text = RichText::new(heading).strong();
                row.col(|ui| {
                    if at == 1 || at == 2 {
                        ui.with_layout(right, |ui| ui.label(text));
                    } else {
                        ui.add_space(theme::GAP);
                        ui.label(text);
                    }
                });
            }
        })
        .body(|body| {
            let count = comparison.rows.len();
            body.rows(ROW_HEIGHT, count + comparison.settings.len(), |mut table_row| {
                let at = table_row.index();
                let Some(row) = comparison.rows.get(at) else {
                    return setting_row(&mut table_row, comparison.settings.get(at - count));
                };
                table_row.col(|ui| {
                    let name = ui.label(row.name);
                    if let Some(about) = about(row.name) {
                        name.on_hover_text(about);
                    }
                });
                for (value, exact) in values(row) {
                    table_row.col(|ui| {
                        ui.with_layout(right, |ui| ui.label(value).on_hover_text(exact));
                    });
                }
                table_row.col(|ui| {
                    ui.add_space(theme::GAP);
                    ui.label(RichText::new(&row.difference).color(palette.text));
                });
            });
        });
}

/// A field of the specs that is not alike.
fn setting_row(row: &mut TableRow<'_, '_>, setting: Option<&(String, [String; 2])>) {
    let Some((name, values)) = setting else { return };
    row.col(|ui| _ = ui.weak(format!("set: {name}")));
    for value in values {
        row.col(|ui| {
            ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                ui.add(Label::new(value).truncate()).on_hover_text(value);
            });
        });
    }
    row.col(|ui| {
        ui.add_space(theme::GAP);
        ui.weak("set otherwise");
    });
}

/// What a name does not say by itself.
fn about(name: &str) -> Option<&'static str> {
    match name {
        "wall time" => Some("From the start of the pool to the end of the last task"),
        "time until ready" => Some(READY_ABOUT),
        _ => None,
    }
}

fn values(row: &Row) -> [(&str, &str); 2] {
    [(&row.a, &row.exact_a), (&row.b, &row.exact_b)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timelines_get_what_they_can_use_or_share_what_there_is() {
        let usable = |lanes: usize| lanes as f32 * theme::LANE_HEIGHT_MAX + TIMELINE_EXTRA;
        for (room, lanes, expected, plots) in [
            (2000.0, [4, 8], [usable(4), usable(8)], (2, 120.0)),
            (600.0, [64, 64], [300.0 - 120.0; 2], (2, 120.0 - theme::GAP_SMALL)),
            (384.0, [4, 4], [READABLE_TIMELINE; 2], (2, 62.0)),
            (330.0, [4, 4], [READABLE_TIMELINE; 2], (1, 78.0 - theme::GAP_SMALL)),
            (300.0, [64, 64], [150.0; 2], (0, 0.0)),
            (290.0, [2, 64], [usable(2), 290.0 - usable(2)], (0, 0.0)),
            (10.0, [4, 4], [MIN_TIMELINE; 2], (0, 0.0)),
        ] {
            let found = heights(room, lanes);
            let whole = |height: f32| height.round() as i32;
            assert_eq!(found.timelines.map(whole), expected.map(whole), "{room}, {lanes:?}: {found:?}");
            assert_eq!((found.plots, whole(found.plot)), (plots.0, whole(plots.1)), "{room}, {lanes:?}");
            let taken = found.timelines.iter().sum::<f32>() + found.plots as f32 * found.plot;
            assert!(taken <= room.max(2.0 * MIN_TIMELINE), "{room}, {lanes:?}: {found:?}");
        }
    }

    #[test]
    fn a_live_run_is_said_to_be_live() {
        let comparison = Comparison {
            names: ["A".into(), "B".into()],
            rows: Vec::new(),
            settings: Vec::new(),
            warnings: vec!["w".into()],
        };
        let live = RunStore::default();
        let mut ended = RunStore::default();
        ended.phase = Phase::Ended(crate::event::Status::Finished);
        assert_eq!(notes(&ended, &ended, &comparison), ["w"]);
        assert!(notes(&ended, &live, &comparison)[0].starts_with("B has not ended"));
        assert!(notes(&live, &live, &comparison)[0].starts_with("Neither"));
        assert_eq!(unknown(&live), "not started yet");
        assert_eq!(unknown(&ended), "it never started");
        ended.phase = Phase::Ended(crate::event::Status::Interrupted);
        assert_eq!(unknown(&ended), "its record has no start");
    }
}
