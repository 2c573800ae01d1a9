//! Colours for small programs: keywords, texts and comments stand apart.

use eframe::egui::{
    Color32, FontId,
    text::{LayoutJob, TextFormat},
};

use crate::gui::theme::{MONO_TEXT, Palette};

/// Words of the lessons' own language.
pub(super) const STEPS: &[&str] = &[
    "print", "log", "warn", "sleep", "let", "start", "as", "with", "join", "all", "kill", "for", "in",
    "forever", "if", "stop", "is", "not", "none", "or", "put", "get", "send", "receive", "close", "read",
    "write", "add", "by", "times", "acquire", "release", "set", "clear", "wait", "meet", "map", "over",
    "workers", "return", "exit", "die",
];

/// The first words of what is shared.
pub(super) const SHARED: &[&str] = &["shared"];

pub(super) const PYTHON: &[&str] = &[
    "and", "as", "assert", "break", "class", "continue", "def", "del", "elif", "else", "except", "False",
    "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "None", "nonlocal", "not",
    "or", "pass", "raise", "return", "True", "try", "while", "with", "yield",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Plain,
    Keyword,
    Text,
    Comment,
}

/// One line. Texts that go over several lines are told apart only on lines that have their marks.
pub(super) fn line(text: &str, keywords: &[&str], palette: Palette) -> LayoutJob {
    let mut job = LayoutJob::default();
    for (class, piece) in pieces(text, keywords) {
        let color = color(class, palette);
        job.append(piece, 0.0, TextFormat::simple(FontId::monospace(MONO_TEXT), color));
    }
    job
}

fn color(class: Class, palette: Palette) -> Color32 {
    match class {
        Class::Plain => palette.text,
        Class::Keyword => palette.ok,
        Class::Text => palette.warning,
        Class::Comment => palette.text_weak,
    }
}

fn pieces<'t>(text: &'t str, keywords: &[&str]) -> Vec<(Class, &'t str)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let (class, length) = match first {
            '#' => (Class::Comment, rest.len()),
            '"' | '\'' => {
                let inner = first.len_utf8();
                let end = rest[inner..].find(first).map_or(rest.len(), |at| at + 2 * inner);
                (Class::Text, end)
            }
            _ if word(first) => {
                let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
                let known = keywords.contains(&&rest[..end]);
                (if known { Class::Keyword } else { Class::Plain }, end)
            }
            _ => (Class::Plain, rest.find(|c| word(c) || "#\"'".contains(c)).unwrap_or(rest.len())),
        };
        let (piece, after) = rest.split_at(length);
        pieces.push((class, piece));
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_told_apart_and_make_the_line_again() {
        let line = "for name in [\"it's\", 'é']:  # all of them";
        let found = pieces(line, PYTHON);
        let whole: String = found.iter().map(|(_, piece)| *piece).collect();
        assert_eq!(whole, line);
        let of =
            |class| found.iter().filter(|(of, _)| *of == class).map(|(_, piece)| *piece).collect::<Vec<_>>();
        assert_eq!(of(Class::Keyword), ["for", "in"]);
        assert_eq!(of(Class::Text), ["\"it's\"", "'é'"]);
        assert_eq!(of(Class::Comment), ["# all of them"]);
    }

    #[test]
    fn odd_lines_are_whole_as_well() {
        for line in ["", "\"open", "'", "#", "ünïcode_1 + 2", "\"\"\"doc\"\"\""] {
            let whole: String = pieces(line, STEPS).into_iter().map(|(_, piece)| piece).collect();
            assert_eq!(whole, line);
        }
    }
}
