//! Opening run files: read one after another, in a thread, while the window goes on.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, TryRecvError, sync_channel},
    thread,
};

use eframe::egui::Context;

use crate::record::{self, RunFile};

/// More files than this at once are a mistake: of so many runs most would be forgotten again.
const MOST_WAITING: usize = 12;

struct Reading {
    path: PathBuf,
    answer: Receiver<Result<RunFile, String>>,
}

#[derive(Default)]
pub(crate) struct Opener {
    waiting: VecDeque<PathBuf>,
    reading: Option<Reading>,
}

impl Opener {
    /// False where too many wait already.
    pub(crate) fn add(&mut self, path: PathBuf) -> bool {
        let fits = self.waiting.len() < MOST_WAITING;
        if fits {
            self.waiting.push_back(path);
        }
        fits
    }

    /// The file that is being read.
    pub(crate) fn reading(&self) -> Option<&Path> {
        self.reading.as_ref().map(|reading| reading.path.as_path())
    }

    /// Goes on with the next file, and gives one that was read.
    pub(crate) fn poll(&mut self, ctx: &Context) -> Option<(PathBuf, Result<RunFile, String>)> {
        let read = self.take();
        if self.reading.is_none()
            && let Some(path) = self.waiting.pop_front()
        {
            self.reading = Some(begin(ctx, path));
        }
        read
    }

    fn take(&mut self) -> Option<(PathBuf, Result<RunFile, String>)> {
        let result = match self.reading.as_ref()?.answer.try_recv() {
            Ok(result) => result,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err("it could not be read".to_owned()),
        };
        self.reading.take().map(|reading| (reading.path, result))
    }
}

fn begin(ctx: &Context, path: PathBuf) -> Reading {
    let (sender, answer) = sync_channel(1);
    let (ctx, file, failed) = (ctx.clone(), path.clone(), sender.clone());
    let spawned = thread::Builder::new().name("open-run".to_owned()).spawn(move || {
        // Nobody listens any more once the window is gone.
        let _ = sender.send(record::read(&file).map_err(|error| error.to_string()));
        ctx.request_repaint();
    });
    if let Err(error) = spawned {
        let _ = failed.try_send(Err(format!("no thread: {error}")));
    }
    Reading { path, answer }
}
