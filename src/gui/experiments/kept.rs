//! The experiments that are kept, as their list shows them. Their files are read beside the window, a few at a time, since
//! those of many runs take a while.

use std::{cell::Cell, collections::HashMap, path::PathBuf, sync::Arc};

use eframe::egui::Context;
use jiff::tz::TimeZone;

use crate::{
    experiment::{self, Brief},
    gui::{
        beside::Beside,
        panels::kept::time_text,
        questions::{Kept, Question},
    },
    library::ExperimentEntry,
    units,
};

/// So many are read before the list is shown again.
const AT_ONCE: usize = 16;

/// A file as it was at its last change.
type Key = (PathBuf, u64);
type BriefOf = Result<Arc<Brief>, String>;

fn key(entry: &ExperimentEntry) -> Key {
    (entry.path.clone(), entry.modified_unix_ns)
}

/// What takes longest to find out of one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Details {
    pub(crate) conclusions: Vec<String>,
}

impl Details {
    fn read(path: &std::path::Path) -> Self {
        // Why it cannot be read is told by its brief.
        let read = experiment::read(path).ok();
        Self { conclusions: read.map(|read| read.report().conclusions()).unwrap_or_default() }
    }
}

#[derive(Default)]
pub(crate) struct KeptExperiments {
    /// The list is shown in the place of that of runs.
    pub(crate) shown: bool,
    pub(crate) search: String,
    pub(crate) selected: Option<PathBuf>,
    /// `None` inside for those that are being read.
    briefs: HashMap<PathBuf, (u64, Option<BriefOf>)>,
    reading: Beside<Vec<(Key, BriefOf)>>,
    /// Of the selected one; `None` inside while it is being read.
    details: Option<(Key, Option<Details>)>,
    making: Beside<(Key, Details)>,
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

    fn is_unread(&self, entry: &ExperimentEntry) -> bool {
        self.briefs.get(&entry.path).is_none_or(|(modified, _)| *modified != entry.modified_unix_ns)
    }

    /// The selected one, where nothing newer of it is known or being worked out.
    fn unknown(&self, entries: &[ExperimentEntry]) -> Option<Key> {
        let of = key(entries.iter().find(|entry| Some(&entry.path) == self.selected.as_ref())?);
        self.details.as_ref().is_none_or(|(known, _)| *known != of).then_some(of)
    }

    /// What is known of one; `None` until it was read.
    pub(crate) fn brief(&self, entry: &ExperimentEntry) -> Option<&BriefOf> {
        self.briefs.get(&entry.path)?.1.as_ref()
    }

    /// What the selected one says; `None` until it was worked out.
    pub(crate) fn details(&self, entry: &ExperimentEntry) -> Option<&Details> {
        let (of, details) = self.details.as_ref()?;
        details.as_ref().filter(|_| of.0 == entry.path)
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
        for ((path, modified), brief) in self.reading.take().unwrap_or_default() {
            self.briefs.insert(path, (modified, Some(brief)));
        }
        if let Some((of, details)) = self.making.take() {
            self.details = Some((of, Some(details)));
        }
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
            // What was known of it stays until there is something newer.
            let old = self.details.take().filter(|(known, _)| known.0 == of.0).and_then(|(_, old)| old);
            self.details = Some((of.clone(), old));
            self.making.begin(ctx, "experiment-details", move || {
                let details = Details::read(&of.0);
                (of, details)
            });
        }
    }

    fn read_more(&mut self, ctx: &Context, entries: &[ExperimentEntry]) {
        let missing = entries.iter().filter(|entry| self.is_unread(entry));
        let missing: Vec<Key> = missing.take(AT_ONCE).map(key).collect();
        if missing.is_empty() {
            return;
        }
        for (path, modified) in &missing {
            let old = self.briefs.remove(path).and_then(|(_, old)| old);
            self.briefs.insert(path.clone(), (*modified, old));
        }
        self.reading.begin(ctx, "experiments", move || {
            let read = |of: Key| {
                let brief = experiment::read(&of.0).map(|read| Arc::new(Brief::new(&read)));
                (of, brief.map_err(|error| error.to_string()))
            };
            missing.into_iter().map(read).collect()
        });
    }
}

pub(crate) fn began(brief: &Brief) -> String {
    time_text(brief.began_unix_ns, &TimeZone::system())
}
