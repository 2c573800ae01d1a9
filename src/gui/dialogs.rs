//! Windows over the window: the system's file dialog, our own where the system has none, and the question before
//! quitting. Nothing here writes a file; a path that was chosen goes back as an answer or an action.

use std::{
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, TryRecvError, sync_channel},
    thread,
    time::{Duration, Instant},
};

use eframe::egui::{Button, Context, Id, Key, Modal, ModalResponse, RichText, TextEdit, Ui};

use super::{
    action::{Action, Actions, ExportKind},
    theme::{GAP, Palette},
};
use crate::{export::LogPattern, library::EXTENSION};

/// A dialog that is gone sooner than anybody can click was never there.
const NO_DIALOG_BEFORE: Duration = Duration::from_millis(150);
const WINDOW_WIDTH: f32 = 460.0;

/// How the system's file dialog ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// At least one; only one where a file is to be saved.
    Chosen(Vec<PathBuf>),
    Cancelled,
    /// This desktop has no dialog to offer.
    NoService,
}

/// A file dialog of the system that is open, in a thread of its own.
#[derive(Debug)]
pub(crate) struct FileDialog {
    answer: Receiver<Answer>,
}

impl FileDialog {
    /// Asks where to save a file. Nothing blocks: the answer is polled for.
    pub(crate) fn save(ctx: &Context, kind: ExportKind, path: &Path) -> Self {
        let dialog = rfd::FileDialog::new()
            .set_title(format!("Export {}", kind.label()))
            .set_file_name(path.file_name().unwrap_or_default().to_string_lossy())
            .set_directory(path.parent().unwrap_or(Path::new("")))
            .add_filter(kind.label(), &[kind.extension()]);
        Self::ask(ctx, move || dialog.save_file().map(|path| vec![path]))
    }

    /// Asks which run files to open.
    pub(crate) fn open(ctx: &Context, folder: &Path) -> Self {
        let dialog = rfd::FileDialog::new()
            .set_title("Open runs")
            .set_directory(folder)
            .add_filter("Runs of Poolscope", &[EXTENSION])
            .add_filter("All files", &["*"]);
        Self::ask(ctx, move || dialog.pick_files())
    }

    fn ask(ctx: &Context, show: impl FnOnce() -> Option<Vec<PathBuf>> + Send + 'static) -> Self {
        let (sender, answer) = sync_channel(1);
        let ctx = ctx.clone();
        let opened = Instant::now();
        let spawned = thread::Builder::new().name("file-dialog".to_owned()).spawn({
            let sender = sender.clone();
            move || {
                let paths = show();
                // Nobody listens any more once the window is gone; that is fine.
                let _ = sender.send(answer_of(paths, opened.elapsed()));
                ctx.request_repaint();
            }
        });
        if spawned.is_err() {
            let _ = sender.send(Answer::NoService);
        }
        Self { answer }
    }

    /// The answer, once there is one.
    pub(crate) fn poll(&self) -> Option<Answer> {
        match self.answer.try_recv() {
            Ok(answer) => Some(answer),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Answer::NoService),
        }
    }
}

fn answer_of(paths: Option<Vec<PathBuf>>, elapsed: Duration) -> Answer {
    match paths.filter(|paths| !paths.is_empty()) {
        Some(paths) => Answer::Chosen(paths),
        None if elapsed < NO_DIALOG_BEFORE => Answer::NoService,
        None => Answer::Cancelled,
    }
}

/// Whether a file dialog can be there at all: the portal that shows it is reached through the session's D-Bus.
pub(crate) fn has_file_dialogs() -> bool {
    let address = std::env::var_os("DBUS_SESSION_BUS_ADDRESS");
    let runtime_dir = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    address.is_some_and(|address| !address.is_empty())
        || runtime_dir.is_some_and(|dir| dir.join("bus").exists())
}

/// The export that a person is asked about in our own window.
#[derive(Debug)]
pub(crate) struct ExportWindow {
    pub(crate) kind: ExportKind,
    pub(crate) path: String,
    /// Its first field has had the focus, so that nobody needs a pointer to begin.
    pub(crate) begun: bool,
    /// The pattern of the log's lines, as typed.
    pub(crate) pattern: String,
    /// A line in that pattern, or what is wrong with the pattern; empty where there is nothing to preview.
    pub(crate) preview: Result<String, String>,
    /// The system will ask for the path.
    pub(crate) system_dialog: bool,
    /// There is a file at this path, and the person was told so.
    pub(crate) replaces: Option<PathBuf>,
    /// The file is being written.
    pub(crate) writing: bool,
    /// Why the last try came to nothing.
    pub(crate) error: Option<String>,
}

