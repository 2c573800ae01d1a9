//! Where in the catalogue of lessons one stands.

use crate::{
    lesson::{self, Lesson, Variant},
    spec::LessonName,
};

/// A variant of a lesson, by their places in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    lesson: usize,
    variant: usize,
}

impl Place {
    /// `None` for a lesson that this program does not carry.
    pub(crate) fn of(name: &LessonName) -> Option<Self> {
        let lesson = lesson::all().iter().position(|lesson| lesson.name == name.name)?;
        let variants = &lesson::all()[lesson].variants;
        let variant = variants.iter().position(|variant| variant.name == name.variant)?;
        Some(Self { lesson, variant })
    }

    /// Every lesson as it should be.
    pub(crate) fn bases() -> impl Iterator<Item = Self> {
        (0..lesson::all().len()).map(|lesson| Self { lesson, variant: 0 })
    }

    /// All variants of this lesson, as it should be first.
    pub(crate) fn variants(self) -> impl Iterator<Item = Self> {
        (0..self.lesson().variants.len()).map(move |variant| Self { variant, ..self })
    }

    pub(crate) fn lesson(self) -> &'static Lesson {
        &lesson::all()[self.lesson]
    }

    pub(crate) fn variant(self) -> &'static Variant {
        &self.lesson().variants[self.variant]
    }

    pub(crate) fn name(self) -> LessonName {
        self.lesson().name_of(self.variant())
    }

    /// From 1.
    pub(crate) fn number(self) -> usize {
        self.lesson + 1
    }

    pub(crate) fn is_base(self) -> bool {
        self.variant == 0
    }

    /// What its variant is called beside the others.
    pub(crate) fn variant_title(self) -> &'static str {
        if self.is_base() { "As it should be" } else { &self.variant().title }
    }

    /// `5. Producer and consumer: The sentinel is missing`
    pub(crate) fn title(self) -> String {
        let base = format!("{}. {}", self.number(), self.lesson().title);
        if self.is_base() { base } else { format!("{base}: {}", self.variant().title) }
    }

    /// Something goes wrong in it, on purpose.
    pub(crate) fn goes_wrong(self) -> bool {
        self.variant().goes_wrong
    }

    pub(crate) fn next_variant(self) -> Option<Self> {
        self.variants().nth(self.variant + 1)
    }

    pub(crate) fn next_lesson(self) -> Option<Self> {
        Self::bases().nth(self.lesson + 1)
    }

    pub(crate) fn previous_lesson(self) -> Option<Self> {
        Self::bases().nth(self.lesson.checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_is_found_by_its_name() {
        for place in Place::bases().flat_map(Place::variants) {
            assert_eq!(Place::of(&place.name()), Some(place));
        }
        assert_eq!(Place::of(&"queue/no-such-variant".parse().unwrap()), None);
        assert_eq!(Place::of(&"no-such-lesson".parse().unwrap()), None);
    }

    #[test]
    fn one_goes_through_all_lessons_and_their_variants() {
        let queue = Place::of(&"queue".parse().unwrap()).unwrap();
        let missing = Place::of(&"queue/missing-sentinel".parse().unwrap()).unwrap();
        assert!(queue.variants().any(|place| place == missing));
        assert_eq!(queue.next_variant().map(Place::is_base), Some(false));
        assert!(missing.goes_wrong() && !queue.goes_wrong());
        let first = Place::bases().next().unwrap();
        assert_eq!(first.previous_lesson(), None);
        let walked = std::iter::successors(Some(first), |place| place.next_lesson());
        assert_eq!(walked.count(), lesson::all().len());
        assert_eq!(missing.next_lesson(), queue.next_lesson());
    }
}
