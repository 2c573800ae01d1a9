//! What the window asks about runs that are kept: a name and a note, whether to delete, which file to open.

use std::{collections::VecDeque, path::PathBuf};

use eframe::egui::{Button, Context, Id, Key, Label, Modal, Modifiers, Response, RichText, TextEdit, Ui};

use super::{
    action::{Action, Actions},
    dialogs::closes,
    shelf::{Job, Shelf},
    theme::{GAP, Palette},
};
use crate::{
    library::{Leaving, giving_way, oldest},
    units,
};

const WINDOW_WIDTH: f32 = 460.0;

/// What is asked now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Describe {
        path: PathBuf,
        title: String,
        name: String,
        note: String,
        /// The field to write in first.
        first: Field,
        /// That field has the focus already.
        begun: bool,
    },
    Delete {
        what: Kept,
        path: PathBuf,
        name: String,
        /// When it began, and its file: two runs may have one name.
        about: String,
        /// There is no trash for it.
        for_good: bool,
    },
    /// Runs and experiments would have to give way to this limit.
    Limit { limit: u64, runs: usize, experiments: usize, bytes: u64, for_good: bool },
    /// Only where the system has no dialog.
    Open { path: String, begun: bool },
}

impl Question {
    /// What must be asked before this limit is set; `None` where nothing has to give way.
    pub(crate) fn about_limit(shelf: &Shelf, limit: u64, for_good: bool) -> Option<Self> {
        let entries = shelf.entries().map_or(&[][..], |entries| entries);
        let leaving = giving_way(entries, shelf.experiments(), limit);
        let runs = leaving.iter().filter(|one| matches!(one, Leaving::Run(_))).count();
        let (experiments, bytes) = (leaving.len() - runs, leaving.iter().map(Leaving::bytes).sum());
        (!leaving.is_empty()).then_some(Self::Limit { limit, runs, experiments, bytes, for_good })
    }
}

/// What is kept, and can be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    Run,
    /// With all of its runs.
    Experiment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Name,
    Note,
}

/// The question that is open, and those that wait until it is answered: what comes up meanwhile must not take away what
/// somebody is writing.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    open: Option<Question>,
    waiting: VecDeque<Question>,
}

impl Questions {
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    pub(crate) fn open_mut(&mut self) -> Option<&mut Question> {
        self.open.as_mut()
    }

    /// Asks at once, or behind what is asked already; the same is not asked twice.
    pub(crate) fn ask(&mut self, question: Question) {
        if self.open.is_none() {
            self.open = Some(question);
        } else if self.open.as_ref() != Some(&question) && !self.waiting.contains(&question) {
            self.waiting.push_back(question);
        }
    }

    /// The open question is answered, or nobody wants to.
    pub(crate) fn close(&mut self) {
        self.open = self.waiting.pop_front();
    }
}

pub(crate) fn question_ui(ctx: &Context, question: &mut Question, actions: &mut Actions) {
    let holds_text = matches!(question, Question::Describe { .. } | Question::Open { .. });
    // Before the fields see it: in a note, Enter alone begins a line.
    let mut entered = holds_text && ctx.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Enter));
    let response = Modal::new(Id::unique("question window")).show(ctx, |ui| {
        ui.set_width(WINDOW_WIDTH.min(ctx.content_rect().width() - 4.0 * GAP));
        let (name, answer, valid) = match question {
            Question::Describe { path, title, name, note, first, begun } => {
                entered |= describe_ui(ui, title, name, note, (*first, begun));
                let job = Job::Describe {
                    path: path.clone(),
                    name: name.trim().to_owned(),
                    note: note.trim().to_owned(),
                };
                ("Save", Action::Order(job), true)
            }
            Question::Delete { what, path, name, about, for_good } => {
                delete_ui(ui, *what, (name, about), *for_good);
                let label = if *for_good { "Delete for good" } else { "Move to trash" };
                let (path, for_good) = (path.clone(), *for_good);
                let job = match what {
                    Kept::Run => Job::Remove { path, for_good },
                    Kept::Experiment => Job::RemoveExperiment { path, for_good },
                };
                (label, Action::Order(job), true)
            }
            Question::Limit { limit, runs, experiments, bytes, for_good } => {
                limit_ui(ui, *limit, (*runs, *experiments, *bytes), *for_good);
                let label = if *for_good { "Delete for good" } else { "Move to trash" };
                let job = Job::SetLimit { limit: Some(*limit), for_good: *for_good };
                (label, Action::Order(job), true)
            }
            Question::Open { path, begun } => {
                entered |= open_ui(ui, path, begun);
                ("Open file", Action::OpenRuns(vec![PathBuf::from(path.trim())]), !path.trim().is_empty())
            }
        };
        ui.add_space(GAP);
        ui.horizontal(|ui| {
            if ui.add_enabled(valid, Button::new(name)).clicked() || (valid && entered) {
                actions.push(answer);
                actions.push(Action::CloseQuestion);
            }
            if ui.button("Cancel").clicked() {
                actions.push(Action::CloseQuestion);
            }
        });
    });
    if closes(&response, holds_text) {
        actions.push(Action::CloseQuestion);
    }
}

