//! How the palette finds a command by some of its letters.

/// How well a name answers a query: every word of the query must be in it, as a word's beginning at best, or as letters in
/// order at worst. `None` where it does not.
pub(crate) fn score(query: &str, name: &str) -> Option<u32> {
    let name = name.to_lowercase();
    query.to_lowercase().split_whitespace().map(|word| word_score(word, &name)).sum()
}

fn word_score(word: &str, name: &str) -> Option<u32> {
    let begins = |part: &str| part.starts_with(word);
    let is_gap = |letter: char| !letter.is_alphanumeric();
    if name.split(is_gap).any(|part| part == word) {
        return Some(4);
    }
    if name.split(is_gap).any(begins) {
        return Some(3);
    }
    if name.contains(word) {
        return Some(2);
    }
    let mut letters = name.chars();
    word.chars().all(|letter| letters.any(|other| other == letter)).then_some(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::{commands::commands, facts::Facts};

    #[test]
    fn words_are_found_in_any_order_and_beginnings_count_more() {
        let first = |query: &str| {
            let mut all: Vec<_> = commands(&Facts { shown: true, ..Facts::default() });
            all.retain(|command| score(query, &command.name).is_some());
            all.sort_by_key(|command| std::cmp::Reverse(score(query, &command.name)));
            all.into_iter().next().map(|command| command.name)
        };
        assert_eq!(first("run").as_deref(), Some("Run"));
        assert_eq!(first("json export").as_deref(), Some("Export Run JSON…"));
        assert_eq!(first("strag").as_deref(), Some("Preset: one straggler"));
        assert_eq!(first("cmdp").as_deref(), Some("Command palette"));
        assert_eq!(first("no such thing at all"), None);
    }
}
