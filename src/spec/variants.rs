//! Specs that differ in some of their fields: what an experiment runs.

use super::{Backend, Draft, Spec, SpecError, draft::FIELDS, number::whole_number};

/// The most specs one experiment may have.
pub const MAX_VARIANTS: usize = 128;
/// Fields that may take several values, first those that people compare most. What differs is told in this order.
const AXES: [&str; 12] = [
    "backend",
    "workers",
    "chunk",
    "lengths",
    "size",
    "tasks",
    "workload",
    "queue",
    "prefetch",
    "retries",
    "telemetry",
    "transport",
];
/// Those whose values are whole numbers, so that a range of them makes sense.
const NUMBERS: [&str; 7] = ["workers", "chunk", "size", "tasks", "queue", "prefetch", "retries"];
/// One spec of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// By what it differs from the others: `threads × 2`. Unlike any other's of the experiment.
    pub name: String,
    pub spec: Spec,
}

impl Draft {
    /// Every combination of the values that fields of this draft list, in the order in which they are listed, the first
    /// field varying the slowest. Equal specs (`serial` has one worker whatever is asked for) are there once.
    ///
    /// # Errors
    /// All that is wrong with any of them, each once.
    pub fn variants(&self) -> Result<Vec<Variant>, Vec<SpecError>> {
        let mut draft = self.clone();
        let mut axes = Vec::new();
        let mut errors = Vec::new();
        for name in AXES {
            let Some(field) = draft.field_mut(name) else { continue };
            let Some(text) = field.as_deref().filter(|text| is_list(name, text)) else { continue };
            match values(name, text) {
                Ok(values) => axes.push((name, values)),
                Err(error) => errors.push(error),
            }
            *field = None;
        }
        let count = axes.iter().fold(1, |count: usize, (_, values)| count.saturating_mul(values.len()));
        if count > MAX_VARIANTS {
            errors.push(SpecError::about(
                "variants",
                format!("{count} combinations are asked for; allowed: at most {MAX_VARIANTS}"),
            ));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut specs: Vec<Spec> = Vec::new();
        for at in 0..count {
            // An experiment is no part of a lesson, whatever its spec was taken from.
            match combination(&draft, &axes, at).validate().map(|spec| spec.unmarked()) {
                Ok(spec) if specs.contains(&spec) => {}
                Ok(spec) => specs.push(spec),
                Err(found) => {
                    for error in found {
                        if !errors.contains(&error) {
                            errors.push(error);
                        }
                    }
                }
            }
        }
        if errors.is_empty() {
            return Ok(name_variants(specs));
        }
        errors.sort_by_key(|error| FIELDS.iter().position(|field| *field == error.field));
        Err(errors)
    }
}

/// The draft with the values of one combination, by its number.
fn combination(draft: &Draft, axes: &[(&'static str, Vec<String>)], mut at: usize) -> Draft {
    let mut draft = draft.clone();
    for (name, values) in axes.iter().rev() {
        if let Some(field) = draft.field_mut(name) {
            *field = values.get(at % values.len()).cloned();
        }
        at /= values.len();
    }
    draft
}

fn is_list(name: &str, text: &str) -> bool {
    text.contains(',') || (NUMBERS.contains(&name) && text.contains(".."))
}

fn values(name: &str, text: &str) -> Result<Vec<String>, SpecError> {
    let mut values: Vec<String> = Vec::new();
    for part in text.split(',').map(str::trim) {
        let range = part.split_once("..").filter(|_| NUMBERS.contains(&name));
        let found = match range {
            Some((first, rest)) => {
                range_values(first, rest).map_err(|allowed| SpecError::new(name, part, allowed))?
            }
            None if part.is_empty() => {
                let allowed = "values with one comma between each two, such as 2,4,8";
                return Err(SpecError::new(name, text, allowed));
            }
            None => vec![part.to_owned()],
        };
        for value in found {
            if !values.contains(&value) {
                values.push(value);
            }
        }
    }
    Ok(values)
}

/// `1..8`, `1..9+2`, `1..64*2`: both ends are meant. Else what is allowed where the fault is.
fn range_values(first: &str, rest: &str) -> Result<Vec<String>, String> {
    let (last, stride) = stride(rest)?;
    let missing = || "a range with both its ends, such as 1..8".to_owned();
    let number = |text: &str| {
        let text = text.trim();
        let whole = whole_number(text);
        whole.ok_or_else(|| {
            if text.is_empty() { missing() } else { "a range of whole numbers, such as 1..8".to_owned() }
        })
    };
    let (first, last) = (number(first)?, number(last)?);
    if first > last {
        return Err(format!("the smaller number first, such as {last}..{first}"));
    }
    if matches!(stride, Stride::Multiply(_)) && first == 0 && last > 0 {
        return Err("a multiplied range from 1 on, such as 1..64*2".to_owned());
    }
    let values: Vec<u64> = std::iter::successors(Some(first), |&n| stride.next(n))
        .take_while(|&n| n <= last)
        .take(MAX_VARIANTS + 1)
        .collect();
    if values.len() > MAX_VARIANTS {
        return Err(format!("at most {MAX_VARIANTS} values; with steps there are fewer, such as 1..64*2"));
    }
    Ok(values.iter().map(u64::to_string).collect())
}

/// What stands after the dots: the last number, and how the range gets there.
fn stride(rest: &str) -> Result<(&str, Stride), String> {
    let step = |text: &str, least: u64, wanted: &str| {
        whole_number(text.trim()).filter(|&step| step >= least).ok_or_else(|| wanted.to_owned())
    };
    match (rest.split_once('+'), rest.split_once('*')) {
        (Some(_), Some(_)) => Err("one kind of step, such as 1..9+2 or 1..64*2".to_owned()),
        (Some((last, text)), None) => {
            Ok((last, Stride::Add(step(text, 1, "a step of 1 or more, such as 1..9+2")?)))
        }
        (None, Some((last, text))) => {
            Ok((last, Stride::Multiply(step(text, 2, "a factor of 2 or more, such as 1..64*2")?)))
        }
        (None, None) => Ok((rest, Stride::Add(1))),
    }
}

/// From one value of a range to the next.
#[derive(Clone, Copy)]
enum Stride {
    Add(u64),
    Multiply(u64),
}

impl Stride {
    /// `None` at the end of all numbers, and where it would not get on.
    fn next(self, n: u64) -> Option<u64> {
        match self {
            Self::Add(step) => n.checked_add(step),
            Self::Multiply(by) => n.checked_mul(by).filter(|&next| next > n),
        }
    }
}

/// Names each by the fields in which not all are alike.
pub fn name_variants(specs: Vec<Spec>) -> Vec<Variant> {
    if specs.is_empty() {
        return Vec::new();
    }
    let drafts: Vec<Draft> = specs.iter().map(Draft::from_spec).collect();
    let value = |draft: &Draft, name: &str| draft.clone().field_mut(name).and_then(Option::take);
    let differs = |name: &&str| drafts.iter().any(|draft| value(draft, name) != value(&drafts[0], name));
    let fields: Vec<&str> = AXES.into_iter().filter(differs).collect();
    let names: Vec<String> =
        specs.iter().zip(&drafts).map(|(spec, draft)| name(spec, draft, &fields)).collect();
    names.into_iter().zip(specs).map(|(name, spec)| Variant { name, spec }).collect()
}

fn name(spec: &Spec, draft: &Draft, fields: &[&str]) -> String {
    let pool = match (fields.contains(&"backend"), fields.contains(&"workers")) {
        (true, true) if spec.backend == Backend::Serial => Some(spec.backend.label().to_owned()),
        (true, true) => Some(format!("{} × {}", spec.backend.label(), spec.workers)),
        (true, false) => Some(spec.backend.label().to_owned()),
        (false, true) => Some(format!("{} worker{}", spec.workers, if spec.workers == 1 { "" } else { "s" })),
        (false, false) => None,
    };
    let others = fields.iter().filter(|name| !["backend", "workers"].contains(name)).map(|name| {
        let value = draft.clone().field_mut(name).and_then(Option::take).unwrap_or_default();
        if *name == "workload" { value } else { format!("{name} {value}") }
    });
    let parts: Vec<String> = pool.into_iter().chain(others).collect();
    if parts.is_empty() { spec.title() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(fields: &[(&str, &str)]) -> Draft {
        Draft::from_fields(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
            .unwrap()
    }

    fn names(fields: &[(&str, &str)]) -> Vec<String> {
        draft(fields).variants().unwrap().into_iter().map(|variant| variant.name).collect()
    }

    #[test]
    fn every_combination_is_there_once_and_is_named_by_what_differs() {
        assert_eq!(names(&[("workers", "3")]), ["processes × 3, primes, 64 tasks"]);
        assert_eq!(names(&[("workers", "1,2")]), ["1 worker", "2 workers"]);
        assert_eq!(names(&[("backend", "threads,gil"), ("workers", "2")]), ["threads", "gil (simulated)"]);
        assert_eq!(
            names(&[("backend", "serial, threads"), ("workers", "1..3+2")]),
            ["serial", "threads × 1", "threads × 3"],
            "serial has one worker whatever is asked for"
        );
        assert_eq!(
            names(&[("workers", "2"), ("chunk", "auto,1..64*8"), ("lengths", "fixed,skewed:1.5")]),
            [
                "chunk auto, lengths fixed",
                "chunk auto, lengths skewed:1.5",
                "chunk 1, lengths fixed",
                "chunk 1, lengths skewed:1.5",
                "chunk 8, lengths fixed",
                "chunk 8, lengths skewed:1.5",
                "chunk 64, lengths fixed",
                "chunk 64, lengths skewed:1.5"
            ]
        );
    }

    #[test]
    fn a_range_has_both_its_ends() {
        for (text, expected) in [
            ("1..4", Some(vec!["1", "2", "3", "4"])),
            ("4..4", Some(vec!["4"])),
            ("1..8+3", Some(vec!["1", "4", "7"])),
            ("1..1_000*10", Some(vec!["1", "10", "100", "1000"])),
            ("0..0*2", Some(vec!["0"])),
            ("0..4*2", None),
            ("1 .. 3 + 2", Some(vec!["1", "3"])),
            ("4..1", None),
            ("1..", None),
            ("..4", None),
            ("1..4+0", None),
            ("1..4*1", None),
            ("a..b", None),
            ("1..4+1*2", None),
            ("1..1000000000", None),
            ("18446744073709551615..18446744073709551615", Some(vec!["18446744073709551615"])),
        ] {
            let (first, rest) = text.split_once("..").unwrap();
            let expected = expected.map(|values| values.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(range_values(first, rest).ok(), expected, "{text}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_each_once() {
        let errors = |fields: &[(&str, &str)]| {
            let errors = draft(fields).variants().unwrap_err();
            errors.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let both = errors(&[("backend", "threads,fork"), ("workers", "1,2"), ("size", "-1")]);
        assert!(
            both.len() == 2 && both[0].starts_with("backend: fork") && both[1].starts_with("size: -1"),
            "{both:?}"
        );
        let lists = errors(&[("workers", "1,,2"), ("chunk", "4..1")]);
        assert_eq!(
            lists,
            [
                "workers: 1,,2 is not allowed; allowed: values with one comma between each two, such as 2,4,8",
                "chunk: 4..1 is not allowed; allowed: the smaller number first, such as 1..4"
            ]
        );
        let many = errors(&[("workers", "1..100"), ("chunk", "1..100")]);
        assert_eq!(many, ["variants: 10000 combinations are asked for; allowed: at most 128"]);
    }

    #[test]
    fn a_range_that_is_none_is_told_what_is_wrong_with_it() {
        for (text, allowed) in [
            ("1..", "a range with both its ends, such as 1..8"),
            ("..8", "a range with both its ends, such as 1..8"),
            ("..", "a range with both its ends, such as 1..8"),
            ("..+2", "a range with both its ends, such as 1..8"),
            ("8..1", "the smaller number first, such as 1..8"),
            ("a..b", "a range of whole numbers, such as 1..8"),
            ("1..2.5", "a range of whole numbers, such as 1..8"),
            ("1...8", "a range of whole numbers, such as 1..8"),
            ("1..-8", "a range of whole numbers, such as 1..8"),
            ("1..8*0", "a factor of 2 or more, such as 1..64*2"),
            ("1..8*1", "a factor of 2 or more, such as 1..64*2"),
            ("1..8*", "a factor of 2 or more, such as 1..64*2"),
            ("1..8+0", "a step of 1 or more, such as 1..9+2"),
            ("1..8+x", "a step of 1 or more, such as 1..9+2"),
            ("1..8+1*2", "one kind of step, such as 1..9+2 or 1..64*2"),
            ("0..8*2", "a multiplied range from 1 on, such as 1..64*2"),
            ("1..100000", "at most 128 values; with steps there are fewer, such as 1..64*2"),
        ] {
            for text in [text.to_owned(), format!("3,{text}")] {
                let errors = draft(&[("workers", &text)]).variants().unwrap_err();
                let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
                let part = text.trim_start_matches("3,");
                assert_eq!(lines, [format!("workers: {part} is not allowed; allowed: {allowed}")]);
            }
        }
    }
}