/// True once it is to be saved.
fn describe_ui(
    ui: &mut Ui,
    title: &str,
    name: &mut String,
    note: &mut String,
    (first, begun): (Field, &mut bool),
) -> bool {
    ui.heading("Name and note");
    ui.add_space(GAP);
    let name_label = ui.label("Name");
    let name_field = ui
        .add(TextEdit::singleline(name).hint_text(title).desired_width(f32::INFINITY))
        .labelled_by(name_label.id)
        .accessible_name("Run name");
    let note_label = ui.label("Note");
    let note_field = ui
        .add(TextEdit::multiline(note).desired_rows(4).desired_width(f32::INFINITY))
        .labelled_by(note_label.id)
        .accessible_name("Run note");
    ui.label(RichText::new("Enter saves; in the note, Ctrl+Enter").small().weak());
    if !std::mem::replace(begun, true) {
        let field = if first == Field::Name { &name_field } else { &note_field };
        field.request_focus();
    }
    is_entered(ui, &name_field)
}

/// Enter was pressed in this line.
fn is_entered(ui: &Ui, line: &Response) -> bool {
    line.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
}

fn delete_ui(ui: &mut Ui, what: Kept, (name, about): (&str, &str), for_good: bool) {
    let noun = if what == Kept::Run { "run" } else { "experiment" };
    ui.heading(format!("Delete this {noun}?"));
    ui.add_space(GAP);
    ui.add(Label::new(name).wrap());
    ui.add(Label::new(RichText::new(about).weak()).wrap());
    if for_good {
        ui.add_space(GAP);
        let text = format!("There is no trash where this {noun} is kept. It would be gone for good.");
        ui.label(RichText::new(text).color(Palette::of(ui).warning));
    }
}

fn limit_ui(ui: &mut Ui, limit: u64, (runs, experiments, bytes): (usize, usize, u64), for_good: bool) {
    let which = oldest(runs, experiments);
    ui.heading(format!("Let {which} go?"));
    ui.add_space(GAP);
    let where_to = if for_good { "gone for good" } else { "moved to the trash" };
    let them = if runs + experiments == 1 { "It" } else { "They" };
    ui.add(
        Label::new(format!(
            "To keep at most {}, {which} must give way: {}. {them} would be {where_to}. Later runs will make the oldest \
             give way in the same way, without asking. The newest run and the newest experiment, pinned runs and \
             experiments that are open always stay.",
            units::bytes(limit),
            units::bytes(bytes),
        ))
        .wrap(),
    );
    ui.add_space(GAP);
    let text = if for_good {
        "There is no trash where these are kept."
    } else {
        "What lies in the trash still takes its room until the trash is emptied."
    };
    let color = if for_good { Palette::of(ui).warning } else { Palette::of(ui).text_weak };
    ui.label(RichText::new(text).color(color));
}

/// True once the path is entered.
fn open_ui(ui: &mut Ui, path: &mut String, begun: &mut bool) -> bool {
    ui.heading("Open a run");
    ui.add_space(GAP);
    let label = ui.label("File to open");
    let field = ui
        .add(TextEdit::singleline(path).hint_text("…/run.pscope").desired_width(f32::INFINITY))
        .labelled_by(label.id)
        .accessible_name("Path to open");
    if !std::mem::replace(begun, true) {
        field.request_focus();
    }
    is_entered(ui, &field)
}

#[cfg(test)]
mod tests {
    use eframe::egui::{Event, RawInput};

    use super::*;

    fn describe() -> Question {
        Question::Describe {
            path: PathBuf::from("/runs/a.pscope"),
            title: "a run".to_owned(),
            name: String::new(),
            note: String::new(),
            first: Field::Name,
            begun: false,
        }
    }

    fn delete(name: &str) -> Question {
        let path = PathBuf::from(format!("/runs/{name}.pscope"));
        Question::Delete {
            what: Kept::Run,
            path,
            name: name.to_owned(),
            about: String::new(),
            for_good: true,
        }
    }

    /// One frame of a window in which this happened.
    fn frame(ctx: &Context, questions: &mut Questions, events: Vec<Event>) -> Actions {
        let mut actions = Actions::new();
        let input = RawInput { events, ..RawInput::default() };
        let mut output = ctx.run_ui(input, |ui| {
            if let Some(question) = questions.open_mut() {
                question_ui(ui.ctx(), question, &mut actions);
            }
        });
        output.textures_delta.clear();
        actions
    }

    #[test]
    fn what_comes_up_while_somebody_writes_waits_and_nothing_written_is_lost() {
        let (ctx, mut questions) = (Context::default(), Questions::default());
        questions.ask(describe());
        for _ in 0..2 {
            frame(&ctx, &mut questions, Vec::new());
        }
        frame(&ctx, &mut questions, vec![Event::Text("base".to_owned())]);
        for name in ["b", "c", "b"] {
            questions.ask(delete(name));
        }
        frame(&ctx, &mut questions, vec![Event::Text("line".to_owned())]);
        let enter = Event::Key {
            key: Key::Enter,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        let actions = frame(&ctx, &mut questions, vec![enter]);
        let path = PathBuf::from("/runs/a.pscope");
        let job = Job::Describe { path, name: "baseline".to_owned(), note: String::new() };
        assert_eq!(actions, [Action::Order(job), Action::CloseQuestion]);
        for next in [Some(delete("b")), Some(delete("c")), None] {
            questions.close();
            assert_eq!(questions.open_mut().cloned(), next, "each once, in their order");
        }
        assert!(!questions.is_open());
    }

    #[test]
    fn the_same_is_not_asked_again_while_it_is_open() {
        let mut questions = Questions::default();
        questions.ask(delete("a"));
        questions.ask(delete("a"));
        questions.close();
        assert!(!questions.is_open());
    }
}
