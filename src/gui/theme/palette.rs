//! The colours, for a dark and a light ground.
//!
//! Data colours derive from Okabe and Ito's palette ("Color Universal Design", 2008), which people with the common
//! forms of colour blindness can tell apart; each has a darker value for light backgrounds. State is never shown by
//! colour alone: bars carry a pattern or a mark as well, and every legend names them.
//!
//! Every text on every ground that it may stand on keeps the contrast that WCAG 2.2 asks for at level AA (4.5 to 1 for
//! text, 3 to 1 for graphics that carry meaning); a test holds it.

use eframe::egui::{Color32, Ui, Visuals};

use crate::{analysis::Part, ids::WorkerId, store::WorkerState};

/// Colours of the data, for one of the two themes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Palette {
    pub(crate) ok: Color32,
    pub(crate) running: Color32,
    pub(crate) failed: Color32,
    pub(crate) crashed: Color32,
    pub(crate) timed_out: Color32,
    pub(crate) cancelled: Color32,
    /// Painted at 60 %, so that it stays behind the bars of tasks.
    pub(crate) starting: Color32,
    /// What is left of a bar while its task waits for a lock.
    pub(crate) lock_wait: Color32,
    /// A part of a bar in which its task waited for a core, and one in which it waited for something else.
    pub(crate) core_wait: Color32,
    pub(crate) blocked: Color32,
    pub(crate) queued: Color32,
    pub(crate) in_flight: Color32,
    pub(crate) rate: Color32,
    /// Time cursor through all plots.
    pub(crate) cursor: Color32,
    /// Lines of the time grid.
    pub(crate) grid: Color32,
    /// Background of plots and lanes, and of every second lane.
    pub(crate) plot: Color32,
    pub(crate) lane_alternate: Color32,
    /// Background of the panels around the plots.
    pub(crate) panel: Color32,
    /// Buttons and the like, at rest, under the pointer and pressed.
    pub(crate) control: Color32,
    pub(crate) control_hovered: Color32,
    pub(crate) control_active: Color32,
    /// Chosen tabs, rows and text.
    pub(crate) selection: Color32,
    /// Text on a filled bar.
    pub(crate) on_bar: Color32,
    pub(crate) text: Color32,
    pub(crate) text_weak: Color32,
    pub(crate) warning: Color32,
    pub(crate) error: Color32,
}

pub(super) const DARK: Palette = Palette {
    ok: Color32::from_rgb(0x56, 0xb4, 0xe9),
    running: Color32::from_rgb(0xe6, 0x9f, 0x00),
    failed: Color32::from_rgb(0xf2, 0x7b, 0x3a),
    crashed: Color32::from_rgb(0xe0, 0x8c, 0xbb),
    timed_out: Color32::from_rgb(0xf0, 0xe4, 0x42),
    cancelled: Color32::from_rgb(0x9a, 0xa2, 0xab),
    starting: Color32::from_rgb(0x97, 0x9d, 0xa5),
    lock_wait: Color32::from_rgb(0x22, 0x35, 0x47),
    core_wait: Color32::from_rgb(0x4f, 0x3a, 0x12),
    blocked: Color32::from_rgb(0x33, 0x39, 0x40),
    queued: Color32::from_rgb(0x56, 0xb4, 0xe9),
    in_flight: Color32::from_rgb(0xe6, 0x9f, 0x00),
    rate: Color32::from_rgb(0x2f, 0xc0, 0x94),
    cursor: Color32::from_rgb(0xff, 0xff, 0xff),
    grid: Color32::from_rgb(0x33, 0x3a, 0x44),
    plot: Color32::from_rgb(0x14, 0x18, 0x1d),
    lane_alternate: Color32::from_rgb(0x1a, 0x1f, 0x26),
    panel: Color32::from_rgb(0x1d, 0x22, 0x28),
    control: Color32::from_rgb(0x31, 0x39, 0x43),
    control_hovered: Color32::from_rgb(0x3d, 0x47, 0x53),
    control_active: Color32::from_rgb(0x46, 0x52, 0x5f),
    selection: Color32::from_rgb(0x1f, 0x40, 0x58),
    on_bar: Color32::from_rgb(0x08, 0x0c, 0x10),
    text: Color32::from_rgb(0xea, 0xee, 0xf2),
    text_weak: Color32::from_rgb(0xa4, 0xae, 0xb8),
    warning: Color32::from_rgb(0xf0, 0xc0, 0x40),
    error: Color32::from_rgb(0xff, 0x8a, 0x65),
};

