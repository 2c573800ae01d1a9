//! From a [`Draft`] to a [`Spec`]: the one place that knows ranges and defaults.
//!
//! It never stops at the first error: a person who has to fix three fields is told of three.

use std::{collections::BTreeSet, fmt::Display, ops::RangeInclusive, str::FromStr};

use super::{
    Backend, Chunk, Draft, Fault, FaultKind, Kind, Lengths, LessonName, MAX_TASKS, MAX_WORKERS, Param,
    Prefetch, QueueBound, Spec, SpecError, Telemetry, Transport,
    number::{number, whole_number},
    quoted,
    text::nearest,
};
use crate::workload::{About, ParamAbout, about};

/// The most attempts a task may have beyond the first.
const MAX_RETRIES: u64 = 100;
const MAX_TIMEOUT_SECS: f64 = 86_400.0;
/// A timeout is kept in nanoseconds, so that anything shorter would be none.
const MIN_TIMEOUT_SECS: f64 = 1e-9;
const DEFAULT_SEED: u64 = 1;
/// The most faults in one spec: each task looks through them.
const MAX_FAULTS: usize = 1000;
/// Errors told of one list. The rest would say the same again.
const MAX_LIST_ERRORS: usize = 10;

impl Draft {
    /// Makes a spec of it, or says everything that is wrong.
    ///
    /// # Errors
    /// All fields that cannot be, in the order of the command line's help.
    pub fn validate(&self) -> Result<Spec, Vec<SpecError>> {
        let mut errors = Errors::default();
        let backend = errors.parse("backend", self.backend.as_ref(), Backend::Processes);
        let workers = errors
            .whole("workers", self.workers.as_ref(), 1..=MAX_WORKERS.into(), default_workers().into())
            .map(|n| n as u32);
        let workload = errors.parse("workload", self.workload.as_ref(), Kind::Primes);
        let lesson = errors.lesson(self.lesson.as_ref(), workload);
        // Without a workload nobody knows the range of the size or the names of the parameters.
        let known = workload.map(about);
        let default_tasks = known.map_or(about(Kind::Primes).tasks_default, |known| known.tasks_default);
        let tasks = errors
            .whole("tasks", self.tasks.as_ref(), 1..=MAX_TASKS.into(), default_tasks.into())
            .map(|n| n as u32);
        let size = known.and_then(|known| errors.size(self.size.as_ref(), known));
        let params = known.map(|known| errors.params(&self.params, known));
        let lengths = errors.parse("lengths", self.lengths.as_ref(), Lengths::Fixed);
        errors.straggler_in_run(self.lengths.as_ref(), lengths, tasks);
        let chunk = errors.parse("chunk", self.chunk.as_ref(), Chunk::Auto);
        let queue = errors.parse("queue", self.queue.as_ref(), QueueBound::Unbounded);
        let prefetch = errors.parse("prefetch", self.prefetch.as_ref(), Prefetch::Auto);
        let timeout = errors.timeout(self.timeout.as_ref());
        let retries = errors.whole("retries", self.retries.as_ref(), 0..=MAX_RETRIES, 0).map(|n| n as u32);
        let seed = errors.whole("seed", self.seed.as_ref(), 0..=u64::MAX, DEFAULT_SEED);
        let faults = errors.faults(self.fault.as_ref(), workload, tasks);
        let telemetry = errors.parse("telemetry", self.telemetry.as_ref(), Telemetry::Auto);
        let transport = errors.parse("transport", self.transport.as_ref(), Transport::Ring);
        let spec = (|| {
            Some(Spec {
                backend: backend?,
                // There is one worker whatever was asked for, but nonsense stays nonsense.
                workers: workers.map(|n| if backend == Some(Backend::Serial) { 1 } else { n })?,
                workload: workload?,
                lesson,
                tasks: tasks?,
                size: size?,
                params: params?,
                lengths: lengths?,
                chunk: chunk?,
                queue: queue?,
                prefetch: prefetch?,
                timeout,
                retries: retries?,
                seed: seed?,
                faults,
                telemetry: telemetry?,
                transport: transport?,
            })
        })();
        match spec {
            Some(spec) if errors.0.is_empty() => Ok(spec),
            _ => Err(errors.0),
        }
    }
}

/// One worker for each core that this process may use.
pub fn default_workers() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| (cores.get() as u32).min(MAX_WORKERS))
}

/// Reads fields and keeps what was wrong with them. Where a method has nothing to give, it has noted why.
#[derive(Default)]
struct Errors(Vec<SpecError>);

