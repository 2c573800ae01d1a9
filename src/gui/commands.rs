//! Everything that can be done in the window, in one table: what it is called, its keys, whether it can be done now, and
//! the action. The command palette lists this table and the keyboard is looked up in it, so that the two cannot disagree.

mod keys;
mod search;
mod table;

pub(crate) use keys::{key_text, take_keys};
pub(crate) use search::score;

use eframe::egui::KeyboardShortcut;

use super::{action::Action, facts::Facts, lessons::Page};

const IN_LESSONS: &str = "The lessons are open: go back to the lab first";
const SIGKILL: i32 = 9;

/// One thing that can be done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Command {
    pub(crate) name: String,
    /// The first is the one that is told of.
    pub(crate) keys: Vec<KeyboardShortcut>,
    /// Why it cannot be done now, where it cannot.
    pub(crate) off: Option<String>,
    pub(crate) action: Action,
}

impl Command {
    fn new(name: impl Into<String>, action: Action) -> Self {
        Self { name: name.into(), keys: Vec::new(), off: None, action }
    }

    fn keys(self, keys: &[KeyboardShortcut]) -> Self {
        Self { keys: keys.to_vec(), ..self }
    }

    /// Off unless it `may` be done.
    fn only_if(self, may: bool, why_not: &str) -> Self {
        if may { self } else { self.off(Some(why_not.to_owned())) }
    }

    fn off(self, why: Option<String>) -> Self {
        Self { off: why, ..self }
    }

    /// `Ctrl+P`, as a menu shows it; empty without a key.
    pub(crate) fn key_text(&self) -> String {
        self.keys.first().copied().map_or_else(String::new, key_text)
    }
}

/// All of them, in the order in which the palette lists them.
pub(crate) fn commands(facts: &Facts) -> Vec<Command> {
    let mut all = table::run_commands(facts);
    all.extend(table::view_commands(facts));
    all.extend(table::panel_commands(facts));
    all.extend(table::setup_commands(facts));
    all.extend(table::file_commands(facts));
    all.extend(table::window_commands(facts));
    all.extend(table::lesson_commands(facts));
    // Last, for there may be many.
    let workers = facts.killable.iter();
    all.extend(
        workers.map(|(id, name)| Command::new(format!("Kill {name} (SIGKILL)"), Action::Kill(*id, SIGKILL))),
    );
    if facts.page != Page::Lab {
        all.iter_mut().filter(|command| is_for_lab(&command.action)).for_each(|command| {
            command.off.get_or_insert_with(|| IN_LESSONS.to_owned());
        });
    }
    all
}

/// It does something to what only the lab shows.
fn is_for_lab(action: &Action) -> bool {
    matches!(
        action,
        Action::Run
            | Action::RunBoth
            | Action::StartExperiment
            | Action::Inquire(_)
            | Action::Fit
            | Action::Retrace { .. }
            | Action::Mark { .. }
            | Action::Find
            | Action::ToggleByCore
            | Action::ToggleFollow
            | Action::Replay(_)
            | Action::Undo
            | Action::Redo
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{
        keys::SPACE,
        table::{NO_LIVE_RUN, NO_RUN},
        *,
    };
    use crate::{gui::action::ExportKind, spec::PRESETS, store::Phase};

    #[test]
    fn a_key_means_one_thing_at_a_time_and_a_name_is_there_once() {
        for (busy, phase) in [(false, None), (true, Some(Phase::Running)), (true, Some(Phase::Paused))] {
            let facts = Facts { busy, phase, ..Facts::default() };
            let (mut keys, mut names) = (HashMap::new(), HashMap::new());
            for command in commands(&facts) {
                *names.entry(command.name.clone()).or_insert(0) += 1;
                for key in command.keys.iter().filter(|_| command.off.is_none()) {
                    *keys.entry(key_text(*key)).or_insert(0) += 1;
                }
            }
            assert!(keys.values().all(|count| *count == 1), "{keys:?}");
            assert!(names.values().all(|count| *count == 1), "{names:?}");
        }
    }

    #[test]
    fn the_space_bar_runs_or_stops_and_never_both() {
        let space = |facts: &Facts| -> Vec<Action> {
            let on = commands(facts).into_iter().filter(|command| command.off.is_none());
            on.filter(|command| command.keys == SPACE).map(|command| command.action).collect()
        };
        assert_eq!(space(&Facts::default()), [Action::Run]);
        assert_eq!(space(&Facts { busy: true, ..Facts::default() }), [Action::Stop]);
        let blocked = Facts { blocked: Some("workers".to_owned()), ..Facts::default() };
        assert_eq!(space(&blocked), []);
    }

    #[test]
    fn what_cannot_be_done_says_why() {
        let all = commands(&Facts { blocked: Some("workers: 0".to_owned()), ..Facts::default() });
        let off = |name: &str| all.iter().find(|command| command.name == name).unwrap().off.clone();
        assert_eq!(off("Run").as_deref(), Some("workers: 0"));
        assert_eq!(off("Stop").as_deref(), Some(NO_LIVE_RUN));
        assert_eq!(off("Export Run JSON…").as_deref(), Some(NO_RUN));
        assert_eq!(off("Quit"), None);
    }

    #[test]
    fn the_readme_tells_of_every_key() {
        let readme = include_str!("../../README.md");
        let table = readme.split("| keys | |").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap();
        for command in commands(&Facts::default()) {
            let key = command.key_text();
            // The panels' own are told of in one line.
            if !key.starts_with("Ctrl+") || !key.ends_with(|letter: char| letter.is_ascii_digit()) {
                assert!(table.contains(&key), "{key}: {}", command.name);
            }
        }
    }

    #[test]
    fn every_export_and_preset_is_a_command() {
        let all = commands(&Facts::default());
        for kind in ExportKind::GROUPS.iter().copied().flatten() {
            assert!(all.iter().any(|command| command.action == Action::Export(*kind)), "{kind:?}");
        }
        for at in 0..PRESETS.len() {
            assert!(all.iter().any(|command| command.action == Action::PickPreset(at)), "{at}");
        }
    }
}
