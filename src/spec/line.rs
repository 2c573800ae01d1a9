//! A spec as the command that runs it: what a person would type, and no more.

use std::fmt::Write as _;

use super::{Draft, Spec};

/// Letters that no shell gives a meaning to, wherever they stand.
const PLAIN: &str = "-_./:@,=+%";

/// The `poolscope run …` line that runs this spec on this machine, with only what differs from the defaults, quoted for a
/// POSIX shell.
pub fn run_line(spec: &Spec) -> String {
    line_of("run", &needed(spec, &[]))
}

/// The line of an experiment that varies a spec: `poolscope sweep …` where workers are varied, for only that gives a number
/// of them to take, else `poolscope compare …`.
pub fn experiment_line(spec: &Spec, varied: Draft) -> String {
    let command = if varied.workers.is_some() { "sweep" } else { "compare" };
    line_of(command, &needed(spec, &["backend", "workers"]).overlay(varied))
}

/// The same for any machine, and for whoever wants to see what it is about: backend and workers stand in it even where they
/// are the defaults here.
pub fn portable_run_line(spec: &Spec) -> String {
    line_of("run", &needed(spec, &["backend", "workers"]))
}

fn line_of(command: &str, draft: &Draft) -> String {
    let mut line = format!("poolscope {command}");
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
    fn what_is_varied_takes_the_place_of_what_is_not() {
        let fields = [("backend", "threads"), ("workers", "4"), ("workload", "sleep"), ("tasks", "9")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let spec = Draft::from_fields(fields).expect("fields").validate().expect("valid");
        let workers = Draft { workers: Some("1,2".into()), ..Draft::default() };
        let line = experiment_line(&spec, workers);
        assert_eq!(line, "poolscope sweep --backend threads --workers 1,2 --workload sleep --tasks 9");
        let backends = Draft { backend: Some("threads,gil".into()), ..Draft::default() };
        let line = experiment_line(&spec, backends);
        assert_eq!(line, "poolscope compare --backend threads,gil --workers 4 --workload sleep --tasks 9");
    }

    #[test]
    fn a_shell_takes_each_word_as_it_was_meant() {
        assert_eq!(quoted("straggler@5:2.5"), "straggler@5:2.5");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("$HOME;*"), "'$HOME;*'");
    }
}
