//! Round places on an axis, and how people read them.

/// Width of one character of a tick's label, in points. Labels are digits, so that an estimate does.
const CHAR_WIDTH: f32 = 6.5;
/// Free space between two labels.
const LABEL_GAP: f32 = 22.0;

#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub secs: f64,
    pub label: String,
}

/// Ticks from `from_secs` to `to_secs`, as close as their labels allow on `width` points. Steps are 1, 2 or 5 times a
/// power of ten; from a minute on, they are what clocks show.
pub fn time_ticks(from_secs: f64, to_secs: f64, width: f32) -> Vec<Tick> {
    let span = to_secs - from_secs;
    if span <= 0.0 || !span.is_finite() || width <= 0.0 {
        return Vec::new();
    }
    let mut step = step_not_below(span / f64::from(width / 30.0).max(1.0));
    loop {
        let longest = [from_secs, to_secs].map(|secs| time_label(secs, step).chars().count());
        let label_width = longest[0].max(longest[1]) as f32 * CHAR_WIDTH + LABEL_GAP;
        if step / span * f64::from(width) >= f64::from(label_width) || step > span {
            break;
        }
        step = step_not_below(step * 1.01);
    }
    let first = (from_secs / step).ceil() as i64;
    let last = (to_secs / step).floor() as i64;
    (first..=last)
        .map(|at| {
            let secs = at as f64 * step;
            Tick { secs, label: time_label(secs, step) }
        })
        .collect()
}

fn step_not_below(secs: f64) -> f64 {
    const CLOCK: [f64; 12] =
        [60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 18_000.0, 36_000.0, 43_200.0, 86_400.0];
    if secs > 20.0 {
        return CLOCK
            .into_iter()
            .find(|&step| step >= secs)
            .unwrap_or_else(|| (secs / 86_400.0).ceil() * 86_400.0);
    }
    step_not_below_plain(secs)
}

/// 1, 2 or 5 times a power of ten.
fn step_not_below_plain(value: f64) -> f64 {
    let power = 10_f64.powi(value.log10().floor() as i32);
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|&step| step >= value * 0.999_999)
        .unwrap_or(value)
}

/// A time as precise as `resolution_secs`: `0`, `250 ms`, `1.25 s`, `2 min 30 s`.
pub fn time_label(secs: f64, resolution_secs: f64) -> String {
    if secs.abs() < resolution_secs * 1e-6 {
        return "0".to_owned();
    }
    if secs < 0.0 {
        return format!("−{}", time_label(-secs, resolution_secs));
    }
    if secs >= 60.0 && resolution_secs >= 1.0 {
        let whole = secs.round() as u64;
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
        return match (hours, rest) {
            (0, 0) => format!("{minutes} min"),
            (0, _) => format!("{minutes} min {rest:02} s"),
            (_, 0) => format!("{hours} h {minutes:02} min"),
            _ => format!("{hours} h {minutes:02} min {rest:02} s"),
        };
    }
    // A unit must suit the step, not the value: within one row of ticks it changes at most where a decimal would.
    let (unit, unit_secs) = if secs >= 1.0 || resolution_secs >= 0.1 {
        ("s", 1.0)
    } else if secs >= 1e-3 || resolution_secs >= 1e-4 {
        ("ms", 1e-3)
    } else if resolution_secs >= 1e-7 {
        ("µs", 1e-6)
    } else {
        ("ns", 1e-9)
    };
    let decimals = (-(resolution_secs / unit_secs * 1.000_001).log10().floor()).clamp(0.0, 9.0) as usize;
    format!("{:.decimals$} {unit}", secs / unit_secs)
}

/// The next of 1, 2, 4, 6, 8 or 10 times a power of ten that is not below `value`, so that its half is round as well.
pub fn limit_above(value: f64) -> f64 {
    if !value.is_finite() || value <= 1.0 {
        return 1.0;
    }
    let power = 10_f64.powi(value.log10().floor() as i32);
    [1.0, 2.0, 4.0, 6.0, 8.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|&limit| limit >= value)
        .unwrap_or(10.0 * power)
}