pub(super) const LIGHT: Palette = Palette {
    ok: Color32::from_rgb(0x00, 0x72, 0xb2),
    running: Color32::from_rgb(0xa6, 0x63, 0x00),
    failed: Color32::from_rgb(0xc2, 0x4b, 0x00),
    crashed: Color32::from_rgb(0xa8, 0x44, 0x80),
    timed_out: Color32::from_rgb(0x76, 0x6b, 0x00),
    cancelled: Color32::from_rgb(0x64, 0x6c, 0x74),
    starting: Color32::from_rgb(0x3a, 0x42, 0x4a),
    lock_wait: Color32::from_rgb(0xcf, 0xdf, 0xeb),
    core_wait: Color32::from_rgb(0xf3, 0xe2, 0xbf),
    blocked: Color32::from_rgb(0xdc, 0xe0, 0xe4),
    queued: Color32::from_rgb(0x00, 0x72, 0xb2),
    in_flight: Color32::from_rgb(0xa6, 0x63, 0x00),
    rate: Color32::from_rgb(0x00, 0x7d, 0x5b),
    cursor: Color32::from_rgb(0x10, 0x14, 0x18),
    grid: Color32::from_rgb(0xd6, 0xdb, 0xe0),
    plot: Color32::from_rgb(0xfc, 0xfc, 0xfd),
    lane_alternate: Color32::from_rgb(0xf2, 0xf4, 0xf6),
    panel: Color32::from_rgb(0xf6, 0xf7, 0xf9),
    control: Color32::from_rgb(0xe0, 0xe5, 0xea),
    control_hovered: Color32::from_rgb(0xd2, 0xd9, 0xe0),
    control_active: Color32::from_rgb(0xc4, 0xcc, 0xd5),
    selection: Color32::from_rgb(0xcd, 0xe4, 0xf5),
    on_bar: Color32::from_rgb(0xff, 0xff, 0xff),
    text: Color32::from_rgb(0x1a, 0x20, 0x26),
    text_weak: Color32::from_rgb(0x55, 0x5f, 0x69),
    warning: Color32::from_rgb(0x8a, 0x5a, 0x00),
    error: Color32::from_rgb(0xb0, 0x35, 0x00),
};

impl Palette {
    pub(crate) fn of(ui: &Ui) -> Self {
        Self::for_visuals(ui.visuals())
    }

    pub(crate) fn for_visuals(visuals: &Visuals) -> Self {
        if visuals.dark_mode { DARK } else { LIGHT }
    }

    pub(crate) fn worker_state(&self, state: WorkerState) -> Color32 {
        match state {
            WorkerState::Busy => self.running,
            WorkerState::Idle => self.ok,
            WorkerState::Starting | WorkerState::Exited | WorkerState::Retired => self.text_weak,
            WorkerState::Stopped => self.timed_out,
        }
    }

    /// What workers' time went into. Each is named beside its colour wherever it is shown.
    pub(crate) fn part(&self, part: Part) -> Color32 {
        match part {
            Part::Useful => self.ok,
            Part::WaitingForCore => self.running,
            Part::Lock => self.crashed,
            Part::Blocked => self.cancelled,
            Part::Starting | Part::Restarting => self.starting,
            Part::FirstTask | Part::Paused => self.text_weak,
            Part::Dispatch => self.failed,
            Part::Transfer => self.rate,
            Part::Tail => self.timed_out,
        }
    }

    /// Curves of the run that another one is compared with.
    pub(crate) fn beside(&self) -> Color32 {
        self.crashed
    }

    /// Colours of workers. Greys are none of them: they stand for several at once.
    pub(crate) const WORKERS: usize = 6;

    /// One colour a worker, repeating after [`Self::WORKERS`].
    pub(crate) fn worker(&self, worker: WorkerId) -> Color32 {
        self.core(worker.index() % Self::WORKERS)
    }

