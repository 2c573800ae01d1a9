//! The experiment of this window: the one that goes on, or the one that was opened last.

mod kept;
mod opening;
mod reporter;
mod vary;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use eframe::egui::Context;

pub(crate) use self::kept::KeptExperiments;
pub(crate) use self::vary::{Inquiry, Vary};
use self::{opening::Opening, reporter::Reporter};
use super::form::Fields;
use crate::{
    analysis::ExperimentReport,
    experiment::{Conductor, Experiment, Plan},
    export::{ExperimentFormat, export_experiment},
    library::{Hold, experiments, new_experiment},
    session::{Launcher, Notify},
    spec::SpecError,
    store::RunStore,
};

/// How an experiment came here.
enum Source {
    /// It was started here; kept until another one takes its place, for the trouble that it may tell of.
    Conducted(Conductor),
    File,
}

/// An experiment that is shown.
pub(crate) struct Shown {
    source: Source,
    pub(crate) experiment: Arc<Experiment>,
    /// Where its run files are; `None` where they could not be recorded.
    pub(crate) folder: Option<PathBuf>,
    /// So that no limit removes it while it is shown.
    hold: Option<Hold>,
    /// Of what had been measured a moment ago.
    pub(crate) report: Option<Arc<ExperimentReport>>,
}

impl Shown {
    /// The run file of one of its runs, by its place in the plan.
    pub(crate) fn run_file(&self, at: usize) -> Option<PathBuf> {
        let name = self.experiment.runs.get(at)?.record()?.file.as_ref()?;
        Some(self.folder.as_ref()?.join(name))
    }
}

/// What the setup and what varies come to, kept until one of them changes.
struct Checked {
    setup: Fields,
    vary: Vary,
    plan: Result<Arc<Plan>, Vec<SpecError>>,
}

#[derive(Default)]
pub(crate) struct Experiments {
    pub(crate) vary: Vary,
    checked: Option<Checked>,
    shown: Option<Shown>,
    /// Files of the experiments that are kept, newest first, as of the last look.
    kept: Vec<PathBuf>,
    reporter: Reporter,
    opening: Opening,
}

/// What became known since the frame before.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// The experiment has just ended.
    pub(crate) ended: bool,
    pub(crate) trouble: Option<String>,
    /// One was read, and is shown.
    pub(crate) opened: bool,
}

impl Experiments {
    /// The plan for the setup and what is to vary.
    pub(crate) fn plan(&mut self, setup: &Fields) -> &Result<Arc<Plan>, Vec<SpecError>> {
        let same = self.checked.as_ref().is_some_and(|kept| kept.setup == *setup && kept.vary == self.vary);
        if !same {
            self.checked = None;
        }
        let vary = &self.vary;
        &self
            .checked
            .get_or_insert_with(|| Checked {
                setup: setup.clone(),
                vary: vary.clone(),
                plan: vary.plan(setup).map(Arc::new),
            })
            .plan
    }

    /// Looks which experiments are kept on this machine.
    pub(crate) fn list(&mut self) {
        // Without a folder there are none.
        self.kept = experiments().unwrap_or_default();
    }

    pub(crate) fn kept(&self) -> &[PathBuf] {
        &self.kept
    }