/// A round limit that is not below `value`, and places on the way to it, from 0 on, in steps of 1, 2 or 5 times a power
/// of ten: at most `most`, but 0 and the limit in any case.
pub fn value_ticks(value: f64, most: usize) -> Vec<f64> {
    let limit = limit_above(value);
    let steps = most.saturating_sub(1).max(1) as f64;
    // A limit of 6 is not reached in steps of 5: the first step that ends at it is taken.
    let mut step = step_not_below_plain(limit / steps);
    while (limit / step).fract() > 1e-9 && step < limit {
        step = step_not_below_plain(step * 1.01);
    }
    let count = (limit / step.min(limit)).round() as usize;
    (0..=count).map(|at| limit * at as f64 / count as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_labels_are_unique_and_do_not_touch() {
        for span in [1e-6, 3e-6, 7.7e-5, 1e-3, 0.25, 0.9, 1.0, 4.2, 29.0, 61.0, 400.0, 7000.0, 200_000.0] {
            for from in [0.0, span * 0.37, 12.345, -span * 0.6] {
                for width in [150.0, 800.0, 2400.0] {
                    let ticks = time_ticks(from, from + span, width);
                    assert!(ticks.len() <= 80, "{span} {from} {width}: {}", ticks.len());
                    for pair in ticks.windows(2) {
                        assert_ne!(pair[0].label, pair[1].label, "{span} {from} {width}");
                        let gap = (pair[1].secs - pair[0].secs) / span * f64::from(width);
                        assert!(gap > pair[1].label.chars().count() as f64 * 6.0, "{pair:?} on {width}");
                    }
                }
            }
        }
    }

    #[test]
    fn steps_below_a_minute_are_one_two_or_five() {
        for exponent in -8..=1 {
            for factor in [0.9, 1.0, 1.1, 1.9, 2.1, 4.9] {
                let wanted = factor * 10_f64.powi(exponent);
                if wanted > 20.0 {
                    continue;
                }
                let step = step_not_below(wanted);
                let mantissa = (step / 10_f64.powi((step.log10() + 1e-9).floor() as i32)).round() as u32;
                assert!([1, 2, 5].contains(&mantissa), "{wanted} gives {step}");
                assert!(step >= wanted * 0.999 && step < wanted * 2.6, "{wanted} gives {step}");
            }
        }
    }

    #[test]
    fn labels_read_well() {
        for (secs, step, text) in [
            (0.0, 0.5, "0"),
            (0.5, 0.5, "0.5 s"),
            (2.0, 1.0, "2 s"),
            (0.25, 0.01, "250 ms"),
            (1.25, 0.01, "1.25 s"),
            (0.000_15, 0.000_05, "150 µs"),
            (90.0, 30.0, "1 min 30 s"),
            (7200.0, 600.0, "2 h 00 min"),
            (-0.25, 0.01, "−250 ms"),
            (-90.0, 30.0, "−1 min 30 s"),
        ] {
            assert_eq!(time_label(secs, step), text, "{secs} by {step}");
        }
    }

    #[test]
    fn limits_are_round_and_not_below() {
        for (value, limit) in
            [(0.0, 1.0), (1.0, 1.0), (3.0, 4.0), (64.0, 80.0), (81.0, 100.0), (1000.0, 1000.0), (12e6, 2e7)]
        {
            assert!((limit_above(value) - limit).abs() < 1e-6, "{value} gives {}", limit_above(value));
        }
    }

    #[test]
    fn values_have_few_round_ticks_from_nothing_to_the_limit() {
        for (value, most, ticks) in [
            (0.0, 3, vec![0.0, 0.5, 1.0]),
            (3.0, 3, vec![0.0, 2.0, 4.0]),
            (64.0, 5, vec![0.0, 20.0, 40.0, 60.0, 80.0]),
            (55.0, 3, vec![0.0, 60.0]),
            (1e6, 3, vec![0.0, 5e5, 1e6]),
            (f64::NAN, 2, vec![0.0, 1.0]),
            (7.0, 0, vec![0.0, 8.0]),
        ] {
            let got = value_ticks(value, most);
            assert!(got.len() == ticks.len(), "{value}: {got:?}");
            assert!(
                got.iter().zip(&ticks).all(|(a, b)| (a - b).abs() < 1e-6 * b.max(1.0)),
                "{value}: {got:?}"
            );
        }
    }
}
