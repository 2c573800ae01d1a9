//! Writing the shown run to a file: from the menu, through the question for a path, to the file.
//!
//! Files are written by a thread of their own, so that a large export never stops the window. Pictures need one frame
//! first: the one after every window over the plots has closed.

mod paths;
mod pictures;
mod preview;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use eframe::egui::{Context, Rect};

pub(crate) use self::paths::typed;
use self::{paths::file_name, pictures::View, preview::preview};

use super::{
    action::ExportKind,
    dialogs::{Answer, ExportWindow, FileDialog, has_file_dialogs},
    runs::Run,
};
use crate::{
    analysis::Observer,
    export::{self, Format, LogPattern},
    lesson::LogFile,
    library::copy_run,
    record,
    store::RunStore,
};

/// Exports that may be under way at once.
const MOST_AT_ONCE: usize = 4;

/// How an export ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Saved(PathBuf),
    /// A line that says what, where and why.
    Failed(String),
}

/// The run in hand and what is known of it.
struct Subject {
    store: Arc<RunStore>,
    observer: Observer,
    /// What of the window is the picture, for kinds that are one.
    view: View,
    /// The run's own file.
    file: Option<PathBuf>,
}

/// Tells one try at writing a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TryId(u64);

/// A try whose window waits for its outcome.
#[derive(Clone, Copy, Debug)]
struct Writing {
    id: TryId,
    /// The window comes back only if the try fails: a picture must not show it, and after the system's dialog nobody
    /// expects it.
    hidden: bool,
}

struct Picture {
    path: PathBuf,
    view: View,
    id: TryId,
}

pub(crate) struct Exporter {
    /// What is being asked about, in our own window or in the system's dialog.
    window: Option<ExportWindow>,
    subject: Option<Subject>,
    dialog: Option<FileDialog>,
    writing: Option<Writing>,
    tries: u64,
    /// To be taken from the next frame.
    picture: Option<Picture>,
    /// The text that the preview was made from.
    previewed: Option<String>,
    /// No file dialog came up before, so none is tried again.
    no_dialogs: bool,
    last_pattern: String,
    /// Where the export before went; the home directory at first.
    folder: PathBuf,
    sender: SyncSender<(TryId, Outcome)>,
    done: Receiver<(TryId, Outcome)>,
}

impl Default for Exporter {
    fn default() -> Self {
        let (sender, done) = sync_channel(MOST_AT_ONCE);
        Self {
            window: None,
            subject: None,
            dialog: None,
            writing: None,
            tries: 0,
            picture: None,
            previewed: None,
            no_dialogs: !has_file_dialogs(),
            last_pattern: LogPattern::DEFAULT.to_owned(),
            folder: std::env::home_dir().unwrap_or_default(),
            sender,
            done,
        }
    }
}

impl Exporter {
    /// Our own window, while it is open.
    pub(crate) fn window(&self) -> Option<&ExportWindow> {
        self.window.as_ref().filter(|_| self.shows_window())
    }

    pub(crate) fn window_mut(&mut self) -> Option<&mut ExportWindow> {
        let shows = self.shows_window();
        self.window.as_mut().filter(|_| shows)
    }

    /// While the system's dialog is open, ours is hidden.
    fn shows_window(&self) -> bool {
        self.dialog.is_none() && !self.writing.is_some_and(|writing| writing.hidden)
    }

    /// A person chose what to export.
    pub(crate) fn begin(&mut self, ctx: &Context, kind: ExportKind, run: &Run, parts: Vec<Rect>) {
        self.subject = Some(Subject {
            store: Arc::clone(run.whole()),
            observer: run.observer(),
            view: View { parts, title: run.title() },
            file: run.file().map(Path::to_owned),
        });
        self.previewed = None;
        self.writing = None;
        self.window = Some(ExportWindow {
            kind,
            path: self.folder.join(file_name(run.spec(), kind)).display().to_string(),
            begun: false,
            pattern: self.last_pattern.clone(),
            preview: Ok(String::new()),
            system_dialog: !self.no_dialogs,
            replaces: None,
            writing: false,
            error: None,
        });
        self.preview();
        // Only the log has something to be chosen before the path.
        if !matches!(kind, ExportKind::Log | ExportKind::LessonLog) && !self.no_dialogs {
            self.browse(ctx);
        }
    }

    /// A lesson's own log, in its own pattern and under the name that its Python gives the file.
    pub(crate) fn begin_lesson_log(&mut self, ctx: &Context, run: &Run, log: &LogFile) {
        self.begin(ctx, ExportKind::LessonLog, run, Vec::new());
        if let Some(window) = &mut self.window {
            window.path = self.folder.join(&log.file).display().to_string();
            window.pattern.clone_from(&log.format);
        }
        if !self.no_dialogs {
            self.browse(ctx);
        }
    }

