//! Plots of a run as SVG: the timeline, the load of the cores, the queue.
//!
//! A picture never grows with the run: what is narrower than a column of it is merged, see [`cells`], and samples are
//! merged alike. Every colour is from Okabe and Ito's palette or a darker shade of it, and every state has a pattern
//! or a label besides.

mod cells;
mod cores;
mod frame;
mod queue;
mod style;
#[cfg(test)]
mod tests;
mod timeline;
mod writer;

use std::{
    fmt,
    io::{self, Write},
    str::FromStr,
};

pub(super) use style::{DARK, LIGHT, style};
pub(super) use writer::{Anchor, Num, Rect, Svg, escaped, shortened};

use crate::store::RunStore;

/// Which plot of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Plot {
    /// A lane a worker, a bar an attempt.
    #[default]
    Timeline,
    /// Load of each core.
    Cores,
    /// Tasks that wait, tasks that are with workers, and tasks that end in a second.
    Queue,
}

impl Plot {
    pub const ALL: [Self; 3] = [Self::Timeline, Self::Cores, Self::Queue];

    pub fn name(self) -> &'static str {
        match self {
            Self::Timeline => "timeline",
            Self::Cores => "cores",
            Self::Queue => "queue",
        }
    }
}

impl fmt::Display for Plot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Plot {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        super::by_name(&Self::ALL, Self::name, text)
    }
}

/// Writes a plot as a picture of its own, dark on light.
pub fn write_svg(store: &RunStore, plot: Plot, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(figure(store, plot, Some(&style(&LIGHT))).as_bytes())
}

/// A plot as an `svg` element. Without a style its colours are those of the page around it, which must have a
/// [`style()`].
pub(super) fn figure(store: &RunStore, plot: Plot, style: Option<&str>) -> String {
    match plot {
        Plot::Timeline => timeline::draw(store, style),
        Plot::Cores => cores::draw(store, style),
        Plot::Queue => queue::draw(store, style),
    }
}
