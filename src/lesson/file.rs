//! A lesson as a TOML file.
//!
//! ```toml
//! name = "queue"
//! title = "Producer and consumer"
//! goal = "…"
//! before = ["…", "…", "…"]      # three sentences
//! look = ["…"]
//! next = ["…"]
//! log = { file = "multiprocess.txt", format = "%(levelname)s-%(message)s" }   # where it keeps one
//!
//! [[shared]]                     # what the processes share
//! kind = "queue"                 # queue, pipe, array, value, lock, semaphore, event, barrier
//! name = "queue"
//!
//! [[role]]
//! name = "main"
//! steps = """
//! start producer
//! """
//!
//! [[question]]
//! ask = "…"
//! why = "…"
//! choice = [{ text = "…", when = { measure = "ended", is = "stuck" } }, …]
//!
//! [lab]                          # what corresponds in the lab; a variant may have its own
//! about = "…"
//! spec = """…"""                 # the fields of a spec
//! vary = { workers = "1,2,4" }   # where an experiment tells more than one run
//!
//! [expect]
//! printed = ["first", ["in", "any", "order"]]
//!
//! [[variant]]                    # how it goes wrong, or otherwise
//! name = "missing-sentinel"
//! title = "…"
//! about = "…"
//! look = ["…"]
//! next = ["…"]
//! role = [ … ]                   # takes the place of the role of the same name
//! shared = [ … ]                 # likewise
//! ```
//!
//! Roles and shared objects of the lesson that a variant never uses are no part of it.
//!
//! The Python beside it is `lesson-NAME.py` and `lesson-NAME-VARIANT.py`: a program called `queue.py` would stand before
//! the module of that name, and no program in its folder could use `multiprocessing` any more. A lesson of ordinary runs has `[[run]]` tables in place of
//! roles: a label, the fields of a spec, and how it ends.

use serde::Deserialize;

use super::{
    Ending, Expect, Lesson, Lines, LogFile, Python, Question, Variant, What,
    lab::{LabText, RunText, lab_of, lab_of_runs, run_of},
    names::check,
    program::{Program, Role, Shared, parse},
    reach::Reached,
};
use crate::spec::one_line;

