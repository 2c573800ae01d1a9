//! The experiments among what is kept.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::moment;
use crate::{
    cli::CliError,
    experiment::{self, Brief, RunCounts},
    library::{ExperimentEntry, Library, text_matches},
    units,
};

/// One experiment as programs read it. What a file that cannot be read would tell is null, and `error` says why.
#[derive(Debug, Serialize)]
pub(super) struct ListedExperiment {
    kind: &'static str,
    path: PathBuf,
    /// Of its folder, by which `show` and `export` find it.
    name: String,
    title: Option<String>,
    status: &'static str,
    started_unix_ns: Option<u64>,
    /// From its start to the end of its last run.
    wall_ns: Option<u64>,
    variants: Option<Vec<String>>,
    runs: Option<Runs>,
    /// Of the folder with all of its run files.
    bytes: u64,
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct Runs {
    total: usize,
    ended: usize,
    ok: usize,
}

impl From<RunCounts> for Runs {
    fn from(RunCounts { total, ended, ok }: RunCounts) -> Self {
        Self { total, ended, ok }
    }
}

/// All of this machine, newest first.
pub(super) fn experiments(library: &Library) -> Result<Vec<ListedExperiment>, CliError> {
    Ok(library.experiments()?.into_iter().map(ListedExperiment::new).collect())
}

impl ListedExperiment {
    fn new(entry: ExperimentEntry) -> Self {
        let (brief, error) = match experiment::read(&entry.path) {
            Ok(read) => (Some(Brief::new(&read)), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let of = brief.as_ref();
        Self {
            kind: "experiment",
            name: entry.name(),
            title: of.map(|brief| brief.title.clone()),
            status: match of {
                // A file without an end says no more than that; somebody may still go on with it.
                Some(brief) if entry.is_live && brief.status != "finished" => "running",
                Some(brief) => brief.status,
                None => "unreadable",
            },
            started_unix_ns: of.map(|brief| brief.began_unix_ns),
            wall_ns: of.and_then(|brief| brief.wall_ns),
            runs: of.map(|brief| brief.runs.into()),
            bytes: entry.bytes,
            path: entry.path,
            variants: brief.map(|brief| brief.variants),
            error,
        }
    }

    pub(super) fn matches(&self, search: &str) -> bool {
        let texts = [Some(&self.name), self.title.as_ref(), self.error.as_ref()].into_iter().flatten();
        let words: Vec<&str> = texts.map(String::as_str).chain([self.kind, self.status]).collect();
        text_matches(&words.join("\n"), search)
    }

    /// As the columns of a run, with runs for its tasks.
    pub(super) fn cells(&self, zone: &TimeZone) -> [String; 6] {
        let unknown = || "–".to_owned();
        let runs = self.runs.as_ref().map_or_else(unknown, |runs| format!("{}/{}", runs.ok, runs.total));
        [
            self.name.clone(),
            self.started_unix_ns.map_or_else(unknown, |unix_ns| moment(unix_ns, zone)),
            self.wall_ns.map_or_else(unknown, units::duration),
            self.status.to_owned(),
            runs,
            self.title.clone().or_else(|| self.error.clone()).unwrap_or_default(),
        ]
    }
}
