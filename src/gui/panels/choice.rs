//! Runs of the library that are chosen to be compared: by their boxes, or by clicks with Ctrl and Shift.

use std::path::{Path, PathBuf};

use eframe::egui::{Button, Checkbox, Modifiers, Ui};

use crate::{
    analysis::MOST_COMPARED,
    gui::action::{Action, Actions},
    library::Entry,
};

/// Of the column of boxes.
pub(super) const CHOICE_WIDTH: f32 = 20.0;

/// In the order in which they were chosen.
#[derive(Debug, Default)]
pub(super) struct Choice {
    paths: Vec<PathBuf>,
}

/// What is still going, or cannot be read, has no figures.
fn may_be_chosen(entry: &Entry) -> bool {
    entry.brief.is_ok() && !entry.is_live()
}

impl Choice {
    pub(super) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    fn has(&self, path: &Path) -> bool {
        self.paths.iter().any(|chosen| chosen == path)
    }

    fn set(&mut self, entry: &Entry, on: bool) {
        self.paths.retain(|path| *path != entry.path);
        if on && may_be_chosen(entry) {
            self.paths.push(entry.path.clone());
        }
    }

    /// Forgets those that are gone.
    pub(super) fn keep(&mut self, all: &[Entry]) {
        self.paths.retain(|path| all.iter().any(|entry| entry.path == *path));
    }

    /// With Ctrl a click chooses a run, or no longer; with Shift all from the one that was clicked before. What was clicked
    /// before belongs to what is chosen first.
    pub(super) fn click(
        &mut self,
        entry: &Entry,
        entries: &[Entry],
        before: Option<&PathBuf>,
        modifiers: Modifiers,
    ) {
        let place = |path: &Path| entries.iter().position(|entry| entry.path == path);
        let before = before.and_then(|path| place(path));
        let Some(here) = place(&entry.path).filter(|_| modifiers.command || modifiers.shift) else { return };
        match before {
            Some(before) if modifiers.shift => {
                for entry in &entries[before.min(here)..=before.max(here)] {
                    if !self.has(&entry.path) {
                        self.set(entry, true);
                    }
                }
            }
            _ => {
                if let Some(before) = before.filter(|before| self.paths.is_empty() && *before != here) {
                    self.set(&entries[before], true);
                }
                let on = !self.has(&entry.path);
                self.set(entry, on);
            }
        }
    }
}

/// The box before one run.
pub(super) fn choice_ui(ui: &mut Ui, entry: &Entry, choice: &mut Choice) {
    let mut on = choice.has(&entry.path);
    let response = ui
        .add_enabled(may_be_chosen(entry), Checkbox::without_text(&mut on))
        .on_hover_text(
            "Choose it, to compare it with others (Ctrl and click, or Shift and click for several)",
        )
        .accessible_name(format!("Choose {}", entry.name()));
    if response.changed() {
        choice.set(entry, on);
    }
}

pub(super) fn compare_button(ui: &mut Ui, chosen: usize, actions: &mut Actions) {
    if chosen == 0 {
        return;
    }
    let runs = if chosen == 1 { "run" } else { "runs" };
    let (least, most) = (MOST_COMPARED.start(), MOST_COMPARED.end());
    let response = ui
        .add_enabled(MOST_COMPARED.contains(&chosen), Button::new(format!("Compare {chosen} {runs}")))
        .on_hover_text("Set the chosen runs against the first of them, in a table")
        .on_disabled_hover_text(format!("From {least} to {most} runs can be compared"));
    if response.clicked() {
        actions.push(Action::CompareChosen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Brief;

    fn entry(name: &str, status: &str) -> Entry {
        let brief = Brief { status: status.to_owned(), is_recorded: status == "running", ..Brief::default() };
        Entry { path: PathBuf::from(name), bytes: 1, modified_unix_ns: 1, brief: Ok(brief) }
    }

    #[test]
    fn clicks_choose_one_more_one_fewer_or_all_between() {
        let names = ["a", "b", "c", "d"];
        let entries: Vec<Entry> =
            names.iter().map(|name| entry(name, if *name == "c" { "running" } else { "finished" })).collect();
        let (plain, ctrl, shift) = (Modifiers::NONE, Modifiers::COMMAND, Modifiers::SHIFT);
        for (clicks, expected) in [
            (&[("a", plain), ("b", plain)][..], &[][..]),
            (&[("b", plain), ("a", ctrl)], &["b", "a"]),
            (&[("b", plain), ("a", ctrl), ("b", ctrl)], &["a"]),
            (&[("d", ctrl), ("d", ctrl)], &[]),
            (&[("d", plain), ("a", shift)], &["a", "b", "d"]),
            (&[("a", shift), ("b", shift)], &["a", "b"]),
            (&[("b", ctrl), ("d", shift), ("d", ctrl)], &["b"]),
            // One that still goes has no figures.
            (&[("c", ctrl)], &[]),
        ] {
            let (mut choice, mut before) = (Choice::default(), None);
            for (name, modifiers) in clicks {
                let clicked = entries.iter().find(|entry| entry.path == Path::new(name)).expect("an entry");
                choice.click(clicked, &entries, before.as_ref(), *modifiers);
                before = Some(clicked.path.clone());
            }
            let chosen: Vec<&str> = choice.paths().iter().filter_map(|path| path.to_str()).collect();
            assert_eq!(chosen, expected, "{clicks:?}");
        }
    }

    #[test]
    fn what_is_gone_is_not_chosen_any_more() {
        let mut choice = Choice::default();
        let (a, b) = (entry("a", "finished"), entry("b", "finished"));
        choice.set(&a, true);
        choice.set(&b, true);
        choice.keep(std::slice::from_ref(&b));
        assert_eq!(choice.paths(), [PathBuf::from("b")]);
    }
}
