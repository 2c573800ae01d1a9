//! Reports are made beside the window: thousands of resamples for each interval take longer than a frame.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use eframe::egui::Context;

use crate::{
    analysis::ExperimentReport,
    experiment::{Experiment, RunState},
    gui::beside::Beside,
};

/// A report that takes no longer is made whatever goes on.
const LITTLE: Duration = Duration::from_millis(60);

#[derive(Default)]
pub(super) struct Reporter {
    /// Runs that were over in the experiment that is, or was last, reported on.
    over: Option<usize>,
    making: Beside<(Arc<ExperimentReport>, Duration)>,
    /// What the last report took.
    cost: Duration,
}

impl Reporter {
    /// The newest report, once it is there. Begins another where runs have ended meanwhile.
    pub(super) fn refresh(
        &mut self,
        ctx: &Context,
        experiment: &Arc<Experiment>,
    ) -> Option<Arc<ExperimentReport>> {
        let made = self.making.take();
        let made = made.map(|(report, cost)| {
            self.cost = cost;
            report
        });
        let over = experiment.progress().0;
        // What takes long would take a core from the run that is being timed.
        let times = experiment.runs.contains(&RunState::Running);
        let may = !times || self.cost < LITTLE;
        if self.making.is_idle() && self.over != Some(over) && may {
            self.over = Some(over);
            let experiment = Arc::clone(experiment);
            self.making.begin(ctx, "report", move || {
                let began = Instant::now();
                let report = Arc::new(experiment.report());
                (report, began.elapsed())
            });
        }
        made
    }
}
