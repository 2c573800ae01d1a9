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
const LIST_RULE: &str = "values with commas between (2,4,8), or a range of whole numbers: 1..8, with steps 1..9+2, \
                         multiplied 1..64*2";

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
            match combination(&draft, &axes, at).validate() {
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
    let wrong = || SpecError::new(name, text, LIST_RULE);
    let mut values: Vec<String> = Vec::new();
    for part in text.split(',').map(str::trim) {
        let range = part.split_once("..").filter(|_| NUMBERS.contains(&name));
        let found = match range {
            Some((first, rest)) => range_values(first, rest).ok_or_else(wrong)?,
            None if part.is_empty() => return Err(wrong()),
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

/// `1..8`, `1..9+2`, `1..64*2`: both ends are meant. `None` for anything else, and for more values than there may be.
fn range_values(first: &str, rest: &str) -> Option<Vec<String>> {
    let (last, stride) = match (rest.split_once('+'), rest.split_once('*')) {
        (Some((last, step)), None) => (last, Stride::Add(whole_number(step).filter(|&step| step > 0)?)),
        (None, Some((last, by))) => (last, Stride::Multiply(whole_number(by).filter(|&by| by > 1)?)),
        _ => (rest, Stride::Add(1)),
    };
    let (first, last) = (whole_number(first)?, whole_number(last)?);
    let values = std::iter::successors(Some(first), |&n| stride.next(n)).take_while(|&n| n <= last);
    let values: Vec<String> = values.take(MAX_VARIANTS + 1).map(|n| n.to_string()).collect();
    (first <= last && values.len() <= MAX_VARIANTS).then_some(values)
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
            ("0..4*2", Some(vec!["0"])),
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
            assert_eq!(range_values(first, rest), expected, "{text}");
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
        assert!(
            lists.len() == 2 && lists.iter().all(|line| line.contains("a range of whole numbers")),
            "{lists:?}"
        );
        let many = errors(&[("workers", "1..100"), ("chunk", "1..100")]);
        assert_eq!(many, ["variants: 10000 combinations are asked for; allowed: at most 128"]);
    }
}
