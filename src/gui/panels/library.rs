//! The runs that are kept on this machine: found, sorted, opened, described and deleted.

use std::{path::PathBuf, sync::Arc};

use eframe::egui::{
    Align, Button, Color32, ComboBox, Label, Layout, Response, RichText, ScrollArea, Sense, TextEdit,
    TextStyle, Ui, vec2,
};
use egui_extras::{Column, TableBuilder, TableRow};
use jiff::tz::TimeZone;

use crate::{
    gui::{
        action::{Action, Actions},
        icons::Icon,
        questions::Question,
        shelf::{Job, Shelf},
        theme::{self, GAP, GAP_SMALL, NUMBER_MARGIN, Palette},
    },
    library::{Entry, LIMITS, Sort, matches, sort},
    units::{self, Shown},
};

use super::{
    cells::{at_right, bars_beside, empty, number_cell},
    choice::{CHOICE_WIDTH, Choice, choice_ui, compare_button},
    kept::{brief_ui, details_ui, menu_ui, tasks_text, time_text},
    kept_experiments::switch_ui,
};

const ROW_HEIGHT: f32 = theme::CONTROL_ROW;
const SEARCH_WIDTH: f32 = 150.0;
const LEAST_SEARCH_WIDTH: f32 = 60.0;
/// What stands right of the search: order, limit, the button to open files, and the count.
const REST_WIDTH: f32 = 500.0;
/// Details stand beside the list where both have room, else above it.
const DETAILS_WIDTH: f32 = 300.0;
const LIST_WIDTH: f32 = 640.0;
const LEAST_TASKS_WIDTH: f32 = 92.0;

/// What of the library is shown.
#[derive(Debug, Default)]
pub(crate) struct LibraryView {
    search: String,
    sort: Sort,
    /// The other way round.
    reversed: bool,
    selected: Option<PathBuf>,
    /// Runs to be compared, in the order in which they were chosen.
    chosen: Choice,
    /// The selected row must come into view.
    reveal: bool,
    found: Found,
}

impl LibraryView {
    pub(crate) fn chosen(&self) -> &[PathBuf] {
        self.chosen.paths()
    }
}

/// The entries that pass the search, in order: made anew only when something has changed.
#[derive(Debug, Default)]
struct Found {
    key: Option<(u64, String, (Sort, bool))>,
    entries: Arc<[Entry]>,
    /// The longest text of tasks, for the width of their column.
    widest_tasks: String,
}

impl Found {
    fn update(&mut self, version: u64, all: &[Entry], search: &str, by: (Sort, bool)) {
        let key = (version, search.trim().to_owned(), by);
        if self.key.as_ref() == Some(&key) {
            return;
        }
        let mut entries: Vec<Entry> = all.iter().filter(|entry| matches(entry, search)).cloned().collect();
        sort(&mut entries, by.0);
        if by.1 {
            entries.reverse();
        }
        let tasks = entries.iter().filter_map(|entry| entry.brief.as_ref().ok()).map(tasks_text);
        self.widest_tasks = tasks.max_by_key(|text| text.chars().count()).unwrap_or_default();
        self.entries = entries.into();
        self.key = Some(key);
    }
}

