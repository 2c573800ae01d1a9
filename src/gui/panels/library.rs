//! The runs that are kept on this machine: found, sorted, opened, described and deleted.

use std::{path::PathBuf, sync::Arc};

use eframe::egui::{
    Align, Button, ComboBox, Label, Layout, Response, RichText, ScrollArea, Sense, TextEdit, Ui, vec2,
};
use egui_extras::{Column, TableBuilder, TableRow};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    gui::{
        action::{Action, Actions},
        icons::Icon,
        questions::{Field, Question},
        shelf::{Job, Shelf},
        theme::{self, GAP, GAP_SMALL, Palette},
    },
    library::{Entry, LIMITS, Sort, matches, sort},
    record::Brief,
    units::{self, Shown},
};

use super::cells::{empty, heading, number_cell};

const ROW_HEIGHT: f32 = theme::CONTROL_ROW;
const SEARCH_WIDTH: f32 = 150.0;
/// Details stand beside the list where both have room, else above it.
const DETAILS_WIDTH: f32 = 300.0;
const LIST_WIDTH: f32 = 640.0;

/// What of the library is shown.
#[derive(Debug, Default)]
pub(crate) struct LibraryView {
    search: String,
    sort: Sort,
    selected: Option<PathBuf>,
    found: Found,
}

/// The entries that pass the search, in order: made anew only when something has changed.
#[derive(Debug, Default)]
struct Found {
    key: Option<(u64, String, Sort)>,
    entries: Arc<[Entry]>,
}

impl Found {
    fn update(&mut self, version: u64, all: &[Entry], search: &str, by: Sort) {
        let key = (version, search.trim().to_owned(), by);
        if self.key.as_ref() == Some(&key) {
            return;
        }
        let mut entries: Vec<Entry> = all.iter().filter(|entry| matches(entry, search)).cloned().collect();
        sort(&mut entries, by);
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
    view.found.update(shelf.version, all, &view.search, view.sort);
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
            buttons_ui(ui, entry, actions);
            if let Ok(brief) = &entry.brief
                && !brief.label.note.is_empty()
            {
                let note = brief.label.note.replace('\n', " ");
                ui.add(Label::new(RichText::new(note).weak()).truncate()).on_hover_text(&brief.label.note);
            }
            table_ui(ui, &entries, view, actions);
        }
        None => table_ui(ui, &entries, view, actions),
    }
}

