//! Everything that can be done in the window, in one table: what it is called, its keys, whether it can be done now, and
//! the action. The command palette lists this table and the keyboard is looked up in it, so that the two cannot disagree.

use eframe::egui::{Context, Key, KeyboardShortcut, ModifierNames, Modifiers, ThemePreference};

use super::{
    action::{Action, Actions, ExportKind, Panel},
    experiments::Inquiry,
    facts::{Facts, Replay},
    lessons::{LessonAction, Page, Place},
    plots::Align,
    replay::Control,
};
use crate::{analysis::MOST_COMPARED, spec::PRESETS, store::Phase};

const NO_RUN: &str = "There is no run to show yet";
const NO_LIVE_RUN: &str = "No run is going";
const NO_RESIZE: &str = "No run is going that can be resized";
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

pub(crate) fn key_text(key: KeyboardShortcut) -> String {
    // The sign rather than its name, as it stands on the key.
    let names = key.format(&ModifierNames::NAMES, false);
    let signs = [("Plus", "+"), ("Minus", "−"), ("OpenBracket", "["), ("CloseBracket", "]")];
    signs.into_iter().fold(names, |names, (name, sign)| names.replace(name, sign))
}

const fn plain(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

const fn alt(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::ALT, key)
}

const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn shift_ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers { shift: true, ..Modifiers::COMMAND }, key)
}

const SPACE: [KeyboardShortcut; 1] = [plain(Key::Space)];
/// Where plus needs the shift key, some keyboards tell of the key's other sign.
const PLUS: [KeyboardShortcut; 2] = [plain(Key::Plus), plain(Key::Equals)];
const MINUS: [KeyboardShortcut; 1] = [plain(Key::Minus)];
const DIGITS: [Key; 10] = [
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
    Key::Num9,
    Key::Num0,
];

