//! How far somebody has come with the lessons, as it is remembered.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Place;

/// Before the name of a lesson in the window's file.
const PREFIX: &str = "lesson ";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Progress {
    Run,
    /// Everything was predicted rightly.
    Understood,
}

const NAMES: [(&str, Progress); 2] = [("run", Progress::Run), ("understood", Progress::Understood)];

/// By the name of a lesson or a variant, `queue` or `queue/missing-sentinel`, also those of other versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Learned(BTreeMap<String, Progress>);

impl Learned {
    /// Of one variant.
    pub(crate) fn of(&self, place: Place) -> Option<Progress> {
        self.0.get(&place.name().to_string()).copied()
    }

    /// Of a lesson: understood once it is as it should be, run once any variant was.
    pub(crate) fn of_lesson(&self, base: Place) -> Option<Progress> {
        let any = base.variants().any(|place| self.of(place).is_some());
        self.of(base).or(any.then_some(Progress::Run))
    }

    pub(crate) fn understood(&self) -> usize {
        Place::bases().filter(|base| self.of(*base) == Some(Progress::Understood)).count()
    }

    /// What is understood stays so.
    pub(crate) fn note(&mut self, place: Place, progress: Progress) {
        let known = self.0.entry(place.name().to_string()).or_insert(progress);
        *known = (*known).max(progress);
    }

    /// A part for each lesson, so that two windows do not write over each other.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (String, Value)> {
        let name =
            |progress: Progress| NAMES.iter().find(|(_, of)| *of == progress).map_or("", |(name, _)| name);
        self.0
            .iter()
            .map(move |(lesson, progress)| (format!("{PREFIX}{lesson}"), Value::from(name(*progress))))
    }

    /// Takes over the parts that make sense here, and leaves the others where they are.
    pub(crate) fn take_from(parts: &mut Map<String, Value>) -> Self {
        let read = |(name, part): (&String, &Value)| {
            let lesson = name.strip_prefix(PREFIX)?;
            let (_, progress) = NAMES.iter().find(|(name, _)| part == name)?;
            Some((lesson.to_owned(), *progress))
        };
        let learned = Self(parts.iter().filter_map(read).collect());
        parts.retain(|name, _| name.strip_prefix(PREFIX).is_none_or(|name| !learned.0.contains_key(name)));
        learned
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place(name: &str) -> Place {
        Place::of(&name.parse().unwrap()).unwrap()
    }

    #[test]
    fn what_was_learnt_is_written_and_read_and_the_rest_is_left() {
        let mut learned = Learned::default();
        learned.note(place("queue"), Progress::Understood);
        learned.note(place("queue"), Progress::Run);
        learned.note(place("pool"), Progress::Run);
        let mut parts: Map<String, Value> = learned.parts().collect();
        assert_eq!(parts["lesson queue"], "understood");
        parts.insert("lesson of another version".to_owned(), json!("run"));
        parts.insert("lesson four".to_owned(), json!("seen from afar"));
        parts.insert("theme".to_owned(), json!("dark"));
        let read = Learned::take_from(&mut parts);
        assert_eq!(read.of(place("queue")), Some(Progress::Understood));
        assert_eq!((read.of(place("pool")), read.of(place("four"))), (Some(Progress::Run), None));
        assert!(read.parts().any(|(name, _)| name == "lesson of another version"));
        assert_eq!(parts.keys().collect::<Vec<_>>(), ["lesson four", "theme"]);
    }

    #[test]
    fn a_lesson_is_understood_as_it_should_be_and_run_with_any_variant() {
        let mut learned = Learned::default();
        learned.note(place("queue/missing-sentinel"), Progress::Understood);
        assert_eq!(learned.of_lesson(place("queue")), Some(Progress::Run));
        assert_eq!((learned.of_lesson(place("pool")), learned.understood()), (None, 0));
        learned.note(place("queue"), Progress::Understood);
        assert_eq!(
            (learned.of_lesson(place("queue")), learned.understood()),
            (Some(Progress::Understood), 1)
        );
    }
}