fn controls_ui(ui: &mut Ui, shelf: &Shelf, all: &[Entry], view: &mut LibraryView, actions: &mut Actions) {
    ui.horizontal(|ui| {
        ui.add(TextEdit::singleline(&mut view.search).hint_text("Search").desired_width(SEARCH_WIDTH))
            .accessible_name("Search runs");
        let order = ComboBox::from_id_salt("runs order")
            .width(96.0)
            .selected_text(view.sort.label())
            .show_ui(ui, |ui| {
                for by in Sort::ALL {
                    ui.selectable_value(&mut view.sort, by, by.label());
                }
            });
        order.response.accessible_name("Order of runs");
        limit_ui(ui, shelf.limit(), all, actions);
        open_button(ui, actions);
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

fn limit_ui(ui: &mut Ui, limit: Option<u64>, all: &[Entry], actions: &mut Actions) {
    let text = |limit: Option<u64>| {
        limit.map_or_else(|| "no limit".to_owned(), |bytes| format!("at most {}", units::bytes(bytes)))
    };
    let combo =
        ComboBox::from_id_salt("runs limit").width(110.0).selected_text(text(limit)).show_ui(ui, |ui| {
            for choice in std::iter::once(None).chain(LIMITS.map(Some)) {
                if ui.selectable_label(limit == choice, text(choice)).clicked() && limit != choice {
                    let question = choice.and_then(|bytes| Question::about_limit(all, bytes, false));
                    let set = Action::Order(Job::SetLimit { limit: choice, for_good: false });
                    actions.push(question.map_or(set, Action::Ask));
                }
            }
        });
    combo
        .response
        .on_hover_text(
            "How much room runs may take. Beyond it the oldest are moved to the trash, never the newest or a pinned one. \
             You are asked before a limit moves any",
        )
        .accessible_name("Limit of room");
}

fn open_button(ui: &mut Ui, actions: &mut Actions) {
    if ui.button("Open file…").on_hover_text("Open run files from anywhere (Ctrl+O)").clicked() {
        actions.push(Action::ChooseRuns);
    }
}

fn table_ui(ui: &mut Ui, entries: &[Entry], view: &mut LibraryView, actions: &mut Actions) {
    TableBuilder::new(ui)
        .id_salt("library table")
        .striped(true)
        .sense(Sense::click())
        .auto_shrink([false, false])
        .min_scrolled_height(0.0)
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Column::remainder().at_least(150.0).clip(true))
        .column(Column::exact(138.0))
        .column(Column::exact(70.0))
        .column(Column::exact(88.0))
        .column(Column::exact(92.0))
        .column(Column::exact(68.0))
        .header(ROW_HEIGHT, |mut row| {
            for (title, number) in [
                ("Run", false),
                ("Began", false),
                ("Time", true),
                ("Status", false),
                ("Tasks ok", true),
                ("Size", true),
            ] {
                row.col(|ui| {
                    heading(ui, title, number);
                });
            }
        })
        .body(|body| {
            body.rows(ROW_HEIGHT, entries.len(), |mut row| {
                let entry = &entries[row.index()];
                entry_row(&mut row, entry, &mut view.selected, actions);
            });
        });
}

fn entry_row(
    row: &mut TableRow<'_, '_>,
    entry: &Entry,
    selected: &mut Option<PathBuf>,
    actions: &mut Actions,
) {
    let is_selected = selected.as_ref() == Some(&entry.path);
    row.set_selected(is_selected);
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
        *selected = Some(entry.path.clone());
    }
    if response.double_clicked() && entry.brief.is_ok() {
        actions.push(Action::OpenRuns(vec![entry.path.clone()]));
    }
    response.context_menu(|ui| {
        for (name, enabled, action) in choices(entry) {
            if ui.add_enabled(enabled, Button::new(name)).clicked() {
                actions.push(action);
                ui.close();
            }
        }
    });
}

/// Text that leaves clicks to its row.
fn text_ui(ui: &mut Ui, text: String) {
    ui.add(Label::new(text).selectable(false));
}

fn status_color(palette: &Palette, entry: &Entry) -> eframe::egui::Color32 {
    match entry.status() {
        "finished" if entry.brief.as_ref().is_ok_and(|brief| brief.tally.all_ok()) => palette.text,
        "running" => palette.text,
        "finished" | "interrupted" | "cut off" => palette.warning,
        _ => palette.error,
    }
}

fn time_text(unix_ns: u64, zone: &TimeZone) -> String {
    let time = Timestamp::from_nanosecond(i128::from(unix_ns)).unwrap_or(Timestamp::UNIX_EPOCH);
    time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Before its end a record does not tell how many tasks ended.
fn tasks_text(brief: &Brief) -> String {
    let total = units::count(u64::from(brief.tally.total));
    if brief.status == "running" {
        return format!("– / {total}");
    }
    format!("{} / {total}", units::count(u64::from(brief.tally.ok)))
}

/// What can be done with a run of the library: name, whether now, and what it does.
fn choices(entry: &Entry) -> [(&'static str, bool, Action); 6] {
    let path = &entry.path;
    let (readable, at_rest) = (entry.brief.is_ok(), !entry.is_live());
    let label = entry.brief.as_ref().map(|brief| brief.label.clone()).unwrap_or_default();
    let describe = |first| {
        Action::Ask(Question::Describe {
            path: path.clone(),
            title: entry.brief.as_ref().map_or_else(|_| entry.file_name(), |brief| brief.title.clone()),
            name: label.name.clone(),
            note: label.note.clone(),
            first,
            begun: false,
        })
    };
    let delete = Question::Delete { path: path.clone(), name: entry.name(), for_good: false };
    let pin = if label.pinned { "Unpin" } else { "Pin" };
    [
        ("Open", readable, Action::OpenRuns(vec![path.clone()])),
        ("Rename…", readable && at_rest, describe(Field::Name)),
        ("Note…", readable && at_rest, describe(Field::Note)),
        (pin, readable && at_rest, Action::Order(Job::Pin(path.clone(), !label.pinned))),
        ("Delete…", at_rest, Action::Ask(delete)),
        ("Copy path", true, Action::Copy(path.display().to_string())),
    ]
}

fn buttons_ui(ui: &mut Ui, entry: &Entry, actions: &mut Actions) {
    ui.horizontal_wrapped(|ui| {
        for (name, enabled, action) in choices(entry) {
            let why_not = if entry.is_live() { "It is being recorded" } else { "It cannot be read" };
            if ui.add_enabled(enabled, Button::new(name)).on_disabled_hover_text(why_not).clicked() {
                actions.push(action);
            }
        }
    });
}

fn details_ui(ui: &mut Ui, entry: &Entry, actions: &mut Actions) {
    ui.add(Label::new(RichText::new(entry.name()).strong()).wrap());
    match &entry.brief {
        Ok(brief) => {
            if !brief.label.name.is_empty() {
                ui.add(Label::new(&brief.title).wrap());
            }
            if !brief.complete && !entry.is_live() {
                ui.colored_label(Palette::of(ui).warning, "The record has gaps.");
            }
        }
        Err(why) => {
            ui.add(Label::new(RichText::new(why).color(Palette::of(ui).error)).wrap());
        }
    }
    ui.add(Label::new(RichText::new(entry.file_name()).weak().small()).truncate())
        .on_hover_text(entry.path.display().to_string());
    ui.add_space(GAP_SMALL);
    buttons_ui(ui, entry, actions);
    if let Ok(brief) = &entry.brief
        && !brief.label.note.is_empty()
    {
        ui.add_space(GAP_SMALL);
        ui.add(Label::new(&brief.label.note).wrap());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Tally;

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
        found.update(1, &all, "", Sort::Time);
        assert_eq!(names(&found), ["run b", "run a"]);
        found.update(1, &all, "", Sort::Name);
        assert_eq!(names(&found), ["run a", "run b"]);
        found.update(1, &all, " B ", Sort::Name);
        assert_eq!(names(&found), ["run b"]);
        all.push(entry("bb", 3));
        found.update(1, &all, " B ", Sort::Name);
        assert_eq!(names(&found), ["run b"], "nothing new was told");
        found.update(2, &all, " B ", Sort::Name);
        assert_eq!(names(&found), ["run b", "run bb"]);
    }

    #[test]
    fn a_file_that_cannot_be_read_can_only_be_deleted_or_found() {
        let mut entry = entry("x", 1);
        assert!(choices(&entry).iter().all(|(_, enabled, _)| *enabled));
        entry.brief = Err("why".to_owned());
        let enabled: Vec<_> =
            choices(&entry).into_iter().filter(|(_, enabled, _)| *enabled).map(|(name, ..)| name).collect();
        assert_eq!(enabled, ["Delete…", "Copy path"]);
    }

    #[test]
    fn numbers_and_times_are_told_as_people_read_them() {
        let tally = Tally { total: 4096, ok: 4095, ..Tally::default() };
        let mut brief = Brief { tally, ..Brief::default() };
        assert_eq!(tasks_text(&brief), "4\u{202f}095 / 4\u{202f}096");
        brief.status = "running".to_owned();
        assert_eq!(tasks_text(&brief), "– / 4\u{202f}096");
        assert_eq!(time_text(1_795_385_815_000_000_000, &TimeZone::UTC), "2026-11-22 22:16:55");
        assert_eq!(count_text(2, 12, 3_100_000), "2 of 12 runs · 3.10 MB");
        assert_eq!(count_text(12, 12, 0), "12 runs · 0 B");
        assert_eq!(count_text(1, 1, 0), "1 run · 0 B");
    }
}
