//! Opening an experiment: its file is read beside the window, since one of many runs takes a second.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use eframe::egui::Context;

use crate::{
    experiment::{self, Experiment},
    gui::beside::Beside,
};

/// What was read, or why it could not be.
type Read = Result<Arc<Experiment>, String>;

#[derive(Default)]
pub(super) struct Opening {
    path: Option<PathBuf>,
    reading: Beside<Read>,
}

impl Opening {
    /// Begins to read this one; one that is being read is forgotten.
    pub(super) fn begin(&mut self, ctx: &Context, path: &Path) {
        self.path = Some(path.to_owned());
        let path = path.to_owned();
        self.reading.begin(ctx, "open-experiment", move || {
            experiment::read(&path).map(Arc::new).map_err(|error| error.to_string())
        });
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The file and what was read of it, once.
    pub(super) fn take(&mut self) -> Option<(PathBuf, Read)> {
        let read = self.reading.take();
        if !self.reading.is_idle() {
            return None;
        }
        let path = self.path.take()?;
        let read = read.unwrap_or_else(|| Err(format!("{}: it could not be read", path.display())));
        Some((path, read))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        thread,
        time::{Duration, Instant},
    };

    use super::*;

    fn wait(opening: &mut Opening) -> (PathBuf, Read) {
        let began = Instant::now();
        loop {
            if let Some(read) = opening.take() {
                return read;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "it was never read");
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_once_and_the_last_one_asked_for_counts() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("first.pscopex"), folder.path().join("second.pscopex"));
        std::fs::write(&second, "{}").unwrap();
        let mut opening = Opening::default();
        assert!(opening.take().is_none());
        opening.begin(&Context::default(), &first);
        opening.begin(&Context::default(), &second);
        assert_eq!(opening.path(), Some(&*second));
        let (path, read) = wait(&mut opening);
        let why = read.unwrap_err();
        assert!(path == second && why.contains("not an experiment of Poolscope"), "{why}");
        assert!(opening.path().is_none() && opening.take().is_none());
    }
}
