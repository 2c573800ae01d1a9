//! How much of the workers' time is work, for tasks that are handed out one by one.

use poolscope::units;

use super::rows_ratio;
use crate::{
    bench::{Bench, Pool, RING, STREAM, THREADS, WORKERS},
    native, program,
    report::{Columns, Report, SHARE, Table},
    rounds::{Miss, Sample, Side},
};

/// Columns, and the CPU time of a task in nanoseconds.
const SIZES: [(&str, u64); 3] =
    [("10 µs tasks", 10_000), ("100 µs tasks", 100_000), ("1 ms tasks", 1_000_000)];
/// Start-up, which counts here, is then about a thousandth.
const RUN_NS: f64 = 2e9;
/// Without start-up, less is enough.
const WARM_RUN_NS: f64 = 0.5e9;

const RAYON: &str = "rayon `scope.spawn`";
const POOL: &str = "`Pool.map` (fork, chunksize 1)";
const EXECUTOR: &str = "`ProcessPoolExecutor.map`";
const PYTHONS: [(&str, &str); 2] = [(POOL, "pool-fork"), (EXECUTOR, "executor")];

pub(super) fn plan(bench: &Bench) -> (Vec<Side<'_>>, Report) {
    let mut sides = Vec::new();
    for (column, size_ns) in SIZES {
        for pool in [RING, STREAM, THREADS] {
            sides.push(Side::new(pool.row(&[]), column, move || measure(bench, pool, size_ns)));
        }
        sides.push(Side::new(RAYON, column, move || {
            let tasks = tasks_of(bench.amount(WARM_RUN_NS), size_ns);
            sample(tasks as f64, size_ns, native::spin(WORKERS, tasks, size_ns)?)
        }));
        for (row, pool) in PYTHONS {
            sides.push(Side::new(row, column, move || {
                let run_ms = (bench.amount(WARM_RUN_NS) / 1e6) as u64;
                let question =
                    format!("efficiency {pool} workers={WORKERS} size_ns={size_ns} run_ms={run_ms}");
                let answer = bench.python.ask(&question)?;
                sample(answer.number("tasks")?, size_ns, answer.number("wall_ns")?)
            }));
        }
    }
    (sides, report(bench))
}

/// As many tasks as keep all workers busy for so long, if nothing else costs anything.
fn tasks_of(run_ns: f64, size_ns: u64) -> u64 {
    (run_ns * WORKERS as f64 / size_ns as f64) as u64
}

fn measure(bench: &Bench, pool: Pool, size_ns: u64) -> Result<Sample, Miss> {
    let tasks = tasks_of(bench.amount(RUN_NS), size_ns);
    let run = program::run(&format!(
        "{} --workers {WORKERS} --workload spin --size {size_ns} --tasks {tasks} --chunk 1",
        pool.flags
    ))?;
    sample(tasks as f64, size_ns, run.number("/wall_ns")?)
}

fn sample(tasks: f64, size_ns: u64, wall_ns: f64) -> Result<Sample, Miss> {
    let workers_ns = WORKERS as f64 * wall_ns;
    if workers_ns <= 0.0 {
        return Err(Miss::Failed("no time passed".to_owned()));
    }
    Ok(vec![("efficiency", tasks * size_ns as f64 / workers_ns), ("tasks", tasks)])
}

fn report(bench: &Bench) -> Report {
    let mut ratios = Vec::new();
    let own = bench.processes.row(&[]);
    for (column, _) in SIZES {
        ratios.extend([POOL, EXECUTOR].map(|under| rows_ratio(&own, under, column, "efficiency")));
        ratios.push(rows_ratio(&own, RAYON, column, "efficiency"));
        ratios.push(rows_ratio(&RING.row(&[]), &STREAM.row(&[]), column, "efficiency"));
    }
    Report {
        title: "Efficiency: the share of the workers' time that is work",
        notes: vec![format!(
            "tasks × size ÷ ({WORKERS} workers × wall time), tasks handed out one by one, telemetry `auto`. Every task \
             burns its size by its thread's own CPU clock; what it burns beyond that, until it looks at the clock \
             again, counts as overhead on all sides. Runs of {} or more with start-up; rayon and Python run for \
             about {} in a pool that is warm.",
            units::duration(RUN_NS as u64),
            units::duration(WARM_RUN_NS as u64)
        )],
        tables: vec![Table { heading: "pool", unit: SHARE, columns: Columns::OfSides("efficiency") }],
        ratios,
    }
}
