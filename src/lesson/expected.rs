//! Whether the lines that came out are those that a lesson expects.

use super::Lines;
use crate::event::Level;

const MESSAGE: &str = "%(message)s";
const LEVEL: &str = "%(levelname)s";

/// Compares what is expected with all lines that were found. A group in any order takes as many lines as it has.
/// `{pid}` stands for a number above 0, `{number}` for any whole number.
///
/// # Errors
/// The first line that is not as expected, counted from 1, for people.
pub fn compare_lines<S: AsRef<str>>(expected: &[Lines], found: &[S]) -> Result<(), String> {
    let mut rest = found;
    for lines in expected {
        let group = match lines {
            Lines::One(line) => std::slice::from_ref(line),
            Lines::AnyOrder(lines) => lines,
        };
        let (now, after) = rest.split_at(group.len().min(rest.len()));
        let at = found.len() - rest.len() + 1;
        if let Some(missing) = left_over(group, now) {
            let came: Vec<&str> = now.iter().map(AsRef::as_ref).collect();
            return Err(format!("line {at}: {missing:?} is not there; found: {came:?}"));
        }
        rest = after;
    }
    match rest.first() {
        None => Ok(()),
        Some(line) => Err(format!("line {}: {:?} is too much", found.len() - rest.len() + 1, line.as_ref())),
    }
}

/// The message of a line in a log, by the format with which it was written; `None` if it was written in another. The
/// message must be the last thing in the format.
pub fn log_message<'l>(format: &str, line: &'l str) -> Option<&'l str> {
    let before = format.strip_suffix(MESSAGE)?;
    Level::ALL.into_iter().find_map(|level| {
        let before = before.replace(LEVEL, &level.to_string());
        match before.rfind(")s") {
            // Nothing varies before the message.
            None => line.strip_prefix(&*before),
            Some(end) => line.split_once(&before[end + 2..]).map(|(_, message)| message),
        }
    })
}

/// A pattern for which no line is left when as many as possible have one of their own.
fn left_over<'p, S: AsRef<str>>(patterns: &'p [String], lines: &[S]) -> Option<&'p str> {
    let mut taken: Vec<Option<usize>> = vec![None; lines.len()];
    for (at, pattern) in patterns.iter().enumerate() {
        let mut tried = vec![false; lines.len()];
        if !place(at, patterns, lines, &mut taken, &mut tried) {
            return Some(pattern);
        }
    }
    None
}

/// Finds a line for this pattern, and other lines for those that must make room.
fn place<S: AsRef<str>>(
    pattern: usize,
    patterns: &[String],
    lines: &[S],
    taken: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    for (at, line) in lines.iter().enumerate() {
        if tried[at] || !matches(&patterns[pattern], line.as_ref()) {
            continue;
        }
        tried[at] = true;
        if taken[at].is_none_or(|other| place(other, patterns, lines, taken, tried)) {
            taken[at] = Some(pattern);
            return true;
        }
    }
    false
}

fn matches(pattern: &str, line: &str) -> bool {
    let Some(open) = pattern.find('{') else { return pattern == line };
    let Some(rest) = line.strip_prefix(&pattern[..open]) else { return false };
    let (pid, after) = match pattern[open..].strip_prefix("{pid}") {
        Some(after) => (true, after),
        None => match pattern[open..].strip_prefix("{number}") {
            Some(after) => (false, after),
            // A brace like any other sign.
            None => return rest.starts_with('{') && matches(&pattern[open + 1..], &rest[1..]),
        },
    };
    let sign = usize::from(!pid && rest.starts_with('-'));
    let digits = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
    let number = &rest[sign..sign + digits];
    let allowed = if pid { number.bytes().any(|digit| digit != b'0') } else { digits > 0 };
    allowed && matches(after, &rest[sign + digits..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Lines {
        Lines::One(line.to_owned())
    }

    fn any(lines: &[&str]) -> Lines {
        Lines::AnyOrder(lines.iter().map(|&line| line.to_owned()).collect())
    }

    #[test]
    fn a_pattern_matches_numbers_where_it_says_so() {
        for (pattern, line, expected) in [
            ("a", "a", true),
            ("a", "a ", false),
            ("", "", true),
            ("Process ID: {pid}, Number: 1", "Process ID: 77, Number: 1", true),
            ("Process ID: {pid}, Number: 1", "Process ID: 77, Number: 12", false),
            ("Process ID: {pid}, Number: 1", "Process ID: , Number: 1", false),
            ("{pid}", "0", false),
            ("{pid}", "-3", false),
            ("Lost {number} of 100", "Lost 0 of 100", true),
            ("Lost {number} of 100", "Lost -3 of 100", true),
            ("Lost {number} of 100", "Lost some of 100", false),
            ("{number}{number}", "12", false),
            ("{'a': {number}}", "{'a': 3}", true),
            ("{other}", "{other}", true),
            ("{other}", "3", false),
            ("ä{number}", "ä3", true),
        ] {
            assert_eq!(matches(pattern, line), expected, "{pattern:?} and {line:?}");
        }
    }

    #[test]
    fn groups_come_in_any_order_and_the_rest_in_its_own() {
        let expected = [one("a"), any(&["b", "c"]), one("d")];
        for found in [&["a", "b", "c", "d"], &["a", "c", "b", "d"]] {
            assert_eq!(compare_lines(&expected, found), Ok(()));
        }
        for (found, part) in [
            (&["b", "a", "c", "d"][..], "line 1: \"a\" is not there"),
            (&["a", "b", "d", "c"], "line 2: \"c\" is not there; found: [\"b\", \"d\"]"),
            (&["a", "b", "b", "d"], "line 2: \"c\" is not there"),
            (&["a", "b", "c"], "line 4: \"d\" is not there; found: []"),
            (&["a", "b"], "line 2: \"c\" is not there"),
            (&["a", "b", "c", "d", "e"], "line 5: \"e\" is too much"),
        ] {
            let error = compare_lines(&expected, found).expect_err("it differs");
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(compare_lines::<&str>(&[], &[]), Ok(()));
    }

    #[test]
    fn a_line_that_fits_two_patterns_goes_where_it_is_needed() {
        let expected = [any(&["{number}", "1", "{number} of 3", "{pid} of {number}"])];
        assert_eq!(compare_lines(&expected, &["1", "0", "1 of 4", "2 of 3"]), Ok(()));
        assert!(compare_lines(&expected, &["1", "0", "0 of 4", "2 of 3"]).is_err());
    }

    #[test]
    fn a_log_gives_its_messages_back() {
        const SHORT: &str = "%(levelname)s-%(message)s";
        const LONG: &str = "%(asctime)s-%(levelname)s-%(message)s";
        for (format, line, message) in [
            (SHORT, "INFO-this is it", Some("this is it")),
            (SHORT, "WARNING-a-b", Some("a-b")),
            (SHORT, "x INFO-a", None),
            (SHORT, "this is it", None),
            (LONG, "2025-01-31 12:00:00,123-INFO-process1:1", Some("process1:1")),
            (LONG, "2025-01-31 12:00:00,123-INFO-a-INFO-b", Some("a-INFO-b")),
            (LONG, "2025-01-31 12:00:00,123", None),
            ("%(message)s", "all of it", Some("all of it")),
            ("%(message)s!", "all of it!", None),
        ] {
            assert_eq!(log_message(format, line), message, "{format}: {line}");
        }
    }
}
