//! The line at the bottom: how the run stands, what happened last, and what the window itself costs.

use eframe::egui::{Align, Button, Color32, Label, Layout, RichText, Sense, TextStyle, Ui, accesskit, vec2};

use crate::{
    analysis::{culprit, first_failure},
    event::Status,
    gui::{
        action::{Action, Actions},
        icons::Icon,
        notices::Said,
        pacing::{Figures, Quiet},
        replay::Player,
        runs::{Run, Runs},
        theme::{DOT_RADIUS, GAP_HAIR, GAP_LARGE, Palette},
    },
    store::{Phase, RunStore, Tally},
    units,
};

/// Why a run may end before its pool was ready.
pub(crate) const READY_ABOUT: &str = "Until the last worker of the pool was ready. Tasks begin with the first worker, so \
    that a short run may have done all of them before the others were there";
const QUIET_ABOUT: &str = "Paint a run that goes once a second, so that looking costs less; the pointer still paints. On by \
    itself while Run both is timed";
/// Hints, of which those are shown that there is room for. The first leads to all others.
const HINTS: [&str; 6] =
    ["Ctrl+P all commands", "Space run or stop", "F fit", "L follow", "+ − workers", "Ctrl+E export"];
const LESSON_HINTS: [&str; 3] = ["Ctrl+P all commands", "Space run or stop", "Esc back to the lab"];
const REPLAY_HINTS: [&str; 4] =
    ["Ctrl+P all commands", "Space play or pause the replay", "F fit", "Ctrl+E export"];

/// What the line must know beside the runs.
#[derive(Clone, Copy)]
pub(crate) struct StatusState<'a> {
    /// What the window did last, such as a file it saved.
    pub(crate) said: Option<Said<'a>>,
    /// What the window itself costs, while there is something to pace.
    pub(crate) figures: Option<Figures>,
    pub(crate) first_frame_ns: Option<u64>,
    pub(crate) quiet: Quiet,
    /// The lessons are shown, which tell of their runs themselves.
    pub(crate) in_lessons: bool,
}

pub(crate) fn status_ui(ui: &mut Ui, runs: &Runs, state: StatusState<'_>, actions: &mut Actions) {
    ui.horizontal(|ui| {
        let shown = runs.live().or_else(|| runs.shown());
        let shown = shown.filter(|_| !state.in_lessons);
        let text = match shown {
            Some(run) => run_text(run),
            None if state.in_lessons => "Lessons".to_owned(),
            None => "Ready".to_owned(),
        };
        let palette = Palette::of(ui);
        let color =
            shown.map_or(palette.text_weak, |run| phase_color(&palette, run.store.phase, run.store.tally));
        let (rect, _) = ui.allocate_exact_size(vec2(DOT_RADIUS * 2.0 + GAP_HAIR, GAP_LARGE), Sense::hover());
        ui.painter().circle_filled(rect.center(), DOT_RADIUS, color);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            quiet_ui(ui, state.quiet, actions);
            let plays = |run: &Run| run.player.as_ref().is_some_and(Player::is_playing);
            cost_ui(ui, runs.live().is_some() || runs.shown().is_some_and(plays), state);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(text.as_str()).truncate()).on_hover_ui(|ui| {
                    ui.label(shown.map_or_else(|| text.clone(), |run| details(&run.store)));
                });
                if runs.waiting() > 0 {
                    ui.weak("· threads follow");
                }
                if let Some(said) = state.said {
                    said_ui(ui, said, actions);
                } else {
                    let replays = runs.shown().is_some_and(|run| run.player.is_some());
                    let hints = match replays {
                        _ if state.in_lessons => &LESSON_HINTS[..],
                        true => &REPLAY_HINTS,
                        false => &HINTS,
                    };
                    hint_ui(ui, hints);
                }
            });
        });
    });
}

/// As many hints as fit: half of one helps nobody.
fn hint_ui(ui: &mut Ui, hints: &[&str]) {
    let font = TextStyle::Body.resolve(ui.style());
    let room = ui.available_width() - GAP_LARGE;
    let fits = |count: &usize| {
        let text = hints[..*count].join(" · ");
        ui.painter().layout_no_wrap(text, font.clone(), Color32::PLACEHOLDER).size().x <= room
    };
    if let Some(count) = (1..=hints.len()).rev().find(fits) {
        ui.weak(hints[..count].join(" · "));
    }
}

