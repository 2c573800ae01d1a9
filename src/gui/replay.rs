//! A run that has ended, played again: the moment that the views stand at, and how fast it moves.

use std::sync::Arc;

use eframe::egui::{Align, Button, ComboBox, Layout, Slider, Ui};

use super::{
    action::{Action, Actions},
    icons::Icon,
    theme::GAP,
};
use crate::{
    store::{Replay, RunStore},
    time::NS_PER_S,
    units,
};

/// A whole run takes this long at [`Speed::Whole`].
const WHOLE_SECS: f64 = 10.0;
const TIME_WIDTH: f32 = 150.0;
const SPEED_WIDTH: f32 = 92.0;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Speed {
    /// The whole run in ten seconds, however long it took.
    #[default]
    Whole,
    /// So many seconds of the run in a second.
    Times(f64),
}

impl Speed {
    const ALL: [Self; 9] = [
        Self::Whole,
        Self::Times(0.1),
        Self::Times(0.25),
        Self::Times(0.5),
        Self::Times(1.0),
        Self::Times(2.0),
        Self::Times(5.0),
        Self::Times(10.0),
        Self::Times(100.0),
    ];

    fn label(self) -> String {
        match self {
            Self::Whole => format!("in {WHOLE_SECS:.0} s"),
            Self::Times(times) => format!("{times}×"),
        }
    }
}

/// What a person does with the replay of the shown run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Control {
    /// Begin from the start, or go back to the whole run.
    Toggle,
    Play,
    Pause,
    /// Stand at this moment of the run, in nanoseconds.
    Seek(u64),
    SetSpeed(Speed),
}

#[derive(Debug)]
pub(crate) struct Player {
    replay: Replay,
    /// In nanoseconds of the run; whole ones are told, parts are kept so that slow motion moves.
    at_ns: f64,
    speed: Speed,
    /// `CLOCK_MONOTONIC` at the last step, while it plays.
    playing_from_ns: Option<u64>,
}

impl Player {
    /// Begins at the start of the run, and plays.
    pub(crate) fn new(run: Arc<RunStore>, clock_ns: u64) -> Self {
        let playing_from_ns = Some(clock_ns);
        Self { replay: Replay::new(run), at_ns: 0.0, speed: Speed::default(), playing_from_ns }
    }

    pub(crate) fn whole(&self) -> &Arc<RunStore> {
        self.replay.whole()
    }

    pub(crate) fn moment(&self) -> Arc<RunStore> {
        self.replay.at(self.at_ns as u64)
    }

    pub(crate) fn is_playing(&self) -> bool {
        self.playing_from_ns.is_some()
    }

    fn end_ns(&self) -> f64 {
        self.whole().now_ns as f64
    }

    pub(crate) fn control(&mut self, control: Control, clock_ns: u64) {
        match control {
            Control::Play => {
                if self.at_ns >= self.end_ns() {
                    self.at_ns = 0.0;
                }
                self.playing_from_ns = Some(clock_ns);
            }
            Control::Pause => self.playing_from_ns = None,
            Control::Seek(at_ns) => self.at_ns = (at_ns as f64).min(self.end_ns()),
            Control::SetSpeed(speed) => self.speed = speed,
            Control::Toggle => {}
        }
    }

    /// Moves on to the moment that is due. True where that is another one than before.
    pub(crate) fn step(&mut self, clock_ns: u64) -> bool {
        let Some(from_ns) = self.playing_from_ns else { return false };
        let passed_secs = clock_ns.saturating_sub(from_ns) as f64 / NS_PER_S as f64;
        let per_sec = match self.speed {
            Speed::Whole => self.end_ns() / WHOLE_SECS,
            Speed::Times(times) => times * NS_PER_S as f64,
        };
        self.at_ns = (self.at_ns + passed_secs * per_sec).min(self.end_ns());
        // It stops at the end, and shows the run as it ended.
        self.playing_from_ns = (self.at_ns < self.end_ns()).then_some(clock_ns);
        true
    }
}

