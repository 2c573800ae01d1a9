//! Taking runs out of the library.

use std::{fs, io, path::PathBuf};

/// Where a removed run is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    ToTrash,
    ForGood,
    /// There is no trash for it, and nobody has said that it may go for good.
    NoTrash,
}

/// Puts files into the trash, all or none. Where that is not possible they are removed only if they may go `for_good`.
pub(super) fn remove(files: &[PathBuf], may_go_for_good: bool) -> Result<Removed, String> {
    if may_go_for_good {
        return for_good(files).map(|()| Removed::ForGood);
    }
    if let Some(gone) = files.first().filter(|path| !path.exists()) {
        return Err(format!("{} is not there any more", gone.display()));
    }
    // What SQLite keeps beside goes first: a run file without it is still a run, but not the other way round.
    match files.iter().rev().try_for_each(trash::delete) {
        Ok(()) => Ok(Removed::ToTrash),
        Err(_no_trash_there) => Ok(Removed::NoTrash),
    }
}

pub(super) fn for_good(files: &[PathBuf]) -> Result<(), String> {
    for path in files.iter().rev() {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.to_string()),
            _ => {}
        }
    }
    Ok(())
}
