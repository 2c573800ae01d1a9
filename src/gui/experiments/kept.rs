//! The experiments that are kept, as their list shows them. Their files are read beside the window, a few at a time, since
//! those of many runs take a while.

use std::{
    cell::Cell,
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use eframe::egui::Context;
use jiff::tz::TimeZone;

use super::Shown;
use crate::{
    analysis::ExperimentReport,
    experiment::{self, Brief, Experiment},
    gui::{
        beside::Beside,
        panels::kept::time_text,
        questions::{Kept, Question},
    },
    library::{EXPERIMENT_FILE, ExperimentEntry},
    units,
};

/// So many are read before the list is shown again.
const AT_ONCE: usize = 16;

/// A file as it was at its last change.
type Key = (PathBuf, u64);
type BriefOf = Result<Arc<Brief>, String>;
type DetailsOf = Result<Details, String>;

/// Of what is known without a file: nothing was changed at the epoch, so that its file is read once this ends.
const NO_FILE: u64 = 0;
const NOT_READ: &str = "It could not be read: the thread that was to do so has failed";
const NOT_WORKED_OUT: &str = "What it says could not be worked out: the thread that was to do so has failed";

fn key(entry: &ExperimentEntry) -> Key {
    (entry.path.clone(), entry.modified_unix_ns)
}

/// What takes longest to find out of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Details {
    pub(crate) conclusions: Vec<String>,
}

impl Details {
    fn read(path: &Path) -> Self {
        // Why it cannot be read is told by its brief.
        let read = experiment::read(path).ok();
        Self { conclusions: read.map(|read| read.report().conclusions()).unwrap_or_default() }
    }
}

/// The one that goes on in this window, which knows all of it without a file.
struct Own {
    path: PathBuf,
    experiment: Arc<Experiment>,
    report: Option<Arc<ExperimentReport>>,
    brief: Arc<Brief>,
    details: Option<Details>,
}

#[derive(Default)]
pub(crate) struct KeptExperiments {
    /// The list is shown in the place of that of runs.
    pub(crate) shown: bool,
    pub(crate) search: String,
    pub(crate) selected: Option<PathBuf>,
    own: Option<Own>,
    briefs: HashMap<PathBuf, (u64, BriefOf)>,
    /// Those that are being read.
    asked: Vec<Key>,
    reading: Beside<Vec<(Key, BriefOf)>>,
    /// Of the one that was selected last.
    details: Option<(Key, DetailsOf)>,
    /// The one whose details are being worked out.
    worked_on: Option<Key>,
    making: Beside<Details>,
    /// The list was drawn since it was last asked.
    seen: Cell<bool>,
}

impl KeptExperiments {
    /// To be called by whoever draws the list: its files are read while it is drawn.
    pub(crate) fn see(&self, ctx: &Context, entries: &[ExperimentEntry]) {
        self.seen.set(true);
        let begins = self.reading.is_idle() && entries.iter().any(|entry| self.is_unread(entry));
        if begins || self.making.is_idle() && self.unknown(entries).is_some() {
            ctx.request_repaint();
        }
    }

    fn own(&self, entry: &ExperimentEntry) -> Option<&Own> {
        self.own.as_ref().filter(|own| own.path == entry.path)
    }

    fn is_unread(&self, entry: &ExperimentEntry) -> bool {
        let known =
            self.briefs.get(&entry.path).is_some_and(|(modified, _)| *modified == entry.modified_unix_ns);
        !known && self.own(entry).is_none()
    }

    /// The selected one, where nothing newer of it is known.
    fn unknown(&self, entries: &[ExperimentEntry]) -> Option<Key> {
        let entry = entries.iter().find(|entry| Some(&entry.path) == self.selected.as_ref())?;
        let of = key(entry);
        let known = self.details.as_ref().is_some_and(|(known, _)| *known == of);
        (!known && self.own(entry).is_none()).then_some(of)
    }

    /// What is known of one; `None` until it was read.
    pub(crate) fn brief(&self, entry: &ExperimentEntry) -> Option<Result<&Arc<Brief>, &str>> {
        if let Some(own) = self.own(entry) {
            return Some(Ok(&own.brief));
        }
        Some(self.briefs.get(&entry.path)?.1.as_ref().map_err(String::as_str))
    }