/// Whether a window over the window is to be closed. Where it holds text, a click beside it must not lose that.
pub(crate) fn closes<T>(response: &ModalResponse<T>, holds_text: bool) -> bool {
    let beside = response.backdrop_response.clicked();
    !(beside && holds_text) && response.should_close()
}

pub(crate) fn export_window_ui(ctx: &Context, window: &mut ExportWindow, actions: &mut Actions) {
    let response = Modal::new(Id::unique("export window")).show(ctx, |ui| {
        ui.set_width(WINDOW_WIDTH.min(ctx.content_rect().width() - 4.0 * GAP));
        ui.heading(format!("Export: {}", window.kind.label()));
        ui.add_space(GAP);
        if window.kind == ExportKind::Log {
            pattern_ui(ui, window);
            ui.add_space(GAP);
        }
        if !window.system_dialog {
            path_ui(ui, window);
            ui.add_space(GAP);
        }
        if let Some(error) = &window.error {
            ui.colored_label(Palette::of(ui).error, error);
            ui.add_space(GAP);
        }
        buttons_ui(ui, window, actions);
    });
    if closes(&response, true) {
        actions.push(Action::CancelExport);
    }
}

fn pattern_ui(ui: &mut Ui, window: &mut ExportWindow) {
    let label = ui.label("Pattern of a line");
    ui.horizontal_wrapped(|ui| {
        for preset in LogPattern::PRESETS {
            let chosen = window.pattern == preset.pattern;
            if ui.selectable_label(chosen, preset.name).on_hover_text(preset.pattern).clicked() {
                preset.pattern.clone_into(&mut window.pattern);
            }
        }
    });
    ui.add(TextEdit::singleline(&mut window.pattern).desired_width(f32::INFINITY))
        .labelled_by(label.id)
        .accessible_name("Pattern");
    let palette = Palette::of(ui);
    match &window.preview {
        Ok(line) => {
            let text = RichText::new(line).monospace().small().color(palette.text_weak);
            ui.add(eframe::egui::Label::new(text).truncate());
        }
        Err(why) => {
            ui.colored_label(palette.error, why);
        }
    }
}

fn path_ui(ui: &mut Ui, window: &mut ExportWindow) {
    ui.label("File to write");
    let response =
        ui.add(TextEdit::singleline(&mut window.path).desired_width(f32::INFINITY)).accessible_name("Path");
    if !std::mem::replace(&mut window.begun, true) {
        response.request_focus();
    }
    if response.changed() {
        window.replaces = None;
        window.error = None;
    }
    if let Some(path) = &window.replaces {
        let color = Palette::of(ui).warning;
        ui.colored_label(color, format!("{} exists and will be replaced.", path.display()));
    }
}

fn buttons_ui(ui: &mut Ui, window: &ExportWindow, actions: &mut Actions) {
    let valid = !window.writing && (window.kind != ExportKind::Log || window.preview.is_ok());
    let (mut save, mut may_save) = (false, false);
    ui.horizontal(|ui| {
        if window.system_dialog {
            if ui.add_enabled(valid, Button::new("Choose file…")).clicked() {
                actions.push(Action::BrowseExport);
            }
        } else {
            let named = !window.path.trim().is_empty();
            let text = match &window.replaces {
                _ if window.writing => "Writing…",
                Some(_) => "Replace",
                None => "Save",
            };
            save = ui.add_enabled(valid && named, Button::new(text)).clicked();
            may_save = valid && named;
        }
        let cancel = ui.button("Cancel");
        // Who has come to this button by keys means it.
        let entered = !cancel.has_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if cancel.clicked() {
            actions.push(Action::CancelExport);
        } else if save || (may_save && entered) {
            actions.push(Action::SaveExport(PathBuf::from(window.path.trim())));
        }
    });
}

/// Asks before a run that still goes is ended.
pub(crate) fn quit_window_ui(ctx: &Context, actions: &mut Actions) {
    let response = Modal::new(Id::unique("quit window")).show(ctx, |ui| {
        ui.set_width(320.0);
        ui.heading("A run is still going");
        ui.add_space(GAP);
        ui.label("Stop it and quit?");
        ui.add_space(GAP);
        ui.horizontal(|ui| {
            if ui.button("Stop and quit").clicked() {
                actions.push(Action::ConfirmQuit);
            }
            if ui.button("Keep running").clicked() {
                actions.push(Action::CancelQuit);
            }
        });
    });
    if response.should_close() {
        actions.push(Action::CancelQuit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_that_vanished_at_once_was_none_and_a_slow_one_was_cancelled() {
        assert_eq!(answer_of(None, Duration::from_millis(20)), Answer::NoService);
        assert_eq!(answer_of(None, Duration::from_secs(2)), Answer::Cancelled);
        let paths = vec![PathBuf::from("a.csv")];
        assert_eq!(answer_of(Some(paths.clone()), Duration::from_millis(20)), Answer::Chosen(paths));
    }
}
