//! One run of the library: what is known of it, and what can be done with it.

use eframe::egui::{Button, Label, Response, RichText, Ui};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    gui::{
        action::{Action, Actions},
        questions::{Field, Kept, Question},
        shelf::Job,
        theme::{GAP_SMALL, Palette},
    },
    library::Entry,
    record::Brief,
    units,
};

const LIVE: &str = "It is being recorded: it can be renamed, pinned and deleted once its run has ended.";

pub(crate) fn time_text(unix_ns: u64, zone: &TimeZone) -> String {
    let time = Timestamp::from_nanosecond(i128::from(unix_ns)).unwrap_or(Timestamp::UNIX_EPOCH);
    time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Of a run that goes on, what its record tells is old by the time it is read.
pub(super) fn tasks_text(brief: &Brief) -> String {
    let total = units::count(u64::from(brief.tally.total));
    if brief.status == "running" && brief.is_recorded {
        return format!("– / {total}");
    }
    format!("{} / {total}", units::count(u64::from(brief.tally.ok)))
}

/// What can be done with a run of the library: name, whether now, and what it does.
fn choices(entry: &Entry) -> [(&'static str, bool, Action); 7] {
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
    let pin = if label.pinned { "Unpin" } else { "Pin" };
    [
        ("Open", readable, Action::OpenRuns(vec![path.clone()])),
        ("Use spec", readable, Action::Order(Job::ReadSpec(path.clone()))),
        ("Rename…", readable && at_rest, describe(Field::Name)),
        ("Note…", readable && at_rest, describe(Field::Note)),
        (pin, readable && at_rest, Action::Order(Job::Pin(path.clone(), !label.pinned))),
        ("Delete…", at_rest, Action::Ask(delete_question(entry, false))),
        ("Copy path", true, Action::Copy(path.display().to_string())),
    ]
}

/// Whether to delete this run, told so that it cannot be taken for another.
pub(crate) fn delete_question(entry: &Entry, for_good: bool) -> Question {
    let began = time_text(entry.time_unix_ns(), &TimeZone::system());
    Question::Delete {
        what: Kept::Run,
        path: entry.path.clone(),
        name: entry.name(),
        about: format!("Began {began} · {} · {}", units::bytes(entry.bytes), entry.file_name()),
        for_good,
    }
}

/// Why something cannot be done with it now, if so.
fn why_not(entry: &Entry) -> Option<&str> {
    match &entry.brief {
        Err(why) => Some(why),
        Ok(_) => entry.is_live().then_some(LIVE),
    }
}

pub(super) fn menu_ui(response: &Response, entry: &Entry, actions: &mut Actions) {
    response.context_menu(|ui| {
        for (name, enabled, action) in choices(entry) {
            let why_not = why_not(entry).unwrap_or_default();
            if ui.add_enabled(enabled, Button::new(name)).on_disabled_hover_text(why_not).clicked() {
                actions.push(action);
                ui.close();
            }
        }
    });
}

fn buttons_ui(ui: &mut Ui, entry: &Entry, actions: &mut Actions) {
    ui.horizontal_wrapped(|ui| {
        for (name, enabled, action) in choices(entry) {
            let why_not = why_not(entry).unwrap_or_default();
            let response = ui.add_enabled(enabled, Button::new(name)).on_disabled_hover_text(why_not);
            let response = match name {
                "Use spec" => {
                    response.on_hover_text("Fill the form with what this run was made from, to run it again")
                }
                _ => response,
            };
            if response.clicked() {
                actions.push(action);
            }
        }
    });
}

fn why_not_ui(ui: &mut Ui, entry: &Entry) {
    if let Some(why) = why_not(entry) {
        let palette = Palette::of(ui);
        let color = if entry.brief.is_err() { palette.error } else { palette.text_weak };
        ui.add(Label::new(RichText::new(why).color(color)).wrap());
    }
}

/// In a line or two above the list, where there is no room beside it.
pub(super) fn brief_ui(ui: &mut Ui, entry: &Entry, actions: &mut Actions) {
    buttons_ui(ui, entry, actions);
    why_not_ui(ui, entry);
    if let Ok(brief) = &entry.brief
        && !brief.label.note.is_empty()
    {
        let note = brief.label.note.replace('\n', " ");
        ui.add(Label::new(RichText::new(note).weak()).truncate()).on_hover_text(&brief.label.note);
    }
}

pub(super) fn details_ui(ui: &mut Ui, entry: &Entry, actions: &mut Actions) {
    ui.add(Label::new(RichText::new(entry.name()).strong()).wrap());
    if let Ok(brief) = &entry.brief {
        if !brief.label.name.is_empty() {
            ui.add(Label::new(&brief.title).wrap());
        }
        if !brief.complete && !entry.is_live() {
            let text = if brief.status == "running" {
                "The record ends before the run: its session was ended."
            } else {
                "The record has gaps."
            };
            ui.add(Label::new(RichText::new(text).color(Palette::of(ui).warning)).wrap());
        }
    }
    why_not_ui(ui, entry);
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
    use std::path::PathBuf;

    use super::*;
    use crate::store::Tally;

    fn entry(status: &str, modified_unix_ns: u64) -> Entry {
        let brief = Brief { status: status.to_owned(), ..Brief::default() };
        Entry { path: PathBuf::from("/runs/x.pscope"), bytes: 10, modified_unix_ns, brief: Ok(brief) }
    }

    fn enabled(entry: &Entry) -> Vec<&'static str> {
        choices(entry).into_iter().filter(|(_, enabled, _)| *enabled).map(|(name, ..)| name).collect()
    }

    #[test]
    fn what_cannot_be_done_is_said_with_the_reason() {
        let mut entry = entry("finished", 1);
        assert_eq!((enabled(&entry).len(), why_not(&entry)), (choices(&entry).len(), None));
        entry.brief = Err("why".to_owned());
        assert_eq!(enabled(&entry), ["Delete…", "Copy path"]);
        assert_eq!(why_not(&entry), Some("why"));
        let mut live = self::entry("running", 1);
        if let Ok(brief) = &mut live.brief {
            brief.is_recorded = true;
        }
        assert_eq!(enabled(&live), ["Open", "Use spec", "Copy path"]);
        assert_eq!(why_not(&live), Some(LIVE));
        assert_eq!(why_not(&self::entry("running", 1)), None, "it was cut off");
    }

    #[test]
    fn two_runs_of_one_name_are_told_apart_before_one_is_deleted() {
        let Question::Delete { about, for_good: false, .. } = delete_question(&entry("finished", 1), false)
        else {
            panic!("a question before deleting")
        };
        assert!(about.starts_with("Began ") && about.ends_with("· 10 B · x.pscope"), "{about}");
    }

    #[test]
    fn numbers_and_times_are_told_as_people_read_them() {
        let tally = Tally { total: 4096, ok: 4095, ..Tally::default() };
        let mut brief = Brief { tally, ..Brief::default() };
        assert_eq!(tasks_text(&brief), "4\u{202f}095 / 4\u{202f}096");
        brief.status = "running".to_owned();
        assert_eq!(tasks_text(&brief), "4\u{202f}095 / 4\u{202f}096", "it was cut off");
        brief.is_recorded = true;
        assert_eq!(tasks_text(&brief), "– / 4\u{202f}096");
        assert_eq!(time_text(1_795_385_815_000_000_000, &TimeZone::UTC), "2026-11-22 22:16:55");
    }
}
