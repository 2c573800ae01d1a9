//! The lines of the table, by what they are about.

use eframe::egui::{Key, ThemePreference};

use super::{
    Command,
    keys::{DIGITS, MINUS, PLUS, SPACE, alt, ctrl, plain, shift_ctrl},
};
use crate::{
    analysis::MOST_COMPARED,
    gui::{
        action::{Action, ExportKind, Panel},
        experiments::Inquiry,
        facts::{Facts, Replay},
        lessons::{LessonAction, Page, Place},
        plots::Align,
        replay::Control,
    },
    spec::PRESETS,
    store::Phase,
};

pub(super) const NO_RUN: &str = "There is no run to show yet";
pub(super) const NO_LIVE_RUN: &str = "No run is going";
const NO_RESIZE: &str = "No run is going that can be resized";

pub(super) fn lesson_commands(facts: &Facts) -> Vec<Command> {
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

pub(super) fn run_commands(facts: &Facts) -> Vec<Command> {
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

pub(super) fn view_commands(facts: &Facts) -> Vec<Command> {
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

pub(super) fn panel_commands(facts: &Facts) -> Vec<Command> {
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

pub(super) fn setup_commands(facts: &Facts) -> Vec<Command> {
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

pub(super) fn file_commands(facts: &Facts) -> Vec<Command> {
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

pub(super) fn window_commands(facts: &Facts) -> Vec<Command> {
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
