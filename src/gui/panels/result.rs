//! What the tasks returned: a picture that fills row by row, or a table of values by task.

use std::fmt::Write as _;

use eframe::egui::{
    Align, Color32, ColorImage, Image, Layout, RichText, TextureHandle, TextureOptions, Ui, Vec2, vec2,
};
use egui_extras::{Column, TableBuilder};

use crate::{
    gui::{
        action::{Action, Actions},
        runs::{Run, RunId},
        theme::{self, GAP, GAP_SMALL, Palette},
    },
    ids::TaskId,
    store::{Chunked, RunStore},
    units::{self, Shown},
    workload::Value,
};

use super::cells::{at_right, empty, heading};

const ROW_HEIGHT: f32 = theme::ROW;
/// Larger pictures are shown by every second, third … pixel.
const TEXTURE_SIDE: usize = 4096;
const TASK_WIDTH: f32 = 90.0;
/// The largest number in groups of three.
const NUMBER_WIDTH: f32 = 200.0;
const NO_VALUE: u32 = u32::MAX;
/// Bytes of a digest that the table shows.
const DIGEST_BYTES: usize = 32;

/// What was made of a run's values so far, so that every frame looks at the new ones only.
#[derive(Default)]
pub(crate) struct ResultView {
    run: Option<RunId>,
    /// Values that were looked at.
    seen: usize,
    /// Where each task's value is among the values, [`NO_VALUE`] while it has none.
    slots: Vec<u32>,
    picture: Option<Picture>,
}

impl ResultView {
    fn update(&mut self, ui: &Ui, run: &Run) {
        let values = &run.store.values;
        if self.run != Some(run.id) || values.len() < self.seen {
            *self = Self { run: Some(run.id), ..Self::default() };
        }
        let new = self.seen..values.len();
        for at in new {
            let Some((task, value)) = values.get(at) else { break };
            if let Value::Row(row) = value.as_ref() {
                let rows = run.store.tally.total as usize;
                let background = Palette::of(ui).lane_alternate;
                self.picture
                    .get_or_insert_with(|| Picture::new(row.len(), rows, background))
                    .set_row(task.index(), row);
            } else {
                set_slot(&mut self.slots, *task, at);
            }
        }
        self.seen = values.len();
    }
}

fn set_slot(slots: &mut Vec<u32>, task: TaskId, at: usize) {
    if slots.len() <= task.index() {
        slots.resize(task.index() + 1, NO_VALUE);
    }
    slots[task.index()] = at as u32;
}

/// Rows of shades as an image, and its copy on the graphics card.
struct Picture {
    image: ColorImage,
    /// Rows of the image that the texture does not have yet.
    changed: Option<(usize, usize)>,
    /// One pixel of the image stands for so many of the result, both ways.
    step: usize,
    rows_done: usize,
    texture: Option<TextureHandle>,
}

impl Picture {
    fn new(width: usize, rows: usize, background: Color32) -> Self {
        let step = width.max(rows).div_ceil(TEXTURE_SIDE).max(1);
        let size = [width.div_ceil(step).max(1), rows.div_ceil(step).max(1)];
        Self { image: ColorImage::filled(size, background), changed: None, step, rows_done: 0, texture: None }
    }

    fn set_row(&mut self, row: usize, shades: &[u8]) {
        self.rows_done += 1;
        let (width, y) = (self.image.width(), row / self.step);
        if !row.is_multiple_of(self.step) || y >= self.image.height() {
            return;
        }
        let pixels = &mut self.image.pixels[y * width..(y + 1) * width];
        for (pixel, shade) in pixels.iter_mut().zip(shades.iter().step_by(self.step)) {
            *pixel = theme::shade(*shade);
        }
        let (first, last) = self.changed.unwrap_or((y, y));
        self.changed = Some((first.min(y), last.max(y)));
    }

    /// The texture with all rows so far; only the band of new rows is sent.
    fn texture(&mut self, ui: &Ui) -> &TextureHandle {
        let options =
            TextureOptions { magnification: eframe::egui::TextureFilter::Nearest, ..TextureOptions::LINEAR };
        let changed = self.changed.take();
        if let (Some(texture), Some((first, last))) = (&mut self.texture, changed) {
            let band = self.image.region_by_pixels([0, first], [self.image.width(), last + 1 - first]);
            texture.set_partial([0, first], band, options);
        }
        let image = &self.image;
        self.texture.get_or_insert_with(|| ui.ctx().load_texture("result picture", image.clone(), options))
    }
}

