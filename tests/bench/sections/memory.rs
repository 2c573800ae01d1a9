//! What a worker takes while it waits, and what many queued tasks take.

use poolscope::units;

use super::rows_ratio;
use crate::{
    bench::{Bench, Pool, RING, STREAM, THREADS, WORKERS},
    child::Memory,
    program,
    report::{Columns, MEGABYTES, Report, Table},
    rounds::{Miss, Sample, Side},
};

const QUEUED: u64 = 1_000_000;

const POOL: &str = "`Pool` (fork)";
const SPAWN: &str = "`Pool` (spawn)";
const EXECUTOR: &str = "`ProcessPoolExecutor` (fork)";
/// Row, the script's name for the pool, and whether a million tasks are queued: an executor takes minutes for them, and
/// how workers are started makes no difference to the queue.
const PYTHONS: [(&str, &str, bool); 3] =
    [(POOL, "pool-fork", true), (SPAWN, "pool-spawn", false), (EXECUTOR, "executor", false)];

pub(super) fn plan(bench: &Bench) -> (Vec<Side<'_>>, Report) {
    let mut sides = Vec::new();
    for pool in [RING, STREAM, THREADS] {
        sides.push(Side::new(pool.row(&[]), "", move || measure(bench, pool)));
    }
    for (row, pool, has_queue) in PYTHONS {
        sides.push(Side::new(row, "", move || {
            let waiting = bench.python.ask(&format!("memory {pool} workers={WORKERS}"))?;
            let mut sample =
                vec![("worker", waiting.number("pss_bytes")?), ("owner", waiting.number("max_rss_bytes")?)];
            if has_queue {
                let tasks = bench.tasks(QUEUED);
                let queue = bench.python.ask(&format!("queue {pool} workers={WORKERS} tasks={tasks}"))?;
                sample.push(("owner-queue", queue.number("max_rss_bytes")?));
            }
            Ok(sample)
        }));
    }
    (sides, report(bench))
}

fn measure(bench: &Bench, pool: Pool) -> Result<Sample, Miss> {
    // Long enough for several samples while every worker is in a task.
    let waiting = program::run_watched(
        &format!("{} --workers {WORKERS} --workload sleep --size 1200000000 --tasks {WORKERS}", pool.flags),
        Memory::Watched,
    )?;
    let queue = program::run_watched(
        &format!("{} --workers {WORKERS} --workload noop --tasks {}", pool.flags, bench.tasks(QUEUED)),
        Memory::Watched,
    )?;
    let mut sample = vec![
        ("owner", waiting.number("/engine/max_rss_bytes")?),
        ("owner-queue", queue.number("/engine/max_rss_bytes")?),
    ];
    sample.extend(waiting.worker_mean("pss_bytes").map(|bytes| ("worker", bytes)));
    sample.extend(waiting.session_bytes.map(|bytes| ("session", bytes as f64)));
    sample.extend(queue.session_bytes.map(|bytes| ("session-queue", bytes as f64)));
    Ok(sample)
}

fn report(bench: &Bench) -> Report {
    let mut ratios = Vec::new();
    for (over, _, _) in PYTHONS {
        let mut ratio = rows_ratio(over, &bench.processes.row(&[]), "", "worker");
        ratio.label = format!("worker: {}", ratio.label);
        ratios.push(ratio);
    }
    Report {
        title: "Memory",
        notes: vec![format!(
            "{WORKERS} workers. *Worker* is the proportional share (PSS) of one worker process in a sleeping task. \
             *Owner* is the largest resident set of the process that owns the pool: the engine, or Python. *Session* is \
             that of the command, which keeps every task's times; it is read every 2 ms, so what it takes in its last \
             moments may be missing. The last two columns are with {} queued tasks that do nothing.",
            units::count(QUEUED)
        )],
        tables: vec![Table {
            heading: "pool",
            unit: MEGABYTES,
            columns: Columns::OfMetrics(&[
                ("worker", "worker"),
                ("owner", "owner"),
                ("session", "session"),
                ("owner-queue", "owner, a million queued"),
                ("session-queue", "session, a million queued"),
            ]),
        }],
        ratios,
    }
}
