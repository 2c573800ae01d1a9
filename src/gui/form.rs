//! The setup form: what the person has typed, as text, and what validation says of it.
//!
//! Fields are kept as typed, so that wrong input stays visible beside its error. [`Form::check`] turns them into a
//! [`Draft`] and validates only when something changed.

use super::changes::Changes;
use crate::{
    spec::{Backend, Draft, Kind, Lengths, Preset, Spec, SpecError, Telemetry, Transport, run_line},
    workload::{About, about},
};

/// The kind of a length distribution, without its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LengthsKind {
    Fixed,
    Uniform,
    Skewed,
    Straggler,
}

impl LengthsKind {
    pub(crate) const ALL: [Self; 4] = [Self::Fixed, Self::Uniform, Self::Skewed, Self::Straggler];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Uniform => "uniform",
            Self::Skewed => "skewed",
            Self::Straggler => "straggler",
        }
    }

    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Fixed => "Every task the same",
            Self::Uniform => "Spread evenly around the size",
            Self::Skewed => "Many short tasks, a few long ones (Pareto)",
            Self::Straggler => "All alike but one, which is much longer",
        }
    }
}

/// Everything that can be set, as text where a person types.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fields {
    pub(crate) backend: Backend,
    pub(crate) workers: String,
    pub(crate) workload: Kind,
    pub(crate) size: String,
    /// In the workload's own order.
    pub(crate) params: Vec<(String, String)>,
    pub(crate) tasks: String,
    pub(crate) lengths: LengthsKind,
    pub(crate) spread: String,
    pub(crate) alpha: String,
    /// Empty for the last task.
    pub(crate) straggler_at: String,
    pub(crate) straggler_factor: String,
    /// Empty for the workload's own default, which is none for every workload but `fault`.
    pub(crate) faults: String,
    pub(crate) chunk: String,
    pub(crate) queue: String,
    pub(crate) prefetch: String,
    /// Seconds; empty for none.
    pub(crate) timeout: String,
    pub(crate) retries: String,
    pub(crate) seed: String,
    pub(crate) telemetry: Telemetry,
    /// Not shown: as the run had it whose spec is used.
    pub(crate) transport: Transport,
}

#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) fields: Fields,
    /// What a suggestion has set up, until a run starts.
    pub(crate) changes: Changes,
    /// The fields that `result` was made from.
    checked: Option<Fields>,
    result: Result<Spec, Vec<SpecError>>,
    /// The command that runs the spec, made once for each.
    line: Option<String>,
}

impl Form {
    /// A form as the preset fills it.
    pub(crate) fn from_preset(preset: &Preset) -> Option<Self> {
        preset.draft().validate().ok().map(|spec| Self::from_spec(&spec))
    }

    pub(crate) fn from_spec(spec: &Spec) -> Self {
        let mut form = Self {
            fields: Fields::from_spec(spec),
            changes: Changes::default(),
            checked: None,
            result: Err(Vec::new()),
            line: None,
        };
        form.check();
        form
    }

    /// Validates what was typed, if it is not what was validated last. True when it was not.
    pub(crate) fn check(&mut self) -> bool {
        let changed = self.checked.as_ref() != Some(&self.fields);
        if changed {
            self.result = self.fields.draft().validate();
            self.line = self.spec().map(run_line);
            self.checked = Some(self.fields.clone());
        }
        changed
    }

    pub(crate) fn spec(&self) -> Option<&Spec> {
        self.result.as_ref().ok()
    }

    /// What this row held before a suggestion changed it, where it did and nobody has edited it since.
    pub(crate) fn was(&self, label: &str) -> Option<String> {
        self.changes.before(label, &self.fields).map(str::to_owned)
    }

    /// The `poolscope run …` that does what the form says.
    pub(crate) fn line(&self) -> Option<&str> {
        self.line.as_deref()
    }

    fn errors(&self) -> &[SpecError] {
        self.result.as_ref().err().map_or(&[], Vec::as_slice)
    }

