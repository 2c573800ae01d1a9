//! What a suggestion has changed in the form, field by field, until somebody edits a field or starts a run.

use super::form::{Fields, LengthsKind};
use crate::spec::Backend;

/// One field that holds something else than before.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    /// As its row is called.
    label: String,
    before: String,
    after: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    all: Vec<Change>,
}

impl Changes {
    pub(crate) fn between(before: &Fields, after: &Fields) -> Self {
        let old = rows(before);
        let change = |(label, after): (String, String)| {
            let before = old.iter().find(|(name, _)| *name == label).map_or("none", |(_, text)| text);
            (before != after).then(|| Change { before: before.to_owned(), label, after })
        };
        Self { all: rows(after).into_iter().filter_map(change).collect() }
    }

    /// What a row held before, where it still holds what it was changed to.
    pub(crate) fn before(&self, label: &str, now: &Fields) -> Option<&str> {
        let change = self.all.iter().find(|change| change.label == label)?;
        let same = rows(now).iter().any(|(name, text)| name == label && *text == change.after);
        same.then_some(&change.before)
    }

    /// `workers 8 to 2, chunk auto to 16`; empty where nothing has changed.
    pub(crate) fn words(&self) -> String {
        let words = |change: &Change| {
            format!("{} {} to {}", change.label.to_lowercase(), change.before, change.after)
        };
        self.all.iter().map(words).collect::<Vec<_>>().join(", ")
    }
}

/// What the rows of the form are called, and what they hold.
fn rows(fields: &Fields) -> Vec<(String, String)> {
    let mut rows: Vec<(&str, &str)> = vec![("Backend", fields.backend.name())];
    if fields.backend != Backend::Serial {
        rows.push(("Workers", &fields.workers));
    }
    rows.push(("Workload", fields.workload.name()));
    if !fields.about().size_name.is_empty() {
        rows.push(("Size", &fields.size));
    }
    rows.extend([("Tasks", &*fields.tasks), ("Lengths", fields.lengths.label())]);
    match fields.lengths {
        LengthsKind::Fixed => {}
        LengthsKind::Uniform => rows.push(("Spread", &fields.spread)),
        LengthsKind::Skewed => rows.push(("Alpha", &fields.alpha)),
        LengthsKind::Straggler => {
            rows.extend([("Factor", &*fields.straggler_factor), ("At task", &*fields.straggler_at)]);
        }
    }
    rows.extend([
        ("Faults", &*fields.faults),
        ("Chunk", &*fields.chunk),
        ("Queue bound", &*fields.queue),
        ("Prefetch", &*fields.prefetch),
        ("Timeout", &*fields.timeout),
        ("Retries", &*fields.retries),
        ("Seed", &*fields.seed),
        ("Telemetry", fields.telemetry.name()),
    ]);
    let params = fields.params.iter().map(|(name, text)| (title_case(name), text.as_str()));
    let rows = rows.into_iter().map(|(label, text)| (label.to_owned(), text)).chain(params);
    rows.map(|(label, text)| {
        let text = text.trim();
        (label, if text.is_empty() { "none" } else { text }.to_owned())
    })
    .collect()
}

/// A parameter's name as its row is called.
pub(crate) fn title_case(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{gui::form::Form, spec::Draft};

    fn fields(fields: &[(&str, &str)]) -> Fields {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Form::from_spec(&Draft::from_fields(fields).unwrap().validate().unwrap()).fields
    }

    #[test]
    fn what_changed_is_named_and_marked_until_it_is_edited() {
        let before = fields(&[("backend", "threads"), ("workers", "8"), ("chunk", "auto")]);
        let mut now = fields(&[("backend", "threads"), ("workers", "2"), ("lengths", "skewed:2")]);
        let changes = Changes::between(&before, &now);
        assert_eq!(changes.words(), "workers 8 to 2, lengths fixed to skewed, alpha none to 2");
        assert_eq!(changes.before("Workers", &now), Some("8"));
        assert_eq!(changes.before("Chunk", &now), None);
        now.workers = "3".to_owned();
        assert_eq!(changes.before("Workers", &now), None, "it was edited");
        assert_eq!(changes.before("Lengths", &now), Some("fixed"));
        assert_eq!(changes.before("Lengths", &before), None, "it was undone");
        assert_eq!(Changes::between(&before, &before).words(), "");
    }

    #[test]
    fn a_parameter_is_called_as_its_row() {
        let before = fields(&[("workload", "lock"), ("workers", "2")]);
        let mut now = before.clone();
        let (name, text) = now.params.first_mut().expect("a parameter");
        let label = title_case(name);
        "77".clone_into(text);
        assert!(Changes::between(&before, &now).before(&label, &now).is_some());
    }

    #[test]
    fn parameter_names_begin_with_a_capital() {
        assert_eq!(title_case("iterations"), "Iterations");
        assert_eq!(title_case(""), "");
    }
}
