//! What it costs to record a run, and to open it again.

use poolscope::units;

use super::columns_ratio;
use crate::{
    bench::{Bench, THREADS, WORKERS},
    child::Memory,
    program,
    report::{BYTES, Columns, MEGABYTES, MICROSECONDS, MILLISECONDS, Report, Table},
    rounds::{Miss, Sample, Side},
};

/// How tables call the work, its flags, and how many tasks.
const WORK: [(&str, &str, u64); 2] = [
    ("spins of 1 ms", "--workload spin --size 1000000 --chunk 1", 4000),
    ("no-ops", "--workload noop", 1_000_000),
];
const NOT_RECORDED: &str = "not recorded";
const RECORDED: &str = "recorded";

pub(super) fn plan(bench: &Bench) -> (Vec<Side<'_>>, Report) {
    let mut sides = Vec::new();
    let mut ratios = Vec::new();
    for pool in [bench.processes, THREADS] {
        for (work, flags, tasks) in WORK {
            let tasks = bench.tasks(tasks);
            let row = format!("{}, {} {work}", pool.row(&[]), units::count(tasks));
            for column in [NOT_RECORDED, RECORDED] {
                let spec = format!("{} --workers {WORKERS} {flags} --tasks {tasks}", pool.flags);
                sides.push(Side::new(&row, column, move || measure(&spec, tasks as f64, column == RECORDED)));
            }
            for (what, metric) in [("run", "run"), ("command", "command"), ("session's memory", "session")] {
                let mut ratio = columns_ratio(&row, RECORDED, NOT_RECORDED, metric);
                ratio.label = format!("{what}: {}", ratio.label);
                ratios.push(ratio);
            }
        }
    }
    (sides, report(ratios))
}

fn measure(spec: &str, tasks: f64, recorded: bool) -> Result<Sample, Miss> {
    let failed = |error: std::io::Error| Miss::Failed(error.to_string());
    let folder = tempfile::tempdir().map_err(failed)?;
    let file = folder.path().join("run.pscope");
    let output = if recorded { format!(" -o {}", file.display()) } else { String::new() };
    let run = program::run_watched(&format!("{spec}{output}"), Memory::Watched)?;
    let mut sample = vec![("run", run.ns_per_task()?), ("command", run.command_ns)];
    sample.extend(run.session_bytes.map(|bytes| ("session", bytes as f64)));
    if recorded {
        let length = std::fs::metadata(&file).map_err(failed)?.len();
        let shown = program::show(&file)?;
        sample.push(("file", length as f64 / tasks));
        sample.push(("open", shown.command_ns));
        sample.extend(shown.session_bytes.map(|bytes| ("reader", bytes as f64)));
    }
    Ok(sample)
}

fn report(ratios: Vec<crate::report::Ratio>) -> Report {
    let table = |heading, unit, metric| Table { heading, unit, columns: Columns::OfSides(metric) };
    Report {
        title: "Record: what a run file costs",
        notes: vec![format!(
            "{WORKERS} workers; `run -o FILE` beside `run`, the file in the folder for temporary files. `run` is from the \
             pool's start to the last task's end; the command ends when its file is complete. Memory is the largest \
             resident set of the command, read every 2 ms. Opened is the file by `show --json`, as a command of its own."
        )],
        tables: vec![
            table("`run` a task", MICROSECONDS, "run"),
            table("the whole command", MILLISECONDS, "command"),
            table("the session's memory", MEGABYTES, "session"),
            table("the file, for a task", BYTES, "file"),
            table("opening the file", MILLISECONDS, "open"),
            table("memory of who opens it", MEGABYTES, "reader"),
        ],
        ratios,
    }
}
