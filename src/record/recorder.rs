//! Writes a run into its file while it happens, in a thread that gives way to the run.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{
    backlog::{Backlog, Item, Next},
    file, lock,
    open::plain,
    target::Target,
    write::{Open, Writer},
};
use crate::{
    engine::wire::FrameReader,
    event::{Event, Exit},
    spec::Spec,
    store::RunStore,
};

/// What was told is safe from the death of this process after this long.
const COMMIT_EVERY: Duration = Duration::from_millis(150);
/// The recorder takes a tenth of what a worker gets where both want the same core.
const NICENESS: i32 = 10;

/// Where a recording stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Recording {
    #[default]
    Live,
    /// Everything that the run told is in the file.
    Complete,
    /// The file holds less than the run told, for this reason. The run itself is not touched by that.
    Incomplete(String),
}

/// No file could be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot record to {path}: {why}")]
pub struct RecordError {
    pub path: PathBuf,
    pub why: String,
}

/// Records one run. Dropped before the run is over, it leaves a file that ends where the run was.
pub struct Recorder {
    path: PathBuf,
    backlog: Arc<Backlog>,
    state: Arc<Mutex<Recording>>,
    last_words: Arc<Mutex<Option<Arc<RunStore>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Recorder {
    /// Makes the file and begins to record. A file that is there already stays as it is until the recording is whole,
    /// and is then replaced.
    pub fn start(path: &Path, spec: &Spec) -> Result<Self, RecordError> {
        let fail = |why: String| RecordError { path: path.to_owned(), why };
        let target = Target::new(path).map_err(&fail)?;
        let conn = file::create(&target.recorded, spec).map_err(|error| {
            target.give_up();
            fail(plain(&error))
        })?;
        let held = lock::hold(&target.recorded);
        let backlog = Arc::new(Backlog::new(target.folder.clone()));
        let state = Arc::new(Mutex::new(Recording::Live));
        let last_words = Arc::new(Mutex::new(None));
        let work = Work {
            target,
            backlog: Arc::clone(&backlog),
            state: Arc::clone(&state),
            last_words: Arc::clone(&last_words),
            _held: held,
        };
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || work.run(conn))
            .map_err(|error| fail(error.to_string()))?;
        Ok(Self { path: path.to_owned(), backlog, state, last_words, thread: Mutex::new(Some(thread)) })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A further part of the engine's stream, as it came.
    pub(crate) fn bytes(&self, bytes: &[u8]) {
        self.backlog.put(Item::Bytes(bytes.to_vec()));
    }

    /// What the session itself noticed, at this place of the stream.
    pub(crate) fn event(&self, event: &Event) {
        self.backlog.put(Item::Event(event.clone()));
    }

    /// The engine ended without a word, see [`RunStore::lost`].
    pub(crate) fn lost(&self, t_ns: u64, exit: Option<Exit>, reason: &str) {
        self.backlog.put(Item::Lost { t_ns, exit, reason: reason.to_owned() });
    }

    pub fn state(&self) -> Recording {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The run is over, and this is how it stood at its end. Returns at once.
    pub(crate) fn finish(&self, store: Arc<RunStore>) {
        *self.last_words.lock().unwrap_or_else(PoisonError::into_inner) = Some(store);
        self.backlog.end();
    }

    /// Waits until everything is written.
    pub(crate) fn wait(&self) -> Recording {
        self.backlog.end();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            let why = "its recorder has failed".to_owned();
            *self.state.lock().unwrap_or_else(PoisonError::into_inner) = Recording::Incomplete(why);
        }
        self.state()
    }

    /// Somebody cannot wait: what is not written yet is given up.
    pub(crate) fn hurry(&self) {
        self.backlog.give_up("what was not written yet was given up on request");
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.backlog.end();
        self.wait();
    }
}

struct Work {
    target: Target,
    backlog: Arc<Backlog>,
    state: Arc<Mutex<Recording>>,
    last_words: Arc<Mutex<Option<Arc<RunStore>>>>,
    /// Tells others that the file is being recorded.
    _held: Option<File>,
}

impl Work {
    fn run(self, conn: Connection) {
        give_way();
        let reserve = self.target.reserve();
        let (open, mut fault) = match self.record(&conn) {
            Ok(open) => (open, None),
            Err(error) => (Vec::new(), Some(plain(&error))),
        };
        fault = fault.or_else(|| self.backlog.fault());
        if let Some(fault) = &fault {
            self.set(Recording::Incomplete(fault.clone()));
            // The run goes on, and its words are heard and forgotten.
            while self.backlog.take(COMMIT_EVERY) != Next::End {}
        }
        let store = self.last_words.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(store) = store else { return };
        drop(reserve);
        let closed = file::close(conn, &store, &open, fault.as_deref());
        let fault = fault.or(closed.err());
        self.set(match fault {
            Some(fault) => self.target.incomplete(fault),
            None => match self.target.put_in_place() {
                Ok(()) => Recording::Complete,
                Err(error) => self.target.incomplete(error),
            },
        });
    }

    fn set(&self, state: Recording) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Until nothing more will come; gives the attempts whose ends nobody told.
    fn record(&self, conn: &Connection) -> rusqlite::Result<Vec<Open>> {
        let mut writer = Writer::new(conn)?;
        let mut frames = FrameReader::default();
        let mut committed = Instant::now();
        loop {
            let due = COMMIT_EVERY.saturating_sub(committed.elapsed());
            match self.backlog.take(due) {
                Next::Items(items) => {
                    for item in items {
                        write_item(&mut writer, &mut frames, item)?;
                        if committed.elapsed() >= COMMIT_EVERY {
                            writer.commit()?;
                            committed = Instant::now();
                        }
                    }
                }
                Next::Nothing => {}
                Next::End => return writer.commit().map(|()| writer.open()),
            }
            if committed.elapsed() >= COMMIT_EVERY {
                writer.commit()?;
                committed = Instant::now();
            }
        }
    }
}

fn write_item(writer: &mut Writer<'_>, frames: &mut FrameReader, item: Item) -> rusqlite::Result<()> {
    match item {
        Item::Event(event) => writer.event(&event),
        Item::Lost { t_ns, exit, reason } => writer.lost(t_ns, exit, &reason),
        Item::Bytes(bytes) => {
            frames.push(&bytes);
            let mut written = Ok(());
            // A stream that makes no sense ends here as it does for the session, which says why.
            while let Ok(true) = frames.next_batch(|event: Event| {
                if written.is_ok() {
                    written = writer.event(&event);
                }
            }) {}
            written
        }
    }
}

/// On Linux each thread has a niceness of its own.
fn give_way() {
    let own = rustix::thread::gettid();
    let _only_a_courtesy = rustix::process::setpriority_process(Some(own), NICENESS);
}