pub(crate) fn library_ui(ui: &mut Ui, shelf: &Shelf, view: &mut LibraryView, actions: &mut Actions) {
    let Some(all) = shelf.entries() else {
        if shelf.is_open() {
            ui.weak("Reading the list of runs…");
        } else {
            empty(
                ui,
                "Runs are not kept on this machine: there is no folder for them. Run files can be opened all the same.",
            );
            open_button(ui, actions);
        }
        return;
    };
    shelf.see();
    view.found.update(shelf.version, all, &view.search, (view.sort, view.reversed));
    controls_ui(ui, shelf, all, view, actions);
    ui.add_space(GAP_SMALL);
    if all.is_empty() {
        empty(
            ui,
            "No run is kept yet. Press Run: every run of this window is recorded and stands here afterwards. Run files \
             from elsewhere can be opened above, or dropped onto the window.",
        );
        return;
    }
    view.chosen.keep(all);
    let entries = Arc::clone(&view.found.entries);
    if entries.is_empty() {
        empty(ui, "No run passes the search. Search for something shorter, or clear the field.");
        return;
    }
    let selected = entries.iter().find(|entry| Some(&entry.path) == view.selected.as_ref());
    let size = ui.available_size();
    let beside = size.x >= LIST_WIDTH + DETAILS_WIDTH + 2.0 * GAP;
    match selected {
        Some(entry) if beside => {
            ui.horizontal_top(|ui| {
                let column = Layout::top_down(Align::Min);
                let width = size.x - DETAILS_WIDTH - 3.0 * GAP;
                ui.allocate_ui_with_layout(vec2(width, size.y), column, |ui| {
                    ui.set_max_width(width);
                    table_ui(ui, &entries, view, actions);
                });
                ui.separator();
                ui.allocate_ui_with_layout(vec2(DETAILS_WIDTH, size.y), column, |ui| {
                    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| details_ui(ui, entry, actions));
                });
            });
        }
        Some(entry) => {
            brief_ui(ui, entry, actions);
            table_ui(ui, &entries, view, actions);
        }
        None => table_ui(ui, &entries, view, actions),
    }
}

fn controls_ui(ui: &mut Ui, shelf: &Shelf, all: &[Entry], view: &mut LibraryView, actions: &mut Actions) {
    ui.horizontal(|ui| {
        switch_ui(ui, false, actions);
        let width = (ui.available_width() - REST_WIDTH).clamp(LEAST_SEARCH_WIDTH, SEARCH_WIDTH);
        ui.add(TextEdit::singleline(&mut view.search).hint_text("Search").desired_width(width))
            .accessible_name("Search runs");
        let order = ComboBox::from_id_salt("runs order")
            .width(96.0)
            .selected_text(if view.reversed { "reversed" } else { view.sort.label() })
            .show_ui(ui, |ui| {
                for by in Sort::ALL {
                    if ui.selectable_label(view.sort == by, by.label()).clicked() {
                        (view.sort, view.reversed) = (by, false);
                    }
                }
            });
        order.response.accessible_name("Order of runs");
        limit_ui(ui, shelf, actions);
        open_button(ui, actions);
        compare_button(ui, view.chosen.paths().len(), actions);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let bytes = all.iter().map(|entry| entry.bytes).sum();
            let text = count_text(view.found.entries.len(), all.len(), bytes);
            ui.add(Label::new(RichText::new(text).weak()).truncate())
                .on_hover_text(format!("All runs together: {}", units::exact_bytes(bytes)));
        });
    });
}

fn count_text(found: usize, all: usize, bytes: u64) -> String {
    let count = |count: usize| units::count(count as u64);
    let of = if found == all { count(all) } else { format!("{} of {}", count(found), count(all)) };
    let noun = if all == 1 { "run" } else { "runs" };
    format!("{of} {noun} · {}", units::bytes(bytes))
}

pub(super) fn limit_ui(ui: &mut Ui, shelf: &Shelf, actions: &mut Actions) {
    let limit = shelf.limit();
    let text = |limit: Option<u64>| {
        limit.map_or_else(|| "no limit".to_owned(), |bytes| format!("at most {}", units::bytes(bytes)))
    };
    let combo =
        ComboBox::from_id_salt("runs limit").width(110.0).selected_text(text(limit)).show_ui(ui, |ui| {
            for choice in std::iter::once(None).chain(LIMITS.map(Some)) {
                if ui.selectable_label(limit == choice, text(choice)).clicked() && limit != choice {
                    let question = choice.and_then(|bytes| Question::about_limit(shelf, bytes, false));
                    let set = Action::Order(Job::SetLimit { limit: choice, for_good: false });
                    actions.push(question.map_or(set, Action::Ask));
                }
            }
        });
    combo
        .response
        .on_hover_text(
            "How much room runs and experiments may take. Beyond it the oldest are moved to the trash, never the newest, a \
             pinned run or an open experiment. You are asked before a limit moves any",
        )
        .accessible_name("Limit of room");
}

