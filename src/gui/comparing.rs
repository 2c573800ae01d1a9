//! Runs set against one another: which two lie under each other and how, and several of the library in one table, which are
//! read beside the window.

use std::path::{Path, PathBuf};

use eframe::egui::Context;

use super::{
    action::{Action, Panel},
    app::App,
    beside::Beside,
};
use crate::{
    analysis::{ComparedRun, MOST_COMPARED, RunsComparison},
    record,
};

/// Several runs of the library.
#[derive(Default)]
pub(crate) struct Several {
    reading: Beside<Read>,
    /// How many are being read.
    asked: usize,
    runs: Vec<ComparedRun>,
    comparison: Option<RunsComparison>,
}

/// What was read, and why something could not be.
#[derive(Default)]
struct Read {
    runs: Vec<ComparedRun>,
    failed: Vec<String>,
}

impl Read {
    fn add(&mut self, path: &Path) {
        let read = record::read(path).map_err(|error| error.to_string());
        match read.and_then(|file| ComparedRun::of_file(path, &file)) {
            Ok(run) => self.runs.push(run),
            Err(why) => self.failed.push(why),
        }
    }
}

impl Several {
    /// How many are being read just now.
    pub(crate) fn reading(&self) -> Option<usize> {
        (!self.reading.is_idle()).then_some(self.asked)
    }

    pub(crate) fn comparison(&self) -> Option<&RunsComparison> {
        self.comparison.as_ref()
    }

    fn begin(&mut self, ctx: &Context, paths: Vec<PathBuf>) {
        self.asked = paths.len();
        self.reading.begin(ctx, "compare-runs", move || {
            let mut read = Read::default();
            // One after another: each may take much memory until its figures are taken.
            for path in &paths {
                read.add(path);
            }
            read
        });
    }

    /// Takes in what was read, and gives why something could not be.
    fn refresh(&mut self) -> Vec<String> {
        let Some(Read { runs, failed }) = self.reading.take() else { return Vec::new() };
        if MOST_COMPARED.contains(&runs.len()) {
            self.comparison = Some(RunsComparison::new(&runs, 0));
            self.runs = runs;
        } else {
            // What was there is no answer to what was asked.
            self.comparison = None;
            self.runs = Vec::new();
        }
        failed
    }

    fn set_base(&mut self, base: usize) {
        self.comparison = Some(RunsComparison::new(&self.runs, base)).filter(|_| !self.runs.is_empty());
    }
}

impl App {
    pub(super) fn take_in_several(&mut self) {
        for why in self.several.refresh() {
            self.notices.error(why);
        }
    }

    pub(super) fn apply_compared(&mut self, ctx: &Context, action: &Action) {
        match *action {
            Action::CompareLeft(id) => self.runs.compare_left(id),
            Action::CompareRight(id) => self.runs.compare_right(id),
            Action::SetAlign(align) => {
                self.axis.set_align(align);
                self.remembered.align = align;
            }
            Action::CompareChosen => {
                let chosen = self.keeping.view.chosen().to_vec();
                if MOST_COMPARED.contains(&chosen.len()) {
                    self.several.begin(ctx, chosen);
                    self.panel_chosen = true;
                    self.dock.bring(Panel::Compare);
                }
            }
            Action::CompareBase(base) => self.several.set_base(base),
            _ => self.several = Several::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_told_and_no_table_is_made_of_what_is_left() {
        let mut several = Several::default();
        several.begin(&Context::default(), vec!["/nowhere/a.pscope".into(), "/nowhere/b.pscope".into()]);
        assert_eq!(several.reading(), Some(2));
        let mut told = Vec::new();
        while several.reading().is_some() {
            told.extend(several.refresh());
            std::thread::yield_now();
        }
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("/nowhere/a.pscope"), "{told:?}");
        several.set_base(1);
        assert!(several.comparison().is_none());
    }
}
