//! Numbers as people read them: `1.24 s`, `3.1 MB`, `52 k/s`. Three significant figures, a unit always.

mod exact;
pub mod ticks;

pub use exact::{Shown, exact_bytes, exact_duration, exact_percent, exact_rate_of};

use crate::time::{NS_PER_MS, NS_PER_S, NS_PER_US};

/// Three significant figures of a value that is below 1000, without an exponent.
fn three_figures(value: f64) -> String {
    if value >= 99.95 {
        format!("{value:.0}")
    } else if value >= 9.995 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// `820 ns`, `12.4 µs`, `3.05 ms`, `1.24 s`, `2 min 05 s`, `3 h 02 min`.
pub fn duration(ns: u64) -> String {
    let ns_f = ns as f64;
    // The limits lie just below the next unit, so that rounding never prints "1000 ms".
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..999_500 => format!("{} µs", three_figures(ns_f / NS_PER_US as f64)),
        999_500..999_500_000 => format!("{} ms", three_figures(ns_f / NS_PER_MS as f64)),
        999_500_000..59_950_000_000 => format!("{} s", three_figures(ns_f / NS_PER_S as f64)),
        _ => {
            let secs = (ns_f / NS_PER_S as f64).round() as u64;
            if secs < 3600 {
                format!("{} min {:02} s", secs / 60, secs % 60)
            } else {
                format!("{} h {:02} min", secs / 3600, secs / 60 % 60)
            }
        }
    }
}

/// Decimal bytes: `812 B`, `3.10 MB`.
pub fn bytes(count: u64) -> String {
    scaled(count as f64, &["B", "kB", "MB", "GB", "TB", "PB"], count < 1000)
}

/// Something counted per second: `52.0 k/s`.
pub fn rate(per_second: f64) -> String {
    if !per_second.is_finite() {
        return "– /s".to_owned();
    }
    scaled(per_second, &["/s", "k/s", "M/s", "G/s"], false)
}

/// Named things per second: `52.0 k tasks/s`.
pub fn rate_of(per_second: f64, things: &str) -> String {
    let text = rate(per_second);
    match text.strip_suffix("/s") {
        Some(number) if number.ends_with(' ') => format!("{number}{things}/s"),
        Some(number) => format!("{number} {things}/s"),
        None => text,
    }
}

fn scaled(mut value: f64, units: &[&str], whole: bool) -> String {
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    let number = if whole { format!("{value:.0}") } else { three_figures(value) };
    format!("{number} {}", units[unit])
}

/// Digits in groups of three: `1 000 000`, with a narrow no-break space that no line wrap can split.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A fraction as a percentage: `62 %`, `3.4 %`.
pub fn percent(fraction: f64) -> String {
    let value = fraction * 100.0;
    if value.abs() >= 9.95 { format!("{value:.0} %") } else { format!("{value:.1} %") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_three_figures_and_never_reach_a_thousand_of_a_unit() {
        for (ns, text) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.00 µs"),
            (12_340, "12.3 µs"),
            (999_499, "999 µs"),
            (999_500, "1.00 ms"),
            (1_240_000_000, "1.24 s"),
            (59_960_000_000, "1 min 00 s"),
            (125_000_000_000, "2 min 05 s"),
            (10_920_000_000_000, "3 h 02 min"),
        ] {
            assert_eq!(duration(ns), text, "{ns}");
        }
    }

    #[test]
    fn bytes_and_rates_scale_by_a_thousand() {
        assert_eq!(bytes(812), "812 B");
        assert_eq!(bytes(3_100_000), "3.10 MB");
        assert_eq!(rate(52_000.0), "52.0 k/s");
        assert_eq!(rate(f64::NAN), "– /s");
        assert_eq!(rate_of(52_000.0, "tasks"), "52.0 k tasks/s");
        assert_eq!(rate_of(5.0, "tasks"), "5.00 tasks/s");
    }

    #[test]
    fn counts_are_grouped_from_the_right() {
        assert_eq!(count(7), "7");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
    }

    #[test]
    fn percentages_show_a_decimal_only_where_it_matters() {
        assert_eq!(percent(0.034), "3.4 %");
        assert_eq!(percent(0.62), "62 %");
    }
}