impl Errors {
    fn add(&mut self, field: impl Into<String>, value: &str, allowed: impl Into<String>) {
        self.0.push(SpecError::new(field, value, allowed));
    }

    fn parse<T: FromStr<Err = String>>(
        &mut self,
        field: &str,
        text: Option<&String>,
        default: T,
    ) -> Option<T> {
        let Some(text) = text else { return Some(default) };
        text.parse().map_err(|allowed: String| self.add(field, text, allowed)).ok()
    }

    fn whole(
        &mut self,
        field: &str,
        text: Option<&String>,
        range: RangeInclusive<u64>,
        default: u64,
    ) -> Option<u64> {
        let Some(text) = text else { return Some(default) };
        let value = whole_number(text).filter(|n| range.contains(n));
        if value.is_none() {
            self.add(field, text, span_text(range.start(), range.end()));
        }
        value
    }

    /// A lesson has a name, and a pool may be part of one.
    fn lesson(&mut self, text: Option<&String>, workload: Option<Kind>) -> Option<LessonName> {
        match (text, workload) {
            (None, Some(Kind::Lesson)) => {
                self.add("workload", "lesson", "a lesson is started by `poolscope lesson NAME`");
                None
            }
            (Some(text), _) => text.parse().map_err(|allowed: String| self.add("lesson", text, allowed)).ok(),
            (None, _) => None,
        }
    }

    fn size(&mut self, text: Option<&String>, known: &About) -> Option<u64> {
        let before = self.0.len();
        let size = self.whole("size", text, known.size_min..=known.size_max, known.size_default);
        // A bare range does not say what the number means, which is different for every workload.
        for error in &mut self.0[before..] {
            error.allowed = format!("{} for workload {}", error.allowed, known.kind);
            if !known.size_name.is_empty() {
                let meaning = [known.size_name, known.size_unit].join(" ");
                error.allowed = format!("{} ({})", error.allowed, meaning.trim_end());
            }
        }
        size
    }

    /// Every parameter of the workload, in its own order.
    fn params(&mut self, given: &[(String, String)], known: &About) -> Vec<Param> {
        let unknown = given.iter().filter(|(name, _)| !known.params.iter().any(|param| param.name == name));
        for (name, _) in unknown.take(MAX_LIST_ERRORS) {
            self.0.push(SpecError::about(format!("param {}", quoted(name)), unknown_param(name, known)));
        }
        known
            .params
            .iter()
            .map(|param| Param { name: param.name.to_owned(), value: self.param(given, param) })
            .collect()
    }

    fn param(&mut self, given: &[(String, String)], param: &ParamAbout) -> f64 {
        let mut values = given.iter().filter(|(name, _)| name == param.name).map(|(_, value)| value);
        let Some(text) = values.next() else { return param.default };
        let field = format!("param {}", param.name);
        if let Some(second) = values.next() {
            self.add(&field, second, "one value; another was given before");
        }
        let value = number(text)
            .filter(|value| (param.min..=param.max).contains(value))
            .filter(|value| !param.whole || value.fract() == 0.0);
        if value.is_none() {
            let whole = if param.whole { "a whole number, " } else { "" };
            self.add(field, text, format!("{whole}{}", span_text(&param.min, &param.max)));
        }
        value.unwrap_or(param.default)
    }

    /// A straggler must be one of the run's tasks.
    fn straggler_in_run(&mut self, text: Option<&String>, lengths: Option<Lengths>, tasks: Option<u32>) {
        if let (Some(text), Some(Lengths::Straggler { at: Some(at), .. }), Some(tasks)) =
            (text, lengths, tasks)
            && at >= tasks
        {
            self.add("lengths", text, format!("a straggler at task {}", span_text(&0, &(tasks - 1))));
        }
    }

    fn timeout(&mut self, text: Option<&String>) -> Option<f64> {
        let text = text.filter(|text| *text != "none")?;
        let secs = number(text).filter(|secs| (MIN_TIMEOUT_SECS..=MAX_TIMEOUT_SECS).contains(secs));
        if secs.is_none() {
            self.add("timeout", text, format!("none, or seconds: more than 0, at most {MAX_TIMEOUT_SECS}"));
        }
        secs
    }

