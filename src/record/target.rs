//! Where a recording is written, and how it takes the place of an older one.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::{FallocateFlags, fallocate};

use super::{Recording, brief, file, is_being_recorded, looks::Header, open::beside};

/// Kept from the disk while a run is recorded, so that its last words find room when nothing else does.
const RESERVE_BYTES: u64 = 256 << 10;

/// Ending of files that are to replace an older one.
const PART: &str = ".part";
/// One that is younger may belong to a recording that begins just now.
const SETTLED: Duration = Duration::from_secs(10);

/// What recordings that were to replace a file are written to, hidden beside it.
struct Parts {
    prefix: String,
}

impl Parts {
    fn of(name: &OsStr) -> Self {
        Self { prefix: format!(".{}.", name.to_string_lossy()) }
    }

    /// Removes those whose writers are gone, unless they hold anything that somebody may want: what a killed session or a
    /// full disk left of a run.
    fn clear(&self, folder: &Path) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let middle = name.strip_prefix(&self.prefix).and_then(|rest| rest.strip_suffix(PART));
            // What stands between the two is made up, and has no dot: `.a.b.XXXXXX.part` is not of `a`.
            let is_one = middle.is_some_and(|middle| !middle.contains('.'));
            let is_settled = entry.metadata().is_ok_and(|there| {
                there.is_file()
                    && there.modified().is_ok_and(|at| at.elapsed().is_ok_and(|age| age > SETTLED))
            });
            if is_one && is_settled && !is_being_recorded(&entry.path()) && is_worthless(&entry.path()) {
                remove(&entry.path());
            }
        }
    }
}

/// A run in which no task has ended, or no file at all by its length.
fn is_worthless(path: &Path) -> bool {
    let is_empty = || fs::metadata(path).is_ok_and(|there| there.len() == 0);
    match brief(path) {
        Ok(brief) => brief.tally.done() == 0,
        Err(_) => is_empty() && !beside(path, "-wal").exists(),
    }
}

/// A file and what SQLite keeps beside it.
fn remove(path: &Path) {
    for ending in file::BESIDE {
        let _may_not_exist = fs::remove_file(beside(path, ending));
    }
    let _may_not_exist = fs::remove_file(path);
}

/// The file to be, and the one that is written until then.
pub(super) struct Target {
    pub(super) folder: PathBuf,
    wanted: PathBuf,
    pub(super) recorded: PathBuf,
}

impl Target {
    pub(super) fn new(path: &Path) -> Result<Self, String> {
        if path == Path::new("-") {
            return Err("a record is a file, standard output cannot hold one".to_owned());
        }
        let path = match fs::symlink_metadata(path) {
            // What a link points to is what is meant.
            Ok(there) if there.is_symlink() => {
                &fs::canonicalize(path).map_err(|error| format!("it is a link to nowhere: {error}"))?
            }
            _ => path,
        };
        let name = path.file_name().ok_or("this is not a file's name")?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = fs::canonicalize(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let wanted = folder.join(name);
        let parts = Parts::of(name);
        parts.clear(&folder);
        let recorded = match fs::symlink_metadata(&wanted) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Whoever comes second finds it there.
                fs::File::create_new(&wanted).map_err(|error| error.to_string())?;
                wanted.clone()
            }
            Err(error) => return Err(error.to_string()),
            Ok(there) if !there.is_file() => return Err("there is something that is no file".to_owned()),
            Ok(there) => {
                // Looked at before anything is done to it: it may be another program's database.
                if there.len() > 0 && !Header::read(&wanted).is_some_and(|header| header.is_run()) {
                    return Err("the file that is there is no run of Poolscope, and stays as it is; \
                                choose another name, or remove it"
                        .to_owned());
                }
                // One that was cut off has its end beside it, which must not be taken for the new one's.
                file::make_whole(&wanted)?;
                let part = tempfile::Builder::new()
                    .prefix(&parts.prefix)
                    .suffix(PART)
                    .make_in(&folder, |path| fs::File::create_new(path))
                    .map_err(|error| error.to_string())?;
                part.into_temp_path().keep().map_err(|error| error.to_string())?
            }
        };
        Ok(Self { folder, wanted, recorded })
    }

    /// A file without a name, which gives its room back when it is let go of. `None` where there is none to be had.
    pub(super) fn reserve(&self) -> Option<fs::File> {
        let file = tempfile::tempfile_in(&self.folder).ok()?;
        fallocate(&file, FallocateFlags::empty(), 0, RESERVE_BYTES).ok()?;
        Some(file)
    }

    fn replaces(&self) -> bool {
        self.recorded != self.wanted
    }

    /// The old file gives way, all at once.
    pub(super) fn put_in_place(&self) -> Result<(), String> {
        if !self.replaces() {
            return Ok(());
        }
        if !file::is_whole(&self.recorded) {
            return Err("somebody else has it open".to_owned());
        }
        fs::rename(&self.recorded, &self.wanted).map_err(|error| error.to_string())
    }

    /// Nothing was recorded.
    pub(super) fn give_up(&self) {
        remove(&self.recorded);
    }

    /// What became of a recording that lacks something. An older file stays, since it is whole.
    pub(super) fn incomplete(&self, fault: String) -> Recording {
        Recording::Incomplete(if self.replaces() {
            format!("{fault}; the older file is kept, what was recorded is in {}", self.recorded.display())
        } else {
            fault
        })
    }
}
