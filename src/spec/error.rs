//! What is wrong with a spec, told so that it can be put right: the field, the value, and what is allowed.

/// Characters of a value that an error shows.
const SHOWN_CHARS: usize = 40;

/// A field, what was given for it, and what may be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.line())]
pub struct SpecError {
    pub field: String,
    /// Fit to be shown, see [`quoted`]. Empty where not a value but the field itself is wrong; an empty value that
    /// somebody gave is `""`.
    pub value: String,
    pub allowed: String,
}

impl SpecError {
    /// An error about a value as it was given, whatever its length and content.
    pub fn new(field: impl Into<String>, value: &str, allowed: impl Into<String>) -> Self {
        Self { field: field.into(), value: quoted(value), allowed: allowed.into() }
    }

    /// An error about something that is no value: an unknown name, a file that cannot be read.
    pub fn about(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), value: String::new(), allowed: message.into() }
    }

    fn line(&self) -> String {
        if self.value.is_empty() {
            format!("{}: {}", self.field, self.allowed)
        } else {
            format!("{}: {} is not allowed; allowed: {}", self.field, self.value, self.allowed)
        }
    }
}

/// A foreign text, safe to show in a line: what does not print is escaped, and after 40 characters it is cut. Quotation
/// marks stand around it where its ends could not be seen otherwise.
pub fn quoted(text: &str) -> String {
    let mut shown = String::new();
    for (at, c) in text.chars().enumerate() {
        if at == SHOWN_CHARS {
            shown.push('…');
            break;
        }
        match c {
            '\'' => shown.push(c),
            _ => shown.extend(c.escape_debug()),
        }
    }
    if shown.is_empty() || shown.contains(char::is_whitespace) { format!("\"{shown}\"") } else { shown }
}

/// A foreign text of any length as part of a line: what would end the line, command a terminal or turn the order of what
/// follows is escaped, all else stays.
pub fn one_line(text: &str) -> String {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || turns(c) { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line_and_commands_nothing() {
        for (text, shown) in [
            ("", ""),
            ("it's \"so\" × 2 …", "it's \"so\" × 2 …"),
            ("a\nb\tc", "a\\nb\\tc"),
            ("\u{1b}[2J\u{7}", "\\u{1b}[2J\\u{7}"),
            ("\u{9b}1m\u{202e}x", "\\u{9b}1m\\u{202e}x"),
        ] {
            assert_eq!(one_line(text), shown);
        }
    }

    #[test]
    fn values_are_shown_safely_and_shortly() {
        for (text, shown) in [
            ("0", "0"),
            ("", "\"\""),
            ("two words", "\"two words\""),
            ("it's", "it's"),
            ("a\nb", "a\\nb"),
            ("\u{1b}[31m", "\\u{1b}[31m"),
            ("\u{202e}evil", "\\u{202e}evil"),
            ("größe", "größe"),
        ] {
            assert_eq!(quoted(text), shown);
        }
        assert_eq!(quoted(&"x".repeat(40)), "x".repeat(40));
        assert_eq!(quoted(&"ä".repeat(1 << 20)), format!("{}…", "ä".repeat(40)));
    }

    #[test]
    fn a_line_names_field_value_and_what_is_allowed() {
        let error = SpecError::new("workers", "0", "1 to 1024");
        assert_eq!(error.to_string(), "workers: 0 is not allowed; allowed: 1 to 1024");
        let error = SpecError::about("spec file", "line 1, column 2: no value");
        assert_eq!(error.to_string(), "spec file: line 1, column 2: no value");
    }
}
