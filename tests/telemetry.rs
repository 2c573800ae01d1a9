//! That what is told of tasks is true: compared with what they were made to do, and with what the kernel says of their
//! workers.
//!
//! Other programs may share the machine. What must hold whatever they do is asserted of every run; where they can only
//! spoil a figure, one undisturbed run of several is enough.

mod support;

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use poolscope::{
    ids::WorkerId,
    session::Launcher,
    spec::Draft,
    store::{RunStore, Span},
};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use support::{DEADLINE, run_json, until};

const TRIES: u32 = 6;
const BACKENDS: [&str; 2] = ["processes", "threads"];

/// While it lives, this thread and all that it starts have one core, and no other test here runs.
struct Pinned {
    before: CpuSet,
    _alone: MutexGuard<'static, ()>,
}

impl Pinned {
    fn to_the_idlest_core() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let before = sched_getaffinity(None).expect("an affinity");
        let earlier = idle_ticks();
        std::thread::sleep(Duration::from_millis(200));
        let later = idle_ticks();
        let idle =
            |core: usize| later.get(&core).zip(earlier.get(&core)).map_or(0, |(b, a)| b.saturating_sub(*a));
        let core = (0..CpuSet::MAX_CPU).filter(|core| before.is_set(*core)).max_by_key(|core| idle(*core));
        let mut one = CpuSet::new();
        one.set(core.expect("at least one core"));
        sched_setaffinity(None, &one).expect("one of our own cores");
        Self { before, _alone: alone }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        sched_setaffinity(None, &self.before).expect("as it was before");
    }
}

/// Ticks that each core was idle since boot: the fourth number of its line.
fn idle_ticks() -> BTreeMap<usize, u64> {
    let stat = fs::read_to_string("/proc/stat").expect("Linux");
    stat.lines()
        .filter_map(|line| {
            let mut words = line.strip_prefix("cpu")?.split(' ');
            Some((words.next()?.parse().ok()?, words.nth(3)?.parse().ok()?))
        })
        .collect()
}

/// A run with full telemetry, to its end.
fn measured(backend: &str, workload: &str, size: &str, workers: &str, tasks: &str) -> Arc<RunStore> {
    let text = |text: &str| Some(text.to_owned());
    let draft = Draft {
        backend: text(backend),
        workload: text(workload),
        size: text(size),
        workers: text(workers),
        tasks: text(tasks),
        telemetry: text("full"),
        ..Draft::default()
    };
    let launcher = Launcher { program: PathBuf::from(env!("CARGO_BIN_EXE_poolscope")) };
    let run = launcher.launch(draft.validate().expect("a valid spec"), Arc::new(|| ())).expect("it starts");
    until("the run ends", DEADLINE, || (!run.is_live()).then_some(()));
    let store = run.snapshot();
    assert!(store.tally.all_ok(), "{:?} {:?}", store.phase, store.reason);
    store
}

/// Time in tasks and what became of it.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    run_ns: u64,
    cpu_ns: u64,
    wait_ns: u64,
    switches: u32,
}

impl Sums {
    /// Whatever happens on the machine, a task cannot have had more time than went by.
    fn of(span: &Span) -> Self {
        let usage = span.usage;
        let (Some(cpu_ns), Some(wait_ns)) = (usage.cpu_ns, usage.core_wait_ns) else {
            panic!("full telemetry measures both: {span:?}");
        };
        assert!(cpu_ns + wait_ns <= span.run_ns(), "{span:?}");
        let switches = usage.voluntary_switches.zip(usage.involuntary_switches).expect("measured too");
        Self { run_ns: span.run_ns(), cpu_ns, wait_ns, switches: switches.0 + switches.1 }
    }

    fn cpu(&self) -> f64 {
        self.cpu_ns as f64 / self.run_ns as f64
    }

    fn wait(&self) -> f64 {
        self.wait_ns as f64 / self.run_ns as f64
    }

    fn blocked(&self) -> f64 {
        1.0 - self.cpu() - self.wait()
    }
}

fn by_worker(store: &RunStore) -> BTreeMap<WorkerId, Sums> {
    let mut sums: BTreeMap<WorkerId, Sums> = BTreeMap::new();
    for (worker, span) in store.spans() {
        let (task, sum) = (Sums::of(&span), sums.entry(worker).or_default());
        sum.run_ns += task.run_ns;
        sum.cpu_ns += task.cpu_ns;
        sum.wait_ns += task.wait_ns;
        sum.switches += task.switches;
    }
    sums
}

/// Tries until one run looks as it would on a machine with nothing else to do.
fn one_of_several<T: std::fmt::Debug>(what: &str, mut attempt: impl FnMut() -> T, good: impl Fn(&T) -> bool) {
    let mut seen = Vec::new();
    for _ in 0..TRIES {
        let result = attempt();
        if good(&result) {
            return;
        }
        seen.push(result);
    }
    panic!("{what}: not once in {TRIES} runs: {seen:#?}");
}

