//! Whether somebody records into a file just now: who does so holds a lock on the log beside it, which the system lets go of
//! however he ends. On the file itself SQLite has locks of its own, which closing it would let go of.

use std::{
    fs::{File, TryLockError},
    path::Path,
    time::Duration,
};

use super::open::beside;

/// Who looks holds the lock for a moment, on a busy machine for a long one.
const TRIES: u32 = 250;
const PAUSE: Duration = Duration::from_millis(2);

/// Marks a file as being recorded, until what this gives is dropped. `None` where there are no such locks.
pub(super) fn hold(path: &Path) -> Option<File> {
    // Network file systems lock only for those who may write.
    let log = File::options().read(true).write(true).open(beside(path, "-wal")).ok()?;
    for _ in 0..TRIES {
        match log.try_lock() {
            Ok(()) => return Some(log),
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(TryLockError::Error(_)) => return None,
        }
    }
    None
}

/// Whether this process or another records into a file.
pub fn is_being_recorded(path: &Path) -> bool {
    let log = File::open(beside(path, "-wal"));
    log.is_ok_and(|log| matches!(log.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_recorded_while_somebody_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        assert!(!is_being_recorded(&path), "there is no log");
        std::fs::write(beside(&path, "-wal"), "").unwrap();
        assert!(!is_being_recorded(&path));
        let held = hold(&path);
        assert!(held.is_some() && is_being_recorded(&path));
        assert!(hold(&path).is_none(), "two cannot record into one file");
        drop(held);
        assert!(!is_being_recorded(&path));
    }
}
