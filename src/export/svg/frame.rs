//! What all plots share: size, heading, and the axis of time.

use super::writer::{Anchor, Rect, Svg};
use crate::{
    store::RunStore,
    time::{NS_PER_S, secs},
    units::{self, ticks::time_ticks},
};

pub(super) const WIDTH: f64 = 1200.0;
/// Room left of the plot, for names and values.
pub(super) const LEFT: f64 = 96.0;
/// Room right of it.
pub(super) const RIGHT: f64 = 64.0;
/// Room above it, for title, line and legend.
pub(super) const TOP: f64 = 84.0;
/// Room below it, for the axis of time.
pub(super) const BOTTOM: f64 = 46.0;
pub(super) const PLOT_WIDTH: f64 = WIDTH - LEFT - RIGHT;

/// Places of times on the plot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// The right edge, in nanoseconds; at least 1.
    pub(super) end_ns: u64,
}

impl Scale {
    pub(super) fn new(store: &RunStore) -> Self {
        Self { end_ns: store.now_ns.max(store.last_end_ns).max(1) }
    }

    pub(super) fn x(self, t_ns: u64) -> f64 {
        LEFT + (t_ns as f64 / self.end_ns as f64).min(1.0) * PLOT_WIDTH
    }
}

/// Title and one line about the run.
pub(super) fn heading(svg: &mut Svg, store: &RunStore, what: &str) {
    svg.label("title", (LEFT, 26.0), Anchor::Start, &title(store, what));
    svg.label("weak", (LEFT, 46.0), Anchor::Start, &run_line(store));
}

pub(super) fn title(store: &RunStore, what: &str) -> String {
    format!("{what}: {}", store.title().unwrap_or_else(|| "a run that did not start".to_owned()))
}

/// How the run went: `finished after 1.24 s; 62 ok, 2 crashed`.
pub(super) fn run_line(store: &RunStore) -> String {
    format!("{} after {}; {}", store.phase.name(), units::duration(store.now_ns), store.tally.words())
}

/// Ground and grid of a plot, or of one of several under each other.
pub(super) fn ground(svg: &mut Svg, scale: Scale, y: f64, height: f64) {
    svg.rect("plot", Rect { x: LEFT, y, w: PLOT_WIDTH, h: height }, None);
    grid(svg, scale, y, height);
}

/// A line at each tick of time.
pub(super) fn grid(svg: &mut Svg, scale: Scale, y: f64, height: f64) {
    for (x, _) in ticks(scale) {
        svg.line("grid", (x, y), (x, y + height));
    }
}

/// Says in the middle of an empty plot why it is empty.
pub(super) fn nothing(svg: &mut Svg, height: f64, why: &str) {
    svg.label("weak", (LEFT + PLOT_WIDTH * 0.5, TOP + height * 0.5), Anchor::Middle, why);
}

/// The axis of time under a plot that ends at `y`.
pub(super) fn time_axis(svg: &mut Svg, scale: Scale, y: f64) {
    svg.line("axis", (LEFT, y), (LEFT + PLOT_WIDTH, y));
    for (x, label) in ticks(scale) {
        svg.line("axis", (x, y), (x, y + 5.0));
        svg.label("weak", (x, y + 18.0), Anchor::Middle, &label);
    }
    svg.label("weak", (LEFT + PLOT_WIDTH * 0.5, y + 37.0), Anchor::Middle, "time since the run's start");
}

fn ticks(scale: Scale) -> Vec<(f64, String)> {
    time_ticks(0.0, secs(scale.end_ns), PLOT_WIDTH as f32)
        .into_iter()
        .map(|tick| (scale.x((tick.secs * NS_PER_S as f64) as u64), tick.label))
        .collect()
}

/// One entry after another, at the line below the heading.
pub(super) struct Legend {
    x: f64,
}

impl Legend {
    const Y: f64 = 58.0;

    pub(super) fn new() -> Self {
        Self { x: LEFT }
    }

    /// An entry: the caller draws its sample into the rectangle.
    pub(super) fn entry(&mut self, svg: &mut Svg, text: &str, sample: impl FnOnce(&mut Svg, Rect)) {
        sample(svg, Rect { x: self.x, y: Self::Y, w: 18.0, h: 12.0 });
        svg.label("name", (self.x + 24.0, Self::Y + 10.5), Anchor::Start, text);
        self.x += 24.0 + text.chars().count() as f64 * 6.9 + 22.0;
    }

    /// Words without a sample.
    pub(super) fn note(&mut self, svg: &mut Svg, text: &str) {
        svg.label("weak", (self.x, Self::Y + 10.5), Anchor::Start, text);
        self.x += text.chars().count() as f64 * 6.9 + 22.0;
    }
}
