//! A spec as the command that runs it: what a person would type, and no more.

use std::fmt::Write as _;

use crate::spec::{Draft, Spec};

/// Letters that no shell gives a meaning to, wherever they stand.
const PLAIN: &str = "-_./:@,=+%";

/// The `poolscope run …` line that runs this spec on this machine, with only what differs from the defaults, quoted for a
/// POSIX shell.
pub fn run_line(spec: &Spec) -> String {
    let mut line = "poolscope run".to_owned();
    for (name, value) in needed(spec).fields() {
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
fn needed(spec: &Spec) -> Draft {
    let mut draft = Draft::from_spec(spec);
    let is_same = |draft: &Draft| draft.validate().as_ref() == Ok(spec);
    for (name, _) in draft.clone().fields() {
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
    use clap::Parser;

    use super::*;
    use crate::{
        cli::args::{Cli, Task},
        spec::{Kind, PRESETS, Preset, default_workers},
    };

    /// As the program itself reads the line, for words without blanks.
    fn read(line: &str) -> Spec {
        let words = line.split(' ').map(|word| word.trim_matches('\''));
        let Some(Task::Run(args)) = Cli::try_parse_from(words).expect(line).task else {
            panic!("{line} is no run");
        };
        args.spec.draft().validate().expect(line)
    }

    fn spec(fields: &[(&str, &str)]) -> Spec {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Draft::from_fields(fields)
            .and_then(|draft| draft.validate().map_err(|errors| format!("{errors:?}")))
            .unwrap()
    }

    #[test]
    fn the_line_of_every_preset_and_workload_is_read_back_as_the_same_spec() {
        let mut drafts: Vec<Draft> = PRESETS.iter().map(Preset::draft).collect();
        drafts.extend(
            Kind::ALL.map(|kind| Draft { workload: Some(kind.name().to_owned()), ..Draft::default() }),
        );
        for draft in drafts {
            let spec = draft.validate().unwrap();
            assert_eq!(read(&run_line(&spec)), spec, "{}", run_line(&spec));
        }
    }

    #[test]
    fn every_field_is_read_back() {
        let all = [
            ("backend", "gil"),
            ("workers", "3"),
            ("workload", "mixed"),
            ("tasks", "77"),
            ("size", "12345"),
            ("lengths", "straggler@5:2.5"),
            ("chunk", "3"),
            ("queue", "0"),
            ("prefetch", "9"),
            ("timeout", "0.25"),
            ("retries", "2"),
            ("seed", "18446744073709551615"),
            ("fault", "panic@1,leak@7"),
            ("telemetry", "full"),
            ("transport", "stream"),
            ("param.wait", "0.25"),
        ];
        let spec = spec(&all);
        let line = run_line(&spec);
        assert_eq!(read(&line), spec, "{line}");
        for (name, _) in all {
            assert!(line.contains(&format!("--{}", name.split('.').next().unwrap())), "{name}: {line}");
        }
    }

    #[test]
    fn what_is_by_default_is_left_out() {
        assert_eq!(run_line(&spec(&[])), "poolscope run");
        assert_eq!(run_line(&spec(&[("workload", "mandelbrot")])), "poolscope run --workload mandelbrot");
        let workers = (default_workers() + 1).to_string();
        let line = run_line(&spec(&[("backend", "threads"), ("workers", &workers), ("seed", "1")]));
        assert_eq!(line, format!("poolscope run --backend threads --workers {workers}"));
        assert_eq!(
            run_line(&spec(&[("backend", "serial"), ("workers", "9")])),
            "poolscope run --backend serial"
        );
        let none = spec(&[("workload", "fault"), ("fault", "none")]);
        assert_eq!(run_line(&none), "poolscope run --workload fault --fault none");
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
