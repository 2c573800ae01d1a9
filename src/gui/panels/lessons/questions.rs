//! What to predict before a lesson is run, and afterwards whether it came so.

use eframe::egui::{Label, RadioButton, RichText, Ui};

use super::marks::{Mark, mark_ui};
use crate::{
    gui::{
        action::{Action, Actions},
        lessons::{Attempt, Judged, LessonAction},
        theme::{GAP, GAP_SMALL, Palette},
    },
    lesson::Question,
};

/// `judged` once the run has answered; until then answers can be given unless it has begun.
pub(super) fn questions_ui(
    ui: &mut Ui,
    questions: &[Question],
    attempt: &Attempt,
    (begun, judged): (bool, Option<&[Judged]>),
    actions: &mut Actions,
) {
    for (at, question) in questions.iter().enumerate() {
        ui.add(Label::new(RichText::new(&question.ask).strong()).wrap());
        ui.add_space(GAP_SMALL);
        if let Some(judged) = judged.and_then(|judged| judged.get(at)) {
            judged_ui(ui, question, judged);
        } else {
            let given = attempt.answers.get(at).copied().flatten();
            for (choice, text) in question.choices.iter().map(|choice| &choice.text).enumerate() {
                let radio = RadioButton::new(given == Some(choice), text.as_str());
                if ui.add_enabled(!begun, radio).clicked() {
                    actions.push(Action::Lesson(LessonAction::Answer { question: at, choice }));
                }
            }
        }
        ui.add_space(GAP);
    }
}

fn judged_ui(ui: &mut Ui, question: &Question, judged: &Judged) {
    for (choice, text) in question.choices.iter().map(|choice| &choice.text).enumerate() {
        let right = judged.right.get(choice).copied().flatten();
        let given = judged.given == Some(choice);
        let mark = match (right, given) {
            (Some(true), _) => Mark::Right,
            (_, true) => Mark::Wrong,
            _ => Mark::Other,
        };
        ui.horizontal_top(|ui| {
            mark_ui(ui, mark);
            let text = if given { format!("{text} (your answer)") } else { text.clone() };
            let text = if mark == Mark::Other { RichText::new(text).weak() } else { RichText::new(text) };
            ui.add(Label::new(text).wrap());
        });
    }
    ui.add_space(GAP_SMALL);
    let (verdict, color) = verdict(judged, Palette::of(ui));
    ui.add(Label::new(RichText::new(verdict).strong().color(color)).wrap());
    ui.add(Label::new(&question.why).wrap());
}

fn verdict(judged: &Judged, palette: Palette) -> (&'static str, eframe::egui::Color32) {
    let told = judged.right.contains(&Some(true));
    match judged.given {
        _ if !told => ("None of these came so in this run.", palette.warning),
        None => ("You did not predict this. The mark shows what happened.", palette.text_weak),
        Some(_) if judged.is_right() => ("Right: it came as you said.", palette.text),
        Some(_) => ("Not so: this run did something else.", palette.error),
    }
}
