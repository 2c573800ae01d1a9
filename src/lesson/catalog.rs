//! The lessons that this program carries.

use std::sync::OnceLock;

use super::{Lesson, file::read};

/// A file of `assets/lessons`, with its name.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../assets/lessons/", $name)))),*]
    };
}

/// In the order in which they are best taken.
const LESSONS: &[(&str, &str)] = files!["process.toml", "four.toml", "pool.toml", "queue.toml"];

const PYTHONS: &[(&str, &str)] = files![
    "lesson-process.py",
    "lesson-process-no-join.py",
    "lesson-four.py",
    "lesson-four-one-dies.py",
    "lesson-pool.py",
    "lesson-pool-unsendable.py",
    "lesson-pool-worker-killed.py",
    "lesson-queue.py",
    "lesson-queue-missing-sentinel.py",
];

/// Every lesson, in the order in which they are best taken.
///
/// # Panics
/// If one of the files that this program was built with is no lesson, which its tests would have told.
pub fn all() -> &'static [Lesson] {
    static ALL: OnceLock<Vec<Lesson>> = OnceLock::new();
    ALL.get_or_init(|| {
        let lesson = |(file, text): &(&str, &str)| {
            read(text, PYTHONS).unwrap_or_else(|wrong| panic!("{file}: {}", wrong.join("\n")))
        };
        LESSONS.iter().map(lesson).collect()
    })
}

pub fn find(name: &str) -> Option<&'static Lesson> {
    all().iter().find(|lesson| lesson.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        lesson::{What, program},
        spec::MAX_WORKERS,
    };

    #[test]
    fn every_file_of_the_folder_is_a_lesson_of_this_program_or_a_program_beside_one() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/lessons");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder")
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        files.sort();
        let mut known: Vec<String> =
            LESSONS.iter().chain(PYTHONS).map(|(name, _)| (*name).to_owned()).collect();
        known.sort();
        assert_eq!(files, known);
        for (file, _) in PYTHONS {
            let used = all()
                .iter()
                .flat_map(|lesson| &lesson.variants)
                .any(|variant| variant.python.is_some_and(|python| python.file == *file));
            assert!(used, "{file} belongs to no lesson");
        }
    }

    #[test]
    fn every_lesson_is_whole() {
        let mut names = std::collections::BTreeSet::new();
        for lesson in all() {
            assert!(names.insert(&lesson.name), "{} is there twice", lesson.name);
            for text in lesson.before.iter().chain(&lesson.look).chain(&lesson.next) {
                assert!(text.ends_with(['.', '?', ':']), "{}: {text:?} is no sentence", lesson.name);
            }
            assert!(!lesson.look.is_empty() && !lesson.next.is_empty(), "{}", lesson.name);
            for variant in &lesson.variants {
                let name = lesson.name_of(variant);
                assert!(name.to_string().parse::<crate::spec::LessonName>().is_ok(), "{name}");
                assert!(variant.python.is_some(), "{name} has no Python beside it");
                assert!(!variant.questions.is_empty(), "{name} asks nothing");
                if let What::Program(program) = &variant.what {
                    let counts = program::counts(program);
                    assert!(counts.processes <= program::MAX_PROCESSES, "{name}");
                }
            }
        }
    }
}