    /// One colour a core, repeating after eight.
    pub(crate) fn core(&self, core: usize) -> Color32 {
        let cycle = [
            self.ok,
            self.running,
            self.rate,
            self.crashed,
            self.failed,
            self.timed_out,
            self.cancelled,
            self.text_weak,
        ];
        cycle[core % cycle.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Least contrast of text, and of graphics that carry meaning (WCAG 2.2, 1.4.3 and 1.4.11).
    const TEXT: f64 = 4.5;
    const GRAPHICS: f64 = 3.0;
    /// How strongly `starting` and the patterns on bars are painted.
    const STARTING_ALPHA: f64 = 0.6;
    const INK_ALPHA: f64 = 0.6;

    type Named = (&'static str, Color32);

    fn linear(channel: u8) -> f64 {
        let value = f64::from(channel) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    }

    fn luminance(color: Color32) -> f64 {
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    /// The contrast ratio of WCAG, from 1 to 21.
    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn over(ink: Color32, alpha: f64, ground: Color32) -> Color32 {
        let mix =
            |ink: u8, ground: u8| (f64::from(ink) * alpha + f64::from(ground) * (1.0 - alpha)).round() as u8;
        Color32::from_rgb(mix(ink.r(), ground.r()), mix(ink.g(), ground.g()), mix(ink.b(), ground.b()))
    }

    fn check(theme: &str, least: f64, inks: &[Named], grounds: &[Named]) {
        for (ink, color) in inks {
            for (ground, under) in grounds {
                let got = contrast(*color, *under);
                assert!(got >= least, "{theme}: {ink} on {ground} has {got:.2}, {least} is needed");
            }
        }
    }

    fn themes() -> [(&'static str, Palette); 2] {
        [("dark", DARK), ("light", LIGHT)]
    }

    #[test]
    fn the_contrast_of_black_on_white_is_twenty_one_and_of_equals_one() {
        assert!((contrast(Color32::BLACK, Color32::WHITE) - 21.0).abs() < 1e-9);
        assert!((contrast(DARK.ok, DARK.ok) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn every_text_can_be_read_on_every_ground_it_stands_on() {
        for (theme, p) in themes() {
            let grounds = [
                ("panel", p.panel),
                ("plot", p.plot),
                ("second lane", p.lane_alternate),
                ("selection", p.selection),
                ("button", p.control),
            ];
            let texts =
                [("text", p.text), ("weak text", p.text_weak), ("warning", p.warning), ("error", p.error)];
            check(theme, TEXT, &texts, &grounds);
            // A button that is pointed at shows its name, and nothing weaker.
            let moved = [("hovered button", p.control_hovered), ("pressed button", p.control_active)];
            check(theme, TEXT, &[("text", p.text)], &moved);
        }
    }

    #[test]
    fn numbers_on_bars_of_every_state_can_be_read() {
        for (theme, p) in themes() {
            check(theme, TEXT, &[("number", p.on_bar)], &bars(&p));
            check(theme, TEXT, &[("number", p.text)], &[("lock wait", p.lock_wait)]);
            let workers: Vec<Named> =
                (0..Palette::WORKERS).map(|at| ("worker", p.worker(WorkerId(at as u32)))).collect();
            check(theme, TEXT, &[("number", p.on_bar)], &workers);
            check(theme, TEXT, &[("number", p.on_bar)], &[("several workers", p.text_weak)]);
            for ground in [p.plot, p.lane_alternate] {
                let starting = over(p.starting, STARTING_ALPHA, ground);
                check(theme, TEXT, &[("text", p.text)], &[("starting", starting)]);
                check(theme, GRAPHICS, &[("starting", starting)], &[("lane", ground)]);
            }
        }
    }

    fn bars(p: &Palette) -> [Named; 6] {
        [
            ("ok", p.ok),
            ("running", p.running),
            ("failed", p.failed),
            ("crashed", p.crashed),
            ("timed out", p.timed_out),
            ("cancelled", p.cancelled),
        ]
    }

    #[test]
    fn bars_lines_and_marks_stand_out_from_the_plot() {
        for (theme, p) in themes() {
            let lanes = [("plot", p.plot), ("second lane", p.lane_alternate)];
            check(theme, GRAPHICS, &bars(&p), &lanes);
            let marks = [
                ("queued", p.queued),
                ("in flight", p.in_flight),
                ("rate", p.rate),
                ("cursor", p.cursor),
                ("death", p.error),
                ("restart", p.text_weak),
            ];
            check(theme, GRAPHICS, &marks, &lanes);
            let cores: Vec<Named> = (0..8).map(|core| ("core", p.core(core))).collect();
            check(theme, GRAPHICS, &cores, &lanes);
        }
    }

    #[test]
    fn patterns_and_waits_stand_out_from_their_bars() {
        for (theme, p) in themes() {
            for bar in [p.crashed, p.timed_out, p.cancelled] {
                let ink = over(p.on_bar, INK_ALPHA, bar);
                check(theme, GRAPHICS, &[("pattern", ink)], &[("bar", bar)]);
            }
            // Tasks that run or ended ok alone show how they waited.
            let waits = [("lock wait", p.lock_wait), ("core wait", p.core_wait), ("blocked", p.blocked)];
            check(theme, GRAPHICS, &waits, &bars(&p)[..2]);
        }
    }

    #[test]
    fn states_and_themes_differ_in_colour() {
        for (theme, p) in themes() {
            let bars = bars(&p);
            for (at, (name, color)) in bars.iter().enumerate() {
                for (other, same) in &bars[at + 1..] {
                    assert_ne!(color, same, "{theme}: {name} and {other}");
                }
            }
        }
    }
}
