//! What it costs to hand out a task that does nothing, by how deep a worker's own queue is.

use poolscope::units;

use super::{columns_ratio, rows_ratio};
use crate::{
    bench::{Bench, Pool, RING, STREAM, THREADS, WORKERS},
    native, program,
    report::{Columns, MICROSECONDS, Report, Table},
    rounds::{Miss, Sample, Side},
};

/// Columns, and the flags that they stand for.
const DEPTHS: [(&str, &str); 6] = [
    ("prefetch 1", "--chunk 1 --prefetch 1"),
    ("prefetch 4", "--chunk 1 --prefetch 4"),
    ("prefetch 16", "--chunk 1 --prefetch 16"),
    ("prefetch 64", "--chunk 1 --prefetch 64"),
    (ONE_BY_ONE, "--chunk 1 --prefetch auto"),
    (CHUNKS, "--chunk auto"),
];
const ONE_BY_ONE: &str = "prefetch auto";
const CHUNKS: &str = "chunk auto";
const POOLS: [(Pool, &[&str]); 3] =
    [(RING, &["off", "basic", "full"]), (STREAM, &["off", "basic", "full"]), (THREADS, &["off", "basic"])];

/// A run should take about so long: a hundred times what the pool takes to start.
const RUN_NS: f64 = 0.2e9;
const FEWEST_TASKS: u64 = 20_000;
const MOST_TASKS: u64 = 1_000_000;

const RAYON: &str = "rayon `scope.spawn`";
const POOL: &str = "`Pool.map` (fork)";
const EXECUTOR: &str = "`ProcessPoolExecutor.map`";
const PYTHON_THREADS: &str = "`ThreadPoolExecutor.map`";
/// Row, column, the script's name for the pool, tasks, and chunk size, where 0 is the pool's own choice.
const PYTHONS: [(&str, &str, &str, u64, u64); 4] = [
    (POOL, ONE_BY_ONE, "pool-fork", 50_000, 1),
    (POOL, CHUNKS, "pool-fork", 1_000_000, 0),
    (EXECUTOR, ONE_BY_ONE, "executor", 3_000, 1),
    (PYTHON_THREADS, ONE_BY_ONE, "threads", 20_000, 1),
];

pub(super) fn plan(bench: &Bench) -> (Vec<Side<'_>>, Report) {
    let mut sides = Vec::new();
    for (pool, levels) in POOLS {
        for level in levels {
            for (column, flags) in DEPTHS {
                let flags = format!("{} --telemetry {level} {flags}", pool.flags);
                let mut tasks = None;
                sides.push(Side::new(row(pool, level), column, move || measure(bench, &flags, &mut tasks)));
            }
        }
    }
    sides.push(Side::new(RAYON, ONE_BY_ONE, || {
        let tasks = bench.tasks(MOST_TASKS);
        Ok(vec![("run", native::dispatch(WORKERS, tasks)?), ("tasks", tasks as f64)])
    }));
    for (row, column, pool, tasks, chunk) in PYTHONS {
        sides.push(Side::new(row, column, move || {
            let tasks = bench.tasks(tasks);
            let question = format!("dispatch {pool} workers={WORKERS} tasks={tasks} chunk={chunk}");
            let wall_ns = bench.python.ask(&question)?.number("wall_ns")?;
            Ok(vec![("run", wall_ns / tasks as f64), ("tasks", tasks as f64)])
        }));
    }
    (sides, report(bench))
}

fn row(pool: Pool, level: &str) -> String {
    pool.row(&[level])
}

/// The first call finds out how many tasks make a run of the wanted length; they stay the same in all rounds.
fn measure(bench: &Bench, flags: &str, tasks: &mut Option<u64>) -> Result<Sample, Miss> {
    let run =
        |tasks: u64| program::run(&format!("{flags} --workers {WORKERS} --workload noop --tasks {tasks}"));
    let count = match *tasks {
        Some(count) => count,
        None => enough(run(FEWEST_TASKS)?.ns_per_task()?, bench.amount(RUN_NS)),
    };
    *tasks = Some(count);
    let run = run(count)?;
    Ok(vec![("run", run.ns_per_task()?), ("command", run.command_ns / count as f64), ("tasks", count as f64)])
}

/// As many tasks as take `run_ns`, in whole thousands.
fn enough(task_ns: f64, run_ns: f64) -> u64 {
    let count = (run_ns / task_ns.max(1.0)) as u64;
    (count / 1000 * 1000).clamp(FEWEST_TASKS, MOST_TASKS)
}

fn report(bench: &Bench) -> Report {
    let mut ratios = Vec::new();
    let best = row(bench.processes, "basic");
    for under in [&best, &row(THREADS, "basic")] {
        ratios.extend([POOL, EXECUTOR].map(|over| rows_ratio(over, under, ONE_BY_ONE, "run")));
        ratios.push(rows_ratio(POOL, under, CHUNKS, "run"));
        ratios.push(rows_ratio(under, RAYON, ONE_BY_ONE, "run"));
    }
    for (column, _) in DEPTHS {
        ratios.push(rows_ratio(&row(STREAM, "basic"), &row(RING, "basic"), column, "run"));
    }
    ratios.push(columns_ratio(&best, "prefetch 1", "prefetch 64", "run"));
    let table = |heading, metric| Table { heading, unit: MICROSECONDS, columns: Columns::OfSides(metric) };
    Report {
        title: "Dispatch: a task that does nothing",
        notes: vec![
            format!(
                "{WORKERS} workers. `run` is from the pool's start to the last task's end, start-up included; \
                 the second table is the whole command, with its session. Tasks are handed out one by one (`--chunk 1`) \
                 up to the last column. Each run has as many tasks as take {}, {} to {}.",
                units::duration(RUN_NS as u64),
                units::count(FEWEST_TASKS),
                units::count(MOST_TASKS)
            ),
            "Other pools choose their own depth: they stand under `prefetch auto` for one task at a time, and under \
             `chunk auto` for chunks of their own. They are warm before the clock starts."
                .to_owned(),
        ],
        tables: vec![table("`run` a task", "run"), table("the whole command a task", "command")],
        ratios,
    }
}
