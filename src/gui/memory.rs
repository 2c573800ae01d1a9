//! What the window remembers between launches, in `poolscope/window.json` in the platform's folder for data.
//!
//! The file is read once, and written by a thread of its own a moment after something has changed. One that makes no sense,
//! in whole or in part, is kept beside as `window.json.old`, and the window opens as it does at first. Several windows share
//! the file: each writes what was changed in it, and leaves the rest as it finds it.

mod file;

use std::{
    io,
    path::PathBuf,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use eframe::egui::{Context, ThemePreference};
use serde_json::{Map, Value, json};

use self::file::Change;
use super::{dock::Layout, lessons::Learned, plots::Align, recents::Recents};
use crate::library::data_folder;

const FILE: &str = "window.json";
/// Changes come in bursts, as while something is dragged.
const SETTLES_WITHIN: Duration = Duration::from_millis(400);

/// Versions that may wait to be written. They come apart by [`SETTLES_WITHIN`].
const MOST_WAITING: usize = 8;

const THEMES: [(&str, ThemePreference); 3] =
    [("system", ThemePreference::System), ("light", ThemePreference::Light), ("dark", ThemePreference::Dark)];

/// Everything that is remembered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Remembered {
    pub(crate) recents: Recents,
    pub(crate) layout: Layout,
    /// The setup is open.
    pub(crate) setup: bool,
    pub(crate) theme: ThemePreference,
    /// The timeline has lanes of cores.
    pub(crate) by_core: bool,
    /// How far somebody has come with the lessons.
    pub(crate) learned: Learned,
    /// What two runs that are compared have under each other.
    pub(crate) align: Align,
}

impl Default for Remembered {
    fn default() -> Self {
        Self {
            recents: Recents::default(),
            layout: Layout::default(),
            setup: true,
            theme: ThemePreference::System,
            by_core: false,
            learned: Learned::default(),
            align: Align::default(),
        }
    }
}

impl Remembered {
    fn write(&self) -> Map<String, Value> {
        let theme = THEMES.iter().find(|(_, theme)| *theme == self.theme).map(|(name, _)| *name);
        let parts = [
            (file::RECENTS, json!(self.recents.write())),
            ("layout", json!(self.layout)),
            ("setup", json!(self.setup)),
            ("theme", json!(theme)),
            ("by_core", json!(self.by_core)),
            ("align", json!(self.align.label())),
        ];
        let parts = parts.into_iter().map(|(name, part)| (name.to_owned(), part));
        parts.chain(self.learned.parts()).collect()
    }

    /// Takes over the parts that make sense, and leaves the others where they are.
    fn take_from(parts: &mut Map<String, Value>) -> Self {
        let mut remembered = Self { learned: Learned::take_from(parts), ..Self::default() };
        let mut take = |name: &str, read: &mut dyn FnMut(&Value) -> bool| {
            if parts.get(name).is_some_and(read) {
                parts.remove(name);
            }
        };
        take(file::RECENTS, &mut |part| {
            serde_json::from_value(part.clone())
                .map(|written| remembered.recents = Recents::read(written))
                .is_ok()
        });
        take("layout", &mut |part| {
            let layout =
                serde_json::from_value(part.clone()).ok().map(Layout::completed).filter(Layout::is_sound);
            layout.map(|layout| remembered.layout = layout).is_some()
        });
        take("by_core", &mut |part| part.as_bool().map(|by_core| remembered.by_core = by_core).is_some());
        take("align", &mut |part| {
            let align = Align::ALL.into_iter().find(|align| part == align.label());
            align.map(|align| remembered.align = align).is_some()
        });
        take("setup", &mut |part| part.as_bool().map(|open| remembered.setup = open).is_some());
        take("theme", &mut |part| {
            let theme = THEMES.iter().find(|(name, _)| part == name);
            theme.map(|(_, theme)| remembered.theme = *theme).is_some()
        });
        remembered
    }
}

/// The thread that writes.
struct Writer {
    orders: SyncSender<Change>,
    failures: Receiver<io::Error>,
    thread: JoinHandle<()>,
}

/// The file, and what of it is not written yet.
#[derive(Default)]
pub(crate) struct Memory {
    writer: Option<Writer>,
    latest: Remembered,
    /// What was changed here and is not ordered yet.
    change: Change,
    /// When it is to be written.
    due: Option<Instant>,
    failed: bool,
}

impl Memory {
    /// With what was remembered.
    pub(crate) fn open() -> (Self, Remembered) {
        data_folder().map_or_else(Default::default, |folder| Self::open_at(folder.join(FILE)))
    }

    fn open_at(path: PathBuf) -> (Self, Remembered) {
        let (remembered, change) = file::read(&path);
        // What made no sense was put aside, and the rest of that file with it.
        let due = (!change.is_empty()).then(Instant::now);
        let memory =
            Self { writer: Writer::start(path), latest: remembered.clone(), change, due, failed: false };
        (memory, remembered)
    }

