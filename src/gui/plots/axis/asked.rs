//! What other parts of the window ask of the timeline, which shares the axis with them.

use std::sync::Arc;

use super::TimeAxis;
use crate::{
    analysis::{Intervals, Part},
    gui::plots::RunKey,
    ids::{TaskId, WorkerId},
};

/// When workers' time went into one part of it.
#[derive(Clone, Debug)]
pub(crate) struct Lit {
    pub(crate) run: RunKey,
    pub(crate) part: Part,
    pub(crate) by_worker: Arc<Vec<Intervals>>,
}

#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Somebody wants to look for something.
    find: bool,
    /// The timeline has a lane for every core instead of one for every worker.
    by_core: bool,
    /// The part of the workers' time that is to be seen, and when each worker's went into it.
    lit: Option<Lit>,
    /// An attempt that is to be chosen.
    choose: Option<(WorkerId, TaskId)>,
}

impl Asked {
    /// What was asked of another run is not meant any more.
    pub(super) fn forget(&mut self) {
        self.find = false;
    }

    /// For another run: how the timeline is laid out stays.
    pub(super) fn anew(&self) -> Self {
        Self { by_core: self.by_core, ..Self::default() }
    }
}

impl TimeAxis {
    pub(crate) fn by_core(&self) -> bool {
        self.asked.by_core
    }

    pub(crate) fn set_by_core(&mut self, by_core: bool) {
        self.asked.by_core = by_core;
    }

    /// Shows when the workers' time went into a part, or no longer.
    pub(crate) fn light(&mut self, lit: Option<Lit>) {
        self.asked.lit = lit;
    }

    pub(crate) fn lit(&self) -> Option<&Lit> {
        self.asked.lit.as_ref()
    }

    /// Asks the timeline to choose the last attempt of a task on this worker.
    pub(crate) fn choose(&mut self, worker: WorkerId, task: TaskId) {
        self.asked.choose = Some((worker, task));
    }

    pub(crate) fn take_choice(&mut self) -> Option<(WorkerId, TaskId)> {
        self.asked.choose.take()
    }

    /// Asks the timeline for its line to look for something.
    pub(crate) fn find(&mut self) {
        self.asked.find = true;
    }

    pub(crate) fn take_find(&mut self) -> bool {
        std::mem::take(&mut self.asked.find)
    }
}