    /// Opens the system's dialog for the export in hand.
    pub(crate) fn browse(&mut self, ctx: &Context) {
        if let Some(window) = &self.window {
            self.dialog = Some(FileDialog::save(ctx, window.kind, Path::new(&window.path)));
        }
    }

    /// Closes the window. What is being written goes on, and its outcome is told all the same.
    pub(crate) fn cancel(&mut self) {
        self.window = None;
        self.subject = None;
        self.dialog = None;
        self.writing = None;
    }

    /// Brings the preview up to the pattern as typed.
    pub(crate) fn preview(&mut self) {
        let Some(window) = self.window.as_mut().filter(|window| window.kind == ExportKind::Log) else {
            return;
        };
        if self.previewed.as_ref() == Some(&window.pattern) {
            return;
        }
        self.previewed = Some(window.pattern.clone());
        let store = self.subject.as_ref().map(|subject| subject.store.as_ref());
        window.preview = preview(&window.pattern, store);
    }

    /// Looks for what has happened since the frame before. A failure stays in its window while that is open, so that the
    /// person can mend it there.
    pub(crate) fn poll(&mut self, ctx: &Context) -> Option<Outcome> {
        match self.dialog.as_ref().and_then(FileDialog::poll) {
            None => {}
            Some(Answer::Chosen(paths)) => {
                self.dialog = None;
                let path = paths.into_iter().next()?;
                if let Some(window) = &mut self.window {
                    window.path = path.display().to_string();
                }
                // The system's dialog has asked about an existing file already.
                self.write(ctx, path, true);
            }
            Some(Answer::Cancelled) => self.cancel(),
            Some(Answer::NoService) => {
                self.dialog = None;
                self.no_dialogs = true;
                if let Some(window) = &mut self.window {
                    window.system_dialog = false;
                }
            }
        }
        if let Some(picture) = self.picture.take() {
            self.take_picture(ctx, picture);
        }
        let (id, outcome) = self.done.try_recv().ok()?;
        self.settle(id, outcome)
    }

    /// The outcome, unless its window can tell of it.
    fn settle(&mut self, id: TryId, outcome: Outcome) -> Option<Outcome> {
        if self.writing.is_none_or(|writing| writing.id != id) {
            return Some(outcome);
        }
        self.writing = None;
        match (outcome, &mut self.window) {
            (Outcome::Failed(why), Some(window)) => {
                window.writing = false;
                window.error = Some(why);
                None
            }
            (outcome, _) => {
                self.cancel();
                Some(outcome)
            }
        }
    }

    /// A path was typed. An existing file is pointed out once before it is replaced.
    pub(crate) fn save_to(&mut self, ctx: &Context, path: &Path) {
        let path = typed(path);
        if let Some(window) = &mut self.window
            && path.is_dir()
        {
            let why = format!("{} is a folder: add the name of the file to write in it", path.display());
            (window.replaces, window.error) = (None, Some(why));
            return;
        }
        if let Some(window) = &mut self.window
            && path.exists()
            && window.replaces.as_deref() != Some(&path)
        {
            window.replaces = Some(path);
            window.error = None;
            return;
        }
        self.write(ctx, path, false);
    }

