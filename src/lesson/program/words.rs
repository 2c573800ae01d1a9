//! A line of a program in words.

use std::iter::Peekable;

/// The longest text or name, in bytes.
const LONGEST: usize = 4096;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word {
    Name(String),
    Int(i64),
    Float(f64),
    /// A text between double quotes, as it was written between them.
    Text(String),
    /// One of `+ - * / ** = ( ) [ ] , : -> ..`.
    Sign(&'static str),
}

/// Longest first, so that `**` is not read as two.
const SIGNS: [&str; 14] = ["**", "->", "..", "+", "-", "*", "/", "=", "(", ")", "[", "]", ",", ":"];

/// # Errors
/// What cannot be read, for people.
pub(super) fn words(line: &str) -> Result<Vec<Word>, String> {
    let mut found = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, length) = if first == '"' {
            text(rest)?
        } else if first.is_ascii_digit() {
            number(rest)?
        } else if first.is_alphabetic() || first == '_' {
            let length = length_while(rest, |c| c.is_alphanumeric() || c == '_');
            (Word::Name(rest[..length].to_owned()), length)
        } else if first == '#' {
            break;
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            (Word::Sign(sign), sign.len())
        } else {
            return Err(format!("the character {first:?} has no meaning here"));
        };
        if length > LONGEST {
            return Err(format!("a word of {length} bytes; allowed are {LONGEST}"));
        }
        found.push(word);
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

fn length_while(text: &str, mut belongs: impl FnMut(char) -> bool) -> usize {
    text.char_indices().find(|(_, c)| !belongs(*c)).map_or(text.len(), |(at, _)| at)
}

fn text(rest: &str) -> Result<(Word, usize), String> {
    let end = rest[1..].find('"').ok_or("a text without its closing quote")?;
    Ok((Word::Text(rest[1..=end].to_owned()), end + 2))
}

fn number(rest: &str) -> Result<(Word, usize), String> {
    let whole = length_while(rest, |c| c.is_ascii_digit());
    // `1..4` is a range, `1.5` a number.
    let mut after: Peekable<_> = rest[whole..].chars().peekable();
    let point = after.next_if_eq(&'.').is_some() && after.next().is_some_and(|c| c.is_ascii_digit());
    let refused = |text: &str| format!("the number {text} is too large");
    if point {
        let length = whole + 1 + length_while(&rest[whole + 1..], |c| c.is_ascii_digit());
        let number = rest[..length].parse().map_err(|_| refused(&rest[..length]))?;
        return Ok((Word::Float(number), length));
    }
    let number = rest[..whole].parse().map_err(|_| refused(&rest[..whole]))?;
    Ok((Word::Int(number), whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_into_words() {
        let name = |text: &str| Word::Name(text.to_owned());
        assert_eq!(
            words("for n in 1..4:  # each").expect("words"),
            [
                name("for"),
                name("n"),
                name("in"),
                Word::Int(1),
                Word::Sign(".."),
                Word::Int(4),
                Word::Sign(":")
            ]
        );
        assert_eq!(
            words("put q \"a # b\" -> x ** 0.5").expect("words"),
            [
                name("put"),
                name("q"),
                Word::Text("a # b".to_owned()),
                Word::Sign("->"),
                name("x"),
                Word::Sign("**"),
                Word::Float(0.5)
            ]
        );
        assert_eq!(words("  ").expect("words"), []);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (line, part) in
            [("a ; b", "';'"), ("print \"open", "closing quote"), ("sleep 99999999999999999999", "too large")]
        {
            let error = words(line).expect_err(line);
            assert!(error.contains(part), "{line}: {error}");
        }
        assert!(words(&"x".repeat(5000)).is_err());
    }
}
