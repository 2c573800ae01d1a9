//! The runs kept on this machine: one folder of run files, and what a person wants to do with them.
//!
//! Everything here touches the disk, so a window calls it from a thread of its own. What can be decided without the disk
//! (names, order, search, which runs give way to others) is in pure functions beside.

mod experiments;
mod hold;
mod limit;
mod name;
mod order;
mod remove;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fs::{self, File, Metadata, TryLockError},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use thiserror::Error;

use crate::{
    export::write_atomically,
    record::{self, Brief, Label, ReadError, RecordError, Recorder},
    spec::Spec,
    time::unix_ns,
};
pub use experiments::{
    EXPERIMENT_EXTENSION, EXPERIMENT_FILE, ExperimentEntry, experiments, find_experiment, new_experiment,
};
pub use hold::Hold;
pub use limit::{LIMITS, Leaving, giving_way, oldest};
pub use order::{Sort, matches, sort, text_matches};
pub use remove::Removed;

/// Ending of run files.
pub const EXTENSION: &str = "pscope";
/// Held while a name is chosen, so that two windows never choose the same.
const LOCK_FILE: &str = ".lock";
/// A record begins within some milliseconds; whoever takes longer has been halted, and is not waited for.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(1);
/// Of a folder with more files than this, the rest is not listed.
const MOST_FILES: usize = 100_000;

#[derive(Debug, Error)]
pub enum LibraryError {
    #[error("there is no home directory to keep runs in; set XDG_DATA_HOME")]
    NoHome,
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Label(#[from] ReadError),
    #[error("{path} could not be removed: {why}")]
    Remove { path: PathBuf, why: String },
}

/// One file of the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub path: PathBuf,
    /// Of the file, with what SQLite keeps beside it.
    pub bytes: u64,
    /// Last change of the file, in nanoseconds since the Unix epoch.
    pub modified_unix_ns: u64,
    /// Its cover, or why that cannot be read.
    pub brief: Result<Brief, String>,
}

impl Entry {
    pub fn file_name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// When the run began; where that is not known, when its file changed last.
    pub fn time_unix_ns(&self) -> u64 {
        self.brief.as_ref().ok().and_then(|brief| brief.started_unix_ns).unwrap_or(self.modified_unix_ns)
    }

    /// The name that a person gave, or else the spec in a line, or else the file's name.
    pub fn name(&self) -> String {
        match &self.brief {
            Ok(brief) if !brief.label.name.is_empty() => brief.label.name.clone(),
            Ok(brief) => brief.title.clone(),
            Err(_) => self.file_name(),
        }
    }

    /// `finished`, …, `cut off` for a record without an end, or `unreadable`.
    pub fn status(&self) -> &str {
        match &self.brief {
            Ok(_) if is_cut_off(&self.brief) => "cut off",
            Ok(brief) => &brief.status,
            Err(_) => "unreadable",
        }
    }

    /// Its recording was still going on when it was listed, perhaps in another window.
    pub fn is_live(&self) -> bool {
        self.brief.as_ref().is_ok_and(|brief| brief.status == "running" && brief.is_recorded)
    }

    pub fn is_pinned(&self) -> bool {
        self.brief.as_ref().is_ok_and(|brief| brief.label.pinned)
    }
}

/// Where this program keeps what is this person's: `poolscope` in the platform's folder for data. `None` without a home.
pub fn data_folder() -> Option<PathBuf> {
    directories::BaseDirs::new().map(|folders| folders.data_dir().join("poolscope"))
}

/// What became of runs and experiments that gave way to others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    pub to_trash: usize,
    pub for_good: usize,
    /// So many of them were experiments.
    pub experiments: usize,
    /// There is no trash for the next one, which is still there.
    pub no_trash: bool,
}

/// A folder of runs.
#[derive(Debug)]
pub struct Library {
    folder: PathBuf,
    /// What was read before, to be used again while its file stays the same.
    known: HashMap<PathBuf, Entry>,
}

impl Library {
    /// The person's own library, `poolscope/runs` in the platform's folder for data. Made on first use.
    pub fn of_this_person() -> Result<Self, LibraryError> {
        Self::at(own_folder()?)
    }

    /// The same only to be looked at: nothing is made, and where there is none it is empty.
    pub fn to_look_at() -> Result<Self, LibraryError> {
        Ok(Self { folder: own_folder()?, known: HashMap::new() })
    }

    /// The run with this file name, as a list tells it; `None` where there is none, or for a path.
    pub fn find(&self, name: &Path) -> Option<PathBuf> {
        let is_name = name.file_name() == Some(name.as_os_str());
        let path = self.folder.join(name);
        (is_name && path.is_file()).then_some(path)
    }

