//! Files for real: what a task waits for here is the disk and the kernel, not the processor.

use std::{
    fs::File,
    io::{self, Read, Seek, Write},
    path::Path,
};

use super::{TaskContext, TaskError, Value, bytes};
use crate::ids::TaskId;

const STREAM: u64 = 0x6669_6c65_2121_2121;
/// Bytes that are written or read in one go. Between two goes a stop is heard.
const PIECE_BYTES: usize = 256 << 10;
/// Bytes after which a long file is made durable in between, so that no single call waits for very many of them.
const SYNC_BYTES: u64 = 16 << 20;

/// What is written, and how.
struct Plan {
    size: u64,
    fsync: bool,
    key: u64,
}

/// Writes `size` seeded bytes to a file in the system's temporary directory, makes them durable if `fsync` says so,
/// reads them back, and gives a hash of what was read.
///
/// The file has no name (or, where the file system cannot do that, loses it before the first byte is written), so that
/// the kernel removes it however the task ends, and be it by SIGKILL. Reading mostly meets the page cache, as it does in
/// any program that reads what was just written.
///
/// # Errors
/// [`TaskError::Failed`] names the directory, what could not be done there, and the system's reason.
pub(super) fn round_trip(
    size: u64,
    fsync: bool,
    seed: u64,
    task: TaskId,
    context: &dyn TaskContext,
) -> Result<Value, TaskError> {
    let plan = Plan { size, fsync, key: bytes::key(STREAM, seed, task) };
    round_trip_in(&std::env::temp_dir(), &plan, context)
}

fn round_trip_in(folder: &Path, plan: &Plan, context: &dyn TaskContext) -> Result<Value, TaskError> {
    context.checkpoint()?;
    let file = waiting(context, || tempfile::tempfile_in(folder));
    let file = file.map_err(|error| failed("create a file", folder, &error))?;
    let hash = write_and_read(&file, plan, folder, context)?;
    let mut file = Some(file);
    // Closing removes it, which takes its time, too.
    context.blocking(&mut || drop(file.take()));
    Ok(bytes::digest(hash))
}

fn write_and_read(
    mut file: &File,
    plan: &Plan,
    folder: &Path,
    context: &dyn TaskContext,
) -> Result<u64, TaskError> {
    let mut written = vec![0; PIECE_BYTES.min(plan.size as usize)];
    let mut since_sync = 0;
    for (at, length) in plan.pieces() {
        let piece = &mut written[..length];
        bytes::fill(plan.piece_key(at), piece);
        waiting(context, || file.write_all(piece)).map_err(|error| failed("write a file", folder, &error))?;
        context.checkpoint()?;
        since_sync += length as u64;
        let last = at + length as u64 == plan.size;
        if plan.fsync && (last || since_sync >= SYNC_BYTES) {
            since_sync = 0;
            waiting(context, || file.sync_all()).map_err(|error| failed("sync a file", folder, &error))?;
            context.checkpoint()?;
        }
    }
    waiting(context, || file.rewind()).map_err(|error| failed("rewind a file", folder, &error))?;
    let mut read = vec![0; written.len()];
    let mut hash = plan.size;
    for (at, length) in plan.pieces() {
        let piece = &mut read[..length];
        waiting(context, || file.read_exact(piece)).map_err(|error| failed("read a file", folder, &error))?;
        bytes::fill(plan.piece_key(at), &mut written[..length]);
        if let Some(wrong) = piece.iter().zip(&written).position(|(got, put)| got != put) {
            let error = io::Error::other(format!("byte {} is not what was written", at + wrong as u64));
            return Err(failed("read a file", folder, &error));
        }
        hash = bytes::hash(hash, piece);
        context.checkpoint()?;
    }
    Ok(hash)
}

impl Plan {
    /// Where each piece begins, and how long it is.
    fn pieces(&self) -> impl Iterator<Item = (u64, usize)> + use<> {
        let size = self.size;
        (0..size).step_by(PIECE_BYTES).map(move |at| (at, (size - at).min(PIECE_BYTES as u64) as usize))
    }

