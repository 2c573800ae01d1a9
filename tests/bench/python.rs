//! The Python beside: found once, asked by one script.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    child::{self, Memory},
    rounds::Miss,
};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/pools.py");
/// It tells its own path, so that no shim in front of it is timed with it.
const WHO: &str = "import sys; print(sys.executable); print('.'.join(map(str, sys.version_info[:3])))";

/// An interpreter that runs, or why there is none.
pub(crate) struct Python {
    found: Result<(PathBuf, String), String>,
}

/// What the script printed, and how long it took with the interpreter's own start and end.
pub(crate) struct Answer {
    json: Value,
    pub(crate) command_ns: f64,
}

impl Answer {
    pub(crate) fn number(&self, name: &str) -> Result<f64, Miss> {
        self.json[name]
            .as_f64()
            .ok_or_else(|| Miss::Failed(format!("the Python script printed no number {name}")))
    }

    /// A list of whole numbers.
    pub(crate) fn list(&self, name: &str) -> Vec<u64> {
        self.json[name].as_array().into_iter().flatten().filter_map(Value::as_u64).collect()
    }
}

impl Python {
    pub(crate) fn find(path: &Path) -> Self {
        let name = path.display();
        // A shim may be there and have nothing to run.
        let found = match child::run(Command::new(path).args(["-c", WHO]), Memory::Unwatched) {
            Ok(ended) if ended.code == Some(0) => match ended.stdout.lines().collect::<Vec<_>>()[..] {
                [executable, version] => Ok((PathBuf::from(executable), version.to_owned())),
                _ => Err(format!("{name}: does not say who it is")),
            },
            Ok(_) => Err(format!("{name}: does not run")),
            Err(_) => Err(format!("{name}: not found")),
        };
        Self { found }
    }

    /// Its version, or why there is none.
    pub(crate) fn version(&self) -> &str {
        match &self.found {
            Ok((_, version)) => version,
            Err(reason) => reason,
        }
    }

    /// Asks the script: `dispatch pool-fork tasks=1000 workers=2`.
    pub(crate) fn ask(&self, question: &str) -> Result<Answer, Miss> {
        let (path, _) = self.found.as_ref().map_err(|reason| Miss::NotSupported(reason.clone()))?;
        let mut command = Command::new(path);
        command.arg(SCRIPT).args(question.split_ascii_whitespace());
        let ended = child::run(&mut command, Memory::Unwatched).map_err(Miss::Failed)?;
        if ended.code != Some(0) {
            let complaint = ended.stderr.lines().last().unwrap_or("no reason given");
            return Err(Miss::Failed(format!("Python, `{question}`: {complaint}")));
        }
        let json = serde_json::from_str(&ended.stdout)
            .map_err(|error| Miss::Failed(format!("Python, `{question}`: no JSON object: {error}")))?;
        Ok(Answer { json, command_ns: ended.wall_ns })
    }
}
