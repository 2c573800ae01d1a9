//! Every lesson and every variant of it, really run, comes out as it says.

mod support;

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use poolscope::{
    event::lesson::{Told, Verb},
    ids::WorkerId,
    lesson::{Ending, Variant, What, all},
    record,
    store::{Entry, Span},
};
use serde_json::Value;
use support::{DEADLINE, folder, processes, run, signal, start, until, wait};

/// Lessons at a time: most of them wait most of the time.
const AT_ONCE: usize = 4;

/// Runs a lesson and gives what `--json` says of it.
fn report(name: &str, more: &[&str]) -> Value {
    let mut args = vec!["lesson", name, "--json"];
    args.extend(more);
    let (code, text, error) = run(&args);
    assert_eq!(code, 0, "{name}: {text}\n{error}");
    serde_json::from_str(&text).expect("JSON")
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}

#[test]
fn every_lesson_and_every_variant_comes_out_as_it_says() {
    let programs: Vec<(String, &Variant)> = all()
        .iter()
        .flat_map(|lesson| {
            lesson.variants.iter().map(|variant| (lesson.name_of(variant).to_string(), variant))
        })
        .filter(|(_, variant)| matches!(variant.what, What::Program(_)))
        .collect();
    assert!(programs.len() > 20, "only {} were found", programs.len());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((name, variant)) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    one(name, variant);
                }
            });
        }
    });
}

/// Its report has nothing unexpected, one answer of each question was right, and its run file says the same again.
fn one(name: &str, variant: &Variant) {
    let folder = folder();
    let file = folder.path().join("lesson.pscope");
    let path = file.to_str().expect("UTF-8");
    let told = report(name, &["--output", path]);
    assert_eq!(texts(&told["unexpected"]), [""; 0], "{name}: {told:#}");
    let wanted = if variant.expect.ended == Ending::Stuck { "stuck" } else { "finished" };
    assert_eq!(told["ended"], wanted, "{name}");
    for question in told["questions"].as_array().expect("questions") {
        let choices = question["choices"].as_array().expect("choices");
        let right = choices.iter().filter(|choice| choice[1] == true).count();
        assert_eq!(right, 1, "{name}: {question:#}");
    }
    let tasks = &told["run"]["tasks"];
    let number = |class: &str| tasks[class].as_u64().expect("a number");
    let sum: u64 =
        ["ok", "failed", "crashed", "timed_out", "cancelled", "not_run"].into_iter().map(number).sum();
    assert_eq!(sum, number("total"), "{name}: {tasks}");
    if wanted == "finished" && variant.expect.died.is_empty() {
        assert_eq!(number("ok"), number("total"), "{name}: {tasks}");
    }
    let (_, shown, _) = run(&["show", path, "--json"]);
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["tasks"], *tasks, "{name}: the file says otherwise");
}

#[test]
fn lessons_of_ordinary_runs_come_out_as_they_say() {
    let home = folder();
    for lesson in all() {
        for variant in lesson.variants.iter().filter(|variant| matches!(variant.what, What::Runs(_))) {
            let name = lesson.name_of(variant).to_string();
            run_at(home.path(), &["lesson", &name, "--json"]);
            assert_kept_with_its_name(home.path(), &name);
        }
    }
}

/// Runs the program with a library of its own, and gives what it prints.
fn run_at(home: &Path, args: &[&str]) -> String {
    let mark = support::mark();
    let child = support::command(args, &mark).env("XDG_DATA_HOME", home).spawn();
    let output = wait(support::Program { child: child.expect("the program starts"), mark });
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(0), "{args:?}: {text}");
    text
}

/// Every run that is left of it tells of which lesson it is, wherever one reads of it.
fn assert_kept_with_its_name(home: &Path, name: &str) {
    let listed: Value = serde_json::from_str(&run_at(home, &["list", "--json"])).expect("JSON");
    let of_lesson = |run: &&Value| run["lesson"] == name;
    let runs: Vec<&Value> = listed.as_array().expect("runs").iter().filter(of_lesson).collect();
    let text = run_at(home, &["list"]);
    let title = format!("(lesson {name})");
    assert!(runs.len() > 1 && text.matches(&title).count() == runs.len(), "{name}: {text}");
    for run in runs {
        let path = run["path"].as_str().expect("a path");
        let shown: Value = serde_json::from_str(&run_at(home, &["show", path, "--json"])).expect("JSON");
        assert_eq!(shown["spec"]["lesson"], name, "{path}");
        let text = run_at(home, &["show", path]);
        assert!(text.lines().next().is_some_and(|line| line.contains(&title)), "{text}");
        let log = run_at(home, &["export", path, "--format", "log"]);
        assert!(log.contains(&title), "{log}");
    }
}