    /// Why what is to vary cannot be run, as of the last look at it.
    pub(crate) fn blocked(&self) -> Option<String> {
        let errors = self.checked.as_ref()?.plan.as_ref().err()?;
        Some(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    /// Ends what goes on, and lets go of it.
    pub(crate) fn clear(&mut self) {
        self.shown = None;
    }

    /// The experiment in this folder is gone.
    pub(crate) fn let_go(&mut self, folder: &Path) {
        if !self.is_going()
            && self.shown.as_ref().is_some_and(|shown| shown.folder.as_deref() == Some(folder))
        {
            self.shown = None;
        }
    }

    pub(crate) fn shown(&self) -> Option<&Shown> {
        self.shown.as_ref()
    }

    /// An experiment goes on.
    pub(crate) fn is_going(&self) -> bool {
        self.conductor().is_some_and(|conductor| !conductor.experiment().is_over())
    }

    fn conductor(&self) -> Option<&Conductor> {
        match &self.shown.as_ref()?.source {
            Source::Conducted(conductor) => Some(conductor),
            Source::File => None,
        }
    }

    /// Begins one. Gives the reason where its runs are not recorded.
    ///
    /// # Errors
    /// No thread could be started.
    pub(crate) fn start(
        &mut self,
        launcher: Launcher,
        plan: Arc<Plan>,
        notify: Notify,
    ) -> std::io::Result<Option<String>> {
        let (folder, trouble) = match new_experiment(&plan.variants) {
            Ok(folder) => (Some(folder), None),
            Err(error) => (None, Some(format!("The runs of this experiment are not recorded: {error}"))),
        };
        let conductor = Conductor::start(launcher, plan, folder.clone(), notify)?;
        let experiment = conductor.experiment();
        self.reporter = Reporter::default();
        // What is being read must not take its place.
        self.opening = Opening::default();
        let source = Source::Conducted(conductor);
        self.shown = Some(Shown { source, experiment, folder, hold: None, report: None });
        Ok(trouble)
    }

    /// Begins to read one that was recorded; it is shown once it is there.
    pub(crate) fn open(&mut self, ctx: &Context, path: &Path) {
        self.opening.begin(ctx, path);
    }

    /// The file that is being read.
    pub(crate) fn opening(&self) -> Option<&Path> {
        self.opening.path()
    }

    fn take_in_opened(&mut self, news: &mut News) {
        let Some((path, read)) = self.opening.take() else { return };
        match read {
            Ok(experiment) => {
                self.reporter = Reporter::default();
                let folder = path.parent().map(Path::to_owned);
                let hold = folder.as_deref().and_then(Hold::to_look);
                self.shown = Some(Shown { source: Source::File, experiment, folder, hold, report: None });
                news.opened = true;
            }
            Err(why) => news.trouble = Some(why),
        }
    }

    /// Writes the report beside the runs; `None` where there is none yet, or no folder.
    pub(crate) fn save_report(&self) -> Option<std::io::Result<PathBuf>> {
        let shown = self.shown.as_ref()?;
        let folder = shown.folder.as_ref()?;
        // Never over a page that is there, which may be anybody's.
        let names = (2_u32..).map(|number| format!("report-{number}.html"));
        let names = std::iter::once("report.html".to_owned()).chain(names);
        let path = names.map(|name| folder.join(name)).find(|path| !path.exists())?;
        let report = shown.report.as_ref()?;
        let written = export_experiment(report, &shown.experiment.cover(), ExperimentFormat::Html, &path);
        Some(written.map(|()| path).map_err(|error| error.source))
    }

    pub(crate) fn stop(&self) {
        if let Some(conductor) = self.conductor() {
            conductor.stop();
        }
    }

    /// The run that began last, and its place in the plan.
    pub(crate) fn latest(&self) -> Option<(usize, Arc<RunStore>)> {
        self.conductor()?.latest()
    }

    /// Takes in how far it has come, and has it reported on.
    pub(crate) fn refresh(&mut self, ctx: &Context) -> News {
        let mut news = News::default();
        self.take_in_opened(&mut news);
        let Some(shown) = &mut self.shown else { return news };
        if shown.experiment.is_over() {
            // All of it is taken in: nothing need be kept of its last run.
            shown.source = Source::File;
            if shown.hold.is_none() {
                shown.hold = shown.folder.as_deref().and_then(Hold::to_look);
            }
        }
        if let Source::Conducted(conductor) = &shown.source {
            let experiment = conductor.experiment();
            news.ended = experiment.is_over() && !shown.experiment.is_over();
            let unwritten = conductor.trouble();
            news.trouble = unwritten.map(|why| format!("The experiment's file could not be written: {why}"));
            shown.experiment = experiment;
        }
        if let Some(report) = self.reporter.refresh(ctx, &shown.experiment) {
            shown.report = Some(report);
        }
        news
    }
}
