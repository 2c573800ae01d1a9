//! The ordinary runs of a lesson, one after another.

use super::Place;
use crate::{
    analysis::{Answered, LabReport},
    gui::{
        plots::TimeAxis,
        runs::{RunId, Runs},
    },
    lesson::{LabRun, What},
    spec::Spec,
};

pub(crate) struct Series {
    pub(crate) place: Place,
    /// Those that were begun, in their order, with what came of them.
    begun: Vec<(RunId, Option<LabReport>)>,
    stopped: bool,
    answered: Option<Vec<Answered>>,
    /// That of all their pictures.
    pub(crate) axis: TimeAxis,
}

impl Series {
    pub(crate) fn new(place: Place) -> Self {
        Self { place, begun: Vec::new(), stopped: false, answered: None, axis: TimeAxis::default() }
    }

    pub(crate) fn runs(&self) -> &'static [LabRun] {
        match &self.place.variant().what {
            What::Runs(runs) => runs,
            What::Program(_) => &[],
        }
    }

    /// One more is to be begun.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.stopped && self.begun.len() < self.runs().len()
    }

    pub(crate) fn next(&self) -> Option<&'static Spec> {
        let run = self.runs().get(self.begun.len()).filter(|_| !self.stopped)?;
        Some(&run.spec)
    }

    pub(crate) fn begin(&mut self, run: RunId) {
        self.begun.push((run, None));
    }

    /// No further one begins.
    pub(crate) fn stop(&mut self) {
        self.stopped = true;
    }

    /// What is known of one, by its place.
    pub(crate) fn row(&self, at: usize) -> Option<(RunId, Option<&LabReport>)> {
        self.begun.get(at).map(|(run, report)| (*run, report.as_ref()))
    }

    pub(super) fn answered(&self) -> Option<&Vec<Answered>> {
        self.answered.as_ref()
    }

    /// Takes in runs that have ended.
    pub(super) fn refresh(&mut self, runs: &Runs) {
        if self.answered.is_some() {
            return;
        }
        let labs = self.runs();
        for ((id, report), lab) in self.begun.iter_mut().zip(labs) {
            let run = runs.iter().find(|run| run.id == *id);
            if let Some(run) = run.filter(|run| report.is_none() && !run.live) {
                *report = Some(LabReport::new(lab, run.whole(), run.observer()));
            }
        }
        let reports: Vec<LabReport> =
            self.begun.iter().filter_map(|(_, report)| report.as_ref()).cloned().collect();
        // Where somebody has stopped it, the runs that there are tell nothing.
        let whole = reports.iter().all(|report| report.ended != "interrupted");
        if reports.len() == labs.len() && whole && !labs.is_empty() {
            self.answered = Some(crate::analysis::answered_by_runs(self.place.variant(), &reports));
        }
    }
}
