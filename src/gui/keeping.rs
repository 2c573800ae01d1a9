//! What the window does about runs that are kept: recording, opening, and the orders to the library.

use std::path::{Path, PathBuf};

use eframe::egui::Context;

use super::{
    action::{Action, Panel},
    app::App,
    beside::Beside,
    dialogs::{Answer, FileDialog, has_file_dialogs},
    experiments::KeptExperiments,
    exporting::typed,
    form::Form,
    notices::Notices,
    opening::Opener,
    panels::{kept::delete_question, library::LibraryView},
    questions::{Question, Questions},
    shelf::{Job, News, Shelf},
};
use crate::{
    library::EXPERIMENT_EXTENSION,
    record::Recorder,
    session::show_folder,
    spec::{Spec, Transport},
    time::monotonic_ns,
};

/// Looks this often whether a record has come to its end after its run.
const CLOSING_POLL: std::time::Duration = std::time::Duration::from_millis(50);

/// By its name, a file of an experiment and not of a run.
pub(super) fn is_experiment(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == EXPERIMENT_EXTENSION)
}

/// Everything of the window that has to do with runs that are kept.
pub(super) struct Keeping {
    pub(super) shelf: Shelf,
    pub(super) view: LibraryView,
    pub(super) experiments: KeptExperiments,
    pub(super) opener: Opener,
    pub(super) questions: Questions,
    /// What the desktop says to a folder that it was to show.
    folder: Beside<Result<(), String>>,
    dialog: Option<FileDialog>,
    no_dialogs: bool,
}

impl Keeping {
    /// Tells what went wrong, where there is no library.
    pub(super) fn new(ctx: &Context, files: Vec<PathBuf>, notices: &mut Notices) -> Self {
        let shelf = Shelf::open(ctx).unwrap_or_else(|error| {
            notices.error(format!("Runs are not recorded: {error}"));
            Shelf::default()
        });
        let mut opener = Opener::default();
        for file in files {
            opener.add(std::path::absolute(&file).unwrap_or(file));
        }
        Self {
            shelf,
            view: LibraryView::default(),
            experiments: KeptExperiments::default(),
            opener,
            questions: Questions::default(),
            folder: Beside::default(),
            dialog: None,
            no_dialogs: !has_file_dialogs(),
        }
    }
}

impl App {
    /// A recorder for a run that is about to start. Without one the run goes on all the same, and the window says why.
    pub(super) fn recorder(&mut self, spec: &Spec) -> Option<Recorder> {
        match self.keeping.shelf.record(spec)? {
            Ok(recorder) => {
                self.order(Job::List);
                Some(recorder)
            }
            Err(error) => {
                self.notices.error(format!("This run is not recorded: {error}"));
                None
            }
        }
    }

    pub(super) fn take_in_recordings(
        &mut self,
        ctx: &Context,
        recorded: Vec<Result<(), String>>,
        closing: bool,
    ) {
        for end in recorded {
            self.order(Job::MakeRoom);
            if let Err(why) = end {
                self.notices.error(why);
            }
        }
        if closing {
            ctx.request_repaint_after(CLOSING_POLL);
        }
    }

    /// What the library, the files that are read and the system's dialog have brought since the frame before.
    pub(super) fn take_in_kept(&mut self, ctx: &Context) {
        let dropped = ctx.input(|input| input.raw.dropped_files.clone());
        let dropped: Vec<PathBuf> = dropped.into_iter().map(|file| file.path().to_owned()).collect();
        if !dropped.is_empty() {
            self.open_runs(ctx, &dropped);
        }
        let going = self.experiments.shown().filter(|_| self.experiments.is_going());
        self.keeping.experiments.follow(going);
        self.keeping.experiments.refresh(ctx, self.keeping.shelf.experiments());
        self.keeping.shelf.watch_if_seen();
        match self.keeping.shelf.poll() {
            Some(News::Said(what)) => self.notices.say(what, monotonic_ns()),
            Some(News::Failed(why)) => self.notices.error(why),
            Some(News::NoTrash(path)) => {
                let entries = self.keeping.shelf.entries().map_or(&[][..], |entries| entries);
                let entry = entries.iter().find(|entry| entry.path == path);
                if let Some(question) = entry.map(|entry| delete_question(entry, true)) {
                    self.keeping.questions.ask(question);
                }
            }
            Some(News::NoTrashForExperiment(path)) => {
                let entry = self.keeping.shelf.experiments().iter().find(|entry| entry.path == path);
                let question = entry.map(|entry| self.keeping.experiments.delete_question(entry, true));
                if let Some(question) = question {
                    self.keeping.questions.ask(question);
                }
            }
            Some(News::ExperimentGone(folder, what)) => {
                self.experiments.let_go(&folder);
                self.notices.say(what, monotonic_ns());
            }
            Some(News::Spec(name, spec)) => self.use_spec(&spec, &name),
            Some(News::NoTrashFor(limit)) => {
                if let Some(question) = Question::about_limit(&self.keeping.shelf, limit, true) {
                    self.keeping.questions.ask(question);
                }
            }
            None => {}
        }
        if let Some(Err(why)) = self.keeping.folder.take() {
            self.notices.error(why);
        }
        match self.keeping.dialog.as_ref().and_then(FileDialog::poll) {
            None => {}
            Some(answer) => {
                self.keeping.dialog = None;
                match answer {
                    Answer::Chosen(paths) => self.open_runs(ctx, &paths),
                    Answer::Cancelled => {}
                    Answer::NoService => {
                        self.keeping.no_dialogs = true;
                        self.choose_runs(ctx);
                    }
                }
            }
        }
        if let Some((path, read)) = self.keeping.opener.poll(ctx) {
            match read {
                Ok(file) => {
                    if let Some(gap) = &file.gap {
                        self.notices.error(format!("{} is incomplete: {gap}", path.display()));
                    }
                    if !self.show_lesson_of(&file.spec) {
                        self.lessons.set_open(false);
                    }
                    self.runs.open(path, file);
                    self.axis.fit();
                }
                Err(why) => self.notices.error(why),
            }
            // Another may wait.
            ctx.request_repaint();
        }
    }

