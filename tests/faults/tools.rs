//! Runs in words, and signals to their processes.

use std::{fs, sync::OnceLock};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{self, DEADLINE, Program, processes, until};

/// `workers=2 tasks=9` as `--workers 2 --tasks 9`.
pub(crate) fn flags(words: &str) -> Vec<String> {
    let pairs = words.split_whitespace().map(|word| word.split_once('=').expect("NAME=VALUE"));
    pairs.flat_map(|(name, value)| [format!("--{name}"), value.to_owned()]).collect()
}

/// `poolscope run --json` with a spec in words.
pub(crate) fn start(words: &str) -> Program {
    let flags = flags(words);
    let args: Vec<&str> = ["run", "--json"].into_iter().chain(flags.iter().map(String::as_str)).collect();
    support::start(&args)
}

/// Waits for the end: exit code and the run, with the oracle checked.
pub(crate) fn finish(program: Program) -> (i32, Value) {
    let output = support::wait(program);
    let run = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    support::assert_oracle(&run);
    (output.status.code().expect("it ended by itself"), run)
}

pub(crate) fn run(words: &str) -> (i32, Value) {
    finish(start(words))
}

pub(crate) fn count(run: &Value, outcome: &str) -> u64 {
    run["tasks"][outcome].as_u64().expect("a count")
}

/// Restarts of all workers together.
pub(crate) fn restarts(run: &Value) -> u64 {
    let workers = run["workers"].as_array().expect("workers");
    workers.iter().filter_map(|worker| worker["restarts"].as_u64()).sum()
}

/// What this build allows for a field of the spec, by its own words.
pub(crate) fn allowed(field: &str) -> Vec<String> {
    let (code, _, complaint) = support::run(&["run", &format!("--{field}"), "?"]);
    let (_, list) = complaint.trim().split_once("allowed; allowed: ").expect("what is allowed");
    assert_eq!(code, 2);
    list.split(", ").map(str::to_owned).collect()
}

/// Each way for processes and engine to talk, as words of a spec.
pub(crate) fn transports() -> &'static [String] {
    static KNOWN: OnceLock<Vec<String>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let names = allowed("transport");
        names.into_iter().map(|name| format!("backend=processes transport={name}")).collect()
    })
}

/// Each kind of pool, as words of a spec.
pub(crate) fn pools() -> Vec<String> {
    let others = ["backend=threads", "backend=serial"].map(str::to_owned);
    transports().iter().cloned().chain(others).collect()
}

/// The engine of a run, as soon as it exists.
pub(crate) fn engine(mark: &str) -> u32 {
    until("the engine runs", DEADLINE, || processes(mark, Some("engine")).first().copied())
}

/// Living children of an engine, found quickly: a worker shows up here before it has even begun to run.
pub(crate) fn children(engine: u32) -> Vec<u32> {
    let lives = |pid: &u32| stat(*pid).is_some_and(|(state, of)| of == engine && state != 'Z');
    // Its first thread is the one that starts workers. Not every kernel keeps this list.
    if let Ok(list) = fs::read_to_string(format!("/proc/{engine}/task/{engine}/children")) {
        return list.split_whitespace().filter_map(|pid| pid.parse().ok()).filter(lives).collect();
    }
    let all = fs::read_dir("/proc").expect("Linux").flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(lives).collect()
}

/// Whether a worker has received its job, and with it its name. In a moment it is ready.
pub(crate) fn has_its_job(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with("poolscope-w"))
}

/// Whether a process is halted by SIGSTOP.
pub(crate) fn is_stopped(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state == 'T')
}

/// State and parent of a process.
fn stat(pid: u32) -> Option<(char, u32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it may hold anything, brackets and spaces included.
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Sends a signal at once. False for a process that has ended meanwhile.
pub(crate) fn kill(pid: u32, signal: Signal) -> bool {
    let pid = Pid::from_raw(pid.cast_signed()).expect("no process has the id 0");
    kill_process(pid, signal).is_ok()
}

/// Numbers that look random, the same for the same seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        // Knuth's MMIX generator; its high bits are the better ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
