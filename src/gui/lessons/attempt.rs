//! What somebody predicts, and whether it came so.

use super::Place;
use crate::{analysis::Answered, gui::runs::RunId};

/// One try at a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// The choice for each question, where one was made.
    pub(crate) answers: Vec<Option<usize>>,
    /// Runs up to this one belong to tries before.
    pub(crate) after: Option<RunId>,
    /// It was run, so that nothing is left to predict, whether or not that run is still open.
    pub(crate) ran: bool,
}

/// A question that a run has answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Judged {
    pub(crate) given: Option<usize>,
    /// For each choice; `None` where the run does not tell.
    pub(crate) right: Vec<Option<bool>>,
}

impl Judged {
    pub(crate) fn is_right(&self) -> bool {
        self.given.and_then(|given| *self.right.get(given)?) == Some(true)
    }
}

impl Attempt {
    pub(super) fn new(place: Place) -> Self {
        Self { answers: vec![None; place.variant().questions.len()], after: None, ran: false }
    }

    pub(super) fn answer(&mut self, question: usize, choice: usize) {
        if let Some(answer) = self.answers.get_mut(question) {
            *answer = Some(choice);
        }
    }

    pub(crate) fn unanswered(&self) -> usize {
        self.answers.iter().filter(|answer| answer.is_none()).count()
    }

    pub(super) fn judge(&self, answered: &[Answered]) -> Vec<Judged> {
        let judge = |(given, answered): (&Option<usize>, &Answered)| Judged {
            given: *given,
            right: answered.choices.iter().map(|(_, right)| *right).collect(),
        };
        self.answers.iter().zip(answered).map(judge).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(right: [Option<bool>; 2]) -> Answered {
        let choices = right.map(|right| (String::new(), right)).into();
        Answered { ask: String::new(), choices, why: String::new() }
    }

    #[test]
    fn only_what_came_so_is_right() {
        for (given, right, expected) in [
            (Some(0), [Some(true), Some(false)], true),
            (Some(1), [Some(true), Some(false)], false),
            (Some(1), [Some(true), None], false),
            (None, [Some(true), Some(false)], false),
            (Some(7), [Some(true), Some(true)], false),
        ] {
            let attempt = Attempt { answers: vec![given], after: None, ran: false };
            assert_eq!(attempt.judge(&[answered(right)])[0].is_right(), expected, "{given:?} {right:?}");
        }
    }

    #[test]
    fn answers_are_counted_and_none_is_given_to_no_question() {
        let mut attempt = Attempt { answers: vec![None, None], after: None, ran: false };
        attempt.answer(1, 0);
        attempt.answer(9, 0);
        assert_eq!((attempt.unanswered(), attempt.answers), (1, vec![None, Some(0)]));
    }
}
