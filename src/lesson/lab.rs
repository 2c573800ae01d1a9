//! Ordinary pools that belong to a lesson: the runs of which it consists, and what corresponds to it in the lab.

use serde::Deserialize;

use super::What;
use crate::spec::{Draft, Spec, SpecError, experiment_line, one_line, portable_run_line};

/// An ordinary run of a lesson.
#[derive(Clone, Debug)]
pub struct LabRun {
    /// What it is called beside the others.
    pub label: String,
    pub spec: Spec,
    pub expect: RunEnd,
}

/// An ordinary pool that shows in numbers what a lesson is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Lab {
    /// What it is, and what it shows.
    pub about: String,
    pub spec: Spec,
    /// What an experiment has to vary to show it; empty where one run does.
    pub vary: Varied,
}

/// Values for fields of a spec, as an experiment takes them: `threads,processes`, `1..4`.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Varied {
    pub backend: String,
    pub workers: String,
}

impl Lab {
    /// For a shell: one run, or an experiment.
    pub fn command(&self) -> String {
        if self.vary.is_empty() {
            portable_run_line(&self.spec)
        } else {
            experiment_line(&self.spec, self.vary.draft())
        }
    }
}

impl Varied {
    fn draft(&self) -> Draft {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Draft { backend: some(&self.backend), workers: some(&self.workers), ..Draft::default() }
    }

    /// The specs that an experiment makes of this one.
    fn of(&self, spec: &Spec) -> Result<Vec<Spec>, Vec<SpecError>> {
        let variants = Draft::from_spec(spec).overlay(self.draft()).variants()?;
        Ok(variants.into_iter().map(|variant| variant.spec).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.backend.is_empty() && self.workers.is_empty()
    }
}

/// How an ordinary run of a lesson should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunEnd {
    /// The engine dies with it.
    pub lost: bool,
    /// Tasks that end ok, where that is certain.
    pub ok: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LabText {
    about: String,
    /// A spec file.
    spec: String,
    #[serde(default)]
    vary: Varied,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunText {
    pub(super) label: String,
    /// A spec file.
    pub(super) spec: String,
    #[serde(default)]
    pub(super) lost: bool,
    pub(super) ok: Option<u32>,
}

/// An ordinary run, marked as part of this lesson and variant.
pub(super) fn run_of(lesson: &str, text: &RunText, wrong: &mut Vec<String>) -> Option<LabRun> {
    let spec = spec_of(&text.spec, Some(lesson), &format!("run {}", one_line(&text.label)), wrong)?;
    Some(LabRun { label: text.label.clone(), spec, expect: RunEnd { lost: text.lost, ok: text.ok } })
}

pub(super) fn lab_of(text: &LabText, wrong: &mut Vec<String>) -> Option<Lab> {
    let spec = spec_of(&text.spec, None, "lab", wrong)?.unmarked();
    if !text.vary.is_empty() {
        match text.vary.of(&spec) {
            Ok(specs) if specs.len() > 1 => {}
            Ok(_) => wrong.push("lab, vary: that is one spec; allowed: two and more".to_owned()),
            Err(errors) => wrong.extend(errors.iter().map(|error| format!("lab, vary: {error}"))),
        }
    }
    Some(Lab { about: text.about.clone(), spec, vary: text.vary.clone() })
}

/// The work of a lesson of ordinary runs, with all their backends; `None` where its runs differ in something else.
pub(super) fn lab_of_runs(what: &What) -> Option<Lab> {
    let What::Runs(runs) = what else { return None };
    let mut backends: Vec<&str> = Vec::new();
    for name in runs.iter().map(|run| run.spec.backend.name()) {
        if !backends.contains(&name) {
            backends.push(name);
        }
    }
    let vary = Varied { backend: backends.join(","), ..Varied::default() };
    let specs: Vec<Spec> = runs.iter().map(|run| run.spec.unmarked()).collect();
    let gives_all = |found: Vec<Spec>| found.len() > 1 && specs.iter().all(|spec| found.contains(spec));
    // Not any of them: `serial` does not know how many workers the others have.
    let spec = specs.iter().find(|spec| vary.of(spec).is_ok_and(gives_all))?.clone();
    Some(Lab {
        about: format!("The same work with each of these backends: {}.", backends.join(", ")),
        spec,
        vary,
    })
}

/// The fields of a spec, which stand in `place`; where it is a part of a lesson, with its name.
fn spec_of(text: &str, lesson: Option<&str>, place: &str, wrong: &mut Vec<String>) -> Option<Spec> {
    let mark = |draft| Draft { lesson: lesson.map(str::to_owned), ..draft };
    let spec = crate::spec::parse_toml(text).map(mark).and_then(|draft: Draft| draft.validate());
    spec.map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        wrong.push(format!("{place}: {}", errors.join("; ")));
    })
    .ok()
}
