//! Reports are made beside the window: thousands of resamples for each interval take longer than a frame.

use std::sync::Arc;

use eframe::egui::Context;

use crate::{analysis::ExperimentReport, experiment::Experiment, gui::beside::Beside};

#[derive(Default)]
pub(super) struct Reporter {
    /// Runs that were over in the experiment that is, or was last, reported on.
    over: Option<usize>,
    making: Beside<Arc<ExperimentReport>>,
}

impl Reporter {
    /// The newest report, once it is there. Begins another where runs have ended meanwhile.
    pub(super) fn refresh(
        &mut self,
        ctx: &Context,
        experiment: &Arc<Experiment>,
    ) -> Option<Arc<ExperimentReport>> {
        let made = self.making.take();
        let over = experiment.progress().0;
        if self.making.is_idle() && self.over != Some(over) {
            self.over = Some(over);
            let experiment = Arc::clone(experiment);
            self.making.begin(ctx, "report", move || Arc::new(experiment.report()));
        }
        made
    }
}
