//! Files for other programs, one module a format. Writers are pure: a run in, bytes out; [`export`] puts them on disk.
//!
//! What workers wrote (log lines, messages of failures) is nobody's to trust: each format writes it so that it stays
//! text for whoever opens the file.

mod atomic;
mod csv;
mod experiment;
mod html;
mod hyperfine;
mod joblog;
mod json;
mod jsonl;
#[cfg(test)]
mod lesson_tests;
mod log;
mod page;
mod svg;
mod tasks;
mod trace;

use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

pub use atomic::write_atomically;
pub use csv::{Table, write_csv};
pub use experiment::{
    ExperimentCover, ExperimentFormat, export_experiment, write_experiment_csv, write_experiment_html,
};
pub use html::write_html;
pub use hyperfine::write_hyperfine;
use jiff::tz::TimeZone;
pub use joblog::write_joblog;
pub use json::write_json;
pub use jsonl::write_jsonl;
pub use log::{LogPattern, LogPreset, write_lesson_log, write_log};
pub use svg::{Plot, write_svg};
pub use trace::write_trace;

use crate::{
    analysis::Observer,
    record::{Label, is_run},
    store::RunStore,
};

/// So many bytes tell whether a file is an experiment's.
const EXPERIMENT_BEGINS: u64 = 256;

/// What to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// The log as lines of text, in Python's manner.
    Log(LogPattern),
    /// A table: attempts, samples or the log.
    Csv(Table),
    /// The report, all attempts and the log.
    Json,
    /// Everything that happened, one JSON object a line, in order of time.
    Jsonl,
    /// A trace for Perfetto and its like.
    Trace,
    /// The job log of GNU parallel.
    Joblog,
    /// A plot as a picture.
    Svg(Plot),
    /// A report to read, in one file.
    Html,
}

impl Format {
    /// The names by which people choose, in the order of declaration.
    pub const NAMES: [&str; 8] = ["log", "csv", "json", "jsonl", "trace", "joblog", "svg", "html"];

    pub fn name(&self) -> &'static str {
        match self {
            Self::Log(_) => "log",
            Self::Csv(_) => "csv",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Trace => "trace",
            Self::Joblog => "joblog",
            Self::Svg(_) => "svg",
            Self::Html => "html",
        }
    }

    /// The usual ending of a file's name.
    pub fn extension(&self) -> &'static str {
        match self {
            Self::Trace => "trace.json",
            other => other.name(),
        }
    }

    /// Writes a run to anything that takes bytes, with local times where the format has wall-clock times, and with what a
    /// person wrote about the run where the format is for people.
    pub fn write(
        &self,
        store: &RunStore,
        observer: Observer,
        label: &Label,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match self {
            Self::Log(pattern) => write_log(store, pattern, &TimeZone::system(), out),
            Self::Csv(table) => write_csv(store, *table, out),
            Self::Json => write_json(store, observer, out),
            Self::Jsonl => write_jsonl(store, out),
            Self::Trace => write_trace(store, out),
            Self::Joblog => write_joblog(store, out),
            Self::Svg(plot) => write_svg(store, *plot, out),
            Self::Html => write_html(store, observer, label, &TimeZone::system(), out),
        }
    }
}

/// One of a few things by its name.
///
/// # Errors
/// What is allowed; whoever shows it knows what was given.
fn by_name<T: Copy>(all: &[T], name: fn(T) -> &'static str, text: &str) -> Result<T, String> {
    let found = all.iter().copied().find(|&one| name(one) == text);
    found.ok_or_else(|| all.iter().map(|&one| name(one)).collect::<Vec<_>>().join(", "))
}

/// A file could not be written. What stood there before is unharmed.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct ExportError {
    pub path: PathBuf,
    /// Names the path.
    pub source: io::Error,
}

/// What is neither a run nor an experiment must not be written over one.
///
/// # Errors
/// There is a run of Poolscope, or something with a log beside it that may be one, or the file of an experiment.
pub fn spare_run(path: &Path) -> io::Result<()> {
    let what = match path.is_file() {
        true if is_run(path) => "a run",
        true if is_experiment(path) => "an experiment",
        _ => return Ok(()),
    };
    let path = path.display();
    let why =
        format!("cannot write {path}: it is {what} of Poolscope, which would be lost; choose another name");
    Err(io::Error::new(io::ErrorKind::AlreadyExists, why))
}

/// Whether a file is an experiment's own by its first bytes, sound or not.
pub fn is_experiment(path: &Path) -> bool {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(EXPERIMENT_BEGINS).read_to_end(&mut text));
    let text = String::from_utf8_lossy(&text);
    let inner = text.trim_start().strip_prefix('{').map(str::trim_start);
    read.is_ok() && inner.is_some_and(|inner| inner.starts_with("\"poolscope_experiment\""))
}

