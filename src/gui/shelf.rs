//! The library of runs as the window sees it: what was listed last, and a thread that lists and changes it.
//!
//! Nothing of this blocks a frame. Jobs go to the thread in order, and after each it lists the library anew.

use std::{
    cell::Cell,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use eframe::egui::Context;

use crate::{
    library::{Entry, ExperimentEntry, Library, LibraryError, Removed, Room, oldest},
    record::{self, Label, Recorder},
    spec::Spec,
};

/// Jobs that may wait. A person does not click faster than they are done.
const MOST_JOBS: usize = 64;
/// Of a library with more runs than this, only the folder is looked at so often.
const MOST_LOOKED_AT: usize = 2000;
/// How often the library is looked at for what others have changed, while its list is seen.
const WATCH_EVERY: Duration = Duration::from_secs(2);

/// Something to be done with the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    List,
    /// Look for changes by itself from now on, or no longer.
    Watch(bool),
    /// Read what this run was made from.
    ReadSpec(PathBuf),
    Describe {
        path: PathBuf,
        name: String,
        note: String,
    },
    Pin(PathBuf, bool),
    /// To the trash, or for good.
    Remove {
        path: PathBuf,
        for_good: bool,
    },
    /// An experiment by its file, with all of its runs, to the trash or for good.
    RemoveExperiment {
        path: PathBuf,
        for_good: bool,
    },
    /// And let old runs and experiments give way to it, to the trash, or for good where there is none and they may.
    SetLimit {
        limit: Option<u64>,
        for_good: bool,
    },
    /// Let old runs and experiments give way to the limit that is set.
    MakeRoom,
}

/// How a job went.
#[derive(Debug)]
pub(crate) enum News {
    /// What the window did, for the status bar.
    Said(String),
    /// There is no trash for this run.
    NoTrash(PathBuf),
    /// There is no trash for this experiment.
    NoTrashForExperiment(PathBuf),
    /// This experiment is gone, as told here.
    ExperimentGone(PathBuf, String),
    /// There is no trash for runs that would have to give way to this limit, which is not set.
    NoTrashFor(u64),
    Failed(String),
    /// What the run of this name was made from.
    Spec(String, Box<Spec>),
}

#[derive(Debug)]
struct Report {
    entries: Vec<Entry>,
    experiments: Vec<ExperimentEntry>,
    limit: Option<u64>,
    news: Option<News>,
}

/// The library, once it could be opened.
struct Open {
    /// Only to begin recordings with, which belongs to the thread that launches runs.
    recording: Library,
    jobs: SyncSender<Job>,
    reports: Receiver<Report>,
}

#[derive(Default)]
pub(crate) struct Shelf {
    open: Option<Open>,
    /// Newest first; `None` until it was listed.
    entries: Option<Arc<[Entry]>>,
    /// Newest first.
    experiments: Arc<[ExperimentEntry]>,
    limit: Option<u64>,
    /// Counts the lists, so that a view knows when it has a new one.
    pub(crate) version: u64,
    /// The list was drawn since it was last asked.
    seen: Cell<bool>,
    watched: bool,
}

impl Shelf {
    /// Opens this person's library and begins to list it.
    pub(crate) fn open(ctx: &Context) -> Result<Self, LibraryError> {
        let (recording, library) = (Library::of_this_person()?, Library::of_this_person()?);
        let (jobs, orders) = sync_channel(MOST_JOBS);
        let (sender, reports) = sync_channel(MOST_JOBS);
        let wake = ctx.clone();
        let folder = library.folder().to_owned();
        thread::Builder::new()
            .name("library".to_owned())
            .spawn(move || keep(library, &orders, &sender, &wake))
            .map_err(|source| LibraryError::Io { path: folder, source })?;
        let mut shelf = Self { open: Some(Open { recording, jobs, reports }), ..Self::default() };
        let _empty_queue_takes_it = shelf.order(Job::List);
        Ok(shelf)
    }

    pub(crate) fn entries(&self) -> Option<&Arc<[Entry]>> {
        self.entries.as_ref()
    }

    pub(crate) fn experiments(&self) -> &[ExperimentEntry] {
        &self.experiments
    }

    pub(crate) fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// To be called by whoever draws the list: while it is drawn, the library is watched.
    pub(crate) fn see(&self) {
        self.seen.set(true);
    }

