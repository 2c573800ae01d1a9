//! A spec as the command that runs it: what a person would type, and no more.

use std::fmt::Write as _;

use super::{Draft, Spec};

/// Letters that no shell gives a meaning to, wherever they stand.
const PLAIN: &str = "-_./:@,=+%";

/// The `poolscope run …` line that runs this spec on this machine, with only what differs from the defaults, quoted for a
/// POSIX shell.
pub fn run_line(spec: &Spec) -> String {
    line_of(&needed(spec, &[]))
}

/// The same for any machine, and for whoever wants to see what it is about: backend and workers stand in it even where they
/// are the defaults here.
pub fn portable_run_line(spec: &Spec) -> String {
    line_of(&needed(spec, &["backend", "workers"]))
}

fn line_of(draft: &Draft) -> String {
    let mut line = "poolscope run".to_owned();
    for (name, value) in draft.fields() {
        let (flag, value) = match name.strip_prefix("param.") {
            Some(param) => ("param", format!("{param}={value}")),
            None => (name.as_str(), value),
        };
        // Writing to a string cannot fail.
        let _infallible = write!(line, " --{flag} {}", quoted(&value));
    }
    line
}

/// The shortest draft of this spec. What a default is depends on the other fields, so that each field is left out once to
/// see whether it is missed.
fn needed(spec: &Spec, kept: &[&str]) -> Draft {
    // What is started so is no part of a lesson.
    let spec = spec.unmarked();
    let mut draft = Draft::from_spec(&spec);
    let is_same = |draft: &Draft| draft.validate().as_ref() == Ok(&spec);
    for (name, _) in draft.clone().fields() {
        if kept.contains(&name.as_str()) {
            continue;
        }
        let mut without = draft.clone();
        match name.strip_prefix("param.") {
            Some(param) => without.params.retain(|(other, _)| other != param),
            None => _ = without.field_mut(&name).map(Option::take),
        }
        if is_same(&without) {
            draft = without;
        }
    }
    draft
}

fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || PLAIN.contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_each_word_as_it_was_meant() {
        assert_eq!(quoted("straggler@5:2.5"), "straggler@5:2.5");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("$HOME;*"), "'$HOME;*'");
    }
}