    /// What the selected one says, or why that is not known; `None` until it was worked out. It may be of what its file
    /// said a moment ago.
    pub(crate) fn details(&self, entry: &ExperimentEntry) -> Option<Result<&Details, &str>> {
        if let Some(own) = self.own(entry) {
            return own.details.as_ref().map(Ok);
        }
        let (of, details) = self.details.as_ref()?;
        (of.0 == entry.path).then(|| details.as_ref().map_err(String::as_str))
    }

    /// Reads one again, of which something could not be known.
    pub(crate) fn retry(&mut self, entry: &ExperimentEntry) {
        self.briefs.remove(&entry.path);
        self.details = None;
    }

    /// Takes in how far the experiment of this window has come, while it goes on.
    pub(crate) fn follow(&mut self, going: Option<&Shown>) {
        let Some((shown, folder)) = going.and_then(|shown| Some((shown, shown.folder.as_ref()?))) else {
            self.keep_own();
            return;
        };
        let path = folder.join(EXPERIMENT_FILE);
        let own = self.own.take().filter(|own| own.path == path);
        let (experiment, report) = (Arc::clone(&shown.experiment), shown.report.clone());
        let brief = own.as_ref().filter(|own| Arc::ptr_eq(&own.experiment, &experiment));
        let brief = brief.map_or_else(|| Arc::new(Brief::new(&experiment)), |own| Arc::clone(&own.brief));
        let same_report = own.as_ref().is_some_and(|own| is_same(own.report.as_ref(), report.as_ref()));
        let details = match own {
            Some(own) if same_report => own.details,
            _ => report.as_ref().map(|report| Details { conclusions: report.conclusions() }),
        };
        self.own = Some(Own { path, experiment, report, brief, details });
    }

    /// What this window knew of its own experiment stays until the file was read.
    fn keep_own(&mut self) {
        let Some(own) = self.own.take() else { return };
        if self.selected.as_ref() == Some(&own.path)
            && let Some(details) = own.details
        {
            self.details = Some(((own.path.clone(), NO_FILE), Ok(details)));
        }
        self.briefs.insert(own.path, (NO_FILE, Ok(own.brief)));
    }

    /// `sleep, 6 tasks: threads, processes`, or the folder's name.
    pub(crate) fn title(&self, entry: &ExperimentEntry) -> String {
        match self.brief(entry) {
            Some(Ok(brief)) => format!("{}: {}", brief.work, brief.variants.join(", ")),
            _ => entry.name(),
        }
    }

    /// Whether to delete this one with its runs.
    pub(crate) fn delete_question(&self, entry: &ExperimentEntry, for_good: bool) -> Question {
        let runs = match self.brief(entry) {
            Some(Ok(brief)) => format!("Began {} · with its {} runs · ", began(brief), brief.runs.ended),
            _ => "With all of its runs · ".to_owned(),
        };
        Question::Delete {
            what: Kept::Experiment,
            path: entry.path.clone(),
            name: self.title(entry),
            about: format!("{runs}{} · {}", units::bytes(entry.bytes), entry.name()),
            for_good,
        }
    }

    /// Takes in what was read, and goes on with what is missing while somebody looks.
    pub(crate) fn refresh(&mut self, ctx: &Context, entries: &[ExperimentEntry]) {
        self.take_in();
        if !self.seen.take() {
            return;
        }
        if self.briefs.len() > entries.len() {
            self.briefs.retain(|path, _| entries.iter().any(|entry| entry.path == *path));
        }
        if self.reading.is_idle() {
            self.read_more(ctx, entries);
        }
        if let Some(of) = self.unknown(entries).filter(|_| self.making.is_idle()) {
            let path = of.0.clone();
            self.worked_on = Some(of);
            self.making.begin(ctx, "experiment-details", move || Details::read(&path));
        }
    }

