//! From nothing to a pool that works.

use super::rows_ratio;
use crate::{
    bench::{Bench, RING, STREAM, THREADS, WORKERS},
    program,
    report::{Columns, MILLISECONDS, Report, Table},
    rounds::Side,
};

const POOL: &str = "`Pool` (fork)";
const SPAWN: &str = "`Pool` (spawn)";
const EXECUTOR: &str = "`ProcessPoolExecutor` (fork)";
const PYTHONS: [(&str, &str); 3] = [(POOL, "pool-fork"), (SPAWN, "pool-spawn"), (EXECUTOR, "executor")];

pub(super) fn plan(bench: &Bench) -> (Vec<Side<'_>>, Report) {
    let mut sides = Vec::new();
    for pool in [RING, STREAM, THREADS] {
        sides.push(Side::new(pool.row(&[]), "", move || {
            let run = program::run(&format!("{} --workers {WORKERS} --workload noop --tasks 2", pool.flags))?;
            Ok(vec![("ready", run.number("/ready_ns")?), ("command", run.command_ns)])
        }));
    }
    for (row, pool) in PYTHONS {
        sides.push(Side::new(row, "", move || {
            let answer = bench.python.ask(&format!("ready {pool} workers={WORKERS}"))?;
            Ok(vec![("ready", answer.number("ready_ns")?), ("command", answer.command_ns)])
        }));
    }
    let mut ratios = Vec::new();
    for metric in ["ready", "command"] {
        for (over, _) in PYTHONS {
            let mut ratio = rows_ratio(over, &bench.processes.row(&[]), "", metric);
            ratio.label = format!("{metric}: {}", ratio.label);
            ratios.push(ratio);
        }
    }
    let report = Report {
        title: "Ready: from nothing to a pool that works",
        notes: vec![format!(
            "{WORKERS} workers. *Ready* is from the engine's start until its last worker can take a task; for Python, from \
             the pool's creation to its first answer. *Command* is the whole program, from its start to its end, with \
             2 tasks that do nothing (Python: 1)."
        )],
        tables: vec![Table {
            heading: "pool",
            unit: MILLISECONDS,
            columns: Columns::OfMetrics(&[("ready", "ready"), ("command", "command")]),
        }],
        ratios,
    };
    (sides, report)
}