/// Play, pause, scrub and speed, in one line.
pub(crate) fn player_ui(ui: &mut Ui, player: &Player, actions: &mut Actions) {
    let mut ask = |control| actions.push(Action::Replay(control));
    ui.horizontal(|ui| {
        let (icon, name, control) = if player.is_playing() {
            (Icon::Pause, "Pause replay", Control::Pause)
        } else {
            (Icon::Play, "Play replay", Control::Play)
        };
        if ui
            .add(Button::new(icon.atom()))
            .on_hover_text(format!("{name} (Space)"))
            .accessible_name(name)
            .clicked()
        {
            ask(control);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let combo = ComboBox::from_id_salt("replay speed")
                .width(SPEED_WIDTH)
                .selected_text(player.speed.label())
                .show_ui(ui, |ui| {
                    for speed in Speed::ALL {
                        let chosen = player.speed == speed;
                        if ui.selectable_label(chosen, speed.label()).clicked() {
                            ask(Control::SetSpeed(speed));
                        }
                    }
                });
            combo.response.accessible_name("Replay speed");
            let end_ns = player.whole().now_ns;
            let text = format!("{} of {}", units::duration(player.at_ns as u64), units::duration(end_ns));
            ui.allocate_ui_with_layout(
                eframe::egui::vec2(TIME_WIDTH, ui.available_height()),
                Layout::left_to_right(Align::Center),
                |ui| {
                    ui.set_min_width(TIME_WIDTH);
                    ui.label(text);
                },
            );
            // In the run's own unit: by way of seconds its end would be missed by a rounding.
            let mut at_ns = player.at_ns;
            ui.spacing_mut().slider_width = (ui.available_width() - GAP).max(40.0);
            let slider = Slider::new(&mut at_ns, 0.0..=end_ns as f64).show_value(false);
            if ui.add(slider).accessible_name("Moment of the replay").changed() {
                ask(Control::Seek(at_ns as u64));
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        spec::Backend,
        store::testing::{finished, ok, run_started, spec, started, store},
    };

    fn player() -> Player {
        let events = [
            run_started(spec(Backend::Serial, 1, 2)),
            started(NS_PER_S, 0, 0, 0),
            ok(2 * NS_PER_S, 0, 0),
            started(2 * NS_PER_S, 0, 1, 0),
            ok(20 * NS_PER_S, 0, 1),
            finished(20 * NS_PER_S),
        ];
        Player::new(Arc::new(store(events)), 0)
    }

    #[test]
    fn a_run_of_twenty_seconds_is_over_in_ten_and_then_stops() {
        let mut player = player();
        assert_eq!(player.moment().tally.ok, 0);
        assert!(player.step(NS_PER_S * 3 / 2));
        assert_eq!((player.moment().now_ns, player.moment().tally.ok), (3 * NS_PER_S, 1));
        assert!(player.step(11 * NS_PER_S) && !player.is_playing());
        assert!(!player.moment().phase.is_live());
        assert!(!player.step(12 * NS_PER_S), "nothing moves any more");
        player.control(Control::Play, 13 * NS_PER_S);
        assert_eq!(player.moment().now_ns, 0, "from the start again");
    }

    #[test]
    fn speed_pause_and_seek_do_what_they_say() {
        let mut player = player();
        player.control(Control::SetSpeed(Speed::Times(0.5)), 0);
        player.step(2 * NS_PER_S);
        assert_eq!(player.moment().now_ns, NS_PER_S);
        player.control(Control::Pause, 2 * NS_PER_S);
        assert!(!player.step(9 * NS_PER_S));
        player.control(Control::Seek(5 * NS_PER_S), 9 * NS_PER_S);
        assert_eq!(player.moment().now_ns, 5 * NS_PER_S);
        player.control(Control::Play, 9 * NS_PER_S);
        player.step(11 * NS_PER_S);
        assert_eq!(player.moment().now_ns, 6 * NS_PER_S, "the pause did not count");
        player.control(Control::Seek(u64::MAX), 11 * NS_PER_S);
        assert_eq!(player.moment().now_ns, 20 * NS_PER_S);
    }
}
