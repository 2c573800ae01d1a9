//! All colours, type sizes and spacings of the window. Nothing else names a colour.
//!
//! Data colours derive from Okabe and Ito's palette ("Color Universal Design", 2008), which people with the common
//! forms of colour blindness can tell apart; each has a darker value for light backgrounds. State is never shown by
//! colour alone: bars carry a pattern or a mark as well, and every legend names them.

use eframe::egui::{Color32, Context, FontId, Stroke, TextStyle, Theme, Ui, Visuals, vec2};

use crate::store::WorkerState;

/// Gap between unrelated things, and the margin of a panel.
pub(crate) const GAP: f32 = 8.0;
/// Gap between things that belong together.
pub(crate) const GAP_SMALL: f32 = 4.0;
/// A lane of the timeline grows up to this where there is room.
pub(crate) const LANE_HEIGHT_MAX: f32 = 44.0;
/// Below this the lanes scroll.
pub(crate) const LANE_HEIGHT_MIN: f32 = 15.0;
/// Width kept free left of every plot that shares the time axis, so that their zeros stand under each other.
pub(crate) const AXIS_WIDTH: f32 = 92.0;
/// And right of it, where the timeline has its scroll bar.
pub(crate) const AXIS_RIGHT: f32 = 12.0;
/// Text of labels inside plots and bars.
pub(crate) const SMALL_TEXT: f32 = 11.0;

/// Colours of the data, for one of the two themes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Palette {
    pub(crate) ok: Color32,
    pub(crate) running: Color32,
    pub(crate) failed: Color32,
    pub(crate) crashed: Color32,
    pub(crate) timed_out: Color32,
    pub(crate) cancelled: Color32,
    pub(crate) starting: Color32,
    /// What is left of a bar while its task waits for a lock.
    pub(crate) lock_wait: Color32,
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
    /// Buttons and the like.
    pub(crate) control: Color32,
    /// Text on a filled bar.
    pub(crate) on_bar: Color32,
    pub(crate) text: Color32,
    pub(crate) text_weak: Color32,
    pub(crate) warning: Color32,
    pub(crate) error: Color32,
}

const DARK: Palette = Palette {
    ok: Color32::from_rgb(0x56, 0xb4, 0xe9),
    running: Color32::from_rgb(0xe6, 0x9f, 0x00),
    failed: Color32::from_rgb(0xf2, 0x7b, 0x3a),
    crashed: Color32::from_rgb(0xe0, 0x8c, 0xbb),
    timed_out: Color32::from_rgb(0xf0, 0xe4, 0x42),
    cancelled: Color32::from_rgb(0x9a, 0xa2, 0xab),
    starting: Color32::from_rgb(0x4d, 0x56, 0x62),
    lock_wait: Color32::from_rgb(0x22, 0x35, 0x47),
    queued: Color32::from_rgb(0x56, 0xb4, 0xe9),
    in_flight: Color32::from_rgb(0xe6, 0x9f, 0x00),
    rate: Color32::from_rgb(0x2f, 0xc0, 0x94),
    cursor: Color32::from_rgb(0xff, 0xff, 0xff),
    grid: Color32::from_rgb(0x33, 0x3a, 0x44),
    plot: Color32::from_rgb(0x14, 0x18, 0x1d),
    lane_alternate: Color32::from_rgb(0x1a, 0x1f, 0x26),
    panel: Color32::from_rgb(0x1d, 0x22, 0x28),
    control: Color32::from_rgb(0x31, 0x39, 0x43),
    on_bar: Color32::from_rgb(0x08, 0x0c, 0x10),
    text: Color32::from_rgb(0xe4, 0xe8, 0xec),
    text_weak: Color32::from_rgb(0xa4, 0xae, 0xb8),
    warning: Color32::from_rgb(0xf0, 0xc0, 0x40),
    error: Color32::from_rgb(0xff, 0x8a, 0x65),
};