    fn piece_key(&self, at: u64) -> u64 {
        self.key.wrapping_add(at)
    }
}

/// Does what waits for the file system, and lets others work meanwhile.
fn waiting<T>(context: &dyn TaskContext, mut wait: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut result = Err(io::Error::other("it was not tried"));
    context.blocking(&mut || result = wait());
    result
}

fn failed(what: &str, folder: &Path, error: &io::Error) -> TaskError {
    TaskError::Failed(format!("cannot {what} in {}: {error}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::testing::Fake;

    fn plan(size: u64) -> Plan {
        Plan { size, fsync: true, key: 7 }
    }

    fn names_in(folder: &Path) -> usize {
        std::fs::read_dir(folder).expect("a folder").count()
    }

    #[test]
    fn nothing_is_left_however_the_task_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let size = 3 * PIECE_BYTES as u64 + 5;
        round_trip_in(folder.path(), &plan(size), &Fake::patient()).expect("done");
        assert_eq!(names_in(folder.path()), 0);
        for calls in 0..10 {
            let cancelled = round_trip_in(folder.path(), &plan(size), &Fake::cancelled_after(calls));
            assert_eq!(cancelled, Err(TaskError::Cancelled), "after {calls}");
            assert_eq!(names_in(folder.path()), 0);
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_named_with_the_reason() {
        let folder = tempfile::tempdir().expect("a folder").path().join("gone");
        let error = round_trip_in(&folder, &plan(5), &Fake::patient()).expect_err("no folder");
        let TaskError::Failed(message) = error else { panic!("{error:?}") };
        assert!(
            message.starts_with(&format!("cannot create a file in {}: No such file", folder.display())),
            "{message}"
        );
    }

    #[test]
    fn a_full_disk_is_a_failure_that_says_so() {
        let full = File::options().read(true).write(true).open("/dev/full").expect("Linux has it");
        let error = write_and_read(&full, &plan(5), Path::new("/dev"), &Fake::patient());
        let Err(TaskError::Failed(message)) = error else { panic!("{error:?}") };
        assert!(message.starts_with("cannot write a file in /dev: No space left"), "{message}");
    }

    #[test]
    fn what_comes_back_wrong_is_told() {
        // Takes every byte, and gives back zeros only.
        let zero = File::options().read(true).write(true).open("/dev/zero").expect("Linux has it");
        let plan = Plan { fsync: false, ..plan(100) };
        let error = write_and_read(&zero, &plan, Path::new("/dev"), &Fake::patient());
        let Err(TaskError::Failed(message)) = error else { panic!("{error:?}") };
        assert!(message.contains("byte 0 is not what was written"), "{message}");
    }

    #[test]
    fn values_depend_on_the_content_and_not_on_its_durability() {
        let folder = tempfile::tempdir().expect("a folder");
        let value = |plan: Plan| round_trip_in(folder.path(), &plan, &Fake::patient()).expect("done");
        let first = value(plan(1000));
        assert_eq!(value(Plan { fsync: false, ..plan(1000) }), first);
        assert_ne!(value(Plan { key: 8, ..plan(1000) }), first);
        assert_ne!(value(plan(1001)), first);
        assert_ne!(value(plan(0)), first);
    }

    #[test]
    fn everything_that_waits_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        for (fsync, syncs) in [(true, 1), (false, 0)] {
            let context = Fake::patient();
            let plan = Plan { fsync, ..plan(2 * PIECE_BYTES as u64) };
            round_trip_in(folder.path(), &plan, &context).expect("done");
            // Creating, two pieces each way with a rewind between, closing.
            assert_eq!(context.waits.get(), 1 + 2 + 1 + 2 + 1 + syncs);
            assert_eq!(context.checkpoints.get(), 1 + 2 + 2 + syncs);
        }
    }
}
