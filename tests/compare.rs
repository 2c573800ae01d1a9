//! Experiments on the command line: what is kept, shown, exported and listed of them; and several runs in a table.

mod support;

use std::{fs, path::Path, process::Output};

use serde_json::Value;
use support::{Program, command, folder, mark, path, wait};

fn poolscope(data: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mark = mark();
    let child = command(args, &mark).env("XDG_DATA_HOME", data).spawn().expect("the program starts");
    let Output { status, stdout, stderr } = wait(Program { child, mark });
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

const SMALL: [&str; 13] = [
    "compare",
    "--backend",
    "threads,processes",
    "--workers",
    "2",
    "--workload",
    "square",
    "--tasks",
    "20",
    "--repeats",
    "2",
    "--calm",
    "0",
];

/// Runs a small one with `--keep` and these flags besides: the path of its folder, and what it printed.
fn keep(data: &Path, more: &[&str]) -> (String, String) {
    let (code, stdout, stderr) = poolscope(data, &[&SMALL[..], &["--keep"], more].concat());
    assert_eq!(code, Some(0), "{stderr}");
    let folder = stderr.lines().find_map(|line| line.strip_prefix("poolscope: recording to "));
    (folder.expect("a path on stderr").to_owned(), stdout)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn what_was_kept_is_shown_as_it_was_printed() {
    let data = folder();
    let (kept, printed) = keep(data.path(), &[]);
    let name = Path::new(&kept).file_name().and_then(|name| name.to_str()).expect("a name");
    let file = format!("{kept}/experiment.pscopex");
    for given in [name, &kept, &file] {
        let (code, shown, stderr) = poolscope(data.path(), &["show", given]);
        assert_eq!((code, &*stderr), (Some(0), ""), "{given}");
        assert_eq!(shown, printed, "{given}");
    }
    let (_, shown, _) = poolscope(data.path(), &["show", name, "--json"]);
    let (code, exported, _) = poolscope(data.path(), &["export", name, "--format", "json"]);
    assert_eq!((code, &exported), (Some(0), &shown));
    let report = json(&shown);
    assert_eq!(report["variants"].as_array().map(Vec::len), Some(2));
    assert_eq!(report["variants"][1]["runs"].as_array().map(Vec::len), Some(3), "with the warm-up");
    // A run of it is a run like any other.
    let run = report["variants"][0]["runs"][0]["file"].as_str().expect("a file");
    let (code, shown, _) = poolscope(data.path(), &["show", &format!("{kept}/{run}")]);
    assert_eq!(code, Some(0));
    assert!(shown.contains("20 ok"), "{shown}");
}

#[test]
fn an_experiment_is_exported_in_its_own_formats_and_no_other() {
    let data = folder();
    let (kept, _) = keep(data.path(), &[]);
    let export = |format: &str, more: &[&str]| {
        poolscope(data.path(), &[&["export", &kept, "--format", format], more].concat())
    };
    let (code, table, _) = export("csv", &[]);
    assert_eq!((code, table.lines().count()), (Some(0), 7));
    let columns: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    let order: Vec<_> = columns[1..].iter().map(|row| row[0]).collect();
    assert_eq!((columns[0][0], order), ("order", vec!["1", "2", "3", "4", "5", "6"]));
    let (_, times, _) = export("hyperfine", &[]);
    let times = json(&times);
    let command = times["results"][0]["command"].as_str().expect("a command");
    assert!(command.starts_with("poolscope run --backend threads"), "{command}");
    assert_eq!(times["results"][0]["times"].as_array().map(Vec::len), Some(2));
    let (_, page, _) = export("html", &[]);
    assert!(page.starts_with("<!DOCTYPE html>") && !page.contains("<script"), "{page}");
    for (format, more, why) in [
        ("svg", &[][..], "allowed: html, json, hyperfine, csv (for an experiment)"),
        ("trace", &[], "allowed: html, json, hyperfine, csv (for an experiment)"),
        ("csv", &["--table", "tasks"], "--table belongs to the export of a run"),
    ] {
        let (code, stdout, stderr) = export(format, more);
        assert_eq!((code, &*stdout), (Some(2), ""));
        assert!(stderr.contains(why), "{stderr}");
    }
    let run = fs::read_dir(&kept).expect("a folder").flatten().map(|entry| entry.path());
    let run = run.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "pscope"));
    let run = run.expect("a run").display().to_string();
    let (code, _, stderr) = poolscope(data.path(), &["export", &run, "--format", "hyperfine"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("trace") && stderr.contains("(for a run)"), "{stderr}");
}

#[test]
fn a_report_is_a_page_with_every_variant() {
    let data = folder();
    let report = path(&data, "report.html");
    keep(data.path(), &["--quiet", "-o", &report.display().to_string()]);
    let page = fs::read_to_string(&report).expect("a report");
    for text in ["threads and processes", "2 variants, 2 runs each after 1 warm-up", "--backend threads"] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn what_cannot_be_written_is_told_before_anything_runs() {
    let data = folder();
    let (kept, _) = keep(data.path(), &[]);
    let file = format!("{kept}/experiment.pscopex");
    let before = fs::read(&file).expect("there");
    let none = path(&data, "none/report.html").display().to_string();
    for (more, why) in [
        (["-o", "report.pdf"], "allowed: a name that ends in .html"),
        (["-o", "report"], "allowed: a name that ends in .html"),
        (["-o", none.as_str()], "there is no folder"),
        (["--export-json", file.as_str()], "it is an experiment of Poolscope"),
    ] {
        let (code, stdout, stderr) = poolscope(data.path(), &[&SMALL[..], &["--keep"], &more].concat());
        assert_eq!((code, &*stdout), (Some(2), ""), "{more:?}");
        assert!(stderr.contains(why) && !stderr.contains("recording"), "{stderr}");
    }
    let (code, _, stderr) = poolscope(data.path(), &["export", &kept, "--format", "html", "-o", &file]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("it is an experiment of Poolscope"), "{stderr}");
    assert_eq!(fs::read(&file).expect("there"), before);
}

#[test]
fn experiments_are_listed_after_runs() {
    let data = folder();
    let (kept, _) = keep(data.path(), &[]);
    let run = ["run", "--keep", "--quiet", "--backend", "threads", "--workload", "noop", "--tasks", "3"];
    assert_eq!(poolscope(data.path(), &run).0, Some(0));
    let broken = Path::new(&kept).with_file_name("19990101-000000-broken");
    fs::create_dir(&broken).expect("made");
    fs::write(broken.join("experiment.pscopex"), "{").expect("written");
    let list = |search: &str| json(&poolscope(data.path(), &["list", "--json", "--search", search]).1);
    let all = list("");
    let kinds: Vec<_> = all.as_array().expect("a list").iter().map(|item| item["kind"].as_str()).collect();
    assert_eq!(kinds, [Some("run"), Some("experiment"), Some("experiment")]);
    let one = &all[1];
    assert_eq!(one["path"], format!("{kept}/experiment.pscopex"));
    assert_eq!(one["variants"], serde_json::json!(["threads", "processes"]));
    assert_eq!(one["runs"], serde_json::json!({"total": 6, "ended": 6, "ok": 6}));
    assert_eq!((&one["status"], &one["error"]), (&"finished".into(), &Value::Null));
    assert!(all[2]["status"] == "unreadable" && all[2]["error"].is_string(), "{}", all[2]);
    assert_eq!(list("experiment processes finished").as_array().map(Vec::len), Some(1));
    assert_eq!(list("noop").as_array().map(Vec::len), Some(1));
    let (_, text, _) = poolscope(data.path(), &["list"]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[1].contains("6/6  experiment: threads, processes: 2 variants"), "{text}");
    for (name, is_name) in [("none", true), ("./none", false)] {
        for args in [&["show", name][..], &["export", name, "--format", "csv"]] {
            let (code, _, stderr) = poolscope(data.path(), args);
            assert_eq!(code, Some(2));
            assert!(stderr.contains(&format!("cannot open {name}: No such file")), "{stderr}");
            assert_eq!(stderr.contains("no name that `poolscope list` prints"), is_name, "{stderr}");
        }
    }
    let (code, _, stderr) = poolscope(data.path(), &["show", "19990101-000000-broken"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("not an experiment of Poolscope"), "{stderr}");
}

/// Records a run with these flags, and gives its file.
fn record(folder: &tempfile::TempDir, name: &str, flags: &[&str]) -> String {
    let file = path(folder, name).to_str().expect("UTF-8").to_owned();
    let work = ["run", "--quiet", "-o", &file, "--workload", "square", "--tasks", "20", "--workers", "2"];
    let (code, _, stderr) = support::run(&[&work[..], flags].concat());
    assert_eq!(code, 0, "{stderr}");
    file
}

#[test]
fn several_runs_are_shown_in_one_table_with_repeats_in_one_column() {
    let folder = folder();
    let file = |name: &str, flags: &[&str]| record(&folder, name, flags);
    let files = [
        file("a.pscope", &["--backend", "threads"]),
        file("b.pscope", &["--backend", "processes"]),
        file("c.pscope", &["--backend", "threads", "--telemetry", "off"]),
    ];
    let [a, b, c] = files.each_ref().map(String::as_str);
    let (code, table, stderr) = support::run(&["show", a, b, c]);
    assert_eq!((code, &*stderr), (0, ""));
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].contains("threads (base)") && lines[0].contains("processes"), "{table}");
    assert!(lines[1].contains("2 repeats") && lines[1].contains("b.pscope"), "{table}");
    for row in ["set: backend", "wall time", "time until ready", "throughput", "median wait", "peak memory"] {
        assert!(lines.iter().any(|line| line.starts_with(row)), "{row}: {table}");
    }
    assert!(!table.contains("results differ") && !table.contains("different machines"), "{table}");
    let (code, printed, _) = support::run(&["show", a, b, c, "--json"]);
    let all = json(&printed);
    assert_eq!((code, all["runs"].as_array().map(Vec::len)), (0, Some(3)));
    let (_, one, _) = support::run(&["show", b, "--json"]);
    assert_eq!(all["runs"][1]["result"], json(&one)["result"], "the objects that one run has");
    let columns = all["comparison"]["columns"].as_array().expect("columns");
    assert_eq!(columns[0]["places"], serde_json::json!([0, 2]));
    let wall = &all["comparison"]["rows"][0];
    assert_eq!((wall["name"].as_str(), wall["unit"].as_str()), (Some("wall time"), Some("ns")));
    assert_eq!(wall["cells"][0]["value"]["n"], 2);
    let of = |at: usize| wall["cells"][at]["value"]["median"].as_f64().expect("a number");
    let ratio = wall["cells"][1]["ratio"]["median"].as_f64().expect("a ratio");
    assert!((ratio - of(1) / of(0)).abs() < 1e-9, "{wall}");
    assert!(wall["cells"][0]["ratio"].is_null(), "{wall}");
}

#[test]
fn what_cannot_be_compared_is_refused_with_the_reason() {
    let data = folder();
    let (kept, _) = keep(data.path(), &[]);
    let a = record(&data, "a.pscope", &["--backend", "serial"]);
    let many = vec![a.as_str(); 9];
    for (files, words) in [
        (vec![a.as_str(), a.as_str()], "is given twice"),
        (vec![a.as_str(), kept.as_str()], "is an experiment"),
        (many, "9 runs are given; allowed: one, or 2 to 8"),
        (vec![a.as_str(), "/nowhere/b.pscope"], "cannot open /nowhere/b.pscope"),
    ] {
        let (code, stdout, stderr) = poolscope(data.path(), &[&["show"], &files[..]].concat());
        assert_eq!((code, &*stdout), (Some(2), ""), "{stderr}");
        assert!(stderr.contains(words), "{words}: {stderr}");
    }
}
