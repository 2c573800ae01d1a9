//! The experiments kept on this machine: a folder each, with their run files in it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    LibraryError, Removed,
    hold::{self, Hold, InUse, Use},
    io_error, modified_unix_ns, name, own,
};
use crate::{spec::Variant, time::unix_ns};

/// Of the file that says what an experiment's runs are.
pub const EXPERIMENT_EXTENSION: &str = "pscopex";
/// Its name in the experiment's folder.
pub const EXPERIMENT_FILE: &str = "experiment.pscopex";
/// Of experiments, beside that of the runs.
pub(super) const FOLDER: &str = "experiments";
/// Of a folder with more than this, the rest is not listed.
const MOST: usize = 10_000;

/// Makes a new, empty folder for an experiment: `poolscope/experiments/20261122-221655-primes-4-variants` in the platform's
/// folder for data.
pub fn new_experiment(variants: &[Variant]) -> Result<PathBuf, LibraryError> {
    let folder = own(FOLDER)?;
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
    list(&own(FOLDER)?)
}

/// The file of the experiment with this name, as a list tells it; `None` where there is none, or for a path.
pub fn find_experiment(name: &Path) -> Option<PathBuf> {
    let is_name = name.file_name() == Some(name.as_os_str());
    let path = own(FOLDER).ok()?.join(name).join(EXPERIMENT_FILE);
    (is_name && path.is_file()).then_some(path)
}

/// An experiment that is kept, as far as its folder tells without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExperimentEntry {
    /// Its own file; the folder around it holds its runs.
    pub path: PathBuf,
    /// Of all files in that folder.
    pub bytes: u64,
    /// Last change of its own file, which is its end once it has come to one, in nanoseconds since the Unix epoch.
    pub modified_unix_ns: u64,
    /// It goes on, perhaps in another window.
    pub is_live: bool,
    /// Some window shows it, or it goes on.
    pub is_open: bool,
}

impl ExperimentEntry {
    fn new(path: PathBuf, used: Use) -> Self {
        let modified_unix_ns = fs::metadata(&path).map_or(0, |metadata| modified_unix_ns(&metadata));
        let bytes = bytes(folder_of(&path));
        Self { bytes, modified_unix_ns, is_live: used == Use::GoesOn, is_open: used != Use::Nothing, path }
    }

    pub fn folder(&self) -> &Path {
        folder_of(&self.path)
    }

    /// Of its folder, by which `show` and `export` find it.
    pub fn name(&self) -> String {
        self.folder().file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// Of the files in a folder.
fn bytes(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).filter(fs::Metadata::is_file).map(|file| file.len()).sum()
}

/// All in a folder of experiments, newest first.
pub(super) fn entries(folder: &Path) -> Result<Vec<ExperimentEntry>, LibraryError> {
    let files = list(folder)?;
    let uses = hold::uses(files.iter().map(|path| folder_of(path)));
    Ok(files.into_iter().zip(uses).map(|(path, used)| ExperimentEntry::new(path, used)).collect())
}

/// Puts an experiment with its runs and reports into the trash. Where that is not possible it is removed only if it may go
/// `for_good`.
pub(super) fn remove(path: &Path, may_go_for_good: bool) -> Result<Removed, String> {
    check(path)?;
    let _nobody_runs_it =
        Hold::beside_others(folder_of(path)).map_err(|InUse| "it goes on: stop it first".to_owned())?;
    remove_folder(folder_of(path), may_go_for_good)
}

/// The same for one that nobody has asked to remove. `None` where it is run or shown by now, and stays.
pub(super) fn let_go(path: &Path, may_go_for_good: bool) -> Result<Option<Removed>, String> {
    check(path)?;
    match Hold::alone(folder_of(path)) {
        Err(InUse) => Ok(None),
        Ok(_nobody_has_it) => remove_folder(folder_of(path), may_go_for_good).map(Some),
    }
}

fn check(path: &Path) -> Result<(), String> {
    let is_one = path.file_name() == Some(EXPERIMENT_FILE.as_ref()) && path.is_file();
    is_one.then_some(()).ok_or_else(|| "there is no experiment any more".to_owned())
}

fn remove_folder(folder: &Path, may_go_for_good: bool) -> Result<Removed, String> {
    if !may_go_for_good {
        let moved = trash::delete(folder);
        return Ok(if moved.is_ok() { Removed::ToTrash } else { Removed::NoTrash });
    }
    for_good(folder).map(|()| Removed::ForGood).map_err(|error| error.to_string())
}

/// Never what is no file: an experiment puts no folder there.
fn for_good(folder: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        if file.file_type()?.is_dir() {
            let why = format!("somebody has put a folder there, {}", file.path().display());
            return Err(io::Error::other(why));
        }
        files.push(file.path());
    }
    // Its own file goes last: until then what is left can be found, and removed.
    files.sort_by_key(|path| path.file_name() == Some(EXPERIMENT_FILE.as_ref()));
    files.iter().try_for_each(fs::remove_file)?;
    fs::remove_dir(folder)
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

