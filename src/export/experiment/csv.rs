//! A row a run.

use std::io::{self, Write};

use serde::Serialize;

use super::{ExperimentCover, Places};
use crate::{
    analysis::{ExperimentReport, RunLine},
    export::csv::{harmless, write_table},
};

const COLUMNS: [&str; 20] = [
    "order",
    "variant",
    "round",
    "warmup",
    "counted",
    "outlier",
    "status",
    "tasks",
    "tasks_ok",
    "wall_ns",
    "ready_ns",
    "work_ns",
    "cpu_ns",
    "throughput",
    "peak_memory_bytes",
    "lock_wait_ns",
    "others_cores",
    "calm",
    "checksum",
    "file",
];

/// In the order of [`COLUMNS`]. What was not measured is an empty cell.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "columns of a table, which stand for themselves")]
struct Row {
    order: Option<usize>,
    variant: String,
    round: u32,
    warmup: bool,
    counted: bool,
    outlier: bool,
    status: String,
    tasks: u32,
    tasks_ok: u32,
    wall_ns: u64,
    ready_ns: Option<u64>,
    work_ns: Option<u64>,
    cpu_ns: u64,
    throughput: Option<f64>,
    peak_memory_bytes: Option<u64>,
    lock_wait_ns: u64,
    others_cores: Option<f64>,
    calm: bool,
    checksum: String,
    file: Option<String>,
}

/// Writes every run that ended, warm-ups too, in the order in which they ran. Rounds and places count from 1 on.
pub fn write_experiment_csv(
    report: &ExperimentReport,
    cover: &ExperimentCover,
    out: &mut dyn Write,
) -> io::Result<()> {
    let places = Places::new(cover);
    let runs =
        report.variants.iter().flat_map(|variant| variant.runs.iter().map(|run| (&*variant.name, run)));
    let mut rows: Vec<Row> = runs.map(|(variant, run)| row(variant, run, &places)).collect();
    rows.sort_by_key(|row| row.order.unwrap_or(usize::MAX));
    write_table(&COLUMNS, rows.into_iter(), out)
}

fn row(variant: &str, run: &RunLine, places: &Places) -> Row {
    let figures = &run.figures;
    Row {
        order: places.of(run.turn),
        variant: harmless(variant.to_owned()),
        round: run.turn.round.saturating_add(1),
        warmup: run.turn.warmup,
        counted: run.counted,
        outlier: run.outlier,
        status: figures.status.to_string(),
        tasks: figures.tasks.total,
        tasks_ok: figures.tasks.ok,
        wall_ns: figures.wall_ns,
        ready_ns: figures.ready_ns,
        work_ns: figures.work_ns,
        cpu_ns: figures.cpu_ns,
        throughput: figures.throughput,
        peak_memory_bytes: figures.peak_memory_bytes,
        lock_wait_ns: figures.lock_wait_ns,
        others_cores: figures.background.map(crate::analysis::Background::taken),
        calm: run.calm,
        checksum: harmless(figures.checksum.clone()),
        file: run.file.clone().map(harmless),
    }
}