    fn write(&mut self, ctx: &Context, path: PathBuf, hidden: bool) {
        let (Some(window), Some(subject)) = (&mut self.window, &self.subject) else { return };
        self.tries += 1;
        let id = TryId(self.tries);
        let is_picture = matches!(window.kind, ExportKind::TimelinePng | ExportKind::PlotsPng);
        self.writing = Some(Writing { id, hidden: hidden || is_picture });
        (window.writing, window.error) = (true, None);
        if let Some(folder) = path.parent().filter(|folder| folder.is_dir()) {
            folder.clone_into(&mut self.folder);
        }
        let (store, observer) = (Arc::clone(&subject.store), subject.observer);
        let format = match window.kind {
            ExportKind::RunFile => {
                let Some(file) = subject.file.clone() else {
                    let why = "The run was not recorded, so that there is no file to copy";
                    return self.tell(id, Outcome::Failed(why.to_owned()));
                };
                run_in_thread((self.sender.clone(), id), ctx.clone(), path, move |path| {
                    copy_run(&file, path).map_err(|error| error.to_string())
                });
                return;
            }
            ExportKind::LessonLog => {
                let Ok(pattern) = LogPattern::parse(&window.pattern) else { return };
                run_in_thread((self.sender.clone(), id), ctx.clone(), path, move |path| {
                    let zone = jiff::tz::TimeZone::system();
                    let write =
                        |out: &mut dyn std::io::Write| export::write_lesson_log(&store, &pattern, &zone, out);
                    export::spare_run(path)
                        .and_then(|()| export::write_atomically(path, write))
                        .map_err(|error| error.to_string())
                });
                return;
            }
            ExportKind::Table(table) => Format::Csv(table),
            ExportKind::Json => Format::Json,
            ExportKind::JsonLines => Format::Jsonl,
            ExportKind::Trace => Format::Trace,
            ExportKind::Joblog => Format::Joblog,
            ExportKind::Page => Format::Html,
            ExportKind::Svg(plot) => Format::Svg(plot),
            ExportKind::Log => match LogPattern::parse(&window.pattern) {
                Ok(pattern) => {
                    self.last_pattern.clone_from(&window.pattern);
                    Format::Log(pattern)
                }
                Err(error) => {
                    return self.tell(id, Outcome::Failed(format!("The log was not exported: {error}")));
                }
            },
            ExportKind::TimelinePng | ExportKind::PlotsPng => {
                let view = subject.view.clone();
                if view.parts.is_empty() {
                    let why = "There is nothing on the screen to take a picture of";
                    self.tell(id, Outcome::Failed(why.to_owned()));
                } else {
                    self.picture = Some(Picture { path, view, id });
                }
                ctx.request_repaint();
                return;
            }
        };
        let file = subject.file.clone();
        run_in_thread((self.sender.clone(), id), ctx.clone(), path, move |path| {
            // As it stands now: it may have been named since it was opened.
            let brief = file.and_then(|file| record::brief(&file).ok());
            let label = brief.map(|brief| brief.label).unwrap_or_default();
            export::export(&store, observer, &label, &format, path).map_err(|error| error.to_string())
        });
    }

    fn take_picture(&self, ctx: &Context, picture: Picture) {
        let (sender, requester) = (self.sender.clone(), ctx.clone());
        ctx.request_screenshot(move |image| {
            let Picture { path, view, id } = picture;
            let pixels_per_point = requester.pixels_per_point();
            let wake = requester.clone();
            run_in_thread((sender, id), wake, path, move |path| {
                pictures::write(&image, &view, pixels_per_point, path)
            });
        });
    }

    fn tell(&self, id: TryId, outcome: Outcome) {
        // The channel is drained every frame; a full one means that messages like this one are waiting already.
        let _ = self.sender.try_send((id, outcome));
    }
}

fn run_in_thread(
    (sender, id): (SyncSender<(TryId, Outcome)>, TryId),
    ctx: Context,
    path: PathBuf,
    work: impl FnOnce(&Path) -> Result<(), String> + Send + 'static,
) {
    let failed = sender.clone();
    let spawned = thread::Builder::new().name("export".to_owned()).spawn(move || {
        let outcome = match work(&path) {
            Ok(()) => Outcome::Saved(path),
            Err(why) => Outcome::Failed(format!("The export failed: {why}")),
        };
        // Nobody listens any more once the window is gone; the file is there all the same.
        let _ = sender.send((id, outcome));
        ctx.request_repaint();
    });
    if let Err(error) = spawned {
        let _ = failed.try_send((id, Outcome::Failed(format!("The export failed: no thread: {error}"))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::Table;

    #[test]
    fn a_failure_stays_in_its_window_with_the_path_and_success_closes_it() {
        let writing = |id| {
            let window = ExportWindow {
                kind: ExportKind::Table(Table::Tasks),
                path: "/x/a.csv".to_owned(),
                begun: false,
                pattern: String::new(),
                preview: Ok(String::new()),
                system_dialog: false,
                replaces: None,
                writing: true,
                error: None,
            };
            let writing = Some(Writing { id: TryId(id), hidden: true });
            Exporter { window: Some(window), writing, ..Exporter::default() }
        };
        let failed = || Outcome::Failed("why".to_owned());
        let mut exporter = writing(1);
        assert!(exporter.window().is_none(), "not in the way of its picture");
        assert!(exporter.settle(TryId(1), failed()).is_none());
        let window = exporter.window().unwrap();
        assert_eq!(
            (&*window.path, window.error.as_deref(), window.writing),
            ("/x/a.csv", Some("why"), false)
        );
        let mut exporter = writing(2);
        assert!(
            matches!(exporter.settle(TryId(1), failed()), Some(Outcome::Failed(_))),
            "of a closed window"
        );
        assert!(exporter.window.as_ref().unwrap().writing);
        assert!(matches!(exporter.settle(TryId(2), Outcome::Saved(PathBuf::new())), Some(Outcome::Saved(_))));
        assert!(exporter.window.is_none() && exporter.writing.is_none());
    }
}
