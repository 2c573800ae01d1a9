use super::*;
use crate::{analysis::Background, event::Event, spec::Backend, store::testing::*, time::NS_PER_MS};

/// Two tasks that take so many milliseconds together.
fn run(name: &str, spec: Spec, wall_ms: u64) -> ComparedRun {
    let half = wall_ms * NS_PER_MS / 2;
    let mut events = vec![
        run_started(spec),
        spawned(0, 0, 0),
        ready(1, 0),
        Event::PoolReady { t_ns: 1 },
        started(2, 0, 0, 0),
        ok(half, 0, 0),
        started(half, 0, 1, 0),
        ok(2 * half, 0, 1),
    ];
    events.push(finished(2 * half));
    ComparedRun::new(name.to_owned(), "poolscope 1".to_owned(), &store(events)).expect("it has ended")
}

fn pool(backend: Backend, wall_ms: u64) -> ComparedRun {
    run(backend.label(), spec(backend, 1, 2), wall_ms)
}

fn row<'a>(comparison: &'a RunsComparison, name: &str) -> &'a RunsRow {
    comparison.rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("{name}: {comparison:?}"))
}

fn againsts(comparison: &RunsComparison, name: &str) -> Vec<String> {
    row(comparison, name).cells.iter().map(|cell| cell.against.clone()).collect()
}

#[test]
fn each_run_is_a_column_set_against_the_base_that_is_chosen() {
    let runs = [pool(Backend::Threads, 100), pool(Backend::Processes, 200), pool(Backend::Serial, 50)];
    let first = RunsComparison::new(&runs, 0);
    let names: Vec<&str> = first.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["threads", "processes", "serial"]);
    assert_eq!(
        first.settings,
        [("backend".to_owned(), ["threads", "processes", "serial"].map(str::to_owned).to_vec())]
    );
    assert_eq!(againsts(&first, "wall time"), ["", "2.0×", "0.50×"]);
    let texts: Vec<&str> = row(&first, "wall time").cells.iter().map(|cell| cell.text.as_str()).collect();
    assert_eq!(texts, ["100 ms", "200 ms", "50.0 ms"]);
    assert_eq!(againsts(&RunsComparison::new(&runs, 1), "wall time"), ["0.50×", "", "0.25×"]);
    assert_eq!(RunsComparison::new(&runs, 3), first, "there is no fourth");
    assert!(RunsComparison::new(&[], 0).columns.is_empty());
    let range = &row(&first, "wall time").cells[1].range;
    assert_eq!(range, "one run cannot tell a difference from chance");
    assert!(first.warnings.is_empty(), "{:?}", first.warnings);
}

#[test]
fn repeats_are_one_column_with_an_interval_and_say_where_no_difference_is_seen() {
    let threads = |ms| pool(Backend::Threads, ms);
    let processes = |ms| pool(Backend::Processes, ms);
    let mut runs =
        vec![threads(100), processes(102), threads(104), processes(98), processes(106), threads(96)];
    // The seed and the measurement are no other spec.
    runs[2].spec.seed = 7;
    runs[2].spec.lesson = "gil".parse().ok();
    runs[5].spec.telemetry = Telemetry::Off;
    let alike = RunsComparison::new(&runs, 0);
    assert_eq!(alike.columns.iter().map(|column| column.counted).collect::<Vec<_>>(), [3, 3]);
    assert_eq!(alike.columns[0].places, [0, 2, 5]);
    let walls = &row(&alike, "wall time").cells;
    assert_eq!(walls[0].text, "100 ms (96.0 ms to 104 ms)");
    assert_eq!(walls[1].against, "no difference seen");
    assert!(walls[1].range.ends_with("more repeats may show a difference"), "{}", walls[1].range);
    let seed = alike.settings.iter().find(|setting| setting.0 == "seed").map(|setting| setting.1.clone());
    assert_eq!(seed, Some(vec!["1, 7".to_owned(), "1".to_owned()]));
    assert!(!alike.settings.iter().any(|setting| setting.0 == "lesson"), "{:?}", alike.settings);
    let slow = [threads(100), processes(202), threads(104), processes(198), processes(206), threads(96)];
    let [slow, short] = [&slow[..], &slow[..4]].map(|runs| RunsComparison::new(runs, 0));
    assert_eq!(againsts(&slow, "wall time"), ["", "2.0×"]);
    let line = |comparison: &RunsComparison, start: &str| {
        let lines = comparison.summary_lines();
        lines.iter().find(|line| line.starts_with(start)).cloned().unwrap_or_else(|| panic!("{lines:?}"))
    };
    let told = "102 ms (98.0 ms to 106 ms)  no difference seen (ratio 1.02, 0.94 to 1.10)";
    assert!(line(&alike, "wall time").ends_with(told), "{}", line(&alike, "wall time"));
    assert!(line(&slow, "wall time").ends_with("  2.02× (1.90 to 2.15)"), "{}", line(&slow, "wall time"));
    for (comparison, worth) in
        [(&slow, "median with 75 %"), (&short, "median with 50 % and the true ratio with 66 %")]
    {
        let note = "interval  of so few repeats it is a whole range, which holds the true";
        assert_eq!(line(comparison, "interval"), format!("{note} {worth}; 6 repeats have one of 95 %"));
    }
}

