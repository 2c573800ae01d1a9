//! `poolscope run` as its users meet it: exit codes, JSON, the same results on every backend.

mod support;

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};

use poolscope::spec::Kind;
use serde_json::Value;
use support::{folder, path, run, run_json};

/// All that end well by themselves, with small sizes.
const WORKLOADS: [(&str, &str); 14] = [
    ("noop", "0"),
    ("square", "0"),
    ("sleep", "1000000"),
    ("spin", "500000"),
    ("primes", "20000"),
    ("hash", "200"),
    ("matmul", "40"),
    ("mandelbrot", "64"),
    ("memory", "300000"),
    ("sort", "5000"),
    ("file", "300000"),
    ("payload", "300000"),
    ("lock", "500000"),
    ("mixed", "1000000"),
];

#[test]
fn processes_are_four_others_and_agree_with_threads_and_serial() {
    let mut checksums = BTreeSet::new();
    for backend in ["processes", "threads", "gil", "serial"] {
        let (code, run) = run_json(&[
            "--backend",
            backend,
            "--workers",
            "4",
            "--workload",
            "primes",
            "--size",
            "100000",
            "--tasks",
            "64",
        ]);
        assert_eq!(code, 0, "{backend}");
        assert_eq!(run["status"], "finished");
        assert_eq!(run["tasks"]["ok"], 64, "{backend}");
        checksums.insert(run["result"]["checksum"].as_str().expect("a checksum").to_owned());
        let workers = run["workers"].as_array().expect("workers");
        let pids: BTreeSet<u64> = workers.iter().filter_map(|worker| worker["pid"].as_u64()).collect();
        let engine = run["engine"]["pid"].as_u64().expect("the engine's pid");
        match backend {
            "processes" => {
                assert_eq!(pids.len(), 4);
                assert!(!pids.contains(&engine) && !pids.contains(&u64::from(std::process::id())));
            }
            "threads" | "gil" => {
                let tids: BTreeSet<u64> =
                    workers.iter().filter_map(|worker| worker["tid"].as_u64()).collect();
                assert_eq!((workers.len(), tids.len()), (4, 4));
                assert_eq!(pids, BTreeSet::from([engine]));
            }
            _ => assert_eq!(workers.len(), 1, "serial has one worker, whatever was asked"),
        }
    }
    assert_eq!(checksums.len(), 1, "{checksums:?}");
}

#[test]
fn every_workload_gives_the_same_results_on_every_backend_and_length() {
    let covered: Vec<&str> = WORKLOADS.map(|(workload, _)| workload).into();
    let all: Vec<&str> = Kind::ALL.map(Kind::name).into_iter().filter(|name| *name != "fault").collect();
    assert_eq!(covered, all);
    for (workload, size) in WORKLOADS {
        for lengths in ["fixed", "skewed", "straggler@3:4"] {
            let mut checksums = BTreeSet::new();
            for (backend, chunk) in [("processes", "1"), ("threads", "auto"), ("gil", "2"), ("serial", "5")] {
                let (code, run) = run_json(&[
                    "--backend",
                    backend,
                    "--workers",
                    "3",
                    "--workload",
                    workload,
                    "--size",
                    size,
                    "--tasks",
                    "12",
                    "--lengths",
                    lengths,
                    "--chunk",
                    chunk,
                    "--seed",
                    "7",
                ]);
                assert_eq!(code, 0, "{workload} {backend}");
                checksums.insert(run["result"]["checksum"].to_string());
            }
            assert_eq!(checksums.len(), 1, "{workload} {lengths}: {checksums:?}");
        }
    }
}

#[test]
fn squares_come_back_in_input_order() {
    let (_, run) = run_json(&["--workers", "4", "--workload", "square", "--tasks", "9"]);
    assert_eq!(run["result"]["values"], serde_json::json!([1, 4, 9, 16, 25, 36, 49, 64, 81]));
}

/// Bounds are wide: five sleepers at once take the time of one, one worker takes the time of five.
#[test]
fn sleepers_overlap_in_a_pool_and_queue_up_at_one_worker() {
    let sleepers = |workers| {
        let began = Instant::now();
        let (code, run) =
            run_json(&["--workers", workers, "--workload", "sleep", "--size", "400000000", "--tasks", "5"]);
        assert_eq!(code, 0);
        (began.elapsed(), Duration::from_nanos(run["wall_ns"].as_u64().expect("a wall time")))
    };
    let (outside, wall) = sleepers("5");
    assert!(
        wall >= Duration::from_millis(400) && outside < Duration::from_millis(1900),
        "{wall:?} {outside:?}"
    );
    let (_, wall) = sleepers("1");
    assert!(wall >= Duration::from_secs(2), "{wall:?}");
}

