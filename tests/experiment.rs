//! Experiments as they are really run: engines, run files, and the file that names them.

mod support;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use poolscope::{
    event::Status,
    experiment::{Conductor, Experiment, Moment, Plan, Rules, RunState, read},
    record,
    session::Launcher,
    spec::Draft,
};
use serde_json::Value;
use support::{
    assert_nothing_left, folder, path, run, signal, start as start_program, until as until_some, wait,
    workers,
};

const DEADLINE: Duration = Duration::from_mins(1);

fn plan(fields: &[(&str, &str)], repeats: u32) -> Arc<Plan> {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let variants = Draft::from_fields(fields).expect("fields").variants().expect("valid");
    let rules = Rules { repeats, warmup: 1, seed: 3, patience: Duration::ZERO };
    Arc::new(Plan::new(variants, rules).expect("valid"))
}

fn start(plan: Arc<Plan>, folder: &Path) -> Conductor {
    let launcher = Launcher { program: PathBuf::from(env!("CARGO_BIN_EXE_poolscope")) };
    Conductor::start(launcher, plan, Some(folder.to_owned()), Arc::new(|| ())).expect("a thread")
}

fn until(conductor: &Conductor, what: impl Fn(&Experiment) -> bool) -> Arc<Experiment> {
    let began = Instant::now();
    loop {
        let experiment = conductor.experiment();
        if what(&experiment) {
            return experiment;
        }
        assert!(began.elapsed() < DEADLINE, "{experiment:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn every_run_is_a_file_and_one_more_names_them() {
    let folder = folder();
    let plan = plan(
        &[("backend", "threads,processes"), ("workers", "2"), ("workload", "square"), ("tasks", "20")],
        2,
    );
    let mut conductor = start(Arc::clone(&plan), folder.path());
    until(&conductor, Experiment::is_over);
    let experiment = conductor.wait();
    assert_eq!((experiment.moment, experiment.progress()), (Moment::Finished, (6, 6)));
    assert_eq!(conductor.trouble(), None);
    let mut checksums = Vec::new();
    for (run, turn) in experiment.runs.iter().zip(&plan.turns) {
        let record = run.record().expect("it ran");
        assert!(record.figures.is_whole() && record.gap.is_none(), "{record:?}");
        assert_eq!(record.figures.tasks.ok, 20);
        checksums.push(record.figures.checksum.clone());
        let name = record.file.as_deref().expect("it was recorded");
        assert_eq!(name.contains("warmup"), turn.warmup, "{name}");
        let file = record::read(&folder.path().join(name)).expect("a run file");
        assert_eq!(format!("{:016x}", file.store.checksum), record.figures.checksum);
        assert_eq!(file.store.last_end_ns, record.figures.wall_ns, "the file tells the same run");
    }
    checksums.dedup();
    assert_eq!(checksums.len(), 1, "the same work has the same results");
    let again = read(&folder.path().join("experiment.pscopex")).expect("it can be read");
    assert_eq!(again, *experiment);
}

#[test]
fn what_was_done_before_a_stop_is_kept() {
    let folder = folder();
    let plan = plan(&[("workers", "1,2"), ("workload", "sleep"), ("size", "20000000"), ("tasks", "10")], 20);
    let mut conductor = start(plan, folder.path());
    until(&conductor, |experiment| experiment.progress().0 >= 2 && conductor.latest().is_some());
    conductor.stop();
    let experiment = conductor.wait();
    assert_eq!(experiment.moment, Moment::Stopped);
    let done = experiment.runs.iter().filter_map(RunState::record).collect::<Vec<_>>();
    assert!(done.len() >= 2 && done.len() < 42, "{}", done.len());
    assert!(done[..2].iter().all(|record| record.figures.is_whole()));
    let stopped = done.iter().filter(|record| record.figures.status == Status::Interrupted).count();
    assert!(stopped <= 1, "only the live one was stopped");
    let made = done.len() - stopped;
    assert_eq!(experiment.title(), format!("2 variants, {made} of 42 runs, stopped"));
    let left = experiment.runs.iter().filter(|run| **run == RunState::Left).count();
    assert_eq!(left + done.len(), experiment.runs.len());
    assert_eq!(read(&folder.path().join("experiment.pscopex")).expect("it can be read"), *experiment);
}

#[test]
fn a_run_that_is_lost_does_not_end_the_experiment() {
    let folder = folder();
    let plan = plan(
        &[("backend", "threads,processes"), ("workers", "2"), ("tasks", "8"), ("fault", "segfault@3")],
        1,
    );
    let mut conductor = start(plan, folder.path());
    let experiment = conductor.wait();
    assert_eq!(experiment.moment, Moment::Finished);
    for (run, turn) in experiment.runs.iter().zip(&experiment.plan.turns) {
        let figures = &run.record().expect("it ran").figures;
        let expected = if turn.variant == 0 { Status::Lost } else { Status::Finished };
        assert_eq!(figures.status, expected, "threads die with their engine, processes one by one");
        assert!(!figures.is_whole());
    }
}

#[test]
fn files_that_are_no_experiments_are_refused_by_name() {
    let folder = folder();
    let path = folder.path().join("experiment.pscopex");
    let mut conductor = start(plan(&[("tasks", "1"), ("workload", "noop")], 1), folder.path());
    conductor.wait();
    let good = std::fs::read_to_string(&path).expect("it is there");
    let whole = read(&path).expect("it can be read");
    let marked = good.replacen("[\"backend\"", "[\"lesson\",\"gil\"],[\"backend\"", 1);
    assert_ne!(marked, good);
    std::fs::write(&path, marked).expect("written");
    assert_eq!(read(&path).expect("it can be read"), whole, "an experiment is no part of a lesson");
    for (from, to, why) in [
        ("{", "[", "not an experiment"),
        ("\"poolscope_experiment\":1", "\"poolscope_experiment\":2", "version is 2"),
        ("\"backend\"", "\"banana\"", "banana is no field"),
        ("\"variant\":0", "\"variant\":7", "variant 7"),
        ("\"repeats\":1", "\"repeats\":0", "repeats"),
        ("002-noop", "../002-noop", "no name of a file"),
    ] {
        assert!(good.contains(from), "{from}: {good}");
        std::fs::write(&path, good.replacen(from, to, 1)).expect("written");
        let error = read(&path).expect_err(why).to_string();
        assert!(error.contains(why) && error.contains("experiment.pscopex"), "{error}");
    }
    // Much longer than it takes room.
    let file = std::fs::File::create(&path).expect("made anew");
    file.set_len(300_000_000).expect("longer");
    let error = read(&path).expect_err("too much").to_string();
    assert!(error.contains("300 MB are too much") && error.contains("allowed: at most 268 MB"), "{error}");
    let error = read(folder.path()).expect_err("a folder").to_string();
    assert!(error.ends_with("not a file"), "{error}");
}

fn json(args: &[&str]) -> (i32, Value) {
    let (code, stdout, stderr) = run(args);
    (code, serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}\n{stderr}")))
}

#[test]
fn compare_tells_of_every_variant_and_run() {
    let folder = folder();
    let times = path(&folder, "times.json");
    let times = times.to_str().expect("UTF-8");
    let (code, report) = json(&[
        "compare",
        "--json",
        "--calm",
        "0",
        "--workload",
        "square",
        "--tasks",
        "16",
        "--backend",
        "threads,processes",
        "--workers",
        "2",
        "--repeats",
        "3",
        "--export-json",
        times,
    ]);
    assert_eq!(code, 0);
    let variants = report["variants"].as_array().expect("variants");
    assert_eq!(
        variants.iter().map(|variant| variant["name"].as_str().expect("a name")).collect::<Vec<_>>(),
        ["threads", "processes"]
    );
    for variant in variants {
        let runs = variant["runs"].as_array().expect("runs");
        assert_eq!(runs.len(), 4, "a warm-up and three that count");
        assert_eq!(runs.iter().filter(|run| run["counted"] == true).count(), 3);
        let wall = &variant["wall_ns"];
        let [low, median, high] =
            ["low", "median", "high"].map(|name| wall[name].as_f64().expect("a number"));
        assert!(low <= median && median <= high && low > 0.0, "{wall}");
        let parts = variant["worker_time"].as_object().expect("parts");
        assert!((parts.values().filter_map(Value::as_f64).sum::<f64>() - 1.0).abs() < 1e-9);
    }
    assert!(report["difference"].as_str().is_some_and(|text| text.contains("once ready")));
    let hyperfine: Value =
        serde_json::from_slice(&std::fs::read(times).expect("it was written")).expect("JSON");
    let results = hyperfine["results"].as_array().expect("results");
    assert_eq!(results.len(), 2);
    assert_eq!(results[1]["times"].as_array().expect("times").len(), 3);
    assert_eq!(results[1]["command"], "poolscope run --workload square --tasks 16");
}

#[test]
fn a_sweep_goes_over_workers_and_recommends_some() {
    let (code, report) = json(&[
        "sweep",
        "--json",
        "--calm",
        "0",
        "--workload",
        "sleep",
        "--size",
        "20000000",
        "--tasks",
        "16",
        "--workers",
        "1..4*2",
        "--backend",
        "threads",
        "--repeats",
        "3",
        "--warmup",
        "0",
    ]);
    assert_eq!(code, 0);
    let points = report["workers"][0]["points"].as_array().expect("points");
    let workers: Vec<u64> = points.iter().filter_map(|point| point["workers"].as_u64()).collect();
    assert_eq!(workers, [1, 2, 4]);
    assert_eq!(report["recommended_workers"], 4, "who sleeps needs no core");
    assert_eq!(report["ranking"]["fastest"], "4 workers");
    assert_eq!(report["ranking"]["others"][1]["variant"], "1 worker");
    assert!(report["fits"]["usl"]["alpha"].is_number() && report["fits"]["amdahl"]["serial"].is_number());
    let (code, report) = json(&[
        "sweep",
        "--json",
        "--calm",
        "0",
        "--workload",
        "square",
        "--tasks",
        "64",
        "--workers",
        "2",
        "--chunk",
        "1..16*4",
        "--repeats",
        "2",
        "--warmup",
        "0",
    ]);
    assert_eq!(code, 0);
    assert_eq!(report["chunks"][0]["points"].as_array().map(Vec::len), Some(3));
    assert!(report["recommended_chunk"].is_number() && report["recommended_workers"].is_null());
}

#[test]
fn bad_experiments_are_refused_with_what_is_allowed() {
    for (args, expected) in [
        (&["compare"][..], "compare needs at least two different specs"),
        (&["compare", "--backend", "threads,fork"], "backend: fork is not allowed"),
        (&["compare", "--workers", "1,2", "--repeats", "0"], "repeats: 0 is not allowed; allowed: 1 to 1000"),
        (&["compare", "--workers", "1,2", "--repeats", "x"], "'--repeats <N>': allowed: 1 to 1000"),
        (&["compare", "--workers", "1,2", "--warmup", "-1"], "'--warmup <N>': allowed: 0 to 100"),
        (&["compare", "--workers", "1,2", "--calm", "-1"], "allowed: 0 to 3600"),
        (
            &["compare", "--workers", "1,2", "--calm", "4000"],
            "calm: 4000 is not allowed; allowed: 0 to 3600 s",
        ),
        (&["sweep", "--workers", "2"], "sweep needs several numbers of workers"),
        (&["sweep", "--workers", "8..1"], "workers: 8..1 is not allowed"),
    ] {
        let (code, stdout, stderr) = run(args);
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}: {stderr}");
        assert!(stderr.contains(expected), "{args:?}: {stderr}");
    }
}

#[test]
fn failed_tasks_and_lost_runs_show_in_the_exit_code() {
    let args = [
        "compare",
        "--json",
        "--calm",
        "0",
        "--tasks",
        "8",
        "--workers",
        "2",
        "--repeats",
        "1",
        "--warmup",
        "0",
    ];
    let with = |more: &[&'static str]| [&args[..], more].concat();
    let (code, report) = json(&with(&["--backend", "threads,processes", "--fault", "panic@3"]));
    assert_eq!(code, 1);
    assert!(
        report["warnings"][0].as_str().is_some_and(|text| text.contains("1 failed")),
        "{}",
        report["warnings"]
    );
    let (code, _) = json(&with(&["--backend", "threads,processes", "--fault", "segfault@3"]));
    assert_eq!(code, 3, "threads die with their engine");
}

#[test]
fn a_signal_ends_an_experiment_and_leaves_what_was_done() {
    let program = start_program(&[
        "compare",
        "--json",
        "--calm",
        "0",
        "--workload",
        "sleep",
        "--size",
        "30000000",
        "--tasks",
        "8",
        "--workers",
        "1,2",
        "--repeats",
        "100",
        "--warmup",
        "0",
    ]);
    let mark = program.mark.clone();
    // The third run has two workers and comes after one run of each.
    for _ in 0..2 {
        until_some("workers of a run", DEADLINE, || (!workers(&mark, 1).is_empty()).then_some(()));
        std::thread::sleep(Duration::from_millis(400));
    }
    signal(program.child.id(), "TERM");
    let output = wait(program);
    assert_eq!(output.status.code(), Some(128 + 15));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON all the same");
    let runs = report["variants"]
        .as_array()
        .expect("variants")
        .iter()
        .map(|variant| variant["runs"].as_array().map_or(0, Vec::len));
    let runs: usize = runs.sum();
    assert!((1..200).contains(&runs), "{runs}");
    assert_nothing_left(&mark);
}
