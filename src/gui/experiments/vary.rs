//! What an experiment is to vary, as typed, on top of what the setup says.

use std::time::Duration;

use crate::{
    experiment::{Plan, Rules},
    gui::form::Fields,
    lesson::Varied,
    spec::{Backend, Draft, Spec, SpecError, Variant},
};

/// A question that people come with, and that one click answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inquiry {
    Backend,
    Workers,
    Chunk,
}

impl Inquiry {
    pub(crate) const ALL: [Self; 3] = [Self::Backend, Self::Workers, Self::Chunk];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Backend => "Threads or processes?",
            Self::Workers => "How many workers?",
            Self::Chunk => "Which chunk?",
        }
    }

    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Backend => {
                "Runs what the setup says as threads and as processes, in turns, and tells them apart"
            }
            Self::Workers => {
                "Runs what the setup says with one worker, two, and on to twice the cores, and recommends a number"
            }
            Self::Chunk => "Runs what the setup says with chunks from one task up, and recommends a size",
        }
    }
}

/// Fields that are varied, each with several values or empty for what the setup says; and how it is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vary {
    pub(crate) backend: String,
    pub(crate) workers: String,
    pub(crate) chunk: String,
    pub(crate) size: String,
    pub(crate) lengths: String,
    pub(crate) repeats: String,
    pub(crate) warmup: String,
    /// Seconds to wait at most before a run for the machine to be calm.
    pub(crate) calm: String,
}

impl Default for Vary {
    fn default() -> Self {
        Self {
            backend: "threads,processes".to_owned(),
            workers: String::new(),
            chunk: String::new(),
            size: String::new(),
            lengths: String::new(),
            repeats: "5".to_owned(),
            warmup: "1".to_owned(),
            calm: "5".to_owned(),
        }
    }
}

impl Vary {
    /// What answers a question about the setup's spec, run as this one says.
    pub(crate) fn of(&self, inquiry: Inquiry, spec: &Spec, usable_cores: f64) -> Self {
        let nothing = || Self {
            backend: String::new(),
            workers: String::new(),
            chunk: String::new(),
            size: String::new(),
            lengths: String::new(),
            ..self.clone()
        };
        let serial = spec.backend == Backend::Serial;
        // A serial pool has one worker, and would answer nothing.
        let pool = || if serial { "threads".to_owned() } else { String::new() };
        match inquiry {
            Inquiry::Backend => Self { backend: "threads,processes".to_owned(), ..nothing() },
            Inquiry::Workers => {
                let most = (usable_cores * 2.0).ceil().clamp(2.0, 32.0) as u32;
                Self { backend: pool(), workers: format!("1..{most}"), ..nothing() }
            }
            Inquiry::Chunk => {
                // Beyond this some worker would have nothing to do.
                let most = spec.tasks.div_ceil(spec.workers.max(1)).max(2);
                let factor = if most > 256 { 4 } else { 2 };
                Self { backend: pool(), chunk: format!("1..{most}*{factor}"), ..nothing() }
            }
        }
    }

    /// Varies this and nothing else, run as before.
    pub(crate) fn take_over(&mut self, varied: &Varied) {
        let Self { repeats, warmup, calm, .. } = std::mem::take(self);
        *self = Self { repeats, warmup, calm, ..Self::default() };
        // With nothing to vary, what an experiment begins with is better than an error.
        if !varied.is_empty() {
            (self.backend, self.workers) = (varied.backend.clone(), varied.workers.clone());
        }
    }

    /// `backends threads,processes; 5 repeats after 1 warm-up`
    pub(crate) fn summary(&self) -> String {
        let fields = [
            ("backends", &self.backend),
            ("workers", &self.workers),
            ("chunks", &self.chunk),
            ("sizes", &self.size),
            ("lengths", &self.lengths),
        ];
        let set = fields.into_iter().filter(|(_, text)| !text.trim().is_empty());
        let set: Vec<String> = set.map(|(name, text)| format!("{name} {}", text.trim())).collect();
        let varied = if set.is_empty() { "nothing varied".to_owned() } else { set.join(", ") };
        format!("{varied}; {} repeats after {} warm-up", self.repeats.trim(), self.warmup.trim())
    }

    fn draft(&self) -> Draft {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Draft {
            backend: some(&self.backend),
            workers: some(&self.workers),
            chunk: some(&self.chunk),
            size: some(&self.size),
            lengths: some(&self.lengths),
            ..Draft::default()
        }
    }