/// With other programs on the core they wait for longer than half; then they had less than all of it between them.
#[test]
fn two_spinners_on_one_core_each_wait_half_of_their_time_for_it() {
    const SIZE_NS: u64 = 60_000_000;
    const TASKS: u64 = 8;
    for backend in BACKENDS {
        let pinned = Pinned::to_the_idlest_core();
        let attempt = || {
            let store = measured(backend, "spin", &SIZE_NS.to_string(), "2", &TASKS.to_string());
            let sums = by_worker(&store);
            let cpu_ns: u64 = sums.values().map(|sum| sum.cpu_ns).sum();
            let made_to_ns = SIZE_NS * TASKS;
            assert!((made_to_ns..made_to_ns + made_to_ns / 20).contains(&cpu_ns), "{backend}: {sums:?}");
            (sums, cpu_ns as f64 / store.last_end_ns as f64)
        };
        one_of_several(&format!("half each, {backend}"), attempt, |(sums, share_of_core)| {
            let most = if *share_of_core < 0.85 { 1.0 } else { 0.65 };
            sums.len() == 2
                && sums.values().all(|sum| (0.35..most).contains(&sum.wait()) && sum.blocked() < 0.07)
        });
        drop(pinned);
    }
}

/// Whoever wakes on a busy machine may wait for a core then, but some find one free.
#[test]
fn a_sleeper_is_blocked_and_uses_and_awaits_no_core() {
    const SIZE_NS: u64 = 20_000_000;
    for backend in BACKENDS {
        let attempt = || {
            let store = measured(backend, "sleep", &SIZE_NS.to_string(), "2", "20");
            let mut tasks: Vec<Sums> = store.spans().map(|(_, span)| Sums::of(&span)).collect();
            for task in &tasks {
                let blocked_ns = task.run_ns - task.cpu_ns - task.wait_ns;
                assert!(blocked_ns >= SIZE_NS - SIZE_NS / 50 && task.switches >= 1, "{backend}: {task:?}");
            }
            tasks.sort_by_key(|task| task.cpu_ns + task.wait_ns);
            tasks[tasks.len() / 10]
        };
        one_of_several(&format!("asleep, {backend}"), attempt, |task| {
            task.blocked() > 0.85 && task.cpu() < 0.05 && task.wait() < 0.1
        });
    }
}

/// Of many short tasks at least some have the core to themselves, on a busy machine too.
#[test]
fn a_spinner_with_a_core_to_itself_neither_waits_nor_is_blocked() {
    for (backend, size) in [("processes", "500000"), ("threads", "500000"), ("processes", "50000")] {
        let attempt = || {
            let store = measured(backend, "spin", size, "1", "300");
            let mut tasks: Vec<Sums> = store.spans().map(|(_, span)| Sums::of(&span)).collect();
            tasks.sort_by(|a, b| (1.0 - a.cpu()).total_cmp(&(1.0 - b.cpu())));
            tasks[tasks.len() / 10]
        };
        one_of_several(&format!("alone, {backend}, {size} ns"), attempt, |task| {
            task.cpu() > 0.95 && task.wait() < 0.01 && task.switches == 0
        });
    }
}

/// Figures of short tasks are derived, not read. Two workers that take turns on one core are switched in the midst of
/// many of them; all the same, tasks must not be said to have used more than their workers did, nor less than they were
/// made to.
#[test]
fn short_tasks_that_share_a_core_have_used_what_their_workers_have() {
    for backend in BACKENDS {
        let mut switched = 0;
        for (workload, size, tasks) in
            [("noop", 0, 40_000), ("spin", 10_000, 15_000), ("spin", 40_000, 5_000)]
        {
            let pinned = Pinned::to_the_idlest_core();
            let store = measured(backend, workload, &size.to_string(), "2", &tasks.to_string());
            drop(pinned);
            let what = format!("{backend} {workload} {size}");
            let sums = by_worker(&store);
            for (worker, sum) in &sums {
                // From the kernel's account of the worker, taken when it had done its last task.
                let used_ns = store.workers[worker.index()].last.cpu_ns;
                assert!(sum.cpu_ns <= used_ns + used_ns / 50 + 1_000_000, "{what}: {sum:?} of {used_ns} ns");
            }
            let cpu_ns: u64 = sums.values().map(|sum| sum.cpu_ns).sum();
            let made_to_ns = size * tasks;
            assert!(cpu_ns >= made_to_ns - made_to_ns / 30, "{what}: {cpu_ns} of {made_to_ns} ns");
            switched += store.spans().filter(|(_, span)| Sums::of(span).switches > 0).count();
        }
        assert!(switched > 0, "{backend}: no task was switched in its midst, which proves nothing");
    }
}

#[test]
fn every_run_says_what_its_telemetry_costs() {
    for (level, measured) in [("off", false), ("basic", true), ("full", true), ("auto", true)] {
        let (_, run) = run_json(&["--workload", "noop", "--tasks", "4", "--telemetry", level]);
        let cost_ns = run["telemetry"]["cost_ns"].as_u64();
        assert_eq!(cost_ns.is_some(), measured, "{level}: {}", run["telemetry"]);
        // From less than a clock reading to a hundred times of what a slow machine takes.
        assert!(cost_ns.is_none_or(|cost_ns| (5..1_000_000).contains(&cost_ns)), "{level}: {cost_ns:?}");
    }
}