fn open_button(ui: &mut Ui, actions: &mut Actions) {
    if ui.button("Open file…").on_hover_text("Open run files from anywhere (Ctrl+O)").clicked() {
        actions.push(Action::ChooseRuns);
    }
}

/// What each column shows and is sorted by, and whether it holds numbers.
const COLUMNS: [(&str, Sort, bool); 6] = [
    ("Run", Sort::Name, false),
    ("Began", Sort::Time, false),
    ("Time", Sort::Wall, true),
    ("Status", Sort::Status, false),
    ("Tasks ok", Sort::Tasks, true),
    ("Size", Sort::Size, true),
];

fn table_ui(ui: &mut Ui, entries: &[Entry], view: &mut LibraryView, actions: &mut Actions) {
    let font = TextStyle::Body.resolve(ui.style());
    let widest = view.found.widest_tasks.clone();
    let tasks = ui.painter().layout_no_wrap(widest, font, Color32::PLACEHOLDER).size().x.ceil();
    bars_beside(ui);
    let mut table = TableBuilder::new(ui)
        .id_salt("library table")
        .striped(true)
        .sense(Sense::click())
        .auto_shrink([false, false])
        .min_scrolled_height(0.0)
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Column::exact(CHOICE_WIDTH))
        .column(Column::remainder().at_least(150.0).clip(true))
        .column(Column::exact(138.0))
        .column(Column::exact(70.0))
        .column(Column::exact(88.0))
        .column(Column::exact((tasks + 2.0 * NUMBER_MARGIN).max(LEAST_TASKS_WIDTH)))
        .column(Column::exact(68.0));
    if std::mem::take(&mut view.reveal)
        && let Some(at) = entries.iter().position(|entry| Some(&entry.path) == view.selected.as_ref())
    {
        table = table.scroll_to_row(at, None);
    }
    table
        .header(ROW_HEIGHT, |mut row| {
            row.col(|_| {});
            for (title, by, number) in COLUMNS {
                row.col(|ui| sort_heading(ui, title, by, number, view));
            }
        })
        .body(|body| {
            body.rows(ROW_HEIGHT, entries.len(), |mut row| {
                let entry = &entries[row.index()];
                entry_row(&mut row, (entry, entries), view, actions);
            });
        });
}

/// A column's name that sorts by it; once more, the other way round.
fn sort_heading(ui: &mut Ui, title: &str, by: Sort, number: bool, view: &mut LibraryView) {
    let is_sorted = view.sort == by;
    let text = RichText::new(title).strong();
    let arrow = if view.reversed { Icon::Up } else { Icon::Down };
    let button = match (is_sorted, number) {
        (true, true) => Button::new((arrow.atom(), text)),
        (true, false) => Button::new((text, arrow.atom())),
        (false, _) => Button::new(text),
    };
    let button = button.frame(false);
    if by == Sort::Name {
        // The names below are buttons with a margin.
        ui.add_space(ui.spacing().button_padding.x);
    }
    let response = if number { at_right(ui, |ui| ui.add(button)) } else { ui.add(button) };
    let response = response
        .on_hover_text(format!("Sort {}; once more, the other way round", by.label()))
        .accessible_name(format!("Sort by {}", title.to_lowercase()));
    if response.clicked() {
        view.reversed = is_sorted && !view.reversed;
        view.sort = by;
    }
}

