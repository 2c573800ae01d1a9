//! Runs the real program with a deadline, and holds what every run must leave behind.
#![allow(dead_code, reason = "each test file uses its own part of this")]

#[cfg(feature = "gui")]
pub(crate) mod window;

use std::{
    fs,
    io::Read,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use serde_json::Value;

/// No test's run may take longer; a hang is a failure, not a wait.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);
/// Carried by every process of one test's run, so that each can be found and no other is touched.
const MARK: &str = "POOLSCOPE_TEST_MARK";

/// One start of the program, whose processes can be told from all others.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) mark: String,
}

pub(crate) fn mark() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn command(args: &[&str], mark: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poolscope"));
    command.args(args).env(MARK, mark).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn start(args: &[&str]) -> Program {
    let mark = mark();
    let child = command(args, &mark).spawn().expect("the program starts");
    Program { child, mark }
}

/// Waits with the deadline; kills and fails past it.
pub(crate) fn wait(mut program: Program) -> Output {
    let (mut stdout, mut stderr) =
        (program.child.stdout.take().expect("piped"), program.child.stderr.take().expect("piped"));
    let (status, stdout, stderr) = std::thread::scope(|scope| {
        // Both are read while it runs: a full pipe would hold it up for ever.
        let out = scope.spawn(move || read_all(&mut stdout));
        let err = scope.spawn(move || read_all(&mut stderr));
        let status = wait_status(&mut program.child);
        (status, out.join().expect("reader"), err.join().expect("reader"))
    });
    let output = Output { status, stdout, stderr };
    assert_nothing_left(&program.mark);
    output
}

fn read_all(stream: &mut dyn Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("the stream can be read");
    bytes
}

fn wait_status(child: &mut Child) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            return status;
        }
        if began.elapsed() > DEADLINE {
            child.kill().expect("it can be killed");
            child.wait().expect("it can be reaped");
            panic!("the run did not end within {DEADLINE:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Runs to the end: exit code, stdout, stderr.
pub(crate) fn run(args: &[&str]) -> (i32, String, String) {
    let output = wait(start(args));
    (
        output.status.code().expect("it ended by itself"),
        String::from_utf8(output.stdout).expect("UTF-8"),
        String::from_utf8(output.stderr).expect("UTF-8"),
    )
}

/// `poolscope run … --json`: exit code and the object, with the oracle checked.
pub(crate) fn run_json(args: &[&str]) -> (i32, Value) {
    let mut all = vec!["run", "--json"];
    all.extend(args);
    let (code, stdout, stderr) = run(&all);
    let value: Value =
        serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}\n{stderr}"));
    assert_oracle(&value);
    (code, value)
}

/// Each task ended in exactly one way, none was ok twice, and the parts of the workers' time are a whole.
pub(crate) fn assert_oracle(run: &Value) {
    let tasks = &run["tasks"];
    let sum: u64 = ["ok", "failed", "crashed", "timed_out", "cancelled", "not_run"]
        .iter()
        .map(|name| tasks[name].as_u64().unwrap_or_else(|| panic!("tasks.{name} is missing: {tasks}")))
        .sum();
    assert_eq!(Some(sum), tasks["total"].as_u64(), "{tasks}");
    assert_eq!(tasks["total"], run["spec"]["tasks"]);
    // A worker counts what it was told by its tasks, the tally each task once: a task done twice would show here.
    let done =
        run["workers"].as_array().expect("workers").iter().filter_map(|worker| worker["tasks"].as_u64());
    assert_eq!(Some(done.sum::<u64>()), tasks["ok"].as_u64(), "{run}");
    if let Some(parts) = run["worker_time"].as_object().filter(|_| run["wall_ns"].as_u64() > Some(0)) {
        let sum: f64 = parts.values().filter_map(Value::as_f64).sum();
        assert!((sum - 1.0).abs() < 1e-9, "parts sum to {sum}: {parts:?}");
    }
}

/// Ids of the processes that carry this mark; of those whose command line has `role`, if one is given.
pub(crate) fn processes(mark: &str, role: Option<&str>) -> Vec<u32> {
    let wanted = format!("{MARK}={mark}");
    let mut found: Vec<u32> = fs::read_dir("/proc")
        .expect("Linux")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes())
        })
        .filter(|pid| {
            let Some(role) = role else { return true };
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).nth(1) == Some(role.as_bytes())
        })
        .filter(|pid| {
            // A zombie of ours that its parent is just reaping has already ended.
            fs::read_to_string(format!("/proc/{pid}/stat"))
                .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or("").trim_start().starts_with('Z'))
        })
        .collect();
    found.sort_unstable();
    found
}

/// Waits until `count` worker processes exist.
pub(crate) fn workers(mark: &str, count: usize) -> Vec<u32> {
    until("all workers exist", DEADLINE, || {
        let found = processes(mark, Some("worker"));
        (found.len() == count).then_some(found)
    })
}

/// Within a second, no process of a run may be left.
pub(crate) fn assert_nothing_left(mark: &str) {
    until("no process is left", Duration::from_secs(1), || processes(mark, None).is_empty().then_some(()));
}

pub(crate) fn until<T>(what: &str, limit: Duration, mut check: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = check() {
            return value;
        }
        assert!(began.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal to a process that the caller has started.
pub(crate) fn signal(pid: u32, name: &str) {
    let status =
        Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().expect("kill runs");
    assert!(status.success(), "kill -{name} {pid}");
}

/// A folder that is removed in the end.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

pub(crate) fn path(folder: &tempfile::TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}
