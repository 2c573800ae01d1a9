//! The verdict of real runs: a run made for each cause names that cause first, and a healthy one has nothing to say.

mod support;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use poolscope::{
    analysis::{Background, Cause, Figures, Finding, Part, verdict_of_experiment},
    session::Launcher,
    spec::{Draft, Spec},
    time::process_cpu_ns,
};
use serde_json::Value;
use support::{DEADLINE, folder, path, processes, run, run_json, signal, start, until, wait};

/// Others on the machine may be what a run shows first. So often that is granted.
const ATTEMPTS: u32 = 3;

/// Runs at the same time would be noise to each other.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn causes(run: &Value) -> Vec<String> {
    let findings = run["verdict"].as_array().expect("a verdict");
    findings.iter().map(|finding| finding["cause"].as_str().expect("a cause").to_owned()).collect()
}

/// The run's first finding, which is of this cause.
fn first(cause: &str, line: &str) -> Value {
    let mut last = Value::Null;
    for _ in 0..ATTEMPTS {
        let (code, run) = run_json(&words(line));
        assert_eq!(code, 0, "{line}");
        let found = causes(&run);
        let finding = run["verdict"][0].clone();
        if found.first().map(String::as_str) == Some(cause) {
            let share = finding["share"].as_f64().expect("a share");
            assert!((0.1..=1.0).contains(&share), "{finding}");
            let tried_by = finding["try"].as_str().expect("a command");
            assert!(tried_by.starts_with("poolscope run"), "{finding}");
            eprintln!("{cause}: {share:.2}: {}", finding["text"].as_str().expect("a text"));
            return finding;
        }
        eprintln!("{line}: {found:?}, {}", run["worker_time"]);
        assert_eq!(found.first().map(String::as_str), Some("noisy_machine"), "{line}: {}", run["verdict"]);
        last = run["verdict"].clone();
    }
    panic!("{line}: others were first {ATTEMPTS} times: {last}");
}

/// What a finding says to try is a command of this program that ends well, and after which it is not said again.
fn is_cured(finding: &Value) {
    let line = finding["try"].as_str().expect("a command");
    let args: Vec<&str> = line.split(' ').skip(2).map(|word| word.trim_matches('\'')).collect();
    let (code, run) = run_json(&args);
    assert_eq!(code, 0, "{line}");
    let cause = finding["cause"].as_str().expect("a cause").to_owned();
    assert!(!causes(&run).contains(&cause), "{line}: {}", run["verdict"]);
}

#[test]
fn more_workers_than_cores_are_oversubscribed() {
    let _alone = alone();
    // Many enough on any machine, and too little work for long.
    let workers = 8 * std::thread::available_parallelism().expect("known").get();
    let line = format!("--workers {workers} --workload spin --size 5000000 --tasks {}", 20 * workers);
    let finding = first("oversubscribed", &line);
    assert_eq!(finding["evidence"]["part"], "waiting_for_core");
    // Without the kernel's count, the workers' states have to do.
    first("oversubscribed", &format!("{line} --backend threads --telemetry basic"));
}

#[test]
fn one_long_task_at_the_end_is_a_straggler() {
    let _alone = alone();
    let finding = first(
        "straggler",
        "--workers 2 --workload sleep --size 5000000 --tasks 21 --lengths straggler:120 --chunk 1",
    );
    assert_eq!((&finding["evidence"]["task"], &finding["evidence"]["part"]), (&20.into(), &"tail".into()));
    assert!(
        finding["try"].as_str().is_some_and(|line| line.contains("--lengths straggler@0:120")),
        "{finding}"
    );
}

#[test]
fn tiny_tasks_handed_out_one_by_one_are_in_too_small_chunks() {
    let _alone = alone();
    let line = "--workers 2 --workload noop --tasks 40000 --chunk 1 --prefetch 1 --backend";
    for backend in ["processes", "threads"] {
        is_cured(&first("chunk_too_small", &format!("{line} {backend}")));
    }
}

#[test]
fn all_tasks_in_one_chunk_are_in_too_large_a_chunk() {
    let _alone = alone();
    let finding =
        first("chunk_too_large", "--workers 2 --workload spin --size 2000000 --tasks 300 --chunk 300");
    is_cured(&finding);
}

