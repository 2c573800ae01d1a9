//! The experiments among what is kept.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::tz::TimeZone;
use serde::Serialize;

use super::moment;
use crate::{
    cli::CliError,
    experiment::{self, Experiment, RunState},
    library::{self, text_matches},
    units,
};

/// Names of variants in a title.
const NAMED: usize = 4;

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

/// All of this machine, newest first.
pub(super) fn experiments() -> Result<Vec<ListedExperiment>, CliError> {
    Ok(library::experiments()?.into_iter().map(ListedExperiment::new).collect())
}

impl ListedExperiment {
    fn new(path: PathBuf) -> Self {
        let folder = path.parent().unwrap_or(&path);
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = bytes(folder);
        let (read, error) = match experiment::read(&path) {
            Ok(read) => (Some(read), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let read = read.as_ref();
        Self {
            kind: "experiment",
            name,
            title: read.map(title),
            status: read.map_or("unreadable", Experiment::status),
            started_unix_ns: read.map(|read| read.began_unix_ns),
            wall_ns: read.and_then(length_ns),
            variants: read
                .map(|read| read.plan.variants.iter().map(|variant| variant.name.clone()).collect()),
            runs: read.map(runs),
            bytes,
            error,
            path,
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

/// `experiment: threads, processes: 2 variants, 5 runs each after 1 warm-up, in turns`
fn title(read: &Experiment) -> String {
    let variants = &read.plan.variants;
    let names: Vec<&str> = variants.iter().take(NAMED).map(|variant| variant.name.as_str()).collect();
    let more = if variants.len() > NAMED { ", …" } else { "" };
    format!("experiment: {}{more}: {}", names.join(", "), read.title())
}

fn length_ns(read: &Experiment) -> Option<u64> {
    let ends = read.runs.iter().filter_map(RunState::record);
    let last = ends.map(|record| record.began_unix_ns.saturating_add(record.figures.wall_ns)).max()?;
    Some(last.saturating_sub(read.began_unix_ns))
}

fn runs(read: &Experiment) -> Runs {
    let ended: Vec<_> = read.runs.iter().filter_map(RunState::record).collect();
    let ok = ended.iter().filter(|record| record.figures.is_whole()).count();
    Runs { total: read.runs.len(), ended: ended.len(), ok }
}

/// Of the files in a folder.
fn bytes(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).filter(fs::Metadata::is_file).map(|file| file.len()).sum()
}
