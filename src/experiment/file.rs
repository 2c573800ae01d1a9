//! The experiment's own file: what was planned, what became of each run, and which file holds it. JSON, in the folder of the
//! run files that it names.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{Experiment, Moment, Plan, Rules, RunState};
use crate::{
    analysis::Turn,
    event::Host,
    export::write_atomically,
    library::EXPERIMENT_FILE,
    spec::{Draft, MAX_VARIANTS, Variant, name_variants, one_line, quoted},
    units,
};

/// Raised whenever the shape below changes.
const VERSION: u32 = 1;
/// A file beyond this is none of ours.
const MOST_BYTES: u64 = 256 << 20;

/// Why an experiment's file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path}: {why}")]
    NotOne { path: PathBuf, why: String },
}

/// The file as it stands.
#[derive(Serialize, Deserialize)]
struct Written {
    poolscope_experiment: u32,
    began_unix_ns: u64,
    moment: Moment,
    host: Option<Arc<Host>>,
    rules: Rules,
    variants: Vec<WrittenVariant>,
    runs: Vec<WrittenRun>,
}

/// The spec as the fields of `poolscope run`: whoever reads it with other tools knows them, and a later program still
/// understands them.
#[derive(Serialize, Deserialize)]
struct WrittenVariant {
    name: String,
    spec: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
struct WrittenRun {
    #[serde(flatten)]
    turn: Turn,
    state: RunState,
}

/// Writes it into the folder, whole or not at all.
pub(super) fn write(folder: &Path, experiment: &Experiment) -> io::Result<()> {
    let plan = &experiment.plan;
    let variant = |variant: &Variant| WrittenVariant {
        name: variant.name.clone(),
        spec: Draft::from_spec(&variant.spec).fields(),
    };
    let runs = plan.turns.iter().zip(&experiment.runs);
    let written = Written {
        poolscope_experiment: VERSION,
        began_unix_ns: experiment.began_unix_ns,
        moment: experiment.moment,
        host: experiment.host.clone(),
        rules: plan.rules,
        variants: plan.variants.iter().map(variant).collect(),
        runs: runs.map(|(turn, state)| WrittenRun { turn: *turn, state: state.clone() }).collect(),
    };
    write_atomically(&folder.join(EXPERIMENT_FILE), |out| {
        serde_json::to_writer(out, &written).map_err(io::Error::from)
    })
}

/// Reads one. What was going on when its program died counts as left.
///
/// # Errors
/// It is not there, is no experiment, or contradicts itself.
pub fn read(path: &Path) -> Result<Experiment, ReadError> {
    let io_error = |source| ReadError::Io { path: path.to_owned(), source };
    let not_one = |why: String| ReadError::NotOne { path: path.to_owned(), why };
    let too_long = |length| not_one(too_long(length));
    // Before it is opened, which of a pipe could take for ever.
    let metadata = fs::metadata(path).map_err(io_error)?;
    if !metadata.is_file() {
        return Err(not_one("not a file".to_owned()));
    }
    if metadata.len() > MOST_BYTES {
        return Err(too_long(metadata.len()));
    }
    let mut text = String::new();
    let file = File::open(path).map_err(io_error)?;
    let length = file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(io_error)? as u64;
    if length > MOST_BYTES {
        // It has grown meanwhile.
        return Err(too_long(length));
    }
    let written: Written = serde_json::from_str(&text)
        .map_err(|error| not_one(format!("not an experiment of Poolscope: {error}")))?;
    if written.poolscope_experiment != VERSION {
        let version = written.poolscope_experiment;
        return Err(not_one(format!("its version is {version}; this program reads version {VERSION}")));
    }
    restore(written).map_err(not_one)
}

fn too_long(length: u64) -> String {
    format!(
        "{} are too much for the file of an experiment; allowed: at most {}",
        units::bytes(length),
        units::bytes(MOST_BYTES)
    )
}

fn restore(written: Written) -> Result<Experiment, String> {
    if written.variants.is_empty() || written.variants.len() > MAX_VARIANTS {
        return Err(format!("it has {} variants; allowed: 1 to {MAX_VARIANTS}", written.variants.len()));
    }
    let mut specs = Vec::new();
    for WrittenVariant { name, spec } in written.variants {
        let name = quoted(&name);
        let spec = Draft::from_fields(spec)
            .map_err(|field| format!("variant {name}: {} is no field of a spec", quoted(&field)))?
            .validate()
            .map_err(|errors| format!("variant {name}: {}", errors[0]))?
            .unmarked();
        if specs.contains(&spec) {
            return Err(format!("variant {name}: there is another one with the same spec"));
        }
        specs.push(spec);
    }
    // By what they differ, whatever somebody has called them.
    let variants = name_variants(specs);
    written.rules.check(variants.len()).map_err(|errors| errors[0].to_string())?;
    let most = variants.len() as u64 * (u64::from(written.rules.repeats) + u64::from(written.rules.warmup));
    if written.runs.len() as u64 > most {
        return Err(format!("it has {} runs; its rules allow {most}", written.runs.len()));
    }
    let mut turns: Vec<Turn> = Vec::new();
    let mut seen = HashSet::new();
    let mut runs = Vec::new();
    for WrittenRun { turn, state } in written.runs {
        if turn.variant >= variants.len() {
            return Err(format!("a run is of variant {}, which there is not", turn.variant));
        }
        let rounds = if turn.warmup { written.rules.warmup } else { written.rules.repeats };
        if turn.round >= rounds || !seen.insert((turn.warmup, turn.round, turn.variant)) {
            return Err(format!("a run is of round {}, which there is not, or not twice", turn.round));
        }
        if let Some(name) = state.record().and_then(|record| record.file.as_deref())
            && Path::new(name).file_name() != Some(name.as_ref())
        {
            return Err(format!("{name:?} is no name of a file beside it"));
        }
        turns.push(turn);
        runs.push(if state.is_over() { harmless(state) } else { RunState::Left });
    }
    let moment = if matches!(written.moment, Moment::Finished) { Moment::Finished } else { Moment::Stopped };
    let plan = Arc::new(Plan { variants, rules: written.rules, turns });
    Ok(Experiment { plan, began_unix_ns: written.began_unix_ns, host: written.host, runs, moment })
}

/// What a file says in words is somebody else's: its sentences become one line each, and what does not look like a command of
/// this program is none, since people copy commands.
fn harmless(state: RunState) -> RunState {
    let RunState::Ended(record) = state else { return state };
    let mut record = Arc::unwrap_or_clone(record);
    for finding in &mut record.findings {
        finding.text = one_line(&finding.text);
        let plain = |c: char| c.is_ascii_alphanumeric() || " -_./:@,=+%".contains(c);
        if !finding.command.starts_with("poolscope run") || !finding.command.chars().all(plain) {
            finding.command.clear();
        }
    }
    RunState::Ended(Arc::new(record))
}
