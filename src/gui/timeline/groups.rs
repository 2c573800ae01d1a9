//! Rows that stand for several lanes: their names, to be opened and collapsed, and how busy collapsed lanes were together.

use std::fmt::Write as _;

use eframe::egui::{
    Align2, EventFilter, Id, Key, Mesh, Modifiers, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo,
    pos2, vec2,
};

use super::{
    columns::Column,
    lanes::Lanes,
    layout::view_ns,
    model::{Counts, State},
    paint::LanePainter,
    rows::Header,
    summaries::Strip,
    tooltip::{Rows, at},
};
use crate::{
    gui::{
        plots::{TimeScale, add_hline, add_vline, paint_mesh, small_font},
        theme::{self, Palette},
    },
    store::RunStore,
    units,
};

/// Of an open group, whose lanes stand below.
pub(super) const HEADER_HEIGHT: f32 = 16.0;
/// From this height on, a collapsed group has room for two lines of text.
const TWO_LINES: f32 = 24.0;
/// A column of a collapsed group stands for at least so many points, and less than twice as many.
const COLUMN: f32 = 4.0;
const ARROW: f32 = 3.5;

/// Attempts of all lanes of a group that have ended.
fn counts(store: &RunStore, header: &Header) -> Counts {
    let mut counts = Counts::default();
    for lane in header.lanes.iter().filter_map(|lane| store.lanes.get(*lane)) {
        counts.add(lane.spans.totals());
    }
    counts
}

/// `workers 0 to 15, collapsed, 12,345 tasks, 3 not ok`
fn accessible(header: &Header, counts: &Counts) -> String {
    let state = if header.open { "expanded" } else { "collapsed" };
    let noun = if counts.total() == 1 { "task" } else { "tasks" };
    let mut words = format!("{}, {state}, {} {noun}", header.name, units::count(counts.total()));
    let not_ok = counts.total() - counts.of(State::Ok);
    if not_ok > 0 {
        _ = write!(words, ", {} not ok", units::count(not_ok));
    }
    words
}

/// The head of a group. Gives what it is to be from now on, where that was asked for: open or collapsed.
pub(super) fn group_ui(ui: &Ui, id: Id, (store, header): (&RunStore, &Header), row: Rect) -> Option<bool> {
    let left = row.left() - theme::AXIS_WIDTH;
    let head = Rect::from_min_max(pos2(left, row.top()), pos2(row.left(), row.bottom()));
    // An open group has nothing but its name in its row.
    let place = if header.open { head.with_max_x(row.right()) } else { head };
    let response = ui.interact(place.intersect(ui.clip_rect()), id.with(header.group), Sense::click());
    let counts = counts(store, header);
    response.widget_info(|| WidgetInfo::labeled(Role::DisclosureTriangle, true, accessible(header, &counts)));
    let palette = Palette::of(ui);
    let painter = ui.painter_at(place.intersect(ui.clip_rect()).expand(1.0));
    let mut mesh = Mesh::default();
    if response.hovered() {
        mesh.add_colored_rect(place, palette.control);
    }
    let center = pos2(left + 8.0, place.center().y);
    add_arrow(&mut mesh, center, header.open, &palette);
    if header.open {
        add_hline(&mut mesh, row.bottom() - 1.0, left, row.right(), palette.grid);
    }
    paint_mesh(&painter, mesh);
    let text = |y: f32, words: &str, color| {
        painter.text(pos2(left + 17.0, y), Align2::LEFT_CENTER, words, small_font(), color);
    };
    let y = place.center().y;
    if header.open {
        text(y, &header.name, palette.text_weak);
    } else if row.height() >= TWO_LINES && header.short != header.name {
        let line = theme::SMALL_TEXT * 0.5 + 0.5;
        text(y - line, &header.short, palette.text);
        text(y + line, &header.count, palette.text_weak);
    } else {
        text(y, &header.short, palette.text);
    }
    let focused = ui.memory(|memory| memory.has_focus(response.id));
    if focused {
        let stroke = Stroke::new(1.0, palette.text);
        painter.rect_stroke(place.shrink(0.5), 0.0, stroke, StrokeKind::Inside);
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    }
    let pressed = |key| focused && ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let (closes, opens) = (pressed(Key::ArrowLeft), pressed(Key::ArrowRight));
    let clicked = response.clicked();
    let hint = if header.open { "Click to collapse" } else { "Click to open" };
    response.on_hover_text(format!("{}: {}. {hint}", header.name, counts_words(&counts)));
    match (closes, opens) {
        (true, _) => Some(false),
        (_, true) => Some(true),
        _ => clicked.then_some(!header.open),
    }
}