/// Each has a program of its own, also where it takes all of it from its lesson.
const MOST_VARIANTS: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LessonFile {
    name: String,
    title: String,
    goal: String,
    before: Vec<String>,
    look: Vec<String>,
    next: Vec<String>,
    log: Option<LogText>,
    /// Of the lesson as it should be.
    about: String,
    #[serde(default)]
    shared: Vec<Shared>,
    #[serde(default)]
    role: Vec<RoleText>,
    #[serde(default)]
    run: Vec<RunText>,
    #[serde(default)]
    question: Vec<Question>,
    #[serde(default)]
    expect: Option<ExpectText>,
    #[serde(default)]
    python_hangs: bool,
    lab: Option<LabText>,
    #[serde(default)]
    variant: Vec<VariantText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogText {
    file: String,
    format: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleText {
    name: String,
    #[serde(default)]
    takes: Vec<String>,
    steps: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectText {
    #[serde(default)]
    ended: Ending,
    #[serde(default)]
    printed: Vec<Lines>,
    #[serde(default)]
    logged: Vec<Lines>,
    #[serde(default)]
    stuck: Vec<String>,
    #[serde(default)]
    died: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VariantText {
    name: String,
    title: String,
    about: String,
    #[serde(default)]
    look: Vec<String>,
    #[serde(default)]
    next: Vec<String>,
    /// Something goes wrong that neither waits nor dies.
    #[serde(default)]
    wrong: bool,
    #[serde(default)]
    shared: Vec<Shared>,
    #[serde(default)]
    role: Vec<RoleText>,
    #[serde(default)]
    run: Vec<RunText>,
    #[serde(default)]
    question: Vec<Question>,
    #[serde(default)]
    expect: Option<ExpectText>,
    #[serde(default)]
    python_hangs: bool,
    lab: Option<LabText>,
}

/// Reads a lesson. `pythons` are the Python programs by their file names.
///
/// # Errors
/// Everything that is wrong with it, a line each.
pub fn read(text: &str, pythons: &[(&'static str, &'static str)]) -> Result<Lesson, Vec<String>> {
    let file: LessonFile = toml::from_str(text).map_err(|error| vec![syntax(text, &error)])?;
    if file.variant.len() > MOST_VARIANTS {
        return Err(vec![format!(
            "variant: there are {}; allowed: at most {MOST_VARIANTS}",
            file.variant.len()
        )]);
    }
    let mut wrong = Vec::new();
    let base = VariantText {
        name: String::new(),
        title: file.title.clone(),
        about: file.about,
        look: file.look,
        next: file.next,
        wrong: false,
        shared: file.shared,
        role: file.role,
        run: file.run,
        question: file.question,
        expect: file.expect,
        python_hangs: file.python_hangs,
        lab: file.lab,
    };
    let mut variants = vec![variant(&file.name, &base, None, pythons, &mut wrong)];
    for text in &file.variant {
        variants.push(variant(&file.name, text, Some(&base), pythons, &mut wrong));
    }
    if file.before.len() != 3 {
        wrong.push(format!("before: {} sentences; allowed: 3", file.before.len()));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok(Lesson {
        name: file.name,
        title: file.title,
        goal: file.goal,
        before: file.before,
        log: file.log.map(|log| LogFile { file: log.file, format: log.format }),
        variants,
    })
}

/// What is wrong and where, in one line.
fn syntax(text: &str, error: &toml::de::Error) -> String {
    let what = one_line(error.message());
    match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => format!("line {}: {what}", before.matches('\n').count() + 1),
        None => what,
    }
}

/// A variant, with what it does not say taken from the lesson as it should be.
fn variant(
    lesson: &str,
    text: &VariantText,
    base: Option<&VariantText>,
    pythons: &[(&'static str, &'static str)],
    wrong: &mut Vec<String>,
) -> Variant {
    let name = base.map(|_| text.name.clone());
    let place = name.as_deref().map_or_else(|| lesson.to_owned(), |name| format!("{lesson}/{name}"));
    let mut found = Vec::new();
    let what = if text.run.is_empty() {
        let program = program(text, base, &mut found);
        found.extend(check(&program));
        What::Program(program)
    } else {
        What::Runs(text.run.iter().filter_map(|run| run_of(&place, run, &mut found)).collect())
    };
    for question in &text.question {
        check_question(question, &mut found);
    }
    let lab_text = text.lab.as_ref().or_else(|| base.and_then(|base| base.lab.as_ref()));
    let lab = lab_text.and_then(|text| lab_of(text, &mut found)).or_else(|| lab_of_runs(&what));
    wrong.extend(found.into_iter().map(|what| format!("{place}: {what}")));
    let file = format!("lesson-{}.py", place.replace('/', "-"));
    let python = pythons.iter().find(|(name, _)| *name == file);
    let expect = text.expect.clone().unwrap_or_default();
    Variant {
        name,
        title: text.title.clone(),
        about: text.about.clone(),
        look: text.look.clone(),
        next: text.next.clone(),
        goes_wrong: text.wrong || ends_badly(text),
        what,
        questions: text.question.clone(),
        expect: Expect {
            anything: text.expect.is_none(),
            ended: expect.ended,
            printed: expect.printed,
            logged: expect.logged,
            stuck: expect.stuck,
            died: expect.died.into_iter().collect(),
        },
        lab,
        python: python.map(|&(file, text_of)| Python { file, text: text_of, hangs: text.python_hangs }),
    }
}

/// Somebody waits for ever, dies, or is lost; or in Python.
fn ends_badly(text: &VariantText) -> bool {
    let of_program =
        text.expect.as_ref().is_some_and(|expect| expect.ended == Ending::Stuck || !expect.died.is_empty());
    of_program || text.python_hangs || text.run.iter().any(|run| run.lost)
}

fn program(text: &VariantText, base: Option<&VariantText>, wrong: &mut Vec<String>) -> Program {
    let mut shared: Vec<Shared> = base.map(|base| base.shared.clone()).unwrap_or_default();
    for own in &text.shared {
        match shared.iter_mut().find(|other| other.names() == own.names()) {
            Some(other) => *other = own.clone(),
            None => shared.push(own.clone()),
        }
    }
    let mut texts: Vec<RoleText> = base.map(|base| base.role.clone()).unwrap_or_default();
    for own in &text.role {
        match texts.iter_mut().find(|other| other.name == own.name) {
            Some(other) => *other = own.clone(),
            None => texts.push(own.clone()),
        }
    }
    let roles = texts
        .into_iter()
        .map(|role| {
            let steps = parse(&role.steps).unwrap_or_else(|error| {
                wrong.push(format!("role {}, {error}", role.name));
                Vec::new()
            });
            Role { name: role.name, parameters: role.takes, text: role.steps, steps }
        })
        .collect();
    let mut program = Program { shared, roles };
    if wrong.is_empty() {
        drop_unused(&mut program, text, wrong);
    }
    program
}

/// What a variant takes from its lesson and does not use is no part of it. What it says itself must be used.
fn drop_unused(program: &mut Program, text: &VariantText, wrong: &mut Vec<String>) {
    let reached = Reached::from_main(program);
    for role in text.role.iter().filter(|role| !reached.role(&role.name)) {
        wrong.push(format!("the role {} is never started", role.name));
    }
    for shared in text.shared.iter().filter(|shared| !reached.object(shared)) {
        wrong.push(format!("the shared {} is never used", shared.names().join(", ")));
    }
    program.roles.retain(|role| reached.role(&role.name));
    program.shared.retain(|shared| reached.object(shared));
}

/// Its choices must say what they measure in the way in which that is measured.
fn check_question(question: &Question, wrong: &mut Vec<String>) {
    if question.choices.len() < 2 {
        wrong.push(format!("{}: fewer than two choices", question.ask));
    }
    for choice in &question.choices {
        let condition = &choice.condition;
        let bounds = condition.at_least.is_some() || condition.at_most.is_some();
        let measure = condition.measure;
        let said = if measure.in_words() { condition.is.is_some() && !bounds } else { bounds };
        if !said || measure.of_something() != condition.of.is_some() {
            wrong.push(format!("{}: {} cannot be judged", question.ask, choice.text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
name = "four"
title = "Four"
goal = "g"
before = ["a", "b", "c"]
look = []
next = []
about = "as it should be"
[[shared]]
kind = "queue"
name = "queue"
[[role]]
name = "main"
steps = """
start child with n = 1
"""
[[role]]
name = "child"
takes = ["n"]
steps = "put queue n"
[[question]]
ask = "?"
why = "!"
choice = [{ text = "y", when = { measure = "ended", is = "stuck" } },
          { text = "n", when = { measure = "seconds", at_most = 2 } }]
[expect]
printed = ["a", ["b", "c"]]
[[variant]]
name = "wrong"
title = "w"
about = "x"
python_hangs = true
role = [{ name = "child", takes = ["n"], steps = "die" }]
expect = { ended = "stuck", stuck = ["main"], died = { child = "SIGKILL" } }
"#;

    #[test]
    fn a_variant_takes_what_it_uses_and_does_not_say_from_the_lesson() {
        let lesson = read(TEXT, &[("lesson-four.py", "print(1)"), ("lesson-four-wrong.py", "print(2)")])
            .expect("a lesson");
        assert_eq!(lesson.variants.len(), 2);
        let wrong = lesson.variant(Some("wrong")).expect("it");
        let What::Program(program) = &wrong.what else { panic!("a program") };
        assert_eq!(program.role("child").expect("child").text, "die");
        assert!(program.role("main").expect("main").text.contains("start child"));
        assert_eq!((wrong.expect.ended, program.shared.len()), (Ending::Stuck, 0));
        assert_eq!(wrong.python.map(|python| (python.text, python.hangs)), Some(("print(2)", true)));
        assert_eq!(lesson.name_of(wrong).to_string(), "four/wrong");
    }

    #[test]
    fn everything_wrong_is_told_with_its_place() {
        let text = TEXT
            .replace("steps = \"put queue n\"", "steps = \"put basket n\"")
            .replace("steps = \"die\"", "steps = \"fly\"")
            .replace("\"a\", \"b\", \"c\"]\nlook", "\"a\"]\nlook")
            .replace("is = \"stuck\" } },\n", "at_least = 1 } },\n");
        let wrong = read(&text, &[]).expect_err("wrong");
        for part in [
            "four: role child, line 1: there is no queue basket",
            "four/wrong: role child, line 1: there is no step fly",
            "before: 1 sentences",
            "four: ?: y cannot be judged",
        ] {
            assert!(wrong.iter().any(|what| what.contains(part)), "{part} is not in {wrong:#?}");
        }
        let unused = TEXT
            .replace("kind = \"queue\"", "kind = \"lock\"\nname = \"lock\"\n[[shared]]\nkind = \"queue\"")
            .replace("[[question]]", "[[role]]\nname = \"nobody\"\nsteps = \"die\"\n[[question]]");
        assert_eq!(
            read(&unused, &[]).expect_err("unused"),
            ["four: the role nobody is never started", "four: the shared lock is never used"]
        );
        assert!(read("name = 3", &[]).is_err() && read(&TEXT.replace("goal", "aim"), &[]).is_err());
    }
}