#[test]
fn what_makes_it_doubtful_is_said() {
    let sound = || pool(Backend::Threads, 100);
    let warned = |change: fn(&mut ComparedRun)| {
        let mut other = pool(Backend::Serial, 100);
        change(&mut other);
        RunsComparison::new(&[sound(), other], 0).warnings
    };
    assert_eq!(warned(|_| {}), [""; 0]);
    for (change, words) in [
        (
            (|run| run.host.kernel = "6.0".to_owned()) as fn(&mut ComparedRun),
            "of different machines. threads: 2 usable",
        ),
        (
            |run| run.build = "poolscope 2".to_owned(),
            "different programs. threads: poolscope 1; serial: poolscope 2",
        ),
        (|run| run.figures.checksum.clear(), "the same work gave other values with serial than with threads"),
        (|run| run.spec.tasks += 1, "serial, tasks 3 did other work than threads, tasks 2"),
        (|run| run.resized = Some("resized to 3".to_owned()), "the pool of serial was resized to 3"),
        (|run| run.figures.tasks.ok = 1, "serial did not end well"),
        (
            |run| run.figures.background = Some(Background { cores: 0.5, steal_cores: 0.25 }),
            "during serial others used 0.8 of the 2 usable cores",
        ),
    ] {
        let warnings = warned(change);
        assert!(warnings.len() == 1 && warnings[0].contains(words), "{words}: {warnings:?}");
    }
}

#[test]
fn other_work_and_half_of_it_are_not_set_against_the_base() {
    let sound = || pool(Backend::Threads, 100);
    let other = run("more", spec(Backend::Threads, 1, 3), 100);
    let comparison = RunsComparison::new(&[sound(), other], 0);
    assert_eq!(againsts(&comparison, "wall time"), ["", ""]);
    assert_eq!(againsts(&comparison, "time until ready"), ["", "1.00×"], "starting is no part of the work");
    // Beside a repeat that ended well it does not count.
    let mut half = sound();
    half.figures.tasks.ok = 1;
    half.figures.wall_ns *= 3;
    let comparison = RunsComparison::new(&[sound(), half, pool(Backend::Serial, 200)], 0);
    assert_eq!(againsts(&comparison, "wall time"), ["", "2.0×"]);
    assert_eq!(comparison.columns[0].counted, 1);
    let [warning] = &comparison.warnings[..] else { panic!("{:?}", comparison.warnings) };
    assert_eq!(warning, "threads of threads did not end well (1 ok) and does not count");
}

#[test]
fn runs_that_differ_in_what_no_name_tells_are_still_told_apart() {
    let mut slow = pool(Backend::Threads, 100);
    slow.spec.timeout = Some(2.0);
    let comparison = RunsComparison::new(&[pool(Backend::Threads, 100), slow], 0);
    assert_eq!(comparison.columns.len(), 2);
    assert_ne!(comparison.columns[0].name, comparison.columns[1].name);
    assert!(comparison.settings.iter().any(|setting| setting.0 == "timeout"), "{:?}", comparison.settings);
}

#[test]
fn lines_are_aligned_and_hold_no_command_for_a_terminal() {
    let mut odd = pool(Backend::Serial, 50);
    odd.name = "bad\u{1b}[2J".to_owned();
    let lines = RunsComparison::new(&[pool(Backend::Threads, 100), odd], 0).summary_lines();
    assert!(lines[0].contains("threads (base)   serial"), "{lines:?}");
    let place = |line: &String| line.find("50.0 ms  0.50×").or_else(|| line.find("bad"));
    let places: Vec<usize> = lines.iter().filter_map(place).collect();
    assert!(places.len() >= 2 && places.iter().all(|at| *at == places[0]), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains('\u{1b}')), "{lines:?}");
    let wall = lines.iter().find(|line| line.starts_with("wall time")).expect("a line");
    assert!(wall.ends_with("50.0 ms  0.50×"), "{wall}");
}