const LIGHT: Palette = Palette {
    ok: Color32::from_rgb(0x00, 0x72, 0xb2),
    running: Color32::from_rgb(0xc9, 0x7d, 0x00),
    failed: Color32::from_rgb(0xc2, 0x4b, 0x00),
    crashed: Color32::from_rgb(0xa8, 0x44, 0x80),
    timed_out: Color32::from_rgb(0x8a, 0x7d, 0x00),
    cancelled: Color32::from_rgb(0x70, 0x78, 0x80),
    starting: Color32::from_rgb(0xb8, 0xc0, 0xc8),
    lock_wait: Color32::from_rgb(0xcf, 0xdf, 0xeb),
    queued: Color32::from_rgb(0x00, 0x72, 0xb2),
    in_flight: Color32::from_rgb(0xc9, 0x7d, 0x00),
    rate: Color32::from_rgb(0x00, 0x7d, 0x5b),
    cursor: Color32::from_rgb(0x10, 0x14, 0x18),
    grid: Color32::from_rgb(0xd6, 0xdb, 0xe0),
    plot: Color32::from_rgb(0xfc, 0xfc, 0xfd),
    lane_alternate: Color32::from_rgb(0xf2, 0xf4, 0xf6),
    panel: Color32::from_rgb(0xf6, 0xf7, 0xf9),
    control: Color32::from_rgb(0xe0, 0xe5, 0xea),
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

/// Text strong enough to be read, and backgrounds that go with the plots.
fn set_colours(visuals: &mut Visuals) {
    let palette = Palette::for_visuals(visuals);
    let widgets = &mut visuals.widgets;
    widgets.noninteractive.fg_stroke.color = palette.text;
    widgets.inactive.fg_stroke.color = palette.text;
    widgets.noninteractive.bg_stroke.color = palette.grid;
    // Fields need an edge on a light background.
    widgets.inactive.bg_stroke = Stroke::new(1.0, palette.grid);
    widgets.inactive.weak_bg_fill = palette.control;
    widgets.inactive.bg_fill = palette.control;
    visuals.weak_text_color = Some(palette.text_weak);
    visuals.warn_fg_color = palette.warning;
    visuals.error_fg_color = palette.error;
    visuals.panel_fill = palette.panel;
    visuals.window_fill = palette.panel;
    visuals.extreme_bg_color = palette.plot;
    visuals.faint_bg_color = palette.lane_alternate;
}

/// Sets both themes' visuals and the type scale. The theme itself follows the system.
pub(crate) fn install(ctx: &Context) {
    for theme in [Theme::Dark, Theme::Light] {
        ctx.style_mut_of(theme, |style| set_colours(&mut style.visuals));
    }
    ctx.all_styles_mut(|style| {
        style.text_styles = [
            (TextStyle::Small, FontId::proportional(SMALL_TEXT)),
            (TextStyle::Body, FontId::proportional(13.0)),
            (TextStyle::Button, FontId::proportional(13.0)),
            (TextStyle::Heading, FontId::proportional(15.0)),
            (TextStyle::Monospace, FontId::monospace(12.0)),
        ]
        .into();
        style.spacing.item_spacing = vec2(6.0, GAP_SMALL);
        style.spacing.button_padding = vec2(8.0, 3.0);
        style.spacing.interact_size.y = 22.0;
        style.animation_time = 0.0;
    });
}

/// Stops of the colours of a picture of shades, by shade. Brightness only rises, so that it also reads without colour.
const SHADES: [(u8, [u8; 3]); 6] = [
    (0, [0, 0, 0]),
    (1, [10, 18, 66]),
    (36, [22, 88, 158]),
    (78, [58, 168, 196]),
    (130, [246, 204, 112]),
    (255, [255, 250, 230]),
];

/// The colour of one shade of a picture; 0 is black.
pub(crate) fn shade(shade: u8) -> Color32 {
    let above = SHADES.iter().position(|(at, _)| *at >= shade).unwrap_or(SHADES.len() - 1);
    let ((low, from), (high, to)) = (SHADES[above.saturating_sub(1)], SHADES[above]);
    let part = f32::from(shade.saturating_sub(low)) / f32::from((high - low).max(1));
    let mix = |channel: usize| {
        let (from, to) = (f32::from(from[channel]), f32::from(to[channel]));
        (from + (to - from) * part).round() as u8
    };
    Color32::from_rgb(mix(0), mix(1), mix(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_begin_black_and_only_get_brighter() {
        assert_eq!(shade(0), Color32::BLACK);
        let brightness = |c: Color32| 2 * u32::from(c.r()) + 5 * u32::from(c.g()) + u32::from(c.b());
        let steps: Vec<u32> = (0..=255).map(|s| brightness(shade(s))).collect();
        assert!(steps.windows(2).all(|pair| pair[0] <= pair[1]), "{steps:?}");
        assert!(steps[255] > steps[1] + 1000);
    }
}