    /// The faults in the order of their tasks.
    fn faults(&mut self, text: Option<&String>, workload: Option<Kind>, tasks: Option<u32>) -> Vec<Fault> {
        let Some(text) = text else {
            let middle = tasks.filter(|_| workload == Some(Kind::Fault)).map(|tasks| tasks / 2);
            return middle.map(|task| Fault { kind: FaultKind::Segfault, task }).into_iter().collect();
        };
        if text == "none" {
            return Vec::new();
        }
        let mut faults = Vec::new();
        let mut struck = BTreeSet::new();
        let enough = self.0.len() + MAX_LIST_ERRORS;
        for part in text.split(',') {
            match part.parse::<Fault>() {
                Err(allowed) => self.add("fault", part, allowed),
                Ok(fault) if tasks.is_some_and(|tasks| fault.task >= tasks) => {
                    let last = tasks.map_or(0, |tasks| tasks - 1);
                    self.add("fault", part, format!("a task that the run has, {}", span_text(&0, &last)));
                }
                Ok(fault) if !struck.insert(fault.task) => self.add("fault", part, "one fault a task"),
                Ok(_) if faults.len() == MAX_FAULTS => {
                    self.add("fault", part, format!("at most {MAX_FAULTS} faults"));
                    break;
                }
                Ok(fault) => faults.push(fault),
            }
            if self.0.len() >= enough {
                break;
            }
        }
        faults.sort_by_key(|fault| fault.task);
        faults
    }
}

fn span_text(low: &impl Display, high: &impl Display) -> String {
    let (low, high) = (low.to_string(), high.to_string());
    if low == high { low } else { format!("{low} to {high}") }
}

