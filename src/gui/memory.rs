//! What the window remembers between launches, in `poolscope/window.json` in the platform's folder for data.
//!
//! The file is read once, and written by a thread of its own a moment after something has changed. One that makes no sense,
//! in whole or in part, is kept beside as `window.json.old`, and the window opens as it does at first.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use eframe::egui::Context;
use serde_json::{Map, Value, json};

use super::{dock::Layout, recents::Recents};
use crate::{export::write_atomically, library::data_folder};

const FILE: &str = "window.json";
/// A file beyond this is none of ours.
const MOST_BYTES: u64 = 1 << 20;
/// Changes come in bursts, as while something is dragged.
const SETTLES_WITHIN: Duration = Duration::from_millis(400);

/// Versions that may wait to be written. They come apart by [`SETTLES_WITHIN`].
const MOST_WAITING: usize = 8;

/// Everything that is remembered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Remembered {
    pub(crate) recents: Recents,
    pub(crate) layout: Layout,
    /// The setup is open.
    pub(crate) setup: bool,
    /// The timeline has lanes of cores.
    pub(crate) by_core: bool,
}

impl Default for Remembered {
    fn default() -> Self {
        Self { recents: Recents::default(), layout: Layout::default(), setup: true, by_core: false }
    }
}

impl Remembered {
    fn write(&self) -> Value {
        json!({
            "recents": self.recents.write(),
            "layout": self.layout,
            "setup": self.setup,
            "by_core": self.by_core,
        })
    }

    /// The parts that make sense, and whether all of them do.
    fn read(text: &str) -> (Self, bool) {
        let Ok(mut parts) = serde_json::from_str::<Map<String, Value>>(text) else {
            return (Self::default(), false);
        };
        let mut whole = true;
        let mut remembered = Self::default();
        let mut take = |name: &str, read: &mut dyn FnMut(Value) -> bool| {
            if let Some(part) = parts.remove(name) {
                whole &= read(part);
            }
        };
        take("recents", &mut |part| {
            serde_json::from_value(part).map(|written| remembered.recents = Recents::read(written)).is_ok()
        });
        take("layout", &mut |part| {
            let layout = serde_json::from_value(part).ok().filter(Layout::is_sound);
            layout.map(|layout| remembered.layout = layout).is_some()
        });
        take("by_core", &mut |part| part.as_bool().map(|by_core| remembered.by_core = by_core).is_some());
        take("setup", &mut |part| part.as_bool().map(|open| remembered.setup = open).is_some());
        (remembered, whole)
    }
}

/// The thread that writes.
struct Writer {
    orders: SyncSender<Value>,
    failures: Receiver<io::Error>,
    thread: JoinHandle<()>,
}

/// The file, and what of it is not written yet.
#[derive(Default)]
pub(crate) struct Memory {
    writer: Option<Writer>,
    latest: Remembered,
    /// When what has changed is to be written.
    due: Option<Instant>,
    failed: bool,
}

impl Memory {
    /// With what was remembered.
    pub(crate) fn open() -> (Self, Remembered) {
        let Some(path) = data_folder().map(|folder| folder.join(FILE)) else { return Default::default() };
        let remembered = read(&path);
        let memory = Self { writer: Writer::start(path), latest: remembered.clone(), ..Self::default() };
        (memory, remembered)
    }

    /// Takes note of what is to be remembered as of this frame. Gives the reason where it could not be written, once.
    pub(crate) fn note(&mut self, ctx: &Context, now: &Remembered) -> Option<String> {
        if *now != self.latest {
            self.latest.clone_from(now);
            self.due = Some(Instant::now() + SETTLES_WITHIN);
        }
        match self.due.map(|due| due.saturating_duration_since(Instant::now())) {
            Some(Duration::ZERO) => self.order(),
            // An idle window has no other reason for another frame.
            Some(left) => ctx.request_repaint_after(left),
            None => {}
        }
        let error = self.writer.as_ref()?.failures.try_recv().ok()?;
        let first = !std::mem::replace(&mut self.failed, true);
        first.then(|| format!("The window's layout is not remembered: {error}"))
    }

