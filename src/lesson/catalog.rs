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
const LESSONS: &[(&str, &str)] = files![
    "process.toml",
    "four.toml",
    "pool.toml",
    "sleep-and-square.toml",
    "queue.toml",
    "array.toml",
    "pipe.toml",
    "counter.toml",
    "two-locks.toml",
    "pool-or-processes.toml",
    "threads-or-processes.toml",
];

const PYTHONS: &[(&str, &str)] = files![
    "lesson-process.py",
    "lesson-process-no-join.py",
    "lesson-four.py",
    "lesson-four-one-dies.py",
    "lesson-pool.py",
    "lesson-pool-doubling.py",
    "lesson-pool-unsendable.py",
    "lesson-pool-worker-killed.py",
    "lesson-sleep-and-square.py",
    "lesson-sleep-and-square-serially.py",
    "lesson-queue.py",
    "lesson-queue-missing-sentinel.py",
    "lesson-queue-join-before-draining.py",
    "lesson-array.py",
    "lesson-pipe.py",
    "lesson-pipe-end-left-open.py",
    "lesson-counter.py",
    "lesson-counter-no-lock.py",
    "lesson-counter-dies-holding.py",
    "lesson-counter-dies-holding-python.py",
    "lesson-two-locks.py",
    "lesson-two-locks-opposite-order.py",
    "lesson-pool-or-processes.py",
    "lesson-pool-or-processes-process-per-item.py",
    "lesson-threads-or-processes.py",
    "lesson-threads-or-processes-waiting.py",
    "lesson-threads-or-processes-crash.py",
    "lesson-threads-or-processes-memory.py",
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
    use crate::lesson::{
        Ending, Measure, What,
        program::{self, Act, Piece},
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
    fn every_variant_can_be_gone_on_with_in_the_lab() {
        for lesson in all() {
            for variant in &lesson.variants {
                let lab = variant.lab.as_ref().unwrap_or_else(|| panic!("{}", lesson.name_of(variant)));
                assert!(!lab.about.is_empty() && lab.spec.workload != crate::spec::Kind::Lesson);
            }
        }
    }

    /// What its processes and shared objects are called, or its runs. A name made of values ends with `*` there.
    fn names(what: &What) -> Vec<String> {
        fn started(steps: &[program::Step], into: &mut Vec<String>) {
            for step in steps {
                match &step.act {
                    Act::Start { role, name: None, .. } => into.push(role.clone()),
                    Act::Start { name: Some(text), .. } => {
                        let pieces = text.0.iter().map(|piece| match piece {
                            Piece::Plain(plain) => plain.as_str(),
                            Piece::Value(_) => "*",
                        });
                        into.push(pieces.collect());
                    }
                    Act::For { steps, .. } | Act::Forever(steps) | Act::If(_, steps) => started(steps, into),
                    _ => {}
                }
            }
        }
        match what {
            What::Program(program) => {
                let shared = program.shared.iter().flat_map(program::Shared::names);
                let mut names: Vec<String> = shared.map(str::to_owned).collect();
                names.push("main".to_owned());
                for role in &program.roles {
                    started(&role.steps, &mut names);
                }
                names
            }
            What::Runs(runs) => runs.iter().map(|run| run.label.clone()).collect(),
        }
    }

    #[test]
    fn what_is_asked_and_expected_of_is_there() {
        for lesson in all() {
            for variant in &lesson.variants {
                let (name, names) = (lesson.name_of(variant), names(&variant.what));
                let runs = matches!(variant.what, What::Runs(_));
                let conditions = variant
                    .questions
                    .iter()
                    .flat_map(|question| question.choices.iter().map(|choice| &choice.condition));
                let mut asked: Vec<&String> = Vec::new();
                for condition in conditions {
                    let measure = condition.measure;
                    assert_eq!(
                        measure.of_a_run() || measure == Measure::Fastest,
                        runs,
                        "{name}: {measure:?}"
                    );
                    asked.extend(&condition.of);
                }
                asked.extend(&variant.expect.stuck);
                asked.extend(variant.expect.died.iter().map(|(who, _)| who));
                for who in asked {
                    let known = names.iter().any(|name| {
                        name.strip_suffix('*').map_or(name == who, |start| who.starts_with(start))
                    });
                    assert!(known, "{name}: there is no {who} among {names:?}");
                }
            }
        }
    }

    #[test]
    fn every_lesson_is_whole() {
        let mut names = std::collections::BTreeSet::new();
        for lesson in all() {
            assert!(names.insert(&lesson.name), "{} is there twice", lesson.name);
            for variant in &lesson.variants {
                let name = lesson.name_of(variant);
                for text in lesson.before.iter().chain(&variant.look).chain(&variant.next) {
                    assert!(text.ends_with(['.', '?', ':']), "{name}: {text:?} is no sentence");
                }
                assert!(!variant.look.is_empty() && !variant.next.is_empty(), "{name}");
                assert!(name.to_string().parse::<crate::spec::LessonName>().is_ok(), "{name}");
                assert!(variant.python.is_some(), "{name} has no Python beside it");
                assert!((1..=3).contains(&variant.questions.len()), "{name}: questions");
                for question in &variant.questions {
                    assert!((2..=4).contains(&question.choices.len()), "{name}: {}", question.ask);
                    assert!(question.why.ends_with('.') && question.ask.ends_with('?'), "{}", question.ask);
                }
                let expect = &variant.expect;
                let stuck = expect.ended == Ending::Stuck;
                assert_eq!(stuck, !expect.stuck.is_empty(), "{name}");
                assert!(!stuck || variant.python.is_some_and(|python| python.hangs), "{name}");
                match &variant.what {
                    What::Program(program) => {
                        assert!(program::counts(program).processes <= program::MAX_PROCESSES, "{name}");
                    }
                    What::Runs(runs) => {
                        assert!(runs.iter().all(|run| run.spec.lesson.as_ref() == Some(&name)), "{name}");
                    }
                }
            }
        }
    }
}
