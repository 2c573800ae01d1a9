//! One worker, one task at a time: what a caller waits for an answer.

use poolscope::{analysis::Distribution, units};

use super::rows_ratio;
use crate::{
    bench::{Bench, Pool, RING, STREAM, THREADS},
    native, program,
    report::{Columns, MICROSECONDS, Report, Table},
    rounds::{Miss, Sample, Side},
};

const TASKS: u64 = 20_000;
const QUEUES: [&str; 2] = ["0", "1"];
const LEVELS: [&str; 2] = ["off", "basic"];

const RAYON: &str = "rayon `install`";
const POOL: &str = "`Pool.apply` (fork)";
const EXECUTOR: &str = "`ProcessPoolExecutor.submit().result()`";
const PYTHON_THREADS: &str = "`ThreadPoolExecutor.submit().result()`";
/// Row, the script's name for the pool, tasks.
const PYTHONS: [(&str, &str, u64); 3] =
    [(POOL, "pool-fork", 2_000), (EXECUTOR, "executor", 1_000), (PYTHON_THREADS, "threads", 5_000)];

pub(super) fn plan(bench: &Bench) -> (Vec<Side<'_>>, Report) {
    let mut sides = Vec::new();
    for pool in [RING, STREAM, THREADS] {
        for queue in QUEUES {
            for level in LEVELS {
                let tasks = bench.tasks(TASKS);
                let spec = format!(
                    "{} --workers 1 --prefetch 1 --queue {queue} --chunk 1 --workload noop --tasks {tasks} \
                     --telemetry {level}",
                    pool.flags
                );
                sides.push(Side::new(row(pool, queue, level), "", move || measure(&spec)));
            }
        }
    }
    sides.push(Side::new(RAYON, "", || sample(native::round_trips(bench.tasks(TASKS))?)));
    for (row, pool, tasks) in PYTHONS {
        sides.push(Side::new(row, "", move || {
            let question = format!("round-trip {pool} tasks={}", bench.tasks(tasks));
            sample(bench.python.ask(&question)?.list("round_trip_ns"))
        }));
    }
    (sides, report(bench))
}

fn row(pool: Pool, queue: &str, level: &str) -> String {
    pool.row(&[&format!("queue {queue}"), level])
}

fn measure(spec: &str) -> Result<Sample, Miss> {
    let run = program::run(spec)?;
    Ok(vec![
        ("each", run.ns_per_task()?),
        ("median", run.number("/round_trip_ns/median")?),
        ("p95", run.number("/round_trip_ns/p95")?),
    ])
}

fn sample(times_ns: Vec<u64>) -> Result<Sample, Miss> {
    let spread =
        Distribution::of(times_ns).ok_or_else(|| Miss::Failed("no round trip was timed".to_owned()))?;
    Ok(vec![("each", spread.mean as f64), ("median", spread.median as f64), ("p95", spread.p95 as f64)])
}

fn report(bench: &Bench) -> Report {
    let mut ratios = Vec::new();
    for queue in QUEUES {
        for pool in [bench.processes, THREADS] {
            let own = row(pool, queue, "basic");
            ratios.extend([POOL, EXECUTOR].map(|over| rows_ratio(over, &own, "", "each")));
        }
        ratios.push(rows_ratio(&row(STREAM, queue, "basic"), &row(RING, queue, "basic"), "", "each"));
        ratios.push(rows_ratio(&row(THREADS, queue, "basic"), RAYON, "", "each"));
    }
    Report {
        title: "Round trip: one task at a time",
        notes: vec![
            format!(
                "1 worker, which holds one task. *Each* is wall time over {} tasks, start-up included (for other pools \
                 the mean call of a warm pool): what one task after the other costs. *Median* and *p95* are from entering the queue to the answer's arrival; \
                 with `--queue 1` a task enters while its predecessor is still out, and so waits for it too.",
                units::count(TASKS)
            ),
            "The engine hands out from a queue of its own. Behind `apply`, `result` and `install` a caller sleeps, who has \
             to be woken for each task as well."
                .to_owned(),
            "Ratios are of *each*, with telemetry `basic`.".to_owned(),
        ],
        tables: vec![Table {
            heading: "pool",
            unit: MICROSECONDS,
            columns: Columns::OfMetrics(&[("each", "each"), ("median", "median"), ("p95", "p95")]),
        }],
        ratios,
    }
}