    fn experiment(parent: &Path, name: &str) -> PathBuf {
        let folder = parent.join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("001.pscope"), "run").unwrap();
        fs::write(folder.join(EXPERIMENT_FILE), "{}").unwrap();
        folder
    }

    #[test]
    fn whoever_runs_or_shows_one_is_seen_until_they_let_go() {
        let parent = tempfile::tempdir().unwrap();
        let folder = experiment(parent.path(), "x");
        let seen = || {
            let [entry] = &entries(parent.path()).unwrap()[..] else { panic!("one") };
            assert_eq!((entry.name().as_str(), entry.bytes), ("x", 5));
            (entry.is_live, entry.is_open)
        };
        assert_eq!(seen(), (false, false));
        let shown = [Hold::to_look(&folder), Hold::to_look(&folder)];
        assert!(shown.iter().all(Option::is_some));
        assert_eq!(seen(), (false, true));
        assert!(Hold::to_run(&folder).is_none());
        drop(shown);
        let run = Hold::to_run(&folder);
        assert!(run.is_some() && Hold::to_look(&folder).is_none());
        assert_eq!(seen(), (true, true));
        assert!(remove(&folder.join(EXPERIMENT_FILE), true).unwrap_err().contains("goes on"));
        drop(run);
        assert_eq!(seen(), (false, false));
    }

    #[test]
    fn one_that_is_shown_since_it_was_listed_does_not_give_way() {
        let parent = tempfile::tempdir().unwrap();
        let folder = experiment(parent.path(), "x");
        let file = folder.join(EXPERIMENT_FILE);
        let shown = Hold::to_look(&folder);
        assert_eq!(let_go(&file, true), Ok(None));
        assert!(shown.is_some() && file.exists());
        drop(shown);
        assert_eq!(let_go(&file, true), Ok(Some(Removed::ForGood)));
        assert!(!folder.exists());
        let folder = experiment(parent.path(), "y");
        let shown = Hold::to_look(&folder);
        let gone = remove(&folder.join(EXPERIMENT_FILE), true);
        assert_eq!((shown.is_some(), gone), (true, Ok(Removed::ForGood)), "somebody has asked for it");
    }

    #[test]
    fn one_goes_for_good_as_a_whole_or_not_at_all() {
        let parent = tempfile::tempdir().unwrap();
        let folder = experiment(parent.path(), "x");
        let file = folder.join(EXPERIMENT_FILE);
        assert!(remove(&folder.join("001.pscope"), true).is_err(), "a run is none");
        fs::create_dir(folder.join("mine")).unwrap();
        assert!(remove(&file, true).unwrap_err().contains("somebody has put a folder there"));
        assert!(folder.join("001.pscope").exists());
        fs::remove_dir(folder.join("mine")).unwrap();
        assert_eq!(remove(&file, true), Ok(Removed::ForGood));
        assert!(!folder.exists() && remove(&file, true).is_err());
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
