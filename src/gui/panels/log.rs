//! The run's log: all workers' lines in order of time, searched and filtered without reading it again every frame.

use eframe::egui::{
    Align, ComboBox, Layout, Rect, ScrollArea, Shape, TextEdit, TextStyle, Ui, text::LayoutJob,
    text::TextFormat,
};

use crate::{
    event::Level,
    gui::{
        runs::{Run, RunId},
        theme::{GAP, GAP_SMALL, Palette},
    },
    store::{Chunked, LessonStore, LogLine, RunStore},
    time::secs,
    units,
};

use super::cells::empty;

const SEARCH_WIDTH: f32 = 180.0;
/// Below this width the count stands behind the filters instead of at the right.
const NARROW: f32 = 460.0;
const NARROW_SEARCH_WIDTH: f32 = 90.0;
/// Longer lines are cut in the view; exports have them whole.
const SHOWN_CHARS: usize = 400;

/// What of the log is shown, and where its lines are.
#[derive(Debug)]
pub(crate) struct LogView {
    search: String,
    least: Level,
    hits: Hits,
    /// Where the cursor was pinned in the frame before.
    pinned_ns: Option<u64>,
}

impl Default for LogView {
    fn default() -> Self {
        Self { search: String::new(), least: Level::Debug, hits: Hits::default(), pinned_ns: None }
    }
}

/// Indices of the lines that pass the filter, extended as the log grows.
#[derive(Debug, Default)]
struct Hits {
    run: Option<RunId>,
    needle: String,
    least: Option<Level>,
    /// Lines of the log that were looked at.
    seen: usize,
    at: Vec<u32>,
}

impl Hits {
    fn update(&mut self, run: RunId, log: &Chunked<LogLine>, search: &str, least: Level) {
        let needle = search.trim().to_lowercase();
        let same = self.run == Some(run) && self.needle == needle && self.least == Some(least);
        if !same || log.len() < self.seen {
            *self = Self { run: Some(run), needle, least: Some(least), seen: 0, at: Vec::new() };
        }
        for (at, line) in log.iter_from(self.seen).enumerate() {
            if line.level >= least && matches(line, &self.needle) {
                self.at.push((self.seen + at) as u32);
            }
        }
        self.seen = log.len();
    }
}

/// `needle` is in lower case already.
fn matches(line: &LogLine, needle: &str) -> bool {
    needle.is_empty()
        || line.text.to_lowercase().contains(needle)
        || line.worker.is_some_and(|worker| worker.to_string().contains(needle))
}

fn least_text(least: Level) -> &'static str {
    match least {
        Level::Debug => "all levels",
        Level::Info => "info and above",
        Level::Warning => "warnings and errors",
        Level::Error => "errors only",
    }
}

/// The line that was the last at the cursor stands out; where the cursor is pinned anew, the view goes there.
pub(crate) fn log_ui(
    ui: &mut Ui,
    run: Option<&Run>,
    view: &mut LogView,
    (cursor_ns, pinned_ns): (Option<u64>, Option<u64>),
) {
    let Some(run) = run else {
        empty(
            ui,
            "No run yet. Press Run (Space): what the engine and its workers have to say stands here, line by line.",
        );
        return;
    };
    let log = &run.store.log;
    let narrow = ui.available_width() < NARROW;
    let search_width = if narrow { NARROW_SEARCH_WIDTH } else { SEARCH_WIDTH };
    ui.horizontal_wrapped(|ui| {
        ui.add(TextEdit::singleline(&mut view.search).hint_text("Search").desired_width(search_width))
            .accessible_name("Search log");
        let combo =
            ComboBox::from_id_salt("log level").selected_text(least_text(view.least)).show_ui(ui, |ui| {
                for level in Level::ALL {
                    ui.selectable_value(&mut view.least, level, least_text(level));
                }
            });
        combo.response.accessible_name("Log level");
        view.hits.update(run.id, log, &view.search, view.least);
        let count = count_text(view.hits.at.len(), log.len());
        if narrow {
            ui.weak(count);
        } else {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.weak(count));
        }
    });
    ui.add_space(GAP_SMALL);
    if view.hits.at.is_empty() {
        empty(
            ui,
            if log.is_empty() {
                "Nothing was logged yet."
            } else {
                "No line passes the filter. Search for something shorter, or choose all levels."
            },
        );
        return;
    }
    let last = |t_ns: u64| last_until(log, &view.hits.at, t_ns);
    let pinned_anew = pinned_ns.filter(|_| view.pinned_ns != pinned_ns).and_then(last);
    let lit = cursor_ns.and_then(last);
    view.pinned_ns = pinned_ns;
    lines_ui(ui, &run.store, &view.hits.at, lit, pinned_anew);
}

fn count_text(shown: usize, all: usize) -> String {
    format!("{} of {} lines", units::count(shown as u64), units::count(all as u64))
}

/// The place among the hits of the last line until a moment. Lines are in the order of their arrival, which is about that
/// of time.
fn last_until(log: &Chunked<LogLine>, hits: &[u32], t_ns: u64) -> Option<usize> {
    let until = hits.partition_point(|at| log.get(*at as usize).is_some_and(|line| line.t_ns <= t_ns));
    until.checked_sub(1)
}