fn counts_words(counts: &Counts) -> String {
    if counts.total() == 0 { "no task has ended".to_owned() } else { counts.words() }
}

/// Points down where the group is open, to the right where it is collapsed.
fn add_arrow(mesh: &mut Mesh, center: eframe::egui::Pos2, open: bool, palette: &Palette) {
    let corners = if open {
        [vec2(-ARROW, -ARROW * 0.6), vec2(ARROW, -ARROW * 0.6), vec2(0.0, ARROW * 0.8)]
    } else {
        [vec2(-ARROW * 0.6, -ARROW), vec2(ARROW * 0.8, 0.0), vec2(-ARROW * 0.6, ARROW)]
    };
    let first = mesh.vertices.len() as u32;
    for corner in corners {
        mesh.colored_vertex(center + corner, palette.text_weak);
    }
    mesh.add_triangle(first, first + 1, first + 2);
}

/// A column's height is the share of the lanes' time in which a task ran; above it, in colour, where any did not end ok.
pub(super) fn paint_summary(painter: &mut LanePainter<'_>, summary: &Summary, row: Rect) {
    let palette = painter.palette;
    let inner = row.shrink2(vec2(0.0, 2.0));
    for (at, column) in summary.strip.columns.iter().enumerate() {
        let from = summary.left + summary.width * at as f32;
        let left = from.max(row.left());
        let x = left..=(from + summary.width).min(row.right());
        if x.is_empty() {
            continue;
        }
        let busy = summary.busy(column);
        if busy > 0.0 {
            let top = inner.bottom() - (inner.height() * busy).max(1.0);
            painter.rect(Rect::from_x_y_ranges(x.clone(), top..=inner.bottom()), palette.ok);
        }
        if column.not_ok > 0 {
            add_vline(&mut painter.mesh, left, row.top(), row.top() + row.height() * 0.4, palette.failed);
            add_vline(
                &mut painter.mesh,
                left + 1.0,
                row.top(),
                row.top() + row.height() * 0.4,
                palette.failed,
            );
        }
    }
}

/// How busy the lanes of a collapsed group were.
pub(super) struct Summary {
    strip: Strip,
    /// Where the first column begins, and how wide each is, in points.
    left: f32,
    width: f32,
    lanes: usize,
}

impl Summary {
    fn busy(&self, column: &Column) -> f32 {
        let whole_ns = self.strip.column_ns.max(1) as f64 * self.lanes.max(1) as f64;
        (column.busy_ns as f64 / whole_ns).min(1.0) as f32
    }
}

impl Lanes<'_> {
    pub(super) fn summary(&self, header: &Header, scale: &TimeScale) -> Summary {
        let count = (scale.width() / COLUMN).floor().max(1.0) as usize;
        let strip =
            self.summaries.borrow_mut().strip((self.store, self.now_ns), header, view_ns(scale), count);
        Summary {
            left: scale.x_from_ns(strip.from_ns),
            width: (strip.column_ns as f64 / (scale.secs_per_point() * 1e9)) as f32,
            strip,
            lanes: header.lanes.len(),
        }
    }

    /// What is told of a place of a collapsed group.
    pub(super) fn summary_rows(&self, header: &Header, summary: &Summary, x: f32, zero_secs: f64) -> Rows {
        let counts = counts(self.store, header);
        let mut rows = vec![
            ("group", header.name.clone()),
            ("tasks", units::count(counts.total())),
            ("outcome", counts_words(&counts)),
        ];
        let place = ((x - summary.left) / summary.width).max(0.0) as usize;
        let Strip { from_ns, column_ns, columns } = &summary.strip;
        if let Some(column) = columns.get(place) {
            rows.push(("here, at", at(from_ns + column_ns * place as u64, zero_secs)));
            rows.push(("over", units::duration(*column_ns)));
            rows.push(("workers busy", units::percent(f64::from(summary.busy(column)))));
            if column.not_ok > 0 {
                rows.push(("not ok", units::count(u64::from(column.not_ok))));
            }
        }
        rows.push(("", "Collapsed: click its name to see its lanes.".to_owned()));
        rows
    }
}
