//! Random programs, run for real and held to a model: they end, leave nothing behind, and are said to wait for ever exactly
//! where they do.
//!
//! `POOLSCOPE_FUZZ_SEED` is the first seed, `POOLSCOPE_FUZZ_PROGRAMS` how many follow each other from there.

mod dice;
mod model;
mod program;
#[path = "../support/mod.rs"]
mod support;

use std::{
    collections::BTreeSet,
    env, fs,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use dice::Dice;
use model::{is_violent, judge};
use poolscope::{event::lesson::Told, record};
use program::{Message, Program, Step};
use serde_json::Value;
use support::folder;

const SEED: &str = "POOLSCOPE_FUZZ_SEED";
const PROGRAMS: &str = "POOLSCOPE_FUZZ_PROGRAMS";
/// In an ordinary test.
const FEW: u64 = 48;
/// Programs at a time: most of them wait most of the time.
const AT_ONCE: usize = 4;
/// Moments of each that are looked at again.
const MOMENTS: usize = 6;

/// Says how to run a program again that failed.
struct Reproduce(u64);

impl Drop for Reproduce {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let program = Program::random(&mut Dice::new(self.0)).text();
            eprintln!("{SEED}={} {PROGRAMS}=1:\n{program}", self.0);
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().expect("a whole number"))
}

#[test]
fn random_programs_end_as_they_must() {
    let (first, count) = (number(SEED).unwrap_or(1), number(PROGRAMS).unwrap_or(FEW));
    let (next, judged) = (AtomicU64::new(first), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let work = || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + count {
                    return;
                }
                let on_failure = Reproduce(seed);
                let was_judged = one(seed);
                drop(on_failure);
                judged.fetch_add(u64::from(was_judged), Ordering::Relaxed);
            }
        };
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            thread.join().expect("every program did as it must");
        }
    });
    let judged = judged.load(Ordering::Relaxed);
    assert!(count < FEW || judged * 2 > count, "the model knew only {judged} of {count} programs");
}

/// Whether the model could say what had to become of it.
fn one(seed: u64) -> bool {
    let mut dice = Dice::new(seed);
    let program = Program::random(&mut dice);
    let folder = folder();
    let (text, file) = (folder.path().join("random.toml"), folder.path().join("run.pscope"));
    fs::write(&text, program.text()).expect("a file can be written");
    let paths = [text.to_str().expect("UTF-8"), file.to_str().expect("UTF-8")];
    let (code, told, error) = support::run(&["lesson", paths[0], "--json", "--output", paths[1]]);
    assert!(code == 0 && error.is_empty(), "exit {code}: {error}");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    for process in told["processes"].as_array().expect("processes") {
        assert!(process["end"].is_string(), "{} has no end: {told:#}", process["name"]);
    }
    let tasks = &told["run"]["tasks"];
    let class = |name: &str| tasks[name].as_u64().expect("a number");
    let sum: u64 =
        ["ok", "failed", "crashed", "timed_out", "cancelled", "not_run"].into_iter().map(class).sum();
    assert_eq!(sum, class("total"), "{tasks}");
    look_again(&file, &told, &mut dice);
    hold_to_the_model(&program, &told)
}

fn hold_to_the_model(program: &Program, told: &Value) -> bool {
    let is_violent = is_violent(program);
    // Who is ended in the middle of a large message leaves a part of it, in more ways than the model knows.
    let steps = || program.processes.iter().flat_map(|process| &process.steps);
    if is_violent && steps().any(|step| matches!(step, Step::Put(_, Message::Large))) {
        return false;
    }
    let verdict = judge(program);
    if !verdict.is_whole {
        return false;
    }
    assert!(verdict.may_wait || verdict.may_end, "{verdict:?}");
    let waits = told["ended"] == "stuck";
    if !verdict.may_end {
        assert!(waits, "it waits for ever, which was not said: {told:#}");
    }
    // Somebody who waits for ever can be ended by another nevertheless.
    if !verdict.may_wait && !is_violent {
        assert!(!waits, "it ends, and was said to wait for ever: {told:#}");
    }
    if !is_violent {
        for process in told["processes"].as_array().expect("processes") {
            let name = process["name"].as_str().expect("a name");
            let at =
                if name == "main" { Some(0) } else { name.strip_prefix('p').and_then(|at| at.parse().ok()) };
            if let (Some(at), Some(end)) = (at, process["end"].as_str()) {
                let ends: &BTreeSet<String> = &verdict.ends[at];
                assert!(ends.contains(end), "{name} ended with {end}, and may with {ends:?}: {told:#}");
            }
        }
    }
    true
}

/// The run file says the same, at the end and at any moment before.
fn look_again(file: &Path, told: &Value, dice: &mut Dice) {
    let run = record::read(file).expect("a run file");
    assert!(run.gap.is_none(), "{:?}", run.gap);
    let lesson = &run.store.lesson;
    assert_eq!(lesson.stuck.is_some(), told["ended"] == "stuck");
    let printed: Vec<&str> =
        told["printed"].as_array().expect("lines").iter().filter_map(Value::as_str).collect();
    let again: Vec<&str> = lesson.printed.iter().map(|line| &*line.text).collect();
    assert_eq!(again, printed);
    let log: Vec<String> = run.store.log.iter().map(|line| line.text.to_string()).collect();
    assert!(
        !log.iter().any(|line| line.contains("panicked") || line.contains("could not be read")),
        "{log:#?}"
    );
    let numbers = lesson.told().filter_map(|entry| match &entry.told {
        Told::Object { object, .. } => Some(object.index()),
        _ => None,
    });
    assert!(numbers.eq(0..lesson.objects.len()), "objects are numbered in the order in which they are told");
    let last = lesson.told().map(|entry| entry.t_ns).max().unwrap_or(0);
    for _ in 0..MOMENTS {
        let t_ns = dice.below(last as usize + 1) as u64;
        let then = lesson.at(t_ns);
        assert!(then.told().all(|entry| entry.t_ns <= t_ns));
        assert_eq!(then.told_len(), lesson.told().filter(|entry| entry.t_ns <= t_ns).count());
    }
    assert_eq!(lesson.at(last).told_len(), lesson.told_len());
}
