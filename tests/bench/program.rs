//! The program under test, as its users run it.

use std::{path::Path, process::Command};

use serde_json::Value;

use crate::{
    child::{self, Memory},
    rounds::Miss,
};

/// Bad usage: this build does not know what was asked of it.
const EXIT_USAGE: i32 = 2;
/// Named in a spec, these must come back in the run as they were asked for.
const KEPT: [&str; 3] = ["backend", "transport", "telemetry"];

/// One `run --json` that went well: all of its tasks did.
pub(crate) struct Run {
    json: Value,
    /// The whole command, from before its start to after its end.
    pub(crate) command_ns: f64,
    /// The session's largest resident set: that of the command itself, without engine and workers.
    pub(crate) session_bytes: Option<u64>,
}

impl Run {
    /// A number of the object, by its path: `/engine/max_rss_bytes`.
    pub(crate) fn number(&self, path: &str) -> Result<f64, Miss> {
        self.json
            .pointer(path)
            .and_then(Value::as_f64)
            .ok_or_else(|| Miss::Failed(format!("the run's JSON object has no number at {path}")))
    }

    /// From the pool's start to the last task's end, over the number of tasks.
    pub(crate) fn ns_per_task(&self) -> Result<f64, Miss> {
        Ok(self.number("/wall_ns")? / self.number("/tasks/total")?)
    }

    /// The mean of a number that each worker has. `None` where workers do not have it.
    pub(crate) fn worker_mean(&self, name: &str) -> Option<f64> {
        let workers = self.json["workers"].as_array()?;
        let values: Vec<f64> = workers.iter().filter_map(|worker| worker[name].as_f64()).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }
}

/// Runs a spec, written as its flags.
///
/// # Errors
/// Not supported, if the program calls it bad usage; failed, if anything but a good run came of it.
pub(crate) fn run(spec: &str) -> Result<Run, Miss> {
    run_watched(spec, Memory::Unwatched)
}

pub(crate) fn run_watched(spec: &str, memory: Memory) -> Result<Run, Miss> {
    let (json, ended) = call(&format!("run --json {spec}"), memory)?;
    let run = Run { json, command_ns: ended.wall_ns, session_bytes: ended.peak_bytes };
    check(spec, &run)?;
    Ok(run)
}

/// Opens a run file and tells of it, as `run` does.
pub(crate) fn show(file: &Path) -> Result<Run, Miss> {
    let (json, ended) = call(&format!("show --json {}", file.display()), Memory::Watched)?;
    let run = Run { json, command_ns: ended.wall_ns, session_bytes: ended.peak_bytes };
    check("", &run)?;
    Ok(run)
}

fn check(spec: &str, run: &Run) -> Result<(), Miss> {
    let (ok, total) = (run.number("/tasks/ok")?, run.number("/tasks/total")?);
    if run.json["status"] != "finished" || (ok - total).abs() > 0.0 {
        return Err(Miss::Failed(format!("`{spec}`: {ok} of {total} tasks ok, {}", run.json["status"])));
    }
    for name in KEPT {
        let mut words =
            spec.split_ascii_whitespace().skip_while(|word| word.strip_prefix("--") != Some(name));
        let (asked, ran) = (words.nth(1), run.json["spec"][name].as_str());
        if asked.is_some() && asked != ran {
            return Err(Miss::Failed(format!("`{spec}`: ran with {name} {}", ran.unwrap_or("missing"))));
        }
    }
    Ok(())
}

/// What the program says of this machine.
pub(crate) fn doctor() -> Result<Value, Miss> {
    call("doctor --json", Memory::Unwatched).map(|(json, _)| json)
}

fn call(arguments: &str, memory: Memory) -> Result<(Value, child::Ended), Miss> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poolscope"));
    command.args(arguments.split_ascii_whitespace());
    let ended = child::run(&mut command, memory).map_err(Miss::Failed)?;
    let complaint = ended.stderr.lines().next().unwrap_or("no reason given").to_owned();
    match ended.code {
        Some(0) => {}
        Some(EXIT_USAGE) => return Err(Miss::NotSupported(complaint.replace("poolscope: ", ""))),
        code => return Err(Miss::Failed(format!("`{arguments}` ended with {code:?}: {complaint}"))),
    }
    let json = serde_json::from_str(&ended.stdout)
        .map_err(|error| Miss::Failed(format!("`{arguments}` printed no JSON object: {error}")))?;
    Ok((json, ended))
}