    /// Fills the form with what a run was made from.
    pub(super) fn use_spec(&mut self, spec: &Spec, name: &str) {
        if self.show_lesson_of(spec) {
            return;
        }
        if let Some(lesson) = spec.program_of() {
            self.notices.error(format!("{name} is of the lesson {lesson}, which this version does not have"));
            return;
        }
        self.form = Form::from_spec(spec);
        let transport = match spec.transport {
            Transport::Ring => String::new(),
            Transport::Stream => ", with the transport stream".to_owned(),
        };
        self.notices.say(format!("The form holds the spec of {name}{transport}"), monotonic_ns());
    }

    pub(super) fn apply_kept(&mut self, ctx: &Context, action: Action) {
        match action {
            Action::OpenRuns(paths) => self.open_runs(ctx, &paths),
            Action::ChooseRuns => self.choose_runs(ctx),
            Action::Order(job) => self.order(job),
            Action::UseSpec => {
                if let Some(run) = self.runs.shown() {
                    let (spec, name) = (run.spec().clone(), format!("run #{}", run.id.0));
                    self.use_spec(&spec, &name);
                }
            }
            Action::ShowKept { experiments } => {
                self.keeping.experiments.shown = experiments;
                self.apply_panels(&Action::ShowPanel(Panel::Runs));
            }
            Action::OpenFolder(folder) => self.open_folder(ctx, folder),
            Action::Ask(question) => self.keeping.questions.ask(question),
            _ => self.keeping.questions.close(),
        }
    }

    pub(super) fn order(&mut self, job: Job) {
        if self.keeping.shelf.is_open() && !self.keeping.shelf.order(job) {
            self.notices.error("The library of runs is busy; try again in a moment".to_owned());
        }
    }

    fn open_runs(&mut self, ctx: &Context, paths: &[PathBuf]) {
        for path in paths.iter().map(|path| typed(path)) {
            if is_experiment(&path) {
                self.open_experiment(ctx, &path);
                continue;
            }
            // What is here already need not be read again.
            if let Some(id) = self.runs.of_file(&path) {
                let spec = self.runs.iter().find(|run| run.id == id).map(|run| run.spec().clone());
                let of_lesson = spec.is_some_and(|spec| self.show_lesson_of(&spec));
                self.lessons.set_open(of_lesson);
                self.runs.show(id);
                self.axis.fit();
            } else if !self.keeping.opener.add(path) {
                self.notices.error("Too many files at once; some were not opened".to_owned());
            }
        }
        self.leave_comparison();
    }

    /// Has the desktop show a folder. What it says to that comes later.
    fn open_folder(&mut self, ctx: &Context, folder: PathBuf) {
        let wait = show_folder(folder);
        self.keeping.folder.begin(ctx, "show-folder", wait);
    }

    fn choose_runs(&mut self, ctx: &Context) {
        if self.keeping.no_dialogs {
            self.keeping.questions.ask(Question::Open { path: String::new(), begun: false });
        } else if self.keeping.dialog.is_none() {
            self.keeping.dialog = Some(FileDialog::open(ctx, &std::env::home_dir().unwrap_or_default()));
        }
    }
}