#[test]
fn a_log_comes_out_to_the_letter_in_the_lessons_own_pattern() {
    let folder = folder();
    let file = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (run_file, log_file) = (file("process.pscope"), file("multiprocess.txt"));
    report("process", &["--output", &run_file, "--log", &log_file]);
    let log = fs::read_to_string(&log_file).expect("the log");
    assert_eq!(log, "INFO-this is my main programme\nINFO-this is my multiprocessing program\n");
    // With the time before it, as `four` keeps it: `2025-01-31 12:00:00,123-INFO-process1:1`.
    report("four", &["--output", &file("four.pscope"), "--log", &log_file]);
    let log = fs::read_to_string(&log_file).expect("the log");
    let mut messages: Vec<&str> = log.lines().map(|line| line.get(24..).unwrap_or_default()).collect();
    messages.sort_unstable();
    assert_eq!(messages, [1, 2, 3, 4].map(|n| format!("INFO-process{n}:{n}")), "{log}");
    for line in log.lines() {
        let shape: String = line.chars().take(24).map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "0000-00-00 00:00:00,000-", "{line}");
    }
}

#[test]
fn the_list_has_a_lesson_a_line_with_its_name_first() {
    let (_, text, _) = run(&["lesson"]);
    let names: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let known: Vec<String> = all()
        .iter()
        .flat_map(|lesson| lesson.variants.iter().map(|variant| lesson.name_of(variant).to_string()))
        .collect();
    assert_eq!(names, known);
}

#[test]
fn what_is_no_lesson_is_refused_by_name() {
    for (args, part) in [
        (&["lesson", "quue"][..], "queue"),
        (&["lesson", "queue/nothing"], "missing-sentinel"),
        (&["lesson", "queue", "--variant", "x"], "missing-sentinel"),
        (&["lesson", "../x"], "small letters"),
        (&["lesson", "queue/missing-sentinel", "--variant", "join-before-draining"], "missing-sentinel"),
        (&["lesson", "--variant", "missing-sentinel"], "NAME"),
        (&["lesson", "queue", "--log", "/dev/null"], "keeps no log"),
        (&["lesson", "process", "--log", "/nowhere/x.txt"], "there is no folder /nowhere"),
        (&["run", "--workload", "lesson"], "poolscope lesson"),
    ] {
        let (code, _, error) = run(args);
        assert!(code == 2 && error.contains(part), "{args:?}: {error}");
    }
}

/// What the window marks and draws, as it stands in the file.
#[test]
fn a_lessons_file_tells_the_lines_of_its_steps_and_what_its_tasks_waited_for() {
    let folder = folder();
    let path = folder.path().join("pool.pscope");
    report("pool", &["--output", path.to_str().expect("UTF-8")]);
    let store = record::read(&path).expect("a run file").store;
    let main = WorkerId(0);
    let lines: Vec<u32> =
        store.lesson.told().filter(|entry| entry.worker == Some(main)).filter_map(line).collect();
    assert_eq!(lines, [3], "it logs in its third line");
    // A worker waits for its items at no line of the function.
    let waits = |entry: &&Entry| matches!(&entry.told, Told::Began(began) if began.verb == Verb::Get && began.line != 0);
    let of_workers = store.lesson.told().filter(|entry| entry.worker != Some(main));
    assert_eq!(of_workers.filter(waits).count(), 0);

    let queues: Vec<&str> = store.lesson.objects.iter().map(|object| &*object.name).collect();
    assert_eq!(queues, ["items of square", "results of square"]);
    // Where the kernel counts that at all.
    let counted = Path::new("/proc/self/schedstat").exists();
    let items: Vec<Span> = store.lanes[1..].iter().flat_map(|lane| lane.spans.iter()).collect();
    assert_eq!(items.len(), 9);
    for span in items {
        let usage = &span.usage;
        assert_eq!(usage.core_wait_ns.is_some(), counted, "{usage:?}");
        assert!(usage.cpu_ns.is_some_and(|cpu_ns| cpu_ns <= span.run_ns()), "{usage:?}");
    }
}

/// Where a process stands that does no operation there.
fn line(entry: &Entry) -> Option<u32> {
    match entry.told {
        Told::At { line } => Some(line),
        _ => None,
    }
}

const OWN: &str = r#"
name = "mine"
title = "Two who square"
goal = "g"
about = "a"
before = ["a", "b", "c"]
look = []
next = []
log = { file = "mine.txt", format = "%(levelname)s-%(message)s" }

[[role]]
name = "main"
steps = """
start child
map square over 1..3 with 2 workers -> squares
join child
log "all is done"
print "{squares}"
"""

[[role]]
name = "child"
steps = """
map square over 4..5 with 2 workers -> squares
"""

[[role]]
name = "square"
takes = ["x"]
steps = "return x * x"

[[variant]]
name = "wrong"
title = "A message that never comes"
about = "a"
shared = [{ kind = "queue", name = "queue" }]
role = [{ name = "main", steps = "get queue -> x" }]

[variant.expect]
ended = "finished"
"#;

