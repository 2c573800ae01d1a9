//! Waiting for the machine to be calm.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::engine::sampler::LoadMeter;

/// Each look takes so long: the kernel counts CPU time in steps of 10 ms for each core.
const LOOK: Duration = Duration::from_millis(200);
/// Calm is what leaves at least this share of the machine's usable cores to the pool. A share, since one busy browser tab
/// is a tenth of a core on a laptop and nothing on a server.
const MOST_TAKEN: f64 = 0.15;

/// How the machine was before a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calm {
    /// Cores that others used in the last look; `None` where the kernel does not say.
    pub others_cores: Option<f64>,
    /// Whether that was little enough.
    pub calm: bool,
    pub waited_ns: u64,
}

/// What waiting is told, look by look.
pub(super) enum Look {
    /// Others use so many cores.
    Busy(f64),
}

/// Waits until others use little of the machine, at most as long as `patience`, but one look in any case unless there is no
/// patience at all. `go_on` is told of each busy look, and ends the waiting by saying false.
pub(super) fn wait_for_calm(
    usable_cores: f64,
    patience: Duration,
    mut go_on: impl FnMut(Look) -> bool,
) -> Calm {
    let began = Instant::now();
    let waited = |calm, others_cores| Calm {
        others_cores,
        calm,
        waited_ns: u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX),
    };
    if patience.is_zero() {
        return waited(true, None);
    }
    let mut meter = LoadMeter::start();
    loop {
        std::thread::sleep(LOOK);
        let Some(others) = meter.read() else { return waited(true, None) };
        if others <= MOST_TAKEN * usable_cores {
            return waited(true, Some(others));
        }
        if began.elapsed() >= patience || !go_on(Look::Busy(others)) {
            return waited(false, Some(others));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_patience_nothing_is_waited_for_and_nothing_claimed() {
        let calm = wait_for_calm(2.0, Duration::ZERO, |_| panic!("nobody looks"));
        assert!(calm.calm && calm.others_cores.is_none() && calm.waited_ns < 1_000_000_000);
    }

    #[test]
    fn a_machine_that_is_never_calm_ends_the_patience() {
        // With no core to use, any load at all is too much; an idle machine may still show none.
        let calm = wait_for_calm(-1.0, Duration::from_millis(300), |Look::Busy(others)| {
            assert!(others >= 0.0);
            true
        });
        assert!(!calm.calm && calm.others_cores.is_some() && calm.waited_ns >= 300_000_000);
        let given_up = wait_for_calm(-1.0, Duration::from_mins(1), |_| false);
        assert!(!given_up.calm && given_up.waited_ns < 30_000_000_000);
    }
}