    /// What is allowed in a field, where it holds something else.
    pub(crate) fn error(&self, field: &str) -> Option<String> {
        let lines: Vec<String> = self
            .errors()
            .iter()
            .filter(|error| error.field == field)
            .map(|error| format!("allowed: {}", error.allowed))
            .collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// Why the form cannot be run, where it cannot.
    pub(crate) fn blocked(&self) -> Option<String> {
        match self.errors() {
            [] if self.result.is_ok() => None,
            [] => Some("the form was not checked yet".to_owned()),
            errors => Some(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
        }
    }

    /// The spec of the form with another backend.
    pub(crate) fn with_backend(&self, backend: Backend) -> Result<Spec, Vec<SpecError>> {
        Fields { backend, ..self.fields.clone() }.draft().validate()
    }
}

impl Fields {
    fn from_spec(spec: &Spec) -> Self {
        let mut fields = Self {
            backend: spec.backend,
            workers: spec.workers.to_string(),
            workload: spec.workload,
            size: spec.size.to_string(),
            params: spec.params.iter().map(|param| (param.name.clone(), param.value.to_string())).collect(),
            tasks: spec.tasks.to_string(),
            lengths: LengthsKind::Fixed,
            spread: "0.5".to_owned(),
            alpha: "1.5".to_owned(),
            straggler_at: String::new(),
            straggler_factor: "10".to_owned(),
            faults: faults_text(spec),
            chunk: spec.chunk.to_string(),
            queue: spec.queue.to_string(),
            prefetch: spec.prefetch.to_string(),
            timeout: spec.timeout.map_or_else(String::new, |secs| secs.to_string()),
            retries: spec.retries.to_string(),
            seed: spec.seed.to_string(),
            telemetry: spec.telemetry,
            transport: spec.transport,
        };
        fields.set_lengths(spec.lengths);
        fields
    }

    fn set_lengths(&mut self, lengths: Lengths) {
        self.lengths = match lengths {
            Lengths::Fixed => LengthsKind::Fixed,
            Lengths::Uniform { spread } => {
                self.spread = spread.to_string();
                LengthsKind::Uniform
            }
            Lengths::Skewed { alpha } => {
                self.alpha = alpha.to_string();
                LengthsKind::Skewed
            }
            Lengths::Straggler { at, factor } => {
                self.straggler_at = at.map_or_else(String::new, |task| task.to_string());
                self.straggler_factor = factor.to_string();
                LengthsKind::Straggler
            }
        };
    }

    fn lengths_text(&self) -> String {
        match self.lengths {
            LengthsKind::Fixed => "fixed".to_owned(),
            LengthsKind::Uniform => format!("uniform:{}", self.spread.trim()),
            LengthsKind::Skewed => format!("skewed:{}", self.alpha.trim()),
            LengthsKind::Straggler => match self.straggler_at.trim() {
                "" => format!("straggler:{}", self.straggler_factor.trim()),
                at => format!("straggler@{at}:{}", self.straggler_factor.trim()),
            },
        }
    }

    /// Another workload: its size and parameters begin at their defaults, the rest stays.
    pub(crate) fn set_workload(&mut self, kind: Kind) {
        let about = about(kind);
        self.workload = kind;
        self.size = about.size_default.to_string();
        self.params =
            about.params.iter().map(|param| (param.name.to_owned(), param.default.to_string())).collect();
        self.faults.clear();
    }

    pub(crate) fn about(&self) -> &'static About {
        about(self.workload)
    }

    pub(crate) fn draft(&self) -> Draft {
        let some = |text: &str| Some(text.trim().to_owned());
        let unless_empty = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Draft {
            backend: some(self.backend.name()),
            // A serial pool has one worker by definition; the field is not shown then.
            workers: if self.backend == Backend::Serial { some("1") } else { some(&self.workers) },
            workload: some(self.workload.name()),
            // A form offers no lesson.
            lesson: None,
            tasks: some(&self.tasks),
            size: if self.about().size_name.is_empty() { None } else { some(&self.size) },
            params: self.params.iter().map(|(name, text)| (name.clone(), text.trim().to_owned())).collect(),
            lengths: Some(self.lengths_text()),
            chunk: some(&self.chunk),
            queue: some(&self.queue),
            prefetch: some(&self.prefetch),
            timeout: unless_empty(&self.timeout),
            retries: some(&self.retries),
            seed: some(&self.seed),
            fault: unless_empty(&self.faults),
            telemetry: some(self.telemetry.name()),
            transport: some(self.transport.name()),
        }
    }

    /// The number of workers, where the field holds one.
    pub(crate) fn workers_number(&self) -> Option<u32> {
        self.workers.trim().parse().ok()
    }
}

/// The list of faults, or nothing where that says the same.
fn faults_text(spec: &Spec) -> String {
    if spec.faults.is_empty() && spec.workload == Kind::Fault {
        return "none".to_owned();
    }
    spec.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::PRESETS;

    fn form() -> Form {
        Form::from_spec(&Draft::default().validate().unwrap())
    }

    #[test]
    fn every_preset_fills_the_form_and_comes_back_as_the_same_spec() {
        for preset in PRESETS {
            let form = Form::from_preset(preset).unwrap();
            assert_eq!(Ok(form.spec().unwrap()), preset.draft().validate().as_ref(), "{}", preset.name);
        }
    }

    #[test]
    fn the_spec_of_a_run_comes_back_with_what_no_field_shows() {
        let draft = Draft { transport: Some("stream".into()), seed: Some("9".into()), ..Draft::default() };
        let spec = draft.validate().unwrap();
        assert_eq!(Form::from_spec(&spec).spec(), Some(&spec));
        let marked = Spec { lesson: "gil".parse().ok(), ..spec.clone() };
        assert_eq!(Form::from_spec(&marked).spec(), Some(&spec), "what is started there is no lesson");
    }

    #[test]
    fn every_workload_starts_out_valid() {
        for kind in Kind::ALL {
            let mut form = form();
            form.fields.set_workload(kind);
            form.check();
            assert_eq!(form.blocked(), None, "{kind}");
            assert_eq!(form.spec().unwrap().workload, kind);
        }
    }

    #[test]
    fn every_length_distribution_survives_the_form() {
        for text in ["fixed", "uniform:0.25", "skewed:2.5", "straggler:7", "straggler@3:20"] {
            let draft = Draft { lengths: Some(text.to_owned()), ..Draft::default() };
            let spec = draft.validate().unwrap();
            assert_eq!(Form::from_spec(&spec).spec(), Some(&spec), "{text}");
        }
    }

    #[test]
    fn wrong_fields_are_kept_and_each_says_what_is_allowed() {
        let mut form = form();
        form.fields.workers = "0".to_owned();
        form.fields.tasks = "many".to_owned();
        form.check();
        assert_eq!(form.fields.tasks, "many");
        assert_eq!(form.error("workers").as_deref(), Some("allowed: 1 to 1024"));
        assert!(form.error("tasks").unwrap().starts_with("allowed: 1 to "));
        assert_eq!(form.error("seed"), None);
        assert_eq!(form.spec(), None);
        let blocked = form.blocked().unwrap();
        assert!(blocked.contains("workers") && blocked.contains("tasks"), "{blocked}");
    }

    #[test]
    fn a_serial_pool_has_one_worker_whatever_the_hidden_field_says() {
        let mut form = form();
        form.fields.backend = Backend::Serial;
        form.fields.workers = "nonsense".to_owned();
        form.check();
        assert_eq!(form.spec().map(|spec| spec.workers), Some(1));
    }

    #[test]
    fn both_backends_differ_in_nothing_else() {
        let form = form();
        let processes = form.with_backend(Backend::Processes).unwrap();
        let threads = form.with_backend(Backend::Threads).unwrap();
        assert_eq!(Spec { backend: Backend::Threads, ..processes }, threads);
    }

    #[test]
    fn no_faults_stay_no_faults_for_the_workload_that_would_have_one() {
        let draft = Draft { workload: Some("fault".into()), fault: Some("none".into()), ..Draft::default() };
        let spec = draft.validate().unwrap();
        assert!(Form::from_spec(&spec).spec().unwrap().faults.is_empty());
    }

    #[test]
    fn blanks_around_a_number_are_no_error() {
        let mut form = form();
        form.fields.tasks = " 12 ".to_owned();
        form.check();
        assert_eq!(form.spec().map(|spec| spec.tasks), Some(12));
    }
}