    pub fn at(folder: PathBuf) -> Result<Self, LibraryError> {
        fs::create_dir_all(&folder).map_err(io_error(&folder))?;
        Ok(Self { folder, known: HashMap::new() })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// When files of the folder last came, went or were renamed: seconds and nanoseconds, to be compared with one another.
    pub fn last_change(&self) -> Option<(i64, i64)> {
        fs::metadata(&self.folder).ok().map(|folder| (folder.mtime(), folder.mtime_nsec()))
    }

    /// Begins to record a run under a name of its own.
    pub fn record(&self, spec: &Spec) -> Result<Recorder, LibraryError> {
        let lock = self.folder.join(LOCK_FILE);
        let file = File::create(&lock).map_err(io_error(&lock))?;
        // Released when it is dropped, after the file with the chosen name is there.
        file.lock().map_err(io_error(&lock))?;
        let stem = name::stem(spec, unix_ns(), &jiff::tz::TimeZone::system());
        let name = name::unique(&stem, |name| self.folder.join(name).exists());
        Ok(Recorder::start(&self.folder.join(name), spec)?)
    }

    /// All runs, newest first. One that cannot be read is listed with the reason.
    pub fn list(&mut self) -> Result<Vec<Entry>, LibraryError> {
        let mut known = std::mem::take(&mut self.known);
        let mut entries: Vec<Entry> = Vec::new();
        // In the moment in which it begins, a record looks like one that was cut off.
        let mut unsure = Vec::new();
        let files = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(io_error(&self.folder))?,
        };
        for file in files.take(MOST_FILES) {
            let path = file.map_err(io_error(&self.folder))?.path();
            let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if hidden || path.extension().is_none_or(|extension| extension != EXTENSION) {
                continue;
            }
            // Gone meanwhile, perhaps by another window.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            let (bytes, modified_unix_ns) = measure(&path, &metadata);
            let entry = match known.remove(&path) {
                Some(entry) if (entry.bytes, entry.modified_unix_ns) == (bytes, modified_unix_ns) => {
                    refreshed(entry)
                }
                _ => {
                    let brief = read_brief(&path);
                    unsure.extend(is_cut_off(&brief).then_some(entries.len()));
                    Entry { path, bytes, modified_unix_ns, brief }
                }
            };
            entries.push(entry);
        }
        if !unsure.is_empty() {
            self.wait_for_beginnings();
        }
        for at in unsure {
            entries[at].brief = read_brief(&entries[at].path);
        }
        self.known = entries.iter().map(|entry| (entry.path.clone(), entry.clone())).collect();
        sort(&mut entries, Sort::Time);
        Ok(entries)
    }

    /// Waits until every record that has a file already is also marked as being recorded.
    fn wait_for_beginnings(&self) {
        let Ok(lock) = File::open(self.folder.join(LOCK_FILE)) else { return };
        let began = Instant::now();
        while matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)) && began.elapsed() < PATIENCE {
            thread::sleep(PAUSE);
        }
    }

    /// All experiments beside the runs, newest first.
    pub fn experiments(&self) -> Result<Vec<ExperimentEntry>, LibraryError> {
        experiments::entries(&self.folder.with_file_name(experiments::FOLDER))
    }

    /// Moves an experiment with all of its runs to the trash, or removes it for good where that is `allowed`.
    ///
    /// # Errors
    /// It goes on, is gone, or cannot be removed.
    pub fn remove_experiment(&self, path: &Path, for_good: bool) -> Result<Removed, LibraryError> {
        experiments::remove(path, for_good).map_err(|why| LibraryError::Remove { path: path.to_owned(), why })
    }

    /// Changes what a person has written about a run.
    pub fn change_label(&self, path: &Path, change: impl FnOnce(&mut Label)) -> Result<(), LibraryError> {
        let mut label = record::brief(path)?.label;
        change(&mut label);
        Ok(record::set_label(path, &label)?)
    }

    /// Moves a run to the trash, or removes it for good where there is no trash and that is `allowed`.
    pub fn remove(&self, path: &Path, for_good: bool) -> Result<Removed, LibraryError> {
        remove::remove(&files_of(path), for_good)
            .map_err(|why| LibraryError::Remove { path: path.to_owned(), why })
    }

    /// How many bytes runs and experiments together may take; `None` for as many as there are.
    pub fn limit(&self) -> Result<Option<u64>, LibraryError> {
        limit::read(&self.settings()).map_err(io_error(&self.settings()))
    }

    pub fn set_limit(&self, limit: Option<u64>) -> Result<(), LibraryError> {
        limit::write(&self.settings(), limit).map_err(io_error(&self.settings()))
    }

    /// Lets the oldest runs and experiments go until the library is within its own limit: to the trash, or for good where there is none.
    pub fn make_room(&mut self) -> Result<Room, LibraryError> {
        match self.limit()? {
            Some(limit) => self.make_room_within(limit, true),
            None => Ok(Room::default()),
        }
    }

    /// Lets the oldest runs and experiments go until all take at most `limit` bytes, to the trash. Where there is none they
    /// go for good if they may, and else it ends there. The newest of both, runs that are pinned, what may be live and
    /// experiments that some window shows stay in any case.
    pub fn make_room_within(&mut self, limit: u64, may_go_for_good: bool) -> Result<Room, LibraryError> {
        let remove = |leaving: Leaving<'_>, for_good| match leaving {
            Leaving::Run(entry) => remove::remove(&files_of(&entry.path), for_good).map(Some),
            Leaving::Experiment(entry) => experiments::let_go(&entry.path, for_good),
        };
        self.let_go(limit, |leaving| {
            // Somebody may have pinned it since.
            if !leaving.still_may_go() {
                return Ok(None);
            }
            match remove(leaving, false)? {
                Some(Removed::NoTrash) if may_go_for_good => remove(leaving, true),
                other => Ok(other),
            }
        })
    }

    fn let_go(
        &mut self,
        limit: u64,
        remove: impl Fn(Leaving<'_>) -> Result<Option<Removed>, String>,
    ) -> Result<Room, LibraryError> {
        let mut room = Room::default();
        let (entries, experiments) = (self.list()?, self.experiments()?);
        let mut first_error = None;
        for leaving in giving_way(&entries, &experiments, limit) {
            let error = |why| LibraryError::Remove { path: leaving.path().to_owned(), why };
            let removed = match remove(leaving) {
                Ok(Some(removed)) => removed,
                Ok(None) => continue,
                // What cannot go must not keep all others from giving way.
                Err(why) => {
                    first_error.get_or_insert(error(why));
                    continue;
                }
            };
            room.experiments +=
                usize::from(removed != Removed::NoTrash && matches!(leaving, Leaving::Experiment(_)));
            match removed {
                Removed::ToTrash => room.to_trash += 1,
                Removed::ForGood => room.for_good += 1,
                Removed::NoTrash => {
                    room.no_trash = true;
                    break;
                }
            }
        }
        first_error.map_or(Ok(room), Err)
    }

    fn settings(&self) -> PathBuf {
        self.folder.join("library.toml")
    }
}

