//! How far a run is, in the colours of how its tasks ended.

use std::fmt::Write as _;

use eframe::egui::{CornerRadius, Mesh, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::{
    gui::{
        plots::paint_mesh,
        theme::{BAR, BAR_TALL, Palette},
    },
    store::Tally,
    units,
};

/// Whatever ended badly can be seen, however few tasks it was.
const LEAST_WIDTH: f32 = 3.0;

/// A bar of so many points. What did not end well stands taller than what did, as in the timeline.
pub(super) fn progress_bar(ui: &mut Ui, tally: Tally, width: f32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(width, BAR_TALL), Sense::hover());
    let palette = Palette::of(ui);
    let low = Rect::from_center_size(rect.center(), vec2(rect.width(), BAR));
    ui.painter().rect_filled(low, CornerRadius::same(2), palette.control_active);
    let colours = [palette.ok, palette.failed, palette.crashed, palette.timed_out, palette.cancelled];
    let mut mesh = Mesh::default();
    let mut left = rect.left();
    for (at, (width, colour)) in widths(tally, rect.width()).into_iter().zip(colours).enumerate() {
        let row = if at == 0 { low } else { rect };
        let right = left + width;
        if width > 0.0 {
            mesh.add_colored_rect(
                Rect::from_min_max(pos2(left, row.top()), pos2(right, row.bottom())),
                colour,
            );
        }
        left = right;
    }
    paint_mesh(ui.painter(), mesh);
    response.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, "Progress"));
    response.on_hover_text(tally.words())
}

/// Widths of the five ways in which a task can end, in the order of [`Tally::classes`]; together at most the whole.
fn widths(tally: Tally, whole: f32) -> [f32; 5] {
    let classes = tally.classes();
    let mut widths = [0.0; 5];
    for (width, (count, _)) in widths.iter_mut().zip(classes) {
        let share = f64::from(count) / f64::from(tally.total.max(1));
        *width = whole * share as f32;
    }
    for at in 1..widths.len() {
        if classes[at].0 > 0 && widths[at] < LEAST_WIDTH {
            // What is added here is taken from what went well, where the bar is full.
            let used: f32 = widths.iter().sum();
            let more = LEAST_WIDTH - widths[at];
            widths[at] = LEAST_WIDTH;
            widths[0] = (widths[0] - (used + more - whole).max(0.0)).max(0.0);
        }
    }
    widths
}

/// What a screen reader says: the count, and whatever went wrong.
pub(super) fn spoken(tally: Tally) -> String {
    let count = |n: u32| units::count(u64::from(n));
    let mut text = format!("{} / {}", count(tally.done()), count(tally.total));
    for (n, word) in &tally.classes()[1..5] {
        if *n > 0 {
            // Writing to a String cannot fail.
            let _ = write!(text, ", {} {word}", count(*n));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_keep_their_order_and_the_few_are_seen() {
        let tally = Tally { total: 100_000, ok: 99_999, crashed: 1, ..Tally::default() };
        let widths = widths(tally, 400.0);
        assert!((widths[2] - LEAST_WIDTH).abs() < 1e-3, "{widths:?}");
        assert!((widths.iter().sum::<f32>() - 400.0).abs() < 0.1, "{widths:?}");
    }

    #[test]
    fn a_bar_is_as_full_as_its_run() {
        let tally = Tally { total: 100, ok: 20, failed: 10, timed_out: 20, not_run: 50, ..Tally::default() };
        let close = |tally, expected: [f32; 5]| {
            widths(tally, 200.0).iter().zip(expected).all(|(width, expected)| (width - expected).abs() < 1e-3)
        };
        assert!(close(tally, [40.0, 20.0, 0.0, 40.0, 0.0]));
        assert!(close(Tally::default(), [0.0; 5]));
    }

    #[test]
    fn what_went_wrong_is_said() {
        let tally = Tally { total: 64, ok: 63, crashed: 1, ..Tally::default() };
        assert_eq!(spoken(tally), "64 / 64, 1 crashed");
        assert_eq!(spoken(Tally { total: 4, ok: 4, ..Tally::default() }), "4 / 4");
    }
}
