//! The lines that [`run_line`] makes, read by the program's own grammar.

use clap::Parser;

use super::args::{Cli, Task};
use crate::spec::{Draft, Kind, PRESETS, Preset, Spec, default_workers, run_line};

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
    drafts.extend(Kind::ALL.map(|kind| Draft { workload: Some(kind.name().to_owned()), ..Draft::default() }));
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
    assert_eq!(run_line(&spec(&[("backend", "serial"), ("workers", "9")])), "poolscope run --backend serial");
    let none = spec(&[("workload", "fault"), ("fault", "none")]);
    assert_eq!(run_line(&none), "poolscope run --workload fault --fault none");
}
