//! Two runs one above the other on one time axis and one scale of values, and what differs between them in numbers and words.

use std::{ops::RangeInclusive, sync::Arc};

use eframe::egui::{Align, Id, Label, Layout, RichText, TextWrapMode, Ui, vec2};
use egui_extras::{Column, TableBuilder, TableRow};

use crate::{
    analysis::{Comparison, Row},
    gui::{
        panels::status::READY_ABOUT,
        plots::{TimeAxis, queue_ui, run_key},
        theme::{self, Palette},
        timeline::timeline_ui,
    },
    store::{Phase, RunStore},
};

const TITLE_HEIGHT: f32 = theme::ROW;
const ROW_HEIGHT: f32 = theme::ROW;
const NAME_WIDTH: f32 = 116.0;
const VALUE_WIDTH: f32 = 100.0;
/// Legend, overview and time labels of a timeline, beside its lanes.
const TIMELINE_EXTRA: f32 = 54.0;
/// Title of a run and the spaces around its parts.
const RUN_EXTRA: f32 = TITLE_HEIGHT + 3.0 * theme::GAP_SMALL;
/// A timeline lower than this says nothing.
const MIN_TIMELINE: f32 = 100.0;
/// What a timeline needs before the queue may be shown with it: so much for each lane, and in all no more than the
/// larger of these, of which the second is a share of the room.
const READABLE_LANE: f32 = 18.0;
const READABLE_TIMELINE: f32 = 126.0;
const READABLE_SHARE: f32 = 0.3;
/// A plot of the queue lower than this says nothing, and higher than this no more.
const QUEUE_HEIGHTS: RangeInclusive<f32> = 58.0..=120.0;
/// While a run is live, its numbers are taken again no more often than this.
const LIVE_REFRESH_SECS: f64 = 1.0;

/// The two timelines under each other, and what makes a comparison of them doubtful.
pub(crate) fn compare_ui(ui: &mut Ui, a: &RunStore, b: &RunStore, now_ns: (u64, u64), axis: &mut TimeAxis) {
    let notes = notes(a, b, &comparison(ui, a, b));
    let color = Palette::of(ui).warning;
    for note in &notes {
        ui.label(RichText::new(note).color(color));
    }
    let room = ui.available_height() - 2.0 * RUN_EXTRA;
    let Heights { timelines: [height_a, height_b], queue } = heights(room, [a.lanes.len(), b.lanes.len()]);
    run_ui(ui, "A", [a, b], now_ns.0, axis, (height_a, queue));
    run_ui(ui, "B", [b, a], now_ns.1, axis, (height_b, queue));
}

/// What differs, in numbers and words.
pub(crate) fn differences_ui(ui: &mut Ui, a: &RunStore, b: &RunStore) {
    let palette = Palette::of(ui);
    table_ui(ui, &comparison(ui, a, b), &palette);
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Heights {
    timelines: [f32; 2],
    /// Of each plot of a queue; `None` where the timelines need the room.
    queue: Option<f32>,
}

/// The timelines get what their lanes can use, as far as there is room, less what the queues take where there is plenty.
fn heights(room: f32, lanes: [usize; 2]) -> Heights {
    let with_lanes = |height: f32| lanes.map(|lanes| lanes.max(1) as f32 * height + TIMELINE_EXTRA);
    let usable = with_lanes(theme::LANE_HEIGHT_MAX);
    let most_readable = READABLE_TIMELINE.max(room * READABLE_SHARE);
    let readable = with_lanes(READABLE_LANE).map(|height| height.min(most_readable));
    let spare = (room - readable[0] - readable[1]) * 0.5 - theme::GAP_SMALL;
    let queue = (spare >= *QUEUE_HEIGHTS.start()).then(|| spare.min(*QUEUE_HEIGHTS.end()));
    let half = room * 0.5 - queue.map_or(0.0, |height| height + theme::GAP_SMALL);
    // What one cannot use, the other may have.
    let height = |mine: usize, other: usize| {
        let spare = (half - usable[other]).max(0.0);
        usable[mine].min(half + spare).max(MIN_TIMELINE)
    };
    Heights { timelines: [height(0, 1), height(1, 0)], queue }
}

/// One of two runs, itself first.
fn run_ui(
    ui: &mut Ui,
    name: &str,
    [store, beside]: [&RunStore; 2],
    now_ns: u64,
    axis: &mut TimeAxis,
    (height, queue_height): (f32, Option<f32>),
) {
    let title = store.title().unwrap_or_else(|| unknown(store).to_owned());
    let text = RichText::new(format!("{name}: {title}")).strong();
    ui.allocate_ui_with_layout(
        vec2(ui.available_width(), TITLE_HEIGHT),
        Layout::left_to_right(Align::Center),
        |ui| {
            ui.add(Label::new(text).wrap_mode(TextWrapMode::Truncate));
        },
    );
    if let Some(height) = queue_height {
        ui.push_id(name, |ui| {
            queue_ui(ui, &format!("Queue plot of {name}"), store, Some(beside), axis, height);
        });
    }
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
    let heading = |letter: &str, name: &str| {
        if letter == name { letter.to_owned() } else { format!("{letter}: {name}") }
    };
    let headings = [String::new(), heading("A", name_a), heading("B", name_b), "difference".to_owned()];
    let right = Layout::right_to_left(Align::Center);
    TableBuilder::new(ui)
        .id_salt("comparison")
        .striped(true)
        .auto_shrink([false, true])
        .cell_layout(Layout::left_to_right(Align::Center))
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
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
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
        for (room, lanes, expected, queue) in [
            (2000.0, [4, 8], [usable(4), usable(8)], Some(120.0)),
            (600.0, [64, 64], [300.0 - 116.0 - theme::GAP_SMALL; 2], Some(116.0)),
            (384.0, [4, 4], [READABLE_TIMELINE; 2], Some(62.0)),
            (330.0, [64, 64], [165.0; 2], None),
            (290.0, [2, 64], [usable(2), 290.0 - usable(2)], None),
            (10.0, [4, 4], [MIN_TIMELINE; 2], None),
        ] {
            let found = heights(room, lanes);
            let parts = |[a, b]: [f32; 2], queue: Option<f32>| {
                [a, b, queue.unwrap_or(0.0)].map(|height| height.round() as i32)
            };
            assert_eq!(
                parts(found.timelines, found.queue),
                parts(expected, queue),
                "{room}, {lanes:?}: {found:?}"
            );
            let taken: f32 = found.timelines.iter().map(|height| height + found.queue.unwrap_or(0.0)).sum();
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
