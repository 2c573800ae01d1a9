//! What a rounded number stands for, to the last digit: views show it where the rounded one is pointed at.

use super::{bytes, count, duration, percent, rate};

/// `1 240 000 000 ns`.
pub fn exact_duration(ns: u64) -> String {
    format!("{} ns", count(ns))
}

/// `3 100 000 bytes`.
pub fn exact_bytes(n: u64) -> String {
    format!("{} {}", count(n), if n == 1 { "byte" } else { "bytes" })
}

/// `52034.125 tasks/s`; thousandths of a thing per second are as exact as a rate can be told.
pub fn exact_rate_of(per_second: f64, things: &str) -> String {
    if !per_second.is_finite() {
        return "not known".to_owned();
    }
    format!("{per_second:.3} {things}/s")
}

/// `12.3457 %`.
pub fn exact_percent(fraction: f64) -> String {
    format!("{:.4} %", fraction * 100.0)
}

/// A number as it is shown, and what it is exactly where that says more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    pub text: String,
    pub exact: Option<String>,
}

impl Shown {
    pub fn duration(ns: u64) -> Self {
        Self::new(duration(ns), exact_duration(ns))
    }

    pub fn bytes(n: u64) -> Self {
        Self::new(bytes(n), exact_bytes(n))
    }

    pub fn rate(per_second: f64, things: &str) -> Self {
        Self::new(rate(per_second), exact_rate_of(per_second, things))
    }

    pub fn percent(fraction: f64) -> Self {
        Self::new(percent(fraction), exact_percent(fraction))
    }

    /// Nothing is known.
    pub fn none() -> Self {
        "–".to_owned().into()
    }

    /// With a word before what it is exactly.
    #[must_use]
    pub fn explained(self, words: &str) -> Self {
        let exact = self.exact.map_or_else(|| words.to_owned(), |exact| format!("{exact}\n{words}"));
        Self { text: self.text, exact: Some(exact) }
    }

    fn new(text: String, exact: String) -> Self {
        let exact = (exact != text).then_some(exact);
        Self { text, exact }
    }
}

/// Words, or a number that is shown to its last digit.
impl From<String> for Shown {
    fn from(text: String) -> Self {
        Self { text, exact: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_value_keeps_every_digit() {
        assert_eq!(exact_duration(1_240_000_001), "1\u{202f}240\u{202f}000\u{202f}001 ns");
        assert_eq!(exact_bytes(3_100_007), "3\u{202f}100\u{202f}007 bytes");
        assert_eq!(exact_bytes(1), "1 byte");
        assert_eq!(exact_rate_of(52_034.125, "tasks"), "52034.125 tasks/s");
        assert_eq!(exact_rate_of(f64::NAN, "tasks"), "not known");
        assert_eq!(exact_percent(0.123_456_7), "12.3457 %");
    }

    #[test]
    fn a_number_is_explained_where_it_is_rounded_only() {
        assert_eq!(Shown::duration(999), Shown { text: "999 ns".to_owned(), exact: None });
        let rounded = Shown::duration(1_240_000_001);
        assert_eq!(rounded.text, "1.24 s");
        assert_eq!(rounded.exact, Some(exact_duration(1_240_000_001)));
        let explained = rounded.explained("of all lives");
        assert!(explained.exact.unwrap().ends_with("ns\nof all lives"));
        assert_eq!(Shown::none().explained("not measured").exact.as_deref(), Some("not measured"));
    }
}
