//! What measuring a task costs on this machine, measured.

use std::hint::black_box;

use super::{task::TaskMeter, witness::Witness};
use crate::{spec::Telemetry, time::RunClock};

/// Tasks between two looks at the clock, whose steps may be coarser than one task.
const BATCH: u64 = 10;
/// Enough for a steady figure, in well under a millisecond at any level.
const BATCHES: usize = 12;

/// What one empty task costs at a level, in nanoseconds: the median over batches of tasks back to back, as a worker runs
/// them. The two readings of the run's clock that every task needs are in it.
pub(in crate::engine) fn level_cost_ns(level: Telemetry, witness: Witness) -> u64 {
    let clock = RunClock::start_now();
    let mut meter = TaskMeter::new(level, witness, clock);
    let mut batch_ns = || {
        let before_ns = clock.now_ns();
        for _ in 0..BATCH {
            let start_ns = clock.now_ns();
            meter.begin(start_ns);
            black_box(meter.end(start_ns));
        }
        (clock.now_ns() - before_ns) / BATCH
    };
    // The first finds nothing in the caches.
    black_box(batch_ns());
    let mut costs_ns: Vec<u64> = (0..BATCHES).map(|_| batch_ns()).collect();
    costs_ns.sort_unstable();
    costs_ns[BATCHES / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measuring_more_costs_more() {
        for witness in [Witness::Counts, Witness::None] {
            let [off, basic, full] = [Telemetry::Off, Telemetry::Basic, Telemetry::Full]
                .map(|level| (0..5).map(|_| level_cost_ns(level, witness)).min().unwrap_or(0));
            assert!(off < basic && basic <= full.saturating_mul(2), "{witness:?}: {off} {basic} {full}");
        }
    }
}