/// What went well, until it has faded or somebody waves it away.
fn said_ui(ui: &mut Ui, said: Said<'_>, actions: &mut Actions) {
    ui.ctx().request_repaint_after(said.next);
    ui.weak("·");
    if ui.small_button("Copy").accessible_name("Copy message").clicked() {
        actions.push(Action::Copy(said.text.to_owned()));
    }
    if ui.add(Button::new(Icon::Close.atom()).small()).accessible_name("Dismiss message").clicked() {
        actions.push(Action::Hush);
    }
    let text = RichText::new(said.text);
    let text = if said.weak { text.weak() } else { text };
    let label = ui.add(Label::new(text).truncate()).on_hover_text(said.text);
    ui.ctx().accesskit_node_builder(label.id, |node| node.set_live(accesskit::Live::Polite));
}

fn quiet_ui(ui: &mut Ui, quiet: Quiet, actions: &mut Actions) {
    let name = if quiet.is_automatic() { "Quiet (timing)" } else { "Quiet" };
    let response = ui
        .add(Button::selectable(quiet.is_on(), RichText::new(name).small()).small())
        .on_hover_text(QUIET_ABOUT);
    if response.clicked() {
        actions.push(Action::ToggleQuiet);
    }
}

/// What the window itself costs. It is told with frames that are painted anyway, and asks for none.
/// More frames a second than this, while nothing moves by itself, are due to somebody's hand.
const HAND_FPS: f64 = 5.0;
/// So long after the last of them the window is idle.
const IDLE_AFTER: std::time::Duration = std::time::Duration::from_millis(1500);

fn cost_ui(ui: &mut Ui, moving: bool, state: StatusState<'_>) {
    let hurried = state.figures.is_some_and(|figures| figures.frames_per_second > HAND_FPS);
    let text = match state.figures {
        Some(figures) if moving || hurried => figures_text(figures),
        _ => "UI idle".to_owned(),
    };
    if hurried && !moving {
        // One frame more, to say that it is idle again.
        ui.ctx().request_repaint_after(IDLE_AFTER);
    }
    ui.label(RichText::new(text).small().weak()).on_hover_text(cost_details(moving, state));
}

fn cost_details(moving: bool, state: StatusState<'_>) -> String {
    let mut lines = Vec::new();
    match state.figures {
        Some(figures) => {
            if !moving {
                lines.push("Nothing is painted while nothing changes. When something last did:".to_owned());
            }
            lines.push(format!(
                "{} of CPU time for one frame, of all threads of this window",
                units::exact_duration(figures.cost_ns)
            ));
            lines.push(format!("{:.2} frames/s", figures.frames_per_second));
            lines.push(format!("{} of a core for this whole process", units::exact_percent(figures.cores)));
        }
        None => lines.push("Nothing is painted while nothing changes".to_owned()),
    }
    lines.extend(
        state.first_frame_ns.map(|ns| format!("First frame {} after the start", units::duration(ns))),
    );
    lines.push("None of it runs inside the pool".to_owned());
    lines.join("\n")
}

fn figures_text(figures: Figures) -> String {
    format!(
        "UI {}/frame · {:.0} fps · poolscope {} of a core",
        units::duration(figures.cost_ns),
        figures.frames_per_second,
        units::percent(figures.cores)
    )
}

fn phase_color(palette: &Palette, phase: Phase, tally: Tally) -> Color32 {
    match phase {
        Phase::Starting => palette.text_weak,
        Phase::Running => palette.running,
        Phase::Ended(Status::Finished) if tally.all_ok() => palette.rate,
        Phase::Paused | Phase::Stopping | Phase::Ended(Status::Finished | Status::Interrupted) => {
            palette.warning
        }
        Phase::Ended(Status::Failed | Status::Lost) => palette.error,
    }
}

/// How the run stands; in a replay, how it stood then.
fn run_text(run: &Run) -> String {
    let text = state_text(&run.store);
    match run.player {
        Some(_) => format!("Replay at {}: {text}", units::duration(run.store.now_ns)),
        None => text,
    }
}

