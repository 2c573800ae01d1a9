//! An experiment as hyperfine exports one (`hyperfine --export-json`), for the programs that read those.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::{
    analysis::{ExperimentReport, RunLine, VariantReport},
    spec::{Draft, run_line},
};

/// Writes one result a variant, with times in seconds: wall times of the runs that count. `user` is the CPU time of the
/// workers, user and system together, since the two are not measured apart; `system` is 0.
pub fn write_hyperfine(report: &ExperimentReport, out: &mut dyn Write) -> io::Result<()> {
    let results: Vec<Value> = report.variants.iter().map(result).collect();
    serde_json::to_writer_pretty(&mut *out, &json!({ "results": results }))?;
    writeln!(out)
}

fn result(variant: &VariantReport) -> Value {
    let counted = || variant.runs.iter().filter(|run| run.counted);
    let secs = |ns: f64| ns / 1e9;
    let wall = variant.wall_ns.as_ref();
    let times: Vec<f64> = counted().map(|run: &RunLine| secs(run.figures.wall_ns as f64)).collect();
    let parameters: serde_json::Map<String, Value> = Draft::from_spec(&variant.spec)
        .fields()
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect();
    json!({
        "command": run_line(&variant.spec),
        "mean": wall.map(|wall| secs(wall.mean)),
        "stddev": wall.and_then(|wall| wall.standard_deviation).map(secs),
        "median": wall.map(|wall| secs(wall.median)),
        "user": variant.cpu_ns.as_ref().map(|cpu| secs(cpu.mean)),
        "system": 0.0,
        "min": wall.map(|wall| secs(wall.min)),
        "max": wall.map(|wall| secs(wall.max)),
        "times": times,
        "exit_codes": counted().map(|_| 0).collect::<Vec<_>>(),
        "parameters": parameters,
    })
}
