//! Which lesson a run is, or is part of: its name, and the variant of it, if any.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The longest name of a lesson or of a variant, in bytes.
const LONGEST: usize = 64;
const ALLOWED: &str = "NAME or NAME/VARIANT, each of small letters, digits and hyphens, at most 64";

/// `queue`, or `queue/missing-sentinel`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LessonName {
    pub name: String,
    /// `None` for the lesson as it should be.
    pub variant: Option<String>,
}

impl fmt::Display for LessonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.variant {
            Some(variant) => write!(f, "{}/{variant}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl FromStr for LessonName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, variant) =
            text.split_once('/').map_or((text, None), |(name, variant)| (name, Some(variant)));
        if std::iter::once(name).chain(variant).all(is_word) {
            Ok(Self { name: name.to_owned(), variant: variant.map(str::to_owned) })
        } else {
            Err(ALLOWED.to_owned())
        }
    }
}

impl TryFrom<String> for LessonName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
            .map_err(|allowed| format!("lesson: {} is not allowed; allowed: {allowed}", super::quoted(&text)))
    }
}

impl From<LessonName> for String {
    fn from(name: LessonName) -> Self {
        name.to_string()
    }
}

fn is_word(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Draft, Kind};

    #[test]
    fn names_are_read_as_they_are_written() {
        for text in ["queue", "queue/missing-sentinel", "a1/b-2"] {
            assert_eq!(text.parse::<LessonName>().expect("a name").to_string(), text);
        }
        for text in ["", "/", "a/", "/a", "a/b/c", "Queue", "../a", "a b", &"x".repeat(65)] {
            assert!(text.parse::<LessonName>().is_err(), "{text:?}");
        }
    }

    fn draft(workload: &str, lesson: Option<&str>) -> Draft {
        Draft { workload: Some(workload.to_owned()), lesson: lesson.map(str::to_owned), ..Draft::default() }
    }

    #[test]
    fn a_lesson_has_a_name_and_a_pool_may_have_one() {
        let spec = draft("lesson", Some("queue/missing-sentinel")).validate().expect("valid");
        assert_eq!((spec.workload, spec.title()), (Kind::Lesson, "lesson queue/missing-sentinel".to_owned()));
        assert_eq!((spec.program_of(), spec.unmarked()), (spec.lesson.as_ref(), spec.clone()));
        assert_eq!(Draft::from_spec(&spec).validate(), Ok(spec));
        for (workload, lesson) in [("lesson", None), ("lesson", Some("A B")), ("primes", Some("A B"))] {
            let errors = draft(workload, lesson).validate().expect_err("not valid");
            assert_eq!(errors.len(), 1, "{errors:?}");
        }
    }

    #[test]
    fn a_pool_that_is_part_of_a_lesson_says_so_and_is_the_same_setup() {
        let plain = draft("spin", None).validate().expect("valid");
        let marked = draft("spin", Some("gil/long")).validate().expect("valid");
        assert_eq!(marked.title(), format!("{} (lesson gil/long)", plain.title()));
        assert_eq!((marked.program_of(), marked.unmarked()), (None, plain.clone()));
        assert_eq!(Draft::from_spec(&marked).validate().as_ref(), Ok(&marked));
        assert_eq!(crate::spec::run_line(&marked), crate::spec::run_line(&plain));
        let both = Draft { workers: Some("2,2".to_owned()), ..draft("spin", Some("gil")) };
        assert_eq!(both.variants().expect("valid")[0].spec.lesson, None);
    }
}
