//! Rows of the Mandelbrot set, one a task: neighbouring tasks differ in cost, and together they are a picture.
//!
//! Shades use only operations that IEEE 754 defines to the bit, so that every machine and backend paints the same.

use super::{Cancelled, TaskContext, Value, lengths};
use crate::{ids::TaskId, spec::Spec};

/// Beyond this |z|² a point has escaped. Larger than the usual 4, so that the shade can follow how far it got.
const ESCAPE: f64 = 65_536.0;
/// The base-2 logarithm of [`ESCAPE`].
const ESCAPE_LOG2: f64 = 16.0;
/// Steps that a point takes from |z| = 2 to [`ESCAPE`]. They are no property of the point, and would only wash out the shades.
const STEPS_BEYOND_TWO: f64 = 3.0;
/// Steps between two looks at cancellation: a fraction of a millisecond.
const CHECKPOINT_STEPS: u64 = 50_000;

/// Computes a row: a byte a pixel, 0 inside the set, brighter the longer a point outside took to escape.
pub(super) fn row(spec: &Spec, task: TaskId, context: &dyn TaskContext) -> Result<Value, Cancelled> {
    let iterations = spec.param("iterations") as u64;
    // The length distribution makes rows dearer by looking longer, and leaves the picture's width alone.
    let limit = lengths::scaled(iterations, spec, task).max(1);
    let step = spec.param("span") / spec.size.max(1) as f64;
    let y = spec.param("y") + (f64::from(spec.tasks.saturating_sub(1)) / 2.0 - f64::from(task.0)) * step;
    let left = spec.param("x") - (spec.size.saturating_sub(1)) as f64 / 2.0 * step;
    let full_log2 = log2(iterations.max(2) as f64);

    context.checkpoint()?;
    let mut pixels = Vec::with_capacity(spec.size as usize);
    let mut watch = Watch { context, steps: 0 };
    for column in 0..spec.size {
        let escaped = escape(left + column as f64 * step, y, limit, &mut watch)?;
        pixels.push(escaped.map_or(0, |time| shade(time, full_log2)));
    }
    Ok(Value::Row(pixels))
}

/// Looks for cancellation once in so many steps.
struct Watch<'a> {
    context: &'a dyn TaskContext,
    steps: u64,
}

impl Watch<'_> {
    fn count(&mut self, steps: u64) -> Result<(), Cancelled> {
        self.steps += steps;
        if self.steps >= CHECKPOINT_STEPS {
            self.steps = 0;
            self.context.checkpoint()?;
        }
        Ok(())
    }
}

/// When the point leaves for infinity, with a fraction that makes neighbours blend; `None` if it stays for `limit`
/// steps.
fn escape(x: f64, y: f64, limit: u64, watch: &mut Watch<'_>) -> Result<Option<f64>, Cancelled> {
    let (mut re, mut im) = (0.0_f64, 0.0_f64);
    let mut done = 0;
    while done < limit {
        let slice = CHECKPOINT_STEPS.min(limit - done);
        for step in 1..=slice {
            (re, im) = (re * re - im * im + x, 2.0 * re * im + y);
            let norm = re * re + im * im;
            if norm > ESCAPE {
                watch.count(step)?;
                return Ok(Some(escape_time(done + step, norm)));
            }
        }
        done += slice;
        watch.count(slice)?;
    }
    Ok(None)
}

/// Steps until escape as a continuous number: |z|² at that moment lies between the limit and about its square.
fn escape_time(steps: u64, norm: f64) -> f64 {
    steps as f64 + 1.0 - log2(log2(norm) / ESCAPE_LOG2) - STEPS_BEYOND_TWO
}

/// 1 to 255, even steps for even ratios of time: most points escape early, and the fine detail lies late.
fn shade(time: f64, full_log2: f64) -> u8 {
    (1.0 + 254.0 * log2(time.max(1.0)) / full_log2).clamp(1.0, 255.0) as u8
}

/// Base-2 logarithm of a normal positive number, exact at powers of two and straight between them. The error of at most
/// 0.09 does not show in a picture, and unlike the system's own it is the same everywhere.
fn log2(x: f64) -> f64 {
    const MANTISSA_BITS: u32 = 52;
    const BIAS: f64 = 1023.0;
    let bits = x.to_bits();
    let exponent = (bits >> MANTISSA_BITS) as f64 - BIAS;
    let fraction = (bits & ((1 << MANTISSA_BITS) - 1)) as f64 / (1_u64 << MANTISSA_BITS) as f64;
    exponent + fraction
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::testing::{Fake, spec};

    fn picture(words: &str) -> Vec<Vec<u8>> {
        let spec = spec(words);
        (0..spec.tasks)
            .map(|task| match row(&spec, TaskId(task), &Fake::patient()) {
                Ok(Value::Row(pixels)) => pixels,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn the_picture_is_as_wide_as_asked_and_the_same_upside_down() {
        for tasks in [1, 20, 21] {
            let rows = picture(&format!("workload=mandelbrot size=30 tasks={tasks}"));
            assert!(rows.iter().all(|row| row.len() == 30));
            assert!(rows.iter().eq(rows.iter().rev()), "{tasks}");
        }
    }

    #[test]
    fn inside_is_black_and_outside_is_not() {
        // Three pixels a unit apart around the origin: -1 and 0 are inside, 1 is not.
        let rows = picture("workload=mandelbrot size=3 tasks=1 param.x=0 param.span=3");
        assert_eq!(rows[0][..2], [0, 0]);
        assert_ne!(rows[0][2], 0);
        let away = picture("workload=mandelbrot size=4 tasks=4 param.x=4 param.y=4 param.span=1");
        assert!(away.iter().flatten().all(|shade| *shade > 0));
    }

    #[test]
    fn shades_use_the_range_and_grow_with_time() {
        let rows = picture("workload=mandelbrot size=200 tasks=150");
        let shades: std::collections::BTreeSet<u8> = rows.into_iter().flatten().collect();
        assert!(shades.len() > 100, "{} shades", shades.len());
        let full = log2(600.0);
        assert_eq!((shade(1.0, full), shade(600.0, full), shade(1e9, full)), (1, 255, 255));
        assert!((1..600).all(|t| shade(f64::from(t), full) <= shade(f64::from(t + 1), full)));
    }

    #[test]
    fn a_straggler_looks_longer_and_keeps_its_width() {
        let spec = spec("workload=mandelbrot size=50 tasks=3 param.iterations=10_000 lengths=straggler@1:10");
        let looks = |task| {
            let context = Fake::patient();
            let value = row(&spec, TaskId(task), &context).expect("not cancelled");
            assert_eq!(value.len_bytes(), 50);
            context.checkpoints.get()
        };
        assert!(looks(1) > 5 * looks(0), "{} {}", looks(1), looks(0));
    }

    #[test]
    fn the_logarithm_is_exact_at_powers_of_two_and_never_far_off() {
        for exponent in 0..60 {
            assert!((log2(2.0_f64.powi(exponent)) - f64::from(exponent)).abs() < f64::EPSILON);
        }
        for n in 1..10_000 {
            assert!((log2(f64::from(n)) - f64::from(n).log2()).abs() < 0.09, "{n}");
        }
    }
}