    /// Takes note of what is to be remembered as of this frame. Gives the reason where it could not be written, once.
    pub(crate) fn note(&mut self, ctx: &Context, now: &Remembered) -> Option<String> {
        if *now != self.latest {
            self.change.add(&self.latest.write(), now.write());
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
        let change = std::mem::take(&mut self.change);
        if let Some(writer) = &self.writer {
            // Gone only if its thread has died, and then nothing can be written any more.
            let _ = writer.orders.send(change);
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
        let (orders, incoming) = sync_channel::<Change>(MOST_WAITING);
        let (failed, failures) = sync_channel(MOST_WAITING);
        let write = move || {
            let mut change = Change::default();
            while let Ok(newer) = incoming.recv() {
                change.follow(newer);
                // One write for all that have come.
                while let Ok(newer) = incoming.try_recv() {
                    change.follow(newer);
                }
                match file::write(&path, &change) {
                    Ok(()) => change = Change::default(),
                    // It goes with the next. Whoever has not read the failures before knows already.
                    Err(error) => drop(failed.try_send(error)),
                }
            }
        };
        let thread = thread::Builder::new().name("window-memory".to_owned()).spawn(write).ok()?;
        Some(Self { orders, failures, thread })
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::{
        gui::{
            action::Panel,
            lessons::{Place, Progress},
        },
        spec::{Draft, Spec},
    };

    fn spec(tasks: u32) -> Spec {
        Draft { tasks: Some(tasks.to_string()), ..Draft::default() }.validate().unwrap()
    }

    fn remembered() -> Remembered {
        let layout = Layout { closed: vec![Panel::Queue], ..Layout::default() };
        let mut remembered = Remembered {
            layout,
            setup: false,
            theme: ThemePreference::Light,
            by_core: true,
            align: Align::FirstTask,
            ..Remembered::default()
        };
        remembered.recents.add(&spec(64));
        let place = Place::of(&"queue".parse().unwrap()).unwrap();
        remembered.learned.note(place, Progress::Understood);
        remembered
    }

    /// Remembers this and closes the window.
    fn leave(mut memory: Memory, now: &Remembered) {
        assert_eq!(memory.note(&Context::default(), now), None);
        memory.close();
    }

    fn read(path: &Path) -> Remembered {
        file::read(path).0
    }

    #[test]
    fn what_was_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("poolscope").join(FILE);
        let (memory, first) = Memory::open_at(path.clone());
        assert_eq!(first, Remembered::default());
        leave(memory, &remembered());
        let (mut memory, second) = Memory::open_at(path.clone());
        assert_eq!(second, remembered());
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        memory.note(&Context::default(), &second);
        memory.close();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before, "nothing was changed");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn every_theme_is_remembered() {
        for (name, theme) in THEMES {
            let now = Remembered { theme, ..Remembered::default() };
            let mut parts = now.write();
            assert_eq!(parts["theme"], name);
            assert_eq!(Remembered::take_from(&mut parts), now);
            assert!(parts.is_empty(), "{parts:?}");
        }
    }

    #[test]
    fn of_two_windows_each_writes_what_was_changed_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let text = json!({ "from a later version": [1], "recents": remembered().recents.write() });
        fs::write(&path, text.to_string()).unwrap();
        let (a, mut in_a) = Memory::open_at(path.clone());
        let (mut b, mut in_b) = Memory::open_at(path.clone());
        in_b.theme = ThemePreference::Dark;
        in_b.recents.add(&spec(2));
        b.note(&Context::default(), &in_b);
        b.order();
        in_a.layout.closed = vec![Panel::Log];
        in_a.recents.add(&spec(1));
        leave(a, &in_a);
        in_b.setup = false;
        in_b.recents.add(&spec(3));
        leave(b, &in_b);
        let both = read(&path);
        let tasks: Vec<u32> = both.recents.iter().map(|spec| spec.tasks).collect();
        assert_eq!(tasks[0], 3, "the last one first");
        assert_eq!(tasks.len(), 4, "{tasks:?}");
        assert!([1, 2, 64].iter().all(|of| tasks.contains(of)), "{tasks:?}");
        assert_eq!(both.layout.closed, [Panel::Log], "as the one left it");
        assert_eq!((both.theme, both.setup), (ThemePreference::Dark, false), "as the other did");
        let text: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(text["from a later version"], json!([1]));
    }

    #[test]
    fn what_two_windows_change_is_as_the_last_of_them_left_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let (a, mut in_a) = Memory::open_at(path.clone());
        let (b, mut in_b) = Memory::open_at(path.clone());
        in_a.theme = ThemePreference::Dark;
        leave(a, &in_a);
        in_b.theme = ThemePreference::Light;
        leave(b, &in_b);
        assert_eq!(read(&path).theme, ThemePreference::Light);
    }

    #[test]
    fn windows_that_write_at_once_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        thread::scope(|scope| {
            for tasks in 1..=8 {
                let path = path.clone();
                scope.spawn(move || {
                    let (memory, mut now) = Memory::open_at(path);
                    now.recents.add(&spec(tasks));
                    leave(memory, &now);
                });
            }
        });
        let mut tasks: Vec<u32> = read(&path).recents.iter().map(|spec| spec.tasks).collect();
        tasks.sort_unstable();
        assert_eq!(tasks, [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn what_could_not_be_written_goes_with_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("poolscope").join(FILE);
        fs::write(folder.path().join("poolscope"), "in the way").unwrap();
        let (mut memory, mut now) = Memory::open_at(path.clone());
        now.theme = ThemePreference::Dark;
        memory.note(&Context::default(), &now);
        memory.order();
        let failures = &memory.writer.as_ref().unwrap().failures;
        assert!(failures.recv_timeout(Duration::from_secs(30)).is_ok());
        fs::remove_file(folder.path().join("poolscope")).unwrap();
        now.setup = false;
        leave(memory, &now);
        assert_eq!((read(&path).theme, read(&path).setup), (ThemePreference::Dark, false));
    }
}