    fn order(&mut self) {
        self.due = None;
        if let Some(writer) = &self.writer {
            // Gone only if its thread has died, and then nothing can be written any more.
            let _ = writer.orders.send(self.latest.write());
        }
    }

    /// Writes what is not written yet, and waits for it.
    pub(crate) fn close(&mut self) {
        if self.due.is_some() {
            self.order();
        }
        if let Some(Writer { orders, thread, .. }) = self.writer.take() {
            drop(orders);
            // A thread that has panicked has nothing left to write.
            let _ = thread.join();
        }
    }
}

impl Writer {
    fn start(path: PathBuf) -> Option<Self> {
        let (orders, incoming) = sync_channel::<Value>(MOST_WAITING);
        let (failed, failures) = sync_channel(MOST_WAITING);
        let write = move || {
            while let Ok(mut value) = incoming.recv() {
                // Only the newest is worth writing.
                while let Ok(newer) = incoming.try_recv() {
                    value = newer;
                }
                if let Err(error) = write(&path, &value) {
                    // Whoever has not read the failures before knows already.
                    let _ = failed.try_send(error);
                }
            }
        };
        let thread = thread::Builder::new().name("window-memory".to_owned()).spawn(write).ok()?;
        Some(Self { orders, failures, thread })
    }
}

fn write(path: &Path, value: &Value) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    write_atomically(path, |out| out.write_all(format!("{value}\n").as_bytes()))
}

fn read(path: &Path) -> Remembered {
    let Ok(metadata) = fs::metadata(path) else { return Remembered::default() };
    let text = if metadata.len() <= MOST_BYTES { fs::read_to_string(path).ok() } else { None };
    let (remembered, whole) =
        text.as_deref().map_or_else(|| (Remembered::default(), false), Remembered::read);
    if !whole {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".old");
        // Where it cannot be kept, it cannot be written over either.
        let _ = fs::rename(path, beside);
    }
    remembered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{gui::action::Panel, spec::Draft};

    fn remembered() -> Remembered {
        let layout = Layout { closed: vec![Panel::Queue], ..Layout::default() };
        let mut remembered = Remembered { layout, setup: false, by_core: true, ..Remembered::default() };
        remembered.recents.add(&Draft::default().validate().unwrap());
        remembered
    }

    #[test]
    fn what_was_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("poolscope").join(FILE);
        assert_eq!(read(&path), Remembered::default());
        write(&path, &remembered().write()).unwrap();
        assert_eq!(read(&path), remembered());
        assert!(path.exists() && fs::read_dir(path.parent().unwrap()).unwrap().count() == 1);
    }

    #[test]
    fn parts_that_are_missing_or_new_are_no_fault() {
        let (read, whole) = Remembered::read(r#"{"from a later version": [1]}"#);
        assert_eq!((read, whole), (Remembered::default(), true));
    }

    #[test]
    fn a_file_that_makes_no_sense_is_kept_beside_and_what_makes_sense_in_it_is_used() {
        let mut part = remembered().write();
        part["layout"] = json!(5);
        let part_expected = Remembered { layout: Layout::default(), ..remembered() };
        for (text, expected) in [
            (String::new(), Remembered::default()),
            ("{".to_owned(), Remembered::default()),
            ("[1, 2]".to_owned(), Remembered::default()),
            ("[".repeat(100_000), Remembered::default()),
            (" ".repeat(MOST_BYTES as usize + 1), Remembered::default()),
            (json!({ "recents": 7 }).to_string(), Remembered::default()),
            (json!({ "setup": "yes" }).to_string(), Remembered::default()),
            (part.to_string(), part_expected),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(FILE);
            fs::write(&path, &text).unwrap();
            assert_eq!(read(&path), expected, "{text:.40}");
            assert_eq!(fs::read_to_string(folder.path().join("window.json.old")).unwrap(), text);
        }
    }
}
