//! How often to sample: as often as a person can follow, and never so often that it shows.
//!
//! A round of samples costs some ten microseconds of CPU time a worker, and its share of memory several times that. With a
//! thousand workers the sampler would take a good part of a core away from them, so it takes its time instead.

use crate::time::{NS_PER_MS, NS_PER_S};

/// From one round to the next: ten a second suffice for a plot, and one keeps a worker's row alive, whatever it costs.
const ROUNDS_NS: (u64, u64) = (100 * NS_PER_MS, NS_PER_S);
/// From one reading of memory shares to the next.
const SHARES_NS: (u64, u64) = (500 * NS_PER_MS, 10 * NS_PER_S);
/// Rounds may use one part in so many of one core, and memory shares as much again: 2 % together.
const ONE_PART_IN: u64 = 100;

/// Decides when the next round begins. Times are by the run's clock.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// CPU time of the last round without memory shares.
    round_cpu_ns: u64,
    shares_due_ns: u64,
}

impl Pace {
    /// Whether a round that begins now should read memory shares.
    pub(super) fn with_shares(&self, now_ns: u64) -> bool {
        now_ns >= self.shares_due_ns
    }

    /// Takes in how much CPU time a round took, and tells when the next begins.
    pub(super) fn after(&mut self, began_ns: u64, with_shares: bool, cpu_ns: u64) -> u64 {
        let pause_ns = |cpu_ns: u64, (least, most): (u64, u64)| {
            began_ns.saturating_add(cpu_ns.saturating_mul(ONE_PART_IN).clamp(least, most))
        };
        if with_shares {
            self.shares_due_ns = pause_ns(cpu_ns.saturating_sub(self.round_cpu_ns), SHARES_NS);
        } else {
            self.round_cpu_ns = cpu_ns;
        }
        pause_ns(self.round_cpu_ns, ROUNDS_NS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dearer_rounds_come_more_rarely_but_every_second_at_least() {
        for (cpu_ns, millis) in [
            (0, 100),
            (NS_PER_MS, 100),
            (5 * NS_PER_MS / 2, 250),
            (10 * NS_PER_MS, 1000),
            (400 * NS_PER_MS, 1000),
            (u64::MAX, 1000),
        ] {
            let next_ns = Pace::default().after(7, false, cpu_ns);
            assert_eq!(next_ns - 7, millis * NS_PER_MS, "{cpu_ns} ns");
        }
    }

    /// Simulates a minute of sampling so many workers at a cost of 14 µs each, and 65 µs for a share of memory.
    fn minute(workers: u64) -> (u64, u64, f64) {
        let (mut pace, mut now_ns, mut rounds, mut shares, mut cpu_ns) = (Pace::default(), 0, 0, 0, 0);
        while now_ns < 60 * NS_PER_S {
            let with_shares = pace.with_shares(now_ns);
            let took_ns = workers * if with_shares { 79_000 } else { 14_000 };
            rounds += 1;
            shares += u64::from(with_shares);
            cpu_ns += took_ns;
            now_ns = pace.after(now_ns, with_shares, took_ns);
        }
        (rounds, shares, cpu_ns as f64 / now_ns as f64)
    }

    #[test]
    fn few_workers_are_sampled_in_full_and_many_within_two_percent_of_a_core() {
        let (rounds, shares, share) = minute(4);
        assert!(rounds >= 600 && shares >= 120 && share < 0.002, "{rounds} {shares} {share}");
        for workers in [64, 200, 400, 700] {
            let (rounds, shares, share) = minute(workers);
            assert!(rounds >= 60 && shares >= 6 && share < 0.021, "{workers}: {rounds} {shares} {share}");
        }
        let (rounds, shares, share) = minute(1024);
        assert!(rounds >= 60 && shares >= 6 && share < 0.03, "{rounds} {shares} {share}");
    }
}