/// `lit` stands out, `to` is brought into view; both are places among the hits.
fn lines_ui(ui: &mut Ui, store: &RunStore, hits: &[u32], lit: Option<usize>, to: Option<usize>) {
    let (log, lesson) = (&store.log, &store.lesson);
    let row_height = ui.text_style_height(&TextStyle::Monospace);
    let spacing = ui.spacing().item_spacing.y;
    // The bars stand beside the lines, not on the last of them.
    ui.spacing_mut().scroll.floating_allocated_width = GAP;
    let mut area = ScrollArea::both().auto_shrink([false, false]).stick_to_bottom(true);
    if let Some(to) = to {
        // With some lines before it.
        let offset = to as f32 * (row_height + spacing) - ui.available_height() * 0.4;
        area = area.vertical_scroll_offset(offset.max(0.0));
    }
    area.show_rows(ui, row_height, hits.len(), |ui, rows| {
        ui.spacing_mut().interact_size.y = row_height;
        for place in rows {
            let Some(line) = hits.get(place).and_then(|at| log.get(*at as usize)) else { continue };
            let job = line_job(ui, lesson, line);
            let ground = ui.painter().add(Shape::Noop);
            let label = ui.add(eframe::egui::Label::new(job).extend());
            if lit == Some(place) {
                let row = Rect::from_x_y_ranges(ui.clip_rect().x_range(), label.rect.y_range());
                let color = Palette::of(ui).selection;
                ui.painter().set(ground, Shape::rect_filled(row, 0.0, color));
            }
        }
    });
}

fn line_job(ui: &Ui, lesson: &LessonStore, line: &LogLine) -> LayoutJob {
    let palette = Palette::of(ui);
    let font = TextStyle::Monospace.resolve(ui.style());
    let plain = |color| TextFormat::simple(font.clone(), color);
    let level_color = match line.level {
        Level::Debug | Level::Info => palette.text_weak,
        Level::Warning => palette.warning,
        Level::Error => palette.error,
    };
    let source = line.worker.map_or_else(|| "engine".to_owned(), |worker| lesson.name(worker));
    let mut job = LayoutJob::default();
    job.append(&format!("{:>10.4}  ", secs(line.t_ns)), 0.0, plain(palette.text_weak));
    job.append(&format!("{:<7}  ", line.level), 0.0, plain(level_color));
    job.append(&format!("{source:<11}  "), 0.0, plain(palette.text_weak));
    job.append(&shown_text(&line.text), 0.0, plain(palette.text));
    job
}

/// One line of text, whatever was logged.
fn shown_text(text: &str) -> String {
    let mut shown: String =
        text.chars().take(SHOWN_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::WorkerId;

    fn line(level: Level, worker: Option<u32>, text: &str) -> LogLine {
        LogLine { t_ns: 0, worker: worker.map(WorkerId), level, text: text.into() }
    }

    fn log() -> Chunked<LogLine> {
        [
            line(Level::Info, None, "pool ready"),
            line(Level::Warning, Some(3), "Slow disk"),
            line(Level::Error, Some(1), "crashed"),
        ]
        .into_iter()
        .collect()
    }

    #[test]
    fn the_line_at_a_moment_is_the_last_until_then_of_those_shown() {
        let at = |t_ns: u64| LogLine { t_ns, ..line(Level::Info, None, "x") };
        let log: Chunked<LogLine> = [0, 10, 10, 30].into_iter().map(at).collect();
        let last = |hits: &[u32], t_ns| last_until(&log, hits, t_ns);
        assert_eq!([0, 9, 10, 29, 99].map(|t_ns| last(&[0, 1, 2, 3], t_ns)), [0, 0, 2, 2, 3].map(Some));
        assert_eq!((last(&[1, 3], 9), last(&[1, 3], 20), last(&[], 20)), (None, Some(0), None));
    }

    fn hits(search: &str, least: Level) -> Vec<u32> {
        let mut hits = Hits::default();
        hits.update(RunId(1), &log(), search, least);
        hits.at
    }

    #[test]
    fn the_filter_knows_level_text_and_worker_and_ignores_case() {
        assert_eq!(hits("", Level::Debug), [0, 1, 2]);
        assert_eq!(hits("", Level::Warning), [1, 2]);
        assert_eq!(hits("sLOW", Level::Debug), [1]);
        assert_eq!(hits("worker 1", Level::Debug), [2]);
        assert_eq!(hits("slow", Level::Error), [] as [u32; 0]);
    }

    #[test]
    fn a_growing_log_is_only_read_on_and_another_filter_reads_it_anew() {
        let mut log = log();
        let mut hits = Hits::default();
        hits.update(RunId(1), &log, "", Level::Warning);
        hits.at.push(77); // Would vanish if the log were read from its start again.
        log.push(line(Level::Error, None, "lost"));
        hits.update(RunId(1), &log, "", Level::Warning);
        assert_eq!(hits.at, [1, 2, 77, 3]);
        hits.update(RunId(1), &log, "", Level::Error);
        assert_eq!(hits.at, [2, 3]);
        hits.update(RunId(2), &Chunked::default(), "", Level::Error);
        assert!(hits.at.is_empty());
    }

    #[test]
    fn the_count_is_grouped() {
        assert_eq!(count_text(312, 5000), "312 of 5\u{202f}000 lines");
    }

    #[test]
    fn a_shown_line_is_one_line_and_not_endless() {
        assert_eq!(shown_text("a\nb\tc"), "a b c");
        assert_eq!(shown_text(&"x".repeat(1000)).chars().count(), SHOWN_CHARS + 1);
    }
}
