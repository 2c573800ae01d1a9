//! Who uses an experiment: whoever runs it, and those who show it.
//!
//! Each of them holds a lock on the experiment's folder, so that one of a program that was killed is gone too; who runs it
//! has it alone, those who show it share it. To ask whether somebody has it, one must try to take it, and would for that
//! moment look like a holder to others who ask, and stand in the way of who wants to hold it. So whoever asks or begins to
//! hold first takes a second lock, the gate, which is on the folder that all experiments are in: behind it nobody else asks,
//! and one question tells all of the use there is.

use std::{
    fs::{File, TryLockError},
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// Others are behind the gate for a moment; one who stays there for longer has been halted, and is not waited for.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(1);

/// What is done with an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Also where folders cannot be locked.
    Nothing,
    Shown,
    GoesOn,
}

/// Tells others that an experiment goes on, or is looked at, until it is dropped.
#[derive(Debug)]
pub struct Hold {
    folder: File,
}

impl Hold {
    /// Of whoever runs it. `None` where a folder cannot be locked, or somebody has it.
    pub fn to_run(folder: &Path) -> Option<Self> {
        Self::alone(folder).ok()?
    }

    /// Of whoever shows it. `None` also while it goes on, and for the moment in which somebody else is behind the gate: who
    /// shows it asks again soon, and does not wait.
    pub fn to_look(folder: &Path) -> Option<Self> {
        let _gate = Gate::enter(folder, Duration::ZERO)?;
        Self::take(folder, File::try_lock_shared).ok()?
    }

    /// Of who wants it neither run nor shown by others meanwhile. `Err` where somebody does; `None` where a folder cannot be
    /// locked.
    pub(super) fn alone(folder: &Path) -> Result<Option<Self>, InUse> {
        let _gate = Gate::enter(folder, PATIENCE);
        Self::take(folder, File::try_lock)
    }

    /// The same for who minds only that it is run.
    pub(super) fn beside_others(folder: &Path) -> Result<Option<Self>, InUse> {
        let _gate = Gate::enter(folder, PATIENCE);
        Self::take(folder, File::try_lock_shared)
    }

    fn take(folder: &Path, lock: impl Fn(&File) -> Result<(), TryLockError>) -> Result<Option<Self>, InUse> {
        let Ok(folder) = File::open(folder) else { return Ok(None) };
        match lock(&folder) {
            Ok(()) => Ok(Some(Self { folder })),
            Err(TryLockError::WouldBlock) => Err(InUse),
            Err(TryLockError::Error(_)) => Ok(None),
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let_go(&self.folder);
    }
}

/// Somebody else holds it.
#[derive(Debug)]
pub(super) struct InUse;

/// Closing is not enough: a process that another thread starts just now has the folder open too, until it becomes another
/// program.
fn let_go(folder: &File) {
    let _no_lock_is_none_to_let_go = folder.unlock();
}

/// What is done with each of these experiments, all asked at the same gate.
pub(super) fn uses<'a>(folders: impl Iterator<Item = &'a Path>) -> Vec<Use> {
    let mut gate = None;
    folders
        .map(|folder| {
            if gate.is_none() {
                gate = Some(Gate::enter(folder, PATIENCE));
            }
            use_of(folder)
        })
        .collect()
}

fn use_of(folder: &Path) -> Use {
    match Hold::take(folder, File::try_lock) {
        Ok(_) => Use::Nothing,
        Err(InUse) => match Hold::take(folder, File::try_lock_shared) {
            Ok(_) => Use::Shown,
            Err(InUse) => Use::GoesOn,
        },
    }
}

/// The right to ask, on the folder around these experiments.
struct Gate {
    /// `None` where that cannot be locked: then the experiments can hardly be.
    around: Option<File>,
}

impl Gate {
    /// `None` after so long a wait.
    fn enter(folder: &Path, patience: Duration) -> Option<Self> {
        let around = folder.parent().and_then(|around| File::open(around).ok());
        let Some(around) = around else { return Some(Self { around: None }) };
        let began = Instant::now();
        loop {
            match around.try_lock() {
                Ok(()) => return Some(Self { around: Some(around) }),
                Err(TryLockError::Error(_)) => return Some(Self { around: None }),
                Err(TryLockError::WouldBlock) if began.elapsed() >= patience => return None,
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            }
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let Some(around) = &self.around {
            let_go(around);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;

    fn folder(parent: &tempfile::TempDir) -> PathBuf {
        let folder = parent.path().join("x");
        fs::create_dir(&folder).unwrap();
        folder
    }

    fn asked(folder: &Path) -> Use {
        uses(std::iter::once(folder))[0]
    }

    /// Somebody is in the middle of asking, and stays there for a while.
    fn while_somebody_asks<T>(folder: &Path, act: impl FnOnce() -> T) -> T {
        let (asking, asks) = crossbeam_channel::bounded(1);
        thread::scope(|scope| {
            scope.spawn(move || {
                let gate = Gate::enter(folder, PATIENCE);
                let taken = Hold::take(folder, File::try_lock);
                assert!(gate.is_some() && matches!(taken, Ok(Some(_))));
                asking.send(()).unwrap();
                thread::sleep(Duration::from_millis(100));
            });
            asks.recv().unwrap();
            act()
        })
    }

    #[test]
    fn who_asks_is_never_taken_for_a_holder_and_stands_in_nobodys_way() {
        let parent = tempfile::tempdir().unwrap();
        let folder = folder(&parent);
        assert_eq!(while_somebody_asks(&folder, || asked(&folder)), Use::Nothing);
        let run = while_somebody_asks(&folder, || Hold::to_run(&folder));
        assert_eq!((run.is_some(), asked(&folder)), (true, Use::GoesOn));
        drop(run);
        let shown = while_somebody_asks(&folder, || Hold::beside_others(&folder));
        assert_eq!((shown.is_ok_and(|shown| shown.is_some()), asked(&folder)), (true, Use::Nothing));
    }

    #[test]
    fn many_who_ask_at_once_all_get_the_same_answer() {
        let parent = tempfile::tempdir().unwrap();
        let folder = folder(&parent);
        let ask = |expected: Use| {
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| (0..100).for_each(|_| assert_eq!(asked(&folder), expected)));
                }
            });
        };
        ask(Use::Nothing);
        let run = Hold::to_run(&folder);
        ask(Use::GoesOn);
        drop(run);
        let _shown = Hold::to_look(&folder);
        ask(Use::Shown);
    }

    #[test]
    fn a_window_does_not_wait_at_the_gate_and_nobody_waits_there_for_ever() {
        let parent = tempfile::tempdir().unwrap();
        let folder = folder(&parent);
        let halted = Gate::enter(&folder, Duration::ZERO);
        assert!(halted.is_some() && Gate::enter(&folder, Duration::ZERO).is_none());
        assert!(Hold::to_look(&folder).is_none());
        assert!(Hold::to_run(&folder).is_some(), "after a while");
        drop(halted);
        assert!(Hold::to_look(&folder).is_some());
    }

    #[test]
    fn what_is_not_there_is_used_by_nobody() {
        let parent = tempfile::tempdir().unwrap();
        assert_eq!(asked(&parent.path().join("none")), Use::Nothing);
        assert!(Hold::to_run(&parent.path().join("none")).is_none());
    }
}