fn unknown_param(name: &str, known: &About) -> String {
    let names: Vec<&str> = known.params.iter().map(|param| param.name).collect();
    if names.is_empty() {
        return format!("workload {} has no parameters", known.kind);
    }
    let guess = nearest(name, names.iter().copied())
        .map_or_else(String::new, |name| format!("did you mean {name}? "));
    format!("no parameter of workload {}; {guess}known: {}", known.kind, names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(fields: &[(&str, &str)]) -> Draft {
        let mut draft = Draft::default();
        for (name, value) in fields {
            match draft.field_mut(name) {
                Some(field) => *field = Some((*value).to_owned()),
                None => draft.params.push(((*name).to_owned(), (*value).to_owned())),
            }
        }
        draft
    }

    fn lines(fields: &[(&str, &str)]) -> Vec<String> {
        let errors = draft(fields).validate().expect_err("invalid");
        errors.iter().map(SpecError::to_string).collect()
    }

    #[test]
    fn an_empty_draft_is_the_default_run() {
        let spec = Draft::default().validate().expect("valid");
        let expected = Spec {
            backend: Backend::Processes,
            workers: default_workers(),
            workload: Kind::Primes,
            lesson: None,
            tasks: 64,
            size: about(Kind::Primes).size_default,
            params: Vec::new(),
            lengths: Lengths::Fixed,
            chunk: Chunk::Auto,
            queue: QueueBound::Unbounded,
            prefetch: Prefetch::Auto,
            timeout: None,
            retries: 0,
            seed: 1,
            faults: Vec::new(),
            telemetry: Telemetry::Auto,
            transport: Transport::Ring,
        };
        assert_eq!(spec, expected);
        assert!((1..=MAX_WORKERS).contains(&default_workers()));
    }

    #[test]
    fn all_errors_are_told_at_once() {
        let fields = [
            ("backend", "fibers"),
            ("workers", "0"),
            ("workload", "dance"),
            ("tasks", "10_000_001"),
            ("lengths", "long"),
            ("chunk", "0"),
            ("queue", "none"),
            ("prefetch", "65"),
            ("timeout", "NaN"),
            ("retries", "101"),
            ("seed", "-1"),
            ("fault", "boom@1"),
            ("telemetry", "loud"),
            ("transport", "pigeon"),
        ];
        let errors = draft(&fields).validate().expect_err("invalid");
        let named: Vec<(&str, &str)> =
            errors.iter().map(|error| (error.field.as_str(), error.value.as_str())).collect();
        assert_eq!(named, fields);
        assert!(errors.iter().all(|error| !error.allowed.is_empty()));
    }

    #[test]
    fn an_error_says_field_value_and_range() {
        assert_eq!(lines(&[("workers", "0")]), ["workers: 0 is not allowed; allowed: 1 to 1024"]);
        assert_eq!(
            lines(&[("workload", "sleep"), ("size", "-5")]),
            ["size: -5 is not allowed; allowed: 0 to 86400000000000 for workload sleep (duration ns)"]
        );
        assert_eq!(
            lines(&[("tasks", "5"), ("lengths", "straggler@5")]),
            ["lengths: straggler@5 is not allowed; allowed: a straggler at task 0 to 4"]
        );
    }

    #[test]
    fn serial_has_one_worker_but_nonsense_stays_an_error() {
        let spec = draft(&[("backend", "serial"), ("workers", "8")]).validate().expect("valid");
        assert_eq!(spec.workers, 1);
        assert_eq!(lines(&[("backend", "serial"), ("workers", "eight")]).len(), 1);
    }

    #[test]
    fn timeouts_are_finite_and_positive() {
        for text in ["0", "-1", "nan", "NaN", "inf", "-inf", "1e999", "86400.5", "1e-10", "", "soon"] {
            assert_eq!(lines(&[("timeout", text)]).len(), 1, "{text}");
        }
        for (text, ns) in [("none", None), ("0.5", Some(500_000_000)), ("86_400", Some(86_400_000_000_000))] {
            let spec = draft(&[("timeout", text)]).validate().expect("valid");
            assert_eq!(spec.timeout_ns(), ns, "{text}");
        }
    }

    #[test]
    fn parameters_are_filled_in_and_judged() {
        let spec = draft(&[("workload", "mandelbrot"), ("span", "0.5")]).validate().expect("valid");
        let names: Vec<&str> = spec.params.iter().map(|param| param.name.as_str()).collect();
        assert_eq!(names, ["iterations", "x", "y", "span"]);
        assert!((spec.param("span") - 0.5).abs() < f64::EPSILON);
        assert!((spec.param("iterations") - 5000.0).abs() < f64::EPSILON);

        assert_eq!(lines(&[("wait", "0.5")]), ["param wait: workload primes has no parameters"]);
        assert_eq!(
            lines(&[("workload", "mandelbrot"), ("iteration", "5")]),
            [
                "param iteration: no parameter of workload mandelbrot; did you mean iterations? known: iterations, x, y, span"
            ]
        );
        for (name, value) in
            [("span", "0"), ("span", "nan"), ("iterations", "1.5"), ("iterations", "0"), ("x", "9")]
        {
            assert_eq!(lines(&[("workload", "mandelbrot"), (name, value)]).len(), 1, "{name}={value}");
        }
        assert_eq!(lines(&[("workload", "mixed"), ("wait", "0.1"), ("wait", "0.2")]).len(), 1);
    }

    #[test]
    fn faults_are_sorted_unique_and_inside_the_run() {
        let faults = |fields: &[(&str, &str)]| {
            let spec = draft(fields).validate().expect("valid");
            spec.faults.iter().map(Fault::to_string).collect::<Vec<_>>().join(",")
        };
        assert_eq!(faults(&[("fault", "exit@7,panic@3")]), "panic@3,exit@7");
        assert_eq!(faults(&[("workload", "fault"), ("tasks", "9")]), "segfault@4");
        assert_eq!(faults(&[("workload", "fault"), ("tasks", "1")]), "segfault@0");
        assert_eq!(faults(&[("workload", "fault"), ("fault", "none")]), "");
        assert_eq!(
            lines(&[("tasks", "5"), ("fault", "panic@4,exit@4,hang@5,boom")]),
            [
                "fault: exit@4 is not allowed; allowed: one fault a task",
                "fault: hang@5 is not allowed; allowed: a task that the run has, 0 to 4",
                "fault: boom is not allowed; allowed: KIND@TASK, where KIND is one of panic, abort, segfault, \
                 bus, fpe, ill, overflow, oom, exit, hang, stubborn, leak, children, print",
            ]
        );
    }

    #[test]
    fn huge_texts_get_short_errors() {
        let huge = "9".repeat(1 << 20);
        for name in [
            "backend", "workers", "workload", "tasks", "size", "lengths", "chunk", "timeout", "seed",
            "fault", "x",
        ] {
            let lines = lines(&[(name, &huge)]);
            assert_eq!(lines.len(), 1, "{name}");
            assert!(lines[0].len() < 500, "{name}: {}", lines[0].len());
        }
        assert!(lines(&[(&huge, "1")])[0].len() < 500);
        let many = "panic@x,".repeat(1 << 17);
        assert_eq!(lines(&[("fault", &many)]).len(), MAX_LIST_ERRORS);
        let valid = (0..1001).map(|task| format!("panic@{task}")).collect::<Vec<_>>().join(",");
        assert_eq!(lines(&[("tasks", "2000"), ("fault", &valid)]).len(), 1);
    }
}
