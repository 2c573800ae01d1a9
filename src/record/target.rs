//! Where a recording is written, and how it takes the place of an older one.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rustix::fs::{FallocateFlags, fallocate};

use super::{Recording, file, looks::is_run, open::beside};

/// Kept from the disk while a run is recorded, so that its last words find room when nothing else does.
const RESERVE_BYTES: u64 = 256 << 10;

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
        let recorded = match fs::symlink_metadata(&wanted) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Whoever comes second finds it there.
                fs::File::create_new(&wanted).map_err(|error| error.to_string())?;
                wanted.clone()
            }
            Err(error) => return Err(error.to_string()),
            Ok(there) if !there.is_file() => return Err("there is something that is no file".to_owned()),
            Ok(there) => {
                // One that was cut off has its end beside it, which must not be taken for the new one's.
                file::make_whole(&wanted)?;
                if there.len() > 0 && !is_run(&wanted) {
                    return Err("the file that is there is no run of Poolscope, and stays as it is; \
                                choose another name, or remove it"
                        .to_owned());
                }
                let part = tempfile::Builder::new()
                    .prefix(&format!(".{}.", name.to_string_lossy()))
                    .suffix(".part")
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
        for ending in file::BESIDE {
            let _may_not_exist = fs::remove_file(beside(&self.recorded, ending));
        }
        let _may_not_exist = fs::remove_file(&self.recorded);
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
