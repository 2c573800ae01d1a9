//! Runs that are kept: `run --keep` and `list`, with a library of the test's own.

mod support;

use std::{fs, path::Path, process::Output};

use poolscope::record::{Label, set_label};
use serde_json::Value;
use support::{DEADLINE, Program, assert_nothing_left, command, folder, mark, path, until, wait};

fn poolscope(data: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mark = mark();
    let child = command(args, &mark).env("XDG_DATA_HOME", data).spawn().expect("the program starts");
    let Output { status, stdout, stderr } = wait(Program { child, mark });
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

fn keep(data: &Path, workload: &str) -> String {
    let args = ["run", "--keep", "--quiet", "--backend", "threads", "--workers", "2", "--tasks", "6"];
    let (code, _, stderr) = poolscope(data, &[&args[..], &["--workload", workload]].concat());
    assert_eq!(code, Some(0), "{stderr}");
    stderr.trim().strip_prefix("poolscope: recording to ").expect("a path on stderr").to_owned()
}

fn list_json(data: &Path, search: &str) -> Vec<Value> {
    let (code, stdout, stderr) = poolscope(data, &["list", "--json", "--search", search]);
    assert_eq!(code, Some(0), "{stderr}");
    serde_json::from_str(&stdout).expect("a JSON array")
}

#[test]
fn kept_runs_are_listed_newest_first_and_found() {
    let data = folder();
    assert!(list_json(data.path(), "").is_empty(), "nothing at first");
    let (code, stdout, stderr) = poolscope(data.path(), &["list"]);
    assert_eq!((code, &*stdout), (Some(0), ""));
    assert!(stderr.contains("run --keep"), "{stderr}");
    let first = keep(data.path(), "noop");
    let second = keep(data.path(), "square");
    assert!(Path::new(&first).starts_with(data.path().join("poolscope/runs")), "{first}");
    let runs = list_json(data.path(), "");
    let paths: Vec<_> = runs.iter().map(|run| run["path"].as_str().expect("a path")).collect();
    assert_eq!(paths, [&second, &first]);
    for run in &runs {
        assert_eq!((&run["status"], &run["complete"]), (&"finished".into(), &true.into()), "{run}");
        assert_eq!((&run["tasks"]["ok"], &run["tasks"]["total"]), (&6.into(), &6.into()), "{run}");
        assert_eq!((&run["name"], &run["note"]), (&"".into(), &"".into()), "{run}");
        assert_eq!((&run["pinned"], &run["error"]), (&false.into(), &Value::Null), "{run}");
        assert!(run["started_unix_ns"].as_u64() > Some(0) && run["wall_ns"].is_u64(), "{run}");
        assert_eq!(run["bytes"], fs::metadata(run["path"].as_str().expect("text")).expect("there").len());
        assert!(run["title"].as_str().is_some_and(|title| title.starts_with("threads × 2")), "{run}");
    }
    assert_eq!(list_json(data.path(), "SQUARE finished").len(), 1);
    assert!(list_json(data.path(), "lost").is_empty());
    let (_, stdout, _) = poolscope(data.path(), &["list"]);
    let lines: Vec<&str> = stdout.lines().collect();
    assert!(lines.len() == 2 && lines[0].contains("-square-threads-2.pscope"), "{stdout}");
    assert!(lines[1].contains("6/6  threads × 2, noop, 6 tasks"), "{stdout}");
}

/// Whether somebody records is asked of the system, not guessed from times.
#[test]
fn a_run_is_running_until_its_session_is_gone() {
    let data = folder();
    let mark = mark();
    let args =
        ["run", "--keep", "--workers", "2", "--workload", "sleep", "--size", "2000000", "--tasks", "100000"];
    let child = command(&args, &mark).env("XDG_DATA_HOME", data.path()).spawn().expect("the program starts");
    let mut program = Program { child, mark };
    let listed = || list_json(data.path(), "").pop();
    let live =
        until("tasks are written", DEADLINE, || listed().filter(|run| run["tasks"]["ok"].as_u64() > Some(0)));
    assert_eq!(live["status"], "running", "{live}");
    let show = |run: &Value| {
        let (_, told, _) = poolscope(data.path(), &["show", "--json", run["path"].as_str().expect("a path")]);
        serde_json::from_str::<Value>(&told).expect("JSON")
    };
    let reason = |run: &Value| run["reason"].as_str().expect("a reason").to_owned();
    assert!(reason(&show(&live)).contains("it is being recorded"));
    program.child.kill().expect("killed");
    program.child.wait().expect("reaped");
    assert_nothing_left(&program.mark);
    let cut = listed().expect("it is there");
    assert_eq!((&cut["status"], &cut["complete"]), (&"cut off".into(), &false.into()), "{cut}");
    let told = show(&cut);
    assert!(reason(&told).contains("its session was ended"));
    assert_eq!(cut["tasks"]["ok"], told["tasks"]["ok"]);
    assert_eq!(cut["tasks"]["total"], 100_000);
}

#[test]
fn an_experiment_is_running_until_its_session_is_gone() {
    let data = folder();
    let mark = mark();
    let work = ["--workload", "sleep", "--size", "20000000", "--tasks", "20", "--workers", "1,2"];
    let args = [&["compare", "--keep", "--quiet", "--repeats", "100", "--calm", "0"], &work[..]].concat();
    let child = command(&args, &mark).env("XDG_DATA_HOME", data.path()).spawn().expect("the program starts");
    let mut program = Program { child, mark };
    let listed = || list_json(data.path(), "").pop();
    let live = until("it is there", DEADLINE, listed);
    assert_eq!((&live["kind"], &live["status"]), (&"experiment".into(), &"running".into()), "{live}");
    program.child.kill().expect("killed");
    program.child.wait().expect("reaped");
    assert_nothing_left(&program.mark);
    assert_eq!(listed().expect("it is there")["status"], "stopped");
}

#[test]
fn names_from_the_list_can_be_shown_and_exported_with_what_people_wrote() {
    let data = folder();
    let kept = keep(data.path(), "noop");
    let label =
        Label { name: "the <good> one".to_owned(), note: "before\nthe change".to_owned(), pinned: false };
    set_label(Path::new(&kept), &label).expect("it can be labelled");
    let (_, listed, _) = poolscope(data.path(), &["list"]);
    let name = listed.split_whitespace().next().expect("a name");
    assert!(kept.ends_with(name) && listed.contains("the <good> one: threads × 2, noop"), "{listed}");
    let (code, shown, stderr) = poolscope(data.path(), &["show", name]);
    assert_eq!((code, &*stderr), (Some(0), ""));
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].starts_with("finished    threads × 2"), "{shown}");
    assert_eq!(lines[1..4], ["name        the <good> one", "note        before", "note        the change"]);
    let (code, page, stderr) = poolscope(data.path(), &["export", name, "--format", "html"]);
    assert_eq!((code, &*stderr), (Some(0), ""));
    for text in ["the &lt;good&gt; one", "the change", "threads × 2, noop"] {
        assert!(page.contains(text), "{text}");
    }
    for name in ["none.pscope", &format!("./{name}")] {
        let (code, _, stderr) = poolscope(data.path(), &["show", name]);
        assert_eq!(code, Some(2));
        assert!(stderr.contains("No such file"), "{stderr}");
    }
}

