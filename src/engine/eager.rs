//! Looking again for a moment before going to sleep.
//!
//! Being woken costs tens of microseconds on a core that has gone idle, many times what a short task takes. Where a core
//! is left over, a waiter therefore looks again and again for a while, as long as that has been worth it.

use std::{
    hint::spin_loop,
    time::{Duration, Instant},
};

/// About what a wake-up costs on an idle virtual machine; longer looking could only lose.
const LOOK_FOR: Duration = Duration::from_micros(50);
/// Waits in vain double the waits without looking up to 2 to the power of this, so that looking costs a waiter for
/// long tasks next to nothing.
const MAX_MISSES: u32 = 8;

/// Whether so many workers leave a core to the engine that hands them their tasks.
pub(super) fn spares_a_core(workers: u32, usable_cores: f64) -> bool {
    f64::from(workers) + 1.0 <= usable_cores
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Eager {
    /// Whether a core is left over to look on.
    allowed: bool,
    /// How often in a row looking was in vain.
    misses: u32,
    /// Waits until the next try.
    skip: u32,
}

impl Eager {
    pub(super) fn new(allowed: bool) -> Self {
        Self { allowed, misses: 0, skip: 0 }
    }

    /// What `look` finds within a moment; `None` says that it is time to sleep.
    pub(super) fn watch<T>(&mut self, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        if !self.is_due() {
            return None;
        }
        let begin = Instant::now();
        loop {
            if let Some(found) = look() {
                self.misses = 0;
                return Some(found);
            }
            if begin.elapsed() >= LOOK_FOR {
                self.misses = (self.misses + 1).min(MAX_MISSES);
                self.skip = (1 << self.misses) - 1;
                return None;
            }
            spin_loop();
        }
    }

    fn is_due(&mut self) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often `look` was asked in each of so many waits that were all in vain.
    fn looks_in_vain(eager: &mut Eager, waits: usize) -> Vec<bool> {
        (0..waits)
            .map(|_| {
                let mut looked = false;
                let found: Option<()> = eager.watch(|| {
                    looked = true;
                    None
                });
                assert!(found.is_none());
                looked
            })
            .collect()
    }

    #[test]
    fn without_a_core_to_spare_nobody_looks() {
        assert_eq!(looks_in_vain(&mut Eager::new(false), 4), [false; 4]);
    }

    #[test]
    fn what_comes_while_looking_is_found() {
        let mut left = 3;
        let found = Eager::new(true).watch(|| {
            left -= 1;
            (left == 0).then_some("it")
        });
        assert_eq!(found, Some("it"));
    }

    #[test]
    fn looking_in_vain_becomes_rarer_and_one_success_makes_it_frequent_again() {
        let mut eager = Eager::new(true);
        let looked = looks_in_vain(&mut eager, 12);
        let at: Vec<_> = (0..12).filter(|at| looked[*at]).collect();
        assert_eq!(at, [0, 2, 6]);
        let many = looks_in_vain(&mut eager, 4 << MAX_MISSES);
        let rarest = many.iter().filter(|looked| **looked).count();
        assert!((5..20).contains(&rarest), "{rarest}");
        while eager.watch(|| Some(())).is_none() {}
        assert_eq!(looks_in_vain(&mut eager, 3), [true, false, true]);
    }
}