    fn rules(&self, seed: u64) -> Result<Rules, Vec<SpecError>> {
        let mut errors = Vec::new();
        let mut whole = |name: &str, text: &str, allowed: &str| {
            let number = text.trim().parse::<u32>();
            number.map_err(|_| errors.push(SpecError::new(name, text, allowed))).unwrap_or_default()
        };
        let repeats = whole("repeats", &self.repeats, "1 to 1000");
        let warmup = whole("warmup", &self.warmup, "0 to 100");
        let patience = self.calm.trim().parse().ok().and_then(|secs| Duration::try_from_secs_f64(secs).ok());
        if patience.is_none() {
            errors.push(SpecError::new("calm", &self.calm, "0 to 3600 s"));
        }
        match patience {
            Some(patience) if errors.is_empty() => Ok(Rules { repeats, warmup, seed, patience }),
            _ => Err(errors),
        }
    }

    /// The plan, on top of what the setup says; or all that is wrong with either.
    pub(crate) fn plan(&self, setup: &Fields) -> Result<Plan, Vec<SpecError>> {
        let mut base = setup.draft();
        // A serial pool's one worker must not be that of the others.
        if setup.backend == Backend::Serial && !self.backend.trim().is_empty() {
            base.workers = Some(setup.workers.trim().to_owned());
        }
        let variants: Result<Vec<Variant>, _> = base.overlay(self.draft()).variants();
        let seed = variants.as_ref().ok().and_then(|all| all.first()).map_or(1, |first| first.spec.seed);
        match (variants, self.rules(seed)) {
            (Ok(variants), Ok(_)) if variants.len() < 2 => {
                let say = "give a field several values, such as workers 1..4";
                Err(vec![SpecError::about("experiment", say)])
            }
            (Ok(variants), Ok(rules)) => Plan::new(variants, rules),
            (variants, rules) => Err(variants.err().into_iter().chain(rules.err()).flatten().collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{gui::form::Form, lesson};

    fn form(fields: &[(&str, &str)]) -> Form {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Form::from_spec(&Draft::from_fields(fields).unwrap().validate().unwrap())
    }

    fn names(vary: &Vary, form: &Form) -> Vec<String> {
        vary.plan(&form.fields).unwrap().variants.into_iter().map(|variant| variant.name).collect()
    }

    #[test]
    fn each_question_has_variants_that_answer_it_whatever_the_setup() {
        for backend in ["serial", "threads", "processes", "gil"] {
            let form = form(&[("backend", backend), ("workers", "2"), ("tasks", "64")]);
            let spec = form.spec().unwrap();
            let of = |inquiry| names(&Vary::default().of(inquiry, spec, 2.0), &form);
            assert_eq!(of(Inquiry::Backend).len(), 2, "{backend}");
            assert_eq!(
                of(Inquiry::Workers),
                ["1 worker", "2 workers", "3 workers", "4 workers"],
                "{backend}"
            );
            let chunks = of(Inquiry::Chunk);
            assert!(chunks.len() >= 6 && chunks[0] == "chunk 1", "{backend}: {chunks:?}");
        }
    }

    #[test]
    fn what_a_lesson_has_in_the_lab_can_be_run_there() {
        for variant in lesson::all().iter().flat_map(|lesson| &lesson.variants) {
            let lab = variant.lab.as_ref().unwrap();
            let form = Form::from_spec(&lab.spec);
            assert_eq!(form.spec(), Some(&lab.spec), "{}", variant.title);
            let mut vary = Vary { repeats: "3".into(), workers: "1..64".into(), ..Vary::default() };
            vary.take_over(&lab.vary);
            assert_eq!(vary.repeats, "3");
            if !lab.vary.is_empty() {
                let plan = vary.plan(&form.fields).unwrap();
                let asked = [&lab.vary.backend, &lab.vary.workers];
                let values: usize = asked.iter().map(|values| values.split(',').count()).product();
                assert_eq!(plan.variants.len(), values, "{}", variant.title);
            }
        }
    }

    #[test]
    fn what_is_set_is_told_in_a_line() {
        let vary = Vary { workers: " 1..4 ".into(), ..Vary::default() };
        assert_eq!(vary.summary(), "backends threads,processes, workers 1..4; 5 repeats after 1 warm-up");
        let none = Vary { backend: String::new(), ..Vary::default() }.summary();
        assert!(none.starts_with("nothing varied; "), "{none}");
    }

    #[test]
    fn all_that_is_wrong_is_told() {
        let vary =
            Vary { workers: "0,1".into(), repeats: "many".into(), calm: "-1".into(), ..Vary::default() };
        let errors = vary.plan(&form(&[]).fields).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["workers", "repeats", "calm"]);
        let one = Vary { backend: String::new(), ..Vary::default() }.plan(&form(&[]).fields).unwrap_err();
        assert!(one[0].to_string().starts_with("experiment: give a field several values"));
        let none = Vary { repeats: "0".into(), ..Vary::default() }.plan(&form(&[]).fields).unwrap_err();
        assert_eq!(none[0].to_string(), "repeats: 0 is not allowed; allowed: 1 to 1000");
    }
}
