//! What the form was before: steps back and forth through a person's edits.
//!
//! Nobody has to tell of an edit. The form is looked at once a frame, and what differs from the last look is one. What is
//! typed in one go, or dragged in one go, is one step.

use eframe::egui::Id;

use super::form::Fields;

/// Steps that are kept.
const MOST_STEPS: usize = 200;

#[derive(Debug)]
pub(crate) struct History {
    past: Vec<Fields>,
    future: Vec<Fields>,
    now: Fields,
    /// What the last edit was made with, while that is still held: a text field with the focus, or the pointer.
    hold: Option<Id>,
}

impl History {
    pub(crate) fn new(now: Fields) -> Self {
        Self { past: Vec::new(), future: Vec::new(), now, hold: None }
    }

    /// Takes note of the form as it is in this frame. `hold` names what a person edits with, if anything is held.
    pub(crate) fn look(&mut self, fields: &Fields, hold: Option<Id>) {
        let goes_on = hold.is_some() && hold == self.hold;
        if *fields != self.now {
            let before = std::mem::replace(&mut self.now, fields.clone());
            if !goes_on {
                self.past.push(before);
                let too_many = self.past.len().saturating_sub(MOST_STEPS);
                self.past.drain(..too_many);
            }
            self.future.clear();
            self.hold = hold;
        } else if !goes_on {
            self.hold = None;
        }
    }

    pub(crate) fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    pub(crate) fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// The form as it was before the last edit.
    pub(crate) fn undo(&mut self) -> Option<Fields> {
        let before = self.past.pop()?;
        self.future.push(std::mem::replace(&mut self.now, before));
        self.hold = None;
        Some(self.now.clone())
    }

    /// The form as it was before the last undo.
    pub(crate) fn redo(&mut self) -> Option<Fields> {
        let after = self.future.pop()?;
        self.past.push(std::mem::replace(&mut self.now, after));
        self.hold = None;
        Some(self.now.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{gui::form::Form, spec::Draft};

    fn fields(tasks: &str) -> Fields {
        let mut fields = Form::from_spec(&Draft::default().validate().unwrap()).fields;
        tasks.clone_into(&mut fields.tasks);
        fields
    }

    fn history(edits: &[(&str, Option<Id>)]) -> History {
        let mut history = History::new(fields("0"));
        for (tasks, hold) in edits {
            history.look(&fields(tasks), *hold);
        }
        history
    }

    fn tasks(fields: Option<Fields>) -> Option<String> {
        fields.map(|fields| fields.tasks)
    }

    #[test]
    fn steps_go_back_and_forth_until_another_edit() {
        let mut history = history(&[("1", None), ("2", None)]);
        assert_eq!(tasks(history.undo()).as_deref(), Some("1"));
        assert_eq!(tasks(history.undo()).as_deref(), Some("0"));
        assert_eq!(tasks(history.undo()), None);
        assert_eq!(tasks(history.redo()).as_deref(), Some("1"));
        history.look(&fields("9"), None);
        assert!(!history.can_redo());
        assert_eq!(tasks(history.undo()).as_deref(), Some("1"));
    }

    #[test]
    fn what_is_typed_in_one_go_is_one_step() {
        let (first, second) = (Some(Id::unique("first")), Some(Id::unique("second")));
        let mut one = history(&[("1", first), ("1", first), ("12", first), ("123", first)]);
        assert_eq!(tasks(one.undo()).as_deref(), Some("0"));
        let mut other_field = history(&[("1", first), ("12", second)]);
        assert_eq!(tasks(other_field.undo()).as_deref(), Some("1"));
        let mut let_go = history(&[("1", first), ("1", None), ("12", first)]);
        assert_eq!(tasks(let_go.undo()).as_deref(), Some("1"));
    }

    #[test]
    fn an_undone_form_is_no_edit_of_its_own() {
        let mut history = history(&[("1", None)]);
        let before = history.undo().unwrap();
        history.look(&before, None);
        assert!(history.can_redo() && !history.can_undo());
    }

    #[test]
    fn the_oldest_steps_are_forgotten() {
        let mut history = History::new(fields("0"));
        for at in 0..=MOST_STEPS + 5 {
            history.look(&fields(&format!("{at}x")), None);
        }
        let steps = std::iter::from_fn(|| history.undo()).count();
        assert_eq!(steps, MOST_STEPS);
    }
}