    /// Begins to watch the library where its list was drawn in the frame before, and ends it where not.
    pub(crate) fn watch_if_seen(&mut self) {
        let seen = self.seen.take();
        if seen != self.watched && self.order(Job::Watch(seen)) {
            self.watched = seen;
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Begins to record a run; `None` where there is no library, which was told when it could not be opened.
    pub(crate) fn record(&self, spec: &Spec) -> Option<Result<Recorder, LibraryError>> {
        self.open.as_ref().map(|open| open.recording.record(spec))
    }

    /// False where it cannot be done now.
    pub(crate) fn order(&mut self, job: Job) -> bool {
        let Some(open) = &self.open else { return false };
        match open.jobs.try_send(job) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => false,
            Err(TrySendError::Disconnected(_)) => {
                self.open = None;
                false
            }
        }
    }

    /// Takes in what the thread has done since the frame before.
    pub(crate) fn poll(&mut self) -> Option<News> {
        let report = self.open.as_ref()?.reports.try_recv().ok()?;
        self.entries = Some(report.entries.into());
        self.experiments = report.experiments.into();
        self.limit = report.limit;
        self.version += 1;
        report.news
    }
}

/// The thread: ends when the window lets go of it.
fn keep(library: Library, orders: &Receiver<Job>, reports: &SyncSender<Report>, wake: &Context) {
    let mut keeper = Keeper { library, watching: false, listed: Listed::default(), fault: None };
    while let Some(job) = keeper.next(orders) {
        let Some(report) = keeper.report(job) else { continue };
        if reports.send(report).is_err() {
            return;
        }
        wake.request_repaint();
    }
}

/// The library with what was told of it last.
struct Keeper {
    library: Library,
    watching: bool,
    listed: Listed,
    /// What went wrong at the last look.
    fault: Option<String>,
}

/// What shows that a list is as it was, without making it again.
#[derive(Debug, Default)]
struct Listed {
    /// Last change of the folder.
    folder: Option<(i64, i64)>,
    entries: Vec<(PathBuf, u64, u64, String)>,
    experiments: Vec<ExperimentEntry>,
}

impl Keeper {
    /// The next job; `None` inside where it is time to look by itself, and outside once the window is gone.
    #[expect(clippy::option_option, reason = "the end and a pause are two things")]
    fn next(&self, orders: &Receiver<Job>) -> Option<Option<Job>> {
        if !self.watching {
            return orders.recv().ok().map(Some);
        }
        match orders.recv_timeout(WATCH_EVERY) {
            Ok(job) => Some(Some(job)),
            Err(RecvTimeoutError::Timeout) => Some(None),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Does a job and lists what is there then. Without a job nothing is told unless something has changed.
    fn report(&mut self, job: Option<Job>) -> Option<Report> {
        let by_itself = job.is_none();
        let folder = self.library.last_change();
        // To look at very many files takes a while; those that come, end and are described change their folder too.
        let many = self.listed.entries.len().max(self.listed.experiments.len()) > MOST_LOOKED_AT;
        if by_itself && many && folder == self.listed.folder {
            return None;
        }
        let mut news = match job {
            Some(Job::Watch(on)) => {
                self.watching = on;
                return None;
            }
            Some(job) => {
                perform(&mut self.library, job).unwrap_or_else(|error| Some(News::Failed(error.to_string())))
            }
            None => None,
        };
        let mut faults = Vec::new();
        let entries = self.library.list().unwrap_or_else(|error| {
            faults.push(format!("The runs could not be listed: {error}"));
            Vec::new()
        });
        let experiments = self.library.experiments().unwrap_or_else(|error| {
            faults.push(format!("The experiments could not be listed: {error}"));
            Vec::new()
        });
        let limit = self.library.limit().unwrap_or_else(|error| {
            faults.push(error.to_string());
            None
        });
        let fault = (!faults.is_empty()).then(|| faults.join("; "));
        // Told once, and not again at every look.
        if fault.is_some() && (fault != self.fault || !by_itself) {
            news = fault.clone().map(News::Failed);
        }
        self.fault = fault;
        let key = |entry: &Entry| {
            (entry.path.clone(), entry.bytes, entry.modified_unix_ns, entry.status().to_owned())
        };
        let listed =
            Listed { folder, entries: entries.iter().map(key).collect(), experiments: experiments.clone() };
        let same = (&self.listed.entries, &self.listed.experiments) == (&listed.entries, &listed.experiments);
        self.listed = listed;
        (!(by_itself && same && news.is_none())).then_some(Report { entries, experiments, limit, news })
    }
}

fn perform(library: &mut Library, job: Job) -> Result<Option<News>, LibraryError> {
    match job {
        Job::List | Job::Watch(_) => Ok(None),
        Job::ReadSpec(path) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok(Some(News::Spec(name, Box::new(record::read_spec_of(&path)?))))
        }
        Job::Describe { path, name, note } => {
            let written = |label: &mut Label| (label.name, label.note) = (name, note);
            library.change_label(&path, written).map(|()| None)
        }
        Job::Pin(path, pinned) => library.change_label(&path, |label| label.pinned = pinned).map(|()| None),
        Job::Remove { path, for_good } => {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok(Some(match library.remove(&path, for_good)? {
                Removed::ToTrash => News::Said(format!("Moved {name} to the trash")),
                Removed::ForGood => News::Said(format!("Deleted {name} for good")),
                Removed::NoTrash => News::NoTrash(path),
            }))
        }
        Job::RemoveExperiment { path, for_good } => {
            let folder = path.parent().unwrap_or(&path).to_owned();
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok(Some(match library.remove_experiment(&path, for_good)? {
                Removed::ToTrash => News::ExperimentGone(folder, format!("Moved {name} to the trash")),
                Removed::ForGood => News::ExperimentGone(folder, format!("Deleted {name} for good")),
                Removed::NoTrash => News::NoTrashForExperiment(path),
            }))
        }
        Job::SetLimit { limit, for_good } => {
            let room = match limit {
                Some(limit) => library.make_room_within(limit, for_good)?,
                None => Room::default(),
            };
            match limit {
                Some(limit) if room.no_trash => Ok(Some(News::NoTrashFor(limit))),
                limit => library.set_limit(limit).map(|()| room_text(room).map(News::Said)),
            }
        }
        Job::MakeRoom => library.make_room().map(|room| room_text(room).map(News::Said)),
    }
}

/// What gave way, as the status bar says it.
fn room_text(room: Room) -> Option<String> {
    let gone = room.to_trash + room.for_good;
    let all = oldest(gone.saturating_sub(room.experiments), room.experiments);
    let within = "to stay within the limit";
    match (room.to_trash, room.for_good) {
        (0, 0) => None,
        (_, 0) => Some(format!("Moved {all} to the trash {within}")),
        (0, _) => Some(format!("Deleted {all} for good {within}")),
        (moved, gone) => Some(format!("Let {all} go {within}: {moved} to the trash, {gone} for good")),
    }
}