pub(crate) fn result_ui(ui: &mut Ui, run: Option<&Run>, view: &mut ResultView, actions: &mut Actions) {
    let Some(run) = run else {
        empty(
            ui,
            "No run yet. Press Run (Space): what each task returns stands here, and mandelbrot paints its picture.",
        );
        return;
    };
    view.update(ui, run);
    if run.is_moment() {
        moment_header_ui(ui, &run.store);
    } else {
        header_ui(ui, &run.store, actions);
    }
    ui.add_space(GAP_SMALL);
    if let Some(picture) = &mut view.picture {
        picture_ui(ui, picture, run.store.tally.total);
    } else if run.store.values.is_empty() {
        empty(ui, empty_text(&run.store));
    } else {
        values_ui(ui, &run.store.values, &view.slots);
    }
}

/// Why there is no value. Tasks that return nothing leave none, however many of them ended.
fn empty_text(store: &RunStore) -> &'static str {
    match (store.tally.ok, store.phase.is_live()) {
        (0, true) => "No task has ended well yet.",
        (0, false) => {
            "No task ended well, so that there is no result. The Log tab says what happened to them."
        }
        _ => {
            "The tasks of this workload return nothing. Choose another, such as primes or square, to see values."
        }
    }
}

fn header_ui(ui: &mut Ui, store: &RunStore, actions: &mut Actions) {
    let checksum = format!("{:016x}", store.checksum);
    ui.horizontal(|ui| {
        ui.label("Checksum");
        ui.label(RichText::new(&checksum).monospace()).on_hover_text(
            "Of all results by their task; the same work gives the same checksum on every pool",
        );
        if ui.small_button("Copy").accessible_name("Copy checksum").clicked() {
            actions.push(Action::Copy(checksum.clone()));
        }
        let results = if store.tally.ok == 1 { "result" } else { "results" };
        ui.weak(format!("over {} {results}", units::count(u64::from(store.tally.ok))));
    });
}

/// Of a moment of a replay: how the checksum stood then was not recorded.
fn moment_header_ui(ui: &mut Ui, store: &RunStore) {
    ui.horizontal(|ui| {
        ui.label("Checksum");
        ui.weak("known only at the end of the run").on_hover_text(
            "The checksum is of all results together. How it stood at this moment was not recorded: leave the replay, or \
             go to its end, to see it",
        );
        let results = if store.tally.ok == 1 { "result" } else { "results" };
        ui.weak(format!("· {} {results} so far", units::count(u64::from(store.tally.ok))));
    });
}

fn picture_ui(ui: &mut Ui, picture: &mut Picture, rows: u32) {
    let alt = format!("Result picture, {} of {rows} rows", picture.rows_done);
    let size = fitted(picture.image.size, ui.available_size(), ui.ctx().pixels_per_point());
    let texture = picture.texture(ui);
    let image = Image::from_texture((texture.id(), size)).fit_to_exact_size(size).alt_text(alt.as_str());
    ui.add(image).on_hover_text(alt.as_str());
}

/// The largest size with the picture's own aspect that fits; enlarged by whole factors only, so that pixels stay
/// square.
fn fitted(size: [usize; 2], room: Vec2, pixels_per_point: f32) -> Vec2 {
    let natural = vec2(size[0] as f32, size[1] as f32) / pixels_per_point;
    let scale = (room.x / natural.x).min(room.y / natural.y);
    natural * if scale >= 1.0 { scale.floor() } else { scale.max(0.01) }
}

fn values_ui(ui: &mut Ui, values: &Chunked<(TaskId, std::sync::Arc<Value>)>, slots: &[u32]) {
    // Numbers stand in a column at its right edge, near their tasks; anything else begins at the left.
    let numbers = values.get(0).is_some_and(|(_, value)| matches!(value.as_ref(), Value::Number(_)));
    TableBuilder::new(ui)
        .id_salt("values table")
        .striped(true)
        .auto_shrink([false, false])
        .min_scrolled_height(0.0)
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Column::exact(TASK_WIDTH))
        .column(if numbers { Column::exact(NUMBER_WIDTH) } else { Column::remainder().clip(true) })
        .header(ROW_HEIGHT, |mut row| {
            row.col(|ui| {
                heading(ui, "Task", true);
            });
            row.col(|ui| {
                ui.add_space(GAP);
                heading(ui, "Value", numbers);
            });
        })
        .body(|body| {
            body.rows(ROW_HEIGHT, slots.len(), |mut row| {
                let task = row.index();
                row.col(|ui| {
                    at_right(ui, |ui| ui.monospace(units::count(task as u64)));
                });
                row.col(|ui| {
                    ui.add_space(GAP);
                    match values.get(slots[task] as usize).map(|(_, value)| shown(value)) {
                        Some(Shown { text, exact: Some(exact) }) => ui.monospace(text).on_hover_text(exact),
                        Some(Shown { text, .. }) if numbers => at_right(ui, |ui| ui.monospace(text)),
                        Some(Shown { text, .. }) => ui.monospace(text),
                        None => ui.weak("–").on_hover_text("No result (yet)"),
                    };
                });
            });
        });
}

