//! Writes SVG elements. Everything that is not a constant of ours is escaped here.

use std::fmt::{self, Display, Write};

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) w: f64,
    pub(crate) h: f64,
}

/// Where a text's own place is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A coordinate with at most two decimals and no zeros at its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Num(pub(crate) f64);

impl Display for Num {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = if self.0.is_finite() { (self.0 * 100.0).round() as i64 } else { 0 };
        let sign = if hundredths < 0 { "-" } else { "" };
        let (whole, rest) = (hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100);
        match rest {
            0 => write!(f, "{sign}{whole}"),
            rest if rest % 10 == 0 => write!(f, "{sign}{whole}.{}", rest / 10),
            rest => write!(f, "{sign}{whole}.{rest:02}"),
        }
    }
}

/// Text as it may stand in an element or an attribute, in XML and HTML alike. What XML does not allow at all becomes
/// the replacement character. Line breaks are those of Unix.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The first `most` characters of a text, with a mark where there are more.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// A picture while it is made.
pub(crate) struct Svg {
    text: String,
}

impl Svg {
    /// `title` is what it is called by what cannot see it.
    pub(crate) fn new(width: f64, height: f64, title: &str, style: Option<&str>) -> Self {
        let mut svg = Self { text: String::new() };
        let (w, h, label) = (Num(width), Num(height), escaped(title));
        svg.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" \
             role=\"img\" aria-label=\"{label}\">\n"
        ));
        if let Some(style) = style {
            svg.put(format_args!("<style>{style}</style>\n"));
        }
        svg.rect("paper", Rect { x: 0.0, y: 0.0, w: width, h: height }, None);
        svg
    }

    pub(crate) fn finish(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }

    /// Writing to a String cannot fail.
    fn put(&mut self, what: fmt::Arguments<'_>) {
        let _ = self.text.write_fmt(what);
    }

    /// Ends an element that may have a tip, which browsers show when the pointer rests on it.
    fn close(&mut self, name: &str, tip: Option<&str>) {
        match tip {
            Some(tip) => self.put(format_args!("><title>{}</title></{name}>\n", escaped(tip))),
            None => self.text.push_str("/>\n"),
        }
    }

    pub(crate) fn rect(&mut self, class: &str, rect: Rect, tip: Option<&str>) {
        self.rect_with(format_args!("class=\"{class}\""), rect, tip);
    }

    /// A rectangle filled with a pattern that was defined under this id.
    pub(crate) fn patterned(&mut self, id: &str, rect: Rect, tip: Option<&str>) {
        self.rect_with(format_args!("fill=\"url(#{id})\""), rect, tip);
    }

    fn rect_with(&mut self, look: fmt::Arguments<'_>, rect: Rect, tip: Option<&str>) {
        let Rect { x, y, w, h } = rect;
        let (x, y, w, h) = (Num(x), Num(y), Num(w.max(0.0)), Num(h.max(0.0)));
        self.put(format_args!("<rect {look} x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\""));
        self.close("rect", tip);
    }

    pub(crate) fn path(&mut self, class: &str, data: &str, tip: Option<&str>) {
        self.put(format_args!("<path class=\"{class}\" d=\"{data}\""));
        self.close("path", tip);
    }

    /// A path filled with a pattern that was defined under this id.
    pub(crate) fn patterned_path(&mut self, id: &str, data: &str) {
        self.put(format_args!("<path fill=\"url(#{id})\" d=\"{data}\"/>\n"));
    }

    pub(crate) fn circle(&mut self, class: &str, (x, y): (f64, f64), radius: f64, tip: Option<&str>) {
        let (x, y, radius) = (Num(x), Num(y), Num(radius));
        self.put(format_args!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\""));
        self.close("circle", tip);
    }

    pub(crate) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let (x1, y1, x2, y2) = (Num(from.0), Num(from.1), Num(to.0), Num(to.1));
        self.put(format_args!("<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>\n"));
    }

    /// Text on the base line at `y`.
    pub(crate) fn label(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (x, y, text) = (Num(x), Num(y), escaped(text));
        self.put(format_args!(
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>\n"
        ));
    }

    /// Defines a pattern of tiles: a ground of one class, and a drawing in the colour `ink` on it.
    pub(crate) fn pattern(&mut self, id: &str, ground: &str, tile: f64, ink: &str) {
        let tile = Num(tile);
        self.put(format_args!(
            "<pattern id=\"{id}\" width=\"{tile}\" height=\"{tile}\" patternUnits=\"userSpaceOnUse\">\
             <rect class=\"{ground}\" width=\"{tile}\" height=\"{tile}\"/>{ink}</pattern>\n"
        ));
    }
}

/// The outline of a rectangle, to be put into a path with others.
pub(crate) fn push_box(data: &mut String, rect: Rect) {
    let Rect { x, y, w, h } = rect;
    let (x, y, w, h) = (Num(x), Num(y), Num(w), Num(h));
    let _ = write!(data, "M{x} {y}h{w}v{h}h-{w}z"); // Writing to a String cannot fail.
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        for (number, text) in [
            (0.0, "0"),
            (-0.001, "0"),
            (1.5, "1.5"),
            (-2.346, "-2.35"),
            (10.05, "10.05"),
            (-0.5, "-0.5"),
            (f64::NAN, "0"),
        ] {
            assert_eq!(Num(number).to_string(), text, "{number}");
        }
    }

    #[test]
    fn text_stays_text() {
        assert_eq!(
            escaped("<a b='c' d=\"e\">&amp;\u{0}\u{1b}\r\n\r\u{ffff}é"),
            "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;amp;\u{fffd}\u{fffd}\n\u{fffd}\u{fffd}é"
        );
        assert_eq!((shortened("größer", 3), shortened("ab", 2)), ("grö…".to_owned(), "ab".to_owned()));
    }
}