#[test]
fn a_lesson_of_ones_own_is_run_recorded_and_shown_as_any_other() {
    let folder = folder();
    let file = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (own, path, log) = (file("mine.toml"), file("mine.pscope"), file("mine.txt"));
    fs::write(&own, OWN).expect("a file can be written");
    let told = report(&own, &["--output", &path, "--log", &log]);
    assert_eq!((told["name"].as_str(), told["ended"].as_str()), (Some("mine"), Some("finished")), "{told:#}");
    assert_eq!(texts(&told["printed"]), ["[1, 4, 9]"]);
    assert_eq!(fs::read_to_string(&log).expect("the log"), "INFO-all is done\n");
    let shared = told["shared"].as_array().expect("a list");
    assert_eq!(shared.len(), 4, "each of the two maps has its own two queues: {shared:#?}");
    let (code, shown, _) = run(&["show", &path, "--json"]);
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!((code, &shown["spec"]["lesson"]), (0, &Value::from("mine")));
    assert_eq!(texts(&shown["lesson"]["printed"]), ["[1, 4, 9]"]);

    let (code, told, _) = run(&["lesson", &own, "--variant", "wrong", "--json", "--output", &path]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(
        (code, told["ended"].as_str()),
        (1, Some("stuck")),
        "it should end, by its own words: {told:#}"
    );
}

/// Its child never comes to run, its last line fails, it keeps no log, and its title is no line.
const FAILING: &str = r#"
name = "failing"
title = "two\nlines \u001b[31m"
goal = "g"
about = "a"
before = ["a", "b", "c"]
look = []
next = []

[[role]]
name = "main"
steps = """
start child
put queue 1
sleep 1000
"""

[[role]]
name = "child"
steps = """
start grandchild
die
"""

[[role]]
name = "grandchild"
steps = """
sleep 20
"""

[[shared]]
kind = "queue"
name = "queue"
"#;

#[test]
fn why_a_process_failed_is_told_also_without_a_log_and_what_never_ran_has_no_id() {
    let folder = folder();
    let file = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (own, path) = (file("failing.toml"), file("failing.pscope"));
    fs::write(&own, FAILING).expect("a file can be written");
    let (_, text, _) = run(&["lesson", &own, "--output", &path]);
    assert!(text.starts_with("failing: two\\nlines \\u{1b}[31m\n"), "{text}");
    assert!(text.contains("\nlog\n  ERROR-sleep 1000: allowed are 0 to 60 seconds\n"), "{text}");
    let told = report(&own, &["--output", &path]);
    for process in told["processes"].as_array().expect("processes") {
        assert_ne!(process["pid"], 0, "{told:#}");
    }
}

#[test]
fn a_run_that_is_lost_is_none_of_what_a_lesson_allows_that_expects_nothing() {
    let folder = folder();
    let file = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let own = file("failing.toml");
    fs::write(&own, FAILING.replace("sleep 1000", "sleep 50")).expect("a file can be written");
    let program = start(&["lesson", &own, "--output", &file("failing.pscope")]);
    let engine = until("an engine", DEADLINE, || processes(&program.mark, Some("engine")).first().copied());
    // Its `main` is there.
    until("a role", DEADLINE, || processes(&program.mark, Some("role")).first().copied());
    signal(engine, "KILL");
    let output = wait(program);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("it ended lost, and not finished or stuck"), "{text}");
}

#[test]
fn what_is_wrong_with_a_lesson_of_ones_own_is_told_with_its_file() {
    let folder = folder();
    let path = folder.path().join("mine.toml");
    let own = path.to_str().expect("UTF-8");
    for (text, part) in [
        (OWN.replace("\"mine\"", "\"queue\""), "name: queue is not allowed"),
        (OWN.replace("title", "titel"), "line 3: unknown field"),
        (OWN.replace("join child", "join"), "role main, line 3: "),
        (format!("{OWN}\n[[role]]\nname = \"a\\nb\"\nsteps = \"\"\n"), "role"),
        (OWN.replace("%(levelname)s", "%(level)s"), "log, format: "),
        ("#".repeat(1 << 19), "too long"),
    ] {
        fs::write(&path, text).expect("a file can be written");
        let (code, _, error) = run(&["lesson", own]);
        assert_eq!(code, 2, "{error}");
        assert!(error.contains(part) && error.lines().all(|line| line.contains(own)), "{part}: {error}");
    }
    let (code, _, error) = run(&["lesson", "nowhere.toml"]);
    assert!(code == 2 && error.starts_with("poolscope: lesson: nowhere.toml cannot be read"), "{error}");
    fs::write(&path, OWN).expect("a file can be written");
    let (code, _, error) = run(&["lesson", own, "--variant", "x"]);
    assert!(code == 2 && error.contains("wrong"), "{error}");
}

#[test]
fn a_program_that_waits_for_ever_is_found_by_who_waits_for_whom() {
    let folder = folder();
    let path = folder.path().join("cycle.pscope");
    let told = report("two-locks/opposite-order", &["--output", path.to_str().expect("UTF-8")]);
    let stuck = told["stuck"].as_str().expect("found");
    assert!(stuck.contains("Rahim") && stuck.contains("Karim"), "{stuck}");
}
