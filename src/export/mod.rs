//! Files for other programs, one module a format. Writers are pure: a run in, bytes out; [`export`] puts them on disk.

mod atomic;
mod csv;
mod json;
mod log;
mod tasks;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

pub use atomic::write_atomically;
pub use csv::write_csv;
pub use json::write_json;
pub use log::{LogPattern, LogPreset, write_log};

use crate::{analysis::Observer, store::RunStore};

/// What to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// The log as lines of text, in Python's manner.
    Log(LogPattern),
    /// One row an attempt.
    Csv,
    /// The report, all attempts and the log.
    Json,
}

impl Format {
    /// The usual ending of a file's name.
    pub fn extension(&self) -> &'static str {
        match self {
            Self::Log(_) => "log",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// Writes a run to anything that takes bytes, with local times where the format has wall-clock times.
    pub fn write(&self, store: &RunStore, observer: Observer, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Log(pattern) => write_log(store, pattern, &jiff::tz::TimeZone::system(), out),
            Self::Csv => write_csv(store, out),
            Self::Json => write_json(store, observer, out),
        }
    }
}

/// A file could not be written. What stood there before is unharmed.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct ExportError {
    pub path: PathBuf,
    /// Names the path.
    pub source: io::Error,
}

/// Writes a run to a file, whole or not at all.
pub fn export(store: &RunStore, observer: Observer, format: &Format, path: &Path) -> Result<(), ExportError> {
    write_atomically(path, |out| format.write(store, observer, out))
        .map_err(|source| ExportError { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{spec::Backend, store::testing::*};

    #[test]
    fn every_format_makes_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = store([run_started(spec(Backend::Serial, 1, 1)), ok(5, 0, 0), finished(6)]);
        for (format, begins) in [
            (Format::Log(LogPattern::parse("%(levelname)s %(message)s").unwrap()), "INFO run started"),
            (Format::Csv, "task,attempt,"),
            (Format::Json, "{\n  \"spec\""),
        ] {
            let path = folder.path().join("run").with_extension(format.extension());
            export(&store, Observer::default(), &format, &path).unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.starts_with(begins), "{}: {text}", format.extension());
        }
    }

    #[test]
    fn an_error_names_the_path_once() {
        let path = Path::new("/nonexistent/run.csv");
        let error = export(&RunStore::default(), Observer::default(), &Format::Csv, path).unwrap_err();
        assert_eq!(error.path, path);
        assert_eq!(error.to_string().matches("/nonexistent/run.csv").count(), 1, "{error}");
    }
}