fn entry_row(
    row: &mut TableRow<'_, '_>,
    (entry, entries): (&Entry, &[Entry]),
    view: &mut LibraryView,
    actions: &mut Actions,
) {
    let is_selected = view.selected.as_ref() == Some(&entry.path);
    row.set_selected(is_selected);
    row.col(|ui| choice_ui(ui, entry, &mut view.chosen));
    let mut name: Option<Response> = None;
    row.col(|ui| {
        let (text, hint) = (entry.name(), entry.file_name());
        let button = if entry.is_pinned() {
            Button::selectable(false, (Icon::Pin.atom(), &*text))
        } else {
            Button::selectable(false, &*text)
        };
        let pinned = if entry.is_pinned() { ", pinned" } else { "" };
        name = Some(
            ui.add(button.truncate())
                .on_hover_text(format!("{hint}{pinned}"))
                .accessible_name(format!("{text}{pinned}")),
        );
    });
    let brief = entry.brief.as_ref().ok();
    row.col(|ui| text_ui(ui, time_text(entry.time_unix_ns(), &TimeZone::system())));
    let wall = brief.and_then(|brief| brief.wall_ns).map_or_else(Shown::none, Shown::duration);
    let tasks = brief.map_or_else(|| "–".to_owned(), tasks_text);
    number_cell(row, wall);
    row.col(|ui| {
        let color = status_color(&Palette::of(ui), entry);
        let status =
            ui.add(Label::new(RichText::new(entry.status()).color(color)).selectable(false).truncate());
        if let Err(why) = &entry.brief {
            status.on_hover_text(why);
        }
    });
    number_cell(row, tasks);
    number_cell(row, Shown::bytes(entry.bytes));
    let mut response = row.response();
    if let Some(name) = name {
        response |= name;
    }
    if response.clicked() || response.secondary_clicked() {
        let modifiers = response.ctx.input(|input| input.modifiers);
        if response.clicked() {
            view.chosen.click(entry, entries, view.selected.as_ref(), modifiers);
        }
        view.selected = Some(entry.path.clone());
        // What is told of it may take the place where its row was.
        view.reveal = true;
        response.ctx.request_repaint();
    }
    if response.double_clicked() && entry.brief.is_ok() {
        actions.push(Action::OpenRuns(vec![entry.path.clone()]));
    }
    menu_ui(&response, entry, actions);
}

/// Text that leaves clicks to its row.
fn text_ui(ui: &mut Ui, text: String) {
    ui.add(Label::new(text).selectable(false));
}

fn status_color(palette: &Palette, entry: &Entry) -> Color32 {
    match entry.status() {
        "finished" if entry.brief.as_ref().is_ok_and(|brief| brief.tally.all_ok()) => palette.text,
        "running" => palette.text,
        "finished" | "interrupted" | "cut off" => palette.warning,
        _ => palette.error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Brief;

    fn entry(stem: &str, started: u64) -> Entry {
        let brief = Brief {
            title: format!("run {stem}"),
            status: "finished".to_owned(),
            started_unix_ns: Some(started),
            ..Brief::default()
        };
        Entry {
            path: PathBuf::from(format!("/runs/{stem}.pscope")),
            bytes: 10,
            modified_unix_ns: started,
            brief: Ok(brief),
        }
    }

    #[test]
    fn what_is_found_follows_search_order_and_the_list() {
        let names = |found: &Found| found.entries.iter().map(Entry::name).collect::<Vec<_>>();
        let mut all = vec![entry("b", 2), entry("a", 1)];
        let mut found = Found::default();
        found.update(1, &all, "", (Sort::Time, false));
        assert_eq!(names(&found), ["run b", "run a"]);
        found.update(1, &all, "", (Sort::Name, false));
        assert_eq!(names(&found), ["run a", "run b"]);
        found.update(1, &all, " B ", (Sort::Name, false));
        assert_eq!(names(&found), ["run b"]);
        all.push(entry("bb", 3));
        found.update(1, &all, " B ", (Sort::Name, false));
        assert_eq!(names(&found), ["run b"], "nothing new was told");
        found.update(2, &all, " B ", (Sort::Name, false));
        assert_eq!(names(&found), ["run b", "run bb"]);
        found.update(2, &all, " B ", (Sort::Name, true));
        assert_eq!(names(&found), ["run bb", "run b"], "the other way round");
    }

    #[test]
    fn the_count_tells_how_much_is_kept() {
        assert_eq!(count_text(2, 12, 3_100_000), "2 of 12 runs · 3.10 MB");
        assert_eq!(count_text(12, 12, 0), "12 runs · 0 B");
        assert_eq!(count_text(1, 1, 0), "1 run · 0 B");
    }
}