#[test]
fn looking_makes_nothing() {
    let data = folder();
    for args in [&["list"][..], &["list", "--json"], &["show", "a.pscope"]] {
        poolscope(data.path(), args);
        assert_eq!(fs::read_dir(data.path()).expect("there").count(), 0, "{args:?}");
    }
    let (code, stdout, _) = poolscope(Path::new("/proc/none"), &["list", "--json"]);
    assert_eq!((code, stdout.trim()), (Some(0), "[]"), "nothing can be made there");
}

#[test]
fn a_file_that_is_no_run_is_listed_with_the_reason() {
    let data = folder();
    let kept = keep(data.path(), "noop");
    fs::write(Path::new(&kept).with_file_name("bad.pscope"), "no database").expect("written");
    let runs = list_json(data.path(), "unreadable");
    assert_eq!(runs.len(), 1);
    assert!(runs[0]["error"].as_str().is_some_and(|why| why.contains("no run of Poolscope")), "{runs:?}");
    assert_eq!(list_json(data.path(), "").len(), 2);
}

#[test]
fn a_library_that_cannot_be_made_is_told_before_anything_runs() {
    let data = folder();
    let file = path(&data, "file");
    fs::write(&file, "").expect("written");
    for args in [&["list"][..], &["run", "--keep", "--tasks", "1"]] {
        let (code, stdout, stderr) = poolscope(&file, args);
        assert_eq!((code, &*stdout), (Some(2), ""), "{stderr}");
        assert!(stderr.starts_with("poolscope: the runs of this machine: "), "{stderr}");
    }
}

#[test]
fn a_run_goes_to_a_file_or_to_the_library_and_not_to_both() {
    let data = folder();
    let (code, _, stderr) = poolscope(data.path(), &["run", "--keep", "-o", "a.pscope"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("cannot be used with"), "{stderr}");
}
