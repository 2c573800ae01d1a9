//! The specs that were run last, newest first, each once.

use std::collections::VecDeque;

use crate::spec::{Draft, Spec};

/// Specs that are kept.
pub(crate) const MOST_RECENT: usize = 10;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Recents(VecDeque<Spec>);

/// A spec as it is written down: fields and values, as on the command line.
pub(crate) type Written = Vec<(String, String)>;

impl Recents {
    /// This spec is run now. A part of a lesson is the same setup as any other.
    pub(crate) fn add(&mut self, spec: &Spec) {
        let spec = spec.unmarked();
        self.0.retain(|other| *other != spec);
        self.0.push_front(spec);
        self.0.truncate(MOST_RECENT);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Spec> {
        self.0.iter()
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Spec> {
        self.0.get(at)
    }

    pub(crate) fn write(&self) -> Vec<Written> {
        self.0.iter().map(|spec| Draft::from_spec(spec).fields()).collect()
    }

    /// Reads what was written, perhaps by another version: what is no valid spec here is left out.
    pub(crate) fn read(written: Vec<Written>) -> Self {
        let mut recents = Self::default();
        let drafts = written.into_iter().filter_map(|fields| Draft::from_fields(fields).ok());
        let specs: Vec<Spec> = drafts.filter_map(|draft| draft.validate().ok()).take(MOST_RECENT).collect();
        for spec in specs.iter().rev() {
            recents.add(spec);
        }
        recents
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::PRESETS;

    fn spec(tasks: u32) -> Spec {
        Draft { tasks: Some(tasks.to_string()), ..Draft::default() }.validate().unwrap()
    }

    #[test]
    fn the_last_ten_different_ones_are_kept_newest_first() {
        let mut recents = Recents::default();
        for tasks in (1..=12).chain([7]) {
            recents.add(&spec(tasks));
        }
        recents.add(&Spec { lesson: "gil".parse().ok(), ..spec(7) });
        assert_eq!(recents.get(0), Some(&spec(7)));
        let tasks: Vec<u32> = recents.iter().map(|spec| spec.tasks).collect();
        assert_eq!(tasks, [7, 12, 11, 10, 9, 8, 6, 5, 4, 3]);
    }

    #[test]
    fn what_was_written_is_read_back_and_what_makes_no_sense_is_left_out() {
        let mut recents = Recents::default();
        for preset in PRESETS.iter().take(MOST_RECENT) {
            recents.add(&preset.draft().validate().unwrap());
        }
        assert_eq!(Recents::read(recents.write()), recents);
        let field = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        let odd = vec![field("tasks", "many"), field("tasks", "9"), field("no such field", "1")];
        assert_eq!(Recents::read(odd).iter().map(|spec| spec.tasks).collect::<Vec<_>>(), [9]);
    }
}