#[test]
fn megabytes_for_next_to_no_work_are_bound_by_their_payload() {
    let _alone = alone();
    let finding = first("payload_bound", "--workers 2 --workload payload --size 4000000 --tasks 64");
    is_cured(&finding);
}

#[test]
fn workers_in_turn_at_a_lock_are_bound_by_it() {
    let _alone = alone();
    let finding =
        first("lock_bound", "--workers 4 --workload lock --size 5000000 --tasks 120 --param hold=1");
    assert_eq!(finding["evidence"]["part"], "lock");
}

#[test]
fn threads_under_the_interpreter_lock_are_bound_by_it() {
    let _alone = alone();
    let finding = first("gil_bound", "--backend gil --workers 4 --workload spin --size 5000000 --tasks 120");
    is_cured(&finding);
}

#[test]
fn sleepers_are_bound_by_what_they_wait_for() {
    let _alone = alone();
    let finding = first("io_bound", "--workers 2 --workload sleep --size 100000000 --tasks 20");
    // 16 where a process starts within a few milliseconds.
    let many = ["--workers 16", "--workers 8", "--workers 4"];
    let line = finding["try"].as_str().expect("a command");
    assert!(many.iter().any(|workers| line.contains(workers)), "{finding}");
}

#[test]
fn processes_for_a_handful_of_squares_are_mostly_started() {
    let _alone = alone();
    let finding = first("startup_dominates", "--backend processes --workers 4 --workload square --tasks 16");
    assert_eq!(finding["evidence"]["from_ns"], 0);
}

#[test]
fn a_start_of_too_many_threads_is_cured_by_what_it_says() {
    let _alone = alone();
    let workers = 64 * std::thread::available_parallelism().expect("known").get();
    is_cured(&first(
        "startup_dominates",
        &format!("--backend threads --workers {workers} --workload spin --size 100000 --tasks 200"),
    ));
}

#[test]
fn cores_that_others_have_are_the_others_doing() {
    let _alone = alone();
    let cores = std::thread::available_parallelism().expect("known").get();
    let others = format!(
        "run --quiet --backend threads --workload spin --size 60000000000 --tasks 999 --workers {}",
        2 * cores
    );
    let others = start(&words(&others));
    until("the others compute", DEADLINE, || {
        (!processes(&others.mark, Some("engine")).is_empty()).then_some(())
    });
    // Threads are there in a moment, and nothing else tells of them.
    std::thread::sleep(Duration::from_millis(200));
    let line = format!("--workers {cores} --workload spin --size 5000000 --tasks {}", 80 * cores);
    let (code, run) = run_json(&words(&line));
    signal(others.child.id(), "INT");
    wait(others);
    assert_eq!(code, 0);
    assert_eq!(causes(&run).first().map(String::as_str), Some("noisy_machine"), "{}", run["verdict"]);
    eprintln!("noisy_machine: {}: {}", run["verdict"][0]["share"], run["verdict"][0]["text"]);
}

#[test]
fn a_healthy_run_has_nothing_to_say() {
    let _alone = alone();
    for backend in ["threads", "processes"] {
        for _ in 0..ATTEMPTS {
            let line = format!(
                "--backend {backend} --workers 2 --workload spin --size 5000000 --tasks 400 --chunk 4"
            );
            let (code, run) = run_json(&words(&line));
            assert_eq!(code, 0);
            let found = causes(&run);
            eprintln!("{backend}: {found:?}");
            if found.is_empty() {
                break;
            }
            // Whom others keep from a core may well end last, too.
            assert!(found.iter().any(|cause| cause == "noisy_machine"), "{backend}: {}", run["verdict"]);
        }
    }
}

