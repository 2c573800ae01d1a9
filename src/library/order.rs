//! Which runs a list shows, and in which order.

use std::cmp::Reverse;

use super::Entry;

/// What a list goes by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Newest first.
    #[default]
    Time,
    Name,
    /// Longest first; runs without an end come last.
    Wall,
    Status,
    /// Most tasks ok first.
    Tasks,
    /// Largest first.
    Size,
}

impl Sort {
    pub const ALL: [Self; 6] = [Self::Time, Self::Name, Self::Wall, Self::Status, Self::Tasks, Self::Size];

    pub fn label(self) -> &'static str {
        match self {
            Self::Time => "newest first",
            Self::Name => "by name",
            Self::Wall => "longest first",
            Self::Status => "by status",
            Self::Tasks => "most tasks first",
            Self::Size => "largest first",
        }
    }
}

/// Brings entries into an order. What that leaves open goes by time, and then by file name.
pub fn sort(entries: &mut [Entry], by: Sort) {
    let newest = |entry: &Entry| (Reverse(entry.time_unix_ns()), entry.path.clone());
    match by {
        Sort::Time => entries.sort_by_cached_key(newest),
        Sort::Name => entries.sort_by_cached_key(|entry| (entry.name().to_lowercase(), newest(entry))),
        Sort::Wall => entries.sort_by_cached_key(|entry| {
            let wall_ns = entry.brief.as_ref().ok().and_then(|brief| brief.wall_ns);
            (Reverse(wall_ns), newest(entry))
        }),
        Sort::Tasks => entries.sort_by_cached_key(|entry| {
            let ok = entry.brief.as_ref().ok().map(|brief| brief.tally.ok);
            (Reverse(ok), newest(entry))
        }),
        Sort::Size => entries.sort_by_cached_key(|entry| (Reverse(entry.bytes), newest(entry))),
        Sort::Status => {
            entries.sort_by_cached_key(|entry| (entry.status().to_owned(), newest(entry)));
        }
    }
}

/// Whether every word of a search is somewhere in file name, name, title, note or status. Case does not matter.
pub fn matches(entry: &Entry, search: &str) -> bool {
    let mut text = format!("{}\n{}", entry.file_name(), entry.status());
    match &entry.brief {
        Ok(brief) => {
            for part in [&brief.title, &brief.label.name, &brief.label.note] {
                text.push('\n');
                text.push_str(part);
            }
        }
        Err(why) => text.push_str(why),
    }
    text_matches(&text, search)
}

/// Whether every word of a search is somewhere in a text. Case does not matter.
pub fn text_matches(text: &str, search: &str) -> bool {
    let text = text.to_lowercase();
    search.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{library::tests::entry, record::Label};

    fn names(entries: &[Entry]) -> Vec<String> {
        entries.iter().map(Entry::file_name).collect()
    }

    #[test]
    fn each_order_puts_what_it_names_first() {
        let mut entries = [
            entry("b", 30, |brief| (brief.title, brief.wall_ns) = ("primes".into(), Some(5))),
            entry("a", 20, |brief| (brief.title, brief.wall_ns) = ("Sleep".into(), None)),
            entry("c", 10, |brief| {
                (brief.title, brief.wall_ns, brief.status) = ("hash".into(), Some(9), "lost".into());
            }),
        ];
        entries.reverse();
        let of = |entries: &mut [Entry; 3], name: &str, change: &dyn Fn(&mut Entry)| {
            entries.iter_mut().filter(|entry| entry.file_name() == name).for_each(change);
        };
        of(&mut entries, "a.pscope", &|entry| entry.bytes = 900);
        of(&mut entries, "c.pscope", &|entry| entry.brief.as_mut().unwrap().tally.ok = 7);
        for (by, expected) in [
            (Sort::Time, ["b.pscope", "a.pscope", "c.pscope"]),
            (Sort::Name, ["c.pscope", "b.pscope", "a.pscope"]),
            (Sort::Wall, ["c.pscope", "b.pscope", "a.pscope"]),
            (Sort::Status, ["b.pscope", "a.pscope", "c.pscope"]),
            (Sort::Tasks, ["c.pscope", "b.pscope", "a.pscope"]),
            (Sort::Size, ["a.pscope", "b.pscope", "c.pscope"]),
        ] {
            sort(&mut entries, by);
            assert_eq!(names(&entries), expected, "{by:?}");
        }
    }

    #[test]
    fn a_search_looks_everywhere_and_wants_every_word() {
        let entry = entry("20260101-primes", 1, |brief| {
            brief.title = "processes × 4, primes, 64 tasks".into();
            brief.label =
                Label { name: "Baseline".into(), note: "before the NEW kernel".into(), pinned: false };
        });
        for (search, found) in [
            ("", true),
            ("  ", true),
            ("baseline", true),
            ("new kernel", true),
            ("FINISHED", true),
            ("64 base", true),
            ("20260101", true),
            ("threads", false),
            ("baseline threads", false),
        ] {
            assert_eq!(matches(&entry, search), found, "{search:?}");
        }
    }

    #[test]
    fn an_unreadable_file_is_found_by_its_reason() {
        let mut entry = entry("x", 1, |_| ());
        entry.brief = Err("it is another program's database".to_owned());
        assert!(matches(&entry, "unreadable another"));
    }
}
