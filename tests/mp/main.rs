//! Holds the primitives of `poolscope::mp` between real processes, which are killed wherever it hurts.
//!
//! The children run this same program again, so that it has its own `main`: it runs all tests, or those whose names
//! contain an argument, one after the other. Each has a deadline, and leaves no process and no descriptor behind.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "all of this program is a test, which fails by a panic"
)]
#![expect(clippy::needless_pass_by_value, reason = "an entry owns what it was given")]

macro_rules! tests {
    ($($module:ident :: $name:ident),* $(,)?) => {
        &[$((concat!(stringify!($module), "::", stringify!($name)), crate::$module::$name as fn())),*]
    };
}

mod locks;
mod pipes;
mod processes;
mod queues;
mod traces;

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use poolscope::mp::{self, Entry, Package, Process, Share};

/// No test may take longer; a hang is a failure, not a wait.
const DEADLINE: Duration = Duration::from_mins(1);
/// Long enough for whatever happens at once to have happened on a busy machine.
const SOON: Duration = Duration::from_secs(20);
/// So long nothing must happen.
const A_WHILE: Duration = Duration::from_millis(150);

type Test = (&'static str, fn());

fn main() -> ExitCode {
    let entries: Vec<(&str, Entry)> =
        [processes::ENTRIES, pipes::ENTRIES, locks::ENTRIES, queues::ENTRIES, traces::ENTRIES].concat();
    mp::run_if_child(&entries);
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let names: Vec<&String> = wanted.iter().filter(|argument| !argument.starts_with("--")).collect();
    let all: Vec<Test> =
        [processes::TESTS, pipes::TESTS, locks::TESTS, queues::TESTS, traces::TESTS].concat();
    let mut failed = 0;
    for (name, test) in all {
        if !names.is_empty() && !names.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        if wanted.iter().any(|argument| argument == "--list") {
            println!("{name}: test");
            continue;
        }
        let begin = Instant::now();
        let held = run(test);
        failed += u32::from(!held);
        println!("test {name} ... {} ({:?})", if held { "ok" } else { "FAILED" }, begin.elapsed());
    }
    println!("{failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// On a thread of its own; one that does not end in time is left behind.
fn run(test: fn()) -> bool {
    let (tell, told) = crossbeam_channel::bounded(1);
    let work = move || {
        let held = catch_unwind(AssertUnwindSafe(|| {
            let before = descriptors();
            test();
            eventually("every descriptor is closed and every process gone", || {
                descriptors() <= before && children() == 0
            });
        }));
        let _too_late = tell.send(held.is_ok());
    };
    thread::Builder::new().name("test".into()).spawn(work).expect("a thread");
    told.recv_timeout(DEADLINE).unwrap_or_else(|_| {
        println!("it does not end");
        false
    })
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("a list").count()
}

/// Children of this process, those included that nobody has reaped.
fn children() -> usize {
    let tasks = fs::read_dir("/proc/self/task").expect("a list").flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists.map(|list| list.split_whitespace().count()).sum()
}

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < SOON, "it never came that {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Starts the entry with one object, called `it`.
fn start_with(entry: &str, it: &impl Share) -> Process {
    let mut package = Package::new();
    package.object("it", it).expect("it can be shared");
    Process::start(entry, package).expect("it starts")
}

/// The process ends in time and well.
fn assert_ends(process: &Process) {
    let ended = process.join_timeout(SOON).expect("it can be waited for");
    assert_eq!(ended, Some(poolscope::event::Exit::Code(0)));
}

/// A small generator of numbers for places to strike at; the same in every run.
fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    })
}