/// All of them, in the order in which the palette lists them.
pub(crate) fn commands(facts: &Facts) -> Vec<Command> {
    let mut all = run_commands(facts);
    all.extend(view_commands(facts));
    all.extend(panel_commands(facts));
    all.extend(setup_commands(facts));
    all.extend(file_commands(facts));
    all.extend(window_commands(facts));
    all.extend(lesson_commands(facts));
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

fn lesson_commands(facts: &Facts) -> Vec<Command> {
    let open = facts.page != Page::Lab;
    let name = if open { "Close the lessons" } else { "Lessons" };
    let escape = if open { &[plain(Key::Escape)][..] } else { &[] };
    let mut all = vec![
        Command::new(name, Action::Lesson(LessonAction::Toggle)).keys(&[plain(Key::F1)]),
        Command::new("Back to the lab", Action::Lesson(LessonAction::Close))
            .keys(escape)
            .only_if(open, "The lab is what is shown"),
    ];
    let places = Place::bases().flat_map(Place::variants);
    all.extend(places.map(|place| {
        Command::new(format!("Lesson {}", place.title()), Action::Lesson(LessonAction::Go(place)))
    }));
    all
}

fn run_commands(facts: &Facts) -> Vec<Command> {
    let busy = facts.busy.then(|| "A run is going: stop it first".to_owned());
    let blocked = busy.clone().or_else(|| facts.blocked.clone());
    let blocked_too = blocked.clone();
    let (pause, can_pause) = match facts.phase {
        Some(Phase::Paused) => ("Resume", true),
        phase => ("Pause", phase == Some(Phase::Running)),
    };
    // In a replay it plays and pauses.
    let space = if facts.replay.is_on() && facts.page == Page::Lab { &[][..] } else { &SPACE[..] };
    let run = match facts.page {
        Page::Lesson => Command::new("Run the lesson", Action::Lesson(LessonAction::Run)).off(busy.clone()),
        _ => Command::new("Run", Action::Run).off(blocked.clone()),
    };
    let mut all = vec![
        run.keys(space),
        Command::new("Run both and compare", Action::RunBoth).keys(&[plain(Key::B)]).off(blocked),
        Command::new("Start the experiment", Action::StartExperiment)
            .keys(&[plain(Key::X)])
            .off(busy.clone().or_else(|| facts.experiment_blocked.clone())),
        Command::new(pause, Action::TogglePause).keys(&[plain(Key::P)]).only_if(can_pause, NO_LIVE_RUN),
        Command::new("Stop", Action::Stop).keys(space).only_if(facts.busy, NO_LIVE_RUN),
    ];
    all.extend(Inquiry::ALL.map(|inquiry| {
        Command::new(format!("Experiment: {}", inquiry.label()), Action::Inquire(inquiry))
            .off(blocked_too.clone())
    }));
    let size = facts.size.unwrap_or(1);
    let resizable = facts.size.is_some();
    let smaller = facts.size.is_some_and(|size| size > 1);
    for (name, action, keys, may) in [
        ("One worker more", Action::Step(1), &PLUS[..], resizable),
        ("One worker fewer", Action::Step(-1), &MINUS, smaller),
        ("Twice as many workers", Action::Resize(size.saturating_mul(2)), &[], resizable),
        ("Half as many workers", Action::Resize((size / 2).max(1)), &[], smaller),
    ] {
        all.push(Command::new(name, action).keys(keys).only_if(may, NO_RESIZE));
    }
    all
}

fn view_commands(facts: &Facts) -> Vec<Command> {
    let follow = if facts.follows { "Stop following the newest moment" } else { "Follow the newest moment" };
    let lanes =
        if facts.by_core { "Timeline: a lane for each worker" } else { "Timeline: a lane for each core" };
    let replayed = facts.replay.is_on();
    let replay = if replayed { "Show the whole run instead of the replay" } else { "Replay" };
    let (play, control) = match facts.replay {
        Replay::Plays => ("Pause the replay", Control::Pause),
        _ => ("Play the replay", Control::Play),
    };
    let mut all = vec![
        Command::new("Fit the whole run", Action::Fit).keys(&[plain(Key::F)]).only_if(facts.shown, NO_RUN),
        Command::new("Back to the view before", Action::Retrace { back: true })
            .keys(&[alt(Key::ArrowLeft)])
            .only_if(facts.shown, NO_RUN),
        Command::new("Forward to the view after", Action::Retrace { back: false })
            .keys(&[alt(Key::ArrowRight)])
            .only_if(facts.shown, NO_RUN),
        Command::new("Mark a range from the cursor on", Action::Mark { start: true })
            .keys(&[plain(Key::OpenBracket)])
            .only_if(facts.shown, NO_RUN),
        Command::new("Mark a range up to the cursor", Action::Mark { start: false })
            .keys(&[plain(Key::CloseBracket)])
            .only_if(facts.shown, NO_RUN),
        Command::new("Find in the timeline", Action::Find).keys(&[ctrl(Key::F)]).only_if(facts.shown, NO_RUN),
        Command::new(lanes, Action::ToggleByCore).keys(&[plain(Key::C)]).only_if(facts.shown, NO_RUN),
        Command::new(follow, Action::ToggleFollow).keys(&[plain(Key::L)]).only_if(facts.shown, NO_RUN),
        Command::new(replay, Action::Replay(Control::Toggle))
            .keys(&[plain(Key::R)])
            .only_if(facts.replay != Replay::NotYet, "There is no run that has ended"),
        Command::new(play, Action::Replay(control))
            .keys(&SPACE)
            .only_if(replayed, "No run is being replayed"),
    ];
    all.extend(
        facts
            .others
            .iter()
            .map(|(id, title)| Command::new(format!("Show run {title}"), Action::ShowRun(*id))),
    );
    all
}

fn panel_commands(facts: &Facts) -> Vec<Command> {
    let mut all = Vec::new();
    for (panel, digit) in Panel::ALL.into_iter().zip(DIGITS) {
        let show = Command::new(format!("Go to {}", panel.label()), Action::ShowPanel(panel));
        all.push(show.keys(&[ctrl(digit)]));
    }
    for panel in Panel::ALL {
        let open = facts.open.contains(&panel);
        let name = format!("{} the panel {}", if open { "Close" } else { "Open" }, panel.label());
        all.push(Command::new(name, Action::SetPanel(panel, !open)));
    }
    let compared = facts.compared == Some(true);
    let name = if compared { "Show one run in the plots" } else { "Show two runs in the plots" };
    let why_not = "There are no two runs to compare";
    all.push(Command::new(name, Action::ToggleCompared).only_if(facts.compared.is_some(), why_not));
    let align = if facts.align == Align::Start { Align::FirstTask } else { Align::Start };
    let name = format!("Align two runs by {}", align.label());
    all.push(Command::new(name, Action::SetAlign(align)).only_if(compared, why_not));
    let why_not = "Choose two to eight runs in the panel Runs first";
    all.push(
        Command::new("Compare the chosen runs", Action::CompareChosen)
            .only_if(MOST_COMPARED.contains(&facts.chosen), why_not),
    );
    all.push(
        Command::new("Close the table of runs", Action::CloseSeveral)
            .only_if(facts.several, "There is no table of runs"),
    );
    let name = if facts.setup { "Close the setup" } else { "Open the setup" };
    all.push(Command::new(name, Action::ToggleSetup).keys(&[ctrl(Key::B)]));
    all.push(Command::new("Reset layout", Action::ResetLayout));
    all
}

fn setup_commands(facts: &Facts) -> Vec<Command> {
    let line = facts.line.clone();
    let mut all = vec![
        Command::new("Undo the last edit of the setup", Action::Undo)
            .keys(&[ctrl(Key::Z)])
            .only_if(facts.can_undo, "Nothing was edited"),
        Command::new("Redo the edit of the setup", Action::Redo)
            .keys(&[shift_ctrl(Key::Z), ctrl(Key::Y)])
            .only_if(facts.can_redo, "Nothing was undone"),
        Command::new("Copy as command line", Action::Copy(line.unwrap_or_default()))
            .keys(&[ctrl(Key::L)])
            .off(facts.blocked.clone().filter(|_| facts.line.is_none())),
    ];
    let presets = PRESETS.iter().map(|preset| preset.name).enumerate();
    all.extend(presets.map(|(at, name)| Command::new(format!("Preset: {name}"), Action::PickPreset(at))));
    let recents = facts.recents.iter().enumerate();
    all.extend(
        recents
            .map(|(at, title)| Command::new(format!("Recent {}: {title}", at + 1), Action::PickRecent(at))),
    );
    all
}

fn file_commands(facts: &Facts) -> Vec<Command> {
    let mut all = vec![
        Command::new("Open run files…", Action::ChooseRuns).keys(&[ctrl(Key::O)]),
        Command::new("Export menu", Action::OpenExportMenu)
            .keys(&[ctrl(Key::E)])
            .only_if(facts.shown, NO_RUN),
    ];
    for kind in ExportKind::GROUPS.iter().copied().flatten().copied() {
        let name = match kind {
            ExportKind::RunFile => kind.menu_text(),
            other => format!("Export {}", other.menu_text()),
        };
        all.push(Command::new(name, Action::Export(kind)).only_if(facts.shown, NO_RUN));
    }
    all
}

fn window_commands(facts: &Facts) -> Vec<Command> {
    let mut all: Vec<Command> = [
        (ThemePreference::System, "System theme"),
        (ThemePreference::Light, "Light theme"),
        (ThemePreference::Dark, "Dark theme"),
    ]
    .into_iter()
    .map(|(theme, name)| Command::new(name, Action::SetTheme(theme)))
    .collect();
    let quiet =
        if facts.quiet { "Paint as often as the budget allows" } else { "Quiet: paint once a second" };
    all.push(Command::new(quiet, Action::ToggleQuiet));
    if let Some(errors) = &facts.errors {
        all.push(Command::new("Dismiss all errors", Action::DismissErrors));
        all.push(Command::new("Copy all errors", Action::Copy(errors.clone())));
    }
    all.push(Command::new("Command palette", Action::TogglePalette).keys(&[ctrl(Key::P)]));
    all.push(Command::new("Quit", Action::Quit).keys(&[ctrl(Key::Q)]));
    all
}

/// Whether a text field that has the focus wants this key for itself. It has steps back and forth of its own.
fn is_for_text(key: KeyboardShortcut) -> bool {
    !key.modifiers.command || matches!(key.logical_key, Key::Z | Key::Y)
}

/// What is asked for by the keys that were pressed. They are taken away from whatever else would look at them, also where
/// the command is off: a space bar that cannot run must not press the button that was clicked last.
pub(crate) fn take_keys(
    ctx: &Context,
    commands: &[Command],
    may_take: impl Fn(KeyboardShortcut) -> bool,
) -> Actions {
    let typing = ctx.text_edit_focused();
    let mut keys: Vec<KeyboardShortcut> =
        commands.iter().flat_map(|command| &command.keys).copied().collect();
    // `Ctrl+Z` would take `Ctrl+Shift+Z` as well: the longer ones go first.
    keys.sort_by_key(|key| !key.modifiers.shift);
    keys.dedup();
    keys.retain(|&key| !(typing && is_for_text(key)) && may_take(key));
    keys.retain(|key| ctx.input_mut(|input| input.consume_shortcut(key)));
    keys.iter()
        .filter_map(|key| commands.iter().find(|command| command.off.is_none() && command.keys.contains(key)))
        .map(|command| command.action.clone())
        .collect()
}

/// How well a name answers a query: every word of the query must be in it, as a word's beginning at best, or as letters in
/// order at worst. `None` where it does not.
pub(crate) fn score(query: &str, name: &str) -> Option<u32> {
    let name = name.to_lowercase();
    query.to_lowercase().split_whitespace().map(|word| word_score(word, &name)).sum()
}

fn word_score(word: &str, name: &str) -> Option<u32> {
    let begins = |part: &str| part.starts_with(word);
    let is_gap = |letter: char| !letter.is_alphanumeric();
    if name.split(is_gap).any(|part| part == word) {
        return Some(4);
    }
    if name.split(is_gap).any(begins) {
        return Some(3);
    }
    if name.contains(word) {
        return Some(2);
    }
    let mut letters = name.chars();
    word.chars().all(|letter| letters.any(|other| other == letter)).then_some(1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

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

    #[test]
    fn words_are_found_in_any_order_and_beginnings_count_more() {
        let first = |query: &str| {
            let mut all: Vec<_> = commands(&Facts { shown: true, ..Facts::default() });
            all.retain(|command| score(query, &command.name).is_some());
            all.sort_by_key(|command| std::cmp::Reverse(score(query, &command.name)));
            all.into_iter().next().map(|command| command.name)
        };
        assert_eq!(first("run").as_deref(), Some("Run"));
        assert_eq!(first("json export").as_deref(), Some("Export Run JSON…"));
        assert_eq!(first("strag").as_deref(), Some("Preset: one straggler"));
        assert_eq!(first("cmdp").as_deref(), Some("Command palette"));
        assert_eq!(first("no such thing at all"), None);
    }
}