/// Writes a run to a file, with what a person wrote about it. Whole or not at all, and never over a run of Poolscope, which
/// may be the very one that is exported.
pub fn export(
    store: &RunStore,
    observer: Observer,
    label: &Label,
    format: &Format,
    path: &Path,
) -> Result<(), ExportError> {
    let fail = |source| ExportError { path: path.to_owned(), source };
    spare_run(path).map_err(fail)?;
    write_atomically(path, |out| format.write(store, observer, label, out)).map_err(fail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{spec::Backend, store::testing::*};

    /// Every format, and how its file begins.
    fn formats() -> Vec<(Format, &'static str)> {
        vec![
            (Format::Log(LogPattern::parse("%(levelname)s %(message)s").unwrap()), "INFO run started"),
            (Format::Csv(Table::Tasks), "task,attempt,"),
            (Format::Csv(Table::Cores), "t_ns,core,"),
            (Format::Csv(Table::Workers), "t_ns,worker,pid,"),
            (Format::Csv(Table::Queue), "t_ns,queued,"),
            (Format::Csv(Table::Log), "t_ns,worker,level,"),
            (Format::Json, "{\n  \"spec\""),
            (Format::Jsonl, "{\"kind\":\"run\""),
            (Format::Trace, "{\"traceEvents\":[\n"),
            (Format::Joblog, "Seq\tHost\t"),
            (Format::Svg(Plot::Timeline), "<svg "),
            (Format::Svg(Plot::Cores), "<svg "),
            (Format::Svg(Plot::Queue), "<svg "),
            (Format::Html, "<!DOCTYPE html>"),
        ]
    }

    #[test]
    fn every_format_makes_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = store([run_started(spec(Backend::Serial, 1, 1)), ok(5, 0, 0), finished(6)]);
        for (format, begins) in formats() {
            let path = folder.path().join("run").with_extension(format.extension());
            export(&store, Observer::default(), &Label::default(), &format, &path).unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.starts_with(begins), "{}: {text}", format.extension());
        }
    }

    #[test]
    fn every_name_is_of_a_format() {
        let mut names: Vec<_> = formats().iter().map(|(format, _)| format.name()).collect();
        names.dedup();
        assert_eq!(names, Format::NAMES);
        assert_eq!("queue".parse(), Ok(Table::Queue));
        assert_eq!("cores".parse(), Ok(Plot::Cores));
        assert_eq!("task".parse::<Table>(), Err("tasks, cores, workers, queue, log".to_owned()));
        assert_eq!("".parse::<Plot>(), Err("timeline, cores, queue".to_owned()));
    }

    #[test]
    fn no_events_are_too_odd_to_write() {
        let runs = (0..60).map(|seed| store(mangled(seed))).chain([RunStore::default()]);
        let live = (0..20).map(|seed| {
            let events = random_run(seed);
            let half = events.len() / 2;
            store(events.into_iter().take(half))
        });
        for run in runs.chain(live) {
            for (format, begins) in formats() {
                let mut bytes = Vec::new();
                format.write(&run, Observer::default(), &Label::default(), &mut bytes).unwrap();
                let text = String::from_utf8(bytes).unwrap();
                let empty = text.is_empty() && matches!(format, Format::Log(_));
                assert!(empty || run.info.is_none() || text.starts_with(begins), "{}", format.name());
            }
        }
    }

    #[test]
    fn runs_and_experiments_are_spared_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for (text, spared) in [
            ("{\"poolscope_experiment\":1,", true),
            ("{\n  \"poolscope_experiment\": 1,", true),
            ("{\"results\":[\"poolscope_experiment\"]}", false),
            ("", false),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(is_experiment(&path), spared, "{text}");
            assert_eq!(spare_run(&path).is_err(), spared, "{text}");
        }
        let error = {
            std::fs::write(&path, "{\"poolscope_experiment\":2}").unwrap();
            spare_run(&path).unwrap_err().to_string()
        };
        assert!(error.contains("it is an experiment of Poolscope"), "{error}");
        assert!(spare_run(folder.path()).is_ok() && !is_experiment(&folder.path().join("none")));
    }

    #[test]
    fn an_error_names_the_path_once() {
        let path = Path::new("/nonexistent/run.csv");
        let format = Format::Csv(Table::Tasks);
        let error =
            export(&RunStore::default(), Observer::default(), &Label::default(), &format, path).unwrap_err();
        assert_eq!(error.path, path);
        assert_eq!(error.to_string().matches("/nonexistent/run.csv").count(), 1, "{error}");
    }
}
