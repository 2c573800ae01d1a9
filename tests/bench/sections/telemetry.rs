//! What measuring each task costs.

use poolscope::units;
use serde_json::Value;

use super::columns_ratio;
use crate::{
    bench::{Bench, THREADS, WORKERS},
    program,
    report::{Columns, MICROSECONDS, Report, Table},
    rounds::Side,
};

const LEVELS: [&str; 3] = ["off", "basic", "full"];
/// How tables call the work, its flags, and how many tasks.
const WORK: [(&str, &str, u64); 2] =
    [("no-ops", "--workload noop", 1_000_000), ("spins of 100 µs", "--workload spin --size 100000", 10_000)];

pub(super) fn plan(bench: &Bench) -> (Vec<Side<'_>>, Report) {
    let mut sides = Vec::new();
    let mut ratios = Vec::new();
    for pool in [bench.processes, THREADS] {
        for (work, flags, tasks) in WORK {
            let tasks = bench.tasks(tasks);
            let row = format!("{}, {work}", pool.row(&[]));
            for level in LEVELS {
                let spec =
                    format!("{} --workers {WORKERS} {flags} --tasks {tasks} --telemetry {level}", pool.flags);
                sides.push(Side::new(&row, level, move || {
                    Ok(vec![("run", program::run(&spec)?.ns_per_task()?)])
                }));
            }
            ratios.extend(["basic", "full"].map(|level| columns_ratio(&row, level, "off", "run")));
        }
    }
    let counts = WORK.map(|(work, _, tasks)| format!("{} {work}", units::count(bench.tasks(tasks))));
    let report = Report {
        title: "Telemetry: what measuring each task costs",
        notes: vec![format!(
            "{WORKERS} workers, chunks of the pool's own choice; wall time of the run over its tasks, {}. {}",
            counts.join(" and "),
            doctor_says()
        )],
        tables: vec![Table { heading: "`run` a task", unit: MICROSECONDS, columns: Columns::OfSides("run") }],
        ratios,
    };
    (sides, report)
}

/// The cost of each level, as the program measures it itself.
fn doctor_says() -> String {
    let doctor = program::doctor().unwrap_or_default();
    let costs: Vec<String> = doctor["telemetry_cost"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|cost| {
            let Value::String(level) = &cost["level"] else { return None };
            Some(format!("{level} {} ns", cost["median_ns"]))
        })
        .collect();
    if costs.is_empty() {
        return "`poolscope doctor` does not tell the cost of a level.".to_owned();
    }
    format!("`poolscope doctor`, around an empty task: {}.", costs.join(", "))
}
