//! Numbers as people write them in a spec.

/// A whole number in decimal digits; single underscores may stand between them, as in `1_000_000`.
pub(super) fn whole_number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    joined_digits(text).filter(|_| plain)?.parse().ok()
}

/// A finite number such as `0.5`, `-2`, `1e3` or `1_000.5`.
pub(super) fn number(text: &str) -> Option<f64> {
    let plain = joined_digits(text)?;
    plain.parse().ok().filter(|value: &f64| value.is_finite())
}

/// Drops underscores, each of which must stand between two digits.
fn joined_digits(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let digit_at = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let well_placed = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'_')
        .all(|(at, _)| digit_at(at.checked_sub(1)) && digit_at(Some(at + 1)));
    well_placed.then(|| text.replace('_', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_underscores_between_digits_and_no_infinities() {
        for (text, value) in [("1_000.5", Some(1000.5)), ("-2", Some(-2.0)), ("1e3", Some(1000.0))] {
            assert_eq!(number(text), value, "{text}");
        }
        for text in ["", "NaN", "inf", "-infinity", "1e999", "_1", "1_.5", "1 000", "0x10", "1,5"] {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(whole_number("18_446_744_073_709_551_615"), Some(u64::MAX));
        assert_eq!(whole_number("18446744073709551616"), None);
    }
}
