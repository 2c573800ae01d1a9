//! The experiments kept on this machine: a folder each, with their run files in it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{LibraryError, io_error, name, own};
use crate::{spec::Variant, time::unix_ns};

/// Of the file that says what an experiment's runs are.
pub const EXPERIMENT_EXTENSION: &str = "pscopex";
/// Its name in the experiment's folder.
pub const EXPERIMENT_FILE: &str = "experiment.pscopex";
/// Of a folder with more than this, the rest is not listed.
const MOST: usize = 10_000;

/// Makes a new, empty folder for an experiment: `poolscope/experiments/20261122-221655-primes-4-variants` in the platform's
/// folder for data.
pub fn new_experiment(variants: &[Variant]) -> Result<PathBuf, LibraryError> {
    let folder = own("experiments")?;
    fs::create_dir_all(&folder).map_err(io_error(&folder))?;
    let stem = stem(variants, unix_ns());
    for number in 1_u64.. {
        let name = if number == 1 { stem.clone() } else { format!("{stem}-{number}") };
        let path = folder.join(name);
        // Of two who want the same name, one makes the folder.
        match fs::create_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| path.clone()).map_err(io_error(&path)),
        }
    }
    Err(LibraryError::NoHome)
}

fn stem(variants: &[Variant], unix_ns: u64) -> String {
    let moment = name::moment(unix_ns, &jiff::tz::TimeZone::system());
    let workload = variants.first().map_or("nothing", |variant| variant.spec.workload.name());
    let plural = if variants.len() == 1 { "" } else { "s" };
    format!("{moment}-{workload}-{}-variant{plural}", variants.len())
}

/// The files of all experiments, newest first.
pub fn experiments() -> Result<Vec<PathBuf>, LibraryError> {
    list(&own("experiments")?)
}

/// The file of the experiment with this name, as a list tells it; `None` where there is none, or for a path.
pub fn find_experiment(name: &Path) -> Option<PathBuf> {
    let is_name = name.file_name() == Some(name.as_os_str());
    let path = own("experiments").ok()?.join(name).join(EXPERIMENT_FILE);
    (is_name && path.is_file()).then_some(path)
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, LibraryError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(io_error(folder))?,
    };
    let files = entries.flatten().take(MOST).map(|entry| entry.path().join(EXPERIMENT_FILE));
    let mut files: Vec<PathBuf> = files.filter(|path| path.is_file()).collect();
    // Their names begin with the moment.
    files.sort();
    files.reverse();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Draft;

    #[test]
    fn a_name_tells_when_and_of_what() {
        let draft = Draft { workers: Some("1,2".into()), workload: Some("spin".into()), ..Draft::default() };
        let variants = draft.variants().unwrap();
        let stem = stem(&variants, 1_795_385_815_000_000_000);
        assert!(stem.ends_with("-spin-2-variants") && stem.starts_with("2026112"), "{stem}");
    }

    #[test]
    fn only_folders_with_an_experiment_are_listed_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["20261120-x", "20261122-x", "20261121-empty"] {
            fs::create_dir(folder.path().join(name)).unwrap();
            if !name.ends_with("empty") {
                fs::write(folder.path().join(name).join(EXPERIMENT_FILE), "{}").unwrap();
            }
        }
        let files = list(folder.path()).unwrap();
        let names: Vec<_> = files.iter().filter_map(|path| path.parent()?.file_name()).collect();
        assert_eq!(names, ["20261122-x", "20261120-x"]);
        assert_eq!(list(&folder.path().join("none")).unwrap(), Vec::<PathBuf>::new());
    }
}