#[test]
fn a_verdict_is_kept_with_its_run_and_told_wherever_that_is_shown() {
    let _alone = alone();
    let folder = folder();
    let file = path(&folder, "run.pscope");
    let file = file.to_str().expect("UTF-8");
    // One that waits for nobody's core.
    let line =
        "run --workers 2 --workload sleep --size 5000000 --tasks 21 --lengths straggler:120 --chunk 1 -o";
    let (code, stdout, _) = run(&words(&format!("{line} {file}")));
    assert_eq!(code, 0);
    let sentence = "of the workers' time was spent with nothing left to do while task 20 ran on worker";
    let is_command = |line: &str| {
        line.starts_with("try         poolscope run ") && line.contains("--lengths straggler@0:120")
    };
    let is_told = |text: &str| {
        let lines: Vec<&str> = text.lines().collect();
        lines
            .windows(2)
            .any(|two| two[0].starts_with("verdict     ") && two[0].contains(sentence) && is_command(two[1]))
    };
    assert!(is_told(&stdout), "{stdout}");
    let (_, shown, _) = run(&["show", file]);
    assert!(is_told(&shown), "{shown}");
    let (_, json, _) = run(&["show", file, "--json"]);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert!(causes(&json).contains(&"straggler".to_owned()), "{}", json["verdict"]);
    let (_, page, _) = run(&["export", file, "--format", "html"]);
    for wanted in
        ["<h2>Verdict</h2>", "--lengths straggler@0:120", "It rests on a task at least three times as long"]
    {
        assert!(page.contains(wanted), "{wanted}");
    }
}

/// One run with so many workers, and its figures.
fn measured(workers: u32) -> (Spec, Figures) {
    let fields = [
        ("backend", "processes"),
        ("workers", &workers.to_string()),
        ("workload", "memory"),
        ("size", "40000000"),
        ("param.passes", "1"),
        ("tasks", "12"),
        ("chunk", "1"),
    ];
    let draft = Draft::from_fields(fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let spec = draft.expect("fields").validate().expect("valid");
    let cpu_before_ns = process_cpu_ns();
    let launcher = Launcher { program: PathBuf::from(env!("CARGO_BIN_EXE_poolscope")) };
    let mut run = launcher.launch(spec.clone(), Arc::new(|| ())).expect("it starts");
    until("it ends", DEADLINE, || (!run.is_live()).then_some(()));
    let figures = Figures::new(&run.wait(), process_cpu_ns() - cpu_before_ns).expect("it has ended");
    (spec, figures)
}

/// Not every machine's memory is slow enough for two workers. What is measured decides what must be said.
#[test]
fn what_is_said_of_memory_is_what_was_measured() {
    let _alone = alone();
    for _ in 0..ATTEMPTS {
        // In turn, so that whatever changes meanwhile changes for both.
        let runs: Vec<(Spec, Figures)> = [1, 2, 1, 2, 1, 2].map(measured).into();
        let cpu_ns = |workers| {
            let of = runs.iter().filter(|(spec, _)| spec.workers == workers);
            let mut medians: Vec<u64> =
                of.map(|(_, figures)| figures.task_cpu_ns.expect("measured").median).collect();
            medians.sort_unstable();
            medians
        };
        let (alone, together) = (cpu_ns(1), cpu_ns(2));
        let growth = together[1] as f64 / alone[1] as f64;
        let is_apart = together[0] > alone[2];
        let is_quiet = runs.iter().all(|(_, figures)| {
            let time = &figures.worker_time_ns;
            let taken = figures.background.map_or(0.0, Background::taken);
            time.share(Part::WaitingForCore) + time.share(Part::Blocked) < 0.1 && taken < 0.5
        });
        let borrowed: Vec<(&Spec, &Figures)> = runs.iter().map(|(spec, figures)| (spec, figures)).collect();
        let found: Vec<Cause> =
            verdict_of_experiment(&borrowed).iter().map(|finding: &Finding| finding.cause).collect();
        eprintln!(
            "a task's CPU time: {alone:?}, {together:?} ns, growth {growth:.3}, quiet: {is_quiet}, {found:?}"
        );
        if is_quiet {
            let wanted = if is_apart && growth >= 1.25 { vec![Cause::MemoryBound] } else { Vec::new() };
            assert_eq!(found, wanted, "growth {growth}, apart: {is_apart}");
            return;
        }
    }
    eprintln!("others disturbed every attempt");
}