    /// A thread that ended, or never began, without a word is told of: nobody waits for it for ever.
    fn take_in(&mut self) {
        let read = self.reading.take();
        if self.reading.is_idle() {
            let asked = std::mem::take(&mut self.asked);
            let failed = || asked.into_iter().map(|of| (of, Err(NOT_READ.to_owned()))).collect();
            for ((path, modified), brief) in read.unwrap_or_else(failed) {
                self.briefs.insert(path, (modified, brief));
            }
        }
        let made = self.making.take();
        if self.making.is_idle()
            && let Some(of) = self.worked_on.take()
        {
            self.details = Some((of, made.ok_or_else(|| NOT_WORKED_OUT.to_owned())));
        }
    }

    fn read_more(&mut self, ctx: &Context, entries: &[ExperimentEntry]) {
        let missing = entries.iter().filter(|entry| self.is_unread(entry));
        let missing: Vec<Key> = missing.take(AT_ONCE).map(key).collect();
        if missing.is_empty() {
            return;
        }
        self.asked.clone_from(&missing);
        self.reading.begin(ctx, "experiments", move || {
            let read = |of: Key| {
                let brief = experiment::read(&of.0).map(|read| Arc::new(Brief::new(&read)));
                (of, brief.map_err(|error| error.to_string()))
            };
            missing.into_iter().map(read).collect()
        });
    }
}

fn is_same<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

pub(crate) fn began(brief: &Brief) -> String {
    time_text(brief.began_unix_ns, &TimeZone::system())
}

#[cfg(test)]
mod tests {
    use std::{
        thread,
        time::{Duration, Instant},
    };

    use super::*;

    fn entry(path: &Path, modified_unix_ns: u64) -> ExperimentEntry {
        ExperimentEntry { path: path.to_owned(), bytes: 1, modified_unix_ns, is_live: false, is_open: false }
    }

    /// As the window does frame by frame, until all that was begun has ended.
    fn settle(kept: &mut KeptExperiments, entries: &[ExperimentEntry]) {
        let (ctx, began) = (Context::default(), Instant::now());
        loop {
            kept.see(&ctx, entries);
            kept.refresh(&ctx, entries);
            if kept.reading.is_idle() && kept.making.is_idle() {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(20));
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_file_is_read_again_only_once_it_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(EXPERIMENT_FILE);
        let mut kept = KeptExperiments { selected: Some(path.clone()), ..KeptExperiments::default() };
        settle(&mut kept, &[entry(&path, 1)]);
        let told =
            |kept: &KeptExperiments, at| kept.brief(&entry(&path, at)).unwrap().unwrap_err().to_owned();
        let before = told(&kept, 1);
        std::fs::write(&path, "no experiment").unwrap();
        settle(&mut kept, &[entry(&path, 1)]);
        assert_eq!(told(&kept, 1), before);
        settle(&mut kept, &[entry(&path, 2)]);
        assert!(told(&kept, 2).contains("not an experiment"), "{}", told(&kept, 2));
        std::fs::remove_file(&path).unwrap();
        kept.retry(&entry(&path, 2));
        settle(&mut kept, &[entry(&path, 2)]);
        assert_eq!(told(&kept, 2), before);
    }

    #[test]
    fn a_thread_that_dies_leaves_an_error_and_another_try() {
        let path = PathBuf::from("/nowhere/experiment");
        let (ctx, at) = (Context::default(), entry(&path, 1));
        let mut kept = KeptExperiments {
            selected: Some(path),
            asked: vec![key(&at)],
            worked_on: Some(key(&at)),
            ..KeptExperiments::default()
        };
        kept.reading.begin(&ctx, "test", || panic!("on purpose"));
        kept.making.begin(&ctx, "test", || panic!("on purpose"));
        settle(&mut kept, std::slice::from_ref(&at));
        assert_eq!(kept.brief(&at), Some(Err(NOT_READ)));
        assert_eq!(kept.details(&at), Some(Err(NOT_WORKED_OUT)));
        kept.retry(&at);
        assert_eq!((kept.brief(&at), kept.details(&at)), (None, None));
        settle(&mut kept, std::slice::from_ref(&at));
        assert_eq!(kept.details(&at), Some(Ok(&Details::default())));
        assert!(kept.brief(&at).unwrap().is_err_and(|why| why != NOT_READ));
    }
}
