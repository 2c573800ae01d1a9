//! How long each task is: a factor on the workload's size, drawn from (seed, index) and nothing else.

use super::{about, mix};
use crate::{
    ids::TaskId,
    spec::{Kind, Lengths, Spec},
};

/// Keeps the lengths' draws apart from other uses of the same seed.
const LENGTHS_STREAM: u64 = 0x6c65_6e67_7468_7321;

/// The factor by which a task's cost differs from the workload's size. Never negative, always finite.
pub fn factor(lengths: &Lengths, seed: u64, task: TaskId, tasks: u32) -> f64 {
    match *lengths {
        Lengths::Fixed => 1.0,
        Lengths::Uniform { spread } => 1.0 + spread * (2.0 * unit(seed, task) - 1.0),
        Lengths::Skewed { alpha } => {
            // A Pareto distribution with this least value has mean 1. `1 - u` is above 0, so the quotient is finite.
            let least = (alpha - 1.0) / alpha;
            (least / (1.0 - unit(seed, task)).powf(alpha.recip())).min(Lengths::SKEWED_CAP)
        }
        Lengths::Straggler { at, factor } => {
            let straggler = at.unwrap_or(tasks.saturating_sub(1));
            if task.0 == straggler { factor } else { 1.0 }
        }
    }
}

/// A number in [0, 1) with all 53 bits of a double's precision.
fn unit(seed: u64, task: TaskId) -> f64 {
    let bits = mix(mix(seed ^ LENGTHS_STREAM).wrapping_add(u64::from(task.0)));
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// The size of one task: such that its cost follows the factor, but never above what may be asked for, since that is
/// what memory and disks are safe with. A picture keeps its width, and what ignores its size is left alone.
pub(crate) fn scaled_size(spec: &Spec, task: TaskId) -> u64 {
    let scaled = match spec.workload {
        Kind::Noop | Kind::Square | Kind::Mandelbrot => return spec.size,
        // The cost of a product grows with the cube of its matrices' side.
        Kind::Matmul => scaled_by(f64::cbrt, spec.size, spec, task),
        _ => scaled(spec.size, spec, task),
    };
    scaled.min(about(spec.workload).size_max)
}

/// `amount` times the factor of this task, rounded.
pub(super) fn scaled(amount: u64, spec: &Spec, task: TaskId) -> u64 {
    scaled_by(|factor| factor, amount, spec, task)
}

/// `amount` times what `shape` makes of the factor of this task, rounded.
fn scaled_by(shape: impl Fn(f64) -> f64, amount: u64, spec: &Spec, task: TaskId) -> u64 {
    match spec.lengths {
        // Without the detour through a double, so that every amount stays exact.
        Lengths::Fixed => amount,
        lengths => (amount as f64 * shape(factor(&lengths, spec.seed, task, spec.tasks))).round() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::testing::spec;

    const DRAWS: u32 = 100_000;

    fn factors(lengths: Lengths, seed: u64) -> Vec<f64> {
        (0..DRAWS).map(|task| factor(&lengths, seed, TaskId(task), DRAWS)).collect()
    }

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    #[test]
    fn uniform_factors_have_mean_one_and_fill_their_range() {
        for spread in [0.1, 0.5, 1.0] {
            let drawn = factors(Lengths::Uniform { spread }, 1);
            assert!((mean(&drawn) - 1.0).abs() < 0.01, "spread {spread}");
            let low = drawn.iter().copied().fold(f64::INFINITY, f64::min);
            let high = drawn.iter().copied().fold(0.0, f64::max);
            assert!(low >= 1.0 - spread && low < 1.0 - 0.99 * spread, "spread {spread}: {low}");
            assert!(high <= 1.0 + spread && high > 1.0 + 0.99 * spread, "spread {spread}: {high}");
        }
    }

    #[test]
    fn skewed_factors_have_mean_one_a_least_value_and_a_cap() {
        for (alpha, slack) in [(1.5, 0.15), (2.0, 0.05), (10.0, 0.01)] {
            let drawn = factors(Lengths::Skewed { alpha }, 1);
            let least = (alpha - 1.0) / alpha;
            assert!((mean(&drawn) - 1.0).abs() < slack, "alpha {alpha}: mean {}", mean(&drawn));
            assert!(
                drawn.iter().all(|factor| (least..=Lengths::SKEWED_CAP).contains(factor)),
                "alpha {alpha}"
            );
        }
        let heavy = factors(Lengths::Skewed { alpha: 1.001 }, 1);
        assert!(heavy.iter().all(|factor| *factor <= Lengths::SKEWED_CAP));
        assert!(factors(Lengths::Skewed { alpha: 1.1 }, 1).contains(&Lengths::SKEWED_CAP));
    }

    #[test]
    fn draws_depend_on_seed_and_index_alone() {
        let lengths = Lengths::Uniform { spread: 1.0 };
        let drawn = factors(lengths, 7);
        assert_eq!(drawn, factors(lengths, 7));
        assert_ne!(drawn, factors(lengths, 8));
        assert!(drawn.windows(2).all(|pair| pair[0].to_bits() != pair[1].to_bits()));
    }

    #[test]
    fn one_task_straggles() {
        for (at, expected) in [(None, 9), (Some(3), 3)] {
            let lengths = Lengths::Straggler { at, factor: 20.0 };
            for task in 0..10 {
                let wanted = if task == expected { 20.0 } else { 1.0 };
                assert!((factor(&lengths, 1, TaskId(task), 10) - wanted).abs() < f64::EPSILON);
            }
        }
    }

    #[test]
    fn sizes_scale_where_size_is_cost() {
        for (words, size) in [
            ("workload=spin size=1000 tasks=4 lengths=straggler:2.5", 2500),
            ("workload=hash size=999_999_999_999 tasks=4", 999_999_999_999),
            ("workload=matmul size=100 tasks=4 lengths=straggler:8", 200),
            ("workload=payload size=1_000_000 tasks=4 lengths=straggler:3", 3_000_000),
            ("workload=payload size=1_000_000 tasks=4 lengths=straggler:100", 64 << 20),
            ("workload=memory size=1_000_000_000 tasks=4 lengths=straggler:100", 1 << 30),
            ("workload=mandelbrot size=480 tasks=4 lengths=straggler", 480),
            ("workload=square size=7 tasks=4 lengths=straggler", 7),
        ] {
            assert_eq!(scaled_size(&spec(words), TaskId(3)), size, "{words}");
        }
    }
}