/// A value in one line, with all of it where that is cut or rounded.
fn shown(value: &Value) -> Shown {
    let exact = match value {
        Value::Moved { len, hash } => Some(format!("{}, hash {hash:016x}", units::exact_bytes(*len))),
        Value::Digest(bytes) | Value::Row(bytes) | Value::Bytes(bytes) if bytes.len() > DIGEST_BYTES => {
            Some(format!("the first {DIGEST_BYTES} of {}", units::exact_bytes(bytes.len() as u64)))
        }
        _ => None,
    };
    Shown { text: value_text(value), exact }
}

fn value_text(value: &Value) -> String {
    match value {
        Value::Unit => "–".to_owned(),
        Value::Number(n) => units::count(*n),
        Value::Moved { len, hash } => format!("{}, hash {hash:016x}", units::bytes(*len)),
        Value::Digest(bytes) | Value::Row(bytes) | Value::Bytes(bytes) => {
            let mut text = String::with_capacity(2 * DIGEST_BYTES + 3);
            for byte in bytes.iter().take(DIGEST_BYTES) {
                // Writing to a String cannot fail.
                let _ = write!(text, "{byte:02x}");
            }
            if bytes.len() > DIGEST_BYTES {
                text.push('…');
            }
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::Status, store::Phase};

    const EMPTY: Color32 = Color32::TRANSPARENT;

    #[test]
    fn rows_land_at_their_task_and_the_rest_stays_empty() {
        let mut picture = Picture::new(3, 4, EMPTY);
        picture.set_row(2, &[0, 128, 255]);
        assert_eq!(picture.image.size, [3, 4]);
        assert_eq!(picture.image[(0, 2)], theme::shade(0));
        assert_eq!(picture.image[(2, 2)], theme::shade(255));
        assert_eq!(picture.image[(0, 1)], EMPTY);
        assert_eq!(picture.changed, Some((2, 2)));
        picture.set_row(0, &[9, 9, 9]);
        assert_eq!(picture.changed, Some((0, 2)));
        picture.set_row(99, &[1, 1, 1]);
        assert_eq!(picture.rows_done, 3);
    }

    #[test]
    fn a_picture_larger_than_a_texture_is_thinned_out_both_ways() {
        let picture = Picture::new(10_000, 5_000, EMPTY);
        assert_eq!((picture.step, picture.image.size), (3, [3334, 1667]));
    }

    #[test]
    fn a_small_picture_grows_by_whole_factors_and_a_large_one_shrinks() {
        assert_eq!(fitted([100, 50], vec2(350.0, 1000.0), 1.0), vec2(300.0, 150.0));
        assert_eq!(fitted([1000, 500], vec2(500.0, 500.0), 1.0), vec2(500.0, 250.0));
    }

    #[test]
    fn values_are_found_by_task_in_whatever_order_they_came() {
        let mut slots = Vec::new();
        set_slot(&mut slots, TaskId(2), 0);
        set_slot(&mut slots, TaskId(0), 1);
        assert_eq!(slots, [1, NO_VALUE, 0]);
    }

    #[test]
    fn what_is_not_there_is_told_from_what_there_never_will_be() {
        let store = |ok, phase| {
            let mut store = RunStore::default();
            (store.tally.ok, store.phase) = (ok, phase);
            store
        };
        let ended = Phase::Ended(Status::Finished);
        assert!(empty_text(&store(0, Phase::Running)).contains("yet"));
        assert!(empty_text(&store(0, ended)).contains("No task ended well"));
        for phase in [Phase::Running, ended] {
            assert!(empty_text(&store(7, phase)).contains("return nothing"));
        }
    }

    #[test]
    fn digests_are_shown_in_hex() {
        assert_eq!(value_text(&Value::Digest(vec![0, 255])), "00ff");
        assert_eq!(value_text(&Value::Number(25)), "25");
        let moved = Value::Moved { len: 1500, hash: 0xab };
        assert_eq!(value_text(&moved), "1.50 kB, hash 00000000000000ab");
    }
}
