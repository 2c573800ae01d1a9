//! The plots of an experiment: every run as a dot, how a speedup goes with the workers, how time goes with the chunk, and
//! where the workers' time went.

mod axis;
mod chunks;
mod dots;
mod stacks;
mod workers;

pub(super) use chunks::chunks;
pub(super) use dots::dots;
pub(in crate::export) use stacks::stacks;
pub(super) use workers::workers;

use crate::export::svg::{Anchor, Rect, Svg, shortened};

const WIDTH: f64 = 1100.0;
/// Characters of a name beside a plot.
const NAME_CHARS: usize = 32;
/// Width of one character of a name or label, on average.
const CHAR: f64 = 6.7;

/// Entries one after another, in as many lines as they need.
struct Legend {
    x: f64,
    y: f64,
    left: f64,
}

impl Legend {
    const PITCH: f64 = 20.0;

    fn new(left: f64, y: f64) -> Self {
        Self { x: left, y, left }
    }

    /// An entry: the caller draws its sample into the rectangle.
    fn entry(&mut self, svg: &mut Svg, text: &str, sample: impl FnOnce(&mut Svg, Rect)) {
        let width = 30.0 + text.chars().count() as f64 * CHAR;
        if self.x > self.left && self.x + width > WIDTH {
            (self.x, self.y) = (self.left, self.y + Self::PITCH);
        }
        sample(svg, Rect { x: self.x, y: self.y, w: 22.0, h: 12.0 });
        svg.label("name", (self.x + 29.0, self.y + 10.5), Anchor::Start, text);
        self.x += width + 22.0;
    }

    /// Below the last line.
    fn bottom(&self) -> f64 {
        self.y + Self::PITCH
    }
}

/// A line through a plot at what is recommended, where something is.
fn advice_line(svg: &mut Svg, place: Option<f64>, (top, bottom): (f64, f64)) {
    if let Some(place) = place {
        svg.line("event", (place, top), (place, bottom));
    }
}

/// A legend above a plot, with a sample for each of the words.
fn legend_of<'a>(
    svg: &mut Svg,
    left: f64,
    words: impl IntoIterator<Item = &'a str>,
    sample: impl Fn(&mut Svg, &str, Rect),
) {
    let mut legend = Legend::new(left, 2.0);
    for words in words {
        legend.entry(svg, words, |svg, at| sample(svg, words, at));
    }
}

/// How many lines such entries need.
fn legend_height<'a>(left: f64, texts: impl Iterator<Item = &'a str>) -> f64 {
    let mut legend = Legend::new(left, 0.0);
    let mut scratch = Svg::new(1.0, 1.0, "", None);
    for text in texts {
        legend.entry(&mut scratch, text, |_, _| ());
    }
    legend.bottom()
}

/// Room left of a plot with a row a variant, for the names.
fn names_width<'a>(names: impl Iterator<Item = &'a str>) -> f64 {
    let lengths = names.map(|name| name.chars().count().min(NAME_CHARS + 1));
    24.0 + lengths.max().unwrap_or(0).max(6) as f64 * CHAR
}

/// The name of a variant left of its row.
fn row_name(svg: &mut Svg, (left, y): (f64, f64), name: &str) {
    svg.label("name", (left - 12.0, y + 4.0), Anchor::End, &shortened(name, NAME_CHARS));
}
