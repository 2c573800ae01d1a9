//! What the window does about experiments: starting, watching, opening, reporting.

use std::path::Path;

use eframe::egui::Context;

use super::{
    action::{Action, Panel},
    app::App,
    changes::Changes,
    experiments::Inquiry,
    runs::Conducted,
    shelf::Job,
};
use crate::{experiment::Experiment, time::monotonic_ns};

impl App {
    pub(super) fn apply_experiment(&mut self, ctx: &Context, action: Action) {
        match action {
            Action::Inquire(inquiry) => self.inquire(ctx, inquiry),
            Action::StartExperiment => self.start_experiment(ctx),
            Action::ListExperiments => self.experiments.list(),
            Action::OpenExperiment(path) => self.open_experiment(ctx, &path),
            _ => self.save_report(),
        }
    }

    fn inquire(&mut self, ctx: &Context, inquiry: Inquiry) {
        let Some(spec) = self.form.spec().filter(|_| !self.busy()) else { return };
        self.experiments.vary = self.experiments.vary.of(inquiry, spec, self.usable_cores);
        self.start_experiment(ctx);
    }

    fn start_experiment(&mut self, ctx: &Context) {
        if self.busy() {
            return;
        }
        let Ok(plan) = self.experiments.plan(&self.form.fields).clone() else { return };
        self.notices.hush();
        self.leave_comparison();
        self.explainer.lit = None;
        self.form.changes = Changes::default();
        self.axis = self.axis.anew();
        self.dock.bring(Panel::Experiment);
        let notify = self.notify(ctx);
        match self.experiments.start(self.launcher.clone(), plan, notify) {
            Ok(trouble) => _ = trouble.map(|why| self.notices.error(why)),
            Err(error) => self.notices.error(format!("The experiment could not start: {error}")),
        }
    }

    /// How far the experiment has come, and the run of it that goes.
    pub(super) fn take_in_experiment(&mut self, ctx: &Context) {
        let news = self.experiments.refresh(ctx);
        if news.opened {
            self.dock.bring(Panel::Experiment);
        }
        if let Some(trouble) = news.trouble {
            self.notices.error(trouble);
        }
        let going = self.experiments.is_going();
        if going || news.ended {
            let newest = self.experiments.latest().filter(|(_, store)| store.info.is_some());
            let newest = newest.and_then(|(at, store)| {
                let shown = self.experiments.shown()?;
                Some(Conducted { store, spec: spec_at(&shown.experiment, at)?, path: shown.run_file(at) })
            });
            if newest.is_some() {
                self.runs.conduct(newest);
            }
        }
        if !going {
            self.runs.conduct(None);
        }
        if news.ended {
            self.order(Job::MakeRoom);
            self.notices.say("The experiment has ended".to_owned(), monotonic_ns());
            ctx.request_repaint();
        }
    }

    pub(super) fn open_experiment(&mut self, ctx: &Context, path: &Path) {
        if self.experiments.is_going() {
            self.notices.error("An experiment is going: stop it first".to_owned());
            return;
        }
        self.experiments.open(ctx, path);
    }

    fn save_report(&mut self) {
        let Some(saved) = self.experiments.save_report() else { return };
        match saved {
            Ok(path) => self.notices.say(format!("Saved {}", path.display()), monotonic_ns()),
            Err(error) => self.notices.error(format!("The report could not be written: {error}")),
        }
    }
}

fn spec_at(experiment: &Experiment, at: usize) -> Option<crate::spec::Spec> {
    let turn = experiment.plan.turns.get(at)?;
    experiment.plan.variants.get(turn.variant).map(|variant| variant.spec.clone())
}