/// A recording that is killed changes nothing on disk. One that has come to its end just now has, after its file was looked
/// at.
fn refreshed(entry: Entry) -> Entry {
    let was_recorded = entry.brief.as_ref().is_ok_and(|brief| brief.is_recorded);
    if was_recorded && !record::is_being_recorded(&entry.path) {
        return Entry { brief: read_brief(&entry.path), ..entry };
    }
    entry
}

fn read_brief(path: &Path) -> Result<Brief, String> {
    record::brief(path).map_err(|error| error.to_string())
}

/// As far as can be told without asking again.
fn is_cut_off(brief: &Result<Brief, String>) -> bool {
    brief.as_ref().is_ok_and(|brief| brief.status == "running" && !brief.is_recorded)
}

/// Copies a run's file, whole or not at all.
pub fn copy_run(from: &Path, to: &Path) -> io::Result<()> {
    let in_log = fs::metadata(&beside(from)[0]).is_ok_and(|log| log.len() > 0);
    if in_log {
        return Err(io::Error::other(format!(
            "{} has no end: it is being recorded still, or was cut off",
            from.display()
        )));
    }
    // A log beside what is replaced would be taken for the new file's.
    if let Some(log) = beside(to).into_iter().find(|there| there.exists()) {
        return Err(io::Error::other(format!(
            "cannot write {}: it is being recorded or was cut off, and {} belongs to it; choose another name",
            to.display(),
            log.display()
        )));
    }
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", from.display()));
    let mut file = File::open(from).map_err(named)?;
    write_atomically(to, |out| io::copy(&mut file, out).map(drop))
}

fn own_folder() -> Result<PathBuf, LibraryError> {
    own("runs")
}

fn own(name: &str) -> Result<PathBuf, LibraryError> {
    Ok(data_folder().ok_or(LibraryError::NoHome)?.join(name))
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> LibraryError {
    move |source| LibraryError::Io { path: path.to_owned(), source }
}

/// What SQLite keeps beside a file that was not closed.
fn beside(path: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|ending| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        name.into()
    })
}

/// The run's file, with those beside it that are there.
fn files_of(path: &Path) -> Vec<PathBuf> {
    let others = beside(path).into_iter().filter(|path| path.exists());
    std::iter::once(path.to_owned()).chain(others).collect()
}

fn modified_unix_ns(metadata: &Metadata) -> u64 {
    let ns = i128::from(metadata.mtime()) * i128::from(crate::time::NS_PER_S);
    u64::try_from(ns + i128::from(metadata.mtime_nsec())).unwrap_or(0)
}

/// Bytes and last change of a run's file with those beside it.
fn measure(path: &Path, metadata: &Metadata) -> (u64, u64) {
    // An empty one tells only that somebody has read the file.
    let log = fs::metadata(&beside(path)[0]).ok().filter(|log| log.len() > 0);
    let bytes = metadata.len() + log.as_ref().map_or(0, Metadata::len);
    (bytes, modified_unix_ns(metadata).max(log.as_ref().map_or(0, modified_unix_ns)))
}
