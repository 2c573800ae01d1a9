//! Long lines in rows, so that nobody has to scroll sideways to read how they end.

/// Fewer columns than these are not worth a fold: the line is cut where the room ends.
const FEWEST: usize = 12;

/// A piece of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row<'l> {
    /// All of it.
    pub(super) line: &'l str,
    pub(super) text: &'l str,
    /// It begins its line.
    pub(super) first: bool,
}

/// A row may end after one of these.
const ENDS: &[char] = &[' ', '-', ',', ';', '/'];

/// The rows of a line, each at most so many letters long. It is broken after a space or another sign between words where
/// there is one in the second half of a row.
pub(super) fn fold(line: &str, columns: usize) -> impl Iterator<Item = Row<'_>> {
    let mut rest = Some(line);
    let mut first = true;
    std::iter::from_fn(move || {
        let left = rest?;
        let end = if columns < FEWEST { left.len() } else { break_of(left, columns) };
        let (text, later) = left.split_at(end);
        rest = (!later.is_empty()).then_some(later);
        Some(Row { line, text, first: std::mem::take(&mut first) })
    })
}

/// Where the first row ends, in bytes.
fn break_of(line: &str, columns: usize) -> usize {
    let Some((full, _)) = line.char_indices().nth(columns) else { return line.len() };
    let sign = line[..full].rfind(ENDS).map(|sign| sign + 1);
    sign.filter(|sign| *sign > full / 2).unwrap_or(full)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str, columns: usize) -> Vec<&str> {
        fold(line, columns).map(|row| row.text).collect()
    }

    #[test]
    fn a_line_is_broken_between_words_or_where_there_are_none_anywhere() {
        for (line, columns, expected) in [
            ("", 20, vec![""]),
            ("as wide as the room.", 20, vec!["as wide as the room."]),
            ("[1, 4, 9, 16, 25, 36, 49]", 20, vec!["[1, 4, 9, 16, 25, ", "36, 49]"]),
            (
                "2026-01-02 03:04:05,678-INFO-process1:1",
                32,
                vec!["2026-01-02 03:04:05,678-INFO-", "process1:1"],
            ),
            ("abcdefghijklmnopqrstuvwxyz", 12, vec!["abcdefghijkl", "mnopqrstuvwx", "yz"]),
            ("a bcdefghijklmnop", 12, vec!["a bcdefghijk", "lmnop"]),
            ("ääääääääääää ö", 12, vec!["ääääääääääää", " ö"]),
            ("too narrow to be folded", 11, vec!["too narrow to be folded"]),
        ] {
            assert_eq!(texts(line, columns), expected, "{line}");
        }
    }

    #[test]
    fn nothing_is_lost_and_only_one_row_is_the_first() {
        let line = "one word, two words, and averyverylongwordthatfitsnowhere — ends";
        for columns in 12..80 {
            let rows: Vec<Row<'_>> = fold(line, columns).collect();
            assert_eq!(rows.iter().map(|row| row.text).collect::<String>(), line);
            assert!(rows.iter().all(|row| row.text.chars().count() <= columns));
            assert!(rows.iter().enumerate().all(|(at, row)| row.first == (at == 0)));
        }
    }
}