#[test]
fn all_errors_of_a_spec_are_told_at_once() {
    let (code, stdout, stderr) = run(&[
        "run",
        "--workers",
        "0",
        "--tasks",
        "-4",
        "--size",
        "NaN",
        "--backend",
        "treads",
        "--timeout",
        "inf",
    ]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    for field in ["workers: 0", "tasks: -4", "size: NaN", "backend: treads", "timeout: inf"] {
        assert!(stderr.contains(field), "{field}: {stderr}");
    }
    assert!(stderr.contains("did you mean threads?"), "{stderr}");
    assert!(stderr.lines().all(|line| line.starts_with("poolscope: ")), "{stderr}");
}

#[test]
fn a_spec_file_is_read_and_flags_win_over_it() {
    let folder = folder();
    let file = path(&folder, "spec.toml");
    fs::write(&file, "backend = \"threads\"\nworkers = 2\nworkload = \"mixed\"\nsize = 1000000\ntasks = 5\n[param]\nwait = 0.25\n")
        .expect("written");
    let (code, run) = run_json(&["--spec", file.to_str().expect("UTF-8"), "--tasks", "6"]);
    assert_eq!(code, 0);
    assert_eq!(run["spec"]["backend"], "threads");
    assert_eq!(run["spec"]["tasks"], 6);
    assert_eq!(run["spec"]["params"][0]["value"], 0.25);
}

#[test]
fn a_spec_file_may_name_the_lesson_that_its_run_is_part_of() {
    let folder = folder();
    let file = path(&folder, "spec.toml");
    let spec = "backend = 'threads'\nworkers = 2\nworkload = 'square'\ntasks = 5\nlesson = ";
    fs::write(&file, format!("{spec}'mine/fast'")).expect("written");
    let name = file.to_str().expect("UTF-8");
    let (code, marked) = run_json(&["--spec", name]);
    assert_eq!((code, &marked["spec"]["lesson"]), (0, &"mine/fast".into()));
    assert_eq!(marked["tasks"]["ok"], 5, "it is run as any other");
    let once = ["--workers", "1,2", "--repeats", "1", "--warmup", "0", "--calm", "0", "--json"];
    let (code, stdout, stderr) = run(&[&["compare", "--spec", name], &once[..]].concat());
    assert_eq!(code, 0, "{stderr}");
    let report: Value = serde_json::from_str(&stdout).expect("JSON");
    assert!(report["variants"][0]["spec"]["lesson"].is_null(), "an experiment is no part of a lesson");
    fs::write(&file, format!("{spec}'My Lesson'")).expect("written");
    for command in ["run", "compare"] {
        let (code, _, stderr) = run(&[command, "--spec", name]);
        assert_eq!(code, 2);
        let line = "poolscope: lesson: \"My Lesson\" is not allowed; allowed: NAME or NAME/VARIANT";
        assert!(stderr.starts_with(line), "{stderr}");
    }
}

#[test]
fn an_unknown_key_of_a_spec_file_is_refused_with_the_nearest_known_one() {
    let folder = folder();
    let file = path(&folder, "spec.toml");
    fs::write(&file, "wrokers = 2\ntask = 5\nbackend = \"treads\"\n").expect("written");
    let (code, _, stderr) = run(&["run", "--spec", file.to_str().expect("UTF-8")]);
    assert_eq!(code, 2);
    assert!(stderr.contains("wrokers") && stderr.contains("did you mean workers"), "{stderr}");
    assert!(stderr.contains("did you mean tasks"), "{stderr}");
    assert!(stderr.contains("backend: treads"), "values are judged in the same breath: {stderr}");
}

#[test]
fn a_missing_spec_file_is_named() {
    let (code, _, stderr) = run(&["run", "--spec", "/nowhere/spec.toml"]);
    assert_eq!(code, 2);
    assert!(stderr.starts_with("poolscope: spec: /nowhere/spec.toml cannot be read: "), "{stderr}");
}

#[test]
fn a_spec_file_starts_no_lesson() {
    let folder = folder();
    let file = path(&folder, "spec.toml");
    fs::write(&file, "workload = 'lesson'\nlesson = 'queue'\n").expect("written");
    for command in ["run", "compare", "sweep"] {
        let (code, stdout, stderr) = run(&[command, "--spec", file.to_str().expect("UTF-8")]);
        assert_eq!((code, &*stdout), (2, ""));
        assert!(stderr.contains("workload: lesson is not allowed"), "{stderr}");
        assert!(stderr.contains("poolscope lesson NAME"), "{stderr}");
    }
}

#[test]
fn a_megabyte_of_text_gives_a_short_error() {
    // Half of what one argument may hold on Linux.
    let text = "x".repeat(64 << 10);
    let (code, _, stderr) = run(&["run", "--backend", &text]);
    assert_eq!(code, 2);
    assert!(stderr.len() < 500, "{}", stderr.len());
    let folder = folder();
    let file = path(&folder, "spec.toml");
    fs::write(&file, format!("backend = \"{}\"", "y".repeat(1 << 20))).expect("written");
    let (code, _, stderr) = run(&["run", "--spec", file.to_str().expect("UTF-8")]);
    assert_eq!(code, 2);
    assert!(stderr.len() < 500, "{}", stderr.len());
}

#[test]
fn a_spec_file_without_end_is_refused_unread() {
    let (code, _, stderr) = run(&["run", "--spec", "/dev/zero"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("/dev/zero") && stderr.contains("too long"), "{stderr}");
}

#[test]
fn people_get_a_summary_and_quiet_gets_nothing() {
    let args = ["run", "--workers", "2", "--workload", "square", "--tasks", "9"];
    let (code, stdout, stderr) = run(&args);
    assert_eq!(code, 0);
    assert!(stdout.contains("9 ok"), "{stdout}");
    assert_eq!(stderr, "", "no bar where stderr is no terminal");
    let quiet: Vec<&str> = args.into_iter().chain(["--quiet"]).collect();
    assert_eq!(run(&quiet), (0, String::new(), String::new()));
}

#[test]
fn a_bounded_queue_never_holds_more_and_loses_nothing() {
    for (queue, chunk) in [("1", "1"), ("3", "2"), ("2", "8")] {
        let (code, run) = run_json(&[
            "--workers",
            "2",
            "--workload",
            "square",
            "--tasks",
            "500",
            "--queue",
            queue,
            "--chunk",
            chunk,
        ]);
        assert_eq!((code, &run["tasks"]["ok"]), (0, &serde_json::json!(500)), "{queue} {chunk}");
    }
}

#[test]
fn doctor_tells_what_the_machine_offers() {
    let (code, stdout, _) = run(&["doctor", "--json"]);
    assert_eq!(code, 0);
    let doctor: Value = serde_json::from_str(&stdout).expect("JSON");
    assert!(doctor["host"]["usable_cores"].as_f64() > Some(0.0));
    assert_eq!(doctor["telemetry_cost"].as_array().map(Vec::len), Some(3));
    let (code, text, _) = run(&["doctor"]);
    assert_eq!(code, 0);
    assert!(text.contains("usable cores"), "{text}");
}

#[test]
fn telemetry_levels_measure_what_they_say() {
    for (level, measured) in [("off", false), ("full", true)] {
        let (_, run) = run_json(&[
            "--workers",
            "1",
            "--workload",
            "spin",
            "--size",
            "5000000",
            "--tasks",
            "4",
            "--telemetry",
            level,
        ]);
        assert_eq!(run["telemetry"]["level"], level);
        let useful = run["worker_time"]["useful"].as_f64().expect("useful");
        assert!(useful > 0.0, "{run}");
        let waiting = run["worker_time"]["waiting_for_core"].as_f64().expect("a share");
        assert!(measured || waiting == 0.0, "nothing measured, nothing claimed: {waiting}");
    }
}

#[test]
fn a_chunk_that_was_begun_stays_with_its_worker() {
    // For longer than a worker may stand still, and with next to no time in each task, so that the engine finds it between
    // two of them time and again.
    let tasks = 150_000;
    for backend in ["threads", "processes"] {
        let text = tasks.to_string();
        let mut args = vec!["--backend", backend, "--workers", "2", "--workload", "spin", "--size", "2000"];
        args.extend(["--tasks", &text, "--chunk", &text, "--telemetry", "basic"]);
        let (code, run) = run_json(&args);
        assert_eq!(code, 0, "{backend}");
        assert!(
            run["wall_ns"].as_u64() > Some(200_000_000),
            "{backend}: too short to tell: {}",
            run["wall_ns"]
        );
        let workers = run["workers"].as_array().expect("workers");
        let done: BTreeSet<u64> = workers.iter().filter_map(|worker| worker["tasks"].as_u64()).collect();
        assert_eq!(done, BTreeSet::from([0, tasks]), "{backend}");
    }
}
