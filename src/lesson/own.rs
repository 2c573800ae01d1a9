//! Lessons of others: a file that somebody wrote for himself or for his class.

use super::{Lesson, catalog::find, file::read};
use crate::spec::{LessonName, quoted};

/// Far more than anybody writes by hand, in bytes.
pub const LONGEST_FILE: usize = 1 << 18;
const WORD: &str = "small letters, digits and hyphens, at most 64";

/// Reads a lesson that this program does not carry. The form of the file is that of [`read`]; what it does not expect is
/// not held against it.
///
/// # Errors
/// Everything that is wrong with it, a line each: the field, the value and what is allowed.
pub fn read_own(text: &str) -> Result<Lesson, Vec<String>> {
    if text.len() > LONGEST_FILE {
        return Err(vec![format!("it has {} bytes; allowed: {LONGEST_FILE}", text.len())]);
    }
    let lesson = read(text, &[])?;
    let mut wrong = Vec::new();
    let mut hold = |field: &str, value: &str, is_allowed: bool, allowed: &str| {
        if !is_allowed {
            wrong.push(format!("{field}: {} is not allowed; allowed: {allowed}", quoted(value)));
        }
    };
    let is_word = |name: &str| name.parse::<LessonName>().is_ok_and(|name| name.variant.is_none());
    hold("name", &lesson.name, is_word(&lesson.name), WORD);
    hold("name", &lesson.name, find(&lesson.name).is_none(), "any that no lesson of this program has");
    let names: Vec<&str> = lesson.variants.iter().filter_map(|variant| variant.name.as_deref()).collect();
    for (at, name) in names.iter().enumerate() {
        hold("variant, name", name, is_word(name), WORD);
        hold("variant, name", name, !names[..at].contains(name), "each name once");
    }
    if wrong.is_empty() {
        for variant in &lesson.variants {
            let place = lesson.name_of(variant);
            let errors = lesson.spec(variant).err().unwrap_or_default();
            wrong.extend(errors.into_iter().map(|error| format!("{place}: {error}")));
        }
    }
    if wrong.is_empty() { Ok(lesson) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson(name: &str, more: &str) -> String {
        format!(
            "name = \"{name}\"\ntitle = \"t\"\ngoal = \"g\"\nabout = \"a\"\nbefore = [\"a\", \"b\", \"c\"]\nlook = []\n\
             next = []\n{more}\n[[role]]\nname = \"main\"\nsteps = \"\"\"\nput queue 1\nmeet gate\n\"\"\"\n"
        )
    }

    const SHARED: &str = "[[shared]]\nkind = \"queue\"\nname = \"queue\"\nbound = 2\n[[shared]]\nkind = \"barrier\"\n\
                          name = \"gate\"\nparties = 1\n";

    #[test]
    fn a_lesson_of_ones_own_is_read_and_expects_nothing_where_it_says_nothing() {
        let lesson = read_own(&lesson("mine", SHARED)).expect("a lesson");
        assert!(lesson.variants[0].expect.anything);
        assert_eq!(lesson.variants.len(), 1);
    }

    #[test]
    fn what_is_varied_in_the_lab_can_be_varied() {
        let lab = |spec: &str, vary: &str| {
            let lab =
                format!("{SHARED}[lab]\nabout = \"a\"\nspec = \"\"\"{spec}\"\"\"\nvary = {{ {vary} }}\n");
            read_own(&lesson("mine", &lab))
        };
        let spin = "workload = \"spin\"";
        for vary in ["workers = \"many\"", "workers = \"4\"", "backend = \"threads,fibres\""] {
            let wrong = lab(spin, vary).expect_err(vary);
            assert!(wrong.iter().all(|line| line.starts_with("mine: lab, vary: ")), "{wrong:?}");
        }
        assert!(lab("workload = \"spin\"\nbackend = \"serial\"", "workers = \"1,2\"").is_err());
        let read = lab("workload = \"spin\"\nlesson = \"gil\"", "workers = \"1,2\"").expect("a lesson");
        assert_eq!(read.variants[0].lab.as_ref().expect("a lab").spec.lesson, None);
    }

    #[test]
    fn runs_that_differ_in_their_backend_alone_are_an_experiment_in_the_lab() {
        let lab = |runs: &[&str]| {
            let head = lesson("mine", "");
            let runs = runs.iter().map(|run| {
                format!("[[run]]\nlabel = \"r\"\nspec = \"\"\"\nworkload = \"spin\"\n{run}\n\"\"\"\n")
            });
            let text = head.split("[[role]]").take(1).map(str::to_owned).chain(runs).collect::<String>();
            let lesson = read_own(&text).expect("a lesson");
            lesson.variants[0].lab.as_ref().map(super::super::Lab::command)
        };
        let (serial, threads) = ("backend = \"serial\"", "backend = \"threads\"\nworkers = 4");
        let both = |backends: &str| {
            Some(format!("poolscope compare --backend {backends} --workers 4 --workload spin"))
        };
        assert_eq!(lab(&[serial, threads]), both("serial,threads"));
        assert_eq!(lab(&[threads, serial, threads]), both("threads,serial"));
        assert_eq!(lab(&[threads]), None);
        assert_eq!(lab(&[threads, "backend = \"processes\"\nworkers = 2"]), None);
    }

    #[test]
    fn what_is_wrong_is_told_by_field_value_and_what_is_allowed() {
        let twice = format!(
            "{}[[variant]]\nname = \"V\"\ntitle = \"t\"\nabout = \"a\"\n[[variant]]\nname = \"v\"\ntitle = \"t\"\nabout = \"a\"\n\
             [[variant]]\nname = \"v\"\ntitle = \"t\"\nabout = \"a\"\n",
            lesson("mine", SHARED)
        );
        let many = (0..33).fold(lesson("mine", SHARED), |text, at| {
            format!("{text}[[variant]]\nname = \"v{at}\"\ntitle = \"t\"\nabout = \"a\"\n")
        });
        for (text, parts) in [
            (lesson("queue", SHARED), &["name", "queue", "no lesson of this program"][..]),
            (lesson("Mine", SHARED), &["name", "Mine", "small letters"]),
            (lesson("mine", &SHARED.replace("bound = 2", "bound = 0")), &["bound", "0", "1 and more"]),
            (lesson("mine", &SHARED.replace("parties = 1", "parties = 99")), &["parties", "99", "1 to 64"]),
            (
                lesson(
                    "mine",
                    &format!("{SHARED}[[shared]]\nkind = \"semaphore\"\nname = \"s\"\npermits = 0\n"),
                )
                .replace("meet gate", "meet gate\nacquire s"),
                &["permits", "0", "1 and more"],
            ),
            (
                lesson("mine", SHARED).replace("gate", "g\\u0007"),
                &["name", "u{7}", "none controls a terminal"],
            ),
            (lesson("mine", &SHARED.replace("bound = 2", "bond = 2")), &["line ", "bond"]),
            (lesson("mine", ""), &["mine: role main, line 1", "no queue queue"]),
            ("name = 3".to_owned(), &["line 1"]),
            (twice.clone(), &["variant, name", "V", "small letters"]),
            (twice, &["variant, name", "v", "once"]),
            ("#".repeat(LONGEST_FILE + 1), &["262145 bytes"]),
            (many, &["variant", "33", "at most 32"]),
        ] {
            let wrong = read_own(&text).expect_err(&text);
            assert!(
                wrong.iter().any(|line| parts.iter().all(|part| line.contains(part))),
                "{parts:?}: {wrong:#?}"
            );
            assert!(wrong.iter().all(|line| !line.contains('\n')), "{wrong:#?}");
        }
    }
}