/// `Finished: 64 of 64 tasks ok in 1.24 s`.
pub(crate) fn state_text(store: &RunStore) -> String {
    let because = store.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
    match store.phase {
        Phase::Starting => "Starting".to_owned(),
        Phase::Running => "Running".to_owned(),
        Phase::Paused => "Paused".to_owned(),
        Phase::Stopping => "Stopping".to_owned(),
        Phase::Ended(Status::Finished) => {
            format!("Finished: {} in {}", tally_text(store.tally), units::duration(store.last_end_ns))
        }
        Phase::Ended(Status::Interrupted) => {
            format!("Interrupted: {}{}", tally_text(store.tally), because.replacen(": ", "; ", 1))
        }
        Phase::Ended(Status::Failed) => format!("Failed{because}"),
        Phase::Ended(Status::Lost) => {
            let under = culprit(store).map_or_else(String::new, |under| format!(", {under}"));
            format!("Lost{because}{under}")
        }
    }
}

/// What the line leaves out: rounded times to the last digit, and what went wrong first.
fn details(store: &RunStore) -> String {
    let mut lines = vec![state_text(store)];
    if store.last_end_ns > 0 {
        lines.push(format!("Time: {}", units::exact_duration(store.last_end_ns)));
    }
    if let Some(ready_ns) = store.ready_ns {
        lines.push(format!("Every worker ready after {}", units::exact_duration(ready_ns)));
        if !store.phase.is_live() && ready_ns > store.last_end_ns {
            lines.push(READY_ABOUT.to_owned());
        }
    }
    lines.extend(first_failure(store).map(|failure| format!("First failure: {failure}")));
    lines.join("\n")
}

/// How a run stands, for a row among others.
pub(crate) fn brief_text(store: &RunStore) -> String {
    if let Phase::Ended(Status::Finished | Status::Interrupted) = store.phase {
        return tally_text(store.tally);
    }
    let text = state_text(store);
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// `64 of 64 tasks ok`, and what else became of them.
fn tally_text(tally: Tally) -> String {
    let mut parts = vec![format!(
        "{} of {} tasks ok",
        units::count(u64::from(tally.ok)),
        units::count(u64::from(tally.total))
    )];
    for (count, word) in &tally.classes()[1..] {
        if *count > 0 {
            parts.push(format!("{} {word}", units::count(u64::from(*count))));
        }
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(phase: Phase, tally: Tally, reason: Option<&str>) -> RunStore {
        let mut store = RunStore::default();
        (store.phase, store.tally) = (phase, tally);
        store.reason = reason.map(Into::into);
        store.last_end_ns = 1_240_000_000;
        store
    }

    #[test]
    fn an_ended_run_tells_what_became_of_its_tasks() {
        let tally = Tally { total: 64, ok: 60, failed: 3, crashed: 1, ..Tally::default() };
        let store = store(Phase::Ended(Status::Finished), tally, None);
        assert_eq!(state_text(&store), "Finished: 60 of 64 tasks ok, 3 failed, 1 crashed in 1.24 s");
    }

    #[test]
    fn a_lost_run_says_why() {
        let store = store(Phase::Ended(Status::Lost), Tally::default(), Some("engine ended by SIGSEGV"));
        assert_eq!(state_text(&store), "Lost: engine ended by SIGSEGV");
    }

    #[test]
    fn a_row_says_it_in_short_and_leaves_names_as_they_are() {
        let lost = store(Phase::Ended(Status::Lost), Tally::default(), Some("engine ended by SIGSEGV"));
        assert_eq!(brief_text(&lost), "lost: engine ended by SIGSEGV");
        let tally = Tally { total: 2, ok: 2, ..Tally::default() };
        assert_eq!(brief_text(&store(Phase::Ended(Status::Finished), tally, None)), "2 of 2 tasks ok");
    }

    #[test]
    fn figures_name_cost_rate_and_share() {
        let figures = Figures { cost_ns: 4_200_000, frames_per_second: 29.6, cores: 0.125 };
        assert_eq!(figures_text(figures), "UI 4.20 ms/frame · 30 fps · poolscope 12 % of a core");
    }
}
